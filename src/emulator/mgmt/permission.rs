//! Permissions.

use serde_json::{Value, json};

use crate::emulator::body::{Field, Fields, Kind, optional, required};
use crate::emulator::error::{Answer, Refusal, Reply};
use crate::emulator::random;
use crate::emulator::router::Bearer::Management;
use crate::emulator::router::{Call, Route, list};
use crate::emulator::seed::{List, last};
use crate::emulator::store::{Permission, Store};

const CREATE: &[Field] = &[required("name", Kind::Text), optional("description", Kind::Text)];
const UPDATE: &[Field] = &[
    optional("name", Kind::Text),
    optional("id", Kind::Text),
    required("newName", Kind::Text),
    optional("description", Kind::Text),
];
const DELETE: &[Field] = &[optional("name", Kind::Text), optional("id", Kind::Text)];

pub(in crate::emulator) const ROUTES: &[Route] = &[
    Route::get("/v1/mgmt/permission/all", Management, &[], load_all),
    Route::post("/v1/mgmt/permission/create", Management, CREATE, create),
    Route::post("/v1/mgmt/permission/update", Management, UPDATE, update),
    Route::post("/v1/mgmt/permission/delete", Management, DELETE, delete),
];

pub(in crate::emulator) const SEED: List = List {
    name: "permissions",
    path: "/v1/mgmt/permission/create",
    state: &[optional("id", Kind::Text)],
    restore: |store, state| {
        if let Some(id) = state.some_text("id") {
            id.clone_into(&mut last(&mut store.permissions)?.id);
        }
        Ok(())
    },
    save: |store| store.permissions.iter().map(Permission::save).collect(),
};

impl Permission {
    fn save(&self) -> Value {
        json!({
            "name": self.name,
            "description": self.description,
            "state": { "id": self.id },
        })
    }

    fn show(&self) -> Value {
        json!({ "id": self.id, "name": self.name, "description": self.description })
    }
}

/// The place of the permission that `id` or `name` names.
fn find(store: &Store, fields: Fields<'_>) -> Answer<usize> {
    let (id, name) = (fields.some_text("id"), fields.some_text("name"));
    if id.is_none() && name.is_none() {
        return Err(Refusal::invalid("The name or the id field is required"));
    }
    let named = |known: &Permission| id.map_or(name == Some(&*known.name), |id| id == known.id);
    store.permissions.iter().position(named).ok_or_else(|| Refusal::missing("permission"))
}

fn load_all(_: &Call<'_>, store: &mut Store) -> Answer {
    list("permissions", store.permissions.iter().map(Permission::show))
}

fn create(call: &Call<'_>, store: &mut Store) -> Answer {
    let name = call.body().text("name");
    if store.permissions.iter().any(|known| known.name == name) {
        return Err(Refusal::taken("permission"));
    }
    store.permissions.push(Permission {
        id: random::id("P"),
        name: name.to_owned(),
        description: call.body().text("description").to_owned(),
    });
    Ok(Reply::empty())
}

fn update(call: &Call<'_>, store: &mut Store) -> Answer {
    let (at, new) = (find(store, call.body())?, call.body().text("newName"));
    let others = store.permissions.iter().enumerate().filter(|(other, _)| *other != at);
    if others.into_iter().any(|(_, known)| known.name == new) {
        return Err(Refusal::taken("permission"));
    }
    let permission = &mut store.permissions[at];
    new.clone_into(&mut permission.name);
    call.body().text("description").clone_into(&mut permission.description);
    Ok(Reply::empty())
}

fn delete(call: &Call<'_>, store: &mut Store) -> Answer {
    let at = find(store, call.body())?;
    let removed = store.permissions.remove(at);
    for role in &mut store.roles {
        role.permissions.retain(|id| *id != removed.id);
    }
    Ok(Reply::empty())
}

//! Permissions.

use serde_json::{Value, json};

use super::all_or_nothing;
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::Action;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, last};
use crate::emulator::state::new_project;
use crate::emulator::state::role::Permission;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

const CREATE: &[Field] = &[required("name", Kind::Text), optional("description", Kind::Text)];
const UPDATE: &[Field] = &[
    optional("name", Kind::Text),
    optional("id", Kind::Text),
    required("newName", Kind::Text),
    optional("description", Kind::Text),
];
const DELETE: &[Field] = &[optional("name", Kind::Text), optional("id", Kind::Text)];

/// A new permission of a batch. The types of the official SDKs also have what Descope sets, and it is ignored.
const CREATE_ONE: &[Field] = &[
    required("name", Kind::Text),
    optional("description", Kind::Text),
    optional("id", Kind::Text),
    optional("systemDefault", Kind::Bool),
];
const CREATE_BATCH: &[Field] = &[required("permissions", Kind::Objects(CREATE_ONE))];
const UPDATE_BATCH: &[Field] = &[required("permissions", Kind::Objects(UPDATE))];
const DELETE_BATCH: &[Field] = &[optional("names", Kind::Texts), optional("ids", Kind::Texts)];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::get("/v1/mgmt/permission/all", Management, &[], load_all),
    Route::post(
        "/v1/mgmt/permission/create",
        Management,
        Action("PermissionCreated"),
        CREATE,
        create,
    ),
    Route::post(
        "/v1/mgmt/permission/update",
        Management,
        Action("PermissionModified"),
        UPDATE,
        update,
    ),
    Route::post(
        "/v1/mgmt/permission/delete",
        Management,
        Action("PermissionDeleted"),
        DELETE,
        delete,
    ),
    Route::post(
        "/v1/mgmt/permission/create/batch",
        Management,
        Action("PermissionsCreated"),
        CREATE_BATCH,
        create_batch,
    ),
    Route::post(
        "/v1/mgmt/permission/update/batch",
        Management,
        Action("PermissionsModified"),
        UPDATE_BATCH,
        update_batch,
    ),
    Route::post(
        "/v1/mgmt/permission/delete/batch",
        Management,
        Action("PermissionsDeleted"),
        DELETE_BATCH,
        delete_batch,
    ),
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
    save: |store| {
        let new = new_project::permissions();
        let own = store.permissions.iter().filter(|permission| !new.contains(permission));
        own.map(Permission::save).collect()
    },
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
fn find(store: &Store, fields: Fields<'_>) -> Result<usize> {
    let (id, name) = (fields.some_text("id"), fields.some_text("name"));
    if id.is_none() && name.is_none() {
        return Err(Refusal::invalid("The name or the id field is required"));
    }
    let named = |known: &Permission| id.map_or(name == Some(&*known.name), |id| id == known.id);
    store.permissions.iter().position(named).ok_or_else(|| Refusal::missing("permission"))
}

fn load_all(_: &Call<'_>, store: &mut Store) -> Result {
    list("permissions", store.permissions.iter().map(Permission::show))
}

fn create(call: &Call<'_>, store: &mut Store) -> Result {
    add(store, call.body())?;
    Ok(Reply::empty())
}

fn create_batch(call: &Call<'_>, store: &mut Store) -> Result {
    batch(call, store, add)
}

/// Does the same to all permissions of the body or, if one is refused, to none.
fn batch(
    call: &Call<'_>,
    store: &mut Store,
    one: fn(&mut Store, Fields<'_>) -> Result<()>,
) -> Result {
    let mut permissions = call.body().objects("permissions");
    all_or_nothing(
        store,
        |store| &mut store.permissions,
        |store| permissions.try_for_each(|permission| one(store, permission)),
    )?;
    Ok(Reply::empty())
}

fn add(store: &mut Store, fields: Fields<'_>) -> Result<()> {
    let name = fields.text("name");
    if store.permissions.iter().any(|known| known.name == name) {
        return Err(Refusal::taken("permission"));
    }
    store.permissions.push(Permission {
        id: random::id("P"),
        name: name.to_owned(),
        description: fields.text("description").to_owned(),
    });
    Ok(())
}

fn update(call: &Call<'_>, store: &mut Store) -> Result {
    change(store, call.body())?;
    Ok(Reply::empty())
}

fn update_batch(call: &Call<'_>, store: &mut Store) -> Result {
    batch(call, store, change)
}

/// Overwrites every field.
fn change(store: &mut Store, fields: Fields<'_>) -> Result<()> {
    let (at, new) = (find(store, fields)?, fields.text("newName"));
    let others = store.permissions.iter().enumerate().filter(|(other, _)| *other != at);
    if others.into_iter().any(|(_, known)| known.name == new) {
        return Err(Refusal::taken("permission"));
    }
    let permission = &mut store.permissions[at];
    new.clone_into(&mut permission.name);
    fields.text("description").clone_into(&mut permission.description);
    Ok(())
}

fn delete(call: &Call<'_>, store: &mut Store) -> Result {
    let at = find(store, call.body())?;
    let id = store.permissions[at].id.clone();
    remove(store, &id);
    Ok(Reply::empty())
}

fn delete_batch(call: &Call<'_>, store: &mut Store) -> Result {
    let (names, ids) = (call.body().texts("names"), call.body().texts("ids"));
    if names.is_empty() && ids.is_empty() {
        return Err(Refusal::argument("The names or the ids field must not be empty"));
    }
    let named = |permission: &&Permission| {
        names.contains(&&*permission.name) || ids.contains(&&*permission.id)
    };
    let gone: Vec<_> =
        store.permissions.iter().filter(named).map(|permission| permission.id.clone()).collect();
    for id in &gone {
        remove(store, id);
    }
    Ok(Reply::empty())
}

/// Removes a permission, and takes it from all roles.
pub(super) fn remove(store: &mut Store, id: &str) {
    store.permissions.retain(|permission| permission.id != id);
    store.roles.iter_mut().for_each(|role| role.permissions.retain(|known| known != id));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::emulator::Emulator;
    use crate::emulator::testing::refused;

    #[test]
    fn refused_batches_change_nothing() {
        let emulator = Emulator::new();
        let key = emulator.management_key();
        emulator.seed(&json!({ "permissions": [{ "name": "a" }, { "name": "b" }] })).unwrap();
        let permissions = || emulator.send("GET", "/v1/mgmt/permission/all", key, &json!(null)).1;
        let before = permissions();
        let batch = |what: &str, permissions| {
            let path = format!("/v1/mgmt/permission/{what}/batch");
            emulator.send("POST", &path, key, &json!({ "permissions": permissions }))
        };
        refused(batch("create", json!([{ "name": "c" }, { "name": "c" }])), 400, "EMU409");
        let renamed = json!({ "name": "a", "newName": "c", "description": "new" });
        let taken = json!({ "name": "b", "newName": "c" });
        refused(batch("update", json!([renamed, taken])), 400, "EMU409");
        assert_eq!(permissions(), before);
        assert_eq!(batch("update", json!([renamed])).0, 200);
        assert_ne!(permissions(), before);
    }
}

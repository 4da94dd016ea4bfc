//! Management keys. Each works as the bearer of management calls, as far as its roles go.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{ID, IDS, owned};
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::Action;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, last_row};
use crate::emulator::state::management_key::ManagementKey;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::digest::{digest, saved_digest};
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Result};

const PROJECT_ROLES: &[Field] =
    &[optional("projectIds", Kind::Texts), optional("roles", Kind::Texts)];
const TAG_ROLES: &[Field] = &[optional("tags", Kind::Texts), optional("roles", Kind::Texts)];
const ACCESS: &[Field] = &[
    optional("companyRoles", Kind::Texts),
    optional("projectRoles", Kind::Objects(PROJECT_ROLES)),
    optional("tagRoles", Kind::Objects(TAG_ROLES)),
];
const CREATE: &[Field] = &[
    required("name", Kind::Text),
    optional("description", Kind::Text),
    optional("expiresIn", Kind::Int),
    optional("permittedIps", Kind::Texts),
    optional("reBac", Kind::Object(ACCESS)),
];
const UPDATE: &[Field] = &[
    required("id", Kind::Text),
    optional("name", Kind::Text),
    optional("description", Kind::Text),
    optional("permittedIps", Kind::Texts),
    optional("status", Kind::Text),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::put(
        "/v1/mgmt/managementkey",
        Management,
        Action("ManagementKeyCreated"),
        CREATE,
        create,
    ),
    Route::get("/v1/mgmt/managementkey", Management, ID, |call, store| {
        show(store, call.query().text("id"))
    }),
    Route::get("/v1/mgmt/managementkey/search", Management, &[], |_, store| {
        list("keys", store.company.management_keys.iter().map(ManagementKey::show))
    }),
    Route::patch(
        "/v1/mgmt/managementkey",
        Management,
        Action("ManagementKeyModified"),
        UPDATE,
        update,
    ),
    Route::post(
        "/v1/mgmt/managementkey/delete",
        Management,
        Action("ManagementKeysDeleted"),
        IDS,
        delete,
    ),
];

pub(in crate::emulator) const SEED: List = List {
    name: "managementKeys",
    path: "/v1/mgmt/managementkey",
    state: &[
        optional("id", Kind::Text),
        optional("digest", Kind::Text),
        optional("active", Kind::Bool),
        optional("createdTime", Kind::Int),
        optional("expireTime", Kind::Int),
        optional("version", Kind::Int),
    ],
    restore,
    save: |store| store.company.management_keys.iter().map(ManagementKey::save).collect(),
};

fn restore(store: &mut Store, state: Fields<'_>) -> Result<()> {
    let mut key = last_row(&mut store.company.management_keys)?;
    if let Some(id) = state.some_text("id") {
        id.clone_into(&mut key.id);
    }
    if let Some(digest) = state.maybe_text("digest") {
        key.secret = saved_digest(digest)?;
    }
    key.active = state.maybe_flag("active").unwrap_or(key.active);
    key.created = state.int("createdTime").unwrap_or(key.created);
    key.expires = state.int("expireTime").unwrap_or(key.expires);
    key.version = state.int("version").unwrap_or(key.version);
    Ok(())
}

impl ManagementKey {
    fn save(&self) -> Value {
        json!({
            "name": self.name,
            "description": self.description,
            "permittedIps": self.permitted_ips,
            "reBac": self.access,
            "state": {
                "id": self.id,
                "digest": STANDARD.encode(self.secret),
                "active": self.active,
                "createdTime": self.created,
                "expireTime": self.expires,
                "version": self.version,
            },
        })
    }

    /// The wire type `MgmtKey`. An expired one keeps its status.
    fn show(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "status": if self.active { "active" } else { "inactive" },
            "createdTime": self.created,
            "expireTime": self.expires,
            "permittedIps": self.permitted_ips,
            "reBac": self.access,
            "version": self.version,
            "authzVersion": 1,
        })
    }
}

fn missing() -> Refusal {
    Refusal::missing("management key")
}

fn show(store: &Store, id: &str) -> Result {
    let key = store.company.management_keys.get(By::Id, id).ok_or_else(missing)?;
    Ok(json!({ "key": key.show() }).into())
}

fn create(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let access = body.object("reBac");
    let mut projects = access.objects("projectRoles").flat_map(|roles| roles.texts("projectIds"));
    if let Some(unknown) = projects.find(|id| !store.knows_project(call, id)) {
        return Err(Refusal::argument(format!("There is no project {unknown:?}")));
    }
    let expires = match body.int("expiresIn").unwrap_or_default() {
        0 => 0,
        seconds @ 1.. => call.now.saturating_add(seconds),
        _ => return Err(Refusal::invalid("The expiresIn field must not be negative")),
    };
    let id = random::id("MK");
    let cleartext = format!("{id}{}", random::text(40));
    let key = ManagementKey {
        name: body.text("name").to_owned(),
        description: body.text("description").to_owned(),
        secret: digest(&cleartext),
        active: true,
        created: call.now,
        expires,
        permitted_ips: owned(body.texts("permittedIps")),
        access: access.whole().cloned().unwrap_or_default(),
        version: 1,
        id,
    };
    let shown = key.show();
    store.company.management_keys.push(key);
    Ok(json!({ "cleartext": cleartext, "key": shown }).into())
}

/// Replaces all but the roles and the expiry; a name and a status there must be.
fn update(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let active = match body.some_text("status") {
        None => None,
        Some("active") => Some(true),
        Some("inactive") => Some(false),
        Some(_) => return Err(Refusal::argument("A management key is active or inactive")),
    };
    let keys = &mut store.company.management_keys;
    let mut key = keys.edit(By::Id, body.text("id")).ok_or_else(missing)?;
    if let Some(name) = body.some_text("name") {
        name.clone_into(&mut key.name);
    }
    body.text("description").clone_into(&mut key.description);
    key.permitted_ips = owned(body.texts("permittedIps"));
    key.active = active.unwrap_or(key.active);
    key.version = key.version.saturating_add(1);
    drop(key);
    show(store, body.text("id"))
}

/// Says how many there were.
fn delete(call: &Call<'_>, store: &mut Store) -> Result {
    let keys = &mut store.company.management_keys;
    let gone = call.body().texts("ids").into_iter().filter(|id| keys.take(By::Id, id).is_some());
    Ok(json!({ "total": gone.count() }).into())
}

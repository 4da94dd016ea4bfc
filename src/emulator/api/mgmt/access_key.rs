//! Access keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{ASSOCIATED_TENANT, ID, IDS, has_attributes, has_text, owned, sort};
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::{Action, Read};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, ROLE_IDS, TENANTS, last_row};
use crate::emulator::state::access_key::AccessKey;
use crate::emulator::state::grants::Grants;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::{By, Edit};
use crate::emulator::words::digest::{digest, saved_digest};
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

const CREATE: &[Field] = &[
    required("name", Kind::Text),
    optional("description", Kind::Text),
    optional("expireTime", Kind::Int),
    optional("roleNames", Kind::Texts),
    optional("keyTenants", Kind::Objects(ASSOCIATED_TENANT)),
    optional("userId", Kind::Text),
    optional("customClaims", Kind::Map),
    optional("customAttributes", Kind::Map),
    optional("permittedIps", Kind::Texts),
];
const UPDATE: &[Field] = &[
    required("id", Kind::Text),
    required("name", Kind::Text),
    optional("description", Kind::Text),
    optional("roleNames", Kind::Texts),
    optional("keyTenants", Kind::Objects(ASSOCIATED_TENANT)),
    optional("customClaims", Kind::Map),
    optional("customAttributes", Kind::Map),
    optional("permittedIps", Kind::Texts),
];
const SEARCH: &[Field] = &[
    optional("tenantIds", Kind::Texts),
    optional("boundUserId", Kind::Text),
    optional("creatingUser", Kind::Text),
    optional("customAttributes", Kind::Map),
    optional("text", Kind::Text),
    optional("sort", Kind::Objects(&[required("field", Kind::Text), optional("desc", Kind::Bool)])),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::get("/v1/mgmt/accesskey", Management, ID, load),
    Route::post(
        "/v1/mgmt/accesskey/create",
        Management,
        Action("AccessKeyCreated"),
        CREATE,
        create,
    ),
    Route::post(
        "/v1/mgmt/accesskey/update",
        Management,
        Action("AccessKeyModified"),
        UPDATE,
        update,
    ),
    Route::post("/v1/mgmt/accesskey/search", Management, Read, SEARCH, search),
    Route::post("/v1/mgmt/accesskey/rotate", Management, Action("AccessKeyModified"), ID, rotate),
    Route::post(
        "/v1/mgmt/accesskey/activate",
        Management,
        Action("AccessKeyModified"),
        ID,
        |call, store| set_active(store, &[call.body().text("id")], true),
    ),
    Route::post(
        "/v1/mgmt/accesskey/activate/batch",
        Management,
        Action("AccessKeysModified"),
        IDS,
        |call, store| set_active(store, &call.body().texts("ids"), true),
    ),
    Route::post(
        "/v1/mgmt/accesskey/deactivate",
        Management,
        Action("AccessKeyModified"),
        ID,
        |call, store| set_active(store, &[call.body().text("id")], false),
    ),
    Route::post(
        "/v1/mgmt/accesskey/deactivate/batch",
        Management,
        Action("AccessKeysModified"),
        IDS,
        |call, store| set_active(store, &call.body().texts("ids"), false),
    ),
    Route::post(
        "/v1/mgmt/accesskey/delete",
        Management,
        Action("AccessKeyDeleted"),
        ID,
        |call, store| delete(store, &[call.body().text("id")]),
    ),
    Route::post(
        "/v1/mgmt/accesskey/delete/batch",
        Management,
        Action("AccessKeysDeleted"),
        IDS,
        |call, store| delete(store, &call.body().texts("ids")),
    ),
];

/// Who creates access keys here.
const CREATOR: &str = "Management Key";

pub(in crate::emulator) const SEED: List = List {
    name: "accessKeys",
    path: "/v1/mgmt/accesskey/create",
    state: &[
        optional("id", Kind::Text),
        optional("clientId", Kind::Text),
        optional("digest", Kind::Text),
        optional("active", Kind::Bool),
        optional("createdTime", Kind::Int),
        ROLE_IDS,
        TENANTS,
    ],
    restore,
    save: |store| store.access_keys.iter().map(AccessKey::save).collect(),
};

fn restore(store: &mut Store, state: Fields<'_>) -> Result<()> {
    let mut key = last_row(&mut store.access_keys)?;
    let named = &mut *key;
    for (name, place) in [("id", &mut named.id), ("clientId", &mut named.client_id)] {
        if let Some(text) = state.some_text(name) {
            text.clone_into(place);
        }
    }
    if let Some(digest) = state.maybe_text("digest") {
        key.secret = saved_digest(digest)?;
    }
    key.active = state.maybe_flag("active").unwrap_or(key.active);
    key.created = state.int("createdTime").unwrap_or(key.created);
    key.grants.restore(state);
    Ok(())
}

impl AccessKey {
    fn save(&self) -> Value {
        let [role_ids, tenants] = self.grants.save();
        json!({
            "name": self.name,
            "description": self.description,
            "expireTime": self.expires,
            "userId": self.user,
            "customClaims": self.claims,
            "customAttributes": self.attributes,
            "permittedIps": self.permitted_ips,
            "state": {
                "id": self.id,
                "clientId": self.client_id,
                "digest": STANDARD.encode(self.secret),
                "active": self.active,
                "createdTime": self.created,
                "roleIds": role_ids,
                "tenants": tenants,
            },
        })
    }

    fn show(&self, store: &Store, now: i64) -> Value {
        let status = match self.active {
            _ if self.expired(now) => "expired",
            true => "active",
            false => "inactive",
        };
        json!({
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "roleNames": self.grants.role_names(store),
            "keyTenants": self.grants.tenants(store),
            "status": status,
            "createdTime": self.created,
            "expireTime": self.expires,
            "createdBy": CREATOR,
            "clientId": self.client_id,
            "boundUserId": self.user.as_deref().unwrap_or_default(),
            "customClaims": self.claims,
            "customAttributes": self.attributes,
            "permittedIps": self.permitted_ips,
        })
    }
}

fn missing() -> Refusal {
    Refusal::missing("access key")
}

fn find_mut<'a>(store: &'a mut Store, id: &str) -> Result<Edit<'a, AccessKey>> {
    store.access_keys.edit(By::Id, id).ok_or_else(missing)
}

fn show(call: &Call<'_>, store: &Store, id: &str) -> Result<Value> {
    let key = store.access_keys.get(By::Id, id).ok_or_else(missing)?;
    Ok(key.show(store, call.now))
}

fn load(call: &Call<'_>, store: &mut Store) -> Result {
    Ok(json!({ "key": show(call, store, call.query().text("id"))? }).into())
}

fn create(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let user = match body.some_text("userId") {
        Some(user) => Some(store.managed_user(user)?.id.clone()),
        None => None,
    };
    let grants = Grants {
        roles: store.role_ids(&body.texts("roleNames"), None)?,
        tenants: store.memberships(body.objects("keyTenants"))?,
    };
    let id = random::id("K");
    let cleartext = new_cleartext(&id);
    store.access_keys.push(AccessKey {
        name: body.text("name").to_owned(),
        description: body.text("description").to_owned(),
        secret: digest(&cleartext),
        grants,
        active: true,
        created: call.now,
        expires: body.int("expireTime").unwrap_or_default(),
        client_id: STANDARD.encode(format!("{}:{id}", call.settings.project_id)),
        user,
        claims: body.map("customClaims").cloned().unwrap_or_default(),
        attributes: body.map("customAttributes").cloned().unwrap_or_default(),
        permitted_ips: owned(body.texts("permittedIps")),
        id: id.clone(),
    });
    Ok(json!({ "cleartext": cleartext, "key": show(call, store, &id)? }).into())
}

fn new_cleartext(id: &str) -> String {
    format!("{id}{}", random::text(40))
}

/// Only the name is overwritten in any case; the rest stays when it is not given.
fn update(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, id) = (call.body(), call.body().text("id"));
    let roles = store.role_ids(&body.texts("roleNames"), None)?;
    let tenants = store.memberships(body.objects("keyTenants"))?;
    let mut key = find_mut(store, id)?;
    body.text("name").clone_into(&mut key.name);
    if let Some(description) = body.maybe_text("description") {
        description.clone_into(&mut key.description);
    }
    if body.has("roleNames") {
        key.grants.roles = roles;
    }
    if body.has("keyTenants") {
        key.grants.tenants = tenants;
    }
    if let Some(claims) = body.map("customClaims") {
        key.claims.clone_from(claims);
    }
    if let Some(attributes) = body.map("customAttributes") {
        key.attributes.clone_from(attributes);
    }
    if body.has("permittedIps") {
        key.permitted_ips = owned(body.texts("permittedIps"));
    }
    drop(key);
    Ok(json!({ "key": show(call, store, id)? }).into())
}

fn search(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let tenants = body.texts("tenantIds");
    let (user, creator) = (body.some_text("boundUserId"), body.some_text("creatingUser"));
    let found = store.access_keys.iter().filter(|key| {
        (tenants.is_empty() || tenants.iter().any(|id| key.grants.membership(id).is_some()))
            && user.is_none_or(|user| key.user.as_deref() == Some(user))
            && creator.is_none_or(|creator| creator == CREATOR)
            && has_attributes(&key.attributes, body.map("customAttributes"))
            && has_text(&[&key.name, &key.description, &key.id], body.text("text"))
    });
    let mut keys: Vec<Value> = found.map(|key| key.show(store, call.now)).collect();
    sort(&mut keys, body, &["id", "name", "description", "status", "createdTime", "expireTime"])?;
    list("keys", keys.into_iter())
}

/// A new cleartext; the old one is good no more.
fn rotate(call: &Call<'_>, store: &mut Store) -> Result {
    let id = call.body().text("id");
    let cleartext = new_cleartext(id);
    find_mut(store, id)?.secret = digest(&cleartext);
    Ok(json!({ "cleartext": cleartext, "key": show(call, store, id)? }).into())
}

fn set_active(store: &mut Store, ids: &[&str], active: bool) -> Result {
    known(store, ids)?;
    for id in ids {
        find_mut(store, id)?.active = active;
    }
    Ok(Reply::empty())
}

fn delete(store: &mut Store, ids: &[&str]) -> Result {
    known(store, ids)?;
    for id in ids {
        store.access_keys.remove(By::Id, id);
    }
    Ok(Reply::empty())
}

/// Refuses IDs of which one is no key's, before anything is done to the others.
fn known(store: &Store, ids: &[&str]) -> Result<()> {
    ids.iter().try_for_each(|id| store.access_keys.get(By::Id, id).map(|_| ()).ok_or_else(missing))
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
        let made = emulator.seed(&json!({ "accessKeys": [{ "name": "a" }] })).unwrap();
        let id = &made["accessKeys"][0]["key"]["id"];
        let keys = || emulator.manage("/v1/mgmt/accesskey/search", &json!({}));
        for what in ["deactivate", "activate", "delete"] {
            let before = keys();
            let path = format!("/v1/mgmt/accesskey/{what}/batch");
            let batch = |ids| emulator.send("POST", &path, key, &json!({ "ids": ids }));
            refused(batch(json!([id, "K2nobody"])), 404, "EMU404");
            assert_eq!(keys(), before, "{what}");
            assert_eq!(batch(json!([id, id])).0, 200, "{what}");
        }
        assert_eq!(keys(), json!({ "keys": [] }));
    }
}

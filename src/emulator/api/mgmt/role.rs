//! Roles, of the project or of one tenant.

use serde_json::{Value, json};

use super::{all_or_nothing, has_text, sort};
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::{Action, Read};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, last};
use crate::emulator::state::new_project;
use crate::emulator::state::role::Role;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

const CREATE: &[Field] = &[
    required("name", Kind::Text),
    optional("description", Kind::Text),
    optional("permissionNames", Kind::Texts),
    optional("tenantId", Kind::Text),
    optional("default", Kind::Bool),
    // What Ruby's SDK calls it.
    optional("defaultRole", Kind::Bool),
    optional("private", Kind::Bool),
];
const UPDATE: &[Field] = &[
    optional("name", Kind::Text),
    optional("id", Kind::Text),
    required("newName", Kind::Text),
    optional("description", Kind::Text),
    optional("permissionNames", Kind::Texts),
    optional("tenantId", Kind::Text),
    optional("default", Kind::Bool),
    optional("private", Kind::Bool),
];
const DELETE: &[Field] =
    &[optional("name", Kind::Text), optional("id", Kind::Text), optional("tenantId", Kind::Text)];
const SEARCH: &[Field] = &[
    optional("tenantIds", Kind::Texts),
    optional("roleNames", Kind::Texts),
    optional("roleIds", Kind::Texts),
    optional("roleNameLike", Kind::Text),
    optional("permissionNames", Kind::Texts),
    optional("includeProjectRoles", Kind::Bool),
    optional("text", Kind::Text),
    optional("sort", Kind::Objects(&[required("field", Kind::Text), optional("desc", Kind::Bool)])),
];

/// A new role of a batch. The types of the official SDKs also have what Descope sets, and it is ignored.
const CREATE_ONE: &[Field] = &[
    required("name", Kind::Text),
    optional("description", Kind::Text),
    optional("permissionNames", Kind::Texts),
    optional("tenantId", Kind::Text),
    optional("default", Kind::Bool),
    optional("private", Kind::Bool),
    optional("id", Kind::Text),
    optional("createdTime", Kind::Int),
];
const CREATE_BATCH: &[Field] = &[required("roles", Kind::Objects(CREATE_ONE))];
const UPDATE_BATCH: &[Field] = &[required("roles", Kind::Objects(UPDATE))];
const DELETE_BATCH: &[Field] = &[
    optional("roleNames", Kind::Texts),
    optional("roleIds", Kind::Texts),
    optional("tenantId", Kind::Text),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::get("/v1/mgmt/role/all", Management, &[], load_all),
    Route::post("/v1/mgmt/role/create", Management, Action("RoleCreated"), CREATE, create),
    Route::post("/v1/mgmt/role/update", Management, Action("RoleModified"), UPDATE, update),
    Route::post("/v1/mgmt/role/delete", Management, Action("RoleDeleted"), DELETE, delete),
    Route::post(
        "/v1/mgmt/role/create/batch",
        Management,
        Action("RolesCreated"),
        CREATE_BATCH,
        create_batch,
    ),
    Route::post(
        "/v1/mgmt/role/update/batch",
        Management,
        Action("RolesModified"),
        UPDATE_BATCH,
        update_batch,
    ),
    Route::post(
        "/v1/mgmt/role/delete/batch",
        Management,
        Action("RolesDeleted"),
        DELETE_BATCH,
        delete_batch,
    ),
    Route::post("/v1/mgmt/role/search", Management, Read, SEARCH, search),
];

pub(in crate::emulator) const SEED: List = List {
    name: "roles",
    path: "/v1/mgmt/role/create",
    state: &[optional("id", Kind::Text), optional("createdTime", Kind::Int)],
    restore: |store, state| {
        let role = last(&mut store.roles)?;
        if let Some(id) = state.some_text("id") {
            id.clone_into(&mut role.id);
        }
        role.created = state.int("createdTime").unwrap_or(role.created);
        Ok(())
    },
    save: |store| {
        let new = new_project::roles();
        let own = store.roles.iter().filter(|role| !new.contains(role));
        own.map(|role| role.save(store)).collect()
    },
};

impl Role {
    fn save(&self, store: &Store) -> Value {
        json!({
            "name": self.name,
            "description": self.description,
            "permissionNames": self.permission_names(store).collect::<Vec<_>>(),
            "tenantId": self.tenant,
            "default": self.default,
            "private": self.private,
            "state": { "id": self.id, "createdTime": self.created },
        })
    }

    fn permission_names<'a>(&'a self, store: &'a Store) -> impl Iterator<Item = &'a str> {
        let granted =
            store.permissions.iter().filter(|permission| self.permissions.contains(&permission.id));
        granted.map(|permission| &*permission.name)
    }

    fn show(&self, store: &Store) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "permissionNames": self.permission_names(store).collect::<Vec<_>>(),
            "createdTime": self.created,
            "tenantId": self.tenant.as_deref().unwrap_or_default(),
            "default": self.default,
            "private": self.private,
        })
    }
}

/// The place of the role that `id`, or `name` with `tenantId`, names.
fn find(store: &Store, fields: Fields<'_>) -> Result<usize> {
    let (id, name) = (fields.some_text("id"), fields.some_text("name"));
    if id.is_none() && name.is_none() {
        return Err(Refusal::invalid("The name or the id field is required"));
    }
    let tenant = fields.some_text("tenantId");
    let named = |role: &Role| match id {
        Some(id) => role.id == id,
        None => Some(&*role.name) == name && role.tenant.as_deref() == tenant,
    };
    store.roles.iter().position(named).ok_or_else(|| Refusal::missing("role"))
}

fn permission_ids(store: &Store, names: &[&str]) -> Result<Vec<String>> {
    let id = |name: &&str| {
        let known = store.permissions.iter().find(|permission| permission.name == *name);
        known
            .map(|permission| permission.id.clone())
            .ok_or_else(|| Refusal::argument(format!("There is no permission {name:?}")))
    };
    names.iter().map(id).collect()
}

fn load_all(_: &Call<'_>, store: &mut Store) -> Result {
    list("roles", store.roles.iter().map(|role| role.show(store)))
}

fn create(call: &Call<'_>, store: &mut Store) -> Result {
    add(call, store, call.body())?;
    Ok(Reply::empty())
}

fn create_batch(call: &Call<'_>, store: &mut Store) -> Result {
    batch(call, store, |store, role| add(call, store, role))
}

/// Does the same to all roles of the body or, if one is refused, to none.
fn batch(
    call: &Call<'_>,
    store: &mut Store,
    one: impl Fn(&mut Store, Fields<'_>) -> Result<String>,
) -> Result {
    let roles = call.body().objects("roles");
    let done: Vec<String> = all_or_nothing(
        store,
        |store| &mut store.roles,
        |store| roles.map(|role| one(store, role)).collect(),
    )?;
    shown(store, &done)
}

fn add(call: &Call<'_>, store: &mut Store, fields: Fields<'_>) -> Result<String> {
    let (name, tenant) = (fields.text("name"), fields.some_text("tenantId"));
    if tenant.is_some_and(|tenant| store.tenant(tenant).is_none()) {
        return Err(Refusal::missing("tenant"));
    }
    if store.roles.iter().any(|role| role.name == name && role.tenant.as_deref() == tenant) {
        return Err(Refusal::taken("role"));
    }
    let id = random::id("R");
    store.roles.push(Role {
        id: id.clone(),
        name: name.to_owned(),
        description: fields.text("description").to_owned(),
        permissions: permission_ids(store, &fields.texts("permissionNames"))?,
        tenant: tenant.map(str::to_owned),
        default: fields.flag("default") || fields.flag("defaultRole"),
        private: fields.flag("private"),
        created: call.now,
    });
    Ok(id)
}

/// The roles with these IDs, in their order.
fn shown(store: &Store, ids: &[String]) -> Result {
    let roles = ids.iter().filter_map(|id| store.roles.iter().find(|role| role.id == *id));
    list("roles", roles.map(|role| role.show(store)))
}

fn update(call: &Call<'_>, store: &mut Store) -> Result {
    change(store, call.body())?;
    Ok(Reply::empty())
}

fn update_batch(call: &Call<'_>, store: &mut Store) -> Result {
    batch(call, store, change)
}

/// Overwrites every field.
fn change(store: &mut Store, fields: Fields<'_>) -> Result<String> {
    let (at, new) = (find(store, fields)?, fields.text("newName"));
    let permissions = permission_ids(store, &fields.texts("permissionNames"))?;
    let old = &store.roles[at];
    let same = |role: &Role| role.name == new && role.tenant == old.tenant && role.id != old.id;
    if store.roles.iter().any(same) {
        return Err(Refusal::taken("role"));
    }
    let role = &mut store.roles[at];
    new.clone_into(&mut role.name);
    fields.text("description").clone_into(&mut role.description);
    role.permissions = permissions;
    // Older clients do not know these two: unset, they stay.
    role.default = fields.maybe_flag("default").unwrap_or(role.default);
    role.private = fields.maybe_flag("private").unwrap_or(role.private);
    Ok(role.id.clone())
}

fn delete(call: &Call<'_>, store: &mut Store) -> Result {
    let at = find(store, call.body())?;
    let id = store.roles[at].id.clone();
    store.remove_role(&id);
    Ok(Reply::empty())
}

/// Deletes the roles named, in the scope. Descope takes no name at all for all roles; a test that does
/// so is mistaken.
fn delete_batch(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let (names, ids) = (body.texts("roleNames"), body.texts("roleIds"));
    if names.is_empty() && ids.is_empty() {
        return Err(Refusal::argument("The roleNames or the roleIds field must not be empty"));
    }
    let tenant = body.some_text("tenantId");
    let named = |role: &&Role| {
        let by_name = names.contains(&&*role.name) && role.tenant.as_deref() == tenant;
        by_name || ids.contains(&&*role.id)
    };
    let gone: Vec<_> = store.roles.iter().filter(named).map(|role| role.id.clone()).collect();
    for id in &gone {
        store.remove_role(id);
    }
    Ok(Reply::empty())
}

fn search(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let (tenants, names) = (body.texts("tenantIds"), body.texts("roleNames"));
    let (ids, permissions) = (body.texts("roleIds"), body.texts("permissionNames"));
    let like = body.text("roleNameLike").to_lowercase();
    let project_too = body.flag("includeProjectRoles");
    let found = store.roles.iter().filter(|role| {
        let scope = role.tenant.as_deref();
        (tenants.is_empty() || scope.map_or(project_too, |tenant| tenants.contains(&tenant)))
            && (names.is_empty() || names.contains(&&*role.name))
            && (ids.is_empty() || ids.contains(&&*role.id))
            && role.name.to_lowercase().contains(&like)
            && (permissions.is_empty()
                || role.permission_names(store).any(|name| permissions.contains(&name)))
            && has_text(&[&role.name, &role.description], body.text("text"))
    });
    let mut roles: Vec<_> = found.map(|role| role.show(store)).collect();
    sort(&mut roles, body, &["id", "name", "description", "createdTime", "tenantId"])?;
    list("roles", roles.into_iter())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::emulator::Emulator;
    use crate::emulator::testing::{claims, refused};

    #[test]
    fn names_follow_and_deletions_reach_users_keys_and_tokens() {
        let emulator = Emulator::new();
        let key = emulator.management_key();
        let load = |path: &str| emulator.send("GET", path, key, &json!(null)).1;
        let member = json!([{ "tenantId": "t1", "roleNames": ["Reader", "Local"] }]);
        let seed = json!({
            "permissions": [{ "name": "read" }, { "name": "write" }],
            "tenants": [{ "id": "t1", "name": "One" }],
            "roles": [
                { "name": "Reader", "permissionNames": ["read", "write"] },
                { "name": "Local", "tenantId": "t1" },
            ],
            "users": [{ "loginId": "ada", "roleNames": ["Reader"], "userTenants": member }],
            "accessKeys": [{ "name": "ci", "roleNames": ["Reader"], "keyTenants": member }],
        });
        emulator.seed(&seed).unwrap();
        emulator.manage("/v1/mgmt/permission/update", &json!({ "name": "read", "newName": "see" }));
        emulator.manage("/v1/mgmt/permission/delete", &json!({ "name": "write" }));
        let body = json!({ "name": "Reader", "newName": "Viewer", "permissionNames": ["see"] });
        emulator.manage("/v1/mgmt/role/update", &body);
        let found = claims(&emulator.sign_in("ada").unwrap()["sessionJwt"]);
        assert_eq!((&found["roles"], &found["permissions"]), (&json!(["Viewer"]), &json!(["see"])));
        assert_eq!(found["tenants"]["t1"]["roles"], json!(["Viewer", "Local"]));

        emulator.manage("/v1/mgmt/role/delete", &json!({ "name": "Viewer", "tenantId": null }));
        let user = load("/v1/mgmt/user?loginId=ada")["user"].clone();
        assert_eq!(user["roleNames"], json!([]));
        assert_eq!(user["userTenants"][0]["roleNames"], json!(["Local"]));
        let keys = emulator.manage("/v1/mgmt/accesskey/search", &json!({ "tenantIds": ["t1"] }));
        assert_eq!(keys["keys"][0]["roleNames"], json!([]));
        assert_eq!(keys["keys"][0]["keyTenants"][0]["roleNames"], json!(["Local"]));

        emulator.manage("/v1/mgmt/tenant/delete", &json!({ "id": "t1" }));
        assert_eq!(load("/v1/mgmt/user?loginId=ada")["user"]["userTenants"], json!([]));
        let roles = load("/v1/mgmt/role/all")["roles"].clone();
        assert_eq!(roles.as_array().unwrap().len(), 1, "that of every new project: {roles}");
    }

    #[test]
    fn names_are_unique_per_scope() {
        let emulator = Emulator::new();
        let key = emulator.management_key();
        let create = |body| emulator.send("POST", "/v1/mgmt/role/create", key, &body);
        emulator.seed(&json!({ "tenants": [{ "id": "t1", "name": "One" }] })).unwrap();
        assert_eq!(create(json!({ "name": "A" })).0, 200);
        refused(create(json!({ "name": "A" })), 400, "EMU409");
        assert_eq!(create(json!({ "name": "A", "tenantId": "t1" })).0, 200);
        refused(create(json!({ "name": "B", "tenantId": "t2" })), 404, "EMU404");
        refused(create(json!({ "name": "B", "permissionNames": ["fly"] })), 400, "E011004");
        let search = |body| {
            emulator.manage("/v1/mgmt/role/search", &body)["roles"].as_array().unwrap().len()
        };
        assert_eq!(search(json!({ "tenantIds": ["t1"] })), 1);
        assert_eq!(search(json!({ "tenantIds": ["t1"], "includeProjectRoles": true })), 3);
        assert_eq!(search(json!({ "roleNameLike": "a", "roleNames": null })), 3);
        assert_eq!(search(json!({ "roleNames": ["B"] })), 0);
        let delete = |body| emulator.send("POST", "/v1/mgmt/role/delete", key, &body);
        refused(delete(json!({ "name": "B" })), 404, "EMU404");
        refused(delete(json!({ "name": "" })), 400, "E011003");
    }

    #[test]
    fn refused_batches_change_nothing() {
        let emulator = Emulator::new();
        let key = emulator.management_key();
        emulator.seed(&json!({ "roles": [{ "name": "A" }, { "name": "B" }] })).unwrap();
        let roles = || emulator.send("GET", "/v1/mgmt/role/all", key, &json!(null)).1;
        let before = roles();
        let batch = |what: &str, roles| {
            let path = format!("/v1/mgmt/role/{what}/batch");
            emulator.send("POST", &path, key, &json!({ "roles": roles }))
        };
        refused(batch("create", json!([{ "name": "C" }, { "name": "A" }])), 400, "EMU409");
        let renamed = json!({ "name": "A", "newName": "C", "description": "new" });
        let missing = json!({ "name": "Z", "newName": "Y" });
        refused(batch("update", json!([renamed, missing])), 404, "EMU404");
        assert_eq!(roles(), before);
        assert_eq!(batch("update", json!([renamed])).0, 200);
        assert_ne!(roles(), before);
    }

    #[test]
    fn new_users_get_default_roles() {
        let emulator = Emulator::new();
        let seed = json!({
            "roles": [{ "name": "Member", "default": true }, { "name": "Other" }],
            "users": [{ "loginId": "ada" }, { "loginId": "al", "roleNames": ["Other"] }],
        });
        let made = emulator.seed(&seed).unwrap();
        assert_eq!(made["users"][0]["user"]["roleNames"], json!(["Member"]));
        assert_eq!(made["users"][1]["user"]["roleNames"], json!(["Other"]));
    }
}

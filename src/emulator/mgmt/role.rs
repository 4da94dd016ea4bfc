//! Roles, of the project or of one tenant.

use serde_json::{Value, json};

use crate::emulator::body::{Field, Fields, Kind, optional, required};
use crate::emulator::error::{Answer, Refusal, Reply};
use crate::emulator::random;
use crate::emulator::router::Bearer::Management;
use crate::emulator::router::{Call, Route, list};
use crate::emulator::store::{Role, Store};

const CREATE: &[Field] = &[
    required("name", Kind::Text),
    optional("description", Kind::Text),
    optional("permissionNames", Kind::Texts),
    optional("tenantId", Kind::Text),
    optional("default", Kind::Bool),
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
];

pub(in crate::emulator) const ROUTES: &[Route] = &[
    Route::get("/v1/mgmt/role/all", Management, &[], load_all),
    Route::post("/v1/mgmt/role/create", Management, CREATE, create),
    Route::post("/v1/mgmt/role/update", Management, UPDATE, update),
    Route::post("/v1/mgmt/role/delete", Management, DELETE, delete),
    Route::post("/v1/mgmt/role/search", Management, SEARCH, search),
];

impl Role {
    fn permission_names<'a>(&'a self, store: &'a Store) -> impl Iterator<Item = &'a str> {
        let granted = store.permissions.iter().filter(|of| self.permissions.contains(&of.id));
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
fn find(store: &Store, fields: Fields<'_>) -> Answer<usize> {
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

fn permission_ids(store: &Store, names: &[&str]) -> Answer<Vec<String>> {
    let id = |name: &&str| {
        let known = store.permissions.iter().find(|permission| permission.name == *name);
        known
            .map(|permission| permission.id.clone())
            .ok_or_else(|| Refusal::argument(format!("There is no permission {name:?}")))
    };
    names.iter().map(id).collect()
}

fn load_all(_: &Call<'_>, store: &mut Store) -> Answer {
    list("roles", store.roles.iter().map(|role| role.show(store)))
}

fn create(call: &Call<'_>, store: &mut Store) -> Answer {
    let body = call.body();
    let (name, tenant) = (body.text("name"), body.some_text("tenantId"));
    if tenant.is_some_and(|tenant| store.tenant(tenant).is_none()) {
        return Err(Refusal::missing("tenant"));
    }
    if store.roles.iter().any(|role| role.name == name && role.tenant.as_deref() == tenant) {
        return Err(Refusal::taken("role"));
    }
    let permissions = permission_ids(store, &body.texts("permissionNames"))?;
    store.roles.push(Role {
        id: random::id("R"),
        name: name.to_owned(),
        description: body.text("description").to_owned(),
        permissions,
        tenant: tenant.map(str::to_owned),
        default: body.flag("default"),
        private: body.flag("private"),
        created: call.now,
    });
    Ok(Reply::empty())
}

/// Overwrites every field.
fn update(call: &Call<'_>, store: &mut Store) -> Answer {
    let body = call.body();
    let (at, new) = (find(store, body)?, body.text("newName"));
    let permissions = permission_ids(store, &body.texts("permissionNames"))?;
    let old = &store.roles[at];
    let same = |role: &Role| role.name == new && role.tenant == old.tenant && role.id != old.id;
    if store.roles.iter().any(same) {
        return Err(Refusal::taken("role"));
    }
    let role = &mut store.roles[at];
    new.clone_into(&mut role.name);
    body.text("description").clone_into(&mut role.description);
    role.permissions = permissions;
    // Older clients do not know these two: unset, they stay.
    role.default = body.maybe_flag("default").unwrap_or(role.default);
    role.private = body.maybe_flag("private").unwrap_or(role.private);
    Ok(Reply::empty())
}

fn delete(call: &Call<'_>, store: &mut Store) -> Answer {
    let at = find(store, call.body())?;
    let removed = store.roles.remove(at);
    store.grants_mut().for_each(|grants| grants.forget_role(&removed.id));
    Ok(Reply::empty())
}

fn search(call: &Call<'_>, store: &mut Store) -> Answer {
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
    });
    list("roles", found.map(|role| role.show(store)))
}

/// Removes the roles of a tenant that is gone.
pub(super) fn remove_of_tenant(store: &mut Store, tenant: &str) {
    let gone: Vec<Role> =
        store.roles.extract_if(.., |role| role.tenant.as_deref() == Some(tenant)).collect();
    for role in gone {
        store.grants_mut().for_each(|grants| grants.forget_role(&role.id));
    }
}

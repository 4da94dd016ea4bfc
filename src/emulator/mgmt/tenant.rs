//! Tenants.

use serde_json::{Value, json};

use super::{ID, owned, role};
use crate::emulator::body::{Field, Fields, Kind, concat, optional, required};
use crate::emulator::error::{Answer, Refusal, Reply};
use crate::emulator::random;
use crate::emulator::router::Bearer::Management;
use crate::emulator::router::{Call, Route, list};
use crate::emulator::store::{Store, Tenant};

const SETTABLE: [Field; 8] = [
    required("name", Kind::Text),
    optional("selfProvisioningDomains", Kind::Texts),
    optional("customAttributes", Kind::Map),
    optional("enforceSSO", Kind::Bool),
    optional("enforceSSOExclusions", Kind::Texts),
    optional("federatedAppIds", Kind::Texts),
    optional("disabled", Kind::Bool),
    optional("roleInheritance", Kind::Text),
];
const CREATE: [Field; 10] =
    concat(SETTABLE, [optional("id", Kind::Text), optional("parent", Kind::Text)]);
const UPDATE: [Field; 9] = concat(SETTABLE, [required("id", Kind::Text)]);
const DELETE: &[Field] = &[required("id", Kind::Text), optional("cascade", Kind::Bool)];
const SEARCH: &[Field] = &[
    optional("tenantIds", Kind::Texts),
    optional("tenantNames", Kind::Texts),
    optional("tenantSelfProvisioningDomains", Kind::Texts),
    optional("customAttributes", Kind::Map),
    optional("authType", Kind::Text),
    optional("parentTenantId", Kind::Text),
];

pub(in crate::emulator) const ROUTES: &[Route] = &[
    Route::get("/v1/mgmt/tenant", Management, ID, load),
    Route::get("/v1/mgmt/tenant/all", Management, &[], load_all),
    Route::post("/v1/mgmt/tenant/create", Management, &CREATE, create),
    Route::post("/v1/mgmt/tenant/update", Management, &UPDATE, update),
    Route::post("/v1/mgmt/tenant/delete", Management, DELETE, delete),
    Route::post("/v1/mgmt/tenant/search", Management, SEARCH, search),
];

impl Tenant {
    fn set(&mut self, fields: Fields<'_>) {
        fields.text("name").clone_into(&mut self.name);
        self.domains = owned(fields.texts("selfProvisioningDomains"));
        self.attributes = fields.map("customAttributes").cloned().unwrap_or_default();
        self.enforce_sso = fields.flag("enforceSSO");
        self.sso_exclusions = owned(fields.texts("enforceSSOExclusions"));
        self.federated_apps = owned(fields.texts("federatedAppIds"));
        self.disabled = fields.flag("disabled");
        fields.text("roleInheritance").clone_into(&mut self.role_inheritance);
    }

    fn show(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "selfProvisioningDomains": self.domains,
            "customAttributes": self.attributes,
            "authType": "none",
            "domains": [],
            "createdTime": self.created,
            "enforceSSO": self.enforce_sso,
            "enforceSSOExclusions": self.sso_exclusions,
            "federatedAppIds": self.federated_apps,
            "disabled": self.disabled,
            "roleInheritance": self.role_inheritance,
            "parent": self.parent.as_deref().unwrap_or_default(),
        })
    }
}

fn load(call: &Call<'_>, store: &mut Store) -> Answer {
    let tenant = store.tenant(call.query().text("id"));
    Ok(tenant.ok_or_else(|| Refusal::missing("tenant"))?.show().into())
}

fn load_all(_: &Call<'_>, store: &mut Store) -> Answer {
    list("tenants", store.tenants.iter().map(Tenant::show))
}

fn create(call: &Call<'_>, store: &mut Store) -> Answer {
    let body = call.body();
    let id = body.some_text("id").map_or_else(|| random::id("T"), str::to_owned);
    if store.tenant(&id).is_some() {
        return Err(Refusal::taken("tenant"));
    }
    let parent = body.some_text("parent");
    if parent.is_some_and(|parent| store.tenant(parent).is_none()) {
        return Err(Refusal::missing("parent tenant"));
    }
    let (parent, created) = (parent.map(str::to_owned), call.now);
    let mut tenant = Tenant { id: id.clone(), parent, created, ..Tenant::default() };
    tenant.set(body);
    store.tenants.push(tenant);
    Ok(json!({ "id": id }).into())
}

/// Overwrites every field.
fn update(call: &Call<'_>, store: &mut Store) -> Answer {
    let id = call.body().text("id");
    let tenant = store.tenants.iter_mut().find(|tenant| tenant.id == id);
    tenant.ok_or_else(|| Refusal::missing("tenant"))?.set(call.body());
    Ok(Reply::empty())
}

fn delete(call: &Call<'_>, store: &mut Store) -> Answer {
    let (id, body) = (call.body().text("id"), call.body());
    let at = store.tenants.iter().position(|tenant| tenant.id == id);
    store.tenants.remove(at.ok_or_else(|| Refusal::missing("tenant"))?);
    if body.flag("cascade") {
        // Those who are in this tenant and in no other.
        let only = |tenants: &[crate::emulator::store::Membership]| matches!(tenants, [of] if of.tenant == id);
        let users = store.users.iter().filter(|user| only(&user.grants.tenants));
        for user in users.map(|user| user.id.clone()).collect::<Vec<_>>() {
            store.remove_user(&user);
        }
        store.access_keys.retain(|key| !only(&key.grants.tenants));
    }
    role::remove_of_tenant(store, id);
    store.grants_mut().for_each(|grants| grants.forget_tenant(id));
    store.sso.retain(|connection| connection.tenant != id);
    for tenant in &mut store.tenants {
        tenant.parent.take_if(|parent| parent == id);
    }
    Ok(Reply::empty())
}

fn search(call: &Call<'_>, store: &mut Store) -> Answer {
    let body = call.body();
    let (ids, names) = (body.texts("tenantIds"), body.texts("tenantNames"));
    let domains = body.texts("tenantSelfProvisioningDomains");
    let parent = body.some_text("parentTenantId");
    let found = store.tenants.iter().filter(|tenant| {
        (ids.is_empty() || ids.contains(&&*tenant.id))
            && (names.is_empty() || names.contains(&&*tenant.name))
            && (domains.is_empty() || tenant.domains.iter().any(|of| domains.contains(&&**of)))
            && parent.is_none_or(|parent| tenant.parent.as_deref() == Some(parent))
            && body.some_text("authType").is_none_or(|auth| auth == "none")
            && super::has_attributes(&tenant.attributes, body.map("customAttributes"))
    });
    list("tenants", found.map(Tenant::show))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::emulator::Emulator;
    use crate::emulator::testing::refused;

    #[test]
    fn tenants_are_created_updated_and_found() {
        let emulator = Emulator::new();
        let key = emulator.management_key();
        let create = |body| emulator.manage("/v1/mgmt/tenant/create", &body)["id"].clone();
        assert_eq!(create(json!({ "name": "One", "id": "t1", "enforceSSO": true })), "t1");
        let made =
            create(json!({ "name": "Two", "selfProvisioningDomains": ["two.com"], "id": null }));
        assert!(made.as_str().unwrap().starts_with("T2"));
        let body = json!({ "name": "x", "id": "t1" });
        refused(emulator.send("POST", "/v1/mgmt/tenant/create", key, &body), 400, "EMU409");
        let load = || emulator.send("GET", "/v1/mgmt/tenant?id=t1", key, &json!(null)).1;
        assert_eq!(load()["enforceSSO"], true);
        let body = json!({ "id": "t1", "name": "Uno", "customAttributes": { "a": 1 } });
        emulator.manage("/v1/mgmt/tenant/update", &body);
        assert_eq!((&load()["name"], &load()["enforceSSO"]), (&json!("Uno"), &json!(false)));
        let search = |body| {
            let found = emulator.manage("/v1/mgmt/tenant/search", &body)["tenants"].clone();
            found.as_array().unwrap().iter().map(|of| of["name"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(search(json!({ "tenantNames": null })), ["Uno", "Two"]);
        assert_eq!(search(json!({ "tenantSelfProvisioningDomains": ["two.com"] })), ["Two"]);
        assert_eq!(search(json!({ "customAttributes": { "a": 1 } })), ["Uno"]);
        refused(emulator.send("GET", "/v1/mgmt/tenant?id=t9", key, &json!(null)), 404, "EMU404");
    }

    #[test]
    fn cascading_removes_those_who_are_nowhere_else() {
        let emulator = Emulator::new();
        let (one, two) = (json!({ "tenantId": "t1" }), json!({ "tenantId": "t2" }));
        let seed = json!({
            "tenants": [{ "id": "t1", "name": "1" }, { "id": "t2", "name": "2", "parent": "t1" }],
            "users": [{ "loginId": "a", "userTenants": [one] }, { "loginId": "b", "userTenants": [one, two] }],
            "accessKeys": [{ "name": "k", "keyTenants": [one] }, { "name": "l" }],
        });
        emulator.seed(&seed).unwrap();
        emulator.manage("/v1/mgmt/tenant/delete", &json!({ "id": "t1", "cascade": true }));
        let users = emulator.manage("/v2/mgmt/user/search", &json!({}))["users"].clone();
        assert_eq!((users.as_array().unwrap().len(), &users[0]["loginIds"]), (1, &json!(["b"])));
        assert_eq!(users[0]["userTenants"][0]["tenantId"], "t2");
        let keys = emulator.manage("/v1/mgmt/accesskey/search", &json!({}))["keys"].clone();
        assert_eq!((keys.as_array().unwrap().len(), &keys[0]["name"]), (1, &json!("l")));
    }
}

//! Tenants.

use serde_json::{Value, json};

use super::{ID, owned, sso};
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::{Action, Read};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, last};
use crate::emulator::state::grants::Membership;
use crate::emulator::state::mailbox::Message;
use crate::emulator::state::sso::AuthType;
use crate::emulator::state::store::Store;
use crate::emulator::state::tenant::Tenant;
use crate::emulator::words::fields::{Field, Fields, Kind, concat, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

const DETAILS: [Field; 7] = [
    optional("selfProvisioningDomains", Kind::Texts),
    optional("customAttributes", Kind::Map),
    optional("enforceSSO", Kind::Bool),
    optional("enforceSSOExclusions", Kind::Texts),
    optional("federatedAppIds", Kind::Texts),
    optional("disabled", Kind::Bool),
    optional("roleInheritance", Kind::Text),
];
const CREATE: [Field; 10] = concat(
    DETAILS,
    [required("name", Kind::Text), optional("id", Kind::Text), optional("parent", Kind::Text)],
);
const UPDATE: [Field; 9] =
    concat(DETAILS, [required("id", Kind::Text), required("name", Kind::Text)]);
const PATCH: [Field; 9] =
    concat(DETAILS, [required("id", Kind::Text), optional("name", Kind::Text)]);
const DELETE: &[Field] = &[required("id", Kind::Text), optional("cascade", Kind::Bool)];
const SEARCH: &[Field] = &[
    optional("tenantIds", Kind::Texts),
    optional("tenantNames", Kind::Texts),
    // What Ruby's SDK calls them.
    optional("names", Kind::Texts),
    optional("tenantSelfProvisioningDomains", Kind::Texts),
    optional("customAttributes", Kind::Map),
    optional("authType", Kind::Text),
    optional("parentTenantId", Kind::Text),
    optional("tenantSSODomains", Kind::Texts),
    optional("topLevelOnly", Kind::Bool),
];

const DEFAULT_ROLES: &[Field] =
    &[required("id", Kind::Text), required("defaultRoles", Kind::Texts)];
const SETTINGS: &[Field] = &[
    required("tenantId", Kind::Text),
    optional("selfProvisioningDomains", Kind::Texts),
    optional("domains", Kind::Texts),
    optional("authType", Kind::Text),
    optional("enabled", Kind::Bool),
    optional("refreshTokenExpiration", Kind::Int),
    optional("refreshTokenExpirationUnit", Kind::Text),
    optional("sessionTokenExpiration", Kind::Int),
    optional("sessionTokenExpirationUnit", Kind::Text),
    optional("stepupTokenExpiration", Kind::Int),
    optional("stepupTokenExpirationUnit", Kind::Text),
    optional("enableInactivity", Kind::Bool),
    optional("inactivityTime", Kind::Int),
    optional("inactivityTimeUnit", Kind::Text),
    optional("InactivityTime", Kind::Int),
    optional("InactivityTimeUnit", Kind::Text),
    optional("JITDisabled", Kind::Bool),
    optional("ssoSetupSuiteSettings", Kind::Object(SETUP_SUITE)),
    optional("enforceSSO", Kind::Bool),
    optional("enforceSSOExclusions", Kind::Texts),
    optional("federatedAppIds", Kind::Texts),
];
const SETUP_SUITE: &[Field] = &[
    optional("enabled", Kind::Bool),
    optional("styleId", Kind::Text),
    optional(
        "disabledFeatures",
        Kind::Object(&[
            optional("saml", Kind::Bool),
            optional("oidc", Kind::Bool),
            optional("scim", Kind::Bool),
            optional("ssoDomains", Kind::Bool),
            optional("groupMapping", Kind::Bool),
        ]),
    ),
];
const LINK: &[Field] = &[
    required("tenantId", Kind::Text),
    optional("ssoId", Kind::Text),
    optional("email", Kind::Text),
    optional("expireTime", Kind::Int),
    optional("actorId", Kind::Text),
    optional("templateId", Kind::Text),
];
const REVOKE_LINK: &[Field] = &[required("tenantId", Kind::Text), optional("ssoId", Kind::Text)];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::get("/v1/mgmt/tenant", Management, ID, load),
    Route::get("/v1/mgmt/tenant/all", Management, &[], load_all),
    Route::post("/v1/mgmt/tenant/create", Management, Action("TenantCreated"), &CREATE, create),
    Route::post("/v1/mgmt/tenant/update", Management, Action("TenantModified"), &UPDATE, update),
    Route::patch("/v1/mgmt/tenant/patch", Management, Action("TenantModified"), &PATCH, patch),
    Route::post("/v1/mgmt/tenant/delete", Management, Action("TenantDeleted"), DELETE, delete),
    Route::post("/v1/mgmt/tenant/search", Management, Read, SEARCH, search),
    Route::post(
        "/v1/mgmt/tenant/updateDefaultRoles",
        Management,
        Action("TenantModified"),
        DEFAULT_ROLES,
        default_roles,
    ),
    Route::get("/v1/mgmt/tenant/settings", Management, ID, load_settings),
    Route::post(
        "/v1/mgmt/tenant/settings",
        Management,
        Action("TenantModified"),
        SETTINGS,
        set_settings,
    ),
    Route::post(
        "/v2/mgmt/tenant/adminlinks/sso/generate",
        Management,
        Action("TenantModified"),
        LINK,
        make_link,
    ),
    Route::post(
        "/v1/mgmt/tenant/adminlinks/sso/revoke",
        Management,
        Action("TenantModified"),
        REVOKE_LINK,
        revoke_link,
    ),
];

pub(in crate::emulator) const SEED: List = List {
    name: "tenants",
    path: "/v1/mgmt/tenant/create",
    state: &[
        optional("createdTime", Kind::Int),
        optional("defaultRoleIds", Kind::Texts),
        optional("settings", Kind::Map),
    ],
    restore: |store, state| {
        let tenant = last(&mut store.tenants)?;
        tenant.default_roles = owned(state.texts("defaultRoleIds"));
        tenant.settings = state.map("settings").cloned().unwrap_or_default();
        tenant.created = state.int("createdTime").unwrap_or(tenant.created);
        Ok(())
    },
    save: |store| store.tenants.iter().map(Tenant::save).collect(),
};

impl Tenant {
    fn save(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "parent": self.parent,
            "selfProvisioningDomains": self.domains,
            "customAttributes": self.attributes,
            "enforceSSO": self.enforce_sso,
            "enforceSSOExclusions": self.sso_exclusions,
            "federatedAppIds": self.federated_apps,
            "disabled": self.disabled,
            "roleInheritance": self.role_inheritance,
            "state": {
                "createdTime": self.created,
                "defaultRoleIds": self.default_roles,
                "settings": self.settings,
            },
        })
    }

    /// Overwrites what is given, or everything.
    fn set(&mut self, fields: Fields<'_>, everything: bool) {
        let given = |name| everything || fields.has(name);
        if given("name") {
            fields.text("name").clone_into(&mut self.name);
        }
        for (name, list) in [
            ("selfProvisioningDomains", &mut self.domains),
            ("enforceSSOExclusions", &mut self.sso_exclusions),
            ("federatedAppIds", &mut self.federated_apps),
        ] {
            if given(name) {
                *list = owned(fields.texts(name));
            }
        }
        if given("customAttributes") {
            self.attributes = fields.map("customAttributes").cloned().unwrap_or_default();
        }
        if given("enforceSSO") {
            self.enforce_sso = fields.flag("enforceSSO");
        }
        if given("disabled") {
            self.disabled = fields.flag("disabled");
        }
        if given("roleInheritance") {
            fields.text("roleInheritance").clone_into(&mut self.role_inheritance);
        }
    }

    /// The wire type `Tenant`.
    pub(in crate::emulator) fn show(&self, store: &Store) -> Value {
        let sso = store.sso_settings_of(&self.id, None);
        json!({
            "id": self.id,
            "name": self.name,
            "selfProvisioningDomains": self.domains,
            "customAttributes": self.attributes,
            "authType": sso.map_or("none", |sso| sso.auth_type.as_str()),
            "domains": sso.map(|sso| &*sso.domains).unwrap_or_default(),
            "createdTime": self.created,
            "enforceSSO": self.enforce_sso,
            "enforceSSOExclusions": self.sso_exclusions,
            "federatedAppIds": self.federated_apps,
            "disabled": self.disabled,
            "roleInheritance": self.role_inheritance,
            "defaultRoles": store.role_names(&self.default_roles),
            "parent": self.parent.as_deref().unwrap_or_default(),
        })
    }
}

fn load(call: &Call<'_>, store: &mut Store) -> Result {
    let tenant = store.tenant(call.query().text("id"));
    Ok(tenant.ok_or_else(|| Refusal::missing("tenant"))?.show(store).into())
}

fn load_all(_: &Call<'_>, store: &mut Store) -> Result {
    list("tenants", store.tenants.iter().map(|tenant| tenant.show(store)))
}

fn create(call: &Call<'_>, store: &mut Store) -> Result {
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
    tenant.set(body, true);
    store.tenants.push(tenant);
    Ok(json!({ "id": id }).into())
}

/// Overwrites every field.
fn update(call: &Call<'_>, store: &mut Store) -> Result {
    store.tenant_mut(call.body().text("id"))?.set(call.body(), true);
    Ok(Reply::empty())
}

/// Overwrites the fields that are given.
fn patch(call: &Call<'_>, store: &mut Store) -> Result {
    store.tenant_mut(call.body().text("id"))?.set(call.body(), false);
    Ok(Reply::empty())
}

fn delete(call: &Call<'_>, store: &mut Store) -> Result {
    let id = call.body().text("id");
    store.tenant_mut(id)?;
    if call.body().flag("cascade") {
        // Those who are in this tenant and in no other.
        let only = |tenants: &[Membership]| matches!(tenants, [of] if of.tenant == id);
        let users = store.users.iter().filter(|user| only(&user.grants.tenants));
        for user in users.map(|user| user.id.clone()).collect::<Vec<_>>() {
            store.remove_user(&user);
        }
        store.access_keys.retain(|key| !only(&key.grants.tenants));
    }
    store.remove_tenant(id);
    Ok(Reply::empty())
}

fn search(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let ids = body.texts("tenantIds");
    let names = [body.texts("tenantNames"), body.texts("names")].concat();
    let domains = body.texts("tenantSelfProvisioningDomains");
    let parent = body.some_text("parentTenantId");
    let auth_type = body.some_text("authType");
    let sso_domains = body.texts("tenantSSODomains");
    let has_sso_domain = |tenant: &Tenant| {
        let of_tenant = store.sso_settings.iter().filter(|settings| settings.tenant == tenant.id);
        of_tenant
            .flat_map(|settings| &settings.domains)
            .any(|domain| sso_domains.contains(&&**domain))
    };
    let found = store.tenants.iter().filter(|tenant| {
        (ids.is_empty() || ids.contains(&&*tenant.id))
            && (names.is_empty() || names.contains(&&*tenant.name))
            && (domains.is_empty()
                || tenant.domains.iter().any(|domain| domains.contains(&&**domain)))
            && parent.is_none_or(|parent| tenant.parent.as_deref() == Some(parent))
            && !(body.flag("topLevelOnly") && tenant.parent.is_some())
            && (sso_domains.is_empty() || has_sso_domain(tenant))
            && auth_type.is_none_or(|wanted| {
                wanted
                    == store
                        .sso_settings_of(&tenant.id, None)
                        .map_or("none", |sso| sso.auth_type.as_str())
            })
            && super::has_attributes(&tenant.attributes, body.map("customAttributes"))
    });
    list("tenants", found.map(|tenant| tenant.show(store)))
}

/// The roles of those who join the tenant from now on.
fn default_roles(call: &Call<'_>, store: &mut Store) -> Result {
    let id = call.body().text("id");
    let roles = store.role_ids(&call.body().texts("defaultRoles"), Some(id));
    let tenant = store.tenant_mut(id)?;
    tenant.default_roles = roles?;
    Ok(Reply::empty())
}

fn load_settings(call: &Call<'_>, store: &mut Store) -> Result {
    let tenant = store.tenant(call.query().text("id")).ok_or_else(|| Refusal::missing("tenant"))?;
    let sso = store.sso_settings_of(&tenant.id, None);
    let mut settings = tenant.settings.clone();
    settings.insert("authType".to_owned(), json!(sso.map_or("none", |sso| sso.auth_type.as_str())));
    settings.insert("domains".to_owned(), json!(sso.map(|sso| &*sso.domains).unwrap_or_default()));
    settings.insert("selfProvisioningDomains".to_owned(), json!(tenant.domains));
    Ok(Value::Object(settings).into())
}

/// Replaces the rules of sessions; those of the tenant itself change where they are given.
fn set_settings(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let id = body.text("tenantId");
    let units = SETTINGS.iter().filter(|field| field.name.ends_with("Unit"));
    for unit in units.filter_map(|field| body.some_text(field.name)) {
        if !["minutes", "hours", "days", "weeks"].contains(&unit) {
            return Err(Refusal::argument(format!("There is no unit {unit:?}")));
        }
    }
    let auth_type = body.some_text("authType").map(AuthType::parse).transpose()?;
    let tenant = store.tenant_mut(id)?;
    tenant.set(body, false);
    let elsewhere = ["tenantId", "domains", "authType"];
    let rules = SETTINGS.iter().map(|field| field.name);
    tenant.settings = rules
        .filter(|name| {
            !elsewhere.contains(name) && !DETAILS.iter().any(|field| field.name == *name)
        })
        .filter_map(|name| {
            let value = body.get(name)?.clone();
            let name = match name {
                // Node spells these two its own way.
                "InactivityTime" => "inactivityTime",
                "InactivityTimeUnit" => "inactivityTimeUnit",
                name => name,
            };
            Some((name.to_owned(), value))
        })
        .collect();
    let sso = sso::settings(store, id, None)?;
    if body.has("domains") {
        sso.domains = owned(body.texts("domains"));
    }
    sso.auth_type = auth_type.unwrap_or(sso.auth_type);
    Ok(Reply::empty())
}

/// The link opens nothing; with an address, it is in the inbox too.
fn make_link(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    store.tenant_mut(body.text("tenantId"))?;
    let token = random::text(32);
    let link = format!("https://app.descope.com/sso-setup?t={token}");
    if let Some(email) = body.some_text("email") {
        let message = Message::new("email", email, email, "sso-setup", call.now);
        let (link, token) = (Some(link.clone()), Some(token));
        store.mailbox.push(Message { link, token, ..message.template(body) });
    }
    Ok(json!({ "adminSSOConfigurationLink": link }).into())
}

fn revoke_link(call: &Call<'_>, store: &mut Store) -> Result {
    store.tenant_mut(call.body().text("tenantId"))?;
    Ok(Reply::empty())
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
        assert_eq!(search(json!({ "names": ["Two"] })), ["Two"]);
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

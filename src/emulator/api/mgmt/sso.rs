//! How the users of a tenant sign in by SSO.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::sso_fields::{
    AUTH_TYPE, CONFIGURE_OIDC, CONFIGURE_SAML, CONFIGURE_SAML_BY_METADATA, LEGACY, LEGACY_MAPPING,
    LEGACY_METADATA, MAKE_FIELDS, NEW, REDIRECT, STATE, TENANT, TENANT_ALONE, user_mapping,
};
use super::{owned, refuse_uncovered};
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::{Action, Unrecorded};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, last};
use crate::emulator::state::grants::merge;
use crate::emulator::state::sso::{AuthType, Provider, SsoSettings};
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::fields::{Fields, Object};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).inside(&[MAKE]).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::get("/v2/mgmt/sso/settings", Management, TENANT, load),
    Route::get("/v2/mgmt/sso/settings/all", Management, TENANT_ALONE, load_all),
    Route::post("/v1/mgmt/sso/settings/new", Management, Action("SSOSettingsCreated"), NEW, create),
    Route::delete(
        "/v1/mgmt/sso/settings",
        Management,
        Action("SSOSettingsDeleted"),
        TENANT,
        delete,
    ),
    Route::post(
        "/v1/mgmt/sso/oidc",
        Management,
        Action("SSOSettingsModified"),
        CONFIGURE_OIDC,
        configure_oidc,
    ),
    Route::post(
        "/v1/mgmt/sso/saml",
        Management,
        Action("SSOSettingsModified"),
        CONFIGURE_SAML,
        configure_saml,
    ),
    Route::post(
        "/v1/mgmt/sso/saml/metadata",
        Management,
        Action("SSOSettingsModified"),
        CONFIGURE_SAML_BY_METADATA,
        configure_saml,
    ),
    Route::post(
        "/v1/mgmt/sso/redirect",
        Management,
        Action("SSOSettingsModified"),
        REDIRECT,
        redirect,
    ),
    Route::post(
        "/v1/mgmt/sso/settings/authtype",
        Management,
        Action("SSOSettingsModified"),
        AUTH_TYPE,
        auth_type,
    ),
    Route::post(
        "/v1/mgmt/sso/recalculate-mappings",
        Management,
        Action("SSOSettingsModified"),
        TENANT,
        recalculate,
    ),
    Route::get("/v1/mgmt/sso/settings", Management, TENANT_ALONE, legacy_load),
    Route::post(
        "/v1/mgmt/sso/settings",
        Management,
        Action("SSOSettingsModified"),
        LEGACY,
        legacy_configure,
    ),
    Route::post(
        "/v1/mgmt/sso/metadata",
        Management,
        Action("SSOSettingsModified"),
        LEGACY_METADATA,
        legacy_configure,
    ),
    Route::post(
        "/v1/mgmt/sso/mapping",
        Management,
        Action("SSOSettingsModified"),
        LEGACY_MAPPING,
        legacy_mapping,
    ),
];

/// Sets up a configuration in one go, whatever it is for.
pub(in crate::emulator) const MAKE: Route =
    Route::post("/_emulator/seed/sso", Management, Unrecorded("a seed"), MAKE_FIELDS, make);

pub(in crate::emulator) const SEED: List = List {
    name: "sso",
    path: "/_emulator/seed/sso",
    state: STATE,
    restore: |store, state| {
        let settings = last(&mut store.sso_settings)?;
        settings.saml = state.has("saml").then(|| Provider::restore(state.object("saml")));
        settings.oidc = state.has("oidc").then(|| Provider::restore(state.object("oidc")));
        settings.cross_app =
            state.has("crossApp").then(|| Provider::restore(state.object("crossApp")));
        Ok(())
    },
    save: |store| store.sso_settings.iter().map(SsoSettings::save).collect(),
};

impl SsoSettings {
    fn save(&self) -> Value {
        json!({
            "tenantId": self.tenant,
            "ssoId": self.id,
            "displayName": self.display_name,
            "type": self.auth_type.as_str(),
            "domains": self.domains,
            "state": {
                "saml": self.saml.as_ref().map(Provider::save),
                "oidc": self.oidc.as_ref().map(Provider::save),
                "crossApp": self.cross_app.as_ref().map(Provider::save),
            },
        })
    }

    /// The wire type `SSOTenantSettingsResponse`.
    fn show(&self, store: &Store) -> Value {
        let shown = |provider: &Option<Provider>| {
            provider.as_ref().map_or_else(|| json!({}), |provider| provider.show(store))
        };
        json!({
            "tenant": store.tenant(&self.tenant).map(|tenant| tenant.show(store)),
            "saml": shown(&self.saml),
            "oidc": shown(&self.oidc),
            "ssoId": self.id.as_deref().unwrap_or_default(),
            "displayName": self.display_name,
        })
    }
}

impl Provider {
    fn save(&self) -> Value {
        let mappings = self.mappings.iter();
        let mappings = mappings.map(|(groups, role)| json!({ "groups": groups, "roleId": role }));
        json!({
            "settings": self.settings,
            "mappings": mappings.collect::<Value>(),
            "defaultRoleIds": self.default_roles,
        })
    }

    fn restore(state: Fields<'_>) -> Self {
        let mappings = state.objects("mappings");
        Self {
            settings: state.map("settings").cloned().unwrap_or_default(),
            mappings: mappings
                .map(|mapping| (owned(mapping.texts("groups")), mapping.text("roleId").to_owned()))
                .collect(),
            default_roles: owned(state.texts("defaultRoleIds")),
        }
    }

    pub(super) fn show(&self, store: &Store) -> Value {
        let mut shown = self.settings.clone();
        shown.insert("groupsMapping".to_owned(), self.groups_mapping(store));
        shown.insert("defaultSSORoles".to_owned(), json!(store.role_names(&self.default_roles)));
        Value::Object(shown)
    }

    fn groups_mapping(&self, store: &Store) -> Value {
        let role = |id: &str| store.roles.iter().find(|role| role.id == id);
        self.mappings
            .iter()
            .filter_map(|(groups, id)| {
                let role = role(id)?;
                Some(json!({ "role": { "id": role.id, "name": role.name }, "groups": groups }))
            })
            .collect()
    }

    /// The roles that `roleMappings` and `groupsMapping` name, of the tenant or of the project.
    pub(super) fn read_mappings(
        store: &Store,
        tenant: &str,
        fields: Fields<'_>,
    ) -> Result<Vec<(Vec<String>, String)>> {
        let mut mappings = Vec::new();
        for mapping in fields.objects("roleMappings") {
            let role = store.role_id(mapping.text("roleName"), Some(tenant))?;
            mappings.push((owned(mapping.texts("groups")), role));
        }
        for mapping in fields.objects("groupsMapping") {
            let role = mapping.object("role");
            let role = match role.some_text("id") {
                Some(id) => id.to_owned(),
                None => store.role_id(role.text("name"), Some(tenant))?,
            };
            mappings.push((owned(mapping.texts("groups")), role));
        }
        Ok(mappings)
    }
}

/// The configuration that a call names, for a change. A tenant has a default one from the start.
pub(in crate::emulator) fn settings<'a>(
    store: &'a mut Store,
    tenant: &str,
    id: Option<&str>,
) -> Result<&'a mut SsoSettings> {
    store.tenant_mut(tenant)?;
    let this = |settings: &SsoSettings| settings.tenant == tenant && settings.id.as_deref() == id;
    let at = match store.sso_settings.iter().position(this) {
        Some(at) => at,
        None if id.is_none() => {
            store
                .sso_settings
                .push(SsoSettings { tenant: tenant.to_owned(), ..SsoSettings::default() });
            store.sso_settings.len() - 1
        }
        None => return Err(Refusal::missing("SSO configuration")),
    };
    Ok(&mut store.sso_settings[at])
}

fn named<'a>(fields: Fields<'_>, store: &'a mut Store) -> Result<&'a mut SsoSettings> {
    settings(store, fields.text("tenantId"), fields.some_text("ssoId"))
}

fn show(fields: Fields<'_>, store: &mut Store) -> Result<Value> {
    named(fields, store)?;
    let settings = store.sso_settings_of(fields.text("tenantId"), fields.some_text("ssoId"));
    settings.map(|settings| settings.show(store)).ok_or_else(|| Refusal::missing("tenant"))
}

fn load(call: &Call<'_>, store: &mut Store) -> Result {
    show(call.query(), store).map(Reply::from)
}

fn load_all(call: &Call<'_>, store: &mut Store) -> Result {
    let tenant = call.query().text("tenantId");
    settings(store, tenant, None)?;
    let all = store.sso_settings.iter().filter(|settings| settings.tenant == tenant);
    list("SSOSettings", all.map(|settings| settings.show(store)))
}

fn create(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let (tenant, id) = (body.text("tenantId"), body.some_text("ssoId"));
    store.tenant_mut(tenant)?;
    let id = id.map_or_else(|| random::id("SSO"), str::to_owned);
    if store.sso_settings_of(tenant, Some(&id)).is_some() {
        return Err(Refusal::taken("SSO configuration"));
    }
    let settings = SsoSettings {
        tenant: tenant.to_owned(),
        id: Some(id),
        display_name: body.text("displayName").to_owned(),
        ..SsoSettings::default()
    };
    let shown = settings.show(store);
    store.sso_settings.push(settings);
    Ok(shown.into())
}

/// Makes a configuration that is set up, by as much as a sign-in needs.
fn make(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let (tenant, id) = (body.text("tenantId"), body.some_text("ssoId"));
    store.tenant_mut(tenant)?;
    if store.sso_settings_of(tenant, id).is_some() {
        return Err(Refusal::taken("SSO configuration"));
    }
    let auth_type = AuthType::parse(body.some_text("type").unwrap_or("saml"))?;
    let mut provider = Provider {
        default_roles: store.role_ids(&body.texts("defaultRoleNames"), Some(tenant))?,
        ..Provider::default()
    };
    if let Some(url) = body.some_text("redirectUrl") {
        provider.settings.insert("redirectUrl".to_owned(), json!(url));
    }
    let mut settings = SsoSettings {
        tenant: tenant.to_owned(),
        id: id.map(str::to_owned),
        display_name: body.text("displayName").to_owned(),
        auth_type,
        domains: owned(body.texts("domains")),
        ..SsoSettings::default()
    };
    match auth_type {
        AuthType::None => {}
        AuthType::Saml => settings.saml = Some(provider),
        AuthType::Oidc => settings.oidc = Some(provider),
    }
    store.sso_settings.push(settings);
    Ok(json!({ "ssoId": id }).into())
}

/// The default configuration is there again at once, empty.
fn delete(call: &Call<'_>, store: &mut Store) -> Result {
    let query = call.query();
    let (tenant, id) = (query.text("tenantId"), query.some_text("ssoId"));
    named(query, store)?;
    store.sso_settings.retain(|settings| settings.tenant != tenant || settings.id.as_deref() != id);
    Ok(Reply::empty())
}

/// Fields of requests whose names in answers are others, or that answers do not have.
const RENAMED: &[(&str, Option<&str>)] = &[
    ("idpUrl", Some("idpSSOUrl")),
    ("entityId", Some("idpEntityId")),
    ("idpCert", Some("idpCertificate")),
    ("roleMappings", None),
    ("groupsMapping", None),
    ("defaultSSORoles", None),
    ("replaceDefaultSSORoles", None),
];

fn renamed(settings: &Object) -> Object {
    let name = |name: &String| match RENAMED.iter().find(|(known, _)| known == name) {
        Some((_, renamed)) => renamed.map(str::to_owned),
        None => Some(name.clone()),
    };
    settings.iter().filter_map(|(of, value)| Some((name(of)?, value.clone()))).collect()
}

/// Reads a provider; what Descope says of itself is added.
fn provider(call: &Call<'_>, store: &Store) -> Result<Provider> {
    let (body, tenant) = (call.body(), call.body().text("tenantId"));
    let given = body.object("settings");
    refuse_uncovered(given, &["spSignKey", "spEncryptionKey"])?;
    Ok(Provider {
        settings: body.map("settings").map(renamed).unwrap_or_default(),
        mappings: Provider::read_mappings(store, tenant, given)?,
        default_roles: store.role_ids(&given.texts("defaultSSORoles"), Some(tenant))?,
    })
}

/// RFC 3986, section 2.3.
const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What Descope says of itself, where nothing else is set. Go's SDK sends `""` for what is not.
fn service_provider(call: &Call<'_>, tenant: &str, sso: Option<&str>, settings: &mut Object) {
    let project = &call.settings.project_id;
    let escaped = |text| utf8_percent_encode(text, QUERY_VALUE).to_string();
    let sso = sso.map_or_else(String::new, |id| format!("&ssoId={}", escaped(id)));
    let query = format!("projectId={project}&tenantId={}{sso}", escaped(tenant));
    for (name, value) in [
        ("spEntityId", format!("{project}-{tenant}")),
        ("spACSUrl", format!("https://api.descope.com/v1/auth/saml/acs?{query}")),
    ] {
        let setting = settings.entry(name).or_insert_with(|| json!(""));
        if *setting == "" {
            *setting = json!(value);
        }
    }
}

fn configure_oidc(call: &Call<'_>, store: &mut Store) -> Result {
    let mut provider = provider(call, store)?;
    // Answers do not give it away.
    provider.settings.insert("clientSecret".to_owned(), json!(""));
    let settings = named(call.body(), store)?;
    // The one setting that stays when it is not given.
    let pkce = settings.oidc.as_ref().and_then(|old| old.settings.get("usePkce"));
    if let Some(pkce) = pkce {
        provider.settings.entry("usePkce").or_insert_with(|| pkce.clone());
    }
    settings.oidc = Some(provider);
    settings.auth_type = AuthType::Oidc;
    settings.domains = owned(call.body().texts("domains"));
    Ok(Reply::empty())
}

fn configure_saml(call: &Call<'_>, store: &mut Store) -> Result {
    let mut provider = provider(call, store)?;
    let body = call.body();
    provider.settings.insert("redirectUrl".to_owned(), json!(body.text("redirectUrl")));
    service_provider(call, body.text("tenantId"), body.some_text("ssoId"), &mut provider.settings);
    let settings = named(body, store)?;
    settings.saml = Some(provider);
    settings.auth_type = AuthType::Saml;
    settings.domains = owned(body.texts("domains"));
    Ok(Reply::empty())
}

/// A URL that is not given stays.
fn redirect(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let settings = named(body, store)?;
    for (name, provider) in
        [("samlRedirectUrl", &mut settings.saml), ("oauthRedirectUrl", &mut settings.oidc)]
    {
        if let Some(url) = body.maybe_text(name) {
            let settings = &mut provider.get_or_insert_default().settings;
            settings.insert("redirectUrl".to_owned(), json!(url));
        }
    }
    Ok(Reply::empty())
}

fn auth_type(call: &Call<'_>, store: &mut Store) -> Result {
    let auth_type = AuthType::parse(call.body().text("authType"))?;
    named(call.body(), store)?.auth_type = auth_type;
    Ok(Reply::empty())
}

/// Takes the roles that the mappings are about from the members of groups, and gives them those that
/// their groups earn. Other roles stay.
fn recalculate(call: &Call<'_>, store: &mut Store) -> Result {
    let tenant = call.body().text("tenantId");
    let settings = named(call.body(), store)?;
    let mappings =
        settings.provider().map(|provider| provider.mappings.clone()).unwrap_or_default();
    let sso = settings.id.clone();
    let groups = store.groups.all(By::Tenant, tenant).filter(|group| group.sso == sso);
    let groups: Vec<_> = groups.collect();
    let members: BTreeSet<_> = groups.iter().flat_map(|group| &group.members).collect();
    for member in members {
        let theirs: Vec<_> = groups.iter().filter(|group| group.members.contains(member)).collect();
        let Some(mut user) = store.users.edit(By::Id, member) else { continue };
        let Some(membership) = user.grants.membership_mut(tenant) else { continue };
        membership.roles.retain(|role| !mappings.iter().any(|(_, mapped)| mapped == role));
        let earned = mappings.iter().filter(|(names, _)| {
            theirs.iter().any(|group| names.contains(&group.display) || names.contains(&group.id))
        });
        merge(&mut membership.roles, earned.map(|(_, role)| role.clone()));
    }
    Ok(Reply::empty())
}

/// The wire type `SSOSettingsResponse`.
fn legacy_load(call: &Call<'_>, store: &mut Store) -> Result {
    let tenant = call.query().text("tenantId");
    let settings = settings(store, tenant, None)?;
    let domains = settings.domains.clone();
    let saml = store.sso_settings_of(tenant, None).and_then(|settings| settings.saml.as_ref());
    let mut shown = saml.map(|saml| saml.settings.clone()).unwrap_or_default();
    for name in ["idpEntityId", "idpSSOUrl", "idpCertificate"] {
        shown.entry(name).or_insert_with(|| json!(""));
    }
    service_provider(call, tenant, None, &mut shown);
    let mapping = shown.remove("attributeMapping");
    shown.insert("userMapping".to_owned(), user_mapping(mapping.as_ref()));
    let mappings = saml.map_or_else(|| json!([]), |saml| saml.groups_mapping(store));
    shown.insert("groupsMapping".to_owned(), mappings);
    shown.insert("tenantId".to_owned(), json!(tenant));
    shown.insert("domain".to_owned(), json!(domains.first().map_or("", String::as_str)));
    shown.insert("domains".to_owned(), json!(domains));
    Ok(Value::Object(shown).into())
}

/// Sets the identity provider and the domains; the mappings stay, and so does a redirect URL that is not given.
fn legacy_configure(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let settings = settings(store, body.text("tenantId"), None)?;
    settings.auth_type = AuthType::Saml;
    settings.domains = owned(body.texts("domains"));
    let saml = &mut settings.saml.get_or_insert_default().settings;
    for (name, shown) in [
        ("idpURL", "idpSSOUrl"),
        ("entityId", "idpEntityId"),
        ("idpCert", "idpCertificate"),
        ("idpMetadataURL", "idpMetadataUrl"),
    ] {
        saml.insert(shown.to_owned(), json!(body.text(name)));
    }
    if let Some(url) = body.maybe_text("redirectURL") {
        saml.insert("redirectUrl".to_owned(), json!(url));
    }
    service_provider(call, body.text("tenantId"), None, saml);
    Ok(Reply::empty())
}

/// Replaces the mappings, also by none.
fn legacy_mapping(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, tenant) = (call.body(), call.body().text("tenantId"));
    let mappings = Provider::read_mappings(store, tenant, body)?;
    let default_roles = store.role_ids(&body.texts("defaultSSORoles"), Some(tenant))?;
    let saml = settings(store, tenant, None)?.saml.get_or_insert_default();
    saml.mappings = mappings;
    saml.default_roles = default_roles;
    let attributes = body.map("attributeMapping").cloned().unwrap_or_default();
    saml.settings.insert("attributeMapping".to_owned(), Value::Object(attributes));
    Ok(Reply::empty())
}

//! SSO applications: programs that sign their users in through the project.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{ID, client_secret};
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::Action;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, last};
use crate::emulator::state::client_secret::ClientSecret;
use crate::emulator::state::new_project;
use crate::emulator::state::oauth::ClientKey;
use crate::emulator::state::oauth_client::Door;
use crate::emulator::state::sso_application::{Protocol, SsoApplication};
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::context::Context;
use crate::emulator::words::fields::{Field, Fields, Kind, Object, concat, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

/// What all kinds have in common.
const COMMON: [Field; 7] = [
    required("name", Kind::Text),
    optional("description", Kind::Text),
    optional("enabled", Kind::Bool),
    optional("logo", Kind::Text),
    optional("loginPageUrl", Kind::Text),
    optional("forceAuthentication", Kind::Bool),
    optional("customAttributes", Kind::Map),
];
const OIDC: [Field; 13] = [
    optional("approvedRedirectUrls", Kind::Texts),
    optional("authorizationCodeDisabled", Kind::Bool),
    optional("backChannelLogoutUrl", Kind::Text),
    optional("claims", Kind::Texts),
    optional("clientCredentialsDisabled", Kind::Bool),
    optional("clientType", Kind::Text),
    optional("customIdpInitiatedLoginPageUrl", Kind::Text),
    optional("defaultAudience", Kind::Text),
    optional("deviceCodeDisabled", Kind::Bool),
    optional("forcePkce", Kind::Bool),
    optional("jwtBearerDisabled", Kind::Bool),
    optional("jwtBearerSettings", Kind::Map),
    optional("refreshTokenDisabled", Kind::Bool),
];
/// The wire type `SAMLIDPAttributeMappingInfo`.
const ATTRIBUTE: &[Field] =
    &[optional("name", Kind::Text), optional("type", Kind::Text), optional("value", Kind::Text)];
/// The wire type `SAMLIDPGroupsMappingInfo`.
const GROUPS: &[Field] = &[
    optional("name", Kind::Text),
    optional("type", Kind::Text),
    optional("filterType", Kind::Text),
    optional("value", Kind::Text),
    optional("roles", Kind::Objects(&[optional("id", Kind::Text), optional("name", Kind::Text)])),
];
const SAML: [Field; 14] = [
    optional("acsAllowedCallbacks", Kind::Texts),
    optional("acsUrl", Kind::Text),
    optional("attributeMapping", Kind::Objects(ATTRIBUTE)),
    optional("certificate", Kind::Text),
    optional("defaultRelayState", Kind::Text),
    optional("defaultSignatureAlgorithm", Kind::Text),
    optional("entityId", Kind::Text),
    optional("errorRedirectUrl", Kind::Text),
    optional("groupsMapping", Kind::Objects(GROUPS)),
    optional("logoutRedirectUrl", Kind::Text),
    optional("metadataUrl", Kind::Text),
    optional("subjectNameIdFormat", Kind::Text),
    optional("subjectNameIdType", Kind::Text),
    optional("useMetadataInfo", Kind::Bool),
];
const WSFED: [Field; 7] = [
    optional("attributeMapping", Kind::Objects(ATTRIBUTE)),
    optional("errorRedirectUrl", Kind::Text),
    optional("groupsMapping", Kind::Objects(GROUPS)),
    optional("logoutRedirectUrl", Kind::Text),
    optional("realm", Kind::Text),
    optional("replyAllowedCallbacks", Kind::Texts),
    optional("replyUrl", Kind::Text),
];

const OIDC_FIELDS: [Field; 20] = concat(COMMON, OIDC);
const NEW_OIDC: [Field; 23] = concat(
    OIDC_FIELDS,
    [
        optional("id", Kind::Text),
        optional("clientId", Kind::Text),
        optional("clientSecret", Kind::Text),
    ],
);
const UPDATE_OIDC: [Field; 21] = concat(OIDC_FIELDS, [required("id", Kind::Text)]);
const SAML_FIELDS: [Field; 21] = concat(COMMON, SAML);
const NEW_SAML: [Field; 22] = concat(SAML_FIELDS, [optional("id", Kind::Text)]);
const UPDATE_SAML: [Field; 22] = concat(SAML_FIELDS, [required("id", Kind::Text)]);
const WSFED_FIELDS: [Field; 14] = concat(COMMON, WSFED);
const NEW_WSFED: [Field; 15] = concat(WSFED_FIELDS, [optional("id", Kind::Text)]);
const UPDATE_WSFED: [Field; 15] = concat(WSFED_FIELDS, [required("id", Kind::Text)]);
const ADD_SECRET: &[Field] = &[
    required("appId", Kind::Text),
    required("name", Kind::Text),
    optional("expireTime", Kind::Int),
];
const STATE: &[Field] = &[client_secret::STATE];
const REVOKE_SECRET: &[Field] = &[required("appId", Kind::Text), required("name", Kind::Text)];

pub(in crate::emulator) const AREA: Area =
    Area::new(ROUTES).seeds(&[&OIDC_SEED, &SAML_SEED, &WSFED_SEED]);

const ROUTES: &[Route] = &[
    Route::get("/v1/mgmt/sso/idp/app/load", Management, ID, load),
    Route::get("/v1/mgmt/sso/idp/apps/load", Management, &[], load_all),
    Route::post(
        "/v1/mgmt/sso/idp/app/delete",
        Management,
        Action("SSOApplicationDeleted"),
        ID,
        delete,
    ),
    Route::post(
        "/v1/mgmt/sso/idp/app/oidc/create",
        Management,
        Action("SSOApplicationCreated"),
        &NEW_OIDC,
        |call, store| create(call, store, Protocol::Oidc),
    ),
    Route::post(
        "/v1/mgmt/sso/idp/app/oidc/update",
        Management,
        Action("SSOApplicationModified"),
        &UPDATE_OIDC,
        |call, store| update(call, store, Protocol::Oidc),
    ),
    Route::post(
        "/v1/mgmt/sso/idp/app/saml/create",
        Management,
        Action("SSOApplicationCreated"),
        &NEW_SAML,
        |call, store| create(call, store, Protocol::Saml),
    ),
    Route::post(
        "/v1/mgmt/sso/idp/app/saml/update",
        Management,
        Action("SSOApplicationModified"),
        &UPDATE_SAML,
        |call, store| update(call, store, Protocol::Saml),
    ),
    Route::post(
        "/v1/mgmt/sso/idp/app/wsfed/create",
        Management,
        Action("SSOApplicationCreated"),
        &NEW_WSFED,
        |call, store| create(call, store, Protocol::WsFed),
    ),
    Route::post(
        "/v1/mgmt/sso/idp/app/wsfed/update",
        Management,
        Action("SSOApplicationModified"),
        &UPDATE_WSFED,
        |call, store| update(call, store, Protocol::WsFed),
    ),
    Route::get("/v1/mgmt/sso/idp/app/secret", Management, client_secret::SECRET, secret),
    Route::post(
        "/v1/mgmt/sso/idp/app/rotate",
        Management,
        Action("SSOApplicationModified"),
        ID,
        rotate,
    ),
    Route::post(
        "/v1/mgmt/sso/idp/app/secret/add",
        Management,
        Action("SSOApplicationModified"),
        ADD_SECRET,
        add_secret,
    ),
    Route::post(
        "/v1/mgmt/sso/idp/app/secret/revoke",
        Management,
        Action("SSOApplicationModified"),
        REVOKE_SECRET,
        revoke_secret,
    ),
];

const fn seed(name: &'static str, path: &'static str, save: fn(&Store) -> Vec<Value>) -> List {
    List { name, path, state: STATE, restore, save }
}

pub(in crate::emulator) const OIDC_SEED: List =
    seed("oidcApps", "/v1/mgmt/sso/idp/app/oidc/create", |store| save(store, Protocol::Oidc));
pub(in crate::emulator) const SAML_SEED: List =
    seed("samlApps", "/v1/mgmt/sso/idp/app/saml/create", |store| save(store, Protocol::Saml));
pub(in crate::emulator) const WSFED_SEED: List =
    seed("wsFedApps", "/v1/mgmt/sso/idp/app/wsfed/create", |store| save(store, Protocol::WsFed));

fn save(store: &Store, protocol: Protocol) -> Vec<Value> {
    let new = |app: &SsoApplication| new_project::sso_apps(&app.client_id).contains(app);
    let apps = store.sso_apps.iter().filter(|app| app.protocol == protocol && !new(app));
    apps.map(SsoApplication::save).collect()
}

fn restore(store: &mut Store, state: Fields<'_>) -> Result<()> {
    last(&mut store.sso_apps)?.secrets = ClientSecret::restore(state);
    Ok(())
}

impl Protocol {
    /// The `appType`, and the name of the settings.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Oidc => ("oidc", "oidcSettings"),
            Self::Saml => ("saml", "samlSettings"),
            Self::WsFed => ("wsfed", "wsFedSettings"),
        }
    }

    fn fields(self) -> &'static [Field] {
        match self {
            Self::Oidc => &OIDC,
            Self::Saml => &SAML,
            Self::WsFed => &WSFED,
        }
    }
}

impl SsoApplication {
    /// Overwrites every field.
    fn set(&mut self, fields: Fields<'_>) {
        fields.text("name").clone_into(&mut self.name);
        fields.text("description").clone_into(&mut self.description);
        fields.text("logo").clone_into(&mut self.logo);
        self.enabled = fields.flag("enabled");
        self.attributes = fields.map("customAttributes").cloned().unwrap_or_default();
        let names = self.protocol.fields().iter().map(|field| field.name);
        self.settings = names
            .chain(["loginPageUrl", "forceAuthentication"])
            .filter_map(|name| Some((name.to_owned(), fields.get(name)?.clone())))
            .collect();
    }

    fn save(&self) -> Value {
        let mut saved = self.settings.clone();
        let secrets = self.secrets.iter().map(ClientSecret::save);
        let client_id = (self.protocol == Protocol::Oidc).then_some(&self.client_id);
        for (name, value) in [
            ("id", json!(self.id)),
            ("name", json!(self.name)),
            ("description", json!(self.description)),
            ("enabled", json!(self.enabled)),
            ("logo", json!(self.logo)),
            ("customAttributes", json!(self.attributes)),
            ("state", json!({ "secrets": secrets.collect::<Value>() })),
        ] {
            saved.insert(name.to_owned(), value);
        }
        saved.extend(client_id.map(|id| ("clientId".to_owned(), json!(id))));
        Value::Object(saved)
    }

    fn show(&self, context: &Context<'_>) -> Value {
        let project = &context.settings.project_id;
        let mut settings = self.settings.clone();
        let url =
            |path: &str| json!(format!("https://api.descope.com/{path}/{project}/{}", self.id));
        let ours = match self.protocol {
            Protocol::Oidc => {
                let issuer = Door::Project(Some(self.id.clone())).issuer(context);
                let discovery = format!("{issuer}/.well-known/openid-configuration");
                vec![
                    ("issuer", json!(issuer)),
                    ("discoveryUrl", json!(discovery)),
                    ("clientId", json!(self.client_id)),
                ]
            }
            Protocol::Saml => vec![
                ("idpEntityId", url("v1/auth/saml/idp")),
                ("idpSsoUrl", url("v1/auth/saml/idp/sso")),
                ("idpMetadataUrl", url("v1/auth/saml/idp/metadata")),
                ("idpInitiatedUrl", url("v1/auth/saml/idp/initiate")),
                ("idpLogoutUrl", url("v1/auth/saml/idp/logout")),
            ],
            Protocol::WsFed => vec![
                ("idpEntityId", url("v1/auth/wsfed/idp")),
                ("idpSsoUrl", url("v1/auth/wsfed/idp/sso")),
                ("idpMetadataUrl", url("v1/auth/wsfed/idp/metadata")),
                ("idpInitiatedUrl", url("v1/auth/wsfed/idp/initiate")),
            ],
        };
        settings.extend(ours.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let (kind, name) = self.protocol.names();
        json!({
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "enabled": self.enabled,
            "logo": self.logo,
            "appType": kind,
            "customAttributes": self.attributes,
            name: settings,
        })
    }
}

fn find<'a>(store: &'a mut Store, id: &str) -> Result<&'a mut SsoApplication> {
    let app = store.sso_apps.iter_mut().find(|app| app.id == id);
    app.ok_or_else(|| Refusal::missing("SSO application"))
}

fn load(call: &Call<'_>, store: &mut Store) -> Result {
    Ok(find(store, call.query().text("id"))?.show(call).into())
}

fn load_all(call: &Call<'_>, store: &mut Store) -> Result {
    list("apps", store.sso_apps.iter().map(|app| app.show(call)))
}

fn create(call: &Call<'_>, store: &mut Store, protocol: Protocol) -> Result {
    let body = call.body();
    let id = body.some_text("id").map_or_else(|| random::id("SA"), str::to_owned);
    if store.sso_apps.iter().any(|app| app.id == id) {
        return Err(Refusal::taken("SSO application"));
    }
    let default_id = || STANDARD.encode(format!("{}:{id}", call.settings.project_id));
    let cleartext = body.some_text("clientSecret").map_or_else(|| random::text(40), str::to_owned);
    let mut app = SsoApplication {
        id: id.clone(),
        protocol,
        name: String::new(),
        description: String::new(),
        enabled: true,
        logo: String::new(),
        attributes: Object::new(),
        settings: Object::new(),
        client_id: body.some_text("clientId").map_or_else(default_id, str::to_owned),
        secrets: vec![ClientSecret::new("", cleartext, call, 0)],
    };
    app.set(body);
    store.sso_apps.push(app);
    Ok(json!({ "id": id }).into())
}

fn update(call: &Call<'_>, store: &mut Store, protocol: Protocol) -> Result {
    let app = find(store, call.body().text("id"))?;
    if app.protocol != protocol {
        return Err(Refusal::argument("The application uses another protocol"));
    }
    app.set(call.body());
    Ok(Reply::empty())
}

/// Removes an application, and takes it from users and tenants.
fn delete(call: &Call<'_>, store: &mut Store) -> Result {
    let id = call.body().text("id");
    find(store, id)?;
    store.sso_apps.retain(|app| app.id != id);
    store.outbound_scim.remove(By::Id, id);
    store.applications.oauth.end_client(&ClientKey::Federated(id.to_owned()));
    store.users.edit_each(|user| user.sso_apps.retain(|app| app != id));
    store.tenants.iter_mut().for_each(|tenant| tenant.federated_apps.retain(|app| app != id));
    Ok(Reply::empty())
}

/// The client secrets of an application, of which those that speak OpenID Connect have some.
fn secrets<'a>(store: &'a mut Store, id: &str) -> Result<&'a mut Vec<ClientSecret>> {
    let app = find(store, id)?;
    match app.protocol {
        Protocol::Oidc => Ok(&mut app.secrets),
        _ => Err(Refusal::argument("Only applications that speak OpenID Connect have secrets")),
    }
}

fn secret(call: &Call<'_>, store: &mut Store) -> Result {
    client_secret::load(call, secrets(store, call.query().text("id"))?)
}

fn rotate(call: &Call<'_>, store: &mut Store) -> Result {
    client_secret::rotate(call, secrets(store, call.body().text("id"))?)
}

fn add_secret(call: &Call<'_>, store: &mut Store) -> Result {
    client_secret::add(call, secrets(store, call.body().text("appId"))?)
}

fn revoke_secret(call: &Call<'_>, store: &mut Store) -> Result {
    client_secret::revoke(call, secrets(store, call.body().text("appId"))?)
}

//! Cross-app access: whose assertions a tenant takes for its users.

use serde_json::{Value, json};

use super::sso::settings;
use super::sso_fields::{ATTRIBUTES, ROLE_MAPPING, TENANT, TENANT_ALONE};
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::Action;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::state::sso::{Provider, SsoSettings};
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{self, Field, Kind, Object, optional, required};
use crate::emulator::words::refusal::{Refusal, Reply, Result};

/// The wire type `XAAIssuerSettings`. The issuers are kept by their `iss`, which no list of fields names.
const ISSUER: &[Field] = &[
    optional("jwksUri", Kind::Text),
    optional("signAlgorithm", Kind::Text),
    optional("userInfoUri", Kind::Text),
    optional("externalIdFieldName", Kind::Text),
    optional("jitDisabled", Kind::Bool),
    optional("attributeMapping", Kind::Object(ATTRIBUTES)),
];
/// The wire type `XAAJWTBearerSettings`.
const TRUST: &[Field] = &[
    optional("issuers", Kind::Map),
    optional("jwtBearerGrantTypeAudienceToUse", Kind::Text),
    optional("jwtBearerGrantTypeScopeToUse", Kind::Text),
    optional("jwtBearerGrantTypeCustomClaimsToUse", Kind::Text),
];
/// What is kept as it comes.
const PLAIN: &[Field] = &[
    optional("enabled", Kind::Bool),
    optional("settings", Kind::Object(TRUST)),
    optional("fgaMappings", Kind::Map),
    optional("groupsPriority", Kind::Texts),
    optional("groupPriorityEnabled", Kind::Bool),
    optional("allowOverrideRoles", Kind::Bool),
    optional("providerID", Kind::Text),
];
const CONFIGURE: &[Field] = &[
    required("tenantId", Kind::Text),
    optional("ssoId", Kind::Text),
    optional("enabled", Kind::Bool),
    optional("settings", Kind::Object(TRUST)),
    optional("roleMappings", Kind::Objects(ROLE_MAPPING)),
    optional("defaultSSORoles", Kind::Texts),
    optional("fgaMappings", Kind::Map),
    optional("groupsPriority", Kind::Texts),
    optional("groupPriorityEnabled", Kind::Bool),
    optional("allowOverrideRoles", Kind::Bool),
    optional("providerID", Kind::Text),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::get("/v1/mgmt/sso/xaa/settings", Management, TENANT, load),
    Route::get("/v1/mgmt/sso/xaa/settings/all", Management, TENANT_ALONE, load_all),
    Route::post(
        "/v1/mgmt/sso/xaa/settings",
        Management,
        Action("XAASettingsModified"),
        CONFIGURE,
        configure,
    ),
    Route::delete(
        "/v1/mgmt/sso/xaa/settings",
        Management,
        Action("XAASettingsDeleted"),
        TENANT,
        |call, store| {
            let query = call.query();
            settings(store, query.text("tenantId"), query.some_text("ssoId"))?.cross_app = None;
            Ok(Reply::empty())
        },
    ),
];

impl SsoSettings {
    /// The wire type `SSOXAASettingsResponse`.
    fn show_cross_app(&self, store: &Store) -> Value {
        let mut shown = json!({
            "ssoId": self.id.as_deref().unwrap_or_default(),
            "enabled": false,
            "settings": { "issuers": {} },
            "groupsMapping": [],
            "defaultSSORoles": [],
        });
        if let (Value::Object(shown), Some(access)) = (&mut shown, &self.cross_app)
            && let Value::Object(set) = access.show(store)
        {
            shown.extend(set);
        }
        shown
    }
}

fn load(call: &Call<'_>, store: &mut Store) -> Result {
    let query = call.query();
    let (tenant, id) = (query.text("tenantId"), query.some_text("ssoId"));
    settings(store, tenant, id)?;
    let found = store.sso_settings_of(tenant, id);
    let found = found.ok_or_else(|| Refusal::missing("SSO configuration"))?;
    Ok(found.show_cross_app(store).into())
}

fn load_all(call: &Call<'_>, store: &mut Store) -> Result {
    let tenant = call.query().text("tenantId");
    settings(store, tenant, None)?;
    let all = store.sso_settings.iter().filter(|settings| settings.tenant == tenant);
    list("XAASettings", all.map(|settings| settings.show_cross_app(store)))
}

/// Overwrites everything.
fn configure(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, tenant) = (call.body(), call.body().text("tenantId"));
    settings(store, tenant, body.some_text("ssoId"))?;
    for (issuer, known) in body.object("settings").map("issuers").into_iter().flatten() {
        let Value::Object(known) = known else {
            return Err(Refusal::invalid(format!("The issuer {issuer:?} must be an object")));
        };
        fields::object(ISSUER, known.clone(), "settings.issuers")?;
    }
    let access = Provider {
        settings: PLAIN
            .iter()
            .filter_map(|field| Some((field.name.to_owned(), body.get(field.name)?.clone())))
            .collect::<Object>(),
        mappings: Provider::read_mappings(store, tenant, body)?,
        default_roles: store.role_ids(&body.texts("defaultSSORoles"), Some(tenant))?,
    };
    settings(store, tenant, body.some_text("ssoId"))?.cross_app = Some(access);
    Ok(Reply::empty())
}

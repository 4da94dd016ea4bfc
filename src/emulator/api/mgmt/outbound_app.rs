//! Outbound applications: other services that act for users and tenants.

use serde_json::{Value, json};

use super::ID;
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::Action;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::state::outbound_app::OutboundApp;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::fields::{Field, Fields, Kind, Object, concat, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

/// The wire type `URLParam`; Python's SDK has the key in `name`.
const PARAM: &[Field] =
    &[optional("key", Kind::Text), optional("name", Kind::Text), optional("value", Kind::Text)];
/// How to reach a service, and what may differ from a template.
const SETTINGS: [Field; 16] = [
    optional("accessType", Kind::Text),
    optional("authorizationUrl", Kind::Text),
    optional("authorizationUrlParams", Kind::Objects(PARAM)),
    optional("callbackDomain", Kind::Text),
    optional("dcrUrl", Kind::Text),
    optional("defaultRedirectUrl", Kind::Text),
    optional("defaultScopes", Kind::Texts),
    optional("description", Kind::Text),
    optional("discoveryUrl", Kind::Text),
    optional("logo", Kind::Text),
    optional("pkce", Kind::Bool),
    optional("prompt", Kind::Texts),
    optional("revocationUrl", Kind::Text),
    optional("tokenUrl", Kind::Text),
    optional("tokenUrlParams", Kind::Objects(PARAM)),
    optional("useDcr", Kind::Bool),
];
/// What an application has beside.
const OWN: [Field; 4] = [
    optional("appType", Kind::Text),
    optional("clientId", Kind::Text),
    optional("templateId", Kind::Text),
    optional("tenantId", Kind::Text),
];
const SHOWN: [Field; 20] = concat(SETTINGS, OWN);
const CREATE: [Field; 23] = concat(
    SHOWN,
    [
        required("name", Kind::Text),
        optional("id", Kind::Text),
        optional("clientSecret", Kind::Text),
    ],
);
const APP: [Field; 23] = concat(
    SHOWN,
    [
        required("name", Kind::Text),
        required("id", Kind::Text),
        optional("clientSecret", Kind::Text),
    ],
);
const OVERRIDES: [Field; 17] = concat(SETTINGS, [optional("name", Kind::Text)]);
const FROM_TEMPLATE: &[Field] = &[
    required("templateId", Kind::Text),
    optional("id", Kind::Text),
    optional("clientId", Kind::Text),
    optional("clientSecret", Kind::Text),
    optional("tenantId", Kind::Text),
    optional("overrides", Kind::Object(&OVERRIDES)),
];

/// A service that Descope knows: the ID of its template, its name, and where it gives tokens.
struct Template {
    id: &'static str,
    name: &'static str,
    authorization_url: &'static str,
    token_url: &'static str,
}

/// A few of Descope's.
const TEMPLATES: &[Template] = &[
    Template {
        id: "google-calendar",
        name: "Google Calendar",
        authorization_url: "https://accounts.google.com/o/oauth2/v2/auth",
        token_url: "https://oauth2.googleapis.com/token",
    },
    Template {
        id: "github",
        name: "GitHub",
        authorization_url: "https://github.com/login/oauth/authorize",
        token_url: "https://github.com/login/oauth/access_token",
    },
    Template {
        id: "slack",
        name: "Slack",
        authorization_url: "https://slack.com/oauth/v2/authorize",
        token_url: "https://slack.com/api/oauth.v2.access",
    },
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::get("/v1/mgmt/outbound/app/{id}", Management, &[], |call, store| {
        Ok(shown(find(store, call.param("id"))?))
    }),
    Route::get("/v1/mgmt/outbound/apps", Management, &[], |_, store| {
        list("apps", store.applications.outbound.iter().map(OutboundApp::show))
    }),
    Route::post(
        "/v1/mgmt/outbound/app/create",
        Management,
        Action("OutboundApplicationCreated"),
        &CREATE,
        |call, store| create(store, call.body().text("name"), call.body(), settings(call.body())),
    ),
    Route::post(
        "/v1/mgmt/outbound/app/create/bytemplate",
        Management,
        Action("OutboundApplicationCreated"),
        FROM_TEMPLATE,
        create_from_template,
    ),
    Route::post(
        "/v1/mgmt/outbound/app/update",
        Management,
        Action("OutboundApplicationModified"),
        &[required("app", Kind::Object(&APP))],
        update,
    ),
    Route::post(
        "/v1/mgmt/outbound/app/delete",
        Management,
        Action("OutboundApplicationDeleted"),
        ID,
        |call, store| {
            let id = find(store, call.body().text("id"))?.id.clone();
            store.applications.remove_outbound(&id);
            Ok(Reply::empty())
        },
    ),
];

pub(in crate::emulator) const SEED: List =
    List::plain("outboundApps", "/v1/mgmt/outbound/app/create", |store| {
        store.applications.outbound.iter().map(OutboundApp::save).collect()
    });

impl OutboundApp {
    fn save(&self) -> Value {
        let mut saved = self.show();
        saved["clientSecret"] = json!(self.client_secret);
        saved
    }

    /// The wire type `OutboundApp`, without its secret.
    fn show(&self) -> Value {
        let mut shown = self.settings.clone();
        shown.insert("id".to_owned(), json!(self.id));
        shown.insert("name".to_owned(), json!(self.name));
        Value::Object(shown)
    }
}

pub(in crate::emulator) fn find<'a>(store: &'a Store, id: &str) -> Result<&'a OutboundApp> {
    let app = store.applications.outbound.get(By::Id, id);
    app.ok_or_else(|| Refusal::missing("outbound application"))
}

fn shown(app: &OutboundApp) -> Reply {
    json!({ "app": app.show() }).into()
}

/// The settings that are given. Parameters of URLs are kept as most SDKs name their parts.
fn settings(given: Fields<'_>) -> Object {
    let set = |field: &Field| {
        let value = match field.name {
            name @ ("authorizationUrlParams" | "tokenUrlParams") if given.has(name) => {
                given.objects(name).map(param).collect()
            }
            name => given.get(name)?.clone(),
        };
        Some((field.name.to_owned(), value))
    };
    SHOWN.iter().filter_map(set).collect()
}

fn param(given: Fields<'_>) -> Value {
    let key = given.some_text("key").unwrap_or_else(|| given.text("name"));
    json!({ "key": key, "value": given.text("value") })
}

/// Refuses settings that no service can have.
fn check(store: &Store, settings: &Object) -> Result<()> {
    let fields = Fields::new(settings);
    if let Some(tenant) = fields.some_text("tenantId") {
        store.tenant(tenant).ok_or_else(|| Refusal::missing("tenant"))?;
    }
    if !["", "offline", "online"].contains(&fields.text("accessType")) {
        return Err(Refusal::argument("The accessType is neither offline nor online"));
    }
    let mut prompts = fields.texts("prompt").into_iter();
    match prompts.find(|word| !["none", "login", "consent", "select_account"].contains(word)) {
        None => Ok(()),
        Some(unknown) => Err(Refusal::argument(format!("There is no prompt {unknown:?}"))),
    }
}

/// `given` has the ID and the secret, if they are given.
fn create(store: &mut Store, name: &str, given: Fields<'_>, settings: Object) -> Result {
    let id = given.some_text("id").map_or_else(|| random::id("OA"), str::to_owned);
    if find(store, &id).is_ok() {
        return Err(Refusal::taken("outbound application"));
    }
    check(store, &settings)?;
    let app = OutboundApp {
        id,
        name: name.to_owned(),
        settings,
        client_secret: given.text("clientSecret").to_owned(),
    };
    let answer = shown(&app);
    store.applications.outbound.push(app);
    Ok(answer)
}

fn create_from_template(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, overrides) = (call.body(), call.body().object("overrides"));
    let template = TEMPLATES.iter().find(|template| template.id == body.text("templateId"));
    let template = template.ok_or_else(|| Refusal::missing("template"))?;
    let mut made = Object::new();
    made.insert("authorizationUrl".to_owned(), json!(template.authorization_url));
    made.insert("tokenUrl".to_owned(), json!(template.token_url));
    made.extend(settings(body));
    made.extend(settings(overrides));
    create(store, overrides.some_text("name").unwrap_or(template.name), body, made)
}

/// Overwrites everything but the secret, which stays unless there is a new one.
fn update(call: &Call<'_>, store: &mut Store) -> Result {
    let given = call.body().object("app");
    let (id, settings) = (given.text("id"), settings(given));
    find(store, id)?;
    check(store, &settings)?;
    if let Some(mut app) = store.applications.outbound.edit(By::Id, id) {
        given.text("name").clone_into(&mut app.name);
        app.settings = settings;
        if let Some(secret) = given.some_text("clientSecret") {
            secret.clone_into(&mut app.client_secret);
        }
    }
    Ok(shown(find(store, id)?))
}

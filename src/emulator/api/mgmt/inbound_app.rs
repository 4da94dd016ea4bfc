//! Inbound applications: OAuth clients of the project.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client_secret::{self, SECRET};
use super::{ID, IDS, page_of};
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::{Action, Read};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, last_row};
use crate::emulator::state::client_secret::ClientSecret;
use crate::emulator::state::inbound_app::InboundApp;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::{By, Edit};
use crate::emulator::words::fields::{Field, Fields, Kind, Object, concat, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

/// The wire type `ThirdPartyApplicationScope`.
pub(super) const SCOPE: &[Field] = &[
    required("name", Kind::Text),
    optional("description", Kind::Text),
    optional("values", Kind::Texts),
    optional("optional", Kind::Bool),
];
/// The wire type `ThirdPartyApplicationScopeClaimMapping`.
const SCOPE_CLAIMS: &[Field] = &[
    required("scope", Kind::Text),
    optional("claims", Kind::TextMap),
    optional("description", Kind::Text),
    optional("useProjectMapping", Kind::Bool),
    optional("mandatory", Kind::Bool),
];
const SETTINGS: [Field; 10] = [
    optional("approvedCallbackUrls", Kind::Texts),
    optional("customAttributes", Kind::Map),
    optional("defaultAudience", Kind::Text),
    optional("description", Kind::Text),
    optional("forcePkce", Kind::Bool),
    optional("jwtBearerSettings", Kind::Map),
    optional("loginPageUrl", Kind::Text),
    optional("logo", Kind::Text),
    optional("permissionsScopes", Kind::Objects(SCOPE)),
    optional("scopeClaimMapping", Kind::Objects(SCOPE_CLAIMS)),
];
/// What the first version has in place of the claims of scopes.
const ATTRIBUTES: Field = optional("attributesScopes", Kind::Objects(SCOPE));
const SETTINGS_V1: [Field; 9] = [
    optional("approvedCallbackUrls", Kind::Texts),
    ATTRIBUTES,
    optional("customAttributes", Kind::Map),
    optional("defaultAudience", Kind::Text),
    optional("description", Kind::Text),
    optional("forcePkce", Kind::Bool),
    optional("jwtBearerSettings", Kind::Map),
    optional("logo", Kind::Text),
    optional("permissionsScopes", Kind::Objects(SCOPE)),
];
const NAMED_V1: [Field; 2] = [required("name", Kind::Text), required("loginPageUrl", Kind::Text)];
const CREATE_V1: [Field; 11] = concat(SETTINGS_V1, NAMED_V1);
const UPDATE_V1: [Field; 12] = concat(CREATE_V1, [required("id", Kind::Text)]);
const PATCH_V1: [Field; 12] = concat(
    SETTINGS_V1,
    [
        required("id", Kind::Text),
        optional("name", Kind::Text),
        optional("loginPageUrl", Kind::Text),
    ],
);
const CREATE: [Field; 12] =
    concat(SETTINGS, [required("name", Kind::Text), optional("id", Kind::Text)]);
const UPDATE: [Field; 12] =
    concat(SETTINGS, [required("id", Kind::Text), required("name", Kind::Text)]);
const PATCH: [Field; 12] =
    concat(SETTINGS, [required("id", Kind::Text), optional("name", Kind::Text)]);
const SEARCH: &[Field] = &[optional("limit", Kind::Int), optional("page", Kind::Int)];
const ADD_SECRET: &[Field] =
    &[required("id", Kind::Text), required("name", Kind::Text), optional("expireTime", Kind::Int)];
const REVOKE_SECRET: &[Field] = &[required("id", Kind::Text), required("name", Kind::Text)];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::get("/v2/mgmt/thirdparty/app/load", Management, ID, load),
    Route::post("/v2/mgmt/thirdparty/apps/load", Management, Read, SEARCH, search),
    Route::post(
        "/v2/mgmt/thirdparty/app/create",
        Management,
        Action("ThirdPartyApplicationCreated"),
        &CREATE,
        create,
    ),
    Route::post(
        "/v2/mgmt/thirdparty/app/update",
        Management,
        Action("ThirdPartyApplicationModified"),
        &UPDATE,
        update,
    ),
    Route::post(
        "/v2/mgmt/thirdparty/app/patch",
        Management,
        Action("ThirdPartyApplicationModified"),
        &PATCH,
        patch,
    ),
    Route::get("/v1/mgmt/thirdparty/app/load", Management, ID, load),
    Route::get("/v1/mgmt/thirdparty/apps/load", Management, &[], |_, store| {
        list("apps", store.applications.inbound.iter().map(InboundApp::show))
    }),
    Route::post(
        "/v1/mgmt/thirdparty/app/create",
        Management,
        Action("ThirdPartyApplicationCreated"),
        &CREATE_V1,
        |call, store| {
            let mut made = create(call, store)?;
            made.body["clientId"] =
                last_row(&mut store.applications.inbound)?.client_id.as_str().into();
            Ok(made)
        },
    ),
    Route::post(
        "/v1/mgmt/thirdparty/app/update",
        Management,
        Action("ThirdPartyApplicationModified"),
        &UPDATE_V1,
        update,
    ),
    Route::post(
        "/v1/mgmt/thirdparty/app/patch",
        Management,
        Action("ThirdPartyApplicationModified"),
        &PATCH_V1,
        patch,
    ),
    Route::post(
        "/v1/mgmt/thirdparty/app/delete",
        Management,
        Action("ThirdPartyApplicationDeleted"),
        ID,
        |call, store| delete(store, &[call.body().text("id")]),
    ),
    Route::post(
        "/v1/mgmt/thirdparty/app/delete/batch",
        Management,
        Action("ThirdPartyApplicationsDeleted"),
        IDS,
        |call, store| delete(store, &call.body().texts("ids")),
    ),
    Route::get("/v1/mgmt/thirdparty/app/secret", Management, SECRET, |call, store| {
        let app = find(store, call.query().text("id"))?;
        // Otherwise it would depend on chance which one it is.
        if app.secrets.len() > 1 && !call.query().has("secretName") {
            return Err(Refusal::argument("The application has several secrets: name one"));
        }
        client_secret::load(call, &app.secrets)
    }),
    Route::post(
        "/v1/mgmt/thirdparty/app/rotate",
        Management,
        Action("ThirdPartyApplicationModified"),
        ID,
        |call, store| client_secret::rotate(call, &mut named(call, store)?.secrets),
    ),
    Route::post(
        "/v1/mgmt/thirdparty/app/secret/add",
        Management,
        Action("ThirdPartyApplicationModified"),
        ADD_SECRET,
        |call, store| client_secret::add(call, &mut named(call, store)?.secrets),
    ),
    Route::post(
        "/v1/mgmt/thirdparty/app/secret/revoke",
        Management,
        Action("ThirdPartyApplicationModified"),
        REVOKE_SECRET,
        |call, store| client_secret::revoke(call, &mut named(call, store)?.secrets),
    ),
];

/// What only seeds and registrations set, and what no call overwrites: whether the client is a public one,
/// the audiences that it may ask for, whether it asks for no consent, the keys that it signs with, and the grants
/// that it has registered for.
pub(super) const KEPT: [Field; 6] = [
    optional("nonConfidentialClient", Kind::Bool),
    optional("audienceWhitelist", Kind::Texts),
    optional("skipConsentScreen", Kind::Bool),
    optional("jwks", Kind::Map),
    optional("dynamic", Kind::Bool),
    optional("grantTypes", Kind::Texts),
];
pub(super) const CLIENT_ID: Field = optional("clientId", Kind::Text);

pub(in crate::emulator) const SEED: List = List {
    name: "inboundApps",
    path: "/v2/mgmt/thirdparty/app/create",
    state: &[
        client_secret::STATE,
        ATTRIBUTES,
        CLIENT_ID,
        KEPT[0],
        KEPT[1],
        KEPT[2],
        KEPT[3],
        KEPT[4],
        KEPT[5],
    ],
    restore: |store, state| {
        let mut app = last_row(&mut store.applications.inbound)?;
        app.restore(state);
        if let Some(scopes) = state.get(ATTRIBUTES.name) {
            app.settings.insert(ATTRIBUTES.name.to_owned(), scopes.clone());
        }
        Ok(())
    },
    save: |store| store.applications.inbound.iter().map(InboundApp::save).collect(),
};

impl InboundApp {
    /// Takes what only a state has.
    pub(super) fn restore(&mut self, state: Fields<'_>) {
        if state.has("secrets") {
            self.secrets = ClientSecret::restore(state);
        }
        if let Some(id) = state.some_text(CLIENT_ID.name) {
            id.clone_into(&mut self.client_id);
        }
        for Field { name, .. } in &KEPT {
            if let Some(value) = state.get(name) {
                self.settings.insert((*name).to_owned(), value.clone());
            }
        }
    }

    fn save(&self) -> Value {
        let mut saved = self.settings.clone();
        let secrets: Value = self.secrets.iter().map(ClientSecret::save).collect();
        let mut state = json!({ "secrets": secrets });
        for Field { name, .. } in KEPT.iter().chain([&ATTRIBUTES]) {
            if let Some(value) = saved.remove(*name) {
                state[*name] = value;
            }
        }
        state[CLIENT_ID.name] = json!(self.client_id);
        for (name, value) in [("id", json!(self.id)), ("name", json!(self.name)), ("state", state)]
        {
            saved.insert(name.to_owned(), value);
        }
        Value::Object(saved)
    }

    /// The wire type `ThirdPartyApplication`.
    fn show(&self) -> Value {
        let mut shown = json!({
            "id": self.id,
            "name": self.name,
            "clientId": self.client_id,
            "description": "",
            "logo": "",
            "loginPageUrl": "",
            "approvedCallbackUrls": [],
            "permissionsScopes": [],
        });
        if let Value::Object(shown) = &mut shown {
            shown.extend(self.settings.clone());
        }
        shown
    }
}

fn missing() -> Refusal {
    Refusal::missing("inbound application")
}

pub(super) fn find<'a>(store: &'a Store, id: &str) -> Result<&'a InboundApp> {
    store.applications.inbound.get(By::Id, id).ok_or_else(missing)
}

/// The application that a body names, to be changed.
fn named<'a>(call: &Call<'_>, store: &'a mut Store) -> Result<Edit<'a, InboundApp>> {
    store.applications.inbound.edit(By::Id, call.body().text("id")).ok_or_else(missing)
}

fn load(call: &Call<'_>, store: &mut Store) -> Result {
    Ok(find(store, call.query().text("id"))?.show().into())
}

fn search(call: &Call<'_>, store: &mut Store) -> Result {
    let (skipped, limit) = page_of(call.body())?;
    let apps = store.applications.inbound.iter();
    let page: Value = apps.clone().skip(skipped).take(limit).map(InboundApp::show).collect();
    Ok(json!({ "apps": page, "total": apps.count() }).into())
}

/// The settings that are given.
fn settings(body: Fields<'_>) -> Result<Object> {
    let audience = body.text("defaultAudience");
    if !["", "projectId", "clientId"].contains(&audience) {
        return Err(Refusal::argument(format!("There is no default audience {audience:?}")));
    }
    for (list, key) in
        [("permissionsScopes", "name"), (ATTRIBUTES.name, "name"), ("scopeClaimMapping", "scope")]
    {
        let mut names: Vec<_> = body.objects(list).map(|scope| scope.text(key)).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Refusal::argument(format!("A scope appears twice in {list}")));
        }
    }
    let given = SETTINGS.iter().chain([&ATTRIBUTES]);
    Ok(given.filter_map(|f| Some((f.name.to_owned(), body.get(f.name)?.clone()))).collect())
}

/// Refuses a name that another application has.
fn check_name(store: &Store, name: &str, id: &str) -> Result<()> {
    let mut apps = store.applications.inbound.iter();
    if apps.any(|app| app.name == name && app.id != id) {
        return Err(Refusal::taken("inbound application"));
    }
    Ok(())
}

fn create(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, name) = (call.body(), call.body().text("name"));
    let id = body.some_text("id").map_or_else(|| random::id("TPA"), str::to_owned);
    if store.applications.inbound.get(By::Id, &id).is_some() {
        return Err(Refusal::taken("inbound application"));
    }
    check_name(store, name, &id)?;
    let cleartext = random::text(40);
    store.applications.inbound.push(InboundApp {
        name: name.to_owned(),
        client_id: STANDARD.encode(format!("{}:{id}", call.settings.project_id)),
        settings: settings(body)?,
        secrets: vec![ClientSecret::new("", cleartext.clone(), call, 0)],
        id: id.clone(),
    });
    Ok(json!({ "id": id, "cleartext": cleartext }).into())
}

/// Overwrites every setting.
fn update(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let mut settings = settings(body)?;
    check_name(store, body.text("name"), body.text("id"))?;
    let mut app = named(call, store)?;
    body.text("name").clone_into(&mut app.name);
    for Field { name, .. } in &KEPT {
        if let Some(value) = app.settings.remove(*name) {
            settings.insert((*name).to_owned(), value);
        }
    }
    app.settings = settings;
    drop(app);
    store.applications.drop_lost_scopes(body.text("id"));
    Ok(Reply::empty())
}

/// Overwrites what is given.
fn patch(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let settings = settings(body)?;
    if let Some(name) = body.some_text("name") {
        check_name(store, name, body.text("id"))?;
    }
    let mut app = named(call, store)?;
    if let Some(name) = body.some_text("name") {
        name.clone_into(&mut app.name);
    }
    app.settings.extend(settings);
    drop(app);
    store.applications.drop_lost_scopes(body.text("id"));
    Ok(Reply::empty())
}

/// Removes all of these applications, with all consents, or none of them.
fn delete(store: &mut Store, ids: &[&str]) -> Result {
    ids.iter().try_for_each(|id| find(store, id).map(drop))?;
    for id in ids {
        store.applications.remove_inbound(id);
    }
    Ok(Reply::empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::emulator::Emulator;
    use crate::emulator::testing::refused;

    #[test]
    fn the_first_version_is_about_the_same_applications() {
        let emulator = Emulator::new();
        let create = |body: Value| {
            let path = "/v1/mgmt/thirdparty/app/create";
            emulator.send("POST", path, emulator.management_key(), &body)
        };
        let load = |which: &Emulator, path: &str| {
            which.send("GET", path, which.management_key(), &json!(null)).1
        };
        let scopes = json!([{ "name": "profile", "values": ["name"] }]);
        let new = json!({ "name": "A", "loginPageUrl": "https://a", "attributesScopes": scopes });
        let (_, made) = create(new.clone());
        let id = &made["id"];
        let by_id = |version: &str| {
            let path = format!("/{version}/mgmt/thirdparty/app/load?id={}", id.as_str().unwrap());
            load(&emulator, &path)
        };
        let shown = by_id("v2");
        assert_eq!((&shown["clientId"], &shown["attributesScopes"]), (&made["clientId"], &scopes));
        assert_eq!(by_id("v1"), shown);
        refused(create(new), 400, "EMU409");
        let twice = json!([{ "name": "profile" }, { "name": "profile" }]);
        let twice = json!({ "name": "B", "loginPageUrl": "https://b", "attributesScopes": twice });
        refused(create(twice), 400, "E011004");

        emulator.seed(&json!({ "users": [{ "loginId": "ada" }] })).unwrap();
        let consent = json!({ "appId": id, "loginId": "ada", "scopes": ["profile"] });
        emulator.seed(&json!({ "inboundConsents": [consent] })).unwrap();
        let copy = Emulator::builder().project_id(emulator.project_id()).build();
        copy.seed(&emulator.export()).unwrap();
        let all = "/v1/mgmt/thirdparty/apps/load";
        assert_eq!(load(&copy, all), json!({ "apps": [shown] }));

        let patch = json!({ "id": id, "attributesScopes": [], "name": "C" });
        emulator.manage("/v1/mgmt/thirdparty/app/patch", &patch);
        assert_eq!(
            (&by_id("v1")["name"], &by_id("v1")["loginPageUrl"]),
            (&json!("C"), &json!("https://a"))
        );
        let found = emulator.manage("/v1/mgmt/thirdparty/consents/search", &json!({}));
        assert_eq!(found["consents"][0]["scopes"], json!([]), "the scope is gone");
        let all_new = json!({ "id": id, "name": "D", "loginPageUrl": "https://d" });
        emulator.manage("/v1/mgmt/thirdparty/app/update", &all_new);
        assert_eq!(by_id("v1").get("attributesScopes"), None);
        refused(create(json!({ "name": "E" })), 400, "E011003");
    }
}

//! Configurations of outbound SCIM, of which each belongs to an SSO application. Nobody is provisioned.

use serde_json::{Value, json};

use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::Action;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, last_row};
use crate::emulator::state::outbound_scim::ScimConfiguration;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::{By, Edit};
use crate::emulator::words::fields::{Field, Kind, optional, required};
use crate::emulator::words::refusal::{Refusal, Reply, Result};

const APP: &[Field] = &[required("appId", Kind::Text)];
const CREATE: &[Field] = &[required("appId", Kind::Text), optional("configuration", Kind::Map)];
const UPDATE: &[Field] = &[
    required("appId", Kind::Text),
    required("version", Kind::Int),
    optional("configuration", Kind::Map),
];
const SWITCH: &[Field] = &[required("appId", Kind::Text), required("enabled", Kind::Bool)];

/// Members of a configuration that are shown masked.
const SECRETS: &[&str] =
    &["hmacSecret", "awsAccessKeyId", "awsSecretAccessKey", "rfc9421PrivateKey"];
const MASK: &str = "********";

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::post(
        "/v1/mgmt/outbound/scim/create",
        Management,
        Action("OutboundScimCreated"),
        CREATE,
        create,
    ),
    Route::post(
        "/v1/mgmt/outbound/scim/update",
        Management,
        Action("OutboundScimModified"),
        UPDATE,
        update,
    ),
    Route::post(
        "/v1/mgmt/outbound/scim/enabled/set",
        Management,
        Action("OutboundScimModified"),
        SWITCH,
        |call, store| {
            let mut scim = find(store, call.body().text("appId"))?;
            scim.enabled = call.body().flag("enabled");
            scim.version = scim.version.saturating_add(1);
            Ok(scim.answer())
        },
    ),
    Route::post(
        "/v1/mgmt/outbound/scim/delete",
        Management,
        Action("OutboundScimDeleted"),
        APP,
        |call, store| {
            let app = call.body().text("appId");
            store.outbound_scim.take(By::Id, app).ok_or_else(missing)?;
            Ok(Reply::empty())
        },
    ),
    Route::get("/v1/mgmt/outbound/scim/{appId}", Management, &[], |call, store| {
        Ok(find(store, call.param("appId"))?.answer())
    }),
];

pub(in crate::emulator) const SEED: List = List {
    name: "outboundScim",
    path: "/v1/mgmt/outbound/scim/create",
    state: &[optional("enabled", Kind::Bool), optional("version", Kind::Int)],
    restore: |store, state| {
        let mut scim = last_row(&mut store.outbound_scim)?;
        scim.enabled = state.maybe_flag("enabled").unwrap_or(scim.enabled);
        scim.version = state.int("version").unwrap_or(scim.version);
        Ok(())
    },
    save: |store| store.outbound_scim.iter().map(ScimConfiguration::save).collect(),
};

impl ScimConfiguration {
    fn save(&self) -> Value {
        json!({
            "appId": self.app,
            "configuration": self.configuration,
            "state": { "enabled": self.enabled, "version": self.version },
        })
    }

    /// The wire type `OutboundScimConfiguration`. Descope writes its 64-bit numbers as texts.
    fn answer(&self) -> Reply {
        let mut configuration = self.configuration.clone();
        for (name, value) in &mut configuration {
            if SECRETS.contains(&&**name) {
                *value = json!(MASK);
            }
        }
        let shown = json!({
            "appId": self.app,
            "configuration": configuration,
            "enabled": self.enabled,
            "lastExportTime": "0",
            "lastProcessingTime": "0",
            "failures": 0,
            "version": self.version.to_string(),
        });
        json!({ "configuration": shown }).into()
    }
}

fn missing() -> Refusal {
    Refusal::missing("outbound SCIM configuration")
}

fn find<'a>(store: &'a mut Store, app: &str) -> Result<Edit<'a, ScimConfiguration>> {
    store.outbound_scim.edit(By::Id, app).ok_or_else(missing)
}

fn create(call: &Call<'_>, store: &mut Store) -> Result {
    let app = call.body().text("appId");
    if !store.sso_apps.iter().any(|known| known.id == app) {
        return Err(Refusal::missing("SSO application"));
    }
    if store.outbound_scim.get(By::Id, app).is_some() {
        return Err(Refusal::taken("outbound SCIM configuration"));
    }
    let configuration = call.body().map("configuration").cloned().unwrap_or_default();
    let scim = ScimConfiguration { app: app.to_owned(), configuration, enabled: true, version: 1 };
    let answer = scim.answer();
    store.outbound_scim.push(scim);
    Ok(answer)
}

/// Replaces the configuration, unless somebody else did so meanwhile. A masked secret stays as it is.
fn update(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let mut scim = find(store, body.text("appId"))?;
    if body.int("version") != Some(scim.version) {
        return Err(Refusal::argument("The configuration has another version by now: load it"));
    }
    let mut new = body.map("configuration").cloned().unwrap_or_default();
    for name in SECRETS {
        if let (Some(given), Some(known)) = (new.get_mut(*name), scim.configuration.get(*name))
            && given == MASK
        {
            known.clone_into(given);
        }
    }
    scim.configuration = new;
    scim.version = scim.version.saturating_add(1);
    Ok(scim.answer())
}

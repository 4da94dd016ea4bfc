//! Engines. None ever connects here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::ID;
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::Action;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, last_row};
use crate::emulator::state::engine::Engine;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::{By, Edit};
use crate::emulator::words::digest::{digest, saved_digest};
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

const CREATE: &[Field] = &[required("name", Kind::Text)];
const UPDATE: &[Field] = &[required("id", Kind::Text), required("name", Kind::Text)];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/engine/create", Management, Action("EngineCreated"), CREATE, create),
    Route::get("/v1/mgmt/engine/load", Management, ID, |call, store| {
        show(store, call.query().text("id"))
    }),
    Route::get("/v1/mgmt/engines/load", Management, &[], |_, store| {
        list("engines", store.engines.iter().map(Engine::show))
    }),
    Route::post("/v1/mgmt/engine/update", Management, Action("EngineModified"), UPDATE, update),
    Route::post("/v1/mgmt/engine/rotate", Management, Action("EngineModified"), ID, rotate),
    Route::post("/v1/mgmt/engine/delete", Management, Action("EngineDeleted"), ID, delete),
];

pub(in crate::emulator) const SEED: List = List {
    name: "engines",
    path: "/v1/mgmt/engine/create",
    state: &[
        optional("id", Kind::Text),
        optional("digest", Kind::Text),
        optional("createdTime", Kind::Int),
    ],
    restore,
    save: |store| store.engines.iter().map(Engine::save).collect(),
};

fn restore(store: &mut Store, state: Fields<'_>) -> Result<()> {
    let mut engine = last_row(&mut store.engines)?;
    if let Some(id) = state.some_text("id") {
        id.clone_into(&mut engine.id);
    }
    if let Some(digest) = state.maybe_text("digest") {
        engine.secret = saved_digest(digest)?;
    }
    engine.created = state.int("createdTime").unwrap_or(engine.created);
    Ok(())
}

impl Engine {
    fn save(&self) -> Value {
        json!({
            "name": self.name,
            "state": {
                "id": self.id,
                "digest": STANDARD.encode(self.secret),
                "createdTime": self.created,
            },
        })
    }

    /// The wire type `Engine`, without the secret.
    fn show(&self) -> Value {
        json!({ "id": self.id, "name": self.name, "createdTime": self.created })
    }
}

fn missing() -> Refusal {
    Refusal::missing("engine")
}

fn find<'a>(store: &'a mut Store, id: &str) -> Result<Edit<'a, Engine>> {
    store.engines.edit(By::Id, id).ok_or_else(missing)
}

fn show(store: &Store, id: &str) -> Result {
    let engine = store.engines.get(By::Id, id).ok_or_else(missing)?;
    Ok(json!({ "engine": engine.show() }).into())
}

fn create(call: &Call<'_>, store: &mut Store) -> Result {
    let secret = random::token();
    let engine = Engine {
        id: random::id("E"),
        name: call.body().text("name").to_owned(),
        secret: digest(&secret),
        created: call.now,
    };
    let mut shown = engine.show();
    shown["secret"] = json!(secret);
    store.engines.push(engine);
    Ok(json!({ "engine": shown }).into())
}

fn update(call: &Call<'_>, store: &mut Store) -> Result {
    let id = call.body().text("id");
    call.body().text("name").clone_into(&mut find(store, id)?.name);
    show(store, id)
}

fn rotate(call: &Call<'_>, store: &mut Store) -> Result {
    let secret = random::token();
    find(store, call.body().text("id"))?.secret = digest(&secret);
    Ok(json!({ "secret": secret }).into())
}

fn delete(call: &Call<'_>, store: &mut Store) -> Result {
    store.engines.take(By::Id, call.body().text("id")).ok_or_else(missing)?;
    Ok(Reply::empty())
}

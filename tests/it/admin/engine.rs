//! Engines.

use descope::mgmt::engine::Engine;
use descope::{Error, UnixTime};
use serde_json::{Value, json};

use crate::emulated::start;
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, exchange, refuses, sends};

fn engine() -> Value {
    json!({ "id": "E1", "name": "Mill", "createdTime": 1_700_000_000, "shoeSize": 42 })
}

fn is_the_mill(mill: &Engine) {
    assert_eq!((&*mill.id, &*mill.name, &mill.extra["shoeSize"]), ("E1", "Mill", &json!(42)));
    assert_eq!(mill.created_time, Some(UnixTime::from_seconds(1_700_000_000)));
    let written = serde_json::to_value(mill).unwrap();
    assert_eq!(written, engine());
    assert_eq!(serde_json::from_value::<Engine>(written).unwrap(), *mill);
}

/// The engine as some answers have it.
fn with_secret(secret: &str) -> Value {
    let mut engine = engine();
    engine["secret"] = secret.into();
    engine
}

#[test]
fn the_secret_of_a_new_engine_is_in_it_or_beside_it() {
    let line = "POST /v1/mgmt/engine/create";
    let beside = json!({ "engine": engine(), "secret": "canary" });
    let within = json!({ "engine": with_secret("canary") });
    let both = json!({ "engine": with_secret(""), "secret": "canary" });
    for answer in [beside, both] {
        let created = sends(line, MANAGEMENT, json!({ "name": "Mill" }), &answer, |client| {
            client.mgmt().engine().create("Mill")
        });
        assert_eq!(created.secret.expose(), "canary");
        assert!(!format!("{created:?}").contains("canary"));
        is_the_mill(&created.engine);
    }
    let created = exchange(&within, |client| client.mgmt().engine().create("Mill")).0.unwrap();
    assert_eq!(created.secret.expose(), "canary");
    is_the_mill(&created.engine);
    let without = json!({ "engine": engine() });
    let error = exchange(&without, |client| client.mgmt().engine().create("Mill")).0.unwrap_err();
    assert!(matches!(error, Error::Decode(error) if error.to_string() == "no `secret`"));
    every_field_of(["POST /v1/mgmt/engine/create"]);
}

#[test]
fn load_and_update_show_no_secret() {
    let answer = json!({ "engine": with_secret("canary") });
    let line = "GET /v1/mgmt/engine/load?id=E%2F1";
    let loaded =
        sends(line, MANAGEMENT, Value::Null, &answer, |client| client.mgmt().engine().load("E/1"));
    is_the_mill(&loaded);
    let line = "POST /v1/mgmt/engine/update";
    let body = json!({ "id": "E1", "name": "Mill" });
    let updated = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().engine().update("E1", "Mill")
    });
    is_the_mill(&updated);
    let answer = json!({ "engines": [with_secret("canary"), { "id": "E2", "createdTime": 0 }] });
    let line = "GET /v1/mgmt/engines/load";
    let all =
        sends(line, MANAGEMENT, Value::Null, &answer, |client| client.mgmt().engine().load_all());
    is_the_mill(&all[0]);
    assert_eq!(all[1].created_time, None);
    assert!(!format!("{all:?}").contains("canary"));
    every_field_of([
        "GET /v1/mgmt/engine/load",
        "POST /v1/mgmt/engine/update",
        "GET /v1/mgmt/engines/load",
    ]);
}

#[test]
fn rotate_secret_and_delete() {
    let answer = json!({ "secret": "canary", "engine": engine() });
    let line = "POST /v1/mgmt/engine/rotate";
    let secret = sends(line, MANAGEMENT, json!({ "id": "E1" }), &answer, |client| {
        client.mgmt().engine().rotate_secret("E1")
    });
    assert_eq!(secret.expose(), "canary");
    let line = "POST /v1/mgmt/engine/delete";
    sends(line, MANAGEMENT, json!({ "id": "E1" }), &json!({}), |client| {
        client.mgmt().engine().delete("E1")
    });
    every_field_of(["POST /v1/mgmt/engine/delete", "POST /v1/mgmt/engine/rotate"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    refuses("name", |c| c.mgmt().engine().create(""));
    refuses("id", |c| c.mgmt().engine().load(""));
    refuses("id", |c| c.mgmt().engine().update("", "Mill"));
    refuses("name", |c| c.mgmt().engine().update("E1", " "));
    refuses("id", |c| c.mgmt().engine().delete(""));
    refuses("id", |c| c.mgmt().engine().rotate_secret(""));
    refusals_of([
        ("POST /v1/mgmt/engine/create", "name"),
        ("POST /v1/mgmt/engine/delete", "id"),
        ("GET /v1/mgmt/engine/load", "id"),
        ("POST /v1/mgmt/engine/rotate", "id"),
        ("POST /v1/mgmt/engine/update", "id name"),
    ]);
}

#[test]
fn an_engine_has_one_secret_at_a_time() {
    let (emulator, client) = start();
    let engines = client.mgmt().engine();
    let made = engines.create("Mill").unwrap();
    let (id, first) = (&*made.engine.id, made.secret.expose());
    assert!(first.len() > 30);
    assert_eq!(engines.load(id).unwrap(), made.engine);
    let saved = || emulator.export()["engines"][0]["state"]["digest"].clone();
    let before = saved();
    assert!(!emulator.export().to_string().contains(first), "only the digest is kept");
    let second = engines.rotate_secret(id).unwrap();
    assert_ne!(second.expose(), first);
    assert_ne!(saved(), before);

    let renamed = engines.update(id, "Engine").unwrap();
    assert_eq!((&*renamed.name, renamed.created_time), ("Engine", made.engine.created_time));
    engines.create("Other").unwrap();
    let names: Vec<_> = engines.load_all().unwrap().into_iter().map(|of| of.name).collect();
    assert_eq!(names, ["Engine", "Other"]);

    let (other, copy) = start();
    other.seed(&emulator.export()).unwrap();
    assert_eq!(copy.mgmt().engine().load(id).unwrap(), renamed);
    assert_eq!(other.export(), emulator.export());

    engines.delete(id).unwrap();
    assert!(engines.load(id).unwrap_err().is_not_found());
    assert!(engines.update(id, "E").unwrap_err().is_not_found());
    assert!(engines.rotate_secret(id).unwrap_err().is_not_found());
    assert!(engines.delete(id).unwrap_err().is_not_found());
}

//! Provisioning users to other applications.

use descope::mgmt::outbound_scim::{ScimConfiguration, ScimOptions};
use serde_json::{Value, json};

use crate::emulated::{refused, start};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

fn configuration() -> Value {
    json!({ "url": "https://scim.example.com", "auth": { "token": "canary" }, "k": [1, { "a": null }] })
}

fn options() -> ScimOptions {
    let configuration: Vec<(String, Value)> =
        configuration().as_object().unwrap().clone().into_iter().collect();
    ScimOptions::default().configuration(configuration)
}

fn answer() -> Value {
    json!({ "configuration": {
        "appId": "app", "configuration": configuration(), "enabled": true,
        "lastExportTime": 1_700_000_000, "lastProcessingTime": 1_700_000_001, "failures": 3,
        "version": 7, "shoeSize": 42,
    } })
}

fn is_the_app(app: &ScimConfiguration) {
    assert_eq!((&*app.app_id, app.enabled), ("app", Some(true)));
    assert_eq!(app.configuration["auth"], json!({ "token": "canary" }));
    assert_eq!(app.configuration["k"], json!([1, { "a": null }]));
    assert_eq!(app.last_export_time, Some(1_700_000_000));
    assert_eq!(app.last_processing_time, Some(1_700_000_001));
    assert_eq!((app.failures, app.version, &app.extra["shoeSize"]), (Some(3), Some(7), &json!(42)));
    assert!(!format!("{app:?}").contains("canary"));
}

#[test]
fn create_and_update_with_every_field_and_with_none() {
    let (create, update) =
        ("POST /v1/mgmt/outbound/scim/create", "POST /v1/mgmt/outbound/scim/update");
    assert!(!format!("{:?}", options()).contains("canary"));
    let body = json!({ "appId": "app", "configuration": configuration() });
    let created = sends(create, MANAGEMENT, body, &answer(), |client| {
        client.mgmt().outbound_scim().create("app", &options())
    });
    is_the_app(&created);
    let none = ScimOptions::default();
    sends(create, MANAGEMENT, json!({ "appId": "app" }), &answer(), |client| {
        client.mgmt().outbound_scim().create("app", &none)
    });
    let body = json!({ "appId": "app", "version": 7, "configuration": configuration() });
    let updated = sends(update, MANAGEMENT, body, &answer(), |client| {
        client.mgmt().outbound_scim().update("app", 7, &options())
    });
    is_the_app(&updated);
    sends(update, MANAGEMENT, json!({ "appId": "app", "version": 0 }), &answer(), |client| {
        client.mgmt().outbound_scim().update("app", 0, &none)
    });
    every_field_of(["POST /v1/mgmt/outbound/scim/create", "POST /v1/mgmt/outbound/scim/update"]);
}

#[test]
fn load_enable_disable_and_delete() {
    let line = "GET /v1/mgmt/outbound/scim/my%2Fapp";
    let loaded = sends(line, MANAGEMENT, Value::Null, &answer(), |client| {
        client.mgmt().outbound_scim().load("my/app")
    });
    is_the_app(&loaded);
    let line = "POST /v1/mgmt/outbound/scim/enabled/set";
    let body = json!({ "appId": "app", "enabled": true });
    let enabled = sends(line, MANAGEMENT, body, &answer(), |client| {
        client.mgmt().outbound_scim().enable("app")
    });
    is_the_app(&enabled);
    let body = json!({ "appId": "app", "enabled": false });
    sends(line, MANAGEMENT, body, &answer(), |client| client.mgmt().outbound_scim().disable("app"));
    let line = "POST /v1/mgmt/outbound/scim/delete";
    sends(line, MANAGEMENT, json!({ "appId": "app" }), &json!({}), |client| {
        client.mgmt().outbound_scim().delete("app")
    });
    every_field_of([
        "POST /v1/mgmt/outbound/scim/delete",
        "POST /v1/mgmt/outbound/scim/enabled/set",
        "GET /v1/mgmt/outbound/scim/{appId}",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let none = ScimOptions::default();
    refuses("app_id", |c| c.mgmt().outbound_scim().create("", &none));
    refuses("app_id", |c| c.mgmt().outbound_scim().update("", 1, &none));
    refuses("app_id", |c| c.mgmt().outbound_scim().load(""));
    refuses("app_id", |c| c.mgmt().outbound_scim().enable(""));
    refuses("app_id", |c| c.mgmt().outbound_scim().disable(""));
    refuses("app_id", |c| c.mgmt().outbound_scim().delete(""));
    refusals_of([
        ("POST /v1/mgmt/outbound/scim/create", "app_id"),
        ("POST /v1/mgmt/outbound/scim/delete", "app_id"),
        ("POST /v1/mgmt/outbound/scim/enabled/set", "app_id"),
        ("POST /v1/mgmt/outbound/scim/update", "app_id"),
        ("GET /v1/mgmt/outbound/scim/{appId}", "app_id"),
    ]);
}

#[test]
fn a_configuration_changes_only_from_the_version_that_was_seen() {
    let (emulator, client) = start();
    let scim = client.mgmt().outbound_scim();
    assert!(scim.create("app", &options()).unwrap_err().is_not_found(), "no such application");
    emulator.seed(&json!({ "oidcApps": [{ "name": "App", "id": "app" }] })).unwrap();
    let made = scim.create("app", &options()).unwrap();
    assert_eq!((made.enabled, made.version), (Some(true), Some(1)));
    assert_eq!(Value::Object(made.configuration.clone()), configuration());
    assert_eq!(scim.load("app").unwrap(), made);
    refused(scim.create("app", &options()), 400, "EMU409");

    let with_secret =
        |secret: &str| ScimOptions::default().configuration([("hmacSecret", secret), ("k", "v")]);
    let updated = scim.update("app", 1, &with_secret("canary")).unwrap();
    assert_eq!(updated.version, Some(2));
    assert_eq!(updated.configuration["hmacSecret"], "********", "secrets are shown masked");
    refused(scim.update("app", 1, &options()), 400, "E011004");
    assert_eq!(scim.load("app").unwrap(), updated);
    scim.update("app", 2, &with_secret("********")).unwrap();
    let saved = &emulator.export()["outboundScim"][0]["configuration"]["hmacSecret"];
    assert_eq!(saved, "canary", "what comes back masked stays");

    let off = scim.disable("app").unwrap();
    assert_eq!((off.enabled, off.version), (Some(false), Some(4)));
    assert_eq!(off.configuration, scim.load("app").unwrap().configuration);
    assert_eq!(scim.enable("app").unwrap().enabled, Some(true));
    let (other, copy) = start();
    other.seed(&emulator.export()).unwrap();
    assert_eq!(copy.mgmt().outbound_scim().load("app").unwrap(), scim.load("app").unwrap());

    scim.delete("app").unwrap();
    for gone in [scim.load("app"), scim.update("app", 5, &options()), scim.enable("app")] {
        assert!(gone.unwrap_err().is_not_found());
    }
    assert!(scim.delete("app").unwrap_err().is_not_found());
    scim.create("app", &ScimOptions::default()).unwrap();
    client.mgmt().sso_application().delete("app").unwrap();
    assert!(scim.load("app").unwrap_err().is_not_found(), "it ends with its application");
}

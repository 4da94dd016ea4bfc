//! Provisioning users to other applications.

use descope::mgmt::outbound_scim::{ScimConfiguration, ScimOptions};
use serde_json::{Value, json};

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

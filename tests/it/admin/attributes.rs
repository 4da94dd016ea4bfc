//! The attributes that the project defines for its families and SSO applications.

use descope::emulator::Emulator;
use descope::mgmt::family::{AttributeKind, AttributeOption, CustomAttribute};
use descope::{Client, Result};
use serde_json::{Value, json};

use crate::emulated::{refused, start};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

fn plan_json() -> Value {
    json!({
        "name": "plan", "type": 4, "displayName": "Plan",
        "options": [{ "value": "free", "label": "Free of charge" }, { "value": "paid" }],
        "defaultValue": "free", "viewPermissions": ["View"], "editPermissions": ["Edit"],
        "required": true,
    })
}

fn plan() -> CustomAttribute {
    CustomAttribute::new("plan", AttributeKind::SingleSelect)
        .display_name("Plan")
        .options([AttributeOption::labelled("free", "Free of charge"), "paid".into()])
        .default_value("free")
        .view_permissions(["View"])
        .edit_permissions(["Edit"])
        .required(true)
}

type Create = fn(&Client, &[CustomAttribute]) -> Result<Vec<CustomAttribute>>;
type Delete = fn(&Client, &[&str]) -> Result<Vec<CustomAttribute>>;
type Load = fn(&Client) -> Result<Vec<CustomAttribute>>;

/// The path of each kind of attribute, and its calls.
const KINDS: [(&str, Create, Delete, Load); 2] = [
    (
        "/v1/mgmt/family",
        |client, new| client.mgmt().family().create_custom_attributes(new),
        |client, names| client.mgmt().family().delete_custom_attributes(names),
        |client| client.mgmt().family().load_custom_attributes(),
    ),
    (
        "/v1/mgmt/sso/idp/app",
        |client, new| client.mgmt().sso_application().create_custom_attributes(new),
        |client, names| client.mgmt().sso_application().delete_custom_attributes(names),
        |client| client.mgmt().sso_application().load_custom_attributes(),
    ),
];

#[test]
fn create_delete_and_load_with_every_field_and_with_none() {
    let answer = json!({ "data": [plan_json(), { "name": "size", "type": 99, "shoeSize": 42 }], "total": 2 });
    for (path, create, delete, load) in KINDS {
        let body = json!({ "attributes": [plan_json(), { "name": "size", "type": 2 }] });
        let line = format!("POST {path}/customattribute/create");
        let created = sends(&line, MANAGEMENT, body, &answer, |client| {
            create(client, &[plan(), CustomAttribute::new("size", AttributeKind::Number)])
        });
        assert_eq!(created[0], plan());
        assert_eq!(created[1].kind, Some(AttributeKind::Other(99)));
        assert_eq!(created[1].extra["shoeSize"], json!(42));
        let line = format!("POST {path}/customattribute/delete");
        let left = sends(&line, MANAGEMENT, json!({ "names": ["plan"] }), &answer, |client| {
            delete(client, &["plan"])
        });
        assert_eq!(left.len(), 2);
        let line = format!("GET {path}/customattributes");
        assert_eq!(sends(&line, MANAGEMENT, Value::Null, &answer, load)[0], plan());
    }
    every_field_of([
        "POST /v1/mgmt/family/customattribute/create",
        "POST /v1/mgmt/family/customattribute/delete",
        "GET /v1/mgmt/family/customattributes",
        "POST /v1/mgmt/sso/idp/app/customattribute/create",
        "POST /v1/mgmt/sso/idp/app/customattribute/delete",
        "GET /v1/mgmt/sso/idp/app/customattributes",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    for (_, create, delete, _) in KINDS {
        refuses("attributes", |client| create(client, &[]));
        refuses("name", |client| create(client, &[CustomAttribute::new("", AttributeKind::Text)]));
        refuses("names", |client| delete(client, &[]));
        refuses("names", |client| delete(client, &["plan", ""]));
    }
    refusals_of([
        ("POST /v1/mgmt/family/customattribute/create", "attributes name"),
        ("POST /v1/mgmt/family/customattribute/delete", "names"),
        ("POST /v1/mgmt/sso/idp/app/customattribute/create", "attributes name"),
        ("POST /v1/mgmt/sso/idp/app/customattribute/delete", "names"),
    ]);
}

#[test]
fn values_of_applications_go_with_their_definition() {
    let (emulator, client) = start();
    let apps = client.mgmt().sso_application();
    let plan = CustomAttribute::new("plan", AttributeKind::SingleSelect).options(["free", "paid"]);
    let team = CustomAttribute::new("team", AttributeKind::Text);
    apps.create_custom_attributes(&[plan.clone(), team.clone()]).unwrap();
    refused(apps.create_custom_attributes(std::slice::from_ref(&plan)), 400, "EMU409");
    let strange = CustomAttribute::new("x", AttributeKind::Other(99));
    refused(apps.create_custom_attributes(&[strange]), 400, "E011004");
    assert_eq!(apps.load_custom_attributes().unwrap(), [plan, team.clone()]);
    let values = json!({ "plan": "paid", "team": "engine" });
    let app = json!({ "id": "app", "name": "App", "customAttributes": values });
    emulator.seed(&json!({ "oidcApps": [app] })).unwrap();
    let copy = Emulator::builder().project_id(emulator.project_id()).build();
    copy.seed(&emulator.export()).unwrap();
    assert_eq!(copy.export(), emulator.export());
    assert_eq!(apps.delete_custom_attributes(&["plan", "nobody"]).unwrap(), [team]);
    let left = apps.load("app").unwrap().custom_attributes;
    assert_eq!(left.into_iter().collect::<Vec<_>>(), [("team".to_owned(), json!("engine"))]);
    assert_eq!(client.mgmt().user().load_custom_attributes().unwrap(), [], "those are of users");
}

//! The attributes that the project defines for its families and SSO applications.

use descope::mgmt::family::{AttributeKind, AttributeOption, CustomAttribute};
use descope::{Client, Result};
use serde_json::{Value, json};

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

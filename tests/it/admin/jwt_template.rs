//! JWT templates.

use descope::mgmt::jwt_template::{
    AuthSchema, EmptyClaimPolicy, IssuerType, JwtTemplate, JwtTemplateDefinition, JwtTemplateKind,
    LibraryOverrides, LibraryTemplate, ValidateOptions,
};
use serde_json::{Value, json};

use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends, sends_unlisted};

fn definition_json() -> Value {
    json!({
        "name": "Plan", "type": "user", "description": "d", "source": "custom", "tags": ["billing"],
        "template": { "plan": "{{user.customAttributes.plan}}", "nested": [1, { "a": null }] },
        "authSchema": "tenantOnly", "emptyClaimPolicy": "delete", "issuerType": "federated",
        "conformanceIssuer": true, "enforceIssuer": false, "autoDCT": true,
        "overrideSubject": false, "omitCustomClaimsFromDSR": true, "addJti": true,
        "excludePermissions": false,
    })
}

fn definition() -> JwtTemplateDefinition {
    let plan = [("plan", "{{user.customAttributes.plan}}")];
    JwtTemplateDefinition::new("Plan", JwtTemplateKind::User, plan)
        .claims([("nested", json!([1, { "a": null }]))])
        .description("d")
        .source("custom")
        .tags(["billing"])
        .auth_schema(AuthSchema::TenantOnly)
        .empty_claim_policy(EmptyClaimPolicy::Delete)
        .issuer_type(IssuerType::Federated)
        .conformance_issuer(true)
        .enforce_issuer(false)
        .auto_dct(true)
        .override_subject(false)
        .omit_custom_claims_from_dsr(true)
        .add_jti(true)
        .exclude_permissions(false)
}

fn bare() -> JwtTemplateDefinition {
    let none: [(&str, &str); 0] = [];
    JwtTemplateDefinition::new("Bare", JwtTemplateKind::Key, none)
}

fn bare_json() -> Value {
    json!({ "name": "Bare", "type": "key", "template": {} })
}

fn with(mut object: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more}") };
    object.as_object_mut().unwrap().extend(more);
    object
}

fn template() -> Value {
    with(definition_json(), json!({ "id": "JT1", "shoeSize": 42 }))
}

fn is_the_template(template: &JwtTemplate) {
    let mut expected = definition();
    expected.extra = serde_json::from_value(json!({ "shoeSize": 42 })).unwrap();
    assert_eq!((&*template.id, &template.definition), ("JT1", &expected));
    let written = serde_json::to_value(template).unwrap();
    assert_eq!(written, self::template());
    assert_eq!(serde_json::from_value::<JwtTemplate>(written).unwrap(), *template);
}

#[test]
fn create_update_and_delete_with_every_field_and_with_none() {
    let answer = json!({ "template": template() });
    let line = "POST /v1/mgmt/jwt/templates/create";
    let body = json!({ "template": definition_json() });
    let created = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().jwt_template().create(&definition())
    });
    is_the_template(&created);
    sends(line, MANAGEMENT, json!({ "template": bare_json() }), &answer, |client| {
        client.mgmt().jwt_template().create(&bare())
    });

    let line = "POST /v1/mgmt/jwt/templates/update";
    let body = json!({ "template": with(definition_json(), json!({ "id": "JT1" })) });
    let updated = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().jwt_template().update("JT1", &definition())
    });
    is_the_template(&updated);
    // What is not known goes back as it came.
    sends_unlisted(line, MANAGEMENT, answer.clone(), &answer, |client| {
        client.mgmt().jwt_template().update("JT1", &created.definition)
    });
    let body = json!({ "template": with(bare_json(), json!({ "id": "JT1" })) });
    sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().jwt_template().update("JT1", &bare())
    });
    let line = "POST /v1/mgmt/jwt/templates/delete";
    sends(line, MANAGEMENT, json!({ "id": "JT1" }), &json!({}), |client| {
        client.mgmt().jwt_template().delete("JT1")
    });
    every_field_of([
        "POST /v1/mgmt/jwt/templates/create",
        "POST /v1/mgmt/jwt/templates/delete",
        "POST /v1/mgmt/jwt/templates/update",
    ]);
}

#[test]
fn load_and_load_all() {
    let line = "POST /v1/mgmt/jwt/templates/load";
    let answer = json!({ "template": template() });
    let loaded = sends(line, MANAGEMENT, json!({ "id": "JT1" }), &answer, |client| {
        client.mgmt().jwt_template().load("JT1")
    });
    is_the_template(&loaded);
    let line = "POST /v1/mgmt/jwt/templates/list";
    let odd = json!({ "id": "JT2", "type": "robot", "authSchema": "a", "issuerType": "i",
        "emptyClaimPolicy": "e" });
    let answer = json!({ "templates": [template(), odd] });
    let all = sends(line, MANAGEMENT, json!({}), &answer, |client| {
        client.mgmt().jwt_template().load_all()
    });
    is_the_template(&all[0]);
    let odd = &all[1].definition;
    assert_eq!(odd.kind.as_ref().map(JwtTemplateKind::as_str), Some("robot"));
    assert_eq!(odd.auth_schema.as_ref().map(AuthSchema::as_str), Some("a"));
    assert_eq!(odd.issuer_type.as_ref().map(IssuerType::as_str), Some("i"));
    assert_eq!(odd.empty_claim_policy.as_ref().map(EmptyClaimPolicy::as_str), Some("e"));
    every_field_of(["POST /v1/mgmt/jwt/templates/list", "POST /v1/mgmt/jwt/templates/load"]);
}

#[test]
fn validate_with_every_field_and_with_none() {
    let line = "POST /v1/mgmt/jwt/templates/validate";
    let issue = json!({
        "field": "template", "code": "RESERVED_CLAIM_KEY", "message": "m", "hint": "h",
        "severity": "error", "path": "sub", "shoeSize": 42,
    });
    let answer = json!({ "valid": true, "issues": [issue], "shoeSize": 42 });
    let body = json!({ "template": definition_json(), "id": "JT1" });
    let options = ValidateOptions::default().id("JT1");
    let validation = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().jwt_template().validate(&definition(), &options)
    });
    assert!(validation.valid);
    assert_eq!(validation.issues[0].code.as_deref(), Some("RESERVED_CLAIM_KEY"));
    assert_eq!(serde_json::to_value(&validation).unwrap(), answer);
    sends(line, MANAGEMENT, json!({ "template": bare_json() }), &answer, |client| {
        client.mgmt().jwt_template().validate(&bare(), &ValidateOptions::default())
    });
    let saved = sends(line, MANAGEMENT, json!({ "id": "JT1" }), &json!({}), |client| {
        client.mgmt().jwt_template().validate_saved("JT1")
    });
    assert!(!saved.valid, "an answer that does not say is a no");
    every_field_of(["POST /v1/mgmt/jwt/templates/validate"]);
}

#[test]
fn the_library_is_loaded_and_used() {
    let more = json!({
        "id": "L1", "experimental": true, "logoLight": "https://example.com/l.png",
        "logoDark": "https://example.com/d.png", "shoeSize": 42,
    });
    let entry = with(definition_json(), more);
    let is_the_entry = |entry: &LibraryTemplate, json: &Value| {
        assert_eq!((&*entry.id, entry.experimental), ("L1", true));
        assert_eq!(entry.logo_light.as_deref(), Some("https://example.com/l.png"));
        assert_eq!(entry.logo_dark.as_deref(), Some("https://example.com/d.png"));
        assert_eq!(entry.definition.claims, definition().claims);
        assert_eq!(serde_json::to_value(entry).unwrap(), *json);
    };
    let line = "POST /v1/mgmt/jwt/templates/library/list";
    let answer = json!({ "entries": [entry] });
    let all = sends(line, MANAGEMENT, json!({}), &answer, |client| {
        client.mgmt().jwt_template().load_library()
    });
    is_the_entry(&all[0], &entry);
    let line = "POST /v1/mgmt/jwt/templates/library/load";
    let answer = json!({ "entry": entry });
    let loaded = sends(line, MANAGEMENT, json!({ "id": "L1" }), &answer, |client| {
        client.mgmt().jwt_template().load_from_library("L1")
    });
    is_the_entry(&loaded, &entry);

    let line = "POST /v1/mgmt/jwt/templates/library/apply";
    let every = LibraryOverrides::default()
        .name("Plan")
        .description("d")
        .tags(["billing"])
        .claims([("plan", json!([1, { "a": null }]))]);
    let body = json!({
        "libraryEntryId": "L1", "nameOverride": "Plan", "descriptionOverride": "d",
        "tagsOverride": ["billing"], "templateOverride": { "plan": [1, { "a": null }] },
    });
    let answer = json!({ "template": template() });
    let created = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().jwt_template().create_from_library("L1", &every)
    });
    is_the_template(&created);
    sends(line, MANAGEMENT, json!({ "libraryEntryId": "L1" }), &answer, |client| {
        let none = LibraryOverrides::default();
        client.mgmt().jwt_template().create_from_library("L1", &none)
    });
    every_field_of([
        "POST /v1/mgmt/jwt/templates/library/apply",
        "POST /v1/mgmt/jwt/templates/library/list",
        "POST /v1/mgmt/jwt/templates/library/load",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let mut nameless = bare();
    nameless.name.clear();
    refuses("name", |c| c.mgmt().jwt_template().create(&nameless));
    refuses("id", |c| c.mgmt().jwt_template().update("", &bare()));
    refuses("name", |c| c.mgmt().jwt_template().update("JT1", &nameless));
    refuses("id", |c| c.mgmt().jwt_template().load(""));
    refuses("id", |c| c.mgmt().jwt_template().delete(""));
    refuses("id", |c| c.mgmt().jwt_template().validate_saved(""));
    refuses("library_id", |c| c.mgmt().jwt_template().load_from_library(""));
    let none = LibraryOverrides::default();
    refuses("library_id", |c| c.mgmt().jwt_template().create_from_library("", &none));
    refusals_of([
        ("POST /v1/mgmt/jwt/templates/create", "name"),
        ("POST /v1/mgmt/jwt/templates/delete", "id"),
        ("POST /v1/mgmt/jwt/templates/library/apply", "library_id"),
        ("POST /v1/mgmt/jwt/templates/library/load", "library_id"),
        ("POST /v1/mgmt/jwt/templates/load", "id"),
        ("POST /v1/mgmt/jwt/templates/update", "id name"),
        ("POST /v1/mgmt/jwt/templates/validate", "id"),
    ]);
}

#[test]
fn enumerations_have_their_names_on_the_wire() {
    for kind in [JwtTemplateKind::User, JwtTemplateKind::Key] {
        assert_eq!(serde_json::to_value(&kind).unwrap(), kind.as_str());
    }
    for schema in [AuthSchema::Default, AuthSchema::TenantOnly, AuthSchema::None] {
        assert_eq!(serde_json::to_value(&schema).unwrap(), schema.as_str());
    }
    for policy in [EmptyClaimPolicy::None, EmptyClaimPolicy::Nil, EmptyClaimPolicy::Delete] {
        assert_eq!(serde_json::to_value(&policy).unwrap(), policy.as_str());
    }
    for issuer in [IssuerType::Legacy, IssuerType::Inbound, IssuerType::Federated] {
        assert_eq!(serde_json::to_value(&issuer).unwrap(), issuer.as_str());
    }
}

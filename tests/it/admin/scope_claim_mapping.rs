//! The claims that scopes give.

use descope::emulator::Emulator;
use descope::mgmt::scope_claim_mapping::ScopeClaims;
use serde_json::json;

use crate::emulated::{refused, start};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends, sends_unlisted};

#[test]
fn load_all_and_update_with_every_field_and_with_none() {
    let mappings = json!([
        {
            "scope": "profile", "claims": { "name": "{{user.name}}", "team": "engine" },
            "description": "d", "shoeSize": 42,
        },
        { "scope": "openid" },
    ]);
    let answer = json!({ "mappings": mappings });
    let line = "POST /v1/mgmt/scopeClaimMapping/get";
    let loaded = sends(line, MANAGEMENT, json!({}), &answer, |client| {
        client.mgmt().scope_claim_mapping().load_all()
    });
    let claims = [("name", "{{user.name}}"), ("team", "engine")];
    let mut profile = ScopeClaims::new("profile", claims).description("d");
    profile.extra = serde_json::from_value(json!({ "shoeSize": 42 })).unwrap();
    let none: [(&str, &str); 0] = [];
    assert_eq!(loaded, [profile, ScopeClaims::new("openid", none)]);

    // What is not known goes back as it came.
    let mut body = answer.clone();
    body["mappings"][1]["claims"] = json!({});
    let line = "POST /v1/mgmt/scopeClaimMapping/set";
    sends_unlisted(line, MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().scope_claim_mapping().update(&loaded)
    });
    let body = json!({ "mappings": [
        { "scope": "profile", "claims": { "team": "engine" }, "description": "d" },
    ] });
    sends(line, MANAGEMENT, body, &json!({}), |client| {
        let profile = ScopeClaims::new("profile", [("team", "engine")]).description("d");
        client.mgmt().scope_claim_mapping().update(&[profile])
    });
    every_field_of(["POST /v1/mgmt/scopeClaimMapping/get", "POST /v1/mgmt/scopeClaimMapping/set"]);
}

#[test]
fn delete() {
    let line = "POST /v1/mgmt/scopeClaimMapping/delete";
    sends(line, MANAGEMENT, json!({}), &json!({}), |client| {
        client.mgmt().scope_claim_mapping().delete_all()
    });
    every_field_of(["POST /v1/mgmt/scopeClaimMapping/delete"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    refuses("mappings", |c| c.mgmt().scope_claim_mapping().update(&[]));
    let nameless = ScopeClaims::new("", [("name", "{{user.name}}")]);
    refuses("scope", |c| c.mgmt().scope_claim_mapping().update(&[nameless]));
    refusals_of([("POST /v1/mgmt/scopeClaimMapping/set", "mappings scope")]);
}

#[test]
fn the_claims_of_all_scopes_are_replaced_at_once() {
    let (emulator, client) = start();
    let mappings = client.mgmt().scope_claim_mapping();
    assert_eq!(mappings.load_all().unwrap(), []);
    let profile = ScopeClaims::new("profile", [("name", "{{user.name}}")]).description("Who");
    let email = ScopeClaims::new("email", [("email", "{{user.email}}")]);
    mappings.update(&[profile.clone(), email.clone()]).unwrap();
    assert_eq!(mappings.load_all().unwrap(), [profile, email.clone()]);
    let copy = Emulator::new();
    copy.seed(&emulator.export()).unwrap();
    assert_eq!(copy.export(), emulator.export());
    refused(mappings.update(&[email.clone(), email.clone()]), 400, "E011004");
    assert_eq!(mappings.load_all().unwrap().len(), 2);
    mappings.update(std::slice::from_ref(&email)).unwrap();
    assert_eq!(mappings.load_all().unwrap(), [email]);
    mappings.delete_all().unwrap();
    assert_eq!(mappings.load_all().unwrap(), []);
}

//! Families, and acting for their dependents. Their attributes are in `attributes`.

use std::time::Duration;

use descope::UnixTime;
use descope::mgmt::family::{
    Family, FamilyImpersonation, FamilyPatch, FamilySearch, FamilySettings, NewDependent,
    NewFamily, StopFamilyImpersonation,
};
use serde_json::{Value, json};

use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, REFRESH, exchange, refuses, sends};

fn family() -> Value {
    json!({
        "id": "F1", "name": "Lovelace", "customAttributes": { "plan": [1, { "a": null }] },
        "disabled": true, "photo": "https://example.com/f.png", "createdTime": 1_700_000_000,
        "shoeSize": 42,
    })
}

fn is_the_family(family: &Family) {
    assert_eq!((&*family.id, &*family.name, family.disabled), ("F1", "Lovelace", true));
    assert_eq!(family.custom_attributes["plan"], json!([1, { "a": null }]));
    assert_eq!(family.photo.as_deref(), Some("https://example.com/f.png"));
    assert_eq!(family.created_time, Some(UnixTime::from_seconds(1_700_000_000)));
    assert_eq!(family.extra["shoeSize"], json!(42));
    let written = serde_json::to_value(family).unwrap();
    assert_eq!(written, self::family());
    assert_eq!(serde_json::from_value::<Family>(written).unwrap(), *family);
}

#[test]
fn create_and_patch_with_every_field_and_with_none() {
    let answer = json!({ "family": family() });
    let line = "POST /v1/mgmt/family/create";
    let new = NewFamily::default()
        .id("F1")
        .custom_attributes([("plan", json!([1, { "a": null }]))])
        .photo("https://example.com/f.png")
        .disabled(false);
    let body = json!({
        "name": "Lovelace", "familyId": "F1", "customAttributes": { "plan": [1, { "a": null }] },
        "photo": "https://example.com/f.png", "disabled": false,
    });
    let created = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().family().create("Lovelace", &new)
    });
    is_the_family(&created);
    sends(line, MANAGEMENT, json!({ "name": "Lovelace" }), &answer, |client| {
        client.mgmt().family().create("Lovelace", &NewFamily::default())
    });

    let line = "POST /v1/mgmt/family/update";
    let patch = FamilyPatch::default()
        .name("Lovelace")
        .custom_attributes([("plan", json!([1, { "a": null }]))])
        .photo("")
        .disabled(true);
    let body = json!({
        "id": "F1", "name": "Lovelace", "customAttributes": { "plan": [1, { "a": null }] },
        "photo": "", "disabled": true,
    });
    let patched =
        sends(line, MANAGEMENT, body, &answer, |client| client.mgmt().family().patch("F1", &patch));
    is_the_family(&patched);
    sends(line, MANAGEMENT, json!({ "id": "F1" }), &answer, |client| {
        client.mgmt().family().patch("F1", &FamilyPatch::default())
    });
    every_field_of(["POST /v1/mgmt/family/create", "POST /v1/mgmt/family/update"]);
}

#[test]
fn search_and_iter_with_every_field_and_with_none() {
    let line = "POST /v1/mgmt/family/search";
    let bare = json!({ "id": "F2", "createdTime": 0 });
    let answer = json!({ "families": [family(), bare], "total": 2 });
    let search = FamilySearch::default()
        .ids(["F1", "F2"])
        .names(["Lovelace"])
        .text("love")
        .custom_attributes([("plan", "free")])
        .limit(20)
        .page(1);
    let body = json!({
        "familyIds": ["F1", "F2"], "familyNames": ["Lovelace"], "freeText": "love",
        "customAttributes": { "plan": "free" }, "size": 20, "page": 1,
    });
    let page =
        sends(line, MANAGEMENT, body, &answer, |client| client.mgmt().family().search(&search));
    is_the_family(&page.items[0]);
    assert_eq!((page.items[1].created_time, page.total), (None, Some(2)));
    sends(line, MANAGEMENT, json!({}), &answer, |client| {
        client.mgmt().family().search(&FamilySearch::default())
    });
    let (ids, sent) = exchange(&answer, |client| {
        let families = client.mgmt().family().iter(&FamilySearch::default().limit(2));
        families.map(|family| family.unwrap().id).collect::<Vec<_>>()
    });
    assert_eq!(ids, ["F1", "F2"]);
    assert_eq!((&sent[0].body, sent.len()), (&json!({ "size": 2, "page": 0 }), 1));
    every_field_of(["POST /v1/mgmt/family/search"]);
}

#[test]
fn settings_are_loaded_and_patched() {
    let answer = json!({
        "enabled": true, "maxFamilyMembers": 8, "allowMultipleFamiliesUsers": false,
        "shoeSize": 42,
    });
    let line = "GET /v1/mgmt/family/settings";
    let loaded = sends(line, MANAGEMENT, Value::Null, &answer, |client| {
        client.mgmt().family().load_settings()
    });
    let every = FamilySettings::default()
        .enabled(true)
        .max_family_members(8)
        .allow_multiple_families_users(false);
    let mut expected = every.clone();
    expected.extra = serde_json::from_value(json!({ "shoeSize": 42 })).unwrap();
    assert_eq!(loaded, expected);
    assert_eq!(serde_json::to_value(&loaded).unwrap(), answer);
    let line = "POST /v1/mgmt/family/settings";
    let body = json!({
        "enabled": true, "maxFamilyMembers": 8, "allowMultipleFamiliesUsers": false,
    });
    let patched = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().family().patch_settings(&every)
    });
    assert_eq!(patched, expected);
    sends(line, MANAGEMENT, json!({}), &answer, |client| {
        client.mgmt().family().patch_settings(&FamilySettings::default())
    });
    every_field_of(["GET /v1/mgmt/family/settings", "POST /v1/mgmt/family/settings"]);
}

#[test]
fn dependents_are_created_with_every_field_and_with_none_and_deleted() {
    let line = "POST /v1/mgmt/family/dependent/create";
    let answer = json!({ "user": { "userId": "U9", "loginIds": ["byron"] } });
    let new = NewDependent::default()
        .login_id("byron")
        .name("Byron King")
        .given_name("Byron")
        .middle_name("Noel")
        .family_name("King")
        .email("byron@example.com")
        .phone("+12025550101")
        .picture("https://example.com/b.png")
        .custom_attributes([("size", 1)])
        .family_scoped_attributes([("allowance", 5)]);
    let body = json!({
        "familyId": "F1", "loginId": "byron", "name": "Byron King", "givenName": "Byron",
        "middleName": "Noel", "familyName": "King", "email": "byron@example.com",
        "phone": "+12025550101", "picture": "https://example.com/b.png",
        "customAttributes": { "size": 1 }, "familyScopedAttributes": { "F1": { "allowance": 5 } },
    });
    let byron = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().family().create_dependent("F1", &new)
    });
    assert_eq!(byron.user_id, "U9");
    sends(line, MANAGEMENT, json!({ "familyId": "F1" }), &answer, |client| {
        client.mgmt().family().create_dependent("F1", &NewDependent::default())
    });
    let line = "POST /v1/mgmt/family/dependent/delete";
    sends(line, MANAGEMENT, json!({ "userId": "U9" }), &json!({}), |client| {
        client.mgmt().family().delete_dependent("U9")
    });
    let line = "POST /v1/mgmt/family/delete";
    sends(line, MANAGEMENT, json!({ "id": "F1" }), &json!({}), |client| {
        client.mgmt().family().delete("F1")
    });
    every_field_of([
        "POST /v1/mgmt/family/delete",
        "POST /v1/mgmt/family/dependent/create",
        "POST /v1/mgmt/family/dependent/delete",
    ]);
}

#[test]
fn impersonation_with_every_field_and_with_none() {
    let answer = json!({ "jwt": "canary" });
    let line = "POST /v1/mgmt/family/impersonate";
    let mut body = json!({ "impersonatorUserIdOrLoginId": "ada", "dependentLoginId": "byron" });
    let jwt = sends(line, MANAGEMENT, body.clone(), &answer, |client| {
        let options = FamilyImpersonation::default();
        client.mgmt().family().impersonate_dependent("ada", "byron", &options)
    });
    assert_eq!(jwt.expose(), "canary");
    body["selectedFamily"] = "F1".into();
    sends(line, MANAGEMENT, body, &answer, |client| {
        let options = FamilyImpersonation::default().family_id("F1");
        client.mgmt().family().impersonate_dependent("ada", "byron", &options)
    });

    let line = "POST /v1/mgmt/family/impersonate/stop";
    let jwt = sends(line, MANAGEMENT, json!({ "jwt": REFRESH }), &answer, |client| {
        let options = StopFamilyImpersonation::default();
        client.mgmt().family().stop_impersonation(REFRESH, &options)
    });
    assert_eq!(jwt.expose(), "canary");
    let every = StopFamilyImpersonation::default()
        .custom_claims([("theme", "dark")])
        .refresh_duration(Duration::from_millis(59_001));
    let body =
        json!({ "jwt": REFRESH, "customClaims": { "theme": "dark" }, "refreshDuration": 60 });
    sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().family().stop_impersonation(REFRESH, &every)
    });
    every_field_of(["POST /v1/mgmt/family/impersonate", "POST /v1/mgmt/family/impersonate/stop"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let new = NewDependent::default();
    refuses("name", |c| c.mgmt().family().create("", &NewFamily::default()));
    refuses("id", |c| c.mgmt().family().patch("", &FamilyPatch::default()));
    refuses("id", |c| c.mgmt().family().delete(""));
    refuses("family_id", |c| c.mgmt().family().create_dependent("", &new));
    for (name, new) in [
        ("login_id", new.clone().login_id("")),
        ("email", new.clone().email("byron")),
        ("phone", new.clone().phone("12")),
    ] {
        refuses(name, |c| c.mgmt().family().create_dependent("F1", &new));
    }
    refuses("user_id", |c| c.mgmt().family().delete_dependent(""));
    let none = FamilyImpersonation::default();
    refuses("parent_id", |c| c.mgmt().family().impersonate_dependent("", "byron", &none));
    refuses("dependent_login_id", |c| c.mgmt().family().impersonate_dependent("ada", "", &none));
    let none = StopFamilyImpersonation::default();
    for jwt in ["", "a b"] {
        refuses("jwt", |c| c.mgmt().family().stop_impersonation(jwt, &none));
    }
    let zero = none.refresh_duration(Duration::ZERO);
    refuses("refresh_duration", |c| c.mgmt().family().stop_impersonation(REFRESH, &zero));
    refusals_of([
        ("POST /v1/mgmt/family/create", "name"),
        ("POST /v1/mgmt/family/delete", "id"),
        ("POST /v1/mgmt/family/dependent/create", "email family_id login_id phone"),
        ("POST /v1/mgmt/family/dependent/delete", "user_id"),
        ("POST /v1/mgmt/family/impersonate", "dependent_login_id parent_id"),
        ("POST /v1/mgmt/family/impersonate/stop", "jwt refresh_duration"),
        ("POST /v1/mgmt/family/update", "id"),
    ]);
}

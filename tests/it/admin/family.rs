//! Families, and acting for their dependents. Their attributes are in `attributes`.

use std::time::Duration;

use descope::emulator::Emulator;
use descope::mgmt::family::{
    AttributeKind, CustomAttribute, Family, FamilyImpersonation, FamilyPatch, FamilySearch,
    FamilySettings, NewDependent, NewFamily, StopFamilyImpersonation,
};
use descope::mgmt::user::{FamilyAssociation, UserSearch};
use descope::{Client, UnixTime, User};
use serde_json::{Value, json};

use crate::emulated::{claim, refused, start};
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

/// An emulator with a family, one of its members, and a dependent.
fn the_lovelaces() -> (Emulator, Client, User) {
    let (emulator, client) = start();
    let families = client.mgmt().family();
    families.create("The Lovelaces", &NewFamily::default().id("lovelace")).unwrap();
    let users = json!([{ "loginId": "ada" }, { "loginId": "al" }, { "loginId": "eve" }]);
    emulator.seed(&json!({ "users": users, "roles": [{ "name": "Uncle" }] })).unwrap();
    let member = |role: &str| [FamilyAssociation::new("lovelace").roles([role])];
    client.mgmt().user().add_families("ada", &member("Family Admin")).unwrap();
    client.mgmt().user().add_families("al", &member("Uncle")).unwrap();
    let byron = NewDependent::default()
        .login_id("byron")
        .name("Byron King")
        .custom_attributes([("k", 1)])
        .family_scoped_attributes([("allowance", 5)]);
    let byron = families.create_dependent("lovelace", &byron).unwrap();
    (emulator, client, byron)
}

#[test]
fn a_family_lives_from_creation_to_deletion() {
    let (emulator, client, byron) = the_lovelaces();
    let families = client.mgmt().family();
    let family = families.search(&FamilySearch::default()).unwrap().items.remove(0);
    assert_eq!((&*family.id, &*family.name, family.disabled), ("lovelace", "The Lovelaces", false));
    refused(families.create("Again", &NewFamily::default().id("lovelace")), 400, "EMU409");
    let (of, family_id) = (&byron.extra["userFamilies"][0], json!("lovelace"));
    assert_eq!(
        (&of["familyId"], &of["familyScopedAttributes"]["allowance"]),
        (&family_id, &json!(5))
    );
    assert_eq!(
        (&byron.extra["dependent"], &byron.custom_attributes["k"]),
        (&json!(true), &json!(1))
    );

    let patch = FamilyPatch::default().photo("https://example.com/f.png").disabled(true);
    let patched = families.patch("lovelace", &patch).unwrap();
    assert_eq!((&*patched.name, patched.disabled), ("The Lovelaces", true), "the rest stays");
    let join = |login_id: &str| {
        client.mgmt().user().add_families(login_id, &[FamilyAssociation::new("lovelace")])
    };
    refused(join("eve"), 400, "E011004");
    refused(families.create_dependent("lovelace", &NewDependent::default()), 400, "E011004");
    families.patch("lovelace", &FamilyPatch::default().disabled(false)).unwrap();

    let found = |search: UserSearch| -> Vec<String> {
        let users = client.mgmt().user().search(&search).unwrap().items;
        users.into_iter().map(|user| user.login_ids[0].clone()).collect()
    };
    assert_eq!(found(UserSearch::default().family_ids(["lovelace"])), ["ada", "al", "byron"]);
    assert_eq!(found(UserSearch::default().dependent(true)), ["byron"]);
    let (other, copy) = start();
    other.seed(&emulator.export()).unwrap();
    assert_eq!(other.export(), emulator.export());
    assert_eq!(copy.mgmt().user().load("byron").unwrap(), byron);

    // Its dependents end with it; its other members only leave it.
    families.delete("lovelace").unwrap();
    assert!(client.mgmt().user().load("byron").unwrap_err().is_not_found());
    let ada = client.mgmt().user().load("ada").unwrap();
    assert!(!ada.extra.contains_key("userFamilies"));
    for gone in [families.delete("lovelace"), families.patch("lovelace", &patch).map(drop)] {
        assert!(gone.unwrap_err().is_not_found());
    }
    refused(join("ada"), 400, "E011004");
}

#[test]
fn settings_limit_who_joins_a_family() {
    let (_, client, byron) = the_lovelaces();
    let (families, users) = (client.mgmt().family(), client.mgmt().user());
    let settings = families.load_settings().unwrap();
    assert_eq!(
        (settings.enabled, settings.allow_multiple_families_users),
        (Some(true), Some(false))
    );
    families.create("The Byrons", &NewFamily::default().id("byron")).unwrap();
    let byrons = [FamilyAssociation::new("byron")];
    refused(users.add_families("ada", &byrons), 400, "E011004");
    let several = FamilySettings::default().allow_multiple_families_users(true);
    families.patch_settings(&several).unwrap();
    let ada = users.add_families("ada", &byrons).unwrap();
    assert_eq!(ada.extra["userFamilies"].as_array().unwrap().len(), 2);
    let ada = users.remove_families("ada", &["byron", "no such"]).unwrap();
    assert_eq!(ada.extra["userFamilies"][0]["roleNames"], json!(["Family Admin"]));

    let full = families.patch_settings(&FamilySettings::default().max_family_members(3)).unwrap();
    assert_eq!(
        (full.max_family_members, full.allow_multiple_families_users),
        (Some(3), Some(true))
    );
    let lovelace = [FamilyAssociation::new("lovelace")];
    refused(users.add_families("eve", &lovelace), 400, "E011004");
    refused(families.create_dependent("lovelace", &NewDependent::default()), 400, "E011004");
    users.add_families("al", &lovelace).unwrap();
    families.delete_dependent(&byron.user_id).unwrap();
    assert!(families.delete_dependent(&byron.user_id).unwrap_err().is_not_found());
    users.add_families("eve", &lovelace).unwrap();
    let eve = users.load("eve").unwrap();
    assert!(families.delete_dependent(&eve.user_id).unwrap_err().is_not_found(), "no dependent");
    users.delete("eve").unwrap();
    families.create_dependent("lovelace", &NewDependent::default()).unwrap();

    families.patch_settings(&FamilySettings::default().enabled(false)).unwrap();
    refused(families.create("More", &NewFamily::default()), 400, "E011004");
    refused(users.add_families("ada", &byrons), 400, "E011004");
}

#[test]
fn a_dependent_stays_and_is_changed_in_their_family() {
    let (_, client, _) = the_lovelaces();
    let (families, users) = (client.mgmt().family(), client.mgmt().user());
    refused(users.remove_families("byron", &["lovelace"]), 400, "E011004");
    let scoped = FamilyAssociation::new("lovelace").attributes([("allowance", 6)]);
    let byron = users.add_families("byron", &[scoped]).unwrap();
    assert_eq!(byron.extra["userFamilies"][0]["familyScopedAttributes"]["allowance"], 6);
    let elsewhere = NewDependent::default().login_id("byron");
    refused(families.create_dependent("lovelace", &elsewhere), 400, "E062107");
    assert!(families.create_dependent("no such", &elsewhere).unwrap_err().is_not_found());
    let nameless = families.create_dependent("lovelace", &NewDependent::default()).unwrap();
    assert_eq!(nameless.login_ids.len(), 1, "one is made up");
}

#[test]
fn members_act_for_the_dependents_of_their_family() {
    let (emulator, client, byron) = the_lovelaces();
    let families = client.mgmt().family();
    let act = |actor: &str, dependent: &str, of: &FamilyImpersonation| {
        families.impersonate_dependent(actor, dependent, of)
    };
    let plain = FamilyImpersonation::default();
    refused(act("eve", "byron", &plain), 403, "EMU403");
    refused(act("al", "byron", &plain), 403, "EMU403");
    refused(act("ada", "al", &plain), 403, "EMU403");
    assert!(act("ada", "nobody", &plain).unwrap_err().is_not_found());
    let elsewhere = FamilyImpersonation::default().family_id("byron");
    refused(act("ada", "byron", &elsewhere), 400, "E011004");

    let ada = client.mgmt().user().load("ada").unwrap().user_id;
    let token = act(&ada, "byron", &FamilyImpersonation::default().family_id("lovelace")).unwrap();
    let session = client.auth().session().refresh(token.expose()).unwrap();
    assert_eq!(session.claims().user_id(), byron.user_id);
    assert_eq!(claim(&session, "act"), json!({ "sub": ada }));
    assert_eq!(claim(&session, "dcf"), json!("lovelace"));

    let stop = StopFamilyImpersonation::default()
        .custom_claims([("k", "v"), ("dcf", "other")])
        .refresh_duration(Duration::from_secs(60));
    let own = families.stop_impersonation(token.expose(), &stop).unwrap();
    let session = client.auth().session().refresh(own.expose()).unwrap();
    assert_eq!((session.claims().user_id(), claim(&session, "k")), (&*ada, json!("v")));
    assert_eq!((claim(&session, "dcf"), claim(&session, "act")), (json!(null), json!(null)));
    refused(client.auth().session().refresh(token.expose()), 401, "E064001");
    refused(families.stop_impersonation(token.expose(), &stop), 401, "E064001");
    refused(families.stop_impersonation(own.expose(), &stop), 400, "E011004");
    emulator.advance(Duration::from_secs(61));
    assert!(client.auth().session().refresh(own.expose()).is_err(), "seconds, not longer");

    let token = act("ada", "byron", &plain).unwrap();
    families.delete_dependent(&byron.user_id).unwrap();
    assert!(client.auth().session().refresh(token.expose()).is_err());
}

#[test]
fn attributes_of_families_end_with_their_definitions() {
    let (_, client, _) = the_lovelaces();
    let families = client.mgmt().family();
    let plan = CustomAttribute::new("plan", AttributeKind::SingleSelect).options(["free"]);
    assert_eq!(families.create_custom_attributes(std::slice::from_ref(&plan)).unwrap().len(), 1);
    refused(families.create_custom_attributes(&[plan]), 400, "EMU409");
    assert_eq!(families.load_custom_attributes().unwrap()[0].name, "plan");
    assert!(client.mgmt().user().load_custom_attributes().unwrap().is_empty(), "not of users");
    let patch = FamilyPatch::default().custom_attributes([("plan", "free"), ("other", "x")]);
    families.patch("lovelace", &patch).unwrap();
    let with = |name: &str, value: &str| {
        let search = FamilySearch::default().custom_attributes([(name, value)]);
        families.search(&search).unwrap().items.len()
    };
    assert_eq!((with("plan", "free"), with("plan", "paid")), (1, 0));
    assert!(families.delete_custom_attributes(&["plan", "no such"]).unwrap().is_empty());
    assert_eq!((with("plan", "free"), with("other", "x")), (0, 1));

    for at in 0..5 {
        let new = NewFamily::default().id(format!("F{at}"));
        families.create(&format!("Family {at}"), &new).unwrap();
    }
    let ids = |search: FamilySearch| -> Vec<String> {
        families.iter(&search).map(|family| family.unwrap().id).collect()
    };
    let small = FamilySearch::default().text("FAMILY").limit(2);
    assert_eq!(ids(small), ["F0", "F1", "F2", "F3", "F4"]);
    assert_eq!(ids(FamilySearch::default().ids(["F1"])), ["F1"]);
    assert_eq!(ids(FamilySearch::default().names(["Family 2", "Family 4"])), ["F2", "F4"]);
}

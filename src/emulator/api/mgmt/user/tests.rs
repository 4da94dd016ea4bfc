use serde_json::{Value, json};

use crate::emulator::Emulator;
use crate::emulator::testing::refused;

fn seeded() -> Emulator {
    let emulator = Emulator::new();
    emulator
        .seed(&json!({
            "tenants": [{ "id": "t1", "name": "One" }],
            "roles": [{ "name": "Reader" }],
            "users": [{
                "loginId": "ada", "email": "ada@example.com", "displayName": "Ada",
                "verifiedEmail": true, "roleNames": ["Reader"], "customAttributes": { "a": 1 },
                "additionalLoginIds": ["lovelace"], "ssoAppIDs": ["app"],
            }],
        }))
        .unwrap();
    emulator
}

fn patch(emulator: &Emulator, body: &Value) -> Value {
    let key = emulator.management_key();
    let (status, answer) = emulator.send("PATCH", "/v1/mgmt/user/patch", key, body);
    assert_eq!(status, 200, "{answer}");
    answer["user"].clone()
}

#[test]
fn patch_changes_what_it_names_and_update_everything() {
    let emulator = seeded();
    let body = json!({ "loginId": "lovelace", "givenName": "A", "customAttributes": { "b": 2 } });
    let user = patch(&emulator, &body);
    assert_eq!((&user["name"], &user["givenName"]), (&json!("Ada"), &json!("A")));
    assert_eq!(user["customAttributes"], json!({ "a": 1, "b": 2 }));
    assert_eq!((&user["roleNames"], &user["verifiedEmail"]), (&json!(["Reader"]), &json!(true)));
    let user = patch(&emulator, &json!({ "loginId": "ada", "roleNames": [], "email": "" }));
    assert_eq!((&user["roleNames"], &user["email"]), (&json!([]), &json!("")));
    assert_eq!(user["verifiedEmail"], false, "of another address");

    let body = json!({ "loginId": "ada", "email": "new@example.com" });
    let user = emulator.manage("/v1/mgmt/user/update", &body)["user"].clone();
    assert_eq!((&user["name"], &user["givenName"]), (&json!(""), &json!("")));
    assert_eq!(user["customAttributes"], json!({}));
    assert_eq!((&user["loginIds"], &user["ssoAppIds"]), (&json!(["ada"]), &json!([])));
}

#[test]
fn login_ids_are_unique_and_refused_changes_change_nothing() {
    let emulator = seeded();
    let key = emulator.management_key();
    let create = |body| emulator.send("POST", "/v1/mgmt/user/create", key, &body);
    refused(create(json!({ "loginId": "ada" })), 400, "E062107");
    refused(create(json!({ "loginId": "al", "additionalLoginIds": ["ada"] })), 400, "E062107");
    refused(create(json!({ "loginId": "al", "roleNames": ["Nobody"] })), 400, "E011004");
    let tenants = json!([{ "tenantId": "t9" }]);
    refused(create(json!({ "loginId": "al", "userTenants": tenants })), 400, "E011004");
    refused(create(json!({ "loginId": "al", "status": "asleep" })), 400, "E011003");
    let families = json!([{ "familyId": "f" }]);
    refused(create(json!({ "loginId": "al", "familyAssociations": families })), 400, "E011004");
    assert_eq!(create(json!({ "loginId": "al", "familyAssociations": [] })).0, 200);
    let body = json!({ "loginId": "al", "givenName": "Al", "additionalLoginIds": ["ada"] });
    refused(emulator.send("PATCH", "/v1/mgmt/user/patch", key, &body), 400, "E062107");
    let al = emulator.send("GET", "/v1/mgmt/user?loginId=al", key, &json!(null)).1;
    assert_eq!(al["user"]["givenName"], "");
}

#[test]
fn users_are_named_by_login_id_or_user_id_alone() {
    let emulator = seeded();
    let key = emulator.management_key();
    let load =
        |query: &str| emulator.send("GET", &format!("/v1/mgmt/user?{query}"), key, &json!(null));
    let user = load("loginId=ada&userId=").1["user"].clone();
    let id = user["userId"].as_str().unwrap();
    assert_eq!(load(&format!("userId={id}")).1["user"], user);
    refused(load("userId=ada"), 404, "E112102");
    refused(load("loginId=nobody"), 404, "E112102");
    refused(load(""), 400, "E011003");
    refused(load(&format!("loginId=ada&userId={id}")), 400, "E011003");
    emulator.manage("/v1/mgmt/user/delete", &json!({ "loginId": "", "userId": id }));
    refused(load("loginId=ada"), 404, "E112102");
}

#[test]
fn a_batch_says_who_failed() {
    let emulator = seeded();
    let body = json!({
        "invite": true, "inviteUrl": "https://example.com", "sendMail": true,
        "users": [
            { "loginId": "new", "email": "new@example.com", "seed": null },
            { "loginId": "ada" },
            { "loginId": "secret", "password": "x" },
            { "loginId": "hashed", "hashedPassword": { "argon2": {} } },
        ],
    });
    let answer = emulator.manage("/v1/mgmt/user/create/batch", &body);
    assert_eq!(answer["createdUsers"][0]["status"], "invited");
    assert_eq!(answer["createdUsers"].as_array().unwrap().len(), 1);
    assert_eq!(answer["failedUsers"][0]["user"]["loginIds"], json!(["ada"]));
    for (at, reason) in [(1, "password needs"), (2, "hashedPassword.argon2")] {
        let failure = &answer["failedUsers"][at]["failure"];
        assert!(failure.as_str().unwrap().contains(reason), "{failure}");
    }
    let message = emulator.inbox().last_to("new@example.com").unwrap();
    assert_eq!(message.link.as_deref(), Some("https://example.com"));
    emulator.sign_in("new").unwrap();
    let found = emulator.manage("/v2/mgmt/user/search", &json!({ "statuses": ["enabled"] }));
    assert_eq!(found["total"], 1, "the first sign-in accepts the invitation");
}

#[test]
fn test_users_come_and_go_together() {
    let emulator = seeded();
    let body = json!({ "loginId": "test", "test": true, "invite": false });
    assert_eq!(emulator.manage("/v1/mgmt/user/create/test", &body)["user"]["test"], true);
    let total = |path: &str| emulator.manage(path, &json!({}))["total"].clone();
    assert_eq!(total("/v2/mgmt/user/search"), 1);
    assert_eq!(total("/v2/mgmt/user/search/test"), 1);
    let key = emulator.management_key();
    let path = "/v1/mgmt/user/test/delete/all";
    assert_eq!(emulator.send("DELETE", path, key, &json!(null)).0, 200);
    assert_eq!(total("/v2/mgmt/user/search/test"), 0);
    assert_eq!(total("/v2/mgmt/user/search"), 1);
}

#[test]
fn history_takes_a_bare_array() {
    let emulator = seeded();
    let id = emulator.sign_in("ada").unwrap()["user"]["userId"].clone();
    let history = emulator.manage("/v1/mgmt/user/history", &json!([id, "U2nobody"]));
    assert_eq!(history.as_array().unwrap().len(), 1);
    let key = emulator.management_key();
    let body = json!({ "userIds": [id] });
    refused(emulator.send("POST", "/v1/mgmt/user/history", key, &body), 400, "E011003");
}

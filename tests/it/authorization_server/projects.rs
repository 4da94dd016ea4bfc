//! Several projects on one port: each is an authorization server of its own.

use super::pages::{Browser, device_of};
use super::*;

/// A second project beside that of the server, with its own user and applications.
fn second(server: &Server) -> Emulator {
    let other = server.0.project("P2other");
    let app = |id: &str, state: Value| {
        json!({
            "id": id, "name": id, "approvedCallbackUrls": ["http://127.0.0.1/callback"],
            "permissionsScopes": [{ "name": "docs", "values": [] }], "state": state,
        })
    };
    let public = json!({ "clientId": "tool", "nonConfidentialClient": true, "secrets": [] });
    let secrets = json!([{ "id": "CS1", "cleartext": "robot secret" }]);
    other
        .seed(&json!({
            "users": [{ "loginId": "grace@example.com" }],
            "inboundApps": [
                app("tool", public),
                app("robot", json!({ "clientId": "robot", "secrets": secrets })),
            ],
        }))
        .unwrap();
    other
}

#[test]
fn a_device_of_the_second_project_is_answered_on_its_pages() {
    let server = Server::start();
    let other = second(&server);
    let started = device_of(&server, "tool");
    let code = started.text("user_code");
    assert!(server.0.oidc().approve_device(code, ADA).is_err(), "it is the other project's");
    let browser = Browser::new(&server);
    let page = browser.open(started.text("verification_uri"));
    let users = browser.submit(&page, &[("user_code", code)]);
    assert!(users.text.contains("grace@example.com") && !users.text.contains(ADA));
    let consent = browser.submit(&users, &[("loginId", "grace@example.com")]);
    browser.submit(&consent, &[("allow", "1")]).ok();
    let pairs = [
        ("grant_type", DEVICE),
        ("device_code", started.text("device_code")),
        ("client_id", "tool"),
    ];
    other.advance(std::time::Duration::from_secs(5));
    let tokens = server.token(&pairs).ok();
    let access = tokens.text("access_token");
    assert!(claims(access)["iss"].as_str().unwrap().ends_with("/v1/apps/P2other"));
    // Neither the path nor the bearer says more than the token itself.
    server.userinfo(access).ok();
    server.post(&format!("{INBOUND}/revoke"), &[("client_id", "tool"), ("token", access)]).ok();
    server.userinfo(access).refused(401, "invalid_token");
    assert_eq!(server.0.export()["consents"], Value::Null);
}

#[test]
fn of_two_clients_with_one_id_the_one_of_the_project_that_was_asked_counts() {
    let server = Server::start();
    let other = second(&server);
    let robot = json!({
        "id": "robot", "name": "robot", "permissionsScopes": [{ "name": "docs", "values": [] }],
        "state": { "clientId": "robot", "secrets": [{ "id": "CS1", "cleartext": "robot secret" }] },
    });
    server.0.seed(&json!({ "inboundApps": [robot] })).unwrap();
    let pairs = [
        ("grant_type", "client_credentials"),
        ("client_id", "robot"),
        ("client_secret", "robot secret"),
        ("scope", "docs"),
    ];
    for (emulator, project) in [(server.0.clone(), "P2project"), (other, "P2other")] {
        let tokens = Server(emulator).token(&pairs).ok();
        let issuer = claims(tokens.text("access_token"))["iss"].as_str().unwrap().to_owned();
        assert!(issuer.ends_with(project), "{issuer}");
    }
}

#[test]
fn clients_are_found_by_their_id_and_stay_in_their_project() {
    let server = Server::start();
    let other = second(&server);
    let credentials = [("grant_type", "client_credentials")];
    let as_robot = basic("robot", "robot secret");
    let path = format!("{INBOUND}/token");
    let robot = server.post_with(&path, &[("authorization", &as_robot)], &credentials).ok();
    assert!(claims(robot.text("access_token"))["iss"].as_str().unwrap().ends_with("P2other"));
    let own = server.tokens();
    assert!(claims(own.text("access_token"))["iss"].as_str().unwrap().ends_with("P2project"));
    // By a path with the wrong project it is unknown.
    let path = format!("{INBOUND}/P2project/token");
    let lost = server.post_with(&path, &[("authorization", &as_robot)], &credentials);
    lost.refused(401, "invalid_client");
    let found = server.get("/v1/apps/P2other/.well-known/openid-configuration").ok();
    assert!(found.text("issuer").ends_with("/v1/apps/P2other"));
    // The project itself is a client too.
    let url = server.url(PROJECT, &[("client_id", "P2other"), ("scope", "openid")]);
    let page = Browser::new(&server).open(&url);
    assert!(page.text.contains("grace@example.com"), "{}", page.text);
    assert!(other.oidc().authorize(&url, "grace@example.com").unwrap().contains("?code="));
}

//! Connecting a user's accounts at other services.

use descope::auth::outbound::{ConnectOptions, Connection};
use serde_json::json;

use crate::inventory::{every_field_of, refusals_of};
use crate::support::{REFRESH, refuses, sends};

const LINE: &str = "POST /v1/outbound/oauth/connect";

#[test]
fn connect_with_every_field_and_with_none() {
    let every = ConnectOptions::default()
        .redirect_url("https://app.example.com/connected")
        .scopes(["read", "write"])
        .prompt(["consent"])
        .login_hint("ada@example.com")
        .resources(["https://api.example.com"])
        .external_identifier("work");
    let options = json!({
        "redirectUrl": "https://app.example.com/connected", "scopes": ["read", "write"],
        "prompt": ["consent"], "loginHint": "ada@example.com",
        "resources": ["https://api.example.com"], "externalIdentifier": "work",
    });
    let answer = json!({ "url": "https://s.example.com/authorize?a=b" });
    for (connection, more) in [
        (Connection::InTenant("acme".to_owned()), json!({ "tenantId": "acme" })),
        (
            Connection::OfTenant("acme".to_owned()),
            json!({ "tenantId": "acme", "tenantLevel": true }),
        ),
    ] {
        let mut body = more;
        body["appId"] = "cal".into();
        body["options"] = options.clone();
        let every = every.clone().tenant(connection);
        let url = sends(LINE, REFRESH, body, &answer, |client| {
            client.auth().outbound().connect("cal", REFRESH, &every)
        });
        assert_eq!(url, "https://s.example.com/authorize?a=b");
    }
    sends(LINE, REFRESH, json!({ "appId": "cal" }), &answer, |client| {
        client.auth().outbound().connect("cal", REFRESH, &ConnectOptions::default())
    });
    every_field_of(["POST /v1/outbound/oauth/connect"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let none = ConnectOptions::default();
    refuses("app_id", |c| c.auth().outbound().connect("", REFRESH, &none));
    refuses("refresh_token", |c| c.auth().outbound().connect("cal", "", &none));
    for connection in [Connection::InTenant(String::new()), Connection::OfTenant(String::new())] {
        let options = none.clone().tenant(connection);
        refuses("tenant_id", |c| c.auth().outbound().connect("cal", REFRESH, &options));
    }
    refusals_of([("POST /v1/outbound/oauth/connect", "app_id refresh_token tenant_id")]);
}

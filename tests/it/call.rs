//! Calls that the crate has no function for.

use std::collections::BTreeMap;

use descope::emulator::Emulator;
use descope::transport::Response;
use descope::transport::http::Method;
use descope::{Client, Credential, Error};
use serde_json::{Value, json};

use crate::server::{NoWaiting, to};
use crate::support::{MANAGEMENT, REFRESH, exchange, refuses, sends_unlisted};

#[test]
fn method_path_credential_and_body_are_the_callers() {
    let body = json!({ "name": "x", "empty": "", "unset": null, "list": [1, null] });
    for (method, credential, bearer) in [
        (Method::POST, Credential::Project, ""),
        (Method::PUT, Credential::Token(REFRESH), REFRESH),
        (Method::PATCH, Credential::ManagementKey, MANAGEMENT),
        (Method::DELETE, Credential::ManagementKey, MANAGEMENT),
    ] {
        let line = format!("{method} /v1/new/thing?q=a%20b&r=..");
        let answer = json!({ "made": true, "nothing": null });
        let made = sends_unlisted(&line, bearer, body.clone(), &answer, |client| {
            client.call(method.clone(), "/v1/new/thing?q=a%20b&r=..", credential, &body)
        });
        assert_eq!(made, answer);
    }
    let line = "GET /scim/v2/Users/U%2F1";
    let found = sends_unlisted(line, MANAGEMENT, Value::Null, &json!([1, null, "x"]), |client| {
        client.call(Method::GET, "/scim/v2/Users/U%2F1", Credential::ManagementKey, &())
    });
    assert_eq!(found, json!([1, null, "x"]));
    sends_unlisted("POST /v1/new", "", json!({}), &json!({}), |client| {
        client.call(Method::POST, "/v1/new", Credential::Project, &BTreeMap::<String, u8>::new())
    });
    sends_unlisted("DELETE /v1/new", "", Value::Null, &json!({}), |client| {
        client.call(Method::DELETE, "/v1/new", Credential::Project, &None::<Value>)
    });
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let get = |path: &'static str| {
        move |client: &Client| client.call(Method::GET, path, Credential::Project, &())
    };
    for path in [
        "",
        "v1/x",
        "//x/y",
        "https://x/y",
        "/a/../b",
        "/a/%2E./b",
        "/a/..%2fb",
        "/a/%2e%2e%2fb",
        "/a/%252e%252e/b",
        "/a/..;/b",
        "/a/x%2F../b",
        "/a\\..\\b",
        "/a//b",
        "/a%00",
        "/a b",
        "/a\r\nb: c",
        "/é",
        "/a#b",
    ] {
        refuses("path", get(path));
    }
    for token in ["", "a b", "a:b", "a\r\nb", "é"] {
        refuses("token", |client| client.call(Method::GET, "/v1/x", Credential::Token(token), &()));
    }
    for body in [json!([]), json!("x"), json!(1), json!(true)] {
        refuses("body", |client| client.call(Method::POST, "/v1/x", Credential::Project, &body));
    }
    refuses("body", |client| client.call(Method::GET, "/v1/x", Credential::Project, &json!({})));
    let unwritable = BTreeMap::from([((1, 2), 3)]);
    refuses("body", |client| client.call(Method::POST, "/v1/x", Credential::Project, &unwritable));

    let keyless =
        to("https://example.com").transport(|_| panic!("nothing is sent")).build().unwrap();
    let error = keyless.call(Method::GET, "/v1/x", Credential::ManagementKey, &()).unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error:?}");
}

#[test]
fn an_empty_answer_is_null_and_one_that_is_not_json_an_error() {
    for (body, expected) in [
        ("", Some(Value::Null)),
        (" \n", Some(Value::Null)),
        ("null", Some(Value::Null)),
        ("{\"a\":7}", Some(json!({ "a": 7 }))),
        ("[7]", Some(json!([7]))),
        ("7", None),
        ("OK", None),
        ("<html>", None),
        ("{", None),
    ] {
        let client = to("https://example.com")
            .transport(move |_| Ok(Response::new(body.into())))
            .build()
            .unwrap();
        let made = client.call(Method::POST, "/v1/x", Credential::Project, &());
        match expected {
            Some(expected) => assert_eq!(made.unwrap(), expected),
            None => assert!(matches!(made, Err(Error::Decode(_))), "{body}"),
        }
    }
}

#[test]
fn only_get_is_repeated() {
    for (method, waits) in
        [(Method::GET, 3), (Method::POST, 0), (Method::PUT, 0), (Method::DELETE, 0)]
    {
        let clock = NoWaiting::default();
        let client = to("https://example.com")
            .transport(|_| {
                let mut response = Response::default();
                *response.status_mut() = descope::transport::http::StatusCode::SERVICE_UNAVAILABLE;
                Ok(response)
            })
            .clock(clock.clone())
            .build()
            .unwrap();
        client.call(method, "/v1/x", Credential::Project, &()).unwrap_err();
        assert_eq!(clock.waits().len(), waits);
    }
}

#[test]
fn nothing_of_the_body_shows_in_an_error() {
    let client = to("https://example.com")
        .transport(|request: descope::transport::Request| {
            let mut response = Response::new(request.into_body());
            *response.status_mut() = descope::transport::http::StatusCode::BAD_REQUEST;
            Ok(response)
        })
        .build()
        .unwrap();
    let body = json!({ "a": "canary-1", "b": [{ "c": "canary-2" }], "d": { "e": ["canary-3"] } });
    let error = client.call(Method::POST, "/v1/x", Credential::Project, &body).unwrap_err();
    let text = format!("{error}{error:?}");
    assert!(text.contains("[redacted]") && !text.contains("canary"), "{text}");
}

#[test]
fn it_works_end_to_end() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let management = Credential::ManagementKey;
    let body = json!({ "id": "t1", "name": "One" });
    client.call(Method::POST, "/v1/mgmt/tenant/create", management, &body).unwrap();
    let found = client.call(Method::GET, "/v1/mgmt/tenant?id=t1", management, &()).unwrap();
    assert_eq!(found["name"], "One");
    let unknown = client.call(Method::GET, "/v1/nowhere", management, &()).unwrap_err();
    assert!(unknown.is_not_found(), "{unknown}");
    let (secret, _) = exchange(&json!({}), |_| format!("{:?}", Credential::Token("canary")));
    assert!(!secret.contains("canary"));
}

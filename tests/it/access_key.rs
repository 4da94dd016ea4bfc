//! Access keys: the exchange.

use std::time::Duration;

use descope::auth::access_key::AccessKeyOptions;
use descope::emulator::Emulator;
use descope::{Client, Error, Scope};
use serde_json::{Value, json};

use crate::inventory::{every_field_of, refusals_of};
use crate::support::{exchange, refuses, sends, signed_in};

const KEY: &str = "K2access-key";
const LINE: &str = "POST /v1/auth/accesskey/exchange";

fn every_option() -> AccessKeyOptions {
    AccessKeyOptions::default()
        .custom_claims([("job", json!("nightly")), ("unset", json!(null))])
        .selected_tenant("acme")
}

#[test]
fn exchange_with_every_field() {
    let answer = json!({
        "sessionJwt": signed_in()["sessionJwt"], "keyId": "K1", "expiration": 1_900_000_000,
        "newer": [1], "newerToken": "t0ken",
    });
    let body = json!({ "loginOptions": {
        "customClaims": { "job": "nightly", "unset": null }, "selectedTenant": "acme",
    } });
    let session = sends(LINE, KEY, body, &answer, |client| {
        client.auth().access_key().exchange(KEY, &every_option())
    });
    assert_eq!((&*session.key_id, session.session.claims.user_id()), ("K1", "U1"));
    assert_eq!(session.session.jwt.expose(), answer["sessionJwt"].as_str().unwrap());
    assert_eq!(session.extra.get("newer"), Some(&json!([1])));
    assert_eq!(session.extra.len(), 1);
    assert_eq!(session.extra_secrets["newerToken"].expose(), "t0ken");
    assert!(!format!("{session:?}").contains("t0ken"));
    assert_eq!(session.expiration.unwrap().as_seconds(), 1_900_000_000);
}

#[test]
fn what_is_not_set_is_not_sent_and_what_is_not_answered_is_in_the_token() {
    let answer = json!({ "sessionJwt": signed_in()["sessionJwt"], "keyId": null });
    let session = sends(LINE, KEY, json!({}), &answer, |client| {
        client.auth().access_key().exchange(KEY, &AccessKeyOptions::default())
    });
    assert_eq!((&*session.key_id, session.expiration), ("U1", None));
    // Set, though to nothing.
    let empty = AccessKeyOptions::default()
        .custom_claims(std::iter::empty::<(String, Value)>())
        .selected_tenant("");
    let body = json!({ "loginOptions": { "customClaims": {}, "selectedTenant": "" } });
    sends(LINE, KEY, body, &answer, |client| client.auth().access_key().exchange(KEY, &empty));
    every_field_of(["POST /v1/auth/accesskey/exchange"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    for bad in ["", " ", "a b", "a:b", "a\r\nb", "é", &"x".repeat(16 * 1024 + 1)] {
        refuses("access_key", |c| c.auth().access_key().exchange(bad, &every_option()));
    }
    for answer in [json!({}), json!({ "sessionJwt": null }), json!({ "sessionJwt": 7 }), json!([])]
    {
        let outcome = exchange(&answer, |c| c.auth().access_key().exchange(KEY, &every_option())).0;
        assert!(matches!(outcome, Err(Error::Decode(_))), "{answer}: {outcome:?}");
    }
    let forged = json!({ "sessionJwt": "a.b.c" });
    let outcome = exchange(&forged, |c| c.auth().access_key().exchange(KEY, &every_option())).0;
    assert!(outcome.unwrap_err().is_token_invalid());
    refusals_of([("POST /v1/auth/accesskey/exchange", "access_key")]);
}

#[test]
fn a_key_is_traded_for_a_session() {
    let emulator = Emulator::new();
    let expires = 60 + i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    let made = emulator
        .seed(&json!({
            "permissions": [{ "name": "read" }],
            "tenants": [{ "id": "t1", "name": "One" }],
            "roles": [{ "name": "Reader", "permissionNames": ["read"] }],
            "accessKeys": [
                { "name": "ci", "roleNames": ["Reader"], "keyTenants": [{ "tenantId": "t1", "roleNames": ["Reader"] }] },
                { "name": "short", "expireTime": expires },
            ],
        }))
        .unwrap();
    let key = |at: usize| made["accessKeys"][at]["cleartext"].as_str().unwrap().to_owned();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let exchange =
        |key: &str, options: &AccessKeyOptions| client.auth().access_key().exchange(key, options);
    let options =
        AccessKeyOptions::default().custom_claims([("job", "nightly")]).selected_tenant("t1");
    let session = exchange(&key(0), &options).unwrap();
    assert_eq!(session.key_id, made["accessKeys"][0]["key"]["id"].as_str().unwrap());
    let claims = client.auth().session().validate(session.session.jwt.expose()).unwrap();
    assert_eq!(claims, session.session.claims);
    assert_eq!(claims.get::<Value>("nsec").unwrap(), Some(json!({ "job": "nightly" })));
    assert_eq!(claims.current_tenant(), Some("t1"));
    assert!(claims.has_permissions(Scope::Tenant("t1"), ["read"]));

    let none = AccessKeyOptions::default();
    assert!(exchange("K2unknown", &none).unwrap_err().is_unauthorized());
    exchange(&key(0), &AccessKeyOptions::default().selected_tenant("elsewhere")).unwrap_err();
    exchange(&key(1), &none).unwrap();
    emulator.advance(Duration::from_secs(61));
    assert!(exchange(&key(1), &none).unwrap_err().is_unauthorized());
    // Not the management key either.
    assert!(exchange(emulator.management_key(), &none).unwrap_err().is_unauthorized());
}

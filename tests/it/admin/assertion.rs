//! Assertions that a client authenticates itself with.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use descope::Secret;
use descope::clock::Clock;
use descope::mgmt::jwt::{AssertionAlgorithm, ClientAssertion};
use serde_json::{Value, json};

use crate::emulated::{refused, start};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

const FIVE_MINUTES: Duration = Duration::from_secs(300);

#[test]
fn client_assertion_with_every_field_and_with_none() {
    let line = "POST /v1/mgmt/token/clientassertion";
    let answer = json!({ "jwt": "canary" });
    let every =
        ClientAssertion::default().flatten_audience(true).algorithm(AssertionAlgorithm::Es384);
    let body = json!({
        "issuer": "C1", "subject": "C2", "audience": ["https://a", "https://b"], "expiresIn": 300,
        "flattenAudience": true, "algorithm": "ES384",
    });
    let jwt = sends(line, MANAGEMENT, body, &answer, |client| {
        let audience = ["https://a", "https://b"];
        client.mgmt().jwt().client_assertion("C1", "C2", &audience, FIVE_MINUTES, &every)
    });
    assert_eq!(jwt.expose(), "canary");
    let body =
        json!({ "issuer": "C1", "subject": "C2", "audience": ["https://a"], "expiresIn": 1 });
    sends(line, MANAGEMENT, body, &answer, |client| {
        let (a_moment, none) = (Duration::from_millis(1), ClientAssertion::default());
        client.mgmt().jwt().client_assertion("C1", "C2", &["https://a"], a_moment, &none)
    });
    every_field_of(["POST /v1/mgmt/token/clientassertion"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let none = ClientAssertion::default();
    for (name, issuer, subject, audience, expires_in) in [
        ("issuer", "", "C2", &["https://a"][..], FIVE_MINUTES),
        ("subject", "C1", "", &["https://a"], FIVE_MINUTES),
        ("audience", "C1", "C2", &[], FIVE_MINUTES),
        ("audience", "C1", "C2", &[""], FIVE_MINUTES),
        ("expires_in", "C1", "C2", &["https://a"], Duration::ZERO),
    ] {
        refuses(name, |c| {
            c.mgmt().jwt().client_assertion(issuer, subject, audience, expires_in, &none)
        });
    }
    refusals_of([("POST /v1/mgmt/token/clientassertion", "audience expires_in issuer subject")]);
}

#[test]
fn an_algorithm_has_its_name_on_the_wire() {
    use AssertionAlgorithm::{Es384, Rs256, Rs384};
    for algorithm in [Rs256, Rs384, Es384] {
        assert_eq!(serde_json::to_value(&algorithm).unwrap(), algorithm.as_str());
    }
}

#[test]
fn the_assertion_says_who_the_client_is_and_expires() {
    let (emulator, client) = start();
    let sign = |audience: &[&str], options: &ClientAssertion| {
        client.mgmt().jwt().client_assertion("C1", "C2", audience, FIVE_MINUTES, options)
    };
    let began = emulator.clock().unix().as_seconds();
    let assertion = sign(&["https://a"], &ClientAssertion::default()).unwrap();
    let claims = client.auth().session().validate(assertion.expose());
    assert!(claims.is_err(), "it opens no session: {claims:?}");
    let read = |assertion: &Secret| -> Value {
        let claims = assertion.expose().split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
    };
    let claims = read(&assertion);
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("C1"), &json!("C2")));
    assert_eq!(claims["aud"], json!(["https://a"]));
    let lasts = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lasts, 300);
    let made = began..=emulator.clock().unix().as_seconds();
    assert!(made.contains(&claims["iat"].as_i64().unwrap()), "{claims} in {made:?}");
    let flat = ClientAssertion::default().flatten_audience(true);
    assert_eq!(read(&sign(&["https://a"], &flat).unwrap())["aud"], "https://a");
    let two = read(&sign(&["https://a", "https://b"], &flat).unwrap());
    assert_eq!(two["aud"], json!(["https://a", "https://b"]));
    assert_ne!(two["jti"], claims["jti"]);
    let unknown = AssertionAlgorithm::from("HS256".to_owned());
    refused(sign(&["https://a"], &flat.algorithm(unknown)), 400, "E011004");
}

//! ID tokens: each rule broken alone.

use std::time::Duration;

use descope::oidc::{App, AuthorizationRequest, IdTokenOptions, Tokens};
use descope::tokens::{MemoryStore, TokenSource};
use descope::{Claims, Error, Result, Secret, TokenError, UnixTime};
use serde_json::{Value, json};

use super::{ISSUER, NOW, Server, app, id_claims, id_token, lock, tokens};
use crate::signer::{P256, RSA, signer};

/// OpenID Connect Core appendix A.
const TOKEN: &str = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";

fn verify(token: &str, options: &IdTokenOptions) -> Result<Claims> {
    Server::new().client().oidc(&app()).verify_id_token(token, options)
}

fn all() -> IdTokenOptions {
    IdTokenOptions::default()
        .nonce("the nonce")
        .access_token(TOKEN)
        .max_age(Duration::from_secs(100))
}

/// The claims of a token that [`all`] options accept, with some changed.
fn changed(changes: &Value) -> String {
    let mut claims = json!({
        "nonce": "the nonce", "azp": "the client", "auth_time": NOW - 50,
        "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",
    });
    claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    id_token(&claims)
}

#[test]
fn a_good_token_passes_and_says_who() {
    let claims = verify(&changed(&json!({ "email": "ada@example.com" })), &all()).unwrap();
    assert_eq!((claims.subject(), claims.issuer()), ("U1", ISSUER));
    assert_eq!(claims.get::<String>("email").unwrap().as_deref(), Some("ada@example.com"));
}

#[test]
fn each_rule_holds_alone() {
    let minute = |seconds| Duration::from_secs(seconds);
    for (changes, error) in [
        (json!({ "iss": null }), TokenError::Claim("iss")),
        (json!({ "iss": 5 }), TokenError::Claim("iss")),
        (json!({ "iss": "https://evil.example" }), TokenError::Issuer),
        (json!({ "iss": format!("{ISSUER}/") }), TokenError::Issuer),
        (json!({ "aud": null }), TokenError::Audience),
        (json!({ "aud": [] }), TokenError::Audience),
        (json!({ "aud": "another client" }), TokenError::Audience),
        (json!({ "aud": ["another client"] }), TokenError::Audience),
        (json!({ "aud": 5 }), TokenError::Claim("aud")),
        (json!({ "aud": ["the client", 5] }), TokenError::Claim("aud")),
        (json!({ "aud": ["the client", "x"], "azp": null }), TokenError::AuthorizedParty),
        (json!({ "aud": ["the client", "x"], "azp": "x" }), TokenError::AuthorizedParty),
        (json!({ "azp": "x" }), TokenError::AuthorizedParty),
        (json!({ "azp": 5 }), TokenError::Claim("azp")),
        (json!({ "sub": null }), TokenError::Claim("sub")),
        (json!({ "sub": "" }), TokenError::Claim("sub")),
        (json!({ "sub": 5 }), TokenError::Claim("sub")),
        (json!({ "nonce": null }), TokenError::Claim("nonce")),
        (json!({ "nonce": "another" }), TokenError::Nonce),
        (json!({ "nonce": "" }), TokenError::Nonce),
        (json!({ "nonce": ["the nonce"] }), TokenError::Claim("nonce")),
        (json!({ "at_hash": "77QmUPtjPfzWtF2AnpK9RR" }), TokenError::AccessTokenHash),
        (json!({ "at_hash": "" }), TokenError::AccessTokenHash),
        (json!({ "at_hash": 5 }), TokenError::Claim("at_hash")),
        (json!({ "auth_time": null }), TokenError::Claim("auth_time")),
        (json!({ "auth_time": "5" }), TokenError::Claim("auth_time")),
        (json!({ "auth_time": NOW - 106 }), TokenError::SignedInTooLongAgo),
        (json!({ "iat": null }), TokenError::Claim("iat")),
        (json!({ "iat": "x" }), TokenError::Claim("iat")),
        (json!({ "iat": NOW + 60 }), TokenError::NotYetValid { by: minute(60) }),
        (json!({ "nbf": NOW + 60 }), TokenError::NotYetValid { by: minute(60) }),
        (json!({ "exp": null }), TokenError::Claim("exp")),
        (json!({ "exp": NOW - 60 }), TokenError::Expired { by: minute(60) }),
    ] {
        match verify(&changed(&changes), &all()) {
            Err(Error::Token(found)) => assert_eq!(found, error, "{changes}"),
            other => panic!("{changes}: {other:?}"),
        }
    }
    for fine in [
        json!({}),
        json!({ "at_hash": null }),
        json!({ "azp": null }),
        json!({ "aud": ["the client"], "azp": null }),
        json!({ "aud": ["x", "the client"] }),
        json!({ "auth_time": NOW - 100 }),
        json!({ "iat": NOW + 4, "exp": NOW - 4 }),
    ] {
        assert!(verify(&changed(&fine), &all()).is_ok(), "{fine}");
    }
    // What is not asked for is not required.
    assert!(verify(&id_token(&json!({})), &IdTokenOptions::default()).is_ok());
    assert!(
        verify(&changed(&json!({ "nonce": "x", "auth_time": 1 })), &Default::default()).is_ok()
    );
}

#[test]
fn what_is_no_id_token_is_refused() {
    let none = IdTokenOptions::default();
    let claims = id_claims(&json!({}));
    let with = |header: Value| P256.sign_json(&header.to_string(), claims.to_string());
    for (token, error) in [
        (with(json!({ "alg": "ES256", "kid": "k1", "typ": "at+jwt" })), TokenError::Malformed),
        (with(json!({ "alg": "ES256", "kid": "k1", "typ": "logout+jwt" })), TokenError::Malformed),
        (with(json!({ "alg": "ES256", "kid": "k2" })), TokenError::UnknownKey),
        (with(json!({ "alg": "RS256", "kid": "k1" })), TokenError::Algorithm),
        (with(json!({ "alg": "none", "kid": "k1" })), TokenError::Algorithm),
        (with(json!({ "alg": "ES256", "kid": "k1", "crit": ["x"] })), TokenError::Critical),
        (RSA.token("k1", "RS256", &claims), TokenError::Algorithm),
        (signer("ES384").token("k1", "ES256", &claims), TokenError::Signature),
        ("a.b".to_owned(), TokenError::Malformed),
    ] {
        match verify(&token, &none) {
            Err(Error::Token(found)) => assert_eq!(found, error, "{token}"),
            other => panic!("{token}: {other:?}"),
        }
    }
}

#[test]
fn a_text_of_the_wrong_size_is_refused() {
    for text in [String::new(), "x".repeat(20_000)] {
        let error = verify(&text, &Default::default()).unwrap_err();
        assert!(error.to_string().contains("`id_token`"), "{error}");
    }
}

#[test]
fn keys_of_other_servers_need_neither_algorithm_nor_name() {
    let claims = id_claims(&json!({}));
    let bare = |algorithm: &str, kid: bool| {
        let mut jwk = signer(algorithm).jwk("k1", algorithm);
        let members = jwk.as_object_mut().unwrap();
        members.remove("alg");
        if !kid {
            members.remove("kid");
        }
        jwk
    };
    for (algorithm, usual) in [
        ("RS256", true),
        ("ES256", true),
        ("ES384", true),
        ("EdDSA", true),
        ("PS256", false),
        ("RS512", false),
    ] {
        let header = json!({ "alg": algorithm, "kid": "k1" });
        let token = signer(algorithm).sign_json(&header.to_string(), claims.to_string());
        let server = Server::new();
        *lock(&server.keys) = json!({ "keys": [bare(algorithm, true)] });
        let outcome = server.client().oidc(&app()).verify_id_token(&token, &Default::default());
        assert_eq!(outcome.is_ok(), usual, "{algorithm}: {outcome:?}");
    }
    let unnamed = P256.sign_json(r#"{"alg":"ES256"}"#, claims.to_string());
    let verdict = |keys: Value| {
        let server = Server::new();
        *lock(&server.keys) = json!({ "keys": keys });
        server.client().oidc(&app()).verify_id_token(&unnamed, &Default::default()).is_ok()
    };
    assert!(verdict(json!([bare("ES256", false)])) && verdict(json!([bare("ES256", true)])));
    // Not where it could be one of two.
    assert!(!verdict(json!([bare("ES256", false), bare("RS256", true)])));
}

#[test]
fn the_key_sets_of_servers_are_cached_apart() {
    let server = Server::new();
    let client = server.client();
    let app = app();
    for _ in 0..3 {
        client.oidc(&app).verify_id_token(&id_token(&json!({})), &Default::default()).unwrap();
    }
    let fetches = |of: &str| server.all().iter().filter(|seen| seen.url == of).count();
    assert_eq!(fetches("https://login.example.com/jwks"), 1);
    // A token of the project's keys is checked with those.
    let server = Server::of("https://api.descope.com/P2abc");
    let token = id_token(&json!({ "iss": "https://api.descope.com/P2abc", "aud": "c" }));
    let app = App::project("c");
    server.client().oidc(&app).verify_id_token(&token, &Default::default()).unwrap();
    assert!(server.all().iter().any(|seen| seen.url.ends_with("/v2/keys/P2abc")));
    assert!(!server.all().iter().any(|seen| seen.url.ends_with("/jwks")));
}

#[test]
fn many_servers_do_not_fill_the_memory() {
    let server = Server::new();
    let client = server.client();
    for number in 0..40 {
        let issuer = format!("https://{number}.example");
        *lock(&server.document) = super::document(&issuer);
        let token = id_token(&json!({ "iss": issuer }));
        client
            .oidc(&App::issuer(issuer, "the client"))
            .verify_id_token(&token, &Default::default())
            .unwrap();
    }
    // The first ones have been forgotten, the last ones not.
    let before = server.all().len();
    let last = App::issuer("https://39.example", "the client");
    let token = id_token(&json!({ "iss": "https://39.example" }));
    client.oidc(&last).verify_id_token(&token, &Default::default()).unwrap();
    assert_eq!(server.all().len(), before);
    *lock(&server.document) = super::document("https://0.example");
    let first = App::issuer("https://0.example", "the client");
    let token = id_token(&json!({ "iss": "https://0.example" }));
    client.oidc(&first).verify_id_token(&token, &Default::default()).unwrap();
    assert_eq!(server.all().len(), before + 2);
}

#[test]
fn the_id_token_of_an_answer_is_held_against_the_request() {
    let exchange = |changes: Value, max_age: Option<u64>| {
        let server = Server::new();
        let mut body = tokens();
        body["access_token"] = json!(TOKEN);
        body["id_token"] = json!(changed(&changes));
        server.answer(200, &body);
        let mut request =
            AuthorizationRequest::resume("https://a/b", "s", Some(Secret::from("the nonce")), "v");
        request.max_age = max_age.map(Duration::from_secs);
        server.client().oidc(&app()).exchange_code(&request, "c")
    };
    assert_eq!(exchange(json!({}), Some(60)).unwrap().claims.unwrap().subject(), "U1");
    for (changes, max_age) in [
        (json!({ "nonce": "another" }), None),
        (json!({ "at_hash": "AAAA" }), None),
        (json!({ "aud": "x" }), None),
        (json!({ "iss": "https://x" }), None),
        (json!({ "exp": 1 }), None),
        (json!({}), Some(10)),
    ] {
        assert!(matches!(exchange(changes, max_age), Err(Error::Token(_))));
    }
}

#[test]
fn the_id_token_of_a_refresh_is_checked_too() {
    let server = Server::new();
    let mut body = tokens();
    body["id_token"] = json!(id_token(&json!({ "aud": "x" })));
    server.answer(200, &body);
    let error = server.client().oidc(&app()).refresh("r", &Default::default()).unwrap_err();
    assert!(error.is_token_invalid(), "{error}");
}

#[test]
fn a_source_refuses_the_tokens_of_another_user() {
    let server = Server::new();
    let client = server.client();
    let source = TokenSource::oidc(&client, MemoryStore::default(), "ada", &app());
    let mut first = Tokens::new("A0");
    first.refresh_token = Some("R0".into());
    first.id_token = Some(id_token(&json!({})).into());
    first.expires_at = Some(UnixTime::from_seconds(NOW));
    source.sign_in(&first).unwrap();
    for subject in ["U2", "U1"] {
        let mut body = tokens();
        body["id_token"] = id_token(&json!({ "sub": subject })).into();
        server.answer(200, &body);
        let token = source.token();
        match subject {
            "U1" => assert_eq!(token.unwrap().expose(), "an-access-token"),
            _ => assert!(matches!(token.unwrap_err(), Error::Decode(_))),
        }
    }
}

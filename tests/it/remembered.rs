//! Remembered tokens: nothing is accepted that would not be accepted without them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use descope::{Client, ClientBuilder, KeyPolicy, TokenError};
use serde_json::{Value, json};

use crate::keys::{self, COOLDOWN, MAX_AGE, MAX_STALE, START, Time, UNKNOWN};
use crate::signer::{ALGORITHMS, P256, Signer, signer};
use crate::tokens::{NOW, accepts, claims, client_with, refuses};

fn remembering(builder: ClientBuilder) -> ClientBuilder {
    builder.remember_verified_tokens(100)
}

/// A client that remembers tokens, with a server of keys and a clock that do as they are told.
fn setup(policy: KeyPolicy) -> (Client, keys::Server, Time) {
    keys::setup_with(keys::keys(&["k1"]), |builder| remembering(builder.key_policy(policy)))
}

fn expiring(seconds: i64) -> String {
    P256.token("k1", "ES256", &json!({ "iss": "P2keys", "sub": "U1", "exp": START + seconds }))
}

/// As often as it takes to see that the second time is as the first.
#[track_caller]
fn again(client: &Client, token: &str, outcome: &Result<(), TokenError>) {
    for _ in 0..3 {
        assert_eq!(keys::outcome(client, token), *outcome);
    }
}

#[test]
fn a_remembered_token_expires() {
    let (client, _, time) = setup(KeyPolicy::default());
    let token = expiring(60);
    again(&client, &token, &Ok(()));
    time.pass(64);
    again(&client, &token, &Ok(())); // the leeway
    time.pass(1);
    again(&client, &token, &Err(TokenError::Expired { by: std::time::Duration::from_secs(5) }));
    // A clock that was set back also counts.
    time.set_wall(-1000);
    again(&client, &token, &Ok(()));
    time.set_wall(0);
    assert!(keys::outcome(&client, &token).is_err());
}

#[test]
fn the_tokens_of_a_removed_key_are_refused_by_the_next_fetch() {
    let (client, server, time) = setup(KeyPolicy::default());
    let token = keys::token("k1");
    again(&client, &token, &Ok(()));
    server.answers(keys::keys(&["k2"]));
    time.pass(MAX_AGE - 1);
    again(&client, &token, &Ok(()));
    assert_eq!(server.fetches(), 1);
    time.pass(1);
    again(&client, &token, &UNKNOWN);
    assert_eq!(server.fetches(), 2);
}

#[test]
fn a_fetch_for_another_token_counts_too() {
    let (client, server, time) = setup(KeyPolicy::default());
    let token = keys::token("k1");
    again(&client, &token, &Ok(()));
    server.answers(keys::keys(&["k2"]));
    time.pass(COOLDOWN);
    again(&client, &keys::token("k2"), &Ok(()));
    assert_ne!(keys::outcome(&client, &token), Ok(()));
}

#[test]
fn another_key_of_the_same_name_is_not_the_one_that_signed() {
    let (client, server, time) = setup(KeyPolicy::default());
    let token = keys::token("k1");
    again(&client, &token, &Ok(()));
    server.answers(keys::Answer::Keys(vec![Signer::p256().jwk("k1", "ES256")]));
    time.pass(MAX_AGE);
    again(&client, &token, &Err(TokenError::Signature));
    // It comes back.
    server.answers(keys::keys(&["k1"]));
    time.pass(MAX_AGE);
    again(&client, &token, &Ok(()));
}

#[test]
fn keys_grow_too_old_for_remembered_tokens_as_for_others() {
    let (client, server, time) = setup(KeyPolicy::default());
    let token = keys::token("k1");
    again(&client, &token, &Ok(()));
    server.answers(keys::Answer::Status(503));
    time.pass(MAX_AGE);
    again(&client, &token, &Ok(()));
    assert_eq!(server.fetches(), 2);
    time.pass(MAX_STALE - MAX_AGE);
    keys::unavailable(&client, &token);
    // A machine that slept.
    let (client, server, time) = setup(KeyPolicy::default());
    again(&client, &token, &Ok(()));
    time.set_wall(i64::try_from(MAX_AGE).unwrap());
    again(&client, &token, &Ok(()));
    assert_eq!(server.fetches(), 2);
}

#[test]
fn audiences_are_those_of_the_clone_that_asks() {
    let (client, _) = client_with(&[P256.jwk("k1", "ES256")], remembering);
    let mut named = claims();
    named["aud"] = json!(["a", "b"]);
    let token = P256.token("k1", "ES256", &named);
    let wide = client.with_audiences(["b"]);
    for _ in 0..3 {
        refuses(&client, &token, &TokenError::Audience);
        accepts(&wide, &token);
        refuses(&client.with_audiences(["c"]), &token, &TokenError::Audience);
        accepts(&client.with_audiences(["c", "a"]), &token);
    }
}

#[test]
fn clients_remember_for_themselves() {
    let (client, _) = client_with(&[P256.jwk("k1", "ES256")], remembering);
    let token = P256.token("k1", "ES256", &claims());
    accepts(&client, &token);
    accepts(&client.clone(), &token);
    let (other, _) = client_with(&[Signer::p256().jwk("k1", "ES256")], remembering);
    refuses(&other, &token, &TokenError::Signature);
    let (other, _) = client_with(&[P256.jwk("k1", "ES256")], |builder| {
        remembering(builder).refresh_cookie("DS")
    });
    refuses(&other, &token, &TokenError::NotASession);
}

#[test]
fn a_session_is_no_refresh_token_for_being_remembered() {
    let (client, _) = client_with(&[P256.jwk("k1", "ES256")], remembering);
    let token = P256.token("k1", "ES256", &claims());
    for _ in 0..2 {
        accepts(&client, &token);
        let refused = client.auth().session().refresh(&token).unwrap_err();
        assert!(matches!(refused, descope::Error::Token(TokenError::NotARefreshToken)));
    }
    let mut refresh = claims();
    refresh["drn"] = json!("DSR");
    let refresh = P256.token("k1", "ES256", &refresh);
    for _ in 0..3 {
        refuses(&client, &refresh, &TokenError::NotASession);
    }
}

#[test]
fn a_pinned_key_remembers_too() {
    let build = |key: &Value| {
        let builder = Client::builder().ignore_env().project_id("P2tokens");
        let builder = builder.clock(crate::tokens::FixedClock(NOW)).public_key(key.to_string());
        remembering(builder).build().unwrap()
    };
    let client = build(&P256.jwk("k1", "ES256"));
    let token = P256.token("k1", "ES256", &claims());
    let first = accepts(&client, &token);
    assert_eq!(accepts(&client, &token), first);
    refuses(&build(&Signer::p256().jwk("k1", "ES256")), &token, &TokenError::Signature);
}

#[test]
fn what_is_remembered_says_what_the_token_says() {
    let all = json!({
        "iss": "P2tokens", "sub": "U1", "exp": NOW + 600, "iat": NOW - 1, "drn": "DS", "dct": "acme",
        "aud": ["P2tokens", "x"], "amr": ["pwd", "sms"], "roles": ["a", "b\"\\/"], "cnf": { "jkt": "t" },
        "tenants": { "acme": { "roles": ["c"], "permissions": ["d"] } }, "plan": { "seats": 5.5 },
        "naïve 😀": "\u{1}\u{7f}", "act": { "sub": "admin" }, "scope": "x y", "nonce": null,
    });
    for algorithm in ALGORITHMS {
        let signer = signer(algorithm);
        let (client, fetches) = client_with(&[signer.jwk("k1", algorithm)], remembering);
        let token = signer.token("k1", algorithm, &all);
        let once = accepts(&client, &token);
        for _ in 0..3 {
            let again = accepts(&client, &token);
            assert_eq!(again, once);
            assert_eq!(json!(again.as_map()), all);
            assert_eq!(again.roles(descope::Scope::Tenant("acme")), ["c"]);
            assert_eq!(again.matched_roles(descope::Scope::Project, ["b\"\\/"]), ["b\"\\/"]);
            assert_eq!((again.user_id(), again.current_tenant()), ("U1", Some("acme")));
            assert_eq!((again.key_thumbprint(), again.actor()), (Some("t"), Some("admin")));
            assert_eq!(again.expires_at().as_seconds(), NOW + 600);
            assert_eq!(format!("{again:?}"), format!("{once:?}"));
        }
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn many_threads_and_more_tokens_than_there_is_room_for() {
    let (client, fetches) =
        client_with(&[P256.jwk("k1", "ES256")], |builder| builder.remember_verified_tokens(20));
    let tokens: Vec<(String, String)> = (0..40)
        .map(|number| {
            let user = format!("U{number}");
            let mut claims = claims();
            claims["sub"] = json!(user);
            (P256.token("k1", "ES256", &claims), user)
        })
        .collect();
    let forged: Vec<String> = tokens
        .iter()
        .zip(tokens.iter().skip(1))
        .map(|((one, _), (next, _))| {
            let (head, _) = one.rsplit_once('.').unwrap();
            format!("{head}.{}", next.rsplit_once('.').unwrap().1)
        })
        .collect();
    let checked = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        for thread in 0..64 {
            let (client, tokens, forged, checked) = (&client, &tokens, &forged, checked.clone());
            scope.spawn(move || {
                for round in 0..30 {
                    let at = (thread * 7 + round * 11) % tokens.len();
                    let (token, user) = &tokens[at];
                    assert_eq!(accepts(client, token).user_id(), user);
                    refuses(client, &forged[at % forged.len()], &TokenError::Signature);
                    checked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(checked.load(Ordering::Relaxed), 64 * 30);
    assert_eq!(fetches.load(Ordering::Relaxed), 1);
    assert!(!format!("{client:?}").contains(&tokens[0].0));
}

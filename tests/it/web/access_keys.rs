//! Machines that send their access keys to the guard.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use descope::emulator::{Emulator, Fault};
use descope::web::{Access, Guard, GuardOptions, Reason, RequestTokens, TokenKind};
use descope::{Client, KeyPolicy};
use serde_json::json;

use super::{anyone, denied, headers, sign_in, token};
use crate::support::client;

const EXCHANGE: &str = "/v1/auth/accesskey/exchange";

/// An emulator with access keys of these names, of which each is a `Reader`, and their cleartexts and IDs.
fn with_keys(names: &[&str]) -> (Emulator, Vec<(String, String)>) {
    let emulator = Emulator::new();
    let key = |name: &&str| json!({ "name": name, "roleNames": ["Reader"] });
    let keys: Vec<_> = names.iter().map(key).collect();
    let made =
        emulator.seed(&json!({ "roles": [{ "name": "Reader" }], "accessKeys": keys })).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let made = made["accessKeys"].as_array().unwrap().iter();
    let made = made.map(|key| (text(&key["cleartext"]), text(&key["key"]["id"]))).collect();
    (emulator, made)
}

fn machines() -> Access {
    Access::default().access_keys(true)
}

fn bearer(guard: &Guard, scheme: &str, key: &str) -> RequestTokens {
    guard.tokens(&headers(&[("authorization", format!("{scheme} {key}").as_bytes())]))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_machine_is_let_in_by_its_access_key_where_the_access_says_so() {
    let (emulator, keys) = with_keys(&["nightly"]);
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let (key, id) = &keys[0];
    let sent = bearer(&guard, "Bearer", key);
    let socket = RequestTokens::default().session_token(&**key);
    for access in [anyone(), machines().access_keys(false), anyone().access_tokens(true)] {
        for tokens in [&sent, &socket] {
            denied(guard.validate(tokens, &access), 401, Reason::TokenInvalid);
            denied(guard.validate_and_refresh(tokens, &access), 401, Reason::TokenInvalid);
        }
    }
    // It is a bearer, and nothing else.
    for tokens in [bearer(&guard, "DPoP", key), bearer(&guard, "Basic", key)] {
        let refused = guard.validate(&tokens, &machines()).unwrap_err();
        assert!(matches!(refused.reason(), Reason::TokenInvalid | Reason::NoToken));
    }
    let cookie = guard.tokens(&headers(&[("cookie", format!("DS={key}").as_bytes())]));
    denied(guard.validate(&cookie, &machines()), 401, Reason::TokenInvalid);
    denied(guard.accept_login(&sent, ""), 401, Reason::TokenInvalid);
    assert_eq!(emulator.requests(EXCHANGE), 0);

    for access in [machines(), machines().sessions(false), machines().roles(["Reader"])] {
        for tokens in [&sent, &socket] {
            let visitor = guard.validate(tokens, &access).unwrap();
            assert_eq!((visitor.kind, visitor.claims.user_id()), (TokenKind::AccessKey, &**id));
            assert!(guard.validate_and_refresh(tokens, &access).unwrap().set_cookies.is_empty());
        }
    }
    denied(guard.validate(&sent, &machines().roles(["Editor"])), 403, Reason::MissingRole);
    denied(guard.validate(&sent, &machines().tenant("acme")), 403, Reason::NotInTenant);
    denied(guard.validate(&sent, &machines().step_up(true)), 401, Reason::MissingStepUp);
    assert_eq!(emulator.requests(EXCHANGE), 1);

    // Users are let in beside machines, unless the access says otherwise.
    let user = bearer(&guard, "Bearer", &token(&emulator, "U1"));
    assert_eq!(guard.validate(&user, &machines()).unwrap().kind, TokenKind::Session);
    denied(guard.validate(&user, &machines().sessions(false)), 401, Reason::NotAnAccessToken);
}

#[test]
fn a_key_is_exchanged_once_however_many_ask() {
    let (emulator, keys) = with_keys(&["one", "two"]);
    let guard = Guard::new(&client(&emulator));
    let start = Barrier::new(16);
    thread::scope(|scope| {
        for number in 0..16 {
            let (guard, start, (key, id)) = (guard.clone(), &start, &keys[number % 2]);
            scope.spawn(move || {
                let sent = bearer(&guard, "Bearer", key);
                start.wait();
                for _ in 0..20 {
                    assert_eq!(guard.validate(&sent, &machines()).unwrap().claims.user_id(), id);
                }
            });
        }
    });
    assert_eq!(emulator.requests(EXCHANGE), 2);
}

#[test]
fn a_session_is_replaced_before_it_ends() {
    for (options, pauses) in [
        // The default is five minutes, of which the last half is for the replacement.
        (GuardOptions::default(), [269, 1]),
        (GuardOptions::default().access_key_max_age(seconds(60)), [53, 1]),
        // The session itself has ten.
        (GuardOptions::default().access_key_max_age(seconds(24 * 60 * 60)), [569, 1]),
    ] {
        let (emulator, keys) = with_keys(&["nightly"]);
        let guard = Guard::with_options(&client(&emulator), options).unwrap();
        let sent = bearer(&guard, "Bearer", &keys[0].0);
        for round in 1..=3 {
            for pause in pauses {
                guard.validate(&sent, &machines()).unwrap();
                assert_eq!(emulator.requests(EXCHANGE), round);
                emulator.advance(seconds(pause));
            }
        }
    }
    let options = |age| GuardOptions::default().access_key_max_age(age);
    let client = client(&Emulator::new());
    for bad in
        [Duration::ZERO, Duration::from_millis(999), seconds(24 * 60 * 60 + 1), Duration::MAX]
    {
        assert!(Guard::with_options(&client, options(bad)).is_err(), "{bad:?}");
    }
}

#[test]
fn a_key_that_is_withdrawn_is_let_in_until_the_maximum_age_and_no_longer() {
    let (emulator, keys) = with_keys(&["nightly"]);
    let client = client(&emulator);
    let guard =
        Guard::with_options(&client, GuardOptions::default().access_key_max_age(seconds(100)));
    let guard = guard.unwrap();
    let (key, id) = &keys[0];
    let sent = bearer(&guard, "Bearer", key);
    guard.validate(&sent, &machines()).unwrap();
    client.mgmt().access_key().deactivate(id).unwrap();
    emulator.advance(seconds(89));
    guard.validate(&sent, &machines()).unwrap();
    emulator.advance(seconds(1));
    denied(guard.validate(&sent, &machines()), 401, Reason::TokenInvalid);
    // It is asked about once a minute, and then let in again.
    client.mgmt().access_key().activate(id).unwrap();
    for _ in 0..5 {
        let refused = denied(guard.validate(&sent, &machines()), 401, Reason::TokenInvalid);
        assert!(refused.error().unwrap().is_unauthorized());
    }
    assert_eq!(emulator.requests(EXCHANGE), 2);
    emulator.advance(seconds(60));
    guard.validate(&sent, &machines()).unwrap();
}

#[test]
fn a_flood_of_wrong_keys_is_no_flood_of_calls() {
    let (emulator, keys) = with_keys(&["known", "new"]);
    let guard = Guard::new(&client(&emulator));
    let [known, new] = [0, 1].map(|at: usize| bearer(&guard, "Bearer", &keys[at].0));
    guard.validate(&known, &machines()).unwrap();
    for _ in 0..50 {
        let wrong = bearer(&guard, "Bearer", "K2wrong");
        denied(guard.validate(&wrong, &machines()), 401, Reason::TokenInvalid);
    }
    assert_eq!(emulator.requests(EXCHANGE), 2);
    for number in 0..300 {
        let wrong = bearer(&guard, "Bearer", &format!("K2wrong{number}"));
        let reason = guard.validate(&wrong, &machines()).unwrap_err().reason();
        let expected = if number < 99 { Reason::TokenInvalid } else { Reason::RateLimited };
        assert_eq!(reason, expected, "{number}");
    }
    assert_eq!(emulator.requests(EXCHANGE), 101);
    // New keys wait, for a minute at the most, and known ones do not.
    emulator.advance(seconds(20));
    let refused = denied(guard.validate(&new, &machines()), 503, Reason::RateLimited);
    assert!((seconds(10)..=seconds(40)).contains(&refused.retry_after().unwrap()));
    guard.validate(&known, &machines()).unwrap();
    emulator.advance(seconds(40));
    guard.validate(&new, &machines()).unwrap();
}

#[test]
fn a_known_key_is_exchanged_again_in_a_flood() {
    let (emulator, keys) = with_keys(&["known"]);
    let guard = Guard::new(&client(&emulator));
    let known = bearer(&guard, "Bearer", &keys[0].0);
    guard.validate(&known, &machines()).unwrap();
    emulator.advance(seconds(600));
    for number in 0..120 {
        let wrong = bearer(&guard, "Bearer", &format!("K2wrong{number}"));
        guard.validate(&wrong, &machines()).unwrap_err();
    }
    guard.validate(&known, &machines()).unwrap();
}

#[test]
fn what_cannot_be_an_access_key_costs_no_call() {
    let (emulator, keys) = with_keys(&["nightly"]);
    let guard = Guard::new(&client(&emulator));
    let key = &keys[0].0;
    let (long, jwt) = ("x".repeat(1025), token(&Emulator::new(), "U1"));
    for bad in [&*long, &format!("P2abc:{key}"), &jwt, "a.b.c", "a.b", "k\u{e9}y", "two words"] {
        let sent = bearer(&guard, "Bearer", bad);
        denied(guard.validate(&sent, &machines()), 401, Reason::TokenInvalid);
    }
    let line = format!("Bearer {key}");
    let twice = headers(&[("authorization", line.as_bytes()), ("authorization", line.as_bytes())]);
    denied(guard.validate(&guard.tokens(&twice), &machines()), 401, Reason::Ambiguous);
    assert_eq!(emulator.requests(EXCHANGE), 0);
}

#[test]
fn no_cookie_makes_up_for_a_wrong_key() {
    let (emulator, _) = with_keys(&[]);
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let refresh = sign_in(&emulator, &client).refresh_token().unwrap().to_owned();
    let cookie = format!("DSR={refresh}; DS={}", token(&emulator, "U1"));
    let sent = headers(&[("authorization", b"Bearer K2wrong"), ("cookie", cookie.as_bytes())]);
    let sent = guard.tokens(&sent);
    denied(guard.validate_and_refresh(&sent, &machines()), 401, Reason::TokenInvalid);
    // Nor for a session that has expired before it arrives.
    let expired = emulator.issue_token(json!({ "sub": "K1", "drn": "DS", "exp": 1_000_000_000 }));
    let answer = json!({ "keyId": "K1", "sessionJwt": expired.unwrap() }).to_string();
    emulator.fault(Fault::answer(200, answer).at(EXCHANGE));
    let sent = headers(&[("authorization", b"Bearer K2other"), ("cookie", cookie.as_bytes())]);
    denied(
        guard.validate_and_refresh(&guard.tokens(&sent), &machines()),
        401,
        Reason::TokenInvalid,
    );
    assert_eq!(emulator.requests("/v1/auth/refresh"), 0);
}

#[test]
fn an_outage_is_503_and_a_session_goes_on_until_its_end() {
    let (emulator, keys) = with_keys(&["nightly"]);
    for (fault, reason) in [
        (Fault::status(500), Reason::Unavailable),
        (Fault::html(502), Reason::Unavailable),
        (Fault::html(403), Reason::Unavailable),
        (Fault::html(401), Reason::Unavailable),
        (Fault::reset(), Reason::Unavailable),
        (Fault::answer(200, "<html>"), Reason::Unavailable),
        (Fault::answer(200, "{}"), Reason::Unavailable),
        (Fault::status(429).header("retry-after", "7"), Reason::RateLimited),
    ] {
        let guard = Guard::new(&client(&emulator));
        let sent = bearer(&guard, "Bearer", &keys[0].0);
        emulator.fault(fault.clone().at(EXCHANGE));
        let refused = denied(guard.validate(&sent, &machines()), 503, reason);
        let wait = (reason == Reason::RateLimited).then_some(seconds(7));
        assert_eq!(refused.retry_after(), wait);
        emulator.clear_faults();
        guard.validate(&sent, &machines()).unwrap();

        emulator.fault(fault.at(EXCHANGE));
        emulator.advance(seconds(275));
        let before = emulator.requests(EXCHANGE);
        for _ in 0..5 {
            guard.validate(&sent, &machines()).unwrap();
        }
        let tries = emulator.requests(EXCHANGE) - before;
        emulator.advance(seconds(40));
        denied(guard.validate(&sent, &machines()), 503, reason);
        assert!(emulator.requests(EXCHANGE) - before <= 2 * tries, "one try for many requests");
        emulator.clear_faults();
        guard.validate(&sent, &machines()).unwrap();
    }
}

#[test]
fn a_session_is_checked_with_each_request() {
    let (emulator, keys) = with_keys(&["nightly"]);
    let policy = KeyPolicy::default().max_age(seconds(60)).max_stale(seconds(60));
    let client =
        Client::builder().ignore_env().emulator(&emulator).key_policy(policy).build().unwrap();
    let guard = Guard::new(&client);
    let sent = bearer(&guard, "Bearer", &keys[0].0);
    guard.validate(&sent, &machines()).unwrap();
    // The key that its session is signed with is withdrawn: a new session is needed.
    emulator.rotate_keys().unwrap();
    emulator.advance(seconds(90));
    guard.validate(&sent, &machines()).unwrap();
    assert_eq!(emulator.requests(EXCHANGE), 2);
    guard.validate(&sent, &machines()).unwrap();
    assert_eq!(emulator.requests(EXCHANGE), 2);
}

#[test]
fn a_session_for_another_audience_is_refused_without_a_flood_of_calls() {
    let (emulator, keys) = with_keys(&["nightly"]);
    let guard = Guard::new(&client(&emulator).with_audiences(["https://api.example.com"]));
    let sent = bearer(&guard, "Bearer", &keys[0].0);
    for _ in 0..5 {
        denied(guard.validate(&sent, &machines()), 401, Reason::TokenInvalid);
    }
    assert_eq!(emulator.requests(EXCHANGE), 1);
    // Nor is anything but a session one.
    for claims in
        [json!({ "scope": "x", "drn": "DS" }), json!({ "drn": "DSR" }), json!({ "nonce": "n" })]
    {
        let guard = Guard::new(&client(&emulator));
        let mut claims = claims;
        claims["sub"] = "K1".into();
        let answer = json!({ "keyId": "K1", "sessionJwt": emulator.issue_token(claims).unwrap() });
        emulator.fault(Fault::answer(200, answer.to_string()).at(EXCHANGE));
        assert_eq!(guard.validate(&sent, &machines()).unwrap_err().status(), 401);
        emulator.clear_faults();
    }
}

#[test]
fn nothing_prints_an_access_key() {
    let (emulator, keys) = with_keys(&["nightly"]);
    let guard = Guard::new(&client(&emulator));
    let wrong = "K2wrong-and-secret";
    let shown = [&*keys[0].0, wrong].map(|key| {
        let sent = bearer(&guard, "Bearer", key);
        let outcome = guard.validate(&sent, &machines());
        let denied = outcome.as_ref().err().map(ToString::to_string);
        format!("{outcome:?} {denied:?} {sent:?} {guard:?} {:?}", machines())
    });
    let shown = shown.concat();
    assert!(!shown.contains(&keys[0].0) && !shown.contains(wrong), "{shown}");
}

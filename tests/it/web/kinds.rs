//! Tokens that Descope signs with the same keys, and that are not sessions.

use std::time::Duration;

use descope::emulator::Emulator;
use descope::web::{Access, Guard, GuardOptions, Reason, RequestTokens};
use serde_json::{Value, json};

use super::{anyone, denied, headers, outcome, sign_in};
use crate::support::client;

/// Claims that make another kind of a session token.
fn kinds() -> Vec<(Value, Reason)> {
    let session = |name: &str, value: Value| {
        let mut claims = json!({ "sub": "U1", "drn": "DS" });
        claims[name] = value;
        claims
    };
    let none = json!({ "sub": "U1", "email": "ada@example.com", "name": "Ada" });
    let mut kinds = vec![(none, Reason::NotASession)];
    for name in ["nonce", "at_hash", "c_hash", "s_hash"] {
        kinds.push((session(name, json!("x")), Reason::NotASession));
    }
    for name in ["scope", "scp", "azp", "client_id"] {
        kinds.push((session(name, json!("openid contacts")), Reason::ScopedToken));
        kinds.push((session(name, json!(null)), Reason::ScopedToken));
    }
    kinds
}

#[test]
fn id_tokens_and_scoped_access_tokens_are_not_sessions() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let every = GuardOptions::default().session_tokens_only(false);
    let every = Guard::with_options(&client, every).unwrap();
    let only = GuardOptions::default().session_tokens_only(true);
    let only = Guard::with_options(&client, only).unwrap();
    for (claims, reason) in kinds() {
        let token = emulator.issue_token(claims.clone()).unwrap();
        let tokens = RequestTokens::default().session_token(&*token);
        for guard in [&guard, &only] {
            let refused = denied(guard.validate(&tokens, &anyone()), 401, reason);
            assert!(refused.set_cookies().is_empty() && !refused.to_string().is_empty());
            denied(guard.validate_and_refresh(&tokens, &anyone()), 401, reason);
            denied(guard.accept_login(&tokens, ""), 401, reason);
        }
        assert_eq!(outcome(every.validate(&tokens, &anyone())).as_deref(), Ok("U1"), "{claims}");
        // It is in the way of no session.
        let session = super::token(&emulator, "U2");
        let line = format!("DS={token}; DS={session}");
        let both = guard.tokens(&headers(&[("cookie", line.as_bytes())]));
        assert_eq!(outcome(guard.validate(&both, &anyone())).as_deref(), Ok("U2"), "{claims}");
    }
    assert_eq!(Reason::NotASession.as_str(), "not_a_session");
    assert_eq!(Reason::ScopedToken.as_str(), "scoped_token");
    // A refresh token stays one, whatever else is accepted.
    let refresh = emulator.issue_token(json!({ "sub": "U1", "drn": "DSR" })).unwrap();
    let refresh = RequestTokens::default().session_token(refresh);
    denied(every.validate(&refresh, &anyone()), 401, Reason::TokenInvalid);
}

#[test]
fn a_cookie_with_another_kind_of_token_is_replaced_by_a_refresh_but_a_bearer_is_not() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let info = sign_in(&emulator, &client);
    let refresh = info.refresh_token().unwrap();
    for (claims, reason) in kinds() {
        let token = emulator.issue_token(claims).unwrap();
        let line = format!("DS={token}; DSR={refresh}");
        let cookies = guard.tokens(&headers(&[("cookie", line.as_bytes())]));
        let visitor = guard.validate_and_refresh(&cookies, &anyone()).unwrap();
        assert_eq!(visitor.claims.user_id(), info.user.user_id);
        let (bearer, line) = (format!("Bearer {token}"), format!("DSR={refresh}"));
        let bearer = guard
            .tokens(&headers(&[("authorization", bearer.as_bytes()), ("cookie", line.as_bytes())]));
        denied(guard.validate_and_refresh(&bearer, &anyone()), 401, reason);
    }
}

/// Else an access token would turn into a whole session by its end.
#[test]
fn an_expired_bearer_of_another_kind_is_not_replaced_either() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let info = sign_in(&emulator, &client);
    let sent = |claims: &Value| {
        let mut claims = claims.clone();
        claims["sub"] = json!(info.user.user_id);
        let bearer = format!("Bearer {}", emulator.issue_token(claims).unwrap());
        let line = format!("DSR={}", info.refresh_token().unwrap());
        guard.tokens(&headers(&[("authorization", bearer.as_bytes()), ("cookie", line.as_bytes())]))
    };
    let session = sent(&json!({ "drn": "DS" }));
    let others: Vec<_> = kinds().iter().map(|(claims, _)| sent(claims)).collect();
    emulator.advance(Duration::from_secs(3600));
    for access in [anyone(), Access::default().scopes(["contacts"])] {
        guard.validate_and_refresh(&session, &access).unwrap();
        for tokens in &others {
            denied(guard.validate_and_refresh(tokens, &access), 401, Reason::TokenExpired);
        }
    }
}

#[test]
fn what_a_route_rules_out_stays_out_where_all_tokens_count_as_sessions() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let every = GuardOptions::default().session_tokens_only(false);
    let every = Guard::with_options(&client, every).unwrap();
    let sent = |claims: Value| {
        RequestTokens::default().session_token(emulator.issue_token(claims).unwrap())
    };
    let session = sent(json!({ "sub": "U1", "drn": "DS" }));
    let scoped = sent(json!({ "sub": "U1", "drn": "DS", "scope": "tools" }));
    let id_token = sent(json!({ "sub": "U1", "nonce": "n" }));
    let access = Access::default;
    let apps = || access().scopes(["tools"]).sessions(false);
    for machines in [access().access_keys(true).sessions(false), apps()] {
        denied(every.validate(&session, &machines), 401, Reason::NotAnAccessToken);
        denied(every.validate(&id_token, &machines), 401, Reason::NotASession);
        assert_eq!(outcome(every.validate(&scoped, &machines)).as_deref(), Ok("U1"));
    }
    let people = access().access_tokens(false);
    denied(every.validate(&scoped, &people), 401, Reason::ScopedToken);
    assert_eq!(outcome(every.validate(&session, &people)).as_deref(), Ok("U1"));
    // Scopes are asked of all but sessions.
    let tools = access().scopes(["tools"]);
    denied(every.validate(&id_token, &tools), 403, Reason::MissingScope);
    for tokens in [&session, &scoped] {
        assert_eq!(outcome(every.validate(tokens, &tools)).as_deref(), Ok("U1"));
    }
}

/// Else the session would be refreshed with every request.
#[test]
fn what_a_refresh_brings_is_held_to_the_same_rule() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let info = sign_in(&emulator, &client);
    let claims = json!({ "sub": info.user.user_id, "drn": "DS", "scope": "x" });
    let answer = json!({ "sessionJwt": emulator.issue_token(claims).unwrap() });
    let fault = descope::emulator::Fault::answer(200, answer.to_string());
    emulator.fault(fault.at("/v1/auth/refresh"));
    let tokens = RequestTokens::default().refresh_token(info.refresh_token().unwrap());
    let refused = denied(guard.validate_and_refresh(&tokens, &anyone()), 401, Reason::ScopedToken);
    assert_eq!(refused.set_cookies().len(), 1);
}

#[test]
fn impersonation_is_seen_and_can_be_forbidden() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let in_person = || Access::default().impersonation(false);
    for (act, actor) in [
        (Some(json!({ "sub": "U2support" })), Some("U2support")),
        (Some(json!({ "sub": 7 })), Some("")),
        (Some(json!({})), Some("")),
        (Some(json!(null)), Some("")),
        (Some(json!("x")), Some("")),
        (None, None),
    ] {
        let mut claims = json!({ "sub": "U1", "drn": "DS" });
        if let Some(act) = act {
            claims["act"] = act;
        }
        let tokens = RequestTokens::default().session_token(emulator.issue_token(claims).unwrap());
        for access in [anyone(), Access::default().impersonation(true)] {
            let visitor = guard.validate(&tokens, &access).unwrap();
            assert_eq!(visitor.impersonator(), actor);
        }
        let strict = guard.validate_and_refresh(&tokens, &in_person());
        match actor {
            Some(_) => drop(denied(strict, 403, Reason::Impersonated)),
            None => assert!(strict.is_ok()),
        }
    }
    assert_eq!(Reason::Impersonated.as_str(), "impersonated");
}

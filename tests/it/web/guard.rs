//! Who is let in: refreshing, roles and permissions, outages, taking tokens over.

use std::time::Duration;

use descope::Client;
use descope::auth::DeliveryMethod::Email;
use descope::emulator::{Emulator, Fault};
use descope::transport::http::StatusCode;
use descope::web::{Access, Guard, Reason, RequestTokens, status};
use serde_json::{Value, json};

use super::{ADA, anyone, cookie_header, denied, headers, names, outcome, pair, sign_in, token};
use crate::support::client;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn roles_and_permissions_of_the_project_or_of_a_tenant() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let claims = json!({
        "sub": "U1", "drn": "DS", "roles": ["editor", "author"], "permissions": ["write"],
        "tenants": { "acme": { "roles": ["owner"], "permissions": ["pay", "hire"] }, "umbrella": {} },
    });
    let check = |claims: &Value, access: &Access| {
        let credentials =
            RequestTokens::default().session_token(emulator.issue_token(claims.clone()).unwrap());
        let validated = outcome(guard.validate(&credentials, access));
        assert_eq!(outcome(guard.validate_and_refresh(&credentials, access)), validated);
        validated.err()
    };
    let access = Access::default;
    for (access, expected) in [
        (access(), None),
        (access().roles(["editor"]), None),
        (access().roles(["editor", "author"]).permissions(["write"]), None),
        (access().roles(["editor", "owner"]), Some(Reason::MissingRole)),
        (access().roles([""]), Some(Reason::MissingRole)),
        (access().permissions(["write", "pay"]), Some(Reason::MissingPermission)),
        (access().permissions(["pay"]).roles(["owner"]), Some(Reason::MissingPermission)),
        (access().tenant("acme"), None),
        (access().tenant("acme").roles(["owner"]).permissions(["hire", "pay"]), None),
        (access().tenant("acme").roles(["editor"]), Some(Reason::MissingRole)),
        (access().tenant("acme").permissions(["write"]), Some(Reason::MissingPermission)),
        (access().tenant("umbrella"), None),
        (access().tenant("umbrella").roles(["owner"]), Some(Reason::MissingRole)),
        (access().tenant("initech"), Some(Reason::NotInTenant)),
        (access().tenant(""), Some(Reason::NotInTenant)),
        (access().tenant("initech").roles(["editor"]), Some(Reason::NotInTenant)),
    ] {
        assert_eq!(check(&claims, &access), expected, "{access:?}");
    }
    let current = json!({ "sub": "U1", "drn": "DS", "dct": "acme", "roles": ["owner"] });
    assert_eq!(check(&current, &access().tenant("acme").roles(["owner"])), None);
    assert_eq!(check(&current, &access().tenant("umbrella")), Some(Reason::NotInTenant));
}

#[test]
fn a_token_that_is_bound_to_a_key_is_no_bearer_token() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let refresh = sign_in(&emulator, &client).refresh_token().unwrap().to_owned();
    for cnf in [json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }), json!({})] {
        let bound = json!({ "sub": "U1", "drn": "DS", "cnf": cnf });
        let credentials = RequestTokens::default()
            .session_token(emulator.issue_token(bound).unwrap())
            .refresh_token(&*refresh);
        denied(guard.validate(&credentials, &anyone()), 401, Reason::ProofMissing);
        denied(guard.validate_and_refresh(&credentials, &anyone()), 401, Reason::ProofMissing);
        denied(guard.accept_login(&credentials, ""), 401, Reason::ProofMissing);
    }
    assert_eq!(emulator.requests("/v1/auth/refresh"), 0);
}

#[test]
fn a_refresh_gives_a_new_session_cookie() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let info = sign_in(&emulator, &client);
    let browser = guard.tokens(&cookie_header(&guard.set_cookies(&info).unwrap()));

    let fresh = guard.validate_and_refresh(&browser, &anyone()).unwrap();
    assert!(fresh.refreshed.is_none() && fresh.set_cookies.is_empty());
    emulator.advance(HOUR);
    denied(guard.validate(&browser, &anyone()), 401, Reason::TokenExpired);
    let again = guard.validate_and_refresh(&browser, &anyone()).unwrap();
    assert_eq!(again.claims.user_id(), info.user.user_id);
    // The refresh token is still the old one, and so is its cookie.
    assert_eq!(names(&again.set_cookies), ["DS"]);
    let new = again.refreshed.unwrap();
    assert_eq!(pair(&again.set_cookies[0]), format!("DS={}", new.session_token()));
    assert_ne!(new.session_token(), info.session_token());

    // The refresh cookie alone is enough.
    let alone = headers(&[("cookie", format!("DSR={}", info.refresh_token().unwrap()).as_bytes())]);
    assert!(
        guard.validate_and_refresh(&guard.tokens(&alone), &anyone()).unwrap().refreshed.is_some()
    );
    // Also beside a bearer that has expired.
    let mut bearer = alone;
    bearer.insert("authorization", format!("Bearer {}", info.session_token()).parse().unwrap());
    assert!(guard.validate_and_refresh(&guard.tokens(&bearer), &anyone()).is_ok());
    // A second `Authorization` makes nothing of it count.
    bearer.append("authorization", "Basic eDp5".parse().unwrap());
    denied(guard.validate_and_refresh(&guard.tokens(&bearer), &anyone()), 401, Reason::Ambiguous);
}

#[test]
fn with_rotation_both_cookies_are_new_and_survive_a_403() {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).build();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let info = sign_in(&emulator, &client);
    let browser = guard.tokens(&cookie_header(&guard.set_cookies(&info).unwrap()));
    emulator.advance(HOUR);
    let admins = Access::default().roles(["admin"]);
    let turned_away =
        denied(guard.validate_and_refresh(&browser, &admins), 403, Reason::MissingRole);
    assert_eq!(names(turned_away.set_cookies()), ["DS", "DSR"]);
    assert!(
        !turned_away.set_cookies()[1].to_str().unwrap().contains(info.refresh_token().unwrap())
    );
    // The old refresh token is spent by now, the new cookies are good.
    denied(guard.validate_and_refresh(&browser, &anyone()), 401, Reason::SessionEnded);
    let browser = guard.tokens(&cookie_header(turned_away.set_cookies()));
    let visitor = guard.validate_and_refresh(&browser, &anyone()).unwrap();
    assert!(visitor.set_cookies.is_empty());
    // Without a refresh there is nothing to send with a 403.
    assert!(guard.validate_and_refresh(&browser, &admins).unwrap_err().set_cookies().is_empty());
}

#[test]
fn a_rotated_token_that_comes_as_a_cookie_is_passed_on() {
    let emulator =
        Emulator::builder().rotate_refresh_tokens(true).refresh_tokens_in_cookies(true).build();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let info = sign_in(&emulator, &client);
    let mut cookies = guard.set_cookies(&info).unwrap();
    for _ in 0..3 {
        emulator.advance(HOUR);
        let browser = guard.tokens(&cookie_header(&cookies));
        cookies = guard.validate_and_refresh(&browser, &anyone()).unwrap().set_cookies;
        assert_eq!(names(&cookies), ["DS", "DSR"]);
    }
}

#[test]
fn an_outage_is_503_and_nothing_is_refreshed_or_cleared() {
    let emulator = Emulator::new();
    let info = sign_in(&emulator, &client(&emulator));
    let credentials = RequestTokens::default()
        .session_token(info.session_token())
        .refresh_token(info.refresh_token().unwrap());
    // Without the keys nothing is known of any token.
    for fault in [
        Fault::status(500),
        Fault::empty(502),
        Fault::html(200),
        Fault::reset(),
        Fault::garbage_keys(),
    ] {
        let guard = Guard::new(&client(&emulator));
        emulator.fault(fault.at("/v2/keys/"));
        denied(guard.validate(&credentials, &anyone()), 503, Reason::Unavailable);
        denied(guard.validate_and_refresh(&credentials, &anyone()), 503, Reason::Unavailable);
        emulator.clear_faults();
    }
    assert_eq!(emulator.requests("/v1/auth/refresh"), 0);

    // A good session needs nobody.
    let guard = Guard::new(&client(&emulator));
    guard.validate(&credentials, &anyone()).unwrap();
    emulator.fault(Fault::status(500));
    guard.validate_and_refresh(&credentials, &anyone()).unwrap();
    emulator.clear_faults();

    for (fault, reason) in [
        (Fault::status(500), Reason::Unavailable),
        (Fault::html(503), Reason::Unavailable),
        (Fault::reset(), Reason::Unavailable),
        (Fault::lose_answer(), Reason::Unavailable),
        (Fault::answer(200, "<html>"), Reason::Unavailable),
        // What a firewall, a proxy and a portal on the way answer.
        (Fault::html(401), Reason::Unavailable),
        (Fault::answer(401, r#"{"error":"unauthorized"}"#), Reason::Unavailable),
        (Fault::html(403), Reason::Unavailable),
        (Fault::empty(407), Reason::Unavailable),
        (Fault::empty(302).header("location", "https://portal.example.com/"), Reason::Unavailable),
        (Fault::status(429).header("retry-after", "7"), Reason::RateLimited),
    ] {
        let info = sign_in(&emulator, &client(&emulator));
        emulator.advance(HOUR);
        let credentials = RequestTokens::default()
            .session_token(info.session_token())
            .refresh_token(info.refresh_token().unwrap());
        emulator.fault(fault.at("/v1/auth/"));
        let turned_away = denied(guard.validate_and_refresh(&credentials, &anyone()), 503, reason);
        assert!(turned_away.set_cookies().is_empty() && turned_away.error().is_some());
        let wait = (reason == Reason::RateLimited).then_some(Duration::from_secs(7));
        assert_eq!(turned_away.retry_after(), wait);
        // The second token is not tried: what failed was not the first one.
        let before = emulator.requests("/v1/auth/refresh");
        let line = format!("DSR={0}; DSR={0}x; DSR={0}", info.refresh_token().unwrap());
        let several = guard.tokens(&headers(&[("cookie", line.as_bytes())]));
        assert_eq!(guard.validate_and_refresh(&several, &anyone()).unwrap_err().reason(), reason);
        assert!(emulator.requests("/v1/auth/refresh") - before <= 1);
        // A logout says that Descope was not told, and clears the cookies all the same.
        let failed = guard.logout(&credentials).unwrap_err();
        assert_eq!((failed.status().as_u16(), failed.reason()), (503, reason));
        assert_eq!(names(failed.set_cookies()), ["DS", "DSR"]);
        emulator.clear_faults();
    }
}

#[test]
fn one_unknown_key_during_an_outage_outweighs_other_refusals() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let good = token(&emulator, "U1");
    guard.validate(&RequestTokens::default().session_token(&*good), &anyone()).unwrap();
    let of_a_new_key = {
        emulator.rotate_keys().unwrap();
        token(&emulator, "U1")
    };
    emulator.advance(Duration::from_secs(300));
    emulator.fault(Fault::status(500).at("/v2/keys/"));
    for line in [format!("DS=x; DS={of_a_new_key}"), format!("DS={of_a_new_key}; DS=x")] {
        let read = guard.tokens(&headers(&[("cookie", line.as_bytes())]));
        denied(guard.validate(&read, &anyone()), 503, Reason::Unavailable);
    }
    let line = format!("DS={of_a_new_key}; DS={good}");
    let read = guard.tokens(&headers(&[("cookie", line.as_bytes())]));
    assert!(guard.validate(&read, &anyone()).is_ok());
}

#[test]
fn refused_by_descope_is_401() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let info = sign_in(&emulator, &client);
    emulator.advance(HOUR);
    let credentials = RequestTokens::default()
        .session_token(info.session_token())
        .refresh_token(info.refresh_token().unwrap());
    client.mgmt().user().deactivate(ADA).unwrap();
    denied(guard.validate_and_refresh(&credentials, &anyone()), 401, Reason::SessionEnded);
    client.mgmt().user().activate(ADA).unwrap();
    guard.validate_and_refresh(&credentials, &anyone()).unwrap();
    client.mgmt().user().delete(ADA).unwrap();
    denied(guard.validate_and_refresh(&credentials, &anyone()), 401, Reason::SessionEnded);
    denied(guard.validate_and_refresh(&RequestTokens::default(), &anyone()), 401, Reason::NoToken);
}

#[test]
fn tokens_of_a_script_are_checked_and_put_into_cookies() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let info = sign_in(&emulator, &client);
    let bearer = |token: &str| {
        let line = format!("Bearer {token}");
        guard.tokens(&headers(&[("authorization", line.as_bytes())]))
    };
    let (session, refresh) = (info.session_token(), info.refresh_token().unwrap());
    let visitor = guard.accept_login(&bearer(session), &format!("{refresh}\n")).unwrap();
    assert_eq!(visitor.claims.user_id(), info.user.user_id);
    assert_eq!(pair(&visitor.set_cookies[0]), format!("DS={session}"));
    assert_eq!(pair(&visitor.set_cookies[1]), format!("DSR={refresh}"));
    let expires = info.refresh.as_ref().unwrap().claims.expires_at();
    for cookie in &visitor.set_cookies {
        let cookie = cookie::Cookie::parse(cookie.to_str().unwrap()).unwrap();
        assert_eq!(cookie.expires_datetime().unwrap().unix_timestamp(), expires.as_seconds());
        assert_eq!((cookie.http_only(), cookie.secure()), (Some(true), Some(true)));
    }
    assert_eq!(names(&guard.accept_login(&bearer(session), "").unwrap().set_cookies), ["DS"]);

    // A cookie is no consent: it comes along with the requests of other sites.
    let own = guard.tokens(&cookie_header(&visitor.set_cookies));
    denied(guard.accept_login(&own, refresh), 401, Reason::NoToken);
    denied(guard.accept_login(&bearer("x"), refresh), 401, Reason::TokenInvalid);
    denied(guard.accept_login(&bearer(refresh), refresh), 401, Reason::TokenInvalid);
    for bad in ["x", "a; b", &"x".repeat(20_000)] {
        denied(guard.accept_login(&bearer(session), bad), 401, Reason::TokenInvalid);
    }
    let foreign = token(&Emulator::new(), "U1");
    denied(guard.accept_login(&bearer(session), &foreign), 401, Reason::TokenInvalid);
    // A session token in the place of the refresh token, and a refresh token of another user.
    denied(guard.accept_login(&bearer(session), session), 401, Reason::TokenInvalid);
    let issue =
        |sub: &str, drn: &str| emulator.issue_token(json!({ "sub": sub, "drn": drn })).unwrap();
    let own = &*info.user.user_id;
    let eve = issue("U2eve", "DSR");
    let refused = denied(guard.accept_login(&bearer(session), &eve), 401, Reason::OtherUser);
    assert!(refused.set_cookies().is_empty());
    let own_name = bearer(&issue(own, "mine"));
    denied(guard.accept_login(&own_name, &issue(own, "mine")), 401, Reason::TokenInvalid);
    assert_eq!(guard.accept_login(&own_name, refresh).unwrap().set_cookies.len(), 2);
    let expired = json!({ "sub": own, "drn": "DSR", "exp": 1_000_000_000 });
    let expired = emulator.issue_token(expired).unwrap();
    denied(guard.accept_login(&bearer(session), &expired), 401, Reason::SessionEnded);
    emulator.advance(HOUR);
    denied(guard.accept_login(&bearer(session), refresh), 401, Reason::TokenExpired);
}

#[test]
fn a_token_that_is_taken_over_must_fit_into_cookies() {
    let emulator = Emulator::new();
    let guard = Guard::new(&client(&emulator));
    let large = |drn: &str| {
        let claims = json!({ "sub": "U1", "drn": drn, "x": "x".repeat(6000) });
        emulator.issue_token(claims).unwrap()
    };
    let small = token(&emulator, "U1");
    for (session, refresh) in [(&large("DS"), ""), (&small, &*large("DSR"))] {
        let read = RequestTokens::default().session_token(&**session);
        let refused = denied(guard.accept_login(&read, refresh), 403, Reason::TokenTooLarge);
        assert_eq!(refused.reason().as_str(), "token_too_large");
        assert!(refused.to_string().contains("max_cookie_bytes"));
    }
    // It is a session all the same.
    assert!(
        guard.validate(&RequestTokens::default().session_token(large("DS")), &anyone()).is_ok()
    );
}

#[test]
fn the_status_of_failed_calls() {
    let emulator = Emulator::new();
    let patient = client(&emulator);
    let hurried = patient.with_retry(descope::RetryPolicy::none());
    let otp = hurried.auth().otp();
    let sign_in = || status(&otp.sign_in(Email, ADA, &Default::default()).unwrap_err());
    assert_eq!(
        status(&otp.sign_in(Email, "", &Default::default()).unwrap_err()),
        StatusCode::BAD_REQUEST
    );
    assert!(sign_in().is_client_error());
    otp.sign_up(Email, ADA, &Default::default()).unwrap();
    assert_eq!(status(&otp.verify(Email, ADA, "x").unwrap_err()), StatusCode::UNAUTHORIZED);
    for (fault, expected) in [
        (Fault::status(429), 429),
        (Fault::status(403), 403),
        (Fault::status(500), 503),
        (Fault::html(502), 503),
        (Fault::html(403), 503),
        (Fault::empty(407), 503),
        (Fault::empty(302), 503),
        (Fault::empty(401), 401),
        (Fault::html(401), 503),
        (Fault::reset(), 503),
        (Fault::answer(200, "?"), 503),
    ] {
        emulator.fault(fault.times(1));
        assert_eq!(sign_in().as_u16(), expected);
    }
    let session = patient.auth().session();
    for bad in ["a.b.c", "", &"x".repeat(20_000)] {
        assert_eq!(status(&session.validate(bad).unwrap_err()), StatusCode::UNAUTHORIZED);
        assert_eq!(status(&session.refresh(bad).unwrap_err()), StatusCode::UNAUTHORIZED);
    }
    let bare = Client::builder().ignore_env().project_id("P2abc").build().unwrap();
    let unconfigured = bare.mgmt().user().load(ADA).unwrap_err();
    assert_eq!(status(&unconfigured), StatusCode::INTERNAL_SERVER_ERROR);
    emulator.fault(Fault::status(500).at("/v2/keys/"));
    let fresh = client(&emulator);
    let no_keys = fresh.auth().session().validate(&token(&emulator, "U1")).unwrap_err();
    assert_eq!(status(&no_keys), StatusCode::SERVICE_UNAVAILABLE);
}

//! Logging out: what Descope is told, what is done without it, and when the answer is that it was not told.

use std::time::Duration;

use descope::emulator::{Emulator, Fault};
use descope::web::{Denied, Guard, Reason, RequestTokens};
use serde_json::json;

use super::{cookie_header, headers, names, sign_in, slow};
use crate::support::client;

const LOGOUT: &str = "/v1/auth/logout";

/// The refresh cookies of a browser.
fn browser<'t>(guard: &Guard, refreshes: impl IntoIterator<Item = &'t str>) -> RequestTokens {
    let cookies: Vec<_> = refreshes.into_iter().map(|token| format!("DSR={token}")).collect();
    guard.tokens(&headers(&[("cookie", cookies.join("; ").as_bytes())]))
}

/// Asserts that the answer is that Descope was not told, with the cookies cleared all the same.
#[track_caller]
fn not_told(guard: &Guard, browser: &RequestTokens, reason: Reason) -> Denied {
    let denied = guard.logout(browser).unwrap_err();
    assert_eq!((denied.status().as_u16(), denied.reason()), (503, reason), "{denied}");
    assert_eq!(names(denied.set_cookies()), ["DS", "DSR"]);
    denied
}

#[test]
fn a_logout_ends_every_session_that_came_and_clears_its_cookies() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let (one, two) = (sign_in(&emulator, &client), sign_in(&emulator, &client));
    let (first, second) = (one.refresh_token().unwrap(), two.refresh_token().unwrap());
    let line = format!("DSR={first}; DSR={second}; DSR=garbage; DS={}", one.session_token());
    let both = guard.tokens(&headers(&[("cookie", line.as_bytes())]));
    assert_eq!(names(&guard.logout(&both).unwrap()), ["DS", "DSR"]);
    for ended in [first, second] {
        assert!(client.auth().session().me(ended).unwrap_err().is_unauthorized());
    }
    // Once more, and by nobody: there is nothing to end.
    assert_eq!(guard.logout(&both).unwrap().len(), 2);
    assert_eq!(guard.logout(&RequestTokens::default()).unwrap().len(), 2);
}

#[test]
fn descope_is_told_of_no_token_that_cannot_be_one() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let garbage: Vec<_> = (0..8).map(|n| format!("garbage{n}")).collect();
    let all = browser(&guard, garbage.iter().map(String::as_str));
    assert_eq!(names(&guard.logout(&all).unwrap()), ["DS", "DSR"]);

    let refresh = |emulator: &Emulator| {
        emulator.issue_token(json!({ "sub": "U1", "drn": "DSR" })).expect("a token")
    };
    let (foreign, huge) = (refresh(&Emulator::new()), "x".repeat(20_000));
    let info = sign_in(&emulator, &client);
    let good = info.refresh_token().unwrap();
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    for bad in [&*foreign, &huge, &forged, "a:b", "é"] {
        assert_eq!(guard.logout(&browser(&guard, [bad])).unwrap().len(), 2, "{bad}");
    }
    assert_eq!(emulator.requests(LOGOUT), 0);
    // They are not in the way of one that is good, and one that is too old has nothing to end.
    guard.logout(&browser(&guard, [&foreign, &forged, good, "x"])).unwrap();
    assert_eq!(emulator.requests(LOGOUT), 1);
    assert!(client.auth().session().me(good).unwrap_err().is_unauthorized());
    let old = sign_in(&emulator, &client);
    emulator.advance(Duration::from_secs(365 * 24 * 3600));
    guard.logout(&browser(&guard, [old.refresh_token().unwrap()])).unwrap();
    assert_eq!(emulator.requests(LOGOUT), 1);
}

#[test]
fn only_descope_itself_can_say_that_a_session_is_none_any_more() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let info = sign_in(&emulator, &client);
    let browser = browser(&guard, [info.refresh_token().unwrap()]);
    for ended in [
        Fault::status(401),
        Fault::empty(401),
        Fault::status(400),
        Fault::status(403),
        Fault::answer(404, r#"{"errorCode":"E062108"}"#),
    ] {
        emulator.fault(ended.at(LOGOUT).times(1));
        assert_eq!(names(&guard.logout(&browser).unwrap()), ["DS", "DSR"]);
    }
    for on_the_way in [
        Fault::html(401),
        Fault::html(403),
        Fault::answer(403, r#"{"error":"forbidden"}"#),
        Fault::empty(404),
        Fault::empty(407),
        Fault::html(400),
        Fault::empty(302).header("location", "https://portal.example.com/"),
    ] {
        emulator.fault(on_the_way.at(LOGOUT).times(1));
        let denied = not_told(&guard, &browser, Reason::Unavailable);
        assert!(denied.error().is_some_and(|error| error.status().is_some()));
    }
    // The session still stands, and ends once Descope hears of it.
    client.auth().session().me(info.refresh_token().unwrap()).unwrap();
    guard.logout(&browser).unwrap();
    assert!(client.auth().session().me(info.refresh_token().unwrap()).is_err());
}

#[test]
fn the_first_outage_ends_it() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let infos: Vec<_> = (0..3).map(|_| sign_in(&emulator, &client)).collect();
    let all = browser(&guard, infos.iter().filter_map(|info| info.refresh_token()));
    for (fault, reason) in [
        (Fault::reset(), Reason::Unavailable),
        (Fault::status(500), Reason::Unavailable),
        (Fault::html(403), Reason::Unavailable),
        (Fault::status(429).header("retry-after", "7"), Reason::RateLimited),
    ] {
        let before = emulator.requests(LOGOUT);
        emulator.fault(fault.at(LOGOUT));
        let denied = not_told(&guard, &all, reason);
        assert!(emulator.requests(LOGOUT) - before <= 1, "{denied}");
        emulator.clear_faults();
    }
}

/// Several sessions share the time that one call has.
#[test]
fn a_logout_has_one_deadline() {
    let emulator = Emulator::new();
    let client = slow(&emulator, LOGOUT);
    let guard = Guard::new(&client);
    let infos: Vec<_> = (0..8).map(|_| sign_in(&emulator, &client)).collect();
    let all = browser(&guard, infos.iter().filter_map(|info| info.refresh_token()));
    let denied = not_told(&guard, &all, Reason::Unavailable);
    assert!(denied.error().is_some_and(descope::Error::is_timeout));
    assert_eq!(emulator.requests(LOGOUT), 2);
}

/// What a visitor brings is none of Descope's answers: it costs no more fetches of the keys than any forged
/// token, and keeps nobody from signing in.
#[test]
fn tokens_of_unknown_keys_are_a_callers() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    sign_in(&emulator, &client);
    let stranger = Emulator::new();
    let forged = [(); 2].map(|()| {
        stranger.rotate_keys().unwrap();
        stranger.issue_token(json!({ "sub": "U1", "drn": "DSR" })).unwrap()
    });
    guard.logout(&browser(&guard, forged.iter().map(String::as_str))).unwrap();
    assert_eq!(emulator.requests("/v2/keys/"), 3);
    emulator.rotate_keys().unwrap();
    let info = sign_in(&emulator, &client);
    let script = guard.tokens(&headers(&[(
        "authorization",
        format!("Bearer {}", info.session_token()).as_bytes(),
    )]));
    for forged in &forged {
        assert_eq!(guard.accept_login(&script, forged).unwrap_err().reason(), Reason::TokenInvalid);
    }
    assert_eq!(emulator.requests("/v2/keys/"), 4);
}

/// Without the keys nothing is known of a token, but what is known of others counts.
#[test]
fn a_token_of_an_unknown_key_during_an_outage_does_not_keep_others_signed_in() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let info = sign_in(&emulator, &client);
    emulator.rotate_keys().unwrap();
    let of_a_new_key = emulator.issue_token(json!({ "sub": "U1", "drn": "DSR" })).unwrap();
    emulator.advance(Duration::from_secs(300));
    emulator.fault(Fault::status(500).at("/v2/keys/"));
    let good = info.refresh_token().unwrap();
    not_told(&guard, &browser(&guard, [&of_a_new_key, good]), Reason::Unavailable);
    assert_eq!(emulator.requests(LOGOUT), 1);
    assert!(client.auth().session().me(good).unwrap_err().is_unauthorized());
}

#[test]
fn cookies_are_cleared_where_the_answer_says() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let info = sign_in(&emulator, &client);
    for (answer, part) in [
        (r#"{"cookieDomain":"example.com"}"#, "; Path=/; Domain=example.com;"),
        (r#"{"cookiePath":"/app"}"#, "; Path=/app;"),
    ] {
        let guard = Guard::new(&client);
        emulator.fault(Fault::answer(200, answer).at(LOGOUT).times(1));
        let cleared = guard.logout(&browser(&guard, [info.refresh_token().unwrap()])).unwrap();
        assert_eq!(names(&cleared), ["DS", "DSR"]);
        assert!(cleared.iter().all(|cookie| cookie.to_str().unwrap().contains(part)), "{answer}");
    }
    // An answer that does not say teaches nothing.
    guard.logout(&browser(&guard, [info.refresh_token().unwrap()])).unwrap();
    assert!(guard.clear_cookies()[0].to_str().unwrap().contains("; Path=/;"));
}

/// Descope has ended the session, but names a domain that no cookie has.
#[test]
fn an_answer_that_breaks_out_of_the_cookie_is_left_out_of_it() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let info = sign_in(&emulator, &client);
    let own = guard.tokens(&cookie_header(&guard.set_cookies(&info).unwrap()));
    emulator.fault(Fault::answer(200, r#"{"cookieDomain":"x; Max-Age=9"}"#).at(LOGOUT));
    let denied = not_told(&guard, &own, Reason::Unavailable);
    assert!(!denied.set_cookies()[0].to_str().unwrap().contains("Domain"));
}

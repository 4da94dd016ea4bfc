//! Tokens of several users in one request: whose session is refreshed, and whose ended.

use std::time::Duration;

use descope::emulator::{Emulator, Fault};
use descope::web::{Reason, RequestTokens};
use serde_json::json;

use super::refresh::{REFRESH, World, refresh_cookies};
use super::{anyone, denied, headers, names, outcome, sign_in_as};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_session_is_refreshed_for_its_own_user_alone() {
    let world = World::new();
    let ada = world.sign_in();
    let eve = sign_in_as(&world.emulator, &world.client, "eve@example.com");
    world.emulator.advance(HOUR);
    let late = sign_in_as(&world.emulator, &world.client, "eve@example.com");
    world.emulator.advance(HOUR);
    let (session, own) = (ada.session_token(), Ok(ada.user.user_id.clone()));
    let [adas, eves, newer] = [&ada, &eve, &late].map(|info| info.refresh_token().unwrap());
    assert_eq!(world.enter(&format!("DS={session}; DSR={adas}")), (own.clone(), 1));
    // Whatever the order, and however new.
    for line in [
        format!("DS={session}; DSR={eves}; DSR={adas}"),
        format!("DS={session}; DSR={newer}; DSR={eves}; DSR={adas}"),
        format!("DS=x; DS={session}; DSR={newer}; DSR={adas}"),
        format!("DS={session}; DS={}; DSR={newer}; DSR={adas}", eve.session_token()),
    ] {
        assert_eq!(world.enter(&line), (own.clone(), 1), "{line}");
    }
    let line = format!("DS={session}; DSR=x; DSR={eves}");
    assert_eq!(world.enter(&line), (Err(Reason::OtherUser), 0), "whatever else is wrong");
    let line = format!("DS={session}; DSR={eves}; DSR={newer}");
    assert_eq!(world.enter(&line), (Err(Reason::OtherUser), 0));
    let refused = world.guard.validate_and_refresh(&world.browser(&line), &anyone());
    let refused = denied(refused, 401, Reason::OtherUser);
    assert_eq!(names(refused.set_cookies()), ["DS", "DSR"], "so that a new sign-in helps");
    assert!(refused.error().is_some_and(descope::Error::is_sign_in_required));
    assert_eq!(Reason::OtherUser.as_str(), "other_user");
    // With two users and no session, the one who signed in last counts; the other is never tried.
    let line = format!("DSR={adas}; DSR={newer}");
    assert_eq!(world.enter(&line), (Ok(eve.user.user_id.clone()), 1));
    world.client.auth().session().logout(newer).unwrap();
    assert_eq!(world.enter(&line), (Err(Reason::SessionEnded), 1));
    assert_eq!(world.enter(&format!("DS={session}; {line}")), (own, 1));
    // A session that is not genuine names nobody.
    let forged = format!("{}AAAA", &session[..session.len() - 4]);
    assert_eq!(world.enter(&format!("DS={forged}; DSR={eves}")), (Ok(eve.user.user_id), 1));
}

#[test]
fn a_bearer_is_not_rescued_by_the_cookie_of_another_user() {
    let world = World::new();
    let ada = world.sign_in();
    let eve = sign_in_as(&world.emulator, &world.client, "eve@example.com");
    world.emulator.advance(HOUR);
    let enter = |bearer: &str, refresh: &str| {
        let (bearer, cookie) = (format!("Bearer {bearer}"), format!("DSR={refresh}"));
        let tokens = world.guard.tokens(&headers(&[
            ("authorization", bearer.as_bytes()),
            ("cookie", cookie.as_bytes()),
        ]));
        let (entered, calls) = world.calls(|| world.guard.validate_and_refresh(&tokens, &anyone()));
        let cleared = entered.as_ref().err().map_or(0, |denied| denied.set_cookies().len());
        (outcome(entered), calls, cleared)
    };
    let (session, own) = (ada.session_token(), ada.refresh_token().unwrap());
    let eves = eve.refresh_token().unwrap();
    assert_eq!(enter(session, own), (Ok(ada.user.user_id.clone()), 1, 0));
    // The cookies are a browser's own affair.
    assert_eq!(enter(session, eves), (Err(Reason::OtherUser), 0, 0));
    let foreign = super::token(&Emulator::new(), "U1");
    for bad in ["x", "undefined", own, eves, &foreign] {
        assert_eq!(enter(bad, own), (Err(Reason::TokenInvalid), 0, 0), "{bad}");
    }
    // Both by hand are a pair.
    let pair = RequestTokens::default().session_token("x").refresh_token(own);
    assert!(world.guard.validate_and_refresh(&pair, &anyone()).is_ok());
    let pair = RequestTokens::default().session_token(session).refresh_token(eves);
    denied(world.guard.validate_and_refresh(&pair, &anyone()), 401, Reason::OtherUser);
}

#[test]
fn a_session_token_is_not_a_refresh_token_by_any_name() {
    let world = World::new();
    let own = world.sign_in().user.user_id;
    let old = json!({ "sub": own, "drn": "mine", "exp": 1_000_000_000 });
    let old = world.emulator.issue_token(old).unwrap();
    let line = format!("DS={old}; DSR={}", world.issue(&own, "mine"));
    assert_eq!(world.enter(&line), (Err(Reason::TokenInvalid), 0));
    let line = format!("DS={old}; DSR={}", world.issue(&own, "theirs"));
    assert_eq!(world.enter(&line).1, 1, "a name that is not known may be a refresh token's");
}

#[test]
fn an_answer_for_another_user_is_not_believed() {
    let world = World::new();
    let info = world.sign_in();
    let own = &*info.user.user_id;
    let tokens = RequestTokens::default().refresh_token(info.refresh_token().unwrap());
    for (session, refresh) in [("U2eve", own), (own, "U2eve"), ("U2eve", "U2eve")] {
        let answer = json!({
            "sessionJwt": world.issue(session, "DS"), "refreshJwt": world.issue(refresh, "DSR"),
        });
        world.emulator.fault(Fault::answer(200, answer.to_string()).at(REFRESH).times(1));
        let refused = world.guard.validate_and_refresh(&tokens, &anyone());
        let refused = denied(refused, 503, Reason::Unavailable);
        assert!(refused.set_cookies().is_empty());
    }
    assert!(world.guard.validate_and_refresh(&tokens, &anyone()).is_ok());
}

#[test]
fn a_logout_ends_the_sessions_of_all_users_that_came_and_asks_about_no_dead_one() {
    let world = World::new();
    let ada = world.sign_in();
    let eve = sign_in_as(&world.emulator, &world.client, "eve@example.com");
    let both = [ada.refresh_token().unwrap(), eve.refresh_token().unwrap()];
    let dead = world.ended();
    assert_eq!(world.enter(&format!("DSR={dead}")).1, 1);
    let line = format!("DSR={}; DSR={}; DSR={dead}", both[0], both[1]);
    let before = world.emulator.requests("/v1/auth/logout");
    world.guard.logout(&world.browser(&line)).unwrap();
    assert_eq!(world.emulator.requests("/v1/auth/logout") - before, 2);
    for ended in both {
        assert!(world.client.auth().session().me(ended).unwrap_err().is_unauthorized());
    }
    // Once more costs a call each, and then none.
    for calls in [2, 0] {
        let before = world.emulator.requests("/v1/auth/logout");
        world.guard.logout(&world.browser(&line)).unwrap();
        assert_eq!(world.emulator.requests("/v1/auth/logout") - before, calls);
    }
    // Eight of the newest, whatever the number.
    let many: Vec<_> =
        (0..9).map(|_| world.sign_in().refresh_token().unwrap().to_owned()).collect();
    let before = world.emulator.requests("/v1/auth/logout");
    world.guard.logout(&world.browser(&refresh_cookies(&many))).unwrap();
    assert_eq!(world.emulator.requests("/v1/auth/logout") - before, 8);
}

#[test]
fn odd_bytes_of_a_visitor_fail_no_call() {
    let world = World::new();
    let info = world.sign_in();
    world.emulator.advance(HOUR);
    let good = info.refresh_token().unwrap();
    for odd in [&b"\xe9"[..], b"\xc3\xa9", b"\xff.\xfe.\xfd", b"a\tb", b"\xe2\x80\xa8", b"\""] {
        let line = [b"x=", odd, b"; DSR=", odd, b"; DS=", odd, b"; DSR=", good.as_bytes()].concat();
        let tokens = world.guard.tokens(&headers(&[
            ("cookie", &line),
            ("accept-language", odd),
            ("x-external-rid", odd),
        ]));
        let (entered, calls) =
            world.calls(|| outcome(world.guard.validate_and_refresh(&tokens, &anyone())));
        assert_eq!((entered, calls), (Ok(info.user.user_id.clone()), 1), "{odd:?}");
        let alone = [b"DSR=", odd].concat();
        let alone = world.guard.tokens(&headers(&[("cookie", &alone)]));
        let (entered, calls) =
            world.calls(|| outcome(world.guard.validate_and_refresh(&alone, &anyone())));
        assert_eq!(calls, 0);
        assert!(matches!(entered, Err(Reason::TokenInvalid)), "{odd:?} {entered:?}");
        assert!(world.guard.logout(&alone).is_ok());
        let text = String::from_utf8_lossy(odd).into_owned();
        let script = RequestTokens::default().session_token(super::token(&world.emulator, "U1"));
        let refused = world.guard.accept_login(&script, &text).unwrap_err();
        assert_eq!(refused.reason(), Reason::TokenInvalid);
    }
}

//! Tokens that are too large for one cookie: written in parts, read again, and cleared.

use std::time::Duration;

use descope::emulator::{Emulator, Fault};
use descope::transport::http::HeaderValue;
use descope::web::{Guard, GuardOptions, Reason, RequestTokens};
use descope::{AuthInfo, Client, Error};
use serde_json::json;

use super::{anyone, cookie_header, headers, names, outcome, pair, sign_in};
use crate::support::client;

struct World {
    emulator: Emulator,
    client: Client,
    info: AuthInfo,
}

impl World {
    fn new() -> Self {
        let emulator = Emulator::new();
        let client = client(&emulator);
        let info = sign_in(&emulator, &client);
        Self { emulator, client, info }
    }

    fn guard(&self, options: GuardOptions) -> Guard {
        Guard::with_options(&self.client, options).unwrap()
    }

    /// A token of the user's with this many bytes of other claims.
    fn token(&self, drn: &str, more: usize) -> String {
        let mut claims =
            json!({ "sub": self.info.user.user_id, "drn": drn, "more": "x".repeat(more) });
        if drn == "DSR" {
            claims["exp"] = json!(4_000_000_000_u64);
        }
        self.emulator.issue_token(claims).unwrap()
    }

    /// A sign-in with a session token of this text.
    fn with_session(&self, jwt: &str) -> AuthInfo {
        let mut info = self.info.clone();
        info.session.jwt = jwt.into();
        info.refresh = None;
        info
    }

    /// What Descope answers to the next refresh.
    fn next_refresh(&self, session: &str, refresh: Option<&str>) {
        let answer = json!({ "sessionJwt": session, "refreshJwt": refresh });
        self.emulator.fault(Fault::answer(200, answer.to_string()).at("/v1/auth/refresh").times(1));
    }
}

/// What a browser keeps of these: RFC 6265bis section 5.7.
#[track_caller]
fn kept(cookies: &[HeaderValue]) {
    for cookie in cookies {
        let (name, value) = pair(cookie).split_once('=').unwrap();
        assert!(name.len() + value.len() <= 4096, "{name}: {}", value.len());
    }
}

/// The cookies of a browser after these answers, as it sends them.
fn jar(answers: &[&[HeaderValue]]) -> String {
    let mut jar = std::collections::BTreeMap::new();
    for cookie in answers.iter().copied().flatten() {
        let (name, value) = pair(cookie).split_once('=').unwrap();
        if cookie.to_str().unwrap().contains("; Max-Age=0") {
            jar.remove(name);
        } else {
            jar.insert(name.to_owned(), value.to_owned());
        }
    }
    jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_cookie_has_4096_bytes_and_not_one_more() {
    let world = World::new();
    for name in ["DS", "__Host-DS", "__Secure-a-longer-name"] {
        let guard = world.guard(GuardOptions::default().session_cookies([name]));
        let strict = GuardOptions::default().session_cookies([name]).max_cookie_bytes(4096);
        let strict = world.guard(strict);
        for (size, parts) in [(4095, 1), (4096, 1), (4097, 2)] {
            let info = world.with_session(&"e".repeat(size - name.len()));
            let cookies = guard.set_cookies(&info).unwrap();
            kept(&cookies);
            assert_eq!(cookies.len(), parts, "{name} {size}");
            assert_eq!(pair(&cookies[0]).len() - 1 == size, parts == 1);
            match strict.set_cookies(&info) {
                Ok(cookies) => assert_eq!((cookies.len(), parts), (1, 1)),
                Err(Error::Argument { name, .. }) => assert_eq!((name, parts), ("token", 2)),
                Err(other) => panic!("{other}"),
            }
        }
    }
}

/// To the byte: as many as the limit has, and not one more.
#[test]
fn the_parts_of_a_token_have_7168_bytes_unless_the_options_say_otherwise() {
    let world = World::new();
    let bytes = |cookies: &[HeaderValue]| cookies.iter().map(|c| pair(c).len() - 1).sum::<usize>();
    for (limit, options) in [
        (7168, GuardOptions::default()),
        (5000, GuardOptions::default().max_cookie_bytes(5000)),
        (8192, GuardOptions::default().max_cookie_bytes(8192)),
        (16384, GuardOptions::default().max_cookie_bytes(16384)),
        (32768, GuardOptions::default().max_cookie_bytes(32768)),
    ] {
        let guard = world.guard(options);
        let mut fits = 0;
        for size in limit - 150..=limit {
            let written = guard.set_cookies(&world.with_session(&"e".repeat(size)));
            if let Ok(cookies) = written {
                kept(&cookies);
                assert_eq!(fits, if fits == 0 { 0 } else { size - 1 }, "no gap");
                fits = size;
                assert!(bytes(&cookies) <= limit);
                let cleared = guard.clear_cookies();
                let cleared = names(&cleared);
                assert!(names(&cookies).iter().all(|name| cleared.contains(name)));
                if bytes(&cookies) == limit {
                    let more = guard.set_cookies(&world.with_session(&"e".repeat(size + 1)));
                    assert!(more.is_err());
                }
            }
        }
        let largest = guard.set_cookies(&world.with_session(&"e".repeat(fits))).unwrap();
        if largest.len() > 2 {
            assert_eq!(pair(&largest[1]).len() - 1, 4096, "a part is as large as can be");
        }
        // A further part costs its name and head, and so the last bytes may not be of use.
        assert!(limit > 8000 || bytes(&largest) == limit);
        assert!(limit - bytes(&largest) < 20, "{limit} {}", bytes(&largest));
    }
}

#[test]
fn large_tokens_are_written_and_read_again() {
    let world = World::new();
    for prefix in ["", "__Host-", "__Secure-"] {
        let options = GuardOptions::default()
            .session_cookies([format!("{prefix}DS")])
            .refresh_cookies([format!("{prefix}DSR")])
            .max_cookie_bytes(20_000);
        let guard = world.guard(options);
        for (more, parts) in [(100, 1), (3_000, 2), (8_000, 3), (10_500, 4)] {
            let (session, refresh) = (world.token("DS", more), world.token("DSR", more));
            let mut info = world.with_session(&session);
            info.refresh = world.info.refresh.clone();
            info.refresh.as_mut().unwrap().jwt = refresh.as_str().into();
            let cookies = guard.set_cookies(&info).unwrap();
            kept(&cookies);
            let mut expected = Vec::new();
            for name in ["DS", "DSR"] {
                expected.push(format!("{prefix}{name}"));
                expected.extend((1..parts).map(|index| format!("{prefix}{name}-{index}")));
            }
            assert_eq!(names(&cookies), expected);
            // In whatever order they come.
            for order in [false, true] {
                let mut sent: Vec<_> = cookies.clone();
                if order {
                    sent.reverse();
                }
                let read = guard.tokens(&cookie_header(&sent));
                let visitor = guard.validate(&read, &anyone()).unwrap();
                assert_eq!(visitor.claims.get::<String>("more").unwrap().unwrap().len(), more);
                let logout = guard.logout(&read).unwrap();
                let mut cleared = names(&logout);
                cleared.sort_unstable();
                let mut all: Vec<_> = expected.iter().map(String::as_str).collect();
                all.sort_unstable();
                assert_eq!(cleared, all);
                assert_eq!(jar(&[&cookies, &logout]), "");
            }
            for cookie in &cookies {
                let attributes = super::attributes(cookie).1;
                assert!(attributes.contains(&"HttpOnly".to_owned()), "{attributes:?}");
                assert!(attributes.contains(&"Secure".to_owned()));
            }
        }
    }
}

#[test]
fn parts_of_different_tokens_never_mix() {
    let world = World::new();
    let guard = world.guard(GuardOptions::default());
    let (one, two) = (world.token("DS", 3_000), world.token("DS", 3_001));
    let [one, two] =
        [one, two].map(|token| guard.set_cookies(&world.with_session(&token)).unwrap());
    let check = |pairs: &[&str]| {
        let read = guard.tokens(&headers(&[("cookie", pairs.join("; ").as_bytes())]));
        outcome(guard.validate(&read, &anyone()))
    };
    let user = Ok(world.info.user.user_id.clone());
    let [first, rest] = [pair(&one[0]), pair(&one[1])];
    assert_eq!(check(&[first, rest]), user);
    assert_eq!(check(&[pair(&two[0]), first, pair(&two[1]), rest]), user);
    assert_eq!(check(&[first, pair(&two[1]), rest]), user);
    assert_eq!(check(&[pair(&two[1]), rest, first]), user);
    for bad in [
        &[first][..],
        &[first, pair(&two[1])],
        &[first, &rest.replace("DS-1", "DS-2")],
        &[first, &rest.replace("DS-1", "DSR-1")],
        &[&first.replace("DS=~2~", "DS=~1~"), rest],
        &[&first.replace("DS=~2~", "DS=~3~"), rest],
        &[&first.replace("DS=~2~", "DS=~0~"), rest],
        &[&first.replace("DS=~2~", "DS=~"), rest],
        &[&first.replace("DS=~2~", "DS=2~~"), rest],
        &[first, &rest[..rest.len() - 1]],
        &["DS=~"],
        &["DS=~2~"],
        &["DS=~2~12345678"],
        &["DS=~2~12345678~", "DS-1=~2~12345678~"],
        &["DS=~9~12345678~", rest],
    ] {
        let refused = check(bad).unwrap_err();
        assert!(matches!(refused, Reason::TokenInvalid | Reason::NoToken), "{refused}");
    }
    assert_eq!(check(&[rest]), Err(Reason::NoToken));
}

/// A session token that outgrows one cookie after the login costs no refresh per request.
#[test]
fn a_token_that_outgrows_its_cookie_is_split_and_put_together_again() {
    let world = World::new();
    let guard = world.guard(GuardOptions::default());
    let login = guard.set_cookies(&world.info).unwrap();
    world.emulator.advance(Duration::from_secs(3600));
    let large = world.token("DS", 4_500);
    world.next_refresh(&large, None);
    let browser = |line: &str| guard.tokens(&headers(&[("cookie", line.as_bytes())]));
    let line = jar(&[&login]);
    let visitor = guard.validate_and_refresh(&browser(&line), &anyone()).unwrap();
    assert!(!visitor.too_large_for_cookies);
    assert_eq!(names(&visitor.set_cookies), ["DS", "DS-1"]);
    kept(&visitor.set_cookies);
    let refreshed = visitor.set_cookies;
    let line = jar(&[&login, &refreshed]);
    for _ in 0..3 {
        let next = guard.validate_and_refresh(&browser(&line), &anyone()).unwrap();
        assert!(next.refreshed.is_none() && next.set_cookies.is_empty());
    }
    assert_eq!(world.emulator.requests("/v1/auth/refresh"), 1);

    // A small one again: the part that is left over goes.
    world.emulator.advance(Duration::from_secs(3600));
    let visitor = guard.validate_and_refresh(&browser(&line), &anyone()).unwrap();
    assert_eq!(names(&visitor.set_cookies), ["DS-1", "DS"]);
    let line = jar(&[&login, &refreshed, &visitor.set_cookies]);
    assert!(!line.contains("DS-1") && line.contains("DSR="));
    assert!(guard.validate(&browser(&line), &anyone()).is_ok());
}

#[test]
fn a_token_that_is_too_large_for_any_cookies_is_said() {
    let world = World::new();
    let guard = world.guard(GuardOptions::default());
    let login = guard.set_cookies(&world.info).unwrap();
    let large = world.token("DS", 9_000);
    let split = guard.set_cookies(&world.with_session(&world.token("DS", 4_500))).unwrap();
    world.emulator.advance(Duration::from_secs(3600));
    let line = jar(&[&login, &split]);
    let old = guard.tokens(&headers(&[("cookie", line.as_bytes())]));
    world.next_refresh(&world.token("DS", 9_000), None);
    let visitor = guard.validate_and_refresh(&old, &anyone()).unwrap();
    assert!(visitor.too_large_for_cookies && visitor.refreshed.is_some());
    // The old ones are of no use.
    let mut cleared = names(&visitor.set_cookies);
    cleared.sort_unstable();
    assert_eq!(cleared, ["DS", "DS-1"]);
    assert!(jar(&[&login, &split, &visitor.set_cookies]).starts_with("DSR="));

    // A rotated refresh token, likewise; the session token is kept.
    let rotated = world.token("DSR", 9_000);
    let fresh = world.token("DS", 10);
    world.next_refresh(&fresh, Some(&rotated));
    let tokens = RequestTokens::default().refresh_token(world.info.refresh_token().unwrap());
    let visitor = guard.validate_and_refresh(&tokens, &anyone()).unwrap();
    assert!(visitor.too_large_for_cookies);
    assert_eq!(names(&visitor.set_cookies), ["DS"]);

    // And where it can be refused, it is.
    let refused = guard.set_cookies(&world.with_session(&large)).unwrap_err();
    assert!(matches!(refused, Error::Argument { name: "token", .. }));
    assert!(refused.to_string().contains("max_cookie_bytes"), "{refused}");
    let roomy = world.guard(GuardOptions::default().max_cookie_bytes(16_384));
    assert_eq!(roomy.set_cookies(&world.with_session(&large)).unwrap().len(), 4);
}

/// What is not written again must not be cleared in part.
#[test]
fn the_parts_of_a_refresh_token_stay_until_it_is_replaced() {
    let world = World::new();
    let guard = world.guard(GuardOptions::default());
    let large = world.token("DSR", 4_500);
    let mut info = world.info.clone();
    info.refresh.as_mut().unwrap().jwt = large.as_str().into();
    let login = guard.set_cookies(&info).unwrap();
    assert_eq!(names(&login), ["DS", "DSR", "DSR-1"]);
    let line = jar(&[&login]);
    let browser = guard.tokens(&headers(&[("cookie", line.as_bytes())]));
    world.emulator.advance(Duration::from_secs(3600));
    world.next_refresh(&world.token("DS", 10), None);
    let visitor = guard.validate_and_refresh(&browser, &anyone()).unwrap();
    assert_eq!(names(&visitor.set_cookies), ["DS"]);
    // A smaller one takes its place.
    let small = world.token("DSR", 10);
    world.next_refresh(&world.token("DS", 10), Some(&small));
    let visitor = guard.validate_and_refresh(&browser, &anyone()).unwrap();
    assert_eq!(names(&visitor.set_cookies), ["DSR-1", "DS", "DSR"]);
    assert!(jar(&[&login, &visitor.set_cookies]).ends_with(&format!("DSR={small}")));
    // A dead one goes as a whole, also where another was taken.
    let code = r#"{"errorCode":"E064001"}"#;
    world.emulator.fault(Fault::answer(401, code).at("/v1/auth/refresh").times(1));
    let refused = guard.validate_and_refresh(&browser, &anyone()).unwrap_err();
    assert_eq!(names(refused.set_cookies()), ["DS", "DSR", "DSR-1"]);
    let good = world.info.refresh_token().unwrap();
    let both = guard.tokens(&headers(&[("cookie", format!("{line}; DSR={good}").as_bytes())]));
    let visitor = guard.validate_and_refresh(&both, &anyone()).unwrap();
    assert_eq!(names(&visitor.set_cookies)[..2], ["DSR", "DSR-1"]);
    assert!(jar(&[&login, &visitor.set_cookies]).ends_with(&format!("DSR={good}")));
}

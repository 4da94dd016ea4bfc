//! Refreshing: how often Descope is asked, for which user, and which cookies go.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use descope::emulator::{Emulator, Fault};
use descope::transport::http::HeaderValue;
use descope::web::{Guard, GuardOptions, Reason, RequestTokens};
use descope::{AuthInfo, Client};
use serde_json::json;

use super::{
    anyone, attributes, cookie_header, denied, headers, names, outcome, pair, sign_in, slow,
};
use crate::support::client;

pub(super) const REFRESH: &str = "/v1/auth/refresh";
const HOUR: Duration = Duration::from_secs(3600);

pub(super) struct World {
    pub(super) emulator: Emulator,
    pub(super) client: Client,
    pub(super) guard: Guard,
}

impl World {
    pub(super) fn new() -> Self {
        let emulator = Emulator::new();
        let client = client(&emulator);
        Self { guard: Guard::new(&client), client, emulator }
    }

    pub(super) fn sign_in(&self) -> AuthInfo {
        sign_in(&self.emulator, &self.client)
    }

    /// The refresh token of a session that has ended.
    pub(super) fn ended(&self) -> String {
        let info = self.sign_in();
        let refresh = info.refresh_token().unwrap();
        self.client.auth().session().logout(refresh).unwrap();
        refresh.to_owned()
    }

    /// A refresh or session token, or any other.
    pub(super) fn issue(&self, sub: &str, drn: &str) -> String {
        self.emulator.issue_token(json!({ "sub": sub, "drn": drn })).unwrap()
    }

    pub(super) fn browser(&self, line: &str) -> RequestTokens {
        self.guard.tokens(&headers(&[("cookie", line.as_bytes())]))
    }

    pub(super) fn calls<T>(&self, work: impl FnOnce() -> T) -> (T, u64) {
        let before = self.emulator.requests(REFRESH);
        (work(), self.emulator.requests(REFRESH) - before)
    }

    pub(super) fn enter(&self, line: &str) -> (Result<String, Reason>, u64) {
        let tokens = self.browser(line);
        self.calls(|| outcome(self.guard.validate_and_refresh(&tokens, &anyone())))
    }
}

pub(super) fn refresh_cookies<'t>(tokens: impl IntoIterator<Item = &'t String>) -> String {
    tokens.into_iter().map(|token| format!("DSR={token}")).collect::<Vec<_>>().join("; ")
}

#[track_caller]
fn all_cleared(cookies: &[HeaderValue]) {
    for cookie in cookies {
        let attributes = attributes(cookie).1;
        assert!(attributes.contains(&"Max-Age=0".to_owned()), "{attributes:?}");
        assert!(pair(cookie).ends_with('='));
    }
}

#[test]
fn eight_dead_cookies_cost_two_calls_whatever_the_number_of_requests() {
    let world = World::new();
    let dead: Vec<_> = (0..8).map(|_| world.ended()).collect();
    let browser = world.browser(&refresh_cookies(&dead));
    let enter = || world.guard.validate_and_refresh(&browser, &anyone());
    let (first, calls) = world.calls(enter);
    let refused = denied(first, 401, Reason::SessionEnded);
    assert_eq!(calls, 2);
    assert_eq!(names(refused.set_cookies()), ["DS", "DSR"]);
    all_cleared(refused.set_cookies());
    let code = refused.error().and_then(descope::Error::code);
    assert_eq!(code, Some(descope::codes::LOGGED_OUT));
    let ((), calls) = world.calls(|| {
        for _ in 0..100 {
            let refused = denied(enter(), 401, Reason::SessionEnded);
            assert_eq!(names(refused.set_cookies()), ["DS", "DSR"]);
        }
    });
    assert_eq!(calls, 0);
    world.emulator.advance(Duration::from_secs(60));
    assert_eq!(world.calls(|| drop(enter())).1, 0);
    // Another guard of a clone knows it too; another client does not.
    let clone = Guard::new(&world.client.with_deadline(Duration::from_secs(3)));
    assert_eq!(world.calls(|| drop(clone.validate_and_refresh(&browser, &anyone()))).1, 0);
    let other = Guard::new(&client(&world.emulator));
    assert_eq!(world.calls(|| drop(other.validate_and_refresh(&browser, &anyone()))).1, 2);
    // Nor is it known for ever.
    world.emulator.advance(Duration::from_secs(60));
    assert_eq!(world.calls(|| drop(enter())).1, 2);
    // The program itself can always ask.
    let session = world.client.auth().session();
    for _ in 0..2 {
        assert_eq!(world.calls(|| session.refresh(&dead[7]).unwrap_err()).1, 1);
    }
}

#[test]
fn requests_at_the_same_time_cost_no_more() {
    let world = World::new();
    let dead: Vec<_> = (0..8).map(|_| world.ended()).collect();
    let browser = world.browser(&refresh_cookies(&dead));
    world.client.warm_up().unwrap();
    let start = Barrier::new(32);
    let ((), calls) = world.calls(|| {
        thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| {
                    start.wait();
                    let refused = world.guard.validate_and_refresh(&browser, &anyone());
                    denied(refused, 401, Reason::SessionEnded);
                });
            }
        });
    });
    assert_eq!(calls, 2);
}

#[test]
fn a_new_sign_in_is_found_among_dead_cookies() {
    let world = World::new();
    let dead: Vec<_> = (0..31).map(|_| world.ended()).collect();
    assert_eq!(world.enter(&refresh_cookies(&dead)), (Err(Reason::SessionEnded), 2));
    world.emulator.advance(Duration::from_secs(1));
    let info = world.sign_in();
    let own = Ok(info.user.user_id.clone());
    // The browser sends it last, as the one that it got last.
    let line = format!("{}; DSR={}", refresh_cookies(&dead), info.refresh_token().unwrap());
    assert_eq!(world.enter(&line), (own.clone(), 1));
    let line = format!("DSR={}; {}", info.refresh_token().unwrap(), refresh_cookies(&dead));
    assert_eq!(world.enter(&line), (own, 1));
}

#[test]
fn of_several_the_newest_two_are_tried() {
    let world = World::new();
    let issued: Vec<_> = (0..3)
        .map(|_| {
            world.emulator.advance(Duration::from_secs(1));
            world.sign_in().refresh_token().unwrap().to_owned()
        })
        .collect();
    let [oldest, middle, newest] = [&*issued[0], &issued[1], &issued[2]];
    let own = world.sign_in().user.user_id;
    let end = |token: &str| world.client.auth().session().logout(token).unwrap();
    let line = format!("DSR=x; DSR={middle}; DSR={oldest}; DSR={newest}");
    assert_eq!(world.enter(&line), (Ok(own.clone()), 1));
    end(newest);
    assert_eq!(world.enter(&line), (Ok(own.clone()), 2));
    assert_eq!(world.enter(&line), (Ok(own.clone()), 1), "that the newest is dead is known");
    end(middle);
    assert_eq!(world.enter(&line), (Err(Reason::SessionEnded), 1));
    assert_eq!(world.enter(&line), (Err(Reason::SessionEnded), 0));
    // By itself the third is as good as ever.
    assert_eq!(world.enter(&format!("DSR={oldest}")), (Ok(own), 1));
}

#[test]
fn what_cannot_be_a_refresh_token_costs_no_call() {
    let world = World::new();
    let info = world.sign_in();
    let own = &*info.user.user_id;
    let forged = format!("{}AAAA", &info.refresh_token().unwrap()[..200]);
    let foreign = Emulator::new();
    let foreign = foreign.issue_token(json!({ "sub": own, "drn": "DSR" })).unwrap();
    for bad in
        [info.session_token(), &world.issue(own, "__Host-DS"), &forged, &foreign, "x", "é", "a:b"]
    {
        let line = format!("DSR={bad}");
        assert_eq!(world.enter(&line), (Err(Reason::TokenInvalid), 0), "{bad}");
        let refused = world.guard.validate_and_refresh(&world.browser(&line), &anyone());
        assert!(refused.unwrap_err().set_cookies().is_empty());
        // Nor is it in the way.
        let line = format!("DSR={bad}; DSR={}", info.refresh_token().unwrap());
        assert_eq!(world.enter(&line), (Ok(own.to_owned()), 1), "{bad}");
    }
    // If there are several such tokens, the error is about the first.
    let error = |line: String| {
        let refused = world.guard.validate_and_refresh(&world.browser(&line), &anyone());
        refused.unwrap_err().error().unwrap().to_string()
    };
    let (text, session) = (error("DSR=x".to_owned()), format!("DSR={}", info.session_token()));
    assert_eq!(error(format!("DSR=x; {session}")), text);
    assert_ne!(error(session), text);
    let huge = format!("DSR={}", "x".repeat(20_000));
    assert_eq!(world.enter(&huge), (Err(Reason::TokenInvalid), 0));
    // What the project calls its session token, the guard's options say.
    let options = GuardOptions::default().session_cookies(["mine"]);
    let guard = Guard::with_options(&world.client, options).unwrap();
    let tokens = RequestTokens::default().refresh_token(world.issue(own, "mine"));
    let refused = world.calls(|| outcome(guard.validate_and_refresh(&tokens, &anyone())));
    assert_eq!(refused, (Err(Reason::TokenInvalid), 0));
    // One that has expired has ended, as is known without a call.
    world.emulator.advance(HOUR * 24 * 365);
    let line = format!("DSR={}; DSR=x", info.refresh_token().unwrap());
    assert_eq!(world.enter(&line), (Err(Reason::SessionEnded), 0));
    let refused = world.guard.validate_and_refresh(&world.browser(&line), &anyone()).unwrap_err();
    assert_eq!(names(refused.set_cookies()), ["DS", "DSR"]);
}

#[test]
fn several_calls_have_one_deadline() {
    let emulator = Emulator::new();
    let client = slow(&emulator, REFRESH).with_deadline(Duration::from_secs(15));
    let guard = Guard::new(&client);
    let cookies = (0..8).map(|_| {
        let info = sign_in(&emulator, &client);
        let ended = info.refresh_token().unwrap();
        client.auth().session().logout(ended).unwrap();
        format!("DSR={ended}")
    });
    let line = cookies.collect::<Vec<_>>().join("; ");
    let read = guard.tokens(&headers(&[("cookie", line.as_bytes())]));
    let refused = guard.validate_and_refresh(&read, &anyone());
    let refused = denied(refused, 503, Reason::Unavailable);
    assert!(refused.set_cookies().is_empty());
    assert_eq!(emulator.requests(REFRESH), 1);
}

/// Where another token was taken, the dead ones go, and the good one stays.
#[test]
fn dead_cookies_beside_a_good_one_are_cleared() {
    let world = World::new();
    let info = world.sign_in();
    let good = info.refresh_token().unwrap();
    world.emulator.advance(Duration::from_secs(1));
    let dead = world.ended();
    let tokens = world.browser(&format!("DSR={good}; DSR={dead}"));
    for calls in [2, 1] {
        let (visitor, asked) =
            world.calls(|| world.guard.validate_and_refresh(&tokens, &anyone()).unwrap());
        assert_eq!(asked, calls);
        let cookies = &visitor.set_cookies;
        assert_eq!(names(cookies), ["DSR", "DS", "DSR"]);
        all_cleared(&cookies[..1]);
        assert_eq!(pair(&cookies[2]), format!("DSR={good}"), "in this order");
        let lasting = |cookie: &HeaderValue| {
            let mut attributes = attributes(cookie).1;
            attributes.retain(|a| !a.starts_with("Max-Age") && !a.starts_with("Expires"));
            attributes
        };
        assert_eq!(lasting(&cookies[0]), lasting(&cookies[2]));
        let set = attributes(&cookies[2]).1;
        assert!(set.iter().any(|a| a.starts_with("Max-Age=") || a.starts_with("Expires=")));
        assert!(!set.contains(&"Max-Age=0".to_owned()));
    }
    // Where none is known to be dead, nothing is written but the session.
    let fresh = world.browser(&format!("DSR={good}; DSR=x"));
    let visitor = world.guard.validate_and_refresh(&fresh, &anyone()).unwrap();
    assert_eq!(names(&visitor.set_cookies), ["DS"]);
}

/// A cookie that is set again keeps a lifetime: that of the answer, or else that of the token.
#[test]
fn a_cookie_that_is_set_again_has_a_lifetime() {
    let world = World::new();
    let info = world.sign_in();
    world.emulator.advance(Duration::from_secs(1));
    let tokens =
        world.browser(&format!("DSR={}; DSR={}", info.refresh_token().unwrap(), world.ended()));
    let own = &*info.user.user_id;
    let until = info.refresh.as_ref().unwrap().claims.expires_at();
    for (name, value, expected) in [
        ("x", json!(0), until.as_seconds()),
        ("cookieExpiration", json!(0), until.as_seconds()),
        ("cookieExpiration", json!(1_900_000_000), 1_900_000_000),
    ] {
        let answer = json!({ "sessionJwt": world.issue(own, "DS"), name: value });
        world.emulator.clear_faults();
        // The dead one is asked about first, or known by then.
        let fault = Fault::answer(200, answer.to_string());
        world.guard.validate_and_refresh(&tokens, &anyone()).unwrap();
        world.emulator.fault(fault.at(REFRESH));
        let visitor = world.guard.validate_and_refresh(&tokens, &anyone()).unwrap();
        let text = visitor.set_cookies.last().unwrap().to_str().unwrap();
        let cookie = cookie::Cookie::parse(text).unwrap();
        assert_eq!(cookie.expires_datetime().unwrap().unix_timestamp(), expected, "{text}");
    }
    let answer = json!({ "sessionJwt": world.issue(own, "DS"), "cookieMaxAge": 77 });
    world.emulator.clear_faults();
    world.emulator.fault(Fault::answer(200, answer.to_string()).at(REFRESH));
    let visitor = world.guard.validate_and_refresh(&tokens, &anyone()).unwrap();
    let text = visitor.set_cookies.last().unwrap().to_str().unwrap();
    assert!(text.contains("; Max-Age=77") && !text.contains("Expires"), "{text}");
}

#[test]
fn cookies_are_cleared_where_descope_had_them_put() {
    let world = World::new();
    let mut info = world.sign_in();
    info.cookie.domain = "example.com".to_owned();
    info.cookie.path = "/app".to_owned();
    world.guard.set_cookies(&info).unwrap();
    let other = Guard::new(&world.client);
    info.cookie.path = "/other".to_owned();
    world.guard.clone().set_cookies(&info).unwrap();
    let refused = |guard: &Guard, dead: &str| {
        let tokens = guard.tokens(&headers(&[("cookie", format!("DSR={dead}").as_bytes())]));
        let refused = guard.validate_and_refresh(&tokens, &anyone()).unwrap_err();
        all_cleared(refused.set_cookies());
        let place = |cookie: &HeaderValue| {
            let (name, attributes) = attributes(cookie);
            let part = |name| attributes.iter().find(|a| a.starts_with(name)).cloned();
            (name, part("Domain="), part("Path="))
        };
        refused.set_cookies().iter().map(place).collect::<Vec<_>>()
    };
    let place = |name: &str, domain: Option<&str>, path: &str| {
        (name.to_owned(), domain.map(|d| format!("Domain={d}")), Some(format!("Path={path}")))
    };
    let dead = world.ended();
    let expected: Vec<_> = ["DS", "DSR"]
        .into_iter()
        .flat_map(|name| ["/other", "/app"].map(|path| place(name, Some("example.com"), path)))
        .collect();
    assert_eq!(refused(&world.guard, &dead), expected);
    // A guard that knows no better clears those of the host alone.
    let default = [place("DS", None, "/"), place("DSR", None, "/")];
    assert_eq!(refused(&other, &dead), default);
    // Options and prefixes leave one place, and no more than four are known.
    let options = GuardOptions::default().refresh_cookies(["__Host-DSR", "DSR"]).path("/mine");
    let own = Guard::with_options(&world.client, options).unwrap();
    for number in 0..6 {
        info.cookie.domain = format!("x{number}.example.com");
        own.set_cookies(&info).unwrap();
        own.set_cookies(&info).unwrap();
    }
    let cleared = refused(&own, &dead);
    let of = |name: &'static str| cleared.iter().filter(move |(found, ..)| found == name).cloned();
    assert_eq!(of("__Host-DSR").collect::<Vec<_>>(), [place("__Host-DSR", None, "/")]);
    let domains: Vec<_> =
        of("DSR").map(|(_, domain, path)| (domain.unwrap(), path.unwrap())).collect();
    let expected =
        [5, 4, 3, 2].map(|n| (format!("Domain=x{n}.example.com"), "Path=/mine".to_owned()));
    assert_eq!(domains, expected);
}

#[test]
fn only_descopes_own_word_clears_cookies_and_is_remembered() {
    let world = World::new();
    let info = world.sign_in();
    let good = info.refresh_token().unwrap();
    let tokens = world.browser(&format!("DSR={good}"));
    let refused = || {
        let (refused, calls) =
            world.calls(|| world.guard.validate_and_refresh(&tokens, &anyone()).unwrap_err());
        (refused.status().as_u16(), refused.set_cookies().len(), calls)
    };
    let coded = |status: u16| Fault::answer(status, r#"{"errorCode":"E000001"}"#);
    for (fault, status, cookies) in [
        (Fault::status(500), 503, 0),
        (Fault::html(502), 503, 0),
        (Fault::html(401), 503, 0),
        (Fault::html(403), 503, 0),
        (Fault::html(404), 503, 0),
        (Fault::html(200), 503, 0),
        (Fault::empty(404), 503, 0),
        (Fault::reset(), 503, 0),
        (Fault::status(429).header("retry-after", "3"), 503, 0),
        (Fault::answer(401, r#"{"errorCode":"E130429"}"#), 503, 0),
        // Whose word that is cannot be told, but it is no outage.
        (Fault::empty(401), 401, 0),
        // Descope's, but it may be taken back: the user is disabled, or the call was wrong.
        (coded(403), 401, 2),
        (coded(400), 401, 0),
    ] {
        world.emulator.fault(fault.at(REFRESH));
        for _ in 0..2 {
            let (seen, cleared, calls) = refused();
            assert_eq!((seen, cleared), (status, cookies));
            assert!(calls >= 1, "asked again");
        }
        world.emulator.clear_faults();
        assert!(world.guard.validate_and_refresh(&tokens, &anyone()).is_ok());
    }
    world.emulator.fault(Fault::reset().at("/v2/keys/"));
    let fresh = Guard::new(&client(&world.emulator));
    let unknown = denied(fresh.validate_and_refresh(&tokens, &anyone()), 503, Reason::Unavailable);
    assert!(unknown.set_cookies().is_empty());
    world.emulator.clear_faults();
    for status in [401, 404] {
        let dead = world.sign_in();
        let tokens = world.browser(&format!("DSR={}", dead.refresh_token().unwrap()));
        world.emulator.fault(coded(status).at(REFRESH).times(1));
        for calls in [1, 0, 0] {
            let (refused, asked) =
                world.calls(|| world.guard.validate_and_refresh(&tokens, &anyone()).unwrap_err());
            assert_eq!((refused.status().as_u16(), asked), (401, calls));
            assert_eq!(refused.set_cookies().len(), 2);
        }
        world.emulator.clear_faults();
    }
}

/// The browser has the new cookie by then, or soon: it must not be cleared by the request that came late.
#[test]
fn a_token_that_was_rotated_away_clears_nothing() {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).build();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    let info = sign_in(&emulator, &client);
    let browser = guard.tokens(&cookie_header(&guard.set_cookies(&info).unwrap()));
    emulator.advance(HOUR);
    let visitor = guard.validate_and_refresh(&browser, &anyone()).unwrap();
    let late = denied(guard.validate_and_refresh(&browser, &anyone()), 401, Reason::SessionEnded);
    assert!(late.set_cookies().is_empty());
    // A logout is known as one, and clears.
    let browser = guard.tokens(&cookie_header(&visitor.set_cookies));
    client.auth().session().logout(visitor.refreshed.unwrap().refresh_token().unwrap()).unwrap();
    emulator.advance(HOUR);
    let ended = denied(guard.validate_and_refresh(&browser, &anyone()), 401, Reason::SessionEnded);
    assert_eq!(names(ended.set_cookies()), ["DS", "DSR"]);
}

#[test]
fn an_unknown_one_among_dead_ones_is_503_and_clears_nothing() {
    let world = World::new();
    let dead = world.ended();
    world.emulator.rotate_keys().unwrap();
    let of_a_new_key = world.issue("U1", "DSR");
    world.emulator.advance(Duration::from_secs(300));
    world.emulator.fault(Fault::status(500).at("/v2/keys/"));
    for line in
        [format!("DSR={dead}; DSR={of_a_new_key}"), format!("DSR={of_a_new_key}; DSR={dead}")]
    {
        let refused = world.guard.validate_and_refresh(&world.browser(&line), &anyone());
        assert!(denied(refused, 503, Reason::Unavailable).set_cookies().is_empty());
    }
}

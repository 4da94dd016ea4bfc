//! The cookies that are written: every attribute, and what is refused.

use cookie::Cookie;
use descope::emulator::Emulator;
use descope::transport::http::HeaderValue;
use descope::web::{Guard, GuardOptions, SameSite};
use descope::{Client, Error};
use serde_json::{Value, json};

use super::{answered, answered_with, attributes, cookie_header, names, outcome, pair};

fn written(cookie: Value, options: GuardOptions) -> Vec<HeaderValue> {
    let (client, info) = answered(&Emulator::new(), cookie);
    Guard::with_options(&client, options).unwrap().set_cookies(&info).unwrap()
}

const SAFE: [&str; 4] = ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"];

#[test]
fn safe_by_default_and_nothing_empty() {
    for nothing in [
        json!({}),
        json!({ "cookieDomain": "", "cookiePath": "", "cookieMaxAge": 0, "cookieExpiration": 0 }),
        json!({ "cookieDomain": null, "cookiePath": null, "cookieMaxAge": null }),
        json!({ "cookieMaxAge": -1, "cookieExpiration": -1 }),
    ] {
        let cookies = written(nothing, GuardOptions::default());
        assert_eq!(names(&cookies), ["DS", "DSR"]);
        for cookie in &cookies {
            assert_eq!(attributes(cookie).1, SAFE);
        }
    }
}

/// A lifetime of no seconds would have the browser drop the cookie at once.
#[test]
fn a_lifetime_of_zero_is_none_where_a_program_sets_it_too() {
    let (client, mut info) = answered(&Emulator::new(), json!({}));
    info.cookie.max_age = Some(0);
    for cookie in Guard::new(&client).set_cookies(&info).unwrap() {
        assert_eq!(attributes(&cookie).1, SAFE);
    }
}

#[test]
fn domain_path_and_lifetime_are_those_of_the_answer() {
    let answer = json!({
        "cookieDomain": "example.com", "cookiePath": "/app", "cookieMaxAge": 3600,
        "cookieExpiration": 1_900_000_000,
    });
    for cookie in written(answer.clone(), GuardOptions::default()) {
        let expected = [
            "Domain=example.com",
            "Expires=Sun, 17 Mar 2030 17:46:40 GMT",
            "HttpOnly",
            "Max-Age=3600",
            "Path=/app",
            "SameSite=Strict",
            "Secure",
        ];
        assert_eq!(attributes(&cookie).1, expected);
    }
    let options = GuardOptions::default()
        .same_site(SameSite::Lax)
        .secure(false)
        .http_only(false)
        .domain("example.org")
        .path("/");
    for cookie in written(answer.clone(), options) {
        let expected = [
            "Domain=example.org",
            "Expires=Sun, 17 Mar 2030 17:46:40 GMT",
            "Max-Age=3600",
            "Path=/",
            "SameSite=Lax",
        ];
        assert_eq!(attributes(&cookie).1, expected);
    }
    let host_alone = GuardOptions::default().domain("").same_site(SameSite::None);
    for cookie in written(answer, host_alone) {
        let (_, attributes) = attributes(&cookie);
        assert!(!attributes.iter().any(|attribute| attribute.starts_with("Domain")));
        assert!(attributes.contains(&"SameSite=None".to_owned()));
    }
}

#[test]
fn a_date_that_is_none_is_left_out() {
    for cookie in written(
        json!({ "cookieExpiration": i64::MAX, "cookieMaxAge": 60 }),
        GuardOptions::default(),
    ) {
        assert_eq!(
            attributes(&cookie).1,
            ["HttpOnly", "Max-Age=60", "Path=/", "SameSite=Strict", "Secure"]
        );
    }
}

#[test]
fn an_answer_cannot_break_out_of_a_cookie() {
    for bad in ["a;b", "a\r\nSet-Cookie: x=y", "a\nb", "a\0", "a b", "é", "a; Secure"] {
        for field in ["cookieDomain", "cookiePath"] {
            let (client, info) = answered(&Emulator::new(), json!({ field: bad }));
            let refused = Guard::new(&client).set_cookies(&info).unwrap_err();
            assert!(matches!(refused, Error::Decode(_)), "{bad:?}: {refused}");
        }
    }
}

#[test]
fn options_that_cannot_be_right_are_refused_by_name() {
    let client = Client::builder().ignore_env().project_id("P2abc").build().unwrap();
    let default = GuardOptions::default;
    for bad in ["", "a b", "a;b", "a=b", "a\r\nb", "é", "a,b", "\"a\""] {
        for (name, options) in [
            ("session_cookies", default().session_cookies(["DS", bad])),
            ("refresh_cookies", default().refresh_cookies([bad])),
        ] {
            assert_eq!(refused(&client, options), name, "{bad:?}");
        }
    }
    for bad in ["a;b", "a\r\nb", "a b", "é", "a,b"] {
        assert_eq!(refused(&client, default().domain(bad)), "domain");
        assert_eq!(refused(&client, default().path(format!("/{bad}"))), "path");
    }
    assert_eq!(refused(&client, default().path("app")), "path");
    assert_eq!(refused(&client, default().path("")), "path");
    assert_eq!(refused(&client, default().session_cookies(["DSR"])), "refresh_cookies");
    assert_eq!(refused(&client, default().secure(false).same_site(SameSite::None)), "same_site");
}

#[test]
fn sizes_that_browsers_drop_are_refused() {
    let client = Client::builder().ignore_env().project_id("P2abc").build().unwrap();
    let default = GuardOptions::default;
    let (fits, long) = ("a".repeat(256), "a".repeat(257));
    assert!(Guard::with_options(&client, default().session_cookies([&*fits])).is_ok());
    assert_eq!(refused(&client, default().session_cookies([&*long])), "session_cookies");
    assert_eq!(refused(&client, default().refresh_cookies([&*long])), "refresh_cookies");
    let (fits, long) = ("a".repeat(1024), "a".repeat(1025));
    assert!(Guard::with_options(&client, default().domain(&*fits)).is_ok());
    assert_eq!(refused(&client, default().domain(&*long)), "domain");
    assert!(Guard::with_options(&client, default().path(format!("/{}", &fits[1..]))).is_ok());
    assert_eq!(refused(&client, default().path(format!("/{fits}"))), "path");
    for (bytes, good) in [(0, false), (4095, false), (4096, true), (32768, true), (32769, false)] {
        let outcome = Guard::with_options(&client, default().max_cookie_bytes(bytes));
        assert_eq!(outcome.is_ok(), good, "{bytes}");
    }
    assert_eq!(refused(&client, default().max_cookie_bytes(1)), "max_cookie_bytes");
    // The same holds for an answer.
    for (field, good) in [("cookieDomain", &*fits), ("cookiePath", &*format!("/{}", &fits[1..]))] {
        let (client, info) = answered(&Emulator::new(), json!({ field: good }));
        assert!(Guard::new(&client).set_cookies(&info).is_ok(), "{field}");
        let (client, info) = answered(&Emulator::new(), json!({ field: format!("{good}a") }));
        let refused = Guard::new(&client).set_cookies(&info).unwrap_err();
        assert!(matches!(refused, Error::Decode(_)), "{field}: {refused}");
    }
    // A part of one token is not the whole of another.
    assert_eq!(refused(&client, default().session_cookies(["DS", "DS-1"])), "session_cookies");
    assert_eq!(refused(&client, default().refresh_cookies(["DS-8", "R"])), "refresh_cookies");
    let far = default().session_cookies(["DS", "DS-9", "DS-0", "DS-x", "DS-11"]);
    assert!(Guard::with_options(&client, far).is_ok());
}

fn refused(client: &Client, options: GuardOptions) -> &'static str {
    match Guard::with_options(client, options) {
        Err(Error::Argument { name, .. }) => name,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_name_is_the_tokens_own_among_those_that_are_read() {
    let emulator = Emulator::new();
    let own = || GuardOptions::default().session_cookies(["A", "B"]).refresh_cookies(["R", "S"]);
    let prefixed = || {
        let options = GuardOptions::default().session_cookies(["old", "__Host-DS", "DS"]);
        options.refresh_cookies(["__Secure-DSR", "DSR"])
    };
    for (drn, options, expected) in [
        (["DS", "DSR"], GuardOptions::default(), ["DS", "DSR"]),
        (["B", "S"], own(), ["B", "S"]),
        (["A", "R"], own(), ["A", "R"]),
        (["DS", "DSR"], prefixed(), ["__Host-DS", "__Secure-DSR"]),
        // A cookie of a name that nobody reads would be of no use.
        (["DS", "DSR"], own(), ["A", "R"]),
        (["a;b", ""], own(), ["A", "R"]),
    ] {
        let (client, info) = answered_with(&emulator, drn, json!({}));
        let guard = Guard::with_options(&client, options).unwrap();
        let cookies = guard.set_cookies(&info).unwrap();
        assert_eq!(names(&cookies), expected);
        // It reads what it writes.
        let read = guard.tokens(&cookie_header(&cookies));
        assert_eq!(outcome(guard.validate(&read, &super::anyone())).as_deref(), Ok("U1"));
    }
}

#[test]
fn the_clients_refresh_cookie_is_the_guards() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).refresh_cookie("MYR").build().unwrap();
    assert_eq!(names(&Guard::new(&client).clear_cookies()), ["DS", "DS-1", "MYR", "MYR-1"]);
}

#[test]
fn prefixes_keep_their_promise() {
    let answer = json!({ "cookieDomain": "example.com", "cookiePath": "/app" });
    let options = GuardOptions::default()
        .session_cookies(["__Host-DS"])
        .refresh_cookies(["__Secure-DSR"])
        .secure(false);
    let cookies = written(answer, options);
    assert_eq!(attributes(&cookies[0]), ("__Host-DS".to_owned(), SAFE.map(str::to_owned).into()));
    let expected = ["Domain=example.com", "HttpOnly", "Path=/app", "SameSite=Strict", "Secure"];
    assert_eq!(attributes(&cookies[1]).1, expected);
}

/// As another library of cookies sees them.
#[test]
fn set_cookies_are_well_formed() {
    let answer = json!({
        "cookieDomain": "example.com", "cookiePath": "/app", "cookieMaxAge": 60,
        "cookieExpiration": 1_900_000_000,
    });
    for value in written(answer, GuardOptions::default()) {
        let cookie = Cookie::parse(value.to_str().unwrap()).unwrap();
        assert_eq!((cookie.domain(), cookie.path()), (Some("example.com"), Some("/app")));
        assert_eq!((cookie.secure(), cookie.http_only()), (Some(true), Some(true)));
        assert_eq!(cookie.same_site(), Some(cookie::SameSite::Strict));
        assert_eq!(cookie.max_age().unwrap().whole_seconds(), 60);
        assert_eq!(cookie.expires_datetime().unwrap().unix_timestamp(), 1_900_000_000);
        assert!(!pair(&value).contains([' ', '"', ',']));
        assert!(value.is_sensitive());
    }
}

#[test]
fn cleared_cookies_have_the_attributes_they_were_set_with() {
    let (client, info) = answered(
        &Emulator::new(),
        json!({ "cookieDomain": "example.com", "cookiePath": "/app", "cookieMaxAge": 60 }),
    );
    let guard = Guard::new(&client);
    let set = guard.set_cookies(&info).unwrap();
    let cleared = guard.logout(&guard.tokens(&cookie_header(&set))).unwrap();
    let lasting =
        |attribute: &String| !attribute.starts_with("Max-Age") && !attribute.starts_with("Expires");
    for (set, cleared) in set.iter().zip(&cleared) {
        let ((name, mut kept), (cleared_name, mut attributes)) =
            (attributes(set), attributes(cleared));
        assert!(attributes.contains(&"Max-Age=0".to_owned()));
        assert!(attributes.contains(&"Expires=Thu, 01 Jan 1970 00:00:00 GMT".to_owned()));
        kept.retain(lasting);
        attributes.retain(lasting);
        assert_eq!((name, kept), (cleared_name, attributes));
        assert!(pair(cleared).ends_with('='));
    }
    assert_eq!((set.len(), cleared.len()), (2, 2));

    // Without an answer, it is the options that know.
    let options = GuardOptions::default()
        .session_cookies(["A", "DS"])
        .domain("example.com")
        .path("/app")
        .same_site(SameSite::Lax)
        .max_cookie_bytes(4097);
    let guard = Guard::with_options(&client, options).unwrap();
    let cleared = guard.clear_cookies();
    assert_eq!(names(&cleared), ["A", "A-1", "DS", "DS-1", "DSR", "DSR-1"]);
    for cookie in &cleared {
        let mut attributes = attributes(cookie).1;
        attributes.retain(lasting);
        let expected = ["Domain=example.com", "HttpOnly", "Path=/app", "SameSite=Lax", "Secure"];
        assert_eq!(attributes, expected);
    }
}

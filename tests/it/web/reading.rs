//! Which tokens of a request are taken, by tables over its headers.

use std::fmt::Write;
use std::time::{Duration, Instant};

use descope::emulator::Emulator;
use descope::web::{Guard, GuardOptions, Reason, RequestTokens};
use serde_json::json;

use super::{anyone, headers, outcome, token};
use crate::support::client;

/// `{a}` is a session token of user `a`, and so on.
struct World {
    guard: Guard,
    tokens: Vec<(&'static str, String)>,
}

impl World {
    fn new(options: GuardOptions) -> Self {
        let emulator = Emulator::new();
        let client = client(&emulator);
        let old = token(&emulator, "old");
        emulator.advance(Duration::from_secs(3600));
        let mut forged = token(&emulator, "f");
        forged.truncate(forged.len() - 6);
        forged.push_str("AAAAAA");
        let refresh = json!({ "sub": "r", "drn": "DSR" });
        let foreign = Emulator::new();
        Self {
            guard: Guard::with_options(&client, options).unwrap(),
            tokens: vec![
                ("{a}", token(&emulator, "a")),
                ("{b}", token(&emulator, "b")),
                ("{old}", old),
                ("{forged}", forged),
                ("{refresh}", emulator.issue_token(refresh).unwrap()),
                ("{foreign}", token(&foreign, "x")),
            ],
        }
    }

    fn fill(&self, text: &str) -> Vec<u8> {
        let fill = |text: String, (name, token): &(&str, String)| text.replace(name, token);
        self.tokens.iter().fold(text.to_owned(), fill).into_bytes()
    }

    /// Asserts who gets in with these headers.
    #[track_caller]
    fn check(&self, lines: &[(&str, &str)], expected: Result<&str, Reason>) {
        let lines: Vec<_> = lines.iter().map(|(name, text)| (*name, self.fill(text))).collect();
        let lines: Vec<_> = lines.iter().map(|(name, text)| (*name, &text[..])).collect();
        let read = self.guard.tokens(&headers(&lines));
        let seen = outcome(self.guard.validate(&read, &anyone()));
        assert_eq!(seen.as_deref().map_err(|reason| *reason), expected, "{lines:?}");
        // The same headers of another type.
        let other = self.guard.tokens_from(|name| {
            let named = lines.iter().filter(move |line| line.0.eq_ignore_ascii_case(name));
            named.map(|line| line.1)
        });
        assert_eq!(outcome(self.guard.validate(&other, &anyone())), seen);
    }
}

const INVALID: Result<&str, Reason> = Err(Reason::TokenInvalid);
const NO_TOKEN: Result<&str, Reason> = Err(Reason::NoToken);

#[test]
fn the_authorization_header() {
    let world = World::new(GuardOptions::default());
    let huge = format!("Bearer {}", "x".repeat(100_000));
    let padded = format!("Bearer {}{{a}}", " ".repeat(1000));
    for (line, expected) in [
        ("Bearer {a}", Ok("a")),
        ("bearer {a}", Ok("a")),
        ("BEARER {a}", Ok("a")),
        ("bEaReR   {a}  ", Ok("a")),
        (" Bearer {a}", Ok("a")),
        (&padded, Ok("a")),
        ("Bearer {old}", Err(Reason::TokenExpired)),
        ("Bearer {forged}", INVALID),
        ("Bearer {foreign}", INVALID),
        ("Bearer {refresh}", INVALID),
        ("Bearer {a} {b}", INVALID),
        ("Bearer {a},", INVALID),
        ("Bearer {a}, Bearer {b}", INVALID),
        ("Bearer \"{a}\"", INVALID),
        ("Bearer {a}=", INVALID),
        ("Bearer é{a}", INVALID),
        ("Bearer undefined", INVALID),
        ("Bearer ..", INVALID),
        (&huge, INVALID),
        ("", NO_TOKEN),
        ("Bearer", NO_TOKEN),
        ("Bearer ", NO_TOKEN),
        ("Bearer{a}", NO_TOKEN),
        ("Bearer\t{a}", NO_TOKEN),
        ("Bearer={a}", NO_TOKEN),
        ("Bearers {a}", NO_TOKEN),
        ("Basic {a}", NO_TOKEN),
        // It is not bound to a key.
        ("DPoP {a}", Err(Reason::ProofInvalid)),
        ("DPoP", NO_TOKEN),
        ("{a}", NO_TOKEN),
    ] {
        world.check(&[("Authorization", line)], expected);
    }
    world.check(&[], NO_TOKEN);
    world.check(
        &[("X-Authorization", "Bearer {a}"), ("Proxy-Authorization", "Bearer {a}")],
        NO_TOKEN,
    );
}

#[test]
fn two_authorization_headers_are_refused() {
    let world = World::new(GuardOptions::default());
    for lines in [
        ["Bearer {a}", "Bearer {b}"],
        ["Bearer {a}", "Bearer {a}"],
        ["Basic eDp5", "Bearer {a}"],
        ["Bearer {a}", ""],
    ] {
        let [one, two] = lines.map(|line| ("authorization", line));
        world.check(&[one, two], Err(Reason::Ambiguous));
        world.check(&[one, ("cookie", "DS={a}"), two], Err(Reason::Ambiguous));
    }
}

#[test]
fn a_bearer_outweighs_session_cookies() {
    let world = World::new(GuardOptions::default());
    for (line, expected) in [
        ("Bearer {a}", Ok("a")),
        ("Bearer {old}", Err(Reason::TokenExpired)),
        ("Bearer {forged}", INVALID),
        ("Bearer x", INVALID),
        // These are none.
        ("Bearer ", Ok("b")),
        ("Basic {a}", Ok("b")),
    ] {
        world.check(&[("cookie", "DS={b}"), ("authorization", line)], expected);
    }
}

#[test]
fn the_cookie_header() {
    let world = World::new(GuardOptions::default());
    let many = format!("{}DS={{a}}", "x=y; ".repeat(5000));
    let huge = format!("DS={}; DS={{a}}", "x".repeat(100_000));
    let bad: Vec<_> = (0..8).map(|n| format!("DS=x{n}; ")).collect();
    let seven = format!("{}DS={{a}}", bad[..7].concat());
    let eight = format!("{}DS={{a}}", bad.concat());
    let same = format!("{}DS={{a}}", "DS=x; ".repeat(100));
    for (line, expected) in [
        ("DS={a}", Ok("a")),
        ("DS=\"{a}\"", Ok("a")),
        ("theme=dark; DS={a}; x=y", Ok("a")),
        ("theme=dark;DS={a};x=y", Ok("a")),
        ("  DS  =  {a}  ", Ok("a")),
        (";;; DS={a};;", Ok("a")),
        ("novalue; =noname; DS={a}", Ok("a")),
        ("é=ü; DS={a}", Ok("a")),
        ("DS=; DS={a}", Ok("a")),
        ("DS=\"\"; DS={a}", Ok("a")),
        ("DS={forged}; DS={a}", Ok("a")),
        ("DS={old}; DS={a}; DS={b}", Ok("a")),
        ("DS=x; DS={foreign}; DS={refresh}; DS={b}", Ok("b")),
        (&many, Ok("a")),
        (&huge, Ok("a")),
        (&seven, Ok("a")),
        (&same, Ok("a")),
        // As many are tried as a browser could have a reason to send.
        (&eight, INVALID),
        ("DS={old}", Err(Reason::TokenExpired)),
        // The first one says why.
        ("DS={old}; DS={forged}", Err(Reason::TokenExpired)),
        ("DS={forged}; DS={old}", INVALID),
        ("DS={refresh}", INVALID),
        ("DS={foreign}", INVALID),
        ("DS=\"{a}", INVALID),
        ("DS={a}\"", INVALID),
        ("DS='{a}'", INVALID),
        ("DS=\"\"{a}\"\"", INVALID),
        ("DS={a} {b}", INVALID),
        ("DS={a},DS={b}", INVALID),
        ("DS=={a}", INVALID),
        ("DS=é{a}", INVALID),
        ("DS=%65{a}", INVALID),
        ("", NO_TOKEN),
        ("DS", NO_TOKEN),
        ("DS=", NO_TOKEN),
        ("DS=\"\"", NO_TOKEN),
        ("DS=;", NO_TOKEN),
        ("ds={a}; Ds={a}", NO_TOKEN),
        ("DSX={a}; XDS={a}; DS2={a}; DS-={a}; D={a}", NO_TOKEN),
        ("$DS={a}; __Host-DS={a}; DS[]={a}", NO_TOKEN),
        ("DS\u{a0}={a}x; \"DS\"={a}", NO_TOKEN),
        // White space of Unicode is none here: browsers send such a name as it stands.
        ("\u{2028}DS={a}; DS\u{3000}={a}; \u{a0}DS={a}; \u{85}DS={a}", NO_TOKEN),
        ("x=DS={a}", NO_TOKEN),
        ("x=\"; DS={a}", Ok("a")),
    ] {
        world.check(&[("Cookie", line)], expected);
    }
    world.check(&[("cookie", "x=y"), ("COOKIE", "DS={a}")], Ok("a"));
    world.check(&[("cookie", "DS={old}"), ("cookie", "DS={b}")], Ok("b"));
    world.check(&[("cookie2", "DS={a}"), ("set-cookie", "DS={a}")], NO_TOKEN);
}

#[test]
fn bytes_that_are_not_utf_8_spoil_nothing_else() {
    let world = World::new(GuardOptions::default());
    let token = world.fill("{a}");
    let line = [b"x=\xff\xfe; DS=\xc3; DS=", &token[..], b"; \xff=\xff"].concat();
    let read = world.guard.tokens(&headers(&[("cookie", &line)]));
    assert_eq!(outcome(world.guard.validate(&read, &anyone())).as_deref(), Ok("a"));
    for bad in [&b"DS=\xff"[..], b"DS=\xff.\xff.\xff"] {
        let read = world.guard.tokens(&headers(&[("cookie", bad)]));
        assert_eq!(outcome(world.guard.validate(&read, &anyone())), Err(Reason::TokenInvalid));
    }
    let line = [b"Bearer \xff", &token[..]].concat();
    let read = world.guard.tokens(&headers(&[("authorization", &line)]));
    assert_eq!(outcome(world.guard.validate(&read, &anyone())), Err(Reason::TokenInvalid));
}

#[test]
fn several_names_are_tried_in_the_order_of_the_options() {
    let options = GuardOptions::default().session_cookies(["new", "__Host-DS", "DS"]);
    let world = World::new(options);
    for (line, expected) in [
        ("DS={a}", Ok("a")),
        ("DS={a}; new={b}", Ok("b")),
        ("DS={a}; __Host-DS={b}", Ok("b")),
        ("DS={a}; new={old}; new={b}", Ok("b")),
        ("new={forged}; __Host-DS={old}; DS={a}", Ok("a")),
        ("new={old}; __Host-DS={forged}", Err(Reason::TokenExpired)),
        ("NEW={a}; other={a}", NO_TOKEN),
    ] {
        world.check(&[("cookie", line)], expected);
    }
}

#[test]
fn a_token_that_calls_itself_a_refresh_token_is_no_session() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let options = GuardOptions::default().refresh_cookies(["DSR", "old-refresh"]);
    let guard = Guard::with_options(&client, options).unwrap();
    for (drn, expected) in [
        ("DS", Ok("U1".to_owned())),
        ("mine", Ok("U1".to_owned())),
        ("DSR", Err(Reason::TokenInvalid)),
        ("old-refresh", Err(Reason::TokenInvalid)),
    ] {
        let token = emulator.issue_token(json!({ "sub": "U1", "drn": drn })).unwrap();
        let credentials = RequestTokens::default().session_token(token);
        assert_eq!(outcome(guard.validate(&credentials, &anyone())), expected, "{drn}");
    }
}

#[test]
fn tokens_can_come_without_headers() {
    let world = World::new(GuardOptions::default());
    let token = String::from_utf8(world.fill("{a}")).unwrap();
    let check = |session: &str, refresh: &str| {
        let credentials = RequestTokens::default().session_token(session).refresh_token(refresh);
        (credentials.is_empty(), outcome(world.guard.validate(&credentials, &anyone())))
    };
    assert_eq!(check(&token, ""), (false, Ok("a".to_owned())));
    assert_eq!(check("", ""), (true, Err(Reason::NoToken)));
    assert_eq!(check("", &token), (false, Err(Reason::NoToken)));
    assert_eq!(check("x", ""), (false, Err(Reason::TokenInvalid)));
}

#[test]
fn many_cookies_take_linear_time() {
    let world = World::new(GuardOptions::default());
    let start = Instant::now();
    for first in ["DS=~9~AAAAAAAA~;", "DSR=~9~AAAAAAAA~;", "DS=~2~AAAAAAAA~;", "DS=x;", "DS-1=~9~;"]
    {
        let mut line = first.repeat(100_000);
        for index in 1..9 {
            write!(line, "DS-{index}=~9~AAAAAAAA~x;DSR-{index}=~9~AAAAAAAA~x;").unwrap();
        }
        let read = world.guard.tokens(&headers(&[("cookie", line.as_bytes())]));
        assert!(outcome(world.guard.validate(&read, &anyone())).is_err());
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    // Broken parts do not keep a good token out.
    let broken = "DS=~2~AAAAAAAA~; ".repeat(100);
    world.check(&[("cookie", &format!("{broken}DS={{a}}"))], Ok("a"));
}

//! Requests at random, always by the same seed: nothing panics, and nobody gets in whose token the
//! client's own `validate` refuses.

use std::time::Duration;

use descope::Client;
use descope::emulator::Emulator;
use descope::transport::http::{HeaderMap, HeaderName, HeaderValue};
use descope::web::{Guard, GuardOptions, RequestTokens};
use serde_json::json;

use super::{anyone, sign_in, token};
use crate::mutation::Random;
use crate::support::client;

/// Names of headers, cookies and schemes, and what stands around them.
const PIECES: [&[u8]; 44] = [
    b"Bearer ",
    b"bearer ",
    b"BEARER  ",
    b"Basic ",
    b"DPoP ",
    b"Bearer",
    b"Bearer\t",
    b"DS=",
    b"DS",
    b"DSR=",
    b"DS =",
    b" DS=",
    b"ds=",
    b"DSX=",
    b"XDS=",
    b"__Host-DS=",
    b"alt=",
    b"alt",
    b"=",
    b"==",
    b";",
    b"; ",
    b";;",
    b",",
    b", ",
    b"\"",
    b"\"\"",
    b"\\",
    b" ",
    b"\t",
    b".",
    b"..",
    b"...",
    b"%3D",
    b"%2E",
    b"\xff",
    b"\xc3\xa9",
    b"\xe2\x80\xa8",
    b"eyJhbGciOiJub25lIn0.e30.",
    b"undefined",
    b"null",
    b"$Version=1; ",
    b"Path=/",
    b"x=y",
];

struct Fuzz {
    client: Client,
    guard: Guard,
    random: Random,
    /// Tokens that pass, tokens that nearly do, and others.
    tokens: Vec<Vec<u8>>,
    /// The one refresh token of a session.
    refresh: Vec<u8>,
    accepted: usize,
    refreshed: usize,
    refused: usize,
}

impl Fuzz {
    fn new(seed: u64) -> Self {
        let emulator = Emulator::new();
        let client = client(&emulator);
        let options = GuardOptions::default().session_cookies(["alt", "DS", "__Host-DS"]);
        let old = token(&emulator, "U0");
        emulator.advance(Duration::from_secs(3600));
        let of = |drn: &str| emulator.issue_token(json!({ "sub": "U9", "drn": drn })).unwrap();
        let mut unsigned = token(&emulator, "U8");
        unsigned.truncate(unsigned.rfind('.').unwrap() + 1);
        let refresh = sign_in(&emulator, &client).refresh_token().unwrap().to_owned();
        let tokens = [
            refresh.clone(),
            token(&emulator, "U1"),
            token(&emulator, "U2"),
            of("alt"),
            of("DSR"),
            old,
            unsigned,
            token(&Emulator::new(), "U3"),
        ];
        Self {
            guard: Guard::with_options(&client, options).unwrap(),
            client,
            random: Random(seed),
            tokens: tokens.map(String::into_bytes).into(),
            refresh: refresh.into_bytes(),
            accepted: 0,
            refreshed: 0,
            refused: 0,
        }
    }

    /// A token, three times out of four as it is.
    fn token(&mut self) -> Vec<u8> {
        let mut token = self.tokens[self.random.below(self.tokens.len())].clone();
        match self.random.below(16) {
            0 => {
                let (at, bit) = (self.random.below(token.len()), self.random.below(8));
                token[at] ^= 1 << bit;
            }
            1 => token.truncate(self.random.below(token.len())),
            2 => {
                let (at, piece) = (self.random.below(token.len()), self.random.pick(&PIECES));
                token.splice(at..at, piece.iter().copied());
            }
            3 => token.extend_from_slice(self.random.pick(&PIECES)),
            _ => {}
        }
        token
    }

    /// A line of a header: pieces and tokens in any order, more often than not in a sensible one.
    fn line(&mut self, cookie: bool) -> Vec<u8> {
        let mut line = Vec::new();
        for _ in 0..self.random.below(if cookie { 6 } else { 2 }) {
            line.extend_from_slice(self.random.pick(&PIECES));
        }
        for _ in 0..self.random.below(4) {
            let names: [&[u8]; 5] = [b"DS=", b"alt=", b"__Host-DS=", b"DS=\"", b"DSR="];
            let schemes: [&[u8]; 3] = [b"Bearer ", b"bearer ", b"Bearer"];
            line.extend_from_slice(if self.random.below(4) == 0 {
                self.random.pick(&PIECES)
            } else {
                self.random.pick(if cookie { &names } else { &schemes })
            });
            line.extend(self.token());
            line.extend_from_slice(match self.random.below(4) {
                0 => self.random.pick(&PIECES),
                _ if cookie => b"; ",
                _ => b"",
            });
        }
        if self.random.below(64) == 0 {
            line.resize(line.len() + self.random.below(20_000), b'x');
        }
        line
    }

    fn request(&mut self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for _ in 0..=self.random.below(3) {
            let cookie = self.random.below(3) > 0;
            let name = HeaderName::from_static(if cookie { "cookie" } else { "authorization" });
            let mut line = self.line(cookie);
            // What no server would hand on. `from_bytes` refuses it.
            line.retain(|byte| *byte == b'\t' || *byte >= b' ' && *byte != 0x7f);
            headers.append(name, HeaderValue::from_bytes(&line).unwrap());
        }
        headers
    }

    fn run(&mut self, requests: usize) {
        for _ in 0..requests {
            let headers = self.request();
            let credentials = self.guard.tokens(&headers);
            self.check(&headers, &credentials);
        }
        // Enough of each that every outcome was put to the test.
        assert!(self.accepted > requests / 20, "{} of {requests}", self.accepted);
        assert!(self.refreshed > requests / 10_000, "{} of {requests}", self.refreshed);
        assert!(self.refused > requests / 10, "{} of {requests}", self.refused);
    }

    fn check(&mut self, headers: &HeaderMap, credentials: &RequestTokens) {
        let Ok(visitor) = self.guard.validate(credentials, &anyone()) else {
            self.refused += 1;
            // A refresh costs a signature, and so not every time.
            if self.refused.is_multiple_of(16) {
                self.check_refresh(headers, credentials);
            }
            return;
        };
        self.accepted += 1;
        // By another way than the guard's: a text between two characters that no token has, which
        // stands after a name or scheme that counts, and that `validate` takes for these claims.
        let tokens = found(headers, &[b"DS", b"alt", b"__Host-DS"]);
        let session = self.client.auth().session();
        let same = |token: &[u8]| {
            let token = std::str::from_utf8(token).unwrap_or_default();
            session.validate(token).is_ok_and(|claims| claims == visitor.claims)
        };
        assert!(tokens.into_iter().any(same), "{headers:?}");
        assert!(headers.get_all("authorization").iter().count() < 2, "{headers:?}");
    }

    /// Only the one refresh token, in a cookie of the one name, opens where no session token does.
    fn check_refresh(&mut self, headers: &HeaderMap, credentials: &RequestTokens) {
        if let Ok(visitor) = self.guard.validate_and_refresh(credentials, &anyone()) {
            self.refreshed += 1;
            assert!(visitor.refreshed.is_some(), "{headers:?}");
            assert!(found(headers, &[b"DSR"]).contains(&&*self.refresh), "{headers:?}");
        }
    }
}

/// The texts that could count as a token, given the cookies that do.
fn found<'l>(headers: &'l HeaderMap, cookies: &[&[u8]]) -> Vec<&'l [u8]> {
    let of_token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let counts = |name: &HeaderName, before: &[u8]| {
        let before = before.strip_suffix(b"\"").unwrap_or(before).trim_ascii_end();
        if name == "authorization" {
            return before.to_ascii_lowercase().ends_with(b"bearer");
        }
        let Some(before) = before.strip_suffix(b"=") else { return false };
        let cookie = before.rsplit(|byte| *byte == b';').next().unwrap_or_default();
        cookies.contains(&cookie.trim_ascii())
    };
    let mut found = Vec::new();
    for (name, line) in headers {
        let (line, mut start) = (line.as_bytes(), 0);
        for end in 0..=line.len() {
            if line.get(end).is_some_and(of_token) {
                continue;
            }
            if start < end && counts(name, &line[..start]) {
                found.push(&line[start..end]);
            }
            start = end + 1;
        }
    }
    found
}

#[test]
fn requests_at_random() {
    Fuzz::new(1).run(10_000);
}

/// `.ci/fuzz` runs it.
#[test]
#[ignore = "takes a minute"]
fn a_million_requests_at_random() {
    std::thread::scope(|scope| {
        for seed in 2..=5 {
            scope.spawn(move || Fuzz::new(seed).run(250_000));
        }
    });
}

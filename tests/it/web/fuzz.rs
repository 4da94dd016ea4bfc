//! Requests at random, always by the same seed: nothing panics, and nobody gets in whose token the
//! client's own `validate` refuses, whose access key is not the right one, or who has no proof of the key
//! that a token is bound to. What headers say of the source of a request is held against a model.

mod source;

use std::time::Duration;

use descope::Client;
use descope::emulator::Emulator;
use descope::oidc::{App, DpopKey};
use descope::transport::http::{HeaderMap, HeaderName, HeaderValue};
use descope::web::{Access, Guard, GuardOptions, ProofOptions, Proofs, RequestTokens, TokenKind};
use serde_json::json;

use self::source::Sources;
use super::{anyone, sign_in, token};
use crate::mutation::Random;
use crate::support::client;

const SERVICE: &str = "https://api.example.com";

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
    /// An access key.
    key: Vec<u8>,
    /// A token that is bound to the key of this application.
    bound: String,
    app: App,
    sources: Sources,
    /// The proof that the request has been given, before anything was done to it.
    proof: Vec<u8>,
    counts: Counts,
}

/// How often each outcome was put to the test.
#[derive(Default)]
struct Counts {
    accepted: usize,
    by_key: usize,
    proven: usize,
    refreshed: usize,
    refused: usize,
}

impl Fuzz {
    fn new(seed: u64) -> Self {
        let emulator = Emulator::new();
        let client = client(&emulator);
        let sources = Sources::new(&client);
        // Every proof is new, and time stands still.
        let proofs = ProofOptions::default().capacity(1_000_000);
        let proofs = Proofs::with_options(SERVICE, proofs).unwrap();
        let options =
            GuardOptions::default().session_cookies(["alt", "DS", "__Host-DS"]).proofs(proofs);
        let made = client.mgmt().access_key().create("machine", &Default::default()).unwrap();
        let key = made.cleartext.expose().to_owned();
        let dpop = DpopKey::generate().unwrap();
        let cnf = json!({ "jkt": dpop.thumbprint() });
        let old = token(&emulator, "U0");
        emulator.advance(Duration::from_secs(3600));
        let of = |drn: &str| emulator.issue_token(json!({ "sub": "U9", "drn": drn })).unwrap();
        let mut unsigned = token(&emulator, "U8");
        unsigned.truncate(unsigned.rfind('.').unwrap() + 1);
        let refresh = sign_in(&emulator, &client).refresh_token().unwrap().to_owned();
        let bound = json!({ "sub": "U7", "drn": "DS", "cnf": cnf });
        let bound = emulator.issue_token(bound).unwrap();
        let tokens = [
            refresh.clone(),
            key.clone(),
            bound.clone(),
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
            key: key.into_bytes(),
            bound,
            app: App::inbound("client-id").dpop(dpop),
            sources,
            proof: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// A token, three times out of four as it is.
    fn token(&mut self) -> Vec<u8> {
        let token = self.tokens[self.random.below(self.tokens.len())].clone();
        self.changed(token)
    }

    /// A text, three times out of four as it is.
    fn changed(&mut self, mut token: Vec<u8>) -> Vec<u8> {
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
            let schemes: [&[u8]; 4] = [b"Bearer ", b"bearer ", b"Bearer", b"DPoP "];
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
        self.sources.add_headers(&mut self.random, &mut headers);
        // Three times out of four, everything is at random.
        let more = match self.random.below(8) {
            0 => {
                let line = [b"Bearer ", &*self.changed(self.key.clone())].concat();
                headers.append("authorization", value(line));
                self.random.below(2)
            }
            1 => {
                self.add_proofs(&mut headers);
                self.random.below(2)
            }
            _ => 1 + self.random.below(3),
        };
        for _ in 0..more {
            let cookie = self.random.below(3) > 0;
            let name = HeaderName::from_static(if cookie { "cookie" } else { "authorization" });
            let line = self.line(cookie);
            headers.append(name, value(line));
        }
        headers
    }

    /// A token that is bound to a key, with a new proof, changed or not, or several.
    fn add_proofs(&mut self, headers: &mut HeaderMap) {
        let oidc = self.client.oidc(&self.app);
        let proof = oidc.dpop_proof("GET", &format!("{SERVICE}/orders"), &self.bound).unwrap();
        self.proof = proof.expose().as_bytes().to_vec();
        for _ in 0..=self.random.below(16) / 14 {
            let proof = self.changed(self.proof.clone());
            headers.append("dpop", value(proof));
        }
        if self.random.below(4) > 0 {
            let line = [b"DPoP ", &*self.changed(self.bound.clone().into_bytes())].concat();
            headers.append("authorization", value(line));
        }
    }

    fn run(&mut self, requests: usize) {
        for number in 0..requests {
            let headers = self.request();
            self.check(&headers);
            self.sources.check(&mut self.random, &headers);
            if number % 256 == 0 {
                self.check_good_ones();
            }
        }
        // Enough of each that every outcome was put to the test.
        let Counts { accepted, by_key, proven, refreshed, refused } = self.counts;
        assert!(accepted > requests / 20, "{accepted} of {requests}");
        assert!(by_key > requests / 200, "{by_key} of {requests}");
        assert!(proven > requests / 200, "{proven} of {requests}");
        assert!(refreshed > requests / 10_000, "{refreshed} of {requests}");
        assert!(refused > requests / 10, "{refused} of {requests}");
        self.sources.check_counts(requests);
    }

    /// Nothing that went before keeps a good request out.
    fn check_good_ones(&mut self) {
        let bearer = |token: &[u8]| [b"Bearer ", token].concat();
        let session = token_of(&self.tokens, "U1", &self.client);
        let lines = [bearer(&self.key), bearer(&session)];
        for line in lines {
            let mut headers = HeaderMap::new();
            headers.append("authorization", value(line));
            assert!(self.guard.validate(&self.guard.tokens(&headers), &machines()).is_ok());
        }
        let oidc = self.client.oidc(&self.app);
        let proof = oidc.dpop_proof("GET", &format!("{SERVICE}/orders"), &self.bound).unwrap();
        let mut headers = HeaderMap::new();
        headers.append("dpop", value(proof.expose().into()));
        headers.append("authorization", value(format!("DPoP {}", self.bound).into()));
        let tokens = self.guard.tokens(&headers).of_request("GET", "/orders");
        assert!(self.guard.validate(&tokens, &machines()).is_ok());
    }

    fn check(&mut self, headers: &HeaderMap) {
        // Whether the request is the one that the proof is for.
        let requests =
            [("GET", "/orders?x=1", true), ("GET", "/%6frders", true), ("POST", "/orders", false)];
        let (method, path, is_meant) = requests[self.random.below(9) / 4];
        let credentials = self.guard.tokens(headers).of_request(method, path);
        let Ok(visitor) = self.guard.validate(&credentials, &machines()) else {
            self.counts.refused += 1;
            // A refresh costs a signature, and so not every time.
            if self.counts.refused.is_multiple_of(16) {
                self.check_refresh(headers, &credentials);
            }
            return;
        };
        self.counts.accepted += 1;
        assert!(headers.get_all("authorization").iter().count() < 2, "{headers:?}");
        if visitor.kind == TokenKind::AccessKey {
            self.counts.by_key += 1;
            assert!(found(headers, &[]).contains(&&*self.key), "{headers:?}");
            return;
        }
        // By another way than the guard's: a text between two characters that no token has, which
        // stands after a name or scheme that counts, and that `validate` takes for these claims.
        let tokens = found(headers, &[b"DS", b"alt", b"__Host-DS"]);
        let session = self.client.auth().session();
        let same = |token: &[u8]| {
            let token = std::str::from_utf8(token).unwrap_or_default();
            session.validate(token).is_ok_and(|claims| claims == visitor.claims)
        };
        assert!(tokens.into_iter().any(same), "{headers:?}");
        if visitor.claims.key_thumbprint().is_some() {
            self.counts.proven += 1;
            let mut proofs = headers.get_all("dpop").iter();
            assert_eq!(proofs.next().unwrap().as_bytes().trim_ascii(), self.proof, "{headers:?}");
            assert!(is_meant && proofs.next().is_none(), "{headers:?}");
        }
    }

    /// Only the one refresh token, in a cookie of the one name, opens where no session token does.
    fn check_refresh(&mut self, headers: &HeaderMap, credentials: &RequestTokens) {
        if let Ok(visitor) = self.guard.validate_and_refresh(credentials, &anyone()) {
            self.counts.refreshed += 1;
            assert!(visitor.refreshed.is_some(), "{headers:?}");
            assert!(found(headers, &[b"DSR"]).contains(&&*self.refresh), "{headers:?}");
        }
    }
}

fn machines() -> Access {
    Access::default().access_keys(true)
}

/// A header without what no server would hand on, and `from_bytes` refuses.
fn value(mut line: Vec<u8>) -> HeaderValue {
    line.retain(|byte| *byte == b'\t' || *byte >= b' ' && *byte != 0x7f);
    HeaderValue::from_bytes(&line).unwrap()
}

/// The token of this user.
fn token_of(tokens: &[Vec<u8>], user: &str, client: &Client) -> Vec<u8> {
    let session = client.auth().session();
    let is_theirs = |token: &&Vec<u8>| {
        let token = std::str::from_utf8(token).unwrap();
        session.validate(token).is_ok_and(|claims| claims.user_id() == user)
    };
    tokens.iter().find(is_theirs).unwrap().clone()
}

/// The texts that could count as a token, given the cookies that do.
fn found<'l>(headers: &'l HeaderMap, cookies: &[&[u8]]) -> Vec<&'l [u8]> {
    let of_token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let counts = |name: &HeaderName, before: &[u8]| {
        let before = before.strip_suffix(b"\"").unwrap_or(before).trim_ascii_end();
        if name == "authorization" {
            let before = before.to_ascii_lowercase();
            return before.ends_with(b"bearer") || before.ends_with(b"dpop");
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
#[ignore = "takes minutes"]
fn a_million_requests_at_random() {
    std::thread::scope(|scope| {
        for seed in 2..=5 {
            scope.spawn(move || Fuzz::new(seed).run(250_000));
        }
    });
}

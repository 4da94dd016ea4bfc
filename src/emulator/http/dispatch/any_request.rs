//! Whatever a request holds, it is answered: with a success, a refusal, or that it is not covered.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::emulator::Emulator;
use crate::emulator::api::areas::routes;
use crate::emulator::api::route::{Bearer, Route};
use crate::emulator::testing::{self, Random};
use crate::emulator::words::fields::{Field, Kind, Object, Shape};
use crate::transport::http::Request;

/// Makes requests, partly of what earlier answers held.
struct Caller {
    random: Random,
    words: Vec<String>,
    tokens: Vec<String>,
}

const WORDS: &[&str] = &[
    "",
    " ",
    "ada",
    "ada@example.com",
    "al",
    "+12025550101",
    "t1",
    "Reader",
    "read",
    "example.com",
    "https://example.com/?a=b#c",
    "email",
    "sms",
    "Embedded",
    "enabled",
    "expired",
    "google",
    "Correct1horse",
    "child",
    "union",
    "self",
    "targetSet",
    "doc",
    "viewer",
    "user",
    "user#x",
    "0",
    "-1",
    "18446744073709551616",
    "100%",
    "ё̈\u{0}🦀\u{202e}",
    "a.b.c",
    SCHEMA,
];

const NUMBERS: &[i64] = &[0, 1, -1, 60, 1_700_000_000, i64::MAX, i64::MIN, 253_402_300_800];

const SCHEMA: &str = "model AuthZ 1.0 type user type doc relation viewer: user";

impl Caller {
    fn word(&mut self) -> String {
        match self.random.below(20) {
            0 => "x".repeat(self.random.below(3000)),
            at if at < 8 && !self.words.is_empty() => self.random.one_of(&self.words).clone(),
            _ => (*self.random.one_of(WORDS)).to_owned(),
        }
    }

    fn anything(&mut self, depth: usize) -> Value {
        match self.random.below(if depth == 0 { 6 } else { 8 }) {
            0 => Value::Null,
            1 => json!(self.random.percent(50)),
            2 => json!(self.random.one_of(NUMBERS)),
            3 => json!(self.random.one_of(&[0.5, -1e300, 1e18])),
            4 => json!(u64::MAX),
            5 => json!(self.word()),
            6 => (0..self.random.below(3)).map(|_| self.anything(depth - 1)).collect(),
            _ => self.map(depth - 1),
        }
    }

    fn map(&mut self, depth: usize) -> Value {
        let members = (0..self.random.below(3)).map(|_| (self.word(), self.anything(depth)));
        Value::Object(members.collect())
    }

    fn value(&mut self, kind: Kind, depth: usize) -> Value {
        if self.random.percent(3) {
            return self.anything(2);
        }
        let deeper = depth.saturating_sub(1);
        match kind {
            Kind::Any => self.anything(2),
            Kind::Bool => json!(self.random.percent(50)),
            Kind::Int => json!(self.random.one_of(NUMBERS)),
            Kind::Text => json!(self.word()),
            Kind::Texts => (0..self.random.below(3)).map(|_| json!(self.word())).collect(),
            Kind::Map => self.map(2),
            Kind::TextMap => json!({ self.word(): self.word() }),
            Kind::Object(fields) => self.object(fields, deeper).into(),
            Kind::Objects(fields) => {
                let many = self.random.below(depth.min(2) + 1);
                (0..many).map(|_| Value::Object(self.object(fields, deeper))).collect()
            }
        }
    }

    fn object(&mut self, fields: &[Field], depth: usize) -> Object {
        let mut object = Object::new();
        for field in fields {
            if self.random.percent(if field.required { 98 } else { 12 }) {
                object.insert(field.name.to_owned(), self.value(field.kind, depth));
            }
        }
        if self.random.percent(2) {
            object.insert(self.word(), self.anything(1));
        }
        object
    }

    fn body(&mut self, route: &Route) -> Vec<u8> {
        let mut body = match route.body {
            Shape::Object(fields) => Value::Object(self.object(fields, 4)),
            Shape::Texts => self.value(Kind::Texts, 1),
        };
        if self.random.percent(2) {
            body = self.anything(2);
        }
        let mut bytes = body.to_string().into_bytes();
        if self.random.percent(2) {
            let at = self.random.below(bytes.len());
            bytes[at] = bytes[at].wrapping_add(1);
        }
        bytes
    }

    fn request(&mut self, emulator: &Emulator, route: &Route) -> Request<Vec<u8>> {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut path = String::new();
        for segment in route.path.split('/').skip(1) {
            path.push('/');
            match segment {
                "{method}" if self.random.percent(90) => {
                    path += *self.random.one_of(&["email", "sms"]);
                }
                _ if segment.starts_with('{') => path += &encoded(&self.word()),
                _ => path += segment,
            }
        }
        let mut sign = "?";
        for (name, value) in self.object(route.query, 1) {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            path.extend([sign, &encoded(&name), "=", &encoded(&value)]);
            sign = "&";
        }
        let token = match route.bearer {
            Bearer::Management => emulator.management_key(),
            Bearer::ManagementOrInbound if self.random.percent(50) => emulator.management_key(),
            _ if self.tokens.is_empty() || self.random.percent(5) => "a.b.c",
            _ => self.random.one_of(&self.tokens),
        };
        let bearer = format!("Bearer {}:{token}", emulator.project_id());
        let request = Request::builder().method(route.method).uri(path);
        request.header("authorization", bearer).body(self.body(route)).unwrap()
    }

    /// Takes up what an answer holds, so that later requests get further.
    fn learn(&mut self, answer: &Value) {
        match answer {
            Value::String(text) if text.len() < 2000 => {
                let token = text.starts_with("ey") && text.matches('.').count() == 2;
                let known = if token { &mut self.tokens } else { &mut self.words };
                if known.len() < 100 {
                    known.push(text.clone());
                } else {
                    let at = self.random.below(known.len());
                    known[at].clone_from(text);
                }
            }
            Value::Array(items) => items.iter().take(5).for_each(|item| self.learn(item)),
            Value::Object(members) => members.values().for_each(|value| self.learn(value)),
            _ => {}
        }
    }
}

fn seeded() -> Emulator {
    let emulator = Emulator::new();
    let seed = json!({
        "permissions": [{ "name": "read" }, { "name": "Impersonate" }],
        "tenants": [{ "id": "t1", "name": "One" }],
        "roles": [{ "name": "Reader", "permissionNames": ["read", "Impersonate"] }],
        "users": [{
            "loginId": "ada", "email": "ada@example.com", "roleNames": ["Reader"],
            "phone": "+12025550101", "userTenants": [{ "tenantId": "t1" }],
        }],
        "testUsers": [{ "loginId": "al" }],
        "accessKeys": [{ "name": "ci" }],
        "fgaSchemas": [{ "dsl": SCHEMA }],
        "inboundApps": [{
            "id": "t1", "name": "Partner", "permissionsScopes": [{ "name": "read" }],
        }],
        "inboundConsents": [{ "appId": "t1", "loginId": "ada", "scopes": ["read"] }],
        "outboundApps": [{ "id": "doc", "name": "Doc" }],
        "outboundTokens": [
            { "appId": "doc", "loginId": "ada", "accessToken": "at", "refreshToken": "rt" },
            { "appId": "doc", "tenantId": "t1", "accessToken": "at" },
        ],
        "jwtTemplates": [{ "template": {
            "name": "T", "type": "user", "template": { "x": "{{user.name}}" },
        } }],
    });
    emulator.seed(&seed).unwrap();
    emulator
}

#[test]
fn no_request_breaks_the_emulator() {
    let (mut succeeded, mut reached) = (0, BTreeSet::new());
    let mut caller = Caller { random: Random(3), words: Vec::new(), tokens: Vec::new() };
    for _ in 0..4 {
        let emulator = seeded();
        for _ in 0..5 {
            if let Ok(session) = emulator.sign_in("ada") {
                caller.learn(&session);
            }
            for route in routes() {
                let request = caller.request(&emulator, route);
                let text = String::from_utf8_lossy(request.body()).into_owned();
                let line = format!("{} {} {text}", request.method(), request.uri());
                let response = catch_unwind(AssertUnwindSafe(|| emulator.handle(request)));
                let response = response.unwrap_or_else(|_| panic!("it panicked: {line}"));
                let (status, answer) = testing::read(&response);
                assert!(matches!(status, 200..=299 | 400..=499 | 501), "{status} {answer}: {line}");
                if status < 300 {
                    succeeded += 1;
                    reached.insert((route.method, route.path));
                }
                caller.learn(&answer);
            }
            let keys = format!("/v2/keys/{}", emulator.project_id());
            assert_eq!(emulator.send("GET", &keys, "", &json!(null)).0, 200);
            emulator.store().check_indexes();
            // What is left can be saved.
            assert!(emulator.export().is_object());
        }
    }
    // Otherwise it would only try how fields are refused.
    assert!(succeeded > 1000 && reached.len() > 80, "{succeeded} {}", reached.len());
}

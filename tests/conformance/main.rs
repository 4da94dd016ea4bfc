//! Replays calls that were recorded from the official Python SDKs through this crate's public API,
//! and compares what each sends and makes of the answer.
//!
//! A case is equal when the requests agree in method, path, query, bearer and body, and the call
//! ends alike: with an error where Python raises, and otherwise with a result in which every text of
//! the answer can be found. Two things are no difference: a body member that Python sends although
//! the caller did not set it, without content (`null`, `[]`, `{}`, `0`, `""`, `false`), and the class
//! of an error. Every other difference stands in `deviations.txt` with its reason; one that does not
//! fails the test, and so does a line there that no longer deviates.
//!
//! Not every area is replayed yet; `--nocapture` prints how many cases of each are.

mod args;
mod auth;
mod compare;
mod session;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use descope::clock::Clock;
use descope::transport::http::{self, HeaderName, HeaderValue};
use descope::transport::{Request, Response, TransportError, TransportErrorKind};
use descope::{Client, ClientBuilder, RetryPolicy};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use args::{Args, Unsayable};
use compare::{Outcome, differences};

const PROJECT: &str = "P2dummyproject0000000000000000";
const MANAGEMENT_KEY: &str = "mgmt-key";
const DEVIATIONS: &str = include_str!("deviations.txt");
const FILES: [(&str, &str); 2] = [
    ("1.7.1", include_str!("../fixtures/conformance/python-1.7.1.jsonl")),
    ("2.16.1", include_str!("../fixtures/conformance/python-2.16.1.jsonl")),
];

/// A recorded call.
#[derive(Deserialize)]
struct Case {
    /// `area.method/case`.
    name: String,
    #[serde(default)]
    args: Map<String, Value>,
    #[serde(default)]
    requests: Vec<Sent>,
    answer: Option<Value>,
    raises: Option<String>,
    /// What a call without a request returned.
    returned: Option<Value>,
    #[serde(default)]
    note: String,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
struct Sent {
    line: String,
    bearer: String,
    #[serde(default)]
    query: Vec<(String, String)>,
    body: Option<Value>,
}

/// What an adapter returns: how the call ended, or that Rust has no way to write it.
type Call = Result<descope::Result<String>, Unsayable>;

/// Shows a result, so that the texts of the answer can be looked for in it.
fn shown<T: std::fmt::Debug>(result: descope::Result<T>) -> Call {
    Ok(result.map(|value| format!("{value:?}")))
}

#[derive(Deserialize)]
struct Fixtures {
    tokens: BTreeMap<String, String>,
    jwks: Value,
}

static FIXTURES: LazyLock<Fixtures> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../fixtures/conformance/tokens.json")).unwrap()
});

/// Puts the tokens and the key set in place of their labels.
fn fill(value: &mut Value) {
    match value {
        Value::String(text) if text == "<jwks>" => *value = FIXTURES.jwks.clone(),
        Value::String(text) => *text = filled(text),
        Value::Array(items) => items.iter_mut().for_each(fill),
        Value::Object(members) => members.values_mut().for_each(fill),
        _ => {}
    }
}

fn filled(text: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, label)) = rest.split_once("<jwt:") {
        let (label, after) = label.split_once('>').unwrap();
        filled += before;
        filled += FIXTURES.tokens.get(label).map_or("<unrecorded token>", String::as_str);
        rest = after;
    }
    filled + rest
}

impl Case {
    fn parse(line: &str) -> Self {
        let mut case: Case = serde_json::from_str(line).unwrap();
        case.args.values_mut().for_each(fill);
        case.answer.iter_mut().for_each(fill);
        for sent in &mut case.requests {
            sent.bearer = filled(&sent.bearer);
            sent.body.iter_mut().for_each(fill);
        }
        case
    }

    /// Area and method. Cases about errors and retries name the method they call.
    fn method(&self) -> (&str, &str) {
        let name = self.name.split('/').next().unwrap_or_default();
        let name = name.strip_prefix("errors.").unwrap_or(name);
        name.rsplit_once('.').unwrap_or(("", name))
    }

    /// The answer as HTTP, or the way in which there was none.
    fn answer(&self) -> Result<Response, TransportError> {
        let Some(answer) = &self.answer else {
            return Err(TransportError::new(TransportErrorKind::Connect, "refused"));
        };
        let Some(http) = answer.get("_http") else {
            return Ok(Response::new(answer.to_string().into_bytes()));
        };
        if http.is_string() {
            return Err(TransportError::new(TransportErrorKind::Closed, "no answer"));
        }
        if http.get("delay").is_some() {
            return Err(TransportError::new(TransportErrorKind::Timeout, "no answer in time"));
        }
        let body = match (&http["json"], http["body_raw"].as_str()) {
            (_, Some(raw)) => raw.to_owned(),
            (Value::Null, None) => String::new(),
            (json, None) => json.to_string(),
        };
        let mut response = http::Response::new(body.into_bytes());
        *response.status_mut() = http["status"]
            .as_u64()
            .unwrap()
            .try_into()
            .ok()
            .and_then(|s: u16| s.try_into().ok())
            .unwrap();
        for (name, value) in http["headers"].as_object().into_iter().flatten() {
            let name: HeaderName = name.parse().unwrap();
            response.headers_mut().append(name, value.as_str().unwrap().parse().unwrap());
        }
        for cookie in http["cookies"].as_array().into_iter().flatten() {
            let line = cookie.as_str().map_or_else(
                || {
                    format!(
                        "{}={}; Path=/",
                        cookie[0].as_str().unwrap(),
                        cookie[1].as_str().unwrap()
                    )
                },
                str::to_owned,
            );
            response.headers_mut().append("set-cookie", HeaderValue::try_from(line).unwrap());
        }
        Ok(response)
    }

    /// Makes the call, with a client that gets the recorded answer.
    fn replay(&self) -> (Outcome, Vec<Sent>) {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let keys = self.requests.iter().any(|request| request.line.contains("/v2/keys/"))
            || self.name.contains("/jwks_");
        let (log, answer) = (Arc::clone(&sent), self.answer());
        let jwks = FIXTURES.jwks.to_string();
        let transport = move |request: Request| {
            if request.uri().path().starts_with("/v2/keys/") && !keys {
                return Ok(Response::new(jwks.clone().into_bytes()));
            }
            log.lock().unwrap_or_else(PoisonError::into_inner).push(read(&request));
            match &answer {
                Ok(response) => Ok(response.clone()),
                Err(error) => Err(TransportError::new(error.kind(), error.to_string())),
            }
        };
        let args = Args::new(&self.args);
        let builder = Client::builder()
            .ignore_env()
            .project_id(PROJECT)
            .management_key(MANAGEMENT_KEY)
            .retry(RetryPolicy::none())
            .transport(transport);
        let outcome = match self.configure(builder).build() {
            Ok(client) => match self.call(&client, &args) {
                Ok(Ok(shown)) => Outcome::Returned(shown),
                Ok(Err(error)) => Outcome::Failed(format!("{error:?}")),
                Err(unsayable) => Outcome::Unsayable(unsayable),
            },
            Err(error) => Outcome::Failed(format!("{error:?}")),
        };
        let unread = args.unread();
        let outcome = match outcome {
            Outcome::Returned(_) if !unread.is_empty() => {
                Outcome::Unsayable(Unsayable::Unread(unread))
            }
            outcome => outcome,
        };
        let sent = std::mem::take(&mut *sent.lock().unwrap_or_else(PoisonError::into_inner));
        (outcome, sent)
    }

    /// What the notes of the recordings say of the client.
    fn configure(&self, mut builder: ClientBuilder) -> ClientBuilder {
        if let Some((_, seconds)) = self.note.split_once("jwt_validation_leeway=") {
            let seconds = seconds.split_whitespace().next().unwrap().parse().unwrap();
            builder = builder.leeway(Duration::from_secs(seconds));
        }
        if self.note.contains("public_key=") {
            builder = builder.public_key(FIXTURES.jwks["keys"][0].to_string());
        }
        if let Some(now) = self.clock() {
            builder = builder.clock(StoppedClock(now));
        }
        match self.args.get("audience") {
            Some(Value::String(audience)) => builder.audience(audience),
            Some(Value::Array(several)) => several
                .iter()
                .filter_map(Value::as_str)
                .fold(builder, |builder, audience| builder.audience(audience)),
            _ => builder,
        }
    }

    /// The time of a case that is about a token which has just expired.
    fn clock(&self) -> Option<i64> {
        let (_, rest) = self.name.split_once("_expired_")?;
        let ago: i64 = rest.split_once("s_ago")?.0.parse().ok()?;
        let token = self.args.get("session_token")?.as_str()?.split('.').nth(1)?;
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).ok()?;
        Some(serde_json::from_slice::<Value>(&claims).ok()?["exp"].as_i64()? + ago)
    }

    fn call(&self, client: &Client, args: &Args<'_>) -> Call {
        let (area, method) = self.method();
        args.read("audience");
        match area {
            "client" => session::call(client, method, args),
            _ => auth::call(client, area, method, args),
        }
    }
}

/// A clock that stands still at a time.
#[derive(Debug)]
struct StoppedClock(i64);

impl Clock for StoppedClock {
    fn unix(&self) -> i64 {
        self.0
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) {}
}

fn read(request: &Request) -> Sent {
    let uri = request.uri();
    let query = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let decode =
        |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    Sent {
        line: format!("{} {}", request.method(), uri.path()),
        bearer: request.headers()["authorization"].to_str().unwrap().to_owned(),
        query: query
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decode(name), decode(value)))
            .collect(),
        body: (!request.body().is_empty()).then(|| serde_json::from_slice(request.body()).unwrap()),
    }
}

/// What may differ, and why: names, or patterns with one `*`, to reasons.
fn listed(text: &'static str) -> Vec<(&'static str, &'static str)> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("no reason: {line}")))
        .collect()
}

fn covers(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
        None => pattern == name,
    }
}

#[test]
fn every_recording_is_equal_or_listed() {
    let listed = listed(DEVIATIONS);
    let (mut report, mut table) = (String::new(), String::new());
    let mut used = BTreeSet::new();
    for (version, file) in FILES {
        let mut counts: BTreeMap<String, [usize; 3]> = BTreeMap::new();
        for case in file.lines().map(Case::parse) {
            let (outcome, sent) = case.replay();
            let found = differences(&case, &outcome, &sent);
            let area = case.method().0.to_owned();
            let entry = listed.iter().find(|(pattern, _)| covers(pattern, &case.name));
            let column = match (found.is_empty(), entry) {
                _ if matches!(outcome, Outcome::Unsayable(Unsayable::NoAdapter)) => 0,
                (true, _) => 1,
                (false, Some((pattern, _))) => {
                    used.insert(*pattern);
                    2
                }
                (false, None) => {
                    let found = found.join("\n    ");
                    writeln!(report, "{}@{version}\n    {found}", case.name).unwrap();
                    2
                }
            };
            for area in [area, "total".to_owned()] {
                counts.entry(area).or_default()[column] += 1;
            }
        }
        for (area, [rest, equal, listed]) in counts {
            let all = equal + listed;
            let line = format!("{all} replayed, {equal} equal, {listed} listed; {rest} not yet");
            writeln!(table, "{version} {area}: {line}").unwrap();
        }
    }
    println!("{table}");
    for (stale, _) in listed.iter().filter(|(pattern, _)| !used.contains(pattern)) {
        writeln!(report, "{stale} is listed but does not deviate").unwrap();
    }
    assert!(report.is_empty(), "{} lines\n{report}", report.lines().count());
}

/// The comparison sees a member that is missing, one that is renamed, and another path.
#[test]
fn the_comparison_bites() {
    let cases: Vec<Case> = FILES[0].1.lines().map(Case::parse).collect();
    let mut bitten = 0;
    for (at, case) in cases.iter().enumerate() {
        let (outcome, sent) = case.replay();
        if case.requests.len() != 1 || !differences(case, &outcome, &sent).is_empty() {
            continue;
        }
        let mutations = mutations(&sent[0], &cases[(at + 7) % cases.len()]);
        for (what, mutated) in mutations {
            assert!(!differences(case, &outcome, &[mutated]).is_empty(), "{}: {what}", case.name);
            bitten += 1;
        }
    }
    println!("{bitten} changed requests were told from the recorded ones");
    assert!(bitten > 100);
}

/// The request with one member dropped, one renamed, the path of another case, and another bearer.
fn mutations(sent: &Sent, other: &Case) -> Vec<(String, Sent)> {
    let mut all = Vec::new();
    for (name, value) in sent.body.as_ref().and_then(Value::as_object).into_iter().flatten() {
        let mut body = sent.body.clone().unwrap();
        let members = body.as_object_mut().unwrap();
        members.remove(name);
        if !compare::empty(value) {
            let dropped = Sent { body: Some(body.clone()), ..sent.clone() };
            all.push((format!("{name} dropped"), dropped));
        }
        body[format!("{name}x")] = json!("x");
        all.push((format!("{name} renamed"), Sent { body: Some(body), ..sent.clone() }));
    }
    if let Some(request) = other.requests.first().filter(|request| request.line != sent.line) {
        all.push(("another path".to_owned(), Sent { line: request.line.clone(), ..sent.clone() }));
    }
    all.push((
        "another bearer".to_owned(),
        Sent { bearer: format!("{}x", sent.bearer), ..sent.clone() },
    ));
    all
}

//! A recorded call, and making it again with a client that gets the recorded answers.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use descope::clock::Clock;
use descope::transport::http::{self, HeaderName, HeaderValue};
use descope::transport::{Request, Response, TransportError, TransportErrorKind};
use descope::{Client, ClientBuilder, RetryPolicy};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::args::{Args, Unsayable};
use super::compare::Outcome;
use super::{PROJECT, call};

const MANAGEMENT_KEY: &str = "mgmt-key";
const FGA_CACHE: &str = "fga-cache.example.com";
const FILES: [(&str, &str); 2] = [
    ("1.7.1", include_str!("../fixtures/conformance/python-1.7.1.jsonl")),
    ("2.16.1", include_str!("../fixtures/conformance/python-2.16.1.jsonl")),
];

/// Every recorded call.
pub(crate) fn all() -> impl Iterator<Item = Case> {
    FILES.into_iter().flat_map(|(version, file)| file.lines().map(move |l| Case::parse(version, l)))
}

/// A recorded call.
#[derive(Clone, Deserialize)]
pub(crate) struct Case {
    /// The version of the Python SDK that it was recorded from.
    #[serde(skip)]
    pub(crate) version: &'static str,
    /// `area.method/case`.
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) args: Map<String, Value>,
    #[serde(default)]
    pub(crate) requests: Vec<Sent>,
    pub(crate) answer: Option<Value>,
    /// In place of one answer, one for each request.
    #[serde(default)]
    answers: Vec<Value>,
    pub(crate) raises: Option<String>,
    /// What Python made of the answer, unless it returned it as it came.
    #[serde(default, deserialize_with = "present")]
    pub(crate) returned: Option<Value>,
    #[serde(default)]
    note: String,
}

/// Tells null from nothing.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub(crate) struct Sent {
    /// Another server than that of the API.
    pub(crate) server: Option<String>,
    pub(crate) line: String,
    pub(crate) bearer: String,
    #[serde(default)]
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
}

#[derive(Deserialize)]
struct Fixtures {
    tokens: BTreeMap<String, String>,
    jwks: Value,
}

static FIXTURES: LazyLock<Fixtures> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../fixtures/conformance/tokens.json")).unwrap()
});

/// Puts tokens, their claims and the key set in place of their labels.
fn fill(value: &mut Value) {
    match value {
        Value::String(text) if text == "<jwks>" => *value = FIXTURES.jwks.clone(),
        Value::String(text) => match text.strip_prefix("<claims:") {
            Some(label) => *value = token(label.trim_end_matches('>')),
            None => *text = filled(text),
        },
        Value::Array(items) => items.iter_mut().for_each(fill),
        Value::Object(members) => members.values_mut().for_each(fill),
        _ => {}
    }
}

/// A text with tokens in place of their labels.
pub(crate) fn filled(text: &str) -> String {
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

/// A token's claims, with itself among them, as Python returns it.
fn token(label: &str) -> Value {
    let jwt = &FIXTURES.tokens[label];
    let mut claims = claims(jwt).unwrap();
    claims["jwt"] = jwt.as_str().into();
    claims
}

fn claims(jwt: &str) -> Option<Value> {
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&claims).ok()
}

impl Case {
    fn parse(version: &'static str, line: &str) -> Self {
        let mut case: Case = serde_json::from_str(line).unwrap();
        case.version = version;
        case.args.values_mut().for_each(fill);
        case.answer.iter_mut().chain(&mut case.answers).for_each(fill);
        case.returned.iter_mut().for_each(fill);
        for sent in &mut case.requests {
            sent.bearer = filled(&sent.bearer);
            sent.body.iter_mut().for_each(fill);
        }
        case
    }

    /// Area and method. Cases about errors and retries name the method they call.
    pub(crate) fn method(&self) -> (&str, &str) {
        let (name, case) = self.name.split_once('/').unwrap_or((&self.name, ""));
        let name = match name.strip_prefix("errors.") {
            Some("retry") if case.starts_with("jwks") => "client.validate_session",
            Some("retry") => case.find("mgmt.").map_or("otp.sign_in", |at| &case[at..]),
            Some(method) => method,
            None => name,
        };
        name.rsplit_once('.').unwrap_or(("", name))
    }

    /// The area that the case is counted in.
    pub(crate) fn area(&self) -> &str {
        self.method().0
    }

    /// What Python returned, if the call succeeded.
    pub(crate) fn result(&self) -> Option<&Value> {
        match self.raises {
            Some(_) => None,
            None => self.returned.as_ref().or(self.answer.as_ref()),
        }
    }

    /// The last answer.
    pub(crate) fn last_answer(&self) -> Option<&Value> {
        self.answers.last().or(self.answer.as_ref())
    }

    /// The answers as HTTP, or the way in which there was none.
    fn responses(&self) -> Vec<Result<Response, TransportErrorKind>> {
        match (&*self.answers, &self.answer) {
            ([], None) => vec![Err(TransportErrorKind::Connect)],
            ([], Some(answer)) => vec![response(answer)],
            (answers, _) => answers.iter().map(response).collect(),
        }
    }

    /// Makes the call, with a client that gets the recorded answers.
    pub(crate) fn replay(&self) -> (Outcome, Vec<Sent>) {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let keys = self.requests.iter().any(|request| request.line.contains("/v2/keys/"))
            || self.name.contains("/jwks_");
        let (log, responses) = (Arc::clone(&sent), self.responses());
        let jwks = FIXTURES.jwks.to_string();
        let transport = move |request: Request| {
            if request.uri().path().starts_with("/v2/keys/") && !keys {
                return Ok(Response::new(jwks.clone().into_bytes()));
            }
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            let response = responses.get(log.len()).or(responses.last()).unwrap();
            log.push(read(&request));
            response.clone().map_err(|kind| TransportError::new(kind, "no answer"))
        };
        let args = Args::new(&self.args);
        let builder = Client::builder()
            .ignore_env()
            .project_id(PROJECT)
            .management_key(MANAGEMENT_KEY)
            .retry(self.retries())
            .transport(transport);
        let outcome = match self.configure(builder).build() {
            Ok(client) => match call(self, &client, &args) {
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

    /// Python 1.7.1 sends once; 2.16.1 sends again, whatever the call changes.
    fn retries(&self) -> RetryPolicy {
        match self.version {
            "1.7.1" => RetryPolicy::none(),
            _ => RetryPolicy::default().retry_unavailable(true),
        }
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
        if self.note.contains("fga_cache_url") {
            builder = builder.fga_cache_url(format!("https://{FGA_CACHE}"));
        }
        builder = builder.clock(match self.clock() {
            Some(now) => StoppedClock(now),
            None => StoppedClock(1_800_000_000),
        });
        match self.args.get("audience") {
            Some(Value::String(audience)) => builder.audience(audience),
            Some(Value::Array(several)) => {
                several.iter().filter_map(Value::as_str).fold(builder, ClientBuilder::audience)
            }
            _ => builder,
        }
    }

    /// The time of a case that is about a token which has just expired.
    fn clock(&self) -> Option<i64> {
        let (_, rest) = self.name.split_once("_expired_")?;
        let ago: i64 = rest.split_once("s_ago")?.0.parse().ok()?;
        Some(claims(self.args.get("session_token")?.as_str()?)?["exp"].as_i64()? + ago)
    }
}

/// An answer as HTTP.
fn response(answer: &Value) -> Result<Response, TransportErrorKind> {
    let Some(http) = answer.get("_http") else {
        return Ok(Response::new(answer.to_string().into_bytes()));
    };
    if http.is_string() {
        return Err(TransportErrorKind::Closed);
    }
    if http.get("delay").is_some() {
        return Err(TransportErrorKind::Timeout);
    }
    let body = match (&http["json"], http["body_raw"].as_str()) {
        (_, Some(raw)) => raw.to_owned(),
        (Value::Null, None) => String::new(),
        (json, None) => json.to_string(),
    };
    let mut response = http::Response::new(body.into_bytes());
    let status = http["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    *response.status_mut() = status.unwrap().try_into().unwrap();
    for (name, value) in http["headers"].as_object().into_iter().flatten() {
        let name: HeaderName = name.parse().unwrap();
        response.headers_mut().append(name, value.as_str().unwrap().parse().unwrap());
    }
    for cookie in http["cookies"].as_array().into_iter().flatten() {
        let line = match cookie {
            Value::String(line) => line.clone(),
            pair => format!("{}={}; Path=/", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()),
        };
        response.headers_mut().append("set-cookie", HeaderValue::try_from(line).unwrap());
    }
    Ok(response)
}

fn read(request: &Request) -> Sent {
    let uri = request.uri();
    let query = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let decode =
        |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    Sent {
        server: (uri.host() == Some(FGA_CACHE)).then(|| "fga_cache".to_owned()),
        line: format!("{} {}", request.method(), uri.path()),
        bearer: request.headers()["authorization"].to_str().unwrap().to_owned(),
        query: query
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decode(name), decode(value)))
            .collect(),
        body: (!request.body().is_empty()).then(|| serde_json::from_slice(request.body()).unwrap()),
    }
}

/// A clock that stands still at a time.
#[derive(Debug)]
struct StoppedClock(i64);

impl Clock for StoppedClock {
    fn unix(&self) -> descope::UnixTime {
        descope::UnixTime::from_seconds(self.0)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) {}
}

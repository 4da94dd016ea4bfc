//! Comparing what was sent and returned with the recording.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::answer::{plain, unseen};
use super::args::Unsayable;
use super::case::{Case, Sent};

/// How a replayed call ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// With this result, shown.
    Returned(String),
    /// With this error, shown.
    Failed(String),
    /// It was not made.
    Unsayable(Unsayable),
}

/// All that differs between a recording and its replay.
pub(crate) fn differences(case: &Case, outcome: &Outcome, sent: &[Sent]) -> Vec<String> {
    let mut found = Vec::new();
    match outcome {
        Outcome::Unsayable(Unsayable::NoAdapter) => return vec!["no such call".to_owned()],
        Outcome::Unsayable(Unsayable::Unread(names)) => {
            return vec![format!("no place for {}", names.join(", "))];
        }
        // What the types refuse is refused before any request, as it is there.
        Outcome::Unsayable(Unsayable::Type(_))
            if case.raises.is_some() && case.requests.is_empty() =>
        {
            return Vec::new();
        }
        Outcome::Unsayable(Unsayable::Type(what)) => return vec![format!("cannot say {what}")],
        Outcome::Returned(_) if case.raises.is_some() => {
            found.push(format!("succeeds, not {}", case.raises.as_deref().unwrap_or_default()));
        }
        Outcome::Failed(error) if case.raises.is_none() => found.push(format!("fails: {error}")),
        Outcome::Returned(shown) => {
            if let Some(python) = case.result() {
                let (area, method) = case.method();
                found.extend(unseen(&format!("{area}.{method}"), python, shown));
            }
        }
        Outcome::Failed(error) => found.extend(untold(case, error)),
    }
    // A request that reached nobody could not be recorded.
    let unreached = matches!(
        case.raises.as_deref(),
        Some("ConnectionError" | "ConnectError" | "MissingSchema" | "UnsupportedProtocol")
    );
    if sent.len() != case.requests.len() && !(unreached && case.requests.is_empty()) {
        let lines: Vec<&str> = sent.iter().map(|request| &*request.line).collect();
        found.push(format!("{} requests, not {}: {lines:?}", sent.len(), case.requests.len()));
    }
    let given = Given::by(&case.args);
    for (ours, theirs) in sent.iter().zip(&case.requests) {
        request(ours, theirs, &given, &mut found);
    }
    found
}

/// Flags that 2.16.1 or both Pythons send as false by default, and Go or 1.7.1 leaves out or does not know.
const LEFT_OUT_WHEN_FALSE: &[&str] = &[
    "addToLoginIDs",
    "disableSignRequest",
    "disabled",
    "enforceSSO",
    "manageProviderTokens",
    "mfa",
    "onMergeUseExisting",
    "stepup",
    "test",
];

/// Without content, as what the caller did not set may be left out.
pub(crate) fn empty(name: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value && LEFT_OUT_WHEN_FALSE.contains(&name),
        Value::Number(value) => value.as_f64() == Some(0.0),
        Value::String(value) => value.is_empty(),
        Value::Array(value) => value.is_empty(),
        Value::Object(value) => value.iter().all(|(name, value)| empty(name, value)),
    }
}

/// What arguments are called on the wire, where it is not the same.
const ON_THE_WIRE: &[(&str, &str)] = &[
    ("attributemapping", "userattrmapping"),
    ("idpentityid", "entityid"),
    ("ids", "tenantids"),
    ("loginids", "externalids"),
    ("names", "tenantnames"),
    ("selfprovisioningdomains", "tenantselfprovisioningdomains"),
];

/// The names of all arguments that the caller set, at any depth, with their places in the lists that
/// they are in. An object of options of which none is set is the same as none.
struct Given(BTreeSet<(String, Vec<usize>)>);

impl Given {
    fn by(args: &Map<String, Value>) -> Self {
        let mut given = Self(BTreeSet::new());
        given.note(args, &mut Vec::new());
        given
    }

    fn note(&mut self, members: &Map<String, Value>, at: &mut Vec<usize>) {
        let unset = |value: &Value| match value {
            Value::Object(inner) => {
                inner.iter().all(|(name, value)| name == "_type" || value.is_null())
            }
            value => value.is_null(),
        };
        for (name, value) in members.iter().filter(|(_, value)| !unset(value)) {
            let name = plain(name);
            for (_, other) in ON_THE_WIRE.iter().filter(|(python, _)| *python == name) {
                self.0.insert(((*other).to_owned(), at.clone()));
            }
            self.0.insert((name, at.clone()));
            match value {
                Value::Object(inner) => self.note(inner, at),
                Value::Array(items) => {
                    for (place, item) in items.iter().enumerate() {
                        at.push(place);
                        item.as_object().into_iter().for_each(|inner| self.note(inner, at));
                        at.pop();
                    }
                }
                _ => {}
            }
        }
    }

    fn has(&self, name: &str, at: &[usize]) -> bool {
        self.0.contains(&(plain(name), at.to_vec()))
    }
}

fn request(ours: &Sent, theirs: &Sent, given: &Given, found: &mut Vec<String>) {
    if ours.line != theirs.line {
        found.push(format!("{} instead of {}", ours.line, theirs.line));
    }
    if ours.server != theirs.server {
        found.push(format!("to {:?} instead of {:?}", ours.server, theirs.server));
    }
    if ours.bearer != theirs.bearer {
        found.push(format!("bearer {} instead of {}", ours.bearer, theirs.bearer));
    }
    let query = |sent: &Sent| {
        let mut pairs: Vec<_> = sent
            .query
            .iter()
            // Python spells its booleans with a capital letter.
            .map(|(name, value)| match &**value {
                "True" => (name, "true"),
                "False" => (name, "false"),
                value => (name, value),
            })
            .filter(|(name, value)| !value.is_empty() || given.has(name, &[]))
            .collect();
        pairs.sort_unstable();
        format!("{pairs:?}")
    };
    let (mine, recorded) = (query(ours), query(theirs));
    if mine != recorded {
        found.push(format!("query {mine} instead of {recorded}"));
    }
    if ours.body.is_some() != theirs.body.is_some() {
        found.push(format!("body {:?} instead of {:?}", ours.body, theirs.body));
    }
    let body = |sent: &Sent| sent.body.clone().unwrap_or_default();
    Bodies { given, found }.values("body", &mut Vec::new(), &body(ours), &body(theirs));
}

/// Comparing bodies.
struct Bodies<'a> {
    given: &'a Given,
    found: &'a mut Vec<String>,
}

impl Bodies<'_> {
    fn values(&mut self, path: &str, at: &mut Vec<usize>, ours: &Value, theirs: &Value) {
        match (ours, theirs) {
            (Value::Object(mine), Value::Object(recorded)) => {
                for (name, value) in mine {
                    let path = format!("{path}.{name}");
                    match recorded.get(name) {
                        Some(theirs) => self.values(&path, at, value, theirs),
                        None => self.found.push(format!("{path} is sent, as {value}")),
                    }
                }
                for (name, value) in recorded.iter().filter(|(name, _)| !mine.contains_key(*name)) {
                    if !empty(name, value) || (self.given.has(name, at) && !value.is_null()) {
                        self.found.push(format!("{path}.{name} is not sent, as {value}"));
                    }
                }
            }
            (Value::Array(mine), Value::Array(recorded)) if mine.len() == recorded.len() => {
                for (place, (ours, theirs)) in mine.iter().zip(recorded).enumerate() {
                    at.push(place);
                    self.values(&format!("{path}[{place}]"), at, ours, theirs);
                    at.pop();
                }
            }
            (Value::Number(mine), Value::Number(recorded))
                if mine.as_f64() == recorded.as_f64() => {}
            // Null is nothing, as every empty value is that the caller did not set.
            (Value::Bool(false), Value::Null) => {}
            (_, Value::Null) if empty("", ours) => {}
            _ if ours == theirs => {}
            _ => self.found.push(format!("{path} is {ours}, not {theirs}")),
        }
    }
}

/// What the server said of its refusal that our error does not tell.
fn untold(case: &Case, error: &str) -> Vec<String> {
    let Some(http) = case.last_answer().and_then(|answer| answer.get("_http")) else {
        return Vec::new();
    };
    if http["status"].as_u64().is_none_or(|status| status < 400) || case.requests.is_empty() {
        return Vec::new();
    }
    let mut told = vec![format!("status {}", http["status"])];
    for name in ["errorCode", "errorDescription", "errorMessage"] {
        told.extend(http["json"][name].as_str().map(str::to_owned));
    }
    let seconds = http["headers"]["Retry-After"].as_str().and_then(|text| text.parse::<u32>().ok());
    told.extend(seconds.map(|seconds| format!("retry_after: Some({seconds}s)")));
    let error = error.replace("status:", "status");
    told.retain(|text| !error.contains(text));
    told.into_iter().map(|text| format!("{text} is not in the error, {error}")).collect()
}

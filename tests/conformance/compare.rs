//! Comparing what was sent and returned with the recording.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::args::Unsayable;
use super::{Case, Sent};

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
            let answer = case.answer.as_ref();
            let answer =
                answer.filter(|answer| answer.get("_http").or(answer.get("keys")).is_none());
            found.extend(unseen(answer, shown));
            let recorded = case.returned.as_ref().map(Value::to_string);
            if recorded.as_ref().is_some_and(|recorded| *recorded != shown.replace("\", ", "\",")) {
                found.push(format!("returns {shown}, not {}", recorded.unwrap_or_default()));
            }
        }
        Outcome::Failed(_) => {}
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
    let mut set = BTreeSet::new();
    names(&case.args, &mut set);
    for (ours, theirs) in sent.iter().zip(&case.requests) {
        request(ours, theirs, &set, &mut found);
    }
    found
}

/// Without content, as defaults are.
pub(crate) fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(value) => value.as_f64() == Some(0.0),
        Value::String(value) => value.is_empty(),
        Value::Array(value) => value.is_empty(),
        Value::Object(value) => value.values().all(empty),
    }
}

/// A name as both Python and the wire have it.
fn plain(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

/// The names of all arguments that the caller set, at any depth. An object of options of which none is
/// set is the same as none.
fn names(members: &Map<String, Value>, set: &mut BTreeSet<String>) {
    let unset = |value: &Value| match value {
        Value::Object(inner) => {
            inner.iter().all(|(name, value)| name == "_type" || value.is_null())
        }
        value => value.is_null(),
    };
    for (name, value) in members.iter().filter(|(_, value)| !unset(value)) {
        set.insert(plain(name));
        match value {
            Value::Object(inner) => names(inner, set),
            Value::Array(items) => {
                items.iter().filter_map(Value::as_object).for_each(|inner| names(inner, set));
            }
            _ => {}
        }
    }
}

fn request(ours: &Sent, theirs: &Sent, set: &BTreeSet<String>, found: &mut Vec<String>) {
    if ours.line != theirs.line {
        found.push(format!("{} instead of {}", ours.line, theirs.line));
    }
    if ours.bearer != theirs.bearer {
        found.push(format!("bearer {} instead of {}", ours.bearer, theirs.bearer));
    }
    let query = |sent: &Sent| {
        let mut pairs: Vec<_> = sent
            .query
            .iter()
            .filter(|(name, value)| !value.is_empty() || set.contains(&plain(name)))
            // Python spells its booleans with a capital letter.
            .map(|(name, value)| match &**value {
                "True" => (name.clone(), "true".to_owned()),
                "False" => (name.clone(), "false".to_owned()),
                value => (name.clone(), value.to_owned()),
            })
            .collect();
        pairs.sort();
        pairs
    };
    let (mine, recorded) = (query(ours), query(theirs));
    if mine != recorded {
        found.push(format!("query {mine:?} instead of {recorded:?}"));
    }
    let none = Value::Object(Map::new());
    let body = |sent: &Sent| sent.body.clone().unwrap_or_else(|| none.clone());
    values("body", &body(ours), &body(theirs), set, found);
}

fn values(
    path: &str,
    ours: &Value,
    theirs: &Value,
    set: &BTreeSet<String>,
    found: &mut Vec<String>,
) {
    match (ours, theirs) {
        (Value::Object(mine), Value::Object(recorded)) => {
            for (name, value) in mine {
                match recorded.get(name) {
                    Some(theirs) => values(&format!("{path}.{name}"), value, theirs, set, found),
                    None => found.push(format!("{path}.{name} is sent, as {value}")),
                }
            }
            for (name, value) in recorded.iter().filter(|(name, _)| !mine.contains_key(*name)) {
                if !empty(value) || (set.contains(&plain(name)) && !value.is_null()) {
                    found.push(format!("{path}.{name} is not sent, as {value}"));
                }
            }
        }
        (Value::Array(mine), Value::Array(recorded)) if mine.len() == recorded.len() => {
            for (at, (ours, theirs)) in mine.iter().zip(recorded).enumerate() {
                values(&format!("{path}[{at}]"), ours, theirs, set, found);
            }
        }
        (Value::Number(mine), Value::Number(recorded)) if mine.as_f64() == recorded.as_f64() => {}
        _ if ours == theirs => {}
        _ => found.push(format!("{path} is {ours}, not {theirs}")),
    }
}

/// Texts of the answer that the result does not show. Tokens are secret and do not show.
fn unseen(answer: Option<&Value>, shown: &str) -> Vec<String> {
    // An enum's variant is spelt otherwise than its text on the wire.
    let plain_shown = plain(shown);
    let mut texts = Vec::new();
    leaves(answer.unwrap_or(&Value::Null), "", &mut texts);
    texts
        .into_iter()
        .filter(|(_, text)| !text.is_empty() && !text.starts_with("eyJ"))
        .filter(|(_, text)| {
            let escaped = format!("{text:?}");
            let shown = |text: &str| shown.contains(text) || plain_shown.contains(&plain(text));
            !shown(text) && !shown(escaped.trim_matches('"'))
        })
        .map(|(path, text)| format!("the answer's {path}, {text:?}, is not in the result"))
        .collect()
}

fn leaves<'a>(value: &'a Value, path: &str, texts: &mut Vec<(String, &'a str)>) {
    match value {
        Value::String(text) => texts.push((path.to_owned(), text)),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, path, texts)),
        Value::Object(members) => {
            for (name, value) in members {
                leaves(value, &format!("{path}.{name}"), texts);
            }
        }
        _ => {}
    }
}

//! The comparison must see what is wrong: a request with anything else in it, and an answer of which a
//! part is read wrongly or not at all.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::answer::{is_shown, plain};
use super::case::{self, Case, Sent};
use super::compare::{differences, empty};

/// Every recorded call that is replayed and equal.
fn equal() -> impl Iterator<Item = Case> {
    case::all().filter(|case| case.area() != "_validation").filter(|case| {
        let (outcome, sent) = case.replay();
        differences(case, &outcome, &sent).is_empty()
    })
}

/// A request in which a member of the body or the query is missing, has another name or another value,
/// and one of another path, method or caller.
#[test]
fn another_request_is_noticed() {
    let others: Vec<Case> = case::all().filter(|case| !case.requests.is_empty()).collect();
    let mut bitten: BTreeMap<String, usize> = BTreeMap::new();
    for (at, case) in equal().filter(|case| case.requests.len() == 1).enumerate() {
        let (outcome, sent) = case.replay();
        let recorded = case.requests[0].body.as_ref();
        for (what, mutated) in requests(&sent[0], recorded, &others[(at * 7) % others.len()]) {
            let found = differences(&case, &outcome, &[mutated]);
            assert!(!found.is_empty(), "{}@{}: {what}", case.name, case.version);
            *bitten.entry(case.area().to_owned()).or_default() += 1;
        }
    }
    let all: usize = bitten.values().sum();
    println!("{all} changed requests were told from the recorded ones, in {} areas", bitten.len());
    assert!(all > 5000 && bitten.len() >= 24, "{bitten:?}");
}

fn requests(sent: &Sent, recorded: Option<&Value>, other: &Case) -> Vec<(String, Sent)> {
    let mut all = Vec::new();
    if let Some(body) = &sent.body {
        for (what, body) in bodies(body, recorded.unwrap_or(&Value::Null)) {
            all.push((what, Sent { body: Some(body), ..sent.clone() }));
        }
    }
    for at in 0..sent.query.len() {
        let (mut dropped, mut renamed, mut changed) = (sent.clone(), sent.clone(), sent.clone());
        let (name, _) = dropped.query.remove(at);
        renamed.query[at].0.push('x');
        changed.query[at].1.push('x');
        all.push((format!("{name} dropped"), dropped));
        all.push((format!("{name} renamed"), renamed));
        all.push((format!("{name} changed"), changed));
    }
    let other = &other.requests[0].line;
    if *other != sent.line {
        all.push(("another path".to_owned(), Sent { line: other.clone(), ..sent.clone() }));
    }
    let method = sent.line.replacen("POST", "PUT", 1).replacen("GET", "POST", 1);
    all.push(("another method".to_owned(), Sent { line: format!("{method} "), ..sent.clone() }));
    let server = sent.server.is_none().then(|| "fga_cache".to_owned());
    all.push(("another server".to_owned(), Sent { server, ..sent.clone() }));
    let bearer = format!("{}x", sent.bearer);
    all.push(("another bearer".to_owned(), Sent { bearer, ..sent.clone() }));
    all
}

/// A body with one change, at any depth. What is null in the recording may be left out.
fn bodies(body: &Value, recorded: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    match body {
        Value::Object(members) => {
            for (name, value) in members {
                let mut dropped = members.clone();
                dropped.remove(name);
                let mut renamed = dropped.clone();
                renamed.insert(format!("{name}x"), json!("x"));
                all.push((format!("{name} renamed"), renamed.into()));
                if !empty(name, value) && !recorded[name].is_null() {
                    all.push((format!("{name} dropped"), dropped.into()));
                }
                for (what, changed) in bodies(value, &recorded[name]) {
                    let mut with = members.clone();
                    with.insert(name.clone(), changed);
                    all.push((format!("{name}.{what}"), with.into()));
                }
            }
        }
        Value::Array(items) => {
            all.push(("one more".to_owned(), items.iter().cloned().chain([json!("x")]).collect()));
            for (at, item) in items.iter().enumerate() {
                for (what, changed) in bodies(item, &recorded[at]) {
                    let mut with = items.clone();
                    with[at] = changed;
                    all.push((format!("{at}.{what}"), with.into()));
                }
            }
        }
        leaf => all.push(("changed".to_owned(), another(leaf))),
    }
    all
}

/// Another value of the same type.
fn another(leaf: &Value) -> Value {
    match leaf {
        Value::Bool(value) => (!value).into(),
        Value::Number(number) => (number.as_i64().unwrap_or_default() + 1).into(),
        Value::String(text) => format!("{text}x").into(),
        other => json!([other]),
    }
}

/// An answer in which one value is another, of those that Python returns.
#[test]
fn another_answer_is_noticed() {
    let mut report = Vec::new();
    let mut bitten: BTreeMap<String, usize> = BTreeMap::new();
    for case in equal() {
        let (Some(result), Some(answer)) = (case.result(), &case.answer) else { continue };
        if result.is_null() || answer.get("_http").is_some() || answer.get("keys").is_some() {
            continue;
        }
        let mut returned = BTreeSet::new();
        leaves(result, "", &mut returned);
        for (name, leaf, changed) in answers(answer, "") {
            // Tokens have other names there, and what is returned as it is has none.
            let shown = leaf.to_string();
            let anywhere = leaf.is_string() && returned.iter().any(|(_, value)| *value == shown);
            let is_returned = anywhere || returned.contains(&(name.clone(), shown));
            let (area, method) = case.method();
            if !is_returned || !is_shown(&format!("{area}.{method}"), &name) {
                continue;
            }
            let mut mutated = case.clone();
            mutated.answer = Some(changed);
            let (outcome, sent) = mutated.replay();
            // What Python made of the answer that was recorded.
            let mut recorded = case.clone();
            recorded.returned = Some(result.clone());
            if differences(&recorded, &outcome, &sent).is_empty() {
                report.push(format!("{}@{}: {name} {leaf}", case.name, case.version));
            }
            *bitten.entry(case.area().to_owned()).or_default() += 1;
        }
    }
    let all: usize = bitten.values().sum();
    assert!(report.is_empty(), "{} unnoticed\n{}", report.len(), report.join("\n"));
    println!("{all} changed answers were told from the recorded ones, in {} areas", bitten.len());
    assert!(all > 2000 && bitten.len() >= 24, "{bitten:?}");
}

/// The answer with one value changed, with the name of its member and the value it had.
fn answers(answer: &Value, name: &str) -> Vec<(String, Value, Value)> {
    let mut all = Vec::new();
    match answer {
        Value::Object(members) => {
            for (name, value) in members {
                for (inner, leaf, changed) in answers(value, name) {
                    let mut with = members.clone();
                    with.insert(name.clone(), changed);
                    all.push((inner, leaf, with.into()));
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                for (inner, leaf, changed) in answers(item, name) {
                    let mut with = items.clone();
                    with[at] = changed;
                    all.push((inner, leaf, with.into()));
                }
            }
        }
        Value::Null => {}
        leaf => all.push((plain(name), leaf.clone(), another(leaf))),
    }
    all
}

/// The names and values of everything in a result.
fn leaves(value: &Value, name: &str, all: &mut BTreeSet<(String, String)>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| leaves(value, name, all));
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(item, name, all)),
        leaf => _ = all.insert((plain(name), leaf.to_string())),
    }
}

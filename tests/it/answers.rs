//! Answers that are not as expected: every operation has to read them all the same.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use descope::{Client, Error, Result};
use serde_json::{Value, json};

use crate::operations::{Operation, full_answer, operation};
use crate::support::{exchange, signed_in};

/// Members whose own members have names of the project's or the service's making, and values of one type.
const MAPS: [&str; 4] = ["customAttributes", "oauth", "OAuth", "additionalErrors"];

/// An answer with every field of the list, the first time that an operation is asked for, and if there is
/// anything to it.
pub(crate) fn full_once(operation: &'static Operation) -> Option<Value> {
    static DONE: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    let mut answer = full_answer(operation)?;
    put_tokens(&mut answer);
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    done.insert(operation.name).then_some(answer)
}

/// The answer of an operation with every field of the contract.
pub(crate) fn full(name: &str) -> Value {
    let answer = operation(name).and_then(full_answer);
    let mut answer = answer.unwrap_or_else(|| panic!("no answer: {name}"));
    put_tokens(&mut answer);
    answer
}

/// Puts tokens that can be verified in the place of texts.
fn put_tokens(value: &mut Value) {
    let Value::Object(members) = value else { return };
    for (name, value) in members {
        if name.ends_with("Jwt") {
            if let Some(token) = signed_in().get(name) {
                *value = token.clone();
            }
        } else {
            put_tokens(value);
        }
    }
}

/// Asserts that an answer is read whatever is missing from it, null, or new. Without the one thing that
/// was asked for it is an error, which says so.
#[track_caller]
pub(crate) fn survives<T>(answer: &Value, call: impl Fn(&Client) -> Result<T>) {
    for (at, changed) in variants(answer) {
        match exchange(&changed, &call).0 {
            Ok(_) => {}
            Err(Error::Decode(error)) if says_that_nothing_came(&at, &error.to_string()) => {}
            Err(error) => panic!("{at}: {error}: {changed}"),
        }
    }
}

fn says_that_nothing_came(member: &str, error: &str) -> bool {
    match member {
        "sessionJwt" if error == "no session token" => true,
        "tuples" | "relationQueries" => error == "not one answer to one question",
        member => error.split(" at `").next() == Some(&format!("no `{member}`")),
    }
}

/// The answer with each member left out, null, and beside an unknown one; with each list's items
/// null; and with each text another, such as a value that an enumeration does not have. Each comes with
/// the name of what was changed.
fn variants(value: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    match value {
        Value::Object(members) => {
            let mut more = members.clone();
            more.insert("newerThanThis".to_owned(), json!({ "a": [null] }));
            all.push((String::new(), Value::Object(more)));
            for (name, inner) in members {
                let mut less = members.clone();
                less.insert(name.clone(), Value::Null);
                all.push((name.clone(), Value::Object(less.clone())));
                less.remove(name);
                all.push((name.clone(), Value::Object(less)));
                let map = MAPS.contains(&&**name);
                for (at, variant) in variants(inner).into_iter().skip(usize::from(map)) {
                    let at = if at.is_empty() { name.clone() } else { at };
                    let mut changed = members.clone();
                    changed.insert(name.clone(), variant);
                    all.push((at, Value::Object(changed)));
                }
            }
        }
        Value::Array(items) => {
            let more = items.iter().cloned().chain([Value::Null]).collect();
            all.extend([json!([]), more].map(|changed| (String::new(), changed)));
            for (index, inner) in items.iter().enumerate() {
                for (at, variant) in variants(inner) {
                    let mut changed = items.clone();
                    changed[index] = variant;
                    all.push((at, Value::Array(changed)));
                }
            }
        }
        // Another text is no token, or no number where one is written as a text.
        Value::String(text) if text.starts_with("eyJ") || text.parse::<i64>().is_ok() => {}
        Value::String(text) if text.is_empty() => {}
        Value::String(_) => all.push((String::new(), json!("newer than this"))),
        _ => {}
    }
    all
}

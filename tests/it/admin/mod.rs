//! The administration of a project: tenants, access keys, roles, permissions, groups, SSO, tokens.
//! Each file has the requests of its area, then what comes of them in the emulator.

mod access_key;
mod export;
mod group;
mod jwt;
mod permission;
mod role;
mod sso;
mod sso_application;
mod tenant;

use std::fmt::Debug;

use descope::{Client, Result};
use serde_json::{Value, json};

use crate::support::exchange;

/// Asserts that an answer is read whatever is missing from it, null, or new.
fn survives<T: Debug>(answer: &Value, call: impl Fn(&Client) -> Result<T>) {
    for changed in variants(answer) {
        let (result, _) = exchange(&changed, &call);
        assert!(result.is_ok(), "{changed}: {result:?}");
    }
}

/// The answer with each member left out, null, and beside an unknown one; and with each list's items
/// null. Texts are left alone: identifiers are what an answer is about.
fn variants(value: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match value {
        Value::Object(members) => {
            let mut more = members.clone();
            more.insert("newerThanThis".to_owned(), json!({ "a": [null] }));
            all.push(Value::Object(more));
            for (name, inner) in members {
                let mut less = members.clone();
                less.insert(name.clone(), Value::Null);
                all.push(Value::Object(less.clone()));
                less.remove(name);
                all.push(Value::Object(less));
                // The members of these are the project's own, and of the type it gave them.
                let own = name == "customAttributes";
                for variant in variants(inner).into_iter().skip(usize::from(own)) {
                    let mut changed = members.clone();
                    changed.insert(name.clone(), variant);
                    all.push(Value::Object(changed));
                }
            }
        }
        Value::Array(items) => {
            all.push(json!([]));
            all.push(items.iter().cloned().chain([Value::Null]).collect());
            for (at, inner) in items.iter().enumerate() {
                for variant in variants(inner) {
                    let mut changed = items.clone();
                    changed[at] = variant;
                    all.push(Value::Array(changed));
                }
            }
        }
        _ => {}
    }
    all
}

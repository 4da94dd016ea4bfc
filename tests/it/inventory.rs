//! What tests assert with the list of operations: that a request has the fields of its operation and no others,
//! and which arguments an operation refuses. The last tests say which operation lacks such a test.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Once;

use serde_json::Value;

use crate::operations::{ALL, FILE, Operation, leads, named, operation};
use crate::support::MANAGEMENT;

thread_local! {
    /// The fields that the test on this thread has sent, by operation.
    static SENT: RefCell<BTreeMap<&'static str, BTreeSet<String>>> = RefCell::default();
    /// The calls that it saw refused, each with the argument.
    static REFUSED: RefCell<Vec<(String, String)>> = RefCell::default();
    /// Whether it asserts right now that a call is refused.
    static REFUSING: Cell<bool> = const { Cell::new(false) };
}

/// Asserts that the operation of a request is in the list and has all fields of the request. Notes them, for
/// [`every_field_of`].
#[track_caller]
pub(crate) fn sent(request: &str, bearer: &str, body: &Value) -> &'static Operation {
    let operation = operation(request).unwrap_or_else(|| {
        panic!("{FILE} lacks `{request}`: run tests/operations/make.py, or add it by hand")
    });
    let Operation { name, line, client, .. } = operation;
    assert!(client, "{FILE}:{line}: add the mark `client` to `{name}`: a function sends it");
    let managing = operation.bearer == "management";
    assert_eq!(bearer == MANAGEMENT, managing, "the bearer of {name}, see {FILE}:{line}");
    let mut fields = BTreeSet::new();
    for pair in request.split(['?', '&']).skip(1) {
        fields.insert(format!("?{}", pair.split('=').next().unwrap_or_default()));
    }
    gather("", body, &mut fields);
    for field in &fields {
        assert!(
            operation.has(field),
            "{name} has no field `{field}`; if Descope has it, add below {FILE}:{line}\n  also {field}:TYPE -- REASON"
        );
    }
    let stale = operation.without.iter().find(|without| fields.contains(**without));
    if let Some(field) = stale {
        panic!(
            "{name} is sent with `{field}`: below {FILE}:{line}, remove the line `without {field}`"
        );
    }
    SENT.with_borrow_mut(|all| all.entry(operation.name).or_default().extend(fields));
    operation
}

/// The paths of all that is in a body.
fn gather(path: &str, value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                gather(&path, value, into);
                into.insert(path);
            }
        }
        Value::Array(items) => {
            if path.is_empty() {
                into.insert("<body>".to_owned());
            }
            for item in items {
                gather(path, item, into);
            }
        }
        _ => {}
    }
}

/// Asserts that the requests of this test had every field of these operations, by one request or by several.
/// What the list says is left out counts as not being there.
#[track_caller]
pub(crate) fn every_field_of<const N: usize>(operations: [&str; N]) {
    for operation in operations.map(named) {
        let Operation { name, line, .. } = operation;
        let sent = SENT.with_borrow(|all| all.get(name).cloned());
        let sent = sent.unwrap_or_else(|| panic!("this test sends no `{name}`"));
        let lacking: Vec<_> =
            operation.all_fields().filter(|field| !sent.contains(field)).collect();
        assert!(
            lacking.is_empty(),
            "{name} lacks {lacking:?}: send it in this test, or say below {FILE}:{line} why no function does\n  without {} -- REASON",
            lacking[0]
        );
    }
}

/// Notes what is refused meanwhile, as the client logs it.
pub(crate) fn refusing<T>(call: impl FnOnce() -> T) -> T {
    static LOGGER: Once = Once::new();
    LOGGER.call_once(|| {
        log::set_logger(&Refusals).expect("the only logger of these tests");
        log::set_max_level(log::LevelFilter::Debug);
    });
    REFUSING.set(true);
    let result = call();
    REFUSING.set(false);
    result
}

struct Refusals;

impl log::Log for Refusals {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        REFUSING.get()
    }

    fn log(&self, line: &log::Record<'_>) {
        if !REFUSING.get() {
            return;
        }
        if let Some((call, why)) = line.args().to_string().split_once(", not sent: ") {
            let argument = why.split('`').nth(1).unwrap_or_default().to_owned();
            REFUSED.with_borrow_mut(|all| all.push((call.to_owned(), argument)));
        }
    }

    fn flush(&self) {}
}

/// Asserts that this test saw each of these operations refused for each of these arguments, which are
/// separated by spaces, and for no other.
#[track_caller]
pub(crate) fn refusals_of<const N: usize>(operations: [(&str, &str); N]) {
    for (name, arguments) in operations {
        let expected: BTreeSet<_> = arguments.split(' ').map(str::to_owned).collect();
        let refused = refused(named(name));
        assert!(
            refused == expected,
            "this test saw these arguments refused, and no others: (\"{name}\", \"{}\")",
            refused.into_iter().collect::<Vec<_>>().join(" ")
        );
    }
}

/// The arguments of an operation that this test saw refused.
fn refused(operation: &Operation) -> BTreeSet<String> {
    REFUSED.with_borrow(|all| {
        let all = all.iter().filter(|(call, _)| leads(call, operation.name, false));
        all.map(|(_, argument)| argument.clone()).collect()
    })
}

/// The texts of the files in a folder and below, by name.
fn texts(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut left, mut texts) = (vec![root.join(folder)], Vec::new());
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            texts.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    texts
}

/// The operations that the tests name after `start`, up to a bracket.
fn named_after(start: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, text) in texts("tests/it") {
        for list in text.split(start).skip(1) {
            let list = list.split(']').next().unwrap_or_default();
            found.extend(list.split('"').filter(|text| text.contains(" /")).map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_operation_has_its_tests() {
    let (sent, refused) = (named_after("every_field_of(["), named_after("refusals_of(["));
    let mut lacking = Vec::new();
    for operation in ALL.iter().filter(|operation| operation.client) {
        let Operation { name, line, .. } = operation;
        if !sent.contains(*name) {
            lacking.push(format!(
                "{FILE}:{line}: no test has every_field_of([\"{name}\"]); end the test of its request with it"
            ));
        }
        if operation.can_refuse() && !operation.unrefused && !refused.contains(*name) {
            lacking.push(format!(
                "{FILE}:{line}: no test has refusals_of([(\"{name}\", \"ARGUMENTS\")]); end the test of its bad input with it"
            ));
        }
        if operation.unrefused && refused.contains(*name) {
            lacking.push(format!(
                "{FILE}:{line}: remove the line `unrefused`: a test says what is refused"
            ));
        }
        for without in &operation.without {
            if !operation.has(without) {
                lacking.push(format!(
                    "{FILE}:{line}: remove `without {without}`: there is no such field"
                ));
            }
        }
    }
    assert!(lacking.is_empty(), "\n{}", lacking.join("\n"));
}

#[test]
fn every_path_in_the_source_is_of_an_operation_that_the_client_has() {
    let (mut found, mut unlisted) = (0, Vec::new());
    for (file, text) in ["src/auth", "src/mgmt"].into_iter().flat_map(texts) {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for path in code.flat_map(|line| line.split('"').filter(|text| text.starts_with("/v"))) {
            found += 1;
            let sent = |of: &Operation| {
                let (method, _) = of.name.split_once(' ').unwrap();
                of.client && leads(&format!("{method} {path}"), of.name, false)
            };
            if !ALL.iter().any(sent) {
                unlisted.push(format!("{file} sends {path}: mark it with `client` in {FILE}"));
            }
        }
    }
    assert!(unlisted.is_empty(), "\n{}", unlisted.join("\n"));
    assert!(found > 200, "{found}");
}

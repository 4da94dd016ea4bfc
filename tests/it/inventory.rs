//! Whether every operation has its tests: of a request with all fields that the contract has, and of
//! each argument that it refuses.
//!
//! The tests that assert what is sent and what is refused run once more, in a process of their own that
//! writes down what they asserted; see [`sent`] and [`refusing`].

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::support::Sent;

/// Method and path of every operation, and its fields: of the query with a `?`, of the body with dots
/// for what is within, and a star for what has members of any name.
const OPERATIONS: &str = include_str!("../fixtures/operations.txt");

/// Fields that are not sent, and arguments that are not refused, with their reason.
const LEFT_OUT: &str = include_str!("../fixtures/operations-left-out.txt");

/// Where to write down what is asserted.
const RECORD: &str = "DESCOPE_TEST_RECORD";

pub(crate) struct Operation {
    /// Method and path.
    pub(crate) name: &'static str,
    fields: BTreeSet<&'static str>,
}

static ALL: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let parse = |line: &'static str| {
        let (name, fields) = line.split_once(':').unwrap();
        Operation { name, fields: fields.split_whitespace().collect() }
    };
    OPERATIONS.lines().map(parse).collect()
});

/// The operation that a request, or its beginning, is of.
pub(crate) fn operation(line: &str) -> Option<&'static Operation> {
    let line = line.split('?').next().unwrap_or_default();
    let is = |name: &str| {
        let (mut name, mut line) = (name.split('/'), line.split('/'));
        loop {
            match (name.next(), line.next()) {
                (None, None) => return true,
                (Some(part), Some(other)) if part == other || part.starts_with('{') => {}
                _ => return false,
            }
        }
    };
    // One without parameters first: `/phone` is no method.
    ALL.iter().find(|operation| operation.name == line).or(ALL.iter().find(|o| is(o.name)))
}

fn record(what: &Value) {
    let Some(path) = std::env::var_os(RECORD) else { return };
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(format!("{what}\n").as_bytes()).unwrap();
}

/// Notes a request that a test asserted. Whether there is more to test than that.
pub(crate) fn sent(sent: &Sent) -> bool {
    record(&json!({ "sent": sent.line, "body": sent.body }));
    std::env::var_os(RECORD).is_none()
}

thread_local! {
    /// Whether this thread asserts that a call is refused.
    static REFUSING: Cell<bool> = const { Cell::new(false) };
}

/// Notes what is refused meanwhile, as the client logs it.
pub(crate) fn refusing<T>(call: impl FnOnce() -> T) -> T {
    if std::env::var_os(RECORD).is_some() {
        let _ = log::set_logger(&Refusals);
        log::set_max_level(log::LevelFilter::Debug);
    }
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
        let text = line.args().to_string();
        if let (true, Some((call, why))) = (REFUSING.get(), text.split_once(", not sent: ")) {
            record(&json!({ "refused": call, "argument": why.split('`').nth(1) }));
        }
    }

    fn flush(&self) {}
}

/// What the tests asserted, by operation.
#[derive(Default)]
struct Asserted {
    fields: BTreeMap<&'static str, BTreeSet<String>>,
    refused: BTreeSet<(String, String)>,
}

impl Asserted {
    /// Runs the tests, but for those that send nothing that is of interest here, and take their time.
    fn collect() -> Self {
        let record = Path::new(env!("CARGO_TARGET_TMPDIR")).join("asserted.jsonl");
        let _ = fs::remove_file(&record);
        let skipped = [
            "answer_mutants::",
            "call::",
            "connections::",
            "faults::",
            "fga_reference::",
            "inputs::",
            "inventory::",
            "keys::",
            "mutation::",
            "server::",
            "tls::",
            "tokens::",
            "wycheproof::",
        ];
        let mut tests = Command::new(std::env::current_exe().unwrap());
        let tests = tests.args(skipped.iter().flat_map(|test| ["--skip", test]));
        let output = tests.env(RECORD, &record).output().unwrap();
        assert!(output.status.success(), "mend the tests that fail first");
        let mut asserted = Self::default();
        for line in fs::read_to_string(record).unwrap().lines() {
            let noted: Value = serde_json::from_str(line).unwrap();
            if let Some(sent) = noted["sent"].as_str() {
                let operation = operation(sent).unwrap_or_else(|| panic!("no operation: {sent}"));
                let fields = asserted.fields.entry(operation.name).or_default();
                for pair in sent.split(['?', '&']).skip(1) {
                    fields.insert(format!("?{}", pair.split('=').next().unwrap_or_default()));
                }
                gather("", &noted["body"], fields);
            } else {
                let text = |name: &str| noted[name].as_str().unwrap_or_default().to_owned();
                asserted.refused.insert((text("refused"), text("argument")));
            }
        }
        asserted
    }
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

/// Whether the contract knows a field, what it is within, or what is within it.
fn knows(operation: &Operation, field: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    operation.fields.iter().any(|known| {
        let map = known.strip_suffix(".*");
        within(map.unwrap_or(known), field) || map.is_some_and(|map| within(field, map))
    })
}

/// How what was found differs from what is left out, each line of which has to be so, and to say why.
fn difference(kind: &str, found: &BTreeSet<String>) -> String {
    let excused: BTreeSet<String> = LEFT_OUT
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(" -- ").expect("a reason").0)
        .filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' '))
        .map(str::to_owned)
        .collect();
    let new = found.difference(&excused).map(|what| format!("new: {kind} {what}\n"));
    let gone = excused.difference(found).map(|what| format!("no longer: {kind} {what}\n"));
    new.chain(gone).collect()
}

/// The texts after each of these beginnings, up to the next quotation mark.
fn after<'a>(text: &'a str, starts: &'a [&str]) -> impl Iterator<Item = &'a str> {
    starts.iter().flat_map(move |start| {
        text.match_indices(start).map(|(at, _)| text[at + start.len()..].split('"').next().unwrap())
    })
}

/// A function of the source.
struct Function {
    file: PathBuf,
    name: String,
    /// Part of the API, and so no helper.
    public: bool,
    code: String,
}

/// The functions of a directory, without comments.
fn functions(directory: &str) -> Vec<Function> {
    let mut found = Vec::new();
    let mut left = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(directory)];
    while let Some(file) = left.pop() {
        if file.is_dir() {
            left.extend(fs::read_dir(file).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let mut code = String::new();
        for line in fs::read_to_string(&file).unwrap().lines() {
            code += line.split("//").next().unwrap_or_default();
            code.push('\n');
            if line == "    }" || line == "}" {
                let code = std::mem::take(&mut code);
                if let Some((before, after)) = code.split_once("fn ") {
                    let name = after.split(['(', '<']).next().unwrap_or_default().to_owned();
                    let public = before.ends_with("pub ");
                    found.push(Function { file: file.clone(), name, public, code });
                }
            }
        }
    }
    found
}

/// The arguments that a function checks, itself or by a helper. Not those of `check`: of the functions
/// of that name, one for each type, the text does not tell which is called.
fn checked(function: &Function, all: &[Function], depth: usize) -> BTreeSet<String> {
    let checks = CHECKS.map(|check| format!("{check}(\""));
    let checks = checks.each_ref().map(String::as_str);
    // A delivery method has no wrong name.
    let direct = after(&function.code, &checks).filter(|argument| *argument != "method");
    let mut arguments: BTreeSet<String> = direct.map(str::to_owned).collect();
    let helpers = all.iter().filter(|helper| {
        let near = helper.file == function.file || helper.code.contains("pub(");
        let call = format!("{}(", helper.name);
        let called = function.code.match_indices(&call).any(|(at, _)| {
            let before = &function.code[..at];
            !before.ends_with("fn ") && !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        });
        let one = helper.name != "check" && helper.name != function.name;
        !helper.public && near && called && one
    });
    if depth > 0 {
        arguments.extend(helpers.flat_map(|helper| checked(helper, all, depth - 1)));
    }
    arguments
}

const CHECKS: [&str; 15] = [
    "check::id",
    "check::ids",
    "check::not_empty",
    "check::filled",
    "check::object",
    "check::expiry",
    "check::key",
    "check::secret",
    "check::email",
    "check::phone",
    ".segment",
    ".bearer",
    ".token",
    ".ids",
    "Error::argument",
];

/// The operations that the source sends, each with the arguments that are checked before.
fn source() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    let all: Vec<_> = ["auth", "mgmt"].into_iter().flat_map(functions).collect();
    for function in &all {
        for path in after(&function.code, &["\"/v1/", "\"/v2/"]) {
            let version = if function.code.contains(&format!("\"/v2/{path}\"")) { 2 } else { 1 };
            let arguments = found.entry(format!("/v{version}/{path}")).or_default();
            arguments.extend(checked(function, &all, 3));
        }
    }
    found
}

#[test]
fn every_operation_has_its_tests() {
    let source = source();
    assert!(source.len() > 200, "{source:?}");
    let asserted = Asserted::collect();
    let (mut unknown, mut missing, mut unrefused) =
        <(BTreeSet<_>, BTreeSet<_>, BTreeSet<_>)>::default();
    for path in source.keys() {
        if !["GET", "POST", "PATCH", "DELETE"].iter().any(|method| {
            let of = format!("{method} {path}");
            operation(&of).is_some() || ALL.iter().any(|o| o.name.starts_with(&format!("{of}/{{")))
        }) {
            missing.insert(path.clone());
        }
    }
    for operation in &*ALL {
        let Some(fields) = asserted.fields.get(operation.name) else {
            missing.insert(operation.name.to_owned());
            continue;
        };
        for known in &operation.fields {
            if !fields.contains(known.trim_end_matches(".*")) {
                missing.insert(format!("{} {known}", operation.name));
            }
        }
        let new = fields.iter().filter(|field| !knows(operation, field));
        unknown.extend(new.map(|field| format!("{} {field}", operation.name)));
    }
    for (path, arguments) in &source {
        for argument in arguments {
            let refused = asserted.refused.iter().any(|(call, name)| {
                let called = call.split(' ').nth(1).unwrap_or_default();
                name == argument
                    && called
                        .strip_prefix(&**path)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            if !refused {
                unrefused.insert(format!("{path} {argument}"));
            }
        }
    }
    let fields: usize = ALL.iter().map(|operation| operation.fields.len()).sum();
    println!(
        "{} operations, {fields} fields, {} arguments",
        ALL.len(),
        source.values().flatten().count()
    );
    let found = [("field", missing), ("more", unknown), ("argument", unrefused)];
    let different: String = found.iter().map(|(kind, found)| difference(kind, found)).collect();
    assert!(different.is_empty(), "\n{different}");
}

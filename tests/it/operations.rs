//! The list of operations, `src/operations.txt`. Its head says how to read it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

pub(crate) const FILE: &str = "src/operations.txt";
const LIST: &str = include_str!("../../src/operations.txt");

/// An operation of the list.
pub(crate) struct Operation {
    /// Method and path.
    pub(crate) name: &'static str,
    /// Where it is in the list.
    pub(crate) line: usize,
    pub(crate) bearer: &'static str,
    /// Whether a function of this crate sends it.
    pub(crate) client: bool,
    query: &'static str,
    body: &'static str,
    answer: &'static str,
    /// Fields that functions send beyond the body.
    also: Vec<&'static str>,
    /// Fields that no function sends.
    pub(crate) without: Vec<&'static str>,
    pub(crate) unrefused: bool,
}

impl Operation {
    /// The fields of a request: those of the query with a `?`, those of the body with dots. What has members
    /// of any name ends with `.*`.
    fn fields(&self) -> BTreeSet<String> {
        let mut fields = BTreeSet::new();
        paths("?", self.query, &mut Vec::new(), &mut fields);
        paths("", self.body, &mut Vec::new(), &mut fields);
        for field in &self.also {
            paths("", field, &mut Vec::new(), &mut fields);
        }
        fields
    }

    fn leaves_out(&self, field: &str) -> bool {
        self.without.iter().any(|without| within(field.trim_end_matches(".*"), without))
    }

    /// The fields that its requests have when everything is set.
    pub(crate) fn all_fields(&self) -> impl Iterator<Item = String> {
        let fields = self.fields().into_iter();
        fields
            .filter(|field| !self.leaves_out(field))
            .map(|field| field.trim_end_matches(".*").to_owned())
    }

    /// Whether it has this field, one that holds it, or one within it.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.fields().iter().any(|known| {
            let open = known.strip_suffix(".*");
            within(open.unwrap_or(known), field) || open.is_some_and(|map| within(field, map))
        })
    }

    /// Whether something that has to be given to it can be wrong.
    pub(crate) fn can_refuse(&self) -> bool {
        let required = [self.query, self.body].into_iter().flat_map(members);
        self.name.replace("{method}", "").contains('{')
            || ["refresh", "accesskey"].contains(&self.bearer)
            || required.into_iter().any(|(name, of)| {
                name.ends_with('!') && (of.contains("text") || of.starts_with('['))
            })
    }
}

/// Whether a path is this one, or leads into it.
fn within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

pub(crate) static ALL: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let mut all: Vec<Operation> = Vec::new();
    for (line, text) in (1..).zip(LIST.lines()) {
        if text.is_empty() || text.starts_with('#') || text.starts_with("type ") {
            continue;
        }
        let Some(part) = text.strip_prefix("  ") else {
            let columns: Vec<_> = text.split(' ').collect();
            let [method, path, bearer, marks, _] = columns[..] else {
                panic!("{FILE}:{line}: not a method, a path, a bearer, marks and sources: {text}")
            };
            all.push(Operation {
                name: &text[..method.len() + 1 + path.len()],
                line,
                bearer,
                client: marks.split(',').any(|mark| mark == "client"),
                query: "",
                body: "",
                answer: "",
                also: Vec::new(),
                without: Vec::new(),
                unrefused: false,
            });
            continue;
        };
        let operation = all.last_mut().expect("an operation before its parts");
        let (word, value) = part.split_once(' ').unwrap_or((part, ""));
        let reasoned = || {
            let (what, why) = value.split_once("-- ").unwrap_or_default();
            assert!(!why.is_empty(), "{FILE}:{line}: `{word}` needs a reason, after ` -- `");
            what.trim()
        };
        match word {
            "query" => operation.query = value,
            "body" => operation.body = value,
            "answer" => operation.answer = value,
            "also" => operation.also.push(reasoned()),
            "without" => operation.without.push(reasoned()),
            "unrefused" => operation.unrefused = reasoned().is_empty(),
            "unsent" | "taken" => _ = reasoned(),
            _ => panic!("{FILE}:{line}: no line begins with `{word}`"),
        }
    }
    all
});

static TYPES: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
    let types = LIST.lines().filter_map(|line| line.strip_prefix("type "));
    types.map(|of| of.split_once(' ').unwrap_or((of, ""))).collect()
});

/// The members of a line, with their types. That of a whole body has no name.
fn members(text: &'static str) -> Vec<(&'static str, &'static str)> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, char) in text.char_indices().chain([(text.len(), ' ')]) {
        match char {
            '(' => depth += 1,
            ')' => depth -= 1,
            ' ' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    let named = |part: &'static str| match part.split_once(':') {
        Some((name, of)) if !name.contains('(') => (name, of),
        _ => ("", part),
    };
    parts.into_iter().filter(|part| !part.is_empty()).map(named).collect()
}

/// The paths of all that a line has. A type within itself counts as one with members of any name.
fn paths(
    before: &str,
    text: &'static str,
    outer: &mut Vec<&'static str>,
    into: &mut BTreeSet<String>,
) {
    for (name, of) in members(text) {
        let path = format!("{before}{}", name.trim_end_matches(['!', '>']));
        let of = of.trim_matches(['[', ']']);
        let place = of.strip_prefix('(').and_then(|of| of.strip_suffix(')'));
        let inner = place.or_else(|| TYPES.get(of).copied());
        if name.is_empty() {
            into.insert("<body>".to_owned());
        } else if name.ends_with('<') {
            // An answer alone has it.
        } else if of.starts_with('{') || of == "any" || outer.contains(&of) {
            into.insert(format!("{path}.*"));
        } else if let Some(inner) = inner {
            outer.push(of);
            paths(&format!("{path}."), inner, outer, into);
            outer.pop();
        } else {
            into.insert(path);
        }
    }
}

/// The operation that a request is of.
pub(crate) fn operation(line: &str) -> Option<&'static Operation> {
    let line = line.split('?').next().unwrap_or_default();
    // One without parameters first: `/phone` is not a method.
    ALL.iter().find(|of| of.name == line).or(ALL.iter().find(|of| leads(line, of.name, true)))
}

/// Whether a request's line is one of this operation, or if it need not be complete, its beginning.
pub(crate) fn leads(line: &str, name: &str, complete: bool) -> bool {
    let (mut name, mut line) = (name.split('/'), line.split('/'));
    loop {
        match (name.next(), line.next()) {
            (None, None) => return true,
            (Some(part), Some(given)) if part == given || part.starts_with('{') => {}
            (Some(part), None) => return !complete && part.starts_with('{'),
            _ => return false,
        }
    }
}

/// An operation by its name, as the list has it.
#[track_caller]
pub(crate) fn named(name: &str) -> &'static Operation {
    let found = ALL.iter().find(|operation| operation.name == name);
    found.unwrap_or_else(|| panic!("{FILE} has no operation `{name}`"))
}

/// An answer that has every field of the list, if the operation answers anything.
pub(crate) fn full_answer(operation: &Operation) -> Option<Value> {
    (!operation.answer.is_empty()).then(|| object(operation.answer, &mut Vec::new()))
}

fn object(text: &'static str, outer: &mut Vec<&'static str>) -> Value {
    let members = members(text);
    if let [("", whole)] = members[..] {
        return sample("text", whole, outer);
    }
    let answered = members.into_iter().filter(|(name, _)| !name.ends_with('>'));
    let members = answered.map(|(name, of)| {
        let name = name.trim_end_matches(['!', '<']);
        (name.to_owned(), sample(name, of, outer))
    });
    Value::Object(members.collect::<Map<_, _>>())
}

/// A value of this type.
fn sample(name: &str, of: &'static str, outer: &mut Vec<&'static str>) -> Value {
    let inside = |start, end| of.strip_prefix(start).and_then(|of: &str| of.strip_suffix(end));
    if let Some(item) = inside('[', ']') {
        return json!([sample(name, item, outer)]);
    }
    if let Some(member) = inside('{', '}') {
        return json!({ "key": sample(name, member, outer) });
    }
    if let Some(place) = inside('(', ')') {
        return object(place, outer);
    }
    match of {
        "text" => name.into(),
        "base64" => "cG5n".into(),
        "int" | "number" => 1_700_000_000.into(),
        "digits" => "1700000000".into(),
        "bool" => true.into(),
        "any" => json!({ "k": [1, null] }),
        _ if outer.contains(&of) => json!({}),
        _ => {
            outer.push(of);
            let inner = TYPES.get(of).unwrap_or_else(|| panic!("{FILE} has no type `{of}`"));
            let inner = object(inner, outer);
            outer.pop();
            inner
        }
    }
}

#[test]
fn the_list_is_in_order_and_names_types_that_it_has() {
    let key = |operation: &Operation| {
        let (method, path) = operation.name.split_once(' ').unwrap();
        (path, method)
    };
    for pair in ALL.windows(2) {
        let Operation { name, line, .. } = &pair[1];
        assert!(key(&pair[0]) < key(&pair[1]), "{FILE}:{line}: `{name}` is twice, or not in order");
    }
    for operation in &*ALL {
        let Operation { name, line, bearer, .. } = operation;
        let bearers = ["project", "refresh", "refresh?", "accesskey", "management"];
        assert!(bearers.contains(bearer), "{FILE}:{line}: `{bearer}` is not a bearer");
        if operation.client {
            let managing = *bearer == "management";
            assert_eq!(name.contains("/mgmt/"), managing, "{FILE}:{line}: {name}");
        }
        for part in [operation.query, operation.body, operation.answer] {
            // Fails on a type that is not there.
            object(part, &mut Vec::new());
        }
    }
}

#[test]
fn what_the_list_says_is_read_as_it_is_meant() {
    let import = named("POST /v1/mgmt/user/import");
    assert!(import.has("hashes") && !import.has("hash"));
    let saml = named("POST /v1/mgmt/sso/saml").fields();
    assert!(saml.contains("settings.attributeMapping.customAttributes.*"), "{saml:?}");
    let schema = named("POST /v1/mgmt/authz/schema/save").fields();
    let children = "schema.namespaces.relationDefinitions.complexDefinition.children.*";
    assert!(schema.contains(children), "{schema:?}");
    let roles = full_answer(named("GET /v1/mgmt/role/all")).unwrap();
    assert_eq!(roles["roles"][0]["permissionNames"], json!(["permissionNames"]));
    assert_eq!(
        operation("POST /v1/auth/otp/signin/sms").unwrap().name,
        "POST /v1/auth/otp/signin/{method}"
    );
}

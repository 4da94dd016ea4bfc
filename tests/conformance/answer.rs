//! Comparing what a call returned with what Python returned.
//!
//! A Rust result is read from its `Debug` form, so that every type can be compared as it is. Each text,
//! number and boolean that Python returns must stand in it, under the same name where it has one.

use std::iter::Peekable;
use std::str::Chars;

use serde_json::Value;

use super::args::millis;

/// What a name of Python's, or of the wire, is called here.
const RENAMED: &[(&str, &str)] = &[
    ("cnt", "count"),
    ("data", "rawdata"),
    ("exp", "expires"),
    ("failure", "reason"),
    ("netype", "kind"),
    ("ntype", "kind"),
    ("permissionnames", "permissions"),
    ("rolenames", "roles"),
    ("targetsetrelationdefinition", "relationdefinition"),
    ("targetsetrelationdefinitionnamespace", "namespace"),
    ("targetsetresource", "resource"),
    ("type", "kind"),
    ("type", "resourcetype"),
];

/// Texts of the wire that are another variant's name here.
const VARIANTS: &[(&str, &str)] = &[
    ("self", "Own"),
    // The types of custom attributes are numbers there.
    ("1", "Text"),
    ("2", "Number"),
    ("3", "Boolean"),
    ("4", "SingleSelect"),
    ("5", "MultiSelect"),
    ("6", "Date"),
    ("7", "MonthDay"),
];

/// Members that Python returns and this crate does not, by the method that does.
const UNSHOWN: &[(&str, &[&str])] = &[
    // The recorder's server, and defaults that the tests of the client itself are about.
    ("client.__init__", &["baseurl", "timeoutseconds", "jwtvalidationleeway"]),
    // The response of Python's HTTP library.
    ("client.logout", &["type", "statuscode"]),
    ("client.logout_all", &["type", "statuscode"]),
    // A member that no tenant has, which is in `extra`: `Debug` shows the names there alone.
    ("mgmt.tenant.load", &["maskedemail"]),
    // The tenant that was asked for.
    ("mgmt.tenant.load_settings", &["id"]),
    // An older name of the environment.
    ("mgmt.project.clone", &["tag"]),
    // The secret of a provider, which is not told.
    ("mgmt.sso.load_settings", &["clientsecret"]),
    ("mgmt.sso.load_all_settings", &["clientsecret"]),
    ("mgmt.sso.new_settings", &["clientsecret"]),
    // The engine, of which nothing else changed.
    ("mgmt.engine.rotate_secret", &["id", "name", "createdtime"]),
    // The length of the list that is returned.
    ("mgmt.descoper.list", &["total"]),
    ("mgmt.family.load_custom_attributes", &["total"]),
    ("mgmt.family.create_custom_attributes", &["total"]),
    ("mgmt.family.delete_custom_attributes", &["total"]),
    ("mgmt.user.load_custom_attributes", &["total"]),
    ("mgmt.user.create_custom_attribute", &["total"]),
    ("mgmt.user.delete_custom_attribute", &["total"]),
    ("mgmt.user.load_family_scoped_custom_attributes", &["total"]),
    ("mgmt.user.create_family_scoped_custom_attributes", &["total"]),
    ("mgmt.user.delete_family_scoped_custom_attributes", &["total"]),
];

/// A value that holds no others.
#[derive(Clone, Debug, PartialEq)]
enum Leaf {
    Text(String),
    Number(f64),
    /// A boolean, or the variant of an enum.
    Word(String),
}

impl Leaf {
    /// As a default is.
    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Number(number) => *number == 0.0,
            Self::Word(word) => word == "false",
        }
    }

    fn equals(&self, python: &Self) -> bool {
        match (self, python) {
            // What is unknown here is a default there.
            (Self::Word(variant), _) if variant == "None" && python.is_empty() => true,
            (Self::Word(variant), Self::Text(text)) => {
                plain(variant) == plain(text) || VARIANTS.contains(&(text, variant))
            }
            (Self::Word(variant), Self::Number(number)) => {
                VARIANTS.contains(&(&*number.to_string(), variant))
            }
            // A number may come as a text, and a time may be returned as a date.
            (Self::Number(number), Self::Text(text)) => {
                let time = millis(text).map(|time| time.to_string());
                time.as_ref().unwrap_or(text).parse() == Ok(*number)
            }
            _ => self == python,
        }
    }
}

/// A leaf, the name of the member that it is in, and that of the member which that is in; names are
/// without case and underscores.
#[derive(Clone, Debug, PartialEq)]
struct Named {
    parent: String,
    name: String,
    leaf: Leaf,
}

/// A name as both Python and the wire have it.
pub(crate) fn plain(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

/// Whether a member that Python's method returns is to be found in our result.
pub(crate) fn is_shown(method: &str, name: &str) -> bool {
    !UNSHOWN.iter().any(|(of, names)| *of == method && names.contains(&name))
}

/// What of Python's result cannot be seen in ours.
pub(crate) fn unseen(method: &str, python: &Value, shown: &str) -> Vec<String> {
    let mut theirs = Vec::new();
    of_json(&without_copies(python), ["", ""], &mut theirs);
    theirs.retain(|their| is_shown(method, &their.name));
    let ours = of_debug(shown);
    let missing = theirs.iter().filter(|their| !is_seen(their, &theirs, &ours));
    missing
        .map(|Named { name, leaf, .. }| format!("Python's {name}, {leaf:?}, is not in the result"))
        .collect()
}

/// A result without what Python copies out of the tokens in it.
fn without_copies(result: &Value) -> Value {
    let mut result = result.clone();
    for token in ["sessionToken", "refreshSessionToken"] {
        let claims = result.get(token).cloned().unwrap_or_default();
        if let (Some(members), Value::Object(claims)) = (result.as_object_mut(), claims) {
            members.retain(|name, value| claims.get(name) != Some(value));
        }
    }
    result
}

/// Whether a leaf is there as often as in Python's result: in all, and inside the member that it is in,
/// if ours has that. (What is a member of Python's may be the result itself here.)
fn is_seen(their: &Named, theirs: &[Named], ours: &[Named]) -> bool {
    let inside = |named: &&Named| named.parent == their.parent;
    is_among(their, theirs.iter(), ours.iter())
        && (their.parent.is_empty()
            || !ours.iter().any(|our| inside(&our))
            || is_among(their, theirs.iter().filter(inside), ours.iter().filter(inside)))
}

fn is_among<'a>(
    Named { name, leaf, .. }: &Named,
    theirs: impl Iterator<Item = &'a Named>,
    ours: impl Iterator<Item = &'a Named>,
) -> bool {
    // What is returned as it is has no name, there or here.
    let is_named = |our: &&Named| {
        name.is_empty()
            || our.name.is_empty()
            || *name == our.name
            || RENAMED.iter().any(|(python, rust)| python == name && *rust == our.name)
    };
    let same: Vec<&Named> = ours.filter(is_named).collect();
    let theirs: Vec<&Named> = theirs.filter(|other| other.name == *name).collect();
    let times = theirs.iter().filter(|other| other.leaf == *leaf).count();
    let found = same.iter().filter(|our| our.leaf.equals(leaf)).count();
    // A default need not be there, as long as nothing else is in its place.
    let left_out = if leaf.is_empty() { theirs.len().saturating_sub(same.len()) } else { 0 };
    found + left_out >= times
}

fn of_json(value: &Value, [parent, name]: [&str; 2], leaves: &mut Vec<Named>) {
    let leaf = match value {
        Value::Null => return,
        Value::Bool(value) => Leaf::Word(value.to_string()),
        Value::Number(number) => Leaf::Number(number.as_f64().unwrap_or_default()),
        Value::String(text) => Leaf::Text(text.clone()),
        Value::Array(items) => {
            return items.iter().for_each(|item| of_json(item, [parent, name], leaves));
        }
        Value::Object(members) => {
            return members.iter().for_each(|(inner, value)| of_json(value, [name, inner], leaves));
        }
    };
    leaves.push(Named { parent: plain(parent), name: plain(name), leaf });
}

/// The leaves of a value, read from its `Debug` form.
fn of_debug(shown: &str) -> Vec<Named> {
    let mut reader =
        Reader { rest: shown.chars().peekable(), leaves: Vec::new(), last: String::new() };
    reader.value(["", ""]);
    assert!(reader.rest.next().is_none(), "unread in {shown}");
    reader.leaves
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    leaves: Vec<Named>,
    /// The last word that named no leaf.
    last: String,
}

impl Reader<'_> {
    fn value(&mut self, at: [&str; 2]) {
        let leaf = match self.peek() {
            '"' => Leaf::Text(self.text()),
            '[' => return self.items(']', at),
            '(' => return self.items(')', at),
            '{' => return self.members(at[1]),
            '-' | '0'..='9' => {
                let text = self.word(|c| c.is_ascii_alphanumeric() || "+-.µ".contains(c));
                text.parse().map_or(Leaf::Word(text), Leaf::Number)
            }
            _ => {
                let word = self.word(|c| c.is_alphanumeric() || "_:".contains(c));
                assert!(!word.is_empty(), "{}", self.rest.clone().collect::<String>());
                match self.peek() {
                    '(' if word == "Some" => return self.some(at),
                    '(' => return self.items(')', at),
                    '[' => return self.items(']', at),
                    '{' => return self.members(at[1]),
                    _ if word == "Null" => return,
                    // Python shows an unknown time as 0, and nothing else that is unknown.
                    _ if word == "None" && plain(at[1]) != "expires" => return self.last = word,
                    _ => Leaf::Word(word),
                }
            }
        };
        self.push(at, leaf);
    }

    fn push(&mut self, [parent, name]: [&str; 2], leaf: Leaf) {
        self.leaves.push(Named { parent: plain(parent), name: plain(name), leaf });
    }

    /// What there is, which may be a variant that is called `None`.
    fn some(&mut self, at: [&str; 2]) {
        let before = self.leaves.len();
        self.items(')', at);
        if self.leaves.len() == before && self.last == "None" {
            self.push(at, Leaf::Word("None".to_owned()));
        }
    }

    fn items(&mut self, end: char, at: [&str; 2]) {
        self.rest.next();
        while self.peek() != end {
            self.value(at);
            self.skip(",");
        }
        self.rest.next();
    }

    /// Members of a struct or map, each with its name.
    fn members(&mut self, parent: &str) {
        self.rest.next();
        while self.peek() != '}' {
            let name = match self.peek() {
                '"' => self.text(),
                _ => self.word(|c| c.is_alphanumeric() || "_.".contains(c)),
            };
            // Two dots stand for what is not shown.
            if name != ".." {
                self.skip(":");
                self.peek();
                self.value([parent, &name]);
            }
            self.skip(",");
        }
        self.rest.next();
    }

    fn peek(&mut self) -> char {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
        self.rest.peek().copied().unwrap_or('\0')
    }

    fn skip(&mut self, mark: &str) {
        self.peek();
        self.rest.next_if(|c| mark.contains(*c));
    }

    fn word(&mut self, part: impl Fn(char) -> bool) -> String {
        std::iter::from_fn(|| self.rest.next_if(|c| part(*c))).collect()
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        self.rest.next();
        loop {
            match self.rest.next() {
                Some('\\') => match self.rest.next() {
                    Some('n') => text.push('\n'),
                    Some('r') => text.push('\r'),
                    Some('t') => text.push('\t'),
                    Some('0') => text.push('\0'),
                    Some('u') => {
                        let code = self.word(|c| c != '}');
                        self.rest.next();
                        let code = u32::from_str_radix(code.trim_start_matches('{'), 16);
                        text.extend(code.ok().and_then(char::from_u32));
                    }
                    other => text.extend(other),
                },
                Some('"') | None => return text,
                Some(c) => text.push(c),
            }
        }
    }
}

#[test]
fn reads_what_debug_writes() {
    #[derive(Debug)]
    #[allow(dead_code, reason = "shown")]
    struct Shown {
        first_name: &'static str,
        age: Option<i8>,
        tags: Vec<&'static str>,
        extra: Value,
        ended: Result<bool, ()>,
        none: Option<u8>,
        kind: Option<Kind>,
    }
    #[derive(Debug)]
    enum Kind {
        None,
    }
    let shown = Shown {
        first_name: "A \"d\\a\" {x: 1}\n\u{7f}",
        age: Some(-3),
        tags: vec!["a", "b, ]"],
        extra: serde_json::json!({ "k": [1.5, null, { "deepKey": "v" }], "on": false }),
        ended: Ok(true),
        none: None,
        kind: Some(Kind::None),
    };
    let text = |text: &str| Leaf::Text(text.to_owned());
    let expected = [
        ("", "firstname", text("A \"d\\a\" {x: 1}\n\u{7f}")),
        ("", "age", Leaf::Number(-3.0)),
        ("", "tags", text("a")),
        ("", "tags", text("b, ]")),
        ("extra", "k", Leaf::Number(1.5)),
        ("k", "deepkey", text("v")),
        ("extra", "on", Leaf::Word("false".to_owned())),
        ("", "ended", Leaf::Word("true".to_owned())),
        ("", "kind", Leaf::Word("None".to_owned())),
    ];
    let named = |(parent, name, leaf): (&str, &str, Leaf)| Named {
        parent: parent.to_owned(),
        name: name.to_owned(),
        leaf,
    };
    let expected = expected.map(named);
    assert_eq!(of_debug(&format!("{shown:?}")), expected);
    assert_eq!(of_debug(&format!("{shown:#?}")), expected);
}

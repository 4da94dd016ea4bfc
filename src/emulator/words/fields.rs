//! Strict reading of request bodies and query strings.
//!
//! Each operation lists its fields. A field that is not listed, or has another type, is refused
//! with its name; `null` counts as unset, because official clients send it for what they have not.
//! The service ignores fields that it does not know, and so may the emulator. Phone numbers take the form of
//! E.164 here, wherever they are given.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::phone;
use super::refusal::{Refusal, Result};

pub(in crate::emulator) type Object = Map<String, Value>;

/// The type of a field.
#[derive(Clone, Copy)]
pub(in crate::emulator) enum Kind {
    Any,
    Bool,
    Int,
    Text,
    Texts,
    /// Any object; kept as it is, nulls included.
    Map,
    /// An object whose values are strings.
    TextMap,
    Object(&'static [Field]),
    Objects(&'static [Field]),
}

/// A field of a body or of a query string.
#[derive(Clone, Copy)]
pub(in crate::emulator) struct Field {
    pub(in crate::emulator) name: &'static str,
    pub(in crate::emulator) kind: Kind,
    pub(in crate::emulator) required: bool,
}

/// A field that must be there, and not empty if it is a string.
pub(in crate::emulator) const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

pub(in crate::emulator) const fn optional(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

/// One list of two, for operations that share most of their fields.
pub(in crate::emulator) const fn concat<const A: usize, const B: usize, const N: usize>(
    first: [Field; A],
    second: [Field; B],
) -> [Field; N] {
    assert!(A + B == N);
    let mut fields = [optional("", Kind::Any); N];
    let mut at = 0;
    while at < N {
        fields[at] = if at < A { first[at] } else { second[at - A] };
        at += 1;
    }
    fields
}

/// What the body of a request must be.
#[derive(Clone, Copy)]
pub(in crate::emulator) enum Shape {
    /// A JSON object with these fields, or nothing at all.
    Object(&'static [Field]),
    /// A bare array of strings.
    Texts,
}

/// What becomes of fields that an operation does not have.
pub(in crate::emulator) enum Unknown {
    Refused,
    /// Their paths are collected.
    Ignored(Vec<String>),
}

impl Unknown {
    fn meet(&mut self, path: String) -> Result<()> {
        match self {
            Self::Refused => Err(Refusal::invalid(format!("The {path} field is unknown"))),
            Self::Ignored(paths) => {
                paths.push(path);
                Ok(())
            }
        }
    }
}

/// Parses a body, and refuses unknown fields. A bare array comes back under the name `""`.
pub(in crate::emulator) fn parse(shape: Shape, bytes: &[u8]) -> Result<Object> {
    parse_with(shape, bytes, &mut Unknown::Refused)
}

/// Likewise, with a choice of what becomes of unknown fields.
pub(in crate::emulator) fn parse_with(
    shape: Shape,
    bytes: &[u8],
    unknown: &mut Unknown,
) -> Result<Object> {
    let value = if bytes.iter().all(u8::is_ascii_whitespace) {
        Value::Null
    } else {
        serde_json::from_slice(bytes).map_err(|_| Refusal::malformed("The body is not JSON"))?
    };
    match (shape, value) {
        (Shape::Object(fields), Value::Null) => object_with(fields, Object::new(), "", unknown),
        (Shape::Object(fields), Value::Object(map)) => object_with(fields, map, "", unknown),
        (Shape::Object(_), _) => Err(Refusal::invalid("The body must be an object")),
        (Shape::Texts, Value::Array(items)) if items.iter().all(Value::is_string) => {
            Ok(Object::from_iter([(String::new(), Value::Array(items))]))
        }
        (Shape::Texts, _) => Err(Refusal::invalid("The body must be an array of strings")),
    }
}

/// Checks an object against its fields and drops the nulls of unset ones.
pub(in crate::emulator) fn object(
    fields: &'static [Field],
    map: Object,
    path: &str,
) -> Result<Object> {
    object_with(fields, map, path, &mut Unknown::Refused)
}

fn object_with(
    fields: &'static [Field],
    map: Object,
    path: &str,
    unknown: &mut Unknown,
) -> Result<Object> {
    let mut checked = Object::new();
    for (name, value) in map {
        let path = join(path, &name);
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            unknown.meet(path)?;
            continue;
        };
        match (value, field.kind) {
            // The nil slice of a Go program.
            (Value::Null, Kind::Texts | Kind::Objects(_)) if field.required => {
                checked.insert(name, Value::Array(Vec::new()));
            }
            (Value::Null, Kind::Any) if field.required => {
                checked.insert(name, Value::Null);
            }
            (Value::Null, _) => {}
            (value, kind) => {
                let mut value = typed(kind, value, &path, unknown)?;
                phone::normalize(field.name, &mut value);
                checked.insert(name, value);
            }
        }
    }
    for field in fields.iter().filter(|field| field.required) {
        let empty = |value: &Value| matches!(field.kind, Kind::Text) && value == "";
        if checked.get(field.name).is_none_or(empty) {
            let path = join(path, field.name);
            return Err(Refusal::invalid(format!("The {path} field is required")));
        }
    }
    Ok(checked)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn typed(kind: Kind, value: Value, path: &str, unknown: &mut Unknown) -> Result<Value> {
    let wanted = match (kind, value) {
        (Kind::Object(fields), Value::Object(map)) => {
            return object_with(fields, map, path, unknown).map(Value::Object);
        }
        (Kind::Objects(fields), Value::Array(items)) => {
            return items
                .into_iter()
                .enumerate()
                .map(|(at, item)| {
                    typed(Kind::Object(fields), item, &format!("{path}[{at}]"), unknown)
                })
                .collect();
        }
        (Kind::Bool, value @ Value::Bool(_)) | (Kind::Text, value @ Value::String(_)) => {
            return Ok(value);
        }
        (Kind::Int, value) if value.is_i64() || value.is_u64() => return Ok(value),
        (Kind::Texts, Value::Array(items)) if items.iter().all(Value::is_string) => {
            return Ok(Value::Array(items));
        }
        (Kind::Any, value) | (Kind::Map, value @ Value::Object(_)) => return Ok(value),
        (Kind::TextMap, Value::Object(map)) if map.values().all(Value::is_string) => {
            return Ok(Value::Object(map));
        }
        (Kind::Bool, _) => "a boolean",
        (Kind::Int, _) => "an integer",
        (Kind::Text, _) => "a string",
        (Kind::Texts, _) => "an array of strings",
        (Kind::Map | Kind::Object(_), _) => "an object",
        (Kind::TextMap, _) => "an object of strings",
        (Kind::Objects(_), _) => "an array of objects",
    };
    Err(Refusal::invalid(format!("The {path} field must be {wanted}")))
}

/// Parses a query string. An empty value counts as unset, as Python clients send it for `None`.
pub(in crate::emulator) fn query(fields: &'static [Field], text: &str) -> Result<Object> {
    query_with(fields, text, &mut Unknown::Refused)
}

/// Likewise, with a choice of what becomes of unknown fields.
pub(in crate::emulator) fn query_with(
    fields: &'static [Field],
    text: &str,
    unknown: &mut Unknown,
) -> Result<Object> {
    let mut map = Object::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (form_decode(name)?, form_decode(value)?);
        let kind = fields.iter().find(|field| field.name == name).map(|field| field.kind);
        let value = match (kind, value) {
            (_, value) if value.is_empty() => Value::Null,
            // Python's requests library spells booleans its own way.
            (Some(Kind::Bool), value) if value.eq_ignore_ascii_case("true") => Value::Bool(true),
            (Some(Kind::Bool), value) if value.eq_ignore_ascii_case("false") => Value::Bool(false),
            (Some(Kind::Int), value) => value.parse().map_or(Value::String(value), i64::into),
            (_, value) => Value::String(value),
        };
        if map.insert(name.clone(), value).is_some() {
            return Err(Refusal::invalid(format!("The {name} field appears twice")));
        }
    }
    object_with(fields, map, "", unknown)
}

fn form_decode(text: &str) -> Result<String> {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Refusal::malformed("The query string is not UTF-8"))
}

/// Reads checked fields.
#[derive(Clone, Copy, Default)]
pub(in crate::emulator) struct Fields<'a>(Option<&'a Object>);

impl<'a> Fields<'a> {
    pub(in crate::emulator) fn new(object: &'a Object) -> Self {
        Self(Some(object))
    }

    /// All of them.
    pub(in crate::emulator) fn whole(self) -> Option<&'a Object> {
        self.0
    }

    pub(in crate::emulator) fn get(self, name: &str) -> Option<&'a Value> {
        self.0?.get(name)
    }

    pub(in crate::emulator) fn has(self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The string, or `""`.
    pub(in crate::emulator) fn text(self, name: &str) -> &'a str {
        self.maybe_text(name).unwrap_or_default()
    }

    pub(in crate::emulator) fn maybe_text(self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_str()
    }

    /// The string, unless it is unset or empty.
    pub(in crate::emulator) fn some_text(self, name: &str) -> Option<&'a str> {
        self.maybe_text(name).filter(|text| !text.is_empty())
    }

    pub(in crate::emulator) fn flag(self, name: &str) -> bool {
        self.maybe_flag(name).unwrap_or_default()
    }

    pub(in crate::emulator) fn maybe_flag(self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    pub(in crate::emulator) fn int(self, name: &str) -> Option<i64> {
        self.get(name)?.as_i64()
    }

    /// The strings, or none.
    pub(in crate::emulator) fn texts(self, name: &str) -> Vec<&'a str> {
        let items = self.get(name).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    pub(in crate::emulator) fn map(self, name: &str) -> Option<&'a Object> {
        self.get(name)?.as_object()
    }

    /// The object's fields; none of them is set when the object is not.
    pub(in crate::emulator) fn object(self, name: &str) -> Self {
        Self(self.map(name))
    }

    pub(in crate::emulator) fn objects(self, name: &str) -> impl Iterator<Item = Fields<'a>> {
        let items = self.get(name).and_then(Value::as_array);
        items.into_iter().flatten().map(|item| Fields(item.as_object()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FIELDS: &[Field] = &[
        required("loginId", Kind::Text),
        optional("roles", Kind::Texts),
        optional("count", Kind::Int),
        optional("claims", Kind::Map),
        optional("options", Kind::Object(&[optional("mfa", Kind::Bool)])),
        optional("users", Kind::Objects(&[required("id", Kind::Text)])),
        optional("template", Kind::TextMap),
    ];

    fn read(value: &Value) -> Result<Object, String> {
        parse(Shape::Object(FIELDS), value.to_string().as_bytes())
            .map_err(|refusal| refusal.body()["errorMessage"].as_str().unwrap_or("").to_owned())
    }

    #[test]
    fn names_what_is_wrong() {
        for (body, message) in [
            (json!({}), "The loginId field is required"),
            (json!({ "loginId": "" }), "The loginId field is required"),
            (json!({ "loginId": null }), "The loginId field is required"),
            (json!({ "loginId": 1 }), "The loginId field must be a string"),
            (json!({ "loginId": "a", "extra": 1 }), "The extra field is unknown"),
            (json!({ "loginId": "a", "extra": null }), "The extra field is unknown"),
            (
                json!({ "loginId": "a", "roles": ["b", 1] }),
                "The roles field must be an array of strings",
            ),
            (json!({ "loginId": "a", "count": 1.5 }), "The count field must be an integer"),
            (json!({ "loginId": "a", "claims": [] }), "The claims field must be an object"),
            (
                json!({ "loginId": "a", "options": { "mfa": "yes" } }),
                "The options.mfa field must be a boolean",
            ),
            (json!({ "loginId": "a", "options": { "x": 1 } }), "The options.x field is unknown"),
            (
                json!({ "loginId": "a", "users": [{ "id": "b" }, {}] }),
                "The users[1].id field is required",
            ),
            (
                json!({ "loginId": "a", "template": { "n": 1 } }),
                "The template field must be an object of strings",
            ),
            (json!([]), "The body must be an object"),
        ] {
            assert_eq!(read(&body).unwrap_err(), message, "{body}");
        }
        assert!(parse(Shape::Object(FIELDS), b"{").is_err());
        assert!(parse(Shape::Object(&[]), b"").is_ok() && parse(Shape::Object(&[]), b"{}").is_ok());
    }

    #[test]
    fn null_is_unset_but_stays_in_the_callers_own_data() {
        let body = json!({ "loginId": "a", "roles": null, "options": { "mfa": null }, "claims": { "n": null } });
        let read = read(&body).unwrap();
        assert_eq!(
            Value::Object(read),
            json!({ "loginId": "a", "options": {}, "claims": { "n": null } })
        );
    }

    #[test]
    fn reads_queries() {
        const QUERY: &[Field] = &[optional("id", Kind::Text), optional("all", Kind::Bool)];
        let read = |text| query(QUERY, text).map(Value::Object).map_err(|_| ());
        assert_eq!(read("id=a%20b+c&all=True"), Ok(json!({ "id": "a b c", "all": true })));
        assert_eq!(read("id="), Ok(json!({})));
        for wrong in ["x=1", "all=yes", "id=1&id=2", "id=%ff"] {
            assert_eq!(read(wrong), Err(()), "{wrong}");
        }
    }
}

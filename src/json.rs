//! Reads responses: what is missing, null or new never fails a call.
//!
//! Every model is read by one deserializer, over text that `serde_json` has split into
//! values. Compared with `serde_json` itself it does three things:
//!
//! - a member of a struct or map, or an element of a list, that is `null` counts as absent. Only
//!   values of any type, such as nested custom attributes, keep their nulls;
//! - a whole number is one however it is written (`1.7e9`);
//! - errors say *where* and *what was expected*, and never quote the value, which may be a secret.

mod value;

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Unexpected};
use serde_json::value::RawValue;

pub(crate) use self::value::Text;
use self::value::{Members, Value};
use crate::escape::Escaped;

/// A response this version of the crate cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    path: String,
    problem: String,
}

impl DecodeError {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self { path: String::new(), problem: problem.into() }
    }

    fn under(mut self, parent: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.path.insert_str(0, dot);
        self.path.insert_str(0, parent);
        self
    }

    /// Where in the response, such as `user.loginIds`; empty for the whole of it.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)?;
        if !self.path.is_empty() {
            write!(f, " at `{}`", Escaped(&self.path))?;
        }
        Ok(())
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::new("unexpected value")
    }
    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
            Unexpected::Str(_) => "a string",
            Unexpected::Unit | Unexpected::Option => "null",
            Unexpected::Seq => "a list",
            Unexpected::Map => "an object",
            _ => "something else",
        };
        Self::new(format!("expected {expected}, found {found}"))
    }
    fn invalid_value(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(format!("expected {expected}"))
    }
    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("no `{field}`"))
    }
}

/// Says no more of it than that: its text may quote the value.
fn not_json(error: &serde_json::Error) -> DecodeError {
    DecodeError::new(match error.classify() {
        serde_json::error::Category::Eof => "truncated JSON",
        _ => "not JSON",
    })
}

/// Reads a whole response.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    T::deserialize(whole(body)?)
}

/// The members of an object in their order, each left as text; a name may stand there twice.
pub(crate) fn members(text: &str) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    serde_json::from_str::<Members<'_>>(text).ok().map(|members| members.0)
}

/// The string that a value is, if it is one.
pub(crate) fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(value.get()).ok().map(|text| text.0)
}

/// Reads one member of a response.
pub(crate) fn decode_field<T: DeserializeOwned>(body: &[u8], name: &str) -> Result<T, DecodeError> {
    let value = member(body, name)?.ok_or_else(|| DecodeError::new(format!("no `{name}`")))?;
    T::deserialize(value).map_err(|error| error.under(name))
}

/// Reads a list that is a member of a response; empty if the member is missing or null.
pub(crate) fn decode_list<T: DeserializeOwned>(
    body: &[u8],
    name: &str,
) -> Result<Vec<T>, DecodeError> {
    match member(body, name)? {
        Some(value) => Vec::deserialize(value).map_err(|error| error.under(name)),
        None => Ok(Vec::new()),
    }
}

fn member<'b>(body: &'b [u8], name: &str) -> Result<Option<Value<'b>>, DecodeError> {
    let member = whole(body)?.object()?.find(|(key, value)| key == name && !value.is_null());
    Ok(member.map(|(_, value)| value))
}

fn whole(body: &[u8]) -> Result<Value<'_>, DecodeError> {
    let text = std::str::from_utf8(body).map_err(|_| DecodeError::new("not UTF-8"))?;
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    Ok(Value::new(raw))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Map, json};

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Model {
        name: String,
        tags: Vec<String>,
        count: u32,
        ratio: f64,
        on: bool,
        kind: Option<Kind>,
        inner: Option<Box<Model>>,
        by_name: BTreeMap<String, String>,
        any: Map<String, serde_json::Value>,
        #[serde(flatten)]
        extra: Map<String, serde_json::Value>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Known,
        #[serde(untagged)]
        Other(String),
    }

    #[test]
    fn reads_every_shape() {
        let json = json!({
            "name": "A\u{e9}\n", "tags": ["x", "y"], "count": 3, "ratio": 0.5, "on": true,
            "kind": "known", "inner": {"kind": "surprise"}, "by_name": {"k": "v"},
            "any": {"a": [1, null, {"b": null}]}, "new": {"c": null},
        });
        let model: Model = decode(json.to_string().as_bytes()).unwrap();
        assert_eq!(model.name, "A\u{e9}\n");
        assert_eq!(model.tags, ["x", "y"]);
        assert_eq!((model.count, model.ratio, model.on), (3, 0.5, true));
        assert_eq!(model.kind, Some(Kind::Known));
        assert_eq!(model.inner.unwrap().kind, Some(Kind::Other("surprise".into())));
        assert_eq!(model.by_name["k"], "v");
        assert_eq!(model.any["a"], json!([1, null, {"b": null}]));
        assert_eq!(model.extra["new"], json!({"c": null}));
    }

    #[test]
    fn null_counts_as_absent() {
        let json = r#"{"name":null,"tags":null,"count":null,"ratio":null,"on":null,"kind":null,
            "inner":null,"by_name":null,"any":null,"unknown":null}"#;
        assert_eq!(decode::<Model>(json.as_bytes()).unwrap(), Model::default());
        let model: Model = decode(br#"{"tags":["x",null],"by_name":{"k":null}}"#).unwrap();
        assert_eq!(model.tags, ["x"]);
        assert!(model.by_name.is_empty());
    }

    #[test]
    fn whole_numbers_may_be_floats() {
        let model: Model = decode(br#"{"count":3.0,"ratio":2}"#).unwrap();
        assert_eq!((model.count, model.ratio), (3, 2.0));
        assert!(decode::<Model>(br#"{"count":3.5}"#).is_err());
        assert!(decode::<Model>(br#"{"count":-1}"#).is_err());
    }

    #[test]
    fn errors_say_where_and_never_quote() {
        let error = decode::<Model>(br#"{"inner":{"tags":["ok",{"s3cret":1}]}}"#).unwrap_err();
        assert_eq!(error.path(), "inner.tags.1");
        assert_eq!(error.to_string(), "expected a string, found an object at `inner.tags.1`");
        let error = decode::<Model>(br#"{"count":"s3cret"}"#).unwrap_err();
        assert_eq!(error.to_string(), "expected u32, found a string at `count`");
        let error = decode_field::<Model>(br#"{"a":1}"#, "user").unwrap_err();
        assert_eq!(error.to_string(), "no `user`");
        for body in [&b""[..], b"{", b"<html>s3cret", b"\xff\xfe", b"[1,", b"{} s3cret"] {
            let error = decode::<Model>(body).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn picks_one_field() {
        let body = br#"{"user":null,"user":{"name":"A"},"rest":[]}"#;
        assert_eq!(decode_field::<Model>(body, "user").unwrap().name, "A");
        for (body, names) in [
            (r#"{"keys":[{"name":"A"},null,{"name":"B"}]}"#, &["A", "B"][..]),
            (r#"{"keys":null}"#, &[]),
            ("{}", &[]),
        ] {
            let found: Vec<Model> = decode_list(body.as_bytes(), "keys").unwrap();
            assert_eq!(found.iter().map(|model| &*model.name).collect::<Vec<_>>(), names);
        }
        let error = decode_list::<Model>(br#"{"keys":[{"count":"x"}]}"#, "keys").unwrap_err();
        assert_eq!(error.path(), "keys.0.count");
    }

    #[test]
    fn numbers_of_any_type_are_whole_too() {
        let model: Model =
            decode(br#"{"any":{"a":[1.7e9,0.5,-2.0,18446744073709551615]}}"#).unwrap();
        assert_eq!(model.any["a"], json!([1_700_000_000, 0.5, -2, u64::MAX]));
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "[".repeat(100_000);
        assert!(decode::<serde_json::Value>(deep.as_bytes()).is_err());
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(decode::<serde_json::Value>(deep.as_bytes()).is_err());
    }
}

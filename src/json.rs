//! Reads responses: what is missing, null, odd or new never fails a call.
//!
//! Every model is read by one deserializer, over text that `serde_json` has found to be valid. Compared
//! with `serde_json` itself:
//!
//! - a member of a struct or map, or an element of a list, that is `null` counts as absent. Only
//!   values of any type, such as nested custom attributes, keep their nulls;
//! - a value of another type is converted where that says the same: a number, boolean or moment as a
//!   text, a number as a text where a text is meant, a list's only item without the list or with one
//!   too many, an object whose names count its items, an empty list for an empty object, a date
//!   (RFC 3339) for a number;
//! - what cannot be converted counts as absent: a member has its default, and a list is without the
//!   item. The answer is then read once more, without what could not be read. An answer fails only for
//!   what its model cannot be without: a member that has no default, or a [`required_list`];
//! - of several members of one name, or of both its [names](object), the first that can be read counts;
//! - what is read takes memory and time in proportion to the text, or is refused; see [`state`];
//! - errors say *where* and *what was expected*, and never quote the value, which may be a secret.

mod any;
mod deserializer;
mod error;
pub(crate) mod moment;
mod object;
mod split;
mod state;
mod text;
mod value;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::time::Instant;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde_json::value::RawValue;

use self::deserializer::REQUIRED_LIST;
pub(crate) use self::deserializer::{MILLIS, SECONDS};
pub use self::error::DecodeError;
use self::error::not_json;
use self::split::Split;
pub(crate) use self::split::string as unquoted;
use self::state::State;
use self::text::Members;
pub(crate) use self::text::Text;
use self::value::Value;

/// How often an answer is read before what cannot be read fails it: members that appear several times
/// come to light one after the other.
const PASSES: usize = 6;

/// The body of a response.
#[derive(Clone, Copy)]
pub(crate) struct Body<'b> {
    bytes: &'b [u8],
    /// When a long one is given up.
    until: Option<Instant>,
}

impl<'b> Body<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, until: None }
    }

    /// One that is read until then, if there is an end. What is short is read in any case.
    pub(crate) fn until(self, until: Option<Instant>) -> Self {
        Self { until, ..self }
    }

    /// Reads all of it.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T, DecodeError> {
        let text = String::from_utf8_lossy(self.bytes);
        let value = read(&State::new(valid(&text)?, self.until), None)?;
        value.ok_or_else(|| DecodeError::new("nothing"))
    }

    /// Reads one member.
    pub(crate) fn field<T: DeserializeOwned>(self, name: &str) -> Result<T, DecodeError> {
        let value = self.member(name)?;
        value.ok_or_else(|| DecodeError::new(format!("no `{name}`")))
    }

    /// Reads a list that is a member; empty if the member is missing or null.
    ///
    /// Items that cannot be read are left out: those that are no objects where objects are meant.
    pub(crate) fn list<T: DeserializeOwned>(self, name: &str) -> Result<Vec<T>, DecodeError> {
        Ok(self.member::<Required<T>>(name)?.map(|list| list.0).unwrap_or_default())
    }

    /// Reads a count that is a member, if it is there and is one.
    pub(crate) fn count(self, name: &str) -> Option<u64> {
        self.field(name).ok()
    }

    fn member<T: DeserializeOwned>(self, name: &str) -> Result<Option<T>, DecodeError> {
        let text = String::from_utf8_lossy(self.bytes);
        let state = State::new(object(&text)?, self.until);
        read(&state, Some(name)).map_err(|error| error.under(name))
    }
}

/// The members of an object in their order, each left as text; a name may appear twice.
pub(crate) fn members(text: &str) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    serde_json::from_str::<Members<'_>>(text).ok().map(|members| members.0)
}

/// Where the names and values of an object are, in text that `serde_json` has found to be one.
pub(crate) fn places(object: &str) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let mut split = Split::new(object);
    if split.peek().is_some() {
        split.bracket();
    }
    std::iter::from_fn(move || Some((split.place()?, split.place()?)))
}

/// The string that a value is, if it is one.
pub(crate) fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(value.get()).ok().map(|text| text.0)
}

/// Reads an answer or its member of this name, again and again without what could not be read.
fn read<T: DeserializeOwned>(
    state: &State<'_>,
    name: Option<&str>,
) -> Result<Option<T>, DecodeError> {
    let text = state.text;
    let whole = Value::new(text, state);
    let mut problem = None;
    for pass in 1.. {
        let count = state.count();
        let value = name.map_or(Some(whole), |name| member(whole, name));
        let Some(value) = value else { break };
        let result = T::deserialize(value).map_err(|error| {
            let expected = state.unreadable(value.text);
            expected.map_or(error, |expected| value.problem(expected))
        })?;
        if state.count() == count {
            return Ok(Some(result));
        }
        if let Some(expected) = state.unreadable(value.text) {
            problem = Some(value.problem(expected));
            if value.text.len() == text.len() {
                break;
            }
        }
        state.again(pass + 1 >= PASSES);
    }
    problem.map_or(Ok(None), Err)
}

/// A list that an answer is asked for: what is there in its place fails the answer.
struct Required<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Required<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        required_list(deserializer).map(Self)
    }
}

/// Reads a field that must be a list if it is there.
pub(crate) fn required_list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct Inner<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Inner<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }
        fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Vec<T>, D::Error> {
            Vec::deserialize(inner)
        }
    }

    deserializer.deserialize_newtype_struct(REQUIRED_LIST, Inner(PhantomData))
}

/// Reads a text that may be unknown, for which the wire has an empty one.
#[allow(dead_code, reason = "used by areas that may all be off")]
pub(crate) fn filled<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

/// Reads a field that grants something: `true` alone is true.
pub(crate) fn only_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(serde_json::Value::deserialize(deserializer)? == true)
}

/// The member of this name that counts.
fn member<'v>(whole: Value<'v>, name: &str) -> Option<Value<'v>> {
    let mut members = whole.split().ok()?;
    loop {
        let (found, value) = (members.name()?, whole.inner(members.next()?));
        if found == name && !value.is_absent() {
            return Some(value);
        }
    }
}

fn object(text: &str) -> Result<&str, DecodeError> {
    let text = valid(text)?;
    if text.starts_with('{') { Ok(text) } else { Err(DecodeError::new("expected an object")) }
}

/// The text of a value, if it is valid JSON.
fn valid(text: &str) -> Result<&str, DecodeError> {
    serde_json::from_str(text).map(RawValue::get).map_err(|error| not_json(&error))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Map, json};

    use super::*;

    fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
        Body::new(body).read()
    }

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
    #[serde(from = "String")]
    enum Kind {
        Known,
        Other(String),
    }

    impl From<String> for Kind {
        fn from(name: String) -> Self {
            if name == "known" { Self::Known } else { Self::Other(name) }
        }
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
    fn values_of_another_type_are_converted_where_they_say_the_same() {
        for (json, expected) in [
            (r#"{"count":3.0,"ratio":2}"#, Model { count: 3, ratio: 2.0, ..Model::default() }),
            (
                r#"{"count":" 3 ","ratio":"2.0"}"#,
                Model { count: 3, ratio: 2.0, ..Model::default() },
            ),
            (r#"{"name":5,"on":"TRUE"}"#, Model { name: "5".into(), on: true, ..Model::default() }),
            (
                r#"{"name":true,"on":1}"#,
                Model { name: "true".into(), on: true, ..Model::default() },
            ),
            (r#"{"tags":"x","on":"0"}"#, Model { tags: vec!["x".into()], ..Model::default() }),
            (r#"{"tags":{"0":"x"}}"#, Model { tags: vec!["x".into()], ..Model::default() }),
            (r#"{"tags":{},"by_name":[],"any":[]}"#, Model::default()),
            (r#"{"inner":[{}]}"#, Model { inner: Some(Box::default()), ..Model::default() }),
            (r#"{"inner":[]}"#, Model { inner: Some(Box::default()), ..Model::default() }),
        ] {
            assert_eq!(decode::<Model>(json.as_bytes()).unwrap(), expected, "{json}");
        }
    }

    #[test]
    fn what_cannot_be_read_counts_as_absent() {
        for json in [
            r#"{"count":3.5}"#,
            r#"{"count":-1}"#,
            r#"{"count":"many","ratio":"NaN","on":"yes","name":{},"tags":[{}],"inner":"x"}"#,
            r#"{"inner":[1],"by_name":["x"],"any":5,"by_name":{"k":[]}}"#,
            r#"{"inner":[{},{}],"tags":{"a":1}}"#,
        ] {
            assert_eq!(decode::<Model>(json.as_bytes()).unwrap(), Model::default(), "{json}");
        }
        let model: Model =
            decode(br#"{"inner":{"name":[],"count":2},"tags":["a",{},"b"]}"#).unwrap();
        assert_eq!(model.tags, ["a", "b"]);
        assert_eq!(model.inner, Some(Box::new(Model { count: 2, ..Model::default() })));
        let model: Model = decode(br#"{"name":"\ud800","tags":["\ud800\n"]}"#).unwrap();
        assert_eq!((&*model.name, &*model.tags[0]), ("\\ud800", "\\ud800\\n"));
        let model: Model = decode(b"{\"name\":\"a\xff\"}").unwrap();
        assert_eq!(model.name, "a\u{fffd}");
    }

    #[test]
    fn of_several_members_of_one_name_the_first_that_can_be_read_counts() {
        for (json, count) in [
            (r#"{"count":1,"count":2}"#, 1),
            (r#"{"count":"x","count":2}"#, 2),
            (r#"{"count":null,"count":"x","count":[],"count":4,"count":5}"#, 4),
        ] {
            assert_eq!(decode::<Model>(json.as_bytes()).unwrap().count, count, "{json}");
        }
        let many = (0..200).map(|n| format!("\"m{n}\":1,")).collect::<Vec<_>>().concat();
        let json = format!("{{{many}{many}\"count\":1,\"count\":2}}");
        let model: Model = decode(json.as_bytes()).unwrap();
        assert_eq!((model.count, model.extra.len()), (1, 200));
    }

    #[test]
    fn either_spelling_of_a_name_counts() {
        #[derive(Debug, Default, Deserialize, PartialEq)]
        #[serde(default, rename_all = "camelCase")]
        struct Names {
            #[serde(alias = "TOTP")]
            totp: bool,
            user_id: String,
        }
        for json in [
            r#"{"totp":true,"TOTP":false,"UserID":"U1"}"#,
            r#"{"TOTP":true,"totp":{},"userid":"U1"}"#,
            r#"{"TOTP":[],"totp":true,"totp":false,"userId":"U1","USERID":"U2"}"#,
        ] {
            let names = Names { totp: true, user_id: "U1".into() };
            assert_eq!(decode::<Names>(json.as_bytes()).unwrap(), names, "{json}");
        }
    }

    #[test]
    fn what_the_model_cannot_be_without_fails_the_answer() {
        #[derive(Debug, Deserialize)]
        struct Needs {
            key: String,
            #[serde(default, deserialize_with = "required_list")]
            list: Vec<String>,
        }
        for (json, error) in [
            ("{}", "no `key`"),
            (r#"{"key":{}}"#, "expected a string, found an object at `key`"),
            (r#"{"key":null}"#, "no `key`"),
            (r#"{"key":"k","list":"x"}"#, "expected a list, found a string at `list`"),
            (r#"{"key":"k","list":{}}"#, "expected a list, found an object at `list`"),
            ("[]", "expected an object, found a list"),
            ("5", "expected an object, found a number"),
        ] {
            let found = decode::<Needs>(json.as_bytes()).unwrap_err();
            assert_eq!(found.to_string(), error, "{json}");
        }
        let needs: Needs = decode(br#"{"key":7,"list":null}"#).unwrap();
        assert_eq!((&*needs.key, needs.list.len()), ("7", 0));
    }

    #[test]
    fn small_items_do_not_take_more_memory_than_their_text_is_worth() {
        for json in [
            format!("{{\"any\":{{\"a\":[{}[]]}}}}", "[],".repeat(1 << 18)),
            format!("{{\"tags\":[{}\"\"]}}", "\"\",".repeat(1 << 18)),
        ] {
            let error = decode::<Model>(json.as_bytes()).unwrap_err().to_string();
            assert!(
                error.starts_with("would take more than 9 times its size in memory"),
                "{error}"
            );
        }
        let items = format!("{{\"keys\":[{}{{}}]}}", "{},".repeat(1 << 18));
        assert!(Body::new(items.as_bytes()).list::<Model>("keys").is_err());
        let items = format!("{{\"keys\":[{}{{}}]}}", "{},".repeat(1000));
        assert_eq!(Body::new(items.as_bytes()).list::<Model>("keys").unwrap().len(), 1001);
    }

    #[test]
    fn errors_say_where_and_never_quote() {
        let error = Body::new(br#"{"user":"s3cret"}"#).field::<Model>("user").unwrap_err();
        assert_eq!(error.path(), "user");
        assert_eq!(error.to_string(), "expected an object, found a string at `user`");
        let error = Body::new(br#"{"count":"s3cret"}"#).field::<u32>("count").unwrap_err();
        assert_eq!(error.to_string(), "expected a whole number, found a string at `count`");
        let error = Body::new(br#"{"a":1}"#).field::<Model>("user").unwrap_err();
        assert_eq!(error.to_string(), "no `user`");
        for body in [&b""[..], b"{", b"<html>s3cret", b"\xff\xfe", b"[1,", b"{} s3cret"] {
            let error = decode::<Model>(body).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn picks_one_field() {
        let body = br#"{"user":null,"user":{"name":"A"},"rest":[]}"#;
        assert_eq!(Body::new(body).field::<Model>("user").unwrap().name, "A");
        for (body, names) in [
            (r#"{"keys":[{"name":"A"},null,{"name":"B"}]}"#, &["A", "B"][..]),
            (r#"{"keys":null}"#, &[]),
            ("{}", &[]),
        ] {
            let found: Vec<Model> = Body::new(body.as_bytes()).list("keys").unwrap();
            assert_eq!(found.iter().map(|model| &*model.name).collect::<Vec<_>>(), names);
        }
        let body = br#"{"keys":[{"count":"x","name":"A"},5,[1],"x",{}]}"#;
        let found: Vec<Model> = Body::new(body).list("keys").unwrap();
        assert_eq!(found, [Model { name: "A".into(), ..Model::default() }, Model::default()]);
        let error = Body::new(br#"{"keys":{"count":"x"}}"#).list::<Model>("keys").unwrap_err();
        assert_eq!(error.to_string(), "expected a list, found an object at `keys`");
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

    #[test]
    fn only_what_is_long_is_given_up_when_its_time_is_over() {
        let past = Instant::now();
        let list = |items: usize| format!("{{\"tags\":[{}\"a\"]}}", "\"a\",".repeat(items));
        let short = list(1000);
        let read = |text: &str| Body::new(text.as_bytes()).until(Some(past)).read::<Model>();
        assert_eq!(read(&short).unwrap().tags.len(), 1001);
        let long = list(1_000_000);
        let error = read(&long).unwrap_err().to_string();
        assert!(error.contains("ClientBuilder::deadline"), "{error}");
        let ahead = past + std::time::Duration::from_secs(600);
        let read = Body::new(long.as_bytes()).until(Some(ahead)).read::<Model>();
        assert_eq!(read.unwrap().tags.len(), 1_000_001);
    }
}

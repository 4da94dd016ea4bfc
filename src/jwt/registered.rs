//! The claims that are looked at for every token, read in one pass that leaves them where they are.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroize;

use super::compact::all_differ;
use super::date::whole;
use crate::error::TokenError;
use crate::json::Text;

/// Their names. The other claims are a tree of many small allocations, which costs as much as all the
/// rest together, without the signature.
const NAMES: [&str; 11] =
    ["iss", "aud", "sub", "dsub", "drn", "jti", "nbf", "iat", "exp", "dct", "cnf"];

/// The claims named in [`NAMES`], with the payload that they are from. The payload is sound as a whole.
///
/// Nothing in it points to anything, so that a copy takes one allocation.
#[derive(Clone)]
pub(super) struct Registered {
    /// The payload as it came. Behind it are the texts that it writes with escapes, without them.
    text: String,
    /// Where the payload ends.
    end: usize,
    found: [Found; NAMES.len()],
    /// The texts of lists, in their order.
    listed: Vec<Range<usize>>,
}

/// A claim: its type, and where it is.
#[derive(Clone, Default)]
enum Found {
    #[default]
    Absent,
    Text(Range<usize>),
    /// A list of nothing but texts: which of those that are listed.
    Texts(Range<usize>),
    Number(f64),
    Other,
}

impl Registered {
    /// Reads an object in which no member appears twice. What passes here can be read as a tree
    /// too: the same parser has seen every value in it.
    pub(super) fn read(payload: String) -> Option<Self> {
        let mut notes = Notes {
            payload: &payload,
            unescaped: String::new(),
            found: [const { Found::Absent }; NAMES.len()],
            listed: Vec::new(),
        };
        let mut json = serde_json::Deserializer::from_str(&payload);
        json.deserialize_map(Object(&mut notes)).and_then(|()| json.end()).ok()?;
        let Notes { unescaped, found, listed, .. } = notes;
        let end = payload.len();
        let text = if unescaped.is_empty() { payload } else { payload + &unescaped };
        Some(Self { text, end, found, listed })
    }

    /// The payload.
    pub(super) fn json(&self) -> &str {
        &self.text[..self.end]
    }

    pub(super) fn is_present(&self, name: &str) -> bool {
        !matches!(self.find(name), Found::Absent)
    }

    fn find(&self, name: &str) -> &Found {
        let known = NAMES.iter().position(|known| *known == name);
        known.and_then(|at| self.found.get(at)).unwrap_or(&Found::Absent)
    }

    fn at(&self, place: &Range<usize>) -> &str {
        self.text.get(place.clone()).unwrap_or_default()
    }

    /// A string, absent, or a reason to refuse the token.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<&str>, TokenError> {
        match self.find(name) {
            Found::Absent => Ok(None),
            Found::Text(place) => Ok(Some(self.at(place))),
            _ => Err(TokenError::Claim(name)),
        }
    }

    /// Likewise a date. One with a fraction is rounded against the token.
    pub(super) fn date(
        &self,
        name: &'static str,
        round: fn(f64) -> f64,
    ) -> Result<Option<i64>, TokenError> {
        match self.find(name) {
            Found::Absent => Ok(None),
            Found::Number(date) => whole(round(*date)).map(Some).ok_or(TokenError::Claim(name)),
            _ => Err(TokenError::Claim(name)),
        }
    }

    /// Whom the token is for; nobody, if it does not say.
    pub(super) fn audience(&self) -> Result<Vec<&str>, TokenError> {
        match self.find("aud") {
            Found::Absent => Ok(Vec::new()),
            Found::Text(one) => Ok(vec![self.at(one)]),
            Found::Texts(which) => {
                let several = self.listed.get(which.clone()).unwrap_or_default();
                Ok(several.iter().map(|place| self.at(place)).collect())
            }
            _ => Err(TokenError::Claim("aud")),
        }
    }

    /// The bytes that it takes beside its own.
    pub(super) fn size(&self) -> usize {
        self.text.capacity() + self.listed.capacity() * size_of::<Range<usize>>()
    }

    /// Leaves nothing of it in memory.
    pub(super) fn wipe(&mut self) {
        self.text.zeroize();
    }
}

/// What is written down while a payload is read.
struct Notes<'p> {
    payload: &'p str,
    /// The texts with escapes, without them, one after the other.
    unescaped: String,
    found: [Found; NAMES.len()],
    listed: Vec<Range<usize>>,
}

impl<'p> Notes<'p> {
    /// Where a part of the payload is in it.
    fn position(&self, part: &'p str) -> Range<usize> {
        let start = (part.as_ptr() as usize).saturating_sub(self.payload.as_ptr() as usize);
        start..start + part.len()
    }

    fn keep(&mut self, text: &str) -> Range<usize> {
        let start = self.payload.len() + self.unescaped.len();
        self.unescaped.push_str(text);
        start..start + text.len()
    }
}

/// Reads the payload.
struct Object<'n, 'p>(&'n mut Notes<'p>);

impl<'p> Visitor<'p> for Object<'_, 'p> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'p>>(self, mut map: A) -> Result<(), A::Error> {
        let (notes, mut others) = (self.0, Vec::new());
        let twice = || A::Error::custom("a member twice");
        while let Some(Text(name)) = map.next_key()? {
            if let Some(at) = NAMES.iter().position(|known| **known == name) {
                let found = map.next_value_seed(Look(Some(notes)))?;
                if !matches!(std::mem::replace(&mut notes.found[at], found), Found::Absent) {
                    return Err(twice());
                }
            } else {
                map.next_value_seed(Look(None))?;
                others.push(name);
            }
        }
        if all_differ(others) { Ok(()) } else { Err(twice()) }
    }
}

/// Reads any value that [`serde_json::Value`] would take to its end. (`IgnoredAny` takes more, such as
/// half a surrogate pair.) Keeps it in the notes, or else only sees that it is sound.
struct Look<'n, 'p>(Option<&'n mut Notes<'p>>);

impl<'p> DeserializeSeed<'p> for Look<'_, 'p> {
    type Value = Found;

    fn deserialize<D: Deserializer<'p>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'p> Visitor<'p> for Look<'_, 'p> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found::Other)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Found, E> {
        Ok(Found::Other)
    }
    #[expect(clippy::cast_precision_loss, reason = "as in a tree, where dates are f64")]
    fn visit_u64<E>(self, number: u64) -> Result<Found, E> {
        Ok(Found::Number(number as f64))
    }
    #[expect(clippy::cast_precision_loss, reason = "as in a tree, where dates are f64")]
    fn visit_i64<E>(self, number: i64) -> Result<Found, E> {
        Ok(Found::Number(number as f64))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Found, E> {
        Ok(Found::Number(number))
    }
    fn visit_borrowed_str<E>(self, text: &'p str) -> Result<Found, E> {
        Ok(self.0.map_or(Found::Other, |notes| Found::Text(notes.position(text))))
    }
    fn visit_str<E>(self, text: &str) -> Result<Found, E> {
        Ok(self.0.map_or(Found::Other, |notes| Found::Text(notes.keep(text))))
    }
    fn visit_seq<A: SeqAccess<'p>>(self, mut list: A) -> Result<Found, A::Error> {
        let Some(notes) = self.0 else {
            while list.next_element_seed(Look(None))?.is_some() {}
            return Ok(Found::Other);
        };
        let (start, mut only_texts) = (notes.listed.len(), true);
        while let Some(found) = list.next_element_seed(Look(only_texts.then_some(&mut *notes)))? {
            match found {
                Found::Text(place) if only_texts => notes.listed.push(place),
                _ => only_texts = false,
            }
        }
        if only_texts {
            return Ok(Found::Texts(start..notes.listed.len()));
        }
        notes.listed.truncate(start);
        Ok(Found::Other)
    }
    fn visit_map<A: MapAccess<'p>>(self, mut map: A) -> Result<Found, A::Error> {
        while map.next_entry_seed(Look(None), Look(None))?.is_some() {}
        Ok(Found::Other)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    /// What a claim is, as the tree has it.
    fn agrees(registered: &Registered, name: &'static str, value: Option<&Value>) -> bool {
        match (registered.find(name), value) {
            (Found::Text(_), Some(Value::String(text))) => {
                registered.text(name) == Ok(Some(text.as_str()))
            }
            (Found::Texts(which), Some(Value::Array(list))) => {
                let texts = registered.listed[which.clone()].iter().map(|at| registered.at(at));
                texts.eq(list.iter().map(|item| item.as_str().unwrap()))
            }
            (Found::Number(number), Some(Value::Number(same))) => same.as_f64() == Some(*number),
            (Found::Other, Some(Value::Array(list))) => !list.iter().all(Value::is_string),
            (Found::Absent, None)
            | (Found::Other, Some(Value::Null | Value::Bool(_) | Value::Object(_))) => true,
            _ => false,
        }
    }

    #[test]
    fn reads_what_the_tree_reads() {
        let nested = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let values = [
            "1",
            "-0",
            "1e5",
            "1e308",
            "1e309",
            "-1e999",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "01",
            "1.",
            "+1",
            "true",
            "True",
            "null",
            "Null",
            "{}",
            "{\"a\":1,\"a\":2}",
            "{\"a\"}",
            "{a:1}",
            "[]",
            "[1,]",
            "[,1]",
            r#"["a","\u0062",""]"#,
            r#"["a",["b"]]"#,
            r#"["a",1]"#,
            r#""""#,
            r#""https:\/\/a""#,
            r#""\ud83d\ude00""#,
            r#""\ud83d""#,
            r#""\udc00""#,
            r#""\u12""#,
            r#""\x""#,
            r#"["\ud800"]"#,
            r#"{"\ud800":1}"#,
            "\"\u{1}\"",
            "\"\u{7f}\"",
            "'a'",
            "NaN",
            "",
        ];
        let deep = [100, 126, 127, 128, 129, 5000].map(nested);
        let mut read = 0;
        for value in values.into_iter().chain(deep.iter().map(String::as_str)) {
            for name in ["iss", "aud", "cnf", "plan", r"\u0070lan", r"\u0073ub"] {
                let payload = format!(r#" {{"dsub":"U\u0031","{name}":{value},"dct":"T1"}} "#);
                let tree = serde_json::from_str::<Map<String, Value>>(&payload);
                let registered = Registered::read(payload.clone());
                assert_eq!(registered.is_some(), tree.is_ok(), "{payload}");
                if let (Some(registered), Ok(tree)) = (registered, tree) {
                    read += 1;
                    assert_eq!(registered.json(), payload);
                    for name in NAMES {
                        assert!(agrees(&registered, name, tree.get(name)), "{name} of {payload}");
                        assert_eq!(registered.is_present(name), tree.contains_key(name));
                    }
                }
            }
        }
        assert!(read > 100, "{read}");
        for payload in ["", "[]", "1", "\"a\"", "null", "{}x", "{", r#"{"a":1,"\u0061":1}"#] {
            assert!(Registered::read(payload.to_owned()).is_none(), "{payload}");
        }
        assert!(Registered::read(r#"{"sub":"a","\u0073ub":"a"}"#.to_owned()).is_none());
    }
}

//! The members of an object: which of them count, and under what name.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::error::DecodeError;
use super::state::Growth;
use super::value::Value;

type Member<'de> = (Cow<'de, str>, Value<'de>);

/// Members of which several may have one name; beyond this many they are sorted out by a set.
const FEW: usize = 64;

/// The name of a field that is given all members that its struct has no other field for.
///
/// Serde has `flatten` for that, with which a struct does not tell its fields' names, and so not those
/// in another case. Structs that callers may read by other deserializers need it.
pub(crate) const UNKNOWN: &str = "$unknown";

/// An object whose members are handed out one by one.
pub(super) struct Object<'de> {
    of: Value<'de>,
    members: std::vec::IntoIter<Member<'de>>,
    current: Option<Member<'de>>,
    /// Whether a member is a field, which its struct has room for, or else an entry of a map.
    fields: bool,
    /// The members that the struct has no field for, until it is given them.
    unknown: Option<Vec<Member<'de>>>,
}

impl<'de> Object<'de> {
    pub(super) fn empty(of: Value<'de>) -> Self {
        Self::new(of, Vec::new(), None)
    }

    fn new(of: Value<'de>, members: Vec<Member<'de>>, unknown: Option<Vec<Member<'de>>>) -> Self {
        Self { of, members: members.into_iter(), current: None, fields: false, unknown }
    }

    /// Reads an object. `fields` are the names that are asked for, if they are known.
    pub(super) fn read<V: Visitor<'de>>(
        of: Value<'de>,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        // With what `only_one_of_each` takes.
        let mut growth = Growth::new(size_of::<Member<'de>>() + 3 * size_of::<&[u8]>());
        let mut members = Vec::new();
        let mut text = of.split()?;
        while let (Some(name), Some(value)) = (text.name(), text.next()) {
            let value = of.inner(value);
            if !value.is_absent() {
                growth.push(of.state)?;
                members.push((spelled(name, fields), value));
            }
        }
        only_one_of_each(&mut members);
        of.state.first.set(true);
        let unknown = if fields.contains(&UNKNOWN) {
            let (known, unknown) =
                members.into_iter().partition(|(name, _)| fields.contains(&&**name));
            members = known;
            Some(unknown)
        } else {
            None
        };
        let result = visitor.visit_map(Self::new(of, members, unknown));
        growth.free(of.state);
        result.map_err(|error| explain(of, error))
    }
}

/// A name as the fields have it: as in Go's decoder, which Descope's own clients use, case is no
/// difference.
fn spelled<'de>(name: Cow<'de, str>, fields: &'static [&'static str]) -> Cow<'de, str> {
    if fields.contains(&&*name) {
        return name;
    }
    match fields.iter().find(|field| field.eq_ignore_ascii_case(&name)) {
        Some(field) => Cow::Borrowed(field),
        None => name,
    }
}

/// The other name of a member that answers have under two.
///
/// Fields have these as aliases. Serde refuses a field that is there under both.
fn other_name(name: &str) -> Option<&'static str> {
    OTHER_NAMES.iter().find(|(other, _)| *other == name).map(|(_, name)| *name)
}

const OTHER_NAMES: [(&str, &str); 16] = [
    ("OIDC", "oidc"),
    ("TOTP", "totp"),
    ("SAML", "saml"),
    ("SCIM", "scim"),
    ("OAuth", "oauth"),
    ("loginID", "loginId"),
    ("loginIDs", "loginIds"),
    ("ExpireTime", "expireTime"),
    ("nonAlphaNumeric", "nonAlphanumeric"),
    ("providerUserId", "providerUserID"),
    ("wsfedSettings", "wsFedSettings"),
    ("InactivityTime", "inactivityTime"),
    ("InactivityTimeUnit", "inactivityTimeUnit"),
    ("statuses", "userStatus"),
    ("verification_url", "verification_uri"),
    ("verification_url_complete", "verification_uri_complete"),
];

/// Whether a value looks like a token, which is worth more than another text.
fn is_token(value: Value<'_>) -> bool {
    value.text.starts_with("\"eyJ")
}

/// If a name appears several times, the first token counts, or else the first member: one that cannot be read is not
/// among them any more.
fn only_one_of_each(members: &mut Vec<Member<'_>>) {
    let mut at = 0;
    if members.len() > FEW {
        let mut seen = BTreeSet::new();
        let keep: Vec<bool> =
            members.iter().map(|(name, _)| seen.insert(name.as_bytes())).collect();
        members.retain(|_| {
            at += 1;
            keep.get(at - 1).copied().unwrap_or(true)
        });
    } else {
        while at < members.len() {
            let (before, rest) = members.split_at_mut(at);
            let Some((name, value)) = rest.first() else { break };
            match before.iter_mut().find(|(other, _)| other == name) {
                Some((_, first)) => {
                    if is_token(*value) && !is_token(*first) {
                        *first = *value;
                    }
                    members.remove(at);
                }
                None => at += 1,
            }
        }
    }
    let twice = |name: &str| {
        other_name(name).is_some_and(|other| members.iter().any(|(found, _)| found == other))
    };
    if let Some(at) = members.iter().position(|(name, _)| twice(name)) {
        members.remove(at);
        only_one_of_each(members);
    }
}

/// Says of a required member that it is there but cannot be read.
fn explain(of: Value<'_>, error: DecodeError) -> DecodeError {
    let missing = error.problem.strip_prefix("no `").and_then(|rest| rest.strip_suffix('`'));
    let (Some(missing), true) = (missing, error.path.is_empty()) else { return error };
    let Ok(mut members) = of.split() else { return error };
    while let (Some(name), Some(value)) = (members.name(), members.next()) {
        if name == missing
            && let Some(expected) = of.state.unreadable(value)
        {
            return of.inner(value).problem(expected).under(missing);
        }
    }
    error
}

impl<'de> MapAccess<'de> for Object<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        let Some((name, value)) = self.members.next() else {
            if self.unknown.is_none() {
                return Ok(None);
            }
            let name = Cow::Borrowed(UNKNOWN);
            return seed.deserialize(Key { name, field: &mut self.fields }).map(Some);
        };
        self.current = Some((name.clone(), value));
        seed.deserialize(Key { name, field: &mut self.fields }).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, DecodeError> {
        let Some((name, value)) = self.current.take() else {
            let unknown = self.unknown.take().unwrap_or_default();
            return seed.deserialize(MapAccessDeserializer::new(Self::new(self.of, unknown, None)));
        };
        if !self.fields {
            // In nodes of a tree that are half full.
            let entry = 2 * (size_of::<String>() + size_of::<V::Value>());
            self.of.state.charge(name.len() + entry)?;
        }
        seed.deserialize(value).map_err(|error| error.under(&name))
    }
}

/// The name of a member. Structs ask for an identifier, and maps for a string.
struct Key<'a, 'de> {
    name: Cow<'de, str>,
    field: &'a mut bool,
}

impl<'de> Deserializer<'de> for Key<'_, 'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.name {
            Cow::Borrowed(name) => visitor.visit_borrowed_str(name),
            Cow::Owned(name) => visitor.visit_string(name),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        *self.field = true;
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct seq tuple tuple_struct map struct enum ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::{fs, path::PathBuf};

    use super::*;

    #[test]
    fn every_alias_is_known_as_another_name() {
        let mut left: Vec<PathBuf> = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut count = 0;
        while let Some(file) = left.pop() {
            if file.is_dir() {
                left.extend(fs::read_dir(file).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            if file.ends_with("json/object.rs") || file.ends_with("json.rs") {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap_or_default();
            for alias in text.split("alias = \"").skip(1) {
                let alias = alias.split('"').next().unwrap();
                assert!(other_name(alias).is_some(), "{alias} in {}", file.display());
                count += 1;
            }
        }
        assert!(count >= OTHER_NAMES.len(), "{count}");
    }
}

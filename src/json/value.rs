//! The deserializer of responses.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{
    BorrowedStrDeserializer, MapDeserializer, SeqDeserializer, StringDeserializer,
};
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde_json::value::RawValue;

use super::{DecodeError, not_json};

/// The text of one JSON value.
#[derive(Clone, Copy)]
pub(super) struct Value<'de> {
    text: &'de str,
    depth: u8,
}

/// Levels of nesting that are read, as in `serde_json`.
const MAX_DEPTH: u8 = 127;

impl<'de> Value<'de> {
    pub(super) fn new(raw: &'de RawValue) -> Self {
        Self { text: raw.get(), depth: 0 }
    }

    pub(super) fn is_null(self) -> bool {
        self.text == "null"
    }

    fn first(self) -> Option<u8> {
        self.text.as_bytes().first().copied()
    }

    fn read<T: Deserialize<'de>>(self) -> Result<T, DecodeError> {
        serde_json::from_str(self.text).map_err(|error| not_json(&error))
    }

    fn inner(self, raw: &'de RawValue) -> Self {
        Self { text: raw.get(), depth: self.depth + 1 }
    }

    pub(super) fn object(self) -> Result<impl Iterator<Item = (Cow<'de, str>, Self)>, DecodeError> {
        if !self.text.starts_with('{') {
            return Err(DecodeError::new("expected an object"));
        }
        self.check_depth()?;
        let members = self.read::<Members<'de>>()?.0;
        Ok(members.into_iter().map(move |(key, raw)| (key, self.inner(raw))))
    }

    fn list(self) -> Result<impl Iterator<Item = Self>, DecodeError> {
        self.check_depth()?;
        let values = self.read::<Vec<&'de RawValue>>()?;
        Ok(values.into_iter().map(move |raw| self.inner(raw)))
    }

    fn check_depth(self) -> Result<(), DecodeError> {
        if self.depth < MAX_DEPTH { Ok(()) } else { Err(DecodeError::new("nested too deeply")) }
    }

    fn map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let members = self.object()?.filter(|(_, value)| !value.is_null());
        visitor.visit_map(Object { members, current: None })
    }

    fn seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let values = self.list()?.filter(|value| !value.is_null());
        visitor.visit_seq(List { values, index: 0 })
    }

    fn scalar<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.first() {
            Some(b'{') => Err(de::Error::invalid_type(Unexpected::Map, &visitor)),
            Some(b'[') => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            Some(b'"') => match self.read::<Text<'de>>()?.0 {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            },
            Some(b't' | b'f') => visitor.visit_bool(self.read()?),
            Some(b'n') => visitor.visit_unit(),
            _ => number(&self.read()?, visitor),
        }
    }
}

/// The members of an object in their order, each left as text.
pub(super) struct Members<'de>(pub(super) Vec<(Cow<'de, str>, &'de RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(Text(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

/// A string, borrowed unless it holds escapes. (`Cow` itself always reads an owned one.)
pub(crate) struct Text<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Either)
    }
}

/// Forwards these to [`Value::scalar`], and so past the code for values of any type, of which each model
/// would have a copy.
macro_rules! scalars {
    ($($name:ident)*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            self.scalar(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.first() {
            Some(b'{' | b'[') => Tree(self.read()?).deserialize_any(visitor),
            _ => self.scalar(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.first() {
            Some(b'[') => self.seq(visitor),
            _ => self.scalar(visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.first() {
            Some(b'{') => self.map(visitor),
            _ => self.scalar(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        // Serde would also read a list, by position.
        self.map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_enum(Name(self.read::<Text<'de>>()?.0))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    scalars! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_unit deserialize_identifier
    }

    serde::forward_to_deserialize_any! { unit_struct tuple tuple_struct }
}

/// A whole number is one however it is written.
fn number<'de, V: Visitor<'de>>(
    number: &serde_json::Number,
    visitor: V,
) -> Result<V::Value, DecodeError> {
    match (number.as_u64(), number.as_i64(), number.as_f64().unwrap_or_default()) {
        (Some(n), ..) => visitor.visit_u64(n),
        (_, Some(n), _) => visitor.visit_i64(n),
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        (.., n) if n.fract() == 0.0 && n.abs() < 9e15 => visitor.visit_i64(n as i64),
        (.., n) => visitor.visit_f64(n),
    }
}

/// A list or object of any type, read in one pass: level by level, as models are, each level would be
/// one more.
struct Tree(serde_json::Value);

impl<'de> Deserializer<'de> for Tree {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        use serde_json::Value as Json;
        match self.0 {
            Json::Null => visitor.visit_unit(),
            Json::Bool(is) => visitor.visit_bool(is),
            Json::Number(n) => number(&n, visitor),
            Json::String(text) => visitor.visit_string(text),
            Json::Array(values) => {
                visitor.visit_seq(SeqDeserializer::new(values.into_iter().map(Self)))
            }
            Json::Object(members) => {
                let members = members.into_iter().map(|(name, value)| (name, Self(value)));
                visitor.visit_map(MapDeserializer::new(members))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, DecodeError> for Tree {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

struct Object<'de, I> {
    members: I,
    current: Option<(Cow<'de, str>, Value<'de>)>,
}

impl<'de, I> MapAccess<'de> for Object<'de, I>
where
    I: Iterator<Item = (Cow<'de, str>, Value<'de>)>,
{
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        let Some((key, value)) = self.members.next() else { return Ok(None) };
        self.current = Some((key.clone(), value));
        match key {
            Cow::Borrowed(key) => seed.deserialize(BorrowedStrDeserializer::new(key)),
            Cow::Owned(key) => seed.deserialize(StringDeserializer::new(key)),
        }
        .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, DecodeError> {
        let (key, value) = self.current.take().ok_or_else(|| DecodeError::new("no value"))?;
        seed.deserialize(value).map_err(|error| error.under(&key))
    }
}

struct List<I> {
    values: I,
    index: usize,
}

impl<'de, I: Iterator<Item = Value<'de>>> SeqAccess<'de> for List<I> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let Some(value) = self.values.next() else { return Ok(None) };
        self.index += 1;
        let place = self.index - 1;
        seed.deserialize(value).map(Some).map_err(|error| error.under(&place.to_string()))
    }
}

/// The name of an enum's variant; the API has only enums of names.
struct Name<'de>(Cow<'de, str>);

impl<'de> EnumAccess<'de> for Name<'de> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), DecodeError> {
        seed.deserialize(self.0.as_ref().into_deserializer()).map(|variant| (variant, self))
    }
}

impl<'de> VariantAccess<'de> for Name<'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        Ok(())
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, DecodeError> {
        seed.deserialize(self.0.as_ref().into_deserializer())
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, DecodeError> {
        Err(DecodeError::new("expected a name"))
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, DecodeError> {
        Err(DecodeError::new("expected a name"))
    }
}

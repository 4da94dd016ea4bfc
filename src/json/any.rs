//! Values of any type, such as custom attributes: read in one pass, with all they hold.

use std::borrow::Cow;

use serde::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::error::DecodeError;
use super::split::{self, Split};
use super::state::{MAX_DEPTH, State};
use super::text::float;

/// The memory of a list's item, while the list grows.
const ITEM: usize = 3 * size_of::<serde_json::Value>();

/// The memory of an object's member, in nodes of a tree that are half full.
pub(super) const MEMBER: usize = 2 * size_of::<(String, serde_json::Value)>();

/// The memory of a list of one item.
const LIST: usize = 4 * size_of::<serde_json::Value>();

/// The memory of an object of one member.
pub(super) const OBJECT: usize = 12 * size_of::<(String, serde_json::Value)>();

/// The value that a text goes on with.
pub(super) struct Any<'a, 'de> {
    pub(super) rest: &'a mut Split<'de>,
    pub(super) depth: u8,
    pub(super) state: &'de State<'de>,
}

impl<'de> Any<'_, 'de> {
    /// The same place, one level deeper.
    fn inner(&mut self) -> Any<'_, 'de> {
        Any { rest: self.rest, depth: self.depth + 1, state: self.state }
    }

    fn check_depth(&self) -> Result<(), DecodeError> {
        if self.depth < MAX_DEPTH { Ok(()) } else { Err(DecodeError::new("nested too deeply")) }
    }
}

impl<'de> Deserializer<'de> for Any<'_, 'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.rest.peek() {
            Some(b'{') => {
                self.check_depth()?;
                self.rest.bracket();
                visitor.visit_map(Inside { any: self, count: 0 })
            }
            Some(b'[') => {
                self.check_depth()?;
                self.rest.bracket();
                visitor.visit_seq(Inside { any: self, count: 0 })
            }
            _ => scalar(self.rest.next().unwrap_or("null"), self.state, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.rest.peek() {
            Some(b'n') => {
                self.rest.next();
                visitor.visit_none()
            }
            _ => visitor.visit_some(self),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A value that is no list and no object, of the type that it is written as.
pub(super) fn scalar<'de, V: Visitor<'de>>(
    text: &'de str,
    state: &State<'_>,
    visitor: V,
) -> Result<V::Value, DecodeError> {
    match text.as_bytes().first() {
        Some(b'"') => {
            state.charge(text.len())?;
            match split::string(text) {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            }
        }
        Some(b't') => visitor.visit_bool(true),
        Some(b'f') => visitor.visit_bool(false),
        Some(b'n') => visitor.visit_unit(),
        _ => number(text, visitor),
    }
}

/// A number of any type. A whole one is one however it is written.
fn number<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, DecodeError> {
    if let Ok(n) = text.parse::<u64>() {
        return visitor.visit_u64(n);
    }
    if let Ok(n) = text.parse::<i64>() {
        return visitor.visit_i64(n);
    }
    match float(text).unwrap_or_default() {
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        n if n.fract() == 0.0 && n.abs() < 9e15 => visitor.visit_i64(n as i64),
        n => visitor.visit_f64(n),
    }
}

/// What is inside an object or a list.
struct Inside<'a, 'de> {
    any: Any<'a, 'de>,
    count: usize,
}

impl Inside<'_, '_> {
    /// Counts one more member or item. The first one takes more, with room for others.
    fn charge(&mut self, first: usize, other: usize) -> Result<(), DecodeError> {
        self.count += 1;
        self.any.state.charge(if self.count == 1 { first } else { other })
    }
}

impl<'de> MapAccess<'de> for Inside<'_, 'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        let Some(name) = self.any.rest.name() else { return Ok(None) };
        self.charge(OBJECT + name.len(), MEMBER + name.len())?;
        match name {
            Cow::Borrowed(name) => {
                seed.deserialize(BorrowedStrDeserializer::<DecodeError>::new(name))
            }
            Cow::Owned(name) => seed.deserialize(StringDeserializer::new(name)),
        }
        .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, DecodeError> {
        seed.deserialize(self.any.inner())
    }
}

impl<'de> SeqAccess<'de> for Inside<'_, 'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        if let None | Some(b']') = self.any.rest.peek() {
            self.any.rest.bracket();
            return Ok(None);
        }
        self.charge(LIST, ITEM)?;
        seed.deserialize(self.any.inner()).map(Some)
    }
}

//! The deserializer of responses.

use std::borrow::Cow;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, SeqAccess, VariantAccess, Visitor,
};

use super::any::{self, Any};
use super::error::DecodeError;
use super::moment::Unit;
use super::object::Object;
use super::split::Split;
use super::state::Growth;
use super::value::Value;

/// The names of newtypes that [`Value`] reads by rules of their own.
pub(crate) const SECONDS: &str = "UnixTime";
pub(crate) const MILLIS: &str = "UnixMillis";
pub(super) const REQUIRED_LIST: &str = "RequiredList";

impl<'de> Value<'de> {
    /// The one object of a list that an object was wrapped in.
    fn wrapped(self) -> Result<Option<Self>, DecodeError> {
        let mut items = self.split()?;
        let (first, second) = (items.next(), items.next());
        Ok(first.filter(|first| second.is_none() && first.starts_with('{')).map(|i| self.inner(i)))
    }

    fn object<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let object = match self.first() {
            Some(b'{') => Some(self),
            Some(b'[') if self.depth > 0 && self.text.len() > 2 => self.wrapped()?,
            _ => None,
        };
        if let Some(object) = object {
            return Object::read(object, fields, visitor);
        }
        // An answer as a whole is what it is meant to be, or is not Descope's.
        if self.depth == 0 || self.text != "[]" {
            self.give_up("an object")?;
        }
        visitor.visit_map(Object::empty(self))
    }

    fn list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let items = match self.first() {
            Some(b'[') => Items::List(self.split()?),
            _ if self.depth == 0 => {
                self.give_up("a list")?;
                Items::One(None)
            }
            Some(b'{') => match self.numbered()? {
                Some(items) => items,
                None => Items::One(Some(self)),
            },
            Some(b'n') => {
                self.give_up("a list")?;
                Items::One(None)
            }
            _ => Items::One(Some(self)),
        };
        visitor.visit_seq(List { of: self, items, index: 0, growth: None })
    }

    /// An object whose names are the numbers of a list's items; an empty one too.
    fn numbered(self) -> Result<Option<Items<'de>>, DecodeError> {
        let mut members = self.split()?;
        while let Some(name) = members.name() {
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_digit()) {
                return Ok(None);
            }
            members.next();
        }
        Ok(Some(Items::Members(self.split()?)))
    }

    fn string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.state.charge(self.text.len())?;
        match self.unquoted() {
            Some(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Some(Cow::Owned(text)) => visitor.visit_string(text),
            None => {
                self.give_up("a string")?;
                visitor.visit_borrowed_str("")
            }
        }
    }

    fn moment<V: Visitor<'de>>(self, unit: Unit, visitor: V) -> Result<V::Value, DecodeError> {
        let text = self.unquoted().filter(|text| !matches!(&**text, "true" | "false"));
        if let Some(count) = text.and_then(|text| unit.parse(&text)) {
            return visitor.visit_i64(unit.plausible(count));
        }
        self.give_up("a time")?;
        visitor.visit_i64(0)
    }
}

macro_rules! whole {
    ($($name:ident $visit:ident)*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            let number = self.whole().and_then(|number| number.try_into().ok());
            if number.is_none() {
                self.give_up("a whole number")?;
            }
            visitor.$visit(number.unwrap_or_default())
        })*
    };
}

macro_rules! strings {
    ($($name:ident)*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            self.string(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let first = self.state.first.replace(false);
        self.state.charge(if first { any::OBJECT + any::MEMBER } else { any::MEMBER })?;
        match self.first() {
            Some(b'{' | b'[') => {
                self.state.work(self.text.len())?;
                let rest = &mut Split::new(self.text);
                Any { rest, depth: self.depth, state: self.state }.deserialize_any(visitor)
            }
            _ => any::scalar(self.text, self.state, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match name {
            SECONDS => self.moment(Unit::Seconds, visitor),
            MILLIS => self.moment(Unit::Millis, visitor),
            REQUIRED_LIST if !self.text.starts_with('[') => Err(self.problem("a list")),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.object(&[], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.object(fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let name = self.unquoted().ok_or_else(|| self.problem("a string"))?;
        visitor.visit_enum(Name(name))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let boolean = self.boolean();
        if boolean.is_none() {
            self.give_up("a boolean")?;
        }
        visitor.visit_bool(boolean.unwrap_or_default())
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let number = self.float();
        if number.is_none() {
            self.give_up("a number")?;
        }
        visitor.visit_f64(number.unwrap_or_default())
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    whole! {
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32
        deserialize_i64 visit_i64 deserialize_u8 visit_u8 deserialize_u16 visit_u16
        deserialize_u32 visit_u32 deserialize_u64 visit_u64
    }

    strings! { deserialize_str deserialize_string deserialize_identifier }

    serde::forward_to_deserialize_any! {
        char bytes byte_buf unit unit_struct tuple tuple_struct
    }
}

enum Items<'de> {
    List(Split<'de>),
    /// The values of an object.
    Members(Split<'de>),
    /// What stands in the place of a list of one item.
    One(Option<Value<'de>>),
}

struct List<'de> {
    of: Value<'de>,
    items: Items<'de>,
    index: usize,
    growth: Option<Growth>,
}

impl<'de> Iterator for List<'de> {
    type Item = Value<'de>;

    fn next(&mut self) -> Option<Value<'de>> {
        let of = self.of;
        match &mut self.items {
            Items::List(items) => items.next().map(|text| of.inner(text)),
            Items::Members(members) => {
                members.next()?;
                members.next().map(|text| of.inner(text))
            }
            Items::One(item) => item.take(),
        }
    }
}

impl<'de> SeqAccess<'de> for List<'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let state = self.of.state;
        loop {
            let Some(value) = self.next() else { return Ok(None) };
            let place = self.index;
            self.index += 1;
            if value.is_absent() {
                continue;
            }
            self.growth.get_or_insert_with(|| Growth::new(size_of::<T::Value>())).push(state)?;
            let read = seed.deserialize(value).map(Some);
            return read.map_err(|error| error.under(&place.to_string()));
        }
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

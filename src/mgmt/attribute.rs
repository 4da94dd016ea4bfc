//! The attributes that a project defines for its users, families and applications.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::call::Call;
use crate::check;
use crate::extra::Extra;
use crate::options::setters;

impl Call<'_> {
    /// Attributes to define, which must have names.
    pub(super) fn attributes(self, attributes: &[CustomAttribute]) -> Self {
        self.check(attributes.iter().try_for_each(|of| check::id("name", &of.name)))
            .field("attributes", attributes)
    }
}

/// An attribute that the project defines.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct CustomAttribute {
    /// The key of the attribute among the `custom_attributes`.
    pub name: String,
    /// What its values are.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<AttributeKind>,
    /// The values to choose from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Vec<AttributeOption>>,
    /// What the Descope console calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The value where none is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_value: Option<Value>,
    /// Names of the permissions that a console user needs to see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view_permissions: Option<Vec<String>>,
    /// Names of the permissions that a console user needs to change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit_permissions: Option<Vec<String>>,
    /// Whether there must be a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl CustomAttribute {
    /// An attribute with values of this kind.
    pub fn new(name: impl Into<String>, kind: AttributeKind) -> Self {
        Self { name: name.into(), kind: Some(kind), ..Self::default() }
    }
}

setters!(CustomAttribute {
    options: opt_list<AttributeOption>, display_name: opt<String>, default_value: opt<Value>,
    view_permissions: opt_list<String>, edit_permissions: opt_list<String>, required: opt<bool>,
});

/// What the values of an attribute are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttributeKind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// A boolean.
    Boolean,
    /// One of the attribute's options.
    SingleSelect,
    /// Any of the attribute's options.
    MultiSelect,
    /// A date.
    Date,
    /// A month and a day in it.
    MonthDay,
    /// Something newer than this version of the crate, by its number on the wire.
    Other(i32),
}

impl Serialize for AttributeKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(match *self {
            Self::Text => 1,
            Self::Number => 2,
            Self::Boolean => 3,
            Self::SingleSelect => 4,
            Self::MultiSelect => 5,
            Self::Date => 6,
            Self::MonthDay => 7,
            Self::Other(number) => number,
        })
    }
}

impl<'de> Deserialize<'de> for AttributeKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match i32::deserialize(deserializer)? {
            1 => Self::Text,
            2 => Self::Number,
            3 => Self::Boolean,
            4 => Self::SingleSelect,
            5 => Self::MultiSelect,
            6 => Self::Date,
            7 => Self::MonthDay,
            number => Self::Other(number),
        })
    }
}

/// A value to choose.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct AttributeOption {
    /// The value.
    pub value: String,
    /// What the Descope console calls it; the value itself if empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
}

impl AttributeOption {
    /// A value that is called otherwise.
    pub fn labelled(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

impl<T: Into<String>> From<T> for AttributeOption {
    fn from(value: T) -> Self {
        Self { value: value.into(), ..Self::default() }
    }
}

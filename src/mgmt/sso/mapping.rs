//! What becomes of groups and attributes of the identity provider.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::extra::Extra;
use crate::options::setters;

/// Groups of the identity provider, and the role their members get.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct RoleMapping {
    /// Names of the groups.
    pub groups: Vec<String>,
    /// The role's name.
    #[serde(rename = "roleName")]
    pub role: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl RoleMapping {
    /// The role for the members of these groups.
    pub fn new(
        role: impl Into<String>,
        groups: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            role: role.into(),
            groups: groups.into_iter().map(Into::into).collect(),
            extra: Extra::default(),
        }
    }
}

/// The relations that members of a group get; see [`Mgmt::fga`](crate::mgmt::Mgmt).
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct FgaMapping {
    /// The relations.
    pub relations: Vec<FgaRelation>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl FgaMapping {
    /// These relations.
    pub fn new(relations: impl IntoIterator<Item = FgaRelation>) -> Self {
        Self { relations: relations.into_iter().collect(), extra: Extra::default() }
    }
}

/// A relation to a resource.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct FgaRelation {
    /// The resource.
    pub resource: String,
    /// The relation's name.
    pub relation_definition: String,
    /// The resource's type.
    pub namespace: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl FgaRelation {
    /// A relation to a resource of a type.
    pub fn new(
        namespace: impl Into<String>,
        resource: impl Into<String>,
        relation_definition: impl Into<String>,
    ) -> Self {
        Self {
            resource: resource.into(),
            relation_definition: relation_definition.into(),
            namespace: namespace.into(),
            extra: Extra::default(),
        }
    }
}

/// Which attribute of a SAML identity provider goes where: the names are the provider's.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct AttributeMapping {
    /// The full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// The middle name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// The family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// The URL of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// The groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Whether the e-mail address is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_email: Option<String>,
    /// Whether the phone number is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_phone: Option<String>,
    /// Attributes defined by the project, by the provider's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<BTreeMap<String, String>>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

setters!(AttributeMapping {
    name: opt<String>, given_name: opt<String>, middle_name: opt<String>, family_name: opt<String>,
    picture: opt<String>, email: opt<String>, phone_number: opt<String>, group: opt<String>,
    username: opt<String>, verified_email: opt<String>, verified_phone: opt<String>,
    custom_attributes: opt_map<String>,
});

/// Which claim of an OpenID Connect identity provider goes where: the names are the provider's.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct OidcAttributeMapping {
    /// The login ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_id: Option<String>,
    /// The full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// The middle name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// The family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the e-mail address is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_email: Option<String>,
    /// The user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// Whether the phone number is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_phone: Option<String>,
    /// The URL of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// The groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Attributes defined by the project, by the provider's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<BTreeMap<String, String>>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

setters!(OidcAttributeMapping {
    login_id: opt<String>, name: opt<String>, given_name: opt<String>, middle_name: opt<String>,
    family_name: opt<String>, email: opt<String>, verified_email: opt<String>,
    username: opt<String>, phone_number: opt<String>, verified_phone: opt<String>,
    picture: opt<String>, group: opt<String>, custom_attributes: opt_map<String>,
});

/// Groups, and the role that their members get.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct GroupsMapping {
    /// The role.
    pub role: RoleItem,
    /// Names of the groups.
    pub groups: Vec<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl GroupsMapping {
    /// The role of this name for the members of these groups.
    pub fn new(
        role: impl Into<String>,
        groups: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let role = RoleItem { name: role.into(), ..RoleItem::default() };
        Self { role, groups: groups.into_iter().map(Into::into).collect(), extra: Extra::default() }
    }
}

/// A role, by ID or name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RoleItem {
    /// The role's ID.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The role's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

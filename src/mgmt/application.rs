//! What SSO applications and inbound applications have in common.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::extra::Extra;
use crate::names::names;
use crate::options::setters;
use crate::secret::Secret;
use crate::time::UnixTime;

/// Issuers whose tokens the JWT bearer grant (RFC 7523) takes, by their `iss`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct JwtBearerSettings {
    /// The issuers.
    pub issuers: BTreeMap<String, IssuerSettings>,
    /// Which audience the tokens of the grant get, by Descope's name for it.
    #[serde(rename = "jwtBearerGrantTypeAudienceToUse")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Which scope the tokens of the grant get, by Descope's name for it.
    #[serde(rename = "jwtBearerGrantTypeScopeToUse")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Which custom claims the tokens of the grant get, by Descope's name for it.
    #[serde(rename = "jwtBearerGrantTypeCustomClaimsToUse")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

setters!(JwtBearerSettings {
    issuers: map<IssuerSettings>, audience: opt<String>, scope: opt<String>,
    custom_claims: opt<String>,
});

/// An issuer of tokens.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct IssuerSettings {
    /// Where it publishes its keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// The algorithm it signs with, such as `RS256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_algorithm: Option<String>,
    /// Its user info endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_info_uri: Option<String>,
    /// The claim that identifies the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id_field_name: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

setters!(IssuerSettings {
    jwks_uri: opt<String>, sign_algorithm: opt<String>, user_info_uri: opt<String>,
    external_id_field_name: opt<String>,
});

/// Options of adding a client secret to an application.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AddSecretOptions {
    /// When the secret expires, in seconds. Defaults to never.
    pub expires: Option<UnixTime>,
}

setters!(AddSecretOptions { expires: opt<UnixTime> });

/// Options of loading a client secret of an application.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SecretOptions {
    /// The secret's name. Required if the application has several.
    pub name: Option<String>,
}

setters!(SecretOptions { name: opt<String> });

/// A client secret that was just added.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct NewSecret {
    /// What is known of it.
    #[serde(default)]
    pub meta: SecretInfo,
    /// The secret itself.
    pub cleartext: Secret,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is known of a client secret, without the secret itself.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct SecretInfo {
    /// Its ID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<SecretStatus>,
    /// When it expires, in seconds; `None` for never.
    #[serde(deserialize_with = "crate::time::or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_time: Option<UnixTime>,
    /// When it was created, in seconds.
    #[serde(deserialize_with = "crate::time::or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_time: Option<UnixTime>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Whether a client secret is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretStatus {
    /// It is.
    Active,
    /// It is not: it was disabled.
    Disabled,
    /// It is not: it has expired.
    Expired,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(SecretStatus { Active = "active", Disabled = "disabled", Expired = "expired" });

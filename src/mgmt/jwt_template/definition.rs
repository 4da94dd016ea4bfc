//! What a template says.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::extra::Extra;
use crate::names::names;
use crate::options::setters;

/// A JWT template, as it is saved.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(from = "JwtTemplateDefinition")]
#[non_exhaustive]
pub struct JwtTemplate {
    /// The template's ID.
    pub id: String,
    /// What it says.
    #[serde(flatten)]
    pub definition: JwtTemplateDefinition,
}

impl From<JwtTemplateDefinition> for JwtTemplate {
    fn from(mut definition: JwtTemplateDefinition) -> Self {
        let id = definition.extra.take_text("id").unwrap_or_default();
        Self { id, definition }
    }
}

/// What a JWT template says. What is `None` is unknown in an answer, and not set in a request.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct JwtTemplateDefinition {
    /// The template's name.
    pub name: String,
    /// Whose tokens it is for.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<JwtTemplateKind>,
    /// The claims' values by their names: JSON of any form, with templates such as `{{user.name}}` that
    /// are filled in when the token is made.
    #[serde(rename = "template")]
    pub claims: Map<String, Value>,
    /// What the template is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Words to find it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Which roles and permissions are in the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_schema: Option<AuthSchema>,
    /// What becomes of a claim whose template comes to nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty_claim_policy: Option<EmptyClaimPolicy>,
    /// The form of the claim `iss`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_type: Option<IssuerType>,
    /// Whether the claim `iss` is a URL, as OpenID Connect demands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conformance_issuer: Option<bool>,
    /// Whether the claim `iss` is checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enforce_issuer: Option<bool>,
    /// Whether the claim `dct`, the current tenant, is set for a user with a single tenant. It changes
    /// how roles are read: with `dct`, those at the top of the token are the tenant's.
    #[serde(rename = "autoDCT", skip_serializing_if = "Option::is_none")]
    pub auto_dct: Option<bool>,
    /// Whether the template may set the claim `sub`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_subject: Option<bool>,
    /// Whether refresh tokens go without the custom claims.
    #[serde(rename = "omitCustomClaimsFromDSR", skip_serializing_if = "Option::is_none")]
    pub omit_custom_claims_from_dsr: Option<bool>,
    /// Whether each token has a claim `jti`, its ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add_jti: Option<bool>,
    /// Whether the token goes without the permissions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_permissions: Option<bool>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl JwtTemplateDefinition {
    /// A template with these claims.
    pub fn new(
        name: impl Into<String>,
        kind: JwtTemplateKind,
        claims: impl IntoIterator<Item = (impl Into<String>, impl Into<Value>)>,
    ) -> Self {
        let claims = claims.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { name: name.into(), kind: Some(kind), claims, ..Self::default() }
    }
}

setters!(JwtTemplateDefinition {
    claims: map<Value>, description: opt<String>, source: opt<String>, tags: opt_list<String>,
    auth_schema: opt<AuthSchema>, empty_claim_policy: opt<EmptyClaimPolicy>,
    issuer_type: opt<IssuerType>, conformance_issuer: opt<bool>, enforce_issuer: opt<bool>,
    auto_dct: opt<bool>, override_subject: opt<bool>, omit_custom_claims_from_dsr: opt<bool>,
    add_jti: opt<bool>, exclude_permissions: opt<bool>,
});

/// Whose tokens a template is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwtTemplateKind {
    /// Users'.
    User,
    /// Access keys'.
    Key,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(JwtTemplateKind { User = "user", Key = "key" });

/// Which roles and permissions are in a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthSchema {
    /// Those of the project and of all tenants.
    Default,
    /// Those of the current tenant.
    TenantOnly,
    /// None.
    None,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(AuthSchema { Default = "default", TenantOnly = "tenantOnly", None = "none" });

/// What becomes of a claim whose template comes to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmptyClaimPolicy {
    /// It stays as it is.
    None,
    /// It becomes null.
    Nil,
    /// It is left out.
    Delete,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(EmptyClaimPolicy { None = "none", Nil = "nil", Delete = "delete" });

/// The form of the claim `iss`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuerType {
    /// As in projects of old.
    Legacy,
    /// As for inbound applications.
    Inbound,
    /// As for federated applications, which sign in by OpenID Connect.
    Federated,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(IssuerType { Legacy = "legacy", Inbound = "inbound", Federated = "federated" });

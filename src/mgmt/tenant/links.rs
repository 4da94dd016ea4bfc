//! Options of the links by which an administrator of a tenant sets up its SSO.

use std::time::Duration;

use serde::Serialize;

use crate::options::setters;

/// Options of [`Tenants::revoke_sso_configuration_link`](super::Tenants::revoke_sso_configuration_link).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SsoLinkRevocation {
    /// The SSO configuration whose links to revoke. Defaults to the tenant's default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_id: Option<String>,
}

setters!(SsoLinkRevocation { sso_id: opt<String> });

/// Options of [`Tenants::generate_sso_configuration_link`](super::Tenants::generate_sso_configuration_link).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SsoLink {
    /// How long the link is good, in whole seconds on the wire.
    #[serde(rename = "expireTime", serialize_with = "crate::time::span")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<Duration>,
    /// The SSO configuration to set up. Defaults to the tenant's default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_id: Option<String>,
    /// Where to mail the link to. Defaults to nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Who asks for the link, for the audit trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<String>,
    /// Another message template than the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
}

setters!(SsoLink {
    expires_in: opt<Duration>, sso_id: opt<String>, email: opt<String>, actor_id: opt<String>,
    template_id: opt<String>,
});

//! What Descope says of an application.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::JwtBearerSettings;
use super::settings::{SamlAttribute, SamlGroups};
use crate::extra::Extra;
use crate::names::names;

/// An SSO application.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct SsoApplication {
    /// The application's ID.
    pub id: String,
    /// The application's name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether users may sign in to it.
    pub enabled: bool,
    /// A picture.
    pub logo: String,
    /// What it speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_type: Option<AppType>,
    /// How it speaks SAML, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saml_settings: Option<SamlDetails>,
    /// How it speaks OpenID Connect, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc_settings: Option<OidcDetails>,
    /// How it speaks WS-Federation, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(alias = "wsfedSettings")]
    pub ws_fed_settings: Option<WsFedDetails>,
    /// Attributes of the application, defined by the project.
    pub custom_attributes: Map<String, Value>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What an application speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppType {
    /// OpenID Connect.
    Oidc,
    /// SAML.
    Saml,
    /// WS-Federation.
    WsFed,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(AppType { Oidc = "oidc", Saml = "saml", WsFed = "wsfed" });

/// How an application speaks OpenID Connect.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct OidcDetails {
    /// The page with the sign-in flow.
    pub login_page_url: String,
    /// Descope's issuer, to tell the application.
    pub issuer: String,
    /// Descope's discovery document, to tell the application.
    pub discovery_url: String,
    /// Whether users must sign in each time.
    pub force_authentication: bool,
    /// Whose tokens the JWT bearer grant takes.
    pub jwt_bearer_settings: JwtBearerSettings,
    /// Where to tell of a logout.
    pub back_channel_logout_url: String,
    /// The client ID.
    pub client_id: String,
    /// `confidential` or `public`; empty for an older application.
    pub client_type: String,
    /// Where users may be sent back to.
    pub approved_redirect_urls: Vec<String>,
    /// Whether the authorization code grant is off.
    pub authorization_code_disabled: bool,
    /// Whether the client credentials grant is off.
    pub client_credentials_disabled: bool,
    /// Whether the refresh token grant is off.
    pub refresh_token_disabled: bool,
    /// Whether the JWT bearer grant is off.
    pub jwt_bearer_disabled: bool,
    /// Whether the device code grant is off.
    pub device_code_disabled: bool,
    /// Whether PKCE is required of confidential clients too.
    pub force_pkce: bool,
    /// The `aud` of its tokens: `projectId`, `clientId`, or empty for both.
    pub default_audience: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How an application speaks SAML.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct SamlDetails {
    /// The page with the sign-in flow.
    pub login_page_url: String,
    /// Whether `metadata_url` counts, or else `entity_id`, `acs_url` and `certificate`.
    pub use_metadata_info: bool,
    /// Where the application publishes its metadata.
    pub metadata_url: String,
    /// Its entity ID.
    pub entity_id: String,
    /// Where users are sent back to.
    pub acs_url: String,
    /// The certificate it signs with.
    pub certificate: String,
    /// Other URLs that users may be sent back to.
    pub acs_allowed_callbacks: Vec<String>,
    /// What it is told of the user.
    pub attribute_mapping: Vec<SamlAttribute>,
    /// What it is told of the user's roles.
    pub groups_mapping: Vec<SamlGroups>,
    /// What identifies the user.
    pub subject_name_id_type: String,
    /// The format of what identifies the user.
    pub subject_name_id_format: String,
    /// The relay state of a sign-in that starts at Descope.
    pub default_relay_state: String,
    /// The algorithm that sign-ins which start at Descope are signed with.
    pub default_signature_algorithm: String,
    /// Whether users must sign in each time.
    pub force_authentication: bool,
    /// Where users go after a logout.
    pub logout_redirect_url: String,
    /// Where a sign-in that starts at Descope begins.
    pub idp_initiated_url: String,
    /// Descope's metadata, to tell the application.
    pub idp_metadata_url: String,
    /// Descope's entity ID, to tell the application.
    pub idp_entity_id: String,
    /// Where Descope signs users in, to tell the application.
    pub idp_sso_url: String,
    /// The certificate Descope signs with, to tell the application.
    pub idp_cert: String,
    /// Where Descope logs users out, to tell the application.
    pub idp_logout_url: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How an application speaks WS-Federation.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct WsFedDetails {
    /// The page with the sign-in flow.
    pub login_page_url: String,
    /// What it calls itself: its `wtrealm`.
    pub realm: String,
    /// Where users are sent back to: its `wreply`.
    pub reply_url: String,
    /// Other URLs that users may be sent back to.
    pub reply_allowed_callbacks: Vec<String>,
    /// What it is told of the user.
    pub attribute_mapping: Vec<SamlAttribute>,
    /// What it is told of the user's roles.
    pub groups_mapping: Vec<SamlGroups>,
    /// Whether users must sign in each time.
    pub force_authentication: bool,
    /// Where users go after a logout.
    pub logout_redirect_url: String,
    /// Where users go when something goes wrong.
    pub error_redirect_url: String,
    /// Where a sign-in that starts at Descope begins.
    pub idp_initiated_url: String,
    /// Descope's metadata, to tell the application.
    pub idp_metadata_url: String,
    /// Descope's entity ID, to tell the application.
    pub idp_entity_id: String,
    /// Where Descope signs users in, to tell the application.
    pub idp_sso_url: String,
    /// The certificate Descope signs with, to tell the application.
    pub idp_cert: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

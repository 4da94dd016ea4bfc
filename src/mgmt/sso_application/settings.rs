//! What an application is created and updated with.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::JwtBearerSettings;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::options::setters;
use crate::secret::{self, Secret};

/// The settings of an application that speaks OpenID Connect.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OidcApplication {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A picture, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Whether users may sign in to it. Defaults to `true`.
    #[serde(serialize_with = "or_true")]
    pub enabled: Option<bool>,
    /// The page with the sign-in flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_page_url: Option<String>,
    /// Whether users must sign in each time, even if they are signed in. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_authentication: Option<bool>,
    /// Attributes of the application, defined by the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// `confidential` or `public` (RFC 6749 section 2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_type: Option<String>,
    /// Where users may be sent back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_redirect_urls: Option<Vec<String>>,
    /// Where to tell of a logout (OpenID Connect Back-Channel Logout).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back_channel_logout_url: Option<String>,
    /// Whether PKCE (RFC 7636) is required of confidential clients too. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_pkce: Option<bool>,
    /// The `aud` of its tokens: `projectId`, `clientId`, or empty for both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_audience: Option<String>,
    /// Whether the authorization code grant is off. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_code_disabled: Option<bool>,
    /// Whether the client credentials grant is off. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_credentials_disabled: Option<bool>,
    /// Whether the device code grant is off. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_code_disabled: Option<bool>,
    /// Whether the refresh token grant is off. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_disabled: Option<bool>,
    /// Whether the JWT bearer grant (RFC 7523) is off. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt_bearer_disabled: Option<bool>,
    /// Whose tokens the JWT bearer grant takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt_bearer_settings: Option<JwtBearerSettings>,
    /// Names of claims that its ID tokens have beyond those of the standard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<Vec<String>>,
    /// The page of a sign-in that starts at Descope, in place of `login_page_url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_idp_initiated_login_page_url: Option<String>,
}

setters!(OidcApplication {
    description: opt<String>, logo: opt<String>, enabled: opt<bool>, login_page_url: opt<String>,
    force_authentication: opt<bool>, custom_attributes: opt_map<Value>, client_type: opt<String>,
    approved_redirect_urls: opt_list<String>,
    back_channel_logout_url: opt<String>, force_pkce: opt<bool>, default_audience: opt<String>,
    authorization_code_disabled: opt<bool>, client_credentials_disabled: opt<bool>,
    device_code_disabled: opt<bool>, refresh_token_disabled: opt<bool>,
    jwt_bearer_disabled: opt<bool>, jwt_bearer_settings: opt<JwtBearerSettings>,
    claims: opt_list<String>, custom_idp_initiated_login_page_url: opt<String>,
});

/// A new application that speaks OpenID Connect.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewOidcApplication {
    /// The application's ID. Defaults to one that Descope makes up.
    #[serde(skip)]
    pub id: Option<String>,
    /// The client ID. Defaults to one that Descope makes up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The client secret. Defaults to one that Descope makes up.
    #[serde(serialize_with = "secret::expose", skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// Everything that can be changed later.
    #[serde(flatten)]
    pub settings: OidcApplication,
}

impl NewOidcApplication {
    /// A new application with these settings.
    pub fn new(settings: OidcApplication) -> Self {
        Self { settings, ..Self::default() }
    }
}

setters!(NewOidcApplication {
    id: opt<String>, client_id: opt<String>, client_secret: opt<Secret>,
    settings: nested<OidcApplication>,
});

/// The settings of an application that speaks SAML.
///
/// Start with [`new`](Self::new) or [`by_metadata`](Self::by_metadata).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SamlApplication {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A picture, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Whether users may sign in to it. Defaults to `true`.
    #[serde(serialize_with = "or_true")]
    pub enabled: Option<bool>,
    /// The page with the sign-in flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_page_url: Option<String>,
    /// Whether users must sign in each time, even if they are signed in. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_authentication: Option<bool>,
    /// Attributes of the application, defined by the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    #[serde(flatten)]
    provider: ServiceProvider,
    /// Other URLs that users may be sent back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acs_allowed_callbacks: Option<Vec<String>>,
    /// What it is told of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute_mapping: Option<Vec<SamlAttribute>>,
    /// What it is told of the user's roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups_mapping: Option<Vec<SamlGroups>>,
    /// What identifies the user, such as `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_name_id_type: Option<String>,
    /// The format of what identifies the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_name_id_format: Option<String>,
    /// The relay state of a sign-in that starts at Descope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_relay_state: Option<String>,
    /// The algorithm that sign-ins which start at Descope are signed with: `sha256`, or empty for
    /// SHA-1, Descope's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_signature_algorithm: Option<String>,
    /// Where users go after a logout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logout_redirect_url: Option<String>,
    /// Where users go when something goes wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_redirect_url: Option<String>,
}

setters!(SamlApplication {
    description: opt<String>, logo: opt<String>, enabled: opt<bool>, login_page_url: opt<String>,
    force_authentication: opt<bool>, custom_attributes: opt_map<Value>,
    acs_allowed_callbacks: opt_list<String>,
    attribute_mapping: opt_list<SamlAttribute>, groups_mapping: opt_list<SamlGroups>,
    subject_name_id_type: opt<String>, subject_name_id_format: opt<String>,
    default_relay_state: opt<String>, default_signature_algorithm: opt<String>,
    logout_redirect_url: opt<String>, error_redirect_url: opt<String>,
});

impl SamlApplication {
    /// An application with this entity ID, which users are sent back to at this URL (its assertion
    /// consumer service), and which signs with this certificate in PEM.
    pub fn new(
        entity_id: impl Into<String>,
        acs_url: impl Into<String>,
        certificate: impl Into<String>,
    ) -> Self {
        Self::of(ServiceProvider {
            entity_id: Some(entity_id.into()),
            acs_url: Some(acs_url.into()),
            certificate: Some(certificate.into()),
            ..ServiceProvider::default()
        })
    }

    /// An application that publishes its metadata at this URL.
    pub fn by_metadata(metadata_url: impl Into<String>) -> Self {
        Self::of(ServiceProvider {
            use_metadata_info: true,
            metadata_url: Some(metadata_url.into()),
            ..ServiceProvider::default()
        })
    }

    fn of(provider: ServiceProvider) -> Self {
        Self {
            description: None,
            logo: None,
            enabled: None,
            login_page_url: None,
            force_authentication: None,
            custom_attributes: None,
            provider,
            acs_allowed_callbacks: None,
            attribute_mapping: None,
            groups_mapping: None,
            subject_name_id_type: None,
            subject_name_id_format: None,
            default_relay_state: None,
            default_signature_algorithm: None,
            logout_redirect_url: None,
            error_redirect_url: None,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let provider = &self.provider;
        [
            ("metadata_url", &provider.metadata_url),
            ("entity_id", &provider.entity_id),
            ("acs_url", &provider.acs_url),
            ("certificate", &provider.certificate),
        ]
        .into_iter()
        .filter_map(|(name, text)| Some((name, text.as_deref()?)))
        .try_for_each(|(name, text)| check::filled(name, text))
    }
}

/// What an application that speaks SAML says of itself: its metadata, or what stands in them.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceProvider {
    use_metadata_info: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acs_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
}

/// A new application that speaks SAML.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct NewSamlApplication {
    /// The application's ID. Defaults to one that Descope makes up.
    #[serde(skip)]
    pub id: Option<String>,
    /// Everything that can be changed later.
    #[serde(flatten)]
    pub settings: SamlApplication,
}

impl NewSamlApplication {
    /// A new application with these settings.
    pub fn new(settings: SamlApplication) -> Self {
        Self { id: None, settings }
    }
}

setters!(NewSamlApplication { id: opt<String> });

/// What an application is told of a user.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct SamlAttribute {
    /// The attribute's name.
    pub name: String,
    /// The format of the name.
    #[serde(rename = "type")]
    pub kind: String,
    /// What of the user it holds.
    pub value: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl SamlAttribute {
    /// An attribute that holds this of the user, under a name of this format.
    pub fn new(name: impl Into<String>, kind: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), kind: kind.into(), value: value.into(), extra: Extra::default() }
    }
}

/// What an application is told of a user's roles.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct SamlGroups {
    /// The attribute's name.
    pub name: String,
    /// The format of the name.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which roles it is about, such as `roles`.
    pub filter_type: String,
    /// What of the roles it holds.
    pub value: String,
    /// The roles.
    pub roles: Vec<SamlRole>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl SamlGroups {
    /// An attribute that holds this of the user's roles, under a name of this format.
    pub fn new(
        name: impl Into<String>,
        kind: impl Into<String>,
        filter_type: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            kind: kind.into(),
            filter_type: filter_type.into(),
            value: value.into(),
            roles: Vec::new(),
            extra: Extra::default(),
        }
    }
}

setters!(SamlGroups { roles: list<SamlRole> });

/// A role that [`SamlGroups`] is about.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct SamlRole {
    /// The role's ID.
    pub id: String,
    /// The role's name.
    pub name: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl SamlRole {
    /// The role with this ID and name.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), extra: Extra::default() }
    }
}

/// The settings of an application that speaks WS-Federation.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WsFedApplication {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A picture, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Whether users may sign in to it. Defaults to `true`.
    #[serde(serialize_with = "or_true")]
    pub enabled: Option<bool>,
    /// The page with the sign-in flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_page_url: Option<String>,
    /// Whether users must sign in each time, even if they are signed in. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_authentication: Option<bool>,
    /// Attributes of the application, defined by the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// What it calls itself: its `wtrealm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
    /// Where users are sent back to: its `wreply`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_url: Option<String>,
    /// Other URLs that users may be sent back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_allowed_callbacks: Option<Vec<String>>,
    /// What it is told of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute_mapping: Option<Vec<SamlAttribute>>,
    /// What it is told of the user's roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups_mapping: Option<Vec<SamlGroups>>,
    /// Where users go after a logout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logout_redirect_url: Option<String>,
    /// Where users go when something goes wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_redirect_url: Option<String>,
}

setters!(WsFedApplication {
    description: opt<String>, logo: opt<String>, enabled: opt<bool>, login_page_url: opt<String>,
    force_authentication: opt<bool>, custom_attributes: opt_map<Value>, realm: opt<String>,
    reply_url: opt<String>, reply_allowed_callbacks: opt_list<String>,
    attribute_mapping: opt_list<SamlAttribute>, groups_mapping: opt_list<SamlGroups>,
    logout_redirect_url: opt<String>, error_redirect_url: opt<String>,
});

/// A new application that speaks WS-Federation.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct NewWsFedApplication {
    /// The application's ID. Defaults to one that Descope makes up.
    #[serde(skip)]
    pub id: Option<String>,
    /// Everything that can be changed later.
    #[serde(flatten)]
    pub settings: WsFedApplication,
}

impl NewWsFedApplication {
    /// A new application with these settings.
    pub fn new(settings: WsFedApplication) -> Self {
        Self { id: None, settings }
    }
}

setters!(NewWsFedApplication { id: opt<String> });

/// Descope takes an application that does not say for a disabled one.
#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn or_true<S: Serializer>(
    enabled: &Option<bool>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_bool(enabled.unwrap_or(true))
}

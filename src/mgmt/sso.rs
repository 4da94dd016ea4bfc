//! SSO configurations: the identity providers that the users of a tenant sign in with. Feature
//! `mgmt-sso`.

// In the order in which rustdoc shows the operations.
mod configuration;

mod cross_app;

mod legacy;

mod mapping;
mod settings;

use serde::Serialize;

pub use self::cross_app::{CrossAppAccess, CrossAppUpdate, TrustedIssuer, TrustedIssuers};
pub use self::legacy::{LegacyOptions, LegacySettings, UserMapping};
pub use self::mapping::{
    AttributeMapping, FgaMapping, FgaRelation, GroupsMapping, OidcAttributeMapping, RoleItem,
    RoleMapping,
};
pub use self::settings::{
    OidcProvider, OidcSettings, SamlMetadata, SamlOptions, SamlProvider, SamlSettings, SsoSettings,
};
use super::Mgmt;
use crate::options::setters;

/// SSO configurations; see [`Mgmt::sso`].
///
/// A tenant has a default configuration, and may have more, each with an ID of its own. Calls work on
/// the default one unless their options name another. Configuring replaces: what is left unset is cleared.
#[derive(Clone, Copy, Debug)]
pub struct SsoConfigurations<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// How the users of a tenant sign in by SSO: its identity providers.
    pub fn sso(self) -> SsoConfigurations<'c> {
        SsoConfigurations(self)
    }
}

/// Which of a tenant's SSO configurations a call is about.
///
/// ```
/// use descope::mgmt::sso::ConfigurationOptions;
///
/// let subsidiary = ConfigurationOptions::default().sso_id("subsidiary");
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ConfigurationOptions {
    /// The ID of the configuration. Defaults to the tenant's default configuration, and to an ID that
    /// Descope makes up for a new one.
    pub sso_id: Option<String>,
}

setters!(ConfigurationOptions { sso_id: opt<String> });

/// The URLs of [`SsoConfigurations::configure_redirect_urls`].
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct RedirectUrls {
    /// After signing in by SAML.
    #[serde(rename = "samlRedirectUrl", skip_serializing_if = "Option::is_none")]
    pub saml: Option<String>,
    /// After signing in by OpenID Connect.
    #[serde(rename = "oauthRedirectUrl", skip_serializing_if = "Option::is_none")]
    pub oauth: Option<String>,
    /// The ID of the SSO configuration. Defaults to the tenant's default one.
    #[serde(skip)]
    pub sso_id: Option<String>,
}

setters!(RedirectUrls { saml: opt<String>, oauth: opt<String>, sso_id: opt<String> });

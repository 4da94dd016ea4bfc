//! SSO applications: programs that sign their users in through this project. Feature `mgmt-sso-app`.

// In the order in which rustdoc shows the operations.
mod manage;

mod attributes;

mod details;
mod settings;

pub use self::details::{AppType, OidcDetails, SamlDetails, SsoApplication, WsFedDetails};
pub use self::settings::{
    NewOidcApplication, NewSamlApplication, NewWsFedApplication, OidcApplication, SamlApplication,
    SamlAttribute, SamlGroups, SamlRole, WsFedApplication,
};
use super::Mgmt;
pub use super::application::{
    AddSecretOptions, IssuerSettings, JwtBearerSettings, NewSecret, SecretInfo, SecretOptions,
    SecretStatus,
};
pub use super::attribute::{AttributeKind, AttributeOption, CustomAttribute};

/// SSO applications; see [`Mgmt::sso_application`].
///
/// Here Descope is the identity provider, and the application its client. The other way round, where
/// the users of a tenant come from an identity provider elsewhere, is the area `sso`.
///
/// Updates replace: what is left unset is cleared, and the application enabled.
#[derive(Clone, Copy, Debug)]
pub struct SsoApplications<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// SSO applications: programs that sign their users in through this project.
    pub fn sso_application(self) -> SsoApplications<'c> {
        SsoApplications(self)
    }
}

//! Inbound applications: OAuth clients of this project, such as partners, machines and MCP clients.
//! Feature `mgmt-inbound-app`.
//!
//! Descope also calls them third-party applications. Their users consent to what they may do.

mod apps;
mod consents;
mod secrets;
mod settings;

pub use self::consents::{Consent, ConsentFilter, ConsentSearch, TenantConsentFilter};
pub use self::settings::{
    AppScope, AppScopeClaims, CreatedInboundApp, DefaultAudience, InboundApp, InboundAppPatch,
    InboundAppSearch, InboundAppSettings, NewInboundApp,
};
use super::Mgmt;
pub use super::application::{
    AddSecretOptions, IssuerSettings, JwtBearerSettings, NewSecret, SecretInfo, SecretOptions,
    SecretStatus,
};

/// Inbound applications; see [`Mgmt::inbound_app`].
#[derive(Clone, Copy, Debug)]
pub struct InboundApps<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Inbound applications: OAuth clients of this project, such as partners, machines and MCP
    /// clients.
    pub fn inbound_app(self) -> InboundApps<'c> {
        InboundApps(self)
    }
}

//! Outbound applications: other services that act for your users and tenants. Feature
//! `mgmt-outbound-app`.
//!
//! Descope keeps the tokens of users and tenants for these services, and refreshes them:
//! [`OutboundTokens`] fetches them for agents and jobs. A user connects to a service by themselves
//! through [`auth::outbound`](crate::auth::outbound).

mod apps;
mod settings;
mod tokens;
mod upload;

pub use self::settings::{
    AccessType, NewOutboundApp, OutboundApp, OutboundAppSettings, OutboundAppUpdate, Prompt,
    TemplateOverrides, TemplatedOutboundApp, UrlParam,
};
pub use self::tokens::{
    OutboundToken, OutboundTokens, TenantTokenOptions, TokenAge, UserTokenOptions,
};
pub use self::upload::{
    InTenant, RefreshCheck, TenantTokenUpload, TokenUpload, TokensToDelete, UploadFailure,
    UserTokenUpload,
};
use super::Mgmt;

/// Outbound applications; see [`Mgmt::outbound_app`].
#[derive(Clone, Copy, Debug)]
pub struct OutboundApps<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Outbound applications: other services that act for your users and tenants.
    pub fn outbound_app(self) -> OutboundApps<'c> {
        OutboundApps(self)
    }
}

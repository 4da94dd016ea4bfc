//! Managing users, tenants and the project itself: [`Client::mgmt`].

use crate::call::Call;
use crate::client::Client;
use crate::transport::http::Method;

#[cfg(feature = "mgmt-access-key")]
pub mod access_key;
#[cfg(any(feature = "mgmt-sso-app", feature = "mgmt-inbound-app"))]
mod application;
#[cfg(any(feature = "mgmt-user", feature = "mgmt-family", feature = "mgmt-sso-app"))]
mod attribute;
#[cfg(feature = "audit")]
pub mod audit;
#[cfg(feature = "authz")]
pub mod authz;
#[cfg(feature = "mgmt-descoper")]
pub mod descoper;
#[cfg(feature = "mgmt-engine")]
pub mod engine;
#[cfg(feature = "mgmt-family")]
pub mod family;
#[cfg(feature = "fga")]
pub mod fga;
#[cfg(feature = "mgmt-flow")]
pub mod flow;
#[cfg(feature = "mgmt-group")]
pub mod group;
#[cfg(feature = "mgmt-inbound-app")]
pub mod inbound_app;
#[cfg(feature = "mgmt-jwt")]
pub mod jwt;
#[cfg(feature = "mgmt-jwt-template")]
pub mod jwt_template;
#[cfg(feature = "mgmt-list")]
pub mod list;
#[cfg(feature = "mgmt-management-key")]
pub mod management_key;
#[cfg(feature = "mgmt-outbound-app")]
pub mod outbound_app;
#[cfg(feature = "mgmt-outbound-scim")]
pub mod outbound_scim;
#[cfg(feature = "mgmt-password")]
pub mod password;
#[cfg(feature = "mgmt-permission")]
pub mod permission;
#[cfg(feature = "mgmt-project")]
pub mod project;
#[cfg(feature = "mgmt-role")]
pub mod role;
pub mod schema;
#[cfg(feature = "mgmt-scope-claim-mapping")]
pub mod scope_claim_mapping;
#[cfg(feature = "mgmt-sso")]
pub mod sso;
#[cfg(feature = "mgmt-sso-app")]
pub mod sso_application;
#[cfg(feature = "mgmt-tenant")]
pub mod tenant;
#[cfg(feature = "mgmt-theme")]
pub mod theme;
#[cfg(feature = "mgmt-user")]
pub mod user;

/// Everything that needs a management key, an area each; see [`Client::mgmt`].
///
/// # Errors
///
/// Every call may fail with
///
/// * [`Error::Config`](crate::Error::Config) without a management key, before anything is sent;
/// * [`Error::Argument`](crate::Error::Argument) for an ID or name that is empty or cannot be one,
///   likewise;
/// * [`Error::Api`](crate::Error::Api) with HTTP status 401 or 403 if the key is wrong, or not allowed
///   to do this, and with [`RATE_LIMIT_EXCEEDED`](crate::codes::RATE_LIMIT_EXCEEDED) after too many
///   calls;
/// * [`Error::Transport`](crate::Error::Transport) if no answer came, and
///   [`Error::Decode`](crate::Error::Decode) for one that cannot be read.
///
/// What else may happen is said with each.
#[derive(Clone, Copy, Debug)]
pub struct Mgmt<'c>(&'c Client);

impl Client {
    /// Managing users, tenants and the project itself.
    ///
    /// Every call needs a management key, from
    /// [`ClientBuilder::management_key`](crate::ClientBuilder::management_key) or the environment's
    /// `DESCOPE_MANAGEMENT_KEY`, and fails with [`Error::Config`](crate::Error::Config) without one,
    /// before anything is sent.
    pub fn mgmt(&self) -> Mgmt<'_> {
        Mgmt(self)
    }
}

impl<'c> Mgmt<'c> {
    /// A call that changes something. Mark those that do not as [`Call::safe`].
    pub(crate) fn post(self, path: &'static str) -> Call<'c> {
        self.0.post(path).management()
    }

    pub(crate) fn get(self, path: &'static str) -> Call<'c> {
        self.0.get(path).management()
    }

    pub(crate) fn call(self, method: Method, path: &'static str) -> Call<'c> {
        self.0.request(method, path).management()
    }
}

//! Connecting a user's accounts at other services. Feature `mgmt-outbound-app`.

use serde::Serialize;

use super::Auth;
use crate::check;
use crate::client::Client;
use crate::error::Result;
use crate::options::setters;

/// Connecting a user's accounts at other services; see [`Auth::outbound`].
///
/// What the services are is set up with management's outbound applications, which also fetch the
/// tokens that come of it.
#[derive(Clone, Copy, Debug)]
pub struct OutboundConnections<'c>(&'c Client);

impl<'c> Auth<'c> {
    /// Connecting a user's accounts at other services.
    pub fn outbound(self) -> OutboundConnections<'c> {
        OutboundConnections(self.0)
    }
}

impl OutboundConnections<'_> {
    /// Begins to connect a signed-in user to a service, and returns the URL to send their browser to.
    /// The service asks them for their consent, and Descope keeps the token that it gives.
    ///
    /// ```no_run
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let refresh_token = "eyJ";
    /// use descope::auth::outbound::ConnectOptions;
    ///
    /// let options = ConnectOptions::default()
    ///     .redirect_url("https://app.example.com/connected")
    ///     .scopes(["calendar.read"]);
    /// let url = client.auth().outbound().connect("calendar", refresh_token, &options)?;
    /// println!("redirect the browser to {url}");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with HTTP status 401 if the session has ended, and if there
    /// is no such application.
    pub fn connect(
        &self,
        app_id: &str,
        refresh_token: &str,
        options: &ConnectOptions,
    ) -> Result<String> {
        let (tenant_id, tenant_level) = match &options.tenant {
            None => (None, None),
            Some(Connection::InTenant(id)) => (Some(id), None),
            Some(Connection::OfTenant(id)) => (Some(id), Some(true)),
        };
        self.0
            .post("/v1/outbound/oauth/connect")
            .bearer("refresh_token", refresh_token)
            .check(check::id("app_id", app_id))
            .check(tenant_id.map_or(Ok(()), |id| check::id("tenant_id", id)))
            .field("appId", app_id)
            .field("tenantId", tenant_id)
            .field("tenantLevel", tenant_level)
            .options("options", options)
            .send_url()
    }
}

/// Options of [`OutboundConnections::connect`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConnectOptions {
    /// Where users return to. Defaults to the application's own setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// The scopes to ask for. Default to the application's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// What the service asks its user for (OpenID Connect Core section 3.1.2.1), such as `consent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Vec<String>>,
    /// The account that the user probably has at the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    /// What the token is to be used for (RFC 8707).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<String>>,
    /// A name for this account, to tell several accounts at the service apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_identifier: Option<String>,
    /// Whose connection it is, where it is about a tenant. Defaults to the user's own.
    #[serde(skip)]
    pub tenant: Option<Connection>,
}

setters!(ConnectOptions {
    redirect_url: opt<String>, scopes: opt_list<String>, prompt: opt_list<String>,
    login_hint: opt<String>, resources: opt_list<String>, external_identifier: opt<String>,
    tenant: opt<Connection>,
});

/// Whose connection it is, where it is about a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Connection {
    /// The user's, as a member of the tenant with this ID.
    InTenant(String),
    /// That of the tenant with this ID, for all its members.
    OfTenant(String),
}

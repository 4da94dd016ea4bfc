//! Fetching the tokens that Descope keeps.

use serde::{Deserialize, Serialize};

use super::{Mgmt, OutboundApps};
use crate::call::{Call, Credential};
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::options::setters;
use crate::secret::Secret;
use crate::time::UnixTime;

/// The tokens of users and tenants for other services; see [`OutboundApps::tokens`] and
/// [`OutboundApps::tokens_as`].
///
/// # Errors
///
/// Every call fails with [`Error::Api`](crate::Error::Api) if there is no such application, user or
/// tenant, if it has no token with these scopes, and if the service refuses to refresh it.
#[derive(Clone, Copy, Debug)]
pub struct OutboundTokens<'c> {
    mgmt: Mgmt<'c>,
    credential: Credential<'c>,
}

/// # Fetching tokens
impl<'c> OutboundApps<'c> {
    /// Fetching tokens with the client's management key: those of all users and tenants.
    pub fn tokens(self) -> OutboundTokens<'c> {
        OutboundTokens { mgmt: self.0, credential: Credential::ManagementKey }
    }

    /// Fetching tokens with an access token of an inbound application, such as the one that an MCP
    /// client sends along: only what its user has consented to. The client needs no management key for
    /// this, and sends none.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let made = emulator.seed(&serde_json::json!({
    /// #     "users": [{ "loginId": "ada", "state": { "userId": "U2abc" } }],
    /// #     "inboundApps": [{ "id": "mcp", "name": "MCP" }],
    /// #     "inboundConsents": [{ "appId": "mcp", "loginId": "ada", "scopes": ["openid"] }],
    /// #     "outboundApps": [{ "id": "calendar", "name": "Calendar" }],
    /// #     "outboundTokens": [{ "appId": "calendar", "loginId": "ada", "refreshToken": "r" }],
    /// # })).unwrap();
    /// # let access_token = made["inboundConsents"][0]["accessToken"].as_str().unwrap();
    /// let tokens = client.mgmt().outbound_app().tokens_as(access_token);
    /// let token = tokens.load_for_user("calendar", "U2abc", &Default::default())?;
    /// println!("a token with the scopes {:?}", token.scopes);
    /// # Ok::<(), descope::Error>(())
    /// ```
    pub fn tokens_as(self, inbound_token: &'c str) -> OutboundTokens<'c> {
        OutboundTokens { mgmt: self.0, credential: Credential::Token(inbound_token) }
    }
}

impl OutboundTokens<'_> {
    /// Loads the latest token of a user, whatever its scopes. Descope refreshes it first if it has
    /// expired.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "users": [{ "loginId": "ada", "userTenants": [{ "tenantId": "acme" }],
    /// #         "state": { "userId": "U2abc" } }],
    /// #     "outboundApps": [{ "id": "calendar", "name": "Calendar" }],
    /// #     "outboundTokens": [{ "appId": "calendar", "loginId": "ada", "tenantId": "acme",
    /// #         "refreshToken": "r" }],
    /// # })).unwrap();
    /// use descope::mgmt::outbound_app::{TokenAge, UserTokenOptions};
    ///
    /// let options = UserTokenOptions::default().tenant_id("acme").age(TokenAge::Fresh);
    /// let tokens = client.mgmt().outbound_app().tokens();
    /// let token = tokens.load_for_user("calendar", "U2abc", &options)?;
    /// let header = format!("Bearer {}", token.access_token.expose());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every such call](OutboundTokens#errors).
    pub fn load_for_user(
        &self,
        app_id: &str,
        user_id: &str,
        options: &UserTokenOptions,
    ) -> Result<OutboundToken> {
        self.user("/v1/mgmt/outbound/app/user/token/latest", app_id, user_id, options)
            .send_field("token")
    }

    /// Loads the token of a user that has these scopes; otherwise like
    /// [`load_for_user`](Self::load_for_user).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "users": [{ "loginId": "ada", "state": { "userId": "U2abc" } }],
    /// #     "outboundApps": [{ "id": "calendar", "name": "Calendar" }],
    /// #     "outboundTokens": [{ "appId": "calendar", "loginId": "ada", "refreshToken": "r",
    /// #         "scopes": ["calendar.read"] }],
    /// # })).unwrap();
    /// let tokens = client.mgmt().outbound_app().tokens();
    /// let scopes = ["calendar.read"];
    /// let token =
    ///     tokens.load_for_user_with_scopes("calendar", "U2abc", &scopes, &Default::default())?;
    /// println!("it expires at {:?}", token.access_token_expiry);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every such call](OutboundTokens#errors), and
    /// [`Error::Argument`](crate::Error::Argument) for no scope at all.
    pub fn load_for_user_with_scopes(
        &self,
        app_id: &str,
        user_id: &str,
        scopes: &[&str],
        options: &UserTokenOptions,
    ) -> Result<OutboundToken> {
        self.user("/v1/mgmt/outbound/app/user/token", app_id, user_id, options)
            .ids("scopes", "scopes", scopes)
            .send_field("token")
    }

    /// Loads the latest token of a tenant, whatever its scopes. Descope refreshes it first if it has
    /// expired.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "outboundApps": [{ "id": "calendar", "name": "Calendar" }],
    /// #     "outboundTokens": [{ "appId": "calendar", "tenantId": "acme", "refreshToken": "r",
    /// #         "scopes": ["calendar.read"] }],
    /// # })).unwrap();
    /// let tokens = client.mgmt().outbound_app().tokens();
    /// let token = tokens.load_for_tenant("calendar", "acme", &Default::default())?;
    /// let header = format!("Bearer {}", token.access_token.expose());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every such call](OutboundTokens#errors).
    pub fn load_for_tenant(
        &self,
        app_id: &str,
        tenant_id: &str,
        options: &TenantTokenOptions,
    ) -> Result<OutboundToken> {
        self.tenant("/v1/mgmt/outbound/app/tenant/token/latest", app_id, tenant_id, options)
            .send_field("token")
    }

    /// Loads the token of a tenant that has these scopes; otherwise like
    /// [`load_for_tenant`](Self::load_for_tenant).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "outboundApps": [{ "id": "calendar", "name": "Calendar" }],
    /// #     "outboundTokens": [{ "appId": "calendar", "tenantId": "acme", "refreshToken": "r",
    /// #         "scopes": ["calendar.read"] }],
    /// # })).unwrap();
    /// let tokens = client.mgmt().outbound_app().tokens();
    /// let scopes = ["calendar.read"];
    /// let token =
    ///     tokens.load_for_tenant_with_scopes("calendar", "acme", &scopes, &Default::default())?;
    /// println!("it expires at {:?}", token.access_token_expiry);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every such call](OutboundTokens#errors), and
    /// [`Error::Argument`](crate::Error::Argument) for no scope at all.
    pub fn load_for_tenant_with_scopes(
        &self,
        app_id: &str,
        tenant_id: &str,
        scopes: &[&str],
        options: &TenantTokenOptions,
    ) -> Result<OutboundToken> {
        self.tenant("/v1/mgmt/outbound/app/tenant/token", app_id, tenant_id, options)
            .ids("scopes", "scopes", scopes)
            .send_field("token")
    }

    fn user(
        &self,
        path: &'static str,
        app_id: &str,
        user_id: &str,
        options: &UserTokenOptions,
    ) -> Call<'_> {
        self.call(path, app_id)
            .check(check::id("user_id", user_id))
            .field("userId", user_id)
            .field("tenantId", &options.tenant_id)
            .field("externalIdentifier", &options.external_identifier)
            .options("options", &Wanted::new(options.with_refresh_token, options.age))
    }

    fn tenant(
        &self,
        path: &'static str,
        app_id: &str,
        tenant_id: &str,
        options: &TenantTokenOptions,
    ) -> Call<'_> {
        self.call(path, app_id)
            .check(check::id("tenant_id", tenant_id))
            .field("tenantId", tenant_id)
            .field("externalIdentifier", &options.external_identifier)
            .options("options", &Wanted::new(options.with_refresh_token, options.age))
    }

    /// It may refresh a token, and so is not repeated without need.
    fn call(&self, path: &'static str, app_id: &str) -> Call<'_> {
        self.mgmt
            .0
            .post(path)
            .credential(self.credential)
            .check(check::id("app_id", app_id))
            .field("appId", app_id)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    #[serde(skip_serializing_if = "Option::is_none")]
    with_refresh_token: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    force_refresh: Option<bool>,
}

impl Wanted {
    fn new(with_refresh_token: Option<bool>, age: Option<TokenAge>) -> Self {
        Self { with_refresh_token, force_refresh: age.map(|age| age == TokenAge::Fresh) }
    }
}

/// How old a token may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenAge {
    /// Any, as long as it has not expired.
    Any,
    /// It is refreshed first, even if it has not expired.
    Fresh,
}

/// Options of [`OutboundTokens::load_for_user`] and
/// [`OutboundTokens::load_for_user_with_scopes`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct UserTokenOptions {
    /// The tenant in which the user connected.
    pub tenant_id: Option<String>,
    /// Which of several accounts at the service: the identifier given when it was connected.
    pub external_identifier: Option<String>,
    /// Whether the answer has the refresh token too. Defaults to `false`.
    pub with_refresh_token: Option<bool>,
    /// How old the token may be. Defaults to [`TokenAge::Any`].
    pub age: Option<TokenAge>,
}

setters!(UserTokenOptions {
    tenant_id: opt<String>, external_identifier: opt<String>, with_refresh_token: opt<bool>,
    age: opt<TokenAge>,
});

/// Options of [`OutboundTokens::load_for_tenant`] and
/// [`OutboundTokens::load_for_tenant_with_scopes`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TenantTokenOptions {
    /// Which of several accounts at the service: the identifier given when it was connected.
    pub external_identifier: Option<String>,
    /// Whether the answer has the refresh token too. Defaults to `false`.
    pub with_refresh_token: Option<bool>,
    /// How old the token may be. Defaults to [`TokenAge::Any`].
    pub age: Option<TokenAge>,
}

setters!(TenantTokenOptions {
    external_identifier: opt<String>, with_refresh_token: opt<bool>, age: opt<TokenAge>,
});

/// A token for another service.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OutboundToken {
    /// What to call the service with.
    pub access_token: Secret,
    /// How to send it, such as `bearer`.
    pub access_token_type: Option<String>,
    /// When it expires, in seconds; `None` if that is unknown.
    #[serde(default, deserialize_with = "crate::time::or_never")]
    pub access_token_expiry: Option<UnixTime>,
    /// The token's ID, to [delete](OutboundApps::delete_token) it.
    #[serde(default)]
    pub id: String,
    /// The application's ID.
    pub app_id: Option<String>,
    /// The ID of the user whose token it is.
    pub user_id: Option<String>,
    /// The tenant whose token it is, or in which its user connected.
    pub tenant_id: Option<String>,
    /// Who the token is for, in the service's words.
    pub token_sub: Option<String>,
    /// The scopes it has.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whether Descope has a refresh token, and so can renew it.
    #[serde(default)]
    pub has_refresh_token: bool,
    /// The refresh token, if it was asked for.
    pub refresh_token: Option<Secret>,
    /// When it was last refreshed, in seconds; `None` if it never was.
    #[serde(default, deserialize_with = "crate::time::or_never")]
    pub last_refresh_time: Option<UnixTime>,
    /// Why the last refresh failed.
    pub last_refresh_error: Option<String>,
    /// Who gave the token.
    pub granted_by: Option<String>,
    /// Which of several accounts at the service it is for.
    pub external_identifier: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

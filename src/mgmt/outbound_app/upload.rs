//! Bringing tokens from elsewhere, and deleting tokens.

use serde::{Deserialize, Serialize};

use super::OutboundApps;
use crate::call::Call;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::options::setters;
use crate::secret::{self, Secret};
use crate::time::UnixTime;
use crate::transport::http::Method;

/// # Bringing and deleting tokens
impl OutboundApps<'_> {
    /// Uploads a user's token for a service, such as one from the system that you used before.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "users": [{ "loginId": "ada", "state": { "userId": "U2abc" } }],
    /// #     "outboundApps": [{ "id": "calendar", "name": "Calendar" }],
    /// # })).unwrap();
    /// use descope::mgmt::outbound_app::{RefreshCheck, TokenUpload, UserTokenUpload};
    ///
    /// let token = TokenUpload::refresh_token("the user's refresh token").scopes(["calendar.read"]);
    /// let upload = UserTokenUpload::new("calendar", "U2abc", token);
    /// client.mgmt().outbound_app().upload_user_token(&upload, RefreshCheck::Verify)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty ID or token or an expiry before 1970,
    /// [`Error::Api`](crate::Error::Api) if there is no such application or user, or the refresh token does
    /// not pass the check.
    pub fn upload_user_token(&self, upload: &UserTokenUpload, check: RefreshCheck) -> Result<()> {
        self.0
            .post("/v1/mgmt/outbound/app/user/oauthtoken/upload")
            .user_token(upload)
            .fields(upload)
            .field("verifyRefresh", check.verify())
            .send_unit()
    }

    /// Uploads the tokens of several users: all of them, or none. If any of them is refused, the
    /// answer says which and why, and nothing is uploaded. It is empty if all went well.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "users": [{ "loginId": "ada", "state": { "userId": "U2abc" } }],
    /// #     "outboundApps": [{ "id": "calendar", "name": "Calendar" }],
    /// # })).unwrap();
    /// use descope::mgmt::outbound_app::{TokenUpload, UserTokenUpload};
    ///
    /// let token = TokenUpload::access_token("the user's access token");
    /// let uploads = [UserTokenUpload::new("calendar", "U2abc", token)];
    /// for failure in client.mgmt().outbound_app().upload_user_token_batch(&uploads)? {
    ///     println!("{:?}: {:?}", failure.user_id, failure.reason);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for no upload at all, an empty ID or token, or an expiry
    /// before 1970.
    pub fn upload_user_token_batch(
        &self,
        uploads: &[UserTokenUpload],
    ) -> Result<Vec<UploadFailure>> {
        let call = self.0.post("/v1/mgmt/outbound/app/user/oauthtoken/batch/upload");
        uploads
            .iter()
            .fold(call.check(check::not_empty("uploads", uploads)), Call::user_token)
            .field("tokens", uploads)
            .send_list("failures")
    }

    /// Uploads a tenant's token for a service; otherwise like
    /// [`upload_user_token`](Self::upload_user_token).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "outboundApps": [{ "id": "calendar", "name": "Calendar" }],
    /// # })).unwrap();
    /// use descope::mgmt::outbound_app::{RefreshCheck, TenantTokenUpload, TokenUpload};
    ///
    /// let token = TokenUpload::refresh_token("the tenant's refresh token");
    /// let upload = TenantTokenUpload::new("calendar", "acme", token);
    /// client.mgmt().outbound_app().upload_tenant_token(&upload, RefreshCheck::Skip)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`upload_user_token`](Self::upload_user_token).
    pub fn upload_tenant_token(
        &self,
        upload: &TenantTokenUpload,
        check: RefreshCheck,
    ) -> Result<()> {
        self.0
            .post("/v1/mgmt/outbound/app/tenant/oauthtoken/upload")
            .tenant_token(upload)
            .fields(upload)
            .field("verifyRefresh", check.verify())
            .send_unit()
    }

    /// Uploads the tokens of several tenants: all of them, or none; see
    /// [`upload_user_token_batch`](Self::upload_user_token_batch).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "outboundApps": [{ "id": "calendar", "name": "Calendar" }],
    /// # })).unwrap();
    /// use descope::mgmt::outbound_app::{TenantTokenUpload, TokenUpload};
    ///
    /// let token = TokenUpload::access_token("the tenant's access token");
    /// let uploads = [TenantTokenUpload::new("calendar", "acme", token)];
    /// let failures = client.mgmt().outbound_app().upload_tenant_token_batch(&uploads)?;
    /// assert!(failures.is_empty(), "{failures:?}");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`upload_user_token_batch`](Self::upload_user_token_batch).
    pub fn upload_tenant_token_batch(
        &self,
        uploads: &[TenantTokenUpload],
    ) -> Result<Vec<UploadFailure>> {
        let call = self.0.post("/v1/mgmt/outbound/app/tenant/oauthtoken/batch/upload");
        uploads
            .iter()
            .fold(call.check(check::not_empty("uploads", uploads)), Call::tenant_token)
            .field("tokens", uploads)
            .send_list("failures")
    }

    /// Uploads a user's API key for a service that is used with such keys.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "users": [{ "loginId": "ada", "state": { "userId": "U2abc" } }],
    /// #     "outboundApps": [{ "id": "weather", "name": "Weather", "appType": "apikey" }],
    /// # })).unwrap();
    /// let apps = client.mgmt().outbound_app();
    /// apps.upload_user_api_key("weather", "U2abc", "the user's key", &Default::default())?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such application or user, or the application takes
    /// no API keys.
    pub fn upload_user_api_key(
        &self,
        app_id: &str,
        user_id: &str,
        api_key: &str,
        options: &InTenant,
    ) -> Result<()> {
        self.0
            .post("/v1/mgmt/outbound/app/user/apikey/upload")
            .check(check::id("app_id", app_id))
            .check(check::id("user_id", user_id))
            .check(check::filled("api_key", api_key))
            .field("appId", app_id)
            .field("userId", user_id)
            .secret("apiKey", api_key)
            .field("tenantId", &options.tenant_id)
            .send_unit()
    }

    /// Uploads a tenant's API key for a service that is used with such keys.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "outboundApps": [{ "id": "weather", "name": "Weather", "appType": "apikey" }],
    /// # })).unwrap();
    /// client.mgmt().outbound_app().upload_tenant_api_key("weather", "acme", "the tenant's key")?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such application or tenant, or the application takes
    /// no API keys.
    pub fn upload_tenant_api_key(
        &self,
        app_id: &str,
        tenant_id: &str,
        api_key: &str,
    ) -> Result<()> {
        self.0
            .post("/v1/mgmt/outbound/app/tenant/apikey/upload")
            .check(check::id("app_id", app_id))
            .check(check::id("tenant_id", tenant_id))
            .check(check::filled("api_key", api_key))
            .field("appId", app_id)
            .field("tenantId", tenant_id)
            .secret("apiKey", api_key)
            .send_unit()
    }

    /// Deletes a token. This cannot be undone.
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
    /// let apps = client.mgmt().outbound_app();
    /// let token = apps.tokens().load_for_user("calendar", "U2abc", &Default::default())?;
    /// apps.delete_token(&token.id)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no token has the ID.
    pub fn delete_token(&self, id: &str) -> Result<()> {
        self.0
            .call(Method::DELETE, "/v1/mgmt/outbound/token")
            .check(check::id("id", id))
            .query("id", id)
            .send_unit()
    }

    /// Deletes all tokens of a user, of an application, or of a user in an application. This cannot be
    /// undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::outbound_app::TokensToDelete;
    ///
    /// client.mgmt().outbound_app().delete_user_tokens(TokensToDelete::OfUser("U2abc"))?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty ID.
    pub fn delete_user_tokens(&self, tokens: TokensToDelete<'_>) -> Result<()> {
        let (app_id, user_id) = match tokens {
            TokensToDelete::OfApp(app_id) => (Some(app_id), None),
            TokensToDelete::OfUser(user_id) => (None, Some(user_id)),
            TokensToDelete::OfUserInApp { app_id, user_id } => (Some(app_id), Some(user_id)),
        };
        let given = |name, id: Option<&str>| id.map_or(Ok(()), |id| check::id(name, id));
        self.0
            .call(Method::DELETE, "/v1/mgmt/outbound/user/tokens")
            .check(given("app_id", app_id))
            .check(given("user_id", user_id))
            .query("appId", app_id)
            .query("userId", user_id)
            .send_unit()
    }
}

impl Call<'_> {
    fn user_token(self, upload: &UserTokenUpload) -> Self {
        self.check(check::id("app_id", &upload.app_id))
            .check(check::id("user_id", &upload.user_id))
            .token_upload(&upload.token)
    }

    fn tenant_token(self, upload: &TenantTokenUpload) -> Self {
        self.check(check::id("app_id", &upload.app_id))
            .check(check::id("tenant_id", &upload.tenant_id))
            .token_upload(&upload.token)
    }

    fn token_upload(self, upload: &TokenUpload) -> Self {
        let TokenUpload { access_token, refresh_token, id_token, .. } = upload;
        let filled = |name, token: &Option<Secret>| {
            token.as_ref().map_or(Ok(()), |token| check::filled(name, token.expose()))
        };
        self.check(filled("access_token", access_token))
            .check(filled("refresh_token", refresh_token))
            .check(filled("id_token", id_token))
            .check(check::expiry("access_token_expiry", upload.access_token_expiry))
            .hide([access_token, refresh_token, id_token].into_iter().flatten())
    }
}

/// A user's token to upload.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserTokenUpload {
    /// The application's ID.
    pub app_id: String,
    /// The user's ID.
    pub user_id: String,
    /// The tenant in which the user connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The token.
    #[serde(flatten)]
    pub token: TokenUpload,
}

impl UserTokenUpload {
    /// This token of a user for an application.
    pub fn new(app_id: impl Into<String>, user_id: impl Into<String>, token: TokenUpload) -> Self {
        Self { app_id: app_id.into(), user_id: user_id.into(), tenant_id: None, token }
    }
}

setters!(UserTokenUpload { tenant_id: opt<String> });

/// A tenant's token to upload.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TenantTokenUpload {
    /// The application's ID.
    pub app_id: String,
    /// The tenant's ID.
    pub tenant_id: String,
    /// The token.
    #[serde(flatten)]
    pub token: TokenUpload,
}

impl TenantTokenUpload {
    /// This token of a tenant for an application.
    pub fn new(
        app_id: impl Into<String>,
        tenant_id: impl Into<String>,
        token: TokenUpload,
    ) -> Self {
        Self { app_id: app_id.into(), tenant_id: tenant_id.into(), token }
    }
}

/// A token from elsewhere: an access token, a refresh token, or both.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TokenUpload {
    #[serde(serialize_with = "secret::expose", skip_serializing_if = "Option::is_none")]
    access_token: Option<Secret>,
    #[serde(serialize_with = "secret::expose", skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Secret>,
    /// The ID token that came with it.
    #[serde(serialize_with = "secret::expose", skip_serializing_if = "Option::is_none")]
    pub id_token: Option<Secret>,
    /// When the access token expires, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_expiry: Option<UnixTime>,
    /// How to send the access token, such as `bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_type: Option<String>,
    /// The scopes it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Which of several accounts at the service it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_identifier: Option<String>,
    /// Who gave the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granted_by: Option<String>,
}

impl TokenUpload {
    /// An access token. Once it has expired, the user has to connect again.
    pub fn access_token(token: impl Into<Secret>) -> Self {
        Self::new(Some(token.into()), None)
    }

    /// A refresh token.
    pub fn refresh_token(token: impl Into<Secret>) -> Self {
        Self::new(None, Some(token.into()))
    }

    /// An access token, and the refresh token to renew it with.
    pub fn both(access_token: impl Into<Secret>, refresh_token: impl Into<Secret>) -> Self {
        Self::new(Some(access_token.into()), Some(refresh_token.into()))
    }

    fn new(access_token: Option<Secret>, refresh_token: Option<Secret>) -> Self {
        Self {
            access_token,
            refresh_token,
            id_token: None,
            access_token_expiry: None,
            access_token_type: None,
            scopes: None,
            external_identifier: None,
            granted_by: None,
        }
    }
}

setters!(TokenUpload {
    id_token: opt<Secret>, access_token_expiry: opt<UnixTime>, access_token_type: opt<String>,
    scopes: opt_list<String>, external_identifier: opt<String>, granted_by: opt<String>,
});

/// Whether Descope tries a refresh token before it takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefreshCheck {
    /// It takes it as it is.
    Skip,
    /// It refreshes the token at the service, and refuses one that cannot be refreshed.
    Verify,
}

impl RefreshCheck {
    fn verify(self) -> bool {
        self == Self::Verify
    }
}

/// Options of [`OutboundApps::upload_user_api_key`] and [`OutboundApps::load_connected`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct InTenant {
    /// The tenant in which the user connected.
    pub tenant_id: Option<String>,
}

setters!(InTenant { tenant_id: opt<String> });

/// The tokens that [`OutboundApps::delete_user_tokens`] deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokensToDelete<'i> {
    /// All those of the application with this ID.
    OfApp(&'i str),
    /// All those of the user with this ID.
    OfUser(&'i str),
    /// All those of a user for an application.
    OfUserInApp {
        /// The application's ID.
        app_id: &'i str,
        /// The user's ID.
        user_id: &'i str,
    },
}

/// A token that could not be uploaded, and so kept all others from it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct UploadFailure {
    /// The application's ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// The ID of the user, in an upload for users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The ID of the tenant, in an upload for tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The error's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The error, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

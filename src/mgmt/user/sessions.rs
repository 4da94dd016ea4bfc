//! Users' tokens: of social providers, for links, and the ends of their sessions.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Users;
use crate::UnixTime;
use crate::check;
use crate::error::Result;
use crate::models::{SignInRecord, UserDetails};
use crate::options::setters;
use crate::secret::Secret;

impl Users<'_> {
    /// Gets the token that a social provider, such as `google`, gave when the user signed in with it.
    /// The project must be set up to keep these tokens.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::oauth::{OAuthOptions, providers};
    /// use descope::mgmt::user::ProviderTokenOptions;
    ///
    /// # let options = OAuthOptions::default().redirect_url("https://app.example.com/callback");
    /// # let url = client.auth().oauth().start(providers::GOOGLE, &options)?;
    /// # let callback = emulator.idp_sign_in(&url, "ada@example.com").unwrap();
    /// # client.auth().oauth().exchange(callback.split_once("?code=").unwrap().1)?;
    /// // After a sign-in by Google:
    /// let options = ProviderTokenOptions::default().with_refresh_token(true);
    /// let token = client.mgmt().user().provider_token("ada@example.com", "google", &options)?;
    /// println!("good for {:?}", token.scopes);
    /// # assert!(!token.access_token.expose().is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such user, or no token of this provider's.
    pub fn provider_token(
        &self,
        login_id: &str,
        provider: &str,
        options: &ProviderTokenOptions,
    ) -> Result<ProviderToken> {
        self.0
            .get("/v1/mgmt/user/provider/token")
            .check(check::id("login_id", login_id))
            .check(check::id("provider", provider))
            .query("loginId", login_id)
            .query("provider", provider)
            .query_flag("withRefreshToken", Some(options.with_refresh_token.unwrap_or_default()))
            .query_flag("forceRefresh", Some(options.force_refresh.unwrap_or_default()))
            .changes(options.force_refresh == Some(true))
            .send()
    }

    /// Makes the token of a link that signs a user in, for a message of your own. Finish with
    /// [`EmbeddedLinks::verify`](crate::auth::embedded_link::EmbeddedLinks::verify).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// use descope::mgmt::user::EmbeddedLinkOptions;
    ///
    /// let options = EmbeddedLinkOptions::default().custom_claims([("theme", "dark")]);
    /// let token = client.mgmt().user().generate_embedded_link("ada", &options)?;
    /// let signed_in = client.auth().embedded_link().verify(token.expose())?;
    /// assert_eq!(signed_in.claims().as_map()["theme"], "dark");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn generate_embedded_link(
        &self,
        login_id: &str,
        options: &EmbeddedLinkOptions,
    ) -> Result<Secret> {
        self.of_login("/v1/mgmt/user/signin/embeddedlink", login_id)
            .fields(options)
            .send_field("token")
    }

    /// Makes the token of a link that signs a new user up, for a message of your own. Finish with
    /// [`EmbeddedLinks::verify`](crate::auth::embedded_link::EmbeddedLinks::verify).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::user::SignUpEmbeddedLinkOptions;
    ///
    /// let options = SignUpEmbeddedLinkOptions::default().verified_email(true);
    /// let users = client.mgmt().user();
    /// let token = users.generate_sign_up_embedded_link("ada@example.com", &options)?;
    /// let signed_in = client.auth().embedded_link().verify(token.expose())?;
    /// assert_eq!(signed_in.user.login_ids, ["ada@example.com"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty login ID.
    pub fn generate_sign_up_embedded_link(
        &self,
        login_id: &str,
        options: &SignUpEmbeddedLinkOptions,
    ) -> Result<Secret> {
        self.of_login("/v1/mgmt/user/signup/embeddedlink", login_id)
            .options("user", &options.user)
            .options("loginOptions", &options.login_options)
            .field("emailVerified", false)
            .field("phoneVerified", false)
            .fields(options)
            .send_field("token")
    }

    /// Lists the sign-ins of users, who are named by Descope's own ID.
    ///
    /// Descope documents neither a largest number of users per call nor how far back it remembers. Ask for
    /// some hundred users at a time.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// # emulator.sign_in("ada").unwrap();
    /// let users = client.mgmt().user();
    /// let ada = users.load("ada")?;
    /// for sign_in in users.history(&[&ada.user_id])? {
    ///     println!("{} from {}", sign_in.login_time.as_seconds(), sign_in.ip);
    /// }
    /// # assert_eq!(users.history(&[&ada.user_id])?.len(), 1);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty ID.
    pub fn history(&self, user_ids: &[&str]) -> Result<Vec<SignInRecord>> {
        self.0
            .post("/v1/mgmt/user/history")
            .safe()
            .check(check::ids("user_ids", user_ids))
            .list(user_ids)
            .send::<Option<_>>()
            .map(Option::unwrap_or_default)
    }

    /// Signs a user out everywhere: refresh tokens are refused from now on, session tokens stay good
    /// until they expire.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// client.mgmt().user().logout("ada", &Default::default())?;
    /// assert!(client.auth().session().refresh(refresh_token).unwrap_err().is_unauthorized());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn logout(&self, login_id: &str, options: &LogoutOptions) -> Result<()> {
        self.of_login("/v1/mgmt/user/logout", login_id).fields(options).send_unit()
    }

    /// Signs a user out everywhere, by Descope's own ID; see [`logout`](Self::logout).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// let users = client.mgmt().user();
    /// let ada = users.load("ada")?;
    /// users.logout_by_user_id(&ada.user_id, &Default::default())?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// ID.
    pub fn logout_by_user_id(&self, user_id: &str, options: &LogoutOptions) -> Result<()> {
        self.of_user("/v1/mgmt/user/logout", user_id).fields(options).send_unit()
    }
}

/// Options of [`Users::provider_token`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ProviderTokenOptions {
    /// Whether to return the provider's refresh token too. Defaults to `false`.
    pub with_refresh_token: Option<bool>,
    /// Whether to get a new token from the provider though the old one is still good. Defaults to
    /// `false`.
    pub force_refresh: Option<bool>,
}

setters!(ProviderTokenOptions { with_refresh_token: opt<bool>, force_refresh: opt<bool> });

/// A user's token of a social provider.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ProviderToken {
    /// The provider, such as `google`.
    pub provider: String,
    /// The user's ID there.
    #[serde(rename = "providerUserID", alias = "providerUserId")]
    pub provider_user_id: String,
    /// The token.
    pub access_token: Secret,
    /// When it expires, in seconds; `None` if the provider does not say.
    #[serde(deserialize_with = "crate::time::or_never")]
    pub expiration: Option<UnixTime>,
    /// What it is good for.
    pub scopes: Vec<String>,
    /// The provider's refresh token, if it was asked for.
    pub refresh_token: Option<Secret>,
}

/// Options of [`Users::generate_embedded_link`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EmbeddedLinkOptions {
    /// Claims to put into the session token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// How long the token is good, in seconds, rounded up. Defaults to what the project has configured.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "crate::time::span")]
    pub timeout: Option<Duration>,
}

setters!(EmbeddedLinkOptions { custom_claims: opt_map<Value>, timeout: opt<Duration> });

/// What the session is to be like that a code or link of your program's begins, and the message that you
/// send it with.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GeneratedSignIn {
    /// Makes it a step-up session.
    #[serde(rename = "stepup", skip_serializing_if = "Option::is_none")]
    pub step_up: Option<bool>,
    /// Counts the sign-in as one more factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa: Option<bool>,
    /// Ends all other sessions of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_other_sessions: Option<bool>,
    /// Which kinds of session `revoke_other_sessions` ends. Defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_other_sessions_types: Option<Vec<String>>,
    /// Claims to put into the session token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// Another message template than the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Values to put into the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_options: Option<BTreeMap<String, String>>,
    /// The tenant to sign in to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The language of the message, such as `pt-BR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

setters!(GeneratedSignIn {
    step_up: opt<bool>, mfa: opt<bool>, revoke_other_sessions: opt<bool>,
    revoke_other_sessions_types: opt_list<String>, custom_claims: opt_map<Value>,
    template_id: opt<String>, template_options: opt_map<String>, tenant_id: opt<String>,
    locale: opt<String>,
});

/// Options of [`Users::generate_sign_up_embedded_link`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignUpEmbeddedLinkOptions {
    /// What is known of the user.
    #[serde(skip)]
    pub user: UserDetails,
    /// Options of the sign-in that follows.
    #[serde(skip)]
    pub login_options: GeneratedSignIn,
    /// Whether the e-mail address counts as verified. Defaults to `false`.
    #[serde(rename = "emailVerified", skip_serializing_if = "Option::is_none")]
    pub verified_email: Option<bool>,
    /// Whether the phone number counts as verified. Defaults to `false`.
    #[serde(rename = "phoneVerified", skip_serializing_if = "Option::is_none")]
    pub verified_phone: Option<bool>,
    /// How long the token is good, in seconds, rounded up. Defaults to what the project has configured.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "crate::time::span")]
    pub timeout: Option<Duration>,
}

setters!(SignUpEmbeddedLinkOptions {
    user: nested<UserDetails>, login_options: nested<GeneratedSignIn>,
    verified_email: opt<bool>, verified_phone: opt<bool>, timeout: opt<Duration>,
});

/// Options of [`Users::logout`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LogoutOptions {
    /// Which kinds of session to end. Defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_types: Option<Vec<String>>,
}

setters!(LogoutOptions { session_types: opt_list<String> });

//! OAuth without a redirect: in mobile apps, and by Google One Tap.

use std::fmt;

use serde_json::{Map, Value};

use super::OAuth;
use crate::auth::{AuthInfo, LoginOptions};
use crate::call::Call;
use crate::check;
use crate::error::Result;
use crate::options::setters;
use crate::secret::Secret;

/// # In a mobile app
impl OAuth<'_> {
    /// Begins a sign-in in a mobile app, by the provider's own library there. Returns what that
    /// library needs, as Descope gives it; finish with [`native_finish`](Self::native_finish).
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// use descope::auth::oauth::{NativeOptions, providers};
    ///
    /// let options = NativeOptions::default().implicit(true);
    /// let start = client.auth().oauth().native_start(providers::APPLE, &options)?;
    /// println!("for the app: {start:?}");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the project has no such provider.
    pub fn native_start(
        &self,
        provider: &str,
        options: &NativeOptions,
    ) -> Result<Map<String, Value>> {
        self.0
            .post("/v1/auth/oauth/native/start")
            .check(check::id("provider", provider))
            .field("provider", provider)
            .field("implicit", options.implicit)
            .login(&options.login)
            .send()
    }

    /// Finishes a sign-in in a mobile app, with what the provider's library returned.
    ///
    /// `state_id` is the `stateId` of [`native_start`](Self::native_start).
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// # let (state_id, id_token) = ("", "");
    /// use descope::auth::oauth::{NativeResult, providers};
    ///
    /// let result = NativeResult::default().id_token(id_token);
    /// let signed_in = client.auth().oauth().native_finish(providers::APPLE, state_id, &result)?;
    /// println!("hello, {}", signed_in.user.name.unwrap_or_default());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the provider does not confirm it.
    pub fn native_finish(
        &self,
        provider: &str,
        state_id: &str,
        result: &NativeResult,
    ) -> Result<AuthInfo> {
        self.0
            .post("/v1/auth/oauth/native/finish")
            .check(check::id("provider", provider))
            .check(check::id("state_id", state_id))
            .field("provider", provider)
            .field("stateId", state_id)
            .maybe_secret("user", result.user.as_ref())
            .maybe_secret("code", result.code.as_ref())
            .maybe_secret("idToken", result.id_token.as_ref())
            .once()
            .send_sign_in()
    }
}

/// # By Google One Tap
impl<'c> OAuth<'c> {
    /// The client ID that the web page needs to show Google One Tap.
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// let client_id = client.auth().oauth().load_one_tap_client_id("google")?;
    /// println!("for the page: {client_id}");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the project has no such provider.
    pub fn load_one_tap_client_id(&self, provider: &str) -> Result<String> {
        self.0.get("/v1/auth/onetap/clientid").segment("provider", provider).send_field("clientId")
    }

    /// Trades the ID token of Google One Tap for the user's session.
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// # let (id_token, nonce) = ("", "");
    /// use descope::auth::oauth::{OneTap, providers};
    ///
    /// let (oauth, one_tap) = (client.auth().oauth(), OneTap { id_token, nonce });
    /// let signed_in = oauth.one_tap_exchange(providers::GOOGLE, one_tap, &Default::default())?;
    /// println!("hello, {}", signed_in.user.name.unwrap_or_default());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the ID token or the nonce is wrong.
    pub fn one_tap_exchange(
        &self,
        provider: &str,
        one_tap: OneTap<'_>,
        options: &LoginOptions,
    ) -> Result<AuthInfo> {
        self.one_tap("/v1/auth/onetap/idtoken/exchange", provider, one_tap, options).send_sign_in()
    }

    /// Trades the ID token of Google One Tap for a code, which [`exchange`](Self::exchange) takes;
    /// otherwise like [`one_tap_exchange`](Self::one_tap_exchange).
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// # let (id_token, nonce) = ("", "");
    /// use descope::auth::oauth::{OneTap, providers};
    ///
    /// let (oauth, one_tap) = (client.auth().oauth(), OneTap { id_token, nonce });
    /// let code = oauth.one_tap_verify(providers::GOOGLE, one_tap, &Default::default())?;
    /// let signed_in = oauth.exchange(code.expose())?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`one_tap_exchange`](Self::one_tap_exchange).
    pub fn one_tap_verify(
        &self,
        provider: &str,
        one_tap: OneTap<'_>,
        options: &LoginOptions,
    ) -> Result<Secret> {
        self.one_tap("/v1/auth/onetap/idtoken/verify", provider, one_tap, options)
            .send_field("code")
    }

    fn one_tap<'a>(
        self,
        path: &'static str,
        provider: &str,
        one_tap: OneTap<'_>,
        options: &'a LoginOptions,
    ) -> Call<'a>
    where
        'c: 'a,
    {
        self.0
            .post(path)
            .once()
            .check(check::id("provider", provider))
            .check(check::key("id_token", one_tap.id_token))
            .check(check::id("nonce", one_tap.nonce))
            .field("provider", provider)
            .secret("idToken", one_tap.id_token)
            .secret("nonce", one_tap.nonce)
            .login(options)
    }
}

/// What Google One Tap returned to the web page.
#[derive(Clone, Copy)]
pub struct OneTap<'t> {
    /// The ID token.
    pub id_token: &'t str,
    /// The nonce that the page gave to One Tap.
    pub nonce: &'t str,
}

impl fmt::Debug for OneTap<'_> {
    /// Shows nothing of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneTap").finish_non_exhaustive()
    }
}

/// Options of [`OAuth::native_start`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct NativeOptions {
    /// Whether the provider's library returns an ID token at once, in place of a code to trade for
    /// one.
    pub implicit: Option<bool>,
    /// The options of the new session.
    pub login: LoginOptions,
}

setters!(NativeOptions { implicit: opt<bool>, login: nested<LoginOptions> });

/// What the provider's library in a mobile app returned.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct NativeResult {
    /// The authorization code, if there is one.
    pub code: Option<Secret>,
    /// The ID token, if there is one.
    pub id_token: Option<Secret>,
    /// What Apple says of the user at their first sign-in, as JSON text.
    pub user: Option<Secret>,
}

setters!(NativeResult { code: opt<Secret>, id_token: opt<Secret>, user: opt<Secret> });

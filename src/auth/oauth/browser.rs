//! OAuth by redirects of the user's browser.

use super::{OAuth, OAuthOptions, OAuthSignUpOptions, OAuthUpdateOptions};
use crate::auth::AuthInfo;
use crate::call::Call;
use crate::check;
use crate::error::Result;

/// # In a browser
impl<'c> OAuth<'c> {
    /// Begins a sign-in, which registers users who are new, and returns the URL to send the user's
    /// browser to.
    ///
    /// The provider asks the user, and the browser comes back to the redirect URL with the query
    /// parameter `code`, for [`exchange`](Self::exchange), or with `err` if there is no sign-in.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::oauth::{OAuthOptions, providers};
    ///
    /// let oauth = client.auth().oauth();
    /// let options = OAuthOptions::default().redirect_url("https://app.example.com/callback");
    /// let url = oauth.start(providers::GOOGLE, &options)?;
    /// // Answer the browser with a redirect to `url`. Later, it asks for the callback:
    /// # let callback = emulator.idp_sign_in(&url, "ada@example.com").unwrap();
    /// # let code = callback.strip_prefix("https://app.example.com/callback?code=").unwrap();
    /// let signed_in = oauth.exchange(code)?;
    /// assert_eq!(signed_in.user.email.as_deref(), Some("ada@example.com"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the project has no such provider.
    pub fn start(&self, provider: &str, options: &OAuthOptions) -> Result<String> {
        self.authorize("/v1/auth/oauth/authorize", provider).start(options).send_url()
    }

    /// Exchanges the `code` that came to the redirect URL for the user's session.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let unknown = client.auth().oauth().exchange("a-code-of-another-day");
    /// assert!(unknown.is_err());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the code is wrong, spent or too old.
    pub fn exchange(&self, code: &str) -> Result<AuthInfo> {
        self.0.post("/v1/auth/oauth/exchange").send_exchange(code)
    }

    /// Begins a sign-in of users who are registered already; otherwise like [`start`](Self::start).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::oauth::{OAuthOptions, providers};
    ///
    /// let options = OAuthOptions::default().redirect_url("https://app.example.com/callback");
    /// let url = client.auth().oauth().sign_in(providers::GITHUB, &options)?;
    /// println!("redirect the browser to {url}");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub fn sign_in(&self, provider: &str, options: &OAuthOptions) -> Result<String> {
        self.authorize("/v1/auth/oauth/authorize/signin", provider).start(options).send_url()
    }

    /// Begins the registration of a new user; otherwise like [`start`](Self::start).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::oauth::{OAuthSignUpOptions, providers};
    ///
    /// let options = OAuthSignUpOptions::default().redirect_url("https://app.example.com/callback");
    /// let url = client.auth().oauth().sign_up(providers::GITHUB, &options)?;
    /// println!("redirect the browser to {url}");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub fn sign_up(&self, provider: &str, options: &OAuthSignUpOptions) -> Result<String> {
        self.authorize("/v1/auth/oauth/authorize/signup", provider)
            .redirect(options.redirect_url.as_deref())
            .query("loginHint", options.login_hint.as_deref())
            .query("prompt", options.prompt.as_deref())
            .query("initiatedEmail", options.initiated_email.as_deref())
            .query_flag("rawResponse", options.raw_response)
            .query_flag("test", options.test)
            .fields(&options.login)
            .send_url()
    }

    /// Begins to connect an account at the provider to a signed-in user; otherwise like
    /// [`start`](Self::start).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// use descope::auth::oauth::{OAuthUpdateOptions, providers};
    ///
    /// let options = OAuthUpdateOptions::default().redirect_url("https://app.example.com/callback");
    /// let url = client.auth().oauth().update(providers::GITHUB, refresh_token, &options)?;
    /// println!("redirect the browser to {url}");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with HTTP status 401 if the session has ended.
    pub fn update(
        &self,
        provider: &str,
        refresh_token: &str,
        options: &OAuthUpdateOptions,
    ) -> Result<String> {
        self.authorize("/v1/auth/oauth/authorize/update", provider)
            .redirect(options.redirect_url.as_deref())
            .query("loginHint", options.login_hint.as_deref())
            .query("prompt", options.prompt.as_deref())
            .query("initiatedEmail", options.initiated_email.as_deref())
            .query_flag("allowAllMerge", options.allow_all_merge)
            .fields(options)
            .bearer("refresh_token", refresh_token)
            .send_url()
    }

    fn authorize(self, path: &'static str, provider: &str) -> Call<'c> {
        self.0.post(path).check(check::id("provider", provider)).query("provider", provider)
    }
}

impl<'c> Call<'c> {
    fn start(self, options: &'c OAuthOptions) -> Self {
        self.redirect(options.redirect_url.as_deref())
            .query("loginHint", options.login_hint.as_deref())
            .query("prompt", options.prompt.as_deref())
            .query("initiatedEmail", options.initiated_email.as_deref())
            .query_flag("rawResponse", options.raw_response)
            .query_flag("test", options.test)
            .fields(&options.login)
            .raising(&options.login.session)
    }
}

//! OAuth: signing in with an account at Google, GitHub and others ("social login").

use super::{Auth, AuthInfo, LoginOptions};
use crate::call::Call;
use crate::check;
use crate::client::Client;
use crate::error::Result;
use crate::options::setters;

mod native;

pub use self::native::{NativeOptions, NativeResult};

/// OAuth; see [`Auth::oauth`].
#[derive(Clone, Copy, Debug)]
pub struct OAuth<'c>(&'c Client);

impl<'c> Auth<'c> {
    /// OAuth: signing in with an account at Google, GitHub and others.
    pub fn oauth(self) -> OAuth<'c> {
        OAuth(self.0)
    }
}

/// The names of the providers that Descope knows. A project's own have the name given to them.
pub mod providers {
    /// Apple.
    pub const APPLE: &str = "apple";
    /// Discord.
    pub const DISCORD: &str = "discord";
    /// Facebook.
    pub const FACEBOOK: &str = "facebook";
    /// GitHub.
    pub const GITHUB: &str = "github";
    /// GitLab.
    pub const GITLAB: &str = "gitlab";
    /// Google.
    pub const GOOGLE: &str = "google";
    /// LinkedIn.
    pub const LINKEDIN: &str = "linkedin";
    /// Microsoft.
    pub const MICROSOFT: &str = "microsoft";
    /// Slack.
    pub const SLACK: &str = "slack";
}

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
        self.authorize("/v1/auth/oauth/authorize", provider, options)
            .login_bearer(&options.login)
            .send_url()
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
        self.authorize("/v1/auth/oauth/authorize/signin", provider, options)
            .login_bearer(&options.login)
            .send_url()
    }

    /// Begins the registration of a new user; otherwise like [`start`](Self::start).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::oauth::{OAuthOptions, providers};
    ///
    /// let options = OAuthOptions::default().redirect_url("https://app.example.com/callback");
    /// let url = client.auth().oauth().sign_up(providers::GITHUB, &options)?;
    /// println!("redirect the browser to {url}");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub fn sign_up(&self, provider: &str, options: &OAuthOptions) -> Result<String> {
        self.authorize("/v1/auth/oauth/authorize/signup", provider, options)
            .login_bearer(&options.login)
            .send_url()
    }

    /// Begins to connect an account at the provider to a signed-in user; otherwise like
    /// [`start`](Self::start).
    ///
    /// The refresh token is that of the user; the one in the login options is not used.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_jwt().unwrap();
    /// use descope::auth::oauth::{OAuthOptions, OAuthUpdateOptions, providers};
    ///
    /// let start = OAuthOptions::default().redirect_url("https://app.example.com/callback");
    /// let options = OAuthUpdateOptions::default().start(start);
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
        self.authorize("/v1/auth/oauth/authorize/update", provider, &options.start)
            .no_provider(options.start.login.provider_id.as_ref())
            .query_flag("allowAllMerge", options.allow_all_merge)
            .bearer("refresh_token", refresh_token)
            .send_url()
    }

    /// Trades the `code` that came to the redirect URL for the user's session.
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

    fn authorize(self, path: &'static str, provider: &str, options: &OAuthOptions) -> Call<'c> {
        self.0
            .post(path)
            .check(check::id("provider", provider))
            .query("provider", provider)
            .redirect(options.redirect_url.as_deref())
            .query("loginHint", options.login_hint.as_deref())
            .fields(&options.login)
    }
}

/// Options of [`OAuth::start`], [`OAuth::sign_in`] and [`OAuth::sign_up`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OAuthOptions {
    /// Where the browser comes back to. Defaults to the provider's redirect URL in the project,
    /// also if it is empty.
    pub redirect_url: Option<String>,
    /// Who is expected to sign in, such as an e-mail address, for the provider to fill in.
    pub login_hint: Option<String>,
    /// What the session is to be like.
    pub login: LoginOptions,
}

setters!(OAuthOptions {
    redirect_url: opt<String>, login_hint: opt<String>, login: nested<LoginOptions>,
});

/// Options of [`OAuth::update`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OAuthUpdateOptions {
    /// Where the account belongs to another user, merges the two. Defaults to `false`.
    pub allow_all_merge: Option<bool>,
    /// Where to come back to, and the others.
    pub start: OAuthOptions,
}

setters!(OAuthUpdateOptions { allow_all_merge: opt<bool>, start: nested<OAuthOptions> });

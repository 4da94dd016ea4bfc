//! OAuth: signing in with an account at Google, GitHub and others ("social login"). Feature `oauth`.

use serde::Serialize;

use super::{Auth, LoginOptions, SessionOptions};
use crate::client::Client;
use crate::options::setters;

mod browser;
mod native;

pub use self::native::{NativeOptions, NativeResult, OneTap};

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

/// Options of [`OAuth::start`] and [`OAuth::sign_in`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OAuthOptions {
    /// Where the browser comes back to. Defaults to the provider's redirect URL in the project,
    /// also if it is empty.
    pub redirect_url: Option<String>,
    /// The expected user, such as an e-mail address, which the provider fills in.
    pub login_hint: Option<String>,
    /// What the provider is to ask even of a user it knows, such as `login`, `consent` or
    /// `select_account` (OpenID Connect Core 1.0 section 3.1.2.1). Defaults to the provider's settings.
    pub prompt: Option<String>,
    /// The e-mail address that the user typed to begin with.
    pub initiated_email: Option<String>,
    /// Whether Descope is to pass on what the provider itself answers. Defaults to `false`.
    pub raw_response: Option<bool>,
    /// Whether this only tests the provider's settings. Defaults to `false`.
    pub test: Option<bool>,
    /// The options of the new session.
    pub login: LoginOptions,
}

setters!(OAuthOptions {
    redirect_url: opt<String>, login_hint: opt<String>, prompt: opt<String>,
    initiated_email: opt<String>, raw_response: opt<bool>, test: opt<bool>,
    login: nested<LoginOptions>,
});

/// Options of [`OAuth::sign_up`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OAuthSignUpOptions {
    /// Where the browser comes back to. Defaults to the provider's redirect URL in the project,
    /// also if it is empty.
    pub redirect_url: Option<String>,
    /// The expected user, such as an e-mail address, which the provider fills in.
    pub login_hint: Option<String>,
    /// What the provider is to ask even of a user it knows, such as `login`, `consent` or
    /// `select_account` (OpenID Connect Core 1.0 section 3.1.2.1). Defaults to the provider's settings.
    pub prompt: Option<String>,
    /// The e-mail address that the user typed to begin with.
    pub initiated_email: Option<String>,
    /// Whether Descope is to pass on what the provider itself answers. Defaults to `false`.
    pub raw_response: Option<bool>,
    /// Whether this only tests the provider's settings. Defaults to `false`.
    pub test: Option<bool>,
    /// The options of the new session.
    pub login: SessionOptions,
}

setters!(OAuthSignUpOptions {
    redirect_url: opt<String>, login_hint: opt<String>, prompt: opt<String>,
    initiated_email: opt<String>, raw_response: opt<bool>, test: opt<bool>,
    login: nested<SessionOptions>,
});

/// Options of [`OAuth::update`].
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct OAuthUpdateOptions {
    /// Where the browser comes back to. Defaults to the provider's redirect URL in the project,
    /// also if it is empty.
    #[serde(skip)]
    pub redirect_url: Option<String>,
    /// The expected account, such as an e-mail address, which the provider fills in.
    #[serde(skip)]
    pub login_hint: Option<String>,
    /// What the provider is to ask even of a user it knows, such as `login`, `consent` or
    /// `select_account` (OpenID Connect Core 1.0 section 3.1.2.1). Defaults to the provider's settings.
    #[serde(skip)]
    pub prompt: Option<String>,
    /// The e-mail address that the user typed to begin with.
    #[serde(skip)]
    pub initiated_email: Option<String>,
    /// Whether to merge the two users if the account belongs to another user. Defaults to `false`.
    #[serde(skip)]
    pub allow_all_merge: Option<bool>,
    /// Raises the session to a step-up session. Defaults to `false`.
    #[serde(rename = "stepup", skip_serializing_if = "Option::is_none")]
    pub step_up: Option<bool>,
    /// Keeps the factors of the session, and adds this one. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa: Option<bool>,
    /// The options of the new session.
    #[serde(flatten)]
    pub login: SessionOptions,
}

setters!(OAuthUpdateOptions {
    redirect_url: opt<String>, login_hint: opt<String>, prompt: opt<String>,
    initiated_email: opt<String>, allow_all_merge: opt<bool>,
    step_up: opt<bool>, mfa: opt<bool>, login: nested<SessionOptions>,
});

//! Options of signing in and up without a message, and what all ways to sign in have in common.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::call::Call;
use crate::check;
use crate::models::UserDetails;
use crate::options::setters;
use crate::secret::Secret;

/// Options of signing in without a message, as with a password or a passkey.
///
/// ```
/// use descope::auth::LoginOptions;
///
/// let options = LoginOptions::default()
///     .custom_claims([("theme", "dark")])
///     .revoke_other_sessions(true);
/// ```
///
/// A user who is already signed in can add a factor with a second sign-in:
///
/// ```
/// # use descope::auth::LoginOptions;
/// # let refresh_token = "eyJ";
/// let second_factor = LoginOptions::default().add_factor(refresh_token);
/// let before_payment = LoginOptions::default().step_up(refresh_token);
/// ```
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LoginOptions {
    #[serde(flatten)]
    pub(super) session: RaisedSession,
    /// Ends all other sessions of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_other_sessions: Option<bool>,
    /// Which kinds of session `revoke_other_sessions` ends. Defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_other_sessions_types: Option<Vec<String>>,
    /// Claims to put into the session token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// The tenant to sign in to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The SSO application to sign in for, by ID. Defaults to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_app_id: Option<String>,
}

setters!(LoginOptions {
    session: session, revoke_other_sessions: opt<bool>, revoke_other_sessions_types: opt_list<String>,
    custom_claims: opt_map<Value>, tenant_id: opt<String>, sso_app_id: opt<String>,
});

/// Options of signing up without a message, as with a password or a passkey.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignUpOptions {
    /// The details of the user.
    #[serde(skip)]
    pub user: UserDetails,
    /// Whether to end all other sessions of a user who already exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_other_sessions: Option<bool>,
    /// Which kinds of session `revoke_other_sessions` ends. Defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_other_sessions_types: Option<Vec<String>>,
    /// Claims to put into the session token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// The tenant to sign up for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

setters!(SignUpOptions {
    user: nested<UserDetails>, revoke_other_sessions: opt<bool>,
    revoke_other_sessions_types: opt_list<String>, custom_claims: opt_map<Value>,
    tenant_id: opt<String>,
});

/// The options of the new session, for a sign-in that does not add to an existing session.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SessionOptions {
    /// Whether to end all other sessions of a user who already exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_other_sessions: Option<bool>,
    /// Which kinds of session `revoke_other_sessions` ends. Defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_other_sessions_types: Option<Vec<String>>,
    /// Claims to put into the session token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// The tenant to sign in to or up for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The SSO application to sign in for, by ID. Defaults to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_app_id: Option<String>,
}

setters!(SessionOptions {
    revoke_other_sessions: opt<bool>, revoke_other_sessions_types: opt_list<String>,
    custom_claims: opt_map<Value>, tenant_id: opt<String>, sso_app_id: opt<String>,
});

/// The session that a sign-in adds to. Without its refresh token there is nothing to add.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct RaisedSession {
    #[serde(skip)]
    refresh_token: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stepup: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mfa: Option<bool>,
}

impl RaisedSession {
    pub(crate) fn step_up(&mut self, refresh_token: Secret) {
        (self.stepup, self.refresh_token) = (Some(true), Some(refresh_token));
    }

    pub(crate) fn add_factor(&mut self, refresh_token: Secret) {
        (self.mfa, self.refresh_token) = (Some(true), Some(refresh_token));
    }
}

/// What the areas that sign users in have in common.
impl<'c> Call<'c> {
    /// Who signs in. Nobody in particular is `None`.
    pub(crate) fn login_id<'i>(self, login_id: impl Into<Option<&'i str>>) -> Self {
        let login_id = login_id.into();
        self.check(login_id.map_or(Ok(()), |login_id| check::id("login_id", login_id)))
            .field("loginId", login_id)
    }

    /// What the session of a sign-in is to be like.
    pub(crate) fn login(self, options: &'c LoginOptions) -> Self {
        self.options("loginOptions", options).raising(&options.session)
    }

    /// The refresh token of a sign-in that adds to a session.
    pub(crate) fn raising(self, session: &'c RaisedSession) -> Self {
        match &session.refresh_token {
            Some(token) => self.bearer("refresh_token", token.expose()),
            None => self,
        }
    }

    /// Where a sign-in page sends the browser back to. An empty URL is none, as in the official SDKs.
    pub(crate) fn redirect(self, url: Option<&str>) -> Self {
        let url = url.filter(|url| !url.is_empty());
        self.check(url.map_or(Ok(()), |url| check::id("redirect_url", url)))
            .query("redirectURL", url)
    }
}

//! Tokens: changing their claims, signing users in without asking them, impersonation. Feature
//! `mgmt-jwt`.

// In the order in which rustdoc shows the operations.
mod calls;

mod assertion;

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

pub use self::assertion::{AssertionAlgorithm, ClientAssertion};
use super::Mgmt;
use crate::call::Call;
use crate::check;
use crate::models::{TenantRoles, UserDetails};
use crate::options::setters;
use crate::secret::Secret;

/// Tokens; see [`Mgmt::jwt`].
#[derive(Clone, Copy, Debug)]
pub struct Jwts<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Tokens: changing their claims, signing users in without asking them, impersonation.
    pub fn jwt(self) -> Jwts<'c> {
        Jwts(self)
    }
}

impl Call<'_> {
    /// A token to look at, in the body.
    fn jwt(self, argument: &'static str, token: &str) -> Self {
        self.token(argument, token).field("jwt", token)
    }

    fn impersonation(self, impersonator_id: &str, login_id: &str, options: &Impersonation) -> Self {
        self.check(check::id("impersonator_id", impersonator_id))
            .check(check::id("login_id", login_id))
            .field("impersonatorId", impersonator_id)
            .field("loginId", login_id)
            .fields(options)
    }

    fn register(self, login_id: &str, options: &SignUp) -> Self {
        self.check(check::id("login_id", login_id)).field("loginId", login_id).fields(options)
    }
}

/// Options of [`Jwts::update`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UpdateJwt {
    /// The claims to add.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// How long a refresh token is good from now on, in whole seconds on the wire. Defaults to what
    /// the token says.
    #[serde(serialize_with = "crate::time::span", skip_serializing_if = "Option::is_none")]
    pub refresh_duration: Option<Duration>,
}

setters!(UpdateJwt { custom_claims: opt_map<Value>, refresh_duration: opt<Duration> });

/// Options of [`Jwts::stop_impersonation`], and most of those of [`Jwts::anonymous`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JwtOptions {
    /// Claims to put into the tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// The tenant to make the current one, as the claim `dct`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected_tenant: Option<String>,
    /// How long the refresh token is good, in whole seconds on the wire. Defaults to the project's
    /// setting.
    #[serde(serialize_with = "crate::time::span", skip_serializing_if = "Option::is_none")]
    pub refresh_duration: Option<Duration>,
}

setters!(JwtOptions {
    custom_claims: opt_map<Value>, selected_tenant: opt<String>, refresh_duration: opt<Duration>,
});

/// Options of [`Jwts::anonymous`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Anonymous {
    /// What other tokens can have too.
    #[serde(flatten)]
    pub token: JwtOptions,
    /// Names of roles for the tokens to have, in the selected tenant if there is one. Defaults to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
}

setters!(Anonymous { token: nested<JwtOptions>, roles: opt_list<String> });

impl From<JwtOptions> for Anonymous {
    fn from(token: JwtOptions) -> Self {
        Self { token, ..Self::default() }
    }
}

/// Options of [`Jwts::impersonate`] and [`Jwts::impersonate_stepup`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Impersonation {
    /// Whether the one who is impersonated must have consented. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_consent: Option<bool>,
    /// Claims to put into the tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// The tenant to make the current one, as the claim `dct`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected_tenant: Option<String>,
    /// The name of the cookie that will hold the session token. Defaults to the project's setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_cookie_name: Option<String>,
    /// How long the refresh token is good, in whole seconds on the wire. Defaults to the project's
    /// setting.
    #[serde(serialize_with = "crate::time::span", skip_serializing_if = "Option::is_none")]
    pub refresh_duration: Option<Duration>,
}

setters!(Impersonation {
    validate_consent: opt<bool>, custom_claims: opt_map<Value>, selected_tenant: opt<String>,
    session_cookie_name: opt<String>, refresh_duration: opt<Duration>,
});

/// Options of [`Jwts::sign_in`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignIn {
    /// What becomes of the session that the user has already. Defaults to nothing.
    #[serde(flatten)]
    pub session: Option<CurrentSession>,
    /// Claims to put into the session token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// The tenant to sign in to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The tenant to make the current one, as the claim `dct`. Defaults to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected_tenant_id: Option<String>,
    /// How long the refresh token is good, in whole seconds on the wire. Defaults to the project's
    /// setting.
    #[serde(serialize_with = "crate::time::span", skip_serializing_if = "Option::is_none")]
    pub refresh_duration: Option<Duration>,
}

setters!(SignIn {
    session: opt<CurrentSession>, custom_claims: opt_map<Value>, tenant_id: opt<String>,
    selected_tenant_id: opt<String>, refresh_duration: opt<Duration>,
});

/// A session that a user has already, for [`SignIn`].
///
/// ```
/// use descope::mgmt::jwt::{CurrentSession, SignIn};
///
/// # let refresh_token = "ey...";
/// let stepped_up = SignIn::default().session(CurrentSession::step_up(refresh_token));
/// ```
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CurrentSession {
    #[serde(skip)]
    refresh_token: Secret,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stepup: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    mfa: bool,
    /// Ends all other sessions of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_other_sessions: Option<bool>,
    /// Which kinds of session `revoke_other_sessions` ends. Defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_other_sessions_types: Option<Vec<String>>,
}

setters!(CurrentSession {
    revoke_other_sessions: opt<bool>, revoke_other_sessions_types: opt_list<String>,
});

impl CurrentSession {
    /// The session of this refresh token, which stays as it is.
    pub fn new(refresh_token: impl Into<Secret>) -> Self {
        Self {
            refresh_token: refresh_token.into(),
            stepup: false,
            mfa: false,
            revoke_other_sessions: None,
            revoke_other_sessions_types: None,
        }
    }

    /// The session of this refresh token, to be raised to a step-up session.
    pub fn step_up(refresh_token: impl Into<Secret>) -> Self {
        Self { stepup: true, ..Self::new(refresh_token) }
    }

    /// The session of this refresh token, to which this sign-in is added as one more factor.
    pub fn add_factor(refresh_token: impl Into<Secret>) -> Self {
        Self { mfa: true, ..Self::new(refresh_token) }
    }
}

/// Options of [`Jwts::sign_up`] and [`Jwts::sign_up_or_in`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignUp {
    /// What is known of the user.
    pub user: UserDetails,
    /// Whether the e-mail address is known to be theirs. Defaults to `false`.
    #[serde(rename = "emailVerified", skip_serializing_if = "Option::is_none")]
    pub verified_email: Option<bool>,
    /// Whether the phone number is known to be theirs. Defaults to `false`.
    #[serde(rename = "phoneVerified", skip_serializing_if = "Option::is_none")]
    pub verified_phone: Option<bool>,
    /// An SSO application they may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_app_id: Option<String>,
    /// Claims to put into the session token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// The tenants to belong to, each with its roles. Defaults to none.
    #[serde(rename = "userTenants", skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Vec<TenantRoles>>,
    /// The tenant to make the current one, as the claim `dct`. Defaults to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected_tenant_id: Option<String>,
    /// How long the refresh token is good, in whole seconds on the wire. Defaults to the project's
    /// setting.
    #[serde(serialize_with = "crate::time::span", skip_serializing_if = "Option::is_none")]
    pub refresh_duration: Option<Duration>,
}

setters!(SignUp {
    user: nested<UserDetails>,
    verified_email: opt<bool>, verified_phone: opt<bool>, sso_app_id: opt<String>,
    custom_claims: opt_map<Value>, tenants: opt_list<TenantRoles>,
    selected_tenant_id: opt<String>, refresh_duration: opt<Duration>,
});

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::DeliveryMethod;
use crate::call::Call;
use crate::check;
use crate::error::Error;
use crate::models::UserDetails;
use crate::options::setters;
use crate::secret::Secret;

/// Options of signing in.
///
/// ```
/// use descope::auth::LoginOptions;
///
/// let options = LoginOptions::default()
///     .custom_claims([("theme", "dark")])
///     .template_options([("app", "Analytical Engine")])
///     .revoke_other_sessions(true);
/// ```
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LoginOptions {
    /// Raises the session of [`refresh_token`](Self::refresh_token) to a step-up session, for a
    /// sensitive action. Refused with [`Error::Argument`] by `sign_up_or_in`, as are the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stepup: Option<bool>,
    /// Adds this sign-in to the session of [`refresh_token`](Self::refresh_token) as one more factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa: Option<bool>,
    /// The refresh token of a user who is signed in already. Required with `stepup` and `mfa`.
    #[serde(skip)]
    pub refresh_token: Option<Secret>,
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
    /// Another connector to send the message with than the project's. Refused with
    /// [`Error::Argument`] by calls that send none.
    #[serde(skip)]
    pub provider_id: Option<String>,
}

setters!(LoginOptions {
    stepup: opt<bool>, mfa: opt<bool>, refresh_token: opt<Secret>, revoke_other_sessions: opt<bool>,
    revoke_other_sessions_types: opt_list<String>, custom_claims: opt_map<Value>,
    template_id: opt<String>, template_options: opt_map<String>, tenant_id: opt<String>,
    locale: opt<String>, provider_id: opt<String>,
});

/// Options of signing up.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignUpOptions {
    /// What is known of the user.
    #[serde(skip)]
    pub user: UserDetails,
    /// Ends all other sessions of a user who exists already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_other_sessions: Option<bool>,
    /// Claims to put into the session token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// Another message template than the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Values to put into the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_options: Option<BTreeMap<String, String>>,
    /// The tenant to sign up for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Another connector to send the message with than the project's. Refused with
    /// [`Error::Argument`] by calls that send none.
    #[serde(skip)]
    pub provider_id: Option<String>,
}

setters!(SignUpOptions {
    user: nested<UserDetails>,
    revoke_other_sessions: opt<bool>, custom_claims: opt_map<Value>, template_id: opt<String>,
    template_options: opt_map<String>, tenant_id: opt<String>, provider_id: opt<String>,
});

/// Options of changing an e-mail address or phone number.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UpdateOptions {
    /// Makes the new address a login ID too. Defaults to `false`.
    #[serde(rename = "addToLoginIDs", skip_serializing_if = "Option::is_none")]
    pub add_to_login_ids: Option<bool>,
    /// Where another user has the address, merges into that user instead of this one. Defaults to
    /// `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_merge_use_existing: Option<bool>,
    /// Keeps the factors of the session, and adds this one. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa: Option<bool>,
    /// Another message template than the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Values to put into the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_options: Option<BTreeMap<String, String>>,
    /// Another connector to send the message with than the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
}

setters!(UpdateOptions {
    add_to_login_ids: opt<bool>, on_merge_use_existing: opt<bool>, mfa: opt<bool>,
    template_id: opt<String>, template_options: opt_map<String>, provider_id: opt<String>,
});

/// Login options for calls whose body has the connector among them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WithProvider<'a> {
    #[serde(flatten)]
    options: &'a LoginOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_id: Option<&'a str>,
}

impl LoginOptions {
    /// These, with the connector.
    pub(crate) fn with_provider(&self) -> WithProvider<'_> {
        WithProvider { options: self, provider_id: self.provider_id.as_deref() }
    }
}

/// What the areas that sign users in have in common.
impl<'c> Call<'c> {
    /// The body of a sign-in: who, and how.
    pub(crate) fn sign_in<'i>(
        self,
        login_id: impl Into<Option<&'i str>>,
        options: &'c LoginOptions,
    ) -> Self {
        self.message(login_id, options).session_bearer(options)
    }

    /// The body of a sign-in or sign-up, which cannot add to a session: the user may be new.
    pub(crate) fn sign_up_or_in<'i>(
        self,
        login_id: impl Into<Option<&'i str>>,
        options: &LoginOptions,
    ) -> Self {
        self.no_session(options).message(login_id, options)
    }

    fn message<'i>(self, login_id: impl Into<Option<&'i str>>, options: &LoginOptions) -> Self {
        let login_id = login_id.into();
        self.check(login_id.map_or(Ok(()), |login_id| check::id("login_id", login_id)))
            .field("loginId", login_id)
            .field("providerId", &options.provider_id)
            .options("loginOptions", options)
    }

    /// Refuses what only makes sense for a user who is signed in already.
    pub(crate) fn no_session(self, options: &LoginOptions) -> Self {
        let name = match options {
            LoginOptions { stepup: Some(true), .. } => "stepup",
            LoginOptions { mfa: Some(true), .. } => "mfa",
            LoginOptions { refresh_token: Some(_), .. } => "refresh_token",
            _ => return self,
        };
        self.check(Err(Error::argument(name, "is for a sign-in alone, not for a sign-up")))
    }

    /// Refuses a connector where there is no message to send with it.
    pub(crate) fn no_provider(self, provider_id: Option<&String>) -> Self {
        match provider_id {
            Some(_) => self.check(Err(Error::argument("provider_id", "is for messages alone"))),
            None => self,
        }
    }

    /// Where a sign-in page sends the browser back to. An empty URL is none, as in the official SDKs.
    pub(crate) fn redirect(self, url: Option<&str>) -> Self {
        let url = url.filter(|url| !url.is_empty());
        self.check(url.map_or(Ok(()), |url| check::id("redirect_url", url)))
            .query("redirectURL", url)
    }

    /// The refresh token of a sign-in that adds to a session, and sends no message.
    pub(crate) fn login_bearer(self, options: &'c LoginOptions) -> Self {
        self.no_provider(options.provider_id.as_ref()).session_bearer(options)
    }

    pub(crate) fn session_bearer(self, options: &'c LoginOptions) -> Self {
        let adds = options.stepup == Some(true) || options.mfa == Some(true);
        match &options.refresh_token {
            Some(token) => self.bearer("refresh_token", token.expose()),
            None if adds => {
                self.check(Err(Error::argument("refresh_token", "is required for step-up and MFA")))
            }
            None => self,
        }
    }

    /// The body of a sign-up whose message goes to the login ID, or to the address in the user's
    /// details.
    pub(crate) fn sign_up(
        self,
        method: DeliveryMethod,
        login_id: &str,
        options: &SignUpOptions,
    ) -> Self {
        let mut user = options.user.clone();
        let address = if method.is_phone() { &mut user.phone } else { &mut user.email };
        let address = match address {
            Some(address) if !address.is_empty() => address.clone(),
            unset => unset.insert(login_id.to_owned()).clone(),
        };
        let name = if method.is_phone() { "phone" } else { "email" };
        let call = self
            .check(check::id("login_id", login_id))
            .check(method.check_address(name, &address))
            .field("loginId", login_id)
            .field("user", user)
            .field("providerId", &options.provider_id)
            .options("loginOptions", options);
        match method.address_field() {
            Some(name) => call.field(name, address),
            None => call,
        }
    }

    /// The body of a change of address, for a user who is signed in.
    pub(crate) fn update_address(
        self,
        login_id: &str,
        refresh_token: &'c str,
        options: &UpdateOptions,
    ) -> Self {
        self.bearer("refresh_token", refresh_token)
            .check(check::id("login_id", login_id))
            .field("loginId", login_id)
            .fields(options)
    }
}

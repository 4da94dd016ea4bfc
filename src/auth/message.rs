//! Options of signing in and up by a message with a code or a link.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::DeliveryMethod;
use super::options::RaisedSession;
use crate::call::Call;
use crate::models::UserDetails;
use crate::options::setters;

/// Options of signing in by a message.
///
/// ```
/// use descope::auth::MessageLoginOptions;
///
/// let options = MessageLoginOptions::default()
///     .custom_claims([("theme", "dark")])
///     .template_options([("app", "Analytical Engine")])
///     .locale("pt-BR");
/// ```
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MessageLoginOptions {
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
    /// For enchanted links: the challenge of a secret that whoever verifies the link must know, made of
    /// it by S256 (RFC 7636 section 4.2). All other ways to sign in ignore it. Defaults to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pkce_challenge: Option<String>,
    /// Another message template than the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Values to put into the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_options: Option<BTreeMap<String, String>>,
    /// The language of the message, such as `pt-BR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Another connector to send the message with than the project's.
    #[serde(skip)]
    pub provider_id: Option<String>,
    /// Sends the message to the user's recovery address instead. Defaults to `false`.
    #[serde(skip)]
    pub use_recovery: Option<bool>,
}

setters!(MessageLoginOptions {
    session: session, revoke_other_sessions: opt<bool>, revoke_other_sessions_types: opt_list<String>,
    custom_claims: opt_map<Value>, tenant_id: opt<String>, sso_app_id: opt<String>,
    pkce_challenge: opt<String>, template_id: opt<String>, template_options: opt_map<String>,
    locale: opt<String>, provider_id: opt<String>, use_recovery: opt<bool>,
});

/// Options of signing in or up by a message. The user may be new, and so adds to no session.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MessageSignUpOrInOptions {
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
    /// For enchanted links: the challenge of a secret that whoever verifies the link must know, made of
    /// it by S256 (RFC 7636 section 4.2). All other ways to sign in ignore it. Defaults to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pkce_challenge: Option<String>,
    /// Another message template than the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Values to put into the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_options: Option<BTreeMap<String, String>>,
    /// The language of the message, such as `pt-BR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Another connector to send the message with than the project's.
    #[serde(skip)]
    pub provider_id: Option<String>,
    /// Sends the message to the user's recovery address instead. Defaults to `false`.
    #[serde(skip)]
    pub use_recovery: Option<bool>,
}

setters!(MessageSignUpOrInOptions {
    revoke_other_sessions: opt<bool>, revoke_other_sessions_types: opt_list<String>,
    custom_claims: opt_map<Value>, tenant_id: opt<String>, sso_app_id: opt<String>,
    pkce_challenge: opt<String>, template_id: opt<String>, template_options: opt_map<String>,
    locale: opt<String>, provider_id: opt<String>, use_recovery: opt<bool>,
});

/// Options of signing up by a message.
///
/// ```
/// use descope::UserDetails;
/// use descope::auth::MessageSignUpOptions;
///
/// let options = MessageSignUpOptions::default().user(UserDetails::default().name("Ada Lovelace"));
/// ```
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MessageSignUpOptions {
    /// What is known of the user.
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
    /// For enchanted links: the challenge of a secret that whoever verifies the link must know, made of
    /// it by S256 (RFC 7636 section 4.2). All other ways to sign in ignore it. Defaults to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pkce_challenge: Option<String>,
    /// Another message template than the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Values to put into the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_options: Option<BTreeMap<String, String>>,
    /// The language of the message, such as `pt-BR`. Defaults to the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Another connector to send the message with than the project's.
    #[serde(skip)]
    pub provider_id: Option<String>,
}

setters!(MessageSignUpOptions {
    user: nested<UserDetails>, revoke_other_sessions: opt<bool>,
    revoke_other_sessions_types: opt_list<String>, custom_claims: opt_map<Value>,
    tenant_id: opt<String>, pkce_challenge: opt<String>, template_id: opt<String>,
    template_options: opt_map<String>, locale: opt<String>, provider_id: opt<String>,
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
    /// Refuses an address that another user has. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_on_conflict: Option<bool>,
    /// Keeps the factors of the session, and adds this one. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa: Option<bool>,
    /// Another message template than the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Values to put into the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_options: Option<BTreeMap<String, String>>,
    /// The language of the message, such as `pt-BR`. Defaults to the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Another connector to send the message with than the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
}

setters!(UpdateOptions {
    add_to_login_ids: opt<bool>, on_merge_use_existing: opt<bool>, fail_on_conflict: opt<bool>,
    mfa: opt<bool>, template_id: opt<String>, template_options: opt_map<String>,
    locale: opt<String>, provider_id: opt<String>,
});

/// Options of signing in by a link.
///
/// ```
/// use descope::auth::LinkLoginOptions;
///
/// let options = LinkLoginOptions::default().redirect_url("https://app.example.com/verify");
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LinkLoginOptions {
    /// The page that the link leads to. Defaults to the one set in the Descope console.
    pub redirect_url: Option<String>,
    /// What the session and the message are to be like.
    pub login: MessageLoginOptions,
}

setters!(LinkLoginOptions { redirect_url: opt<String>, login: nested<MessageLoginOptions> });

/// Options of signing in or up by a link.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LinkSignUpOrInOptions {
    /// The page that the link leads to. Defaults to the one set in the Descope console.
    pub redirect_url: Option<String>,
    /// What the session and the message are to be like.
    pub login: MessageSignUpOrInOptions,
}

setters!(LinkSignUpOrInOptions { redirect_url: opt<String>, login: nested<MessageSignUpOrInOptions> });

/// Options of signing up by a link.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LinkSignUpOptions {
    /// The page that the link leads to. Defaults to the one set in the Descope console.
    pub redirect_url: Option<String>,
    /// Who the user is, and what the session and the message are to be like.
    pub sign_up: MessageSignUpOptions,
}

setters!(LinkSignUpOptions { redirect_url: opt<String>, sign_up: nested<MessageSignUpOptions> });

/// Options of changing an e-mail address or phone number by a link.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LinkUpdateOptions {
    /// The page that the link leads to. Defaults to the one set in the Descope console.
    pub redirect_url: Option<String>,
    /// What the change and the message are to be like.
    pub update: UpdateOptions,
}

setters!(LinkUpdateOptions { redirect_url: opt<String>, update: nested<UpdateOptions> });

/// What the areas that send messages have in common.
impl<'c> Call<'c> {
    /// The body of a sign-in by a message: who, and how.
    pub(crate) fn message_login<'i>(
        self,
        login_id: impl Into<Option<&'i str>>,
        options: &'c MessageLoginOptions,
    ) -> Self {
        self.login_id(login_id)
            .field("providerId", &options.provider_id)
            .field("useRecovery", options.use_recovery)
            .options("loginOptions", options)
            .raising(&options.session)
    }

    /// The body of a sign-in or sign-up by a message.
    pub(crate) fn message_sign_up_or_in<'i>(
        self,
        login_id: impl Into<Option<&'i str>>,
        options: &MessageSignUpOrInOptions,
    ) -> Self {
        self.login_id(login_id)
            .field("providerId", &options.provider_id)
            .field("useRecovery", options.use_recovery)
            .options("loginOptions", options)
    }

    /// The body of a sign-up whose message goes to the login ID, or to the address in the user's
    /// details.
    pub(crate) fn message_sign_up(
        self,
        method: DeliveryMethod,
        login_id: &str,
        options: &MessageSignUpOptions,
    ) -> Self {
        let mut user = options.user.clone();
        let address = if method.is_phone() { &mut user.phone } else { &mut user.email };
        let address = match address {
            Some(address) if !address.is_empty() => address.clone(),
            unset => unset.insert(login_id.to_owned()).clone(),
        };
        let name = if method.is_phone() { "phone" } else { "email" };
        let call = self
            .login_id(login_id)
            .check(method.check_address(name, &address))
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
        self.bearer("refresh_token", refresh_token).login_id(login_id).fields(options)
    }
}

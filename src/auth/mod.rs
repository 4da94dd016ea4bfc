//! Signing users in, and what follows: [`Client::auth`].

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::UnixTime;
use crate::call::Call;
use crate::check;
use crate::client::Client;
use crate::error::Result;
use crate::extra::Extra;
use crate::json::DecodeError;
use crate::jwt::{Claims, Kind, Origin};
use crate::missing::missing;
use crate::models::User;
use crate::secret::Secret;
use crate::transport::Response;
use crate::transport::http::header;

#[cfg(feature = "access-key")]
pub mod access_key;
mod delivery;
#[cfg(feature = "embedded-link")]
pub mod embedded_link;
#[cfg(feature = "enchanted-link")]
pub mod enchanted_link;
#[cfg(feature = "magic-link")]
pub mod magic_link;
mod message;
#[cfg(feature = "notp")]
pub mod notp;
#[cfg(feature = "oauth")]
pub mod oauth;
mod options;
#[cfg(feature = "otp")]
pub mod otp;
#[cfg(feature = "mgmt-outbound-app")]
pub mod outbound;
#[cfg(feature = "password")]
pub mod password;
#[cfg(any(feature = "enchanted-link", feature = "notp"))]
mod pending;
#[cfg(feature = "saml")]
pub mod saml;
#[cfg(feature = "session")]
pub mod session;
#[cfg(feature = "sso")]
pub mod sso;
#[cfg(feature = "totp")]
pub mod totp;
#[cfg(feature = "webauthn")]
pub mod webauthn;

pub use self::delivery::{DeliveryMethod, MaskedAddress};
pub use self::message::{
    LinkLoginOptions, LinkSignUpOptions, LinkSignUpOrInOptions, LinkUpdateOptions,
    MessageLoginOptions, MessageSignUpOptions, MessageSignUpOrInOptions, UpdateOptions,
};
pub use self::options::{LoginOptions, SessionOptions, SignUpOptions};

// What the compiler says where the feature of an area is off.
missing! { Auth<'_> {
    access_key "access-key" "enable the feature `access-key` of `descope`",
    embedded_link "embedded-link" "enable the feature `embedded-link` of `descope`",
    enchanted_link "enchanted-link" "enable the feature `enchanted-link` of `descope`",
    magic_link "magic-link" "enable the feature `magic-link` of `descope`",
    notp "notp" "enable the feature `notp` of `descope`",
    oauth "oauth" "enable the feature `oauth` of `descope`",
    otp "otp" "enable the feature `otp` of `descope`",
    outbound "mgmt-outbound-app" "enable the feature `mgmt-outbound-app` of `descope`",
    password "password" "enable the feature `password` of `descope`",
    saml "saml" "enable the feature `saml` of `descope`",
    session "session" "enable the feature `session` of `descope`",
    sso "sso" "enable the feature `sso` of `descope`",
    totp "totp" "enable the feature `totp` of `descope`",
    webauthn "webauthn" "enable the feature `webauthn` of `descope`",
} }

/// Everything around signing in, with one function per area; see [`Client::auth`].
///
/// # Errors
///
/// Every call may fail with
///
/// * [`Error::Argument`](crate::Error::Argument) for a login ID, code, link token or address that is empty or
///   cannot be right, before anything is sent;
/// * [`Error::Api`](crate::Error::Api) if Descope refuses, as with
///   [`RATE_LIMIT_EXCEEDED`](crate::codes::RATE_LIMIT_EXCEEDED) after too many calls;
/// * [`Error::Transport`](crate::Error::Transport) if no answer came, and
///   [`Error::Decode`](crate::Error::Decode) if the answer cannot be read;
/// * [`Error::Token`](crate::Error::Token) for a refresh token or access key that cannot be one, before
///   anything is sent; and if the call signs a user in and the tokens of the answer do not pass the local
///   check.
///
/// Each function documents its other errors.
#[derive(Clone, Copy, Debug)]
pub struct Auth<'c>(pub(crate) &'c Client);

impl Client {
    /// Signing users in, and what follows.
    pub fn auth(&self) -> Auth<'_> {
        Auth(self)
    }
}

impl Auth<'_> {
    /// Checks the token of a link, and signs the user in.
    fn verify_link(self, token: &str) -> Result<AuthInfo> {
        self.0.post("/v1/auth/magiclink/verify").link_token(token).send_sign_in()
    }
}

/// A token and its claims.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Token {
    /// The token itself, to hand to the user's browser or program.
    pub jwt: Secret,
    /// Its validated claims.
    pub claims: Claims,
}

/// A user who has signed in.
///
/// A sign-in needs only the tokens. All other parts of the answer are read leniently, and are missing
/// here if they cannot be read. `Debug` prints the names of the members of [`extra`](Self::extra) and
/// [`extra_secrets`](Self::extra_secrets), but not their values.
#[derive(Clone)]
#[non_exhaustive]
pub struct AuthInfo {
    /// The short-lived session token, for every request of the user.
    pub session: Token,
    /// The long-lived refresh token, which gets new session tokens. Absent if the project keeps it in
    /// its own cookie, and for access keys.
    pub refresh: Option<Token>,
    /// The user.
    pub user: User,
    /// Whether this is the user's first sign-in. Defaults to `true` if the answer does not say, as in
    /// Descope's SDK for Python.
    pub first_seen: bool,
    /// How to keep the refresh token in a cookie.
    pub cookie: CookieSettings,
    /// What the identity provider said about the user, after a sign-in with OAuth or SSO.
    pub idp_response: Option<IdpResponse>,
    /// The ID of the SSO configuration that the user signed in with, after a sign-in with SSO.
    pub tenant_sso_id: Option<String>,
    /// When the session has to be refreshed at the latest.
    pub session_expiration: Option<UnixTime>,
    /// The number of seconds after which to refresh the session, before its token expires.
    pub next_refresh_seconds: Option<u64>,
    /// The claims that the answer has in addition to those of the token.
    ///
    /// They are not signed: [`claims`](Self::claims) has those that are.
    pub unsigned_claims: Map<String, Value>,
    /// The token of a device that the user has trusted. Keep it on the device.
    pub trusted_device_token: Option<Secret>,
    /// The token of a device that the user has signed in on before. Keep it on the device.
    pub known_device_token: Option<Secret>,
    /// A token of another vendor, from which the session was moved or beside which it is kept.
    pub external_token: Option<Secret>,
    /// Whether the sign-in tested an SSO configuration that has not been saved yet.
    pub unsaved_sso: Option<bool>,
    /// All other fields, such as those that a newer Descope adds, except secrets.
    pub extra: Extra,
    /// All other fields with the name or value of a token, key, code or other secret.
    pub extra_secrets: BTreeMap<String, Secret>,
}

impl fmt::Debug for AuthInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthInfo")
            .field("session", &self.session)
            .field("refresh", &self.refresh)
            .field("user", &self.user)
            .field("first_seen", &self.first_seen)
            .field("cookie", &self.cookie)
            .field("idp_response", &self.idp_response)
            .field("tenant_sso_id", &self.tenant_sso_id)
            .field("session_expiration", &self.session_expiration)
            .field("next_refresh_seconds", &self.next_refresh_seconds)
            .field("unsigned_claims", &self.unsigned_claims)
            .field("trusted_device_token", &self.trusted_device_token)
            .field("known_device_token", &self.known_device_token)
            .field("external_token", &self.external_token)
            .field("unsaved_sso", &self.unsaved_sso)
            .field("extra", &self.extra)
            .field("extra_secrets", &self.extra_secrets)
            .finish()
    }
}

impl AuthInfo {
    /// The session token's text.
    pub fn session_token(&self) -> &str {
        self.session.jwt.expose()
    }

    /// The refresh token's text.
    pub fn refresh_token(&self) -> Option<&str> {
        self.refresh.as_ref().map(|token| token.jwt.expose())
    }

    /// The claims of the session token.
    pub fn claims(&self) -> &Claims {
        &self.session.claims
    }
}

/// How the project wants the refresh token's cookie to be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CookieSettings {
    /// The cookie's domain; empty for the host alone.
    pub domain: String,
    /// The cookie's path. Defaults to `/`.
    pub path: String,
    /// How many seconds it is kept; `None` if the answer does not say.
    pub max_age: Option<i64>,
    /// When it expires; `None` if the answer does not say.
    pub expires: Option<UnixTime>,
    /// The cookie's name; `None` if the answer does not say.
    pub name: Option<String>,
    /// The name of the session token's cookie; `None` if the answer does not say.
    pub session_name: Option<String>,
    /// The domain of the session token's cookie; `None` if the answer does not say.
    pub session_domain: Option<String>,
}

/// What an identity provider said about a user.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct IdpResponse {
    /// The user's groups at the identity provider.
    #[serde(rename = "idpGroups")]
    pub groups: Vec<String>,
    /// The attributes of a SAML assertion.
    #[serde(rename = "idpSAMLAttributes")]
    pub saml_attributes: Map<String, Value>,
    /// The claims of an OpenID Connect ID token.
    #[serde(rename = "idpOIDCClaims")]
    pub oidc_claims: Map<String, Value>,
    /// All other fields, such as those that a newer Descope adds.
    #[serde(flatten)]
    pub extra: Extra,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Answer {
    session_jwt: Option<Secret>,
    refresh_jwt: Option<Secret>,
    cookie_domain: String,
    cookie_path: String,
    cookie_max_age: Option<i64>,
    #[serde(deserialize_with = "crate::time::or_never")]
    cookie_expiration: Option<UnixTime>,
    cookie_name: Option<String>,
    session_cookie_name: Option<String>,
    session_cookie_domain: Option<String>,
    #[serde(deserialize_with = "crate::time::or_never")]
    session_expiration: Option<UnixTime>,
    next_refresh_seconds: Option<u64>,
    claims: Map<String, Value>,
    trusted_device_jwt: Option<Secret>,
    known_device_jwt: Option<Secret>,
    external_token: Option<Secret>,
    #[serde(rename = "unsavedSSO")]
    unsaved_sso: Option<bool>,
    user: User,
    first_seen: Option<bool>,
    idp_response: Option<IdpResponse>,
    #[serde(rename = "tenantSSOID")]
    tenant_sso_id: Option<String>,
    #[serde(rename = "$unknown")]
    extra: Extra,
}

impl Call<'_> {
    /// The token of a link.
    fn link_token(self, token: &str) -> Self {
        self.check(check::secret("token", token)).secret("token", token).once()
    }

    /// Sends a call that signs a user in, and validates the tokens of the answer.
    ///
    /// The signing keys are looked after first: a code is spent once the call is made, and must not
    /// be lost because the tokens that it bought cannot be checked.
    pub(crate) fn send_sign_in(self) -> Result<AuthInfo> {
        self.send_sign_in_keeping(None)
    }

    /// Likewise, with the refresh token to keep if the answer brings no new one.
    pub(crate) fn send_sign_in_keeping(self, refresh: Option<Token>) -> Result<AuthInfo> {
        let call = self.with_keys()?;
        let client = Client::from_call(&call);
        AuthInfo::read(&client, &call.execute()?, refresh)
    }

    /// Trades the code that a sign-in page sent along with the user for their tokens.
    pub(crate) fn send_exchange(self, code: &str) -> Result<AuthInfo> {
        self.check(check::id("code", code)).secret("code", code).once().send_sign_in()
    }

    /// Sends a call whose answer may hold a sign-in as its member `jwt`, or nothing.
    pub(crate) fn send_maybe_sign_in(self) -> Result<Option<AuthInfo>> {
        #[derive(Default, Deserialize)]
        struct Nested {
            jwt: Option<Answer>,
        }

        let call = self.with_keys()?;
        let client = Client::from_call(&call);
        let answer = call.execute()?;
        if answer.is_empty() {
            return Ok(None);
        }
        let Nested { jwt } = answer.body().read()?;
        jwt.map(|jwt| AuthInfo::from_answer(&client, jwt, &answer.response, None)).transpose()
    }

    /// A call that can be sent, and whose answer's tokens can be checked.
    pub(crate) fn with_keys(self) -> Result<Self> {
        let call = self.ready()?;
        Client::from_call(&call).warm_up()?;
        Ok(call)
    }
}

impl Token {
    /// A token, validated.
    pub(crate) fn read(client: &Client, jwt: Secret, kind: Kind, from: Origin) -> Result<Self> {
        Ok(Self { claims: client.verify(jwt.expose(), kind, from)?, jwt })
    }
}

impl AuthInfo {
    fn read(client: &Client, answer: &crate::answer::Answer, kept: Option<Token>) -> Result<Self> {
        Self::from_answer(client, answer.body().read()?, &answer.response, kept)
    }

    fn from_answer(
        client: &Client,
        answer: Answer,
        response: &Response,
        kept: Option<Token>,
    ) -> Result<Self> {
        let given = |secret: Option<Secret>| secret.filter(|secret| !secret.expose().is_empty());
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (name, session_name) = (filled(answer.cookie_name), filled(answer.session_cookie_name));
        // Descope leaves a token out of the body where the project keeps it in a cookie, and may say in which.
        let token = |jwt: Option<Secret>, named: &Option<String>, usual: &str| {
            let named = named.as_deref();
            jwt.filter(looks_like_token)
                .or_else(|| named.and_then(|name| cookie(response, name)))
                .or_else(|| cookie(response, usual))
        };
        let session = token(answer.session_jwt, &session_name, "DS")
            .ok_or_else(|| DecodeError::new("no session token"))?;
        let refresh = token(answer.refresh_jwt, &name, client.refresh_cookie());
        let read = |jwt, kind| Token::read(client, jwt, kind, Origin::Answer);
        let (extra, extra_secrets) = without_secrets(answer.extra);
        Ok(Self {
            session: read(session, Kind::Session)?,
            refresh: refresh.map(|jwt| read(jwt, Kind::Any)).transpose()?.or(kept),
            user: answer.user,
            first_seen: answer.first_seen.unwrap_or(true),
            cookie: CookieSettings {
                domain: answer.cookie_domain,
                path: Some(answer.cookie_path)
                    .filter(|path| !path.is_empty())
                    .unwrap_or_else(|| "/".to_owned()),
                max_age: answer.cookie_max_age.filter(|seconds| *seconds != 0),
                expires: answer.cookie_expiration,
                name,
                session_name,
                session_domain: filled(answer.session_cookie_domain),
            },
            idp_response: answer.idp_response,
            tenant_sso_id: filled(answer.tenant_sso_id),
            session_expiration: answer.session_expiration,
            next_refresh_seconds: answer.next_refresh_seconds,
            unsigned_claims: answer.claims,
            trusted_device_token: given(answer.trusted_device_jwt),
            known_device_token: given(answer.known_device_jwt),
            external_token: given(answer.external_token),
            unsaved_sso: answer.unsaved_sso,
            extra,
            extra_secrets,
        })
    }
}

/// Takes the texts that look like secrets out of what an answer has beyond what is known.
fn without_secrets(Extra(all): Extra) -> (Extra, BTreeMap<String, Secret>) {
    const SECRET: [&str; 9] =
        ["jwt", "token", "secret", "password", "key", "code", "ref", "assertion", "cookie"];
    let is_secret = |name: &str, text: &str| {
        let name = name.to_ascii_lowercase();
        text.starts_with("eyJ") || SECRET.iter().any(|end| name.ends_with(end))
    };
    let (mut extra, mut secrets) = (Map::new(), BTreeMap::new());
    for (name, value) in all {
        match value {
            Value::String(text) if is_secret(&name, &text) => {
                secrets.insert(name, Secret::from(text));
            }
            value => {
                extra.insert(name, value);
            }
        }
    }
    (Extra(extra), secrets)
}

/// Whether a text could be a token, which then has to pass the check: one without its dots, such as a
/// number, is nothing.
fn looks_like_token(text: &Secret) -> bool {
    text.expose().contains('.')
}

/// The value of a cookie that the answer sets.
fn cookie(response: &Response, name: &str) -> Option<Secret> {
    response.headers().get_all(header::SET_COOKIE).iter().find_map(|line| {
        let pair = line.to_str().ok()?.split(';').next()?;
        let (found, value) = pair.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (found.trim() == name && !value.is_empty()).then(|| value.into())
    })
}

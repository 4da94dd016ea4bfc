use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::json::DecodeError;
use crate::transport::TransportError;

mod api;
pub mod codes;
mod store;
mod token;

pub use self::api::ApiError;
pub use self::store::{StoreError, StoreErrorKind};
pub use self::token::{KeysError, TokenError};

/// What every call of a client returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
///
/// No error text contains a token, code, password or key.
///
/// | question | ask |
/// |---|---|
/// | must the user sign in again? | [`is_sign_in_required`](Self::is_sign_in_required) |
/// | may a refresh help? | [`is_token_expired`](Self::is_token_expired) |
/// | is Descope unable to answer now? | [`is_unavailable`](Self::is_unavailable) |
/// | were there too many calls? | [`is_rate_limited`](Self::is_rate_limited), [`retry_after`](Self::retry_after) |
/// | is the program set up wrongly? | [`is_misconfigured`](Self::is_misconfigured) |
/// | which refusal was it? | [`code`](Self::code) and the constants in [`codes`](crate::codes) |
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Descope answered, and refused.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// An argument was refused before any request was made.
    #[error("invalid argument `{name}`: {reason}")]
    #[non_exhaustive]
    Argument {
        /// The parameter or field.
        name: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The client is not configured for this call.
    #[error("configuration: {0}")]
    Config(&'static str),
    /// Descope answered with something this version cannot read.
    #[error("unreadable response: {0}")]
    Decode(Box<DecodeError>),
    /// What an export writes to has failed.
    #[error("the export cannot be written: {0}")]
    Output(#[source] Arc<io::Error>),
    /// The client's own [rate limits](crate::RateLimits) leave no time for this call before its deadline. It
    /// was not sent.
    #[error("not sent: the client's rate limits let this call begin in {} s", retry_after.as_secs_f32().ceil())]
    #[non_exhaustive]
    Paced {
        /// How long the call would have to wait.
        retry_after: Duration,
    },
    /// A store of tokens failed, or holds nothing to get a token with. Only the module `tokens` makes such
    /// errors.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A token was refused by local validation.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// No answer came: there was no connection, it broke, or the time ran out.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl Error {
    pub(crate) const fn argument(name: &'static str, reason: &'static str) -> Self {
        Self::Argument { name, reason }
    }

    /// The Descope error code, such as `E112102`, or the one of RFC 6749, such as `invalid_grant`; compare it with [`codes`](crate::codes).
    pub fn code(&self) -> Option<&str> {
        self.answer().map(|error| error.code.as_str()).filter(|code| !code.is_empty())
    }

    /// The HTTP status of the answer, if there was one. There is none if an authorization server has refused through
    /// the user's browser. If the signing keys could not be fetched, the
    /// status of the answer to that fetch.
    pub fn status(&self) -> Option<u16> {
        self.answer().map(|error| error.status).filter(|status| *status != 0)
    }

    /// How long to wait before the next call, if Descope says so. If a token could not be checked, the time
    /// until the signing keys may be fetched again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api(error) => error.retry_after,
            Self::Paced { retry_after } => Some(*retry_after),
            Self::Token(TokenError::KeyPending { retry_after }) => Some(*retry_after),
            Self::Token(TokenError::KeysUnavailable(error)) => error.retry_after(),
            _ => None,
        }
    }

    /// Whether there were too many calls: HTTP status 429, code `E130429`, or [`Paced`](Self::Paced).
    pub fn is_rate_limited(&self) -> bool {
        matches!(self, Self::Paced { .. })
            || self.status() == Some(429)
            || self.code() == Some(codes::RATE_LIMIT_EXCEEDED)
    }

    /// Whether Descope did not find what was asked for: HTTP status 404, or a code that says so.
    pub fn is_not_found(&self) -> bool {
        self.refusal().is_some_and(|error| {
            error.status == 404
                || [codes::USER_NOT_FOUND, codes::MANAGEMENT_USER_NOT_FOUND].contains(&&*error.code)
        })
    }

    /// Whether Descope refused the credentials: HTTP status 401. A wrong one-time code counts too; see
    /// [`code`](Self::code).
    pub fn is_unauthorized(&self) -> bool {
        self.refusal().is_some_and(|error| error.status == 401)
    }

    /// Whether the credentials do not allow the operation: HTTP status 403.
    pub fn is_forbidden(&self) -> bool {
        self.refusal().is_some_and(|error| error.status == 403)
    }

    /// Whether the session token has expired but is valid otherwise, so that a refresh may help.
    pub fn is_token_expired(&self) -> bool {
        matches!(self, Self::Token(TokenError::Expired { .. }))
    }

    /// Whether a token or access key was refused for good, before any request. Answer HTTP status 401.
    ///
    /// This includes a token that is empty or too large, and an expired refresh token
    /// ([`TokenError::SessionExpired`]). It does not include an expired session token, which can be
    /// refreshed, nor any token that cannot be checked now because a signing key is missing.
    pub fn is_token_invalid(&self) -> bool {
        match self {
            Self::Token(error) => !matches!(
                error,
                TokenError::Expired { .. }
                    | TokenError::KeyPending { .. }
                    | TokenError::KeysUnavailable(_)
            ),
            _ => false,
        }
    }

    /// Whether the user has to sign in again: a token was refused for good
    /// ([`is_token_invalid`](Self::is_token_invalid)), Descope says that the session has ended
    /// ([`is_unauthorized`](Self::is_unauthorized)), or a store holds no tokens
    /// ([`StoreErrorKind::NotSignedIn`]).
    ///
    /// Ask this after [`refresh`](crate::auth::session::Sessions::refresh),
    /// [`validate_and_refresh`](crate::auth::session::Sessions::validate_and_refresh) or a call of the module
    /// `tokens`. After other calls,
    /// HTTP status 401 is about something else: the code or link that was just tried, or the management
    /// key.
    ///
    /// The same question fits after the `refresh` of the module `oidc`, where the answer comes by these
    /// [`codes`](crate::codes): `INVALID_GRANT`, `INVALID_TOKEN`, `LOGIN_REQUIRED`, `CONSENT_REQUIRED` and
    /// `INTERACTION_REQUIRED`.
    pub fn is_sign_in_required(&self) -> bool {
        self.is_token_invalid()
            || self.is_unauthorized() && !self.is_misconfigured()
            || self.is_of_store(StoreErrorKind::NotSignedIn)
            || self.has_code(&[
                codes::INVALID_GRANT,
                codes::INVALID_TOKEN,
                codes::LOGIN_REQUIRED,
                codes::CONSENT_REQUIRED,
                codes::INTERACTION_REQUIRED,
            ])
    }

    /// Whether a sign-in on another device, or one that the user confirms elsewhere, has not been finished yet:
    /// [`AUTHORIZATION_PENDING`](crate::codes::AUTHORIZATION_PENDING) or [`SLOW_DOWN`](crate::codes::SLOW_DOWN).
    pub fn is_authorization_pending(&self) -> bool {
        self.has_code(&[codes::AUTHORIZATION_PENDING, codes::SLOW_DOWN])
    }

    /// Whether the user has refused a sign-in: [`ACCESS_DENIED`](crate::codes::ACCESS_DENIED).
    pub fn is_access_denied(&self) -> bool {
        self.has_code(&[codes::ACCESS_DENIED])
    }

    /// Whether the time for a sign-in on another device, or one that the user confirms elsewhere, has run out:
    /// [`EXPIRED_TOKEN`](crate::codes::EXPIRED_TOKEN). Begin again.
    pub fn is_sign_in_expired(&self) -> bool {
        self.has_code(&[codes::EXPIRED_TOKEN])
    }

    fn has_code(&self, codes: &[&str]) -> bool {
        self.refusal().is_some_and(|error| codes.contains(&&*error.code))
    }

    /// Whether the call took too long. That includes the host lookup and the connection.
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_timeout(),
            Self::Token(TokenError::KeysUnavailable(error)) => error.cause().is_timeout(),
            _ => false,
        }
    }

    /// Whether nothing is wrong with the request, but Descope cannot answer now: no connection, no
    /// signing keys, too many calls, or an HTTP status of 500 and above. A store of tokens that another
    /// process keeps locked counts too. Answer HTTP status 503. The error says nothing about the user's
    /// session.
    ///
    /// If Descope refuses to publish the keys of this project, [`is_misconfigured`](Self::is_misconfigured)
    /// is true instead, because waiting does not help.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Api(error) => {
                let through_browser = ["server_error", "temporarily_unavailable"];
                error.status >= 500
                    || self.is_rate_limited()
                    || error.status == 0 && through_browser.contains(&&*error.code)
            }
            Self::Token(TokenError::KeysUnavailable(error)) => !error.is_refusal(),
            Self::Token(TokenError::KeyPending { .. })
            | Self::Paced { .. }
            | Self::Transport(_) => true,
            other => other.is_of_store(StoreErrorKind::Busy),
        }
    }

    /// Whether the program is set up wrongly: a setting that a call needs is missing
    /// ([`Config`](Self::Config)), Descope has no signing keys for the client's project, as when the
    /// project ID or the base URL is wrong, an authorization server does not know the client or its secret
    /// ([`INVALID_CLIENT`](crate::codes::INVALID_CLIENT)) or does not let it do this
    /// ([`UNAUTHORIZED_CLIENT`](crate::codes::UNAUTHORIZED_CLIENT),
    /// [`UNSUPPORTED_GRANT_TYPE`](crate::codes::UNSUPPORTED_GRANT_TYPE)), or others can read a file of tokens
    /// ([`StoreErrorKind::Unsafe`]). Answer HTTP status 500. The error says nothing about the user's session.
    ///
    /// [`Client::warm_up`](crate::Client::warm_up) finds this out when your program starts.
    pub fn is_misconfigured(&self) -> bool {
        match self {
            Self::Config(_) => true,
            Self::Token(TokenError::KeysUnavailable(error)) => error.is_refusal(),
            Self::Api(_) => self.has_code(&[
                codes::INVALID_CLIENT,
                codes::UNAUTHORIZED_CLIENT,
                codes::UNSUPPORTED_GRANT_TYPE,
            ]),
            other => other.is_of_store(StoreErrorKind::Unsafe),
        }
    }

    fn is_of_store(&self, kind: StoreErrorKind) -> bool {
        matches!(self, Self::Store(error) if error.kind() == kind)
    }

    /// Descope's refusal of the call itself. A refusal of the signing keys does not count: it says nothing
    /// about the call or the user.
    fn refusal(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            _ => None,
        }
    }

    /// What Descope answered, to this call or to the fetch of the keys for it.
    fn answer(&self) -> Option<&ApiError> {
        match self {
            Self::Token(TokenError::KeysUnavailable(error)) => error.cause().refusal(),
            other => other.refusal(),
        }
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::Decode(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::TransportErrorKind;

    #[test]
    fn errors_stay_small() {
        assert!(size_of::<Error>() <= 40, "{}", size_of::<Error>());
    }

    fn keys(cause: impl Into<Error>) -> Error {
        TokenError::from(KeysError::new(
            cause.into(),
            "project `P1` at https://x; check the project ID and the base URL".into(),
        ))
        .into()
    }

    fn api(status: u16, code: &str) -> Error {
        let retry_after = Some(Duration::from_secs(7));
        let code = code.to_owned();
        Error::Api(Box::new(ApiError { status, code, retry_after, ..ApiError::default() }))
    }

    /// What a program does about an error.
    #[derive(Debug, PartialEq)]
    enum Reaction {
        Refresh,
        SignIn,
        Wait,
        Mend,
    }

    #[test]
    fn one_predicate_per_reaction() {
        use Reaction::{Mend, Refresh, SignIn, Wait};

        let by = Duration::from_secs(1);
        let (argument, limit) = ("refresh_token", 1);
        let timeout = || TransportError::new(TransportErrorKind::Timeout, "x");
        for (error, expected) in [
            (TokenError::Expired { by }.into(), Some(Refresh)),
            (TokenError::SessionExpired { by }.into(), Some(SignIn)),
            (TokenError::Signature.into(), Some(SignIn)),
            (TokenError::UnknownKey.into(), Some(SignIn)),
            (TokenError::Empty { argument }.into(), Some(SignIn)),
            (TokenError::TooLarge { argument, limit }.into(), Some(SignIn)),
            (TokenError::Characters { argument }.into(), Some(SignIn)),
            (TokenError::BearerPrefix.into(), Some(SignIn)),
            (TokenError::KeyPending { retry_after: by }.into(), Some(Wait)),
            (Error::argument("session_token", "must not be empty"), None),
            (Error::argument("login_id", "must not be empty"), None),
            (Error::Config("x"), Some(Mend)),
            (StoreError::new(StoreErrorKind::Unsafe, "x").into(), Some(Mend)),
            (StoreError::new(StoreErrorKind::Busy, "x").into(), Some(Wait)),
            (StoreError::new(StoreErrorKind::Damaged, "x").into(), None),
            (StoreError::new(StoreErrorKind::TooNew, "x").into(), None),
            (StoreError::new(StoreErrorKind::Failed, "x").into(), None),
            (api(401, ""), None),
            (api(404, ""), None),
            (api(400, codes::RATE_LIMIT_EXCEEDED), Some(Wait)),
            (api(429, ""), Some(Wait)),
            (api(500, ""), Some(Wait)),
            (timeout().into(), Some(Wait)),
            (keys(timeout()), Some(Wait)),
            (keys(DecodeError::new("x")), Some(Wait)),
            (keys(api(429, "")), Some(Wait)),
            (keys(api(400, codes::RATE_LIMIT_EXCEEDED)), Some(Wait)),
            (keys(api(403, codes::RATE_LIMIT_EXCEEDED)), Some(Wait)),
            (keys(api(500, "E1")), Some(Wait)),
            (keys(api(302, "E1")), Some(Wait)),
            (keys(api(403, "")), Some(Wait)),
            (keys(api(407, "")), Some(Wait)),
            (keys(api(400, "")), Some(Mend)),
            (keys(api(401, "")), Some(Mend)),
            (keys(api(404, "")), Some(Mend)),
            (keys(api(402, "E1")), Some(Mend)),
            (keys(api(403, "E1")), Some(Mend)),
            (keys(api(499, "E1")), Some(Mend)),
        ] {
            let error: Error = error;
            let reactions = [
                error.is_token_expired().then_some(Refresh),
                error.is_token_invalid().then_some(SignIn),
                error.is_unavailable().then_some(Wait),
                error.is_misconfigured().then_some(Mend),
            ];
            let reactions: Vec<_> = reactions.into_iter().flatten().collect();
            assert_eq!(reactions, Vec::from_iter(expected), "{error}");
            assert!(!error.is_not_found() || matches!(error, Error::Api(_)), "{error}");
            let unauthorized = matches!(&error, Error::Api(api) if api.status == 401);
            assert_eq!(error.is_unauthorized(), unauthorized, "{error}");
            assert_eq!(
                error.is_sign_in_required(),
                reactions == [SignIn] || unauthorized,
                "{error}"
            );
        }
    }

    #[test]
    fn what_the_key_endpoint_said_is_kept() {
        let limited = keys(api(429, codes::RATE_LIMIT_EXCEEDED));
        assert!(limited.is_rate_limited() && !limited.is_timeout());
        assert_eq!((limited.status(), limited.code()), (Some(429), Some("E130429")));
        assert!(keys(TransportError::new(TransportErrorKind::Timeout, "x")).is_timeout());
        assert!(!keys(TransportError::new(TransportErrorKind::Connect, "x")).is_timeout());
        assert!(!keys(api(403, "E1")).is_forbidden() && api(403, "E1").is_forbidden());
        let wait = Duration::from_secs(3);
        let error = KeysError::new(
            api(404, "E1"),
            "project `P1` at https://x; check the project ID and the base URL".into(),
        );
        assert_eq!((error.retry_after(), error.after(wait).retry_after()), (None, Some(wait)));
        assert!(error != error.after(wait) && error.after(wait) == error.after(wait));
        assert!(
            error
                != KeysError::new(
                    api(404, "E2"),
                    "project `P1` at https://x; check the project ID and the base URL".into()
                )
        );
        assert_eq!(Error::Token(error.after(wait).into()).retry_after(), Some(wait));
        let pending = TokenError::KeyPending { retry_after: wait };
        assert_eq!(Error::Token(pending).retry_after(), Some(wait));
        assert!(error.to_string().starts_with("no signing keys for project `P1` at https://x; "));
        assert!(error.to_string().contains("404: E1"), "{error}");
        let cause = std::io::Error::other("deep");
        let chain = keys(TransportError::new(TransportErrorKind::Other, cause));
        assert!(chain.to_string().starts_with("the signing keys are unavailable: "), "{chain}");
    }
}

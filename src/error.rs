use std::fmt;
use std::time::Duration;

use crate::check;
use crate::escape::Escaped;
use crate::json::DecodeError;
use crate::transport::TransportError;

/// What every call of a client returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
///
/// No variant's text ever holds a token, code, password or key.
///
/// | question | ask |
/// |---|---|
/// | must the user sign in again? | [`is_sign_in_required`](Self::is_sign_in_required) |
/// | will a refresh help? | [`is_token_expired`](Self::is_token_expired) |
/// | is it Descope that cannot answer now? | [`is_unavailable`](Self::is_unavailable) |
/// | were there too many calls? | [`is_rate_limited`](Self::is_rate_limited), [`retry_after`](Self::retry_after) |
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
    /// A token was refused by local validation.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// No answer came: no connection, no time left, or a broken one.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl Error {
    pub(crate) const fn argument(name: &'static str, reason: &'static str) -> Self {
        Self::Argument { name, reason }
    }

    /// The Descope error code, such as `E112102`; compare it with [`codes`](crate::codes).
    pub fn code(&self) -> Option<&str> {
        self.api().map(|error| error.code.as_str()).filter(|code| !code.is_empty())
    }

    /// The HTTP status, where an answer came.
    pub fn status(&self) -> Option<u16> {
        self.api().map(|error| error.status)
    }

    /// How long Descope asks to wait before the next call.
    pub fn retry_after(&self) -> Option<Duration> {
        self.api().and_then(|error| error.retry_after)
    }

    /// Whether the rate limit was hit: HTTP status 429 or code `E130429`.
    pub fn is_rate_limited(&self) -> bool {
        self.status() == Some(429) || self.code() == Some(codes::RATE_LIMIT_EXCEEDED)
    }

    /// Whether Descope did not find what was asked for: HTTP status 404, or a code that says so.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
            || matches!(self.code(), Some(codes::USER_NOT_FOUND | codes::MANAGEMENT_USER_NOT_FOUND))
    }

    /// Whether Descope refused the credentials: HTTP status 401. A wrong code is among them; see
    /// [`code`](Self::code).
    pub fn is_unauthorized(&self) -> bool {
        self.status() == Some(401)
    }

    /// Whether Descope refused the operation to these credentials: HTTP status 403.
    pub fn is_forbidden(&self) -> bool {
        self.status() == Some(403)
    }

    /// Whether a token failed local validation only because its time is over, so that a refresh
    /// may help.
    pub fn is_token_expired(&self) -> bool {
        matches!(self, Self::Token(TokenError::Expired { .. }))
    }

    /// Whether a token was refused for good by local validation. Answer HTTP status 401.
    ///
    /// So is a session or refresh token that is empty or oversized, for which the error is an
    /// [`Argument`](Self::Argument), and an expired refresh token ([`TokenError::SessionExpired`]). Not so
    /// an expired session token, which can be refreshed, nor any token while the signing keys cannot be
    /// fetched.
    pub fn is_token_invalid(&self) -> bool {
        match self {
            Self::Token(TokenError::Expired { .. } | TokenError::KeysUnavailable(_)) => false,
            Self::Token(_) => true,
            Self::Argument { name: "session_token" | "refresh_token", reason } => {
                check::is_no_token(reason)
            }
            _ => false,
        }
    }

    /// Whether the user has to sign in again: a token was refused for good
    /// ([`is_token_invalid`](Self::is_token_invalid)), or Descope says that the session has ended
    /// ([`is_unauthorized`](Self::is_unauthorized)).
    ///
    /// Ask after [`refresh`](crate::auth::session::Session::refresh) or
    /// [`validate_and_refresh`](crate::auth::session::Session::validate_and_refresh). Elsewhere HTTP
    /// status 401 is about something else: the code or link that was just tried, or the management key.
    pub fn is_sign_in_required(&self) -> bool {
        self.is_token_invalid() || self.is_unauthorized()
    }

    /// Whether the time allowed for the call was over, also while the host was looked up or connected to.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Transport(error) if error.is_timeout())
    }

    /// Whether nothing is wrong with the request, but Descope cannot answer now: no connection, no
    /// signing keys, too many calls, or an HTTP status of 500 and above. Answer HTTP status 503; nothing
    /// is known of the user's session.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Api(error) => error.status >= 500 || self.is_rate_limited(),
            Self::Token(TokenError::KeysUnavailable(_)) | Self::Transport(_) => true,
            _ => false,
        }
    }

    fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            _ => None,
        }
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::Decode(Box::new(error))
    }
}

/// A refusal by the Descope API.
///
/// Where the answer was not Descope's own, as an HTML page of a proxy on the way, the status and the
/// beginning of the body are still here.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// Stable code, such as `E112102`; empty if the answer had none.
    pub code: String,
    /// What the code means, for people.
    pub description: String,
    /// What was wrong in this call, for people.
    pub message: String,
    /// The `X-Request-Id` header, to quote to support.
    pub request_id: Option<String>,
    /// The `CF-Ray` header, to quote to support.
    pub cf_ray: Option<String>,
    /// How long to wait, from the `Retry-After` header; at most a day.
    pub retry_after: Option<Duration>,
    /// The first 200 characters of a body that is not a Descope error, credentials removed.
    pub body_preview: Option<String>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Descope refused the call with HTTP status {}", self.status)?;
        let parts = [&self.code, &self.description, &self.message];
        let mut parts = parts.into_iter().filter(|part| !part.trim().is_empty()).peekable();
        while let Some(part) = parts.next() {
            // A sentence may end here, but not this one.
            let ends = |c: char| c.is_whitespace() || matches!(c, '.' | ':');
            let part = if parts.peek().is_some() { part.trim_end_matches(ends) } else { part };
            write!(f, ": {}", Escaped(part))?;
        }
        if let Some(preview) = &self.body_preview {
            write!(f, ": {:?}", Escaped(preview))?;
        }
        if let Some(wait) = self.retry_after {
            write!(f, " (retry after {} s)", wait.as_secs())?;
        }
        for (name, id) in [("request", &self.request_id), ("cf-ray", &self.cf_ray)] {
            if let Some(id) = id {
                write!(f, " ({name} {})", Escaped(id))?;
            }
        }
        Ok(())
    }
}

/// The texts are escaped, as they come from outside.
impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("status", &self.status)
            .field("code", &Escaped(&self.code))
            .field("description", &Escaped(&self.description))
            .field("message", &Escaped(&self.message))
            .field("request_id", &self.request_id.as_deref().map(Escaped))
            .field("cf_ray", &self.cf_ray.as_deref().map(Escaped))
            .field("retry_after", &self.retry_after)
            .field("body_preview", &self.body_preview.as_deref().map(Escaped))
            .finish()
    }
}

impl std::error::Error for ApiError {}

/// Why a token was refused by local validation.
///
/// [`Expired`](Self::Expired) asks for a refresh, [`KeysUnavailable`](Self::KeysUnavailable) says
/// nothing about the token (answer HTTP status 503), and everything else is final (answer 401).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The header's `alg` is not the key's. The key decides (RFC 8725 section 3.1).
    #[error("the token's algorithm is not its key's")]
    Algorithm,
    /// `aud` is missing or names others.
    #[error("the token is for another audience")]
    Audience,
    /// A claim this crate relies on is missing or has the wrong JSON type.
    #[error("the token's claim `{0}` is missing or malformed")]
    Claim(&'static str),
    /// The header asks for an extension: `crit` or `b64` (RFC 7515 section 4.1.11).
    #[error("the token's header asks for an unsupported extension")]
    Critical,
    /// `exp` has passed, with the leeway already allowed for.
    #[error("the token expired {} s ago", .by.as_secs())]
    Expired {
        /// Time since `exp`.
        by: Duration,
    },
    /// `iss` is another project.
    #[error("the token was issued by another project")]
    Issuer,
    /// No key to check the signature with: the key set could not be fetched.
    #[error("the signing keys are unavailable: {0}")]
    KeysUnavailable(String),
    /// Not a JWT: three parts of strict base64url, a JSON header, no member twice.
    #[error("the token is malformed")]
    Malformed,
    /// `nbf` or `iat` lies ahead, with the leeway already allowed for.
    #[error("the token is not valid for another {} s", .by.as_secs())]
    NotYetValid {
        /// Time until then.
        by: Duration,
    },
    /// A refresh token where a session token is asked for (its `drn` claim says so).
    #[error("the token is a refresh token, not a session token")]
    NotASession,
    /// `exp` of a refresh token has passed: the session is over, and no refresh will help.
    #[error("the session expired {} s ago", .by.as_secs())]
    SessionExpired {
        /// Time since `exp`.
        by: Duration,
    },
    /// The signature does not match.
    #[error("the token's signature does not match")]
    Signature,
    /// No key of the project has the token's `kid`.
    #[error("the token was signed by an unknown key")]
    UnknownKey,
}

/// Error codes of the Descope API that are worth telling apart.
///
/// ```
/// # fn sign_up() -> descope::Result<()> { Ok(()) }
/// match sign_up() {
///     Err(error) if error.code() == Some(descope::codes::USER_ALREADY_EXISTS) => { /* sign in */ }
///     other => other?,
/// }
/// # Ok::<(), descope::Error>(())
/// ```
pub mod codes {
    /// The request could not be read.
    pub const BAD_REQUEST: &str = "E011001";
    /// A required argument is missing.
    pub const MISSING_ARGUMENTS: &str = "E011002";
    /// The request failed validation.
    pub const INVALID_REQUEST: &str = "E011003";
    /// An argument is not valid.
    pub const INVALID_ARGUMENTS: &str = "E011004";
    /// The one-time code is wrong.
    pub const WRONG_OTP_CODE: &str = "E061102";
    /// Too many wrong one-time codes.
    pub const TOO_MANY_OTP_ATTEMPTS: &str = "E061103";
    /// The login ID is taken.
    pub const USER_ALREADY_EXISTS: &str = "E062107";
    /// No user has the login ID.
    pub const USER_NOT_FOUND: &str = "E062108";
    /// The enchanted link has not been clicked yet.
    pub const ENCHANTED_LINK_PENDING: &str = "E062503";
    /// The link, or the token of an embedded link, is wrong, spent or too old.
    pub const LINK_EXPIRED: &str = "E062504";
    /// The password has expired and must be replaced.
    pub const PASSWORD_EXPIRED: &str = "E062909";
    /// The refresh token was ended by a logout.
    pub const LOGGED_OUT: &str = "E064001";
    /// The code-less WhatsApp sign-in has not been confirmed yet.
    pub const NOTP_PENDING: &str = "E066103";
    /// No user has the login ID or user ID, in the management API.
    pub const MANAGEMENT_USER_NOT_FOUND: &str = "E112102";
    /// Too many calls; wait as long as [`Error::retry_after`](crate::Error::retry_after) says.
    pub const RATE_LIMIT_EXCEEDED: &str = "E130429";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_stay_small() {
        assert!(size_of::<Error>() <= 40, "{}", size_of::<Error>());
    }

    #[test]
    fn one_predicate_per_reaction() {
        let expired = Error::Token(TokenError::Expired { by: Duration::ZERO });
        let forged = Error::Token(TokenError::Signature);
        let no_keys = Error::Token(TokenError::KeysUnavailable(String::new()));
        let no_token = Error::argument("session_token", "must not be empty");
        let no_login_id = Error::argument("login_id", "must not be empty");
        let misplaced = Error::argument("refresh_token", "is not for management calls");
        let limit = ApiError { code: codes::RATE_LIMIT_EXCEEDED.to_owned(), ..ApiError::default() };
        let too_many = Error::Api(Box::new(limit));
        for (error, [refresh, sign_in, wait]) in [
            (&expired, [true, false, false]),
            (&forged, [false, true, false]),
            (&no_keys, [false, false, true]),
            (&no_token, [false, true, false]),
            (&no_login_id, [false, false, false]),
            (&misplaced, [false, false, false]),
            (&too_many, [false, false, true]),
        ] {
            assert_eq!(error.is_token_expired(), refresh, "{error}");
            assert_eq!(error.is_token_invalid(), sign_in, "{error}");
            assert_eq!(error.is_unavailable(), wait, "{error}");
        }
    }

    #[test]
    fn api_errors_read_as_one_sentence() {
        let error = ApiError {
            status: 401,
            code: "E061102".into(),
            description: "Invalid code".into(),
            cf_ray: Some("8f00".into()),
            ..ApiError::default()
        };
        assert_eq!(
            error.to_string(),
            "Descope refused the call with HTTP status 401: E061102: Invalid code (cf-ray 8f00)"
        );
        let error = ApiError {
            status: 429,
            code: "E130429".into(),
            description: "API rate limit exceeded.".into(),
            message: "Too many calls.".into(),
            retry_after: Some(Duration::from_secs(7)),
            ..ApiError::default()
        };
        assert_eq!(
            error.to_string(),
            "Descope refused the call with HTTP status 429: E130429: API rate limit exceeded: \
             Too many calls. (retry after 7 s)"
        );
    }

    #[test]
    fn what_descope_says_ends_no_line() {
        let text = String::from("a\n\u{1b}[2Jb\u{202e}c");
        let id = || Some(text.clone());
        let error = ApiError {
            status: 400,
            code: text.clone(),
            description: text.clone(),
            message: text.clone(),
            request_id: id(),
            cf_ray: id(),
            body_preview: id(),
            ..ApiError::default()
        };
        let shown = r"a\n\u{1b}[2Jb\u{202e}c";
        for all in [error.to_string(), format!("{error:?}")] {
            assert_eq!(all.matches(shown).count(), 6, "{all}");
            assert!(!all.contains(['\n', '\u{1b}', '\u{202e}']), "{all}");
        }
    }
}

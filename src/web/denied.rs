//! Why a request was turned away.

use std::fmt;
use std::time::Duration;

use super::key_sessions::Refusal;
use crate::error::{Error, TokenError};
use crate::jwt::{ProofError, proof_algorithms};
use crate::transport::http::{HeaderValue, StatusCode};

/// Why a request was turned away, and how to answer it.
///
/// ```
/// # let emulator = descope::emulator::Emulator::new();
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// use descope::transport::http::{HeaderMap, StatusCode};
/// use descope::web::{Access, Guard, Reason};
///
/// let guard = Guard::new(&client);
/// let nobody = guard.tokens(&HeaderMap::new());
/// let denied = guard.validate_and_refresh(&nobody, &Access::default()).unwrap_err();
/// assert_eq!(denied.status(), StatusCode::UNAUTHORIZED);
/// assert_eq!(denied.reason(), Reason::NoToken);
/// assert_eq!(denied.reason().as_str(), "no_token");
/// assert_eq!(denied.challenge(), Some("Bearer"));
/// # Ok::<(), descope::Error>(())
/// ```
pub struct Denied(Box<Inner>);

/// A challenge to send another proof.
macro_rules! ask_for_proof {
    ($error:literal) => {
        concat!("DPoP error=\"", $error, "\", algs=\"", proof_algorithms!(), "\"")
    };
}

struct Inner {
    reason: Reason,
    error: Option<Error>,
    proof: Option<ProofError>,
    /// Where no error says so.
    retry_after: Option<Duration>,
    set_cookies: Vec<HeaderValue>,
}

/// Why a request was turned away, for programs.
///
/// ```
/// use descope::web::Reason;
///
/// // The answer's status and a body for scripts.
/// let answer = |reason: Reason| (reason.status().as_u16(), format!("{{\"reason\":\"{reason}\"}}"));
/// assert_eq!(answer(Reason::MissingRole), (403, r#"{"reason":"missing_role"}"#.to_owned()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The request has no token: nobody has signed in. Answer 401.
    NoToken,
    /// The request has several `Authorization` headers. Answer 401.
    Ambiguous,
    /// The session token has expired, and there is no refresh token. Answer 401.
    TokenExpired,
    /// The token is not a valid token of this project, or it is a refresh token in place of a session
    /// token, or a session token in place of a refresh token, or an access key that Descope refuses. Answer 401.
    TokenInvalid,
    /// The token is genuine, but not a session token: it has no claim `drn`, or has a claim that only ID
    /// tokens have. Answer 401. See
    /// [`GuardOptions::session_tokens_only`](super::GuardOptions::session_tokens_only).
    NotASession,
    /// The token is genuine, but it is an access token that a user has granted to another application for
    /// some scopes (claim `scope`, `azp` or `client_id`). Answer 401. See
    /// [`GuardOptions::session_tokens_only`](super::GuardOptions::session_tokens_only).
    ScopedToken,
    /// The token is a session token, and only access tokens of applications are let in
    /// ([`Access::sessions`](super::Access::sessions)). Answer 401.
    NotAnAccessToken,
    /// The refresh token belongs to another user than the session token. Answer 401.
    OtherUser,
    /// The token is bound to a key (claim `cnf`, RFC 9449), and there is no proof of that key, or the guard
    /// has no [`Proofs`](super::Proofs) to check it with. Answer 401.
    ProofMissing,
    /// The token is bound to a key, and the proof of that key is not valid for this request:
    /// [`Denied::proof_error`] says why. Or the token was sent as `Authorization: DPoP` and is not bound.
    /// Answer 401.
    ProofInvalid,
    /// A token given to [`Guard::accept_login`](super::Guard::accept_login) is genuine, but too large
    /// for cookies: see [`GuardOptions::max_cookie_bytes`](super::GuardOptions::max_cookie_bytes).
    /// Signing in again does not help. Give the tokens fewer claims. Answer 403.
    TokenTooLarge,
    /// The refresh token has expired, or Descope has ended the session. Answer 401.
    SessionEnded,
    /// The user does not belong to the tenant. Answer 403.
    NotInTenant,
    /// The user lacks a permission. Answer 403.
    MissingPermission,
    /// The user lacks a role. Answer 403.
    MissingRole,
    /// The access token lacks a scope. Answer 403.
    MissingScope,
    /// The user has signed in with one factor, and [`Access::multi_factor`](super::Access::multi_factor)
    /// asks for more. Answer 401, and let the user step up.
    MissingFactor,
    /// The session is not a step-up session (claim `su`), and [`Access::step_up`](super::Access::step_up) asks
    /// for one. Answer 401, and let the user step up.
    MissingStepUp,
    /// The token does not say that the user has signed in in one of the ways of
    /// [`Access::acr_values`](super::Access::acr_values) (claim `acr`). Answer 401, and let the user sign in in
    /// such a way.
    MissingAcr,
    /// The user has signed in too long ago for [`Access::max_age`](super::Access::max_age), or the token does
    /// not say when (claim `auth_time`). Answer 401, and let the user sign in again.
    SignInTooOld,
    /// The page of another site has made the browser send the request; see
    /// [`Guard::check_origin`](super::Guard::check_origin). Answer 403.
    CrossSite,
    /// Another user acts as this one (claim `act`), which
    /// [`Access::impersonation`](super::Access::impersonation) forbids. Answer 403.
    Impersonated,
    /// Too many calls were made to Descope, so the session or access key cannot be checked now. Also for an
    /// access key, if too many were sent that are unknown ([`Access::access_keys`](super::Access::access_keys)).
    /// Answer 503.
    RateLimited,
    /// Descope or its signing keys cannot be reached, or a proxy answered in its place, so the session
    /// cannot be checked now. Answer 503.
    Unavailable,
    /// Descope has no signing keys for the client's project, as when its ID is wrong: see
    /// [`Error::is_misconfigured`]. Answer 500.
    Misconfigured,
}

impl Reason {
    /// A name for logs and answers: `no_token`, `token_expired` and so on. The names will not change.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::Ambiguous => "ambiguous_authorization",
            Self::TokenExpired => "token_expired",
            Self::TokenInvalid => "token_invalid",
            Self::NotASession => "not_a_session",
            Self::ScopedToken => "scoped_token",
            Self::NotAnAccessToken => "not_an_access_token",
            Self::OtherUser => "other_user",
            Self::ProofMissing => "proof_missing",
            Self::ProofInvalid => "proof_invalid",
            Self::TokenTooLarge => "token_too_large",
            Self::SessionEnded => "session_ended",
            Self::NotInTenant => "not_in_tenant",
            Self::MissingPermission => "missing_permission",
            Self::MissingRole => "missing_role",
            Self::MissingScope => "missing_scope",
            Self::MissingFactor => "missing_factor",
            Self::MissingStepUp => "missing_step_up",
            Self::MissingAcr => "missing_acr",
            Self::SignInTooOld => "sign_in_too_old",
            Self::CrossSite => "cross_site",
            Self::Impersonated => "impersonated",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Misconfigured => "misconfigured",
        }
    }

    /// The HTTP status to answer: 401, 403, 500 or 503.
    pub fn status(self) -> StatusCode {
        match self {
            Self::TokenTooLarge
            | Self::NotInTenant
            | Self::MissingPermission
            | Self::MissingRole
            | Self::MissingScope
            | Self::CrossSite
            | Self::Impersonated => StatusCode::FORBIDDEN,
            Self::RateLimited | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Misconfigured => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// Whether the user has to sign in again, or in a better way (RFC 9470).
    pub(super) fn is_weak_sign_in(self) -> bool {
        use Reason::{MissingAcr, MissingFactor, MissingStepUp, SignInTooOld};
        matches!(self, MissingFactor | MissingStepUp | MissingAcr | SignInTooOld)
    }

    /// Whether nothing is known of the request, rather than something against it.
    pub(super) fn is_outage(self) -> bool {
        self.status().is_server_error()
    }

    /// What the failure of a session token means.
    pub(super) fn of_session(error: &Error) -> Self {
        match Self::of_outage(error) {
            Some(reason) => reason,
            None if error.is_token_expired() => Self::TokenExpired,
            None => Self::TokenInvalid,
        }
    }

    /// What the failure of a refresh means.
    pub(super) fn of_refresh(error: &Error) -> Self {
        match Self::of_outage(error) {
            Some(reason) => reason,
            None if matches!(error, Error::Token(TokenError::SessionExpired { .. })) => {
                Self::SessionEnded
            }
            None if matches!(error, Error::Token(TokenError::OtherUser)) => Self::OtherUser,
            None if error.is_token_invalid() => Self::TokenInvalid,
            None => Self::SessionEnded,
        }
    }

    fn of_outage(error: &Error) -> Option<Self> {
        if error.is_rate_limited() {
            return Some(Self::RateLimited);
        }
        if error.is_misconfigured() {
            return Some(Self::Misconfigured);
        }
        (error.is_unavailable() || is_from_elsewhere(error)).then_some(Self::Unavailable)
    }
}

/// Whether the answer comes from something on the way, such as a proxy, and says nothing about what was
/// asked: it cannot be read, or refuses without a code of Descope's. A 401 without a body is believed.
fn is_from_elsewhere(error: &Error) -> bool {
    match error {
        Error::Decode(_) => true,
        Error::Api(api) => api.code.is_empty() && (api.status != 401 || api.body_preview.is_some()),
        _ => false,
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Denied {
    pub(super) fn new(reason: Reason, error: impl Into<Option<Error>>) -> Self {
        Self(Box::new(Inner {
            reason,
            error: error.into(),
            proof: None,
            retry_after: None,
            set_cookies: Vec::new(),
        }))
    }

    pub(super) fn of_proof(why: ProofError) -> Self {
        let mut denied = Self::new(
            match why {
                ProofError::Missing => Reason::ProofMissing,
                ProofError::Unknown => Reason::Unavailable,
                _ => Reason::ProofInvalid,
            },
            None,
        );
        denied.0.proof = Some(why);
        denied
    }

    pub(super) fn of_access_key(refusal: Refusal) -> Self {
        let mut denied = Self::new(refusal.reason, refusal.error);
        denied.0.retry_after = refusal.retry_after;
        denied
    }

    pub(super) fn with_cookies(mut self, set_cookies: Vec<HeaderValue>) -> Self {
        self.0.set_cookies = set_cookies;
        self
    }

    /// The HTTP status to answer: 401, 403, 500 or 503.
    pub fn status(&self) -> StatusCode {
        self.0.reason.status()
    }

    /// The reason.
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// The error that caused this, if there was one.
    pub fn error(&self) -> Option<&Error> {
        self.0.error.as_ref()
    }

    /// What is wrong with the proof of the request, if the guard checks proofs; see
    /// [`Proofs`](super::Proofs).
    pub fn proof_error(&self) -> Option<ProofError> {
        self.0.proof
    }

    /// Values of `Set-Cookie` to send with the answer, although the request was turned away.
    ///
    /// If the session was refreshed and the user then lacks a role, these are the new cookies. Without
    /// them the session would be lost in projects that rotate refresh tokens. If the session has ended,
    /// these clear the cookies, and also after a logout that Descope could not be told of.
    pub fn set_cookies(&self) -> &[HeaderValue] {
        &self.0.set_cookies
    }

    /// The value of `WWW-Authenticate` for an answer of 401 or 403 (RFC 6750 section 3, RFC 9449 section
    /// 7.1), if one would help.
    ///
    /// ```
    /// # let client = descope::Client::builder().ignore_env().project_id("P2abc").build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// use descope::web::{Access, RequestTokens};
    ///
    /// let denied = guard.validate(&RequestTokens::default().session_token("no token"), &Access::default()).unwrap_err();
    /// assert_eq!(denied.challenge(), Some(r#"Bearer error="invalid_token""#));
    /// # Ok::<(), descope::Error>(())
    /// ```
    pub fn challenge(&self) -> Option<&'static str> {
        if let (Some(why), false) = (self.0.proof, self.0.reason.is_outage()) {
            return Some(match why {
                ProofError::Nonce => ask_for_proof!("use_dpop_nonce"),
                ProofError::Bearer | ProofError::OtherKey => ask_for_proof!("invalid_token"),
                _ => ask_for_proof!("invalid_dpop_proof"),
            });
        }
        match self.0.reason {
            // RFC 6750 section 3.1: no error code where there is no authentication information.
            Reason::NoToken => Some("Bearer"),
            Reason::Ambiguous => Some(r#"Bearer error="invalid_request""#),
            // No other token would do better.
            Reason::TokenTooLarge | Reason::CrossSite => None,
            reason if reason.is_outage() => None,
            reason if reason.status() == StatusCode::FORBIDDEN => {
                Some(r#"Bearer error="insufficient_scope""#)
            }
            // RFC 9470 section 3.
            reason if reason.is_weak_sign_in() => {
                Some(r#"Bearer error="insufficient_user_authentication""#)
            }
            _ => Some(r#"Bearer error="invalid_token""#),
        }
    }

    /// How long Descope asks to wait, or the guard itself after too many unknown access keys. Send it in the
    /// header `Retry-After` of an answer of 503.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.error.as_ref().and_then(Error::retry_after).or(self.0.retry_after)
    }
}

impl fmt::Debug for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Denied")
            .field("reason", &self.0.reason)
            .field("error", &self.0.error)
            .field("proof", &self.0.proof)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.reason {
            Reason::NoToken => "the request has no token",
            Reason::Ambiguous => "the request has several `Authorization` headers",
            Reason::TokenExpired => "the session token has expired",
            Reason::TokenInvalid => "the token is not valid",
            Reason::NotASession => "the token is not a session token",
            Reason::ScopedToken => "the token is an access token of another application",
            Reason::NotAnAccessToken => "the token is a session token",
            Reason::OtherUser => "the refresh token belongs to another user",
            Reason::ProofMissing => "the token is bound to a key",
            Reason::ProofInvalid => "the proof of the token's key is not valid",
            Reason::TokenTooLarge => "the token is too large for cookies",
            Reason::SessionEnded => "the session has ended",
            Reason::NotInTenant => "the user does not belong to the tenant",
            Reason::MissingPermission => "the user lacks a permission",
            Reason::MissingRole => "the user lacks a role",
            Reason::MissingScope => "the token lacks a scope",
            Reason::MissingFactor => "the user has signed in with one factor only",
            Reason::MissingStepUp => "the session is not a step-up session",
            Reason::MissingAcr => "the user has signed in in another way",
            Reason::SignInTooOld => "the user has signed in too long ago",
            Reason::CrossSite => "the page of another site has caused the request",
            Reason::Impersonated => "another user acts as this one",
            Reason::RateLimited => "too many calls were made to Descope",
            Reason::Unavailable => "Descope is unavailable",
            Reason::Misconfigured => "the service is misconfigured",
        })?;
        match (&self.0.error, &self.0.proof) {
            (Some(error), _) => write!(f, ": {error}"),
            (None, Some(why)) => write!(f, ": {why}"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for Denied {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // Its own text is a part of this one's.
        self.0.error.as_ref().and_then(std::error::Error::source)
    }
}

/// The HTTP status to answer if a call on behalf of a browser failed, such as a sign-in.
///
/// | the failure | status |
/// |---|---|
/// | the user's input cannot be right | 400 |
/// | a token was refused, or is not a token | 401 |
/// | Descope refused: a wrong code, an unknown user, a disabled one | Descope's: 400, 401, 403, 404, 409 |
/// | too many calls | 429 |
/// | the program's own configuration | 500 |
/// | Descope is unavailable, or a proxy answered in its place | 503 |
///
/// ```
/// # let emulator = descope::emulator::Emulator::new();
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// use descope::auth::DeliveryMethod::Email;
/// use descope::transport::http::StatusCode;
///
/// let otp = client.auth().otp();
/// let error = otp.sign_in(Email, "", &Default::default()).unwrap_err();
/// assert_eq!(descope::web::status(&error), StatusCode::BAD_REQUEST);
/// # Ok::<(), descope::Error>(())
/// ```
pub fn status(error: &Error) -> StatusCode {
    match error {
        _ if error.is_rate_limited() => StatusCode::TOO_MANY_REQUESTS,
        _ if is_from_elsewhere(error) => StatusCode::SERVICE_UNAVAILABLE,
        _ if error.is_token_invalid() || error.is_token_expired() => StatusCode::UNAUTHORIZED,
        Error::Argument { .. } => StatusCode::BAD_REQUEST,
        _ if error.is_misconfigured() => StatusCode::INTERNAL_SERVER_ERROR,
        Error::Api(api) if (400..500).contains(&api.status) => {
            StatusCode::from_u16(api.status).unwrap_or(StatusCode::BAD_REQUEST)
        }
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

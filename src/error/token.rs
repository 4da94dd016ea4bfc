//! Why a token was refused, or could not be checked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Error;

/// Why a token was refused before anything was sent.
///
/// After [`Expired`](Self::Expired), refresh the session. [`KeysUnavailable`](Self::KeysUnavailable) and
/// [`KeyPending`](Self::KeyPending) say nothing about the token: answer HTTP status 503. All other errors
/// are final: answer 401.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// An access key or management key in place of a token.
    #[error("this looks like an access key, not a token: exchange it with `access_key().exchange`")]
    AccessKey,
    /// The header's `alg` is not that of the key. The key decides (RFC 8725 section 3.1).
    #[error("the token's algorithm does not match its key")]
    Algorithm,
    /// The `at_hash` of an ID token is not the hash of the access token that came with it.
    #[error("the ID token is not of the access token that came with it")]
    AccessTokenHash,
    /// `aud` is missing or only names other audiences.
    #[error("the token is for another audience")]
    Audience,
    /// The `azp` of an ID token names another application, or is missing though the token has several audiences.
    #[error("the ID token was issued to another application")]
    AuthorizedParty,
    /// The scheme of the header `Authorization` was left on the token.
    #[error("the token begins with `Bearer`: pass the token alone")]
    BearerPrefix,
    /// A token or access key that cannot be sent, because it contains spaces, colons, control characters or
    /// non-ASCII characters.
    #[error("`{argument}` contains characters that a token cannot have")]
    #[non_exhaustive]
    Characters {
        /// The parameter.
        argument: &'static str,
    },
    /// A claim this crate relies on is missing or has the wrong JSON type.
    #[error("the token's claim `{0}` is missing or has the wrong type")]
    Claim(&'static str),
    /// The header requires an extension: `crit` or `b64` (RFC 7515 section 4.1.11).
    #[error("the token's header requires an unsupported extension")]
    Critical,
    /// There is no token: the text is empty.
    #[error("`{argument}` is empty")]
    #[non_exhaustive]
    Empty {
        /// The parameter.
        argument: &'static str,
    },
    /// `exp` has passed by more than the leeway.
    #[error("the token expired {} s ago", .by.as_secs())]
    Expired {
        /// Time since `exp`.
        by: Duration,
    },
    /// `iss` names another project, or in an ID token another server.
    #[error("the token was issued by another issuer")]
    Issuer,
    /// The token names a key that is not cached, and the client may not fetch the keys now, because it has
    /// already fetched them for unknown keys in this [`cooldown`](crate::KeyPolicy::cooldown). The key may
    /// be new or made up.
    #[error("the token's signing key is not cached; the keys can be fetched again in {} s",
        .retry_after.as_secs_f32().ceil())]
    #[non_exhaustive]
    KeyPending {
        /// Time until the keys can be fetched again.
        retry_after: Duration,
    },
    /// There is no key to check the signature with: the keys could not be fetched.
    #[error(transparent)]
    KeysUnavailable(#[from] KeysError),
    /// Not a JWT: it is not three parts of strict base64url, or the header is not a JSON object, has a
    /// member that appears twice, or is that of another type of token.
    #[error("the token is malformed: it is not a JWT of a session")]
    Malformed,
    /// The `nonce` of an ID token is that of another request.
    #[error("the ID token belongs to another sign-in")]
    Nonce,
    /// `nbf` or `iat` is in the future by more than the leeway.
    #[error("the token becomes valid in {} s; check this machine's clock", .by.as_secs())]
    NotYetValid {
        /// Time until then.
        by: Duration,
    },
    /// A refresh token in place of a session token (its `drn` claim says so).
    #[error("the token is a refresh token, not a session token")]
    NotASession,
    /// A session token in place of a refresh token (its `drn` claim says so).
    #[error("the token is a session token, not a refresh token")]
    NotARefreshToken,
    /// A refresh token of another user than the session token that came with it.
    #[error("the refresh token belongs to another user than the session token")]
    OtherUser,
    /// The `exp` of a refresh token has passed: the session has ended, and a refresh cannot help.
    #[error("the session expired {} s ago", .by.as_secs())]
    SessionExpired {
        /// Time since `exp`.
        by: Duration,
    },
    /// The signature does not match.
    #[error("the token's signature does not match")]
    Signature,
    /// The `auth_time` of an ID token is older than the request allows.
    #[error("the user signed in too long ago")]
    SignedInTooLongAgo,
    /// The token or access key is larger than
    /// [`ClientBuilder::max_token_size`](crate::ClientBuilder::max_token_size) allows. Tokens in Descope's
    /// own answers have no such limit.
    #[error(
        "`{argument}` is larger than {limit} bytes; `ClientBuilder::max_token_size` sets the limit"
    )]
    #[non_exhaustive]
    TooLarge {
        /// The parameter.
        argument: &'static str,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The project has no key with the token's `kid`, or the token has no `kid`. The keys were fetched
    /// after the token was first seen, and do not include it.
    #[error("the token was signed with an unknown key")]
    UnknownKey,
}

/// Why the signing keys could not be fetched; see [`TokenError::KeysUnavailable`].
#[derive(Clone, Debug)]
pub struct KeysError {
    failure: Arc<KeysFailure>,
    retry_after: Duration,
}

#[derive(Debug)]
struct KeysFailure {
    cause: Error,
    /// The project and the host that was asked, and what to check if it has none.
    owner: Arc<str>,
}

impl KeysError {
    pub(crate) fn new(cause: Error, owner: Arc<str>) -> Self {
        Self { failure: Arc::new(KeysFailure { cause, owner }), retry_after: Duration::ZERO }
    }

    /// The same failure, with the time until the next fetch.
    pub(crate) fn after(&self, wait: Duration) -> Self {
        Self { retry_after: wait, ..self.clone() }
    }

    /// Why the last fetch failed: [`Error::Api`] if the server refused it, [`Error::Transport`] if no answer
    /// came, [`Error::Decode`] if the answer contained no usable key.
    pub fn cause(&self) -> &Error {
        &self.failure.cause
    }

    /// Time until the keys can be fetched again; `None` if that is now.
    pub fn retry_after(&self) -> Option<Duration> {
        Some(self.retry_after).filter(|wait| !wait.is_zero())
    }

    /// Whether Descope has refused: there is no such project, or the client may not know its keys. A
    /// refusal without a Descope error code may come from a proxy, except for the statuses that a wrong
    /// address or project causes.
    pub(super) fn is_refusal(&self) -> bool {
        let Error::Api(answer) = self.cause() else { return false };
        match answer.status {
            400 | 401 | 404 => !self.failure.cause.is_rate_limited(),
            402..500 => !answer.code.is_empty() && !self.failure.cause.is_rate_limited(),
            _ => false,
        }
    }
}

impl PartialEq for KeysError {
    /// Whether they say the same.
    fn eq(&self, other: &Self) -> bool {
        self.retry_after == other.retry_after && self.to_string() == other.to_string()
    }
}

impl Eq for KeysError {}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KeysFailure { cause, owner } = &*self.failure;
        if self.is_refusal() {
            write!(f, "no signing keys for {owner}")?;
        } else {
            f.write_str("the signing keys are unavailable")?;
        }
        write!(f, ": {cause}")
    }
}

impl std::error::Error for KeysError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(self.cause())
    }
}

//! The tokens of a request.

use std::fmt;

use crate::secret::Secret;

/// The unchecked tokens of one request; see [`Guard::tokens`](super::Guard::tokens).
///
/// It owns its texts, so you can send it to another thread without the request.
#[derive(Clone, Default)]
pub struct RequestTokens {
    /// From the header `Authorization`, in place of those in cookies.
    pub(super) bearer: Option<Secret>,
    pub(super) sessions: Vec<Secret>,
    pub(super) refreshes: Vec<Secret>,
    /// Whether bearer and refresh token came together, and not one in a header and the other in a cookie.
    pub(super) paired: bool,
    /// Names of the cookies that hold further parts of a token, whether or not they are in use.
    pub(super) parts: Vec<String>,
    /// Whether there is more than one header `Authorization`.
    pub(super) ambiguous: bool,
}

impl RequestTokens {
    /// Tokens that did not come in headers but, for example, in the first message of a WebSocket. Either may
    /// be empty.
    ///
    /// ```
    /// use descope::web::RequestTokens;
    ///
    /// let tokens = RequestTokens::default().session_token("eyJhbGciOiJSUzI1NiJ9.e30.c2ln");
    /// assert!(!tokens.is_empty());
    /// ```
    #[must_use]
    pub fn session_token(self, token: impl Into<Secret>) -> Self {
        Self { bearer: given(token.into()), paired: true, ambiguous: false, ..self }
    }

    /// Likewise, a refresh token.
    ///
    /// ```
    /// use descope::web::RequestTokens;
    ///
    /// let session = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";
    /// let tokens = RequestTokens::default().session_token(session).refresh_token("");
    /// assert!(!tokens.is_empty());
    /// ```
    #[must_use]
    pub fn refresh_token(self, token: impl Into<Secret>) -> Self {
        Self { refreshes: given(token.into()).into_iter().collect(), paired: true, ..self }
    }

    /// Whether the request has no token at all: nobody has signed in.
    ///
    /// ```
    /// # let client = descope::Client::builder().ignore_env().project_id("P2abc").build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// use descope::transport::http::HeaderMap;
    ///
    /// assert!(guard.tokens(&HeaderMap::new()).is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.session_tokens().is_empty() && self.refreshes.is_empty()
    }

    /// The session tokens to try, in turn.
    pub(super) fn session_tokens(&self) -> &[Secret] {
        match &self.bearer {
            Some(bearer) => std::slice::from_ref(bearer),
            None => &self.sessions,
        }
    }

    /// Whether the session token comes in `Authorization`, which no cookie may stand in for.
    pub(super) fn has_header(&self) -> bool {
        self.bearer.is_some() && !self.paired
    }
}

fn given(token: Secret) -> Option<Secret> {
    Some(token).filter(|token| !token.expose().is_empty())
}

impl fmt::Debug for RequestTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestTokens")
            .field("bearer", &self.bearer)
            .field("sessions", &self.sessions.len())
            .field("refreshes", &self.refreshes.len())
            .finish_non_exhaustive()
    }
}

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
    /// Whether the token in `Authorization` came by the scheme `DPoP`.
    pub(super) is_dpop: bool,
    /// The headers `DPoP`: more than one is one too many, and the third is not kept.
    pub(super) proofs: Vec<Secret>,
    /// Method and path of the request.
    pub(super) request: Option<(String, String)>,
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
        let bearer = given(token.into());
        Self { bearer, paired: true, ambiguous: false, is_dpop: false, ..self }
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
        let paired = self.paired || self.bearer.is_none();
        Self { refreshes: given(token.into()).into_iter().collect(), paired, ..self }
    }

    /// The method and the path of the request, which a proof is for; see [`Proofs`](super::Proofs). A query or
    /// an origin in front of the path does not count.
    ///
    /// ```
    /// # let client = descope::Client::builder().ignore_env().project_id("P2abc").build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// # let request = descope::transport::http::Request::get("/orders").body(()).unwrap();
    /// let tokens = guard.tokens(request.headers());
    /// let tokens = tokens.of_request(request.method().as_str(), request.uri().path());
    /// # Ok::<(), descope::Error>(())
    /// ```
    #[must_use]
    pub fn of_request(self, method: &str, path: &str) -> Self {
        let path = match path.split_once("://") {
            Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => {
                rest.find(['/', '?', '#']).map_or("/", |at| &rest[at..])
            }
            _ => path,
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        Self { request: Some((method.to_owned(), path.to_owned())), ..self }
    }

    /// A proof for a token given to [`session_token`](Self::session_token); see [`Proofs`](super::Proofs).
    #[must_use]
    pub fn proof(mut self, proof: impl Into<Secret>) -> Self {
        self.add_proof(proof.into());
        self
    }

    pub(super) fn add_proof(&mut self, proof: Secret) {
        if self.proofs.len() < 2 {
            self.proofs.push(proof);
        }
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

    /// What may be an access key: it is in no cookie, and is not a JWT, which would have dots.
    pub(super) fn access_key(&self) -> Option<&Secret> {
        let bearer = self.bearer.as_ref().filter(|_| !self.is_dpop)?;
        (!bearer.expose().contains('.')).then_some(bearer)
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
            .field("proofs", &self.proofs.len())
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

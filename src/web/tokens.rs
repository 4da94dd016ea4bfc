//! Reads the tokens of a request.

use std::fmt;

use super::Guard;
use super::cookies::{self, MAX_PARTS, part_name};
use crate::secret::Secret;
use crate::transport::http::HeaderMap;

/// Session tokens that are tried for one request. Browsers send a few at the most: a cookie for each
/// domain and path that set one.
const MAX_SESSIONS: usize = 8;

/// Refresh tokens that are read. There are more of them, since the newest may come last.
const MAX_REFRESHES: usize = 32;

/// The tokens of one request, not checked yet; see [`Guard::tokens`].
///
/// It owns its texts, so that it can go to another thread without the request.
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
    /// Takes a session token that came by another way than headers, such as the first message of a
    /// WebSocket, in place of those there are. An empty one is none.
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

    /// Whether there is no token at all: nobody has signed in.
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

    fn read_authorization(&mut self, line: &[u8]) {
        let line = trim(line);
        let (scheme, token) = match line.iter().position(|byte| *byte == b' ') {
            Some(at) => line.split_at(at),
            None => (line, &[][..]),
        };
        let token = trim(token);
        if scheme.eq_ignore_ascii_case(b"bearer") && !token.is_empty() {
            self.bearer = Some(text(token).into());
        }
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

impl Guard {
    /// Finds the tokens in the headers of a request.
    ///
    /// The session token comes from `Authorization: Bearer`, or else from the session cookies: those
    /// of the first configured name, in the order of the header, then those of the next. The refresh
    /// token comes from the refresh cookies, likewise. A token that was split over several cookies is
    /// put together again; see [`GuardOptions::max_cookie_bytes`](super::GuardOptions::max_cookie_bytes).
    /// Quotes around a cookie's value are taken off; a cookie without a value is as good as none. The
    /// first 8 session tokens are kept, and the first 32 refresh tokens.
    ///
    /// Two `Authorization` headers are refused later on, since nobody can know which of them another
    /// server on the way has looked at. Other schemes than `Bearer` are ignored.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let token = emulator.issue_token(serde_json::json!({"sub": "U2ada", "drn": "DS"})).expect("a token");
    /// use descope::transport::http::Request;
    /// use descope::web::{Access, Guard};
    ///
    /// let guard = Guard::new(&client);
    /// let request = Request::get("/").header("Cookie", format!("theme=dark; DS={token}")).body(());
    /// # let request = request.expect("a request");
    /// let tokens = guard.tokens(request.headers());
    /// assert_eq!(guard.validate(&tokens, &Access::default())?.claims.user_id(), "U2ada");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tokens(&self, headers: &HeaderMap) -> RequestTokens {
        self.tokens_from(|name| headers.get_all(name))
    }

    /// Finds the tokens in headers of any other type, given a way to the values of a header by its
    /// name, in lower case. Otherwise like [`tokens`](Self::tokens).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let token = emulator.issue_token(serde_json::json!({"sub": "U2ada", "drn": "DS"})).expect("a token");
    /// use descope::web::{Access, Guard};
    ///
    /// let guard = Guard::new(&client);
    /// let headers = [("Host", "example.com"), ("authorization", &*format!("Bearer {token}"))];
    /// let tokens = guard.tokens_from(|name| {
    ///     let named = headers.iter().filter(move |header| header.0.eq_ignore_ascii_case(name));
    ///     named.map(|header| header.1)
    /// });
    /// assert_eq!(guard.validate(&tokens, &Access::default())?.claims.user_id(), "U2ada");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tokens_from<I>(&self, values: impl Fn(&'static str) -> I) -> RequestTokens
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        let mut found = RequestTokens::default();
        for (index, line) in values("authorization").into_iter().enumerate() {
            found.ambiguous |= index > 0;
            found.read_authorization(line.as_ref());
        }
        let lines: Vec<_> = values("cookie").into_iter().collect();
        let cookies: Vec<_> = lines.iter().flat_map(|line| cookies(line.as_ref())).collect();
        let settings = &*self.settings;
        found.sessions = tokens(&settings.session_cookies, &cookies, MAX_SESSIONS);
        found.refreshes = tokens(&settings.refresh_cookies, &cookies, MAX_REFRESHES);
        for name in settings.session_cookies.iter().chain(&settings.refresh_cookies) {
            let parts = (1..MAX_PARTS).map(|index| part_name(name, index));
            let sent = |part: &String| cookies.iter().any(|(known, _)| *known == part.as_bytes());
            found.parts.extend(parts.filter(sent));
        }
        found
    }
}

/// The tokens in the cookies of these names, each once.
fn tokens(names: &[String], cookies: &[(&[u8], &[u8])], most: usize) -> Vec<Secret> {
    let mut tokens: Vec<Secret> = Vec::new();
    for name in names {
        for (_, value) in cookies.iter().filter(|(known, _)| *known == name.as_bytes()) {
            let token = match cookies::joined(name, value, cookies) {
                Some(joined) => text(&joined),
                None => text(value),
            };
            let known = tokens.iter().any(|known| known.expose() == token);
            if tokens.len() < most && !token.is_empty() && !known {
                tokens.push(token.into());
            }
        }
    }
    tokens
}

/// Name and value of each cookie in a line (RFC 6265 section 4.2.1), every one of a name.
///
/// Only spaces and tabs are trimmed: a reader that trims more, as all white space of Unicode, takes a
/// cookie that any subdomain can set for one with the prefix `__Host-`.
fn cookies(line: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    line.split(|byte| *byte == b';').filter_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let value = trim(&pair[at + 1..]);
        let quoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
        Some((trim(&pair[..at]), quoted.unwrap_or(value)))
    })
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// What is not UTF-8 is no token either, but must not take others with it.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

//! Finds the tokens in the headers of a request.

use super::parts::{MAX_PARTS, is_first_part, joined, part_name};
use super::{Guard, RequestTokens};
use crate::secret::Secret;
use crate::transport::http::HeaderMap;

/// Session tokens that are tried for one request. Browsers send a few at the most: a cookie for each
/// domain and path that set one.
const MAX_SESSIONS: usize = 8;

/// Refresh tokens that are read. There are more of them, since the newest may come last.
const MAX_REFRESHES: usize = 32;

impl Guard {
    /// Finds the tokens in the headers of a request.
    ///
    /// The session token comes from `Authorization: Bearer` or `DPoP`, or else from the session cookies: first the
    /// cookies with the first configured name, in the order of the header, then those with the next name.
    /// Refresh tokens come from the refresh cookies in the same way. A token that was split over several
    /// cookies is joined again; see [`GuardOptions::max_cookie_bytes`](super::GuardOptions::max_cookie_bytes).
    /// Quotes around a cookie's value are removed, and cookies without a value are ignored. The first 8
    /// session tokens are kept, and the first 32 refresh tokens.
    ///
    /// A request with two `Authorization` headers is refused later, because a proxy may have looked at either
    /// of them. Other schemes are ignored. Proofs come from the header `DPoP`; see [`Proofs`](super::Proofs).
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

    /// Finds the tokens in headers of any other type. The function `values` returns the values of a header by
    /// its name, which is in lower case. Otherwise this is the same as [`tokens`](Self::tokens).
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
        for proof in values("dpop").into_iter().take(2) {
            found.add_proof(text(trim(proof.as_ref())).into());
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

impl RequestTokens {
    fn read_authorization(&mut self, line: &[u8]) {
        let line = trim(line);
        let (scheme, token) = match line.iter().position(|byte| *byte == b' ') {
            Some(at) => line.split_at(at),
            None => (line, &[][..]),
        };
        let token = trim(token);
        let is_dpop = scheme.eq_ignore_ascii_case(b"dpop");
        if (is_dpop || scheme.eq_ignore_ascii_case(b"bearer")) && !token.is_empty() {
            self.bearer = Some(text(token).into());
            self.is_dpop = is_dpop;
        }
    }
}

/// The tokens in the cookies of these names, each once.
fn tokens(names: &[String], cookies: &[(&[u8], &[u8])], most: usize) -> Vec<Secret> {
    let mut tokens: Vec<Secret> = Vec::new();
    let mut joins = 0;
    for name in names {
        for (_, value) in cookies.iter().filter(|(known, _)| *known == name.as_bytes()) {
            if tokens.len() == most {
                return tokens;
            }
            // Each looks at all cookies, so a request must not have many.
            joins += usize::from(is_first_part(value));
            if joins > most && is_first_part(value) {
                continue;
            }
            let token = match joined(name, value, cookies) {
                Some(joined) => text(&joined),
                None => text(value),
            };
            let known = tokens.iter().any(|known| known.expose() == token);
            if !token.is_empty() && !known {
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

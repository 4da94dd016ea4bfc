//! What a server says when it refuses a call.

use std::fmt;
use std::time::Duration;

use crate::escape::Escaped;

/// A refusal by the Descope API, or by the authorization server that a call of `oidc` went to.
///
/// If the answer was not the server's own, such as an HTML page of a proxy, this still has its status and the
/// beginning of its body.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ApiError {
    /// HTTP status; 0 if an authorization server has refused through the user's browser.
    pub status: u16,
    /// Stable code, such as `E112102`, or of an authorization server the word of RFC 6749, such as `invalid_grant`;
    /// empty if the answer had none.
    pub code: String,
    /// What the code means, for people.
    pub description: String,
    /// What was wrong in this call, for people.
    pub message: String,
    /// The `X-Request-Id` header, for support requests.
    pub request_id: Option<String>,
    /// The `CF-Ray` header, for support requests.
    pub cf_ray: Option<String>,
    /// How long to wait, from the `Retry-After` header; at most a day.
    pub retry_after: Option<Duration>,
    /// The first 200 characters of a body that is not a Descope error, without credentials.
    pub body_preview: Option<String>,
    /// The server that refused, where it is not Descope's: its host, and its port if the URL has one.
    pub server: Option<String>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.server.as_deref().map(Escaped);
        match (self.status, server) {
            (0, None) => f.write_str("the authorization server refused the sign-in")?,
            (0, Some(server)) => write!(f, "{server} refused the sign-in")?,
            (status, None) => write!(f, "Descope refused the call with HTTP status {status}")?,
            (status, Some(server)) => {
                write!(f, "{server} refused the call with HTTP status {status}")?;
            }
        }
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
            .field("server", &self.server.as_deref().map(Escaped))
            .finish()
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

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

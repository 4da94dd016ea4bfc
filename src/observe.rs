//! What a client tells its observer: every try of every call, its answer, and the wait before the next try.
//!
//! [`ClientBuilder::observer`](crate::ClientBuilder::observer) takes a function that is called with each
//! [`Event`]. It sees no secret: neither a header, a body nor a query of a request, nor the ID of a user or of
//! anything else. The [guide](crate::guide::observing) has examples.

use std::borrow::Cow;
use std::fmt;
use std::mem;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::clock::Clock;
use crate::error::{Error, Result, StoreError};
#[cfg(feature = "log")]
use crate::escape::Escaped;
use crate::retry;
use crate::transport::http::{HeaderMap, Method};
use crate::transport::{Response, TransportError, TransportErrorKind};

/// What happened to a call, or is about to happen.
///
/// The events of one call come in this order: [`Sending`](Self::Sending), then [`Answered`](Self::Answered) or
/// [`Unanswered`](Self::Unanswered). If there is another try, [`Retrying`](Self::Retrying) and another
/// [`Sending`](Self::Sending) follow. A call that is refused before anything is sent is
/// [`Refused`](Self::Refused). The client's own calls, such as a fetch of the signing keys, are told too.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'e> {
    /// A request is about to be sent.
    #[non_exhaustive]
    Sending {
        /// Which one.
        attempt: Attempt<'e>,
    },
    /// An answer came, be it a success or a refusal.
    #[non_exhaustive]
    Answered {
        /// To which request.
        attempt: Attempt<'e>,
        /// What it says.
        answer: Answer<'e>,
    },
    /// No answer came, or one that is too large or not HTTP.
    #[non_exhaustive]
    Unanswered {
        /// To which request.
        attempt: Attempt<'e>,
        /// Why.
        error: &'e TransportError,
        /// The time from the start of the try.
        took: Duration,
    },
    /// Another try follows, after a wait. If there is none, the call has ended.
    #[non_exhaustive]
    Retrying {
        /// The try that has failed.
        attempt: Attempt<'e>,
        /// How long the client waits now. It may be zero.
        wait: Duration,
        /// Why there is another try.
        reason: RetryReason,
    },
    /// The call cannot be made: an argument was refused, or the client lacks a key. Nothing is sent.
    #[non_exhaustive]
    Refused {
        /// The call, whose number of tries is 0.
        attempt: Attempt<'e>,
        /// Why.
        error: &'e Error,
    },
    /// The [key store](crate::ClientBuilder::key_store) failed, or what it holds is not used. The client goes on
    /// as if it were empty.
    #[non_exhaustive]
    KeyStoreFailed {
        /// The fetch that the store was to save, whose number of tries is 0.
        attempt: Attempt<'e>,
        /// Why.
        error: &'e StoreError,
    },
}

impl<'e> Event<'e> {
    /// The try that the event belongs to.
    pub fn attempt(&self) -> Attempt<'e> {
        match *self {
            Self::Sending { attempt }
            | Self::Answered { attempt, .. }
            | Self::Unanswered { attempt, .. }
            | Self::Retrying { attempt, .. }
            | Self::Refused { attempt, .. }
            | Self::KeyStoreFailed { attempt, .. } => attempt,
        }
    }
}

/// A try of a call.
#[derive(Clone, Copy)]
pub struct Attempt<'e> {
    pub(crate) method: &'e Method,
    pub(crate) pattern: Pattern<'e>,
    pub(crate) server: &'e str,
    pub(crate) number: u32,
}

impl<'e> Attempt<'e> {
    /// The HTTP method.
    pub fn method(&self) -> &'e Method {
        self.method
    }

    /// The path without its query, such as `/v1/mgmt/user/create`. Where it has an ID, there is a name in
    /// braces, as in `/v2/keys/{project_id}`. Thus there are as many paths as operations, and each can be the
    /// label of a metric.
    ///
    /// A path that is not the crate's own, as with [`Client::call`](crate::Client::call) or an authorization
    /// server, is shown in part. A segment is shown if it is a word of lowercase letters, a version such as `v1`,
    /// or a well-known name such as `jwks.json`. Any other segment is `{id}`. Make sure that no ID in a path of
    /// your own looks like such a word.
    pub fn path(&self) -> Cow<'e, str> {
        self.pattern.text()
    }

    /// The server: the [base URL](crate::ClientBuilder::base_url), that of the
    /// [FGA cache](crate::ClientBuilder::fga_cache_url), or the origin of an authorization server.
    pub fn server(&self) -> &'e str {
        self.server
    }

    /// Which try of the call it is, counted from 1.
    pub fn number(&self) -> u32 {
        self.number
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("method", self.method())
            .field("path", &self.path())
            .field("server", &self.server())
            .field("number", &self.number())
            .finish()
    }
}

/// What an answer says, less what is secret.
#[derive(Clone, Copy)]
pub struct Answer<'e> {
    pub(crate) response: &'e Response,
    pub(crate) error: Option<&'e Error>,
    pub(crate) took: Duration,
    pub(crate) clock: &'e dyn Clock,
    pub(crate) hide: &'e dyn Hide,
}

/// Takes secrets out of what a server says.
pub(crate) trait Hide {
    fn hide<'t>(&self, text: &'t str) -> Cow<'t, str>;
}

impl<'e> Answer<'e> {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// Why the answer is not a success, with Descope's [code](Error::code). `None` for a success.
    ///
    /// A success that cannot be read as what the function returns is still one here.
    pub fn error(&self) -> Option<&'e Error> {
        self.error
    }

    /// The time from the start of the try to the last byte of the answer, by the client's
    /// [clock](crate::ClientBuilder::clock).
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Descope's ID of the request, for a support ticket: the header `x-request-id`.
    pub fn request_id(&self) -> Option<Cow<'e, str>> {
        self.text("x-request-id")
    }

    /// Cloudflare's ID of the request, for a support ticket: the header `cf-ray`.
    pub fn cf_ray(&self) -> Option<Cow<'e, str>> {
        self.text("cf-ray")
    }

    /// How long to wait before the next request: the header `Retry-After`, in either form, at most a day.
    pub fn retry_after(&self) -> Option<Duration> {
        retry::after(self.response.headers(), self.clock.unix().as_seconds())
    }

    /// The headers about rate limits, names and values: those whose names begin with `ratelimit`, `x-ratelimit`
    /// or `x-rate-limit`. Descope documents only `Retry-After`, so there may be none.
    pub fn rate_limits(&self) -> impl Iterator<Item = (&'e str, Cow<'e, str>)> + use<'e> {
        const PREFIXES: [&str; 3] = ["ratelimit", "x-ratelimit", "x-rate-limit"];
        let (headers, hide): (&'e HeaderMap, _) = (self.response.headers(), self.hide);
        headers
            .iter()
            .filter(|(name, _)| PREFIXES.iter().any(|prefix| name.as_str().starts_with(prefix)))
            .filter_map(move |(name, value)| Some((name.as_str(), hide.hide(value.to_str().ok()?))))
    }

    fn text(&self, name: &str) -> Option<Cow<'e, str>> {
        let value = self.response.headers().get(name)?.to_str().ok()?;
        Some(self.hide.hide(value))
    }
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status())
            .field("error", &self.error())
            .field("took", &self.took())
            .field("request_id", &self.request_id())
            .field("cf_ray", &self.cf_ray())
            .field("retry_after", &self.retry_after())
            .field("rate_limits", &self.rate_limits().collect::<Vec<_>>())
            .finish()
    }
}

/// Why a call is tried again; see [`RetryPolicy`](crate::RetryPolicy).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryReason {
    /// There were too many calls: HTTP status 429.
    RateLimit,
    /// The server answered with this HTTP status.
    Status(u16),
    /// No answer came.
    NoAnswer(TransportErrorKind),
    /// The server asks for another `DPoP` proof, with its nonce.
    Nonce,
}

impl RetryReason {
    /// The reason in this outcome of a try.
    pub(crate) fn of(outcome: &Result<Response>) -> Self {
        match outcome {
            Err(Error::Api(error)) if error.status == 429 => Self::RateLimit,
            Err(Error::Api(error)) => Self::Status(error.status),
            Err(Error::Transport(error)) => Self::NoAnswer(error.kind()),
            // Nothing else is tried again.
            Ok(response) => Self::Status(response.status().as_u16()),
            Err(_) => Self::NoAnswer(TransportErrorKind::Other),
        }
    }
}

impl fmt::Display for RetryReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RateLimit => f.write_str("too many calls"),
            Self::Status(status) => write!(f, "HTTP status {status}"),
            Self::NoAnswer(TransportErrorKind::Connect | TransportErrorKind::Tls) => {
                f.write_str("no connection")
            }
            Self::NoAnswer(TransportErrorKind::Timeout) => f.write_str("no answer in time"),
            Self::NoAnswer(_) => f.write_str("no answer"),
            Self::Nonce => f.write_str("the server asks for its nonce"),
        }
    }
}

/// A path whose IDs are not to be shown.
#[derive(Clone, Copy)]
pub(crate) struct Pattern<'e> {
    pub(crate) path: &'e str,
    /// Where the IDs are, and what they are, of a path that is the crate's own. `None` for another one.
    pub(crate) ids: Option<&'e [(&'static str, Range<usize>)]>,
}

/// Parts of paths that are not words, but no IDs either.
const WELL_KNOWN: [&str; 5] =
    [".well-known", "jwks.json", "oauth2", "oauth-authorization-server", "openid-configuration"];

impl<'e> Pattern<'e> {
    fn text(self) -> Cow<'e, str> {
        let end = self.path.bytes().position(|b| matches!(b, b'?' | b'#'));
        let path = end.and_then(|end| self.path.get(..end)).unwrap_or(self.path);
        match self.ids {
            Some([]) => path.into(),
            Some(ids) => {
                let (mut text, mut at) = (String::new(), 0);
                for (name, id) in ids {
                    text.push_str(path.get(at..id.start).unwrap_or_default());
                    text.push('{');
                    text.push_str(name);
                    text.push('}');
                    at = id.end;
                }
                text.push_str(path.get(at..).unwrap_or_default());
                text.into()
            }
            None if path.split('/').all(is_word) => path.into(),
            None => {
                let parts = path.split('/').map(|part| if is_word(part) { part } else { "{id}" });
                parts.collect::<Vec<_>>().join("/").into()
            }
        }
    }
}

fn is_word(part: &str) -> bool {
    let version = part.strip_prefix('v').is_some_and(|number| {
        !number.is_empty() && number.len() < 3 && number.bytes().all(|b| b.is_ascii_digit())
    });
    version || part.bytes().all(|b| b.is_ascii_lowercase()) || WELL_KNOWN.contains(&part)
}

/// The program's function.
pub(crate) type Observer = dyn Fn(&Event<'_>) + Send + Sync;

/// All who are told.
#[derive(Default)]
pub(crate) struct Observers {
    pub(crate) own: Option<Box<Observer>>,
}

impl Observers {
    /// Whether anyone listens, so that nothing is put together for nobody.
    pub(crate) fn are_there(&self) -> bool {
        self.own.is_some() || is_logging()
    }

    /// Tells all. A panic of theirs ends here: by then, the request may have spent a code that nobody can get
    /// again.
    pub(crate) fn tell(&self, event: &Event<'_>) {
        let told = catch_unwind(AssertUnwindSafe(|| {
            log_event(event);
            if let Some(own) = &self.own {
                own(event);
            }
        }));
        if let Err(payload) = told {
            // What it panicked with may panic in turn when it is dropped.
            mem::forget(payload);
        }
    }
}

#[cfg(feature = "log")]
fn is_logging() -> bool {
    log::log_enabled!(log::Level::Debug)
}

#[cfg(not(feature = "log"))]
fn is_logging() -> bool {
    false
}

/// One line per event.
#[cfg(feature = "log")]
fn log_event(event: &Event<'_>) {
    let attempt = event.attempt();
    let (method, path, number) = (attempt.method(), attempt.path(), attempt.number());
    match event {
        Event::Sending { .. } => log::trace!("{method} {path}, try {number}"),
        Event::Answered { answer, .. } => {
            let id = answer.request_id().map(|id| format!(", request ID {id}")).unwrap_or_default();
            let (status, took) = (answer.status(), answer.took());
            log::debug!("{method} {path}, try {number}: {status} after {took:.1?}{id}");
        }
        Event::Unanswered { error, took, .. } => {
            log::debug!("{method} {path}, try {number}: {:?} after {took:.1?}", error.kind());
        }
        Event::Retrying { wait, reason, .. } => {
            log::debug!("{method} {path}, try {number}: again in {wait:.1?}, because of {reason}");
        }
        Event::Refused { error, .. } => log::debug!("{method} {path}, not sent: {error}"),
        Event::KeyStoreFailed { error, .. } => {
            let error = error.to_string();
            log::warn!("the key store is of no use: {}", Escaped(&error));
        }
    }
}

#[cfg(not(feature = "log"))]
fn log_event(_: &Event<'_>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_path_of_the_crates_own_the_ids_are_names() {
        let text = |path, ids| Pattern { path, ids: Some(ids) }.text();
        assert_eq!(text("/v1/mgmt/user", &[]), "/v1/mgmt/user");
        assert_eq!(text("/v1/mgmt/user?loginid=ada%40x.com", &[]), "/v1/mgmt/user");
        let ids = [("project_id", 9..14), ("key", 20..21)];
        assert_eq!(text("/v2/keys/P2abc/more/x?y=z", &ids), "/v2/keys/{project_id}/more/{key}");
        assert!(matches!(text("/v1/mgmt/user", &[]), Cow::Borrowed(_)));
    }

    #[test]
    fn of_another_path_words_alone_are_shown() {
        for (path, shown) in [
            ("/v1/mgmt/tenant/all", "/v1/mgmt/tenant/all"),
            ("/v1/mgmt/tenant/all?x=canary", "/v1/mgmt/tenant/all"),
            ("/v1/mgmt/user/U2abc", "/v1/mgmt/user/{id}"),
            ("/v1/mgmt/user/ada@example.com/x", "/v1/mgmt/user/{id}/x"),
            ("/v1/mgmt/user/ada%40example.com#x", "/v1/mgmt/user/{id}"),
            ("/v1/canary-path\r\nx", "/v1/{id}"),
            ("/v1234/v/v12", "/{id}/v/v12"),
            ("/P2abc/.well-known/openid-configuration", "/{id}/.well-known/openid-configuration"),
            ("/oauth2/v1/apps/token", "/oauth2/v1/apps/token"),
            ("", ""),
        ] {
            assert_eq!(Pattern { path, ids: None }.text(), shown, "{path}");
        }
    }
}

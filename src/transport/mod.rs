//! The HTTP layer, which you can replace with your own client or a test double.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::escape::Escaped;
pub use ::ureq::http;

mod connect;
mod failure;
mod lookup;
mod proxy;
pub(crate) mod ureq;

/// A request with its encoded body.
pub type Request = http::Request<Vec<u8>>;
/// A response with its whole body.
pub type Response = http::Response<Vec<u8>>;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Sends one request and returns the response, whatever its status.
///
/// An implementation does not follow redirects, does not retry, and keeps to the [`Limits`] in the request's
/// extensions. If a request cannot have reached the server, it returns [`TransportErrorKind::Connect`] or
/// [`Tls`](TransportErrorKind::Tls), so that the client may send it again.
///
/// Any matching closure is a transport, so a test double takes one line:
///
/// ```
/// use descope::transport::{Request, Response};
///
/// let client = descope::Client::builder()
///     .project_id("P2abc")
///     .transport(|request: Request| {
///         assert_eq!(request.uri().path(), "/v1/auth/otp/signin/email");
///         Ok(Response::new(br#"{"maskedEmail":"a***@b.com"}"#.to_vec()))
///     })
///     .build()?;
/// # Ok::<(), descope::Error>(())
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Sends the request.
    ///
    /// # Errors
    ///
    /// The reason why no answer came. An answer with any status is not an error.
    fn send(&self, request: Request) -> Result<Response, TransportError>;
}

impl<F> Transport for F
where
    F: Fn(Request) -> Result<Response, TransportError> + Send + Sync + 'static,
{
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        self(request)
    }
}

/// The limits of one exchange, in the extensions of every request.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// The time from looking up the host to the last byte of the response.
    pub timeout: Duration,
    /// The largest response body, in bytes.
    pub body: u64,
}

impl Limits {
    /// Limits to put into a request when you test a transport.
    pub const fn new(timeout: Duration, body: u64) -> Self {
        Self { timeout, body }
    }

    /// For a request that came without.
    pub(crate) const DEFAULT: Self = Self { timeout: Duration::from_secs(10), body: 64 << 20 };
}

/// No response came: the request or the answer was lost.
#[derive(Clone)]
pub struct TransportError {
    kind: TransportErrorKind,
    maybe_processed: bool,
    timed_out: bool,
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    cause: Arc<dyn std::error::Error + Send + Sync>,
    /// Host and proxy.
    to: Option<String>,
    /// What took too long, of an exchange that did.
    slow: Option<&'static str>,
    limit: Option<Duration>,
    /// The cause's text, where it had to be changed.
    scrubbed: Option<String>,
}

impl TransportError {
    /// An error of the given kind.
    pub fn new(kind: TransportErrorKind, cause: impl Into<BoxError>) -> Self {
        let unsent = matches!(kind, TransportErrorKind::Connect | TransportErrorKind::Tls);
        let cause = cause.into().into();
        let inner = Inner { cause, to: None, slow: None, limit: None, scrubbed: None };
        let timed_out = kind == TransportErrorKind::Timeout;
        Self { kind, maybe_processed: !unsent, timed_out, inner: Arc::new(inner) }
    }

    /// No time was left to send the request.
    pub(crate) fn no_time() -> Self {
        let error = Self::new(TransportErrorKind::Timeout, "no time was left to send the request");
        Self { maybe_processed: false, ..error }
    }

    /// The same error of a request that may have been sent all the same.
    pub(crate) fn perhaps_sent(mut self) -> Self {
        self.maybe_processed = true;
        self
    }

    /// The same error of a request whose connection had been made.
    fn of_connected(mut self) -> Self {
        if self.kind == TransportErrorKind::Connect {
            self.kind = TransportErrorKind::Closed;
        }
        self.perhaps_sent()
    }

    /// The same error of a request for which there was no more time.
    fn timed_out(mut self) -> Self {
        self.timed_out = true;
        self
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.inner));
        self
    }

    /// Names what took too long.
    fn saying(self, slow: &'static str) -> Self {
        self.change(|inner| inner.slow = Some(slow))
    }

    /// Names the time that was allowed.
    fn within(self, limit: Duration) -> Self {
        self.change(|inner| inner.limit = Some(limit))
    }

    /// Names where the request was to go, unless that is known.
    pub(crate) fn to(self, place: &str) -> Self {
        if self.inner.to.is_some() {
            return self;
        }
        self.change(|inner| inner.to = Some(place.to_owned()))
    }

    /// The same error, its text changed by `scrub` where that changes it.
    pub(crate) fn scrubbed(self, scrub: impl Fn(&str) -> String) -> Self {
        let mut texts = vec![self.inner.cause.to_string()];
        let mut source = self.inner.cause.source();
        while let Some(next) = source {
            texts.push(next.to_string());
            source = next.source();
        }
        if texts.iter().all(|text| scrub(text) == *text) {
            return self;
        }
        self.change(|inner| inner.scrubbed = Some(scrub(&texts[0])))
    }

    /// What went wrong.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// The error of the HTTP client or the operating system, such as a `ureq::Error`. You can downcast it.
    ///
    /// The text of this error contains the parts of the cause that are safe to show. The cause itself may
    /// quote what was sent, if it comes from your own transport.
    pub fn get_ref(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.inner.cause
    }

    /// Whether the server may have acted on the request although no response came.
    ///
    /// If this is `false`, sending the request again cannot do anything twice.
    pub fn maybe_processed(&self) -> bool {
        self.maybe_processed
    }

    /// Whether the exchange took too long. That includes the host lookup and the connection.
    pub fn is_timeout(&self) -> bool {
        self.timed_out
    }

    /// The cause, fit to be shown.
    fn text(&self) -> String {
        let Inner { cause, slow, limit, scrubbed, .. } = &*self.inner;
        match (slow, limit) {
            (Some(slow), Some(limit)) => {
                let limit =
                    Duration::from_millis(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
                format!("{slow} took longer than {limit:?}")
            }
            (Some(slow), None) => format!("{slow} took too long"),
            (None, _) => {
                let text = scrubbed.clone().unwrap_or_else(|| cause.to_string());
                Escaped(&text).to_string()
            }
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = match self.kind {
            TransportErrorKind::Body => ("the response", " could not be read"),
            TransportErrorKind::Closed => ("the connection", " was closed before a response came"),
            TransportErrorKind::Connect => ("no connection", ""),
            TransportErrorKind::Other => ("the request", " could not be sent"),
            TransportErrorKind::Timeout => ("no response", " in time"),
            TransportErrorKind::Tls => ("the TLS connection", " was refused"),
        };
        let from = matches!(self.kind, TransportErrorKind::Body | TransportErrorKind::Timeout);
        f.write_str(before)?;
        if let Some(place) = &self.inner.to {
            write!(f, " {} {}", if from { "from" } else { "to" }, Escaped(place))?;
        }
        write!(f, "{after}: {}", self.text())
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.kind)
            .field("maybe_processed", &self.maybe_processed)
            .field("is_timeout", &self.timed_out)
            .field("to", &self.inner.to.as_deref().map(Escaped))
            .field("cause", &Escaped(&self.text()))
            .finish()
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // What had to be changed in it would show.
        self.inner.cause.source().filter(|_| self.inner.scrubbed.is_none())
    }
}

impl From<BoxError> for TransportError {
    fn from(cause: BoxError) -> Self {
        Self::new(TransportErrorKind::Other, cause)
    }
}

impl From<io::Error> for TransportError {
    fn from(cause: io::Error) -> Self {
        use io::ErrorKind as Io;
        let kind = match cause.kind() {
            Io::ConnectionRefused | Io::AddrNotAvailable => TransportErrorKind::Connect,
            // A connection that has been made can break by the unreachable kinds too.
            Io::BrokenPipe
            | Io::ConnectionAborted
            | Io::ConnectionReset
            | Io::HostUnreachable
            | Io::NetworkDown
            | Io::NetworkUnreachable
            | Io::UnexpectedEof => TransportErrorKind::Closed,
            Io::TimedOut | Io::WouldBlock => TransportErrorKind::Timeout,
            _ => TransportErrorKind::Other,
        };
        Self::new(kind, cause)
    }
}

/// Where an exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The response is too large, or not HTTP.
    Body,
    /// The connection ended, perhaps after the request was sent.
    Closed,
    /// The host was not found, refused the connection, or was not reached in time. The request was not sent.
    Connect,
    /// Anything else.
    Other,
    /// The time limit was reached.
    Timeout,
    /// TLS failed, as when a certificate is not trusted. The request was not sent, unless
    /// [`TransportError::maybe_processed`] is true: TLS can also fail later.
    Tls,
}

//! The HTTP seam: bring your own client, or a test double.

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

/// A request, its body already encoded.
pub type Request = http::Request<Vec<u8>>;
/// A response, read to its end.
pub type Response = http::Response<Vec<u8>>;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Sends one request and returns the response, whatever its status.
///
/// An implementation does not follow redirects, does not retry, keeps to the [`Limits`] it finds in
/// the request's extensions, and reports a request that cannot have reached the server as
/// [`TransportErrorKind::Connect`] or [`Tls`](TransportErrorKind::Tls), so that it may be sent again.
///
/// Any matching closure is a transport, which makes a test double one line:
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
    /// Why no answer came. An answer of any status is not an error.
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

/// What one exchange may cost at the most; found in the extensions of every request.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// From looking up the host to the last byte of the response.
    pub timeout: Duration,
    /// Bytes of the response's body.
    pub body: u64,
}

impl Limits {
    /// Limits to put into a request, in the test of a transport.
    pub const fn new(timeout: Duration, body: u64) -> Self {
        Self { timeout, body }
    }

    /// For a request that came without.
    pub(crate) const DEFAULT: Self = Self { timeout: Duration::from_secs(10), body: 64 << 20 };
}

/// No response: the request failed on its way, or the answer on its way back.
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

    /// What the HTTP client or the operating system said, such as a `ureq::Error`, to be downcast.
    ///
    /// This error's own text has what is fit to be shown of it; what comes from a transport of your own may
    /// quote what was sent.
    pub fn get_ref(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.inner.cause
    }

    /// Whether the server may have acted on the request although no response came back.
    ///
    /// When this is `false`, sending the request again cannot do anything twice.
    pub fn maybe_processed(&self) -> bool {
        self.maybe_processed
    }

    /// Whether the time allowed was over, also while the host was looked up or connected to.
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

/// Where an exchange broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The response is too large, or not HTTP.
    Body,
    /// The connection ended, perhaps after the request was sent.
    Closed,
    /// The host was not found, refused the connection, or was not reached in time. The request did not leave.
    Connect,
    /// Anything else.
    Other,
    /// The time allowed was over.
    Timeout,
    /// TLS failed, as when a certificate is not trusted. The request did not leave, unless
    /// [`TransportError::maybe_processed`] says otherwise: TLS can also break later on.
    Tls,
}

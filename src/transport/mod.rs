//! The HTTP seam: bring your own client, or a test double.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

pub use ::ureq::http;

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
#[derive(Clone, Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    maybe_processed: bool,
    cause: Arc<dyn std::error::Error + Send + Sync>,
}

impl TransportError {
    /// An error of the given kind.
    pub fn new(kind: TransportErrorKind, cause: impl Into<BoxError>) -> Self {
        let unsent = matches!(kind, TransportErrorKind::Connect | TransportErrorKind::Tls);
        Self { kind, maybe_processed: !unsent, cause: cause.into().into() }
    }

    /// The same error of a request that may have been sent all the same.
    pub(crate) fn perhaps_sent(mut self) -> Self {
        self.maybe_processed = true;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// What the HTTP client or the operating system said, such as a `ureq::Error`, to be downcast. Its text
    /// is a part of this error's.
    pub fn get_ref(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.cause
    }

    /// Whether the server may have acted on the request although no response came back.
    ///
    /// When this is `false`, sending the request again cannot do anything twice.
    pub fn maybe_processed(&self) -> bool {
        self.maybe_processed
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::Body => "the response could not be read",
            TransportErrorKind::Closed => "the connection was closed before a response came",
            TransportErrorKind::Connect => "no connection to the server",
            TransportErrorKind::Other => "the request could not be sent",
            TransportErrorKind::Timeout => "no response in time",
            TransportErrorKind::Tls => "the TLS connection was refused",
        })?;
        write!(f, ": {}", self.cause)
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
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
            Io::ConnectionRefused | Io::AddrNotAvailable | Io::HostUnreachable => {
                TransportErrorKind::Connect
            }
            Io::NetworkUnreachable => TransportErrorKind::Connect,
            Io::BrokenPipe | Io::ConnectionAborted | Io::ConnectionReset | Io::UnexpectedEof => {
                TransportErrorKind::Closed
            }
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
    /// The connection ended after the request was sent.
    Closed,
    /// The host was not found, or refused the connection. The request did not leave.
    Connect,
    /// Anything else.
    Other,
    /// The time allowed was over.
    Timeout,
    /// TLS failed, as when a certificate is not trusted. The request did not leave, unless
    /// [`TransportError::maybe_processed`] says otherwise: TLS can also break later on.
    Tls,
}

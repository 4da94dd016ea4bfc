//! What the errors of ureq mean: whether a request can have left, and what took too long.

use std::io;

use ureq::Timeout;

use super::connect::{Stage, Unsent};
use super::http::Uri;
use super::{TransportError, TransportErrorKind as Kind};

impl From<ureq::Error> for TransportError {
    fn from(error: ureq::Error) -> Self {
        use ureq::Error as E;
        let kind = match error {
            E::Other(known) => {
                return match known.downcast::<Unsent>() {
                    Ok(unsent) => before_sending(*unsent),
                    Err(other) => Self::new(Kind::Other, E::Other(other)),
                };
            }
            // An error of rustls passes through ureq's socket wrapper as an `io::Error`, whether the
            // handshake failed or a connection over which the request has gone.
            E::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                let unsent = is_handshake(&error);
                let error = Self::new(Kind::Tls, error);
                return if unsent { error } else { error.perhaps_sent() };
            }
            E::Io(error) if is_lookup(&error) => return Self::new(Kind::Connect, error),
            E::Io(error) => return error.into(),
            E::Timeout(Timeout::Resolve | Timeout::Connect) => {
                let saying =
                    if matches!(error, E::Timeout(Timeout::Resolve)) { LOOKUP } else { CONNECT };
                return Self::new(Kind::Connect, error).timed_out().saying(saying);
            }
            // Their texts have the URL, with its query.
            E::RequireHttpsOnly(url) => return not_sent(E::RequireHttpsOnly(origin(&url))),
            E::BadUri(url) => return not_sent(E::BadUri(origin(&url))),
            E::HostNotFound
            | E::ConnectionFailed
            | E::ConnectProxyFailed(_)
            | E::InvalidProxyUrl => Kind::Connect,
            E::Timeout(_) => Kind::Timeout,
            E::Tls(_) | E::TlsRequired => Kind::Tls,
            #[cfg(feature = "rustls")]
            E::Rustls(_) | E::Pem(_) => Kind::Tls,
            E::BodyExceedsLimit(_) | E::LargeResponseHeader(..) | E::Protocol(_) => Kind::Body,
            _ => Kind::Other,
        };
        Self::new(kind, error)
    }
}

const LOOKUP: &str = "looking up the host";
const CONNECT: &str = "connecting";

fn not_sent(error: ureq::Error) -> TransportError {
    TransportError::new(Kind::Connect, error)
}

/// An error before the first byte of the request, whatever it is.
fn before_sending(Unsent { error, stage }: Unsent) -> TransportError {
    use ureq::Error as E;
    let slow = match &error {
        E::Timeout(_) => true,
        E::Io(error) => error.kind() == io::ErrorKind::TimedOut,
        _ => false,
    };
    let kind = match &error {
        E::Io(error) if error.kind() == io::ErrorKind::InvalidData => Kind::Tls,
        E::Tls(_) | E::TlsRequired => Kind::Tls,
        #[cfg(feature = "rustls")]
        E::Rustls(_) | E::Pem(_) => Kind::Tls,
        _ => Kind::Connect,
    };
    let error = match error {
        E::Io(error) => TransportError::new(kind, error),
        error => TransportError::new(kind, error),
    };
    if !slow {
        return error;
    }
    error.timed_out().saying(if stage == Stage::Lookup { LOOKUP } else { CONNECT })
}

/// Scheme and host of a URL, without what may be secret.
fn origin(url: &str) -> String {
    let uri = url.parse::<Uri>().ok();
    let origin = uri.and_then(|uri| Some(format!("{}://{}", uri.scheme_str()?, uri.host()?)));
    origin.unwrap_or_else(|| "not shown".to_owned())
}

/// Whether a host was not found, for which the standard library has no kind of its own: it wraps what
/// `getaddrinfo` says in a text, or has the codes of Windows' sockets.
fn is_lookup(error: &io::Error) -> bool {
    match error.raw_os_error() {
        Some(code) => cfg!(windows) && (11_001..=11_004).contains(&code),
        None => error.to_string().starts_with("failed to lookup address information"),
    }
}

/// Whether this can only come of a handshake, before which nothing is sent.
#[cfg(feature = "rustls")]
fn is_handshake(error: &io::Error) -> bool {
    use rustls::Error as E;
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    matches!(
        error,
        Some(E::InvalidCertificate(_) | E::NoCertificatesPresented | E::PeerIncompatible(_))
    )
}

#[cfg(not(feature = "rustls"))]
fn is_handshake(_: &io::Error) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind as Io;

    use super::*;

    #[test]
    fn of_another_agents_errors_those_that_may_come_of_a_connection_are_not_unsent() {
        for (kind, sent) in [
            (Io::ConnectionRefused, false),
            (Io::AddrNotAvailable, false),
            (Io::HostUnreachable, true),
            (Io::NetworkUnreachable, true),
            (Io::NetworkDown, true),
            (Io::ConnectionReset, true),
            (Io::TimedOut, true),
        ] {
            let by_agent = TransportError::from(ureq::Error::Io(kind.into()));
            let by_hand = TransportError::from(io::Error::from(kind));
            assert_eq!(
                (by_agent.maybe_processed(), by_hand.maybe_processed()),
                (sent, sent),
                "{kind:?}"
            );
        }
        for url in ["http://api.example.com/v1/x?canary", "canary"] {
            for error in
                [ureq::Error::RequireHttpsOnly(url.into()), ureq::Error::BadUri(url.into())]
            {
                let error = TransportError::from(error);
                let text = format!("{error} {error:?} {}", error.get_ref());
                assert!(!error.maybe_processed() && !text.contains("canary"), "{text}");
            }
        }
    }
}

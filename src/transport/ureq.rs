//! The built-in transport.

use std::io;
use std::time::Duration;

use ureq::{Agent, Proxy, ProxyBuilder, Timeout};

use super::http::Uri;
use super::{Limits, Request, Response, Transport, TransportError, TransportErrorKind as Kind};
use crate::check;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// How the built-in transport connects.
#[derive(Default)]
pub(crate) struct Options {
    #[cfg(feature = "rustls")]
    pub(crate) roots: Roots,
    pub(crate) proxy: Option<Secret>,
    /// Whether `HTTPS_PROXY`, `NO_PROXY` and the like count.
    pub(crate) environment: bool,
}

impl Options {
    /// Whether something is set that only the built-in transport heeds.
    pub(crate) fn is_set(&self) -> bool {
        #[cfg(feature = "rustls")]
        let roots = !matches!(self.roots, Roots::Mozilla);
        #[cfg(not(feature = "rustls"))]
        let roots = false;
        roots || self.proxy.is_some()
    }
}

/// The certificate authorities to trust.
#[cfg(feature = "rustls")]
#[derive(Default)]
pub(crate) enum Roots {
    #[default]
    Mozilla,
    /// In PEM.
    Given(Vec<u8>),
    #[cfg(feature = "platform-verifier")]
    Platform,
}

/// Sends by a `ureq::Agent`, the crate's own or the user's.
pub(crate) struct Ureq(pub(crate) Agent);

/// Enough for a busy service, where ureq's 3 would open a connection for nearly every call.
const IDLE_CONNECTIONS: usize = 64;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Ureq {
    /// For calls to the API, and to the FGA cache if there is one.
    pub(crate) fn new(options: &Options, api: &str, cache: Option<&str>) -> Result<Self> {
        let encrypted = |url: &str| !url.to_ascii_lowercase().starts_with("http:");
        let proxy = match &options.proxy {
            Some(url) => {
                let proxy = Proxy::new(url.expose()).ok().filter(is_complete);
                Some(proxy.ok_or(Error::argument("proxy", "not a proxy's URL"))?)
            }
            None if options.environment => environment_proxy(encrypted(api), cache)?,
            None => None,
        };
        let config = Agent::config_builder()
            .https_only(encrypted(api) && cache.is_none_or(encrypted))
            .proxy(proxy)
            .user_agent(concat!("descope-rust/", env!("CARGO_PKG_VERSION")))
            .max_idle_connections(IDLE_CONNECTIONS)
            .max_idle_connections_per_host(IDLE_CONNECTIONS);
        #[cfg(feature = "rustls")]
        let config = config.tls_config(tls::config(&options.roots)?);
        Ok(Self(config.build().into()))
    }
}

/// The proxy that the environment names, by the rules of curl: `HTTPS_PROXY` for encrypted connections and
/// `http_proxy` for others, then `ALL_PROXY`, each in either case. But not `HTTP_PROXY`, which a CGI
/// program's visitor can set by a header. It is not for the FGA cache, which is close by, and to which the
/// management key may go unencrypted.
fn environment_proxy(encrypted: bool, cache: Option<&str>) -> Result<Option<Proxy>> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let names: &[&str] = if encrypted {
        &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    } else {
        &["http_proxy", "ALL_PROXY", "all_proxy"]
    };
    let set = names.iter().find_map(|name| Some((*name, variable(name)?)));
    let Some((name, url)) = set else { return Ok(None) };
    let refused = || Error::argument(name, "not a proxy's URL");
    let proxy = Proxy::new(&url).ok().filter(is_complete).ok_or_else(refused)?;
    let mut with_exceptions =
        Proxy::builder(proxy.protocol()).host(proxy.host()).port(proxy.port());
    if let (Some(user), password) = (proxy.username(), proxy.password()) {
        with_exceptions = with_exceptions.username(user);
        with_exceptions = password.into_iter().fold(with_exceptions, ProxyBuilder::password);
    }
    let except = variable("NO_PROXY").or_else(|| variable("no_proxy")).unwrap_or_default();
    let cache = cache.and_then(|url| url.parse::<Uri>().ok());
    let cache = cache.as_ref().and_then(Uri::host);
    let except = except.split(',').map(str::trim).chain(cache);
    let proxy = except.fold(with_exceptions, ProxyBuilder::no_proxy).build();
    proxy.map(Some).map_err(|_| refused())
}

/// Whether a proxy has a host, and a port that is one.
fn is_complete(proxy: &Proxy) -> bool {
    proxy.uri().authority().is_some_and(|to| !to.host().is_empty() && check::has_good_port(to))
}

impl Transport for Ureq {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        let limits = request.extensions().get().copied().unwrap_or(Limits::DEFAULT);
        let request = self
            .0
            .configure_request(request)
            // No limit at all is more than the clock can count.
            .timeout_global(Some(limits.timeout.min(DAY)))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        let (parts, body) = self.0.run(request)?.into_parts();
        let body = body.into_with_config().limit(limits.body).read_to_vec()?;
        Ok(Response::from_parts(parts, body))
    }
}

impl From<ureq::Error> for TransportError {
    fn from(error: ureq::Error) -> Self {
        use ureq::Error as E;
        let kind = match error {
            // An error of rustls passes through ureq's socket wrapper as an `io::Error`, whether the
            // handshake failed or a connection over which the request has gone.
            E::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                let unsent = is_handshake(&error);
                let error = Self::new(Kind::Tls, error);
                return if unsent { error } else { error.perhaps_sent() };
            }
            E::Io(error) if is_lookup(&error) => return Self::new(Kind::Connect, error),
            E::Io(error) => return error.into(),
            E::Timeout(Timeout::Resolve | Timeout::Connect)
            | E::HostNotFound
            | E::ConnectionFailed
            | E::ConnectProxyFailed(_)
            | E::RequireHttpsOnly(_)
            | E::InvalidProxyUrl
            | E::BadUri(_) => Kind::Connect,
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

#[cfg(feature = "rustls")]
mod tls {
    use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};

    use super::Roots;
    use crate::error::{Error, Result};

    pub(super) fn config(roots: &Roots) -> Result<TlsConfig> {
        let roots = match roots {
            Roots::Mozilla => RootCerts::WebPki,
            Roots::Given(pem) => RootCerts::new_with_certs(&certificates(pem)?),
            #[cfg(feature = "platform-verifier")]
            Roots::Platform => RootCerts::PlatformVerifier,
        };
        Ok(TlsConfig::builder().root_certs(roots).build())
    }

    fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>> {
        let refuse = |reason| Error::argument("root_certificates", reason);
        let mut found = Vec::new();
        for item in ureq::tls::parse_pem(pem) {
            match item {
                Ok(PemItem::Certificate(certificate)) => found.push(certificate),
                Ok(_) => {}
                Err(_) => return Err(refuse("not PEM")),
            }
        }
        if found.is_empty() { Err(refuse("no certificate in the PEM")) } else { Ok(found) }
    }
}

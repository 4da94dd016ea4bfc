//! The built-in transport.

use std::time::Duration;

use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Proxy};

use super::connect::Connect;
use super::http::Uri;
use super::http::uri::Authority;
use super::lookup::Lookup;
use super::proxy;
use super::{Limits, Request, Response, Transport, TransportError};
use crate::check;
use crate::crypto::CryptoLibrary;
use crate::error::Result;
use crate::secret::Secret;

/// How the built-in transport connects.
#[derive(Default)]
pub(crate) struct Options {
    #[cfg(feature = "rustls")]
    pub(crate) roots: Roots,
    pub(crate) proxy: Option<Secret>,
    /// Whether `HTTPS_PROXY`, `NO_PROXY` and the like count.
    pub(crate) environment: bool,
    /// What encrypts connections. Signatures are checked by it too.
    pub(crate) library: CryptoLibrary,
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

/// Sends by `ureq::Agent`s, the crate's own or the user's.
pub(crate) struct Ureq {
    agent: Agent,
    proxy: Option<String>,
    /// The FGA cache, for which other settings hold.
    cache: Option<(Authority, Box<Ureq>)>,
    /// Whether errors say how far a request had come.
    staged: bool,
}

/// Enough for a busy service, where ureq's 3 would open a connection for nearly every call.
const IDLE_CONNECTIONS: usize = 64;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Ureq {
    /// For calls to the API, and to the FGA cache if there is one. The cache is close by, so that no proxy
    /// of the environment is for it.
    pub(crate) fn new(options: &Options, api: &str, cache: Option<&str>) -> Result<Self> {
        let given = options.proxy.as_ref().map(|url| proxy::parse("proxy", url.expose()));
        let given = given.transpose()?;
        let for_api = match &given {
            Some(proxy) => Some(proxy.clone()),
            None if options.environment => proxy::from_environment(api)?,
            None => None,
        };
        let mut made = Self::with(options, api, for_api, Lookup::system())?;
        if let Some(url) = cache
            && let Some(to) = url.parse::<Uri>().ok().and_then(|uri| uri.authority().cloned())
        {
            made.cache = Some((to, Box::new(Self::with(options, url, given, Lookup::system())?)));
        }
        Ok(made)
    }

    fn with(
        #[cfg_attr(not(feature = "rustls"), allow(unused_variables))] options: &Options,
        url: &str,
        proxy: Option<Proxy>,
        lookup: Lookup,
    ) -> Result<Self> {
        let by = DefaultConnector::default();
        let connect = Connect { by, proxy: proxy.as_ref().map(|proxy| proxy.uri().clone()) };
        let place = proxy.as_ref().map(proxy::place);
        let config = Agent::config_builder()
            .https_only(proxy::is_encrypted(url))
            .proxy(proxy)
            .user_agent(concat!("descope-rust/", env!("CARGO_PKG_VERSION")))
            .max_idle_connections(IDLE_CONNECTIONS)
            .max_idle_connections_per_host(IDLE_CONNECTIONS);
        #[cfg(feature = "rustls")]
        let config = config.tls_config(tls::config(options)?);
        let agent = Agent::with_parts(config.build(), connect, lookup);
        Ok(Self { agent, proxy: place, cache: None, staged: true })
    }

    /// Whether what goes to the API passes through a proxy on another machine.
    pub(crate) fn has_remote_proxy(&self) -> bool {
        let proxy = self.agent.config().proxy();
        proxy.is_some_and(|proxy| !check::is_loopback(proxy.host()))
    }

    fn exchange(&self, request: Request) -> Result<Response, TransportError> {
        let limits = request.extensions().get().copied().unwrap_or(Limits::DEFAULT);
        let place = request.uri().authority().map(|to| match &self.proxy {
            Some(proxy) => format!("{to} through the proxy {proxy}"),
            None => to.to_string(),
        });
        let request = self
            .agent
            .configure_request(request)
            // No limit at all is more than the clock can count.
            .timeout_global(Some(limits.timeout.min(DAY)))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        let fail = |error: ureq::Error, late| {
            let broken = self.staged && matches!(error, ureq::Error::Io(_));
            let slow = matches!(error, ureq::Error::Timeout(_));
            let mut error = TransportError::from(error);
            if slow && error.maybe_processed() {
                error = error.saying(late);
            }
            // Before a connection is there, the stage would be known.
            let error = if broken { error.of_connected() } else { error };
            place.iter().fold(error, |error, place| error.to(place)).within(limits.timeout)
        };
        let answer = self.agent.run(request);
        let (parts, body) =
            answer.map_err(|error| fail(error, "waiting for the answer"))?.into_parts();
        let body = body.into_with_config().limit(limits.body).read_to_vec();
        let body = body.map_err(|error| fail(error, "reading the answer"))?;
        Ok(Response::from_parts(parts, body))
    }
}

impl From<Agent> for Ureq {
    fn from(agent: Agent) -> Self {
        let proxy = agent.config().proxy().map(proxy::place);
        Self { agent, proxy, cache: None, staged: false }
    }
}

impl Transport for Ureq {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        match &self.cache {
            Some((to, cache)) if request.uri().authority() == Some(to) => cache.exchange(request),
            _ => self.exchange(request),
        }
    }
}

#[cfg(feature = "rustls")]
mod tls {
    use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};

    use super::{CryptoLibrary, Options, Roots};
    use crate::error::{Error, Result};

    pub(super) fn config(options: &Options) -> Result<TlsConfig> {
        let roots = match &options.roots {
            Roots::Mozilla => RootCerts::WebPki,
            Roots::Given(pem) => RootCerts::new_with_certs(&certificates(pem)?),
            #[cfg(feature = "platform-verifier")]
            Roots::Platform => RootCerts::PlatformVerifier,
        };
        let config = TlsConfig::builder().root_certs(roots);
        Ok(match options.library {
            // That of the process, if the program has chosen one.
            CryptoLibrary::Ring => config,
            #[cfg(feature = "aws-lc-rs")]
            CryptoLibrary::AwsLc => config.unversioned_rustls_crypto_provider(
                rustls::crypto::aws_lc_rs::default_provider().into(),
            ),
        }
        .build())
    }

    fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>> {
        let refuse = |reason| Error::argument("root_certificates", reason);
        let mut found = Vec::new();
        for item in ureq::tls::parse_pem(pem) {
            match item {
                Ok(PemItem::Certificate(certificate)) => found.push(certificate),
                Ok(_) => {}
                Err(_) => return Err(refuse("is not PEM")),
            }
        }
        if found.is_empty() { Err(refuse("contains no certificate")) } else { Ok(found) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::{self, ErrorKind as Io};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;
    use std::{sync::Arc, thread};

    use ureq::unversioned::transport as seam;
    use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout};

    use super::super::TransportErrorKind as Kind;
    use super::*;

    /// Where an exchange breaks.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum At {
        Lookup,
        Connect,
        Head,
        Body,
        Answer,
        AnswerBody,
    }

    /// Connects to nobody, and breaks.
    struct Broken {
        at: At,
        error: fn() -> ureq::Error,
        buffers: seam::LazyBuffers,
        steps: u32,
    }

    impl std::fmt::Debug for Broken {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "broken at {:?}", self.at)
        }
    }

    impl Broken {
        fn new(at: At, error: fn() -> ureq::Error) -> Self {
            Self { at, error, buffers: seam::LazyBuffers::new(1024, 1024), steps: 0 }
        }

        fn step(&mut self, at: At) -> std::result::Result<(), ureq::Error> {
            if self.at == at { Err((self.error)()) } else { Ok(()) }
        }
    }

    impl Connector<()> for Broken {
        type Out = Self;

        fn connect(
            &self,
            _: &ConnectionDetails<'_>,
            _: Option<()>,
        ) -> std::result::Result<Option<Self>, ureq::Error> {
            let mut connection = Self::new(self.at, self.error);
            connection.step(At::Connect)?;
            Ok(Some(connection))
        }
    }

    impl seam::Transport for Broken {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.buffers
        }

        fn transmit_output(
            &mut self,
            _: usize,
            _: NextTimeout,
        ) -> std::result::Result<(), ureq::Error> {
            self.steps += 1;
            self.step(if self.steps == 1 { At::Head } else { At::Body })
        }

        fn await_input(&mut self, _: NextTimeout) -> std::result::Result<bool, ureq::Error> {
            if matches!(self.at, At::Head | At::Body) {
                return Ok(false);
            }
            self.step(At::Answer)?;
            self.step(At::AnswerBody).or_else(|error| match self.steps {
                100.. => Err(error),
                _ => Ok(()),
            })?;
            self.steps = 100;
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{";
            self.buffers.input_append_buf()[..head.len()].copy_from_slice(head);
            self.buffers.input_appended(head.len());
            Ok(true)
        }

        fn is_open(&mut self) -> bool {
            false
        }
    }

    fn request(timeout: Duration) -> Request {
        let mut request = Request::new(b"{}".to_vec());
        *request.method_mut() = super::super::http::Method::POST;
        *request.uri_mut() = "http://api.example.com/v1/x?secret".parse().unwrap();
        request.extensions_mut().insert(Limits::new(timeout, 1024));
        request
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn only_what_breaks_before_the_first_byte_is_unsent() {
        fn io<const KIND: usize>() -> ureq::Error {
            io::Error::from(KINDS[KIND]).into()
        }
        const KINDS: [Io; 12] = [
            Io::ConnectionRefused,
            Io::ConnectionReset,
            Io::ConnectionAborted,
            Io::HostUnreachable,
            Io::NetworkUnreachable,
            Io::NetworkDown,
            Io::AddrNotAvailable,
            Io::BrokenPipe,
            Io::UnexpectedEof,
            Io::TimedOut,
            Io::InvalidData,
            Io::PermissionDenied,
        ];
        let errors: [fn() -> ureq::Error; 14] = [
            io::<0>,
            io::<1>,
            io::<2>,
            io::<3>,
            io::<4>,
            io::<5>,
            io::<6>,
            io::<7>,
            io::<8>,
            io::<9>,
            io::<10>,
            io::<11>,
            || ureq::Error::Timeout(ureq::Timeout::Global),
            || ureq::Error::Other("strange".into()),
        ];
        for error in errors {
            for at in [At::Lookup, At::Connect, At::Head, At::Body, At::Answer, At::AnswerBody] {
                let lookup = Lookup::by(8, MINUTE, move |_| match at {
                    At::Lookup => Err(error().into_io()),
                    _ => Ok(vec![([192, 0, 2, 1], 80).into()]),
                });
                let connect = Connect { by: Broken::new(at, error), proxy: None };
                let agent = Agent::with_parts(Agent::config_builder().build(), connect, lookup);
                let ureq = Ureq { agent, proxy: None, cache: None, staged: true };
                let broken = ureq.send(request(MINUTE)).unwrap_err();
                let sent = !matches!(at, At::Lookup | At::Connect);
                assert_eq!(broken.maybe_processed(), sent, "{at:?}: {broken:?}");
                let unsent = matches!(broken.kind(), Kind::Connect) || broken.kind() == Kind::Tls;
                assert!(sent || unsent, "{at:?}: {broken:?}");
                assert!(!sent || broken.kind() != Kind::Connect, "{at:?}: {broken:?}");
                let text = format!("{broken} {broken:?}");
                assert!(text.contains("api.example.com") && !text.contains("secret"), "{text}");
            }
        }
    }

    #[test]
    fn a_resolver_that_hangs_costs_few_threads_and_no_call_more_than_its_time() {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let count = (running.clone(), most.clone());
        let lookup = Lookup::by(8, Duration::ZERO, move |_| {
            count.1.fetch_max(count.0.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            loop {
                thread::park();
            }
        });
        let options = Options::default();
        let ureq = &Ureq::with(&options, "http://api.example.com", None, lookup).unwrap();
        let texts = &Mutex::new(BTreeSet::new());
        thread::scope(|scope| {
            for _ in 0..50 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let error = ureq.send(request(Duration::from_millis(5))).unwrap_err();
                        assert!(error.is_timeout());
                        // A thread that gets no processor in its time does not come to look up anything.
                        if error.kind() == Kind::Connect {
                            assert!(!error.maybe_processed());
                            texts.lock().unwrap().insert(error.to_string());
                        }
                    }
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= 8, "{most:?}");
        let text = "no connection to api.example.com: looking up the host took longer than 5ms";
        assert_eq!(Vec::from_iter(&*texts.lock().unwrap()), [text]);
        let start = Instant::now();
        ureq.send(request(Duration::from_millis(200))).unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(2));
    }

    #[cfg(all(feature = "rustls", feature = "aws-lc-rs"))]
    #[test]
    fn connections_are_encrypted_by_the_library_that_was_chosen() {
        let provider = |library| {
            let options = Options { library, ..Options::default() };
            let config = tls::config(&options).unwrap();
            // ring does not know this one.
            let p521 = rustls::SignatureScheme::ECDSA_NISTP521_SHA512;
            config.unversioned_rustls_crypto_provider().as_ref().map(|provider| {
                provider.signature_verification_algorithms.supported_schemes().contains(&p521)
            })
        };
        assert_eq!(provider(CryptoLibrary::Ring), None);
        assert_eq!(provider(CryptoLibrary::AwsLc), Some(true));
    }
}

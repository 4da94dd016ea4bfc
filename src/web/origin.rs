//! Where a request comes from, and whether it may change something: a browser sends cookies also with requests that
//! the pages of other sites cause.

use std::net::IpAddr;

use super::page::origin;
use super::proxies::Seen;
use super::said::{Said, is_host};
use super::{Denied, Guard, Reason};
use crate::transport::http::HeaderMap;

/// Where a request comes from, and where it was sent to, as its headers say; see [`Guard::source`].
///
/// ```
/// # let client = descope::Client::builder().ignore_env().project_id("P2abc").build()?;
/// use std::net::IpAddr;
/// use descope::transport::http::Request;
/// use descope::web::{Guard, GuardOptions, Proxies};
///
/// let options = GuardOptions::default().proxies(Proxies::x_forwarded(["10.0.0.0/8"])?);
/// let guard = Guard::with_options(&client, options)?;
/// let request = Request::post("/orders")
///     .header("Host", "orders.internal")
///     .header("X-Forwarded-For", "198.51.100.9")
///     .header("X-Forwarded-Proto", "https")
///     .header("X-Forwarded-Host", "shop.example.com")
///     .body(()).unwrap();
/// // The address of the connection, which is the proxy's.
/// let peer: IpAddr = "10.0.0.7".parse().unwrap();
///
/// let source = guard.source(Some(peer), request.headers());
/// assert_eq!(source.address().unwrap().to_string(), "198.51.100.9");
/// assert_eq!(source.origin().as_deref(), Some("https://shop.example.com"));
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RequestSource {
    site: Said,
    origin: Said,
    seen: Seen,
}

impl RequestSource {
    /// The host of the request's URL. Set it for HTTP/2 and HTTP/3, which have no header `Host`: it is the
    /// authority of the URI there. It does not replace what a header says.
    #[must_use]
    pub fn of_host(mut self, host: &str) -> Self {
        if self.seen.host == Said::Nothing {
            self.seen.host = Said::Once(host.to_owned());
        }
        self
    }

    /// The address of the client. Behind [`proxies`](super::GuardOptions::proxies), it is the nearest one that
    /// is not a proxy of yours, or the farthest one if they all are. `None` if it is not known: there is no peer, or
    /// a proxy of yours does not say.
    pub fn address(&self) -> Option<IpAddr> {
        self.seen.address
    }

    /// `https` or `http`, with which the client sent the request to the first of your
    /// [`proxies`](super::GuardOptions::proxies). `None` if no proxy says so: ask your server then.
    pub fn scheme(&self) -> Option<&str> {
        self.seen.scheme.once()
    }

    /// The host that the client sent the request to, with its port if it has one. `None` if it is missing or
    /// cannot be a host. Without [`proxies`](super::GuardOptions::proxies), any client can send any host.
    pub fn host(&self) -> Option<&str> {
        self.seen.host.once().filter(|host| is_host(host))
    }

    /// Scheme and host, such as `https://app.example.com`, if both are known.
    pub fn origin(&self) -> Option<String> {
        Some(format!("{}://{}", self.scheme()?, self.host()?))
    }

    /// Whether this origin is the one that the request was sent to. Without the scheme, a host is
    /// taken to be at the origin's.
    fn is_at(&self, asked: &(String, String, u16)) -> bool {
        let Some(host) = self.host() else { return false };
        if self.seen.scheme == Said::Unclear {
            return false;
        }
        let scheme = self.scheme().unwrap_or(&asked.0);
        origin(&format!("{scheme}://{host}")).as_ref() == Some(asked)
    }
}

impl Guard {
    /// Reads from the headers of a request where it comes from. `peer` is the address at the other end of the
    /// connection; without [`proxies`](super::GuardOptions::proxies) it may be `None`.
    ///
    /// The headers `Forwarded` and `X-Forwarded-…` count only if `peer` is one of the proxies. If they cannot be
    /// read then, nothing is taken in their place: address, scheme or host are unknown.
    pub fn source(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> RequestSource {
        self.source_from(peer, |name| headers.get_all(name))
    }

    /// Likewise, from headers of any other type, as in [`tokens_from`](Self::tokens_from).
    ///
    /// ```
    /// # let client = descope::Client::builder().ignore_env().project_id("P2abc").build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// let headers = [("Host", "app.example.com"), ("Origin", "https://evil.example")];
    /// let source = guard.source_from(None, |name| {
    ///     let named = headers.iter().filter(move |header| header.0.eq_ignore_ascii_case(name));
    ///     named.map(|header| header.1)
    /// });
    /// assert_eq!(source.host(), Some("app.example.com"));
    /// assert!(guard.check_origin("POST", &source).is_err());
    /// # Ok::<(), descope::Error>(())
    /// ```
    pub fn source_from<I>(
        &self,
        peer: Option<IpAddr>,
        values: impl Fn(&'static str) -> I,
    ) -> RequestSource
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        let mut seen = match (&self.settings.proxies, peer) {
            (Some(proxies), Some(peer)) => proxies.seen(peer, &values),
            _ => Seen { address: peer.map(|peer| peer.to_canonical()), ..Seen::default() },
        };
        if seen.host == Said::Nothing {
            seen.host = Said::of(values("host"));
        }
        let (site, origin) = (Said::of(values("sec-fetch-site")), Said::of(values("origin")));
        RequestSource { site, origin, seen }
    }

    /// Refuses a request that the page of another site has caused (cross-site request forgery, CSRF). Call it
    /// before you change anything for a request that comes with cookies, and before you set cookies, as for a
    /// login or logout.
    ///
    /// - `GET`, `HEAD` and `OPTIONS` pass: they must change nothing. The handshake of a WebSocket is a `GET`, but
    ///   check it as `POST`, since browsers let any site open one.
    /// - A request passes if browsers say that it comes from the same origin or from the user (`Sec-Fetch-Site:
    ///   same-origin` or `none`), and with [`trust_same_site`](super::GuardOptions::trust_same_site) also from
    ///   the same site.
    /// - A browser that does not send `Sec-Fetch-Site`, since it is old or the service has no HTTPS, sends
    ///   `Origin`. It must be [`origin`](super::GuardOptions::origin), or else name the host that the request was
    ///   sent to: set `origin`, so that the scheme counts too. `null` is nobody's.
    /// - [`trusted_origins`](super::GuardOptions::trusted_origins) pass.
    /// - A request with neither header passes: it comes from a program, which has no cookies of others. All
    ///   browsers since 2020 send `Origin` with requests that are not safe.
    /// - Anything else is refused, also several headers of a name.
    ///
    /// A route that takes its token from `Authorization` alone needs no check: browsers do not send that header
    /// for other sites.
    ///
    /// ```
    /// # let client = descope::Client::builder().ignore_env().project_id("P2abc").build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// use descope::transport::http::Request;
    /// use descope::web::Reason;
    ///
    /// let request = Request::post("/logout").header("Sec-Fetch-Site", "cross-site").body(()).unwrap();
    /// let source = guard.source(None, request.headers());
    /// let denied = guard.check_origin(request.method().as_str(), &source).unwrap_err();
    /// assert_eq!((denied.status().as_u16(), denied.reason()), (403, Reason::CrossSite));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Reason::CrossSite`].
    pub fn check_origin(&self, method: &str, source: &RequestSource) -> Result<(), Denied> {
        let passes = matches!(method, "GET" | "HEAD" | "OPTIONS")
            || match &source.site {
                Said::Once(site) => self.is_good_site(site) || self.trusts(&source.origin),
                Said::Nothing => match &source.origin {
                    Said::Nothing => true,
                    named => self.is_own(named, source) || self.trusts(named),
                },
                Said::Unclear => false,
            };
        if passes { Ok(()) } else { Err(Denied::new(Reason::CrossSite, None)) }
    }

    fn is_good_site(&self, site: &str) -> bool {
        match site {
            "same-origin" | "none" => true,
            "same-site" => self.settings.trust_same_site,
            _ => false,
        }
    }

    fn is_own(&self, named: &Said, source: &RequestSource) -> bool {
        let Some(named) = named.once().and_then(origin) else { return false };
        match &self.settings.origin {
            Some(own) => origin(own).is_some_and(|own| own == named),
            None => source.is_at(&named),
        }
    }

    fn trusts(&self, named: &Said) -> bool {
        let Some(named) = named.once().and_then(origin) else { return false };
        self.settings
            .trusted_origins
            .iter()
            .filter_map(|known| origin(known))
            .any(|one| one == named)
    }
}

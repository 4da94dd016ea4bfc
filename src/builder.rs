mod build;
mod caches;
mod limits;
mod settings;

use std::fmt;
use std::time::Duration;

use self::settings::{Env, Url, headers, secret};
use crate::check;
use crate::checks::CheckCache;
use crate::client::Client;
use crate::clock::{Clock, SystemClock};
use crate::core::{Core, MakeRequestId, Settings, Shared};
use crate::error::Result;
use crate::jwt::{KeyPolicy, REFRESH_COOKIE};
use crate::keys::{KeySet, KeyStore};
use crate::license::License;
use crate::observe::{Event, Observer, Observers};
use crate::pace::{Limiter, Pacing, RateLimits};
use crate::refreshes::Refreshes;
use crate::retry::RetryPolicy;
use crate::secret::Secret;
use crate::servers::Servers;
use crate::transport::{Transport, ureq as builtin};

/// Configures a [`Client`].
///
/// Settings made here come first, then the environment, then the defaults:
///
/// | setter | environment variable | by default |
/// |---|---|---|
/// | [`project_id`](Self::project_id) | `DESCOPE_PROJECT_ID` | required |
/// | [`management_key`](Self::management_key) | `DESCOPE_MANAGEMENT_KEY` | none |
/// | [`auth_management_key`](Self::auth_management_key) | `DESCOPE_AUTH_MANAGEMENT_KEY` | none |
/// | [`public_key`](Self::public_key) | `DESCOPE_PUBLIC_KEY` | fetched when needed |
/// | [`base_url`](Self::base_url) | `DESCOPE_BASE_URI` | `https://api.descope.com`, or the project's region |
///
/// An empty variable counts as unset. The proxy comes from `https_proxy` or `all_proxy`, or from `http_proxy`
/// or `all_proxy` for a base URL with `http://`. `no_proxy` lists the hosts to reach without a proxy. The
/// rules are those of curl: all names may be in upper case too, except `HTTP_PROXY`. The client never uses a
/// proxy for the [FGA cache](Self::fga_cache_url). [`ignore_env`](Self::ignore_env) switches all variables
/// off.
///
/// ```
/// use std::time::Duration;
///
/// let client = descope::Client::builder()
///     .project_id("P2abc")
///     .management_key("K2def")
///     .deadline(Duration::from_secs(5))
///     .build()?;
/// # Ok::<(), descope::Error>(())
/// ```
#[must_use]
pub struct ClientBuilder {
    project_id: Option<String>,
    base_url: Option<String>,
    fga_cache_url: Option<String>,
    check_cache: Option<CheckCache>,
    management_key: Option<Secret>,
    auth_management_key: Option<Secret>,
    license: bool,
    public_key: Option<String>,
    refresh_cookie: String,
    headers: Vec<(String, String)>,
    request_id: Option<Box<MakeRequestId>>,
    observer: Option<Box<Observer>>,
    key_policy: KeyPolicy,
    key_set: Option<KeySet>,
    key_store: Option<Box<dyn KeyStore>>,
    leeway: Duration,
    max_token_size: usize,
    remembered_tokens: usize,
    settings: Settings,
    rate_limits: RateLimits,
    connect: builtin::Options,
    unencrypted: bool,
    transport: Option<Sends>,
    clock: Option<Box<dyn Clock>>,
}

impl Client {
    /// A client for a project. All other settings come from the environment or are defaults.
    ///
    /// Short for [`Client::builder`], [`project_id`](ClientBuilder::project_id) and
    /// [`build`](ClientBuilder::build). Makes no request.
    ///
    /// # Errors
    ///
    /// Those of [`build`](ClientBuilder::build).
    pub fn new(project_id: impl Into<String>) -> Result<Self> {
        Self::builder().project_id(project_id).build()
    }

    /// A client for the project named by the environment variable `DESCOPE_PROJECT_ID`.
    ///
    /// See [`ClientBuilder`] for the other variables.
    ///
    /// # Errors
    ///
    /// Those of [`build`](ClientBuilder::build): [`Error::Config`](crate::Error::Config) if the variable is
    /// not set.
    pub fn from_env() -> Result<Self> {
        Self::builder().build()
    }

    /// Starts configuring a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            project_id: None,
            base_url: None,
            fga_cache_url: None,
            check_cache: None,
            management_key: None,
            auth_management_key: None,
            license: false,
            public_key: None,
            refresh_cookie: REFRESH_COOKIE.to_owned(),
            headers: Vec::new(),
            request_id: None,
            observer: None,
            key_policy: KeyPolicy::default(),
            key_set: None,
            key_store: None,
            leeway: Duration::from_secs(5),
            max_token_size: check::MAX_TOKEN,
            remembered_tokens: 0,
            settings: Settings {
                try_timeout: Duration::from_secs(10),
                deadline: Duration::from_secs(30),
                retry: RetryPolicy::default(),
                audience: Vec::new(),
                resource: None,
                request_id: None,
                pacing: Pacing::Off,
            },
            rate_limits: RateLimits::default(),
            connect: builtin::Options { environment: true, ..builtin::Options::default() },
            unencrypted: false,
            transport: None,
            clock: None,
        }
    }
}

impl ClientBuilder {
    /// The project's ID, as shown in the Descope console. In an ID of 32 or more characters, the second to
    /// fifth characters name the region: `https://api.use1.descope.com` serves `Puse1…`.
    pub fn project_id(mut self, id: impl Into<String>) -> Self {
        self.project_id = Some(id.into());
        self
    }

    /// The URL of another API host, such as a custom domain. It may have a path, and a slash at the end. The
    /// connection is encrypted unless the URL says `http://`. Use that for this machine only: see
    /// [`allow_unencrypted_keys`](Self::allow_unencrypted_keys).
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// The key for the management API. It is sent with management calls only.
    pub fn management_key(mut self, key: impl Into<Secret>) -> Self {
        self.management_key = Some(key.into());
        self
    }

    /// A management key to send with authentication calls, for projects that have switched off
    /// public access to some of them. Defaults to none.
    pub fn auth_management_key(mut self, key: impl Into<Secret>) -> Self {
        self.auth_management_key = Some(key.into());
        self
    }

    /// Whether every management call names the project's licence tier in the header `x-descope-license`.
    /// Descope may choose the rate limit by it. Defaults to `false`.
    ///
    /// The client asks for the tier once, before its first management call. This one request may take up to 5
    /// seconds in addition to the call's own time. If it fails, the calls continue without the header.
    pub fn license_tier(mut self, send: bool) -> Self {
        self.license = send;
        self
    }

    /// Pins one signing key: a JWK in JSON, as in the `keys` of `/v2/keys/{project ID}`, not PEM. Tokens
    /// signed with another key are refused, and the client never fetches keys. After a rotation of the
    /// project's keys, create a client with the new key.
    pub fn public_key(mut self, jwk: impl Into<String>) -> Self {
        self.public_key = Some(jwk.into());
        self
    }

    /// The clock difference between this machine and Descope that is tolerated in `exp`, `nbf` and `iat`, in
    /// whole seconds. At most 120 seconds. Defaults to 5 seconds.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// How signing keys are cached. Defaults to [`KeyPolicy::default`].
    pub fn key_policy(mut self, policy: KeyPolicy) -> Self {
        self.key_policy = policy;
        self
    }

    /// Accepts tokens for this audience; call it again to accept others too.
    ///
    /// With this setting, a token must name one of these audiences in `aud`. By default, a token either has
    /// no `aud` or has one that names the project, and any other is refused.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.settings.audience.push(audience.into());
        self
    }

    /// The name of the refresh token's cookie, if the project has a custom one. Defaults to `DSR`.
    ///
    /// If an answer carries the refresh token only as a cookie, the client looks for a cookie of this name. A
    /// token with this name in its `drn` claim is not accepted as a session token.
    pub fn refresh_cookie(mut self, name: impl Into<String>) -> Self {
        self.refresh_cookie = name.into();
        self
    }

    /// The time limit for one try of a call, from looking up the host to the last byte of the answer.
    /// Defaults to 10 seconds.
    pub fn try_timeout(mut self, timeout: Duration) -> Self {
        self.settings.try_timeout = timeout;
        self
    }

    /// The time limit for a whole call: all tries and the waits between them. Defaults to 30 seconds.
    ///
    /// A call that also has to fetch signing keys may take longer. The fetch has its own limit: see
    /// [`KeyPolicy::fetch_timeout`].
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = deadline;
        self
    }

    /// Which calls are retried, and when. Defaults to [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// A header to send with every request. Its value is treated as a secret. You cannot replace the crate's
    /// own headers. Headers that belong to the connection or describe the body, such as `Host` and
    /// `Content-Length`, are refused.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// A function that the client asks before every call for an ID to send as `x-external-rid`, such as the
    /// ID of the thread's current trace. Defaults to none. [`Client::with_request_id`] says which characters
    /// are sent.
    pub fn request_id(mut self, make: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        self.request_id = Some(Box::new(make));
        self
    }

    /// A function that is told of every try of every call, of its answer, and of the wait before the next try: see
    /// [`Event`]. Use it for metrics, for a line of progress while a script waits, or to keep the request IDs of
    /// successes. It never sees a secret. Defaults to none, and costs nothing then. The last observer counts.
    ///
    /// ```
    /// use descope::Client;
    /// use descope::observe::Event;
    ///
    /// # let emulator = descope::emulator::Emulator::new();
    /// let client = Client::builder()
    /// #   .emulator(&emulator)
    ///     .observer(|event| {
    ///         if let Event::Retrying { attempt, wait, reason, .. } = event {
    ///             eprintln!("{}: {reason}, trying again in {wait:.0?}", attempt.path());
    ///         }
    ///     })
    ///     .build()?;
    /// # client.warm_up()?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// The function runs on the thread of the call, so it should return soon. No lock of the client is held while it
    /// runs, but it must not make a call of the same client, or it would be told of its own calls without end. If it
    /// panics, the call goes on as if it had not: the panic hook reports it, and the observer is told of what
    /// happens next all the same.
    pub fn observer(mut self, observer: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Trusts these certificate authorities, in PEM, instead of the built-in ones. Use it for a company's
    /// proxy, or for your own server. You cannot switch certificate checks off.
    ///
    /// To trust what the operating system trusts, enable the feature `platform-verifier` and use
    /// `platform_verifier`.
    #[cfg(feature = "rustls")]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.connect.roots = builtin::Roots::Given(pem.into());
        self
    }

    /// Trusts what the operating system trusts, instead of the built-in certificate authorities or those of
    /// an earlier [`root_certificates`](Self::root_certificates).
    #[cfg(feature = "platform-verifier")]
    pub fn platform_verifier(mut self) -> Self {
        self.connect.roots = builtin::Roots::Platform;
        self
    }

    /// Connects through a proxy: a URL with `http://`, `https://`, `socks4://` or `socks5://`, with user and
    /// password if the proxy needs them. Defaults to the proxy of the environment.
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.connect.proxy = Some(url.into());
        self
    }

    /// Sends requests with your own agent, with its TLS, proxy and pool settings. Whatever the agent's
    /// settings, the client follows no redirects and has its own overall time limits. The agent's finer
    /// timeouts, such as the one for connecting, still apply.
    ///
    /// Do not enable the feature `cookies` of `ureq` in any part of your program if Descope's answers set
    /// cookies. With it, agents keep cookies and send them with later requests: the cookies that Descope sets
    /// for one user would be sent with the calls of another.
    pub fn agent(mut self, agent: ureq::Agent) -> Self {
        self.transport = Some(Sends::Agent(agent));
        self
    }

    /// Sends requests with your own transport: another HTTP client, or a test double. See [`Transport`].
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Sends::Transport(Box::new(transport)));
        self
    }

    /// Another clock, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// Talks to an emulator in this process. The client takes the emulator's project, management key, base
    /// URL, transport and clock, and nothing from the environment.
    ///
    /// ```
    /// let emulator = descope::emulator::Emulator::new();
    /// let client = descope::Client::builder().emulator(&emulator).build()?;
    /// client.warm_up()?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    #[cfg(feature = "emulator")]
    pub fn emulator(self, emulator: &crate::emulator::Emulator) -> Self {
        self.ignore_env()
            .project_id(emulator.project_id())
            .management_key(emulator.management_key())
            .base_url(emulator.base_url())
            .transport(emulator.transport())
            .clock(emulator.clock())
    }

    /// Whether management keys may go over `http://` to other machines too, where anyone on the network path
    /// can read them. Defaults to `false`: [`build`](Self::build) then fails for a client with a management
    /// key whose [`base_url`](Self::base_url) or [`fga_cache_url`](Self::fga_cache_url) is neither `https://`
    /// nor on this machine, or is reached through a proxy on another machine.
    ///
    /// Your own [transport](Self::transport) is not checked. Codes, passwords, access keys and tokens need
    /// the same protection: use `http://` only for tests, and between containers of one machine.
    pub fn allow_unencrypted_keys(mut self, allow: bool) -> Self {
        self.unencrypted = allow;
        self
    }

    /// Takes nothing from the environment.
    pub fn ignore_env(mut self) -> Self {
        self.connect.environment = false;
        self
    }

    /// Checks the settings and makes the client. Makes no request.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) if there is no project ID, or if a proxy or root certificates are set together with an
    /// agent or a transport; [`Error::Argument`](crate::Error::Argument) for a setting or environment variable that cannot be
    /// right, such as an address to which a management key would go unencrypted.
    pub fn build(mut self) -> Result<Client> {
        let env = Env(self.connect.environment);
        let project_id = self.find_project(env)?;
        let management_key =
            secret(env, self.management_key.take(), "management_key", "DESCOPE_MANAGEMENT_KEY")?;
        let auth_management_key = secret(
            env,
            self.auth_management_key.take(),
            "auth_management_key",
            "DESCOPE_AUTH_MANAGEMENT_KEY",
        )?;
        let base_url = self.find_url(env, &project_id)?;
        let cache = self.fga_cache_url.take();
        let cache = cache.map(|url| Url::new("fga_cache_url", &url)).transpose()?;
        check::cookie_name("refresh_cookie", &self.refresh_cookie)?;
        let headers = headers(&self.headers, &project_id)?;
        let clock = self.clock.take().unwrap_or_else(|| Box::<SystemClock>::default());
        let verifier = self.make_verifier(env, &project_id, &base_url.text, &*clock)?;
        let has_key = management_key.is_some() || auth_management_key.is_some();
        let transport = self.make_transport(has_key, &base_url, cache.as_ref())?;
        let shared = Shared {
            verifier,
            headers,
            project_id,
            base_url: base_url.text,
            fga_cache_url: cache.map(|url| url.text),
            checks: self.check_cache.map(CheckCache::build).transpose()?,
            management_key,
            auth_management_key,
            license: self.license.then(License::default),
            request_id: self.request_id,
            observers: Observers { own: self.observer },
            transport,
            clock,
            refreshes: Refreshes::default(),
            servers: Servers::default(),
            limiter: Limiter::new(&self.rate_limits),
        };
        Ok(Client::from_core(Core::new(shared, self.settings)))
    }
}

/// What sends, in place of the built-in transport.
enum Sends {
    Agent(ureq::Agent),
    Transport(Box<dyn Transport>),
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("project_id", &self.project_id)
            // Not the URL: until it is checked, it may hold a password.
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn bad_settings_name_the_argument() {
        let name = |builder: ClientBuilder| match builder.ignore_env().build() {
            Err(Error::Argument { name, .. }) => name,
            other => panic!("{other:?}"),
        };
        let builder = || Client::builder().project_id("P2abc");
        assert_eq!(name(builder().project_id("P 2")), "project_id");
        assert_eq!(name(builder().management_key("a\r\nb")), "management_key");
        assert_eq!(name(builder().management_key("")), "management_key");
        assert_eq!(name(builder().base_url("nowhere")), "base_url");
        assert_eq!(name(builder().fga_cache_url("nowhere")), "fga_cache_url");
        assert_eq!(name(builder().public_key("{}")), "public_key");
        assert_eq!(name(builder().header("a b", "c")), "header");
        assert_eq!(name(builder().header("a", "c\n")), "header");
        assert_eq!(name(builder().proxy("gopher://x")), "proxy");
        assert_eq!(name(builder().leeway(Duration::from_secs(121))), "leeway");
        let none = Client::builder().ignore_env().build();
        assert!(matches!(none, Err(Error::Config(_))));
    }

    #[cfg(feature = "rustls")]
    #[test]
    fn bad_certificates_name_the_argument() {
        for pem in [&b"no PEM"[..], &[0xff, 0xfe]] {
            let builder = Client::builder().project_id("P2abc").ignore_env();
            let refused = builder.root_certificates(pem).build();
            assert!(matches!(refused, Err(Error::Argument { name: "root_certificates", .. })));
        }
    }

    #[test]
    fn a_client_keeps_its_keys_to_itself() {
        let builder = Client::builder().project_id("P2abc").management_key("K2canary");
        assert!(!format!("{builder:?}").contains("canary"));
        assert!(!format!("{:?}", builder.build().unwrap()).contains("canary"));
    }
}

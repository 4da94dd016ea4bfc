//! How an emulator differs from the default.

use std::fmt;
use std::time::Duration;

use super::Emulator;
use super::http::engine::Engine;
use super::words::random;
use super::words::settings::{Issuer, Settings};

/// Configures an [`Emulator`].
#[must_use]
pub struct EmulatorBuilder(Settings);

impl EmulatorBuilder {
    pub(in crate::emulator) fn new() -> Self {
        Self(Settings {
            project_id: random::id("P"),
            management_key: format!("K2{}", random::text(48)),
            empty_project: false,
            issuer: Issuer::default(),
            own_key: false,
            session_lifetime: Duration::from_secs(10 * 60),
            refresh_lifetime: Duration::from_secs(28 * 24 * 60 * 60),
            rotate_refresh: false,
            refresh_cookie: false,
            code_lifetime: Duration::from_secs(3 * 60),
            max_attempts: 5,
            oauth_providers: Vec::new(),
            strict: None,
            origins: Vec::new(),
            requests_per_minute: None,
            any_project: false,
            webhook_hosts: Vec::new(),
        })
    }

    /// The project ID. Defaults to a random one of 27 characters, without a region.
    pub fn project_id(mut self, id: impl Into<String>) -> Self {
        self.0.project_id = id.into();
        self
    }

    /// The management key. Defaults to a random one.
    pub fn management_key(mut self, key: impl Into<String>) -> Self {
        self.0.management_key = key.into();
        self
    }

    /// Whether the project has nothing at first. Defaults to `false`: it has what Descope gives a new project, which
    /// is the role `Tenant Admin`, two permissions, the SSO application `descope-default-oidc`, a theme and six flows,
    /// of which one is `sign-up-or-in`.
    ///
    /// ```
    /// use descope::emulator::Emulator;
    ///
    /// let emulator = Emulator::builder().empty_project(true).build();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// assert!(client.mgmt().role().load_all()?.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    pub fn empty_project(mut self, empty: bool) -> Self {
        self.0.empty_project = empty;
        self
    }

    /// The form of the `iss` claim. Defaults to the bare project ID.
    pub fn issuer(mut self, issuer: Issuer) -> Self {
        self.0.issuer = issuer;
        self
    }

    /// Whether this emulator creates its own signing key, which takes up to a second. Defaults to
    /// `false`: it uses the key that all emulators of the process share.
    pub fn own_key(mut self, own: bool) -> Self {
        self.0.own_key = own;
        self
    }

    /// How long session tokens are valid, in whole seconds. Defaults to 10 minutes.
    pub fn session_lifetime(mut self, lifetime: Duration) -> Self {
        self.0.session_lifetime = lifetime;
        self
    }

    /// How long refresh tokens are valid, in whole seconds. Defaults to 28 days.
    pub fn refresh_lifetime(mut self, lifetime: Duration) -> Self {
        self.0.refresh_lifetime = lifetime;
        self
    }

    /// Whether each refresh replaces the refresh token. The old one is then refused. Defaults to
    /// `false`.
    pub fn rotate_refresh_tokens(mut self, rotate: bool) -> Self {
        self.0.rotate_refresh = rotate;
        self
    }

    /// Whether answers carry the refresh token in the cookie `DSR` instead of a field, which is a
    /// setting of projects. Defaults to `false`.
    pub fn refresh_tokens_in_cookies(mut self, cookies: bool) -> Self {
        self.0.refresh_cookie = cookies;
        self
    }

    /// How long one-time codes and links are valid, in whole seconds. Defaults to 3 minutes.
    pub fn code_lifetime(mut self, lifetime: Duration) -> Self {
        self.0.code_lifetime = lifetime;
        self
    }

    /// How many wrong attempts a one-time code, an authenticator app or a password allows. Defaults
    /// to 5.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.0.max_attempts = attempts;
        self
    }

    /// Adds a custom OAuth provider to the providers that Descope knows.
    pub fn oauth_provider(mut self, name: impl Into<String>) -> Self {
        self.0.oauth_providers.push(name.into());
        self
    }

    /// Whether a field that an operation does not have is refused with its name, so that you find a typing
    /// mistake. If not, it is ignored, as the service does, and recorded for `GET /_emulator/unknown`.
    /// Defaults to `true` in the process, and to `false` on a port.
    pub fn strict(mut self, strict: bool) -> Self {
        self.0.strict = Some(strict);
        self
    }

    /// Allows the pages of an origin, such as `https://app.example.com`, to call the API of an emulator on a
    /// port; `*` stands for all origins. Defaults to the origins of this machine: `localhost`, names that end
    /// in `.localhost`, and loopback addresses, with any port. They are no longer allowed once you name one.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.0.origins.push(origin.into());
        self
    }

    /// Limits the calls of the API in a minute of the emulator's clock. More of them are answered with status
    /// 429 and `Retry-After`. Each [project](Emulator::project) counts its own. Defaults to no limit.
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.0.requests_per_minute = Some(requests);
        self
    }

    /// Whether a request makes the [project](Emulator::project) that its bearer or path names, if there is no
    /// such project yet. Defaults to `false`: such a request is refused.
    pub fn any_project(mut self, any: bool) -> Self {
        self.0.any_project = any;
        self
    }

    /// Lets the connectors of the audit trail send to this host, such as `receiver.test`; with any port. Defaults to
    /// this machine alone: `localhost`, names that end in `.localhost`, and loopback addresses. So an emulator
    /// with the seed of a real project never calls that project's services. See [the audit trail](super#audit).
    ///
    /// ```
    /// use descope::emulator::Emulator;
    ///
    /// // Beside it in a network of containers.
    /// let emulator = Emulator::builder().webhook_host("receiver").build();
    /// ```
    pub fn webhook_host(mut self, host: impl Into<String>) -> Self {
        self.0.webhook_hosts.push(host.into());
        self
    }

    /// Creates the emulator.
    pub fn build(self) -> Emulator {
        Emulator(Engine::new(self.0))
    }
}

impl fmt::Debug for EmulatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmulatorBuilder")
            .field("project_id", &self.0.project_id)
            .finish_non_exhaustive()
    }
}

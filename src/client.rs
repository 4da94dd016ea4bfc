use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::call::{Call, Credential, Plain};
use crate::check;
use crate::clock::Clock;
use crate::core::{Core, Settings};
use crate::error::{Error, Result, StoreError, TokenError};
use crate::jwt::{Audience, Claims, Context, IdTokenRules, Kind, Origin};
use crate::keys::KeySet;
use crate::observe::{Attempt, Event, Pattern};
use crate::pace::Pacing;
use crate::refreshes::Refreshes;
use crate::retry::RetryPolicy;
use crate::servers::Servers;
use crate::transport::http::Method;
use crate::transport::{Limits, Response};

/// A Descope project.
///
/// A client is cheap to clone and meant to be shared, also between threads. All clones use the same
/// connections and the same cached signing keys. Two clients that were built separately share nothing.
///
/// The functions `with_*` return a clone with one setting changed. Use it for one call or for many:
///
/// ```
/// # let emulator = descope::emulator::Emulator::new();
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// # client.mgmt().user().create("ada", &Default::default())?;
/// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
/// # let refresh_token = signed_in.refresh_token().unwrap();
/// use std::time::Duration;
///
/// let hurried = client.with_deadline(Duration::from_secs(2));
/// hurried.auth().session().me(refresh_token)?;
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone)]
pub struct Client {
    core: Core,
}

impl Client {
    /// The project's ID.
    pub fn project_id(&self) -> &str {
        &self.core.shared.project_id
    }

    /// The URL that requests go to, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.core.shared.base_url
    }

    /// Fetches the project's signing keys unless they are cached.
    ///
    /// Call it when your service starts. The first user then need not wait for the keys, and you learn at
    /// once if the project ID or the base URL is wrong. Without `warm_up`, the first validation or sign-in
    /// fetches the keys.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// match client.warm_up() {
    ///     // Descope may be back for the first user.
    ///     Err(error) if error.is_unavailable() => eprintln!("no signing keys yet: {error}"),
    ///     outcome => outcome?,
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TokenError::KeysUnavailable`](crate::TokenError::KeysUnavailable) if the keys cannot be fetched. If
    /// Descope cannot be reached now, [`is_unavailable`](crate::Error::is_unavailable) is true and
    /// [`retry_after`](crate::Error::retry_after) says how long to wait. If Descope does not know the
    /// project, [`is_misconfigured`](crate::Error::is_misconfigured) is true.
    pub fn warm_up(&self) -> Result<()> {
        self.warm_up_keys(None)
    }

    /// The project's signing keys as Descope published them, with the time of their fetch. Fetches them unless they
    /// are cached.
    ///
    /// Keep the set with [`KeySet::to_json`], and start another client with it by
    /// [`ClientBuilder::key_set`](crate::ClientBuilder::key_set). For processes that share their keys, use a
    /// [`key_store`](crate::ClientBuilder::key_store).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let keys = client.key_set()?;
    /// println!("{} of {:?}", keys.jwks(), keys.fetched_at());
    /// # assert!(keys.jwks().starts_with("{\"keys\":["));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`warm_up`](Self::warm_up), and [`Error::Config`] if a
    /// [key is pinned](crate::ClientBuilder::public_key), since there is no set then.
    pub fn key_set(&self) -> Result<KeySet> {
        let (fetch, report) =
            (|limits| self.fetch_keys(limits), |error: &StoreError| self.report(error));
        let shared = &self.core.shared;
        let pinned = Error::Config("the signing key is pinned, so there is no key set");
        let found = shared.verifier.key_set(&self.context(&fetch, &report))?;
        let (jwks, fetched_at) = found.ok_or(pinned)?;
        Ok(KeySet::of(&shared.project_id, &shared.base_url, jwks, fetched_at))
    }

    /// Fetches the project's signing keys ahead of their time, so that no user ever waits for them.
    ///
    /// Call it from a timer of your own, more often than [`KeyPolicy::max_age`](crate::KeyPolicy::max_age), such as
    /// every five minutes. Keys that were fetched less than a [`cooldown`](crate::KeyPolicy::cooldown) ago are not
    /// fetched again, be it by this client or, with a [`key_store`](crate::ClientBuilder::key_store), by another
    /// process. Does nothing if a key is pinned.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// // Every five minutes, in a thread of your program:
    /// if let Err(error) = client.refresh_keys() {
    ///     eprintln!("the signing keys stay as they are for now: {error}");
    /// }
    /// # assert_eq!(emulator.requests("/v2/keys"), 1);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TokenError::KeysUnavailable`](crate::TokenError::KeysUnavailable) if the fetch fails, or may not be made
    /// yet. The cached keys stay in use.
    pub fn refresh_keys(&self) -> Result<()> {
        let (fetch, report) =
            (|limits| self.fetch_keys(limits), |error: &StoreError| self.report(error));
        Ok(self.core.shared.verifier.refresh_keys(&self.context(&fetch, &report))?)
    }

    /// A clone whose calls take no longer than this in total, apart from a fetch of signing keys. See
    /// [`ClientBuilder::deadline`](crate::ClientBuilder::deadline).
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        self.with(|settings| settings.deadline = deadline)
    }

    /// A clone in which a single try takes no longer than this. See [`ClientBuilder::try_timeout`](crate::ClientBuilder::try_timeout).
    #[must_use]
    pub fn with_try_timeout(&self, timeout: Duration) -> Self {
        self.with(|settings| settings.try_timeout = timeout)
    }

    /// A clone with another retry policy.
    #[must_use]
    pub fn with_retry(&self, policy: RetryPolicy) -> Self {
        self.with(|settings| settings.retry = policy)
    }

    /// A clone whose management calls wait for their turn, or do not. See
    /// [`ClientBuilder::pacing`](crate::ClientBuilder::pacing).
    #[must_use]
    pub fn with_pacing(&self, pace: bool) -> Self {
        self.with(|settings| settings.pacing = if pace { Pacing::On } else { Pacing::Off })
    }

    /// A clone that only accepts tokens for one of these audiences. With an empty list, it accepts the
    /// audiences that are accepted by default. See [`ClientBuilder::audience`](crate::ClientBuilder::audience).
    #[must_use]
    pub fn with_audiences(&self, audiences: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|settings| settings.audience = audiences.into_iter().map(Into::into).collect())
    }

    /// A clone whose requests carry this ID in the header `x-external-rid`, so that you can find them in
    /// Descope's logs.
    ///
    /// The ID may come from a visitor: spaces, control characters and non-ASCII characters are
    /// percent-encoded, and an ID of more than 256 characters is cut. An empty ID is not sent.
    #[must_use]
    pub fn with_request_id(&self, id: impl Into<String>) -> Self {
        self.with(|settings| settings.request_id = Some(id.into()))
    }

    /// Makes a call that this crate has no function for: a new operation, or one with a new field.
    ///
    /// `path` starts with a slash and may have a query. It is appended to the base URL unchanged, so
    /// percent-encode it yourself. `body` is anything that serializes to a JSON object, or `&()` for no
    /// body. The answer is returned as JSON, or null if it is empty.
    ///
    /// Retries, deadline, errors and headers are the same as for every other call. Only `GET` counts as safe
    /// to repeat. This function cannot know which members of the body are secret, so no text of the body
    /// appears in an error.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::Credential;
    /// use descope::transport::http::Method;
    /// use serde_json::json;
    ///
    /// let body = json!({ "name": "Analytical Engines" });
    /// let path = "/v1/mgmt/tenant/create";
    /// let tenant = client.call(Method::POST, path, Credential::ManagementKey, &body)?;
    /// println!("{}", tenant["id"]);
    ///
    /// let path = "/v1/mgmt/tenant/all";
    /// let all = client.call(Method::GET, path, Credential::ManagementKey, &())?;
    /// assert_eq!(all["tenants"][0]["name"], "Analytical Engines");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for a path, token or body that cannot be sent, such as a
    /// path with `..` in any encoding; [`Error::Config`](crate::Error::Config) if the call needs a
    /// management key and the client has none; otherwise the errors of every call.
    pub fn call(
        &self,
        method: Method,
        path: &str,
        credential: Credential<'_>,
        body: &impl Serialize,
    ) -> Result<Value> {
        Call::to_path(&self.core, method, path)
            .check(check::path("path", path))
            .credential(credential)
            .whole_body("body", body)
            .send_value()
    }

    /// Checks everything about a token that can be checked without asking Descope.
    pub(crate) fn verify(
        &self,
        token: &str,
        kind: Kind,
        origin: Origin,
    ) -> Result<Claims, TokenError> {
        let (fetch, report) =
            (|limits| self.fetch_keys(limits), |error: &StoreError| self.report(error));
        let context = self.context(&fetch, &report);
        self.core.shared.verifier.verify(&context, token, kind, origin)
    }

    /// Likewise an ID token, with the project's keys or those that a server publishes at a URL.
    pub(crate) fn verify_id_token(
        &self,
        token: &str,
        origin: Origin,
        server: Option<&str>,
        rules: &IdTokenRules<'_>,
    ) -> Result<Claims, TokenError> {
        let fetch = |limits| self.fetch_keys_of(server, limits);
        let report = |error: &StoreError| self.report(error);
        let verifier = &self.core.shared.verifier;
        verifier.verify_id_token(&self.context(&fetch, &report), token, origin, server, rules)
    }

    /// Fetches the project's keys or those of a server, unless they are cached.
    pub(crate) fn warm_up_keys(&self, server: Option<&str>) -> Result<()> {
        let fetch = |limits| self.fetch_keys_of(server, limits);
        let report = |error: &StoreError| self.report(error);
        Ok(self.core.shared.verifier.warm_up(&self.context(&fetch, &report), server)?)
    }

    fn fetch_keys_of(&self, server: Option<&str>, limits: Limits) -> Result<Response> {
        let Some(url) = server else { return self.fetch_keys(limits) };
        let call = Call::to_url(&self.core, Method::GET, url, &Plain);
        call.internal(limits).execute().map(|answer| answer.response)
    }

    /// A clone that also accepts tokens for this resource. Which of them may be, is for the caller to see.
    #[cfg(feature = "web")]
    pub(crate) fn with_resource(&self, id: &str) -> Self {
        self.with(|settings| settings.resource = Some(id.to_owned()))
    }

    /// Whether a token is for this client, and not for its resource alone.
    #[cfg(feature = "web")]
    pub(crate) fn is_addressed_by(&self, claims: &Claims) -> bool {
        claims.is_for(Audience { resource: None, ..self.audience() }, self.project_id())
    }

    /// Whom tokens have to be for.
    fn audience(&self) -> Audience<'_> {
        let Settings { audience, resource, .. } = &*self.core.settings;
        Audience { any_of: audience, resource: resource.as_deref() }
    }

    fn context<'c>(
        &'c self,
        fetch: &'c dyn Fn(Limits) -> Result<Response>,
        report: &'c dyn Fn(&StoreError),
    ) -> Context<'c> {
        Context {
            audience: self.audience(),
            clock: &*self.core.shared.clock,
            patience: self.core.settings.deadline,
            fetch,
            report,
        }
    }

    /// Tells the observer of a key store that failed.
    fn report(&self, error: &StoreError) {
        let shared = &self.core.shared;
        let pattern = Pattern { path: "/v2/keys/{project_id}", ids: Some(&[]) };
        let server = &shared.base_url;
        let attempt = Attempt { method: &Method::GET, pattern, server, number: 0 };
        shared.observers.tell(&Event::KeyStoreFailed { attempt, error });
    }

    fn fetch_keys(&self, limits: Limits) -> Result<Response> {
        let call = self.get("/v2/keys").segment("project_id", &self.core.shared.project_id);
        call.internal(limits).execute().map(|answer| answer.response)
    }

    /// A clone whose calls wait for their turn until `stop` is set, and may be repeated.
    pub(crate) fn in_bulk_mode(&self, patience: Duration, stop: Arc<AtomicBool>) -> Self {
        self.with(|settings| settings.pacing = Pacing::Bulk { patience, stop })
    }

    fn with(&self, change: impl FnOnce(&mut Settings)) -> Self {
        Self::from_core(self.core.with(change))
    }

    pub(crate) fn get(&self, path: &'static str) -> Call<'_> {
        Call::new(&self.core, Method::GET, path)
    }

    pub(crate) fn post(&self, path: &'static str) -> Call<'_> {
        Call::new(&self.core, Method::POST, path)
    }

    pub(crate) fn request(&self, method: Method, path: &'static str) -> Call<'_> {
        Call::new(&self.core, method, path)
    }

    /// The client that a call is made with.
    pub(crate) fn from_call(call: &Call<'_>) -> Self {
        Self::from_core(call.core().clone())
    }

    pub(crate) fn from_core(core: Core) -> Self {
        Self { core }
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.core.shared.clock
    }

    /// The time for a call in all.
    pub(crate) fn deadline(&self) -> Duration {
        self.core.settings.deadline
    }

    /// The name of the refresh token's cookie.
    pub(crate) fn refresh_cookie(&self) -> &str {
        self.core.shared.verifier.refresh_cookie()
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    pub(crate) fn servers(&self) -> &Servers {
        &self.core.shared.servers
    }

    pub(crate) fn refreshes(&self) -> &Refreshes {
        &self.core.shared.refreshes
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("project_id", &self.core.shared.project_id)
            .field("base_url", &self.core.shared.base_url)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_shared_between_threads() {
        fn shareable<T: Clone + Send + Sync + 'static>() {}
        shareable::<Client>();
    }
}

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::call::{Call, Credential};
use crate::check;
use crate::clock::Clock;
use crate::error::{Result, TokenError};
use crate::jwt::{Claims, Context, Kind, Origin, Verifier};
use crate::license::License;
use crate::refreshes::Refreshes;
use crate::retry::RetryPolicy;
use crate::secret::Secret;
use crate::transport::http::{HeaderMap, Method};
use crate::transport::{Limits, Response, Transport};

mod builder;
mod settings;

pub use self::builder::ClientBuilder;
#[cfg(feature = "web")]
pub(crate) use self::settings::region_url;

/// A Descope project.
///
/// A client is cheap to clone and meant to be shared: clones, also across threads, use the same
/// connections and the same cached signing keys. Two clients that were built separately share nothing.
///
/// The functions `with_*` return a clone for which one setting differs, for a single call or more:
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
    pub(crate) shared: Arc<Shared>,
    pub(crate) settings: Arc<Settings>,
}

/// What all clones have in common.
#[allow(dead_code, reason = "each area uses some of it, and any of them may be off")]
pub(crate) struct Shared {
    pub(crate) project_id: String,
    pub(crate) base_url: String,
    pub(crate) fga_cache_url: Option<String>,
    pub(crate) management_key: Option<Secret>,
    pub(crate) auth_management_key: Option<Secret>,
    /// Where management calls are to name the licence tier.
    pub(crate) license: Option<License>,
    /// Those that every request has; the user's cannot replace the crate's.
    pub(crate) headers: HeaderMap,
    pub(crate) request_id: Option<Box<MakeRequestId>>,
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) verifier: Verifier,
    pub(crate) refresh_cookie: String,
    pub(crate) refreshes: Refreshes,
}

/// What a clone may have of its own.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) try_timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) audience: Vec<String>,
    pub(crate) request_id: Option<String>,
}

type MakeRequestId = dyn Fn() -> Option<String> + Send + Sync;

impl Client {
    /// A client for a project, with everything else from the environment or by default.
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
    /// Those of [`build`](ClientBuilder::build): [`Error::Config`](crate::Error::Config) if it is not set.
    pub fn from_env() -> Result<Self> {
        Self::builder().build()
    }

    /// Starts configuring a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// The project's ID.
    pub fn project_id(&self) -> &str {
        &self.shared.project_id
    }

    /// Where requests go, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// Fetches the project's signing keys unless they are cached.
    ///
    /// Call it when your service starts. The first request then need not wait for the keys, and a wrong
    /// project ID or base URL shows at once instead of with the first user. Without it, the first
    /// validation or sign-in fetches the keys.
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
    /// [`TokenError::KeysUnavailable`](crate::TokenError::KeysUnavailable) if the keys cannot be fetched:
    /// [`is_unavailable`](crate::Error::is_unavailable) if Descope cannot be reached now, with
    /// [`retry_after`](crate::Error::retry_after); [`is_misconfigured`](crate::Error::is_misconfigured)
    /// if it knows no such project.
    pub fn warm_up(&self) -> Result<()> {
        Ok(self.shared.verifier.warm_up(&self.context(&|limits| self.fetch_keys(limits)))?)
    }

    /// A clone whose calls take no longer than this in all, but for the fetch of signing keys. See
    /// [`ClientBuilder::deadline`].
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        self.with(|settings| settings.deadline = deadline)
    }

    /// A clone whose tries take no longer than this each. See [`ClientBuilder::try_timeout`].
    #[must_use]
    pub fn with_try_timeout(&self, timeout: Duration) -> Self {
        self.with(|settings| settings.try_timeout = timeout)
    }

    /// A clone that retries by another policy.
    #[must_use]
    pub fn with_retry(&self, policy: RetryPolicy) -> Self {
        self.with(|settings| settings.retry = policy)
    }

    /// A clone that accepts tokens for one of these audiences, and for no other; given none, for those
    /// that are accepted by default. See [`ClientBuilder::audience`].
    #[must_use]
    pub fn with_audiences(&self, audiences: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|settings| settings.audience = audiences.into_iter().map(Into::into).collect())
    }

    /// A clone whose requests carry this ID in the header `x-external-rid`, to find them again in
    /// Descope's logs.
    ///
    /// It may come from a visitor: spaces, control characters and what is not ASCII are percent-encoded, and
    /// what is longer than 256 characters is cut. An empty ID is not sent.
    #[must_use]
    pub fn with_request_id(&self, id: impl Into<String>) -> Self {
        self.with(|settings| settings.request_id = Some(id.into()))
    }

    /// Makes a call that this crate has no function for: a new operation, or a field that is missing
    /// here.
    ///
    /// `path` starts with a slash and follows the base URL as it stands, with its query; encode what
    /// needs it. `body` is anything that serializes to a JSON object, or `&()` for none. The answer
    /// comes back as JSON, null if it is empty.
    ///
    /// Retries, deadline, errors and headers are those of every other call; of the methods, `GET`
    /// alone counts as safe to repeat. As this function cannot know which members of the body are
    /// secret, none of its texts shows in an error.
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
    /// [`Error::Argument`](crate::Error::Argument) for a path, token or body that cannot be sent,
    /// such as a path with `..` in it, however it is encoded; [`Error::Config`](crate::Error::Config) where a management key
    /// is asked for and there is none; else as for every call.
    pub fn call(
        &self,
        method: Method,
        path: &str,
        credential: Credential<'_>,
        body: &impl Serialize,
    ) -> Result<Value> {
        Call::new(self, method, path)
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
        let fetch = |limits| self.fetch_keys(limits);
        self.shared.verifier.verify(&self.context(&fetch), token, kind, origin)
    }

    fn context<'c>(&'c self, fetch: &'c dyn Fn(Limits) -> Result<Response>) -> Context<'c> {
        Context {
            audience: &self.settings.audience,
            clock: &*self.shared.clock,
            patience: self.settings.deadline,
            fetch,
        }
    }

    fn fetch_keys(&self, limits: Limits) -> Result<Response> {
        let call = self.get("/v2/keys").segment("project_id", &self.shared.project_id);
        call.internal(limits).execute()
    }

    fn with(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut clone = self.clone();
        change(Arc::make_mut(&mut clone.settings));
        clone
    }

    pub(crate) fn get(&self, path: &'static str) -> Call<'_> {
        Call::new(self, Method::GET, path)
    }

    #[allow(dead_code, reason = "every area needs it, and all may be off")]
    pub(crate) fn post(&self, path: &'static str) -> Call<'_> {
        Call::new(self, Method::POST, path)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("project_id", &self.shared.project_id)
            .field("base_url", &self.shared.base_url)
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

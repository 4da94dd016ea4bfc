#![doc = include_str!("emulator.md")]
#![allow(clippy::unnecessary_wraps, reason = "handlers have one signature")]

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::ToSocketAddrs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::transport::http::StatusCode;
use crate::transport::http::header::{CONTENT_TYPE, HeaderValue, SET_COOKIE};
use crate::transport::{Request, Response, Transport};

mod api;
mod builder;
mod http;
mod state;
mod words;
pub use builder::Builder;
pub use http::fault::Fault;
pub use http::server::Server;
pub use state::mailbox::{Inbox, Message};
pub use words::clock::EmulatorClock;
pub use words::refusal::Error;
pub use words::settings::Issuer;

use api::{mgmt, seed};
use http::fault::{Close, Faults, Line};
use http::{control, dispatch, in_process};
use state::sign::{KeyRing, SigningKey};
use state::store::Store;
use state::token;
use words::random;
use words::refusal::{Answer, Refusal, Reply};
use words::settings::{Settings, seconds};

/// Distinct paths whose requests are counted.
const COUNTED_PATHS: usize = 10_000;

/// An emulated Descope project; see the [module documentation](self).
///
/// Clones are the same emulator.
#[derive(Clone)]
pub struct Emulator(Arc<Inner>);

struct Inner {
    settings: Settings,
    clock: EmulatorClock,
    store: Mutex<Store>,
    faults: Mutex<Faults>,
    requests: Mutex<BTreeMap<(String, String), u64>>,
}

/// A request's answer, and what happens to it on its way.
struct Exchange {
    response: Response,
    line: Line,
}

impl Exchange {
    /// The answer to something that is no request.
    fn refused(status: StatusCode) -> Self {
        let mut response = respond(Err(Refusal::malformed("This is no request that can be read")));
        *response.status_mut() = status;
        Self { response, line: Line::default() }
    }
}

/// Poisoned by a panic elsewhere, the data is still that of an emulator.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Emulator {
    /// An empty project with a random management key.
    #[expect(clippy::new_without_default, reason = "each one is another project")]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// An emulator that differs from the default.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The project ID that bearers must start with.
    pub fn project_id(&self) -> &str {
        &self.0.settings.project_id
    }

    /// The key of management calls.
    pub fn management_key(&self) -> &str {
        &self.0.settings.management_key
    }

    /// A base URL for clients that use [`transport`](Self::transport), which takes any. Nothing
    /// listens there; for a URL to connect to see [`Server::base_url`].
    pub fn base_url(&self) -> &'static str {
        "http://localhost"
    }

    /// A transport that hands requests to this emulator, in the process and without a socket.
    ///
    /// It keeps to the limits of the request, and shows the faults that were asked for.
    pub fn transport(&self) -> impl Transport + Clone + fmt::Debug + use<> {
        in_process::InProcess(self.clone())
    }

    /// Listens on a free port of the loopback interface until the server is dropped.
    pub fn serve(&self) -> io::Result<Server> {
        self.serve_on(("127.0.0.1", 0))
    }

    /// Listens on an address until the server is dropped. Whoever can reach it can read all codes.
    pub fn serve_on(&self, address: impl ToSocketAddrs) -> io::Result<Server> {
        Server::start(self.clone(), address)
    }

    /// Answers one request.
    #[expect(clippy::needless_pass_by_value, reason = "as transports take it")]
    pub fn handle(&self, request: Request) -> Response {
        self.exchange(&request).response
    }

    /// The emulator's clock. Give it to the client too, so that both see the same time.
    pub fn clock(&self) -> EmulatorClock {
        self.0.clock.clone()
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.clock.advance(by);
    }

    /// The messages that were "sent".
    pub fn inbox(&self) -> Inbox {
        Inbox(self.clone())
    }

    /// Forgets all users, tenants, roles, permissions, access keys, sessions, messages, relations,
    /// flows and all else there is, the faults and the counted requests. The project ID, the management key, the signing keys and the
    /// time stay.
    pub fn reset(&self) {
        let mut store = self.store();
        let keys = std::mem::replace(&mut store.keys, KeyRing::new(false));
        *store = Store::new(keys);
        drop(store);
        self.clear_faults();
        lock(&self.0.requests).clear();
    }

    /// Makes a new signing key. The old one leaves the key set at once, and its tokens are no longer
    /// good.
    ///
    /// # Errors
    ///
    /// When the machine cannot make a key.
    pub fn rotate_keys(&self) -> Result<(), Error> {
        Ok(self.rotate(Duration::ZERO)?)
    }

    /// Makes a new signing key and keeps the old one in the key set for a while.
    ///
    /// # Errors
    ///
    /// When the machine cannot make a key.
    pub fn rotate_keys_keeping(&self, old_key: Duration) -> Result<(), Error> {
        Ok(self.rotate(old_key)?)
    }

    fn rotate(&self, keep: Duration) -> Answer<()> {
        // Before the lock is taken: it takes a while.
        let key = SigningKey::generate()?;
        let until = self.now().saturating_add(seconds(keep));
        self.store().keys.rotate(key, (!keep.is_zero()).then_some(until));
        Ok(())
    }

    /// A token with these claims, signed with the current key. `exp`, `iat`, `iss` and a random `jti`
    /// are added unless they are there: `null` leaves them out. `exp` is as far ahead as
    /// [`Builder::session_lifetime`] says, in a refresh token too.
    ///
    /// With `"drn": "DSR"` and the ID of a user as `sub`, it is a refresh token of a new session.
    ///
    /// ```
    /// use descope::emulator::Emulator;
    /// use serde_json::json;
    ///
    /// let emulator = Emulator::new();
    /// let token = emulator.issue_token(json!({ "sub": "U2ada", "drn": "DS", "roles": ["Admin"] }))?;
    /// assert_eq!(token.split('.').count(), 3);
    /// # Ok::<(), descope::emulator::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the claims are no object, or the machine cannot make a key.
    pub fn issue_token(&self, claims: Value) -> Result<String, Error> {
        Ok(self.issue(claims)?)
    }

    fn issue(&self, mut claims: Value) -> Answer<String> {
        let (now, settings) = (self.now(), &self.0.settings);
        let map = claims.as_object_mut();
        let map = map.ok_or_else(|| Refusal::argument("The claims must be an object"))?;
        let expires = now.saturating_add(seconds(settings.session_lifetime));
        for (name, value) in [
            ("exp", json!(expires)),
            ("iat", json!(now)),
            ("iss", json!(settings.issuer())),
            ("jti", json!(random::text(22))),
        ] {
            if map.get(name).is_some_and(Value::is_null) {
                map.remove(name);
            } else {
                map.entry(name).or_insert(value);
            }
        }
        let mut store = self.store();
        let token = store.keys.sign(&claims)?;
        let subject = claims["sub"].as_str().filter(|subject| store.user(subject).is_some());
        if let (Some("DSR"), Some(user)) = (claims["drn"].as_str(), subject) {
            let tenant = claims["dct"].as_str().map(str::to_owned);
            let expires = claims["exp"].as_i64().unwrap_or(expires);
            store.sessions.adopt(&token, user, tenant, [expires, now]);
        }
        Ok(token)
    }

    /// Signs a user in, without code or password, and returns what a client would get: the fields
    /// `sessionJwt`, `refreshJwt`, `user` and the others of Descope's answer.
    ///
    /// # Errors
    ///
    /// `E062108` when no user has this login ID.
    pub fn sign_in(&self, login_id: &str) -> Result<Value, Error> {
        Ok(self.start_session(login_id)?.body)
    }

    fn start_session(&self, login_id: &str) -> Answer {
        let mut store = self.store();
        let user = store.user_by_login(login_id).ok_or_else(Refusal::no_user)?.id.clone();
        let call = dispatch::Call::inside(&self.0.settings, self.now());
        let answer = token::sign_in(&call, &mut store, &user, "email", token::SignIn::default())?;
        mgmt::audit::signed_in(&mut store, &call, "otp", &answer.body);
        Ok(answer)
    }

    /// Makes what a test starts from: each item has the fields of the management call that creates
    /// one, and perhaps a `state` as [`export`](Self::export) writes it. Returns the answers of these
    /// calls in the same form, which holds the IDs and the cleartext of access keys. The items of `sso` set up
    /// [single sign-on](self#identity-provider).
    ///
    /// ```
    /// use descope::emulator::Emulator;
    /// use serde_json::json;
    ///
    /// let emulator = Emulator::new();
    /// let made = emulator.seed(&json!({
    ///     "permissions": [{ "name": "read" }],
    ///     "tenants": [{ "id": "engines", "name": "Analytical Engines" }],
    ///     "roles": [{ "name": "Reader", "permissionNames": ["read"] }],
    ///     "users": [{
    ///         "loginId": "ada@example.com",
    ///         "email": "ada@example.com",
    ///         "userTenants": [{ "tenantId": "engines", "roleNames": ["Reader"] }],
    ///     }],
    ///     "testUsers": [{ "loginId": "test@example.com" }],
    ///     "accessKeys": [{ "name": "ci", "roleNames": ["Reader"] }],
    ///     "fgaSchemas": [{ "dsl": "model AuthZ 1.0 type user type doc relation viewer: user" }],
    ///     "fgaRelations": [{ "tuples": [{
    ///         "resourceType": "doc", "resource": "plan", "relation": "viewer",
    ///         "targetType": "user", "target": "ada",
    ///     }] }],
    ///     "flows": [{ "flowId": "sign-up-or-in", "flow": { "name": "Welcome" } }],
    /// }))?;
    /// assert!(made["accessKeys"][0]["cleartext"].is_string());
    /// # Ok::<(), descope::emulator::Error>(())
    /// ```
    ///
    /// There are also `authzSchemas`, `authzRelations`, `fgaResources`, `themes`, `auditEvents`,
    /// `passwordSettings`, `passkeys`, `project`, which is this one, and `projects`, which are copies of it.
    ///
    /// # Errors
    ///
    /// When an item is refused; the error names it. The items before it are made.
    pub fn seed(&self, seed: &Value) -> Result<Value, Error> {
        seed::seed(self, seed)
    }

    /// Everything that [`seed`](Self::seed) can make, as the seed that makes it again: with the same
    /// IDs and times, passwords, authenticator apps, passkeys and histories. What the management calls cannot
    /// set is in each item's `state`.
    ///
    /// Sessions, codes and links that wait, messages, the audit trail and the signing keys are not part of
    /// it.
    ///
    /// ```
    /// use descope::emulator::Emulator;
    /// use serde_json::json;
    ///
    /// let emulator = Emulator::new();
    /// emulator.seed(&json!({ "users": [{ "loginId": "ada@example.com" }] }))?;
    /// let copy = Emulator::new();
    /// copy.seed(&emulator.export())?;
    /// assert_eq!(copy.export(), emulator.export());
    /// # Ok::<(), descope::emulator::Error>(())
    /// ```
    pub fn export(&self) -> Value {
        seed::export(self)
    }

    /// Makes something go wrong from now on.
    pub fn fault(&self, fault: Fault) {
        lock(&self.0.faults).add(fault);
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        lock(&self.0.faults).clear();
    }

    /// How many requests were made whose path starts with `path`, whatever became of them.
    pub fn requests(&self, path: &str) -> u64 {
        let requests = lock(&self.0.requests);
        requests
            .iter()
            .filter(|((_, seen), _)| seen.starts_with(path))
            .map(|(_, count)| count)
            .sum()
    }

    fn request_counts(&self) -> BTreeMap<(String, String), u64> {
        lock(&self.0.requests).clone()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.0.store)
    }

    fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn now(&self) -> i64 {
        self.0.clock.unix()
    }

    fn exchange(&self, request: &Request) -> Exchange {
        if let Some(response) = http::page::serve(self, request) {
            return Exchange { response, line: Line::default() };
        }
        if request.uri().path().starts_with("/_emulator/") {
            let response = respond(control::dispatch(self, request));
            return Exchange { response, line: Line::default() };
        }
        self.count(request);
        let mut trouble = lock(&self.0.faults).take(request);
        if trouble.rotate_keys {
            // Without a new key there is no rotation to observe, and the test says so.
            let _ = self.rotate(Duration::ZERO);
        }
        let mut response = match trouble.answer.take() {
            Some(answer) => answer,
            None if trouble.line.close == Some(Close::Unprocessed) => Response::new(Vec::new()),
            None => {
                let (now, settings) = (self.now(), &self.0.settings);
                respond(dispatch::dispatch(request, settings, now, &mut self.store()))
            }
        };
        for (name, value) in trouble.headers {
            response.headers_mut().append(name, value);
        }
        Exchange { response, line: trouble.line }
    }

    fn count(&self, request: &Request) {
        let mut requests = lock(&self.0.requests);
        let seen = (request.method().to_string(), request.uri().path().to_owned());
        if requests.len() < COUNTED_PATHS || requests.contains_key(&seen) {
            *requests.entry(seen).or_default() += 1;
        }
    }
}

fn respond(answer: Answer) -> Response {
    let (status, body, cookie) = match answer {
        Ok(Reply { body, cookie }) => (StatusCode::OK, body, cookie),
        Err(refusal) => (refusal.status, refusal.body(), None),
    };
    let mut response = Response::new(body.to_string().into_bytes());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
        headers.insert(SET_COOKIE, cookie);
    }
    response
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator").field("project_id", &self.project_id()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod testing;

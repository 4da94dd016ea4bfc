//! An emulator of the Descope API, for tests and for work without a network.
//!
//! It keeps users, tenants, roles and sessions in memory, signs real tokens that a client verifies
//! with the published key set, and puts the codes and links it would have sent into an [`Inbox`]. The client
//! needs no switch to talk to it: neither a different code path nor a weaker check.
//!
//! ```
//! use descope::emulator::Emulator;
//! use descope::transport::http::Request;
//! use serde_json::{Value, json};
//!
//! let emulator = Emulator::new();
//! let call = |path: &str, body: Value| {
//!     let request = Request::post(path)
//!         .header("authorization", format!("Bearer {}", emulator.project_id()))
//!         .body(body.to_string().into_bytes())
//!         .unwrap();
//!     serde_json::from_slice::<Value>(emulator.handle(request).body()).unwrap()
//! };
//!
//! let sent = call("/v1/auth/otp/signup/email", json!({ "loginId": "ada@example.com", "user": {} }));
//! assert_eq!(sent, json!({ "maskedEmail": "a***@example.com" }));
//!
//! let code = emulator.inbox().last_to("ada@example.com").and_then(|message| message.code);
//! let session =
//!     call("/v1/auth/otp/verify/email", json!({ "loginId": "ada@example.com", "code": code }));
//! assert_eq!(session["user"]["verifiedEmail"], true);
//! ```
//!
//! # Two ways in
//!
//! * In the process of the test: [`Emulator::transport`] is a transport for the client. No socket is
//!   opened. One emulator per test costs nothing, and tests do not see each other.
//! * For other processes and languages: [`Emulator::serve`] listens on a free port of the loopback
//!   interface. The program `descope-emulator` does the same and prints the environment variables
//!   that official SDKs read.
//!
//! # What is covered
//!
//! | area | operations |
//! | --- | --- |
//! | keys | `GET /v2/keys/{project}` |
//! | sessions | refresh, logout, logout everywhere, me, history, tenants, select tenant |
//! | one-time codes | sign-up, sign-in, sign-up-or-in, verify, update e-mail, update phone |
//! | magic links | the same |
//! | enchanted links | the same, and the pending session |
//! | embedded links | sign-in, sign-up; verified like magic links |
//! | authenticator apps | sign-up, update, verify; removing them from users |
//! | passwords | all; setting and expiring those of users |
//! | OAuth | start, sign-in, sign-up, update, exchange |
//! | single sign-on, SAML | start, exchange |
//! | WebAuthn | sign-up, sign-in, sign-up-or-in, update; start and finish |
//! | access keys | exchange |
//! | managing users | create, test users, batch (with passwords in cleartext, bcrypt, PBKDF2, Django's PBKDF2 and MD5), update, patch, single changes, delete, load, search, history, log out, removing passkeys, tokens of social providers, codes and links of test users, definitions of custom attributes |
//! | managing tenants, access keys, roles, permissions, groups | all |
//! | SSO configurations | all, but those of cross-app access |
//! | SSO applications | all, but definitions of custom attributes |
//! | tokens | update, impersonate, stop, sign-in, sign-up, sign-up-or-in, anonymous |
//! | password settings | load, configure, but for tenants, expiry and reuse |
//! | licence | rate limit tier |
//! | FGA | all |
//! | relations by namespaces (`authz`) | all |
//! | audit | search, create event |
//! | flows | list, delete, export, import; running one needs Descope |
//! | theme, project | all |
//!
//! Any other operation of the API answers 501, an unknown path 404, a wrong method 405. A field that
//! the operation does not have, or that has another type, answers 400 with the field's name: a typing
//! mistake is found here and not in production. `null` counts as unset, as official SDKs send it so.
//!
//! Error codes that start with `E` are Descope's. Where no official SDK names the code of a failure,
//! the emulator answers one of its own, which starts with `EMU`: do not match on those.
//!
//! # Fine-grained authorization
//!
//! Checks are evaluated, not looked up. Schemas in Descope's language and schemas by namespaces are
//! two ways to write the same, and relations made by either area count for both.
//!
//! * The language is that of Descope's documentation: types, relations, permissions, `|`, `&`, `-`
//!   (or `but not`), parentheses, `org#member`, `parent.owner`. Errors name the line. `-` beside
//!   another operator needs parentheses. Conditions are not covered: a schema that has some answers
//!   501.
//! * `parent.owner` follows the relations of `parent` that were created, not those that follow from
//!   others.
//! * Of the expressions of a namespace, `relationRight` follows relations from resource to target,
//!   as `parent.owner` does, and `relationLeft` from target to resource.
//! * Cycles do no harm. What supports only itself does not hold. An exclusion that depends on its own
//!   outcome (`a` is `b - c` and `c` is `b - a`) makes neither hold: these are the well-founded
//!   semantics of logic programs.
//!
//! # Audit
//!
//! Sign-ups, sign-ins, failed ones too, and what management calls create, change and delete are
//! recorded, with Descope's names for what happens to users and access keys (`LoginSucceed`,
//! `UserCreated`, `AccessKeysDeleted`) and names of the same form for other things.
//!
//! # Tokens
//!
//! Tokens are JWTs signed with RS256 and a 2048-bit key. Making such a key takes a while, so all
//! emulators of a process share the first one, each under a key ID of its own; with
//! [`Builder::own_key`] or after [`Emulator::rotate_keys`] an emulator has a key to itself. Keys are
//! made when first needed and never stored. Claims are those of Descope: `sub` is the same at every
//! sign-in of a user, `roles`, `permissions` and `tenants` follow the user's grants at the time of
//! signing. `jti` is added, so that no two tokens are equal.
//!
//! # Codes, links and passwords
//!
//! What is wrong, used before or too old is refused as Descope does: codes with `E061102`, after too
//! many attempts `E061103`, links with `E062504`, the session of an enchanted link that nobody has
//! clicked with `E062503`, expired passwords with `E062909`. A click on a wrong one of the three links
//! of an enchanted link ends that sign-in. Codes of authenticator apps are those of RFC 6238; one step
//! of 30 seconds before and after the current one is accepted, each code once. A password needs 8
//! characters with a lowercase letter, an uppercase letter and a number, unless the settings say
//! otherwise. Resetting it sends a magic link. The claim `amr` names the factors: the delivery method
//! of a code or link, `totp`, `pwd`, and `embedded`, which is the emulator's own word.
//!
//! # Identity provider
//!
//! OAuth and single sign-on send the user to another site. The emulator is that site too: the URL that
//! a start returns is a page to choose a user on, or to make up a new one, and it sends the browser on
//! to the redirect URL, with `code` or with `err`. Without a browser, [`Emulator::idp_sign_in`] and
//! [`Emulator::idp_refuse`] choose, or the request `POST /_emulator/idp` with `state` from the URL's
//! query, and `loginId` or `err`. The page always asks: nobody stays signed in there.
//!
//! The providers are those that Descope knows by default and those of [`Builder::oauth_provider`].
//!
//! # Passkeys
//!
//! The responses of browsers and authenticators are checked in full: challenge, origin, relying party,
//! flags, counter and signature, with keys for ES256 and RS256. Only the certificates that say who made
//! an authenticator are not looked at. A transaction is good for one finish, whatever comes of it.
//!
//! # Groups and consent
//!
//! Descope learns of groups from identity providers, and of a user's consent to be impersonated in
//! flows. Here a [seed](Emulator::seed) says so: its list `groups` has `tenantId`, and if you like
//! `id`, `display`, `loginIds`, `source` and `ssoId`; its list `consents` has `loginId`. To
//! impersonate takes the permission `Impersonate`, or `impersonation`. Tokens of nobody, from
//! `auth/anonymous`, cannot be refreshed.
//!
//! The list `sso` sets up a tenant's single sign-on: `tenantId`, and if you like `type` (`saml` or
//! `oidc`), `ssoId`, `displayName`, `domains`, `redirectUrl` and `defaultRoleNames`. The lists
//! `oidcApps`, `samlApps` and `wsFedApps` make SSO applications.
//!
//! # Steering it from other processes
//!
//! These paths are the emulator's own; they need no bearer.
//!
//! | request | body | does |
//! | --- | --- | --- |
//! | `GET /_emulator/inbox?to=…` | | messages, oldest first |
//! | `GET /_emulator/requests` | | how often each path was called |
//! | `POST /_emulator/advance` | `{"seconds": 60}` | moves the clock |
//! | `POST /_emulator/seed` | `{"users": […], …}` | [`Emulator::seed`] |
//! | `GET /_emulator/export` | | [`Emulator::export`] |
//! | `POST /_emulator/session` | `{"loginId": "…"}` | [`Emulator::sign_in`] |
//! | `POST /_emulator/token` | `{"claims": {…}}` | [`Emulator::issue_token`] |
//! | `POST /_emulator/rotate-keys` | `{"keepSeconds": 60}` | [`Emulator::rotate_keys_keeping`] |
//! | `POST /_emulator/faults` | `{"kind": "delay", "milliseconds": 50, "path": "/v1", "times": 1}` | [`Emulator::fault`] |
//! | `DELETE /_emulator/faults` | | [`Emulator::clear_faults`] |
//! | `POST /_emulator/reset` | | [`Emulator::reset`] |
//! | `POST /_emulator/idp` | `{"state": "…", "loginId": "…"}` | [`Emulator::idp_sign_in`], as a redirect |
//!
//! The kinds of faults are named as the functions of [`Fault`], with hyphens; `status` takes `status`,
//! `body` and `headers`, `cut` takes `bytes`.
//!
//! # What it is not
//!
//! It is not a server for production: it has no storage, speaks plain HTTP, limits no rates, and gives
//! every code away to whoever asks for the inbox. It keeps, but does not enforce, the permitted
//! addresses of access keys, the `disabled` and single sign-on settings of tenants and the rules of
//! their sessions. Where Descope's behaviour is not documented and not visible in its SDKs, the
//! emulator does what is plausible; it cannot prove how the service behaves.
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

mod auth;
mod body;
mod clock;
mod control;
mod error;
mod fault;
mod fga;
mod idp;
mod in_process;
mod inbox;
mod mgmt;
mod random;
mod router;
mod seed;
mod server;
mod sessions;
mod settings;
mod sign;
mod store;
mod token;
mod user;

pub use clock::EmulatorClock;
pub use error::Error;
pub use fault::Fault;
pub use inbox::{Inbox, Message};
pub use server::Server;
pub use settings::Issuer;

use error::{Answer, Refusal, Reply};
use fault::{Close, Faults, Line};
use settings::{Settings, seconds};
use sign::{KeyRing, SigningKey};
use store::Store;

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
        Builder(Settings {
            project_id: random::id("P"),
            management_key: format!("K2{}", random::text(48)),
            issuer: Issuer::default(),
            own_key: false,
            session_lifetime: Duration::from_secs(10 * 60),
            refresh_lifetime: Duration::from_secs(28 * 24 * 60 * 60),
            rotate_refresh: false,
            refresh_cookie: false,
            code_lifetime: Duration::from_secs(3 * 60),
            max_attempts: 5,
            oauth_providers: Vec::new(),
        })
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

    /// A token with these claims, signed with the current key. `exp`, `iat` and `iss` are added
    /// unless they are there: `null` leaves them out.
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
        for (name, value) in
            [("exp", json!(expires)), ("iat", json!(now)), ("iss", json!(settings.issuer()))]
        {
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
        let call = router::Call::inside(&self.0.settings, self.now());
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
        if let Some(response) = idp::page::serve(self, request) {
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
                respond(router::dispatch(request, settings, now, &mut self.store()))
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

/// Configures an [`Emulator`].
#[must_use]
pub struct Builder(Settings);

impl Builder {
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

    /// The form of the `iss` claim. Defaults to the bare project ID.
    pub fn issuer(mut self, issuer: Issuer) -> Self {
        self.0.issuer = issuer;
        self
    }

    /// Whether this emulator makes a signing key of its own, which takes up to a second. Defaults to
    /// the key of the process.
    pub fn own_key(mut self, own: bool) -> Self {
        self.0.own_key = own;
        self
    }

    /// How long session tokens are good, in whole seconds. Defaults to 10 minutes.
    pub fn session_lifetime(mut self, lifetime: Duration) -> Self {
        self.0.session_lifetime = lifetime;
        self
    }

    /// How long refresh tokens are good, in whole seconds. Defaults to 28 days.
    pub fn refresh_lifetime(mut self, lifetime: Duration) -> Self {
        self.0.refresh_lifetime = lifetime;
        self
    }

    /// Whether each refresh replaces the refresh token, after which the old one is refused. Defaults
    /// to no.
    pub fn rotate_refresh_tokens(mut self, rotate: bool) -> Self {
        self.0.rotate_refresh = rotate;
        self
    }

    /// Whether refresh tokens come as the cookie `DSR` in place of a field, as projects can be set
    /// up. Defaults to no.
    pub fn refresh_tokens_in_cookies(mut self, cookies: bool) -> Self {
        self.0.refresh_cookie = cookies;
        self
    }

    /// How long one-time codes and links are good, in whole seconds. Defaults to 3 minutes.
    pub fn code_lifetime(mut self, lifetime: Duration) -> Self {
        self.0.code_lifetime = lifetime;
        self
    }

    /// How many wrong attempts a one-time code, an authenticator app or a password takes. Defaults to
    /// 5.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.0.max_attempts = attempts;
        self
    }

    /// An OAuth provider of the project's own, beside those that Descope knows.
    pub fn oauth_provider(mut self, name: impl Into<String>) -> Self {
        self.0.oauth_providers.push(name.into());
        self
    }

    /// The emulator.
    pub fn build(self) -> Emulator {
        let store = Store::new(KeyRing::new(self.0.own_key));
        Emulator(Arc::new(Inner {
            settings: self.0,
            clock: EmulatorClock::new(),
            store: Mutex::new(store),
            faults: Mutex::default(),
            requests: Mutex::default(),
        }))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("project_id", &self.0.project_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod testing;

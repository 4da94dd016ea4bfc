#![doc = include_str!("emulator.md")]
#![allow(clippy::unnecessary_wraps, reason = "handlers have one signature")]

use std::net::ToSocketAddrs;
use std::time::Duration;
use std::{fmt, io};

use serde_json::Value;

use crate::transport::{Request, Response, Transport};

mod api;
mod builder;
mod http;
mod inbox;
mod state;
mod words;

pub use builder::EmulatorBuilder;
pub use http::fault::Fault;
pub use http::server::Server;
pub use inbox::Inbox;
pub use state::mailbox::Message;
pub use words::clock::EmulatorClock;
pub use words::refusal::Error;
pub use words::settings::Issuer;

use http::engine::Engine;
use http::exchange::Exchange;
use http::in_process::InProcess;

/// An emulated Descope project; see the [module documentation](self).
///
/// Clones are the same emulator.
#[derive(Clone)]
pub struct Emulator(Engine);

impl Emulator {
    /// An empty project with a random management key.
    #[expect(clippy::new_without_default, reason = "each one is another project")]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// An emulator that differs from the default.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::new()
    }

    /// The project ID that bearers must start with.
    pub fn project_id(&self) -> &str {
        &self.0.settings().project_id
    }

    /// The key of management calls.
    pub fn management_key(&self) -> &str {
        &self.0.settings().management_key
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
        InProcess(self.0.clone())
    }

    /// Listens on a free port of the loopback interface until the server is dropped.
    ///
    /// # Errors
    ///
    /// That of the operating system if no port can be opened.
    pub fn serve(&self) -> io::Result<Server> {
        self.serve_on(("127.0.0.1", 0))
    }

    /// Listens on an address until the server is dropped. Whoever can reach it can read all codes.
    ///
    /// # Errors
    ///
    /// That of the operating system if the address cannot be opened, such as a port that is in use.
    pub fn serve_on(&self, address: impl ToSocketAddrs) -> io::Result<Server> {
        Server::start(self.0.clone(), address)
    }

    /// Answers one request.
    #[expect(clippy::needless_pass_by_value, reason = "as transports take it")]
    pub fn handle(&self, request: Request) -> Response {
        Exchange::new(&self.0, &request).response
    }

    /// The emulator's clock. Give it to the client too, so that both see the same time.
    pub fn clock(&self) -> EmulatorClock {
        self.0.clock().clone()
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.clock().advance(by);
    }

    /// The messages that were "sent".
    pub fn inbox(&self) -> Inbox {
        Inbox(self.0.clone())
    }

    /// Forgets all users, tenants, roles, permissions, access keys, sessions, messages, relations,
    /// flows and all else there is, the faults and the counted requests. The project ID, the management key, the signing keys and the
    /// time stay.
    pub fn reset(&self) {
        self.0.reset();
    }

    /// Makes a new signing key. The old one leaves the key set at once, and its tokens are no longer
    /// good.
    ///
    /// # Errors
    ///
    /// When the machine cannot make a key.
    pub fn rotate_keys(&self) -> Result<(), Error> {
        Ok(self.0.rotate_keys(Duration::ZERO)?)
    }

    /// Makes a new signing key and keeps the old one in the key set for a while.
    ///
    /// # Errors
    ///
    /// When the machine cannot make a key.
    pub fn rotate_keys_keeping(&self, old_key: Duration) -> Result<(), Error> {
        Ok(self.0.rotate_keys(old_key)?)
    }

    /// A token with these claims, signed with the current key. `exp`, `iat`, `iss` and a random `jti`
    /// are added unless they are there: `null` leaves them out. `exp` is as far ahead as
    /// [`EmulatorBuilder::session_lifetime`] says, in a refresh token too.
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
        Ok(self.0.issue_token(claims)?)
    }

    /// Signs a user in, without code or password, and returns what a client would get: the fields
    /// `sessionJwt`, `refreshJwt`, `user` and the others of Descope's answer.
    ///
    /// # Errors
    ///
    /// `E062108` when no user has this login ID.
    pub fn sign_in(&self, login_id: &str) -> Result<Value, Error> {
        Ok(self.0.sign_in(login_id)?.body)
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
    /// There are more, such as `authzSchemas`, `authzRelations`, `fgaResources`, `themes`, `auditEvents`,
    /// `passwordSettings`, `passkeys`, `project`, which is this one, and `projects`, which are copies of it:
    /// an [`export`](Self::export) names them all.
    ///
    /// # Errors
    ///
    /// When an item is refused; the error names it. The items before it are made.
    pub fn seed(&self, seed: &Value) -> Result<Value, Error> {
        self.0.seed(seed)
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
        self.0.export()
    }

    /// Makes something go wrong from now on.
    pub fn fault(&self, fault: Fault) {
        self.0.add_fault(fault);
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.0.clear_faults();
    }

    /// How many requests were made whose path starts with `path`, whatever became of them.
    pub fn requests(&self, path: &str) -> u64 {
        self.0
            .request_counts()
            .iter()
            .filter(|((_, seen), _)| seen.starts_with(path))
            .map(|(_, count)| count)
            .sum()
    }

    /// Signs a user in at the identity provider of OAuth and single sign-on, in place of a browser.
    ///
    /// `url` is what the start of the sign-in returned. Whoever is not known by the login ID is new.
    /// Returns the URL that the browser is sent to: the redirect URL of the start with the query
    /// parameter `code`, or with `err` where this user cannot sign in.
    ///
    /// ```
    /// use descope::Client;
    /// use descope::auth::oauth::{OAuthOptions, providers};
    /// use descope::emulator::Emulator;
    ///
    /// let emulator = Emulator::new();
    /// let client = Client::builder().emulator(&emulator).build()?;
    /// let options = OAuthOptions::default().redirect_url("https://app.example.com/callback");
    /// let url = client.auth().oauth().start(providers::GITHUB, &options)?;
    /// let back = emulator.idp_sign_in(&url, "ada@example.com").unwrap();
    /// assert!(back.starts_with("https://app.example.com/callback?code="));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the URL is not of a sign-in that waits for its user.
    pub fn idp_sign_in(&self, url: &str, login_id: &str) -> Result<String, Error> {
        Ok(self.0.at_idp(url, "loginId", login_id)?)
    }

    /// Refuses a sign-in at the identity provider, as when the user cancels it. Returns the redirect
    /// URL of the start with the query parameter `err`.
    ///
    /// # Errors
    ///
    /// When the URL is not of a sign-in that waits for its user.
    pub fn idp_refuse(&self, url: &str, error: &str) -> Result<String, Error> {
        Ok(self.0.at_idp(url, "err", error)?)
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod testing;

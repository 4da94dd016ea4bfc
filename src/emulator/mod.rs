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
mod oidc;
mod state;
mod words;

pub use builder::EmulatorBuilder;
pub use http::courier::Deliveries;
pub use http::fault::Fault;
pub use http::server::Server;
pub use inbox::Inbox;
pub use oidc::Oidc;
pub use state::mailbox::Message;
pub use words::clock::EmulatorClock;
pub use words::refusal::Error;
pub use words::settings::Issuer;

use http::engine::Engine;
use http::exchange::Exchange;
use http::in_process::InProcess;

/// An emulated Descope project; see the [module documentation](self).
///
/// Clones refer to the same emulator.
#[derive(Clone)]
pub struct Emulator(Engine);

impl Emulator {
    /// A new project with a random management key.
    #[expect(clippy::new_without_default, reason = "each one is another project")]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// An emulator with other settings.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::new()
    }

    /// Another project beside this one, in the same process and on the same port. It has its own state, signing
    /// keys, clock, inbox and faults; the settings and the management key are the same. It is made if there is
    /// none with this ID. A request names its project with the bearer, or with the project ID in its path.
    ///
    /// ```
    /// use descope::emulator::Emulator;
    ///
    /// let emulator = Emulator::new();
    /// let server = emulator.serve()?;
    /// let other = emulator.project("P2other");
    /// other.advance(std::time::Duration::from_secs(60));
    /// assert_eq!(other.project_id(), "P2other");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// It lives as long as the emulator, or as you keep it.
    #[must_use]
    pub fn project(&self, id: &str) -> Self {
        Self(self.0.project(id))
    }

    /// The ID of the emulated project. Bearers must start with it.
    pub fn project_id(&self) -> &str {
        &self.0.settings().project_id
    }

    /// The key for management calls.
    pub fn management_key(&self) -> &str {
        &self.0.settings().management_key
    }

    /// A base URL for clients that use [`transport`](Self::transport), which accepts any URL. Nothing listens
    /// there. For a URL to connect to, see [`Server::base_url`].
    pub fn base_url(&self) -> &'static str {
        "http://localhost"
    }

    /// A transport that passes requests to this emulator, inside the process and without a socket.
    ///
    /// It keeps to the limits of the request, and applies the [faults](Self::fault).
    pub fn transport(&self) -> impl Transport + Clone + fmt::Debug + use<> {
        InProcess(self.0.clone())
    }

    /// Listens on a free port of the loopback interface until the server is dropped.
    ///
    /// # Errors
    ///
    /// The operating system's error if no port can be opened.
    pub fn serve(&self) -> io::Result<Server> {
        self.serve_on(("127.0.0.1", 0))
    }

    /// Listens on an address until the server is dropped. Whoever can reach it can read all codes.
    ///
    /// # Errors
    ///
    /// The operating system's error if the address cannot be opened, as for a port that is in use.
    pub fn serve_on(&self, address: impl ToSocketAddrs) -> io::Result<Server> {
        Server::start(self.0.clone(), address, None)
    }

    /// The same with TLS, for clients that want HTTPS. The certificate is made for `localhost`, for the
    /// address and for these names. Clients have to trust [`Server::certificate`].
    ///
    /// ```
    /// use descope::Client;
    /// use descope::emulator::Emulator;
    ///
    /// let emulator = Emulator::new();
    /// let server = emulator.serve_tls_on(("127.0.0.1", 0), &[])?;
    /// assert!(server.base_url().starts_with("https://127.0.0.1:"));
    /// let client = Client::builder()
    ///     .project_id(emulator.project_id())
    ///     .base_url(server.base_url())
    ///     .root_certificates(server.certificate().unwrap())
    ///     .build()?;
    /// client.warm_up()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The operating system's error if the address cannot be opened, or an error if a name is none that a
    /// certificate can have.
    pub fn serve_tls_on(&self, address: impl ToSocketAddrs, names: &[&str]) -> io::Result<Server> {
        Server::start(self.0.clone(), address, Some(names))
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

    /// The messages that Descope would have sent.
    pub fn inbox(&self) -> Inbox {
        Inbox(self.0.clone())
    }

    /// Answers the clients of the [authorization server](self#authorization-server), in place of a browser.
    pub fn oidc(&self) -> Oidc {
        Oidc(self.0.clone())
    }

    /// Deletes all users, tenants, roles, permissions, access keys, sessions, messages, relations, flows and
    /// all other objects, the faults, the request counts and the events that wait to be sent. The clock goes back to
    /// the real time. The project ID, the management key and the signing keys stay, and so do other
    /// [projects](Self::project).
    pub fn reset(&self) {
        self.0.reset();
    }

    /// Creates a new signing key. The old key leaves the key set at once, and its tokens are no longer valid.
    ///
    /// # Errors
    ///
    /// If the machine cannot create a key.
    pub fn rotate_keys(&self) -> Result<(), Error> {
        Ok(self.0.rotate_keys(Duration::ZERO)?)
    }

    /// Creates a new signing key, and keeps the old one in the key set for a while.
    ///
    /// # Errors
    ///
    /// If the machine cannot create a key.
    pub fn rotate_keys_keeping(&self, old_key: Duration) -> Result<(), Error> {
        Ok(self.0.rotate_keys(old_key)?)
    }

    /// Returns a token with these claims, signed with the current key. `exp`, `iat`, `iss` and a random `jti`
    /// are added if they are missing. Set one to `null` to leave it out. `exp` follows
    /// [`EmulatorBuilder::session_lifetime`], in a refresh token too.
    ///
    /// With `"drn": "DSR"` and the ID of a user as `sub`, it is a refresh token of a new session. With
    /// `"cnf": { "jkt": … }`, it is bound to the key that has this thumbprint (RFC 9449).
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
    /// If the claims are not an object, or the machine cannot create a key.
    pub fn issue_token(&self, claims: Value) -> Result<String, Error> {
        Ok(self.0.issue_token(claims, None)?)
    }

    /// Signs a user in without code or password, and returns what a client would get: the fields
    /// `sessionJwt`, `refreshJwt`, `user` and the others of Descope's answer.
    ///
    /// # Errors
    ///
    /// `E062108` if no user has this login ID.
    pub fn sign_in(&self, login_id: &str) -> Result<Value, Error> {
        Ok(self.0.sign_in(login_id, None)?.body)
    }

    /// Creates the objects that a test starts from. Each item has the fields of the management call that
    /// creates it, and may have a `state` as [`export`](Self::export) writes it. Returns the answers of these
    /// calls in the same form, with the IDs and the cleartext of access keys. The items of `sso` set up
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
    /// There are more lists, such as `authzSchemas`, `authzRelations`, `fgaResources`, `themes`, `auditEvents`,
    /// `passwordSettings`, `passkeys`, `project` for this project, and `projects` for copies of it. An
    /// [`export`](Self::export) has them all.
    ///
    /// # Errors
    ///
    /// If an item is refused. The error names it. The items before it are created.
    pub fn seed(&self, seed: &Value) -> Result<Value, Error> {
        self.0.seed(seed)
    }

    /// Returns everything that [`seed`](Self::seed) can create, as a seed that creates it again with the same
    /// IDs and times, passwords, authenticator apps, passkeys and histories. Each item's `state` has what
    /// management calls cannot set.
    ///
    /// The seed does not contain sessions, pending codes and links, messages, the audit trail and the signing
    /// keys.
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

    /// Waits until the connectors of the audit trail have sent all events so far, and says what became of those since
    /// the last time. See [the audit trail](self#audit). Whoever receives them must do so in another thread.
    ///
    /// ```
    /// use std::thread;
    ///
    /// use descope::Client;
    /// use descope::emulator::Emulator;
    /// use descope::mgmt::audit::{AuditFilter, AuditFilterType, AuditWebhook};
    /// use tiny_http::{Response, Server};
    ///
    /// // A service of the test's own, for one event.
    /// let server = Server::http("127.0.0.1:0").unwrap();
    /// let url = format!("http://{}/events", server.server_addr());
    /// let service = thread::spawn(move || -> std::io::Result<String> {
    ///     let (mut request, mut body) = (server.recv()?, String::new());
    ///     request.as_reader().read_to_string(&mut body)?;
    ///     request.respond(Response::empty(200))?;
    ///     Ok(body)
    /// });
    ///
    /// let emulator = Emulator::new();
    /// let client = Client::builder().emulator(&emulator).build()?;
    /// let created = AuditFilter::includes(AuditFilterType::Actions, ["UserCreated"]);
    /// let webhook = AuditWebhook::default().url(url).hmac_secret("a secret").filters([created]);
    /// client.mgmt().audit().create_webhook("users", &webhook)?;
    ///
    /// client.mgmt().user().create("ada@example.com", &Default::default())?;
    /// assert_eq!(emulator.deliver_events().delivered, 1);
    /// assert!(service.join().unwrap()?.contains("ada@example.com"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn deliver_events(&self) -> Deliveries {
        self.0.deliver_events()
    }

    /// Adds a fault to requests from now on.
    pub fn fault(&self, fault: Fault) {
        self.0.add_fault(fault);
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.0.clear_faults();
    }

    /// The number of requests with a path that starts with `path`, whatever their outcome.
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
    /// `url` is the URL that the start of the sign-in returned. If no user has the login ID, a new one is
    /// created. Returns the URL that the browser is sent to: the redirect URL of the start with the query
    /// parameter `code`, or with `err` if this user cannot sign in.
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
    /// If the URL does not belong to a pending sign-in.
    pub fn idp_sign_in(&self, url: &str, login_id: &str) -> Result<String, Error> {
        Ok(self.0.at_idp(url, "loginId", login_id)?)
    }

    /// Sends the message that a sign-in by WhatsApp waits for, in place of a user with this phone number.
    ///
    /// `redirect_url` is what the start of the sign-in returned.
    ///
    /// ```
    /// use descope::Client;
    /// use descope::auth::notp::NotpUser;
    /// use descope::emulator::Emulator;
    ///
    /// let emulator = Emulator::new();
    /// let client = Client::builder().emulator(&emulator).build()?;
    /// let notp = client.auth().notp();
    /// let sent = notp.sign_up_or_in(NotpUser::Sender, &Default::default())?;
    /// emulator.send_whatsapp(&sent.redirect_url.unwrap(), "+12025550101").unwrap();
    /// let signed_in = notp.session(sent.pending_ref.expose())?.unwrap();
    /// assert_eq!(signed_in.user.login_ids, ["+12025550101"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the URL is not of a sign-in that waits for its message, or the message comes from a phone that
    /// cannot sign in so: this ends the sign-in.
    pub fn send_whatsapp(&self, redirect_url: &str, phone: &str) -> Result<(), Error> {
        Ok(self.0.send_whatsapp(redirect_url, phone)?)
    }

    /// Refuses a sign-in at the identity provider, as when the user cancels it. Returns the redirect
    /// URL of the start with the query parameter `err`.
    ///
    /// # Errors
    ///
    /// If the URL does not belong to a pending sign-in.
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

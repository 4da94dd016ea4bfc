//! The guard: tokens in, claims and cookies out.

use std::fmt;
use std::sync::Arc;

use super::cookies::SameSite;
use super::{Credentials, Denied, Reason};
use crate::AuthInfo;
use crate::client::Client;
use crate::error::{Error, Result, TokenError};
use crate::jwt::{Claims, Scope};
use crate::options::setters;
use crate::secret::Secret;
use crate::transport::http::HeaderValue;

/// Lets those in who have signed in, and keeps their cookies; see the [module documentation](super).
///
/// Make one at the start. It is cheap to clone and meant to be shared between threads.
///
/// ```
/// # let emulator = descope::emulator::Emulator::new();
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// # let token = emulator.issue_token(serde_json::json!({"sub": "U2ada", "drn": "DS"})).expect("a token");
/// # let request = descope::transport::http::Request::get("/")
/// #     .header("Authorization", format!("Bearer {token}")).body(()).unwrap();
/// use descope::web::{Access, Guard};
///
/// let guard = Guard::new(&client);
/// let visitor = guard.authenticate(&guard.credentials(request.headers()), &Access::default())?;
/// println!("hello, {}", visitor.claims.user_id());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Guard {
    pub(super) client: Client,
    pub(super) settings: Arc<GuardOptions>,
}

/// How a [`Guard`] reads and writes cookies.
///
/// ```
/// use descope::web::{GuardOptions, SameSite};
///
/// // Cookies for all of example.com, also for users who come by a link.
/// let options = GuardOptions::default().domain("example.com").same_site(SameSite::Lax);
///
/// // Cookies that no other host can set.
/// let options = GuardOptions::default()
///     .session_cookies(["__Host-DS"])
///     .refresh_cookies(["__Host-DSR"]);
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct GuardOptions {
    /// Names of the session token's cookie, the preferred one first. Defaults to `DS`.
    pub session_cookies: Vec<String>,
    /// Names of the refresh token's cookie, the preferred one first. Defaults to that of
    /// [`ClientBuilder::refresh_cookie`](crate::ClientBuilder::refresh_cookie), which is `DSR` unless
    /// set.
    pub refresh_cookies: Vec<String>,
    /// From which sites browsers send the cookies. Defaults to [`SameSite::Strict`].
    pub same_site: Option<SameSite>,
    /// Whether browsers send the cookies by HTTPS only, and to `localhost`. Defaults to `true`.
    pub secure: Option<bool>,
    /// Whether scripts cannot read the cookies. Defaults to `true`.
    pub http_only: Option<bool>,
    /// Domain of the cookies, with its subdomains; `""` for the host alone. Defaults to what Descope
    /// answers at the sign-in.
    pub domain: Option<String>,
    /// Path of the cookies. Defaults to what Descope answers at the sign-in, which is `/` as a rule.
    pub path: Option<String>,
}

setters!(GuardOptions {
    session_cookies: list<String>, refresh_cookies: list<String>, same_site: opt<SameSite>,
    secure: opt<bool>, http_only: opt<bool>, domain: opt<String>, path: opt<String>,
});

/// What a request needs beyond a session. By default nothing.
///
/// ```
/// use descope::web::Access;
///
/// let editors = Access::default().roles(["editor"]);
/// let clerks_of_acme = Access::default().tenant("acme").permissions(["invoice.read"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// The tenant that the user must belong to, and hold the roles and permissions in. Defaults to
    /// none: those of the project count.
    pub tenant: Option<String>,
    /// Roles, all of which the user must hold.
    pub roles: Vec<String>,
    /// Permissions, all of which the user must hold.
    pub permissions: Vec<String>,
}

setters!(Access { tenant: opt<String>, roles: list<String>, permissions: list<String> });

impl Access {
    fn check(&self, claims: &Claims) -> Result<(), Reason> {
        let scope = match &self.tenant {
            Some(tenant) if !claims.is_in_tenant(tenant) => return Err(Reason::NotInTenant),
            Some(tenant) => Scope::Tenant(tenant),
            None => Scope::Project,
        };
        if !claims.has_permissions(scope, &self.permissions) {
            return Err(Reason::MissingPermission);
        }
        if !claims.has_roles(scope, &self.roles) {
            return Err(Reason::MissingRole);
        }
        Ok(())
    }
}

/// Somebody who may come in.
///
/// ```
/// # let emulator = descope::emulator::Emulator::new();
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// # let guard = descope::web::Guard::new(&client);
/// # let token = emulator.issue_token(serde_json::json!({"sub": "U2ada", "drn": "DS", "dct": "acme"})).expect("a token");
/// # let credentials = descope::web::Credentials::new(token, "");
/// let visitor = guard.authenticate(&credentials, &Default::default())?;
/// assert_eq!(visitor.claims.current_tenant(), Some("acme"));
/// for cookie in &visitor.set_cookies {
///     // a header `Set-Cookie` of the answer
///     # let _ = cookie;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Visitor {
    /// The claims of their session token, the new one if there is one.
    pub claims: Claims,
    /// The new tokens, if the session had to be refreshed.
    pub refreshed: Option<AuthInfo>,
    /// Values of `Set-Cookie` to send with the answer, a header each. Empty unless there are new
    /// tokens.
    pub set_cookies: Vec<HeaderValue>,
}

impl Visitor {
    fn of(claims: Claims) -> Self {
        Self { claims, refreshed: None, set_cookies: Vec::new() }
    }
}

impl Guard {
    /// A guard with the default options.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let guard = descope::web::Guard::new(&client);
    /// # Ok::<(), descope::Error>(())
    /// ```
    pub fn new(client: &Client) -> Self {
        Self::with_defaults(client, GuardOptions::default())
    }

    /// A guard that differs from the default.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::web::{Guard, GuardOptions, SameSite};
    ///
    /// let options = GuardOptions::default()
    ///     .session_cookies(["__Host-DS", "DS"])
    ///     .same_site(SameSite::Lax);
    /// let guard = Guard::with_options(&client, options)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for a name, domain or path that no cookie can have, for one name of both
    /// tokens, and for [`SameSite::None`] without `secure`, which browsers refuse.
    pub fn with_options(client: &Client, options: GuardOptions) -> Result<Self> {
        let guard = Self::with_defaults(client, options);
        guard.settings.check()?;
        Ok(guard)
    }

    fn with_defaults(client: &Client, mut options: GuardOptions) -> Self {
        if options.session_cookies.is_empty() {
            options.session_cookies.push("DS".to_owned());
        }
        if options.refresh_cookies.is_empty() {
            options.refresh_cookies.push(client.shared.refresh_cookie.clone());
        }
        Self { client: client.clone(), settings: Arc::new(options) }
    }

    /// Checks the session token, and what the user may do. Does not refresh, and so never waits but
    /// for the signing keys, now and then.
    ///
    /// Where there are several tokens, the first that passes counts.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// # let token = emulator.issue_token(serde_json::json!({
    /// #     "sub": "U2ada", "drn": "DS", "tenants": { "acme": { "roles": ["editor"] } },
    /// # })).expect("a token");
    /// # let credentials = descope::web::Credentials::new(token, "");
    /// use descope::web::{Access, Reason};
    ///
    /// let editors = Access::default().tenant("acme").roles(["editor"]);
    /// println!("hello, {}", guard.validate(&credentials, &editors)?.claims.user_id());
    ///
    /// let owners = Access::default().tenant("acme").roles(["owner"]);
    /// let denied = guard.validate(&credentials, &owners).unwrap_err();
    /// assert_eq!((denied.status().as_u16(), denied.reason()), (403, Reason::MissingRole));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Denied`], with a [`Reason`] and the status to answer: 401, 403 or 503.
    pub fn validate(&self, credentials: &Credentials, access: &Access) -> Result<Visitor, Denied> {
        if credentials.ambiguous {
            return Err(Denied::new(Reason::Ambiguous, None));
        }
        match self.session(credentials) {
            Ok(claims) => admit(Visitor::of(claims), access),
            Err(Some(error)) => Err(Denied::new(Reason::of_session(&error), error)),
            Err(None) => Err(Denied::new(Reason::NoToken, None)),
        }
    }

    /// Checks the session token, refreshes the session if the token does not pass, and checks what
    /// the user may do.
    ///
    /// After a refresh there is a cookie with the new session token, and one with the new refresh
    /// token where the project rotates them. Send them with the answer, whatever it is: they are in
    /// [`Visitor::set_cookies`] and in [`Denied::set_cookies`].
    ///
    /// Of several refresh tokens, each is tried until Descope takes one, within the time of one call.
    /// There is no refresh while Descope is unavailable: nothing is known of the session then.
    ///
    /// Requests that a browser makes at the same time share one refresh, if they come to the same process.
    /// Where the project rotates refresh tokens, one that comes later, or to another process, but was
    /// sent before the browser had the new cookie, is refused.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use descope::auth::DeliveryMethod::Email;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// # client.auth().otp().sign_up_or_in(Email, "ada@example.com", &Default::default())?;
    /// # let code = emulator.inbox().last_to("ada@example.com").and_then(|m| m.code).expect("a code");
    /// # let info = client.auth().otp().verify(Email, "ada@example.com", &code)?;
    /// # let credentials =
    /// #     descope::web::Credentials::new(info.session_jwt(), info.refresh_jwt().unwrap_or_default());
    /// # emulator.advance(Duration::from_secs(3600));
    /// use descope::web::Access;
    ///
    /// let (status, cookies) = match guard.authenticate(&credentials, &Access::default()) {
    ///     Ok(visitor) => (200, visitor.set_cookies),
    ///     Err(denied) => (denied.status().as_u16(), denied.set_cookies().to_vec()),
    /// };
    /// assert_eq!((status, cookies.len()), (200, 1));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Denied`], as of [`validate`](Self::validate); [`Reason::SessionEnded`] if Descope refuses to
    /// refresh.
    pub fn authenticate(
        &self,
        credentials: &Credentials,
        access: &Access,
    ) -> Result<Visitor, Denied> {
        let denied = match self.validate(credentials, &Access::default()) {
            Ok(visitor) => return admit(visitor, access),
            Err(denied) => denied,
        };
        // Whether a refresh can make up for it.
        let curable = matches!(
            denied.reason(),
            Reason::NoToken | Reason::TokenExpired | Reason::TokenInvalid
        );
        if !curable || credentials.refreshes.is_empty() {
            return Err(denied);
        }
        admit(self.refresh(&credentials.refreshes)?, access)
    }

    /// The claims of the first session token that passes, or else why the first one does not.
    fn session(&self, credentials: &Credentials) -> Result<Claims, Option<Error>> {
        let refreshes = &self.settings.refresh_cookies;
        let mut refused: Option<Error> = None;
        for token in credentials.session_tokens() {
            let error = match self.client.auth().session().validate(token.expose()) {
                Ok(claims) if !refreshes.iter().any(|name| claims.is_of_cookie(name)) => {
                    return Ok(claims);
                }
                Ok(_) => TokenError::NotASession.into(),
                Err(error) => error,
            };
            // Not knowing of one outweighs knowing that another is bad.
            let outage = |error: &Error| Reason::of_session(error).is_outage();
            if refused.as_ref().is_none_or(|first| outage(&error) && !outage(first)) {
                refused = Some(error);
            }
        }
        Err(refused)
    }

    /// Makes clients for several calls that are to take no more time than one: anyone can send eight
    /// refresh tokens.
    pub(super) fn within_one_deadline(&self) -> impl Fn() -> Client {
        let clock = &*self.client.shared.clock;
        let deadline = clock.monotonic().saturating_add(self.client.settings.deadline);
        move || self.client.with_deadline(deadline.saturating_sub(clock.monotonic()))
    }

    fn refresh(&self, tokens: &[Secret]) -> Result<Visitor, Denied> {
        let mut refused = Denied::new(Reason::NoToken, None);
        let client = self.within_one_deadline();
        for token in tokens {
            match client().auth().session().refresh(token.expose()) {
                Ok(info) => {
                    let rotated = info.refresh_jwt() != Some(token.expose());
                    let cookies = self.cookies(
                        &info.session,
                        info.refresh.as_ref().filter(|_| rotated),
                        &info.cookie,
                    );
                    return match cookies {
                        Ok(set_cookies) => Ok(Visitor {
                            claims: info.claims().clone(),
                            refreshed: Some(info),
                            set_cookies,
                        }),
                        Err(error) => Err(Denied::new(Reason::Unavailable, error)),
                    };
                }
                Err(error) => {
                    refused = Denied::new(Reason::of_refresh(&error), error);
                    if refused.reason().is_outage() {
                        break;
                    }
                }
            }
        }
        Err(refused)
    }
}

/// Checks what the visitor may do. The cookies are for either outcome.
fn admit(visitor: Visitor, access: &Access) -> Result<Visitor, Denied> {
    // RFC 9449 section 7.1: a token that is bound to a key is no bearer token.
    if visitor.claims.is_bound() {
        return Err(Denied::new(Reason::ProofMissing, None).with_cookies(visitor.set_cookies));
    }
    match access.check(&visitor.claims) {
        Ok(()) => Ok(visitor),
        Err(reason) => Err(Denied::new(reason, None).with_cookies(visitor.set_cookies)),
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("client", &self.client)
            .field("options", &self.settings)
            .finish()
    }
}

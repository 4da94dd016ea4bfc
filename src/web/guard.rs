//! Guards the pages of a web service: tokens in, claims and cookies out.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use super::access::{Kind, is_for};
use super::key_sessions::{Asked, Exchange, Exchanging, MAX_AGE, Refusal};
use super::place::{Place, SameSite};
use super::proofs::Presented;
use super::{Access, Denied, Proofs, Proxies, Reason, RequestTokens, Resource, TokenKind, Visitor};
use crate::client::Client;
use crate::error::{Error, Result, TokenError};
use crate::jwt::{Claims, Named, ProofError};
use crate::options::setters;
use crate::secret::Secret;
use crate::transport::http::HeaderValue;

/// Lets signed-in users in, and writes their cookies; see the [module documentation](super).
///
/// Create one when your service starts. It is cheap to clone and meant to be shared between threads.
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
/// let tokens = guard.tokens(request.headers());
/// let visitor = guard.validate_and_refresh(&tokens, &Access::default())?;
/// println!("hello, {}", visitor.claims.user_id());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Guard {
    pub(super) client: Client,
    /// Likewise, for the tokens of requests: those for the resource are accepted too.
    visited: Client,
    pub(super) settings: Arc<GuardOptions>,
    /// Where Descope had cookies put so far.
    pub(super) places: Arc<Mutex<Vec<Place>>>,
    /// What exchanges access keys, once one was let in.
    keys: Arc<OnceLock<Box<dyn Exchange>>>,
}

/// The settings of a [`Guard`]: how it reads and writes cookies.
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
    /// Names of the session token's cookie, with the preferred one first. Defaults to `DS`.
    pub session_cookies: Vec<String>,
    /// Names of the refresh token's cookie, with the preferred one first. Defaults to the name in
    /// [`ClientBuilder::refresh_cookie`](crate::ClientBuilder::refresh_cookie), which is `DSR` unless set.
    pub refresh_cookies: Vec<String>,
    /// The sites from which browsers send the cookies. Defaults to [`SameSite::Strict`].
    pub same_site: Option<SameSite>,
    /// Whether browsers send the cookies over HTTPS and to `localhost` only. Defaults to `true`.
    pub secure: Option<bool>,
    /// Whether the cookies are hidden from scripts. Defaults to `true`.
    pub http_only: Option<bool>,
    /// The domain of the cookies, which includes its subdomains; `""` stands for the host alone. Defaults
    /// to the domain in Descope's answer to the sign-in.
    pub domain: Option<String>,
    /// The path of the cookies. Defaults to the path in Descope's answer to the sign-in, which is usually
    /// `/`.
    pub path: Option<String>,
    /// The largest total size of the cookies of one token, in bytes, with their names. From 4096 to 32768.
    /// Defaults to 7168.
    ///
    /// Browsers silently drop a cookie of more than 4096 bytes (RFC 6265bis section 5.7). A larger token
    /// is split over several cookies: `DS`, `DS-1` and so on. With 4096, no token is split. Many servers
    /// and proxies refuse a request whose `Cookie` header has more than 8 KiB (nginx:
    /// `large_client_header_buffers`). Raise their limit before you raise this one.
    pub max_cookie_bytes: Option<usize>,
    /// Whether only session tokens count as a session. Defaults to `true`.
    ///
    /// Descope signs other tokens of a user with the same keys: ID tokens, and the access tokens of
    /// applications to which the user has granted some scopes. Each of them would give access to
    /// everything that the user may do. [`Access::scopes`] lets access tokens in within their scopes. With
    /// `false`, the guard accepts every token that
    /// [`Sessions::validate`](crate::auth::session::Sessions::validate) accepts, as the official SDKs do, except for
    /// the kinds that an [`Access`] rules out.
    pub session_tokens_only: Option<bool>,
    /// Other origins, such as `https://app.example.com`, to which [`LoginPage::then`] and
    /// [`Guard::safe_redirect`] may send users. Defaults to none, so users are only sent to paths of this
    /// site.
    ///
    /// [`LoginPage::then`]: super::LoginPage::then
    pub redirect_origins: Vec<String>,
    /// How the guard checks that who sends a token bound to a key has that key (`DPoP`). Defaults to none:
    /// bound tokens are refused.
    pub proofs: Option<Proofs>,
    /// What this service is to applications that have access tokens. If set, an access token must be for it
    /// (claim `aud`). Defaults to none: an access token that [`Access`] lets in must be for the audiences of
    /// the client.
    pub resource: Option<Resource>,
    /// How long the session of an access key is used at the most, before the key is exchanged again. From 1
    /// second to 24 hours. Defaults to 5 minutes.
    ///
    /// A key that you deactivate or delete is let in until then, or until its session ends (claim `exp`) if that
    /// is earlier. Each key costs one call in this time, and each process makes its own. See
    /// [`Access::access_keys`].
    pub access_key_max_age: Option<Duration>,
    /// The origin of this service, such as `https://app.example.com`, for [`Guard::check_origin`]. Defaults to
    /// the host that the request was sent to.
    pub origin: Option<String>,
    /// Other origins whose pages may send requests that change something, for [`Guard::check_origin`]. Defaults
    /// to none.
    pub trusted_origins: Vec<String>,
    /// Whether the pages of all other hosts of your site, such as `https://blog.example.com`, may send requests
    /// that change something, for [`Guard::check_origin`]. Defaults to `false`.
    pub trust_same_site: bool,
    /// The proxies in front of this service, whose headers count for [`Guard::source`]. Defaults to none: the
    /// headers `Forwarded` and `X-Forwarded-…` are ignored.
    pub proxies: Option<Proxies>,
}

setters!(GuardOptions {
    session_cookies: list<String>, refresh_cookies: list<String>, same_site: opt<SameSite>,
    secure: opt<bool>, http_only: opt<bool>, domain: opt<String>, path: opt<String>,
    max_cookie_bytes: opt_number<usize>, session_tokens_only: opt<bool>,
    redirect_origins: list<String>, proofs: opt<Proofs>,
    resource: opt<Resource>, access_key_max_age: opt<Duration>, origin: opt<String>,
    trusted_origins: list<String>, trust_same_site: flag, proxies: opt<Proxies>,
});

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

    /// A guard with other options.
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
    /// [`Error::Argument`](crate::Error::Argument) for a name, domain or path that no cookie can have, for
    /// a name that both tokens share, for [`SameSite::None`] without `secure`, which browsers refuse, for
    /// a size that is out of range, and for invalid origins.
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
            options.refresh_cookies.push(client.refresh_cookie().to_owned());
        }
        let resource = options.resource.as_ref();
        let visited =
            resource.map_or_else(|| client.clone(), |resource| client.with_resource(resource.id()));
        Self {
            client: client.clone(),
            visited,
            settings: Arc::new(options),
            places: Arc::default(),
            keys: Arc::default(),
        }
    }

    /// Checks the session token, and what the user may do. It does not refresh the session, and only waits
    /// if the signing keys have to be fetched, or an access key has to be exchanged
    /// ([`Access::access_keys`]).
    ///
    /// If there are several session tokens, the first that passes counts.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// # let token = emulator.issue_token(serde_json::json!({
    /// #     "sub": "U2ada", "drn": "DS", "tenants": { "acme": { "roles": ["editor"] } },
    /// # })).expect("a token");
    /// # let tokens = descope::web::RequestTokens::default().session_token(token);
    /// use descope::web::{Access, Reason};
    ///
    /// let editors = Access::default().tenant("acme").roles(["editor"]);
    /// println!("hello, {}", guard.validate(&tokens, &editors)?.claims.user_id());
    ///
    /// let owners = Access::default().tenant("acme").roles(["owner"]);
    /// let denied = guard.validate(&tokens, &owners).unwrap_err();
    /// assert_eq!((denied.status().as_u16(), denied.reason()), (403, Reason::MissingRole));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Denied`], with a [`Reason`] and the status to answer: 401, 403 or 503.
    pub fn validate(&self, tokens: &RequestTokens, access: &Access) -> Result<Visitor, Denied> {
        match self.session(tokens, access) {
            Ok((visitor, token)) => self.admit(visitor, tokens, Some(token), access),
            Err(refused) => Err(refused.denied),
        }
    }

    /// Checks the session token, refreshes the session if the token does not pass, and checks what
    /// the user may do.
    ///
    /// A refresh makes a cookie with the new session token, and one with the new refresh token if the
    /// project rotates them. Send these cookies with every answer: they are in [`Visitor::set_cookies`]
    /// and in [`Denied::set_cookies`].
    ///
    /// A session is only refreshed for the user whose session token has expired. The refresh token of
    /// another user is refused ([`Reason::OtherUser`]). A cookie of the same user can refresh an expired
    /// token in `Authorization`. For any other token in `Authorization`, the cookies do not count.
    ///
    /// If the request has several refresh tokens, the guard tries the two newest ones, within the time of
    /// one call. The client and its clones remember for two minutes that Descope has ended a session, so
    /// its tokens cost no call in that time. The guard then clears the cookies in the request. It also
    /// clears them if it had to use another refresh token instead. It does not clear cookies while the
    /// state of the session is unknown, because Descope or its keys are unavailable or a proxy answered in
    /// its place. It also keeps the cookie of a refresh token that a newer one has replaced by rotation,
    /// because the browser may have the newer one by now.
    ///
    /// Requests that a browser makes at the same time share one refresh if they reach the same process. In
    /// projects that rotate refresh tokens, a request is refused if it was sent before the browser had the
    /// new cookie and comes after that refresh or to another process.
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
    /// # let tokens =
    /// #     descope::web::RequestTokens::default().session_token(info.session_token()).refresh_token(info.refresh_token().unwrap_or_default());
    /// # emulator.advance(Duration::from_secs(3600));
    /// use descope::web::Access;
    ///
    /// let (status, cookies) = match guard.validate_and_refresh(&tokens, &Access::default()) {
    ///     Ok(visitor) => (200, visitor.set_cookies),
    ///     Err(denied) => (denied.status().as_u16(), denied.set_cookies().to_vec()),
    /// };
    /// assert_eq!((status, cookies.len()), (200, 1));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Denied`], as for [`validate`](Self::validate). The reason is [`Reason::SessionEnded`] if Descope
    /// refuses to refresh, and [`Reason::OtherUser`] if the refresh token belongs to another user.
    pub fn validate_and_refresh(
        &self,
        tokens: &RequestTokens,
        access: &Access,
    ) -> Result<Visitor, Denied> {
        let refused = match self.session(tokens, access) {
            Ok((visitor, token)) => return self.admit(visitor, tokens, Some(token), access),
            Err(refused) => refused,
        };
        // Whether a refresh can make up for it.
        let curable = match refused.denied.reason() {
            Reason::NoToken => true,
            Reason::TokenExpired => self.was_session(tokens),
            Reason::TokenInvalid | Reason::NotASession | Reason::ScopedToken => {
                !tokens.has_header()
            }
            _ => false,
        };
        // A refresh brings a session.
        let curable = curable && access.sessions != Some(false);
        if !curable || tokens.refreshes.is_empty() {
            return Err(refused.denied);
        }
        let visitor = self.refresh(tokens, refused.expired.as_ref())?;
        match self.kind(&visitor.claims, access) {
            // The proof is for the token that the client has sent.
            Ok(()) => self.admit(visitor, tokens, tokens.session_tokens().first(), access),
            Err(reason) => Err(Denied::new(reason, None).with_cookies(visitor.set_cookies)),
        }
    }

    /// The first session token that passes, and whose it is, or else why the first one does not.
    fn session<'t>(
        &self,
        tokens: &'t RequestTokens,
        access: &Access,
    ) -> Result<(Visitor, &'t Secret), Refused> {
        let refused = |reason| Refused { denied: Denied::new(reason, None), expired: None };
        if tokens.ambiguous {
            return Err(refused(Reason::Ambiguous));
        }
        if let (Some(exchanging), Some(key)) = (access.exchanging, tokens.access_key()) {
            return match self.exchanged(exchanging, key) {
                Ok(claims) => Ok((Visitor::new(claims, TokenKind::AccessKey), key)),
                Err(refusal) => {
                    Err(Refused { denied: Denied::of_access_key(refusal), expired: None })
                }
            };
        }
        let mut first: Option<Refused> = None;
        let mut expired = None;
        for token in tokens.session_tokens() {
            let denied = match self.verified(token) {
                Ok(claims) => match self.kind(&claims, access) {
                    Ok(()) => {
                        let kind = TokenKind::of(&claims);
                        return Ok((Visitor::new(claims, kind), token));
                    }
                    Err(reason) => Denied::new(reason, None),
                },
                Err(error) => Denied::new(Reason::of_session(&error), error),
            };
            if denied.reason() == Reason::TokenExpired && expired.is_none() {
                expired = Named::read(token.expose());
            }
            // Not knowing of one outweighs knowing that another is bad.
            let outage = |denied: &Denied| denied.reason().is_outage();
            if first.as_ref().is_none_or(|first| outage(&denied) && !outage(&first.denied)) {
                first = Some(Refused { denied, expired: None });
            }
        }
        let first = first.unwrap_or_else(|| refused(Reason::NoToken));
        Err(Refused { expired, ..first })
    }

    /// The claims of an access key's session.
    fn exchanged(&self, exchanging: Exchanging, key: &Secret) -> Result<Claims, Refusal> {
        let verify = |session: &Secret| {
            let claims = self.verified(session);
            let claims = claims.map_err(|error| Refusal::new(Reason::of_session(&error), error))?;
            let kind = self.kind(&claims, &Access::default());
            kind.map(|()| claims).map_err(|reason| Refusal::new(reason, None))
        };
        let max_age = self.settings.access_key_max_age.unwrap_or(MAX_AGE);
        let asked = Asked { client: &self.client, key, max_age, verify: &verify };
        let claims = self.keys.get_or_init(exchanging.0).claims(&asked);
        claims.map_err(|refusal| match refusal.reason {
            // What has expired is not the visitor's, so no cookie makes up for it.
            Reason::TokenExpired => Refusal { reason: Reason::TokenInvalid, ..refusal },
            _ => refusal,
        })
    }

    /// The claims of a token that is for this service.
    fn verified(&self, token: &Secret) -> Result<Claims> {
        let claims = self.visited.auth().session().validate(token.expose())?;
        let Some(resource) = &self.settings.resource else { return Ok(claims) };
        let fits = match Kind::of(&claims) {
            Kind::AccessToken => is_for(&claims, resource.id()),
            // A session is for the audiences of the client.
            Kind::Session => self.visited.is_addressed_by(&claims),
            Kind::Other(_) => true,
        };
        if fits { Ok(claims) } else { Err(TokenError::Audience.into()) }
    }

    /// Whether a genuine token is of a kind that is let in, and no other that Descope signs with the same keys.
    fn kind(&self, claims: &Claims, access: &Access) -> Result<(), Reason> {
        if self.settings.refresh_cookies.iter().any(|name| claims.is_of_cookie(name)) {
            return Err(Reason::TokenInvalid);
        }
        access.admits(Kind::of(claims), self.session_tokens_only())
    }

    fn session_tokens_only(&self) -> bool {
        self.settings.session_tokens_only != Some(false)
    }

    /// Whether a refresh can stand in for the token of the request that has expired. One in `Authorization` must have
    /// been what a refresh brings.
    fn was_session(&self, tokens: &RequestTokens) -> bool {
        let mut sent = tokens.session_tokens().iter();
        !tokens.has_header()
            || !self.session_tokens_only()
            || sent.all(|token| Kind::said_by(token) == Some(Kind::Session))
    }

    /// Checks who sends the token, and what the visitor may do. The cookies are for either outcome.
    fn admit(
        &self,
        visitor: Visitor,
        tokens: &RequestTokens,
        token: Option<&Secret>,
        access: &Access,
    ) -> Result<Visitor, Denied> {
        let proven = self.check_proof(&visitor.claims, tokens, token);
        let allowed = proven.and_then(|()| {
            let checked = access.check(&visitor.claims, self.client.clock().unix());
            checked.map_err(|reason| Denied::new(reason, None))
        });
        match allowed {
            Ok(()) => Ok(visitor),
            Err(denied) => Err(denied.with_cookies(visitor.set_cookies)),
        }
    }

    /// RFC 9449 section 7.1: a token that is bound to a key is not a bearer token, and one that is not bound
    /// does not become so by the way in which it is sent.
    fn check_proof(
        &self,
        claims: &Claims,
        tokens: &RequestTokens,
        token: Option<&Secret>,
    ) -> Result<(), Denied> {
        if !claims.is_bound() {
            let unbound = Denied::of_proof(ProofError::OtherKey);
            return if tokens.is_dpop { Err(unbound) } else { Ok(()) };
        }
        let Some(proofs) = &self.settings.proofs else {
            return Err(Denied::new(Reason::ProofMissing, None));
        };
        // Without a token, the session was refreshed for someone who has the refresh token alone. A key by
        // anything but its thumbprint is one that nothing here can prove.
        let (Some(token), Some(thumbprint)) = (token, claims.key_thumbprint()) else {
            return Err(Denied::of_proof(ProofError::Missing));
        };
        if tokens.request.is_none() {
            return Err(Denied::new(Reason::Misconfigured, NO_REQUEST));
        }
        let now = self.client.clock().unix();
        let presented = Presented { tokens, token: token.expose(), thumbprint, now };
        proofs.check(&presented).map_err(Denied::of_proof)
    }

    /// The value of the header `DPoP-Nonce`, to send with every answer; `None` if the guard needs no nonces.
    /// See [`ProofOptions::nonce_key`](super::ProofOptions::nonce_key).
    pub fn dpop_nonce(&self) -> Option<HeaderValue> {
        let nonce = self.settings.proofs.as_ref()?.nonce(self.client.clock().unix())?;
        HeaderValue::try_from(nonce).ok()
    }

    /// Makes clients for several calls that are to take no more time than one.
    pub(super) fn within_one_deadline(&self) -> impl Fn() -> Client {
        let clock = self.client.clock();
        let deadline = clock.monotonic().saturating_add(self.client.deadline());
        move || self.client.with_deadline(deadline.saturating_sub(clock.monotonic()))
    }
}

const NO_REQUEST: Error =
    Error::Config("a proof is for one request: see `RequestTokens::of_request`");

/// Why no session token passes.
struct Refused {
    denied: Denied,
    /// Whose the first one is that has expired, and is genuine otherwise.
    expired: Option<Named>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("client", &self.client)
            .field("options", &self.settings)
            .finish_non_exhaustive()
    }
}

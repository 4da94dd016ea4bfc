//! Whom a guard lets in, and what it knows of them then.

use std::time::Duration;

use serde_json::{Map, Value};

use super::Reason;
use super::key_sessions::Exchanging;
use crate::auth::AuthInfo;
use crate::jwt::{Claims, ID_TOKEN_CLAIMS, Scope, payload};
use crate::options::setters;
use crate::secret::Secret;
use crate::time::{UnixTime, seconds};
use crate::transport::http::HeaderValue;

/// What a request needs. By default, a session.
///
/// ```
/// use descope::web::Access;
///
/// let editors = Access::default().roles(["editor"]);
/// let clerks_of_acme = Access::default().tenant("acme").permissions(["invoice.read"]);
/// // Users themselves, and applications to which users have granted this scope.
/// let readers = Access::default().scopes(["invoice.read"]);
/// // Applications alone, as at an MCP server.
/// let tools = Access::default().scopes(["tools"]).sessions(false);
/// // Machines alone, by their access keys.
/// let machines = Access::default().access_keys(true).sessions(false);
/// // Users who have just proved again who they are.
/// let payments = Access::default().step_up(true).impersonation(false);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// The tenant that the user must belong to, and in which the user must have the roles and permissions.
    /// Defaults to none: the roles and permissions of the project count.
    pub tenant: Option<String>,
    /// The roles that the user must have, all of them.
    pub roles: Vec<String>,
    /// The permissions that the user must have, all of them.
    pub permissions: Vec<String>,
    /// Whether someone else may act as the user (claim `act`), such as support staff. Defaults to `true`.
    /// [`Visitor::impersonator`] says who it is. Set it to `false` if only users themselves may act, as
    /// for payments and passwords.
    pub impersonation: Option<bool>,
    /// The scopes that an access token must have, all of them. Sessions have no scopes, and need none: a
    /// session is the user, who may do everything that its roles and permissions allow.
    pub scopes: Vec<String>,
    /// Whether the access tokens of inbound applications and MCP servers are let in: tokens with a claim
    /// `scope`, `scp` or `client_id`. Defaults to whether there are [`scopes`](Self::scopes). Set
    /// [`GuardOptions::resource`](super::GuardOptions::resource), so that tokens for other services are
    /// refused.
    pub access_tokens: Option<bool>,
    /// Whether sessions are let in. Defaults to `true`.
    pub sessions: Option<bool>,
    /// Whether the user must have signed in with more than one factor (claim `amr`). Defaults to `false`.
    pub multi_factor: bool,
    /// Whether the session must be a step-up session (claim `su`): the user has proved again who they are, by
    /// a sign-in with [`step_up`](crate::auth::LoginOptions::step_up) or a flow that steps up. Defaults to
    /// `false`.
    ///
    /// Descope ends a step-up session after the project's step-up timeout, and a refresh makes an ordinary
    /// session of it.
    pub step_up: bool,
    /// How long ago the user may have signed in, in whole seconds (claim `auth_time`, OpenID Connect Core
    /// section 2). Defaults to any time.
    ///
    /// A token without this claim is refused, because no other claim says when the user signed in: a refresh
    /// changes `iat`. Session tokens of Descope have no `auth_time` of their own. Add it by a JWT template or a
    /// flow of the project, or ask for [`step_up`](Self::step_up) instead.
    pub max_age: Option<Duration>,
    /// The ways of signing in, in words of your project (claim `acr`), of which the token must name one.
    /// Defaults to any.
    pub acr_values: Vec<String>,
    /// What exchanges access keys, if they are let in.
    pub(super) exchanging: Option<Exchanging>,
}

setters!(Access {
    tenant: opt<String>, roles: list<String>, permissions: list<String>, impersonation: opt<bool>,
    scopes: list<String>, access_tokens: opt<bool>, sessions: opt<bool>, multi_factor: flag,
    step_up: flag, max_age: opt<Duration>, acr_values: list<String>,
});

impl Access {
    /// Whether machines are let in by their access keys, sent as `Authorization: Bearer <access key>`. Defaults
    /// to `false`: an access key is not a token.
    ///
    /// The guard exchanges the key for a session, whose roles and permissions count, and remembers the session:
    /// see [`GuardOptions::access_key_max_age`](super::GuardOptions::access_key_max_age). Whether users' own
    /// sessions are let in too is said by [`sessions`](field@Self::sessions).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// # let made = client.mgmt().access_key().create("nightly", &Default::default())?;
    /// # let access_key = made.cleartext.expose();
    /// use descope::transport::http::Request;
    /// use descope::web::{Access, TokenKind};
    ///
    /// let request = Request::get("/export").header("Authorization", format!("Bearer {access_key}"));
    /// # let request = request.body(()).unwrap();
    /// let machines = Access::default().access_keys(true).sessions(false);
    /// let visitor = guard.validate(&guard.tokens(request.headers()), &machines)?;
    /// assert_eq!(visitor.kind, TokenKind::AccessKey);
    /// assert_eq!(visitor.claims.user_id(), made.key.id);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn access_keys(mut self, value: bool) -> Self {
        // Only a program that calls this has the code of the exchange in it.
        self.exchanging = value.then_some(Exchanging::NEW);
        self
    }
}

/// Whether a token names this audience (claim `aud`).
pub(super) fn is_for(claims: &Claims, audience: &str) -> bool {
    match claims.value("aud") {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(several)) => several.iter().any(|one| one == audience),
        _ => false,
    }
}

/// What a genuine token is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Session,
    /// An access token with scopes, or of a client.
    AccessToken,
    /// An ID token, or something else that nobody is let in with.
    Other(Reason),
}

impl Kind {
    /// What it is by its claims: all kinds are signed with the same keys.
    pub(super) fn of(claims: &Claims) -> Self {
        Self::by(|name| claims.value(name).is_some())
    }

    /// What a token says that it is. Nothing of that is checked here.
    pub(super) fn said_by(token: &Secret) -> Option<Self> {
        let claims: Map<String, Value> = serde_json::from_slice(&payload(token.expose())?).ok()?;
        Some(Self::by(|name| claims.contains_key(name)))
    }

    fn by(has: impl Fn(&str) -> bool) -> Self {
        let has = |name: &&str| has(name);
        if ID_TOKEN_CLAIMS.iter().any(has) {
            return Self::Other(Reason::NotASession);
        }
        // RFC 9068 section 2.2, and OpenID Connect Core section 2.
        if ["scope", "scp", "client_id"].iter().any(has) {
            return Self::AccessToken;
        }
        if has(&"azp") {
            return Self::Other(Reason::ScopedToken);
        }
        // What signs a user in has `drn`, as the official SDKs rely on.
        if has(&"drn") { Self::Session } else { Self::Other(Reason::NotASession) }
    }
}

/// What let a visitor in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// A session token: a user, or a machine that has exchanged its access key itself.
    Session,
    /// An access token with which a user lets an application act ([`Access::scopes`]).
    AccessToken,
    /// An access key, which the guard has exchanged for a session ([`Access::access_keys`]).
    AccessKey,
    /// Something else that is signed by the project's keys, such as an ID token. Only with
    /// [`GuardOptions::session_tokens_only`](super::GuardOptions::session_tokens_only) set to `false`.
    Other,
}

impl TokenKind {
    pub(super) fn of(claims: &Claims) -> Self {
        match Kind::of(claims) {
            Kind::Session => Self::Session,
            Kind::AccessToken => Self::AccessToken,
            Kind::Other(_) => Self::Other,
        }
    }
}

impl Access {
    /// Whether a token of this kind is let in at all. If not only session tokens count as a session, all kinds are
    /// but those that the caller has ruled out.
    pub(super) fn admits(&self, kind: Kind, session_tokens_only: bool) -> Result<(), Reason> {
        let by_default = !session_tokens_only || !self.scopes.is_empty();
        match kind {
            Kind::Session if self.sessions == Some(false) => Err(Reason::NotAnAccessToken),
            Kind::AccessToken if !self.access_tokens.unwrap_or(by_default) => {
                Err(Reason::ScopedToken)
            }
            Kind::Other(reason) if session_tokens_only || self.sessions == Some(false) => {
                Err(reason)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn check(&self, claims: &Claims, now: UnixTime) -> Result<(), Reason> {
        let granted = claims.scopes();
        let granted = |scope: &String| granted.contains(&scope.as_str());
        if Kind::of(claims) != Kind::Session && !self.scopes.iter().all(granted) {
            return Err(Reason::MissingScope);
        }
        self.check_sign_in(claims, now)?;
        if self.impersonation == Some(false) && claims.value("act").is_some() {
            return Err(Reason::Impersonated);
        }
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

    /// How and when the user has signed in (RFC 9470). What no claim says is taken for the worst.
    fn check_sign_in(&self, claims: &Claims, now: UnixTime) -> Result<(), Reason> {
        if self.multi_factor && !claims.is_mfa() {
            return Err(Reason::MissingFactor);
        }
        if self.step_up && claims.value("su") != Some(&Value::Bool(true)) {
            return Err(Reason::MissingStepUp);
        }
        let acr = claims.value("acr").and_then(Value::as_str);
        let known = acr.is_some_and(|acr| self.acr_values.iter().any(|value| value == acr));
        if !self.acr_values.is_empty() && !known {
            return Err(Reason::MissingAcr);
        }
        match self.max_age {
            Some(max_age) if !signed_in_since(claims, now, max_age) => Err(Reason::SignInTooOld),
            _ => Ok(()),
        }
    }
}

/// Whether the user has signed in no longer ago than this. Nobody signs in after the token was issued.
fn signed_in_since(claims: &Claims, now: UnixTime, max_age: Duration) -> bool {
    let latest = claims.issued_at().unwrap_or(now).as_seconds();
    let earliest = now.as_seconds().saturating_sub(seconds(max_age));
    claims.signed_in_at().is_some_and(|at| (earliest..=latest).contains(&at.as_seconds()))
}

/// A user who has been let in.
///
/// ```
/// # let emulator = descope::emulator::Emulator::new();
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// # let guard = descope::web::Guard::new(&client);
/// # let token = emulator.issue_token(serde_json::json!({"sub": "U2ada", "drn": "DS", "dct": "acme"})).expect("a token");
/// # let tokens = descope::web::RequestTokens::default().session_token(token);
/// let visitor = guard.validate_and_refresh(&tokens, &Default::default())?;
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
    /// The claims of the user's session token, or of the new one after a refresh.
    pub claims: Claims,
    /// The new tokens, if the session had to be refreshed.
    pub refreshed: Option<AuthInfo>,
    /// Values of `Set-Cookie` to send with the answer, one per header, in this order. Empty unless the
    /// session was refreshed.
    pub set_cookies: Vec<HeaderValue>,
    /// Whether a new token is too large for cookies, so that the browser does not get it; see
    /// [`GuardOptions::max_cookie_bytes`](super::GuardOptions::max_cookie_bytes). If this is the session token, every request refreshes the
    /// session. If it is a rotated refresh token, the user has to sign in again soon. Log this, and give
    /// the tokens fewer claims.
    pub too_large_for_cookies: bool,
    /// What let the visitor in.
    pub kind: TokenKind,
}

impl Visitor {
    pub(super) fn new(claims: Claims, kind: TokenKind) -> Self {
        let (refreshed, set_cookies) = (None, Vec::new());
        Self { claims, refreshed, set_cookies, too_large_for_cookies: false, kind }
    }

    /// The ID of the user who acts as this one (claim `act`, member `sub`; RFC 8693 section 4.1), or
    /// `None`. It is empty if the claim names nobody.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// # let token = emulator.issue_token(serde_json::json!({
    /// #     "sub": "U2ada", "drn": "DS", "act": { "sub": "U2support" },
    /// # })).expect("a token");
    /// # let tokens = descope::web::RequestTokens::default().session_token(token);
    /// use descope::web::{Access, Reason};
    ///
    /// let visitor = guard.validate_and_refresh(&tokens, &Access::default())?;
    /// assert_eq!(visitor.impersonator(), Some("U2support"));
    ///
    /// let in_person = Access::default().impersonation(false);
    /// let denied = guard.validate_and_refresh(&tokens, &in_person).unwrap_err();
    /// assert_eq!(denied.reason(), Reason::Impersonated);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn impersonator(&self) -> Option<&str> {
        let actor = self.claims.value("act")?;
        Some(actor.get("sub").and_then(Value::as_str).unwrap_or_default())
    }
}

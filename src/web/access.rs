//! Whom a guard lets in, and what it knows of them then.

use serde_json::Value;

use super::Reason;
use crate::auth::AuthInfo;
use crate::jwt::{Claims, Scope};
use crate::options::setters;
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
}

setters!(Access {
    tenant: opt<String>, roles: list<String>, permissions: list<String>, impersonation: opt<bool>,
    scopes: list<String>, access_tokens: opt<bool>, sessions: opt<bool>, multi_factor: flag,
});

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
        let has = |name: &&str| claims.value(name).is_some();
        // OpenID Connect Core section 2.
        if ["nonce", "at_hash", "c_hash"].iter().any(has) {
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

impl Access {
    /// Whether a token of this kind is let in at all.
    pub(super) fn admits(&self, kind: Kind) -> Result<(), Reason> {
        match kind {
            Kind::Session if self.sessions == Some(false) => Err(Reason::NotAnAccessToken),
            Kind::AccessToken if !self.access_tokens.unwrap_or(!self.scopes.is_empty()) => {
                Err(Reason::ScopedToken)
            }
            Kind::Other(reason) => Err(reason),
            Kind::Session | Kind::AccessToken => Ok(()),
        }
    }

    pub(super) fn check(&self, claims: &Claims) -> Result<(), Reason> {
        let granted = claims.scopes();
        let granted = |scope: &String| granted.contains(&scope.as_str());
        if Kind::of(claims) == Kind::AccessToken && !self.scopes.iter().all(granted) {
            return Err(Reason::MissingScope);
        }
        if self.multi_factor && !claims.is_mfa() {
            return Err(Reason::MissingFactor);
        }
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
}

impl Visitor {
    pub(super) fn new(claims: Claims) -> Self {
        Self { claims, refreshed: None, set_cookies: Vec::new(), too_large_for_cookies: false }
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

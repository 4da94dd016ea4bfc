//! Sessions of users, and the tokens that carry them.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::sessions::Proven;
use super::store::{Store, merge};
use super::user::{Login, Status, User};
use crate::emulator::http::dispatch::Call;
use crate::emulator::words::clock::rfc3339;
use crate::emulator::words::fields::{Field, Fields, Kind, Object, optional};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Answer, Refusal, Reply};
use crate::emulator::words::settings::seconds;

/// The wire types `LoginOptions` and `SignUpOptions`: clients send either in place of the other.
pub(in crate::emulator) const LOGIN_OPTIONS: &[Field] = &[
    optional("stepup", Kind::Bool),
    optional("mfa", Kind::Bool),
    optional("revokeOtherSessions", Kind::Bool),
    optional("revokeOtherSessionsTypes", Kind::Texts),
    optional("customClaims", Kind::Map),
    optional("templateId", Kind::Text),
    optional("templateOptions", Kind::TextMap),
    optional("tenantId", Kind::Text),
    optional("locale", Kind::Text),
];

pub(in crate::emulator) type Digest = [u8; 32];

/// The digest under which a secret is remembered.
pub(in crate::emulator) fn digest(secret: &str) -> Digest {
    let mut bytes = [0; 32];
    let digest = digest::digest(&digest::SHA256, secret.as_bytes());
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, from)| *byte = *from);
    bytes
}

/// A digest that was saved in base 64.
pub(in crate::emulator) fn saved_digest(text: &str) -> Answer<Digest> {
    let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| Refusal::invalid("A digest must be 32 bytes in base 64"))
}

/// The session of the call's refresh token, if the token is good.
pub(in crate::emulator) fn proven(call: &Call<'_>, store: &Store) -> Answer<Proven> {
    let token = call.required_token()?;
    let claims = store.keys.verify(token, call.now)?;
    if claims["drn"] != "DSR" {
        return Err(Refusal::token("This is no refresh token"));
    }
    let token = digest(token);
    let refresh = store.sessions.refresh_tokens.get(&token);
    let refresh = refresh.ok_or_else(|| Refusal::token("The token is of no session"))?;
    let session = store.sessions.by_id.get(&refresh.session);
    let session = session.filter(|session| !session.ended).ok_or_else(Refusal::logged_out)?;
    if refresh.spent {
        return Err(Refusal::spent());
    }
    let user = store.user(&session.user).ok_or_else(|| Refusal::token("The user is gone"))?;
    user.may_sign_in()?;
    Ok(Proven { session: session.clone(), tenant: refresh.tenant.clone(), token })
}

/// The user of the call's refresh token, who must be the one the call names.
pub(in crate::emulator) fn proven_user<'s>(
    call: &Call<'_>,
    store: &'s mut Store,
    login_id: &str,
) -> Answer<&'s mut User> {
    let user = proven(call, store)?.session.user;
    let user = store.users.iter_mut().find(|known| known.id == user);
    let user = user.ok_or_else(Refusal::no_user)?;
    if user.has_login(login_id) || user.id == login_id {
        Ok(user)
    } else {
        Err(Refusal::forbidden("The refresh token is of another user"))
    }
}

/// What a sign-in asks of the session it starts.
#[derive(Clone, Default)]
pub(in crate::emulator) struct SignIn {
    /// What the session's user proved before.
    amr: Vec<String>,
    claims: Object,
    tenant: Option<String>,
    stepup: bool,
    mfa: bool,
    revoke_others: bool,
    lifetime: Option<i64>,
}

impl SignIn {
    /// Reads `LoginOptions`. The tenant must be there; step-up and MFA need a refresh token of the same user.
    pub(in crate::emulator) fn new(
        call: &Call<'_>,
        store: &Store,
        user: Option<&str>,
        options: Fields<'_>,
    ) -> Answer<Self> {
        let (stepup, mfa) = (options.flag("stepup"), options.flag("mfa"));
        let tenant = options.some_text("tenantId");
        tenant.map(|tenant| store.joining(tenant)).transpose()?;
        let mut amr = Vec::new();
        if stepup || mfa {
            let proven = proven(call, store)?;
            if user != Some(&*proven.session.user) {
                return Err(Refusal::forbidden("The refresh token is of another user"));
            }
            amr = proven.session.amr;
        }
        Ok(Self {
            amr,
            claims: custom_claims(options),
            tenant: tenant.map(str::to_owned),
            stepup,
            mfa,
            revoke_others: options.flag("revokeOtherSessions"),
            lifetime: lifetime(options),
        })
    }

    /// A sign-in that asks for `customClaims` only.
    pub(in crate::emulator) fn claiming(options: Fields<'_>) -> Self {
        Self { claims: custom_claims(options), ..Self::default() }
    }

    /// Reads `LoginOptions` where it is not known yet who signs in. Returns the user of the refresh
    /// token too, where there must be one: they have to sign in, and nobody else.
    pub(in crate::emulator) fn unknown_user(
        call: &Call<'_>,
        store: &Store,
        options: Fields<'_>,
    ) -> Answer<(Self, Option<String>)> {
        let user = if options.flag("stepup") || options.flag("mfa") {
            Some(proven(call, store)?.session.user)
        } else {
            None
        };
        Ok((Self::new(call, store, user.as_deref(), options)?, user))
    }

    /// Signs in to this tenant, unless another one was asked for.
    pub(in crate::emulator) fn in_tenant(mut self, tenant: &str) -> Self {
        self.tenant.get_or_insert_with(|| tenant.to_owned());
        self
    }

    /// Whether this is the tenant it asks for.
    pub(in crate::emulator) fn is_in(&self, tenant: &str) -> bool {
        self.tenant.as_deref() == Some(tenant)
    }

    /// Takes in a user who signs up, as a member of the tenant they sign up for. Returns the ID.
    pub(in crate::emulator) fn register(
        &self,
        store: &mut Store,
        mut user: User,
    ) -> Answer<String> {
        if let Some(tenant) = &self.tenant {
            user.grants.tenants.push(store.joining(tenant)?);
        }
        Ok(store.register(user))
    }

    /// Adds a factor to a session that is there.
    pub(in crate::emulator) fn additional(proven: Proven, mfa: bool) -> Self {
        let amr = if mfa { proven.session.amr } else { Vec::new() };
        Self { amr, tenant: proven.tenant, mfa, ..Self::default() }
    }
}

/// Starts a session for a user who has proved who they are, by the factor named.
pub(in crate::emulator) fn sign_in(
    call: &Call<'_>,
    store: &mut Store,
    user: &str,
    factor: &str,
    asked: SignIn,
) -> Answer {
    let user = store.users.iter_mut().find(|known| known.id == user);
    let user = user.ok_or_else(Refusal::no_user)?;
    user.may_sign_in()?;
    if let Some(tenant) = &asked.tenant
        && user.grants.membership(tenant).is_none()
    {
        return Err(Refusal::argument("The user is not in this tenant"));
    }
    let first_seen = user.logins.is_empty();
    let tenant = asked.tenant.clone().unwrap_or_default();
    user.add_logins([Login { time: call.now, tenant }]);
    if user.status == Status::Invited {
        user.status = Status::Enabled;
    }
    let user = user.id.clone();
    if asked.revoke_others {
        store.sessions.revoke_user(&user, None);
    }
    let mut amr = asked.amr;
    merge(&mut amr, [factor.to_owned()]);
    if asked.mfa {
        merge(&mut amr, ["mfa".to_owned()]);
    }
    let session = store.sessions.start(&user, amr, asked.claims);
    if let Some(session) = store.sessions.by_id.get_mut(&session) {
        session.lifetime = asked.lifetime;
    }
    let refresh = new_refresh_token(call, store, &session, asked.tenant)?;
    answer(call, store, &refresh, true, asked.stepup, first_seen)
}

/// A session in which one user acts as another, or as themselves.
pub(in crate::emulator) struct Disguise<'a> {
    pub(in crate::emulator) user: &'a str,
    pub(in crate::emulator) actor: Option<&'a str>,
    pub(in crate::emulator) stepup: bool,
}

/// Starts a session that nobody signed in to, and returns its refresh token. `options` may hold
/// `customClaims`, `selectedTenant` and `refreshDuration`.
pub(in crate::emulator) fn start(
    call: &Call<'_>,
    store: &mut Store,
    disguise: &Disguise<'_>,
    options: Fields<'_>,
) -> Answer<String> {
    let user = store.user(disguise.user).ok_or_else(Refusal::no_managed_user)?;
    user.may_sign_in()?;
    let tenant = options.some_text("selectedTenant");
    if tenant.is_some_and(|tenant| user.grants.membership(tenant).is_none()) {
        return Err(Refusal::argument("The user is not in this tenant"));
    }
    let mut claims = custom_claims(options);
    if disguise.stepup {
        claims.insert("su".to_owned(), json!(true));
    }
    let session = store.sessions.start(disguise.user, Vec::new(), claims);
    if let Some(session) = store.sessions.by_id.get_mut(&session) {
        session.actor = disguise.actor.map(str::to_owned);
        session.lifetime = lifetime(options);
    }
    new_refresh_token(call, store, &session, tenant.map(str::to_owned))
}

/// An impersonation that goes on.
pub(in crate::emulator) struct Impersonation {
    pub(in crate::emulator) actor: String,
    sessions: Vec<String>,
}

impl Impersonation {
    /// The one that a token is of. A session token does not say of which session it is: it stands for
    /// all in which its actor acts as its user.
    pub(in crate::emulator) fn of(call: &Call<'_>, store: &Store, token: &str) -> Answer<Self> {
        let claims = store.keys.verify(token, call.now)?;
        let actor = claims["act"]["sub"].as_str();
        let actor = actor.ok_or_else(|| Refusal::argument("The token is of no impersonation"))?;
        let user = claims["sub"].as_str().unwrap_or_default();
        let sessions = store.sessions.acting(&digest(token), user, actor);
        if sessions.is_empty() {
            return Err(Refusal::logged_out());
        }
        Ok(Self { actor: actor.to_owned(), sessions })
    }

    pub(in crate::emulator) fn end(&self, store: &mut Store) {
        self.sessions.iter().for_each(|session| store.sessions.end(session));
    }
}

/// Claims that only Descope sets.
pub(in crate::emulator) const RESERVED: &[&str] = &[
    "act",
    "amr",
    "aud",
    "dct",
    "drn",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "permissions",
    "rexp",
    "roles",
    "su",
    "sub",
    "tenants",
];

/// The `customClaims` of a call, less those that only Descope sets.
pub(in crate::emulator) fn custom_claims(options: Fields<'_>) -> Object {
    options.map("customClaims").map(unreserved).unwrap_or_default()
}

/// These claims, less those that only Descope sets: not every token has all of them, so that it is
/// not enough to lay Descope's over.
pub(in crate::emulator) fn unreserved(claims: &Object) -> Object {
    let own = claims.iter().filter(|(name, _)| !RESERVED.contains(&name.as_str()));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The `refreshDuration` of a call in seconds, unless it is the project's: clients send 0 for that.
pub(in crate::emulator) fn lifetime(options: Fields<'_>) -> Option<i64> {
    options.int("refreshDuration").filter(|seconds| *seconds > 0)
}

/// A token with more claims, those of the session too if it is a refresh token. `options` may hold
/// `customClaims` and `refreshDuration`.
pub(in crate::emulator) fn extend(
    call: &Call<'_>,
    store: &mut Store,
    token: &str,
    options: Fields<'_>,
) -> Answer<String> {
    let Value::Object(mut claims) = store.keys.verify(token, call.now)? else {
        return Err(Refusal::token("The token is malformed"));
    };
    let more = custom_claims(options);
    claims.extend(more.clone());
    claims.insert("jti".to_owned(), json!(random::text(22)));
    let Some(old) = store.sessions.refresh_tokens.get_mut(&digest(token)) else {
        return store.keys.sign(&Value::Object(claims));
    };
    let of = store.sessions.by_id.get_mut(&old.session).filter(|of| !of.ended);
    let of = of.ok_or_else(Refusal::logged_out)?;
    if old.spent {
        return Err(Refusal::spent());
    }
    // Where they rotate, the new one takes its place.
    old.spent = call.settings.rotate_refresh;
    let (session, tenant) = (old.session.clone(), old.tenant.clone());
    of.claims.extend(more);
    if let Some(lifetime) = lifetime(options) {
        of.lifetime = Some(lifetime);
        claims.insert("exp".to_owned(), json!(call.now.saturating_add(lifetime)));
    }
    let expires = claims["exp"].as_i64().unwrap_or(call.now);
    let token = store.keys.sign(&Value::Object(claims))?;
    store.sessions.remember(&token, &session, tenant, [expires, call.now]);
    Ok(token)
}

/// New tokens for a proven session: a session token, and a refresh token if they rotate.
pub(in crate::emulator) fn renew(call: &Call<'_>, store: &mut Store, proven: &Proven) -> Answer {
    if !call.settings.rotate_refresh {
        let token = call.required_token()?.to_owned();
        return answer(call, store, &token, false, false, false);
    }
    replace(call, store, proven, proven.tenant.clone())
}

/// New tokens for a proven session, in another tenant.
pub(in crate::emulator) fn replace(
    call: &Call<'_>,
    store: &mut Store,
    proven: &Proven,
    tenant: Option<String>,
) -> Answer {
    let refresh = new_refresh_token(call, store, &proven.session.id, tenant)?;
    if call.settings.rotate_refresh
        && let Some(old) = store.sessions.refresh_tokens.get_mut(&proven.token)
    {
        old.spent = true;
    }
    answer(call, store, &refresh, true, false, false)
}

/// Claims that all tokens have. `jti` makes each token its own, even within one second.
pub(in crate::emulator) fn base_claims(
    call: &Call<'_>,
    name: &str,
    subject: &str,
    expires: i64,
) -> Object {
    let claims = json!({
        "drn": name,
        "exp": expires,
        "iat": call.now,
        "iss": call.settings.issuer(),
        "jti": random::text(22),
        "sub": subject,
    });
    if let Value::Object(claims) = claims { claims } else { Object::new() }
}

fn new_refresh_token(
    call: &Call<'_>,
    store: &mut Store,
    session: &str,
    tenant: Option<String>,
) -> Answer<String> {
    let of = store.sessions.by_id.get(session).ok_or_else(Refusal::logged_out)?;
    let lifetime = of.lifetime.unwrap_or_else(|| seconds(call.settings.refresh_lifetime));
    let expires = call.now.saturating_add(lifetime);
    let mut claims = base_claims(call, "DSR", &of.user, expires);
    if let Some(actor) = &of.actor {
        claims.insert("act".to_owned(), json!({ "sub": actor }));
    }
    claims.insert("amr".to_owned(), json!(of.amr));
    if let Some(tenant) = &tenant {
        claims.insert("dct".to_owned(), json!(tenant));
    }
    let token = store.keys.sign(&Value::Object(claims))?;
    store.sessions.remember(&token, session, tenant, [expires, call.now]);
    Ok(token)
}

/// The wire type `JWTResponse`, with a new session token.
fn answer(
    call: &Call<'_>,
    store: &Store,
    refresh_token: &str,
    show_refresh_token: bool,
    stepup: bool,
    first_seen: bool,
) -> Answer {
    let refresh = store.sessions.refresh_tokens.get(&digest(refresh_token));
    let refresh = refresh.ok_or_else(Refusal::logged_out)?;
    let session = store.sessions.by_id.get(&refresh.session).ok_or_else(Refusal::logged_out)?;
    let user = store.user(&session.user).ok_or_else(Refusal::no_user)?;

    let expires = call.now.saturating_add(seconds(call.settings.session_lifetime));
    // Custom claims first: they override none of Descope's.
    let mut claims = session.claims.clone();
    claims.extend(user.grants.claims(store));
    claims.extend(base_claims(call, "DS", &user.id, expires));
    claims.insert("amr".to_owned(), json!(session.amr));
    claims.insert("rexp".to_owned(), json!(rfc3339(refresh.expires)));
    // Until the user leaves it.
    if let Some(of) = refresh.tenant.as_deref().and_then(|id| user.grants.membership(id)) {
        claims.insert("dct".to_owned(), json!(of.tenant));
    }
    if stepup {
        claims.insert("su".to_owned(), json!(true));
    }
    if let Some(actor) = &session.actor {
        claims.insert("act".to_owned(), json!({ "sub": actor }));
    }

    let max_age = refresh.expires.saturating_sub(call.now);
    let mut reply = Reply::from(json!({
        "sessionJwt": store.keys.sign(&Value::Object(claims))?,
        "cookieDomain": "",
        "cookiePath": "/",
        "cookieMaxAge": max_age,
        "cookieExpiration": refresh.expires,
        "user": user.show(store),
        "firstSeen": first_seen,
    }));
    if show_refresh_token {
        if call.settings.refresh_cookie {
            reply.cookie = Some(format!(
                "DSR={refresh_token}; Path=/; Max-Age={max_age}; HttpOnly; Secure; SameSite=Strict"
            ));
        } else {
            reply.body["refreshJwt"] = json!(refresh_token);
        }
    }
    Ok(reply)
}

//! Sessions of users, and the tokens that carry them.

use serde_json::{Value, json};

use super::audit::Record;
use super::grants::merge;
use super::sessions::{Proven, RefreshToken};
use super::shape::Shape;
use super::sign_in::{SignIn, custom_claims, lifetime};
use super::store::Store;
use super::table::{By, Edit};
use super::user::{Login, Status, User};
use crate::emulator::words::clock::rfc3339;
use crate::emulator::words::context::Context;
use crate::emulator::words::digest::digest;
use crate::emulator::words::fields::{Fields, Object};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};
use crate::emulator::words::settings::seconds;

/// The session of the call's refresh token, if the token is good.
pub(in crate::emulator) fn proven(context: &Context<'_>, store: &Store) -> Result<Proven> {
    let token = context.required_token()?;
    let claims = store.keys.verify(token, context.now)?;
    if claims["drn"] != "DSR" {
        return Err(Refusal::token("This is not a refresh token"));
    }
    let token = digest(token);
    let refresh = store
        .sessions
        .refresh_tokens
        .get(&token)
        .ok_or_else(|| Refusal::token("The token does not belong to a session"))?;
    let session = store
        .sessions
        .get(&refresh.session)
        .filter(|session| !session.ended)
        .ok_or_else(Refusal::logged_out)?;
    if refresh.spent {
        return Err(Refusal::spent());
    }
    let user =
        store.user(&session.user).ok_or_else(|| Refusal::token("The user no longer exists"))?;
    user.may_sign_in()?;
    Ok(Proven { session: session.clone(), tenant: refresh.tenant.clone(), token })
}

/// The user of the call's refresh token, who must be the one the call names.
pub(in crate::emulator) fn proven_user<'s>(
    context: &Context<'_>,
    store: &'s Store,
    login_id: &str,
) -> Result<&'s User> {
    let user = proven(context, store)?.session.user;
    let user = store.user(&user).ok_or_else(Refusal::no_user)?;
    if user.has_login(login_id) || user.id == login_id {
        Ok(user)
    } else {
        Err(Refusal::forbidden("The refresh token belongs to another user"))
    }
}

/// Likewise, to be changed.
pub(in crate::emulator) fn proven_user_mut<'s>(
    context: &Context<'_>,
    store: &'s mut Store,
    login_id: &str,
) -> Result<Edit<'s, User>> {
    let user = proven_user(context, store, login_id)?.id.clone();
    store.user_mut(&user)
}

/// Starts a session for a user who has proved who they are, by the factor named.
pub(in crate::emulator) fn sign_in(
    context: &Context<'_>,
    store: &mut Store,
    user: &str,
    factor: &str,
    asked: SignIn,
) -> Result {
    let mut user = store.user_mut(user)?;
    user.may_sign_in()?;
    if let Some(tenant) = &asked.tenant
        && user.grants.membership(tenant).is_none()
    {
        return Err(Refusal::argument("The user is not in this tenant"));
    }
    let first_seen = user.logins.is_empty();
    let tenant = asked.tenant.clone().unwrap_or_default();
    user.add_logins([Login { time: context.now, tenant }]);
    if user.status == Status::Invited {
        user.status = Status::Enabled;
    }
    let id = user.id.clone();
    drop(user);
    if asked.revoke_others {
        store.sessions.revoke_user(&id, None);
    }
    let mut amr = asked.amr;
    merge(&mut amr, [factor.to_owned()]);
    if asked.mfa {
        merge(&mut amr, ["mfa".to_owned()]);
    }
    let session = store.sessions.start(&id, amr, asked.claims);
    if let Some(mut session) = store.sessions.edit(&session) {
        session.lifetime = asked.lifetime;
    }
    let refresh = new_refresh_token(context, store, &session, asked.tenant)?;
    let shown = Shown { refresh_token: true, stepup: asked.stepup, first_seen };
    let reply = answer(context, store, &refresh, shown)?;
    if let Some(user) = store.user(&id).filter(|_| !context.method.is_empty()) {
        let record = Record::by_user("LoginSucceed", user, context);
        store.audit.add(record);
    }
    Ok(reply)
}

/// A session in which one user acts as another, or as themselves.
pub(in crate::emulator) struct ActingSession<'a> {
    pub(in crate::emulator) user: &'a str,
    pub(in crate::emulator) actor: Option<&'a str>,
    pub(in crate::emulator) stepup: bool,
    /// The ID of the family that the session is about.
    pub(in crate::emulator) family: Option<&'a str>,
}

/// Starts a session that nobody signed in to, and returns its refresh token. `options` may hold
/// `customClaims`, `selectedTenant` and `refreshDuration`.
pub(in crate::emulator) fn start(
    context: &Context<'_>,
    store: &mut Store,
    acting: &ActingSession<'_>,
    options: Fields<'_>,
) -> Result<String> {
    let user = store.user(acting.user).ok_or_else(Refusal::no_managed_user)?;
    user.may_sign_in()?;
    let tenant = options.some_text("selectedTenant");
    if tenant.is_some_and(|tenant| user.grants.membership(tenant).is_none()) {
        return Err(Refusal::argument("The user is not in this tenant"));
    }
    let mut claims = custom_claims(options);
    if acting.stepup {
        claims.insert("su".to_owned(), json!(true));
    }
    if let Some(family) = acting.family {
        claims.insert("dcf".to_owned(), json!(family));
    }
    let session = store.sessions.start(acting.user, Vec::new(), claims);
    if let Some(mut session) = store.sessions.edit(&session) {
        session.actor = acting.actor.map(str::to_owned);
        session.lifetime = lifetime(options);
    }
    new_refresh_token(context, store, &session, tenant.map(str::to_owned))
}

/// An impersonation that goes on.
pub(in crate::emulator) struct Impersonation {
    pub(in crate::emulator) actor: String,
    sessions: Vec<String>,
}

impl Impersonation {
    /// The one that a token is of. A session token does not say of which session it is: it stands for
    /// all in which its actor acts as its user.
    pub(in crate::emulator) fn of(
        context: &Context<'_>,
        store: &Store,
        token: &str,
    ) -> Result<Self> {
        let claims = store.keys.verify(token, context.now)?;
        let actor = claims["act"]["sub"]
            .as_str()
            .ok_or_else(|| Refusal::argument("The token does not come from an impersonation"))?;
        // A template may put another name of the user into `sub`.
        let user = claims["dsub"].as_str().or(claims["sub"].as_str()).unwrap_or_default();
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

/// A token with more claims, those of the session too if it is a refresh token. `options` may hold
/// `customClaims` and `refreshDuration`.
pub(in crate::emulator) fn extend(
    context: &Context<'_>,
    store: &mut Store,
    token: &str,
    options: Fields<'_>,
) -> Result<String> {
    let Value::Object(mut claims) = store.keys.verify(token, context.now)? else {
        return Err(Refusal::token("The token is malformed"));
    };
    let more = custom_claims(options);
    claims.extend(more.clone());
    claims.insert("jti".to_owned(), json!(random::text(22)));
    let Some(old) = store.sessions.refresh_tokens.get_mut(&digest(token)) else {
        return store.keys.sign(&Value::Object(claims));
    };
    let mut session = store
        .sessions
        .by_id
        .edit(By::Id, &old.session)
        .filter(|session| !session.ended)
        .ok_or_else(Refusal::logged_out)?;
    if old.spent {
        return Err(Refusal::spent());
    }
    // Where they rotate, the new one takes its place.
    old.spent = context.settings.rotate_refresh;
    let mut refresh = old.clone();
    session.claims.extend(more);
    if let Some(lifetime) = lifetime(options) {
        session.lifetime = Some(lifetime);
        claims.insert("exp".to_owned(), json!(context.token_expiry(lifetime)));
    }
    drop(session);
    refresh.expires = claims["exp"].as_i64().unwrap_or(context.now);
    refresh.spent = false;
    let token = store.keys.sign(&Value::Object(claims))?;
    store.sessions.remember(&token, refresh, context.now);
    Ok(token)
}

/// New tokens for a proven session: a session token, and a refresh token if they rotate.
pub(in crate::emulator) fn renew(
    context: &Context<'_>,
    store: &mut Store,
    proven: &Proven,
) -> Result {
    if !context.settings.rotate_refresh {
        let token = context.required_token()?.to_owned();
        return answer(context, store, &token, Shown::default());
    }
    replace(context, store, proven, proven.tenant.clone())
}

/// New tokens for a proven session, in another tenant.
pub(in crate::emulator) fn replace(
    context: &Context<'_>,
    store: &mut Store,
    proven: &Proven,
    tenant: Option<String>,
) -> Result {
    let refresh = new_refresh_token(context, store, &proven.session.id, tenant)?;
    if context.settings.rotate_refresh
        && let Some(old) = store.sessions.refresh_tokens.get_mut(&proven.token)
    {
        old.spent = true;
    }
    answer(context, store, &refresh, Shown { refresh_token: true, ..Shown::default() })
}

/// Claims that all tokens have. `jti` makes each token its own, even within one second.
pub(in crate::emulator) fn base_claims(
    context: &Context<'_>,
    name: &str,
    subject: &str,
    expires: i64,
) -> Object {
    let claims = json!({
        "drn": name,
        "exp": expires,
        "iat": context.issued(),
        "iss": context.settings.issuer(),
        "jti": random::text(22),
        "sub": subject,
    });
    if let Value::Object(claims) = claims { claims } else { Object::new() }
}

fn new_refresh_token(
    context: &Context<'_>,
    store: &mut Store,
    session: &str,
    tenant: Option<String>,
) -> Result<String> {
    let known = store.sessions.get(session).ok_or_else(Refusal::logged_out)?;
    let lifetime = known.lifetime.unwrap_or_else(|| seconds(context.settings.refresh_lifetime));
    let expires = context.token_expiry(lifetime);
    let mut claims = base_claims(context, "DSR", &known.user, expires);
    if let Some(actor) = &known.actor {
        claims.insert("act".to_owned(), json!({ "sub": actor }));
    }
    claims.insert("amr".to_owned(), json!(known.amr));
    if let Some(tenant) = &tenant {
        claims.insert("dct".to_owned(), json!(tenant));
    }
    if let Some(user) = store.user(&known.user) {
        Shape::of_user(context, store, user, tenant.as_deref()).refresh(&mut claims);
    }
    let token = store.keys.sign(&Value::Object(claims))?;
    let refresh = RefreshToken { session: session.to_owned(), tenant, expires, spent: false };
    store.sessions.remember(&token, refresh, context.now);
    Ok(token)
}

/// What an answer about a session shows beside the session token.
#[derive(Clone, Copy, Default)]
struct Shown {
    refresh_token: bool,
    stepup: bool,
    first_seen: bool,
}

/// The wire type `JWTResponse`, with a new session token.
fn answer(context: &Context<'_>, store: &Store, refresh_token: &str, shown: Shown) -> Result {
    let refresh = store
        .sessions
        .refresh_tokens
        .get(&digest(refresh_token))
        .ok_or_else(Refusal::logged_out)?;
    let session = store.sessions.get(&refresh.session).ok_or_else(Refusal::logged_out)?;
    let user = store.user(&session.user).ok_or_else(Refusal::no_user)?;

    let expires = context.token_expiry(seconds(context.settings.session_lifetime));
    // Custom claims first: they override none of Descope's.
    let mut claims = session.claims.clone();
    let shape = Shape::of_user(context, store, user, refresh.tenant.as_deref());
    shape.lay_over(&mut claims);
    claims.extend(base_claims(context, "DS", &user.id, expires));
    shape.seal(&mut claims);
    claims.insert("amr".to_owned(), json!(session.amr));
    claims.insert("rexp".to_owned(), json!(rfc3339(refresh.expires)));
    if shown.stepup {
        claims.insert("su".to_owned(), json!(true));
    }
    if let Some(actor) = &session.actor {
        claims.insert("act".to_owned(), json!({ "sub": actor }));
    }

    let max_age = refresh.expires.saturating_sub(context.now);
    let mut reply = Reply::from(json!({
        "sessionJwt": store.keys.sign(&Value::Object(claims))?,
        "cookieDomain": "",
        "cookiePath": "/",
        "cookieMaxAge": max_age,
        "cookieExpiration": refresh.expires,
        "sessionExpiration": expires,
        "user": user.show(store),
        "firstSeen": shown.first_seen,
    }));
    if shown.refresh_token {
        if context.settings.refresh_cookie {
            reply.cookie = Some(format!(
                "DSR={refresh_token}; Path=/; Max-Age={max_age}; HttpOnly; Secure; SameSite=Strict"
            ));
        } else {
            reply.body["refreshJwt"] = json!(refresh_token);
        }
    }
    Ok(reply)
}

impl SignIn {
    /// Reads `LoginOptions`. The tenant must be there; step-up and MFA need a refresh token of the same user.
    pub(in crate::emulator) fn new(
        context: &Context<'_>,
        store: &Store,
        user: Option<&str>,
        options: Fields<'_>,
    ) -> Result<Self> {
        let (stepup, mfa) = (options.flag("stepup"), options.flag("mfa"));
        let tenant = options.some_text("tenantId");
        tenant.map(|tenant| store.joining(tenant)).transpose()?;
        let mut amr = Vec::new();
        if stepup || mfa {
            let proven = proven(context, store)?;
            if user != Some(&*proven.session.user) {
                return Err(Refusal::forbidden("The refresh token belongs to another user"));
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

    /// Reads `LoginOptions` where it is not known yet who signs in. Returns the user of the refresh
    /// token too, where there must be one: they have to sign in, and nobody else.
    pub(in crate::emulator) fn unknown_user(
        context: &Context<'_>,
        store: &Store,
        options: Fields<'_>,
    ) -> Result<(Self, Option<String>)> {
        let user = if options.flag("stepup") || options.flag("mfa") {
            Some(proven(context, store)?.session.user)
        } else {
            None
        };
        Ok((Self::new(context, store, user.as_deref(), options)?, user))
    }

    /// Takes in a user who signs up, as a member of the tenant they sign up for. Returns the ID.
    pub(in crate::emulator) fn register(
        &self,
        context: &Context<'_>,
        store: &mut Store,
        mut user: User,
    ) -> Result<String> {
        if let Some(tenant) = &self.tenant {
            user.grants.tenants.push(store.joining(tenant)?);
        }
        Ok(store.register(context, user))
    }
}

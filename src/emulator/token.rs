//! Sessions of users, and the tokens that carry them.

use std::collections::HashMap;

use aws_lc_rs::digest;
use serde_json::{Value, json};

use super::body::{Field, Fields, Kind, Object, optional};
use super::clock::rfc3339;
use super::error::{Answer, Refusal, Reply};
use super::random;
use super::router::Call;
use super::settings::seconds;
use super::store::{Store, merge};
use super::user::{Login, Status, User};

/// The wire types `LoginOptions` and `SignUpOptions`: clients send either in place of the other.
pub(super) const LOGIN_OPTIONS: &[Field] = &[
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

pub(super) type Digest = [u8; 32];

/// The digest under which a secret is remembered.
pub(super) fn digest(secret: &str) -> Digest {
    let mut bytes = [0; 32];
    let digest = digest::digest(&digest::SHA256, secret.as_bytes());
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, from)| *byte = *from);
    bytes
}

/// The sessions that were started, ended ones included: their tokens are refused by name.
#[derive(Default)]
pub(super) struct Sessions {
    by_id: HashMap<String, Session>,
    refresh_tokens: HashMap<Digest, RefreshToken>,
}

#[derive(Clone)]
pub(super) struct Session {
    id: String,
    pub(super) user: String,
    pub(super) amr: Vec<String>,
    claims: Object,
    ended: bool,
}

struct RefreshToken {
    session: String,
    /// The tenant selected with it, the `dct` claim.
    tenant: Option<String>,
    expires: i64,
    /// Replaced by a newer one.
    spent: bool,
}

/// A session that proved itself with its refresh token.
pub(super) struct Proven {
    pub(super) session: Session,
    pub(super) tenant: Option<String>,
    token: Digest,
}

impl Sessions {
    pub(super) fn revoke(&mut self, proven: &Proven) {
        if let Some(session) = self.by_id.get_mut(&proven.session.id) {
            session.ended = true;
        }
    }

    /// Ends the sessions of a user, all or all but one.
    pub(super) fn revoke_user(&mut self, user: &str, except: Option<&Proven>) {
        for session in self.by_id.values_mut().filter(|session| session.user == user) {
            session.ended |= except.is_none_or(|kept| kept.session.id != session.id);
        }
    }

    /// Gives the sessions of one user to another, as when users are merged.
    pub(super) fn hand_over(&mut self, from: &str, to: &str) {
        for session in self.by_id.values_mut().filter(|session| session.user == from) {
            to.clone_into(&mut session.user);
        }
    }

    /// Remembers a refresh token that was signed on demand.
    pub(super) fn adopt(&mut self, token: &str, user: &str, expires: i64, tenant: Option<String>) {
        let session = self.start(user, Vec::new(), Object::new());
        let refresh = RefreshToken { session, tenant, expires, spent: false };
        self.refresh_tokens.insert(digest(token), refresh);
    }

    fn start(&mut self, user: &str, amr: Vec<String>, claims: Object) -> String {
        let id = random::id("S");
        let user = user.to_owned();
        let session = Session { id: id.clone(), user, amr, claims, ended: false };
        self.by_id.insert(id.clone(), session);
        id
    }
}

/// The session of the call's refresh token, if the token is good.
pub(super) fn proven(call: &Call<'_>, store: &Store) -> Answer<Proven> {
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
        return Err(Refusal::token("The refresh token was used before"));
    }
    let user = store.user(&session.user).ok_or_else(|| Refusal::token("The user is gone"))?;
    if user.status == Status::Disabled {
        return Err(Refusal::forbidden("The user is disabled"));
    }
    Ok(Proven { session: session.clone(), tenant: refresh.tenant.clone(), token })
}

/// The user of the call's refresh token, who must be the one the call names.
pub(super) fn proven_user<'s>(
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
pub(super) struct SignIn {
    /// What the session's user proved before.
    amr: Vec<String>,
    claims: Object,
    tenant: Option<String>,
    stepup: bool,
    mfa: bool,
    revoke_others: bool,
}

impl SignIn {
    /// Reads `LoginOptions`. Step-up and MFA need a refresh token of the same user.
    pub(super) fn new(
        call: &Call<'_>,
        store: &Store,
        user: Option<&str>,
        options: Fields<'_>,
    ) -> Answer<Self> {
        let (stepup, mfa) = (options.flag("stepup"), options.flag("mfa"));
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
            claims: options.map("customClaims").cloned().unwrap_or_default(),
            tenant: options.some_text("tenantId").map(str::to_owned),
            stepup,
            mfa,
            revoke_others: options.flag("revokeOtherSessions"),
        })
    }

    /// A sign-in that asks for these custom claims only.
    pub(super) fn claiming(claims: Object) -> Self {
        Self { claims, ..Self::default() }
    }

    /// Adds a factor to a session that is there.
    pub(super) fn additional(proven: Proven, mfa: bool) -> Self {
        let amr = if mfa { proven.session.amr } else { Vec::new() };
        Self { amr, tenant: proven.tenant, mfa, ..Self::default() }
    }
}

/// Starts a session for a user who has proved who they are, by the factor named.
pub(super) fn sign_in(
    call: &Call<'_>,
    store: &mut Store,
    user: &str,
    factor: &str,
    asked: SignIn,
) -> Answer {
    let user = store.users.iter_mut().find(|known| known.id == user);
    let user = user.ok_or_else(Refusal::no_user)?;
    if user.status == Status::Disabled {
        return Err(Refusal::forbidden("The user is disabled"));
    }
    if let Some(tenant) = &asked.tenant
        && user.grants.membership(tenant).is_none()
    {
        return Err(Refusal::argument("The user is not in this tenant"));
    }
    let first_seen = user.logins.is_empty();
    let tenant = asked.tenant.clone().unwrap_or_default();
    user.logins.push(Login { time: call.now, tenant });
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
    let refresh = new_refresh_token(call, store, &session, asked.tenant)?;
    answer(call, store, &refresh, true, asked.stepup, first_seen)
}

/// New tokens for a proven session: a session token, and a refresh token if they rotate.
pub(super) fn renew(call: &Call<'_>, store: &mut Store, proven: &Proven) -> Answer {
    if !call.settings.rotate_refresh {
        let token = call.required_token()?.to_owned();
        return answer(call, store, &token, false, false, false);
    }
    replace(call, store, proven, proven.tenant.clone())
}

/// New tokens for a proven session, in another tenant.
pub(super) fn replace(
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
pub(super) fn base_claims(call: &Call<'_>, name: &str, subject: &str, expires: i64) -> Object {
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
    let expires = call.now.saturating_add(seconds(call.settings.refresh_lifetime));
    let mut claims = base_claims(call, "DSR", &of.user, expires);
    claims.insert("amr".to_owned(), json!(of.amr));
    if let Some(tenant) = &tenant {
        claims.insert("dct".to_owned(), json!(tenant));
    }
    let token = store.keys.sign(&Value::Object(claims))?;
    let refresh = RefreshToken { session: session.to_owned(), tenant, expires, spent: false };
    store.sessions.refresh_tokens.insert(digest(&token), refresh);
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

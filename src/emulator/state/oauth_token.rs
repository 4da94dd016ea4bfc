//! The tokens that clients get.

use serde_json::{Value, json};

use super::inbound_token::scope_claims;
use super::jose;
use super::oauth::{Access, ClientKey, Grant, Once};
use super::oauth_client::{CUSTOM_CLAIMS, Client, DESCOPE_CLAIMS, OFFLINE, OPENID};
use super::oauth_client::{REFRESH, by_key};
use super::oauth_grant;
use super::sessions::RefreshToken;
use super::shape::Shape;
use super::store::Store;
use super::table::By;
use super::token::base_claims;
use super::user::User;
use crate::emulator::words::context::Context;
use crate::emulator::words::digest::digest;
use crate::emulator::words::fields::{Fields, Object};
use crate::emulator::words::oauth::Denial;
use crate::emulator::words::random;
use crate::emulator::words::settings::seconds;

/// What a client asks for of a grant.
#[derive(Default)]
pub(in crate::emulator) struct Wanted {
    /// Fewer scopes than were granted, if not all.
    pub(in crate::emulator) scopes: Option<Vec<String>>,
    /// The audience of the access token, if not as the application has it.
    pub(in crate::emulator) resources: Vec<String>,
    /// The thumbprint of the key that the tokens are bound to.
    pub(in crate::emulator) jkt: Option<String>,
    /// Whether neither a refresh token nor an ID token is wanted.
    pub(in crate::emulator) access_only: bool,
}

/// Signs tokens for a grant: the answer of RFC 6749 section 5.1.
pub(in crate::emulator) fn issue(
    context: &Context<'_>,
    store: &mut Store,
    grant: &str,
    wanted: Wanted,
) -> Result<Value, Denial> {
    let found = oauth_grant::live(context, store, grant)?;
    let client = by_key(context, store, &found.wish.client)
        .ok_or_else(|| Denial::client("The application is gone"))?;
    let granted = oauth_grant::scopes(store, found);
    let scopes = wanted.scopes.unwrap_or_else(|| granted.clone());
    if let Some(more) = scopes.iter().find(|scope| !granted.contains(scope)) {
        return Err(Denial::scope(format!("The scope {more:?} was not granted")));
    }
    let expires = context.token_expiry(seconds(context.settings.session_lifetime));
    let has = |scope: &str| granted.iter().any(|given| given == scope);
    let asked = has(OFFLINE) || client.refreshes;
    let refreshes = asked && client.allows(REFRESH) && !wanted.access_only;
    let jkt = wanted.jkt;
    let claims = access_claims(context, store, &client, found, (&scopes, &wanted.resources, &jkt));
    let access = store.keys.sign(&Value::Object(claims))?;
    let mut answer = json!({
        "access_token": access,
        "token_type": if jkt.is_some() { "DPoP" } else { "Bearer" },
        "expires_in": seconds(context.settings.session_lifetime),
        "scope": scopes.join(" "),
    });
    if let Some(user) = found.user.as_deref().and_then(|user| store.user(user))
        && scopes.iter().any(|scope| scope == OPENID)
        && !wanted.access_only
    {
        let claims = id_claims(context, store, &client, (found, user), (&scopes, &access));
        answer["id_token"] = json!(store.keys.sign(&Value::Object(claims))?);
    }
    let secret = digest(&access);
    let token = Access { secret, grant: grant.to_owned(), scopes, jkt, expires, revoked: false };
    store.applications.oauth.access_tokens.push(token);
    extend(store, grant, expires);
    if refreshes {
        answer["refresh_token"] = json!(refresh_token(context, store, grant));
    }
    Ok(answer)
}

/// Keeps a grant as long as its tokens.
fn extend(store: &mut Store, grant: &str, until: i64) {
    if let Some(mut grant) = store.applications.oauth.grants.edit(By::Id, grant) {
        grant.expires = grant.expires.max(until);
    }
}

/// A new refresh token, which keeps the user's session too.
fn refresh_token(context: &Context<'_>, store: &mut Store, grant: &str) -> String {
    let token = random::token();
    let expires = context.token_expiry(seconds(context.settings.refresh_lifetime));
    let (secret, id) = (digest(&token), grant.to_owned());
    let refresh = Once { secret, grant: id, expires, spent: false, asked: () };
    store.applications.oauth.refresh_tokens.push(refresh);
    extend(store, grant, expires);
    let known = store.applications.oauth.grants.get(By::Id, grant);
    if let Some(session) = known.and_then(|known| known.session.clone()) {
        let kept = RefreshToken { session, tenant: None, expires, spent: false };
        store.sessions.remember(&token, kept, context.now);
    }
    token
}

/// The claims of an access token.
fn access_claims(
    context: &Context<'_>,
    store: &Store,
    client: &Client,
    grant: &Grant,
    (scopes, resources, jkt): (&[String], &[String], &Option<String>),
) -> Object {
    let user = grant.user.as_deref().and_then(|user| store.user(user));
    let mut claims = granted_claims(context, store, (client, grant), scopes, user);
    let subject = match (user, &grant.access_key) {
        (Some(user), _) => &user.id,
        (None, Some(key)) => key,
        (None, None) => &client.id,
    };
    let expires = context.token_expiry(seconds(context.settings.session_lifetime));
    claims.extend(base_claims(context, "", subject, expires));
    claims.remove("drn");
    let audience = match resources {
        [] => client.audience(context),
        [only] => json!(only),
        all => json!(all),
    };
    for (name, value) in [
        ("iss", json!(grant.wish.issuer)),
        ("aud", audience),
        ("azp", json!(client.id)),
        ("client_id", json!(client.id)),
        ("scope", json!(scopes.join(" "))),
    ] {
        claims.insert(name.to_owned(), value);
    }
    if let Some(tenant) = &grant.wish.tenant {
        claims.insert("dct".to_owned(), json!(tenant));
    }
    if let Some(jkt) = jkt {
        claims.insert("cnf".to_owned(), json!({ "jkt": jkt }));
    }
    claims
}

/// What the scopes give beyond the claims that all tokens have.
fn granted_claims(
    context: &Context<'_>,
    store: &Store,
    (client, grant): (&Client, &Grant),
    scopes: &[String],
    user: Option<&User>,
) -> Object {
    let has = |wanted: &str| scopes.iter().any(|scope| scope == wanted);
    match (&client.key, user) {
        (ClientKey::Inbound(_) | ClientKey::Mcp(_), user) => {
            scope_claims(store, settings(store, client), scopes, user)
        }
        (_, Some(user)) => {
            let session = grant.session.as_deref().and_then(|id| store.sessions.get(id));
            let own = session.filter(|_| has(CUSTOM_CLAIMS)).map(|session| session.claims.clone());
            let mut claims = own.unwrap_or_default();
            let shape = Shape::of_user(context, store, user, grant.wish.tenant.as_deref());
            if has(CUSTOM_CLAIMS) {
                claims.extend(shape.own());
            }
            if has(DESCOPE_CLAIMS) {
                claims.extend(shape.granted());
            }
            claims
        }
        (_, None) => {
            let key = grant.access_key.as_deref();
            let key = key.and_then(|id| store.access_keys.get(By::Id, id));
            let mut claims = Object::new();
            if let Some(key) = key {
                Shape::of_key(context, store, (key, &key.grants), None).lay_over(&mut claims);
            }
            claims
        }
    }
}

/// The settings that say what an application's scopes are.
fn settings<'s>(store: &'s Store, client: &Client) -> Fields<'s> {
    match &client.key {
        ClientKey::Inbound(id) => {
            let app = store.applications.inbound.get(By::Id, id);
            app.map(|app| app.settings()).unwrap_or_default()
        }
        ClientKey::Mcp(id) => {
            let client = store.applications.mcp_clients.get(By::Id, id);
            let server = client.map_or("", |client| client.settings().text("mcpServerId"));
            let server = store.applications.mcp_servers.get(By::Id, server);
            server.map(|server| server.settings()).unwrap_or_default()
        }
        ClientKey::Project | ClientKey::Federated(_) => Fields::default(),
    }
}

/// The claims of an ID token (OpenID Connect Core section 2).
fn id_claims(
    context: &Context<'_>,
    store: &Store,
    client: &Client,
    (grant, user): (&Grant, &User),
    (scopes, access): (&[String], &str),
) -> Object {
    let mut claims = user_claims(store, client, scopes, user);
    let expires = context.token_expiry(seconds(context.settings.session_lifetime));
    claims.extend(base_claims(context, "", &user.id, expires));
    claims.remove("drn");
    let session = grant.session.as_deref().and_then(|id| store.sessions.get(id));
    for (name, value) in [
        ("iss", json!(grant.wish.issuer)),
        ("aud", json!(client.id)),
        ("azp", json!(client.id)),
        ("auth_time", json!(grant.since.min(context.issued()))),
        ("at_hash", json!(jose::hash(access, 16))),
        ("sid", json!(grant.session)),
        ("amr", json!(session.map(|session| &session.amr))),
        ("nonce", json!(grant.wish.nonce)),
    ] {
        if !value.is_null() {
            claims.insert(name.to_owned(), value);
        }
    }
    claims
}

/// What scopes tell of a user, with the names of OpenID Connect Core section 5.1.
pub(in crate::emulator) fn user_claims(
    store: &Store,
    client: &Client,
    scopes: &[String],
    user: &User,
) -> Object {
    let has = |wanted: &str| scopes.iter().any(|scope| scope == wanted);
    let profile = &user.profile;
    let mut claims = Object::new();
    for (scope, name, value) in [
        ("profile", "name", &profile.name),
        ("profile", "given_name", &profile.given_name),
        ("profile", "middle_name", &profile.middle_name),
        ("profile", "family_name", &profile.family_name),
        ("profile", "picture", &profile.picture),
        ("email", "email", &profile.email),
        ("phone", "phone_number", &profile.phone),
    ] {
        if has(scope) && !value.is_empty() {
            claims.insert(name.to_owned(), json!(value));
        }
    }
    for (name, verified, flag) in [
        ("email", "email_verified", user.verified_email),
        ("phone_number", "phone_number_verified", user.verified_phone),
    ] {
        if claims.contains_key(name) {
            claims.insert(verified.to_owned(), json!(flag));
        }
    }
    claims.extend(scope_claims(store, settings(store, client), scopes, Some(user)));
    claims
}

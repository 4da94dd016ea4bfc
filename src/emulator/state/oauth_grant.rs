//! What users grant to clients, and whether it still counts.

use serde_json::json;

use super::audit::Record;
use super::inbound_app::Consent;
use super::oauth::{Access, ClientKey, Grant, PATIENCE, Wish};
use super::oauth_client::{self, Client, OFFLINE, OPENID};
use super::sign_in::SignIn;
use super::store::Store;
use super::table::By;
use super::token;
use crate::emulator::words::context::Context;
use crate::emulator::words::digest::digest;
use crate::emulator::words::oauth::Denial;
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Result};

/// The way of signing in that the audit trail names.
pub(in crate::emulator) const METHOD: &str = "oidc";

/// The client that wishes something, if it is still there.
pub(in crate::emulator) fn client(
    context: &Context<'_>,
    store: &Store,
    wish: &Wish,
) -> Result<Client, Denial> {
    oauth_client::by_key(context, store, &wish.client)
        .ok_or_else(|| Denial::client("The application is gone"))
}

/// The consent that a user has given to a client.
pub(in crate::emulator) fn consent<'s>(
    store: &'s Store,
    client: &Client,
    user: &str,
    tenant: Option<&str>,
    now: i64,
) -> Option<&'s Consent> {
    let app = client.app()?;
    let mut given = store.applications.consents.all(By::User, user);
    given.find(|known| known.is_of(app, Some(user), tenant) && !known.expired(now))
}

/// Whether a user needs to be asked for nothing more.
pub(in crate::emulator) fn is_granted(
    store: &Store,
    client: &Client,
    user: &str,
    wish: &Wish,
    now: i64,
) -> bool {
    let given = consent(store, client, user, wish.tenant.as_deref(), now);
    !client.asks
        || given.is_some_and(|given| wish.scopes.iter().all(|wanted| given.scopes.contains(wanted)))
}

/// Signs a user in and grants a client these scopes of what it wishes. Returns the ID of the grant.
pub(in crate::emulator) fn allow(
    context: &Context<'_>,
    store: &mut Store,
    wish: Wish,
    user: &str,
    scopes: Vec<String>,
) -> Result<String, Denial> {
    let client = client(context, store, &wish)?;
    let known = store.user(user).ok_or_else(|| denied(Refusal::no_user()))?;
    known.may_sign_in().map_err(denied)?;
    let Context { settings, now, real, .. } = *context;
    let origin = context.origin.clone();
    let signing_in = Context { settings, now, real, origin, token: None, method: METHOD };
    let asked = SignIn { tenant: wish.tenant.clone(), ..SignIn::default() };
    token::sign_in(&signing_in, store, user, METHOD, asked).map_err(denied)?;
    let session = store.sessions.by_id.edit_last().map(|session| session.id.clone());
    let consent =
        client.asks.then(|| keep_consent(context, store, &client, (user, &wish, &scopes)));
    let grant = Grant {
        id: random::id("G"),
        wish: Wish { scopes, ..wish },
        user: Some(user.to_owned()),
        session,
        access_key: None,
        consent: consent.flatten(),
        since: now,
        expires: now.saturating_add(PATIENCE),
        ended: false,
    };
    Ok(keep(store, grant))
}

/// What a user is refused for, is refused to the client too.
fn denied(refusal: Refusal) -> Denial {
    let Denial { description, .. } = Denial::from(refusal);
    Denial::new("access_denied", description)
}

/// Keeps a grant, and returns its ID.
pub(in crate::emulator) fn keep(store: &mut Store, grant: Grant) -> String {
    let id = grant.id.clone();
    store.applications.oauth.grants.push(grant);
    id
}

/// Keeps a consent as the consents of users have it, and records it. Returns its ID.
fn keep_consent(
    context: &Context<'_>,
    store: &mut Store,
    client: &Client,
    (user, wish, scopes): (&str, &Wish, &[String]),
) -> Option<String> {
    let now = context.now.saturating_mul(1000);
    let id = store.applications.consent(Consent {
        id: random::id("TPC"),
        app: client.app()?.to_owned(),
        user: Some(user.to_owned()),
        tenant: wish.tenant.clone(),
        scopes: scopes.to_vec(),
        granted_by: user.to_owned(),
        created: now,
        modified: now,
        expires: 0,
    });
    record(context, store, "ThirdPartyApplicationConsentGranted", Some(user), client);
    Some(id)
}

/// Records what became of a client's request.
pub(in crate::emulator) fn record(
    context: &Context<'_>,
    store: &mut Store,
    action: &str,
    user: Option<&str>,
    client: &Client,
) {
    let mut record = match user.and_then(|user| store.user(user)) {
        Some(user) => Record::by_user(action, user, context),
        None => Record {
            occurred: context.now,
            action: action.to_owned(),
            kind: "info",
            ..Record::default()
        },
    };
    METHOD.clone_into(&mut record.method);
    record.data.insert("clientId".to_owned(), json!(client.id));
    record.data.insert("id".to_owned(), json!(client.app().unwrap_or(&client.id)));
    store.audit.add(record);
}

/// The access key that is the secret of the project's own client.
pub(in crate::emulator) fn access_key(
    store: &Store,
    client: &Client,
    secret: Option<&str>,
) -> Option<String> {
    if client.key != ClientKey::Project {
        return None;
    }
    store.access_keys.get(By::Secret, digest(secret?)).map(|key| key.id.clone())
}

/// A grant that still counts: its client, user, session and consent are there.
pub(in crate::emulator) fn live<'s>(
    context: &Context<'_>,
    store: &'s Store,
    id: &str,
) -> Result<&'s Grant, Denial> {
    let grant = store.applications.oauth.grants.get(By::Id, id);
    let grant = grant
        .filter(|grant| !grant.ended)
        .ok_or_else(|| Denial::grant("What was granted has been revoked"))?;
    client(context, store, &grant.wish).map_err(|_| Denial::grant("The application is gone"))?;
    if let Some(key) = &grant.access_key {
        let key = store.access_keys.get(By::Id, key);
        if !key.is_some_and(|key| key.active && !key.expired(context.now)) {
            return Err(Denial::grant("The access key is inactive, or has expired"));
        }
    }
    if let Some(user) = &grant.user {
        let user = store.user(user).ok_or_else(|| Denial::grant("The user is gone"))?;
        user.may_sign_in().map_err(Denial::from)?;
    }
    if let Some(session) = &grant.session
        && store.sessions.get(session).is_none_or(|session| session.ended)
    {
        return Err(Denial::grant("The user has been logged out"));
    }
    if let Some(consent) = &grant.consent {
        let consent = store.applications.consents.get(By::Id, consent);
        if consent.is_none_or(|consent| consent.expired(context.now)) {
            return Err(Denial::grant("The user has withdrawn the consent, or it has expired"));
        }
    }
    Ok(grant)
}

/// The scopes of a grant that its consent still covers.
pub(in crate::emulator) fn scopes(store: &Store, grant: &Grant) -> Vec<String> {
    let consent = grant.consent.as_deref();
    let consent = consent.and_then(|id| store.applications.consents.get(By::Id, id));
    let covered = |scope: &&String| {
        consent.is_none_or(|consent| consent.scopes.contains(scope))
            || [OPENID, OFFLINE].contains(&&***scope)
    };
    grant.wish.scopes.iter().filter(covered).cloned().collect()
}

/// An access token that was given here and still counts.
pub(in crate::emulator) fn access<'s>(
    context: &Context<'_>,
    store: &'s Store,
    token: &str,
) -> Result<(&'s Access, &'s Grant), Denial> {
    store.keys.verify(token, context.now)?;
    let access = store.applications.oauth.access_tokens.get(By::Secret, digest(token));
    let access = access.filter(|access| !access.revoked);
    let access = access.ok_or_else(|| Denial::grant("This is not an access token"))?;
    Ok((access, live(context, store, &access.grant)?))
}

/// Refuses an access token that was revoked, whose grant has ended, or that is bound to a key, of which there is no
/// proof here (RFC 9449 section 7.2). A token that no grant gave comes from a seed.
pub(in crate::emulator) fn check_token(
    context: &Context<'_>,
    store: &Store,
    token: &str,
) -> Result<()> {
    let known = store.applications.oauth.access_tokens.get(By::Secret, digest(token));
    let Some(known) = known else { return Ok(()) };
    if known.revoked {
        return Err(Refusal::token("The token was revoked"));
    }
    if known.jkt.is_some() {
        return Err(Refusal::token("The token is bound to a key, and is no bearer token"));
    }
    let live = live(context, store, &known.grant);
    live.map(drop).map_err(|denial| Refusal::token(denial.description))
}

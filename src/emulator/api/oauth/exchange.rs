//! Tokens for assertions (RFC 7523 section 2.1), and for other tokens (RFC 8693).

use super::asked::{Answer, Asked};
use super::assertion;
use super::authorize::wish;
use super::client::From;
use crate::emulator::state::oauth::{Grant, PATIENCE, Wish};
use crate::emulator::state::oauth_client::{OFFLINE, OPENID};
use crate::emulator::state::oauth_grant;
use crate::emulator::state::oauth_token::{Wanted, issue};
use crate::emulator::state::store::Store;
use crate::emulator::words::oauth::Denial;
use crate::emulator::words::random;

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// Tokens for a user of whom another issuer says who they are.
pub(super) fn by_assertion(
    asked: &Asked<'_>,
    store: &mut Store,
    from: &From,
) -> Result<Answer, Denial> {
    let wish = wish(asked, store, &from.client)?;
    let user = assertion::user(asked, store, &from.client, asked.params.required("assertion")?)?;
    check_consent(asked, store, from, &user, &wish)?;
    let (scopes, resources) = (wish.scopes.clone(), wish.resources.clone());
    let grant = oauth_grant::allow(&asked.context, store, wish, &user, scopes)
        .map_err(|denial| Denial::grant(denial.description))?;
    let wanted = Wanted { resources, jkt: from.jkt.clone(), ..Wanted::default() };
    let answer = issue(&asked.context, store, &grant, wanted)?;
    from.bind(store, &grant);
    Ok(Answer::Json(answer))
}

/// Nobody is asked here: what an application needs a consent for, its user has consented to before.
fn check_consent(
    asked: &Asked<'_>,
    store: &Store,
    from: &From,
    user: &str,
    wish: &Wish,
) -> Result<(), Denial> {
    let own = [OPENID, OFFLINE];
    let scopes = wish.scopes.iter().filter(|scope| !own.contains(&&***scope)).cloned().collect();
    let needed = Wish { scopes, ..wish.clone() };
    let now = asked.context.now;
    if oauth_grant::is_granted(store, &from.client, user, &needed, now) {
        return Ok(());
    }
    Err(Denial::new("consent_required", "The user has not consented to these scopes"))
}

/// An access token of this client for one of another, about the same user.
pub(super) fn by_token(
    asked: &Asked<'_>,
    store: &mut Store,
    from: &From,
) -> Result<Answer, Denial> {
    let params = &asked.params;
    if params.has("actor_token") {
        return Err(Denial::request("The emulator does not cover actor_token"));
    }
    for name in ["subject_token_type", "requested_token_type"] {
        if params.get(name).is_some_and(|kind| ![ACCESS_TOKEN, JWT].contains(&kind)) {
            return Err(Denial::request(format!("The {name} is not that of an access token")));
        }
    }
    params.required("subject_token_type")?;
    let token = params.required("subject_token")?;
    // RFC 8693 section 2.2.2.
    let subject = subject(asked, store, token, from)
        .map_err(|denial| Denial { error: "invalid_request", ..denial })?;
    let mut wish = wish(asked, store, &from.client)?;
    if let Some(granted) = &subject.scopes {
        match wish.scopes.iter().find(|scope| !granted.contains(scope)) {
            Some(more) => return Err(Denial::scope(format!("The token has no scope {more:?}"))),
            None if wish.scopes.is_empty() => {
                let known = granted.iter().filter(|scope| from.client.scope(scope).is_some());
                wish.scopes = known.cloned().collect();
            }
            None => {}
        }
    }
    wish.scopes.retain(|scope| ![OPENID, OFFLINE].contains(&&**scope));
    check_consent(asked, store, from, &subject.user, &wish)?;
    let tenant = wish.tenant.as_deref();
    let consent =
        oauth_grant::consent(store, &from.client, &subject.user, tenant, asked.context.now);
    let resources = wish.resources.clone();
    let grant = Grant {
        id: random::id("G"),
        consent: consent.map(|consent| consent.id.clone()),
        user: Some(subject.user),
        session: subject.session,
        wish,
        access_key: None,
        since: asked.context.now,
        expires: asked.context.now.saturating_add(PATIENCE),
        ended: false,
    };
    let grant = oauth_grant::keep(store, grant);
    let wanted = Wanted { resources, jkt: from.jkt.clone(), access_only: true, scopes: None };
    let mut answer = issue(&asked.context, store, &grant, wanted)?;
    answer["issued_token_type"] = ACCESS_TOKEN.into();
    Ok(Answer::Json(answer))
}

/// Whom a token speaks for.
struct Subject {
    user: String,
    session: Option<String>,
    /// All there are where the token has none: that of a session of Descope's own.
    scopes: Option<Vec<String>>,
}

fn subject(asked: &Asked<'_>, store: &Store, token: &str, from: &From) -> Result<Subject, Denial> {
    let claims = store.keys.verify(token, asked.context.now)?;
    if let Ok((access, grant)) = oauth_grant::access(&asked.context, store, token) {
        if access.jkt.is_some() && access.jkt != from.jkt {
            return Err(Denial::grant("The token is bound to another key"));
        }
        let user = grant.user.clone();
        let user = user.ok_or_else(|| Denial::grant("The token speaks for no user"))?;
        let (session, scopes) = (grant.session.clone(), Some(access.scopes.clone()));
        return Ok(Subject { user, session, scopes });
    }
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    let user = store.user(text("sub")).filter(|_| text("drn") == "DS");
    let user =
        user.ok_or_else(|| Denial::grant("This is not an access token that still counts"))?;
    user.may_sign_in()?;
    Ok(Subject { user: user.id.clone(), session: None, scopes: None })
}

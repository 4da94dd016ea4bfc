//! The token endpoint (RFC 6749 section 3.2).

use super::asked::{Answer, Asked};
use super::authorize::{issuer, resources, scopes};
use super::client::{From, Proven, authenticate};
use super::{dpop, exchange};
use crate::emulator::state::jose::hash;
use crate::emulator::state::oauth::{self, Grant, INTERVAL, Once, PATIENCE, Wish};
use crate::emulator::state::oauth_client::{
    BACKCHANNEL, BEARER, CODE, CREDENTIALS, DEVICE, EXCHANGE, OFFLINE, OPENID, REFRESH,
};
use crate::emulator::state::oauth_grant;
use crate::emulator::state::oauth_token::{Wanted, issue};
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::digest::digest;
use crate::emulator::words::oauth::Denial;
use crate::emulator::words::random;

pub(in crate::emulator) fn token(asked: &Asked<'_>, store: &mut Store) -> Result<Answer, Denial> {
    store.applications.oauth.tidy(asked.context.now);
    let grant_type = asked.params.required("grant_type")?;
    let handler = match grant_type {
        CODE => by_code,
        REFRESH => by_refresh_token,
        CREDENTIALS => by_credentials,
        DEVICE => by_device_code,
        BACKCHANNEL => by_backchannel,
        BEARER => exchange::by_assertion,
        EXCHANGE => exchange::by_token,
        _ => return Err(Denial::new("unsupported_grant_type", "The grant_type is not known")),
    };
    let Proven { client, proved } = authenticate(asked, store)?;
    if !client.allows(grant_type) {
        return Err(Denial::new("unauthorized_client", "The grant_type is switched off"));
    }
    // Before anything is used up: the client comes again with the nonce that it is given.
    let jkt = dpop::at_token_endpoint(asked, store)?;
    handler(asked, store, &From { client, proved, jkt })
}

/// Whether tokens may be given to the bearer of this key: where one was named before, it must be that.
fn check_key(wish: &Wish, from: &From) -> Result<(), Denial> {
    if wish.jkt.is_some() && wish.jkt != from.jkt {
        return Err(Denial::grant("This is bound to another key"));
    }
    Ok(())
}

fn by_code(asked: &Asked<'_>, store: &mut Store, from: &From) -> Result<Answer, Denial> {
    let params = &asked.params;
    let secret = digest(params.required("code")?);
    let found = store.applications.oauth.codes.get(By::Secret, secret).cloned();
    let (code, wish) = unspent(asked, store, from, "code", found)?;
    if params.get("redirect_uri") != Some(&*code.asked.redirect_uri) {
        return Err(Denial::grant("The redirect_uri is not that of the request for the code"));
    }
    check_verifier(code.asked.challenge.as_deref(), params.get("code_verifier"))?;
    check_key(&wish, from)?;
    let answer = give(asked, store, from, (&code.grant, &wish), None)?;
    if let Some(mut code) = store.applications.oauth.codes.edit(By::Secret, secret) {
        code.spent = true;
    }
    from.bind(store, &code.grant);
    Ok(answer)
}

/// Returns what was found, and what its client wanted, if it still gives tokens to this client. Whoever comes with
/// what is spent ends all that it gave (RFC 6749 section 4.1.2, RFC 9700 section 4.14.2).
fn unspent<T>(
    asked: &Asked<'_>,
    store: &mut Store,
    from: &From,
    name: &str,
    found: Option<Once<T>>,
) -> Result<(Once<T>, Wish), Denial> {
    let wrong = || Denial::grant(format!("The {name} is wrong, or of another client"));
    let once = found.ok_or_else(wrong)?;
    let oauth = &mut store.applications.oauth;
    let grant = oauth.grants.get(By::Id, &once.grant).ok_or_else(wrong)?;
    if grant.wish.client != from.client.key {
        return Err(wrong());
    }
    let (wish, user) = (grant.wish.clone(), grant.user.clone());
    if once.spent {
        oauth.end(&once.grant);
        let user = user.as_deref();
        oauth_grant::record(&asked.context, store, "TokenReuseDetected", user, &from.client);
        let description = format!("The {name} was used before: all that it gave is revoked");
        return Err(Denial::grant(description));
    }
    if asked.context.now >= once.expires {
        return Err(Denial::grant(format!("The {name} has expired")));
    }
    Ok((once, wish))
}

/// The tokens of a grant, for what the request and the wish say.
fn give(
    asked: &Asked<'_>,
    store: &mut Store,
    from: &From,
    (grant, wish): (&str, &Wish),
    scopes: Option<Vec<String>>,
) -> Result<Answer, Denial> {
    let resources = resources(&asked.params, &from.client, &wish.resources)?;
    let wanted = Wanted { scopes, resources, jkt: from.jkt.clone(), access_only: false };
    Ok(Answer::Json(issue(&asked.context, store, grant, wanted)?))
}

fn check_verifier(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), Denial> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(Denial::grant("code_verifier is missing")),
        // Somebody took the challenge out of the request (RFC 9700 section 4.8.2).
        (None, Some(_)) => Err(Denial::grant("The code was requested without a challenge")),
        (Some(_), Some(v)) if !(43..=128).contains(&v.len()) || !v.bytes().all(allowed) => {
            Err(Denial::grant("code_verifier is malformed"))
        }
        (Some(challenge), Some(verifier)) if hash(verifier, 32) == challenge => Ok(()),
        (Some(_), Some(_)) => Err(Denial::grant("code_verifier is wrong")),
    }
}

fn by_refresh_token(asked: &Asked<'_>, store: &mut Store, from: &From) -> Result<Answer, Denial> {
    let params = &asked.params;
    let secret = digest(params.required("refresh_token")?);
    let found = store.applications.oauth.refresh_tokens.get(By::Secret, secret).cloned();
    let (refresh, wish) = unspent(asked, store, from, "refresh token", found)?;
    check_key(&wish, from)?;
    let scopes = params.has("scope").then(|| params.words("scope"));
    let answer = give(asked, store, from, (&refresh.grant, &wish), scopes)?;
    if let Some(mut refresh) = store.applications.oauth.refresh_tokens.edit(By::Secret, secret) {
        refresh.spent = true;
    }
    Ok(answer)
}

fn by_credentials(asked: &Asked<'_>, store: &mut Store, from: &From) -> Result<Answer, Denial> {
    let (params, now) = (&asked.params, asked.context.now);
    if !from.proved {
        return Err(Denial::client("A client that acts for itself must authenticate"));
    }
    let mut scopes = scopes(params, &from.client)?;
    if scopes.iter().any(|scope| [OPENID, OFFLINE].contains(&&**scope)) {
        return Err(Denial::scope("openid and offline_access are for users"));
    }
    if scopes.is_empty() && from.client.app().is_some() {
        scopes = from.client.own_scopes();
    }
    let access_key = oauth_grant::access_key(store, &from.client, secret(asked).as_deref());
    let grant = Grant {
        id: random::id("G"),
        wish: Wish {
            client: from.client.key.clone(),
            issuer: issuer(asked, &from.client),
            scopes,
            resources: resources(params, &from.client, &[])?,
            tenant: None,
            jkt: None,
            nonce: None,
        },
        user: None,
        session: None,
        access_key,
        consent: None,
        since: now,
        expires: now.saturating_add(PATIENCE),
        ended: false,
    };
    let resources = grant.wish.resources.clone();
    let grant = oauth_grant::keep(store, grant);
    let wanted = Wanted { resources, jkt: from.jkt.clone(), access_only: true, scopes: None };
    Ok(Answer::Json(issue(&asked.context, store, &grant, wanted)?))
}

/// The secret that a client proved itself with.
fn secret(asked: &Asked<'_>) -> Option<String> {
    let given = asked.params.get("client_secret").map(str::to_owned);
    given.or_else(|| super::client::basic_secret(asked))
}

fn by_device_code(asked: &Asked<'_>, store: &mut Store, from: &From) -> Result<Answer, Denial> {
    poll(asked, store, from, ("device_code", true))
}

fn by_backchannel(asked: &Asked<'_>, store: &mut Store, from: &From) -> Result<Answer, Denial> {
    poll(asked, store, from, ("auth_req_id", false))
}

/// Answers a client that asks whether its user has decided.
fn poll(
    asked: &Asked<'_>,
    store: &mut Store,
    from: &From,
    (name, of_device): (&str, bool),
) -> Result<Answer, Denial> {
    let (params, now) = (&asked.params, asked.context.now);
    let secret = digest(params.required(name)?);
    let wrong = || Denial::grant(format!("The {name} is wrong, used, or of another client"));
    let asks = &mut store.applications.oauth.asks;
    let mut ask = asks.edit(By::Secret, secret).ok_or_else(wrong)?;
    let expires = ask.expires;
    if ask.wish.client != from.client.key {
        return Err(wrong());
    }
    check_key(&ask.wish, from)?;
    let (id, wish) = (ask.id.clone(), ask.wish.clone());
    let poll = ask.poll_mut().filter(|poll| poll.user_code.is_some() == of_device);
    let poll = poll.ok_or_else(wrong)?;
    let answer = poll.answer.clone();
    if now >= expires {
        return Err(Denial::new("expired_token", "The user did not decide in time"));
    }
    let too_soon = poll.polled.is_some_and(|last| now.saturating_sub(last) < poll.interval);
    poll.polled = Some(now);
    if too_soon {
        poll.interval = poll.interval.saturating_add(INTERVAL);
        let description = format!("Wait {} seconds between requests", poll.interval);
        return Err(Denial::new("slow_down", description));
    }
    drop(ask);
    let grant = match answer {
        oauth::Answer::None => {
            return Err(Denial::new("authorization_pending", "The user has not decided yet"));
        }
        oauth::Answer::Denied => {
            asks.remove(By::Id, &id);
            return Err(Denial::new("access_denied", "The user refused"));
        }
        oauth::Answer::Allowed(grant) => grant,
    };
    let answer = give(asked, store, from, (&grant, &wish), None)?;
    store.applications.oauth.asks.remove(By::Id, &id);
    from.bind(store, &grant);
    Ok(answer)
}

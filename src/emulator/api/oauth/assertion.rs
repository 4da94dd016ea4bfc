//! Signed assertions: of clients about themselves, and of other issuers about users (RFC 7523).

use serde_json::Value;

use super::asked::{Asked, known};
use crate::emulator::state::jose::Jws;
use crate::emulator::state::oauth_client::Client;
use crate::emulator::state::store::Store;
use crate::emulator::words::oauth::Denial;

/// How far into the future an assertion may reach, in seconds.
const LONGEST: i64 = 60 * 60;
/// By how much clocks may differ, in seconds.
const SKEW: i64 = 60;

/// The client that an assertion is of: signed by one of its keys, or by one of the project's, as
/// Descope's management API signs them.
pub(super) fn client(
    asked: &Asked<'_>,
    store: &mut Store,
    assertion: &str,
) -> Result<Client, Denial> {
    let jws = Jws::read(assertion).ok_or_else(|| Denial::client("The assertion is malformed"))?;
    let id = jws.text("sub");
    if jws.text("iss") != id {
        return Err(Denial::client("iss and sub of the assertion differ"));
    }
    if asked.params.get("client_id").is_some_and(|named| named != id) {
        return Err(Denial::client("The assertion is of another client"));
    }
    let client = known(asked, store, id)?;
    let own = store.keys.set(asked.context.now)?;
    if !jws.is_signed_by_any(&client.keys) && !jws.is_signed_by_any(&own) {
        return Err(Denial::client("No key of the client made the signature of the assertion"));
    }
    check(asked, store, &jws, true).map_err(Denial::client)?;
    Ok(client)
}

/// Checks whom an assertion is for, when, and that it is new.
fn check(
    asked: &Asked<'_>,
    store: &mut Store,
    jws: &Jws<'_>,
    needs_id: bool,
) -> Result<(), &'static str> {
    let issuer = asked.door.issuer(&asked.context);
    let base = asked.url.rsplit_once('/').map_or("", |(base, _)| base);
    let accepted = [issuer, asked.url.clone(), format!("{base}/token")];
    if !accepted.iter().any(|audience| jws.names("aud", audience)) {
        return Err("The assertion is for another audience");
    }
    let time = |name: &str| jws.claims[name].as_i64();
    let Some(expires) = time("exp") else { return Err("The assertion has no exp") };
    let now = asked.context.clock_of(expires);
    if now >= expires {
        return Err("The assertion has expired");
    }
    if expires > now.saturating_add(LONGEST) {
        return Err("The assertion is good for more than an hour");
    }
    let later = now.saturating_add(SKEW);
    if ["iat", "nbf"].into_iter().filter_map(time).any(|from| from > later) {
        return Err("The assertion is not good yet");
    }
    match jws.text("jti") {
        "" if needs_id => Err("The assertion has no jti"),
        "" => Ok(()),
        id => {
            let what = format!("assertion {} {id}", jws.text("iss"));
            let until = asked.context.now.saturating_add(expires.saturating_sub(now));
            let is_new = store.applications.oauth.is_new(&what, until, asked.context.now);
            is_new.then_some(()).ok_or("The assertion was used before")
        }
    }
}

/// The ID of the user whom another issuer's assertion is about. The application's settings say whose
/// assertions are taken, and by which claim users are known.
pub(super) fn user(
    asked: &Asked<'_>,
    store: &mut Store,
    client: &Client,
    assertion: &str,
) -> Result<String, Denial> {
    let jws = Jws::read(assertion).ok_or_else(|| Denial::grant("The assertion is malformed"))?;
    let issuer = client.issuers.get(jws.text("iss"));
    let issuer = issuer.ok_or_else(|| Denial::grant("The assertion is of an unknown issuer"))?;
    let algorithm = issuer["signAlgorithm"].as_str().filter(|algorithm| !algorithm.is_empty());
    if algorithm.is_some_and(|algorithm| jws.header["alg"] != algorithm) {
        return Err(Denial::grant("The assertion is signed by another algorithm"));
    }
    if !jws.is_signed_by_any(&keys(asked, store, issuer)?) {
        return Err(Denial::grant("No key of the issuer made the signature of the assertion"));
    }
    check(asked, store, &jws, false).map_err(Denial::grant)?;
    let name = issuer["externalIdFieldName"].as_str().filter(|name| !name.is_empty());
    let login_id = jws.text(name.unwrap_or("sub"));
    let user = store.user_by_login(login_id).or_else(|| store.user(login_id));
    user.map(|user| user.id.clone()).ok_or_else(|| Denial::grant("No user has this login ID"))
}

/// The keys of an issuer. The emulator fetches nothing: they are given in `jwks`, or they are its own.
fn keys(asked: &Asked<'_>, store: &Store, issuer: &Value) -> Result<Value, Denial> {
    if let Some(set) = issuer.get("jwks") {
        return Ok(set.clone());
    }
    let (origin, project) = (&asked.context.origin, &asked.context.settings.project_id);
    let own = [
        format!("{origin}/v2/keys/{project}"),
        format!("{origin}/{project}/.well-known/jwks.json"),
    ];
    if own.iter().any(|url| issuer["jwksUri"] == **url) {
        return Ok(store.keys.set(asked.context.now)?);
    }
    Err(Denial::grant("The emulator does not fetch keys: give the issuer jwks"))
}

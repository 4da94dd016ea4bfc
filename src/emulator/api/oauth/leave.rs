//! The ends: revocation (RFC 7009), and logout (OpenID Connect RP-Initiated Logout).

use super::asked::{Answer, Asked, known};
use super::client::authenticate;
use crate::emulator::api::idp::with_query;
use crate::emulator::state::jose::Jws;
use crate::emulator::state::oauth_client::Client;
use crate::emulator::state::oauth_grant;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::digest::digest;
use crate::emulator::words::oauth::Denial;

/// Revokes a token: a refresh token with all that its grant gave, an access token alone. Of a token that
/// is wrong, nothing is said.
pub(in crate::emulator) fn revoke(asked: &Asked<'_>, store: &mut Store) -> Result<Answer, Denial> {
    let client = authenticate(asked, store)?.client;
    let secret = digest(asked.params.required("token")?);
    let oauth = &mut store.applications.oauth;
    let refresh = oauth.refresh_tokens.get(By::Secret, secret).map(|token| token.grant.clone());
    let access = oauth.access_tokens.get(By::Secret, secret).map(|token| token.grant.clone());
    let of = |id: &str| oauth.grants.get(By::Id, id);
    let grant = refresh.as_deref().or(access.as_deref()).and_then(of);
    let Some(grant) = grant else { return Ok(Answer::Done) };
    if grant.wish.client != client.key {
        return Err(Denial::grant("The token is of another client"));
    }
    let (id, user) = (grant.id.clone(), grant.user.clone());
    if refresh.is_some() {
        oauth.end(&id);
    } else if let Some(mut token) = oauth.access_tokens.edit(By::Secret, secret) {
        token.revoked = true;
    }
    oauth_grant::record(&asked.context, store, "TokenRevoked", user.as_deref(), &client);
    Ok(Answer::Done)
}

/// Ends the session that an ID token is of. The browser goes back only where the application may send it.
pub(in crate::emulator) fn logout(asked: &Asked<'_>, store: &mut Store) -> Result<Answer, Denial> {
    let params = &asked.params;
    let mut client_id = params.get("client_id").map(str::to_owned);
    if let Some(token) = params.get("id_token_hint") {
        let (client, session) = hint(asked, store, token)?;
        if client_id.as_ref().is_some_and(|named| *named != client) {
            return Err(Denial::request("The ID token is of another client"));
        }
        client_id = Some(client);
        if let Some(session) = session {
            store.sessions.end(&session);
        }
    }
    let Some(url) = params.get("post_logout_redirect_uri") else { return Ok(Answer::SignedOut) };
    let id = client_id.ok_or_else(|| Denial::request("client_id is missing"))?;
    let client: Client = known(asked, store, &id)
        .map_err(|denial| Denial::new("invalid_client", denial.description))?;
    if !client.may_redirect_to(url) {
        let description = "The post_logout_redirect_uri is not one of the application's";
        return Err(Denial::request(description));
    }
    let state = params.get("state");
    Ok(Answer::Redirect(state.map_or(url.to_owned(), |state| with_query(url, "state", state))))
}

/// Client and session of an ID token, which may have expired.
fn hint(asked: &Asked<'_>, store: &Store, token: &str) -> Result<(String, Option<String>), Denial> {
    let wrong = || Denial::request("The id_token_hint is not an ID token of this project");
    let jws = Jws::read(token).ok_or_else(wrong)?;
    if !jws.is_signed_by_any(&store.keys.set(asked.context.now)?) {
        return Err(wrong());
    }
    // Access tokens have no such claim.
    let session = jws.claims["sid"].as_str().map(str::to_owned);
    let client = jws.claims["aud"].as_str().filter(|_| jws.claims.get("at_hash").is_some());
    Ok((client.ok_or_else(wrong)?.to_owned(), session))
}

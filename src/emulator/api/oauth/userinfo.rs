//! What an access token tells of its user (OpenID Connect Core section 5.3).

use serde_json::{Value, json};

use super::asked::{Answer, Asked};
use super::dpop;
use crate::emulator::state::oauth_client::{OPENID, by_key};
use crate::emulator::state::oauth_grant;
use crate::emulator::state::oauth_token::user_claims;
use crate::emulator::state::store::Store;
use crate::emulator::words::oauth::Denial;
use crate::transport::http::StatusCode;
use crate::transport::http::header::AUTHORIZATION;

pub(in crate::emulator) fn userinfo(
    asked: &Asked<'_>,
    store: &mut Store,
) -> Result<Answer, Denial> {
    let (bound, token) = token(asked)?;
    let scheme = if bound { "DPoP" } else { "Bearer" };
    let refused = |denial: Denial| Denial::token(scheme, &denial.description);
    let (access, grant) = oauth_grant::access(&asked.context, store, &token).map_err(refused)?;
    let (access, user) = (access.clone(), grant.user.clone());
    let key = grant.wish.client.clone();
    match &access.jkt {
        Some(jkt) if bound => dpop::at_resource(asked, store, &token, jkt)?,
        Some(_) => return Err(Denial::token("DPoP", "The token needs the scheme DPoP")),
        None if bound => return Err(Denial::token("DPoP", "The token is bound to no key")),
        None => {}
    }
    let client = by_key(&asked.context, store, &key);
    let user = user.as_deref().and_then(|user| store.user(user));
    let (Some(client), Some(user)) =
        (client, user.filter(|_| access.scopes.iter().any(|scope| scope == OPENID)))
    else {
        return Err(Denial {
            status: StatusCode::FORBIDDEN,
            challenge: Some(format!("{scheme} error=\"insufficient_scope\", scope=\"openid\"")),
            ..Denial::new("insufficient_scope", "The token has not the scope openid")
        });
    };
    let mut claims = user_claims(store, &client, &access.scopes, user);
    claims.insert("sub".to_owned(), json!(user.id));
    Ok(Answer::Json(Value::Object(claims)))
}

/// The token of a request, and whether it comes with a proof.
fn token(asked: &Asked<'_>) -> Result<(bool, String), Denial> {
    // Without a token, the answer says no more than how to bring one (RFC 6750 section 3.1).
    let none = || Denial {
        status: StatusCode::UNAUTHORIZED,
        challenge: Some("Bearer, DPoP".to_owned()),
        ..Denial::request("The request has no access token")
    };
    let header = asked.headers.get(AUTHORIZATION).map(|header| header.to_str());
    match (header, asked.params.get("access_token").filter(|_| asked.method == "POST")) {
        (Some(_), Some(_)) => Err(Denial::request("The request has two access tokens")),
        (None, Some(token)) => Ok((false, token.to_owned())),
        (Some(Ok(header)), None) => {
            let (scheme, token) = header.split_once(' ').ok_or_else(none)?;
            let is = |name: &str| scheme.eq_ignore_ascii_case(name);
            if !is("bearer") && !is("dpop") {
                return Err(none());
            }
            Ok((is("dpop"), token.trim().to_owned()))
        }
        _ => Err(none()),
    }
}

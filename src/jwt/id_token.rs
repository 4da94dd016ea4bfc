//! The rules for an ID token (OpenID Connect Core section 3.1.3.7), which says who has signed in at an
//! application.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, SHA384, SHA512, digest};
use serde_json::Value;

use super::claims::Claims;
use super::date::date;
use crate::error::TokenError;
use crate::time::UnixTime;

/// What an ID token is held against.
pub(crate) struct IdTokenRules<'r> {
    /// The server's name, exactly.
    pub(crate) issuer: &'r str,
    pub(crate) client_id: &'r str,
    /// What the request for it had, if there was one.
    pub(crate) nonce: Option<&'r str>,
    /// The access token that came with it.
    pub(crate) access_token: Option<&'r str>,
    /// How long ago the user may have signed in at the server.
    pub(crate) max_age: Option<Duration>,
}

/// Checks the claims of an ID token that was signed with this algorithm.
///
/// The times come last, so that a token which is only expired is known to be good otherwise.
pub(super) fn check(
    claims: &Claims,
    algorithm: &str,
    rules: &IdTokenRules<'_>,
    leeway: Duration,
    now: i64,
) -> Result<(), TokenError> {
    let registered = &claims.registered;
    if registered.text("iss")?.ok_or(TokenError::Claim("iss"))? != rules.issuer {
        return Err(TokenError::Issuer);
    }
    let named = registered.audience()?;
    if !named.contains(&rules.client_id) {
        return Err(TokenError::Audience);
    }
    match text(claims, "azp")? {
        Some(party) if party != rules.client_id => return Err(TokenError::AuthorizedParty),
        None if named.len() > 1 => return Err(TokenError::AuthorizedParty),
        _ => {}
    }
    if registered.text("sub")?.is_none_or(str::is_empty) {
        return Err(TokenError::Claim("sub"));
    }
    if let Some(nonce) = rules.nonce
        && text(claims, "nonce")?.ok_or(TokenError::Claim("nonce"))? != nonce
    {
        return Err(TokenError::Nonce);
    }
    if let (Some(hash), Some(token)) = (text(claims, "at_hash")?, rules.access_token)
        && left_half(algorithm, token) != hash
    {
        return Err(TokenError::AccessTokenHash);
    }
    if let Some(limit) = rules.max_age {
        let at = claims.signed_in_at().ok_or(TokenError::Claim("auth_time"))?.as_seconds();
        let allowed = i64::try_from(limit.saturating_add(leeway).as_secs()).unwrap_or(i64::MAX);
        if at.saturating_add(allowed) < now {
            return Err(TokenError::SignedInTooLongAgo);
        }
    }
    if !registered.is_present("iat") {
        return Err(TokenError::Claim("iat"));
    }
    registered.check_times(leeway, now)
}

impl Claims {
    /// When the user signed in (claim `auth_time`), if the token says so.
    pub(crate) fn signed_in_at(&self) -> Option<UnixTime> {
        date(self.value("auth_time")?, f64::floor).map(UnixTime::from_seconds)
    }
}

/// A claim that is a text, absent, or a reason to refuse the token.
fn text<'c>(claims: &'c Claims, name: &'static str) -> Result<Option<&'c str>, TokenError> {
    match claims.value(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenError::Claim(name)),
    }
}

/// The left half of the token's hash, by the algorithm that goes with the signature's (OpenID Connect Core
/// section 3.1.3.6). Ed25519 goes with SHA-512.
fn left_half(algorithm: &str, token: &str) -> String {
    let hash = match algorithm {
        "RS256" | "PS256" | "ES256" => &SHA256,
        "RS384" | "PS384" | "ES384" => &SHA384,
        _ => &SHA512,
    };
    let hash = digest(hash, token.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_access_tokens() {
        // OpenID Connect Core appendix A.3 and A.4: an ID token signed with RS256, and its access token.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(left_half("RS256", token), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(left_half("ES384", token).len(), 32);
        assert_eq!(left_half("EdDSA", token).len(), 43);
    }
}

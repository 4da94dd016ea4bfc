//! What the token endpoint gives.

use std::time::Duration;

use serde::Deserialize;

use crate::error::Result;
use crate::extra::Extra;
use crate::json::{Body, DecodeError};
use crate::jwt::Claims;
use crate::secret::Secret;
use crate::time::UnixTime;

/// The tokens of an answer of the token endpoint (RFC 6749 section 5.1).
///
/// `Debug` shows none of the tokens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tokens {
    /// The token to send to the service that it is for.
    pub access_token: Secret,
    /// How to send it: `Bearer`, or `DPoP` if it is bound to the app's key.
    pub token_type: String,
    /// When the access token expires, by the client's clock when the answer came. `None` if the server did
    /// not say.
    pub expires_at: Option<UnixTime>,
    /// What new tokens can be got with. After [`refresh`](super::Oidc::refresh), the old one if the server
    /// did not send another.
    pub refresh_token: Option<Secret>,
    /// The ID token, which was checked. [`claims`](Self::claims) has what it says. `None` too if it came with
    /// a refresh, and could not be checked then.
    pub id_token: Option<Secret>,
    /// What the ID token says of the user. `None` if there is no ID token.
    pub claims: Option<Claims>,
    /// What was granted. If the server did not say, what was asked for (RFC 6749 section 5.1).
    pub scopes: Vec<String>,
    /// What kind of token a token exchange has given (RFC 8693 section 2.2.1).
    pub issued_token_type: Option<String>,
    /// All other members.
    pub extra: Extra,
}

impl Tokens {
    /// Tokens with an access token alone, such as one from a store of your own. Set the fields that you know.
    pub fn new(access_token: impl Into<Secret>) -> Self {
        Self {
            access_token: access_token.into(),
            token_type: "Bearer".to_owned(),
            expires_at: None,
            refresh_token: None,
            id_token: None,
            claims: None,
            scopes: Vec::new(),
            issued_token_type: None,
            extra: Extra::default(),
        }
    }

    /// Whether the access token is bound to the app's key, so that each request needs a
    /// [proof](super::Oidc::dpop_proof).
    pub fn is_dpop(&self) -> bool {
        self.token_type.eq_ignore_ascii_case("DPoP")
    }
}

/// What the ID token of an answer must say.
#[derive(Default)]
pub(super) struct Expected<'e> {
    pub(super) nonce: Option<&'e Secret>,
    pub(super) max_age: Option<Duration>,
    /// Whether the ID token says who is signing in. Else that was known before.
    pub(super) signs_in: bool,
    /// Whose it must be, if that is known.
    pub(super) subject: Option<&'e str>,
}

/// An answer of the token endpoint as it comes.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    access_token: Option<Secret>,
    #[serde(default)]
    token_type: String,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    refresh_token: Option<Secret>,
    #[serde(default)]
    id_token: Option<Secret>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    issued_token_type: Option<String>,
    #[serde(flatten)]
    extra: Extra,
}

/// The longest time that is believed: a hundred years.
const LONGEST: u64 = 100 * 366 * 24 * 60 * 60;

/// Reads the tokens of an answer that came now. The ID token is still to be checked.
pub(super) fn read(body: Body<'_>, requested: &[String], now: UnixTime) -> Result<Tokens> {
    let answer: Answer = body.read()?;
    let filled = |secret: Option<Secret>| secret.filter(|secret| !secret.expose().is_empty());
    let Some(access_token) = filled(answer.access_token) else {
        return Err(DecodeError::new("expected a token at `access_token`").into());
    };
    let seconds = |within: u64| i64::try_from(within.min(LONGEST)).unwrap_or(i64::MAX);
    let ends = |within| UnixTime::from_seconds(now.as_seconds().saturating_add(seconds(within)));
    let scopes = answer.scope.filter(|scope| !scope.trim().is_empty());
    Ok(Tokens {
        access_token,
        token_type: Some(answer.token_type)
            .filter(|kind| !kind.is_empty())
            .unwrap_or("Bearer".into()),
        expires_at: answer.expires_in.filter(|within| *within > 0).map(ends),
        refresh_token: filled(answer.refresh_token),
        id_token: filled(answer.id_token),
        claims: None,
        scopes: scopes.map_or_else(
            || requested.to_vec(),
            |scopes| scopes.split_ascii_whitespace().map(str::to_owned).collect(),
        ),
        issued_token_type: answer.issued_token_type.filter(|kind| !kind.is_empty()),
        extra: answer.extra,
    })
}

//! Local validation of tokens: header, key, signature, claims, in this order.

mod claims;
mod keys;
mod rules;
mod signature;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::value::RawValue;

pub(crate) use self::claims::REFRESH_COOKIE;
pub use self::claims::{Claims, Scope};
pub use self::keys::KeyPolicy;
use self::keys::{KeyCache, KeySet, Wanted};
use self::rules::Rules;
use crate::check::MAX_TOKEN;
use crate::client::Client;
use crate::error::{Error, Result, TokenError};
use crate::json;
use crate::transport::Limits;

/// What a token is checked as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A session token, which the refresh token of the same user must not pass for.
    Session,
    /// A refresh token, or whatever else Descope signed.
    Any,
}

/// Where a token comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// From Descope itself, in an answer. The keys to check it with must not be kept back because
    /// others have sent tokens with made-up keys: the code that bought it is spent.
    Answer,
    /// From whoever calls.
    Caller,
}

/// The signing keys of a project, and the rules for tokens signed with them.
pub(crate) struct Keys {
    policy: KeyPolicy,
    leeway: Duration,
    source: Source,
}

enum Source {
    /// One key the user gave.
    Pinned(Arc<KeySet>),
    /// The project's published keys.
    Fetched(KeyCache),
}

/// The most a published key set may weigh.
const KEY_SET_LIMIT: u64 = 64 * 1024;

impl Keys {
    pub(crate) fn new(policy: KeyPolicy, leeway: Duration, pinned: Option<&str>) -> Result<Self> {
        policy.check()?;
        if leeway > Duration::from_secs(120) {
            return Err(Error::argument("leeway", "must be at most 120 seconds"));
        }
        let source = match pinned {
            Some(jwk) => {
                let set = KeySet::pinned(jwk).map_err(|why| Error::argument("public_key", why))?;
                Source::Pinned(Arc::new(set))
            }
            None => Source::Fetched(KeyCache::default()),
        };
        Ok(Self { policy, leeway, source })
    }

    /// Has keys at hand, or fails.
    pub(crate) fn warm_up(&self, client: &Client) -> Result<(), TokenError> {
        self.set(client, None, Origin::Caller).map(drop)
    }

    /// Checks everything about a token that can be checked without asking Descope.
    pub(crate) fn verify(
        &self,
        client: &Client,
        token: &str,
        kind: Kind,
        origin: Origin,
    ) -> Result<Claims, TokenError> {
        let parts = Parts::split(token)?;
        let header = decode(parts.header)?;
        let header = Header::read(&header)?;
        let kid = header.kid.as_deref();
        if kid.is_none() && matches!(self.source, Source::Fetched(_)) {
            return Err(TokenError::UnknownKey); // which of the published keys could it be?
        }
        let set = self.set(client, kid, origin)?;
        let key = set.get(kid).ok_or(TokenError::UnknownKey)?;
        if header.alg != key.algorithm() {
            return Err(TokenError::Algorithm);
        }
        key.verify(parts.message.as_bytes(), &decode(parts.signature)?)?;
        Claims::read(
            decode(parts.payload)?,
            &Rules {
                project_id: &client.shared.project_id,
                audience: &client.settings.audience,
                leeway: self.leeway,
                now: client.shared.clock.unix(),
                refresh_cookie: (kind == Kind::Session).then_some(&client.shared.refresh_cookie),
            },
        )
    }

    /// The keys, fetched if they are too old or `kid` is not among them.
    fn set(
        &self,
        client: &Client,
        kid: Option<&str>,
        origin: Origin,
    ) -> Result<Arc<KeySet>, TokenError> {
        let cache = match &self.source {
            Source::Pinned(set) => return Ok(set.clone()),
            Source::Fetched(cache) => cache,
        };
        let wanted = Wanted { kid, origin, patience: client.settings.deadline };
        cache.get(&wanted, &self.policy, &*client.shared.clock, || {
            client
                .get("/v2/keys")
                .segment("project_id", &client.shared.project_id)
                .internal(Limits { timeout: self.policy.fetch_timeout, body: KEY_SET_LIMIT })
                .execute()
        })
    }
}

/// A compact JWS (RFC 7515 section 7.1).
struct Parts<'t> {
    header: &'t str,
    payload: &'t str,
    signature: &'t str,
    /// What is signed: header and payload with the dot between them.
    message: &'t str,
}

impl<'t> Parts<'t> {
    fn split(token: &'t str) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed)?;
        if payload.contains('.') || header.is_empty() || signature.is_empty() {
            return Err(TokenError::Malformed);
        }
        Ok(Self { header, payload, signature, message })
    }
}

/// What of the header counts. `jwk`, `jku`, `x5u` and `x5c` do not: a token never brings its key.
struct Header<'h> {
    alg: Cow<'h, str>,
    kid: Option<Cow<'h, str>>,
}

/// A key's name is a few dozen characters.
const MAX_KID: usize = 256;

impl<'h> Header<'h> {
    fn read(json: &'h [u8]) -> Result<Self, TokenError> {
        let json = std::str::from_utf8(json).map_err(|_| TokenError::Malformed)?;
        let members = members(json).ok_or(TokenError::Malformed)?;
        if members.iter().any(|(name, _)| name == "crit" || name == "b64") {
            return Err(TokenError::Critical);
        }
        // A member, and the text that it is if it is one.
        let member = |name| {
            let found = members.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| json::string(value))
        };
        // RFC 8725 section 3.11: a token of another kind, such as a DPoP proof, is not a session.
        match member("typ") {
            None => {}
            Some(Some(typ)) if is_jwt(&typ) => {}
            Some(_) => return Err(TokenError::Malformed),
        }
        let alg = member("alg").flatten().ok_or(TokenError::Algorithm)?;
        let kid = match member("kid") {
            None => None,
            Some(Some(kid)) if kid.len() <= MAX_KID => Some(kid),
            Some(_) => return Err(TokenError::Malformed),
        };
        Ok(Self { alg, kid })
    }
}

fn is_jwt(typ: &str) -> bool {
    let typ = match typ.get(..12) {
        Some(prefix) if prefix.eq_ignore_ascii_case("application/") => &typ[12..],
        _ => typ,
    };
    typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("at+jwt")
}

/// Strict base64url: no padding, no characters beside, no bits left over.
fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}

/// The members of a JSON object, none of which stands there twice.
fn members(json: &str) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    let members = json::members(json)?;
    all_differ(members.iter().map(|(name, _)| &**name).collect()).then_some(members)
}

/// Whether no name stands there twice (RFC 7515 section 4, RFC 7519 section 4): of two members, one
/// reader may see the first and another the last.
fn all_differ(mut names: Vec<impl Ord>) -> bool {
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

/// The seconds of a policy, for comparing with claims.
fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

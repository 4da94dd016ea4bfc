//! Local validation of tokens: header, key, signature, claims, in this order.

mod cache;
mod claims;
mod decide;
mod history;
mod policy;
mod rules;
mod set;
mod signature;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::value::RawValue;

use self::cache::{KeyCache, Wanted};
pub(crate) use self::claims::REFRESH_COOKIE;
pub use self::claims::{Claims, Scope};
use self::decide::Moment;
pub use self::policy::KeyPolicy;
use self::rules::Rules;
use self::set::KeySet;
use crate::check;
use crate::clock::Clock;
use crate::error::{Error, Result, TokenError};
use crate::json;
use crate::transport::{Limits, Response};

/// What a token is checked as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A session token, which the refresh token of the same user must not pass for.
    Session,
    /// A refresh token, or whatever else Descope signed.
    Any,
}

impl Kind {
    /// What functions call the argument.
    fn argument(self) -> &'static str {
        match self {
            Self::Session => "session_token",
            Self::Any => "refresh_token",
        }
    }
}

/// Where a token comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// From Descope itself, in an answer. The keys to check it with must not be kept back because
    /// others have sent tokens with made-up keys: the code that bought it is spent.
    Answer,
    /// From whoever calls.
    Caller,
}

/// Checks tokens: holds the signing keys of a project, and the rules for tokens signed with them.
pub(crate) struct Verifier {
    project_id: String,
    refresh_cookie: String,
    policy: KeyPolicy,
    leeway: Duration,
    max_token_size: usize,
    source: Source,
}

/// What a verifier is made of.
pub(crate) struct Settings<'s> {
    pub(crate) project_id: &'s str,
    /// The host that the keys are fetched from, for errors.
    pub(crate) base_url: &'s str,
    pub(crate) refresh_cookie: &'s str,
    pub(crate) policy: KeyPolicy,
    pub(crate) leeway: Duration,
    pub(crate) max_token_size: usize,
    /// The one key to trust, instead of the published ones.
    pub(crate) public_key: Option<&'s str>,
}

/// What differs from one verification to the next.
pub(crate) struct Context<'c> {
    pub(crate) audience: &'c [String],
    pub(crate) clock: &'c dyn Clock,
    /// How long to wait for a fetch of another thread's.
    pub(crate) patience: Duration,
    /// Asks for the published keys, within these limits.
    pub(crate) fetch: &'c dyn Fn(Limits) -> Result<Response>,
}

enum Source {
    /// One key the user gave.
    Pinned(Arc<KeySet>),
    /// The project's published keys.
    Fetched(Box<KeyCache>),
}

/// The most a published key set may weigh: some two thousand RSA keys. The set is not read further, so
/// that whoever answers in Descope's place cannot fill the memory.
const KEY_SET_LIMIT: u64 = 1024 * 1024;

impl Verifier {
    pub(crate) fn new(settings: Settings<'_>) -> Result<Self> {
        settings.policy.check()?;
        if settings.leeway > Duration::from_secs(120) {
            return Err(Error::argument("leeway", "must be at most 120 seconds"));
        }
        if settings.max_token_size == 0 {
            return Err(Error::argument("max_token_size", "must not be zero"));
        }
        let Settings { project_id, base_url, refresh_cookie, policy, leeway, .. } = settings;
        let source = if let Some(jwk) = settings.public_key {
            let set = KeySet::pinned(jwk).map_err(|why| Error::argument("public_key", why))?;
            Source::Pinned(Arc::new(set))
        } else {
            let cache = KeyCache::new(format!("`{project_id}` at {base_url}"));
            Source::Fetched(Box::new(cache))
        };
        Ok(Self {
            project_id: project_id.to_owned(),
            refresh_cookie: refresh_cookie.to_owned(),
            policy,
            leeway,
            max_token_size: settings.max_token_size,
            source,
        })
    }

    /// Bytes of a token that comes from anyone but Descope.
    pub(crate) fn max_token_size(&self) -> usize {
        self.max_token_size
    }

    /// Has keys at hand, or fails.
    pub(crate) fn warm_up(&self, context: &Context<'_>) -> Result<(), TokenError> {
        self.set(context, None, Origin::Caller, Moment::now(context.clock)).map(drop)
    }

    /// Checks everything about a token that can be checked without asking Descope.
    pub(crate) fn verify(
        &self,
        context: &Context<'_>,
        token: &str,
        kind: Kind,
        origin: Origin,
    ) -> Result<Claims, TokenError> {
        // What Descope has sent came within the limit of its answer, and the code for it is spent.
        if origin == Origin::Caller {
            check::token_size(kind.argument(), token, self.max_token_size)?;
        }
        let parts = Parts::split(token).ok_or_else(|| misused(token))?;
        let header = decode(parts.header)?;
        let header = Header::read(&header)?;
        let kid = header.kid.as_deref();
        if kid.is_none() && matches!(self.source, Source::Fetched(_)) {
            return Err(TokenError::UnknownKey); // which of the published keys could it be?
        }
        let now = Moment::now(context.clock);
        let set = self.set(context, kid, origin, now)?;
        let key = set.get(kid).ok_or(TokenError::UnknownKey)?;
        // The key decides; the header can only confirm it, or an attacker would choose the algorithm.
        if header.alg != key.algorithm() {
            return Err(TokenError::Algorithm);
        }
        // Nothing of the payload is read before the signature holds.
        key.verify(parts.message.as_bytes(), &decode(parts.signature)?)?;
        Claims::read(
            decode(parts.payload)?,
            &Rules {
                project_id: &self.project_id,
                audience: context.audience,
                leeway: self.leeway,
                now: now.unix,
                refresh_cookie: (kind == Kind::Session).then_some(&self.refresh_cookie),
            },
        )
    }

    /// The keys, fetched if they are too old or `kid` is not among them.
    fn set(
        &self,
        context: &Context<'_>,
        kid: Option<&str>,
        origin: Origin,
        now: Moment,
    ) -> Result<Arc<KeySet>, TokenError> {
        let cache = match &self.source {
            Source::Pinned(set) => return Ok(set.clone()),
            Source::Fetched(cache) => cache,
        };
        let wanted = Wanted { kid, origin, patience: context.patience, now };
        let limits = Limits { timeout: self.policy.fetch_timeout, body: KEY_SET_LIMIT };
        cache.get(&wanted, &self.policy, context.clock, &|| (context.fetch)(limits))
    }
}

/// Why a text that has not the form of a token is none. The two mistakes that programs make are named.
#[cold]
fn misused(text: &str) -> TokenError {
    if check::has_bearer_prefix(text) {
        return TokenError::BearerPrefix;
    }
    // Descope's access keys and management keys: one word that begins with a K.
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if text.len() >= 20 && text.starts_with('K') && text.bytes().all(word) {
        return TokenError::AccessKey;
    }
    TokenError::Malformed
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
    fn split(token: &'t str) -> Option<Self> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let parts = !payload.contains('.') && !header.is_empty() && !signature.is_empty();
        (parts && !check::has_bearer_prefix(token)).then_some(Self {
            header,
            payload,
            signature,
            message,
        })
    }
}

/// What of the header counts. `jwk`, `jku`, `x5u` and `x5c` do not: a token never brings its key.
struct Header<'h> {
    alg: Cow<'h, str>,
    kid: Option<Cow<'h, str>>,
}

/// A key's name is a few dozen characters. Anyone can send a longer one, and it would be looked for.
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

/// The members of a JSON object, none of which appears twice.
fn members(json: &str) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    let members = json::members(json)?;
    all_differ(members.iter().map(|(name, _)| &**name).collect()).then_some(members)
}

/// Whether no name appears twice (RFC 7515 section 4, RFC 7519 section 4): of two members, one
/// reader may see the first and another the last.
fn all_differ(mut names: Vec<impl Ord>) -> bool {
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

/// The seconds of a policy, for comparing with claims.
fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_three_parts_and_only_its_payload_may_be_empty() {
        let split = |token| {
            Parts::split(token).map(|parts: Parts<'static>| {
                [parts.header, parts.payload, parts.signature, parts.message]
            })
        };
        assert_eq!(split("h.p.s"), Some(["h", "p", "s", "h.p"]));
        assert_eq!(split("h..s"), Some(["h", "", "s", "h."]));
        for text in ["", "h", "h.p", "h.p.", ".p.s", ".p.", "..", "h.p.q.s", ".p.q.s", "h.p.q."] {
            assert_eq!(split(text), None, "{text}");
        }
        assert_eq!(split("Bearer h.p.s"), None);
    }

    #[test]
    fn what_is_no_token_is_named() {
        let key = "K2sixteen-letters_1";
        assert_eq!((key.len(), misused(key)), (19, TokenError::Malformed));
        assert_eq!(misused(&format!("{key}2")), TokenError::AccessKey);
        assert_eq!(misused(&format!("{key}.")), TokenError::Malformed);
        assert_eq!(misused(&format!("P{key}")), TokenError::Malformed);
        assert_eq!(misused("Bearer h.p.s"), TokenError::BearerPrefix);
    }

    #[test]
    fn the_header_of_a_token() {
        let read = |json: &str| -> Result<_, TokenError> {
            let header = Header::read(json.as_bytes())?;
            Ok((header.alg.into_owned(), header.kid.map(Cow::into_owned)))
        };
        let kid = |length| "k".repeat(length);
        for typ in ["JWT", "jwt", "at+jwt", "application/jwt", "APPLICATION/AT+JWT"] {
            let json = format!(r#"{{"alg":"ES256","typ":"{typ}","kid":"k1"}}"#);
            assert_eq!(read(&json), Ok(("ES256".to_owned(), Some("k1".to_owned()))), "{typ}");
        }
        let longest = format!(r#"{{"alg":"a","kid":"{}"}}"#, kid(MAX_KID));
        assert_eq!(read(&longest), Ok(("a".to_owned(), Some(kid(MAX_KID)))));
        assert_eq!(read(r#"{"alg":"a"}"#), Ok(("a".to_owned(), None)));
        let longer = format!(r#"{{"alg":"a","kid":"{}"}}"#, kid(MAX_KID + 1));
        for (json, error) in [
            (&*longer, TokenError::Malformed),
            (r#"{"alg":"a","kid":1}"#, TokenError::Malformed),
            (r#"{"alg":"a","alg":"a"}"#, TokenError::Malformed),
            (r#"{"alg":"a","typ":"dpop+jwt"}"#, TokenError::Malformed),
            (r#"{"alg":"a","typ":"text/jwt"}"#, TokenError::Malformed),
            (r#"{"alg":"a","typ":null}"#, TokenError::Malformed),
            ("[]", TokenError::Malformed),
            ("{}", TokenError::Algorithm),
            (r#"{"alg":null}"#, TokenError::Algorithm),
            (r#"{"alg":"a","crit":[]}"#, TokenError::Critical),
            (r#"{"alg":"a","b64":true}"#, TokenError::Critical),
        ] {
            assert_eq!(read(json), Err(error), "{json}");
        }
    }
}

//! Local validation of tokens: header, key, signature, claims, in this order.

mod cache;
mod claims;
mod compact;
mod date;
mod decide;
mod history;
mod id_token;
mod policy;
#[cfg(feature = "web")]
mod proof;
mod rules;
mod set;
mod signature;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::cache::{KeyCache, Wanted};
pub use self::claims::{Claims, Scope};
use self::compact::{Header, Parts, decode, misused};
use self::decide::Moment;
pub(crate) use self::decide::Origin;
pub(crate) use self::id_token::IdTokenRules;
pub use self::policy::KeyPolicy;
#[cfg(feature = "web")]
pub use self::proof::ProofError;
#[cfg(feature = "web")]
pub(crate) use self::proof::{PROOF_ALGORITHMS, Proof};
pub(crate) use self::rules::REFRESH_COOKIE;
use self::rules::Rules;
use self::set::{KeySet, Whose};
use crate::check;
use crate::clock::Clock;
use crate::error::{Error, Result, TokenError};
use crate::recent::Recent;
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

/// Checks tokens: holds the signing keys of a project, and the rules for tokens signed with them.
pub(crate) struct Verifier {
    project_id: String,
    refresh_cookie: String,
    policy: KeyPolicy,
    leeway: Duration,
    max_token_size: usize,
    source: Source,
    /// The key sets of other servers by their URLs.
    others: Mutex<Recent<Arc<KeyCache>>>,
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

#[derive(Clone)]
enum Source {
    /// One key the user gave.
    Pinned(Arc<KeySet>),
    /// Published keys, the project's or another server's.
    Fetched(Arc<KeyCache>),
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
            let advice = "check the project ID and the base URL";
            let owner = format!("project `{project_id}` at {base_url}; {advice}");
            Source::Fetched(Arc::new(KeyCache::new(owner, Whose::Project)))
        };
        Ok(Self {
            project_id: project_id.to_owned(),
            refresh_cookie: refresh_cookie.to_owned(),
            policy,
            leeway,
            max_token_size: settings.max_token_size,
            source,
            others: Mutex::default(),
        })
    }

    /// Bytes of a token that comes from anyone but Descope.
    pub(crate) fn max_token_size(&self) -> usize {
        self.max_token_size
    }

    pub(crate) fn refresh_cookie(&self) -> &str {
        &self.refresh_cookie
    }

    /// Has keys at hand, or fails.
    pub(crate) fn warm_up(
        &self,
        context: &Context<'_>,
        server: Option<&str>,
    ) -> Result<(), TokenError> {
        let source = self.source(server);
        self.set(&source, context, None, Origin::Caller, Moment::now(context.clock)).map(drop)
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
        let signed = self.signed(context, &self.source, token, origin)?;
        Claims::read(
            signed.payload,
            &Rules {
                project_id: &self.project_id,
                audience: context.audience,
                leeway: self.leeway,
                now: signed.now.unix,
                refresh_cookie: (kind == Kind::Session).then_some(&self.refresh_cookie),
            },
        )
    }

    /// Checks an ID token, with the project's keys or those of another server.
    pub(crate) fn verify_id_token(
        &self,
        context: &Context<'_>,
        token: &str,
        origin: Origin,
        server: Option<&str>,
        rules: &IdTokenRules<'_>,
    ) -> Result<Claims, TokenError> {
        if origin == Origin::Caller {
            check::token_size("id_token", token, self.max_token_size)?;
        }
        let signed = self.signed(context, &self.source(server), token, origin)?;
        if signed.is_access_token {
            return Err(TokenError::Malformed);
        }
        let claims = Claims::parse(signed.payload)?;
        id_token::check(&claims, signed.algorithm, rules, self.leeway, signed.now.unix)?;
        Ok(claims)
    }

    /// Checks the signature of a token. Nothing of the payload is read before it holds.
    fn signed(
        &self,
        context: &Context<'_>,
        source: &Source,
        token: &str,
        origin: Origin,
    ) -> Result<Signed, TokenError> {
        let parts = Parts::split(token).ok_or_else(|| misused(token))?;
        let header = decode(parts.header)?;
        let header = Header::read(&header)?;
        let kid = header.kid.as_deref();
        if kid.is_none() && source.names_its_keys() {
            return Err(TokenError::UnknownKey); // which of the published keys could it be?
        }
        let now = Moment::now(context.clock);
        let set = self.set(source, context, kid, origin, now)?;
        let key = set.get(kid).ok_or(TokenError::UnknownKey)?;
        // The key decides; the header can only confirm it, or an attacker would choose the algorithm.
        if header.alg != key.algorithm() {
            return Err(TokenError::Algorithm);
        }
        key.verify(parts.message.as_bytes(), &decode(parts.signature)?)?;
        Ok(Signed {
            payload: decode(parts.payload)?,
            algorithm: key.algorithm(),
            is_access_token: header.is_access_token,
            now,
        })
    }

    /// The project's keys, or those that a server publishes at this URL.
    fn source(&self, server: Option<&str>) -> Source {
        let Some(url) = server else { return self.source.clone() };
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let cache = others.get(url).unwrap_or_else(|| {
            let owner = format!("the server whose keys are at {url}; check the issuer");
            Arc::new(KeyCache::new(owner, Whose::Server))
        });
        others.put(url, cache.clone());
        Source::Fetched(cache)
    }

    /// The keys, fetched if they are too old or `kid` is not among them.
    fn set(
        &self,
        source: &Source,
        context: &Context<'_>,
        kid: Option<&str>,
        origin: Origin,
        now: Moment,
    ) -> Result<Arc<KeySet>, TokenError> {
        let cache = match source {
            Source::Pinned(set) => return Ok(set.clone()),
            Source::Fetched(cache) => cache,
        };
        let wanted = Wanted { kid, origin, patience: context.patience, now };
        let limits = Limits { timeout: self.policy.fetch_timeout, body: KEY_SET_LIMIT };
        cache.get(&wanted, &self.policy, context.clock, &|| (context.fetch)(limits))
    }
}

impl Source {
    /// Whether each of its keys has a name that tokens must use.
    fn names_its_keys(&self) -> bool {
        matches!(self, Self::Fetched(cache) if cache.whose() == Whose::Project)
    }
}

/// A token whose signature holds.
struct Signed {
    payload: Vec<u8>,
    algorithm: &'static str,
    is_access_token: bool,
    now: Moment,
}

//! Local validation of tokens: header, key, signature, claims, in this order.

#[cfg(feature = "aws-lc-rs")]
mod by_aws_lc;
mod by_ring;
mod cache;
mod claims;
mod compact;
mod date;
mod decide;
mod history;
mod id_token;
mod members;
mod moment;
mod named;
mod policy;
#[cfg(feature = "web")]
mod proof;
mod registered;
mod remembered;
mod rules;
mod set;
mod shelf;
mod signature;
mod sought;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::cache::{KeyCache, Means, Stamp, Wanted};
#[cfg(feature = "web")]
pub(crate) use self::claims::ID_TOKEN_CLAIMS;
pub use self::claims::{Claims, Scope};
use self::compact::{Header, Parts, decode, misused};
pub(crate) use self::decide::Origin;
pub(crate) use self::id_token::IdTokenRules;
use self::moment::Moment;
pub(crate) use self::named::Named;
#[cfg(feature = "web")]
pub(crate) use self::named::payload;
pub use self::policy::KeyPolicy;
#[cfg(feature = "web")]
pub use self::proof::ProofError;
#[cfg(feature = "web")]
pub(crate) use self::proof::{Proof, proof_algorithms};
use self::registered::Registered;
use self::remembered::Remembered;
use self::rules::Rules;
pub(crate) use self::rules::{Audience, REFRESH_COOKIE};
use self::set::{KeySet, Whose};
use self::shelf::{Found, Shelf};
use self::signature::PublicKey;
use crate::check;
use crate::clock::Clock;
use crate::crypto::CryptoLibrary;
use crate::error::{Error, Result, StoreError, TokenError};
use crate::keys::{self, KeyStore};
use crate::recent::Recent;
use crate::time::UnixTime;
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
    library: CryptoLibrary,
    source: Source,
    remembered: Option<Remembered>,
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
    /// How many session tokens to remember once they are verified.
    pub(crate) remembered_tokens: usize,
    /// What checks signatures.
    pub(crate) library: CryptoLibrary,
    /// The program's own place for the published ones.
    pub(crate) key_store: Option<Box<dyn KeyStore>>,
}

/// What differs from one verification to the next.
pub(crate) struct Context<'c> {
    pub(crate) audience: Audience<'c>,
    pub(crate) clock: &'c dyn Clock,
    /// How long to wait for a fetch of another thread's.
    pub(crate) patience: Duration,
    /// Asks for the published keys, within these limits.
    pub(crate) fetch: &'c dyn Fn(Limits) -> Result<Response>,
    /// Takes what went wrong with the program's key store.
    pub(crate) report: &'c dyn Fn(&StoreError),
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
        let Settings { project_id, base_url, refresh_cookie, policy, leeway, library, .. } =
            settings;
        let source = if let Some(jwk) = settings.public_key {
            let set =
                KeySet::pinned(jwk, library).map_err(|why| Error::argument("public_key", why))?;
            Source::Pinned(Arc::new(set))
        } else {
            let advice = "check the project ID and the base URL";
            let owner = format!("project `{project_id}` at {base_url}; {advice}");
            let shelf = settings.key_store.map(|store| Shelf {
                store,
                project_id: project_id.to_owned(),
                base_url: base_url.to_owned(),
                library,
            });
            Source::Fetched(Arc::new(KeyCache::new(owner, Whose::Project, library, shelf)))
        };
        Ok(Self {
            project_id: project_id.to_owned(),
            refresh_cookie: refresh_cookie.to_owned(),
            policy,
            leeway,
            max_token_size: settings.max_token_size,
            library,
            source,
            remembered: (settings.remembered_tokens > 0)
                .then(|| Remembered::new(settings.remembered_tokens)),
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
        // Refresh tokens, which live for weeks, are not kept in memory.
        let remembered = self.remembered.as_ref().filter(|_| kind == Kind::Session);
        if let Some(remembered) = remembered {
            let now = Moment::now(context.clock);
            if let Some(claims) = remembered.get(token, |keys| self.is_current(keys, now)) {
                self.check(&claims, context, kind, now)?;
                return Ok(Claims::new(claims));
            }
        }
        let mut signed = self.signed(context, &self.source, token, origin)?;
        let claims = signed.claims()?;
        self.check(&claims, context, kind, signed.now)?;
        if let Some(remembered) = remembered {
            remembered.put(token, &claims, signed.keys);
        }
        Ok(Claims::new(claims))
    }

    /// Holds the claims of a token against the rules.
    fn check(
        &self,
        claims: &Registered,
        context: &Context<'_>,
        kind: Kind,
        now: Moment,
    ) -> Result<(), TokenError> {
        claims.check(&Rules {
            project_id: &self.project_id,
            audience: context.audience,
            leeway: self.leeway,
            now: now.unix,
            refresh_cookie: (kind == Kind::Session).then_some(&self.refresh_cookie),
        })
    }

    /// Whether the project's keys are still these, and need not be fetched again.
    fn is_current(&self, keys: Option<Stamp>, now: Moment) -> bool {
        match (&self.source, keys) {
            (Source::Pinned(_), None) => true,
            (Source::Fetched(cache), Some(keys)) => cache.is_current(keys, &self.policy, now),
            _ => false,
        }
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
        let mut signed = self.signed(context, &self.source(server), token, origin)?;
        if signed.is_access_token {
            return Err(TokenError::Malformed);
        }
        let claims = Claims::new(signed.claims()?);
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
        let now = Moment::now(context.clock);
        // Nearly all tokens have the same header. It need not be read each time.
        if let Some((set, keys)) = self.at_hand(source, now)
            && let Some(key) = set.of_usual_header(parts.header)
        {
            return Signed::verify(&parts, key, false, keys, now);
        }
        let header = decode(parts.header)?;
        let header = Header::read(&header)?;
        let kid = header.kid.as_deref();
        if kid.is_none() && source.names_its_keys() {
            return Err(TokenError::UnknownKey); // which of the published keys could it be?
        }
        let (set, keys) = self.set(source, context, kid, origin, now)?;
        let key = set.get(kid).ok_or(TokenError::UnknownKey)?;
        // The key decides; the header can only confirm it, or an attacker would choose the algorithm.
        if header.alg != key.algorithm() {
            return Err(TokenError::Algorithm);
        }
        let signed = Signed::verify(&parts, key, header.is_access_token, keys, now)?;
        if !header.is_access_token {
            key.note_header(parts.header);
        }
        Ok(signed)
    }

    /// The keys that need not be fetched, if there are any.
    fn at_hand(&self, source: &Source, now: Moment) -> Option<(Arc<KeySet>, Option<Stamp>)> {
        match source {
            Source::Pinned(set) => Some((set.clone(), None)),
            Source::Fetched(cache) => {
                let snapshot = cache.fresh(&self.policy, now)?;
                let stamp = snapshot.stamp();
                Some((snapshot.keys, Some(stamp)))
            }
        }
    }

    /// The project's keys, or those that a server publishes at this URL.
    fn source(&self, server: Option<&str>) -> Source {
        let Some(url) = server else { return self.source.clone() };
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let cache = others.get(url).unwrap_or_else(|| {
            let owner = format!("the server whose keys are at {url}; check the issuer");
            Arc::new(KeyCache::new(owner, Whose::Server, self.library, None))
        });
        others.put(url, cache.clone());
        Source::Fetched(cache)
    }

    /// The keys, fetched if they are too old or `kid` is not among them. If they can change, with a stamp.
    fn set(
        &self,
        source: &Source,
        context: &Context<'_>,
        kid: Option<&str>,
        origin: Origin,
        now: Moment,
    ) -> Result<(Arc<KeySet>, Option<Stamp>), TokenError> {
        let cache = match source {
            Source::Pinned(set) => return Ok((set.clone(), None)),
            Source::Fetched(cache) => cache,
        };
        let wanted = Wanted { kid, origin, patience: context.patience, now };
        let snapshot = self.with_means(context, |means| cache.get(&wanted, means))?;
        let stamp = snapshot.stamp();
        Ok((snapshot.keys, Some(stamp)))
    }

    fn with_means<T>(&self, context: &Context<'_>, with: impl FnOnce(Means<'_>) -> T) -> T {
        let fetch = |timeout| (context.fetch)(Limits { timeout, body: KEY_SET_LIMIT });
        let Context { clock, report, .. } = *context;
        with(Means { policy: &self.policy, clock, fetch: &fetch, report })
    }

    /// Fetches the project's keys ahead of their time.
    pub(crate) fn refresh_keys(&self, context: &Context<'_>) -> Result<(), TokenError> {
        let Source::Fetched(cache) = &self.source else { return Ok(()) };
        self.with_means(context, |means| cache.refresh(context.patience, means))
    }

    /// The project's keys as they were published, and when. `None` if one is pinned.
    pub(crate) fn key_set(
        &self,
        context: &Context<'_>,
    ) -> Result<Option<(Arc<str>, UnixTime)>, TokenError> {
        let Source::Fetched(cache) = &self.source else { return Ok(None) };
        self.warm_up(context, None)?;
        Ok(cache.published().map(|(jwks, unix)| (jwks, UnixTime::from_seconds(unix))))
    }

    /// Begins with a set of the program's, unless a key is pinned.
    pub(crate) fn begin_with(&self, set: &keys::KeySet, clock: &dyn Clock) -> Result<()> {
        let refuse = |why| Error::argument("key_set", why);
        let Source::Fetched(cache) = &self.source else { return Ok(()) };
        if KeySet::published(set.jwks().as_bytes(), Whose::Project, self.library).is_none() {
            return Err(refuse("holds no usable key"));
        }
        // One that is too old, or from the future of a clock that was set back, is not worth a failure.
        if let Ok(Some(found)) = Found::read(set, self.library, &self.policy, Moment::now(clock)) {
            cache.put(found, 0);
        }
        Ok(())
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
    /// The keys that it was checked with, if they can change.
    keys: Option<Stamp>,
    now: Moment,
}

impl Signed {
    fn verify(
        parts: &Parts<'_>,
        key: &PublicKey,
        is_access_token: bool,
        keys: Option<Stamp>,
        now: Moment,
    ) -> Result<Self, TokenError> {
        key.verify(parts.message.as_bytes(), &decode(parts.signature)?)?;
        let (payload, algorithm) = (decode(parts.payload)?, key.algorithm());
        Ok(Self { payload, algorithm, is_access_token, keys, now })
    }

    fn claims(&mut self) -> Result<Registered, TokenError> {
        let payload = String::from_utf8(std::mem::take(&mut self.payload)).ok();
        payload.and_then(Registered::read).ok_or(TokenError::Claim("payload"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    /// RFC 7517 appendix A.1.
    const JWK: &str = r#"{"kty":"EC","crv":"P-256","kid":"k1","alg":"ES256",
        "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;

    const SETTINGS: Settings<'_> = Settings {
        project_id: "P1",
        base_url: "https://api.descope.com",
        refresh_cookie: "DSR",
        policy: KeyPolicy::DEFAULT,
        leeway: Duration::ZERO,
        max_token_size: 100,
        public_key: Some(JWK),
        key_store: None,
        remembered_tokens: 5,
        library: CryptoLibrary::Ring,
    };

    fn verify(
        verifier: &Verifier,
        token: &str,
        kind: Kind,
        audience: &[String],
    ) -> Result<Claims, TokenError> {
        let fetch = |_: Limits| Err(Error::Config("nothing is fetched"));
        let clock = &SystemClock::default();
        let (patience, report) = (Duration::ZERO, &|_: &StoreError| {});
        let audience = Audience { any_of: audience, resource: None };
        let context = Context { audience, clock, patience, fetch: &fetch, report };
        verifier.verify(&context, token, kind, Origin::Caller)
    }

    /// A text that no check of signatures would accept shows when there is none.
    #[test]
    fn a_remembered_token_skips_the_signature_and_nothing_else() {
        let claims = |exp: i64| {
            let json = format!(r#"{{"iss":"P1","sub":"U1","drn":"DS","aud":"P1","exp":{exp}}}"#);
            Registered::read(json).unwrap()
        };
        let remember = |settings: Settings<'_>, exp: i64| {
            let verifier = Verifier::new(settings).unwrap();
            verifier.remembered.as_ref().unwrap().put("no token", &claims(exp), None);
            verifier
        };
        let session = |verifier: &Verifier| verify(verifier, "no token", Kind::Session, &[]);
        let (now, later) = (1_700_000_000, 4_102_444_800);
        let good = remember(SETTINGS, later);
        assert_eq!(session(&good).unwrap().user_id(), "U1");

        let malformed = Err(TokenError::Malformed);
        assert_eq!(session(&Verifier::new(SETTINGS).unwrap()), malformed);
        assert_eq!(verify(&good, "no token.", Kind::Session, &[]), malformed);
        assert_eq!(verify(&good, "no token", Kind::Any, &[]), malformed);
        let other = ["P2".to_owned()];
        let refused = verify(&good, "no token", Kind::Session, &other);
        assert_eq!(refused, Err(TokenError::Audience));
        let other = remember(Settings { project_id: "P2", ..SETTINGS }, later);
        assert_eq!(session(&other), Err(TokenError::Issuer));
        let other = remember(Settings { refresh_cookie: "__Host-DS", ..SETTINGS }, later);
        assert_eq!(session(&other), Err(TokenError::NotASession));
        let expired = session(&remember(SETTINGS, now));
        assert!(matches!(expired, Err(TokenError::Expired { .. })));
        let (argument, limit) = ("session_token", 100);
        let large = verify(&good, &"a".repeat(101), Kind::Session, &[]);
        assert_eq!(large, Err(TokenError::TooLarge { argument, limit }));
        // Keys that can change are not current without a stamp.
        let fetching = remember(Settings { public_key: None, ..SETTINGS }, later);
        assert_eq!(session(&fetching), Err(TokenError::Malformed));
    }
}

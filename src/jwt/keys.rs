//! The cache of a project's signing keys.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Origin;
use super::signature::PublicKey;
use crate::clock::Clock;
use crate::error::{Error, Result, TokenError};
use crate::transport::Response;

/// How signing keys are cached.
///
/// Keys are fetched when the first token is validated, and again when they are older than
/// [`max_age`](Self::max_age) or a token names one that is not there. One thread fetches; the others
/// go on with the keys they have. Whatever tokens come, there are at most two fetches per
/// [`cooldown`](Self::cooldown): one because of age, one because of an unknown key. Descope's own
/// answers, with tokens just bought, have one more.
///
/// | event | what happens |
/// |---|---|
/// | a key is rotated in | the first token that names it makes the keys be fetched, at most once per cooldown |
/// | a key is removed | its tokens are refused after `max_age` at the latest |
/// | keys cannot be fetched | those at hand serve until `max_stale`, then [`TokenError::KeysUnavailable`] |
/// | forged tokens with made-up keys | [`TokenError::UnknownKey`]; one fetch per cooldown for all of them |
///
/// ```
/// use std::time::Duration;
/// use descope::{Client, KeyPolicy};
///
/// let client = Client::builder()
///     .project_id("P2abc")
///     .keys(KeyPolicy::default().max_age(Duration::from_secs(300)).max_stale(Duration::ZERO))
///     .build()?;
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct KeyPolicy {
    pub(crate) max_age: Duration,
    pub(crate) cooldown: Duration,
    pub(crate) max_stale: Duration,
    pub(crate) fetch_timeout: Duration,
}

impl Default for KeyPolicy {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(10 * 60),
            cooldown: Duration::from_secs(30),
            max_stale: Duration::from_secs(60 * 60),
            fetch_timeout: Duration::from_secs(5),
        }
    }
}

impl KeyPolicy {
    /// The age at which keys are fetched again, counted from the last fetch and not from their last
    /// use. Defaults to 10 minutes.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// The least time between two fetches for the same reason, counted from the attempt and whatever
    /// its outcome. Defaults to 30 seconds.
    pub fn cooldown(mut self, time: Duration) -> Self {
        self.cooldown = time;
        self
    }

    /// The age to which keys serve while they cannot be fetched again. Anything under `max_age`, such
    /// as zero, means not a moment longer than that. Defaults to 1 hour.
    pub fn max_stale(mut self, age: Duration) -> Self {
        self.max_stale = age;
        self
    }

    /// The time for one fetch, which is not retried. Defaults to 5 seconds.
    pub fn fetch_timeout(mut self, timeout: Duration) -> Self {
        self.fetch_timeout = timeout;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.max_age <= self.cooldown {
            return Err(Error::argument("max_age", "must be longer than the cooldown"));
        }
        if self.fetch_timeout.is_zero() {
            return Err(Error::argument("fetch_timeout", "must not be zero"));
        }
        Ok(())
    }
}

/// Public keys by their `kid`.
#[derive(Clone, Default)]
pub(super) struct KeySet {
    keys: HashMap<String, PublicKey>,
    /// The one key of a set that was given, for tokens that name none.
    only: Option<PublicKey>,
}

impl KeySet {
    pub(super) fn pinned(jwk: &str) -> Result<Self, &'static str> {
        let (kid, key) = PublicKey::from_jwk(jwk)?;
        Ok(match kid {
            Some(kid) => Self { keys: HashMap::from([(kid, key.clone())]), only: Some(key) },
            None => Self { keys: HashMap::new(), only: Some(key) },
        })
    }

    /// Reads a published set, each key for itself: one that this version cannot use does not spoil
    /// the others. Two different keys of one name are both left out, as neither can be meant.
    fn published(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Published<'a> {
            #[serde(borrow)]
            keys: Vec<&'a RawValue>,
        }

        let set: Published<'_> = serde_json::from_slice(body).ok()?;
        let mut found = HashMap::new();
        for jwk in set.keys {
            let Ok((Some(kid), key)) = PublicKey::from_jwk(jwk.get()) else { continue };
            match found.entry(kid) {
                Entry::Vacant(entry) => drop(entry.insert(Some((jwk.get(), key)))),
                Entry::Occupied(mut entry) => {
                    if entry.get().as_ref().is_none_or(|(json, _)| *json != jwk.get()) {
                        entry.insert(None);
                    }
                }
            }
        }
        let keys: HashMap<_, _> =
            found.into_iter().filter_map(|(kid, key)| Some((kid, key?.1))).collect();
        (!keys.is_empty()).then_some(Self { keys, only: None })
    }

    pub(super) fn get(&self, kid: Option<&str>) -> Option<&PublicKey> {
        match kid {
            Some(kid) => self.keys.get(kid),
            None => self.only.as_ref(),
        }
    }
}

/// The keys of the last fetch that brought some.
#[derive(Clone)]
struct Snapshot {
    keys: Arc<KeySet>,
    /// When that fetch began.
    at: Duration,
}

impl Snapshot {
    /// Whether it may serve for `kid`; no `kid` is any.
    fn serves(&self, kid: Option<&str>, age_limit: Duration, now: Duration) -> bool {
        now.saturating_sub(self.at) < age_limit
            && kid.is_none_or(|kid| self.keys.get(Some(kid)).is_some())
    }
}

/// What a fetch may take beyond its timeout, in waking threads and the like.
const MARGIN: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct KeyCache {
    snapshot: RwLock<Option<Snapshot>>,
    fetches: Mutex<Fetches>,
    /// Notified when a fetch has ended.
    ended: Condvar,
}

/// What happened, and happens, at the server. No lock is held while it does.
#[derive(Default)]
struct Fetches {
    under_way: bool,
    /// How many have ended.
    ended: u64,
    /// When the last fetch for each [`Reason`] began.
    last: [Option<Duration>; 3],
    /// Why the last one failed, if it did.
    failure: Option<String>,
}

#[derive(Clone, Copy)]
enum Reason {
    Age = 0,
    UnknownKey = 1,
    /// An unknown key of a token that Descope has just sent.
    Answer = 2,
}

/// What keys are asked for.
pub(super) struct Wanted<'k> {
    /// The key; any, if none is named.
    pub(super) kid: Option<&'k str>,
    pub(super) origin: Origin,
    /// How long to wait for a fetch of another thread's.
    pub(super) patience: Duration,
}

impl KeyCache {
    /// The keys to look for a key in.
    pub(super) fn get(
        &self,
        wanted: &Wanted<'_>,
        policy: &KeyPolicy,
        clock: &dyn Clock,
        fetch: impl FnOnce() -> Result<Response>,
    ) -> Result<Arc<KeySet>, TokenError> {
        let (kid, now) = (wanted.kid, clock.monotonic());
        // The keys if they will do, else what there is.
        let fresh = || match self.snapshot() {
            Some(seen) if seen.serves(kid, policy.max_age, now) => Ok(seen.keys),
            seen => Err(seen),
        };
        let seen = match fresh() {
            Ok(keys) => return Ok(keys),
            Err(seen) => seen,
        };
        let stale = seen.filter(|s| s.serves(kid, policy.max_stale, now)).map(|s| s.keys);

        let mut fetches = self.fetches();
        let patience = policy.fetch_timeout.saturating_add(MARGIN).min(wanted.patience);
        let begun = Instant::now();
        // One that has ended may have begun before this key was published, and another thread may
        // have begun the next one since.
        while fetches.under_way {
            if let Some(keys) = stale {
                return Ok(keys);
            }
            fetches = self.wait(fetches, patience.saturating_sub(begun.elapsed()))?;
            if let Ok(keys) = fresh() {
                return Ok(keys);
            }
            if fetches.failure.is_some() && !fetches.under_way {
                return self.conclude(kid, policy, now, &fetches, None);
            }
        }
        let seen = match fresh() {
            Ok(keys) => return Ok(keys), // fetched by another thread meanwhile
            Err(seen) => seen,
        };
        let due = seen.is_none_or(|s| now.saturating_sub(s.at) >= policy.max_age);
        let rested = |reason: &Reason| {
            let last = fetches.last[*reason as usize];
            last.is_none_or(|last| now.saturating_sub(last) >= policy.cooldown)
        };
        let reasons: &[Reason] = match (due, &stale) {
            (true, Some(_)) => &[Reason::Age],
            (true, None) => &[Reason::Age, Reason::UnknownKey, Reason::Answer],
            (false, _) => &[Reason::UnknownKey, Reason::Answer],
        };
        let open =
            |reason: &&Reason| !matches!(reason, Reason::Answer) || wanted.origin == Origin::Answer;
        let Some(reason) = reasons.iter().filter(open).find(|reason| rested(reason)) else {
            return self.conclude(kid, policy, now, &fetches, stale);
        };
        fetches.last[*reason as usize] = Some(now);
        fetches.under_way = true;
        drop(fetches);

        let mut ending = Ending { cache: self, failure: Some("the fetch was aborted".to_owned()) };
        ending.failure = match fetch().map(|response| KeySet::published(response.body())) {
            Ok(Some(keys)) => {
                let keys = Some(Snapshot { keys: Arc::new(keys), at: now });
                *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = keys;
                None
            }
            Ok(None) => Some("the answer holds no usable key".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        drop(ending);
        self.conclude(kid, policy, now, &self.fetches(), stale)
    }

    /// Waits for the fetch under way, which is somebody else's, and not for ever.
    fn wait<'m>(
        &self,
        fetches: MutexGuard<'m, Fetches>,
        limit: Duration,
    ) -> Result<MutexGuard<'m, Fetches>, TokenError> {
        let awaited = fetches.ended;
        let (fetches, timeout) = self
            .ended
            .wait_timeout_while(fetches, limit, |fetches| {
                fetches.under_way && fetches.ended == awaited
            })
            .unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return Err(TokenError::KeysUnavailable("the fetch takes too long".to_owned()));
        }
        Ok(fetches)
    }

    /// The answer once there is nothing more to fetch.
    fn conclude(
        &self,
        kid: Option<&str>,
        policy: &KeyPolicy,
        now: Duration,
        fetches: &Fetches,
        stale: Option<Arc<KeySet>>,
    ) -> Result<Arc<KeySet>, TokenError> {
        if let Some(fresh) = self.snapshot().filter(|s| s.serves(kid, policy.max_age, now)) {
            return Ok(fresh.keys);
        }
        match (&fetches.failure, stale) {
            // The set is as new as can be, and the key is not in it.
            (None, _) => Err(TokenError::UnknownKey),
            (Some(_), Some(keys)) => Ok(keys),
            (Some(failure), None) => Err(TokenError::KeysUnavailable(failure.clone())),
        }
    }

    fn snapshot(&self) -> Option<Snapshot> {
        self.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fetches(&self) -> MutexGuard<'_, Fetches> {
        self.fetches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a fetch, also when the transport panics.
struct Ending<'c> {
    cache: &'c KeyCache,
    failure: Option<String>,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut fetches = self.cache.fetches();
        fetches.under_way = false;
        fetches.ended += 1;
        fetches.failure = self.failure.take();
        drop(fetches);
        self.cache.ended.notify_all();
    }
}

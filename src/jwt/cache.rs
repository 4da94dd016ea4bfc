//! The cache of a project's signing keys: carries out what [`decide`] says.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::decide::{Decision, Held, Lookup, Moment, Origin, Refusal, decide};
use super::history::{History, Reason};
use super::policy::KeyPolicy;
use super::set::{KeySet, Whose};
use crate::clock::Clock;
use crate::crypto::CryptoLibrary;
use crate::error::{Error, KeysError, Result, TokenError};
use crate::json::DecodeError;
use crate::transport::{Response, TransportError, TransportErrorKind};

/// The keys of the last fetch that brought some.
#[derive(Clone)]
pub(super) struct Snapshot {
    pub(super) keys: Arc<KeySet>,
    fetch: u64,
    at: Moment,
    /// Counts the snapshots.
    number: u64,
}

impl Snapshot {
    /// As [`decide`] sees it; no `kid` is any.
    fn held(&self, kid: Option<&str>) -> Held {
        let has_key = kid.is_none_or(|kid| self.keys.get(Some(kid)).is_some());
        Held { has_key, fetch: self.fetch, at: self.at }
    }

    /// What tells this snapshot from others.
    pub(super) fn stamp(&self) -> Stamp {
        Stamp { number: self.number, keys: self.held(None) }
    }
}

/// Says which keys a token was checked with, without holding them.
#[derive(Clone, Copy)]
pub(super) struct Stamp {
    number: u64,
    keys: Held,
}

/// The newest snapshot. Whether it is a certain one can be asked without a lock, by many threads at once.
#[derive(Default)]
struct Newest {
    snapshot: RwLock<Option<Snapshot>>,
    number: AtomicU64,
}

impl Newest {
    fn get(&self) -> Option<Snapshot> {
        self.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is(&self, stamp: Stamp) -> bool {
        self.number.load(Ordering::Acquire) == stamp.number
    }

    fn replace(&self, keys: KeySet, fetch: u64, at: Moment) {
        let mut snapshot = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        let number = self.number.load(Ordering::Relaxed) + 1;
        *snapshot = Some(Snapshot { keys: Arc::new(keys), fetch, at, number });
        self.number.store(number, Ordering::Release);
    }
}

/// What a fetch may take beyond its timeout, in waking threads and the like.
const MARGIN: Duration = Duration::from_secs(1);

pub(super) struct KeyCache {
    /// Whose keys, for errors: the project and its host, and what to check if there are none.
    owner: Arc<str>,
    whose: Whose,
    library: CryptoLibrary,
    /// Apart from the log, so that tokens whose key is at hand never meet the lock of a fetch.
    newest: Newest,
    log: Mutex<Log>,
    /// Notified when a fetch has ended.
    ended: Condvar,
}

/// What happened, and happens, at the server. No lock is held while it does.
#[derive(Default)]
struct Log {
    history: History,
    /// Why the last fetch failed, if it did.
    failure: Option<KeysError>,
    sought: Sought,
}

/// The keys that tokens have named in vain, each with the last fetch that had begun by then: once a
/// later fetch has not brought the key either, it is known to be unknown. Anyone can make up names, so
/// the oldest are forgotten, and only their hashes are kept.
#[derive(Default)]
struct Sought {
    hasher: RandomState,
    first_seen: VecDeque<(u64, u64)>,
}

const MAX_SOUGHT: usize = 64;

impl Sought {
    /// Notes that a key was named, and says which fetch was the last to have begun when it first was.
    /// What an `outdated` fetch, which is not recent any more, has shown is forgotten.
    fn first_seen(&mut self, kid: &str, begun: u64, outdated: Option<u64>) -> u64 {
        let hash = self.hasher.hash_one(kid);
        if let Some((_, seen)) = self.first_seen.iter_mut().find(|(known, _)| *known == hash) {
            if outdated.is_some_and(|fetch| fetch > *seen) {
                *seen = begun;
            }
            return *seen;
        }
        if self.first_seen.len() == MAX_SOUGHT {
            self.first_seen.pop_front();
        }
        self.first_seen.push_back((hash, begun));
        begun
    }
}

/// What keys are asked for.
pub(super) struct Wanted<'k> {
    /// The key; any, if none is named.
    pub(super) kid: Option<&'k str>,
    pub(super) origin: Origin,
    /// How long to wait for a fetch of another thread's.
    pub(super) patience: Duration,
    pub(super) now: Moment,
}

/// Asks the server for the keys.
pub(super) type Fetch<'f> = &'f dyn Fn() -> Result<Response>;

impl KeyCache {
    pub(super) fn new(owner: String, whose: Whose, library: CryptoLibrary) -> Self {
        Self {
            owner: owner.into(),
            whose,
            library,
            newest: Newest::default(),
            log: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    pub(super) fn whose(&self) -> Whose {
        self.whose
    }

    /// The keys to look for a key in.
    pub(super) fn get(
        &self,
        wanted: &Wanted<'_>,
        policy: &KeyPolicy,
        clock: &dyn Clock,
        fetch: Fetch<'_>,
    ) -> Result<Snapshot, TokenError> {
        match self.fresh(policy, wanted.now) {
            Some(seen) if seen.held(wanted.kid).has_key => Ok(seen),
            _ => self.look_up(wanted, policy, clock, fetch),
        }
    }

    /// The keys at hand, unless they are to be fetched again.
    pub(super) fn fresh(&self, policy: &KeyPolicy, now: Moment) -> Option<Snapshot> {
        self.newest.get().filter(|seen| seen.held(None).is_fresh(policy, now))
    }

    /// Whether the keys of a stamp are those that a token would be checked with now, and still are fresh.
    pub(super) fn is_current(&self, stamp: Stamp, policy: &KeyPolicy, now: Moment) -> bool {
        self.newest.is(stamp) && stamp.keys.is_fresh(policy, now)
    }

    #[cold]
    fn look_up(
        &self,
        wanted: &Wanted<'_>,
        policy: &KeyPolicy,
        clock: &dyn Clock,
        fetch: Fetch<'_>,
    ) -> Result<Snapshot, TokenError> {
        let patience = policy.fetch_timeout.saturating_add(MARGIN).min(wanted.patience);
        let started = Instant::now();
        let mut log = self.log();
        let lookup = log.lookup(wanted, self.newest.get(), policy);
        loop {
            let (seen, now) = (self.newest.get(), Moment::now(clock));
            let held = seen.as_ref().map(|seen| seen.held(wanted.kid));
            match decide(&log.history, held, &lookup, policy, now) {
                Decision::Serve => {
                    return seen.ok_or(TokenError::UnknownKey);
                }
                Decision::Wait => {
                    log = self.wait(log, patience.saturating_sub(started.elapsed()))?;
                }
                Decision::Fetch(reason) => {
                    self.fetch(log, reason, now, clock, fetch);
                    log = self.log();
                }
                Decision::Refuse(refusal) => return Err(log.refuse(refusal)),
            }
        }
    }

    /// Fetches the keys, without the lock: a fetch may take seconds, and runs code of the program's own where
    /// that brings its transport.
    fn fetch(
        &self,
        mut log: MutexGuard<'_, Log>,
        reason: Reason,
        at: Moment,
        clock: &dyn Clock,
        fetch: Fetch<'_>,
    ) {
        let number = log.history.begin(reason, at.monotonic);
        drop(log);
        let aborted = TransportError::new(TransportErrorKind::Other, "the fetch was aborted");
        // What counts if the transport panics: those who wait get an error instead of waiting for ever.
        let mut ending = Ending { cache: self, clock, failure: Some(aborted.into()) };
        let published = |response: Response| {
            let unusable = || DecodeError::new("the key set holds no usable key").into();
            KeySet::published(response.body(), self.whose, self.library).ok_or_else(unusable)
        };
        ending.failure = match fetch().and_then(published) {
            Ok(keys) => {
                self.newest.replace(keys, number, at);
                None
            }
            Err(error) => Some(error),
        };
    }

    /// Waits for the fetch under way, which is somebody else's, and not for ever.
    fn wait<'m>(
        &self,
        log: MutexGuard<'m, Log>,
        limit: Duration,
    ) -> Result<MutexGuard<'m, Log>, TokenError> {
        let awaited = log.history.begun;
        let (log, timeout) = self
            .ended
            .wait_timeout_while(log, limit, |log| {
                log.history.under_way && log.history.begun == awaited
            })
            .unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            let cause = "another thread's fetch of the signing keys takes too long";
            let error = TransportError::new(TransportErrorKind::Timeout, cause).into();
            return Err(KeysError::new(error, self.owner.clone()).into());
        }
        Ok(log)
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn lookup(
        &mut self,
        wanted: &Wanted<'_>,
        seen: Option<Snapshot>,
        policy: &KeyPolicy,
    ) -> Lookup {
        let (begun, ended) = (self.history.begun, self.history.ended());
        let held = seen.map(|seen| seen.held(wanted.kid));
        let first_seen = match (wanted.kid, wanted.origin) {
            (Some(kid), Origin::Caller) if held.is_none_or(|held| !held.has_key) => {
                let outdated = held.filter(|held| !held.is_recent(policy, wanted.now));
                self.sought.first_seen(kid, begun, outdated.map(|held| held.fetch))
            }
            // What others have asked for says nothing of a token that was made just now.
            _ => begun,
        };
        Lookup { origin: wanted.origin, begun, ended, first_seen }
    }

    fn refuse(&self, refusal: Refusal) -> TokenError {
        match (refusal, &self.failure) {
            (Refusal::Unavailable(wait), Some(failure)) => failure.after(wait).into(),
            (Refusal::Unavailable(retry_after) | Refusal::Pending(retry_after), _) => {
                TokenError::KeyPending { retry_after }
            }
            (Refusal::UnknownKey, _) => TokenError::UnknownKey,
        }
    }
}

/// Ends a fetch, also when the transport panics.
struct Ending<'c> {
    cache: &'c KeyCache,
    clock: &'c dyn Clock,
    failure: Option<Error>,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        // Before the lock: the clock may be the program's own.
        let now = self.clock.monotonic();
        let mut log = self.cache.log();
        match &self.failure {
            Some(error) => log.history.fail(now, error.retry_after()),
            None => log.history.succeed(),
        }
        let owner = &self.cache.owner;
        log.failure = self.failure.take().map(|error| KeysError::new(error, owner.clone()));
        drop(log);
        self.cache.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_named_in_vain_is_remembered_until_a_later_fetch_is_old() {
        let mut sought = Sought::default();
        assert_eq!(sought.first_seen("a", 1, None), 1);
        assert_eq!(sought.first_seen("a", 2, None), 1);
        // A fetch that had begun by then has shown nothing, however old it is.
        assert_eq!(sought.first_seen("a", 2, Some(1)), 1);
        assert_eq!(sought.first_seen("b", 2, Some(1)), 2);
        assert_eq!(sought.first_seen("a", 3, Some(2)), 3);
        assert_eq!((sought.first_seen("a", 4, None), sought.first_seen("b", 4, None)), (3, 2));
    }

    #[test]
    fn of_many_made_up_keys_the_oldest_is_forgotten() {
        let mut sought = Sought::default();
        let names: Vec<_> = (0..MAX_SOUGHT).map(|index| index.to_string()).collect();
        for name in &names {
            assert_eq!(sought.first_seen(name, 1, None), 1);
        }
        assert_eq!(sought.first_seen("one more", 2, None), 2);
        assert!(names[1..].iter().all(|name| sought.first_seen(name, 3, None) == 1));
        assert_eq!(sought.first_seen(&names[0], 3, None), 3);
        assert_eq!(sought.first_seen.len(), MAX_SOUGHT);
    }

    #[test]
    fn only_what_a_caller_names_and_is_not_at_hand_is_noted() {
        // RFC 7517 appendix A.1.
        let jwk = r#"{"kty":"EC","crv":"P-256","kid":"k1","alg":"ES256",
            "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;
        let (keys, at) =
            (Arc::new(KeySet::pinned(jwk, CryptoLibrary::Ring).unwrap()), Moment::default());
        let (seen, mut log) = (Snapshot { keys, fetch: 1, at, number: 1 }, Log::default());
        for (kid, origin, noted) in [
            (None, Origin::Caller, 0),
            (Some("k1"), Origin::Caller, 0),
            (Some("k2"), Origin::Answer, 0),
            (Some("k2"), Origin::Caller, 1),
        ] {
            let wanted = Wanted { kid, origin, patience: Duration::ZERO, now: at };
            log.lookup(&wanted, Some(seen.clone()), &KeyPolicy::default());
            assert_eq!(log.sought.first_seen.len(), noted, "{kid:?} {origin:?}");
        }
    }
}

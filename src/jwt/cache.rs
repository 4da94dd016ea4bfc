//! The cache of a project's signing keys: carries out what [`decide`] says.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::decide::{Decision, Held, Lookup, Origin, Refusal, decide};
use super::history::{History, Reason};
use super::moment::Moment;
use super::policy::KeyPolicy;
use super::set::{KeySet, Whose};
use super::shelf::{Found, Report, Shelf};
use super::sought::Sought;
use crate::clock::Clock;
use crate::crypto::CryptoLibrary;
use crate::error::{Error, KeysError, Result, TokenError};
use crate::json::DecodeError;
use crate::transport::{Response, TransportError, TransportErrorKind};

/// The keys of the last fetch that brought some.
#[derive(Clone)]
pub(super) struct Snapshot {
    pub(super) keys: Arc<KeySet>,
    /// As they were published.
    jwks: Arc<str>,
    /// The number of the fetch; 0 for keys that others have fetched.
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

    /// Keys that others have fetched count only if they are newer.
    fn replace(&self, found: Found, fetch: u64) {
        let Found { keys, jwks, at, .. } = found;
        let mut snapshot = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        let is_old = |seen: &Snapshot| {
            seen.at.unix > at.unix || seen.at.unix == at.unix && seen.jwks == jwks
        };
        if fetch == 0 && snapshot.as_ref().is_some_and(is_old) {
            return;
        }
        let number = self.number.load(Ordering::Relaxed) + 1;
        *snapshot = Some(Snapshot { keys: Arc::new(keys), jwks, fetch, at, number });
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
    /// The program's own place for the keys.
    shelf: Option<Shelf>,
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

/// What keys are asked for.
pub(super) struct Wanted<'k> {
    /// The key; any, if none is named.
    pub(super) kid: Option<&'k str>,
    pub(super) origin: Origin,
    /// How long to wait for a fetch of another thread's.
    pub(super) patience: Duration,
    pub(super) now: Moment,
}

/// What a lookup is made with.
#[derive(Clone, Copy)]
pub(super) struct Means<'m> {
    pub(super) policy: &'m KeyPolicy,
    pub(super) clock: &'m dyn Clock,
    /// Asks the server for the keys, within this time.
    pub(super) fetch: &'m dyn Fn(Duration) -> Result<Response>,
    pub(super) report: Report<'m>,
}

impl KeyCache {
    pub(super) fn new(
        owner: String,
        whose: Whose,
        library: CryptoLibrary,
        shelf: Option<Shelf>,
    ) -> Self {
        Self {
            owner: owner.into(),
            whose,
            library,
            shelf,
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
        means: Means<'_>,
    ) -> Result<Snapshot, TokenError> {
        match self.fresh(means.policy, wanted.now) {
            Some(seen) if seen.held(wanted.kid).has_key => Ok(seen),
            _ => self.look_up(wanted, means),
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
    fn look_up(&self, wanted: &Wanted<'_>, means: Means<'_>) -> Result<Snapshot, TokenError> {
        let Means { policy, clock, .. } = means;
        let patience = policy.fetch_timeout.saturating_add(MARGIN).min(wanted.patience);
        let started = Instant::now();
        let mut unread = self.shelf.as_ref();
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
                    if let Some(shelf) = unread.take() {
                        drop(log);
                        let found = shelf.load(policy, now, means.report);
                        log = self.log();
                        if let Some(found) = found {
                            log.history.merge(found.sought);
                            self.put(found, 0);
                        }
                        continue;
                    }
                    self.fetch(log, reason, now, wanted.kid, means);
                    log = self.log();
                }
                Decision::Refuse(refusal) => return Err(log.refuse(refusal)),
            }
        }
    }

    /// Fetches the keys, without the lock: a fetch may take seconds, and runs code of the program's own where
    /// that brings its transport or its store.
    fn fetch(
        &self,
        mut log: MutexGuard<'_, Log>,
        reason: Reason,
        at: Moment,
        kid: Option<&str>,
        means: Means<'_>,
    ) {
        let number = log.history.begin();
        if self.shelf.is_none() {
            log.history.spend(reason, at);
        }
        drop(log);
        let clock = means.clock;
        let aborted = TransportError::new(TransportErrorKind::Other, "the fetch was aborted");
        // What counts if the transport panics: those who wait get an error instead of waiting for ever.
        let mut ending = Ending { cache: self, clock, end: End::Failed(aborted.into()) };
        let Some(shelf) = &self.shelf else {
            ending.end = self.ask(number, at, means.policy.fetch_timeout, means);
            return;
        };
        self.fetch_for_all(shelf, ending, number, reason, kid, means);
    }

    /// Fetches the keys for all processes that share the store, unless another one has just done so.
    fn fetch_for_all(
        &self,
        shelf: &Shelf,
        mut ending: Ending<'_>,
        number: u64,
        reason: Reason,
        kid: Option<&str>,
        means: Means<'_>,
    ) {
        let Means { policy, clock, report, .. } = means;
        let timeout = policy.fetch_timeout;
        // The others wait here, and find what the one that fetches has saved.
        let (started, before) = (Instant::now(), self.newest.get());
        let lock = shelf.lock(timeout / 2, report);
        let now = Moment::now(clock);
        let mut stored = [None; 2];
        if let Some(found) = shelf.load(policy, now, report) {
            stored = found.sought;
            let will_do = found.suffices(kid, policy, now)
                && before.is_none_or(|before| found.is_newer_than(before.at, kid));
            // One that will not do may still be newer than the one at hand.
            self.put(found, if will_do { number } else { 0 });
            if will_do {
                ending.end = End::Fetched;
                return;
            }
        }
        let Some(mut sought) = self.spend(reason, stored, policy, now) else {
            ending.end = End::CalledOff;
            return;
        };
        ending.end = self.ask(number, now, timeout.saturating_sub(started.elapsed()), means);
        let has_failed = matches!(ending.end, End::Failed(_));
        // Threads that wait for the keys need not wait for the disk.
        drop(ending);
        if has_failed {
            if reason != Reason::UnknownKey {
                return;
            }
            // That there was a fetch for an unknown key counts for all processes. The set that is saved with its time
            // must not be older than one that was saved meanwhile.
            if let Some(found) = shelf.load(policy, Moment::now(clock), report) {
                sought = self.merge(found.sought);
                self.put(found, 0);
            }
        }
        if let Some(seen) = self.newest.get() {
            shelf.save(&seen.jwks, seen.at, sought, report);
        }
        drop(lock);
    }

    /// Counts a request to the server together with those of other processes. Says when keys that are in no set were
    /// looked for, or `None` if there may be no request.
    fn spend(
        &self,
        reason: Reason,
        stored: [Option<Moment>; 2],
        policy: &KeyPolicy,
        now: Moment,
    ) -> Option<[Option<Moment>; 2]> {
        let mut log = self.log();
        log.history.merge(stored);
        if !log.history.allows(reason, policy, now) {
            return None;
        }
        log.history.spend(reason, now);
        Some(log.history.sought())
    }

    fn merge(&self, stored: [Option<Moment>; 2]) -> [Option<Moment>; 2] {
        let mut log = self.log();
        log.history.merge(stored);
        log.history.sought()
    }

    /// Asks the server for the keys, and keeps them.
    fn ask(&self, number: u64, at: Moment, timeout: Duration, means: Means<'_>) -> End {
        let unusable = || DecodeError::new("the key set holds no usable key");
        let fetched = (means.fetch)(timeout).and_then(|response| {
            let keys = KeySet::published(response.body(), self.whose, self.library);
            let jwks = String::from_utf8_lossy(response.body()).into();
            Ok((keys.ok_or_else(unusable)?, jwks))
        });
        match fetched {
            Ok((keys, jwks)) => {
                self.put(Found { keys, jwks, at, sought: [None; 2] }, number);
                End::Fetched
            }
            Err(error) => End::Failed(error),
        }
    }

    /// Keeps a set that is newer than the one at hand.
    pub(super) fn put(&self, found: Found, fetch: u64) {
        self.newest.replace(found, fetch);
    }

    /// Fetches the keys ahead of their time, unless that was done a moment ago.
    pub(super) fn refresh(&self, patience: Duration, means: Means<'_>) -> Result<(), TokenError> {
        let Means { policy, clock, .. } = means;
        let patience = policy.fetch_timeout.saturating_add(MARGIN).min(patience);
        let started = Instant::now();
        if let Some(found) = self
            .shelf
            .as_ref()
            .and_then(|shelf| shelf.load(policy, Moment::now(clock), means.report))
        {
            self.put(found, 0);
        }
        let mut log = self.log();
        let (begun, ended) = (log.history.begun, log.history.ended());
        loop {
            let (seen, now) = (self.newest.get(), Moment::now(clock));
            let held = seen.map(|seen| seen.held(None));
            if held.is_some_and(|held| held.fetch > begun || held.is_recent(policy, now)) {
                return Ok(());
            }
            if log.history.under_way {
                log = self.wait(log, patience.saturating_sub(started.elapsed()))?;
                continue;
            }
            let reason = if held.is_some() { Reason::Age } else { Reason::NoKeys };
            let has_failed = log.history.failure.is_some_and(|failure| failure.fetch > ended);
            match log.history.next(std::iter::once(reason), policy, now.monotonic) {
                Ok(reason) if !has_failed => {
                    self.fetch(log, reason, now, None, means);
                    log = self.log();
                }
                next => {
                    let wait = next.err().unwrap_or_default();
                    return Err(log.refuse(Refusal::Unavailable(wait)));
                }
            }
        }
    }

    /// The set at hand, as it was published, and when.
    pub(super) fn published(&self) -> Option<(Arc<str>, i64)> {
        self.newest.get().map(|seen| (seen.jwks, seen.at.unix))
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

/// What came of a fetch.
enum End {
    Fetched,
    Failed(Error),
    /// The server was not asked.
    CalledOff,
}

/// Ends a fetch, also when the transport panics.
struct Ending<'c> {
    cache: &'c KeyCache,
    clock: &'c dyn Clock,
    end: End,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        // Before the lock: the clock may be the program's own.
        let now = Moment::now(self.clock).monotonic;
        let mut log = self.cache.log();
        match std::mem::replace(&mut self.end, End::CalledOff) {
            End::Fetched => {
                log.history.succeed();
                log.failure = None;
            }
            End::Failed(error) => {
                log.history.fail(now, error.retry_after());
                log.failure = Some(KeysError::new(error, self.cache.owner.clone()));
            }
            End::CalledOff => log.history.call_off(),
        }
        drop(log);
        self.cache.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_caller_names_and_is_not_at_hand_is_noted() {
        // RFC 7517 appendix A.1.
        let jwk = r#"{"kty":"EC","crv":"P-256","kid":"k1","alg":"ES256",
            "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;
        let keys = Arc::new(KeySet::pinned(jwk, CryptoLibrary::Ring).unwrap());
        let at = Moment::default();
        let seen = Snapshot { keys, jwks: jwk.into(), fetch: 1, at, number: 1 };
        let mut log = Log::default();
        for (kid, origin, noted) in [
            (None, Origin::Caller, 0),
            (Some("k1"), Origin::Caller, 0),
            (Some("k2"), Origin::Answer, 0),
            (Some("k2"), Origin::Caller, 1),
        ] {
            let wanted = Wanted { kid, origin, patience: Duration::ZERO, now: at };
            log.lookup(&wanted, Some(seen.clone()), &KeyPolicy::default());
            assert_eq!(log.sought.len(), noted, "{kid:?} {origin:?}");
        }
    }
}

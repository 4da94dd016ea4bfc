//! The sessions of machines: each access key is exchanged once, and its session is remembered for a while.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Reason;
use crate::check;
use crate::client::Client;
use crate::digest::{Digest, digest};
use crate::error::Error;
use crate::flight::Flights;
use crate::jwt::Claims;
use crate::secret::Secret;
use crate::time::UnixTime;
use crate::transport::{TransportError, TransportErrorKind};

/// How long a session is used at the most, unless the options say otherwise.
pub(super) const MAX_AGE: Duration = Duration::from_secs(5 * 60);

/// Bytes of an access key. Descope's have some 60.
const MAX_KEY: usize = 1024;

/// Sessions that are remembered: a few megabytes of them.
const MAX_SESSIONS: usize = 4096;

/// How long before its end a session is replaced, so that no request needs one that has just ended.
const MARGIN: Duration = Duration::from_secs(30);

/// How long a session is used on before the next try to replace it, while Descope is unavailable.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the refusal of a key is remembered.
const REFUSED_FOR: Duration = Duration::from_secs(60);

/// Keys that Descope is asked about in this time, apart from those that were good before: anyone can make
/// keys up, and Descope limits the calls of a project.
const MAX_UNKNOWN: usize = 100;
const WINDOW: Duration = Duration::from_secs(60);

/// Why a machine is turned away.
#[derive(Clone)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    pub(super) error: Option<Error>,
    /// When to try again, where no error says so.
    pub(super) retry_after: Option<Duration>,
}

impl Refusal {
    pub(super) fn new(reason: Reason, error: impl Into<Option<Error>>) -> Self {
        Self { reason, error: error.into(), retry_after: None }
    }
}

/// What there is to exchange.
pub(super) struct Asked<'a> {
    pub(super) client: &'a Client,
    pub(super) key: &'a Secret,
    /// How long its session is used at the most.
    pub(super) max_age: Duration,
    /// Checks a session as each request has to.
    pub(super) verify: &'a dyn Fn(&Secret) -> Result<Claims, Refusal>,
}

/// Turns access keys into the claims of their sessions.
// A trait, so that a program that lets no access keys in does not have the code in it.
pub(super) trait Exchange: Send + Sync {
    fn claims(&self, asked: &Asked<'_>) -> Result<Claims, Refusal>;
}

/// Makes what exchanges the keys of a guard.
#[derive(Clone, Copy)]
pub(super) struct Exchanging(pub(super) fn() -> Box<dyn Exchange>);

impl Exchanging {
    pub(super) const NEW: Self = Self(|| Box::new(KeySessions::default()));
}

impl PartialEq for Exchanging {
    /// There is only one.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Exchanging {}

impl fmt::Debug for Exchanging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchanging")
    }
}

/// A key is known by its digest alone.
#[derive(Default)]
struct KeySessions {
    under_way: Flights<Digest, Result<Arc<Secret>, Refusal>>,
    known: Mutex<Known>,
}

/// All times are those of the client's monotonic clock.
#[derive(Default)]
struct Known {
    /// The keys that were good, also after their sessions have ended.
    sessions: HashMap<Digest, Held>,
    /// What was said of the others, and when. There are no more of them than keys that are asked about.
    refused: HashMap<Digest, (Refusal, Duration)>,
    /// How many unknown keys were asked about, and since when.
    unknown: (usize, Duration),
}

struct Held {
    session: Option<Arc<Secret>>,
    /// When to replace it, if possible.
    renew: Duration,
    /// When not to use it any more.
    end: Duration,
    /// When it was used last.
    used: Duration,
}

impl Exchange for KeySessions {
    fn claims(&self, asked: &Asked<'_>) -> Result<Claims, Refusal> {
        let key = asked.key.expose();
        check::token("access_key", key, MAX_KEY)
            .map_err(|error| Refusal::new(Reason::TokenInvalid, Error::from(error)))?;
        let digest = digest(key);
        let found = self.lock().look(&digest, asked.now());
        if let Some(session) = found {
            let session = session?;
            match (asked.verify)(&session) {
                // Its signing key was withdrawn, or a clock was set.
                Err(refusal) if !refusal.reason.is_outage() => {
                    self.lock().forget(&digest, &session);
                }
                outcome => return outcome,
            }
        }
        let work = || self.exchange(asked, digest);
        let Some(session) = self.under_way.run(digest, asked.client.deadline(), work) else {
            let text = "another thread's exchange of this access key did not end";
            let error = TransportError::new(TransportErrorKind::Timeout, text);
            return Err(Refusal::new(Reason::Unavailable, Error::from(error)));
        };
        (asked.verify)(&*session?)
    }
}

impl Asked<'_> {
    fn now(&self) -> Duration {
        self.client.clock().monotonic()
    }
}

impl KeySessions {
    /// Asks Descope, and remembers the answer.
    fn exchange(&self, asked: &Asked<'_>, digest: Digest) -> Result<Arc<Secret>, Refusal> {
        let began = asked.now();
        {
            let mut known = self.lock();
            // Another thread may have had the answer since this one looked.
            if let Some(found) = known.look(&digest, began) {
                return found;
            }
            if let Some(wait) = known.wait(&digest, began) {
                let retry_after = Some(wait);
                return Err(Refusal { retry_after, ..Refusal::new(Reason::RateLimited, None) });
            }
        }
        let keys = asked.client.auth().access_key();
        let exchanged = keys.exchange(asked.key.expose(), &Default::default());
        let checked = exchanged.map_err(|error| Refusal::new(Reason::of_session(&error), error));
        let checked = checked.and_then(|exchanged| {
            let session = Arc::new(exchanged.session.jwt);
            let left = lifetime(&(asked.verify)(&session)?, asked.client.clock().unix());
            Ok((session, left))
        });
        let mut known = self.lock();
        match checked {
            Ok((session, left)) => {
                known.keep(digest, &session, began, left.min(asked.max_age));
                Ok(session)
            }
            Err(refusal) if refusal.reason.is_outage() => {
                known.postpone(&digest, &refusal, asked.now()).ok_or(refusal)
            }
            Err(refusal) => {
                known.refuse(digest, &refusal, asked.now());
                Err(refusal)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lifetime(claims: &Claims, now: UnixTime) -> Duration {
    let left = claims.expires_at().as_seconds().saturating_sub(now.as_seconds());
    Duration::from_secs(u64::try_from(left).unwrap_or_default())
}

impl Known {
    /// The session of a key, or its refusal. `None` if Descope has to be asked.
    fn look(&mut self, key: &Digest, now: Duration) -> Option<Result<Arc<Secret>, Refusal>> {
        if let Some((refusal, at)) = self.refused.get(key)
            && now.saturating_sub(*at) < REFUSED_FOR
        {
            return Some(Err(refusal.clone()));
        }
        let held = self.sessions.get_mut(key).filter(|held| now < held.renew)?;
        held.used = now;
        held.session.clone().map(Ok)
    }

    /// How long to wait before Descope may be asked about a key, if it may not be asked now.
    fn wait(&mut self, key: &Digest, now: Duration) -> Option<Duration> {
        if self.sessions.contains_key(key) {
            return None;
        }
        let (count, since) = &mut self.unknown;
        if now.saturating_sub(*since) >= WINDOW {
            (*count, *since) = (0, now);
        }
        if *count == MAX_UNKNOWN {
            return Some(since.saturating_add(WINDOW).saturating_sub(now));
        }
        *count += 1;
        None
    }

    fn keep(&mut self, key: Digest, session: &Arc<Secret>, began: Duration, life: Duration) {
        self.give_back(&key);
        self.refused.remove(&key);
        if self.sessions.len() >= MAX_SESSIONS
            && !self.sessions.contains_key(&key)
            && let Some(oldest) = self.sessions.iter().min_by_key(|(_, held)| held.used)
        {
            let oldest = *oldest.0;
            self.sessions.remove(&oldest);
        }
        let end = began.saturating_add(life);
        let renew = end.saturating_sub(MARGIN.min(life / 10));
        let session = Some(Arc::clone(session));
        self.sessions.insert(key, Held { session, renew, end, used: began });
    }

    /// The session that is still good, for a while, if Descope cannot be asked.
    fn postpone(&mut self, key: &Digest, refusal: &Refusal, now: Duration) -> Option<Arc<Secret>> {
        // What reaches its limits is not to be asked more.
        if refusal.reason != Reason::RateLimited {
            self.give_back(key);
        }
        let held = self.sessions.get_mut(key).filter(|held| now < held.end)?;
        held.renew = now.saturating_add(PATIENCE).min(held.end);
        held.session.clone()
    }

    fn refuse(&mut self, key: Digest, refusal: &Refusal, now: Duration) {
        if let Some(Error::Api(api)) = &refusal.error
            && api.code.is_empty()
        {
            // Perhaps it was not Descope who said so.
            if let Some(held) = self.sessions.get_mut(&key) {
                held.session = None;
            }
            return;
        }
        self.sessions.remove(&key);
        self.refused.retain(|_, (_, at)| now.saturating_sub(*at) < REFUSED_FOR);
        self.refused.insert(key, (refusal.clone(), now));
    }

    /// Does not use this session any more. The key stays known.
    fn forget(&mut self, key: &Digest, session: &Arc<Secret>) {
        if let Some(held) = self.sessions.get_mut(key) {
            held.session = held.session.take().filter(|held| !Arc::ptr_eq(held, session));
        }
    }

    /// Takes back that an unknown key was asked about.
    fn give_back(&mut self, key: &Digest) {
        if !self.sessions.contains_key(key) {
            self.unknown.0 = self.unknown.0.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ApiError;

    fn key(number: usize) -> Digest {
        digest(&number.to_string())
    }

    fn session() -> Arc<Secret> {
        Arc::new("a.b.c".into())
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn refusal(code: &str) -> Refusal {
        let api = ApiError { status: 401, code: code.to_owned(), ..ApiError::default() };
        Refusal::new(Reason::TokenInvalid, Error::Api(Box::new(api)))
    }

    #[test]
    fn a_session_is_used_until_shortly_before_its_end() {
        for (life, renew) in [(300, 270), (3600, 3570), (100, 90), (10, 9)] {
            let mut known = Known::default();
            known.keep(key(1), &session(), at(1000), at(life));
            assert!(known.look(&key(1), at(1000 + renew - 1)).unwrap().is_ok(), "{life}");
            assert!(known.look(&key(1), at(1000 + renew)).is_none(), "{life}");
            assert!(known.look(&key(2), at(1000)).is_none());
        }
    }

    #[test]
    fn an_outage_lets_a_session_go_on_until_its_end_and_no_longer() {
        let (mut known, down) = (Known::default(), Refusal::new(Reason::Unavailable, None));
        known.keep(key(1), &session(), at(0), at(300));
        for (now, renew) in [(270, 280), (280, 290), (293, 300)] {
            assert!(known.look(&key(1), at(now)).is_none());
            assert!(known.postpone(&key(1), &down, at(now)).is_some());
            assert!(known.look(&key(1), at(renew - 1)).is_some());
            assert!(known.look(&key(1), at(renew)).is_none());
        }
        assert!(known.postpone(&key(1), &down, at(300)).is_none());
        assert!(known.postpone(&key(2), &down, at(0)).is_none());
    }

    #[test]
    fn a_refusal_is_remembered_for_a_minute_if_it_is_descopes() {
        let mut known = Known::default();
        known.keep(key(1), &session(), at(0), at(300));
        known.refuse(key(1), &refusal("E064001"), at(5));
        assert!(known.look(&key(1), at(64)).unwrap().is_err());
        assert!(known.look(&key(1), at(65)).is_none());
        known.keep(key(1), &session(), at(65), at(300));
        assert!(known.look(&key(1), at(65)).unwrap().is_ok());
        // The session is not used on, but the key is asked about at once.
        known.refuse(key(1), &refusal(""), at(66));
        assert!(known.look(&key(1), at(66)).is_none());
        assert!(known.sessions.contains_key(&key(1)));
    }

    #[test]
    fn made_up_keys_are_asked_about_up_to_a_limit_and_known_ones_always() {
        let mut known = Known::default();
        assert_eq!(known.wait(&key(0), at(0)), None);
        known.keep(key(0), &session(), at(0), at(300));
        for number in 1..=3 * MAX_UNKNOWN {
            let wait = (number > MAX_UNKNOWN).then_some(WINDOW);
            assert_eq!(known.wait(&key(number), at(100)), wait, "{number}");
        }
        assert_eq!(known.wait(&key(0), at(100)), None, "it was good before");
        assert_eq!(known.wait(&key(1000), at(159)), Some(at(1)));
        assert_eq!(known.wait(&key(1000), at(160)), None);
        // Good keys, and those that could not be asked about, do not count.
        for number in 2000..2000 + 5 * MAX_UNKNOWN {
            assert_eq!(known.wait(&key(number), at(170)), None);
            if number % 2 == 0 {
                known.keep(key(number), &session(), at(170), at(300));
            } else {
                known.postpone(&key(number), &Refusal::new(Reason::Unavailable, None), at(170));
            }
        }
    }

    #[test]
    fn the_memory_is_bounded_and_forgets_what_was_not_used_longest() {
        let mut known = Known::default();
        for number in 0..MAX_SESSIONS {
            known.keep(key(number), &session(), at(0), at(300));
        }
        for number in (0..MAX_SESSIONS).filter(|number| *number != 7) {
            assert!(known.look(&key(number), at(1)).is_some());
        }
        known.keep(key(MAX_SESSIONS), &session(), at(2), at(300));
        known.keep(key(MAX_SESSIONS), &session(), at(2), at(300));
        assert_eq!(known.sessions.len(), MAX_SESSIONS);
        assert!(known.look(&key(7), at(2)).is_none() && known.look(&key(8), at(2)).is_some());
        for number in 0..500 {
            known.refuse(key(number), &refusal("E064001"), at(10 * number as u64));
        }
        assert!(known.refused.len() <= 6);
    }

    #[test]
    fn a_session_that_is_forgotten_is_that_one_alone() {
        let (mut known, old, new) = (Known::default(), session(), session());
        known.keep(key(1), &new, at(0), at(300));
        known.forget(&key(1), &old);
        assert!(known.look(&key(1), at(0)).is_some());
        known.forget(&key(1), &new);
        assert!(known.look(&key(1), at(0)).is_none());
    }
}

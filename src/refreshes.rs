//! The refreshes of a client and its clones: those under way, and the sessions that are known to have ended.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::answer::Answer;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::flight::Flights;

/// How long the end of a session is remembered.
const MEMORY: Duration = Duration::from_secs(120);

/// How many ended sessions are remembered: less than a megabyte of them.
const CAPACITY: usize = 1024;

#[derive(Default)]
pub(crate) struct Refreshes {
    /// Each refresh token is asked about once at a time. Whoever waits reads the same response.
    pub(crate) under_way: Flights<Digest, Arc<Result<Answer>>>,
    ended: Mutex<HashMap<Digest, Ended>>,
    rotates: AtomicBool,
}

struct Ended {
    /// By the client's monotonic clock.
    at: Duration,
    /// What Descope said.
    error: Error,
}

impl Refreshes {
    /// Descope's refusal of a refresh token, if it is not too old.
    pub(crate) fn ended(&self, token: &Digest, now: Duration) -> Option<Error> {
        let ended = self.lock();
        let ended = ended.get(token).filter(|ended| !ended.is_old(now))?;
        Some(ended.error.clone())
    }

    /// Remembers a refusal, if Descope itself said that the session has ended for good.
    pub(crate) fn remember(&self, token: Digest, error: &Error, now: Duration) {
        if !is_final(error) {
            return;
        }
        let mut all = self.lock();
        if all.len() >= CAPACITY {
            all.retain(|_, ended| !ended.is_old(now));
        }
        if all.len() >= CAPACITY
            && let Some(oldest) = all.iter().min_by_key(|(_, ended)| ended.at)
        {
            let oldest = *oldest.0;
            all.remove(&oldest);
        }
        all.insert(token, Ended { at: now, error: error.clone() });
    }

    /// Notes that the project rotates refresh tokens.
    pub(crate) fn note_rotation(&self) {
        self.rotates.store(true, Ordering::Relaxed);
    }

    /// Whether the project is known to rotate refresh tokens.
    pub(crate) fn rotates(&self) -> bool {
        self.rotates.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Ended>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ended {
    fn is_old(&self, now: Duration) -> bool {
        now.saturating_sub(self.at) >= MEMORY
    }
}

/// Whether Descope itself says that a session has ended, and cannot take it back. A disabled user (403)
/// may be enabled again, and an answer without a code may come from a proxy.
fn is_final(error: &Error) -> bool {
    error.code().is_some()
        && !error.is_unavailable()
        && (error.is_unauthorized() || error.is_not_found())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ApiError;

    fn refusal(status: u16, code: &str) -> Error {
        Error::Api(Box::new(ApiError { status, code: code.to_owned(), ..ApiError::default() }))
    }

    fn token(number: usize) -> Digest {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_le_bytes());
        digest
    }

    #[test]
    fn only_descopes_final_word_is_remembered() {
        for (status, code, kept) in [
            (401, "E064001", true),
            (401, "E061005", true),
            (404, "E112102", true),
            (401, "", false),
            (404, "", false),
            (403, "E061006", false),
            (400, "E011003", false),
            (429, "E130429", false),
            (401, "E130429", false),
            (500, "E064001", false),
        ] {
            let refreshes = Refreshes::default();
            refreshes.remember(token(0), &refusal(status, code), Duration::ZERO);
            assert_eq!(
                refreshes.ended(&token(0), Duration::ZERO).is_some(),
                kept,
                "{status} {code}"
            );
            assert!(refreshes.ended(&token(1), Duration::ZERO).is_none());
        }
    }

    #[test]
    fn the_memory_is_short() {
        let (refreshes, start) = (Refreshes::default(), Duration::from_secs(9));
        refreshes.remember(token(0), &refusal(401, "E064001"), start);
        let after = |seconds| refreshes.ended(&token(0), start + Duration::from_secs(seconds));
        assert_eq!(after(119).unwrap().code(), Some("E064001"));
        assert!(after(120).is_none());
        assert!(refreshes.ended(&token(0), Duration::ZERO).is_some(), "a clock that goes back");
    }

    #[test]
    fn the_memory_is_bounded_and_drops_the_oldest() {
        let (refreshes, gone) = (Refreshes::default(), refusal(401, "E064001"));
        let at = |number: usize| Duration::from_millis(number as u64);
        for number in 0..CAPACITY + 10 {
            refreshes.remember(token(number), &gone, at(number));
        }
        assert_eq!(refreshes.lock().len(), CAPACITY);
        assert!(refreshes.ended(&token(9), at(CAPACITY + 9)).is_none());
        assert!(refreshes.ended(&token(10), at(CAPACITY + 9)).is_some());
        let later = at(CAPACITY) + MEMORY;
        refreshes.remember(token(0), &gone, later);
        assert_eq!(refreshes.lock().len(), 10, "those that are too old go first");
    }
}

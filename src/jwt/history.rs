//! What happened at the server of the keys, and when it may be asked again.

use std::time::Duration;

use super::policy::KeyPolicy;

/// What a fetch is made for. Each has an allowance of its own, so that forged tokens, which can use up
/// that for unknown keys, neither keep old keys in use nor keep a sign-in from its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// There are no keys that may serve.
    NoKeys,
    /// The keys are due.
    Age,
    /// A token names a key that is not there.
    UnknownKey,
    /// So does a token that Descope has just sent, for a code that is now spent.
    Answer,
}

/// What happened at the server.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// How many fetches have begun; the number of the last one.
    pub(super) begun: u64,
    pub(super) under_way: bool,
    age: Option<Duration>,
    /// The last two: a single made-up `kid` must not use up what a rotation needs a moment later.
    unknown: [Option<Duration>; 2],
    answer: Option<Duration>,
    /// Failures in a row.
    failures: u32,
    pub(super) failure: Option<Failure>,
}

/// The last fetch, where it failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    pub(super) fetch: u64,
    /// When it ended.
    at: Duration,
    retry_after: Duration,
}

/// The wait after the first failure while there are no keys; each further wait is five times as long.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// The longest `Retry-After` that is kept to: longer ones would outlast most repairs.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

impl History {
    /// What other processes have looked for, as long as nothing has happened in this one.
    pub(super) fn resume(&mut self, sought: [Option<Duration>; 2]) {
        if self.begun == 0 {
            self.unknown = sought;
        }
    }

    /// When keys that are in no set were last looked for.
    pub(super) fn sought(&self) -> [Option<Duration>; 2] {
        self.unknown
    }

    /// The number of the last fetch that has ended.
    pub(super) fn ended(&self) -> u64 {
        self.begun - u64::from(self.under_way)
    }

    /// Begins a fetch, and returns its number.
    pub(super) fn begin(&mut self, reason: Reason, now: Duration) -> u64 {
        match reason {
            Reason::NoKeys => {} // limited by its failures
            Reason::Age => self.age = Some(now),
            Reason::UnknownKey => self.unknown = [self.unknown[1], Some(now)],
            Reason::Answer => self.answer = Some(now),
        }
        self.under_way = true;
        self.begun += 1;
        self.begun
    }

    pub(super) fn succeed(&mut self) {
        self.under_way = false;
        self.failures = 0;
        self.failure = None;
    }

    pub(super) fn fail(&mut self, now: Duration, retry_after: Option<Duration>) {
        self.under_way = false;
        self.failures = self.failures.saturating_add(1);
        let retry_after = retry_after.unwrap_or_default().min(MAX_RETRY_AFTER);
        self.failure = Some(Failure { fetch: self.begun, at: now, retry_after });
    }

    /// When a fetch for this reason is allowed again.
    fn allowed_at(&self, reason: Reason, policy: &KeyPolicy) -> Duration {
        let rested = |last: Option<Duration>| {
            last.map_or(Duration::ZERO, |last| last.saturating_add(policy.cooldown))
        };
        let own = match reason {
            Reason::NoKeys => self.failure.map_or(Duration::ZERO, |failure| {
                let factor = 5u32.saturating_pow(self.failures.saturating_sub(1));
                let wait = FIRST_BACKOFF.saturating_mul(factor).min(policy.cooldown);
                failure.at.saturating_add(wait)
            }),
            Reason::Age => rested(self.age),
            Reason::UnknownKey => rested(self.unknown[0]),
            Reason::Answer => rested(self.answer),
        };
        // This holds for every reason: the server has asked for quiet, not for quiet about one of them.
        let asked = self.failure.map_or(Duration::ZERO, |f| f.at.saturating_add(f.retry_after));
        own.max(asked)
    }

    /// The first of these reasons that allows a fetch now, or else how long to wait for one.
    pub(super) fn next(
        &self,
        reasons: impl Iterator<Item = Reason>,
        policy: &KeyPolicy,
        now: Duration,
    ) -> Result<Reason, Duration> {
        let mut least = Duration::MAX;
        for reason in reasons {
            let wait = self.allowed_at(reason, policy).saturating_sub(now);
            if wait.is_zero() {
                return Ok(reason);
            }
            least = least.min(wait);
        }
        Err(least)
    }
}

//! What happened at the server of the keys, and when it may be asked again.

use std::time::Duration;

use super::moment::Moment;
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
    /// The processes that share a store share these times too, and tell fetches apart by the wall clock's seconds.
    unknown: [Option<Moment>; 2],
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
    /// Takes in when other processes have looked for keys that are in no set. Of their times and its own, the last
    /// two count. A time that both know is that of one fetch.
    pub(super) fn merge(&mut self, stored: [Option<Moment>; 2]) {
        let mut all: Vec<Moment> = self.unknown.into_iter().flatten().collect();
        let mut own: Vec<i64> = all.iter().map(|at| at.unix).collect();
        for at in stored.into_iter().flatten() {
            match own.iter().position(|unix| *unix == at.unix) {
                Some(known) => drop(own.swap_remove(known)),
                None => all.push(at),
            }
        }
        all.sort_by_key(|at| at.monotonic);
        let last = all.pop();
        self.unknown = [all.pop(), last];
    }

    /// When keys that are in no set were last looked for.
    pub(super) fn sought(&self) -> [Option<Moment>; 2] {
        self.unknown
    }

    /// The number of the last fetch that has ended.
    pub(super) fn ended(&self) -> u64 {
        self.begun - u64::from(self.under_way)
    }

    /// Begins a fetch, and returns its number. Before the server is asked, [`spend`](Self::spend) is called.
    pub(super) fn begin(&mut self) -> u64 {
        self.under_way = true;
        self.begun += 1;
        self.begun
    }

    /// Counts a request to the server for this reason.
    pub(super) fn spend(&mut self, reason: Reason, now: Moment) {
        match reason {
            Reason::NoKeys => {} // limited by its failures
            Reason::Age => self.age = Some(now.monotonic),
            Reason::UnknownKey => self.unknown = [self.unknown[1], Some(now)],
            Reason::Answer => self.answer = Some(now.monotonic),
        }
    }

    /// Ends a fetch for which the server was not asked: other processes have used up the allowance.
    pub(super) fn call_off(&mut self) {
        self.under_way = false;
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
            Reason::UnknownKey => rested(self.unknown[0].map(|at| at.monotonic)),
            Reason::Answer => rested(self.answer),
        };
        // This holds for every reason: the server has asked for quiet, not for quiet about one of them.
        let asked = self.failure.map_or(Duration::ZERO, |f| f.at.saturating_add(f.retry_after));
        own.max(asked)
    }

    /// Whether a fetch for this reason is allowed now.
    pub(super) fn allows(&self, reason: Reason, policy: &KeyPolicy, now: Moment) -> bool {
        self.allowed_at(reason, policy) <= now.monotonic
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_two_times_of_all_processes_count_and_each_fetch_once() {
        // The monotonic clocks of processes differ by parts of a second.
        let at = |unix: u64, millis: u64| {
            let monotonic = Duration::from_secs(unix) + Duration::from_millis(millis);
            Moment { monotonic, unix: i64::try_from(unix).unwrap() }
        };
        for (own, stored, merged) in [
            (&[][..], &[][..], &[][..]),
            (&[], &[1], &[1]),
            (&[1], &[], &[1]),
            (&[1], &[1], &[1]),
            (&[1], &[2], &[1, 2]),
            (&[2], &[1], &[1, 2]),
            (&[1, 2], &[1, 2], &[1, 2]),
            (&[1, 2], &[2, 3], &[2, 3]),
            (&[2, 3], &[1, 2], &[2, 3]),
            (&[1, 2], &[3, 4], &[3, 4]),
            (&[1, 4], &[2, 3], &[3, 4]),
            (&[1], &[1, 1], &[1, 1]),
            (&[1, 1], &[1], &[1, 1]),
            (&[1, 1], &[1, 1], &[1, 1]),
        ] {
            let pair = |times: &[u64], millis| match *times {
                [] => [None; 2],
                [last] => [None, Some(at(last, millis))],
                [first, last, ..] => [Some(at(first, millis)), Some(at(last, millis))],
            };
            let mut history = History { unknown: pair(own, 700), ..History::default() };
            history.merge(pair(stored, 0));
            let unix: Vec<_> = history.sought().into_iter().flatten().map(|at| at.unix).collect();
            let merged: Vec<_> = merged.iter().map(|it| i64::from(*it)).collect();
            assert_eq!(unix, merged, "{own:?} and {stored:?}");
            assert_eq!(history.sought()[0].is_some(), merged.len() == 2);
        }
    }
}

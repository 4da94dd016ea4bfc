//! What becomes of a lookup of a signing key: a pure function of what is known, so that a table can
//! test it. Nothing here waits, locks or fetches.

use std::time::Duration;

use super::history::{History, Reason};
use super::moment::Moment;
use super::policy::KeyPolicy;

/// Where a token comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// From Descope itself, in an answer. The keys to check it with must not be kept back because
    /// others have sent tokens with made-up keys: the code that bought it is spent.
    Answer,
    /// From whoever calls.
    Caller,
}

/// The keys at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// Whether the key asked for is among them.
    pub(super) has_key: bool,
    /// The number of the fetch that brought them.
    pub(super) fetch: u64,
    /// When that fetch began.
    pub(super) at: Moment,
}

impl Held {
    pub(super) fn is_fresh(&self, policy: &KeyPolicy, now: Moment) -> bool {
        now.since(self.at) < policy.max_age
    }

    /// Whether the fetch is so recent that the key it did not bring need not be looked for again.
    pub(super) fn is_recent(&self, policy: &KeyPolicy, now: Moment) -> bool {
        now.awake_since(self.at) < policy.cooldown
    }
}

/// One token's need of a key. Fetches are numbered from 1, so that "began before" and "began after"
/// do not depend on how finely a clock ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lookup {
    pub(super) origin: Origin,
    /// The last fetch that had begun before this lookup.
    pub(super) begun: u64,
    /// The last fetch that had ended before this lookup.
    pub(super) ended: u64,
    /// The last fetch that had begun when a token first named this key, as far as that is remembered.
    pub(super) first_seen: u64,
}

impl Lookup {
    /// Whether keys without the one asked for prove that the project does not have it: they were asked
    /// for after a token had named the key, by this lookup or a moment ago.
    fn is_answered_by(&self, held: &Held, policy: &KeyPolicy, now: Moment) -> bool {
        held.fetch > self.begun || held.fetch > self.first_seen && held.is_recent(policy, now)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// The keys at hand will do.
    Serve,
    /// Fetch the keys, then decide again.
    Fetch(Reason),
    /// Wait for the fetch under way, then decide again.
    Wait,
    Refuse(Refusal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The project does not have the key.
    UnknownKey,
    /// Whether it does cannot be asked before this time has passed.
    Pending(Duration),
    /// The last fetch failed, and there may be another after this time.
    Unavailable(Duration),
}

/// What a lookup comes to. After a request of its own to the server it is never `Fetch` again.
pub(super) fn decide(
    history: &History,
    held: Option<Held>,
    lookup: &Lookup,
    policy: &KeyPolicy,
    now: Moment,
) -> Decision {
    // What has been fetched for this lookup is fresh however long that took.
    let fresh = held.filter(|held| held.fetch > lookup.begun || held.is_fresh(policy, now));
    if fresh.is_some_and(|held| held.has_key) {
        return Decision::Serve;
    }
    let stale = held.filter(|held| now.awake_since(held.at) < policy.max_stale);
    let usable = fresh.or(stale);
    let bridges = usable.is_some_and(|held| held.has_key);
    // One fetch at a time. It may take seconds, so tokens that the keys at hand can check do not wait.
    if history.under_way {
        return if bridges { Decision::Serve } else { Decision::Wait };
    }
    if held.is_some_and(|held| !held.has_key && lookup.is_answered_by(&held, policy, now)) {
        return Decision::Refuse(Refusal::UnknownKey);
    }
    // The order matters: a fetch because of age brings new keys too, and leaves those because of unknown
    // keys for later.
    let reasons = [Reason::NoKeys, Reason::Age, Reason::UnknownKey, Reason::Answer];
    let applies = |reason: &Reason| match reason {
        Reason::NoKeys => usable.is_none(),
        Reason::Age => usable.is_some() && fresh.is_none(),
        Reason::UnknownKey => usable.is_some_and(|held| !held.has_key),
        Reason::Answer => lookup.origin == Origin::Answer && !bridges,
    };
    let next = history.next(reasons.into_iter().filter(applies), policy, now.monotonic);
    // Who has waited for a fetch that failed, or made it, does not begin the next one.
    let has_failed = history.failure.is_some_and(|failure| failure.fetch > lookup.ended);
    match next {
        Ok(reason) if !has_failed => Decision::Fetch(reason),
        _ if bridges => Decision::Serve,
        next => {
            let wait = next.err().unwrap_or_default();
            Decision::Refuse(match history.failure {
                Some(_) => Refusal::Unavailable(wait),
                None => Refusal::Pending(wait),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: f64 = 600.0;
    const COOLDOWN: f64 = 30.0;
    const STALE: f64 = 3600.0;

    const SERVE: Decision = Decision::Serve;
    const WAIT: Decision = Decision::Wait;
    const NO_KEYS: Decision = Decision::Fetch(Reason::NoKeys);
    const BY_AGE: Decision = Decision::Fetch(Reason::Age);
    const BY_KEY: Decision = Decision::Fetch(Reason::UnknownKey);
    const BY_ANSWER: Decision = Decision::Fetch(Reason::Answer);
    const UNKNOWN: Decision = Decision::Refuse(Refusal::UnknownKey);

    fn pending(seconds: f64) -> Decision {
        Decision::Refuse(Refusal::Pending(Duration::from_secs_f64(seconds)))
    }

    fn unavailable(seconds: f64) -> Decision {
        Decision::Refuse(Refusal::Unavailable(Duration::from_secs_f64(seconds)))
    }

    /// What happened, step by step, and the keys it has left.
    #[derive(Clone, Default)]
    struct Past {
        history: History,
        held: Option<(u64, f64)>,
    }

    impl Past {
        /// Keys that were fetched at time 0, as the first thing.
        fn keys() -> Self {
            Self::default().fetched(Reason::NoKeys, 0.0)
        }

        fn fetched(mut self, reason: Reason, at: f64) -> Self {
            let fetch = self.begin(reason, at);
            self.history.succeed();
            self.held = Some((fetch, at));
            self
        }

        fn failed(self, reason: Reason, at: f64) -> Self {
            self.refused(reason, at, None)
        }

        fn refused(mut self, reason: Reason, at: f64, retry_after: Option<u64>) -> Self {
            self.begin(reason, at);
            let at = Duration::from_secs_f64(at);
            self.history.fail(at, retry_after.map(Duration::from_secs));
            self
        }

        fn under_way(mut self, reason: Reason, at: f64) -> Self {
            self.begin(reason, at);
            self
        }

        fn begin(&mut self, reason: Reason, at: f64) -> u64 {
            let monotonic = Duration::from_secs_f64(at);
            self.history.spend(reason, Moment { monotonic, unix: 0 });
            self.history.begin()
        }

        /// A lookup that begins now.
        fn lookup(&self, origin: Origin) -> Lookup {
            let (begun, ended) = (self.history.begun, self.history.ended());
            Lookup { origin, begun, ended, first_seen: begun }
        }

        fn decide_as(&self, lookup: &Lookup, has_key: bool, now: [f64; 2]) -> Decision {
            #[expect(clippy::cast_possible_truncation, reason = "small")]
            let moment = |[monotonic, unix]: [f64; 2]| Moment {
                monotonic: Duration::from_secs_f64(monotonic),
                unix: 1_700_000_000 + unix as i64,
            };
            let held = self.held.map(|(fetch, at)| Held { has_key, fetch, at: moment([at, at]) });
            decide(&self.history, held, lookup, &KeyPolicy::default(), moment(now))
        }

        /// For a key that is at hand.
        fn known(&self, now: f64) -> Decision {
            self.decide_as(&self.lookup(Origin::Caller), true, [now, now])
        }

        /// For one that is not.
        fn unknown(&self, now: f64) -> Decision {
            self.decide_as(&self.lookup(Origin::Caller), false, [now, now])
        }

        /// For one that is not, and that a token of Descope's own names.
        fn answer(&self, now: f64) -> Decision {
            self.decide_as(&self.lookup(Origin::Answer), false, [now, now])
        }
    }

    #[test]
    fn keys_serve_until_they_are_due_and_then_while_somebody_fetches() {
        let (keys, empty) = (Past::keys(), Past::default());
        assert_eq!((empty.known(0.0), empty.unknown(9.0)), (NO_KEYS, NO_KEYS));
        assert_eq!(empty.under_way(Reason::NoKeys, 0.0).known(0.0), WAIT);
        assert_eq!((keys.known(0.0), keys.known(AGE - 1.0)), (SERVE, SERVE));
        assert_eq!((keys.known(AGE), keys.known(STALE - 1.0)), (BY_AGE, BY_AGE));
        assert_eq!((keys.known(STALE), keys.unknown(STALE)), (NO_KEYS, NO_KEYS));
        let busy = keys.under_way(Reason::Age, AGE);
        assert_eq!((busy.known(AGE), busy.known(STALE - 1.0)), (SERVE, SERVE));
        assert_eq!((busy.known(STALE), busy.unknown(1.0), busy.answer(1.0)), (WAIT, WAIT, WAIT));
    }

    #[test]
    fn the_clock_that_says_more_counts_for_age_and_the_monotonic_one_for_staleness() {
        let keys = Past::keys();
        let known = |past: &Past, now| past.decide_as(&past.lookup(Origin::Caller), true, now);
        // The machine slept; the wall clock was set back, and ahead.
        assert_eq!(known(&keys, [1.0, AGE - 1.0]), SERVE);
        assert_eq!(known(&keys, [1.0, AGE]), BY_AGE);
        assert_eq!(known(&keys, [AGE - 1.0, -1e9]), SERVE);
        assert_eq!(known(&keys, [AGE, -1e9]), BY_AGE);
        assert_eq!(known(&keys, [1.0, 1e9]), BY_AGE);
        let down = keys.failed(Reason::Age, 1.0);
        assert_eq!(known(&down, [2.0, 1e9]), SERVE);
        assert_eq!(known(&down, [STALE, 1e9]), NO_KEYS);
        assert_eq!(
            Moment::default().since(Moment { unix: i64::MIN, ..Moment::default() }),
            Duration::from_secs(i64::MAX.unsigned_abs())
        );
    }

    #[test]
    fn age_has_one_fetch_per_cooldown_and_unknown_keys_have_two() {
        let down = Past::keys().failed(Reason::Age, AGE);
        assert_eq!(down.known(AGE + COOLDOWN - 1.0), SERVE);
        assert_eq!(down.known(AGE + COOLDOWN), BY_AGE);
        // Due keys without the one asked for: by age first, then by key.
        assert_eq!(Past::keys().unknown(AGE), BY_AGE);
        assert_eq!(down.unknown(AGE), BY_KEY);

        let keys = Past::keys();
        assert_eq!((keys.unknown(0.0), keys.unknown(AGE - 1.0)), (BY_KEY, BY_KEY));
        let once = keys.fetched(Reason::UnknownKey, 0.0);
        assert_eq!(once.unknown(0.0), BY_KEY);
        let twice = once.fetched(Reason::UnknownKey, 10.0);
        assert_eq!(twice.unknown(10.0), pending(20.0));
        assert_eq!(twice.unknown(29.0), pending(1.0));
        assert_eq!(twice.unknown(30.0), BY_KEY);
        assert_eq!(twice.clone().fetched(Reason::UnknownKey, 30.0).unknown(30.0), pending(10.0));
        // What is used up for unknown keys leaves the others their own, and the other way round.
        assert_eq!(twice.known(10.0 + AGE), BY_AGE);
        assert_eq!(twice.clone().failed(Reason::UnknownKey, AGE + 9.0).known(AGE + 10.0), BY_AGE);
        assert_eq!(Past::keys().fetched(Reason::Age, AGE).unknown(AGE), BY_KEY);
    }

    #[test]
    fn an_answer_has_one_fetch_more() {
        let keys = Past::keys();
        assert_eq!((keys.answer(0.0), keys.answer(AGE)), (BY_KEY, BY_AGE));
        let spent = keys.fetched(Reason::UnknownKey, 0.0).fetched(Reason::UnknownKey, 10.0);
        assert_eq!((spent.answer(20.0), spent.unknown(20.0)), (BY_ANSWER, pending(10.0)));
        let spent = spent.fetched(Reason::Answer, 20.0);
        assert_eq!((spent.answer(20.0), spent.answer(29.0)), (pending(10.0), pending(1.0)));
        assert_eq!(spent.answer(30.0), BY_KEY);
        let again = spent.fetched(Reason::UnknownKey, 30.0).fetched(Reason::UnknownKey, 40.0);
        assert_eq!((again.answer(45.0), again.answer(50.0)), (pending(5.0), BY_ANSWER));
        // Not where there is a key to check it with.
        let down = Past::keys().failed(Reason::Age, AGE);
        assert_eq!(down.decide_as(&down.lookup(Origin::Answer), true, [AGE, AGE]), SERVE);
    }

    #[test]
    fn a_key_is_unknown_once_a_fetch_that_began_later_has_not_brought_it() {
        let before = Past::keys();
        let lookup = before.lookup(Origin::Caller);
        let after = before.clone().fetched(Reason::UnknownKey, 1.0);
        let decide = |past: &Past, lookup: &Lookup, has_key, now: f64| {
            past.decide_as(lookup, has_key, [now, now])
        };
        // Its own fetch settles it, however long that took.
        assert_eq!(decide(&after, &lookup, false, 1.0), UNKNOWN);
        assert_eq!(decide(&after, &lookup, false, 9e6), UNKNOWN);
        assert_eq!(decide(&after, &lookup, true, 9e6), SERVE);
        // One that was under way when the token came does not.
        let busy = before.clone().under_way(Reason::UnknownKey, 1.0);
        let lookup = busy.lookup(Origin::Caller);
        assert_eq!((lookup.begun, lookup.ended), (2, 1));
        assert_eq!(decide(&after, &lookup, false, 1.0), BY_KEY);
        // A later token that names the same key is answered by it, for a cooldown.
        let mut lookup = after.lookup(Origin::Caller);
        assert_eq!(decide(&after, &lookup, false, 1.0), BY_KEY);
        lookup.first_seen = 1;
        assert_eq!(decide(&after, &lookup, false, COOLDOWN), UNKNOWN);
        assert_eq!(decide(&after, &lookup, false, 1.0 + COOLDOWN), BY_KEY);
        assert_eq!(decide(&after, &lookup, true, 1.0), SERVE);
    }

    #[test]
    fn without_keys_the_waits_grow_from_a_tenth_of_a_second_to_the_cooldown() {
        let (mut past, mut at) = (Past::default(), 0.0);
        for wait in [0.1, 0.5, 2.5, 12.5, COOLDOWN, COOLDOWN, COOLDOWN] {
            past = past.failed(Reason::NoKeys, at);
            assert_eq!(past.known(at), unavailable(wait));
            assert_eq!((past.unknown(at), past.known(at + wait)), (unavailable(wait), NO_KEYS));
            at += wait;
        }
        // Success begins anew.
        let past = past.fetched(Reason::NoKeys, at).failed(Reason::Age, at + STALE);
        assert_eq!(past.known(at + STALE), unavailable(0.1));
        // A sign-in that is under way may ask once more.
        assert_eq!(Past::default().failed(Reason::NoKeys, 0.0).answer(0.0), BY_ANSWER);
    }

    #[test]
    fn who_has_waited_for_a_failed_fetch_does_not_begin_another() {
        let busy = Past::keys().under_way(Reason::UnknownKey, 1.0);
        let mut failed = busy.clone();
        failed.history.fail(Duration::from_secs(1), None);
        let waited =
            |has_key, now| failed.decide_as(&busy.lookup(Origin::Caller), has_key, [now, now]);
        assert_eq!((waited(false, 1.0), failed.unknown(1.0)), (unavailable(0.0), BY_KEY));
        assert_eq!((waited(true, AGE), failed.known(AGE)), (SERVE, BY_AGE));
        // One that failed before is no reason not to try.
        let spent = failed.failed(Reason::UnknownKey, 2.0);
        assert_eq!(spent.unknown(2.0), unavailable(29.0));
        assert_eq!(spent.fetched(Reason::Age, AGE).unknown(AGE), BY_KEY);
    }

    #[test]
    fn a_retry_after_is_kept_to_for_every_reason_and_not_for_ever() {
        for (asked, kept) in [(0, 0.0_f64), (60, 60.0), (3600, 3600.0), (86_400, 3600.0)] {
            let none = Past::default().refused(Reason::NoKeys, 0.0, Some(asked));
            assert_eq!(none.known(0.0), unavailable(kept.max(0.1)));
            assert_eq!(none.known(kept.max(0.1)), NO_KEYS);
        }
        let refused = Past::keys().refused(Reason::UnknownKey, 1.0, Some(60));
        assert_eq!(
            (refused.unknown(1.0), refused.answer(60.0)),
            (unavailable(60.0), unavailable(1.0))
        );
        assert_eq!((refused.unknown(61.0), refused.known(1.0)), (BY_KEY, SERVE));
        let due = Past::keys().refused(Reason::Age, AGE, Some(60));
        assert_eq!((due.known(AGE + 59.0), due.known(AGE + 60.0)), (SERVE, BY_AGE));
        // The longer of the two waits counts.
        let brief = Past::keys().refused(Reason::UnknownKey, 1.0, Some(1));
        let brief = brief.refused(Reason::UnknownKey, 2.0, Some(1));
        assert_eq!(brief.unknown(2.0), unavailable(29.0));
    }

    #[test]
    fn failing_closed_means_no_moment_longer() {
        let policy = KeyPolicy::default().max_stale(Duration::ZERO);
        let past = Past::keys().failed(Reason::Age, AGE);
        let at = |seconds| Moment { monotonic: Duration::from_secs(seconds), unix: 0 };
        let held = Some(Held { has_key: true, fetch: 1, at: at(0) });
        let lookup = past.lookup(Origin::Caller);
        let decide = |seconds| decide(&past.history, held, &lookup, &policy, at(seconds));
        assert_eq!((decide(599), decide(600), decide(601)), (SERVE, unavailable(0.1), NO_KEYS));
    }
}

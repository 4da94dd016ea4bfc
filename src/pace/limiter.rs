//! Lets calls begin when none of the limits is exceeded, whenever the server begins to count.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{GROUPS, Group, MINUTE, RateLimit, RateLimits};
use crate::clock::{Clock, TICK};

/// The shortest wait after a refusal. It doubles with each refusal in a row.
const SECOND: Duration = Duration::from_secs(1);
/// In how many parts of its length a window notes when calls ended, so that its memory is bounded.
const GRAINS: u32 = 1024;

/// The turns of all clones of a client.
pub(crate) struct Limiter {
    state: Mutex<State>,
    /// Told when a call or a wait ends.
    changed: Condvar,
}

struct State {
    windows: [Window; GROUPS],
    /// One thread at a time lets time pass, so that a test clock goes no faster with more of them.
    someone_sleeps: bool,
}

/// The calls of a group that the server may still count.
///
/// A request arrives between the begin of its call and the end. A call therefore counts while it is under
/// way, and for the length of the window from its end. No window of the server then has too many, whatever
/// the requests' times on the way.
struct Window {
    limit: Option<RateLimit>,
    under_way: u32,
    /// When calls ended, in grains, and how many.
    ended: VecDeque<(Duration, u32)>,
    /// The sum of these.
    counted: u32,
    /// No call may begin earlier, because the server has said so.
    held_until: Duration,
    /// How often in a row it has.
    refusals: u32,
}

impl Window {
    fn new(limit: Option<RateLimit>) -> Self {
        let (ended, held_until) = (VecDeque::new(), Duration::ZERO);
        Self { limit, under_way: 0, ended, counted: 0, held_until, refusals: 0 }
    }

    /// How long the next call has to wait; `None` if that depends on when one under way ends.
    fn wait(&mut self, now: Duration) -> Option<Duration> {
        let held = self.held_until.saturating_sub(now);
        let Some(limit) = self.limit else { return Some(held) };
        self.forget(now.saturating_sub(limit.window));
        if self.under_way.saturating_add(self.counted) < limit.calls {
            return Some(held);
        }
        let (at, _) = self.ended.front()?;
        Some(held.max(at.saturating_add(limit.window).saturating_sub(now)))
    }

    /// Forgets the calls that ended up to a time.
    fn forget(&mut self, until: Duration) {
        while let Some((at, calls)) = self.ended.front().copied()
            && at <= until
        {
            self.counted -= calls;
            self.ended.pop_front();
        }
    }

    fn begin(&mut self) {
        self.under_way = self.under_way.saturating_add(1);
    }

    fn end(&mut self, now: Duration) {
        self.under_way = self.under_way.saturating_sub(1);
        let Some(limit) = self.limit else { return };
        // Rounded up, and later than now in any case: a window may include both of its ends.
        let grain = (limit.window / GRAINS).max(Duration::from_nanos(1));
        let past = u64::try_from(now.as_nanos() % grain.as_nanos()).unwrap_or_default();
        let at = now.saturating_add(grain).saturating_sub(Duration::from_nanos(past));
        match self.ended.back_mut() {
            Some((last, calls)) if *last >= at => *calls = calls.saturating_add(1),
            _ => self.ended.push_back((at, 1)),
        }
        self.counted = self.counted.saturating_add(1);
        self.forget(now.saturating_sub(limit.window));
    }

    fn refuse(&mut self, now: Duration, retry_after: Option<Duration>) {
        // Several that were under way count as one refusal.
        if now >= self.held_until {
            self.refusals = self.refusals.saturating_add(1);
        }
        let least = SECOND.saturating_mul(1 << self.refusals.saturating_sub(1).min(6)).min(MINUTE);
        let wait = retry_after.unwrap_or(MINUTE).max(least);
        self.held_until = self.held_until.max(now.saturating_add(wait));
    }
}

impl State {
    fn window(&mut self, group: Group) -> &mut Window {
        &mut self.windows[group as usize]
    }

    fn wait(&mut self, group: Group, now: Duration) -> Option<Duration> {
        let own = self.window(group).wait(now);
        let total = self.window(Group::Total).wait(now);
        Some(own?.max(total?))
    }

    fn is_idle(&self) -> bool {
        self.windows[Group::Total as usize].under_way == 0
    }

    /// The window that a refusal holds: if the program has set one limit for all, that of all.
    fn refused(&mut self, group: Group) -> &mut Window {
        let own = self.window(group).limit.is_some() || self.window(Group::Total).limit.is_none();
        self.window(if own { group } else { Group::Total })
    }
}

impl Limiter {
    pub(crate) fn new(limits: &RateLimits) -> Self {
        let state = State { windows: limits.0.map(Window::new), someone_sleeps: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Counts a call that does not wait.
    pub(crate) fn count<'l>(&'l self, group: Group, clock: &'l dyn Clock) -> Turn<'l> {
        self.begin(&mut self.lock(), group, clock)
    }

    /// Waits until a call may begin, and counts it. A wait that would go beyond `until` does not begin: the
    /// error is how long it is. It ends early once `stop` is set.
    pub(crate) fn enter<'l>(
        &'l self,
        group: Group,
        clock: &'l dyn Clock,
        until: Duration,
        stop: Option<&AtomicBool>,
    ) -> Result<Turn<'l>, Duration> {
        let mut state = self.lock();
        loop {
            let now = clock.monotonic();
            let wait = state.wait(group, now);
            let stopped = stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
            match wait {
                _ if stopped || now >= until => return Err(wait.unwrap_or_default()),
                Some(Duration::ZERO) => return Ok(self.begin(&mut state, group, clock)),
                Some(wait) if now.saturating_add(wait) >= until => return Err(wait),
                // While calls are under way, only they take time: on a test clock they must not seem to take
                // as long as others sleep.
                Some(wait) if !state.someone_sleeps && state.is_idle() => {
                    state.someone_sleeps = true;
                    drop(state);
                    let waking = Waking(self);
                    clock.sleep(wait.min(TICK));
                    drop(waking);
                    state = self.lock();
                }
                // For a call under way, or for the thread that lets time pass.
                _ => {
                    let wait = wait.unwrap_or(TICK).min(TICK);
                    let waited = self.changed.wait_timeout(state, wait);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    fn begin<'l>(&'l self, state: &mut State, group: Group, clock: &'l dyn Clock) -> Turn<'l> {
        state.window(group).begin();
        state.window(Group::Total).begin();
        Turn { limiter: self, group, clock }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a thread's sleep, also if its clock panics.
struct Waking<'l>(&'l Limiter);

impl Drop for Waking<'_> {
    fn drop(&mut self) {
        self.0.lock().someone_sleeps = false;
        self.0.changed.notify_all();
    }
}

/// A call that is counted. It ends when this is dropped.
pub(crate) struct Turn<'l> {
    limiter: &'l Limiter,
    group: Group,
    clock: &'l dyn Clock,
}

impl Turn<'_> {
    /// Notes that the server has let the call through.
    pub(crate) fn accepted(&self) {
        self.limiter.lock().refused(self.group).refusals = 0;
    }

    /// Notes that the server has refused the call: the whole group waits. Returns for how long.
    pub(crate) fn refused(&self, retry_after: Option<Duration>) -> Duration {
        let now = self.clock.monotonic();
        let mut state = self.limiter.lock();
        let window = state.refused(self.group);
        window.refuse(now, retry_after);
        window.held_until.saturating_sub(now)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let now = self.clock.monotonic();
        let mut state = self.limiter.lock();
        state.window(self.group).end(now);
        state.window(Group::Total).end(now);
        drop(state);
        self.limiter.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;
    use std::thread;

    use super::*;
    use crate::time::UnixTime;

    /// A clock that only sleeping moves. In milliseconds.
    #[derive(Clone, Default)]
    struct Still(Arc<AtomicU64>);

    impl Still {
        fn pass(&self, millis: u64) {
            self.0.fetch_add(millis, Ordering::Relaxed);
        }
        fn now(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    impl Clock for Still {
        fn unix(&self) -> UnixTime {
            UnixTime::from_seconds(0)
        }
        fn monotonic(&self) -> Duration {
            Duration::from_millis(self.now())
        }
        fn sleep(&self, time: Duration) {
            self.pass(u64::try_from(time.as_micros().div_ceil(1000)).unwrap());
        }
    }

    const EVER: Duration = Duration::MAX;

    fn limiter(limits: RateLimits) -> (Limiter, Still) {
        (Limiter::new(&limits), Still::default())
    }

    fn per_minute(calls: u32) -> RateLimits {
        RateLimits::none().users(RateLimit::per_minute(calls))
    }

    /// The times of calls that take no time, in milliseconds.
    fn times(limiter: &Limiter, clock: &Still, calls: usize) -> Vec<u64> {
        let enter =
            |_| limiter.enter(Group::Users, clock, EVER, None).map(|_| clock.now()).unwrap();
        (0..calls).map(enter).collect()
    }

    #[test]
    fn as_many_as_allowed_go_at_once_and_the_next_after_the_window() {
        let (limiter, clock) = limiter(per_minute(3));
        let times = times(&limiter, &clock, 8);
        assert_eq!(&times[..3], [0, 0, 0]);
        // Up to a grain later.
        assert!((60_000..=60_100).contains(&times[3]) && times[3] == times[5], "{times:?}");
        assert!((120_000..=120_200).contains(&times[6]), "{times:?}");
    }

    /// Arrivals at a server that are as late as calls allow.
    #[test]
    fn no_window_of_the_server_has_too_many_however_long_requests_are_on_the_way() {
        let (limiter, clock) = limiter(per_minute(5));
        let (mut seed, mut arrivals) = (7_u64, Vec::new());
        let mut random = |bound: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % bound
        };
        for _ in 0..500 {
            let turn = limiter.enter(Group::Users, &clock, EVER, None).unwrap_or_else(|_| panic!());
            let (out, back) = (random(20_000), random(5_000));
            clock.pass(out);
            arrivals.push(clock.now());
            clock.pass(back);
            drop(turn);
            if random(10) == 0 {
                clock.pass(random(100_000));
            }
        }
        for six in arrivals.windows(6) {
            assert!(six[5] - six[0] > 60_000, "{six:?}");
        }
    }

    #[test]
    fn threads_share_the_limit_and_a_test_clock_goes_no_faster() {
        let (limiter, clock) = limiter(per_minute(10));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| times(&limiter, &clock, 25));
            }
        });
        // 100 calls, ten a minute: nine waits.
        assert!((540_000..542_000).contains(&clock.now()), "{}", clock.now());
    }

    #[test]
    fn a_refusal_holds_the_group_and_no_other() {
        let (limiter, clock) = limiter(RateLimits::default());
        let turn = limiter.count(Group::Users, &clock);
        assert_eq!(turn.refused(Some(Duration::from_secs(7))), Duration::from_secs(7));
        drop(turn);
        assert!(limiter.enter(Group::Other, &clock, EVER, None).is_ok() && clock.now() == 0);
        assert!(limiter.enter(Group::Users, &clock, EVER, None).is_ok());
        assert_eq!(clock.now(), 7_000);
    }

    #[test]
    fn one_limit_for_all_is_held_as_a_whole() {
        let limits = RateLimits::none().total(RateLimit::per_minute(2));
        let (limiter, clock) = limiter(limits);
        limiter.count(Group::Users, &clock).refused(Some(Duration::from_secs(7)));
        assert!(limiter.enter(Group::Other, &clock, EVER, None).is_ok());
        assert_eq!(clock.now(), 7_000);
        // The two calls count together.
        assert!(limiter.enter(Group::CreateUsers, &clock, EVER, None).is_ok());
        assert!(clock.now() >= 60_000, "{}", clock.now());
    }

    #[test]
    fn refusals_without_a_time_hold_for_a_minute_and_those_in_a_row_ever_longer() {
        let (limiter, clock) = limiter(RateLimits::default());
        let refused = |after: Option<u64>| {
            let turn = limiter.enter(Group::Users, &clock, EVER, None).unwrap_or_else(|_| panic!());
            turn.refused(after.map(Duration::from_secs)).as_secs()
        };
        assert_eq!(refused(None), 60);
        assert_eq!([0; 6].map(|_| refused(Some(0))), [2, 4, 8, 16, 32, 60]);
        limiter.enter(Group::Users, &clock, EVER, None).unwrap_or_else(|_| panic!()).accepted();
        assert_eq!(refused(Some(0)), 1);
        // Those that were under way together count once.
        clock.pass(2_000);
        let turns = [0; 3].map(|_| limiter.count(Group::Users, &clock));
        assert_eq!(turns.each_ref().map(|turn| turn.refused(Some(SECOND)).as_secs()), [2; 3]);
    }

    #[test]
    fn a_wait_that_is_too_long_does_not_begin() {
        let (limiter, clock) = limiter(per_minute(1));
        assert!(limiter.enter(Group::Users, &clock, EVER, None).is_ok());
        let soon = Duration::from_secs(30);
        let wait = limiter.enter(Group::Users, &clock, soon, None).err().unwrap();
        assert!(wait > soon && clock.now() == 0, "{wait:?}");
    }

    #[test]
    fn a_wait_ends_when_nobody_wants_it() {
        let (limiter, clock) = limiter(per_minute(1));
        assert!(limiter.enter(Group::Users, &clock, EVER, None).is_ok());
        let stop = AtomicBool::new(true);
        assert!(limiter.enter(Group::Users, &clock, EVER, Some(&stop)).is_err());
        assert_eq!(clock.now(), 0);
    }

    #[test]
    fn calls_under_way_are_waited_for() {
        let (limiter, clock) = limiter(per_minute(1));
        let turn = limiter.count(Group::Users, &clock);
        thread::scope(|scope| {
            let next = scope.spawn(|| times(&limiter, &clock, 1));
            thread::sleep(Duration::from_millis(20));
            clock.pass(5_000);
            drop(turn);
            assert!(next.join().unwrap()[0] >= 65_000);
        });
    }

    #[test]
    fn what_is_noted_stays_small() {
        let (limiter, clock) = limiter(per_minute(u32::MAX));
        for _ in 0..100_000 {
            drop(limiter.count(Group::Users, &clock));
            clock.pass(1);
        }
        let state = limiter.lock();
        let window = &state.windows[Group::Users as usize];
        assert!(window.ended.len() <= GRAINS as usize + 2, "{}", window.ended.len());
    }
}

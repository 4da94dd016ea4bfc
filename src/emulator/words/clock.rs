//! The emulator's clock, to be shared with the client under test.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::UnixTime;
use crate::clock::{Clock, SystemClock};

/// The machine's clock, moved or frozen as a test wants it.
///
/// Give it to the client as well, so that both sides see the same time:
///
/// ```
/// use descope::clock::Clock;
/// use descope::emulator::Emulator;
/// use std::time::Duration;
///
/// let emulator = Emulator::new();
/// let clock = emulator.clock();
/// let before = clock.unix();
/// emulator.advance(Duration::from_secs(3600));
/// assert!(clock.unix().as_seconds() >= before.as_seconds() + 3600);
///
/// clock.freeze();
/// clock.set(before);
/// assert_eq!(clock.unix(), before);
/// clock.reset();
/// ```
///
/// Clones share the time. `sleep` really sleeps. The monotonic time only ever moves forward, and a frozen
/// clock does not stop it: waiting ends.
#[derive(Clone)]
pub struct EmulatorClock {
    base: SystemClock,
    moved: Arc<Mutex<Moved>>,
}

/// How a clock differs from the machine's.
#[derive(Clone, Copy, Default)]
struct Moved {
    /// Milliseconds that are added to the time of day.
    ahead: i64,
    /// Milliseconds that are added to the monotonic time.
    passed: u64,
    /// The machine's time at which the clock was stopped, in seconds since the epoch.
    frozen: Option<i64>,
}

impl Moved {
    fn unix(self, real: i64) -> i64 {
        self.frozen.unwrap_or(real).saturating_add(self.ahead.div_euclid(1_000))
    }
}

impl EmulatorClock {
    pub(in crate::emulator) fn new() -> Self {
        Self { base: SystemClock::default(), moved: Arc::default() }
    }

    fn moved(&self) -> MutexGuard<'_, Moved> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The machine's time, in seconds since the epoch.
    pub(in crate::emulator) fn real(&self) -> i64 {
        self.base.unix().as_seconds()
    }

    /// Moves the time forward, by whole milliseconds. A frozen clock stays frozen.
    pub fn advance(&self, by: Duration) {
        let mut moved = self.moved();
        let forward = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        moved.passed = moved.passed.saturating_add(forward);
        moved.ahead = moved.ahead.saturating_add(i64::try_from(forward).unwrap_or(i64::MAX));
    }

    /// Moves the time back, by whole milliseconds. A frozen clock stays frozen.
    pub fn rewind(&self, by: Duration) {
        let mut moved = self.moved();
        let back = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        moved.ahead = moved.ahead.saturating_sub(back);
    }

    /// Sets the time. A frozen clock stays frozen.
    pub fn set(&self, time: UnixTime) {
        let (real, mut moved) = (self.real(), self.moved());
        let seconds = time.as_seconds();
        let forward = seconds.saturating_sub(moved.unix(real)).saturating_mul(1_000);
        moved.passed = moved.passed.saturating_add(u64::try_from(forward).unwrap_or_default());
        let base = moved.frozen.unwrap_or(real);
        moved.ahead = seconds.saturating_sub(base).saturating_mul(1_000);
    }

    /// Stops the time.
    pub fn freeze(&self) {
        let real = self.real();
        self.moved().frozen.get_or_insert(real);
    }

    /// Lets a frozen time go on from where it stopped.
    pub fn unfreeze(&self) {
        let (real, mut moved) = (self.real(), self.moved());
        if let Some(frozen) = moved.frozen.take() {
            let behind = real.saturating_sub(frozen).saturating_mul(1_000);
            moved.ahead = moved.ahead.saturating_sub(behind);
        }
    }

    /// Whether the time is frozen.
    pub fn is_frozen(&self) -> bool {
        self.moved().frozen.is_some()
    }

    /// Goes back to the machine's time.
    pub fn reset(&self) {
        let mut moved = self.moved();
        (moved.ahead, moved.frozen) = (0, None);
    }
}

impl Clock for EmulatorClock {
    fn unix(&self) -> UnixTime {
        UnixTime::from_seconds(self.moved().unix(self.real()))
    }

    fn monotonic(&self) -> Duration {
        self.base.monotonic().saturating_add(Duration::from_millis(self.moved().passed))
    }

    fn sleep(&self, time: Duration) {
        self.base.sleep(time);
    }
}

impl fmt::Debug for EmulatorClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Moved { ahead, frozen, .. } = *self.moved();
        f.debug_struct("EmulatorClock")
            .field("milliseconds_ahead", &ahead)
            .field("frozen", &frozen.is_some())
            .finish()
    }
}

/// Seconds since the epoch as RFC 3339 writes them, in UTC.
pub(in crate::emulator) fn rfc3339(unix: i64) -> String {
    let ([year, month, day], second) = (date(unix.div_euclid(DAY)), unix.rem_euclid(DAY));
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// In seconds.
pub(in crate::emulator) const DAY: i64 = 86_400;

/// Year, month and day of the month, of a day since the epoch, in UTC.
pub(in crate::emulator) fn date(days: i64) -> [i64; 3] {
    // Howard Hinnant's "days from civil", backwards.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    [year_of_era + era * 400 + i64::from(month <= 2), month, day]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_dates() {
        for (unix, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_700_000_000, "2023-11-14T22:13:20Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(unix), text);
        }
    }

    #[test]
    fn advance_moves_both_times_of_every_clone_and_never_wraps() {
        let clock = EmulatorClock::new();
        let other = clock.clone();
        let (unix, monotonic) = (clock.unix(), clock.monotonic());
        other.advance(Duration::from_secs(90));
        assert!(clock.unix().as_seconds() >= unix.as_seconds() + 90);
        assert!(clock.monotonic() >= monotonic + Duration::from_secs(90));
        other.advance(Duration::MAX);
        assert!(clock.unix() > unix);
    }

    #[test]
    fn the_time_goes_both_ways_stops_and_comes_back() {
        let (clock, at) = (EmulatorClock::new(), UnixTime::from_seconds);
        let monotonic = clock.monotonic();
        clock.freeze();
        clock.set(at(1_000));
        assert_eq!(clock.unix(), at(1_000));
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(clock.unix(), at(1_001), "whole seconds");
        clock.rewind(Duration::from_secs(10));
        assert_eq!((clock.unix(), clock.is_frozen()), (at(991), true));
        clock.freeze();
        assert_eq!(clock.unix(), at(991), "frozen twice");
        clock.unfreeze();
        assert!((991..1_991).contains(&clock.unix().as_seconds()), "goes on from there");
        clock.set(at(i64::MAX));
        clock.rewind(Duration::MAX);
        clock.rewind(Duration::MAX);
        assert!(clock.unix() < at(0), "saturates");
        clock.reset();
        let real = SystemClock::default().unix().as_seconds();
        assert!((real - 100..=real).contains(&clock.unix().as_seconds()));
        assert!(clock.monotonic() >= monotonic, "only forward");
    }
}

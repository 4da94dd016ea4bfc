//! The emulator's clock, to be shared with the client under test.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::UnixTime;
use crate::clock::{Clock, SystemClock};

/// The machine's clock plus what [`advance`](Self::advance) added to it.
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
/// ```
///
/// Clones share the time. `sleep` really sleeps.
#[derive(Clone)]
pub struct EmulatorClock {
    base: SystemClock,
    /// Milliseconds added.
    added: Arc<AtomicU64>,
}

impl EmulatorClock {
    pub(in crate::emulator) fn new() -> Self {
        Self { base: SystemClock::default(), added: Arc::default() }
    }

    /// Moves the time forward, by whole milliseconds.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        // The closure always returns a value, so the update cannot fail.
        let _ = self.added.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |added| {
            Some(added.saturating_add(by))
        });
    }

    fn added(&self) -> Duration {
        Duration::from_millis(self.added.load(Ordering::Relaxed))
    }
}

impl Clock for EmulatorClock {
    fn unix(&self) -> UnixTime {
        let added = i64::try_from(self.added().as_secs()).unwrap_or(i64::MAX);
        UnixTime::from_seconds(self.base.unix().as_seconds().saturating_add(added))
    }

    fn monotonic(&self) -> Duration {
        self.base.monotonic().saturating_add(self.added())
    }

    fn sleep(&self, time: Duration) {
        self.base.sleep(time);
    }
}

impl fmt::Debug for EmulatorClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmulatorClock").field("added", &self.added()).finish()
    }
}

/// Seconds since the epoch as RFC 3339 writes them, in UTC.
pub(in crate::emulator) fn rfc3339(unix: i64) -> String {
    let (days, second) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
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
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
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
}

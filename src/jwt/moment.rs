//! Times by two clocks, of which either may stand still or be set.

use std::time::Duration;

use crate::clock::Clock;

/// A moment by both clocks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moment {
    pub(super) monotonic: Duration,
    pub(super) unix: i64,
}

/// What the monotonic clock is taken to show at its start, so that it can name moments before: a process that was
/// just started may have keys of an hour ago.
const BEFORE: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

impl Moment {
    pub(super) fn now(clock: &dyn Clock) -> Self {
        let monotonic = clock.monotonic().saturating_add(BEFORE);
        Self { monotonic, unix: clock.unix().as_seconds() }
    }

    /// The moment at which the wall clock showed this, as far as can be told; `None` for the future.
    pub(super) fn back_at(self, unix: i64) -> Option<Self> {
        let ago = u64::try_from(self.unix.saturating_sub(unix)).ok()?;
        let monotonic = self.monotonic.saturating_sub(Duration::from_secs(ago));
        Some(Self { monotonic, unix })
    }

    /// The time since then by the monotonic clock, which may stand still while the machine sleeps.
    pub(super) fn awake_since(self, then: Self) -> Duration {
        self.monotonic.saturating_sub(then.monotonic)
    }

    /// The time since then by the clock that says more. A wall clock that was set back says nothing.
    pub(super) fn since(self, then: Self) -> Duration {
        let wall = u64::try_from(self.unix.saturating_sub(then.unix)).unwrap_or(0);
        self.awake_since(then).max(Duration::from_secs(wall))
    }
}

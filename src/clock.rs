//! The source of time, replaceable in tests.

use std::time::{Duration, Instant, SystemTime};

use crate::time::UnixTime;

/// The longest wait between two looks at whether to go on.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// Tells the time and waits.
///
/// The client uses its clock for everything that depends on time: whether a token has expired,
/// how old the signing keys are, and how long to wait between tries. Replace it with
/// [`ClientBuilder::clock`](crate::ClientBuilder::clock) to test how your program behaves
/// tomorrow.
///
/// The deadlines of a network exchange use the operating system's clock.
pub trait Clock: Send + Sync + 'static {
    /// The time of day, in whole seconds. Compared with `exp` and `nbf`.
    fn unix(&self) -> UnixTime;

    /// Time since some fixed point, which never goes back. It measures the age of keys, and
    /// deadlines.
    fn monotonic(&self) -> Duration;

    /// Waits between two tries of a call.
    fn sleep(&self, time: Duration);
}

/// The machine's clock, which is the default.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn unix(&self) -> UnixTime {
        SystemTime::now().into()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

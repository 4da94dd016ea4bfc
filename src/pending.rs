//! Waiting for what happens elsewhere: asking again and again, no faster than the server wants.

use std::time::Duration;

use crate::client::Client;
use crate::clock::{Clock, TICK};
use crate::error::Result;
use crate::retry::RetryPolicy;

/// The window of Descope's rate limits, and the longest pause that failures alone lead to.
const MINUTE: Duration = Duration::from_secs(60);
/// By how much `slow_down` lengthens the pauses (RFC 8628 section 3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// What one request has found out.
pub(crate) enum Look<T> {
    Done(T),
    Pending,
    /// Likewise, and the pauses must be longer from now on.
    SlowDown,
}

/// How waiting has ended, unless by an error.
pub(crate) enum Ended<T> {
    Done(T),
    /// Nobody waits any more.
    Cancelled,
    /// The caller's time is up.
    OutOfTime,
    /// What was waited for can happen no more.
    Expired,
}

/// When to ask. The times are those of the client's monotonic clock.
pub(crate) struct Pace {
    /// The pause between two requests.
    pub(crate) interval: Duration,
    /// The end of the caller's time. No request begins after it.
    pub(crate) end: Duration,
    /// The end of what is waited for.
    pub(crate) expiry: Option<Duration>,
    /// Whether the pauses double while nobody answers (RFC 8628 section 3.5).
    pub(crate) backs_off: bool,
}

/// Asks again and again, until it is done, or no time is left, or nobody waits.
pub(crate) fn wait<T>(
    client: &Client,
    pace: &Pace,
    mut keep_waiting: impl FnMut() -> bool,
    ask: impl Fn(&Client) -> Result<Look<T>>,
) -> Result<Ended<T>> {
    let clock = client.clock();
    // Each request is one try with its whole time: one cut short may have been answered with the
    // session.
    let client = client.with_retry(RetryPolicy::none());
    let (mut interval, mut failures) = (pace.interval, 0);
    loop {
        let now = clock.monotonic();
        if pace.expiry.is_some_and(|expiry| expiry <= now) {
            return Ok(Ended::Expired);
        }
        if now >= pace.end {
            return Ok(Ended::OutOfTime);
        }
        if !keep_waiting() {
            return Ok(Ended::Cancelled);
        }
        let outcome = ask(&client);
        failures = if outcome.is_ok() { 0 } else { failures + 1 };
        let pause = match &outcome {
            Ok(Look::Pending) => interval,
            Ok(Look::SlowDown) => {
                interval = interval.saturating_add(SLOWER);
                interval
            }
            Err(error) if error.is_rate_limited() => error.retry_after().unwrap_or(MINUTE),
            Err(error) if error.is_unavailable() => {
                let longer = if pace.backs_off { doubled(interval, failures) } else { interval };
                error.retry_after().unwrap_or_default().max(longer)
            }
            Ok(Look::Done(_)) | Err(_) => Duration::ZERO,
        };
        let failed = match outcome {
            Ok(Look::Done(found)) => return Ok(Ended::Done(found)),
            Err(error) if !error.is_unavailable() => return Err(error),
            Err(error) => Some(error),
            Ok(_) => None,
        };
        let next = clock.monotonic().saturating_add(pause.max(interval));
        // Whoever's time runs out first. Until then the code is good, and to be told as such.
        let expiry = pace.expiry.filter(|expiry| *expiry <= next && *expiry < pace.end);
        if expiry.is_none() && next >= pace.end {
            return failed.map_or(Ok(Ended::OutOfTime), Err);
        }
        if !sleep_until(clock, expiry.unwrap_or(next), &mut keep_waiting) {
            return Ok(Ended::Cancelled);
        }
        if let (Some(_), Some(error)) = (expiry, failed) {
            return Err(error);
        }
    }
}

/// A pause that is doubled with each failure in a row. A pause that is long already stays as it is.
fn doubled(interval: Duration, failures: u32) -> Duration {
    interval.saturating_mul(2_u32.saturating_pow(failures)).min(MINUTE.max(interval))
}

/// Waits, and returns whether somebody still does.
fn sleep_until(clock: &dyn Clock, until: Duration, mut keep_waiting: impl FnMut() -> bool) -> bool {
    while clock.monotonic() < until {
        if !keep_waiting() {
            return false;
        }
        clock.sleep(TICK.min(until.saturating_sub(clock.monotonic())));
    }
    true
}

/// How to wait for what happens elsewhere, such as a sign-in on another device.
///
/// ```
/// use std::time::Duration;
/// use descope::auth::enchanted_link::WaitOptions;
///
/// let patient = WaitOptions::default().deadline(Duration::from_secs(60 * 60));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct WaitOptions {
    interval: Option<Duration>,
    deadline: Option<Duration>,
}

impl WaitOptions {
    /// The time between two requests, at least 1 second. Defaults to 2 seconds.
    ///
    /// A server of OAuth names a time of its own. That is the default there, and a shorter one does not count.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval.max(Duration::from_secs(1)));
        self
    }

    /// The total time to wait. No request begins after it. Defaults to 10 minutes; for device codes and requests by
    /// the backchannel, to the time for which they are valid.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The pace of waiting for something without a pace of its own.
    pub(crate) fn pace(&self, client: &Client) -> Pace {
        let interval = self.interval.unwrap_or(Duration::from_secs(2));
        Pace { interval, end: self.end(client), expiry: None, backs_off: false }
    }

    /// The pace of waiting for something that the server gives a pace and an end.
    pub(crate) fn pace_of(&self, client: &Client, interval: Duration, left: Duration) -> Pace {
        let now = client.clock().monotonic();
        let end = self.deadline.map_or(Duration::MAX, |deadline| now.saturating_add(deadline));
        let interval = self.interval.unwrap_or_default().max(interval);
        Pace { interval, end, expiry: Some(now.saturating_add(left)), backs_off: true }
    }

    /// The end of the time, by the client's monotonic clock.
    pub(crate) fn end(&self, client: &Client) -> Duration {
        let deadline = self.deadline.unwrap_or(Duration::from_secs(10 * 60));
        client.clock().monotonic().saturating_add(deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_never_shrink() {
        let seconds = Duration::from_secs;
        for (interval, failures, pause) in
            [(5, 0, 5), (5, 1, 10), (5, 2, 20), (5, 4, 60), (5, u32::MAX, 60), (90, 3, 90)]
        {
            assert_eq!(doubled(seconds(interval), failures), seconds(pause));
        }
    }
}

//! Waiting for a session that begins elsewhere.

use std::time::Duration;

use super::AuthInfo;
use crate::call::Call;
use crate::check;
use crate::client::Client;
use crate::error::Result;
use crate::retry::RetryPolicy;

/// The longest wait between two looks at whether to go on.
const TICK: Duration = Duration::from_millis(100);
/// The window of Descope's rate limits.
const MINUTE: Duration = Duration::from_secs(60);

impl Call<'_> {
    /// Asks for the session once. While it has not begun, Descope refuses with the code `pending`.
    pub(super) fn send_pending(self, pending_ref: &str, pending: &str) -> Result<Option<AuthInfo>> {
        let answer = self
            .check(check::secret("pending_ref", pending_ref))
            .secret("pendingRef", pending_ref)
            .send_sign_in();
        match answer {
            Err(error) if error.code() == Some(pending) => Ok(None),
            answer => answer.map(Some),
        }
    }
}

/// Asks again and again, until there is a session, or no time left, or nobody who waits.
pub(super) fn wait(
    client: &Client,
    options: &WaitOptions,
    mut keep_waiting: impl FnMut() -> bool,
    ask: impl Fn(&Client) -> Result<Option<AuthInfo>>,
) -> Result<Option<AuthInfo>> {
    let clock = client.clock();
    let end = clock.monotonic().saturating_add(options.deadline);
    // Each request is one try with its whole time: one cut short may have been answered with the
    // session.
    let client = client.with_retry(RetryPolicy::none());
    while clock.monotonic() < end && keep_waiting() {
        let outcome = ask(&client);
        let pause = match &outcome {
            Ok(None) => options.interval,
            Err(error) if error.is_rate_limited() => error.retry_after().unwrap_or(MINUTE),
            Err(error) if error.is_unavailable() => error.retry_after().unwrap_or_default(),
            _ => return outcome,
        };
        let next = clock.monotonic().saturating_add(pause.max(options.interval));
        if next >= end {
            return outcome;
        }
        while clock.monotonic() < next {
            if !keep_waiting() {
                return Ok(None);
            }
            clock.sleep(TICK.min(next.saturating_sub(clock.monotonic())));
        }
    }
    Ok(None)
}

/// How to wait for a session that begins elsewhere.
///
/// ```
/// use std::time::Duration;
/// use descope::auth::enchanted_link::WaitOptions;
///
/// let patient = WaitOptions::default().deadline(Duration::from_secs(60 * 60));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct WaitOptions {
    interval: Duration,
    deadline: Duration,
}

impl Default for WaitOptions {
    fn default() -> Self {
        Self { interval: Duration::from_secs(2), deadline: Duration::from_secs(10 * 60) }
    }
}

impl WaitOptions {
    /// Time between two requests, at least 1 second. Defaults to 2 seconds.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_secs(1));
        self
    }

    /// Time for the waiting in all: no request is begun after it. Defaults to 10 minutes.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::transport::{Response, TransportErrorKind};

/// When a call is tried again, and after how long.
///
/// Only what cannot do harm is repeated:
///
/// | what happened | safe calls | other calls |
/// |---|---|---|
/// | the request never left (no such host, connection or TLS refused) | retried | retried |
/// | status 503, 521, 522 or 530 | retried | only with [`retry_unavailable`](Self::retry_unavailable) |
/// | status 520 or 524, connection closed, no answer in time | retried | never |
/// | status 429 | only with [`wait_for_rate_limit`](Self::wait_for_rate_limit) | likewise |
/// | any other status, an answer that is too large or not HTTP | never | never |
///
/// Safe calls are those that change nothing: loading, searching, checking. Sending a code is not one, so
/// that a user never gets two. The statuses are the ones the official SDKs retry, which do so for every
/// call.
///
/// All tries and the waits between them share the call's deadline
/// ([`ClientBuilder::deadline`](crate::ClientBuilder::deadline)); a wait that would pass it is not begun.
///
/// ```
/// use std::time::Duration;
/// use descope::{Client, RetryPolicy};
///
/// let patient = RetryPolicy::default().max_retries(5).wait_for_rate_limit(Duration::from_secs(60));
/// let client = Client::builder()
///     .project_id("P2abc")
///     .retry(patient)
///     .deadline(Duration::from_secs(120))
///     .build()?;
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RetryPolicy {
    max_retries: u32,
    first_delay: Duration,
    max_delay: Duration,
    unavailable: bool,
    rate_limit: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 3,
            first_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(5),
            unavailable: false,
            rate_limit: Duration::ZERO,
        }
    }
}

impl RetryPolicy {
    /// Every call is tried exactly once.
    pub fn none() -> Self {
        Self::default().max_retries(0)
    }

    /// Tries after the first. Defaults to 3.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// The wait before the first retry; each further wait is five times as long. A random part of up
    /// to a half is taken off, so that many clients do not come back at the same moment. Defaults to
    /// 100 milliseconds.
    pub fn first_delay(mut self, delay: Duration) -> Self {
        self.first_delay = delay;
        self
    }

    /// The longest wait that these grow to. Where a status of 503, 521, 522 or 530 comes with a longer
    /// `Retry-After`, that is kept to. Defaults to 5 seconds.
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Also retries calls that are not safe on 503, 521, 522 and 530, where the service as a rule, but
    /// not for certain, has not acted. Defaults to `false`.
    pub fn retry_unavailable(mut self, retry: bool) -> Self {
        self.unavailable = retry;
        self
    }

    /// On 429, waits as long as `Retry-After` says, or a minute where there is none, and tries again, if
    /// that is no longer than `max` and fits into the deadline.
    /// A refused call was not acted on, so this holds for every call. Defaults to not waiting at all:
    /// the error comes back at once.
    pub fn wait_for_rate_limit(mut self, max: Duration) -> Self {
        self.rate_limit = max;
        self
    }

    /// The wait before the next try, if there is to be one.
    pub(crate) fn next(
        &self,
        tries: u32,
        safe: bool,
        outcome: &Result<Response>,
    ) -> Option<Duration> {
        if tries > self.max_retries {
            return None;
        }
        let backoff = || jitter(self.backoff(tries));
        match outcome {
            Err(Error::Api(error)) => match error.status {
                503 | 521 | 522 | 530 if safe || self.unavailable => {
                    Some(backoff().max(error.retry_after.unwrap_or_default()))
                }
                520 | 524 if safe => Some(backoff()),
                // A time that is over already may be that of a clock that is ahead.
                429 if !self.rate_limit.is_zero() => {
                    let wait = error.retry_after.unwrap_or(Duration::from_secs(60));
                    (wait <= self.rate_limit).then(|| wait.max(backoff()))
                }
                _ => None,
            },
            // The same request would get the same answer.
            Err(Error::Transport(error)) if error.kind() == TransportErrorKind::Body => None,
            Err(Error::Transport(error)) if safe || !error.maybe_processed() => Some(backoff()),
            _ => None,
        }
    }

    fn backoff(&self, tries: u32) -> Duration {
        let factor = 5u32.saturating_pow(tries.saturating_sub(1));
        self.first_delay.saturating_mul(factor).min(self.max_delay)
    }
}

/// Between a half and the whole of `delay`, by the random keys of a standard hash map.
fn jitter(delay: Duration) -> Duration {
    let random = u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or_default();
    delay.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ApiError;
    use crate::transport::{TransportError, TransportErrorKind as Kind};

    fn status(status: u16) -> Result<Response> {
        Err(Error::Api(Box::new(ApiError { status, ..ApiError::default() })))
    }

    fn broken(kind: Kind) -> Result<Response> {
        Err(TransportError::new(kind, "x").into())
    }

    #[test]
    fn only_harmless_repeats() {
        let usual = RetryPolicy::default();
        let eager = RetryPolicy::default().retry_unavailable(true);
        for (outcome, safe, other, other_eager) in [
            (broken(Kind::Connect), true, true, true),
            (broken(Kind::Tls), true, true, true),
            (broken(Kind::Closed), true, false, false),
            (broken(Kind::Timeout), true, false, false),
            (broken(Kind::Other), true, false, false),
            (broken(Kind::Body), false, false, false),
            (status(503), true, false, true),
            (status(521), true, false, true),
            (status(522), true, false, true),
            (status(530), true, false, true),
            (status(520), true, false, false),
            (status(524), true, false, false),
            (status(429), false, false, false),
            (status(400), false, false, false),
            (status(401), false, false, false),
            (status(500), false, false, false),
            (status(502), false, false, false),
            (status(504), false, false, false),
            (Err(Error::Config("x")), false, false, false),
            (Ok(Response::default()), false, false, false),
        ] {
            assert_eq!(usual.next(1, true, &outcome).is_some(), safe, "{outcome:?}");
            assert_eq!(usual.next(1, false, &outcome).is_some(), other, "{outcome:?}");
            assert_eq!(eager.next(1, false, &outcome).is_some(), other_eager, "{outcome:?}");
            assert_eq!(RetryPolicy::none().next(1, true, &outcome), None);
            assert_eq!(usual.next(4, true, &outcome), None);
        }
    }

    #[test]
    fn waits_grow_to_a_limit() {
        let policy = RetryPolicy::default();
        for (tries, full) in [(1, 100), (2, 500), (3, 2500), (4, 5000), (100, 5000)] {
            assert_eq!(policy.backoff(tries), Duration::from_millis(full));
        }
        let delay = policy.next(1, true, &status(503)).unwrap();
        assert!(delay >= Duration::from_millis(50) && delay <= Duration::from_millis(100));
    }

    #[test]
    fn rate_limits_are_waited_for_only_on_request() {
        let limited = |seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            Err(Error::Api(Box::new(ApiError { status: 429, retry_after, ..ApiError::default() })))
        };
        let patient = RetryPolicy::default().wait_for_rate_limit(Duration::from_secs(30));
        assert_eq!(RetryPolicy::default().next(1, true, &limited(1)), None);
        assert_eq!(patient.next(1, false, &limited(30)), Some(Duration::from_secs(30)));
        assert_eq!(patient.next(1, false, &limited(31)), None);
        assert_eq!(patient.next(1, false, &status(429)), None);
    }

    #[test]
    fn a_503_is_not_asked_before_its_time() {
        let retry_after = Some(Duration::from_secs(7));
        let busy =
            Err(Error::Api(Box::new(ApiError { status: 503, retry_after, ..ApiError::default() })));
        assert_eq!(RetryPolicy::default().next(1, true, &busy), retry_after);
    }
}

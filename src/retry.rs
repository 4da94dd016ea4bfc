use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::time::UnixTime;
use crate::transport::http::{HeaderMap, header};
use crate::transport::{Response, TransportErrorKind};

/// Which calls are retried, and after how long.
///
/// A call is repeated only if that cannot do harm:
///
/// | what happened | safe calls | other calls |
/// |---|---|---|
/// | the request never left (no such host, connection or TLS refused) | retried | retried |
/// | status 503, 521, 522 or 530 | retried | only with [`retry_unavailable`](Self::retry_unavailable) |
/// | status 520 or 524, connection closed, no answer in time | retried | never |
/// | status 429 | only with [`wait_for_rate_limit`](Self::wait_for_rate_limit) | likewise |
/// | any other status, an answer that is too large or not HTTP | never | never |
///
/// Safe calls are those that change nothing: loading, searching, checking. Sending a code is not a safe
/// call, so a user never gets two. What can be spent once only, such as a code or a refresh token, is not sent again
/// where the server may have seen it, whatever the policy says. The official SDKs retry the same statuses, but
/// for every call.
///
/// All tries and the waits between them share the call's deadline
/// ([`ClientBuilder::deadline`](crate::ClientBuilder::deadline)); a wait that would exceed it does not
/// begin.
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
    /// A policy that tries every call exactly once.
    pub fn none() -> Self {
        Self::default().max_retries(0)
    }

    /// The number of tries after the first. Defaults to 3.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// The wait before the first retry; each further wait is five times as long. Each wait is shortened
    /// by a random amount of up to half, so that clients do not retry in lockstep. Defaults to 100
    /// milliseconds.
    pub fn first_delay(mut self, delay: Duration) -> Self {
        self.first_delay = delay;
        self
    }

    /// The longest wait that these grow to. If `Retry-After` with a status of 503, 521, 522 or 530 asks
    /// for a longer wait, the client waits that long. Defaults to 5 seconds.
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Whether calls that are not safe are also retried on 503, 521, 522 and 530. With these statuses,
    /// the service has usually not acted, but that is not certain. Defaults to `false`.
    pub fn retry_unavailable(mut self, retry: bool) -> Self {
        self.unavailable = retry;
        self
    }

    /// Waits and tries again on status 429. The wait is what `Retry-After` says, or a minute without that
    /// header. The client only waits if that is no longer than `max` and fits into the deadline. Descope
    /// has not acted on a refused call, so this applies to every call. By default the client does not
    /// wait, and returns the error at once.
    pub fn wait_for_rate_limit(mut self, max: Duration) -> Self {
        self.rate_limit = max;
        self
    }

    /// The wait before the next try, if there is to be one. `random` makes numbers from 0 to 1.
    pub(crate) fn next(
        &self,
        tries: u32,
        safe: bool,
        outcome: &Result<Response>,
        random: impl Fn() -> f64,
    ) -> Option<Duration> {
        if tries > self.max_retries {
            return None;
        }
        let backoff = || jitter(self.backoff(tries), random());
        match outcome {
            Err(Error::Api(error)) => match error.status {
                503 | 521 | 522 | 530 if safe || self.unavailable => {
                    Some(backoff().max(error.retry_after.unwrap_or_default()))
                }
                520 | 524 if safe => Some(backoff()),
                // A time that has already passed may come from a clock that is ahead.
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

/// Seconds or a date (RFC 9110 section 10.2.3), the first readable of several, at most a day.
pub(crate) fn after(headers: &HeaderMap, now: i64) -> Option<Duration> {
    const DAY: u64 = 24 * 60 * 60;
    let seconds = |text: &str| {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return Some(text.parse().unwrap_or(DAY));
        }
        let date = UnixTime::from(httpdate::parse_http_date(text).ok()?).as_seconds();
        Some(u64::try_from(date.saturating_sub(now)).unwrap_or(0))
    };
    headers
        .get_all(header::RETRY_AFTER)
        .iter()
        .find_map(|value| seconds(value.to_str().ok()?.trim()))
        .map(|seconds| Duration::from_secs(seconds.min(DAY)))
}

/// The whole of a delay for 0, and half of it for 1.
fn jitter(delay: Duration, random: f64) -> Duration {
    delay.mul_f64(1.0 - 0.5 * random)
}

/// A number from 0 to 1, by the random keys of a standard hash map.
pub(crate) fn random() -> f64 {
    let random = u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or_default();
    f64::from(random) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ApiError;
    use crate::transport::http::HeaderValue;
    use crate::transport::{TransportError, TransportErrorKind as Kind};

    /// As chance takes nothing off.
    fn none() -> f64 {
        0.0
    }

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
            assert_eq!(usual.next(1, true, &outcome, none).is_some(), safe, "{outcome:?}");
            assert_eq!(usual.next(1, false, &outcome, none).is_some(), other, "{outcome:?}");
            assert_eq!(eager.next(1, false, &outcome, none).is_some(), other_eager, "{outcome:?}");
            assert_eq!(RetryPolicy::none().next(1, true, &outcome, none), None);
            assert_eq!(usual.next(4, true, &outcome, none), None);
        }
    }

    #[test]
    fn waits_grow_to_a_limit() {
        let policy = RetryPolicy::default();
        for (tries, full) in [(1, 100), (2, 500), (3, 2500), (4, 5000), (100, 5000)] {
            assert_eq!(policy.backoff(tries), Duration::from_millis(full));
        }
        let short =
            policy.first_delay(Duration::from_millis(7)).max_delay(Duration::from_millis(30));
        for (tries, full) in [(1, 7), (2, 30), (3, 30)] {
            let wait = short.next(tries, true, &status(503), none);
            assert_eq!(wait, Some(Duration::from_millis(full)));
        }
    }

    #[test]
    fn chance_takes_up_to_a_half_off() {
        let policy = RetryPolicy::default();
        for (random, wait) in [(0.0, 100), (0.5, 75), (1.0, 50)] {
            let wait = Some(Duration::from_millis(wait));
            for outcome in [status(503), status(520), broken(Kind::Connect)] {
                assert_eq!(policy.next(1, true, &outcome, || random), wait, "{outcome:?}");
            }
        }
        // Also where the answer says to come back sooner.
        let after = |seconds| Some(Duration::from_secs(seconds));
        let refused = |status, retry_after| -> Result<Response> {
            Err(Error::Api(Box::new(ApiError { status, retry_after, ..ApiError::default() })))
        };
        let patient = policy.wait_for_rate_limit(Duration::from_secs(30));
        let half = Some(Duration::from_millis(50));
        assert_eq!(patient.next(1, true, &refused(503, after(0)), || 1.0), half);
        assert_eq!(patient.next(1, true, &refused(429, after(0)), || 1.0), half);
        // And nothing off what it says.
        assert_eq!(patient.next(1, true, &refused(503, after(7)), || 1.0), after(7));
        assert_eq!(patient.next(1, true, &refused(429, after(7)), || 1.0), after(7));
    }

    #[test]
    fn chance_is_spread_from_0_to_1() {
        let drawn: Vec<_> = (0..1000).map(|_| random()).collect();
        assert!(drawn.iter().all(|drawn| (0.0..=1.0).contains(drawn)));
        // Each quarter of it as good as certainly, and no two alike.
        for quarter in 0..4 {
            let from = f64::from(quarter) / 4.0;
            assert!(drawn.iter().any(|drawn| (from..from + 0.25).contains(drawn)), "{quarter}");
        }
        let mut sorted = drawn;
        sorted.sort_unstable_by(f64::total_cmp);
        sorted.dedup();
        assert!(sorted.len() > 990);
    }

    #[test]
    fn retries_are_counted_and_delays_are_as_set() {
        let policy = RetryPolicy::default().max_retries(2);
        let waits = [1, 2, 3].map(|tries| policy.next(tries, true, &status(503), none).is_some());
        assert_eq!(waits, [true, true, false]);
        let limited = RetryPolicy::default().wait_for_rate_limit(Duration::from_secs(60));
        let minute = Some(Duration::from_secs(60));
        assert_eq!(limited.next(1, false, &status(429), none), minute);
    }

    #[test]
    fn rate_limits_are_waited_for_only_on_request() {
        let limited = |seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            Err(Error::Api(Box::new(ApiError { status: 429, retry_after, ..ApiError::default() })))
        };
        let patient = RetryPolicy::default().wait_for_rate_limit(Duration::from_secs(30));
        for wait in [0, 1] {
            assert_eq!(RetryPolicy::default().next(1, true, &limited(wait), none), None);
        }
        assert_eq!(patient.next(1, false, &limited(30), none), Some(Duration::from_secs(30)));
        assert_eq!(patient.next(1, false, &limited(31), none), None);
        assert_eq!(patient.next(1, false, &status(429), none), None);
    }

    #[test]
    fn a_503_is_not_asked_before_its_time() {
        let retry_after = Some(Duration::from_secs(7));
        let busy =
            Err(Error::Api(Box::new(ApiError { status: 503, retry_after, ..ApiError::default() })));
        assert_eq!(RetryPolicy::default().next(1, true, &busy, none), retry_after);
    }

    #[test]
    fn reads_every_form_of_retry_after() {
        let now = 784_111_777; // Sun, 06 Nov 1994 08:49:37 GMT
        let day = 24 * 60 * 60;
        for (values, expected) in [
            (&["120"][..], Some(120)),
            (&[" 7 "], Some(7)),
            (&["0"], Some(0)),
            (&["99999999999999999999999"], Some(day)),
            (&["Sun, 06 Nov 1994 08:50:37 GMT"], Some(60)),
            (&["Sun, 06 Nov 1994 08:40:00 GMT"], Some(0)),
            (&["Fri, 31 Dec 9999 23:59:59 GMT"], Some(day)),
            (&["-5"], None),
            (&["1.5"], None),
            (&["soon"], None),
            (&[""], None),
            (&[], None),
            (&["soon", "3"], Some(3)),
            (&["5", "9"], Some(5)),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::RETRY_AFTER, HeaderValue::from_static(value));
            }
            assert_eq!(after(&headers, now), expected.map(Duration::from_secs), "{values:?}");
        }
    }
}

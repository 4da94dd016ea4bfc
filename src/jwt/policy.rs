//! How signing keys are cached, as the program sets it.

use std::time::Duration;

use crate::error::{Error, Result};

/// How signing keys are cached.
///
/// The first token makes the client fetch the keys. They are fetched again when they are older than
/// [`max_age`](Self::max_age), or when a token names a key that is not among them. One thread fetches, and the others
/// use the cached keys.
///
/// Whatever tokens arrive, the client makes at most three fetches per [`cooldown`](Self::cooldown): one
/// because of age, and two because of unknown keys. A sign-in whose answer names an unknown key may add one more,
/// because its code is already spent.
///
/// | event | what happens |
/// |---|---|
/// | a key is rotated in | the first token that names it makes the client fetch the keys |
/// | a key is removed | its tokens are refused after `max_age` at the latest |
/// | the keys cannot be fetched | cached keys are used until `max_stale`, then [`TokenError::KeysUnavailable`] |
/// | there are no keys yet, and they cannot be fetched | tokens and sign-ins try again after 0.1 s, 0.5 s, 2.5 s and so on, up to one `cooldown` |
/// | a token names an unknown key | [`TokenError::UnknownKey`] once a fetch has shown that the project does not have it |
/// | many tokens name unknown keys | [`TokenError::KeyPending`] until the next fetch is allowed |
///
/// The client waits as long as a `Retry-After` of the key endpoint says, up to one hour.
///
/// ```
/// use std::time::Duration;
/// use descope::{Client, KeyPolicy};
///
/// let policy = KeyPolicy::default().max_age(Duration::from_secs(300)).max_stale(Duration::ZERO);
/// let client = Client::builder().project_id("P2abc").key_policy(policy).build()?;
/// # Ok::<(), descope::Error>(())
/// ```
///
/// [`TokenError::KeysUnavailable`]: crate::TokenError::KeysUnavailable
/// [`TokenError::KeyPending`]: crate::TokenError::KeyPending
/// [`TokenError::UnknownKey`]: crate::TokenError::UnknownKey
#[derive(Clone, Debug)]
#[must_use]
pub struct KeyPolicy {
    pub(crate) max_age: Duration,
    pub(crate) cooldown: Duration,
    pub(crate) max_stale: Duration,
    pub(crate) fetch_timeout: Duration,
}

impl Default for KeyPolicy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl KeyPolicy {
    pub(super) const DEFAULT: Self = Self {
        max_age: Duration::from_secs(10 * 60),
        cooldown: Duration::from_secs(30),
        max_stale: Duration::from_secs(60 * 60),
        fetch_timeout: Duration::from_secs(5),
    };

    /// The age at which keys are fetched again. It counts from their fetch, not from their last use. Must be longer
    /// than the [`cooldown`](Self::cooldown). Defaults to 10 minutes.
    ///
    /// Two clocks measure the age, and the larger result counts: a monotonic clock, which setting the time does not
    /// change, and the wall clock, which continues while the machine sleeps.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// The time in which at most one fetch is made because of age, and two because of unknown keys. It begins with a
    /// fetch, whatever its outcome. It is also the longest wait between two fetches while there are no keys. Defaults
    /// to 30 seconds.
    pub fn cooldown(mut self, time: Duration) -> Self {
        self.cooldown = time;
        self
    }

    /// The age up to which keys are used while they cannot be fetched again. If it is shorter than `max_age`, such as
    /// zero, keys that are due are not used unless a fetch succeeds. Defaults to 1 hour.
    ///
    /// Only the monotonic clock measures it, so that a wall clock that jumps ahead during an outage does
    /// not stop every validation.
    pub fn max_stale(mut self, age: Duration) -> Self {
        self.max_stale = age;
        self
    }

    /// The time limit for one fetch, which is not retried. Must not be zero. Defaults to 5 seconds.
    pub fn fetch_timeout(mut self, timeout: Duration) -> Self {
        self.fetch_timeout = timeout;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.max_age <= self.cooldown {
            return Err(Error::argument("max_age", "must be longer than the cooldown"));
        }
        if self.fetch_timeout.is_zero() {
            return Err(Error::argument("fetch_timeout", "must not be zero"));
        }
        Ok(())
    }
}

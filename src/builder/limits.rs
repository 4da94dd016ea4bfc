//! Limits: how large a token may be, and how fast the client.

use super::ClientBuilder;
use crate::pace::{Pacing, RateLimits};

impl ClientBuilder {
    /// The limits that paced calls keep to: those of [bulk work](crate::bulk), and others with
    /// [`pacing`](Self::pacing). All clones of the client share them, and count all their calls. Defaults to
    /// [`RateLimits::default`].
    ///
    /// Clients that were built separately and other processes do not see each other's calls. Give each a part
    /// of the project's limits.
    pub fn rate_limits(mut self, limits: RateLimits) -> Self {
        self.rate_limits = limits;
        self
    }

    /// Whether every management call waits until the [limits](Self::rate_limits) let it begin. Defaults to
    /// `false`: only [bulk work](crate::bulk) waits.
    ///
    /// A paced call also waits after HTTP status 429, whatever the [retry policy](Self::retry) says, since
    /// Descope has not acted on it. All waits share the call's [`deadline`](Self::deadline). If one would exceed
    /// it, the call fails at once with [`Error::Paced`](crate::Error::Paced), or with Descope's refusal. For a
    /// script, set a deadline of some minutes.
    pub fn pacing(mut self, pace: bool) -> Self {
        self.settings.pacing = if pace { Pacing::On } else { Pacing::Off };
        self
    }

    /// The size in bytes of the largest token or access key that a caller may pass, whether to validate, to
    /// refresh or to send it. A larger one is refused with
    /// [`TokenError::TooLarge`](crate::TokenError::TooLarge). Must not be zero. Defaults to 16 KiB.
    ///
    /// The limit bounds the work that a visitor can cause. 16 KiB is about what web servers accept as the
    /// headers of a request. Raise it if your users' tokens are larger, such as those of users in hundreds of
    /// tenants, and if the servers in between let them through. Tokens in Descope's own answers have no size
    /// limit.
    pub fn max_token_size(mut self, bytes: usize) -> Self {
        self.max_token_size = bytes;
        self
    }
}

//! Settings of how fast a client may be.

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
}

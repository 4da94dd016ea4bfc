//! Limits: how large a token may be, and how fast the client; and what makes checks of tokens fast.

use super::ClientBuilder;
use crate::crypto::CryptoLibrary;
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

    /// Remembers up to this many session tokens whose signatures were good, so that a token which comes again
    /// is checked in less than a microsecond. Defaults to 0, which remembers none.
    ///
    /// This does not change which tokens are accepted: see the [guide](crate::guide::speed). The tokens take
    /// at most 8 KiB of memory each on average, and typically 2 KiB.
    ///
    /// ```
    /// let client = descope::Client::builder()
    ///     .project_id("P2abc")
    ///     .remember_verified_tokens(10_000)
    ///     .build()?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    pub fn remember_verified_tokens(mut self, capacity: usize) -> Self {
        self.remembered_tokens = capacity;
        self
    }

    /// The library that checks the signatures of tokens and, if the built-in transport sends requests, encrypts
    /// connections. Defaults to [`CryptoLibrary::Ring`]. Both accept the same tokens.
    ///
    /// AWS-LC checks signatures faster, and takes a C compiler and more time to build: see the
    /// [guide](crate::guide::speed).
    pub fn crypto(mut self, library: CryptoLibrary) -> Self {
        self.connect.library = library;
        self
    }
}

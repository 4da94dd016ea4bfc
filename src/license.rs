//! The project's licence tier, which management calls name if the client is asked to.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::error::Result;
use crate::transport::Limits;
use crate::transport::http::HeaderValue;

/// Asked for once, by the first management call; the official SDKs do so when a client is made.
#[derive(Default)]
pub(crate) struct License {
    asked: AtomicBool,
    tier: OnceLock<HeaderValue>,
}

/// What the question may take.
pub(crate) const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), body: 64 * 1024 };

impl License {
    /// The header's value, if it is known. A call never fails for want of it, nor waits while another
    /// thread asks.
    pub(crate) fn header(&self, ask: impl FnOnce() -> Result<HeaderValue>) -> Option<HeaderValue> {
        if !self.asked.swap(true, Ordering::Relaxed)
            && let Ok(tier) = ask()
        {
            self.tier.get_or_init(|| tier);
        }
        self.tier.get().cloned()
    }
}

//! The project's licence tier, which management calls name if the client is asked to.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::check;
use crate::client::Client;
use crate::error::Result;
use crate::transport::Limits;
use crate::transport::http::HeaderValue;

/// Asked for once, by the first management call; the official SDKs do so when a client is made.
#[derive(Default)]
pub(crate) struct License {
    asked: AtomicBool,
    tier: OnceLock<HeaderValue>,
}

const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), body: 64 * 1024 };

impl License {
    /// The header's value, if it is known. A call never fails for want of it, nor waits while another
    /// thread asks.
    pub(crate) fn header(&self, client: &Client) -> Option<HeaderValue> {
        // The question is a management call itself, and comes by here.
        if !self.asked.swap(true, Ordering::Relaxed)
            && let Ok(tier) = ask(client)
        {
            self.tier.get_or_init(|| tier);
        }
        self.tier.get().cloned()
    }
}

fn ask(client: &Client) -> Result<HeaderValue> {
    let call = client.get("/v1/mgmt/license").management().internal(LIMITS);
    let tier: String = call.send_field("rateLimitTier")?;
    check::id("rateLimitTier", &tier)?;
    check::header("rateLimitTier", &tier)
}

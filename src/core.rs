//! What a client and all its calls stand on: where requests go, what they carry, how long they may take, and
//! what the client knows. It makes no call itself.

use std::sync::Arc;
use std::time::Duration;

use crate::checks::Checks;
use crate::clock::Clock;
use crate::jwt::Verifier;
use crate::license::License;
use crate::observe::Observers;
use crate::pace::{Limiter, Pacing};
use crate::refreshes::Refreshes;
use crate::retry::RetryPolicy;
use crate::secret::Secret;
use crate::servers::Servers;
use crate::transport::Transport;
use crate::transport::http::HeaderMap;

#[derive(Clone)]
pub(crate) struct Core {
    pub(crate) shared: Arc<Shared>,
    pub(crate) settings: Arc<Settings>,
}

/// What all clones of a client have in common.
pub(crate) struct Shared {
    pub(crate) project_id: String,
    pub(crate) base_url: String,
    pub(crate) fga_cache_url: Option<String>,
    /// Answers to authorization checks, where they are remembered.
    pub(crate) checks: Option<Checks>,
    pub(crate) management_key: Option<Secret>,
    pub(crate) auth_management_key: Option<Secret>,
    /// Where management calls are to name the licence tier.
    pub(crate) license: Option<License>,
    /// Those that every request has; the user's cannot replace the crate's.
    pub(crate) headers: HeaderMap,
    pub(crate) request_id: Option<Box<MakeRequestId>>,
    pub(crate) observers: Observers,
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) verifier: Verifier,
    pub(crate) refreshes: Refreshes,
    pub(crate) servers: Servers,
    pub(crate) limiter: Limiter,
}

/// What a clone may have of its own.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) try_timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) audience: Vec<String>,
    /// One more audience, for a caller that tells itself which tokens may have it.
    pub(crate) resource: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) pacing: Pacing,
}

pub(crate) type MakeRequestId = dyn Fn() -> Option<String> + Send + Sync;

impl Core {
    pub(crate) fn new(shared: Shared, settings: Settings) -> Self {
        Self { shared: Arc::new(shared), settings: Arc::new(settings) }
    }

    /// The same core with other settings.
    pub(crate) fn with(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut clone = self.clone();
        change(Arc::make_mut(&mut clone.settings));
        clone
    }
}

/// Where a project's API is, unless the program says otherwise. As in the official SDKs: a project ID of 32
/// characters or more holds a region.
pub(crate) fn region_url(project_id: &str) -> String {
    match project_id.get(1..5) {
        Some(region) if project_id.len() >= 32 => format!("https://api.{region}.descope.com"),
        _ => "https://api.descope.com".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions() {
        let id = |length: usize| format!("Puse1{}", "a".repeat(length - 5));
        assert_eq!(region_url(&id(31)), "https://api.descope.com");
        assert_eq!(region_url(&id(32)), "https://api.use1.descope.com");
        assert_eq!(region_url(&id(40)), "https://api.use1.descope.com");
        assert_eq!(region_url("P"), "https://api.descope.com");
    }
}

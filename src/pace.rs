//! How many calls Descope allows in a while, and the turns that calls take to keep to it.

mod limiter;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub(crate) use self::limiter::{Limiter, Turn};

const MINUTE: Duration = Duration::from_secs(60);

/// A number of calls in a time.
///
/// ```
/// use std::time::Duration;
/// use descope::RateLimit;
///
/// assert_eq!(RateLimit::per_minute(500), RateLimit::new(500, Duration::from_secs(60)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RateLimit {
    calls: u32,
    window: Duration,
}

impl RateLimit {
    /// This many calls in a time. Zero calls count as one, and a time below a millisecond as a millisecond.
    pub fn new(calls: u32, window: Duration) -> Self {
        Self { calls: calls.max(1), window: window.max(Duration::from_millis(1)) }
    }

    /// This many calls in 60 seconds.
    pub fn per_minute(calls: u32) -> Self {
        Self::new(calls, MINUTE)
    }

    /// The number of calls.
    pub fn calls(&self) -> u32 {
        self.calls
    }

    /// The time in which there may be so many.
    pub fn window(&self) -> Duration {
        self.window
    }
}

/// The limits that paced calls keep to: one for each group of calls that Descope counts together.
///
/// The defaults are those of Descope's page <https://docs.descope.com/rate-limiting>, read in November 2026:
///
/// | group | paths | default | what the page says |
/// |---|---|---|---|
/// | [`create_users`](Self::create_users) | `/v1/mgmt/user/create`, `/create/batch` and `/create/test` | 100 in 60 s | "100 requests per 60 seconds", with single paths; counted per project |
/// | [`users`](Self::users) | all others below `/v1/mgmt/user` and `/v2/mgmt/user` | 500 in 60 s | "500 requests per 60 seconds" for `/v1/mgmt/user/*`; counted per project |
/// | [`other`](Self::other) | all other calls with a management key | 1000 in 10 s | "1000 requests per 10 seconds" for the backend SDKs; counted per IP address |
/// | [`total`](Self::total) | all calls with a management key together | none | |
///
/// An older version of the page has 200 in 60 seconds for updating and searching users, and limits differ
/// between plans. Descope documents no headers that say what is left of a limit, only `Retry-After`. What it
/// answers comes first: after HTTP status 429, all paced calls of the group wait for
/// as long as `Retry-After` says, or for 60 seconds without it, which is the page's back-off.
///
/// Calls without a management key, such as sign-ins, belong to no group and are never paced. Neither are
/// questions that an [FGA cache](crate::ClientBuilder::fga_cache_url) answers.
///
/// ```
/// use descope::{Client, RateLimit, RateLimits};
///
/// // Leave half of the project's limit to others.
/// let limits = RateLimits::default()
///     .users(RateLimit::per_minute(250))
///     .create_users(RateLimit::per_minute(50));
/// let client = Client::builder().project_id("P2abc").rate_limits(limits).build()?;
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct RateLimits([Option<RateLimit>; GROUPS]);

const GROUPS: usize = 4;

/// Calls that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    CreateUsers,
    Users,
    Other,
    Total,
}

impl Group {
    /// That of a management call, by its path.
    pub(crate) fn of(path: &str) -> Self {
        let path = path.split('?').next().unwrap_or_default();
        let below = |prefix: &str| {
            let rest = path.strip_prefix(prefix);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if below("/v1/mgmt/user/create") {
            Self::CreateUsers
        } else if below("/v1/mgmt/user") || below("/v2/mgmt/user") {
            Self::Users
        } else {
            Self::Other
        }
    }
}

impl Default for RateLimits {
    fn default() -> Self {
        Self::none()
            .create_users(RateLimit::per_minute(100))
            .users(RateLimit::per_minute(500))
            .other(RateLimit::new(1000, Duration::from_secs(10)))
    }
}

impl RateLimits {
    /// No limits but what Descope's answers say.
    pub fn none() -> Self {
        Self([None; GROUPS])
    }

    /// The limit of calls that create users, one or a batch at a time.
    pub fn create_users(self, limit: RateLimit) -> Self {
        self.set(Group::CreateUsers, limit)
    }

    /// The limit of all other calls about users.
    pub fn users(self, limit: RateLimit) -> Self {
        self.set(Group::Users, limit)
    }

    /// The limit of calls with a management key that are not about users.
    pub fn other(self, limit: RateLimit) -> Self {
        self.set(Group::Other, limit)
    }

    /// A limit of all calls with a management key together, besides those of the groups.
    pub fn total(self, limit: RateLimit) -> Self {
        self.set(Group::Total, limit)
    }

    fn set(mut self, group: Group, limit: RateLimit) -> Self {
        self.0[group as usize] = Some(limit);
        self
    }
}

/// Whether calls wait for their turn.
#[derive(Clone, Default)]
pub(crate) enum Pacing {
    /// They are only counted.
    #[default]
    Off,
    /// They wait, within the deadline of the call.
    On,
    /// They wait for longer than their deadline, until nobody wants them any more. What they do may be done
    /// twice.
    Bulk { patience: Duration, stop: Arc<AtomicBool> },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_go_by_the_path() {
        for (path, group) in [
            ("/v1/mgmt/user/create", Group::CreateUsers),
            ("/v1/mgmt/user/create/batch", Group::CreateUsers),
            ("/v1/mgmt/user/create/test", Group::CreateUsers),
            ("/v1/mgmt/user/created", Group::Users),
            ("/v1/mgmt/user?loginId=/v1/mgmt/user/create", Group::Users),
            ("/v1/mgmt/user/patch/batch", Group::Users),
            ("/v2/mgmt/user/search", Group::Users),
            ("/v1/mgmt/users", Group::Other),
            ("/v1/mgmt/fga/relations", Group::Other),
            ("/v1/mgmt/audit/search", Group::Other),
            ("", Group::Other),
        ] {
            assert_eq!(Group::of(path), group, "{path}");
        }
    }

    #[test]
    fn a_limit_lets_at_least_one_call_through() {
        let limit = RateLimit::new(0, Duration::ZERO);
        assert_eq!((limit.calls(), limit.window()), (1, Duration::from_millis(1)));
        assert_eq!(RateLimit::per_minute(500).window(), MINUTE);
    }
}

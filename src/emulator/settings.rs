//! How one emulator behaves.

use std::time::Duration;

/// The form of the `iss` claim. Descope signs with the bare project ID or with a URL that ends in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Issuer {
    /// `P2…`
    #[default]
    ProjectId,
    /// `https://api.descope.com/P2…`
    Url,
    /// `https://api.descope.com/v1/apps/P2…`
    App,
}

pub(super) struct Settings {
    pub(super) project_id: String,
    pub(super) management_key: String,
    pub(super) issuer: Issuer,
    pub(super) own_key: bool,
    pub(super) session_lifetime: Duration,
    pub(super) refresh_lifetime: Duration,
    pub(super) rotate_refresh: bool,
    pub(super) refresh_cookie: bool,
    pub(super) code_lifetime: Duration,
    pub(super) max_attempts: u32,
    pub(super) oauth_providers: Vec<String>,
}

impl Settings {
    pub(super) fn issuer(&self) -> String {
        let project = &self.project_id;
        match self.issuer {
            Issuer::ProjectId => project.clone(),
            Issuer::Url => format!("https://api.descope.com/{project}"),
            Issuer::App => format!("https://api.descope.com/v1/apps/{project}"),
        }
    }
}

/// Whole seconds, as claims count them.
pub(super) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

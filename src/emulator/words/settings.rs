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

#[derive(Clone)]
pub(in crate::emulator) struct Settings {
    pub(in crate::emulator) project_id: String,
    pub(in crate::emulator) management_key: String,
    /// Whether the project lacks what Descope gives a new one.
    pub(in crate::emulator) empty_project: bool,
    pub(in crate::emulator) issuer: Issuer,
    pub(in crate::emulator) own_key: bool,
    pub(in crate::emulator) session_lifetime: Duration,
    pub(in crate::emulator) refresh_lifetime: Duration,
    pub(in crate::emulator) rotate_refresh: bool,
    pub(in crate::emulator) refresh_cookie: bool,
    pub(in crate::emulator) code_lifetime: Duration,
    pub(in crate::emulator) max_attempts: u32,
    pub(in crate::emulator) oauth_providers: Vec<String>,
    /// Whether unknown fields are refused; if unset, in the process but not on a port.
    pub(in crate::emulator) strict: Option<bool>,
    /// The origins whose pages may call the API; if there are none, those of this machine.
    pub(in crate::emulator) origins: Vec<String>,
    pub(in crate::emulator) requests_per_minute: Option<u32>,
    /// Whether a request makes the project that it names.
    pub(in crate::emulator) any_project: bool,
    /// The hosts to which connectors send, beside those of this machine.
    pub(in crate::emulator) webhook_hosts: Vec<String>,
}

impl Settings {
    pub(in crate::emulator) fn issuer(&self) -> String {
        self.issuer_in(self.issuer)
    }

    /// The `iss` in this form.
    pub(in crate::emulator) fn issuer_in(&self, form: Issuer) -> String {
        let project = &self.project_id;
        match form {
            Issuer::ProjectId => project.clone(),
            Issuer::Url => format!("https://api.descope.com/{project}"),
            Issuer::App => format!("https://api.descope.com/v1/apps/{project}"),
        }
    }
}

/// Whole seconds, as claims count them.
pub(in crate::emulator) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

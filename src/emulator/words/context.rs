//! What an operation depends on beside the state and what it is asked.

use std::time::Duration;

use super::refusal::{Refusal, Result};
use super::settings::{Settings, seconds};

pub(in crate::emulator) struct Context<'a> {
    pub(in crate::emulator) settings: &'a Settings,
    /// Seconds since the epoch.
    pub(in crate::emulator) now: i64,
    /// The machine's time, where the tokens are for a client that keeps it.
    pub(in crate::emulator) real: Option<i64>,
    /// The URL under which the client knows the emulator, such as `http://127.0.0.1:8080`.
    pub(in crate::emulator) origin: String,
    /// The refresh token or the access key of the bearer.
    pub(in crate::emulator) token: Option<String>,
    /// The way of signing in, as the audit trail names it; empty elsewhere.
    pub(in crate::emulator) method: &'static str,
}

impl<'a> Context<'a> {
    /// The context of something that no request asked for.
    pub(in crate::emulator) fn new(settings: &'a Settings, now: i64) -> Self {
        Self { settings, now, real: None, origin: String::new(), token: None, method: "" }
    }

    pub(in crate::emulator) fn required_token(&self) -> Result<&str> {
        self.token.as_deref().ok_or_else(|| Refusal::token("The request has no refresh token"))
    }

    /// When something expires that is good for this long from now on.
    pub(in crate::emulator) fn expiry(&self, lifetime: Duration) -> i64 {
        self.now.saturating_add(seconds(lifetime))
    }

    /// When a token is issued that begins now: not in the future of its client.
    pub(in crate::emulator) fn issued(&self) -> i64 {
        self.real.map_or(self.now, |real| real.min(self.now))
    }

    /// When a token expires that begins now: not in the past of its client.
    pub(in crate::emulator) fn token_expiry(&self, lifetime: i64) -> i64 {
        self.real.map_or(self.now, |real| real.max(self.now)).saturating_add(lifetime)
    }

    /// What the clock showed by which a client wrote this time: the emulator's, or the machine's.
    pub(in crate::emulator) fn clock_of(&self, time: i64) -> i64 {
        let real = self.real.filter(|real| real.abs_diff(time) < self.now.abs_diff(time));
        real.unwrap_or(self.now)
    }

    /// When a code, a link or a ceremony expires that begins now.
    pub(in crate::emulator) fn code_expiry(&self) -> i64 {
        self.expiry(self.settings.code_lifetime)
    }
}

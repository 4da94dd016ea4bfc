//! The turns of calls that Descope counts together, where the client paces them.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::{Call, Credential};
use crate::error::{Error, Result};
use crate::pace::{Group, Pacing, Turn};
use crate::transport::Response;

/// How long a call may take, and how long it may wait for its turns. Times of the client's clock.
pub(super) struct Times {
    /// The end of its tries.
    pub(super) deadline: Duration,
    /// The end of waiting, if that does not count towards the deadline.
    patience: Option<Duration>,
}

impl<'c> Call<'c> {
    /// The times of a call that begins now.
    pub(super) fn times(&self) -> Times {
        let settings = &self.core.settings;
        let now = self.core.shared.clock.monotonic();
        let patience = match &settings.pacing {
            Pacing::Bulk { patience, .. } => Some(now.saturating_add(*patience)),
            Pacing::Off | Pacing::On => None,
        };
        Times { deadline: now.saturating_add(settings.deadline), patience }
    }

    /// Whether it may be repeated although Descope may have acted on it.
    pub(super) fn is_safe(&self) -> bool {
        let bulk = matches!(self.core.settings.pacing, Pacing::Bulk { .. });
        self.safe || bulk && !self.once
    }

    /// Waits for the call's turn, and counts it; `None` if Descope has no limit for it.
    pub(super) fn turn(&self, times: &mut Times) -> Result<Option<Turn<'c>>> {
        let Some(group) = self.group() else { return Ok(None) };
        let shared = &self.core.shared;
        let clock = &*shared.clock;
        let stop: Option<&AtomicBool> = match &self.core.settings.pacing {
            Pacing::Off => return Ok(Some(shared.limiter.count(group, clock))),
            Pacing::On => None,
            Pacing::Bulk { stop, .. } => Some(stop),
        };
        let begin = clock.monotonic();
        let until = times.patience.unwrap_or(times.deadline);
        let turn = shared.limiter.enter(group, clock, until, stop);
        let turn = turn.map_err(|retry_after| Error::Paced { retry_after })?;
        if times.patience.is_some() {
            let waited = clock.monotonic().saturating_sub(begin);
            times.deadline = times.deadline.saturating_add(waited);
        }
        Ok(Some(turn))
    }

    /// Notes what came of a turn, and how long to wait before another one; `None` if there is to be none.
    /// Descope has not acted on a call that was one too many.
    pub(super) fn ends(
        &self,
        turn: Option<Turn<'_>>,
        outcome: &Result<Response>,
        times: &Times,
    ) -> Option<Duration> {
        let turn = turn?;
        let Some(error) = outcome.as_ref().err().filter(|error| error.is_rate_limited()) else {
            if outcome.is_ok() {
                turn.accepted();
            }
            return None;
        };
        let wait = turn.refused(error.retry_after());
        let until = times.patience.unwrap_or(times.deadline);
        let again = self.core.shared.clock.monotonic().saturating_add(wait) < until;
        let paced = !matches!(self.core.settings.pacing, Pacing::Off);
        (again && paced).then_some(wait)
    }

    /// The calls that Descope counts this one with.
    fn group(&self) -> Option<Group> {
        let is_managing = matches!(self.credential, Credential::ManagementKey);
        let is_counted = is_managing && self.protocol.is_none() && self.limits.is_none();
        is_counted.then(|| Group::of(&self.path))
    }
}

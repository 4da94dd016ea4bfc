//! Waiting for a session that begins elsewhere.

use super::AuthInfo;
use crate::call::Call;
use crate::check;
use crate::client::Client;
use crate::error::Result;
use crate::pending::{Ended, Look, WaitOptions, wait as wait_for};

impl Call<'_> {
    /// Asks for the session once. While it has not begun, Descope refuses with the code `pending`.
    pub(super) fn send_pending(self, pending_ref: &str, pending: &str) -> Result<Option<AuthInfo>> {
        let answer = self
            .check(check::secret("pending_ref", pending_ref))
            .secret("pendingRef", pending_ref)
            .once()
            .send_sign_in();
        match answer {
            Err(error) if error.code() == Some(pending) => Ok(None),
            answer => answer.map(Some),
        }
    }
}

/// Asks again and again, until there is a session, or no time left, or nobody who waits.
pub(super) fn wait(
    client: &Client,
    options: &WaitOptions,
    keep_waiting: impl FnMut() -> bool,
    ask: impl Fn(&Client) -> Result<Option<AuthInfo>>,
) -> Result<Option<AuthInfo>> {
    let look = |client: &Client| Ok(ask(client)?.map_or(Look::Pending, Look::Done));
    Ok(match wait_for(client, &options.pace(client), keep_waiting, look)? {
        Ended::Done(info) => Some(info),
        Ended::Cancelled | Ended::OutOfTime | Ended::Expired => None,
    })
}

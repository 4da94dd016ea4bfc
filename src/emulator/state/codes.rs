//! The codes and links that wait for their users.

use std::borrow::Cow;

use super::pending::{Pending, Settled, Then};
use super::table::{By, Row, key};
use crate::emulator::words::digest::Digest;

/// A one-time code.
pub(in crate::emulator) struct Code {
    pub(in crate::emulator) pending: Pending,
    pub(in crate::emulator) digits: String,
    pub(in crate::emulator) expires: i64,
    pub(in crate::emulator) wrong_attempts: u32,
}

impl Row for Code {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        let Pending { login_id, address, then, .. } = &self.pending;
        let user = match then {
            Then::SignUp { .. } => None,
            Then::SignIn { user, .. } | Then::Update { user, .. } => Some(key(By::User, user)),
        };
        [key(By::LoginId, login_id), key(By::Address, address)].into_iter().chain(user).collect()
    }
}

/// A magic link that waits to be clicked, or what is verified like one.
pub(in crate::emulator) struct Link {
    pub(in crate::emulator) token: Digest,
    pub(in crate::emulator) pending: Pending,
    pub(in crate::emulator) expires: i64,
}

impl Row for Link {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![(By::Secret, Cow::Borrowed(&self.token))]
    }
}

/// A sign-in by enchanted link that is under way.
pub(in crate::emulator) struct Attempt {
    pub(in crate::emulator) pending_ref: Digest,
    pub(in crate::emulator) right: Digest,
    pub(in crate::emulator) wrong: [Digest; 2],
    pub(in crate::emulator) expires: i64,
    /// What the verifier of the click must fit (RFC 7636), if the sign-in asked for that.
    pub(in crate::emulator) challenge: Option<String>,
    pub(in crate::emulator) state: AttemptState,
}

pub(in crate::emulator) enum AttemptState {
    Waiting(Box<Pending>),
    /// A wrong link was clicked, which ends it.
    Refused,
    Clicked(Settled),
}

impl Row for Attempt {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        let [one, other] = &self.wrong;
        let links = [&self.right, one, other].map(|link| (By::Secret, Cow::Borrowed(&link[..])));
        [(By::Id, Cow::Borrowed(&self.pending_ref[..]))].into_iter().chain(links).collect()
    }
}

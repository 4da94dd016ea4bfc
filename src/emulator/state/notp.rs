//! Sign-ins that wait for a message from their user's phone.

use std::borrow::Cow;

use super::pending::{Pending, Settled};
use super::sign_in::SignIn;
use super::table::{By, Row};
use super::user::Profile;
use crate::emulator::words::digest::Digest;

/// A message that a user is to send.
pub(in crate::emulator) struct Awaited {
    pub(in crate::emulator) pending_ref: Digest,
    /// What the message holds.
    pub(in crate::emulator) token: Digest,
    pub(in crate::emulator) expires: i64,
    pub(in crate::emulator) state: AwaitedState,
}

pub(in crate::emulator) enum AwaitedState {
    Waiting(Box<Wanted>),
    /// It came from the wrong phone, which ends it.
    Refused,
    Sent(Settled),
}

/// What the message leads to.
#[derive(Clone)]
pub(in crate::emulator) enum Wanted {
    /// Something about a user who is known. It must come from the phone of that address, unless that is
    /// empty.
    Known(Pending),
    /// A sign-up or a sign-in of whoever sends it.
    Sender { whom: Whom, profile: Profile, asked: SignIn, user: Option<String> },
}

/// Who may send it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::emulator) enum Whom {
    New,
    Known,
    Anyone,
}

impl Whom {
    pub(in crate::emulator) fn as_str(self) -> &'static str {
        match self {
            Self::New => "sign-up",
            Self::Known => "sign-in",
            Self::Anyone => "sign-up-or-in",
        }
    }
}

impl Row for Awaited {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![
            (By::Id, Cow::Borrowed(&self.pending_ref[..])),
            (By::Secret, Cow::Borrowed(&self.token[..])),
        ]
    }
}

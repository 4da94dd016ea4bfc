//! What a message does that a user sends to sign in.

use super::delivery::Delivery;
use super::notp::{Awaited, AwaitedState, Wanted, Whom};
use super::pending::{Pending, Then, Verified};
use super::store::Store;
use super::table::By;
use crate::emulator::words::context::Context;
use crate::emulator::words::digest::Digest;
use crate::emulator::words::refusal::{Refusal, Result};

/// A phone number as it is compared: its digits.
fn digits(phone: &str) -> impl Iterator<Item = char> + '_ {
    phone.chars().filter(char::is_ascii_digit)
}

impl Wanted {
    /// What it is that waits, now that it is known from which phone the message came.
    fn sent_from(self, phone: &str, store: &Store) -> Result<Pending> {
        let (whom, mut profile, asked, must_be) = match self {
            Self::Known(pending) => {
                let same = pending.address.is_empty() || digits(&pending.address).eq(digits(phone));
                let refusal = || Refusal::forbidden("The message came from another phone");
                let pending = same.then_some(pending).ok_or_else(refusal)?;
                return Ok(pending.sent_by(phone));
            }
            Self::Sender { whom, profile, asked, user } => (whom, profile, asked, user),
        };
        let known = store.user_by_login(phone).map(|user| user.id.clone());
        if must_be.is_some() && must_be != known {
            return Err(Refusal::forbidden("The refresh token is of another user"));
        }
        let then = match (known, whom) {
            (Some(_), Whom::New) => return Err(Refusal::user_exists()),
            (None, Whom::Known) => return Err(Refusal::no_user()),
            (Some(user), _) => Then::SignIn { user, asked },
            (None, _) => {
                phone.clone_into(&mut profile.phone);
                let or_in = whom == Whom::Anyone;
                Then::SignUp { profile, verified: Verified::default(), asked, or_in }
            }
        };
        Ok(Pending::new(Delivery::WhatsApp, phone, phone.to_owned(), whom.as_str(), then))
    }
}

impl Pending {
    /// Takes the phone of the message as the address, where there was none.
    fn sent_by(mut self, phone: &str) -> Self {
        if self.address.is_empty() {
            phone.clone_into(&mut self.address);
            if let Then::SignUp { profile, .. } = &mut self.then {
                phone.clone_into(&mut profile.phone);
            }
        }
        self
    }
}

/// What a message from a phone does. A refused one ends what waits for it.
pub(in crate::emulator) fn receive(
    context: &Context<'_>,
    store: &mut Store,
    token: Digest,
    phone: &str,
) -> Result<()> {
    let waiting =
        store.awaited.get(By::Secret, token).filter(|awaited| context.now < awaited.expires);
    let Some(Awaited { state: AwaitedState::Waiting(wanted), .. }) = waiting else {
        return Err(Refusal::argument(
            "Nothing waits for this message: it has expired, or was sent",
        ));
    };
    let pending = Wanted::clone(wanted).sent_from(phone, store);
    let settled = pending.and_then(|pending| pending.settle(context, store));
    let Some(mut awaited) = store.awaited.edit(By::Secret, token) else { return Ok(()) };
    match settled {
        Ok(settled) => {
            awaited.state = AwaitedState::Sent(settled);
            // Leaves time to ask, even after a message in the last second.
            awaited.expires = context.code_expiry();
            Ok(())
        }
        Err(refusal) => {
            awaited.state = AwaitedState::Refused;
            Err(refusal)
        }
    }
}

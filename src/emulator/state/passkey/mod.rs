//! Passkeys, and the ceremonies at browsers that make and use them.

use std::borrow::Cow;

use super::sign_in::SignIn;
use super::table::{By, Row, Table, key};
use super::user::User;
use crate::emulator::words::context::Context;
use crate::emulator::words::refusal::{Refusal, Result};

pub(in crate::emulator) mod credential;
pub(in crate::emulator) mod key;

use credential::Expected;
use key::PublicKey;

/// The passkeys of all users, and the ceremonies that have begun.
#[derive(Default)]
pub(in crate::emulator) struct Passkeys {
    pub(in crate::emulator) passkeys: Table<Passkey>,
    transactions: Table<Transaction>,
}

pub(in crate::emulator) struct Passkey {
    pub(in crate::emulator) id: Vec<u8>,
    pub(in crate::emulator) user: String,
    pub(in crate::emulator) rp_id: String,
    pub(in crate::emulator) key: PublicKey,
    pub(in crate::emulator) sign_count: u32,
    pub(in crate::emulator) created: i64,
}

impl Row for Passkey {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![(By::Id, Cow::Borrowed(&self.id)), key(By::User, &self.user)]
    }
}

pub(in crate::emulator) struct Transaction {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) expected: Expected,
    pub(in crate::emulator) then: Then,
    pub(in crate::emulator) expires: i64,
}

impl Row for Transaction {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![key(By::Id, &self.id)]
    }
}

pub(in crate::emulator) enum Then {
    SignUp {
        user: Box<User>,
        asked: SignIn,
    },
    /// Whoever has the passkey, or one user.
    SignIn {
        user: Option<String>,
        asked: SignIn,
        only: Option<String>,
    },
    Update {
        user: String,
        asked: SignIn,
        mfa: bool,
    },
}

impl Passkeys {
    pub(in crate::emulator) fn forget(&mut self, user: &str) {
        self.passkeys.remove(By::User, user);
    }

    pub(in crate::emulator) fn hand_over(&mut self, from: &str, to: &str) {
        self.passkeys.edit_all(By::User, from, |passkey| to.clone_into(&mut passkey.user));
    }

    /// The passkeys of a user for a relying party.
    pub(in crate::emulator) fn for_user(
        &self,
        user: &str,
        rp_id: &str,
    ) -> impl Iterator<Item = &Passkey> {
        self.passkeys.all(By::User, user).filter(move |passkey| passkey.rp_id == rp_id)
    }

    pub(in crate::emulator) fn begin(&mut self, context: &Context<'_>, transaction: Transaction) {
        self.transactions.drop_now_and_then(|old| context.now >= old.expires);
        self.transactions.push(transaction);
    }

    /// A ceremony by its ID, which is good once, whatever comes of it.
    pub(in crate::emulator) fn take(
        &mut self,
        context: &Context<'_>,
        id: &str,
    ) -> Result<Transaction> {
        let transaction = self
            .transactions
            .take(By::Id, id)
            .ok_or_else(|| Refusal::passkey("There is no such transaction"))?;
        if context.now >= transaction.expires {
            return Err(Refusal::passkey("The transaction has expired"));
        }
        Ok(transaction)
    }
}

//! What a proof does: it signs up, signs in, or changes an address.

use super::pending::{Pending, Settled, Then};
use super::store::Store;
use super::token;
use super::user::User;
use crate::emulator::words::context::Context;
use crate::emulator::words::refusal::{Refusal, Result};

impl Pending {
    /// Signs the user in.
    pub(in crate::emulator) fn complete(self, context: &Context<'_>, store: &mut Store) -> Result {
        self.settle(context, store)?.sign_in(context, store)
    }

    /// Does what the proof allows, up to the session.
    pub(in crate::emulator) fn settle(
        self,
        context: &Context<'_>,
        store: &mut Store,
    ) -> Result<Settled> {
        let Self { method, login_id, address, then, .. } = self;
        let (user, asked) = match then {
            Then::SignIn { user, asked } => (user, asked),
            Then::SignUp { profile, verified, asked, or_in } => {
                let user = match store.user_by_login(&login_id) {
                    Some(user) if or_in => user.id.clone(),
                    Some(_) => return Err(Refusal::user_exists()),
                    None => {
                        let user = User {
                            profile,
                            verified_email: verified.email,
                            verified_phone: verified.phone,
                            ..User::new(&login_id, context.now)
                        };
                        asked.register(context, store, user)?
                    }
                };
                (user, asked)
            }
            Then::Update { user, asked, add_to_login_ids, use_existing } => {
                let mut survivor = user.clone();
                if add_to_login_ids {
                    let other = store.user_by_login(&address).map(|other| other.id.clone());
                    if let Some(other) = other.filter(|other| *other != user) {
                        survivor = if use_existing { other.clone() } else { user.clone() };
                        let absorbed = if use_existing { user } else { other };
                        store.merge_users(&survivor, &absorbed)?;
                    }
                }
                let mut updated = store.user_mut(&survivor)?;
                address.clone_into(method.address_of(&mut updated.profile));
                if add_to_login_ids && !updated.has_login(&address) {
                    updated.login_ids.push(address.clone());
                }
                updated.modified = context.now;
                drop(updated);
                (survivor, asked)
            }
        };
        if let Ok(mut user) = store.user_mut(&user) {
            method.verified(&mut user, &address);
        }
        Ok(Settled { user, factor: method.factor(), asked })
    }
}

impl Settled {
    pub(in crate::emulator) fn sign_in(self, context: &Context<'_>, store: &mut Store) -> Result {
        token::sign_in(context, store, &self.user, self.factor, self.asked)
    }
}

//! Which rules a user's password is under.

use super::password::{Password, Policy};
use super::store::Store;
use super::user::User;
use crate::emulator::words::refusal::Result;

impl Store {
    /// The rules of a tenant: its own, or else the project's.
    pub(in crate::emulator) fn password_policy_in(&self, tenant: &str) -> &Policy {
        let own = self.tenant(tenant).and_then(|tenant| tenant.password_policy.as_ref());
        own.unwrap_or(&self.password_policy)
    }

    /// The rules for a user who signs in to this tenant, or else to any: those of all their tenants
    /// together.
    pub(in crate::emulator) fn password_policy_of(
        &self,
        user: &User,
        tenant: Option<&str>,
    ) -> Policy {
        if let Some(tenant) = tenant {
            return self.password_policy_in(tenant).clone();
        }
        let tenants = user.grants.tenants.iter().map(|of| self.password_policy_in(&of.tenant));
        let all = tenants.cloned().reduce(|all, policy| all.and(&policy));
        all.unwrap_or_else(|| self.password_policy.clone())
    }

    /// A new password for a user, if it breaks no rule.
    pub(in crate::emulator) fn new_password(
        &self,
        user: &User,
        text: &str,
        tenant: Option<&str>,
        now: i64,
    ) -> Result<Password> {
        let before = user.password.as_ref();
        let emails = user.login_ids.iter().find(|login_id| login_id.contains('@'));
        let email = match &*user.profile.email {
            "" => emails.map_or("", |email| email),
            email => email,
        };
        self.password_policy_of(user, tenant).check(text, email, before)?;
        Ok(Password::new(text, before, now))
    }
}

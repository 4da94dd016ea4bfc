//! What users and access keys may do.

use crate::emulator::words::refusal::{Refusal, Result};

/// What a user or an access key may do.
#[derive(Clone, Default)]
pub(in crate::emulator) struct Grants {
    /// IDs of project roles.
    pub(in crate::emulator) roles: Vec<String>,
    pub(in crate::emulator) tenants: Vec<Membership>,
}

impl Grants {
    pub(in crate::emulator) fn membership(&self, tenant: &str) -> Option<&Membership> {
        self.tenants.iter().find(|membership| membership.tenant == tenant)
    }

    pub(in crate::emulator) fn membership_mut(&mut self, tenant: &str) -> Option<&mut Membership> {
        self.tenants.iter_mut().find(|membership| membership.tenant == tenant)
    }

    /// The role list of a tenant, or of the project.
    pub(in crate::emulator) fn role_list(
        &mut self,
        tenant: Option<&str>,
    ) -> Result<&mut Vec<String>> {
        match tenant {
            None => Ok(&mut self.roles),
            Some(tenant) => match self.membership_mut(tenant) {
                Some(membership) => Ok(&mut membership.roles),
                None => Err(Refusal::argument(format!("Not in the tenant {tenant:?}"))),
            },
        }
    }

    pub(in crate::emulator) fn forget_role(&mut self, role: &str) {
        self.roles.retain(|id| id != role);
        for membership in &mut self.tenants {
            membership.roles.retain(|id| id != role);
        }
    }

    pub(in crate::emulator) fn forget_tenant(&mut self, tenant: &str) {
        self.tenants.retain(|membership| membership.tenant != tenant);
    }

    /// Takes over what another has.
    pub(in crate::emulator) fn merge(&mut self, other: Self) {
        merge(&mut self.roles, other.roles);
        for theirs in other.tenants {
            match self.membership_mut(&theirs.tenant) {
                Some(ours) => merge(&mut ours.roles, theirs.roles),
                None => self.tenants.push(theirs),
            }
        }
    }
}

#[derive(Clone)]
pub(in crate::emulator) struct Membership {
    pub(in crate::emulator) tenant: String,
    /// IDs of the tenant's or the project's roles.
    pub(in crate::emulator) roles: Vec<String>,
}

/// Adds what is not yet there, keeping the order.
pub(in crate::emulator) fn merge(list: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

//! Groups of users, as identity providers tell of them.

use std::borrow::Cow;

use super::table::{By, Row, key};

pub(in crate::emulator) struct Group {
    pub(in crate::emulator) tenant: String,
    /// The SSO configuration it comes from; `None` for the tenant's default one.
    pub(in crate::emulator) sso: Option<String>,
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) display: String,
    /// IDs of users.
    pub(in crate::emulator) members: Vec<String>,
    pub(in crate::emulator) source: String,
}

impl Group {
    /// The key of a group: its ID is its own in its tenant only.
    pub(in crate::emulator) fn key(tenant: &str, id: &str) -> Vec<u8> {
        [tenant.as_bytes(), &[0], id.as_bytes()].concat()
    }
}

impl Row for Group {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        let own =
            [(By::Id, Self::key(&self.tenant, &self.id).into()), key(By::Tenant, &self.tenant)];
        let members = self.members.iter().map(|member| key(By::User, member));
        own.into_iter().chain(members).collect()
    }
}

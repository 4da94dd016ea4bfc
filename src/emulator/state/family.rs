//! Families, and what users are in them.

use std::borrow::Cow;

use super::table::{By, Row, key};
use crate::emulator::words::fields::Object;

/// The role that Descope makes with the first family, and what it permits.
pub(in crate::emulator) const ADMIN: &str = "Family Admin";
pub(in crate::emulator) const IMPERSONATE: &str = "Family Impersonate Dependents";

pub(in crate::emulator) struct Family {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) attributes: Object,
    pub(in crate::emulator) photo: String,
    pub(in crate::emulator) disabled: bool,
    pub(in crate::emulator) created: i64,
}

impl Row for Family {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![key(By::Id, &self.id)]
    }
}

/// What a user is in a family.
#[derive(Clone)]
pub(in crate::emulator) struct FamilyMembership {
    pub(in crate::emulator) family: String,
    /// IDs of roles.
    pub(in crate::emulator) roles: Vec<String>,
    /// Attributes that the user has in this family alone.
    pub(in crate::emulator) attributes: Object,
}

/// What families may be.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::emulator) struct FamilySettings {
    pub(in crate::emulator) enabled: bool,
    /// 0 is no limit.
    pub(in crate::emulator) max_members: usize,
    /// Whether a user may be in several.
    pub(in crate::emulator) several: bool,
}

impl Default for FamilySettings {
    fn default() -> Self {
        Self { enabled: true, max_members: 0, several: false }
    }
}

//! Definitions of custom attributes.

use crate::emulator::words::fields::Object;

/// Those of users, those that a user has in each family, those of families themselves, and those of SSO applications.
#[derive(Default)]
pub(in crate::emulator) struct Attributes {
    pub(in crate::emulator) users: Vec<Object>,
    pub(in crate::emulator) families: Vec<Object>,
    pub(in crate::emulator) applications: Vec<Object>,
    pub(in crate::emulator) of_families: Vec<Object>,
}

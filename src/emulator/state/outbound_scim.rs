//! Configurations of outbound SCIM.

use std::borrow::Cow;

use super::table::{By, Row, key};
use crate::emulator::words::fields::Object;

pub(in crate::emulator) struct ScimConfiguration {
    /// The ID of the SSO application whose users are provisioned.
    pub(in crate::emulator) app: String,
    pub(in crate::emulator) configuration: Object,
    pub(in crate::emulator) enabled: bool,
    /// Counts the changes.
    pub(in crate::emulator) version: i64,
}

impl Row for ScimConfiguration {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![key(By::Id, &self.app)]
    }
}

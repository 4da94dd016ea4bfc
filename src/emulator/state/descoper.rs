//! Descopers: who uses the console.

use std::borrow::Cow;

use super::table::{By, Row, key};
use crate::emulator::words::fields::Object;

pub(in crate::emulator) struct Descoper {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) login_id: String,
    /// The wire type `DescoperAttributes`.
    pub(in crate::emulator) attributes: Object,
    /// The wire type `DescoperRBAC`.
    pub(in crate::emulator) access: Object,
}

impl Row for Descoper {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![key(By::Id, &self.id), key(By::LoginId, &self.login_id)]
    }
}

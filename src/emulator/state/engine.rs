//! Engines.

use std::borrow::Cow;

use super::table::{By, Row, key};
use crate::emulator::words::digest::Digest;

pub(in crate::emulator) struct Engine {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    /// The digest of the secret, which is shown once.
    pub(in crate::emulator) secret: Digest,
    pub(in crate::emulator) created: i64,
}

impl Row for Engine {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![key(By::Id, &self.id)]
    }
}

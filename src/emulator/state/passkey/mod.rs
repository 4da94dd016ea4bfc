//! Passkeys.

pub(in crate::emulator) mod credential;
pub(in crate::emulator) mod key;

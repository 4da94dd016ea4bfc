//! The operations of the API, by area.

pub(in crate::emulator) mod auth;
pub(in crate::emulator) mod idp;
pub(in crate::emulator) mod mgmt;
pub(in crate::emulator) mod seed;

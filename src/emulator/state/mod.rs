//! What an emulator remembers, and what becomes of it. Nothing here knows of requests.

pub(in crate::emulator) mod delivery;
pub(in crate::emulator) mod fga;
pub(in crate::emulator) mod hashed;
pub(in crate::emulator) mod mailbox;
pub(in crate::emulator) mod passkey;
pub(in crate::emulator) mod sessions;
pub(in crate::emulator) mod sign;
pub(in crate::emulator) mod store;
pub(in crate::emulator) mod token;
pub(in crate::emulator) mod user;

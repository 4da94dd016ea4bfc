//! What users do.

pub(super) mod access_key;
pub(super) mod delivery;
pub(super) mod enchanted_link;
pub(super) mod magic_link;
pub(super) mod otp;
pub(super) mod password;
pub(super) mod pending;
pub(super) mod session;
pub(super) mod totp;

//! What users do.

pub(super) mod access_key;
pub(super) mod delivery;
pub(super) mod oauth;
pub(super) mod otp;
pub(super) mod session;
pub(super) mod sso;
pub(super) mod webauthn;

//! What users do.

pub(in crate::emulator) mod access_key;
pub(in crate::emulator) mod enchanted_link;
pub(in crate::emulator) mod magic_link;
pub(in crate::emulator) mod notp;
pub(in crate::emulator) mod oauth;
pub(in crate::emulator) mod otp;
pub(in crate::emulator) mod outbound;
pub(in crate::emulator) mod passkey_seed;
pub(in crate::emulator) mod password;
pub(in crate::emulator) mod pending;
pub(in crate::emulator) mod session;
pub(in crate::emulator) mod sso;
pub(in crate::emulator) mod totp;
pub(in crate::emulator) mod webauthn;

use crate::emulator::api::route::Area;

/// The areas, in the order in which seeds are made.
pub(in crate::emulator) const AREAS: &[&Area] = &[
    &webauthn::AREA,
    &access_key::AREA,
    &enchanted_link::AREA,
    &magic_link::AREA,
    &notp::AREA,
    &oauth::AREA,
    &otp::AREA,
    &outbound::AREA,
    &password::AREA,
    &session::AREA,
    &sso::AREA,
    &totp::AREA,
];

//! Tests of the public API, one module an area.

mod authenticator;
mod embedded_link;
mod emulated;
mod enchanted_link;
mod magic_link;
mod oauth;
mod otp;
mod password;
mod sso;
mod support;
mod totp;
mod waiting;
mod webauthn;

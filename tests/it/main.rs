//! Tests of the public API, one module an area.

mod authenticator;
mod authz;
mod embedded_link;
mod emulated;
mod enchanted_link;
mod fga;
mod magic_link;
mod oauth;
mod otp;
mod password;
mod project;
mod sso;
mod support;
mod totp;
mod users;
mod waiting;
mod webauthn;

//! Tests of the public API, one module an area.

mod authenticator;
mod oauth;
mod otp;
mod sso;
mod support;
mod webauthn;

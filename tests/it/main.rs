//! Tests of the public API, one module an area.

mod oauth;
mod otp;
mod sso;
mod support;

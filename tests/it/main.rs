//! Tests of the public API, one module an area.

mod jwks;
mod keys;
mod mutation;
mod otp;
mod signer;
mod support;
mod tokens;
mod wycheproof;

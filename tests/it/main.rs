//! Tests of the public API, one module an area.

mod authz;
mod embedded_link;
mod emulated;
mod enchanted_link;
mod fga;
mod fga_reference;
mod magic_link;
mod otp;
mod password;
mod project;
mod support;
mod totp;
mod users;
mod waiting;
mod jwks;
mod keys;
mod mutation;
mod otp;
mod signer;
mod support;
mod tokens;
mod wycheproof;

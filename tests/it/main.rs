//! Tests of the public API, one module an area.

mod embedded_link;
mod emulated;
mod enchanted_link;
mod magic_link;
mod otp;
mod password;
mod support;
mod totp;
mod waiting;

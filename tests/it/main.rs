//! Tests of the public API, one module an area.

mod admin;
mod authz;
mod embedded_link;
mod emulated;
mod enchanted_link;
mod fga;
mod magic_link;
mod otp;
mod password;
mod project;
mod support;
mod totp;
mod users;
mod waiting;

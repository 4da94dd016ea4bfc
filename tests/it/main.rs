//! Tests of the public API, one module an area.

mod otp;
mod support;
mod wycheproof;

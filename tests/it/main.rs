//! Tests of the public API, one module an area.

mod connections;
mod environment;
mod faults;
mod otp;
mod server;
mod support;
mod tls;

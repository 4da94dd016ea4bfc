//! Tests of the public API, one module an area.

mod access_key;
mod call;
mod connections;
mod environment;
mod faults;
mod inputs;
mod otp;
mod server;
mod session;
mod support;
mod tls;

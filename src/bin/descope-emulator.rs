//! Placeholder for the emulator's server.
fn main() {}

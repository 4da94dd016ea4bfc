//! The words that all floors share: the fields of requests, refusals, settings, time.

pub(in crate::emulator) mod clock;
pub(in crate::emulator) mod context;
pub(in crate::emulator) mod digest;
pub(in crate::emulator) mod fields;
pub(in crate::emulator) mod host;
pub(in crate::emulator) mod lock;
pub(in crate::emulator) mod oauth;
pub(in crate::emulator) mod operations;
pub(in crate::emulator) mod path;
pub(in crate::emulator) mod phone;
pub(in crate::emulator) mod random;
pub(in crate::emulator) mod refusal;
pub(in crate::emulator) mod settings;

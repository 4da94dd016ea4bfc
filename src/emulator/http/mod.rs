//! Requests and answers.

pub(in crate::emulator) mod control;
pub(in crate::emulator) mod dispatch;
pub(in crate::emulator) mod fault;
pub(in crate::emulator) mod in_process;
pub(in crate::emulator) mod page;
pub(in crate::emulator) mod server;

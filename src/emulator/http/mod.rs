//! Requests and answers: the server, the transport in the process, and all that a request may be for.

mod console;
pub(in crate::emulator) mod control;
mod cors;
pub(in crate::emulator) mod courier;
pub(in crate::emulator) mod dispatch;
pub(in crate::emulator) mod engine;
pub(in crate::emulator) mod exchange;
pub(in crate::emulator) mod fault;
mod guard;
pub(in crate::emulator) mod in_process;
pub(in crate::emulator) mod oauth;
mod oauth_page;
mod origin;
pub(in crate::emulator) mod page;
mod parts;
mod projects;
mod reply;
pub(in crate::emulator) mod server;

//! The operations of the API, by area.
//!
//! A new area takes
//!
//! 1. a file in `auth/` or `mgmt/` with its [`Field`](super::words::fields::Field)s, its
//!    [`Route`](route::Route)s, each with the [`Event`](event::Event) that the audit trail gets, its
//!    handlers and, where its things can be saved, a [`List`](seed::List) for seeds; an
//!    [`Area`](route::Area) puts them together;
//! 2. a line in the `AREAS` of [`auth`] or [`mgmt`], beside the `mod` line that every file has. Seeds are
//!    made in the order of that table;
//! 3. where it does something with what it remembers, a file in [`state`](super::state) with the type, and
//!    a field of [`Store`](super::state::store::Store); what is looked up goes into a
//!    [`Table`](super::state::table::Table). What it only keeps needs neither:
//!    [`keep`](super::state::store::Store::keep) takes any object.
//!
//! Handlers read the request from their [`Call`](call::Call), and hand its context on to the state.

pub(in crate::emulator) mod areas;
pub(in crate::emulator) mod audit_stream;
pub(in crate::emulator) mod auth;
pub(in crate::emulator) mod call;
pub(in crate::emulator) mod event;
pub(in crate::emulator) mod idp;
pub(in crate::emulator) mod mgmt;
pub(in crate::emulator) mod oauth;
pub(in crate::emulator) mod record;
pub(in crate::emulator) mod route;
pub(in crate::emulator) mod seed;
pub(in crate::emulator) mod seeding;
pub(in crate::emulator) mod shapes;

#[cfg(test)]
mod service_tests;

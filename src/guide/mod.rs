//! The manual: everything that does not belong to a single function.
//!
//! | page | what it answers |
//! |---|---|
//! | [`errors`] | what to do about which error, retries, deadlines, rate limits |
//! | [`keys`] | how signing keys are cached: rotation, outages, clocks |
//! | [`security`] | what is checked, by which test, and what a local check cannot know |
//! | [`testing`] | testing your own program, with the emulator or with a closure |
//! | [`conformance`] | how it is held against recorded calls and the official SDKs, and the results |
//! | [`programs`] | use in threads, in async programs, behind proxies, with small binaries |
//! | [`python`] | how to write each method of the Python SDK in Rust |

#[doc = include_str!("conformance.md")]
pub mod conformance {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("keys.md")]
pub mod keys {}

#[doc = include_str!("programs.md")]
pub mod programs {}

#[doc = include_str!("python.md")]
pub mod python {}

#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("testing.md")]
pub mod testing {}

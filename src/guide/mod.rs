//! The manual: everything that does not belong to a single function.
//!
//! | page | what it answers |
//! |---|---|
//! | [`tour`] | the whole API, task by task, in the order of the Python SDK's README |
//! | [`errors`] | what to do about which error, retries, deadlines, rate limits |
//! | [`keys`] | how signing keys are cached: rotation, outages, clocks |
//! | [`security`] | what is checked, by which test, and what a local check cannot know |
//! | [`testing`] | testing your own program, with the emulator or with a closure |
//! | [`emulator`] | what the emulator covers, running it for other programs, seeds, faults |
//! | [`web`] | programs for the web: guarding pages, cookies |
//! | [`operations`] | which operations of the API the crate sends and the emulator answers |
//! | [`conformance`] | how it is held against recorded calls and the official SDKs, and the results |
//! | [`programs`] | use in threads, in async programs, behind proxies, with small binaries |
//! | [`python`] | how to write each method of the Python SDK in Rust |

#[doc = include_str!("conformance.md")]
pub mod conformance {}

#[doc = include_str!("emulator.md")]
pub mod emulator {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("keys.md")]
pub mod keys {}

/// The operations of the Descope API, as the file `src/operations.txt` of the package has them. `client` marks
/// what a function of this crate sends, `emulator` what the emulator answers. [`Client::call`] sends any other.
///
/// [`Client::call`]: crate::Client::call
///
/// ```text
#[cfg_attr(doc, doc = include_str!("../operations.txt"))]
/// ```
pub mod operations {}

#[doc = include_str!("programs.md")]
pub mod programs {}

#[doc = include_str!("python.md")]
#[doc = include_str!("python_newer.md")]
pub mod python {}

#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("tour.md")]
pub mod tour {
    #[doc = include_str!("tour/access.md")]
    pub mod access {}

    #[doc = include_str!("tour/project.md")]
    pub mod project {}

    #[doc = include_str!("tour/sessions.md")]
    pub mod sessions {}

    #[doc = include_str!("tour/sign_in.md")]
    pub mod sign_in {}

    #[doc = include_str!("tour/users.md")]
    pub mod users {}
}

#[doc = include_str!("web.md")]
pub mod web {}

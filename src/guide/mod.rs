//! The guide: everything that is not about a single function.
//!
//! | page | what it answers |
//! |---|---|
//! | [`tour`] | the whole API, task by task, in the order of the Python SDK's README |
//! | [`errors`] | what to do about each error; retries, deadlines, rate limits |
//! | [`keys`] | how signing keys are cached: rotation, outages, clocks |
//! | [`speed`] | what a check of a token costs, remembering verified tokens, AWS-LC |
//! | [`security`] | what is checked, by which test, and what a local check cannot know |
//! | [`testing`] | how to test your own program, with the emulator or with a closure |
//! | [`emulator`] | what the emulator covers, running it for other programs, seeds, faults |
//! | [`other_languages`] | the emulator in tests in Python, Node and Go |
//! | [`web`] | web services: guarding pages, cookies |
//! | [`operations`] | which operations of the API the crate sends, and which the emulator answers |
//! | [`conformance`] | how the crate is compared with recorded calls and the official SDKs, with the results |
//! | [`command_line`] | command-line programs: signing in, staying signed in, exit codes |
//! | [`bulk`] | any number of users, relations and audit records: rate limits, checkpoints, going on after a kill |
//! | [`scripts`] | administration scripts: rate limits, running them again, many users |
//! | [`machines`] | services that call each other with access keys, client credentials, and consent from elsewhere |
//! | [`one_shot`] | CGI programs, cron jobs and other short processes |
//! | [`observing`] | metrics, a line of progress, request IDs: what a client tells its observer |
//! | [`programs`] | threads, async programs, proxies, logs, small binaries |
//! | [`python`] | how to write each method of the Python SDK in Rust |
//! | [`go`] | the same for the Go SDK |
//! | [`node`] | the same for the Node SDK |

#[doc = include_str!("bulk.md")]
pub mod bulk {}

#[doc = include_str!("command_line.md")]
pub mod command_line {}

#[doc = include_str!("conformance.md")]
pub mod conformance {}

#[doc = include_str!("emulator.md")]
pub mod emulator {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("go.md")]
#[doc = include_str!("go_methods.md")]
pub mod go {}

/// Signing keys: caching, rotation, outages, clocks.
///
#[doc = include_str!("keys.svg")]
///
#[doc = include_str!("keys.md")]
pub mod keys {}

#[doc = include_str!("machines.md")]
pub mod machines {}

#[doc = include_str!("one_shot.md")]
pub mod one_shot {}

#[doc = include_str!("node.md")]
#[doc = include_str!("node_methods.md")]
pub mod node {}

/// The operations of the Descope API, from the file `src/operations.txt` of the package. `client` marks
/// operations that a function of this crate sends, `emulator` those that the emulator answers.
/// [`Client::call`] sends any other.
///
/// [`Client::call`]: crate::Client::call
///
/// ```text
#[cfg_attr(doc, doc = include_str!("../operations.txt"))]
/// ```
pub mod operations {}

#[doc = include_str!("observing.md")]
pub mod observing {}

#[doc = include_str!("other_languages.md")]
pub mod other_languages {}

#[doc = include_str!("programs.md")]
pub mod programs {}

#[doc = include_str!("python.md")]
#[doc = include_str!("python_newer.md")]
pub mod python {}

#[doc = include_str!("scripts.md")]
pub mod scripts {}

#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("speed.md")]
pub mod speed {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("tour.md")]
pub mod tour {
    #[doc = include_str!("tour/access.md")]
    pub mod access {}

    #[doc = include_str!("tour/project.md")]
    pub mod project {}

    /// Sessions: what to do in every request.
    ///
    #[doc = include_str!("tour/session.svg")]
    ///
    #[doc = include_str!("tour/sessions.md")]
    pub mod sessions {}

    #[doc = include_str!("tour/sign_in.md")]
    ///
    #[doc = include_str!("tour/enchanted_link.svg")]
    pub mod sign_in {}

    #[doc = include_str!("tour/users.md")]
    pub mod users {}
}

#[doc = include_str!("web.md")]
pub mod web {}

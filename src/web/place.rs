//! Where a browser keeps a cookie, and to whom it sends it.

use crate::auth::CookieSettings;

/// The sites from which a browser sends a cookie.
///
/// ```
/// # let client = descope::Client::builder().ignore_env().project_id("P2abc").build()?;
/// use descope::web::{Guard, GuardOptions, SameSite};
///
/// let guard = Guard::with_options(&client, GuardOptions::default().same_site(SameSite::Lax))?;
/// let cookie = guard.clear_cookies().remove(0);
/// assert!(cookie.to_str().unwrap_or_default().contains("; SameSite=Lax"));
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SameSite {
    /// Only pages of this site. A user who comes from another site, through a link in an e-mail or at the
    /// end of an OAuth sign-in, does not seem to be signed in until the next click.
    #[default]
    Strict,
    /// Also links and other `GET` requests of other sites.
    Lax,
    /// All sites, also in frames and scripts of other sites. They can then act for the user, unless you
    /// prevent it. Requires `secure`.
    None,
}

/// Domain and path that cookies were set with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) domain: String,
    pub(super) path: String,
}

impl Place {
    pub(super) fn of_answer(answer: &CookieSettings) -> Self {
        Self::new(&answer.domain, &answer.path)
    }

    pub(super) fn new(domain: &str, path: &str) -> Self {
        let path = if path.is_empty() { "/" } else { path };
        Self { domain: domain.to_owned(), path: path.to_owned() }
    }
}

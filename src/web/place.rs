//! Where a browser keeps a cookie, and to whom it sends it.

use crate::auth::CookieSettings;

/// From which sites a browser sends a cookie along.
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
    /// From pages of this site only. A user who comes from another site, as by a link in a mail or at
    /// the end of an OAuth sign-in, seems not to be signed in until their next click.
    #[default]
    Strict,
    /// Also when a user comes from another site by a link or another `GET`.
    Lax,
    /// From everywhere, also inside the frames and scripts of other sites, which then can act for the
    /// user: see that they cannot. Needs `secure`.
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

//! Writing cookies.

use std::fmt::Write;
use std::time::SystemTime;

use super::{Guard, GuardOptions};
use crate::auth::CookieSettings;
use crate::check;
use crate::error::{Error, Result};
use crate::json::DecodeError;
use crate::transport::http::HeaderValue;
use crate::{Token, UnixTime};

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

/// What browsers keep of one cookie, its name included (RFC 6265bis section 5.7).
const MAX_COOKIE: usize = 4096;

/// The end of the year 9999: a later date has no form.
const LAST_SECOND: i64 = 253_402_300_799;

impl GuardOptions {
    pub(super) fn check(&self) -> Result<()> {
        for name in &self.session_cookies {
            check::cookie_name("session_cookies", name)?;
        }
        for name in &self.refresh_cookies {
            check::cookie_name("refresh_cookies", name)?;
            if self.session_cookies.contains(name) {
                let reason = "has a name of the session token's cookie";
                return Err(Error::argument("refresh_cookies", reason));
            }
        }
        if self.secure == Some(false) && self.same_site == Some(SameSite::None) {
            return Err(Error::argument("same_site", "`None` needs `secure`"));
        }
        if !self.domain.as_deref().is_none_or(is_attribute) {
            return Err(Error::argument("domain", "is not the domain of a cookie"));
        }
        if !self.path.as_deref().is_none_or(|path| path.starts_with('/') && is_attribute(path)) {
            return Err(Error::argument("path", "is not the path of a cookie"));
        }
        Ok(())
    }
}

/// Whether a text can be the value of an attribute and nothing else: visible, and without `;`.
fn is_attribute(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b';' | b','))
}

impl Guard {
    /// The cookies of a new session, none of which a browser would drop.
    pub(super) fn login_cookies(
        &self,
        session: &Token,
        refresh: Option<&Token>,
        answer: &CookieSettings,
    ) -> Result<Vec<HeaderValue>> {
        // Which of the two kinds it is does not matter: the longest name counts.
        let names = self.settings.session_cookies.iter().chain(&self.settings.refresh_cookies);
        let longest = names.map(String::len).max().unwrap_or_default();
        for token in [Some(session), refresh].into_iter().flatten() {
            if longest + token.jwt.expose().len() > MAX_COOKIE {
                let reason = "is too large for a cookie, which has 4096 bytes";
                return Err(Error::argument("token", reason));
            }
        }
        self.cookies(session, refresh, answer)
    }

    /// The cookies of a session.
    pub(super) fn cookies(
        &self,
        session: &Token,
        refresh: Option<&Token>,
        answer: &CookieSettings,
    ) -> Result<Vec<HeaderValue>> {
        let refresh = refresh.map(|token| (token, &self.settings.refresh_cookies));
        [(session, &self.settings.session_cookies)]
            .into_iter()
            .chain(refresh)
            .map(|(token, names)| {
                let mut cookie = self.cookie(name(token, names), token.jwt.expose(), answer)?;
                if let Some(seconds) = answer.max_age.filter(|seconds| *seconds > 0) {
                    let _ = write!(cookie, "; Max-Age={seconds}");
                }
                let sound = |time: &UnixTime| (1..=LAST_SECOND).contains(&time.as_seconds());
                if let Some(time) = answer.expires.filter(sound) {
                    cookie.push_str(&expires(time));
                }
                header(&cookie)
            })
            .collect()
    }

    /// The cookies that take those of a session away.
    pub(super) fn cleared(&self, answer: &CookieSettings) -> Result<Vec<HeaderValue>> {
        let names = self.settings.session_cookies.iter().chain(&self.settings.refresh_cookies);
        names
            .map(|name| {
                let cookie = self.cookie(name, "", answer)?;
                header(&format!("{cookie}; Max-Age=0{}", expires(UnixTime::default())))
            })
            .collect()
    }

    /// All but the lifetime. Of the parts none is empty, and none can be more than it should.
    fn cookie(&self, name: &str, value: &str, answer: &CookieSettings) -> Result<String> {
        let settings = &*self.settings;
        let mut domain = settings.domain.as_deref().unwrap_or(&answer.domain);
        let mut path = settings.path.as_deref().unwrap_or(&answer.path);
        // What a name promises (RFC 6265bis section 4.1.3), browsers insist on.
        let host = name.starts_with("__Host-");
        if host || path.is_empty() {
            path = "/";
        }
        if host {
            domain = "";
        }
        for (what, text) in [("domain", domain), ("path", path), ("value", value)] {
            if !is_attribute(text) {
                return Err(DecodeError::new(format!("the cookie's {what} is not one")).into());
            }
        }
        let mut cookie = format!("{name}={value}; Path={path}");
        if !domain.is_empty() {
            cookie.push_str("; Domain=");
            cookie.push_str(domain);
        }
        if host || name.starts_with("__Secure-") || settings.secure != Some(false) {
            cookie.push_str("; Secure");
        }
        if settings.http_only != Some(false) {
            cookie.push_str("; HttpOnly");
        }
        cookie.push_str(match settings.same_site.unwrap_or_default() {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
            SameSite::None => "; SameSite=None",
        });
        Ok(cookie)
    }
}

/// The name that a token gives itself, perhaps with a prefix, if cookies of that name are read.
fn name<'n>(token: &Token, names: &'n [String]) -> &'n str {
    let drn = token.claims.get::<String>("drn").ok().flatten().unwrap_or_default();
    let own = |name: &&String| {
        let prefixed = name.strip_prefix("__Host-").or(name.strip_prefix("__Secure-"));
        prefixed.unwrap_or(name) == drn
    };
    names.iter().find(own).or(names.first()).map_or("", String::as_str)
}

fn expires(time: UnixTime) -> String {
    format!("; Expires={}", httpdate::fmt_http_date(SystemTime::from(time)))
}

fn header(cookie: &str) -> Result<HeaderValue> {
    let mut value = check::header("cookie", cookie)?;
    value.set_sensitive(true);
    Ok(value)
}

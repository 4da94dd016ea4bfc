//! Writes cookies.

use std::fmt::Write;
use std::sync::PoisonError;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Guard, GuardOptions, RequestTokens};
use crate::auth::CookieSettings;
use crate::auth::session::digest;
use crate::check;
use crate::error::{Error, Result};
use crate::json::DecodeError;
use crate::transport::http::HeaderValue;
use crate::{Token, UnixTime};

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

/// Bytes that browsers keep of one cookie, its name and value together (RFC 6265bis section 5.7).
const MAX_COOKIE: usize = 4096;

/// Bytes that browsers keep of the value of an attribute (RFC 6265bis section 5.6).
const MAX_ATTRIBUTE: usize = 1024;

/// Bytes of a cookie's name.
const MAX_NAME: usize = 256;

/// Bytes that the cookies of one token have together, unless the options say otherwise.
const MAX_TOKEN_COOKIES: usize = 7 * 1024;

/// Cookies over which a token is split at the most: their number has one digit.
pub(super) const MAX_PARTS: usize = 9;

/// The end of the year 9999: a later date cannot be written.
const LAST_SECOND: i64 = 253_402_300_799;

impl GuardOptions {
    pub(super) fn check(&self) -> Result<()> {
        let names = [
            ("session_cookies", &self.session_cookies),
            ("refresh_cookies", &self.refresh_cookies),
        ];
        let all = || self.session_cookies.iter().chain(&self.refresh_cookies);
        for (argument, name) in names.iter().flat_map(|(at, names)| names.iter().map(|n| (*at, n)))
        {
            check::cookie_name(argument, name)?;
            if name.len() > MAX_NAME {
                return Err(Error::argument(argument, "has a name of more than 256 bytes"));
            }
            if all().any(|whole| is_part(name, whole)) {
                let reason = "has a name that a part of another cookie would have";
                return Err(Error::argument(argument, reason));
            }
        }
        if self.refresh_cookies.iter().any(|name| self.session_cookies.contains(name)) {
            let reason = "has a name that is also in `session_cookies`";
            return Err(Error::argument("refresh_cookies", reason));
        }
        if !(MAX_COOKIE..=8 * MAX_COOKIE).contains(&self.max_token_cookies()) {
            let reason = "must be from 4096 to 32768";
            return Err(Error::argument("max_cookie_bytes", reason));
        }
        if self.secure == Some(false) && self.same_site == Some(SameSite::None) {
            return Err(Error::argument("same_site", "`None` requires `secure`"));
        }
        if !self.domain.as_deref().is_none_or(is_attribute) {
            return Err(Error::argument("domain", "is not a valid cookie domain"));
        }
        if !self.path.as_deref().is_none_or(|path| path.starts_with('/') && is_attribute(path)) {
            return Err(Error::argument("path", "is not a valid cookie path"));
        }
        self.check_origins()
    }

    fn max_token_cookies(&self) -> usize {
        self.max_cookie_bytes.unwrap_or(MAX_TOKEN_COOKIES)
    }
}

/// Whether a text can be the value of an attribute, and browsers keep it.
fn is_attribute(text: &str) -> bool {
    text.len() <= MAX_ATTRIBUTE && is_value(text)
}

/// Whether a text is visible, and ends nowhere before its end.
fn is_value(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b';' | b','))
}

/// Cookies of a session, and whether a token is too large for them.
#[derive(Default)]
pub(super) struct Written {
    pub(super) values: Vec<HeaderValue>,
    /// Their names.
    names: Vec<String>,
    pub(super) too_large: bool,
}

/// Domain and path that cookies were set with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    domain: String,
    path: String,
}

/// Places that are remembered. A project has one, and another after its settings have changed.
const MAX_PLACES: usize = 4;

impl Guard {
    /// The cookies of a new session, none of which a browser would drop.
    pub(super) fn login_cookies(
        &self,
        session: &Token,
        refresh: Option<&Token>,
        answer: &CookieSettings,
    ) -> Result<Vec<HeaderValue>> {
        let written = self.cookies(session, refresh, answer)?;
        if written.too_large {
            return Err(Error::argument(
                "token",
                "is too large for cookies: see `max_cookie_bytes`",
            ));
        }
        Ok(written.values)
    }

    /// The cookies of a session that was refreshed. `stale` are names of parts of older tokens.
    ///
    /// If the session token is too large for cookies, there are those that clear the old one's.
    pub(super) fn renewed_cookies(
        &self,
        session: &Token,
        refresh: Option<&Token>,
        answer: &CookieSettings,
        stale: &[String],
    ) -> Result<Written> {
        let mut written = self.cookies(session, refresh, answer)?;
        let refreshes = &self.settings.refresh_cookies;
        let of_refresh = |part: &String| refreshes.iter().any(|name| is_part(part, name));
        let stale = stale.iter().filter(|part| refresh.is_some() || !of_refresh(part));
        let own = name(session, &self.settings.session_cookies).to_owned();
        let clear = stale.chain(written.too_large.then_some(&own));
        let clear: Vec<_> = clear.filter(|name| !written.names.contains(name)).cloned().collect();
        let place = Place::of(answer);
        written.values.splice(0..0, self.cleared(&clear, &[place])?);
        Ok(written)
    }

    /// The cookies of a session, without those that browsers would drop.
    fn cookies(
        &self,
        session: &Token,
        refresh: Option<&Token>,
        answer: &CookieSettings,
    ) -> Result<Written> {
        let place = Place::of(answer);
        let mut written = Written::default();
        let refresh = refresh.map(|token| (token, &self.settings.refresh_cookies));
        for (token, names) in [(session, &self.settings.session_cookies)].into_iter().chain(refresh)
        {
            let limit = self.settings.max_token_cookies();
            let Some(parts) = split(name(token, names), token.jwt.expose(), limit) else {
                written.too_large = true;
                continue;
            };
            for (name, value) in parts {
                let mut cookie = self.cookie(&name, &value, &place)?;
                if let Some(seconds) = answer.max_age.filter(|seconds| *seconds > 0) {
                    let _ = write!(cookie, "; Max-Age={seconds}");
                }
                let sound = |time: &UnixTime| (1..=LAST_SECOND).contains(&time.as_seconds());
                if let Some(time) = answer.expires.filter(sound) {
                    cookie.push_str(&expires(time));
                }
                written.values.push(header(&cookie)?);
                written.names.push(name);
            }
        }
        self.remember(place);
        Ok(written)
    }

    /// The cookies that clear those of a request.
    pub(super) fn cleared_of(&self, tokens: &RequestTokens) -> Result<Vec<HeaderValue>> {
        let names = self.settings.session_cookies.iter().chain(&self.settings.refresh_cookies);
        let names: Vec<_> = names.chain(&tokens.parts).cloned().collect();
        self.cleared(&names, &self.places())
    }

    /// The cookies that clear the refresh tokens of a request.
    pub(super) fn cleared_refreshes(&self, tokens: &RequestTokens) -> Result<Vec<HeaderValue>> {
        let refreshes = &self.settings.refresh_cookies;
        let parts = tokens.parts.iter();
        let parts = parts.filter(|part| refreshes.iter().any(|name| is_part(part, name)));
        let names: Vec<_> = refreshes.iter().chain(parts).cloned().collect();
        self.cleared(&names, &self.places())
    }

    /// The cookies that clear these, in each of these places.
    pub(super) fn cleared(&self, names: &[String], places: &[Place]) -> Result<Vec<HeaderValue>> {
        let mut all: Vec<HeaderValue> = Vec::new();
        for name in names {
            for place in places {
                let cookie = self.cookie(name, "", place)?;
                let cookie =
                    header(&format!("{cookie}; Max-Age=0{}", expires(UnixTime::default())))?;
                // The options, or the name, may allow one place only.
                if !all.contains(&cookie) {
                    all.push(cookie);
                }
            }
        }
        Ok(all)
    }

    /// The names of all cookies that this guard may set.
    pub(super) fn all_names(&self) -> Vec<String> {
        let limit = self.settings.max_token_cookies();
        let names = self.settings.session_cookies.iter().chain(&self.settings.refresh_cookies);
        let parts = |name: &String| {
            let further = (1..limit.div_ceil(MAX_COOKIE)).map(|index| part_name(name, index));
            std::iter::once(name.clone()).chain(further).collect::<Vec<_>>()
        };
        names.flat_map(parts).collect()
    }

    /// Where cookies of this guard may be: where Descope had them put, as far as that is known here.
    pub(super) fn places(&self) -> Vec<Place> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if places.is_empty() { vec![Place::of(&CookieSettings::default())] } else { places }
    }

    /// Notes a place that Descope named, if it can be one.
    pub(super) fn remember_sound(&self, place: Place) -> Result<()> {
        self.cookie("", "", &place)?;
        self.remember(place);
        Ok(())
    }

    fn remember(&self, place: Place) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if !places.contains(&place) {
            places.insert(0, place);
            places.truncate(MAX_PLACES);
        }
    }

    /// All but the lifetime. Of the parts none is empty, and none can be more than it should.
    fn cookie(&self, name: &str, value: &str, place: &Place) -> Result<String> {
        let settings = &*self.settings;
        let mut domain = settings.domain.as_deref().unwrap_or(&place.domain);
        let mut path = settings.path.as_deref().unwrap_or(&place.path);
        // What a name promises (RFC 6265bis section 4.1.3), browsers insist on.
        let host = name.starts_with("__Host-");
        if host {
            (domain, path) = ("", "/");
        }
        let sound = [
            ("domain", is_attribute(domain)),
            ("path", is_attribute(path)),
            ("value", is_value(value)),
        ];
        if let Some((what, _)) = sound.iter().find(|(_, sound)| !sound) {
            return Err(DecodeError::new(format!("the cookie's {what} is not valid")).into());
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

/// The name of the cookie with a further part of a token.
pub(super) fn part_name(name: &str, index: usize) -> String {
    format!("{name}-{index}")
}

/// Whether this is the name of a cookie with a further part of a token, of which that cookie has the first.
fn is_part(part: &str, name: &str) -> bool {
    (1..MAX_PARTS).any(|index| part == part_name(name, index))
}

/// What comes before each part of a token: `~`, their number, and the beginning of the token's digest, so
/// that parts of different tokens never mix. No token begins with `~`.
fn part_head(token: &str, count: usize) -> String {
    let tag = URL_SAFE_NO_PAD.encode(&digest(token)[..6]);
    format!("~{count}~{tag}~")
}

/// Bytes of that.
const HEAD: usize = 12;

/// Names and values of the cookies that hold a token: one, or several if browsers would drop that. `None`
/// if they would have more than `limit` bytes.
fn split(name: &str, token: &str, limit: usize) -> Option<Vec<(String, String)>> {
    if name.len() + token.len() <= MAX_COOKIE {
        return Some(vec![(name.to_owned(), token.to_owned())]);
    }
    let room = MAX_COOKIE.checked_sub(part_name(name, 1).len() + HEAD).filter(|room| *room > 0)?;
    let count = token.len().div_ceil(room);
    if count > MAX_PARTS {
        return None;
    }
    let head = part_head(token, count);
    let parts = token.as_bytes().chunks(room).enumerate().map(|(index, part)| {
        let name = if index == 0 { name.to_owned() } else { part_name(name, index) };
        Some((name, format!("{head}{}", std::str::from_utf8(part).ok()?)))
    });
    let parts = parts.collect::<Option<Vec<_>>>()?;
    let bytes: usize = parts.iter().map(|(name, value)| name.len() + value.len()).sum();
    (bytes <= limit).then_some(parts)
}

/// The token of which this cookie has the first part, if the others are there.
pub(super) fn joined(name: &str, first: &[u8], cookies: &[(&[u8], &[u8])]) -> Option<Vec<u8>> {
    let (head, part) = first.split_at_checked(HEAD)?;
    let count = match head {
        [b'~', count @ b'2'..=b'9', b'~', .., b'~'] => usize::from(count - b'0'),
        _ => return None,
    };
    let mut token = part.to_vec();
    for index in 1..count {
        let name = part_name(name, index);
        let mut named = cookies.iter().filter(|(known, _)| *known == name.as_bytes());
        token.extend_from_slice(named.find_map(|(_, value)| value.strip_prefix(head))?);
    }
    Some(token)
}

impl Place {
    pub(super) fn of(answer: &CookieSettings) -> Self {
        Self::new(&answer.domain, &answer.path)
    }

    pub(super) fn new(domain: &str, path: &str) -> Self {
        let path = if path.is_empty() { "/" } else { path };
        Self { domain: domain.to_owned(), path: path.to_owned() }
    }
}

fn expires(time: UnixTime) -> String {
    format!("; Expires={}", httpdate::fmt_http_date(SystemTime::from(time)))
}

fn header(cookie: &str) -> Result<HeaderValue> {
    let mut value = check::header("cookie", cookie)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_nine_parts_at_most() {
        let room = MAX_COOKIE - "DS-1".len() - HEAD;
        let parts = |size| split("DS", &"e".repeat(size), usize::MAX).map(|parts| parts.len());
        for (size, count) in [
            (MAX_COOKIE - 2, Some(1)),
            (MAX_COOKIE - 1, Some(2)),
            (2 * room, Some(2)),
            (2 * room + 1, Some(3)),
            (9 * room, Some(9)),
            (9 * room + 1, None),
        ] {
            assert_eq!(parts(size), count, "{size}");
        }
    }

    #[test]
    fn a_name_that_leaves_no_room_is_no_reason_to_panic() {
        let split = |name: usize, size: usize| {
            split(&"n".repeat(name), &"e".repeat(size), usize::MAX).map(|parts| parts.len())
        };
        // Of 4096 bytes, the name with its number and the head leave 1, and then 0.
        assert_eq!((split(4081, 15), split(4081, 16)), (Some(1), None));
        assert_eq!((split(4080, 16), split(4080, 17)), (Some(1), Some(9)));
        for name in [4082, 4083, 4095, 4096, 4097, 9000] {
            assert_eq!(split(name, 5000), None, "{name}");
        }
    }

    #[test]
    fn parts_are_joined_by_their_head() {
        let token = "e".repeat(10_000);
        let parts = split("DS", &token, usize::MAX).unwrap();
        let cookies: Vec<_> =
            parts.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        assert!(parts.iter().all(|(_, value)| value.starts_with(&part_head(&token, 3))));
        assert_eq!(part_head(&token, 3).len(), HEAD);
        assert_eq!(joined("DS", cookies[0].1, &cookies).unwrap(), token.as_bytes());
        assert!(joined("DS", cookies[0].1, &cookies[..2]).is_none());
        assert!(joined("DSR", cookies[0].1, &cookies).is_none());
    }
}

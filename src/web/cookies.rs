//! Writes cookies.

use std::fmt::Write;
use std::sync::PoisonError;
use std::time::SystemTime;

use super::parts::{MAX_COOKIE, is_part, part_name, split};
use super::place::{Place, SameSite};
use super::{Guard, GuardOptions, RequestTokens};
use crate::auth::{CookieSettings, Token};
use crate::check;
use crate::error::{Error, Result};
use crate::json::DecodeError;
use crate::time::UnixTime;
use crate::transport::http::HeaderValue;

/// Bytes that browsers keep of the value of an attribute (RFC 6265bis section 5.6).
const MAX_ATTRIBUTE: usize = 1024;

/// Bytes of a cookie's name.
const MAX_NAME: usize = 256;

/// Bytes that the cookies of one token have together, unless the options say otherwise.
const MAX_TOKEN_COOKIES: usize = 7 * 1024;

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
        let max_age = self.access_key_max_age.map_or(1, |age| age.as_secs());
        if !(1..=24 * 60 * 60).contains(&max_age) {
            let reason = "must be from 1 second to 24 hours";
            return Err(Error::argument("access_key_max_age", reason));
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
        let place = Place::of_answer(answer);
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
        let place = Place::of_answer(answer);
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
        if places.is_empty() { vec![Place::of_answer(&CookieSettings::default())] } else { places }
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
        let host = without_prefix(name, "__Host-").is_some();
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
        if host || without_prefix(name, "__Secure-").is_some() || settings.secure != Some(false) {
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

/// Browsers know the prefix in any case (RFC 6265bis section 5.7).
fn without_prefix<'n>(name: &'n str, prefix: &str) -> Option<&'n str> {
    let (start, rest) = name.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The name that a token gives itself, perhaps with a prefix, if cookies of that name are read.
fn name<'n>(token: &Token, names: &'n [String]) -> &'n str {
    let drn = token.claims.get::<String>("drn").ok().flatten().unwrap_or_default();
    let own = |name: &&String| {
        let prefixed = without_prefix(name, "__Host-").or(without_prefix(name, "__Secure-"));
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

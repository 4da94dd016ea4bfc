//! Refuses arguments that cannot be right before anything is sent. Every check is linear in time.

mod urls;

use std::time::Duration;

pub(crate) use self::urls::{authority, is_loopback, origin, path, request_id, segment};
use crate::error::{Error, Result, TokenError};
use crate::time::UnixTime;
use crate::transport::http::HeaderValue;
use crate::transport::http::uri::Authority;

mod address;

#[allow(unused_imports, reason = "used by the areas that send messages, which may all be off")]
pub(crate) use address::{email, phone};

/// Bytes of an ID, login ID or name.
const MAX_ID: usize = 2048;
/// Bytes of a token or access key, unless the client is told otherwise: what servers accept in a header,
/// as a rule.
pub(crate) const MAX_TOKEN: usize = 16 * 1024;

/// An ID: not empty, of a sensible length, without control characters.
pub(crate) fn id(name: &'static str, text: &str) -> Result<()> {
    let refuse = |reason| Err(Error::argument(name, reason));
    if text.trim().is_empty() {
        return refuse(EMPTY);
    }
    if text.len() > MAX_ID {
        return refuse("must not be longer than 2048 bytes");
    }
    if text.chars().any(char::is_control) {
        return refuse("must not contain control characters");
    }
    Ok(())
}

/// A text that is not empty.
pub(crate) fn filled(name: &'static str, text: &str) -> Result<()> {
    if text.trim().is_empty() { Err(Error::argument(name, EMPTY)) } else { Ok(()) }
}

/// A document of any content, as long as it is a JSON object.
pub(crate) fn object(name: &'static str, value: &serde_json::Value) -> Result<()> {
    if value.is_object() { Ok(()) } else { Err(Error::argument(name, "must be a JSON object")) }
}

/// The expiry of a key. On the wire 0 is never, which is not to happen by mistake.
pub(crate) fn expiry(name: &'static str, time: Option<UnixTime>) -> Result<()> {
    match time {
        Some(time) if time.as_seconds() <= 0 => {
            Err(Error::argument(name, "must be after 1970; leave it unset for no expiry"))
        }
        _ => Ok(()),
    }
}

/// A time span that is not empty: on the wire, 0 seconds stand for something else, such as "never".
pub(crate) fn span(name: &'static str, span: impl Into<Option<Duration>>) -> Result<()> {
    match span.into() {
        Some(Duration::ZERO) => Err(Error::argument(name, "must be longer than zero")),
        _ => Ok(()),
    }
}

/// Each an ID. The list may be empty.
pub(crate) fn ids(name: &'static str, texts: &[&str]) -> Result<()> {
    texts.iter().try_for_each(|text| id(name, text))
}

/// At least one.
pub(crate) fn not_empty<T>(name: &'static str, list: &[T]) -> Result<()> {
    if list.is_empty() { Err(Error::argument(name, EMPTY)) } else { Ok(()) }
}

/// A management key, or a token that another service made: what may stand between colons in a bearer.
pub(crate) fn key(name: &'static str, text: &str) -> Result<()> {
    secret(name, text)?;
    if !is_bearer(text) {
        return Err(Error::argument(name, "must be visible ASCII without spaces or colons"));
    }
    Ok(())
}

/// A code, password or link token that goes into a body.
pub(crate) fn secret(name: &'static str, text: &str) -> Result<()> {
    match text.len() {
        0 => Err(Error::argument(name, EMPTY)),
        1..=MAX_TOKEN => Ok(()),
        _ => Err(Error::argument(name, "must not be longer than 16 KiB")),
    }
}

const EMPTY: &str = "must not be empty";

/// A token or access key of Descope's that a caller has passed, to be sent.
pub(crate) fn token(argument: &'static str, text: &str, limit: usize) -> Result<(), TokenError> {
    token_size(argument, text, limit)?;
    if has_bearer_prefix(text) {
        return Err(TokenError::BearerPrefix);
    }
    if is_bearer(text) { Ok(()) } else { Err(TokenError::Characters { argument }) }
}

/// The size alone, for a token that is validated next.
pub(crate) fn token_size(
    argument: &'static str,
    text: &str,
    limit: usize,
) -> Result<(), TokenError> {
    match text.len() {
        0 => Err(TokenError::Empty { argument }),
        size if size > limit => Err(TokenError::TooLarge { argument, limit }),
        _ => Ok(()),
    }
}

/// Whether the scheme of the header `Authorization` was left on a token.
pub(crate) fn has_bearer_prefix(text: &str) -> bool {
    match text.trim_ascii_start().split_at_checked(6) {
        Some((scheme, rest)) => {
            scheme.eq_ignore_ascii_case("Bearer")
                && rest.starts_with(|c: char| c.is_ascii_whitespace() || c == ':')
        }
        None => false,
    }
}

fn is_bearer(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic() && b != b':')
}

/// A project ID.
pub(crate) fn project_id(text: &str) -> Result<()> {
    let refuse = |reason| Err(Error::argument("project_id", reason));
    if text.is_empty() {
        return refuse(EMPTY);
    }
    if text.len() > 128 {
        return refuse("must not be longer than 128 characters");
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        return refuse("must consist of letters, digits, `-` and `_`");
    }
    Ok(())
}

/// A header's value.
pub(crate) fn header(name: &'static str, text: &str) -> Result<HeaderValue> {
    let visible = text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    match HeaderValue::from_str(text) {
        Ok(value) if visible => Ok(value),
        _ => Err(Error::argument(name, "must be visible ASCII")),
    }
}

/// A cookie's name (RFC 6265 section 4.1.1).
pub(crate) fn cookie_name(name: &'static str, text: &str) -> Result<()> {
    let separator = |b| b"()<>@,;:\\\"/[]?={}".contains(&b);
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic() && !separator(b)) {
        return Err(Error::argument(name, "is not a valid cookie name"));
    }
    Ok(())
}

/// Whether the port after a host, if there is one, is a port.
pub(crate) fn has_good_port(authority: &Authority) -> bool {
    let place = authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, place)| place);
    match place.strip_prefix(authority.host()) {
        Some("") => true,
        Some(rest) => {
            let digits = rest.strip_prefix(':').unwrap_or_default();
            digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok()
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tokens_and_project_ids() {
        for bad in ["", "  ", "a\nb", "a\0b", &"x".repeat(2049)] {
            assert!(id("i", bad).is_err());
        }
        assert!(id("i", "ada@example.com").is_ok() && id("i", "日本").is_ok());
        for bad in ["", "a b", "a:b", "a\r\nb", "é", &"x".repeat(MAX_TOKEN + 1)] {
            assert!(key("t", bad).is_err());
            assert!(token("t", bad, MAX_TOKEN).is_err());
        }
        assert!(key("t", "eyJ.e30.x-_").is_ok() && token("t", "eyJ.e30.x-_", 11).is_ok());
        let too_large = TokenError::TooLarge { argument: "t", limit: 10 };
        assert_eq!(token("t", "eyJ.e30.x-_", 10), Err(too_large));
        assert_eq!(token("t", "", 10), Err(TokenError::Empty { argument: "t" }));
        assert_eq!(token("t", "a:b", 10), Err(TokenError::Characters { argument: "t" }));
        for bearer in ["Bearer a.b.c", "bearer  a", " BEARER\ta", "Bearer:a"] {
            assert_eq!(token("t", bearer, 100), Err(TokenError::BearerPrefix), "{bearer}");
        }
        assert!(!has_bearer_prefix("Bearera.b.c") && !has_bearer_prefix("Beare\u{e9}"));
        for bad in ["", "P 1", "P:1", "P/1", "P\n", "..", "Pé", &"P".repeat(129)] {
            assert!(project_id(bad).is_err());
        }
        assert!(project_id("P2abc-_9").is_ok());
    }
}

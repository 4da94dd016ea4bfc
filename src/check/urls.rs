//! Paths, hosts, and what else goes into the first lines of a request.

use std::borrow::Cow;
use std::net::IpAddr;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::{has_good_port, id};
use crate::error::{Error, Result};
use crate::transport::http::{HeaderValue, Uri};

/// Bytes of a path with its query.
const MAX_PATH: usize = 8 * 1024;

/// What follows a base URL: a path, encoded, without steps that lead elsewhere, and perhaps a query.
pub(crate) fn path(name: &'static str, text: &str) -> Result<()> {
    let refuse = |reason| Err(Error::argument(name, reason));
    if text.len() > MAX_PATH {
        return refuse("must not be longer than 8 KiB");
    }
    if !text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'#' | b'\\')) {
        return refuse(
            "must be visible ASCII without `#` or backslashes; percent-encode other characters",
        );
    }
    let path = text.split('?').next().unwrap_or_default();
    let Some(segments) = path.strip_prefix('/') else {
        return refuse("must start with a slash");
    };
    if segments.starts_with('/') || segments.contains("//") {
        return refuse("must not contain two slashes in a row");
    }
    let Some(decoded) = decoded(path) else {
        return refuse(
            "has a bad percent-encoding: it must be `%` and two hex digits, of UTF-8 without \
             control characters",
        );
    };
    if has_steps(path) || has_steps(&decoded) {
        return refuse(STEPS);
    }
    Ok(())
}

const STEPS: &str = "must not contain `.` or `..` segments";

/// A text that becomes one segment of a path. It is encoded, but a server on the way may decode it before
/// it looks at the path.
pub(crate) fn segment(name: &'static str, text: &str) -> Result<()> {
    id(name, text)?;
    if has_steps(text) { Err(Error::argument(name, STEPS)) } else { Ok(()) }
}

/// A path without its escapes, if they are good.
fn decoded(path: &str) -> Option<String> {
    let mut escapes = path.split('%').skip(1);
    let good = escapes.all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2);
    let text = percent_decode_str(path).decode_utf8().ok().filter(|_| good)?;
    (!text.chars().any(char::is_control)).then(|| text.into_owned())
}

/// Whether a server could take a part of a text for a step of a path: `.` or `..`, also with parameters
/// (`..;x`), behind a backslash, or encoded, even several times.
fn has_steps(text: &str) -> bool {
    let is_step = |part: &str| {
        let name = part.split([';', '?', '#']).next().unwrap_or_default();
        matches!(name.trim(), "." | "..")
    };
    let (mut text, mut left) = (Cow::Borrowed(text), LAYERS);
    loop {
        if text.split(['/', '\\']).any(is_step) || text.contains('\0') {
            return true;
        }
        let next = percent_decode_str(&text).decode_utf8_lossy();
        if next == text {
            return false;
        }
        // Nobody has a reason to encode as often.
        if left == 0 {
            return true;
        }
        left -= 1;
        text = Cow::Owned(next.into_owned());
    }
}

/// How often a text may be encoded.
const LAYERS: u32 = 4;

/// Whether a host is this machine: an address of `127.0.0.0/8`, `::1`, or `localhost` and what is below it
/// (RFC 6761 section 6.3).
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Scheme and authority of an absolute `http` or `https` URL, in the one way to write them: in lower case, and
/// without the port that the scheme has anyway. `None` if it is none, or has a user in it.
pub(crate) fn origin(url: &str) -> Option<String> {
    let uri = url.parse::<Uri>().ok()?;
    let (scheme, authority) = (uri.scheme_str()?.to_ascii_lowercase(), uri.authority()?);
    let usual = match &*scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let host = authority.host().to_ascii_lowercase();
    if host.is_empty() || authority.as_str().contains('@') || !has_good_port(authority) {
        return None;
    }
    Some(match authority.port_u16().filter(|port| *port != usual) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// Host and port of an [`origin`].
pub(crate) fn authority(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, authority)| authority)
}

/// Bytes of a request ID.
const MAX_REQUEST_ID: usize = 256;

/// A request ID in a form that can be sent: what is not visible ASCII is percent-encoded, and what is too
/// long is cut. It may be a visitor's, and must not fail a call.
pub(crate) fn request_id(text: &str) -> Option<HeaderValue> {
    let (mut id, mut buffer) = (String::new(), [0; 4]);
    for c in text.trim().chars() {
        let piece: String = if c.is_ascii_graphic() {
            c.into()
        } else {
            percent_encode(c.encode_utf8(&mut buffer).as_bytes(), NON_ALPHANUMERIC).collect()
        };
        if id.len() + piece.len() > MAX_REQUEST_ID {
            break;
        }
        id.push_str(&piece);
    }
    HeaderValue::from_str(&id).ok().filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_stay_where_they_point_pass() {
        for good in [
            "/",
            "/v1/x",
            "/v1/x/",
            "/v1/..x/a..b",
            "/v1/...",
            "/v1/x?a=..&b=/../&c=%zz",
            "/scim/v2/Users/U%201",
            "/v1/U%2F1",
            "/v1/https:%2F%2Fexample.com%2Fa",
            "/v1/DOMAIN%5Cuser",
            "/v1/x;a=b",
            "/v1/100%25",
            "/v1/%c3%a9",
        ] {
            assert!(path("p", good).is_ok(), "{good}");
        }
    }

    #[test]
    fn paths_that_lead_elsewhere_however_encoded_are_refused() {
        for bad in [
            "",
            "v1/x",
            "?a=b",
            "//evil.example.com/v1",
            "https://evil.example.com",
            "/v1/../x",
            "/v1/..",
            "/./x",
            "/v1/%2e%2E/x",
            "/v1/.%2e?x",
            "/v1/%2e%2e%2fx",
            "/v1/..%2fx",
            "/v1/..%2Fx",
            "/v1/x%2F..",
            "/v1/x%2f%2e%2e%2fy",
            "/v1/..;/x",
            "/v1/..;a=b/x",
            "/v1/.;/x",
            "/v1/..%3bx/y",
            "/v1/..%5cx",
            "/v1/%5c..%5cx",
            "/v1/..%20/x",
            "/v1/..%3f/x",
            "/v1/..%23",
            "/v1/%252e%252e/x",
            "/v1/%25252e%25252e%25252fx",
            "/v1/%25%32%65%25%32%65",
            "/v1/%2525252525252525",
            "/v1/x%00",
            "/v1/%2500",
            "/v1/x%0d%0ay",
            "/v1/%c0%ae%c0%ae/x",
            "/v1/%ff",
            "/v1/%",
            "/v1/%2",
            "/v1/%zz",
            "/v1//x",
            "/v1/x//",
            "/v1/x\\y",
            "/v1/x#y",
            "/v1/x y",
            "/v1/x\r\nHost: evil",
            "/v1/\0",
            "/v1/é",
            &format!("/{}", "a".repeat(8 * 1024)),
        ] {
            assert!(path("p", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn segments_lead_nowhere_else_however_often_they_are_decoded() {
        for good in [
            "ada@example.com",
            "a/b",
            "a..b",
            "..a",
            "...",
            "DOMAIN\\user",
            "100%",
            "%41",
            "a?b#c;d",
            "日本",
        ] {
            assert!(segment("s", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "../x",
            "a/../b",
            "a/..",
            "..\\x",
            "..;",
            "..;x",
            ".;",
            "..%2f",
            "%2e%2e",
            "%2E%2e%2Fx",
            "%252e%252e",
            "..%00",
            "%00",
            "..?x",
            "..#",
            ".. ",
            "a/ .. /b",
            "a\\..\\b",
            "\0",
        ] {
            assert!(segment("s", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn hosts_on_this_machine() {
        for host in [
            "127.0.0.1",
            "127.9.9.9",
            "[::1]",
            "::1",
            "localhost",
            "LocalHost",
            "localhost.",
            "api.localhost",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "0.0.0.0",
            "10.0.0.1",
            "128.0.0.1",
            "[::]",
            "[fe80::1]",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "notlocalhost",
            "127.1",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn request_ids_can_always_be_sent() {
        let long = "x".repeat(300);
        let accents = "é".repeat(100);
        for (given, sent) in [
            ("trace-1", Some("trace-1")),
            (" a b ", Some("a%20b")),
            ("é", Some("%C3%A9")),
            ("a\r\nx-evil: 1", Some("a%0D%0Ax-evil:%201")),
            ("\0\u{7f}", Some("%00%7F")),
            ("", None),
            (" \n", None),
            (&*long, Some(&long[..256])),
            (&*accents, Some(&*"%C3%A9".repeat(42))),
        ] {
            let made = request_id(given);
            assert_eq!(made.as_ref().map(|id| id.to_str().unwrap()), sent, "{given:?}");
        }
    }
}

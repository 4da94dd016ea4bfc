//! Whether two URLs are the same one, by the rules of RFC 3986.

use crate::check;
use crate::transport::http::Uri;

/// An `http` or `https` URL without query and fragment, in the one way to write it (RFC 3986 sections 6.2.2
/// and 6.2.3): scheme and host in lower case, no default port, no dot segments, nothing encoded that need
/// not be. `None` if it is not one, or has a user in it.
pub(super) fn normalized(url: &str) -> Option<String> {
    let url = url.split(['?', '#']).next()?;
    let origin = check::origin(url)?;
    let uri: Uri = url.parse().ok()?;
    Some(origin + &path(uri.path())?)
}

/// A path in the one way to write it. `None` for one that does not begin with a slash, or is encoded wrongly.
pub(super) fn path(path: &str) -> Option<String> {
    let path = if path.is_empty() { "/" } else { path };
    let decoded = decode_unreserved(path)?;
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = decoded.strip_prefix('/')?.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    Some(format!("/{}", kept.join("/")))
}

/// Decodes the octets that stand for unreserved characters, and writes the others with capitals (RFC 3986
/// sections 6.2.2.1 and 6.2.2.2).
fn decode_unreserved(path: &str) -> Option<String> {
    let mut parts = path.split('%');
    let mut decoded = parts.next()?.to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let octet = u8::from_str_radix(digits, 16).ok()?;
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
            decoded.push(char::from(octet));
        } else {
            decoded.push('%');
            decoded.push_str(&digits.to_ascii_uppercase());
        }
        decoded.push_str(rest);
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_url_is_written_in_one_way() {
        for (url, same) in [
            ("https://api.example.com/a", "https://api.example.com/a"),
            ("HTTPS://API.Example.COM:443/a", "https://api.example.com/a"),
            ("http://api.example.com:80", "http://api.example.com/"),
            ("https://api.example.com:80/", "https://api.example.com:80/"),
            ("https://api.example.com/a?b=c", "https://api.example.com/a"),
            ("https://api.example.com/a#b", "https://api.example.com/a"),
            ("https://api.example.com?b=c", "https://api.example.com/"),
            (
                "https://api.example.com/%7euser/%2f/%C3%a9",
                "https://api.example.com/~user/%2F/%C3%A9",
            ),
            // RFC 3986 section 6.2.2, with a host for the made-up scheme.
            ("https://a/./b/../b/%63/%7bfoo%7d", "https://a/b/c/%7Bfoo%7D"),
            // RFC 3986 section 5.2.4.
            ("https://a/a/b/c/./../../g", "https://a/a/g"),
            ("https://a/mid/content=5/../6", "https://a/mid/6"),
            ("https://a/../../g/", "https://a/g/"),
            ("https://a/b/..", "https://a/"),
            ("https://a/b/.", "https://a/b/"),
            ("https://a/b/%2E%2e/c", "https://a/c"),
            ("https://a//b//", "https://a//b//"),
            ("https://[::1]:8443/x", "https://[::1]:8443/x"),
        ] {
            assert_eq!(normalized(url).as_deref(), Some(same), "{url}");
        }
    }

    #[test]
    fn what_is_no_url_of_the_web() {
        for bad in [
            "",
            "/a",
            "a",
            "https:/a",
            "https://",
            "ftp://a/b",
            "//a/b",
            "https://user@a/",
            "https://a:b@c/",
            "https://a/%",
            "https://a/%4",
            "https://a/%zz",
            "https://a/%+1",
            "https://a/é b",
            "https://a b/",
            "https://a:99999/",
        ] {
            assert_eq!(normalized(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_differs_stays_different() {
        for (one, other) in [
            ("https://a/b", "https://a/b/"),
            ("https://a/b", "https://a/B"),
            ("https://a/b", "http://a/b"),
            ("https://a/b", "https://a:8443/b"),
            ("https://a/b%2Fc", "https://a/b/c"),
            ("https://a/b%3Fc", "https://a/b?c"),
            ("https://a/b", "https://a.example/b"),
            ("https://a//b", "https://a/b"),
        ] {
            assert_ne!(normalized(one), normalized(other), "{one} {other}");
        }
    }
}

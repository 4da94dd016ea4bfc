//! Which URLs a server's document may name, and how they are put together.

use crate::check;
use crate::error::{Error, Result};
use crate::escape::add_pair;
use crate::transport::http::Uri;

/// Whether requests with secrets may go there: over TLS, to this machine, or where the client's other
/// requests go as well.
pub(super) fn is_safe(url: &str, base_url: &str) -> bool {
    let Some(origin) = check::origin(url) else { return false };
    let host = || url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    !url.contains('#')
        && (origin.starts_with("https://")
            || host().is_some_and(|host| check::is_loopback(&host))
            || check::origin(base_url).as_ref() == Some(&origin))
}

/// A service that tokens are for: an absolute URI without a fragment (RFC 8707 section 2).
pub(super) fn resource(text: &str) -> Result<()> {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    let letters = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    let visible = text.bytes().all(|b| b.is_ascii_graphic());
    if !scheme.is_some_and(letters) || !visible || text.contains('#') || text.len() > 2048 {
        return Err(Error::argument("resource", "must be an absolute URI without a fragment"));
    }
    Ok(())
}

/// A URL with these parameters added to its query.
pub(super) fn with_query(url: &str, parameters: &[(&str, impl AsRef<str>)]) -> String {
    let mut url = url.to_owned();
    for (name, value) in parameters {
        if !url.ends_with(['?', '&']) {
            url.push(if url.contains('?') { '&' } else { '?' });
        }
        add_pair(&mut url, name, value.as_ref());
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_over_tls_or_stay_on_this_machine() {
        let base = "http://emulator:8080";
        for (url, safe) in [
            ("https://login.example.com/token", true),
            ("HTTPS://login.example.com/token", true),
            ("http://127.0.0.1:3000/token", true),
            ("http://[::1]:3000/token", true),
            ("http://localhost/token", true),
            ("http://emulator:8080/oauth2/v1/token", true),
            ("http://EMULATOR:8080/oauth2/v1/token", true),
            ("http://emulator/oauth2/v1/token", false),
            ("http://login.example.com/token", false),
            ("http://127.0.0.1.example.com/token", false),
            ("https://user@login.example.com/token", false),
            ("https://login.example.com/token#x", false),
            ("ftp://login.example.com/token", false),
            ("//login.example.com/token", false),
            ("/token", false),
            ("", false),
        ] {
            assert_eq!(is_safe(url, base), safe, "{url}");
        }
    }

    #[test]
    fn resources_are_absolute() {
        for good in ["https://api.example.com", "https://a.example/x?y=z", "urn:example:api"] {
            assert!(resource(good).is_ok(), "{good}");
        }
        for bad in ["", "api", "/x", "https://a.example/#x", "1a:b", ":x", "https://a b", "é:x"] {
            assert!(resource(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parameters_are_added_to_what_is_there() {
        let add = |url| with_query(url, &[("a", "b c"), ("d", "&=")]);
        assert_eq!(add("https://x/y"), "https://x/y?a=b%20c&d=%26%3D");
        assert_eq!(add("https://x/y?z=1"), "https://x/y?z=1&a=b%20c&d=%26%3D");
        assert_eq!(add("https://x/y?"), "https://x/y?a=b%20c&d=%26%3D");
    }
}

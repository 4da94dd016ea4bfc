//! What a builder is given, checked.

use crate::check;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::transport::http::Uri;
use crate::transport::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

/// The environment, unless it is not to count.
#[derive(Clone, Copy)]
pub(super) struct Env(pub(super) bool);

impl Env {
    pub(super) fn var(self, name: &'static str) -> Result<Option<String>> {
        let value = if self.0 { std::env::var_os(name) } else { None };
        match value.map(std::ffi::OsString::into_string) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            Some(Err(_)) => Err(Error::argument(name, "is not UTF-8")),
        }
    }
}

/// A secret and where it is from, with nothing in it that a header cannot hold.
pub(super) fn secret(
    env: Env,
    given: Option<Secret>,
    name: &'static str,
    variable: &'static str,
) -> Result<Option<Secret>> {
    let (secret, name) = match given {
        Some(secret) => (Some(secret), name),
        None => (env.var(variable)?.map(Secret::from), variable),
    };
    secret.as_ref().map_or(Ok(()), |secret| check::key(name, secret.expose()))?;
    Ok(secret)
}

/// The same outcome, an argument that was refused being called by another name.
pub(super) fn renamed<T>(variable: &'static str, outcome: Result<T>) -> Result<T> {
    outcome.map_err(|error| match error {
        Error::Argument { reason, .. } => Error::argument(variable, reason),
        other => other,
    })
}

/// An address, and the setting or variable that it is from.
#[derive(Debug)]
pub(super) struct Url {
    name: &'static str,
    /// Without a slash at the end.
    pub(super) text: String,
    uri: Uri,
}

impl Url {
    pub(super) fn new(name: &'static str, text: &str) -> Result<Self> {
        let refuse = |reason| Err(Error::argument(name, reason));
        if text.contains(['?', '#']) {
            return refuse("must not have a query or fragment");
        }
        let Ok(uri) = text.parse::<Uri>() else { return refuse("is not a URL") };
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return refuse("must start with `https://` or `http://`");
        }
        match uri.authority() {
            Some(authority) if authority.as_str().contains('@') => {
                refuse("must not have a user or password")
            }
            Some(authority) if authority.host().is_empty() => refuse("must have a host"),
            Some(authority) if !check::has_good_port(authority) => refuse("has an invalid port"),
            _ => Ok(Self { name, text: text.trim_end_matches('/').to_owned(), uri }),
        }
    }

    /// Refuses an address to which a key would go unencrypted, beyond this machine.
    pub(super) fn check_key(&self, remote_proxy: bool) -> Result<()> {
        let here = !remote_proxy && self.uri.host().is_some_and(check::is_loopback);
        if here || self.uri.scheme_str() == Some("https") {
            return Ok(());
        }
        let reason = "must start with `https://`, or a management key would be sent unencrypted: \
                      see `ClientBuilder::allow_unencrypted_keys`";
        Err(Error::argument(self.name, reason))
    }
}

/// Those that belong to the connection (RFC 9110 section 7.6.1) or to the form of the body. A value of the
/// program's own would contradict what is sent, or make the answer unreadable.
const REFUSED: [&str; 13] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The headers of every request, the program's own and the crate's.
pub(super) fn headers(given: &[(String, String)], project_id: &str) -> Result<HeaderMap> {
    let refuse = |reason| Error::argument("header", reason);
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| refuse("is not a valid header name"))?;
        if REFUSED.contains(&name.as_str()) || name.as_str().starts_with("proxy-") {
            return Err(refuse(
                "must not be set: it belongs to the connection or describes the body",
            ));
        }
        let mut value = check::header("header", value)?;
        value.set_sensitive(true);
        headers.try_append(name, value).map_err(|_| refuse("must not have so many values"))?;
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-descope-project-id", check::header("project_id", project_id)?);
    headers.insert("x-descope-sdk-name", HeaderValue::from_static("rust"));
    let version = HeaderValue::from_static(env!("CARGO_PKG_VERSION"));
    headers.insert("x-descope-sdk-version", version);
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls() {
        for (given, kept) in [
            ("https://auth.example.com", "https://auth.example.com"),
            ("https://auth.example.com/", "https://auth.example.com"),
            ("https://example.com/descope/", "https://example.com/descope"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("HTTPS://example.com", "HTTPS://example.com"),
            ("https://[::1]/", "https://[::1]"),
            ("https://[::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(Url::new("base_url", given).unwrap().text, kept);
        }
        for bad in [
            "",
            "example.com",
            "/path",
            "ftp://example.com",
            "https://",
            "https://u:p@example.com",
            "https://example.com:",
            "https://example.com:https",
            "https://example.com:65536",
            "https://example.com?x",
            "https://example.com#x",
            "https://exa mple.com",
        ] {
            assert!(matches!(Url::new("base_url", bad), Err(Error::Argument { .. })), "{bad}");
        }
    }

    #[test]
    fn keys_go_unencrypted_to_this_machine_alone() {
        let check = |url: &str, proxy| Url::new("base_url", url).unwrap().check_key(proxy);
        for url in
            ["https://api.descope.com", "HTTPS://10.0.0.1", "http://127.0.0.1:80", "http://[::1]/x"]
        {
            assert!(check(url, false).is_ok(), "{url}");
        }
        for url in
            ["http://api.descope.com", "HTTP://10.0.0.1", "http://cache:8080", "http://[fd00::1]"]
        {
            assert!(
                matches!(check(url, false), Err(Error::Argument { name: "base_url", .. })),
                "{url}"
            );
        }
        assert!(check("http://127.0.0.1", true).is_err() && check("https://x", true).is_ok());
    }

    #[test]
    fn headers_of_the_connection_are_refused() {
        let made = |name: &str| headers(&[(name.to_owned(), "1".to_owned())], "P2abc");
        for name in REFUSED.into_iter().chain(["Proxy-Authorization", "proxy-connection", "HOST"]) {
            assert!(matches!(made(name), Err(Error::Argument { name: "header", .. })), "{name}");
        }
        for name in ["x-team", "cookie", "accept-language", "x-host", "authorization"] {
            assert!(made(name).unwrap()[name].is_sensitive(), "{name}");
        }
        let many: Vec<_> = (0..40_000).map(|n| (format!("x-{n}"), String::new())).collect();
        assert!(headers(&many, "P2abc").is_err());
    }
}

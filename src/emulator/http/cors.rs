//! Requests by the pages of other origins, such as a browser app on the port of its own development server.

use crate::emulator::words::host;
use crate::transport::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, HeaderValue, ORIGIN,
    VARY,
};
use crate::transport::http::uri::Uri;
use crate::transport::http::{Method, StatusCode};
use crate::transport::{Request, Response};

const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// The origin of a request, if its pages may call the API. Without a list they are those of this machine.
fn allowed<'a>(request: &'a Request, origins: &[String]) -> Option<&'a HeaderValue> {
    let value = request.headers().get(ORIGIN)?;
    let origin = value.to_str().ok()?;
    let same =
        |known: &String| known == "*" || known.trim_end_matches('/').eq_ignore_ascii_case(origin);
    let is_allowed = if origins.is_empty() { is_local(origin) } else { origins.iter().any(same) };
    is_allowed.then_some(value)
}

fn is_local(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    uri.scheme().is_some() && uri.host().is_some_and(host::is_loopback)
}

/// Answers the request that a browser makes before another one (Fetch standard, CORS-preflight fetch).
pub(super) fn preflight(request: &Request, origins: &[String]) -> Option<Response> {
    let asks = request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if request.method() != Method::OPTIONS || !asks || !request.headers().contains_key(ORIGIN) {
        return None;
    }
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if allowed(request, origins).is_some() {
        let headers = response.headers_mut();
        let methods = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        if let Some(asked) = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
        if request.headers().contains_key(REQUEST_PRIVATE_NETWORK) {
            headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
        }
    }
    allow(request, origins, &mut response);
    Some(response)
}

/// Lets the page read the answer, if its origin may.
pub(super) fn allow(request: &Request, origins: &[String], response: &mut Response) {
    if !request.headers().contains_key(ORIGIN) {
        return;
    }
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed(request, origins) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        let exposed = HeaderValue::from_static("retry-after, www-authenticate, dpop-nonce");
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(origin: &str, origins: &[&str]) -> bool {
        let request = crate::transport::http::Request::get("/v2/keys/x").header(ORIGIN, origin);
        let origins: Vec<String> = origins.iter().map(|&origin| origin.to_owned()).collect();
        let mut response = Response::new(Vec::new());
        allow(&request.body(Vec::new()).unwrap(), &origins, &mut response);
        assert_eq!(response.headers()[VARY], "Origin");
        response.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN).is_some_and(|value| value == origin)
    }

    #[test]
    fn origins_of_this_machine_or_of_the_list_are_allowed() {
        for local in [
            "http://localhost:3000",
            "https://localhost",
            "http://app.localhost:5173",
            "http://127.0.0.1:1",
            "http://[::1]:8080",
        ] {
            assert!(origin(local, &[]), "{local}");
            assert!(!origin(local, &["https://app.example"]), "{local}");
        }
        for foreign in [
            "null",
            "https://app.example",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://notlocalhost",
            "localhost:3000",
        ] {
            assert!(!origin(foreign, &[]), "{foreign}");
            assert!(origin(foreign, &["*"]), "{foreign}");
        }
        assert!(origin("https://app.example", &["https://other.example", "https://app.example/"]));
        assert!(!origin("https://app.example:444", &["https://app.example"]));
    }

    #[test]
    fn a_browser_may_send_what_it_asks_for() {
        let ask = |origin: &str| {
            let request = crate::transport::http::Request::options("/v1/auth/refresh")
                .header(ORIGIN, origin)
                .header(ACCESS_CONTROL_REQUEST_METHOD, "POST")
                .header(ACCESS_CONTROL_REQUEST_HEADERS, "authorization,x-descope-sdk-name");
            preflight(&request.body(Vec::new()).unwrap(), &[]).unwrap()
        };
        let allowed = ask("http://localhost:3000");
        assert_eq!(allowed.status(), 204);
        let headers = allowed.headers();
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_HEADERS], "authorization,x-descope-sdk-name");
        assert!(headers[ACCESS_CONTROL_ALLOW_METHODS].to_str().unwrap().contains("POST"));
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        assert!(!ask("https://evil.example").headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        let plain = crate::transport::http::Request::options("/v1/auth/refresh");
        assert!(preflight(&plain.body(Vec::new()).unwrap(), &[]).is_none());
    }
}

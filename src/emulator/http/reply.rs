//! Answers that are not those of the API.

use crate::transport::Response;
use crate::transport::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use crate::transport::http::{HeaderName, StatusCode};

pub(super) fn redirect(url: &str) -> Response {
    let mut response = no_store(Response::new(Vec::new()));
    *response.status_mut() = StatusCode::SEE_OTHER;
    insert(&mut response, LOCATION, url);
    response
}

pub(super) fn json(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(body.into_bytes());
    *response.status_mut() = status;
    insert(&mut response, CONTENT_TYPE, "application/json");
    response
}

pub(super) fn no_store(mut response: Response) -> Response {
    insert(&mut response, CACHE_CONTROL, "no-store");
    response
}

/// A value that cannot be in a header is left out.
pub(super) fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

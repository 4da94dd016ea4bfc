//! Which page made a request.

use crate::transport::Request;
use crate::transport::http::HeaderName;
use crate::transport::http::header::{HOST, HeaderValue, ORIGIN};
use crate::transport::http::uri::Authority;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Marks a request that came by TLS.
#[derive(Clone, Copy)]
pub(super) struct Encrypted;

pub(super) fn scheme(request: &Request) -> &'static str {
    if request.extensions().get::<Encrypted>().is_some() { "https" } else { "http" }
}

/// Whether no page of another origin made a request.
pub(super) fn is_same_origin(request: &Request) -> bool {
    let (headers, hosts) = (request.headers(), hosts(request));
    let foreign = |origin: &HeaderValue| {
        let origin = origin.to_str().unwrap_or_default();
        let origin = origin.split_once("://").filter(|(used, _)| *used == scheme(request));
        let origin = origin.and_then(|(_, host)| host.parse().ok());
        !hosts.contains(&origin)
    };
    let cross_site = |site: &HeaderValue| site.as_bytes().eq_ignore_ascii_case(b"cross-site");
    !headers.get_all(ORIGIN).iter().any(foreign)
        && !headers.get_all(SEC_FETCH_SITE).iter().any(cross_site)
}

/// All hosts that a request names; `None` for one that is malformed.
pub(super) fn hosts(request: &Request) -> Vec<Option<Authority>> {
    let named = request.uri().authority().map(|authority| Some(authority.clone()));
    request.headers().get_all(HOST).iter().map(authority).chain(named).collect()
}

fn authority(host: &HeaderValue) -> Option<Authority> {
    let host = host.to_str().ok().filter(|host| !host.contains('@'))?;
    host.parse().ok()
}

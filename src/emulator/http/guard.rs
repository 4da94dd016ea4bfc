//! Keeps web pages from steering an emulator on a port.
//!
//! A page of any site can send requests to `127.0.0.1`, and can even read the answers when its own name
//! resolves to that address (DNS rebinding). The paths of the API want a bearer, but those that steer
//! the emulator do not, and give away every code. So they take only requests whose `Host` is an address
//! that cannot have been rebound, and that no page of another origin made.

use std::net::IpAddr;

use super::control;
use super::origin::{hosts, is_same_origin};
use crate::emulator::words::host;
use crate::emulator::words::refusal::{Refusal, Result};
use crate::transport::Request;
use crate::transport::http::Method;
use crate::transport::http::uri::Authority;

/// Refuses a request that steers the emulator, unless it comes from a program or from a page of the
/// emulator itself. `address` is where the connection was accepted.
pub(super) fn check(request: &Request, address: IpAddr) -> Result<()> {
    // A browser is sent to the pages of the identity provider by other sites, and their state cannot
    // be guessed.
    if !control::is_for(request) || control::is_page(request) {
        return Ok(());
    }
    let hosts = hosts(request);
    let known = |host: &Option<Authority>| host.as_ref().is_some_and(|host| is_own(host, address));
    if hosts.is_empty() || !hosts.iter().all(known) {
        return Err(Refusal::forbidden(
            "The paths under /_emulator/ need localhost or the emulator's own address as Host",
        ));
    }
    // A link on another page may lead to the emulator's, which no other page can read.
    let navigates = request.method() == Method::GET && request.uri().path() == control::PAGE;
    if !navigates && !is_same_origin(request) {
        return Err(Refusal::forbidden("A page of another origin must not steer the emulator"));
    }
    Ok(())
}

/// Whether a host is this machine by a name or address that nobody else can claim.
fn is_own(authority: &Authority, address: IpAddr) -> bool {
    let host = authority.host();
    let is_address = |ip: IpAddr| ip.to_canonical() == address.to_canonical();
    host::is_loopback(host) || host::address(host).is_some_and(is_address)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::transport::http::Request as Builder;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

    fn status(path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = Builder::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(Vec::new()).unwrap(), HERE).map_or_else(|r| r.status.as_u16(), |()| 200)
    }

    #[test]
    fn only_hosts_that_cannot_be_rebound_steer() {
        for host in [
            "127.0.0.1:8080",
            "127.0.0.1",
            "127.9.9.9",
            "[::1]:8080",
            "[::ffff:127.0.0.1]",
            "localhost",
            "LocalHost:1",
            "localhost.",
            "app.localhost:80",
            "192.0.2.7:8080",
        ] {
            assert_eq!(status("/_emulator/seed", &[("host", host)]), 200, "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "notlocalhost",
            "192.0.2.8",
            "0.0.0.0",
            "[2001:db8::1]",
            "",
            "x",
            "evil@localhost",
            ":80",
        ] {
            assert_eq!(status("/_emulator/seed", &[("host", host)]), 403, "{host}");
            assert_eq!(status("/v1/auth/otp/signin/email", &[("host", host)]), 200, "{host}");
            assert_eq!(status("/_emulator/idp", &[("host", host)]), 200, "{host}");
        }
        assert_eq!(status("/_emulator/seed", &[]), 403);
        let twice = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(status("/_emulator/seed", &twice), 403);
        let other = "http://evil.example/_emulator/seed";
        assert_eq!(status(other, &[("host", "localhost")]), 403, "the absolute form counts too");
    }

    #[test]
    fn no_page_of_another_origin_steers() {
        let with =
            |name, value| status("/_emulator/seed", &[("host", "localhost:8080"), (name, value)]);
        assert_eq!(with("origin", "http://localhost:8080"), 200);
        for origin in [
            "null",
            "",
            "http://evil.example",
            "https://localhost:8080",
            "http://localhost:3000",
            "http://localhost",
            "http://localhost:8080.evil.example",
            "http://127.0.0.1:8080",
        ] {
            assert_eq!(with("origin", origin), 403, "{origin}");
        }
        for (site, wanted) in
            [("none", 200), ("same-origin", 200), ("cross-site", 403), ("Cross-Site", 403)]
        {
            assert_eq!(with("sec-fetch-site", site), wanted, "{site}");
        }
    }
}

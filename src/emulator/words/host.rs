//! Hosts that are this machine.

use std::net::IpAddr;

/// Whether a host of a URL is this machine by a name or address that nobody else can claim: a loopback address, or a
/// name under `localhost` (RFC 6761 section 6.3).
pub(in crate::emulator) fn is_loopback(host: &str) -> bool {
    let name = name(host);
    match address(host) {
        Some(ip) => ip.to_canonical().is_loopback(),
        None => name == "localhost" || name.ends_with(".localhost"),
    }
}

/// The address that a host is, if it is one.
pub(in crate::emulator) fn address(host: &str) -> Option<IpAddr> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}

/// A host in the one way to write it: in lower case, and without the dot of the root.
pub(in crate::emulator) fn name(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

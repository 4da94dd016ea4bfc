//! Proxies: the one that the program sets, and those of the environment by the rules of curl.

use std::net::{Ipv4Addr, Ipv6Addr};

use ureq::Proxy;

use super::http::Uri;
use crate::check;
use crate::error::{Error, Result};

/// A proxy that is complete, or an error that names where it was set.
pub(super) fn parse(name: &'static str, url: &str) -> Result<Proxy> {
    let proxy = Proxy::new(url).ok().filter(is_complete);
    proxy.ok_or(Error::argument(name, "is not a proxy URL"))
}

/// Whether a proxy has a host, and a port that is one.
fn is_complete(proxy: &Proxy) -> bool {
    proxy.uri().authority().is_some_and(|to| !to.host().is_empty() && check::has_good_port(to))
}

/// Host and port of a proxy, without its user and password.
pub(super) fn place(proxy: &Proxy) -> String {
    format!("{}:{}", proxy.host(), proxy.port())
}

/// The proxy that the environment names for a URL.
pub(super) fn from_environment(url: &str) -> Result<Option<Proxy>> {
    choose(url, |name| std::env::var(name).ok())
}

/// As curl chooses: by the URL's scheme `https_proxy` or `http_proxy`, then `all_proxy`. The name in lower
/// case comes first, and an empty variable counts as unset. `HTTP_PROXY` does not count, which a visitor
/// of a CGI program can set by a header.
fn choose(url: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Proxy>> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let names: &[&'static str] = if is_encrypted(url) {
        &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    } else {
        &["http_proxy", "all_proxy", "ALL_PROXY"]
    };
    let Some((name, proxy)) = names.iter().find_map(|name| Some((*name, set(name)?))) else {
        return Ok(None);
    };
    let except = set("no_proxy").or_else(|| set("NO_PROXY")).unwrap_or_default();
    let uri = url.parse::<Uri>().ok();
    if uri.as_ref().and_then(Uri::host).is_some_and(|host| is_exempt(host, &except)) {
        return Ok(None);
    }
    parse(name, &proxy).map(Some)
}

/// Whether a URL asks for TLS.
pub(super) fn is_encrypted(url: &str) -> bool {
    !url.to_ascii_lowercase().starts_with("http:")
}

/// Whether `NO_PROXY` exempts a host, by the rules of curl 7.88: see `tests/fixtures/no_proxy.json`.
///
/// A `*` alone exempts every host. Else it is a list of names, separated by commas or blanks. A name
/// exempts itself and what is below it, an IPv4 address may have the length of a prefix after a slash, and
/// an IPv6 address stands for itself, in its shortest form and without brackets.
fn is_exempt(host: &str, list: &str) -> bool {
    if list == "*" {
        return true;
    }
    let host = normal(host);
    let address = host.parse::<Ipv4Addr>().ok();
    let mut tokens = list.split([',', ' ', '\t']).filter(|token| !token.is_empty());
    match address {
        Some(address) => tokens.any(|token| covers(token, address)),
        None => tokens.any(|token| is_within(&host, token)),
    }
}

/// A host in the form that curl compares: addresses in their usual form, without brackets and zone.
fn normal(host: &str) -> String {
    let Some(inside) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) else {
        let address = numbers(host);
        return address.map_or_else(|| host.to_owned(), |address| address.to_string());
    };
    let address = inside.split('%').next().unwrap_or_default();
    let short = address.parse::<Ipv6Addr>().map(|address| address.to_string());
    short.ok().filter(|short| short.len() < address.len()).unwrap_or_else(|| address.to_owned())
}

/// An IPv4 address in any form that `inet_aton` reads, such as `127.1` and `0x7f000001`.
fn numbers(host: &str) -> Option<Ipv4Addr> {
    let number = |text: &str| match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if text.starts_with('0') && text.len() > 1 => u32::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    };
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let parts: Vec<_> = host.split('.').collect();
    let (last, bytes) = parts.split_last().filter(|(_, bytes)| bytes.len() < 4)?;
    // The last number fills what is left of the address.
    let mut address = number(last).filter(|_| is_number(last))?;
    let room = 32 - 8 * u32::try_from(bytes.len()).ok()?;
    if u64::from(address) >> room != 0 {
        return None;
    }
    for (text, shift) in bytes.iter().zip([24, 16, 8]) {
        let byte = number(text).filter(|byte| is_number(text) && *byte < 256)?;
        address |= byte << shift;
    }
    Some(Ipv4Addr::from(address))
}

/// Whether a token is this address, or the beginning of it. What follows a slash is read as C's `atoi`
/// does, and 0 bits are all of them.
fn covers(token: &str, address: Ipv4Addr) -> bool {
    let (network, bits) = token.split_once('/').unwrap_or((token, "0"));
    let Ok(network) = network.parse::<Ipv4Addr>() else { return false };
    let end = bits.char_indices().find(|(at, c)| !c.is_ascii_digit() && (*at > 0 || *c != '+'));
    let bits = &bits[..end.map_or(bits.len(), |(at, _)| at)];
    if end.is_some_and(|(at, c)| at == 0 && c == '-') {
        return false;
    }
    // More than its integers hold wraps around.
    let bits = bits.trim_start_matches('+').parse::<u64>().unwrap_or(0) & u64::from(u32::MAX);
    let differ = u32::from(network) ^ u32::from(address);
    match bits {
        0 | 32 => differ == 0,
        1..32 => differ >> (32 - bits) == 0,
        _ => false,
    }
}

/// Whether a host has this name, or is below it, but for case and one dot at the end of each and one at
/// the beginning of the name.
fn is_within(host: &str, name: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
    let name = name.strip_suffix('.').unwrap_or(name);
    let name = name.strip_prefix('.').unwrap_or(name).as_bytes();
    let Some(rest) = host.len().checked_sub(name.len()) else { return false };
    let (above, tail) = host.split_at(rest);
    tail.eq_ignore_ascii_case(name) && (above.is_empty() || above.ends_with(b"."))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded by `.ci/no_proxy --record`.
    const CURL: &str = include_str!("../../tests/fixtures/no_proxy.json");

    #[test]
    fn no_proxy_means_what_it_means_to_curl() {
        let rows: Vec<(String, String, String)> = serde_json::from_str(CURL).unwrap();
        assert!(rows.len() >= 200, "{}", rows.len());
        let mut wrong = Vec::new();
        for (host, setting, verdict) in rows {
            let ours = if is_exempt(&host, &setting) { "direct" } else { "proxy" };
            if ours != verdict {
                wrong.push(format!("{host} with {setting:?}: {ours}, not {verdict}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn variables_count_in_the_order_of_curl() {
        let chosen = |url: &str, set: &[(&str, &str)]| {
            let find = |name: &str| set.iter().find(|(known, _)| *known == name);
            let proxy = choose(url, |name| find(name).map(|(_, value)| (*value).to_owned()));
            proxy.unwrap().map(|proxy| proxy.host().to_owned())
        };
        let all = [
            ("HTTPS_PROXY", "http://upper"),
            ("https_proxy", "http://lower"),
            ("ALL_PROXY", "http://upper-all"),
            ("all_proxy", "http://lower-all"),
            ("HTTP_PROXY", "http://visitor"),
        ];
        let https = "https://api.descope.com";
        assert_eq!(chosen(https, &all).as_deref(), Some("lower"));
        assert_eq!(chosen(https, &all[..1]).as_deref(), Some("upper"));
        assert_eq!(chosen(https, &[("https_proxy", ""), all[0]]).as_deref(), Some("upper"));
        assert_eq!(chosen(https, &all[2..]).as_deref(), Some("lower-all"));
        assert_eq!(chosen(https, &all[2..3]).as_deref(), Some("upper-all"));
        assert_eq!(chosen(https, &all[4..]), None);
        let http = "HTTP://localhost:8080/descope";
        assert_eq!(chosen(http, &all).as_deref(), Some("lower-all"));
        assert_eq!(chosen(http, &[("http_proxy", "plain:80"), all[3]]).as_deref(), Some("plain"));
        assert_eq!(chosen(http, &[all[4], all[0]]), None);
        // So does the list of exceptions.
        let (lower, upper) = (("no_proxy", "descope.com"), ("NO_PROXY", "example.com"));
        assert_eq!(chosen(https, &[all[0], lower]), None);
        assert_eq!(chosen(https, &[all[0], lower, upper]), None);
        assert_eq!(chosen(https, &[all[0], ("no_proxy", ""), upper]).as_deref(), Some("upper"));
        assert_eq!(chosen(https, &[all[0], upper]).as_deref(), Some("upper"));
    }

    #[test]
    fn what_is_no_proxy_is_named() {
        for (name, url) in
            [("https_proxy", "http://"), ("all_proxy", "gopher://x"), ("ALL_PROXY", "x:y:z")]
        {
            let set = |asked: &str| (asked == name).then(|| url.to_owned());
            match choose("https://api.descope.com", set) {
                Err(Error::Argument { name: named, .. }) => assert_eq!(named, name),
                other => panic!("{other:?}"),
            }
        }
    }
}

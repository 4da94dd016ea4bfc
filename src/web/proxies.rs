//! What proxies say of the client, believed only if the proxy is known.

use std::net::IpAddr;

use super::said::{Said, is_host};
use crate::error::{Error, Result};

/// Proxies in front of the service, by their addresses, and the headers by which they say who the client is;
/// see [`GuardOptions::proxies`](super::GuardOptions::proxies).
///
/// Choose the headers that your proxies set. The others are ignored even from a proxy, because most proxies pass
/// on what a client has sent in them. Each proxy must append to the list of addresses, and set or remove the other
/// headers.
///
/// The address of the client is the last one in the list that is not a proxy's: what stands before it, the client
/// may have sent itself.
///
/// ```
/// use descope::web::{GuardOptions, Proxies};
///
/// // A load balancer, and a proxy on the same machine.
/// let proxies = Proxies::x_forwarded(["10.0.0.0/8", "127.0.0.1", "fd00::/8"])?;
/// let options = GuardOptions::default().proxies(proxies);
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxies {
    ranges: Vec<Range>,
    is_rfc7239: bool,
}

/// Addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: IpAddr,
    bits: u8,
}

/// What is known of a request by its connection and its proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) address: Option<IpAddr>,
    pub(super) scheme: Said,
    pub(super) host: Said,
}

/// Proxies that a request passes. Nobody has more.
const MAX_HOPS: usize = 32;

/// Bytes of a header that are read.
const MAX_BYTES: usize = 8 * 1024;

impl Proxies {
    /// Proxies that set `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`, which is most of them. Each
    /// is an address, or a range of addresses such as `10.0.0.0/8`.
    ///
    /// `X-Forwarded-Proto` and `X-Forwarded-Host` must have one value: of several, nobody knows which one the
    /// client has sent, so none counts. Without `X-Forwarded-Host`, the header `Host` counts.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for what is not an address or range, for a range that has bits after its prefix, and
    /// for a range of all addresses.
    pub fn x_forwarded(ranges: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self> {
        Self::new(ranges, false)
    }

    /// Likewise, proxies that set `Forwarded` (RFC 7239). Scheme and host are those that the first of your proxies
    /// names.
    ///
    /// # Errors
    ///
    /// As for [`x_forwarded`](Self::x_forwarded).
    pub fn forwarded(ranges: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self> {
        Self::new(ranges, true)
    }

    fn new(ranges: impl IntoIterator<Item = impl AsRef<str>>, is_rfc7239: bool) -> Result<Self> {
        let reason = "must be an address, or a range of addresses such as `10.0.0.0/8`";
        let ranges = ranges.into_iter().map(|text| Range::read(text.as_ref()));
        let ranges = ranges.collect::<Option<_>>();
        let ranges = ranges.ok_or_else(|| Error::argument("ranges", reason))?;
        Ok(Self { ranges, is_rfc7239 })
    }

    fn have(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.has(address))
    }

    /// What the headers of a request from this peer say.
    pub(super) fn seen<I>(&self, peer: IpAddr, values: impl Fn(&'static str) -> I) -> Seen
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        let peer = peer.to_canonical();
        if !self.have(peer) {
            return Seen { address: Some(peer), ..Seen::default() };
        }
        if self.is_rfc7239 {
            let unclear = Seen { address: None, scheme: Said::Unclear, host: Said::Unclear };
            let elements = text_of(values("forwarded")).and_then(|lines| elements(&lines));
            return elements.map_or(unclear, |elements| self.last_hop(peer, &elements));
        }
        let list = text_of(values("x-forwarded-for"));
        Seen {
            address: list.and_then(|lines| self.client(peer, &lines)),
            scheme: scheme(Said::of(values("x-forwarded-proto"))),
            host: host(Said::of(values("x-forwarded-host"))),
        }
    }

    /// The last address in `X-Forwarded-For` that is not a proxy's.
    fn client(&self, peer: IpAddr, lines: &[String]) -> Option<IpAddr> {
        let mut client = peer;
        let mut named = lines.iter().rev().flat_map(|line| line.rsplit(',')).peekable();
        named.peek()?;
        for (hop, text) in named.enumerate() {
            if !self.have(client) {
                break;
            }
            client = address(text.trim_matches([' ', '\t'])).filter(|_| hop < MAX_HOPS)?;
        }
        Some(client)
    }

    /// What the first of the known proxies says of its client (RFC 7239 section 7.4).
    fn last_hop(&self, peer: IpAddr, elements: &[Element]) -> Seen {
        if elements.is_empty() {
            return Seen::default();
        }
        let mut seen = Seen { address: Some(peer), ..Seen::default() };
        for (hop, element) in elements.iter().rev().enumerate() {
            match seen.address {
                Some(known) if self.have(known) => {}
                _ => break,
            }
            seen = Seen {
                address: element.client().filter(|_| hop < MAX_HOPS),
                scheme: scheme(element.scheme.clone()),
                host: host(element.host.clone()),
            };
        }
        seen
    }
}

impl Range {
    fn read(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address.parse().ok()?, Some(digits(bits)?)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let (first, bits) = match (address, address.to_canonical(), bits) {
            // An address of version 4 in the form of one of version 6.
            (IpAddr::V6(_), first @ IpAddr::V4(_), Some(bits)) => (first, bits.checked_sub(96)?),
            (_, first, Some(bits)) => (first, bits),
            (_, first @ IpAddr::V4(_), None) => (first, 32),
            (_, first @ IpAddr::V6(_), None) => (first, 128),
        };
        let range = Self { first, bits };
        // Who means one address should not name a range, and nobody trusts everyone.
        let width = if first.is_ipv4() { 32 } else { 128 };
        let sound = (1..=width).contains(&bits) && shifted(first, width - bits).1 == 0;
        sound.then_some(range)
    }

    fn has(&self, address: IpAddr) -> bool {
        let width = if self.first.is_ipv4() { 32 } else { 128 };
        let rest = width - self.bits;
        self.first.is_ipv4() == address.is_ipv4()
            && shifted(self.first, rest).0 == shifted(address, rest).0
    }
}

/// The bits of an address before its last ones, and the last ones.
fn shifted(address: IpAddr, last: u8) -> (u128, u128) {
    let bits = match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    };
    let before = bits.checked_shr(u32::from(last)).unwrap_or_default();
    (before, bits - before.checked_shl(u32::from(last)).unwrap_or_default())
}

/// A number that is written in the one way.
fn digits(text: &str) -> Option<u8> {
    let sound = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| sound)
}

/// The lines of a header, as far as they are visible ASCII, and not too long.
fn text_of<I>(values: I) -> Option<Vec<String>>
where
    I: IntoIterator<Item: AsRef<[u8]>>,
{
    let (mut lines, mut bytes) = (Vec::new(), 0_usize);
    for value in values {
        let line = std::str::from_utf8(value.as_ref()).ok()?;
        bytes = bytes.saturating_add(line.len().max(1));
        if bytes > MAX_BYTES || !line.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t')) {
            return None;
        }
        lines.push(line.to_owned());
    }
    Some(lines)
}

/// An address, perhaps with a port, as proxies write it (RFC 7239 section 6).
fn address(text: &str) -> Option<IpAddr> {
    let is_port = |port: &str| {
        let of_digits = port.bytes().all(|b| b.is_ascii_digit());
        of_digits && port.parse::<u16>().is_ok() || is_hidden(port)
    };
    let address = if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let port = if port.is_empty() { None } else { Some(port.strip_prefix(':')?) };
        port.is_none_or(is_port).then(|| address.parse().ok().map(IpAddr::V6))?
    } else {
        match text.split_once(':') {
            Some((address, port)) if !port.contains(':') => {
                is_port(port).then(|| address.parse().ok().map(IpAddr::V4))?
            }
            _ => text.parse().ok(),
        }
    };
    address.map(|address| address.to_canonical())
}

/// A name that a proxy has made up in place of an address or port (RFC 7239 section 6.3).
fn is_hidden(text: &str) -> bool {
    let of_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    text.len() > 1 && text.starts_with('_') && text.bytes().all(of_name)
}

fn scheme(said: Said) -> Said {
    let Said::Once(text) = said else { return said };
    // Some proxies name the protocol of a WebSocket.
    match &*text.to_ascii_lowercase() {
        "https" | "wss" => Said::Once("https".to_owned()),
        "http" | "ws" => Said::Once("http".to_owned()),
        _ => Said::Unclear,
    }
}

fn host(said: Said) -> Said {
    match said {
        Said::Once(text) if !is_host(&text) => Said::Unclear,
        said => said,
    }
}

/// What one proxy says in `Forwarded`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Element {
    client: Option<String>,
    scheme: Said,
    host: Said,
}

impl Element {
    fn client(&self) -> Option<IpAddr> {
        // RFC 7239 section 6: an address of version 6 is in brackets.
        let text = self
            .client
            .as_deref()
            .filter(|text| text.matches(':').count() < 2 || text.starts_with('['))?;
        address(text)
    }
}

/// The elements of all lines. `None` if one of them is malformed: a quote in it may hide what a proxy has
/// appended.
fn elements(lines: &[String]) -> Option<Vec<Element>> {
    let mut all = Vec::new();
    for line in lines {
        let mut rest = line.as_str();
        loop {
            let (element, after) = element(rest)?;
            all.push(element);
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None if after.is_empty() => break,
                None => return None,
            }
        }
    }
    Some(all)
}

/// RFC 7239 section 4: pairs between semicolons, none of them twice. And what follows.
fn element(text: &str) -> Option<(Element, &str)> {
    let (mut element, mut seen) = (Element::default(), Vec::new());
    let mut rest = text.trim_start_matches([' ', '\t']);
    loop {
        let (name, after) = rest.split_at(rest.find(|c| !is_token(c)).unwrap_or(rest.len()));
        let name = name.to_ascii_lowercase();
        let (value, after) = value(after.strip_prefix('=').filter(|_| !name.is_empty())?)?;
        match &*name {
            "for" => element.client = Some(value),
            "proto" => element.scheme = Said::of([value]),
            "host" => element.host = Said::of([value]),
            _ => {}
        }
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
        let after = after.trim_start_matches([' ', '\t']);
        match after.strip_prefix(';') {
            Some(next) => rest = next.trim_start_matches([' ', '\t']),
            None => return Some((element, after)),
        }
    }
}

/// A token or a quoted string (RFC 9110 section 5.6), and what follows.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (token, rest) = text.split_at(text.find(|c| !is_token(c)).unwrap_or(text.len()));
        return (!token.is_empty()).then(|| (token.to_owned(), rest));
    };
    let (mut value, mut chars) = (String::new(), quoted.chars());
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(chars.next()?),
            other => value.push(other),
        }
    }
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn ranges_are_addresses_and_prefixes() {
        for (range, inside, outside) in [
            ("10.0.0.0/8", &["10.0.0.0", "10.255.255.255"][..], &["9.255.255.255", "11.0.0.0"][..]),
            ("192.0.2.7", &["192.0.2.7"], &["192.0.2.6", "192.0.2.8", "::c000:207"]),
            ("192.0.2.128/25", &["192.0.2.128", "192.0.2.255"], &["192.0.2.127"]),
            ("128.0.0.0/1", &["128.0.0.0", "255.255.255.255"], &["127.255.255.255", "8000::"]),
            ("::1", &["::1"], &["::", "::2", "0.0.0.1"]),
            ("fd00::/8", &["fd00::", "fdff::1"], &["fe00::", "fc00::"]),
            ("8000::/1", &["ffff::"], &["7fff::", "128.0.0.1"]),
            ("2001:db8::/127", &["2001:db8::1"], &["2001:db8::2"]),
            ("::ffff:10.0.0.0/104", &["10.1.2.3"], &["11.0.0.0"]),
            ("::ffff:10.0.0.1", &["10.0.0.1"], &["10.0.0.2"]),
        ] {
            let range = Range::read(range).unwrap();
            for (addresses, expected) in [(inside, true), (outside, false)] {
                for address in addresses {
                    assert_eq!(range.has(ip(address)), expected, "{range:?} {address}");
                }
            }
        }
        for bad in [
            "",
            "proxy",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "10.0.0",
            "0.0.0.0/0",
            "::/0",
            "::/129",
            "fd00::1/8",
            "fe80::1%eth0",
            "::ffff:10.0.0.0/8",
            "::ffff:0.0.0.0/96",
            " 10.0.0.1",
            "10.0.0.1:80",
            "[::1]",
        ] {
            assert!(Range::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn addresses_as_proxies_write_them() {
        for (text, expected) in [
            ("192.0.2.43", "192.0.2.43"),
            ("192.0.2.43:47011", "192.0.2.43"),
            ("192.0.2.43:_port", "192.0.2.43"),
            ("2001:db8::17", "2001:db8::17"),
            ("[2001:db8::17]", "2001:db8::17"),
            ("[2001:db8::17]:4711", "2001:db8::17"),
            ("::ffff:192.0.2.43", "192.0.2.43"),
            ("[::ffff:192.0.2.43]:1", "192.0.2.43"),
        ] {
            assert_eq!(address(text), Some(ip(expected)), "{text}");
        }
        for bad in [
            "",
            "unknown",
            "_hidden",
            "192.0.2",
            "192.0.2.43:",
            "192.0.2.43:x",
            "192.0.2.43:99999",
            "192.0.2.43:+1",
            "[192.0.2.43]",
            "[::1",
            "::1]",
            "[::1]x",
            "[::1]:",
            "[::1]80",
            "a.example",
            "192.0.2.043",
            " 192.0.2.43",
            "\"192.0.2.43\"",
            "0x7f.1",
            "fe80::1%1",
        ] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }

    #[test]
    fn elements_of_rfc_7239() {
        let read = |line: &str| elements(&[line.to_owned()]);
        let one = |line: &str| {
            let mut all = read(line)?;
            (all.len() == 1).then(|| all.remove(0))
        };
        // The examples of section 4.
        let hidden = one("for=\"_gazonk\"").unwrap();
        assert_eq!((hidden.client.as_deref(), hidden.client()), (Some("_gazonk"), None));
        let v6 = one("For=\"[2001:db8:cafe::17]:4711\"").unwrap();
        assert_eq!(v6.client(), Some(ip("2001:db8:cafe::17")));
        let full = one("for=192.0.2.60;proto=http;by=203.0.113.43").unwrap();
        assert_eq!(
            (full.client(), full.scheme),
            (Some(ip("192.0.2.60")), Said::Once("http".into()))
        );
        assert_eq!(read("for=192.0.2.43, for=198.51.100.17").unwrap().len(), 2);
        // Section 7.1, and white space around the separators.
        let all =
            read("for=192.0.2.43,for=\"[2001:db8:cafe::17]\";proto=https , for=unknown").unwrap();
        assert_eq!(
            (all.len(), &all[1].scheme, all[2].client()),
            (3, &Said::Once("https".into()), None)
        );
        assert_eq!(
            one("host=\"a\\.example\" ; PROTO=https").unwrap().host,
            Said::Once("a.example".into())
        );
        assert_eq!(one("for=2001:db8::17").map(|_| ()), None);
        assert_eq!(one("for=\"2001:db8::17\"").unwrap().client(), None);
        for bad in [
            "",
            ",",
            "for",
            "for=",
            "=a",
            "for=a;",
            "for=a;;by=b",
            "for=a,",
            ",for=a",
            "for=a b",
            "for =a",
            "for= a",
            "for=a;for=b",
            "for=a;FOR=b",
            "for=\"a",
            "for=\"a\\",
            "for=\"a\"b",
            "for=a\"b\"",
            "for=[::1]",
            "f(r=a",
            "for=a; proto",
            "\"for\"=a",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_too_long_or_not_ascii_is_no_list() {
        assert!(text_of(["a"; 3]).is_some() && text_of(["\u{e9}"]).is_none());
        assert!(
            text_of(["x".repeat(MAX_BYTES)]).is_some()
                && text_of(["x".repeat(MAX_BYTES + 1)]).is_none()
        );
        assert!(text_of(vec![""; MAX_BYTES]).is_some());
        assert!(text_of(vec![""; MAX_BYTES + 1]).is_none());
    }
}

//! What headers say of the source of a request, held against a model that knows a few texts by heart.

use std::net::IpAddr;

use descope::Client;
use descope::transport::http::{HeaderMap, HeaderName};
use descope::web::{Guard, GuardOptions, Proxies};

use super::value;
use crate::mutation::Random;

/// Addresses as proxies write them. Those that begin with `10.` are proxies.
const ADDRESSES: [(&str, Option<&str>); 10] = [
    ("198.51.100.9", Some("198.51.100.9")),
    ("198.51.100.10:4711", Some("198.51.100.10")),
    ("\"[2001:db8::1]:80\"", Some("2001:db8::1")),
    ("10.0.0.7", Some("10.0.0.7")),
    ("10.0.0.8", Some("10.0.0.8")),
    ("10.9.9.9", Some("10.9.9.9")),
    ("unknown", None),
    ("_hidden", None),
    ("", None),
    ("10.0.0.256", None),
];

const ORIGINS: [&str; 8] = [
    "https://app.example.com",
    "https://app.example.com:443",
    "https://admin.example.com",
    "https://evil.example",
    "http://app.example.com",
    "https://app.example.com.evil.example",
    "null",
    "",
];

const SITES: [&str; 6] = ["same-origin", "none", "same-site", "cross-site", "Same-Origin", ""];

/// What stands around them and should not.
const PIECES: [&[u8]; 12] =
    [b",", b", ", b";", b"=", b"\"", b"\\", b" ", b"for=", b"host=", b"x", b"\xff", b"@"];

pub(super) struct Sources {
    x_forwarded: Guard,
    forwarded: Guard,
    /// The addresses that the last request had in `X-Forwarded-For`, unless they were changed.
    listed: Option<Vec<Option<IpAddr>>>,
    known: usize,
    passed: usize,
    refused: usize,
}

impl Sources {
    pub(super) fn new(client: &Client) -> Self {
        let guard = |proxies: Proxies| {
            let options = GuardOptions::default()
                .proxies(proxies)
                .origin("https://app.example.com")
                .trusted_origins(["https://admin.example.com"]);
            Guard::with_options(client, options).unwrap()
        };
        Self {
            x_forwarded: guard(Proxies::x_forwarded(["10.0.0.0/8"]).unwrap()),
            forwarded: guard(Proxies::forwarded(["10.0.0.0/8"]).unwrap()),
            listed: None,
            known: 0,
            passed: 0,
            refused: 0,
        }
    }

    /// Headers of proxies and browsers, some of them changed.
    pub(super) fn add_headers(&mut self, random: &mut Random, headers: &mut HeaderMap) {
        let (mut list, mut forwarded, mut listed) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..random.below(5) {
            let (text, address) = ADDRESSES[random.below(ADDRESSES.len())];
            listed.push(address.map(|address| address.parse().unwrap()));
            list.push(text.trim_matches('"'));
            let proto = ["", ";proto=https", ";proto=http;host=app.example.com"][random.below(3)];
            forwarded.push(format!("for={text}{proto}"));
        }
        // A list of one empty text is no header.
        self.listed = Some(listed).filter(|_| list.concat() != "" || list.is_empty());
        let lists = [("x-forwarded-for", list.join(", ")), ("forwarded", forwarded.join(", "))];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            let (line, is_changed) = changed(random, list.into_bytes());
            if is_changed && name == "x-forwarded-for" {
                self.listed = None;
            }
            headers.append(name, value(line));
        }
        for (name, texts) in [
            ("origin", &ORIGINS[..]),
            ("sec-fetch-site", &SITES),
            ("x-forwarded-host", &["app.example.com", "evil.example:8443", "a, b"]),
            ("x-forwarded-proto", &["https", "http", "https, http"]),
            ("host", &["app.example.com", "internal:8080", "[::1]:80"]),
        ] {
            for _ in 0..[0, 0, 1, 1, 1, 1, 1, 2][random.below(8)] {
                let text = texts[random.below(texts.len())];
                headers
                    .append(HeaderName::from_static(name), value(changed(random, text.into()).0));
            }
        }
    }

    /// Nobody is believed but the proxies, and no other site gets by.
    pub(super) fn check(&mut self, random: &mut Random, headers: &HeaderMap) {
        let peer: IpAddr = ["10.0.0.1", "192.0.2.1"][random.below(2)].parse().unwrap();
        let is_proxy = is_proxy(peer);
        let guards = [(&self.x_forwarded, "x-forwarded-for"), (&self.forwarded, "forwarded")];
        for (guard, name) in guards {
            let source = guard.source(Some(peer), headers);
            let method = ["POST", "DELETE", "GET", "get"][random.below(4)];
            let passes = guard.check_origin(method, &source).is_ok();
            assert_eq!(passes, may_pass(method, headers), "{method} {headers:?}");
            self.passed += usize::from(passes);
            self.refused += usize::from(!passes);
            if !is_proxy {
                assert_eq!((source.address(), source.scheme()), (Some(peer), None), "{headers:?}");
            }
            if let Some(address) = source.address().filter(|address| *address != peer) {
                // A backslash in quotes stands for what follows it.
                let plain = |line: &str| line.to_lowercase().replace('\\', "");
                let is_named = |line: &str| plain(line).contains(&address.to_string());
                let mut lines = headers.get_all(name).iter();
                let named = lines.any(|line| line.to_str().is_ok_and(is_named));
                assert!(is_proxy && named, "{address} {headers:?}");
                self.known += 1;
            }
        }
        if let Some(listed) = self.listed.as_ref().filter(|_| is_proxy) {
            let address = self.x_forwarded.source(Some(peer), headers).address();
            assert_eq!(address, last_stranger(listed), "{headers:?}");
        }
    }

    pub(super) fn check_counts(&self, requests: usize) {
        let Self { known, passed, refused, .. } = self;
        let enough = [known, passed, refused].into_iter().all(|count| *count > requests / 10);
        assert!(enough, "{known} {passed} {refused} of {requests}");
    }
}

fn is_proxy(address: IpAddr) -> bool {
    address.to_string().starts_with("10.")
}

/// The last address that is no proxy's; if all are, the first one. Nobody if the proxy does not say.
fn last_stranger(listed: &[Option<IpAddr>]) -> Option<IpAddr> {
    let strangers = listed.iter().rposition(|address| !address.is_some_and(is_proxy));
    match strangers {
        Some(at) => listed[at],
        None => listed.first().copied().flatten(),
    }
}

/// What may change something, by the texts that mean it.
fn may_pass(method: &str, headers: &HeaderMap) -> bool {
    let all = |name: &str| -> Vec<String> {
        let values = headers.get_all(name).iter();
        let texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        texts.map(|text| text.trim_matches([' ', '\t']).to_owned()).collect()
    };
    let (sites, origins) = (all("sec-fetch-site"), all("origin"));
    let is_known = |origin: &String| {
        let origin = origin.to_ascii_lowercase();
        let origin = origin.strip_suffix(":443").unwrap_or(&origin);
        [ORIGINS[0], ORIGINS[2]].contains(&origin)
    };
    let (own, trusted) = match &*origins {
        [origin] if is_known(origin) => (true, origin.to_ascii_lowercase().contains("admin")),
        _ => (false, false),
    };
    match (method, &*sites) {
        ("GET", _) => true,
        (_, [site]) if !site.is_empty() && site.bytes().all(|b| b.is_ascii_graphic()) => {
            matches!(&**site, "same-origin" | "none") || trusted
        }
        (_, []) => own || origins.is_empty(),
        _ => false,
    }
}

/// A text, seven times out of eight as it is, and whether it was changed.
fn changed(random: &mut Random, mut text: Vec<u8>) -> (Vec<u8>, bool) {
    match random.below(32) {
        0 if !text.is_empty() => {
            let (at, bit) = (random.below(text.len()), random.below(8));
            text[at] ^= 1 << bit;
        }
        1 => text.truncate(random.below(text.len())),
        2 => {
            let (at, piece) = (random.below(text.len() + 1), random.pick(&PIECES));
            text.splice(at..at, piece.iter().copied());
        }
        3 => text.extend_from_slice(random.pick(&PIECES)),
        _ => return (text, false),
    }
    (text, true)
}

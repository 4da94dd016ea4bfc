//! Requests that change something, from where they may come.

use std::net::IpAddr;

use descope::web::{Guard, GuardOptions, Proxies, Reason, RequestSource};

use super::headers;
use crate::tokens::client;

fn guard(options: GuardOptions) -> Guard {
    Guard::with_options(&client(&[]), options).unwrap()
}

fn source(guard: &Guard, lines: &[(&str, &str)]) -> RequestSource {
    let lines: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    guard.source(None, &headers(&lines))
}

fn passes(guard: &Guard, method: &str, lines: &[(&str, &str)]) -> bool {
    let outcome = guard.check_origin(method, &source(guard, lines));
    if let Err(denied) = &outcome {
        assert_eq!((denied.status().as_u16(), denied.reason()), (403, Reason::CrossSite));
        assert_eq!((denied.challenge(), denied.set_cookies().len()), (None, 0));
        assert_eq!(denied.reason().as_str(), "cross_site");
    }
    outcome.is_ok()
}

const HOST: (&str, &str) = ("host", "app.example.com");

#[test]
fn what_browsers_say_of_the_site_decides() {
    let plain = guard(GuardOptions::default());
    let trusting = guard(GuardOptions::default().trust_same_site(true));
    let own = ("origin", "https://app.example.com");
    for (site, expected) in [
        ("same-origin", [true, true]),
        ("none", [true, true]),
        ("same-site", [false, true]),
        ("cross-site", [false, false]),
        ("Same-Origin", [false, false]),
        ("", [false, false]),
        ("same-origin, same-origin", [false, false]),
        ("unheard-of", [false, false]),
    ] {
        for (guard, expected) in [&plain, &trusting].into_iter().zip(expected) {
            for more in [&[][..], &[HOST], &[HOST, own], &[HOST, ("origin", "null")]] {
                let lines = [&[("sec-fetch-site", site)], more].concat();
                for method in ["POST", "PUT", "PATCH", "DELETE", "get", "QUERY", "TRACE", ""] {
                    assert_eq!(passes(guard, method, &lines), expected, "{method} {lines:?}");
                }
                for method in ["GET", "HEAD", "OPTIONS"] {
                    assert!(passes(guard, method, &lines));
                }
            }
        }
    }
    let twice = [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin"), HOST, own];
    assert!(!passes(&trusting, "POST", &twice));
}

#[test]
fn without_it_the_origin_must_be_the_services_own() {
    let by_host = guard(GuardOptions::default());
    let set = guard(GuardOptions::default().origin("https://app.example.com"));
    for (origin, host, expected) in [
        ("https://app.example.com", "app.example.com", [true, true]),
        ("https://app.example.com:443", "app.example.com", [true, true]),
        ("https://APP.example.com", "app.EXAMPLE.com", [true, true]),
        ("https://app.example.com", "app.example.com:443", [true, true]),
        // The scheme is not known by the host alone.
        ("http://app.example.com", "app.example.com", [true, false]),
        ("http://app.example.com:80", "app.example.com:80", [true, false]),
        ("https://app.example.com:8443", "app.example.com", [false, false]),
        ("https://app.example.com:8443", "app.example.com:8443", [true, false]),
        ("https://app.example.com", "internal:8080", [false, true]),
        ("https://evil.example", "app.example.com", [false, false]),
        ("https://evil.example", "evil.example", [true, false]),
        ("https://app.example.com.evil.example", "app.example.com", [false, false]),
        ("https://app.example.com@evil.example", "app.example.com", [false, false]),
        ("null", "app.example.com", [false, false]),
        ("null", "null", [false, false]),
        ("", "app.example.com", [false, false]),
        ("https://app.example.com/", "app.example.com", [false, false]),
        ("https://app.example.com https://app.example.com", "app.example.com", [false, false]),
        ("app.example.com", "app.example.com", [false, false]),
        ("https://app.example.com", "", [false, true]),
        ("https://app.example.com", "user@app.example.com", [false, true]),
        ("https://app.example.com", "app.example.com/x", [false, true]),
    ] {
        for (guard, expected) in [&by_host, &set].into_iter().zip(expected) {
            let lines = [("host", host), ("origin", origin)];
            assert_eq!(passes(guard, "POST", &lines), expected, "{lines:?}");
        }
    }
    let own = ("origin", "https://app.example.com");
    assert!(!passes(&by_host, "POST", &[HOST, HOST, own]) && !passes(&by_host, "POST", &[own]));
    assert!(!passes(&set, "POST", &[HOST, own, own]));
    // No browser sends neither.
    assert!(passes(&by_host, "POST", &[HOST]) && passes(&set, "POST", &[]));
}

#[test]
fn other_origins_can_be_trusted() {
    let options = GuardOptions::default().trusted_origins(["https://admin.example.com"]);
    let guard = guard(options);
    for (origin, expected) in [
        ("https://admin.example.com", true),
        ("https://ADMIN.example.com:443", true),
        ("http://admin.example.com", false),
        ("https://admin.example.com:8443", false),
        ("https://x.admin.example.com", false),
        ("null", false),
    ] {
        for site in
            [&[][..], &[("sec-fetch-site", "cross-site")], &[("sec-fetch-site", "same-site")]]
        {
            let lines = [site, &[HOST, ("origin", origin)]].concat();
            assert_eq!(passes(&guard, "POST", &lines), expected, "{lines:?}");
        }
    }
    for bad in
        ["", "null", "app.example.com", "https://a.example/", "https://*.example.com", "ftp://a"]
    {
        let refused = |options| Guard::with_options(&client(&[]), options).is_err();
        assert!(refused(GuardOptions::default().trusted_origins([bad])), "{bad}");
        assert!(refused(GuardOptions::default().origin(bad)), "{bad}");
    }
}

#[test]
fn the_host_of_newer_versions_of_http_is_in_the_url() {
    let guard = guard(GuardOptions::default());
    let own = ("origin", "https://app.example.com");
    let at = |lines: &[(&str, &str)], host: &str| {
        let source = source(&guard, lines).of_host(host);
        guard.check_origin("POST", &source).is_ok()
    };
    assert!(at(&[own], "app.example.com") && !at(&[own], "evil.example") && !at(&[own], ""));
    // It does not replace what a header says.
    assert!(at(&[own, HOST], "evil.example") && !at(&[own, ("host", "x")], "app.example.com"));
    assert!(!at(&[own, HOST, HOST], "app.example.com"));
}

#[test]
fn behind_a_proxy_the_origin_is_what_the_proxy_says() {
    let proxies = Proxies::x_forwarded(["10.0.0.0/8"]).unwrap();
    let guard = guard(GuardOptions::default().proxies(proxies));
    let at = |peer: &str, lines: &[(&str, &str)]| {
        let lines: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let peer: IpAddr = peer.parse().unwrap();
        guard.check_origin("POST", &guard.source(Some(peer), &headers(&lines))).is_ok()
    };
    let (own, host) = (("origin", "https://app.example.com"), ("host", "internal:8080"));
    let named = [("x-forwarded-host", "app.example.com"), ("x-forwarded-proto", "https")];
    let all = [&named[..], &[own, host]].concat();
    assert!(at("10.0.0.1", &all) && !at("192.0.2.1", &all));
    assert!(!at("10.0.0.1", &[own, host]));
    // The scheme counts, if it is known, and nothing replaces what cannot be read.
    for (proto, expected) in
        [("https", true), ("http", false), ("https, https", false), ("", false)]
    {
        let lines = [named[0], ("x-forwarded-proto", proto), own, host];
        assert_eq!(at("10.0.0.1", &lines), expected, "{proto}");
    }
    let unclear = [named[0], named[0], named[1], own, HOST];
    assert!(!at("10.0.0.1", &unclear));
}

//! What proxies say of a request, and whether it counts.

use std::net::IpAddr;

use descope::web::{Guard, GuardOptions, Proxies};

use super::headers;
use crate::tokens::client;

type Line = (&'static str, &'static str);

const PROXIES: [&str; 3] = ["10.0.0.0/8", "127.0.0.1", "fd00::/8"];

fn x_forwarded() -> Guard {
    guard(Proxies::x_forwarded(PROXIES).unwrap())
}

fn forwarded() -> Guard {
    guard(Proxies::forwarded(PROXIES).unwrap())
}

fn guard(proxies: Proxies) -> Guard {
    Guard::with_options(&client(&[]), GuardOptions::default().proxies(proxies)).unwrap()
}

/// Address, scheme and host of a request, `-` for what is not known.
fn seen(guard: &Guard, peer: &str, lines: &[(&str, &str)]) -> [String; 3] {
    let lines: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let peer: IpAddr = peer.parse().unwrap();
    let source = guard.source(Some(peer), &headers(&lines));
    let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let address = source.address().map(|address| address.to_string());
    let all = [text(address.as_deref()), text(source.scheme()), text(source.host())];
    let known = source.scheme().is_some() && source.host().is_some();
    assert_eq!(source.origin(), known.then(|| format!("{}://{}", all[1], all[2])));
    all
}

#[test]
fn the_client_is_the_last_address_that_is_not_a_proxy() {
    let guard = x_forwarded();
    #[rustfmt::skip]
    let table: &[(&str, &[&str], &str)] = &[
        ("10.0.0.1", &["198.51.100.9"], "198.51.100.9"),
        ("::ffff:10.0.0.1", &["198.51.100.9"], "198.51.100.9"),
        ("127.0.0.1", &["198.51.100.9, 10.0.0.7"], "198.51.100.9"),
        ("fd00::1", &["2001:db8::1,10.0.0.7 ,\t127.0.0.1"], "2001:db8::1"),
        // What the client has sent itself stands before it, whatever it is.
        ("10.0.0.1", &["1.1.1.1, 198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", &["127.0.0.1, 10.0.0.9, 198.51.100.9, 10.0.0.7"], "198.51.100.9"),
        ("10.0.0.1", &["<script>, \"',, 198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", &["1.1.1.1", "198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", &["198.51.100.9", "10.0.0.7"], "198.51.100.9"),
        ("10.0.0.1", &["198.51.100.9:4711"], "198.51.100.9"),
        ("10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
        // A request of a proxy itself.
        ("10.0.0.1", &["10.0.0.2"], "10.0.0.2"),
        // A proxy that does not say, such as one that sends another header.
        ("10.0.0.1", &[], "-"),
        // What cannot be read is nobody: it is not known who is before it.
        ("10.0.0.1", &["198.51.100.9, unknown"], "-"),
        ("10.0.0.1", &["198.51.100.9, "], "-"),
        ("10.0.0.1", &[""], "-"),
        ("10.0.0.1", &["198.51.100.9, 10.0.0.256"], "-"),
        ("10.0.0.1", &["198.51.100.9", "x"], "-"),
        // Others are not believed.
        ("192.0.2.1", &["198.51.100.9"], "192.0.2.1"),
        ("11.0.0.1", &["10.0.0.1"], "11.0.0.1"),
        ("::1", &["198.51.100.9"], "::1"),
    ];
    for (peer, lists, expected) in table {
        let lines: Vec<_> = lists.iter().map(|list| ("x-forwarded-for", *list)).collect();
        assert_eq!(seen(&guard, peer, &lines)[0], *expected, "{peer} {lists:?}");
    }
    let hops = |count: usize| {
        let list = format!("198.51.100.9{}", ", 10.0.0.1".repeat(count - 1));
        seen(&guard, "10.0.0.1", &[("x-forwarded-for", &list)])[0].clone()
    };
    assert_eq!((&*hops(32), &*hops(33)), ("198.51.100.9", "-"));
    let long = format!("{}, 198.51.100.9", "x".repeat(8 * 1024));
    assert_eq!(seen(&guard, "10.0.0.1", &[("x-forwarded-for", &long)])[0], "-");
}

#[test]
fn scheme_and_host_have_one_value_or_do_not_count() {
    let guard = x_forwarded();
    let host = ("host", "internal:8080");
    #[rustfmt::skip]
    let table: &[(&[Line], [&str; 2])] = &[
        (&[], ["-", "internal:8080"]),
        (&[("x-forwarded-proto", "https")], ["https", "internal:8080"]),
        (&[("x-forwarded-proto", "HTTP")], ["http", "internal:8080"]),
        (&[("x-forwarded-proto", "wss")], ["https", "internal:8080"]),
        (&[("x-forwarded-proto", "gopher")], ["-", "internal:8080"]),
        (&[("x-forwarded-proto", "https,http")], ["-", "internal:8080"]),
        (&[("x-forwarded-proto", "https"), ("x-forwarded-proto", "https")], ["-", "internal:8080"]),
        (&[("x-forwarded-host", "app.example.com")], ["-", "app.example.com"]),
        (&[("x-forwarded-host", "app.example.com:8443")], ["-", "app.example.com:8443"]),
        (&[("x-forwarded-host", "a, b")], ["-", "-"]),
        (&[("x-forwarded-host", "a,b")], ["-", "-"]),
        (&[("x-forwarded-host", "a"), ("x-forwarded-host", "a")], ["-", "-"]),
        (&[("x-forwarded-host", "a/b")], ["-", "-"]),
        (&[("x-forwarded-host", "u@a")], ["-", "-"]),
        (&[("x-forwarded-host", "")], ["-", "-"]),
        // These proxies do not set it, so the client may have.
        (&[("forwarded", "for=1.1.1.1;proto=https;host=evil.example")], ["-", "internal:8080"]),
    ];
    for (lines, expected) in table {
        let lines = [&[host][..], lines].concat();
        assert_eq!(seen(&guard, "10.0.0.1", &lines)[1..], *expected, "{lines:?}");
        assert_eq!(seen(&guard, "192.0.2.1", &lines)[1..], ["-", "internal:8080"], "{lines:?}");
    }
    let nobody = Guard::new(&client(&[]));
    let lines = [
        host,
        ("x-forwarded-for", "1.1.1.1"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=1.1.1.1"),
    ];
    assert_eq!(seen(&nobody, "10.0.0.1", &lines), ["10.0.0.1", "-", "internal:8080"]);
    assert_eq!(nobody.source(None, &headers(&[])).address(), None);
}

#[test]
fn the_standard_header_is_read_from_the_right_too() {
    let guard = forwarded();
    #[rustfmt::skip]
    let table: &[(&[&str], [&str; 3])] = &[
        (&[], ["-", "-", "internal"]),
        (&["for=198.51.100.9;proto=https;host=app.example.com"], ["198.51.100.9", "https", "app.example.com"]),
        (&["FOR=\"[2001:db8::1]:4711\" ; Proto=HTTPS;by=_me"], ["2001:db8::1", "https", "internal"]),
        // Scheme and host are what the first proxy of ours says, and not what the client or the last one does.
        (&["for=198.51.100.9;host=app.example.com;proto=https, for=10.0.0.7;host=other;proto=http"], ["198.51.100.9", "https", "app.example.com"]),
        (&["for=1.1.1.1;host=evil.example;proto=http, for=198.51.100.9;host=app.example.com;proto=https"], ["198.51.100.9", "https", "app.example.com"]),
        (&["for=1.1.1.1;host=evil.example", "for=198.51.100.9"], ["198.51.100.9", "-", "internal"]),
        (&["for=unknown;proto=https"], ["-", "https", "internal"]),
        (&["for=198.51.100.9, for=_hidden;host=a"], ["-", "-", "a"]),
        (&["proto=https"], ["-", "https", "internal"]),
        (&["for=198.51.100.9;host=\"a, b\""], ["198.51.100.9", "-", "-"]),
        (&["for=198.51.100.9;proto=ftp"], ["198.51.100.9", "-", "internal"]),
        // A quote that the client has left open hides nothing.
        (&["for=1.1.1.1;x=\", for=198.51.100.9"], ["-", "-", "-"]),
        (&["for=1.1.1.1;x=\", for=\"[2001:db8::1]\""], ["-", "-", "-"]),
        (&["for=\"1.1.1.1", "for=198.51.100.9"], ["-", "-", "-"]),
        (&["for=198.51.100.9;for=198.51.100.9"], ["-", "-", "-"]),
        (&["198.51.100.9"], ["-", "-", "-"]),
        (&["for=198.51.100.9,"], ["-", "-", "-"]),
        (&[""], ["-", "-", "-"]),
    ];
    for (values, expected) in table {
        let mut lines = vec![
            ("host", "internal"),
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-host", "evil.example"),
        ];
        lines.extend(values.iter().map(|value| ("forwarded", *value)));
        assert_eq!(seen(&guard, "10.0.0.1", &lines), *expected, "{values:?}");
        assert_eq!(seen(&guard, "192.0.2.1", &lines), ["192.0.2.1", "-", "internal"], "{values:?}");
    }
}

#[test]
fn proxies_are_addresses_and_ranges() {
    for bad in
        ["", "proxy.example.com", "10.0.0.1/8", "0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0.1:80"]
    {
        for made in [Proxies::x_forwarded([bad]), Proxies::forwarded(["127.0.0.1", bad])] {
            assert!(made.unwrap_err().to_string().contains("ranges"), "{bad}");
        }
    }
    // Nobody is believed.
    let nobody = guard(Proxies::x_forwarded([] as [&str; 0]).unwrap());
    assert_eq!(seen(&nobody, "10.0.0.1", &[("x-forwarded-for", "1.1.1.1")])[0], "10.0.0.1");
}

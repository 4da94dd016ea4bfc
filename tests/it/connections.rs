//! Connections: how many, to whom, and what goes over them.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use descope::auth::{DeliveryMethod, MessageLoginOptions};
use descope::emulator::{Emulator, Server};
use descope::transport::{Request, Response, TransportError, TransportErrorKind as Kind};
use descope::{Client, Credential, Error};
use serde_json::json;

use crate::server::{Arrived, NoWaiting, Raw, response, to};
use crate::support::REFRESH;

fn served() -> (Emulator, Server, String) {
    let emulator = Emulator::new();
    emulator.seed(&json!({ "users": [{ "loginId": "ada", "email": "ada@example.com" }] })).unwrap();
    let token = emulator.sign_in("ada").unwrap()["refreshJwt"].as_str().unwrap().to_owned();
    let server = emulator.serve().unwrap();
    (emulator, server, token)
}

fn client(emulator: &Emulator, server: &Server) -> Client {
    to(&server.base_url()).project_id(emulator.project_id()).build().unwrap()
}

#[test]
fn calls_in_a_row_share_one_connection() {
    let (emulator, server, token) = served();
    let client = client(&emulator, &server);
    assert_eq!(server.connections(), 0, "building a client connects to nobody");
    for _ in 0..50 {
        client.auth().session().me(&token).unwrap();
        // Refusals are read to their end too.
        client.auth().session().me(REFRESH).unwrap_err();
    }
    assert_eq!((emulator.requests("/v1/auth/me"), server.connections()), (100, 1));
}

#[test]
fn a_burst_opens_no_more_connections_than_threads() {
    let (emulator, server, token) = served();
    let client = client(&emulator, &server);
    let start = Barrier::new(16);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..50 {
                    client.auth().session().me(&token).unwrap();
                }
            });
        }
    });
    assert_eq!(emulator.requests("/v1/auth/me"), 800);
    assert!(server.connections() <= 16, "{} connections", server.connections());
}

#[test]
fn clones_share_connections_and_keys_and_two_clients_nothing() {
    let (emulator, server, token) = served();
    let one = client(&emulator, &server);
    one.auth().session().me(&token).unwrap();
    one.warm_up().unwrap();
    let hurried = one.clone().with_deadline(Duration::from_secs(5)).with_audiences(["x"]);
    hurried.auth().session().me(&token).unwrap();
    hurried.warm_up().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| one.clone().auth().session().me(&token).unwrap());
    });
    assert_eq!((server.connections(), emulator.requests("/v2/keys/")), (1, 1));

    let other = client(&emulator, &server);
    other.auth().session().me(&token).unwrap();
    other.warm_up().unwrap();
    assert_eq!((server.connections(), emulator.requests("/v2/keys/")), (2, 2));
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = Raw::answering(|_| response("200 OK", "", "{}"));
    let target = elsewhere.url();
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let location = format!("Location: {target}/v1/auth/me\r\n");
        let server = Raw::answering(move |_| response(status, &location, "{}"));
        for client in [to(&server.url()), to(&server.url()).agent(ureq::agent())] {
            let client = client.management_key("K2canary").build().unwrap();
            let refused = client.auth().session().me(REFRESH).unwrap_err();
            assert_eq!(refused.status().map(|status| status / 100), Some(3), "{refused}");
            let otp = client.auth().otp();
            otp.sign_in(DeliveryMethod::Sms, "ada", &MessageLoginOptions::default()).unwrap_err();
            client.warm_up().unwrap_err();
        }
        assert_eq!(server.seen().len(), 6);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn an_answer_has_a_size() {
    // 65 MiB, announced or not: more than any answer of Descope's.
    for announce in [true, false] {
        let server = Raw::new(move |_, stream, seen| {
            let Some(arrived) = Arrived::read(&mut BufReader::new(&stream)) else { return };
            seen.note(&arrived);
            let length = if announce { "Content-Length: 68157440\r\n" } else { "" };
            let head = format!("HTTP/1.1 200 OK\r\n{length}\r\n\"");
            let piece = vec![b'x'; 1 << 20];
            let _ = (&stream).write_all(head.as_bytes());
            for _ in 0..65 {
                if (&stream).write_all(&piece).is_err() {
                    break;
                }
            }
        });
        let client = to(&server.url()).clock(NoWaiting::default()).build().unwrap();
        match client.auth().session().me(REFRESH) {
            Err(Error::Transport(error)) => assert_eq!(error.kind(), Kind::Body, "{error}"),
            other => panic!("{:?}", other.map(drop)),
        }
        assert_eq!(server.seen().len(), 1, "and it is not asked for again");
    }
    // A key set weighs a few kilobytes; a mebibyte is the limit.
    let keys = format!(r#"{{"keys":[],"filler":"{}"}}"#, "x".repeat(1025 * 1024));
    let server = Raw::answering(move |_| response("200 OK", "", &keys));
    let error = to(&server.url()).build().unwrap().warm_up().unwrap_err();
    assert!(error.to_string().contains(" could not be read: "), "{error}");
    // A transport that does not keep to the limit gains nothing.
    let client = to("http://example.com")
        .transport(|_| Ok(Response::new(vec![b' '; (64 << 20) + 1])))
        .build()
        .unwrap();
    assert!(client.auth().session().me(REFRESH).unwrap_err().is_unavailable());
}

#[test]
fn base_urls_keep_their_path() {
    let server = Raw::answering(|_| response("200 OK", "", "{}"));
    for (suffix, prefix) in [("", ""), ("/", ""), ("/auth", "/auth"), ("/a/b///", "/a/b")] {
        let client = to(&format!("{}{suffix}", server.url())).build().unwrap();
        client.auth().session().me(REFRESH).unwrap();
        assert_eq!(client.base_url(), format!("{}{prefix}", server.url()));
        assert_eq!(server.seen().last().unwrap().line, format!("GET {prefix}/v1/auth/me"));
    }
}

#[test]
fn project_ids_name_their_region() {
    for (id, host) in [
        ("P2abc", "https://api.descope.com"),
        ("Puse12aaaaaaaaaaaaaaaaaaaaaaaaa", "https://api.descope.com"),
        ("Puse12aaaaaaaaaaaaaaaaaaaaaaaaaa", "https://api.use1.descope.com"),
        ("Peuc12aaaaaaaaaaaaaaaaaaaaaaaaaaa", "https://api.euc1.descope.com"),
    ] {
        let client = Client::builder().ignore_env().project_id(id).build().unwrap();
        assert_eq!((client.project_id(), client.base_url()), (id, host));
    }
}

#[test]
fn every_request_has_its_headers() {
    let server = Raw::answering(|_| response("200 OK", "", "{}"));
    let client = to(&server.url())
        .management_key("K2management")
        .auth_management_key("K2auth")
        .header("x-team", "engines")
        .header("x-descope-sdk-name", "mine")
        .header("authorization", "Bearer mine")
        .header("content-type", "text/plain")
        .request_id(|| Some("trace-1".to_owned()))
        .build()
        .unwrap();
    client.auth().session().me(REFRESH).unwrap();
    client.with_request_id("trace-2").auth().session().logout(REFRESH).unwrap();
    client
        .call(descope::transport::http::Method::GET, "/v1/mgmt/x", Credential::ManagementKey, &())
        .unwrap();
    let _ = client.warm_up();
    let seen = server.seen();
    let bearers = [
        format!("Bearer P2abc:{REFRESH}:K2auth"),
        format!("Bearer P2abc:{REFRESH}:K2auth"),
        "Bearer P2abc:K2management".to_owned(),
        "Bearer P2abc:K2auth".to_owned(),
    ];
    // The keys are fetched for all clones, and on nobody's behalf.
    let traces = [Some("trace-1"), Some("trace-2"), Some("trace-1"), None];
    assert_eq!(seen.len(), 4);
    for ((arrived, bearer), trace) in seen.iter().zip(bearers).zip(traces) {
        let version = env!("CARGO_PKG_VERSION");
        for (name, value) in [
            ("authorization", Some(&*bearer)),
            ("content-type", Some("application/json")),
            ("x-descope-project-id", Some("P2abc")),
            ("x-descope-sdk-name", Some("rust")),
            ("x-descope-sdk-version", Some(version)),
            ("x-external-rid", trace),
            ("x-team", Some("engines")),
            ("user-agent", Some(&*format!("descope-rust/{version}"))),
        ] {
            let values: Vec<_> =
                arrived.headers.iter().filter(|(known, _)| known == name).map(|(_, v)| v).collect();
            assert_eq!(values, Vec::from_iter(&value), "{name} of {}", arrived.line);
        }
    }
    let quiet = to(&server.url()).request_id(|| None).build().unwrap();
    quiet.auth().session().me(REFRESH).unwrap();
    assert_eq!(server.seen().last().unwrap().header("x-external-rid"), None);
    // A visitor's ID fails no call, whether the program sets it or is asked for it.
    for (id, sent) in [
        ("a\r\nb", Some("a%0D%0Ab")),
        ("ü", Some("%C3%BC")),
        ("\0", Some("%00")),
        (" ", None),
        (&*"x".repeat(100_000), Some(&*"x".repeat(256))),
    ] {
        let made = id.to_owned();
        let asked = to(&server.url()).request_id(move || Some(made.clone())).build().unwrap();
        for client in [quiet.with_request_id(id), asked] {
            client.auth().session().me(REFRESH).unwrap();
            assert_eq!(server.seen().last().unwrap().header("x-external-rid"), sent);
        }
    }
}

#[test]
fn headers_of_the_connection_are_refused_before_any_call() {
    for name in [
        "Content-Length",
        "transfer-encoding",
        "Host",
        "Connection",
        "Expect",
        "TE",
        "Trailer",
        "Upgrade",
        "Keep-Alive",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Accept-Encoding",
    ] {
        let refused = to("https://example.com").header(name, "10").build();
        let Err(Error::Argument { name: "header", reason, .. }) = refused else { panic!("{name}") };
        assert!(reason.contains("connection"), "{reason}");
    }
}

#[test]
fn management_keys_go_unencrypted_to_this_machine_alone() {
    let key = |url: &str| to(url).management_key("K2canary");
    let refused = |builder: descope::ClientBuilder, expected: &str| match builder.build() {
        Err(Error::Argument { name, reason, .. }) => {
            assert!(
                name == expected && reason.contains("allow_unencrypted_keys"),
                "{name}: {reason}"
            );
        }
        other => panic!("{other:?}"),
    };
    for url in [
        "http://descope.internal",
        "http://10.0.0.1:8080",
        "http://[fd00::1]",
        "http://localhost.evil.com",
    ] {
        refused(key(url), "base_url");
        refused(to(url).auth_management_key("K2canary"), "base_url");
        refused(key(url).agent(ureq::agent()), "base_url");
        refused(key("https://example.com").fga_cache_url(url), "fga_cache_url");
        key(url).allow_unencrypted_keys(true).build().unwrap();
        key("https://example.com").fga_cache_url(url).allow_unencrypted_keys(true).build().unwrap();
        // A transport of the program's own, and a client without a key.
        key(url).transport(|_| Ok(Response::default())).build().unwrap();
        to(url).build().unwrap();
    }
    for url in
        ["http://127.0.0.1", "http://localhost:8080", "http://[::1]:1", "http://api.localhost"]
    {
        key(url).build().unwrap();
        key("https://example.com").fga_cache_url(url).build().unwrap();
        // Where a proxy on another machine is told to connect to its own.
        refused(key(url).proxy("http://10.0.0.1:3128"), "base_url");
        key(url).proxy("http://127.0.0.1:3128").build().unwrap();
    }
}

#[test]
fn a_failed_connection_names_the_host_and_the_proxy() {
    let clock = NoWaiting::default;
    let host = crate::server::nobody();
    let place = host.trim_start_matches("http://");
    let error = to(&host).clock(clock()).build().unwrap().auth().session().me(REFRESH).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(&format!("no connection to {place}: ")), "{text}");
    let proxy = format!("http://ada:canary@{place}");
    let client = to("http://api.example.com").proxy(proxy).clock(clock()).build().unwrap();
    let text = client.auth().session().me(REFRESH).unwrap_err().to_string();
    let expected = format!("no connection to api.example.com through the proxy {place}: ");
    assert!(text.starts_with(&expected) && !text.contains("canary"), "{text}");
    // Whatever sends; and what it says of the request is not shown.
    let client = to("https://example.com:8443/descope")
        .header("x-key", "canary-header")
        .transport(|request: Request| {
            let quoted = format!(
                "{:?}\n\u{1b}[2J{}",
                request.headers()["authorization"].to_str(),
                "canary-header"
            );
            Err(TransportError::new(Kind::Connect, quoted))
        })
        .clock(clock())
        .build()
        .unwrap();
    let error = client.auth().session().me(REFRESH).unwrap_err();
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(text.contains("example.com:8443") && text.contains(r"\n\u{1b}[2J"), "{text}");
        assert!(
            !text.contains("eyJ") && !text.contains("canary") && !text.contains('\n'),
            "{text}"
        );
    }
}

/// A proxy that is asked by `CONNECT`, and wants this user and password.
fn proxy(credentials: &'static str) -> Raw {
    Raw::new(move |_, stream, seen| {
        let mut reader = BufReader::new(&stream);
        let Some(arrived) = Arrived::read(&mut reader) else { return };
        seen.note(&arrived);
        if arrived.header("proxy-authorization") != Some(credentials) {
            let _ = (&stream).write_all(&response("407 Proxy Authentication Required", "", ""));
            return;
        }
        let target = arrived.line.strip_prefix("CONNECT ").unwrap();
        let Ok(server) = TcpStream::connect(target) else { return };
        let _ = (&stream).write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
        let (mut there, mut from_client) =
            (server.try_clone().unwrap(), stream.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from_client, &mut there));
        let _ = std::io::copy(&mut &server, &mut &stream);
    })
}

#[test]
fn a_proxy_is_used() {
    let server = Raw::answering(|_| response("200 OK", "", "{}"));
    let proxy = proxy("Basic YWRhOnBhJHM="); // ada:pa$s
    let through = |credentials: &str| {
        to(&server.url()).proxy(format!("http://{credentials}{}", proxy.address())).build().unwrap()
    };
    through("ada:pa%24s@").auth().session().me(REFRESH).unwrap();
    assert_eq!(proxy.seen()[0].line, format!("CONNECT {}", server.address()));
    assert_eq!(proxy.seen()[0].header("authorization"), None, "the proxy gets no token");
    assert_eq!((server.seen().len(), server.connections()), (1, 1));

    for refused in ["", "ada:canary@"] {
        let clock = NoWaiting::default();
        let client = to(&server.url())
            .proxy(format!("http://{refused}{}", proxy.address()))
            .clock(clock.clone())
            .build()
            .unwrap();
        let error = client.auth().session().me(REFRESH).unwrap_err();
        assert!(
            matches!(&error, Error::Transport(error) if error.kind() == Kind::Connect),
            "{error:?}"
        );
        assert!(error.to_string().contains("407") && !format!("{error:?}").contains("canary"));
    }
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_program_can_bring_its_own_agent() {
    let server = Raw::answering(|_| response("403 Forbidden", "", "{}"));
    let config = ureq::Agent::config_builder().user_agent("mine/1").max_redirects(5);
    let agent = ureq::Agent::from(config.timeout_global(Some(Duration::from_millis(1))).build());
    let client = to(&server.url()).agent(agent).build().unwrap();
    // Neither its timeout nor its habit of failing on a status counts.
    assert!(client.auth().session().me(REFRESH).unwrap_err().is_forbidden());
    assert_eq!(server.seen()[0].header("user-agent"), Some("mine/1"));
}

#[test]
fn a_closure_is_a_transport() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let client = to("https://example.com/descope")
        .transport(|request: Request| match CALLS.fetch_add(1, Ordering::Relaxed) {
            0 => Err(std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into()),
            1 => Err(TransportError::new(Kind::Tls, "as planned")),
            _ => {
                assert_eq!(request.uri(), "https://example.com/descope/v1/auth/me");
                Ok(Response::new(br#"{"userId":"U1"}"#.to_vec()))
            }
        })
        .clock(NoWaiting::default())
        .build()
        .unwrap();
    assert_eq!(client.auth().session().me(REFRESH).unwrap().user_id, "U1");
    assert_eq!(CALLS.load(Ordering::Relaxed), 3);
}

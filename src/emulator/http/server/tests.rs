use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::emulator::{Emulator, Fault, Server};

/// A connection that sends what it is told and reads whole answers.
struct Raw(TcpStream);

impl Raw {
    fn open(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self(stream)
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).unwrap();
    }

    /// Head and body of the next answer.
    fn answer(&mut self) -> (String, Vec<u8>) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            assert_eq!(self.0.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&head));
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).unwrap();
        (head, body)
    }

    fn status(&mut self) -> u16 {
        self.answer().0.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// What comes until the other side closes.
    fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let _ = self.0.read_to_end(&mut rest);
        rest
    }
}

fn request(emulator: &Emulator, line: &str, more: &str) -> String {
    let (project, key) = (emulator.project_id(), emulator.management_key());
    format!("{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {project}:{key}\r\n{more}\r\n")
}

fn license(emulator: &Emulator) -> String {
    request(emulator, "GET /v1/mgmt/license", "")
}

fn started() -> (Emulator, Server) {
    let emulator = Emulator::new();
    let server = emulator.serve().unwrap();
    (emulator, server)
}

#[test]
fn one_connection_takes_many_requests() {
    let (emulator, server) = started();
    assert_eq!(server.base_url(), format!("http://127.0.0.1:{}", server.address().port()));
    let mut raw = Raw::open(&server);
    for _ in 0..3 {
        raw.send(license(&emulator));
        let (head, body) = raw.answer();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("\r\ndate: "), "{head}");
        assert_eq!(body, br#"{"rateLimitTier":"tier1"}"#);
    }
    raw.send([license(&emulator), license(&emulator)].concat());
    assert_eq!((raw.status(), raw.status()), (200, 200), "pipelined");
    assert_eq!(server.connections(), 1);
    assert_eq!(emulator.requests("/v1/mgmt/license"), 5);

    raw.send(request(&emulator, "GET /v1/mgmt/license", "Connection: close\r\n"));
    assert!(raw.answer().0.contains("\r\nconnection: close\r\n"));
    assert!(raw.rest().is_empty());
    let mut old = Raw::open(&server);
    old.send(license(&emulator).replace("HTTP/1.1", "HTTP/1.0"));
    assert_eq!(old.status(), 200);
    assert!(old.rest().is_empty());
    assert_eq!(server.connections(), 2);
}

#[test]
fn bodies_come_whole_in_chunks_or_when_called_for() {
    let (emulator, server) = started();
    let mut raw = Raw::open(&server);
    let line = "POST /v1/mgmt/permission/create";
    let body = r#"{"name":"a"}"#;
    raw.send(request(&emulator, line, &format!("Content-Length: {}\r\n", body.len())));
    raw.send(&body[..4]);
    std::thread::sleep(Duration::from_millis(5));
    raw.send(&body[4..]);
    assert_eq!(raw.status(), 200);

    raw.send(request(&emulator, line, "Transfer-Encoding: chunked\r\n"));
    raw.send("3;x=y\r\n{\"n\r\n9\r\name\":\"b\"}\r\n0\r\nTrailer: x\r\n\r\n");
    assert_eq!(raw.status(), 200);

    raw.send(request(&emulator, line, "Content-Length: 12\r\nExpect: 100-continue\r\n"));
    assert_eq!(raw.status(), 100);
    raw.send(r#"{"name":"c"}"#);
    assert_eq!(raw.status(), 200);

    raw.send(request(&emulator, "GET /v1/mgmt/permission/all", ""));
    let all: Value = serde_json::from_slice(&raw.answer().1).unwrap();
    let names: Vec<_> = all["permissions"].as_array().unwrap().iter().map(|p| &p["name"]).collect();
    assert_eq!(names, ["User Admin", "SSO Admin", "a", "b", "c"]);
}

#[test]
fn what_is_no_request_is_refused_and_the_server_lives_on() {
    let (emulator, server) = started();
    let bearer = format!("Authorization: Bearer {}\r\n", emulator.project_id());
    let post =
        |more: &str| format!("POST /v1/auth/refresh HTTP/1.1\r\nHost: x\r\n{bearer}{more}\r\n");
    for (bytes, status) in [
        (b"\x16\x03\x01\x02\x00garbage\r\n\r\n".to_vec(), 400),
        (b"GET\r\n\r\n".to_vec(), 400),
        (b"GET / HTTP/2.0\r\n\r\n".to_vec(), 400),
        (b"GET / HTTP/1.1\r\nNo colon\r\n\r\n".to_vec(), 400),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n".to_vec(), 400),
        (format!("GET / HTTP/1.1\r\nHost: {}", "x".repeat(70_000)).into_bytes(), 431),
        (format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(101)).into_bytes(), 431),
        (post("Content-Length: x\r\n").into_bytes(), 400),
        (post("Content-Length: -1\r\n").into_bytes(), 400),
        (post("Content-Length: +1\r\n").into_bytes(), 400),
        (post("Content-Length: 1\r\nContent-Length: 2\r\n").into_bytes(), 400),
        (post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n").into_bytes(), 400),
        (post("Content-Length: 99999999999999999999\r\n").into_bytes(), 413),
        (post("Transfer-Encoding: gzip\r\n").into_bytes(), 501),
        ([post("Transfer-Encoding: chunked\r\n"), "zz\r\n".to_owned()].concat().into_bytes(), 400),
        (
            [post("Transfer-Encoding: chunked\r\n"), "1\r\nabc".to_owned()].concat().into_bytes(),
            400,
        ),
        (
            [post("Transfer-Encoding: chunked\r\n"), "ffffffffffffffff\r\n".to_owned()]
                .concat()
                .into_bytes(),
            413,
        ),
    ] {
        let mut raw = Raw::open(&server);
        raw.send(&bytes);
        assert_eq!(
            raw.status(),
            status,
            "{}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(90)])
        );
        assert!(raw.rest().is_empty(), "and closed");
    }
    for half in ["", "GE", "GET / HTTP/1.1\r\nHost: x\r\nContent-Le", "\r\n"] {
        Raw::open(&server).send(half);
    }
    let mut raw = Raw::open(&server);
    raw.send(license(&emulator));
    assert_eq!(raw.status(), 200);
}

#[test]
fn heads_have_no_body() {
    let (emulator, server) = started();
    let mut raw = Raw::open(&server);
    raw.send(request(&emulator, "HEAD /v1/mgmt/license", "Connection: close\r\n"));
    let all = String::from_utf8(raw.rest()).unwrap();
    assert!(all.starts_with("HTTP/1.1 405 ") && all.ends_with("\r\n\r\n"), "{all}");
    emulator.fault(Fault::status(204));
    let mut raw = Raw::open(&server);
    raw.send(request(&emulator, "GET /v1/mgmt/license", "Connection: close\r\n"));
    let all = String::from_utf8(raw.rest()).unwrap();
    assert!(all.starts_with("HTTP/1.1 204 ") && all.ends_with("\r\n\r\n"), "{all}");
    assert!(!all.contains("content-length"), "{all}");
}

#[test]
fn faults_are_seen_on_the_line() {
    let (emulator, server) = started();
    let exchange = |fault: Fault| {
        emulator.fault(fault.times(1));
        let mut raw = Raw::open(&server);
        let start = Instant::now();
        raw.send(request(&emulator, "GET /v1/mgmt/license", "Connection: close\r\n"));
        (String::from_utf8(raw.rest()).unwrap(), start.elapsed())
    };
    assert_eq!(exchange(Fault::reset()).0, "");
    assert_eq!(exchange(Fault::lose_answer()).0, "");
    assert!(
        exchange(Fault::status(503).header("retry-after", "1"))
            .0
            .contains("\r\nretry-after: 1\r\n")
    );
    let (cut, _) = exchange(Fault::cut(3));
    assert!(cut.contains("content-length: 25\r\n") && cut.ends_with("\r\n\r\n{\"r"), "{cut}");
    let pause = Duration::from_millis(4);
    for (fault, least) in [
        (Fault::delay(pause * 10), pause * 10),
        (Fault::drip(pause), pause * 25),
        (Fault::drip_head(pause), pause * 100),
    ] {
        let (answer, took) = exchange(fault);
        assert!(answer.ends_with("{\"rateLimitTier\":\"tier1\"}"), "{answer}");
        assert!(took >= least, "{took:?}");
    }
}

#[test]
fn dropping_the_server_ends_everything_at_once() {
    let (emulator, server) = started();
    let address = server.address();
    let mut idle = Raw::open(&server);
    idle.send(license(&emulator));
    assert_eq!(idle.status(), 200);
    emulator.fault(Fault::delay(Duration::from_secs(3_600)));
    let mut waiting = Raw::open(&server);
    waiting.send(license(&emulator));
    while emulator.requests("/v1/mgmt/license") < 2 {
        std::thread::yield_now();
    }
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < Duration::from_secs(30), "waits for no delay");
    assert!(idle.rest().is_empty() && waiting.rest().is_empty());
    assert!(TcpStream::connect(address).is_err());
    emulator.clear_faults();
    let again = emulator.serve().unwrap();
    assert_eq!(again.connections(), 0);
}

/// A call of another process, which succeeds.
fn steer(server: &Server, line: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut raw = Raw::open(server);
    raw.send(format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    let (head, body) = raw.answer();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head} {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn other_processes_seed_it_and_read_what_it_sent() {
    let (emulator, server) = started();
    let call = |line: &str, body: Value| steer(&server, line, &body);
    let seed = json!({ "users": [{ "loginId": "ada", "email": "ada@example.com" }] });
    let made = call("POST /_emulator/seed", seed);
    let session = call("POST /_emulator/session", json!({ "loginId": "ada" }));
    assert_eq!(session["user"]["userId"], made["users"][0]["user"]["userId"]);
    emulator.post("/v1/auth/otp/signin/email", &json!({ "loginId": "ada" }));
    let inbox = call("GET /_emulator/inbox?to=ada%40example.com", json!(null));
    assert_eq!(inbox["messages"][0]["code"], json!(emulator.code("ada@example.com")));
    assert_eq!(call("GET /_emulator/inbox?to=x", json!(null)), json!({ "messages": [] }));
    let requests = call("GET /_emulator/requests", json!(null));
    let path = "/v1/auth/otp/signin/email";
    assert_eq!(requests["requests"], json!([{ "method": "POST", "path": path, "count": 1 }]));
    let token = call("POST /_emulator/token", json!({ "claims": { "sub": "x", "exp": null } }));
    let claims = crate::emulator::testing::claims(&token["jwt"]);
    assert_eq!((&claims["sub"], claims.get("exp")), (&json!("x"), None));
    call("POST /_emulator/reset", json!(null));
    assert!(emulator.inbox().messages().is_empty() && emulator.sign_in("ada").is_err());
}

#[test]
fn other_processes_move_its_clock_break_its_answers_and_change_its_keys() {
    let (emulator, server) = started();
    let call = |line: &str, body: Value| steer(&server, line, &body);
    let before = call("POST /_emulator/advance", json!({}))["time"].as_i64().unwrap();
    let after = call("POST /_emulator/advance", json!({ "seconds": 60, "milliseconds": 1 }));
    assert!(after["time"].as_i64().unwrap() >= before + 60);
    let fault = json!({ "kind": "status", "status": 418, "body": "tea", "times": 1,
        "path": "/v2/", "method": "GET", "headers": { "x-pot": "1" } });
    call("POST /_emulator/faults", fault);
    let mut raw = Raw::open(&server);
    raw.send(request(&emulator, "GET /v2/keys/x", ""));
    let (head, body) = raw.answer();
    assert!(head.starts_with("HTTP/1.1 418 ") && head.contains("x-pot: 1") && body == b"tea");
    for kind in [
        "delay",
        "drip",
        "drip-head",
        "reset",
        "lose-answer",
        "cut",
        "html",
        "empty",
        "rotate-keys",
        "empty-keys",
        "garbage-keys",
        "headers",
    ] {
        call("POST /_emulator/faults", json!({ "kind": kind }));
    }
    call("DELETE /_emulator/faults", json!(null));
    let old = emulator.issue_token(json!({})).unwrap();
    call("POST /_emulator/rotate-keys", json!({ "keepSeconds": 0 }));
    assert_ne!(old.split('.').next(), emulator.issue_token(json!({})).unwrap().split('.').next());
}

#[test]
fn web_pages_do_not_steer_it() {
    let (emulator, server) = started();
    emulator.seed(&json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    let status = |headers: &str| {
        let mut raw = Raw::open(&server);
        let line = "POST /_emulator/reset HTTP/1.1";
        raw.send(format!("{line}\r\n{headers}\r\nContent-Length: 0\r\n\r\n"));
        raw.answer().0.split(' ').nth(1).unwrap().to_owned()
    };
    let own = server.address();
    for foreign in [
        "Host: evil.example".to_owned(),
        format!("Host: evil.example:{}", own.port()),
        format!("Host: {own}\r\nOrigin: http://evil.example"),
        format!("Host: {own}\r\nOrigin: null"),
        format!("Host: {own}\r\nSec-Fetch-Site: cross-site"),
    ] {
        assert_eq!(status(&foreign), "403", "{foreign}");
    }
    emulator.sign_in("ada").unwrap();
    assert_eq!(status(&format!("Host: {own}\r\nOrigin: http://{own}")), "200");
    emulator.sign_in("ada").unwrap_err();
}

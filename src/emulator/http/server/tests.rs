use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clock::Clock;
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

    raw.send(request(&emulator, line, "Content-Length: 12\r\nExpect: 100-Continue\r\n"));
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

/// Says that it was interrupted before each piece that it reads.
struct Interrupted<'a>(&'a [u8], bool);

impl Read for Interrupted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let sent = self.0.len().min(buffer.len()).min(7);
        buffer[..sent].copy_from_slice(&self.0[..sent]);
        self.0 = &self.0[sent..];
        Ok(sent)
    }
}

impl Write for Interrupted<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn interrupted_reads_go_on() {
    let bytes = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n12345678901234567890";
    let mut reader = super::read::Reader::new(Interrupted(bytes, false));
    let incoming = reader.next().unwrap().unwrap();
    assert_eq!(incoming.request.body(), b"12345678901234567890");
}

#[test]
fn what_is_public_needs_no_bearer_and_answers_head() {
    let (emulator, server) = started();
    let mut raw = Raw::open(&server);
    let project = emulator.project_id();
    for path in [&*format!("/v2/keys/{project}"), &format!("/v1/keys/{project}"), "/health"] {
        raw.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        let (head, body) = raw.answer();
        assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}");
        let mut headed = Raw::open(&server);
        headed.send(format!("HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        let all = String::from_utf8(headed.rest()).unwrap();
        let length = format!("content-length: {}\r\n", body.len());
        assert!(all.starts_with("HTTP/1.1 200 ") && all.contains(&length), "{path}: {all}");
        assert!(all.ends_with("\r\n\r\n"), "{all}");
    }
}

#[test]
fn pages_of_allowed_origins_may_call_but_not_steer() {
    let emulator = Emulator::builder().allow_origin("https://app.example").build();
    let server = emulator.serve().unwrap();
    let mut raw = Raw::open(&server);
    let mut send = |line: &str, origin: &str| {
        raw.send(format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\n\
             Access-Control-Request-Method: POST\r\n\r\n"
        ));
        raw.answer().0
    };
    let keys = format!("GET /v2/keys/{}", emulator.project_id());
    let allow = "access-control-allow-origin: https://app.example\r\n";
    for line in ["OPTIONS /v1/auth/refresh", &keys] {
        assert!(send(line, "https://app.example").contains(allow), "{line}");
        let foreign = send(line, "https://evil.example");
        assert!(!foreign.contains("access-control-allow"), "{foreign}");
    }
    for line in ["GET /_emulator/inbox", "OPTIONS /_emulator/seed", "POST /_emulator/console"] {
        let refused = send(line, "https://app.example");
        assert!(refused.starts_with("HTTP/1.1 403 "), "{refused}");
        assert!(!refused.contains("access-control-allow"), "{refused}");
    }
}

#[test]
fn tokens_of_a_moved_clock_are_good_for_clients_that_keep_the_real_time() {
    let (emulator, server) = started();
    emulator.seed(&json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    let mut raw = Raw::open(&server);
    for seconds in [86_400, -172_800] {
        let body = json!({ "seconds": seconds }).to_string();
        let mut post = |path: &str, body: &str| -> Value {
            let length = body.len();
            raw.send(format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}"
            ));
            serde_json::from_slice(&raw.answer().1).unwrap()
        };
        post("/_emulator/advance", &body);
        let session = post("/_emulator/session", r#"{ "loginId": "ada" }"#);
        let real = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let real = i64::try_from(real.as_secs()).unwrap();
        for token in ["sessionJwt", "refreshJwt"] {
            let claims = crate::emulator::testing::claims(&session[token]);
            assert!(claims["iat"].as_i64().unwrap() <= real, "{seconds}: {claims}");
            assert!(claims["exp"].as_i64().unwrap() > real + 500, "{seconds}: {claims}");
        }
        let time = emulator.clock().unix().as_seconds();
        let claims = crate::emulator::testing::claims(&session["refreshJwt"]);
        assert!(claims["exp"].as_i64().unwrap() > time, "and for the emulator");
        let in_process = emulator.sign_in("ada").unwrap();
        let claims = crate::emulator::testing::claims(&in_process["sessionJwt"]);
        assert!((claims["iat"].as_i64().unwrap() - time).abs() < 100, "exact in the process");
    }
    emulator.reset();
    let real = crate::UnixTime::from(std::time::SystemTime::now()).as_seconds();
    assert!((emulator.clock().unix().as_seconds() - real).abs() < 100, "back on reset");
}

#[test]
fn the_inbox_is_waited_for_and_emptied() {
    let (emulator, server) = started();
    let mut raw = Raw::open(&server);
    raw.send("GET /_emulator/inbox?to=ada@example.com&wait=30 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    for to in ["bob@example.com", "ada@example.com"] {
        let body = json!({ "loginId": to, "user": {} });
        assert_eq!(emulator.post("/v1/auth/otp/signup/email", &body).0, 200);
    }
    let inbox: Value = serde_json::from_slice(&raw.answer().1).unwrap();
    assert_eq!(inbox["messages"].as_array().unwrap().len(), 1);
    raw.send("DELETE /_emulator/inbox?to=ada@example.com HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(raw.status(), 200);
    assert_eq!(emulator.inbox().messages()[0].to, "bob@example.com");
    raw.send("DELETE /_emulator/inbox HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(raw.status(), 200);
    assert!(emulator.inbox().messages().is_empty());
    // Nobody waits for a server that ends.
    raw.send("GET /_emulator/inbox?wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < Duration::from_secs(30));
}

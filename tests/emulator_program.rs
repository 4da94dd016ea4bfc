//! The program `descope-emulator`.
#![cfg(feature = "emulator")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_descope-emulator"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn prints_its_environment_and_serves() {
    let seed = std::env::temp_dir().join(format!("descope-emulator-{}.json", std::process::id()));
    std::fs::write(&seed, r#"{ "tenants": [{ "id": "t1", "name": "One" }] }"#).unwrap();
    let arguments = ["--project-id=P2abc", "--management-key", "secret:key", "--seed"];
    let mut running = Running(command().args(arguments).arg(&seed).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    let base = next();
    let address = base.strip_prefix("DESCOPE_BASE_URI=http://").unwrap();
    assert_eq!(next(), "DESCOPE_PROJECT_ID=P2abc");
    assert_eq!(next(), "DESCOPE_MANAGEMENT_KEY=secret:key");
    assert_eq!(next(), format!("DESCOPE_BASE_URL=http://{address}"));
    assert!(next().starts_with("# Python"));
    for (line, part) in [(next(), "DescopeBaseURL: \"http://"), (next(), "baseUrl: 'http://")] {
        assert!(line.starts_with("# ") && line.contains(part), "{line}");
    }
    std::fs::remove_file(&seed).unwrap();

    let answer = get(address, "/v1/mgmt/tenant?id=t1");
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.contains(r#""name":"One""#),
        "{answer}"
    );
    let export = get(address, "/_emulator/export");
    let body = export.split("\r\n\r\n").nth(1).unwrap();
    let saved: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((&saved["tenants"][0]["id"], saved.get("users")), (&"t1".into(), None));
}

fn get(address: &str, path: &str) -> String {
    send(address, "GET", path, "secret:key", "")
}

fn post(address: &str, path: &str, token: &str, body: &str) -> String {
    send(address, "POST", path, token, body)
}

fn send(address: &str, method: &str, path: &str, token: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: Bearer P2abc:{token}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn sends_refresh_tokens_as_it_is_told_to() {
    let arguments =
        ["--project-id=P2abc", "--rotate-refresh-tokens", "--refresh-tokens-in-cookies"];
    let mut running = Running(command().args(arguments).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let base = lines.next().unwrap().unwrap();
    let address = base.strip_prefix("DESCOPE_BASE_URI=http://").unwrap();
    let (login, password) = ("ada@example.com", "Correct1horse");
    let body = format!(r#"{{ "loginId": "{login}", "password": "{password}" }}"#);
    let signed_up = post(address, "/v1/auth/password/signup", "", &body);
    let token = |answer: &str| {
        assert!(!answer.contains("refreshJwt"), "{answer}");
        let cookie = answer.split("DSR=").nth(1).unwrap_or_else(|| panic!("{answer}"));
        cookie.split(';').next().unwrap().to_owned()
    };
    let first = token(&signed_up);
    let second = token(&post(address, "/v1/auth/refresh", &first, "{}"));
    assert_ne!(first, second);
    let answer = post(address, "/v1/auth/refresh", &first, "{}");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[test]
fn says_what_is_wrong_with_its_arguments() {
    for (arguments, message) in [
        (&["--port"][..], "--port needs a value"),
        (&["--port", "65536"], "--port needs a number up to 65535"),
        (&["--prot", "1"], "unknown option --prot"),
        (&["--seed", "/does/not/exist"], "/does/not/exist: "),
        (&["--host", "256.0.0.1"], "256.0.0.1:0: "),
    ] {
        let output = command().args(arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(message), "{error}");
    }
    #[cfg(unix)]
    for (bytes, wanted) in [(&b"\xff\xfe{"[..], "not Unicode"), (b"\xef\xbb\xbf{", "EOF")] {
        let seed = Seed::new("wrong", bytes);
        let output = command().arg("--seed").arg(&seed.0).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(wanted), "{error}");
    }
    let help = command().arg("--help").output().unwrap();
    assert!(help.status.success() && help.stdout.starts_with(b"The Descope emulator"));
}

/// A file that goes with the test.
struct Seed(std::path::PathBuf);

impl Seed {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let file = format!("descope-emulator-{name}-{}.json", std::process::id());
        let path = std::env::temp_dir().join(file);
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A running emulator and its address.
fn start(arguments: &[&str]) -> (Running, String) {
    let mut running = Running(command().args(arguments).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let base = lines.next().unwrap().unwrap();
    let address = base.strip_prefix("DESCOPE_BASE_URI=http://").unwrap().to_owned();
    // So that what it prints further does not fail.
    std::thread::spawn(move || lines.for_each(drop));
    (running, address)
}

#[test]
fn seeds_may_begin_with_a_byte_order_mark() {
    let text = r#"{ "tenants": [{ "id": "t1", "name": "Zoë" }] }"#;
    let wide = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(unit).collect()
    };
    for (name, bytes) in [
        ("utf8", format!("\u{feff}{text}").into_bytes()),
        ("le", wide(u16::to_le_bytes)),
        ("be", wide(u16::to_be_bytes)),
    ] {
        let seed = Seed::new(name, &bytes);
        let path = seed.0.to_str().unwrap();
        let key = ["--project-id=P2abc", "--management-key=secret:key", "--seed", path];
        let (_running, address) = start(&key);
        assert!(get(&address, "/v1/mgmt/tenant?id=t1").contains("Zoë"), "{name}");
    }
}

#[test]
fn on_a_port_unknown_fields_are_ignored_and_recorded_unless_it_is_strict() {
    let body = r#"{ "name": "a", "colour": "red" }"#;
    let key = ["--project-id=P2abc", "--management-key=secret:key"];
    let (_running, address) = start(&key);
    let made = post(&address, "/v1/mgmt/permission/create", "secret:key", body);
    assert!(made.starts_with("HTTP/1.1 200 "), "{made}");
    let unknown = get(&address, "/_emulator/unknown");
    assert!(unknown.contains(r#""field":"colour""#), "{unknown}");
    let (_running, address) = start(&[&key[..], &["--strict"]].concat());
    let refused = post(&address, "/v1/mgmt/permission/create", "secret:key", body);
    assert!(refused.starts_with("HTTP/1.1 400 ") && refused.contains("colour"), "{refused}");
}

#[test]
fn past_the_limit_it_says_when_to_come_back() {
    let key = ["--project-id=P2abc", "--management-key=secret:key", "--requests-per-minute=2"];
    let (_running, address) = start(&key);
    let now = post(&address, "/_emulator/clock", "", r#"{ "frozen": true, "time": 120 }"#);
    assert!(now.contains(r#""time":120"#), "{now}");
    for wanted in ["200", "200", "429"] {
        let answer = get(&address, "/v1/mgmt/permission/all");
        assert!(answer.starts_with(&format!("HTTP/1.1 {wanted} ")), "{answer}");
        assert_eq!(answer.contains("retry-after: 60"), wanted == "429", "{answer}");
    }
    post(&address, "/_emulator/advance", "", r#"{ "seconds": 60 }"#);
    assert!(get(&address, "/v1/mgmt/permission/all").starts_with("HTTP/1.1 200 "));
}

#[cfg(unix)]
fn signal(process: &Child, names: &[&str]) {
    for name in names {
        let kill = Command::new("kill").args(["-s", name, &process.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }
}

#[test]
#[cfg(unix)]
fn ends_on_sigterm_and_on_sigint() {
    for name in ["TERM", "INT"] {
        let (mut running, address) = start(&[]);
        assert!(get(&address, "/health").contains("ok"));
        signal(&running.0, &[name]);
        assert!(running.0.wait().unwrap().success(), "{name}");
        assert!(TcpStream::connect(&address).is_err());
    }
}

#[test]
#[cfg(unix)]
fn no_call_fails_under_signals_that_stop_and_go_on() {
    let key = ["--project-id=P2abc", "--management-key=secret:key"];
    let (running, address) = start(&key);
    let script = "while :; do kill -s STOP $0; kill -s CONT $0; kill -s WINCH $0; sleep 0.02; done";
    let signals = Command::new("sh").args(["-c", script, &running.0.id().to_string()]).spawn();
    let _signals = Running(signals.unwrap());
    // An idle connection is one whose read is interrupted.
    let mut idle = TcpStream::connect(&address).unwrap();
    for _ in 0..300 {
        let answer = get(&address, "/v1/mgmt/permission/all");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    write!(idle, "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    idle.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn with_tls_clients_trust_the_certificate_that_it_writes() {
    let file = Seed::new("certificate", b"");
    let path = file.0.to_str().unwrap();
    let arguments = ["--project-id=P2abc", "--tls-name=descope.test", "--tls-certificate", path];
    let mut running = Running(command().args(arguments).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let base = lines.next().unwrap().strip_prefix("DESCOPE_BASE_URI=").unwrap().to_owned();
    let port = base.strip_prefix("https://127.0.0.1:").unwrap().to_owned();
    assert!(lines.any(|line| line.starts_with("# Clients") && line.ends_with(path)));
    let pem = std::fs::read_to_string(path).unwrap();
    let client =
        |base: &str| descope::Client::builder().ignore_env().project_id("P2abc").base_url(base);
    for base in [&base, &format!("https://localhost:{port}")] {
        client(base).root_certificates(&*pem).build().unwrap().warm_up().unwrap();
    }
    assert!(client(&base).build().unwrap().warm_up().is_err(), "nobody else trusts it");

    // As OpenSSL sees it, with a name of its own.
    let url = format!("https://descope.test:{port}/health");
    let resolve = format!("descope.test:{port}:127.0.0.1");
    let curl = ["--silent", "--noproxy", "*", "--cacert", path, "--resolve", &resolve, &url];
    match Command::new("curl").args(curl).output() {
        Ok(answer) => assert_eq!(answer.stdout, br#"{"status":"ok"}"#, "{answer:?}"),
        Err(error) => eprintln!("SKIPPED curl: {error}"),
    }
    // Without TLS it is not understood, and nothing is answered.
    let mut plain = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    plain.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
}

#[test]
#[cfg(unix)]
fn the_temporary_certificate_goes_with_the_program() {
    let mut running = Running(command().arg("--tls").spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.find(|line| line.starts_with("# Clients")).unwrap();
    let path = line.rsplit_once(" in ").unwrap().1;
    assert!(std::fs::read_to_string(path).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    signal(&running.0, &["TERM"]);
    assert!(running.0.wait().unwrap().success());
    assert!(!std::path::Path::new(path).exists());
}

/// Process 1 has no default action for signals: without a handler it ignores them, from outside too.
#[test]
#[cfg(target_os = "linux")]
fn as_process_1_it_ends_on_sigterm_and_on_sigint() {
    const ALONE: [&str; 5] = ["--user", "--map-root-user", "--pid", "--fork", "--kill-child"];
    let may = Command::new("unshare").args(ALONE).arg("true").output();
    if !may.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "SKIPPED the test of process 1: this system does not let it unshare the processes"
        );
        return;
    }
    for name in ["TERM", "INT"] {
        let mut command = Command::new("unshare");
        command.args(ALONE).arg(env!("CARGO_BIN_EXE_descope-emulator")).stdout(Stdio::piped());
        let mut outside = Running(command.spawn().unwrap());
        let mut lines = BufReader::new(outside.0.stdout.take().unwrap()).lines();
        let base = lines.next().unwrap().unwrap();
        let address = base.strip_prefix("DESCOPE_BASE_URI=http://").unwrap();
        assert!(get(address, "/health").contains("ok"));
        let outer = outside.0.id();
        let children = std::fs::read_to_string(format!("/proc/{outer}/task/{outer}/children"));
        let inner = children.unwrap().trim().to_owned();
        let status = std::fs::read_to_string(format!("/proc/{inner}/status")).unwrap();
        let ids = status.lines().find(|line| line.starts_with("NSpid:")).unwrap();
        assert_eq!(ids.split_whitespace().last(), Some("1"), "{ids}");
        assert!(Command::new("kill").args(["-s", name, &inner]).status().unwrap().success());
        assert!(outside.0.wait().unwrap().success(), "{name}");
        assert!(TcpStream::connect(address).is_err());
    }
}

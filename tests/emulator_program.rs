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
    let help = command().arg("--help").output().unwrap();
    assert!(help.status.success() && help.stdout.starts_with(b"The Descope emulator"));
}

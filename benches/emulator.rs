//! What calls of the emulator cost with few users and with very many, and how much memory a user and a project
//! take.
//!
//! `cargo bench --bench emulator` fills one emulator with 1,000 users and one with 1,000,000. Another
//! number of users can be given: `cargo bench --bench emulator -- 100000`. Each cost is the median of
//! calls in the process, without a socket; a sign-in signs two tokens and so costs most.

use std::time::{Duration, Instant};

use descope::emulator::Emulator;
use descope::transport::http::Request;
use serde_json::{Value, json};

const FEW: usize = 1_000;
const MANY: usize = 1_000_000;
/// Calls of each kind.
const CALLS: usize = 2_000;
const BATCH: usize = 1_000;

fn send(emulator: &Emulator, method: &str, path: &str, token: &str, body: &Value) -> Value {
    let bearer = format!("Bearer {}:{token}", emulator.project_id());
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = Request::builder().method(method).uri(path).header("authorization", bearer);
    let response = emulator.handle(request.body(body).expect("a request"));
    let text = String::from_utf8_lossy(response.body()).into_owned();
    assert!(response.status().is_success(), "{path}: {text}");
    serde_json::from_str(&text).expect("JSON")
}

fn login_id(number: usize) -> String {
    format!("user{number}@example.com")
}

fn user(number: usize) -> Value {
    json!({ "loginId": login_id(number), "email": login_id(number), "displayName": "Ada Lovelace" })
}

/// Resident memory of this process in bytes, where the system tells.
fn memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<usize>().ok().map(|kibibytes| kibibytes * 1_024)
}

fn filled(users: usize) -> Emulator {
    let emulator = Emulator::new();
    let numbers: Vec<usize> = (0..users).collect();
    for batch in numbers.chunks(BATCH) {
        let batch: Vec<Value> = batch.iter().map(|number| user(*number)).collect();
        let body = json!({ "users": batch });
        let path = "/v1/mgmt/user/create/batch";
        send(&emulator, "POST", path, emulator.management_key(), &body);
    }
    emulator
}

fn median(mut call: impl FnMut(usize)) -> Duration {
    let mut times: Vec<Duration> = (0..CALLS)
        .map(|number| {
            let start = Instant::now();
            call(number);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[CALLS / 2]
}

/// The cost of each kind of call. Every call is about another user, far from the last one.
fn costs(emulator: &Emulator, users: usize) -> [(&'static str, Duration); 4] {
    let key = emulator.management_key();
    let some = |number: usize| login_id(number * 7_919 % users);
    let load = median(|number| {
        let path = format!("/v1/mgmt/user?loginId={}", some(number));
        send(emulator, "GET", &path, key, &Value::Null);
    });
    let create = median(|number| {
        send(emulator, "POST", "/v1/mgmt/user/create", key, &user(users + number));
    });
    let mut tokens = Vec::new();
    let sign_in = median(|number| {
        let id = some(number);
        send(emulator, "POST", "/v1/auth/otp/signin/email", "", &json!({ "loginId": id }));
        let code = emulator.inbox().last_to(&id).and_then(|message| message.code);
        let body = json!({ "loginId": id, "code": code });
        let session = send(emulator, "POST", "/v1/auth/otp/verify/email", "", &body);
        tokens.push(session["refreshJwt"].as_str().unwrap_or_default().to_owned());
    });
    let refresh = median(|number| {
        send(emulator, "POST", "/v1/auth/refresh", &tokens[number], &json!({}));
    });
    [("load", load), ("create", create), ("OTP sign-in", sign_in), ("refresh", refresh)]
}

/// What it costs to give each test a project of its own: the time until there is one, and its memory when it is
/// new and when a user has signed in.
fn projects() {
    const PROJECTS: usize = 1_000;
    let emulator = Emulator::new();
    let (before, mut made) = (memory(), Vec::new());
    let start = Instant::now();
    for number in 0..PROJECTS {
        made.push(emulator.project(&format!("P2number{number}")));
    }
    let each = start.elapsed() / u32::try_from(PROJECTS).unwrap_or(u32::MAX);
    println!("a further project starts in {each:?}");
    let empty = memory();
    for project in &made {
        let body = json!({ "loginId": login_id(1), "user": {} });
        send(project, "POST", "/v1/auth/otp/signup/email", "", &body);
        let code = project.inbox().last_to(&login_id(1)).and_then(|message| message.code);
        let body = json!({ "loginId": login_id(1), "code": code });
        send(project, "POST", "/v1/auth/otp/verify/email", "", &body);
    }
    if let (Some(before), Some(empty), Some(used)) = (before, empty, memory()) {
        let per = |bytes: usize| bytes / PROJECTS;
        println!(
            "{} bytes of memory per project, and {} once a user has signed in",
            per(empty.saturating_sub(before)),
            per(used.saturating_sub(before)),
        );
    }
}

fn main() {
    // Cargo adds `--bench`.
    let many = std::env::args().find_map(|argument| argument.parse().ok());
    let many = many.unwrap_or(MANY);
    let start = Instant::now();
    let few = filled(FEW);
    println!("{FEW} users made in {:?}", start.elapsed());
    let few_costs = costs(&few, FEW);
    let started = median(|_| drop(Emulator::new()));
    println!("an empty emulator starts in {started:?}");
    projects();

    let (before, start) = (memory(), Instant::now());
    let full = filled(many);
    println!("{many} users made in {:?}", start.elapsed());
    if let Some((before, after)) = before.zip(memory()) {
        println!("{} bytes of memory per user", after.saturating_sub(before) / many);
    }
    for ((name, few), (_, many)) in few_costs.into_iter().zip(costs(&full, many)) {
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        println!("{name:<12} {few:>10.1?} {many:>10.1?}   {ratio:.2} times");
    }
}

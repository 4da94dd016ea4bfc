//! The memory that iterating over users takes: `cargo bench --bench page_memory --features mgmt-user`.
//!
//! Iterates over 10,000 and over 1,000,000 users, each in a process of its own whose transport makes
//! pages of 100 as they are asked for, and prints the peak of the resident memory (`VmHWM`) of both.
//! Fails if they differ by more than 8 MiB. Linux alone has the figure.

use std::fmt::Write;
use std::process::{Command, ExitCode};
use std::time::Instant;

use descope::Client;
use descope::mgmt::user::UserSearch;
use descope::transport::{Request, Response, TransportError};
use serde_json::Value;

const PAGE: u64 = 100;
const LIMIT: u64 = 8 * 1024;

/// A page of users as Descope answers it.
fn page(request: &Request, total: u64) -> Response {
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let first = body["page"].as_u64().unwrap_or_default() * PAGE;
    let mut users = String::new();
    for n in first..total.min(first + PAGE) {
        let comma = if n > first { "," } else { "" };
        // Writing to a string does not fail.
        let _ = write!(
            users,
            r#"{comma}{{"loginIds":["user{n}@example.com"],"userId":"U2{n:025}","name":"User {n}",
            "email":"user{n}@example.com","phone":"","verifiedEmail":true,"roleNames":["Reader"],
            "userTenants":[{{"tenantId":"acme","tenantName":"Acme","roleNames":["Editor"]}}],
            "status":"enabled","picture":"","customAttributes":{{"number":{n}}},"TOTP":false,
            "createdTime":1700000000,"OAuth":{{"google":true}},"password":true,"ssoAppIds":[]}}"#
        );
    }
    Response::new(format!(r#"{{"users":[{users}],"total":{total}}}"#).into_bytes())
}

/// The peak of this process in KiB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn iterate(total: u64) -> Result<u64, descope::Error> {
    let client = Client::builder()
        .ignore_env()
        .project_id("P2abc")
        .management_key("key")
        .transport(move |request: Request| Ok::<_, TransportError>(page(&request, total)))
        .build()?;
    let search = UserSearch::default().limit(100);
    let mut count = 0;
    for user in client.mgmt().user().iter(&search) {
        count += u64::from(!user?.user_id.is_empty());
    }
    Ok(count)
}

/// Iterates in a process of its own and returns its peak.
fn measure(total: u64) -> Option<u64> {
    let start = Instant::now();
    let program = std::env::current_exe().ok()?;
    let output = Command::new(program).arg(format!("--total={total}")).output().ok()?;
    let peak = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
    println!("{total:>9} users: peak {peak} KiB, {:.1} s", start.elapsed().as_secs_f64());
    Some(peak)
}

fn main() -> ExitCode {
    let total =
        std::env::args().find_map(|argument| argument.strip_prefix("--total=")?.parse().ok());
    if let Some(total) = total {
        return match iterate(total) {
            Ok(count) if count == total => {
                println!("{}", peak().unwrap_or_default());
                ExitCode::SUCCESS
            }
            other => {
                eprintln!("{total} users: {other:?}");
                ExitCode::FAILURE
            }
        };
    }
    match (measure(10_000), measure(1_000_000)) {
        (Some(few), Some(many)) if many.saturating_sub(few) <= LIMIT => ExitCode::SUCCESS,
        _ => {
            eprintln!("more than {LIMIT} KiB apart, or not measured");
            ExitCode::FAILURE
        }
    }
}

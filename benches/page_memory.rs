//! The memory that iterating over users takes:
//! `cargo bench --bench page_memory --features full,emulator`.
//!
//! Iterates over 10,000 and over 1,000,000 users, each in a process of its own, and prints the peak of
//! the resident memory (`VmHWM`) of both. Fails if they differ by more than 8 MiB. Linux alone has the
//! figure. Every page is one of an emulator that has 100 users, under other IDs each time: an emulator
//! of a million would be measured along with the iterator.

use std::process::{Command, ExitCode};
use std::time::Instant;

use descope::emulator::Emulator;
use descope::mgmt::role::RoleDetails;
use descope::mgmt::tenant::NewTenant;
use descope::mgmt::user::{BatchUser, UserProfile, UserSearch};
use descope::transport::{Request, Response, TransportError, http};
use descope::{Client, Credential, Error, Scope, TenantRoles};
use serde_json::{Value, json};

const PAGE: usize = 100;
const LIMIT: u64 = 8 * 1024;

/// A page of users as the emulator answers it.
fn template() -> Result<Value, Error> {
    let emulator = Emulator::new();
    let client = Client::builder().ignore_env().emulator(&emulator).build()?;
    client.mgmt().tenant().create("Acme", &NewTenant::default().id("acme"))?;
    client.mgmt().role().create(Scope::Project, "Reader", &RoleDetails::default())?;
    let user = |n: usize| {
        let profile = UserProfile::default()
            .name(format!("User {n}"))
            .email(format!("user{n}@example.com"))
            .verified_email(true)
            .roles(["Reader"])
            .tenants([TenantRoles::new("acme").roles(["Reader"])])
            .custom_attributes([("number", n)]);
        BatchUser::new(format!("user{n}@example.com")).profile(profile)
    };
    client.mgmt().user().create_batch(&(0..PAGE).map(user).collect::<Vec<_>>())?;
    let path = "/v2/mgmt/user/search";
    client.call(http::Method::POST, path, Credential::ManagementKey, &json!({ "limit": PAGE }))
}

/// The page that a request asks for, of so many.
fn page(template: &Value, request: &Request, total: usize) -> Response {
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let page = body["page"].as_u64().and_then(|page| usize::try_from(page).ok());
    let first = page.unwrap_or_default() * PAGE;
    let mut answer = template.clone();
    answer["total"] = json!(total);
    if let Some(users) = answer["users"].as_array_mut() {
        users.truncate(total.saturating_sub(first));
        for (user, n) in users.iter_mut().zip(first..) {
            user["userId"] = json!(format!("U2{n:025}"));
            user["loginIds"] = json!([format!("user{n}@example.com")]);
        }
    }
    Response::new(answer.to_string().into_bytes())
}

/// The peak of this process in KiB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn iterate(total: usize) -> Result<usize, Error> {
    let template = template()?;
    let client = Client::builder()
        .ignore_env()
        .project_id("P2abc")
        .management_key("key")
        .transport(move |request: Request| {
            Ok::<_, TransportError>(page(&template, &request, total))
        })
        .build()?;
    let search = UserSearch::default().limit(100);
    let mut count = 0;
    for user in client.mgmt().user().iter(&search) {
        count += usize::from(!user?.user_id.is_empty());
    }
    Ok(count)
}

/// Iterates in a process of its own and returns its peak.
fn measure(total: usize) -> Option<u64> {
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

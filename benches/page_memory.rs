//! The memory that iterating over users and over the audit trail takes:
//! `cargo bench --bench page_memory --features full,emulator`.
//!
//! Iterates over 10,000 and over 1,000,000 users and audit records, each in a process of its own, and
//! prints the peak of the resident memory (`VmHWM`). Fails if the two differ by more than 8 MiB. Linux
//! alone has the figure. Every page is one of an emulator that has 100 of them, under other IDs each time:
//! an emulator of a million would be measured along with the iterator.

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use descope::emulator::Emulator;
use descope::mgmt::audit::AuditSearch;
use descope::mgmt::role::RoleDetails;
use descope::mgmt::tenant::NewTenant;
use descope::mgmt::user::{BatchUser, UserProfile, UserSearch};
use descope::transport::{Request, Response, TransportError, http};
use descope::{Client, Credential, Error, Scope, TenantRoles};
use serde_json::{Value, json};

const PAGE: usize = 100;
const LIMIT: u64 = 8 * 1024;

/// What is iterated over.
#[derive(Clone, Copy)]
enum What {
    Users,
    Audit,
}

impl What {
    const ALL: [Self; 2] = [Self::Users, Self::Audit];

    /// The name on the command line, the path, and the names of the list, of an item's ID and of the size of
    /// a page.
    fn names(self) -> [&'static str; 5] {
        match self {
            Self::Users => ["users", "/v2/mgmt/user/search", "users", "userId", "limit"],
            Self::Audit => ["audit", "/v1/mgmt/audit/search", "audits", "ID", "size"],
        }
    }
}

/// A page as the emulator answers it: of `PAGE` users, or of the records of their creation.
fn template(what: What) -> Result<Value, Error> {
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
    let [_, path, _, _, size] = what.names();
    client.call(http::Method::POST, path, Credential::ManagementKey, &json!({ size: PAGE }))
}

/// The page that a request asks for, of so many.
fn page(what: What, template: &Value, request: &Request, total: usize) -> Response {
    let [_, _, list, id, _] = what.names();
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let page = body["page"].as_u64().and_then(|page| usize::try_from(page).ok());
    let first = page.unwrap_or_default() * PAGE;
    let mut answer = template.clone();
    answer["total"] = json!(total);
    if let Some(items) = answer[list].as_array_mut() {
        // The trail has fewer records than the page, as it has one for all users of a batch.
        let kinds = std::mem::take(items);
        items.extend(kinds.into_iter().cycle().take(PAGE.min(total.saturating_sub(first))));
        for (item, n) in items.iter_mut().zip(first..) {
            item[id] = json!(format!("U2{n:025}"));
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

fn iterate(what: What, total: usize) -> Result<usize, Error> {
    let template = template(what)?;
    let client = Client::builder()
        .ignore_env()
        .project_id("P2abc")
        .management_key("key")
        .transport(move |request: Request| {
            Ok::<_, TransportError>(page(what, &template, &request, total))
        })
        .build()?;
    let size = u32::try_from(PAGE).unwrap_or(u32::MAX);
    let mut count = 0;
    match what {
        What::Users => {
            for user in client.mgmt().user().iter(&UserSearch::default().limit(size)) {
                count += usize::from(!user?.user_id.is_empty());
            }
        }
        What::Audit => {
            for record in client.mgmt().audit().iter(&AuditSearch::default().limit(size)) {
                count += usize::from(!record?.id.is_empty());
            }
        }
    }
    Ok(count)
}

/// Iterates in a process of its own and returns its peak.
fn measure(what: What, total: usize) -> Option<u64> {
    let start = Instant::now();
    let program = std::env::current_exe().ok()?;
    let arguments = [format!("--what={}", what.names()[0]), format!("--total={total}")];
    let output = Command::new(program).args(arguments).stderr(Stdio::inherit()).output().ok()?;
    let peak = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
    let (name, seconds) = (what.names()[0], start.elapsed().as_secs_f64());
    println!("{total:>9} {name}: peak {peak} KiB, {seconds:.1} s");
    Some(peak)
}

/// The value of `--name=value`.
fn argument(name: &str) -> Option<String> {
    std::env::args().find_map(|argument| {
        Some(argument.strip_prefix("--")?.strip_prefix(name)?.strip_prefix('=')?.to_owned())
    })
}

fn main() -> ExitCode {
    let what = argument("what")
        .and_then(|name| What::ALL.into_iter().find(|what| what.names()[0] == name));
    if let (Some(what), Some(total)) = (what, argument("total").and_then(|it| it.parse().ok())) {
        return match iterate(what, total) {
            Ok(count) if count == total => {
                println!("{}", peak().unwrap_or_default());
                ExitCode::SUCCESS
            }
            other => {
                eprintln!("{total} {}: {other:?}", what.names()[0]);
                ExitCode::FAILURE
            }
        };
    }
    let mut outcome = ExitCode::SUCCESS;
    for what in What::ALL {
        match (measure(what, 10_000), measure(what, 1_000_000)) {
            (Some(few), Some(many)) if many.saturating_sub(few) <= LIMIT => {}
            _ => {
                eprintln!("{}: more than {LIMIT} KiB apart, or not measured", what.names()[0]);
                outcome = ExitCode::FAILURE;
            }
        }
    }
    outcome
}

//! What a process costs that checks one token and ends: `cargo bench --bench one_shot`.
//!
//! Each process is this program, started again: with a pinned key, with a stored key set, and with neither, where it
//! fetches the keys from a server that takes 80 milliseconds. They take turns, and their medians are compared. Exits
//! with 1 if the bar does not hold.
#![allow(missing_docs, reason = "benchmarks have no documentation")]

use std::env;
use std::fs;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use descope::Client;
use descope::keys::FileKeyStore;
use descope::transport::{Request, Response};
use serde_json::Value;

const CASE: &str = "DESCOPE_BENCH_CASE";
const FILE: &str = "DESCOPE_BENCH_FILE";
const CASES: [&str; 3] = ["pinned", "stored", "fetched"];
const RUNS: usize = 60;
/// The most that a stored set may cost beyond a pinned key, in milliseconds.
const BAR: f64 = 2.0;

fn recorded() -> Value {
    serde_json::from_str(include_str!("../tests/fixtures/tokens.json")).expect("JSON")
}

fn main() -> ExitCode {
    match env::var(CASE) {
        Ok(case) => {
            check_one_token(&case);
            ExitCode::SUCCESS
        }
        Err(_) => compare(),
    }
}

/// What a program such as a CGI does.
fn check_one_token(case: &str) {
    static FETCHES: AtomicUsize = AtomicUsize::new(0);
    let (recorded, file) = (recorded(), env::var(FILE).expect("a file"));
    let keys = recorded["jwks"].to_string();
    let builder = Client::builder()
        .ignore_env()
        .project_id("P2dummyproject0000000000000000")
        .transport(move |_: Request| {
            FETCHES.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(80));
            Ok(Response::new(keys.clone().into_bytes()))
        });
    let store = || FileKeyStore::new(&file).expect("a path");
    let builder = match case {
        "pinned" => builder.public_key(recorded["jwks"]["keys"][0].to_string()),
        "fetched" => builder,
        _ => builder.key_store(store()),
    };
    let client = builder.build().expect("a client");
    let token = recorded["tokens"]["session"].as_str().expect("a token");
    client.auth().session().validate(token).expect("a good token");
    let expected = usize::from(matches!(case, "fetched" | "saving"));
    assert_eq!(FETCHES.load(Ordering::Relaxed), expected, "{case}");
}

fn compare() -> ExitCode {
    let folder = env::temp_dir().join(format!("descope-bench-{}", std::process::id()));
    let file = folder.join("keys.json");
    let run = |case: &str| {
        let start = Instant::now();
        let mut command = Command::new(env::current_exe().expect("this program"));
        let status = command.env(CASE, case).env(FILE, &file).status().expect("a process");
        assert!(status.success(), "{case}");
        start.elapsed().as_secs_f64() * 1000.0
    };
    run("saving");
    let mut times = CASES.map(|_| Vec::new());
    for round in 0..RUNS {
        for turn in 0..CASES.len() {
            let case = (round + turn) % CASES.len();
            times[case].push(run(CASES[case]));
        }
    }
    fs::remove_dir_all(folder).expect("a folder");
    let [pinned, stored, fetched] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    println!("a process that checks one token, in milliseconds from start to end:");
    println!("  a pinned key {pinned:.2}, a stored key set {stored:.2}, keys fetched {fetched:.2}");
    let (more, holds) = (stored - pinned, stored - pinned <= BAR);
    let verdict = if holds { "holds" } else { "MISSED" };
    println!("  a stored set costs {more:.2} more (at most {BAR}: {verdict})");
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

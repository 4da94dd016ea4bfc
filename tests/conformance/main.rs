//! Replays calls that were recorded from the official Python SDKs through this crate's public API,
//! and compares what each sends and makes of the answer.
//!
//! A case is equal when the requests agree in server, method, path, query, bearer and body, and the
//! call ends alike: with an error where Python raises, which tells what the server said, and otherwise
//! with a result in which everything that Python returns can be found. Two things are no difference: a
//! member of the body that Python sends although the caller did not set it, without content (`null`,
//! `[]`, `{}`, `0`, `""`, and the flags of `compare.rs`), and the class of an error.
//!
//! Every other difference has its reason. Where the official SDKs disagree, Go's newest is followed:
//! `canon.rs` corrects the recording, and all of it is compared again. What is otherwise still stands in
//! `deviations.txt`, and methods of Python that no adapter calls in `absent.txt`. A difference
//! that stands nowhere fails the test, and so does an entry that no longer deviates. `bites.rs` shows
//! that the comparison sees what is wrong.
//!
//! With `--nocapture`, prints how many cases of each area were replayed, and writes the same as tables
//! in Markdown to the file that `CONFORMANCE_TABLE` names, if it is set. The figures of both versions
//! together go to `target/tmp/recordings.json`, for the guide's page on conformance. The recordings are
//! those of `tests/fixtures/conformance`, which its `convert.py` makes.

mod answer;
mod args;
mod auth;
mod bites;
mod canon;
mod case;
mod compare;
mod mgmt;
mod redirect;
mod session;
mod table;
mod tokens;
mod validation;
mod webauthn;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write};

use descope::{Client, Secret};

use args::{Args, Unsayable};
use case::Case;
use compare::{Outcome, differences};
use table::{Kind, Table};

const PROJECT: &str = "P2dummyproject0000000000000000";
const DEVIATIONS: &str = include_str!("deviations.txt");
const ABSENT: &str = include_str!("absent.txt");

/// What an adapter returns: how the call ended, or that Rust has no way to write it.
type Call = Result<descope::Result<String>, Unsayable>;

/// Shows a result, so that what the answer says can be looked for in it.
#[expect(clippy::unnecessary_wraps, reason = "what adapters return")]
fn shown<T: Debug>(result: descope::Result<T>) -> Call {
    Ok(result.map(|value| format!("{value:?}")))
}

/// Shows a result together with what its own `Debug` keeps secret, under the names of the wire.
fn bared<T: Debug, const N: usize>(
    result: descope::Result<T>,
    secrets: impl Fn(&T) -> [(&'static str, Option<&Secret>); N],
) -> Call {
    shown(result.map(|value| {
        let secrets = secrets(&value).into_iter();
        let bare = secrets.filter_map(|(name, secret)| Some((name, secret?.expose().to_owned())));
        (bare.collect::<BTreeMap<_, _>>(), value)
    }))
}

/// Makes a recorded call.
fn call(case: &Case, client: &Client, args: &Args<'_>) -> Call {
    let (area, method) = case.method();
    args.read("audience");
    match area {
        "client" => session::call(case, client, args),
        "oauth" | "saml" | "sso" => redirect::call(client, area, method, args),
        "webauthn" => webauthn::call(client, method, args),
        _ => match area.strip_prefix("mgmt.") {
            Some(area) => mgmt::call(client, area, method, args),
            None => auth::call(client, area, method, args),
        },
    }
}

/// What may differ, and why: names, or patterns with one `*`, to reasons.
fn listed(text: &'static str) -> Vec<(&'static str, &'static str)> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("no reason: {line}")))
        .collect()
}

fn covers(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
        None => pattern == name,
    }
}

#[test]
fn every_recording_is_equal_or_listed() {
    let (deviations, absent) = (listed(DEVIATIONS), listed(ABSENT));
    let (mut report, mut table) = (String::new(), Table::default());
    let mut used = BTreeSet::new();
    for case in case::all().filter(|case| case.area() != "_validation") {
        let name = format!("{}@{}", case.name, case.version);
        let find = |list: &[(&'static str, _)]| {
            let mut patterns = list.iter().map(|(pattern, _)| *pattern);
            patterns.find(|pattern| covers(pattern, &case.name) || covers(pattern, &name))
        };
        let (outcome, sent) = case.replay();
        let found = differences(&case, &outcome, &sent);
        let corrected = canon::corrected(&case).filter(|(_, corrected)| {
            let (outcome, sent) = corrected.replay();
            differences(corrected, &outcome, &sent).is_empty()
        });
        let (kind, entry) = match (&outcome, corrected) {
            (Outcome::Unsayable(Unsayable::NoAdapter), _) => (Kind::Absent, find(&absent)),
            _ if found.is_empty() => {
                table.add(&case, Kind::Equal, &sent);
                continue;
            }
            (_, Some((rule, _))) => (Kind::Canonical, Some(rule)),
            (Outcome::Unsayable(Unsayable::Type(_)), _) => (Kind::Unsayable, find(&deviations)),
            _ => (Kind::Listed, find(&deviations)),
        };
        table.add(&case, kind, &sent);
        match entry {
            Some(pattern) => _ = used.insert(pattern),
            None => writeln!(report, "{name}\n    {}", found.join("\n    ")).unwrap(),
        }
    }
    println!("{table}");
    if let Some(file) = std::env::var_os("CONFORMANCE_TABLE") {
        std::fs::write(file, table.to_string()).unwrap();
    }
    let figures = concat!(env!("CARGO_TARGET_TMPDIR"), "/recordings.json");
    std::fs::write(figures, table.figures().to_string()).unwrap();
    let entries = deviations.iter().chain(&absent).map(|(pattern, _)| *pattern);
    for stale in entries.chain(canon::patterns()).filter(|pattern| !used.contains(pattern)) {
        writeln!(report, "{stale} is listed but does not deviate").unwrap();
    }
    assert!(report.is_empty(), "{} lines\n{report}", report.lines().count());
    assert!(table.least_share() >= 950, "less than 95 % equal");
}

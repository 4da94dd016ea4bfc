//! Imports users from a CSV file.
//!
//! ```text
//! cargo run --example import_users --features mgmt-user,emulator -- [--dry-run] [FILE]
//! ```
//!
//! The columns are `login_id`, `email`, `phone`, `name`, `roles` (with semicolons between them) and
//! `bcrypt` (a hashed password); all but the first may be empty or missing. Users that are there
//! already are left alone, so that it can be run again after a failure. With `DESCOPE_PROJECT_ID` set
//! it works on that project, with the key in `DESCOPE_MANAGEMENT_KEY`; without, on the emulator.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use descope::emulator::Emulator;
use descope::mgmt::user::{BatchUser, HashedPassword, NewUser, UserSearch, Users};
use descope::{Client, RetryPolicy};
use serde::Deserialize;
use serde_json::json;

type Error = Box<dyn std::error::Error>;

/// Users in one call.
const BATCH: usize = 100;

/// One line of the file.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Person {
    login_id: String,
    email: String,
    phone: String,
    name: String,
    roles: String,
    bcrypt: String,
}

impl Person {
    fn into_user(self) -> BatchUser {
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        let mut user = NewUser::default();
        user.email = given(self.email);
        user.phone = given(self.phone);
        user.name = given(self.name);
        let roles = self.roles.split(';').map(str::trim).filter(|role| !role.is_empty());
        let mut user = BatchUser::new(self.login_id).user(user.roles(roles));
        user.hashed_password = given(self.bcrypt).map(|hash| HashedPassword::Bcrypt { hash });
        user
    }
}

/// What became of the file.
#[derive(Debug, Default)]
pub struct Report {
    /// Users that were created or, in a dry run, would be.
    pub created: usize,
    /// Users that were there already.
    pub present: usize,
    /// Lines that failed, and why.
    pub failed: Vec<(u64, String)>,
}

/// Imports users, a batch at a time: the file may be of any length.
///
/// An error ends the import; what `report` has by then stays done, and the next run goes on from there.
pub(crate) fn import(
    client: &Client,
    file: impl Read,
    dry_run: bool,
    report: &mut Report,
    mut progress: impl FnMut(&Report, u64),
) -> Result<(), Error> {
    // The client itself waits when Descope says that there were too many calls, and for how long.
    let patient =
        RetryPolicy::default().max_retries(10).wait_for_rate_limit(Duration::from_secs(600));
    let client = client.with_retry(patient).with_deadline(Duration::from_secs(3600));
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let headers = reader.headers()?.clone();
    let mut batch: Vec<(u64, BatchUser)> = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) if error.is_io_error() => return Err(error.into()),
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                report.failed.push((line, error.to_string()));
                continue;
            }
        };
        let (line, byte) = record.position().map_or((0, 0), |at| (at.line(), at.byte()));
        match record.deserialize::<Person>(Some(&headers)) {
            Ok(person) if person.login_id.is_empty() => {
                report.failed.push((line, "there is no login ID".to_owned()));
            }
            Ok(person) if batch.iter().any(|(_, user)| user.login_id == person.login_id) => {
                report.failed.push((line, format!("{} appears twice", person.login_id)));
            }
            Ok(person) => batch.push((line, person.into_user())),
            Err(error) => report.failed.push((line, error.to_string())),
        }
        if batch.len() == BATCH {
            create(&client, std::mem::take(&mut batch), dry_run, report)?;
            progress(report, byte);
        }
    }
    if !batch.is_empty() {
        create(&client, batch, dry_run, report)?;
    }
    progress(report, u64::MAX);
    Ok(())
}

/// Creates those users of a batch that are not there yet.
fn create(
    client: &Client,
    mut batch: Vec<(u64, BatchUser)>,
    dry_run: bool,
    report: &mut Report,
) -> Result<(), Error> {
    let users = client.mgmt().user();
    let named = UserSearch::default()
        .login_ids(batch.iter().map(|(_, user)| &*user.login_id))
        .with_test_users(true)
        .limit(BATCH.try_into()?);
    let mut present = HashSet::new();
    for user in users.iter(&named) {
        present.extend(user?.login_ids);
    }
    let count = batch.len();
    batch.retain(|(_, user)| !present.contains(&user.login_id));
    report.present += count - batch.len();
    if dry_run || batch.is_empty() {
        report.created += batch.len();
        return Ok(());
    }
    let (lines, new): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    send(users, &lines, &new, report)
}

fn send(
    users: Users<'_>,
    lines: &[u64],
    new: &[BatchUser],
    report: &mut Report,
) -> Result<(), Error> {
    match (users.create_batch(new), lines) {
        (Ok(outcome), _) => {
            report.created += outcome.created.len();
            for failure in outcome.failed {
                let line = failure.index.and_then(|at| lines.get(at)).copied().unwrap_or_default();
                report.failed.push((line, failure.reason));
            }
        }
        // The client refuses a batch for one bad user in it, before it is sent.
        (Err(error @ descope::Error::Argument { .. }), [line]) => {
            report.failed.push((*line, error.to_string()));
        }
        (Err(descope::Error::Argument { .. }), _) => {
            for (line, user) in lines.chunks(1).zip(new.chunks(1)) {
                send(users, line, user, report)?;
            }
        }
        (Err(error), _) => return Err(error.into()),
    }
    Ok(())
}

/// A client of the project in the environment, or of an emulator with the roles of the sample.
fn connect() -> Result<Client, Error> {
    if std::env::var_os("DESCOPE_PROJECT_ID").is_some_and(|id| !id.is_empty()) {
        return Ok(Client::from_env()?);
    }
    let emulator = Emulator::new();
    emulator.seed(&json!({ "roles": [{ "name": "Editor" }, { "name": "Reader" }] }))?;
    Ok(Client::builder().emulator(&emulator).build()?)
}

fn run(dry_run: bool, path: &str) -> Result<Report, Error> {
    let client = connect()?;
    let file = File::open(path).map_err(|error| format!("{path}: {error}"))?;
    let size = file.metadata()?.len().max(1);
    let mut report = Report::default();
    let outcome = import(&client, file, dry_run, &mut report, |report, byte| {
        let percent = byte.min(size) * 100 / size;
        let bar = "#".repeat(usize::try_from(percent / 5).unwrap_or_default());
        eprint!("\r[{bar:20}] {percent:3} %  {} users", report.created + report.present);
    });
    eprintln!();
    report.failed.sort_unstable();
    let verb = if dry_run { "to create" } else { "created" };
    println!("{} {verb}, {} already there", report.created, report.present);
    for (line, reason) in &report.failed {
        println!("line {line}: {reason}");
    }
    outcome.map_err(|error| format!("stopped: {error}; run it again to go on"))?;
    Ok(report)
}

fn main() -> ExitCode {
    let (flags, paths): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let dry_run = match &flags.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--dry-run"] => true,
        _ => {
            eprintln!("usage: import_users [--dry-run] [FILE]");
            return ExitCode::from(2);
        }
    };
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/users.csv");
    match run(dry_run, paths.first().map_or(sample, String::as_str)) {
        Ok(report) if report.failed.is_empty() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("import_users: {error}");
            ExitCode::from(1)
        }
    }
}

//! What it takes to import users at a rate limit: `cargo bench --bench bulk --features full,emulator`.
//!
//! An emulator on a port allows 500 calls in a minute of its clock. A program in a process of its own, for which
//! time passes only when it waits, imports 1,000 and 100,000 users, 20 in a call. Prints the peak of its resident
//! memory (`VmHWM`, which Linux alone has) and the time that passed on its clock. Then the program is killed ten
//! times on the way, and goes on from its checkpoint.
//!
//! Fails if the two peaks differ by more than 16 MiB, if the import takes over 3 % longer than so many calls
//! must at that rate, if a refusal of the emulator surfaces, or if a user is missing or there twice.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use descope::bulk::{BulkOptions, Checkpoint};
use descope::clock::Clock;
use descope::emulator::{Emulator, Server};
use descope::mgmt::user::{BatchUser, UserProfile};
use descope::{Client, RateLimit, RateLimits, UnixTime, ureq};

type Error = Box<dyn std::error::Error>;

const PER_MINUTE: u32 = 500;
const BATCH: usize = 20;
const MANY: usize = 100_000;
const LIMIT_KIB: u64 = 16 * 1024;
const KILLS: u64 = 10;
const CREATE: &str = "/v1/mgmt/user/create/batch";

/// A clock of this program and of the emulator, which passes only while somebody waits.
#[derive(Clone)]
struct Shared {
    emulator: String,
    agent: ureq::Agent,
    passed: Arc<Mutex<Duration>>,
}

impl Clock for Shared {
    fn unix(&self) -> UnixTime {
        UnixTime::from_seconds(1_700_000_000)
    }
    fn monotonic(&self) -> Duration {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn sleep(&self, time: Duration) {
        let milliseconds = time.as_micros().div_ceil(1000);
        let url = format!("{}/_emulator/advance", self.emulator);
        let body = format!(r#"{{"milliseconds":{milliseconds}}}"#);
        let request = self.agent.post(url).header("content-type", "application/json");
        let advanced = request.send(body);
        // A clock that the emulator does not follow would show in the result.
        drop(advanced);
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) += time;
    }
}

fn users(count: usize) -> impl Iterator<Item = BatchUser> {
    (0..count).map(|n| {
        let email = format!("user{n}@example.com");
        let profile = UserProfile::default().name(format!("User {n}")).email(&email);
        BatchUser::new(email).profile(profile)
    })
}

/// Imports, and prints the peak in KiB, the milliseconds that passed, and how many users failed.
fn import(url: &str, total: usize, notes: &Path) -> Result<(), Error> {
    let agent = ureq::Agent::config_builder().proxy(None).build().into();
    let clock = Shared { emulator: url.to_owned(), agent, passed: Arc::default() };
    let client = Client::builder()
        .ignore_env()
        .project_id(std::env::var("DESCOPE_PROJECT_ID")?)
        .management_key(std::env::var("DESCOPE_MANAGEMENT_KEY")?)
        .base_url(url)
        .clock(clock.clone())
        .rate_limits(RateLimits::none().total(RateLimit::per_minute(PER_MINUTE)))
        .build()?;
    let mut options = BulkOptions::default().batch(BATCH);
    if let Ok(saved) = fs::read(notes) {
        options.checkpoint = Some(serde_json::from_slice::<Checkpoint>(&saved)?);
    }
    let draft = notes.with_extension("draft");
    let report = client.mgmt().user().create_in_bulk(users(total), &options, |progress| {
        let saved = serde_json::to_vec(progress.checkpoint).unwrap_or_default();
        fs::write(&draft, saved).and_then(|()| fs::rename(&draft, notes)).is_ok()
    })?;
    let Checkpoint { position, failed, .. } = report.checkpoint;
    if !report.finished || position != total as u64 {
        return Err(format!("it ended at {position}").into());
    }
    println!("{} {} {failed}", peak().unwrap_or_default(), clock.monotonic().as_millis());
    Ok(())
}

/// The peak of this process in KiB.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// An emulator, and a place for the notes of those who import.
struct Stage {
    emulator: Emulator,
    server: Server,
    notes: PathBuf,
}

impl Stage {
    fn new(name: &str) -> Result<Self, Error> {
        let emulator = Emulator::builder().requests_per_minute(PER_MINUTE).build();
        let server = emulator.serve()?;
        let notes = format!("descope-bulk-{name}-{}", std::process::id());
        Ok(Self { emulator, server, notes: std::env::temp_dir().join(notes) })
    }

    fn start(&self, total: usize) -> Result<Child, Error> {
        let url = self.server.base_url();
        let child = Command::new(std::env::current_exe()?)
            .args([format!("--url={url}"), format!("--total={total}")])
            .arg(format!("--notes={}", self.notes.display()))
            .env("DESCOPE_PROJECT_ID", self.emulator.project_id())
            .env("DESCOPE_MANAGEMENT_KEY", self.emulator.management_key())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(child)
    }

    /// Imports to the end, and returns what the program prints.
    fn finish(&self, total: usize) -> Result<[u64; 3], Error> {
        let output = self.start(total)?.wait_with_output()?;
        if !output.status.success() {
            return Err("the import failed".into());
        }
        let text = String::from_utf8(output.stdout)?;
        let numbers: Vec<u64> = text.split_whitespace().filter_map(|it| it.parse().ok()).collect();
        <[u64; 3]>::try_from(numbers).map_err(|numbers| format!("it printed {numbers:?}").into())
    }

    /// Whether every user is there, and no one twice.
    fn is_complete(&self, total: usize) -> bool {
        let export = self.emulator.export();
        let users = export["users"].as_array().map_or(&[][..], Vec::as_slice);
        let unique: BTreeSet<_> =
            users.iter().filter_map(|user| user["loginId"].as_str()).collect();
        users.len() == total && unique.len() == total
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.notes);
    }
}

/// The time that so many users must take, in milliseconds: the first calls of each minute go at once.
fn ideal(total: usize) -> u64 {
    let calls = total.div_ceil(BATCH) as u64;
    (calls.div_ceil(u64::from(PER_MINUTE)) - 1) * 60_000
}

fn measure() -> Result<bool, Error> {
    let mut peaks = Vec::new();
    let mut good = true;
    for total in [1_000, MANY] {
        let stage = Stage::new("measure")?;
        let [peak, millis, failed] = stage.finish(total)?;
        let refused = stage.emulator.requests(CREATE) - total.div_ceil(BATCH) as u64;
        let (took, least) = (Duration::from_millis(millis), Duration::from_millis(ideal(total)));
        println!(
            "{total:>7} users: peak {peak} KiB, {took:.1?} of at least {least:?}, {failed} failed, \
             {refused} calls refused"
        );
        good &= failed == 0 && took <= least.mul_f64(1.03) && stage.is_complete(total);
        peaks.push(peak);
    }
    Ok(good && peaks[0] > 0 && peaks[1].saturating_sub(peaks[0]) <= LIMIT_KIB)
}

fn kill() -> Result<bool, Error> {
    let stage = Stage::new("kill")?;
    let calls = MANY.div_ceil(BATCH) as u64;
    for kill in 1..=KILLS {
        let mut child = stage.start(MANY)?;
        while stage.emulator.requests(CREATE) < calls * kill / (KILLS + 1) {
            if child.try_wait()?.is_some() {
                return Err("it ended before it was killed".into());
            }
            thread::sleep(Duration::from_millis(1));
        }
        child.kill()?;
        child.wait()?;
    }
    let [_, _, failed] = stage.finish(MANY)?;
    let again = stage.emulator.requests(CREATE) - calls;
    println!("{MANY:>7} users, killed {KILLS} times: {failed} failed, {again} calls more");
    Ok(failed == 0 && stage.is_complete(MANY))
}

/// The value of `--name=value`.
fn argument(name: &str) -> Option<String> {
    std::env::args().find_map(|argument| {
        Some(argument.strip_prefix("--")?.strip_prefix(name)?.strip_prefix('=')?.to_owned())
    })
}

fn main() -> ExitCode {
    let total = argument("total").and_then(|total| total.parse().ok());
    let outcome = match (argument("url"), total, argument("notes")) {
        (Some(url), Some(total), Some(notes)) => {
            import(&url, total, Path::new(&notes)).map(|()| true)
        }
        _ => measure().and_then(|good| Ok(kill()? && good)),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("not within the limits");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

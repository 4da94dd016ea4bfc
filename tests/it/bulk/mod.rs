//! Work on any number of items, on a clock that only waiting moves.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use descope::bulk::{BulkFailure, BulkOptions, Checkpoint};
use descope::clock::Clock;
use descope::emulator::Emulator;
use descope::mgmt::user::{BatchUser, UserProfile};
use descope::transport::http::StatusCode;
use descope::transport::{Request, Response, Transport, TransportError, TransportErrorKind};
use descope::{Client, ClientBuilder, RateLimits, RetryPolicy};

use crate::emulated::Impatient;

mod export;
mod kinds;
mod users;

const MINUTE: Duration = Duration::from_secs(60);
const CREATE: &str = "/v1/mgmt/user/create/batch";

/// An emulator that allows so many calls in each minute of its clock, and a wire to it that can be cut.
struct Service {
    emulator: Emulator,
    clock: Impatient,
    per_minute: u32,
    /// When calls came that were let through.
    arrivals: Mutex<Vec<Duration>>,
    refused: AtomicU64,
    /// After so many more of them the client hears nothing more. The last of them is done.
    left: AtomicU64,
    cut: AtomicBool,
}

/// No limit.
const NONE: u32 = u32::MAX;

impl Service {
    fn new(per_minute: u32) -> Arc<Self> {
        let emulator = Emulator::builder().requests_per_minute(per_minute).build();
        Arc::new(Self {
            clock: Impatient::new(&emulator),
            emulator,
            per_minute,
            arrivals: Mutex::default(),
            refused: AtomicU64::new(0),
            left: AtomicU64::new(u64::MAX),
            cut: AtomicBool::new(false),
        })
    }

    fn answer(&self, request: Request) -> Result<Response, TransportError> {
        let lost = || TransportError::new(TransportErrorKind::Closed, "cut");
        if self.cut.load(Ordering::Relaxed) {
            return Err(lost());
        }
        let now = self.clock.monotonic();
        let answer = self.emulator.transport().send(request)?;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Ok(answer);
        }
        self.arrivals.lock().unwrap().push(now);
        if self.left.fetch_sub(1, Ordering::Relaxed) != 1 {
            return Ok(answer);
        }
        self.cut.store(true, Ordering::Relaxed);
        Err(lost())
    }

    /// Cuts the wire with the answer to the call of this number, from 1.
    fn cut_after(&self, calls: u64) {
        self.left.store(calls, Ordering::Relaxed);
        self.cut.store(false, Ordering::Relaxed);
    }

    fn builder(self: &Arc<Self>) -> ClientBuilder {
        let service = Arc::clone(self);
        Client::builder()
            .emulator(&self.emulator)
            .clock(self.clock.clone())
            .transport(move |request: Request| service.answer(request))
    }

    fn client(self: &Arc<Self>, limits: RateLimits) -> Client {
        self.builder().rate_limits(limits).retry(RetryPolicy::none()).build().unwrap()
    }

    fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Asserts that no minute, wherever it begins, had more calls than allowed.
    #[track_caller]
    fn had_no_burst(&self) {
        let arrivals = self.arrivals.lock().unwrap();
        let allowed = usize::try_from(self.per_minute).unwrap();
        for window in arrivals.windows(allowed + 1) {
            assert!(window[allowed] > window[0] + MINUTE);
        }
    }

    /// The login IDs of all users.
    fn users(&self) -> Vec<String> {
        let export = self.emulator.export();
        let users = export["users"].as_array().map_or(&[][..], Vec::as_slice);
        users.iter().map(|user| user["loginId"].as_str().unwrap().to_owned()).collect()
    }

    /// Asserts that each of these users is there exactly once, and no other.
    #[track_caller]
    fn has_exactly(&self, wanted: impl Iterator<Item = String>) {
        let mut users = self.users();
        users.sort();
        let wanted: BTreeSet<String> = wanted.collect();
        assert!(users.iter().eq(&wanted), "{} users of {}", users.len(), wanted.len());
    }
}

fn people(count: usize) -> impl Iterator<Item = BatchUser> {
    (0..count).map(|n| {
        let profile = UserProfile::default().name(format!("User {n}"));
        BatchUser::new(login_id(n)).profile(profile)
    })
}

fn login_id(n: usize) -> String {
    format!("user{n}@example.com")
}

/// What a program keeps of its progress, as it would in a file.
#[derive(Default)]
struct Saved {
    checkpoint: Option<String>,
    failures: Vec<BulkFailure>,
}

impl Saved {
    fn note(&mut self, progress: &descope::bulk::Progress<'_>) -> bool {
        if progress.advanced > 0 {
            self.checkpoint = Some(serde_json::to_string(progress.checkpoint).unwrap());
            self.failures.extend_from_slice(progress.failures);
        }
        true
    }

    fn checkpoint(&self) -> Checkpoint {
        let text = self.checkpoint.as_deref().unwrap_or("{}");
        serde_json::from_str(text).unwrap()
    }

    fn options(&self) -> BulkOptions {
        BulkOptions::default().checkpoint(self.checkpoint())
    }
}

/// Position, created, unchanged, failed.
fn counts(checkpoint: &Checkpoint) -> [u64; 4] {
    [checkpoint.position, checkpoint.created, checkpoint.unchanged, checkpoint.failed]
}

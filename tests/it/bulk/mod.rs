//! Work on any number of items, on a clock that only waiting moves.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use descope::bulk::{BulkFailure, BulkOptions, Checkpoint};
use descope::clock::Clock;
use descope::emulator::Emulator;
use descope::mgmt::user::{BatchUser, UserProfile, UserSearch};
use descope::transport::http::StatusCode;
use descope::transport::{Request, Response, Transport, TransportError, TransportErrorKind};
use descope::{Client, ClientBuilder, RateLimits, RetryPolicy};

use crate::emulated::Impatient;

mod export;
mod kinds;
mod users;

const MINUTE: Duration = Duration::from_secs(60);
const CREATE: &str = "/v1/mgmt/user/create/batch";

/// An emulator behind a limit of calls for each minute of its clock, and a wire that can be cut.
struct Service {
    emulator: Emulator,
    clock: Impatient,
    per_minute: u64,
    /// The minute, and the calls in it.
    minute: Mutex<(u64, u64)>,
    /// When calls came that were let through.
    arrivals: Mutex<Vec<Duration>>,
    refused: AtomicU64,
    /// After so many more calls the client hears nothing more. The last of them is done.
    left: AtomicU64,
    cut: AtomicBool,
}

impl Service {
    fn new(per_minute: u64) -> Arc<Self> {
        let emulator = Emulator::new();
        Arc::new(Self {
            clock: Impatient::new(&emulator),
            emulator,
            per_minute,
            minute: Mutex::default(),
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
        let mut minute = self.minute.lock().unwrap();
        if minute.0 != now.as_secs() / 60 {
            *minute = (now.as_secs() / 60, 0);
        }
        minute.1 += 1;
        if minute.1 > self.per_minute {
            self.refused.fetch_add(1, Ordering::Relaxed);
            let mut refusal = Response::new(br#"{"errorCode":"E130429"}"#.to_vec());
            *refusal.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            let wait = 60 - now.as_secs() % 60;
            refusal.headers_mut().insert("retry-after", wait.into());
            return Ok(refusal);
        }
        drop(minute);
        self.arrivals.lock().unwrap().push(now);
        let last = self.left.fetch_sub(1, Ordering::Relaxed) == 1;
        if last {
            self.cut.store(true, Ordering::Relaxed);
        }
        let answer = self.emulator.transport().send(request);
        if last { Err(lost()) } else { answer }
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
            assert!(window[allowed] - window[0] > MINUTE);
        }
    }

    /// The login IDs of all users.
    fn users(&self) -> Vec<String> {
        let client = Client::builder().emulator(&self.emulator).build().unwrap();
        let all = client.mgmt().user().iter(&UserSearch::default());
        all.flat_map(|user| user.unwrap().login_ids).collect()
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

//! The memory that remembering against replays takes: `cargo bench --bench replay_memory --features web`.
//!
//! Lets a million different bodies pass a webhook within its window, and another million after it. Prints the growth of
//! the peak of the resident memory (`VmHWM`), and fails if it is more than 100 bytes for each that is remembered, or
//! if the second million takes more than the first. Linux alone has the figure. A guard remembers proofs in the same
//! memory, and each by 16 bytes of a digest likewise; bodies are cheaper to make.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use descope::clock::Clock;
use descope::web::{Webhook, WebhookError, WebhookOptions};
use descope::{Error, UnixTime};
use ring::hmac;

const EACH: u64 = 1_000_000;
const WINDOW: i64 = 70;
/// One of so many bodies is sent again.
const COPIES: usize = 100;
/// In bytes, for each that is remembered.
const LIMIT: u64 = 100;

/// A clock that is set.
#[derive(Clone, Default)]
struct At(Arc<AtomicI64>);

impl Clock for At {
    fn unix(&self) -> UnixTime {
        UnixTime::from_seconds(self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) {}
}

/// The peak of the resident memory so far, in KiB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Whether this body passes.
fn send(webhook: &Webhook, key: &hmac::Key, number: u64) -> Result<(), WebhookError> {
    let body = number.to_string();
    let tag = hmac::sign(key, body.as_bytes());
    webhook.verify_signature(STANDARD.encode(tag), body.as_bytes())
}

fn run() -> Result<bool, Error> {
    let (clock, key) = (At::default(), hmac::Key::new(hmac::HMAC_SHA256, b"a secret"));
    let window = Duration::from_secs(WINDOW.unsigned_abs());
    let capacity = usize::try_from(EACH).unwrap_or(usize::MAX);
    let options =
        WebhookOptions::default().clock(clock.clone()).replay_window(window).capacity(capacity);
    let webhook = Webhook::with_options(["a secret"], options)?;
    let Some(before) = peak() else {
        println!("there is no figure for the memory here");
        return Ok(true);
    };
    let mut grown = Vec::new();
    for round in 0..2 {
        let (start, first) = (Instant::now(), round * EACH);
        let passed = (first..first + EACH).filter(|n| send(&webhook, &key, *n).is_ok()).count();
        let replayed = (first..first + EACH)
            .step_by(COPIES)
            .filter(|n| send(&webhook, &key, *n) == Err(WebhookError::Replayed))
            .count();
        let growth = peak().unwrap_or_default().saturating_sub(before) * 1024;
        println!(
            "{passed} passed, and none of {replayed} copies: {} KiB more than before, {} bytes each, {:.1} s",
            growth / 1024,
            growth / EACH,
            start.elapsed().as_secs_f64(),
        );
        if passed != capacity || replayed != capacity / COPIES {
            return Ok(false);
        }
        grown.push(growth);
        clock.0.fetch_add(WINDOW + 1, Ordering::Relaxed);
    }
    Ok(grown[0] <= LIMIT * EACH && grown[1] <= grown[0] + grown[0] / 4)
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        other => {
            eprintln!("too much, or not remembered: {other:?}");
            ExitCode::FAILURE
        }
    }
}

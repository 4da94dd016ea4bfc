//! Sends what connectors have to send, in a thread of its own, so that no call waits for it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use ureq::Agent;

use crate::emulator::api::audit_stream::Due;
use crate::emulator::words::lock::lock;
use crate::transport::http::{StatusCode, Uri};
use crate::transport::ureq::Ureq;
use crate::transport::{Limits, Request, Transport};

/// Requests that wait. Further ones are given up.
const CAPACITY: usize = 10_000;
/// The waits before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(250)];
/// The limits of one try. What a receiver answers does not matter.
const LIMITS: Limits = Limits::new(Duration::from_secs(5), 64 * 1024);

/// What became of the events that connectors had to send; from
/// [`Emulator::deliver_events`](crate::emulator::Emulator::deliver_events).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deliveries {
    /// How many were sent, and answered with a status from 200 to 299.
    pub delivered: u64,
    /// How many were given up: after the last try, or because too many waited.
    pub failed: u64,
    /// How many were not sent, because the host of the connector's URL is not this machine
    /// ([`EmulatorBuilder::webhook_host`](crate::emulator::EmulatorBuilder::webhook_host)), or the connector cannot
    /// be used.
    pub withheld: u64,
    /// Why the last of those that failed or were withheld was.
    pub problem: Option<String>,
}

/// The requests of one project. They are made in order, one after the other.
#[derive(Default)]
pub(super) struct Courier(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Due>,
    /// Whether a thread makes them.
    busy: bool,
    /// Counts the times that all was given up.
    epoch: u64,
    report: Deliveries,
}

impl Queue {
    fn failed(&mut self, problem: String) {
        self.report.failed += 1;
        self.report.problem = Some(problem);
    }
}

impl Courier {
    /// Takes what is due; it is under way when this returns.
    pub(super) fn take(&self, due: Vec<Result<Due, String>>) {
        let mut queue = lock(&self.0.queue);
        for due in due {
            match due {
                Err(problem) => {
                    queue.report.withheld += 1;
                    queue.report.problem = Some(problem);
                }
                Ok(_) if queue.waiting.len() >= CAPACITY => {
                    queue.failed(format!("more than {CAPACITY} events wait"));
                }
                Ok(due) => queue.waiting.push_back(due),
            }
        }
        if queue.busy || queue.waiting.is_empty() {
            return;
        }
        let shared = Arc::clone(&self.0);
        let thread = thread::Builder::new().name("descope-webhooks".to_owned());
        // Without a thread, who waits for the events makes them.
        queue.busy = thread.spawn(move || shared.work()).is_ok();
    }

    /// Waits until nothing is left to do, and returns what was done since the last time.
    pub(super) fn finish(&self) -> Deliveries {
        let mut queue = lock(&self.0.queue);
        loop {
            if queue.busy {
                queue = self.0.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            } else if queue.waiting.is_empty() {
                return std::mem::take(&mut queue.report);
            } else {
                queue.busy = true;
                drop(queue);
                self.0.work();
                queue = lock(&self.0.queue);
            }
        }
    }

    /// Gives up what was not done, and forgets what was.
    pub(super) fn clear(&self) {
        let mut queue = lock(&self.0.queue);
        queue.waiting.clear();
        queue.report = Deliveries::default();
        queue.epoch += 1;
        self.0.changed.notify_all();
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Shared {
    /// Makes the requests until there are none.
    fn work(&self) {
        let mut queue = lock(&self.queue);
        while let Some(due) = queue.waiting.pop_front() {
            let epoch = queue.epoch;
            drop(queue);
            let outcome = self.deliver(&due, epoch);
            queue = lock(&self.queue);
            match outcome {
                _ if queue.epoch != epoch => {}
                Ok(()) => queue.report.delivered += 1,
                Err(problem) => queue.failed(problem),
            }
        }
        queue.busy = false;
        self.changed.notify_all();
    }

    fn deliver(&self, due: &Due, epoch: u64) -> Result<(), String> {
        let transport = transport(due.insecure);
        for pause in PAUSES {
            match attempt(&transport, &due.request) {
                Ok(()) => return Ok(()),
                Err((_, true)) if self.goes_on_after(pause, epoch) => {}
                Err((problem, _)) => return Err(problem),
            }
        }
        attempt(&transport, &due.request).map_err(|(problem, _)| problem)
    }

    /// Waits for this long, unless all is given up meanwhile.
    fn goes_on_after(&self, pause: Duration, epoch: u64) -> bool {
        let queue = lock(&self.queue);
        let goes_on = |queue: &mut Queue| queue.epoch == epoch;
        let waited = self.changed.wait_timeout_while(queue, pause, goes_on);
        waited.unwrap_or_else(PoisonError::into_inner).0.epoch == epoch
    }
}

/// Sends a request once. If it fails, says why, and whether it may go better the next time.
fn attempt(transport: &Ureq, request: &Request) -> Result<(), (String, bool)> {
    let mut request = request.clone();
    request.extensions_mut().insert(LIMITS);
    let place = place(request.uri());
    match transport.send(request).map(|answer| answer.status()) {
        Ok(status) if status.is_success() => Ok(()),
        Ok(status) => Err((format!("{place} answered {}", status.as_u16()), is_passing(status))),
        Err(error) => Err((error.to_string(), true)),
    }
}

/// Whether an answer says that it may go better the next time.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}

/// What may be shown of a URL: its path and query may be secret.
fn place(url: &Uri) -> String {
    let port = url.port_u16().map(|port| format!(":{port}"));
    format!("{}{}", url.host().unwrap_or_default(), port.unwrap_or_default())
}

/// A new connection each time, through no proxy.
#[cfg_attr(not(feature = "rustls"), allow(unused_variables))]
fn transport(insecure: bool) -> Ureq {
    let config = Agent::config_builder()
        .proxy(None)
        .user_agent(concat!("descope-emulator/", env!("CARGO_PKG_VERSION")));
    #[cfg(feature = "rustls")]
    let config =
        config.tls_config(ureq::tls::TlsConfig::builder().disable_verification(insecure).build());
    Agent::new_with_config(config.build()).into()
}

//! Threads that do batches, and the one that reads items and collects what became of them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::batches::{Batch, Batches, Name, Next};
use super::{BulkFailure, BulkOptions, BulkReport, Checkpoint, Progress, Settled};
use crate::client::Client;
use crate::clock::TICK;
use crate::error::{Error, Result};

const BATCH: usize = 100;
const IN_FLIGHT: usize = 4;
const MOST_IN_FLIGHT: usize = 64;
const PATIENCE: Duration = Duration::from_secs(60 * 60);

type Work<'w, T> = dyn Fn(&Client, &[T]) -> Result<Settled> + Sync + 'w;

/// What came of a batch; `None` if its thread panicked.
struct Done {
    number: u64,
    outcome: Option<Result<Outcome>>,
}

struct Outcome {
    items: u64,
    settled: Settled,
    failures: Vec<BulkFailure>,
}

impl Client {
    /// Does work on any number of items, in batches and at Descope's pace; see [`bulk`](crate::bulk).
    ///
    /// `work` gets a client whose calls wait for the rate limits, and a batch of items. It returns what became of
    /// each. It runs in several threads, and must do no harm if it does the same batch twice. The calls that it
    /// makes with this client are also repeated if an answer is lost, unlike other calls that change something.
    ///
    /// An error of `work` is about all items of its batch: see [how it works](crate::bulk#how-it-works). If `work`
    /// makes a call for each item, let it turn the refusal of a single item into [`Settled::failed`].
    ///
    /// `progress` is called in this thread, after each batch and ten times a second in between. If it returns
    /// `false`, the work stops as soon as the calls under way have ended.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::bulk::{BulkOptions, Settled};
    /// use descope::mgmt::tenant::NewTenant;
    ///
    /// // Any iterator, such as the lines of a file.
    /// let tenants = ["acme", "bletchley", "initech"].into_iter();
    /// let one_each = BulkOptions::default().batch(1).in_flight(8);
    /// let report = client.in_bulk(tenants, &one_each, |client, ids| {
    ///     let tenants = client.mgmt().tenant();
    ///     let mut settled = Settled::default();
    ///     for id in ids {
    ///         settled = match tenants.load(id) {
    ///             Ok(_) => settled.unchanged(1),
    ///             Err(error) if error.is_not_found() => {
    ///                 tenants.create(id, &NewTenant::default().id(*id))?;
    ///                 settled.created(1)
    ///             }
    ///             Err(error) => return Err(error),
    ///         };
    ///     }
    ///     Ok(settled)
    /// }, |progress| {
    ///     println!("{} done", progress.checkpoint.position);
    ///     true
    /// })?;
    /// assert_eq!((report.checkpoint.created, report.finished), (3, true));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first error of `work` that is not about the items;
    /// [`Error::Argument`](crate::Error::Argument) if there are fewer items than the checkpoint is past.
    pub fn in_bulk<T: Send>(
        &self,
        items: impl IntoIterator<Item = T>,
        options: &BulkOptions,
        work: impl Fn(&Client, &[T]) -> Result<Settled> + Sync,
        progress: impl FnMut(&Progress<'_>) -> bool,
    ) -> Result<BulkReport> {
        run(self, items.into_iter(), options, &|_| String::new(), None, &work, progress)
    }
}

/// Does bulk work; see [`Client::in_bulk`]. `name` is what a failure calls an item. Items with the same `key`, if
/// there is one, are done one after another.
pub(crate) fn run<T: Send>(
    client: &Client,
    mut items: impl Iterator<Item = T>,
    options: &BulkOptions,
    name: &Name<'_, T>,
    key: Option<&Name<'_, T>>,
    work: &Work<'_, T>,
    mut progress: impl FnMut(&Progress<'_>) -> bool,
) -> Result<BulkReport> {
    let checkpoint = options.checkpoint.clone().unwrap_or_default();
    for _ in 0..checkpoint.position {
        let lacking = Error::argument("checkpoint", "is past the end of the items");
        items.next().ok_or(lacking)?;
    }
    let size = options.batch.unwrap_or(BATCH).max(1);
    let threads = options.in_flight.unwrap_or(IN_FLIGHT).clamp(1, MOST_IN_FLIGHT);
    let stop = Arc::new(AtomicBool::new(false));
    let client = client.in_bulk_mode(options.patience.unwrap_or(PATIENCE), stop.clone());
    let (to_do, batches) = mpsc::channel();
    let (done, results) = mpsc::channel();
    let batches = Mutex::new(batches);
    thread::scope(|scope| {
        // It ends with this closure, and the threads with it.
        let to_do = to_do;
        // Before the scope waits for the threads, also if something here panics.
        let _stopping = Stopping(&stop);
        for _ in 0..threads {
            let (batches, done, client) = (&batches, done.clone(), &client);
            scope.spawn(move || serve(client, batches, &done, name, work));
        }
        drop(done);
        let batches = Batches::new(items, checkpoint.position, size, key);
        let collector = Collector {
            checkpoint,
            stop: &stop,
            under_way: VecDeque::new(),
            begun: 0,
            error: None,
        };
        collector.work(batches, &to_do, threads, &results, &mut progress)
    })
}

/// Makes threads that wait for their turn give up.
struct Stopping<'s>(&'s AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does batches until there are no more.
fn serve<T>(
    client: &Client,
    batches: &Mutex<Receiver<Batch<T>>>,
    done: &Sender<Done>,
    name: &Name<'_, T>,
    work: &Work<'_, T>,
) {
    loop {
        let batch = batches.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Batch { number, first, items, .. }) = batch else { return };
        let mut report = Reporting { done, result: Some(Done { number, outcome: None }) };
        let outcome = split(client, &items, work).map(|mut settled| {
            let failures = std::mem::take(&mut settled.failures).into_iter();
            let failures = failures.map(|(at, reason)| {
                let id = items.get(at).map(name).unwrap_or_default();
                BulkFailure { position: first + at as u64, id, reason }
            });
            Outcome { items: items.len() as u64, failures: failures.collect(), settled }
        });
        if let Some(result) = &mut report.result {
            result.outcome = Some(outcome);
        }
    }
}

/// Sends what came of a batch, also if its thread panics.
struct Reporting<'r> {
    done: &'r Sender<Done>,
    result: Option<Done>,
}

impl Drop for Reporting<'_> {
    fn drop(&mut self) {
        // Without a receiver, nobody wants it any more.
        let _ = self.result.take().map(|result| self.done.send(result));
    }
}

/// Does the work. If it fails because of what is in the batch, its halves go separately.
fn split<T>(client: &Client, items: &[T], work: &Work<'_, T>) -> Result<Settled> {
    let error = match work(client, items) {
        Err(error) if is_about_items(&error) => error,
        outcome => return outcome,
    };
    if items.len() < 2 {
        return Ok(Settled::default().failed(0, error.to_string()));
    }
    let half = items.len() / 2;
    let mut settled = split(client, &items[..half], work)?;
    settled.join(half, split(client, &items[half..], work)?);
    Ok(settled)
}

/// Whether it may be no error without some of the items, or with fewer of them.
fn is_about_items(error: &Error) -> bool {
    match error {
        Error::Argument { .. } => true,
        Error::Api(error) => matches!(error.status, 400 | 404 | 409 | 413 | 422),
        _ => false,
    }
}

/// Puts what came of batches in the order of the items.
struct Collector<'c> {
    checkpoint: Checkpoint,
    stop: &'c AtomicBool,
    /// What came of the batches behind the checkpoint, as far as that is known.
    under_way: VecDeque<Option<Outcome>>,
    /// The number of batches that were begun.
    begun: u64,
    error: Option<Error>,
}

impl Collector<'_> {
    fn work<T>(
        mut self,
        mut batches: Batches<'_, impl Iterator<Item = T>>,
        to_do: &Sender<Batch<T>>,
        threads: usize,
        results: &Receiver<Done>,
        progress: &mut dyn FnMut(&Progress<'_>) -> bool,
    ) -> Result<BulkReport> {
        let (mut finished, mut missing) = (false, 0);
        loop {
            while !finished && !self.is_stopped() && self.under_way.len() < threads {
                let batch = match batches.next(self.begun) {
                    Next::Batch(batch) => batch,
                    Next::Later => break,
                    Next::End => {
                        finished = true;
                        break;
                    }
                };
                if to_do.send(batch).is_err() {
                    break;
                }
                self.begun += 1;
                missing += 1;
                self.under_way.push_back(None);
            }
            if missing == 0 {
                break;
            }
            match results.recv_timeout(TICK) {
                Ok(result) => {
                    missing -= 1;
                    batches.ended(result.number);
                    self.note(result);
                    self.advance(progress);
                }
                Err(RecvTimeoutError::Timeout) => self.tell(0, &[], progress),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let finished = finished && self.under_way.is_empty();
        match self.error {
            Some(error) => Err(error),
            None => Ok(BulkReport { checkpoint: self.checkpoint, finished }),
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    fn note(&mut self, result: Done) {
        let oldest = self.begun - self.under_way.len() as u64;
        let at = usize::try_from(result.number - oldest).unwrap_or(usize::MAX);
        match result.outcome {
            Some(Ok(outcome)) => {
                if let Some(place) = self.under_way.get_mut(at) {
                    *place = Some(outcome);
                }
            }
            // Once it has stopped, calls that wait fail for that reason alone.
            Some(Err(_)) if self.is_stopped() => {}
            outcome => {
                self.error = outcome.and_then(Result::err);
                self.stop();
            }
        }
    }

    /// Moves the checkpoint past the batches that are done.
    fn advance(&mut self, progress: &mut dyn FnMut(&Progress<'_>) -> bool) {
        while let Some(Some(outcome)) = self.under_way.front_mut().map(Option::take) {
            self.under_way.pop_front();
            let Outcome { items, settled, failures } = outcome;
            let checkpoint = &mut self.checkpoint;
            checkpoint.position += items;
            checkpoint.created += settled.created;
            checkpoint.changed += settled.changed;
            checkpoint.deleted += settled.deleted;
            checkpoint.unchanged += settled.unchanged;
            checkpoint.failed += failures.len() as u64;
            self.tell(items, &failures, progress);
        }
    }

    fn tell(
        &mut self,
        advanced: u64,
        failures: &[BulkFailure],
        progress: &mut dyn FnMut(&Progress<'_>) -> bool,
    ) {
        // What a stopped run still achieves is told too, so that no failure is lost.
        let is_news = advanced > 0 || !self.is_stopped();
        if is_news && !progress(&Progress { checkpoint: &self.checkpoint, advanced, failures }) {
            self.stop();
        }
    }
}

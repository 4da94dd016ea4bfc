//! Reads the files batch by batch, and keeps count of what happens to their lines.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use descope::clock::Clock;
use descope::{Client, RetryPolicy};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::journal::{Journal, fingerprint};
use super::kinds::{Person, RoleLine, TenantLine};

type Error = Box<dyn std::error::Error>;

/// Lines that are worked off at once: as many users as one call creates.
const BATCH: usize = 100;

/// How to go about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Whether to change nothing.
    pub(crate) dry_run: bool,
    /// The most calls per minute.
    pub(crate) rate: Option<u32>,
    /// Where to keep the progress.
    pub(crate) journal: Option<PathBuf>,
}

/// What became of the lines so far.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Report {
    /// Lines whose object was created or, in a dry run, would be.
    pub(crate) created: usize,
    /// Lines whose object was changed or, in a dry run, would be.
    pub(crate) changed: usize,
    /// Lines whose object was already as the line says.
    pub(crate) unchanged: usize,
    /// Lines that failed.
    pub(crate) failures: Vec<Failure>,
}

impl Report {
    /// One line for people.
    pub(crate) fn summary(&self) -> String {
        let Self { created, changed, unchanged, failures } = self;
        format!(
            "{created} created, {changed} changed, {unchanged} unchanged, {} failed",
            failures.len()
        )
    }
}

/// A line that failed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Failure {
    /// The name of the file.
    pub(crate) file: String,
    /// The number of the line, from 1.
    pub(crate) line: u64,
    /// Why, for people.
    pub(crate) reason: String,
}

/// A line of a file, and its number.
pub(crate) type Line<T> = (u64, T);

/// The work under way.
pub(crate) struct Apply<'a> {
    pub(crate) client: Client,
    clock: &'a dyn Clock,
    options: Options,
    /// When the next call may be made, by the clock.
    next_call: Duration,
    report: Report,
    file: &'static str,
}

impl<'a> Apply<'a> {
    /// Work on the project of a client.
    pub(crate) fn new(client: &Client, clock: &'a dyn Clock, options: Options) -> Self {
        // The client itself waits when Descope says that there were too many calls, and for how long.
        let patient =
            RetryPolicy::default().max_retries(10).wait_for_rate_limit(Duration::from_secs(600));
        let client = client.with_retry(patient).with_deadline(Duration::from_secs(3600));
        let report = Report::default();
        Self { client, clock, options, next_call: clock.monotonic(), report, file: "" }
    }

    /// Works off the files of a folder.
    ///
    /// `progress` is called after each batch, with the percentage that is done. An error ends the work;
    /// what was done by then stays done.
    pub(crate) fn folder(
        &mut self,
        folder: &Path,
        mut progress: impl FnMut(&Report, u64),
    ) -> Result<(), Error> {
        let names = ["tenants.csv", "roles.csv", "users.csv"];
        let files = names.map(|name| folder.join(name));
        let key = fingerprint(self.client.project_id(), &files)?;
        let path = self.options.journal.clone().filter(|_| !self.options.dry_run);
        let mut journal = Journal::open(path, key)?;
        self.report = journal.report.clone();
        let sizes = files.clone().map(|file| file.metadata().map_or(0, |data| data.len()));
        let total = sizes.iter().sum::<u64>();
        if total == 0 {
            return Err(format!("{} has none of {}", folder.display(), names.join(", ")).into());
        }
        for (at, name) in names.into_iter().enumerate() {
            self.file = name;
            let before = sizes[..at].iter().sum::<u64>();
            let start = journal.at(name);
            let mut done = |apply: &mut Self, byte: u64, line: u64| {
                journal.note(name, byte, line, &apply.report)?;
                progress(&apply.report, (before + byte) * 100 / total);
                Ok(())
            };
            match name {
                "tenants.csv" => {
                    self.lines::<TenantLine>(&files[at], start, Self::tenants, &mut done)
                }
                "roles.csv" => self.lines::<RoleLine>(&files[at], start, Self::roles, &mut done),
                _ => self.lines::<Person>(&files[at], start, Self::users, &mut done),
            }?;
        }
        journal.finish()
    }

    /// Works off a file from a place on, a batch at a time: the file may be of any length.
    fn lines<T: DeserializeOwned>(
        &mut self,
        path: &Path,
        start: (u64, u64),
        work: fn(&mut Self, Vec<Line<T>>) -> Result<(), Error>,
        done: &mut dyn FnMut(&mut Self, u64, u64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            file => file?,
        };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
        let headers = reader.headers()?.clone();
        if start.0 > 0 {
            let mut position = csv::Position::new();
            position.set_byte(start.0).set_line(start.1);
            reader.seek(position)?;
        }
        let mut record = csv::StringRecord::new();
        loop {
            let mut batch = Vec::new();
            let mut more = true;
            while batch.len() < BATCH && more {
                match reader.read_record(&mut record) {
                    Ok(read) => more = read,
                    Err(error) if error.is_io_error() => return Err(error.into()),
                    Err(error) => {
                        let line = error.position().map_or(0, csv::Position::line);
                        self.fail(line, error.to_string());
                        continue;
                    }
                }
                let line = record.position().map_or(0, csv::Position::line);
                match record.deserialize::<T>(Some(&headers)) {
                    _ if !more => {}
                    Ok(item) => batch.push((line, item)),
                    Err(error) => self.fail(line, error.to_string()),
                }
            }
            if !batch.is_empty() {
                work(self, batch)?;
            }
            let end = reader.position();
            done(self, end.byte(), end.line())?;
            if !more {
                return Ok(());
            }
        }
    }

    /// Waits until a call may be made.
    pub(crate) fn pace(&mut self) {
        if let Some(rate) = self.options.rate {
            let now = self.clock.monotonic();
            self.clock.sleep(self.next_call.saturating_sub(now));
            self.next_call = self.next_call.max(now) + Duration::from_secs(60) / rate;
        }
    }

    /// Makes a call that changes something, unless this is a dry run, in which all succeed.
    pub(crate) fn change<T>(
        &mut self,
        call: impl FnOnce() -> descope::Result<T>,
    ) -> descope::Result<Option<T>> {
        if self.options.dry_run {
            return Ok(None);
        }
        self.pace();
        call().map(Some)
    }

    /// Counts what happened to lines.
    pub(crate) fn count(&mut self, count: impl FnOnce(&mut Report)) {
        count(&mut self.report);
    }

    /// Notes a line that failed.
    pub(crate) fn fail(&mut self, line: u64, reason: impl Into<String>) {
        let (file, reason) = (self.file.to_owned(), reason.into());
        self.report.failures.push(Failure { file, line, reason });
    }

    /// What became of a single object's call. Faults of the line are noted; other errors end the work.
    pub(crate) fn settle(
        &mut self,
        line: u64,
        outcome: descope::Result<Option<()>>,
        count: impl FnOnce(&mut Report),
    ) -> Result<(), Error> {
        match outcome {
            Ok(_) => count(&mut self.report),
            Err(error @ descope::Error::Argument { .. }) => self.fail(line, error.to_string()),
            // Descope refuses the object, not the caller.
            Err(error) if matches!(error.status(), Some(400 | 404 | 409)) => {
                self.fail(line, error.to_string());
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// What became of the lines.
    pub(crate) fn into_report(mut self) -> Report {
        self.report.failures.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        self.report
    }
}

//! Reads the files line by line, and keeps count of what happens to their lines.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use descope::Client;
use descope::bulk::{BulkOptions, Progress, Settled};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::journal::{Journal, fingerprint};
use super::kinds::{self, Mode};

type Error = Box<dyn std::error::Error>;

const FILES: [&str; 3] = ["tenants.csv", "roles.csv", "users.csv"];

/// How to go about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Whether to change nothing.
    pub(crate) dry_run: bool,
    /// Where to keep the progress.
    pub(crate) journal: Option<PathBuf>,
}

/// What became of the lines so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    /// Lines whose object was created or, in a dry run, would be.
    pub(crate) created: u64,
    /// Lines whose object was changed or, in a dry run, would be.
    pub(crate) changed: u64,
    /// Lines whose object was already as the line says.
    pub(crate) unchanged: u64,
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

/// A line of a file, or what is wrong with it.
pub(crate) type Line<T> = Result<T, String>;

type Work<T> = fn(&Client, Mode, &[Line<T>]) -> descope::Result<Settled>;

/// The work under way.
pub(crate) struct Apply {
    client: Client,
    options: Options,
    journal: Journal,
}

impl Apply {
    /// Work on the project of a client, at the pace of its rate limits.
    pub(crate) fn new(client: &Client, options: Options) -> Self {
        Self { client: client.clone(), options, journal: Journal::default() }
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
        let files = FILES.map(|name| folder.join(name));
        let key = fingerprint(self.client.project_id(), &files)?;
        let path = self.options.journal.clone().filter(|_| !self.options.dry_run);
        self.journal = Journal::open(path, key)?;
        let sizes = files.each_ref().map(|file| file.metadata().map_or(0, |data| data.len()));
        let total = sizes.iter().sum::<u64>();
        if total == 0 {
            return Err(format!("{} has none of {}", folder.display(), FILES.join(", ")).into());
        }
        for (at, name) in FILES.into_iter().enumerate() {
            let before = sizes[..at].iter().sum::<u64>();
            let mut done = |report: &Report, byte: u64| {
                progress(report, (before + byte) * 100 / total);
            };
            match name {
                "tenants.csv" => self.file(name, &files[at], kinds::tenants, &mut done),
                "roles.csv" => self.file(name, &files[at], kinds::roles, &mut done),
                _ => self.file(name, &files[at], kinds::users, &mut done),
            }?;
        }
        self.journal.finish()
    }

    /// Works off a file from where the journal says, a batch at a time: the file may be of any length.
    fn file<T: DeserializeOwned + Send + Sync>(
        &mut self,
        name: &str,
        path: &Path,
        work: Work<T>,
        done: &mut dyn FnMut(&Report, u64),
    ) -> Result<(), Error> {
        let file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            file => file?,
        };
        let size = file.metadata()?.len();
        let mode = if self.options.dry_run { Mode::DryRun } else { Mode::Change };
        let checkpoint = self.journal.at(name);
        let places = RefCell::new(Places::default());
        let mut lines = Lines::new(file, &places, checkpoint.position)?;
        // One batch after the other: a line may be about what an earlier line has created.
        let options = BulkOptions::default().checkpoint(checkpoint).in_flight(1);
        let (journal, mut failed) = (&mut self.journal, None);
        let note = |news: &Progress<'_>| {
            if news.advanced > 0 {
                let mut places = places.borrow_mut();
                let failures = news.failures.iter().map(|failure| Failure {
                    file: name.to_owned(),
                    line: places.line(failure.position),
                    reason: failure.reason.clone(),
                });
                failed = journal.note(name, news.checkpoint, failures.collect()).err();
                done(&journal.report(), places.advance(news.checkpoint.position));
            }
            failed.is_none()
        };
        let ended = self.client.in_bulk(
            &mut lines,
            &options,
            |client, lines| work(client, mode, lines),
            note,
        );
        match (failed, lines.failed) {
            (Some(error), _) => Err(error),
            (_, Some(error)) => Err(error.into()),
            _ => {
                ended?;
                done(&self.journal.report(), size);
                Ok(())
            }
        }
    }

    /// What became of the lines.
    pub(crate) fn into_report(self) -> Report {
        let mut report = self.journal.report();
        report.failures.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        report
    }
}

/// The lines of a file.
struct Lines<'p, T> {
    reader: csv::Reader<File>,
    headers: csv::StringRecord,
    places: &'p RefCell<Places>,
    /// Lines that are read and skipped.
    skipped: u64,
    /// Why the file could not be read to its end.
    failed: Option<csv::Error>,
    kind: std::marker::PhantomData<T>,
}

impl<'p, T> Lines<'p, T> {
    fn new(file: File, places: &'p RefCell<Places>, skipped: u64) -> Result<Self, csv::Error> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
        let headers = reader.headers()?.clone();
        places.borrow_mut().position = skipped;
        let kind = std::marker::PhantomData;
        Ok(Self { reader, headers, places, skipped, failed: None, kind })
    }
}

impl<T: DeserializeOwned> Iterator for Lines<'_, T> {
    type Item = Line<T>;

    fn next(&mut self) -> Option<Line<T>> {
        let mut record = csv::StringRecord::new();
        let (line, item) = match self.reader.read_record(&mut record) {
            Ok(false) => return None,
            Ok(true) => {
                let line = record.position().map_or(0, csv::Position::line);
                (line, record.deserialize(Some(&self.headers)).map_err(|error| error.to_string()))
            }
            Err(error) if error.is_io_error() => {
                self.failed = Some(error);
                return None;
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                (line, Err(error.to_string()))
            }
        };
        if let Some(skipped) = self.skipped.checked_sub(1) {
            self.skipped = skipped;
        } else {
            let place = (line, self.reader.position().byte());
            self.places.borrow_mut().read.push_back(place);
        }
        Some(item)
    }
}

/// Where the lines are that were read and are not yet done: their numbers, and the bytes at which they end.
#[derive(Default)]
struct Places {
    /// How many are done.
    position: u64,
    read: VecDeque<(u64, u64)>,
}

impl Places {
    fn line(&self, position: u64) -> u64 {
        let at = usize::try_from(position - self.position).ok();
        at.and_then(|at| self.read.get(at)).map_or(0, |(line, _)| *line)
    }

    /// Forgets the lines that are done, and returns where the last of them ends.
    fn advance(&mut self, position: u64) -> u64 {
        let mut end = 0;
        while self.position < position
            && let Some((_, byte)) = self.read.pop_front()
        {
            (self.position, end) = (self.position + 1, byte);
        }
        end
    }
}

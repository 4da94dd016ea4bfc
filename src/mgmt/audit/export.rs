//! The whole audit trail, written out.

use std::io::Write;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Audit, AuditRecord, AuditSearch};
use crate::UnixMillis;
use crate::client::Client;
use crate::clock::TICK;
use crate::error::{Error, Result};
use crate::json::DecodeError;
use crate::options::setters;
use crate::page::Page;

const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// # Export
impl Audit<'_> {
    /// Writes all records of a search as JSON lines, the oldest first, at Descope's pace; see
    /// [`bulk`](crate::bulk).
    ///
    /// One page is in memory at a time. The search's [`limit`](AuditSearch::limit) is the size of a page, and its
    /// [`page`](AuditSearch::page) and [`oldest_first`](AuditSearch::oldest_first) do not count. Without an end
    /// ([`to`](AuditSearch::to)), it ends now. Records that Descope adds later with an earlier time are not in the
    /// export: end it some minutes ago to have all.
    ///
    /// After each page, what was written is flushed, and `progress` is called with a checkpoint to save. It is
    /// also called ten times a second while the export waits. If it returns `false`, the export stops. To go on
    /// after a kill, cut the file to the checkpoint's [`bytes`](ExportCheckpoint::bytes), append to it, and pass
    /// the same search and the checkpoint. Each record is then in the file exactly once. The pages go by time,
    /// not by number, so that it does not matter how many old records Descope has dropped meanwhile.
    ///
    /// Each page is one call, which counts towards [`RateLimits::other`](crate::RateLimits::other).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada@example.com" }] }))?;
    /// # emulator.sign_in("ada@example.com")?;
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let place = std::env::temp_dir().join(format!("descope-export-{}", std::process::id()));
    /// use std::fs::{self, OpenOptions};
    /// use std::io::{self, ErrorKind, Seek, SeekFrom};
    ///
    /// use descope::mgmt::audit::{AuditSearch, ExportCheckpoint, ExportOptions};
    ///
    /// # fs::create_dir_all(&place)?;
    /// let (path, notes) = (place.join("audit.jsonl"), place.join("audit.checkpoint"));
    /// let checkpoint: ExportCheckpoint = match fs::read(&notes) {
    ///     Ok(saved) => serde_json::from_slice(&saved)?,
    ///     Err(error) if error.kind() == ErrorKind::NotFound => ExportCheckpoint::default(),
    ///     // It may be there: to begin again would erase the export.
    ///     Err(error) => return Err(error.into()),
    /// };
    /// let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(&path)?;
    /// file.set_len(checkpoint.bytes)?;
    /// file.seek(SeekFrom::End(0))?;
    ///
    /// // A kill leaves the old checkpoint or the new one, never half of one.
    /// let draft = notes.with_extension("draft");
    /// let save = |checkpoint: &ExportCheckpoint| -> io::Result<()> {
    ///     fs::write(&draft, serde_json::to_vec(checkpoint)?)?;
    ///     fs::rename(&draft, &notes)
    /// };
    /// let options = ExportOptions::default().checkpoint(checkpoint.clone());
    /// let (mut noted, mut saved) = (checkpoint, Ok(()));
    /// let report = client.mgmt().audit().export(&AuditSearch::default(), &file, &options, |checkpoint| {
    ///     if *checkpoint != noted {
    ///         noted.clone_from(checkpoint);
    ///         saved = save(checkpoint);
    ///     }
    ///     saved.is_ok()
    /// })?;
    /// saved?;
    /// assert!(report.finished);
    /// # assert_eq!(fs::read_to_string(&path)?.lines().count() as u64, report.checkpoint.records);
    /// # fs::remove_dir_all(&place)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Output`] if `to` cannot be written to; [`Error::Decode`]
    /// if the records do not come in order. What was written up to the last checkpoint is good.
    pub fn export(
        &self,
        search: &AuditSearch,
        mut to: impl Write,
        options: &ExportOptions,
        mut progress: impl FnMut(&ExportCheckpoint) -> bool,
    ) -> Result<ExportReport> {
        let stop = Arc::new(AtomicBool::new(false));
        let patience = options.patience.unwrap_or(PATIENCE);
        let client = self.0.0.in_bulk_mode(patience, stop.clone());
        let mut export =
            Export::new(&client, search, options.checkpoint.clone().unwrap_or_default());
        loop {
            let Some(page) = export.fetch(&client, &stop, &mut progress)? else {
                return Ok(ExportReport { checkpoint: export.at, finished: false });
            };
            let (lines, finished) = export.take(&page)?;
            to.write_all(&lines)
                .and_then(|()| to.flush())
                .map_err(|error| Error::Output(Arc::new(error)))?;
            export.at.bytes += lines.len() as u64;
            let goes_on = progress(&export.at);
            if finished || !goes_on {
                return Ok(ExportReport { checkpoint: export.at, finished });
            }
        }
    }
}

/// An export under way.
struct Export {
    search: AuditSearch,
    /// What the caller searches from.
    from: Option<UnixMillis>,
    at: ExportCheckpoint,
    /// The number of the page, counted from the checkpoint's time.
    page: u32,
    /// The most records that a page has had.
    full: usize,
    /// The first record of the last page that had nothing new.
    repeated: Option<String>,
}

impl Export {
    fn new(client: &Client, search: &AuditSearch, mut at: ExportCheckpoint) -> Self {
        let now = client.clock().unix();
        let until = *at.until.get_or_insert_with(|| search.to.unwrap_or_else(|| now.into()));
        let from = search.from;
        let search = search.clone().to(until).oldest_first(true);
        Self { search, from, at, page: 0, full: 0, repeated: None }
    }

    /// The next page; `None` once `progress` does not want it any more.
    fn fetch(
        &mut self,
        client: &Client,
        stop: &AtomicBool,
        progress: &mut dyn FnMut(&ExportCheckpoint) -> bool,
    ) -> Result<Option<Page<AuditRecord>>> {
        self.search.from = self.at.from.or(self.from);
        self.search.page = Some(self.page);
        let (search, at) = (&self.search, &self.at);
        thread::scope(|scope| {
            let (ended, end) = mpsc::channel::<()>();
            let fetching = scope.spawn(move || {
                let _ended = ended;
                client.mgmt().audit().search(search)
            });
            // Nothing is ever sent: the sender goes when the call ends.
            while matches!(end.recv_timeout(TICK), Err(RecvTimeoutError::Timeout)) {
                if !progress(at) {
                    stop.store(true, Ordering::Relaxed);
                }
            }
            let page = fetching.join().unwrap_or_else(|panic| resume_unwind(panic));
            if stop.load(Ordering::Relaxed) { Ok(None) } else { page.map(Some) }
        })
    }

    /// The lines of a page, less the records that were written before, and whether it is the last.
    fn take(&mut self, page: &Page<AuditRecord>) -> Result<(Vec<u8>, bool)> {
        let length = page.items.len();
        self.full = self.full.max(length);
        let seen = self.page as usize * self.full + length;
        let is_all = page.total.is_some_and(|total| total > 0 && seen as u64 >= total);
        let times = page.items.iter().filter_map(|record| record.occurred);
        if !is_all && !times.clone().is_sorted() {
            return Err(DecodeError::new("the records do not come oldest first").into());
        }
        let latest = times.max();
        let (mut lines, mut news) = (Vec::new(), 0_u64);
        let first = page.items.first().map(key);
        for record in &page.items {
            // Descope may round the time that we ask for.
            let is_early = record.occurred < self.at.from && record.occurred.is_some();
            let key = key(record);
            if is_early || self.at.recent.iter().any(|(_, known)| *known == key) {
                continue;
            }
            let unwritable = |_| DecodeError::new("a record cannot be written as JSON");
            serde_json::to_writer(&mut lines, record).map_err(unwritable)?;
            lines.push(b'\n');
            self.at.recent.push((record.occurred.or(latest).unwrap_or_default(), key));
            news += 1;
        }
        self.at.records += news;
        let is_last = is_all || length == 0 || news == 0 && length < self.full;
        if !is_last {
            self.turn(latest, (news == 0).then_some(first).flatten())?;
        }
        Ok((lines, is_last))
    }

    /// Turns to the page after one whose latest record is of this time.
    fn turn(&mut self, latest: Option<UnixMillis>, old: Option<String>) -> Result<()> {
        // A millisecond earlier, so that it does not matter whether Descope means that time too.
        let next = latest.map(|at| UnixMillis::from_millis(at.as_millis().saturating_sub(1)));
        let next = next.max(self.from);
        if next > self.at.from.or(self.from) {
            (self.at.from, self.page, self.repeated) = (next, 0, None);
            self.at.recent.retain(|(at, _)| Some(*at) >= next);
            return Ok(());
        }
        if old.is_some() && old == self.repeated {
            return Err(DecodeError::new("the pages of the search repeat").into());
        }
        self.repeated = old;
        self.page = self.page.saturating_add(1);
        Ok(())
    }
}

/// What tells a record from others.
fn key(record: &AuditRecord) -> String {
    if record.id.is_empty() {
        serde_json::to_string(record).unwrap_or_default()
    } else {
        record.id.clone()
    }
}

/// How to export the audit trail.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ExportOptions {
    /// Where an earlier export stopped. Defaults to the beginning.
    pub checkpoint: Option<ExportCheckpoint>,
    /// How long a call may wait for the rate limits before the export ends with an error. Defaults to an hour.
    pub patience: Option<Duration>,
}

setters!(ExportOptions { checkpoint: opt<ExportCheckpoint>, patience: opt_number<Duration> });

/// How far an export has come. It is meant to be saved: it can be written and read with serde.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct ExportCheckpoint {
    /// The number of records that were written.
    pub records: u64,
    /// The number of bytes that were written.
    pub bytes: u64,
    /// The end of the export, which stays the same when it goes on.
    until: Option<UnixMillis>,
    /// The records before this time are done.
    from: Option<UnixMillis>,
    /// The records from that time on that are done too.
    recent: Vec<(UnixMillis, String)>,
}

/// How an export has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportReport {
    /// How far it has come.
    pub checkpoint: ExportCheckpoint,
    /// Whether all records were written. `false` if `progress` has stopped it.
    pub finished: bool,
}

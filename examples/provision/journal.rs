//! Where the work stopped, in a file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use descope::bulk::Checkpoint;
use serde::{Deserialize, Serialize};

use super::apply::{Failure, Report};

type Error = Box<dyn std::error::Error>;

/// The progress, written after each batch. A batch that was done but not yet noted is done again, which
/// finds everything as it should be.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Journal {
    /// What it is about: another project or other files begin from the start.
    key: String,
    /// How far each file has come.
    files: BTreeMap<String, Checkpoint>,
    /// The lines that failed so far.
    failures: Vec<Failure>,
    #[serde(skip)]
    path: Option<PathBuf>,
}

impl Journal {
    /// Reads what an earlier run left behind, if it was about the same.
    pub(crate) fn open(path: Option<PathBuf>, key: String) -> Result<Self, Error> {
        let text = match path.as_ref().map(fs::read) {
            None => None,
            Some(Err(error)) if error.kind() == ErrorKind::NotFound => None,
            Some(text) => Some(text?),
        };
        // A file of something else is not ours to overwrite.
        let found: Option<Self> = text.map(|text| serde_json::from_slice(&text)).transpose()?;
        let found = found.filter(|found| found.key == key);
        Ok(Self { key, path, ..found.unwrap_or_default() })
    }

    /// From where to continue with a file.
    pub(crate) fn at(&self, file: &str) -> Checkpoint {
        self.files.get(file).cloned().unwrap_or_default()
    }

    /// Notes how far a file has come.
    pub(crate) fn note(
        &mut self,
        file: &str,
        checkpoint: &Checkpoint,
        failures: Vec<Failure>,
    ) -> Result<(), Error> {
        self.files.insert(file.to_owned(), checkpoint.clone());
        self.failures.extend(failures);
        let Some(path) = &self.path else { return Ok(()) };
        // A kill leaves the old file or the new one, never half of one.
        let draft = path.with_extension("draft");
        let mut written = File::create(&draft)?;
        written.write_all(&serde_json::to_vec(self)?)?;
        written.sync_all()?;
        Ok(fs::rename(draft, path)?)
    }

    /// What became of the lines of all files so far.
    pub(crate) fn report(&self) -> Report {
        let sum = |count: fn(&Checkpoint) -> u64| self.files.values().map(count).sum();
        Report {
            created: sum(|file| file.created),
            changed: sum(|file| file.changed),
            unchanged: sum(|file| file.unchanged),
            failures: self.failures.clone(),
        }
    }

    /// Forgets it all: the next run begins from the start.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        match self.path.as_ref().map(fs::remove_file) {
            Some(Err(error)) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// Stands for a project and the contents of files.
pub(crate) fn fingerprint(project_id: &str, files: &[impl AsRef<Path>]) -> Result<String, Error> {
    let mut hasher = DefaultHasher::new();
    let mut buffer = vec![0; 1 << 16];
    for path in files {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            file => file?,
        };
        loop {
            let length = file.read(&mut buffer)?;
            hasher.write(&buffer[..length]);
            if length == 0 {
                break;
            }
        }
        hasher.write_u8(0xff);
    }
    Ok(format!("{project_id} {:016x}", hasher.finish()))
}

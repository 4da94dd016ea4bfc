//! A file that only its owner can read, written so that nobody ever sees half of it.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::error::{StoreError, StoreErrorKind};

/// How long to wait before the next try to lock.
const PAUSE: Duration = Duration::from_millis(10);

/// The most that is read.
const LIMIT: u64 = 16 << 20;

/// A file that is replaced while it is opened is opened again, this many times.
const TRIES: usize = 1000;

/// Where the file is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    file: PathBuf,
    /// The next version, until it is complete.
    next: PathBuf,
}

impl Place {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { next: beside(&file, "new"), file }
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Whether there is neither a file nor a next version of it.
    pub(super) fn is_absent(&self) -> bool {
        let absent = |path| matches!(fs::symlink_metadata(path), Err(error) if error.kind() == ErrorKind::NotFound);
        absent(&self.file) && absent(&self.next)
    }

    /// What is in the file; `None` if there is none.
    pub(super) fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        read(&self.file)
    }

    /// Puts these bytes into the file's place. The writing lock must be held.
    pub(super) fn replace(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let written = self.write_next(bytes);
        if written.is_err() {
            // Half of a version is of no use.
            let _ = fs::remove_file(&self.next);
        }
        written
    }

    fn write_next(&self, bytes: &[u8]) -> Result<(), StoreError> {
        // Renaming would replace a file that is refused.
        open(&self.file, OpenOptions::new().read(true))?;
        let mut options = OpenOptions::new();
        let next = private(&mut options).write(true).create_new(true).open(&self.next);
        let mut next = next.map_err(|error| failed(&self.next, "created", &error))?;
        let written = next.write_all(bytes).and_then(|()| next.sync_all());
        written.map_err(|error| failed(&self.next, "written", &error))?;
        drop(next);
        self.put()
    }

    /// Renames the next version into its place, for good.
    fn put(&self) -> Result<(), StoreError> {
        fs::rename(&self.next, &self.file)
            .and_then(|()| sync_folder(&self.file))
            .map_err(|error| failed(&self.file, "replaced", &error))
    }

    /// Finishes what a process began that was killed before it could rename: a next version that is good
    /// takes its place, and another is deleted. The writing lock must be held.
    pub(super) fn recover(&self, is_good: impl FnOnce(&[u8]) -> bool) -> Result<(), StoreError> {
        match fs::symlink_metadata(&self.next) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            _ => {}
        }
        if let Ok(Some(bytes)) = read(&self.next)
            && is_good(&bytes)
        {
            // The file in its place must not be one that is refused.
            open(&self.file, OpenOptions::new().read(true))?;
            let next = File::open(&self.next).and_then(|next| next.sync_all());
            // Windows flushes only files that are open for writing; its rename is atomic all the same.
            if next.is_ok() || cfg!(windows) {
                return self.put();
            }
        }
        fs::remove_file(&self.next).map_err(|error| failed(&self.next, "deleted", &error))
    }

    /// Locks the file with this suffix beside the file, until what is returned is dropped.
    pub(super) fn lock(&self, suffix: &str, patience: Duration) -> Result<File, StoreError> {
        let path = beside(&self.file, suffix);
        self.make_folder()?;
        let mut options = OpenOptions::new();
        private(&mut options).read(true).write(true).create(true).truncate(false);
        let file = open(&path, &options)?;
        let file = file.ok_or_else(|| failed(&path, "opened", &ErrorKind::NotFound.into()))?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if start.elapsed() < patience => {
                    thread::sleep(PAUSE.min(patience));
                }
                Err(TryLockError::WouldBlock) => {
                    let text = format!(
                        "another process or thread has kept {} locked for {} s",
                        path.display(),
                        patience.as_secs()
                    );
                    return Err(StoreError::new(StoreErrorKind::Busy, text));
                }
                Err(TryLockError::Error(error)) => return Err(failed(&path, "locked", &error)),
            }
        }
    }

    /// Makes the folder, if there is none.
    fn make_folder(&self) -> Result<(), StoreError> {
        let Some(folder) = self.file.parent() else { return Ok(()) };
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|error| failed(folder, "created", &error))?;
        check_folder(folder)
    }
}

/// The path with something appended to its last part.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut text = OsString::from(path);
    text.push(".");
    text.push(suffix);
    text.into()
}

/// What failed, with the path.
fn failed(path: &Path, what: &str, error: &io::Error) -> StoreError {
    let text = format!("{} cannot be {what}: {error}", path.display());
    StoreError::new(StoreErrorKind::Failed, text)
}

/// Whoever reads it reads all of it.
fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
    let Some(file) = open(path, OpenOptions::new().read(true))? else { return Ok(None) };
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|error| failed(path, "read", &error))?;
    if bytes.len() as u64 > LIMIT {
        let text = format!("{} is too large for a file of tokens", path.display());
        return Err(StoreError::new(StoreErrorKind::Damaged, text));
    }
    Ok(Some(bytes))
}

/// Opens a file that is ours alone; `None` if there is none.
fn open(path: &Path, options: &OpenOptions) -> Result<Option<File>, StoreError> {
    if let Some(folder) = path.parent()
        && folder.exists()
    {
        check_folder(folder)?;
    }
    for _ in 0..TRIES {
        // Before it is opened: to open a pipe would wait for its other end.
        if let Some(found) = look(path)? {
            check_kind(path, &found)?;
        }
        let file = match options.open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(path, "opened", &error)),
        };
        let opened = file.metadata().map_err(|error| failed(path, "read", &error))?;
        check_kind(path, &opened)?;
        // What was opened must be what is there, and no link to it.
        if look(path)?.is_some_and(|found| is_same(&opened, &found)) {
            check_owner(path, &opened)?;
            return Ok(Some(file));
        }
    }
    Err(refused(path, "is replaced all the time"))
}

/// What is at this path; a link is not followed.
fn look(path: &Path) -> Result<Option<Metadata>, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, "read", &error)),
    }
}

fn check_kind(path: &Path, found: &Metadata) -> Result<(), StoreError> {
    if found.is_symlink() {
        return Err(refused(path, "is a symbolic link: use the path that it leads to"));
    }
    if !found.is_file() {
        return Err(refused(path, "is not a file"));
    }
    Ok(())
}

fn refused(path: &Path, why: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Unsafe, format!("{} {why}", path.display()))
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, found: &Metadata) -> bool {
    !found.is_symlink()
}

#[cfg(unix)]
fn check_owner(path: &Path, found: &Metadata) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt;
    let user = user().map_err(|error| failed(path, "checked", &error))?;
    if found.uid() != user {
        let why = format!("belongs to the user {}, and this is {user}", found.uid());
        return Err(refused(path, &why));
    }
    let mode = found.mode() & 0o777;
    if mode & 0o077 != 0 {
        let why = format!(
            "is open to others (mode {mode:03o}): run `chmod 600` on it, and sign in again if somebody may have \
             read it"
        );
        return Err(refused(path, &why));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_owner(_: &Path, _: &Metadata) -> Result<(), StoreError> {
    Ok(())
}

/// In a folder in which everybody can rename, everybody can replace the file and its lock.
#[cfg(unix)]
fn check_folder(folder: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(folder).map_err(|error| failed(folder, "read", &error))?;
    let (open, sticky) = (found.mode() & 0o002 != 0, found.mode() & 0o1000 != 0);
    if open && !sticky {
        return Err(refused(
            folder,
            "is a folder that everybody can write to: run `chmod 700` on it",
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_folder(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// The user that files of this process belong to. The standard library does not say, but a pipe belongs to the
/// user that makes it.
#[cfg(unix)]
fn user() -> io::Result<u32> {
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::MetadataExt;
    let (pipe, _) = io::pipe()?;
    Ok(File::from(OwnedFd::from(pipe)).metadata()?.uid())
}

/// Makes a rename last.
#[cfg(unix)]
fn sync_folder(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

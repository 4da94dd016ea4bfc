//! A file that others cannot change, written so that nobody ever sees half of it.

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

/// A file that is replaced while it is opened is opened again, this many times.
const TRIES: usize = 1000;

/// What other users of the machine may do with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    /// They may not even read it, since it holds secrets.
    Nothing,
    /// They may read it, but what it says is trusted: they can neither write it nor replace it.
    Read,
}

#[cfg(unix)]
impl Others {
    /// The permissions that they must not have.
    fn denied(self) -> u32 {
        match self {
            Self::Nothing => 0o077,
            Self::Read => 0o022,
        }
    }
}

/// Where the file is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    file: PathBuf,
    /// The next version, until it is complete.
    next: PathBuf,
    others: Others,
    /// The most that is read, in bytes.
    limit: u64,
}

impl Place {
    /// The place with this path, which must be that of a file. A relative path is taken from the current folder.
    pub(crate) fn new(path: &Path, others: Others, limit: u64) -> Result<Self, StoreError> {
        let absolute = std::path::absolute(path)
            .ok()
            .filter(|path| path.file_name().is_some() && path.parent().is_some());
        let Some(file) = absolute else {
            let text = format!("`{}` is not the path of a file", path.display());
            return Err(StoreError::new(StoreErrorKind::Failed, text));
        };
        Ok(Self { next: beside(&file, "new"), file, others, limit })
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Whether there is neither a file nor a next version of it.
    pub(crate) fn is_absent(&self) -> bool {
        let absent = |path| matches!(fs::symlink_metadata(path), Err(error) if error.kind() == ErrorKind::NotFound);
        absent(&self.file) && absent(&self.next)
    }

    /// What is in the file; `None` if there is none.
    pub(crate) fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        self.read_file(&self.file)
    }

    /// Whoever reads it reads all of it.
    fn read_file(&self, path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let Some(file) = open(path, OpenOptions::new().read(true), self.others)? else {
            return Ok(None);
        };
        let mut bytes = Zeroizing::new(Vec::new());
        let read = file.take(self.limit.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| failed(path, "read", &error))?;
        if bytes.len() as u64 > self.limit {
            let text = format!("{} is too large for what it is to hold", path.display());
            return Err(StoreError::new(StoreErrorKind::Damaged, text));
        }
        Ok(Some(bytes))
    }

    /// Puts these bytes into the file's place. The writing lock must be held.
    pub(crate) fn replace(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let written = self.write_next(bytes);
        if written.is_err() {
            // Half of a version is of no use.
            let _ = fs::remove_file(&self.next);
        }
        written
    }

    fn write_next(&self, bytes: &[u8]) -> Result<(), StoreError> {
        // Renaming would replace a file that is refused.
        open(&self.file, OpenOptions::new().read(true), self.others)?;
        let mut options = OpenOptions::new();
        let next =
            with_mode(&mut options, self.others).write(true).create_new(true).open(&self.next);
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
    pub(crate) fn recover(&self, is_good: impl FnOnce(&[u8]) -> bool) -> Result<(), StoreError> {
        match fs::symlink_metadata(&self.next) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            _ => {}
        }
        if let Ok(Some(bytes)) = self.read_file(&self.next)
            && is_good(&bytes)
        {
            // The file in its place must not be one that is refused.
            open(&self.file, OpenOptions::new().read(true), self.others)?;
            let next = open(&self.next, OpenOptions::new().read(true), self.others)?;
            let is_flushed = next.is_some_and(|next| next.sync_all().is_ok());
            // Windows flushes only files that are open for writing; its rename is atomic all the same.
            if is_flushed || cfg!(windows) {
                return self.put();
            }
        }
        fs::remove_file(&self.next).map_err(|error| failed(&self.next, "deleted", &error))
    }

    /// Locks the file with this suffix beside the file, until what is returned is dropped.
    pub(crate) fn lock(&self, suffix: &str, patience: Duration) -> Result<File, StoreError> {
        let path = beside(&self.file, suffix);
        self.make_folder()?;
        let mut options = OpenOptions::new();
        // Whoever can open a lock, if only to read it, can hold it for ever.
        let others = Others::Nothing;
        with_mode(&mut options, others).read(true).write(true).create(true).truncate(false);
        let file = open(&path, &options, others)?;
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
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o777 & !self.others.denied());
        builder.create(folder).map_err(|error| failed(folder, "created", &error))?;
        check_folder(folder, self.others)
    }
}

/// The path with something appended to its last part.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
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

/// Opens a file that others can do no more with than they may; `None` if there is none.
fn open(path: &Path, options: &OpenOptions, others: Others) -> Result<Option<File>, StoreError> {
    if let Some(folder) = path.parent()
        && folder.exists()
    {
        check_folder(folder, others)?;
    }
    for _ in 0..TRIES {
        // Before it is opened, to say what is wrong.
        check_found(path)?;
        let file = match open_itself(path, options) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                // Another user may have replaced it meanwhile.
                check_found(path)?;
                return Err(failed(path, "opened", &error));
            }
        };
        let opened = file.metadata().map_err(|error| failed(path, "read", &error))?;
        check_kind(path, &opened)?;
        // What was opened must be what is there, and no link to it.
        if look(path)?.is_some_and(|found| is_same(&opened, &found)) {
            check_owner(path, &opened, others)?;
            return Ok(Some(file));
        }
    }
    Err(refused(path, "is replaced all the time"))
}

/// Opens what is at this path and not what a link leads to, and does not wait for the other end of a pipe: where
/// others can make files, either may have come after the last look. A file that is created is created here.
#[cfg(unix)]
fn open_itself(path: &Path, options: &OpenOptions) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    options.clone().custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)
}

#[cfg(not(unix))]
fn open_itself(path: &Path, options: &OpenOptions) -> io::Result<File> {
    options.open(path)
}

/// Refuses what is at this path if it is not a file.
fn check_found(path: &Path) -> Result<(), StoreError> {
    look(path)?.map_or(Ok(()), |found| check_kind(path, &found))
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

/// A file that is made has the permissions that others may have. The umask may take some of them away.
#[cfg(unix)]
fn with_mode(options: &mut OpenOptions, others: Others) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o666 & !others.denied())
}

#[cfg(not(unix))]
fn with_mode(options: &mut OpenOptions, _: Others) -> &mut OpenOptions {
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
fn check_owner(path: &Path, found: &Metadata, others: Others) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt;
    check_user(path, found, others)?;
    let mode = found.mode() & 0o777;
    if mode & others.denied() == 0 {
        return Ok(());
    }
    let why = match others {
        Others::Nothing => format!(
            "is open to others (mode {mode:03o}): run `chmod 600` on it, and sign in again if somebody may have \
             read it"
        ),
        Others::Read => format!(
            "can be written by others (mode {mode:03o}): delete it, since somebody else may have written it"
        ),
    };
    Err(refused(path, &why))
}

/// What belongs to another user, that user can change. Root can change everything anyway, but what it has written
/// for itself is not for others to read.
#[cfg(unix)]
fn check_user(path: &Path, found: &Metadata, others: Others) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt;
    let user = user().map_err(|error| failed(path, "checked", &error))?;
    if found.uid() == user || (others == Others::Read && found.uid() == 0) {
        return Ok(());
    }
    let why = format!("belongs to the user {}, and this is {user}", found.uid());
    Err(refused(path, &why))
}

#[cfg(not(unix))]
fn check_owner(_: &Path, _: &Metadata, _: Others) -> Result<(), StoreError> {
    Ok(())
}

/// In a folder in which others can rename, they can replace the file and its lock. What they put into the place
/// of a secret is refused for its owner, so that only a folder that is open to everybody counts there.
#[cfg(unix)]
fn check_folder(folder: &Path, others: Others) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(folder).map_err(|error| failed(folder, "read", &error))?;
    let sticky = found.mode() & 0o1000 != 0;
    let (denied, why) = match others {
        Others::Nothing => {
            (0o002, "is a folder that everybody can write to: run `chmod 700` on it")
        }
        Others::Read => {
            check_user(folder, &found, others)?;
            (0o022, "is a folder that others can write to: run `chmod go-w` on it")
        }
    };
    if found.mode() & denied != 0 && !sticky {
        return Err(refused(folder, why));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_folder(_: &Path, _: Others) -> Result<(), StoreError> {
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

/// A folder for a test, which is deleted in the end.
#[cfg(test)]
pub(crate) struct Folder(PathBuf);

#[cfg(test)]
impl Folder {
    pub(crate) fn new() -> Self {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("descope-{}-{count}", std::process::id()));
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn names(&self) -> std::collections::BTreeSet<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

#[cfg(test)]
impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;
    use std::sync::mpsc;

    use super::*;

    /// What another user can put there between the look and the opening.
    #[test]
    fn neither_a_link_is_followed_nor_a_pipe_waited_for_when_it_comes_after_the_look() {
        let folder = Folder::new();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let mut create = OpenOptions::new();
        create.read(true).write(true).create(true).truncate(false);
        let mut read = OpenOptions::new();
        read.read(true);
        assert!(open_itself(&link, &create).is_err());
        assert!(!target.exists(), "nothing is created through a link");
        fs::write(&target, "x").unwrap();
        assert!(open_itself(&link, &create).is_err() && open_itself(&link, &read).is_err());
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let (opened, wait) = mpsc::channel();
        for options in [read.clone(), create.clone()] {
            let (path, opened) = (pipe.clone(), opened.clone());
            thread::spawn(move || opened.send(open_itself(&path, &options).is_ok()));
            wait.recv_timeout(Duration::from_secs(30)).expect("it does not wait");
        }
        let file = open_itself(&target, &read).unwrap();
        assert!(file.metadata().unwrap().is_file());
        let error = open(&pipe, &read, Others::Nothing).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unsafe);
    }
}

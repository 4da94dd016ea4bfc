//! Tokens in a file.

mod document;

use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use self::document::Document;
use super::{StoreLock, StoredTokens, TokenStore};
use crate::digest::{digest, hex};
use crate::disk::{Others, Place};
use crate::error::{StoreError, StoreErrorKind};

/// How long another process may take to write the file.
const WRITING: Duration = Duration::from_secs(30);

/// The most that is read.
const LIMIT: u64 = 16 << 20;

/// Keeps tokens in a file, which processes can share.
///
/// On Unix, only its owner can read the file (mode 0600 from its first byte), and a folder that has to be created
/// is closed to others (mode 0700). The file is refused, with
/// [`StoreErrorKind::Unsafe`](crate::StoreErrorKind::Unsafe), if others have any access to it, if it belongs to
/// another user, as when the program runs with `sudo`, if it is a symbolic link or another kind of file, or if
/// everybody can write to its folder. On Windows, the file inherits the permissions of its folder: choose one in the
/// user's profile, as [`of_program`](Self::of_program) does.
///
/// A new version is written to a file beside it, flushed to the disk, and put into its place by a rename. Readers thus
/// see the old or the new version, also after a crash. The tokens are not encrypted: whoever can act as the user can
/// read them. The feature `keyring` has a store that encrypts.
///
/// One file holds tokens under several names. Beside it are the lock files `FILE.lock`, for writing, and
/// `FILE.DIGEST.lock` per name, for renewals. They are empty and are never deleted, because a lock on a deleted file
/// locks nothing. The operating system unlocks when a process ends, however it ends. On network file systems, the
/// locks are as good as their support for `flock`.
///
/// ```
/// use descope::tokens::{FileStore, StoredTokens, TokenStore};
///
/// # let folder = std::env::temp_dir().join(format!("descope-file-store-{}", std::process::id()));
/// let store = FileStore::new(folder.join("tokens.json"))?;
/// store.save("ada", &StoredTokens::new("access").refresh_token("refresh"))?;
/// store.save("bob", &StoredTokens::new("other"))?;
/// assert_eq!(store.load("ada")?.unwrap().access_token.expose(), "access");
/// store.delete("bob")?;
/// assert!(store.load("bob")?.is_none());
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), descope::StoreError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileStore {
    place: Place,
}

impl FileStore {
    /// A store in the file with this path, which need not exist yet. A relative path is taken from the current
    /// folder of now.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Failed`] if the path is not that of a file, such as an empty one.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Ok(Self { place: Place::new(path.as_ref(), Others::Nothing, LIMIT)? })
    }

    /// A store in the file `tokens.json` of the folder in which a program with this name keeps its state:
    ///
    /// | system | folder |
    /// |---|---|
    /// | Windows | `%LOCALAPPDATA%\NAME` |
    /// | macOS | `~/Library/Application Support/NAME` |
    /// | others | `$XDG_STATE_HOME/NAME`, else `~/.local/state/NAME` |
    ///
    /// ```
    /// use descope::tokens::FileStore;
    ///
    /// let store = FileStore::of_program("my-tool")?;
    /// assert!(store.path().ends_with("my-tool/tokens.json"));
    /// # Ok::<(), descope::StoreError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Failed`] if the user has no such folder, or the name is not that of a folder.
    pub fn of_program(name: &str) -> Result<Self, StoreError> {
        let failed = |text: &str| StoreError::new(StoreErrorKind::Failed, text);
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', ':']) {
            return Err(failed("the name of the program cannot be that of a folder"));
        }
        let folder =
            state_folder().ok_or_else(|| failed("the user has no folder for the state"))?;
        Self::new(folder.join(name).join("tokens.json"))
    }

    /// The path of the file, which is absolute.
    pub fn path(&self) -> &Path {
        self.place.file()
    }

    fn read(&self) -> Result<Option<Document>, StoreError> {
        match self.place.read()? {
            Some(bytes) => Document::read(&bytes).map(Some).map_err(|error| self.about(&error)),
            None => Ok(None),
        }
    }

    /// Writes a new version of the file, unless there is nothing to change.
    fn change(&self, change: impl FnOnce(&mut Document) -> bool) -> Result<(), StoreError> {
        let _writing = self.lock_writing(WRITING)?;
        let mut document = self.read()?.unwrap_or_default();
        if change(&mut document) {
            self.place.replace(&Zeroizing::new(document.to_bytes()))?;
        }
        Ok(())
    }

    /// Locks the file for writing, and finishes what a process that was killed has begun.
    fn lock_writing(&self, patience: Duration) -> Result<File, StoreError> {
        let lock = self.place.lock("lock", patience)?;
        self.place.recover(|bytes| Document::read(bytes).is_ok())?;
        Ok(lock)
    }

    /// The same error, which names the file.
    fn about(&self, error: &StoreError) -> StoreError {
        StoreError::new(error.kind(), format!("{}: {error}", self.path().display()))
    }
}

impl TokenStore for FileStore {
    fn load(&self, name: &str) -> Result<Option<StoredTokens>, StoreError> {
        let Some(document) = self.read()? else { return Ok(None) };
        document.get(name).transpose().map_err(|error| self.about(&error))
    }

    /// Another damaged entry of the file is kept as it is. A damaged file is refused.
    fn save(&self, name: &str, tokens: &StoredTokens) -> Result<(), StoreError> {
        let entry = Document::entry(tokens)?;
        self.change(|document| {
            document.set(name, entry);
            true
        })
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        if self.place.is_absent() {
            return Ok(());
        }
        self.change(|document| document.remove(name))
    }

    fn lock(&self, name: &str, patience: Duration) -> Result<StoreLock, StoreError> {
        let hex = hex(&digest(name)[..8]);
        let lock = self.place.lock(&format!("{hex}.lock"), patience)?;
        drop(self.lock_writing(WRITING)?);
        Ok(StoreLock::new(lock))
    }
}

/// Where programs keep their state.
fn state_folder() -> Option<PathBuf> {
    let from = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        return from("LOCALAPPDATA");
    }
    let home = env::home_dir().filter(|home| home.is_absolute());
    if cfg!(target_os = "macos") {
        return Some(home?.join("Library/Application Support"));
    }
    from("XDG_STATE_HOME").or_else(|| Some(home?.join(".local/state")))
}

#[cfg(test)]
mod tests;

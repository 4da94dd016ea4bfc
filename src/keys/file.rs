//! A key set in a file.

use std::path::Path;
use std::time::Duration;

use super::{KeySet, KeyStore, StoreLock};
use crate::disk::{Others, Place};
use crate::error::{StoreError, StoreErrorKind};

/// How long another process may take to write the file.
const WRITING: Duration = Duration::from_secs(5);

/// The most that is read: a published set of 1 MiB, and what is around it.
const LIMIT: u64 = (1 << 20) + (64 << 10);

/// Keeps a key set in a file, which the processes of a machine share.
///
/// The keys are public, so on Unix everybody may read the file (mode 0644, less the umask): a job of root's can
/// keep the keys fresh for the processes of all users. What counts is who can write. The file is refused, with
/// [`StoreErrorKind::Unsafe`], if
///
/// * it belongs to another user than that of the process and root,
/// * its group or others can write to it,
/// * its folder belongs to another user than these two, or its group or others can write to it, unless the folder
///   is sticky as `/tmp` is,
/// * it is a symbolic link or another kind of file.
///
/// A folder that has to be created has mode 0755. On Windows, the file inherits the permissions of its folder:
/// choose one that other users cannot write to.
///
/// A new version is written to a file beside it and put into its place by a rename, so readers see the old or the
/// new version. Beside the file are `FILE.lock`, for writing, and `FILE.fetch.lock`, which a process holds while it
/// fetches. They are empty and are never deleted. The operating system unlocks when a process ends, however it
/// ends. A user who may read the file but not write beside it fetches without the lock and saves nothing.
///
/// At most about 1 MiB is read. Use one file per project and base URL: two clients with different ones would
/// overwrite each other's set.
///
/// ```
/// use descope::keys::{FileKeyStore, KeyStore};
///
/// # let emulator = descope::emulator::Emulator::new();
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// # let folder = std::env::temp_dir().join(format!("descope-file-keys-{}", std::process::id()));
/// let store = FileKeyStore::new(folder.join("keys.json"))?;
/// assert!(store.load()?.is_none());
/// let keys = client.key_set()?;
/// store.save(&keys)?;
/// assert_eq!(store.load()?, Some(keys));
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileKeyStore {
    place: Place,
}

impl FileKeyStore {
    /// A store in the file with this path, which need not exist yet. A relative path is taken from the current
    /// folder of now.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Failed`] if the path is not that of a file, such as an empty one.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Ok(Self { place: Place::new(path.as_ref(), Others::Read, LIMIT)? })
    }

    /// The path of the file, which is absolute.
    pub fn path(&self) -> &Path {
        self.place.file()
    }
}

impl KeyStore for FileKeyStore {
    fn load(&self) -> Result<Option<KeySet>, StoreError> {
        let Some(bytes) = self.place.read()? else { return Ok(None) };
        let text = std::str::from_utf8(&bytes);
        let read = match text {
            Ok(text) => KeySet::from_json(text),
            Err(_) => Err(StoreError::new(StoreErrorKind::Damaged, "it is not UTF-8")),
        };
        read.map(Some).map_err(|error| {
            StoreError::new(error.kind(), format!("{}: {error}", self.path().display()))
        })
    }

    fn save(&self, keys: &KeySet) -> Result<(), StoreError> {
        let _writing = self.place.lock("lock", WRITING)?;
        // What a process that was killed has left is of no use: another one will fetch.
        self.place.recover(|_| false)?;
        self.place.replace(keys.to_json().as_bytes())
    }

    fn lock(&self, patience: Duration) -> Result<StoreLock, StoreError> {
        self.place.lock("fetch.lock", patience).map(StoreLock::new)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::*;
    use crate::disk::Folder;
    use crate::time::UnixTime;

    fn set(at: i64) -> KeySet {
        let jwks: Arc<str> = r#"{"keys":[]}"#.into();
        KeySet::of("P2abc", "https://api.descope.com", jwks, UnixTime::from_seconds(at))
    }

    #[test]
    fn a_set_is_replaced_and_only_locks_are_beside_it() {
        let folder = Folder::new();
        let store = FileKeyStore::new(folder.path().join("keys.json")).unwrap();
        assert_eq!(store.load().unwrap(), None);
        assert!(folder.names().is_empty(), "a store that is only read makes no file");
        for at in 1..4 {
            store.save(&set(at)).unwrap();
            assert_eq!(store.load().unwrap(), Some(set(at)));
        }
        let lock = store.lock(Duration::ZERO).unwrap();
        assert_eq!(store.lock(Duration::ZERO).unwrap_err().kind(), StoreErrorKind::Busy);
        store.save(&set(4)).unwrap();
        drop(lock);
        drop(store.lock(Duration::ZERO).unwrap());
        let names: Vec<_> = folder.names().into_iter().collect();
        assert_eq!(names, ["keys.json", "keys.json.fetch.lock", "keys.json.lock"]);
        // Half of a version, as of a process that was killed.
        fs::write(folder.path().join("keys.json.new"), "{").unwrap();
        store.save(&set(5)).unwrap();
        assert_eq!((store.load().unwrap(), folder.names().len()), (Some(set(5)), 3));
    }

    #[test]
    fn what_is_broken_or_too_large_is_damaged_and_can_be_replaced() {
        let folder = Folder::new();
        let store = FileKeyStore::new(folder.path().join("keys.json")).unwrap();
        store.save(&set(1)).unwrap();
        for content in [&b""[..], b"{", b"\xff\xfe", &[b'['; 100_000]] {
            fs::write(store.path(), content).unwrap();
            let error = store.load().unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Damaged);
            assert!(error.to_string().contains("keys.json"), "{error}");
        }
        fs::File::options().write(true).open(store.path()).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(store.load().unwrap_err().kind(), StoreErrorKind::Damaged);
        store.save(&set(2)).unwrap();
        assert_eq!(store.load().unwrap(), Some(set(2)));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_could_have_written_is_refused_and_one_that_they_can_read_is_not() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let folder = Folder::new();
        let store = FileKeyStore::new(folder.path().join("new/keys.json")).unwrap();
        store.save(&set(1)).unwrap();
        let inner = folder.path().join("new");
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        let change = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        assert_eq!(mode(store.path()) & 0o700, 0o600);
        assert_eq!((mode(store.path()) & 0o133, mode(&inner) & 0o022), (0, 0));
        let lock = folder.path().join("new/keys.json.lock");
        assert_eq!(mode(&lock) & 0o077, 0, "who can open a lock can hold it for ever");
        let kind = || store.load().err().map(|error| error.kind());
        for (file, refused) in [
            (0o600, false),
            (0o644, false),
            (0o640, false),
            (0o664, true),
            (0o646, true),
            (0o666, true),
        ] {
            change(store.path(), file);
            assert_eq!(kind(), refused.then_some(StoreErrorKind::Unsafe), "{file:o}");
            assert_eq!(store.save(&set(1)).is_err(), refused, "{file:o}");
        }
        change(store.path(), 0o644);
        for (mode, refused) in
            [(0o755, false), (0o700, false), (0o775, true), (0o777, true), (0o1777, false)]
        {
            change(&inner, mode);
            assert_eq!(kind(), refused.then_some(StoreErrorKind::Unsafe), "{mode:o}");
        }
        change(&inner, 0o755);
        let link = folder.path().join("new/link.json");
        std::os::unix::fs::symlink(store.path(), &link).unwrap();
        let linked = FileKeyStore::new(&link).unwrap();
        assert_eq!(linked.load().unwrap_err().kind(), StoreErrorKind::Unsafe);
    }
}

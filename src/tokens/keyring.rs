//! Tokens in the operating system's keyring. Feature `keyring`.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{FileStore, StoreLock, StoredTokens, TokenStore};
use crate::digest::{digest, hex};
use crate::error::{StoreError, StoreErrorKind};
use crate::secret::Secret;

/// The most bytes of one entry. Windows takes 2560.
const LIMIT: usize = 2400;

/// The most entries that tokens are spread over: some two megabytes.
const MAX_PARTS: usize = 1024;

/// Keeps tokens in the keyring of the operating system, which encrypts them.
///
/// | system | keyring |
/// |---|---|
/// | Windows | Credential Manager |
/// | macOS | Keychain |
/// | Linux, BSD | Secret Service, such as GNOME Keyring or `KWallet`, over D-Bus, by the crate `zbus` |
///
/// A server or container has no keyring as a rule: use a [`FileStore`] there, or if this store fails with
/// [`StoreErrorKind::Failed`]. The keyring may ask the user to unlock it, and waits for the answer.
///
/// A keyring has no lock for renewals, so this store locks a file, as a [`FileStore`] does. That file holds no token.
/// Windows limits the size of an entry, so long tokens are spread over several entries.
///
/// ```no_run
/// use descope::tokens::{KeyringStore, TokenSource};
///
/// # let client = descope::Client::new("P2abc")?;
/// let store = KeyringStore::new("my-tool")?;
/// let source = TokenSource::session(&client, store, "default");
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone)]
pub struct KeyringStore {
    service: String,
    vault: Arc<dyn Vault>,
    locks: FileStore,
}

impl KeyringStore {
    /// A store of the program with this name, whose lock files are in its folder; see
    /// [`FileStore::of_program`].
    ///
    /// # Errors
    ///
    /// As for [`FileStore::of_program`].
    pub fn new(service: &str) -> Result<Self, StoreError> {
        Ok(Self::with_locks(service, FileStore::of_program(service)?))
    }

    /// A store whose lock files are in this folder.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Failed`] if the path is not that of a folder.
    pub fn with_lock_folder(service: &str, folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        Ok(Self::with_locks(service, FileStore::new(folder.as_ref().join("keyring"))?))
    }

    fn with_locks(service: &str, locks: FileStore) -> Self {
        Self { service: service.to_owned(), vault: Arc::new(System), locks }
    }

    fn get(&self, entry: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        self.vault.get(&self.service, entry)
    }

    fn head(&self, name: &str) -> Result<Option<Head>, StoreError> {
        let Some(bytes) = self.get(name)? else { return Ok(None) };
        let head: Head = serde_json::from_slice(&bytes).map_err(|_| damaged(name))?;
        match head.version {
            1 if head.parts > MAX_PARTS => Err(damaged(name)),
            1 => Ok(Some(head)),
            _ => Err(StoreError::new(
                StoreErrorKind::TooNew,
                format!("a newer version of the program has written the entry `{name}`"),
            )),
        }
    }

    fn delete_parts(&self, name: &str, head: &Head) -> Result<(), StoreError> {
        let parts = (0..head.parts).map(|at| part(name, &head.digest, at));
        parts.into_iter().try_for_each(|part| self.vault.delete(&self.service, &part))
    }
}

/// The entry with the name itself. The parts have names of their own, so that a new version's parts are
/// complete before its head replaces the old one.
#[derive(Deserialize, Serialize)]
struct Head {
    version: u32,
    /// How many entries the tokens are spread over.
    parts: usize,
    /// The digest of the tokens, as hexadecimal digits.
    digest: String,
    /// Whether they are being deleted. If that fails half-way, the next time knows which parts are left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
}

impl Head {
    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

fn part(name: &str, digest: &str, at: usize) -> String {
    format!("{name}#{digest}#{at}")
}

fn fingerprint(text: &str) -> String {
    hex(&digest(text)[..16])
}

fn damaged(name: &str) -> StoreError {
    let text =
        format!("the entry `{name}` of the keyring cannot be read: delete it, and sign in again");
    StoreError::new(StoreErrorKind::Damaged, text)
}

impl TokenStore for KeyringStore {
    fn load(&self, name: &str) -> Result<Option<StoredTokens>, StoreError> {
        let mut head = match self.head(name)? {
            Some(head) if !head.deleted => head,
            _ => return Ok(None),
        };
        // Another process may replace the parts between the reading of the head and of the last part.
        for _ in 0..100 {
            let mut bytes = Zeroizing::new(Vec::new());
            let mut missing = false;
            for at in 0..head.parts {
                match self.get(&part(name, &head.digest, at))? {
                    Some(part) => bytes.extend_from_slice(&part),
                    None => missing = true,
                }
            }
            if !missing {
                let text = std::str::from_utf8(&bytes).map_err(|_| damaged(name))?;
                if fingerprint(text) != head.digest {
                    return Err(damaged(name));
                }
                return StoredTokens::from_json(text).map(Some);
            }
            match self.head(name)? {
                None => return Ok(None),
                Some(now) if now.deleted => return Ok(None),
                Some(now) if now.digest == head.digest => return Err(damaged(name)),
                Some(now) => head = now,
            }
        }
        Err(damaged(name))
    }

    fn save(&self, name: &str, tokens: &StoredTokens) -> Result<(), StoreError> {
        let text: Secret = tokens.to_json();
        let old = self.head(name).unwrap_or_default();
        let chunks: Vec<_> = text.expose().as_bytes().chunks(LIMIT).collect();
        let (parts, digest) = (chunks.len(), fingerprint(text.expose()));
        let head = Head { version: 1, parts, digest, deleted: false };
        for (at, chunk) in chunks.iter().enumerate() {
            self.vault.set(&self.service, &part(name, &head.digest, at), chunk)?;
        }
        self.vault.set(&self.service, name, &head.to_json())?;
        // The tokens are safe. Old parts that stay are a nuisance at most.
        if let Some(stale) = old.filter(|old| old.digest != head.digest) {
            let _ = self.delete_parts(name, &stale);
        }
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        match self.head(name) {
            Ok(None) => return Ok(()),
            Ok(Some(head)) => {
                let head = Head { deleted: true, ..head };
                self.vault.set(&self.service, name, &head.to_json())?;
                self.delete_parts(name, &head)?;
            }
            // What it had named cannot be known any more.
            Err(error) if error.kind() != StoreErrorKind::Failed => {}
            Err(error) => return Err(error),
        }
        self.vault.delete(&self.service, name)
    }

    fn lock(&self, name: &str, patience: Duration) -> Result<StoreLock, StoreError> {
        self.locks.lock(name, patience)
    }
}

impl fmt::Debug for KeyringStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringStore").field("service", &self.service).finish_non_exhaustive()
    }
}

/// Entries with a service and a name.
trait Vault: Send + Sync {
    fn get(&self, service: &str, entry: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError>;
    fn set(&self, service: &str, entry: &str, bytes: &[u8]) -> Result<(), StoreError>;
    fn delete(&self, service: &str, entry: &str) -> Result<(), StoreError>;
}

/// The operating system's.
struct System;

impl Vault for System {
    fn get(&self, service: &str, entry: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        match open(service, entry)?.get_secret() {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    fn set(&self, service: &str, entry: &str, bytes: &[u8]) -> Result<(), StoreError> {
        open(service, entry)?.set_secret(bytes).map_err(|error| failed(&error))
    }

    fn delete(&self, service: &str, entry: &str) -> Result<(), StoreError> {
        match open(service, entry)?.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }
}

fn open(service: &str, entry: &str) -> Result<keyring::Entry, StoreError> {
    // If there is no keyring, its status says why.
    let status = keyring::Entry::store_status().as_ref();
    status.map_err(failed)?;
    keyring::Entry::new(service, entry).map_err(|error| failed(&error))
}

/// Some errors have the entry's bytes, which are not shown.
fn failed(error: &keyring::Error) -> StoreError {
    let text = match error {
        keyring::Error::BadEncoding(_) | keyring::Error::BadDataFormat(..) => {
            "an entry of the keyring cannot be read".to_owned()
        }
        error => format!("the keyring of the operating system cannot be used: {error}"),
    };
    StoreError::new(StoreErrorKind::Failed, text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Mutex, PoisonError};

    use super::*;

    type Entries = BTreeMap<(String, String), Vec<u8>>;

    /// A keyring that refuses large entries, and may fail after some changes.
    #[derive(Default)]
    struct Fake {
        entries: Mutex<Entries>,
        changes_left: Mutex<Option<usize>>,
    }

    impl Fake {
        fn entries(&self) -> std::sync::MutexGuard<'_, Entries> {
            self.entries.lock().unwrap_or_else(PoisonError::into_inner)
        }

        fn change(&self) -> Result<(), StoreError> {
            match &mut *self.changes_left.lock().unwrap() {
                Some(0) => Err(StoreError::new(StoreErrorKind::Failed, "as planned")),
                Some(left) => {
                    *left -= 1;
                    Ok(())
                }
                None => Ok(()),
            }
        }
    }

    impl Vault for Fake {
        fn get(
            &self,
            service: &str,
            entry: &str,
        ) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
            let key = (service.to_owned(), entry.to_owned());
            Ok(self.entries().get(&key).cloned().map(Zeroizing::new))
        }
        fn set(&self, service: &str, entry: &str, bytes: &[u8]) -> Result<(), StoreError> {
            assert!(bytes.len() <= 2560, "{} bytes", bytes.len());
            self.change()?;
            self.entries().insert((service.to_owned(), entry.to_owned()), bytes.to_vec());
            Ok(())
        }
        fn delete(&self, service: &str, entry: &str) -> Result<(), StoreError> {
            self.change()?;
            self.entries().remove(&(service.to_owned(), entry.to_owned()));
            Ok(())
        }
    }

    fn store() -> (KeyringStore, Arc<Fake>) {
        let vault = Arc::new(Fake::default());
        let locks = FileStore::new(std::env::temp_dir().join("descope-keyring-unused")).unwrap();
        (KeyringStore { service: "tool".into(), vault: vault.clone(), locks }, vault)
    }

    fn long(letter: &str) -> StoredTokens {
        StoredTokens::new(letter.repeat(3000)).refresh_token(letter.repeat(3000))
    }

    #[test]
    fn long_tokens_fit_and_leave_nothing_behind() {
        let (store, vault) = store();
        assert!(store.load("ada").unwrap().is_none());
        for letter in ["a", "b"] {
            store.save("ada", &long(letter)).unwrap();
            store.save("ada", &long(letter)).unwrap();
            let loaded = store.load("ada").unwrap().unwrap();
            assert_eq!(loaded.to_json().expose(), long(letter).to_json().expose());
            assert_eq!(vault.entries().len(), 1 + 3);
        }
        store.save("ada", &StoredTokens::new("short")).unwrap();
        assert_eq!(vault.entries().len(), 2);
        store.delete("ada").unwrap();
        store.delete("ada").unwrap();
        assert!(vault.entries().is_empty() && store.load("ada").unwrap().is_none());
    }

    #[test]
    fn a_save_that_breaks_off_anywhere_leaves_the_old_or_the_new_tokens() {
        for changes in 0..8 {
            let (store, vault) = store();
            store.save("ada", &long("a")).unwrap();
            *vault.changes_left.lock().unwrap() = Some(changes);
            let saved = store.save("ada", &long("b"));
            *vault.changes_left.lock().unwrap() = None;
            let loaded = store.load("ada").unwrap().unwrap();
            let first = &loaded.access_token.expose()[..1];
            assert_eq!(first, if saved.is_ok() { "b" } else { "a" }, "{changes}");
            assert_eq!(saved.is_ok(), changes >= 4);
        }
    }

    #[test]
    fn a_delete_that_breaks_off_is_finished_by_the_next_one() {
        for changes in 0..6 {
            let (store, vault) = store();
            store.save("ada", &long("a")).unwrap();
            *vault.changes_left.lock().unwrap() = Some(changes);
            let deleted = store.delete("ada");
            assert_eq!(deleted.is_ok(), changes >= 5);
            *vault.changes_left.lock().unwrap() = None;
            // Nothing at all has happened, or the tokens are gone for readers.
            assert_eq!(store.load("ada").unwrap().is_some(), changes == 0);
            if changes % 2 == 0 {
                store.delete("ada").unwrap();
                assert!(vault.entries().is_empty(), "{changes}");
            } else {
                store.save("ada", &long("a")).unwrap();
                assert!(store.load("ada").unwrap().is_some());
            }
        }
    }

    #[test]
    fn entries_that_are_something_else_are_damage() {
        let (store, vault) = store();
        let key = |entry: &str| ("tool".to_owned(), entry.to_owned());
        for (bytes, kind) in [
            (&b"s3cret"[..], StoreErrorKind::Damaged),
            (b"", StoreErrorKind::Damaged),
            (br#"{"version":1,"parts":1,"digest":"x"}"#, StoreErrorKind::Damaged),
            (br#"{"version":1,"parts":18446744073709551615,"digest":""}"#, StoreErrorKind::Damaged),
            (br#"{"version":2,"parts":0,"digest":""}"#, StoreErrorKind::TooNew),
        ] {
            vault.entries().insert(key("ada"), bytes.to_vec());
            let error = store.load("ada").unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert!(!format!("{error:?}").contains("s3cret"));
        }
        store.save("ada", &StoredTokens::new("A1")).unwrap();
        let name = vault.entries().keys().find(|(_, entry)| entry != "ada").cloned().unwrap();
        vault.entries().insert(name, b"{".to_vec());
        assert_eq!(store.load("ada").unwrap_err().kind(), StoreErrorKind::Damaged);
    }
}

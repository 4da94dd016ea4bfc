//! Tokens in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{StoreLock, StoredTokens, TokenStore};
use crate::error::{StoreError, StoreErrorKind};

/// Keeps tokens in memory, until its last clone is dropped. Clones share their tokens.
///
/// ```
/// use descope::tokens::{MemoryStore, TokenSource};
///
/// # let emulator = descope::emulator::Emulator::new();
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// # let made = client.mgmt().access_key().create("nightly", &Default::default())?;
/// # let access_key = made.cleartext.expose();
/// let source = TokenSource::access_key(&client, MemoryStore::default(), "nightly", access_key);
/// let token = source.token()?;
/// assert_eq!(source.token()?.expose(), token.expose());
/// # assert_eq!(emulator.requests("/v1/auth/accesskey/exchange"), 1);
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    unlocked: Condvar,
}

#[derive(Default)]
struct State {
    tokens: BTreeMap<String, StoredTokens>,
    /// The names that are locked.
    locked: BTreeSet<String>,
}

impl MemoryStore {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenStore for MemoryStore {
    fn load(&self, name: &str) -> Result<Option<StoredTokens>, StoreError> {
        Ok(self.state().tokens.get(name).cloned())
    }

    fn save(&self, name: &str, tokens: &StoredTokens) -> Result<(), StoreError> {
        self.state().tokens.insert(name.to_owned(), tokens.clone());
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.state().tokens.remove(name);
        Ok(())
    }

    fn lock(&self, name: &str, patience: Duration) -> Result<StoreLock, StoreError> {
        let held = |state: &mut State| state.locked.contains(name);
        let (mut state, _) = self
            .0
            .unlocked
            .wait_timeout_while(self.state(), patience, held)
            .unwrap_or_else(PoisonError::into_inner);
        if !state.locked.insert(name.to_owned()) {
            let text = format!("another thread keeps the tokens of `{name}` locked");
            return Err(StoreError::new(StoreErrorKind::Busy, text));
        }
        Ok(StoreLock::new(Unlock { store: self.clone(), name: name.to_owned() }))
    }
}

/// Unlocks a name.
struct Unlock {
    store: MemoryStore,
    name: String,
}

impl Drop for Unlock {
    fn drop(&mut self) {
        self.store.state().locked.remove(&self.name);
        self.store.0.unlocked.notify_all();
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("names", &self.state().tokens.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn clones_share_their_tokens() {
        let store = MemoryStore::default();
        let clone = store.clone();
        store.save("ada", &StoredTokens::new("A1")).unwrap();
        assert_eq!(clone.load("ada").unwrap().unwrap().access_token.expose(), "A1");
        assert!(clone.load("bob").unwrap().is_none());
        assert_eq!(format!("{clone:?}"), r#"MemoryStore { names: ["ada"] }"#);
        clone.delete("ada").unwrap();
        clone.delete("ada").unwrap();
        assert!(store.load("ada").unwrap().is_none());
    }

    #[test]
    fn a_lock_is_of_one_name_and_ends_when_it_is_dropped() {
        let store = MemoryStore::default();
        let lock = store.lock("ada", Duration::ZERO).unwrap();
        let error = store.clone().lock("ada", Duration::from_millis(1)).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Busy);
        drop(store.lock("bob", Duration::ZERO).unwrap());
        thread::scope(|scope| {
            let waiting = scope.spawn(|| store.lock("ada", LONG).map(drop));
            drop(lock);
            waiting.join().unwrap().unwrap();
        });
        drop(store.lock("ada", Duration::ZERO).unwrap());
    }
}

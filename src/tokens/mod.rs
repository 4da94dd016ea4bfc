//! Tokens that are kept between the runs of a program, and renewed in time. Feature `token-store`.
//!
//! A [`TokenSource`] always has a valid access token. It renews the token before it expires, once for all
//! threads and all processes, and keeps it in a [`TokenStore`]: in [memory](MemoryStore), in a
//! [file](FileStore), or, with the feature `keyring`, in the keyring of the operating system.
//!
//! ```
//! use descope::tokens::{FileStore, TokenSource};
//!
//! # let emulator = descope::emulator::Emulator::builder().rotate_refresh_tokens(true).build();
//! # let client = descope::Client::builder().emulator(&emulator).build()?;
//! # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
//! # let folder = std::env::temp_dir().join(format!("descope-tokens-{}", std::process::id()));
//! # let path = folder.join("tokens.json");
//! let store = FileStore::new(&path)?;
//! let source = TokenSource::session(&client, store, "default");
//! match source.token() {
//!     Ok(token) => println!("signed in, with a token of {} bytes", token.expose().len()),
//!     Err(error) if error.is_sign_in_required() => {
//!         // Sign the user in by any way you like.
//!         let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
//!         source.sign_in(&signed_in)?;
//!     }
//!     Err(error) => return Err(error),
//! }
//! // An hour later, in this run or in another one:
//! # emulator.advance(std::time::Duration::from_secs(3600));
//! let token = source.token()?;
//! # assert!(client.auth().session().validate(token.expose()).is_ok());
//! # assert_eq!(emulator.requests("/v1/auth/refresh"), 1);
//! # source.sign_out()?;
//! # assert!(source.token().unwrap_err().is_sign_in_required());
//! # std::fs::remove_dir_all(folder).unwrap();
//! # Ok::<(), descope::Error>(())
//! ```
//!
//! # One renewal for all
//!
//! Servers that rotate refresh tokens take the second use of one for a theft, and end the session (RFC 9700
//! section 4.14.2). Two copies of a program must therefore never renew with the same refresh token. A source holds
//! [the store's lock](TokenStore::lock) during a renewal, and reads the store again once it has the lock: if another
//! process has renewed the tokens, it takes those. It saves renewed tokens before it hands them out.
//!
//! One gap remains that no client can close. If the process is killed, or the machine loses power, after the server
//! has rotated the tokens and before they are saved, the store still has the old refresh token. The next renewal
//! then uses it a second time. A server with a grace period for a lost answer hands out new tokens, and nobody
//! notices. A server without one ends the session: [`is_sign_in_required`](crate::Error::is_sign_in_required) is
//! true, and the user signs in again. A [`FileStore`] keeps the gap small: tokens whose file was written but not yet
//! put into its place are found by the next process.
//!
//! # When a renewal fails
//!
//! | what happens | [`TokenSource::token`] |
//! |---|---|
//! | the renewal fails, and the token has not expired yet | returns the token, and tries again 10 seconds later at the earliest |
//! | the renewal fails, and the token has expired | returns the error |
//! | the refresh token is refused for good | returns the error once the token has expired; [`is_sign_in_required`](crate::Error::is_sign_in_required) is true |
//! | the renewed tokens cannot be saved | returns the error, keeps the tokens in memory, and saves them in the next call |
//!
//! The store keeps a refused refresh token until [`TokenSource::sign_in`] replaces it or [`TokenSource::sign_out`]
//! deletes it: a server's mistake must not destroy what it cannot give back. The source remembers a refusal for two
//! minutes, so that a busy program does not repeat it.

use std::sync::Arc;
use std::time::Duration;

use crate::error::StoreError;

mod file;
mod keeper;
#[cfg(feature = "keyring")]
mod keyring;
mod memory;
mod source;
mod stored;
mod ways;

pub use self::file::FileStore;
#[cfg(feature = "keyring")]
pub use self::keyring::KeyringStore;
pub use self::memory::MemoryStore;
pub use self::source::TokenSource;
pub use self::stored::StoredTokens;
pub use crate::lock::StoreLock;

/// A place where tokens are kept, each under a name such as that of an account.
///
/// Implement it to keep tokens elsewhere, such as in a database. [`StoredTokens::to_json`] and
/// [`StoredTokens::from_json`] are their lasting form.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::{Arc, Mutex, PoisonError};
/// use std::time::Duration;
///
/// use descope::tokens::{FileStore, StoreLock, StoredTokens, TokenStore};
/// use descope::{Secret, StoreError};
///
/// /// Something that keeps texts, and the lock of a file.
/// struct Texts {
///     texts: Mutex<HashMap<String, Secret>>,
///     locks: FileStore,
/// }
///
/// impl TokenStore for Texts {
///     fn load(&self, name: &str) -> Result<Option<StoredTokens>, StoreError> {
///         let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
///         texts.get(name).map(|text| StoredTokens::from_json(text.expose())).transpose()
///     }
///     fn save(&self, name: &str, tokens: &StoredTokens) -> Result<(), StoreError> {
///         let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
///         texts.insert(name.to_owned(), tokens.to_json());
///         Ok(())
///     }
///     fn delete(&self, name: &str) -> Result<(), StoreError> {
///         self.texts.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
///         Ok(())
///     }
///     fn lock(&self, name: &str, patience: Duration) -> Result<StoreLock, StoreError> {
///         self.locks.lock(name, patience)
///     }
/// }
/// # let folder = std::env::temp_dir().join(format!("descope-texts-{}", std::process::id()));
/// # let texts = Texts { texts: Mutex::default(), locks: FileStore::new(folder.join("x"))? };
/// # let lock = texts.lock("a", Duration::ZERO)?;
/// # texts.save("a", &StoredTokens::new("t"))?;
/// # assert!(texts.lock("a", Duration::ZERO).is_err());
/// # assert_eq!(texts.load("a")?.unwrap().access_token.expose(), "t");
/// # texts.delete("a")?;
/// # assert!(texts.load("a")?.is_none());
/// # drop(lock);
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), StoreError>(())
/// ```
pub trait TokenStore: Send + Sync + 'static {
    /// The tokens with this name; `None` if there are none. This does not need the lock, and must never return
    /// half of what another process is saving.
    ///
    /// # Errors
    ///
    /// A [`StoreError`], with [`StoreErrorKind::Damaged`](crate::StoreErrorKind::Damaged) for tokens that cannot be
    /// read.
    fn load(&self, name: &str) -> Result<Option<StoredTokens>, StoreError>;

    /// Saves tokens, in place of those with this name. When it returns, a crash must not lose them.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]. The tokens that were there before are still there.
    fn save(&self, name: &str, tokens: &StoredTokens) -> Result<(), StoreError>;

    /// Deletes the tokens with this name, if there are any.
    ///
    /// # Errors
    ///
    /// A [`StoreError`].
    fn delete(&self, name: &str) -> Result<(), StoreError>;

    /// Locks the tokens with this name against all other threads and processes until the lock is dropped or
    /// its process ends. A [`TokenSource`] holds it over a renewal, and calls the other functions meanwhile.
    ///
    /// # Errors
    ///
    /// A [`StoreError`], with [`StoreErrorKind::Busy`](crate::StoreErrorKind::Busy) if another holds the lock for
    /// longer than `patience`.
    fn lock(&self, name: &str, patience: Duration) -> Result<StoreLock, StoreError>;
}

/// Shares a store between sources.
impl<S: TokenStore + ?Sized> TokenStore for Arc<S> {
    fn load(&self, name: &str) -> Result<Option<StoredTokens>, StoreError> {
        (**self).load(name)
    }

    fn save(&self, name: &str, tokens: &StoredTokens) -> Result<(), StoreError> {
        (**self).save(name, tokens)
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        (**self).delete(name)
    }

    fn lock(&self, name: &str, patience: Duration) -> Result<StoreLock, StoreError> {
        (**self).lock(name, patience)
    }
}

//! Why tokens could not be loaded, saved or locked.

use std::fmt;
use std::sync::Arc;

/// Any error, boxed.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a store of tokens could not do what it was asked.
///
/// The text says which file or entry it was. It contains no token.
#[derive(Clone, Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    cause: Arc<dyn std::error::Error + Send + Sync>,
}

/// What kind of [`StoreError`] it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Nothing is stored that a new token could be got with: the user has to sign in.
    /// [`is_sign_in_required`](super::Error::is_sign_in_required) is true.
    NotSignedIn,
    /// The file, its folder or its lock is not safe: others can read or replace it, it belongs to another
    /// user, or it is a link. Nothing was read or written.
    /// [`is_misconfigured`](super::Error::is_misconfigured) is true.
    Unsafe,
    /// What is stored cannot be read, because it is cut off or is something else.
    Damaged,
    /// A newer version of this crate wrote the file, in a form that this version would destroy.
    TooNew,
    /// Another process or thread held the lock for too long.
    /// [`is_unavailable`](super::Error::is_unavailable) is true.
    Busy,
    /// The operating system, the keyring or another place of storage failed.
    Failed,
}

impl StoreError {
    /// An error of the given kind. The cause is what is displayed: name the place, and what to do about
    /// it.
    pub fn new(kind: StoreErrorKind, cause: impl Into<BoxError>) -> Self {
        Self { kind, cause: cause.into().into() }
    }

    /// What kind of error it is.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Error;
    use super::*;

    #[test]
    fn an_empty_store_asks_for_a_sign_in() {
        let error = Error::from(StoreError::new(StoreErrorKind::NotSignedIn, "x"));
        assert!(error.is_sign_in_required() && !error.is_token_invalid());
        assert!(!error.is_unavailable() && !error.is_misconfigured());
    }
}

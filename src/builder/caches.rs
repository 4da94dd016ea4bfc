//! Settings of what a client remembers.

use super::ClientBuilder;
use crate::jwt::KeyPolicy;
use crate::keys::{KeySet, KeyStore};

impl ClientBuilder {
    /// Signing keys to begin with, from [`Client::key_set`](crate::Client::key_set) or your deployment, so that the first token needs no
    /// fetch. Defaults to none.
    ///
    /// The set counts as if the client had fetched it at its [time](KeySet::fetched_at): it is fetched again when it
    /// is [`max_age`](KeyPolicy::max_age) old, or when a token names a key that it lacks. A set that is even older
    /// than [`max_stale`](KeyPolicy::max_stale), or from the future, is not used. A set with no usable key, or of
    /// another project or base URL, is refused by [`build`](Self::build). With a pinned key, the set has no effect.
    pub fn key_set(mut self, keys: KeySet) -> Self {
        self.key_set = Some(keys);
        self
    }

    /// Where signing keys are kept between the runs of a program, and shared by its processes, such as in a
    /// [file](crate::keys::FileKeyStore). Defaults to none. See [`keys`](crate::keys).
    ///
    /// A store that fails never fails a call: the client then fetches the keys. With a pinned key, the store is not
    /// used.
    pub fn key_store(mut self, store: impl KeyStore) -> Self {
        self.key_store = Some(Box::new(store));
        self
    }
}

//! Settings of what a client remembers.

use super::ClientBuilder;
#[cfg(feature = "fga")]
use crate::checks::CheckCache;
use crate::keys::{KeySet, KeyStore};

impl ClientBuilder {
    /// Signing keys to begin with, from [`Client::key_set`](crate::Client::key_set) or your deployment, so that the first token needs no
    /// fetch. Defaults to none.
    ///
    /// The set counts as if the client had fetched it at its [time](KeySet::fetched_at): it is fetched again when it
    /// is [`max_age`](crate::KeyPolicy::max_age) old, or when a token names a key that it lacks. A set that is even older
    /// than [`max_stale`](crate::KeyPolicy::max_stale), or from the future, is not used. A set with no usable key, or of
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

    /// The URL of a proxy next to your program that caches answers to authorization checks. Defaults to none.
    ///
    /// These calls then go to the proxy, with the same credentials: saving the FGA schema, creating, deleting
    /// and checking FGA relations, and asking who can access a resource and what a target can access. If the proxy
    /// is down, the client asks the API itself:
    ///
    /// | what happens at the proxy | questions | changes |
    /// |---|---|---|
    /// | the request never left (no such host, connection or TLS refused) | ask the API | ask the API |
    /// | status 504, 520 or 524 | ask the API | fail |
    /// | any other status from 500 | ask the API | ask the API |
    /// | connection closed, no answer in time, an answer that is too large or not Descope's | ask the API | fail |
    /// | any other status, such as 4xx | the answer counts | the answer counts |
    ///
    /// A change fails where the proxy may still be passing it on: it could otherwise come after a later change of the
    /// opposite kind, and bring back a relation that was deleted. Each call tries the proxy first and only once, also in
    /// [bulk work](crate::bulk) and with [pacing](Self::pacing), and also where the proxy answers with status 429:
    /// bulk work then ends with the error, and can go on from its checkpoint. What the retry policy and pacing repeat,
    /// they repeat at the API. Both share the [deadline](Self::deadline), of which the proxy gets at most half. A change
    /// that went past the proxy is unknown to it: until its own answers expire, it may still give old ones.
    pub fn fga_cache_url(mut self, url: impl Into<String>) -> Self {
        self.fga_cache_url = Some(url.into());
        self
    }

    /// Remembers the answers of authorization checks in this process for a short time. Defaults to none: each check
    /// is a request. [`CheckCache`] says what is remembered, how old an answer can be, and what drops it.
    #[cfg(feature = "fga")]
    pub fn fga_check_cache(mut self, cache: CheckCache) -> Self {
        self.check_cache = Some(cache);
        self
    }
}

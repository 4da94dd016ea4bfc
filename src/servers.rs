//! What a client and its clones know of authorization servers: their documents, and the nonces that they ask
//! for. It is kept within bounds, since a program may name any server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::extra::Extra;
use crate::flight::Flights;
use crate::recent::Recent;

/// How long a document counts without being asked for again.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// How long it counts while the server cannot be reached.
const USABLE: Duration = Duration::from_secs(24 * 60 * 60);

/// What an authorization server says of itself (RFC 8414, OpenID Connect Discovery).
///
/// What the document does not have is `None` or empty.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct ServerMetadata {
    /// The server's identifier, which was checked.
    pub issuer: String,
    /// Where the user's browser begins a sign-in.
    pub authorization_endpoint: Option<String>,
    /// Where tokens are made.
    pub token_endpoint: Option<String>,
    /// Where a sign-in on another device begins (RFC 8628).
    pub device_authorization_endpoint: Option<String>,
    /// Where a sign-in begins that the user confirms elsewhere (OpenID Connect CIBA).
    pub backchannel_authentication_endpoint: Option<String>,
    /// Where tokens are revoked (RFC 7009).
    pub revocation_endpoint: Option<String>,
    /// Where the user's claims are.
    pub userinfo_endpoint: Option<String>,
    /// Where the user's browser ends the session at the server.
    pub end_session_endpoint: Option<String>,
    /// Where clients register themselves (RFC 7591).
    pub registration_endpoint: Option<String>,
    /// Where the server's public keys are.
    pub jwks_uri: Option<String>,
    /// The scopes that can be asked for.
    pub scopes_supported: Vec<String>,
    /// The grant types of the token endpoint.
    pub grant_types_supported: Vec<String>,
    /// How clients can authenticate themselves.
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// How `PKCE` challenges can be made.
    pub code_challenge_methods_supported: Vec<String>,
    /// The algorithms of `DPoP` proofs.
    pub dpop_signing_alg_values_supported: Vec<String>,
    /// Whether the answer to a sign-in names the issuer (RFC 9207).
    #[serde(deserialize_with = "crate::json::only_true")]
    pub authorization_response_iss_parameter_supported: bool,
    /// All other members.
    #[serde(flatten)]
    pub extra: Extra,
}

/// See the [module](self).
#[derive(Default)]
pub(crate) struct Servers {
    documents: Mutex<Recent<Known>>,
    /// Each document is asked for once at a time. Whoever waits takes the same one.
    pub(crate) under_way: Flights<String, Result<Arc<ServerMetadata>>>,
    /// The last nonce of each server, by its origin.
    nonces: Mutex<Recent<String>>,
}

/// A document that was fetched and checked.
#[derive(Clone)]
struct Known {
    /// By the client's monotonic clock.
    at: Duration,
    document: Arc<ServerMetadata>,
}

/// How far a document of some age can be relied on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    Fresh,
    /// Old, but better than none.
    Usable,
}

impl Servers {
    /// The document of this URL, if it is no older.
    pub(crate) fn document(
        &self,
        url: &str,
        age: Age,
        now: Duration,
    ) -> Option<Arc<ServerMetadata>> {
        let limit = if age == Age::Fresh { FRESH } else { USABLE };
        let mut documents = lock(&self.documents);
        let known = documents.get(url).filter(|known| now.saturating_sub(known.at) < limit)?;
        documents.put(url, known.clone());
        Some(known.document)
    }

    pub(crate) fn remember(&self, url: &str, document: &Arc<ServerMetadata>, now: Duration) {
        lock(&self.documents).put(url, Known { at: now, document: document.clone() });
    }

    /// The nonce that a server has given last (RFC 9449 section 8).
    pub(crate) fn nonce(&self, origin: &str) -> Option<String> {
        lock(&self.nonces).get(origin)
    }

    pub(crate) fn remember_nonce(&self, origin: &str, nonce: &str) {
        lock(&self.nonces).put(origin, nonce.to_owned());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recent::CAPACITY;

    #[test]
    fn documents_grow_old() {
        let servers = Servers::default();
        let begin = Duration::from_secs(7);
        servers.remember("a", &Arc::default(), begin);
        let held = |age, later| servers.document("a", age, begin + later).is_some();
        assert!(
            held(Age::Fresh, FRESH.saturating_sub(Duration::from_nanos(1)))
                && !held(Age::Fresh, FRESH)
        );
        assert!(held(Age::Usable, FRESH) && !held(Age::Usable, USABLE));
        assert!(servers.document("b", Age::Usable, begin).is_none());
    }

    #[test]
    fn of_many_servers_the_one_used_longest_ago_is_forgotten() {
        let servers = Servers::default();
        let name = |n: usize| n.to_string();
        for n in 0..CAPACITY {
            servers.remember(&name(n), &Arc::default(), Duration::ZERO);
            servers.remember_nonce(&name(n), "n");
        }
        let known = |n| servers.document(&name(n), Age::Fresh, Duration::ZERO).is_some();
        assert!(known(0));
        servers.remember("more", &Arc::default(), Duration::ZERO);
        servers.remember_nonce("more", "n");
        assert!(known(0) && !known(1) && known(2));
        assert_eq!(servers.nonce("0"), None);
        assert_eq!(
            (servers.nonce("1"), servers.nonce("more")),
            (Some("n".into()), Some("n".into()))
        );
        servers.remember_nonce("more", "newer");
        assert_eq!(servers.nonce("more").as_deref(), Some("newer"));
    }
}

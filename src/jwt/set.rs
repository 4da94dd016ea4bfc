//! The public keys of a project, by their `kid`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::signature::PublicKey;
use crate::crypto::CryptoLibrary;

/// Who has published a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Descope, for a project: each key has a name and an algorithm.
    Project,
    /// Another server, which need not give its keys an algorithm, nor its only one a name.
    Server,
}

/// Public keys by their `kid`.
#[derive(Clone, Default)]
pub(super) struct KeySet {
    keys: HashMap<String, PublicKey>,
    /// The one key of a set that was given, for tokens that name none.
    only: Option<PublicKey>,
}

impl KeySet {
    /// The one key that the program trusts. Tokens may leave it unnamed, since there is no other.
    pub(super) fn pinned(jwk: &str, library: CryptoLibrary) -> Result<Self, &'static str> {
        let (kid, key) = PublicKey::from_jwk(jwk, library)?;
        Ok(match kid {
            Some(kid) => Self { keys: HashMap::from([(kid, key.clone())]), only: Some(key) },
            None => Self { keys: HashMap::new(), only: Some(key) },
        })
    }

    /// Reads a published set, each key for itself: one that this version cannot use does not spoil
    /// the others. Two different keys of one name are both left out, as neither can be meant.
    pub(super) fn published(body: &[u8], whose: Whose, library: CryptoLibrary) -> Option<Self> {
        #[derive(Deserialize)]
        struct Published<'a> {
            #[serde(borrow)]
            keys: Vec<&'a RawValue>,
        }

        let set: Published<'_> = serde_json::from_slice(body).ok()?;
        let (mut found, mut usable) = (HashMap::new(), Vec::new());
        for jwk in set.keys {
            let Ok((kid, key)) = (match whose {
                Whose::Project => PublicKey::from_jwk(jwk.get(), library),
                Whose::Server => PublicKey::from_foreign_jwk(jwk.get(), library),
            }) else {
                continue;
            };
            if whose == Whose::Server {
                usable.push(key.clone());
            }
            let Some(kid) = kid else { continue };
            match found.entry(kid) {
                Entry::Vacant(entry) => drop(entry.insert(Some((jwk.get(), key)))),
                Entry::Occupied(mut entry) => {
                    if entry.get().as_ref().is_none_or(|(json, _)| *json != jwk.get()) {
                        entry.insert(None);
                    }
                }
            }
        }
        let keys: HashMap<_, _> =
            found.into_iter().filter_map(|(kid, key)| Some((kid, key?.1))).collect();
        // The one key of a server need not be named (OpenID Connect Core section 10.1).
        let only = usable.pop().filter(|_| usable.is_empty());
        (!keys.is_empty() || only.is_some()).then_some(Self { keys, only })
    }

    pub(super) fn get(&self, kid: Option<&str>) -> Option<&PublicKey> {
        match kid {
            Some(kid) => self.keys.get(kid),
            None => self.only.as_ref(),
        }
    }

    /// The key that tokens with this header, as it came, were verified with.
    pub(super) fn of_usual_header(&self, header: &str) -> Option<&PublicKey> {
        self.keys.values().chain(&self.only).find(|key| key.is_usual_header(header))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_known_as_it_came_once_it_was_noted() {
        // RFC 7517 appendix A.1.
        let jwk = r#"{"kty":"EC","crv":"P-256","kid":"k1","alg":"ES256",
            "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;
        for named in [Some("k1"), None] {
            let set = KeySet::pinned(jwk, CryptoLibrary::Ring).unwrap();
            let known = |header: &str| set.of_usual_header(header).is_some();
            let key = set.get(named).unwrap();
            key.note_header(&"a".repeat(513));
            assert!(!known(&"a".repeat(513)) && !known("eyJh") && !known(""));
            key.note_header("eyJh");
            key.note_header("eyJi");
            assert!(known("eyJh"));
            assert!(["eyJ", "eyJi", "EYJH", "eyJh ", "eyJhb"].iter().all(|other| !known(other)));
        }
    }
}

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
}

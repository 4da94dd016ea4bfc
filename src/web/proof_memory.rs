//! Which proofs were used: each is good once.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::digest::{Digest, digest};
use crate::error::{Error, Result};
use crate::time::UnixTime;

/// Remembers which proofs were used. Implement it over what the processes of your service share, such as a
/// table with a unique column, or `SET … NX EX` of Redis.
///
/// ```
/// use std::sync::Arc;
/// use descope::UnixTime;
/// use descope::web::{ProofId, ProofMemory, ProofOptions};
///
/// struct Shared;
/// # impl Shared { fn set_if_absent(&self, _: &str, _: i64) -> Result<bool, std::io::Error> { Ok(true) } }
///
/// impl ProofMemory for Shared {
///     fn remember(
///         &self,
///         proof: &ProofId,
///         now: UnixTime,
///         until: UnixTime,
///     ) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
///         let seconds = until.as_seconds() - now.as_seconds();
///         Ok(self.set_if_absent(&format!("dpop:{proof}"), seconds)?)
///     }
/// }
///
/// let options = ProofOptions::default().memory(Arc::new(Shared) as Arc<dyn ProofMemory>);
/// ```
pub trait ProofMemory: Send + Sync {
    /// Remembers a proof until a time, and says whether it is new. It must find out and remember in one step,
    /// so that of two requests at the same time only one is told that the proof is new.
    ///
    /// # Errors
    ///
    /// Any, if it cannot be known. The guard then turns the request away with 503.
    fn remember(
        &self,
        proof: &ProofId,
        now: UnixTime,
        until: UnixTime,
    ) -> Result<bool, Box<dyn std::error::Error + Send + Sync>>;
}

/// Stands for one proof of one key: a SHA-256 digest, which is written in base64url. It tells nothing of the
/// key or the proof.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProofId(Digest);

impl ProofId {
    pub(super) fn new(thumbprint: &str, id: &str) -> Self {
        // No thumbprint has a line feed, so the two cannot be told apart wrongly.
        Self(digest(&format!("{thumbprint}\n{id}")))
    }

    fn short(&self) -> Short {
        let mut short = Short::default();
        short.copy_from_slice(&self.0[..16]);
        short
    }
}

impl fmt::Display for ProofId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for ProofId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProofId({self})")
    }
}

/// The used proofs of this process, or the bodies that a webhook took.
pub(super) struct LocalMemory {
    capacity: usize,
    used: Mutex<Used>,
}

/// Half a digest is enough: who makes two proofs of the same one loses one of them, and nobody else does.
type Short = [u8; 16];

#[derive(Default)]
struct Used {
    known: HashSet<Short>,
    /// Those that can be forgotten first come first, as all are kept equally long.
    by_end: VecDeque<(i64, Short)>,
}

impl LocalMemory {
    fn new(capacity: usize) -> Self {
        Self { capacity, used: Mutex::default() }
    }

    /// With the capacity of the program's options, or 100,000.
    pub(super) fn of_options(capacity: Option<usize>) -> Result<Self> {
        let capacity = capacity.unwrap_or(100_000);
        if !(1..=100_000_000).contains(&capacity) {
            return Err(Error::argument("capacity", "must be from 1 to 100,000,000"));
        }
        Ok(Self::new(capacity))
    }

    /// Takes it for new the next time.
    pub(super) fn forget(&self, proof: &ProofId) {
        let short = proof.short();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.known.remove(&short) {
            // Or its old end would be that of the next time.
            used.by_end.retain(|(_, known)| *known != short);
        }
    }
}

impl ProofMemory for LocalMemory {
    fn remember(
        &self,
        proof: &ProofId,
        now: UnixTime,
        until: UnixTime,
    ) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
        let short = proof.short();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((_, ended)) =
            used.by_end.front().copied().filter(|(end, _)| *end < now.as_seconds())
        {
            used.by_end.pop_front();
            used.known.remove(&ended);
        }
        if used.known.contains(&short) {
            return Ok(false);
        }
        if used.known.len() >= self.capacity {
            return Err("the memory of used proofs is full".into());
        }
        used.known.insert(short);
        used.by_end.push_back((until.as_seconds(), short));
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    #[test]
    fn a_proof_is_new_once_while_it_is_good() {
        let memory = LocalMemory::new(2);
        let (one, other) = (ProofId::new("key", "1"), ProofId::new("key", "2"));
        let new = |id: &ProofId, now| memory.remember(id, at(now), at(now + 70)).ok();
        assert_eq!(
            (new(&one, 0), new(&one, 0), new(&one, 70)),
            (Some(true), Some(false), Some(false))
        );
        assert_eq!((new(&other, 1), new(&other, 71)), (Some(true), Some(false)));
        assert_eq!(new(&one, 71), Some(true));
        // Full: nothing that may come again is forgotten.
        assert_eq!(
            (new(&ProofId::new("key", "3"), 71), new(&ProofId::new("key", "3"), 72)),
            (None, Some(true))
        );
        assert_eq!((new(&one, 72), memory.used.lock().unwrap().by_end.len()), (Some(false), 2));
    }

    #[test]
    fn what_was_forgotten_is_new_and_then_known_for_its_whole_time() {
        let memory = LocalMemory::new(2);
        let id = ProofId::new("key", "1");
        let new = |now| memory.remember(&id, at(now), at(now + 70)).ok();
        assert_eq!((new(0), new(1)), (Some(true), Some(false)));
        memory.forget(&id);
        memory.forget(&ProofId::new("key", "2"));
        assert_eq!(
            (new(60), new(71), new(130), new(131)),
            (Some(true), Some(false), Some(false), Some(true))
        );
        assert_eq!(memory.used.lock().unwrap().by_end.len(), 1);
    }

    #[test]
    fn proofs_of_different_keys_are_different() {
        let ids = [("a", "b"), ("ab", ""), ("", "ab"), ("a", "b\nc"), ("a\nb", "c")];
        let known: HashSet<_> = ids.iter().map(|(key, id)| ProofId::new(key, id)).collect();
        // The last two are the same text; no thumbprint has a line feed.
        assert_eq!(known.len(), 4);
    }

    #[test]
    fn a_million_proofs_take_little_memory() {
        let memory = LocalMemory::new(100_000);
        let mut refused = 0;
        for number in 0..1_000_000_i64 {
            // 1,000 a second, each kept for 70 seconds.
            let (now, id) = (number / 1000, ProofId::new("key", &number.to_string()));
            refused += u32::from(memory.remember(&id, at(now), at(now + 70)).is_err());
        }
        let used = memory.used.lock().unwrap();
        assert_eq!((refused, used.known.len()), (0, 71_000));
        assert!(used.by_end.capacity() <= 2 * 71_000 && used.known.capacity() <= 4 * 71_000);
    }
}

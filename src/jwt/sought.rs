//! The keys that tokens have named in vain.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};

/// The keys that tokens have named in vain, each with the last fetch that had begun by then: once a
/// later fetch has not brought the key either, it is known to be unknown. Anyone can make up names, so
/// the oldest are forgotten, and only their hashes are kept.
#[derive(Default)]
pub(super) struct Sought {
    hasher: RandomState,
    first_seen: VecDeque<(u64, u64)>,
}

const MAX_SOUGHT: usize = 64;

impl Sought {
    /// Notes that a key was named, and says which fetch was the last to have begun when it first was.
    /// What an `outdated` fetch, which is not recent any more, has shown is forgotten.
    pub(super) fn first_seen(&mut self, kid: &str, begun: u64, outdated: Option<u64>) -> u64 {
        let hash = self.hasher.hash_one(kid);
        if let Some((_, seen)) = self.first_seen.iter_mut().find(|(known, _)| *known == hash) {
            if outdated.is_some_and(|fetch| fetch > *seen) {
                *seen = begun;
            }
            return *seen;
        }
        if self.first_seen.len() == MAX_SOUGHT {
            self.first_seen.pop_front();
        }
        self.first_seen.push_back((hash, begun));
        begun
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.first_seen.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_named_in_vain_is_remembered_until_a_later_fetch_is_old() {
        let mut sought = Sought::default();
        assert_eq!(sought.first_seen("a", 1, None), 1);
        assert_eq!(sought.first_seen("a", 2, None), 1);
        // A fetch that had begun by then has shown nothing, however old it is.
        assert_eq!(sought.first_seen("a", 2, Some(1)), 1);
        assert_eq!(sought.first_seen("b", 2, Some(1)), 2);
        assert_eq!(sought.first_seen("a", 3, Some(2)), 3);
        assert_eq!((sought.first_seen("a", 4, None), sought.first_seen("b", 4, None)), (3, 2));
    }

    #[test]
    fn of_many_made_up_keys_the_oldest_is_forgotten() {
        let mut sought = Sought::default();
        let names: Vec<_> = (0..MAX_SOUGHT).map(|index| index.to_string()).collect();
        for name in &names {
            assert_eq!(sought.first_seen(name, 1, None), 1);
        }
        assert_eq!(sought.first_seen("one more", 2, None), 2);
        assert!(names[1..].iter().all(|name| sought.first_seen(name, 3, None) == 1));
        assert_eq!(sought.first_seen(&names[0], 3, None), 3);
        assert_eq!(sought.first_seen.len(), MAX_SOUGHT);
    }
}

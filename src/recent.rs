//! What is remembered within bounds: of too many things, the one that came first goes first.

use std::collections::VecDeque;

/// How many things are remembered.
pub(crate) const CAPACITY: usize = 32;

/// Things by their names, the one that was put in last at the end.
pub(crate) struct Recent<T>(VecDeque<(String, T)>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T: Clone> Recent<T> {
    pub(crate) fn get(&self, name: &str) -> Option<T> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, thing)| thing.clone())
    }

    /// Puts something in, in place of what has its name. What is put in again counts as new.
    pub(crate) fn put(&mut self, name: &str, thing: T) {
        self.0.retain(|(known, _)| known != name);
        if self.0.len() >= CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back((name.to_owned(), thing));
    }
}

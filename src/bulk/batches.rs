//! The items in batches, of which two with the same key are never under way at the same time.

use std::collections::{HashMap, HashSet};

/// What an item is called.
pub(crate) type Name<'n, T> = dyn Fn(&T) -> String + Sync + 'n;

/// Items that are worked on together, and the place of the first of them among all.
pub(super) struct Batch<T> {
    pub(super) number: u64,
    pub(super) first: u64,
    pub(super) items: Vec<T>,
    keys: HashSet<String>,
}

pub(super) enum Next<T> {
    Batch(Batch<T>),
    /// There is one, which has to wait for one that is under way.
    Later,
    End,
}

pub(super) struct Batches<'k, I: Iterator> {
    items: I,
    size: usize,
    key: Option<&'k Name<'k, I::Item>>,
    /// The place of the next batch among all items.
    position: u64,
    /// An item that was read, and could not be in the last batch.
    ahead: Option<I::Item>,
    /// A batch that has to wait.
    held: Option<Batch<I::Item>>,
    /// The keys of the batches that are under way, and the numbers of these: no more than there are items in memory.
    under_way: HashMap<String, u64>,
}

impl<'k, I: Iterator> Batches<'k, I> {
    pub(super) fn new(
        items: I,
        position: u64,
        size: usize,
        key: Option<&'k Name<'k, I::Item>>,
    ) -> Self {
        let under_way = HashMap::new();
        Self { items, size, key, position, ahead: None, held: None, under_way }
    }

    /// The next batch, which gets this number, and counts as under way.
    pub(super) fn next(&mut self, number: u64) -> Next<I::Item> {
        let Some(mut batch) = self.held.take().or_else(|| self.read()) else { return Next::End };
        if batch.keys.iter().any(|key| self.under_way.contains_key(key)) {
            self.held = Some(batch);
            return Next::Later;
        }
        batch.number = number;
        self.under_way.extend(batch.keys.drain().map(|key| (key, number)));
        Next::Batch(batch)
    }

    /// Notes that the batch of this number is not under way any more.
    pub(super) fn ended(&mut self, number: u64) {
        self.under_way.retain(|_, of| *of != number);
    }

    /// Reads a batch. It ends early before a second item of the same key.
    fn read(&mut self) -> Option<Batch<I::Item>> {
        let (mut items, mut keys) = (Vec::new(), HashSet::new());
        while items.len() < self.size {
            let Some(item) = self.ahead.take().or_else(|| self.items.next()) else { break };
            if self.key.is_some_and(|key| !keys.insert(key(&item))) {
                self.ahead = Some(item);
                break;
            }
            items.push(item);
        }
        let first = self.position;
        self.position += items.len() as u64;
        (!items.is_empty()).then_some(Batch { number: 0, first, items, keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The items of the next batch, joined; `-` for one that has to wait, and nothing at the end.
    fn next<I: Iterator<Item = &'static str>>(batches: &mut Batches<'_, I>, number: u64) -> String {
        match batches.next(number) {
            Next::Batch(batch) => format!("{}:{}", batch.first, batch.items.concat()),
            Next::Later => "-".to_owned(),
            Next::End => String::new(),
        }
    }

    #[test]
    fn a_key_is_in_one_batch_at_a_time() {
        let items = ["a", "b", "c", "d", "A", "e", "E", "b", "f", "g"].into_iter();
        let key = |item: &&str| item.to_lowercase();
        let mut batches = Batches::new(items, 7, 2, Some(&key));
        assert_eq!([0, 1].map(|number| next(&mut batches, number)), ["7:ab", "9:cd"]);
        assert_eq!([2, 2].map(|number| next(&mut batches, number)), ["-", "-"]);
        batches.ended(1);
        assert_eq!(next(&mut batches, 2), "-");
        batches.ended(0);
        assert_eq!([2, 3].map(|number| next(&mut batches, number)), ["11:Ae", "-"]);
        batches.ended(2);
        assert_eq!([3, 4, 5].map(|number| next(&mut batches, number)), ["13:Eb", "15:fg", ""]);
        batches.ended(3);
        batches.ended(4);
        assert!(batches.under_way.is_empty());
    }

    #[test]
    fn without_keys_and_with_any_size_all_items_are_read_once() {
        let items = || ["a", "a", "b"].into_iter();
        let mut batches = Batches::new(items(), 0, 2, None);
        assert_eq!([0, 1, 2].map(|number| next(&mut batches, number)), ["0:aa", "2:b", ""]);
        let mut batches = Batches::new(items(), 3, usize::MAX, None);
        assert_eq!([0, 1, 2].map(|number| next(&mut batches, number)), ["3:aab", "", ""]);
    }
}

//! Things in the order in which they came, each to be found by its keys without a search.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::{Deref, DerefMut};

/// What a key says of a thing. Which of these a thing has, its [`Row`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::emulator) enum By {
    Id,
    LoginId,
    Name,
    Address,
    /// The ID of a user it belongs to.
    User,
    Secret,
    Tenant,
    /// The ID of an application it belongs to.
    App,
    /// The ID by which a client of OAuth names itself.
    Client,
    Family,
}

impl By {
    const ALL: [Self; 10] = [
        Self::Id,
        Self::LoginId,
        Self::Name,
        Self::Address,
        Self::User,
        Self::Secret,
        Self::Tenant,
        Self::App,
        Self::Client,
        Self::Family,
    ];
}

/// Something that a [`Table`] holds.
pub(in crate::emulator) trait Row {
    /// All keys by which it is found. Several things may have the same one.
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)>;
}

/// A key that borrows a text.
pub(in crate::emulator) fn key(by: By, text: &str) -> (By, Cow<'_, [u8]>) {
    (by, Cow::Borrowed(text.as_bytes()))
}

/// How many things there may be before expired ones are looked for.
const FEW: usize = 64;

/// Things, found by key or by their order. They change only through an [`Edit`], which keeps the
/// indexes right, whatever changes.
pub(in crate::emulator) struct Table<T> {
    rows: BTreeMap<u64, T>,
    indexes: Indexes,
    next: u64,
    /// How many were left when expired ones were last dropped.
    left: usize,
}

#[derive(Default)]
struct Indexes([HashMap<Box<[u8]>, Places>; By::ALL.len()]);

/// Where the things with a key are, the first one first.
enum Places {
    /// As a rule: it takes no memory of its own.
    One(u64),
    Many(Vec<u64>),
}

impl Places {
    fn as_slice(&self) -> &[u64] {
        match self {
            Self::One(place) => std::slice::from_ref(place),
            Self::Many(places) => places,
        }
    }
}

impl Indexes {
    fn places(&self, by: By, key: &[u8]) -> &[u64] {
        self.0[by as usize].get(key).map(Places::as_slice).unwrap_or_default()
    }

    fn add(&mut self, by: By, key: Box<[u8]>, place: u64) {
        let index = &mut self.0[by as usize];
        let Some(places) = index.get_mut(&key) else {
            index.insert(key, Places::One(place));
            return;
        };
        let mut all = places.as_slice().to_vec();
        if let Err(at) = all.binary_search(&place) {
            all.insert(at, place);
            *places = Places::Many(all);
        }
    }

    fn remove(&mut self, by: By, key: &[u8], place: u64) {
        let index = &mut self.0[by as usize];
        match index.get_mut(key) {
            Some(Places::One(only)) if *only == place => drop(index.remove(key)),
            Some(Places::One(_)) | None => {}
            Some(Places::Many(places)) => {
                places.retain(|other| *other != place);
                if places.is_empty() {
                    index.remove(key);
                }
            }
        }
    }
}

/// The keys of a row that outlive a change of it.
fn kept_keys(row: &impl Row) -> Vec<(By, Box<[u8]>)> {
    row.keys().into_iter().map(|(by, key)| (by, key.into())).collect()
}

/// Access to a thing that may change. The indexes follow when it is dropped.
pub(in crate::emulator) struct Edit<'a, T: Row> {
    row: &'a mut T,
    place: u64,
    before: Vec<(By, Box<[u8]>)>,
    indexes: &'a mut Indexes,
}

impl<T: Row> Deref for Edit<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.row
    }
}

impl<T: Row> DerefMut for Edit<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.row
    }
}

impl<T: Row> Drop for Edit<'_, T> {
    fn drop(&mut self) {
        let after = self.row.keys();
        let same = self.before.len() == after.len()
            && self.before.iter().zip(&after).all(|(old, new)| old.0 == new.0 && *old.1 == *new.1);
        if same {
            return;
        }
        for (by, key) in &self.before {
            self.indexes.remove(*by, key, self.place);
        }
        for (by, key) in after {
            self.indexes.add(by, key.into(), self.place);
        }
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), indexes: Indexes::default(), next: 0, left: 0 }
    }
}

impl<T: Row> Table<T> {
    #[cfg(test)]
    pub(in crate::emulator) fn len(&self) -> usize {
        self.rows.len()
    }

    /// All things, the oldest first.
    pub(in crate::emulator) fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.rows.values()
    }

    /// The first thing with this key.
    pub(in crate::emulator) fn get(&self, by: By, key: impl AsRef<[u8]>) -> Option<&T> {
        self.rows.get(self.indexes.places(by, key.as_ref()).first()?)
    }

    /// All things with this key, the oldest first.
    pub(in crate::emulator) fn all(
        &self,
        by: By,
        key: impl AsRef<[u8]>,
    ) -> impl Iterator<Item = &T> + Clone {
        let places = self.indexes.places(by, key.as_ref());
        places.iter().filter_map(|place| self.rows.get(place))
    }

    pub(in crate::emulator) fn push(&mut self, row: T) {
        let place = self.next;
        self.next += 1;
        for (by, key) in row.keys() {
            self.indexes.add(by, key.into(), place);
        }
        self.rows.insert(place, row);
    }

    fn edit_at(&mut self, place: u64) -> Option<Edit<'_, T>> {
        let row = self.rows.get_mut(&place)?;
        Some(Edit { before: kept_keys(row), row, place, indexes: &mut self.indexes })
    }

    /// The first thing with this key, to be changed.
    pub(in crate::emulator) fn edit(
        &mut self,
        by: By,
        key: impl AsRef<[u8]>,
    ) -> Option<Edit<'_, T>> {
        let place = *self.indexes.places(by, key.as_ref()).first()?;
        self.edit_at(place)
    }

    /// The newest thing, to be changed.
    pub(in crate::emulator) fn edit_last(&mut self) -> Option<Edit<'_, T>> {
        let place = *self.rows.last_key_value()?.0;
        self.edit_at(place)
    }

    /// Changes all things with this key.
    pub(in crate::emulator) fn edit_all(
        &mut self,
        by: By,
        key: impl AsRef<[u8]>,
        mut change: impl FnMut(&mut T),
    ) {
        for place in self.indexes.places(by, key.as_ref()).to_vec() {
            if let Some(mut row) = self.edit_at(place) {
                change(&mut row);
            }
        }
    }

    /// Changes every thing there is.
    pub(in crate::emulator) fn edit_each(&mut self, mut change: impl FnMut(&mut T)) {
        let indexes = &mut self.indexes;
        for (place, row) in &mut self.rows {
            let before = kept_keys(row);
            change(&mut Edit { row, place: *place, before, indexes });
        }
    }

    fn take_at(&mut self, place: u64) -> Option<T> {
        let row = self.rows.remove(&place)?;
        for (by, key) in row.keys() {
            self.indexes.remove(by, &key, place);
        }
        Some(row)
    }

    /// Removes the first thing with this key.
    pub(in crate::emulator) fn take(&mut self, by: By, key: impl AsRef<[u8]>) -> Option<T> {
        let place = *self.indexes.places(by, key.as_ref()).first()?;
        self.take_at(place)
    }

    /// Removes all things with this key.
    pub(in crate::emulator) fn remove(&mut self, by: By, key: impl AsRef<[u8]>) {
        for place in self.indexes.places(by, key.as_ref()).to_vec() {
            self.take_at(place);
        }
    }

    /// Removes the things with this key that are not wanted any more.
    pub(in crate::emulator) fn remove_all(
        &mut self,
        by: By,
        key: impl AsRef<[u8]>,
        unwanted: impl Fn(&T) -> bool,
    ) {
        for place in self.indexes.places(by, key.as_ref()).to_vec() {
            if self.rows.get(&place).is_some_and(&unwanted) {
                self.take_at(place);
            }
        }
    }

    /// Goes through the things that have one of these keys, the oldest first, and may change them.
    /// Removes and returns the one at which it is told to stop.
    pub(in crate::emulator) fn edit_any<'k>(
        &mut self,
        keys: impl Iterator<Item = (By, &'k str)>,
        mut stop: impl FnMut(&mut T) -> bool,
    ) -> Option<T> {
        let places = keys.flat_map(|(by, key)| self.indexes.places(by, key.as_bytes()).to_vec());
        for place in places.collect::<BTreeSet<_>>() {
            if self.edit_at(place).is_some_and(|mut row| stop(&mut row)) {
                return self.take_at(place);
            }
        }
        None
    }

    pub(in crate::emulator) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        let gone = self.rows.iter().filter(|(_, row)| !keep(row)).map(|(place, _)| *place);
        for place in gone.collect::<Vec<_>>() {
            self.take_at(place);
        }
    }

    /// Drops what has expired, but so seldom that it costs each new thing next to nothing. What has expired
    /// may still be found.
    pub(in crate::emulator) fn drop_now_and_then(&mut self, has_expired: impl Fn(&T) -> bool) {
        if self.rows.len() >= self.left.max(FEW).saturating_mul(2) {
            self.retain(|row| !has_expired(row));
            self.left = self.rows.len();
        }
    }

    /// Panics unless each index finds exactly what a search through all things finds.
    #[cfg(test)]
    pub(in crate::emulator) fn check(&self, what: &str) {
        for by in By::ALL {
            let mut wanted: BTreeMap<Vec<u8>, Vec<u64>> = BTreeMap::new();
            for (place, row) in &self.rows {
                for (_, key) in row.keys().into_iter().filter(|(of, _)| *of == by) {
                    let places = wanted.entry(key.into_owned()).or_default();
                    if places.last() != Some(place) {
                        places.push(*place);
                    }
                }
            }
            let index = self.indexes.0[by as usize].iter();
            let found: BTreeMap<Vec<u8>, Vec<u64>> =
                index.map(|(key, places)| (key.to_vec(), places.as_slice().to_vec())).collect();
            assert_eq!(found, wanted, "{what} by {by:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::testing::Random;

    struct Thing(String, Vec<String>);

    impl Row for Thing {
        fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
            let names = self.1.iter().map(|name| key(By::LoginId, name));
            names.chain([key(By::Id, &self.0)]).collect()
        }
    }

    fn thing(id: &str, names: &[&str]) -> Thing {
        Thing(id.to_owned(), names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn the_first_of_several_with_one_key_is_found_until_it_goes() {
        let mut table = Table::default();
        for id in ["a", "b", "c"] {
            table.push(thing(id, &["same", id]));
        }
        let first = |table: &Table<Thing>| table.get(By::LoginId, "same").map(|row| row.0.clone());
        assert_eq!(first(&table).as_deref(), Some("a"));
        assert_eq!(table.take(By::Id, "a").map(|row| row.0).as_deref(), Some("a"));
        assert_eq!(first(&table).as_deref(), Some("b"));
        table.edit(By::Id, "b").unwrap().1.clear();
        assert_eq!(first(&table).as_deref(), Some("c"));
        table.edit(By::Id, "b").unwrap().1.push("same".to_owned());
        assert_eq!(first(&table).as_deref(), Some("b"), "the older one");
        table.check("things");
        table.remove(By::LoginId, "same");
        assert_eq!((table.len(), first(&table)), (0, None));
        table.check("nothing");
    }

    #[test]
    fn indexes_find_what_a_search_finds_after_any_change() {
        const KEYS: [&str; 8] = ["", "a", "b", "c", "d", "e", "f", "g"];
        let (mut table, mut random) = (Table::default(), Random(7));
        for step in 0..1_500 {
            let [one, other] = [(); 2].map(|()| *random.one_of(&KEYS));
            match random.below(10) {
                0..=2 => table.push(thing(one, &[other, one])),
                3 | 4 => drop(table.edit(By::Id, one).map(|mut row| other.clone_into(&mut row.0))),
                5 => drop(table.edit(By::LoginId, one).map(|mut row| row.1.push(other.to_owned()))),
                6 => table.edit_all(By::LoginId, one, |row| row.1.retain(|name| name != one)),
                7 => drop(table.edit_last().map(|mut row| *row = thing(other, &[one]))),
                8 => drop(table.take(By::LoginId, one)),
                _ if step % 50 == 0 => table.retain(|row| row.0 != one),
                _ => table.edit_each(|row| row.1.retain(|name| name != other)),
            }
            table.check("things");
            for wanted in KEYS {
                let found = table.all(By::LoginId, wanted).map(|row| &*row.0);
                let scanned = table.iter().filter(|row| row.1.iter().any(|name| name == wanted));
                assert!(found.eq(scanned.map(|row| &*row.0)), "{wanted} after {step}");
            }
        }
        assert!(table.len() > 1, "{}", table.len());
    }

    #[test]
    fn what_has_expired_is_dropped_now_and_then() {
        let mut table = Table::default();
        for n in 0..10_000 {
            table.drop_now_and_then(|row: &Thing| row.1.is_empty());
            table.push(thing(&n.to_string(), if n % 100 == 0 { &["kept"] } else { &[] }));
        }
        assert_eq!(table.all(By::LoginId, "kept").count(), 100);
        assert!(table.len() < 400, "{}", table.len());
    }
}

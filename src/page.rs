//! Pages of a search, and the iterator over all of them.

use std::borrow::Cow;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::vec;

use serde::Serialize;

use crate::error::Result;
use crate::json::DecodeError;

/// One page of the results of a search.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items on this page.
    pub items: Vec<T>,
    /// The number of items on all pages together, or `None` if the answer does not say.
    pub total: Option<u64>,
}

/// The order of a search.
///
/// ```
/// use descope::Sort;
///
/// let newest_first = [Sort::descending("createdTime"), Sort::ascending("name")];
/// ```
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sort {
    /// The field's name on the wire, such as `createdTime`.
    pub field: String,
    /// Whether the order is descending.
    pub desc: bool,
}

impl Sort {
    /// Ascending order: the smallest value comes first.
    pub fn ascending(field: impl Into<String>) -> Self {
        Self { field: field.into(), desc: false }
    }

    /// Descending order: the greatest value comes first.
    pub fn descending(field: impl Into<String>) -> Self {
        Self { field: field.into(), desc: true }
    }
}

/// All results of a search, fetched page by page.
///
/// The iterator requests the next page when the items of the current one are used up. It keeps no page, so
/// memory does not grow with the number of items. The first error ends the iteration. If a page repeats,
/// that is an error.
///
/// # Changing what is iterated over
///
/// Descope cuts the pages anew for each request. If the search no longer finds an item, all items behind it
/// move forward, and some of them move from the next page to one that was already read. A loop that deletes
/// each user, or that deactivates each user of a search for enabled ones, therefore **misses up to half of
/// them, without an error**. Read the [`ids`](Self::ids) of all pages first, and then change the items:
///
/// ```
/// # let emulator = descope::emulator::Emulator::new();
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// # for name in ["ada", "bob", "cleo"] { client.mgmt().user().create(name, &Default::default())?; }
/// use descope::mgmt::user::UserSearch;
/// use descope::{Sort, UserStatus};
///
/// let users = client.mgmt().user();
/// let enabled = UserSearch::default()
///     .statuses([UserStatus::Enabled])
///     .sort([Sort::ascending("createdTime")]);
/// # let enabled = enabled.limit(1);
/// for user_id in users.iter(&enabled).ids()? {
///     users.deactivate(&user_id)?;
/// }
/// # assert_eq!(users.search(&enabled)?.total, Some(0));
/// # Ok::<(), descope::Error>(())
/// ```
///
/// Other programs that create or delete items meanwhile move the pages too. If a search is sorted by the
/// time of creation, the oldest first, added items do not make it miss or repeat anything, because new
/// items come last. Deletions can still hide items. Sort by a field that your loop does not change.
#[must_use = "iterators are lazy: nothing is asked for until the first item is"]
pub struct PageIter<'c, T> {
    fetch: Box<dyn FnMut(u32) -> Result<Page<T>> + Send + 'c>,
    key: fn(&T) -> &str,
    /// What tells apart items that may have no key.
    print: Option<fn(&T) -> String>,
    items: vec::IntoIter<T>,
    next_page: Option<u32>,
    /// Items of the pages so far, those before the first one asked for included.
    seen: u64,
    /// Items of the first page: what is fewer is the last, where the total is unknown.
    full: usize,
    repeats: Repeats,
}

impl<'c, T> PageIter<'c, T> {
    /// Iterates from a page on. `key` is what tells one item from another.
    pub(crate) fn new(
        first_page: u32,
        key: fn(&T) -> &str,
        fetch: impl FnMut(u32) -> Result<Page<T>> + Send + 'c,
    ) -> Self {
        Self {
            fetch: Box::new(fetch),
            key,
            print: None,
            items: Vec::new().into_iter(),
            next_page: Some(first_page),
            seen: 0,
            full: 0,
            repeats: Repeats::default(),
        }
    }

    /// Tells items that have no key apart by what `print` makes of them.
    pub(crate) fn print(mut self, print: fn(&T) -> String) -> Self {
        self.print = Some(print);
        self
    }

    /// Reads all remaining pages, and returns the ID of each item. For users it is the user ID.
    ///
    /// Use it before a loop that changes or deletes the items; see
    /// [above](Self#changing-what-is-iterated-over). All IDs are in memory at once, but only one page of
    /// items. The IDs of a million users take about 50 MB.
    ///
    /// # Errors
    ///
    /// The error of the first page that fails, or [`Error::Decode`](crate::Error::Decode) for an item
    /// without an ID.
    pub fn ids(mut self) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        while let Some(item) = self.next() {
            let item = item?;
            let id = (self.key)(&item);
            if id.is_empty() {
                return Err(DecodeError::new("an item of the search has no ID").into());
            }
            ids.push(id.to_owned());
        }
        Ok(ids)
    }

    fn turn(&mut self, number: u32) -> Result<()> {
        let page = (self.fetch)(number)?;
        let length = page.items.len();
        let (key, print) = (self.key, self.print);
        let told = page.items.iter().map(|item| match print {
            Some(print) if key(item).is_empty() => Cow::Owned(print(item)),
            _ => Cow::Borrowed(key(item)),
        });
        if length > 0 && self.repeats.note(told) {
            return Err(DecodeError::new("the pages of the search repeat").into());
        }
        if self.full == 0 {
            self.full = length;
            self.seen = u64::from(number).saturating_mul(length as u64);
        }
        self.seen = self.seen.saturating_add(length as u64);
        let more = match page.total {
            None | Some(0) => length >= self.full,
            Some(total) => self.seen < total,
        };
        self.next_page = number.checked_add(1).filter(|_| more && length > 0);
        self.items = page.items.into_iter();
        Ok(())
    }
}

impl<T> Iterator for PageIter<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        loop {
            if let Some(item) = self.items.next() {
                return Some(Ok(item));
            }
            let number = self.next_page.take()?;
            if let Err(error) = self.turn(number) {
                return Some(Err(error));
            }
        }
    }
}

impl<T> std::iter::FusedIterator for PageIter<'_, T> {}

impl<T> fmt::Debug for PageIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageIter").field("next_page", &self.next_page).finish_non_exhaustive()
    }
}

/// Finds a page that was there before, in constant memory: each is compared with the one before,
/// and with one of those earlier (Brent's cycle detection), so that no cycle of pages goes on for
/// more than about three times its length.
#[derive(Default)]
struct Repeats {
    last: Option<u64>,
    earlier: Option<u64>,
    pages: u64,
}

impl Repeats {
    fn note<'a>(&mut self, keys: impl Iterator<Item = Cow<'a, str>>) -> bool {
        let mut hasher = DefaultHasher::new();
        let mut named = false;
        for key in keys {
            named |= !key.is_empty();
            key.hash(&mut hasher);
        }
        // Nothing tells apart pages whose items have no key: one of them is enough.
        let page = Some(if named { hasher.finish() } else { 0 });
        let repeated = page == self.last || page == self.earlier;
        self.pages += 1;
        if self.pages.is_power_of_two() {
            self.earlier = page;
        }
        self.last = page;
        repeated
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::Error;

    fn pages(
        total: u64,
        mut page: impl FnMut(u32) -> Vec<String> + Send + 'static,
    ) -> PageIter<'static, String> {
        let key: fn(&String) -> &str = |item| item;
        PageIter::new(0, key, move |number| Ok(Page { items: page(number), total: Some(total) }))
    }

    fn numbers(from: u32, length: u32) -> Vec<String> {
        (from..from + length).map(|n| n.to_string()).collect()
    }

    #[test]
    fn asks_for_no_page_too_many() {
        for (count, with_total, without) in [(0, 1, 1), (3, 1, 2), (10, 2, 3), (12, 3, 3)] {
            for (total, requests) in [(count, with_total), (0, without)] {
                let asked = Arc::new(AtomicU32::new(0));
                let counter = Arc::clone(&asked);
                let items = pages(total.into(), move |number| {
                    counter.fetch_add(1, Ordering::Relaxed);
                    let from = (number * 5).min(count);
                    numbers(from, 5.min(count - from))
                });
                assert_eq!(items.map(Result::unwrap).collect::<Vec<_>>(), numbers(0, count));
                assert_eq!(asked.load(Ordering::Relaxed), requests, "{total} of {count}");
            }
        }
    }

    #[test]
    fn a_server_may_cut_pages_shorter_than_asked() {
        let items = pages(7, |number| numbers(number * 3, 3.min(7 - number * 3)));
        assert_eq!(items.map(Result::unwrap).collect::<Vec<_>>(), numbers(0, 7));
    }

    #[test]
    fn starts_anywhere() {
        let key: fn(&String) -> &str = |item| item;
        let fetch = |number: u32| {
            let items = if number < 3 { numbers(number * 2, 2) } else { Vec::new() };
            Ok(Page { items, total: Some(6) })
        };
        let items: Vec<_> = PageIter::new(2, key, fetch).map(Result::unwrap).collect();
        assert_eq!(items, ["4", "5"]);
    }

    #[test]
    fn an_error_comes_once_and_ends_it() {
        let key: fn(&String) -> &str = |item| item;
        let mut items = PageIter::new(0, key, |number| match number {
            0 => Ok(Page { items: numbers(0, 2), total: Some(9) }),
            _ => Err(Error::Config("broken")),
        });
        assert_eq!(items.by_ref().take(2).map(Result::unwrap).collect::<Vec<_>>(), ["0", "1"]);
        assert!(matches!(items.next(), Some(Err(Error::Config("broken")))));
        assert!(items.next().is_none() && items.next().is_none());
    }

    #[test]
    fn ids_are_those_of_all_pages_that_are_left() {
        let at = |number: u32| numbers(number * 3, 3.min(7_u32.saturating_sub(number * 3)));
        assert_eq!(pages(7, at).ids().unwrap(), numbers(0, 7));
        let mut begun = pages(7, at);
        begun.nth(3).unwrap().unwrap();
        assert_eq!(begun.ids().unwrap(), numbers(4, 3));
        assert_eq!(pages(0, |_| Vec::new()).ids().unwrap(), Vec::<String>::new());
    }

    #[test]
    fn ids_are_all_there_or_an_error() {
        let failing = PageIter::new(
            0,
            |item: &String| item,
            |number| match number {
                0 => Ok(Page { items: numbers(0, 2), total: Some(9) }),
                _ => Err(Error::Config("broken")),
            },
        );
        assert!(matches!(failing.ids(), Err(Error::Config("broken"))));
        let nameless = pages(2, |_| vec!["1".to_owned(), String::new()]);
        assert!(matches!(nameless.ids(), Err(Error::Decode(_))));
    }

    #[test]
    fn pages_that_repeat_are_an_error() {
        for (cycle, most) in [(1, 2), (2, 6), (3, 9), (7, 21)] {
            for total in [0, u64::MAX] {
                let (mut count, mut last) = (0, None);
                for item in pages(total, move |number| numbers((number % cycle) * 2, 2)) {
                    count += 1;
                    last = item.err();
                }
                assert!(matches!(last, Some(Error::Decode(_))), "a cycle of {cycle}");
                assert!(count <= most * 2, "a cycle of {cycle}: {count}");
            }
        }
    }

    #[test]
    fn items_without_a_key_can_be_told_apart_by_something_else() {
        let nameless = |page: fn(u32) -> u32| {
            let fetch = move |number| Ok(Page { items: vec![page(number); 2], total: Some(8) });
            PageIter::new(0, |_: &u32| "", fetch).print(u32::to_string)
        };
        let items: Vec<u32> = nameless(|number| number).map(Result::unwrap).collect();
        assert_eq!(items, [0, 0, 1, 1, 2, 2, 3, 3]);
        let last = nameless(|_| 7).last();
        assert!(matches!(last, Some(Err(Error::Decode(_)))), "a page that repeats");
        assert!(nameless(|number| number).ids().is_err(), "they have no IDs");
    }

    #[test]
    fn pages_that_nothing_tells_apart_do_not_go_on() {
        for total in [0, u64::MAX] {
            for length in [|_: u32| 2, |number: u32| 2 + number as usize] {
                let items = pages(total, move |number| vec![String::new(); length(number)]);
                let items: Vec<_> = items.take(20).collect();
                assert_eq!(items.len(), 3, "one page, and an error");
                assert!(matches!(items[2], Err(Error::Decode(_))));
            }
        }
    }
}

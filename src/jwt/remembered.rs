//! Session tokens that were verified, so that a token which comes again costs no signature check.
//!
//! Looking a token up is far cheaper than checking a signature, so cheap that two processor cores which write
//! to the same memory would slow each other down. So there are several [lanes](Lane) with the same tokens,
//! each thread reads one of them, and writes nothing that another lane's threads read. Putting a token in
//! writes to all lanes. That happens only after a signature check, next to which it costs little.
//!
//! No lock here makes a check wait for another: where one is taken, the token counts as unknown.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, TryLockError};
use std::thread;

use super::cache::Stamp;
use super::registered::Registered;
use crate::secret::Secret;

/// The bytes that each token may take on average.
const BYTES_PER_TOKEN: usize = 8 * 1024;

/// How many tokens are looked at to make room for a new one.
const LOOKS: usize = 16;

/// The most lanes; each costs some 40 bytes per token.
const MAX_LANES: usize = 16;

pub(super) struct Remembered {
    lanes: Box<[Lane]>,
    hasher: RandomState,
    order: Mutex<Order>,
    capacity: usize,
}

/// All tokens, for some of the threads. Its alignment keeps it away from the next one's memory.
#[repr(align(128))]
#[derive(Default)]
struct Lane(RwLock<HashMap<u64, Slot>>);

struct Slot {
    token: Arc<Verified>,
    /// Whether a thread of this lane has used it since it was last looked at to make room.
    used: AtomicBool,
}

/// A token whose signature was good, and whose claims were.
struct Verified {
    token: Secret,
    claims: Registered,
    /// The keys that it was checked with; `None` if they never change.
    keys: Option<Stamp>,
}

/// Which token makes room next: as in a clock with a second chance, the one that came first, unless it was
/// used since. So one that is used all the time stays, however many others come once.
#[derive(Default)]
struct Order {
    queue: VecDeque<u64>,
    sizes: HashMap<u64, usize>,
    bytes: usize,
}

impl Remembered {
    /// Room for so many tokens.
    pub(super) fn new(capacity: usize) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        // With several for each core, two threads that run at the same time seldom have the same one.
        let lanes = if cores == 1 { 1 } else { (cores * 4).min(MAX_LANES) };
        Self {
            lanes: (0..lanes).map(|_| Lane::default()).collect(),
            hasher: RandomState::new(),
            order: Mutex::default(),
            capacity,
        }
    }

    /// The claims of a token that was verified with keys which are still current. Whether they are still good
    /// is for the caller to see.
    pub(super) fn get(
        &self,
        token: &str,
        is_current: impl FnOnce(Option<Stamp>) -> bool,
    ) -> Option<Registered> {
        let lane = self.lanes.get(turn() % self.lanes.len())?.try_read()?;
        let slot = lane.get(&self.hash(token))?;
        let Verified { token: known, claims, keys } = &*slot.token;
        // The whole token decides. Its hash only says where to look.
        if known.expose() != token || !is_current(*keys) {
            return None;
        }
        if !slot.used.load(Ordering::Relaxed) {
            slot.used.store(true, Ordering::Relaxed);
        }
        Some(claims.clone())
    }

    /// Remembers a token, if there is room or can be made.
    pub(super) fn put(&self, token: &str, claims: &Registered, keys: Option<Stamp>) {
        let Ok(mut order) = self.order.try_lock() else { return };
        let (token, claims) = (Secret::from(token), claims.clone());
        let verified = Arc::new(Verified { token, claims, keys });
        let (hash, size) = (self.hash(verified.token.expose()), self.size(&verified));
        if let Some(old) = order.sizes.remove(&hash) {
            // The same token, checked with newer keys: it keeps its place.
            order.bytes -= old;
        } else if self.make_room(&mut order, size) {
            order.queue.push_back(hash);
        } else {
            return;
        }
        order.sizes.insert(hash, size);
        order.bytes += size;
        for lane in &self.lanes {
            let slot = Slot { token: verified.clone(), used: AtomicBool::new(false) };
            lane.0.write().unwrap_or_else(PoisonError::into_inner).insert(hash, slot);
        }
    }

    /// Forgets tokens until there is room for one of this size. Gives up where most are in use, so that the
    /// work is bounded: then a later token gets the room.
    fn make_room(&self, order: &mut Order, size: usize) -> bool {
        let limit = self.capacity.saturating_mul(BYTES_PER_TOKEN);
        let fits = |order: &Order| {
            order.queue.len() < self.capacity && order.bytes.saturating_add(size) <= limit
        };
        // One that has no room even alone turns no other out.
        let looks = if size <= limit { LOOKS } else { 0 };
        for _ in 0..looks {
            if fits(order) {
                return true;
            }
            let Some(oldest) = order.queue.pop_front() else { return false };
            let was_used = |lane: &Lane| {
                let lane = lane.0.read().unwrap_or_else(PoisonError::into_inner);
                lane.get(&oldest).is_some_and(|slot| slot.used.swap(false, Ordering::Relaxed))
            };
            // All of them, not only up to the first.
            if self.lanes.iter().filter(|lane| was_used(lane)).count() > 0 {
                order.queue.push_back(oldest);
                continue;
            }
            for lane in &self.lanes {
                lane.0.write().unwrap_or_else(PoisonError::into_inner).remove(&oldest);
            }
            order.bytes -= order.sizes.remove(&oldest).unwrap_or(0);
        }
        fits(order)
    }

    /// Hashes the end of the token. That is its signature, which nobody can choose for a token that is accepted.
    fn hash(&self, token: &str) -> u64 {
        let token = token.as_bytes();
        self.hasher.hash_one(&token[token.len().saturating_sub(32)..])
    }

    /// What a token takes, about.
    fn size(&self, verified: &Verified) -> usize {
        let slots = (self.lanes.len() + 1) * 2 * size_of::<(u64, Slot)>();
        size_of::<Verified>() + verified.token.expose().len() + verified.claims.size() + slots
    }
}

impl Lane {
    fn try_read(&self) -> Option<RwLockReadGuard<'_, HashMap<u64, Slot>>> {
        match self.0.try_read() {
            Ok(lane) => Some(lane),
            Err(TryLockError::Poisoned(lane)) => Some(lane.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl Drop for Verified {
    fn drop(&mut self) {
        self.claims.wipe();
    }
}

/// A number for this thread, the next one for the next thread.
fn turn() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static TURN: Cell<Option<usize>> = const { Cell::new(None) });
    // A thread that is ending has none any more.
    TURN.try_with(|turn| {
        turn.get().unwrap_or_else(|| {
            let next = NEXT.fetch_add(1, Ordering::Relaxed);
            turn.set(Some(next));
            next
        })
    })
    .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURRENT: fn(Option<Stamp>) -> bool = |_| true;

    fn claims(size: usize) -> Registered {
        Registered::read(format!(r#"{{"sub":"U1","x":"{}"}}"#, "x".repeat(size))).unwrap()
    }

    fn name(number: usize) -> String {
        format!("a token that ends in its number, which is {number:08}")
    }

    fn put(remembered: &Remembered, number: usize) {
        remembered.put(&name(number), &claims(0), None);
    }

    fn has(remembered: &Remembered, number: usize) -> bool {
        remembered.get(&name(number), CURRENT).is_some()
    }

    /// All tokens that are somewhere in there, which must be the same everywhere.
    fn tokens(remembered: &Remembered) -> Vec<Arc<Verified>> {
        let order = remembered.order.lock().unwrap();
        assert_eq!(order.sizes.values().sum::<usize>(), order.bytes);
        assert_eq!(order.sizes.len(), order.queue.len());
        for lane in &remembered.lanes {
            let lane = lane.0.read().unwrap();
            assert_eq!(lane.len(), order.queue.len());
        }
        let lane = remembered.lanes[0].0.read().unwrap();
        order.queue.iter().map(|hash| lane[hash].token.clone()).collect()
    }

    #[test]
    fn only_the_very_token_is_known() {
        let remembered = Remembered::new(10);
        let (head, tail) = ("a".repeat(500), "z".repeat(100));
        let token = format!("{head}{tail}");
        remembered.put(&token, &claims(0), None);
        let found = remembered.get(&token, CURRENT).unwrap();
        assert_eq!(found.text("sub"), Ok(Some("U1")));
        // Most of these have the same hash.
        for at in 0..token.len() {
            let mut other = token.clone();
            other.replace_range(at..=at, "b");
            assert!(remembered.get(&other, CURRENT).is_none(), "{at}");
        }
        for other in
            ["", &tail, &token[1..], &token[..599], &format!("{token}z"), &format!("a{token}")]
        {
            assert!(remembered.get(other, CURRENT).is_none(), "{other}");
        }
    }

    #[test]
    fn a_token_of_other_keys_is_unknown_and_keeps_its_place_when_it_is_verified_again() {
        let remembered = Remembered::new(10);
        put(&remembered, 1);
        put(&remembered, 2);
        assert!(remembered.get(&name(1), |_| false).is_none());
        remembered.put(&name(1), &claims(300), None);
        let tokens = tokens(&remembered);
        let order: Vec<_> = tokens.iter().map(|token| token.token.expose()).collect();
        assert_eq!(order, [name(1), name(2)]);
        assert!(tokens[0].claims.size() > 300);
    }

    #[test]
    fn a_flood_of_good_tokens_takes_no_more_room_and_leaves_those_in_use() {
        let remembered = Remembered::new(100);
        for number in 0..50 {
            put(&remembered, number);
        }
        for number in 50..5000 {
            for hot in 0..50 {
                assert!(has(&remembered, hot), "{hot} at {number}");
            }
            put(&remembered, number);
            assert!(tokens(&remembered).len() <= 100);
        }
        assert_eq!(tokens(&remembered).len(), 100);
        // Those that are not used any more make room.
        for number in 5000..5300 {
            put(&remembered, number);
        }
        assert!((0..50).all(|cold| !has(&remembered, cold)));
        assert!((5290..5300).all(|new| has(&remembered, new)));
    }

    #[test]
    fn where_all_are_in_use_new_ones_wait_for_their_turn() {
        let remembered = Remembered::new(100);
        (0..100).for_each(|number| put(&remembered, number));
        assert!((0..100).all(|number| has(&remembered, number)));
        let mut tries = 0;
        while !has(&remembered, 100) {
            put(&remembered, 100);
            tries += 1;
        }
        assert!((2..=100_usize.div_ceil(LOOKS) + 1).contains(&tries), "{tries}");
        assert_eq!(tokens(&remembered).len(), 100);
    }

    #[test]
    fn large_tokens_take_the_room_of_several() {
        let remembered = Remembered::new(10);
        let large = |number: usize| (name(number), claims(20_000));
        for number in 0..20 {
            put(&remembered, number);
        }
        assert_eq!(tokens(&remembered).len(), 10);
        for number in 20..40 {
            let (token, claims) = large(number);
            remembered.put(&token, &claims, None);
            assert!(remembered.order.lock().unwrap().bytes <= 10 * BYTES_PER_TOKEN);
        }
        assert_eq!(tokens(&remembered).len(), 3);
        // One that has no room even alone turns no other out.
        let single = Remembered::new(1);
        put(&single, 0);
        let (token, claims) = large(1);
        single.put(&token, &claims, None);
        assert!(has(&single, 0) && !has(&single, 1));
    }

    #[test]
    fn nothing_outlives_its_eviction_or_the_whole() {
        let remembered = Remembered::new(1);
        put(&remembered, 1);
        let first = Arc::downgrade(&tokens(&remembered)[0]);
        put(&remembered, 2);
        assert_eq!(first.strong_count(), 0);
        let second = Arc::downgrade(&tokens(&remembered)[0]);
        assert!(second.strong_count() > 0);
        drop(remembered);
        assert_eq!(second.strong_count(), 0);
        let mut claims = claims(10);
        claims.wipe();
        assert_eq!(claims.text("sub"), Ok(Some("")));
    }

    #[test]
    fn threads_find_what_others_have_put_in() {
        let remembered = Remembered::new(1000);
        thread::scope(|scope| {
            for thread in 0..64 {
                let remembered = &remembered;
                scope.spawn(move || {
                    for round in 0..200 {
                        let number = (thread * 31 + round * 7) % 1500;
                        let found = remembered.get(&name(number), CURRENT);
                        assert!(found.is_none_or(|found| found.text("sub") == Ok(Some("U1"))));
                        put(remembered, number);
                    }
                });
            }
        });
        assert!(tokens(&remembered).len() <= 1000);
        let known = |&number: &usize| has(&remembered, number);
        let count = (0..1500).filter(known).count();
        assert_eq!(count, tokens(&remembered).len());
        assert!(count > 0);
    }
}

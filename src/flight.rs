//! The same work, asked for by several threads at once, is done once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Work under way, by what tells it apart.
pub(crate) struct Flights<K, T>(Mutex<HashMap<K, Arc<Flight<T>>>>);

struct Flight<T> {
    state: Mutex<State<T>>,
    landed: Condvar,
}

enum State<T> {
    UnderWay,
    Landed(T),
    /// The thread that did the work panicked.
    Lost,
}

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash, T: Clone> Flights<K, T> {
    /// Does the work, or waits for the thread that is doing it. `None` if that thread panicked or did
    /// not finish within `limit`.
    pub(crate) fn run(&self, key: K, limit: Duration, work: impl FnOnce() -> T) -> Option<T> {
        let mut flights = lock(&self.0);
        if let Some(flight) = flights.get(&key).cloned() {
            drop(flights);
            let (state, _) = flight
                .landed
                .wait_timeout_while(lock(&flight.state), limit, |state| {
                    matches!(state, State::UnderWay)
                })
                .unwrap_or_else(PoisonError::into_inner);
            return match &*state {
                State::Landed(result) => Some(result.clone()),
                State::UnderWay | State::Lost => None,
            };
        }
        let state = Mutex::new(State::UnderWay);
        let flight = Arc::new(Flight { state, landed: Condvar::new() });
        flights.insert(key.clone(), flight.clone());
        drop(flights);
        let mut landing = Landing { flights: self, key, flight, result: None };
        let result = work();
        landing.result = Some(result.clone());
        Some(result)
    }
}

/// Ends a flight, also when the work panics.
struct Landing<'f, K: Eq + Hash, T> {
    flights: &'f Flights<K, T>,
    key: K,
    flight: Arc<Flight<T>>,
    result: Option<T>,
}

impl<K: Eq + Hash, T> Drop for Landing<'_, K, T> {
    fn drop(&mut self) {
        lock(&self.flights.0).remove(&self.key);
        *lock(&self.flight.state) = self.result.take().map_or(State::Lost, State::Landed);
        self.flight.landed.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn work_asked_for_at_once_is_done_once() {
        let (flights, begun) = (&Flights::default(), &AtomicUsize::new(0));
        let (inside, finish) = (&Barrier::new(2), &Barrier::new(2));
        thread::scope(|scope| {
            let work = || {
                begun.fetch_add(1, Ordering::Relaxed);
                inside.wait();
                finish.wait();
                7
            };
            let first = scope.spawn(move || flights.run(1, LONG, work));
            inside.wait(); // the work is under way
            let others: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| flights.run(1, LONG, || begun.fetch_add(1, Ordering::Relaxed)))
                })
                .collect();
            assert_eq!(flights.run(1, Duration::from_millis(1), || 0), None);
            assert_eq!(flights.run(2, LONG, || 5), Some(5));
            while Arc::strong_count(lock(&flights.0).get(&1).unwrap()) < 2 + others.len() {
                thread::yield_now();
            }
            finish.wait();
            assert_eq!(first.join().unwrap(), Some(7));
            for other in others {
                assert_eq!(other.join().unwrap(), Some(7));
            }
        });
        assert_eq!(begun.load(Ordering::Relaxed), 1);
        assert_eq!(flights.run(1, LONG, || 9), Some(9));
    }

    #[test]
    fn a_panic_leaves_nothing_behind() {
        let flights = Flights::<u8, u8>::default();
        thread::scope(|scope| {
            let lost = scope.spawn(|| flights.run(1, LONG, || panic!("as planned")));
            assert!(lost.join().is_err());
        });
        assert_eq!(flights.run(1, LONG, || 3), Some(3));
    }

    #[test]
    fn a_panic_lets_those_who_wait_go() {
        let flights = &Flights::<u8, u8>::default();
        let (inside, finish) = (&Barrier::new(2), &Barrier::new(2));
        thread::scope(|scope| {
            let lost = scope.spawn(|| {
                flights.run(1, LONG, || {
                    inside.wait();
                    finish.wait();
                    panic!("as planned")
                })
            });
            inside.wait(); // the work is under way
            let waiting = scope.spawn(|| flights.run(1, LONG, || 7));
            while Arc::strong_count(lock(&flights.0).get(&1).unwrap()) < 3 {
                thread::yield_now();
            }
            finish.wait();
            assert!(lost.join().is_err());
            assert_eq!(waiting.join().unwrap(), None);
        });
    }
}

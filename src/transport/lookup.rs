//! Looks up hosts, each within its time, with few threads however long the system's resolver takes.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::connect::{Stage, unsent};

/// Lookups under way at the same time, in the whole process. A lookup cannot be ended, so that a resolver
/// that hangs holds a thread for each.
const MOST: usize = 8;
/// A lookup that takes longer is asked for anew, as what made it hang may have passed.
const STALE: Duration = Duration::from_secs(5);
/// Addresses that ureq tries.
const ADDRESSES: usize = 16;

type Outcome = Result<Vec<SocketAddr>, Arc<io::Error>>;
type LookUp = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Every client's, as the threads are the process's.
static SYSTEM: LazyLock<Arc<Lookups>> = LazyLock::new(|| {
    Lookups::new(MOST, STALE, |host| host.to_socket_addrs().map(Iterator::collect))
});

/// Asks the system's resolver; a lookup of the same host that is under way serves all who wait for it.
pub(super) struct Lookup(Arc<Lookups>);

impl Lookup {
    pub(super) fn system() -> Self {
        Self(SYSTEM.clone())
    }

    /// By another resolver.
    #[cfg(test)]
    pub(super) fn by(
        most: usize,
        stale: Duration,
        look_up: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self(Lookups::new(most, stale, look_up))
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}

impl Resolver for Lookup {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let fail = |error| unsent(error, Stage::Lookup);
        let place = uri.scheme().zip(uri.authority());
        let place = place.and_then(|(scheme, host)| DefaultResolver::host_and_port(scheme, host));
        let place = place.ok_or_else(|| fail(ureq::Error::HostNotFound))?;
        let limit = (!timeout.after.is_not_happening()).then(|| *timeout.after);
        let found = if let Ok(address) = place.parse() {
            Ok(vec![address])
        } else {
            let found = self.0.find(&place, limit);
            found.ok_or_else(|| fail(ureq::Error::Timeout(timeout.reason)))?
        };
        let found =
            found.map_err(|error| fail(ureq::Error::Io(io::Error::new(error.kind(), error))))?;
        let mut addresses = self.empty();
        config
            .ip_family()
            .keep_wanted(found.into_iter())
            .take(ADDRESSES)
            .for_each(|address| addresses.push(address));
        if addresses.is_empty() { Err(fail(ureq::Error::HostNotFound)) } else { Ok(addresses) }
    }
}

struct Lookups {
    look_up: Box<LookUp>,
    most: usize,
    stale: Duration,
    state: Mutex<State>,
    /// A lookup has ended.
    ended: Condvar,
}

#[derive(Default)]
struct State {
    threads: usize,
    /// The newest lookup of each host.
    under_way: HashMap<String, Arc<Flight>>,
}

struct Flight {
    begun: Instant,
    outcome: OnceLock<Outcome>,
}

impl Lookups {
    fn new(
        most: usize,
        stale: Duration,
        look_up: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let state = Mutex::default();
        Arc::new(Self { look_up: Box::new(look_up), most, stale, state, ended: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The addresses of a host with its port, or nothing if they are not found in time.
    fn find(self: &Arc<Self>, host: &str, limit: Option<Duration>) -> Option<Outcome> {
        let end = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut state = self.lock();
        let mut flight = None;
        loop {
            if flight.is_none() {
                flight = self.join_or_begin(&mut state, host);
            }
            if let Some(outcome) = flight.as_ref().and_then(|flight| flight.outcome.get()) {
                return Some(outcome.clone());
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return None;
            }
            // Where there is no end, looks again now and then.
            let waited = self.ended.wait_timeout(state, left.unwrap_or(self.stale));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A lookup to wait for, unless every thread is busy with other hosts.
    fn join_or_begin(self: &Arc<Self>, state: &mut State, host: &str) -> Option<Arc<Flight>> {
        let known = state.under_way.get(host);
        let busy = state.threads >= self.most;
        match known {
            Some(flight) if busy || flight.begun.elapsed() < self.stale => Some(flight.clone()),
            None if busy => None,
            _ => Some(self.begin(state, host)),
        }
    }

    fn begin(self: &Arc<Self>, state: &mut State, host: &str) -> Arc<Flight> {
        let flight = Arc::new(Flight { begun: Instant::now(), outcome: OnceLock::new() });
        let (lookups, own, name) = (self.clone(), flight.clone(), host.to_owned());
        let thread = thread::Builder::new().name("descope-lookup".to_owned());
        let spawned = thread.spawn(move || {
            let mut landing =
                Landing { lookups: &lookups, flight: &own, host: &name, outcome: None };
            landing.outcome = Some((lookups.look_up)(&name).map_err(Arc::new));
        });
        match spawned {
            Ok(_) => {
                state.threads += 1;
                state.under_way.insert(host.to_owned(), flight.clone());
            }
            Err(error) => drop(flight.outcome.set(Err(Arc::new(error)))),
        }
        flight
    }
}

/// Ends a lookup, also when it panics.
struct Landing<'l> {
    lookups: &'l Lookups,
    flight: &'l Arc<Flight>,
    host: &'l str,
    outcome: Option<Outcome>,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        let panicked = || Err(Arc::new(io::Error::other("the lookup panicked")));
        let mut state = self.lookups.lock();
        let _ = self.flight.outcome.set(self.outcome.take().unwrap_or_else(panicked));
        state.threads -= 1;
        if state.under_way.get(self.host).is_some_and(|newest| Arc::ptr_eq(newest, self.flight)) {
            state.under_way.remove(self.host);
        }
        drop(state);
        self.lookups.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(20);

    fn address() -> SocketAddr {
        ([192, 0, 2, 1], 443).into()
    }

    /// A resolver that hangs until it is told to go on, and how often it was asked.
    fn hanging(most: usize, stale: Duration) -> (Arc<Lookups>, mpsc::Sender<()>, Arc<AtomicUsize>) {
        let (go, gone) = mpsc::channel();
        let (gone, asked) = (Mutex::new(gone), Arc::new(AtomicUsize::new(0)));
        let count = asked.clone();
        let lookups = Lookups::new(most, stale, move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = gone.lock().unwrap_or_else(PoisonError::into_inner).recv();
            Ok(vec![address()])
        });
        (lookups, go, asked)
    }

    #[test]
    fn a_resolver_that_hangs_holds_few_threads_however_often_it_is_asked() {
        // Also where each lookup is out of date at once.
        for stale in [LONG, Duration::ZERO] {
            let (lookups, go, asked) = hanging(MOST, stale);
            for _ in 0..50 {
                assert!(
                    lookups.find("api.descope.com:443", Some(Duration::from_millis(1))).is_none()
                );
            }
            for host in 0..50 {
                let host = format!("{host}.example.com:443");
                assert!(lookups.find(&host, Some(Duration::from_millis(1))).is_none());
            }
            assert_eq!(lookups.lock().threads, MOST);
            assert!(asked.load(Ordering::SeqCst) <= MOST);
            drop(go);
            // The threads come back into use.
            let found = lookups.find("other.example.com:443", Some(LONG)).unwrap();
            assert_eq!(found.unwrap(), [address()]);
        }
    }

    #[test]
    fn callers_at_the_same_time_share_a_lookup() {
        let (lookups, go, asked) = hanging(MOST, LONG);
        thread::scope(|scope| {
            let callers: Vec<_> =
                (0..100).map(|_| scope.spawn(|| lookups.find("a:1", Some(LONG)))).collect();
            assert!(lookups.find("a:1", Some(SHORT)).is_none());
            // The lookup is held by each caller, its thread and the list of those under way.
            let held = || lookups.lock().under_way.get("a:1").map_or(0, Arc::strong_count);
            while held() < callers.len() + 2 {
                thread::sleep(Duration::from_millis(1));
            }
            go.send(()).unwrap();
            for caller in callers {
                assert_eq!(caller.join().unwrap().unwrap().unwrap(), [address()]);
            }
        });
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let state = lookups.lock();
        assert!(state.threads == 0 && state.under_way.is_empty());
    }

    #[test]
    fn a_lookup_that_takes_too_long_is_begun_anew() {
        let (lookups, go, asked) = hanging(2, Duration::ZERO);
        for threads in [1, 2, 2] {
            assert!(lookups.find("a:1", Some(SHORT)).is_none());
            assert_eq!(lookups.lock().threads, threads);
        }
        drop(go);
        assert!(lookups.find("a:1", None).unwrap().is_ok());
        assert!(asked.load(Ordering::SeqCst) >= 2);
    }

    #[test]
    fn failures_and_panics_end_a_lookup() {
        let lookups = Lookups::new(1, LONG, |host| match host {
            "panic" => panic!("as planned"),
            _ => Err(io::ErrorKind::NotFound.into()),
        });
        for _ in 0..3 {
            assert!(lookups.find("panic", Some(LONG)).unwrap().is_err());
            let error = lookups.find("none", Some(LONG)).unwrap().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        }
    }
}

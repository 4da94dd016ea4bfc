//! Servers and clients for tests that need a socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use descope::clock::{Clock, SystemClock};
use descope::{Client, ClientBuilder};

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    /// Method and target.
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Arrived {
    /// The next request of a connection, or nothing at its end.
    pub(crate) fn read(reader: &mut impl BufRead) -> Option<Self> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let mut lines = lines.into_iter();
        let line = lines.next()?.strip_suffix(" HTTP/1.1")?.to_owned();
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        });
        let mut arrived = Self { line, headers: headers.collect(), body: String::new() };
        let length = arrived.header("content-length").and_then(|n| n.parse().ok());
        reader.take(length.unwrap_or(0)).read_to_string(&mut arrived.body).ok()?;
        Some(arrived)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A server that does as it is told with each connection. Its threads end with the test's process.
pub(crate) struct Raw {
    address: SocketAddr,
    connections: Arc<AtomicU64>,
    seen: Seen,
}

/// What a server has been asked.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<Arrived>>>);

impl Seen {
    pub(crate) fn all(&self) -> Vec<Arrived> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn note(&self, arrived: &Arrived) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(arrived.clone());
    }
}

impl Raw {
    /// Hands each connection, with its number, to `converse`.
    pub(crate) fn new(converse: impl Fn(u64, TcpStream, &Seen) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, seen) = (Arc::new(AtomicU64::new(0)), Seen::default());
        let (count, notes, converse) = (connections.clone(), seen.clone(), Arc::new(converse));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let (converse, notes) = (converse.clone(), notes.clone());
                thread::spawn(move || converse(number, stream, &notes));
            }
        });
        Self { address, connections, seen }
    }

    /// Answers every request by `answer`, which makes the whole response.
    pub(crate) fn answering(answer: impl Fn(&Arrived) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::new(move |_, stream, seen| {
            let mut reader = BufReader::new(&stream);
            while let Some(arrived) = Arrived::read(&mut reader) {
                seen.note(&arrived);
                if (&stream).write_all(&answer(&arrived)).is_err() {
                    break;
                }
            }
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn seen(&self) -> Vec<Arrived> {
        self.seen.all()
    }
}

/// A response with a body of known length.
pub(crate) fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into()
}

/// A builder that takes nothing from the environment.
pub(crate) fn to(base_url: &str) -> ClientBuilder {
    Client::builder().ignore_env().project_id("P2abc").base_url(base_url)
}

/// An address where nobody listens.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A clock that does not wait but moves on at once, and remembers each wait.
#[derive(Clone, Default)]
pub(crate) struct NoWaiting(Arc<(SystemClock, Mutex<Vec<Duration>>)>);

impl NoWaiting {
    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.0.1.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Clock for NoWaiting {
    fn unix(&self) -> descope::UnixTime {
        self.0.0.unix()
    }

    fn monotonic(&self) -> Duration {
        self.0.0.monotonic() + self.waits().iter().sum::<Duration>()
    }

    fn sleep(&self, time: Duration) {
        self.0.1.lock().unwrap_or_else(PoisonError::into_inner).push(time);
    }
}

/// What `work` makes, if it takes no longer than `limit` and what a busy machine may add.
#[track_caller]
pub(crate) fn within<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let made = work();
    let took = start.elapsed();
    assert!(took < limit + Duration::from_secs(2), "took {took:?}, not {limit:?}");
    made
}

//! The emulator on a port: HTTP/1.1, a thread per connection.
//!
//! Written on the bare socket, because faults need it.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{
    IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{fmt, io, thread};

use super::engine::Engine;
use super::exchange::{Exchange, Way};
use super::origin::Encrypted;
use super::{control, cors, guard};
use crate::emulator::words::lock::lock;
use crate::transport::Request;
use crate::transport::http::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderMap, HeaderValue};
use crate::transport::http::{Method, StatusCode};

mod read;
mod tls;
mod wire;

use read::{Bad, Incoming, Reader};
use tls::Tls;
use wire::Wire;

/// How long a connection may say nothing.
const IDLE: Duration = Duration::from_secs(60);
/// How long a connection that is being closed is still read, so that the client gets the answer
/// before it learns that nobody reads its request.
const LINGER: Duration = Duration::from_millis(500);
/// Connections at the same time.
const MAX_CONNECTIONS: usize = 1_024;

/// An emulator that listens on a port; from [`Emulator::serve`](crate::emulator::Emulator::serve). Dropping it closes the port and all
/// connections.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    engine: Engine,
    tls: Option<Tls>,
    stop: Stop,
    accepted: AtomicU64,
    open: Mutex<HashMap<u64, TcpStream>>,
}

/// Tells all threads to end, and wakes those that wait.
#[derive(Default)]
struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    fn set(&self) {
        *lock(&self.stopped) = true;
        self.changed.notify_all();
    }

    fn is_set(&self) -> bool {
        *lock(&self.stopped)
    }

    /// Waits, and says whether the server goes on.
    fn wait(&self, time: Duration) -> bool {
        let stopped = lock(&self.stopped);
        let waited = self.changed.wait_timeout_while(stopped, time, |stopped| !*stopped);
        waited.map_or_else(|poisoned| !*poisoned.into_inner().0, |(stopped, _)| !*stopped)
    }
}

impl Server {
    pub(in crate::emulator) fn start(
        engine: Engine,
        address: impl ToSocketAddrs,
        tls_names: Option<&[&str]>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let tls = tls_names.map(|names| Tls::new(address.ip(), names)).transpose()?;
        let shared = Arc::new(Shared {
            engine,
            tls,
            stop: Stop::default(),
            accepted: AtomicU64::new(0),
            open: Mutex::default(),
        });
        let of_thread = Arc::clone(&shared);
        let accepting = thread::Builder::new()
            .name("descope-emulator".to_owned())
            .spawn(move || accept(&listener, &of_thread))?;
        Ok(Self { address, shared, accepting: Some(accepting) })
    }

    /// The base URL for clients, such as `http://127.0.0.1:49152`.
    pub fn base_url(&self) -> String {
        let scheme = if self.shared.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.reachable())
    }

    /// The certificate that clients have to trust, as PEM; `None` without TLS. This crate's client takes it by
    /// `root_certificates` of its builder.
    pub fn certificate(&self) -> Option<&str> {
        self.shared.tls.as_ref().map(|tls| &*tls.authority)
    }

    /// The address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// The address to connect to. The "any address" cannot be connected to.
    fn reachable(&self) -> SocketAddr {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        SocketAddr::new(ip, self.address.port())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.set();
        // Wakes the thread that accepts. Where this fails the thread is left to itself.
        if TcpStream::connect_timeout(&self.reachable(), Duration::from_secs(1)).is_ok()
            && let Some(accepting) = self.accepting.take()
        {
            // A panic of the thread has been reported by then.
            let _ = accepting.join();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    loop {
        let accepted = listener.accept();
        if shared.stop.is_set() {
            break;
        }
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, or the client is gone already.
            shared.stop.wait(Duration::from_millis(10));
            continue;
        };
        let id = shared.accepted.fetch_add(1, Ordering::SeqCst);
        threads.retain(|thread| !thread.is_finished());
        let Ok(other) = stream.try_clone() else { continue };
        {
            let mut open = lock(&shared.open);
            if open.len() >= MAX_CONNECTIONS {
                continue;
            }
            open.insert(id, other);
        }
        let of_thread = Arc::clone(shared);
        let spawned =
            thread::Builder::new().name(format!("descope-emulator-{id}")).spawn(move || {
                // How a connection ends concerns its client alone.
                let _ = converse(stream, &of_thread);
                lock(&of_thread.open).remove(&id);
            });
        match spawned {
            Ok(thread) => threads.push(thread),
            Err(_) => drop(lock(&shared.open).remove(&id)),
        }
    }
    for stream in lock(&shared.open).values() {
        // It may be closed already.
        let _ = stream.shutdown(Shutdown::Both);
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// Answers the requests of one connection, one after the other.
fn converse(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_write_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    let address = stream.local_addr()?.ip();
    let wire = Wire::new(stream, shared.tls.as_ref().map(|tls| &tls.config))?;
    let encrypted = wire.is_encrypted();
    let mut reader = Reader::new(wire);
    loop {
        let incoming = match reader.next() {
            Ok(Some(incoming)) => incoming,
            Ok(None) | Err(Bad::Io) => return Ok(()),
            Err(Bad::Request(status)) => {
                let answer = Exchange::unreadable(status);
                send(reader.stream(), shared, answer, false, false)?;
                return linger(reader.stream());
            }
        };
        let Incoming { mut request, keep_alive } = incoming;
        if encrypted {
            request.extensions_mut().insert(Encrypted);
        }
        let exchange = match guard::check(&request, address) {
            Ok(()) => answer(shared, &request),
            Err(refusal) => Exchange::refused(refusal),
        };
        let head_only = request.method() == Method::HEAD;
        let cut = exchange.wire.cut.is_some();
        if exchange.wire.close.is_some() {
            shared.stop.wait(exchange.wire.delay);
            return reader.stream().socket().shutdown(Shutdown::Both);
        }
        if !send(reader.stream(), shared, exchange, keep_alive, head_only)? {
            return Ok(());
        }
        if !keep_alive || cut {
            return linger(reader.stream());
        }
    }
}

/// Answers a request that may come from a page of another origin.
fn answer(shared: &Shared, request: &Request) -> Exchange {
    let origins = &shared.engine.settings().origins;
    // The guard has kept such pages from what steers the emulator.
    let is_api = !control::is_for(request);
    if is_api && let Some(response) = cors::preflight(request, origins) {
        return Exchange::plain(response);
    }
    let way = Way { on_port: true, goes_on: &|| !shared.stop.is_set() };
    let mut exchange = Exchange::by(&shared.engine, request, &way);
    if is_api {
        cors::allow(request, origins, &mut exchange.response);
    }
    exchange
}

/// Writes an answer, with the faults on its way. Says whether the server goes on.
fn send(
    writer: &mut Wire,
    shared: &Shared,
    exchange: Exchange,
    keep_alive: bool,
    head_only: bool,
) -> io::Result<bool> {
    let Exchange { response, wire } = exchange;
    if !wire.delay.is_zero() && !shared.stop.wait(wire.delay) {
        return Ok(false);
    }
    let status = response.status();
    let no_body = status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    let (parts, body) = response.into_parts();
    let head = head(status, parts.headers, (!no_body).then_some(body.len()), keep_alive);
    let sent =
        if head_only || no_body { 0 } else { wire.cut.unwrap_or(usize::MAX).min(body.len()) };
    let body = &body[..sent];
    match (wire.drip_head, wire.drip_body) {
        (None, None) => {
            let whole = [&head, body].concat();
            writer.write_all(&whole)?;
            Ok(true)
        }
        (slow_head, slow_body) => Ok(write_slowly(writer, shared, &head, slow_head)?
            && write_slowly(writer, shared, body, slow_body)?),
    }
}

fn write_slowly(
    writer: &mut Wire,
    shared: &Shared,
    bytes: &[u8],
    pause: Option<Duration>,
) -> io::Result<bool> {
    let Some(pause) = pause else {
        writer.write_all(bytes)?;
        return Ok(true);
    };
    for byte in bytes {
        if !shared.stop.wait(pause) {
            return Ok(false);
        }
        writer.write_all(&[*byte])?;
    }
    Ok(true)
}

fn head(
    status: StatusCode,
    mut headers: HeaderMap,
    length: Option<usize>,
    keep_alive: bool,
) -> Vec<u8> {
    if let Some(length) = length {
        headers.entry(CONTENT_LENGTH).or_insert(length.into());
    }
    if let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(std::time::SystemTime::now())) {
        headers.entry(DATE).or_insert(date);
    }
    if !keep_alive {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).into_bytes();
    for (name, value) in &headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Closes the sending half and reads a little more.
fn linger(stream: &mut Wire) -> io::Result<()> {
    stream.end()?;
    stream.socket().set_read_timeout(Some(LINGER))?;
    let mut rest = [0; 8_192];
    for _ in 0..64 {
        match stream.read(&mut rest) {
            Ok(0) => break,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

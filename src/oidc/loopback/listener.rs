//! A listener for this machine alone. It never waits for a single connection, so that none can hold up another.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::page;
use super::request::{self, Refusal};
use crate::error::{Error, Result};

/// Bytes before the body of a request. Browsers send the cookies of every port of this host.
const LARGEST: usize = 64 * 1024;
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections at a time. For one more, the oldest is closed.
const CONNECTIONS: usize = 64;
/// Ports that are tried if one must be free at both addresses.
const TRIES: usize = 16;

/// The host of the redirect URI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoopbackHost {
    /// `127.0.0.1`
    #[default]
    Ipv4,
    /// `[::1]`
    Ipv6,
    /// `localhost`, for servers that accept no address. It listens at both addresses. RFC 8252 section 8.3 advises
    /// against it: the name may lead elsewhere.
    Localhost,
}

pub(super) struct Listener {
    sockets: Vec<TcpListener>,
    /// What the header `Host` must be.
    host: String,
    path: String,
    open: Vec<Connection>,
}

struct Connection {
    stream: TcpStream,
    head: Vec<u8>,
    until: Instant,
}

/// Who has sent the request that is to be answered.
pub(super) struct Visitor(TcpStream);

impl Listener {
    /// Listens on this port, or on a free one for 0.
    pub(super) fn bind(host: LoopbackHost, port: u16, path: &str) -> Result<Self> {
        let sockets = match host {
            LoopbackHost::Ipv4 => listen(Ipv4Addr::LOCALHOST, port).map(|socket| vec![socket]),
            LoopbackHost::Ipv6 => listen(Ipv6Addr::LOCALHOST, port).map(|socket| vec![socket]),
            LoopbackHost::Localhost => both(port),
        };
        let sockets = sockets.map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => Error::argument("port", "is in use by another program"),
            ErrorKind::PermissionDenied => Error::argument("port", "is not open to this program"),
            _ => unlistenable(),
        })?;
        let port = match sockets.first().map(TcpListener::local_addr) {
            Some(Ok(address)) => address.port(),
            _ => return Err(unlistenable()),
        };
        Ok(Self { sockets, host: authority(host, port), path: path.to_owned(), open: Vec::new() })
    }

    /// The redirect URI.
    pub(super) fn url(&self) -> String {
        format!("http://{}{}", self.host, self.path)
    }

    /// The queries of the requests that have come completely, with those who wait for an answer. What cannot be a
    /// request of the user's browser has been answered.
    pub(super) fn come(&mut self) -> Vec<(String, Visitor)> {
        for socket in &self.sockets {
            // An error is one of a connection that has gone, or of too many open files: in a moment again.
            while let Ok((stream, _)) = socket.accept() {
                if stream.set_nonblocking(true).is_err() {
                    continue;
                }
                if self.open.len() >= CONNECTIONS {
                    self.open.remove(0);
                }
                let until = Instant::now() + PATIENCE;
                self.open.push(Connection { stream, head: Vec::new(), until });
            }
        }
        let mut come = Vec::new();
        for mut connection in std::mem::take(&mut self.open) {
            match connection.read() {
                Progress::Pending => self.open.push(connection),
                Progress::Gone => {}
                Progress::Refused(status) => {
                    Visitor(connection.stream).refuse(&Refusal(status, ""));
                }
                Progress::Complete => {
                    let visitor = Visitor(connection.stream);
                    match request::query(&connection.head, &self.host, &self.path) {
                        Ok(query) => come.push((query, visitor)),
                        Err(refusal) => visitor.refuse(&refusal),
                    }
                }
            }
        }
        come
    }
}

/// As browsers name it: they leave the default port out.
fn authority(host: LoopbackHost, port: u16) -> String {
    let name = match host {
        LoopbackHost::Ipv4 => "127.0.0.1",
        LoopbackHost::Ipv6 => "[::1]",
        LoopbackHost::Localhost => "localhost",
    };
    if port == 80 { name.to_owned() } else { format!("{name}:{port}") }
}

fn unlistenable() -> Error {
    Error::Config("this machine does not let the program listen at its loopback address")
}

fn listen(address: impl Into<std::net::IpAddr>, port: u16) -> io::Result<TcpListener> {
    let socket = TcpListener::bind(SocketAddr::new(address.into(), port))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The same port at both addresses, of which a machine may lack the newer one.
fn both(port: u16) -> io::Result<Vec<TcpListener>> {
    let mut tries = 0;
    loop {
        tries += 1;
        let first = listen(Ipv4Addr::LOCALHOST, port)?;
        match listen(Ipv6Addr::LOCALHOST, first.local_addr()?.port()) {
            Ok(second) => return Ok(vec![first, second]),
            Err(error) if error.kind() != ErrorKind::AddrInUse => return Ok(vec![first]),
            // Whoever is there would get the answers of browsers that prefer that address.
            Err(error) if port != 0 || tries == TRIES => return Err(error),
            Err(_) => {}
        }
    }
}

enum Progress {
    Pending,
    Complete,
    Gone,
    Refused(u16),
}

impl Connection {
    /// Reads what has come. It is nothing that could take long.
    fn read(&mut self) -> Progress {
        let mut piece = [0; 8 * 1024];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => return Progress::Gone,
                Ok(count) => {
                    let from = self.head.len().saturating_sub(3);
                    self.head.extend_from_slice(&piece[..count]);
                    let end = self.head[from..].windows(4).position(|end| end == b"\r\n\r\n");
                    if let Some(end) = end {
                        // What follows belongs to a body, or to another request. Neither is taken.
                        self.head.truncate(from + end + 4);
                        return Progress::Complete;
                    }
                    if self.head.len() > LARGEST {
                        return Progress::Refused(431);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Progress::Gone,
                Err(_) if Instant::now() < self.until => return Progress::Pending,
                Err(_) if self.head.is_empty() => return Progress::Gone,
                Err(_) => return Progress::Refused(408),
            }
        }
    }
}

impl Visitor {
    pub(super) fn answer(self, status: u16, html: &str) {
        self.send(&page::response(status, "", html));
    }

    fn refuse(self, refusal: &Refusal) {
        let Refusal(status, header) = *refusal;
        self.send(&page::response(status, header, ""));
    }

    /// The answer fits into the buffer of a socket. If it does not leave, the visitor has gone.
    fn send(mut self, response: &[u8]) {
        let second = Some(Duration::from_secs(1));
        let sent = (self.0.set_nonblocking(false))
            .and_then(|()| self.0.set_write_timeout(second))
            .and_then(|()| self.0.write_all(response))
            .and_then(|()| self.0.shutdown(Shutdown::Write))
            .and_then(|()| self.0.set_nonblocking(true));
        if sent.is_ok() {
            // What was not read would take the answer back (a reset) when the connection is closed.
            let mut rest = [0; 8 * 1024];
            for _ in 0..128 {
                match self.0.read(&mut rest) {
                    Ok(1..) => {}
                    _ => break,
                }
            }
        }
    }
}

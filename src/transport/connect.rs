//! What ureq does not tell: whether a request can have left before an error, and an answer that came
//! before the request was sent.

use std::fmt;
use std::io;

use ureq::http::Uri;
use ureq::unversioned::transport::time::Duration;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};
use ureq::{Error, Timeout};

/// How far a request had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Lookup,
    /// Connecting, with what the proxy and TLS ask for.
    Connect,
}

/// An error before the first byte of a request was sent, in [`Error::Other`].
#[derive(Debug)]
pub(super) struct Unsent {
    pub(super) error: Error,
    pub(super) stage: Stage,
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Unsent {}

/// Notes of an error how far the request had come, if that is not yet known.
pub(super) fn unsent(error: Error, stage: Stage) -> Error {
    match error {
        Error::Other(known) if known.is::<Unsent>() => Error::Other(known),
        // On its way through rustls, ureq wraps its own errors.
        Error::Io(error) => match error.downcast::<Error>() {
            Ok(error) => unsent(error, stage),
            Err(error) => Error::Other(Box::new(Unsent { error: Error::Io(error), stage })),
        },
        error => Error::Other(Box::new(Unsent { error, stage })),
    }
}

/// Connects as another does, and wraps each connection in a [`Conversation`].
#[derive(Debug)]
pub(super) struct Connect<C> {
    pub(super) by: C,
    /// Connections to it are made on the way to the server, and left as they are.
    pub(super) proxy: Option<Uri>,
}

impl<C: Connector<()>> Connector<()> for Connect<C> {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        let connected = self.by.connect(details, chained);
        let connected = connected.map_err(|error| unsent(error, Stage::Connect))?;
        let Some(connection) = connected else { return Ok(None) };
        let connection: Box<dyn Transport> = Box::new(connection);
        if self.proxy.as_ref() == Some(details.uri) {
            return Ok(Some(connection));
        }
        Ok(Some(Box::new(Conversation::new(connection))))
    }
}

/// How long to look for an answer between two pieces of a long request.
const GLANCE: Duration = Duration::from_millis(1);

/// A connection on which an answer is read also when the server does not wait for the end of a request:
/// one that is too large, or that it refuses by its head. ureq would report that it could not write.
#[derive(Debug)]
pub(super) struct Conversation {
    connection: Box<dyn Transport>,
    /// Pieces of the request that were sent. The first is its head.
    pieces: u32,
    /// What comes of the request, once no more of it is sent.
    cut: Option<Cut>,
    /// Part of an answer has been read that ureq has not yet looked at.
    unread: bool,
}

#[derive(Debug)]
enum Cut {
    /// The server refuses it.
    Refused,
    /// It could not be sent. The error counts if there is no answer.
    Broken(Error),
}

impl Conversation {
    fn new(connection: Box<dyn Transport>) -> Self {
        Self { connection, pieces: 0, cut: None, unread: false }
    }

    /// Whether the server has begun a refusal, while more of the request is to be sent.
    fn is_refused(&mut self, timeout: NextTimeout) -> bool {
        let glance = NextTimeout { after: GLANCE, ..timeout };
        if !self.unread && self.connection.await_input(glance).is_ok_and(|read| read) {
            self.unread = true;
        }
        self.unread && is_refusal(self.connection.buffers().input())
    }
}

/// Whether this is the beginning of an answer that needs no more of the request. Others, such as
/// `100 Continue`, are left for when it has been sent.
fn is_refusal(answer: &[u8]) -> bool {
    let status = answer.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(1..3));
    matches!(status, Some([b' ', b'3'..=b'5']))
}

impl Transport for Conversation {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.connection.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        // Short requests have been sent before an answer could come.
        if self.cut.is_none() && self.pieces >= 2 && self.is_refused(timeout) {
            self.cut = Some(Cut::Refused);
        }
        if self.cut.is_some() {
            return Ok(());
        }
        self.pieces = self.pieces.saturating_add(1);
        match self.connection.transmit_output(amount, leaving_time_to_read(timeout)) {
            Err(error) if may_have_answered(&error) => {
                self.cut = Some(Cut::Broken(error));
                Ok(())
            }
            other => other,
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.pieces = 0;
        if std::mem::take(&mut self.unread) {
            return Ok(true);
        }
        let read = self.connection.await_input(timeout);
        match (&mut self.cut, read) {
            (Some(Cut::Broken(_)), Ok(true)) => {
                self.cut = Some(Cut::Refused);
                Ok(true)
            }
            (Some(Cut::Broken(error)), _) => Err(std::mem::replace(error, Error::ConnectionFailed)),
            (_, read) => read,
        }
    }

    fn is_open(&mut self) -> bool {
        // Asked between two requests. After half of one, no other can follow.
        (self.pieces, self.unread) = (0, false);
        self.cut.is_none() && self.connection.is_open()
    }

    fn is_tls(&self) -> bool {
        self.connection.is_tls()
    }
}

/// Whether a server that does not read on can have answered all the same.
fn may_have_answered(error: &Error) -> bool {
    use io::ErrorKind as Io;
    match error {
        Error::Io(error) => {
            matches!(error.kind(), Io::BrokenPipe | Io::ConnectionReset | Io::ConnectionAborted)
        }
        Error::Timeout(_) => true,
        _ => false,
    }
}

/// Of the time for the whole exchange, a part that suffices to read what came while nobody was reading
/// the request.
fn leaving_time_to_read(mut timeout: NextTimeout) -> NextTimeout {
    let whole = matches!(timeout.reason, Timeout::Global | Timeout::PerCall);
    if whole && !timeout.after.is_not_happening() {
        timeout.after = (*timeout.after * 7 / 8).into();
    }
    timeout
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_from_other_answers() {
        for answer in ["HTTP/1.1 413 ", "HTTP/1.0 503 Busy\r\n", "HTTP/1.1 307", "HTTP/1.1 4"] {
            assert!(is_refusal(answer.as_bytes()), "{answer}");
        }
        for answer in ["", "HTTP/1.1 ", "HTTP/1.1 100 ", "HTTP/1.1 200 ", "HTTP/2 413", "SSH-2.0-x"]
        {
            assert!(!is_refusal(answer.as_bytes()), "{answer}");
        }
    }
}

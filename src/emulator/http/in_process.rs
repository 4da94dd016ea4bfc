//! The transport without a socket.

use std::time::Duration;
use std::{fmt, io, thread};

use super::engine::Engine;
use super::exchange::Exchange;
use crate::transport::{Limits, Request, Response, Transport, TransportError, TransportErrorKind};

#[derive(Clone)]
pub(in crate::emulator) struct InProcess(pub(in crate::emulator) Engine);

impl Transport for InProcess {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        let limits = request.extensions().get::<Limits>().copied();
        let Exchange { response, wire } = Exchange::new(&self.0, &request);

        let dripped = |pause: Option<Duration>, bytes: usize| {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            pause.map_or(Duration::ZERO, |pause| pause.saturating_mul(bytes))
        };
        let sent = wire.cut.map_or(response.body().len(), |cut| cut.min(response.body().len()));
        let takes = wire
            .delay
            .saturating_add(dripped(wire.drip_head, head_length(&response)))
            .saturating_add(dripped(wire.drip_body, sent));
        match limits.map(|limits| limits.timeout) {
            Some(timeout) if takes >= timeout && !takes.is_zero() => {
                thread::sleep(timeout);
                return Err(io::Error::from(io::ErrorKind::TimedOut).into());
            }
            _ => thread::sleep(takes),
        }
        if wire.close.is_some() || sent < response.body().len() {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let length = u64::try_from(sent).unwrap_or(u64::MAX);
        if limits.is_some_and(|limits| length > limits.body) {
            return Err(TransportError::new(TransportErrorKind::Body, "the body is too large"));
        }
        Ok(response)
    }
}

/// About what the head would be long on a socket.
fn head_length(response: &Response) -> usize {
    let headers = response.headers().iter();
    headers.map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() + 19
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InProcess").field(&self.0).finish()
    }
}

//! What becomes of a request: pages, control, the API, and the faults on the way.

use std::time::Duration;

use super::dispatch::dispatch;
use super::engine::Engine;
use super::fault::{Close, WireFaults};
use super::{control, oauth, oauth_page, page};
use crate::emulator::words::refusal::{Refusal, Reply, Result};
use crate::transport::http::StatusCode;
use crate::transport::http::header::{CONTENT_TYPE, HeaderValue, SET_COOKIE};
use crate::transport::{Request, Response};

/// A request's answer, and what happens to it on its way.
pub(in crate::emulator) struct Exchange {
    pub(in crate::emulator) response: Response,
    pub(super) wire: WireFaults,
}

impl Exchange {
    /// Answers a request.
    pub(in crate::emulator) fn new(engine: &Engine, request: &Request) -> Self {
        if let Some(response) = page::serve(engine, request) {
            return Self::plain(response);
        }
        if let Some(response) = oauth_page::serve(engine, request) {
            return Self::plain(response);
        }
        if control::is_for(request) {
            return Self::plain(respond(control::dispatch(engine, request)));
        }
        engine.count(request);
        let mut effects = engine.take_faults(request);
        if effects.rotate_keys {
            // Without a new key there is no rotation to observe, and the test says so.
            let _ = engine.rotate_keys(Duration::ZERO);
        }
        let mut response = match effects.answer.take() {
            Some(answer) => answer,
            None if effects.wire.close == Some(Close::Unprocessed) => Response::new(Vec::new()),
            None => oauth::serve(engine, request).unwrap_or_else(|| {
                let (now, settings) = (engine.now(), engine.settings());
                respond(dispatch(request, settings, now, &mut engine.store()))
            }),
        };
        for (name, value) in effects.headers {
            response.headers_mut().append(name, value);
        }
        Self { response, wire: effects.wire }
    }

    /// The answer to something that is not a request.
    pub(super) fn unreadable(status: StatusCode) -> Self {
        let mut response = respond(Err(Refusal::malformed("The request cannot be read")));
        *response.status_mut() = status;
        Self::plain(response)
    }

    /// A refusal, whatever was asked.
    pub(super) fn refused(refusal: Refusal) -> Self {
        Self::plain(respond(Err(refusal)))
    }

    fn plain(response: Response) -> Self {
        Self { response, wire: WireFaults::default() }
    }
}

fn respond(answer: Result) -> Response {
    let (status, body, cookie) = match answer {
        Ok(Reply { body, cookie }) => (StatusCode::OK, body, cookie),
        Err(refusal) => (refusal.status, refusal.body(), None),
    };
    let mut response = Response::new(body.to_string().into_bytes());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
        headers.insert(SET_COOKIE, cookie);
    }
    response
}

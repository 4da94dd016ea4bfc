//! What becomes of a request: pages, control, the API, and the faults on the way.

use std::time::Duration;

use serde_json::json;

use super::dispatch::{dispatch, is_route};
use super::engine::Engine;
use super::fault::{Close, WireFaults};
use super::{console, control, oauth, oauth_page, page};
use crate::emulator::words::context::Context;
use crate::emulator::words::fields::Unknown;
use crate::emulator::words::refusal::{Refusal, Reply, Result};
use crate::transport::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER, SET_COOKIE,
};
use crate::transport::http::{Method, StatusCode};
use crate::transport::{Request, Response};

/// A request's answer, and what happens to it on its way.
pub(in crate::emulator) struct Exchange {
    pub(in crate::emulator) response: Response,
    pub(super) wire: WireFaults,
}

/// How a request came.
pub(in crate::emulator) struct Way<'a> {
    /// Its client is perhaps another process.
    pub(in crate::emulator) on_port: bool,
    /// Whether somebody still waits for the answer.
    pub(in crate::emulator) goes_on: &'a dyn Fn() -> bool,
}

impl Exchange {
    /// Answers a request of this process.
    pub(in crate::emulator) fn new(engine: &Engine, request: &Request) -> Self {
        Self::by(engine, request, &Way { on_port: false, goes_on: &|| true })
    }

    /// Answers a request for one of the projects.
    pub(in crate::emulator) fn by(engine: &Engine, request: &Request, way: &Way<'_>) -> Self {
        let project = engine.of(request);
        let mut exchange = Self::of(&project, request, way);
        project.notify();
        if request.method() == Method::HEAD {
            let response = &mut exchange.response;
            let length = response.body().len();
            response.headers_mut().entry(CONTENT_LENGTH).or_insert(length.into());
            response.body_mut().clear();
        }
        exchange
    }

    fn of(engine: &Engine, request: &Request, way: &Way<'_>) -> Self {
        if request.uri().path() == "/health" {
            return Self::plain(respond(health(request)));
        }
        if let Some(response) = console::serve(engine, request) {
            return Self::plain(response);
        }
        if let Some(response) = page::serve(engine, request) {
            return Self::plain(response);
        }
        if let Some(response) = oauth_page::serve(engine, request) {
            return Self::plain(response);
        }
        if control::is_for(request) {
            return Self::plain(respond(control::dispatch(engine, request, way.goes_on)));
        }
        engine.count(request);
        if let Some(seconds) = engine.exceeded() {
            let mut response = respond(Err(Refusal::on_demand(StatusCode::TOO_MANY_REQUESTS)));
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            return Self::plain(response);
        }
        let mut effects = engine.take_faults(request);
        if effects.rotate_keys {
            // Without a new key there is no rotation to observe, and the test says so.
            let _ = engine.rotate_keys(Duration::ZERO);
        }
        let mut response = match effects.answer.take() {
            Some(answer) => answer,
            None if effects.wire.close == Some(Close::Unprocessed) => Response::new(Vec::new()),
            None => {
                let real = way.on_port.then(|| engine.clock().real());
                oauth::serve(engine, request, real)
                    .unwrap_or_else(|| respond(answer(engine, request, real)))
            }
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

    pub(super) fn plain(response: Response) -> Self {
        Self { response, wire: WireFaults::default() }
    }
}

/// Answers a call of the API, and records what it asked for in vain.
fn answer(engine: &Engine, request: &Request, real: Option<i64>) -> Result {
    let strict = engine.settings().strict.unwrap_or(real.is_none());
    let mut unknown = if strict { Unknown::Refused } else { Unknown::Ignored(Vec::new()) };
    let context = Context { real, ..engine.context() };
    let answer = dispatch(request, &context, &mut unknown, &mut engine.store());
    match unknown {
        Unknown::Ignored(fields) => engine.record_unknown(request, fields),
        Unknown::Refused => {}
    }
    if answer.as_ref().is_err_and(|refusal| matches!(refusal.code, "EMU404" | "EMU405" | "EMU501"))
        && !is_route(request)
    {
        engine.record_unknown_path(request);
    }
    answer
}

fn health(request: &Request) -> Result {
    match *request.method() {
        Method::GET | Method::HEAD => Ok(json!({ "status": "ok" }).into()),
        _ => Err(Refusal::wrong_method(request.method().as_str(), request.uri().path())),
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

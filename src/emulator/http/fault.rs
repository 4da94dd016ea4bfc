//! Failures on demand.

use std::time::Duration;

use serde_json::json;

use crate::emulator::words::refusal::Refusal;
use crate::transport::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use crate::transport::http::{Method, StatusCode};
use crate::transport::{Request, Response};

/// A failure of matching requests; pass it to [`Emulator::fault`].
///
/// A fault matches every request unless [`at`](Self::at) and [`method`](Self::method) narrow it, and
/// works until [`Emulator::clear_faults`] unless [`times`](Self::times) limits it. Several faults may
/// match one request; of those that replace the answer, the one added first wins.
///
/// ```
/// use descope::emulator::{Emulator, Fault};
///
/// let emulator = Emulator::new();
/// emulator.fault(Fault::status(429).header("retry-after", "7").at("/v1/mgmt/").times(2));
/// emulator.fault(Fault::empty_keys());
/// ```
///
/// Faults of the connection apply to [`Emulator::transport`] and [`Emulator::serve`].
/// [`Emulator::handle`] has no connection, so it only applies the faults that change the answer.
///
/// [`Emulator::fault`]: crate::emulator::Emulator::fault
/// [`Emulator::clear_faults`]: crate::emulator::Emulator::clear_faults
/// [`Emulator::transport`]: crate::emulator::Emulator::transport
/// [`Emulator::serve`]: crate::emulator::Emulator::serve
/// [`Emulator::handle`]: crate::emulator::Emulator::handle
#[derive(Clone, Debug)]
pub struct Fault {
    effect: Effect,
    headers: Vec<(HeaderName, HeaderValue)>,
    path: String,
    method: Option<Method>,
    left: Option<u32>,
}

#[derive(Clone, Debug)]
enum Effect {
    Nothing,
    Delay(Duration),
    DripBody(Duration),
    DripHead(Duration),
    Close { processed: bool },
    Cut(usize),
    Answer { status: StatusCode, body: Vec<u8>, content_type: &'static str },
    RotateKeys,
}

impl Fault {
    fn new(effect: Effect) -> Self {
        Self { effect, headers: Vec::new(), path: String::new(), method: None, left: None }
    }

    /// The answer is delayed. The request is processed at once.
    pub fn delay(by: Duration) -> Self {
        Self::new(Effect::Delay(by))
    }

    /// The body of the answer comes byte by byte, with this pause before each.
    pub fn drip(pause: Duration) -> Self {
        Self::new(Effect::DripBody(pause))
    }

    /// The head of the answer comes byte by byte, with this pause before each.
    pub fn drip_head(pause: Duration) -> Self {
        Self::new(Effect::DripHead(pause))
    }

    /// The connection is closed after the request was read. It is not processed.
    pub fn reset() -> Self {
        Self::new(Effect::Close { processed: false })
    }

    /// The request is processed, then the connection is closed without an answer.
    pub fn lose_answer() -> Self {
        Self::new(Effect::Close { processed: true })
    }

    /// The sending half of the connection is closed after this many bytes of the body, although
    /// `Content-Length` promises more.
    pub fn cut(after: usize) -> Self {
        Self::new(Effect::Cut(after))
    }

    /// The answer has this status and Descope's error body. The request is not processed. A number
    /// that is not a status counts as 500.
    pub fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = Refusal::on_demand(status).body().to_string().into_bytes();
        Self::new(Effect::Answer { status, body, content_type: "application/json" })
    }

    /// The answer has this status and body. The request is not processed.
    pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::status(status).with(body.into(), "application/json")
    }

    /// The answer has this status and an HTML page, as from a proxy.
    pub fn html(status: u16) -> Self {
        let page = "<!DOCTYPE html>\n<html><head><title>Error</title></head><body><h1>Sorry</h1>\
                    </body></html>\n";
        Self::status(status).with(page.into(), "text/html; charset=utf-8")
    }

    /// The answer has this status and no body.
    pub fn empty(status: u16) -> Self {
        Self::answer(status, Vec::new())
    }

    /// The signing key is replaced before the request is processed; see
    /// [`Emulator::rotate_keys`](crate::emulator::Emulator::rotate_keys).
    pub fn rotate_keys() -> Self {
        Self::new(Effect::RotateKeys)
    }

    /// The key set is empty.
    pub fn empty_keys() -> Self {
        Self::answer(200, json!({ "keys": [] }).to_string()).at("/v2/keys/")
    }

    /// The key set contains no usable key.
    pub fn garbage_keys() -> Self {
        let keys = json!({ "keys": [
            null, 7, {}, { "kid": 1, "kty": "RSA" },
            { "kid": "SK2garbage", "kty": "RSA", "alg": "RS256", "use": "sig", "n": "!", "e": "" },
        ] });
        Self::answer(200, keys.to_string()).at("/v2/keys/")
    }

    /// The answer is unchanged, except for the headers added with [`header`](Self::header).
    pub fn headers() -> Self {
        Self::new(Effect::Nothing)
    }

    fn with(mut self, new: Vec<u8>, new_type: &'static str) -> Self {
        if let Effect::Answer { body, content_type, .. } = &mut self.effect {
            *body = new;
            *content_type = new_type;
        }
        self
    }

    /// Limits the fault to requests with a path that starts with this text.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Limits the fault to requests with this method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Limits the fault to the next `times` matching requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.left = Some(times);
        self
    }

    /// Adds a header to the answer, such as `retry-after` in seconds or as a date. A name or value
    /// that HTTP does not allow is left out.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (name.parse(), value.parse()) {
            self.headers.push((name, value));
        }
        self
    }

    /// As people read it: what happens, to which requests, and how often.
    pub(super) fn shown(&self) -> [String; 3] {
        let what = match &self.effect {
            Effect::Nothing => "headers are added".to_owned(),
            Effect::Delay(by) => format!("the answer is delayed by {by:?}"),
            Effect::DripBody(pause) => format!("each byte of the body comes after {pause:?}"),
            Effect::DripHead(pause) => format!("each byte of the head comes after {pause:?}"),
            Effect::Close { processed: false } => "the connection is closed".to_owned(),
            Effect::Close { processed: true } => "the answer is lost".to_owned(),
            Effect::Cut(after) => format!("the answer is cut after {after} bytes"),
            Effect::Answer { status, .. } => format!("the answer has status {status}"),
            Effect::RotateKeys => "the signing key is replaced".to_owned(),
        };
        let method = self.method.as_ref().map_or("all", Method::as_str);
        let path = if self.path.is_empty() { "/" } else { &self.path };
        let left = self.left.map_or_else(|| "until removed".to_owned(), |left| left.to_string());
        [what, format!("{method} that begin with {path}"), left]
    }

    fn matches(&self, request: &Request) -> bool {
        self.left != Some(0)
            && request.uri().path().starts_with(&self.path)
            && self.method.as_ref().is_none_or(|method| method == request.method())
    }
}

/// What the faults that match a request do to it, taken together.
#[derive(Debug, Default)]
pub(in crate::emulator) struct Effects {
    pub(in crate::emulator) rotate_keys: bool,
    /// Sent in place of the real answer.
    pub(in crate::emulator) answer: Option<Response>,
    pub(in crate::emulator) headers: Vec<(HeaderName, HeaderValue)>,
    pub(in crate::emulator) wire: WireFaults,
}

/// What happens to the connection.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::emulator) struct WireFaults {
    pub(in crate::emulator) delay: Duration,
    pub(in crate::emulator) drip_head: Option<Duration>,
    pub(in crate::emulator) drip_body: Option<Duration>,
    pub(in crate::emulator) cut: Option<usize>,
    pub(in crate::emulator) close: Option<Close>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum Close {
    Unprocessed,
    Processed,
}

#[derive(Debug, Default)]
pub(in crate::emulator) struct Faults(Vec<Fault>);

impl Faults {
    pub(in crate::emulator) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(super) fn all(&self) -> &[Fault] {
        &self.0
    }

    pub(in crate::emulator) fn clear(&mut self) {
        self.0.clear();
    }

    pub(in crate::emulator) fn take(&mut self, request: &Request) -> Effects {
        let mut effects = Effects::default();
        for fault in self.0.iter_mut().filter(|fault| fault.matches(request)) {
            fault.left = fault.left.map(|left| left.saturating_sub(1));
            effects.headers.extend(fault.headers.iter().cloned());
            match &fault.effect {
                Effect::Nothing => {}
                Effect::Delay(by) => effects.wire.delay = effects.wire.delay.saturating_add(*by),
                Effect::DripBody(pause) => effects.wire.drip_body = Some(*pause),
                Effect::DripHead(pause) => effects.wire.drip_head = Some(*pause),
                Effect::Cut(after) => effects.wire.cut = Some(*after),
                Effect::RotateKeys => effects.rotate_keys = true,
                Effect::Close { processed } => {
                    let close = if *processed { Close::Processed } else { Close::Unprocessed };
                    effects.wire.close.get_or_insert(close);
                }
                Effect::Answer { status, body, content_type } => {
                    effects.answer.get_or_insert_with(|| {
                        let mut response = Response::new(body.clone());
                        *response.status_mut() = *status;
                        let content_type = HeaderValue::from_static(content_type);
                        response.headers_mut().insert(CONTENT_TYPE, content_type);
                        response
                    });
                }
            }
        }
        self.0.retain(|fault| fault.left != Some(0));
        effects
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::json;

    use super::*;
    use crate::emulator::Emulator;
    use crate::emulator::testing::refused;
    use crate::transport::{Limits, Transport, TransportErrorKind};

    const TIMEOUT: Duration = Duration::from_millis(60);

    fn get(emulator: &Emulator, path: &str) -> Request {
        let mut request = Request::new(Vec::new());
        *request.uri_mut() = path.parse().unwrap();
        let bearer = format!("Bearer {}:{}", emulator.project_id(), emulator.management_key());
        request.headers_mut().insert("authorization", bearer.parse().unwrap());
        request.extensions_mut().insert(Limits { timeout: TIMEOUT, body: 1_000 });
        request
    }

    fn fails(emulator: &Emulator) -> Option<TransportErrorKind> {
        let request = get(emulator, "/v1/mgmt/license");
        emulator.transport().send(request).err().map(|error| error.kind())
    }

    #[test]
    fn delays_add_up_to_the_longest_there_is() {
        let emulator = Emulator::new();
        emulator.fault(Fault::delay(Duration::MAX));
        emulator.fault(Fault::delay(TIMEOUT));
        assert_eq!(fails(&emulator), Some(TransportErrorKind::Timeout));
    }

    #[test]
    fn the_line_fails_in_the_process() {
        let emulator = Emulator::new();
        let nothing = Duration::from_millis(1);
        for (fault, wanted) in [
            (Fault::reset(), Some(TransportErrorKind::Closed)),
            (Fault::lose_answer(), Some(TransportErrorKind::Closed)),
            (Fault::cut(3), Some(TransportErrorKind::Closed)),
            (Fault::cut(3_000), None),
            (Fault::delay(TIMEOUT), Some(TransportErrorKind::Timeout)),
            (Fault::delay(nothing), None),
            (Fault::drip(Duration::from_millis(5)), Some(TransportErrorKind::Timeout)),
            (Fault::drip_head(Duration::from_millis(5)), Some(TransportErrorKind::Timeout)),
            (Fault::answer(200, vec![b' '; 1_001]), Some(TransportErrorKind::Body)),
        ] {
            let name = format!("{fault:?}");
            emulator.fault(fault.times(1));
            let start = Instant::now();
            assert_eq!(fails(&emulator), wanted, "{name}");
            assert!(start.elapsed() < TIMEOUT * 20, "sleeps no longer than the timeout");
            assert_eq!(fails(&emulator), None, "once: {name}");
        }
    }

    #[test]
    fn a_lost_answer_was_given_and_a_reset_request_never_seen() {
        let emulator = Emulator::builder().empty_project(true).build();
        let create = |name: &str| {
            let mut request = get(&emulator, "/v1/mgmt/permission/create");
            *request.method_mut() = Method::POST;
            *request.body_mut() = json!({ "name": name }).to_string().into_bytes();
            emulator.transport().send(request)
        };
        emulator.fault(Fault::reset().times(1));
        assert!(create("reset").is_err());
        emulator.fault(Fault::lose_answer().times(1));
        assert!(create("lost").is_err());
        let key = emulator.management_key();
        let all = emulator.send("GET", "/v1/mgmt/permission/all", key, &json!(null)).1;
        assert_eq!(all["permissions"].as_array().unwrap().len(), 1);
        assert_eq!(all["permissions"][0]["name"], "lost");
        assert_eq!(emulator.requests("/v1/mgmt/permission/"), 3);
    }

    #[test]
    fn answers_are_replaced_where_and_as_often_as_asked() {
        let emulator = Emulator::new();
        let license = || emulator.handle(get(&emulator, "/v1/mgmt/license"));
        let limited = Fault::status(429).header("retry-after", "7").header("bad name", "x");
        emulator.fault(limited.at("/v1/mgmt/").method(Method::GET).times(2));
        for _ in 0..2 {
            let response = license();
            assert_eq!(response.headers()["retry-after"], "7");
            refused(crate::emulator::testing::read(&response), 429, "E130429");
        }
        assert_eq!(license().status(), 200);
        emulator.fault(Fault::status(500).method(Method::POST));
        emulator.fault(Fault::status(500).at("/v1/auth/"));
        assert_eq!(license().status(), 200);
        emulator.clear_faults();
        emulator.fault(Fault::html(502).times(1));
        let response = license();
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(response.body().starts_with(b"<!DOCTYPE"));
        emulator.fault(Fault::empty(503));
        emulator.fault(Fault::headers().header("cf-ray", "abc"));
        let response = license();
        assert_eq!((response.status().as_u16(), response.body().len()), (503, 0));
        assert_eq!(response.headers()["cf-ray"], "abc");
        emulator.reset();
        assert_eq!(license().status(), 200);
    }

    #[test]
    fn keys_rotate_or_vanish_on_demand() {
        let emulator = Emulator::new();
        let keys = || {
            let path = format!("/v2/keys/{}", emulator.project_id());
            emulator.send("GET", &path, "", &json!(null)).1
        };
        let first = keys();
        emulator.fault(Fault::rotate_keys().at("/v2/keys/").times(1));
        let second = keys();
        assert_ne!(first["keys"][0]["kid"], second["keys"][0]["kid"]);
        assert_ne!(first["keys"][0]["n"], second["keys"][0]["n"]);
        assert_eq!(keys(), second);
        emulator.fault(Fault::empty_keys().times(1));
        assert_eq!(keys(), json!({ "keys": [] }));
        emulator.fault(Fault::garbage_keys().times(1));
        assert_eq!(keys()["keys"].as_array().unwrap().len(), 5);
        assert_eq!(keys(), second);
    }
}

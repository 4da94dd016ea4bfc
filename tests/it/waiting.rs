//! Waiting for the click on an enchanted link.

use std::time::Duration;

use descope::auth::DeliveryMethod::Email;
use descope::auth::enchanted_link::WaitOptions;
use descope::clock::Clock;
use descope::emulator::{Emulator, Fault};
use descope::transport::http::StatusCode;
use descope::transport::{Limits, Request, Response, TransportError, TransportErrorKind};
use descope::{AuthInfo, Client, Result, codes};
use serde_json::json;

use crate::emulated::{ADA, Impatient, last_message, last_token, refused};

const PATH: &str = "/v1/auth/enchantedlink/pending-session";

/// A user who was sent links.
struct Sent {
    emulator: Emulator,
    client: Client,
    clock: Impatient,
    pending_ref: String,
}

fn sent() -> Sent {
    let emulator = Emulator::new();
    let clock = Impatient::new(&emulator);
    let client = Client::builder().emulator(&emulator).clock(clock.clone()).build().unwrap();
    let sent = client.auth().enchanted_link();
    let sent = sent.sign_up_or_in(Email, ADA, &Default::default()).unwrap();
    let pending_ref = sent.pending_ref.expose().to_owned();
    Sent { emulator, client, clock, pending_ref }
}

impl Sent {
    fn click(&self) {
        let links = self.client.auth().enchanted_link();
        links.verify(&last_token(&self.emulator, ADA)).unwrap();
    }

    /// Waits for as long as `keep_waiting` says of the seconds that have passed.
    fn wait(&self, mut keep_waiting: impl FnMut(f64) -> bool) -> Result<Option<AuthInfo>> {
        let options = WaitOptions::default().deadline(Duration::from_secs(60));
        self.wait_by(&options, || keep_waiting(self.clock.waited().as_secs_f64()))
    }

    fn wait_by(
        &self,
        options: &WaitOptions,
        keep_waiting: impl FnMut() -> bool,
    ) -> Result<Option<AuthInfo>> {
        let links = self.client.auth().enchanted_link();
        links.wait_for_session(&self.pending_ref, options, keep_waiting)
    }

    #[track_caller]
    fn made(&self, requests: u64, seconds: f64) {
        let made = (self.emulator.requests(PATH), self.clock.waited().as_secs_f64());
        assert_eq!(made, (requests, seconds));
    }
}

#[test]
fn a_click_before_the_first_look() {
    let sent = sent();
    sent.click();
    let signed_in = sent.wait(|_| true).unwrap().unwrap();
    assert_eq!(signed_in.user.email, ADA);
    sent.made(1, 0.0);
}

#[test]
fn a_late_click() {
    let sent = sent();
    let mut clicked = false;
    let signed_in = sent.wait(|seconds| {
        if seconds > 5.0 && !clicked {
            sent.click();
            clicked = true;
        }
        true
    });
    assert!(signed_in.unwrap().is_some());
    sent.made(4, 6.0);
}

#[test]
fn no_click_at_all() {
    let sent = sent();
    let options = WaitOptions::default().deadline(Duration::from_secs(10));
    assert!(sent.wait_by(&options, || true).unwrap().is_none());
    sent.made(5, 8.0);
}

#[test]
fn an_interval_is_no_shorter_than_a_second() {
    let sent = sent();
    let options = WaitOptions::default();
    let options = options.interval(Duration::ZERO).deadline(Duration::from_millis(3500));
    assert!(sent.wait_by(&options, || true).unwrap().is_none());
    sent.made(4, 3.0);
}

#[test]
fn cancelled() {
    let early = sent();
    early.click();
    assert!(early.wait(|_| false).unwrap().is_none());
    early.made(0, 0.0);

    let late = sent();
    assert!(late.wait(|seconds| seconds < 2.5).unwrap().is_none());
    late.made(2, 2.5);
}

#[test]
fn descope_cannot_answer_for_a_while() {
    for (fault, requests, seconds) in [
        (Fault::status(503).times(2), 3, 4.0),
        (Fault::html(502).times(1), 2, 2.0),
        (Fault::status(503).header("retry-after", "7").times(1), 2, 7.0),
        (Fault::reset().times(2), 3, 4.0),
        (Fault::cut(3).times(1), 2, 2.0),
    ] {
        let sent = sent();
        sent.emulator.fault(fault.clone().at(PATH));
        let mut clicked = false;
        let signed_in = sent.wait(|_| {
            // Only now, so that no fault can lose the session itself.
            if sent.emulator.requests(PATH) + 1 == requests && !clicked {
                sent.click();
                clicked = true;
            }
            true
        });
        assert!(signed_in.unwrap().is_some(), "{fault:?}");
        sent.made(requests, seconds);
    }
}

#[test]
fn a_connection_that_drops() {
    let emulator = Emulator::new();
    let server = emulator.serve().unwrap();
    let client = Client::builder()
        .ignore_env()
        .project_id(emulator.project_id())
        .base_url(server.base_url())
        .clock(Impatient::new(&emulator))
        .build()
        .unwrap();
    let links = client.auth().enchanted_link();
    let sent = links.sign_up_or_in(Email, ADA, &Default::default()).unwrap();
    emulator.fault(Fault::reset().at(PATH).times(2));
    links.verify(&last_token(&emulator, ADA)).unwrap();
    let pending_ref = sent.pending_ref.expose();
    let signed_in = links.wait_for_session(pending_ref, &WaitOptions::default(), || true);
    assert_eq!(signed_in.unwrap().unwrap().user.email, ADA);
    assert_eq!(emulator.requests(PATH), 3);
}

/// A client whose every answer takes as long as it may, and the clock that moves with it.
fn slow(answer: fn(&Emulator) -> Response) -> (Client, Impatient) {
    let emulator = Emulator::new();
    let clock = Impatient::new(&emulator);
    let passing = clock.clone();
    let client = Client::builder()
        .ignore_env()
        .project_id(emulator.project_id())
        .clock(clock.clone())
        .try_timeout(Duration::from_secs(10))
        .transport(move |request: Request| {
            if request.uri().path().starts_with("/v2/keys/") {
                return Ok(emulator.handle(request));
            }
            let limits = request.extensions().get::<Limits>().unwrap();
            let takes = Duration::from_secs(4);
            passing.sleep(takes.min(limits.timeout));
            if limits.timeout < takes {
                return Err(TransportError::new(TransportErrorKind::Timeout, "too slow"));
            }
            Ok(answer(&emulator))
        })
        .build()
        .unwrap();
    (client, clock)
}

#[test]
fn a_request_begun_in_time_has_its_whole_time() {
    let pending = |_: &Emulator| {
        let body = json!({ "errorCode": codes::ENCHANTED_LINK_PENDING }).to_string();
        let mut response = Response::new(body.into_bytes());
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        response
    };
    for (seconds, end) in [(0, 0), (1, 4), (7, 10), (61, 64)] {
        let (client, clock) = slow(pending);
        let links = client.auth().enchanted_link();
        let options = WaitOptions::default().deadline(Duration::from_secs(seconds));
        let waited = links.wait_for_session("ref-1", &options, || true);
        assert!(waited.unwrap().is_none(), "{seconds}");
        assert_eq!(clock.waited(), Duration::from_secs(end));
    }
    let (client, _) = slow(|emulator| {
        let token = emulator.issue_token(json!({ "sub": "U1", "drn": "DS" })).unwrap();
        Response::new(json!({ "sessionJwt": token }).to_string().into_bytes())
    });
    let options = WaitOptions::default().deadline(Duration::from_secs(1));
    let signed_in = client.auth().enchanted_link().wait_for_session("ref-1", &options, || true);
    assert_eq!(signed_in.unwrap().unwrap().claims().user_id(), "U1");
}

#[test]
fn descope_never_answers() {
    let sent = sent();
    sent.emulator.fault(Fault::status(503).at(PATH));
    let error = sent.wait(|_| true).err().unwrap();
    assert_eq!(error.status(), Some(503));
    sent.made(30, 58.0);
}

#[test]
fn too_many_requests() {
    let asked = Fault::status(429).header("retry-after", "30").at(PATH).times(1);
    let sent_links = sent();
    sent_links.click();
    sent_links.emulator.fault(asked);
    assert!(sent_links.wait(|_| true).unwrap().is_some());
    sent_links.made(2, 30.0);

    let sent_links = sent();
    sent_links.click();
    sent_links.emulator.fault(Fault::status(429).at(PATH).times(1));
    let options = WaitOptions::default();
    assert!(sent_links.wait_by(&options, || true).unwrap().is_some());
    sent_links.made(2, 60.0);

    let sent_links = sent();
    sent_links.emulator.fault(Fault::status(429).header("retry-after", "90").at(PATH));
    let error = sent_links.wait(|_| true).err().unwrap();
    assert!(error.is_rate_limited(), "there is no time left for another look");
    sent_links.made(1, 0.0);
}

#[test]
fn the_keys_cannot_be_had_at_first() {
    let sent = sent();
    sent.click();
    sent.emulator.fault(Fault::status(503).at("/v2/keys/").times(1));
    assert!(sent.wait(|_| true).unwrap().is_some());
    assert_eq!(sent.emulator.requests(PATH), 1, "no session is asked for that cannot be checked");
}

#[test]
fn anything_else_is_final() {
    let refused_links = sent();
    let message = last_message(&refused_links.emulator, ADA);
    let right = message.link.unwrap();
    let (_, wrong) = message.links.iter().find(|(_, link)| *link != right).unwrap();
    let (_, wrong) = wrong.split_once("?t=").unwrap();
    let verified = refused_links.client.auth().enchanted_link().verify(wrong);
    refused(verified, 401, codes::LINK_EXPIRED);
    refused(refused_links.wait(|_| true), 401, codes::LINK_EXPIRED);
    refused_links.made(1, 0.0);

    let expired = sent();
    let options = WaitOptions::default();
    refused(expired.wait_by(&options, || true), 401, codes::LINK_EXPIRED);
    assert!(expired.emulator.requests(PATH) > 80, "asks until the links have expired");

    for status in [400, 401, 403, 404] {
        let sent = sent();
        sent.emulator.fault(Fault::status(status).at(PATH));
        assert_eq!(sent.wait(|_| true).err().unwrap().status(), Some(status));
        sent.made(1, 0.0);
    }
    let unreadable = sent();
    unreadable.emulator.fault(Fault::answer(200, "no JSON").at(PATH));
    assert!(matches!(unreadable.wait(|_| true), Err(descope::Error::Decode(_))));
    unreadable.made(1, 0.0);
}

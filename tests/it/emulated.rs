//! What the end-to-end tests share: clients of an emulator.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use descope::auth::{
    LinkLoginOptions, LinkSignUpOptions, LinkSignUpOrInOptions, LinkUpdateOptions,
    MessageLoginOptions, MessageSignUpOptions, MessageSignUpOrInOptions, UpdateOptions,
};
use descope::clock::Clock;
use descope::emulator::{Emulator, EmulatorClock, Message};
use descope::transport::http::Request;
use descope::{AuthInfo, Client, Result};
use serde_json::{Value, json};

pub(crate) const ADA: &str = "ada@example.com";
pub(crate) const PHONE: &str = "+12025550101";
pub(crate) const PAGE: &str = "https://app.example.com/verify";

/// A link to [`PAGE`], for a sign-in.
pub(crate) fn link(login: MessageLoginOptions) -> LinkLoginOptions {
    LinkLoginOptions::default().redirect_url(PAGE).login(login)
}

/// Likewise, for a sign-up or sign-in.
pub(crate) fn link_or_new(login: MessageSignUpOrInOptions) -> LinkSignUpOrInOptions {
    LinkSignUpOrInOptions::default().redirect_url(PAGE).login(login)
}

/// Likewise, for a sign-up.
pub(crate) fn new_link(sign_up: MessageSignUpOptions) -> LinkSignUpOptions {
    LinkSignUpOptions::default().redirect_url(PAGE).sign_up(sign_up)
}

/// Likewise, for a new address.
pub(crate) fn update_link(update: UpdateOptions) -> LinkUpdateOptions {
    LinkUpdateOptions::default().redirect_url(PAGE).update(update)
}

/// A client and the emulator it talks to, whose time passes only when somebody waits.
pub(crate) fn start() -> (Emulator, Client) {
    with_client(Emulator::new())
}

/// Likewise, without what a new project has.
pub(crate) fn start_empty() -> (Emulator, Client) {
    with_client(Emulator::builder().empty_project(true).build())
}

fn with_client(emulator: Emulator) -> (Emulator, Client) {
    let clock = Impatient::new(&emulator);
    let client = Client::builder().emulator(&emulator).clock(clock).build().unwrap();
    (emulator, client)
}

/// Likewise, with a user who has an e-mail address and a phone number, of which neither is verified.
pub(crate) fn with_ada() -> (Emulator, Client) {
    let (emulator, client) = start();
    let ada = json!({
        "loginId": ADA, "email": ADA, "phone": PHONE, "verifiedEmail": false, "verifiedPhone": false,
    });
    emulator.seed(&json!({ "users": [ada] })).unwrap();
    (emulator, client)
}

/// Waits by moving the time, and does not let it pass otherwise.
#[derive(Clone)]
pub(crate) struct Impatient {
    emulator: EmulatorClock,
    waited: Arc<Mutex<Duration>>,
}

impl Impatient {
    pub(crate) fn new(emulator: &Emulator) -> Self {
        Self { emulator: emulator.clock(), waited: Arc::default() }
    }

    /// For how long in all.
    pub(crate) fn waited(&self) -> Duration {
        *self.waited.lock().unwrap()
    }
}

impl Clock for Impatient {
    fn unix(&self) -> descope::UnixTime {
        self.emulator.unix()
    }
    fn monotonic(&self) -> Duration {
        self.waited()
    }
    fn sleep(&self, time: Duration) {
        *self.waited.lock().unwrap() += time;
        self.emulator.advance(time);
    }
}

/// Past the end of every code and link.
pub(crate) const AN_HOUR: Duration = Duration::from_secs(60 * 60);

pub(crate) fn last_message(emulator: &Emulator, to: &str) -> Message {
    emulator.inbox().last_to(to).unwrap()
}

/// The token of the last link sent to an address.
pub(crate) fn last_token(emulator: &Emulator, to: &str) -> String {
    last_message(emulator, to).token.unwrap()
}

/// The refresh token of a new session of this user.
pub(crate) fn refresh_token(emulator: &Emulator, login_id: &str) -> String {
    emulator.sign_in(login_id).unwrap()["refreshJwt"].as_str().unwrap().to_owned()
}

/// A management call, and its answer.
pub(crate) fn manage(emulator: &Emulator, path: &str, body: &Value) -> Value {
    let bearer = format!("Bearer {}:{}", emulator.project_id(), emulator.management_key());
    let request = Request::post(path).header("authorization", bearer);
    let answer = emulator.handle(request.body(body.to_string().into_bytes()).unwrap());
    assert!(answer.status().is_success(), "{}", String::from_utf8_lossy(answer.body()));
    serde_json::from_slice(answer.body()).unwrap()
}

/// A claim of the session token.
pub(crate) fn claim(info: &AuthInfo, name: &str) -> Value {
    info.claims().as_map().get(name).cloned().unwrap_or_default()
}

/// Asserts that Descope refused a call with this status and code.
#[track_caller]
pub(crate) fn refused<T>(result: Result<T>, status: u16, code: &str) {
    match result.err() {
        Some(error) => assert_eq!((error.status(), error.code()), (Some(status), Some(code))),
        None => panic!("not refused"),
    }
}

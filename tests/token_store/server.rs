//! A small authorization server that rotates refresh tokens, and ends the session if one comes again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tiny_http::{Method, Request, Response};

/// How long the server takes an access token; it says longer. So programs must renew all the time.
const LIFE: Duration = Duration::from_millis(120);

pub(crate) struct Server {
    http: Arc<tiny_http::Server>,
    state: Arc<Mutex<State>>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
pub(crate) struct State {
    /// Whether a refresh token may come again while its successor was never used: the answer was lost.
    grace: bool,
    /// Refresh tokens by their number.
    refresh: HashMap<u64, Refresh>,
    access: HashMap<String, Instant>,
    last: u64,
    revoked: bool,
    /// How often tokens were renewed, and used.
    pub(crate) renewals: usize,
    pub(crate) uses: usize,
    /// Refresh tokens that came again: the processes that used it before, and the one that did now.
    pub(crate) again: Vec<(Vec<u64>, u64)>,
    /// What must never happen.
    pub(crate) faults: Vec<String>,
}

#[derive(Default)]
struct Refresh {
    spent_by: Vec<u64>,
    successor: u64,
}

impl Server {
    pub(crate) fn new(grace: bool) -> Self {
        let http = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
        let mut state = State { grace, last: 1, ..State::default() };
        state.refresh.insert(1, Refresh::default());
        let state = Arc::new(Mutex::new(state));
        let serve = |at: u64| {
            let (http, state) = (http.clone(), state.clone());
            thread::spawn(move || {
                let mut random = Random(at * 7919 + 1);
                while let Ok(request) = http.recv() {
                    answer(request, &state, &mut random);
                }
            })
        };
        let threads = (0..8).map(serve).collect();
        Self { http, state, threads }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.http.server_addr())
    }

    /// The refresh token that has not been used yet.
    pub(crate) fn refresh_token(&self) -> String {
        format!("r{}", self.state.lock().unwrap().last)
    }

    pub(crate) fn state<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for _ in &self.threads {
            self.http.unblock();
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn answer(mut request: Request, state: &Mutex<State>, random: &mut Random) {
    let mut text = String::new();
    let body: Value = match request.as_reader().read_to_string(&mut text) {
        Ok(_) => serde_json::from_str(&text).unwrap_or_default(),
        Err(_) => return,
    };
    let (status, answer) = match (request.method(), request.url()) {
        (Method::Post, "/token") => {
            // A process may be killed before the server acts, or after.
            thread::sleep(random.within(Duration::from_millis(3)));
            let answer = state.lock().unwrap().renew(&body);
            thread::sleep(random.within(Duration::from_millis(3)));
            answer
        }
        (Method::Post, "/use") => state.lock().unwrap().take(&body),
        _ => (404, json!({})),
    };
    // Whoever asked may be gone.
    let _ = request.respond(Response::from_string(answer.to_string()).with_status_code(status));
}

impl State {
    fn renew(&mut self, body: &Value) -> (u16, Value) {
        let pid = body["pid"].as_u64().unwrap_or_default();
        let number = body["refresh_token"].as_str().and_then(|token| token[1..].parse().ok());
        let Some(refresh) = number.and_then(|number: u64| self.refresh.get(&number)) else {
            self.faults.push(format!("an unknown refresh token: {body}"));
            return refusal();
        };
        if !refresh.spent_by.is_empty() {
            self.again.push((refresh.spent_by.clone(), pid));
            let successor = &self.refresh[&refresh.successor];
            if !self.grace || !successor.spent_by.is_empty() {
                // RFC 9700 section 4.14.2: one of the two who have it is a thief.
                self.revoked = true;
                self.faults.push(format!("reuse by {pid}: {body}"));
            }
        }
        if self.revoked {
            return refusal();
        }
        self.last += 1;
        let (old, new) = (number.unwrap_or_default(), self.last);
        self.refresh.insert(new, Refresh::default());
        let refresh = self.refresh.entry(old).or_default();
        refresh.spent_by.push(pid);
        refresh.successor = new;
        self.renewals += 1;
        let access = format!("a{new}");
        self.access.insert(access.clone(), Instant::now());
        (
            200,
            json!({ "access_token": access, "refresh_token": format!("r{new}"), "expires_in": 1 }),
        )
    }

    fn take(&mut self, body: &Value) -> (u16, Value) {
        self.uses += 1;
        match self.access.get(body["access_token"].as_str().unwrap_or_default()) {
            _ if self.revoked => refusal(),
            Some(made) if made.elapsed() < LIFE => (200, json!({})),
            Some(_) => refusal(),
            None => {
                self.faults.push(format!("an unknown access token: {body}"));
                refusal()
            }
        }
    }
}

fn refusal() -> (u16, Value) {
    (401, json!({ "errorCode": "E061005", "errorDescription": "refused" }))
}

/// Chance, which can be repeated.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn within(&mut self, limit: Duration) -> Duration {
        let limit = u64::try_from(limit.as_micros()).unwrap();
        Duration::from_micros(self.next() % (limit + 1))
    }
}

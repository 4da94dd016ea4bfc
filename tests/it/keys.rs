//! The cache of signing keys, with a server and a clock that do as they are told.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use descope::clock::Clock;
use descope::transport::http::StatusCode;
use descope::transport::{Limits, Request, Response, TransportError, TransportErrorKind};
use descope::{Client, Error, KeyPolicy, Result, TokenError};
use serde_json::{Value, json};

use crate::signer::{P256, encode};

const START: i64 = 1_700_000_000;
const COOLDOWN: u64 = 30;
const MAX_AGE: u64 = 600;
const MAX_STALE: u64 = 3600;

/// A clock that stands still unless it is moved; clones share the time.
#[derive(Clone, Default)]
struct Time(Arc<AtomicU64>);

impl Time {
    fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::SeqCst);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Clock for Time {
    fn unix(&self) -> i64 {
        START + i64::try_from(self.now()).unwrap()
    }
    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.now())
    }
    fn sleep(&self, _: Duration) {
        panic!("nothing waits for keys by the clock");
    }
}

#[derive(Clone)]
enum Answer {
    Keys(Vec<Value>),
    Body(Vec<u8>),
    Status(u16),
    Fails(TransportErrorKind),
    Panics,
}

/// A server of keys that can be made to wait before it answers.
#[derive(Clone)]
struct Server(Arc<(Mutex<State>, Condvar)>);

struct State {
    answer: Answer,
    held: bool,
    /// When each fetch began.
    fetches: Vec<u64>,
}

impl Server {
    fn new(answer: Answer) -> Self {
        let state = State { answer, held: false, fetches: Vec::new() };
        Self(Arc::new((Mutex::new(state), Condvar::new())))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answers(&self, answer: Answer) {
        self.state().answer = answer;
    }

    fn fetches(&self) -> usize {
        self.state().fetches.len()
    }

    /// Lets no request past until [`release`](Self::release).
    fn hold(&self) {
        self.state().held = true;
    }

    fn release(&self) {
        self.state().held = false;
        self.0.1.notify_all();
    }

    fn is_held(&self) -> bool {
        self.state().held
    }

    /// Until this many requests have arrived.
    fn wait_for(&self, requests: usize) {
        let arrived = |state: &mut State| state.fetches.len() < requests;
        let limit = Duration::from_secs(30);
        let (state, timeout) = self.0.1.wait_timeout_while(self.state(), limit, arrived).unwrap();
        assert!(!timeout.timed_out(), "{} of {requests} requests", state.fetches.len());
    }

    fn respond(&self, now: u64) -> Result<Response, TransportError> {
        let mut state = self.state();
        state.fetches.push(now);
        self.0.1.notify_all();
        // What it answers is decided when it is asked.
        let answer = state.answer.clone();
        drop(self.0.1.wait_while(state, |state| state.held).unwrap());
        let body = match answer {
            Answer::Keys(keys) => json!({ "keys": keys }).to_string().into_bytes(),
            Answer::Body(body) => body,
            Answer::Status(status) => {
                let keys = json!({ "keys": [P256.jwk("k1", "ES256")] });
                let mut response = Response::new(keys.to_string().into_bytes());
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                return Ok(response);
            }
            Answer::Fails(kind) => return Err(TransportError::new(kind, "as told")),
            Answer::Panics => panic!("as told"),
        };
        Ok(Response::new(body))
    }
}

fn setup(answer: Answer, policy: KeyPolicy) -> (Client, Server, Time) {
    let (server, time) = (Server::new(answer), Time::default());
    let (responder, clock) = (server.clone(), time.clone());
    let client = Client::builder()
        .ignore_env()
        .project_id("P2keys")
        .keys(policy)
        .clock(time.clone())
        .transport(move |_: Request| responder.respond(clock.now()))
        .build()
        .unwrap();
    assert_eq!(server.fetches(), 0);
    (client, server, time)
}

/// With the defaults, and one published key.
fn one_key() -> (Client, Server, Time) {
    setup(keys(&["k1"]), KeyPolicy::default())
}

/// One key under several names.
fn keys(names: &[&str]) -> Answer {
    Answer::Keys(names.iter().map(|name| P256.jwk(name, "ES256")).collect())
}

fn token(kid: &str) -> String {
    let claims = json!({ "iss": "P2keys", "sub": "U1", "exp": START + 1_000_000 });
    P256.token(kid, "ES256", &claims)
}

/// What validating a token signed by the key of this name comes to.
fn outcome(client: &Client, token: &str) -> Result<(), TokenError> {
    match client.auth().session().validate(token) {
        Ok(_) => Ok(()),
        Err(Error::Token(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

#[track_caller]
fn unavailable(client: &Client, token: &str) {
    let error = client.auth().session().validate(token).unwrap_err();
    assert!(matches!(error, Error::Token(TokenError::KeysUnavailable(_))), "{error}");
    assert!(error.is_unavailable() && !error.is_token_invalid() && !error.is_token_expired());
}

const UNKNOWN: Result<(), TokenError> = Err(TokenError::UnknownKey);

/// Tokens that name keys nobody has; a cheap generator makes the names.
fn forge(client: &Client, threads: u64, each: u64) {
    let token = token("k1");
    let (_, rest) = token.split_once('.').unwrap();
    thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                let mut random = (thread + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                for _ in 0..each {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    let header = json!({ "alg": "ES256", "kid": format!("SK{random:x}") });
                    let forged = format!("{}.{rest}", encode(header.to_string()));
                    assert!(outcome(client, &forged).is_err());
                }
            });
        }
    });
}

#[test]
fn forged_key_ids_cost_two_fetches_per_cooldown() {
    for answer in [
        keys(&["k1"]),
        Answer::Status(500),
        Answer::Keys(Vec::new()),
        Answer::Fails(TransportErrorKind::Timeout),
    ] {
        let (client, server, time) = setup(answer, KeyPolicy::default());
        forge(&client, 64, 1000);
        assert_eq!(server.fetches(), 2);
        time.pass(COOLDOWN - 1);
        forge(&client, 64, 10);
        assert_eq!(server.fetches(), 2);
        time.pass(1);
        forge(&client, 64, 100);
        assert!((3..=4).contains(&server.fetches()), "{}", server.fetches());
    }
}

/// Also when keys grow old meanwhile, and the server is there only now and then.
#[test]
fn no_cooldown_ever_sees_more_than_two_fetches() {
    let policy = KeyPolicy::default().max_age(Duration::from_secs(45));
    let (client, server, time) = setup(keys(&["k1"]), policy);
    for step in 0..120 {
        server.answers(if step % 7 < 3 { Answer::Status(503) } else { keys(&["k1"]) });
        forge(&client, 8, 5);
        time.pass(2);
    }
    let fetches = server.state().fetches.clone();
    assert!(fetches.len() > 10, "{fetches:?}");
    for start in &fetches {
        let window = *start..*start + COOLDOWN;
        let within = fetches.iter().filter(|at| window.contains(at)).count();
        assert!(within <= 2, "{within} in {window:?} of {fetches:?}");
    }
}

#[test]
fn many_threads_that_start_at_once_fetch_once() {
    let (client, server, _) = one_key();
    server.hold();
    let token = token("k1");
    thread::scope(|scope| {
        let threads: Vec<_> = (0..64).map(|_| scope.spawn(|| outcome(&client, &token))).collect();
        server.wait_for(1);
        thread::sleep(Duration::from_millis(50));
        server.release();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Ok(()));
        }
    });
    assert_eq!(server.fetches(), 1);
}

#[test]
fn nobody_waits_for_a_refresh_who_has_a_key() {
    let (client, server, time) = one_key();
    let (known, unknown) = (token("k1"), token("k2"));
    assert_eq!(outcome(&client, &known), Ok(()));

    // Once because the keys are old, and once because one is unknown.
    for passes in [MAX_AGE, COOLDOWN] {
        time.pass(passes);
        server.hold();
        let before = server.fetches();
        thread::scope(|scope| {
            let refresher = scope.spawn(|| outcome(&client, &unknown));
            server.wait_for(before + 1);
            let others: Vec<_> = (0..32)
                .map(|_| {
                    scope.spawn(|| {
                        for _ in 0..50 {
                            assert_eq!(outcome(&client, &known), Ok(()));
                        }
                    })
                })
                .collect();
            for other in others {
                other.join().unwrap();
            }
            // All have finished, and the one that fetches has not.
            assert!(server.is_held() && !refresher.is_finished());
            server.release();
            assert_eq!(refresher.join().unwrap(), UNKNOWN);
        });
    }
}

#[test]
fn a_key_that_is_rotated_in_works_at_once() {
    let (client, server, _) = one_key();
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    server.answers(keys(&["k1", "k2"]));
    assert_eq!(outcome(&client, &token("k2")), Ok(()));
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    assert_eq!(server.fetches(), 2);
}

#[test]
fn a_key_that_is_rotated_in_just_after_a_refresh_works_at_once() {
    let (client, server, time) = one_key();
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    time.pass(MAX_AGE);
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    server.answers(keys(&["k2"]));
    assert_eq!(outcome(&client, &token("k2")), Ok(()));
    assert_eq!(server.fetches(), 3);
    // The second within a cooldown has to wait for its end.
    server.answers(keys(&["k2", "k3"]));
    assert_eq!(outcome(&client, &token("k3")), UNKNOWN);
    time.pass(COOLDOWN);
    assert_eq!(outcome(&client, &token("k3")), Ok(()));
}

/// The fetch that others wait for may have been answered before the key was published.
#[test]
fn a_key_that_is_rotated_in_during_a_fetch_works_at_once() {
    let (client, server, _) = one_key();
    server.hold();
    let (old, new) = (token("k1"), token("k2"));
    thread::scope(|scope| {
        let first = scope.spawn(|| outcome(&client, &old));
        server.wait_for(1);
        server.answers(keys(&["k1", "k2"]));
        let others: Vec<_> = (0..8).map(|_| scope.spawn(|| outcome(&client, &new))).collect();
        thread::sleep(Duration::from_millis(50)); // to be waiting by now, though either way is right
        server.release();
        assert_eq!(first.join().unwrap(), Ok(()));
        for other in others {
            assert_eq!(other.join().unwrap(), Ok(()));
        }
    });
    assert_eq!(server.fetches(), 2);
}

/// Nothing that a clone has set spoils the keys that all clones share.
#[test]
fn a_clones_settings_are_not_the_caches() {
    for hurried in [
        |client: &Client| client.with_deadline(Duration::ZERO),
        |client: &Client| client.with_request_id("\u{e9}"),
        |client: &Client| client.with_try_timeout(Duration::ZERO),
    ] {
        let (client, server, _) = one_key();
        let token = token("k1");
        assert_eq!(outcome(&hurried(&client), &token), Ok(()));
        assert_eq!(outcome(&client, &token), Ok(()));
        assert_eq!(server.fetches(), 1);
    }
}

/// Who has little time does not wait long for a fetch of another thread's.
#[test]
fn waiting_for_a_fetch_ends_with_the_deadline() {
    let (client, server, _) = one_key();
    server.hold();
    let token = token("k1");
    thread::scope(|scope| {
        let first = scope.spawn(|| outcome(&client, &token));
        server.wait_for(1);
        unavailable(&client.with_deadline(Duration::from_millis(20)), &token);
        assert!(server.is_held() && !first.is_finished());
        server.release();
        assert_eq!(first.join().unwrap(), Ok(()));
    });
}

/// Forged tokens keep nobody from the tokens that they have just bought with their code.
#[test]
fn what_descope_answers_is_checked_in_spite_of_a_cooldown() {
    let emulator = descope::emulator::Emulator::new();
    emulator.seed(&json!({ "users": [{ "loginId": "ada@example.com" }] })).unwrap();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let refresh_token = emulator.sign_in("ada@example.com").unwrap()["refreshJwt"].clone();
    let refresh = || client.auth().session().refresh(refresh_token.as_str().unwrap());
    refresh().unwrap();
    forge(&client, 1, 1);
    let keys = format!("/v2/keys/{}", emulator.project_id());
    assert_eq!(emulator.requests(&keys), 2);

    emulator.rotate_keys_keeping(Duration::from_secs(3600)).unwrap();
    let outsider = emulator.issue_token(json!({ "sub": "U1" })).unwrap();
    assert_eq!(outcome(&client, &outsider), UNKNOWN);
    assert_eq!(emulator.requests(&keys), 2);
    refresh().unwrap();
    assert_eq!(outcome(&client, &outsider), Ok(()));
    assert_eq!(emulator.requests(&keys), 3);

    // Once per cooldown, too.
    emulator.rotate_keys_keeping(Duration::from_secs(3600)).unwrap();
    assert!(refresh().is_err());
    assert_eq!(emulator.requests(&keys), 3);
}

#[test]
fn a_removed_key_dies_by_the_maximum_age() {
    let (client, server, time) = one_key();
    let token = token("k1");
    assert_eq!(outcome(&client, &token), Ok(()));
    server.answers(keys(&["k2"]));
    for _ in 1..MAX_AGE {
        time.pass(1);
        assert_eq!(outcome(&client, &token), Ok(()));
    }
    assert_eq!(server.fetches(), 1);
    time.pass(1);
    assert_eq!(outcome(&client, &token), UNKNOWN);
}

#[test]
fn an_outage_is_bridged_until_the_keys_are_too_stale() {
    for failure in [
        Answer::Status(500),
        Answer::Status(404),
        Answer::Status(302),
        Answer::Fails(TransportErrorKind::Timeout),
        Answer::Fails(TransportErrorKind::Connect),
        Answer::Keys(Vec::new()),
        Answer::Body(b"<html>maintenance</html>".to_vec()),
        Answer::Body(Vec::new()),
    ] {
        let (client, server, time) = one_key();
        let token = token("k1");
        assert_eq!(outcome(&client, &token), Ok(()));
        server.answers(failure);
        time.set(MAX_AGE - 1);
        assert_eq!(outcome(&client, &token), Ok(()));
        assert_eq!(server.fetches(), 1);
        for at in [MAX_AGE, MAX_STALE - 1] {
            time.set(at);
            let before = server.fetches();
            for _ in 0..3 {
                assert_eq!(outcome(&client, &token), Ok(()));
            }
            // A key that is not at hand may well be a new one.
            unavailable(&client, &self::token("k2"));
            assert!(server.fetches() - before <= 2);
        }
        time.set(MAX_STALE);
        unavailable(&client, &token);
        // Back again, it is asked once the cooldown is over.
        server.answers(keys(&["k1"]));
        time.pass(COOLDOWN);
        assert_eq!(outcome(&client, &token), Ok(()));
    }
}

#[test]
fn no_staleness_means_none() {
    let (client, server, time) =
        setup(keys(&["k1"]), KeyPolicy::default().max_stale(Duration::ZERO));
    let token = token("k1");
    assert_eq!(outcome(&client, &token), Ok(()));
    server.answers(Answer::Status(503));
    time.set(MAX_AGE - 1);
    assert_eq!(outcome(&client, &token), Ok(()));
    time.set(MAX_AGE);
    unavailable(&client, &token);
}

#[test]
fn keys_that_were_never_there_are_unavailable() {
    let (client, server, time) = setup(Answer::Status(503), KeyPolicy::default());
    for _ in 0..10 {
        unavailable(&client, &token("k1"));
    }
    assert_eq!(server.fetches(), 2);
    assert!(client.warm_up().is_err_and(|error| error.is_unavailable()));
    server.answers(keys(&["k1"]));
    time.pass(COOLDOWN);
    client.warm_up().unwrap();
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    client.warm_up().unwrap();
    assert_eq!(server.fetches(), 3);
}

#[test]
fn a_transport_that_panics_breaks_nothing() {
    let (client, server, time) = setup(Answer::Panics, KeyPolicy::default());
    let token = token("k1");
    let panics = || catch_unwind(AssertUnwindSafe(|| outcome(&client, &token))).is_err();
    // With nobody waiting, and with many.
    assert!(panics());
    time.pass(COOLDOWN);
    server.hold();
    thread::scope(|scope| {
        let before = server.fetches();
        let fetching = scope.spawn(panics);
        server.wait_for(before + 1);
        let waiting: Vec<_> = (0..8).map(|_| scope.spawn(|| outcome(&client, &token))).collect();
        thread::sleep(Duration::from_millis(50));
        server.answers(keys(&[]));
        server.release();
        assert!(fetching.join().unwrap());
        for thread in waiting {
            let refused = thread.join().unwrap();
            assert!(matches!(refused, Err(TokenError::KeysUnavailable(_))), "{refused:?}");
        }
    });
    server.answers(keys(&["k1"]));
    time.pass(COOLDOWN);
    assert_eq!(outcome(&client, &token), Ok(()));
    // While there are keys, the panic of a refresh is that thread's alone.
    server.answers(Answer::Panics);
    time.pass(MAX_AGE);
    assert!(panics());
    assert_eq!(outcome(&client, &token), Ok(()));
    server.answers(keys(&["k1"]));
    time.pass(COOLDOWN);
    assert_eq!(outcome(&client, &token), Ok(()));
}

#[test]
fn a_key_set_weighs_64_kib_at_most() {
    let set = json!({ "keys": [P256.jwk("k1", "ES256")] }).to_string();
    for (size, fits) in [(64 * 1024, true), (64 * 1024 + 1, false), (8 << 20, false)] {
        let mut body = set.clone().into_bytes();
        body.resize(size, b' ');
        let (client, _, _) = setup(Answer::Body(body), KeyPolicy::default());
        match outcome(&client, &token("k1")) {
            Ok(()) => assert!(fits),
            Err(error) => assert!(!fits && matches!(error, TokenError::KeysUnavailable(_))),
        }
    }
}

/// The transport is told, so that it need not read more, nor wait longer.
#[test]
fn a_fetch_has_its_own_limits_and_is_tried_once() {
    let seen = Arc::new(AtomicBool::new(false));
    let saw = Arc::clone(&seen);
    let client = Client::builder()
        .ignore_env()
        .project_id("P2keys")
        .keys(KeyPolicy::default().fetch_timeout(Duration::from_secs(3)))
        .clock(Time::default())
        .transport(move |request: Request| {
            let limits: &Limits = request.extensions().get().unwrap();
            assert_eq!((limits.timeout, limits.body), (Duration::from_secs(3), 64 * 1024));
            assert_eq!(request.headers()["authorization"], "Bearer P2keys");
            assert!(!saw.swap(true, Ordering::SeqCst), "a second try");
            Err(TransportError::new(TransportErrorKind::Connect, "as told"))
        })
        .build()
        .unwrap();
    unavailable(&client, &token("k1"));
    assert!(seen.load(Ordering::SeqCst));
}

#[test]
fn policies_that_make_no_sense() {
    let refused = |policy| match Client::builder().project_id("P1").keys(policy).build() {
        Err(Error::Argument { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    let (seconds, policy) = (Duration::from_secs, KeyPolicy::default);
    assert_eq!(refused(policy().max_age(seconds(30))), "max_age");
    assert_eq!(refused(policy().cooldown(seconds(600))), "max_age");
    assert_eq!(refused(policy().fetch_timeout(Duration::ZERO)), "fetch_timeout");
}

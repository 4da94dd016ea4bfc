//! The cache of signing keys, with a server and a clock that do as they are told.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use descope::clock::Clock;
use descope::transport::http::StatusCode;
use descope::transport::{Limits, Request, Response, TransportError, TransportErrorKind};
use descope::{Client, ClientBuilder, Error, KeyPolicy, Result, TokenError};
use serde_json::{Value, json};

use crate::signer::{P256, encode};

pub(crate) const START: i64 = 1_700_000_000;
pub(crate) const COOLDOWN: u64 = 30;
pub(crate) const MAX_AGE: u64 = 600;
pub(crate) const MAX_STALE: u64 = 3600;

/// A clock that stands still unless it is moved; clones share the time.
#[derive(Clone, Default)]
pub(crate) struct Time {
    monotonic: Arc<AtomicU64>,
    /// What the wall clock shows beside it.
    wall: Arc<AtomicI64>,
}

impl Time {
    pub(crate) fn pass(&self, seconds: u64) {
        self.monotonic.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn set(&self, seconds: u64) {
        self.monotonic.store(seconds, Ordering::SeqCst);
    }

    /// Sets the wall clock alone, as sleep does, or somebody who sets the time.
    pub(crate) fn set_wall(&self, offset: i64) {
        self.wall.store(offset, Ordering::SeqCst);
    }

    fn now(&self) -> u64 {
        self.monotonic.load(Ordering::SeqCst)
    }
}

impl Clock for Time {
    fn unix(&self) -> descope::UnixTime {
        let offset = self.wall.load(Ordering::SeqCst);
        let now = START.saturating_add(i64::try_from(self.now()).unwrap());
        descope::UnixTime::from_seconds(now.saturating_add(offset))
    }
    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.now())
    }
    fn sleep(&self, _: Duration) {
        panic!("nothing waits for keys by the clock");
    }
}

#[derive(Clone)]
pub(crate) enum Answer {
    Keys(Vec<Value>),
    Body(Vec<u8>),
    Status(u16),
    /// A refusal, with a body and a `Retry-After`.
    Refusal(u16, &'static str, Option<&'static str>),
    Fails(TransportErrorKind),
    Panics,
}

/// A server of keys that can be made to wait before it answers.
#[derive(Clone)]
pub(crate) struct Server(Arc<(Mutex<State>, Condvar)>);

struct State {
    answer: Answer,
    held: bool,
    /// When each fetch began.
    fetches: Vec<u64>,
}

impl Server {
    pub(crate) fn new(answer: Answer) -> Self {
        let state = State { answer, held: false, fetches: Vec::new() };
        Self(Arc::new((Mutex::new(state), Condvar::new())))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn answers(&self, answer: Answer) {
        self.state().answer = answer;
    }

    pub(crate) fn fetches(&self) -> usize {
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

    pub(crate) fn respond(&self, now: u64) -> Result<Response, TransportError> {
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
            Answer::Refusal(status, body, retry_after) => {
                let mut response = Response::new(body.as_bytes().to_vec());
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                if let Some(wait) = retry_after {
                    response.headers_mut().insert("retry-after", wait.parse().unwrap());
                }
                return Ok(response);
            }
            Answer::Fails(kind) => return Err(TransportError::new(kind, "as told")),
            Answer::Panics => panic!("as told"),
        };
        Ok(Response::new(body))
    }
}

pub(crate) fn setup(answer: Answer, policy: KeyPolicy) -> (Client, Server, Time) {
    setup_with(answer, |builder| builder.key_policy(policy))
}

pub(crate) fn setup_with(
    answer: Answer,
    configure: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> (Client, Server, Time) {
    let (server, time) = (Server::new(answer), Time::default());
    let (responder, clock) = (server.clone(), time.clone());
    let client = Client::builder()
        .ignore_env()
        .project_id("P2keys")
        .clock(time.clone())
        .transport(move |_: Request| responder.respond(clock.now()));
    let client = configure(client).build().unwrap();
    assert_eq!(server.fetches(), 0);
    (client, server, time)
}

/// With the defaults, and one published key.
pub(crate) fn one_key() -> (Client, Server, Time) {
    setup(keys(&["k1"]), KeyPolicy::default())
}

/// One key under several names.
pub(crate) fn keys(names: &[&str]) -> Answer {
    Answer::Keys(names.iter().map(|name| P256.jwk(name, "ES256")).collect())
}

pub(crate) fn token(kid: &str) -> String {
    let claims = json!({ "iss": "P2keys", "sub": "U1", "exp": START + 1_000_000 });
    P256.token(kid, "ES256", &claims)
}

/// What validating a token signed by the key of this name comes to.
pub(crate) fn outcome(client: &Client, token: &str) -> Result<(), TokenError> {
    match client.auth().session().validate(token) {
        Ok(_) => Ok(()),
        Err(Error::Token(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

#[track_caller]
pub(crate) fn unavailable(client: &Client, token: &str) {
    let error = client.auth().session().validate(token).unwrap_err();
    assert!(matches!(error, Error::Token(TokenError::KeysUnavailable(_))), "{error}");
    assert!(error.is_unavailable() && !error.is_token_invalid() && !error.is_token_expired());
}

/// Nothing is known of the token, and for how long.
#[track_caller]
pub(crate) fn pending(client: &Client, token: &str, retry_after: Duration) {
    let error = client.auth().session().validate(token).unwrap_err();
    assert!(matches!(error, Error::Token(TokenError::KeyPending { .. })), "{error}");
    assert!(error.is_unavailable() && !error.is_token_invalid() && !error.is_sign_in_required());
    assert_eq!(error.retry_after(), Some(retry_after));
}

pub(crate) const UNKNOWN: Result<(), TokenError> = Err(TokenError::UnknownKey);

/// Tokens that name keys nobody has; a cheap generator makes the names.
pub(crate) fn forge(client: &Client, threads: u64, each: u64) {
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
    let (client, server, time) = one_key();
    client.warm_up().unwrap();
    for cooldown in 1..4 {
        forge(&client, 64, 1000 / cooldown);
        let fetches = usize::try_from(1 + 2 * cooldown).unwrap();
        assert_eq!(server.fetches(), fetches);
        time.pass(COOLDOWN - 1);
        forge(&client, 64, 10);
        assert_eq!(server.fetches(), fetches);
        time.pass(1);
    }
}

/// While there are no keys, it is the failures that keep the fetches apart, whoever asks.
#[test]
fn forged_key_ids_cost_no_fetches_beyond_those_without_keys() {
    for answer in
        [Answer::Status(500), Answer::Keys(Vec::new()), Answer::Fails(TransportErrorKind::Timeout)]
    {
        let (client, server, time) = setup(answer, KeyPolicy::default());
        forge(&client, 64, 500);
        assert_eq!(server.fetches(), 1);
        for _ in 0..50 {
            time.pass(1);
            forge(&client, 4, 2);
        }
        // After 0.1, 0.5, 2.5, 12.5 and 30 seconds at the least, by a clock of whole seconds.
        assert_eq!(server.state().fetches, [0, 1, 2, 5, 18, 48]);
    }
}

/// Also when keys grow old meanwhile, and the server is there only now and then.
#[test]
fn no_cooldown_ever_sees_more_than_three_fetches() {
    let policy = KeyPolicy::default().max_age(Duration::from_secs(45));
    let (client, server, time) = setup(keys(&["k1"]), policy);
    client.warm_up().unwrap();
    for step in 0..120 {
        server.answers(if step % 7 < 3 { Answer::Status(503) } else { keys(&["k1"]) });
        forge(&client, 8, 5);
        assert_eq!(outcome(&client, &token("k1")), Ok(()));
        time.pass(2);
    }
    let fetches = server.state().fetches.clone();
    assert!(fetches.len() > 15, "{fetches:?}");
    for start in &fetches {
        let window = *start..*start + COOLDOWN;
        let within = fetches.iter().filter(|at| window.contains(at)).count();
        assert!(within <= 3, "{within} in {window:?} of {fetches:?}");
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
    server.answers(keys(&["k2", "k3"]));
    assert_eq!(outcome(&client, &token("k3")), Ok(()));
    // The third within a cooldown has to wait for its end.
    server.answers(keys(&["k3", "k4"]));
    let retry_after = Duration::from_secs(COOLDOWN);
    pending(&client, &token("k4"), retry_after);
    time.pass(COOLDOWN);
    assert_eq!(outcome(&client, &token("k4")), Ok(()));
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
    forge(&client, 1, 2);
    let keys = format!("/v2/keys/{}", emulator.project_id());
    assert_eq!(emulator.requests(&keys), 3);

    emulator.rotate_keys_keeping(Duration::from_secs(3600)).unwrap();
    let outsider = emulator.issue_token(json!({ "sub": "U1" })).unwrap();
    let waits = outcome(&client, &outsider);
    assert!(matches!(waits, Err(TokenError::KeyPending { .. })), "{waits:?}");
    assert_eq!(emulator.requests(&keys), 3);
    refresh().unwrap();
    assert_eq!(outcome(&client, &outsider), Ok(()));
    assert_eq!(emulator.requests(&keys), 4);

    // Once per cooldown, too.
    emulator.rotate_keys_keeping(Duration::from_secs(3600)).unwrap();
    let error = refresh().unwrap_err();
    assert!(error.is_unavailable() && !error.is_sign_in_required(), "{error}");
    assert_eq!(emulator.requests(&keys), 4);
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
        // Back again, it is asked once the cooldown has passed.
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
    assert_eq!(server.fetches(), 1);
    assert!(client.warm_up().is_err_and(|error| error.is_unavailable()));
    server.answers(keys(&["k1"]));
    time.pass(COOLDOWN);
    client.warm_up().unwrap();
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    client.warm_up().unwrap();
    assert_eq!(server.fetches(), 2);
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
fn a_key_set_weighs_1_mib_at_most() {
    let set = json!({ "keys": [P256.jwk("k1", "ES256")] }).to_string();
    for (size, fits) in [(1 << 20, true), ((1 << 20) + 1, false), (8 << 20, false)] {
        let mut body = set.clone().into_bytes();
        body.resize(size, b' ');
        let (client, _, _) = setup(Answer::Body(body), KeyPolicy::default());
        match outcome(&client, &token("k1")) {
            Ok(()) => assert!(fits),
            Err(error) => assert!(!fits && matches!(error, TokenError::KeysUnavailable(_))),
        }
    }
    let names: Vec<_> = (0..2000).map(|n| format!("a key with a rather long name {n}")).collect();
    let many: Vec<_> = names.iter().map(|name| P256.jwk(name, "ES256")).collect();
    let (client, _, _) = setup(Answer::Keys(many), KeyPolicy::default());
    assert_eq!(outcome(&client, &token(&names[1999])), Ok(()));
}

/// The transport is told, so that it need not read more, nor wait longer.
#[test]
fn a_fetch_has_its_own_limits_and_is_tried_once() {
    let seen = Arc::new(AtomicBool::new(false));
    let saw = Arc::clone(&seen);
    let client = Client::builder()
        .ignore_env()
        .project_id("P2keys")
        .key_policy(KeyPolicy::default().fetch_timeout(Duration::from_secs(3)))
        .clock(Time::default())
        .transport(move |request: Request| {
            let limits: &Limits = request.extensions().get().unwrap();
            assert_eq!((limits.timeout, limits.body), (Duration::from_secs(3), 1024 * 1024));
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
    let refused = |policy| match Client::builder().project_id("P1").key_policy(policy).build() {
        Err(Error::Argument { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    let (seconds, policy) = (Duration::from_secs, KeyPolicy::default);
    assert_eq!(refused(policy().max_age(seconds(30))), "max_age");
    assert_eq!(refused(policy().cooldown(seconds(600))), "max_age");
    assert_eq!(refused(policy().fetch_timeout(Duration::ZERO)), "fetch_timeout");
}

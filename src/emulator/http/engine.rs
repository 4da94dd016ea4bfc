//! One emulator: its settings, its state, its clock, and the faults it was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::courier::{Courier, Deliveries};
use super::fault::{Effects, Fault, Faults};
use crate::clock::Clock;
use crate::emulator::api::oauth::decide;
use crate::emulator::api::{audit_stream, idp, seeding};
use crate::emulator::state::receive::receive;
use crate::emulator::state::sign::{KeyRing, SigningKey};
use crate::emulator::state::sign_in::SignIn;
use crate::emulator::state::store::Store;
use crate::emulator::state::token;
use crate::emulator::words::clock::EmulatorClock;
use crate::emulator::words::context::Context;
use crate::emulator::words::digest::digest;
use crate::emulator::words::lock::lock;
use crate::emulator::words::oauth::Denial;
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Error, Refusal, Result};
use crate::emulator::words::settings::{Settings, seconds};
use crate::transport::Request;

/// How often those who wait look whether the server still goes on.
const WAKES: Duration = Duration::from_millis(50);
/// Distinct paths whose requests are counted.
const COUNTED_PATHS: usize = 10_000;

/// How often each method was used with each path.
pub(in crate::emulator) type RequestCounts = BTreeMap<(String, String), u64>;

/// What no operation has: method, path, and the field; without one the path is unknown.
pub(in crate::emulator) type UnknownCounts = BTreeMap<(String, String, Option<String>), u64>;

/// Clones are the same project.
#[derive(Clone)]
pub(in crate::emulator) struct Engine(pub(super) Arc<Inner>);

pub(super) struct Inner {
    settings: Settings,
    clock: EmulatorClock,
    store: Mutex<Store>,
    faults: Mutex<Faults>,
    requests: Mutex<RequestCounts>,
    unknown: Mutex<UnknownCounts>,
    /// Told after each request, for those who wait for a message.
    changed: Condvar,
    quota: Mutex<Quota>,
    courier: Courier,
    /// The project that this one belongs to, unless it is the first itself.
    pub(super) first: Weak<Inner>,
    pub(super) others: Mutex<Vec<Engine>>,
}

/// The requests of one minute.
struct Quota {
    per_minute: Option<u32>,
    minute: i64,
    used: u32,
}

/// The state of a project to which nothing has happened yet.
fn new_store(settings: &Settings, keys: KeyRing) -> Store {
    let mut store = Store::new(keys);
    if !settings.empty_project {
        store.furnish(&settings.project_id);
    }
    store
}

impl Engine {
    pub(in crate::emulator) fn new(settings: Settings) -> Self {
        Self::with_first(settings, Weak::new())
    }

    pub(super) fn with_first(settings: Settings, first: Weak<Inner>) -> Self {
        let quota = Quota { per_minute: settings.requests_per_minute, minute: 0, used: 0 };
        let store = new_store(&settings, KeyRing::new(settings.own_key));
        Self(Arc::new(Inner {
            settings,
            clock: EmulatorClock::new(),
            store: Mutex::new(store),
            faults: Mutex::default(),
            requests: Mutex::default(),
            unknown: Mutex::default(),
            changed: Condvar::new(),
            quota: Mutex::new(quota),
            courier: Courier::default(),
            first,
            others: Mutex::default(),
        }))
    }

    pub(in crate::emulator) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.0.store)
    }

    pub(in crate::emulator) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(in crate::emulator) fn clock(&self) -> &EmulatorClock {
        &self.0.clock
    }

    pub(in crate::emulator) fn now(&self) -> i64 {
        self.0.clock.unix().as_seconds()
    }

    /// The context of what no request asks for.
    pub(in crate::emulator) fn context(&self) -> Context<'_> {
        Context::new(self.settings(), self.now())
    }

    pub(in crate::emulator) fn reset(&self) {
        let mut store = self.store();
        let keys = std::mem::replace(&mut store.keys, KeyRing::new(false));
        *store = new_store(self.settings(), keys);
        drop(store);
        self.0.courier.clear();
        self.clear_faults();
        lock(&self.0.requests).clear();
        lock(&self.0.unknown).clear();
        self.limit(self.settings().requests_per_minute);
        self.clock().reset();
    }

    /// Limits the requests of a minute from now on.
    pub(in crate::emulator) fn limit(&self, per_minute: Option<u32>) {
        *lock(&self.0.quota) = Quota { per_minute, minute: 0, used: 0 };
    }

    /// Counts a request towards the limit. Past it, returns the seconds until the next minute begins.
    pub(super) fn exceeded(&self) -> Option<i64> {
        let (now, mut quota) = (self.now(), lock(&self.0.quota));
        let limit = quota.per_minute?;
        if quota.minute != now.div_euclid(60) {
            (quota.minute, quota.used) = (now.div_euclid(60), 0);
        }
        quota.used = quota.used.saturating_add(1);
        (quota.used > limit).then(|| 60 - now.rem_euclid(60))
    }

    /// Tells those who wait that something may have changed, and the connectors what has.
    pub(super) fn notify(&self) {
        self.0.changed.notify_all();
        self.hand_over(&mut self.store());
    }

    /// Gives the courier what is due. The store is locked meanwhile, so that it is sent in order.
    fn hand_over(&self, store: &mut Store) {
        let due = audit_stream::due(self.settings(), store);
        if !due.is_empty() {
            self.0.courier.take(due);
        }
    }

    /// Waits until the connectors have sent all there is.
    pub(in crate::emulator) fn deliver_events(&self) -> Deliveries {
        self.notify();
        self.0.courier.finish()
    }

    /// The store, once it is as wanted, this time has passed, or `goes_on` says no.
    pub(super) fn store_when(
        &self,
        time: Duration,
        goes_on: &dyn Fn() -> bool,
        wanted: impl Fn(&Store) -> bool,
    ) -> MutexGuard<'_, Store> {
        let (start, mut store) = (Instant::now(), self.store());
        while !wanted(&store) && goes_on() {
            let Some(left) = time.checked_sub(start.elapsed()) else { break };
            let waited = self.0.changed.wait_timeout(store, left.min(WAKES));
            store = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        store
    }

    /// Records what no operation has.
    pub(super) fn record_unknown(&self, request: &Request, fields: Vec<String>) {
        let (method, path) = (request.method().as_str(), request.uri().path());
        let fields: BTreeSet<_> = fields.into_iter().map(Some).collect();
        let mut unknown = lock(&self.0.unknown);
        for field in fields {
            let seen = (method.to_owned(), path.to_owned(), field);
            if unknown.len() < COUNTED_PATHS || unknown.contains_key(&seen) {
                *unknown.entry(seen).or_default() += 1;
            }
        }
    }

    pub(super) fn record_unknown_path(&self, request: &Request) {
        let seen = (request.method().to_string(), request.uri().path().to_owned(), None);
        let mut unknown = lock(&self.0.unknown);
        if unknown.len() < COUNTED_PATHS || unknown.contains_key(&seen) {
            *unknown.entry(seen).or_default() += 1;
        }
    }

    pub(in crate::emulator) fn unknown_counts(&self) -> UnknownCounts {
        lock(&self.0.unknown).clone()
    }

    pub(in crate::emulator) fn rotate_keys(&self, keep: Duration) -> Result<()> {
        // Before the lock is taken: it takes a while.
        let key = SigningKey::generate()?;
        let until = self.now().saturating_add(seconds(keep));
        self.store().keys.rotate(key, (!keep.is_zero()).then_some(until));
        Ok(())
    }

    /// `real` is the time of a client that keeps the machine's.
    pub(in crate::emulator) fn issue_token(
        &self,
        mut claims: Value,
        real: Option<i64>,
    ) -> Result<String> {
        let (now, settings) = (self.now(), self.settings());
        let context = Context { real, ..self.context() };
        let map = claims
            .as_object_mut()
            .ok_or_else(|| Refusal::argument("The claims must be an object"))?;
        let expires = context.token_expiry(seconds(settings.session_lifetime));
        for (name, value) in [
            ("exp", json!(expires)),
            ("iat", json!(context.issued())),
            ("iss", json!(settings.issuer())),
            ("jti", json!(random::text(22))),
        ] {
            if map.get(name).is_some_and(Value::is_null) {
                map.remove(name);
            } else {
                map.entry(name).or_insert(value);
            }
        }
        let mut store = self.store();
        let token = store.keys.sign(&claims)?;
        let subject = claims["sub"].as_str().filter(|subject| store.user(subject).is_some());
        if let (Some("DSR"), Some(user)) = (claims["drn"].as_str(), subject) {
            let tenant = claims["dct"].as_str().map(str::to_owned);
            let expires = claims["exp"].as_i64().unwrap_or(expires);
            store.sessions.adopt(&token, user, tenant, expires, now);
        }
        Ok(token)
    }

    /// Signs a user in without a proof.
    pub(in crate::emulator) fn sign_in(&self, login_id: &str, real: Option<i64>) -> Result {
        let mut store = self.store();
        let user = store.known_user(login_id)?.id.clone();
        let context = Context { method: "otp", real, ..self.context() };
        let signed_in = token::sign_in(&context, &mut store, &user, "email", SignIn::default());
        self.hand_over(&mut store);
        signed_in
    }

    /// What the user at the identity provider answers, in place of a browser. Returns where the browser
    /// goes.
    pub(in crate::emulator) fn at_idp(&self, url: &str, name: &str, value: &str) -> Result<String> {
        let mut choice = idp::read_choice(url.split_once('?').map_or("", |(_, query)| query))?;
        choice.insert(name.to_owned(), json!(value));
        let back = idp::choose(&self.context(), &mut self.store(), &choice);
        self.notify();
        back
    }

    /// Allows what a client asks for, as this user, or refuses it.
    pub(super) fn answer(
        &self,
        id: &str,
        login_id: Option<&str>,
    ) -> Result<Option<String>, Denial> {
        let (context, mut store) = (self.context(), self.store());
        let Some(login_id) = login_id else { return decide::deny(&context, &mut store, id) };
        decide::choose(&context, &mut store, id, login_id)?;
        let back = decide::allow(&context, &mut store, id, |_| false);
        self.hand_over(&mut store);
        back
    }

    pub(in crate::emulator) fn answer_device(
        &self,
        user_code: &str,
        login_id: Option<&str>,
    ) -> Result<(), Denial> {
        let id = decide::by_user_code(&self.context(), &self.store(), user_code)?.id.clone();
        self.answer(&id, login_id).map(drop)
    }

    pub(in crate::emulator) fn answer_backchannel(
        &self,
        id: &str,
        allow: bool,
    ) -> Result<(), Denial> {
        let (context, mut store) = (self.context(), self.store());
        let id = decide::by_backchannel(&context, &store, id)?.id.clone();
        let decided = if allow {
            decide::allow(&context, &mut store, &id, |_| false)
        } else {
            decide::deny(&context, &mut store, &id)
        };
        self.hand_over(&mut store);
        decided.map(drop)
    }

    /// What a message does that a user sends by WhatsApp. `url` is that of the start.
    pub(in crate::emulator) fn send_whatsapp(&self, url: &str, phone: &str) -> Result<()> {
        let token = url.split_once("?text=").map_or("", |(_, token)| token);
        let context = Context { method: "notp", ..self.context() };
        let received = receive(&context, &mut self.store(), digest(token), phone);
        self.notify();
        received
    }

    pub(in crate::emulator) fn seed(&self, seed: &Value) -> Result<Value, Error> {
        let mut store = self.store();
        self.hand_over(&mut store);
        let made = seeding::seed(self.settings(), self.now(), &mut store, seed);
        store.audit.settle();
        made
    }

    pub(in crate::emulator) fn export(&self) -> Value {
        seeding::export(&self.store())
    }

    pub(in crate::emulator) fn add_fault(&self, fault: Fault) {
        lock(&self.0.faults).add(fault);
    }

    pub(in crate::emulator) fn clear_faults(&self) {
        lock(&self.0.faults).clear();
    }

    pub(super) fn faults(&self) -> Vec<Fault> {
        lock(&self.0.faults).all().to_vec()
    }

    /// What the faults do to a request, which uses them up.
    pub(super) fn take_faults(&self, request: &Request) -> Effects {
        lock(&self.0.faults).take(request)
    }

    pub(in crate::emulator) fn request_counts(&self) -> RequestCounts {
        lock(&self.0.requests).clone()
    }

    pub(super) fn count(&self, request: &Request) {
        let mut requests = lock(&self.0.requests);
        let seen = (request.method().to_string(), request.uri().path().to_owned());
        if requests.len() < COUNTED_PATHS || requests.contains_key(&seen) {
            *requests.entry(seen).or_default() += 1;
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let project_id = &self.settings().project_id;
        f.debug_struct("Emulator").field("project_id", project_id).finish_non_exhaustive()
    }
}

//! One emulator: its settings, its state, its clock, and the faults it was asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::fault::{Effects, Fault, Faults};
use crate::clock::Clock;
use crate::emulator::api::oauth::decide;
use crate::emulator::api::{idp, seeding};
use crate::emulator::state::receive::receive;
use crate::emulator::state::sign::{KeyRing, SigningKey};
use crate::emulator::state::sign_in::SignIn;
use crate::emulator::state::store::Store;
use crate::emulator::state::token;
use crate::emulator::words::clock::EmulatorClock;
use crate::emulator::words::context::Context;
use crate::emulator::words::digest::digest;
use crate::emulator::words::oauth::Denial;
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Error, Refusal, Result};
use crate::emulator::words::settings::{Settings, seconds};
use crate::transport::Request;

/// Distinct paths whose requests are counted.
const COUNTED_PATHS: usize = 10_000;

/// How often each method was used with each path.
pub(in crate::emulator) type RequestCounts = BTreeMap<(String, String), u64>;

/// Clones are the same emulator.
#[derive(Clone)]
pub(in crate::emulator) struct Engine(Arc<Inner>);

struct Inner {
    settings: Settings,
    clock: EmulatorClock,
    store: Mutex<Store>,
    faults: Mutex<Faults>,
    requests: Mutex<RequestCounts>,
}

/// The state of a project to which nothing has happened yet.
fn new_store(settings: &Settings, keys: KeyRing) -> Store {
    let mut store = Store::new(keys);
    if !settings.empty_project {
        store.furnish(&settings.project_id);
    }
    store
}

/// Poisoned by a panic elsewhere, the data is still that of an emulator.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    pub(in crate::emulator) fn new(settings: Settings) -> Self {
        let store = new_store(&settings, KeyRing::new(settings.own_key));
        Self(Arc::new(Inner {
            settings,
            clock: EmulatorClock::new(),
            store: Mutex::new(store),
            faults: Mutex::default(),
            requests: Mutex::default(),
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
        self.clear_faults();
        lock(&self.0.requests).clear();
    }

    pub(in crate::emulator) fn rotate_keys(&self, keep: Duration) -> Result<()> {
        // Before the lock is taken: it takes a while.
        let key = SigningKey::generate()?;
        let until = self.now().saturating_add(seconds(keep));
        self.store().keys.rotate(key, (!keep.is_zero()).then_some(until));
        Ok(())
    }

    pub(in crate::emulator) fn issue_token(&self, mut claims: Value) -> Result<String> {
        let (now, settings) = (self.now(), self.settings());
        let map = claims
            .as_object_mut()
            .ok_or_else(|| Refusal::argument("The claims must be an object"))?;
        let expires = now.saturating_add(seconds(settings.session_lifetime));
        for (name, value) in [
            ("exp", json!(expires)),
            ("iat", json!(now)),
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
    pub(in crate::emulator) fn sign_in(&self, login_id: &str) -> Result {
        let mut store = self.store();
        let user = store.known_user(login_id)?.id.clone();
        let context = Context { method: "otp", ..self.context() };
        token::sign_in(&context, &mut store, &user, "email", SignIn::default())
    }

    /// What the user at the identity provider answers, in place of a browser. Returns where the browser
    /// goes.
    pub(in crate::emulator) fn at_idp(&self, url: &str, name: &str, value: &str) -> Result<String> {
        let mut choice = idp::read_choice(url.split_once('?').map_or("", |(_, query)| query))?;
        choice.insert(name.to_owned(), json!(value));
        idp::choose(&self.context(), &mut self.store(), &choice)
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
        decide::allow(&context, &mut store, id, |_| false)
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
        if allow {
            decide::allow(&context, &mut store, &id, |_| false).map(drop)
        } else {
            decide::deny(&context, &mut store, &id).map(drop)
        }
    }

    /// What a message does that a user sends by WhatsApp. `url` is that of the start.
    pub(in crate::emulator) fn send_whatsapp(&self, url: &str, phone: &str) -> Result<()> {
        let token = url.split_once("?text=").map_or("", |(_, token)| token);
        let context = Context { method: "notp", ..self.context() };
        receive(&context, &mut self.store(), digest(token), phone)
    }

    pub(in crate::emulator) fn seed(&self, seed: &Value) -> Result<Value, Error> {
        seeding::seed(self.settings(), self.now(), &mut self.store(), seed)
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

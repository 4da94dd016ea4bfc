//! A client whose time is set, and a store that can fail.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use descope::clock::Clock;
use descope::tokens::{MemoryStore, StoreLock, StoredTokens, TokenStore};
use descope::transport::Request;
use descope::transport::http::{Method, Response, StatusCode};
use descope::{Client, Credential, Error, RetryPolicy, StoreError, StoreErrorKind, UnixTime};
use serde_json::{Value, json};

/// The time of day and the monotonic time, in seconds.
#[derive(Clone)]
pub(crate) struct Time(Arc<AtomicI64>);

impl Time {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn after(&self, seconds: i64) -> UnixTime {
        UnixTime::from_seconds(self.0.load(Ordering::SeqCst) + seconds)
    }
}

impl Clock for Time {
    fn unix(&self) -> UnixTime {
        self.after(0)
    }
    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst).unsigned_abs())
    }
    fn sleep(&self, _: Duration) {}
}

/// A client whose requests nobody answers.
pub(crate) fn client() -> (Client, Time) {
    answered_by("P2abc", |request| panic!("{} is asked", request.uri()))
}

/// A client of a project whose requests are answered by this function.
pub(crate) fn answered_by(
    project: &str,
    answer: impl Fn(&Request) -> (u16, Value) + Send + Sync + 'static,
) -> (Client, Time) {
    let time = Time(Arc::new(AtomicI64::new(1_700_000_000)));
    let transport = move |request: Request| {
        let (status, body) = answer(&request);
        let mut response = Response::new(body.to_string().into_bytes());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Ok(response)
    };
    let client = Client::builder()
        .ignore_env()
        .project_id(project)
        .clock(time.clone())
        .retry(RetryPolicy::none())
        .transport(transport)
        .build()
        .unwrap();
    (client, time)
}

/// As Descope refuses a call.
pub(crate) fn refusal(status: u16, code: &str) -> Error {
    let answer = json!({ "errorCode": code, "errorDescription": "as planned" });
    let (client, _) = answered_by("P2abc", move |_| (status, answer.clone()));
    client.call(Method::GET, "/x", Credential::Project, &()).unwrap_err()
}

/// A store in memory that counts, and fails where it is told to.
#[derive(Clone, Default)]
pub(crate) struct Moody(Arc<State>);

#[derive(Default)]
struct State {
    inner: MemoryStore,
    saves_fail: AtomicBool,
    loads_fail: AtomicBool,
    saves: AtomicUsize,
    events: Mutex<Vec<&'static str>>,
}

impl Moody {
    pub(crate) fn let_saves_fail(&self, fail: bool) {
        self.0.saves_fail.store(fail, Ordering::SeqCst);
    }

    pub(crate) fn let_loads_fail(&self, fail: bool) {
        self.0.loads_fail.store(fail, Ordering::SeqCst);
    }

    pub(crate) fn saves(&self) -> usize {
        self.0.saves.load(Ordering::SeqCst)
    }

    /// What happened since the last time.
    pub(crate) fn events(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.events.lock().unwrap())
    }

    pub(crate) fn note(&self, event: &'static str) {
        self.0.events.lock().unwrap().push(event);
    }

    fn outcome(fail: &AtomicBool) -> Result<(), StoreError> {
        if fail.load(Ordering::SeqCst) {
            return Err(StoreError::new(StoreErrorKind::Failed, "the disk is full, as planned"));
        }
        Ok(())
    }
}

/// Notes that it was dropped.
struct Unlock(Moody, #[expect(dead_code)] StoreLock);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.note("unlock");
    }
}

impl TokenStore for Moody {
    fn load(&self, name: &str) -> Result<Option<StoredTokens>, StoreError> {
        self.note("load");
        Self::outcome(&self.0.loads_fail)?;
        self.0.inner.load(name)
    }
    fn save(&self, name: &str, tokens: &StoredTokens) -> Result<(), StoreError> {
        self.note("save");
        Self::outcome(&self.0.saves_fail)?;
        self.0.saves.fetch_add(1, Ordering::SeqCst);
        self.0.inner.save(name, tokens)
    }
    fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.note("delete");
        self.0.inner.delete(name)
    }
    fn lock(&self, name: &str, patience: Duration) -> Result<StoreLock, StoreError> {
        let lock = self.0.inner.lock(name, patience)?;
        self.note("lock");
        Ok(StoreLock::new(Unlock(self.clone(), lock)))
    }
}

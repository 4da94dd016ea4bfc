//! Requests from Descope's connectors: whether they are from Descope, and what they tell.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, hmac};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::proof_memory::{LocalMemory, ProofId, ProofMemory};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::json::Body;
#[cfg(feature = "audit")]
use crate::mgmt::audit::AuditRecord;
use crate::options::setters;
use crate::secret::Secret;
use crate::time::{UnixMillis, UnixTime, seconds};
use crate::transport::http::{HeaderMap, StatusCode};

mod signature;

/// Checks the requests that a connector of Descope sends to your service, such as the stream of the audit trail
/// ([`create_webhook`](crate::mgmt::audit::Audit::create_webhook)), and reads the events in them.
///
/// The signature is in the header `x-descope-webhook-s256`: HMAC-SHA256 of the body with the connector's
/// secret. It is checked before the body is read. Read no more of a body than you expect.
///
/// ```
/// # let (signature, body) = (
/// #     "94499a6e3e6a5d98dac1d56f522d50bd8f342b584dfcec2b95db822c769c171d", br#"{"action":"UserCreated"}"#);
/// use descope::transport::http::Request;
/// use descope::web::Webhook;
///
/// // The newer one first while you change the connector's secret.
/// let webhook = Webhook::new(["the new secret", "the old secret"])?;
///
/// let request = Request::post("/events").header("x-descope-webhook-s256", signature).body(body.to_vec())?;
/// match webhook.events(request.headers(), request.body()) {
///     // Keep them, and only then answer 200.
///     Ok(events) => events.iter().for_each(|event| println!("{}", event.action)),
///     Err(error) => println!("answer {}: {error}", error.status()),
/// }
/// # assert_eq!(webhook.events(request.headers(), request.body())?[0].action, "UserCreated");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What is not known of Descope
///
/// Descope's documentation has two receivers for the signature. Both compare base64. One signs the body as it
/// came, and the other signs the JSON text that it writes again after reading. Nobody has checked with the service
/// which of them is right. So the signature may be base64 with padding, or hexadecimal. It may cover the body as it
/// came, or without the white space between the parts of the JSON text. Whoever can make any of these has the
/// secret.
///
/// The shape of the body is not documented. Public receivers read a list of events with the names of the
/// [search](crate::mgmt::audit::Audit::search), and times as numbers of milliseconds. See [`events`](Self::events).
///
/// # Requests that are sent again
///
/// The signature says nothing of time: a request that was sent before passes again. There are two ways to deal with
/// it, and the first is the better one for an audit trail, because nothing is lost:
///
/// * Keep each event once, by its ID or, if it has none, by all it says. `examples/audit_stream.rs` does so.
/// * Set [`WebhookOptions::max_age`], so that old requests are refused, and [`WebhookOptions::replay_window`], so
///   that no body passes twice in this process.
///
/// It is cheap to clone, and clones share the memory of the bodies that passed.
#[derive(Clone)]
pub struct Webhook(Arc<Rules>);

struct Rules {
    keys: Vec<hmac::Key>,
    max_age: Option<Duration>,
    /// For how long bodies are remembered, and those that passed.
    taken: Option<(Duration, LocalMemory)>,
    clock: Arc<dyn Clock>,
}

/// What a [`Webhook`] checks beside the signature.
///
/// ```
/// use std::time::Duration;
/// use descope::web::{Webhook, WebhookOptions};
///
/// let hour = Duration::from_secs(60 * 60);
/// let options = WebhookOptions::default().max_age(hour).replay_window(hour + hour);
/// let webhook = Webhook::with_options(["the secret"], options)?;
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct WebhookOptions {
    /// The age that the youngest event of a body must not exceed. From 1 second to 30 days, for which Descope keeps
    /// the trail. Defaults to any age.
    ///
    /// Leave room for Descope's delays, and for its later tries after your service was down: what is refused is not
    /// in the stream any more. [`export`](crate::mgmt::audit::Audit::export) has all of the last 30 days. A body is
    /// also refused if the time of each of its events is more than 5 minutes ahead of the clock, or missing. One
    /// without events is too old for nothing, and passes.
    pub max_age: Option<Duration>,
    /// For how long a body that passed does not pass again, whatever the white space in its JSON text. From 1 second
    /// to 30 days and 5 minutes. With a `max_age`, it must be at least 5 minutes longer, or an old body could pass
    /// again while it is young enough. Defaults to not at all.
    ///
    /// A body has passed as soon as it was checked. If you cannot keep its events, call [`Webhook::forget`] before you
    /// answer, or Descope's next try is refused. A try that comes while you still keep the events is refused too, with
    /// a status that says that all is well. So if the events must not be lost, keep them within the time after which
    /// Descope tries again, or do without this option, and tell repeated events by their
    /// [ID](AuditRecord::id).
    pub replay_window: Option<Duration>,
    /// How many bodies are remembered. Each takes some 75 bytes, as
    /// `cargo bench --bench replay_memory --features web` shows. If more pass within the window, bodies are refused
    /// ([`WebhookError::Full`]), because forgetting one would let it pass again. From 1 to 100 million. Defaults to
    /// 100,000.
    pub capacity: Option<usize>,
    clock: Option<Arc<dyn Clock>>,
}

setters!(WebhookOptions {
    max_age: opt<Duration>, replay_window: opt<Duration>, capacity: opt_number<usize>,
});

impl WebhookOptions {
    /// Another clock, for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }
}

/// Why a request is not taken for one of Descope's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebhookError {
    /// The request has no header `x-descope-webhook-s256`. Does the connector have a secret?
    Missing,
    /// The request has several such headers, or one that is no HMAC-SHA256.
    Malformed,
    /// The signature is not of this body, or by another secret.
    Wrong,
    /// The signature is right, but the body is neither a JSON object nor a list.
    Unreadable,
    /// All events are older than [`WebhookOptions::max_age`], or from a future, or of no known time.
    TooOld,
    /// The body passed before, within [`WebhookOptions::replay_window`].
    Replayed,
    /// More bodies passed within [`WebhookOptions::replay_window`] than are remembered.
    Full,
}

impl WebhookError {
    /// The status to answer. For a body that passed before, it is 200, so that nobody sends it once more.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Missing | Self::Malformed | Self::Wrong | Self::TooOld => {
                StatusCode::UNAUTHORIZED
            }
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::Replayed => StatusCode::OK,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

const HEADER: &str = "x-descope-webhook-s256";

/// By how much the clocks of Descope may be ahead.
const AHEAD: Duration = Duration::from_secs(5 * 60);

const SECOND: Duration = Duration::from_secs(1);

/// For how long Descope keeps the trail.
const HISTORY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl Webhook {
    /// Takes signatures by any of these secrets.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] if there is no secret, or an empty one, by which anyone could sign.
    pub fn new(secrets: impl IntoIterator<Item = impl Into<Secret>>) -> Result<Self> {
        Self::with_options(secrets, WebhookOptions::default())
    }

    /// Likewise, and checks more than the signature.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] as for [`new`](Self::new), and for options that are out of range.
    pub fn with_options(
        secrets: impl IntoIterator<Item = impl Into<Secret>>,
        options: WebhookOptions,
    ) -> Result<Self> {
        let secrets: Vec<Secret> = secrets.into_iter().map(Into::into).collect();
        if secrets.is_empty() || secrets.iter().any(|secret| secret.expose().is_empty()) {
            return Err(Error::argument("secrets", "must not be empty"));
        }
        let WebhookOptions { max_age, replay_window, capacity, clock } = options;
        let least = max_age.map_or(SECOND, |max_age| max_age.saturating_add(AHEAD));
        if max_age.is_some_and(|age| !(SECOND..=HISTORY).contains(&age)) {
            return Err(Error::argument("max_age", "must be from 1 second to 30 days"));
        }
        if replay_window.is_some_and(|window| !(SECOND..=HISTORY + AHEAD).contains(&window)) {
            let reason = "must be from 1 second to 30 days and 5 minutes";
            return Err(Error::argument("replay_window", reason));
        }
        if replay_window.is_some_and(|window| window < least) {
            let reason = "must be at least 5 minutes longer than `max_age`";
            return Err(Error::argument("replay_window", reason));
        }
        let memory = LocalMemory::of_options(capacity)?;
        let key = |secret: Secret| hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        Ok(Self(Arc::new(Rules {
            keys: secrets.into_iter().map(key).collect(),
            max_age,
            taken: replay_window.map(|window| (window, memory)),
            clock: clock.unwrap_or_else(|| Arc::new(SystemClock::default())),
        })))
    }

    /// Checks a request, and reads its events. Feature `audit`.
    ///
    /// The body may be a list of events, or one event alone. What an event says beyond
    /// [`AuditRecord`] is in its [`extra`](AuditRecord::extra), and what is missing or odd costs no event. Its ID is
    /// empty if it has none.
    ///
    /// # Errors
    ///
    /// [`WebhookError`], which knows the [status](WebhookError::status) to answer.
    #[cfg(feature = "audit")]
    pub fn events(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Vec<AuditRecord>, WebhookError> {
        self.events_signed(signature(headers)?, body)
    }

    /// The same with the value of the header, for servers whose headers are of another type. Feature `audit`.
    ///
    /// # Errors
    ///
    /// [`WebhookError`], which knows the [status](WebhookError::status) to answer.
    #[cfg(feature = "audit")]
    pub fn events_signed(
        &self,
        signature: impl AsRef<[u8]>,
        body: &[u8],
    ) -> Result<Vec<AuditRecord>, WebhookError> {
        self.check(signature.as_ref(), body)?;
        let events: Vec<AuditRecord> = read(body)?;
        let events: Vec<_> = events.into_iter().map(AuditRecord::streamed).collect();
        self.check_age(events.iter().map(|event| event.occurred))?;
        self.use_up(body)?;
        Ok(events)
    }

    /// Checks a request whose body you read yourself, such as one of another connector. Of
    /// [`events`](Self::events) and this, call one for each request.
    ///
    /// # Errors
    ///
    /// [`WebhookError`], which knows the [status](WebhookError::status) to answer.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), WebhookError> {
        self.verify_signature(signature(headers)?, body)
    }

    /// The same with the value of the header, for servers whose headers are of another type.
    ///
    /// # Errors
    ///
    /// [`WebhookError`], which knows the [status](WebhookError::status) to answer.
    pub fn verify_signature(
        &self,
        signature: impl AsRef<[u8]>,
        body: &[u8],
    ) -> Result<(), WebhookError> {
        self.check(signature.as_ref(), body)?;
        if self.0.max_age.is_some() {
            let events: Vec<Dated> = read(body)?;
            self.check_age(events.iter().map(|event| event.occurred))?;
        }
        self.use_up(body)
    }

    /// Lets a body pass once more, since its events could not be kept. Call it before you answer with a failure, if
    /// there is a [`WebhookOptions::replay_window`].
    pub fn forget(&self, body: &[u8]) {
        if let Some((_, memory)) = &self.0.taken {
            memory.forget(&id(body));
        }
    }

    fn check(&self, signature: &[u8], body: &[u8]) -> Result<(), WebhookError> {
        let tag = signature::decode(signature).ok_or(WebhookError::Malformed)?;
        let genuine = signature::is_by(&self.0.keys, &tag, body);
        genuine.then_some(()).ok_or(WebhookError::Wrong)
    }

    /// Whether one of the events is young enough, or there are none.
    fn check_age(
        &self,
        times: impl Iterator<Item = Option<UnixMillis>>,
    ) -> Result<(), WebhookError> {
        let Some(max_age) = self.0.max_age else { return Ok(()) };
        let now = self.0.clock.unix().as_seconds();
        let (earliest, latest) =
            (now.saturating_sub(seconds(max_age)), now.saturating_add(seconds(AHEAD)));
        let mut times = times.peekable();
        let young = |time: Option<UnixMillis>| {
            time.is_some_and(|time| (earliest..=latest).contains(&time.to_unix_time().as_seconds()))
        };
        let passes = times.peek().is_none() || times.any(young);
        passes.then_some(()).ok_or(WebhookError::TooOld)
    }

    /// Remembers a body, if that is asked for. It comes last, so that only good ones are remembered.
    fn use_up(&self, body: &[u8]) -> Result<(), WebhookError> {
        let Some((window, memory)) = &self.0.taken else { return Ok(()) };
        let now = self.0.clock.unix();
        let until = UnixTime::from_seconds(now.as_seconds().saturating_add(seconds(*window)));
        match memory.remember(&id(body), now, until) {
            Ok(true) => Ok(()),
            Ok(false) => Err(WebhookError::Replayed),
            Err(_) => Err(WebhookError::Full),
        }
    }
}

/// The one signature of a request.
fn signature(headers: &HeaderMap) -> Result<&[u8], WebhookError> {
    let mut signatures = headers.get_all(HEADER).iter();
    let signature = signatures.next().ok_or(WebhookError::Missing)?;
    let alone = signatures.next().is_none();
    alone.then_some(signature.as_bytes()).ok_or(WebhookError::Malformed)
}

/// What stands for a body. White space does not count: where the signature leaves it out, anyone can add some.
fn id(body: &[u8]) -> ProofId {
    let compact = signature::compact(body);
    let digest = digest::digest(&digest::SHA256, compact.as_deref().unwrap_or(body));
    // No key has this thumbprint.
    ProofId::new("webhook", &URL_SAFE_NO_PAD.encode(digest))
}

/// The time of an event.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Dated {
    #[serde(deserialize_with = "crate::time::millis_or_never")]
    occurred: Option<UnixMillis>,
}

/// Reads one event, or a list of them.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, WebhookError> {
    let events = match body.trim_ascii_start().first() {
        Some(b'[') => Body::new(body).read(),
        Some(b'{') => Body::new(body).read().map(|event| vec![event]),
        _ => return Err(WebhookError::Unreadable),
    };
    events.map_err(|_| WebhookError::Unreadable)
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("secrets", &self.0.keys.len())
            .field("max_age", &self.0.max_age)
            .field("replay_window", &self.0.taken.as_ref().map(|(window, _)| window))
            .finish()
    }
}

impl fmt::Debug for WebhookOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookOptions")
            .field("max_age", &self.max_age)
            .field("replay_window", &self.replay_window)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the request has no header `x-descope-webhook-s256`",
            Self::Malformed => "the request does not have one signature by HMAC-SHA256",
            Self::Wrong => "the signature is not of this body, or by another secret",
            Self::Unreadable => "the body is neither a JSON object nor a list",
            Self::TooOld => "the events are too old, or from a future",
            Self::Replayed => "the body was received before",
            Self::Full => "the memory of received bodies is full",
        })
    }
}

impl std::error::Error for WebhookError {}

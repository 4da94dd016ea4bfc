//! Proofs of possession (`DPoP`, RFC 9449): that who sends a bound token has its key.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use super::RequestTokens;
use super::htu;
use super::proof_memory::{LocalMemory, ProofId, ProofMemory};
use crate::digest::base64url;
use crate::error::{Error, Result};
use crate::jwt::{Proof, ProofError};
use crate::options::setters;
use crate::secret::Secret;
use crate::time::{UnixTime, seconds};

/// Lets a [`Guard`](super::Guard) accept tokens that are bound to a key, from those who prove that they have
/// the key (`DPoP`, RFC 9449). Set it in [`GuardOptions::proofs`](super::GuardOptions::proofs), and tell the
/// guard of each request by [`RequestTokens::of_request`].
///
/// A token is bound if it has the claim `cnf`. Without proofs, the guard refuses bound tokens, as it cannot
/// know who sends them. Tokens that are not bound need no proof. Descope binds the access tokens of applications and
/// MCP servers whose requests at the token endpoint have a proof, and no sessions. `examples/bound_tokens.rs` is a
/// complete service.
///
/// It is cheap to clone, and clones share their memory of used proofs. Create one for your service.
///
/// ```
/// # let emulator = descope::emulator::Emulator::new();
/// # emulator.seed(&serde_json::json!({ "inboundApps": [{
/// #     "name": "Shop", "permissionsScopes": [{ "name": "orders" }],
/// #     "state": { "clientId": "client-id", "secrets": [{ "id": "s", "cleartext": "a secret" }] },
/// # }] })).expect("a seed");
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// use descope::oidc::{App, DpopKey, TokenOptions};
/// use descope::transport::http::Request;
/// use descope::web::{Access, Guard, GuardOptions, Proofs, Reason, Resource};
///
/// let service = "https://api.example.com";
/// let options =
///     GuardOptions::default().proofs(Proofs::new(service)?).resource(Resource::new(service)?);
/// let guard = Guard::with_options(&client, options)?;
///
/// // What an application does: it gets a token that is bound to its key, and sends it with a proof.
/// let app = App::inbound("client-id").secret("a secret").resource(service).dpop(DpopKey::generate()?);
/// let application = client.oidc(&app);
/// let token = application.client_credentials(&TokenOptions::default().scopes(["orders"]))?;
/// let token = token.access_token.expose();
/// let proof = application.dpop_proof("GET", "https://api.example.com/orders", token)?;
/// let request = Request::get("/orders?page=2")
///     .header("Authorization", format!("DPoP {token}"))
///     .header("DPoP", proof.expose())
///     .body(())?;
///
/// let orders = Access::default().scopes(["orders"]);
/// let tokens = guard.tokens(request.headers());
/// let tokens = tokens.of_request(request.method().as_str(), request.uri().path());
/// assert_eq!(guard.validate(&tokens, &orders)?.claims.user_id(), "client-id");
/// // A proof is good once.
/// let denied = guard.validate(&tokens, &orders).unwrap_err();
/// assert_eq!(denied.reason(), Reason::ProofInvalid);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// Behind a vtable, so that a program without it does not have the code in it.
#[derive(Clone)]
pub struct Proofs(Arc<dyn Check>);

/// How a guard checks proofs.
///
/// ```
/// use std::time::Duration;
/// use descope::web::{ProofOptions, Proofs};
///
/// let options = ProofOptions::default().max_age(Duration::from_secs(30)).capacity(1_000_000);
/// let proofs = Proofs::with_options("https://api.example.com", options)?;
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ProofOptions {
    /// The age that a proof must not reach (claim `iat`). From 1 second to 10 minutes. Defaults to 60
    /// seconds.
    pub max_age: Option<Duration>,
    /// The time by which no client's clock may be ahead; 0 is taken for 1 second. At most 120 seconds. Defaults to 5 seconds.
    pub leeway: Option<Duration>,
    /// How many used proofs are remembered in this process: those of the last [`max_age`](Self::max_age) and
    /// two [`leeway`](Self::leeway)s. Each takes some 75 bytes, as
    /// `cargo bench --bench replay_memory --features web` shows. If there are more, requests are turned away
    /// with 503 ([`Reason::Unavailable`](super::Reason::Unavailable)), because forgetting a proof would let it
    /// be used again. From 1 to 100 million. Defaults to 100,000.
    pub capacity: Option<usize>,
    /// Where used proofs are remembered. Defaults to the memory of this process, which is the right one for
    /// a service of one process. Several processes need one that they share, or a proof is good once in each.
    pub memory: Option<Arc<dyn ProofMemory>>,
    /// The key of the nonces that each proof must have (RFC 9449 section 9), of at least 32 random bytes.
    /// Processes of a service share it. Defaults to none: proofs need no nonce.
    ///
    /// With a nonce, nobody can make proofs in advance. Send
    /// [`Guard::dpop_nonce`](super::Guard::dpop_nonce) with every answer. Each nonce is good for 5 minutes.
    pub nonce_key: Option<Secret>,
}

setters!(ProofOptions {
    max_age: opt<Duration>, leeway: opt<Duration>, capacity: opt_number<usize>,
    memory: opt<Arc<dyn ProofMemory>>, nonce_key: opt<Secret>,
});

/// What there is to check.
pub(super) struct Presented<'p> {
    pub(super) tokens: &'p RequestTokens,
    /// The token that is bound, and the thumbprint of its key.
    pub(super) token: &'p str,
    pub(super) thumbprint: &'p str,
    pub(super) now: UnixTime,
}

pub(super) trait Check: Send + Sync {
    fn check(&self, presented: &Presented<'_>) -> Result<(), ProofError>;
    fn nonce(&self, now: UnixTime) -> Option<String>;
}

struct Rules {
    /// What the path of a request is appended to.
    base: String,
    max_age: Duration,
    leeway: Duration,
    memory: Arc<dyn ProofMemory>,
    nonces: Option<hmac::Key>,
}

impl Proofs {
    /// Checks proofs for a service at this URL, which is the one that clients use. Behind a proxy, it is the
    /// proxy's. If the proxy removes a prefix from paths, add the prefix to the URL, as in
    /// `https://example.com/api`.
    ///
    /// No header of a request tells the service its URL: anyone can send `Host` or `X-Forwarded-Host`.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] if it is not an `http` or `https` URL, or has a query.
    pub fn new(url: &str) -> Result<Self> {
        Self::with_options(url, ProofOptions::default())
    }

    /// Likewise, with other options.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] as for [`new`](Self::new), and for options that are out of range.
    pub fn with_options(url: &str, options: ProofOptions) -> Result<Self> {
        let ProofOptions { max_age, leeway, capacity, memory, nonce_key } = options;
        let base = htu::normalized(url).filter(|_| !url.contains(['?', '#']));
        let reason = "must be an `http` or `https` URL without query";
        let base = base.ok_or_else(|| Error::argument("url", reason))?;
        let max_age = max_age.unwrap_or(Duration::from_secs(60));
        if !(1..=600).contains(&max_age.as_secs()) {
            return Err(Error::argument("max_age", "must be from 1 second to 10 minutes"));
        }
        let leeway = leeway.unwrap_or(Duration::from_secs(5));
        if leeway > Duration::from_secs(120) {
            return Err(Error::argument("leeway", "must be at most 120 seconds"));
        }
        let local = LocalMemory::of_options(capacity)?;
        if nonce_key.as_ref().is_some_and(|key| key.expose().len() < 32) {
            return Err(Error::argument("nonce_key", "must have at least 32 bytes"));
        }
        Ok(Self(Arc::new(Rules {
            base: base.trim_end_matches('/').to_owned(),
            max_age,
            leeway,
            memory: memory.unwrap_or_else(|| Arc::new(local)),
            nonces: nonce_key.map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes())),
        })))
    }

    pub(super) fn check(&self, presented: &Presented<'_>) -> Result<(), ProofError> {
        self.0.check(presented)
    }

    pub(super) fn nonce(&self, now: UnixTime) -> Option<String> {
        self.0.nonce(now)
    }
}

impl Check for Rules {
    /// All rules of RFC 9449 section 4.3. Whether the proof was used before comes last, so that only good ones
    /// are remembered.
    fn check(&self, presented: &Presented<'_>) -> Result<(), ProofError> {
        let Presented { tokens, token, thumbprint, now } = presented;
        if tokens.bearer.is_some() && !tokens.paired && !tokens.is_dpop {
            return Err(ProofError::Bearer);
        }
        let proof = match &*tokens.proofs {
            [] => return Err(ProofError::Missing),
            [proof] => Proof::read(proof.expose())?,
            _ => return Err(ProofError::Several),
        };
        let (method, path) = tokens.request.as_ref().ok_or(ProofError::Url)?;
        if proof.method != *method {
            return Err(ProofError::Method);
        }
        let url = htu::path(path).map(|path| format!("{}{path}", self.base));
        if url.is_none() || htu::normalized(&proof.url) != url {
            return Err(ProofError::Url);
        }
        if proof.token_hash != base64url(token) {
            return Err(ProofError::OtherToken);
        }
        if proof.thumbprint != *thumbprint {
            return Err(ProofError::OtherKey);
        }
        self.check_time(&proof, *now)?;
        if let Some(key) = &self.nonces {
            check_nonce(key, proof.nonce.as_deref(), *now)?;
        }
        self.use_up(&proof, *now)
    }

    fn nonce(&self, now: UnixTime) -> Option<String> {
        self.nonces.as_ref().map(|key| nonce(key, now.as_seconds()))
    }
}

impl Rules {
    fn check_time(&self, proof: &Proof, now: UnixTime) -> Result<(), ProofError> {
        let (now, (latest, earliest)) = (now.as_seconds(), proof.issued);
        if latest.saturating_sub(now) >= seconds(self.leeway).max(1) {
            return Err(ProofError::NotYetValid);
        }
        if now.saturating_sub(earliest) >= seconds(self.max_age) {
            return Err(ProofError::TooOld);
        }
        Ok(())
    }

    /// Remembers the proof for as long as it would be good, wherever its time lies in the window.
    fn use_up(&self, proof: &Proof, now: UnixTime) -> Result<(), ProofError> {
        let id = ProofId::new(&proof.thumbprint, &proof.id);
        let window = seconds(self.max_age).saturating_add(2 * seconds(self.leeway));
        let until = UnixTime::from_seconds(now.as_seconds().saturating_add(window));
        match self.memory.remember(&id, now, until) {
            Ok(true) => Ok(()),
            Ok(false) => Err(ProofError::Replayed),
            Err(_) => Err(ProofError::Unknown),
        }
    }
}

/// How long a nonce is good, in seconds.
const NONCE_AGE: i64 = 5 * 60;

/// A nonce: the time, and a code that only this service can make. So there is nothing to remember.
fn nonce(key: &hmac::Key, now: i64) -> String {
    let time = now.to_be_bytes();
    URL_SAFE_NO_PAD.encode([&time, hmac::sign(key, &time).as_ref()].concat())
}

fn check_nonce(key: &hmac::Key, given: Option<&str>, now: UnixTime) -> Result<(), ProofError> {
    let bytes =
        given.and_then(|given| URL_SAFE_NO_PAD.decode(given).ok()).ok_or(ProofError::Nonce)?;
    let (time, tag) = bytes.split_first_chunk().ok_or(ProofError::Nonce)?;
    hmac::verify(key, time, tag).map_err(|_| ProofError::Nonce)?;
    let age = now.as_seconds().saturating_sub(i64::from_be_bytes(*time));
    if (0..=NONCE_AGE).contains(&age) { Ok(()) } else { Err(ProofError::Nonce) }
}

impl fmt::Debug for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proofs").finish_non_exhaustive()
    }
}

impl fmt::Debug for ProofOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofOptions")
            .field("max_age", &self.max_age)
            .field("leeway", &self.leeway)
            .field("capacity", &self.capacity)
            .field("nonce_key", &self.nonce_key)
            .finish_non_exhaustive()
    }
}

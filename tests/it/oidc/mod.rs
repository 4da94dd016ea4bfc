//! The client of OAuth 2 and OpenID Connect, against a server that answers what the test says.

mod authorize;
mod device;
mod discovery;
mod dpop;
mod grants;
mod id_token;
mod loopback;
mod user_info;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use descope::clock::Clock;
use descope::oidc::App;
use descope::transport::http::header::HeaderValue;
use descope::transport::{Request, Response, TransportError};
use descope::{Client, ClientBuilder, Error, UnixTime};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::signer::P256;

pub(crate) const ISSUER: &str = "https://login.example.com";
pub(crate) const NOW: i64 = 1_700_000_000;

struct Fixed;

impl Clock for Fixed {
    fn unix(&self) -> UnixTime {
        UnixTime::from_seconds(NOW)
    }
    fn monotonic(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
    fn sleep(&self, _: std::time::Duration) {}
}

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) form: Vec<(String, String)>,
}

impl Seen {
    fn of(request: &Request) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let headers = request.headers().iter();
        Self {
            method: request.method().to_string(),
            url: request.uri().to_string(),
            headers: headers
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
            form: form(&text(request.body())),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// The form without what differs each time.
    pub(crate) fn fields(&self) -> Vec<(&str, &str)> {
        self.form.iter().map(|(name, value)| (&**name, &**value)).collect()
    }
}

/// The members of a form or query.
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let members = text.split('&').filter(|member| !member.is_empty());
    members
        .map(|member| member.split_once('=').unwrap())
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

pub(crate) type Answer = Result<Response, TransportError>;

/// A server with a document and a key set, whose other answers are these, one after the other.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) document: Arc<Mutex<Value>>,
    pub(crate) keys: Arc<Mutex<Value>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::of(ISSUER)
    }

    pub(crate) fn of(issuer: &str) -> Self {
        Self {
            document: Arc::new(Mutex::new(document(issuer))),
            keys: Arc::new(Mutex::new(json!({ "keys": [P256.jwk("k1", "ES256")] }))),
            answers: Arc::default(),
            seen: Arc::default(),
        }
    }

    /// Adds an answer.
    pub(crate) fn answer(&self, status: u16, body: &Value) -> &Self {
        self.respond(Ok(response(status, body)))
    }

    pub(crate) fn respond(&self, answer: Answer) -> &Self {
        lock(&self.answers).push_back(answer);
        self
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(|builder| builder)
    }

    pub(crate) fn client_with(
        &self,
        configure: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Client {
        let server = self.clone();
        let builder = Client::builder().ignore_env().project_id("P2abc").clock(Fixed);
        configure(builder.transport(move |request: Request| server.serve(&request)))
            .build()
            .unwrap()
    }

    fn serve(&self, request: &Request) -> Answer {
        let seen = Seen::of(request);
        let path = request.uri().path().to_owned();
        lock(&self.seen).push(seen);
        if path.contains("/.well-known/openid-configuration") {
            let document = lock(&self.document).clone();
            return match document["status"].as_u64() {
                Some(status) => Ok(response(u16::try_from(status).unwrap(), &json!({}))),
                None => Ok(response(200, &document)),
            };
        }
        if path.ends_with("/jwks") || path.starts_with("/v2/keys/") {
            let keys = lock(&self.keys).clone();
            return match keys["status"].as_u64() {
                Some(status) => Ok(response(u16::try_from(status).unwrap(), &json!({}))),
                None => Ok(response(200, &keys)),
            };
        }
        lock(&self.answers).pop_front().unwrap_or_else(|| panic!("one more request: {path}"))
    }

    /// The requests but those for the document and the keys.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let about = |seen: &&Seen| {
            !seen.url.contains("/.well-known/openid")
                && !seen.url.ends_with("/jwks")
                && !seen.url.contains("/v2/keys/")
        };
        lock(&self.seen).iter().filter(about).cloned().collect()
    }

    /// All requests.
    pub(crate) fn all(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }
}

pub(crate) fn document(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/me"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "end_session_endpoint": format!("{issuer}/logout?x=1"),
        "jwks_uri": format!("{issuer}/jwks"),
        "scopes_supported": ["openid", "email"],
        "newer_than_this_crate": true,
    })
}

pub(crate) fn response(status: u16, body: &Value) -> Response {
    let mut response = Response::new(body.to_string().into_bytes());
    *response.status_mut() = status.try_into().unwrap();
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

/// An answer with one more header.
pub(crate) fn with_header(mut response: Response, name: &'static str, value: &str) -> Response {
    response.headers_mut().append(name, value.parse().unwrap());
    response
}

pub(crate) fn app() -> App {
    App::issuer(ISSUER, "the client")
}

pub(crate) fn tokens() -> Value {
    json!({ "access_token": "an-access-token", "token_type": "Bearer", "expires_in": 300 })
}

/// An ID token with some claims changed; null takes one away.
pub(crate) fn id_token(changes: &Value) -> String {
    P256.token("k1", "ES256", &id_claims(changes))
}

pub(crate) fn id_claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": "the client", "sub": "U1", "iat": NOW, "exp": NOW + 600,
    });
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    claims
}

#[track_caller]
pub(crate) fn argument<T: std::fmt::Debug>(outcome: Result<T, Error>) -> &'static str {
    match outcome {
        Err(Error::Argument { name, .. }) => name,
        other => panic!("{other:?}"),
    }
}

/// Header and claims of a JWT, unchecked.
pub(crate) fn claims_of(jwt: &str) -> (Value, Value) {
    let part = |at| {
        let part: &str = jwt.split('.').nth(at).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    (part(0), part(1))
}

/// The SHA-256 of a text, in base64url.
pub(crate) fn ring_digest(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}

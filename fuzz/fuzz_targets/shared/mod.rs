//! A key, tokens signed with it, and a client whose server says what it is told to.
#![allow(dead_code, reason = "each target uses some of it")]

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use descope::transport::{Request, Response};
use descope::{Client, RetryPolicy};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

pub(crate) const PROJECT: &str = "P2fuzz";
pub(crate) const REFRESH_TOKEN: &str = "canary-refresh-token";
pub(crate) const MANAGEMENT_KEY: &str = "canary-management-key";

static KEY: LazyLock<EcdsaKeyPair> = LazyLock::new(|| {
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key")
});

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn jwk() -> Value {
    let (x, y) = KEY.public_key().as_ref()[1..].split_at(32);
    json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "k", "x": encode(x), "y": encode(y) })
}

/// Any header and claims with a signature that matches.
pub(crate) fn sign(header: &[u8], claims: &[u8]) -> String {
    let text = format!("{}.{}", encode(header), encode(claims));
    let signature = KEY.sign(&SystemRandom::new(), text.as_bytes()).expect("a signature");
    format!("{text}.{}", encode(signature))
}

/// A client, and what its server answers.
pub(crate) fn client() -> (Client, Arc<Mutex<Response>>) {
    let answer = Arc::new(Mutex::new(Response::default()));
    let told = answer.clone();
    let client = Client::builder()
        .ignore_env()
        .project_id(PROJECT)
        .management_key(MANAGEMENT_KEY)
        .retry(RetryPolicy::none())
        .transport(move |_: Request| {
            Ok(told.lock().unwrap_or_else(PoisonError::into_inner).clone())
        })
        .build()
        .expect("a client");
    (client, answer)
}

/// A client that knows the key.
pub(crate) fn with_key() -> Client {
    Client::builder()
        .ignore_env()
        .project_id(PROJECT)
        .public_key(jwk().to_string())
        .transport(|_: Request| Ok(Response::default()))
        .build()
        .expect("a client")
}

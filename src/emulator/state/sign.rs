//! Signing keys, the key set, and tokens.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Result};

/// The key that emulators of this process share until they rotate it.
///
/// Making an RSA key takes up to a second, and a test suite starts an emulator per test. Each
/// emulator publishes it under a key ID of its own, so the tokens of one are strange to another.
static SHARED: Mutex<Option<Arc<KeyPair>>> = Mutex::new(None);

fn shared() -> Result<Arc<KeyPair>> {
    // The lock is held while the key is made, so that many threads make it once.
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pair) = &*shared {
        return Ok(Arc::clone(pair));
    }
    let pair = generate()?;
    *shared = Some(Arc::clone(&pair));
    Ok(pair)
}

fn generate() -> Result<Arc<KeyPair>> {
    KeyPair::generate(KeySize::Rsa2048)
        .map(Arc::new)
        .map_err(|_| Refusal::internal("No RSA key could be made"))
}

/// One signing key.
pub(in crate::emulator) struct SigningKey {
    kid: String,
    own: bool,
    /// Made or fetched at first use: starting an emulator is to cost nothing.
    pair: OnceLock<Arc<KeyPair>>,
    /// When a replaced key leaves the set, in seconds since the epoch.
    until: Option<i64>,
}

impl SigningKey {
    /// A key made at once.
    pub(in crate::emulator) fn generate() -> Result<Self> {
        Ok(Self { pair: OnceLock::from(generate()?), ..Self::later(true) })
    }

    fn later(own: bool) -> Self {
        Self { kid: random::id("SK"), own, pair: OnceLock::new(), until: None }
    }

    fn pair(&self) -> Result<&KeyPair> {
        if self.pair.get().is_none() {
            let pair = if self.own { generate()? } else { shared()? };
            // Lost races are fine: whoever was first decides.
            let _ = self.pair.set(pair);
        }
        self.pair.get().map(Arc::as_ref).ok_or_else(|| Refusal::internal("No key"))
    }

    fn jwk(&self) -> Result<Value> {
        let public = self.pair()?.public_key();
        Ok(json!({
            "alg": "RS256",
            "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
            "kid": self.kid,
            "kty": "RSA",
            "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
            "use": "sig",
        }))
    }
}

/// The keys of one emulator: the first signs, the others are still published.
pub(in crate::emulator) struct KeyRing(Vec<SigningKey>);

impl KeyRing {
    pub(in crate::emulator) fn new(own: bool) -> Self {
        Self(vec![SigningKey::later(own)])
    }

    /// Signs with `key` from now on. The old one stays in the set until then, if at all.
    pub(in crate::emulator) fn rotate(&mut self, key: SigningKey, keep_until: Option<i64>) {
        match keep_until {
            None => self.0.clear(),
            Some(_) => {
                if let Some(old) = self.0.first_mut() {
                    old.until = keep_until;
                }
            }
        }
        self.0.insert(0, key);
    }

    fn published(&self, now: i64) -> impl Iterator<Item = &SigningKey> {
        self.0.iter().filter(move |key| key.until.is_none_or(|until| now < until))
    }

    /// The key set, as `GET /v2/keys/{project}` answers it.
    pub(in crate::emulator) fn set(&self, now: i64) -> Result<Value> {
        let keys: Vec<Value> = self.published(now).map(SigningKey::jwk).collect::<Result<_>>()?;
        Ok(json!({ "keys": keys }))
    }

    /// A signed token with exactly these claims.
    pub(in crate::emulator) fn sign(&self, claims: &Value) -> Result<String> {
        let key = self.0.first().ok_or_else(|| Refusal::internal("No key"))?;
        let pair = key.pair()?;
        let header = json!({ "alg": "RS256", "kid": key.kid, "typ": "JWT" });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let mut token = format!("{}.{}", part(&header), part(claims));
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
            .map_err(|_| Refusal::internal("The token could not be signed"))?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Ok(token)
    }

    /// The claims of a token signed with a published key and not expired.
    pub(in crate::emulator) fn verify(&self, token: &str, now: i64) -> Result<Value> {
        let malformed = || Refusal::token("The token is malformed");
        let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
        let parse = |part: &str| -> Result<Value> {
            let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed())?;
            serde_json::from_slice(&bytes).map_err(|_| malformed())
        };
        let header = parse(header)?;
        let key = self
            .published(now)
            .find(|key| header["kid"] == *key.kid)
            .ok_or_else(|| Refusal::token("The token's key is not in the key set"))?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.pair()?.public_key().as_ref())
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| Refusal::token("The token's signature is wrong"))?;
        let claims = parse(claims)?;
        match claims["exp"].as_i64() {
            Some(exp) if now < exp => Ok(claims),
            _ => Err(Refusal::token("The token has expired")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_verifies_with_the_published_key_alone() {
        use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

        let ring = KeyRing::new(false);
        let token = ring.sign(&json!({ "sub": "U2", "exp": 100 })).unwrap();
        let set = ring.set(0).unwrap();
        let member =
            |name: &str| URL_SAFE_NO_PAD.decode(set["keys"][0][name].as_str().unwrap()).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let key = RsaPublicKeyComponents { n: member("n"), e: member("e") };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).unwrap();
        assert!(key.verify(&RSA_PKCS1_2048_8192_SHA256, b"other", &signature).is_err());
        assert_eq!(set["keys"][0]["alg"], "RS256");
        assert!(set["keys"][0]["kid"].as_str().unwrap().starts_with("SK2"));
    }

    #[test]
    fn a_rotated_key_is_kept_as_long_as_asked() {
        let mut ring = KeyRing::new(false);
        let claims = json!({ "exp": 100 });
        let first = ring.sign(&claims).unwrap();
        ring.rotate(SigningKey::generate().unwrap(), Some(50));
        let second = ring.sign(&claims).unwrap();
        assert_eq!(ring.set(49).unwrap()["keys"].as_array().unwrap().len(), 2);
        assert!(ring.verify(&first, 49).is_ok() && ring.verify(&second, 49).is_ok());
        assert!(ring.verify(&first, 50).is_err() && ring.verify(&second, 50).is_ok());
        ring.rotate(SigningKey::generate().unwrap(), None);
        assert_eq!(ring.set(0).unwrap()["keys"].as_array().unwrap().len(), 1);
        assert!(ring.verify(&second, 0).is_err());
    }

    #[test]
    fn expired_forged_and_foreign_tokens_are_refused() {
        let ring = KeyRing::new(false);
        let token = ring.sign(&json!({ "exp": 100 })).unwrap();
        assert!(ring.verify(&token, 99).is_ok());
        assert!(ring.verify(&token, 100).is_err());
        let forged = token.replacen('.', ".e", 1);
        assert!(ring.verify(&forged, 0).is_err());
        assert!(KeyRing::new(false).verify(&token, 0).is_err(), "same key, other key ID");
        for text in ["", ".", "..", "a.b.c", "e30.e30.e30"] {
            assert!(ring.verify(text, 0).is_err());
        }
    }
}

//! Signing keys, the key set, and tokens.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RsaEncoding, UnparsedPublicKey,
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

/// What a key signs by: sessions by RS256, client assertions by any.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::emulator) enum Algorithm {
    Rs256,
    Rs384,
    Es384,
}

impl Algorithm {
    pub(in crate::emulator) fn parse(name: &str) -> Option<Self> {
        [Self::Rs256, Self::Rs384, Self::Es384].into_iter().find(|known| known.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Es384 => "ES384",
        }
    }
}

enum Pair {
    Rsa(Arc<KeyPair>),
    Ec(EcdsaKeyPair),
}

/// One signing key.
pub(in crate::emulator) struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    own: bool,
    /// Made or fetched at first use: starting an emulator is to cost nothing.
    pair: OnceLock<Pair>,
    /// When a replaced key leaves the set, in seconds since the epoch.
    until: Option<i64>,
}

impl SigningKey {
    /// A key made at once.
    pub(in crate::emulator) fn generate() -> Result<Self> {
        let pair = OnceLock::from(Pair::Rsa(generate()?));
        Ok(Self { pair, ..Self::later(Algorithm::Rs256, true) })
    }

    fn later(algorithm: Algorithm, own: bool) -> Self {
        Self { kid: random::id("SK"), algorithm, own, pair: OnceLock::new(), until: None }
    }

    fn pair(&self) -> Result<&Pair> {
        if self.pair.get().is_none() {
            let pair = match self.algorithm {
                Algorithm::Es384 => EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING)
                    .map(Pair::Ec)
                    .map_err(|_| Refusal::internal("No key could be made"))?,
                Algorithm::Rs256 | Algorithm::Rs384 if self.own => Pair::Rsa(generate()?),
                Algorithm::Rs256 | Algorithm::Rs384 => Pair::Rsa(shared()?),
            };
            // Lost races are fine: whoever was first decides.
            let _ = self.pair.set(pair);
        }
        self.pair.get().ok_or_else(|| Refusal::internal("No key"))
    }

    fn jwk(&self) -> Result<Value> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match self.pair()? {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                json!({
                    "kty": "RSA",
                    "e": text(public.exponent().big_endian_without_leading_zero()),
                    "n": text(public.modulus().big_endian_without_leading_zero()),
                })
            }
            Pair::Ec(pair) => {
                // The point, after a byte that says it is not compressed.
                let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                json!({ "kty": "EC", "crv": "P-384", "x": text(x), "y": text(y) })
            }
        };
        jwk["alg"] = json!(self.algorithm.name());
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        Ok(jwk)
    }

    /// A signed token with exactly these claims.
    fn token(&self, claims: &Value) -> Result<String> {
        let header = json!({ "alg": self.algorithm.name(), "kid": self.kid, "typ": "JWT" });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let mut token = format!("{}.{}", part(&header), part(claims));
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Ok(token)
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>> {
        let failed = |_| Refusal::internal("The token could not be signed");
        let random = SystemRandom::new();
        match self.pair()? {
            Pair::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match self.algorithm {
                    Algorithm::Rs384 => &RSA_PKCS1_SHA384,
                    Algorithm::Rs256 | Algorithm::Es384 => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Pair::Ec(pair) => {
                let signature = pair.sign(&random, message).map_err(failed)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

/// The keys of one emulator. The first signs sessions. Some of the others sign client assertions by further
/// algorithms, and some are only still published.
pub(in crate::emulator) struct KeyRing(Vec<SigningKey>);

impl KeyRing {
    pub(in crate::emulator) fn new(own: bool) -> Self {
        Self(vec![SigningKey::later(Algorithm::Rs256, own)])
    }

    /// Signs with `key` from now on. The old ones stay in the set until then, if at all.
    pub(in crate::emulator) fn rotate(&mut self, key: SigningKey, keep_until: Option<i64>) {
        match keep_until {
            None => self.0.clear(),
            Some(_) => {
                for old in self.0.iter_mut().filter(|key| key.until.is_none()) {
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

    /// A signed token of a session, with exactly these claims.
    pub(in crate::emulator) fn sign(&self, claims: &Value) -> Result<String> {
        self.0.first().ok_or_else(|| Refusal::internal("No key"))?.token(claims)
    }

    /// A token signed by this algorithm. Its key is published from the first such token on.
    pub(in crate::emulator) fn sign_by(
        &mut self,
        algorithm: Algorithm,
        claims: &Value,
    ) -> Result<String> {
        let fits = |key: &&SigningKey| key.algorithm == algorithm && key.until.is_none();
        if let Some(key) = self.0.iter().find(fits) {
            return key.token(claims);
        }
        let key = SigningKey::later(algorithm, self.0.first().is_some_and(|first| first.own));
        let token = key.token(claims)?;
        self.0.push(key);
        Ok(token)
    }

    /// The claims of a token of a session: signed with a published key, and not expired.
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
        let (Algorithm::Rs256, Pair::Rsa(pair)) = (key.algorithm, key.pair()?) else {
            return Err(Refusal::token("The token's key signs client assertions alone"));
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())
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
    use crate::emulator::state::jose::Jws;

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
    fn an_assertion_verifies_with_the_key_of_its_algorithm_and_opens_no_session() {
        let mut ring = KeyRing::new(false);
        for name in ["RS256", "RS384", "ES384"] {
            let algorithm = Algorithm::parse(name).unwrap();
            let claims = json!({ "exp": 100 });
            let token = ring.sign_by(algorithm, &claims).unwrap();
            let jws = Jws::read(&token).unwrap();
            let set = ring.set(0).unwrap();
            let named = set["keys"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|key| key["kid"] == jws.header["kid"]);
            let algorithms: Vec<_> = named.map(|key| &key["alg"]).collect();
            assert_eq!((algorithms, &jws.header["alg"]), (vec![&json!(name)], &json!(name)));
            assert!(jws.is_signed_by_any(&set), "{name}");
            assert_eq!(ring.verify(&token, 0).is_ok(), name == "RS256", "{name}");
            ring.sign_by(algorithm, &claims).unwrap();
            assert_eq!(ring.set(0).unwrap(), set, "one key per algorithm");
        }
        assert!(Algorithm::parse("ES256").is_none());
        let assertion = ring.sign_by(Algorithm::Es384, &json!({})).unwrap();
        ring.rotate(SigningKey::generate().unwrap(), Some(50));
        assert!(Jws::read(&assertion).unwrap().is_signed_by_any(&ring.set(49).unwrap()));
        assert!(!Jws::read(&assertion).unwrap().is_signed_by_any(&ring.set(50).unwrap()));
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

//! Keys that sign for a client, and the JWTs that they sign.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature as sig;
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// A key that an application authenticates itself with (`private_key_jwt`): ECDSA on P-256 (ES256), Ed25519
/// (`EdDSA`) or RSA (RS256).
///
/// ```
/// use descope::oidc::{App, PrivateKey};
///
/// // The text of the key's file.
/// # let pem = descope::oidc::DpopKey::generate()?.to_pem();
/// # let pem = pem.expose();
/// let key = PrivateKey::from_pem(pem)?.key_id("2026-01");
/// let app = App::inbound("client-id").private_key(key);
/// # Ok::<(), descope::Error>(())
/// ```
#[must_use]
pub struct PrivateKey {
    signer: Box<dyn Signer>,
    key_id: Option<String>,
    audience: Option<String>,
}

impl PrivateKey {
    /// Reads a key in PKCS#8: PEM that begins with `-----BEGIN PRIVATE KEY-----`, unencrypted.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) if it is not one, or of another kind. RSA keys must have
    /// 2048 to 4096 bits.
    pub fn from_pem(pem: &str) -> Result<Self> {
        let der = pkcs8("private_key", pem)?;
        let signer: Box<dyn Signer> = if let Ok(key) = es256(&der) {
            Box::new(key)
        } else if let Ok(key) = sig::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der) {
            Box::new(key)
        } else if let Ok(key) = sig::RsaKeyPair::from_pkcs8(&der) {
            Box::new(key)
        } else {
            let reason = "is not a private key for ES256, EdDSA or RS256 with at least 2048 bits";
            return Err(Error::argument("private_key", reason));
        };
        Ok(Self { signer, key_id: None, audience: None })
    }

    /// The name under which the server knows the key (`kid`).
    pub fn key_id(mut self, id: impl Into<String>) -> Self {
        self.key_id = Some(id.into());
        self
    }

    /// Whom the signed statement is for (`aud`). Defaults to the server's issuer, which is the safe choice.
    /// Some servers want the URL of their token endpoint.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// The statement that the client is itself (RFC 7523 section 3), good for a minute and for one use.
    pub(super) fn assertion(&self, client_id: &str, issuer: &str, now: i64) -> Result<String> {
        let mut header = json!({ "alg": self.signer.algorithm(), "typ": "JWT" });
        if let Some(id) = &self.key_id {
            header["kid"] = id.as_str().into();
        }
        let claims = json!({
            "iss": client_id,
            "sub": client_id,
            "aud": self.audience.as_deref().unwrap_or(issuer),
            "jti": random(16)?,
            "iat": now,
            "exp": now.saturating_add(60),
        });
        jwt(&*self.signer, &header, &claims)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("algorithm", &self.signer.algorithm())
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// What signs. It is behind a vtable so that a program has only the algorithms whose keys it makes.
pub(super) trait Signer: Send + Sync {
    fn algorithm(&self) -> &'static str;
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>>;
}

impl Signer for sig::EcdsaKeyPair {
    fn algorithm(&self) -> &'static str {
        "ES256"
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let signed = self.sign(&SystemRandom::new(), message).map_err(|_| NO_RANDOM)?;
        Ok(signed.as_ref().to_vec())
    }
}

impl Signer for sig::Ed25519KeyPair {
    fn algorithm(&self) -> &'static str {
        "EdDSA"
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        Ok(self.sign(message).as_ref().to_vec())
    }
}

impl Signer for sig::RsaKeyPair {
    fn algorithm(&self) -> &'static str {
        "RS256"
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let mut signed = vec![0; self.public().modulus_len()];
        self.sign(&sig::RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signed)
            .map_err(|_| NO_RANDOM)?;
        Ok(signed)
    }
}

pub(super) const NO_RANDOM: Error =
    Error::Config("the operating system has no random numbers to give");

pub(super) fn es256(pkcs8: &[u8]) -> Result<sig::EcdsaKeyPair, ring::error::KeyRejected> {
    let random = SystemRandom::new();
    sig::EcdsaKeyPair::from_pkcs8(&sig::ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random)
}

/// A compact JWS of these claims.
pub(super) fn jwt(signer: &dyn Signer, header: &Value, claims: &Value) -> Result<String> {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(signer.sign(message.as_bytes())?);
    Ok(format!("{message}.{signature}"))
}

/// This many random bytes, in base64url.
pub(super) fn random(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    SystemRandom::new().fill(&mut random).map_err(|_| NO_RANDOM)?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// The bytes of a key in PEM (RFC 7468 section 10).
pub(super) fn pkcs8(name: &'static str, pem: &str) -> Result<zeroize::Zeroizing<Vec<u8>>> {
    let reason = "must be a private key in PKCS#8, as PEM with `-----BEGIN PRIVATE KEY-----`";
    let refused = || Error::argument(name, reason);
    let (_, rest) = pem.split_once(BEGIN).ok_or_else(refused)?;
    let (body, _) = rest.split_once(END).ok_or_else(refused)?;
    let text: zeroize::Zeroizing<String> =
        body.chars().filter(|c| !c.is_ascii_whitespace()).collect::<String>().into();
    Ok(STANDARD.decode(&*text).map_err(|_| refused())?.into())
}

/// A key in PKCS#8 as PEM.
pub(super) fn pem(der: &[u8]) -> String {
    let mut pem = format!("{BEGIN}\n");
    let body = zeroize::Zeroizing::new(STANDARD.encode(der));
    for line in body.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem + END + "\n"
}

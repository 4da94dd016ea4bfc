//! Tokens that are bound to a key of the program's (`DPoP`, RFC 9449).

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;

use super::Oidc;
use super::sign::{self, Signer, jwt, random};
use crate::check;
use crate::digest::base64url;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// A key that tokens are bound to, so that nobody can use them without it (RFC 9449). It signs with ES256.
///
/// Keep the key as long as the tokens: a refresh token of a public client is bound to it too.
///
/// ```
/// use descope::oidc::{App, DpopKey};
///
/// let key = DpopKey::generate()?;
/// let app = App::inbound("client-id").dpop(key.clone());
/// // Next time:
/// let kept = key.to_pem();
/// let again = DpopKey::from_pem(&kept)?;
/// assert_eq!(again.thumbprint(), key.thumbprint());
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone)]
pub struct DpopKey(Arc<Inner>);

struct Inner {
    signer: Box<dyn Signer>,
    pem: Secret,
    /// Coordinates of the public key, in base64url.
    x: String,
    y: String,
    thumbprint: String,
}

impl DpopKey {
    /// Makes a new key.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the operating system has no random numbers to give.
    pub fn generate() -> Result<Self> {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        let made = made.map_err(|_| sign::NO_RANDOM)?;
        Self::from_der(made.as_ref())
    }

    /// Reads a key that [`to_pem`](Self::to_pem) has written, or any other for P-256 in PKCS#8.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] if it is not one.
    pub fn from_pem(pem: &Secret) -> Result<Self> {
        Self::from_der(&sign::pkcs8("dpop_key", pem.expose())?)
    }

    fn from_der(der: &[u8]) -> Result<Self> {
        let refused = || Error::argument("dpop_key", "must be a private key for P-256");
        let key = sign::es256(der).map_err(|_| refused())?;
        // An uncompressed point: 4, then both coordinates.
        let point = key.public_key().as_ref();
        let (x, y) = point.get(1..33).zip(point.get(33..65)).ok_or_else(refused)?;
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        // RFC 7638 section 3: the members in this order, without blanks.
        let jwk = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let thumbprint = base64url(&jwk);
        let pem = sign::pem(der).into();
        Ok(Self(Arc::new(Inner { signer: Box::new(key), pem, x, y, thumbprint })))
    }

    /// The key in PKCS#8 as PEM, to keep with the tokens.
    pub fn to_pem(&self) -> Secret {
        self.0.pem.clone()
    }

    /// The SHA-256 thumbprint of the public key (RFC 7638), which is the member `jkt` of the claim `cnf` of
    /// tokens that are bound to the key.
    pub fn thumbprint(&self) -> &str {
        &self.0.thumbprint
    }

    /// A proof for one request.
    pub(super) fn proof(&self, of: &Proof<'_>) -> Result<String> {
        let Inner { signer, x, y, .. } = &*self.0;
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y });
        let header = json!({ "typ": "dpop+jwt", "alg": signer.algorithm(), "jwk": jwk });
        // RFC 9449 section 4.2: without query and fragment.
        let htu = of.url.split(['?', '#']).next().unwrap_or_default();
        let mut claims = json!({
            "jti": random(16)?,
            "htm": of.method,
            "htu": htu,
            "iat": of.now,
        });
        if let Some(token) = of.access_token {
            claims["ath"] = base64url(token).into();
        }
        if let Some(nonce) = of.nonce {
            claims["nonce"] = nonce.into();
        }
        jwt(&**signer, &header, &claims)
    }
}

impl fmt::Debug for DpopKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DpopKey").field("thumbprint", &self.0.thumbprint).finish_non_exhaustive()
    }
}

/// What a proof is about.
pub(super) struct Proof<'p> {
    pub(super) method: &'p str,
    pub(super) url: &'p str,
    pub(super) access_token: Option<&'p str>,
    pub(super) nonce: Option<&'p str>,
    pub(super) now: i64,
}

impl Oidc<'_> {
    /// Makes the header `DPoP` for a request of your own to a service, with a token that is bound to the
    /// app's key. The request's other header is `Authorization: DPoP` and the token. A proof is for one
    /// request: make a new one for each.
    ///
    /// If the service answers with a header `DPoP-Nonce`, pass it to
    /// [`remember_dpop_nonce`](Self::remember_dpop_nonce). If it refused the request with the error
    /// `use_dpop_nonce`, send the request once more with a new proof.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the app has no key; [`Error::Argument`]
    /// if the URL is not an absolute one.
    pub fn dpop_proof(&self, method: &str, url: &str, access_token: &str) -> Result<Secret> {
        let none = Error::Config("the app has no DPoP key: see `App::dpop`");
        let key = self.app.dpop.as_ref().ok_or(none)?;
        check::secret("access_token", access_token)?;
        let nonce = self.client.servers().nonce(&origin(url)?);
        let proof = Proof {
            method,
            url,
            access_token: Some(access_token),
            nonce: nonce.as_deref(),
            now: self.client.clock().unix().as_seconds(),
        };
        Ok(key.proof(&proof)?.into())
    }

    /// Remembers the nonce that a service has sent in the header `DPoP-Nonce`, for the next proofs for it.
    /// The client does this itself for the authorization server.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] if the URL is not an absolute one, or the nonce has
    /// characters that a nonce cannot have.
    pub fn remember_dpop_nonce(&self, url: &str, nonce: &str) -> Result<()> {
        if !is_nonce(nonce) {
            return Err(Error::argument("nonce", "must be up to 1024 visible ASCII characters"));
        }
        self.client.servers().remember_nonce(&origin(url)?, nonce);
        Ok(())
    }
}

fn origin(url: &str) -> Result<String> {
    check::origin(url).ok_or_else(|| Error::argument("url", "must be an absolute `http` URL"))
}

/// RFC 9449 section 8.1: visible ASCII without quotes and backslashes.
pub(super) fn is_nonce(text: &str) -> bool {
    let fits = (1..=1024).contains(&text.len());
    fits && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'))
}

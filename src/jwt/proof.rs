//! Proofs that who sends a token has the key that it is bound to (`DPoP`, RFC 9449 section 4).

use std::borrow::Cow;
use std::fmt;

use serde_json::value::RawValue;

use super::compact::{Parts, decode, members};
use super::date::date;
use super::signature::PublicKey;
use crate::digest::base64url;
use crate::json;

/// What is wrong with the proof of a request: [`Denied::proof_error`](crate::web::Denied::proof_error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProofError {
    /// The token is bound to a key, and the request has no header `DPoP`.
    Missing,
    /// The token is bound to a key, but was sent as `Authorization: Bearer` (RFC 9449 section 7.2).
    Bearer,
    /// The request has more than one header `DPoP` (RFC 9449 section 4.3, check 1).
    Several,
    /// The proof is not a compact JWS, has more than 8192 bytes, is no JSON object, or has a member twice
    /// (check 2).
    Malformed,
    /// A required claim is missing, or is not of its type (check 3).
    Claim(&'static str),
    /// The header `typ` is not `dpop+jwt` (check 4).
    Type,
    /// The header `alg` is not a signature by a private key that this crate can check: RS, PS and ES with
    /// 256 or 384, RS and PS with 512, or `EdDSA` on Ed25519 (check 5).
    Algorithm,
    /// The header has no `jwk`, or it is not a public key for `alg`, or is too weak (checks 5 and 7).
    Key,
    /// The signature is not of that key (check 6).
    Signature,
    /// The proof is for another method (check 8).
    Method,
    /// The proof is for another URL (check 9).
    Url,
    /// The proof has none of the guard's nonces, or an old one (check 10). The client has to try again with
    /// the one in the answer.
    Nonce,
    /// The proof was made too long ago (check 11).
    TooOld,
    /// The proof is from the future: a clock is wrong (check 11).
    NotYetValid,
    /// The proof is for another token (check 12).
    OtherToken,
    /// The proof is of another key than that of the token (check 12).
    OtherKey,
    /// The proof was used before (RFC 9449 section 11.1).
    Replayed,
    /// It is not known whether the proof was used before: the memory of proofs is full, or failed.
    Unknown,
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the request has no header `DPoP`",
            Self::Bearer => "the token was sent as `Bearer`, not as `DPoP`",
            Self::Several => "the request has several headers `DPoP`",
            Self::Malformed => "it is not a JWT",
            Self::Claim(name) => return write!(f, "its `{name}` is missing or malformed"),
            Self::Type => "its `typ` is not `dpop+jwt`",
            Self::Algorithm => "its `alg` is not a known one of public keys",
            Self::Key => "its `jwk` is not a public key for its `alg`",
            Self::Signature => "its signature is wrong",
            Self::Method => "its `htm` is not the method of the request",
            Self::Url => "its `htu` is not the URL of the request",
            Self::Nonce => "it does not have a current nonce",
            Self::TooOld => "it was made too long ago",
            Self::NotYetValid => "it is from the future",
            Self::OtherToken => "its `ath` is not the hash of the token",
            Self::OtherKey => "its key is not that of the token",
            Self::Replayed => "it was used before",
            Self::Unknown => "it is not known whether it was used before",
        })
    }
}

impl std::error::Error for ProofError {}

/// A proof that is signed by the key in it. Whether it fits the request is not known yet.
pub(crate) struct Proof {
    /// The key's JWK thumbprint (RFC 7638).
    pub(crate) thumbprint: String,
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) url: String,
    /// Seconds, rounded up and down: it counts as younger than one, and as older than the other.
    pub(crate) issued: (i64, i64),
    pub(crate) token_hash: String,
    pub(crate) nonce: Option<String>,
}

/// Bytes of a proof. One with an RSA key of 8192 bits has some 3500.
const MAX_PROOF: usize = 8192;

/// Bytes of `jti`, as in Descope's Go SDK.
const MAX_ID: usize = 128;

/// The algorithms that a proof may be signed by, as challenges name them.
macro_rules! proof_algorithms {
    () => {
        "ES256 ES384 EdDSA RS256 RS384 RS512 PS256 PS384 PS512"
    };
}
pub(crate) use proof_algorithms;

impl Proof {
    /// Reads a proof and checks its signature. Nothing of the claims is read before that holds.
    pub(crate) fn read(text: &str) -> Result<Self, ProofError> {
        let malformed = |_| ProofError::Malformed;
        if text.len() > MAX_PROOF {
            return Err(ProofError::Malformed);
        }
        let parts = Parts::split(text).ok_or(ProofError::Malformed)?;
        let header = decode(parts.header).map_err(malformed)?;
        let header = Object::read(&header)?;
        // RFC 7515 section 4.1.11: an extension that is not understood makes it invalid.
        if header.get("crit").is_some() || header.get("b64").is_some() {
            return Err(ProofError::Malformed);
        }
        if header.text("typ").as_deref() != Some("dpop+jwt") {
            return Err(ProofError::Type);
        }
        let alg = header
            .text("alg")
            .filter(|alg| proof_algorithms!().split(' ').any(|known| known == alg));
        let alg = alg.ok_or(ProofError::Algorithm)?;
        let jwk = header.get("jwk").ok_or(ProofError::Key)?.get();
        let key = PublicKey::of_proof(jwk, &alg).map_err(|_| ProofError::Key)?;
        let thumbprint = thumbprint(jwk).ok_or(ProofError::Key)?;
        let signature = decode(parts.signature).map_err(malformed)?;
        key.verify(parts.message.as_bytes(), &signature).map_err(|_| ProofError::Signature)?;

        let claims = decode(parts.payload).map_err(malformed)?;
        let claims = Object::read(&claims)?;
        let required = |name| claims.required(name);
        let id = required("jti")?;
        if id.is_empty() || id.len() > MAX_ID {
            return Err(ProofError::Claim("jti"));
        }
        Ok(Self {
            thumbprint,
            id,
            method: required("htm")?,
            url: required("htu")?,
            issued: (claims.date("iat", f64::ceil)?, claims.date("iat", f64::floor)?),
            token_hash: required("ath")?,
            nonce: match claims.get("nonce") {
                None => None,
                Some(_) => Some(required("nonce")?),
            },
        })
    }
}

/// A JSON object in which no member appears twice.
struct Object<'j>(Vec<(Cow<'j, str>, &'j RawValue)>);

impl<'j> Object<'j> {
    fn read(json: &'j [u8]) -> Result<Self, ProofError> {
        let json = std::str::from_utf8(json).ok();
        json.and_then(members).map(Self).ok_or(ProofError::Malformed)
    }

    fn get(&self, name: &str) -> Option<&'j RawValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    fn text(&self, name: &str) -> Option<Cow<'j, str>> {
        self.get(name).and_then(json::string)
    }

    fn required(&self, name: &'static str) -> Result<String, ProofError> {
        self.text(name).map(Cow::into_owned).ok_or(ProofError::Claim(name))
    }

    fn date(&self, name: &'static str, round: fn(f64) -> f64) -> Result<i64, ProofError> {
        let value = self.get(name).and_then(|value| serde_json::from_str(value.get()).ok());
        value.and_then(|value| date(&value, round)).ok_or(ProofError::Claim(name))
    }
}

/// The SHA-256 thumbprint of a public key (RFC 7638): of its required members, in this order.
fn thumbprint(jwk: &str) -> Option<String> {
    let jwk = Object::read(jwk.as_bytes()).ok()?;
    let required: &[&str] = match &*jwk.text("kty")? {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "RSA" => &["e", "kty", "n"],
        _ => return None,
    };
    // Names, and numbers in base64url: the JSON text of each is itself between quotes.
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let member = |name: &&str| {
        let value = jwk.text(name).filter(|value| value.bytes().all(plain))?;
        Some(format!(r#""{name}":"{value}""#))
    };
    let members = required.iter().map(member).collect::<Option<Vec<_>>>()?;
    Some(base64url(&format!("{{{}}}", members.join(","))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprints_of_the_rfcs() {
        // RFC 7638 section 3.1.
        let rsa = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
        assert_eq!(thumbprint(rsa).unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        // RFC 8037 appendix A.3.
        let ed =
            r#"{"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","crv":"Ed25519","kty":"OKP"}"#;
        assert_eq!(thumbprint(ed).unwrap(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        // RFC 9449 sections 4.2 and 6.1.
        let ec = r#"{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}"#;
        assert_eq!(thumbprint(ec).unwrap(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        for bad in ["{}", "[]", r#"{"kty":"oct","k":"YQ"}"#, r#"{"kty":"EC","crv":"P-256"}"#] {
            assert_eq!(thumbprint(bad), None, "{bad}");
        }
        assert_eq!(thumbprint(r#"{"kty":"OKP","crv":"Ed25519","x":"a\"b"}"#), None);
    }
}

//! One public key: which JWKs are fit to be one, and checking a signature with it.

use std::sync::OnceLock;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};

#[cfg(feature = "aws-lc-rs")]
use super::by_aws_lc;
use super::by_ring;
use super::compact::members;
use crate::crypto::CryptoLibrary;
use crate::error::TokenError;
use crate::json;

/// A public key and the one algorithm it is for.
#[derive(Clone)]
pub(super) struct PublicKey {
    algorithm: Algorithm,
    name: &'static str,
    library: Library,
    /// The header of the first token that was verified, as it came. It says what most others say.
    usual_header: OnceLock<Box<str>>,
}

/// The key, as the library has it that checks with it.
#[derive(Clone)]
enum Library {
    Ring(DecodingKey),
    #[cfg(feature = "aws-lc-rs")]
    AwsLc(by_aws_lc::Key),
}

/// A header is some 90 characters long.
const MAX_HEADER: usize = 512;

impl PublicKey {
    /// Takes a JWK (RFC 7517) if it is one this crate may and can check signatures with.
    ///
    /// Refused are symmetric keys, with which anyone could sign; keys that hold private members; keys
    /// for encryption; keys without `alg`, or with one that is not their type's; RSA keys under 2048
    /// or over 8192 bits, with an exponent under 3 or with zeros before a number; and points that are
    /// not as long as their curve's.
    pub(super) fn from_jwk(
        json: &str,
        library: CryptoLibrary,
    ) -> Result<(Option<String>, Self), &'static str> {
        Self::read(json, library, |_| None)
    }

    /// Likewise, from the set of a server that need not name the algorithm (RFC 7517 section 4.4): then it is
    /// the usual one of the key's type.
    pub(super) fn from_foreign_jwk(
        json: &str,
        library: CryptoLibrary,
    ) -> Result<(Option<String>, Self), &'static str> {
        Self::read(json, library, |parameters| match parameters {
            AlgorithmParameters::RSA(_) => Some(Algorithm::RS256),
            AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
                Some(Algorithm::ES256)
            }
            AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P384 => {
                Some(Algorithm::ES384)
            }
            AlgorithmParameters::OctetKeyPair(_) => Some(Algorithm::EdDSA),
            _ => None,
        })
    }

    /// Likewise, from the header of a `DPoP` proof that says to be signed by this algorithm: the key need
    /// not name it, but must not name another.
    #[cfg(feature = "web")]
    pub(super) fn of_proof(json: &str, algorithm: &str) -> Result<Self, &'static str> {
        let (_, key) = Self::read(json, CryptoLibrary::Ring, |_| algorithm.parse().ok())?;
        if key.algorithm() == algorithm { Ok(key) } else { Err("is for another algorithm") }
    }

    fn read(
        json: &str,
        library: CryptoLibrary,
        usual: impl Fn(&AlgorithmParameters) -> Option<Algorithm>,
    ) -> Result<(Option<String>, Self), &'static str> {
        if json.trim_start().starts_with("-----BEGIN") {
            return Err("is PEM: pass the key as a JWK, which is a JSON object");
        }
        if json::members(json).is_none() {
            return Err("is not a JWK: pass a JSON object");
        }
        let members = members(json).ok_or("has a member that appears twice")?;
        if members.iter().any(|(name, _)| name == "keys") {
            return Err("is a key set: pass one of its `keys`");
        }
        let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
        if members.iter().any(|(name, _)| private.contains(&&**name)) {
            return Err("is a private or symmetric key");
        }
        let jwk: Jwk = serde_json::from_str(json).map_err(|_| "is not a JWK of a known type")?;
        let common = &jwk.common;
        if common.public_key_use.as_ref().is_some_and(|use_| *use_ != PublicKeyUse::Signature) {
            return Err("has a `use` other than `sig`");
        }
        let verify = |operations: &Vec<_>| operations.contains(&KeyOperations::Verify);
        if !common.key_operations.as_ref().is_none_or(verify) {
            return Err("has `key_ops` without `verify`");
        }
        let algorithm = match common.key_algorithm {
            Some(named) => Algorithm::try_from(named).map_err(|_| "has an unknown `alg`")?,
            None => usual(&jwk.algorithm).ok_or("has no `alg`")?,
        };
        let name =
            name(algorithm, &jwk.algorithm).ok_or("has an `alg` that does not fit its key type")?;
        let key = DecodingKey::from_jwk(&jwk).map_err(|_| "cannot be decoded")?;
        if !is_strong(algorithm, &key) {
            return Err("is too weak or too large, or has numbers of the wrong length");
        }
        let library = match library {
            CryptoLibrary::Ring => Library::Ring(key),
            #[cfg(feature = "aws-lc-rs")]
            CryptoLibrary::AwsLc => Library::AwsLc(by_aws_lc::Key::new(algorithm, key.kind())),
        };
        let key = Self { algorithm, name, library, usual_header: OnceLock::new() };
        Ok((common.key_id.clone(), key))
    }

    /// Notes the header of a token that was verified with this key, and is no access token by it.
    pub(super) fn note_header(&self, header: &str) {
        if header.len() <= MAX_HEADER {
            self.usual_header.get_or_init(|| header.into());
        }
    }

    /// Whether a token with this header, as it came, is one for this key, and no access token by it. If not,
    /// it has to be read.
    pub(super) fn is_usual_header(&self, header: &str) -> bool {
        self.usual_header.get().is_some_and(|usual| **usual == *header)
    }

    /// The `alg` that a token signed with this key must have.
    pub(super) fn algorithm(&self) -> &'static str {
        self.name
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), TokenError> {
        let is_good = match &self.library {
            Library::Ring(key) => by_ring::is_good(self.algorithm, key.kind(), message, signature),
            #[cfg(feature = "aws-lc-rs")]
            Library::AwsLc(key) => key.is_good(message, signature),
        };
        if is_good { Ok(()) } else { Err(TokenError::Signature) }
    }
}

/// The algorithm's name, if each library can check it and it is one for this type of key and this curve.
fn name(algorithm: Algorithm, parameters: &AlgorithmParameters) -> Option<&'static str> {
    use Algorithm as A;
    Some(match (parameters, algorithm) {
        (AlgorithmParameters::RSA(_), A::RS256) => "RS256",
        (AlgorithmParameters::RSA(_), A::RS384) => "RS384",
        (AlgorithmParameters::RSA(_), A::RS512) => "RS512",
        (AlgorithmParameters::RSA(_), A::PS256) => "PS256",
        (AlgorithmParameters::RSA(_), A::PS384) => "PS384",
        (AlgorithmParameters::RSA(_), A::PS512) => "PS512",
        (AlgorithmParameters::EllipticCurve(ec), A::ES256) if ec.curve == EllipticCurve::P256 => {
            "ES256"
        }
        (AlgorithmParameters::EllipticCurve(ec), A::ES384) if ec.curve == EllipticCurve::P384 => {
            "ES384"
        }
        (AlgorithmParameters::OctetKeyPair(okp), A::EdDSA)
            if okp.curve == EllipticCurve::Ed25519 =>
        {
            "EdDSA"
        }
        _ => return None,
    })
}

fn is_strong(algorithm: Algorithm, key: &DecodingKey) -> bool {
    match (key.kind(), algorithm) {
        (DecodingKeyKind::RsaModulusExponent { n, e }, _) => {
            // The libraries refuse numbers with zeros before them only when it comes to verifying.
            let least = n.first() != Some(&0) && e.first() != Some(&0);
            let n = bits(n);
            let odd = e.last().is_some_and(|byte| byte % 2 == 1);
            least && (2048..=8192).contains(&n) && odd && (2..=33).contains(&bits(e))
        }
        // An uncompressed point, or the bytes of an Ed25519 key.
        (DecodingKeyKind::SecretOrDer(point), Algorithm::ES256) => point.len() == 65,
        (DecodingKeyKind::SecretOrDer(point), Algorithm::ES384) => point.len() == 97,
        (DecodingKeyKind::SecretOrDer(point), _) => point.len() == 32,
    }
}

fn bits(number: &[u8]) -> usize {
    match number.iter().position(|byte| *byte != 0) {
        Some(zeros) => (number.len() - zeros) * 8 - number[zeros].leading_zeros() as usize,
        None => 0,
    }
}

//! Keys of every kind, and tokens signed with them: also such as nobody should sign.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{self as sig, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaEncoding};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// All that a published key may have as `alg`.
pub(crate) const ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

pub(crate) enum Signer {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// One key of each kind; making an RSA key takes a while.
pub(crate) static RSA: LazyLock<Signer> = LazyLock::new(Signer::rsa);
pub(crate) static P256: LazyLock<Signer> =
    LazyLock::new(|| Signer::P256(ec(&sig::ECDSA_P256_SHA256_FIXED_SIGNING)));
static P384: LazyLock<Signer> =
    LazyLock::new(|| Signer::P384(ec(&sig::ECDSA_P384_SHA384_FIXED_SIGNING)));
static ED25519: LazyLock<Signer> =
    LazyLock::new(|| Signer::Ed25519(Ed25519KeyPair::generate().unwrap()));

fn ec(algorithm: &'static sig::EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    EcdsaKeyPair::generate(algorithm).unwrap()
}

/// The key to sign by this algorithm with.
pub(crate) fn signer(algorithm: &str) -> &'static Signer {
    match algorithm {
        "ES256" => &P256,
        "ES384" => &P384,
        "EdDSA" => &ED25519,
        _ => &RSA,
    }
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    pub(crate) fn rsa() -> Self {
        Self::rsa_of(KeySize::Rsa2048)
    }

    pub(crate) fn rsa_of(size: KeySize) -> Self {
        Self::Rsa(RsaKeyPair::generate(size).unwrap())
    }

    pub(crate) fn p256() -> Self {
        Self::P256(ec(&sig::ECDSA_P256_SHA256_FIXED_SIGNING))
    }

    /// The public key.
    pub(crate) fn jwk(&self, kid: &str, algorithm: &str) -> Value {
        let mut jwk = json!({ "kid": kid, "alg": algorithm, "use": "sig" });
        let mut set = |name: &str, value: &str| jwk[name] = json!(value);
        match self {
            Self::Rsa(pair) => {
                let key = pair.public_key();
                set("kty", "RSA");
                set("n", &encode(key.modulus().big_endian_without_leading_zero()));
                set("e", &encode(key.exponent().big_endian_without_leading_zero()));
            }
            Self::P256(pair) | Self::P384(pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                set("kty", "EC");
                set("crv", if x.len() == 32 { "P-256" } else { "P-384" });
                set("x", &encode(x));
                set("y", &encode(y));
            }
            Self::Ed25519(pair) => {
                set("kty", "OKP");
                set("crv", "Ed25519");
                set("x", &encode(pair.public_key()));
            }
        }
        jwk
    }

    /// Signs exactly this text: what stands before the token's last dot.
    pub(crate) fn sign_text(&self, algorithm: &str, text: &str) -> String {
        let signature = match self {
            Self::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match algorithm {
                    "RS384" => &sig::RSA_PKCS1_SHA384,
                    "RS512" => &sig::RSA_PKCS1_SHA512,
                    "PS256" => &sig::RSA_PSS_SHA256,
                    "PS384" => &sig::RSA_PSS_SHA384,
                    "PS512" => &sig::RSA_PSS_SHA512,
                    _ => &sig::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                let random = SystemRandom::new();
                pair.sign(encoding, &random, text.as_bytes(), &mut signature).unwrap();
                signature
            }
            Self::P256(pair) | Self::P384(pair) => {
                pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap().as_ref().to_vec()
            }
            Self::Ed25519(pair) => pair.sign(text.as_bytes()).as_ref().to_vec(),
        };
        format!("{text}.{}", encode(signature))
    }

    /// Signs a header and claims that are given as text, whatever they say.
    pub(crate) fn sign_json(&self, header: &str, claims: impl AsRef<[u8]>) -> String {
        let algorithm = serde_json::from_str::<Value>(header)
            .ok()
            .and_then(|header| header["alg"].as_str().map(str::to_owned));
        let text = format!("{}.{}", encode(header), encode(claims));
        self.sign_text(&algorithm.unwrap_or_default(), &text)
    }

    /// A token as Descope makes them.
    pub(crate) fn token(&self, kid: &str, algorithm: &str, claims: &Value) -> String {
        let header = json!({ "alg": algorithm, "kid": kid, "typ": "JWT" });
        self.sign_json(&header.to_string(), claims.to_string())
    }
}

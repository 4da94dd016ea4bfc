//! Signatures by *ring*, which TLS brings along.
//!
//! `jsonwebtoken::decode` would ask a process-wide provider, which panics as soon as two dependencies of a
//! program enable different ones.

use jsonwebtoken::{Algorithm, DecodingKeyKind};
use ring::error::Unspecified;
use ring::signature::{self as sig, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};

pub(super) fn is_good(
    algorithm: Algorithm,
    kind: &DecodingKeyKind,
    message: &[u8],
    signature: &[u8],
) -> bool {
    use Algorithm as A;
    let rsa = |parameters: &RsaParameters| match kind {
        DecodingKeyKind::RsaModulusExponent { n, e } => {
            RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
        }
        DecodingKeyKind::SecretOrDer(_) => Err(Unspecified),
    };
    let point = |algorithm: &'static dyn sig::VerificationAlgorithm| match kind {
        DecodingKeyKind::SecretOrDer(point) => {
            UnparsedPublicKey::new(algorithm, point).verify(message, signature)
        }
        DecodingKeyKind::RsaModulusExponent { .. } => Err(Unspecified),
    };
    match algorithm {
        A::RS256 => rsa(&sig::RSA_PKCS1_2048_8192_SHA256),
        A::RS384 => rsa(&sig::RSA_PKCS1_2048_8192_SHA384),
        A::RS512 => rsa(&sig::RSA_PKCS1_2048_8192_SHA512),
        A::PS256 => rsa(&sig::RSA_PSS_2048_8192_SHA256),
        A::PS384 => rsa(&sig::RSA_PSS_2048_8192_SHA384),
        A::PS512 => rsa(&sig::RSA_PSS_2048_8192_SHA512),
        A::ES256 => point(&sig::ECDSA_P256_SHA256_FIXED),
        A::ES384 => point(&sig::ECDSA_P384_SHA384_FIXED),
        A::EdDSA => point(&sig::ED25519),
        _ => Err(Unspecified),
    }
    .is_ok()
}

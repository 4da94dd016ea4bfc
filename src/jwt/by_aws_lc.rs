//! Signatures by AWS-LC, whose keys are parsed once. Which tokens it accepts is the same as with *ring*.

use aws_lc_rs::signature::{self as sig, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents};
use jsonwebtoken::{Algorithm, DecodingKeyKind};

/// A key; none if the numbers in it are not one, such as those of a point that is not on its curve.
#[derive(Clone)]
pub(super) struct Key(Option<ParsedPublicKey>);

impl Key {
    pub(super) fn new(algorithm: Algorithm, kind: &DecodingKeyKind) -> Self {
        use Algorithm as A;
        let rsa = |parameters: &'static RsaParameters| match kind {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).ok()
            }
            DecodingKeyKind::SecretOrDer(_) => None,
        };
        let point = |algorithm: &'static dyn sig::VerificationAlgorithm| match kind {
            DecodingKeyKind::SecretOrDer(point) => ParsedPublicKey::new(algorithm, point).ok(),
            DecodingKeyKind::RsaModulusExponent { .. } => None,
        };
        Self(match algorithm {
            A::RS256 => rsa(&sig::RSA_PKCS1_2048_8192_SHA256),
            A::RS384 => rsa(&sig::RSA_PKCS1_2048_8192_SHA384),
            A::RS512 => rsa(&sig::RSA_PKCS1_2048_8192_SHA512),
            A::PS256 => rsa(&sig::RSA_PSS_2048_8192_SHA256),
            A::PS384 => rsa(&sig::RSA_PSS_2048_8192_SHA384),
            A::PS512 => rsa(&sig::RSA_PSS_2048_8192_SHA512),
            A::ES256 => point(&sig::ECDSA_P256_SHA256_FIXED),
            A::ES384 => point(&sig::ECDSA_P384_SHA384_FIXED),
            A::EdDSA => point(&sig::ED25519),
            _ => None,
        })
    }

    pub(super) fn is_good(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }
}

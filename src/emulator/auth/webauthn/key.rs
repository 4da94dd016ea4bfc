//! The public keys of passkeys.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use minicbor::Decoder;
use minicbor::data::Type;

use crate::emulator::error::{Answer, Refusal};

const ES256: i64 = -7;
const RS256: i64 = -257;

/// COSE algorithms (RFC 9053, RFC 8812), the one preferred first.
pub(super) const ALGORITHMS: [i64; 2] = [ES256, RS256];

pub(super) enum PublicKey {
    /// The uncompressed point (SEC 1 section 2.3.3).
    Es256([u8; 65]),
    Rs256 {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

impl PublicKey {
    /// Reads a `COSE_Key` (RFC 9052 section 7).
    pub(super) fn read(decoder: &mut Decoder<'_>) -> Answer<Self> {
        Self::decode(decoder)
            .ok()
            .flatten()
            .ok_or_else(|| Refusal::passkey("The public key is of no kind that was asked for"))
    }

    fn decode(decoder: &mut Decoder<'_>) -> Result<Option<Self>, minicbor::decode::Error> {
        let (mut kind, mut algorithm, mut curve) = (0, 0, 0);
        let (mut minus_1, mut minus_2, mut minus_3) = (None, None, None);
        for _ in 0..decoder.map()?.unwrap_or_default() {
            match decoder.i64()? {
                1 => kind = decoder.i64()?,
                3 => algorithm = decoder.i64()?,
                -1 if decoder.datatype()? != Type::Bytes => curve = decoder.i64()?,
                -1 => minus_1 = Some(decoder.bytes()?),
                -2 => minus_2 = Some(decoder.bytes()?),
                -3 => minus_3 = Some(decoder.bytes()?),
                _ => decoder.skip()?,
            }
        }
        Ok(match (kind, algorithm, curve) {
            (2, ES256, 1) => minus_2.zip(minus_3).and_then(|(x, y)| {
                let point = [&[4], x, y].concat();
                (x.len() == 32).then(|| point.try_into().ok()).flatten().map(Self::Es256)
            }),
            (3, RS256, 0) => {
                minus_1.zip(minus_2).map(|(n, e)| Self::Rs256 { n: n.to_vec(), e: e.to_vec() })
            }
            _ => None,
        })
    }

    pub(super) fn algorithm(&self) -> i64 {
        match self {
            Self::Es256(_) => ES256,
            Self::Rs256 { .. } => RS256,
        }
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Answer<()> {
        match self {
            Self::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::Rs256 { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
        }
        .map_err(|_| Refusal::passkey("The signature is wrong"))
    }
}

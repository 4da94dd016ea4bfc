//! The public keys of passkeys.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use minicbor::Decoder;
use minicbor::data::Type;

use crate::emulator::words::refusal::{Refusal, Result};

const ES256: i64 = -7;
const RS256: i64 = -257;

/// COSE algorithms (RFC 9053, RFC 8812), the one preferred first.
pub(in crate::emulator) const ALGORITHMS: [i64; 2] = [ES256, RS256];

pub(in crate::emulator) enum PublicKey {
    /// The uncompressed point (SEC 1 section 2.3.3).
    Es256([u8; 65]),
    Rs256 {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

impl PublicKey {
    /// Reads a `COSE_Key` (RFC 9052 section 7).
    pub(in crate::emulator) fn read(decoder: &mut Decoder<'_>) -> Result<Self> {
        Self::decode(decoder)
            .ok()
            .flatten()
            .ok_or_else(|| Refusal::passkey("The kind of the public key was not requested"))
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

    pub(in crate::emulator) fn algorithm(&self) -> i64 {
        match self {
            Self::Es256(_) => ES256,
            Self::Rs256 { .. } => RS256,
        }
    }

    pub(in crate::emulator) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
    use minicbor::Encoder;

    use super::*;

    /// A key as CBOR: integers, and the rest as bytes.
    fn cose(numbers: &[(i64, i64)], bytes: &[(i64, &[u8])]) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new());
        encoder.map((numbers.len() + bytes.len()) as u64).unwrap();
        for (name, value) in numbers {
            encoder.i64(*name).unwrap().i64(*value).unwrap();
        }
        for (name, value) in bytes {
            encoder.i64(*name).unwrap().bytes(value).unwrap();
        }
        encoder.into_writer()
    }

    #[test]
    fn rsa_keys_verify() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
        let (n, e) = (n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero());
        let bytes = cose(&[(1, 3), (3, RS256)], &[(-1, n), (-2, e)]);
        let key = PublicKey::read(&mut Decoder::new(&bytes)).unwrap();
        assert_eq!(key.algorithm(), RS256);
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"message", &mut signature).unwrap();
        assert!(key.verify(b"message", &signature).is_ok());
        assert!(key.verify(b"massage", &signature).is_err());
    }

    #[test]
    fn keys_of_other_kinds_are_refused() {
        let (x, y) = ([1; 32], [2; 32]);
        let point: &[(i64, &[u8])] = &[(-2, &x), (-3, &y)];
        let read = |bytes: &[u8]| PublicKey::read(&mut Decoder::new(bytes)).is_ok();
        assert!(read(&cose(&[(1, 2), (3, ES256), (-1, 1), (-70, 0)], point)));
        for wrong in [
            cose(&[(1, 2), (3, ES256), (-1, 2)], point),
            cose(&[(1, 2), (3, -8), (-1, 1)], point),
            cose(&[(1, 1), (3, ES256), (-1, 1)], point),
            cose(&[(1, 2), (3, RS256), (-1, 1)], point),
            cose(&[(1, 2), (3, ES256), (-1, 1)], &point[..1]),
            cose(&[(1, 2), (3, ES256), (-1, 1)], &[(-2, &x[1..]), (-3, &y)]),
            cose(&[(1, 2), (3, ES256), (-1, 1)], &[(-2, &x[1..]), (-3, &[0; 33])]),
            cose(&[(1, 3), (3, RS256)], &[(-1, &x)]),
            vec![0x80],
            vec![0xbf, 0xff],
            Vec::new(),
        ] {
            assert!(!read(&wrong), "{wrong:?}");
        }
    }
}

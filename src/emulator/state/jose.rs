//! Signed tokens of others: those of clients, and proofs of possession.

use aws_lc_rs::signature::{self as sig, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::emulator::words::digest::digest;

/// The algorithms by which others may sign. The last one has two names (RFC 9864).
pub(in crate::emulator) const ALGORITHMS: [&str; 11] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    "Ed25519",
];

/// A token in compact form, read but not verified.
pub(in crate::emulator) struct Jws<'a> {
    pub(in crate::emulator) header: Value,
    pub(in crate::emulator) claims: Value,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    pub(in crate::emulator) fn read(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let part = |part: &str| -> Option<Value> {
            let value: Value = serde_json::from_slice(&bytes(part)?).ok()?;
            value.is_object().then_some(value)
        };
        Some(Self {
            header: part(header)?,
            claims: part(claims)?,
            signed,
            signature: bytes(signature)?,
        })
    }

    pub(in crate::emulator) fn text(&self, claim: &str) -> &str {
        self.claims[claim].as_str().unwrap_or_default()
    }

    /// Whether a claim is this text, or a list that has it.
    pub(in crate::emulator) fn names(&self, claim: &str, wanted: &str) -> bool {
        match &self.claims[claim] {
            Value::String(text) => text == wanted,
            Value::Array(items) => items.iter().any(|item| item == wanted),
            _ => false,
        }
    }

    /// Whether one of these keys made the signature: the one that the header names, if it names one.
    pub(in crate::emulator) fn is_signed_by_any(&self, set: &Value) -> bool {
        let kid = &self.header["kid"];
        let keys = set["keys"].as_array().into_iter().flatten();
        let mut named = keys.filter(|key| kid.is_null() || key["kid"] == *kid);
        named.any(|key| self.is_signed_by(key))
    }

    /// Whether this key made the signature.
    pub(in crate::emulator) fn is_signed_by(&self, jwk: &Value) -> bool {
        self.verify(jwk).is_some()
    }

    fn verify(&self, jwk: &Value) -> Option<()> {
        let algorithm = self.header["alg"].as_str()?;
        if jwk["alg"].as_str().is_some_and(|own| own != algorithm) {
            return None;
        }
        let member = |name: &str| bytes(jwk[name].as_str()?);
        let kind = (jwk["kty"].as_str()?, jwk["crv"].as_str().unwrap_or_default());
        let (message, signature) = (self.signed.as_bytes(), &*self.signature);
        if let ("RSA", _) = kind {
            let key = RsaPublicKeyComponents { n: member("n")?, e: member("e")? };
            return key.verify(of_rsa(algorithm)?, message, signature).ok();
        }
        let point = || Some([vec![4], member("x")?, member("y")?].concat());
        let (by, key): (&'static dyn sig::VerificationAlgorithm, _) = match (algorithm, kind) {
            ("ES256", ("EC", "P-256")) => (&sig::ECDSA_P256_SHA256_FIXED, point()?),
            ("ES384", ("EC", "P-384")) => (&sig::ECDSA_P384_SHA384_FIXED, point()?),
            ("ES512", ("EC", "P-521")) => (&sig::ECDSA_P521_SHA512_FIXED, point()?),
            ("EdDSA" | "Ed25519", ("OKP", "Ed25519")) => (&sig::ED25519, member("x")?),
            _ => return None,
        };
        UnparsedPublicKey::new(by, key).verify(message, signature).ok()
    }
}

/// How the algorithms of RSA keys verify (RFC 7518 sections 3.3 and 3.5).
fn of_rsa(algorithm: &str) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        "RS256" => &sig::RSA_PKCS1_2048_8192_SHA256,
        "RS384" => &sig::RSA_PKCS1_2048_8192_SHA384,
        "RS512" => &sig::RSA_PKCS1_2048_8192_SHA512,
        "PS256" => &sig::RSA_PSS_2048_8192_SHA256,
        "PS384" => &sig::RSA_PSS_2048_8192_SHA384,
        "PS512" => &sig::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The thumbprint of a public key (RFC 7638), unless it is none or has a private part.
pub(in crate::emulator) fn thumbprint(jwk: &Value) -> Option<String> {
    if ["d", "p", "q", "k"].iter().any(|private| jwk.get(private).is_some()) {
        return None;
    }
    let members: &[&str] = match jwk["kty"].as_str()? {
        "EC" => &["crv", "kty", "x", "y"],
        "RSA" => &["e", "kty", "n"],
        "OKP" => &["crv", "kty", "x"],
        _ => return None,
    };
    // In this order, without spaces: as the crate writes them.
    let parts: Option<Vec<_>> = members
        .iter()
        .map(|name| Some(format!("\"{name}\":{}", json!(jwk[name].as_str()?))))
        .collect();
    Some(hash(&format!("{{{}}}", parts?.join(",")), 32))
}

/// The digest of a token or verifier in base 64, whole or by half.
pub(in crate::emulator) fn hash(text: &str, length: usize) -> String {
    URL_SAFE_NO_PAD.encode(digest(text).get(..length).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_of_the_rfc() {
        // RFC 7638 section 3.1.
        let jwk = json!({
            "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        });
        assert_eq!(thumbprint(&jwk).unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        let mut private = jwk;
        private["d"] = json!("x");
        assert_eq!(thumbprint(&private), None);
    }

    #[test]
    fn every_algorithm_verifies_by_its_own_name_alone() {
        use aws_lc_rs::rand::SystemRandom;
        use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaEncoding};

        let random = SystemRandom::new();
        let signed = |algorithm: &str| {
            format!("{}.e30", URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{algorithm}"}}"#)))
        };
        let mut made = Vec::new();
        let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let public = pair.public_key();
        let jwk = json!({
            "kty": "RSA",
            "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
            "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
        });
        let encodings: [(&str, &'static dyn RsaEncoding); 6] = [
            ("RS256", &sig::RSA_PKCS1_SHA256),
            ("RS384", &sig::RSA_PKCS1_SHA384),
            ("RS512", &sig::RSA_PKCS1_SHA512),
            ("PS256", &sig::RSA_PSS_SHA256),
            ("PS384", &sig::RSA_PSS_SHA384),
            ("PS512", &sig::RSA_PSS_SHA512),
        ];
        for (algorithm, encoding) in encodings {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(encoding, &random, signed(algorithm).as_bytes(), &mut signature).unwrap();
            made.push((algorithm, jwk.clone(), signature));
        }
        for (algorithm, curve, of) in [
            ("ES256", "P-256", &sig::ECDSA_P256_SHA256_FIXED_SIGNING),
            ("ES384", "P-384", &sig::ECDSA_P384_SHA384_FIXED_SIGNING),
            ("ES512", "P-521", &sig::ECDSA_P521_SHA512_FIXED_SIGNING),
        ] {
            let pair = EcdsaKeyPair::generate(of).unwrap();
            let point = &pair.public_key().as_ref()[1..];
            let (x, y) = point.split_at(point.len() / 2);
            let [x, y] = [x, y].map(|part| URL_SAFE_NO_PAD.encode(part));
            let signature = pair.sign(&random, signed(algorithm).as_bytes()).unwrap();
            let jwk = json!({ "kty": "EC", "crv": curve, "x": x, "y": y });
            made.push((algorithm, jwk, signature.as_ref().to_vec()));
        }
        for algorithm in ["EdDSA", "Ed25519"] {
            let pair = Ed25519KeyPair::generate().unwrap();
            let x = URL_SAFE_NO_PAD.encode(pair.public_key());
            let signature = pair.sign(signed(algorithm).as_bytes()).as_ref().to_vec();
            made.push((algorithm, json!({ "kty": "OKP", "crv": "Ed25519", "x": x }), signature));
        }
        let names: Vec<_> = made.iter().map(|(algorithm, ..)| *algorithm).collect();
        assert_eq!(names, ALGORITHMS);
        for (algorithm, jwk, signature) in &made {
            for named in ALGORITHMS.into_iter().chain(["none", "HS256", ""]) {
                let token = format!("{}.{}", signed(named), URL_SAFE_NO_PAD.encode(signature));
                let verified = Jws::read(&token).unwrap().is_signed_by(jwk);
                assert_eq!(verified, named == *algorithm, "{algorithm} named {named}");
            }
        }
    }

    #[test]
    fn a_signature_is_that_of_the_named_key_and_algorithm() {
        // RFC 7515 appendix A.3.
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let jwk = json!({
            "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        });
        let jws = Jws::read(token).unwrap();
        assert_eq!(jws.text("iss"), "joe");
        assert!(jws.is_signed_by(&jwk) && jws.is_signed_by_any(&json!({ "keys": [jwk] })));
        let mut other = jwk;
        other["alg"] = json!("RS256");
        assert!(!jws.is_signed_by(&other), "the key is for another algorithm");
        assert!(!Jws::read(&token.replace(".Dt", ".Du")).unwrap().is_signed_by(&other));
        for text in ["", "a.b.c", "e30.e30", "W10.e30.e30"] {
            assert!(Jws::read(text).is_none(), "{text}");
        }
    }
}

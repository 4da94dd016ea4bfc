//! Signed tokens of others: those of clients, and proofs of possession.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::emulator::words::digest::digest;

/// The algorithms by which others may sign. The last one has two names (RFC 9864).
pub(in crate::emulator) const ALGORITHMS: [&str; 6] =
    ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"];

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
        let point = || Some([vec![4], member("x")?, member("y")?].concat());
        let verified = match (algorithm, kind) {
            ("RS256", ("RSA", _)) => {
                let key = RsaPublicKeyComponents { n: member("n")?, e: member("e")? };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            ("PS256", ("RSA", _)) => {
                let key = RsaPublicKeyComponents { n: member("n")?, e: member("e")? };
                key.verify(&RSA_PSS_2048_8192_SHA256, message, signature)
            }
            ("ES256", ("EC", "P-256")) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point()?)
                    .verify(message, signature)
            }
            ("ES384", ("EC", "P-384")) => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point()?)
                    .verify(message, signature)
            }
            ("EdDSA" | "Ed25519", ("OKP", "Ed25519")) => {
                UnparsedPublicKey::new(&ED25519, member("x")?).verify(message, signature)
            }
            _ => return None,
        };
        verified.ok()
    }
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

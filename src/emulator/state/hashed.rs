//! Passwords as other systems stored them.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::Value;

use super::foreign_hash::{ForeignHash, to_hex};
use crate::emulator::words::fields::{Fields, Object};
use crate::emulator::words::refusal::{Refusal, Result};

/// The greatest cost of bcrypt that is checked: the whole emulator waits meanwhile.
const MAX_COST: u32 = 14;
/// The greatest number of iterations of PBKDF2 that is checked.
const MAX_ITERATIONS: i64 = 2_000_000;

/// A password in one of the forms that the emulator can check: bcrypt, PBKDF2, Django's PBKDF2, MD5, and those of
/// [`ForeignHash`].
#[derive(Clone)]
pub(in crate::emulator) struct Hashed {
    form: Form,
    /// As it came.
    wire: Object,
}

#[derive(Clone)]
enum Form {
    Bcrypt(String),
    Foreign(ForeignHash),
    Md5(String),
    Pbkdf2 { function: pbkdf2::Algorithm, iterations: NonZeroU32, salt: Vec<u8>, hash: Vec<u8> },
}

impl Hashed {
    /// Reads the wire type `BatchUserPasswordHashed`.
    pub(in crate::emulator) fn read(fields: Fields<'_>) -> Result<Self> {
        let wire = fields.whole().cloned().unwrap_or_default();
        let mut kinds = wire.keys();
        let (Some(kind), None) = (kinds.next(), kinds.next()) else {
            return Err(Refusal::invalid(
                "The hashedPassword field must have exactly one kind of hash",
            ));
        };
        let of = fields.object(kind);
        let form = match &**kind {
            "bcrypt" => bcrypt(of.text("hash")),
            "django" => django(of.text("hash")),
            "md5" => hexadecimal(of.text("hash")),
            "pbkdf2" => {
                let bytes = |name| STANDARD.decode(of.text(name)).ok();
                let iterations = of.int("iterations").unwrap_or_default();
                pbkdf2_of(of.text("type"), iterations, bytes("salt"), bytes("hash"))
            }
            "bach" | "buddyauth" => {
                return Err(Refusal::uncovered_field(&format!("hashedPassword.{kind}")));
            }
            kind => ForeignHash::read(kind, of).map(Form::Foreign),
        };
        match form {
            Some(form) => Ok(Self { form, wire }),
            None => Err(Refusal::argument(format!("The hashedPassword.{kind} field is wrong"))),
        }
    }

    /// As [`read`](Self::read) reads it.
    pub(in crate::emulator) fn save(&self) -> Value {
        Value::Object(self.wire.clone())
    }

    pub(in crate::emulator) fn matches(&self, password: &str) -> bool {
        match &self.form {
            Form::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Form::Md5(hash) => to_hex(&Md5::digest(password)).eq_ignore_ascii_case(hash),
            Form::Foreign(hash) => hash.matches(password),
            Form::Pbkdf2 { function, iterations, salt, hash } => {
                pbkdf2::verify(*function, *iterations, salt, password.as_bytes(), hash).is_ok()
            }
        }
    }
}

fn bcrypt(hash: &str) -> Option<Form> {
    let cost = hash.parse::<bcrypt::HashParts>().ok()?.get_cost();
    (cost <= MAX_COST).then(|| Form::Bcrypt(hash.to_owned()))
}

fn hexadecimal(hash: &str) -> Option<Form> {
    let digits = hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    digits.then(|| Form::Md5(hash.to_owned()))
}

/// `pbkdf2_sha256$iterations$salt$hash`
fn django(hash: &str) -> Option<Form> {
    let mut parts = hash.split('$');
    let (name, iterations) = (parts.next()?, parts.next()?.parse().ok()?);
    let (salt, hash) = (parts.next()?.as_bytes().to_vec(), STANDARD.decode(parts.next()?).ok()?);
    pbkdf2_of(name.strip_prefix("pbkdf2_")?, iterations, Some(salt), Some(hash))
}

fn pbkdf2_of(
    function: &str,
    iterations: i64,
    salt: Option<Vec<u8>>,
    hash: Option<Vec<u8>>,
) -> Option<Form> {
    let function = match function {
        "sha1" => pbkdf2::PBKDF2_HMAC_SHA1,
        "sha256" => pbkdf2::PBKDF2_HMAC_SHA256,
        "sha512" => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return None,
    };
    let iterations = u32::try_from(iterations.min(MAX_ITERATIONS + 1)).ok()?;
    let iterations =
        NonZeroU32::new(iterations).filter(|of| i64::from(of.get()) <= MAX_ITERATIONS)?;
    let hash = hash.filter(|hash| !hash.is_empty())?;
    Some(Form::Pbkdf2 { function, iterations, salt: salt?, hash })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<Hashed, &'static str> {
        Hashed::read(Fields::new(value.as_object().unwrap())).map_err(|refusal| refusal.code)
    }

    /// The hashes are those of Python's `hashlib` and `bcrypt`, of the password `correct horse`.
    #[test]
    fn passwords_match_their_hashes_alone() {
        for hashed in [
            json!({ "bcrypt": { "hash": "$2a$05$5ctY.ZSOJsNgEOxLN85OwuA3Kgk06Pcz5laxzOIhKjoni6FdDATu6" } }),
            json!({ "md5": { "hash": "3CB4E732631F47E6EB961F34554B7CDE" } }),
            json!({ "pbkdf2": { "hash": "NTrLXGiSdGbQKLWDkr8VOP1RKHs=", "salt": "cGVwcGVy", "iterations": 1000, "type": "sha1" } }),
            json!({ "pbkdf2": { "hash": "gQV4o8bSAk9lLV90oJ74VRcTZ9w9mWIZJC4kEwODp3Y=", "salt": "cGVwcGVy", "iterations": 1000, "type": "sha256" } }),
            json!({ "pbkdf2": { "hash": "oRcSOsevcKLO/o4pFERL6GelSbgZwgpggBrQ8e7IbahHHeYZIzer2kSXuyHK6ubCxTrvzgXhiA0QNeWiVRvePA==", "salt": "cGVwcGVy", "iterations": 1000, "type": "sha512" } }),
            json!({ "django": { "hash": "pbkdf2_sha256$1000$pepper$gQV4o8bSAk9lLV90oJ74VRcTZ9w9mWIZJC4kEwODp3Y=" } }),
        ] {
            let hashed = read(&hashed).unwrap();
            assert!(hashed.matches("correct horse"));
            for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
                assert!(!hashed.matches(wrong), "{wrong}");
            }
            assert_eq!(read(&hashed.save()).unwrap().wire, hashed.wire);
        }
    }

    #[test]
    fn what_cannot_be_checked_is_refused() {
        for (hashed, code) in [
            (json!({}), "E011003"),
            (json!({ "md5": {}, "bcrypt": {} }), "E011003"),
            (json!({ "rot13": { "hash": "x" } }), "E011004"),
            (json!({ "md5": { "hash": "xyz" } }), "E011004"),
            (json!({ "bcrypt": { "hash": "$2a$10$short" } }), "E011004"),
            (json!({ "django": { "hash": "bcrypt$$2a$" } }), "E011004"),
            (
                json!({ "pbkdf2": { "hash": "aGFzaA==", "salt": "c2FsdA==", "iterations": 0,
                    "type": "sha256" } }),
                "E011004",
            ),
            (
                json!({ "pbkdf2": { "hash": "aGFzaA==", "salt": "c2FsdA==",
                    "iterations": 4_000_000_000_000_i64, "type": "sha256" } }),
                "E011004",
            ),
            (json!({ "argon2": {} }), "E011004"),
            (json!({ "firebase": {} }), "E011004"),
            (json!({ "phpass": {} }), "E011004"),
            (json!({ "sha": {} }), "E011004"),
        ] {
            assert_eq!(read(&hashed).err(), Some(code), "{hashed}");
        }
    }
}

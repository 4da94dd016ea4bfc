//! The rarer forms in which other systems store passwords: Argon2, Firebase's scrypt, phpass, and SHA.

use std::fmt::Write;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::digest;
use aws_lc_rs::iv::FixedLength;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use crate::emulator::words::fields::Fields;

/// The whole emulator waits while a password is checked: this many KiB that are passed over are enough.
const MOST_WORK: u64 = 4 << 20;
/// The greatest number of iterations of phpass that is checked.
const MOST_ITERATIONS: i64 = 1 << 24;

#[derive(Clone)]
pub(in crate::emulator) enum ForeignHash {
    Argon2 { params: Params, salt: Vec<u8>, hash: Vec<u8> },
    Firebase { cost: scrypt::Params, salt: Vec<u8>, signer_key: Vec<u8>, hash: Vec<u8> },
    Phpass { function: Function, iterations: u32, salt: String, hash: String },
    Sha { function: Function, salt: Vec<u8>, hash: Vec<u8> },
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::emulator) enum Function {
    Md5,
    Sha(&'static digest::Algorithm),
}

impl Function {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "md5" => Self::Md5,
            "sha1" => Self::Sha(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            "sha256" => Self::Sha(&digest::SHA256),
            "sha512" => Self::Sha(&digest::SHA512),
            _ => return None,
        })
    }

    fn of(self, parts: [&[u8]; 2]) -> Vec<u8> {
        match self {
            Self::Md5 => {
                Md5::new().chain_update(parts[0]).chain_update(parts[1]).finalize().to_vec()
            }
            Self::Sha(function) => {
                let mut context = digest::Context::new(function);
                parts.iter().for_each(|part| context.update(part));
                context.finish().as_ref().to_vec()
            }
        }
    }
}

impl ForeignHash {
    /// Reads a hash of this kind. `None` if it is of another kind, or wrong.
    pub(in crate::emulator) fn read(kind: &str, of: Fields<'_>) -> Option<Self> {
        match kind {
            "argon2" => argon2(of),
            "firebase" => firebase(of),
            "phpass" => phpass(of),
            "sha" => sha(of),
            _ => None,
        }
    }

    pub(in crate::emulator) fn matches(&self, password: &str) -> bool {
        let password = password.as_bytes();
        match self {
            // The description of the API does not say which variant it is.
            Self::Argon2 { params, salt, hash } => {
                [Algorithm::Argon2id, Algorithm::Argon2i].into_iter().any(|variant| {
                    let mut out = vec![0; hash.len()];
                    let argon2 = Argon2::new(variant, Version::V0x13, params.clone());
                    argon2.hash_password_into(password, salt, &mut out).is_ok() && out == *hash
                })
            }
            Self::Firebase { cost, salt, signer_key, hash } => {
                let mut key = [0; 32];
                scrypt::scrypt(password, salt, cost, &mut key).is_ok()
                    && encrypted(&key, signer_key).as_ref() == Some(hash)
            }
            Self::Phpass { function, iterations, salt, hash } => {
                let mut digest = function.of([salt.as_bytes(), password]);
                for _ in 0..*iterations {
                    digest = function.of([&digest, password]);
                }
                // Drupal keeps the beginning alone.
                phpass_base64(&digest).starts_with(hash)
            }
            Self::Sha { function, salt, hash } => function.of([password, salt]) == *hash,
        }
    }
}

fn number(of: Fields<'_>, name: &str) -> Option<u32> {
    u32::try_from(of.int(name)?).ok()
}

fn bytes(of: Fields<'_>, name: &str) -> Option<Vec<u8>> {
    STANDARD.decode(of.text(name)).ok()
}

fn argon2(of: Fields<'_>) -> Option<ForeignHash> {
    let (memory, passes) = (number(of, "memory")?, number(of, "iterations")?);
    let hash = bytes(of, "hash")?;
    let params = Params::new(memory, passes, number(of, "threads")?, Some(hash.len())).ok()?;
    let bearable = u64::from(memory) * u64::from(passes) <= MOST_WORK;
    bearable.then_some(ForeignHash::Argon2 { params, salt: bytes(of, "salt")?, hash })
}

fn firebase(of: Fields<'_>) -> Option<ForeignHash> {
    let (memory, rounds) = (number(of, "memory")?, number(of, "rounds")?);
    let bearable = memory <= 20 && u64::from(rounds) << memory >> 3 <= MOST_WORK;
    let cost = scrypt::Params::new(u8::try_from(memory).ok()?, rounds, 1).ok()?;
    let mut salt = bytes(of, "salt")?;
    salt.extend(bytes(of, "saltSeparator")?);
    let (signer_key, hash) = (bytes(of, "signerKey")?, bytes(of, "hash")?);
    (bearable && !hash.is_empty()).then_some(ForeignHash::Firebase { cost, salt, signer_key, hash })
}

/// The signer key, encrypted with AES-256 in counter mode.
fn encrypted(key: &[u8; 32], signer_key: &[u8]) -> Option<Vec<u8>> {
    let mut text = signer_key.to_vec();
    let key = EncryptingKey::ctr(UnboundCipherKey::new(&AES_256, key).ok()?).ok()?;
    let start = EncryptionContext::Iv128(FixedLength::from([0; 16]));
    key.less_safe_encrypt(&mut text, start).ok()?;
    Some(text)
}

fn phpass(of: Fields<'_>) -> Option<ForeignHash> {
    let (function, hash) = (Function::parse(of.text("type"))?, of.text("hash").to_owned());
    let shortest = match function {
        Function::Md5 => 22,
        Function::Sha(of) if *of == digest::SHA512 => 43,
        Function::Sha(_) => return None,
    };
    let iterations = of.int("iterations").filter(|of| (1..=MOST_ITERATIONS).contains(of))?;
    let (iterations, salt) = (u32::try_from(iterations).ok()?, of.text("salt").to_owned());
    (hash.len() >= shortest).then_some(ForeignHash::Phpass { function, iterations, salt, hash })
}

/// Three bytes are four letters, the lowest bits first.
fn phpass_base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let three = bytes.chunks(3).flat_map(|three| {
        let bits = three.iter().rev().fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        (0..=three.len()).map(move |at| char::from(LETTERS[bits >> (6 * at) & 63]))
    });
    three.collect()
}

fn sha(of: Fields<'_>) -> Option<ForeignHash> {
    let function = Function::parse(of.text("type")).filter(|of| *of != Function::Md5)?;
    let (hash, salt) = (from_hex(of.text("hash"))?, from_hex(of.text("salt"))?);
    let right_length = hash.len() == function.of([b"", b""]).len();
    right_length.then_some(ForeignHash::Sha { function, salt, hash })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.bytes().all(|digit| digit.is_ascii_hexdigit()) && text.len() % 2 == 0;
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).ok();
    if digits { (0..text.len()).step_by(2).map(byte).collect() } else { None }
}

/// In lowercase.
pub(in crate::emulator) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The hashes of Firebase and phpass are those of their own documentation; those of SHA and Argon2 are
    /// of Python's `hashlib` and `argon2-cffi`.
    #[test]
    fn passwords_match_their_hashes_alone() {
        for (kind, password, hashed) in [
            (
                "firebase",
                "user1password",
                json!({
                    "hash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
                    "salt": "42xEC+ixf3L2lw==", "saltSeparator": "Bw==", "memory": 14, "rounds": 8,
                    "signerKey": "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
                }),
            ),
            (
                "phpass",
                "test12345",
                json!({
                    "hash": "eRo7ud9Fh4E2PdI0S3r.L0", "salt": "IQRaTwmf", "iterations": 2048, "type": "md5",
                }),
            ),
            (
                "sha",
                "correct horse",
                json!({
                    "hash": "4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631", "type": "sha256",
                }),
            ),
            (
                "sha",
                "correct horse",
                json!({
                    "hash": "8a20677826351fcddb2a88d0c11867b9791797798e648b89ac09630c1802cb90", "salt": "706570706572", "type": "sha256",
                }),
            ),
            (
                "sha",
                "correct horse",
                json!({ "hash": "2F9E53523B62ABC141A2B4D6019D23CBA835DBD0", "type": "sha1", "salt": null }),
            ),
            (
                "sha",
                "correct horse",
                json!({
                    "hash": "8ca3736463a9655f9dd796fdc283d4bbf1e502f593d8de354aea57a042ba708a5ef241846da80530feb6cea6c4965ca0b838627bba9c4af6f462d59199c7eb11", "salt": "706570706572", "type": "sha512",
                }),
            ),
            (
                "argon2",
                "password",
                json!({
                    "hash": "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4=", "salt": "c29tZXNhbHQ=", "iterations": 2, "memory": 256, "threads": 1,
                }),
            ),
            (
                "argon2",
                "password",
                json!({
                    "hash": "iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8=", "salt": "c29tZXNhbHQ=", "iterations": 2, "memory": 256, "threads": 1,
                }),
            ),
        ] {
            let read = ForeignHash::read(kind, Fields::new(hashed.as_object().unwrap()));
            let read = read.unwrap_or_else(|| panic!("{kind}: {hashed}"));
            assert!(read.matches(password), "{kind}: {hashed}");
            for wrong in ["", "Password", "correct horse ", "test1234"] {
                assert!(!read.matches(wrong), "{kind}: {wrong}");
            }
        }
    }

    #[test]
    fn what_is_wrong_or_takes_too_long_is_not_read() {
        for (kind, hashed) in [
            ("sha", json!({ "hash": "00", "type": "sha256" })),
            ("sha", json!({ "hash": "xyz", "type": "sha1" })),
            ("sha", json!({ "hash": "d41d8cd98f00b204e9800998ecf8427e", "type": "md5" })),
            ("phpass", json!({ "hash": "short", "salt": "a", "iterations": 1, "type": "md5" })),
            (
                "phpass",
                json!({ "hash": "eRo7ud9Fh4E2PdI0S3r.L0", "salt": "a", "iterations": 1 << 30, "type": "md5" }),
            ),
            (
                "argon2",
                json!({ "hash": "aGFzaGhhc2g=", "salt": "c29tZXNhbHQ=", "iterations": 10, "memory": 1 << 20, "threads": 1 }),
            ),
            (
                "argon2",
                json!({ "hash": "aGFzaGhhc2g=", "salt": "c29tZXNhbHQ=", "iterations": 1, "memory": 256, "threads": 0 }),
            ),
            (
                "firebase",
                json!({ "hash": "aA==", "salt": "", "saltSeparator": "", "signerKey": "", "memory": 30, "rounds": 8 }),
            ),
            ("rot13", json!({})),
        ] {
            assert!(
                ForeignHash::read(kind, Fields::new(hashed.as_object().unwrap())).is_none(),
                "{hashed}"
            );
        }
    }
}

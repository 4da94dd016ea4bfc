//! Tokens and key sets changed at random, always by the same seed: nothing panics, and no change gets
//! a token accepted.

use std::time::{Duration, Instant};

use descope::transport::{Request, Response};
use descope::{Client, CryptoLibrary, Error};
use serde_json::{Value, json};

use crate::signer::{P256, RSA, Signer, encode};
use crate::tokens::{FixedClock, NOW, accepts, claims, client, client_with};

/// Xorshift, by Marsaglia.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap()
    }

    pub(crate) fn pick<'a>(&mut self, from: &[&'a [u8]]) -> &'a [u8] {
        from[self.below(from.len())]
    }
}

/// Texts that readers of tokens and JSON have stumbled on.
const PIECES: [&[u8]; 24] = [
    b".",
    b"..",
    b"=",
    b"==",
    b"+",
    b"/",
    b"-",
    b"_",
    b" ",
    b"\n",
    b"\0",
    b"\xff",
    b"\"",
    b"\\u0000",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"1e999",
    b"-1",
    b"eyJhbGciOiJub25lIn0",
];

/// One to four changes: of a bit or byte, a piece put in, a stretch taken out, doubled or moved.
fn mutate(random: &mut Random, original: &[u8]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let limit = 1 << random.below(8);
        let end = (at + random.below(limit)).min(bytes.len());
        match random.below(8) {
            0 | 1 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            2 if !bytes.is_empty() => bytes[at] = u8::try_from(random.below(128)).unwrap(),
            3 => drop(bytes.splice(at..at, random.pick(&PIECES).iter().copied())),
            4 => drop(bytes.splice(at..end, random.pick(&PIECES).iter().copied())),
            5 => drop(bytes.drain(at..end)),
            6 => {
                let stretch = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, stretch);
            }
            _ => bytes.truncate(bytes.len() - random.below(4).min(bytes.len())),
        }
    }
    bytes
}

/// Calls `attempt` this often, or as often as a slow machine can in a time that can be waited for.
fn repeat(times: usize, mut attempt: impl FnMut(&mut Random)) {
    let mut random = Random(0x5eed_0f7e_5757);
    let start = Instant::now();
    let mut done = 0;
    while done < times && start.elapsed() < Duration::from_secs(20) {
        attempt(&mut random);
        done += 1;
    }
    println!("{done} of {times} in {:?}", start.elapsed());
    assert!(done >= times / 20);
}

fn validate(client: &Client, token: &str) -> Result<Value, Error> {
    client.auth().session().validate(token).map(|claims| json!(claims.as_map()))
}

#[test]
fn no_mutated_token_is_accepted() {
    for (signer, algorithm, library, remembered) in [
        (&*RSA, "RS256", CryptoLibrary::Ring, 0),
        (&*P256, "ES256", CryptoLibrary::Ring, 0),
        (&*RSA, "RS256", CryptoLibrary::AwsLc, 0),
        (&*P256, "ES256", CryptoLibrary::AwsLc, 0),
        (&*RSA, "RS256", CryptoLibrary::Ring, 10),
        (&*P256, "ES256", CryptoLibrary::AwsLc, 10),
    ] {
        let keys = [signer.jwk("k1", algorithm)];
        let (client, _) = client_with(&keys, |builder| {
            builder.crypto(library).remember_verified_tokens(remembered)
        });
        let original = signer.token("k1", algorithm, &claims());
        accepts(&client, &original);
        let mut mutants = 0;
        repeat(10_000, |random| {
            let mutant = mutate(random, original.as_bytes());
            let mutant = String::from_utf8_lossy(&mutant);
            if mutant != original {
                mutants += 1;
                assert!(validate(&client, &mutant).is_err(), "{mutant}");
            }
        });
        assert!(mutants > 400);
        accepts(&client, &original);
    }
}

/// The header and the claims changed before they are encoded and, past the check of the signature,
/// also signed: then a token may be accepted, but only for what the original was.
#[test]
fn mutated_json_that_is_signed_all_the_same() {
    let client = client(&[P256.jwk("k1", "ES256")]);
    let header = json!({ "alg": "ES256", "kid": "k1", "typ": "JWT" }).to_string();
    let original = claims();
    let (mut accepted, mut refused) = (0, 0);
    repeat(5_000, |random| {
        let (mut head, mut body) = (header.clone().into_bytes(), original.to_string().into_bytes());
        let part = if random.below(4) == 0 { &mut head } else { &mut body };
        *part = mutate(random, part);
        let text = format!("{}.{}", encode(head), encode(body));
        match validate(&client, &P256.sign_text("ES256", &text)) {
            Ok(claims) => {
                assert_eq!(claims["iss"], original["iss"], "{claims}");
                assert!(claims["exp"].as_f64() > original["iat"].as_f64(), "{claims}");
                assert!(claims["sub"].as_str().is_some_and(|sub| !sub.is_empty()), "{claims}");
                accepted += 1;
            }
            Err(_) => refused += 1,
        }
    });
    println!("{accepted} accepted, {refused} refused");
    assert!(accepted > 0 && refused > accepted);
}

/// Whatever becomes of the key set, an attacker's token is not accepted, and the project's is accepted
/// as it is or not at all.
#[test]
fn mutated_key_sets() {
    let good = P256.token("k1", "ES256", &claims());
    let attacker = Signer::p256();
    let forged = ["k1", "k2"].map(|kid| attacker.token(kid, "ES256", &claims()));
    let set = json!({ "keys": [P256.jwk("k1", "ES256"), RSA.jwk("k2", "RS256")] }).to_string();
    let (mut usable, mut unusable) = (0, 0);
    repeat(5_000, |random| {
        let body = mutate(random, set.as_bytes());
        let client = Client::builder()
            .ignore_env()
            .project_id("P2tokens")
            .clock(FixedClock(NOW))
            .transport(move |_: Request| Ok(Response::new(body.clone())))
            .build()
            .unwrap();
        match validate(&client, &good) {
            Ok(accepted) => {
                assert_eq!(accepted, claims());
                usable += 1;
            }
            Err(Error::Token(_)) => unusable += 1,
            Err(other) => panic!("{other}"),
        }
        for token in &forged {
            assert!(validate(&client, token).is_err());
        }
    });
    println!("{usable} usable, {unusable} not");
    assert!(usable > 100 && unusable > 100);
}

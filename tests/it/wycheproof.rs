//! Wycheproof's vectors for JSON Web Signatures and Keys, through the public validator.
//!
//! Their payloads are no Descope tokens, so none passes as a whole. But claims are looked at only once
//! the signature has matched: a token that is refused for its claims is one whose signature was
//! accepted, and every other refusal comes before.
//!
//! Each key is tried in both ways it can come, published and pinned, and by both libraries, with the same
//! outcome.

use std::collections::BTreeMap;

use descope::transport::{Request, Response};
use descope::{Client, CryptoLibrary, Error, TokenError};
use serde_json::{Value, json};
use wycheproof_ng_kdf_jose::json_web::{Test, TestName, TestSet};

/// A vector that must be accepted and is not, or the other way round, has its reason here.
const DEVIATIONS: [(&str, TestName, &[usize]); 6] = [
    (
        "a symmetric key cannot be published, so none is a key",
        TestName::JsonWebSignature,
        &[1, 348, 352, 357, 358, 359, 372, 373, 376, 377],
    ),
    (
        "signed with PS384 by a key whose `alg` is RS256 or PS256: the key decides",
        TestName::JsonWebSignature,
        &[346, 350],
    ),
    (
        "ring has no P-521, and the JWK's `alg` is ES521, which does not exist",
        TestName::JsonWebSignature,
        &[347, 351],
    ),
    ("symmetric keys, as above", TestName::JsonWebKey, &[2, 13, 14, 15]),
    (
        "ROCA, a flaw in making keys: Descope is trusted to have made its own well",
        TestName::JsonWebKey,
        &[7],
    ),
    ("symmetric keys and ROCA, as above", TestName::JsonWebCrypto, &[1, 46, 48]),
];

#[test]
fn signatures() {
    let counts = run(TestName::JsonWebSignature);
    assert_eq!(counts.vectors, 401);
    assert_eq!((counts.accepted, counts.refused), (32, 355));
}

#[test]
fn keys() {
    let counts = run(TestName::JsonWebKey);
    assert_eq!((counts.vectors, counts.accepted), (26, 1));
}

/// The cases of signatures among those of encryption.
#[test]
fn signatures_of_the_mixed_set() {
    let counts = run(TestName::JsonWebCrypto);
    assert_eq!((counts.vectors, counts.accepted), (49, 2));
}

#[derive(Debug, Default)]
struct Counts {
    vectors: usize,
    /// Rightly so.
    accepted: usize,
    /// Rightly so.
    refused: usize,
    deviations: usize,
    refusals: BTreeMap<String, usize>,
}

fn run(name: TestName) -> Counts {
    let listed = DEVIATIONS.iter().filter(|(_, set, _)| *set == name);
    let listed: Vec<usize> = listed.flat_map(|(_, _, ids)| *ids).copied().collect();
    let mut counts = Counts::default();
    let mut wrong = Vec::new();
    for group in TestSet::load(name).unwrap().test_groups {
        let key = group.public_key.or(group.private_key).unwrap();
        for test in &group.tests {
            let Some(token) = token(test) else { continue };
            let outcome = outcome(&key, &token, CryptoLibrary::Ring);
            assert_eq!(
                self::outcome(&key, &token, CryptoLibrary::AwsLc),
                outcome,
                "{}",
                test.tc_id
            );
            counts.vectors += 1;
            if let Err(why) = &outcome {
                *counts.refusals.entry(why.clone()).or_default() += 1;
            }
            let deviates = outcome.is_ok() == test.result.must_fail();
            match (deviates, listed.contains(&test.tc_id)) {
                (false, false) if outcome.is_ok() => counts.accepted += 1,
                (false, false) => counts.refused += 1,
                (true, true) => counts.deviations += 1,
                (true, false) => wrong.push(format!("{}: deviates: {outcome:?}", test.tc_id)),
                (false, true) => wrong.push(format!("{}: is listed in vain", test.tc_id)),
            }
        }
    }
    println!("{name:?}: {counts:#?}");
    assert_eq!(wrong, [""; 0]);
    assert_eq!(counts.deviations, listed.len());
    counts
}

/// The compact form, or JSON, which is none.
fn token(test: &Test) -> Option<String> {
    Some(match test.jws.as_ref()? {
        Value::String(compact) => compact.clone(),
        json => json.to_string(),
    })
}

/// Whether the token's signature is accepted; if not, why.
fn outcome(key: &Value, token: &str, library: CryptoLibrary) -> Result<(), String> {
    let mut set = key.get("keys").cloned().unwrap_or_else(|| json!([key]));
    for key in set.as_array_mut().unwrap() {
        // Without `alg` a key is refused already, whatever the vector is about.
        if let (None, Some(alg)) = (key.get("alg"), algorithm(token)) {
            key["alg"] = alg;
        }
    }
    let body = json!({ "keys": set }).to_string().into_bytes();
    let published = Client::builder()
        .ignore_env()
        .project_id("P2wycheproof")
        .crypto(library)
        .transport(move |_: Request| Ok(Response::new(body.clone())))
        .build()
        .unwrap();
    let outcome = signature(&published, token);
    if let [key] = &*set.as_array().unwrap().clone() {
        let pinned = Client::builder().ignore_env().project_id("P2wycheproof").crypto(library);
        let pinned = pinned
            .public_key(key.to_string())
            .build()
            .map_err(|error| error.to_string())
            .and_then(|client| signature(&client, token));
        assert_eq!(pinned.is_ok(), outcome.is_ok(), "{outcome:?} {pinned:?}");
    }
    if outcome.is_ok() {
        let mut altered = token.to_owned();
        let at = token.rfind('.').unwrap() + 10;
        altered.replace_range(at..=at, if &token[at..=at] == "A" { "B" } else { "A" });
        let refused = signature(&published, &altered);
        assert_eq!(refused, Err(TokenError::Signature.to_string()), "{altered}");
    }
    outcome
}

fn algorithm(token: &str) -> Option<Value> {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    serde_json::from_slice::<Value>(&header).ok()?.get("alg").cloned()
}

fn signature(client: &Client, token: &str) -> Result<(), String> {
    match client.auth().session().validate(token) {
        Ok(_)
        | Err(Error::Token(
            TokenError::Claim(_)
            | TokenError::Issuer
            | TokenError::Audience
            | TokenError::Expired { .. }
            | TokenError::NotYetValid { .. }
            | TokenError::NotASession,
        )) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

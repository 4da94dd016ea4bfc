//! Which published keys are keys, and whose.

use descope::transport::{Request, Response};
use descope::{Client, Error, TokenError};
use serde_json::{Value, json};

use crate::signer::{P256, RSA, Signer, encode, signer};
use crate::tokens::{accepts, claims, client, refuses};

/// The key of this algorithm, named `bad`, with some members changed; null takes one away.
fn spoilt(algorithm: &str, changes: &Value) -> Value {
    let mut jwk = signer(algorithm).jwk("bad", algorithm);
    let members = jwk.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    jwk
}

fn number(bytes: usize, last: u8) -> String {
    let mut number = vec![0xc5; bytes];
    number[bytes - 1] = last;
    encode(number)
}

/// Such as must not, or cannot, be used for checking signatures.
fn unusable() -> Vec<(&'static str, &'static str, Value)> {
    let p256 = |what, changes: Value| (what, "ES256", spoilt("ES256", &changes));
    let rsa = |what, changes: Value| (what, "RS256", spoilt("RS256", &changes));
    vec![
        p256("for encryption", json!({ "use": "enc" })),
        p256("for something unheard of", json!({ "use": "x" })),
        p256("to encrypt with", json!({ "use": null, "key_ops": ["encrypt"] })),
        p256("to sign with only", json!({ "key_ops": ["sign"] })),
        p256("for nothing", json!({ "key_ops": [] })),
        p256("operations of a wrong type", json!({ "key_ops": "verify" })),
        p256("no algorithm", json!({ "alg": null })),
        p256("unknown algorithm", json!({ "alg": "ES256K" })),
        p256("algorithm of encryption", json!({ "alg": "ECDH-ES" })),
        p256("algorithm of another curve", json!({ "alg": "ES384" })),
        p256("algorithm of another type", json!({ "alg": "RS256" })),
        p256("symmetric algorithm", json!({ "alg": "HS256" })),
        p256("no algorithm at all", json!({ "alg": "none" })),
        p256("algorithm of a wrong type", json!({ "alg": 1 })),
        p256("unknown type", json!({ "kty": "AKP" })),
        p256("type of another key", json!({ "kty": "RSA" })),
        p256("no type", json!({ "kty": null })),
        p256("unknown curve", json!({ "crv": "secp256k1" })),
        p256("curve ring has not", json!({ "crv": "P-521" })),
        p256("no curve", json!({ "crv": null })),
        p256("no point", json!({ "y": null })),
        p256("point too short", json!({ "x": number(31, 1) })),
        p256("point too long", json!({ "x": number(33, 1) })),
        p256("point with padding", json!({ "x": format!("{}=", number(32, 1)) })),
        p256("private", json!({ "d": number(32, 1) })),
        p256("numeric name", json!({ "kid": 7 })),
        p256("no name", json!({ "kid": null })),
        rsa("1024 bits", json!({ "n": number(128, 1) })),
        rsa("2047 bits", json!({ "n": encode([&[0x7f], &[0xc5; 254][..], &[1]].concat()) })),
        rsa("8200 bits", json!({ "n": number(1025, 1) })),
        rsa("exponent 0", json!({ "e": "AA" })),
        rsa("exponent 1", json!({ "e": "AQ" })),
        rsa("exponent 2", json!({ "e": "Ag" })),
        rsa("exponent of 40 bits", json!({ "e": "gQAAAAE" })),
        rsa("exponent with a zero before", json!({ "e": "AAEAAQ" })),
        rsa(
            "modulus with a zero before",
            json!({ "n": encode([&[0], &[0xc5; 255][..], &[1]].concat()) }),
        ),
        rsa("no exponent", json!({ "e": null })),
        rsa("no modulus", json!({ "n": "" })),
        rsa("private", json!({ "d": number(256, 1) })),
        rsa("half of a private one", json!({ "p": number(128, 1) })),
        rsa("algorithm of encryption", json!({ "alg": "RSA-OAEP" })),
        ("for agreement", "EdDSA", spoilt("EdDSA", &json!({ "crv": "X25519" }))),
        ("curve of another type", "EdDSA", spoilt("EdDSA", &json!({ "crv": "P-256" }))),
        ("another curve's name", "ES384", spoilt("ES384", &json!({ "crv": "P-521" }))),
        ("Ed448", "EdDSA", spoilt("EdDSA", &json!({ "crv": "Ed448" }))),
        ("too short", "EdDSA", spoilt("EdDSA", &json!({ "x": number(31, 1) }))),
        (
            "symmetric",
            "HS256",
            json!({ "kty": "oct", "kid": "bad", "alg": "HS256", "k": "c2VjcmV0" }),
        ),
    ]
}

#[test]
fn an_unusable_key_does_not_spoil_the_others() {
    let good = RSA.jwk("good", "RS256");
    let token = RSA.token("good", "RS256", &claims());
    for (what, algorithm, bad) in unusable() {
        for keys in [[bad.clone(), good.clone()], [good.clone(), bad.clone()]] {
            println!("{what}");
            let client = client(&keys);
            accepts(&client, &token);
            let forged = signer(algorithm).token("bad", algorithm, &claims());
            refuses(&client, &forged, &TokenError::UnknownKey);
        }
    }
    for bad in [json!(null), json!(1), json!("key"), json!([]), json!({}), json!([[good]])] {
        accepts(&client(&[bad.clone(), good.clone()]), &token);
        accepts(&client(&[good.clone(), bad]), &token);
    }
}

#[test]
fn an_unusable_key_cannot_be_pinned() {
    for (what, _, bad) in unusable() {
        let pinned = Client::builder().ignore_env().project_id("P1").public_key(bad.to_string());
        match what {
            // A pinned key needs none.
            "no name" => assert!(pinned.build().is_ok()),
            _ => match pinned.build() {
                Err(Error::Argument { name, .. }) => assert_eq!(name, "public_key", "{what}"),
                other => panic!("{what}: {other:?}"),
            },
        }
    }
    for text in ["", "null", "[]", "x", r#"{"keys":[]}"#, "-----BEGIN PUBLIC KEY-----"] {
        let pinned = Client::builder().ignore_env().project_id("P1").public_key(text).build();
        assert!(matches!(pinned, Err(Error::Argument { name: "public_key", .. })), "{text}");
    }
}

#[test]
fn what_is_pinned_in_another_form_is_named() {
    let key = P256.jwk("k1", "ES256");
    for (text, hint) in [
        ("-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n".to_owned(), "PEM"),
        ("\n  -----BEGIN CERTIFICATE-----".to_owned(), "JWK"),
        (json!({ "keys": [key] }).to_string(), "key set"),
        (format!("[{key}]"), "JSON object"),
        ("MFkwEwYHKoZIzj0CAQ".to_owned(), "JSON object"),
        (key.to_string().replace('{', r#"{"alg":"ES256","#), "appears twice"),
    ] {
        let error = Client::builder().ignore_env().project_id("P1").public_key(&text).build();
        let error = error.unwrap_err().to_string();
        assert!(error.contains("public_key") && error.contains(hint), "{text}: {error}");
    }
}

/// RFC 7517 section 4.
#[test]
fn a_key_with_a_member_twice_is_none() {
    let text = P256.jwk("k1", "ES256").to_string();
    for again in [r#""alg":"ES256""#, r#""kid":"k1""#, r#""x":"AAAA""#, r#""note":1,"note":1"#] {
        let twice = format!("{{{again},{}", &text[1..]);
        let pinned = Client::builder().ignore_env().project_id("P1").public_key(twice).build();
        assert!(matches!(pinned, Err(Error::Argument { name: "public_key", .. })), "{again}");
    }
}

#[test]
fn a_point_beside_its_curve_verifies_nothing() {
    let bad = spoilt("ES256", &json!({ "y": number(32, 1) }));
    let token = P256.token("bad", "ES256", &claims());
    refuses(&client(&[bad]), &token, &TokenError::Signature);
}

#[test]
fn what_else_a_key_says_does_not_matter() {
    let key = spoilt(
        "RS256",
        &json!({ "use": null, "key_ops": ["sign", "verify"], "x5t": "AAAA", "x5c": [], "ext": true, "iat": 1 }),
    );
    accepts(&client(&[key]), &RSA.token("bad", "RS256", &claims()));
}

#[test]
fn keys_of_one_name() {
    let (first, second) = (Signer::p256(), Signer::p256());
    let key = |signer: &Signer| signer.jwk("k1", "ES256");
    let token = first.token("k1", "ES256", &claims());
    // Neither can be meant.
    for keys in [[key(&first), key(&second)], [key(&second), key(&first)]] {
        let good = RSA.jwk("good", "RS256");
        let client = client(&[&[good][..], &keys].concat());
        accepts(&client, &RSA.token("good", "RS256", &claims()));
        refuses(&client, &token, &TokenError::UnknownKey);
        refuses(&client, &second.token("k1", "ES256", &claims()), &TokenError::UnknownKey);
    }
    let thrice = [key(&first), key(&second), key(&first)];
    let client_of_thrice = client(&[&[RSA.jwk("good", "RS256")][..], &thrice].concat());
    refuses(&client_of_thrice, &token, &TokenError::UnknownKey);
    // The same one twice, or one beside one that is none, is one.
    accepts(&client(&[key(&first), key(&first)]), &token);
    let mut unusable = key(&second);
    unusable["use"] = json!("enc");
    accepts(&client(&[unusable.clone(), key(&first)]), &token);
    accepts(&client(&[key(&first), unusable]), &token);
}

#[test]
fn answers_that_hold_no_key() {
    let token = P256.token("k1", "ES256", &claims());
    let good = json!({ "keys": [P256.jwk("k1", "ES256")] }).to_string();
    for body in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"keys":null}"#,
        r#"{"keys":{}}"#,
        r#"{"keys":[]}"#,
        r#"{"keys":[null]}"#,
        "<html>bad gateway</html>",
        &good[..good.len() - 2],
        &format!("{good}x"),
        &format!(r#"{{"keys":[],{}"#, &good[1..]),
        &good.replace("keys", "Keys"),
    ] {
        let answer = body.as_bytes().to_vec();
        let client = Client::builder()
            .ignore_env()
            .project_id("P2tokens")
            .transport(move |_: Request| Ok(Response::new(answer.clone())))
            .build()
            .unwrap();
        let error = client.auth().session().validate(&token).unwrap_err();
        assert!(matches!(error, Error::Token(TokenError::KeysUnavailable(_))), "{body}: {error}");
    }
}

/// Keys belong to a client, not to the process, whatever their names.
#[test]
fn projects_do_not_share_keys() {
    let project = |id: &'static str, signer: &Signer| {
        let body = json!({ "keys": [signer.jwk("k1", "ES256")] }).to_string().into_bytes();
        let client = Client::builder().ignore_env().project_id(id).transport(move |r: Request| {
            assert_eq!(r.uri().path(), format!("/v2/keys/{id}"));
            Ok(Response::new(body.clone()))
        });
        client.build().unwrap()
    };
    let token = |id: &str, signer: &Signer| {
        let claims = json!({ "iss": id, "sub": "U1", "exp": 4_102_444_800_i64 });
        signer.token("k1", "ES256", &claims)
    };
    let (a, b) = (Signer::p256(), Signer::p256());
    let (one, two) = (project("P2one", &a), project("P2two", &b));
    for _ in 0..2 {
        accepts(&one, &token("P2one", &a));
        accepts(&two, &token("P2two", &b));
        refuses(&one, &token("P2two", &b), &TokenError::Signature);
        refuses(&two, &token("P2one", &a), &TokenError::Signature);
        refuses(&one, &token("P2one", &b), &TokenError::Signature);
        refuses(&one, &token("P2two", &a), &TokenError::Issuer);
    }
}

#[test]
fn a_pinned_key_is_the_only_one_and_never_fetched() {
    let pin = |jwk: Value| {
        Client::builder()
            .ignore_env()
            .project_id("P2tokens")
            .public_key(jwk.to_string())
            .transport(|_: Request| panic!("nothing is to be fetched"))
            .build()
            .unwrap()
    };
    let token = |kid: Option<&str>| {
        let mut header = json!({ "alg": "ES256" });
        if let Some(kid) = kid {
            header["kid"] = json!(kid);
        }
        let mut claims = claims();
        claims["exp"] = json!(4_102_444_800_i64);
        P256.sign_json(&header.to_string(), claims.to_string())
    };
    let named = pin(P256.jwk("k1", "ES256"));
    named.warm_up().unwrap();
    accepts(&named, &token(Some("k1")));
    accepts(&named, &token(None));
    refuses(&named, &token(Some("k2")), &TokenError::UnknownKey);
    let unnamed = pin(spoilt("ES256", &json!({ "kid": null })));
    accepts(&unnamed, &token(None));
    refuses(&unnamed, &token(Some("k1")), &TokenError::UnknownKey);
    let other = pin(Signer::p256().jwk("k1", "ES256"));
    refuses(&other, &token(Some("k1")), &TokenError::Signature);
}

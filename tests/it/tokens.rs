//! Which session tokens are accepted: what the header may say, how strictly the text is read, and the
//! claims as they stand in it. Single claims are tested beside their code.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lc_rs::hmac;
use descope::auth::DeliveryMethod::Email;
use descope::clock::Clock;
use descope::emulator::Emulator;
use descope::transport::http::Method;
use descope::transport::{Request, Response};
use descope::{Claims, Client, ClientBuilder, Credential, Error, Result, TokenError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::signer::{ALGORITHMS, P256, RSA, Signer, encode, signer};

pub(crate) const NOW: i64 = 1_700_000_000;
const PROJECT: &str = "P2tokens";

pub(crate) struct FixedClock(pub i64);

impl Clock for FixedClock {
    fn unix(&self) -> descope::UnixTime {
        descope::UnixTime::from_seconds(self.0)
    }
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
    fn sleep(&self, _: Duration) {}
}

/// A client whose project has published these keys, and how often they were fetched.
pub(crate) fn client_with(
    keys: &[Value],
    configure: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> (Client, Arc<AtomicUsize>) {
    let body = json!({ "keys": keys }).to_string().into_bytes();
    let fetches = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&fetches);
    let builder =
        Client::builder().ignore_env().project_id(PROJECT).clock(FixedClock(NOW)).transport(
            move |request: Request| {
                assert_eq!(request.uri().path(), format!("/v2/keys/{PROJECT}"));
                count.fetch_add(1, Ordering::Relaxed);
                Ok(Response::new(body.clone()))
            },
        );
    (configure(builder).build().unwrap(), fetches)
}

pub(crate) fn client(keys: &[Value]) -> Client {
    client_with(keys, |builder| builder).0
}

pub(crate) fn claims() -> Value {
    json!({ "iss": PROJECT, "sub": "U1", "drn": "DS", "exp": NOW + 600, "iat": NOW })
}

fn validate(client: &Client, token: &str) -> Result<Claims> {
    client.auth().session().validate(token)
}

#[track_caller]
pub(crate) fn accepts(client: &Client, token: &str) -> Claims {
    validate(client, token).unwrap()
}

#[track_caller]
pub(crate) fn refuses(client: &Client, token: &str, reason: &TokenError) {
    match validate(client, token) {
        Err(Error::Token(error)) => assert_eq!(error, *reason, "{token}"),
        other => panic!("{other:?} for {token}"),
    }
}

fn p256() -> Client {
    client(&[P256.jwk("k1", "ES256")])
}

/// A header for the key of [`p256`] with one more member.
fn header_with(name: &str, value: &Value) -> String {
    let mut header = json!({ "alg": "ES256", "kid": "k1", "typ": "JWT" });
    header[name] = value.clone();
    header.to_string()
}

/// The tokens of the official SDKs' recordings.
#[test]
fn recorded_tokens() {
    #[derive(Deserialize)]
    struct Recorded {
        tokens: BTreeMap<String, String>,
        jwks: Value,
        jwk_rotated: Value,
    }
    let recorded: Recorded = serde_json::from_str(include_str!("../fixtures/tokens.json")).unwrap();
    // Three seconds after one of them has expired.
    let (now, project) = (1_795_534_381, "P2dummyproject0000000000000000");
    let build = |keys: Vec<u8>| {
        let client = Client::builder().ignore_env().project_id(project).clock(FixedClock(now));
        client.transport(move |_: Request| Ok(Response::new(keys.clone()))).build().unwrap()
    };
    let client = build(recorded.jwks.to_string().into_bytes());
    let seconds = Duration::from_secs;
    for (name, token) in &recorded.tokens {
        let expected = match &**name {
            "session"
            | "session2"
            | "session_dsub"
            | "session_dct"
            | "session_no_authz"
            | "session_aud_project"
            | "session_aud_list_project"
            | "session_exp_3s_ago"
            | "session_url_iss"
            | "session_v1apps_iss"
            | "key_session"
            | "key_session_dsub" => None,
            "session_drn_refresh" => Some(TokenError::NotASession),
            "session_expired" => Some(TokenError::Expired { by: seconds(195_534_381) }),
            "session_exp_60s_ago" => Some(TokenError::Expired { by: seconds(62) }),
            "session_nbf_future" | "session_iat_future" => {
                Some(TokenError::NotYetValid { by: seconds(2_204_465_619) })
            }
            "session_aud_str" | "session_aud_list" | "refresh_aud_str" | "key_session_aud" => {
                Some(TokenError::Audience)
            }
            "session_bad_sig" | "refresh_bad_sig" => Some(TokenError::Signature),
            "session_unknown_kid" | "session_rotated_key" | "session_no_kid" => {
                Some(TokenError::UnknownKey)
            }
            "session_hs256" | "session_rs512" | "session_no_alg" => Some(TokenError::Algorithm),
            "session_alg_none" => Some(TokenError::Malformed),
            "session_foreign_iss" => Some(TokenError::Issuer),
            "session_no_iss" => Some(TokenError::Claim("iss")),
            "session_no_exp" => Some(TokenError::Claim("exp")),
            "session_no_sub" => Some(TokenError::Claim("sub")),
            refresh if refresh.starts_with("refresh") => Some(TokenError::NotASession),
            unknown => panic!("nothing is expected of {unknown}"),
        };
        let outcome = validate(&client, token);
        match (&outcome, &expected) {
            (Ok(_), None) => {}
            (Err(Error::Token(error)), Some(expected)) => assert_eq!(error, expected, "{name}"),
            _ => panic!("{name}: {outcome:?}"),
        }
    }
    assert_eq!(recorded.tokens.len(), 39);

    let rotated = build(json!({ "keys": [recorded.jwk_rotated] }).to_string().into_bytes());
    accepts(&rotated, &recorded.tokens["session_rotated_key"]);
    refuses(&rotated, &recorded.tokens["session"], &TokenError::UnknownKey);
    let aud = client.with_audiences(["my-aud"]);
    accepts(&aud, &recorded.tokens["session_aud_str"]);
    refuses(&aud, &recorded.tokens["session"], &TokenError::Audience);
}

#[test]
fn each_algorithm_and_no_other_than_the_keys() {
    for key_algorithm in ALGORITHMS {
        let signer = signer(key_algorithm);
        let client = client(&[signer.jwk("k1", key_algorithm)]);
        let claims = accepts(&client, &signer.token("k1", key_algorithm, &claims()));
        assert_eq!(claims.user_id(), "U1");
        for algorithm in ALGORITHMS.into_iter().filter(|other| *other != key_algorithm) {
            let token = signer.token("k1", algorithm, &self::claims());
            refuses(&client, &token, &TokenError::Algorithm);
        }
    }
}

#[test]
fn what_is_accepted_says_who_and_when() {
    let (client, issuer) = (p256(), "https://api.descope.com/P2tokens");
    let mut claims = claims();
    claims["iss"] = json!(issuer);
    claims["iat"] = json!(NOW - 7);
    let read = accepts(&client, &P256.token("k1", "ES256", &claims));
    assert_eq!((read.issuer(), read.user_id()), (issuer, "U1"));
    assert_eq!(read.issued_at().unwrap().as_seconds(), NOW - 7);
    claims.as_object_mut().unwrap().remove("iat");
    assert_eq!(accepts(&client, &P256.token("k1", "ES256", &claims)).issued_at(), None);
}

#[test]
fn a_token_is_at_most_16_kib() {
    let client = p256();
    let of_length = |length: usize| {
        // Two texts to pad, as base64 comes in steps.
        let token = |key: usize, claim: usize| {
            let mut claims = claims();
            claims["pad"] = json!("x".repeat(claim));
            let header = header_with("pad", &json!("x".repeat(key)));
            P256.sign_json(&header, claims.to_string())
        };
        let paddings = (0..4).flat_map(|key| (12_000..12_200).map(move |claim| (key, claim)));
        let mut tokens = paddings.map(|(key, claim)| token(key, claim));
        tokens.find(|token| token.len() == length).unwrap()
    };
    accepts(&client, &of_length(16 * 1024));
    assert!(validate(&client, &of_length(16 * 1024 + 1)).is_err());
}

#[test]
fn no_algorithm_and_symmetric_ones() {
    let key = RSA.jwk("k1", "RS256");
    let client = client(std::slice::from_ref(&key));
    let part = |alg: Value| {
        let header = json!({ "alg": alg, "kid": "k1" }).to_string();
        format!("{}.{}", encode(header), encode(claims().to_string()))
    };
    for none in ["none", "None", "nOnE", "NONE", ""] {
        let text = part(json!(none));
        refuses(&client, &format!("{text}."), &TokenError::Malformed);
        refuses(&client, &format!("{text}.AAAA"), &TokenError::Algorithm);
        refuses(&client, &RSA.sign_text("RS256", &text), &TokenError::Algorithm);
    }
    for alg in [json!(null), json!(1), json!(["RS256"]), json!({ "RS256": 1 }), json!("rs256")] {
        refuses(&client, &RSA.sign_text("RS256", &part(alg)), &TokenError::Algorithm);
    }
    refuses(&client, &RSA.sign_json(r#"{"kid":"k1"}"#, "{}"), &TokenError::Algorithm);

    // What an attacker knows of the key, as an HMAC's secret (CVE-2015-9235).
    let Signer::Rsa(pair) = &*RSA else { panic!("an RSA key") };
    let public = aws_lc_rs::signature::KeyPair::public_key(pair);
    let secrets = [
        public.as_ref().to_vec(),
        public.modulus().big_endian_without_leading_zero().to_vec(),
        key["n"].as_str().unwrap().as_bytes().to_vec(),
        key.to_string().into_bytes(),
    ];
    for (alg, algorithm) in
        [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)]
    {
        for secret in &secrets {
            let text = part(json!(alg));
            let mac = hmac::sign(&hmac::Key::new(algorithm, secret), text.as_bytes());
            refuses(&client, &format!("{text}.{}", encode(mac)), &TokenError::Algorithm);
        }
    }
}

#[test]
fn extensions_are_refused() {
    let client = p256();
    for (name, value) in [
        ("crit", json!(["http://example.com/x"])),
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("crit", json!([])),
        ("crit", json!(null)),
        ("crit", json!("")),
        ("b64", json!(false)),
        ("b64", json!(true)),
    ] {
        let token = P256.sign_json(&header_with(name, &value), claims().to_string());
        refuses(&client, &token, &TokenError::Critical);
    }
    // RFC 7797: the payload as it is, with no base64url.
    let header = r#"{"alg":"ES256","kid":"k1","b64":false,"crit":["b64"]}"#;
    let token = P256.sign_text("ES256", &format!("{}.{}", encode(header), claims()));
    refuses(&client, &token, &TokenError::Critical);
}

#[test]
fn the_header_never_brings_the_key() {
    let (client, fetches) = client_with(&[P256.jwk("k1", "ES256")], |builder| builder);
    let attacker = Signer::p256();
    for kid in ["k1", "k2"] {
        for (name, value) in [
            ("jwk", attacker.jwk(kid, "ES256")),
            ("jku", json!("https://attacker.example/keys")),
            ("x5u", json!("https://attacker.example/certificate")),
            ("x5c", json!(["MIIB"])),
        ] {
            let mut header = json!({ "alg": "ES256", "kid": kid });
            header[name] = value;
            let reason = if kid == "k1" { TokenError::Signature } else { TokenError::UnknownKey };
            let token = attacker.sign_json(&header.to_string(), claims().to_string());
            refuses(&client, &token, &reason);
            // Where the signature is the project's, these members are of no interest.
            header["kid"] = json!("k1");
            accepts(&client, &P256.sign_json(&header.to_string(), claims().to_string()));
        }
    }
    // The first, and one for the unknown key; the transport has seen no other address.
    assert_eq!(fetches.load(Ordering::Relaxed), 2);
}

#[test]
fn key_ids_are_names_and_nothing_else() {
    let (client, fetches) = client_with(&[P256.jwk("k1", "ES256")], |builder| builder);
    let refuse = |kid: &Value, reason: &TokenError| {
        let token = P256.sign_json(&header_with("kid", kid), claims().to_string());
        refuses(&client, &token, reason);
    };
    for kid in [json!(1), json!(null), json!(["k1"]), json!({}), json!("k".repeat(257))] {
        refuse(&kid, &TokenError::Malformed);
    }
    refuses(
        &client,
        &P256.sign_json(r#"{"alg":"ES256"}"#, claims().to_string()),
        &TokenError::UnknownKey,
    );
    assert_eq!(fetches.load(Ordering::Relaxed), 0);
    let names = ["", " k1", "K1", "k1\0", "\0", "../k1", "..%2Fk1", "🔑", "' OR 1=1"];
    for (at, kid) in names.into_iter().chain([&*"k".repeat(256)]).enumerate() {
        // The first fetch, and two more for unknown keys: what others may not be asked for now may be anything.
        let retry_after = (at >= 3).then_some(Duration::from_secs(30));
        let token = P256.sign_json(&header_with("kid", &json!(kid)), claims().to_string());
        let error = validate(&client, &token).unwrap_err();
        assert_eq!(error.is_unavailable(), retry_after.is_some(), "{kid}: {error}");
        assert_eq!(error.retry_after(), retry_after, "{kid}: {error}");
        assert_eq!(error.is_token_invalid(), at < 3, "{kid}: {error}");
    }
    assert_eq!(fetches.load(Ordering::Relaxed), 3);
}

#[test]
fn tokens_of_another_type() {
    let client = p256();
    for typ in ["JWT", "jwt", "at+jwt", "application/jwt", "application/at+JWT"] {
        accepts(&client, &P256.sign_json(&header_with("typ", &json!(typ)), claims().to_string()));
    }
    let as_long = json!("audio/x-abc/jwt"); // as long as the prefix that is allowed
    for typ in [json!("dpop+jwt"), json!("secevent+jwt"), as_long, json!(""), json!(null), json!(1)]
    {
        let token = P256.sign_json(&header_with("typ", &typ), claims().to_string());
        refuses(&client, &token, &TokenError::Malformed);
    }
}

/// RFC 7515 section 4, RFC 7519 section 4. Deeper than that, JSON's own rule holds: the last counts.
#[test]
fn members_that_appear_twice() {
    let client = p256();
    let good = claims().to_string();
    for header in [
        r#"{"alg":"ES256","kid":"k1","alg":"ES256"}"#,
        r#"{"alg":"none","kid":"k1","alg":"ES256"}"#,
        r#"{"alg":"ES256","kid":"k2","kid":"k1"}"#,
        r#"{"alg":"ES256","kid":"k1","\u006bid":"k1"}"#,
        r#"{"alg":"ES256","kid":"k1","x":1,"x":2}"#,
    ] {
        let text = format!("{}.{}", encode(header), encode(&good));
        refuses(&client, &P256.sign_text("ES256", &text), &TokenError::Malformed);
    }
    let header = header_with("typ", &json!("JWT"));
    for (member, again) in [
        (r#""exp":1700000600"#, r#""exp":1700000601"#),
        (r#""exp":1700000600"#, r#""\u0065xp":1700000600"#),
        (r#""iss":"P2tokens""#, r#""iss":"P2tokens""#),
        (r#""plan":1"#, r#""plan":1"#),
    ] {
        let claims = format!("{{{member},{again},{}", &good[1..]);
        refuses(&client, &P256.sign_json(&header, claims), &TokenError::Claim("payload"));
    }
    let deeper = format!(r#"{{"plan":{{"seats":1,"seats":2}},{}"#, &good[1..]);
    let claims = accepts(&client, &P256.sign_json(&header, deeper));
    assert_eq!(claims.as_map()["plan"], json!({ "seats": 2 }));
}

#[test]
fn payloads_that_are_no_claims() {
    let client = p256();
    let header = header_with("typ", &json!("JWT"));
    let good = claims().to_string();
    let deep = format!(r#"{{"deep":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    for payload in [
        "",
        "null",
        "[]",
        "1",
        "\"x\"",
        "{",
        "{}x",
        "{}{}",
        "{'sub':'U1'}",
        "{\"sub\":\"U1\",}",
        "NaN",
        &deep,
        &format!("\u{feff}{good}"),
        &format!("{good}\0"),
    ] {
        let token = P256.sign_json(&header, payload);
        refuses(&client, &token, &TokenError::Claim("payload"));
    }
    let no_utf8 = [b"{\"sub\":\"\xff\",", &good.as_bytes()[1..]].concat();
    refuses(&client, &P256.sign_json(&header, no_utf8), &TokenError::Claim("payload"));
    accepts(&client, &P256.sign_json(&header, format!(" \n{good}\t")));

    // Numbers that no date is, as only text can have them.
    for exp in ["1e19", "1e400", "-1e400", "1E+999", "18446744073709551615", "9e15"] {
        let payload = good.replace("1700000600", exp);
        let token = P256.sign_json(&header, &payload);
        let reason = if exp.contains("400") || exp.contains("999") { "payload" } else { "exp" };
        refuses(&client, &token, &TokenError::Claim(reason));
    }
    for exp in ["17000006e2", "1.7000006e9", "1700000600.0"] {
        let token = P256.sign_json(&header, good.replace("1700000600", exp));
        assert_eq!(accepts(&client, &token).expires_at().as_seconds(), NOW + 600);
    }
}

#[test]
fn base64url_is_read_strictly() {
    let client = p256();
    // 3n + 1 and 3n + 2 bytes, so that each part ends in a character of which some bits count for nothing.
    let mut header = header_with("typ", &json!("JWT"));
    let mut payload = claims().to_string();
    while header.len() % 3 != 1 {
        header.push(' ');
    }
    while payload.len() % 3 != 2 {
        payload.push(' ');
    }
    let parts = [encode(&header), encode(&payload)];
    let whole = |parts: &[String; 2]| P256.sign_text("ES256", &parts.join("."));
    accepts(&client, &whole(&parts));

    let next = |c: char| char::from(c as u8 + 1); // differs in the last bit
    for index in 0..2 {
        let part = &parts[index];
        let last = part.chars().last().unwrap();
        let with_bits = format!("{}{}", &part[..part.len() - 1], next(last));
        for altered in [
            with_bits,
            format!("{part}="),
            format!("{part}=="),
            format!("{part} "),
            format!(" {part}"),
            format!("{part}\n"),
            format!("{}\r\n{}", &part[..8], &part[8..]),
            format!("{}?{}", &part[..8], &part[8..]),
            format!("{}+{}", &part[..8], &part[9..]),
            format!("{}/{}", &part[..8], &part[9..]),
            format!("{}é{}", &part[..8], &part[9..]),
        ] {
            // The signature is made over the altered text, and so is good.
            let mut parts = parts.clone();
            parts[index] = altered;
            refuses(&client, &whole(&parts), &TokenError::Malformed);
        }
    }

    let token = whole(&parts);
    let (message, signature) = token.rsplit_once('.').unwrap();
    let last = signature.chars().last().unwrap(); // 64 bytes: its last four bits count for nothing
    let with_bits = format!("{}{}", &signature[..signature.len() - 1], next(last));
    for altered in
        [with_bits, format!("{signature}=="), format!("{signature}\n"), format!(" {signature}")]
    {
        refuses(&client, &format!("{message}.{altered}"), &TokenError::Malformed);
    }
    refuses(&client, &format!("{message}.{}", &signature[..84]), &TokenError::Signature);
}

#[test]
fn a_token_is_three_parts() {
    let client = p256();
    let token = P256.token("k1", "ES256", &claims());
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };
    for text in [
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        header.to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!(".{payload}.{signature}"),
        format!("{header}..{signature}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{header}.{payload}.{payload}.{payload}.{signature}"),
        format!("Bearer {token}"),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\0"),
        json!({ "protected": header, "payload": payload, "signature": signature }).to_string(),
    ] {
        assert!(validate(&client, &text).is_err_and(|error| error.is_token_invalid()), "{text}");
    }
    accepts(&client, &token);
}

#[test]
fn oversized_tokens_cost_nothing() {
    let (client, fetches) = client_with(&[P256.jwk("k1", "ES256")], |builder| builder);
    let sized = |length: usize| {
        let mut claims = claims();
        let mut token = String::new();
        let mut padding = length * 3 / 4 - 300;
        while token.len() < length {
            claims["padding"] = json!("x".repeat(padding));
            token = P256.token("k1", "ES256", &claims);
            padding += 1;
        }
        token
    };
    let token = sized(16 * 1024 - 1);
    assert!(token.len() <= 16 * 1024);
    accepts(&client, &token);
    let before = fetches.load(Ordering::Relaxed);
    for token in
        [sized(16 * 1024 + 1), "e".repeat(64 << 20), format!("{}.e30.e30", "e".repeat(20_000))]
    {
        let refused = validate(&client, &token);
        let Err(Error::Token(error)) = &refused else { panic!("{refused:?}") };
        assert!(
            matches!(error, TokenError::TooLarge { argument: "session_token", limit: 16_384, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("16384 bytes"), "{error}");
    }
    assert_eq!(fetches.load(Ordering::Relaxed), before);
}

/// Whose tokens are larger than the limit can sign in, and the program can raise it for the rest.
#[test]
fn tokens_that_descope_has_just_sent_are_never_too_large() {
    let emulator = Emulator::new();
    let tenants: Vec<_> = (0..400).map(|n| format!("tenant-{n:0>27}")).collect();
    let known: Vec<_> = tenants.iter().map(|id| json!({ "id": id, "name": id })).collect();
    let joined: Vec<_> = tenants.iter().map(|id| json!({ "tenantId": id })).collect();
    emulator
        .seed(&json!({
            "tenants": known,
            "users": [{ "loginId": "ada@example.com", "userTenants": joined }],
        }))
        .unwrap();
    let build = || Client::builder().emulator(&emulator);
    let client = build().build().unwrap();
    let otp = client.auth().otp();
    otp.sign_in(Email, "ada@example.com", &Default::default()).unwrap();
    let code = emulator.inbox().last_to("ada@example.com").unwrap().code.unwrap();
    let info = otp.verify(Email, "ada@example.com", &code).unwrap();
    assert_eq!(info.claims().tenants().len(), 400);
    let (session_token, refresh_token) = (info.session_token(), info.refresh_token().unwrap());
    let size = session_token.len();
    assert!(size > 16 * 1024, "{size}");

    let refused = validate(&client, session_token).unwrap_err();
    assert!(refused.is_token_invalid(), "{refused}");
    assert!(refused.to_string().contains("max_token_size"), "{refused}");
    let exact = build().max_token_size(size).build().unwrap();
    accepts(&exact, session_token);
    let smaller = build().max_token_size(size - 1).build().unwrap();
    let too_large = |error: Error| {
        let Error::Token(error) = error else { panic!("{error}") };
        assert!(
            matches!(error, TokenError::TooLarge { limit, .. } if limit == size - 1),
            "{error}"
        );
    };
    too_large(validate(&smaller, session_token).unwrap_err());
    // What is only sent has the same limit.
    too_large(smaller.auth().session().me(session_token).unwrap_err());
    too_large(smaller.auth().session().refresh(session_token).unwrap_err());
    let exchange = |client: &Client| {
        client.auth().access_key().exchange(session_token, &Default::default()).unwrap_err()
    };
    too_large(exchange(&smaller));
    assert!(exchange(&exact).is_unauthorized());
    let call = |client: &Client| {
        let credential = Credential::Token(session_token);
        client.call(Method::GET, "/v1/auth/me", credential, &()).unwrap_err()
    };
    too_large(call(&smaller));
    assert!(call(&exact).status().is_some());
    // A refresh brings a large one, whatever the limit for what callers send.
    let limit = refresh_token.len().min(size - 1);
    let by_refresh = build().max_token_size(limit).build().unwrap();
    if refresh_token.len() <= limit {
        assert!(
            by_refresh.auth().session().refresh(refresh_token).unwrap().session_token().len()
                > limit
        );
    }
}

#[test]
fn common_mistakes_are_named() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let made = client.mgmt().access_key().create("nightly", &Default::default()).unwrap();
    let session = client.auth().session();
    let token = emulator.issue_token(json!({ "sub": "U1" })).unwrap();
    for text in [format!("Bearer {token}"), format!("bearer  {token}"), "Bearer x".to_owned()] {
        for error in [
            session.validate(&text).unwrap_err(),
            session.refresh(&text).unwrap_err(),
            session.me(&text).unwrap_err(),
        ] {
            assert!(matches!(error, Error::Token(TokenError::BearerPrefix)), "{error}");
            assert!(error.is_token_invalid() && error.to_string().contains("`Bearer`"), "{error}");
        }
    }
    for key in [made.cleartext.expose(), emulator.management_key()] {
        let error = session.validate(key).unwrap_err();
        assert!(matches!(error, Error::Token(TokenError::AccessKey)), "{error}");
        assert!(error.is_token_invalid() && error.to_string().contains("exchange"), "{error}");
    }
    for other in ["K2", "hello", "Kxxxxxxxxxxxxxxxxxxxxxxxxxxx.y", "Zxxxxxxxxxxxxxxxxxxxxxxxxxx"] {
        refuses(&client, other, &TokenError::Malformed);
    }
    let early = emulator.issue_token(json!({ "sub": "U1", "nbf": 4_000_000_000_i64 })).unwrap();
    let error = validate(&client, &early).unwrap_err().to_string();
    assert!(error.contains("becomes valid in") && error.contains("clock"), "{error}");
}

#[test]
fn audiences_are_the_clients() {
    let key = P256.jwk("k1", "ES256");
    let (client, _) = client_with(&[key], |b| b.audience("app").audience("api"));
    let token = |aud: Value| {
        let mut claims = claims();
        claims["aud"] = aud;
        P256.token("k1", "ES256", &claims)
    };
    for aud in [json!("app"), json!("api"), json!(["other", "api"])] {
        accepts(&client, &token(aud));
    }
    for aud in [json!("other"), json!([]), json!(PROJECT), json!("App"), json!("app ")] {
        refuses(&client, &token(aud), &TokenError::Audience);
    }
    refuses(&client, &P256.token("k1", "ES256", &claims()), &TokenError::Audience);
    refuses(&client.with_audiences(["other"]), &token(json!("app")), &TokenError::Audience);
    accepts(&client.with_audiences(["other"]), &token(json!("other")));
}

#[test]
fn the_leeway_is_the_clients() {
    let token = |name: &str, at: i64| {
        let mut claims = claims();
        claims[name] = json!(NOW + at);
        P256.token("k1", "ES256", &claims)
    };
    let by = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
    for leeway in [0, 5, 120] {
        let key = P256.jwk("k1", "ES256");
        let (client, _) = client_with(&[key], |b| b.leeway(Duration::from_secs(leeway)));
        let leeway = i64::try_from(leeway).unwrap();
        accepts(&client, &token("exp", 1 - leeway));
        let expired = TokenError::Expired { by: by(leeway) };
        refuses(&client, &token("exp", -leeway), &expired);
        for name in ["nbf", "iat"] {
            accepts(&client, &token(name, leeway));
            let early = TokenError::NotYetValid { by: by(leeway + 1) };
            refuses(&client, &token(name, leeway + 1), &early);
        }
    }
    let too_much = Client::builder().project_id("P1").leeway(Duration::from_secs(121)).build();
    assert!(matches!(too_much, Err(Error::Argument { name: "leeway", .. })));
}

/// Whatever the machine's clock says, no panic, and no token that is good for ever.
#[test]
fn clocks_that_are_wrong() {
    for now in [i64::MIN, -1, 0, NOW, i64::MAX] {
        let key = P256.jwk("k1", "ES256");
        let (client, _) = client_with(&[key], |b| b.clock(FixedClock(now)));
        let outcome = validate(&client, &P256.token("k1", "ES256", &claims()));
        assert_eq!(outcome.is_ok(), now == NOW, "{now}");
    }
}

#[test]
fn the_refusal_says_what_to_do() {
    let client = p256();
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        claims
    };
    let expired =
        validate(&client, &P256.token("k1", "ES256", &with("exp", json!(1)))).unwrap_err();
    assert!(expired.is_token_expired() && !expired.is_token_invalid() && !expired.is_unavailable());
    // Expiry is told only of a token that is good otherwise.
    let forged = Signer::p256().token("k1", "ES256", &with("exp", json!(1)));
    refuses(&client, &forged, &TokenError::Signature);
    let mut foreign = with("exp", json!(1));
    foreign["iss"] = json!("P2other");
    let foreign = validate(&client, &P256.token("k1", "ES256", &foreign)).unwrap_err();
    assert!(foreign.is_token_invalid() && !foreign.is_token_expired());

    let down = Client::builder().ignore_env().project_id(PROJECT).transport(|_: Request| {
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into())
    });
    let unknown = validate(&down.build().unwrap(), &P256.token("k1", "ES256", &claims()));
    let unknown = unknown.unwrap_err();
    assert!(unknown.is_unavailable() && !unknown.is_token_invalid() && !unknown.is_token_expired());
}

#[test]
fn refresh_tokens_are_no_sessions() {
    let mut claims = claims();
    claims["drn"] = json!("DSR");
    let token = P256.token("k1", "ES256", &claims);
    refuses(&p256(), &token, &TokenError::NotASession);
    let (custom, _) = client_with(&[P256.jwk("k1", "ES256")], |b| b.refresh_cookie("__Host-mine"));
    // Those from before the project chose a name are still about.
    for name in ["DSR", "__Host-DSR", "mine", "__Host-mine", "__Secure-mine"] {
        claims["drn"] = json!(name);
        refuses(&custom, &P256.token("k1", "ES256", &claims), &TokenError::NotASession);
    }
    for name in ["DS", "mine2", "", "__Host-"] {
        claims["drn"] = json!(name);
        accepts(&custom, &P256.token("k1", "ES256", &claims));
    }
}

#[test]
fn claims_of_the_programs_own_types() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Plan {
        seats: u32,
        tags: Vec<String>,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct All {
        sub: String,
        exp: i64,
        plan: Option<Plan>,
        beta: bool,
    }
    let mut json = claims();
    json["plan"] = json!({ "seats": 5, "tags": ["a", "b"] });
    json["beta"] = json!(true);
    json["nothing"] = json!(null);
    json["ratio"] = json!(0.5);
    json["big"] = json!(u64::MAX);
    let claims = accepts(&p256(), &P256.token("k1", "ES256", &json));

    let plan = || Plan { seats: 5, tags: vec!["a".into(), "b".into()] };
    assert_eq!(claims.get::<Plan>("plan").unwrap(), Some(plan()));
    assert_eq!(claims.get::<bool>("beta").unwrap(), Some(true));
    assert_eq!(claims.get::<f64>("ratio").unwrap(), Some(0.5));
    assert_eq!(claims.get::<u64>("big").unwrap(), Some(u64::MAX));
    assert_eq!(claims.get::<Value>("nothing").unwrap(), None);
    assert_eq!(claims.get::<bool>("absent").unwrap(), None);
    assert!(matches!(claims.get::<u8>("plan"), Err(Error::Decode(_))));
    let all = All { sub: "U1".into(), exp: NOW + 600, plan: Some(plan()), beta: true };
    assert_eq!(claims.deserialize::<All>().unwrap(), all);
    assert!(claims.deserialize::<Plan>().is_err());
    assert_eq!(claims.as_map(), json.as_object().unwrap());
}

/// The emulator signs whatever it is asked to, and the client is no laxer with it.
#[test]
fn tokens_of_the_emulator() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let issue = |claims: Value| emulator.issue_token(claims).unwrap();
    accepts(&client, &issue(json!({ "sub": "U1" })));
    refuses(&client, &issue(json!({ "sub": "U1", "exp": null })), &TokenError::Claim("exp"));
    refuses(&client, &issue(json!({ "sub": "U1", "iss": null })), &TokenError::Claim("iss"));
    refuses(&client, &issue(json!({ "sub": "U1", "exp": "soon" })), &TokenError::Claim("exp"));
    refuses(&client, &issue(json!({ "sub": "U1", "iss": "P2other" })), &TokenError::Issuer);
    refuses(&client, &issue(json!({})), &TokenError::Claim("sub"));
    let session = issue(json!({ "sub": "U1" }));
    emulator.advance(Duration::from_secs(10 * 60 + 6));
    let expired = validate(&client, &session).unwrap_err();
    assert!(expired.is_token_expired(), "{expired}");
}

#[test]
fn the_key_that_a_token_is_bound_to_is_told() {
    let mut claims = claims();
    for (cnf, thumbprint) in [
        (json!({ "jkt": "0ZcO" }), Some("0ZcO")),
        (json!({ "jkt": 7 }), None),
        (json!({}), None),
        (json!("0ZcO"), None),
    ] {
        claims["cnf"] = cnf;
        let token = P256.token("k1", "ES256", &claims);
        let claims = p256().auth().session().validate(&token).unwrap();
        assert_eq!(claims.key_thumbprint(), thumbprint);
    }
}

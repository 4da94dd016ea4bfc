//! Tokens that are bound to a key, and proofs of that key (RFC 9449).

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use descope::emulator::Emulator;
use descope::oidc::{App, DpopKey};
use descope::transport::http::HeaderMap;
use descope::web::{
    Access, Denied, Guard, GuardOptions, ProofError, ProofId, ProofMemory, ProofOptions, Proofs,
    Reason, RequestTokens, Visitor,
};
use descope::{Client, Secret, UnixTime};
use serde_json::{Value, json};

use super::{anyone, headers, sign_in};
use crate::oidc::ring_digest;
use crate::signer::{ALGORITHMS, P256, RSA, Signer, encode, signer};
use crate::tokens::{NOW, claims, client};

const SERVICE: &str = "https://api.example.com";
const NONCE_KEY: &str = "0123456789abcdef0123456789abcdef";

fn the_client() -> Client {
    client(&[P256.jwk("k1", "ES256")])
}

fn guard_with(options: ProofOptions) -> Guard {
    let proofs = Proofs::with_options(SERVICE, options).unwrap();
    Guard::with_options(&the_client(), GuardOptions::default().proofs(proofs)).unwrap()
}

/// The thumbprint of a key for this algorithm (RFC 7638).
fn thumbprint(of: &Signer, algorithm: &str) -> String {
    let jwk = of.jwk("", algorithm);
    let required: &[&str] = match jwk["kty"].as_str().unwrap() {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        _ => &["e", "kty", "n"],
    };
    let members: Vec<_> = required.iter().map(|name| format!("{name:?}:{}", jwk[*name])).collect();
    ring_digest(&format!("{{{}}}", members.join(",")))
}

/// A session token of U1 that is bound to this key.
fn bound_to(thumbprint: &str) -> String {
    let mut claims = claims();
    claims["cnf"] = json!({ "jkt": thumbprint });
    P256.token("k1", "ES256", &claims)
}

/// One request, good unless something in it is changed.
struct Sent {
    token: String,
    header: Value,
    claims: Value,
    signer: &'static Signer,
    /// What replaces the text of the proof.
    proof: Option<String>,
    scheme: &'static str,
    /// Headers `DPoP`.
    copies: usize,
    method: &'static str,
    path: &'static str,
}

impl Sent {
    fn by(algorithm: &str) -> Self {
        let signer = signer(algorithm);
        let token = bound_to(&thumbprint(signer, algorithm));
        let mut jwk = signer.jwk("", algorithm);
        for member in ["kid", "alg", "use"] {
            jwk.as_object_mut().unwrap().remove(member);
        }
        let claims = json!({
            "jti": "the proof", "htm": "GET", "htu": "https://api.example.com/orders",
            "iat": NOW, "ath": ring_digest(&token),
        });
        Self {
            token,
            header: json!({ "typ": "dpop+jwt", "alg": algorithm, "jwk": jwk }),
            claims,
            signer,
            proof: None,
            scheme: "DPoP",
            copies: 1,
            method: "GET",
            path: "/orders",
        }
    }

    fn text(&self) -> String {
        let signed = || self.signer.sign_json(&self.header.to_string(), self.claims.to_string());
        self.proof.clone().unwrap_or_else(signed)
    }

    fn headers(&self) -> HeaderMap {
        let proof = self.text();
        let authorization = format!("{} {}", self.scheme, self.token);
        let mut lines = vec![("dpop", proof.as_bytes()); self.copies];
        lines.push(("authorization", authorization.as_bytes()));
        headers(&lines)
    }

    fn at(&self, guard: &Guard) -> Result<Visitor, Denied> {
        let tokens = guard.tokens(&self.headers()).of_request(self.method, self.path);
        guard.validate(&tokens, &anyone())
    }
}

/// What the guard says of a request.
fn verdict(sent: &Sent, guard: &Guard) -> Option<ProofError> {
    match sent.at(guard) {
        Ok(visitor) => {
            assert_eq!(visitor.claims.user_id(), "U1");
            None
        }
        Err(denied) => {
            let why = denied.proof_error().unwrap();
            let missing = why == ProofError::Missing;
            let reason = if missing { Reason::ProofMissing } else { Reason::ProofInvalid };
            assert_eq!((denied.status().as_u16(), denied.reason()), (401, reason), "{denied}");
            assert!(denied.challenge().unwrap().starts_with("DPoP error=\""));
            assert!(denied.to_string().ends_with(&why.to_string()));
            Some(why)
        }
    }
}

type Edit = fn(&mut Sent);

/// What is changed, what the guard says, and whether Descope's Go SDK (1.30) lets the request in, by its
/// source `internal/auth/dpop.go` and its tests.
#[rustfmt::skip]
const TABLE: &[(&str, Edit, Option<ProofError>, bool)] = &[
    ("nothing", |_| {}, None, true),
    // Headers.
    ("no proof", |s| s.copies = 0, Some(ProofError::Missing), false),
    ("two proofs", |s| s.copies = 2, Some(ProofError::Several), false),
    ("an empty proof", |s| s.proof = Some(String::new()), Some(ProofError::Malformed), false),
    ("a scheme in capitals", |s| s.scheme = "DPOP", None, true),
    // Go looks at the proof whatever the scheme. RFC 9449 section 7.2: MUST reject.
    ("Bearer", |s| s.scheme = "Bearer", Some(ProofError::Bearer), true),
    ("Bearer without proof", |s| { s.scheme = "Bearer"; s.copies = 0; }, Some(ProofError::Bearer), false),
    ("a token that is not bound", |s| { s.token = P256.token("k1", "ES256", &claims()); s.claims["ath"] = json!(ring_digest(&s.token)); }, Some(ProofError::OtherKey), false),
    // Its form.
    ("two proofs in one header", |s| s.proof = Some(format!("{0}, {0}", s.text())), Some(ProofError::Malformed), false),
    ("two parts", |s| s.proof = Some(s.text().rsplit_once('.').unwrap().0.to_owned()), Some(ProofError::Malformed), false),
    ("four parts", |s| s.proof = Some(s.text() + ".e30"), Some(ProofError::Malformed), false),
    ("no signature", |s| s.proof = Some(s.text().rsplit_once('.').unwrap().0.to_owned() + "."), Some(ProofError::Malformed), false),
    ("JSON serialization", |s| s.proof = Some(r#"{"payload":"e30","signatures":[]}"#.into()), Some(ProofError::Malformed), false),
    ("padding", |s| s.proof = Some(s.text() + "="), Some(ProofError::Malformed), false),
    ("more than 8192 bytes", |s| s.claims["x"] = json!("x".repeat(8000)), Some(ProofError::Malformed), true),
    ("a header twice", |s| s.proof = Some(s.signer.sign_json(&s.header.to_string().replacen('{', r#"{"typ":"dpop+jwt","#, 1), s.claims.to_string())), Some(ProofError::Malformed), true),
    ("a claim twice", |s| s.proof = Some(s.signer.sign_json(&s.header.to_string(), s.claims.to_string().replacen('{', r#"{"htm":"POST","#, 1))), Some(ProofError::Malformed), true),
    ("a header that is no object", |s| s.proof = Some(s.signer.sign_json("[]", "{}")), Some(ProofError::Malformed), false),
    ("claims that are no object", |s| s.claims = json!([]), Some(ProofError::Malformed), false),
    ("claims that are no UTF-8", |s| s.proof = Some(s.signer.sign_json(&s.header.to_string(), b"\xff\xfe")), Some(ProofError::Malformed), false),
    ("crit", |s| s.header["crit"] = json!(["exp"]), Some(ProofError::Malformed), false),
    ("b64", |s| s.header["b64"] = json!(false), Some(ProofError::Malformed), false),
    // typ.
    ("no typ", |s| { s.header.as_object_mut().unwrap().remove("typ"); }, Some(ProofError::Type), false),
    ("typ of a token", |s| s.header["typ"] = json!("JWT"), Some(ProofError::Type), false),
    ("typ in capitals", |s| s.header["typ"] = json!("DPoP+JWT"), Some(ProofError::Type), false),
    ("typ with a media type", |s| s.header["typ"] = json!("application/dpop+jwt"), Some(ProofError::Type), false),
    ("typ is a list", |s| s.header["typ"] = json!(["dpop+jwt"]), Some(ProofError::Type), false),
    // alg.
    ("no alg", |s| { s.header.as_object_mut().unwrap().remove("alg"); }, Some(ProofError::Algorithm), false),
    ("alg none", |s| s.header["alg"] = json!("none"), Some(ProofError::Algorithm), false),
    ("alg HS256", |s| s.header["alg"] = json!("HS256"), Some(ProofError::Algorithm), false),
    ("alg ES512", |s| s.header["alg"] = json!("ES512"), Some(ProofError::Algorithm), false),
    ("alg in lower case", |s| s.header["alg"] = json!("es256"), Some(ProofError::Algorithm), false),
    ("alg of another type of key", |s| s.header["alg"] = json!("RS256"), Some(ProofError::Key), false),
    ("alg of another curve", |s| s.header["alg"] = json!("ES384"), Some(ProofError::Key), false),
    // jwk.
    ("no jwk", |s| { s.header.as_object_mut().unwrap().remove("jwk"); }, Some(ProofError::Key), false),
    ("kid in place of jwk", |s| { let header = s.header.as_object_mut().unwrap(); header.remove("jwk"); header.insert("kid".into(), json!("k1")); }, Some(ProofError::Key), false),
    ("jwk is null", |s| s.header["jwk"] = Value::Null, Some(ProofError::Key), false),
    ("jwk is a text", |s| s.header["jwk"] = json!(s.header["jwk"].to_string()), Some(ProofError::Key), false),
    ("jwk with a private member", |s| s.header["jwk"]["d"] = json!(encode([1; 32])), Some(ProofError::Key), false),
    ("a symmetric jwk", |s| s.header["jwk"] = json!({ "kty": "oct", "k": "YQ" }), Some(ProofError::Key), false),
    ("jwk for encryption", |s| s.header["jwk"]["use"] = json!("enc"), Some(ProofError::Key), true),
    ("jwk of another algorithm", |s| s.header["jwk"]["alg"] = json!("ES384"), Some(ProofError::Key), true),
    ("jwk that names its algorithm", |s| s.header["jwk"]["alg"] = json!("ES256"), None, true),
    ("jwk that says what it is for", |s| { s.header["jwk"]["use"] = json!("sig"); s.header["jwk"]["key_ops"] = json!(["verify"]); }, None, true),
    ("a point that is too short", |s| s.header["jwk"]["x"] = json!("AQ"), Some(ProofError::Key), false),
    ("another key that did not sign", |s| s.header["jwk"]["x"] = s.header["jwk"]["y"].clone(), Some(ProofError::Signature), false),
    ("a changed signature", |s| { let text = s.text(); let (message, _) = text.rsplit_once('.').unwrap(); s.proof = Some(format!("{message}.{}", encode([7; 64]))); }, Some(ProofError::Signature), false),
    ("changed claims", |s| { let text = s.text(); let parts: Vec<_> = text.split('.').collect(); s.proof = Some(format!("{}.{}.{}", parts[0], encode(s.claims.to_string() + " "), parts[2])); }, Some(ProofError::Signature), false),
    // jti.
    ("no jti", |s| { s.claims.as_object_mut().unwrap().remove("jti"); }, Some(ProofError::Claim("jti")), false),
    ("an empty jti", |s| s.claims["jti"] = json!(""), Some(ProofError::Claim("jti")), false),
    ("jti is a number", |s| s.claims["jti"] = json!(7), Some(ProofError::Claim("jti")), false),
    ("a jti of 129 bytes", |s| s.claims["jti"] = json!("j".repeat(129)), Some(ProofError::Claim("jti")), false),
    ("a jti of 128 bytes", |s| s.claims["jti"] = json!("j".repeat(128)), None, true),
    // htm.
    ("no htm", |s| { s.claims.as_object_mut().unwrap().remove("htm"); }, Some(ProofError::Claim("htm")), false),
    ("another htm", |s| s.claims["htm"] = json!("POST"), Some(ProofError::Method), false),
    ("htm in lower case", |s| s.claims["htm"] = json!("get"), Some(ProofError::Method), false),
    ("htm is a list", |s| s.claims["htm"] = json!(["GET"]), Some(ProofError::Claim("htm")), false),
    ("a request by another method", |s| s.method = "DELETE", Some(ProofError::Method), false),
    // htu.
    ("no htu", |s| { s.claims.as_object_mut().unwrap().remove("htu"); }, Some(ProofError::Claim("htu")), false),
    ("htu is a path", |s| s.claims["htu"] = json!("/orders"), Some(ProofError::Url), false),
    ("htu of another host", |s| s.claims["htu"] = json!("https://api.example.org/orders"), Some(ProofError::Url), false),
    ("htu of a host that begins alike", |s| s.claims["htu"] = json!("https://api.example.com.evil.example/orders"), Some(ProofError::Url), false),
    ("htu of another scheme", |s| s.claims["htu"] = json!("http://api.example.com/orders"), Some(ProofError::Url), false),
    ("htu of another port", |s| s.claims["htu"] = json!("https://api.example.com:8443/orders"), Some(ProofError::Url), false),
    ("htu of another path", |s| s.claims["htu"] = json!("https://api.example.com/orders/1"), Some(ProofError::Url), false),
    ("htu with a slash more", |s| s.claims["htu"] = json!("https://api.example.com/orders/"), Some(ProofError::Url), false),
    ("htu in other capitals", |s| s.claims["htu"] = json!("https://api.example.com/Orders"), Some(ProofError::Url), false),
    ("htu with a user", |s| s.claims["htu"] = json!("https://me@api.example.com/orders"), Some(ProofError::Url), true),
    ("htu with two slashes", |s| s.claims["htu"] = json!("https://api.example.com//orders"), Some(ProofError::Url), true),
    ("htu that is encoded wrongly", |s| s.claims["htu"] = json!("https://api.example.com/orders%"), Some(ProofError::Url), false),
    ("htu with a slash encoded", |s| s.claims["htu"] = json!("https://api.example.com%2Forders"), Some(ProofError::Url), false),
    ("htu written otherwise", |s| s.claims["htu"] = json!("HTTPS://API.example.com:443/x/../%6Frders"), None, true),
    ("htu with a query", |s| s.claims["htu"] = json!("https://api.example.com/orders?page=2"), None, true),
    ("htu with a fragment", |s| s.claims["htu"] = json!("https://api.example.com/orders#top"), None, true),
    ("a request with a query", |s| s.path = "/orders?page=2", None, true),
    ("a request with an absolute URL", |s| s.path = "http://10.0.0.1:8080/orders", None, false),
    ("a request to another path", |s| s.path = "/orders/1", Some(ProofError::Url), false),
    // iat.
    ("no iat", |s| { s.claims.as_object_mut().unwrap().remove("iat"); }, Some(ProofError::Claim("iat")), false),
    ("iat is a text", |s| s.claims["iat"] = json!(NOW.to_string()), Some(ProofError::Claim("iat")), true),
    ("iat in milliseconds", |s| s.claims["iat"] = json!(NOW * 1000), Some(ProofError::Claim("iat")), false),
    ("iat beyond all numbers", |s| s.claims["iat"] = json!(1e300), Some(ProofError::Claim("iat")), false),
    ("59 seconds old", |s| s.claims["iat"] = json!(NOW - 59), None, true),
    ("60 seconds old", |s| s.claims["iat"] = json!(NOW - 60), Some(ProofError::TooOld), false),
    ("a day old", |s| s.claims["iat"] = json!(NOW - 86_400), Some(ProofError::TooOld), false),
    ("4 seconds ahead", |s| s.claims["iat"] = json!(NOW + 4), None, true),
    ("a fraction ahead of that", |s| s.claims["iat"] = serde_json::from_str(&format!("{}.5", NOW + 4)).unwrap(), Some(ProofError::NotYetValid), true),
    ("5 seconds ahead", |s| s.claims["iat"] = json!(NOW + 5), Some(ProofError::NotYetValid), false),
    ("an hour ahead", |s| s.claims["iat"] = json!(NOW + 3600), Some(ProofError::NotYetValid), false),
    // ath, and the key.
    ("no ath", |s| { s.claims.as_object_mut().unwrap().remove("ath"); }, Some(ProofError::Claim("ath")), false),
    ("ath of another token", |s| s.claims["ath"] = json!(ring_digest("another")), Some(ProofError::OtherToken), false),
    ("ath with padding", |s| s.claims["ath"] = json!(ring_digest(&s.token) + "="), Some(ProofError::OtherToken), false),
    ("ath of no token", |s| s.claims["ath"] = json!(ring_digest("")), Some(ProofError::OtherToken), false),
    ("a token of another key", |s| { s.token = bound_to(&thumbprint(&RSA, "RS256")); s.claims["ath"] = json!(ring_digest(&s.token)); }, Some(ProofError::OtherKey), false),
    ("a token of no thumbprint", |s| { s.token = bound_to(""); s.claims["ath"] = json!(ring_digest(&s.token)); }, Some(ProofError::OtherKey), true),
    // What nobody asks for.
    ("a nonce", |s| s.claims["nonce"] = json!("n"), None, true),
    ("a nonce that is a number", |s| s.claims["nonce"] = json!(1), Some(ProofError::Claim("nonce")), true),
    ("other headers and claims", |s| { s.header["kid"] = json!(7); s.header["jku"] = json!("https://evil.example"); s.claims["exp"] = json!("never"); }, None, true),
];

#[test]
fn each_rule_of_a_proof_is_checked_alone() {
    assert!(TABLE.len() >= 60);
    for (what, edit, expected, _) in TABLE {
        let mut sent = Sent::by("ES256");
        edit(&mut sent);
        assert_eq!(verdict(&sent, &guard_with(ProofOptions::default())), *expected, "{what}");
    }
}

/// What Go refuses and the guard lets in: the reason is the path that the service has seen, and that the
/// service's own URL is set and not read from the request.
#[test]
fn nothing_is_let_in_that_descopes_go_sdk_refuses_without_a_reason() {
    let more: Vec<_> = TABLE
        .iter()
        .filter(|(_, _, ours, go)| ours.is_none() && !go)
        .map(|(what, ..)| *what)
        .collect();
    assert_eq!(more, ["a request with an absolute URL"]);
}

#[test]
fn proofs_by_every_algorithm() {
    for algorithm in ALGORITHMS {
        let guard = guard_with(ProofOptions::default());
        let sent = Sent::by(algorithm);
        assert_eq!(verdict(&sent, &guard), None, "{algorithm}");
        assert_eq!(verdict(&sent, &guard), Some(ProofError::Replayed), "{algorithm}");
        let mut other = Sent::by(algorithm);
        other.signer = if algorithm == "ES256" { &RSA } else { &P256 };
        assert!(verdict(&other, &guard).is_some(), "{algorithm}");
    }
}

#[test]
fn keys_that_are_too_weak() {
    let mut sent = Sent::by("RS256");
    let modulus = sent.header["jwk"]["n"].as_str().unwrap().to_owned();
    for n in [&modulus[..170], &modulus[..4], "", &format!("AAAA{modulus}")] {
        sent.header["jwk"]["n"] = json!(n);
        assert_eq!(verdict(&sent, &guard_with(ProofOptions::default())), Some(ProofError::Key));
    }
}

#[test]
fn a_proof_is_good_once_however_many_ask() {
    let guard = guard_with(ProofOptions::default());
    let sent: Vec<_> = (0..50)
        .map(|number| {
            let mut sent = Sent::by("ES256");
            sent.claims["jti"] = json!(format!("proof {number}"));
            guard.tokens(&sent.headers()).of_request("GET", "/orders")
        })
        .collect();
    let admitted = Mutex::new(vec![0; sent.len()]);
    std::thread::scope(|scope| {
        for thread in 0..64 {
            let (guard, sent, admitted) = (guard.clone(), &sent, &admitted);
            scope.spawn(move || {
                for turn in 0..sent.len() {
                    let at = (turn + thread) % sent.len();
                    match guard.validate(&sent[at], &anyone()) {
                        Ok(_) => admitted.lock().unwrap()[at] += 1,
                        Err(denied) => {
                            assert_eq!(denied.proof_error(), Some(ProofError::Replayed));
                        }
                    }
                }
            });
        }
    });
    assert_eq!(admitted.into_inner().unwrap(), vec![1; 50]);
}

#[test]
fn the_same_jti_of_another_key_is_another_proof() {
    let guard = guard_with(ProofOptions::default());
    for algorithm in ["ES256", "ES384", "EdDSA", "RS256"] {
        assert_eq!(verdict(&Sent::by(algorithm), &guard), None);
    }
    // The same key and `jti`, at another time: it is known by them alone.
    let mut later = Sent::by("ES256");
    later.claims["iat"] = json!(NOW - 30);
    assert_eq!(verdict(&later, &guard), Some(ProofError::Replayed));
}

#[test]
fn only_good_proofs_are_remembered() {
    let guard = guard_with(ProofOptions::default().capacity(1));
    for (what, edit, expected, _) in TABLE {
        let mut sent = Sent::by("ES256");
        edit(&mut sent);
        if expected.is_some() {
            assert_eq!(verdict(&sent, &guard), *expected, "{what}");
        }
    }
    assert_eq!(verdict(&Sent::by("ES256"), &guard), None);
    // Full: what cannot be known is not refused for ever.
    let denied = Sent::by("EdDSA").at(&guard).unwrap_err();
    assert_eq!((denied.status().as_u16(), denied.reason()), (503, Reason::Unavailable));
    assert_eq!((denied.proof_error(), denied.challenge()), (Some(ProofError::Unknown), None));
}

#[test]
fn processes_can_share_what_they_remember() {
    #[derive(Default)]
    struct Shared(Mutex<HashSet<String>>);

    impl ProofMemory for Shared {
        fn remember(
            &self,
            proof: &ProofId,
            now: UnixTime,
            until: UnixTime,
        ) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
            assert_eq!((now.as_seconds(), until.as_seconds()), (NOW, NOW + 60 + 2 * 5));
            assert_eq!(proof.to_string().len(), 43);
            Ok(self.0.lock().unwrap().insert(proof.to_string()))
        }
    }

    let memory: Arc<dyn ProofMemory> = Arc::new(Shared::default());
    let [one, other] =
        [(); 2].map(|()| guard_with(ProofOptions::default().memory(Arc::clone(&memory))));
    assert_eq!(verdict(&Sent::by("ES256"), &one), None);
    assert_eq!(verdict(&Sent::by("ES256"), &other), Some(ProofError::Replayed));
    assert_eq!(verdict(&Sent::by("EdDSA"), &other), None);
}

#[test]
fn nonces_of_the_service() {
    let options = || ProofOptions::default().nonce_key(NONCE_KEY);
    let guard = guard_with(options());
    let nonce = guard.dpop_nonce().unwrap();
    let nonce = nonce.to_str().unwrap();
    let with = |nonce: &str| {
        let mut sent = Sent::by("ES256");
        sent.claims["nonce"] = json!(nonce);
        sent
    };
    let without = Sent::by("ES256");
    assert_eq!(verdict(&without, &guard), Some(ProofError::Nonce));
    let challenge = without.at(&guard).unwrap_err().challenge().unwrap();
    assert!(challenge.starts_with(r#"DPoP error="use_dpop_nonce", algs="ES256 "#), "{challenge}");
    let flipped = {
        let last = if nonce.ends_with('A') { 'Q' } else { 'A' };
        nonce[..nonce.len() - 1].to_owned() + &last.to_string()
    };
    let other = guard_with(ProofOptions::default().nonce_key("another key, of 32 bytes and more"));
    let foreign = other.dpop_nonce().unwrap();
    for bad in ["", "n", &nonce[1..], &format!("{nonce}A"), &flipped, foreign.to_str().unwrap()] {
        assert_eq!(verdict(&with(bad), &guard), Some(ProofError::Nonce), "{bad}");
    }
    assert_eq!(verdict(&with(nonce), &guard), None);
    // Another process with the key takes it too. Without nonces, there is none to send.
    assert_eq!(verdict(&with(nonce), &guard_with(options())), None);
    assert_eq!(guard_with(ProofOptions::default()).dpop_nonce(), None);
}

#[test]
fn the_public_url_of_the_service_counts() {
    for (service, path, htu) in [
        ("https://example.com/api", "/orders", "https://example.com/api/orders"),
        ("https://example.com/api/", "/orders", "https://example.com/api/orders"),
        ("https://EXAMPLE.com:443", "/", "https://example.com"),
        ("https://example.com", "", "https://example.com/"),
        ("http://[::1]:8080", "/a%2fb/%7E", "http://[::1]:8080/a%2Fb/~"),
    ] {
        let proofs = Proofs::new(service).unwrap();
        let guard =
            Guard::with_options(&the_client(), GuardOptions::default().proofs(proofs)).unwrap();
        let mut sent = Sent::by("ES256");
        sent.path = path;
        sent.claims["htu"] = json!(htu);
        assert_eq!(verdict(&sent, &guard), None, "{service} {path}");
    }
    let refused = |url: &str, options| Proofs::with_options(url, options).unwrap_err().to_string();
    let default = ProofOptions::default;
    for bad in [
        "",
        "example.com",
        "ftp://example.com",
        "https://u@example.com",
        "https://a/?b",
        "https://a/#b",
    ] {
        assert!(refused(bad, default()).contains("`url`"), "{bad}");
    }
    let second = Duration::from_secs(1);
    assert!(refused(SERVICE, default().max_age(Duration::ZERO)).contains("`max_age`"));
    assert!(refused(SERVICE, default().max_age(601 * second)).contains("`max_age`"));
    assert!(refused(SERVICE, default().leeway(121 * second)).contains("`leeway`"));
    assert!(refused(SERVICE, default().capacity(0)).contains("`capacity`"));
    let short = refused(SERVICE, default().nonce_key(&NONCE_KEY[1..]));
    assert!(short.contains("`nonce_key`") && !short.contains(&NONCE_KEY[1..]));
}

#[test]
fn a_guard_that_is_not_told_the_request_says_so() {
    let guard = guard_with(ProofOptions::default());
    let tokens = guard.tokens(&Sent::by("ES256").headers());
    let denied = guard.validate(&tokens, &anyone()).unwrap_err();
    assert_eq!((denied.status().as_u16(), denied.reason()), (500, Reason::Misconfigured));
    assert!(denied.to_string().contains("of_request"));
}

#[test]
fn cookies_and_tokens_from_elsewhere_need_a_proof_too() {
    let guard = guard_with(ProofOptions::default());
    let sent = Sent::by("ES256");
    let cookie = headers(&[("cookie", format!("DS={}", sent.token).as_bytes())]);
    let tokens = guard.tokens(&cookie).of_request("GET", "/orders");
    let denied = guard.validate(&tokens, &anyone()).unwrap_err();
    assert_eq!(denied.reason(), Reason::ProofMissing);
    assert!(guard.validate(&tokens.proof(sent.text()), &anyone()).is_ok());

    let mut sent = Sent::by("ES256");
    sent.claims["jti"] = json!("another");
    let tokens = RequestTokens::default().session_token(sent.token.clone());
    let tokens = tokens.of_request("GET", "/orders").proof(sent.text());
    let debug = format!("{tokens:?}");
    assert!(!debug.contains(&sent.text()) && !debug.contains(&sent.token), "{debug}");
    assert!(guard.validate(&tokens, &anyone()).is_ok());
    // Roles are looked at after the proof: who has stolen a token learns nothing.
    let admins = Access::default().roles(["admin"]);
    let denied = guard.validate(&tokens, &admins).unwrap_err();
    assert_eq!(denied.proof_error(), Some(ProofError::Replayed));
}

#[test]
fn a_refresh_does_not_stand_in_for_a_proof() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let proofs = Proofs::new(SERVICE).unwrap();
    let guard = Guard::with_options(&client, GuardOptions::default().proofs(proofs)).unwrap();
    let key = DpopKey::generate().unwrap();
    let info = sign_in(&emulator, &client);
    let bound = emulator
        .issue_token(json!({
            "sub": info.user.user_id, "drn": "DS", "cnf": { "jkt": key.thumbprint() },
        }))
        .unwrap();
    let app = App::inbound("c").dpop(key);
    let proof = || client.oidc(&app).dpop_proof("GET", "https://api.example.com/", &bound).unwrap();
    let tokens = |proof: Option<Secret>| {
        let tokens = RequestTokens::default()
            .session_token(bound.clone())
            .refresh_token(info.refresh_token().unwrap())
            .of_request("GET", "/");
        proof.into_iter().fold(tokens, RequestTokens::proof)
    };
    let denied = guard.validate_and_refresh(&tokens(None), &anyone()).unwrap_err();
    assert_eq!(denied.reason(), Reason::ProofMissing);
    assert!(guard.validate_and_refresh(&tokens(Some(proof())), &anyone()).is_ok());
    assert_eq!(emulator.requests("/v1/auth/refresh"), 0);
}

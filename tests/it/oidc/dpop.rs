//! Tokens that are bound to a key.

use descope::Secret;
use descope::oidc::{DpopKey, Tokens};
use serde_json::{Value, json};

use super::{
    NOW, Seen, Server, app, argument, claims_of, response, ring_digest, tokens, with_header,
};

fn proofs(seen: &[Seen]) -> Vec<(Value, Value)> {
    seen.iter().map(|seen| claims_of(seen.header("dpop").unwrap())).collect()
}

#[test]
fn a_proof_says_what_it_is_for() {
    let (server, key) = (Server::new(), DpopKey::generate().unwrap());
    server.answer(200, &tokens());
    let app = app().dpop(key.clone());
    server.client().oidc(&app).refresh("r", &Default::default()).unwrap();
    let (header, claims) = proofs(&server.seen()).remove(0);
    assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
    assert!(header["jwk"]["d"].is_null() && header["jwk"]["crv"] == "P-256");
    let jwk = &header["jwk"];
    let canonical = json!({ "crv": jwk["crv"], "kty": jwk["kty"], "x": jwk["x"], "y": jwk["y"] });
    assert_eq!(ring_digest(&canonical.to_string()), key.thumbprint());
    assert_eq!((&claims["htm"], &claims["iat"]), (&json!("POST"), &json!(NOW)));
    assert_eq!(claims["htu"], "https://login.example.com/token");
    assert!(claims["jti"].as_str().unwrap().len() >= 16);
    assert_eq!(claims.as_object().unwrap().len(), 4);
}

#[test]
fn a_nonce_is_given_once_and_then_remembered() {
    let ask = |nonce: &str| {
        with_header(response(400, &json!({ "error": "use_dpop_nonce" })), "DPoP-Nonce", nonce)
    };
    let server = Server::new();
    server.respond(Ok(ask("n1")));
    server.respond(Ok(with_header(response(200, &tokens()), "dpop-nonce", "n2")));
    server.answer(200, &tokens());
    let app = app().dpop(DpopKey::generate().unwrap());
    let client = server.client();
    client.oidc(&app).refresh("r", &Default::default()).unwrap();
    client.clone().oidc(&app).refresh("r", &Default::default()).unwrap();
    let proofs = proofs(&server.seen());
    let nonces: Vec<_> = proofs.iter().map(|(_, claims)| claims["nonce"].clone()).collect();
    assert_eq!(nonces, [Value::Null, json!("n1"), json!("n2")]);
    assert_ne!(proofs[0].1["jti"], proofs[1].1["jti"]);
    // A server that is never content is not asked for ever.
    let server = Server::new();
    server.respond(Ok(ask("n1"))).respond(Ok(ask("n2")));
    let error = server.client().oidc(&app).refresh("r", &Default::default()).unwrap_err();
    assert_eq!(error.code(), Some(descope::codes::USE_DPOP_NONCE));
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn nothing_else_makes_the_client_ask_again() {
    let key = DpopKey::generate().unwrap();
    let asking = json!({ "error": "use_dpop_nonce" });
    for (answer, with_key) in [
        (response(400, &asking), true),
        (with_header(response(400, &asking), "dpop-nonce", "a\"b"), true),
        (with_header(response(400, &asking), "dpop-nonce", "n"), false),
        (with_header(response(400, &json!({ "error": "invalid_grant" })), "dpop-nonce", "n"), true),
        (with_header(response(403, &asking), "dpop-nonce", "n"), true),
    ] {
        let server = Server::new();
        server.respond(Ok(answer));
        let app = if with_key { app().dpop(key.clone()) } else { app() };
        assert!(server.client().oidc(&app).refresh("r", &Default::default()).is_err());
        assert_eq!(server.seen().len(), 1);
    }
}

#[test]
fn requests_of_ones_own_are_proved_too() {
    let client = Server::new().client();
    let app = app().dpop(DpopKey::generate().unwrap());
    let oidc = client.oidc(&app);
    let url = "https://API.example.com/orders?page=2#x";
    let claims = claims_of(oidc.dpop_proof("GET", url, "the token").unwrap().expose()).1;
    assert_eq!((&claims["htm"], &claims["ath"]), (&json!("GET"), &json!(ring_digest("the token"))));
    assert_eq!(claims["htu"], "https://API.example.com/orders");
    assert!(claims["nonce"].is_null());
    oidc.remember_dpop_nonce("https://api.example.com/", "n1").unwrap();
    let nonce =
        |url| claims_of(oidc.dpop_proof("GET", url, "t").unwrap().expose()).1["nonce"].clone();
    assert_eq!(nonce(url), "n1");
    assert_eq!(nonce("https://other.example.com/orders"), Value::Null);
    assert_eq!(argument(oidc.dpop_proof("GET", "/orders", "t")), "url");
    assert_eq!(argument(oidc.dpop_proof("GET", url, "")), "access_token");
    for bad in ["", "a b", "a\"", "\\", "é", &"x".repeat(1025)] {
        assert_eq!(argument(oidc.remember_dpop_nonce(url, bad)), "nonce");
    }
    assert!(client.oidc(&super::app()).dpop_proof("GET", url, "t").unwrap_err().is_misconfigured());
}

#[test]
fn the_users_claims_are_asked_for_with_proof() {
    let server = Server::new();
    let asked = with_header(response(401, &json!({})), "dpop-nonce", "n1");
    let challenge = r#"DPoP error="use_dpop_nonce", error_description="x", algs="ES256""#;
    server.respond(Ok(with_header(asked, "www-authenticate", challenge)));
    server.answer(200, &json!({ "sub": "U1" }));
    let app = app().dpop(DpopKey::generate().unwrap());
    let mut tokens = Tokens::new("t");
    tokens.token_type = "DPoP".into();
    assert_eq!(server.client().oidc(&app).user_info(&tokens).unwrap().subject, "U1");
    let seen = server.seen();
    assert_eq!(seen[1].header("authorization"), Some("DPoP t"));
    let claims = &proofs(&seen)[1].1;
    assert_eq!((&claims["nonce"], &claims["htm"]), (&json!("n1"), &json!("GET")));
    assert_eq!(claims["ath"], ring_digest("t"));
    // A token that is not bound needs none.
    server.answer(200, &json!({ "sub": "U1" }));
    server.client().oidc(&app).user_info(&Tokens::new("t")).unwrap();
    let last = server.seen().pop().unwrap();
    assert_eq!((last.header("authorization"), last.header("dpop")), (Some("Bearer t"), None));
}

#[test]
fn keys_are_kept_as_pem() {
    let key = DpopKey::generate().unwrap();
    let pem = key.to_pem();
    assert!(pem.expose().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert_eq!(DpopKey::from_pem(&pem).unwrap().thumbprint(), key.thumbprint());
    assert_ne!(DpopKey::generate().unwrap().thumbprint(), key.thumbprint());
    assert!(!format!("{key:?}").contains("MIG"));
    let kept = DpopKey::from_pem(&Secret::from(include_str!("p256.pem"))).unwrap();
    assert_eq!(kept.thumbprint().len(), 43);
    for other in ["", include_str!("rsa.pem"), include_str!("ed25519.pem")] {
        assert_eq!(argument(DpopKey::from_pem(&Secret::from(other))), "dpop_key");
    }
}

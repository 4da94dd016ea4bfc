//! What clients sign: proofs of possession, and assertions.

use super::*;

const URL: &str = "http://localhost/oauth2/v1/apps/token";

/// A nonce of the token endpoint.
fn nonce(server: &Server, key: &Key) -> String {
    let proof = key.proof(server, "POST", URL, &json!({}));
    let pairs = [("grant_type", "refresh_token"), ("client_id", "cli")];
    let answer = server.post_with(&format!("{INBOUND}/token"), &[("dpop", &proof)], &pairs);
    answer.refused(400, "use_dpop_nonce");
    answer.header("dpop-nonce").to_owned()
}

/// The public client redeems a code with a proof that has these claims beside a nonce.
fn redeem(server: &Server, key: &Key, code: &str, changes: &Value) -> Response {
    let mut claims = json!({ "nonce": nonce(server, key) });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let proof = key.proof(server, "POST", URL, &claims);
    redeem_with(server, &proof, code)
}

fn redeem_with(server: &Server, proof: &str, code: &str) -> Response {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("client_id", "cli"),
        ("redirect_uri", LOOPBACK),
        ("code_verifier", VERIFIER),
    ];
    server.post_with(&format!("{INBOUND}/token"), &[("dpop", proof)], &pairs)
}

fn refresh(server: &Server, key: &Key, token: &str) -> Response {
    let proof = key.proof(server, "POST", URL, &json!({ "nonce": nonce(server, key) }));
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "cli")];
    server.post_with(&format!("{INBOUND}/token"), &[("dpop", &proof)], &pairs)
}

fn thumbprint(key: &Key) -> String {
    let jwk = key.jwk();
    s256(&format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]))
}

#[test]
fn tokens_are_bound_to_the_key_that_was_proved() {
    let (server, key, thief) = (Server::start(), Key::new(), Key::new());
    let code = server.code(&[("dpop_jkt", &thumbprint(&key))]);
    redeem(&server, &thief, &code, &json!({})).refused(400, "invalid_grant");
    // The code is not used up by the request that learns the nonce.
    let tokens = redeem(&server, &key, &code, &json!({})).ok();
    assert_eq!(tokens.text("token_type"), "DPoP");
    let access = tokens.text("access_token");
    assert_eq!(claims(access)["cnf"], json!({ "jkt": thumbprint(&key) }));

    // The refresh token of a public client is bound too.
    let refresh_token = tokens.text("refresh_token");
    refresh(&server, &thief, refresh_token).refused(400, "invalid_grant");
    server.refresh(refresh_token).refused(400, "invalid_grant");
    let tokens = refresh(&server, &key, refresh_token).ok();
    let access = tokens.text("access_token");

    let (path, url) =
        (format!("{INBOUND}/userinfo"), format!("http://localhost{INBOUND}/userinfo"));
    let ask = |scheme: &str, proof: &str| {
        let header = format!("{scheme} {access}");
        server.send("GET", &path, &[("authorization", &header), ("dpop", proof)], "")
    };
    let ath = s256(access);
    let proof = key.proof(&server, "GET", &url, &json!({ "ath": ath }));
    ask("DPoP", &proof).ok();
    let replayed = ask("DPoP", &proof);
    replayed.refused(401, "invalid_token");
    assert!(replayed.header("www-authenticate").starts_with("DPoP error="));
    server.userinfo(access).refused(401, "invalid_token");
    for (proof, what) in [
        (thief.proof(&server, "GET", &url, &json!({ "ath": ath })), "another key"),
        (key.proof(&server, "GET", &url, &json!({})), "no ath"),
        (key.proof(&server, "GET", &url, &json!({ "ath": s256("x") })), "another token"),
        (key.proof(&server, "POST", &url, &json!({ "ath": ath })), "another method"),
        (key.proof(&server, "GET", URL, &json!({ "ath": ath })), "another URL"),
    ] {
        assert_eq!(ask("DPoP", &proof).status, 401, "{what}");
    }
    let plain = server.tokens();
    let header = format!("DPoP {}", plain.text("access_token"));
    let unbound = server.send("GET", &path, &[("authorization", &header), ("dpop", &proof)], "");
    unbound.refused(401, "invalid_token");
}

#[test]
fn a_proof_is_of_one_request_one_nonce_and_one_time() {
    let (server, key) = (Server::start(), Key::new());
    let code = server.code(&[]);
    for (what, changes) in [
        ("another method", json!({ "htm": "GET" })),
        ("another URL", json!({ "htu": "http://localhost/oauth2/v1/token" })),
        ("another host", json!({ "htu": "http://evil.example/oauth2/v1/apps/token" })),
        ("no URL", json!({ "htu": null })),
        ("too old", json!({ "iat": server.now() - 120 })),
        ("from the future", json!({ "iat": server.now() + 120 })),
        ("no time", json!({ "iat": null })),
        ("no jti", json!({ "jti": null })),
    ] {
        let answer = redeem(&server, &key, &code, &changes);
        assert_eq!((answer.status, answer.text("error")), (400, "invalid_dpop_proof"), "{what}");
    }
    for (what, wrong) in [("none", json!(null)), ("a guessed one", json!("x"))] {
        let answer = redeem(&server, &key, &code, &json!({ "nonce": wrong }));
        assert_eq!(answer.text("error"), "use_dpop_nonce", "{what}");
    }
    // With a nonce that was used, and with a `jti` that was.
    let first = nonce(&server, &key);
    let once = key.proof(&server, "POST", URL, &json!({ "nonce": first, "jti": "one" }));
    redeem_with(&server, &once, "wrong").refused(400, "invalid_grant");
    redeem_with(&server, &once, &code).refused(400, "use_dpop_nonce");
    redeem(&server, &key, &code, &json!({ "jti": "one" })).refused(400, "invalid_dpop_proof");
    redeem(&server, &key, &code, &json!({ "htu": format!("{URL}?a#b") })).ok();
}

#[test]
fn a_proof_is_signed_by_the_public_key_that_it_names() {
    let (server, key, other) = (Server::start(), Key::new(), Key::new());
    let code = server.code(&[]);
    let claims = || {
        json!({ "jti": s256(&nonce(&server, &key)), "htm": "POST", "htu": URL, "iat": server.now(),
            "nonce": nonce(&server, &key) })
    };
    let mut private = key.jwk();
    private["d"] = json!("x");
    for (what, header) in [
        ("another typ", json!({ "typ": "JWT", "alg": "ES256", "jwk": key.jwk() })),
        ("none", json!({ "typ": "dpop+jwt", "alg": "none", "jwk": key.jwk() })),
        ("a shared secret", json!({ "typ": "dpop+jwt", "alg": "HS256", "jwk": key.jwk() })),
        ("another algorithm", json!({ "typ": "dpop+jwt", "alg": "RS256", "jwk": key.jwk() })),
        ("another key", json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": other.jwk() })),
        ("a private key", json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": private })),
        ("no key", json!({ "typ": "dpop+jwt", "alg": "ES256" })),
    ] {
        let answer = redeem_with(&server, &key.sign(&header, &claims()), &code);
        assert_eq!(answer.text("error"), "invalid_dpop_proof", "{what}");
    }
    redeem_with(&server, "x.y.z", &code).refused(400, "invalid_dpop_proof");
    let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": key.jwk() });
    let proof = key.sign(&header, &claims());
    let pairs = [("grant_type", "refresh_token"), ("client_id", "cli")];
    let twice = [("dpop", &*proof), ("dpop", &*proof)];
    let answer = server.post_with(&format!("{INBOUND}/token"), &twice, &pairs);
    answer.refused(400, "invalid_dpop_proof");
}

/// A client that registered this key.
fn registered(server: &Server, key: &Key) -> String {
    let mut jwk = key.jwk();
    jwk["kid"] = json!("one");
    let seed = json!({ "inboundApps": [{
        "id": "signer", "name": "Signer",
        "permissionsScopes": [{ "name": "docs", "values": ["read"] }],
        "jwtBearerSettings": { "issuers": {
            "https://idp.example": { "jwks": { "keys": [jwk] }, "externalIdFieldName": "email" },
        } },
        "state": { "clientId": "signer", "secrets": [], "jwks": { "keys": [jwk] } },
    }] });
    server.0.seed(&seed).unwrap();
    "signer".to_owned()
}

fn assertion(server: &Server, key: &Key, changes: &Value) -> String {
    let mut claims = json!({
        "iss": "signer", "sub": "signer", "aud": URL, "exp": server.now() + 60,
        "jti": s256(&format!("{changes}{:?}", std::time::Instant::now())),
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    key.sign(&json!({ "alg": "ES256", "kid": "one" }), &claims)
}

#[test]
fn a_client_proves_itself_by_its_key() {
    let (server, key, other) = (Server::start(), Key::new(), Key::new());
    registered(&server, &key);
    let by = |assertion: &str| {
        server.token(&[
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ])
    };
    let issuer = "http://localhost/v1/apps/P2project";
    for aud in [json!(URL), json!(issuer), json!(["https://other.example", issuer])] {
        let tokens = by(&assertion(&server, &key, &json!({ "aud": aud }))).ok();
        assert_eq!(claims(tokens.text("access_token"))["sub"], "signer");
    }
    for (what, wrong) in [
        ("another key", assertion(&server, &other, &json!({}))),
        (
            "another client",
            assertion(&server, &key, &json!({ "iss": "partner", "sub": "partner" })),
        ),
        ("another issuer", assertion(&server, &key, &json!({ "iss": "https://idp.example" }))),
        (
            "another audience",
            assertion(&server, &key, &json!({ "aud": "https://api.descope.com" })),
        ),
        ("over", assertion(&server, &key, &json!({ "exp": server.now() - 1 }))),
        ("for too long", assertion(&server, &key, &json!({ "exp": server.now() + 90_000 }))),
        ("for ever", assertion(&server, &key, &json!({ "exp": null }))),
        ("not yet", assertion(&server, &key, &json!({ "nbf": server.now() + 600 }))),
        ("no jti", assertion(&server, &key, &json!({ "jti": null }))),
        ("no token", "x.y.z".to_owned()),
    ] {
        let answer = by(&wrong);
        assert_eq!((answer.status, answer.text("error")), (401, "invalid_client"), "{what}");
    }
    let once = assertion(&server, &key, &json!({}));
    by(&once).ok();
    by(&once).refused(401, "invalid_client");
    // It has nothing else to prove itself with.
    let none = [("grant_type", "client_credentials"), ("client_id", "signer")];
    server.token(&none).refused(401, "invalid_client");
}

#[test]
fn an_assertion_that_the_management_api_signs_by_any_algorithm_proves_the_client() {
    use descope::mgmt::jwt::{AssertionAlgorithm, ClientAssertion};

    let (server, key) = (Server::start(), Key::new());
    registered(&server, &key);
    let client = descope::Client::builder().emulator(&server.0).build().unwrap();
    for algorithm in ["RS256", "RS384", "ES384"] {
        let options = ClientAssertion::default()
            .flatten_audience(true)
            .algorithm(AssertionAlgorithm::from(algorithm.to_owned()));
        let a_minute = std::time::Duration::from_secs(60);
        let jwt = client.mgmt().jwt();
        let made = jwt.client_assertion("signer", "signer", &[URL], a_minute, &options).unwrap();
        let header = made.expose().split('.').next().unwrap();
        let header: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
        assert_eq!(header["alg"], algorithm);
        let tokens = server.token(&[
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", made.expose()),
        ]);
        assert_eq!(claims(tokens.ok().text("access_token"))["sub"], "signer", "{algorithm}");
    }
}

#[test]
fn another_issuers_assertion_becomes_tokens_for_its_user() {
    let (server, key, other) = (Server::start(), Key::new(), Key::new());
    registered(&server, &key);
    let by = |signer: &Key, changes: Value, scope: &str| {
        let mut all = json!({ "iss": "https://idp.example", "sub": "17", "email": ADA });
        for (name, value) in changes.as_object().unwrap() {
            all[name] = value.clone();
        }
        server.token(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion(&server, &key, &json!({}))),
            ("assertion", &assertion(&server, signer, &all)),
            ("scope", scope),
        ])
    };
    by(&key, json!({}), "docs").refused(400, "consent_required");
    let consent = json!({ "appId": "signer", "loginId": ADA, "scopes": ["docs"] });
    server.0.seed(&json!({ "inboundConsents": [consent] })).unwrap();
    let tokens = by(&key, json!({}), "openid docs offline_access").ok();
    assert_eq!(claims(tokens.text("access_token"))["permissions"], json!(["read"]));
    assert!(tokens.json["refresh_token"].is_string() && tokens.json["id_token"].is_string());
    for (what, signer, changes) in [
        ("another key", &other, json!({})),
        ("an unknown issuer", &key, json!({ "iss": "https://evil.example" })),
        ("an unknown user", &key, json!({ "email": "nobody@example.com" })),
        ("another audience", &key, json!({ "aud": "https://api.example" })),
        ("over", &key, json!({ "exp": 1 })),
    ] {
        let answer = by(signer, changes, "docs");
        assert_eq!((answer.status, answer.text("error")), (400, "invalid_grant"), "{what}");
    }
}

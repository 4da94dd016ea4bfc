//! Each way to tokens, as it should go.

use super::*;

#[test]
fn discovery_is_the_same_from_every_place_and_names_only_what_is_there() {
    let server = Server::start();
    for (issuer, places) in [
        ("/P2project", vec!["/.well-known/oauth-authorization-server/P2project"]),
        ("/P2project/SAweb", vec!["/.well-known/oauth-authorization-server/P2project/SAweb"]),
        (
            "/v1/apps/P2project",
            vec![
                "/.well-known/oauth-authorization-server/v1/apps/P2project",
                "/.well-known/openid-configuration/v1/apps/P2project",
            ],
        ),
    ] {
        let found = server.get(&format!("{issuer}/.well-known/openid-configuration")).ok();
        assert_eq!(found.text("issuer"), format!("http://localhost{issuer}"));
        let other = format!("{issuer}/.well-known/oauth-authorization-server");
        for place in places.into_iter().chain([&*other]) {
            assert_eq!(server.get(place).ok().json, found.json, "{place}");
        }
        let document = found.json.as_object().unwrap();
        let urls =
            document.iter().filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
        let mut count = 0;
        for (name, url) in urls {
            let path = url.as_str().unwrap().strip_prefix("http://localhost").unwrap();
            let statuses = ["GET", "POST"].map(|method| server.send(method, path, &[], "").status);
            assert!(!statuses.contains(&404) && !statuses.contains(&501), "{name} {statuses:?}");
            count += 1;
        }
        assert!(count >= 7, "{count}");
        assert_eq!(found.json["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(found.json["authorization_response_iss_parameter_supported"], json!(true));
    }
    let scopes = &server.get("/v1/apps/P2project/.well-known/openid-configuration").json;
    let expected = json!(["openid", "offline_access", "docs", "extra", "plan", "email"]);
    assert_eq!(scopes["scopes_supported"], expected);
    server.get("/P2other/.well-known/openid-configuration").refused(404, "invalid_request");
    server.get("/P2project/SAno/.well-known/openid-configuration").refused(404, "invalid_request");
}

#[test]
fn the_key_set_needs_no_bearer_and_takes_head() {
    let server = Server::start();
    let set = server.get("/P2project/.well-known/jwks.json").ok();
    assert_eq!(set.json["keys"][0]["alg"], "RS256");
    for path in ["/v2/keys/P2project", "/v1/apps/P2project/.well-known/jwks.json"] {
        assert_eq!(server.get(path).ok().json, set.json, "{path}");
        assert_eq!(server.send("HEAD", path, &[], "").status, 200, "{path}");
    }
    // With a bearer, it is checked as before.
    let wrong = server.send("GET", "/v2/keys/P2project", &[("authorization", "Bearer P2x")], "");
    assert_eq!(wrong.json["errorCode"], "EMU401");
}

#[test]
fn a_code_becomes_tokens_with_the_claims_of_the_application() {
    let server = Server::start();
    let url = server.allowed(&[]);
    assert!(url.starts_with("http://127.0.0.1:49152/callback?code="), "{url}");
    assert_eq!(parameter(&url, "state").as_deref(), Some("s t/a"));
    let issuer = "http://localhost/v1/apps/P2project";
    assert_eq!(parameter(&url, "iss").as_deref(), Some(issuer));
    let answer = server.redeem(&parameter(&url, "code").unwrap(), &[]).ok();
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        (&answer.json["token_type"], &answer.json["expires_in"], &answer.json["scope"]),
        (&json!("Bearer"), &json!(600), &json!("openid docs offline_access"))
    );
    let access = claims(answer.text("access_token"));
    let ada = access["sub"].clone();
    assert!(ada.as_str().unwrap().starts_with('U'));
    for (name, value) in [
        ("iss", json!(issuer)),
        ("aud", json!(["P2project", "cli"])),
        ("azp", json!("cli")),
        ("client_id", json!("cli")),
        ("scope", json!("openid docs offline_access")),
        ("permissions", json!(["read"])),
        ("exp", json!(access["iat"].as_i64().unwrap() + 600)),
    ] {
        assert_eq!(access[name], value, "{name}");
    }
    let token = answer.text("id_token");
    let id = claims(token);
    let half = digest(&SHA256, answer.text("access_token").as_bytes());
    for (name, value) in [
        ("iss", json!(issuer)),
        ("sub", ada),
        ("aud", json!("cli")),
        ("nonce", json!("n1")),
        ("at_hash", json!(URL_SAFE_NO_PAD.encode(&half.as_ref()[..16]))),
    ] {
        assert_eq!(id[name], value, "{name}");
    }
    assert!(id["sid"].is_string() && id["auth_time"].as_i64() <= id["iat"].as_i64());
    // Its consent is there.
    let consents = crate::emulated::manage(
        &server.0,
        "/v1/mgmt/thirdparty/consents/search",
        &json!({ "appId": "cli" }),
    );
    let scopes = json!(["openid", "docs", "offline_access"]);
    assert_eq!(consents["consents"][0]["scopes"], scopes, "{consents}");
}

#[test]
fn a_refresh_rotates_and_narrows() {
    let server = Server::start();
    let first = server.tokens();
    let second = server.refresh(first.text("refresh_token")).ok();
    assert_ne!(first.text("refresh_token"), second.text("refresh_token"));
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", second.text("refresh_token")),
        ("client_id", "cli"),
        ("scope", "openid"),
    ];
    let third = server.token(&pairs).ok();
    assert_eq!(claims(third.text("access_token"))["scope"], "openid");
    let fourth = server.refresh(third.text("refresh_token")).ok();
    assert_eq!(fourth.text("scope"), "openid docs offline_access", "what was granted stays");
    // Past the life of the session that began it.
    let mut token = fourth.text("refresh_token").to_owned();
    for _ in 0..4 {
        server.wait(20 * 24 * 60 * 60);
        token = server.refresh(&token).ok().text("refresh_token").to_owned();
    }
    server.wait(28 * 24 * 60 * 60);
    server.refresh(&token).refused(400, "invalid_grant");
}

#[test]
fn a_client_proves_itself_in_each_way_but_one_at_a_time() {
    let server = Server::start();
    let grant = ("grant_type", "client_credentials");
    let secret = ("client_secret", "partner secret:+%");
    let path = format!("{INBOUND}/token");
    let header = basic("partner", "partner secret:+%");
    let raw = format!("Basic {}", STANDARD.encode("partner:partner secret:+%"));
    for header in [&header, &raw] {
        let answer = server.post_with(&path, &[("authorization", header)], &[grant]).ok();
        let found = claims(answer.text("access_token"));
        assert_eq!(
            (&found["sub"], &found["scope"]),
            (&json!("partner"), &json!("docs extra plan email"))
        );
        assert_eq!(found["permissions"], json!(["read", "write"]));
        assert!(
            answer.json.get("refresh_token").is_none() && answer.json.get("id_token").is_none()
        );
    }
    let by_post = server.token(&[grant, ("client_id", "partner"), secret]).ok();
    assert_eq!(claims(by_post.text("access_token"))["azp"], "partner");
    let json = json!({ "grant_type": "client_credentials", "client_id": "partner",
        "client_secret": "partner secret:+%", "resource": ["https://api.example/a"] });
    let kind = [("content-type", "application/json")];
    let by_json = server.send("POST", &path, &kind, &json.to_string()).ok();
    assert_eq!(claims(by_json.text("access_token"))["aud"], "https://api.example/a");
    let twice = [grant, ("client_id", "partner"), secret];
    let twice = server.post_with(&path, &[("authorization", &header)], &twice);
    twice.refused(400, "invalid_request");
}

#[test]
fn a_device_gets_tokens_once_its_user_has_decided() {
    let server = Server::start();
    let start = || {
        let pairs = [("client_id", "cli"), ("scope", "openid docs")];
        server.post(&format!("{INBOUND}/device"), &pairs).ok()
    };
    let poll = |started: &Response| {
        server.token(&[
            ("grant_type", DEVICE),
            ("device_code", started.text("device_code")),
            ("client_id", "cli"),
        ])
    };
    let device = start();
    let code = device.text("user_code");
    assert!(code.len() == 9 && code.as_bytes()[4] == b'-', "{code}");
    let complete = format!("{}?user_code={code}", device.text("verification_uri"));
    assert_eq!(device.text("verification_uri_complete"), complete);
    assert_eq!((&device.json["interval"], &device.json["expires_in"]), (&json!(5), &json!(600)));
    poll(&device).refused(400, "authorization_pending");
    poll(&device).refused(400, "slow_down");
    server.wait(5);
    poll(&device).refused(400, "slow_down");
    server.wait(15);
    poll(&device).refused(400, "authorization_pending");
    server.0.oidc().approve_device(&code.to_lowercase().replace('-', " "), ADA).unwrap();
    server.wait(15);
    let tokens = poll(&device).ok();
    assert_eq!(claims(tokens.text("access_token"))["scope"], "openid docs");
    assert_eq!(
        server.userinfo(tokens.text("access_token")).ok().json["sub"].as_str().unwrap().len(),
        27
    );
    server.wait(15);
    poll(&device).refused(400, "invalid_grant");

    let denied = start();
    server.0.oidc().deny_device(denied.text("user_code")).unwrap();
    poll(&denied).refused(400, "access_denied");
    let late = start();
    server.wait(601);
    poll(&late).refused(400, "expired_token");
    assert!(server.0.oidc().approve_device(late.text("user_code"), ADA).is_err());
}

#[test]
fn a_user_is_asked_by_the_backchannel() {
    let server = Server::start();
    let start = |more: &[(&str, &str)]| {
        let own = [
            ("client_id", "partner"),
            ("client_secret", "partner secret:+%"),
            ("scope", "openid docs"),
            ("login_hint", ADA),
        ];
        let pairs: Vec<_> = own.into_iter().chain(more.iter().copied()).collect();
        server.post(&format!("{INBOUND}/bc-authorize"), &pairs)
    };
    let poll = |id: &str| {
        server.token(&[
            ("grant_type", CIBA),
            ("auth_req_id", id),
            ("client_id", "partner"),
            ("client_secret", "partner secret:+%"),
        ])
    };
    let asked = start(&[("binding_message", "Pay 7 EUR"), ("requested_expiry", "60")]).ok();
    let id = asked.text("auth_req_id");
    assert_eq!((&asked.json["expires_in"], &asked.json["interval"]), (&json!(60), &json!(5)));
    poll(id).refused(400, "authorization_pending");
    let message = server.0.inbox().last_to(ADA).unwrap();
    assert_eq!((&*message.method, message.login_id.as_str()), ("backchannel", ADA));
    server.0.oidc().approve_backchannel(&message.token.unwrap()).unwrap();
    server.wait(5);
    assert!(poll(id).ok().json["id_token"].is_string());
    let denied = start(&[]).ok();
    server.0.oidc().deny_backchannel(denied.text("auth_req_id")).unwrap();
    poll(denied.text("auth_req_id")).refused(400, "access_denied");
    start(&[("requested_expiry", "0")]).refused(400, "invalid_request");
    start(&[("binding_message", &"x".repeat(200))]).refused(400, "invalid_binding_message");
}

#[test]
fn userinfo_tells_what_the_scopes_allow() {
    let server = Server::start();
    let tokens = server.tokens();
    let found = server.userinfo(tokens.text("access_token")).ok().json;
    assert_eq!(
        found.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["sub", "permissions"].iter().rev().collect::<Vec<_>>()
    );
    let code = server.code(&[("scope", "openid email")]);
    let tokens = server.redeem(&code, &[]).ok();
    let found = server.userinfo(tokens.text("access_token")).ok().json;
    assert_eq!((&found["email"], &found["email_verified"]), (&json!(ADA), &json!(true)));
    let form = [("access_token", tokens.text("access_token"))];
    assert_eq!(server.post(&format!("{INBOUND}/userinfo"), &form).ok().json, found);
    assert!(tokens.json.get("refresh_token").is_none(), "offline_access was not asked for");

    let none = server.get(&format!("{INBOUND}/userinfo"));
    assert_eq!((none.status, none.header("www-authenticate")), (401, "Bearer, DPoP"));
    let wrong = server.userinfo("x.y.z");
    wrong.refused(401, "invalid_token");
    assert!(wrong.header("www-authenticate").starts_with("Bearer error=\"invalid_token\""));
    let docs = server.redeem(&server.code(&[("scope", "docs")]), &[]).ok();
    server.userinfo(docs.text("access_token")).refused(403, "insufficient_scope");
}

#[test]
fn what_is_revoked_or_logged_out_ends() {
    let server = Server::start();
    let revoke = |token: &str| {
        server.post(&format!("{INBOUND}/revoke"), &[("token", token), ("client_id", "cli")])
    };
    let one = server.tokens();
    assert_eq!(revoke(one.text("access_token")).status, 200);
    server.userinfo(one.text("access_token")).refused(401, "invalid_token");
    let two = server.refresh(one.text("refresh_token")).ok();
    assert_eq!(revoke(two.text("refresh_token")).status, 200);
    server.userinfo(two.text("access_token")).refused(401, "invalid_token");
    server.refresh(two.text("refresh_token")).refused(400, "invalid_grant");
    assert_eq!(revoke("unknown").status, 200);

    // Logout of the project's own client, by its ID token.
    let url =
        server.url(PROJECT, &[("client_id", "P2project"), ("scope", "openid offline_access")]);
    let back = server.0.oidc().authorize(&url, ADA).unwrap();
    let code = parameter(&back, "code").unwrap();
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("client_id", "P2project"),
        ("redirect_uri", LOOPBACK),
        ("code_verifier", VERIFIER),
    ];
    let tokens = server.post(&format!("{PROJECT}/token"), &pairs).ok();
    server.userinfo(tokens.text("access_token")).ok();
    let query = form(&[
        ("id_token_hint", tokens.text("id_token")),
        ("post_logout_redirect_uri", "http://127.0.0.1:1/bye"),
        ("state", "x y"),
    ]);
    let out = server.get(&format!("{PROJECT}/logout?{query}"));
    assert_eq!((out.status, out.header("location")), (303, "http://127.0.0.1:1/bye?state=x%20y"));
    server.userinfo(tokens.text("access_token")).refused(401, "invalid_token");
}

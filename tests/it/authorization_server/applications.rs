//! What the settings of applications, the users and the project make of tokens.

use super::*;
use crate::emulated::manage;

/// The federated application's tokens for these scopes.
fn web_tokens(server: &Server, scope: &str) -> Response {
    let changes = [("client_id", "web"), ("redirect_uri", CALLBACK), ("scope", scope)];
    let url = server.url("/SAweb/oauth2/v1", &changes);
    let back = server.0.oidc().authorize(&url, ADA).unwrap();
    let code = parameter(&back, "code").unwrap_or_else(|| panic!("{back}"));
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", CALLBACK),
        ("client_id", "web"),
        ("client_secret", "web secret"),
        ("code_verifier", VERIFIER),
    ];
    server.post("/SAweb/oauth2/v1/token", &pairs)
}

/// Changes the federated application.
fn set_web(server: &Server, changes: &Value) {
    let mut app = json!({
        "id": "SAweb", "name": "Web", "enabled": true, "approvedRedirectUrls": [CALLBACK],
    });
    for (name, value) in changes.as_object().unwrap() {
        app[name] = value.clone();
    }
    manage(&server.0, "/v1/mgmt/sso/idp/app/oidc/update", &app);
}

#[test]
fn a_federated_application_has_an_issuer_and_switches_of_its_own() {
    let server = Server::start();
    let tokens = web_tokens(&server, "openid profile email offline_access descope.claims").ok();
    let access = claims(tokens.text("access_token"));
    assert_eq!(access["iss"], "http://localhost/P2project/SAweb");
    assert_eq!((&access["roles"], &access["permissions"]), (&json!(["Reader"]), &json!(["read"])));
    let id = claims(tokens.text("id_token"));
    assert_eq!((&id["name"], &id["email"]), (&json!("Ada"), &json!(ADA)));
    let plain = claims(web_tokens(&server, "openid").ok().text("access_token"));
    assert!(plain.get("roles").is_none(), "{plain}");

    set_web(&server, &json!({ "refreshTokenDisabled": true, "defaultAudience": "clientId" }));
    let limited = web_tokens(&server, "openid offline_access").ok();
    assert!(limited.json.get("refresh_token").is_none());
    assert_eq!(claims(limited.text("access_token"))["aud"], "web");
    let refresh = |tokens: &Response| {
        server.post(
            "/SAweb/oauth2/v1/token",
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", tokens.text("refresh_token")),
                ("client_id", "web"),
                ("client_secret", "web secret"),
            ],
        )
    };
    refresh(&tokens).refused(400, "unauthorized_client");
    set_web(&server, &json!({}));
    let tokens = refresh(&tokens).ok();
    for (switch, grant, field) in [
        ("deviceCodeDisabled", DEVICE, "device_code"),
        ("clientCredentialsDisabled", "client_credentials", "scope"),
        ("jwtBearerDisabled", "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion"),
        ("authorizationCodeDisabled", "authorization_code", "code"),
    ] {
        set_web(&server, &json!({ switch: true }));
        let own = [("client_id", "web"), ("client_secret", "web secret")];
        let pairs: Vec<_> =
            own.into_iter().chain([("grant_type", grant), (field, "email")]).collect();
        let answer = server.post("/SAweb/oauth2/v1/token", &pairs);
        answer.refused(400, "unauthorized_client");
    }
    set_web(&server, &json!({ "enabled": false }));
    refresh(&tokens).refused(401, "invalid_client");
    set_web(&server, &json!({}));
    let tokens = refresh(&tokens).ok();
    manage(&server.0, "/v1/mgmt/sso/idp/app/delete", &json!({ "id": "SAweb" }));
    server.userinfo(tokens.text("access_token")).refused(401, "invalid_token");
}

#[test]
fn templates_shape_the_tokens_of_the_project() {
    let server = Server::start();
    let made = server
        .0
        .seed(&json!({ "jwtTemplates": [{ "template": {
        "name": "T", "type": "user", "template": { "greeting": "Hello {{user.name}}" },
    } }] }))
        .unwrap();
    let id = made["jwtTemplates"][0]["template"]["id"].clone();
    server.0.seed(&json!({ "jwtTemplatesInUse": [{ "id": id }] })).unwrap();
    let tokens = web_tokens(&server, "openid descope.custom_claims").ok();
    let access = claims(tokens.text("access_token"));
    assert_eq!(access["greeting"], "Hello Ada", "{access}");
    assert_eq!(access["iss"], "http://localhost/P2project/SAweb", "that of discovery");
}

#[test]
fn tokens_end_with_user_session_consent_and_application() {
    type End = fn(&Server);
    let ends: [(&str, End); 7] = [
        ("the user is deleted", |server| {
            manage(&server.0, "/v1/mgmt/user/delete", &json!({ "loginId": ADA }));
        }),
        ("the user is disabled", |server| {
            let body = json!({ "loginId": ADA, "status": "disabled" });
            manage(&server.0, "/v1/mgmt/user/update/status", &body);
        }),
        ("the user is logged out", |server| {
            manage(&server.0, "/v1/mgmt/user/logout", &json!({ "loginId": ADA }));
        }),
        ("the consent is deleted", |server| {
            let body = json!({ "appId": "cli" });
            manage(&server.0, "/v1/mgmt/thirdparty/consents/delete", &body);
        }),
        ("the application is deleted", |server| {
            manage(&server.0, "/v1/mgmt/thirdparty/app/delete", &json!({ "id": "cli" }));
        }),
        ("the application is made anew", |server| {
            manage(&server.0, "/v1/mgmt/thirdparty/app/delete", &json!({ "id": "cli" }));
            server
                .0
                .seed(&json!({ "inboundApps": [{
                "id": "cli", "name": "cli",
                "state": { "clientId": "cli", "nonConfidentialClient": true, "secrets": [] },
            }] }))
                .unwrap();
        }),
        ("everything is reset", |server| server.0.reset()),
    ];
    for (what, end) in ends {
        let server = Server::start();
        let tokens = server.tokens();
        server.userinfo(tokens.text("access_token")).ok();
        end(&server);
        server.userinfo(tokens.text("access_token")).refused(401, "invalid_token");
        let refreshed = server.refresh(tokens.text("refresh_token"));
        assert!(matches!(refreshed.status, 400 | 401), "{what}: {refreshed:?}");
    }
}

#[test]
fn a_scope_that_is_lost_leaves_the_next_token() {
    let server = Server::start();
    let tokens = server.tokens();
    let body = json!({ "id": "cli", "permissionsScopes": [{ "name": "extra" }] });
    manage(&server.0, "/v2/mgmt/thirdparty/app/patch", &body);
    let next = server.refresh(tokens.text("refresh_token")).ok();
    assert_eq!(next.text("scope"), "openid offline_access");
}

#[test]
fn users_who_become_one_keep_their_tokens() {
    let server = Server::start();
    let tokens = server.tokens();
    let al = server.0.sign_in("al").unwrap();
    let bearer = format!("Bearer P2project:{}", al["refreshJwt"].as_str().unwrap());
    let body = json!({ "loginId": "al", "email": ADA, "addToLoginIDs": true,
        "onMergeUseExisting": true });
    let path = "/v1/auth/otp/update/email";
    server.send("POST", path, &[("authorization", &bearer)], &body.to_string()).ok();
    let code = server.0.inbox().last_to(ADA).unwrap().code.unwrap();
    let body = json!({ "loginId": "al", "code": code }).to_string();
    let bearer = [("authorization", "Bearer P2project")];
    server.send("POST", "/v1/auth/otp/verify/email", &bearer, &body).ok();
    let next = server.refresh(tokens.text("refresh_token")).ok();
    server.userinfo(next.text("access_token")).ok();
}

#[test]
fn the_project_is_a_client_of_its_own_whose_secrets_are_access_keys() {
    let server = Server::start();
    let made = server.0.seed(&json!({ "accessKeys": [{ "name": "ci", "roleNames": ["Reader"] }] }));
    let made = made.unwrap();
    let (key, id) = (&made["accessKeys"][0]["cleartext"], &made["accessKeys"][0]["key"]["id"]);
    let pairs = [
        ("grant_type", "client_credentials"),
        ("client_id", "P2project"),
        ("client_secret", key.as_str().unwrap()),
    ];
    let by_body = server.post(&format!("{PROJECT}/token"), &pairs).ok();
    let access = claims(by_body.text("access_token"));
    assert_eq!((&access["sub"], &access["roles"]), (id, &json!(["Reader"])));
    assert_eq!(access["iss"], "http://localhost/P2project");
    let header = basic("P2project", key.as_str().unwrap());
    let path = format!("{PROJECT}/token");
    server.post_with(&path, &[("authorization", &header)], &pairs[..1]).ok();
    manage(&server.0, "/v1/mgmt/accesskey/deactivate", &json!({ "id": id }));
    server.post(&path, &pairs).refused(401, "invalid_client");
}

#[test]
fn a_token_is_exchanged_for_less_never_for_more() {
    let server = Server::start();
    let exchange = |token: &str, more: &[(&str, &str)]| {
        let own = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", token),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("client_id", "partner"),
            ("client_secret", "partner secret:+%"),
        ];
        server.token(&own.into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
    };
    let tokens = server.redeem(&server.code(&[("scope", "docs extra")]), &[]).ok();
    let token = tokens.text("access_token");
    exchange(token, &[("scope", "docs")]).refused(400, "consent_required");
    let consent = json!({ "appId": "partner", "loginId": ADA, "scopes": ["docs", "plan"] });
    server.0.seed(&json!({ "inboundConsents": [consent] })).unwrap();
    let audience = ("audience", "https://api.example");
    let got = exchange(token, &[("scope", "docs"), audience]).ok();
    let found = claims(got.text("access_token"));
    assert_eq!((&found["azp"], &found["aud"]), (&json!("partner"), &json!("https://api.example")));
    assert_eq!(got.text("issued_token_type"), "urn:ietf:params:oauth:token-type:access_token");
    assert!(got.json.get("refresh_token").is_none());
    exchange(token, &[("scope", "plan")]).refused(400, "invalid_scope");
    exchange("x.y.z", &[]).refused(400, "invalid_request");
    let session = server.0.sign_in(ADA).unwrap();
    exchange(session["sessionJwt"].as_str().unwrap(), &[("scope", "plan")]).ok();
    let refresh = session["refreshJwt"].as_str().unwrap();
    exchange(refresh, &[("scope", "plan")]).refused(400, "invalid_request");
    server.post(&format!("{INBOUND}/revoke"), &[("token", token), ("client_id", "cli")]).ok_text();
    exchange(token, &[("scope", "docs")]).refused(400, "invalid_request");
}

impl Response {
    #[track_caller]
    fn ok_text(self) {
        assert_eq!((self.status, &*self.text), (200, ""), "{self:?}");
    }
}

fn register(server: &Server, path: &str, metadata: &Value) -> Response {
    let kind = [("content-type", "application/json")];
    server.send("POST", path, &kind, &metadata.to_string())
}

#[test]
fn a_stranger_registers_a_client_that_is_permitted_nothing() {
    let server = Server::start();
    let path = "/v1/mgmt/inboundapp/app/P2project/register";
    let good = json!({
        "client_name": "Stranger", "redirect_uris": ["http://127.0.0.1/callback"],
        "token_endpoint_auth_method": "none", "scope": "openid email docs admin",
        "permissions_scopes": [{ "name": "all", "values": ["read", "write"] }],
        "grant_types": ["authorization_code", "refresh_token"], "some_extension": { "x": 1 },
    });
    let made = register(&server, path, &good).ok();
    assert_eq!((made.status, made.header("cache-control")), (201, "no-store"));
    assert_eq!(made.text("scope"), "openid offline_access email");
    assert!(made.json.get("client_secret").is_none());
    let id = made.text("client_id");
    let code = server.code(&[("client_id", id), ("scope", "openid email")]);
    server.redeem(&code, &[("client_id", id)]).ok();
    let confidential = json!({ "redirect_uris": [CALLBACK] });
    let made = register(&server, path, &confidential).ok();
    assert_eq!(made.json["client_secret_expires_at"], 0);
    let pairs = [
        ("grant_type", "client_credentials"),
        ("client_id", made.text("client_id")),
        ("client_secret", made.text("client_secret")),
    ];
    server.token(&pairs).refused(400, "unauthorized_client");
    for (change, error) in [
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["http://app.example/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://app.example/#x"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["javascript:alert(1)//"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["/cb"] }), "invalid_redirect_uri"),
        (json!({ "token_endpoint_auth_method": "tls_client_auth" }), "invalid_client_metadata"),
        (json!({ "token_endpoint_auth_method": "private_key_jwt" }), "invalid_client_metadata"),
        (json!({ "grant_types": ["implicit"] }), "invalid_client_metadata"),
        (json!({ "response_types": ["token"] }), "invalid_client_metadata"),
    ] {
        let mut wrong = good.clone();
        for (name, value) in change.as_object().unwrap() {
            wrong[name] = value.clone();
        }
        register(&server, path, &wrong).refused(400, error);
    }
    // A web page could send this without being asked.
    let plain = [("content-type", "text/plain")];
    server.send("POST", path, &plain, &good.to_string()).refused(415, "invalid_request");
    let other = path.replace("P2project", "P2other");
    register(&server, &other, &good).refused(404, "invalid_request");
    // What was registered is saved with the rest.
    let copy = Emulator::builder().project_id("P2project").build();
    copy.seed(&server.0.export()).unwrap();
    assert_eq!(copy.export(), server.0.export());
    Server(copy).token(&pairs).refused(400, "unauthorized_client");
}

#[test]
fn an_mcp_server_has_clients_scopes_and_resources_of_its_own() {
    let server = Server::start();
    let seed = json!({
        "mcpServers": [{
            "id": "MS1", "name": "Tools", "dynamicRegistration": true,
            "permissionsScopes": [{ "name": "tools", "values": ["read"] }],
            "audienceWhitelist": ["https://mcp.example/sse"],
        }, { "id": "MS2", "name": "Closed" }],
        "mcpClients": [{
            "id": "MC1", "name": "Agent", "mcpServerId": "MS1", "approvedCallbackUrls": [CALLBACK],
            "state": { "clientId": "agent", "nonConfidentialClient": true, "secrets": [] },
        }],
    });
    server.0.seed(&seed).unwrap();
    let door = "/oauth2/v1/apps/agentic/P2project/MS1";
    let issuer = "/v1/apps/agentic/P2project/MS1";
    let found = server.get(&format!("{issuer}/.well-known/oauth-authorization-server")).ok();
    assert_eq!(found.text("issuer"), format!("http://localhost{issuer}"));
    assert_eq!(found.text("token_endpoint"), format!("http://localhost{door}/token"));
    assert_eq!(found.json["scopes_supported"], json!(["openid", "offline_access", "tools"]));
    let resource = ("resource", "https://mcp.example/sse");
    let own = [("client_id", "agent"), ("redirect_uri", CALLBACK), ("scope", "tools"), resource];
    let back = server.0.oidc().authorize(&server.url(door, &own), ADA).unwrap();
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", &*parameter(&back, "code").unwrap()),
        ("redirect_uri", CALLBACK),
        ("client_id", "agent"),
        ("code_verifier", VERIFIER),
        resource,
    ];
    let access = claims(server.post(&format!("{door}/token"), &pairs).ok().text("access_token"));
    assert_eq!(access["iss"], format!("http://localhost{issuer}"));
    assert_eq!((&access["aud"], &access["permissions"]), (&json!(resource.1), &json!(["read"])));
    let other = [own[0], own[1], own[2], ("resource", "https://other.example/")];
    let back = server.0.oidc().authorize(&server.url(door, &other), ADA).unwrap();
    assert_eq!(parameter(&back, "error").as_deref(), Some("invalid_target"));

    let register = |id: &str| {
        let path = format!("/v1/mgmt/mcp/client/P2project/{id}/register");
        register(&server, &path, &json!({ "redirect_uris": [CALLBACK] }))
    };
    let made = register("MS1").ok();
    assert_eq!(made.text("scope"), "openid offline_access tools");
    register("MS2").refused(400, "access_denied");
    register("MS3").refused(404, "invalid_request");
    let copy = Emulator::builder().project_id("P2project").build();
    copy.seed(&server.0.export()).unwrap();
    assert_eq!(copy.export(), server.0.export());
}

#[test]
fn what_happens_is_in_the_audit_trail_and_names_no_secret() {
    let server = Server::start();
    let tokens = server.tokens();
    server.0.oidc().refuse(&server.url(INBOUND, &[])).unwrap();
    let pairs = [("token", tokens.text("refresh_token")), ("client_id", "cli")];
    server.post(&format!("{INBOUND}/revoke"), &pairs);
    let found = manage(&server.0, "/v1/mgmt/audit/search", &json!({}));
    let audits = found["audits"].as_array().unwrap();
    let of = |action: &str| audits.iter().find(|audit| audit["action"] == action);
    for action in [
        "LoginSucceed",
        "ThirdPartyApplicationConsentGranted",
        "ThirdPartyApplicationConsentDenied",
        "TokenRevoked",
    ] {
        let record = of(action).unwrap_or_else(|| panic!("{action} in {found}"));
        assert_eq!(record["method"], "oidc", "{action}");
    }
    for secret in ["access_token", "refresh_token", "id_token"] {
        assert!(!found.to_string().contains(tokens.text(secret)));
    }
    let debug = format!("{:?} {:?}", server.0.oidc(), server.0);
    assert!(!debug.contains("secret"), "{debug}");
}

#[test]
fn other_processes_answer_too() {
    let server = Server::start();
    let control = |path: &str, body: Value| {
        server.send("POST", &format!("/_emulator/oidc/{path}"), &[], &body.to_string())
    };
    let url = server.url(INBOUND, &[]);
    let back = control("authorize", json!({ "url": url, "loginId": ADA })).ok();
    server.redeem(&parameter(back.text("url"), "code").unwrap(), &[]).ok();
    let back = control("authorize", json!({ "url": url })).ok();
    assert_eq!(parameter(back.text("url"), "error").as_deref(), Some("access_denied"));
    let started = server.post(&format!("{INBOUND}/device"), &[("client_id", "cli")]).ok();
    let code = started.text("user_code");
    control("device", json!({ "userCode": code, "loginId": ADA })).ok();
    assert_eq!(control("device", json!({ "userCode": code, "loginId": ADA })).status, 400);
    assert_eq!(control("backchannel", json!({ "id": "x" })).status, 400);
    assert_eq!(control("authorize", json!({ "url": "http://localhost/x" })).status, 400);
}

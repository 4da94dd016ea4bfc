//! The token endpoint: what is sent for each grant, and what becomes of the answers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use descope::oidc::{
    App, AuthorizationRequest, AuthorizeOptions, ExchangeOptions, PrivateKey, TokenOptions,
    token_types,
};
use descope::transport::{TransportError, TransportErrorKind};
use descope::{Error, RetryPolicy, Secret, UnixTime, codes};
use serde_json::{Value, json};

use super::{
    ISSUER, NOW, Seen, Server, app, argument, claims_of, id_claims, id_token, lock, tokens,
};
use crate::signer::P256;

const RSA_KEY: &str = include_str!("rsa.pem");
const EC_KEY: &str = include_str!("p256.pem");
const ED_KEY: &str = include_str!("ed25519.pem");

/// What a public client sends.
fn sent(call: impl FnOnce(&descope::Client) -> descope::Result<descope::oidc::Tokens>) -> Seen {
    let server = Server::new();
    server.answer(200, &tokens());
    call(&server.client()).unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!((&*seen[0].method, &*seen[0].url), ("POST", "https://login.example.com/token"));
    assert_eq!(seen[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    seen[0].clone()
}

fn request() -> AuthorizationRequest {
    AuthorizationRequest::resume("https://app.example.com/cb", "the state", None, "the verifier")
}

fn all_options() -> TokenOptions {
    TokenOptions::default()
        .scopes(["read", "write"])
        .resources(["https://a.example", "urn:b"])
        .audiences(["one", "two"])
        .parameters([("tenantId", "T2 x&y")])
}

const ALL: [(&str, &str); 6] = [
    ("scope", "read write"),
    ("resource", "https://a.example"),
    ("resource", "urn:b"),
    ("audience", "one"),
    ("audience", "two"),
    ("tenantId", "T2 x&y"),
];

#[test]
fn a_code_goes_with_its_redirect_and_verifier() {
    let seen = sent(|client| client.oidc(&app()).exchange_code(&request(), "the+code &="));
    assert_eq!(
        seen.fields(),
        [
            ("grant_type", "authorization_code"),
            ("code", "the+code &="),
            ("redirect_uri", "https://app.example.com/cb"),
            ("code_verifier", "the verifier"),
            ("client_id", "the client"),
        ]
    );
    assert_eq!(seen.header("authorization"), None);
}

#[test]
fn a_code_goes_with_the_resources_of_its_request() {
    let app = app().resource("https://a.example.com");
    let options =
        AuthorizeOptions::default().scopes(["email"]).resources(["https://b.example.com"]);
    let seen = sent(|client| {
        let oidc = client.oidc(&app);
        let request = oidc.authorization_request("https://app.example.com/cb", &options)?;
        oidc.exchange_code(&request, "c")
    });
    let mut resources: Vec<_> =
        seen.fields().into_iter().filter(|(name, _)| *name == "resource").collect();
    resources.sort_unstable();
    assert_eq!(
        resources,
        [("resource", "https://a.example.com"), ("resource", "https://b.example.com")]
    );
}

#[test]
fn every_option_of_a_refresh_is_sent() {
    let app = app().resource("https://of.the/app");
    let seen = sent(|client| client.oidc(&app).refresh("a refresh token", &all_options()));
    let mut expected = vec![("grant_type", "refresh_token"), ("refresh_token", "a refresh token")];
    expected.extend(ALL);
    expected.extend([("resource", "https://of.the/app"), ("client_id", "the client")]);
    assert_eq!(seen.fields(), expected);
    let seen = sent(|client| client.oidc(&super::app()).refresh("r", &Default::default()));
    let least =
        [("grant_type", "refresh_token"), ("refresh_token", "r"), ("client_id", "the client")];
    assert_eq!(seen.fields(), least);
}

#[test]
fn a_refresh_keeps_the_old_token_unless_there_is_a_new_one() {
    let server = Server::new();
    let mut rotated = tokens();
    rotated["refresh_token"] = json!("new");
    server.answer(200, &tokens()).answer(200, &rotated);
    let client = server.client();
    let refresh = || {
        let tokens = client.oidc(&app()).refresh("old", &Default::default()).unwrap();
        tokens.refresh_token.unwrap().expose().to_owned()
    };
    assert_eq!((refresh(), refresh()), ("old".to_owned(), "new".to_owned()));
}

#[test]
fn the_other_grants_send_what_they_are_given() {
    let seen = sent(|client| client.oidc(&app()).jwt_bearer("a.b.c", &all_options()));
    let mut expected =
        vec![("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", "a.b.c")];
    expected.extend(ALL);
    expected.push(("client_id", "the client"));
    assert_eq!(seen.fields(), expected);

    let options = ExchangeOptions::from(all_options())
        .actor_token("actor")
        .actor_token_type(token_types::JWT)
        .requested_token_type(token_types::ID_TOKEN);
    let seen = sent(|client| {
        client.oidc(&app()).exchange_token("subject", token_types::ACCESS_TOKEN, &options)
    });
    let mut expected = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", "subject"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("actor_token", "actor"),
        ("actor_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:id_token"),
    ];
    expected.extend(ALL);
    expected.push(("client_id", "the client"));
    assert_eq!(seen.fields(), expected);

    let seen =
        sent(|client| client.oidc(&app().secret_in_body("s")).client_credentials(&all_options()));
    let mut expected = vec![("grant_type", "client_credentials")];
    expected.extend(ALL);
    expected.extend([("client_id", "the client"), ("client_secret", "s")]);
    assert_eq!(seen.fields(), expected);
}

#[test]
fn a_secret_goes_into_the_header_encoded() {
    let app = App::issuer(ISSUER, "a:b c").secret("p%ss:wörd+");
    let seen = sent(|client| client.oidc(&app).client_credentials(&Default::default()));
    assert_eq!(seen.fields(), [("grant_type", "client_credentials")]);
    let header = seen.header("authorization").unwrap().strip_prefix("Basic ").unwrap();
    let header = String::from_utf8(STANDARD.decode(header).unwrap()).unwrap();
    assert_eq!(header, "a%3Ab%20c:p%25ss%3Aw%C3%B6rd%2B");
}

#[test]
fn a_secret_goes_where_the_server_takes_it() {
    for (methods, in_body) in [
        (json!(["client_secret_post"]), true),
        (json!(["private_key_jwt", "client_secret_post"]), true),
        (json!(["client_secret_post", "client_secret_basic"]), false),
        (json!(["private_key_jwt"]), false),
        (json!([]), false),
    ] {
        let server = Server::new();
        lock(&server.document)["token_endpoint_auth_methods_supported"] = methods.clone();
        server.answer(200, &tokens());
        let app = app().secret("s3cret");
        server.client().oidc(&app).client_credentials(&Default::default()).unwrap();
        let seen = &server.seen()[0];
        assert_eq!(seen.field("client_secret").is_some(), in_body, "{methods}");
        assert_eq!(seen.header("authorization").is_some(), !in_body, "{methods}");
    }
}

#[test]
fn a_key_signs_for_the_client() {
    let mut seen_ids = Vec::new();
    for (pem, algorithm) in [(EC_KEY, "ES256"), (RSA_KEY, "RS256"), (ED_KEY, "EdDSA")] {
        let key = PrivateKey::from_pem(pem).unwrap().key_id("k7");
        assert!(!format!("{key:?}").contains("MII") && format!("{key:?}").contains(algorithm));
        let app = app().private_key(key);
        let seen = sent(|client| client.oidc(&app).client_credentials(&Default::default()));
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        assert_eq!(seen.field("client_assertion_type"), Some(kind));
        assert_eq!(seen.field("client_id"), Some("the client"));
        assert_eq!(seen.field("client_secret"), None);
        let (header, claims) = claims_of(seen.field("client_assertion").unwrap());
        assert_eq!(header, json!({ "alg": algorithm, "typ": "JWT", "kid": "k7" }));
        seen_ids.push(claims["jti"].clone());
        let mut claims = claims;
        claims.as_object_mut().unwrap().remove("jti");
        assert_eq!(
            claims,
            json!({ "iss": "the client", "sub": "the client", "aud": ISSUER, "iat": NOW, "exp": NOW + 60 })
        );
    }
    seen_ids.dedup();
    assert_eq!(seen_ids.len(), 3);
}

#[test]
fn each_try_has_a_statement_of_its_own() {
    let server = Server::new();
    server.answer(503, &json!({})).answer(200, &tokens());
    let app = app().private_key(PrivateKey::from_pem(EC_KEY).unwrap().audience("https://x/token"));
    server.client().oidc(&app).client_credentials(&Default::default()).unwrap();
    let ids: Vec<Value> = server
        .seen()
        .iter()
        .map(|seen| claims_of(seen.field("client_assertion").unwrap()).1)
        .inspect(|claims| assert_eq!(claims["aud"], "https://x/token"))
        .map(|claims| claims["jti"].clone())
        .collect();
    assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
}

#[test]
fn keys_of_other_kinds_are_refused() {
    for bad in [
        "",
        "x",
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIB\n",
        "-----BEGIN EC PRIVATE KEY-----\nMIIB\n-----END EC PRIVATE KEY-----",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----",
        &EC_KEY.replace("MIG", "MIH"),
    ] {
        assert_eq!(argument(PrivateKey::from_pem(bad)), "private_key", "{bad}");
    }
}

#[test]
fn tokens_are_read_leniently_and_expire_by_our_clock() {
    let read = |body: Value| {
        let server = Server::new();
        server.answer(200, &body);
        let options = TokenOptions::default().scopes(["a", "b"]);
        server.client().oidc(&app()).refresh("r", &options)
    };
    let found = read(json!({
        "access_token": "t", "token_type": "bearer", "expires_in": "3600", "scope": " a  c ",
        "refresh_token": "n", "issued_token_type": "urn:x", "tenant": "T1",
    }))
    .unwrap();
    assert_eq!(found.access_token.expose(), "t");
    assert_eq!((&*found.token_type, found.is_dpop()), ("bearer", false));
    assert_eq!(found.expires_at, Some(UnixTime::from_seconds(NOW + 3600)));
    assert_eq!(found.scopes, ["a", "c"]);
    assert_eq!(found.issued_token_type.as_deref(), Some("urn:x"));
    assert_eq!(found.extra["tenant"], "T1");
    assert!(!format!("{found:?}").contains("T1"));
    // What is missing, null or odd.
    for odd in [
        json!({}),
        json!({ "expires_in": null, "token_type": null, "scope": null }),
        json!({ "expires_in": "soon", "token_type": 5, "scope": [], "refresh_token": "", "id_token": "" }),
    ] {
        let mut body = json!({ "access_token": "t" });
        body.as_object_mut().unwrap().extend(odd.as_object().unwrap().clone());
        let found = read(body).unwrap();
        assert_eq!((found.expires_at, found.id_token.is_none()), (None, true), "{odd}");
        assert_eq!(found.scopes, ["a", "b"], "what was asked for");
        assert_eq!(found.refresh_token.unwrap().expose(), "r");
    }
    for (within, at) in [(json!(0), None), (json!(-5), None), (json!(1e300), None)] {
        let found = read(json!({ "access_token": "t", "expires_in": within.clone() })).unwrap();
        assert!(found.expires_at == at || within == json!(1e300), "{within}");
    }
    for none in
        [json!({}), json!({ "access_token": "" }), json!({ "access_token": null }), json!([])]
    {
        assert!(matches!(read(none), Err(Error::Decode(_))));
    }
    let refused = read(json!({ "error": "invalid_grant", "description": "spent" })).unwrap_err();
    assert_eq!(refused.code(), Some(codes::INVALID_GRANT));
}

#[test]
fn refusals_have_the_word_of_the_standard() {
    let refuse = |status: u16, body: Value| {
        let server = Server::new();
        server.answer(status, &body);
        server.client().oidc(&app()).refresh("the-refresh-token", &Default::default()).unwrap_err()
    };
    for (code, sign_in, wrong, pending, denied, expired) in [
        (codes::INVALID_GRANT, true, false, false, false, false),
        (codes::INVALID_CLIENT, false, true, false, false, false),
        (codes::UNAUTHORIZED_CLIENT, false, true, false, false, false),
        (codes::UNSUPPORTED_GRANT_TYPE, false, true, false, false, false),
        (codes::INVALID_SCOPE, false, false, false, false, false),
        (codes::INVALID_TARGET, false, false, false, false, false),
        (codes::AUTHORIZATION_PENDING, false, false, true, false, false),
        (codes::SLOW_DOWN, false, false, true, false, false),
        (codes::ACCESS_DENIED, false, false, false, true, false),
        (codes::EXPIRED_TOKEN, false, false, false, false, true),
        (codes::LOGIN_REQUIRED, true, false, false, false, false),
        (codes::CONSENT_REQUIRED, true, false, false, false, false),
        (codes::INTERACTION_REQUIRED, true, false, false, false, false),
        ("something_new", false, false, false, false, false),
    ] {
        let status = if code == codes::INVALID_CLIENT { 401 } else { 400 };
        let error = refuse(status, json!({ "error": code, "error_description": "because" }));
        assert_eq!((error.code(), error.status()), (Some(code), Some(status)));
        assert_eq!(error.is_sign_in_required(), sign_in, "{code}");
        assert_eq!(error.is_misconfigured(), wrong, "{code}");
        assert_eq!(error.is_authorization_pending(), pending, "{code}");
        assert_eq!(error.is_access_denied(), denied, "{code}");
        assert_eq!(error.is_sign_in_expired(), expired, "{code}");
        assert!(!error.is_unavailable() && error.to_string().contains("because"), "{error}");
    }
    let error = refuse(
        400,
        json!({ "error": "invalid_grant", "error_description": "the-refresh-token is bad" }),
    );
    assert!(!format!("{error} {error:?}").contains("the-refresh-token"), "{error}");
    // Descope's own form, and both at once.
    let error = refuse(400, json!({ "errorCode": "E011003", "errorDescription": "no project" }));
    assert_eq!(error.code(), Some("E011003"));
    let error = refuse(
        400,
        json!({ "errorCode": "E1", "error": "invalid_grant", "errorDescription": "d" }),
    );
    assert_eq!(error.code(), Some("invalid_grant"));
    assert!(error.to_string().contains(": d"));
}

#[test]
fn what_is_spent_once_is_sent_once() {
    type Spend = fn(&descope::Client) -> bool;
    let eager = RetryPolicy::default().retry_unavailable(true);
    let lost = || Err(TransportError::new(TransportErrorKind::Closed, "x"));
    let unsent = || Err(TransportError::new(TransportErrorKind::Connect, "x"));
    let spends: [Spend; 4] = [
        |client| client.oidc(&app()).refresh("r", &Default::default()).is_ok(),
        |client| client.oidc(&app()).exchange_code(&request(), "c").is_ok(),
        |client| client.oidc(&app()).jwt_bearer("a", &Default::default()).is_ok(),
        |client| client.oidc(&app()).exchange_token("t", "k", &Default::default()).is_ok(),
    ];
    for spend in spends {
        for policy in [RetryPolicy::default(), eager.clone()] {
            let server = Server::new();
            server.answer(503, &json!({})).respond(lost());
            let client = server.client_with(|builder| builder.retry(policy));
            assert!(!spend(&client) && !spend(&client));
            assert_eq!(server.seen().len(), 2);
        }
        // What the server cannot have seen is sent again.
        let server = Server::new();
        server.respond(unsent()).answer(200, &tokens());
        assert!(spend(&server.client()));
    }
    // A token for the program itself can be asked for again.
    let server = Server::new();
    server.respond(lost()).answer(503, &json!({})).answer(200, &tokens());
    let app = app().secret("s");
    server.client().oidc(&app).client_credentials(&Default::default()).unwrap();
}

#[test]
fn bad_arguments_are_refused_before_any_request() {
    let server = Server::new();
    let client = server.client();
    let app = app();
    let oidc = client.oidc(&app);
    let none = TokenOptions::default();
    assert_eq!(argument(oidc.refresh("", &none)), "refresh_token");
    assert_eq!(argument(oidc.exchange_code(&request(), "")), "code");
    assert_eq!(argument(oidc.jwt_bearer("", &none)), "assertion");
    assert_eq!(argument(oidc.exchange_token("", "k", &Default::default())), "token");
    assert_eq!(argument(oidc.exchange_token("t", "", &Default::default())), "kind");
    let half = ExchangeOptions::default().actor_token("a");
    assert_eq!(argument(oidc.exchange_token("t", "k", &half)), "actor_token_type");
    for scope in ["", "a b", "a\"b", "a\\b", "é"] {
        let options = TokenOptions::default().scopes([scope]);
        assert_eq!(argument(oidc.refresh("r", &options)), "scopes", "{scope}");
    }
    let options = TokenOptions::default().resources(["https://x/#y"]);
    assert_eq!(argument(oidc.refresh("r", &options)), "resource");
    let options = TokenOptions::default().audiences([""]);
    assert_eq!(argument(oidc.refresh("r", &options)), "audiences");
    for name in ["", "grant_type", "client_id", "refresh_token", "client_assertion"] {
        let options = TokenOptions::default().parameters([(name, "x")]);
        assert_eq!(argument(oidc.refresh("r", &options)), "parameters", "{name:?}");
        assert_eq!(argument(oidc.start_device(&options)), "parameters", "{name:?}");
    }
    assert!(matches!(oidc.client_credentials(&none), Err(Error::Config(_))));
    assert!(server.all().is_empty());
    lock(&server.document)["token_endpoint"] = Value::Null;
    assert!(oidc.refresh("r", &none).unwrap_err().is_misconfigured());
}

#[test]
fn a_code_is_not_spent_while_its_id_token_cannot_be_checked() {
    let server = Server::new();
    *lock(&server.keys) = json!({ "status": 500 });
    let client = server.client_with(|builder| builder.retry(RetryPolicy::none()));
    let request = AuthorizationRequest::resume("https://a/b", "s", Some(Secret::from("n")), "v");
    let error = client.oidc(&app()).exchange_code(&request, "c").unwrap_err();
    assert!(error.is_unavailable() && server.seen().is_empty());
}

#[test]
fn a_refresh_keeps_its_tokens_if_their_id_token_cannot_be_checked() {
    let good = id_token(&json!({}));
    let unknown = P256.token("k2", "ES256", &id_claims(&json!({})));
    let early = id_token(&json!({ "iat": NOW + 60, "nbf": NOW + 60 }));
    let late = id_token(&json!({ "exp": NOW - 60 }));
    for (token, keys, jwks_uri) in [
        (&good, json!({ "status": 500 }), true),
        (&good, json!({ "status": 404 }), true),
        (&good, json!({ "keys": [P256.jwk("k1", "ES256")] }), false),
        (&unknown, json!({ "keys": [P256.jwk("k1", "ES256")] }), true),
        (&early, json!({ "keys": [P256.jwk("k1", "ES256")] }), true),
        (&late, json!({ "keys": [P256.jwk("k1", "ES256")] }), true),
    ] {
        let server = Server::new();
        *lock(&server.keys) = keys;
        if !jwks_uri {
            lock(&server.document).as_object_mut().unwrap().remove("jwks_uri");
        }
        let mut body = tokens();
        body["refresh_token"] = "the next one".into();
        body["id_token"] = json!(token);
        server.answer(200, &body);
        let client = server.client_with(|builder| builder.retry(RetryPolicy::none()));
        let found = client.oidc(&app()).refresh("r", &Default::default()).unwrap();
        assert_eq!(found.refresh_token.unwrap().expose(), "the next one");
        assert!(found.id_token.is_none() && found.claims.is_none());
    }
}

#[test]
fn a_sign_in_without_its_id_token_is_refused() {
    let server = Server::new();
    let mut other = tokens();
    other["scope"] = json!("email");
    server.answer(200, &tokens()).answer(200, &other);
    let client = server.client();
    let request = AuthorizationRequest::resume("https://a/b", "s", Some(Secret::from("n")), "v");
    assert!(matches!(client.oidc(&app()).exchange_code(&request, "c"), Err(Error::Decode(_))));
    // Unless the server says that it was not granted.
    assert_eq!(client.oidc(&app()).exchange_code(&request, "c").unwrap().scopes, ["email"]);
}

#[test]
fn a_refusal_says_which_server_refused() {
    let refusal = json!({ "error": "invalid_grant", "error_description": "No s3cret" });
    for (issuer, name) in [
        ("https://login.example.com", "login.example.com"),
        ("https://LOGIN.example.com:8443/realms/s3cret", "login.example.com:8443"),
        ("http://127.0.0.1:3000", "127.0.0.1:3000"),
    ] {
        let server = Server::of(issuer);
        server.answer(400, &refusal).answer(200, &refusal).answer(503, &json!({}));
        let client = server.client_with(|builder| builder.retry(RetryPolicy::none()));
        let app = App::issuer(issuer, "the client").secret("s3cret");
        let refresh = || client.oidc(&app).refresh("s3cret", &Default::default()).unwrap_err();
        for (status, rest) in [
            (400, ": invalid_grant: No [redacted]"),
            (200, ": invalid_grant: No [redacted]"),
            // The credential of the header has other spellings, so that no body is shown.
            (503, ""),
        ] {
            let error = refresh();
            let expected = format!("{name} refused the call with HTTP status {status}{rest}");
            assert_eq!(error.to_string(), expected);
            let Error::Api(error) = error else { panic!("{error:?}") };
            assert_eq!(error.server.as_deref(), Some(name));
        }
        // So does what is not an answer at all.
        server.answer(200, &json!("Sorry"));
        let error = refresh().to_string();
        assert!(error.contains(&format!("not the server's answer ({name})")), "{error}");
    }
}

#[test]
fn a_refusal_by_descopes_own_server_says_descope() {
    let server = Server::of("https://api.descope.com/v1/apps/P2abc");
    server.answer(400, &json!({ "error": "invalid_grant" }));
    let app = App::inbound("the client");
    let error = server.client().oidc(&app).refresh("r", &Default::default()).unwrap_err();
    assert_eq!(error.to_string(), "Descope refused the call with HTTP status 400: invalid_grant");
    let Error::Api(error) = error else { panic!("{error:?}") };
    assert_eq!(error.server, None);
}

//! What follows a sign-in.

use descope::oidc::{App, EndSessionOptions, Tokens};
use descope::transport::{TransportError, TransportErrorKind};
use descope::{Error, codes};
use serde_json::{Value, json};

use super::{Server, app, argument, form, id_token, lock, response, tokens, with_header};

#[test]
fn the_users_claims_are_loaded_with_the_access_token() {
    for answer in [
        json!({ "sub": "U1", "email": "ada@example.com" }),
        json!({ "userInfoClaims": { "sub": "U1", "email": "ada@example.com" } }),
    ] {
        let server = Server::new();
        server.answer(200, &answer);
        let app = app().secret("s");
        let user = server.client().oidc(&app).user_info(&Tokens::new("the token")).unwrap();
        assert_eq!((&*user.subject, &user.claims["email"]), ("U1", &json!("ada@example.com")));
        assert!(!format!("{user:?}").contains("ada@example.com"));
        let seen = &server.seen()[0];
        assert_eq!((&*seen.method, &*seen.url), ("GET", "https://login.example.com/me"));
        assert_eq!(seen.header("authorization"), Some("Bearer the token"));
        assert!(seen.form.is_empty());
    }
}

#[test]
fn the_claims_of_another_user_are_refused() {
    let load = |answer: Value| {
        let server = Server::new();
        let mut body = tokens();
        body["id_token"] = json!(id_token(&json!({})));
        server.answer(200, &body).answer(200, &answer);
        let client = server.client();
        let app = app();
        let tokens = client.oidc(&app).refresh("r", &Default::default()).unwrap();
        client.oidc(&app).user_info(&tokens)
    };
    assert!(load(json!({ "sub": "U1" })).is_ok());
    for other in
        [json!({ "sub": "U2" }), json!({}), json!({ "sub": 5 }), json!({ "sub": null }), json!([])]
    {
        assert!(matches!(load(other), Err(Error::Decode(_))));
    }
}

#[test]
fn a_refusal_in_a_header_is_read() {
    let refused = |challenge: &str| {
        let server = Server::new();
        let empty = with_header(response(401, &json!({})), "www-authenticate", challenge);
        server.respond(Ok(empty));
        server.client().oidc(&app()).user_info(&Tokens::new("the-access-token")).unwrap_err()
    };
    let error = refused(
        r#"Bearer realm="x, error=y", error="invalid_token", error_description="the-access-token \"has\" ended""#,
    );
    assert_eq!(error.code(), Some(codes::INVALID_TOKEN));
    assert!(error.is_sign_in_required());
    assert!(error.to_string().contains(r#"[redacted] "has" ended"#), "{error}");
    assert_eq!(
        refused("Bearer error=insufficient_scope, scope=x").code(),
        Some("insufficient_scope")
    );
    for none in
        ["Bearer", "Basic realm=\"x\"", "Bearer error_description=\"error\"", "Bearer xerror=\"y\""]
    {
        assert_eq!(refused(none).code(), None, "{none}");
    }
}

#[test]
fn a_token_is_revoked_and_may_be_so_twice() {
    let server = Server::new();
    server.respond(Err(TransportError::new(TransportErrorKind::Closed, "x")));
    server.respond(Ok(descope::transport::Response::new(Vec::new())));
    let app = app().secret("s");
    server.client().oidc(&app).revoke("the token").unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!((&*seen[1].method, &*seen[1].url), ("POST", "https://login.example.com/revoke"));
    assert_eq!(seen[1].fields(), [("token", "the token")]);
    assert!(seen[1].header("authorization").unwrap().starts_with("Basic "));
    // A public client names itself.
    let server = Server::new();
    server.answer(200, &json!({}));
    server.client().oidc(&super::app()).revoke("t").unwrap();
    assert_eq!(server.seen()[0].fields(), [("token", "t"), ("client_id", "the client")]);
    assert_eq!(argument(server.client().oidc(&super::app()).revoke("")), "token");
}

#[test]
fn the_browser_ends_the_session() {
    let client = Server::new().client();
    let app = app();
    let url = |options: &EndSessionOptions| client.oidc(&app).end_session_url(options).unwrap();
    let least = "https://login.example.com/logout?x=1&client_id=the%20client";
    assert_eq!(url(&Default::default()), least);
    let options = EndSessionOptions::default()
        .id_token("a.b.c")
        .redirect_uri("https://app.example.com/bye?x=y")
        .state("s&t")
        .logout_hint("ada");
    let all = url(&options);
    assert_eq!(
        form(all.split_once('?').unwrap().1)
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect::<Vec<_>>(),
        [
            ("x", "1"),
            ("client_id", "the client"),
            ("id_token_hint", "a.b.c"),
            ("post_logout_redirect_uri", "https://app.example.com/bye?x=y"),
            ("state", "s&t"),
            ("logout_hint", "ada"),
        ]
    );
    let options = EndSessionOptions::default().redirect_uri("/bye");
    assert_eq!(argument(client.oidc(&app).end_session_url(&options)), "redirect_uri");
}

#[test]
fn a_server_that_cannot_says_so() {
    let server = Server::new();
    for name in ["userinfo_endpoint", "revocation_endpoint", "end_session_endpoint", "jwks_uri"] {
        lock(&server.document).as_object_mut().unwrap().remove(name);
    }
    let client = server.client();
    let app = app();
    let oidc = client.oidc(&app);
    for outcome in [
        oidc.user_info(&Tokens::new("t")).err(),
        oidc.revoke("t").err(),
        oidc.end_session_url(&Default::default()).err(),
        oidc.verify_id_token("a.b.c", &Default::default()).err(),
    ] {
        assert!(matches!(outcome, Some(Error::Config(_))), "{outcome:?}");
    }
    // A project's keys are known without.
    let server = Server::of("https://api.descope.com/P2abc");
    lock(&server.document).as_object_mut().unwrap().remove("jwks_uri");
    let token = id_token(&json!({ "iss": "https://api.descope.com/P2abc", "aud": "c" }));
    let app = App::project("c");
    server.client().oidc(&app).verify_id_token(&token, &Default::default()).unwrap();
}

//! Sending the browser away, and what it brings back.

use std::time::Duration;

use descope::oidc::{App, AuthorizationRequest, AuthorizeOptions, DpopKey};
use descope::{Error, codes};
use serde_json::json;

use super::{ISSUER, Server, app, argument, form, lock, ring_digest};

const REDIRECT: &str = "http://127.0.0.1:0/cb?x=1";

fn made(app: &App, options: &AuthorizeOptions) -> (AuthorizationRequest, Vec<(String, String)>) {
    let server = Server::of(if format!("{app:?}").contains("Issuer") {
        ISSUER
    } else {
        "https://api.descope.com/P2abc"
    });
    let request = server.client().oidc(app).authorization_request(REDIRECT, options).unwrap();
    let (at, query) = request.url.split_once('?').unwrap();
    assert!(at.ends_with("/authorize"));
    let query = form(query);
    (request, query)
}

#[test]
fn every_option_is_in_the_query() {
    let key = DpopKey::generate().unwrap();
    let app = app().resource("https://of.the/app").dpop(key.clone());
    let options = AuthorizeOptions::default()
        .scopes(["openid", "email"])
        .prompt("login consent")
        .login_hint("ada@example.com")
        .tenant("T2")
        .max_age(Duration::from_secs(60))
        .acr_values("urn:mfa")
        .ui_locales("de en")
        .resources(["urn:b"])
        .parameters([("flow", "sign in")]);
    let (request, query) = made(&app, &options);
    let digest = ring_digest(request.verifier.expose());
    let expected = [
        ("response_type", "code"),
        ("client_id", "the client"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid email"),
        ("state", request.state.expose()),
        ("code_challenge", &digest),
        ("code_challenge_method", "S256"),
        ("nonce", request.nonce.as_ref().unwrap().expose()),
        ("dpop_jkt", key.thumbprint()),
        ("prompt", "login consent"),
        ("login_hint", "ada@example.com"),
        ("tenant", "T2"),
        ("acr_values", "urn:mfa"),
        ("ui_locales", "de en"),
        ("max_age", "60"),
        ("resource", "https://of.the/app"),
        ("resource", "urn:b"),
        ("flow", "sign in"),
    ];
    let query: Vec<_> = query.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(query, expected);
}

#[test]
fn without_options_it_is_openid_and_with_other_scopes_there_is_no_nonce() {
    let (request, query) = made(&app(), &Default::default());
    let names: Vec<_> = query.iter().map(|(name, _)| &**name).collect();
    assert_eq!(
        names,
        [
            "response_type",
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "code_challenge",
            "code_challenge_method",
            "nonce"
        ]
    );
    assert_eq!(request.scopes, ["openid"]);
    let (request, query) = made(&app(), &AuthorizeOptions::default().scopes(["read"]));
    assert!(request.nonce.is_none() && !query.iter().any(|(name, _)| name == "nonce"));
    // Descope's own name goes to Descope alone.
    let options = AuthorizeOptions::default().login_hint("ada");
    let hint = ("loginHint".to_owned(), "ada".to_owned());
    assert!(made(&App::project("c"), &options).1.contains(&hint));
    assert!(!made(&app(), &options).1.contains(&hint));
}

#[test]
fn secrets_are_long_new_and_not_shown() {
    let (one, _) = made(&app(), &Default::default());
    let (two, _) = made(&app(), &Default::default());
    assert!(one.state.expose().len() >= 22 && one.nonce.as_ref().unwrap().expose().len() >= 22);
    assert!((43..=128).contains(&one.verifier.expose().len()));
    assert_ne!(one.state.expose(), two.state.expose());
    assert_ne!(one.verifier.expose(), two.verifier.expose());
    let shown = format!("{one:?}");
    for secret in [&one.state, one.nonce.as_ref().unwrap(), &one.verifier] {
        assert!(!shown.contains(secret.expose()));
    }
    assert!(!one.url.contains(one.verifier.expose()));
}

#[test]
fn what_cannot_be_right_is_refused() {
    let server = Server::new();
    let client = server.client();
    let app = app();
    let request = |redirect: &str, options: &AuthorizeOptions| {
        client.oidc(&app).authorization_request(redirect, options)
    };
    for redirect in ["", "/cb", "https://a/b#c", "https://a b"] {
        assert_eq!(argument(request(redirect, &Default::default())), "redirect_uri", "{redirect}");
    }
    for own in ["state", "nonce", "redirect_uri", "code_challenge", "client_id", "scope", ""] {
        let options = AuthorizeOptions::default().parameters([(own, "x")]);
        assert_eq!(argument(request("app:/cb", &options)), "parameters");
    }
    let options = AuthorizeOptions::default().scopes(["a b"]);
    assert_eq!(argument(request("app:/cb", &options)), "scopes");
    assert!(server.all().is_empty());
    lock(&server.document)["authorization_endpoint"] = json!(null);
    assert!(matches!(request("app:/cb", &Default::default()), Err(Error::Config(_))));
}

#[test]
fn only_the_answer_to_the_request_is_taken() {
    let server = Server::new();
    let client = server.client();
    let app = app();
    let request = AuthorizationRequest::resume("https://a/b", "the-state", None, "the-verifier");
    let check = |callback: &str| client.oidc(&app).check_callback(&request, callback);
    for good in [
        "https://a/b?code=c%201&state=the-state",
        "/b?state=the-state&code=c+1&iss=https%3A%2F%2Flogin.example.com",
        "state=the-state&code=c%201&session_state=x",
    ] {
        assert_eq!(check(good).unwrap().expose(), "c 1");
    }
    for bad in [
        "",
        "https://a/b",
        "https://a/b?code=c",
        "https://a/b?code=c&state=",
        "https://a/b?code=c&state=other",
        "https://a/b?code=c&state=the-state2",
        "https://a/b?code=c&state=the-state&state=the-state",
        "https://a/b?code=c&code=d&state=the-state",
        "https://a/b?state=the-state",
        "https://a/b?code=&state=the-state",
        "https://a/b#code=c&state=the-state",
        "https://a/b?code=c&state=the-state&iss=https://evil.example",
        "https://a/b?error=access_denied&state=other",
    ] {
        assert_eq!(argument(check(bad)), "callback", "{bad}");
    }
    let server = Server::new();
    lock(&server.document)["authorization_response_iss_parameter_supported"] = json!(true);
    let client = server.client();
    let check = |callback: &str| client.oidc(&app).check_callback(&request, callback);
    assert_eq!(argument(check("?code=c&state=the-state")), "callback");
    assert!(check(&format!("?code=c&state=the-state&iss={ISSUER}")).is_ok());
}

#[test]
fn a_refusal_through_the_browser_has_its_code() {
    let client = Server::new().client();
    let app = app();
    let request = AuthorizationRequest::resume("https://a/b", "the-state", None, "the-verifier");
    let refused = |error: &str| {
        let callback = format!("?error={error}&error_description=No%20the-state&state=the-state");
        client.oidc(&app).check_callback(&request, &callback).unwrap_err()
    };
    let error = refused("access_denied");
    assert!(error.is_access_denied() && error.status().is_none());
    let text = "login.example.com refused the sign-in: access_denied: No [redacted]";
    assert_eq!(error.to_string(), text);
    assert!(refused(codes::LOGIN_REQUIRED).is_sign_in_required());
    assert!(refused("temporarily_unavailable").is_unavailable());
    assert!(refused("server_error").is_unavailable());
    assert!(refused(codes::UNAUTHORIZED_CLIENT).is_misconfigured());
    assert!(!refused("invalid_request").is_unavailable());
}

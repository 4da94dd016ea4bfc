//! Finding the server: which document, and whose.

use std::time::Duration;

use descope::oidc::App;
use descope::{Error, RetryPolicy};
use serde_json::json;

use super::{ISSUER, Server, app, argument, document, lock, tokens};

#[test]
fn each_kind_of_app_has_its_own_document() {
    let base = "https://api.descope.com";
    for (app, issuer) in [
        (App::project("P2abc"), format!("{base}/P2abc")),
        (App::federated("SA2 x", "c"), format!("{base}/P2abc/SA2%20x")),
        (App::inbound("c"), format!("{base}/v1/apps/P2abc")),
        (App::mcp_server("MS2x", "c"), format!("{base}/v1/apps/agentic/P2abc/MS2x")),
        (App::issuer(ISSUER, "c"), ISSUER.to_owned()),
        (App::issuer("https://a.example/x", "c"), "https://a.example/x".to_owned()),
    ] {
        let server = Server::of(&issuer);
        let found = server.client().oidc(&app).discover().unwrap();
        assert_eq!(found.issuer, issuer);
        assert_eq!(found.token_endpoint, Some(format!("{issuer}/token")));
        assert_eq!(found.device_authorization_endpoint, None);
        assert_eq!(found.extra["newer_than_this_crate"], true);
        let asked = &server.all()[0];
        assert_eq!(asked.method, "GET");
        assert_eq!(asked.url, format!("{issuer}/.well-known/openid-configuration"));
        assert_eq!(asked.header("authorization"), None);
    }
}

#[test]
fn a_document_of_oauth_alone_is_found_too() {
    let server = Server::of("https://a.example/x");
    *lock(&server.document) = json!({ "status": 404 });
    server.answer(200, &document("https://a.example/x"));
    let found = server.client().oidc(&App::issuer("https://a.example/x", "c")).discover().unwrap();
    assert_eq!(found.issuer, "https://a.example/x");
    let url = "https://a.example/.well-known/oauth-authorization-server/x";
    assert_eq!(server.seen()[0].url, url);
}

#[test]
fn the_document_of_another_issuer_is_refused() {
    for (app, named) in [
        (App::issuer(ISSUER, "c"), "https://evil.example"),
        (App::issuer(ISSUER, "c"), "https://login.example.com/"),
        (App::issuer(ISSUER, "c"), "https://LOGIN.example.com"),
        (App::issuer(ISSUER, "c"), ""),
        // Below Descope's address, with another project.
        (App::project("c"), "https://api.descope.com/P2other"),
        (App::inbound("c"), "https://api.descope.com/v1/apps/P2other"),
        // The issuer is this project, at another address.
        (App::project("c"), "https://evil.example/P2abc"),
        (App::project("c"), "https://api.descope.com.evil.example/P2abc"),
        (App::project("c"), "http://api.descope.com/P2abc"),
        (App::project("c"), "https://api.descope.com/P2abc/x/y"),
    ] {
        let server = Server::new();
        lock(&server.document)["issuer"] = json!(named);
        let error = server.client().oidc(&app).discover().unwrap_err();
        assert!(matches!(error, Error::Decode(_)), "{named}: {error}");
    }
}

#[test]
fn descopes_documents_may_name_the_project_in_several_ways() {
    let base = "https://api.descope.com";
    for named in ["P2abc", "v1/apps/P2abc", "P2abc/SA2x"] {
        let server = Server::of(&format!("{base}/{named}"));
        let found = server.client().oidc(&App::federated("SA2x", "c")).discover().unwrap();
        assert_eq!(found.issuer, format!("{base}/{named}"));
    }
}

#[test]
fn no_secret_goes_to_an_address_without_tls() {
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "device_authorization_endpoint",
        "backchannel_authentication_endpoint",
        "revocation_endpoint",
        "userinfo_endpoint",
        "end_session_endpoint",
        "registration_endpoint",
        "jwks_uri",
    ] {
        for bad in ["http://login.example.com/x", "ftp://login.example.com", "/x", "https://u@x/y"]
        {
            let server = Server::new();
            lock(&server.document)[name] = json!(bad);
            let error = server.client().oidc(&app()).discover().unwrap_err();
            assert!(error.to_string().contains(name), "{name}: {error}");
        }
        let server = Server::new();
        lock(&server.document)[name] = json!("http://127.0.0.1:3000/x");
        assert!(server.client().oidc(&app()).discover().is_ok());
    }
}

#[test]
fn issuers_and_ids_that_cannot_be_right_are_refused_before_any_request() {
    for issuer in
        ["", "x", "http://login.example.com", "https://x/?y", "https://x/#y", "https://u@x"]
    {
        let server = Server::new();
        let outcome = server.client().oidc(&App::issuer(issuer, "c")).discover();
        assert_eq!(argument(outcome), "issuer", "{issuer}");
        assert!(server.all().is_empty());
    }
    let client = Server::new().client();
    assert_eq!(argument(client.oidc(&App::federated("..", "c")).discover()), "sso_app_id");
    assert_eq!(argument(client.oidc(&App::mcp_server("a/../b", "c")).discover()), "server_id");
    assert_eq!(argument(client.oidc(&App::inbound("")).discover()), "client_id");
    assert_eq!(argument(client.oidc(&app().secret("")).discover()), "secret");
    assert_eq!(argument(client.oidc(&app().resource("x")).discover()), "resource");
}

#[test]
fn a_document_is_fetched_once_and_shared_by_clones() {
    let server = Server::new();
    let client = server.client();
    let clone = client.with_deadline(Duration::from_secs(3));
    for client in [&client, &clone, &client] {
        client.oidc(&app()).discover().unwrap();
    }
    assert_eq!(server.all().len(), 1);
    // Another server is another document.
    lock(&server.document)["issuer"] = json!("https://a.example");
    client.oidc(&App::issuer("https://a.example", "c")).discover().unwrap();
    assert_eq!(server.all().len(), 2);
}

#[test]
fn a_failure_is_not_remembered() {
    let server = Server::new();
    *lock(&server.document) = json!({ "status": 500 });
    let client = server.client_with(|builder| builder.retry(RetryPolicy::none()));
    let error = client.oidc(&app()).discover().unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    *lock(&server.document) = document(ISSUER);
    client.oidc(&app()).discover().unwrap();
}

#[test]
fn an_unreachable_server_is_asked_again() {
    let server = Server::new();
    *lock(&server.document) = json!({ "status": 503 });
    let error = server.client().oidc(&app()).discover().unwrap_err();
    assert_eq!((error.status(), server.all().len()), (Some(503), 4));
}

#[test]
fn what_is_meant_for_descope_stays_there() {
    let headers = |client: &descope::Client, app: &App, server: &Server| {
        server.answer(200, &tokens());
        client.oidc(app).client_credentials(&Default::default()).unwrap();
        let seen = server.seen();
        seen[0].headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let configure = |builder: descope::ClientBuilder| {
        builder
            .header("x-gateway", "s3cret")
            .header("authorization", "Basic abc")
            .management_key("K2x")
    };
    let server = Server::new();
    let found = headers(&server.client_with(configure), &app().secret_in_body("s"), &server);
    assert_eq!(found, ["accept", "content-type"]);
    let server = Server::of("https://api.descope.com/P2abc");
    let app = App::project("c").secret_in_body("s");
    let found = headers(&server.client_with(configure), &app, &server);
    assert!(found.contains(&"x-gateway".to_owned()));
    assert!(!found.contains(&"authorization".to_owned()));
}

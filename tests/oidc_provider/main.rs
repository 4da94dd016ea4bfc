//! The client of OAuth 2 and OpenID Connect against a server that nobody here wrote: `oidc-provider` for Node, which is
//! certified. Each flow, and its refusals. `.ci/oidc` installs it and runs these tests.

mod browser;
mod in_chromium;
#[allow(dead_code, reason = "the tests of the browser use all of it")]
#[path = "../browser/webdriver.rs"]
mod webdriver;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use browser::{Browser, Person};
use descope::oidc::{
    App, AuthorizationRequest, AuthorizeOptions, DpopKey, EndSessionOptions, IdTokenOptions,
    PrivateKey, TokenOptions, Tokens,
};
use descope::{Client, Error, TokenError, codes};

const CALLBACK: &str = "http://127.0.0.1:54321/cb";
const SECRET: &str = "p%ss:w/rd+&= \"x";
const API: &str = "https://api.example.com";

/// The provider, which ends with its input.
struct Provider {
    process: Mutex<Child>,
    issuer: String,
}

impl Provider {
    fn start() -> Self {
        let place = std::env::var("OIDC_PROVIDER").expect("the folder that oidc-provider is in");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/oidc_provider.mjs");
        let mut process = Command::new("node")
            .args([script, &place])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node");
        let mut lines =
            BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let issuer = lines.find(|line| line.starts_with("http://")).expect("an issuer");
        // It goes on to say this and that.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process: Mutex::new(process), issuer }
    }

    fn app(&self, client_id: &str) -> App {
        App::issuer(&self.issuer, client_id)
    }

    fn client(&self) -> Client {
        let builder = Client::builder().ignore_env().project_id("P2abc");
        builder.base_url(&self.issuer).build().unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let mut process = self.process.lock().unwrap();
        drop(process.stdin.take());
        process.wait().unwrap();
    }
}

/// A client, and what it asks for.
fn setup(client_id: &str) -> (Provider, Client, App) {
    let provider = Provider::start();
    let (client, app) = (provider.client(), provider.app(client_id));
    (provider, client, app)
}

fn begin(client: &Client, app: &App) -> (AuthorizationRequest, String) {
    let options = AuthorizeOptions::default()
        .scopes(["openid", "email", "offline_access"])
        .prompt("consent")
        .max_age(std::time::Duration::from_secs(600));
    let request = client.oidc(app).authorization_request(CALLBACK, &options).unwrap();
    let callback = Browser::new().sign_in(&request.url, Person::Agrees);
    assert!(callback.starts_with(CALLBACK), "{callback}");
    (request, callback)
}

fn sign_in(client: &Client, app: &App) -> Tokens {
    let (request, callback) = begin(client, app);
    client.oidc(app).exchange_callback(&request, &callback).unwrap()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>, code: &str) -> Error {
    match outcome {
        Err(error) if error.code() == Some(code) => error,
        other => panic!("not {code}: {other:?}"),
    }
}

fn none() -> TokenOptions {
    TokenOptions::default()
}

#[test]
#[ignore = "run by .ci/oidc"]
fn discovery() {
    let (provider, client, app) = setup("cli");
    let document = client.oidc(&app).discover().unwrap();
    assert_eq!(document.issuer, provider.issuer);
    assert!(document.authorization_response_iss_parameter_supported);
    assert!(document.dpop_signing_alg_values_supported.contains(&"ES256".to_owned()));
    let other = App::issuer(format!("{}/", provider.issuer), "cli");
    assert!(matches!(client.oidc(&other).discover(), Err(Error::Decode(_))));
    let nowhere = App::issuer(format!("{}/nowhere", provider.issuer), "cli");
    assert!(client.oidc(&nowhere).discover().unwrap_err().is_not_found());
}

#[test]
#[ignore = "run by .ci/oidc"]
fn a_sign_in_with_pkce() {
    let (provider, client, app) = setup("cli");
    let oidc = client.oidc(&app);
    let tokens = sign_in(&client, &app);
    let claims = tokens.claims.as_ref().unwrap();
    assert_eq!(claims.subject(), "ada");
    assert!(tokens.expires_at.is_some() && tokens.refresh_token.is_some());
    let user = oidc.user_info(&tokens).unwrap();
    assert_eq!((&*user.subject, &user.claims["email"]), ("ada", &"ada@example.com".into()));
    // The ID token is not that of another client, nonce, access token or time.
    let id_token = tokens.id_token.as_ref().unwrap().expose();
    let verify = |app: &App, options| match client.oidc(app).verify_id_token(id_token, &options) {
        Ok(_) => None,
        Err(Error::Token(error)) => Some(error),
        other => panic!("{other:?}"),
    };
    let options = IdTokenOptions::default();
    assert_eq!(verify(&app, options.clone()), None);
    let poster = provider.app("poster");
    assert_eq!(verify(&poster, options.clone()), Some(TokenError::Audience));
    assert_eq!(verify(&app, options.nonce("x")), Some(TokenError::Nonce));
}

#[test]
#[ignore = "run by .ci/oidc"]
fn sign_ins_that_are_refused() {
    let (provider, client, app) = setup("cli");
    let oidc = client.oidc(&app);
    // By the person.
    let request = oidc.authorization_request(CALLBACK, &Default::default()).unwrap();
    let callback = Browser::new().sign_in(&request.url, Person::Refuses);
    assert!(oidc.exchange_callback(&request, &callback).unwrap_err().is_access_denied());
    // By the server, which may show no page.
    let silent = AuthorizeOptions::default().prompt("none");
    let request = oidc.authorization_request(CALLBACK, &silent).unwrap();
    let callback = Browser::new().sign_in(&request.url, Person::Agrees);
    let error = refused(oidc.exchange_callback(&request, &callback), codes::LOGIN_REQUIRED);
    assert!(error.is_sign_in_required());
    // By the client, as it belongs to another sign-in or comes from another server.
    let (request, callback) = begin(&client, &app);
    let (other, _) = begin(&client, &app);
    let argument = |outcome| matches!(outcome, Err(Error::Argument { name: "callback", .. }));
    assert!(argument(oidc.check_callback(&other, &callback)));
    let at = callback.find("iss=").unwrap();
    assert!(argument(oidc.check_callback(&request, &callback[..at])));
    let elsewhere = format!("{}iss=https%3A%2F%2Fevil.example", &callback[..at]);
    assert!(argument(oidc.check_callback(&request, &elsewhere)));
    // A code with another verifier, redirect or client, one made up, and one that is spent.
    let code = oidc.check_callback(&request, &callback).unwrap();
    let code = code.expose();
    refused(oidc.exchange_code(&request, "made-up"), codes::INVALID_GRANT);
    let poster = provider.app("poster").secret("p%ss+");
    refused(client.oidc(&poster).exchange_code(&request, code), codes::INVALID_GRANT);
    let (mut request, callback) = begin(&client, &app);
    request.verifier = other.verifier.clone();
    refused(oidc.exchange_callback(&request, &callback), codes::INVALID_GRANT);
    let (mut request, callback) = begin(&client, &app);
    request.redirect_uri = "http://127.0.0.1:54322/cb".into();
    refused(oidc.exchange_callback(&request, &callback), codes::INVALID_GRANT);
    let (request, callback) = begin(&client, &app);
    let tokens = oidc.exchange_callback(&request, &callback).unwrap();
    refused(oidc.exchange_callback(&request, &callback), codes::INVALID_GRANT);
    // Which ends what the code had bought.
    let refresh = tokens.refresh_token.unwrap();
    refused(oidc.refresh(refresh.expose(), &none()), codes::INVALID_GRANT);
    // An ID token for another request.
    let (mut request, callback) = begin(&client, &app);
    request.nonce = other.nonce;
    let outcome = oidc.exchange_callback(&request, &callback);
    assert!(matches!(outcome, Err(Error::Token(TokenError::Nonce))), "{outcome:?}");
}

#[test]
#[ignore = "run by .ci/oidc"]
fn refreshing_with_rotation() {
    let (_provider, client, app) = setup("cli");
    let oidc = client.oidc(&app);
    let first = sign_in(&client, &app).refresh_token.unwrap();
    let tokens = oidc.refresh(first.expose(), &none()).unwrap();
    let second = tokens.refresh_token.clone().unwrap();
    assert_ne!(first.expose(), second.expose());
    assert_eq!(tokens.claims.as_ref().unwrap().subject(), "ada");
    assert_eq!(oidc.user_info(&tokens).unwrap().subject, "ada");
    let fewer = oidc.refresh(second.expose(), &none().scopes(["openid"])).unwrap();
    assert_eq!(fewer.scopes, ["openid"]);
    let third = fewer.refresh_token.unwrap();
    let more = none().scopes(["openid", "api:read"]);
    refused(oidc.refresh(third.expose(), &more), codes::INVALID_SCOPE);
    // Once more with an old one: the session ends.
    let error = refused(oidc.refresh(first.expose(), &none()), codes::INVALID_GRANT);
    assert!(error.is_sign_in_required() && !error.is_misconfigured());
    refused(oidc.refresh(third.expose(), &none()), codes::INVALID_GRANT);
}

#[test]
#[ignore = "run by .ci/oidc"]
fn machines_by_each_way_of_authentication() {
    let (provider, client, _) = setup("cli");
    let pem = |name: &str| {
        let path = format!("{}/tests/it/oidc/{name}.pem", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    let key = |name: &str| PrivateKey::from_pem(&pem(name)).unwrap().key_id(name);
    let options = none().resources([API]).scopes(["api:read"]);
    for app in [
        provider.app("web:client").secret(SECRET),
        provider.app("poster").secret_in_body("p%ss+"),
        provider.app("signs-es256").private_key(key("p256")),
        provider.app("signs-rs256").private_key(key("rsa")),
        provider.app("signs-eddsa").private_key(key("ed25519")),
    ] {
        let tokens = client.oidc(&app).client_credentials(&options).unwrap();
        assert_eq!((&*tokens.scopes, tokens.is_dpop()), (&["api:read".to_owned()][..], false));
        assert!(tokens.refresh_token.is_none() && tokens.expires_at.is_some());
        assert_eq!(tokens.access_token.expose().split('.').count(), 3);
        let nowhere = none().resources(["https://other.example.com"]);
        refused(client.oidc(&app).client_credentials(&nowhere), codes::INVALID_TARGET);
        // Twice in a row: each statement is new.
        client.oidc(&app).client_credentials(&options).unwrap();
        // The server may sign an ID token with each kind of key.
        let claims = sign_in(&client, &app).claims.unwrap();
        assert_eq!(claims.subject(), "ada");
    }
    for wrong in [
        provider.app("web:client").secret("x"),
        provider.app("web:client").secret_in_body("x"),
        provider.app("poster").secret_in_body("x"),
        provider.app("signs-es256").private_key(PrivateKey::from_pem(&pem("ed25519")).unwrap()),
        provider.app("signs-rs256").private_key(key("p256")),
        provider.app("signs-eddsa").private_key(key("ed25519").audience("https://x")),
        provider.app("nobody").secret("x"),
    ] {
        let error =
            refused(client.oidc(&wrong).client_credentials(&options), codes::INVALID_CLIENT);
        assert!(error.is_misconfigured() && !error.is_sign_in_required(), "{error}");
    }
    let open = provider.app("cli").secret("x");
    assert!(client.oidc(&open).client_credentials(&options).unwrap_err().is_misconfigured());
}

#[test]
#[ignore = "run by .ci/oidc"]
fn revocation() {
    let (provider, client, app) = setup("cli");
    let oidc = client.oidc(&app);
    let tokens = sign_in(&client, &app);
    oidc.revoke(tokens.access_token.expose()).unwrap();
    let error = refused(oidc.user_info(&tokens), codes::INVALID_TOKEN);
    assert_eq!((error.status(), error.is_sign_in_required()), (Some(401), true));
    let refresh = sign_in(&client, &app).refresh_token.unwrap();
    oidc.revoke(refresh.expose()).unwrap();
    refused(oidc.refresh(refresh.expose(), &none()), codes::INVALID_GRANT);
    oidc.revoke(refresh.expose()).unwrap();
    oidc.revoke("made-up").unwrap();
    let wrong = provider.app("poster").secret_in_body("x");
    refused(client.oidc(&wrong).revoke("made-up"), codes::INVALID_CLIENT);
}

#[test]
#[ignore = "run by .ci/oidc"]
fn tokens_bound_to_a_key() {
    let (provider, client, app) = setup("bound");
    let key = DpopKey::generate().unwrap();
    let app = app.dpop(key.clone());
    let oidc = client.oidc(&app);
    let tokens = sign_in(&client, &app);
    assert!(tokens.is_dpop());
    assert_eq!(oidc.user_info(&tokens).unwrap().subject, "ada");
    let refresh = tokens.refresh_token.clone().unwrap();
    // Only with this key, and not without one.
    let thief = provider.app("bound").dpop(DpopKey::generate().unwrap());
    let error = client.oidc(&thief).user_info(&tokens).unwrap_err();
    assert_eq!(error.status(), Some(401), "{error}");
    let bare = Tokens::new(tokens.access_token.clone());
    refused(oidc.user_info(&bare), codes::INVALID_TOKEN);
    refused(client.oidc(&thief).refresh(refresh.expose(), &none()), codes::INVALID_GRANT);
    let again = DpopKey::from_pem(&key.to_pem()).unwrap();
    let kept = provider.app("bound").dpop(again);
    // A client that does not know the server's nonce yet.
    let fresh = provider.client();
    let renewed = fresh.oidc(&kept).refresh(refresh.expose(), &none()).unwrap();
    assert_eq!(fresh.oidc(&kept).user_info(&renewed).unwrap().subject, "ada");
    let without = provider.app("bound");
    let (request, callback) = begin(&client, &without);
    let outcome = client.oidc(&without).exchange_callback(&request, &callback);
    assert!(outcome.unwrap_err().code().is_some());
}

#[test]
#[ignore = "run by .ci/oidc"]
fn the_end_of_a_session() {
    let (provider, client, app) = setup("cli");
    let id_token = sign_in(&client, &app).id_token.unwrap();
    let visit = |id_token: descope::Secret| {
        let options = EndSessionOptions::default().id_token(id_token);
        let url = client.oidc(&app).end_session_url(&options).unwrap();
        assert!(url.starts_with(&provider.issuer));
        let mut page = descope::ureq::get(&url).call().ok()?;
        page.body_mut().read_to_string().ok()
    };
    let page = visit(id_token).unwrap();
    assert!(page.contains("name=\"logout\""), "{page}");
    assert!(visit("made-up".into()).is_none());
}

//! Sources for the areas of this crate that need a server of their own; the documentation's examples run on
//! the emulator.

use std::sync::{Arc, Mutex};

use descope::oidc::{App, DpopKey, TokenOptions, Tokens};
use descope::tokens::{MemoryStore, StoredTokens, TokenSource};
use descope::transport::Request;
use descope::{Client, UnixTime};
use serde_json::{Value, json};

use crate::support::{Time, answered_by};

/// A client, and the forms that its token endpoint was sent.
fn authorized(project: &str) -> (Client, Time, Arc<Mutex<Vec<String>>>) {
    let forms = Arc::new(Mutex::new(Vec::new()));
    let seen = forms.clone();
    let issuer = format!("https://api.descope.com/v1/apps/{project}");
    let (client, time) = answered_by(project, move |request: &Request| -> (u16, Value) {
        if request.uri().path().contains("/.well-known/") {
            let token = format!("{issuer}/token");
            return (200, json!({ "issuer": issuer, "token_endpoint": token }));
        }
        let form = String::from_utf8(request.body().clone()).unwrap();
        let mut seen = seen.lock().unwrap();
        seen.push(form.clone());
        let count = seen.len();
        if form.contains("refresh_token=spent") {
            return (400, json!({ "error": "invalid_grant", "error_description": "gone" }));
        }
        let mut answer = json!({
            "access_token": format!("A{count}"), "token_type": "Bearer", "expires_in": 600, "vendor": 7,
        });
        if form.contains("grant_type=refresh_token") && !form.contains("kept") {
            answer["refresh_token"] = format!("R{count}").into();
        }
        (200, answer)
    });
    (client, time, forms)
}

fn tokens(refresh_token: &str, end: UnixTime) -> Tokens {
    let mut tokens = Tokens::new("A0");
    tokens.refresh_token = Some(refresh_token.into());
    tokens.scopes = vec!["openid".to_owned()];
    tokens.expires_at = Some(end);
    tokens
}

#[test]
fn a_users_tokens_are_renewed_by_the_token_endpoint() {
    let (client, time, forms) = authorized("P2abc");
    let app = App::inbound("client-id");
    let source = TokenSource::oidc(&client, MemoryStore::default(), "ada", &app);
    assert!(source.token().unwrap_err().is_sign_in_required());
    source.sign_in(&tokens("R0", time.after(600))).unwrap();
    assert_eq!((source.token().unwrap().expose(), forms.lock().unwrap().len()), ("A0", 0));
    time.advance(540);
    let stored = source.tokens().unwrap();
    assert_eq!(stored.access_token.expose(), "A1");
    assert_eq!(stored.refresh_token.as_ref().unwrap().expose(), "R1");
    assert_eq!((stored.scopes.len(), stored.expires_at), (1, Some(time.after(600))));
    assert_eq!(
        (stored.token_type.as_deref(), &stored.extra["vendor"]),
        (Some("Bearer"), &7.into())
    );
    let back = Tokens::from(&stored);
    assert_eq!((back.access_token.expose(), back.expires_at), ("A1", stored.expires_at));

    // A server that does not rotate.
    source.sign_in(&tokens("kept", time.after(0))).unwrap();
    assert_eq!(source.tokens().unwrap().refresh_token.unwrap().expose(), "kept");

    source.sign_in(&tokens("spent", time.after(0))).unwrap();
    for _ in 0..2 {
        let error = source.token().unwrap_err();
        assert!(error.is_sign_in_required() && error.code() == Some("invalid_grant"), "{error}");
    }
    assert_eq!(forms.lock().unwrap().len(), 3);
}

#[test]
fn tokens_are_not_used_by_another_project_app_resource_or_key() {
    let (client, time, _) = authorized("P2abc");
    let (other_project, _, _) = authorized("P2xyz");
    let store = MemoryStore::default();
    let app = App::inbound("client-id");
    let source = |client: &Client, app: &App| TokenSource::oidc(client, store.clone(), "ada", app);
    source(&client, &app).sign_in(&tokens("R0", time.after(600))).unwrap();
    assert_eq!(source(&client, &app.clone().secret("s")).token().unwrap().expose(), "A0");
    for other in [
        source(&other_project, &app),
        source(&client, &App::inbound("other")),
        source(&client, &App::federated("app", "client-id")),
        source(&client, &App::issuer("https://x.example", "client-id")),
        source(&client, &app.clone().resource("https://api.example.com")),
        source(&client, &app.clone().dpop(DpopKey::generate().unwrap())),
        TokenSource::session(&client, store.clone(), "ada"),
    ] {
        let error = other.token().unwrap_err();
        assert!(error.is_sign_in_required(), "{error}");
        assert!(other.peek().unwrap().is_none());
    }
    // Tokens that nobody has marked are everybody's.
    let unmarked =
        TokenSource::issuing(&client, store.clone(), "ada", || Ok(StoredTokens::new("x")));
    assert_eq!(unmarked.token().unwrap().expose(), "A0");
}

#[test]
fn a_program_gets_tokens_for_what_it_asks_for() {
    let (client, time, forms) = authorized("P2abc");
    let store = MemoryStore::default();
    let app = App::inbound("client-id").secret("s3cret");
    let source = |options: TokenOptions| {
        TokenSource::client_credentials(&client, store.clone(), "reports", &app, &options)
    };
    let reports = source(TokenOptions::default().scopes(["reports"]));
    assert_eq!(reports.token().unwrap().expose(), "A1");
    assert_eq!(source(TokenOptions::default().scopes(["reports"])).token().unwrap().expose(), "A1");
    let form = forms.lock().unwrap()[0].clone();
    assert!(
        form.contains("grant_type=client_credentials") && form.contains("scope=reports"),
        "{form}"
    );
    time.advance(600);
    assert_eq!(reports.token().unwrap().expose(), "A2");
    for (options, token) in [
        (TokenOptions::default().scopes(["reports", "more"]), "A3"),
        (TokenOptions::default().resources(["urn:reports"]), "A4"),
        (TokenOptions::default().audiences(["reports"]), "A5"),
        (TokenOptions::default().parameters([("tenantId", "T1")]), "A6"),
    ] {
        assert_eq!(source(options).token().unwrap().expose(), token);
    }
    assert!(!format!("{store:?}").contains("s3cret"));
}

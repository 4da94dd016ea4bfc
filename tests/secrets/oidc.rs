//! The calls of OAuth 2 and OpenID Connect, to servers that answer well, and to servers that give back all they
//! were told.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use descope::oidc::{
    App, AuthorizationRequest, AuthorizeOptions, DpopKey, EndSessionOptions, ExchangeOptions,
    IdTokenOptions, PrivateKey, TokenOptions, Tokens,
};
use descope::transport::http::header::HeaderValue;
use descope::transport::{Request, Response};
use descope::{Client, Secret};
use serde_json::json;

use super::{Hidden, outcome, show};

const ISSUER: &str = "https://login.example.com";
const KEY: &str = include_str!("../it/oidc/p256.pem");

const SECRETS: [&str; 15] = [
    "canary-app-secret:+%",
    "canary-oidc-refresh",
    "canary-oidc-access",
    "canary-oidc-code",
    "canary-oidc-verifier",
    "canary-oidc-state",
    "canary-oidc-nonce",
    "canary-oidc-assertion",
    "canary-oidc-subject",
    "canary-oidc-actor",
    "canary.oidc.idtoken",
    "canary-new-access",
    "canary-new-refresh",
    "canary.new.idtoken",
    "canary-newer-member",
];

/// Makes every call at every server, and notes what must not have been printed.
pub(crate) fn everything(hidden: &mut Hidden) {
    for secret in SECRETS {
        hidden.add(secret);
    }
    hidden.0.push(STANDARD.encode("client:canary-app-secret%3A%2B%25"));
    let key = DpopKey::generate().unwrap();
    for pem in [KEY, key.to_pem().expose()] {
        let lines = pem.lines().filter(|line| !line.starts_with('-'));
        hidden.0.extend(lines.filter(|line| line.len() > 40).map(str::to_owned));
    }
    let tokens = r#"{"access_token":"canary-new-access","refresh_token":"canary-new-refresh",
        "sub":"U1","newer":"canary-newer-member","id_token":ID}"#;
    for (status, template) in [
        (200, tokens.replace("ID", "null")),
        (200, tokens.replace("ID", r#""canary.new.idtoken""#)),
        (200, r#"{"error":TEXT,"description":TEXT,"sub":[TEXT],"access_token":[]}"#.to_owned()),
        (400, r#"{"error":TEXT,"error_description":TEXT}"#.to_owned()),
        (401, r#"{"errorCode":TEXT,"error_description":TEXT}"#.to_owned()),
        (401, "TEXT".to_owned()),
        (502, "<html>TEXT</html>".to_owned()),
        (200, "a page of a proxy that says TEXT".to_owned()),
    ] {
        let client = client(status, template);
        let app = App::issuer(ISSUER, "client");
        for app in [
            app.clone(),
            app.clone().secret(SECRETS[0]).dpop(key.clone()),
            app.clone().secret_in_body(SECRETS[0]),
            app.clone().private_key(PrivateKey::from_pem(KEY).unwrap()),
        ] {
            show(&app);
            calls(&client, &app);
        }
    }
    show(&(key, PrivateKey::from_pem(KEY).unwrap()));
}

/// A client of a server with a document, whose other answers have all that was in the request.
fn client(status: u16, template: String) -> Client {
    let document = json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{ISSUER}/authorize"),
        "token_endpoint": format!("{ISSUER}/token"),
        "userinfo_endpoint": format!("{ISSUER}/me"),
        "revocation_endpoint": format!("{ISSUER}/revoke"),
        "end_session_endpoint": format!("{ISSUER}/logout"),
        "jwks_uri": format!("{ISSUER}/jwks"),
    });
    let answer = move |request: Request| {
        if request.uri().path().contains("well-known") {
            return Ok(Response::new(document.to_string().into_bytes()));
        }
        let body = String::from_utf8_lossy(request.body());
        let headers = request.headers().iter();
        let headers: Vec<_> =
            headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        let text = format!("{} {} {body}", request.uri(), headers.join(" "));
        let quoted = serde_json::to_string(&text).unwrap();
        let mut response = Response::new(template.replace("TEXT", &quoted).into_bytes());
        *response.status_mut() = status.try_into().unwrap();
        let challenge = format!("Bearer error={quoted}, error_description={quoted}");
        let challenge = HeaderValue::from_str(&challenge).unwrap();
        response.headers_mut().insert("www-authenticate", challenge);
        Ok(response)
    };
    Client::builder().ignore_env().project_id("P2abc").transport(answer).build().unwrap()
}

fn calls(client: &Client, app: &App) {
    let oidc = client.oidc(app);
    let [_, refresh, access, code, verifier, state, nonce, assertion, subject, actor, id_token, ..] =
        SECRETS;
    show(&oidc);
    outcome(&oidc.discover());
    let nonce = Secret::from(nonce);
    let redirect = "https://app.example.com/cb";
    outcome(&oidc.authorization_request(redirect, &AuthorizeOptions::default()));
    for request in [
        AuthorizationRequest::resume(redirect, state, None, verifier),
        AuthorizationRequest::resume(redirect, state, Some(nonce.clone()), verifier),
    ] {
        show(&request);
        outcome(&oidc.exchange_code(&request, code));
        for (name, other) in [("code", code), ("error", state), ("error_description", verifier)] {
            let callback = format!("?{name}={other}&error=x&state={state}");
            outcome(&oidc.check_callback(&request, &callback));
            outcome(&oidc.exchange_callback(&request, &format!("?code={code}&state={state}")));
            outcome(&oidc.check_callback(&request, &format!("?code={code}&state={other}x")));
        }
    }
    let none = TokenOptions::default();
    outcome(&oidc.refresh(refresh, &none));
    outcome(&oidc.client_credentials(&none));
    outcome(&oidc.jwt_bearer(assertion, &none));
    let exchange = ExchangeOptions::default().actor_token(actor).actor_token_type("x:y");
    show(&exchange);
    outcome(&oidc.exchange_token(subject, "x:y", &exchange));
    let mut tokens = Tokens::new(access);
    outcome(&oidc.user_info(&tokens));
    tokens.token_type = "DPoP".into();
    tokens.refresh_token = Some(refresh.into());
    tokens.id_token = Some(id_token.into());
    outcome(&oidc.user_info(&tokens));
    show(&tokens);
    outcome(&oidc.revoke(refresh));
    let options = IdTokenOptions::default().nonce(nonce).access_token(access);
    show(&options);
    outcome(&oidc.verify_id_token(id_token, &options));
    outcome(&oidc.dpop_proof("GET", "https://api.example.com", access));
    let options = EndSessionOptions::default().id_token(id_token);
    show(&options);
    // The URL has the token, as its documentation says.
    outcome(&oidc.end_session_url(&options).map(drop));
}

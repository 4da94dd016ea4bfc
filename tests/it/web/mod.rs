//! The guard of web services: what it reads, whom it lets in, and the cookies it writes.

mod access_keys;
mod applications;
mod audit_stream;
mod bound;
mod cookies;
mod fuzz;
mod guard;
mod kinds;
mod logout;
mod mcp_server;
mod origin;
mod page;
mod parts;
mod proofs;
mod proxies;
mod python;
mod reading;
mod refresh;
mod step_up;
mod users;
mod webhooks;

use std::time::Duration;

use descope::auth::DeliveryMethod::Email;
use descope::emulator::Emulator;
use descope::transport::http::{HeaderMap, HeaderName, HeaderValue};
use descope::web::{Access, Denied, Guard, Reason, Visitor};
use descope::{AuthInfo, Client};
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";

/// A session token of a user who is known by it alone.
fn token(emulator: &Emulator, user: &str) -> String {
    emulator.issue_token(json!({ "sub": user, "drn": "DS" })).unwrap()
}

fn sign_in(emulator: &Emulator, client: &Client) -> AuthInfo {
    sign_in_as(emulator, client, ADA)
}

fn sign_in_as(emulator: &Emulator, client: &Client, address: &str) -> AuthInfo {
    let otp = client.auth().otp();
    otp.sign_up_or_in(Email, address, &Default::default()).unwrap();
    let code = emulator.inbox().last_to(address).unwrap().code.unwrap();
    otp.verify(Email, address, &code).unwrap()
}

/// A client with 30 seconds for a call, where each to this path takes 20.
fn slow(emulator: &Emulator, path: &'static str) -> Client {
    let descope = emulator.clone();
    Client::builder()
        .ignore_env()
        .project_id(emulator.project_id())
        .clock(emulator.clock())
        .deadline(Duration::from_secs(30))
        .transport(move |request: descope::transport::Request| {
            if request.uri().path() == path {
                descope.advance(Duration::from_secs(20));
            }
            Ok(descope.handle(request))
        })
        .build()
        .unwrap()
}

fn headers(lines: &[(&str, &[u8])]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_bytes(value).unwrap());
    }
    headers
}

/// The cookies of a browser that got these answers, as it sends them.
fn cookie_header(set_cookies: &[HeaderValue]) -> HeaderMap {
    let pairs: Vec<_> = set_cookies.iter().map(pair).collect();
    headers(&[("cookie", pairs.join("; ").as_bytes())])
}

fn pair(set_cookie: &HeaderValue) -> &str {
    set_cookie.to_str().unwrap().split(';').next().unwrap()
}

/// Name, and attributes in alphabetical order.
fn attributes(set_cookie: &HeaderValue) -> (String, Vec<String>) {
    let mut parts = set_cookie.to_str().unwrap().split("; ").map(str::to_owned);
    let name = parts.next().unwrap().split('=').next().unwrap().to_owned();
    let mut attributes: Vec<_> = parts.collect();
    attributes.sort_unstable();
    (name, attributes)
}

fn names(set_cookies: &[HeaderValue]) -> Vec<&str> {
    set_cookies.iter().map(|cookie| pair(cookie).split('=').next().unwrap()).collect()
}

/// Who was let in, or why not.
fn outcome(result: Result<Visitor, Denied>) -> Result<String, Reason> {
    result.map(|visitor| visitor.claims.user_id().to_owned()).map_err(|denied| denied.reason())
}

fn anyone() -> Access {
    Access::default()
}

/// Asserts status, reason, challenge and text of a refusal.
#[track_caller]
fn denied(result: Result<Visitor, Denied>, status: u16, reason: Reason) -> Denied {
    let denied = result.unwrap_err();
    assert_eq!((denied.status().as_u16(), denied.reason()), (status, reason), "{denied}");
    let helpless = status == 503 || matches!(reason, Reason::TokenTooLarge | Reason::CrossSite);
    assert_eq!(denied.challenge().is_none(), helpless);
    assert_eq!(reason.status(), denied.status());
    denied
}

/// An answer of Descope's to a sign-in, with these cookie settings.
fn answered(emulator: &Emulator, cookie: Value) -> (Client, AuthInfo) {
    answered_with(emulator, ["DS", "DSR"], cookie)
}

/// Likewise, with tokens that give themselves these names.
fn answered_with(emulator: &Emulator, drn: [&str; 2], cookie: Value) -> (Client, AuthInfo) {
    let [session, refresh] =
        drn.map(|drn| emulator.issue_token(json!({ "sub": "U1", "drn": drn })).unwrap());
    let Value::Object(mut answer) = cookie else { panic!("no object") };
    answer.insert("sessionJwt".to_owned(), session.into());
    answer.insert("refreshJwt".to_owned(), refresh.into());
    let (keys, answer) = (emulator.clone(), Value::Object(answer).to_string().into_bytes());
    let client = Client::builder()
        .ignore_env()
        .project_id(emulator.project_id())
        .clock(emulator.clock())
        .transport(move |request: descope::transport::Request| {
            if request.uri().path().starts_with("/v2/keys/") {
                return Ok(keys.handle(request));
            }
            Ok(descope::transport::Response::new(answer.clone()))
        })
        .build()
        .unwrap();
    let info = client.auth().otp().verify(Email, ADA, "123456").unwrap();
    (client, info)
}

#[test]
fn the_guard_is_shared_between_threads() {
    fn shareable<T: Clone + Send + Sync + 'static>() {}
    fn sendable<T: Send + Sync + 'static>() {}
    shareable::<Guard>();
    shareable::<descope::web::RequestTokens>();
    sendable::<Denied>();
    sendable::<Visitor>();
}

/// A blocking HTTP client with a runtime of its own would panic there.
#[test]
fn calls_inside_an_async_runtime_do_not_panic() {
    let emulator = Emulator::new();
    let server = emulator.serve().unwrap();
    let builder = Client::builder().ignore_env().project_id(emulator.project_id());
    let client = builder.base_url(server.base_url()).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let guard = Guard::new(&client);
        let info = sign_in(&emulator, &client);
        let browser = guard.tokens(&cookie_header(&guard.set_cookies(&info).unwrap()));
        guard.validate_and_refresh(&browser, &anyone()).unwrap();
        let refresh =
            descope::web::RequestTokens::default().refresh_token(info.refresh_token().unwrap());
        assert!(guard.validate_and_refresh(&refresh, &anyone()).unwrap().refreshed.is_some());
        guard.logout(&browser).unwrap();
    });
}

#[test]
fn nothing_prints_a_token() {
    let emulator = Emulator::new();
    let client = crate::support::client(&emulator);
    let guard = Guard::new(&client);
    let info = sign_in(&emulator, &client);
    let cookies = guard.set_cookies(&info).unwrap();
    let credentials = guard.tokens(&cookie_header(&cookies));
    let visitor = guard.validate_and_refresh(&credentials, &anyone()).unwrap();
    emulator.advance(std::time::Duration::from_secs(3600));
    let refreshed = guard.validate_and_refresh(&credentials, &anyone()).unwrap();
    let denied =
        guard.validate_and_refresh(&credentials, &Access::default().roles(["x"])).unwrap_err();
    assert_eq!(denied.set_cookies().len(), 1);
    let bearer = descope::web::RequestTokens::default()
        .session_token(info.session_token())
        .refresh_token(info.refresh_token().unwrap());
    for text in [
        format!("{guard:?}"),
        format!("{credentials:?} {bearer:?}"),
        format!("{cookies:?}"),
        format!("{visitor:?} {refreshed:?}"),
        format!("{denied:?} {denied}"),
    ] {
        assert!(!text.contains("eyJ"), "{text}");
    }
    // They show what helps.
    let shown = format!("{guard:?} {credentials:?} {denied:?} {denied}");
    for text in [client.project_id(), "session_cookies", "refreshes: 1", "MissingRole", "a role"] {
        assert!(shown.contains(text), "{shown}");
    }
}

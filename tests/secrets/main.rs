//! No secret shows anywhere: canaries go through every call, in success and in every way to fail,
//! while all that is logged, at the level `Trace`, and all that can be printed is collected.
//!
//! In a process of its own, whose only logger and panic hook are this test's.

mod areas;
mod oidc;

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt::{Debug, Display};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use descope::auth::access_key::AccessKeyOptions;
use descope::auth::session::MyTenants;
use descope::auth::session::SessionTokens;
use descope::auth::{DeliveryMethod, MessageLoginOptions, UpdateOptions};
use descope::emulator::{Emulator, Fault};
use descope::observe::Event;
use descope::transport::http::Method;
use descope::transport::{Request, Response, TransportError, TransportErrorKind};
use descope::{Client, ClientBuilder, Credential, Result, RetryPolicy, Secret};
use serde_json::json;

const ADA: &str = "ada@example.com";
/// In a path given to [`Client::call`].
const QUERY: &str = "canary-in-a-query";
const OWN_HEADER: &str = "canary-header-of-the-program";
const PROXY_PASSWORD: &str = "canary-proxy-password";
const AUTH_KEY: &str = "K2canaryAuthManagementKey";
const MANAGEMENT_KEY: &str = "K2canaryManagementKey";

/// Everything that was logged or printed.
static PRINTED: Mutex<String> = Mutex::new(String::new());

fn print(text: &str) {
    let mut printed = PRINTED.lock().unwrap_or_else(PoisonError::into_inner);
    printed.push_str(text);
    printed.push('\n');
}

/// The paths that the observer was told.
static PATHS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Prints all that an observer can learn.
fn observe(event: &Event<'_>) {
    show(event);
    let attempt = event.attempt();
    PATHS.lock().unwrap_or_else(PoisonError::into_inner).insert(attempt.path().into_owned());
    print(&format!("{} {} {}", attempt.method(), attempt.path(), attempt.server()));
    match event {
        Event::Answered { answer, .. } => {
            print(&format!("{:?} {:?}", answer.request_id(), answer.cf_ray()));
            print(&format!("{:?}", answer.rate_limits().collect::<Vec<_>>()));
            if let Some(error) = answer.error() {
                print(&error.to_string());
            }
        }
        Event::Unanswered { error, .. } => print(&error.to_string()),
        Event::Refused { error, .. } => print(&error.to_string()),
        Event::KeyStoreFailed { error, .. } => print(&error.to_string()),
        Event::Retrying { reason, .. } => print(&reason.to_string()),
        _ => {}
    }
}

/// Whether ureq has dumped what goes over the wire.
static DUMPED: AtomicBool = AtomicBool::new(false);

struct Collect;

impl log::Log for Collect {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    /// Collects all lines, but for three things that ureq logs and no caller of it can prevent: at `Trace`
    /// every byte sent and received, by this target, and at `Debug` the header `Location` and the URL, where
    /// the program itself has put a secret into its query. The filter that the guide names keeps them out.
    fn log(&self, record: &log::Record<'_>) {
        if record.target() == "ureq_proto::util" {
            assert_eq!(record.level(), log::Level::Trace);
            assert!(!passes(record));
            DUMPED.store(true, Ordering::Relaxed);
            return;
        }
        let mut line = record.args().to_string();
        if record.target() == "ureq::run"
            && let Some(at) = line.find("\"location\": ")
        {
            assert!(!passes(record));
            line.truncate(at);
        }
        if record.target().starts_with("ureq")
            && let Some(at) = line.find(QUERY)
        {
            assert!(!passes(record));
            line.truncate(at);
        }
        assert!(
            !record.target().starts_with("descope") || !line.contains(['\n', '\u{1b}']),
            "{line:?}"
        );
        print(&format!("[{}] {line}", record.target()));
    }

    fn flush(&self) {}
}

/// The filter that the guide names for programs that log everything.
const FILTER: &str = "ureq=info,ureq_proto=info";

/// Whether a line passes that filter, as `env_logger` reads it beside `trace` for all else.
fn passes(record: &log::Record<'_>) -> bool {
    FILTER.split(',').all(|rule| {
        let (module, level) = rule.split_once('=').unwrap();
        let rest = record.target().strip_prefix(module);
        let is_of = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        !is_of || record.level() <= level.parse::<log::LevelFilter>().unwrap()
    })
}

#[test]
fn the_guide_names_the_filter() {
    for guide in
        [include_str!("../../src/guide/programs.md"), include_str!("../../src/guide/security.md")]
    {
        assert!(guide.contains(FILTER));
    }
}

fn show(thing: &impl Debug) {
    print(&format!("{thing:?}"));
    print(&format!("{thing:#?}"));
}

/// Shows a result; of an error also the message, with those of its sources.
fn outcome<T: Debug>(result: &Result<T>) {
    show(result);
    let Err(error) = result else { return };
    let mut next: Option<&dyn StdError> = Some(error);
    while let Some(error) = next {
        print(&error.to_string());
        show(&error);
        next = error.source();
    }
}

/// What the calls are made with.
struct Canaries {
    session: String,
    refresh: String,
    access_key: String,
    code: String,
}

/// Every call of the areas that stand on their own; the others are in [`areas`].
fn calls(client: &Client, with: &Canaries) {
    let Canaries { session, refresh, access_key, code } = with;
    let claims = json!({ "nested": { "deep": "kept" } });
    let login = MessageLoginOptions::default()
        .step_up(refresh.as_str())
        .custom_claims([("claims", claims)]);
    let otp = client.auth().otp();
    let update = UpdateOptions::default();
    show(&login);
    outcome(&otp.sign_up(DeliveryMethod::Email, ADA, &Default::default()));
    outcome(&otp.sign_in(DeliveryMethod::Email, ADA, &login));
    outcome(&otp.sign_up_or_in(DeliveryMethod::Email, ADA, &Default::default()));
    outcome(&otp.update_email(ADA, "countess@example.com", refresh, &update));
    outcome(&otp.update_phone(DeliveryMethod::Sms, ADA, "+12025550101", refresh, &update));
    outcome(&otp.verify(DeliveryMethod::Email, ADA, code));
    let sessions = client.auth().session();
    outcome(&sessions.validate(session));
    outcome(&sessions.validate_and_refresh(SessionTokens { session, refresh }));
    outcome(&sessions.validate_and_refresh(SessionTokens { session: "", refresh }));
    outcome(&sessions.refresh(refresh));
    outcome(&sessions.me(refresh));
    outcome(&sessions.load_history(refresh));
    outcome(&sessions.load_my_tenants(MyTenants::Current, refresh));
    outcome(&sessions.select_tenant("t1", refresh));
    let options = AccessKeyOptions::default().selected_tenant("t1");
    show(&options);
    outcome(&client.auth().access_key().exchange(access_key, &options));
    let body = json!({ "password": "canary-body-text", "list": ["canary-body-text"] });
    for credential in [Credential::Project, Credential::Token(refresh), Credential::ManagementKey] {
        show(&credential);
        // The answer is the caller's, and JSON hides nothing.
        outcome(&client.call(Method::POST, "/v1/mgmt/tenant/create", credential, &body).map(drop));
        outcome(&client.call(Method::GET, "/v1/mgmt/tenant/all", credential, &()).map(drop));
    }
    outcome(&client.warm_up());
    outcome(&sessions.logout(refresh));
    outcome(&sessions.logout_all(refresh));
    show(client);
}

/// The same with one thing wrong about each secret, so that it is refused before a request.
fn refused_calls(client: &Client, with: &Canaries) {
    for (before, after) in [("", " "), ("", "\r\nx-evil: 1"), ("é", ""), ("", ":"), ("", ".x.y.z")]
    {
        let spoil = |secret: &str| format!("{before}{secret}{after}");
        let spoiled = Canaries {
            session: spoil(&with.session),
            refresh: spoil(&with.refresh),
            access_key: spoil(&with.access_key),
            code: spoil(&with.code),
        };
        calls(client, &spoiled);
        areas::calls(client, &spoiled, spoil);
        let path = spoil("/v1/canary-path");
        outcome(&client.call(Method::GET, &path, Credential::Project, &()));
    }
}

/// A server that answers every request with all that was in it, as a refusal and as a success; its
/// URL.
fn echo(status: &'static str, template: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(std::result::Result::ok) {
            thread::spawn(move || {
                while let Some(asked) = whole_request(&mut stream) {
                    let asked = String::from_utf8_lossy(&asked);
                    let is_bearer =
                        |line: &str| line.to_ascii_lowercase().starts_with("authorization");
                    let bearer = asked.lines().find(|line| is_bearer(line));
                    let bearer = bearer.unwrap_or_default();
                    let text = serde_json::to_string(&asked).unwrap();
                    let body = template.replace("TEXT", &text);
                    let head = format!(
                        "HTTP/1.1 {status}\r\nX-Request-Id: {bearer}\r\nCF-Ray: {bearer}\r\n\
                         X-RateLimit-Policy: {bearer}\r\n\
                         Location: /?{bearer}\r\nSet-Cookie: DSR={bearer}\r\nContent-Length: {}\r\n\r\n",
                        body.len()
                    );
                    if stream.write_all((head + &body).as_bytes()).is_err() {
                        break;
                    }
                }
            });
        }
    });
    url
}

/// The next request of a connection with its body, or what came first if that is not HTTP.
fn whole_request(stream: &mut impl Read) -> Option<Vec<u8>> {
    let (mut asked, mut buffer) = (Vec::new(), vec![0; 65_536]);
    while let length @ 1.. = stream.read(&mut buffer).ok()? {
        asked.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&asked).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if asked[0].is_ascii_uppercase() {
                continue;
            }
            return Some(asked);
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return Some(asked);
        }
    }
    None
}

/// A client of an emulator, by socket, with every key it can have.
fn builder(emulator: &Emulator, base_url: &str) -> ClientBuilder {
    Client::builder()
        .ignore_env()
        .project_id(emulator.project_id())
        .base_url(base_url)
        .management_key(MANAGEMENT_KEY)
        .auth_management_key(AUTH_KEY)
        .header("x-own", OWN_HEADER)
        .allow_unencrypted_keys(true)
        .clock(emulator.clock())
        .observer(observe)
        .retry(RetryPolicy::default().first_delay(Duration::from_millis(1)).max_retries(1))
}

/// A signed-in user and an access key, of this emulator.
fn canaries(emulator: &Emulator) -> Canaries {
    let made = emulator
        .seed(&json!({
            "tenants": [{ "id": "t1", "name": "One" }],
            "users": [{ "loginId": ADA, "email": ADA, "userTenants": [{ "tenantId": "t1" }] }],
            "accessKeys": [{ "name": "ci", "keyTenants": [{ "tenantId": "t1" }] }],
        }))
        .unwrap();
    let signed_in = emulator.sign_in(ADA).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    Canaries {
        session: text(&signed_in["sessionJwt"]),
        refresh: text(&signed_in["refreshJwt"]),
        access_key: text(&made["accessKeys"][0]["cleartext"]),
        code: "canary-code".to_owned(),
    }
}

/// All that must not be found, each in the forms it may take.
struct Hidden(Vec<String>);

impl Hidden {
    fn add(&mut self, secret: &str) {
        let percent = |all: bool| -> String {
            let encode = |b: u8| match b {
                b'-' | b'_' | b'.' | b'~' if !all => char::from(b).to_string(),
                b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
                b => format!("%{b:02X}"),
            };
            secret.bytes().map(encode).collect()
        };
        let bytes = format!("{:?}", secret.as_bytes());
        self.0.extend([secret.to_owned(), percent(false), percent(true)]);
        self.0.push(bytes.trim_matches(['[', ']']).to_owned());
        self.0.extend([STANDARD.encode(secret), URL_SAFE_NO_PAD.encode(secret)]);
    }

    /// A JWT: as a whole, and its parts, of which the signature alone would do.
    fn add_token(&mut self, token: &str) {
        self.add(token);
        for part in token.split('.').skip(1) {
            self.add(part);
        }
    }

    fn add_all(&mut self, canaries: &Canaries) {
        self.add_token(&canaries.session);
        self.add_token(&canaries.refresh);
        self.add(&canaries.access_key);
        self.add(&canaries.code);
    }
}

/// The faults under which everything is tried.
fn faults() -> Vec<Fault> {
    let later = Duration::from_millis(80);
    vec![
        Fault::delay(later),
        Fault::drip_head(later),
        Fault::reset(),
        Fault::lose_answer(),
        Fault::cut(10),
        Fault::status(503),
        Fault::status(429).header("retry-after", "5"),
        Fault::status(401),
        Fault::html(502),
        Fault::html(200),
        Fault::empty(500),
        Fault::answer(
            200,
            r#"{"sessionJwt":{"canary-answer":["canary-answer"]},"user":"canary-answer","userId":["canary-answer"],"saml":"canary-answer"}"#,
        ),
        Fault::answer(200, r#""canary-answer""#),
        Fault::empty(302).header("location", "https://example.com/?token=canary-location"),
        Fault::rotate_keys(),
        Fault::empty_keys(),
        Fault::garbage_keys(),
    ]
}

#[test]
fn no_secret_is_ever_shown() {
    log::set_logger(&Collect).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    std::panic::set_hook(Box::new(|panic| print(&panic.to_string())));
    let outcome_of_test = std::panic::catch_unwind(everything);
    let _ = std::panic::take_hook();
    let printed = PRINTED.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(hidden) = outcome_of_test else {
        panic!("{}", &printed[printed.floor_char_boundary(printed.len().saturating_sub(500))..]);
    };
    // The net is cast wide enough to catch something.
    for seen in
        ["[ureq", "[rustls", "[descope", "Secret([redacted])", "Descope refused", "[redacted]"]
    {
        assert!(printed.contains(seen), "nothing of {seen} was seen");
    }
    let paths = PATHS.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(paths.len() > 30 && paths.contains("/v2/keys/{project_id}"), "{paths:?}");
    for path in &*paths {
        let named: String = path.split(['{', '}']).step_by(2).collect();
        assert!(!named.contains(['?', '%', '@', '=']) && !named.contains("canary"), "{path}");
    }
    let dumped = DUMPED.load(Ordering::Relaxed);
    assert!(dumped, "ureq dumps nothing any more: drop the exception, and the note in the guide");
    assert!(hidden.0.len() > 50 && printed.lines().count() > 5_000, "{}", printed.lines().count());
    for secret in hidden.0 {
        if let Some(at) = printed.find(&secret) {
            let from = printed.floor_char_boundary(at.saturating_sub(400));
            let to = printed.floor_char_boundary(at + secret.len() + 100);
            panic!("{secret} in: {}", &printed[from..to]);
        }
    }
}

/// Makes every call in every way, and says what must not have been printed.
fn everything() -> Hidden {
    let mut hidden = Hidden(Vec::new());
    for text in [
        MANAGEMENT_KEY,
        AUTH_KEY,
        PROXY_PASSWORD,
        OWN_HEADER,
        "canary-body-text",
        "canary-answer",
        QUERY,
    ] {
        hidden.add(text);
    }
    hidden.add("canary-location");
    for secret in areas::ALL {
        hidden.add(secret);
    }
    hidden.add(&format!("ada:{PROXY_PASSWORD}"));

    // Success, with the code that was really sent, by socket and in the process.
    let emulator =
        Emulator::builder().management_key(MANAGEMENT_KEY).rotate_refresh_tokens(true).build();
    let server = emulator.serve().unwrap();
    let by_socket = builder(&emulator, &server.base_url());
    show(&by_socket);
    show(&(&emulator, &server));
    for builder in
        [by_socket, builder(&emulator, "http://localhost").transport(emulator.transport())]
    {
        let client = builder.build().unwrap();
        emulator.reset();
        let mut with = canaries(&emulator);
        hidden.add_all(&with);
        let otp = client.auth().otp();
        otp.sign_in(DeliveryMethod::Email, ADA, &Default::default()).unwrap();
        with.code = emulator.inbox().last_to(ADA).unwrap().code.unwrap();
        show(&emulator.inbox().messages());
        let info = otp.verify(DeliveryMethod::Email, ADA, &with.code).unwrap();
        show(&info);
        hidden.add_token(info.session_token());
        hidden.add_token(info.refresh_token().unwrap());
        calls(&client, &with);
        areas::made(&emulator, &client, &mut hidden);
        areas::calls(&client, &with, str::to_owned);
        refused_calls(&client, &with);
    }

    // Every fault.
    for fault in faults() {
        let emulator = Emulator::builder().management_key(MANAGEMENT_KEY).build();
        let server = emulator.serve().unwrap();
        let with = canaries(&emulator);
        hidden.add_all(&with);
        let client = builder(&emulator, &server.base_url()).try_timeout(Duration::from_millis(40));
        let client = client.build().unwrap();
        if !matches!(format!("{fault:?}"), text if text.contains("/v2/keys")) {
            client.warm_up().unwrap();
        }
        emulator.fault(fault);
        calls(&client, &with);
        areas::calls(&client, &with, str::to_owned);
    }

    // Servers that give back all they were told.
    emulator.reset();
    let with = canaries(&emulator);
    hidden.add_all(&with);
    for (status, template) in [
        ("400 Bad Request", r#"{"errorCode":TEXT,"errorDescription":TEXT,"errorMessage":TEXT}"#),
        ("502 Bad Gateway", "<html>TEXT</html>"),
        (
            "200 OK",
            r#"{"userId":[TEXT],"user":TEXT,"keys":TEXT,"tenants":TEXT,"saml":TEXT,"sessionJwt":7}"#,
        ),
        ("302 Found", "TEXT"),
        ("200 OK", "a page of a proxy that says TEXT"),
        ("413 Payload Too Large", "TEXT"),
    ] {
        let client = builder(&emulator, &echo(status, template)).build().unwrap();
        calls(&client, &with);
        areas::calls(&client, &with, str::to_owned);
    }

    oidc::everything(&mut hidden);

    // No server, no such host, no TLS, a proxy that refuses.
    let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let plain = echo("400 Bad Request", "TEXT").replace("http:", "https:");
    for url in [format!("http://{refused}"), format!("http://{}.invalid", "a".repeat(64)), plain] {
        calls(&builder(&emulator, &url).build().unwrap(), &with);
    }
    for proxy in [
        format!("{refused}"),
        echo("407 Proxy Authentication Required", "TEXT").replace("http://", ""),
    ] {
        for scheme in ["http", "socks5"] {
            let url = format!("{scheme}://ada:{PROXY_PASSWORD}@{proxy}");
            let builder = builder(&emulator, "http://127.0.0.1:9").proxy(url);
            show(&builder);
            calls(&builder.build().unwrap(), &with);
        }
    }

    bad_settings();
    quoted(&emulator, &with);
    transports(&emulator, &with);
    hidden
}

/// Settings that are refused, and say so.
fn bad_settings() {
    let builder = || Client::builder().ignore_env().project_id("P2abc");
    for builder in [
        builder().proxy(format!("gopher://ada:{PROXY_PASSWORD}@x")),
        builder().proxy(format!("http://ada:{PROXY_PASSWORD} @x")),
        builder().management_key(format!("{MANAGEMENT_KEY}\r\n")),
        builder().auth_management_key(format!("{AUTH_KEY}:")),
        builder().public_key(format!(r#"{{"kty":"oct","k":"{MANAGEMENT_KEY}"}}"#)),
        builder().header("x-key", format!("{MANAGEMENT_KEY}\n")),
        builder().base_url(format!("https://ada:{PROXY_PASSWORD}@example.com")),
    ] {
        show(&builder);
        outcome(&builder.build());
    }
    show(&Secret::from(MANAGEMENT_KEY));
    let header = builder().header("x-key", MANAGEMENT_KEY);
    show(&header);
    show(&header.build().unwrap());
    for url in ["http://10.0.0.1", "http://descope.internal"] {
        outcome(&builder().base_url(url).management_key(MANAGEMENT_KEY).build());
    }
    outcome(&builder().header("Proxy-Authorization", MANAGEMENT_KEY).build());
}

/// What was sent comes back in the texts of an error: the URL that an agent refuses, and what a transport
/// quotes, in any order and with anything between.
fn quoted(emulator: &Emulator, with: &Canaries) {
    let https_only = ureq::Agent::config_builder().https_only(true).build();
    let query = |client: &Client| {
        let path = format!("/v1/x?token={QUERY}");
        outcome(&client.call(Method::GET, &path, Credential::ManagementKey, &()).map(drop));
    };
    let client = builder(emulator, "http://localhost").agent(https_only.into()).build().unwrap();
    calls(&client, with);
    query(&client);
    let quoting = builder(emulator, "http://localhost").transport(|request: Request| {
        let mut text = String::from_utf8_lossy(request.body()).into_owned();
        for value in request.headers().values() {
            text.push_str("\u{1b}[2J\n");
            text.push_str(value.to_str().unwrap_or_default());
        }
        let inner = std::io::Error::other(text.clone());
        Err(TransportError::new(TransportErrorKind::Closed, std::io::Error::other(inner)))
    });
    let quoting = quoting.build().unwrap();
    calls(&quoting, with);
    areas::calls(&quoting, with, str::to_owned);
}

/// Transports that print what they get, fail, and panic.
fn transports(emulator: &Emulator, with: &Canaries) {
    let printing = builder(emulator, "http://localhost").transport(|request: Request| {
        show(&request.headers());
        Err(TransportError::new(TransportErrorKind::Other, "as planned"))
    });
    calls(&printing.build().unwrap(), with);
    let panicking = builder(emulator, "http://localhost").transport(
        |_: Request| -> std::result::Result<Response, TransportError> { panic!("as planned") },
    );
    let client = panicking.build().unwrap();
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        client.auth().session().me(&with.refresh)
    }));
    let panic = panic.unwrap_err();
    let message: &dyn Display = match panic.downcast_ref::<&str>() {
        Some(text) => text,
        None => &"not a text",
    };
    print(&message.to_string());
}

//! Waiting for sign-ins on other devices, with the requests counted against the interval.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use descope::clock::Clock;
use descope::oidc::{BackchannelOptions, DpopKey, TokenOptions, Tokens, WaitOptions};
use descope::transport::{TransportError, TransportErrorKind};
use descope::{Client, Error, Result, UnixTime, codes};
use serde_json::{Value, json};

use super::{
    Answer, ISSUER, NOW, Server, app, argument, id_claims, id_token, response, tokens, with_header,
};
use crate::signer::P256;

/// A clock that moves only when somebody waits.
#[derive(Clone, Default)]
struct Waited(Arc<Mutex<Duration>>);

impl Waited {
    fn seconds(&self) -> f64 {
        self.0.lock().unwrap().as_secs_f64()
    }
}

impl Clock for Waited {
    fn unix(&self) -> UnixTime {
        let waited = self.0.lock().unwrap().as_secs();
        UnixTime::from_seconds(NOW + i64::try_from(waited).unwrap())
    }
    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }
    fn sleep(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

fn setup() -> (Server, Client, Waited) {
    let server = Server::new();
    let more = json!({
        "device_authorization_endpoint": format!("{ISSUER}/device"),
        "backchannel_authentication_endpoint": format!("{ISSUER}/bc-authorize"),
    });
    let mut document = server.document.lock().unwrap();
    let members = more.as_object().unwrap().clone();
    document.as_object_mut().unwrap().extend(members);
    drop(document);
    let clock = Waited::default();
    let client = server.client_with(|builder| builder.clock(clock.clone()));
    (server, client, clock)
}

fn device() -> Value {
    json!({
        "device_code": "s3cret-device-code", "user_code": "WDJB-MJHT",
        "verification_uri": "https://login.example.com/device",
        "verification_uri_complete": "https://login.example.com/device?user_code=WDJB-MJHT",
        "expires_in": 60, "newer": true,
    })
}

#[allow(clippy::unnecessary_wraps, reason = "one of several answers")]
fn refusal(code: &str) -> Answer {
    Ok(response(400, &json!({ "error": code, "error_description": "as it is" })))
}

#[allow(clippy::unnecessary_wraps, reason = "one of several answers")]
fn done() -> Answer {
    let mut answer = tokens();
    answer["id_token"] = id_token(&json!({})).into();
    Ok(response(200, &answer))
}

fn dropped() -> Answer {
    Err(TransportError::new(TransportErrorKind::Closed, "reset"))
}

/// What it is, the answers, the options, when it is cancelled, and what comes out after how many requests
/// and seconds.
type Case = (&'static str, Vec<Answer>, WaitOptions, f64, &'static str, usize, f64);

const PENDING: &str = codes::AUTHORIZATION_PENDING;

/// What a wait with these answers comes to, after how many requests and seconds.
fn waited(
    answers: impl IntoIterator<Item = Answer>,
    options: &WaitOptions,
    last: f64,
) -> (Result<Option<Tokens>>, usize, f64) {
    let (server, client, clock) = setup();
    server.answer(200, &device());
    let app = app();
    let oidc = client.oidc(&app);
    let device = oidc.start_device(&TokenOptions::default()).unwrap();
    for answer in answers {
        server.respond(answer);
    }
    let watch = clock.clone();
    let outcome = oidc.wait_for_device(&device, options, || watch.seconds() < last);
    let seen = server.seen();
    for poll in &seen[1..] {
        let grant = poll.field("grant_type");
        assert_eq!(grant, Some("urn:ietf:params:oauth:grant-type:device_code"));
        assert_eq!(poll.field("device_code"), Some("s3cret-device-code"));
        assert_eq!(poll.field("client_id"), Some("the client"));
    }
    (outcome, seen.len() - 1, clock.seconds())
}

fn pending(count: usize) -> impl Iterator<Item = Answer> {
    std::iter::repeat_with(|| refusal(PENDING)).take(count)
}

const FOREVER: f64 = 1e9;

/// Answers, their outcome (`tokens`, `none` or a code), requests and seconds.
#[test]
fn every_way_a_wait_can_end() {
    let none = WaitOptions::default;
    let seconds = Duration::from_secs;
    let unavailable = || Ok(response(503, &json!({})));
    let asked = |after: &str| Ok(with_header(response(503, &json!({})), "retry-after", after));
    let limited = |after: &str| Ok(with_header(response(429, &json!({})), "retry-after", after));
    let slow = || refusal(codes::SLOW_DOWN);
    #[rustfmt::skip]
    let table: Vec<Case> = vec![
        ("immediate", vec![done()], none(), FOREVER, "tokens", 1, 0.0),
        ("late", pending(3).chain([done()]).collect(), none(), FOREVER, "tokens", 4, 15.0),
        ("never", pending(12).collect(), none(), FOREVER, codes::EXPIRED_TOKEN, 12, 60.0),
        ("expired at the server", vec![refusal(PENDING), refusal(codes::EXPIRED_TOKEN)], none(), FOREVER, codes::EXPIRED_TOKEN, 2, 5.0),
        ("denied", vec![refusal(PENDING), refusal(codes::ACCESS_DENIED)], none(), FOREVER, codes::ACCESS_DENIED, 2, 5.0),
        ("spent", vec![refusal(codes::INVALID_GRANT)], none(), FOREVER, codes::INVALID_GRANT, 1, 0.0),
        ("unknown client", vec![refusal(codes::INVALID_CLIENT)], none(), FOREVER, codes::INVALID_CLIENT, 1, 0.0),
        ("slow down once, for good", vec![slow(), refusal(PENDING), refusal(PENDING), done()], none(), FOREVER, "tokens", 4, 30.0),
        ("slow down twice", vec![slow(), slow(), refusal(PENDING), done()], none(), FOREVER, "tokens", 4, 40.0),
        ("503 between polls", vec![refusal(PENDING), unavailable(), done()], none(), FOREVER, "tokens", 3, 15.0),
        ("503 twice, then pending", vec![unavailable(), unavailable(), refusal(PENDING), done()], none(), FOREVER, "tokens", 4, 35.0),
        ("503 with retry-after", vec![asked("17"), done()], none(), FOREVER, "tokens", 2, 17.0),
        ("a short retry-after", vec![asked("1"), done()], none(), FOREVER, "tokens", 2, 10.0),
        ("dropped between polls", vec![refusal(PENDING), dropped(), refusal(PENDING), done()], none(), FOREVER, "tokens", 4, 20.0),
        ("too many calls", vec![limited("30"), done()], none(), FOREVER, "tokens", 2, 30.0),
        ("503 to the end", vec![unavailable(), unavailable(), unavailable()], none(), FOREVER, "503", 3, 60.0),
        ("cancelled at once", vec![], none(), 0.0, "none", 0, 0.0),
        ("cancelled between polls", pending(2).collect(), none(), 7.0, "none", 2, 7.0),
        ("deadline", pending(3).collect(), none().deadline(seconds(14)), FOREVER, "none", 3, 10.0),
        ("no time at all", vec![], none().deadline(Duration::ZERO), FOREVER, "none", 0, 0.0),
        ("a longer interval", vec![refusal(PENDING), done()], none().interval(seconds(9)), FOREVER, "tokens", 2, 9.0),
        ("a shorter interval does not count", vec![refusal(PENDING), done()], none().interval(seconds(1)), FOREVER, "tokens", 2, 5.0),
        ("slow down near the end", vec![slow(), slow(), slow(), slow()], none(), FOREVER, codes::EXPIRED_TOKEN, 4, 60.0),
    ];
    for (case, answers, options, last, expected, requests, seconds) in table {
        let (outcome, made, took) = waited(answers, &options, last);
        let found = match outcome {
            Ok(Some(tokens)) => {
                assert_eq!(tokens.claims.unwrap().subject(), "U1", "{case}");
                "tokens".to_owned()
            }
            Ok(None) => "none".to_owned(),
            Err(error) => match error.code() {
                Some(code) => {
                    assert_eq!(error.is_access_denied(), code == codes::ACCESS_DENIED, "{case}");
                    assert_eq!(error.is_sign_in_expired(), code == codes::EXPIRED_TOKEN, "{case}");
                    assert!(!error.to_string().contains("s3cret"), "{case}: {error}");
                    code.to_owned()
                }
                None => error.status().unwrap().to_string(),
            },
        };
        // Ticks are added up, so that a moment may be lost.
        assert!((took - seconds).abs() < 0.11, "{case}: {took} s");
        assert_eq!((&*found, made), (expected, requests), "{case}");
    }
}

#[test]
fn a_start_sends_every_field_and_reads_the_answer() {
    let (server, client, _) = setup();
    server.answer(200, &device());
    let key = DpopKey::generate().unwrap();
    let app = app().resource("https://api.example.com").dpop(key.clone());
    let options = TokenOptions::default()
        .scopes(["openid", "email"])
        .resources(["https://b.example.com"])
        .audiences(["billing"])
        .parameters([("flow", "f1")]);
    let started = client.oidc(&app).start_device(&options).unwrap();
    let seen = server.seen();
    assert_eq!((&*seen[0].method, &*seen[0].url), ("POST", "https://login.example.com/device"));
    let expected = [
        ("resource", "https://api.example.com"),
        ("scope", "openid email"),
        ("resource", "https://b.example.com"),
        ("audience", "billing"),
        ("flow", "f1"),
        ("dpop_jkt", key.thumbprint()),
        ("client_id", "the client"),
    ];
    assert_eq!(seen[0].fields(), expected);
    assert_eq!(started.user_code, "WDJB-MJHT");
    assert_eq!(started.expires_at, UnixTime::from_seconds(NOW + 60));
    assert_eq!(started.interval, Duration::from_secs(5));
    assert_eq!((&*started.scopes, started.extra.len()), (&options.scopes[..], 1));
    assert!(!format!("{started:?}").contains("s3cret"));
}

#[test]
fn the_tokens_are_for_the_resources_of_the_start() {
    let (server, client, _) = setup();
    server.answer(200, &device()).respond(done());
    let app = app().resource("https://a.example.com");
    let options = TokenOptions::default().resources(["https://b.example.com"]);
    let started = client.oidc(&app).start_device(&options).unwrap();
    client.oidc(&app).wait_for_device(&started, &WaitOptions::default(), || true).unwrap().unwrap();
    for seen in server.seen() {
        for resource in ["https://a.example.com", "https://b.example.com"] {
            let member = ("resource", resource);
            assert_eq!(
                seen.fields().iter().filter(|field| **field == member).count(),
                1,
                "{seen:?}"
            );
        }
    }
}

/// The server has changed its key, and cannot be asked for it, or only after a while.
#[test]
fn tokens_that_have_come_are_not_asked_for_again() {
    for comes_at in [12.0, FOREVER] {
        let (server, client, clock) = setup();
        let app = app();
        let oidc = client.oidc(&app);
        oidc.verify_id_token(&id_token(&json!({})), &Default::default()).unwrap();
        server.answer(200, &device());
        let started = oidc.start_device(&TokenOptions::default()).unwrap();
        *server.keys.lock().unwrap() = json!({ "status": 503 });
        let mut answer = tokens();
        answer["id_token"] = P256.token("k2", "ES256", &id_claims(&json!({}))).into();
        server.respond(refusal(PENDING)).answer(200, &answer);
        let outcome = oidc.wait_for_device(&started, &WaitOptions::default(), || {
            if clock.seconds() >= comes_at {
                *server.keys.lock().unwrap() = json!({ "keys": [P256.jwk("k2", "ES256")] });
            }
            true
        });
        if comes_at == FOREVER {
            assert!(outcome.unwrap_err().is_unavailable());
        } else {
            assert_eq!(outcome.unwrap().unwrap().claims.unwrap().subject(), "U1");
        }
        assert_eq!(server.seen().len(), 3);
    }
}

#[test]
fn tokens_that_have_come_are_returned_although_nobody_waits_any_more() {
    let (server, client, _) = setup();
    server.answer(200, &device()).respond(done());
    let app = app();
    let started = client.oidc(&app).start_device(&TokenOptions::default()).unwrap();
    let mut asked = 0;
    let outcome = client.oidc(&app).wait_for_device(&started, &WaitOptions::default(), || {
        asked += 1;
        asked == 1
    });
    assert_eq!(outcome.unwrap().unwrap().claims.unwrap().subject(), "U1");
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn a_start_without_scopes_asks_for_an_id_token() {
    let (server, client, _) = setup();
    server.answer(200, &device());
    let app = app().secret("x");
    let started = client.oidc(&app).start_device(&TokenOptions::default()).unwrap();
    assert_eq!(server.seen()[0].fields(), [("scope", "openid")]);
    assert!(server.seen()[0].header("authorization").unwrap().starts_with("Basic "));
    assert_eq!(started.scopes, ["openid"]);
    // Which must then come.
    server.answer(200, &tokens());
    let outcome = client.oidc(&app).wait_for_device(&started, &WaitOptions::default(), || true);
    assert!(matches!(outcome, Err(Error::Decode(_))), "{outcome:?}");
}

#[test]
fn a_server_without_device_codes_is_a_setting() {
    let server = Server::new();
    let (client, app) = (server.client(), app());
    let error = client.oidc(&app).start_device(&TokenOptions::default()).unwrap_err();
    assert!(error.is_misconfigured() && error.to_string().contains("device"), "{error}");
    let error = client.oidc(&app).start_backchannel("ada", &Default::default()).unwrap_err();
    assert!(error.is_misconfigured() && error.to_string().contains("backchannel"), "{error}");
    assert!(server.seen().is_empty());
    let scopes = TokenOptions::default().scopes(["a b"]);
    assert_eq!(argument(client.oidc(&app).start_device(&scopes)), "scopes");
}

#[test]
fn a_user_confirms_elsewhere() {
    let (server, client, clock) = setup();
    let app = app().secret_in_body("x-secret");
    let oidc = client.oidc(&app);
    server.answer(200, &json!({ "auth_req_id": "s3cret", "expires_in": 120, "interval": 3 }));
    let options = BackchannelOptions::default()
        .scopes(["openid", "email"])
        .binding_message("Transfer 4711")
        .requested_expiry(Duration::from_secs(120))
        .acr_values("high")
        .audiences(["billing"])
        .parameters([("user_code", "1")]);
    let asked = oidc.start_backchannel("ada@example.com", &options).unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].url, "https://login.example.com/bc-authorize");
    let expected = [
        ("scope", "openid email"),
        ("login_hint", "ada@example.com"),
        ("binding_message", "Transfer 4711"),
        ("requested_expiry", "120"),
        ("acr_values", "high"),
        ("audience", "billing"),
        ("user_code", "1"),
        ("client_id", "the client"),
        ("client_secret", "x-secret"),
    ];
    assert_eq!(seen[0].fields(), expected);
    assert!(!format!("{asked:?}").contains("s3cret"));
    for answer in [refusal(PENDING), refusal(codes::SLOW_DOWN), dropped(), done()] {
        server.respond(answer);
    }
    let tokens = oidc.wait_for_backchannel(&asked, &WaitOptions::default(), || true);
    assert_eq!(tokens.unwrap().unwrap().claims.unwrap().subject(), "U1");
    let polls = server.seen().split_off(1);
    assert_eq!(polls.len(), 4);
    assert_eq!(polls[3].field("grant_type"), Some("urn:openid:params:grant-type:ciba"));
    assert_eq!(polls[3].field("auth_req_id"), Some("s3cret"));
    assert!((clock.seconds() - (3.0 + 8.0 + 16.0)).abs() < 0.11, "{}", clock.seconds());

    for code in [codes::ACCESS_DENIED, codes::EXPIRED_TOKEN, codes::TRANSACTION_FAILED] {
        server.respond(refusal(code));
        let outcome = oidc.wait_for_backchannel(&asked, &WaitOptions::default(), || true);
        assert_eq!(outcome.unwrap_err().code(), Some(code));
    }
}

#[test]
fn nothing_is_asked_of_a_user_with_bad_arguments() {
    let (server, client, _) = setup();
    let app = app();
    let oidc = client.oidc(&app);
    let none = BackchannelOptions::default;
    assert_eq!(argument(oidc.start_backchannel("", &none())), "login_hint");
    assert_eq!(argument(oidc.start_backchannel("a\nb", &none())), "login_hint");
    let long = "x".repeat(2049);
    for (name, options) in [
        ("scopes", none().scopes([""])),
        ("scopes", none().scopes(["openid", "a b"])),
        ("binding_message", none().binding_message("")),
        ("binding_message", none().binding_message("a\nb")),
        ("requested_expiry", none().requested_expiry(Duration::ZERO)),
        ("acr_values", none().acr_values(" ")),
        ("acr_values", none().acr_values("high\0")),
        ("audiences", none().audiences([""])),
        ("audiences", none().audiences(["billing", "\t"])),
        ("audiences", none().audiences(["a\u{7f}"])),
        ("audiences", none().audiences([&*long])),
        ("parameters", none().parameters([("", "x")])),
        ("parameters", none().parameters([("login_hint", "bob")])),
        ("parameters", none().parameters([("scope", "admin")])),
        ("parameters", none().parameters([("client_secret", "s3cret")])),
    ] {
        assert_eq!(argument(oidc.start_backchannel("ada", &options)), name, "{options:?}");
    }
    assert!(server.all().is_empty());
    server.answer(200, &json!({ "expires_in": 120 }));
    assert!(matches!(oidc.start_backchannel("ada", &none()), Err(Error::Decode(_))));
    assert_eq!(server.seen().len(), 1);
}

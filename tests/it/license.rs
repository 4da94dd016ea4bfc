//! The licence tier in management calls, for clients that want it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use descope::emulator::Emulator;
use descope::transport::http::StatusCode;
use descope::transport::{Request, Response, TransportError, TransportErrorKind};
use descope::{Client, ClientBuilder};

/// Makes two management calls and one other, and returns what was asked, each with its tier.
fn asked(
    configure: impl FnOnce(ClientBuilder) -> ClientBuilder,
    status: u16,
    license: &'static str,
) -> Vec<String> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    let builder = Client::builder().ignore_env().project_id("P2abc").management_key("K2def");
    let client = configure(builder)
        .transport(move |request: Request| {
            let tier = request.headers().get("x-descope-license");
            let tier = tier.map_or("-", |tier| tier.to_str().unwrap());
            seen.lock().unwrap().push(format!("{} {tier}", request.uri().path()));
            let asks = request.uri().path() == "/v1/mgmt/license";
            let mut response =
                Response::new(if asks { license } else { r#"{"tenants":[]}"# }.into());
            if asks {
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
            }
            Ok(response)
        })
        .build()
        .unwrap();
    assert_eq!(log.lock().unwrap().len(), 0, "building asks nothing");
    client.auth().password().load_policy().unwrap();
    client.mgmt().tenant().load_all().unwrap();
    client.clone().mgmt().tenant().load_all().unwrap();
    std::mem::take(&mut *log.lock().unwrap())
}

const POLICY: &str = "/v1/auth/password/policy -";
const ASKS: &str = "/v1/mgmt/license -";

#[test]
fn it_is_asked_for_once_and_goes_with_management_calls_only() {
    let all = "/v1/mgmt/tenant/all tier3";
    let tier = r#"{"rateLimitTier":"tier3"}"#;
    assert_eq!(asked(|b| b.license_tier(true), 200, tier), [POLICY, ASKS, all, all]);
}

#[test]
fn nothing_fails_without_it() {
    let all = "/v1/mgmt/tenant/all -";
    for (status, answer) in [
        (500, r#"{"rateLimitTier":"tier3"}"#),
        (200, "{}"),
        (200, "<html>"),
        (200, r#"{"rateLimitTier":""}"#),
        (200, r#"{"rateLimitTier":{"tier":7}}"#),
        (200, r#"{"rateLimitTier":"a\r\nb"}"#),
    ] {
        assert_eq!(asked(|b| b.license_tier(true), status, answer), [POLICY, ASKS, all, all]);
    }
    assert_eq!(asked(|b| b, 200, r#"{"rateLimitTier":"tier3"}"#), [POLICY, all, all]);
}

/// It has its own time, and takes none of the call's.
#[test]
fn a_slow_answer_delays_one_call() {
    let emulator = Emulator::new();
    let descope = emulator.clone();
    let client = Client::builder()
        .emulator(&emulator)
        .license_tier(true)
        .deadline(Duration::from_secs(2))
        .transport(move |request: Request| {
            if request.uri().path() == "/v1/mgmt/license" {
                descope.advance(Duration::from_secs(5));
                return Err(TransportError::new(TransportErrorKind::Timeout, "late"));
            }
            Ok(descope.handle(request))
        })
        .build()
        .unwrap();
    assert!(client.mgmt().tenant().load_all().unwrap().is_empty());
}

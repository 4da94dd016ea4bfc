//! What an observer is told, of every way a call can go.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use descope::emulator::{Emulator, Fault};
use descope::observe::{Event, RetryReason};
use descope::transport::http::{Method, Response, StatusCode};
use descope::transport::{Request, TransportError, TransportErrorKind};
use descope::{Client, ClientBuilder, Credential, RetryPolicy, codes};

type Told = Arc<Mutex<Vec<String>>>;

/// Notes all but times.
fn note(told: &Told, event: &Event<'_>) {
    let attempt = event.attempt();
    let what = match event {
        Event::Sending { .. } => "sending".to_owned(),
        Event::Answered { answer, .. } => {
            let code = answer.error().and_then(|error| error.code());
            format!("{} {}", answer.status(), code.unwrap_or_default()).trim_end().to_owned()
        }
        Event::Unanswered { error, .. } => format!("{:?}", error.kind()),
        Event::Retrying { wait, reason, .. } => format!("{reason}: {wait:?}"),
        Event::Refused { error, .. } => error.to_string(),
        other => panic!("{other:?}"),
    };
    let line = format!("{} {} {}: {what}", attempt.method(), attempt.path(), attempt.number());
    told.lock().unwrap().push(line);
}

fn observed(builder: ClientBuilder) -> (Client, Told) {
    let told = Told::default();
    let noted = Arc::clone(&told);
    (builder.observer(move |event| note(&noted, event)).build().unwrap(), told)
}

fn taken(told: &Told) -> Vec<String> {
    std::mem::take(&mut *told.lock().unwrap())
}

/// A client whose answers are made here.
fn answered(
    answer: impl Fn(&Request) -> Result<Response<Vec<u8>>, TransportError> + Send + Sync + 'static,
) -> ClientBuilder {
    Client::builder()
        .ignore_env()
        .project_id("P2abc")
        .management_key("K2canaryKey")
        .transport(move |request: Request| answer(&request))
}

#[test]
fn a_call_that_is_retried_is_told_try_by_try() {
    let emulator = Emulator::new();
    let policy = RetryPolicy::default().wait_for_rate_limit(Duration::from_secs(60));
    let (client, told) = observed(Client::builder().emulator(&emulator).retry(policy));
    emulator.fault(Fault::status(503).header("retry-after", "9").times(1));
    let user = client.mgmt().user();
    user.load("ada@example.com").unwrap_err();
    let mut seen = taken(&told);
    let missing = seen.pop().unwrap();
    assert_eq!(
        seen,
        [
            "GET /v1/mgmt/user 1: sending",
            "GET /v1/mgmt/user 1: 503",
            "GET /v1/mgmt/user 1: HTTP status 503: 9s",
            "GET /v1/mgmt/user 2: sending",
        ]
    );
    assert!(missing.starts_with("GET /v1/mgmt/user 2: 4"), "{missing}");
    emulator.fault(
        Fault::answer(429, r#"{"errorCode":"E130429"}"#).header("retry-after", "7").times(1),
    );
    user.create("ada@example.com", &Default::default()).unwrap();
    assert_eq!(
        taken(&told),
        [
            "POST /v1/mgmt/user/create 1: sending".to_owned(),
            format!("POST /v1/mgmt/user/create 1: 429 {}", codes::RATE_LIMIT_EXCEEDED),
            "POST /v1/mgmt/user/create 1: too many calls: 7s".to_owned(),
            "POST /v1/mgmt/user/create 2: sending".to_owned(),
            "POST /v1/mgmt/user/create 2: 200".to_owned(),
        ]
    );
}

#[test]
fn the_clients_own_calls_are_told_and_ids_are_not() {
    let emulator = Emulator::new();
    let (client, told) = observed(Client::builder().emulator(&emulator));
    client.warm_up().unwrap();
    let fetch = "GET /v2/keys/{project_id} 1";
    assert_eq!(taken(&told), [format!("{fetch}: sending"), format!("{fetch}: 200")]);
    let _ = client.mgmt().outbound_app().load("canary-id");
    let path = "/v1/mgmt/user/canary-id/x?loginId=canary-query";
    let _ = client.call(Method::GET, path, Credential::ManagementKey, &());
    let seen = taken(&told);
    assert!(seen.iter().all(|line| !line.contains("canary")), "{seen:?}");
    let own = "GET /v1/mgmt/user/{id}/x 1: sending";
    assert!(seen.iter().any(|line| line == own), "{seen:?}");
}

#[test]
fn what_was_never_sent_and_what_was_never_answered_is_told() {
    let (client, told) =
        observed(answered(|_| Err(TransportError::new(TransportErrorKind::Connect, "as planned"))));
    let client =
        client.with_retry(RetryPolicy::default().max_retries(1).first_delay(Duration::ZERO));
    client.mgmt().user().delete("").unwrap_err();
    let refused = taken(&told);
    assert_eq!(refused.len(), 1, "{refused:?}");
    let start = "POST /v1/mgmt/user/delete 0: invalid argument";
    assert!(refused[0].starts_with(start), "{refused:?}");
    client.mgmt().user().delete("ada").unwrap_err();
    assert_eq!(
        taken(&told),
        [
            "POST /v1/mgmt/user/delete 1: sending",
            "POST /v1/mgmt/user/delete 1: Connect",
            "POST /v1/mgmt/user/delete 1: no connection: 0ns",
            "POST /v1/mgmt/user/delete 2: sending",
            "POST /v1/mgmt/user/delete 2: Connect",
        ]
    );
}

#[test]
fn a_success_has_its_ids_and_limits_and_an_echo_of_a_secret_is_hidden() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let client = answered(|request| {
        let bearer = request.headers()["authorization"].to_str().unwrap().to_owned();
        let echo = request.uri().path().ends_with("/echo");
        let id = if echo { bearer } else { "req-1".to_owned() };
        let response = Response::builder()
            .header("x-request-id", &id)
            .header("cf-ray", "8f-AMS")
            .header("retry-after", "3")
            .header("ratelimit-remaining", "41")
            .header("x-ratelimit-limit", "100")
            .header("x-rate-limit-echo", id)
            .header("x-other", "canary-other");
        Ok(response.body(b"{}".to_vec()).unwrap())
    });
    let client = client
        .observer(move |event| {
            assert_eq!(event.attempt().server(), "https://api.descope.com");
            if let Event::Answered { answer, .. } = event {
                assert!(answer.error().is_none());
                assert_eq!(answer.retry_after(), Some(Duration::from_secs(3)));
                assert_eq!(answer.cf_ray().as_deref(), Some("8f-AMS"));
                let id = answer.request_id().unwrap().into_owned();
                let limits = answer.rate_limits().map(|(name, value)| format!("{name}={value}"));
                noted.lock().unwrap().push((id, limits.collect::<Vec<_>>(), format!("{answer:?}")));
            }
        })
        .build()
        .unwrap();
    for path in ["/v1/x", "/v1/echo"] {
        client.call(Method::GET, path, Credential::ManagementKey, &()).unwrap();
    }
    let seen = seen.lock().unwrap();
    let (id, limits, _) = &seen[0];
    let mut limits = limits.clone();
    limits.sort();
    assert_eq!(id, "req-1");
    assert_eq!(
        limits,
        ["ratelimit-remaining=41", "x-rate-limit-echo=req-1", "x-ratelimit-limit=100"]
    );
    let all = format!("{seen:?}");
    assert!(seen[1].0.contains("[redacted]") && !all.contains("canary"), "{all}");
}

#[test]
fn an_observer_that_panics_loses_no_call_and_is_told_of_the_next() {
    /// What it panics with panics again when it is dropped.
    struct Twice;
    impl Drop for Twice {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "dropped outside of a panic");
        }
    }
    let emulator = Emulator::new();
    let told = Arc::new(Mutex::new(0));
    let count = Arc::clone(&told);
    let client = Client::builder()
        .emulator(&emulator)
        .observer(move |_| {
            *count.lock().unwrap() += 1;
            std::panic::panic_any(Twice);
        })
        .build()
        .unwrap();
    emulator.fault(Fault::status(503).times(1));
    client.mgmt().user().create("ada", &Default::default()).unwrap_err();
    let signed_in = {
        client.mgmt().user().create("ada", &Default::default()).unwrap();
        client.mgmt().jwt().sign_in("ada", &Default::default()).unwrap()
    };
    client.auth().session().validate(signed_in.session_token()).unwrap();
    // Two per request, of which there were four with the fetch of the keys, and none is missing.
    assert_eq!(*told.lock().unwrap(), 8);
}

#[test]
fn reasons_are_told_apart() {
    for (status, reason) in [(429, RetryReason::RateLimit), (503, RetryReason::Status(503))] {
        let seen = Arc::new(Mutex::new(None));
        let noted = Arc::clone(&seen);
        let policy = RetryPolicy::default()
            .max_retries(1)
            .first_delay(Duration::ZERO)
            .wait_for_rate_limit(Duration::from_secs(1));
        let client = answered(move |_| {
            let mut response =
                Response::builder().header("retry-after", "0").body(Vec::new()).unwrap();
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            Ok(response)
        });
        let client = client.retry(policy).observer(move |event| {
            if let Event::Retrying { reason, .. } = event {
                *noted.lock().unwrap() = Some(*reason);
            }
        });
        client.build().unwrap().mgmt().tenant().load_all().unwrap_err();
        assert_eq!(*seen.lock().unwrap(), Some(reason));
    }
}

//! Every way a call can fail: how often it is tried, what the caller learns, and how soon.

use std::io::{BufRead, BufReader, Read, Write};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use descope::auth::session::SessionTokens;
use descope::auth::{DeliveryMethod, MessageLoginOptions};
use descope::emulator::{Emulator, Fault};
use descope::transport::TransportErrorKind as Kind;
use descope::{Client, Credential, Error, Result, RetryPolicy, TokenError};
use serde_json::json;

use crate::server::{Arrived, NoWaiting, Raw, nobody, response, to, within};
use crate::support::REFRESH;

const ADA: &str = "ada@example.com";
/// The time for a try whose answer is held back.
const SHORT: Duration = Duration::from_millis(250);
/// The time for any other call.
const LONG: Duration = Duration::from_secs(10);

/// An emulator that knows Ada, and her refresh token.
fn emulator() -> (Emulator, String) {
    let emulator = Emulator::new();
    emulator.seed(&json!({ "users": [{ "loginId": ADA, "email": ADA }] })).unwrap();
    let session = emulator.sign_in(ADA).unwrap();
    (emulator, session["refreshJwt"].as_str().unwrap().to_owned())
}

/// A call that changes nothing.
fn me(client: &Client, refresh_token: &str) -> Result<()> {
    client.auth().session().me(refresh_token).map(drop)
}

/// A call that must not be made twice: it sends a code.
fn send_code(client: &Client) -> Result<()> {
    let otp = client.auth().otp();
    otp.sign_in(DeliveryMethod::Email, ADA, &MessageLoginOptions::default()).map(drop)
}

/// The policies under which each fault is tried, and their names.
fn policies() -> [(&'static str, RetryPolicy); 3] {
    [
        ("default", RetryPolicy::default()),
        ("none", RetryPolicy::none()),
        ("eager", RetryPolicy::default().retry_unavailable(true)),
    ]
}

/// Makes a safe and an unsafe call under each policy, with this fault, by socket. Asserts how often
/// the server was asked, as `[safe, unsafe, unsafe if opted in]`, and shows every error to `check`.
#[track_caller]
fn fails(name: &str, fault: &Fault, tries: [u64; 3], time: Duration, check: impl Fn(&Error)) {
    for (policy_name, policy) in policies() {
        for safe in [true, false] {
            let (emulator, token) = emulator();
            let server = emulator.serve().unwrap();
            let clock = NoWaiting::default();
            let client = Client::builder()
                .ignore_env()
                .project_id(emulator.project_id())
                .base_url(server.base_url())
                .try_timeout(time)
                .deadline(LONG)
                .retry(policy.clone())
                .clock(clock.clone())
                .build()
                .unwrap();
            emulator.fault(fault.clone().at("/v1/auth/"));
            let outcome =
                within(time * 4, || if safe { me(&client, &token) } else { send_code(&client) });
            let error = outcome.expect_err(name);
            let expected = match policy_name {
                "none" => 1,
                _ if safe => tries[0],
                "default" => tries[1],
                _ => tries[2],
            };
            let asked = asked(&emulator, expected);
            assert_eq!(asked, expected, "{name}, {policy_name}, safe: {safe}: {error}");
            assert_eq!(clock.waits().len() as u64, expected - 1, "{name}, {policy_name}");
            check(&error);
        }
    }
}

/// How often the emulator was asked. What a client gave up may still be on its way to a busy server, so
/// this waits a while for what is expected.
fn asked(emulator: &Emulator, expected: u64) -> u64 {
    let end = Instant::now() + Duration::from_secs(5);
    while emulator.requests("/v1/auth/") < expected && Instant::now() < end {
        thread::sleep(Duration::from_millis(5));
    }
    emulator.requests("/v1/auth/")
}

#[track_caller]
fn kind(error: &Error) -> Kind {
    match error {
        Error::Transport(error) => error.kind(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn answers_that_come_too_late() {
    for (name, fault) in [
        ("delay", Fault::delay(LONG)),
        ("drip", Fault::drip(SHORT / 4)),
        ("drip_head", Fault::drip_head(SHORT / 4)),
    ] {
        fails(name, &fault, [4, 1, 1], SHORT, |error| {
            assert_eq!(kind(error), Kind::Timeout, "{name}: {error:?}");
            assert!(error.is_timeout() && error.is_unavailable(), "{error}");
            assert_eq!((error.status(), error.code()), (None, None));
            assert!(matches!(error, Error::Transport(error) if error.maybe_processed()));
        });
    }
}

#[test]
fn connections_that_end_without_a_whole_answer() {
    for (name, fault) in [
        ("reset", Fault::reset()),
        ("lose_answer", Fault::lose_answer()),
        ("cut", Fault::cut(5)),
        ("cut to nothing", Fault::cut(0)),
    ] {
        fails(name, &fault, [4, 1, 1], LONG, |error| {
            assert_eq!(kind(error), Kind::Closed, "{name}: {error:?}");
            assert!(error.is_unavailable() && !error.is_timeout(), "{error}");
            assert!(matches!(error, Error::Transport(error) if error.maybe_processed()));
        });
    }
}

#[test]
fn refusals_in_json() {
    for (status, tries) in [
        (503, [4, 1, 4]),
        (521, [4, 1, 4]),
        (522, [4, 1, 4]),
        (530, [4, 1, 4]),
        (520, [4, 1, 1]),
        (524, [4, 1, 1]),
        (500, [1, 1, 1]),
        (502, [1, 1, 1]),
        (504, [1, 1, 1]),
        (429, [1, 1, 1]),
        (400, [1, 1, 1]),
        (401, [1, 1, 1]),
        (403, [1, 1, 1]),
        (404, [1, 1, 1]),
    ] {
        let body = json!({
            "errorCode": "E099", "errorDescription": "Sorry", "errorMessage": "Not today",
        });
        let fault = Fault::answer(status, body.to_string())
            .header("x-request-id", "req-1")
            .header("cf-ray", "8f00abc-FRA");
        fails(&status.to_string(), &fault, tries, LONG, |error| {
            let Error::Api(api) = error else { panic!("{error:?}") };
            assert_eq!((error.status(), error.code()), (Some(status), Some("E099")));
            assert_eq!((&*api.description, &*api.message), ("Sorry", "Not today"));
            assert_eq!(api.request_id.as_deref(), Some("req-1"));
            assert_eq!(api.cf_ray.as_deref(), Some("8f00abc-FRA"));
            assert_eq!((error.retry_after(), &api.body_preview), (None, &None));
            assert_eq!(error.is_unavailable(), status >= 500 || status == 429);
            assert_eq!(error.is_rate_limited(), status == 429);
            assert_eq!(error.is_unauthorized(), status == 401);
            assert_eq!(error.is_forbidden(), status == 403);
            assert_eq!(error.is_not_found(), status == 404);
            assert!(!error.is_timeout() && !error.is_token_invalid() && !error.is_token_expired());
            assert_eq!(
                error.to_string(),
                format!(
                    "Descope refused the call with HTTP status {status}: E099: Sorry: Not today \
                     (request req-1) (cf-ray 8f00abc-FRA)"
                )
            );
        });
    }
}

#[test]
fn answers_that_are_not_descopes() {
    for (status, tries) in [(502, [1, 1, 1]), (503, [4, 1, 4]), (524, [4, 1, 1])] {
        fails("html", &Fault::html(status), tries, LONG, |error| {
            let Error::Api(api) = error else { panic!("{error:?}") };
            assert_eq!((error.status(), error.code()), (Some(status), None));
            assert!(api.body_preview.as_ref().unwrap().contains("<title>Error</title>"));
        });
        fails("empty", &Fault::empty(status), tries, LONG, |error| {
            let Error::Api(api) = error else { panic!("{error:?}") };
            assert_eq!(
                (error.status(), error.code(), &api.body_preview),
                (Some(status), None, &None)
            );
        });
    }
    for (name, fault) in [
        ("html", Fault::html(200)),
        ("empty", Fault::empty(200)),
        ("no object", Fault::answer(200, "[]")),
        ("not UTF-8", Fault::answer(200, vec![b'"', 0xff, b'"'])),
    ] {
        fails(name, &fault, [1, 1, 1], LONG, |error| {
            assert!(matches!(error, Error::Decode(_)), "{name}: {error:?}");
            assert!(!error.is_unavailable());
        });
    }
}

/// Every way to call: what reads no answer, what reads one, and what the crate has no function for.
#[test]
fn a_page_with_status_200_is_no_success() {
    type Call = fn(&Client) -> Result<()>;
    let calls: [(&str, bool, Call); 7] = [
        ("logout", false, |c| c.auth().session().logout(REFRESH)),
        ("password", false, |c| c.auth().password().update("ada", "Passw0rd", REFRESH)),
        ("delete", false, |c| c.mgmt().user().delete("ada")),
        ("delete tenant", false, |c| c.mgmt().tenant().delete("t1")),
        ("me", true, |c| c.auth().session().me(REFRESH).map(drop)),
        ("call", false, |c| {
            let (method, key) = (descope::transport::http::Method::POST, Credential::ManagementKey);
            c.call(method, "/v1/new", key, &()).map(drop)
        }),
        ("call", true, |c| {
            let (method, key) = (descope::transport::http::Method::GET, Credential::ManagementKey);
            c.call(method, "/v1/new", key, &()).map(drop)
        }),
    ];
    for (kind, body) in [
        ("text/html", "<!DOCTYPE html><title>Blocked</title>"),
        ("text/html; charset=utf-8", ""),
        ("text/plain", "OK"),
        ("application/json", "<html>Blocked</html>"),
        ("text/plain", "[proxy] Blocked"),
        ("text/plain", "true"),
    ] {
        let headers = format!("Content-Type: {kind}\r\n");
        let server = Raw::answering(move |_| response("200 OK", &headers, body));
        let client = to(&server.url()).management_key("K2canary").build().unwrap();
        for (name, safe, call) in calls {
            let error = call(&client).expect_err(name);
            assert!(matches!(error, Error::Decode(_)), "{name}: {error:?}");
            let text = error.to_string();
            assert!(
                text.contains("not Descope's answer") && text.contains("proxy"),
                "{name}: {text}"
            );
            assert_eq!(text.contains("the call may still have taken effect"), !safe, "{text}");
            assert_eq!(text.contains("Blocked"), body.contains('<'), "{text}");
        }
        assert_eq!(server.seen().len(), calls.len(), "and nothing is asked again");
    }
    for (status, body) in
        [("200 OK", ""), ("200 OK", "{}"), ("202 Accepted", "[]"), ("200 OK", "null")]
    {
        let server = Raw::answering(move |_| response(status, "", body));
        let client = to(&server.url()).management_key("K2canary").build().unwrap();
        for (name, _, call) in calls.iter().filter(|(name, ..)| *name != "me") {
            assert!(call(&client).is_ok(), "{name}: {status} {body}");
        }
    }
}

#[test]
fn an_answer_that_comes_before_the_end_of_the_request_is_read() {
    // More than the buffers of a connection hold.
    let long = json!({ "text": "x".repeat(12 << 20) });
    let send = |client: &Client| {
        let post = descope::transport::http::Method::POST;
        client
            .call(post, "/v1/mgmt/user/create/batch", Credential::ManagementKey, &long)
            .unwrap_err()
    };
    for status in ["413 Payload Too Large", "401 Unauthorized", "429 Too Many Requests", "503 Busy"]
    {
        // Closes at once, so that the rest of the request is answered by a reset; or reads no more of it.
        for closes in [true, false] {
            let server = Raw::new(move |_, stream, _| {
                let mut reader = BufReader::with_capacity(1024, &stream);
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                    line.clear();
                }
                let headers = "Retry-After: 7\r\nConnection: close\r\n";
                let body = r#"{"errorCode":"E099"}"#;
                let _ = (&stream).write_all(&response(status, headers, body));
                if closes {
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                    thread::sleep(Duration::from_millis(50));
                } else {
                    thread::sleep(LONG * 6);
                }
            });
            let client = to(&server.url()).management_key("K2").clock(NoWaiting::default());
            // Time enough for a busy machine.
            let client = client.try_timeout(LONG * 4).deadline(LONG * 6).build().unwrap();
            let error = send(&client);
            let code: u16 = status[..3].parse().unwrap();
            assert_eq!(
                (error.status(), error.code()),
                (Some(code), Some("E099")),
                "{closes}: {error:?}"
            );
            assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        }
    }
}

#[test]
fn a_reset_in_the_middle_of_a_request_is_no_answer() {
    let long = json!({ "text": "x".repeat(12 << 20) });
    for begins in [&b""[..], b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 413"] {
        let server = Raw::new(move |_, stream, _| {
            let _ = (&stream).read(&mut [0; 512]);
            let _ = (&stream).write_all(begins);
        });
        let client = to(&server.url()).management_key("K2").build().unwrap();
        let post = descope::transport::http::Method::POST;
        let error = client.call(post, "/v1/x", Credential::ManagementKey, &long).unwrap_err();
        assert_eq!(kind(&error), Kind::Closed, "{error:?}");
        assert!(matches!(&error, Error::Transport(error) if error.maybe_processed()));
        assert_eq!(server.connections(), 1);
    }
}

/// One that does not mean the end of the request does not cut it short.
#[test]
fn an_early_interim_answer_leaves_the_request_whole() {
    let server = Raw::new(|_, stream, seen| {
        let _ = (&stream).write_all(b"HTTP/1.1 102 Processing\r\n\r\n");
        let mut reader = BufReader::new(&stream);
        while let Some(arrived) = Arrived::read(&mut reader) {
            seen.note(&arrived);
            let _ = (&stream).write_all(&response("200 OK", "", "{}"));
        }
    });
    let client = to(&server.url()).management_key("K2").build().unwrap();
    let long = json!({ "text": "x".repeat(4 << 20) });
    let post = descope::transport::http::Method::POST;
    for _ in 0..2 {
        client.call(post.clone(), "/v1/x", Credential::ManagementKey, &long).unwrap();
    }
    assert!(server.seen().iter().all(|seen| seen.body.len() > 4 << 20));
    assert_eq!((server.seen().len(), server.connections()), (2, 1));
}

#[test]
fn a_timeout_says_what_took_too_long() {
    let server = Raw::new(|_, mut stream, _| drop(stream.read_to_end(&mut Vec::new())));
    let client = to(&server.url()).try_timeout(SHORT).retry(RetryPolicy::none()).build().unwrap();
    let text = me(&client, REFRESH).unwrap_err().to_string();
    let expected = format!(
        "no response from {} in time: waiting for the answer took longer than 250ms",
        server.address()
    );
    assert_eq!(text, expected);
    let no_time = client.with_deadline(Duration::ZERO);
    let error = send_code(&no_time).unwrap_err();
    assert!(matches!(&error, Error::Transport(error) if !error.maybe_processed()), "{error:?}");
}

#[test]
fn redirects_are_refusals() {
    for status in [301, 302, 303, 307, 308] {
        let fault = Fault::empty(status).header("location", "http://127.0.0.1:9/elsewhere");
        fails("redirect", &fault, [1, 1, 1], LONG, |error| {
            assert_eq!(error.status(), Some(status));
        });
    }
}

#[test]
fn the_beginning_of_a_strange_body_is_shown() {
    let (emulator, token) = emulator();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let preview = |body: Vec<u8>| {
        emulator.clear_faults();
        emulator.fault(Fault::answer(502, body).at("/v1/auth/"));
        match me(&client, &token) {
            Err(Error::Api(error)) => error.body_preview.unwrap_or_default(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(preview(b" upstream \n\t is  down ".to_vec()), "upstream is down");
    assert_eq!(preview("ö".repeat(1000).into()), "ö".repeat(200));
    assert_eq!(preview(vec![b'x'; 1 << 20]), "x".repeat(200));
    assert_eq!(preview(vec![0xff, b'a']), "\u{fffd}a");
    assert_eq!(
        preview(b"{\"error\":\"of another kind\"}".to_vec()),
        r#"{"error":"of another kind"}"#
    );
    assert_eq!(preview(format!("token {token} is bad").into()), "token [redacted] is bad");
}

#[test]
fn retry_after_is_read_and_kept_to() {
    let in_two_minutes = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(120));
    for (value, [least, most], tries, clock_waits) in [
        // Longer than the deadline: the error comes at once.
        ("3600", [3600, 3600], 1, false),
        (&*in_two_minutes, [60, 120], 1, false),
        ("99999999999", [86_400, 86_400], 1, false),
        // Within the deadline of 10 seconds, but twice is too much.
        ("6", [6, 6], 2, true),
        // Sooner than the client would come back by itself.
        ("0", [0, 0], 4, true),
    ] {
        let (emulator, token) = emulator();
        let clock = NoWaiting::default();
        let client = Client::builder().emulator(&emulator).clock(clock.clone()).deadline(LONG);
        let client = client.build().unwrap();
        emulator.fault(Fault::status(503).header("retry-after", value).at("/v1/auth/"));
        let error = within(Duration::ZERO, || me(&client, &token).unwrap_err());
        let seconds = error.retry_after().unwrap().as_secs();
        assert!((least..=most).contains(&seconds), "{value}: {seconds}");
        assert_eq!(emulator.requests("/v1/auth/me"), tries, "{value}");
        assert_eq!(!clock.waits().is_empty(), clock_waits, "{value}");
        assert!(clock.waits().iter().sum::<Duration>() < LONG);
    }
}

/// As it looks to a clock that is ahead.
#[test]
fn a_rate_limit_that_is_over_already_is_no_reason_to_hurry() {
    let patient = RetryPolicy::default().wait_for_rate_limit(Duration::from_secs(60));
    for over in ["0", "Thu, 01 Jan 1970 00:00:00 GMT"] {
        let (emulator, _) = emulator();
        let clock = NoWaiting::default();
        let client = Client::builder().emulator(&emulator).clock(clock.clone());
        let client = client.retry(patient.clone()).build().unwrap();
        emulator.fault(Fault::status(429).header("retry-after", over).at("/v1/auth/").times(1));
        send_code(&client).unwrap();
        let waits = clock.waits();
        assert!(waits.len() == 1 && waits[0] >= Duration::from_millis(50), "{waits:?}");
    }
}

#[test]
fn rate_limits_are_told_at_once_or_waited_for_on_request() {
    let patient = RetryPolicy::default().wait_for_rate_limit(Duration::from_secs(60));
    for (policy, after, tries, waits) in [
        (RetryPolicy::default(), "7", 1, &[][..]),
        (RetryPolicy::default(), "0", 1, &[]),
        (patient.clone(), "7", 2, &[Duration::from_secs(7)]),
        (patient, "61", 1, &[]),
    ] {
        for safe in [true, false] {
            let (emulator, token) = emulator();
            let clock = NoWaiting::default();
            let client = Client::builder()
                .emulator(&emulator)
                .clock(clock.clone())
                .retry(policy.clone())
                .build()
                .unwrap();
            emulator
                .fault(Fault::status(429).header("retry-after", after).at("/v1/auth/").times(1));
            let outcome = if safe { me(&client, &token) } else { send_code(&client) };
            assert_eq!(emulator.requests("/v1/auth/"), tries);
            assert_eq!(clock.waits(), waits);
            match outcome {
                Ok(()) => assert_eq!(tries, 2),
                Err(error) => {
                    assert!(error.is_rate_limited() && error.is_unavailable());
                    assert_eq!(error.retry_after().unwrap().as_secs().to_string(), after);
                }
            }
        }
    }
}

#[test]
fn a_fault_that_passes_is_not_seen() {
    for fault in [
        Fault::status(503),
        Fault::status(524),
        Fault::reset(),
        Fault::lose_answer(),
        Fault::cut(3),
    ] {
        let (emulator, token) = emulator();
        let server = emulator.serve().unwrap();
        let clock = NoWaiting::default();
        let client = Client::builder().emulator(&emulator).clock(clock.clone());
        let client = client.agent(ureq::agent()).base_url(server.base_url()).build().unwrap();
        emulator.fault(fault.times(3).at("/v1/auth/me"));
        me(&client, &token).unwrap();
        assert_eq!((emulator.requests("/v1/auth/me"), clock.waits().len()), (4, 3));
    }
}

#[test]
fn a_lost_answer_sends_no_second_code() {
    let (emulator, _) = emulator();
    let server = emulator.serve().unwrap();
    let client = Client::builder().emulator(&emulator).agent(ureq::agent());
    let client = client.base_url(server.base_url()).build().unwrap();
    for fault in [Fault::lose_answer(), Fault::cut(2)] {
        emulator.inbox().clear();
        emulator.fault(fault.times(1));
        assert!(matches!(
            send_code(&client),
            Err(Error::Transport(error)) if error.maybe_processed()
        ));
        assert_eq!(emulator.inbox().messages().len(), 1);
    }
}

#[test]
fn the_deadline_holds_whatever_happens() {
    let deadline = Duration::from_millis(300);
    for fault in [
        Fault::delay(LONG),
        Fault::drip(Duration::from_millis(20)),
        Fault::drip_head(Duration::from_millis(20)),
    ] {
        let (emulator, token) = emulator();
        let server = emulator.serve().unwrap();
        let client = Client::builder().emulator(&emulator).agent(ureq::agent());
        let client = client.base_url(server.base_url()).deadline(deadline).build().unwrap();
        emulator.fault(fault.at("/v1/auth/"));
        let error = within(deadline, || me(&client, &token).unwrap_err());
        assert!(error.is_timeout(), "{error:?}");
        assert_eq!(asked(&emulator, 1), 1);
    }
    // A server that says nothing at all, and one that sends no end of a head.
    let silent = Raw::new(|_, mut stream, _| drop(stream.read_to_end(&mut Vec::new())));
    let endless = Raw::new(|_, mut stream, _| {
        while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    });
    for url in [silent.url(), endless.url(), silent.url().replace("http", "https")] {
        let client = to(&url).deadline(deadline).build().unwrap();
        let error = within(deadline, || me(&client, REFRESH).unwrap_err());
        assert!(error.is_timeout() || error.is_unavailable(), "{error:?}");
        let no_time = client.with_deadline(Duration::ZERO);
        assert!(within(Duration::ZERO, || me(&no_time, REFRESH).unwrap_err()).is_timeout());
    }
}

#[test]
fn what_never_left_is_tried_again() {
    // A label of more than 63 characters is no host name, which the resolver says at once.
    let no_such_host = format!("http://{}.invalid", "a".repeat(64));
    for (name, url) in [("refused", nobody()), ("DNS", no_such_host)] {
        for (policy_name, policy) in policies() {
            for safe in [true, false] {
                let clock = NoWaiting::default();
                let client = to(&url).retry(policy.clone()).clock(clock.clone()).build().unwrap();
                let error = within(LONG, || {
                    if safe { me(&client, REFRESH) } else { send_code(&client) }.unwrap_err()
                });
                assert_eq!(kind(&error), Kind::Connect, "{name}: {error:?}");
                assert!(error.is_unavailable());
                assert!(matches!(&error, Error::Transport(error) if !error.maybe_processed()));
                let retries = if policy_name == "none" { 0 } else { 3 };
                assert_eq!(clock.waits().len(), retries, "{name}, {policy_name}, safe: {safe}");
            }
        }
    }
}

#[test]
fn an_answer_that_is_not_http_is_not_asked_for_again() {
    for answer in [&b"SSH-2.0-OpenSSH_9.9\r\n\r\n"[..], b"HTTP/1.1 abc\r\n\r\n"] {
        let server = Raw::answering(move |_| answer.to_vec());
        let client = to(&server.url()).clock(NoWaiting::default()).build().unwrap();
        assert_eq!(kind(&me(&client, REFRESH).unwrap_err()), Kind::Body);
        assert_eq!(kind(&send_code(&client).unwrap_err()), Kind::Body);
        assert_eq!(server.seen().len(), 2);
    }
}

#[test]
fn a_connection_closed_while_idle_is_not_seen() {
    let server = Raw::new(|_, stream, seen| {
        if let Some(arrived) = Arrived::read(&mut BufReader::new(&stream)) {
            seen.note(&arrived);
            let _ = (&stream).write_all(&response("200 OK", "", "{}"));
        }
        // The response promised to keep the connection, which ends here.
    });
    let client = to(&server.url()).retry(RetryPolicy::none()).build().unwrap();
    for calls in 1..=3 {
        me(&client, REFRESH).unwrap();
        assert_eq!(server.connections(), calls * 2 - 1);
        thread::sleep(Duration::from_millis(50)); // the end of the connection arrives
        send_code(&client).unwrap();
        assert_eq!(server.connections(), calls * 2);
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_connection_closed_on_the_next_request_is_seen_by_unsafe_calls_alone() {
    let server = || {
        Raw::new(|number, stream, seen| {
            let mut reader = BufReader::new(&stream);
            while let Some(arrived) = Arrived::read(&mut reader) {
                seen.note(&arrived);
                // The first connection breaks on its second request.
                if number == 0 && seen.all().len() == 2 {
                    break;
                }
                let _ = (&stream).write_all(&response("200 OK", "", "{}"));
            }
        })
    };
    let safe = server();
    let client = to(&safe.url()).build().unwrap();
    me(&client, REFRESH).unwrap();
    me(&client, REFRESH).unwrap();
    assert_eq!((safe.seen().len(), safe.connections()), (3, 2));

    let not_safe = server();
    let client = to(&not_safe.url()).build().unwrap();
    me(&client, REFRESH).unwrap();
    let error = send_code(&client).unwrap_err();
    assert_eq!(kind(&error), Kind::Closed);
    assert!(matches!(error, Error::Transport(error) if error.maybe_processed()));
    let posts = not_safe.seen().iter().filter(|seen| seen.line.starts_with("POST")).count();
    assert_eq!(posts, 1);
}

#[test]
fn without_keys_no_code_is_spent() {
    for (name, fault) in [
        ("empty", Fault::empty_keys()),
        ("garbage", Fault::garbage_keys()),
        ("status", Fault::status(500).at("/v2/keys/")),
        ("HTML", Fault::html(200).at("/v2/keys/")),
        ("reset", Fault::reset().at("/v2/keys/")),
    ] {
        let (emulator, token) = emulator();
        let client = Client::builder().emulator(&emulator).build().unwrap();
        send_code(&client).unwrap();
        let code = emulator.inbox().last_to(ADA).unwrap().code.unwrap();
        emulator.fault(fault);
        let verify = |code: &str| client.auth().otp().verify(DeliveryMethod::Email, ADA, code);
        let error = verify(&code).unwrap_err();
        assert!(matches!(error, Error::Token(TokenError::KeysUnavailable(_))), "{name}: {error:?}");
        assert!(error.is_unavailable() && !error.is_token_invalid() && !error.is_token_expired());
        assert_eq!(emulator.requests("/v1/auth/otp/verify"), 0);
        let session = client.auth().session();
        assert!(session.validate(&token).unwrap_err().is_unavailable());
        assert!(session.refresh(&token).unwrap_err().is_unavailable());
        assert!(
            session
                .validate_and_refresh(SessionTokens { session: &token, refresh: &token })
                .unwrap_err()
                .is_unavailable()
        );
        assert_eq!(emulator.requests("/v1/auth/refresh"), 0);
        let looks = emulator.requests("/v2/keys/");
        assert!((1..=4).contains(&looks), "{name}: {looks}");
        // Calls that need no key go on.
        me(&client, &token).unwrap();

        emulator.clear_faults();
        emulator.advance(Duration::from_secs(31));
        verify(&code).unwrap();
    }
}

#[test]
fn keys_rotated_in_the_middle_of_a_sign_in_are_fetched_again() {
    let (emulator, _) = emulator();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    send_code(&client).unwrap();
    let code = emulator.inbox().last_to(ADA).unwrap().code.unwrap();
    emulator.fault(Fault::rotate_keys().at("/v1/auth/otp/verify").times(1));
    let info = client.auth().otp().verify(DeliveryMethod::Email, ADA, &code).unwrap();
    assert_eq!(info.user.email, ADA);
    assert_eq!(emulator.requests("/v2/keys/"), 2);
    // The session signed with the key that is gone.
    emulator.fault(Fault::rotate_keys().at("/v1/auth/me").times(1));
    let error = me(&client, info.refresh_token().unwrap()).unwrap_err();
    assert!(error.is_unauthorized(), "{error:?}");
}

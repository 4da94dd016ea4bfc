//! Requests of connectors: signatures, against those that Python's standard library makes
//! (tests/fixtures/webhooks.json), events, age and replays.

use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use descope::UnixMillis;
use descope::clock::Clock;
use descope::emulator::Emulator;
use descope::mgmt::audit::{AuditRecord, AuditType};
use descope::web::{Webhook, WebhookError, WebhookOptions};
use ring::hmac;
use serde_json::{Value, json};

use super::headers;

const REFERENCE: &str = include_str!("../../fixtures/webhooks.json");

struct Row {
    secret: String,
    body: String,
    hex: String,
    base64: String,
    /// The signature of the body without white space, if that differs.
    compact: Option<String>,
}

fn rows() -> Vec<Row> {
    let rows: Vec<Value> = serde_json::from_str(REFERENCE).unwrap();
    let text = |row: &Value, name: &str| row[name].as_str().map(str::to_owned);
    let row = |row: &Value| Row {
        secret: text(row, "secret").unwrap(),
        body: text(row, "body").unwrap(),
        hex: text(row, "hex").unwrap(),
        base64: text(row, "base64").unwrap(),
        compact: text(row, "compact"),
    };
    rows.iter().map(row).collect()
}

fn ask(secret: &str, signature: &str, body: &str) -> Option<WebhookError> {
    Webhook::new([secret]).unwrap().verify_signature(signature, body.as_bytes()).err()
}

#[test]
fn what_python_signs_is_accepted_in_either_reading() {
    let rows = rows();
    assert!(rows.len() >= 15 && rows.iter().any(|row| row.compact.is_some()));
    for Row { secret, body, hex, base64, compact } in rows {
        assert_eq!(ask(&secret, &hex, &body), None, "{body}");
        assert_eq!(ask(&secret, &hex.to_uppercase(), &body), None, "{body}");
        assert_eq!(ask(&secret, &base64, &body), None, "{body}");
        if let Some(compact) = compact {
            assert_eq!(ask(&secret, &compact, &body), None, "{body}");
        }
    }
}

#[test]
fn anything_else_is_refused() {
    for Row { secret, body, hex, base64, .. } in rows() {
        let flipped = if hex.starts_with('0') { "1" } else { "0" }.to_owned() + &hex[1..];
        for (signature, body, why) in [
            (&*flipped, &*body, WebhookError::Wrong),
            (&hex, &*(body.clone() + "x"), WebhookError::Wrong),
            (&hex[..62], &*body, WebhookError::Malformed),
            (&hex[1..], &*body, WebhookError::Malformed),
            (&*format!("{hex}00"), &*body, WebhookError::Malformed),
            (&*format!("sha256={hex}"), &*body, WebhookError::Malformed),
            (&*format!(" {hex}"), &*body, WebhookError::Malformed),
            (&base64[..43], &*body, WebhookError::Malformed),
            (&*format!("{base64}="), &*body, WebhookError::Malformed),
            (&*format!("{base64}, {base64}"), &*body, WebhookError::Malformed),
            (&*"+".repeat(64), &*body, WebhookError::Malformed),
            ("", &*body, WebhookError::Malformed),
        ] {
            assert_eq!(ask(&secret, signature, body), Some(why), "{signature} {body}");
        }
        assert_eq!(ask("another secret", &hex, &body), Some(WebhookError::Wrong));
    }
    // White space in a text counts.
    let row = rows().into_iter().find(|row| row.body.contains("c d")).unwrap();
    let changed = row.body.replace("c d", "cd");
    assert_eq!(ask(&row.secret, &row.hex, &changed), Some(WebhookError::Wrong));
}

#[test]
fn a_secret_can_be_changed_without_a_gap() {
    let row = rows().remove(0);
    let both = Webhook::new(["the new secret", &row.secret]).unwrap();
    let signed = |hex: &str| headers(&[("X-Descope-Webhook-S256", hex.as_bytes())]);
    let body = row.body.as_bytes();
    assert_eq!(both.verify(&signed(&row.hex), body), Ok(()));
    let only_new = Webhook::new(["the new secret"]).unwrap();
    assert_eq!(only_new.verify(&signed(&row.hex), body), Err(WebhookError::Wrong));
    assert_eq!(both.verify(&headers(&[]), body), Err(WebhookError::Missing));
    let mut twice = signed(&row.hex);
    twice.append("x-descope-webhook-s256", row.hex.parse().unwrap());
    assert_eq!(both.verify(&twice, body), Err(WebhookError::Malformed));
    assert!(!format!("{both:?}").contains("secret\""));
    for none in [vec![], vec![""], vec!["good", ""]] {
        assert!(Webhook::new(none).is_err());
    }
}

const SECRET: &str = "a secret";

/// The header's value for a body: base64 or hexadecimal.
fn signed(body: &str) -> [String; 2] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hmac::sign(&key, body.as_bytes());
    let hex = tag.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    [STANDARD.encode(tag), hex]
}

fn webhook(options: WebhookOptions) -> Webhook {
    Webhook::with_options([SECRET], options).unwrap()
}

/// What a body says that is signed.
fn events(body: &str) -> Result<Vec<AuditRecord>, WebhookError> {
    let [signature, _] = signed(body);
    let headers = headers(&[("x-descope-webhook-s256", signature.as_bytes())]);
    let events = webhook(WebhookOptions::default()).events(&headers, body.as_bytes());
    let again = webhook(WebhookOptions::default()).events_signed(&signature, body.as_bytes());
    assert_eq!(events, again, "{body}");
    events
}

#[test]
fn a_signed_body_becomes_events() {
    let search = json!({
        "ID": "A1", "projectId": "P2", "userId": "U1", "action": "LoginSucceed", "type": "info",
        "actorId": "U1", "occurred": "1700000000123", "device": "Desktop", "method": "otp", "geo": "DE",
        "remoteAddress": "192.0.2.1", "externalIds": ["ada"], "tenants": ["acme"], "data": { "n": [null] },
        "newer": { "a": 1 },
    });
    // As public receivers read it.
    let stream = json!({
        "id": "A1", "projectId": "P2", "userId": "U1", "action": "LoginSucceed", "type": "info",
        "actorId": "U1", "occurred": 1_700_000_000_123_i64, "device": "Desktop", "method": "otp",
        "geo": "DE", "remoteAddress": "192.0.2.1", "loginIds": ["ada"], "tenants": ["acme"],
        "data": { "n": [null] }, "newer": { "a": 1 },
    });
    let dated = |mut event: Value| {
        event.as_object_mut().unwrap().remove("occurred");
        event["occurred_formatted"] = json!("2023-11-14T22:13:20.123456Z");
        event
    };
    let mut both = stream.clone();
    both["ID"] = json!("A1");
    both["externalIds"] = json!(["ada"]);
    for (event, extra) in [
        (search.clone(), &["newer"][..]),
        (stream.clone(), &["newer"]),
        (dated(stream), &["newer", "occurred_formatted"]),
        (both, &["id", "loginIds", "newer"]),
    ] {
        for body in [event.to_string(), json!([event]).to_string(), format!("\r\n{event:#}\n")] {
            let events = events(&body).unwrap();
            let [event] = &*events else { panic!("{events:?}") };
            assert_eq!((&*event.id, &*event.action), ("A1", "LoginSucceed"), "{body}");
            assert_eq!(event.occurred.unwrap().as_millis(), 1_700_000_000_123);
            assert_eq!(
                (&*event.login_ids, &*event.tenants),
                (&["ada".into()][..], &["acme".into()][..])
            );
            assert_eq!(event.audit_type, Some(AuditType::Info));
            assert_eq!(event.remote_address.as_deref(), Some("192.0.2.1"));
            assert_eq!(event.data["n"], json!([null]));
            let mut names: Vec<_> = event.extra.keys().collect();
            names.sort_unstable();
            assert_eq!(names, extra, "{body}");
        }
    }
}

#[test]
fn no_event_is_lost_to_what_is_odd_in_it() {
    let odd = r#"[
        {"action":"UserModified","occurred":1780949905871,"tenants":null,"externalIds":"ada","data":"x"},
        null, 5, {}, "text",
        {"action":"UserDeleted","occurred":"soon","tenants":{"a":1},"geo":{"country":"DE"},"ID":7,"userId":["U1"]},
        {"ID":"A3","action":["a","b"],"type":"strange","occurred":1780949905,"device":null,"more":[{"a":null}]}
    ]"#;
    let events = events(odd).unwrap();
    let shown = |of: &AuditRecord| {
        (of.id.clone(), of.action.clone(), of.occurred.map(UnixMillis::as_millis))
    };
    let none = String::new;
    assert_eq!(
        events.iter().map(shown).collect::<Vec<_>>(),
        [
            (none(), "UserModified".into(), Some(1_780_949_905_871)),
            (none(), none(), None),
            ("7".into(), "UserDeleted".into(), None),
            ("A3".into(), none(), Some(1_780_949_905_000)),
        ]
    );
    assert_eq!(events[0].login_ids, ["ada"]);
    assert_eq!((&events[2].user_id, &events[2].geo), (&None, &None));
    assert_eq!(events[3].audit_type, Some(AuditType::Other("strange".into())));
    assert_eq!(events[3].extra["more"], json!([{ "a": null }]));
    // Written out, nothing is lost either.
    let line = serde_json::to_string(&events[3]).unwrap();
    assert!(line.contains("strange") && line.contains("more"), "{line}");
    assert_eq!(self::events("[]"), Ok(vec![]));
}

#[test]
fn a_body_is_read_only_if_it_is_signed() {
    for body in ["", "null", "5", "\"text\"", "{", "[1", "not json", "{}{}", "<html>"] {
        assert_eq!(events(body), Err(WebhookError::Unreadable), "{body}");
        let [signature, _] = signed("another body");
        let unsigned = webhook(WebhookOptions::default()).events_signed(signature, body.as_bytes());
        assert_eq!(unsigned, Err(WebhookError::Wrong), "{body}");
    }
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    // A list, without an event in it.
    assert_eq!(events(&deep), Ok(vec![]));
    let one = webhook(WebhookOptions::default());
    assert_eq!(one.events(&headers(&[]), b"{}"), Err(WebhookError::Missing));
    assert_eq!(one.events_signed("x", b"{}"), Err(WebhookError::Malformed));
    for (error, status) in [
        (WebhookError::Missing, 401),
        (WebhookError::Malformed, 401),
        (WebhookError::Wrong, 401),
        (WebhookError::TooOld, 401),
        (WebhookError::Unreadable, 400),
        (WebhookError::Replayed, 200),
        (WebhookError::Full, 503),
    ] {
        assert_eq!(error.status().as_u16(), status, "{error}");
    }
}

/// Asks in both ways, which are to agree.
fn passes(options: &WebhookOptions, body: &str) -> Result<(), WebhookError> {
    let [signature, _] = signed(body);
    let verified = webhook(options.clone()).verify_signature(&signature, body.as_bytes());
    let read = webhook(options.clone()).events_signed(&signature, body.as_bytes());
    assert_eq!(verified, read.map(drop), "{body}");
    verified
}

#[test]
fn a_body_has_an_age() {
    let emulator = Emulator::new();
    emulator.clock().freeze();
    let now = emulator.clock().unix().as_seconds();
    let options = WebhookOptions::default().clock(emulator.clock());
    let at = |seconds: i64| json!({ "occurred": (now + seconds) * 1000 });
    let aged = options.clone().max_age(Duration::from_secs(60));
    for (events, expected) in [
        (json!([at(0)]), Ok(())),
        (at(-60), Ok(())),
        (at(-61), Err(WebhookError::TooOld)),
        (json!([at(-61), at(-3600)]), Err(WebhookError::TooOld)),
        // One that is young enough vouches for the others.
        (json!([at(-3600), at(-60), {}]), Ok(())),
        (at(300), Ok(())),
        (at(301), Err(WebhookError::TooOld)),
        (json!([at(301), at(-61)]), Err(WebhookError::TooOld)),
        (json!({ "occurred": i64::MAX }), Err(WebhookError::TooOld)),
        (json!({ "occurred": (now * 1000).to_string() }), Ok(())),
        (json!({}), Err(WebhookError::TooOld)),
        (json!({ "occurred": "soon" }), Err(WebhookError::TooOld)),
        (json!([]), Ok(())),
    ] {
        assert_eq!(passes(&aged, &events.to_string()), expected, "{events}");
        assert_eq!(passes(&options, &events.to_string()), Ok(()), "{events}");
    }
    // A body is not read for its signature alone.
    assert_eq!(webhook(options).verify_signature(&signed("x")[0], b"x"), Ok(()));
    assert_eq!(
        webhook(aged).verify_signature(&signed("x")[0], b"x"),
        Err(WebhookError::Unreadable)
    );
}

#[test]
fn a_body_passes_once() {
    let emulator = Emulator::new();
    emulator.clock().freeze();
    let options = WebhookOptions::default()
        .clock(emulator.clock())
        .replay_window(Duration::from_secs(60))
        .capacity(2);
    let webhook = webhook(options);
    let (body, spaced) = (r#"{"action":"a b"}"#, "{ \"action\" :\t\"a b\" }\n");
    let [base64, hex] = signed(body);
    let send = |signature: &str, body: &str| {
        webhook.clone().events_signed(signature, body.as_bytes()).map(|events| events.len())
    };
    assert_eq!(send(&base64, "{}"), Err(WebhookError::Wrong));
    assert_eq!(send(&base64, body), Ok(1));
    // In another writing of the signature, and with white space that it does not cover.
    for (signature, body) in [(&base64, body), (&hex, body), (&base64, spaced)] {
        assert_eq!(send(signature, body), Err(WebhookError::Replayed), "{body}");
        assert_eq!(
            webhook.verify_signature(signature, body.as_bytes()),
            Err(WebhookError::Replayed)
        );
    }
    // What could not be kept may come again.
    webhook.forget(spaced.as_bytes());
    assert_eq!((send(&hex, spaced), send(&hex, body)), (Ok(1), Err(WebhookError::Replayed)));
    // What cannot be read is not remembered.
    assert_eq!(send(&signed("x")[0], "x"), Err(WebhookError::Unreadable));
    assert_eq!(send(&signed("[]")[0], "[]"), Ok(0));
    assert_eq!(send(&signed("{}")[0], "{}"), Err(WebhookError::Full));
    emulator.advance(Duration::from_secs(60));
    assert_eq!(send(&base64, body), Err(WebhookError::Replayed));
    emulator.advance(Duration::from_secs(1));
    assert_eq!(send(&base64, body), Ok(1));
    assert_eq!(send(&signed("{}")[0], "{}"), Ok(1));
}

#[test]
fn of_many_copies_of_a_body_one_passes() {
    let webhook = webhook(WebhookOptions::default().replay_window(Duration::from_secs(60)));
    let [signature, _] = signed("[]");
    let passed: usize = thread::scope(|scope| {
        let senders: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| webhook.verify_signature(&signature, b"[]").is_ok()))
            .collect();
        senders.into_iter().map(|sender| usize::from(sender.join().unwrap())).sum()
    });
    assert_eq!(passed, 1);
}

#[test]
fn options_have_their_ranges() {
    let (second, month) = (Duration::from_secs(1), Duration::from_secs(30 * 24 * 60 * 60));
    let (options, ahead) = (WebhookOptions::default, Duration::from_secs(5 * 60));
    for good in [
        options().max_age(second).replay_window(month).capacity(1),
        options().max_age(month).replay_window(month + ahead).capacity(100_000_000),
        options().replay_window(second),
    ] {
        assert!(!format!("{:?} {good:?}", webhook(good.clone())).contains(SECRET));
    }
    for bad in [
        options().max_age(Duration::ZERO),
        options().max_age(month + second),
        options().replay_window(Duration::from_millis(999)),
        options().replay_window(Duration::MAX),
        options().replay_window(month + ahead + second),
        options().max_age(month).replay_window(month),
        options().max_age(second).replay_window(ahead),
        options().capacity(0),
        options().capacity(100_000_001),
    ] {
        assert!(Webhook::with_options([SECRET], bad.clone()).is_err(), "{bad:?}");
    }
    assert!(Webhook::with_options([""], options()).is_err());
}

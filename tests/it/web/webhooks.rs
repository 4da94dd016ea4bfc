//! Signatures of connectors, against those that Python's standard library makes (tests/fixtures/webhooks.json).

use descope::web::{Webhook, WebhookError};
use serde_json::Value;

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

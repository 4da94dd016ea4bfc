//! Answers of any kind: a call ends with a value or an error, and shows no secret.
#![no_main]

mod shared;

use std::fmt::Debug;

use descope::auth::DeliveryMethod;
use descope::mgmt::fga::Relation;
use descope::mgmt::user::UserSearch;
use descope::transport::Response;
use descope::transport::http::{HeaderName, HeaderValue, StatusCode};
use descope::{Error, TokenError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [status, length, rest @ ..] = data else { return };
    let (head, body) = rest.split_at(usize::from(*length).min(rest.len()));
    let mut response = Response::new(body.to_vec());
    *response.status_mut() = StatusCode::from_u16(200 + u16::from(*status)).expect("a status");
    for (name, value) in
        ["retry-after", "set-cookie", "cf-ray"].into_iter().zip(head.split(|b| *b == b'\n'))
    {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    let (client, answer) = shared::client();
    *answer.lock().expect("no panic") = response;
    let (refresh, management) = (shared::REFRESH_TOKEN, shared::MANAGEMENT_KEY);
    show(client.auth().session().me(refresh), refresh);
    show(client.auth().session().load_history(refresh), refresh);
    show(client.auth().otp().verify(DeliveryMethod::Email, "ada", "canary-code"), "canary-code");
    show(
        client.auth().password().sign_in("ada", "canary-password", &Default::default()),
        "canary-password",
    );
    show(client.mgmt().user().load("ada"), management);
    show(client.mgmt().user().search(&UserSearch::default()), management);
    show(client.mgmt().tenant().load_all(), management);
    show(client.mgmt().role().load_all(), management);
    show(client.mgmt().sso().load_all("t"), management);
    show(
        client.mgmt().fga().check(&[Relation::new("doc", "d", "viewer", "user", "ada")]),
        management,
    );
    // A server that repeats itself does not make an iteration endless.
    assert!(client.mgmt().user().iter(&UserSearch::default()).take(10_001).count() <= 10_000);
});

/// Whatever is answered, an error does not repeat the secret of its call.
fn show<T: Debug>(result: descope::Result<T>, secret: &str) {
    match result {
        Ok(value) => drop(format!("{value:?}")),
        // Of the keys, which are fetched before the secret is sent: it can only be there by chance.
        Err(Error::Token(TokenError::KeysUnavailable(_))) => {}
        Err(error) => assert!(!format!("{error} {error:?}").contains(secret)),
    }
}

//! Answers of any kind: a call ends with a value or an error, and shows no secret.
#![no_main]

mod shared;

use std::fmt::Debug;

use descope::auth::DeliveryMethod;
use descope::mgmt::fga::Relation;
use descope::mgmt::user::UserSearch;
use descope::transport::Response;
use descope::transport::http::{HeaderName, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [status, length, rest @ ..] = data else { return };
    let (head, body) = rest.split_at(usize::from(*length).min(rest.len()));
    let mut response = Response::new(body.to_vec());
    *response.status_mut() = StatusCode::from_u16(200 + u16::from(*status)).expect("a status");
    for (name, value) in ["retry-after", "set-cookie", "cf-ray"].into_iter().zip(head.split(|b| *b == b'\n')) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    let (client, answer) = shared::client();
    *answer.lock().expect("no panic") = response;
    show(client.auth().session().me(shared::SECRET));
    show(client.auth().session().history(shared::SECRET));
    show(client.auth().otp().sign_in(DeliveryMethod::Email, "ada", &Default::default()));
    show(client.auth().password().policy());
    show(client.mgmt().user().load("ada"));
    show(client.mgmt().user().search(&UserSearch::default()));
    show(client.mgmt().tenant().load_all());
    show(client.mgmt().role().load_all());
    show(client.mgmt().sso().load_all("t"));
    show(client.mgmt().fga().check(&[Relation::new("doc", "d", "viewer", "user", "ada")]));
    // A server that repeats itself does not make an iteration endless.
    assert!(client.mgmt().user().iter(&UserSearch::default()).take(10_001).count() <= 10_000);
});

fn show<T: Debug>(result: descope::Result<T>) {
    let text = match &result {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{error} {error:?}"),
    };
    // It may come from the fuzzer itself, which then has it in its input; that it guesses it is not
    // to be expected.
    assert!(!text.contains(shared::SECRET) && !text.contains("canary-management-key"));
}

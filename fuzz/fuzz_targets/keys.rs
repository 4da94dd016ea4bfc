//! Key sets of any kind: none makes the validator panic, and only the one true key is accepted.
#![no_main]

mod shared;

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|data: &[u8]| {
    let claims = json!({ "iss": shared::PROJECT, "sub": "U1", "exp": 4_000_000_000_u64 });
    let token = shared::sign(br#"{"alg":"ES256","kid":"k"}"#, claims.to_string().as_bytes());

    // As it comes: no key of it is the one that signed.
    let (client, answer) = shared::client();
    *answer.lock().expect("no panic") = http(data);
    assert!(client.auth().session().validate(&token).is_err());

    // Beside the one that did: whatever it is, it spoils nothing, but for one of the same name.
    let Ok(other) = serde_json::from_slice::<Value>(data) else { return };
    let (client, answer) = shared::client();
    let set = json!({ "keys": [other, shared::jwk()] });
    *answer.lock().expect("no panic") = http(set.to_string().as_bytes());
    let accepted = client.auth().session().validate(&token).is_ok();
    assert!(accepted || set["keys"][0]["kid"] == "k" || set.to_string().len() > 65_536, "{set}");
});

fn http(body: &[u8]) -> descope::transport::Response {
    descope::transport::Response::new(body.to_vec())
}

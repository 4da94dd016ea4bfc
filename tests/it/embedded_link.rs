//! Embedded links: the request; and the whole way, with the emulator.

use descope::codes;
use descope::emulator::Emulator;
use serde_json::{Value, json};

use crate::emulated::{ADA, claim, manage, refused, start, with_ada};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{refuses, sends, signed_in};

#[test]
fn verify() {
    let line = "POST /v1/auth/magiclink/verify";
    let info = sends(line, "", json!({ "token": "T-o.k" }), &signed_in(), |client| {
        client.auth().embedded_link().verify("T-o.k")
    });
    assert_eq!(info.claims().user_id(), "U1");
    refuses("token", |client| client.auth().embedded_link().verify(""));
    every_field_of(["POST /v1/auth/magiclink/verify"]);
    refusals_of([("POST /v1/auth/magiclink/verify", "token")]);
}

/// What a backend does that hands out the link itself.
fn mint(emulator: &Emulator, path: &str, body: &Value) -> String {
    manage(emulator, path, body)["token"].as_str().unwrap().to_owned()
}

const SIGN_IN: &str = "/v1/mgmt/user/signin/embeddedlink";

#[test]
fn a_token_signs_in_once_and_only_in_time() {
    let (emulator, client) = with_ada();
    let links = client.auth().embedded_link();
    let body = json!({ "loginId": ADA, "customClaims": { "from": "chat" }, "timeout": 20 });
    let token = mint(&emulator, SIGN_IN, &body);
    assert!(emulator.inbox().messages().is_empty());
    let signed_in = links.verify(&token).unwrap();
    assert_eq!(signed_in.user.login_ids, [ADA]);
    assert!(!signed_in.user.verified_email, "the token says nothing of the address");
    assert_eq!(claim(&signed_in, "from"), "chat");
    refused(links.verify(&token), 401, codes::LINK_EXPIRED);

    let token = mint(&emulator, SIGN_IN, &body);
    emulator.advance(std::time::Duration::from_secs(21));
    refused(links.verify(&token), 401, codes::LINK_EXPIRED);
    let token = mint(&emulator, SIGN_IN, &json!({ "loginId": ADA }));
    assert!(client.auth().magic_link().verify(&token).is_ok(), "they are magic links to verify");
}

#[test]
fn a_token_registers_whom_it_is_for() {
    let (emulator, client) = start();
    let body = json!({
        "loginId": "ada", "user": { "name": "Ada", "email": ADA, "phone": "+12025550101" },
        "emailVerified": true, "loginOptions": { "customClaims": { "from": "chat" } },
    });
    let token = mint(&emulator, "/v1/mgmt/user/signup/embeddedlink", &body);
    let signed_in = client.auth().embedded_link().verify(&token).unwrap();
    assert_eq!(
        (
            signed_in.user.name.as_deref().unwrap_or_default(),
            signed_in.user.email.as_deref().unwrap_or_default()
        ),
        ("Ada", ADA)
    );
    assert!(signed_in.user.verified_email && !signed_in.user.verified_phone);
    assert_eq!(claim(&signed_in, "from"), "chat");
}

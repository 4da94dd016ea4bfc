//! Passkeys on the emulator: whose they are, and when they are gone.

use std::time::Duration;

use descope::auth::SignUpOptions;
use descope::auth::webauthn::{PasskeyUser, WebAuthnSignUpOptions, WebAuthnUpdateOptions};
use descope::{AuthInfo, Client, Result, Scope, codes};
use serde_json::json;

use crate::authenticator::{Authenticator, public_key};
use crate::emulated::{ADA, manage, refresh_token, refused, start};

const ORIGIN: &str = "https://app.example.com";

fn sign_up(client: &Client, options: &WebAuthnSignUpOptions) -> Result<AuthInfo> {
    let webauthn = client.auth().webauthn();
    let start = webauthn.sign_up_start(ADA, ORIGIN, options)?;
    let made = Authenticator::at(ORIGIN).create(&start.options);
    webauthn.sign_up_finish(&start.transaction_id, &made)
}

#[test]
fn those_removed_are_not_told_to_the_browser() {
    let (emulator, client) = start();
    sign_up(&client, &WebAuthnSignUpOptions::default()).unwrap();
    let refresh = refresh_token(&emulator, ADA);
    let known = || {
        let options = WebAuthnUpdateOptions::default();
        let start = client.auth().webauthn().update_start(ADA, ORIGIN, &refresh, &options).unwrap();
        public_key(&start.options)["excludeCredentials"].as_array().map(Vec::len)
    };
    assert_eq!(known(), Some(1));
    client.mgmt().user().remove_all_passkeys(ADA).unwrap();
    assert_eq!(known(), Some(0));
}

#[test]
fn one_that_is_removed_signs_nobody_in_and_the_others_still_do() {
    let (emulator, client) = start();
    let (users, webauthn) = (client.mgmt().user(), client.auth().webauthn());
    let options = WebAuthnSignUpOptions::default();
    let begun = webauthn.sign_up_start(ADA, ORIGIN, &options).unwrap();
    let mut first = Authenticator::at(ORIGIN);
    webauthn.sign_up_finish(&begun.transaction_id, &first.create(&begun.options)).unwrap();
    let refresh = refresh_token(&emulator, ADA);
    emulator.advance(Duration::from_secs(60));
    let options = WebAuthnUpdateOptions::default();
    let begun = webauthn.update_start(ADA, ORIGIN, &refresh, &options).unwrap();
    let mut second = Authenticator::at(ORIGIN);
    webauthn.update_finish(&begun.transaction_id, &second.create(&begun.options)).unwrap();

    let [older, newer] = &users.load_passkeys(ADA).unwrap()[..] else { panic!("not two") };
    assert_eq!((&*older.rp_id, &*newer.rp_id), ("app.example.com", "app.example.com"));
    assert!(older.created_time < newer.created_time);
    let signs_in = |authenticator: &mut Authenticator| {
        // So that the browser offers what it has.
        let anyone = PasskeyUser::Anyone;
        let begun = webauthn.sign_in_start(anyone, ORIGIN, &Default::default())?;
        webauthn.sign_in_finish(&begun.transaction_id, &authenticator.get(&begun.options))
    };
    users.create("al", &Default::default()).unwrap();
    assert!(users.remove_passkey("al", &older.id).unwrap_err().is_not_found(), "another user's");
    users.remove_passkey(ADA, &older.id).unwrap();
    assert!(users.remove_passkey(ADA, &older.id).unwrap_err().is_not_found(), "a second time");
    assert!(signs_in(&mut first).is_err());
    signs_in(&mut second).unwrap();
    assert!(users.load(ADA).unwrap().webauthn);
    users.remove_passkey(ADA, &newer.id).unwrap();
    assert!(!users.load(ADA).unwrap().webauthn, "it was the last one");
    assert_eq!(users.load_passkeys(ADA).unwrap(), []);
}

#[test]
fn a_tenant_to_sign_up_for_must_be_there_and_is_joined() {
    let (emulator, client) = start();
    emulator.seed(&json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    let to = |tenant: &str| {
        WebAuthnSignUpOptions::default().sign_up(SignUpOptions::default().tenant_id(tenant))
    };
    refused(sign_up(&client, &to("nowhere")), 400, codes::INVALID_ARGUMENTS);
    let info = sign_up(&client, &to("acme")).unwrap();
    assert_eq!(info.claims().current_tenant(), Some("acme"));
    assert_eq!(info.claims().roles(Scope::Tenant("acme")), [""; 0]);

    manage(&emulator, "/v1/mgmt/user/delete", &json!({ "loginId": ADA }));
    let webauthn = client.auth().webauthn();
    let start = webauthn.sign_up_start(ADA, ORIGIN, &to("acme")).unwrap();
    manage(&emulator, "/v1/mgmt/tenant/delete", &json!({ "id": "acme" }));
    let made = Authenticator::at(ORIGIN).create(&start.options);
    let finished = webauthn.sign_up_finish(&start.transaction_id, &made);
    refused(finished, 400, codes::INVALID_ARGUMENTS);
    assert!(client.mgmt().user().load(ADA).unwrap_err().is_not_found(), "nobody was registered");
}

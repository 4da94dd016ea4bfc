//! Passkeys on the emulator: whose they are, and when they are gone.

use descope::auth::SignUpOptions;
use descope::auth::webauthn::{WebAuthnSignUpOptions, WebAuthnUpdateOptions};
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

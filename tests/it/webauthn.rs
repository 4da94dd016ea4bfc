//! WebAuthn: the requests, what is refused before one, and whole ceremonies on the emulator.

use std::time::Duration;

use descope::auth::webauthn::{
    AuthenticatorSelection, PasskeyOptions, PasskeyUser, WebAuthnLoginOptions,
    WebAuthnSignUpOptions, WebAuthnSignUpOrInOptions, WebAuthnTransaction, WebAuthnUpdateOptions,
};
use descope::auth::{LoginOptions, SignUpOptions};
use descope::emulator::Emulator;
use descope::{AuthInfo, Client, Error, Result, UserDetails, codes};
use serde_json::{Value, json};

use crate::authenticator::{Authenticator, decode, encode, public_key};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{
    REFRESH, client, every_login_option, every_session_option, login_options, refuses, sends,
    session_options, signed_in,
};

const ADA: &str = "ada@example.com";
const ORIGIN: &str = "https://app.example.com";
/// What browsers send is passed through, spaces and all.
const RESPONSE: &str = "{ \"id\": \"cred-1\",\n\"response\": {\"clientDataJSON\":\"e30\"}}";

fn every_passkey_option() -> PasskeyOptions {
    let selection = AuthenticatorSelection::default()
        .authenticator_attachment("crossplatform")
        .resident_key("required")
        .user_verification("discouraged");
    PasskeyOptions::default()
        .authenticator_selection(selection)
        .attestation("direct")
        .user_verification("required")
        .extensions_json(r#"{"credProps":true}"#)
}

fn passkey_options() -> Value {
    json!({
        "authenticatorSelection": {
            "authenticatorAttachment": "crossplatform", "residentKey": "required",
            "userVerification": "discouraged",
        },
        "attestation": "direct", "userVerification": "required",
        "extensionsJSON": "{\"credProps\":true}",
    })
}

/// With escapes in the text of the options, which must come out as they are.
fn begun() -> Value {
    json!({ "transactionId": "tx-1", "options": "{\"publicKey\":{\"challenge\":\"a\\u0062\"}}",
        "create": true, "new": 1 })
}

#[track_caller]
fn check_begun(begun: &WebAuthnTransaction) {
    assert_eq!((&*begun.transaction_id, begun.create), ("tx-1", true));
    assert_eq!(begun.options, r#"{"publicKey":{"challenge":"a\u0062"}}"#);
}

#[test]
fn sign_up_with_every_field() {
    let user = UserDetails::default()
        .name("Ada Lovelace")
        .given_name("Ada")
        .middle_name("King")
        .family_name("Lovelace")
        .email(ADA)
        .phone("+12025550101")
        .recovery_email("ada@example.org")
        .recovery_phone("+12025550102");
    let sign_up = SignUpOptions::default()
        .user(user)
        .revoke_other_sessions(false)
        .revoke_other_sessions_types(["web"])
        .custom_claims([("theme", "dark")])
        .tenant_id("acme");
    let options = WebAuthnSignUpOptions::default().sign_up(sign_up).passkey(every_passkey_option());
    let body = json!({
        "loginId": "ada", "origin": ORIGIN, "passkeyOptions": passkey_options(),
        "user": {
            "loginId": "ada", "name": "Ada Lovelace", "givenName": "Ada", "middleName": "King",
            "familyName": "Lovelace", "email": ADA, "phone": "+12025550101",
            "recoveryEmail": "ada@example.org", "recoveryPhone": "+12025550102",
        },
        "loginOptions": {
            "revokeOtherSessions": false, "revokeOtherSessionsTypes": ["web"],
            "customClaims": { "theme": "dark" }, "tenantId": "acme",
        },
    });
    let line = "POST /v1/auth/webauthn/signup/start";
    check_begun(&sends(line, "", body, &begun(), |client| {
        client.auth().webauthn().sign_up_start("ada", ORIGIN, &options)
    }));
    every_field_of(["POST /v1/auth/webauthn/signup/start"]);
}

#[test]
fn sign_in_with_every_field() {
    let options =
        WebAuthnLoginOptions::default().login(every_login_option()).passkey(every_passkey_option());
    let body = |login_id: &str| {
        json!({ "loginId": login_id, "origin": ORIGIN, "loginOptions": login_options(),
            "passkeyOptions": passkey_options() })
    };
    let line = "POST /v1/auth/webauthn/signin/start";
    check_begun(&sends(line, REFRESH, body(ADA), &begun(), |client| {
        client.auth().webauthn().sign_in_start(ADA, ORIGIN, &options)
    }));
    check_begun(&sends(line, REFRESH, body(""), &begun(), |client| {
        client.auth().webauthn().sign_in_start(PasskeyUser::Anyone, ORIGIN, &options)
    }));
    let line = "POST /v1/auth/webauthn/signup-in/start";
    let options = WebAuthnSignUpOrInOptions::default()
        .login(every_session_option())
        .passkey(every_passkey_option());
    let mut body = body(ADA);
    body["loginOptions"] = session_options();
    check_begun(&sends(line, "", body, &begun(), |client| {
        client.auth().webauthn().sign_up_or_in_start(ADA, ORIGIN, &options)
    }));
    every_field_of([
        "POST /v1/auth/webauthn/signin/start",
        "POST /v1/auth/webauthn/signup-in/start",
    ]);
}

#[test]
fn update_with_every_field() {
    let options = WebAuthnUpdateOptions::default().mfa(false).passkey(every_passkey_option());
    let body = json!({ "loginId": ADA, "origin": ORIGIN, "mfa": false,
        "passkeyOptions": passkey_options() });
    let line = "POST /v1/auth/webauthn/update/start";
    check_begun(&sends(line, REFRESH, body, &begun(), |client| {
        client.auth().webauthn().update_start(ADA, ORIGIN, REFRESH, &options)
    }));
    every_field_of(["POST /v1/auth/webauthn/update/start"]);
}

#[test]
fn what_is_not_set_is_not_sent() {
    let body = json!({ "loginId": ADA, "origin": ORIGIN });
    let mut with_user = body.clone();
    with_user["user"] = json!({ "loginId": ADA });
    sends("POST /v1/auth/webauthn/signup/start", "", with_user, &json!({}), |client| {
        client.auth().webauthn().sign_up_start(ADA, ORIGIN, &Default::default())
    });
    sends("POST /v1/auth/webauthn/signin/start", "", body.clone(), &json!({}), |client| {
        client.auth().webauthn().sign_in_start(ADA, ORIGIN, &Default::default())
    });
    sends("POST /v1/auth/webauthn/signup-in/start", "", body.clone(), &json!({}), |client| {
        client.auth().webauthn().sign_up_or_in_start(ADA, ORIGIN, &Default::default())
    });
    sends("POST /v1/auth/webauthn/update/start", REFRESH, body, &json!({}), |client| {
        client.auth().webauthn().update_start(ADA, ORIGIN, REFRESH, &Default::default())
    });
}

#[test]
fn finish_passes_the_response_through() {
    type Finish = fn(&Client) -> Result<AuthInfo>;
    let finishes: [(&str, Finish); 2] = [
        ("signup", |c| c.auth().webauthn().sign_up_finish("tx-1", RESPONSE)),
        ("signin", |c| c.auth().webauthn().sign_in_finish("tx-1", RESPONSE)),
    ];
    let body = json!({ "transactionId": "tx-1", "response": RESPONSE });
    for (path, finish) in finishes {
        let line = format!("POST /v1/auth/webauthn/{path}/finish");
        let info = sends(&line, "", body.clone(), &signed_in(), finish);
        assert_eq!((info.claims().user_id(), info.first_seen), ("U1", false));
    }
    let line = "POST /v1/auth/webauthn/update/finish";
    for (answer, user) in [
        (json!({ "jwt": signed_in() }), Some("U1")),
        (json!({ "jwt": null }), None),
        (json!({}), None),
    ] {
        let info = sends(line, "", body.clone(), &answer, |client| {
            client.auth().webauthn().update_finish("tx-1", RESPONSE)
        });
        assert_eq!(info.as_ref().map(|info| info.claims().user_id()), user);
    }
    every_field_of([
        "POST /v1/auth/webauthn/signin/finish",
        "POST /v1/auth/webauthn/signup/finish",
        "POST /v1/auth/webauthn/update/finish",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let (sign_up, login) = (WebAuthnSignUpOptions::default(), WebAuthnLoginOptions::default());
    let update = WebAuthnUpdateOptions::default();
    let either = WebAuthnSignUpOrInOptions::default();
    refuses("login_id", |c| c.auth().webauthn().sign_up_start("", ORIGIN, &sign_up));
    refuses("origin", |c| c.auth().webauthn().sign_up_start(ADA, "", &sign_up));
    refuses("login_id", |c| c.auth().webauthn().sign_in_start("", ORIGIN, &login));
    refuses("origin", |c| c.auth().webauthn().sign_in_start(PasskeyUser::Anyone, "\n", &login));
    refuses("login_id", |c| c.auth().webauthn().sign_up_or_in_start("", ORIGIN, &either));
    refuses("origin", |c| c.auth().webauthn().sign_up_or_in_start(ADA, " ", &either));
    refuses("login_id", |c| c.auth().webauthn().update_start("", ORIGIN, REFRESH, &update));
    refuses("origin", |c| c.auth().webauthn().update_start(ADA, "", REFRESH, &update));
    refuses("refresh_token", |c| c.auth().webauthn().update_start(ADA, ORIGIN, "", &update));
    for login in [LoginOptions::default().step_up(""), LoginOptions::default().add_factor("")] {
        let broken = WebAuthnLoginOptions::default().login(login);
        refuses("refresh_token", |c| c.auth().webauthn().sign_in_start(ADA, ORIGIN, &broken));
    }
    refuses("transaction_id", |c| c.auth().webauthn().sign_up_finish("", RESPONSE));
    refuses("response", |c| c.auth().webauthn().sign_up_finish("tx-1", ""));
    refuses("transaction_id", |c| c.auth().webauthn().sign_in_finish("a\nb", RESPONSE));
    refuses("response", |c| c.auth().webauthn().sign_in_finish("tx-1", " "));
    refuses("transaction_id", |c| c.auth().webauthn().update_finish("", RESPONSE));
    refuses("response", |c| c.auth().webauthn().update_finish("tx-1", ""));
    refusals_of([
        ("POST /v1/auth/webauthn/signin/finish", "response transaction_id"),
        ("POST /v1/auth/webauthn/signin/start", "login_id origin refresh_token"),
        ("POST /v1/auth/webauthn/signup-in/start", "login_id origin"),
        ("POST /v1/auth/webauthn/signup/finish", "response transaction_id"),
        ("POST /v1/auth/webauthn/signup/start", "login_id origin"),
        ("POST /v1/auth/webauthn/update/finish", "response transaction_id"),
        ("POST /v1/auth/webauthn/update/start", "login_id origin refresh_token"),
    ]);
}

// From here on, the emulator answers.

fn sign_up(client: &Client, browser: &mut Authenticator, login_id: &str) -> Result<AuthInfo> {
    let options = WebAuthnSignUpOptions::default();
    let start = client.auth().webauthn().sign_up_start(login_id, ORIGIN, &options)?;
    assert!(start.create);
    client.auth().webauthn().sign_up_finish(&start.transaction_id, &browser.create(&start.options))
}

fn sign_in(
    client: &Client,
    browser: &mut Authenticator,
    options: &WebAuthnLoginOptions,
) -> Result<AuthInfo> {
    let start = client.auth().webauthn().sign_in_start(ADA, ORIGIN, options)?;
    assert!(!start.create);
    client.auth().webauthn().sign_in_finish(&start.transaction_id, &browser.get(&start.options))
}

/// A user with a passkey.
fn with_ada() -> (Emulator, Client, Authenticator) {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let mut browser = Authenticator::at(ORIGIN);
    sign_up(&client, &mut browser, ADA).unwrap();
    (emulator, client, browser)
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T>) {
    let error = result.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(401), Some("EMU401")), "{error}");
}

#[test]
fn a_passkey_is_saved_with_its_user() {
    let (emulator, _, mut browser) = with_ada();
    let saved = emulator.export();
    let copy = Emulator::new();
    copy.seed(&saved).unwrap();
    assert_eq!(copy.export(), saved);
    let client = client(&copy);
    let signed_in = sign_in(&client, &mut browser, &Default::default()).unwrap();
    assert_eq!(signed_in.user.login_ids, [ADA]);
    client.mgmt().user().remove_all_passkeys(ADA).unwrap();
    assert_eq!(copy.export().get("passkeys"), None);
    for (passkey, message) in [
        (json!({ "id": "!" }), "base64url"),
        (json!({ "signCount": -1 }), "signCount"),
        (json!({ "publicKey": {} }), "public key"),
        (json!({ "publicKey": { "point": "BA==" } }), "65 bytes"),
    ] {
        let mut item = saved["passkeys"][0].clone();
        item.as_object_mut().unwrap().extend(passkey.as_object().unwrap().clone());
        let error = copy.seed(&json!({ "passkeys": [item] })).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn a_user_signs_up_and_in_again() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let mut browser = Authenticator::at(ORIGIN);
    let user = UserDetails::default().name("Ada Lovelace");
    let claims = SignUpOptions::default().user(user).custom_claims([("theme", "dark")]);
    let options = WebAuthnSignUpOptions::default().sign_up(claims);
    let webauthn = client.auth().webauthn();
    let start = webauthn.sign_up_start(ADA, ORIGIN, &options).unwrap();
    let asked = public_key(&start.options);
    assert_eq!(asked["rp"]["id"], "app.example.com");
    assert_eq!(
        (&asked["user"]["name"], &asked["user"]["displayName"]),
        (&json!(ADA), &json!("Ada Lovelace"))
    );
    let response = browser.create(&start.options);
    let first = webauthn.sign_up_finish(&start.transaction_id, &response).unwrap();
    assert!(first.first_seen && first.user.webauthn);
    assert_eq!(
        (
            first.user.name.as_deref().unwrap_or_default(),
            first.user.email.as_deref().unwrap_or_default()
        ),
        ("Ada Lovelace", ADA)
    );
    assert_eq!(decode(&asked["user"]["id"]), first.user.user_id.as_bytes());
    assert_eq!(first.claims().auth_factors(), ["webauthn"]);
    assert_eq!(first.claims().get::<String>("theme").unwrap().as_deref(), Some("dark"));

    let again = sign_in(&client, &mut browser, &WebAuthnLoginOptions::default()).unwrap();
    assert!(!again.first_seen);
    assert_eq!(again.user.user_id, first.user.user_id);
    let again = webauthn.sign_up_start(ADA, ORIGIN, &options).unwrap_err();
    assert_eq!(again.code(), Some(codes::USER_ALREADY_EXISTS));
}

#[test]
fn a_passkey_says_who_signs_in() {
    let (_, client, mut browser) = with_ada();
    let webauthn = client.auth().webauthn();
    let start =
        || webauthn.sign_in_start(PasskeyUser::Anyone, ORIGIN, &Default::default()).unwrap();
    let begun = start();
    assert!(public_key(&begun.options).get("allowCredentials").is_none());
    let response = browser.get(&begun.options);
    let info = webauthn.sign_in_finish(&begun.transaction_id, &response).unwrap();
    assert_eq!(info.user.login_ids, [ADA]);
    for handle in ["U2somebody", ""] {
        browser.user_handle = Some(handle.into());
        let begun = start();
        let response = browser.get(&begun.options);
        refused(webauthn.sign_in_finish(&begun.transaction_id, &response));
    }
}

#[test]
fn sign_up_or_in_says_which() {
    let (emulator, client, mut browser) = with_ada();
    let webauthn = client.auth().webauthn();
    let start = webauthn.sign_up_or_in_start(ADA, ORIGIN, &Default::default()).unwrap();
    assert!(!start.create);
    let response = browser.get(&start.options);
    webauthn.sign_in_finish(&start.transaction_id, &response).unwrap();
    let start = webauthn.sign_up_or_in_start("grace", ORIGIN, &Default::default()).unwrap();
    assert!(start.create);
    let response = browser.create(&start.options);
    let info = webauthn.sign_up_finish(&start.transaction_id, &response).unwrap();
    assert_eq!((info.first_seen, info.user.login_ids), (true, vec!["grace".to_owned()]));

    emulator.seed(&json!({ "users": [{ "loginId": "bare" }] })).unwrap();
    let error = webauthn.sign_in_start("bare", ORIGIN, &Default::default()).unwrap_err();
    assert_eq!(error.code(), Some(codes::INVALID_ARGUMENTS), "no passkey yet");
    let error = webauthn.sign_in_start("nobody", ORIGIN, &Default::default()).unwrap_err();
    assert_eq!(error.code(), Some(codes::USER_NOT_FOUND));
    for origin in ["app.example.com", "https://app.example.com/", "https://a/b", "ftp://a"] {
        let error = webauthn.sign_up_start("new", origin, &Default::default()).unwrap_err();
        assert_eq!(error.code(), Some(codes::INVALID_ARGUMENTS), "{origin}");
    }
}

#[test]
fn a_transaction_is_good_once_for_a_while_and_for_its_kind() {
    let (emulator, client, mut browser) = with_ada();
    let webauthn = client.auth().webauthn();
    let start = || webauthn.sign_in_start(ADA, ORIGIN, &Default::default()).unwrap();
    let begun = start();
    let response = browser.get(&begun.options);
    webauthn.sign_in_finish(&begun.transaction_id, &response).unwrap();
    refused(webauthn.sign_in_finish(&begun.transaction_id, &response));

    let begun = start();
    refused(webauthn.sign_up_finish(&begun.transaction_id, &browser.get(&begun.options)));
    let begun = start();
    refused(webauthn.update_finish(&begun.transaction_id, &browser.get(&begun.options)));

    let begun = start();
    let error = webauthn.sign_in_finish(&begun.transaction_id, "not JSON").unwrap_err();
    assert_eq!(error.code(), Some(codes::INVALID_ARGUMENTS));
    refused(webauthn.sign_in_finish(&begun.transaction_id, &browser.get(&begun.options)));

    let begun = start();
    emulator.advance(Duration::from_secs(180));
    refused(webauthn.sign_in_finish(&begun.transaction_id, &browser.get(&begun.options)));
    refused(webauthn.sign_in_finish("nonsense", RESPONSE));
}

type Spoil = fn(&mut Authenticator);

const WRONG: [(&str, Spoil); 9] = [
    ("the origin", |browser| browser.origin = "https://app.example.com.evil.org".into()),
    ("the scheme", |browser| browser.origin = "http://app.example.com".into()),
    ("the frame", |browser| browser.cross_origin = true),
    ("the challenge", |browser| browser.challenge = Some(encode(b"guessed"))),
    ("no challenge", |browser| browser.challenge = Some(String::new())),
    ("the type", |browser| browser.ceremony = Some("payment.get")),
    ("the relying party", |browser| browser.rp_id = Some("evil.org".to_owned())),
    ("the user's presence", |browser| browser.user_present = false),
    ("the signature", |browser| browser.forge = true),
];

#[test]
fn a_wrong_registration_is_refused() {
    let wrong: [(&str, Spoil); 3] = [
        ("the ceremony", |browser| browser.ceremony = Some("webauthn.get")),
        ("the algorithm", |browser| browser.algorithm = -8),
        ("the format", |browser| browser.attestation = "tpm"),
    ];
    for (what, spoil) in WRONG.iter().chain(&wrong) {
        let client = client(&Emulator::new());
        let mut browser = Authenticator::at(ORIGIN);
        browser.attestation = "packed";
        spoil(&mut browser);
        let error = sign_up(&client, &mut browser, ADA).unwrap_err();
        assert_eq!(error.status(), Some(401), "{what}: {error}");
        let mut honest = Authenticator::at(ORIGIN);
        honest.attestation = "packed";
        sign_up(&client, &mut honest, ADA).unwrap();
    }
}

#[test]
fn a_wrong_assertion_is_refused() {
    let wrong: [(&str, Spoil); 3] = [
        ("the ceremony", |browser| browser.ceremony = Some("webauthn.create")),
        ("the count", |browser| browser.count = 1),
        ("the user", |browser| browser.user_handle = Some(b"U2somebody".to_vec())),
    ];
    for (what, spoil) in WRONG.iter().chain(&wrong) {
        let (_, client, mut browser) = with_ada();
        browser.count = 2;
        spoil(&mut browser);
        let error = sign_in(&client, &mut browser, &Default::default()).unwrap_err();
        assert_eq!(error.status(), Some(401), "{what}: {error}");
    }
}

#[test]
fn authenticators_without_a_counter_are_fine() {
    let client = client(&Emulator::new());
    let mut browser = Authenticator::at(ORIGIN);
    browser.count = 0;
    sign_up(&client, &mut browser, ADA).unwrap();
    for _ in 0..2 {
        browser.count = 0;
        sign_in(&client, &mut browser, &Default::default()).unwrap();
    }
}

#[test]
fn user_verification_is_asked_for_and_checked() {
    let (_, client, mut browser) = with_ada();
    browser.user_verified = false;
    sign_in(&client, &mut browser, &Default::default()).unwrap();
    let passkey = PasskeyOptions::default().user_verification("required");
    let options = WebAuthnLoginOptions::default().passkey(passkey);
    refused(sign_in(&client, &mut browser, &options));
    browser.user_verified = true;
    sign_in(&client, &mut browser, &options).unwrap();

    let options = WebAuthnSignUpOptions::default().passkey(every_passkey_option());
    let start = client.auth().webauthn().sign_up_start("grace", ORIGIN, &options).unwrap();
    let asked = public_key(&start.options);
    assert_eq!(asked["attestation"], "direct");
    assert_eq!(asked["extensions"], json!({ "credProps": true }));
    let selection = &asked["authenticatorSelection"];
    assert_eq!(selection["authenticatorAttachment"], "cross-platform");
    assert_eq!(
        (&selection["residentKey"], &selection["requireResidentKey"]),
        (&json!("required"), &json!(true))
    );
}

#[test]
fn another_users_passkey_is_no_help() {
    let (_, client, mut browser) = with_ada();
    let mut eves = Authenticator::at(ORIGIN);
    sign_up(&client, &mut eves, "eve@example.com").unwrap();
    let webauthn = client.auth().webauthn();
    let start = webauthn.sign_in_start(ADA, ORIGIN, &Default::default()).unwrap();
    // A browser would not offer it.
    let mut options = public_key(&start.options);
    options.as_object_mut().unwrap().remove("allowCredentials");
    let response = eves.get(&json!({ "publicKey": options }).to_string());
    refused(webauthn.sign_in_finish(&start.transaction_id, &response));
    // Nor is a passkey of the same user for another site.
    let elsewhere = webauthn.sign_in_start(ADA, "https://example.com", &Default::default());
    assert_eq!(elsewhere.unwrap_err().code(), Some(codes::INVALID_ARGUMENTS));
    sign_in(&client, &mut browser, &Default::default()).unwrap();
}

#[test]
fn a_credential_id_is_registered_once() {
    let client = client(&Emulator::new());
    let mut browser = Authenticator::at(ORIGIN);
    browser.id = Some(b"the same".to_vec());
    sign_up(&client, &mut browser, ADA).unwrap();
    refused(sign_up(&client, &mut browser, "eve"));
    let webauthn = client.auth().webauthn();
    let eve = webauthn.sign_in_start("eve", ORIGIN, &Default::default()).unwrap_err();
    assert_eq!(eve.code(), Some(codes::USER_NOT_FOUND), "she was not registered");
    // Longer than an ID may be (Web Authentication Level 3 section 6.5.1).
    browser.id = Some(vec![1; 1024]);
    let error = sign_up(&client, &mut browser, "eve").unwrap_err();
    assert_eq!(error.code(), Some(codes::INVALID_ARGUMENTS));
    browser.id = Some(vec![1; 1023]);
    sign_up(&client, &mut browser, "eve").unwrap();
}

#[test]
fn broken_responses_are_refused() {
    let (_, client, mut browser) = with_ada();
    let webauthn = client.auth().webauthn();
    let up = || webauthn.sign_up_start("new", ORIGIN, &Default::default()).unwrap();
    let change = |response: &str, name: &str, value: Value| {
        let mut response: Value = serde_json::from_str(response).unwrap();
        response["response"][name] = value;
        response.to_string()
    };
    let start = up();
    let response = browser.create(&start.options);
    let object: Value = serde_json::from_str(&response).unwrap();
    let object = decode(&object["response"]["attestationObject"]);
    // Every beginning of the object, and a byte too many.
    let cut = (0..object.len()).map(|length| object[..length].to_vec());
    for broken in cut.chain([[&*object, &[0]].concat()]) {
        let start = up();
        let response = browser.create(&start.options);
        let response = change(&response, "attestationObject", json!(encode(&broken)));
        let result = webauthn.sign_up_finish(&start.transaction_id, &response);
        let status = result.unwrap_err().status();
        assert!(matches!(status, Some(400 | 401)), "{} bytes: {status:?}", broken.len());
    }
    for name in ["clientDataJSON", "authenticatorData", "signature"] {
        for value in [json!(null), json!("*"), json!(""), json!([1])] {
            let start = webauthn.sign_in_start(ADA, ORIGIN, &Default::default()).unwrap();
            let response = change(&browser.get(&start.options), name, value);
            let result = webauthn.sign_in_finish(&start.transaction_id, &response);
            assert!(matches!(result.unwrap_err().status(), Some(400 | 401)), "{name}");
        }
    }
}

#[test]
fn step_up_and_mfa_are_for_the_user_of_the_session() {
    let (emulator, client, mut browser) = with_ada();
    let session = emulator.sign_in(ADA).unwrap();
    let refresh = session["refreshJwt"].as_str().unwrap();
    let login = LoginOptions::default().step_up(refresh).add_factor(refresh);
    let options = WebAuthnLoginOptions::default().login(login);
    let info = sign_in(&client, &mut browser, &options).unwrap();
    assert_eq!(info.claims().get::<bool>("su").unwrap(), Some(true));
    assert_eq!(info.claims().auth_factors(), ["email", "webauthn", "mfa"]);

    let mut eves = Authenticator::at(ORIGIN);
    sign_up(&client, &mut eves, "eve@example.com").unwrap();
    let webauthn = client.auth().webauthn();
    let error = webauthn.sign_in_start("eve@example.com", ORIGIN, &options).unwrap_err();
    assert!(error.is_forbidden());
    let start = webauthn.sign_in_start(PasskeyUser::Anyone, ORIGIN, &options).unwrap();
    let error = webauthn.sign_in_finish(&start.transaction_id, &eves.get(&start.options));
    assert!(error.unwrap_err().is_forbidden());
}

#[test]
fn a_passkey_is_added_to_a_signed_in_user() {
    let emulator = Emulator::new();
    emulator.seed(&json!({ "users": [{ "loginId": ADA }, { "loginId": "eve" }] })).unwrap();
    let client = client(&emulator);
    let mut browser = Authenticator::at(ORIGIN);
    let session = emulator.sign_in(ADA).unwrap();
    let refresh = session["refreshJwt"].as_str().unwrap();
    let webauthn = client.auth().webauthn();
    let update = |options: &WebAuthnUpdateOptions, browser: &mut Authenticator| {
        let start = webauthn.update_start(ADA, ORIGIN, refresh, options)?;
        assert!(start.create);
        webauthn.update_finish(&start.transaction_id, &browser.create(&start.options))
    };
    assert!(update(&Default::default(), &mut browser).unwrap().is_none());
    let mfa = WebAuthnUpdateOptions::default().mfa(true);
    let info = update(&mfa, &mut browser).unwrap().unwrap();
    assert!(info.user.webauthn);
    assert_eq!(info.claims().auth_factors(), ["email", "webauthn", "mfa"]);
    let start = webauthn.update_start(ADA, ORIGIN, refresh, &mfa).unwrap();
    let known = public_key(&start.options);
    assert_eq!(known["excludeCredentials"].as_array().unwrap().len(), 2);
    let signed_in = sign_in(&client, &mut browser, &Default::default()).unwrap();
    assert_eq!(signed_in.user.user_id, info.user.user_id);

    let error = webauthn.update_start("eve", ORIGIN, refresh, &mfa).unwrap_err();
    assert!(error.is_forbidden());
    client.auth().session().logout(refresh).unwrap();
    let error: Error = webauthn.update_start(ADA, ORIGIN, refresh, &mfa).unwrap_err();
    assert!(error.is_unauthorized());
}

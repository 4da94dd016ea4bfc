//! How users sign in, and test users: the requests, and what is refused before one.

use std::time::Duration;

use descope::auth::DeliveryMethod;
use descope::mgmt::user::GeneratedSignIn;
use descope::mgmt::user::{
    EmbeddedLinkOptions, LogoutOptions, ProviderTokenOptions, SignUpEmbeddedLinkOptions, TestMethod,
};
use descope::transport::Response;
use descope::transport::http::StatusCode;
use serde_json::{Value, json};

use super::manages;
use crate::inventory::{every_field_of, refusals_of};
use crate::server::{NoWaiting, to};
use crate::support::{self, every_user_detail, exchange, refuses, user_details};

#[test]
fn passwords() {
    for (path, active) in [("/active", true), ("/temporary", false), ("", true), ("", false)] {
        let body = json!({ "loginId": "ada", "password": " p w ", "setActive": active });
        let line = format!("POST /v1/mgmt/user/password/set{path}");
        manages(&line, body, &json!({}), |users| match path {
            "/active" => users.set_active_password("ada", " p w "),
            "/temporary" => users.set_temporary_password("ada", " p w "),
            _ => users.set_password("ada", " p w ", active),
        });
    }
    for (path, call) in [
        ("password/expire", 0),
        ("passkeys/delete", 1),
        ("totp/delete", 2),
        ("recovery-codes/delete", 3),
    ] {
        let line = format!("POST /v1/mgmt/user/{path}");
        manages(&line, json!({ "loginId": "ada" }), &json!({}), |users| match call {
            0 => users.expire_password("ada"),
            1 => users.remove_all_passkeys("ada"),
            2 => users.remove_totp_seed("ada"),
            _ => users.remove_recovery_codes("ada"),
        });
    }
    every_field_of([
        "POST /v1/mgmt/user/passkeys/delete",
        "POST /v1/mgmt/user/password/expire",
        "POST /v1/mgmt/user/password/set",
        "POST /v1/mgmt/user/password/set/active",
        "POST /v1/mgmt/user/password/set/temporary",
        "POST /v1/mgmt/user/recovery-codes/delete",
        "POST /v1/mgmt/user/totp/delete",
    ]);
}

#[test]
fn a_password_is_in_no_error() {
    let text = "correct horse battery staple";
    let refusal = json!({ "errorCode": "E1", "errorMessage": format!("{text} is too weak") });
    let client = descope::Client::builder()
        .ignore_env()
        .project_id("P2abc")
        .management_key("key")
        .transport(move |_| {
            let mut response = descope::transport::Response::new(refusal.to_string().into_bytes());
            *response.status_mut() = descope::transport::http::StatusCode::BAD_REQUEST;
            Ok(response)
        })
        .build()
        .unwrap();
    let users = client.mgmt().user();
    let person = descope::mgmt::user::BatchUser::new("ada").password(text);
    assert!(!format!("{person:?}").contains(text));
    for error in [
        users.set_active_password("ada", text).unwrap_err(),
        users.set_temporary_password("ada", text).unwrap_err(),
        users.set_password("ada", text, true).unwrap_err(),
        users.create_batch(&[person]).unwrap_err(),
    ] {
        assert!(!format!("{error} {error:?}").contains(text), "{error}");
        assert!(error.to_string().contains("[redacted] is too weak"), "{error}");
    }
}

#[test]
fn passkeys_and_devices() {
    let answer = json!({ "passkeys": [
        { "id": "pk", "rpId": "example.com", "kind": "platform", "displayName": "Mac",
          "createdTime": 1_700_000_000, "new": 1 },
        { "id": null },
    ] });
    let body = json!({ "loginId": "ada" });
    let passkeys = manages("POST /v1/mgmt/user/passkeys/list", body.clone(), &answer, |users| {
        users.list_passkeys("ada")
    });
    assert_eq!((&*passkeys[0].id, &*passkeys[0].rp_id), ("pk", "example.com"));
    assert_eq!((&*passkeys[0].kind, &*passkeys[0].display_name), ("platform", "Mac"));
    assert_eq!(passkeys[0].created_time.as_seconds(), 1_700_000_000);
    assert_eq!(passkeys.len(), 2);
    let none = manages("POST /v1/mgmt/user/passkeys/list", body, &json!({}), |users| {
        users.list_passkeys("ada")
    });
    assert_eq!(none, []);
    let body = json!({ "loginId": "ada", "credentialId": "pk" });
    manages("POST /v1/mgmt/user/passkey/delete", body, &json!({}), |users| {
        users.remove_passkey("ada", "pk")
    });

    let answer = json!({ "devices": [{
        "id": "d", "name": "Mac", "deviceType": "desktop", "lastLoginTime": "1700000000",
        "expirationTime": 1_700_000_001, "lastLocation": "Turin",
    }] });
    let body = json!({ "identifiers": ["ada", "U2"] });
    let devices = manages("POST /v1/mgmt/user/trusteddevices/list", body, &answer, |users| {
        users.list_trusted_devices(&["ada", "U2"])
    });
    let device = &devices[0];
    assert_eq!((&*device.id, &*device.name, &*device.device_type), ("d", "Mac", "desktop"));
    assert_eq!(device.last_login_time.as_seconds(), 1_700_000_000);
    assert_eq!(device.expiration_time.as_seconds(), 1_700_000_001);
    assert_eq!(device.last_location, "Turin");
    let body = json!({ "identifier": "ada", "deviceIds": ["d"] });
    manages("POST /v1/mgmt/user/trusteddevices/remove", body, &json!({}), |users| {
        users.remove_trusted_devices("ada", &["d"])
    });
    every_field_of([
        "POST /v1/mgmt/user/passkey/delete",
        "POST /v1/mgmt/user/passkeys/list",
        "POST /v1/mgmt/user/trusteddevices/list",
        "POST /v1/mgmt/user/trusteddevices/remove",
    ]);
}

#[test]
fn provider_token() {
    for name in ["providerUserId", "providerUserID"] {
        let answer = json!({
            "provider": "google", name: "g1", "accessToken": "at", "expiration": 1_700_000_000,
            "scopes": ["s1"], "refreshToken": "rt",
        });
        let options = ProviderTokenOptions::default().with_refresh_token(true).force_refresh(false);
        let line = "GET /v1/mgmt/user/provider/token?loginId=a%26b&provider=google\
                    &withRefreshToken=true&forceRefresh=false";
        let token = manages(line, Value::Null, &answer, |users| {
            users.provider_token("a&b", "google", &options)
        });
        assert_eq!((&*token.provider, &*token.provider_user_id), ("google", "g1"));
        assert_eq!(token.access_token.expose(), "at");
        assert_eq!(token.refresh_token.unwrap().expose(), "rt");
        assert_eq!(
            (token.expiration.unwrap().as_seconds(), &*token.scopes[0]),
            (1_700_000_000, "s1")
        );
    }
    let line = "GET /v1/mgmt/user/provider/token?loginId=ada&provider=google\
                &withRefreshToken=false&forceRefresh=false";
    let token = manages(line, Value::Null, &json!({ "accessToken": "at" }), |users| {
        users.provider_token("ada", "google", &ProviderTokenOptions::default())
    });
    assert!(token.refresh_token.is_none() && !format!("{token:?}").contains("\"at\""));
    every_field_of(["GET /v1/mgmt/user/provider/token"]);
}

#[test]
fn a_provider_is_asked_for_a_new_token_only_once() {
    for (options, waits) in [
        (ProviderTokenOptions::default(), 3),
        (ProviderTokenOptions::default().force_refresh(false), 3),
        (ProviderTokenOptions::default().force_refresh(true), 0),
    ] {
        let clock = NoWaiting::default();
        let client = to("https://example.com").management_key("K2-key").clock(clock.clone());
        let client = client.transport(|_| {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            Ok(response)
        });
        let users = client.build().unwrap();
        users.mgmt().user().provider_token("ada", "google", &options).unwrap_err();
        assert_eq!(clock.waits().len(), waits, "{options:?}");
    }
}

fn login_options() -> GeneratedSignIn {
    GeneratedSignIn::default()
        .step_up(true)
        .mfa(true)
        .revoke_other_sessions(true)
        .revoke_other_sessions_types(["web"])
        .custom_claims([("theme", "dark")])
        .template_id("T1")
        .template_options([("app", "Engine")])
        .tenant_id("acme")
        .locale("pt-BR")
}

#[test]
fn embedded_links() {
    let answer = json!({ "token": "embedded" });
    let options = EmbeddedLinkOptions::default()
        .custom_claims([("theme", "dark")])
        .timeout(Duration::from_millis(299_001));
    let body = json!({ "loginId": "ada", "customClaims": { "theme": "dark" }, "timeout": 300 });
    let line = "POST /v1/mgmt/user/signin/embeddedlink";
    let token = manages(line, body, &answer, |users| users.generate_embedded_link("ada", &options));
    assert_eq!(token.expose(), "embedded");
    manages(line, json!({ "loginId": "ada" }), &answer, |users| {
        users.generate_embedded_link("ada", &EmbeddedLinkOptions::default())
    });

    let options = SignUpEmbeddedLinkOptions::default()
        .user(every_user_detail())
        .login_options(login_options())
        .verified_email(true)
        .verified_phone(false)
        .timeout(Duration::from_secs(60));
    let body = json!({
        "loginId": "ada", "user": user_details(), "loginOptions": support::message_options(),
        "emailVerified": true, "phoneVerified": false,
        "timeout": 60,
    });
    let line = "POST /v1/mgmt/user/signup/embeddedlink";
    let token =
        manages(line, body, &answer, |users| users.generate_sign_up_embedded_link("ada", &options));
    assert_eq!(token.expose(), "embedded");
    let body = json!({ "loginId": "ada", "emailVerified": false, "phoneVerified": false });
    manages(line, body, &answer, |users| {
        users.generate_sign_up_embedded_link("ada", &SignUpEmbeddedLinkOptions::default())
    });
    let (result, _) = exchange(&json!({}), |client| {
        client.mgmt().user().generate_embedded_link("ada", &EmbeddedLinkOptions::default())
    });
    assert_eq!(result.unwrap_err().to_string(), "unreadable response: no `token`");
    every_field_of([
        "POST /v1/mgmt/user/signin/embeddedlink",
        "POST /v1/mgmt/user/signup/embeddedlink",
    ]);
}

#[test]
fn history_is_a_bare_list_both_ways() {
    let line = "POST /v1/mgmt/user/history";
    let answer = json!([{
        "userId": "U1", "loginTime": 1_700_000_000, "city": "Turin", "country": "IT",
        "ip": "192.0.2.1", "selectedTenant": "acme",
    }]);
    let history = manages(line, json!(["U1", "U2"]), &answer, |users| users.history(&["U1", "U2"]));
    let record = &history[0];
    assert_eq!((&*record.user_id, record.login_time.as_seconds()), ("U1", 1_700_000_000));
    assert_eq!((&*record.city, &*record.country), ("Turin", "IT"));
    assert_eq!((&*record.ip, &*record.selected_tenant), ("192.0.2.1", "acme"));
    for answer in [json!(null), json!([])] {
        assert_eq!(manages(line, json!([]), &answer, |users| users.history(&[])), []);
    }
    every_field_of(["POST /v1/mgmt/user/history"]);
}

#[test]
fn logout() {
    let line = "POST /v1/mgmt/user/logout";
    let some = LogoutOptions::default().session_types(["web"]);
    let body = json!({ "loginId": "ada", "sessionTypes": ["web"] });
    manages(line, body, &json!({}), |users| users.logout("ada", &some));
    manages(line, json!({ "userId": "U1" }), &json!({}), |users| {
        users.logout_by_user_id("U1", &LogoutOptions::default())
    });
    every_field_of(["POST /v1/mgmt/user/logout"]);
}

#[test]
fn codes_and_links_for_test_users() {
    let answer = json!({ "loginId": "ada", "code": "123456" });
    for (method, name) in [
        (DeliveryMethod::Email.into(), "email"),
        (DeliveryMethod::Sms.into(), "sms"),
        (DeliveryMethod::Voice.into(), "voice"),
        (DeliveryMethod::WhatsApp.into(), "whatsapp"),
        (TestMethod::Embedded, "Embedded"),
    ] {
        let body = json!({
            "loginId": "ada", "deliveryMethod": name, "loginOptions": support::message_options(),
        });
        let otp = manages("POST /v1/mgmt/tests/generate/otp", body, &answer, |users| {
            users.generate_otp_for_test_user(method, "ada", &login_options())
        });
        assert_eq!((&*otp.login_id, otp.code.expose()), ("ada", "123456"));
    }
    let uri = "https://example.com/verify";
    let answer = json!({ "loginId": "ada", "link": "https://x/?t=1", "pendingRef": "ref" });
    let body = json!({
        "loginId": "ada", "deliveryMethod": "sms", "URI": uri,
        "loginOptions": support::message_options(),
    });
    let link = manages("POST /v1/mgmt/tests/generate/magiclink", body, &answer, |users| {
        users.generate_magic_link_for_test_user(
            DeliveryMethod::Sms,
            "ada",
            Some(uri),
            &login_options(),
        )
    });
    assert_eq!((&*link.login_id, link.link.expose()), ("ada", "https://x/?t=1"));
    let body = json!({ "loginId": "ada", "URI": "" });
    manages("POST /v1/mgmt/tests/generate/enchantedlink", body, &answer, |users| {
        users.generate_enchanted_link_for_test_user("ada", None, &GeneratedSignIn::default())
    });
    let body = json!({ "loginId": "ada", "URI": uri, "loginOptions": support::message_options() });
    let link = manages("POST /v1/mgmt/tests/generate/enchantedlink", body, &answer, |users| {
        users.generate_enchanted_link_for_test_user("ada", Some(uri), &login_options())
    });
    assert_eq!((&*link.login_id, link.link.expose()), ("ada", "https://x/?t=1"));
    assert_eq!(link.pending_ref.expose(), "ref");
    every_field_of([
        "POST /v1/mgmt/tests/generate/enchantedlink",
        "POST /v1/mgmt/tests/generate/magiclink",
        "POST /v1/mgmt/tests/generate/otp",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let none = GeneratedSignIn::default();
    refuses("login_id", |c| c.mgmt().user().set_active_password("", "p"));
    refuses("password", |c| c.mgmt().user().set_active_password("a", ""));
    refuses("login_id", |c| c.mgmt().user().set_temporary_password("", "p"));
    refuses("password", |c| c.mgmt().user().set_temporary_password("a", ""));
    refuses("password", |c| c.mgmt().user().set_password("a", "", true));
    refuses("login_id", |c| c.mgmt().user().expire_password(""));
    refuses("login_id", |c| c.mgmt().user().remove_all_passkeys(""));
    refuses("login_id", |c| c.mgmt().user().list_passkeys(""));
    refuses("login_id", |c| c.mgmt().user().remove_passkey("", "p1"));
    refuses("credential_id", |c| c.mgmt().user().remove_passkey("a", ""));
    refuses("login_id", |c| c.mgmt().user().remove_totp_seed(""));
    refuses("login_id", |c| c.mgmt().user().remove_recovery_codes(""));
    refuses("identifiers", |c| c.mgmt().user().list_trusted_devices(&[""]));
    refuses("identifier", |c| c.mgmt().user().remove_trusted_devices("", &["d"]));
    refuses("device_ids", |c| c.mgmt().user().remove_trusted_devices("a", &[""]));
    let options = ProviderTokenOptions::default();
    refuses("login_id", |c| c.mgmt().user().provider_token("", "google", &options));
    refuses("provider", |c| c.mgmt().user().provider_token("a", "", &options));
    refuses("user_ids", |c| c.mgmt().user().history(&["U1", ""]));
    refuses("login_id", |c| c.mgmt().user().logout("", &LogoutOptions::default()));
    refuses("user_id", |c| c.mgmt().user().logout_by_user_id("", &LogoutOptions::default()));
    refuses("login_id", |c| {
        c.mgmt().user().generate_embedded_link("", &EmbeddedLinkOptions::default())
    });
    let email = DeliveryMethod::Email;
    refuses("login_id", |c| c.mgmt().user().generate_otp_for_test_user(email, "", &none));
    refuses("login_id", |c| {
        c.mgmt().user().generate_magic_link_for_test_user(email, "", None, &none)
    });
    refuses("login_id", |c| c.mgmt().user().generate_enchanted_link_for_test_user("", None, &none));
    let nobody = SignUpEmbeddedLinkOptions::default();
    refuses("login_id", |c| c.mgmt().user().generate_sign_up_embedded_link("", &nobody));
    refusals_of([
        ("POST /v1/mgmt/tests/generate/enchantedlink", "login_id"),
        ("POST /v1/mgmt/tests/generate/magiclink", "login_id"),
        ("POST /v1/mgmt/tests/generate/otp", "login_id"),
        ("POST /v1/mgmt/user/history", "user_ids"),
        ("POST /v1/mgmt/user/logout", "login_id user_id"),
        ("POST /v1/mgmt/user/passkey/delete", "credential_id login_id"),
        ("POST /v1/mgmt/user/passkeys/delete", "login_id"),
        ("POST /v1/mgmt/user/passkeys/list", "login_id"),
        ("POST /v1/mgmt/user/password/expire", "login_id"),
        ("POST /v1/mgmt/user/password/set", "password"),
        ("POST /v1/mgmt/user/password/set/active", "login_id password"),
        ("POST /v1/mgmt/user/password/set/temporary", "login_id password"),
        ("GET /v1/mgmt/user/provider/token", "login_id provider"),
        ("POST /v1/mgmt/user/recovery-codes/delete", "login_id"),
        ("POST /v1/mgmt/user/signin/embeddedlink", "login_id"),
        ("POST /v1/mgmt/user/signup/embeddedlink", "login_id"),
        ("POST /v1/mgmt/user/totp/delete", "login_id"),
        ("POST /v1/mgmt/user/trusteddevices/list", "identifiers"),
        ("POST /v1/mgmt/user/trusteddevices/remove", "device_ids identifier"),
    ]);
}

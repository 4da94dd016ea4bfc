//! Passwords: the requests, with all fields set; and the whole way, with the emulator.

use descope::auth::password::ResetOptions;
use descope::auth::password::{ReplaceOptions, Replacement};
use descope::auth::{LoginOptions, SignUpOptions};
use descope::{AuthInfo, Result, UserDetails, codes};
use serde_json::json;

use crate::emulated::{
    ADA, AN_HOUR, PAGE, PHONE, claim, last_message, last_token, manage, refresh_token, refused,
    start, with_ada,
};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{
    REFRESH, every_login_option, every_sign_up_option, login_options, refuses, sends,
    sign_up_options, signed_in, user_details,
};

const OLD: &str = "qYlvi65KaX";
const NEW: &str = "N0t the old one";

#[test]
fn sign_up_with_every_field() {
    let body = json!({
        "loginId": ADA, "password": OLD, "user": user_details(),
        "loginOptions": sign_up_options(),
    });
    let line = "POST /v1/auth/password/signup";
    let info = sends(line, "", body, &signed_in(), |client| {
        client.auth().password().sign_up(ADA, OLD, &every_sign_up_option())
    });
    assert_eq!(info.claims().user_id(), "U1");
    let body = json!({ "loginId": ADA, "password": OLD });
    sends(line, "", body, &signed_in(), |client| {
        client.auth().password().sign_up(ADA, OLD, &SignUpOptions::default())
    });
    every_field_of(["POST /v1/auth/password/signup"]);
}

#[test]
fn sign_in_with_every_field() {
    let body = json!({
        "loginId": ADA, "password": OLD, "loginOptions": login_options(),
    });
    let line = "POST /v1/auth/password/signin";
    let info = sends(line, REFRESH, body, &signed_in(), |client| {
        client.auth().password().sign_in(ADA, OLD, &every_login_option())
    });
    assert_eq!(info.user.name.as_deref(), Some("Ada"));
    every_field_of(["POST /v1/auth/password/signin"]);
}

#[test]
fn reset_with_every_field() {
    let options = ResetOptions::default()
        .redirect_url("https://app.example.com/reset")
        .template_options([("app", "Engine")])
        .locale("pt-BR")
        .provider_id("C1")
        .use_recovery(true);
    let line = "POST /v1/auth/password/reset";
    let answer = json!({
        "resetMethod": "enchantedlink", "pendingRef": "ref-1", "linkId": "42",
        "maskedEmail": "a***@example.com", "newer": 1,
    });
    let body = json!({
        "loginId": ADA, "redirectUrl": "https://app.example.com/reset",
        "templateOptions": { "app": "Engine" }, "locale": "pt-BR", "providerId": "C1",
        "useRecovery": true,
    });
    let sent =
        sends(line, "", body, &answer, |client| client.auth().password().send_reset(ADA, &options));
    assert_eq!((&*sent.reset_method, sent.link_id.as_deref()), ("enchantedlink", Some("42")));
    assert_eq!(sent.masked_email.as_deref(), Some("a***@example.com"));
    assert_eq!(sent.extra.get("newer"), Some(&json!(1)));
    assert_eq!(sent.pending_ref.unwrap().expose(), "ref-1");

    let answer = json!({ "resetMethod": "magiclink" });
    let sent = sends(line, "", json!({ "loginId": ADA }), &answer, |client| {
        client.auth().password().send_reset(ADA, &ResetOptions::default())
    });
    assert!(sent.pending_ref.is_none() && sent.link_id.is_none());
    every_field_of(["POST /v1/auth/password/reset"]);
}

#[test]
fn update_replace_and_policy() {
    let line = "POST /v1/auth/password/update";
    sends(line, REFRESH, json!({ "loginId": ADA, "newPassword": NEW }), &json!({}), |client| {
        client.auth().password().update(ADA, NEW, REFRESH)
    });
    let line = "POST /v1/auth/password/replace";
    let body = json!({ "loginId": ADA, "oldPassword": OLD, "newPassword": NEW });
    let info = sends(line, "", body, &signed_in(), |client| {
        client.auth().password().replace(ADA, Replacement { old: OLD, new: NEW })
    });
    assert_eq!(info.claims().user_id(), "U1");
    let body = json!({
        "loginId": ADA, "oldPassword": OLD, "newPassword": NEW, "revokeOtherSessions": true,
        "revokeOtherSessionsTypes": ["web"],
    });
    let options =
        ReplaceOptions::default().revoke_other_sessions(true).revoke_other_sessions_types(["web"]);
    sends(line, "", body, &signed_in(), |client| {
        let passwords = Replacement { old: OLD, new: NEW };
        client.auth().password().replace_with(ADA, passwords, &options)
    });
    let answer = json!({
        "strengthScoreEnabled": true, "strengthScore": 3, "minLength": 12, "lowercase": true, "uppercase": false, "number": true,
        "nonAlphanumeric": true, "new": {},
    });
    let line = "GET /v1/auth/password/policy";
    let policy =
        sends(line, "", json!(null), &answer, |client| client.auth().password().load_policy());
    assert_eq!((policy.min_length, policy.strength_score), (12, 3));
    assert!(policy.strength_score_enabled);
    assert!(policy.lowercase && !policy.uppercase && policy.number && policy.non_alphanumeric);
    every_field_of([
        "GET /v1/auth/password/policy",
        "POST /v1/auth/password/replace",
        "POST /v1/auth/password/update",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let (sign_up, login) = (SignUpOptions::default(), LoginOptions::default());
    let long = "x".repeat(20_000);
    refuses("login_id", |c| c.auth().password().sign_up("", OLD, &sign_up));
    refuses("password", |c| c.auth().password().sign_up(ADA, "", &sign_up));
    refuses("password", |c| c.auth().password().sign_up(ADA, &long, &sign_up));
    refuses("login_id", |c| c.auth().password().sign_in("", OLD, &login));
    refuses("password", |c| c.auth().password().sign_in(ADA, "", &login));
    let broken = LoginOptions::default().step_up("");
    refuses("refresh_token", |c| c.auth().password().sign_in(ADA, OLD, &broken));
    refuses("login_id", |c| c.auth().password().send_reset("", &ResetOptions::default()));
    refuses("login_id", |c| c.auth().password().update("", NEW, REFRESH));
    refuses("new_password", |c| c.auth().password().update(ADA, "", REFRESH));
    refuses("refresh_token", |c| c.auth().password().update(ADA, NEW, ""));
    refuses("login_id", |c| c.auth().password().replace("", Replacement { old: OLD, new: NEW }));
    refuses("old_password", |c| {
        c.auth().password().replace(ADA, Replacement { old: "", new: NEW })
    });
    refuses("new_password", |c| {
        c.auth().password().replace(ADA, Replacement { old: OLD, new: "" })
    });
    refusals_of([
        ("POST /v1/auth/password/replace", "login_id new_password old_password"),
        ("POST /v1/auth/password/reset", "login_id"),
        ("POST /v1/auth/password/signin", "login_id password refresh_token"),
        ("POST /v1/auth/password/signup", "login_id password"),
        ("POST /v1/auth/password/update", "login_id new_password refresh_token"),
    ]);
}

#[test]
fn passwords_stay_out_of_errors() {
    let answer = format!("{{\"errorMessage\": \"{OLD} and {NEW} are no good\"}}");
    let client = descope::Client::builder().ignore_env().project_id("P2abc");
    let client = client.transport(move |request: descope::transport::Request| {
        let mut response = descope::transport::Response::new(answer.clone().into_bytes());
        if request.uri().path().starts_with("/v2/keys/") {
            return Ok(response);
        }
        *response.status_mut() = descope::transport::http::StatusCode::BAD_REQUEST;
        Ok(response)
    });
    let client = client.build().unwrap();
    let error = client.auth().password().update(ADA, NEW, REFRESH).unwrap_err();
    assert!(error.to_string().contains(OLD), "this call does not know it");
    assert!(!format!("{error} {error:?}").contains(NEW));
}

/// Asserts that the password is said to be wrong.
#[track_caller]
fn wrong(result: Result<AuthInfo>) {
    assert!(result.unwrap_err().is_unauthorized());
}

#[test]
fn a_password_signs_up_and_in() {
    let (_, client) = start();
    let password = client.auth().password();
    let ada = UserDetails::default().name("Ada").email(ADA);
    let options = SignUpOptions::default().user(ada).custom_claims([("theme", "dark")]);
    let signed_in = password.sign_up(ADA, OLD, &options).unwrap();
    assert!(signed_in.first_seen && signed_in.user.password && !signed_in.user.verified_email);
    assert_eq!(
        (
            signed_in.user.name.as_deref().unwrap_or_default(),
            signed_in.user.email.as_deref().unwrap_or_default()
        ),
        ("Ada", ADA)
    );
    assert_eq!(claim(&signed_in, "amr"), json!(["pwd"]));
    assert_eq!(claim(&signed_in, "theme"), "dark");
    refused(password.sign_up(ADA, OLD, &options), 400, codes::USER_ALREADY_EXISTS);

    let plain = LoginOptions::default();
    let again = password.sign_in(ADA, OLD, &plain).unwrap();
    assert!(!again.first_seen);
    assert_eq!(again.claims().user_id(), signed_in.claims().user_id());
    wrong(password.sign_in(ADA, &OLD[1..], &plain));
    wrong(password.sign_in(ADA, &OLD.to_lowercase(), &plain));
    wrong(password.sign_in("nobody", OLD, &plain));
}

#[test]
fn a_tenant_to_sign_up_for_must_be_there_and_is_joined() {
    let (emulator, client) = start();
    emulator.seed(&json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    let sign_up = |tenant: &str| {
        let options = SignUpOptions::default().tenant_id(tenant);
        client.auth().password().sign_up(ADA, OLD, &options)
    };
    refused(sign_up("nowhere"), 400, codes::INVALID_ARGUMENTS);
    let info = sign_up("acme").unwrap();
    assert!(info.first_seen, "nobody was made before");
    assert_eq!(info.claims().current_tenant(), Some("acme"));
    emulator.seed(&json!({ "tenants": [{ "id": "other", "name": "Other" }] })).unwrap();
    let login = LoginOptions::default().tenant_id("other");
    refused(client.auth().password().sign_in(ADA, OLD, &login), 400, codes::INVALID_ARGUMENTS);
}

#[test]
fn wrong_passwords_are_counted() {
    let (_, client) = start();
    let (password, plain) = (client.auth().password(), LoginOptions::default());
    let signed_in = password.sign_up(ADA, OLD, &SignUpOptions::default()).unwrap();
    for _ in 0..5 {
        wrong(password.sign_in(ADA, NEW, &plain));
    }
    wrong(password.sign_in(ADA, OLD, &plain));
    wrong(password.replace(ADA, Replacement { old: OLD, new: NEW }));
    password.update(ADA, NEW, signed_in.refresh_token().unwrap()).unwrap();
    assert!(password.sign_in(ADA, NEW, &plain).is_ok());
}

#[test]
fn the_policy_is_kept_to() {
    let (emulator, client) = with_ada();
    let password = client.auth().password();
    let policy = password.load_policy().unwrap();
    assert_eq!(policy.min_length, 8);
    assert!(policy.lowercase && policy.uppercase && policy.number && !policy.non_alphanumeric);
    let token = refresh_token(&emulator, ADA);
    for weak in ["Sh0rt", "n0 uppercase", "N0 LOWERCASE", "No number"] {
        refused(password.sign_up("al", weak, &SignUpOptions::default()), 400, "E011004");
        refused(password.update(ADA, weak, &token), 400, "E011004");
    }
    password.update(ADA, OLD, &token).unwrap();
    refused(password.replace(ADA, Replacement { old: OLD, new: "weak" }), 400, "E011004");
    refused(password.replace(ADA, Replacement { old: OLD, new: OLD }), 400, "E011004");
    assert!(password.sign_in(ADA, OLD, &LoginOptions::default()).is_ok(), "it has not changed");
}

#[test]
fn an_expired_password_must_be_replaced() {
    let (emulator, client) = start();
    let (password, plain) = (client.auth().password(), LoginOptions::default());
    password.sign_up(ADA, OLD, &SignUpOptions::default()).unwrap();
    manage(&emulator, "/v1/mgmt/user/password/expire", &json!({ "loginId": ADA }));
    wrong(password.sign_in(ADA, NEW, &plain));
    refused(password.sign_in(ADA, OLD, &plain), 401, codes::PASSWORD_EXPIRED);
    let replaced = password.replace(ADA, Replacement { old: OLD, new: NEW }).unwrap();
    assert_eq!(claim(&replaced, "amr"), json!(["pwd"]));
    wrong(password.sign_in(ADA, OLD, &plain));
    assert!(password.sign_in(ADA, NEW, &plain).is_ok());

    let body = json!({ "loginId": ADA, "password": OLD });
    manage(&emulator, "/v1/mgmt/user/password/set/temporary", &body);
    refused(password.sign_in(ADA, OLD, &plain), 401, codes::PASSWORD_EXPIRED);
    manage(&emulator, "/v1/mgmt/user/password/set/active", &body);
    assert!(password.sign_in(ADA, OLD, &plain).is_ok());
}

#[test]
fn a_forgotten_password_is_reset_by_a_link() {
    let (emulator, client) = with_ada();
    let (password, links) = (client.auth().password(), client.auth().magic_link());
    let options = ResetOptions::default().redirect_url(PAGE).template_options([("app", "Engine")]);
    let sent = password.send_reset(ADA, &options).unwrap();
    assert_eq!(sent.reset_method, "magiclink");
    assert_eq!(sent.masked_email.as_deref(), Some("a***@example.com"));
    let message = last_message(&emulator, ADA);
    assert_eq!(message.purpose, "password-reset");
    assert_eq!(message.template_options, [("app".to_owned(), "Engine".to_owned())]);
    let token = message.token.unwrap();
    assert_eq!(message.link.unwrap(), format!("https://app.example.com/verify?t={token}"));

    let signed_in = links.verify(&token).unwrap();
    assert_eq!(claim(&signed_in, "amr"), json!(["email"]));
    refused(links.verify(&token), 401, codes::LINK_EXPIRED);
    let refresh_token = signed_in.refresh_token().unwrap();
    assert!(password.update("al", NEW, refresh_token).unwrap_err().is_forbidden());
    password.update(ADA, NEW, refresh_token).unwrap();
    assert!(password.sign_in(ADA, NEW, &LoginOptions::default()).is_ok());

    password.send_reset(ADA, &ResetOptions::default()).unwrap();
    emulator.advance(AN_HOUR);
    refused(links.verify(&last_token(&emulator, ADA)), 401, codes::LINK_EXPIRED);
    let unknown = password.send_reset("nobody", &ResetOptions::default());
    refused(unknown, 400, codes::USER_NOT_FOUND);
}

#[test]
fn a_password_is_a_second_factor() {
    let (emulator, client) = with_ada();
    let password = client.auth().password();
    let first = refresh_token(&emulator, ADA);
    password.update(ADA, OLD, &first).unwrap();
    let options = LoginOptions::default()
        .step_up(first.clone())
        .add_factor(first.clone())
        .revoke_other_sessions(true);
    wrong(password.sign_in(ADA, NEW, &options));
    let raised = password.sign_in(ADA, OLD, &options).unwrap();
    assert_eq!(claim(&raised, "su"), true);
    assert_eq!(claim(&raised, "amr"), json!(["email", "pwd", "mfa"]));
    assert_eq!(raised.user.phone.as_deref(), Some(PHONE));
    refused(client.auth().session().refresh(&first), 401, codes::LOGGED_OUT);
    refused(password.update(ADA, NEW, &first), 401, codes::LOGGED_OUT);
}

#[test]
fn a_reset_goes_to_the_recovery_address() {
    let (emulator, client) = with_ada();
    client.mgmt().user().set_active_password(ADA, OLD).unwrap();
    let password = client.auth().password();
    let options = ResetOptions::default().use_recovery(true);
    refused(password.send_reset(ADA, &options), 400, "E011004");
    let recovery = "ada@example.org";
    client.mgmt().user().update_recovery_email(ADA, recovery, &Default::default()).unwrap();
    password.send_reset(ADA, &options).unwrap();
    let token = last_token(&emulator, recovery);
    let signed_in = client.auth().magic_link().verify(&token).unwrap();
    assert!(signed_in.user.verified_recovery_email && !signed_in.user.verified_email);
}

//! One-time passwords: the requests, with all fields set; and the whole way, with the emulator.

use descope::auth::{DeliveryMethod, MessageLoginOptions, MessageSignUpOptions, UpdateOptions};
use descope::{Result, UserDetails, codes};
use serde_json::json;

use crate::emulated::{
    ADA, AN_HOUR, PHONE, claim, last_message, refresh_token, refused, start, with_ada,
};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{
    REFRESH, every_message_option, every_message_sign_up_option, every_option_of_the_new,
    every_update_option, message_options, message_sign_up_options, options_of_the_new, refuses,
    sends, signed_in, update_options, user_details,
};

#[test]
fn sign_up_with_every_field() {
    for (method, name, address) in [
        (DeliveryMethod::Email, "email", ADA),
        (DeliveryMethod::Sms, "phone", "+12025550101"),
        (DeliveryMethod::Voice, "voice", "+12025550101"),
        (DeliveryMethod::WhatsApp, "whatsapp", "+12025550101"),
    ] {
        let mut user = user_details();
        user["username"] = json!("countess");
        user["icon"] = json!("https://example.com/ada.png");
        let sent_to = sends(
            &format!("POST /v1/auth/otp/signup/{}", method.as_str()),
            "",
            json!({
                "loginId": "ada", name: address, "providerId": "C1",
                "user": user, "loginOptions": message_sign_up_options(),
            }),
            &json!({ "maskedEmail": "a**@e******.com" }),
            |client| {
                let mut options = every_message_sign_up_option();
                options.user =
                    options.user.username("countess").icon("https://example.com/ada.png");
                client.auth().otp().sign_up(method, "ada", &options)
            },
        );
        assert_eq!(sent_to.masked_email.as_deref(), Some("a**@e******.com"));
    }
    every_field_of(["POST /v1/auth/otp/signup/{method}"]);
}

#[test]
fn sign_in_with_every_field() {
    let body = json!({
        "loginId": ADA, "providerId": "C1", "useRecovery": true, "loginOptions": message_options(),
    });
    let mut new = body.clone();
    new["loginOptions"] = options_of_the_new();
    let answer = json!({ "maskedPhone": "+1********01" });
    for method in [DeliveryMethod::Im, DeliveryMethod::Voice] {
        let name = method.as_str();
        let line = format!("POST /v1/auth/otp/signin/{name}");
        let sent_to = sends(&line, REFRESH, body.clone(), &answer, |client| {
            client.auth().otp().sign_in(method, ADA, &every_message_option().use_recovery(true))
        });
        assert_eq!(sent_to.to_string(), "+1********01");
        let line = format!("POST /v1/auth/otp/signup-in/{name}");
        sends(&line, "", new.clone(), &answer, |client| {
            client.auth().otp().sign_up_or_in(
                method,
                ADA,
                &every_option_of_the_new().use_recovery(true),
            )
        });
    }
    every_field_of(["POST /v1/auth/otp/signin/{method}", "POST /v1/auth/otp/signup-in/{method}"]);
}

#[test]
fn what_is_not_set_is_not_sent() {
    sends("POST /v1/auth/otp/signin/sms", "", json!({ "loginId": ADA }), &json!({}), |client| {
        client.auth().otp().sign_in(DeliveryMethod::Sms, ADA, &MessageLoginOptions::default())
    });
}

#[test]
fn verify() {
    let body = json!({ "loginId": ADA, "code": "123456" });
    let info = sends("POST /v1/auth/otp/verify/email", "", body, &signed_in(), |client| {
        client.auth().otp().verify(DeliveryMethod::Email, ADA, "123456")
    });
    assert_eq!(info.claims().user_id(), "U1");
    assert_eq!(info.refresh.unwrap().claims.user_id(), "U1");
    assert_eq!((info.user.name.as_deref().unwrap_or_default(), info.first_seen), ("Ada", false));
    assert_eq!((&*info.cookie.domain, &*info.cookie.path), ("example.com", "/app"));
    let expires = descope::UnixTime::from_seconds(1_900_000_000);
    assert_eq!((info.cookie.max_age, info.cookie.expires), (Some(3600), Some(expires)));
    every_field_of(["POST /v1/auth/otp/verify/{method}"]);
}

#[test]
fn update_with_every_field() {
    let body = |name: &str, address: &str| {
        let mut body = update_options();
        body["loginId"] = json!(ADA);
        body[name] = json!(address);
        body
    };
    let email = "countess@example.com";
    let line = "POST /v1/auth/otp/update/email";
    sends(line, REFRESH, body("email", email), &json!({}), |client| {
        client.auth().otp().update_email(ADA, email, REFRESH, &every_update_option())
    });
    let (method, phone) = (DeliveryMethod::Sms, "+12025550101");
    let line = "POST /v1/auth/otp/update/phone/sms";
    sends(line, REFRESH, body("phone", phone), &json!({}), |client| {
        client.auth().otp().update_phone(method, ADA, phone, REFRESH, &every_update_option())
    });
    every_field_of(["POST /v1/auth/otp/update/email", "POST /v1/auth/otp/update/phone/{method}"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    use DeliveryMethod::{Email, Sms};
    let (sign_up, update) = (MessageSignUpOptions::default(), UpdateOptions::default());
    refuses("login_id", |c| c.auth().otp().sign_up(Email, "", &sign_up));
    refuses("email", |c| c.auth().otp().sign_up(Email, "ada", &sign_up));
    refuses("phone", |c| c.auth().otp().sign_up(Sms, ADA, &sign_up));
    let elsewhere =
        MessageSignUpOptions::default().user(UserDetails::default().email("not an address"));
    refuses("email", |c| c.auth().otp().sign_up(Email, ADA, &elsewhere));
    refuses("login_id", |c| c.auth().otp().sign_in(Email, "", &MessageLoginOptions::default()));
    refuses("login_id", |c| {
        c.auth().otp().sign_in(Email, &"a".repeat(5000), &MessageLoginOptions::default())
    });
    refuses("login_id", |c| c.auth().otp().sign_up_or_in(Sms, " ", &Default::default()));
    for broken in ["", "a\r\nb"] {
        let options = MessageLoginOptions::default().step_up(broken);
        refuses("refresh_token", |c| c.auth().otp().sign_in(Email, ADA, &options));
    }
    refuses("login_id", |c| c.auth().otp().verify(Email, "", "123456"));
    refuses("code", |c| c.auth().otp().verify(Email, ADA, ""));
    refuses("email", |c| c.auth().otp().update_email(ADA, "nobody", REFRESH, &update));
    refuses("login_id", |c| c.auth().otp().update_email("", ADA, REFRESH, &update));
    refuses("refresh_token", |c| c.auth().otp().update_email(ADA, ADA, "", &update));
    refuses("phone", |c| c.auth().otp().update_phone(Sms, ADA, "12", REFRESH, &update));
    refuses("method", |c| {
        c.auth().otp().update_phone(Email, ADA, "+12025550101", REFRESH, &update)
    });
    let update = |phone, token| {
        move |c: &descope::Client| -> Result<_> {
            c.auth().otp().update_phone(Sms, "", phone, token, &UpdateOptions::default())
        }
    };
    refuses("login_id", update("+12025550101", REFRESH));
    refuses("refresh_token", update("+12025550101", ""));
    refusals_of([
        ("POST /v1/auth/otp/signin/{method}", "login_id refresh_token"),
        ("POST /v1/auth/otp/signup-in/{method}", "login_id"),
        ("POST /v1/auth/otp/signup/{method}", "email login_id phone"),
        ("POST /v1/auth/otp/update/email", "email login_id refresh_token"),
        ("POST /v1/auth/otp/update/phone/{method}", "login_id method phone refresh_token"),
        ("POST /v1/auth/otp/verify/{method}", "code login_id"),
    ]);
}

#[test]
fn a_code_signs_up_once_and_only_in_time() {
    use DeliveryMethod::Email;
    let (emulator, client) = start();
    let otp = client.auth().otp();
    let options = MessageSignUpOptions::default()
        .user(UserDetails::default().name("Ada"))
        .custom_claims([("theme", "dark")])
        .template_id("T1");
    otp.sign_up(Email, ADA, &options).unwrap();
    let message = last_message(&emulator, ADA);
    assert_eq!((message.template_id.as_deref(), message.link), (Some("T1"), None));
    let code = message.code.unwrap();
    refused(otp.verify(Email, ADA, "no code"), 401, codes::WRONG_OTP_CODE);
    refused(otp.verify(Email, "al@example.com", &code), 401, codes::WRONG_OTP_CODE);
    let signed_in = otp.verify(Email, ADA, &code).unwrap();
    assert!(signed_in.first_seen && signed_in.user.verified_email);
    assert_eq!(claim(&signed_in, "amr"), json!(["email"]));
    assert_eq!(claim(&signed_in, "theme"), "dark");
    refused(otp.verify(Email, ADA, &code), 401, codes::WRONG_OTP_CODE);
    refused(otp.sign_up(Email, ADA, &options), 400, codes::USER_ALREADY_EXISTS);

    let plain = MessageLoginOptions::default();
    let send = || {
        otp.sign_in(Email, ADA, &plain).unwrap();
        last_message(&emulator, ADA).code.unwrap()
    };
    let late = send();
    emulator.advance(AN_HOUR);
    refused(otp.verify(Email, ADA, &late), 401, codes::WRONG_OTP_CODE);
    let guessed = send();
    for _ in 0..5 {
        refused(otp.verify(Email, ADA, "no code"), 401, codes::WRONG_OTP_CODE);
    }
    refused(otp.verify(Email, ADA, &guessed), 401, codes::TOO_MANY_OTP_ATTEMPTS);
    refused(otp.sign_in(Email, "nobody@example.com", &plain), 400, codes::USER_NOT_FOUND);
}

#[test]
fn a_code_is_a_second_factor_and_changes_an_address() {
    let (emulator, client) = with_ada();
    let (otp, first) = (client.auth().otp(), refresh_token(&emulator, ADA));
    let code = |to: &str| last_message(&emulator, to).code.unwrap();
    let options = MessageLoginOptions::default().step_up(first.clone()).add_factor(first.clone());
    otp.sign_in(DeliveryMethod::Voice, ADA, &options).unwrap();
    let raised = otp.verify(DeliveryMethod::Voice, ADA, &code(PHONE)).unwrap();
    assert_eq!(claim(&raised, "su"), true);
    assert_eq!(claim(&raised, "amr"), json!(["email", "voice", "mfa"]));

    let (email, options) = ("countess@example.com", UpdateOptions::default());
    otp.update_email(ADA, email, &first, &options).unwrap();
    let changed = otp.verify(DeliveryMethod::Email, ADA, &code(email)).unwrap();
    assert_eq!(
        (changed.user.email.as_deref().unwrap_or_default(), changed.user.login_ids.len()),
        (email, 1)
    );

    let phone = "+12025550199";
    let options = UpdateOptions::default().add_to_login_ids(true);
    otp.update_phone(DeliveryMethod::Sms, ADA, phone, &first, &options).unwrap();
    assert_eq!(
        client.auth().session().me(&first).unwrap().phone.as_deref(),
        Some(PHONE),
        "not verified yet"
    );
    let changed = otp.verify(DeliveryMethod::Sms, ADA, &code(phone)).unwrap();
    assert_eq!(
        (changed.user.phone.as_deref().unwrap_or_default(), changed.user.verified_phone),
        (phone, true)
    );
    assert_eq!(changed.user.login_ids, [ADA, phone]);
    let known = otp.sign_up_or_in(DeliveryMethod::Email, email, &Default::default());
    assert!(known.is_ok());
    assert!(otp.verify(DeliveryMethod::Email, email, &code(email)).unwrap().first_seen);
}

#[test]
fn a_code_to_the_recovery_address_signs_in_and_verifies_that_address() {
    let (emulator, client) = with_ada();
    let (otp, users) = (client.auth().otp(), client.mgmt().user());
    let recover = MessageLoginOptions::default().use_recovery(true);
    refused(otp.sign_in(DeliveryMethod::Email, ADA, &recover), 400, codes::INVALID_ARGUMENTS);
    let (email, phone) = ("ada@example.org", "+12025550177");
    users.update_recovery_email(ADA, email, &Default::default()).unwrap();
    users.update_recovery_phone(ADA, phone, &Default::default()).unwrap();
    for (method, address) in [(DeliveryMethod::Email, email), (DeliveryMethod::Sms, phone)] {
        otp.sign_in(method, ADA, &recover).unwrap();
        let code = last_message(&emulator, address).code.unwrap();
        otp.verify(method, ADA, &code).unwrap();
    }
    let ada = users.load(ADA).unwrap();
    assert!(ada.verified_recovery_email && ada.verified_recovery_phone);
    assert!(!ada.verified_email && !ada.verified_phone, "nothing went there");
    assert_eq!((ada.email.as_deref(), ada.phone.as_deref()), (Some(ADA), Some(PHONE)));
}

#[test]
fn an_address_of_another_user_is_refused_if_asked_for() {
    let (emulator, client) = with_ada();
    let taken = ["al@example.com", "al", "al@example.org"];
    let al = json!({ "loginId": "al", "email": taken[0], "additionalLoginIds": [taken[2]] });
    emulator.seed(&json!({ "users": [al] })).unwrap();
    let (otp, refresh) = (client.auth().otp(), refresh_token(&emulator, ADA));
    let careful = UpdateOptions::default().fail_on_conflict(true);
    for address in [taken[0], taken[2]] {
        let refusal = otp.update_email(ADA, address, &refresh, &careful);
        refused(refusal, 400, codes::USER_ALREADY_EXISTS);
        otp.update_email(ADA, address, &refresh, &UpdateOptions::default()).unwrap();
    }
    otp.update_email(ADA, "new@example.com", &refresh, &careful).unwrap();
    otp.update_email(ADA, ADA, &refresh, &careful).unwrap();
}

#[test]
fn how_often_a_code_may_be_verified_is_read() {
    let answer = json!({ "maskedEmail": "a**@e******.com", "verificationAttempts": 3 });
    let line = "POST /v1/auth/otp/signin/email";
    let sent = sends(line, "", json!({ "loginId": ADA }), &answer, |client| {
        client.auth().otp().sign_in(DeliveryMethod::Email, ADA, &Default::default())
    });
    assert_eq!(sent.verification_attempts, Some(3));
}

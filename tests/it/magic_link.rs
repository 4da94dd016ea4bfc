//! Magic links: the requests, with all fields set; and the whole way, with the emulator.

use descope::auth::{
    DeliveryMethod, LinkLoginOptions, MessageLoginOptions, MessageSignUpOptions, UpdateOptions,
};
use descope::{Client, UserDetails, codes};
use serde_json::json;

use DeliveryMethod::{Email, Im, Sms, Voice, WhatsApp};

use crate::emulated::{
    ADA, AN_HOUR, PAGE, PHONE, claim, last_message, last_token, link, link_or_new, manage,
    new_link, refresh_token, refused, start, update_link, with_ada,
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
        (Email, "email", ADA),
        (Sms, "phone", PHONE),
        (Voice, "voice", PHONE),
        (WhatsApp, "whatsapp", PHONE),
    ] {
        let sent_to = sends(
            &format!("POST /v1/auth/magiclink/signup/{}", method.as_str()),
            "",
            json!({
                "loginId": "ada", name: address, "providerId": "C1", "URI": PAGE,
                "user": user_details(), "loginOptions": message_sign_up_options(),
            }),
            &json!({ "maskedEmail": "a**@e******.com" }),
            |c| {
                c.auth().magic_link().sign_up(
                    method,
                    "ada",
                    &new_link(every_message_sign_up_option()),
                )
            },
        );
        assert_eq!(sent_to.to_string(), "a**@e******.com");
    }
    every_field_of(["POST /v1/auth/magiclink/signup/{method}"]);
}

#[test]
fn sign_in_with_every_field() {
    let body = json!({
        "loginId": ADA, "providerId": "C1", "useRecovery": true, "URI": PAGE,
        "loginOptions": message_options(),
    });
    let mut new = body.clone();
    new["loginOptions"] = options_of_the_new();
    let answer = json!({ "maskedPhone": "+1********01" });
    for method in [Email, Sms, WhatsApp] {
        let name = method.as_str();
        let line = format!("POST /v1/auth/magiclink/signin/{name}");
        let sent_to = sends(&line, REFRESH, body.clone(), &answer, |client| {
            client.auth().magic_link().sign_in(
                method,
                ADA,
                &link(every_message_option().use_recovery(true)),
            )
        });
        assert_eq!(sent_to.masked_phone.as_deref(), Some("+1********01"));
        let line = format!("POST /v1/auth/magiclink/signup-in/{name}");
        sends(&line, "", new.clone(), &answer, |client| {
            client.auth().magic_link().sign_up_or_in(
                method,
                ADA,
                &link_or_new(every_option_of_the_new().use_recovery(true)),
            )
        });
    }
    every_field_of([
        "POST /v1/auth/magiclink/signin/{method}",
        "POST /v1/auth/magiclink/signup-in/{method}",
    ]);
}

#[test]
fn what_is_not_set_is_not_sent() {
    let line = "POST /v1/auth/magiclink/signin/email";
    let unset = LinkLoginOptions::default();
    for (options, body) in [
        (unset.clone(), json!({ "loginId": ADA })),
        (unset.redirect_url(""), json!({ "loginId": ADA, "URI": "" })),
    ] {
        sends(line, "", body, &json!({}), |c| c.auth().magic_link().sign_in(Email, ADA, &options));
    }
}

#[test]
fn verify() {
    let line = "POST /v1/auth/magiclink/verify";
    let info = sends(line, "", json!({ "token": "T-o.k" }), &signed_in(), |client| {
        client.auth().magic_link().verify("T-o.k")
    });
    assert_eq!(
        (info.claims().user_id(), info.user.name.as_deref().unwrap_or_default()),
        ("U1", "Ada")
    );
}

#[test]
fn update_with_every_field() {
    let options = update_link(every_update_option());
    let email = "countess@example.com";
    let mut body = update_options();
    body["loginId"] = json!(ADA);
    body["email"] = json!(email);
    body["URI"] = json!(PAGE);
    let line = "POST /v1/auth/magiclink/update/email";
    sends(line, REFRESH, body, &json!({ "maskedEmail": "c*" }), |client| {
        client.auth().magic_link().update_email(ADA, email, REFRESH, &options)
    });
    for method in [Sms, WhatsApp, Im] {
        let mut body = update_options();
        body["loginId"] = json!(ADA);
        body["phone"] = json!(PHONE);
        body["URI"] = json!(PAGE);
        let line = format!("POST /v1/auth/magiclink/update/phone/{}", method.as_str());
        let sent_to = sends(&line, REFRESH, body, &json!({ "maskedPhone": "+1*" }), |client| {
            client.auth().magic_link().update_phone(method, ADA, PHONE, REFRESH, &options)
        });
        assert_eq!(sent_to.to_string(), "+1*");
    }
    every_field_of([
        "POST /v1/auth/magiclink/update/email",
        "POST /v1/auth/magiclink/update/phone/{method}",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let (sign_up, update) = (new_link(Default::default()), update_link(Default::default()));
    let (plain, either) = (link(Default::default()), link_or_new(Default::default()));
    refuses("login_id", |c| c.auth().magic_link().sign_up(Email, "", &sign_up));
    refuses("email", |c| c.auth().magic_link().sign_up(Email, "ada", &sign_up));
    refuses("phone", |c| c.auth().magic_link().sign_up(Sms, ADA, &sign_up));
    refuses("login_id", |c| c.auth().magic_link().sign_in(Email, "", &plain));
    refuses("login_id", |c| c.auth().magic_link().sign_up_or_in(Email, "\n", &either));
    let broken = link(MessageLoginOptions::default().step_up(""));
    refuses("refresh_token", |c| c.auth().magic_link().sign_in(Email, ADA, &broken));
    refuses("token", |c| c.auth().magic_link().verify(""));
    refuses("token", |c| c.auth().magic_link().verify(&"t".repeat(20_000)));
    refuses("email", |c| c.auth().magic_link().update_email(ADA, "no", REFRESH, &update));
    refuses("login_id", |c| c.auth().magic_link().update_email("", ADA, REFRESH, &update));
    refuses("refresh_token", |c| c.auth().magic_link().update_email(ADA, ADA, "", &update));
    let phone = |method, login_id, phone, token| {
        move |c: &Client| {
            let update = update_link(UpdateOptions::default());
            c.auth().magic_link().update_phone(method, login_id, phone, token, &update)
        }
    };
    refuses("phone", phone(Sms, ADA, "12", REFRESH));
    refuses("method", phone(Email, ADA, PHONE, REFRESH));
    refuses("login_id", phone(Sms, "", PHONE, REFRESH));
    refuses("refresh_token", phone(Sms, ADA, PHONE, "a b"));
    refusals_of([
        ("POST /v1/auth/magiclink/signin/{method}", "login_id refresh_token"),
        ("POST /v1/auth/magiclink/signup-in/{method}", "login_id"),
        ("POST /v1/auth/magiclink/signup/{method}", "email login_id phone"),
        ("POST /v1/auth/magiclink/update/email", "email login_id refresh_token"),
        ("POST /v1/auth/magiclink/update/phone/{method}", "login_id method phone refresh_token"),
    ]);
}

#[test]
fn a_link_signs_up_once_and_only_in_time() {
    let (emulator, client) = start();
    let links = client.auth().magic_link();
    let options = MessageSignUpOptions::default()
        .user(UserDetails::default().name("Ada"))
        .custom_claims([("theme", "dark")])
        .template_id("T1")
        .template_options([("app", "Engine")]);
    let sent_to = links.sign_up(Email, ADA, &new_link(options)).unwrap();
    assert_eq!(sent_to.to_string(), "a***@example.com");

    let message = last_message(&emulator, ADA);
    let token = message.token.unwrap();
    assert_eq!(message.link.unwrap(), format!("https://app.example.com/verify?t={token}"));
    assert_eq!((&*message.purpose, message.template_id.as_deref()), ("sign-up", Some("T1")));
    assert_eq!(message.template_options, [("app".to_owned(), "Engine".to_owned())]);
    assert_eq!(message.code, None);

    refused(links.verify(&token[1..]), 401, codes::LINK_EXPIRED);
    let signed_in = links.verify(&token).unwrap();
    assert!(signed_in.first_seen && signed_in.user.verified_email);
    assert_eq!(
        (
            signed_in.user.name.as_deref().unwrap_or_default(),
            signed_in.user.email.as_deref().unwrap_or_default()
        ),
        ("Ada", ADA)
    );
    assert_eq!(claim(&signed_in, "amr"), json!(["email"]));
    assert_eq!(claim(&signed_in, "theme"), "dark");
    assert_eq!(claim(&signed_in, "su"), json!(null));

    refused(links.verify(&token), 401, codes::LINK_EXPIRED);
    let again = links.sign_up(Email, ADA, &Default::default());
    refused(again, 400, codes::USER_ALREADY_EXISTS);
    links.sign_in(Email, ADA, &Default::default()).unwrap();
    emulator.advance(AN_HOUR);
    refused(links.verify(&last_token(&emulator, ADA)), 401, codes::LINK_EXPIRED);
}

#[test]
fn only_those_who_are_known_sign_in() {
    let (emulator, client) = with_ada();
    let links = client.auth().magic_link();
    let (plain, either) = (link(Default::default()), link_or_new(Default::default()));
    refused(links.sign_in(Email, "al@example.com", &plain), 400, codes::USER_NOT_FOUND);
    for (method, to) in [(Email, ADA), (Sms, PHONE), (WhatsApp, PHONE)] {
        links.sign_in(method, ADA, &plain).unwrap();
        let signed_in = links.verify(&last_token(&emulator, to)).unwrap();
        assert_eq!(claim(&signed_in, "amr"), json!([method.as_str()]));
    }
    links.sign_up_or_in(Email, "al@example.com", &either).unwrap();
    assert!(links.verify(&last_token(&emulator, "al@example.com")).unwrap().first_seen);
    links.sign_up_or_in(Email, "al@example.com", &either).unwrap();
    assert!(!links.verify(&last_token(&emulator, "al@example.com")).unwrap().first_seen);
}

#[test]
fn step_up_and_mfa_add_to_a_session() {
    let (emulator, client) = with_ada();
    let first = refresh_token(&emulator, ADA);
    let options = MessageLoginOptions::default()
        .step_up(first.clone())
        .add_factor(first.clone())
        .revoke_other_sessions(true);
    client.auth().magic_link().sign_in(Sms, ADA, &link(options)).unwrap();
    let token = last_token(&emulator, PHONE);
    assert!(client.auth().session().refresh(&first).is_ok());
    let raised = client.auth().magic_link().verify(&token).unwrap();
    assert_eq!(claim(&raised, "su"), true);
    assert_eq!(claim(&raised, "amr"), json!(["email", "sms", "mfa"]));
    refused(client.auth().session().refresh(&first), 401, codes::LOGGED_OUT);
}

#[test]
fn an_address_changes_when_its_link_is_clicked() {
    let (emulator, client) = with_ada();
    let (links, token) = (client.auth().magic_link(), refresh_token(&emulator, ADA));
    let (email, phone) = ("countess@example.com", "+12025550199");
    let options = UpdateOptions::default().add_to_login_ids(true).template_id("T1").mfa(true);
    links.update_email(ADA, email, &token, &update_link(options)).unwrap();
    let message = last_message(&emulator, email);
    assert_eq!((&*message.purpose, message.template_id.as_deref()), ("update-email", Some("T1")));
    assert_eq!(client.auth().session().me(&token).unwrap().email.as_deref(), Some(ADA));
    let changed = links.verify(&message.token.unwrap()).unwrap();
    assert_eq!(
        (changed.user.email.as_deref().unwrap_or_default(), &changed.user.login_ids[..]),
        (email, &[ADA, email].map(String::from)[..])
    );

    assert_eq!(claim(&changed, "amr"), json!(["email", "mfa"]));
    links.update_phone(WhatsApp, ADA, phone, &token, &update_link(Default::default())).unwrap();
    let changed = links.verify(&last_token(&emulator, phone)).unwrap();
    assert!(changed.user.verified_phone);
    assert_eq!(claim(&changed, "amr"), json!(["whatsapp"]), "not added unless asked");
    assert_eq!(changed.user.phone.as_deref(), Some(phone));
    client.auth().session().logout(&token).unwrap();
    let late = links.update_email(ADA, ADA, &token, &Default::default());
    refused(late, 401, codes::LOGGED_OUT);
}

#[test]
fn test_users_get_links_without_mail() {
    let (emulator, client) = start();
    emulator.seed(&json!({ "testUsers": [{ "loginId": "test" }] })).unwrap();
    let body = json!({ "loginId": "test", "deliveryMethod": "sms", "URI": "https://example.com" });
    let made = manage(&emulator, "/v1/mgmt/tests/generate/magiclink", &body);
    let token = made["link"].as_str().unwrap().strip_prefix("https://example.com?t=").unwrap();
    let signed_in = client.auth().magic_link().verify(token).unwrap();
    assert_eq!(claim(&signed_in, "amr"), json!(["sms"]));
    refused(client.auth().magic_link().verify(token), 401, codes::LINK_EXPIRED);

    let body = json!({ "loginId": "test" });
    let made = manage(&emulator, "/v1/mgmt/tests/generate/enchantedlink", &body);
    let (links, pending_ref) =
        (client.auth().enchanted_link(), made["pendingRef"].as_str().unwrap());
    assert!(links.session(pending_ref).unwrap().is_none());
    links.verify(made["link"].as_str().unwrap().split_once("?t=").unwrap().1).unwrap();
    assert!(links.session(pending_ref).unwrap().is_some());
    assert!(emulator.inbox().messages().is_empty());
}

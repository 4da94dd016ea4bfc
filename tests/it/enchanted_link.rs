//! Enchanted links: the requests, with all fields set; and the whole way, with the emulator. How to
//! wait for the click is in `waiting`.

use std::time::Duration;

use descope::auth::enchanted_link::{UpdatePhoneOptions, WaitOptions};
use descope::auth::{DeliveryMethod, MessageLoginOptions, MessageSignUpOptions, UpdateOptions};
use descope::emulator::{Emulator, Fault};
use descope::{UserDetails, codes};
use serde_json::json;

use DeliveryMethod::{Email, Im, Sms, Voice, WhatsApp};

use crate::emulated::{
    ADA, AN_HOUR, PAGE, PHONE, claim, last_message, last_token, link, link_or_new, new_link,
    refresh_token, refused, start, update_link, with_ada,
};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{
    REFRESH, every_message_option, every_message_sign_up_option, every_option_of_the_new,
    every_update_option, message_options, message_sign_up_options, options_of_the_new, refuses,
    sends, signed_in, update_options, user_details,
};

#[test]
fn sign_up_with_every_field() {
    for (method, name, address) in [(Email, "email", ADA), (Sms, "phone", PHONE)] {
        let sent = sends(
            &format!("POST /v1/auth/enchantedlink/signup/{}", method.as_str()),
            "",
            json!({
                "loginId": "ada", name: address, "providerId": "C1", "URI": PAGE, "crossDevice": true,
                "user": user_details(), "loginOptions": message_sign_up_options(),
            }),
            &json!({ "linkId": "42", "pendingRef": "ref-1", "maskedEmail": "a**@e******.com" }),
            |c| {
                let links = c.auth().enchanted_link().cross_device(true);
                links.sign_up(method, "ada", &new_link(every_message_sign_up_option()))
            },
        );
        assert_eq!((&*sent.link_id, sent.pending_ref.expose()), ("42", "ref-1"));
        assert_eq!(sent.sent_to.masked_email.as_deref(), Some("a**@e******.com"));
        assert!(!format!("{sent:?}").contains("ref-1"));
    }
    every_field_of(["POST /v1/auth/enchantedlink/signup/{method}"]);
}

#[test]
fn sign_in_with_every_field() {
    let body = json!({
        "loginId": ADA, "providerId": "C1", "useRecovery": false, "URI": PAGE,
        "crossDevice": false,
        "loginOptions": message_options(),
    });
    let mut new = body.clone();
    new["loginOptions"] = options_of_the_new();
    let answer = json!({ "linkId": "42", "pendingRef": "ref-1", "maskedPhone": "+1*******01" });
    for method in [Email, Sms] {
        let name = method.as_str();
        let line = format!("POST /v1/auth/enchantedlink/signin/{name}");
        let sent = sends(&line, REFRESH, body.clone(), &answer, |client| {
            let links = client.auth().enchanted_link().cross_device(false);
            links.sign_in(method, ADA, &link(every_message_option().use_recovery(false)))
        });
        assert_eq!(sent.sent_to.to_string(), "+1*******01");
        let line = format!("POST /v1/auth/enchantedlink/signup-in/{name}");
        let sent = sends(&line, "", new.clone(), &answer, |client| {
            let links = client.auth().enchanted_link().cross_device(false);
            links.sign_up_or_in(
                method,
                ADA,
                &link_or_new(every_option_of_the_new().use_recovery(false)),
            )
        });
        assert_eq!((&*sent.link_id, sent.pending_ref.expose()), ("42", "ref-1"));
    }
    every_field_of([
        "POST /v1/auth/enchantedlink/signin/{method}",
        "POST /v1/auth/enchantedlink/signup-in/{method}",
    ]);
}

#[test]
fn what_is_missing_or_null_in_an_answer_does_no_harm() {
    let answer = json!({ "linkId": null, "maskedEmail": null, "new": [1] });
    let line = "POST /v1/auth/enchantedlink/signin/email";
    let sent = sends(line, "", json!({ "loginId": ADA }), &answer, |client| {
        client.auth().enchanted_link().sign_in(Email, ADA, &Default::default())
    });
    assert_eq!((&*sent.link_id, sent.pending_ref.expose()), ("", ""));
    assert_eq!(sent.sent_to.to_string(), "");
}

#[test]
fn verify_and_session() {
    let line = "POST /v1/auth/enchantedlink/verify";
    sends(line, "", json!({ "token": "T-o.k" }), &json!({}), |client| {
        client.auth().enchanted_link().verify("T-o.k")
    });
    let body = json!({ "token": "T-o.k", "pkceVerifier": "v-e.r" });
    sends(line, "", body, &json!({}), |client| {
        client.auth().enchanted_link().verify_with_pkce("T-o.k", "v-e.r")
    });
    let line = "POST /v1/auth/enchantedlink/pending-session";
    let info = sends(line, "", json!({ "pendingRef": "ref-1" }), &signed_in(), |client| {
        client.auth().enchanted_link().session("ref-1")
    });
    assert_eq!(info.unwrap().claims().user_id(), "U1");
    every_field_of([
        "POST /v1/auth/enchantedlink/pending-session",
        "POST /v1/auth/enchantedlink/verify",
    ]);
}

#[test]
fn update_with_every_field() {
    let options = update_link(every_update_option());
    let answer = json!({ "linkId": "42", "pendingRef": "ref-1" });
    let email = "countess@example.com";
    let mut body = update_options();
    body["loginId"] = json!(ADA);
    body["email"] = json!(email);
    body["URI"] = json!(PAGE);
    body["crossDevice"] = json!(true);
    let line = "POST /v1/auth/enchantedlink/update/email";
    let sent = sends(line, REFRESH, body, &answer, |client| {
        let links = client.auth().enchanted_link().cross_device(true);
        links.update_email(ADA, email, REFRESH, &options)
    });
    assert_eq!(sent.link_id, "42");
    let options = UpdatePhoneOptions::default()
        .add_to_login_ids(true)
        .on_merge_use_existing(false)
        .template_id("T1")
        .template_options([("app", "Engine")])
        .provider_id("C1");
    let mut body = update_options();
    let unknown = ["mfa", "failOnConflict", "locale"];
    body.as_object_mut().unwrap().retain(|name, _| !unknown.contains(&&**name));
    body["loginId"] = json!(ADA);
    body["phone"] = json!(PHONE);
    let line = "POST /v1/auth/enchantedlink/update/phone/sms";
    sends(line, REFRESH, body, &answer, |client| {
        client.auth().enchanted_link().update_phone(ADA, PHONE, REFRESH, &options)
    });
    every_field_of([
        "POST /v1/auth/enchantedlink/update/email",
        "POST /v1/auth/enchantedlink/update/phone/{method}",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let (sign_up, update) = (new_link(Default::default()), update_link(Default::default()));
    let phone = UpdatePhoneOptions::default();
    let (plain, either) = (link(Default::default()), link_or_new(Default::default()));
    refuses("login_id", |c| c.auth().enchanted_link().sign_up(Email, "", &sign_up));
    refuses("email", |c| c.auth().enchanted_link().sign_up(Email, "ada", &sign_up));
    refuses("phone", |c| c.auth().enchanted_link().sign_up(Sms, ADA, &sign_up));
    for method in [Im, Voice, WhatsApp] {
        refuses("method", |c| c.auth().enchanted_link().sign_up(method, PHONE, &sign_up));
        refuses("method", |c| c.auth().enchanted_link().sign_in(method, PHONE, &plain));
        refuses("method", |c| c.auth().enchanted_link().sign_up_or_in(method, ADA, &either));
    }
    refuses("login_id", |c| c.auth().enchanted_link().sign_in(Email, "", &plain));
    refuses("login_id", |c| c.auth().enchanted_link().sign_up_or_in(Email, "", &either));
    let broken = link(MessageLoginOptions::default().step_up(""));
    refuses("refresh_token", |c| c.auth().enchanted_link().sign_in(Email, ADA, &broken));
    refuses("token", |c| c.auth().enchanted_link().verify(""));
    refuses("token", |c| c.auth().enchanted_link().verify_with_pkce("", "v"));
    refuses("pkce_verifier", |c| c.auth().enchanted_link().verify_with_pkce("t", ""));
    refuses("pending_ref", |c| c.auth().enchanted_link().session(""));
    refuses("pending_ref", |c| {
        c.auth().enchanted_link().wait_for_session("", &WaitOptions::default(), || true)
    });
    refuses("email", |c| c.auth().enchanted_link().update_email(ADA, "x", REFRESH, &update));
    refuses("login_id", |c| c.auth().enchanted_link().update_email("", ADA, REFRESH, &update));
    refuses("refresh_token", |c| c.auth().enchanted_link().update_email(ADA, ADA, "", &update));
    refuses("phone", |c| c.auth().enchanted_link().update_phone(ADA, "12", REFRESH, &phone));
    refuses("login_id", |c| c.auth().enchanted_link().update_phone("", PHONE, REFRESH, &phone));
    refuses("refresh_token", |c| c.auth().enchanted_link().update_phone(ADA, PHONE, "", &phone));
    refusals_of([
        ("POST /v1/auth/enchantedlink/pending-session", "pending_ref"),
        ("POST /v1/auth/enchantedlink/signin/{method}", "login_id method refresh_token"),
        ("POST /v1/auth/enchantedlink/signup-in/{method}", "login_id method"),
        ("POST /v1/auth/enchantedlink/signup/{method}", "email login_id method phone"),
        ("POST /v1/auth/enchantedlink/update/email", "email login_id refresh_token"),
        ("POST /v1/auth/enchantedlink/update/phone/{method}", "login_id phone refresh_token"),
        ("POST /v1/auth/enchantedlink/verify", "pkce_verifier token"),
    ]);
}

#[test]
fn the_right_link_signs_up_who_asked() {
    let (emulator, client) = start();
    let links = client.auth().enchanted_link();
    let options = MessageSignUpOptions::default()
        .user(UserDetails::default().name("Ada"))
        .custom_claims([("theme", "dark")])
        .template_options([("app", "Engine")]);
    let options = new_link(options);
    let sent = links.sign_up(Email, ADA, &options).unwrap();
    assert_eq!(sent.sent_to.to_string(), "a***@example.com");
    let pending_ref = sent.pending_ref.expose();

    let message = last_message(&emulator, ADA);
    assert_eq!(message.link_id.as_deref(), Some(&*sent.link_id));
    assert_eq!(message.links.len(), 3);
    assert!(message.links.contains(&(sent.link_id.clone(), message.link.clone().unwrap())));
    assert!(
        message.links.iter().all(|(number, link)| number.len() == 2
            && link.starts_with("https://app.example.com/verify?t="))
    );
    assert_eq!(message.template_options, [("app".to_owned(), "Engine".to_owned())]);

    assert!(links.session(pending_ref).unwrap().is_none());
    let token = message.token.unwrap();
    refused(links.verify(&token[1..]), 401, codes::LINK_EXPIRED);
    refused(client.auth().magic_link().verify(&token), 401, codes::LINK_EXPIRED);
    assert!(links.session(pending_ref).unwrap().is_none());
    links.verify(&token).unwrap();
    refused(links.verify(&token), 401, codes::LINK_EXPIRED);

    let signed_in = links.session(pending_ref).unwrap().unwrap();
    assert!(signed_in.first_seen && signed_in.user.verified_email);
    assert_eq!(claim(&signed_in, "amr"), json!(["email"]));
    assert_eq!(claim(&signed_in, "theme"), "dark");
    refused(links.session(pending_ref), 401, codes::LINK_EXPIRED);
    let again = links.sign_up(Email, ADA, &options);
    refused(again, 400, codes::USER_ALREADY_EXISTS);
}

#[test]
fn a_wrong_link_ends_it() {
    let (emulator, client) = with_ada();
    let links = client.auth().enchanted_link();
    let sent = links.sign_in(Email, ADA, &link(Default::default())).unwrap();
    let message = last_message(&emulator, ADA);
    let (_, wrong) = message.links.iter().find(|(id, _)| *id != sent.link_id).unwrap();
    let (_, wrong) = wrong.split_once("?t=").unwrap();
    refused(links.verify(wrong), 401, codes::LINK_EXPIRED);
    refused(links.verify(&message.token.unwrap()), 401, codes::LINK_EXPIRED);
    refused(links.session(sent.pending_ref.expose()), 401, codes::LINK_EXPIRED);
}

#[test]
fn links_and_sessions_expire() {
    let (emulator, client) = with_ada();
    let links = client.auth().enchanted_link();
    let sign_in = || links.sign_in(Email, ADA, &link(Default::default())).unwrap();
    let sent = sign_in();
    emulator.advance(AN_HOUR);
    refused(links.verify(&last_token(&emulator, ADA)), 401, codes::LINK_EXPIRED);
    refused(links.session(sent.pending_ref.expose()), 401, codes::LINK_EXPIRED);

    let sent = sign_in();
    emulator.advance(Duration::from_secs(179));
    links.verify(&last_token(&emulator, ADA)).unwrap();
    emulator.advance(Duration::from_secs(2));
    assert!(links.session(sent.pending_ref.expose()).unwrap().is_some());
    refused(links.session("made up"), 401, codes::LINK_EXPIRED);
}

/// Clicks the last link sent to an address, as the user does.
fn click(emulator: &Emulator, client: &descope::Client, to: &str) {
    client.auth().enchanted_link().verify(&last_token(emulator, to)).unwrap();
}

#[test]
fn step_up_and_mfa_add_to_a_session() {
    let (emulator, client) = with_ada();
    let links = client.auth().enchanted_link();
    let unknown = links.sign_in(Email, "al@example.com", &link(Default::default()));
    refused(unknown, 400, codes::USER_NOT_FOUND);
    let first = refresh_token(&emulator, ADA);
    let options = MessageLoginOptions::default().step_up(first.clone()).add_factor(first);
    let sent = links.sign_in(Sms, ADA, &link(options)).unwrap();
    assert_eq!(sent.sent_to.to_string(), "+1********01");
    click(&emulator, &client, PHONE);
    let raised = links.session(sent.pending_ref.expose()).unwrap().unwrap();
    assert_eq!(claim(&raised, "su"), true);
    assert_eq!(claim(&raised, "amr"), json!(["email", "sms", "mfa"]));

    let sent =
        links.sign_up_or_in(Email, "al@example.com", &link_or_new(Default::default())).unwrap();
    click(&emulator, &client, "al@example.com");
    assert!(links.session(sent.pending_ref.expose()).unwrap().unwrap().first_seen);
}

#[test]
fn an_odd_address_does_not_cost_the_reference() {
    for odd in [json!("3"), json!(-1), json!(3.5), json!({}), json!(null)] {
        let (emulator, client) = with_ada();
        let answer = json!({
            "linkId": 12, "pendingRef": "ref", "maskedEmail": odd, "maskedPhone": odd,
            "verificationAttempts": odd, "newer": 1,
        });
        let fault = Fault::answer(200, answer.to_string());
        emulator.fault(fault.at("/v1/auth/enchantedlink/signin/email"));
        let links = client.auth().enchanted_link();
        let sent = links.sign_in(Email, ADA, &link(Default::default())).unwrap();
        assert_eq!((&*sent.link_id, sent.pending_ref.expose()), ("12", "ref"), "{odd}");
        assert_eq!(sent.sent_to.extra.len(), 1);
    }
}

#[test]
fn an_address_changes_when_its_link_is_clicked() {
    let (emulator, client) = with_ada();
    let (links, token) = (client.auth().enchanted_link(), refresh_token(&emulator, ADA));
    let (email, phone) = ("countess@example.com", "+12025550199");
    let options = UpdateOptions::default().add_to_login_ids(true);
    let sent = links.update_email(ADA, email, &token, &update_link(options)).unwrap();
    click(&emulator, &client, email);
    let changed = links.session(sent.pending_ref.expose()).unwrap().unwrap();
    assert_eq!((changed.user.email.as_deref(), changed.user.login_ids.len()), (Some(email), 2));
    let options = UpdatePhoneOptions::default().add_to_login_ids(true);
    let sent = links.update_phone(ADA, phone, &token, &options).unwrap();
    assert_eq!(client.auth().session().me(&token).unwrap().phone.as_deref(), Some(PHONE));
    click(&emulator, &client, phone);
    let changed = links.session(sent.pending_ref.expose()).unwrap().unwrap();
    assert_eq!(
        (changed.user.phone.as_deref().unwrap_or_default(), changed.user.login_ids.len()),
        (phone, 3)
    );
}

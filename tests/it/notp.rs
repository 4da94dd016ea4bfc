//! Signing in by WhatsApp without a code: the requests, with all fields set; and the waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use descope::auth::notp::{
    NotpTemplates, NotpUpdateOptions, NotpUser, PendingMessage, WaitOptions,
};
use descope::auth::{MessageLoginOptions, MessageSignUpOptions, MessageSignUpOrInOptions};
use descope::emulator::Emulator;
use descope::mgmt::audit::AuditSearch;
use descope::transport::http::StatusCode;
use descope::transport::{Request, Response};
use descope::{Client, UserDetails, codes};
use serde_json::{Value, json};

use crate::emulated::{
    ADA, AN_HOUR, Impatient, PHONE, claim, refresh_token, refused, start, with_ada,
};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{
    REFRESH, every_message_option, every_message_sign_up_option, every_option_of_the_new,
    message_options, message_sign_up_options, options_of_the_new, refuses, sends, signed_in,
    user_details,
};

fn answer() -> Value {
    json!({
        "redirectUrl": "https://wa.me/1?text=canary", "image": "data:image/png;base64,AAAA",
        "pendingRef": "ref-1",
    })
}

#[test]
fn sign_in_with_every_field_and_with_none() {
    let line = "POST /v1/auth/notp/whatsapp/signin";
    let body = json!({ "loginId": ADA, "providerId": "C1", "loginOptions": message_options() });
    let sent = sends(line, REFRESH, body, &answer(), |client| {
        client.auth().notp().sign_in(ADA, &every_message_option())
    });
    assert_eq!(sent.pending_ref.expose(), "ref-1");
    assert_eq!(sent.redirect_url.as_deref(), Some("https://wa.me/1?text=canary"));
    assert_eq!(sent.image.as_deref(), Some("data:image/png;base64,AAAA"));
    assert!(!format!("{sent:?}").contains("ref-1"));
    let bare = json!({ "pendingRef": "ref-1" });
    let sent = sends(line, "", json!({}), &bare, |client| {
        client.auth().notp().sign_in(NotpUser::Sender, &MessageLoginOptions::default())
    });
    assert_eq!((sent.redirect_url, sent.image), (None, None));
    every_field_of(["POST /v1/auth/notp/whatsapp/signin"]);
}

#[test]
fn sign_up_or_in_with_every_field_and_with_none() {
    let line = "POST /v1/auth/notp/whatsapp/signup-in";
    let body = json!({ "loginId": ADA, "providerId": "C1", "loginOptions": options_of_the_new() });
    sends(line, "", body, &answer(), |client| {
        client.auth().notp().sign_up_or_in(ADA, &every_option_of_the_new())
    });
    sends(line, "", json!({}), &answer(), |client| {
        client.auth().notp().sign_up_or_in(NotpUser::Sender, &Default::default())
    });
    every_field_of(["POST /v1/auth/notp/whatsapp/signup-in"]);
}

#[test]
fn sign_up_with_every_field_and_with_none() {
    let line = "POST /v1/auth/notp/whatsapp/signup";
    let body = json!({
        "loginId": ADA, "phone": "+12025550101", "user": user_details(), "providerId": "C1",
        "loginOptions": message_sign_up_options(),
    });
    sends(line, "", body, &answer(), |client| {
        client.auth().notp().sign_up(ADA, &every_message_sign_up_option())
    });
    sends(line, "", json!({}), &answer(), |client| {
        client.auth().notp().sign_up(NotpUser::Sender, &MessageSignUpOptions::default())
    });
    every_field_of(["POST /v1/auth/notp/whatsapp/signup"]);
}

#[test]
fn update_with_every_field_and_with_none() {
    let line = "POST /v1/auth/notp/whatsapp/update";
    let templates = NotpTemplates::default().verify("T1").success("T2").error("T3");
    let every = NotpUpdateOptions::default()
        .add_to_login_ids(true)
        .on_merge_use_existing(false)
        .templates(templates)
        .template_options([("app", "Engine")])
        .locale("pt-BR")
        .provider_id("C1");
    let body = json!({
        "loginId": ADA, "phone": PHONE, "addToLoginIDs": true, "onMergeUseExisting": false,
        "templates": {
            "verifyTemplateId": "T1", "successTemplateId": "T2", "errorTemplateId": "T3",
        },
        "templateOptions": { "app": "Engine" }, "locale": "pt-BR", "providerId": "C1",
    });
    sends(line, REFRESH, body, &answer(), |client| {
        client.auth().notp().update(ADA, PHONE, REFRESH, &every)
    });
    let body = json!({ "loginId": ADA, "phone": PHONE });
    sends(line, REFRESH, body, &answer(), |client| {
        client.auth().notp().update(ADA, PHONE, REFRESH, &NotpUpdateOptions::default())
    });
    every_field_of(["POST /v1/auth/notp/whatsapp/update"]);
}

const SESSION: &str = "POST /v1/auth/notp/pending-session";

#[test]
fn session() {
    let info = sends(SESSION, "", json!({ "pendingRef": "ref-1" }), &signed_in(), |client| {
        client.auth().notp().session("ref-1")
    });
    assert_eq!(info.unwrap().claims().user_id(), "U1");
    every_field_of(["POST /v1/auth/notp/pending-session"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let (plain, new) = (MessageLoginOptions::default(), MessageSignUpOptions::default());
    refuses("login_id", |c| c.auth().notp().sign_in("", &plain));
    refuses("use_recovery", |c| {
        c.auth().notp().sign_in(ADA, &MessageLoginOptions::default().use_recovery(false))
    });
    refuses("use_recovery", |c| {
        let options = MessageSignUpOrInOptions::default().use_recovery(true);
        c.auth().notp().sign_up_or_in(ADA, &options)
    });
    refuses("login_id", |c| c.auth().notp().sign_up_or_in("", &Default::default()));
    refuses("login_id", |c| c.auth().notp().sign_up(" ", &new));
    let wrong = new.user(UserDetails::default().phone("12"));
    refuses("phone", |c| c.auth().notp().sign_up(NotpUser::Sender, &wrong));
    let broken = MessageLoginOptions::default().step_up("");
    refuses("refresh_token", |c| c.auth().notp().sign_in(ADA, &broken));
    refuses("pending_ref", |c| c.auth().notp().session(""));
    refuses("pending_ref", |c| {
        c.auth().notp().wait_for_session("", &WaitOptions::default(), || true)
    });
    let none = NotpUpdateOptions::default();
    refuses("login_id", |c| c.auth().notp().update("", PHONE, REFRESH, &none));
    refuses("phone", |c| c.auth().notp().update(ADA, "12", REFRESH, &none));
    refuses("refresh_token", |c| c.auth().notp().update(ADA, PHONE, "", &none));
    refusals_of([
        ("POST /v1/auth/notp/pending-session", "pending_ref"),
        ("POST /v1/auth/notp/whatsapp/signin", "login_id refresh_token use_recovery"),
        ("POST /v1/auth/notp/whatsapp/signup", "login_id phone"),
        ("POST /v1/auth/notp/whatsapp/signup-in", "login_id use_recovery"),
        ("POST /v1/auth/notp/whatsapp/update", "login_id phone refresh_token"),
    ]);
}

/// A client for which a session is there at the `n`th question, or that is refused then.
struct Waiting {
    client: Client,
    clock: Impatient,
    asked: Arc<AtomicU32>,
}

fn waiting(n: u32, refusal: Option<&'static str>) -> Waiting {
    let emulator = Emulator::new();
    let clock = Impatient::new(&emulator);
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let project_id = emulator.project_id().to_owned();
    let token = emulator.issue_token(json!({ "sub": "U1", "drn": "DS" })).unwrap();
    let refuse = |code: &str| {
        let mut response = Response::new(json!({ "errorCode": code }).to_string().into_bytes());
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        Ok(response)
    };
    let client = Client::builder()
        .ignore_env()
        .project_id(&*project_id)
        .clock(clock.clone())
        .transport(move |request: Request| {
            if request.uri().path().starts_with("/v2/keys/") {
                return Ok(emulator.handle(request));
            }
            let asked = counter.fetch_add(1, Ordering::Relaxed) + 1;
            match refusal {
                _ if asked < n => refuse(codes::NOTP_PENDING),
                Some(code) => refuse(code),
                None => Ok(Response::new(json!({ "sessionJwt": token }).to_string().into_bytes())),
            }
        })
        .build()
        .unwrap();
    Waiting { client, clock, asked }
}

impl Waiting {
    #[track_caller]
    fn asked(&self, times: u32, seconds: u64) {
        assert_eq!(self.asked.load(Ordering::Relaxed), times);
        assert_eq!(self.clock.waited(), Duration::from_secs(seconds));
    }
}

#[test]
fn a_message_that_has_not_been_sent_yet_is_no_error() {
    let waiting = waiting(2, None);
    let notp = waiting.client.auth().notp();
    assert!(notp.session("ref-1").unwrap().is_none());
    assert_eq!(notp.session("ref-1").unwrap().unwrap().claims().user_id(), "U1");
}

#[test]
fn the_waiting_ends_with_the_message_the_time_or_the_one_who_waits() {
    let options = WaitOptions::default().deadline(Duration::from_secs(10));
    let sent = waiting(4, None);
    let notp = sent.client.auth().notp();
    let signed_in = notp.wait_for_session("ref-1", &options, || true);
    assert_eq!(signed_in.unwrap().unwrap().claims().user_id(), "U1");
    sent.asked(4, 6);

    let late = waiting(100, None);
    let notp = late.client.auth().notp();
    assert!(notp.wait_for_session("ref-1", &options, || true).unwrap().is_none());
    late.asked(5, 8);

    let cancelled = waiting(100, None);
    let notp = cancelled.client.auth().notp();
    let go_on = || cancelled.clock.waited() < Duration::from_secs(3);
    assert!(notp.wait_for_session("ref-1", &options, go_on).unwrap().is_none());
    cancelled.asked(2, 3);
}

#[test]
fn any_other_refusal_ends_the_waiting() {
    // That of an enchanted link is none of these.
    for code in [codes::LINK_EXPIRED, codes::ENCHANTED_LINK_PENDING] {
        let waiting = waiting(2, Some(code));
        let notp = waiting.client.auth().notp();
        let outcome = notp.wait_for_session("ref-1", &WaitOptions::default(), || true);
        refused(outcome, 401, code);
        waiting.asked(2, 2);
    }
}

#[test]
fn whoever_sends_the_message_is_signed_in() {
    let (emulator, client) = start();
    let notp = client.auth().notp();
    let sent = notp.sign_up_or_in(NotpUser::Sender, &Default::default()).unwrap();
    let (url, pending_ref) = (sent.redirect_url.as_deref().unwrap(), sent.pending_ref.expose());
    assert!(url.starts_with("https://wa.me/") && !url.contains(pending_ref));
    assert!(sent.image.as_deref().unwrap().starts_with("data:image/png;base64,"));
    assert!(notp.session(pending_ref).unwrap().is_none());
    emulator.send_whatsapp(url, PHONE).unwrap();
    assert_eq!(emulator.send_whatsapp(url, PHONE).unwrap_err().code(), "E011004", "once");
    let new = notp.session(pending_ref).unwrap().unwrap();
    assert_eq!((&*new.user.login_ids[0], new.user.phone.as_deref()), (PHONE, Some(PHONE)));
    assert!(new.user.verified_phone && new.first_seen);
    assert_eq!(claim(&new, "amr"), json!(["whatsapp"]));
    refused(notp.session(pending_ref), 401, "EMU401");

    let again = notp.sign_in(NotpUser::Sender, &Default::default()).unwrap();
    emulator.send_whatsapp(again.redirect_url.as_deref().unwrap(), PHONE).unwrap();
    let options = WaitOptions::default();
    let again = notp.wait_for_session(again.pending_ref.expose(), &options, || true).unwrap();
    assert_eq!(again.unwrap().user.user_id, new.user.user_id);
    let search = AuditSearch::default().actions(["LoginSucceed", "LoginFailed", "UserCreated"]);
    let trail = client.mgmt().audit().search(&search).unwrap().items;
    let mut actions: Vec<_> =
        trail.into_iter().map(|of| (of.action, of.method.unwrap_or_default())).collect();
    actions.sort();
    let by_notp = |action: &str| (action.to_owned(), "notp".to_owned());
    // A session that was asked for twice is a failure; one that is pending is not.
    assert_eq!(
        actions,
        ["LoginFailed", "LoginSucceed", "LoginSucceed", "UserCreated"].map(by_notp)
    );
}

#[test]
fn the_message_must_come_in_time_and_from_the_right_phone() {
    let (emulator, client) = with_ada();
    let (notp, other) = (client.auth().notp(), "+12025550102");
    let (plain, new) = (MessageLoginOptions::default(), MessageSignUpOptions::default());
    refused(notp.sign_in("nobody", &plain), 400, codes::USER_NOT_FOUND);
    refused(notp.sign_up(ADA, &new), 400, codes::USER_ALREADY_EXISTS);
    let answer = |sent: PendingMessage, phone: &str| {
        let answer = emulator.send_whatsapp(sent.redirect_url.as_deref().unwrap(), phone);
        (answer.map_err(|error| error.code().to_owned()), notp.session(sent.pending_ref.expose()))
    };
    let code = |code: &str| Err(code.to_owned());
    for (sent, phone, wanted) in [
        (notp.sign_in(ADA, &plain), other, "EMU403"),
        (notp.sign_in(NotpUser::Sender, &plain), other, codes::USER_NOT_FOUND),
        (notp.sign_up(NotpUser::Sender, &new), PHONE, ""),
        (notp.sign_up(NotpUser::Sender, &new), PHONE, codes::USER_ALREADY_EXISTS),
    ] {
        let (answered, session) = answer(sent.unwrap(), phone);
        if wanted.is_empty() {
            assert_eq!(session.unwrap().unwrap().user.login_ids, [PHONE]);
        } else {
            assert_eq!(answered, code(wanted));
            refused(session, 401, "EMU401");
        }
    }
    // However the number is written.
    let (_, ada) = answer(notp.sign_in(ADA, &plain).unwrap(), "+1 (202) 555-0101");
    let ada = ada.unwrap().unwrap();
    assert!(ada.user.verified_phone && ada.user.login_ids == [ADA]);
    let (_, al) = answer(notp.sign_up("al", &new).unwrap(), other);
    assert_eq!(al.unwrap().unwrap().user.phone.as_deref(), Some(other), "it was not known");

    let late = notp.sign_in(ADA, &plain).unwrap();
    emulator.advance(AN_HOUR);
    let (answered, session) = answer(late, PHONE);
    assert_eq!(answered, code("E011004"));
    refused(session, 401, "EMU401");
    assert!(emulator.send_whatsapp("https://wa.me/1", PHONE).is_err());
}

#[test]
fn a_number_changes_when_the_message_comes_from_the_new_one() {
    let (emulator, client) = with_ada();
    let (notp, new) = (client.auth().notp(), "+12025550102");
    let token = refresh_token(&emulator, ADA);
    let options = NotpUpdateOptions::default().add_to_login_ids(true);
    let sent = notp.update(ADA, new, &token, &options).unwrap();
    let url = sent.redirect_url.as_deref().unwrap();
    assert_eq!(client.mgmt().user().load(ADA).unwrap().phone.as_deref(), Some(PHONE), "not yet");
    emulator.send_whatsapp(url, new).unwrap();
    let ada = notp.session(sent.pending_ref.expose()).unwrap().unwrap().user;
    assert_eq!((ada.phone.as_deref(), ada.verified_phone), (Some(new), true));
    assert_eq!(ada.login_ids, [ADA, new]);
    let sent = notp.update(ADA, PHONE, &token, &NotpUpdateOptions::default()).unwrap();
    let wrong = emulator.send_whatsapp(sent.redirect_url.as_deref().unwrap(), new);
    assert_eq!(wrong.unwrap_err().code(), "EMU403");
    let mallory = notp.update("eve", PHONE, &token, &NotpUpdateOptions::default());
    refused(mallory, 403, "EMU403");

    let step_up = MessageLoginOptions::default().step_up(&*token);
    let raised = notp.sign_in(NotpUser::Sender, &step_up).unwrap();
    emulator.send_whatsapp(raised.redirect_url.as_deref().unwrap(), new).unwrap();
    let raised = notp.session(raised.pending_ref.expose()).unwrap().unwrap();
    assert_eq!(claim(&raised, "su"), json!(true));
    let (of_other, options) =
        (notp.sign_in(NotpUser::Sender, &step_up).unwrap(), &Default::default());
    notp.sign_up("+12025550103", options).unwrap();
    let url = of_other.redirect_url.as_deref().unwrap();
    assert_eq!(emulator.send_whatsapp(url, "+12025550103").unwrap_err().code(), "EMU403");
}

//! Signing in by WhatsApp without a code: the requests, with all fields set; and the waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use descope::auth::notp::{NotpTemplates, NotpUpdateOptions, NotpUser, WaitOptions};
use descope::auth::{MessageLoginOptions, MessageSignUpOptions};
use descope::emulator::Emulator;
use descope::transport::http::StatusCode;
use descope::transport::{Request, Response};
use descope::{Client, UserDetails, codes};
use serde_json::{Value, json};

use crate::emulated::{ADA, Impatient, PHONE, refused};
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
        ("POST /v1/auth/notp/whatsapp/signin", "login_id refresh_token"),
        ("POST /v1/auth/notp/whatsapp/signup", "login_id phone"),
        ("POST /v1/auth/notp/whatsapp/signup-in", "login_id"),
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

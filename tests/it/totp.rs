//! Authenticator apps: the requests, with all fields set; and the whole way, with the emulator.

use std::time::Duration;

use descope::auth::LoginOptions;
use descope::auth::totp::TotpSetup;
use descope::clock::Clock;
use descope::emulator::Emulator;
use descope::{Error, UserDetails, codes};
use serde_json::json;
use totp_rs::{Builder, Secret};

use crate::emulated::{ADA, PHONE, claim, manage, refresh_token, refused, start, with_ada};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{
    REFRESH, every_login_option, every_user_detail, login_options, refuses, sends, signed_in,
    user_details,
};

#[test]
fn sign_up_and_update() {
    let answer = json!({
        "provisioningURL": "otpauth://totp/x", "image": "data:image/png;base64,iVBORw==",
        "key": "KEYKEY", "newer": 1,
    });
    let body = json!({ "loginId": ADA, "user": user_details() });
    let setup = sends("POST /v1/auth/totp/signup", "", body, &answer, |client| {
        client.auth().totp().sign_up(ADA, &every_user_detail())
    });
    assert_eq!(setup.provisioning_url.expose(), "otpauth://totp/x");
    assert_eq!(setup.image.expose(), "data:image/png;base64,iVBORw==");
    assert_eq!(setup.key.expose(), "KEYKEY");
    assert_eq!(setup.qr_png().unwrap(), b"\x89PNG");
    assert_eq!(setup.extra.get("newer"), Some(&json!(1)));
    let shown = format!("{setup:?}");
    assert!(["otpauth", "KEYKEY", "iVBOR"].iter().all(|secret| !shown.contains(secret)));

    let line = "POST /v1/auth/totp/update";
    let answer = json!({ "image": "iVBORw==", "key": null });
    let setup = sends(line, REFRESH, json!({ "loginId": ADA }), &answer, |client| {
        client.auth().totp().update(ADA, REFRESH)
    });
    assert_eq!((setup.key.expose(), setup.qr_png().unwrap()), ("", b"\x89PNG".to_vec()));

    let line = "POST /v1/auth/totp/signup";
    let broken = json!({ "image": "data:image/png;base64,%%" });
    let setup = sends(line, "", json!({ "loginId": ADA }), &broken, |client| {
        client.auth().totp().sign_up(ADA, &UserDetails::default())
    });
    assert!(matches!(setup.qr_png(), Err(Error::Decode(_))));
    every_field_of(["POST /v1/auth/totp/signup", "POST /v1/auth/totp/update"]);
}

#[test]
fn verify_with_every_field() {
    let body = json!({ "loginId": ADA, "code": "123456", "loginOptions": login_options() });
    let line = "POST /v1/auth/totp/verify";
    let info = sends(line, REFRESH, body, &signed_in(), |client| {
        client.auth().totp().verify(ADA, "123456", &every_login_option())
    });
    assert_eq!(info.claims().user_id(), "U1");
    let body = json!({ "loginId": ADA, "code": "123456" });
    sends(line, "", body, &signed_in(), |client| {
        client.auth().totp().verify(ADA, "123456", &LoginOptions::default())
    });
    every_field_of(["POST /v1/auth/totp/verify"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let plain = LoginOptions::default();
    refuses("login_id", |c| c.auth().totp().sign_up("", &UserDetails::default()));
    refuses("login_id", |c| c.auth().totp().update("", REFRESH));
    refuses("refresh_token", |c| c.auth().totp().update(ADA, ""));
    refuses("login_id", |c| c.auth().totp().verify(" ", "123456", &plain));
    refuses("code", |c| c.auth().totp().verify(ADA, "", &plain));
    let broken = LoginOptions::default().add_factor("");
    refuses("refresh_token", |c| c.auth().totp().verify(ADA, "123456", &broken));
    refusals_of([
        ("POST /v1/auth/totp/signup", "login_id"),
        ("POST /v1/auth/totp/update", "login_id refresh_token"),
        ("POST /v1/auth/totp/verify", "code login_id refresh_token"),
    ]);
}

/// An app that has scanned the QR code.
pub(crate) struct App(totp_rs::Totp, Emulator);

impl App {
    pub(crate) fn new(emulator: &Emulator, setup: &TotpSetup) -> Self {
        // Away from the moment at which codes change.
        let into_step = emulator.clock().unix().as_seconds().rem_euclid(30).unsigned_abs();
        emulator.advance(Duration::from_secs(40 - into_step));
        let secret = Secret::try_from_base32(setup.key.expose()).unwrap();
        Self(Builder::new().with_secret(secret).build().unwrap(), emulator.clone())
    }

    pub(crate) fn code(&self) -> String {
        self.code_in(0)
    }

    /// The code that the app shows in so many seconds.
    fn code_in(&self, seconds: i64) -> String {
        let now = self.1.clock().unix().as_seconds() + seconds;
        self.0.generate(u64::try_from(now).unwrap()).to_string()
    }
}

const STEP: Duration = Duration::from_secs(30);

#[test]
fn the_code_of_an_app_signs_in_once() {
    let (emulator, client) = start();
    let totp = client.auth().totp();
    let ada = UserDetails::default().name("Ada").email(ADA);
    let setup = totp.sign_up(ADA, &ada).unwrap();
    let (app, plain) = (App::new(&emulator, &setup), LoginOptions::default());
    let options = LoginOptions::default().custom_claims([("theme", "dark")]);
    for seconds in [-90, -60, 60, 90] {
        refused(totp.verify(ADA, &app.code_in(seconds), &plain), 401, codes::WRONG_OTP_CODE);
    }
    let code = app.code();
    let signed_in = totp.verify(ADA, &code, &options).unwrap();
    assert!(signed_in.first_seen && signed_in.user.totp);
    assert_eq!((&*signed_in.user.name, &*signed_in.user.email), ("Ada", ADA));
    assert_eq!(claim(&signed_in, "amr"), json!(["totp"]));
    assert_eq!(claim(&signed_in, "theme"), "dark");

    refused(totp.verify(ADA, &code, &plain), 401, codes::WRONG_OTP_CODE);
    emulator.advance(2 * STEP);
    refused(totp.verify(ADA, &app.code_in(-90), &plain), 401, codes::WRONG_OTP_CODE);
    assert!(totp.verify(ADA, &app.code_in(-30), &plain).is_ok(), "typed a little late");
    assert!(totp.verify(ADA, &app.code(), &plain).is_ok());
    refused(totp.verify(ADA, &app.code_in(-30), &plain), 401, codes::WRONG_OTP_CODE);
    refused(totp.sign_up(ADA, &ada), 400, codes::USER_ALREADY_EXISTS);
    refused(totp.verify("nobody", "123456", &plain), 400, codes::USER_NOT_FOUND);
}

#[test]
fn wrong_codes_are_counted() {
    let (emulator, client) = start();
    let totp = client.auth().totp();
    let app = App::new(&emulator, &totp.sign_up(ADA, &UserDetails::default()).unwrap());
    let plain = LoginOptions::default();
    for _ in 0..5 {
        refused(totp.verify(ADA, "no code", &plain), 401, codes::WRONG_OTP_CODE);
    }
    refused(totp.verify(ADA, &app.code(), &plain), 401, codes::TOO_MANY_OTP_ATTEMPTS);
    emulator.advance(Duration::from_secs(180));
    assert!(totp.verify(ADA, &app.code(), &plain).is_ok());
}

#[test]
fn an_app_is_a_second_factor() {
    let (emulator, client) = with_ada();
    let totp = client.auth().totp();
    let first = refresh_token(&emulator, ADA);
    refused(totp.verify(ADA, "123456", &LoginOptions::default()), 400, "E011004");
    let old = App::new(&emulator, &totp.update(ADA, &first).unwrap());
    let app = App::new(&emulator, &totp.update(ADA, &first).unwrap());
    let options =
        LoginOptions::default().step_up(first.clone()).add_factor(first.clone()).tenant_id("");
    refused(totp.verify(ADA, &old.code(), &options), 401, codes::WRONG_OTP_CODE);
    let raised = totp.verify(ADA, &app.code(), &options).unwrap();
    assert_eq!(claim(&raised, "su"), true);
    assert_eq!(claim(&raised, "amr"), json!(["email", "totp", "mfa"]));
    assert!(raised.claims().is_mfa());
    assert_eq!(raised.user.phone, PHONE);

    manage(&emulator, "/v1/mgmt/user/totp/delete", &json!({ "loginId": ADA }));
    emulator.advance(STEP);
    refused(totp.verify(ADA, &app.code(), &LoginOptions::default()), 400, "E011004");
    client.auth().session().logout(&first).unwrap();
    refused(totp.update(ADA, &first), 401, codes::LOGGED_OUT);
}

#[test]
fn the_qr_code_holds_what_the_app_needs() {
    let (_, client) = start();
    let setup = client.auth().totp().sign_up(ADA, &UserDetails::default()).unwrap();
    let png = setup.qr_png().unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    let (width, height) = (frame.width as usize, frame.height as usize);
    let mut image =
        rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| pixels[y * width + x]);
    let codes = image.detect_grids();
    let [code] = &codes[..] else { panic!("{} QR codes", codes.len()) };
    let (_, text) = code.decode().unwrap();
    assert_eq!(text, setup.provisioning_url.expose());
    let expected = format!(
        "otpauth://totp/Descope%20emulator:ada%40example%2Ecom?secret={}\
         &issuer=Descope%20emulator&algorithm=SHA1&digits=6&period=30",
        setup.key.expose()
    );
    assert_eq!(text, expected);
}

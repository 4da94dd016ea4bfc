//! What each of the thirteen Flask decorators of the Python SDK does, done here.

use std::time::Duration;

use descope::auth::DeliveryMethod::{Email, Sms, Voice, WhatsApp};
use descope::auth::oauth::{OAuthOptions, providers};
use descope::auth::{DeliveryMethod, LinkLoginOptions, LinkSignUpOptions, MessageSignUpOptions};
use descope::emulator::Emulator;
use descope::transport::http::StatusCode;
use descope::web::{Access, Guard, LoginPage, Reason, RequestTokens, status};
use descope::{Client, UserDetails};
use serde_json::json;

use super::{ADA, anyone, cookie_header, denied, names, outcome, sign_in, token};
use crate::support::{client, code_of};

const PHONE: &str = "+12025550101";

fn world() -> (Emulator, Client, Guard) {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let guard = Guard::new(&client);
    (emulator, client, guard)
}

#[test]
fn the_table_has_all_thirteen() {
    let docs = include_str!("../../../src/web/mod.rs");
    let rows = docs.lines().filter_map(|line| line.strip_prefix("//! | `descope_"));
    let named: Vec<_> = rows.map(|row| row.split('`').next().unwrap()).collect();
    let expected = [
        "signup_otp_by_email",
        "signin_otp_by_email",
        "validate_auth",
        "verify_code_by_email",
        "verify_code_by_phone_sms",
        "verify_code_by_phone_voice_call",
        "verify_code_by_phone_whatsapp",
        "signup_magiclink_by_email",
        "signin_magiclink_by_email",
        "verify_magiclink_token",
        "logout",
        "oauth",
        "full_login",
    ];
    assert_eq!(named, expected);
}

/// `descope_signup_otp_by_email`, `descope_signin_otp_by_email`, `descope_verify_code_by_email`
#[test]
fn otp_by_email() {
    let (emulator, client, guard) = world();
    let otp = client.auth().otp();
    let user = MessageSignUpOptions::default().user(UserDetails::default().name("Ada"));
    assert_eq!(otp.sign_up(Email, ADA, &user).unwrap().to_string(), "a***@example.com");
    let verify = || otp.verify(Email, ADA, &emulator.inbox().last_to(ADA).unwrap().code.unwrap());
    assert_eq!(verify().unwrap().user.name, "Ada");
    otp.sign_in(Email, ADA, &Default::default()).unwrap();
    let info = verify().unwrap();
    let browser = guard.tokens(&cookie_header(&guard.set_cookies(&info).unwrap()));
    assert_eq!(outcome(guard.validate_and_refresh(&browser, &anyone())), Ok(info.user.user_id));
    // A missing address is 400, as there; a wrong code is 401.
    let missing = otp.sign_up(Email, "", &Default::default()).unwrap_err();
    assert_eq!(status(&missing), StatusCode::BAD_REQUEST);
    assert_eq!(status(&verify().unwrap_err()), StatusCode::UNAUTHORIZED);
}

/// `descope_verify_code_by_phone_sms`, `…_voice_call`, `…_whatsapp`
#[test]
fn otp_by_phone() {
    for method in [Sms, Voice, WhatsApp] {
        by_phone(method);
    }
}

fn by_phone(method: DeliveryMethod) {
    let (emulator, client, guard) = world();
    let otp = client.auth().otp();
    otp.sign_up(method, PHONE, &Default::default()).unwrap();
    let code = emulator.inbox().last_to(PHONE).unwrap().code.unwrap();
    let info = otp.verify(method, PHONE, &code).unwrap();
    let cookies = guard.set_cookies(&info).unwrap();
    assert_eq!(names(&cookies), ["DS", "DSR"]);
    let browser = guard.tokens(&cookie_header(&cookies));
    assert_eq!(outcome(guard.validate_and_refresh(&browser, &anyone())), Ok(info.user.user_id));
}

/// `descope_validate_auth`: its tenant is passed on here.
#[test]
fn validate_auth() {
    let (emulator, client, guard) = world();
    emulator
        .seed(&json!({
            "permissions": [{ "name": "pay" }],
            "roles": [{ "name": "Clerk", "permissionNames": ["pay"] }],
            "tenants": [{ "id": "acme", "name": "Acme" }],
            "users": [{ "loginId": ADA, "email": ADA, "userTenants": [
                { "tenantId": "acme", "roleNames": ["Clerk"] },
            ] }],
        }))
        .unwrap();
    let info = sign_in(&emulator, &client);
    let browser = guard.tokens(&cookie_header(&guard.set_cookies(&info).unwrap()));
    let clerks = Access::default().roles(["Clerk"]).permissions(["pay"]);
    let of_acme = clerks.clone().tenant("acme");
    assert!(guard.validate_and_refresh(&browser, &of_acme).is_ok());
    denied(guard.validate_and_refresh(&browser, &clerks), 403, Reason::MissingPermission);
    denied(
        guard.validate_and_refresh(&browser, &clerks.tenant("umbrella")),
        403,
        Reason::NotInTenant,
    );
    denied(guard.validate_and_refresh(&RequestTokens::default(), &of_acme), 401, Reason::NoToken);
    emulator.advance(Duration::from_secs(3600));
    let visitor = guard.validate_and_refresh(&browser, &of_acme).unwrap();
    assert_eq!(names(&visitor.set_cookies), ["DS"]);
}

/// `descope_signup_magiclink_by_email`, `descope_signin_magiclink_by_email`,
/// `descope_verify_magiclink_token`
#[test]
fn magic_link() {
    let (emulator, client, guard) = world();
    let (links, uri) = (client.auth().magic_link(), "https://app.example.com/verify");
    links.sign_up(Email, ADA, &LinkSignUpOptions::default().redirect_url(uri)).unwrap();
    let token = || {
        let link = emulator.inbox().last_to(ADA).unwrap().link.unwrap();
        link.strip_prefix("https://app.example.com/verify?t=").unwrap().to_owned()
    };
    links.verify(&token()).unwrap();
    links.sign_in(Email, ADA, &LinkLoginOptions::default().redirect_url(uri)).unwrap();
    let info = links.verify(&token()).unwrap();
    assert_eq!(names(&guard.set_cookies(&info).unwrap()), ["DS", "DSR"]);
    assert_eq!(status(&links.verify(&token()).unwrap_err()), StatusCode::UNAUTHORIZED);
    assert_eq!(status(&links.verify("").unwrap_err()), StatusCode::BAD_REQUEST);
}

/// `descope_logout`
#[test]
fn logout() {
    let (emulator, client, guard) = world();
    let info = sign_in(&emulator, &client);
    let browser = guard.tokens(&cookie_header(&guard.set_cookies(&info).unwrap()));
    assert_eq!(names(&guard.logout(&browser).unwrap()), ["DS", "DSR"]);
    assert!(client.auth().session().refresh(info.refresh_token().unwrap()).is_err());
}

/// `descope_oauth`
#[test]
fn oauth() {
    let (emulator, client, guard) = world();
    let options = OAuthOptions::default().redirect_url("https://app.example.com/callback");
    let url = client.auth().oauth().start(providers::GITHUB, &options).unwrap();
    let location = guard.location(&url).unwrap();
    let callback = emulator.idp_sign_in(location.to_str().unwrap(), ADA).unwrap();
    let info = client.auth().oauth().exchange(&code_of(&callback)).unwrap();
    assert_eq!(names(&guard.set_cookies(&info).unwrap()), ["DS", "DSR"]);
    let unknown = client.auth().oauth().start("nobody", &options).unwrap_err();
    assert!(status(&unknown).is_client_error());
    let missing = client.auth().oauth().start("", &options).unwrap_err();
    assert_eq!(status(&missing), StatusCode::BAD_REQUEST);
}

/// `descope_full_login`
#[test]
fn full_login() {
    let (emulator, _, guard) = world();
    let html = guard.login_page(&LoginPage::new("sign-up-or-in", "/session")).unwrap();
    assert!(html.contains("<descope-wc"));
    let tokens = RequestTokens::default().session_token(token(&emulator, "U1"));
    assert_eq!(names(&guard.accept_login(&tokens, "").unwrap().set_cookies), ["DS"]);
}

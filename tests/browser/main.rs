//! Sign-ins in a real browser, from the start to a validated session, against the emulator on a
//! port. `.ci/browser` runs them: `cargo test --all-features --test browser -- --ignored`.

mod app;
mod console;
mod login_page;
mod web_app;
mod webdriver;

use descope::auth::oauth::{OAuthOptions, OAuthSignUpOptions, providers};
use descope::auth::sso::SsoOptions;
use descope::auth::webauthn::{PasskeyUser, WebAuthnLoginOptions, WebAuthnSignUpOptions};
use descope::emulator::{Emulator, Server};
use descope::{AuthInfo, Client};
use serde_json::json;

use webdriver::Browser;

const ADA: &str = "ada@example.com";

/// The emulator on a port, and a client that talks to it as to Descope.
fn emulator() -> (Emulator, Server, Client) {
    let emulator = Emulator::new();
    let server = emulator.serve().unwrap();
    let client = Client::builder()
        .ignore_env()
        .project_id(emulator.project_id())
        .base_url(server.base_url())
        .build()
        .unwrap();
    (emulator, server, client)
}

/// The browser's way back, with its code.
#[track_caller]
fn code(browser: &Browser) -> String {
    let url = browser.wait_for("/callback?");
    let code = url.split_once("?code=").unwrap_or_else(|| panic!("{url}"));
    code.1.to_owned()
}

#[track_caller]
fn check_session(client: &Client, info: &AuthInfo) {
    let claims = client.auth().session().validate(info.session_token()).unwrap();
    assert_eq!(claims.user_id(), info.user.user_id);
}

#[test]
#[ignore = "needs chromedriver"]
fn oauth_by_choosing_a_user_by_being_new_and_by_cancelling() {
    let (emulator, _server, client) = emulator();
    let user = json!({ "loginId": ADA, "email": ADA, "displayName": "Ada \"<&>" });
    emulator.seed(&json!({ "users": [user] })).unwrap();
    let (app, browser, oauth) = (app::serve(), Browser::start(), client.auth().oauth());
    let options = OAuthOptions::default().redirect_url(format!("{app}/callback"));

    browser.open(&oauth.start(providers::GOOGLE, &options).unwrap());
    browser.has_title("Sign in with google");
    browser.click(&format!("button[value='{ADA}']"));
    let info = oauth.exchange(&code(&browser)).unwrap();
    check_session(&client, &info);
    assert_eq!(
        (info.user.name.as_deref().unwrap_or_default(), info.user.oauth["google"]),
        ("Ada \"<&>", true)
    );

    let new = OAuthSignUpOptions::default().redirect_url(format!("{app}/callback"));
    browser.open(&oauth.sign_up(providers::GOOGLE, &new).unwrap());
    browser.type_in("#new [name=loginId]", "grace@example.com");
    browser.type_in("#new [name=name]", "Grace Höpper & Co");
    browser.click("#new button");
    let info = oauth.exchange(&code(&browser)).unwrap();
    check_session(&client, &info);
    assert_eq!(
        (info.user.name.as_deref().unwrap_or_default(), info.first_seen),
        ("Grace Höpper & Co", true)
    );

    let url = oauth.sign_in(providers::GOOGLE, &options).unwrap();
    browser.open(&url);
    browser.click("button[name=err]");
    assert!(browser.wait_for("/callback?").ends_with("?err=access_denied"));
    browser.open(&url);
    browser.has_title("This did not work");

    browser.open(&oauth.start(providers::GOOGLE, &OAuthOptions::default()).unwrap());
    browser.click(&format!("button[value='{ADA}']"));
    browser.wait_for("/_emulator/idp/done?code=");
    check_session(&client, &oauth.exchange(&browser.text("#code")).unwrap());
}

#[test]
#[ignore = "needs chromedriver"]
fn single_sign_on_into_a_tenant() {
    let (emulator, _server, client) = emulator();
    emulator
        .seed(&json!({
            "tenants": [{ "id": "acme", "name": "Acme" }],
            "sso": [{ "tenantId": "acme", "type": "saml", "ssoId": "s1" }],
        }))
        .unwrap();
    let (app, browser, sso) = (app::serve(), Browser::start(), client.auth().sso());
    let options = SsoOptions::default().redirect_url(format!("{app}/callback")).login_hint(ADA);
    browser.open(&sso.start("acme", &options).unwrap());
    browser.has_title("Sign in to Acme");
    browser.type_in("#new [name=groups]", "Staff, Engineers");
    // The hint has filled in the login ID.
    browser.click("#new button");
    let info = sso.exchange(&code(&browser)).unwrap();
    check_session(&client, &info);
    assert_eq!(info.user.login_ids, [ADA]);
    assert!(info.claims().is_in_tenant("acme"));
    assert_eq!(info.idp_response.unwrap().groups, ["Staff", "Engineers"]);
}

/// What a page does with the options of a start.
const CREATE: &str = "
    const { publicKey } = JSON.parse(given[0]);
    const options = PublicKeyCredential.parseCreationOptionsFromJSON(publicKey);
    const credential = await navigator.credentials.create({ publicKey: options });
    return JSON.stringify(credential.toJSON());";
const GET: &str = "
    const { publicKey } = JSON.parse(given[0]);
    const options = PublicKeyCredential.parseRequestOptionsFromJSON(publicKey);
    const credential = await navigator.credentials.get({ publicKey: options });
    return JSON.stringify(credential.toJSON());";

#[test]
#[ignore = "needs chromedriver"]
fn a_passkey_signs_up_and_in() {
    let (_emulator, _server, client) = emulator();
    let (app, browser, webauthn) = (app::serve(), Browser::start(), client.auth().webauthn());
    browser.open(&app);
    browser.add_authenticator();
    let run =
        |script: &str, options: &str| browser.run(script, &[options]).as_str().unwrap().to_owned();

    let options = WebAuthnSignUpOptions::default();
    let start = webauthn.sign_up_start(ADA, &app, &options).unwrap();
    let response = run(CREATE, &start.options);
    let first = webauthn.sign_up_finish(&start.transaction_id, &response).unwrap();
    check_session(&client, &first);
    assert!(first.first_seen && first.user.webauthn);

    for user in [PasskeyUser::LoginId(ADA), PasskeyUser::Anyone] {
        let options = WebAuthnLoginOptions::default();
        let start = webauthn.sign_in_start(user, &app, &options).unwrap();
        let response = run(GET, &start.options);
        let again = webauthn.sign_in_finish(&start.transaction_id, &response).unwrap();
        check_session(&client, &again);
        assert_eq!(again.user.user_id, first.user.user_id);
        assert_eq!(again.claims().auth_factors(), ["webauthn"]);
        assert!(webauthn.sign_in_finish(&start.transaction_id, &response).is_err());
    }
}

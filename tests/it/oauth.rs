//! OAuth: the requests, what is refused before one, and whole sign-ins on the emulator.

use std::time::Duration;

use descope::auth::LoginOptions;
use descope::auth::oauth::OAuthSignUpOptions;
use descope::auth::oauth::OneTap;
use descope::auth::oauth::{
    NativeOptions, NativeResult, OAuthOptions, OAuthUpdateOptions, providers,
};
use descope::emulator::{Emulator, Fault};
use descope::transport::http::StatusCode;
use descope::transport::{Request, Response};
use descope::{AuthInfo, Client, Error, Result, codes};
use serde_json::json;

use crate::inventory::{every_field_of, refusals_of};
use crate::support::{
    REFRESH, client, code_of, every_login_option, every_session_option, login_options, refuses,
    sends, session_options, signed_in,
};

const ADA: &str = "ada@example.com";
const CALLBACK: &str = "https://app.example.com/callback?a=1&b=ü x#top";
const ENCODED: &str = "https%3A%2F%2Fapp.example.com%2Fcallback%3Fa%3D1%26b%3D%C3%BC%20x%23top";

fn every_option() -> OAuthOptions {
    OAuthOptions::default()
        .redirect_url(CALLBACK)
        .login_hint(ADA)
        .prompt("select_account")
        .initiated_email(ADA)
        .raw_response(true)
        .test(false)
        .login(every_login_option())
}

#[test]
fn start_with_every_field() {
    type Start = fn(&Client) -> Result<String>;
    let query = format!(
        "?provider=google&redirectURL={ENCODED}&loginHint=ada%40example.com\
         &prompt=select_account&initiatedEmail=ada%40example.com&rawResponse=true&test=false"
    );
    let starts: [(&str, Start); 2] = [
        ("", |c| c.auth().oauth().start(providers::GOOGLE, &every_option())),
        ("/signin", |c| c.auth().oauth().sign_in(providers::GOOGLE, &every_option())),
    ];
    for (path, start) in starts {
        let line = format!("POST /v1/auth/oauth/authorize{path}{query}");
        let answer = json!({ "url": "https://idp.example.com/oauth?x=1" });
        let url = sends(&line, REFRESH, login_options(), &answer, start);
        assert_eq!(url, "https://idp.example.com/oauth?x=1");
    }
    let line = format!("POST /v1/auth/oauth/authorize/signup{query}");
    let answer = json!({ "url": "https://idp.example.com" });
    sends(&line, "", session_options(), &answer, |client| {
        let options = OAuthSignUpOptions::default()
            .redirect_url(CALLBACK)
            .login_hint(ADA)
            .prompt("select_account")
            .initiated_email(ADA)
            .raw_response(true)
            .test(false)
            .login(every_session_option());
        client.auth().oauth().sign_up(providers::GOOGLE, &options)
    });
    every_field_of([
        "POST /v1/auth/oauth/authorize",
        "POST /v1/auth/oauth/authorize/signin",
        "POST /v1/auth/oauth/authorize/signup",
    ]);
}

#[test]
fn update_with_every_field() {
    let options = OAuthUpdateOptions::default()
        .redirect_url(CALLBACK)
        .login_hint(ADA)
        .prompt("login")
        .initiated_email(ADA)
        .allow_all_merge(true)
        .step_up(true)
        .mfa(true)
        .login(every_session_option());
    let line = format!(
        "POST /v1/auth/oauth/authorize/update?provider=my%20own&redirectURL={ENCODED}\
         &loginHint=ada%40example.com&prompt=login&initiatedEmail=ada%40example.com\
         &allowAllMerge=true"
    );
    let answer = json!({ "url": "https://idp.example.com" });
    sends(&line, REFRESH, login_options(), &answer, |client| {
        client.auth().oauth().update("my own", REFRESH, &options)
    });
    every_field_of(["POST /v1/auth/oauth/authorize/update"]);
}

#[test]
fn what_is_not_set_is_not_sent() {
    let answer = json!({ "url": "https://idp.example.com" });
    sends("POST /v1/auth/oauth/authorize?provider=apple", "", json!({}), &answer, |client| {
        client.auth().oauth().start("apple", &OAuthOptions::default().redirect_url(""))
    });
    sends("POST /v1/auth/oauth/authorize?provider=apple", "", json!({}), &answer, |client| {
        client.auth().oauth().start(providers::APPLE, &OAuthOptions::default())
    });
    let line = "POST /v1/auth/oauth/authorize/update?provider=apple&allowAllMerge=false";
    sends(line, REFRESH, json!({}), &answer, |client| {
        let options = OAuthUpdateOptions::default().allow_all_merge(false);
        client.auth().oauth().update(providers::APPLE, REFRESH, &options)
    });
}

#[test]
fn the_url_may_come_with_a_redirect_status() {
    let answering = |status: u16, body: &'static str| {
        let client = Client::builder()
            .ignore_env()
            .project_id("P2abc")
            .transport(move |_: Request| {
                let mut response = Response::new(body.as_bytes().to_vec());
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                Ok(response)
            })
            .build()
            .unwrap();
        client.auth().oauth().start(providers::GOOGLE, &OAuthOptions::default())
    };
    assert_eq!(answering(307, r#"{"url":"https://idp"}"#).unwrap(), "https://idp");
    assert!(matches!(answering(200, "{}"), Err(Error::Decode(_))));
    assert!(matches!(answering(307, ""), Err(Error::Decode(_))));
    assert_eq!(answering(302, r#"{"url":"https://idp"}"#).unwrap_err().status(), Some(302));
}

#[test]
fn a_redirect_is_not_followed_on_a_socket_either() {
    let emulator = Emulator::new();
    let server = emulator.serve().unwrap();
    let client = Client::builder()
        .ignore_env()
        .project_id(emulator.project_id())
        .base_url(server.base_url())
        .build()
        .unwrap();
    let elsewhere = format!("{}/elsewhere", server.base_url());
    let body = json!({ "url": elsewhere }).to_string();
    emulator.fault(Fault::answer(307, body).header("location", &elsewhere).at("/v1/auth/oauth"));
    let url = client.auth().oauth().start(providers::GOOGLE, &OAuthOptions::default()).unwrap();
    assert_eq!((url, emulator.requests("/elsewhere")), (elsewhere, 0));
    let error = client.auth().oauth().exchange("c0de").unwrap_err();
    assert_eq!(error.status(), Some(307), "elsewhere it is no success");
}

#[test]
fn exchange() {
    let mut answer = signed_in();
    answer["idpResponse"] =
        json!({ "idpGroups": ["Staff"], "idpOIDCClaims": { "sub": "1", "n": [1] }, "new": 1 });
    let line = "POST /v1/auth/oauth/exchange";
    let info = sends(line, "", json!({ "code": "c0de" }), &answer, |client| {
        client.auth().oauth().exchange("c0de")
    });
    assert_eq!(
        (info.claims().user_id(), info.user.name.as_deref().unwrap_or_default()),
        ("U1", "Ada")
    );
    let said = info.idp_response.unwrap();
    assert_eq!(said.groups, ["Staff"]);
    assert_eq!(said.oidc_claims["n"], json!([1]));
    assert!(said.saml_attributes.is_empty() && info.tenant_sso_id.is_none());
    every_field_of(["POST /v1/auth/oauth/exchange"]);
}

#[test]
fn native_with_every_field() {
    let body = json!({ "provider": "apple", "implicit": false, "loginOptions": login_options() });
    let answer = json!({ "clientId": "c", "stateId": "s" });
    let options = NativeOptions::default().implicit(false).login(every_login_option());
    let line = "POST /v1/auth/oauth/native/start";
    let needed = sends(line, REFRESH, body, &answer, |client| {
        client.auth().oauth().native_start(providers::APPLE, &options)
    });
    assert_eq!(needed["stateId"], "s");

    let body = json!({ "provider": "apple", "stateId": "s", "user": "{\"name\":{}}",
        "code": "c0de", "idToken": "e.i.d" });
    let result = NativeResult::default().code("c0de").id_token("e.i.d").user(r#"{"name":{}}"#);
    assert!(!format!("{result:?}").contains("c0de"));
    let line = "POST /v1/auth/oauth/native/finish";
    let info = sends(line, "", body, &signed_in(), |client| {
        client.auth().oauth().native_finish(providers::APPLE, "s", &result)
    });
    assert_eq!(info.claims().user_id(), "U1");
    let body = json!({ "provider": "apple", "stateId": "s" });
    sends(line, "", body, &signed_in(), |client| {
        client.auth().oauth().native_finish(providers::APPLE, "s", &NativeResult::default())
    });
    every_field_of(["POST /v1/auth/oauth/native/finish", "POST /v1/auth/oauth/native/start"]);
}

#[test]
fn one_tap_with_every_field() {
    let line = "GET /v1/auth/onetap/clientid/google";
    let id = sends(line, "", json!(null), &json!({ "clientId": "c1" }), |client| {
        client.auth().oauth().load_one_tap_client_id(providers::GOOGLE)
    });
    assert_eq!(id, "c1");
    let body = json!({ "provider": "google", "idToken": "e.i.d", "nonce": "n0nce",
        "loginOptions": login_options() });
    let line = "POST /v1/auth/onetap/idtoken/exchange";
    let options = every_login_option();
    let info = sends(line, REFRESH, body.clone(), &signed_in(), |client| {
        client.auth().oauth().one_tap_exchange(
            "google",
            OneTap { id_token: "e.i.d", nonce: "n0nce" },
            &options,
        )
    });
    assert_eq!(info.claims().user_id(), "U1");
    let line = "POST /v1/auth/onetap/idtoken/verify";
    let code = sends(line, REFRESH, body, &json!({ "code": "c0de" }), |client| {
        client.auth().oauth().one_tap_verify(
            "google",
            OneTap { id_token: "e.i.d", nonce: "n0nce" },
            &options,
        )
    });
    assert_eq!(code.expose(), "c0de");
    every_field_of([
        "GET /v1/auth/onetap/clientid/{provider}",
        "POST /v1/auth/onetap/idtoken/exchange",
        "POST /v1/auth/onetap/idtoken/verify",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let options = OAuthOptions::default();
    refuses("provider", |c| c.auth().oauth().start("", &options));
    refuses("provider", |c| c.auth().oauth().sign_in("a\nb", &options));
    let sign_up = OAuthSignUpOptions::default();
    refuses("provider", |c| c.auth().oauth().sign_up(" ", &sign_up));
    refuses("provider", |c| c.auth().oauth().update("", REFRESH, &OAuthUpdateOptions::default()));
    refuses("refresh_token", |c| {
        c.auth().oauth().update("google", "", &OAuthUpdateOptions::default())
    });
    let empty = OAuthOptions::default().redirect_url(" ");
    refuses("redirect_url", |c| c.auth().oauth().start("google", &empty));
    refuses("redirect_url", |c| c.auth().oauth().sign_in("google", &empty));
    let empty = sign_up.redirect_url(" ");
    refuses("redirect_url", |c| c.auth().oauth().sign_up("google", &empty));
    let empty = OAuthUpdateOptions::default().redirect_url(" ");
    refuses("redirect_url", |c| c.auth().oauth().update("google", REFRESH, &empty));
    for login in [LoginOptions::default().step_up(""), LoginOptions::default().add_factor("")] {
        let broken = OAuthOptions::default().login(login.clone());
        refuses("refresh_token", |c| c.auth().oauth().start("google", &broken));
        refuses("refresh_token", |c| c.auth().oauth().sign_in("google", &broken));
        refuses("refresh_token", |c| {
            c.auth().oauth().native_start("google", &NativeOptions::default().login(login.clone()))
        });
        refuses("refresh_token", |c| {
            c.auth().oauth().one_tap_exchange("g", OneTap { id_token: "i", nonce: "n" }, &login)
        });
        refuses("refresh_token", |c| {
            c.auth().oauth().one_tap_verify("g", OneTap { id_token: "i", nonce: "n" }, &login)
        });
    }
    refuses("code", |c| c.auth().oauth().exchange(""));
    let result = NativeResult::default();
    refuses("provider", |c| c.auth().oauth().native_start("", &NativeOptions::default()));
    refuses("provider", |c| c.auth().oauth().native_finish("", "s", &result));
    refuses("state_id", |c| c.auth().oauth().native_finish("apple", "", &result));
    let login = LoginOptions::default();
    refuses("provider", |c| c.auth().oauth().load_one_tap_client_id(""));
    refuses("provider", |c| {
        c.auth().oauth().one_tap_verify("", OneTap { id_token: "i", nonce: "n" }, &login)
    });
    refuses("id_token", |c| {
        c.auth().oauth().one_tap_verify("google", OneTap { id_token: "", nonce: "n" }, &login)
    });
    refuses("nonce", |c| {
        c.auth().oauth().one_tap_verify("google", OneTap { id_token: "i", nonce: "" }, &login)
    });
    refuses("provider", |c| {
        c.auth().oauth().one_tap_exchange("", OneTap { id_token: "i", nonce: "n" }, &login)
    });
    refuses("id_token", |c| {
        c.auth().oauth().one_tap_exchange("google", OneTap { id_token: "", nonce: "n" }, &login)
    });
    refuses("nonce", |c| {
        c.auth().oauth().one_tap_exchange("google", OneTap { id_token: "i", nonce: "" }, &login)
    });
    refusals_of([
        ("POST /v1/auth/oauth/authorize", "provider redirect_url refresh_token"),
        ("POST /v1/auth/oauth/authorize/signin", "provider redirect_url refresh_token"),
        ("POST /v1/auth/oauth/authorize/signup", "provider redirect_url"),
        ("POST /v1/auth/oauth/authorize/update", "provider redirect_url refresh_token"),
        ("POST /v1/auth/oauth/exchange", "code"),
        ("POST /v1/auth/oauth/native/finish", "provider state_id"),
        ("POST /v1/auth/oauth/native/start", "provider refresh_token"),
        ("GET /v1/auth/onetap/clientid/{provider}", "provider"),
        ("POST /v1/auth/onetap/idtoken/exchange", "id_token nonce provider refresh_token"),
        ("POST /v1/auth/onetap/idtoken/verify", "id_token nonce provider refresh_token"),
    ]);
}

// From here on, the emulator answers.

fn to_callback() -> OAuthOptions {
    OAuthOptions::default().redirect_url("https://app.example.com/callback")
}

fn sign_in(emulator: &Emulator, options: &OAuthOptions, login_id: &str) -> Result<AuthInfo> {
    let client = client(emulator);
    let url = client.auth().oauth().start(providers::GITHUB, options)?;
    client.auth().oauth().exchange(&code_of(&emulator.idp_sign_in(&url, login_id).unwrap()))
}

#[test]
fn a_user_signs_up_and_in_again() {
    let emulator = Emulator::new();
    let first = sign_in(&emulator, &to_callback(), ADA).unwrap();
    assert!(first.first_seen);
    assert_eq!(
        (first.user.email.as_deref().unwrap_or_default(), first.user.verified_email),
        (ADA, true)
    );
    assert_eq!(first.user.oauth.get("github"), Some(&true));
    assert_eq!(first.claims().auth_factors(), ["oauth"]);
    let said = first.idp_response.unwrap();
    assert_eq!(said.oidc_claims["email"], ADA);

    let claims = LoginOptions::default().custom_claims([("theme", "dark")]);
    let again = sign_in(&emulator, &to_callback().login(claims), ADA).unwrap();
    assert!(!again.first_seen);
    assert_eq!(again.user.user_id, first.user.user_id);
    assert_eq!(again.claims().get::<String>("theme").unwrap().as_deref(), Some("dark"));
    let client = client(&emulator);
    let refreshed = client.auth().session().refresh(again.refresh_token().unwrap()).unwrap();
    assert_eq!(refreshed.claims().user_id(), first.user.user_id);
}

#[test]
fn a_tenant_to_sign_up_for_must_be_there_and_is_joined() {
    let emulator = Emulator::new();
    emulator.seed(&json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    let to = |tenant: &str| to_callback().login(LoginOptions::default().tenant_id(tenant));
    let error = sign_in(&emulator, &to("nowhere"), ADA).unwrap_err();
    assert_eq!(error.code(), Some(codes::INVALID_ARGUMENTS));
    let info = sign_in(&emulator, &to("acme"), ADA).unwrap();
    assert_eq!((info.first_seen, info.claims().current_tenant()), (true, Some("acme")));

    let client = client(&emulator);
    let url = client.auth().oauth().start(providers::GITHUB, &to("acme")).unwrap();
    client.mgmt().tenant().delete("acme").unwrap();
    let back = emulator.idp_sign_in(&url, "eve").unwrap();
    assert!(back.contains("?err="), "{back}");
    assert!(client.mgmt().user().load("eve").unwrap_err().is_not_found());
}

#[test]
fn sign_in_is_for_those_known_and_sign_up_for_the_others() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let oauth = client.auth().oauth();
    let sign_up = OAuthSignUpOptions::default().redirect_url("https://app.example.com/callback");
    let url = oauth.sign_in(providers::APPLE, &to_callback()).unwrap();
    let back = emulator.idp_sign_in(&url, ADA).unwrap();
    assert!(back.contains("?err=") && back.contains(codes::USER_NOT_FOUND), "{back}");
    let url = oauth.sign_up(providers::APPLE, &sign_up).unwrap();
    let info = oauth.exchange(&code_of(&emulator.idp_sign_in(&url, ADA).unwrap())).unwrap();
    assert!(info.first_seen);
    let url = oauth.sign_up(providers::APPLE, &sign_up).unwrap();
    let back = emulator.idp_sign_in(&url, ADA).unwrap();
    assert!(back.contains(codes::USER_ALREADY_EXISTS), "{back}");
    let url = oauth.sign_in(providers::APPLE, &to_callback()).unwrap();
    let info = oauth.exchange(&code_of(&emulator.idp_sign_in(&url, ADA).unwrap())).unwrap();
    assert!(!info.first_seen);
}

#[test]
fn codes_are_good_once_and_for_a_while() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let oauth = client.auth().oauth();
    let code = || {
        let url = oauth.start(providers::GOOGLE, &to_callback()).unwrap();
        code_of(&emulator.idp_sign_in(&url, ADA).unwrap())
    };
    let spent = code();
    oauth.exchange(&spent).unwrap();
    let late = code();
    assert!(client.auth().sso().exchange(&late).unwrap_err().is_unauthorized(), "of another kind");
    emulator.advance(Duration::from_secs(180));
    for wrong in [&*spent, &late, "nonsense"] {
        let error = oauth.exchange(wrong).unwrap_err();
        assert!(error.is_unauthorized() && !error.to_string().contains(wrong), "{error}");
    }
}

#[test]
fn the_page_is_left_once_and_not_too_late() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let start = || client.auth().oauth().start(providers::GOOGLE, &to_callback()).unwrap();
    let url = start();
    let back = emulator.idp_refuse(&url, "access_denied").unwrap();
    assert_eq!(back, "https://app.example.com/callback?err=access_denied");
    assert!(emulator.idp_sign_in(&url, ADA).is_err());
    let url = start();
    emulator.advance(Duration::from_secs(600));
    assert!(emulator.idp_sign_in(&url, ADA).is_err());
    assert!(emulator.idp_sign_in("https://elsewhere.example.com", ADA).is_err());
}

#[test]
fn redirect_urls_keep_what_they_hold() {
    let emulator = Emulator::new();
    let client = client(&emulator);
    let back = |url: &str| {
        let options = OAuthOptions::default().redirect_url(url);
        let url = client.auth().oauth().start(providers::GOOGLE, &options)?;
        Ok::<_, Error>(emulator.idp_refuse(&url, "a b").unwrap())
    };
    assert_eq!(
        back(CALLBACK).unwrap(),
        "https://app.example.com/callback?a=1&b=%C3%BC%20x&err=a%20b#top"
    );
    assert_eq!(back("com.example.app://done").unwrap(), "com.example.app://done?err=a%20b");
    for wrong in ["/callback", "app.example.com", "://x", "1a://x"] {
        let error = back(wrong).unwrap_err();
        assert_eq!(error.code(), Some(codes::INVALID_ARGUMENTS), "{wrong}");
    }
    let url = client.auth().oauth().start(providers::GOOGLE, &OAuthOptions::default()).unwrap();
    let back = emulator.idp_sign_in(&url, ADA).unwrap();
    assert!(back.starts_with("http://localhost/_emulator/idp/done?code="), "{back}");
}

#[test]
fn a_provider_must_be_known() {
    let emulator = Emulator::builder().oauth_provider("my own").build();
    let client = client(&emulator);
    let error = client.auth().oauth().start("gogle", &to_callback()).unwrap_err();
    assert_eq!(error.code(), Some(codes::INVALID_ARGUMENTS));
    let url = client.auth().oauth().start("my own", &to_callback()).unwrap();
    let code = code_of(&emulator.idp_sign_in(&url, "ada").unwrap());
    let info = client.auth().oauth().exchange(&code).unwrap();
    assert_eq!(info.user.oauth.get("my own"), Some(&true));
    assert!(!info.user.verified_email && info.user.email.is_none());
}

#[test]
fn step_up_and_mfa_are_for_the_user_of_the_session() {
    let emulator = Emulator::new();
    emulator.seed(&json!({ "users": [{ "loginId": ADA, "email": ADA }] })).unwrap();
    let session = emulator.sign_in(ADA).unwrap();
    let refresh = session["refreshJwt"].as_str().unwrap();
    let options = LoginOptions::default().step_up(refresh).add_factor(refresh);
    let options = to_callback().login(options);
    let info = sign_in(&emulator, &options, ADA).unwrap();
    assert_eq!(info.claims().get::<bool>("su").unwrap(), Some(true));
    assert_eq!(info.claims().auth_factors(), ["email", "oauth", "mfa"]);

    let client = client(&emulator);
    let url = client.auth().oauth().start(providers::GITHUB, &options).unwrap();
    let back = emulator.idp_sign_in(&url, "eve@example.com").unwrap();
    assert!(back.contains("?err="), "{back}");
    let strange = LoginOptions::default().step_up(REFRESH);
    let error = client.auth().oauth().start("google", &to_callback().login(strange)).unwrap_err();
    assert!(error.is_unauthorized());
}

#[test]
fn an_account_is_connected_to_a_signed_in_user() {
    let emulator = Emulator::new();
    emulator
        .seed(&json!({ "users": [{ "loginId": ADA }, { "loginId": "al@example.com" }] }))
        .unwrap();
    let session = emulator.sign_in(ADA).unwrap();
    let refresh = session["refreshJwt"].as_str().unwrap();
    let client = client(&emulator);
    let oauth = client.auth().oauth();
    let update = |merge: bool, login_id: &str| {
        let options = OAuthUpdateOptions::default()
            .redirect_url("https://app.example.com/callback")
            .allow_all_merge(merge);
        let url = oauth.update(providers::SLACK, refresh, &options).unwrap();
        emulator.idp_sign_in(&url, login_id).unwrap()
    };
    let info = oauth.exchange(&code_of(&update(false, "countess@example.com"))).unwrap();
    assert_eq!(session["user"]["userId"], *info.user.user_id);
    assert_eq!(info.user.login_ids, [ADA, "countess@example.com"]);
    assert!(update(false, "al@example.com").contains(codes::USER_ALREADY_EXISTS));
    let info = oauth.exchange(&code_of(&update(true, "al@example.com"))).unwrap();
    assert_eq!(info.user.login_ids, [ADA, "countess@example.com", "al@example.com"]);
    assert_eq!(info.user.oauth.get("slack"), Some(&true));

    client.auth().session().logout(refresh).unwrap();
    let error = oauth.update(providers::SLACK, refresh, &OAuthUpdateOptions::default());
    assert!(error.unwrap_err().is_unauthorized());
}

//! Single sign-on, by its own paths and by the older ones of SAML: the requests, what is refused
//! before one, and whole sign-ins on the emulator.
#![allow(deprecated, reason = "the older form is tested too")]

use std::time::Duration;

use descope::auth::LoginOptions;
use descope::auth::saml::SamlOptions;
use descope::auth::sso::SsoOptions;
use descope::emulator::Emulator;
use descope::{AuthInfo, Client, Result, Scope, codes};
use serde_json::json;

use crate::inventory::{every_field_of, refusals_of};
use crate::support::{
    REFRESH, client, code_of, every_login_option, login_options, refuses, sends, signed_in,
};

const ADA: &str = "ada@acme.example.com";
const CALLBACK: &str = "https://app.example.com/callback";
const ENCODED: &str = "https%3A%2F%2Fapp.example.com%2Fcallback";

#[test]
fn start_with_every_field() {
    let options = SsoOptions::default()
        .redirect_url(CALLBACK)
        .prompt("select_account")
        .sso_id("s 1")
        .login_hint(ADA)
        .force_authn(true)
        .login(every_login_option());
    let line = format!(
        "POST /v1/auth/sso/authorize?tenant=acme&redirectURL={ENCODED}&prompt=select_account\
         &ssoId=s%201&loginHint=ada%40acme.example.com&forceAuthn=true"
    );
    let answer = json!({ "url": "https://idp.example.com/sso" });
    let url = sends(&line, REFRESH, login_options(), &answer, |client| {
        client.auth().sso().start("acme", &options)
    });
    assert_eq!(url, "https://idp.example.com/sso");
    every_field_of(["POST /v1/auth/sso/authorize"]);
}

#[test]
fn saml_start_with_every_field() {
    let options = SamlOptions::default()
        .redirect_url(CALLBACK)
        .sso_id("s1")
        .force_authn(false)
        .login_hint("ada")
        .initiated_email(ADA)
        .login(every_login_option());
    let line = format!(
        "POST /v1/auth/saml/authorize?tenant=ada%40acme.example.com&redirectURL={ENCODED}\
         &ssoId=s1&forceAuthn=false&loginHint=ada&initiatedEmail=ada%40acme.example.com"
    );
    let answer = json!({ "url": "https://idp.example.com/saml" });
    let url = sends(&line, REFRESH, login_options(), &answer, |client| {
        client.auth().saml().start(ADA, &options)
    });
    assert_eq!(url, "https://idp.example.com/saml");
    every_field_of(["POST /v1/auth/saml/authorize"]);
}

#[test]
fn what_is_not_set_is_not_sent() {
    let answer = json!({ "url": "https://idp.example.com" });
    sends("POST /v1/auth/sso/authorize?tenant=acme", "", json!({}), &answer, |client| {
        client.auth().sso().start("acme", &SsoOptions::default())
    });
    sends("POST /v1/auth/sso/authorize?tenant=acme", "", json!({}), &answer, |client| {
        client.auth().sso().start("acme", &SsoOptions::default().redirect_url(""))
    });
    sends("POST /v1/auth/saml/authorize?tenant=acme", "", json!({}), &answer, |client| {
        client.auth().saml().start("acme", &SamlOptions::default())
    });
}

#[test]
fn exchange() {
    let mut answer = signed_in();
    answer["idpResponse"] = json!({ "idpGroups": ["Staff"], "idpSAMLAttributes": { "mail": ADA } });
    answer["tenantSSOID"] = json!("s1");
    let body = json!({ "code": "c0de" });
    for info in [
        sends("POST /v1/auth/sso/exchange", "", body.clone(), &answer, |client| {
            client.auth().sso().exchange("c0de")
        }),
        sends("POST /v1/auth/saml/exchange", "", body, &answer, |client| {
            client.auth().saml().exchange("c0de")
        }),
    ] {
        assert_eq!((info.claims().user_id(), info.tenant_sso_id.as_deref()), ("U1", Some("s1")));
        let said = info.idp_response.unwrap();
        assert_eq!((&*said.groups[0], &said.saml_attributes["mail"]), ("Staff", &json!(ADA)));
    }
    every_field_of(["POST /v1/auth/saml/exchange", "POST /v1/auth/sso/exchange"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let (sso, saml) = (SsoOptions::default(), SamlOptions::default());
    refuses("tenant", |c| c.auth().sso().start("", &sso));
    refuses("tenant", |c| c.auth().saml().start("a\0b", &saml));
    refuses("redirect_url", |c| c.auth().sso().start("t", &sso.clone().redirect_url(" ")));
    refuses("redirect_url", |c| c.auth().saml().start("t", &saml.clone().redirect_url("")));
    for login in [LoginOptions::default().step_up(""), LoginOptions::default().add_factor("")] {
        refuses("refresh_token", |c| c.auth().sso().start("t", &sso.clone().login(login.clone())));
        refuses("refresh_token", |c| c.auth().saml().start("t", &saml.clone().login(login)));
    }
    refuses("code", |c| c.auth().sso().exchange(""));
    refuses("code", |c| c.auth().saml().exchange("\n"));
    refusals_of([
        ("POST /v1/auth/saml/authorize", "redirect_url refresh_token tenant"),
        ("POST /v1/auth/saml/exchange", "code"),
        ("POST /v1/auth/sso/authorize", "redirect_url refresh_token tenant"),
        ("POST /v1/auth/sso/exchange", "code"),
    ]);
}

// From here on, the emulator answers.

fn emulator() -> Emulator {
    let emulator = Emulator::new();
    emulator
        .seed(&json!({
            "tenants": [{ "id": "acme", "name": "Acme", "selfProvisioningDomains": ["acme.example.com"] },
                        { "id": "bare", "name": "Bare" }],
            "roles": [{ "name": "Reader", "tenantId": "acme" }],
            "sso": [{ "tenantId": "acme", "ssoId": "s1", "type": "saml", "defaultRoleNames": ["Reader"] },
                    { "tenantId": "acme", "ssoId": "s2", "type": "oidc", "domains": ["Labs.example.com"],
                      "redirectUrl": "https://labs.example.com/in" }],
        }))
        .unwrap();
    emulator
}

fn to_callback() -> SsoOptions {
    SsoOptions::default().redirect_url(CALLBACK)
}

fn sign_in(emulator: &Emulator, tenant: &str, options: &SsoOptions) -> Result<AuthInfo> {
    let client = client(emulator);
    let url = client.auth().sso().start(tenant, options)?;
    client.auth().sso().exchange(&code_of(&emulator.idp_sign_in(&url, ADA).unwrap()))
}

#[test]
fn a_user_joins_the_tenant_at_the_first_sign_in() {
    let emulator = emulator();
    let info = sign_in(&emulator, "acme", &to_callback()).unwrap();
    assert!(info.first_seen && info.user.saml);
    assert_eq!(info.claims().auth_factors(), ["fed"]);
    assert!(info.claims().is_in_tenant("acme"));
    assert_eq!(info.claims().current_tenant(), Some("acme"));
    assert_eq!(info.claims().roles(Scope::Tenant("acme")), ["Reader"]);
    assert_eq!(info.tenant_sso_id.as_deref(), Some("s1"));
    assert_eq!(info.idp_response.unwrap().saml_attributes["email"], ADA);
    let again = sign_in(&emulator, ADA, &to_callback()).unwrap();
    assert!(!again.first_seen);
    assert_eq!((again.user.user_tenants.len(), again.user.user_id), (1, info.user.user_id));
}

#[test]
fn a_configuration_is_found_by_id_and_by_domain() {
    let emulator = emulator();
    let client = client(&emulator);
    for (tenant, options) in [
        ("acme", SsoOptions::default().sso_id("s2")),
        ("grace@labs.example.com", SsoOptions::default()),
    ] {
        let url = client.auth().sso().start(tenant, &options).unwrap();
        let back = emulator.idp_sign_in(&url, "grace@labs.example.com").unwrap();
        assert!(back.starts_with("https://labs.example.com/in?code="), "{back}");
        let info = client.auth().sso().exchange(&code_of(&back)).unwrap();
        assert_eq!(info.tenant_sso_id.as_deref(), Some("s2"));
        assert_eq!(info.idp_response.unwrap().oidc_claims["sub"], "grace@labs.example.com");
        assert!(!info.user.saml, "not by OpenID Connect");
    }
}

#[test]
fn without_a_configuration_there_is_no_sign_in() {
    let emulator = emulator();
    for (tenant, options) in [
        ("nowhere", to_callback()),
        ("bare", to_callback()),
        ("acme", to_callback().sso_id("s3")),
        ("ada@other.example.com", to_callback()),
    ] {
        let error = sign_in(&emulator, tenant, &options).unwrap_err();
        assert_eq!(error.code(), Some(codes::INVALID_ARGUMENTS), "{tenant}");
    }
}

#[test]
fn a_configuration_that_is_gone_lets_nobody_in() {
    type Delete = fn(&Client);
    let tenant: Delete = |c| c.mgmt().tenant().delete("acme").unwrap();
    let configuration: Delete = |c| c.mgmt().sso().delete("acme", Some("s1")).unwrap();
    for delete in [tenant, configuration] {
        let emulator = emulator();
        let client = client(&emulator);
        let start = || client.auth().sso().start("acme", &to_callback()).unwrap();
        let (url, code) = (start(), code_of(&emulator.idp_sign_in(&start(), "eve").unwrap()));
        delete(&client);
        let back = emulator.idp_sign_in(&url, ADA).unwrap();
        assert!(back.contains("?err="), "{back}");
        assert!(client.mgmt().user().load(ADA).unwrap_err().is_not_found());
        let error = client.auth().sso().exchange(&code).unwrap_err();
        assert_eq!(error.code(), Some(codes::INVALID_ARGUMENTS));
    }
}

#[test]
fn codes_are_good_once_for_a_while_and_for_this_kind() {
    let emulator = emulator();
    let client = client(&emulator);
    let code = || {
        let url = client.auth().sso().start("acme", &to_callback()).unwrap();
        code_of(&emulator.idp_sign_in(&url, ADA).unwrap())
    };
    let (spent, late) = (code(), code());
    client.auth().sso().exchange(&spent).unwrap();
    assert!(client.auth().oauth().exchange(&late).unwrap_err().is_unauthorized());
    emulator.advance(Duration::from_secs(180));
    for wrong in [&*spent, &late, "nonsense"] {
        assert!(client.auth().sso().exchange(wrong).unwrap_err().is_unauthorized(), "{wrong}");
    }
    let url = client.auth().sso().start("acme", &to_callback()).unwrap();
    let back = emulator.idp_refuse(&url, "login_required").unwrap();
    assert_eq!(back, format!("{CALLBACK}?err=login_required"));
}

#[test]
fn saml_still_signs_in() {
    let emulator = emulator();
    let client = client(&emulator);
    let options = SamlOptions::default().redirect_url(CALLBACK).initiated_email(ADA);
    let url = client.auth().saml().start("acme", &options).unwrap();
    let code = code_of(&emulator.idp_sign_in(&url, ADA).unwrap());
    let info = client.auth().saml().exchange(&code).unwrap();
    assert_eq!((&*info.user.email, info.user.saml), (ADA, true));
    assert!(client.auth().saml().exchange(&code).unwrap_err().is_unauthorized());
    let error = client.auth().saml().start("bare", &SamlOptions::default()).unwrap_err();
    assert_eq!(error.code(), Some(codes::INVALID_ARGUMENTS));
}

#[test]
fn step_up_and_mfa_are_for_the_user_of_the_session() {
    let emulator = emulator();
    let first = sign_in(&emulator, "acme", &to_callback()).unwrap();
    let login = LoginOptions::default()
        .step_up(first.refresh_token().unwrap())
        .add_factor(first.refresh_token().unwrap())
        .custom_claims([("theme", "dark")]);
    let options = to_callback().login(login);
    let info = sign_in(&emulator, "acme", &options).unwrap();
    assert_eq!(info.claims().get::<bool>("su").unwrap(), Some(true));
    assert_eq!(info.claims().get::<String>("theme").unwrap().as_deref(), Some("dark"));
    assert_eq!(info.claims().auth_factors(), ["fed", "mfa"]);
    let client = client(&emulator);
    let url = client.auth().sso().start("acme", &options).unwrap();
    let back = emulator.idp_sign_in(&url, "eve@acme.example.com").unwrap();
    assert!(back.contains("?err="), "{back}");
}

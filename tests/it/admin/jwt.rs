//! Tokens.

use std::time::Duration;

use descope::mgmt::jwt::{
    Anonymous, CurrentSession, Impersonation, JwtOptions, SignIn, SignUp, UpdateJwt,
};
use descope::mgmt::user::NewUser;
use descope::{
    AuthInfo, Client, Error, Scope, Secret, TenantRoles, TokenError, UserDetails, codes,
};
use serde_json::{Value, json};

use crate::emulated::{ADA, start, with_ada};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, REFRESH, refuses, sends, signed_in, user_details};

const HOUR: Duration = Duration::from_secs(3600);

fn claims() -> [(&'static str, Value); 1] {
    [("c", json!({ "list": [1, null] }))]
}

#[test]
fn update_impersonate_and_stop_with_every_field() {
    let answer = json!({ "jwt": "canary" });
    let is_canary = |jwt: Secret| {
        assert_eq!(jwt.expose(), "canary");
        assert!(!format!("{jwt:?}").contains("canary"));
    };
    let body = json!({
        "jwt": REFRESH, "customClaims": { "c": { "list": [1, null] } }, "refreshDuration": 3600,
    });
    let options = UpdateJwt::default().custom_claims(claims()).refresh_duration(HOUR);
    is_canary(sends("POST /v1/mgmt/jwt/update", MANAGEMENT, body, &answer, |client| {
        client.mgmt().jwt().update(REFRESH, &options)
    }));

    let options = Impersonation::default()
        .validate_consent(true)
        .custom_claims(claims())
        .selected_tenant("acme")
        .session_cookie_name("DS2")
        .refresh_duration(HOUR);
    let body = json!({
        "impersonatorId": "ada", "loginId": "al", "validateConsent": true,
        "customClaims": { "c": { "list": [1, null] } }, "selectedTenant": "acme",
        "sessionCookieName": "DS2", "refreshDuration": 3600,
    });
    let line = "POST /v1/mgmt/impersonate/stepup";
    is_canary(sends(line, MANAGEMENT, body.clone(), &answer, |client| {
        client.mgmt().jwt().impersonate_stepup("ada", "al", &options)
    }));
    is_canary(sends("POST /v1/mgmt/impersonate", MANAGEMENT, body, &answer, |client| {
        client.mgmt().jwt().impersonate("ada", "al", &options)
    }));

    let options = JwtOptions::default()
        .custom_claims(claims())
        .selected_tenant("acme")
        .refresh_duration(HOUR);
    let body = json!({
        "jwt": REFRESH, "customClaims": { "c": { "list": [1, null] } },
        "selectedTenant": "acme", "refreshDuration": 3600,
    });
    is_canary(sends("POST /v1/mgmt/stop/impersonation", MANAGEMENT, body, &answer, |client| {
        client.mgmt().jwt().stop_impersonation(REFRESH, &options)
    }));
    let body = json!({ "impersonatorId": "ada", "loginId": "al" });
    is_canary(sends("POST /v1/mgmt/impersonate", MANAGEMENT, body, &answer, |client| {
        client.mgmt().jwt().impersonate("ada", "al", &Impersonation::default())
    }));
    every_field_of([
        "POST /v1/mgmt/impersonate",
        "POST /v1/mgmt/impersonate/stepup",
        "POST /v1/mgmt/jwt/update",
        "POST /v1/mgmt/stop/impersonation",
    ]);
}

#[test]
fn sign_in_sign_up_and_anonymous_with_every_field() {
    let session = CurrentSession::step_up(REFRESH)
        .revoke_other_sessions(true)
        .revoke_other_sessions_types(["web"]);
    let options = SignIn::default()
        .session(session)
        .custom_claims(claims())
        .tenant_id("acme")
        .selected_tenant_id("acme")
        .refresh_duration(HOUR);
    let body = json!({
        "loginId": "ada", "stepup": true, "revokeOtherSessions": true,
        "revokeOtherSessionsTypes": ["web"], "jwt": REFRESH,
        "customClaims": { "c": { "list": [1, null] } }, "tenantId": "acme",
        "selectedTenantId": "acme", "refreshDuration": 3600,
    });
    let line = "POST /v1/mgmt/auth/signin";
    let info = sends(line, MANAGEMENT, body, &signed_in(), |client| {
        client.mgmt().jwt().sign_in("ada", &options)
    });
    assert_eq!(
        (info.claims().user_id(), info.user.name.as_deref().unwrap_or_default()),
        ("U1", "Ada")
    );
    sends(line, MANAGEMENT, json!({ "loginId": "ada" }), &signed_in(), |client| {
        client.mgmt().jwt().sign_in("ada", &SignIn::default())
    });
    for (session, more) in [
        (CurrentSession::add_factor(REFRESH), json!({ "mfa": true })),
        (
            CurrentSession::new(REFRESH).revoke_other_sessions(false),
            json!({ "revokeOtherSessions": false }),
        ),
    ] {
        let mut body = json!({ "loginId": "ada", "jwt": REFRESH });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        sends(line, MANAGEMENT, body, &signed_in(), |client| {
            client.mgmt().jwt().sign_in("ada", &SignIn::default().session(session.clone()))
        });
    }

    let user = UserDetails::default()
        .name("Ada Lovelace")
        .given_name("Ada")
        .middle_name("King")
        .family_name("Lovelace")
        .email(ADA)
        .phone("+12025550101")
        .recovery_email("ada@example.org")
        .recovery_phone("+12025550102");
    let options = SignUp::default()
        .user(user)
        .verified_email(true)
        .verified_phone(false)
        .sso_app_id("app")
        .custom_claims(claims())
        .tenants([TenantRoles::new("acme").roles(["Owner"])])
        .selected_tenant_id("acme")
        .refresh_duration(HOUR);
    let body = json!({
        "loginId": "ada", "user": user_details(), "emailVerified": true, "phoneVerified": false,
        "ssoAppId": "app", "customClaims": { "c": { "list": [1, null] } },
        "userTenants": [{ "tenantId": "acme", "roleNames": ["Owner"] }],
        "selectedTenantId": "acme", "refreshDuration": 3600,
    });
    sends("POST /v1/mgmt/auth/signup", MANAGEMENT, body.clone(), &signed_in(), |client| {
        client.mgmt().jwt().sign_up("ada", &options)
    });
    sends("POST /v1/mgmt/auth/signup-in", MANAGEMENT, body, &signed_in(), |client| {
        client.mgmt().jwt().sign_up_or_in("ada", &options)
    });

    let token = JwtOptions::default()
        .custom_claims(claims())
        .selected_tenant("acme")
        .refresh_duration(HOUR);
    let options = Anonymous::from(token).roles(["Guest"]);
    let body = json!({
        "customClaims": { "c": { "list": [1, null] } }, "selectedTenant": "acme",
        "refreshDuration": 3600, "roles": ["Guest"],
    });
    let mut answer = signed_in();
    answer.as_object_mut().unwrap().remove("user");
    let info = sends("POST /v1/mgmt/auth/anonymous", MANAGEMENT, body, &answer, |client| {
        client.mgmt().jwt().anonymous(&options)
    });
    assert_eq!(info.user.user_id, "");
    assert!(info.refresh.is_some());
    every_field_of([
        "POST /v1/mgmt/auth/anonymous",
        "POST /v1/mgmt/auth/signin",
        "POST /v1/mgmt/auth/signup",
        "POST /v1/mgmt/auth/signup-in",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let options = Impersonation::default();
    refuses("token", |c| c.mgmt().jwt().update("", &UpdateJwt::default()));
    refuses("token", |c| c.mgmt().jwt().update("a b", &UpdateJwt::default()));
    refuses("token", |c| c.mgmt().jwt().update(&"a".repeat(20_000), &UpdateJwt::default()));
    refuses("impersonator_id", |c| c.mgmt().jwt().impersonate("", "al", &options));
    refuses("login_id", |c| c.mgmt().jwt().impersonate("ada", "", &options));
    refuses("impersonator_id", |c| c.mgmt().jwt().impersonate_stepup("", "al", &options));
    refuses("login_id", |c| c.mgmt().jwt().impersonate_stepup("ada", "", &options));
    refuses("refresh_token", |c| c.mgmt().jwt().stop_impersonation("", &JwtOptions::default()));
    refuses("login_id", |c| c.mgmt().jwt().sign_in("", &SignIn::default()));
    for broken in ["", "a\r\nb"] {
        let options = SignIn::default().session(CurrentSession::step_up(broken));
        refuses("refresh_token", |c| c.mgmt().jwt().sign_in("ada", &options));
    }
    refuses("login_id", |c| c.mgmt().jwt().sign_up("", &SignUp::default()));
    refuses("login_id", |c| c.mgmt().jwt().sign_up_or_in("", &SignUp::default()));
    refusals_of([
        ("POST /v1/mgmt/auth/signin", "login_id refresh_token"),
        ("POST /v1/mgmt/auth/signup", "login_id"),
        ("POST /v1/mgmt/auth/signup-in", "login_id"),
        ("POST /v1/mgmt/impersonate", "impersonator_id login_id"),
        ("POST /v1/mgmt/impersonate/stepup", "impersonator_id login_id"),
        ("POST /v1/mgmt/jwt/update", "token"),
        ("POST /v1/mgmt/stop/impersonation", "refresh_token"),
    ]);
}

#[test]
fn tokens_do_not_show_in_errors() {
    let client = Client::builder()
        .ignore_env()
        .project_id("P2abc")
        .management_key("K2")
        .transport(|request: descope::transport::Request| {
            // An answer that repeats what was asked.
            let mut response = descope::transport::Response::new(request.into_body());
            *response.status_mut() = descope::transport::http::StatusCode::BAD_REQUEST;
            Ok(response)
        })
        .build()
        .unwrap();
    let error = client.mgmt().jwt().update("canary-token", &UpdateJwt::default()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}

fn sign_in(client: &Client, login_id: &str) -> AuthInfo {
    client.mgmt().jwt().sign_in(login_id, &SignIn::default()).unwrap()
}

#[test]
fn claims_are_added_to_both_kinds_of_token() {
    let (_, client) = with_ada();
    let info = sign_in(&client, ADA);
    let options = UpdateJwt::default().custom_claims([
        ("plan", json!("pro")),
        ("sub", json!("U9")),
        ("roles", json!(["Admin"])),
    ]);
    let session = client.mgmt().jwt().update(info.session_token(), &options).unwrap();
    let claims = client.auth().session().validate(session.expose()).unwrap();
    assert_eq!(claims.get::<String>("plan").unwrap().as_deref(), Some("pro"));
    assert_eq!(claims.user_id(), info.claims().user_id(), "Descope's claims stay");
    assert!(!claims.has_roles(Scope::Project, ["Admin"]));

    let refresh = client.mgmt().jwt().update(info.refresh_token().unwrap(), &options).unwrap();
    assert_ne!(refresh.expose(), info.refresh_token().unwrap());
    let renewed = client.auth().session().refresh(refresh.expose()).unwrap();
    assert_eq!(renewed.claims().get::<String>("plan").unwrap().as_deref(), Some("pro"));
    client.auth().session().logout(refresh.expose()).unwrap();
    assert!(client.mgmt().jwt().update(refresh.expose(), &options).is_err(), "it has ended");
    assert!(client.mgmt().jwt().update("no.such.token", &options).is_err());
}

#[test]
fn a_refresh_token_lasts_as_long_as_asked() {
    let (emulator, client) = with_ada();
    let short = SignIn::default().refresh_duration(Duration::from_secs(120));
    let info = client.mgmt().jwt().sign_in(ADA, &short).unwrap();
    let longer = UpdateJwt::default().refresh_duration(HOUR);
    let longer = client.mgmt().jwt().update(info.refresh_token().unwrap(), &longer).unwrap();
    emulator.advance(Duration::from_secs(130));
    let refresh = |token: &str| client.auth().session().refresh(token);
    let over = refresh(info.refresh_token().unwrap()).unwrap_err();
    assert!(matches!(over, Error::Token(TokenError::SessionExpired { .. })), "{over:?}");
    assert!(refresh(longer.expose()).is_ok());
    emulator.advance(HOUR);
    assert!(refresh(longer.expose()).unwrap_err().is_sign_in_required());
}

#[test]
fn impersonation_needs_permission_and_consent_and_says_who_acts() {
    let (emulator, client) = start();
    let seed = json!({
        "permissions": [{ "name": "Impersonate" }],
        "roles": [{ "name": "Support", "permissionNames": ["Impersonate"] }],
        "tenants": [{ "id": "acme", "name": "Acme" }],
        "users": [
            { "loginId": "support", "roleNames": ["Support"] },
            { "loginId": "ada", "userTenants": [{ "tenantId": "acme" }] },
        ],
    });
    emulator.seed(&seed).unwrap();
    let jwt = client.mgmt().jwt();
    let plain = Impersonation::default();
    assert!(jwt.impersonate("ada", "support", &plain).unwrap_err().is_forbidden());
    assert!(jwt.impersonate("nobody", "ada", &plain).unwrap_err().is_not_found());
    assert!(jwt.impersonate("support", "nobody", &plain).unwrap_err().is_not_found());
    let consent = Impersonation::default().validate_consent(true);
    assert!(jwt.impersonate("support", "ada", &consent).unwrap_err().is_forbidden());
    emulator.seed(&json!({ "consents": [{ "loginId": "ada" }] })).unwrap();
    let elsewhere = Impersonation::default().selected_tenant("t9");
    assert!(jwt.impersonate("support", "ada", &elsewhere).is_err());

    let [support, ada] =
        ["support", "ada"].map(|login_id| client.mgmt().user().load(login_id).unwrap().user_id);
    let options = Impersonation::default()
        .validate_consent(true)
        .selected_tenant("acme")
        .custom_claims([("ticket", 7)])
        .refresh_duration(HOUR);
    // By user ID too.
    let refresh = jwt.impersonate(&support, &ada, &options).unwrap();
    let session = client.auth().session().refresh(refresh.expose()).unwrap();
    let claims = session.claims();
    assert_eq!((claims.user_id(), &*session.user.user_id), (&*ada, &*ada));
    assert_eq!(claims.get::<Value>("act").unwrap(), Some(json!({ "sub": support })));
    assert_eq!(claims.get::<i64>("ticket").unwrap(), Some(7));
    assert_eq!(claims.get::<String>("dct").unwrap().as_deref(), Some("acme"));
    assert_eq!(claims.get::<bool>("su").unwrap(), None);

    let own = jwt.stop_impersonation(refresh.expose(), &JwtOptions::default()).unwrap();
    assert!(client.auth().session().refresh(refresh.expose()).is_err(), "it has ended");
    let session = client.auth().session().refresh(own.expose()).unwrap();
    assert_eq!(session.claims().user_id(), support);
    assert_eq!(session.claims().get::<Value>("act").unwrap(), None);
    assert!(jwt.stop_impersonation(own.expose(), &JwtOptions::default()).is_err());

    let stepup = jwt.impersonate_stepup("support", "ada", &plain).unwrap();
    let session = client.auth().session().refresh(stepup.expose()).unwrap();
    assert_eq!(session.claims().get::<bool>("su").unwrap(), Some(true));
}

#[test]
fn users_are_signed_up_and_in_without_being_asked() {
    let (emulator, client) = start();
    emulator.seed(&json!({ "roles": [{ "name": "Member", "default": true }] })).unwrap();
    let jwt = client.mgmt().jwt();
    let unknown = jwt.sign_in(ADA, &SignIn::default()).unwrap_err();
    assert_eq!(unknown.code(), Some(codes::USER_NOT_FOUND));
    let user = UserDetails::default().name("Ada").email(ADA).phone("+12025550101");
    let new = SignUp::default().user(user).verified_email(true).custom_claims([("theme", "dark")]);
    let info = jwt.sign_up(ADA, &new).unwrap();
    assert!(info.first_seen && info.user.verified_email && !info.user.verified_phone);
    assert_eq!(info.user.name.as_deref(), Some("Ada"));
    assert!(info.claims().has_roles(Scope::Project, ["Member"]));
    assert_eq!(info.claims().get::<String>("theme").unwrap().as_deref(), Some("dark"));
    let taken = jwt.sign_up(ADA, &new).unwrap_err();
    assert_eq!(taken.code(), Some(codes::USER_ALREADY_EXISTS));
    let again = jwt.sign_up_or_in(ADA, &SignUp::default()).unwrap();
    assert!(!again.first_seen);
    assert_eq!(again.user.user_id, info.user.user_id);
    assert!(jwt.sign_up_or_in("al", &SignUp::default()).unwrap().first_seen);

    let up = SignIn::default().session(CurrentSession::step_up(info.refresh_token().unwrap()));
    let raised = jwt.sign_in(ADA, &up).unwrap();
    assert_eq!(raised.claims().get::<bool>("su").unwrap(), Some(true));
    let al = CurrentSession::step_up(sign_in(&client, "al").refresh_token().unwrap());
    let others = SignIn::default().session(al);
    assert!(jwt.sign_in(ADA, &others).is_err(), "another user's session");
    let session = CurrentSession::new(info.refresh_token().unwrap()).revoke_other_sessions(true);
    let only = SignIn::default().session(session);
    jwt.sign_in(ADA, &only).unwrap();
    assert!(client.auth().session().refresh(again.refresh_token().unwrap()).is_err());
}

#[test]
fn an_anonymous_session_has_tokens_and_no_user() {
    let (_, client) = start();
    let options = JwtOptions::default()
        .custom_claims([("cart", "C7")])
        .selected_tenant("acme")
        .refresh_duration(HOUR);
    let guest = client.mgmt().jwt().anonymous(&options.into()).unwrap();
    let claims = client.auth().session().validate(guest.session_token()).unwrap();
    assert_eq!(claims.get::<String>("cart").unwrap().as_deref(), Some("C7"));
    assert_eq!(claims.get::<String>("dct").unwrap().as_deref(), Some("acme"));
    assert_eq!((&*guest.user.user_id, guest.cookie.max_age), ("", Some(3600)));
    let users = client.mgmt().user().create("ada", &NewUser::default());
    assert!(users.is_ok());
    let refused = client.auth().session().refresh(guest.refresh_token().unwrap());
    assert!(matches!(refused, Err(Error::Api(_))));
}

#[test]
fn roles_are_those_of_the_guest_and_of_who_signs_up() {
    let (emulator, client) = start();
    let seed = json!({
        "permissions": [{ "name": "browse" }],
        "tenants": [{ "id": "acme", "name": "Acme" }, { "id": "other", "name": "Other" }],
        "roles": [
            { "name": "Guest", "permissionNames": ["browse"] },
            { "name": "Owner", "tenantId": "acme" },
        ],
    });
    emulator.seed(&seed).unwrap();
    let (jwt, session) = (client.mgmt().jwt(), client.auth().session());
    let claims = |info: &AuthInfo| session.validate(info.session_token()).unwrap();
    let guest = claims(&jwt.anonymous(&Anonymous::default().roles(["Guest"])).unwrap());
    assert_eq!(guest.roles(Scope::Project), ["Guest"]);
    assert_eq!(guest.permissions(Scope::Project), ["browse"]);
    let in_acme = JwtOptions::default().selected_tenant("acme");
    let options = Anonymous::from(in_acme).roles(["Owner"]);
    let guest = claims(&jwt.anonymous(&options).unwrap());
    assert_eq!(guest.roles(Scope::Tenant("acme")), ["Owner"]);
    assert_eq!(guest.roles(Scope::Project), [""; 0]);
    let unknown = jwt.anonymous(&Anonymous::default().roles(["Owner"]));
    assert_eq!(unknown.unwrap_err().status(), Some(400), "it is a role in a tenant");

    let options = SignUp::default()
        .tenants([TenantRoles::new("acme").roles(["Owner"]), TenantRoles::new("other")])
        .selected_tenant_id("acme");
    let ada = claims(&jwt.sign_up("ada", &options).unwrap());
    assert_eq!(ada.current_tenant(), Some("acme"));
    assert_eq!(ada.roles(Scope::Tenant("acme")), ["Owner"]);
    let again = jwt.sign_in("ada", &SignIn::default().selected_tenant_id("other")).unwrap();
    assert_eq!(claims(&again).current_tenant(), Some("other"));
    let unknown = jwt.sign_in("ada", &SignIn::default().selected_tenant_id("nowhere"));
    assert_eq!(unknown.unwrap_err().status(), Some(400));
}

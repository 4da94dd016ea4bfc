//! Sessions: the requests, and whole lives of sessions against the emulator.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use descope::auth::session::LogoutOptions;
use descope::auth::session::MyTenants;
use descope::auth::session::RefreshOptions;
use descope::auth::session::SessionTokens;
use descope::auth::{DeliveryMethod, MessageLoginOptions, MessageSignUpOptions, UpdateOptions};
use descope::emulator::{Emulator, Fault};
use descope::{AuthInfo, Client, Error, Scope, TokenError, UserDetails, UserStatus, codes};
use serde_json::{Value, json};

use crate::inventory::{every_field_of, refusals_of};
use crate::support::{REFRESH, exchange, issued, refuses, sends, signed_in};

const ADA: &str = "ada@example.com";

// The requests.

#[test]
fn me() {
    let answer = json!({
        "userId": "U1", "loginIds": ["ada"], "name": "Ada Lovelace", "givenName": "Ada",
        "middleName": "King", "familyName": "Lovelace", "email": ADA, "verifiedEmail": true,
        "phone": "+12025550101", "verifiedPhone": true, "picture": "https://example.com/ada.png",
        "status": "enabled", "roleNames": ["Admin"],
        "userTenants": [{ "tenantId": "t1", "tenantName": "One", "roleNames": ["Writer"] }],
        "ssoAppIds": ["S1"], "customAttributes": { "plan": { "seats": null } }, "test": true,
        "createdTime": 1_700_000_000, "modifiedTime": "1700000001", "TOTP": true, "webauthn": true,
        "password": true, "SAML": true, "SCIM": true, "OAuth": { "google": true },
        "newerThanThisCrate": [1],
    });
    let user = sends("GET /v1/auth/me", REFRESH, Value::Null, &answer, |client| {
        client.auth().session().me(REFRESH)
    });
    assert_eq!((&*user.user_id, &*user.login_ids), ("U1", &["ada".to_owned()][..]));
    assert_eq!(
        (user.name.as_deref().unwrap_or_default(), user.given_name.as_deref().unwrap_or_default()),
        ("Ada Lovelace", "Ada")
    );
    assert_eq!(
        (
            user.middle_name.as_deref().unwrap_or_default(),
            user.family_name.as_deref().unwrap_or_default()
        ),
        ("King", "Lovelace")
    );
    assert_eq!(
        (user.email.as_deref().unwrap_or_default(), user.phone.as_deref().unwrap_or_default()),
        (ADA, "+12025550101")
    );
    assert!(user.verified_email && user.verified_phone && user.test);
    assert!(user.totp && user.webauthn && user.password && user.saml && user.scim);
    assert_eq!(user.picture.as_deref(), Some("https://example.com/ada.png"));
    assert_eq!((user.status, user.roles), (Some(UserStatus::Enabled), vec!["Admin".to_owned()]));
    let tenant = &user.user_tenants[0];
    assert_eq!((&*tenant.tenant_id, &*tenant.tenant_name), ("t1", "One"));
    assert_eq!(tenant.roles, ["Writer"]);
    assert_eq!((&*user.sso_app_ids, user.oauth["google"]), (&["S1".to_owned()][..], true));
    assert_eq!(user.custom_attributes["plan"], json!({ "seats": null }));
    assert_eq!(user.created_time.unwrap().as_seconds(), 1_700_000_000);
    assert_eq!(user.modified_time.unwrap().as_seconds(), 1_700_000_001);
    assert_eq!(user.extra["newerThanThisCrate"], json!([1]));
    every_field_of(["GET /v1/auth/me"]);
}

#[test]
fn history() {
    let answer = json!([
        { "userId": "U1", "loginTime": 1_700_000_000, "city": "London", "country": "GB",
          "ip": "192.0.2.1", "selectedTenant": "t1" },
        { "userId": "U1", "city": null },
    ]);
    let records = sends("GET /v1/auth/me/history", REFRESH, Value::Null, &answer, |client| {
        client.auth().session().load_history(REFRESH)
    });
    let first = &records[0];
    assert_eq!((&*first.user_id, first.login_time.unwrap().as_seconds()), ("U1", 1_700_000_000));
    assert_eq!(
        (first.city.as_deref(), first.country.as_deref(), first.ip.as_deref()),
        (Some("London"), Some("GB"), Some("192.0.2.1"))
    );
    assert_eq!((first.selected_tenant.as_deref(), &records[1].city), (Some("t1"), &None));
    // The other form of the answer, which Descope's OpenAPI description has.
    let form = json!({ "authHistory": answer });
    let named = sends("GET /v1/auth/me/history", REFRESH, Value::Null, &form, |client| {
        client.auth().session().load_history(REFRESH)
    });
    assert_eq!(named, records);
    for none in [json!({}), json!({ "authHistory": null })] {
        assert_eq!(exchange(&none, |c| c.auth().session().load_history(REFRESH)).0.unwrap(), []);
    }
    let odd =
        exchange(&json!({ "authHistory": 7 }), |c| c.auth().session().load_history(REFRESH)).0;
    assert!(matches!(odd, Err(Error::Decode(_))));
    every_field_of(["GET /v1/auth/me/history"]);
}

#[test]
fn my_tenants() {
    let line = "POST /v1/auth/me/tenants";
    let answer =
        json!({ "tenants": [{ "id": "t1", "name": "One", "customAttributes": { "a": 1 } }] });
    let tenants = sends(line, REFRESH, json!({ "dct": true }), &answer, |client| {
        client.auth().session().load_my_tenants(MyTenants::Current, REFRESH)
    });
    assert_eq!((&*tenants[0].id, &*tenants[0].name), ("t1", "One"));
    assert_eq!(tenants[0].custom_attributes["a"], 1);
    let body = json!({ "dct": false, "ids": ["t1", "t2"] });
    sends(line, REFRESH, body, &answer, |client| {
        client.auth().session().load_my_tenants(MyTenants::Ids(&["t1", "t2"]), REFRESH)
    });
    every_field_of(["POST /v1/auth/me/tenants"]);
}

#[test]
fn nothing_may_be_left_out_or_null() {
    for answer in [json!({}), json!({ "tenants": null }), json!({ "tenants": [] })] {
        let found =
            exchange(&answer, |c| c.auth().session().load_my_tenants(MyTenants::Current, REFRESH));
        assert_eq!(found.0.unwrap(), [], "{answer}");
    }
    for answer in [json!(null), json!([])] {
        let found = exchange(&answer, |c| c.auth().session().load_history(REFRESH));
        assert_eq!(found.0.unwrap().len(), 0, "{answer}");
    }
}

#[test]
fn select_tenant() {
    let body = json!({ "tenant": "t1" });
    let info = sends("POST /v1/auth/tenant/select", REFRESH, body, &signed_in(), |client| {
        client.auth().session().select_tenant("t1", REFRESH)
    });
    assert_eq!((info.claims().user_id(), info.first_seen), ("U1", false));
    every_field_of(["POST /v1/auth/tenant/select"]);
}

#[test]
fn refresh_with_a_token_of_another_vendor() {
    let answer = signed_in();
    let given = answer["refreshJwt"].as_str().unwrap();
    let body = json!({ "externalToken": "vendor" });
    let info = sends("POST /v1/auth/refresh", given, body, &answer, |client| {
        client
            .auth()
            .session()
            .refresh_with(given, &RefreshOptions::default().external_token("vendor"))
    });
    assert_eq!(info.claims().user_id(), "U1");
    every_field_of(["POST /v1/auth/refresh"]);
    refuses("external_token", |c| {
        c.auth().session().refresh_with(given, &RefreshOptions::default().external_token(""))
    });
}

#[test]
fn what_else_an_answer_says_is_kept() {
    let mut answer = signed_in();
    let token = answer["sessionJwt"].clone();
    for (name, value) in [
        ("trustedDeviceJwt", json!("tdj")),
        ("knownDeviceJwt", json!("kdj")),
        ("externalToken", json!("ext")),
        ("nextRefreshSeconds", json!("300")),
        ("sessionExpiration", json!(1_900_000_100)),
        ("cookieName", json!("R")),
        ("sessionCookieName", json!("S")),
        ("sessionCookieDomain", json!("s.example.com")),
        ("claims", json!({ "a": 1 })),
        ("unsavedSSO", json!(true)),
        ("newerThanThis", json!({ "b": [null] })),
        ("newerJwt", json!("s3cret-1")),
        ("newer", token),
        ("clientSecret", json!("s3cret-2")),
    ] {
        answer[name] = value;
    }
    let (info, _) = exchange(&answer, |client| client.auth().magic_link().verify("t"));
    let info = info.unwrap();
    let secret = |secret: &Option<descope::Secret>| secret.as_ref().unwrap().expose().to_owned();
    assert_eq!(secret(&info.trusted_device_token), "tdj");
    assert_eq!(secret(&info.known_device_token), "kdj");
    assert_eq!(secret(&info.external_token), "ext");
    assert_eq!(info.next_refresh_seconds, Some(300));
    assert_eq!(info.session_expiration.unwrap().as_seconds(), 1_900_000_100);
    let cookie = &info.cookie;
    assert_eq!(cookie.name.as_deref(), Some("R"));
    assert_eq!(cookie.session_name.as_deref(), Some("S"));
    assert_eq!(cookie.session_domain.as_deref(), Some("s.example.com"));
    assert_eq!(
        (cookie.max_age, cookie.expires.map(descope::UnixTime::as_seconds)),
        (Some(3600), Some(1_900_000_000))
    );
    assert_eq!(info.unsigned_claims["a"], 1);
    assert_eq!(info.unsaved_sso, Some(true));
    assert_eq!(info.extra.keys().collect::<Vec<_>>(), ["newerThanThis"]);
    assert_eq!(
        info.extra_secrets.keys().collect::<Vec<_>>(),
        ["clientSecret", "newer", "newerJwt"]
    );
    assert_eq!(info.extra_secrets["newerJwt"].expose(), "s3cret-1");
    let printed = format!("{info:?}");
    assert!(!printed.contains("s3cret") && printed.contains("newerThanThis"), "{printed}");
}

#[test]
fn the_refresh_token_is_kept_unless_there_is_a_new_one() {
    let mut answer = signed_in();
    let given = answer["refreshJwt"].as_str().unwrap().to_owned();
    let refresh = |answer: &Value| {
        sends("POST /v1/auth/refresh", &given, json!({}), answer, |client| {
            client.auth().session().refresh(&given)
        })
    };
    let select = |answer: &Value| {
        let body = json!({ "tenant": "t1" });
        sends("POST /v1/auth/tenant/select", &given, body, answer, |client| {
            client.auth().session().select_tenant("t1", &given)
        })
    };
    let rotated = signed_in();
    for info in [refresh(&rotated), select(&rotated)] {
        assert_eq!(info.refresh_token(), rotated["refreshJwt"].as_str());
    }
    for nothing in [Value::Null, json!("")] {
        answer["refreshJwt"] = nothing;
        for info in [refresh(&answer), select(&answer)] {
            assert_eq!(info.refresh_token(), Some(&*given));
            assert_eq!(info.session_token(), answer["sessionJwt"].as_str().unwrap());
            assert_eq!(info.refresh.unwrap().claims.user_id(), "U1");
        }
    }
}

#[test]
fn logout() {
    sends("POST /v1/auth/logout", REFRESH, json!({}), &json!({}), |client| {
        client.auth().session().logout(REFRESH)
    });
    sends("POST /v1/auth/logoutall", REFRESH, json!({}), &json!({}), |client| {
        client.auth().session().logout_all(REFRESH)
    });
    let (options, body) =
        (LogoutOptions::default().types(["web"]), json!({ "logoutType": ["web"] }));
    sends("POST /v1/auth/logout", REFRESH, body.clone(), &json!({}), |client| {
        client.auth().session().logout_with(REFRESH, &options)
    });
    sends("POST /v1/auth/logoutall", REFRESH, body, &json!({}), |client| {
        client.auth().session().logout_all_with(REFRESH, &options)
    });
    every_field_of(["POST /v1/auth/logout", "POST /v1/auth/logoutall"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let long = "x".repeat(16 * 1024 + 1);
    for bad in ["", "a b", "a:b", "a\r\nx: y", "é", "\0", &long] {
        refuses("refresh_token", |c| c.auth().session().me(bad));
        refuses("refresh_token", |c| c.auth().session().load_history(bad));
        refuses("refresh_token", |c| c.auth().session().logout(bad));
        refuses("refresh_token", |c| c.auth().session().logout_all(bad));
        refuses("refresh_token", |c| c.auth().session().load_my_tenants(MyTenants::Current, bad));
        refuses("refresh_token", |c| c.auth().session().select_tenant("t1", bad));
    }
    for bad in ["", &long] {
        refuses("session_token", |c| c.auth().session().validate(bad));
        refuses("session_token", |c| {
            c.auth().session().validate_and_refresh(SessionTokens { session: bad, refresh: "" })
        });
        refuses("refresh_token", |c| c.auth().session().refresh(bad));
    }
    for bad in ["a b", "a:b.c.d", "a.b.c\r\n", "é.é.é", "..", "a.b.c.d"] {
        let (results, sent) = exchange(&json!({}), |client| {
            let session = client.auth().session();
            [
                session.validate(bad).err(),
                session.refresh(bad).err(),
                session.validate_and_refresh(SessionTokens { session: bad, refresh: bad }).err(),
            ]
        });
        assert_eq!(sent, []);
        for error in results {
            assert!(matches!(error, Some(Error::Token(_))), "{bad}: {error:?}");
        }
    }
    refuses("ids", |c| c.auth().session().load_my_tenants(MyTenants::Ids(&[]), REFRESH));
    refuses("ids", |c| c.auth().session().load_my_tenants(MyTenants::Ids(&["t1", ""]), REFRESH));
    for bad in ["", " ", "a\nb", &"x".repeat(2049)] {
        refuses("tenant_id", |c| c.auth().session().select_tenant(bad, REFRESH));
    }
    refusals_of([
        ("POST /v1/auth/logout", "refresh_token"),
        ("POST /v1/auth/logoutall", "refresh_token"),
        ("GET /v1/auth/me", "refresh_token"),
        ("GET /v1/auth/me/history", "refresh_token"),
        ("POST /v1/auth/me/tenants", "ids refresh_token"),
        ("POST /v1/auth/tenant/select", "refresh_token tenant_id"),
    ]);
}

#[test]
fn what_an_answer_leaves_out_is_no_reason_to_fail() {
    let mut answer = signed_in();
    for name in
        ["cookieDomain", "cookiePath", "cookieMaxAge", "cookieExpiration", "user", "firstSeen"]
    {
        answer[name] = Value::Null;
    }
    let info = exchange(&answer, |c| c.auth().session().select_tenant("t1", REFRESH)).0.unwrap();
    assert_eq!((&*info.cookie.domain, &*info.cookie.path, info.cookie.max_age), ("", "/", None));
    assert!(info.first_seen && info.user.user_id.is_empty());
    answer["sessionJwt"] = Value::Null;
    let error =
        exchange(&answer, |c| c.auth().session().select_tenant("t1", REFRESH)).0.unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "{error:?}");
}

// Lives of sessions.

/// A project with two tenants, where Ada writes in one and is a member of the other.
fn project(emulator: &Emulator) -> Client {
    emulator
        .seed(&json!({
            "permissions": [{ "name": "read" }, { "name": "write" }],
            "tenants": [{ "id": "t1", "name": "One" }, { "id": "t2", "name": "Two" }],
            "roles": [{ "name": "Reader", "permissionNames": ["read"] },
                      { "name": "Writer", "permissionNames": ["write"] }],
            "users": [{ "loginId": ADA, "email": ADA, "phone": "+12025550101",
                        "roleNames": ["Reader"], "userTenants": [
                { "tenantId": "t1", "roleNames": ["Writer"] }, { "tenantId": "t2" },
            ] }],
        }))
        .unwrap();
    Client::builder().emulator(emulator).build().unwrap()
}

fn code(emulator: &Emulator, address: &str) -> String {
    emulator.inbox().last_to(address).unwrap().code.unwrap()
}

/// Signs Ada in by a code.
fn sign_in(emulator: &Emulator, client: &Client, options: &MessageLoginOptions) -> AuthInfo {
    let otp = client.auth().otp();
    otp.sign_in(DeliveryMethod::Email, ADA, options).unwrap();
    otp.verify(DeliveryMethod::Email, ADA, &code(emulator, ADA)).unwrap()
}

#[test]
fn codes_work_once_and_for_a_while() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let otp = client.auth().otp();
    let (email, sms) = (DeliveryMethod::Email, DeliveryMethod::Sms);
    let options = MessageSignUpOptions::default()
        .user(UserDetails::default().name("Ada Lovelace").phone("+12025550101"))
        .custom_claims([("theme", "dark")]);
    let sent_to = otp.sign_up(sms, "ada", &options).unwrap();
    assert_eq!(sent_to.masked_phone.as_deref(), Some(&*sent_to.to_string()));

    let right = code(&emulator, "+12025550101");
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let refused = otp.verify(sms, "ada", wrong).unwrap_err();
    assert_eq!((refused.code(), refused.status()), (Some(codes::WRONG_OTP_CODE), Some(401)));
    let info = otp.verify(sms, "ada", &right).unwrap();
    assert_eq!(
        (info.user.name.as_deref().unwrap_or_default(), info.first_seen, info.user.verified_phone),
        ("Ada Lovelace", true, true)
    );
    assert_eq!(info.claims().get::<String>("theme").unwrap().as_deref(), Some("dark"));
    assert_eq!(info.claims().auth_factors(), ["sms"]);
    assert_eq!(info.user.status, Some(UserStatus::Enabled));
    let reused = otp.verify(sms, "ada", &right).unwrap_err();
    assert_eq!(reused.code(), Some(codes::WRONG_OTP_CODE));

    let taken = otp.sign_up(sms, "ada", &options).unwrap_err();
    assert_eq!(taken.code(), Some(codes::USER_ALREADY_EXISTS));
    let unknown =
        otp.sign_in(email, "nobody@example.com", &MessageLoginOptions::default()).unwrap_err();
    assert_eq!(unknown.code(), Some(codes::USER_NOT_FOUND));
    assert!(unknown.is_not_found());

    otp.sign_in(sms, "ada", &MessageLoginOptions::default()).unwrap();
    let late = code(&emulator, "+12025550101");
    emulator.advance(Duration::from_secs(3 * 60));
    let expired = otp.verify(sms, "ada", &late).unwrap_err();
    assert_eq!(expired.code(), Some(codes::WRONG_OTP_CODE));

    otp.sign_in(sms, "ada", &MessageLoginOptions::default()).unwrap();
    let right = code(&emulator, "+12025550101");
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        otp.verify(sms, "ada", wrong).unwrap_err();
    }
    let too_many = otp.verify(sms, "ada", &right).unwrap_err();
    assert_eq!(too_many.code(), Some(codes::TOO_MANY_OTP_ATTEMPTS));
}

#[test]
fn step_up_and_mfa_add_to_a_session() {
    let emulator = Emulator::new();
    let client = project(&emulator);
    let first = sign_in(&emulator, &client, &MessageLoginOptions::default());
    assert!(!first.claims().is_mfa());
    let refresh_token = first.refresh_token().unwrap();

    let step_up = MessageLoginOptions::default().step_up(refresh_token);
    let raised = sign_in(&emulator, &client, &step_up);
    assert_eq!(raised.claims().get::<bool>("su").unwrap(), Some(true));
    assert_eq!(first.claims().get::<bool>("su").unwrap(), None);

    let options = MessageLoginOptions::default().add_factor(refresh_token).tenant_id("t1");
    let otp = client.auth().otp();
    otp.sign_in(DeliveryMethod::Sms, ADA, &options).unwrap();
    let code = code(&emulator, "+12025550101");
    let both = otp.verify(DeliveryMethod::Sms, ADA, &code).unwrap();
    assert!(both.claims().is_mfa());
    assert_eq!(both.claims().auth_factors(), ["email", "sms", "mfa"]);
    assert_eq!(both.claims().current_tenant(), Some("t1"));

    // Somebody else's session does not do.
    otp.sign_up(DeliveryMethod::Email, "eve@example.com", &MessageSignUpOptions::default())
        .unwrap();
    let eve = otp
        .verify(DeliveryMethod::Email, "eve@example.com", &self::code(&emulator, "eve@example.com"))
        .unwrap();
    let theirs = MessageLoginOptions::default().step_up(eve.refresh_token().unwrap());
    assert!(otp.sign_in(DeliveryMethod::Email, ADA, &theirs).unwrap_err().is_forbidden());
}

#[test]
fn addresses_change_once_the_code_is_verified() {
    let emulator = Emulator::new();
    let client = project(&emulator);
    let info = sign_in(&emulator, &client, &MessageLoginOptions::default());
    let (otp, token) = (client.auth().otp(), info.refresh_token().unwrap());
    let options = UpdateOptions::default().add_to_login_ids(true);
    otp.update_email(ADA, "countess@example.com", token, &options).unwrap();
    assert_eq!(client.auth().session().me(token).unwrap().email.as_deref(), Some(ADA));
    let code = code(&emulator, "countess@example.com");
    otp.verify(DeliveryMethod::Email, ADA, &code).unwrap();
    let user = client.auth().session().me(token).unwrap();
    assert_eq!(user.email.as_deref(), Some("countess@example.com"));
    assert!(user.login_ids.contains(&"countess@example.com".to_owned()));
}

#[test]
fn sessions_expire_and_are_refreshed() {
    let emulator = Emulator::builder().session_lifetime(Duration::from_secs(60)).build();
    let client = project(&emulator);
    let info = sign_in(&emulator, &client, &MessageLoginOptions::default());
    let (session, refresh_token) = (client.auth().session(), info.refresh_token().unwrap());
    assert_eq!(session.validate(info.session_token()).unwrap(), *info.claims());
    let checked = session
        .validate_and_refresh(SessionTokens {
            session: info.session_token(),
            refresh: refresh_token,
        })
        .unwrap();
    assert!(checked.refreshed.is_none());
    assert_eq!(emulator.requests("/v1/auth/refresh"), 0);

    emulator.advance(Duration::from_secs(66)); // the leeway is 5 seconds
    let expired = session.validate(info.session_token()).unwrap_err();
    assert!(expired.is_token_expired() && !expired.is_token_invalid(), "{expired:?}");
    assert!(matches!(expired, Error::Token(TokenError::Expired { by }) if by.as_secs() >= 6));
    assert!(
        session
            .validate_and_refresh(SessionTokens { session: info.session_token(), refresh: "" })
            .unwrap_err()
            .is_token_expired()
    );

    let checked = session
        .validate_and_refresh(SessionTokens {
            session: info.session_token(),
            refresh: refresh_token,
        })
        .unwrap();
    let refreshed = checked.refreshed.unwrap();
    assert_eq!(checked.claims, *refreshed.claims());
    assert_eq!(refreshed.refresh_token(), Some(refresh_token), "not rotated, and so the same");
    session.validate(refreshed.session_token()).unwrap();
    // A session token that is missing or broken is as good as an expired one.
    for token in ["", "garbage", REFRESH] {
        let checked = session
            .validate_and_refresh(SessionTokens { session: token, refresh: refresh_token })
            .unwrap();
        assert_eq!(checked.refreshed.unwrap().claims().user_id(), info.claims().user_id());
    }

    // A refresh token is no session token, nor the other way round.
    assert!(session.validate(refresh_token).unwrap_err().is_token_invalid());
    assert!(session.me(refreshed.session_token()).unwrap_err().is_unauthorized());

    emulator.advance(Duration::from_secs(29 * 24 * 60 * 60));
    let over = session.refresh(refresh_token).unwrap_err();
    assert!(matches!(over, Error::Token(TokenError::SessionExpired { .. })), "{over:?}");
    assert!(over.is_token_invalid() && over.is_sign_in_required() && !over.is_token_expired());
    let over = session
        .validate_and_refresh(SessionTokens {
            session: info.session_token(),
            refresh: refresh_token,
        })
        .unwrap_err();
    assert!(over.is_sign_in_required() && !over.is_token_expired(), "{over:?}");
    assert!(session.me(refresh_token).unwrap_err().is_sign_in_required());
}

#[test]
fn a_refresh_is_for_the_user_of_the_session() {
    let emulator = Emulator::new();
    let client = project(&emulator);
    let info = sign_in(&emulator, &client, &MessageLoginOptions::default());
    emulator.advance(Duration::from_secs(3600));
    let (session, own) = (client.auth().session(), info.claims().user_id());
    let issue =
        |sub: &str, drn: &str| emulator.issue_token(json!({ "sub": sub, "drn": drn })).unwrap();
    // A refresh token in the place of a session token names its user just as well.
    for given in [info.session_token(), info.refresh_token().unwrap()] {
        let refused = session
            .validate_and_refresh(SessionTokens { session: given, refresh: &issue("U2eve", "DSR") })
            .unwrap_err();
        assert!(matches!(refused, Error::Token(TokenError::OtherUser)), "{refused:?}");
        assert!(refused.is_sign_in_required());
        assert!(
            session
                .validate_and_refresh(SessionTokens {
                    session: given,
                    refresh: info.refresh_token().unwrap()
                })
                .is_ok()
        );
    }
    for drn in ["DS"] {
        let not_one = issue(own, drn);
        for refused in [
            session.refresh(&not_one).unwrap_err(),
            session
                .validate_and_refresh(SessionTokens { session: "", refresh: &not_one })
                .unwrap_err(),
        ] {
            assert!(matches!(refused, Error::Token(TokenError::NotARefreshToken)), "{refused:?}");
            assert!(refused.is_sign_in_required());
        }
    }
    assert_eq!(emulator.requests("/v1/auth/refresh"), 2);
    // `dsub` is who it is, as for the claims.
    let named = json!({ "sub": "a", "dsub": own, "drn": "DS", "exp": 1_000_000_000 });
    let named = emulator.issue_token(named).unwrap();
    assert!(
        session
            .validate_and_refresh(SessionTokens {
                session: &named,
                refresh: info.refresh_token().unwrap()
            })
            .is_ok()
    );
    let other = json!({ "sub": own, "dsub": "a", "drn": "DS", "exp": 1_000_000_000 });
    let other = emulator.issue_token(other).unwrap();
    assert!(
        session
            .validate_and_refresh(SessionTokens {
                session: &other,
                refresh: info.refresh_token().unwrap()
            })
            .is_err()
    );
}

#[test]
fn an_answer_for_another_user_is_refused() {
    let answer = |session: &str, refresh: &str| {
        let mut answer = signed_in();
        for (name, sub, drn) in [("sessionJwt", session, "DS"), ("refreshJwt", refresh, "DSR")] {
            answer[name] = json!(issued(sub, drn));
        }
        answer
    };
    let given = issued("U1", "DSR");
    for (session, refresh, good) in
        [("U1", "U1", true), ("U2", "U1", false), ("U1", "U2", false), ("U2", "U2", false)]
    {
        let answer = answer(session, refresh);
        let refreshed = exchange(&answer, |c| c.auth().session().refresh(&given)).0;
        let selected = exchange(&answer, |c| c.auth().session().select_tenant("t1", &given)).0;
        for outcome in [refreshed, selected] {
            match outcome {
                Ok(_) => assert!(good, "{session} {refresh}"),
                Err(error) => assert!(!good && matches!(error, Error::Decode(_)), "{error}"),
            }
        }
    }
    // Nobody knows whose token it is if it cannot be read.
    let opaque =
        exchange(&answer("U2", "U2"), |c| c.auth().session().select_tenant("t1", "opaque"));
    assert!(opaque.0.is_ok());
}

#[test]
fn a_rotated_refresh_token_replaces_the_old_one() {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).build();
    let client = project(&emulator);
    let info = sign_in(&emulator, &client, &MessageLoginOptions::default());
    let (session, first) = (client.auth().session(), info.refresh_token().unwrap());
    let refreshed = session.refresh(first).unwrap();
    let second = refreshed.refresh_token().unwrap();
    assert_ne!(first, second);
    assert!(session.refresh(first).unwrap_err().is_unauthorized());
    session.refresh(second).unwrap();
}

#[test]
fn refresh_tokens_in_cookies_are_found() {
    let emulator = Emulator::builder().refresh_tokens_in_cookies(true).build();
    let client = project(&emulator);
    let info = sign_in(&emulator, &client, &MessageLoginOptions::default());
    client.auth().session().refresh(info.refresh_token().unwrap()).unwrap();
}

#[test]
fn threads_that_refresh_the_same_session_share_one_call() {
    const THREADS: usize = 32;
    let emulator = Emulator::builder()
        .session_lifetime(Duration::from_secs(60))
        .rotate_refresh_tokens(true)
        .build();
    let client = project(&emulator);
    let info = sign_in(&emulator, &client, &MessageLoginOptions::default());
    emulator.advance(Duration::from_secs(66));
    client.warm_up().unwrap();
    // Long enough for all threads to come while the call is under way.
    emulator.fault(Fault::delay(Duration::from_millis(500)).at("/v1/auth/refresh").times(1));
    let start = Barrier::new(THREADS);
    let (session_token, refresh_token) = (info.session_token(), info.refresh_token().unwrap());
    let tokens: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let session = client.auth().session();
                    let checked = session.validate_and_refresh(SessionTokens {
                        session: session_token,
                        refresh: refresh_token,
                    });
                    let refreshed = checked.unwrap().refreshed.unwrap();
                    (
                        refreshed.session_token().to_owned(),
                        refreshed.refresh_token().unwrap().to_owned(),
                    )
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(emulator.requests("/v1/auth/refresh"), 1);
    assert!(tokens.iter().all(|pair| *pair == tokens[0]));
    client.auth().session().refresh(&tokens[0].1).unwrap();
}

#[test]
fn threads_that_wait_for_a_failing_refresh_get_its_error() {
    let emulator = Emulator::new();
    let client = project(&emulator);
    let info = sign_in(&emulator, &client, &MessageLoginOptions::default());
    let (start, refresh_token) = (Barrier::new(8), info.refresh_token().unwrap());
    emulator.fault(Fault::delay(Duration::from_millis(300)).at("/v1/auth/refresh"));
    emulator.fault(Fault::status(503).header("cf-ray", "8f00").at("/v1/auth/refresh"));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                let error = client.auth().session().refresh(refresh_token).unwrap_err();
                assert!(error.is_unavailable() && error.to_string().contains("8f00"), "{error}");
            });
        }
    });
    assert_eq!(emulator.requests("/v1/auth/refresh"), 1);
}

#[test]
fn tokens_are_in_the_cookies_that_the_answer_names() {
    let emulator = Emulator::new();
    let client = project(&emulator);
    let token = |drn: &str| emulator.issue_token(json!({ "sub": "U1", "drn": drn })).unwrap();
    let (session, refresh, other) = (token("DS"), token("DSR"), token("DS"));
    let answer = json!({
        "sessionCookieName": "MYS", "cookieName": "MYR", "user": { "userId": "U1" },
    });
    let fault = Fault::answer(200, answer.to_string())
        .header("set-cookie", &format!("DS={other}; Path=/"))
        .header("set-cookie", &format!("MYS={session}; Path=/"))
        .header("set-cookie", &format!("MYR={refresh}; Path=/; HttpOnly"));
    emulator.fault(fault.at("/v1/auth/otp/verify/email"));
    let info = client.auth().otp().verify(DeliveryMethod::Email, ADA, "123456").unwrap();
    assert_eq!((info.session_token(), info.refresh_token()), (&*session, Some(&*refresh)));
    assert_eq!(info.cookie.session_name.as_deref(), Some("MYS"));
}

#[test]
fn a_token_of_another_vendor_may_be_long() {
    let emulator = Emulator::new();
    let client = project(&emulator);
    let info = sign_in(&emulator, &client, &MessageLoginOptions::default());
    for (size, sent) in [(16 * 1024, true), (16 * 1024 + 1, false), (0, false)] {
        let options = RefreshOptions::default().external_token("x".repeat(size));
        let outcome = client.auth().session().refresh_with(info.refresh_token().unwrap(), &options);
        let refused = matches!(outcome, Err(Error::Argument { name: "external_token", .. }));
        assert_eq!(!refused, sent, "{size}");
    }
}

#[test]
fn logging_out_ends_one_session_or_all() {
    let emulator = Emulator::new();
    let client = project(&emulator);
    let sessions: Vec<_> =
        (0..3).map(|_| sign_in(&emulator, &client, &MessageLoginOptions::default())).collect();
    let token = |at: usize| sessions[at].refresh_token().unwrap();
    let session = client.auth().session();
    session.logout(token(0)).unwrap();
    let ended = session.refresh(token(0)).unwrap_err();
    assert_eq!((ended.code(), ended.is_unauthorized()), (Some(codes::LOGGED_OUT), true));
    assert!(session.logout(token(0)).unwrap_err().is_unauthorized());
    assert!(session.me(token(0)).unwrap_err().is_unauthorized());
    session.validate(sessions[0].session_token()).unwrap(); // until it expires
    session.me(token(1)).unwrap();

    session.logout_all(token(1)).unwrap();
    for at in [1, 2] {
        assert_eq!(session.refresh(token(at)).unwrap_err().code(), Some(codes::LOGGED_OUT));
    }
    let revoking = MessageLoginOptions::default().revoke_other_sessions(true);
    let old = sign_in(&emulator, &client, &MessageLoginOptions::default());
    let new = sign_in(&emulator, &client, &revoking);
    assert!(session.me(old.refresh_token().unwrap()).unwrap_err().is_unauthorized());
    session.me(new.refresh_token().unwrap()).unwrap();
}

#[test]
fn users_ask_about_themselves() {
    let emulator = Emulator::new();
    let client = project(&emulator);
    let info = sign_in(&emulator, &client, &MessageLoginOptions::default().tenant_id("t1"));
    let (session, token) = (client.auth().session(), info.refresh_token().unwrap());
    assert_eq!(session.me(token).unwrap(), info.user);
    let history = session.load_history(token).unwrap();
    assert_eq!((history.len(), history[0].selected_tenant.as_deref()), (1, Some("t1")));
    assert_eq!(history[0].user_id, info.claims().user_id());
    let ids = |which| -> Vec<String> {
        let tenants = session.load_my_tenants(which, token).unwrap();
        tenants.into_iter().map(|tenant| tenant.id).collect()
    };
    assert_eq!(ids(MyTenants::Current), ["t1"]);
    assert_eq!(ids(MyTenants::Ids(&["t2", "t1", "elsewhere"])), ["t1", "t2"]);
}

#[test]
fn a_tenant_is_selected_and_stays() {
    let emulator = Emulator::new();
    let client = project(&emulator);
    let info = sign_in(&emulator, &client, &MessageLoginOptions::default());
    let session = client.auth().session();
    assert_eq!(info.claims().current_tenant(), None);
    let selected = session.select_tenant("t2", info.refresh_token().unwrap()).unwrap();
    assert_eq!(selected.claims().current_tenant(), Some("t2"));
    let refreshed = session.refresh(selected.refresh_token().unwrap()).unwrap();
    assert_eq!(refreshed.claims().current_tenant(), Some("t2"));
    let foreign = session.select_tenant("t3", info.refresh_token().unwrap()).unwrap_err();
    assert!(foreign.is_forbidden(), "{foreign}");
}

#[test]
fn roles_and_permissions_hold_where_they_were_given() {
    let emulator = Emulator::new();
    let client = project(&emulator);
    let info = sign_in(&emulator, &client, &MessageLoginOptions::default().tenant_id("t2"));
    let claims = client.auth().session().validate(info.session_token()).unwrap();
    let (project, one, two) = (Scope::Project, Scope::Tenant("t1"), Scope::Tenant("t2"));
    assert_eq!(
        (claims.roles(project), claims.permissions(project)),
        (vec!["Reader"], vec!["read"])
    );
    assert_eq!((claims.roles(one), claims.permissions(one)), (vec!["Writer"], vec!["write"]));
    assert!(claims.roles(two).is_empty() && claims.permissions(two).is_empty());
    assert_eq!(claims.tenants(), ["t1", "t2"]);

    assert!(claims.has_roles(project, ["Reader"]) && !claims.has_roles(one, ["Reader"]));
    assert!(claims.has_permissions(one, ["write"]) && !claims.has_permissions(project, ["write"]));
    assert!(!claims.has_roles(one, ["Writer", "Reader"]));
    // No roles are held by every member, and by nobody else.
    assert!(claims.has_roles(two, [""; 0]) && claims.has_permissions(project, [""; 0]));
    for foreign in ["t3", "", "T1"] {
        let foreign = Scope::Tenant(foreign);
        assert!(!claims.has_roles(foreign, [""; 0]) && !claims.has_permissions(foreign, [""; 0]));
        assert!(!claims.has_roles(foreign, ["Reader"]) && claims.roles(foreign).is_empty());
        assert!(claims.matched_roles(foreign, ["Reader"]).is_empty());
    }
    assert_eq!(claims.matched_roles(one, ["Reader", "Writer", "Writer"]), ["Writer", "Writer"]);
    assert_eq!(claims.matched_permissions(project, ["write", "read"]), ["read"]);
}

#[test]
fn role_checks_survive_claims_of_every_form() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let odd = [
        json!(null),
        json!(true),
        json!(7),
        json!("Admin"),
        json!([]),
        json!(["Admin"]),
        json!({}),
        json!([1, null, "Admin"]),
        json!({ "t1": null }),
        json!({ "t1": { "roles": "Admin" } }),
        json!({ "t1": { "roles": ["Admin", 5] } }),
        json!({ "": { "roles": ["Admin"] } }),
    ];
    for roles in &odd {
        for tenants in &odd {
            for current in [json!(null), json!("t1"), json!(""), json!(7)] {
                let token = emulator.issue_token(json!({
                    "sub": "U1", "drn": "DS", "roles": roles, "tenants": tenants, "dct": current,
                }));
                let claims = client.auth().session().validate(&token.unwrap()).unwrap();
                let listed = |list: &Value| {
                    list.as_array().is_some_and(|list| list.contains(&json!("Admin")))
                };
                assert_eq!(claims.has_roles(Scope::Project, ["Admin"]), listed(roles));
                let member = tenants.get("t1").is_some() || current == "t1";
                assert_eq!(claims.has_roles(Scope::Tenant("t1"), [""; 0]), member);
                // The claim is there, and so what is at the top does not count in a tenant.
                let expected = member && listed(&tenants["t1"]["roles"]);
                assert_eq!(claims.has_roles(Scope::Tenant("t1"), ["Admin"]), expected);
                assert!(!claims.has_roles(Scope::Tenant(""), [""; 0]));
            }
        }
    }
    // The one exception: the current tenant of a token without the claim `tenants`.
    let token = json!({ "sub": "U1", "drn": "DS", "roles": ["Admin"], "dct": "t1" });
    let token = emulator.issue_token(token).unwrap();
    let claims = client.auth().session().validate(&token).unwrap();
    assert!(claims.has_roles(Scope::Tenant("t1"), ["Admin"]));
    assert!(!claims.has_roles(Scope::Tenant("t2"), ["Admin"]));
}

//! Creating, loading, updating and deleting: the requests, with all fields set.

use descope::mgmt::user::{
    FamilyAssociation, Invitation, LoadOptions, NewUser, UserPatch, UserProfile, UserSearch,
};
use descope::{Client, Error, TenantRoles, User, UserStatus};
use serde_json::{Value, json};

use super::batch::every_hash;
use super::{changes, full_user, manages};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::refuses;

fn families() -> [FamilyAssociation; 2] {
    let parent = FamilyAssociation::new("f1").roles(["Parent"]).attributes([("pet", "cat")]);
    [parent, FamilyAssociation::new("f2")]
}

pub(super) fn everything() -> UserProfile {
    UserProfile::default()
        .email("ada@example.com")
        .phone("+12025550101")
        .name("Ada Lovelace")
        .given_name("Ada")
        .middle_name("King")
        .family_name("Lovelace")
        .picture("https://example.com/ada.png")
        .verified_email(true)
        .verified_phone(false)
        .recovery_email("ada@example.org")
        .recovery_phone("+12025550102")
        .verified_recovery_email(false)
        .verified_recovery_phone(true)
        .roles(["Editor", "Admin"])
        .tenants([TenantRoles::new("acme").roles(["Owner"]), TenantRoles::new("evil")])
        .custom_attributes([("k", json!({ "deep": [1, null] }))])
        .additional_login_ids(["countess"])
        .sso_app_ids(["app"])
        .families(families())
        .test(false)
}

/// What [`everything`] must come out as, but for the login ID.
pub(super) fn everything_sent() -> Value {
    json!({
        "loginId": "ada", "email": "ada@example.com", "phone": "+12025550101",
        "displayName": "Ada Lovelace", "givenName": "Ada", "middleName": "King",
        "familyName": "Lovelace", "picture": "https://example.com/ada.png",
        "verifiedEmail": true, "verifiedPhone": false, "recoveryEmail": "ada@example.org",
        "recoveryPhone": "+12025550102", "verifiedRecoveryEmail": false,
        "verifiedRecoveryPhone": true, "roleNames": ["Editor", "Admin"],
        "userTenants": [
            { "tenantId": "acme", "roleNames": ["Owner"] }, { "tenantId": "evil", "roleNames": [] },
        ],
        "customAttributes": { "k": { "deep": [1, null] } }, "additionalLoginIds": ["countess"],
        "ssoAppIDs": ["app"],
        "familyAssociations": [
            {
                "familyId": "f1", "roleNames": ["Parent"],
                "familyScopedAttributes": { "pet": "cat" },
            },
            { "familyId": "f2" },
        ],
        "test": false,
    })
}

pub(super) fn with(mut value: Value, more: Value) -> Value {
    let (Value::Object(members), Value::Object(more)) = (&mut value, more) else { panic!() };
    members.extend(more);
    value
}

#[test]
fn create_with_every_field() {
    let user = NewUser::from(everything())
        .status(UserStatus::Disabled)
        .password(" p w ")
        .invite_url("https://example.com");
    let body = with(
        everything_sent(),
        json!({ "status": "disabled", "password": " p w ", "inviteUrl": "https://example.com", "invite": false }),
    );
    let answer = json!({ "user": full_user() });
    let line = "POST /v1/mgmt/user/create";
    let user = manages(line, body, &answer, |users| users.create("ada", &user));
    assert_eq!((&*user.user_id, user.name.as_deref().unwrap_or_default()), ("U1", "Ada Lovelace"));
    assert_eq!(
        (
            user.given_name.as_deref().unwrap_or_default(),
            user.middle_name.as_deref().unwrap_or_default()
        ),
        ("Ada", "King")
    );
    assert_eq!(
        (
            user.family_name.as_deref().unwrap_or_default(),
            user.email.as_deref().unwrap_or_default()
        ),
        ("Lovelace", "ada@example.com")
    );
    assert_eq!(
        (user.phone.as_deref().unwrap_or_default(), user.picture.as_deref().unwrap_or_default()),
        ("+12025550101", "https://example.com/ada.png")
    );
    assert!(user.verified_email && user.verified_phone && user.test && user.password);
    assert!(user.totp && user.webauthn && user.saml && user.scim && user.oauth["google"]);
    assert_eq!((user.status, user.login_ids), (Some(UserStatus::Enabled), vec!["ada".to_owned()]));
    assert_eq!((user.roles, user.sso_app_ids), (vec!["Editor".into()], vec!["app".into()]));
    let tenant = &user.user_tenants[0];
    assert_eq!((&*tenant.tenant_id, &*tenant.tenant_name), ("acme", "Acme"));
    assert_eq!((&*tenant.roles[0], &*tenant.permissions[0]), ("Owner", "p"));
    assert_eq!(user.custom_attributes["k"], json!([1, null]));
    assert_eq!(user.created_time.unwrap().as_seconds(), 1_700_000_000);
    assert_eq!(user.modified_time.unwrap().as_seconds(), 1_700_000_001);
    assert_eq!(user.temp_lock_expiration.unwrap().as_seconds(), 1_700_000_002);
    assert_eq!(user.extra["shoeSize"], 38);
}

#[test]
fn what_is_not_set_is_not_sent_and_what_is_empty_is() {
    let line = "POST /v1/mgmt/user/create";
    let body = json!({ "loginId": "ada", "invite": false });
    changes(line, body, |users| users.create("ada", &NewUser::default()));
    let none: [String; 0] = [];
    let empty = NewUser::default()
        .email("")
        .roles(none.clone())
        .tenants([] as [TenantRoles; 0])
        .custom_attributes([] as [(String, Value); 0])
        .additional_login_ids(none.clone())
        .sso_app_ids(none);
    let body = json!({
        "loginId": "ada", "invite": false, "email": "", "roleNames": [], "userTenants": [],
        "customAttributes": {}, "additionalLoginIds": [], "ssoAppIDs": [],
    });
    changes(line, body, |users| users.create("ada", &empty));
}

#[test]
fn invite_with_every_field() {
    let invitation = Invitation::default()
        .url("https://example.com/welcome")
        .send_mail(false)
        .send_sms(true)
        .template_id("T1")
        .template_options([("app", "Engine")])
        .locale("pt-BR");
    let sent = json!({
        "invite": true, "inviteUrl": "https://example.com/welcome", "sendMail": false,
        "sendSMS": true, "templateId": "T1", "templateOptions": { "app": "Engine" },
        "locale": "pt-BR",
    });
    changes("POST /v1/mgmt/user/create", with(everything_sent(), sent), |users| {
        users.invite("ada", &everything().into(), &invitation)
    });
    let body = json!({ "loginId": "ada", "invite": true });
    changes("POST /v1/mgmt/user/create", body, |users| {
        users.invite("ada", &NewUser::default(), &Invitation::default())
    });
    // An invitation excludes the rest, and so do passwords each other.
    create_with_every_field();
    for (hashed, sent) in every_hash() {
        let ada = NewUser::default().hashed_password(hashed);
        let body = json!({ "loginId": "ada", "hashedPassword": sent, "invite": false });
        changes("POST /v1/mgmt/user/create", body, |users| users.create("ada", &ada));
    }
    every_field_of(["POST /v1/mgmt/user/create"]);
}

#[test]
fn create_test_user_with_every_field() {
    let user = NewUser::from(everything())
        .status(UserStatus::Invited)
        .password("p")
        .invite_url("https://example.com");
    let more = json!({ "status": "invited", "password": "p", "test": true, "inviteUrl": "https://example.com", "invite": false });
    let body = with(everything_sent(), more);
    changes("POST /v1/mgmt/user/create/test", body, |users| users.create_test_user("ada", &user));
    for (hashed, sent) in every_hash() {
        let ada = NewUser::default().hashed_password(hashed);
        let body =
            json!({ "loginId": "ada", "hashedPassword": sent, "invite": false, "test": true });
        changes("POST /v1/mgmt/user/create/test", body, |users| {
            users.create_test_user("ada", &ada)
        });
    }
    every_field_of(["POST /v1/mgmt/user/create/test"]);
}

#[test]
fn update_replaces_with_every_field() {
    let sent = with(everything_sent(), json!({ "status": "disabled" }));
    changes("POST /v1/mgmt/user/update", sent, |users| {
        users.update("ada", &everything().status(UserStatus::Disabled))
    });
    every_field_of(["POST /v1/mgmt/user/update"]);
}

#[test]
fn patch_with_every_field_and_with_none() {
    let patch = every_change();
    let line = "PATCH /v1/mgmt/user/patch";
    changes(line, every_change_sent(), |users| users.patch("ada", &patch));
    changes(line, json!({ "loginId": "ada" }), |users| users.patch("ada", &UserPatch::default()));
    let clear = UserPatch::default().name("").roles([""; 0]).verified_email(false);
    let body =
        json!({ "loginId": "ada", "displayName": "", "roleNames": [], "verifiedEmail": false });
    changes(line, body, |users| users.patch("ada", &clear));
    every_field_of(["PATCH /v1/mgmt/user/patch"]);
}

pub(super) fn every_change() -> UserPatch {
    UserPatch::default()
        .email("ada@example.com")
        .phone("+12025550101")
        .name("Ada Lovelace")
        .given_name("Ada")
        .middle_name("King")
        .family_name("Lovelace")
        .picture("https://example.com/ada.png")
        .verified_email(true)
        .verified_phone(false)
        .recovery_email("ada@example.org")
        .recovery_phone("+12025550102")
        .verified_recovery_email(false)
        .verified_recovery_phone(true)
        .roles(["Editor", "Admin"])
        .tenants([TenantRoles::new("acme").roles(["Owner"]), TenantRoles::new("evil")])
        .custom_attributes([("k", json!({ "deep": [1, null] }))])
        .additional_login_ids(["countess"])
        .sso_app_ids(["app"])
        .families(families())
        .scim(true)
        .status(UserStatus::Expired)
        .test(false)
}

/// What [`every_change`] must come out as, of the user `ada`.
pub(super) fn every_change_sent() -> Value {
    let mut body = with(everything_sent(), json!({ "scim": true, "status": "expired" }));
    // Other than in the calls that create and update.
    let apps = body.as_object_mut().unwrap().remove("ssoAppIDs").unwrap();
    body["ssoAppIds"] = apps;
    body
}

#[test]
fn what_else_an_answer_says_of_a_user_is_read() {
    let line = "GET /v1/mgmt/user?loginId=ada";
    let answer = json!({ "user": {
        "userId": "U1", "OIDC": true, "push": true, "editable": false,
        "consentExpiration": 1_900_000_000,
    } });
    let user = manages(line, Value::Null, &answer, |users| users.load("ada"));
    assert!(user.oidc && user.push);
    assert_eq!(user.editable, Some(false));
    assert_eq!(user.consent_expiration.unwrap().as_seconds(), 1_900_000_000);

    let answer = json!({ "user": { "userId": "U1" } });
    let user = manages(line, Value::Null, &answer, |users| users.load("ada"));
    assert!(!user.oidc && !user.push);
    assert_eq!((user.editable, user.consent_expiration), (None, None));
}

#[test]
fn load_and_delete() {
    changes("GET /v1/mgmt/user?loginId=a%2Bb%40example.com", Value::Null, |users| {
        users.load("a+b@example.com")
    });
    changes("GET /v1/mgmt/user?userId=U1", Value::Null, |users| users.load_by_user_id("U1"));
    let answer = json!({ "users": [{ "userId": "U1" }] });
    for (include, body) in [
        (None, json!({ "userIds": ["U1", "U2"] })),
        (Some(false), json!({ "userIds": ["U1", "U2"], "includeInvalidUsers": false })),
    ] {
        let found = manages("POST /v1/mgmt/users/load", body, &answer, |users| {
            let mut options = LoadOptions::default();
            options.include_invalid = include;
            users.load_batch(&["U1", "U2"], &options)
        });
        assert_eq!(found[0].user_id, "U1");
    }
    let line = "POST /v1/mgmt/user/delete";
    manages(line, json!({ "loginId": "ada" }), &json!({}), |users| users.delete("ada"));
    manages(line, json!({ "userId": "U1" }), &json!({}), |users| users.delete_by_user_id("U1"));
    let body = json!({ "userIds": ["U1", "U2"] });
    manages("POST /v1/mgmt/user/delete/batch", body, &json!({}), |users| {
        users.delete_batch(&["U1", "U2"])
    });
    let line = "DELETE /v1/mgmt/user/test/delete/all";
    manages(line, Value::Null, &json!({}), |users| users.delete_all_test_users());
    every_field_of([
        "GET /v1/mgmt/user",
        "POST /v1/mgmt/user/delete",
        "POST /v1/mgmt/user/delete/batch",
        "DELETE /v1/mgmt/user/test/delete/all",
        "POST /v1/mgmt/users/load",
    ]);
}

/// Every field of an answer may be missing or null, and there may be new ones.
#[test]
fn users_are_read_whatever_they_lack() {
    let load = |answer: Value| -> User {
        manages("GET /v1/mgmt/user?loginId=ada", Value::Null, &answer, |users| users.load("ada"))
    };
    let whole = load(json!({ "user": full_user() }));
    for name in full_user().as_object().unwrap().keys() {
        let mut nulled = full_user();
        nulled[name] = Value::Null;
        let mut lacking = full_user();
        lacking.as_object_mut().unwrap().remove(name);
        let [nulled, lacking] = [nulled, lacking].map(|user| load(json!({ "user": user })));
        assert_eq!(nulled, lacking, "{name}");
        assert_ne!(nulled, whole, "{name}");
    }
    let status = load(json!({ "user": { "status": "on holiday" } })).status;
    assert_eq!(status, Some(UserStatus::Other("on holiday".into())));
    let tenants = json!([{ "tenantId": null, "roleNames": null, "new": 1 }, null]);
    assert_eq!(load(json!({ "user": { "userTenants": tenants } })).user_tenants.len(), 1);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let (user, patch) = (NewUser::default(), UserPatch::default());
    for bad in ["", " ", "a\nb", &"a".repeat(5000)] {
        refuses("login_id", |c| c.mgmt().user().create(bad, &user));
        refuses("login_id", |c| c.mgmt().user().invite(bad, &user, &Invitation::default()));
        refuses("login_id", |c| c.mgmt().user().create_test_user(bad, &user));
        refuses("login_id", |c| c.mgmt().user().load(bad));
        refuses("user_id", |c| c.mgmt().user().load_by_user_id(bad));
        refuses("user_ids", |c| c.mgmt().user().load_batch(&["U1", bad], &Default::default()));
        refuses("login_id", |c| c.mgmt().user().update(bad, &UserProfile::default()));
        refuses("login_id", |c| c.mgmt().user().patch(bad, &patch));
        refuses("login_id", |c| c.mgmt().user().delete(bad));
        refuses("user_id", |c| c.mgmt().user().delete_by_user_id(bad));
        refuses("user_ids", |c| c.mgmt().user().delete_batch(&[bad]));
    }
    refuses("user_ids", |c| {
        c.mgmt().user().load_batch(&[], &LoadOptions::default().include_invalid(true))
    });
    refusals_of([
        ("GET /v1/mgmt/user", "login_id user_id"),
        ("POST /v1/mgmt/user/create", "login_id"),
        ("POST /v1/mgmt/user/create/test", "login_id"),
        ("POST /v1/mgmt/user/update", "login_id"),
        ("POST /v1/mgmt/user/delete", "login_id user_id"),
        ("POST /v1/mgmt/user/delete/batch", "user_ids"),
        ("PATCH /v1/mgmt/user/patch", "login_id"),
        ("POST /v1/mgmt/users/load", "user_ids"),
    ]);
}

#[test]
fn nothing_is_sent_without_a_management_key() {
    let client = Client::builder()
        .ignore_env()
        .project_id("P2abc")
        .transport(|request: descope::transport::Request| panic!("{}", request.uri()))
        .build()
        .unwrap();
    for result in [
        client.mgmt().user().load("ada").map(drop),
        client.mgmt().user().delete("ada"),
        client.mgmt().user().iter(&UserSearch::default()).next().unwrap().map(drop),
    ] {
        assert!(matches!(result, Err(Error::Config(_))), "{result:?}");
    }
}

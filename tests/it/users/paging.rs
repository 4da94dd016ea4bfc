//! Searching: the requests with all fields set, and the iteration over pages.

use std::time::{Duration, SystemTime};

use descope::emulator::Emulator;
use descope::mgmt::user::{NamesUpdate, NewUser, RoleFilter, UserPatch, UserSearch, Users};
use descope::transport::{Request, Response};
use descope::{Client, Page, Result, Sort, UnixTime, User, UserStatus};
use serde_json::{Value, json};

use super::manages;
use crate::emulated::manage;
use crate::inventory::every_field_of;
use crate::support::{exchange, refuses};

fn everything() -> UserSearch {
    let at = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
    UserSearch::default()
        .text("love")
        .login_ids(["ada"])
        .user_ids(["U1"])
        .emails(["ada@example.com"])
        .phones(["+12025550101"])
        .verified_email(true)
        .verified_phone(false)
        .statuses([UserStatus::Enabled, UserStatus::Invited])
        .tenant_ids(["acme"])
        .include_sub_tenants(true)
        .roles(["Editor"])
        .tenant_role_ids([("acme", RoleFilter::all(["R1"]))])
        .tenant_roles([("acme", RoleFilter::any(["Owner", "Admin"]))])
        .sso_app_ids(["app"])
        .custom_attributes([("k", json!([1, null]))])
        .created_from(at(1_700_000_000_001))
        .created_to(UnixTime::from_seconds(1_700_000_001))
        .modified_from(SystemTime::UNIX_EPOCH - Duration::from_millis(2))
        .modified_to(at(1_700_000_000_004))
        .family_ids(["f1"])
        .dependent(true)
        .lock_reasons(["password"])
        .temp_lock_reasons(["totp"])
        .with_test_users(false)
        .test_users_only(false)
        .sort([Sort::descending("email"), Sort::ascending("name")])
        .limit(25)
        .page(3)
        .offset(75)
        .login_id("ada")
        .recovery_emails(["ada@example.org"])
        .recovery_phones(["+12025550102"])
        .verified_recovery_email(true)
        .verified_recovery_phone(false)
        .password(true)
        .totp(false)
        .webauthn(true)
        .scim(false)
        .scim_only(true)
        .sso_only(false)
        .selected_columns(["email"])
}

fn everything_sent() -> Value {
    json!({
        "text": "love", "loginIds": ["ada"], "userIds": ["U1"], "emails": ["ada@example.com"],
        "phones": ["+12025550101"], "verifiedEmail": true, "verifiedPhone": false,
        "statuses": ["enabled", "invited"], "tenantIds": ["acme"], "includeSubTenants": true,
        "roleNames": ["Editor"], "tenantRoleIds": { "acme": { "values": ["R1"], "and": true } },
        "tenantRoleNames": { "acme": { "values": ["Owner", "Admin"], "and": false } },
        "ssoAppIds": ["app"], "customAttributes": { "k": [1, null] },
        "fromCreatedTime": 1_700_000_000_001_i64, "toCreatedTime": 1_700_000_001_000_i64,
        "fromModifiedTime": -2, "toModifiedTime": 1_700_000_000_004_i64,
        "familyIds": ["f1"], "dependent": true, "lockReasons": ["password"],
        "tempLockReasons": ["totp"], "withTestUser": false, "testUsersOnly": false,
        "sort": [{ "field": "email", "desc": true }, { "field": "name", "desc": false }],
        "limit": 25, "page": 3, "offset": 75, "loginId": "ada",
        "recoveryEmails": ["ada@example.org"], "recoveryPhones": ["+12025550102"],
        "verifiedRecoveryEmail": true, "verifiedRecoveryPhone": false, "password": true,
        "totp": false, "webauthn": true, "scim": false, "scimOnly": true, "ssoOnly": false,
        "selectedColumns": ["email"],
    })
}

#[test]
fn an_offset_is_for_a_single_page() {
    let search = UserSearch::default().offset(5);
    refuses("offset", |c| c.mgmt().user().iter(&search).next().unwrap());
    refuses("offset", |c| c.mgmt().user().iter_test_users(&search).next().unwrap());
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let users = ["a", "b", "c", "d"].map(|login_id| json!({ "loginId": login_id }));
    emulator.seed(&json!({ "users": users })).unwrap();
    let in_order = UserSearch::default().sort([Sort::ascending("loginId")]).limit(2);
    let page = client.mgmt().user().search(&in_order.offset(1).page(7)).unwrap();
    let found: Vec<_> = page.items.iter().map(|user| &*user.login_ids[0]).collect();
    assert_eq!((&*found, page.total), (&["b", "c"][..], Some(4)));
}

#[test]
fn users_are_found_by_recovery_addresses_and_by_what_they_sign_in_with() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let seed = json!({ "users": [
        { "loginId": "ada", "state": { "recoveryEmail": "ada@example.org", "verifiedRecoveryEmail": true } },
        { "loginId": "bo", "state": { "recoveryPhone": "+12025550102" } },
    ] });
    emulator.seed(&seed).unwrap();
    let body = json!({ "loginId": "bo", "password": "Correct1horse" });
    manage(&emulator, "/v1/mgmt/user/password/set/active", &body);
    let users = client.mgmt().user();
    users.patch("ada", &UserPatch::default().scim(true)).unwrap();
    let ada = users.load("ada").unwrap();
    assert_eq!(
        (ada.recovery_email.as_deref(), ada.verified_recovery_email),
        (Some("ada@example.org"), true)
    );
    let search = UserSearch::default;
    for (search, wanted) in [
        (search().login_id("bo"), &["bo"][..]),
        (search().recovery_emails(["ada@example.org"]), &["ada"]),
        (search().recovery_phones(["+12025550102"]), &["bo"]),
        (search().verified_recovery_email(true), &["ada"]),
        (search().verified_recovery_phone(true), &[]),
        (search().password(true), &["bo"]),
        (search().password(false), &["ada"]),
        (search().totp(true), &[]),
        (search().webauthn(false), &["ada", "bo"]),
        (search().scim(true), &["ada"]),
        (search().scim(false), &["bo"]),
        (search().scim_only(true), &["ada"]),
        (search().scim_only(false), &["ada", "bo"]),
        (search().sso_only(true), &[]),
        (search().selected_columns(["email"]), &["ada", "bo"]),
    ] {
        let found = users.search(&search).unwrap().items;
        let found: Vec<_> = found.iter().map(|user| &*user.login_ids[0]).collect();
        assert_eq!(found, wanted, "{search:?}");
    }
    let saved = emulator.export();
    let copy = Emulator::new();
    copy.seed(&saved).unwrap();
    assert_eq!(copy.export(), saved);
}

type Search = fn(Users<'_>, &UserSearch) -> Result<Page<User>>;

#[test]
fn search_with_every_field_and_with_none() {
    let mut test_users = everything_sent();
    test_users["withTestUser"] = json!(true);
    test_users["testUsersOnly"] = json!(true);
    let only = json!({ "withTestUser": true, "testUsersOnly": true });
    let none = json!({ "withTestUser": false, "testUsersOnly": false });
    let cases: [(&str, Value, Value, Search); 2] = [
        ("search", everything_sent(), none, |users, search| users.search(search)),
        ("search/test", test_users, only, |users, search| users.search_test_users(search)),
    ];
    for (path, all, none, call) in cases {
        let line = format!("POST /v2/mgmt/user/{path}");
        let answer = json!({ "users": [{ "userId": "U1" }], "total": 76, "new": {} });
        let page = manages(&line, all, &answer, |users| call(users, &everything()));
        assert_eq!((&*page.items[0].user_id, page.total), ("U1", Some(76)));
        for answer in [json!({}), json!({ "users": null, "total": null })] {
            let page =
                manages(&line, none.clone(), &answer, |users| call(users, &UserSearch::default()));
            assert_eq!(page, Page::default());
        }
    }
    every_field_of(["POST /v2/mgmt/user/search", "POST /v2/mgmt/user/search/test"]);
}

#[test]
fn the_first_item_costs_one_request() {
    let answer = json!({ "users": [{ "userId": "U1" }, { "userId": "U2" }], "total": 900 });
    let (found, sent) = exchange(&answer, |client| {
        let search = UserSearch::default().limit(2).page(4);
        let mut users = client.mgmt().user().iter(&search);
        (users.next().unwrap().unwrap(), users.next().unwrap().unwrap())
    });
    assert_eq!((&*found.0.user_id, &*found.1.user_id), ("U1", "U2"));
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].line, "POST /v2/mgmt/user/search");
    let body = json!({ "limit": 2, "page": 4, "withTestUser": false, "testUsersOnly": false });
    assert_eq!(sent[0].body, body);
    let (_, sent) = exchange(&answer, |client| {
        client.mgmt().user().iter_test_users(&UserSearch::default()).next()
    });
    assert_eq!(sent[0].line, "POST /v2/mgmt/user/search/test");
    assert_eq!(sent[0].body["page"], 0);
    let ((), sent) = exchange(&answer, |client| {
        let _ = client.mgmt().user().iter(&UserSearch::default());
    });
    assert_eq!(sent, []);
}

/// A server that knows of no pages sends the same one for ever.
#[test]
fn a_repeating_answer_is_an_error_once() {
    let answer = json!({ "users": [{ "userId": "U1" }, { "userId": "U2" }], "total": 900 });
    let (found, sent) = exchange(&answer, |client| {
        client.mgmt().user().iter(&UserSearch::default()).collect::<Vec<_>>()
    });
    assert_eq!((found.len(), sent.len()), (3, 2));
    let error = found[2].as_ref().unwrap_err().to_string();
    assert_eq!(error, "unreadable response: the pages of the search repeat");
}

/// How many of 23 users, on pages of five, are not changed by a loop over the search, and by one over
/// the IDs that were read first.
fn missed(
    search: &UserSearch,
    change: impl Fn(Users<'_>, &str) -> Result<()>,
    is_changed: impl Fn(Users<'_>, &str) -> bool,
) -> [usize; 2] {
    [false, true].map(|ids_first| {
        let emulator = Emulator::new();
        let client = Client::builder().emulator(&emulator).build().unwrap();
        let users = client.mgmt().user();
        let names: Vec<_> = (0..23).map(|number| format!("user{number}@example.com")).collect();
        let all: Vec<_> = names
            .iter()
            .map(|name| users.create(name, &NewUser::default()).unwrap().user_id)
            .inspect(|id| _ = users.activate(id).unwrap())
            .collect();
        if ids_first {
            for id in users.iter(search).ids().unwrap() {
                change(users, &id).unwrap();
            }
        } else {
            for user in users.iter(search) {
                change(users, &user.unwrap().user_id).unwrap();
            }
        }
        all.iter().filter(|id| !is_changed(users, id)).count()
    })
}

#[test]
fn a_loop_that_changes_users_reaches_all_when_their_ids_are_read_first() {
    let by_age = UserSearch::default().limit(5).sort([Sort::ascending("createdTime")]);
    let enabled = by_age.clone().statuses([UserStatus::Enabled]);
    let is_disabled = |users: Users<'_>, id: &str| {
        users.load_by_user_id(id).unwrap().status == Some(UserStatus::Disabled)
    };
    let [in_the_loop, ids_first] =
        missed(&enabled, |users, id| users.deactivate(id).map(drop), is_disabled);
    assert!(in_the_loop >= 10, "{in_the_loop}: pages are cut anew, as Descope does");
    assert_eq!(ids_first, 0);

    let is_gone =
        |users: Users<'_>, id: &str| users.load_by_user_id(id).is_err_and(|e| e.is_not_found());
    let [in_the_loop, ids_first] =
        missed(&by_age, |users, id| users.delete_by_user_id(id), is_gone);
    assert!(in_the_loop >= 10, "{in_the_loop}");
    assert_eq!(ids_first, 0);

    // A search that is sorted by what the loop changes is no better.
    let by_name = UserSearch::default().limit(5).sort([Sort::ascending("name")]);
    let rename = |users: Users<'_>, id: &str| {
        users.update_names(id, &NamesUpdate::default().name(format!("z {id}"))).map(drop)
    };
    let is_named = |users: Users<'_>, id: &str| {
        users.load_by_user_id(id).unwrap().name.is_some_and(|name| name.starts_with("z "))
    };
    assert_eq!(missed(&by_name, rename, is_named)[1], 0);
}

#[test]
fn users_whose_id_is_not_selected_are_not_taken_for_a_page_that_repeats() {
    let client = Client::builder()
        .ignore_env()
        .project_id("P2abc")
        .management_key("K2management")
        .transport(|request: Request| {
            let asked: Value = serde_json::from_slice(request.body()).unwrap();
            let page = asked["page"].as_u64().unwrap_or_default();
            let user = |at| json!({ "email": format!("u{page}-{at}@example.com") });
            let users = if page < 3 { vec![user(0), user(1)] } else { Vec::new() };
            Ok(Response::new(json!({ "users": users, "total": 6 }).to_string().into_bytes()))
        })
        .build()
        .unwrap();
    let search = UserSearch::default().selected_columns(["email"]).limit(2);
    let users = client.mgmt().user();
    for iterator in [users.iter(&search), users.iter_test_users(&search)] {
        let emails: Result<Vec<_>> = iterator.map(|user| user.map(|user| user.email)).collect();
        assert_eq!(emails.unwrap().len(), 6);
    }
}

//! Groups.

use descope::mgmt::group::{GroupOptions, GroupSource, Members};
use serde_json::{Value, json};

use crate::answers::survives;
use crate::emulated::start;
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

fn groups() -> Value {
    json!([
        {
            "id": "g1", "display": "Group 1", "source": "scim", "ssoId": "default_ssoid",
            "members": [{ "loginID": "ada", "userId": "U1", "display": "Ada" }],
        },
        { "id": "g2", "source": "rumour", "members": [{ "loginId": "al" }] },
    ])
}

#[test]
fn every_request() {
    let body = json!({ "tenantId": "acme", "ssoId": "S1" });
    let found = sends("POST /v1/mgmt/group/all", MANAGEMENT, body, &groups(), |client| {
        client.mgmt().group().load_all("acme", &GroupOptions::default().sso_id("S1"))
    });
    let (one, two) = (&found[0], &found[1]);
    assert_eq!(
        (&*one.id, &*one.display, one.sso_id.as_deref()),
        ("g1", "Group 1", Some("default_ssoid"))
    );
    assert_eq!(
        (one.source.clone(), two.source.clone()),
        (Some(GroupSource::Scim), Some(GroupSource::Other("rumour".to_owned())))
    );
    let ada = &one.members[0];
    assert_eq!((&*ada.login_id, &*ada.user_id, &*ada.display), ("ada", "U1", "Ada"));
    assert_eq!(two.members[0].login_id, "al", "either spelling");

    let members = Members::of_users(["U1"]).login_ids(["al"]);
    let body = json!({ "tenantId": "acme", "ssoId": "S1", "userIds": ["U1"], "loginIds": ["al"] });
    sends("POST /v1/mgmt/group/member/all", MANAGEMENT, body, &groups(), |client| {
        client.mgmt().group().load_all_for_members(
            "acme",
            &members,
            &GroupOptions::default().sso_id("S1"),
        )
    });
    let body = json!({ "tenantId": "acme", "ssoId": "S1", "groupId": "g1" });
    sends("POST /v1/mgmt/group/members", MANAGEMENT, body, &groups(), |client| {
        client.mgmt().group().load_members("acme", "g1", &GroupOptions::default().sso_id("S1"))
    });
    let body = json!({ "tenantId": "acme" });
    let none = sends("POST /v1/mgmt/group/all", MANAGEMENT, body, &Value::Null, |client| {
        client.mgmt().group().load_all("acme", &Default::default())
    });
    assert_eq!(none, []);
    survives(&groups(), |client| client.mgmt().group().load_all("acme", &Default::default()));
    every_field_of([
        "POST /v1/mgmt/group/all",
        "POST /v1/mgmt/group/member/all",
        "POST /v1/mgmt/group/members",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let ada = Members::of_logins(["ada"]);
    let none: [&str; 0] = [];
    refuses("tenant_id", |c| c.mgmt().group().load_all("", &Default::default()));
    refuses("tenant_id", |c| c.mgmt().group().load_all_for_members("", &ada, &Default::default()));
    let nobody = Members::of_users(none).login_ids(none);
    refuses("members", |c| {
        c.mgmt().group().load_all_for_members("acme", &nobody, &Default::default())
    });
    refuses("tenant_id", |c| c.mgmt().group().load_members("", "g1", &Default::default()));
    refuses("group_id", |c| c.mgmt().group().load_members("acme", "", &Default::default()));
    refusals_of([
        ("POST /v1/mgmt/group/all", "tenant_id"),
        ("POST /v1/mgmt/group/member/all", "members tenant_id"),
        ("POST /v1/mgmt/group/members", "group_id tenant_id"),
    ]);
}

#[test]
fn groups_are_found_by_tenant_configuration_and_member() {
    let (emulator, client) = start();
    let seed = json!({
        "tenants": [{ "id": "acme", "name": "Acme" }, { "id": "t2", "name": "Two" }],
        "users": [{ "loginId": "ada", "displayName": "Ada" }, { "loginId": "al" }],
        "groups": [
            { "tenantId": "acme", "id": "g1", "display": "One", "loginIds": ["ada"] },
            { "tenantId": "acme", "id": "g2", "ssoId": "S1", "source": "jit",
              "loginIds": ["ada", "al"] },
            { "tenantId": "t2", "id": "g3", "loginIds": ["al"] },
        ],
    });
    emulator.seed(&seed).unwrap();
    let groups = client.mgmt().group();
    let ids = |found: Vec<descope::mgmt::group::Group>| -> Vec<String> {
        found.into_iter().map(|group| group.id).collect()
    };
    assert_eq!(ids(groups.load_all("acme", &Default::default()).unwrap()), ["g1", "g2"]);
    assert_eq!(
        ids(groups.load_all("acme", &GroupOptions::default().sso_id("S1")).unwrap()),
        ["g2"]
    );
    assert_eq!(
        ids(groups.load_all("acme", &GroupOptions::default().sso_id("default_ssoid")).unwrap()),
        ["g1"]
    );
    assert!(groups.load_all("t9", &Default::default()).unwrap_err().is_not_found());
    let al = Members::of_logins(["al"]);
    assert_eq!(ids(groups.load_all_for_members("acme", &al, &Default::default()).unwrap()), ["g2"]);
    let ada = client.mgmt().user().load("ada").unwrap().user_id;
    let by_id = Members::of_users([&*ada]);
    assert_eq!(
        ids(groups.load_all_for_members("acme", &by_id, &Default::default()).unwrap()),
        ["g1", "g2"]
    );
    let nobody = Members::of_users(["U9"]);
    assert_eq!(groups.load_all_for_members("acme", &nobody, &Default::default()).unwrap(), []);

    let [group] =
        <[_; 1]>::try_from(groups.load_members("acme", "g2", &Default::default()).unwrap())
            .unwrap();
    assert_eq!(group.source, Some(GroupSource::Jit));
    assert_eq!((&*group.members[0].user_id, &*group.members[0].display), (&*ada, "Ada"));
    client.mgmt().user().delete("ada").unwrap();
    let group = groups.load_members("acme", "g2", &Default::default()).unwrap().remove(0);
    assert_eq!(group.members.len(), 1, "the user is gone");
    assert_eq!(group.members[0].login_id, "al");
}

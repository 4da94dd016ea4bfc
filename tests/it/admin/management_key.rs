//! Management keys.

use std::time::Duration;

use descope::emulator::Emulator;
use descope::mgmt::audit::AuditSearch;
use descope::mgmt::management_key::{
    KeyAccess, ManagementKey, ManagementKeyStatus, ManagementKeyUpdate, NewManagementKey,
    ProjectRoles, TagRoles,
};
use descope::{Client, UnixTime};
use serde_json::{Value, json};

use crate::emulated::{refused, start};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

fn key() -> Value {
    json!({
        "id": "MK1", "name": "ci", "description": "d", "status": "active",
        "createdTime": 1_700_000_000, "expireTime": 1_900_000_000,
        "permittedIps": ["10.0.0.1", "192.168.1.0/24"], "reBac": access_json(), "version": 3,
        "authzVersion": 2, "shoeSize": 42,
    })
}

fn access_json() -> Value {
    json!({
        "companyRoles": ["Auditor"],
        "projectRoles": [{ "projectIds": ["P2a", "P2b"], "roles": ["Support"] }],
        "tagRoles": [{ "tags": ["prod"], "roles": ["Developer"] }],
    })
}

fn access() -> KeyAccess {
    KeyAccess::default()
        .company_roles(["Auditor"])
        .project_roles([ProjectRoles::new(["P2a", "P2b"], ["Support"])])
        .tag_roles([TagRoles::new(["prod"], ["Developer"])])
}

fn is_the_key(key: &ManagementKey) {
    assert_eq!((&*key.id, &*key.name, key.description.as_deref()), ("MK1", "ci", Some("d")));
    assert_eq!(key.status, Some(ManagementKeyStatus::Active));
    assert_eq!(key.created_time, Some(UnixTime::from_seconds(1_700_000_000)));
    assert_eq!(key.expire_time, Some(UnixTime::from_seconds(1_900_000_000)));
    assert_eq!(key.permitted_ips, ["10.0.0.1", "192.168.1.0/24"]);
    assert_eq!(key.access, access());
    assert_eq!(
        (key.version, key.authz_version, &key.extra["shoeSize"]),
        (Some(3), Some(2), &json!(42))
    );
    let written = serde_json::to_value(key).unwrap();
    assert_eq!(written, self::key());
    assert_eq!(serde_json::from_value::<ManagementKey>(written).unwrap(), *key);
}

#[test]
fn create_with_every_field_and_with_none() {
    let options = NewManagementKey::default()
        .description("d")
        .expires_in(Duration::from_millis(86_399_001))
        .permitted_ips(["10.0.0.1", "192.168.1.0/24"]);
    let body = json!({
        "name": "ci", "description": "d", "expiresIn": 86_400,
        "permittedIps": ["10.0.0.1", "192.168.1.0/24"], "reBac": access_json(),
    });
    let answer = json!({ "cleartext": "canary", "key": key() });
    let line = "PUT /v1/mgmt/managementkey";
    let created = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().management_key().create("ci", &access(), &options)
    });
    assert_eq!(created.cleartext.expose(), "canary");
    assert!(!format!("{created:?}").contains("canary"));
    is_the_key(&created.key);
    sends(line, MANAGEMENT, json!({ "name": "ci", "reBac": {} }), &answer, |client| {
        let options = NewManagementKey::default();
        client.mgmt().management_key().create("ci", &KeyAccess::default(), &options)
    });
    every_field_of(["PUT /v1/mgmt/managementkey"]);
}

#[test]
fn load_and_load_all() {
    let line = "GET /v1/mgmt/managementkey?id=MK%2F1";
    let loaded = sends(line, MANAGEMENT, Value::Null, &json!({ "key": key() }), |client| {
        client.mgmt().management_key().load("MK/1")
    });
    is_the_key(&loaded);
    let bare = json!({ "id": "MK2", "status": "asleep", "createdTime": 0, "expireTime": 0 });
    let line = "GET /v1/mgmt/managementkey/search";
    let keys = sends(line, MANAGEMENT, Value::Null, &json!({ "keys": [key(), bare] }), |client| {
        client.mgmt().management_key().load_all()
    });
    is_the_key(&keys[0]);
    let bare = &keys[1];
    assert_eq!((bare.created_time, bare.expire_time, bare.version), (None, None, None));
    assert_eq!(bare.status.as_ref().map(ManagementKeyStatus::as_str), Some("asleep"));
    let written = serde_json::to_value(bare).unwrap();
    assert_eq!(serde_json::from_value::<ManagementKey>(written).unwrap(), *bare);
    every_field_of(["GET /v1/mgmt/managementkey", "GET /v1/mgmt/managementkey/search"]);
}

#[test]
fn update_with_every_field_and_with_none() {
    let update = ManagementKeyUpdate::default()
        .description("d")
        .permitted_ips(["10.0.0.1", "192.168.1.0/24"]);
    let body = json!({
        "id": "MK1", "name": "ci", "status": "inactive", "description": "d",
        "permittedIps": ["10.0.0.1", "192.168.1.0/24"],
    });
    let line = "PATCH /v1/mgmt/managementkey";
    let answer = json!({ "key": key() });
    let updated = sends(line, MANAGEMENT, body, &answer, |client| {
        let keys = client.mgmt().management_key();
        keys.update("MK1", "ci", &ManagementKeyStatus::Inactive, &update)
    });
    is_the_key(&updated);
    let body = json!({ "id": "MK1", "name": "ci", "status": "active" });
    sends(line, MANAGEMENT, body, &answer, |client| {
        let (status, update) = (ManagementKeyStatus::Active, ManagementKeyUpdate::default());
        client.mgmt().management_key().update("MK1", "ci", &status, &update)
    });
    every_field_of(["PATCH /v1/mgmt/managementkey"]);
}

#[test]
fn delete_batch_counts_what_is_gone() {
    let line = "POST /v1/mgmt/managementkey/delete";
    for (answer, total) in [(json!({ "total": 2 }), Some(2)), (json!({}), None)] {
        let body = json!({ "ids": ["MK1", "MK2"] });
        let deleted = sends(line, MANAGEMENT, body, &answer, |client| {
            client.mgmt().management_key().delete_batch(&["MK1", "MK2"])
        });
        assert_eq!(deleted, total);
    }
    every_field_of(["POST /v1/mgmt/managementkey/delete"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let (access, new) = (KeyAccess::default(), NewManagementKey::default());
    refuses("name", |c| c.mgmt().management_key().create("", &access, &new));
    let none = NewManagementKey::default().expires_in(Duration::ZERO);
    refuses("expires_in", |c| c.mgmt().management_key().create("ci", &access, &none));
    refuses("id", |c| c.mgmt().management_key().load(" "));
    let (status, update) = (ManagementKeyStatus::Active, ManagementKeyUpdate::default());
    refuses("id", |c| c.mgmt().management_key().update("", "ci", &status, &update));
    refuses("name", |c| c.mgmt().management_key().update("MK1", "", &status, &update));
    refuses("ids", |c| c.mgmt().management_key().delete_batch(&[]));
    refuses("ids", |c| c.mgmt().management_key().delete_batch(&["MK1", ""]));
    refusals_of([
        ("GET /v1/mgmt/managementkey", "id"),
        ("PATCH /v1/mgmt/managementkey", "id name"),
        ("PUT /v1/mgmt/managementkey", "expires_in name"),
        ("POST /v1/mgmt/managementkey/delete", "ids"),
    ]);
}

#[test]
fn a_status_has_its_name_on_the_wire() {
    for status in [ManagementKeyStatus::Active, ManagementKeyStatus::Inactive] {
        assert_eq!(serde_json::to_value(&status).unwrap(), status.as_str());
    }
}

/// A client with a management key of its own.
fn with_key(emulator: &Emulator, cleartext: &str) -> Client {
    Client::builder().emulator(emulator).management_key(cleartext).build().unwrap()
}

#[test]
fn a_management_key_lives_from_its_creation_to_its_end() {
    let (emulator, client) = start();
    let keys = client.mgmt().management_key();
    let all = KeyAccess::default().company_roles(["company-full-access"]);
    let options = NewManagementKey::default()
        .description("d")
        .permitted_ips(["10.0.0.0/8"])
        .expires_in(Duration::from_secs(60 * 60));
    let short = keys.create("ci", &all, &options).unwrap();
    let long = keys.create("ci", &all, &NewManagementKey::default()).unwrap();
    assert_eq!(short.key.access, all);
    assert_eq!((long.key.expire_time, long.key.version), (None, Some(1)));
    assert_eq!(keys.load(&short.key.id).unwrap(), short.key);
    assert_eq!(keys.load_all().unwrap(), [short.key.clone(), long.key.clone()]);

    let [by_short, by_long] =
        [&short, &long].map(|key| with_key(&emulator, key.cleartext.expose()));
    let works = |client: &Client| client.mgmt().management_key().load_all().map(drop);
    works(&by_short).unwrap();
    emulator.advance(Duration::from_secs(30 * 60));
    works(&by_short).unwrap();
    emulator.advance(Duration::from_secs(30 * 60));
    refused(works(&by_short), 401, "EMU401");

    works(&by_long).unwrap();
    let update = ManagementKeyUpdate::default();
    let off = keys.update(&long.key.id, "off", &ManagementKeyStatus::Inactive, &update).unwrap();
    assert_eq!((&*off.name, off.version), ("off", Some(2)));
    refused(works(&by_long), 401, "EMU401");
    keys.update(&long.key.id, "on", &ManagementKeyStatus::Active, &update).unwrap();
    works(&by_long).unwrap();
    let odd = ManagementKeyStatus::Other("odd".to_owned());
    refused(keys.update(&long.key.id, "on", &odd, &update), 400, "E011004");

    // A key may end itself; what is no key's does not count.
    let own = by_long.mgmt().management_key();
    assert_eq!(own.delete_batch(&[&long.key.id, "MK2nobody"]).unwrap(), Some(1));
    refused(works(&by_long), 401, "EMU401");
    assert!(keys.load(&long.key.id).unwrap_err().is_not_found());
    let gone = keys.update(&long.key.id, "on", &ManagementKeyStatus::Active, &update);
    assert!(gone.unwrap_err().is_not_found());
    refused(works(&with_key(&emulator, &long.key.id)), 401, "EMU401");

    let search = AuditSearch::default().actions(["ManagementKeyCreated", "ManagementKeysDeleted"]);
    assert_eq!(client.mgmt().audit().search(&search).unwrap().items.len(), 3);
    // Keys are the company's, and so outlive the project.
    let last = keys.create("last", &all, &NewManagementKey::default()).unwrap();
    client.mgmt().project().delete().unwrap();
    works(&with_key(&emulator, last.cleartext.expose())).unwrap();
    emulator.reset();
    refused(works(&with_key(&emulator, last.cleartext.expose())), 401, "EMU401");
}

#[test]
fn a_management_key_does_what_its_roles_permit_where_they_hold() {
    let (emulator, client) = start();
    emulator.seed(&json!({ "project": [{ "name": "P", "tags": ["prod"] }] })).unwrap();
    let project = emulator.project_id();
    let copy = client.mgmt().project().clone_project("Q", &Default::default()).unwrap().project_id;
    let of_project = |id: &str, role: &str| {
        KeyAccess::default().project_roles([ProjectRoles::new([id], [role])])
    };
    let by_tag =
        |tag: &str, role: &str| KeyAccess::default().tag_roles([TagRoles::new([tag], [role])]);
    let company = |role: &str| KeyAccess::default().company_roles([role]);
    let full = "project-full-access";
    // Whether it may list users, create one, create a role, and list the management keys.
    for (access, may) in [
        (company("company-full-access"), [true, true, true, true]),
        (company("company-read-only"), [true, false, false, true]),
        (of_project(project, full), [true, true, true, false]),
        (of_project(&copy, full), [false; 4]),
        (of_project(project, "project-user-read-write"), [true, true, false, false]),
        (of_project(project, "project-user-read-only"), [true, false, false, false]),
        (by_tag("prod", "tag-infra-read-write"), [false, false, true, false]),
        (by_tag("test", "tag-infra-read-write"), [false; 4]),
        (KeyAccess::default(), [false; 4]),
    ] {
        let key = client.mgmt().management_key().create("k", &access, &Default::default());
        let own = with_key(&emulator, key.unwrap().cleartext.expose());
        let outcomes = [
            own.mgmt().user().search(&Default::default()).map(drop),
            own.mgmt().user().create("ada", &Default::default()).map(drop),
            own.mgmt().permission().create("read", &Default::default()),
            own.mgmt().management_key().load_all().map(drop),
        ];
        for (outcome, may) in outcomes.into_iter().zip(may) {
            match outcome {
                Ok(()) => assert!(may, "{access:?}"),
                Err(error) if may => panic!("{access:?}: {error}"),
                error => refused(error, 403, "EMU403"),
            }
        }
        let _ = client.mgmt().user().delete("ada");
        let _ = client.mgmt().permission().delete("read");
    }
    let unknown = of_project("P2nothing", full);
    let refusal = client.mgmt().management_key().create("k", &unknown, &Default::default());
    refused(refusal, 400, "E011004");
}

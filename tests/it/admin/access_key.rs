//! Access keys.

use std::time::Duration;

use descope::auth::access_key::AccessKeyOptions;
use descope::clock::Clock;
use descope::mgmt::access_key::{
    AccessKeySearch, AccessKeyStatus, AccessKeyUpdate, CreatedAccessKey, NewAccessKey,
};
use descope::{Scope, Sort, TenantRoles, UnixTime};
use serde_json::{Value, json};

use crate::answers::survives;
use crate::emulated::start;
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

fn key() -> Value {
    json!({
        "id": "K1", "name": "ci", "description": "d", "status": "active", "roleNames": ["Editor"],
        "keyTenants": [{ "tenantId": "acme", "tenantName": "Acme", "roleNames": ["Owner"] }],
        "createdTime": 1_700_000_000, "expireTime": 1_900_000_000, "createdBy": "U1",
        "clientId": "C1", "boundUserId": "U2", "customClaims": { "c": [1, null] },
        "customAttributes": { "a": { "b": null } }, "permittedIps": ["192.0.2.1"], "shoeSize": 42,
    })
}

#[test]
fn create_with_every_field() {
    let new = NewAccessKey::default()
        .description("d")
        .roles(["Editor"])
        .tenants([TenantRoles::new("acme").roles(["Owner"]), TenantRoles::new("t2")])
        .user_id("U2")
        .custom_claims([("c", json!([1, null]))])
        .custom_attributes([("a", json!({ "b": null }))])
        .permitted_ips(["192.0.2.1", "10.0.0.0/8"]);
    let body = json!({
        "name": "ci", "expireTime": 1_900_000_000, "description": "d", "roleNames": ["Editor"],
        "keyTenants": [{ "tenantId": "acme", "roleNames": ["Owner"] }, { "tenantId": "t2", "roleNames": [] }],
        "userId": "U2", "customClaims": { "c": [1, null] },
        "customAttributes": { "a": { "b": null } }, "permittedIps": ["192.0.2.1", "10.0.0.0/8"],
    });
    let answer = json!({ "cleartext": "canary", "key": key() });
    let line = "POST /v1/mgmt/accesskey/create";
    let expires = UnixTime::from_seconds(1_900_000_000);
    let made = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().access_key().create("ci", Some(expires), &new)
    });
    assert_eq!(made.cleartext.expose(), "canary");
    assert!(!format!("{made:?}").contains("canary"));
    let CreatedAccessKey { key, .. } = made;
    assert_eq!((&*key.id, &*key.name, &*key.description), ("K1", "ci", "d"));
    assert_eq!(
        (key.status.clone(), key.expire_time),
        (Some(AccessKeyStatus::Active), Some(expires))
    );
    assert_eq!(key.created_time.as_seconds(), 1_700_000_000);
    assert_eq!((&*key.created_by, &*key.client_id, &*key.bound_user_id), ("U1", "C1", "U2"));
    assert_eq!(key.role_names, ["Editor"]);
    assert_eq!(key.key_tenants[0].tenant_id, "acme");
    assert_eq!(key.key_tenants[0].role_names, ["Owner"]);
    assert_eq!(
        (&key.custom_claims["c"], &key.custom_attributes["a"]),
        (&json!([1, null]), &json!({ "b": null }))
    );
    assert_eq!(
        (&*key.permitted_ips, &key.extra["shoeSize"]),
        (&["192.0.2.1".to_owned()][..], &json!(42))
    );

    let body = json!({ "name": "ci", "expireTime": 0 });
    sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().access_key().create("ci", None, &NewAccessKey::default())
    });
    every_field_of(["POST /v1/mgmt/accesskey/create"]);
}

#[test]
fn load_and_search_with_every_field() {
    let answer = json!({ "key": key() });
    let line = "GET /v1/mgmt/accesskey?id=K%2F1";
    let loaded = sends(line, MANAGEMENT, Value::Null, &answer, |client| {
        client.mgmt().access_key().load("K/1")
    });
    assert_eq!(loaded.name, "ci");
    let search = AccessKeySearch::default()
        .tenant_ids(["acme"])
        .bound_user_id("U2")
        .creating_user("U1")
        .custom_attributes([("a", 1)])
        .sort([Sort::ascending("name"), Sort::descending("createdTime")]);
    let body = json!({
        "tenantIds": ["acme"], "boundUserId": "U2", "creatingUser": "U1",
        "customAttributes": { "a": 1 },
        "sort": [{ "field": "name", "desc": false }, { "field": "createdTime", "desc": true }],
    });
    let answer = json!({ "keys": [key(), { "id": "K2", "status": "asleep", "expireTime": 0 }] });
    let line = "POST /v1/mgmt/accesskey/search";
    let found =
        sends(line, MANAGEMENT, body, &answer, |client| client.mgmt().access_key().search(&search));
    assert_eq!(found[1].status, Some(AccessKeyStatus::Other("asleep".to_owned())));
    assert_eq!(found[1].expire_time, None);
    survives(&answer, |client| client.mgmt().access_key().search(&search));
    every_field_of(["GET /v1/mgmt/accesskey", "POST /v1/mgmt/accesskey/search"]);
}

#[test]
fn update_with_every_field_and_with_none() {
    let none: [&str; 0] = [];
    let update = AccessKeyUpdate::default()
        .description("")
        .roles(none)
        .tenants([TenantRoles::new("acme").roles(["Owner"])])
        .custom_claims([("c", 1)])
        .custom_attributes([("a", 1)])
        .permitted_ips(["192.0.2.1"]);
    let body = json!({
        "id": "K1", "name": "new", "description": "", "roleNames": [],
        "keyTenants": [{ "tenantId": "acme", "roleNames": ["Owner"] }], "customClaims": { "c": 1 },
        "customAttributes": { "a": 1 }, "permittedIps": ["192.0.2.1"],
    });
    let line = "POST /v1/mgmt/accesskey/update";
    let updated = sends(line, MANAGEMENT, body, &json!({ "key": key() }), |client| {
        client.mgmt().access_key().update("K1", "new", &update)
    });
    assert_eq!(updated.id, "K1");
    // Older answers are empty.
    sends(line, MANAGEMENT, json!({ "id": "K1", "name": "new" }), &json!({}), |client| {
        client.mgmt().access_key().update("K1", "new", &AccessKeyUpdate::default())
    });
    every_field_of(["POST /v1/mgmt/accesskey/update"]);
}

#[test]
fn the_calls_that_name_keys() {
    let (one, many) = (json!({ "id": "K1" }), json!({ "ids": ["K1", "K2"] }));
    let path = |name: &str| format!("POST /v1/mgmt/accesskey/{name}");
    let answer = json!({ "cleartext": "canary", "key": key() });
    let rotated = sends(&path("rotate"), MANAGEMENT, one.clone(), &answer, |client| {
        client.mgmt().access_key().rotate("K1")
    });
    assert_eq!((rotated.cleartext.expose(), &*rotated.key.id), ("canary", "K1"));
    let nothing = json!({});
    sends(&path("activate"), MANAGEMENT, one.clone(), &nothing, |client| {
        client.mgmt().access_key().activate("K1")
    });
    sends(&path("deactivate"), MANAGEMENT, one.clone(), &nothing, |client| {
        client.mgmt().access_key().deactivate("K1")
    });
    sends(&path("delete"), MANAGEMENT, one, &nothing, |client| {
        client.mgmt().access_key().delete("K1")
    });
    sends(&path("activate/batch"), MANAGEMENT, many.clone(), &nothing, |client| {
        client.mgmt().access_key().activate_batch(&["K1", "K2"])
    });
    sends(&path("deactivate/batch"), MANAGEMENT, many.clone(), &nothing, |client| {
        client.mgmt().access_key().deactivate_batch(&["K1", "K2"])
    });
    sends(&path("delete/batch"), MANAGEMENT, many, &nothing, |client| {
        client.mgmt().access_key().delete_batch(&["K1", "K2"])
    });
    every_field_of([
        "POST /v1/mgmt/accesskey/activate",
        "POST /v1/mgmt/accesskey/activate/batch",
        "POST /v1/mgmt/accesskey/deactivate",
        "POST /v1/mgmt/accesskey/deactivate/batch",
        "POST /v1/mgmt/accesskey/delete",
        "POST /v1/mgmt/accesskey/delete/batch",
        "POST /v1/mgmt/accesskey/rotate",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let new = NewAccessKey::default();
    refuses("name", |c| c.mgmt().access_key().create("", None, &new));
    for seconds in [0, -1] {
        let expires = Some(UnixTime::from_seconds(seconds));
        refuses("expires", |c| c.mgmt().access_key().create("ci", expires, &new));
    }
    refuses("id", |c| c.mgmt().access_key().load(""));
    refuses("id", |c| c.mgmt().access_key().update("", "ci", &AccessKeyUpdate::default()));
    refuses("name", |c| c.mgmt().access_key().update("K1", "", &AccessKeyUpdate::default()));
    refuses("id", |c| c.mgmt().access_key().rotate(""));
    refuses("id", |c| c.mgmt().access_key().activate(""));
    refuses("id", |c| c.mgmt().access_key().deactivate(""));
    refuses("id", |c| c.mgmt().access_key().delete(""));
    refuses("ids", |c| c.mgmt().access_key().activate_batch(&[]));
    refuses("ids", |c| c.mgmt().access_key().deactivate_batch(&["K1", " "]));
    refuses("ids", |c| c.mgmt().access_key().delete_batch(&[]));
    refusals_of([
        ("GET /v1/mgmt/accesskey", "id"),
        ("POST /v1/mgmt/accesskey/activate", "id"),
        ("POST /v1/mgmt/accesskey/activate/batch", "ids"),
        ("POST /v1/mgmt/accesskey/create", "expires name"),
        ("POST /v1/mgmt/accesskey/deactivate", "id"),
        ("POST /v1/mgmt/accesskey/deactivate/batch", "ids"),
        ("POST /v1/mgmt/accesskey/delete", "id"),
        ("POST /v1/mgmt/accesskey/delete/batch", "ids"),
        ("POST /v1/mgmt/accesskey/rotate", "id"),
        ("POST /v1/mgmt/accesskey/update", "id name"),
    ]);
}

#[test]
fn an_access_key_lives_from_creation_to_deletion() {
    let (emulator, client) = start();
    let seed = json!({
        "tenants": [{ "id": "acme", "name": "Acme" }],
        "roles": [{ "name": "Editor" }, { "name": "Owner", "tenantId": "acme" }],
    });
    emulator.seed(&seed).unwrap();
    let keys = client.mgmt().access_key();
    let exchange = |made: &CreatedAccessKey| {
        client.auth().access_key().exchange(made.cleartext.expose(), &AccessKeyOptions::default())
    };
    let soon = UnixTime::from_seconds(emulator.clock().unix().as_seconds() + 60);
    let new = NewAccessKey::default()
        .roles(["Editor"])
        .tenants([TenantRoles::new("acme").roles(["Owner"])])
        .custom_claims([("job", "nightly")]);
    let made = keys.create("ci", Some(soon), &new).unwrap();
    assert!(keys.create("x", None, &NewAccessKey::default().roles(["Nobody"])).is_err());
    let claims = exchange(&made).unwrap().session.claims;
    assert!(claims.has_roles(Scope::Project, ["Editor"]));
    assert!(claims.has_roles(Scope::Tenant("acme"), ["Owner"]));
    assert_eq!(claims.get::<String>("job").unwrap().as_deref(), Some("nightly"));

    let update = AccessKeyUpdate::default().description("d");
    let updated = keys.update(&made.key.id, "nightly", &update).unwrap();
    assert_eq!((&*updated.name, &*updated.description), ("nightly", "d"));
    assert_eq!(updated.role_names, ["Editor"], "what is not set stays");
    let none: [&str; 0] = [];
    let updated =
        keys.update(&made.key.id, "nightly", &AccessKeyUpdate::default().roles(none)).unwrap();
    assert_eq!(updated.role_names, [""; 0], "what is set to nothing is cleared");

    keys.deactivate(&made.key.id).unwrap();
    assert_eq!(keys.load(&made.key.id).unwrap().status, Some(AccessKeyStatus::Inactive));
    assert!(exchange(&made).unwrap_err().is_unauthorized());
    keys.activate(&made.key.id).unwrap();
    exchange(&made).unwrap();
    let rotated = keys.rotate(&made.key.id).unwrap();
    assert!(exchange(&made).unwrap_err().is_unauthorized(), "the old cleartext");
    exchange(&rotated).unwrap();
    emulator.advance(Duration::from_secs(60));
    assert_eq!(keys.load(&made.key.id).unwrap().status, Some(AccessKeyStatus::Expired));
    assert!(exchange(&rotated).unwrap_err().is_unauthorized());

    keys.delete(&made.key.id).unwrap();
    assert!(keys.load(&made.key.id).unwrap_err().is_not_found());
    assert!(keys.activate(&made.key.id).unwrap_err().is_not_found());
    assert!(exchange(&rotated).unwrap_err().is_unauthorized());
}

#[test]
fn keys_are_found_sorted_and_handled_together() {
    let (emulator, client) = start();
    let seed = json!({
        "tenants": [{ "id": "acme", "name": "Acme" }],
        "users": [{ "loginId": "ada" }],
    });
    emulator.seed(&seed).unwrap();
    let ada = client.mgmt().user().load("ada").unwrap().user_id;
    let keys = client.mgmt().access_key();
    let make = |name: &str, new: NewAccessKey| {
        let made = keys.create(name, None, &new).unwrap();
        emulator.advance(Duration::from_secs(1));
        made.key.id
    };
    let b = make("b", NewAccessKey::default().tenants([TenantRoles::new("acme")]));
    let a = make("a", NewAccessKey::default().user_id(&*ada));
    let c = make("c", NewAccessKey::default().custom_attributes([("k", json!([1]))]));
    let found = |search: AccessKeySearch| -> Vec<String> {
        keys.search(&search).unwrap().into_iter().map(|key| key.name).collect()
    };
    let all = AccessKeySearch::default;
    assert_eq!(found(all().tenant_ids(["acme", "t9"])), ["b"]);
    assert_eq!(found(all().bound_user_id(&*ada)), ["a"]);
    assert_eq!(found(all().custom_attributes([("k", json!([1]))])), ["c"]);
    assert_eq!(found(all().creating_user("nobody")), [""; 0]);
    assert_eq!(found(all().sort([Sort::ascending("name")])), ["a", "b", "c"]);
    let newest = [Sort::ascending("status"), Sort::descending("createdTime")];
    assert_eq!(found(all().sort(newest)), ["c", "a", "b"]);
    assert!(keys.search(&all().sort([Sort::ascending("shoeSize")])).is_err());

    keys.deactivate_batch(&[&a, &b]).unwrap();
    let newest = [Sort::descending("status"), Sort::ascending("name")];
    assert_eq!(found(all().sort(newest)), ["a", "b", "c"], "two are inactive");
    keys.activate_batch(&[&a]).unwrap();
    assert_eq!(keys.load(&a).unwrap().status, Some(AccessKeyStatus::Active));
    keys.delete_batch(&[&b, &c]).unwrap();
    assert_eq!(found(all()), ["a"]);
    client.mgmt().user().delete("ada").unwrap();
    assert_eq!(found(all()), [""; 0], "a bound key goes with its user");
}

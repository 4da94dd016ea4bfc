//! Permissions.

use descope::mgmt::jwt::SignIn;
use descope::mgmt::permission::{NewPermission, PermissionChange, PermissionDetails};
use descope::mgmt::role::RoleDetails;
use descope::transport::http::Method;
use descope::{Credential, Scope};
use serde_json::{Value, json};

use crate::answers::survives;
use crate::emulated::{start, start_empty};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

fn described(text: &str) -> PermissionDetails {
    PermissionDetails::default().description(text)
}

#[test]
fn every_request() {
    let nothing = json!({});
    let (create, update) = ("POST /v1/mgmt/permission/create", "POST /v1/mgmt/permission/update");
    let delete = "POST /v1/mgmt/permission/delete";
    let body = json!({ "name": "read", "description": "To read" });
    sends(create, MANAGEMENT, body, &nothing, |client| {
        client.mgmt().permission().create("read", &described("To read"))
    });
    sends(create, MANAGEMENT, json!({ "name": "read" }), &nothing, |client| {
        client.mgmt().permission().create("read", &PermissionDetails::default())
    });
    let body = json!({ "name": "read", "newName": "see", "description": "" });
    sends(update, MANAGEMENT, body, &nothing, |client| {
        client.mgmt().permission().update("read", "see", &described(""))
    });
    let body = json!({ "id": "P1", "newName": "see", "description": "d" });
    sends(update, MANAGEMENT, body, &nothing, |client| {
        client.mgmt().permission().update_by_id("P1", "see", &described("d"))
    });
    sends(delete, MANAGEMENT, json!({ "name": "read" }), &nothing, |client| {
        client.mgmt().permission().delete("read")
    });
    sends(delete, MANAGEMENT, json!({ "id": "P1" }), &nothing, |client| {
        client.mgmt().permission().delete_by_id("P1")
    });
    let all = json!({ "permissions": [
        { "id": "P1", "name": "read", "description": "d", "systemDefault": true },
    ] });
    let line = "GET /v1/mgmt/permission/all";
    let found = sends(line, MANAGEMENT, Value::Null, &all, |c| c.mgmt().permission().load_all());
    assert_eq!((&*found[0].id, &*found[0].name, &*found[0].description), ("P1", "read", "d"));
    assert!(found[0].system_default);
    survives(&all, |client| client.mgmt().permission().load_all());
    every_field_of([
        "GET /v1/mgmt/permission/all",
        "POST /v1/mgmt/permission/create",
        "POST /v1/mgmt/permission/delete",
        "POST /v1/mgmt/permission/update",
    ]);
}

#[test]
fn every_batch() {
    let nothing = json!({});
    let body = json!({ "permissions": [{ "name": "a", "description": "d" }, { "name": "b" }] });
    sends("POST /v1/mgmt/permission/create/batch", MANAGEMENT, body, &nothing, |client| {
        let new = [NewPermission::new("a").description("d"), NewPermission::new("b")];
        client.mgmt().permission().create_batch(&new)
    });
    let body = json!({ "permissions": [
        { "name": "a", "newName": "c", "description": "d" }, { "id": "P1", "newName": "e" },
    ] });
    sends("POST /v1/mgmt/permission/update/batch", MANAGEMENT, body, &nothing, |client| {
        let changes =
            [PermissionChange::of("a", "c").description("d"), PermissionChange::of_id("P1", "e")];
        client.mgmt().permission().update_batch(&changes)
    });
    let line = "POST /v1/mgmt/permission/delete/batch";
    sends(line, MANAGEMENT, json!({ "names": ["a", "b"] }), &nothing, |client| {
        client.mgmt().permission().delete_batch(&["a", "b"])
    });
    sends(line, MANAGEMENT, json!({ "ids": ["P1"] }), &nothing, |client| {
        client.mgmt().permission().delete_batch_by_ids(&["P1"])
    });
    every_field_of([
        "POST /v1/mgmt/permission/create/batch",
        "POST /v1/mgmt/permission/delete/batch",
        "POST /v1/mgmt/permission/update/batch",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let details = PermissionDetails::default();
    refuses("name", |c| c.mgmt().permission().create("", &details));
    refuses("name", |c| c.mgmt().permission().update("", "see", &details));
    refuses("new_name", |c| c.mgmt().permission().update("read", "", &details));
    refuses("id", |c| c.mgmt().permission().update_by_id("", "see", &details));
    refuses("new_name", |c| c.mgmt().permission().update_by_id("P1", "", &details));
    refuses("name", |c| c.mgmt().permission().delete(""));
    refuses("id", |c| c.mgmt().permission().delete_by_id(""));
    refuses("permissions", |c| c.mgmt().permission().create_batch(&[]));
    refuses("permissions", |c| c.mgmt().permission().update_batch(&[]));
    refuses("name", |c| c.mgmt().permission().create_batch(&[NewPermission::new("")]));
    refuses("new_name", |c| c.mgmt().permission().update_batch(&[PermissionChange::of("A", "")]));
    refuses("names", |c| c.mgmt().permission().delete_batch(&[]));
    refuses("names", |c| c.mgmt().permission().delete_batch(&["a", ""]));
    refuses("ids", |c| c.mgmt().permission().delete_batch_by_ids(&[]));
    refusals_of([
        ("POST /v1/mgmt/permission/create", "name"),
        ("POST /v1/mgmt/permission/create/batch", "name permissions"),
        ("POST /v1/mgmt/permission/delete", "id name"),
        ("POST /v1/mgmt/permission/delete/batch", "ids names"),
        ("POST /v1/mgmt/permission/update", "id name new_name"),
        ("POST /v1/mgmt/permission/update/batch", "new_name permissions"),
    ]);
}

#[test]
fn a_permission_lives_in_roles_and_tokens() {
    let (emulator, client) = start_empty();
    let permissions = client.mgmt().permission();
    let list = || -> Vec<(String, String)> {
        let all = permissions.load_all().unwrap();
        all.into_iter().map(|of| (of.name, of.description)).collect()
    };
    let row = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    permissions.create("read", &described("To read")).unwrap();
    assert!(permissions.create("read", &described("")).is_err(), "the name is taken");
    permissions.create_batch(&[NewPermission::new("write"), NewPermission::new("fly")]).unwrap();
    assert_eq!(list(), [row("read", "To read"), row("write", ""), row("fly", "")]);

    let may = RoleDetails::default().permissions(["read", "write"]);
    client.mgmt().role().create(Scope::Project, "Editor", &may).unwrap();
    emulator.seed(&json!({ "users": [{ "loginId": "ada", "roleNames": ["Editor"] }] })).unwrap();
    permissions.update("read", "see", &PermissionDetails::default()).unwrap();
    assert_eq!(list()[0], row("see", ""), "an update replaces the description");
    let id = permissions.load_all().unwrap()[1].id.clone();
    permissions.update_by_id(&id, "edit", &described("To edit")).unwrap();
    assert!(permissions.update("see", "edit", &described("")).is_err(), "the name is taken");

    let role = || client.mgmt().role().load_all().unwrap().remove(0);
    assert_eq!(role().permissions, ["see", "edit"], "names follow");
    let session = client.mgmt().jwt().sign_in("ada", &SignIn::default()).unwrap();
    assert!(session.claims().has_permissions(Scope::Project, ["see", "edit"]));

    permissions.delete_by_id(&id).unwrap();
    assert_eq!(role().permissions, ["see"]);
    let session = client.auth().session().refresh(session.refresh_token().unwrap()).unwrap();
    assert!(!session.claims().has_permissions(Scope::Project, ["edit"]));
    let changes = [PermissionChange::of("see", "look"), PermissionChange::of("fly", "soar")];
    permissions.update_batch(&changes).unwrap();
    permissions.delete_batch(&["soar", "no such"]).unwrap();
    assert_eq!(list(), [row("look", "")]);
    let id = permissions.load_all().unwrap()[0].id.clone();
    permissions.delete_batch_by_ids(&[&id]).unwrap();
    assert_eq!(list(), []);
    assert!(permissions.delete("look").unwrap_err().is_not_found());
    assert_eq!(role().permissions, [""; 0]);
}

/// The types that Node and Go give to new permissions and roles have what Descope sets, too.
#[test]
fn what_descope_sets_is_ignored_in_a_batch() {
    let (_, client) = start();
    let create = |path: &str, body: Value| {
        client.call(Method::POST, path, Credential::ManagementKey, &body).map(drop)
    };
    let permission =
        json!({ "name": "read", "description": "", "id": "P9", "systemDefault": true });
    create("/v1/mgmt/permission/create/batch", json!({ "permissions": [permission] })).unwrap();
    let permissions = client.mgmt().permission().load_all().unwrap();
    let read = permissions.iter().find(|permission| permission.name == "read").unwrap();
    assert!(read.id != "P9" && !read.system_default, "{read:?}");
    let role =
        json!({ "name": "Reader", "permissionNames": ["read"], "id": "R9", "createdTime": 5 });
    create("/v1/mgmt/role/create/batch", json!({ "roles": [role] })).unwrap();
    let roles = client.mgmt().role().load_all().unwrap();
    let reader = roles.iter().find(|role| role.name == "Reader").unwrap();
    assert!(reader.id != "R9" && reader.created_time.unwrap().as_seconds() > 5, "{reader:?}");
}

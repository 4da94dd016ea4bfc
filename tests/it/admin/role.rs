//! Roles.

use descope::auth::access_key::AccessKeyOptions;
use descope::mgmt::jwt::SignIn;
use descope::mgmt::permission::PermissionDetails;
use descope::mgmt::role::{NewRole, RoleChange, RoleDetails, RoleSearch};
use descope::mgmt::tenant::NewTenant;
use descope::{Error, Scope, Sort};
use serde_json::{Value, json};

use crate::answers::survives;
use crate::emulated::{start, start_empty};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

const ACME: Scope<'_> = Scope::Tenant("acme");

fn details() -> RoleDetails {
    RoleDetails::default()
        .description("To edit")
        .permissions(["read", "write"])
        .default_role(true)
        .private(false)
}

fn with_details(mut members: Value) -> Value {
    let details = json!({
        "description": "To edit", "permissionNames": ["read", "write"], "default": true,
        "private": false,
    });
    members.as_object_mut().unwrap().extend(details.as_object().unwrap().clone());
    members
}

#[test]
fn every_request() {
    let nothing = json!({});
    let (create, update) = ("POST /v1/mgmt/role/create", "POST /v1/mgmt/role/update");
    let delete = "POST /v1/mgmt/role/delete";
    let body = with_details(json!({ "name": "Editor", "tenantId": "acme" }));
    sends(create, MANAGEMENT, body, &nothing, |client| {
        client.mgmt().role().create(ACME, "Editor", &details())
    });
    sends(create, MANAGEMENT, json!({ "name": "Editor" }), &nothing, |client| {
        client.mgmt().role().create(Scope::Project, "Editor", &RoleDetails::default())
    });
    let body = with_details(json!({ "name": "Editor", "tenantId": "acme", "newName": "Author" }));
    sends(update, MANAGEMENT, body, &nothing, |client| {
        client.mgmt().role().update(ACME, "Editor", "Author", &details())
    });
    let body = with_details(json!({ "id": "R1", "tenantId": "acme", "newName": "Author" }));
    sends(update, MANAGEMENT, body, &nothing, |client| {
        client.mgmt().role().update_by_id(ACME, "R1", "Author", &details())
    });
    let none: [&str; 0] = [];
    let body = json!({ "id": "R1", "newName": "Author", "permissionNames": [] });
    sends(update, MANAGEMENT, body, &nothing, |client| {
        let details = RoleDetails::default().permissions(none);
        client.mgmt().role().update_by_id(Scope::Project, "R1", "Author", &details)
    });
    let body = json!({ "name": "Editor", "tenantId": "acme" });
    sends(delete, MANAGEMENT, body, &nothing, |c| c.mgmt().role().delete(ACME, "Editor"));
    sends(delete, MANAGEMENT, json!({ "id": "R1" }), &nothing, |client| {
        client.mgmt().role().delete_by_id(Scope::Project, "R1")
    });
    every_field_of([
        "POST /v1/mgmt/role/create",
        "POST /v1/mgmt/role/delete",
        "POST /v1/mgmt/role/update",
    ]);
}

#[test]
fn every_batch() {
    let answer = json!({ "roles": [{ "id": "R1", "name": "Editor" }] });
    let body = json!({ "roles": [
        with_details(json!({ "name": "Editor", "tenantId": "acme" })), { "name": "Reader" },
    ] });
    let made = sends("POST /v1/mgmt/role/create/batch", MANAGEMENT, body, &answer, |client| {
        let editor = NewRole::new("Editor").tenant_id("acme").details(details());
        client.mgmt().role().create_batch(&[editor, NewRole::new("Reader")])
    });
    assert_eq!(made[0].id, "R1");
    let body = json!({ "roles": [
        with_details(json!({ "name": "Editor", "tenantId": "acme", "newName": "Author" })),
        { "id": "R2", "newName": "Reader" },
    ] });
    let line = "POST /v1/mgmt/role/update/batch";
    let changed = sends(line, MANAGEMENT, body, &json!({}), |client| {
        let editor = RoleChange::of("Editor", "Author").tenant_id("acme").details(details());
        client.mgmt().role().update_batch(&[editor, RoleChange::of_id("R2", "Reader")])
    });
    assert_eq!(changed, []);
    let line = "POST /v1/mgmt/role/delete/batch";
    let body = json!({ "roleNames": ["A", "B"], "tenantId": "acme" });
    sends(line, MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().role().delete_batch(ACME, &["A", "B"])
    });
    sends(line, MANAGEMENT, json!({ "roleIds": ["R1"] }), &json!({}), |client| {
        client.mgmt().role().delete_batch_by_ids(Scope::Project, &["R1"])
    });
    every_field_of([
        "POST /v1/mgmt/role/create/batch",
        "POST /v1/mgmt/role/delete/batch",
        "POST /v1/mgmt/role/update/batch",
    ]);
}

#[test]
fn load_all_and_search() {
    let all = json!({ "roles": [{
        "id": "R1", "name": "Editor", "description": "d", "permissionNames": ["read"],
        "createdTime": 1_700_000_000, "tenantId": "acme", "default": true, "private": true,
    }] });
    let roles = sends("GET /v1/mgmt/role/all", MANAGEMENT, Value::Null, &all, |client| {
        client.mgmt().role().load_all()
    });
    let role = &roles[0];
    assert_eq!((&*role.id, &*role.name, &*role.description), ("R1", "Editor", "d"));
    assert_eq!(
        (role.tenant_id.as_deref(), role.created_time.unwrap().as_seconds()),
        (Some("acme"), 1_700_000_000)
    );
    assert_eq!(role.permissions, ["read"]);
    assert!(role.default && role.private);
    let search = RoleSearch::default()
        .tenant_ids(["acme"])
        .include_project_roles(false)
        .names(["Editor"])
        .ids(["R1"])
        .name_like("edit")
        .permissions(["read"])
        .text("d")
        .sort([Sort::descending("name")]);
    let body = json!({
        "tenantIds": ["acme"], "includeProjectRoles": false, "roleNames": ["Editor"],
        "roleIds": ["R1"], "roleNameLike": "edit", "permissionNames": ["read"], "text": "d",
        "sort": [{ "field": "name", "desc": true }],
    });
    let found = sends("POST /v1/mgmt/role/search", MANAGEMENT, body, &all, |client| {
        client.mgmt().role().search(&search)
    });
    assert_eq!(found, roles);
    survives(&all, |client| client.mgmt().role().load_all());
    every_field_of(["GET /v1/mgmt/role/all", "POST /v1/mgmt/role/search"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let (details, nowhere) = (RoleDetails::default(), Scope::Tenant(""));
    refuses("name", |c| c.mgmt().role().create(Scope::Project, "", &details));
    refuses("tenant_id", |c| c.mgmt().role().create(nowhere, "Editor", &details));
    refuses("name", |c| c.mgmt().role().update(ACME, "", "Author", &details));
    refuses("new_name", |c| c.mgmt().role().update(ACME, "Editor", "", &details));
    refuses("tenant_id", |c| c.mgmt().role().update(nowhere, "Editor", "Author", &details));
    refuses("id", |c| c.mgmt().role().update_by_id(ACME, "", "Author", &details));
    refuses("new_name", |c| c.mgmt().role().update_by_id(ACME, "R1", "", &details));
    refuses("name", |c| c.mgmt().role().delete(ACME, ""));
    refuses("tenant_id", |c| c.mgmt().role().delete(nowhere, "Editor"));
    refuses("id", |c| c.mgmt().role().delete_by_id(ACME, ""));
    refuses("roles", |c| c.mgmt().role().create_batch(&[]));
    refuses("roles", |c| c.mgmt().role().update_batch(&[]));
    refuses("name", |c| c.mgmt().role().create_batch(&[NewRole::new("A"), NewRole::new("")]));
    refuses("new_name", |c| c.mgmt().role().update_batch(&[RoleChange::of("A", "")]));
    // Descope would delete every role.
    refuses("names", |c| c.mgmt().role().delete_batch(Scope::Project, &[]));
    refuses("ids", |c| c.mgmt().role().delete_batch_by_ids(Scope::Project, &[]));
    refuses("tenant_id", |c| c.mgmt().role().delete_batch(nowhere, &["A"]));
    refusals_of([
        ("POST /v1/mgmt/role/create", "name tenant_id"),
        ("POST /v1/mgmt/role/create/batch", "name roles"),
        ("POST /v1/mgmt/role/delete", "id name tenant_id"),
        ("POST /v1/mgmt/role/delete/batch", "ids names tenant_id"),
        ("POST /v1/mgmt/role/update", "id name new_name tenant_id"),
        ("POST /v1/mgmt/role/update/batch", "new_name roles"),
    ]);
}

#[test]
fn a_role_lives_from_creation_to_deletion() {
    let (_, client) = start_empty();
    client.mgmt().permission().create("read", &PermissionDetails::default()).unwrap();
    client.mgmt().tenant().create("Acme", &NewTenant::default().id("acme")).unwrap();
    let roles = client.mgmt().role();
    let may = RoleDetails::default().description("d").permissions(["read"]).private(true);
    roles.create(Scope::Project, "Editor", &may).unwrap();
    assert!(roles.create(Scope::Project, "Editor", &may).is_err(), "the name is taken");
    roles.create(ACME, "Editor", &RoleDetails::default()).unwrap();
    assert!(roles.create(Scope::Tenant("t9"), "X", &may).unwrap_err().is_not_found());
    let unknown = RoleDetails::default().permissions(["fly"]);
    assert!(matches!(roles.create(ACME, "X", &unknown), Err(Error::Api(_))));

    let [project, acme] = <[_; 2]>::try_from(roles.load_all().unwrap()).unwrap();
    assert_eq!((&project.tenant_id, acme.tenant_id.as_deref()), (&None, Some("acme")));
    assert_eq!((&*project.permissions, project.private), (&["read".to_owned()][..], true));

    roles.update(ACME, "Editor", "Author", &RoleDetails::default()).unwrap();
    roles.update_by_id(Scope::Project, &project.id, "Editor", &RoleDetails::default()).unwrap();
    let found = |search: RoleSearch| -> Vec<String> {
        roles.search(&search).unwrap().into_iter().map(|role| role.name).collect()
    };
    assert_eq!(found(RoleSearch::default()), ["Editor", "Author"]);
    assert_eq!(found(RoleSearch::default().tenant_ids(["acme"])), ["Author"]);
    let both = RoleSearch::default().tenant_ids(["acme"]).include_project_roles(true);
    assert_eq!(found(both), ["Editor", "Author"]);
    assert_eq!(found(RoleSearch::default().name_like("AUTH")), ["Author"]);
    assert_eq!(found(RoleSearch::default().ids([&*acme.id])), ["Author"]);
    assert_eq!(found(RoleSearch::default().permissions(["read"])), [""; 0], "it was cleared");

    assert!(roles.delete(Scope::Project, "Author").unwrap_err().is_not_found());
    roles.delete(ACME, "Author").unwrap();
    roles.delete_by_id(Scope::Project, &project.id).unwrap();
    assert_eq!(roles.load_all().unwrap(), []);
}

#[test]
fn batches_make_change_and_delete() {
    let (_, client) = start_empty();
    client.mgmt().tenant().create("Acme", &NewTenant::default().id("acme")).unwrap();
    let roles = client.mgmt().role();
    let new = ["A", "B", "C"].map(NewRole::new);
    let made = roles.create_batch(&new).unwrap();
    assert_eq!(made.iter().map(|role| &*role.name).collect::<Vec<_>>(), ["A", "B", "C"]);
    roles.create_batch(&[NewRole::new("B").tenant_id("acme")]).unwrap();
    let changes = [
        RoleChange::of("A", "AA").details(RoleDetails::default().description("d")),
        RoleChange::of_id(&*made[2].id, "CC"),
        RoleChange::of("B", "BB").tenant_id("acme"),
    ];
    let changed = roles.update_batch(&changes).unwrap();
    assert_eq!(changed.iter().map(|role| &*role.name).collect::<Vec<_>>(), ["AA", "CC", "BB"]);
    assert_eq!((&changed[0].id, &*changed[0].description), (&made[0].id, "d"));
    roles.delete_batch(Scope::Project, &["AA", "BB"]).unwrap();
    let left = roles.load_all().unwrap();
    assert_eq!(left.iter().map(|role| &*role.name).collect::<Vec<_>>(), ["B", "CC", "BB"]);
    roles.delete_batch_by_ids(Scope::Project, &[&*left[0].id, &*left[1].id]).unwrap();
    roles.delete_batch(ACME, &["BB"]).unwrap();
    assert_eq!(roles.load_all().unwrap(), []);
}

#[test]
fn renaming_and_deleting_reach_users_keys_and_tokens() {
    let (emulator, client) = start();
    let member = json!([{ "tenantId": "acme", "roleNames": ["Editor", "Local"] }]);
    let made = emulator
        .seed(&json!({
            "tenants": [{ "id": "acme", "name": "Acme" }],
            "roles": [{ "name": "Editor" }, { "name": "Local", "tenantId": "acme" }],
            "users": [{ "loginId": "ada", "roleNames": ["Editor"], "userTenants": member }],
            "accessKeys": [{ "name": "ci", "roleNames": ["Editor"], "keyTenants": member }],
        }))
        .unwrap();
    let key = made["accessKeys"][0]["cleartext"].as_str().unwrap();
    let held = |scope: Scope<'_>, role: &str| {
        let user = client.mgmt().jwt().sign_in("ada", &SignIn::default()).unwrap();
        let key = client.auth().access_key().exchange(key, &AccessKeyOptions::default()).unwrap();
        [user.claims().has_roles(scope, [role]), key.session.claims.has_roles(scope, [role])]
    };
    client
        .mgmt()
        .role()
        .update(Scope::Project, "Editor", "Author", &RoleDetails::default())
        .unwrap();
    assert_eq!(held(Scope::Project, "Author"), [true; 2]);
    assert_eq!(held(ACME, "Author"), [true; 2]);
    assert_eq!(held(Scope::Project, "Editor"), [false; 2]);
    client.mgmt().role().delete(Scope::Project, "Author").unwrap();
    assert_eq!(held(Scope::Project, "Author"), [false; 2]);
    assert_eq!(held(ACME, "Author"), [false; 2]);
    assert_eq!(held(ACME, "Local"), [true; 2]);
    // A new role of the old name is another role.
    client.mgmt().role().create(Scope::Project, "Author", &RoleDetails::default()).unwrap();
    assert_eq!(held(Scope::Project, "Author"), [false; 2]);
}

#[test]
fn searches_find_texts_and_sort() {
    let (_, client) = start_empty();
    let roles = client.mgmt().role();
    for (name, description) in [("Reader", "may read"), ("Writer", "may write"), ("Editor", "")] {
        let details = RoleDetails::default().description(description);
        roles.create(Scope::Project, name, &details).unwrap();
    }
    let found = |search: RoleSearch| {
        let found = roles.search(&search).unwrap();
        found.into_iter().map(|role| role.name).collect::<Vec<_>>()
    };
    let search = RoleSearch::default;
    assert_eq!(found(search().text("WRIT")), ["Writer"]);
    assert_eq!(found(search().text("may")), ["Reader", "Writer"]);
    assert_eq!(found(search().sort([Sort::descending("name")])), ["Writer", "Reader", "Editor"]);
    assert_eq!(found(search().sort([Sort::ascending("name")])), ["Editor", "Reader", "Writer"]);
    let unknown = search().sort([Sort::ascending("shoeSize")]);
    assert_eq!(roles.search(&unknown).unwrap_err().status(), Some(400));
}

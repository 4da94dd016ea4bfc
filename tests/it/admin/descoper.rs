//! Users of the Descope console.

use descope::mgmt::descoper::{
    Descoper, DescoperAccess, DescoperAttributes, DescoperPatch, DescoperRole, NewDescoper,
    ProjectRole, TagRole,
};
use serde_json::{Value, json};

use crate::emulated::{last_message, refused, start};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

fn attributes_json() -> Value {
    json!({ "displayName": "Ada", "email": "ada@example.com", "phone": "+12025550101" })
}

fn attributes() -> DescoperAttributes {
    DescoperAttributes::default().display_name("Ada").email("ada@example.com").phone("+12025550101")
}

fn access_json() -> Value {
    json!({
        "isCompanyAdmin": false, "tags": [{ "tags": ["prod"], "role": "support" }],
        "projects": [{ "projectIds": ["P2a", "P2b"], "role": "developer" }],
    })
}

fn access() -> DescoperAccess {
    DescoperAccess::default()
        .tags([TagRole::new(["prod"], DescoperRole::Support)])
        .projects([ProjectRole::new(["P2a", "P2b"], DescoperRole::Developer)])
}

fn descoper() -> Value {
    json!({
        "id": "U1", "loginIDs": ["ada@example.com"], "attributes": attributes_json(),
        "rbac": access_json(), "status": "invited", "shoeSize": 42,
    })
}

fn is_ada(ada: &Descoper) {
    assert_eq!((&*ada.id, &*ada.login_ids[0]), ("U1", "ada@example.com"));
    assert_eq!((&ada.attributes, &ada.access), (&attributes(), &access()));
    assert_eq!((ada.status.as_deref(), &ada.extra["shoeSize"]), (Some("invited"), &json!(42)));
    let written = serde_json::to_value(ada).unwrap();
    assert_eq!(written, descoper());
    assert_eq!(serde_json::from_value::<Descoper>(written).unwrap(), *ada);
}

#[test]
fn create_batch_with_every_field_and_with_none() {
    let people = [
        NewDescoper::new("ada@example.com")
            .attributes(attributes())
            .send_invite(true)
            .access(access()),
        NewDescoper::new("grace@example.com"),
    ];
    let body = json!({ "descopers": [
        {
            "loginId": "ada@example.com", "attributes": attributes_json(), "sendInvite": true,
            "rbac": access_json(),
        },
        { "loginId": "grace@example.com" },
    ] });
    let answer = json!({ "descopers": [descoper()], "total": 1 });
    let created = sends("PUT /v1/mgmt/descoper", MANAGEMENT, body, &answer, |client| {
        client.mgmt().descoper().create_batch(&people)
    });
    is_ada(&created[0]);
    every_field_of(["PUT /v1/mgmt/descoper"]);
}

#[test]
fn load_and_load_all() {
    let line = "GET /v1/mgmt/descoper?id=U%2F1";
    let answer = json!({ "descoper": descoper() });
    let ada = sends(line, MANAGEMENT, Value::Null, &answer, |client| {
        client.mgmt().descoper().load("U/1")
    });
    is_ada(&ada);
    let other =
        json!({ "id": "U2", "loginIds": ["grace"], "rbac": { "tags": [{ "role": "chef" }] } });
    let answer = json!({ "descopers": [descoper(), other], "total": 2 });
    let line = "POST /v1/mgmt/descoper/list";
    let all =
        sends(line, MANAGEMENT, json!({}), &answer, |client| client.mgmt().descoper().load_all());
    is_ada(&all[0]);
    assert_eq!((&*all[1].login_ids, &all[1].status), (&["grace".to_owned()][..], &None));
    let role = all[1].access.tags[0].role.as_ref();
    assert_eq!(role.map(DescoperRole::as_str), Some("chef"), "another spelling, another role");
    every_field_of(["GET /v1/mgmt/descoper", "POST /v1/mgmt/descoper/list"]);
}

#[test]
fn patch_with_every_field_and_with_none() {
    let patch = DescoperPatch::default().attributes(attributes()).access(access());
    let body = json!({ "id": "U1", "attributes": attributes_json(), "rbac": access_json() });
    let line = "PATCH /v1/mgmt/descoper";
    let answer = json!({ "descoper": descoper() });
    let patched = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().descoper().patch("U1", &patch)
    });
    is_ada(&patched);
    sends(line, MANAGEMENT, json!({ "id": "U1" }), &answer, |client| {
        client.mgmt().descoper().patch("U1", &DescoperPatch::default())
    });
    let body = json!({ "id": "U1", "rbac": { "isCompanyAdmin": true } });
    sends(line, MANAGEMENT, body, &answer, |client| {
        let patch = DescoperPatch::default().access(DescoperAccess::company_admin());
        client.mgmt().descoper().patch("U1", &patch)
    });
    every_field_of(["PATCH /v1/mgmt/descoper"]);
}

#[test]
fn delete() {
    let line = "DELETE /v1/mgmt/descoper?id=U%2F1";
    sends(line, MANAGEMENT, Value::Null, &json!({}), |client| {
        client.mgmt().descoper().delete("U/1")
    });
    every_field_of(["DELETE /v1/mgmt/descoper"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    refuses("descopers", |c| c.mgmt().descoper().create_batch(&[]));
    refuses("login_id", |c| c.mgmt().descoper().create_batch(&[NewDescoper::new("")]));
    refuses("id", |c| c.mgmt().descoper().load(""));
    refuses("id", |c| c.mgmt().descoper().patch("", &DescoperPatch::default()));
    refuses("id", |c| c.mgmt().descoper().delete(" "));
    refusals_of([
        ("DELETE /v1/mgmt/descoper", "id"),
        ("GET /v1/mgmt/descoper", "id"),
        ("PATCH /v1/mgmt/descoper", "id"),
        ("PUT /v1/mgmt/descoper", "descopers login_id"),
    ]);
}

#[test]
fn a_role_has_its_name_on_the_wire() {
    use DescoperRole::{Admin, Auditor, Developer, Support};
    for role in [Admin, Developer, Support, Auditor] {
        assert_eq!(serde_json::to_value(&role).unwrap(), role.as_str());
    }
}

#[test]
fn a_descoper_comes_and_goes() {
    let (emulator, client) = start();
    let descopers = client.mgmt().descoper();
    let role = |role| ProjectRole::new([client.project_id()], role);
    let developer = DescoperAccess::default()
        .projects([role(DescoperRole::Developer)])
        .tags([TagRole::new(["prod"], DescoperRole::Auditor)]);
    let ada = NewDescoper::new("ada@example.com").access(developer.clone()).send_invite(true);
    let al = NewDescoper::new("al@example.com");
    let created = descopers.create_batch(&[ada, al]).unwrap();
    assert_eq!(created[0].login_ids, ["ada@example.com"]);
    assert_eq!((&created[0].access, created[0].status.as_deref()), (&developer, Some("invited")));
    assert_eq!(created[0].attributes.email.as_deref(), Some("ada@example.com"));
    assert_eq!(last_message(&emulator, "ada@example.com").purpose, "invite");
    assert!(emulator.inbox().last_to("al@example.com").is_none());
    assert_eq!(descopers.load_all().unwrap(), created);

    let ada = &*created[0].id;
    let patch = DescoperPatch::default().attributes(attributes());
    let patched = descopers.patch(ada, &patch).unwrap();
    assert_eq!(
        (&patched.attributes, &patched.access),
        (&attributes(), &developer),
        "the rest stays"
    );
    let patch = DescoperPatch::default().access(DescoperAccess::company_admin());
    let admin = descopers.patch(ada, &patch).unwrap();
    assert!(admin.access.is_company_admin && admin.access.projects.is_empty());
    assert_eq!(admin.attributes, attributes());
    assert_eq!(descopers.load(ada).unwrap(), admin);

    let access = |role| DescoperAccess::default().projects([role]);
    let odd = access(role(DescoperRole::Other("odd".to_owned())));
    let elsewhere = access(ProjectRole::new(["P2nothing"], DescoperRole::Admin));
    for (refusal, code) in [
        (NewDescoper::new("ada@example.com"), "EMU409"),
        (NewDescoper::new("ada"), "E011004"),
        (NewDescoper::new("eve@example.com").access(odd.clone()), "E011004"),
        (NewDescoper::new("eve@example.com").access(elsewhere), "E011004"),
    ] {
        let both = [NewDescoper::new("bo@example.com"), refusal];
        refused(descopers.create_batch(&both), 400, code);
    }
    refused(descopers.patch(ada, &DescoperPatch::default().access(odd)), 400, "E011004");
    assert_eq!(descopers.load_all().unwrap().len(), 2, "all of them or none");

    let (other, copy) = start();
    other.seed(&json!({ "descopers": emulator.export()["descopers"] })).unwrap();
    let [here, there] = [&client, &copy].map(|of| of.mgmt().descoper().load_all().unwrap());
    assert_eq!(here, there);

    descopers.delete(ada).unwrap();
    assert!(descopers.delete(ada).unwrap_err().is_not_found());
    assert!(descopers.load(ada).unwrap_err().is_not_found());
    assert!(descopers.patch(ada, &DescoperPatch::default()).unwrap_err().is_not_found());
}

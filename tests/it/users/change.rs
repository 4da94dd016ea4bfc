//! Changes of one thing each: the requests, and what is refused before one.

use descope::mgmt::user::{
    AddressUpdate, AttributeKind, AttributeOption, CustomAttribute, FamilyAssociation, NamesUpdate,
    RecoveryUpdate, Users,
};
use descope::{Result, User};
use serde_json::{Value, json};

use super::{changes, manages};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::refuses;

#[test]
fn single_fields() {
    let line = "POST /v1/mgmt/user/update/status";
    changes(line, json!({ "loginId": "ada", "status": "enabled" }), |users| users.activate("ada"));
    changes(line, json!({ "loginId": "ada", "status": "disabled" }), |users| {
        users.deactivate("ada")
    });
    let line = "POST /v1/mgmt/user/update/loginid";
    changes(line, json!({ "loginId": "ada", "newLoginId": "countess" }), |users| {
        users.update_login_id("ada", "countess")
    });
    changes(line, json!({ "loginId": "ada", "newLoginId": "" }), |users| {
        users.remove_login_id("ada")
    });
    let options = AddressUpdate::default().verified(false).fail_on_conflict(true);
    let body = json!({
        "loginId": "ada", "email": "a@example.com", "verified": false, "failOnConflict": true,
    });
    changes("POST /v1/mgmt/user/update/email", body, |users| {
        users.update_email("ada", "a@example.com", &options)
    });
    changes("POST /v1/mgmt/user/update/email", json!({ "loginId": "ada", "email": "" }), |users| {
        users.update_email("ada", "", &AddressUpdate::default())
    });
    let body = json!({
        "loginId": "ada", "phone": "+12025550101", "verified": false, "failOnConflict": true,
    });
    changes("POST /v1/mgmt/user/update/phone", body, |users| {
        users.update_phone("ada", "+12025550101", &options)
    });
    changes("POST /v1/mgmt/user/update/phone", json!({ "loginId": "ada", "phone": "" }), |users| {
        users.update_phone("ada", "", &AddressUpdate::default())
    });
    let body = json!({ "loginId": "ada", "recoveryEmail": "r@example.com", "verified": true });
    changes("POST /v1/mgmt/user/update/recovery/email", body, |users| {
        users.update_recovery_email(
            "ada",
            "r@example.com",
            &RecoveryUpdate::default().verified(true),
        )
    });
    let body = json!({ "loginId": "ada", "recoveryPhone": "+12025550101", "verified": false });
    changes("POST /v1/mgmt/user/update/recovery/phone", body, |users| {
        users.update_recovery_phone("ada", "+12025550101", &Default::default())
    });
    let names = NamesUpdate::default()
        .name("Ada Lovelace")
        .given_name("Ada")
        .middle_name("")
        .family_name("Lovelace");
    let body = json!({
        "loginId": "ada", "displayName": "Ada Lovelace", "givenName": "Ada", "middleName": "",
        "familyName": "Lovelace",
    });
    changes("POST /v1/mgmt/user/update/name", body, |users| users.update_names("ada", &names));
    changes("POST /v1/mgmt/user/update/name", json!({ "loginId": "ada" }), |users| {
        users.update_names("ada", &NamesUpdate::default())
    });
    for picture in ["https://example.com/ada.png", ""] {
        let body = json!({ "loginId": "ada", "picture": picture });
        changes("POST /v1/mgmt/user/update/picture", body, |users| {
            users.update_picture("ada", picture)
        });
    }
    every_field_of([
        "POST /v1/mgmt/user/update/email",
        "POST /v1/mgmt/user/update/loginid",
        "POST /v1/mgmt/user/update/name",
        "POST /v1/mgmt/user/update/phone",
        "POST /v1/mgmt/user/update/picture",
        "POST /v1/mgmt/user/update/recovery/email",
        "POST /v1/mgmt/user/update/recovery/phone",
        "POST /v1/mgmt/user/update/status",
    ]);
}

#[test]
fn a_custom_attribute_is_any_json() {
    for value in [json!("v"), json!(""), json!(0), json!(false), json!([1, null]), Value::Null] {
        let body = json!({ "loginId": "ada", "attributeKey": "k", "attributeValue": value });
        changes("POST /v1/mgmt/user/update/customAttribute", body, |users| {
            users.update_custom_attribute("ada", "k", value.clone())
        });
    }
    every_field_of(["POST /v1/mgmt/user/update/customAttribute"]);
}

type Change = fn(Users<'_>, &[&str]) -> Result<User>;

#[test]
fn lists_are_added_set_and_removed() {
    let cases: [(&str, &str, Option<&str>, Change); 10] = [
        ("v2/mgmt/user/update/role/add", "roleNames", None, |u, l| u.add_roles("ada", l)),
        ("v1/mgmt/user/update/role/set", "roleNames", None, |u, l| u.set_roles("ada", l)),
        ("v1/mgmt/user/update/role/remove", "roleNames", None, |u, l| u.remove_roles("ada", l)),
        ("v2/mgmt/user/update/role/add", "roleNames", Some("acme"), |u, l| {
            u.add_tenant_roles("ada", "acme", l)
        }),
        ("v1/mgmt/user/update/role/set", "roleNames", Some("acme"), |u, l| {
            u.set_tenant_roles("ada", "acme", l)
        }),
        ("v1/mgmt/user/update/role/remove", "roleNames", Some("acme"), |u, l| {
            u.remove_tenant_roles("ada", "acme", l)
        }),
        ("v1/mgmt/user/update/ssoapp/add", "ssoAppIds", None, |u, l| u.add_sso_apps("ada", l)),
        ("v1/mgmt/user/update/ssoapp/set", "ssoAppIds", None, |u, l| u.set_sso_apps("ada", l)),
        ("v1/mgmt/user/update/ssoapp/remove", "ssoAppIds", None, |u, l| {
            u.remove_sso_apps("ada", l)
        }),
        ("v1/mgmt/user/update/family/remove", "familyIds", None, |u, l| {
            u.remove_families("ada", l)
        }),
    ];
    for (path, field, tenant, call) in cases {
        for list in [&["a", "b"][..], &[]] {
            let mut body = json!({ "loginId": "ada", field: list });
            if let Some(tenant) = tenant {
                body["tenantId"] = json!(tenant);
            }
            changes(&format!("POST /{path}"), body, |users| call(users, list));
        }
    }
    let body = json!({ "loginId": "ada", "tenantId": "acme" });
    changes("POST /v1/mgmt/user/update/tenant/add", body.clone(), |users| {
        users.add_tenant("ada", "acme")
    });
    changes("POST /v1/mgmt/user/update/tenant/remove", body, |users| {
        users.remove_tenant("ada", "acme")
    });
    let body = json!({
        "loginId": "ada", "familyAssociations": [{
            "familyId": "f1", "roleNames": ["Parent"], "familyScopedAttributes": { "pet": "cat" },
        }],
    });
    let parent = FamilyAssociation::new("f1").roles(["Parent"]).attributes([("pet", "cat")]);
    changes("POST /v1/mgmt/user/update/family/add", body, |users| {
        users.add_families("ada", std::slice::from_ref(&parent))
    });
    every_field_of([
        "POST /v1/mgmt/user/update/family/add",
        "POST /v1/mgmt/user/update/family/remove",
        "POST /v1/mgmt/user/update/role/remove",
        "POST /v1/mgmt/user/update/role/set",
        "POST /v1/mgmt/user/update/ssoapp/add",
        "POST /v1/mgmt/user/update/ssoapp/remove",
        "POST /v1/mgmt/user/update/ssoapp/set",
        "POST /v1/mgmt/user/update/tenant/add",
        "POST /v1/mgmt/user/update/tenant/remove",
        "POST /v2/mgmt/user/update/role/add",
    ]);
}

type Define = fn(Users<'_>, &CustomAttribute) -> Result<Vec<CustomAttribute>>;

#[test]
fn attributes_are_defined_and_deleted() {
    let attribute = CustomAttribute::new("plan", AttributeKind::SingleSelect)
        .options(["free".into(), AttributeOption::labelled("paid", "Paid")])
        .display_name("Plan")
        .default_value("free")
        .view_permissions(["Support"])
        .edit_permissions([""; 0])
        .required(false);
    let sent = json!({
        "name": "plan", "type": 4,
        "options": [{ "value": "free" }, { "value": "paid", "label": "Paid" }],
        "displayName": "Plan", "defaultValue": "free", "viewPermissions": ["Support"],
        "editPermissions": [], "required": false,
    });
    let answer =
        json!({ "data": [sent, { "name": "new", "type": 99, "options": null }], "total": 2 });
    let create = json!({ "attributes": [sent] });
    let delete = json!({ "names": ["plan"] });
    let cases: [(&str, &Value, Define); 6] = [
        ("POST /v1/mgmt/user/customattribute/create", &create, |users, new| {
            users.create_custom_attributes(std::slice::from_ref(new))
        }),
        ("POST /v1/mgmt/user/customattribute/delete", &delete, |users, _| {
            users.delete_custom_attributes(&["plan"])
        }),
        ("GET /v1/mgmt/user/customattributes", &Value::Null, |users, _| {
            users.load_custom_attributes()
        }),
        ("POST /v1/mgmt/user/families/customattribute/create", &create, |users, new| {
            users.create_family_scoped_custom_attributes(std::slice::from_ref(new))
        }),
        ("POST /v1/mgmt/user/families/customattribute/delete", &delete, |users, _| {
            users.delete_family_scoped_custom_attributes(&["plan"])
        }),
        ("GET /v1/mgmt/user/families/customattributes", &Value::Null, |users, _| {
            users.load_family_scoped_custom_attributes()
        }),
    ];
    for (line, body, call) in cases {
        let all = manages(line, body.clone(), &answer, |users| call(users, &attribute));
        assert_eq!(all[0], attribute);
        assert_eq!((all[1].kind, &all[1].options), (Some(AttributeKind::Other(99)), &None));
        let none = manages(line, body.clone(), &json!({}), |users| call(users, &attribute));
        assert_eq!(none, []);
    }
    for number in 0..10 {
        let kind: AttributeKind = serde_json::from_value(json!(number)).unwrap();
        assert_eq!(serde_json::to_value(kind).unwrap(), number);
        assert_eq!(matches!(kind, AttributeKind::Other(_)), !(1..=7).contains(&number));
    }
    let unnamed = [CustomAttribute::new("", AttributeKind::Text)];
    refuses("name", |c| c.mgmt().user().create_custom_attributes(&unnamed));
    refuses("name", |c| c.mgmt().user().create_family_scoped_custom_attributes(&unnamed));
    refuses("names", |c| c.mgmt().user().delete_custom_attributes(&["a", ""]));
    refuses("names", |c| c.mgmt().user().delete_family_scoped_custom_attributes(&[""]));
    every_field_of([
        "POST /v1/mgmt/user/customattribute/create",
        "POST /v1/mgmt/user/customattribute/delete",
        "GET /v1/mgmt/user/customattributes",
        "POST /v1/mgmt/user/families/customattribute/create",
        "POST /v1/mgmt/user/families/customattribute/delete",
        "GET /v1/mgmt/user/families/customattributes",
    ]);
    refusals_of([
        ("POST /v1/mgmt/user/customattribute/create", "name"),
        ("POST /v1/mgmt/user/customattribute/delete", "names"),
        ("POST /v1/mgmt/user/families/customattribute/create", "name"),
        ("POST /v1/mgmt/user/families/customattribute/delete", "names"),
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let (address, names) = (AddressUpdate::default(), NamesUpdate::default());
    refuses("login_id", |c| c.mgmt().user().activate(""));
    refuses("login_id", |c| c.mgmt().user().deactivate(""));
    refuses("login_id", |c| c.mgmt().user().update_login_id("", "b"));
    refuses("new_login_id", |c| c.mgmt().user().update_login_id("a", ""));
    refuses("login_id", |c| c.mgmt().user().remove_login_id(""));
    refuses("login_id", |c| c.mgmt().user().update_email("", "a@example.com", &address));
    refuses("login_id", |c| c.mgmt().user().update_phone("", "+12025550101", &address));
    refuses("login_id", |c| {
        c.mgmt().user().update_recovery_email(
            "",
            "a@example.com",
            &RecoveryUpdate::default().verified(true),
        )
    });
    refuses("login_id", |c| {
        c.mgmt().user().update_recovery_phone(
            "",
            "+12025550101",
            &RecoveryUpdate::default().verified(true),
        )
    });
    refuses("login_id", |c| c.mgmt().user().update_names("", &names));
    refuses("login_id", |c| c.mgmt().user().update_picture("", ""));
    refuses("login_id", |c| c.mgmt().user().update_custom_attribute("", "k", 1));
    refuses("key", |c| c.mgmt().user().update_custom_attribute("a", "", 1));
    let lists: [Change; 7] = [
        |users, list| users.add_roles("", list),
        |users, list| users.set_roles("", list),
        |users, list| users.remove_roles("", list),
        |users, list| users.add_sso_apps("", list),
        |users, list| users.set_sso_apps("", list),
        |users, list| users.remove_sso_apps("", list),
        |users, list| users.remove_families("", list),
    ];
    for change in lists {
        refuses("login_id", |c| change(c.mgmt().user(), &["a"]));
    }
    refuses("login_id", |c| c.mgmt().user().add_tenant("", "acme"));
    refuses("login_id", |c| c.mgmt().user().remove_tenant("", "acme"));
    refuses("roles", |c| c.mgmt().user().add_roles("a", &["r", ""]));
    refuses("roles", |c| c.mgmt().user().set_roles("a", &[""]));
    refuses("roles", |c| c.mgmt().user().remove_roles("a", &[""]));
    refuses("tenant_id", |c| c.mgmt().user().add_tenant_roles("a", "", &["r"]));
    refuses("tenant_id", |c| c.mgmt().user().set_tenant_roles("a", "", &["r"]));
    refuses("tenant_id", |c| c.mgmt().user().remove_tenant_roles("a", "", &["r"]));
    refuses("tenant_id", |c| c.mgmt().user().add_tenant("a", ""));
    refuses("tenant_id", |c| c.mgmt().user().remove_tenant("a", ""));
    refuses("app_ids", |c| c.mgmt().user().add_sso_apps("a", &[""]));
    refuses("app_ids", |c| c.mgmt().user().set_sso_apps("a", &[""]));
    refuses("app_ids", |c| c.mgmt().user().remove_sso_apps("a", &[""]));
    refuses("login_id", |c| c.mgmt().user().add_families("", &[]));
    let nameless = [FamilyAssociation::new("")];
    refuses("family_id", |c| c.mgmt().user().add_families("a", &nameless));
    refuses("family_ids", |c| c.mgmt().user().remove_families("a", &[""]));
    refusals_of([
        ("POST /v1/mgmt/user/update/customAttribute", "key login_id"),
        ("POST /v1/mgmt/user/update/email", "login_id"),
        ("POST /v1/mgmt/user/update/family/add", "family_id login_id"),
        ("POST /v1/mgmt/user/update/family/remove", "family_ids login_id"),
        ("POST /v1/mgmt/user/update/loginid", "login_id new_login_id"),
        ("POST /v1/mgmt/user/update/name", "login_id"),
        ("POST /v1/mgmt/user/update/phone", "login_id"),
        ("POST /v1/mgmt/user/update/picture", "login_id"),
        ("POST /v1/mgmt/user/update/recovery/email", "login_id"),
        ("POST /v1/mgmt/user/update/recovery/phone", "login_id"),
        ("POST /v1/mgmt/user/update/role/remove", "login_id roles tenant_id"),
        ("POST /v1/mgmt/user/update/role/set", "login_id roles tenant_id"),
        ("POST /v1/mgmt/user/update/ssoapp/add", "app_ids login_id"),
        ("POST /v1/mgmt/user/update/ssoapp/remove", "app_ids login_id"),
        ("POST /v1/mgmt/user/update/ssoapp/set", "app_ids login_id"),
        ("POST /v1/mgmt/user/update/status", "login_id"),
        ("POST /v1/mgmt/user/update/tenant/add", "login_id tenant_id"),
        ("POST /v1/mgmt/user/update/tenant/remove", "login_id tenant_id"),
        ("POST /v2/mgmt/user/update/role/add", "login_id roles tenant_id"),
    ]);
}

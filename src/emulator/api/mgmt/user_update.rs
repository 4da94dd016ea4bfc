//! Users: changes of one thing each.

use super::user::{FAMILY, parse_status, shown};
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::OfUser;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::state::grants::{Grants, merge};
use crate::emulator::state::store::Store;
use crate::emulator::state::user::User;
use crate::emulator::words::fields::{Field, Kind, optional, required};
use crate::emulator::words::refusal::{Refusal, Result};

const LOGIN_ID: Field = required("loginId", Kind::Text);
const STATUS: &[Field] = &[LOGIN_ID, required("status", Kind::Text)];
const NAME: &[Field] = &[
    LOGIN_ID,
    optional("displayName", Kind::Text),
    // What Ruby's SDK calls it.
    optional("name", Kind::Text),
    optional("givenName", Kind::Text),
    optional("middleName", Kind::Text),
    optional("familyName", Kind::Text),
];
const EMAIL: &[Field] = &[
    LOGIN_ID,
    optional("email", Kind::Text),
    optional("verified", Kind::Bool),
    optional("failOnConflict", Kind::Bool),
];
const PHONE: &[Field] = &[
    LOGIN_ID,
    optional("phone", Kind::Text),
    optional("verified", Kind::Bool),
    optional("failOnConflict", Kind::Bool),
];
const RECOVERY_EMAIL: &[Field] =
    &[LOGIN_ID, optional("recoveryEmail", Kind::Text), optional("verified", Kind::Bool)];
const RECOVERY_PHONE: &[Field] =
    &[LOGIN_ID, optional("recoveryPhone", Kind::Text), optional("verified", Kind::Bool)];
const PICTURE: &[Field] = &[LOGIN_ID, optional("picture", Kind::Text)];
const NEW_LOGIN_ID: &[Field] = &[LOGIN_ID, optional("newLoginId", Kind::Text)];
const ATTRIBUTE: &[Field] =
    &[LOGIN_ID, required("attributeKey", Kind::Text), required("attributeValue", Kind::Any)];
const ROLES: &[Field] =
    &[LOGIN_ID, required("roleNames", Kind::Texts), optional("tenantId", Kind::Text)];
const TENANT: &[Field] = &[LOGIN_ID, required("tenantId", Kind::Text)];
const JOIN_FAMILIES: &[Field] = &[LOGIN_ID, required("familyAssociations", Kind::Objects(FAMILY))];
const LEAVE_FAMILIES: &[Field] = &[LOGIN_ID, required("familyIds", Kind::Texts)];
const SSO_APPS: &[Field] = &[LOGIN_ID, required("ssoAppIds", Kind::Texts)];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/user/update/status", Management, OfUser("UserModified"), STATUS, status),
    Route::post("/v1/mgmt/user/update/name", Management, OfUser("UserModified"), NAME, name),
    Route::post("/v1/mgmt/user/update/email", Management, OfUser("UserModified"), EMAIL, email),
    Route::post("/v1/mgmt/user/update/phone", Management, OfUser("UserModified"), PHONE, phone),
    Route::post(
        "/v1/mgmt/user/update/recovery/email",
        Management,
        OfUser("UserModified"),
        RECOVERY_EMAIL,
        |call, store| {
            change(call, store, |user| {
                call.body().text("recoveryEmail").clone_into(&mut user.profile.recovery_email);
                user.verified_recovery_email = call.body().flag("verified");
                Ok(())
            })
        },
    ),
    Route::post(
        "/v1/mgmt/user/update/recovery/phone",
        Management,
        OfUser("UserModified"),
        RECOVERY_PHONE,
        |call, store| {
            change(call, store, |user| {
                call.body().text("recoveryPhone").clone_into(&mut user.profile.recovery_phone);
                user.verified_recovery_phone = call.body().flag("verified");
                Ok(())
            })
        },
    ),
    Route::post(
        "/v1/mgmt/user/update/picture",
        Management,
        OfUser("UserModified"),
        PICTURE,
        picture,
    ),
    Route::post(
        "/v1/mgmt/user/update/loginid",
        Management,
        OfUser("UserModified"),
        NEW_LOGIN_ID,
        login_id,
    ),
    Route::post(
        "/v1/mgmt/user/update/customAttribute",
        Management,
        OfUser("UserModified"),
        ATTRIBUTE,
        attribute,
    ),
    // The path before it had a second version, which Ruby's and PHP's SDKs still send.
    Route::post(
        "/v1/mgmt/user/update/role/add",
        Management,
        OfUser("UserModified"),
        ROLES,
        |call, store| roles(call, store, merge),
    ),
    Route::post(
        "/v2/mgmt/user/update/role/add",
        Management,
        OfUser("UserModified"),
        ROLES,
        |call, store| roles(call, store, merge),
    ),
    Route::post(
        "/v1/mgmt/user/update/role/set",
        Management,
        OfUser("UserModified"),
        ROLES,
        |call, store| roles(call, store, |known, new| *known = new),
    ),
    Route::post(
        "/v1/mgmt/user/update/role/remove",
        Management,
        OfUser("UserModified"),
        ROLES,
        |call, store| roles(call, store, |known, gone| known.retain(|id| !gone.contains(id))),
    ),
    Route::post(
        "/v1/mgmt/user/update/tenant/add",
        Management,
        OfUser("UserModified"),
        TENANT,
        add_tenant,
    ),
    Route::post(
        "/v1/mgmt/user/update/tenant/remove",
        Management,
        OfUser("UserModified"),
        TENANT,
        remove_tenant,
    ),
    Route::post(
        "/v1/mgmt/user/update/family/add",
        Management,
        OfUser("UserModified"),
        JOIN_FAMILIES,
        join_families,
    ),
    Route::post(
        "/v1/mgmt/user/update/family/remove",
        Management,
        OfUser("UserModified"),
        LEAVE_FAMILIES,
        leave_families,
    ),
    Route::post(
        "/v1/mgmt/user/update/ssoapp/add",
        Management,
        OfUser("UserModified"),
        SSO_APPS,
        |call, store| sso_apps(call, store, merge),
    ),
    Route::post(
        "/v1/mgmt/user/update/ssoapp/set",
        Management,
        OfUser("UserModified"),
        SSO_APPS,
        |call, store| sso_apps(call, store, |known, new| *known = new),
    ),
    Route::post(
        "/v1/mgmt/user/update/ssoapp/remove",
        Management,
        OfUser("UserModified"),
        SSO_APPS,
        |call, store| sso_apps(call, store, |known, gone| known.retain(|id| !gone.contains(id))),
    ),
];

/// Changes the user that `loginId` names and answers with them.
fn change(
    call: &Call<'_>,
    store: &mut Store,
    change: impl FnOnce(&mut User) -> Result<()>,
) -> Result {
    let mut user = store.managed_user_mut(call.body().text("loginId"))?;
    change(&mut user)?;
    user.modified = call.now;
    let id = user.id.clone();
    drop(user);
    shown(store, &id)
}

fn status(call: &Call<'_>, store: &mut Store) -> Result {
    let status = parse_status(call.body().text("status"))?;
    change(call, store, |user| {
        user.status = status;
        Ok(())
    })
}

/// Changes the names that are given.
fn name(call: &Call<'_>, store: &mut Store) -> Result {
    change(call, store, |user| {
        if let Some(given) = call.body().maybe_text("name") {
            given.clone_into(&mut user.profile.name);
        }
        for (name, value) in [
            ("displayName", &mut user.profile.name),
            ("givenName", &mut user.profile.given_name),
            ("middleName", &mut user.profile.middle_name),
            ("familyName", &mut user.profile.family_name),
        ] {
            if let Some(given) = call.body().maybe_text(name) {
                given.clone_into(value);
            }
        }
        Ok(())
    })
}

/// Refuses an address that another user has, if the call asks for that.
fn check_conflict(call: &Call<'_>, store: &mut Store, address: &str) -> Result<()> {
    let user = store.managed_user(call.body().text("loginId"))?;
    if call.body().flag("failOnConflict") && store.has_address(address, &user.id) {
        return Err(Refusal::user_exists());
    }
    Ok(())
}

fn email(call: &Call<'_>, store: &mut Store) -> Result {
    let email = call.body().text("email");
    check_conflict(call, store, email)?;
    change(call, store, |user| {
        email.clone_into(&mut user.profile.email);
        user.verified_email = call.body().flag("verified");
        Ok(())
    })
}

fn phone(call: &Call<'_>, store: &mut Store) -> Result {
    let phone = call.body().text("phone");
    check_conflict(call, store, phone)?;
    change(call, store, |user| {
        phone.clone_into(&mut user.profile.phone);
        user.verified_phone = call.body().flag("verified");
        Ok(())
    })
}

fn picture(call: &Call<'_>, store: &mut Store) -> Result {
    change(call, store, |user| {
        call.body().text("picture").clone_into(&mut user.profile.picture);
        Ok(())
    })
}

/// Replaces a login ID; an empty new one removes it, unless it is the last.
fn login_id(call: &Call<'_>, store: &mut Store) -> Result {
    let (old, new) = (call.body().text("loginId"), call.body().some_text("newLoginId"));
    if new.is_some_and(|new| new != old && store.user_by_login(new).is_some()) {
        return Err(Refusal::user_exists());
    }
    change(call, store, |user| {
        let at = user
            .login_ids
            .iter()
            .position(|known| known == old)
            .ok_or_else(Refusal::no_managed_user)?;
        match new {
            Some(new) => new.clone_into(&mut user.login_ids[at]),
            None if user.login_ids.len() > 1 => drop(user.login_ids.remove(at)),
            None => return Err(Refusal::argument("The last login ID cannot be removed")),
        }
        Ok(())
    })
}

fn attribute(call: &Call<'_>, store: &mut Store) -> Result {
    change(call, store, |user| {
        let key = call.body().text("attributeKey").to_owned();
        let value = call.body().get("attributeValue").cloned().unwrap_or_default();
        user.attributes.insert(key, value);
        Ok(())
    })
}

/// With `tenantId`: the user's roles there.
fn roles(
    call: &Call<'_>,
    store: &mut Store,
    edit: impl FnOnce(&mut Vec<String>, Vec<String>),
) -> Result {
    let tenant = call.body().some_text("tenantId");
    let ids = store.role_ids(&call.body().texts("roleNames"), tenant)?;
    change(call, store, |user| {
        edit(user.grants.role_list(tenant)?, ids);
        Ok(())
    })
}

fn add_tenant(call: &Call<'_>, store: &mut Store) -> Result {
    let tenant = call.body().text("tenantId");
    let joined = store.joining(tenant).map_err(|_| Refusal::missing("tenant"))?;
    change(call, store, |user| {
        user.grants.merge(Grants { tenants: vec![joined], ..Grants::default() });
        Ok(())
    })
}

fn remove_tenant(call: &Call<'_>, store: &mut Store) -> Result {
    let tenant = call.body().text("tenantId");
    change(call, store, |user| {
        user.grants.forget_tenant(tenant);
        Ok(())
    })
}

/// Joins families, or replaces what the user is in those that they are in.
fn join_families(call: &Call<'_>, store: &mut Store) -> Result {
    let user = store.managed_user(call.body().text("loginId"))?;
    let families = store.joined_families(user, call.body().objects("familyAssociations"))?;
    change(call, store, |user| {
        user.families = families;
        Ok(())
    })
}

fn leave_families(call: &Call<'_>, store: &mut Store) -> Result {
    let gone = call.body().texts("familyIds");
    change(call, store, |user| {
        if user.dependent {
            return Err(Refusal::argument("A dependent stays in their family: delete them"));
        }
        user.families.retain(|of| !gone.contains(&&*of.family));
        Ok(())
    })
}

fn sso_apps(
    call: &Call<'_>,
    store: &mut Store,
    edit: impl FnOnce(&mut Vec<String>, Vec<String>),
) -> Result {
    let apps = super::owned(call.body().texts("ssoAppIds"));
    change(call, store, |user| {
        edit(&mut user.sso_apps, apps);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::emulator::Emulator;
    use crate::emulator::testing::refused;

    fn seeded() -> Emulator {
        let emulator = Emulator::new();
        let seed = json!({
            "tenants": [{ "id": "t1", "name": "One" }],
            "roles": [{ "name": "A" }, { "name": "B" }, { "name": "L", "tenantId": "t1" }],
            "users": [{ "loginId": "ada" }, { "loginId": "al@example.com" }],
        });
        emulator.seed(&seed).unwrap();
        emulator
    }

    fn update(emulator: &Emulator, path: &str, body: &Value) -> Value {
        let version = if path == "role/add" { "v2" } else { "v1" };
        let path = format!("/{version}/mgmt/user/update/{path}");
        emulator.manage(&path, body)["user"].clone()
    }

    #[test]
    fn roles_are_added_set_and_removed() {
        let emulator = seeded();
        let roles = |edit: &str, names: Value| {
            let body = json!({ "loginId": "ada", "roleNames": names });
            update(&emulator, &format!("role/{edit}"), &body)["roleNames"].clone()
        };
        assert_eq!(roles("add", json!(["A"])), json!(["A"]));
        assert_eq!(roles("add", json!(["A", "B"])), json!(["A", "B"]));
        assert_eq!(roles("remove", json!(["A"])), json!(["B"]));
        assert_eq!(roles("set", json!(["A"])), json!(["A"]));
        assert_eq!(roles("set", json!(null)), json!([]), "the nil slice of Go");
        let key = emulator.management_key();
        let body = json!({ "loginId": "ada", "roleNames": ["L"] });
        refused(emulator.send("POST", "/v2/mgmt/user/update/role/add", key, &body), 400, "E011004");
    }

    #[test]
    fn tenants_have_their_own_roles() {
        let emulator = seeded();
        let body = json!({ "loginId": "ada", "tenantId": "t1", "roleNames": ["L", "A"] });
        let key = emulator.management_key();
        refused(emulator.send("POST", "/v2/mgmt/user/update/role/add", key, &body), 400, "E011004");
        let tenant = json!({ "loginId": "ada", "tenantId": "t1" });
        update(&emulator, "tenant/add", &tenant);
        let user = update(&emulator, "role/add", &body);
        assert_eq!(user["userTenants"][0]["roleNames"], json!(["A", "L"]));
        assert_eq!(user["roleNames"], json!([]));
        let again = update(&emulator, "tenant/add", &tenant);
        assert_eq!(again["userTenants"], user["userTenants"], "joining twice changes nothing");
        assert_eq!(update(&emulator, "tenant/remove", &tenant)["userTenants"], json!([]));
        let body = json!({ "loginId": "ada", "tenantId": "t9" });
        refused(
            emulator.send("POST", "/v1/mgmt/user/update/tenant/add", key, &body),
            404,
            "EMU404",
        );
    }

    #[test]
    fn single_fields_change() {
        let emulator = seeded();
        let body = json!({ "loginId": "ada", "email": "a@example.com", "verified": true });
        let user = update(&emulator, "email", &body);
        assert_eq!(
            (&user["email"], &user["verifiedEmail"]),
            (&json!("a@example.com"), &json!(true))
        );
        let user = update(&emulator, "email", &json!({ "loginId": "ada", "email": null }));
        assert_eq!((&user["email"], &user["verifiedEmail"]), (&json!(""), &json!(false)));
        let body = json!({ "loginId": "ada", "phone": "+12025550101", "verified": null });
        assert_eq!(update(&emulator, "phone", &body)["phone"], "+12025550101");
        let body = json!({ "loginId": "ada", "displayName": "Ada", "familyName": "L" });
        let user = update(&emulator, "name", &body);
        assert_eq!((&user["name"], &user["familyName"]), (&json!("Ada"), &json!("L")));
        let user = update(&emulator, "name", &json!({ "loginId": "ada", "displayName": "" }));
        assert_eq!((&user["name"], &user["familyName"]), (&json!(""), &json!("L")));
        for value in [json!(""), json!(null), json!([1, { "a": null }])] {
            let body = json!({ "loginId": "ada", "attributeKey": "k", "attributeValue": value });
            assert_eq!(update(&emulator, "customAttribute", &body)["customAttributes"]["k"], value);
        }
        let body = json!({ "loginId": "ada", "email": "al@example.com", "failOnConflict": true });
        let key = emulator.management_key();
        refused(emulator.send("POST", "/v1/mgmt/user/update/email", key, &body), 400, "E062107");
    }

    #[test]
    fn login_ids_are_replaced_and_removed() {
        let emulator = seeded();
        let key = emulator.management_key();
        let path = "/v1/mgmt/user/update/loginid";
        let send = |body| emulator.send("POST", path, key, &body);
        let renamed = send(json!({ "loginId": "ada", "newLoginId": "countess" })).1;
        assert_eq!(renamed["user"]["loginIds"], json!(["countess"]));
        refused(send(json!({ "loginId": "ada", "newLoginId": "x" })), 404, "E112102");
        refused(
            send(json!({ "loginId": "countess", "newLoginId": "al@example.com" })),
            400,
            "E062107",
        );
        refused(send(json!({ "loginId": "countess", "newLoginId": "" })), 400, "E011004");
    }
}

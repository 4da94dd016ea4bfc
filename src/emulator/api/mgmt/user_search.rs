//! Users: search.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{has_attributes, page_of};
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::Read;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::state::family::FamilyMembership;
use crate::emulator::state::grants::Grants;
use crate::emulator::state::store::Store;
use crate::emulator::state::user::{Factor, User};
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::refusal::{Refusal, Result};

const SEARCH: &[Field] = &[
    optional("customAttributes", Kind::Map),
    optional("dependent", Kind::Bool),
    optional("emails", Kind::Texts),
    optional("familyIds", Kind::Texts),
    optional("fromCreatedTime", Kind::Int),
    optional("fromModifiedTime", Kind::Int),
    optional("includeSubTenants", Kind::Bool),
    optional("limit", Kind::Int),
    optional("lockReasons", Kind::Texts),
    optional("loginId", Kind::Text),
    optional("loginIds", Kind::Texts),
    optional("offset", Kind::Int),
    optional("page", Kind::Int),
    optional("password", Kind::Bool),
    optional("phones", Kind::Texts),
    optional("recoveryEmails", Kind::Texts),
    optional("recoveryPhones", Kind::Texts),
    optional("roleNames", Kind::Texts),
    optional("scim", Kind::Bool),
    optional("scimOnly", Kind::Bool),
    optional("selectedColumns", Kind::Texts),
    optional("sort", Kind::Objects(&[required("field", Kind::Text), optional("desc", Kind::Bool)])),
    optional("ssoAppIds", Kind::Texts),
    optional("ssoOnly", Kind::Bool),
    optional("statuses", Kind::Texts),
    optional("tempLockReasons", Kind::Texts),
    optional("tenantIds", Kind::Texts),
    optional("tenantRoleIds", Kind::Map),
    optional("tenantRoleNames", Kind::Map),
    optional("testUsersOnly", Kind::Bool),
    optional("text", Kind::Text),
    optional("toCreatedTime", Kind::Int),
    optional("toModifiedTime", Kind::Int),
    optional("totp", Kind::Bool),
    optional("userIds", Kind::Texts),
    optional("verifiedEmail", Kind::Bool),
    optional("verifiedPhone", Kind::Bool),
    optional("verifiedRecoveryEmail", Kind::Bool),
    optional("verifiedRecoveryPhone", Kind::Bool),
    optional("webauthn", Kind::Bool),
    optional("withTestUser", Kind::Bool),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::post("/v2/mgmt/user/search", Management, Read, SEARCH, |call, store| {
        search(call, store, call.body().flag("testUsersOnly"))
    }),
    // The path before it had a second version, which Ruby's SDK still sends.
    Route::post("/v1/mgmt/user/search", Management, Read, SEARCH, |call, store| {
        search(call, store, call.body().flag("testUsersOnly"))
    }),
    Route::post("/v2/mgmt/user/search/test", Management, Read, SEARCH, |call, store| {
        search(call, store, true)
    }),
];

fn search(call: &Call<'_>, store: &mut Store, test_users_only: bool) -> Result {
    let body = call.body();
    check_locks(body)?;
    let (skipped, limit) = page_of(body)?;

    let with_test_users = test_users_only || body.flag("withTestUser");
    let mut found: Vec<&User> = store
        .users
        .iter()
        .filter(|user| if user.test { with_test_users } else { !test_users_only })
        .filter(|user| matches(user, body) && granted(&user.grants, body, store))
        .filter(|user| signs_in(user, body) && is_locked(user, call, store))
        .collect();
    let order: Vec<_> = body.objects("sort").collect();
    for sort in order.iter().rev() {
        sort_by(&mut found, *sort)?;
    }
    let shown = found.iter().skip(skipped).take(limit);
    let users: Vec<Value> = shown.map(|user| user.show(store)).collect();
    Ok(json!({ "users": users, "total": found.len() }).into())
}

fn sort_by(users: &mut [&User], sort: Fields<'_>) -> Result<()> {
    let by: fn(&User, &User) -> Ordering = match sort.text("field") {
        "createdTime" => |a, b| a.created.cmp(&b.created),
        "displayName" | "name" => |a, b| a.profile.name.cmp(&b.profile.name),
        "email" => |a, b| a.profile.email.cmp(&b.profile.email),
        "familyName" => |a, b| a.profile.family_name.cmp(&b.profile.family_name),
        "givenName" => |a, b| a.profile.given_name.cmp(&b.profile.given_name),
        "loginId" | "loginIds" => |a, b| a.login_ids.cmp(&b.login_ids),
        "modifiedTime" => |a, b| a.modified.cmp(&b.modified),
        "phone" => |a, b| a.profile.phone.cmp(&b.profile.phone),
        "status" => |a, b| a.status.as_str().cmp(b.status.as_str()),
        "userId" => |a, b| a.id.cmp(&b.id),
        _ => return Err(Refusal::argument("The emulator does not sort users by this field")),
    };
    if sort.flag("desc") {
        users.sort_by(|a, b| by(b, a));
    } else {
        users.sort_by(|a, b| by(a, b));
    }
    Ok(())
}

/// The filters on the user's own data. Those that are empty let everyone through.
pub(in crate::emulator) fn matches(user: &User, body: Fields<'_>) -> bool {
    let any_of = |name: &str, values: &[String]| {
        let wanted = body.texts(name);
        wanted.is_empty() || values.iter().any(|value| wanted.contains(&&**value))
    };
    let one_of = |name: &str, value: &str| {
        let wanted = body.texts(name);
        wanted.is_empty() || wanted.contains(&value)
    };
    let between = |from: &str, to: &str, seconds: i64| {
        let millis = seconds.saturating_mul(1_000);
        let set = |name: &str| body.int(name).filter(|time| *time != 0);
        set(from).is_none_or(|from| millis >= from) && set(to).is_none_or(|to| millis <= to)
    };
    let profile = &user.profile;
    let text = body.text("text").to_lowercase();
    let texts = [&profile.name, &profile.email, &profile.phone].into_iter().chain(&user.login_ids);

    let families = body.texts("familyIds");
    let in_family = |of: &FamilyMembership| families.contains(&&*of.family);

    any_of("loginIds", &user.login_ids)
        && (families.is_empty() || user.families.iter().any(in_family))
        && body.maybe_flag("dependent").is_none_or(|asked| user.dependent == asked)
        && one_of("userIds", &user.id)
        && one_of("emails", &profile.email)
        && one_of("phones", &profile.phone)
        && one_of("statuses", user.status.as_str())
        && any_of("ssoAppIds", &user.sso_apps)
        && body.maybe_flag("verifiedEmail").is_none_or(|asked| user.verified_email == asked)
        && body.maybe_flag("verifiedPhone").is_none_or(|asked| user.verified_phone == asked)
        && between("fromCreatedTime", "toCreatedTime", user.created)
        && between("fromModifiedTime", "toModifiedTime", user.modified)
        && has_attributes(&user.attributes, body.map("customAttributes"))
        && (text.is_empty() || texts.into_iter().any(|known| known.to_lowercase().contains(&text)))
}

/// The filters on recovery addresses and on what the user has to sign in with.
fn signs_in(user: &User, body: Fields<'_>) -> bool {
    let is = |name: &str, value: bool| body.maybe_flag(name).is_none_or(|asked| asked == value);
    let one_of = |name: &str, value: &str| {
        let wanted = body.texts(name);
        wanted.is_empty() || wanted.contains(&value)
    };
    let has = |factor| user.factors.contains(&factor);
    let (profile, login_id) = (&user.profile, body.some_text("loginId"));
    login_id.is_none_or(|login_id| user.has_login(login_id))
        && one_of("recoveryEmails", &profile.recovery_email)
        && one_of("recoveryPhones", &profile.recovery_phone)
        && is("verifiedRecoveryEmail", user.verified_recovery_email)
        && is("verifiedRecoveryPhone", user.verified_recovery_phone)
        && is("password", user.password.is_some())
        && is("totp", user.authenticator.is_some())
        && is("webauthn", has(Factor::WebAuthn))
        && is("scim", has(Factor::Scim))
        && (!body.flag("scimOnly") || has(Factor::Scim))
        && (!body.flag("ssoOnly") || has(Factor::Saml))
}

/// What is locked until it is reset, and what is locked for a while, as Python's SDK lists the reasons.
const LOCKS: [(&str, &[&str]); 2] = [
    ("lockReasons", &["password", "totp", "recovery_codes", "security_questions"]),
    ("tempLockReasons", &["password", "recovery_codes", "security_questions"]),
];

fn check_locks(body: Fields<'_>) -> Result<()> {
    for (name, known) in LOCKS {
        if body.texts(name).iter().any(|reason| !known.contains(reason)) {
            let known = known.join(", ");
            return Err(Refusal::argument(format!("The {name} field may have {known}")));
        }
    }
    Ok(())
}

/// The filters on what too many wrong attempts have locked. Nobody signs in here by a recovery code or by
/// answers to questions, so these are never locked.
fn is_locked(user: &User, call: &Call<'_>, store: &Store) -> bool {
    let policy = || store.password_policy_of(user, None);
    let (password, app) = (user.password.as_ref(), user.authenticator.as_ref());
    let is = |name: &str, reason: &str| match (name, reason) {
        ("lockReasons", "password") => password.is_some_and(|of| of.is_locked(&policy(), call)),
        ("lockReasons", "totp") => app.is_some_and(|of| of.is_locked(call)),
        (_, "password") => password.is_some_and(|of| of.is_locked_for_now(&policy(), call.now)),
        _ => false,
    };
    LOCKS.iter().all(|(name, _)| {
        let wanted = call.body().texts(name);
        wanted.is_empty() || wanted.iter().any(|reason| is(name, reason))
    })
}

/// The filters on roles and tenants.
pub(in crate::emulator) fn granted(grants: &Grants, body: Fields<'_>, store: &Store) -> bool {
    let roles = body.texts("roleNames");
    let has_role = store.role_names(&grants.roles).iter().any(|name| roles.contains(name));
    let tenants = body.texts("tenantIds");
    let below = |id: &str| {
        let parent = store.tenant(id).and_then(|tenant| tenant.parent.as_deref());
        body.flag("includeSubTenants") && parent.is_some_and(|parent| tenants.contains(&parent))
    };
    let in_tenant = grants
        .tenants
        .iter()
        .any(|membership| tenants.contains(&&*membership.tenant) || below(&membership.tenant));
    let in_all = |name: &str, held: &dyn Fn(&[String]) -> Vec<String>| {
        body.map(name).into_iter().flatten().all(|(tenant, wanted)| {
            let held = grants
                .membership(tenant)
                .map(|membership| held(&membership.roles))
                .unwrap_or_default();
            holds(&held, wanted)
        })
    };
    (roles.is_empty() || has_role)
        && (tenants.is_empty() || in_tenant)
        && in_all("tenantRoleIds", &<[String]>::to_vec)
        && in_all("tenantRoleNames", &|ids| super::owned(store.role_names(ids)))
}

/// `wanted` is a list, or `{"values": […], "and": true}`.
fn holds(held: &[String], wanted: &Value) -> bool {
    let values = wanted.get("values").unwrap_or(wanted).as_array();
    let mut values = values.into_iter().flatten().filter_map(Value::as_str);
    let is_held = |value: &str| held.iter().any(|held| held == value);
    if wanted.get("and") == Some(&Value::Bool(true)) {
        values.all(is_held)
    } else {
        values.any(is_held)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::emulator::Emulator;
    use crate::emulator::testing::refused;

    fn seeded() -> Emulator {
        let emulator = Emulator::new();
        let member =
            |tenant: &str, roles: &[&str]| json!([{ "tenantId": tenant, "roleNames": roles }]);
        let seed = json!({
            "tenants": [{ "id": "t1", "name": "1" }, { "id": "t2", "name": "2", "parent": "t1" }],
            "roles": [{ "name": "A" }, { "name": "B" }],
            "users": [
                { "loginId": "c", "displayName": "Cy", "roleNames": ["A"], "customAttributes": { "k": 1 } },
                { "loginId": "a", "email": "a@x.com", "userTenants": member("t1", &["A"]) },
                { "loginId": "b", "phone": "+1", "userTenants": member("t2", &["A", "B"]) },
            ],
            "testUsers": [{ "loginId": "t" }],
        });
        emulator.seed(&seed).unwrap();
        emulator
    }

    fn found(emulator: &Emulator, body: &Value) -> Vec<String> {
        let answer = emulator.manage("/v2/mgmt/user/search", body);
        let users = answer["users"].as_array().unwrap().iter();
        users.map(|user| user["loginIds"][0].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn filters_narrow() {
        let emulator = seeded();
        let sub = |and| json!({ "t2": { "values": ["A", "C"], "and": and } });
        for (body, wanted) in [
            (json!({}), &["c", "a", "b"][..]),
            (json!({ "withTestUser": true }), &["c", "a", "b", "t"]),
            (json!({ "testUsersOnly": true }), &["t"]),
            (json!({ "loginIds": ["a", "b"] }), &["a", "b"]),
            (json!({ "emails": ["a@x.com"] }), &["a"]),
            (json!({ "phones": ["+1"] }), &["b"]),
            (json!({ "text": "CY" }), &["c"]),
            (json!({ "roleNames": ["A"] }), &["c"]),
            (json!({ "tenantIds": ["t1"] }), &["a"]),
            (json!({ "tenantIds": ["t1"], "includeSubTenants": true }), &["a", "b"]),
            (json!({ "tenantRoleNames": { "t2": ["B"] } }), &["b"]),
            (json!({ "tenantRoleNames": sub(false) }), &["b"]),
            (json!({ "tenantRoleNames": sub(true) }), &[]),
            (json!({ "customAttributes": { "k": 1 } }), &["c"]),
            (json!({ "customAttributes": { "k": 2 } }), &[]),
            (json!({ "statuses": ["disabled"] }), &[]),
            (json!({ "toCreatedTime": 1 }), &[]),
            (json!({ "fromCreatedTime": 1, "toCreatedTime": 0 }), &["c", "a", "b"]),
        ] {
            assert_eq!(found(&emulator, &body), wanted, "{body}");
        }
    }

    #[test]
    fn pages_are_sorted() {
        let emulator = seeded();
        let sort = json!([{ "field": "loginId", "desc": true }]);
        let page = |page| json!({ "sort": sort, "limit": 2, "page": page });
        assert_eq!(found(&emulator, &page(0)), ["c", "b"]);
        assert_eq!(found(&emulator, &page(1)), ["a"]);
        assert_eq!(found(&emulator, &page(2)), [""; 0]);
        assert_eq!(emulator.manage("/v2/mgmt/user/search", &page(1))["total"], 3);
        let key = emulator.management_key();
        for (body, status, code) in [
            (json!({ "limit": -1 }), 400, "E011003"),
            (json!({ "sort": [{ "field": "shoeSize" }] }), 400, "E011004"),
            (json!({ "lockReasons": ["passwords"] }), 400, "E011004"),
            (json!({ "tempLockReasons": ["totp"] }), 400, "E011004"),
        ] {
            refused(emulator.send("POST", "/v2/mgmt/user/search", key, &body), status, code);
        }
    }

    #[test]
    fn users_are_found_by_what_wrong_attempts_have_locked() {
        let emulator = Emulator::builder().max_attempts(2).build();
        let temporary = json!({ "tempLock": true, "tempLockAttempts": 1, "tempLockDuration": 5 });
        let users: Vec<_> = ["ada", "al", "eve"].map(|id| json!({ "loginId": id })).into();
        emulator.seed(&json!({ "users": users })).unwrap();
        let key = emulator.management_key();
        for login_id in ["ada", "al", "eve"] {
            let password = json!({ "loginId": login_id, "password": "qYlvi65KaX" });
            emulator.manage("/v1/mgmt/user/password/set/active", &password);
        }
        let wrong = |login_id: &str| {
            let body = json!({ "loginId": login_id, "password": "wrong" });
            assert_eq!(emulator.post("/v1/auth/password/signin", &body).0, 401);
        };
        let found = |name: &str, reasons: &[&str]| -> Vec<String> {
            let body = json!({ name: reasons });
            let (status, answer) = emulator.send("POST", "/v2/mgmt/user/search", key, &body);
            assert_eq!(status, 200, "{answer}");
            let users = answer["users"].as_array().unwrap().iter();
            users.map(|user| user["loginIds"][0].as_str().unwrap().to_owned()).collect()
        };
        for login_id in ["ada", "ada", "al"] {
            wrong(login_id);
        }
        assert_eq!(found("lockReasons", &["password"]), ["ada"]);
        assert_eq!(found("lockReasons", &["totp", "password"]), ["ada"]);
        assert!(found("lockReasons", &["totp", "recovery_codes", "security_questions"]).is_empty());
        assert!(found("tempLockReasons", &["password"]).is_empty());
        assert_eq!(found("lockReasons", &[]).len(), 3);

        emulator.manage("/v1/mgmt/password/settings", &temporary);
        wrong("eve");
        assert_eq!(found("tempLockReasons", &["password"]), ["eve"]);
        emulator.advance(std::time::Duration::from_secs(300));
        assert!(found("tempLockReasons", &["password"]).is_empty());

        // Codes of an app are locked until the wrong ones are long ago.
        let session = emulator.sign_in("al").unwrap();
        let refresh = session["refreshJwt"].as_str().unwrap();
        let body = json!({ "loginId": "al" });
        assert_eq!(emulator.send("POST", "/v1/auth/totp/update", refresh, &body).0, 200);
        for _ in 0..2 {
            let body = json!({ "loginId": "al", "code": "no code" });
            assert_eq!(emulator.post("/v1/auth/totp/verify", &body).0, 401);
        }
        assert_eq!(found("lockReasons", &["totp"]), ["al"]);
        emulator.advance(std::time::Duration::from_secs(3600));
        assert!(found("lockReasons", &["totp"]).is_empty());
    }
}

//! Users: create, change, load, delete.

use serde_json::{Value, json};

use super::{ASSOCIATED_TENANT, owned, refuse_uncovered, user_seed};
use crate::emulator::api::auth::otp;
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::{OfUser, Read, Unrecorded};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::shapes::LOGIN_OPTIONS;
use crate::emulator::state::delivery::Delivery;
use crate::emulator::state::grants::merge;
use crate::emulator::state::mailbox::Message;
use crate::emulator::state::password::Password;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::state::user::{Factor, Status, User};
use crate::emulator::words::fields::{Field, Fields, Kind, concat, optional, required};
use crate::emulator::words::phone;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

pub(super) const FAMILY: &[Field] = &[
    required("familyId", Kind::Text),
    optional("roleNames", Kind::Texts),
    optional("familyScopedAttributes", Kind::Map),
];
const PERSON: [Field; 22] = [
    required("loginId", Kind::Text),
    optional("email", Kind::Text),
    optional("phone", Kind::Text),
    optional("displayName", Kind::Text),
    optional("givenName", Kind::Text),
    optional("middleName", Kind::Text),
    optional("familyName", Kind::Text),
    optional("picture", Kind::Text),
    optional("roleNames", Kind::Texts),
    optional("userTenants", Kind::Objects(ASSOCIATED_TENANT)),
    optional("customAttributes", Kind::Map),
    optional("verifiedEmail", Kind::Bool),
    optional("verifiedPhone", Kind::Bool),
    optional("additionalLoginIds", Kind::Texts),
    optional("ssoAppIds", Kind::Texts),
    optional("test", Kind::Bool),
    optional("familyAssociations", Kind::Objects(FAMILY)),
    optional("recoveryEmail", Kind::Text),
    optional("recoveryPhone", Kind::Text),
    optional("verifiedRecoveryEmail", Kind::Bool),
    optional("verifiedRecoveryPhone", Kind::Bool),
    optional("status", Kind::Text),
];
const PASSWORD: [Field; 2] =
    [optional("password", Kind::Text), optional("hashedPassword", Kind::Map)];
/// What SDKs call `ssoAppIds` and `displayName` too.
const ALIASES: [Field; 2] = [optional("ssoAppIDs", Kind::Texts), optional("name", Kind::Text)];
/// Some SDKs send it with every user. It says nothing where nobody is invited.
const NO_INVITATION: Field = optional("invite", Kind::Bool);
const ONE: [Field; 24] = concat(PERSON, ALIASES);
const UPDATE: [Field; 25] = concat(ONE, [NO_INVITATION]);
const INVITATION: [Field; 7] = [
    optional("invite", Kind::Bool),
    optional("inviteUrl", Kind::Text),
    optional("sendMail", Kind::Bool),
    optional("sendSMS", Kind::Bool),
    optional("templateId", Kind::Text),
    optional("templateOptions", Kind::TextMap),
    optional("locale", Kind::Text),
];
const NEW: [Field; 26] = concat(ONE, PASSWORD);
const CREATE: [Field; 33] = concat(NEW, INVITATION);
const CREATE_TEST: [Field; 28] =
    concat(NEW, [optional("invite", Kind::Bool), optional("inviteUrl", Kind::Text)]);
const BATCH_USER: [Field; 29] =
    concat(NEW, [optional("seed", Kind::Text), optional("createdTime", Kind::Int), NO_INVITATION]);
const CREATE_BATCH: [Field; 8] =
    concat([required("users", Kind::Objects(&BATCH_USER))], INVITATION);
const PATCH: [Field; 26] = concat(
    PERSON,
    [
        optional("name", Kind::Text),
        optional("additionalIdentifiers", Kind::Texts),
        optional("scim", Kind::Bool),
        NO_INVITATION,
    ],
);
const ONE_OF: &[Field] = &[optional("loginId", Kind::Text), optional("userId", Kind::Text)];
const LOGOUT: &[Field] = &[
    optional("loginId", Kind::Text),
    optional("userId", Kind::Text),
    optional("sessionTypes", Kind::Texts),
];
const USER_IDS: &[Field] = &[required("userIds", Kind::Texts)];
const LOAD_MANY: &[Field] =
    &[required("userIds", Kind::Texts), optional("includeInvalidUsers", Kind::Bool)];
const GENERATE_OTP: &[Field] = &[
    required("loginId", Kind::Text),
    optional("deliveryMethod", Kind::Text),
    optional("loginOptions", Kind::Object(LOGIN_OPTIONS)),
];

pub(in crate::emulator) const AREA: Area =
    Area::new(ROUTES).seeds(&[&user_seed::USERS, &user_seed::TEST_USERS]);

const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/user/create", Management, OfUser("UserCreated"), &CREATE, create),
    Route::post(
        "/v1/mgmt/user/create/test",
        Management,
        OfUser("UserCreated"),
        &CREATE_TEST,
        create_test,
    ),
    Route::post(
        "/v1/mgmt/user/create/batch",
        Management,
        OfUser("UsersCreated"),
        &CREATE_BATCH,
        create_batch,
    ),
    Route::post("/v1/mgmt/user/update", Management, OfUser("UserModified"), &UPDATE, update),
    Route::patch("/v1/mgmt/user/patch", Management, OfUser("UserModified"), &PATCH, patch),
    Route::patch(
        "/v1/mgmt/user/patch/batch",
        Management,
        OfUser("UsersModified"),
        &[required("users", Kind::Objects(&PATCH))],
        patch_batch,
    ),
    Route::post("/v1/mgmt/user/delete", Management, OfUser("UserDeleted"), ONE_OF, delete),
    Route::post(
        "/v1/mgmt/user/delete/batch",
        Management,
        OfUser("UsersDeleted"),
        USER_IDS,
        delete_batch,
    ),
    Route::delete(
        "/v1/mgmt/user/test/delete/all",
        Management,
        OfUser("UsersDeleted"),
        &[],
        delete_test_users,
    ),
    Route::get("/v1/mgmt/user", Management, ONE_OF, load),
    Route::post("/v1/mgmt/users/load", Management, Read, LOAD_MANY, load_batch),
    Route::post("/v1/mgmt/user/history", Management, Read, &[], history).bare_texts(),
    Route::post("/v1/mgmt/user/logout", Management, OfUser("UserModified"), LOGOUT, logout),
    Route::post(
        "/v1/mgmt/tests/generate/otp",
        Management,
        Unrecorded("the use of what it makes is recorded"),
        GENERATE_OTP,
        otp::generate_for_test,
    ),
];

/// What happens to fields that are not given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unset {
    Clears,
    Keeps,
}

/// Applies the fields of create, update and patch to a user.
fn apply(store: &Store, user: &mut User, body: Fields<'_>, unset: Unset) -> Result<()> {
    refuse_uncovered(body, &["seed"])?;
    apply_profile(user, body, unset);
    let given = |name: &str| unset == Unset::Clears || body.has(name);
    if given("roleNames") {
        user.grants.roles = store.role_ids(&body.texts("roleNames"), None)?;
    }
    if given("userTenants") {
        user.grants.tenants = store.memberships(body.objects("userTenants"))?;
    }
    if body.has("familyAssociations") || (unset == Unset::Clears && !user.dependent) {
        user.families = store.family_memberships(user, body.objects("familyAssociations"))?;
    }
    match (body.map("customAttributes").cloned(), unset) {
        (attributes, Unset::Clears) => user.attributes = attributes.unwrap_or_default(),
        (attributes, Unset::Keeps) => user.attributes.extend(attributes.unwrap_or_default()),
    }
    if given("ssoAppIds") {
        let names = ["ssoAppIds", "ssoAppIDs"];
        user.sso_apps = owned(names.iter().flat_map(|name| body.texts(name)).collect());
    }
    if let Some(status) = body.some_text("status") {
        user.status = parse_status(status)?;
    }
    match body.maybe_flag("scim") {
        Some(true) => drop(user.factors.insert(Factor::Scim)),
        Some(false) => drop(user.factors.remove(&Factor::Scim)),
        None => {}
    }
    apply_password(store, user, body)?;
    if let Some(test) = body.maybe_flag("test") {
        user.test = test;
    }
    apply_login_ids(store, user, body, unset)
}

fn apply_profile(user: &mut User, body: Fields<'_>, unset: Unset) {
    let old = user.profile.clone();
    for (name, value) in [
        ("displayName", &mut user.profile.name),
        ("givenName", &mut user.profile.given_name),
        ("middleName", &mut user.profile.middle_name),
        ("familyName", &mut user.profile.family_name),
        ("email", &mut user.profile.email),
        ("phone", &mut user.profile.phone),
        ("picture", &mut user.profile.picture),
        ("recoveryEmail", &mut user.profile.recovery_email),
        ("recoveryPhone", &mut user.profile.recovery_phone),
    ] {
        if unset == Unset::Clears || body.has(name) {
            body.text(name).clone_into(value);
        }
    }
    // What some SDKs call it.
    if let Some(name) = body.maybe_text("name") {
        name.clone_into(&mut user.profile.name);
    }
    // What the project says of its users is taken as verified, unless it says otherwise.
    // That has not been seen of recovery addresses.
    for (name, value, new, old, believed) in [
        ("verifiedEmail", &mut user.verified_email, &user.profile.email, &old.email, true),
        ("verifiedPhone", &mut user.verified_phone, &user.profile.phone, &old.phone, true),
        (
            "verifiedRecoveryEmail",
            &mut user.verified_recovery_email,
            &user.profile.recovery_email,
            &old.recovery_email,
            false,
        ),
        (
            "verifiedRecoveryPhone",
            &mut user.verified_recovery_phone,
            &user.profile.recovery_phone,
            &old.recovery_phone,
            false,
        ),
    ] {
        let unsaid = if new == old { *value } else { believed && !new.is_empty() };
        *value = body.maybe_flag(name).unwrap_or(unsaid);
    }
}

fn apply_password(store: &Store, user: &mut User, body: Fields<'_>) -> Result<()> {
    match (body.some_text("password"), body.has("hashedPassword")) {
        (Some(_), true) => return Err(Refusal::invalid("There are two passwords")),
        (Some(password), false) => {
            user.password = Some(store.new_password(user, password, None, user.created)?);
        }
        (None, true) => {
            let hashed = body.object("hashedPassword");
            user.password = Some(Password::hashed(hashed, user.created)?);
        }
        (None, false) => {}
    }
    Ok(())
}

/// Refuses login IDs of others.
fn apply_login_ids(store: &Store, user: &mut User, body: Fields<'_>, unset: Unset) -> Result<()> {
    let additional = ["additionalIdentifiers", "additionalLoginIds"];
    if unset == Unset::Clears || additional.iter().any(|name| body.has(name)) {
        let named = body.text("loginId");
        let main = if user.has_login(named) { Some(named.to_owned()) } else { None };
        user.login_ids = main.or_else(|| user.login_ids.first().cloned()).into_iter().collect();
        let more = additional.iter().flat_map(|name| body.texts(name));
        merge(&mut user.login_ids, more.map(str::to_owned));
    }
    let taken =
        |login_id: &String| store.users.all(By::LoginId, login_id).any(|other| other.id != user.id);
    if user.login_ids.iter().any(taken) { Err(Refusal::user_exists()) } else { Ok(()) }
}

pub(in crate::emulator) fn parse_status(status: &str) -> Result<Status> {
    Status::parse(status)
        .ok_or_else(|| Refusal::invalid("The status field must be the name of a status"))
}

/// Makes a user of the fields; `invitation` are those of `INVITATION`.
fn make(
    call: &Call<'_>,
    store: &mut Store,
    body: Fields<'_>,
    invitation: Fields<'_>,
) -> Result<Value> {
    let login_id = body.text("loginId");
    let mut user = User { status: Status::Invited, ..User::new(login_id, call.now) };
    apply(store, &mut user, body, Unset::Clears)?;
    reach_by_login_id(&mut user, login_id, body);
    if user.grants.roles.is_empty() {
        user.grants.roles = store.default_roles();
    }
    if let Some(created) = body.int("createdTime") {
        user.created = created;
    }
    if invitation.flag("invite") {
        let by_mail = invitation.maybe_flag("sendMail").unwrap_or(true);
        let by_text = invitation.flag("sendSMS");
        for (method, asked, to) in
            [("email", by_mail, &user.profile.email), ("sms", by_text, &user.profile.phone)]
        {
            if asked && !to.is_empty() {
                let message = Message::new(method, to, login_id, "invite", call.now);
                let link = invitation.some_text("inviteUrl").map(str::to_owned);
                store.mailbox.push(Message { link, ..message.template(invitation) });
            }
        }
    }
    let shown = user.show(store);
    store.users.push(user);
    Ok(shown)
}

/// A login ID that is an address is where the user is reached, unless another address is given.
fn reach_by_login_id(user: &mut User, login_id: &str, body: Fields<'_>) {
    let profile = &mut user.profile;
    if profile.email.is_empty() && Delivery::Email.looks_right(login_id) {
        login_id.clone_into(&mut profile.email);
        user.verified_email = body.maybe_flag("verifiedEmail").unwrap_or(true);
    }
    if profile.phone.is_empty() && phone::is_e164(login_id) {
        login_id.clone_into(&mut profile.phone);
        user.verified_phone = body.maybe_flag("verifiedPhone").unwrap_or(true);
    }
}

fn create(call: &Call<'_>, store: &mut Store) -> Result {
    Ok(json!({ "user": make(call, store, call.body(), call.body())? }).into())
}

/// A test user who is there already becomes what is asked for.
fn create_test(call: &Call<'_>, store: &mut Store) -> Result {
    let known = store.user_by_login(call.body().text("loginId"));
    if known.is_some_and(|user| user.test) {
        change(call, store, call.body(), Unset::Clears)?;
    } else {
        make(call, store, call.body(), call.body())?;
    }
    let mut user = store.managed_user_mut(call.body().text("loginId"))?;
    user.test = true;
    let id = user.id.clone();
    drop(user);
    shown(store, &id)
}

/// Runs a change per user, and says who failed and why.
fn batch(
    call: &Call<'_>,
    store: &mut Store,
    succeeded: &str,
    change: impl Fn(&mut Store, Fields<'_>) -> Result<Value>,
) -> Result {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for user in call.body().objects("users") {
        match change(store, user) {
            Ok(user) => done.push(user),
            Err(refusal) => failed.push(json!({
                "failure": refusal.body()["errorMessage"],
                "user": { "loginIds": [user.text("loginId")], "email": user.text("email") },
            })),
        }
    }
    Ok(json!({ succeeded: done, "failedUsers": failed, "additionalErrors": {} }).into())
}

fn create_batch(call: &Call<'_>, store: &mut Store) -> Result {
    batch(call, store, "createdUsers", |store, user| make(call, store, user, call.body()))
}

fn change(call: &Call<'_>, store: &mut Store, body: Fields<'_>, unset: Unset) -> Result<Value> {
    let mut user = store.managed_user(body.text("loginId"))?.clone();
    apply(store, &mut user, body, unset)?;
    user.modified = call.now;
    let shown = user.show(store);
    let id = user.id.clone();
    *store.user_mut(&id)? = user;
    Ok(shown)
}

fn update(call: &Call<'_>, store: &mut Store) -> Result {
    Ok(json!({ "user": change(call, store, call.body(), Unset::Clears)? }).into())
}

fn patch(call: &Call<'_>, store: &mut Store) -> Result {
    Ok(json!({ "user": change(call, store, call.body(), Unset::Keeps)? }).into())
}

fn patch_batch(call: &Call<'_>, store: &mut Store) -> Result {
    batch(call, store, "patchedUsers", |store, user| change(call, store, user, Unset::Keeps))
}

/// The ID of the user that either `loginId` or `userId` names.
fn one_of(store: &Store, fields: Fields<'_>) -> Result<String> {
    match (fields.some_text("loginId"), fields.some_text("userId")) {
        (Some(login_id), None) => Ok(store.managed_user(login_id)?.id.clone()),
        (None, Some(id)) => match store.user(id) {
            Some(user) => Ok(user.id.clone()),
            None => Err(Refusal::no_managed_user()),
        },
        _ => Err(Refusal::invalid("Either the loginId or the userId field is required")),
    }
}

/// `{"user": …}`
pub(in crate::emulator) fn shown(store: &Store, id: &str) -> Result {
    let user = store.user(id).ok_or_else(Refusal::no_managed_user)?;
    Ok(json!({ "user": user.show(store) }).into())
}

fn load(call: &Call<'_>, store: &mut Store) -> Result {
    let id = one_of(store, call.query())?;
    shown(store, &id)
}

fn load_batch(call: &Call<'_>, store: &mut Store) -> Result {
    let mut users = Vec::new();
    for id in call.body().texts("userIds") {
        match store.user(id) {
            Some(user) => users.push(user.show(store)),
            None if call.body().flag("includeInvalidUsers") => {
                users.push(json!({ "userId": id }));
            }
            None => {}
        }
    }
    Ok(json!({ "users": users }).into())
}

fn delete(call: &Call<'_>, store: &mut Store) -> Result {
    let id = one_of(store, call.body())?;
    store.remove_user(&id);
    Ok(Reply::empty())
}

fn delete_batch(call: &Call<'_>, store: &mut Store) -> Result {
    for id in call.body().texts("userIds") {
        store.remove_user(id);
    }
    Ok(Reply::empty())
}

fn delete_test_users(_: &Call<'_>, store: &mut Store) -> Result {
    let test = store.users.iter().filter(|user| user.test);
    for id in test.map(|user| user.id.clone()).collect::<Vec<_>>() {
        store.remove_user(&id);
    }
    Ok(Reply::empty())
}

fn history(call: &Call<'_>, store: &mut Store) -> Result {
    let users = call.body().texts("").into_iter().filter_map(|id| store.user(id));
    Ok(users.flat_map(User::history).collect::<Value>().into())
}

fn logout(call: &Call<'_>, store: &mut Store) -> Result {
    refuse_uncovered(call.body(), &["sessionTypes"])?;
    let id = one_of(store, call.body())?;
    store.sessions.revoke_user(&id, None);
    Ok(Reply::empty())
}

#[cfg(test)]
mod tests;

//! Passwords.

use serde_json::json;

use super::magic_link;
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::SignInBy;
use crate::emulator::api::route::Bearer::{MaybeRefresh, Project, Refresh};
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::shapes::{LOGIN_OPTIONS, SIGN_UP_USER};
use crate::emulator::state::pending::Pending;
use crate::emulator::state::sign_in::SignIn;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::state::token;
use crate::emulator::state::user::{Profile, User};
use crate::emulator::words::fields::{Field, Kind, optional, required};
use crate::emulator::words::refusal::{Refusal, Reply, Result};

const LOGIN: Field = optional("loginOptions", Kind::Object(LOGIN_OPTIONS));
const PROVIDER: Field = optional("providerId", Kind::Text);
const SIGN_UP: &[Field] = &[
    required("loginId", Kind::Text),
    required("password", Kind::Text),
    optional("user", Kind::Object(&SIGN_UP_USER)),
    LOGIN,
    PROVIDER,
];
const SIGN_IN: &[Field] =
    &[required("loginId", Kind::Text), required("password", Kind::Text), LOGIN, PROVIDER];
const RESET: &[Field] = &[
    required("loginId", Kind::Text),
    optional("redirectUrl", Kind::Text),
    optional("templateOptions", Kind::TextMap),
    optional("locale", Kind::Text),
    PROVIDER,
    optional("useRecovery", Kind::Bool),
];
const REPLACE: &[Field] = &[
    required("loginId", Kind::Text),
    required("oldPassword", Kind::Text),
    required("newPassword", Kind::Text),
    optional("revokeOtherSessions", Kind::Bool),
    optional("revokeOtherSessionsTypes", Kind::Texts),
];
const UPDATE: &[Field] = &[required("loginId", Kind::Text), required("newPassword", Kind::Text)];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::post("/v1/auth/password/signup", Project, SignInBy("password"), SIGN_UP, sign_up),
    Route::post("/v1/auth/password/signin", MaybeRefresh, SignInBy("password"), SIGN_IN, sign_in),
    Route::post("/v1/auth/password/reset", Project, SignInBy("password"), RESET, reset),
    Route::post("/v1/auth/password/replace", Project, SignInBy("password"), REPLACE, replace),
    Route::post("/v1/auth/password/update", Refresh, SignInBy("password"), UPDATE, update),
    Route::get("/v1/auth/password/policy", Project, &[], policy),
];

fn policy(_: &Call<'_>, store: &mut Store) -> Result {
    let policy = &store.password_policy;
    Ok(json!({
        "minLength": policy.min_length,
        "lowercase": policy.lowercase,
        "uppercase": policy.uppercase,
        "number": policy.number,
        "nonAlphanumeric": policy.non_alphanumeric,
        "strengthScoreEnabled": policy.strength,
        "strengthScore": policy.strength_score,
    })
    .into())
}

fn sign_up(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let (login_id, password) = (body.text("loginId"), body.text("password"));
    store.check_free(login_id)?;
    let profile = Profile::read(body.object("user"));
    let mut user = User { profile, ..User::new(login_id, call.now) };
    user.password = Some(store.new_password(&user, password, tenant(call), call.now)?);
    let asked = SignIn::new(call, store, None, body.object("loginOptions"))?;
    let user = asked.register(call, store, user)?;
    token::sign_in(call, store, &user, "pwd", asked)
}

/// The tenant that a sign-up or a sign-in is to.
fn tenant<'a>(call: &'a Call<'_>) -> Option<&'a str> {
    call.body().object("loginOptions").some_text("tenantId")
}

/// Checks the password that this field holds. Returns the user's ID, and whether it has expired.
fn prove(call: &Call<'_>, store: &mut Store, field: &str) -> Result<(String, bool)> {
    let (login_id, given) = (call.body().text("loginId"), call.body().text(field));
    let policy = match store.user_by_login(login_id) {
        Some(user) => store.password_policy_of(user, tenant(call)),
        None => store.password_policy.clone(),
    };
    policy.check_enabled()?;
    let mut user = store.users.edit(By::LoginId, login_id).ok_or_else(Refusal::credentials)?;
    let id = user.id.clone();
    let password = user.password.as_mut().ok_or_else(Refusal::credentials)?;
    password.check(given, &policy, call)?;
    Ok((id, password.is_over(&policy, call.now)))
}

fn sign_in(call: &Call<'_>, store: &mut Store) -> Result {
    let (user, expired) = prove(call, store, "password")?;
    if expired {
        return Err(Refusal::password_expired());
    }
    let asked = SignIn::new(call, store, Some(&user), call.body().object("loginOptions"))?;
    token::sign_in(call, store, &user, "pwd", asked)
}

fn replace(call: &Call<'_>, store: &mut Store) -> Result {
    let (user, _) = prove(call, store, "oldPassword")?;
    let new = call.body().text("newPassword");
    if new == call.body().text("oldPassword") {
        return Err(Refusal::argument("The new password must not be the old one"));
    }
    let password = match store.user(&user) {
        Some(user) => store.new_password(user, new, None, call.now)?,
        None => return Err(Refusal::no_user()),
    };
    if let Ok(mut user) = store.user_mut(&user) {
        user.password = Some(password);
        user.modified = call.now;
    }
    let revoke_others = call.body().flag("revokeOtherSessions");
    let asked = SignIn { revoke_others, ..SignIn::default() };
    token::sign_in(call, store, &user, "pwd", asked)
}

fn update(call: &Call<'_>, store: &mut Store) -> Result {
    let new = call.body().text("newPassword");
    let login_id = call.body().text("loginId");
    let user = token::proven_user(call, store, login_id)?;
    let password = store.new_password(user, new, None, call.now)?;
    let mut user = token::proven_user_mut(call, store, login_id)?;
    user.password = Some(password);
    user.modified = call.now;
    Ok(Reply::empty())
}

fn reset(call: &Call<'_>, store: &mut Store) -> Result {
    let user = store.user_by_login(call.body().text("loginId"));
    let own = user.map(|user| store.password_policy_of(user, None));
    own.as_ref().unwrap_or(&store.password_policy).check_enabled()?;
    let pending = Pending::password_reset(call, store)?;
    let mut reply = magic_link::mail(call, store, pending, "redirectUrl")?;
    reply.body["resetMethod"] = json!("magiclink");
    Ok(reply)
}

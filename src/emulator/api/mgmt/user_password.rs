//! Passwords and authenticator apps of users.

use crate::emulator::api::auth::password::Password;
use crate::emulator::http::dispatch::Bearer::Management;
use crate::emulator::http::dispatch::{Call, Route};
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Kind, optional, required};
use crate::emulator::words::refusal::{Answer, Refusal, Reply};

const USER: &[Field] = &[required("loginId", Kind::Text)];
const SET: &[Field] = &[
    required("loginId", Kind::Text),
    required("password", Kind::Text),
    optional("setActive", Kind::Bool),
];

pub(in crate::emulator) const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/user/password/set", Management, SET, |call, store| {
        set(call, store, call.body().flag("setActive"))
    }),
    Route::post("/v1/mgmt/user/password/set/active", Management, SET, |call, store| {
        set(call, store, true)
    }),
    Route::post("/v1/mgmt/user/password/set/temporary", Management, SET, |call, store| {
        set(call, store, false)
    }),
    Route::post("/v1/mgmt/user/password/expire", Management, USER, expire),
    Route::post("/v1/mgmt/user/totp/delete", Management, USER, |call, store| {
        store.managed_user(call.body().text("loginId"))?.authenticator = None;
        Ok(Reply::empty())
    }),
];

/// Sets a password; one that is not active must be replaced before the user can sign in.
fn set(call: &Call<'_>, store: &mut Store, active: bool) -> Answer {
    let text = call.body().text("password");
    store.password_policy.check(text)?;
    let user = store.managed_user(call.body().text("loginId"))?;
    let password = user.password.insert(Password::new(text));
    password.expired = !active;
    user.modified = call.now;
    Ok(Reply::empty())
}

fn expire(call: &Call<'_>, store: &mut Store) -> Answer {
    let user = store.managed_user(call.body().text("loginId"))?;
    let password = user.password.as_mut();
    let password = password.ok_or_else(|| Refusal::argument("The user has no password"))?;
    password.expired = true;
    Ok(Reply::empty())
}

//! Passwords and authenticator apps of users.

use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::OfUser;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Kind, optional, required};
use crate::emulator::words::refusal::{Refusal, Reply, Result};

const USER: &[Field] = &[required("loginId", Kind::Text)];
const SET: &[Field] = &[
    required("loginId", Kind::Text),
    required("password", Kind::Text),
    optional("setActive", Kind::Bool),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::post(
        "/v1/mgmt/user/password/set",
        Management,
        OfUser("UserModified"),
        SET,
        |call, store| set(call, store, call.body().flag("setActive")),
    ),
    Route::post(
        "/v1/mgmt/user/password/set/active",
        Management,
        OfUser("UserModified"),
        SET,
        |call, store| set(call, store, true),
    ),
    Route::post(
        "/v1/mgmt/user/password/set/temporary",
        Management,
        OfUser("UserModified"),
        SET,
        |call, store| set(call, store, false),
    ),
    Route::post("/v1/mgmt/user/password/expire", Management, OfUser("UserModified"), USER, expire),
    Route::post(
        "/v1/mgmt/user/totp/delete",
        Management,
        OfUser("UserModified"),
        USER,
        |call, store| {
            store.managed_user_mut(call.body().text("loginId"))?.authenticator = None;
            Ok(Reply::empty())
        },
    ),
];

/// Sets a password; one that is not active must be replaced before the user can sign in.
fn set(call: &Call<'_>, store: &mut Store, active: bool) -> Result {
    let text = call.body().text("password");
    let login_id = call.body().text("loginId");
    let known = store.managed_user(login_id)?;
    let mut password = store.new_password(known, text, None, call.now)?;
    password.expired = !active;
    let mut user = store.managed_user_mut(login_id)?;
    user.password = Some(password);
    user.modified = call.now;
    Ok(Reply::empty())
}

fn expire(call: &Call<'_>, store: &mut Store) -> Result {
    let mut user = store.managed_user_mut(call.body().text("loginId"))?;
    user.password.as_mut().ok_or_else(|| Refusal::argument("The user has no password"))?.expired =
        true;
    Ok(Reply::empty())
}

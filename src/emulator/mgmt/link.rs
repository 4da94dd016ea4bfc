//! Links and tokens that the program hands over itself, in place of a message.

use serde_json::json;

use crate::emulator::auth::pending::Pending;
use crate::emulator::auth::{enchanted_link, magic_link};
use crate::emulator::body::{Field, Kind, optional, required};
use crate::emulator::router::Bearer::Management;
use crate::emulator::router::Route;
use crate::emulator::token::LOGIN_OPTIONS;
use crate::emulator::user::SIGN_UP_USER;

const SIGN_IN: &[Field] = &[
    required("loginId", Kind::Text),
    optional("customClaims", Kind::Map),
    optional("timeout", Kind::Int),
];
const SIGN_UP: &[Field] = &[
    required("loginId", Kind::Text),
    optional("user", Kind::Object(SIGN_UP_USER)),
    optional("emailVerified", Kind::Bool),
    optional("phoneVerified", Kind::Bool),
    optional("loginOptions", Kind::Object(LOGIN_OPTIONS)),
    optional("timeout", Kind::Int),
];
const MAGIC: &[Field] = &[
    required("loginId", Kind::Text),
    optional("URI", Kind::Text),
    optional("deliveryMethod", Kind::Text),
    optional("loginOptions", Kind::Object(LOGIN_OPTIONS)),
];
const ENCHANTED: &[Field] = &[
    required("loginId", Kind::Text),
    optional("URI", Kind::Text),
    optional("loginOptions", Kind::Object(LOGIN_OPTIONS)),
];

pub(in crate::emulator) const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/user/signin/embeddedlink", Management, SIGN_IN, |call, store| {
        let pending = Pending::embedded_sign_in(call, store)?;
        Ok(json!({ "token": magic_link::embedded_token(call, store, pending) }).into())
    }),
    Route::post("/v1/mgmt/user/signup/embeddedlink", Management, SIGN_UP, |call, store| {
        let pending = Pending::embedded_sign_up(call, store)?;
        Ok(json!({ "token": magic_link::embedded_token(call, store, pending) }).into())
    }),
    Route::post("/v1/mgmt/tests/generate/magiclink", Management, MAGIC, |call, store| {
        let link = magic_link::link_for_test(call, store)?;
        Ok(json!({ "loginId": call.body().text("loginId"), "link": link }).into())
    }),
    Route::post("/v1/mgmt/tests/generate/enchantedlink", Management, ENCHANTED, |call, store| {
        let (link, pending_ref) = enchanted_link::link_for_test(call, store)?;
        let login_id = call.body().text("loginId");
        Ok(json!({ "loginId": login_id, "link": link, "pendingRef": pending_ref }).into())
    }),
];

//! Links and tokens that the program hands over itself, in place of a message.

use serde_json::json;

use crate::emulator::api::auth::{enchanted_link, magic_link};
use crate::emulator::api::event::Event::Unrecorded;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::shapes::{LOGIN_OPTIONS, SIGN_UP_USER};
use crate::emulator::state::pending::Pending;
use crate::emulator::words::fields::{Field, Kind, optional, required};

const SIGN_IN: &[Field] = &[
    required("loginId", Kind::Text),
    optional("customClaims", Kind::Map),
    optional("timeout", Kind::Int),
];
const SIGN_UP: &[Field] = &[
    required("loginId", Kind::Text),
    optional("user", Kind::Object(&SIGN_UP_USER)),
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

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::post(
        "/v1/mgmt/user/signin/embeddedlink",
        Management,
        Unrecorded("the use of what it makes is recorded"),
        SIGN_IN,
        |call, store| {
            let pending = Pending::embedded_sign_in(call, store)?;
            Ok(json!({ "token": magic_link::embedded_token(call, store, pending) }).into())
        },
    ),
    Route::post(
        "/v1/mgmt/user/signup/embeddedlink",
        Management,
        Unrecorded("the use of what it makes is recorded"),
        SIGN_UP,
        |call, store| {
            let pending = Pending::embedded_sign_up(call, store)?;
            Ok(json!({ "token": magic_link::embedded_token(call, store, pending) }).into())
        },
    ),
    Route::post(
        "/v1/mgmt/tests/generate/magiclink",
        Management,
        Unrecorded("the use of what it makes is recorded"),
        MAGIC,
        |call, store| {
            let link = magic_link::link_for_test(call, store)?;
            Ok(json!({ "loginId": call.body().text("loginId"), "link": link }).into())
        },
    ),
    Route::post(
        "/v1/mgmt/tests/generate/enchantedlink",
        Management,
        Unrecorded("the use of what it makes is recorded"),
        ENCHANTED,
        |call, store| {
            let (link, pending_ref) = enchanted_link::link_for_test(call, store)?;
            let login_id = call.body().text("loginId");
            Ok(json!({ "loginId": login_id, "link": link, "pendingRef": pending_ref }).into())
        },
    ),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::emulator::Emulator;
    use crate::emulator::testing::{claims, refused, text};

    #[test]
    fn test_users_sign_in_by_what_is_embedded() {
        let emulator = Emulator::new();
        emulator.seed(&json!({ "testUsers": [{ "loginId": "test" }] })).unwrap();
        let body = json!({ "loginId": "test", "deliveryMethod": "Embedded" });
        for method in ["Embedded", "email", "sms"] {
            let made = emulator.manage("/v1/mgmt/tests/generate/otp", &body);
            let body = json!({ "loginId": "test", "code": made["code"] });
            let verify = || emulator.post(&format!("/v1/auth/otp/verify/{method}"), &body);
            let (status, session) = verify();
            assert_eq!(status, 200, "{method}: {session}");
            assert_eq!(claims(&session["sessionJwt"])["amr"], json!(["embedded"]));
            refused(verify(), 401, "E061102");
        }
        let made = emulator.manage("/v1/mgmt/tests/generate/magiclink", &body);
        let (_, token) = text(&made, "link").split_once("t=").unwrap();
        let (status, session) =
            emulator.post("/v1/auth/magiclink/verify", &json!({ "token": token }));
        assert_eq!(status, 200, "{session}");
        assert_eq!(claims(&session["sessionJwt"])["amr"], json!(["embedded"]));
        assert_eq!(session["user"]["verifiedEmail"], false);
        // It is no way to send anything.
        let path = "/v1/auth/otp/signin/Embedded";
        refused(emulator.post(path, &json!({ "loginId": "test" })), 400, "E011003");
    }
}

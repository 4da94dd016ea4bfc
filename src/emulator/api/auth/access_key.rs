//! Exchange of access keys for session tokens.

use serde_json::{Value, json};

use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::Unrecorded;
use crate::emulator::api::route::{Area, Bearer, Route};
use crate::emulator::state::shape::Shape;
use crate::emulator::state::sign_in::{custom_claims, unreserved};
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::state::token::base_claims;
use crate::emulator::words::digest::digest;
use crate::emulator::words::fields::{Field, Kind, optional};

use crate::emulator::words::refusal::{Refusal, Result};
use crate::emulator::words::settings::seconds;

const OPTIONS: &[Field] =
    &[optional("customClaims", Kind::Map), optional("selectedTenant", Kind::Text)];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[Route::post(
    "/v1/auth/accesskey/exchange",
    Bearer::AccessKey,
    Unrecorded("a key that is used is no sign-in"),
    &[optional("loginOptions", Kind::Object(OPTIONS))],
    exchange,
)];

fn exchange(call: &Call<'_>, store: &mut Store) -> Result {
    let secret = call
        .token
        .as_deref()
        .ok_or_else(|| Refusal::unauthorized("The request has no access key"))?;
    let key = store
        .access_keys
        .get(By::Secret, digest(secret))
        .ok_or_else(|| Refusal::unauthorized("The access key is wrong"))?;
    if !key.active {
        return Err(Refusal::unauthorized("The access key is inactive"));
    }
    if key.expired(call.now) {
        return Err(Refusal::unauthorized("The access key has expired"));
    }
    // A bound key has the user's rights in place of its own.
    let grants = match &key.user {
        None => &key.grants,
        Some(user) => match store.user(user) {
            Some(user) if user.may_sign_in().is_ok() => &user.grants,
            _ => return Err(Refusal::unauthorized("The access key's user may not sign in")),
        },
    };

    let options = call.body().object("loginOptions");
    let mut expires = call.token_expiry(seconds(call.settings.session_lifetime));
    if key.expires != 0 {
        expires = expires.min(key.expires);
    }
    let mut claims = unreserved(&key.claims);
    // What the holder of the key claims is kept apart from what the project says: it is not secured.
    let claimed = custom_claims(options);
    if !claimed.is_empty() {
        claims.insert("nsec".to_owned(), Value::Object(claimed));
    }
    let tenant = options.some_text("selectedTenant");
    if tenant.is_some_and(|tenant| grants.membership(tenant).is_none()) {
        return Err(Refusal::argument("The access key is not in this tenant"));
    }
    let shape = Shape::of_key(call, store, (key, grants), tenant);
    shape.lay_over(&mut claims);
    claims.extend(base_claims(call, "DS", &key.id, expires));
    shape.seal(&mut claims);
    let token = store.keys.sign(&Value::Object(claims))?;
    Ok(json!({ "keyId": key.id, "sessionJwt": token, "expiration": expires }).into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::clock::Clock;
    use crate::emulator::Emulator;
    use crate::emulator::testing::{claims, refused, text};

    fn exchange(emulator: &Emulator, key: &str, options: &Value) -> (u16, Value) {
        let body = json!({ "loginOptions": options });
        emulator.send("POST", "/v1/auth/accesskey/exchange", key, &body)
    }

    fn seeded(key: &Value) -> (Emulator, String, String) {
        let emulator = Emulator::new();
        let made = emulator
            .seed(&json!({
                "permissions": [{ "name": "read" }],
                "tenants": [{ "id": "t1", "name": "One" }],
                "roles": [{ "name": "Reader", "permissionNames": ["read"] }],
                "users": [{ "loginId": "ada", "userTenants": [{ "tenantId": "t1" }] }],
                "accessKeys": [key],
            }))
            .unwrap();
        let key = &made["accessKeys"][0];
        (emulator, text(key, "cleartext").to_owned(), text(&key["key"], "id").to_owned())
    }

    #[test]
    fn a_key_becomes_a_session_token() {
        let (emulator, secret, id) = seeded(&json!({
            "name": "ci",
            "roleNames": ["Reader"],
            "keyTenants": [{ "tenantId": "t1", "roleNames": null }],
            "customClaims": { "of": "key" },
        }));
        let options = json!({ "customClaims": { "of": "call", "x": 1 }, "selectedTenant": "t1" });
        let (status, answer) = exchange(&emulator, &secret, &options);
        assert_eq!((status, &answer["keyId"]), (200, &json!(id)));
        let found = claims(&answer["sessionJwt"]);
        assert_eq!(found["sub"], json!(id));
        assert_eq!((&found["drn"], &found["dct"]), (&json!("DS"), &json!("t1")));
        assert_eq!(
            (&found["roles"], &found["permissions"]),
            (&json!(["Reader"]), &json!(["read"]))
        );
        assert_eq!(found["of"], "key");
        assert_eq!(found["nsec"], json!({ "of": "call", "x": 1 }));
        assert_eq!(found["exp"], answer["expiration"]);
        refused(exchange(&emulator, &secret, &json!({ "selectedTenant": "t2" })), 400, "E011004");
        let body = json!({});
        assert_eq!(emulator.send("POST", "/v1/auth/accesskey/exchange", &secret, &body).0, 200);
        refused(exchange(&emulator, "wrong", &json!({})), 401, "EMU401");
        refused(exchange(&emulator, "", &json!({})), 401, "EMU401");
    }

    #[test]
    fn custom_claims_are_none_of_descopes() {
        let forged =
            json!({ "permissions": ["all"], "tenants": { "t2": {} }, "dct": "t2", "su": true });
        let (emulator, secret, _) = seeded(&json!({ "name": "ci", "customClaims": forged }));
        let (_, answer) = exchange(&emulator, &secret, &json!({ "customClaims": forged }));
        let found = claims(&answer["sessionJwt"]);
        for name in ["permissions", "tenants", "dct", "su"] {
            assert_eq!(found.get(name), None, "{found}");
        }
    }

    #[test]
    fn only_live_keys_are_exchanged() {
        let (emulator, secret, id) = seeded(&json!({ "name": "ci" }));
        let status = || exchange(&emulator, &secret, &json!(null)).0;
        assert_eq!(status(), 200);
        emulator.manage("/v1/mgmt/accesskey/deactivate", &json!({ "id": id }));
        assert_eq!(status(), 401);
        emulator.manage("/v1/mgmt/accesskey/activate", &json!({ "id": id }));
        assert_eq!(status(), 200);
        let rotated = emulator.manage("/v1/mgmt/accesskey/rotate", &json!({ "id": id }));
        assert_eq!(status(), 401);
        assert_eq!(exchange(&emulator, text(&rotated, "cleartext"), &json!({})).0, 200);
        emulator.manage("/v1/mgmt/accesskey/delete", &json!({ "id": id }));
        assert_eq!(exchange(&emulator, text(&rotated, "cleartext"), &json!({})).0, 401);
    }

    #[test]
    fn keys_expire_and_no_token_outlives_its_key() {
        let expires = Emulator::new().clock().unix().as_seconds() + 120;
        let (emulator, secret, _) = seeded(&json!({ "name": "ci", "expireTime": expires }));
        let answer = exchange(&emulator, &secret, &json!({})).1;
        assert_eq!(answer["expiration"], expires);
        emulator.advance(Duration::from_secs(121));
        refused(exchange(&emulator, &secret, &json!({})), 401, "EMU401");
    }

    #[test]
    fn a_bound_key_has_its_users_rights_and_life() {
        let (emulator, secret, id) =
            seeded(&json!({ "name": "ci", "userId": "ada", "roleNames": ["Reader"] }));
        let found = claims(&exchange(&emulator, &secret, &json!({})).1["sessionJwt"]);
        assert_eq!((&found["tenants"], found.get("roles")), (&json!({ "t1": {} }), None));
        assert_eq!(found["sub"], json!(id));
        for status in ["disabled", "expired"] {
            let body = json!({ "loginId": "ada", "status": status });
            emulator.manage("/v1/mgmt/user/update/status", &body);
            refused(exchange(&emulator, &secret, &json!({})), 401, "EMU401");
        }
        emulator.manage("/v1/mgmt/user/delete", &json!({ "loginId": "ada" }));
        let keys = emulator.manage("/v1/mgmt/accesskey/search", &json!({}));
        assert_eq!(keys, json!({ "keys": [] }));
    }
}

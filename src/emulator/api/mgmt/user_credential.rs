//! What users prove who they are with beside a password: passkeys, trusted devices, recovery codes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::{OfUser, Read};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::state::passkey::Passkey;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::state::user::{Factor, TrustedDevice};
use crate::emulator::words::fields::{Field, Kind, required};
use crate::emulator::words::refusal::{Refusal, Reply, Result};

const USER: &[Field] = &[required("loginId", Kind::Text)];
const PASSKEY: &[Field] = &[required("loginId", Kind::Text), required("credentialId", Kind::Text)];
const USERS: &[Field] = &[required("identifiers", Kind::Texts)];
const DEVICES: &[Field] = &[required("identifier", Kind::Text), required("deviceIds", Kind::Texts)];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/user/passkeys/list", Management, Read, USER, |call, store| {
        let user = store.managed_user(call.body().text("loginId"))?;
        list("passkeys", store.webauthn.passkeys.all(By::User, &user.id).map(Passkey::show))
    }),
    Route::post(
        "/v1/mgmt/user/passkey/delete",
        Management,
        OfUser("UserModified"),
        PASSKEY,
        remove_passkey,
    ),
    Route::post(
        "/v1/mgmt/user/passkeys/delete",
        Management,
        OfUser("UserModified"),
        USER,
        |call, store| {
            let id = store.managed_user(call.body().text("loginId"))?.id.clone();
            store.webauthn.forget(&id);
            without_passkeys(call, store, &id)
        },
    ),
    Route::post("/v1/mgmt/user/trusteddevices/list", Management, Read, USERS, |call, store| {
        let mut devices = Vec::new();
        for name in call.body().texts("identifiers") {
            let known = &store.managed_user(name)?.trusted_devices;
            let trusted = |of: &&TrustedDevice| of.expires == 0 || of.expires > call.now;
            devices.extend(known.iter().filter(trusted));
        }
        list("devices", devices.into_iter().map(TrustedDevice::show))
    }),
    Route::post(
        "/v1/mgmt/user/trusteddevices/remove",
        Management,
        OfUser("UserModified"),
        DEVICES,
        |call, store| {
            let gone = call.body().texts("deviceIds");
            let mut user = store.managed_user_mut(call.body().text("identifier"))?;
            user.trusted_devices.retain(|device| !gone.contains(&&*device.id));
            user.modified = call.now;
            Ok(Reply::empty())
        },
    ),
    Route::post(
        "/v1/mgmt/user/recovery-codes/delete",
        Management,
        OfUser("UserModified"),
        USER,
        |call, store| {
            let mut user = store.managed_user_mut(call.body().text("loginId"))?;
            user.recovery_codes.clear();
            user.modified = call.now;
            Ok(Reply::empty())
        },
    ),
];

fn remove_passkey(call: &Call<'_>, store: &mut Store) -> Result {
    let user = store.managed_user(call.body().text("loginId"))?.id.clone();
    let missing = || Refusal::missing("passkey");
    let id = URL_SAFE_NO_PAD.decode(call.body().text("credentialId")).map_err(|_| missing())?;
    store.webauthn.passkeys.get(By::Id, &id).filter(|of| of.user == user).ok_or_else(missing)?;
    store.webauthn.passkeys.remove(By::Id, &id);
    if store.webauthn.passkeys.all(By::User, &user).next().is_none() {
        return without_passkeys(call, store, &user);
    }
    store.user_mut(&user)?.modified = call.now;
    Ok(Reply::empty())
}

/// A user who has no passkey left cannot sign in with one.
fn without_passkeys(call: &Call<'_>, store: &mut Store, user: &str) -> Result {
    let mut user = store.user_mut(user)?;
    user.factors.remove(&Factor::WebAuthn);
    user.modified = call.now;
    Ok(Reply::empty())
}

impl Passkey {
    /// The wire type `UserPasskey`.
    fn show(&self) -> Value {
        json!({
            "id": URL_SAFE_NO_PAD.encode(&self.id),
            "rpId": self.rp_id,
            "kind": "passkey",
            "displayName": "Passkey",
            "createdTime": self.created,
        })
    }
}

impl TrustedDevice {
    /// The wire type `UserTrustedDevice`, whose times are texts.
    fn show(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "deviceType": self.kind,
            "lastLoginTime": self.last_login.to_string(),
            "expirationTime": self.expires.to_string(),
            "lastLocation": self.location,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::clock::Clock;
    use crate::emulator::Emulator;
    use crate::emulator::testing::refused;

    #[test]
    fn passkeys_are_removed() {
        let emulator = Emulator::new();
        let state = json!({ "factors": ["webauthn", "scim"] });
        emulator.seed(&json!({ "users": [{ "loginId": "ada", "state": state }] })).unwrap();
        assert_eq!(emulator.user("ada")["webauthn"], true);
        emulator.manage("/v1/mgmt/user/passkeys/delete", &json!({ "loginId": "ada" }));
        let ada = emulator.user("ada");
        assert_eq!((&ada["webauthn"], &ada["SCIM"]), (&json!(false), &json!(true)));
    }

    #[test]
    fn the_trust_in_a_device_ends_by_itself_or_by_a_call() {
        let emulator = Emulator::new();
        let now = emulator.clock().unix().as_seconds();
        let device = |id: &str, expires: Value| {
            json!({
                "id": id, "name": "Mac", "deviceType": "desktop", "lastLoginTime": 1_700_000_000,
                "expirationTime": expires, "lastLocation": "Turin",
            })
        };
        let of_ada = [device("d1", json!(now + 60)), device("d2", json!(null))];
        emulator
            .seed(&json!({ "users": [
                { "loginId": "ada", "state": { "trustedDevices": of_ada } },
                { "loginId": "al", "state": { "trustedDevices": [device("d3", json!(null))] } },
            ] }))
            .unwrap();
        let known = || {
            let body = json!({ "identifiers": ["ada", emulator.user("al")["userId"]] });
            let answer = emulator.manage("/v1/mgmt/user/trusteddevices/list", &body);
            answer["devices"].as_array().unwrap().clone()
        };
        let ids = || known().iter().map(|device| device["id"].clone()).collect::<Vec<_>>();
        let first = &known()[0];
        assert_eq!(first["lastLoginTime"], "1700000000", "as a text");
        assert_eq!(first["lastLocation"], "Turin");
        assert_eq!(ids(), ["d1", "d2", "d3"]);
        emulator.advance(Duration::from_secs(61));
        assert_eq!(ids(), ["d2", "d3"]);
        let body = json!({ "identifier": "ada", "deviceIds": ["d2", "d3"] });
        emulator.manage("/v1/mgmt/user/trusteddevices/remove", &body);
        assert_eq!(ids(), ["d3"], "those of others stay");
        let body = json!({ "identifiers": ["nobody"] });
        let key = emulator.management_key();
        let list = emulator.send("POST", "/v1/mgmt/user/trusteddevices/list", key, &body);
        refused(list, 404, "E112102");
    }

    #[test]
    fn recovery_codes_are_removed() {
        let emulator = Emulator::new();
        let state = json!({ "recoveryCodes": ["ABCD-1234"] });
        emulator.seed(&json!({ "users": [{ "loginId": "ada", "state": state }] })).unwrap();
        let kept = || emulator.export()["users"][0]["state"]["recoveryCodes"].clone();
        assert_eq!(kept(), json!(["ABCD-1234"]));
        emulator.manage("/v1/mgmt/user/recovery-codes/delete", &json!({ "loginId": "ada" }));
        assert_eq!(kept(), json!([]));
    }
}

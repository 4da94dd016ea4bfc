//! Users: what seeds hold of them.

use serde_json::{Value, json};

use super::owned;
use crate::emulator::api::seed::{List, ROLE_IDS, TENANTS, last_row};
use crate::emulator::state::family::FamilyMembership;
use crate::emulator::state::password::{Password, SAVED};
use crate::emulator::state::store::Store;
use crate::emulator::state::totp::Authenticator;
use crate::emulator::state::user::{Factor, Login, TrustedDevice, User};
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::refusal::{Refusal, Result};

const STATE: &[Field] = &[
    optional("userId", Kind::Text),
    // Without one, a new user is reached by a login ID that is an address.
    optional("email", Kind::Text),
    optional("phone", Kind::Text),
    optional("createdTime", Kind::Int),
    optional("modifiedTime", Kind::Int),
    optional("recoveryEmail", Kind::Text),
    optional("recoveryPhone", Kind::Text),
    optional("verifiedRecoveryEmail", Kind::Bool),
    optional("verifiedRecoveryPhone", Kind::Bool),
    optional("password", Kind::Object(SAVED)),
    optional("totpKey", Kind::Text),
    optional("factors", Kind::Texts),
    optional("oauth", Kind::Map),
    optional(
        "logins",
        Kind::Objects(&[required("time", Kind::Int), optional("tenant", Kind::Text)]),
    ),
    optional("trustedDevices", Kind::Objects(DEVICE)),
    optional("recoveryCodes", Kind::Texts),
    ROLE_IDS,
    TENANTS,
    optional("families", Kind::Objects(FAMILY)),
    optional("dependent", Kind::Bool),
];
const DEVICE: &[Field] = &[
    required("id", Kind::Text),
    optional("name", Kind::Text),
    optional("deviceType", Kind::Text),
    optional("lastLoginTime", Kind::Int),
    optional("expirationTime", Kind::Int),
    optional("lastLocation", Kind::Text),
];
const FAMILY: &[Field] = &[
    required("familyId", Kind::Text),
    optional("roleIds", Kind::Texts),
    optional("attributes", Kind::Map),
];

pub(in crate::emulator) const USERS: List = List {
    name: "users",
    path: "/v1/mgmt/user/create",
    state: STATE,
    restore,
    save: |store| store.users.iter().map(save).collect(),
};

/// Saved among the others, where each says whether it is one.
pub(in crate::emulator) const TEST_USERS: List =
    List { name: "testUsers", path: "/v1/mgmt/user/create/test", save: |_| Vec::new(), ..USERS };

const FACTORS: [(&str, Factor); 3] =
    [("saml", Factor::Saml), ("scim", Factor::Scim), ("webauthn", Factor::WebAuthn)];

fn save(user: &User) -> Value {
    let factors = FACTORS.into_iter().filter(|(_, factor)| user.factors.contains(factor));
    let logins = user.logins.iter();
    let logins = logins.map(|login| json!({ "time": login.time, "tenant": login.tenant }));
    let [role_ids, tenants] = user.grants.save();
    json!({
        "loginId": user.login_ids.first(),
        "additionalLoginIds": user.login_ids.get(1..),
        "displayName": user.profile.name,
        "givenName": user.profile.given_name,
        "middleName": user.profile.middle_name,
        "familyName": user.profile.family_name,
        "email": user.profile.email,
        "verifiedEmail": user.verified_email,
        "phone": user.profile.phone,
        "verifiedPhone": user.verified_phone,
        "picture": user.profile.picture,
        "status": user.status.as_str(),
        "test": user.test,
        "customAttributes": user.attributes,
        "ssoAppIds": user.sso_apps,
        "state": {
            "userId": user.id,
            "email": user.profile.email,
            "phone": user.profile.phone,
            "createdTime": user.created,
            "modifiedTime": user.modified,
            "recoveryEmail": user.profile.recovery_email,
            "recoveryPhone": user.profile.recovery_phone,
            "verifiedRecoveryEmail": user.verified_recovery_email,
            "verifiedRecoveryPhone": user.verified_recovery_phone,
            "password": user.password.as_ref().map(Password::save),
            "totpKey": user.authenticator.as_ref().map(Authenticator::save),
            "factors": factors.map(|(name, _)| name).collect::<Vec<_>>(),
            "oauth": user.oauth,
            "logins": logins.collect::<Vec<_>>(),
            "trustedDevices": user.trusted_devices.iter().map(save_device).collect::<Vec<_>>(),
            "recoveryCodes": user.recovery_codes,
            "roleIds": role_ids,
            "tenants": tenants,
            "families": user.families.iter().map(save_family).collect::<Vec<_>>(),
            "dependent": user.dependent,
        },
    })
}

fn restore(store: &mut Store, state: Fields<'_>) -> Result<()> {
    let mut user = last_row(&mut store.users)?;
    if let Some(id) = state.some_text("userId") {
        id.clone_into(&mut user.id);
    }
    let profile = &mut user.profile;
    for (name, address) in [("email", &mut profile.email), ("phone", &mut profile.phone)] {
        if let Some(saved) = state.maybe_text(name) {
            saved.clone_into(address);
        }
    }
    user.created = state.int("createdTime").unwrap_or(user.created);
    user.modified = state.int("modifiedTime").unwrap_or(user.modified);
    state.text("recoveryEmail").clone_into(&mut user.profile.recovery_email);
    state.text("recoveryPhone").clone_into(&mut user.profile.recovery_phone);
    user.verified_recovery_email = state.flag("verifiedRecoveryEmail");
    user.verified_recovery_phone = state.flag("verifiedRecoveryPhone");
    if state.has("password") {
        user.password = Some(Password::restore(state.object("password"), user.created)?);
    }
    if let Some(key) = state.maybe_text("totpKey") {
        user.authenticator = Some(Authenticator::restore(key)?);
    }
    for name in state.texts("factors") {
        let known = FACTORS.into_iter().find(|(known, _)| *known == name);
        let (_, factor) =
            known.ok_or_else(|| Refusal::argument(format!("There is no factor {name:?}")))?;
        user.factors.insert(factor);
    }
    for (provider, connected) in state.map("oauth").into_iter().flatten() {
        user.oauth.insert(provider.clone(), *connected == Value::Bool(true));
    }
    let login = |login: Fields<'_>| Login {
        time: login.int("time").unwrap_or_default(),
        tenant: login.text("tenant").to_owned(),
    };
    user.add_logins(state.objects("logins").map(login));
    user.trusted_devices = state.objects("trustedDevices").map(restore_device).collect();
    user.recovery_codes = owned(state.texts("recoveryCodes"));
    user.grants.restore(state);
    if state.has("families") {
        user.families = state.objects("families").map(restore_family).collect();
    }
    user.dependent = state.flag("dependent");
    Ok(())
}

fn save_device(device: &TrustedDevice) -> Value {
    json!({
        "id": device.id,
        "name": device.name,
        "deviceType": device.kind,
        "lastLoginTime": device.last_login,
        "expirationTime": device.expires,
        "lastLocation": device.location,
    })
}

fn restore_device(device: Fields<'_>) -> TrustedDevice {
    TrustedDevice {
        id: device.text("id").to_owned(),
        name: device.text("name").to_owned(),
        kind: device.text("deviceType").to_owned(),
        last_login: device.int("lastLoginTime").unwrap_or_default(),
        expires: device.int("expirationTime").unwrap_or_default(),
        location: device.text("lastLocation").to_owned(),
    }
}

fn save_family(of: &FamilyMembership) -> Value {
    json!({ "familyId": of.family, "roleIds": of.roles, "attributes": of.attributes })
}

fn restore_family(of: Fields<'_>) -> FamilyMembership {
    FamilyMembership {
        family: of.text("familyId").to_owned(),
        roles: owned(of.texts("roleIds")),
        attributes: of.map("attributes").cloned().unwrap_or_default(),
    }
}

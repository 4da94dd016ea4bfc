//! What the project asks of passwords.

use serde_json::{Value, json};

use super::refuse_uncovered;
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::Action;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::state::password::Policy;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Kind, optional};
use crate::emulator::words::refusal::{Refusal, Reply, Result};

const TENANT: Field = optional("tenantId", Kind::Text);
const SETTINGS: &[Field] = &[
    TENANT,
    optional("enabled", Kind::Bool),
    optional("minLength", Kind::Int),
    optional("lowercase", Kind::Bool),
    optional("uppercase", Kind::Bool),
    optional("number", Kind::Bool),
    optional("nonAlphanumeric", Kind::Bool),
    // As Node programs spell it.
    optional("nonAlphaNumeric", Kind::Bool),
    optional("expiration", Kind::Bool),
    optional("expirationWeeks", Kind::Int),
    optional("reuse", Kind::Bool),
    optional("reuseAmount", Kind::Int),
    optional("lock", Kind::Bool),
    optional("lockAttempts", Kind::Int),
    optional("anyLetter", Kind::Bool),
    optional("disallowedCharacters", Kind::Text),
    optional("disallowEmailMatch", Kind::Bool),
    optional("enablePasswordStrength", Kind::Bool),
    optional("passwordStrengthScore", Kind::Int),
    optional("tempLock", Kind::Bool),
    optional("tempLockAttempts", Kind::Int),
    optional("tempLockDuration", Kind::Int),
];

/// What it cannot do. Numbers that go with these count only if these are on.
const UNCOVERED: &[&str] = &[
    "tenantId",
    "expiration",
    "reuse",
    "anyLetter",
    "disallowedCharacters",
    "disallowEmailMatch",
    "enablePasswordStrength",
    "tempLock",
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::get("/v1/mgmt/password/settings", Management, &[TENANT], load),
    Route::post(
        "/v1/mgmt/password/settings",
        Management,
        Action("PasswordSettingsModified"),
        SETTINGS,
        configure,
    ),
];

/// The settings, where they are not those of a new project.
pub(in crate::emulator) const SEED: List =
    List::plain("passwordSettings", "/v1/mgmt/password/settings", |store| {
        let policy = &store.password_policy;
        if *policy == Policy::default() {
            return Vec::new();
        }
        let mut settings = rules(policy);
        settings["lockAttempts"] = json!(policy.lock_attempts);
        vec![settings]
    });

fn rules(policy: &Policy) -> Value {
    json!({
        "enabled": policy.enabled,
        "minLength": policy.min_length,
        "lowercase": policy.lowercase,
        "uppercase": policy.uppercase,
        "number": policy.number,
        "nonAlphanumeric": policy.non_alphanumeric,
        "lock": policy.lock,
    })
}

fn load(call: &Call<'_>, store: &mut Store) -> Result {
    refuse_uncovered(call.query(), &["tenantId"])?;
    let policy = &store.password_policy;
    let mut settings = rules(policy);
    settings["lockAttempts"] = json!(policy.attempts(call).unwrap_or_default());
    for off in ["expiration", "reuse"] {
        settings[off] = json!(false);
    }
    for none in ["expirationWeeks", "reuseAmount"] {
        settings[none] = json!(0);
    }
    Ok(settings.into())
}

/// Changes what is named, and leaves the rest as it is.
fn configure(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, policy) = (call.body(), &mut store.password_policy);
    refuse_uncovered(body, UNCOVERED)?;
    let number = |name: &str| {
        let refusal = |_| Refusal::invalid(format!("The {name} field must not be negative"));
        body.int(name).map(|number| u32::try_from(number).map_err(refusal)).transpose()
    };
    let (min_length, lock_attempts) = (number("minLength")?, number("lockAttempts")?);
    for (name, rule) in [
        ("enabled", &mut policy.enabled),
        ("lowercase", &mut policy.lowercase),
        ("uppercase", &mut policy.uppercase),
        ("number", &mut policy.number),
        ("nonAlphanumeric", &mut policy.non_alphanumeric),
        ("lock", &mut policy.lock),
    ] {
        *rule = body.maybe_flag(name).unwrap_or(*rule);
    }
    policy.non_alphanumeric = body.maybe_flag("nonAlphaNumeric").unwrap_or(policy.non_alphanumeric);
    policy.min_length = min_length.unwrap_or(policy.min_length);
    // Go programs send 0 for what they do not set.
    policy.lock_attempts = lock_attempts.filter(|attempts| *attempts > 0).or(policy.lock_attempts);
    Ok(Reply::empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::emulator::Emulator;
    use crate::emulator::testing::refused;

    const SETTINGS: &str = "/v1/mgmt/password/settings";

    #[test]
    fn settings_count_from_the_next_password_on() {
        let emulator = Emulator::new();
        let sign_up = |login_id: &str, password: &str| {
            let body = json!({ "loginId": login_id, "password": password, "user": {} });
            emulator.post("/v1/auth/password/signup", &body)
        };
        let sign_in = |password: &str| {
            let body = json!({ "loginId": "ada", "password": password });
            emulator.post("/v1/auth/password/signin", &body)
        };
        assert_eq!(sign_up("ada", "qYlvi65KaX").0, 200);
        let strict = json!({ "minLength": 4, "uppercase": false, "nonAlphanumeric": true,
            "lock": true, "lockAttempts": 1, "expiration": false, "reuseAmount": 0 });
        emulator.manage(SETTINGS, &strict);
        let key = emulator.management_key();
        let settings = emulator.send("GET", SETTINGS, key, &json!(null)).1;
        assert_eq!((&settings["minLength"], &settings["lockAttempts"]), (&json!(4), &json!(1)));
        let policy = emulator.send("GET", "/v1/auth/password/policy", "", &json!(null)).1;
        let expected = json!({ "minLength": 4, "lowercase": true, "uppercase": false,
            "number": true, "nonAlphanumeric": true });
        assert_eq!(policy, expected);
        refused(sign_up("al", "abc1"), 400, "E011004");
        assert_eq!(sign_up("al", "ab-1").0, 200);
        assert_eq!((sign_in("wrong").0, sign_in("qYlvi65KaX").0), (401, 401), "locked");
        emulator.manage(SETTINGS, &json!({ "lock": false, "nonAlphaNumeric": false }));
        assert_eq!(sign_in("qYlvi65KaX").0, 200);
        assert_eq!(sign_up("eve", "abc1").0, 200);
        emulator.manage(SETTINGS, &json!({ "enabled": false }));
        refused(sign_in("qYlvi65KaX"), 400, "E011004");
        refused(sign_up("bob", "abc1"), 400, "E011004");

        for body in [
            json!({ "tenantId": "t1" }),
            json!({ "expiration": true }),
            json!({ "reuse": true }),
            json!({ "anyLetter": true }),
            json!({ "disallowedCharacters": " " }),
            json!({ "disallowEmailMatch": true }),
            json!({ "enablePasswordStrength": true, "passwordStrengthScore": 3 }),
            json!({ "tempLock": true, "tempLockAttempts": 3, "tempLockDuration": 15 }),
        ] {
            refused(emulator.send("POST", SETTINGS, key, &body), 501, "EMU501");
        }
        emulator.manage(SETTINGS, &json!({ "tempLock": false, "tempLockAttempts": 3 }));
        let negative = json!({ "minLength": -1 });
        refused(emulator.send("POST", SETTINGS, key, &negative), 400, "E011003");
    }
}

//! What the project and its tenants ask of passwords.

use serde_json::{Value, json};

use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::Action;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::state::password::Policy;
use crate::emulator::state::store::Store;
use crate::emulator::state::strength::HIGHEST;
use crate::emulator::words::fields::{Field, Fields, Kind, optional};
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

/// The settings of the project, where they are not those of a new one, and those of tenants.
pub(in crate::emulator) const SEED: List =
    List::plain("passwordSettings", "/v1/mgmt/password/settings", |store| {
        let project = &store.password_policy;
        let project = (*project != Policy::default()).then(|| settings(project));
        let tenants = store.tenants.iter().filter_map(|tenant| {
            let mut settings = settings(tenant.password_policy.as_ref()?);
            settings["tenantId"] = json!(tenant.id);
            Some(settings)
        });
        project.into_iter().chain(tenants).collect()
    });

/// The wire type `PasswordSettings`.
fn settings(policy: &Policy) -> Value {
    json!({
        "enabled": policy.enabled,
        "minLength": policy.min_length,
        "lowercase": policy.lowercase,
        "uppercase": policy.uppercase,
        "number": policy.number,
        "nonAlphanumeric": policy.non_alphanumeric,
        "anyLetter": policy.any_letter,
        "disallowedCharacters": policy.disallowed,
        "disallowEmailMatch": policy.no_email,
        "enablePasswordStrength": policy.strength,
        "passwordStrengthScore": policy.strength_score,
        "expiration": policy.expiration,
        "expirationWeeks": policy.expiration_weeks,
        "reuse": policy.reuse,
        "reuseAmount": policy.reuse_amount,
        "lock": policy.lock,
        "lockAttempts": policy.lock_attempts,
        "tempLock": policy.temp_lock,
        "tempLockAttempts": policy.temp_lock_attempts,
        "tempLockDuration": policy.temp_lock_minutes,
    })
}

fn check_tenant(store: &Store, tenant: &str) -> Result<()> {
    store.tenant(tenant).map(|_| ()).ok_or_else(|| Refusal::missing("tenant"))
}

/// A tenant without settings of its own has those of the project.
fn load(call: &Call<'_>, store: &mut Store) -> Result {
    let tenant = call.query().some_text("tenantId");
    let policy = match tenant {
        None => &store.password_policy,
        Some(tenant) => {
            check_tenant(store, tenant)?;
            store.password_policy_in(tenant)
        }
    };
    let mut settings = settings(policy);
    settings["lockAttempts"] = json!(policy.attempts(call).unwrap_or_default());
    if let Some(tenant) = tenant {
        settings["tenantId"] = json!(tenant);
    }
    Ok(settings.into())
}

/// Changes what is named, and leaves the rest as it is. A number of 0 changes nothing: Go programs send
/// it for what they do not set. They do not send the score, which may be 0.
fn configure(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, tenant) = (call.body(), call.body().some_text("tenantId"));
    if let Some(tenant) = tenant {
        check_tenant(store, tenant)?;
    }
    let before = tenant.map_or(&store.password_policy, |tenant| store.password_policy_in(tenant));
    let new = changed(before, body)?;
    match tenant {
        None => store.password_policy = new,
        Some(tenant) => store.tenant_mut(tenant)?.password_policy = Some(new),
    }
    Ok(Reply::empty())
}

fn changed(before: &Policy, body: Fields<'_>) -> Result<Policy> {
    let flag = |name: &str, before: bool| body.maybe_flag(name).unwrap_or(before);
    let number = |name: &str, before: u32| {
        let refusal = |_| Refusal::invalid(format!("The {name} field must not be negative"));
        let number = body.int(name).map(|number| u32::try_from(number).map_err(refusal));
        Ok(number.transpose()?.filter(|number| *number > 0).unwrap_or(before))
    };
    let strength_score = match body.int("passwordStrengthScore").map(u32::try_from) {
        None => before.strength_score,
        Some(Ok(score @ 0..=HIGHEST)) => score,
        Some(_) => {
            let message = format!("The passwordStrengthScore field must be from 0 to {HIGHEST}");
            return Err(Refusal::invalid(message));
        }
    };
    let before_lock = before.lock_attempts.unwrap_or_default();
    let lock_attempts = number("lockAttempts", before_lock)?;
    Ok(Policy {
        enabled: flag("enabled", before.enabled),
        min_length: number("minLength", before.min_length)?,
        lowercase: flag("lowercase", before.lowercase),
        uppercase: flag("uppercase", before.uppercase),
        number: flag("number", before.number),
        non_alphanumeric: flag("nonAlphaNumeric", flag("nonAlphanumeric", before.non_alphanumeric)),
        any_letter: flag("anyLetter", before.any_letter),
        disallowed: body
            .maybe_text("disallowedCharacters")
            .unwrap_or(&before.disallowed)
            .to_owned(),
        no_email: flag("disallowEmailMatch", before.no_email),
        strength: flag("enablePasswordStrength", before.strength),
        strength_score,
        expiration: flag("expiration", before.expiration),
        expiration_weeks: number("expirationWeeks", before.expiration_weeks)?,
        reuse: flag("reuse", before.reuse),
        reuse_amount: number("reuseAmount", before.reuse_amount)?,
        lock: flag("lock", before.lock),
        lock_attempts: (lock_attempts > 0).then_some(lock_attempts),
        temp_lock: flag("tempLock", before.temp_lock),
        temp_lock_attempts: number("tempLockAttempts", before.temp_lock_attempts)?,
        temp_lock_minutes: number("tempLockDuration", before.temp_lock_minutes)?,
    })
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
            "number": true, "nonAlphanumeric": true, "strengthScoreEnabled": false, "strengthScore": 0 });
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

        for score in [-1, 5] {
            let score = json!({ "enablePasswordStrength": true, "passwordStrengthScore": score });
            refused(emulator.send("POST", SETTINGS, key, &score), 400, "E011003");
        }
        let elsewhere = json!({ "tenantId": "t1" });
        refused(emulator.send("POST", SETTINGS, key, &elsewhere), 404, "EMU404");
        emulator.manage(SETTINGS, &json!({ "tempLock": false, "tempLockAttempts": 3 }));
        let negative = json!({ "minLength": -1 });
        refused(emulator.send("POST", SETTINGS, key, &negative), 400, "E011003");
    }

    #[test]
    fn a_password_must_be_as_strong_as_the_settings_ask() {
        let emulator = Emulator::new();
        let sign_up = |login_id: &str, password: &str| {
            let body = json!({ "loginId": login_id, "password": password, "user": {} });
            emulator.post("/v1/auth/password/signup", &body)
        };
        let score = |on: bool, score: u32| {
            let settings = json!({ "enablePasswordStrength": on, "passwordStrengthScore": score });
            emulator.manage(SETTINGS, &settings);
            let policy = emulator.send("GET", "/v1/auth/password/policy", "", &json!(null)).1;
            assert_eq!(policy["strengthScoreEnabled"], on);
            assert_eq!(policy["strengthScore"], score);
            let saved = emulator.send("GET", SETTINGS, emulator.management_key(), &json!(null)).1;
            assert_eq!(saved["enablePasswordStrength"], on);
            assert_eq!(saved["passwordStrengthScore"], score);
        };
        score(true, 3);
        refused(sign_up("ada", "Password123"), 400, "E011004");
        assert_eq!(sign_up("ada", "qYlvi65KaX").0, 200);
        score(true, 0);
        assert_eq!(sign_up("al", "Password123").0, 200);
        score(false, 4);
        assert_eq!(sign_up("bob", "Password123").0, 200);
    }
}

//! The password policy.

use descope::Scope;
use descope::auth::{LoginOptions, SignUpOptions};
use descope::mgmt::password::PasswordSettings;
use serde_json::{Value, json};

use crate::emulated::start;
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends, sends_unlisted};

fn every_rule() -> Value {
    json!({
        "enabled": true, "minLength": 12, "lowercase": true, "uppercase": false, "number": true,
        "nonAlphanumeric": true, "anyLetter": false, "disallowedCharacters": " ",
        "disallowEmailMatch": true, "enablePasswordStrength": true, "passwordStrengthScore": 3,
        "expiration": true, "expirationWeeks": 26, "reuse": true, "reuseAmount": 5, "lock": true,
        "lockAttempts": 6, "tempLock": true, "tempLockAttempts": 3, "tempLockDuration": 15,
    })
}

fn settings() -> PasswordSettings {
    PasswordSettings::default()
        .enabled(true)
        .min_length(12)
        .lowercase(true)
        .uppercase(false)
        .number(true)
        .non_alphanumeric(true)
        .any_letter(false)
        .disallowed_characters(" ")
        .disallow_email_match(true)
        .enable_password_strength(true)
        .password_strength_score(3)
        .expiration(true)
        .expiration_weeks(26)
        .reuse(true)
        .reuse_amount(5)
        .lock(true)
        .lock_attempts(6)
        .temp_lock(true)
        .temp_lock_attempts(3)
        .temp_lock_duration(15)
}

const LINE: &str = "POST /v1/mgmt/password/settings";

#[test]
fn load_settings_of_the_project_and_of_a_tenant() {
    let mut answer = every_rule();
    answer["tenantId"] = "t/1".into();
    answer["shoeSize"] = 42.into();
    let mut expected = settings();
    expected.tenant_id = Some("t/1".to_owned());
    expected.extra = serde_json::from_value(json!({ "shoeSize": 42 })).unwrap();
    for (line, scope) in [
        ("GET /v1/mgmt/password/settings", Scope::Project),
        ("GET /v1/mgmt/password/settings?tenantId=t%2F1", Scope::Tenant("t/1")),
    ] {
        let loaded = sends(line, MANAGEMENT, Value::Null, &answer, |client| {
            client.mgmt().password().load_settings(scope)
        });
        assert_eq!(loaded, expected);
        assert_eq!(serde_json::to_value(&loaded).unwrap(), answer);
    }
    let answer = json!({ "nonAlphaNumeric": true });
    let line = "GET /v1/mgmt/password/settings";
    let loaded = sends(line, MANAGEMENT, Value::Null, &answer, |client| {
        client.mgmt().password().load_settings(Scope::Project)
    });
    assert_eq!(loaded, PasswordSettings::default().non_alphanumeric(true), "Node's spelling");
    every_field_of(["GET /v1/mgmt/password/settings"]);
}

#[test]
fn update_settings_with_every_field_and_with_none() {
    let (nothing, none) = (json!({}), PasswordSettings::default());
    sends(LINE, MANAGEMENT, every_rule(), &nothing, |client| {
        client.mgmt().password().update_settings(Scope::Project, &settings())
    });
    let mut body = every_rule();
    body["tenantId"] = "t1".into();
    sends(LINE, MANAGEMENT, body, &nothing, |client| {
        client.mgmt().password().update_settings(Scope::Tenant("t1"), &settings())
    });
    sends(LINE, MANAGEMENT, json!({}), &nothing, |client| {
        client.mgmt().password().update_settings(Scope::Project, &none)
    });
    every_field_of(["POST /v1/mgmt/password/settings"]);
}

#[test]
fn settings_of_one_tenant_go_to_the_one_that_is_named() {
    let mut loaded = PasswordSettings::default().min_length(8);
    loaded.tenant_id = Some("t1".to_owned());
    loaded.extra = serde_json::from_value(json!({ "new": 1 })).unwrap();
    for (scope, body) in [
        (Scope::Tenant("t2"), json!({ "tenantId": "t2", "minLength": 8, "new": 1 })),
        (Scope::Project, json!({ "minLength": 8, "new": 1 })),
    ] {
        sends_unlisted(LINE, MANAGEMENT, body, &json!({}), |client| {
            client.mgmt().password().update_settings(scope, &loaded)
        });
    }
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let none = PasswordSettings::default();
    refuses("tenant_id", |c| c.mgmt().password().load_settings(Scope::Tenant("")));
    refuses("tenant_id", |c| c.mgmt().password().update_settings(Scope::Tenant(" "), &none));
    refusals_of([
        ("GET /v1/mgmt/password/settings", "tenant_id"),
        ("POST /v1/mgmt/password/settings", "tenant_id"),
    ]);
}

#[test]
fn the_policy_that_is_given_back_with_a_change_counts_from_the_next_password_on() {
    let (_emulator, client) = start();
    let (policy, passwords) = (client.mgmt().password(), client.auth().password());
    let before = policy.load_settings(Scope::Project).unwrap();
    passwords.sign_up("ada", "qYlvi65KaX", &SignUpOptions::default()).unwrap();
    policy.update_settings(Scope::Project, &before.clone().min_length(12)).unwrap();
    let after = policy.load_settings(Scope::Project).unwrap();
    assert_eq!(after, before.min_length(12));
    let weak = passwords.sign_up("bob", "qYlvi65KaX", &SignUpOptions::default()).unwrap_err();
    assert_eq!(weak.code(), Some("E011004"));
    passwords.sign_up("bob", "qYlvi65KaX-longer", &SignUpOptions::default()).unwrap();
    passwords.sign_in("ada", "qYlvi65KaX", &LoginOptions::default()).unwrap();
}

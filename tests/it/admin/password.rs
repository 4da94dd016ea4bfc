//! The password policy.

use std::time::Duration;

use descope::auth::password::Replacement;
use descope::auth::{LoginOptions, SignUpOptions};
use descope::clock::Clock;
use descope::emulator::Emulator;
use descope::mgmt::password::PasswordSettings;
use descope::{Client, Scope, codes};
use serde_json::{Value, json};

use crate::emulated::{refresh_token, refused, start};
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

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// An emulator whose user `ada` has the password `first` under these settings, and a sign-in of theirs.
fn under(settings: &PasswordSettings) -> (Emulator, Client) {
    let (emulator, client) = start();
    client.mgmt().password().update_settings(Scope::Project, settings).unwrap();
    client
        .auth()
        .password()
        .sign_up("ada@example.com", "first", &SignUpOptions::default())
        .unwrap();
    (emulator, client)
}

fn sign_in(client: &Client, password: &str) -> descope::Result<()> {
    client
        .auth()
        .password()
        .sign_in("ada@example.com", password, &LoginOptions::default())
        .map(drop)
}

/// No rule but a length.
fn bare() -> PasswordSettings {
    PasswordSettings::default()
        .enabled(true)
        .min_length(4)
        .lowercase(false)
        .uppercase(false)
        .number(false)
        .non_alphanumeric(false)
        .reuse(false)
        .expiration(false)
        .lock(false)
        .temp_lock(false)
}

#[test]
fn each_rule_refuses_what_breaks_it_wherever_a_password_is_set() {
    for (rules, broken, kept) in [
        (bare().min_length(6), "abcde", "abcdef"),
        (bare().lowercase(true), "ABCD", "ABCd"),
        (bare().uppercase(true), "abcd", "abcD"),
        (bare().number(true), "abcd", "abc1"),
        (bare().non_alphanumeric(true), "abc1", "abc-"),
        (bare().any_letter(true), "1234", "123a"),
        (bare().disallowed_characters("<>"), "abc<", "abc-"),
        (bare().disallow_email_match(true), "Ada@Example.com", "ada@example.org"),
        (bare().reuse(true).reuse_amount(1), "first", "other"),
    ] {
        let (emulator, client) = under(&bare());
        client.mgmt().password().update_settings(Scope::Project, &rules).unwrap();
        let (passwords, users) = (client.auth().password(), client.mgmt().user());
        let token = refresh_token(&emulator, "ada@example.com");
        let replace =
            |new| passwords.replace("ada@example.com", Replacement { old: "first", new }).map(drop);
        let update = |new| passwords.update("ada@example.com", new, &token);
        let set = |new| users.set_active_password("ada@example.com", new);
        refused(replace(broken), 400, "E011004");
        refused(update(broken), 400, "E011004");
        refused(set(broken), 400, "E011004");
        sign_in(&client, "first").unwrap();
        replace(kept).unwrap();
        sign_in(&client, kept).unwrap();
        if broken != "first" && broken != "Ada@Example.com" {
            let new = passwords.sign_up("bob", broken, &SignUpOptions::default());
            refused(new, 400, "E011004");
        }
        passwords.sign_up("bob", kept, &SignUpOptions::default()).unwrap();
    }
}

#[test]
fn the_last_passwords_are_not_used_again() {
    let (emulator, client) = under(&bare().reuse(true).reuse_amount(2));
    let users = client.mgmt().user();
    let set = |new| users.set_active_password("ada@example.com", new);
    refused(set("first"), 400, "E011004");
    set("second").unwrap();
    refused(set("first"), 400, "E011004");
    set("third").unwrap();
    refused(set("second"), 400, "E011004");
    let (other, copy) = start();
    other.seed(&emulator.export()).unwrap();
    let again = copy.mgmt().user().set_active_password("ada@example.com", "second");
    refused(again, 400, "E011004");
    set("first").unwrap();
    client.mgmt().password().update_settings(Scope::Project, &bare()).unwrap();
    set("first").unwrap();
}

#[test]
fn a_password_expires_after_its_weeks_and_is_good_again_once_replaced() {
    let (emulator, client) = under(&bare().expiration(true).expiration_weeks(2));
    emulator.advance(WEEK);
    sign_in(&client, "first").unwrap();
    emulator.advance(WEEK);
    refused(sign_in(&client, "first"), 401, codes::PASSWORD_EXPIRED);
    let second = Replacement { old: "first", new: "second" };
    client.auth().password().replace("ada@example.com", second).unwrap();
    sign_in(&client, "second").unwrap();
    emulator.advance(2 * WEEK);
    refused(sign_in(&client, "second"), 401, codes::PASSWORD_EXPIRED);
    client.mgmt().password().update_settings(Scope::Project, &bare()).unwrap();
    sign_in(&client, "second").unwrap();
}

#[test]
fn wrong_passwords_lock_a_user_out_for_a_while_or_until_a_new_password() {
    let temporary = bare().temp_lock(true).temp_lock_attempts(2).temp_lock_duration(10);
    let (emulator, client) = under(&temporary.clone().lock(true).lock_attempts(5));
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let wrong = || refused(sign_in(&client, "wrong"), 401, "EMU401");
    wrong();
    sign_in(&client, "first").unwrap();
    let now = || emulator.clock().unix().as_seconds();
    let before = now();
    wrong();
    wrong();
    let locked = before..=now();
    refused(sign_in(&client, "first"), 401, "EMU401");
    let ada = client.mgmt().user().load("ada@example.com").unwrap();
    let until = ada.temp_lock_expiration.unwrap().as_seconds();
    assert!(locked.contains(&(until - 600)), "{locked:?} {until}");
    emulator.advance(minutes(5));
    refused(sign_in(&client, "first"), 401, "EMU401");
    emulator.advance(minutes(5));
    sign_in(&client, "first").unwrap();

    // Five wrong ones in all, with pauses.
    for _ in 0..2 {
        wrong();
        wrong();
        emulator.advance(minutes(10));
    }
    wrong();
    emulator.advance(minutes(1000));
    refused(sign_in(&client, "first"), 401, "EMU401");
    client.mgmt().user().set_active_password("ada@example.com", "second").unwrap();
    sign_in(&client, "second").unwrap();
}

#[test]
fn a_tenant_has_rules_of_its_own_for_its_members() {
    let (emulator, client) = under(&bare());
    let tenants = json!([{ "id": "strict", "name": "S" }, { "id": "plain", "name": "P" }]);
    emulator.seed(&json!({ "tenants": tenants })).unwrap();
    let policy = client.mgmt().password();
    let (strict, plain) = (Scope::Tenant("strict"), Scope::Tenant("plain"));
    refused(policy.load_settings(Scope::Tenant("no such")), 404, "EMU404");
    refused(policy.update_settings(Scope::Tenant("no such"), &bare()), 404, "EMU404");
    policy.update_settings(strict, &bare().min_length(10).expiration(true)).unwrap();
    let settings = policy.load_settings(strict).unwrap();
    assert_eq!((settings.min_length, settings.tenant_id.as_deref()), (Some(10), Some("strict")));
    assert_eq!(policy.load_settings(plain).unwrap().min_length, Some(4), "the project's");
    assert_eq!(policy.load_settings(Scope::Project).unwrap().min_length, Some(4));
    let (other, copy) = start();
    other.seed(&emulator.export()).unwrap();
    assert_eq!(copy.mgmt().password().load_settings(strict).unwrap(), settings);

    let users = client.mgmt().user();
    let set = |new| users.set_active_password("ada@example.com", new);
    set("short").unwrap();
    users.add_tenant("ada@example.com", "plain").unwrap();
    set("brief").unwrap();
    users.add_tenant("ada@example.com", "strict").unwrap();
    refused(set("short"), 400, "E011004");
    set("long enough").unwrap();
    emulator.advance(20 * WEEK);
    refused(sign_in(&client, "long enough"), 401, codes::PASSWORD_EXPIRED);

    let mut off = bare();
    off.enabled = Some(false);
    policy.update_settings(plain, &off).unwrap();
    refused(sign_in(&client, "long enough"), 400, "E011004");
}

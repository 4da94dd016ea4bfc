//! Many users in one call: the requests, and what is refused before one.

use descope::mgmt::user::{
    BatchUser, HashFunction, HashedPassword, Invitation, UserImport, UserPatch,
};
use descope::{UnixTime, UserStatus};
use serde_json::{Value, json};

use super::manages;
use super::wire::{every_change, every_change_sent, everything, everything_sent, with};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::refuses;

fn people() -> [BatchUser; 2] {
    let ada = BatchUser::new("ada")
        .profile(everything())
        .status(UserStatus::Enabled)
        .password("clear")
        .seed("SEED")
        .created_time(UnixTime::from_seconds(1_700_000_000));
    [BatchUser::new("grace"), ada]
}

fn people_sent() -> Value {
    let more = json!({
        "status": "enabled", "password": "clear", "seed": "SEED", "createdTime": 1_700_000_000,
    });
    json!([{ "loginId": "grace" }, with(everything_sent(), more)])
}

#[test]
fn create_says_who_failed_and_why() {
    let answer = json!({
        "createdUsers": [{ "userId": "U1" }], "patchedUsers": null,
        "failedUsers": [
            { "failure": "exists", "user": { "loginIds": ["ada"] } },
            { "failure": null, "user": null },
        ],
        "additionalErrors": { "mail": "not sent" },
    });
    let body = json!({ "users": people_sent(), "invite": false });
    let line = "POST /v1/mgmt/user/create/batch";
    let outcome = manages(line, body, &answer, |users| users.create_batch(&people()));
    assert_eq!((&*outcome.created[0].user_id, outcome.patched.len()), ("U1", 0));
    assert_eq!((&*outcome.failed[0].reason, outcome.failed[0].index), ("exists", Some(1)));
    assert_eq!((&*outcome.failed[1].reason, outcome.failed[1].index), ("", None));
    assert_eq!(outcome.additional_errors["mail"], "not sent");
}

#[test]
fn invite_with_every_field() {
    let invitation = Invitation::default()
        .url("https://example.com/welcome")
        .send_mail(true)
        .send_sms(false)
        .template_id("T1")
        .template_options([("app", "Engine")])
        .locale("he");
    let body = json!({
        "users": people_sent(), "invite": true, "inviteUrl": "https://example.com/welcome",
        "sendMail": true, "sendSMS": false, "templateId": "T1",
        "templateOptions": { "app": "Engine" }, "locale": "he",
    });
    let line = "POST /v1/mgmt/user/create/batch";
    manages(line, body, &json!({}), |users| users.invite_batch(&people(), &invitation));
    let body = json!({ "users": [], "invite": true });
    let outcome =
        manages(line, body, &json!({}), |users| users.invite_batch(&[], &Invitation::default()));
    assert!(outcome.created.is_empty() && outcome.failed.is_empty());
    // An invitation excludes the rest.
    hashed_passwords();
    every_field_of(["POST /v1/mgmt/user/create/batch"]);
}

#[test]
fn patch() {
    let patches = [("ada", every_change()), ("grace", UserPatch::default().name(""))];
    let grace = json!({ "loginId": "grace", "displayName": "" });
    let body = json!({ "users": [every_change_sent(), grace] });
    let answer = json!({
        "patchedUsers": [{ "userId": "U1" }],
        "failedUsers": [{ "failure": "unknown", "user": { "loginIds": ["grace"] } }],
    });
    let outcome = manages("PATCH /v1/mgmt/user/patch/batch", body, &answer, |users| {
        users.patch_batch(&patches)
    });
    assert_eq!((&*outcome.patched[0].user_id, outcome.created.len()), ("U1", 0));
    assert_eq!(outcome.failed[0].index, Some(1));
    every_field_of(["PATCH /v1/mgmt/user/patch/batch"]);
}

#[test]
fn hashed_passwords() {
    for (hashed, sent) in every_hash() {
        assert!(!format!("{hashed:?}").contains("text"));
        let users = json!([{ "loginId": "ada", "hashedPassword": sent }]);
        let body = json!({ "users": users, "invite": false });
        let line = "POST /v1/mgmt/user/create/batch";
        manages(line, body, &json!({}), |users| {
            users.create_batch(&[BatchUser::new("ada").hashed_password(hashed.clone())])
        });
    }
}

/// Each kind of hash, and how it goes over the wire.
pub(super) fn every_hash() -> Vec<(HashedPassword, Value)> {
    let (bytes, salt) = (b"\xff\xfe\x00".to_vec(), b"salt".to_vec());
    let text = || "text".to_owned();
    vec![
        (
            HashedPassword::Argon2 {
                hash: bytes.clone(),
                salt: salt.clone(),
                iterations: 2,
                memory: 19_456,
                threads: 1,
            },
            json!({ "argon2": {
                "hash": "//4A", "salt": "c2FsdA==", "iterations": 2, "memory": 19456, "threads": 1,
            } }),
        ),
        (
            HashedPassword::Bach { hash: text(), key: "k".into() },
            json!({ "bach": { "hash": "text", "key": "k" } }),
        ),
        (HashedPassword::BuddyAuth { hash: text() }, json!({ "buddyauth": { "hash": "text" } })),
        (HashedPassword::Bcrypt { hash: text() }, json!({ "bcrypt": { "hash": "text" } })),
        (HashedPassword::Django { hash: text() }, json!({ "django": { "hash": "text" } })),
        (
            HashedPassword::Firebase {
                hash: bytes.clone(),
                salt: salt.clone(),
                salt_separator: b"sep".to_vec(),
                signer_key: b"key".to_vec(),
                memory: 14,
                rounds: 8,
            },
            json!({ "firebase": {
                "hash": "//4A", "salt": "c2FsdA==", "saltSeparator": "c2Vw", "signerKey": "a2V5",
                "memory": 14, "rounds": 8,
            } }),
        ),
        (HashedPassword::Md5 { hash: text() }, json!({ "md5": { "hash": "text" } })),
        (
            HashedPassword::Pbkdf2 {
                hash: bytes,
                salt,
                iterations: 1000,
                function: HashFunction::Sha256,
            },
            json!({ "pbkdf2": {
                "hash": "//4A", "salt": "c2FsdA==", "iterations": 1000, "type": "sha256",
            } }),
        ),
        (
            HashedPassword::Phpass {
                hash: text(),
                salt: "s".into(),
                iterations: 8192,
                function: HashFunction::Md5,
            },
            json!({ "phpass": { "hash": "text", "salt": "s", "iterations": 8192, "type": "md5" } }),
        ),
        (
            HashedPassword::Sha { hash: text(), salt: "s".into(), function: HashFunction::Sha512 },
            json!({ "sha": { "hash": "text", "salt": "s", "type": "sha512" } }),
        ),
    ]
}

#[test]
fn import() {
    let answer = json!({
        "users": [{ "userId": "U1" }], "failures": [{ "user": "grace", "reason": "no e-mail" }],
    });
    let import = UserImport::default().users(*b"{}").hashes(*b"\xff").dry_run(true);
    let body = json!({ "source": "auth0", "users": "e30=", "hashes": "/w==", "dryrun": true });
    let line = "POST /v1/mgmt/user/import";
    let outcome = manages(line, body, &answer, |users| users.import("auth0", &import));
    assert_eq!(outcome.users[0].user_id, "U1");
    assert_eq!((&*outcome.failures[0].user, &*outcome.failures[0].reason), ("grace", "no e-mail"));
    manages(line, json!({ "source": "auth0", "dryrun": false }), &json!({}), |users| {
        users.import("auth0", &UserImport::default())
    });
    every_field_of(["POST /v1/mgmt/user/import"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let people = [BatchUser::new("grace"), BatchUser::new("")];
    refuses("login_id", |c| c.mgmt().user().create_batch(&people));
    refuses("login_id", |c| c.mgmt().user().invite_batch(&people, &Invitation::default()));
    let patches = [("ada", UserPatch::default()), ("", UserPatch::default())];
    refuses("login_id", |c| c.mgmt().user().patch_batch(&patches));
    refuses("source", |c| c.mgmt().user().import("", &UserImport::default()));
    refusals_of([
        ("POST /v1/mgmt/user/create/batch", "login_id"),
        ("POST /v1/mgmt/user/import", "source"),
        ("PATCH /v1/mgmt/user/patch/batch", "login_id"),
    ]);
}

#[test]
fn the_later_of_two_passwords_counts() {
    let hash = HashedPassword::Bcrypt { hash: "$2a$".into() };
    let hashed = BatchUser::new("ada").password("clear").hashed_password(hash.clone());
    let clear = BatchUser::new("ada").hashed_password(hash).password("clear");
    let people = [hashed, clear];
    let sent = json!([
        { "loginId": "ada", "hashedPassword": { "bcrypt": { "hash": "$2a$" } } },
        { "loginId": "ada", "password": "clear" },
    ]);
    let body = json!({ "users": sent, "invite": false });
    manages("POST /v1/mgmt/user/create/batch", body, &json!({}), |users| {
        users.create_batch(&people)
    });
}

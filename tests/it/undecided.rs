//! What cannot be told now is not refused: keys that are missing, rotated or refused, and clocks that
//! disagree. By the server and the clock of `keys`.

use std::time::Duration;

use descope::auth::DeliveryMethod::Email;
use descope::auth::session::SessionTokens;
use descope::emulator::{Emulator, Fault};
use descope::transport::TransportErrorKind;
use descope::{Client, Error, KeyPolicy, TokenError};
use serde_json::json;

use crate::keys::{
    Answer, COOLDOWN, MAX_AGE, MAX_STALE, UNKNOWN, forge, keys, one_key, outcome, pending, setup,
    token, unavailable,
};

const ADA: &str = "ada@example.com";

#[test]
fn one_forged_key_id_does_not_keep_a_rotation_from_working() {
    let (client, server, _) = one_key();
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    assert_eq!(outcome(&client, &token("forged")), UNKNOWN);
    server.answers(keys(&["k1", "k2"]));
    assert_eq!(outcome(&client, &token("k2")), Ok(()));
    assert_eq!(server.fetches(), 3);
}

#[test]
fn a_flood_of_forged_key_ids_makes_a_rotation_wait_and_refuses_nobody() {
    let (client, server, time) = one_key();
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    time.pass(60);
    forge(&client, 8, 50);
    server.answers(keys(&["k1", "k2"]));
    time.pass(7);
    pending(&client, &token("k2"), Duration::from_secs(COOLDOWN - 7));
    // A refresh token is treated alike, and nothing is sent for it.
    let session = client.auth().session();
    for error in [
        session.refresh(&token("k2")).unwrap_err(),
        session
            .validate_and_refresh(SessionTokens { session: &token("k2"), refresh: &token("k1") })
            .unwrap_err(),
    ] {
        assert!(error.is_unavailable() && !error.is_sign_in_required(), "{error}");
    }
    assert_eq!(server.fetches(), 3);
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    time.pass(COOLDOWN - 7);
    assert_eq!(outcome(&client, &token("k2")), Ok(()));
    assert_eq!(server.fetches(), 4);
}

/// A key that a fetch has not brought is not looked for again for a while, so that one bad token that
/// is sent again and again takes nothing from the others.
#[test]
fn the_same_unknown_key_costs_one_fetch_per_cooldown() {
    let (client, server, time) = one_key();
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    for cooldown in 1..4 {
        for _ in 0..100 {
            assert_eq!(outcome(&client, &token("bad")), UNKNOWN);
        }
        assert_eq!(server.fetches(), 1 + cooldown);
        time.pass(COOLDOWN - 1);
        assert_eq!(outcome(&client, &token("bad")), UNKNOWN);
        assert_eq!(server.fetches(), 1 + cooldown);
        time.pass(1);
    }
    // What a fetch for another key shows counts for this one, too.
    assert_eq!(outcome(&client, &token("other")), UNKNOWN);
    let before = server.fetches();
    assert_eq!(outcome(&client, &token("other")), UNKNOWN);
    server.answers(Answer::Status(503));
    unavailable(&client, &token("k2"));
    server.answers(keys(&["k1"]));
    assert_eq!(server.fetches(), before + 1);
    pending_or_unavailable(&client, &token("k2"));
    time.pass(COOLDOWN);
    assert_eq!(outcome(&client, &token("k3")), UNKNOWN);
    assert_eq!(outcome(&client, &token("k2")), UNKNOWN);
    assert_eq!(server.fetches(), before + 2);
}

fn pending_or_unavailable(client: &Client, token: &str) {
    let error = client.auth().session().validate(token).unwrap_err();
    assert!(error.is_unavailable() && error.retry_after().is_some(), "{error}");
}

/// Names are remembered in bounded number: the oldest give way.
#[test]
fn many_unknown_keys_do_not_make_the_newest_known() {
    let (client, server, time) = one_key();
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    assert_eq!(outcome(&client, &token("a")), UNKNOWN);
    assert_eq!(outcome(&client, &token("b")), UNKNOWN);
    forge(&client, 1, 63);
    // One of the two has been forgotten, so that it has to be looked for anew.
    assert_eq!(outcome(&client, &token("b")), UNKNOWN);
    pending(&client, &token("a"), Duration::from_secs(COOLDOWN));
    assert_eq!(server.fetches(), 3);
    time.pass(COOLDOWN);
    assert_eq!(outcome(&client, &token("a")), UNKNOWN);
}

#[test]
fn without_keys_fetches_that_fail_are_soon_repeated() {
    for answer in [Answer::Status(503), Answer::Fails(TransportErrorKind::Connect)] {
        let (client, server, time) = setup(answer, KeyPolicy::default());
        for wait in [100, 500, 2500, 12_500, 30_000, 30_000] {
            unavailable(&client, &token("k1"));
            let error = client.warm_up().unwrap_err();
            assert_eq!(error.retry_after(), Some(Duration::from_millis(wait)));
            time.pass(wait.div_ceil(1000));
        }
        assert_eq!(server.fetches(), 6);
        server.answers(keys(&["k1"]));
        assert_eq!(outcome(&client, &token("k1")), Ok(()));
    }
    // A cooldown that is shorter than the waits is their limit.
    let policy = KeyPolicy::default().cooldown(Duration::from_millis(300));
    let (client, _, time) = setup(Answer::Status(503), policy);
    for wait in [100, 300, 300] {
        let error = client.warm_up().unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_millis(wait)));
        time.pass(1);
    }
}

#[test]
fn sign_ins_work_soon_after_two_failed_fetches() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    client.auth().otp().sign_up_or_in(Email, ADA, &Default::default()).unwrap();
    let code = emulator.inbox().last_to(ADA).unwrap().code.unwrap();
    let verify = || client.auth().otp().verify(Email, ADA, &code);
    emulator.fault(Fault::status(500).at("/v2/keys/").times(2));
    for _ in 0..2 {
        let error = verify().unwrap_err();
        assert!(error.is_unavailable() && error.retry_after().is_some(), "{error}");
        emulator.advance(Duration::from_secs(1));
    }
    verify().unwrap();
}

#[test]
fn what_the_key_endpoint_says_is_passed_on() {
    let refusal = r#"{"errorCode":"E130429","errorDescription":"Too many"}"#;
    for (body, status) in [(refusal, 429), ("", 429), ("<html>", 429), (refusal, 400)] {
        let answer = Answer::Refusal(status, body, Some("17"));
        let (client, server, time) = setup(answer, KeyPolicy::default());
        for left in [17, 16, 1] {
            time.set(17 - left);
            let error = client.auth().session().validate(&token("k1")).unwrap_err();
            assert!(error.is_rate_limited() && error.is_unavailable(), "{error}");
            assert!(!error.is_misconfigured() && !error.is_sign_in_required(), "{error}");
            assert_eq!(error.status(), Some(status));
            assert_eq!(error.retry_after(), Some(Duration::from_secs(left)));
        }
        assert_eq!(server.fetches(), 1);
        server.answers(keys(&["k1"]));
        time.set(17);
        assert_eq!(outcome(&client, &token("k1")), Ok(()));
    }
    // Also while there are keys, and by date.
    let (client, server, time) = one_key();
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    let date = "Tue, 14 Nov 2023 22:14:20 GMT"; // a minute after the clock begins
    server.answers(Answer::Refusal(503, "", Some(date)));
    unavailable(&client, &token("k2"));
    server.answers(keys(&["k1", "k2"]));
    time.set(59);
    unavailable(&client, &token("k2"));
    assert_eq!((outcome(&client, &token("k1")), server.fetches()), (Ok(()), 2));
    time.set(60);
    assert_eq!(outcome(&client, &token("k2")), Ok(()));
}

#[test]
fn a_project_that_does_not_exist_is_a_mistake_of_setup() {
    let known = r#"{"errorCode":"E011004","errorDescription":"No such project"}"#;
    for (status, body) in [
        (400, known),
        (401, known),
        (403, known),
        (404, known),
        (400, ""),
        (401, "<html>"),
        (404, "<html>not found</html>"),
    ] {
        let answer = Answer::Refusal(status, body, None);
        let (client, server, time) = setup(answer, KeyPolicy::default());
        let session = client.auth().session();
        for error in [
            client.warm_up().unwrap_err(),
            session.validate(&token("k1")).unwrap_err(),
            session.refresh(&token("k1")).unwrap_err(),
            session
                .validate_and_refresh(SessionTokens {
                    session: &token("k1"),
                    refresh: &token("k1"),
                })
                .unwrap_err(),
            client.auth().otp().verify(Email, ADA, "123456").unwrap_err(),
        ] {
            assert!(error.is_misconfigured() && !error.is_unavailable(), "{error}");
            assert!(!error.is_token_invalid() && !error.is_sign_in_required(), "{error}");
            assert!(!error.is_not_found() && !error.is_unauthorized() && !error.is_forbidden());
            assert_eq!(error.status(), Some(status));
            let text = error.to_string();
            assert!(text.contains("P2keys") && text.contains("https://api.descope.com"), "{text}");
            assert!(text.contains("project ID"), "{text}");
            let Error::Token(TokenError::KeysUnavailable(keys)) = &error else { panic!("{error}") };
            assert!(matches!(keys.cause(), Error::Api(api) if api.status == status), "{error}");
        }
        server.answers(keys(&["k1"]));
        time.pass(COOLDOWN);
        assert_eq!(outcome(&client, &token("k1")), Ok(()));
        // Keys at hand outlast it.
        server.answers(Answer::Refusal(status, body, None));
        time.pass(MAX_AGE);
        assert_eq!(outcome(&client, &token("k1")), Ok(()));
    }
    // Not so what something on the way says.
    for status in [302, 403, 407, 418] {
        let answer = Answer::Refusal(status, "<html>", None);
        let (client, _, _) = setup(answer, KeyPolicy::default());
        unavailable(&client, &token("k1"));
    }
}

/// A laptop that was asleep for a night: its monotonic clock may have stood still.
#[test]
fn keys_age_while_the_machine_sleeps() {
    let (client, server, time) = one_key();
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    server.answers(keys(&["k2"]));
    time.set_wall(i64::try_from(MAX_AGE).unwrap() - 1);
    assert_eq!((outcome(&client, &token("k1")), server.fetches()), (Ok(()), 1));
    time.set_wall(i64::try_from(MAX_AGE).unwrap());
    assert_eq!(outcome(&client, &token("k1")), UNKNOWN);
    assert_eq!(server.fetches(), 2);
}

#[test]
fn a_wall_clock_that_jumps_makes_keys_neither_eternal_nor_useless() {
    // Back: the monotonic clock goes on.
    let (client, server, time) = one_key();
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    time.set_wall(-100_000);
    server.answers(keys(&["k2"]));
    time.set(MAX_AGE);
    assert_eq!(outcome(&client, &token("k1")), UNKNOWN);
    // Ahead, while the keys cannot be fetched: they serve as long as they would have. The token is good
    // for 1,000,000 seconds.
    for ahead in [MAX_AGE, MAX_STALE, 500_000] {
        let (client, server, time) = one_key();
        assert_eq!(outcome(&client, &token("k1")), Ok(()));
        server.answers(Answer::Status(503));
        time.set_wall(i64::try_from(ahead).unwrap());
        for at in [0, 1, MAX_AGE, MAX_STALE - 1] {
            time.set(at);
            assert_eq!(outcome(&client, &token("k1")), Ok(()), "{ahead} {at}");
        }
        assert!(server.fetches() <= 5, "{}", server.fetches());
        time.set(MAX_STALE);
        unavailable(&client, &token("k1"));
    }
    // Ahead, while they can: one fetch, and then the new time is the measure.
    let (client, server, time) = one_key();
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    time.set_wall(500_000);
    for _ in 0..3 {
        assert_eq!(outcome(&client, &token("k1")), Ok(()));
    }
    assert_eq!(server.fetches(), 2);
}

#[test]
fn no_other_issue_is_hidden_by_a_missing_key() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let foreign = Emulator::new().issue_token(json!({ "sub": "U1" })).unwrap();
    assert_eq!(outcome(&client, &foreign), UNKNOWN);
}

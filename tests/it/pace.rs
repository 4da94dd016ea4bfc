//! Calls that wait for the client's rate limits, on a clock that only waiting moves.

use std::time::Duration;

use descope::emulator::{Emulator, Fault};
use descope::mgmt::user::NewUser;
use descope::{Client, Error, RateLimit, RateLimits, RetryPolicy};

use crate::emulated::Impatient;

const MINUTE: Duration = Duration::from_secs(60);
const USERS: &str = "/v1/mgmt/user";

fn start(limits: RateLimits, deadline: Duration) -> (Emulator, Client, Impatient) {
    let emulator = Emulator::new();
    let clock = Impatient::new(&emulator);
    let builder = Client::builder().emulator(&emulator).clock(clock.clone());
    let client = builder.rate_limits(limits).deadline(deadline).build().unwrap();
    (emulator, client, clock)
}

fn create(client: &Client, login_id: &str) -> Result<(), Error> {
    client.mgmt().user().create(login_id, &NewUser::default()).map(drop)
}

#[test]
fn paced_calls_wait_and_others_do_not() {
    let limits = RateLimits::none().create_users(RateLimit::per_minute(2));
    let (_, client, clock) = start(limits, 2 * MINUTE);
    for n in 0..5 {
        create(&client, &format!("u{n}")).unwrap();
    }
    assert_eq!(clock.waited(), Duration::ZERO);

    let paced = client.with_pacing(true);
    create(&paced, "u5").unwrap();
    let waited = clock.waited();
    assert!(
        waited > MINUTE && waited < MINUTE + MINUTE / 100,
        "all calls were counted: {waited:?}"
    );
    create(&paced, "u6").unwrap();
    assert_eq!(clock.waited(), waited);
    // Other groups have limits of their own.
    for _ in 0..5 {
        paced.mgmt().user().load("u0").unwrap();
        paced.mgmt().tenant().load_all().unwrap();
    }
    assert_eq!(clock.waited(), waited);
    create(&paced.with_pacing(false), "u7").unwrap();
    assert_eq!(clock.waited(), waited);
}

#[test]
fn a_wait_beyond_the_deadline_does_not_begin() {
    let (emulator, client, clock) =
        start(RateLimits::none().total(RateLimit::per_minute(1)), Duration::from_secs(30));
    let paced = client.with_pacing(true);
    create(&paced, "ada").unwrap();
    let error = create(&paced, "bob").unwrap_err();
    let Error::Paced { retry_after, .. } = error else { panic!("{error}") };
    assert!(retry_after > Duration::from_secs(59) && retry_after < Duration::from_secs(61));
    assert!(error.is_rate_limited() && error.is_unavailable() && error.status().is_none());
    assert_eq!(error.retry_after(), Some(retry_after));
    assert_eq!((clock.waited(), emulator.requests(USERS)), (Duration::ZERO, 1));
    create(&paced.with_deadline(2 * MINUTE), "bob").unwrap();
}

#[test]
fn a_refusal_holds_all_paced_calls_of_the_group() {
    let (emulator, client, clock) = start(RateLimits::default(), 2 * MINUTE);
    emulator.fault(Fault::status(429).header("retry-after", "7").at(USERS).times(1));
    // Whoever is refused: this clone does not wait.
    assert!(client.mgmt().user().load("ada").unwrap_err().is_rate_limited());
    let paced = client.with_pacing(true);
    paced.mgmt().tenant().load_all().unwrap();
    create(&paced, "ada").unwrap();
    assert_eq!(clock.waited(), Duration::ZERO);
    paced.mgmt().user().load("ada").unwrap();
    assert_eq!(clock.waited(), Duration::from_secs(7));
}

#[test]
fn a_paced_call_that_is_refused_waits_and_goes_again_whatever_the_retries() {
    let (emulator, client, clock) = start(RateLimits::default(), 3 * MINUTE);
    let paced = client.with_pacing(true).with_retry(RetryPolicy::none());
    emulator.fault(Fault::status(429).at(USERS).times(1));
    create(&paced, "ada").unwrap();
    assert_eq!((clock.waited(), emulator.requests(USERS)), (MINUTE, 2));

    emulator.fault(Fault::status(429).header("retry-after", "600").at(USERS));
    let error = create(&paced, "bob").unwrap_err();
    assert_eq!((error.status(), clock.waited()), (Some(429), MINUTE));
}

#[test]
fn calls_without_a_management_key_are_not_paced() {
    let (emulator, client, clock) =
        start(RateLimits::none().total(RateLimit::per_minute(1)), MINUTE);
    let paced = client.with_pacing(true);
    create(&paced, "ada@example.com").unwrap();
    emulator.seed(&serde_json::json!({ "users": [{ "loginId": "bob@example.com" }] })).unwrap();
    for _ in 0..3 {
        let refused = paced.auth().password().sign_in("bob@example.com", "x", &Default::default());
        assert!(!refused.unwrap_err().is_rate_limited());
    }
    assert_eq!(clock.waited(), Duration::ZERO);
}

//! Creating users.

use std::cell::Cell;
use std::thread;
use std::time::Duration;

use descope::bulk::{BulkOptions, Settled};
use descope::clock::Clock;
use descope::emulator::Fault;
use descope::mgmt::user::{BatchUser, UserProfile};
use descope::{Client, Error, RateLimit, RateLimits, UnixTime};

use super::*;

#[test]
fn an_import_keeps_to_the_limit_and_takes_no_longer_than_it_must() {
    let service = Service::new(50);
    let limits = RateLimits::none().total(RateLimit::per_minute(50));
    let options = BulkOptions::default().batch(10);
    let mut saved = Saved::default();
    let users = service.client(limits);
    let users = users.mgmt().user();
    let report = users.create_in_bulk(people(2500), &options, |it| saved.note(it)).unwrap();
    assert!(report.finished);
    assert_eq!(counts(&report.checkpoint), [2500, 2500, 0, 0]);
    assert_eq!((saved.checkpoint(), saved.failures.len()), (report.checkpoint, 0));
    service.has_exactly((0..2500).map(login_id));
    // 250 calls, 50 a minute: four waits.
    assert_eq!(service.refused(), 0);
    service.had_no_burst();
    let waited = service.clock.waited();
    assert!(waited <= (4 * MINUTE).mul_f64(1.03), "{waited:?}");
}

#[test]
fn refusals_are_waited_for_and_no_user_fails() {
    let service = Service::new(20);
    // The client knows no limit: what it is answered is enough.
    let users = service.client(RateLimits::none());
    let users = users.mgmt().user();
    let options = BulkOptions::default().batch(5);
    let report = users.create_in_bulk(people(500), &options, |_| true).unwrap();
    assert_eq!(counts(&report.checkpoint), [500, 500, 0, 0]);
    // 100 calls in five or six minutes, and in each at most one refusal for each that was under way.
    assert!((4..=20).contains(&service.refused()), "{}", service.refused());
    assert!(service.clock.waited() <= 6 * MINUTE);
    service.has_exactly((0..500).map(login_id));
}

/// A wire that is cut with an answer is what a kill leaves: a batch that is done, of which the program does
/// not know. The others that were under way may be done or not.
#[test]
fn killed_again_and_again_every_user_is_there_once() {
    let service = Service::new(30);
    let limits = || RateLimits::none().total(RateLimit::per_minute(30));
    let mut saved = Saved::default();
    let mut kills = 0;
    loop {
        service.cut_after(if kills < 10 { 3 + kills % 4 } else { u64::MAX });
        let options = saved.options().batch(7).in_flight(3);
        let client = service.client(limits());
        let users = client.mgmt().user();
        match users.create_in_bulk(people(400), &options, |it| saved.note(it)) {
            Ok(report) => {
                assert!(report.finished);
                break;
            }
            Err(error) => assert!(matches!(error, Error::Transport(_)), "{error}"),
        }
        kills += 1;
        assert!(kills <= 10, "{:?}", saved.checkpoint());
    }
    assert_eq!(kills, 10);
    service.has_exactly((0..400).map(login_id));
    let [position, created, unchanged, failed] = counts(&saved.checkpoint());
    assert_eq!((position, created + unchanged, failed), (400, 400, 0));
    // As many as were under way, each time.
    assert!((7..=10 * 3 * 7).contains(&unchanged), "{unchanged}");
}

#[test]
fn lost_answers_and_outages_are_no_failures() {
    let service = Service::new(NONE);
    service.emulator.fault(Fault::lose_answer().at(CREATE).times(1));
    service.emulator.fault(Fault::status(503).at("/v2/mgmt/user/search").times(1));
    let client = service.builder().build().unwrap();
    let users = client.mgmt().user();
    let options = BulkOptions::default().batch(10).in_flight(1);
    let report = users.create_in_bulk(people(50), &options, |_| true).unwrap();
    assert_eq!(counts(&report.checkpoint), [50, 40, 10, 0]);
    service.has_exactly((0..50).map(login_id));
}

#[test]
fn each_failure_names_the_user_and_the_reason() {
    let service = Service::new(NONE);
    let client = service.client(RateLimits::default());
    client.mgmt().user().create(&login_id(3), &Default::default()).unwrap();
    let mut all: Vec<_> = people(30).collect();
    all[5] = BatchUser::new("");
    all[17] = BatchUser::new("joan").profile(UserProfile::default().roles(["Codebreaker"]));
    // Twice.
    all[21] = BatchUser::new(login_id(20));
    let mut saved = Saved::default();
    let options = BulkOptions::default().batch(8);
    let users = client.mgmt().user();
    let report = users.create_in_bulk(all, &options, |it| saved.note(it)).unwrap();
    assert_eq!(counts(&report.checkpoint), [30, 26, 2, 2]);
    let failures: Vec<_> = saved.failures.iter().map(|it| (it.position, &*it.id)).collect();
    assert_eq!(failures, [(5, ""), (17, "joan")]);
    assert!(saved.failures[0].reason.contains("login_id"), "{:?}", saved.failures[0]);
    assert!(saved.failures[1].reason.contains("Codebreaker"), "{:?}", saved.failures[1]);
}

#[test]
fn what_is_not_about_the_items_ends_the_work() {
    let service = Service::new(NONE);
    let client = service.client(RateLimits::default());
    let mut saved = Saved::default();
    let options = BulkOptions::default().batch(10).in_flight(1);
    let mut calls = 0;
    let error = client.mgmt().user().create_in_bulk(people(100), &options, |it| {
        calls += u32::from(it.advanced > 0);
        if calls == 3 {
            service.emulator.fault(Fault::status(401).at(CREATE));
        }
        saved.note(it)
    });
    assert_eq!(error.unwrap_err().status(), Some(401));
    assert_eq!(saved.checkpoint().position, u64::try_from(service.users().len()).unwrap());
    service.emulator.clear_faults();
    let users = client.mgmt().user();
    let report = users.create_in_bulk(people(100), &saved.options(), |_| true).unwrap();
    assert_eq!(counts(&report.checkpoint), [100, 100, 0, 0]);
}

#[test]
fn items_are_read_no_earlier_than_they_are_needed() {
    let service = Service::new(NONE);
    let client = service.client(RateLimits::none());
    let read = Cell::new(0_u64);
    let items = people(1000).inspect(|_| read.set(read.get() + 1));
    let options = BulkOptions::default().batch(10).in_flight(3);
    let users = client.mgmt().user();
    users
        .create_in_bulk(items, &options, |it| {
            let ahead = read.get() - it.checkpoint.position;
            assert!(ahead <= 30, "{ahead} items are in memory");
            true
        })
        .unwrap();
    assert_eq!(read.get(), 1000);
}

#[test]
fn progress_stops_it_and_a_later_run_goes_on() {
    let service = Service::new(NONE);
    let client = service.client(RateLimits::none());
    let options = BulkOptions::default().batch(10).in_flight(2);
    let users = client.mgmt().user();
    let stopped = users
        .create_in_bulk(people(usize::MAX), &options, |it| it.checkpoint.position < 50)
        .unwrap();
    assert!(!stopped.finished && (50..=80).contains(&stopped.checkpoint.position), "{stopped:?}");
    let options = options.checkpoint(stopped.checkpoint);
    let report = users.create_in_bulk(people(100), &options, |_| true).unwrap();
    assert_eq!(counts(&report.checkpoint), [100, 100, 0, 0]);
}

/// A clock that stands still.
struct Stopped;

impl Clock for Stopped {
    fn unix(&self) -> UnixTime {
        UnixTime::from_seconds(1_700_000_000)
    }
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
    fn sleep(&self, _: Duration) {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn progress_stops_it_while_it_waits() {
    let service = Service::new(NONE);
    let builder = Client::builder().emulator(&service.emulator).clock(Stopped);
    let limits = RateLimits::none().total(RateLimit::per_minute(2));
    let client = builder.rate_limits(limits).build().unwrap();
    let options = BulkOptions::default().batch(1).in_flight(1);
    let mut waited = 0;
    let users = client.mgmt().user();
    let report = users.create_in_bulk(people(100), &options, |it| {
        waited += u32::from(it.advanced == 0 && it.checkpoint.position == 2);
        waited < 2
    });
    let report = report.unwrap();
    assert_eq!((report.finished, counts(&report.checkpoint)), (false, [2, 2, 0, 0]));
}

#[test]
fn waiting_without_end_is_an_error() {
    let service = Service::new(0);
    let users = service.client(RateLimits::default());
    let users = users.mgmt().user();
    let options = BulkOptions::default().patience(10 * MINUTE);
    let error = users.create_in_bulk(people(10), &options, |_| true).unwrap_err();
    assert!(error.is_rate_limited(), "{error}");
    assert!(service.clock.waited() <= 10 * MINUTE);
}

#[test]
fn a_checkpoint_past_the_end_is_refused_and_one_at_the_end_does_nothing() {
    let service = Service::new(NONE);
    let users = service.client(RateLimits::default());
    let users = users.mgmt().user();
    let at = |position: u64| {
        let text = format!(r#"{{"position":{position},"created":{position},"newer":1}}"#);
        BulkOptions::default().checkpoint(serde_json::from_str::<Checkpoint>(&text).unwrap())
    };
    let error = users.create_in_bulk(people(10), &at(11), |_| true).unwrap_err();
    assert!(matches!(error, Error::Argument { name: "checkpoint", .. }), "{error}");
    let report = users.create_in_bulk(people(10), &at(10), |_| true).unwrap();
    assert!(report.finished && service.users().is_empty());
    assert_eq!(counts(&report.checkpoint), [10, 10, 0, 0]);
}

#[test]
fn a_panic_in_the_program_ends_it_at_once() {
    let service = Service::new(1);
    let client = service.client(RateLimits::none().total(RateLimit::per_minute(1)));
    let options = BulkOptions::default().batch(10);
    thread::scope(|scope| {
        let of_progress = scope.spawn(|| {
            let users = client.mgmt().user();
            users.create_in_bulk(people(1000), &options, |it| {
                assert!(it.checkpoint.position < 10, "as told");
                true
            })
        });
        assert!(of_progress.join().is_err());
        let of_work = scope.spawn(|| {
            let work = |_: &Client, items: &[u32]| {
                assert!(!items.contains(&50), "as told");
                Ok(Settled::default().created(items.len()))
            };
            client.in_bulk(0..100, &options, work, |_| true)
        });
        assert!(of_work.join().is_err());
    });
}

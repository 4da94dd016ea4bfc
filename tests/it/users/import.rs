//! The example that imports users, against the emulator.

use std::time::Duration;

use descope::Client;
use descope::clock::Clock;
use descope::emulator::{Emulator, EmulatorClock, Fault};
use descope::mgmt::user::UserSearch;
use serde_json::json;

use self::import_users::{Report, import};

#[allow(dead_code, unreachable_pub, reason = "the example is a program of its own")]
#[path = "../../../examples/import_users.rs"]
mod import_users;

const CREATE: &str = "/v1/mgmt/user/create/batch";
/// Three good lines, and three bad ones.
const FILE: &str = concat!(
    include_str!("../../../examples/users.csv"),
    ",nobody@example.com,,Nobody,,\n",
    "joan@example.com,joan@example.com,,Joan Clarke,Codebreaker,\n",
    "grace@example.com,grace@example.com,,Grace Hopper again,,\n",
);

fn emulated() -> (Emulator, Client) {
    let emulator = Emulator::new();
    emulator.seed(&json!({ "roles": [{ "name": "Editor" }, { "name": "Reader" }] })).unwrap();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    (emulator, client)
}

fn run(client: &Client, file: &str, dry_run: bool) -> (Report, Result<(), String>) {
    let mut report = Report::default();
    let outcome = import(client, file.as_bytes(), dry_run, &mut report, |_, _| {});
    (report, outcome.map_err(|error| error.to_string()))
}

fn numbered() -> String {
    (0..250).fold("login_id\n".to_owned(), |file, n| file + &format!("user{n}\n"))
}

fn total(client: &Client) -> u64 {
    client.mgmt().user().search(&UserSearch::default()).unwrap().total.unwrap()
}

fn lines(report: &Report) -> Vec<u64> {
    report.failed.iter().map(|(line, _)| *line).collect()
}

#[test]
fn a_file_is_imported_once() {
    let (emulator, client) = emulated();
    let (report, outcome) = run(&client, FILE, true);
    assert_eq!((outcome, total(&client)), (Ok(()), 0));
    assert_eq!((report.created, report.present, lines(&report)), (4, 0, vec![5, 7]));
    assert_eq!(emulator.requests(CREATE), 0, "a dry run");

    let (report, _) = run(&client, FILE, false);
    assert_eq!((report.created, report.present, lines(&report)), (3, 0, vec![5, 7, 6]));
    assert!(report.failed[2].1.contains("Codebreaker"), "{report:?}");
    let ada = client.mgmt().user().load("ada@example.com").unwrap();
    assert_eq!((&*ada.name, &*ada.phone, ada.password), ("Ada Lovelace", "+12025550101", true));
    assert_eq!(ada.role_names, ["Editor", "Reader"]);

    let (report, _) = run(&client, FILE, false);
    assert_eq!((report.created, report.present, lines(&report)), (0, 3, vec![5, 7, 6]));
    assert_eq!(total(&client), 3);
    assert_eq!(client.mgmt().user().load("ada@example.com").unwrap(), ada);
}

#[test]
fn a_long_file_goes_in_batches_and_waits_for_the_rate_limit() {
    let (emulator, _) = emulated();
    let file = numbered();
    let client =
        Client::builder().emulator(&emulator).clock(Waits(emulator.clock())).build().unwrap();
    emulator.fault(Fault::status(429).header("Retry-After", "30").at(CREATE).times(2));
    let before = emulator.clock().unix().as_seconds();
    let (report, outcome) = run(&client, &file, false);
    assert_eq!((outcome, report.created, total(&client)), (Ok(()), 250, 250));
    assert_eq!(emulator.requests(CREATE), 3 + 2);
    let waited = emulator.clock().unix().as_seconds() - before;
    assert!((60..70).contains(&waited), "{waited}");
}

/// The emulator's clock, which one need not wait for.
#[derive(Debug)]
struct Waits(EmulatorClock);

impl Clock for Waits {
    fn unix(&self) -> descope::UnixTime {
        self.0.unix()
    }
    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
    fn sleep(&self, time: Duration) {
        self.0.advance(time);
    }
}

/// After a failure, the next run goes on where the first one stopped, whatever became of its last
/// call.
#[test]
fn it_goes_on_after_a_failure() {
    let (emulator, client) = emulated();
    let file = numbered();
    let mut report = Report::default();
    let stop = emulator.clone();
    let outcome = import(&client, file.as_bytes(), false, &mut report, move |_, _| {
        stop.fault(Fault::lose_answer().at(CREATE).times(1));
    });
    assert!(outcome.is_err() && report.created == 100, "{report:?}");
    assert_eq!(total(&client), 200, "the answer was lost, not the call");
    emulator.clear_faults();
    let (report, outcome) = run(&client, &file, false);
    assert_eq!((outcome, report.created, report.present), (Ok(()), 50, 200));
    assert_eq!(total(&client), 250);
}

#[test]
fn lines_that_cannot_be_read_are_reported() {
    let (_emulator, client) = emulated();
    let file = "login_id,name\nada,Ada\ngrace,Grace,too much\n\"al\nan\",Alan\n  joan  ,\n";
    let (report, outcome) = run(&client, file, false);
    assert_eq!((outcome, report.created, total(&client)), (Ok(()), 2, 2));
    assert_eq!(lines(&report), [3, 4]);
    assert!(report.failed[1].1.contains("control characters"), "{report:?}");
    client.mgmt().user().load("joan").unwrap();
}

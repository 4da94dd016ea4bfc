//! The example that brings a project into line with files, against the emulator.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use descope::clock::Clock;
use descope::emulator::{Emulator, EmulatorClock, Fault};
use descope::mgmt::role::RoleSearch;
use descope::mgmt::user::UserSearch;
use descope::{Client, RateLimit, RateLimits};

use self::provision::apply::{Apply, Options, Report};

#[allow(dead_code, unreachable_pub, reason = "the example is a program of its own")]
#[path = "../../../examples/provision/main.rs"]
mod provision;

const CREATE: &str = "/v1/mgmt/user/create/batch";
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/provision/sample");

/// A folder of a test's own, which goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    /// A folder with these files.
    fn of(name: &str, files: &[(&str, &str)]) -> Self {
        let place = std::env::temp_dir().join(format!("descope-{name}-{}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        for (file, text) in files {
            fs::write(place.join(file), text).unwrap();
        }
        Self(place)
    }

    /// A folder with a copy of the sample.
    fn sample(name: &str) -> Self {
        let read = |file: &str| fs::read_to_string(Path::new(SAMPLE).join(file)).unwrap();
        let files = ["tenants.csv", "roles.csv", "users.csv"].map(|file| (file, read(file)));
        Self::of(name, &files.each_ref().map(|(file, text)| (*file, &**text)))
    }

    fn add(&self, file: &str, lines: &str) {
        let path = self.0.join(file);
        fs::write(&path, fs::read_to_string(&path).unwrap() + lines).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
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

fn emulated() -> (Emulator, Client) {
    limited(RateLimits::default())
}

fn limited(limits: RateLimits) -> (Emulator, Client) {
    let emulator = Emulator::new();
    let clock = Waits(emulator.clock());
    let builder = Client::builder().emulator(&emulator).clock(clock);
    let client = builder.rate_limits(limits).build().unwrap();
    (emulator, client)
}

fn run_with(
    (_, client): &(Emulator, Client),
    folder: &Folder,
    options: Options,
    progress: impl FnMut(&Report, u64),
) -> (Report, Result<(), String>) {
    let mut apply = Apply::new(client, options);
    let outcome = apply.folder(&folder.0, progress).map_err(|error| error.to_string());
    (apply.into_report(), outcome)
}

fn run(project: &(Emulator, Client), folder: &Folder) -> Report {
    let (report, outcome) = run_with(project, folder, Options::default(), |_, _| {});
    assert_eq!(outcome, Ok(()), "{report:?}");
    report
}

/// Created, changed, unchanged, and the lines that failed.
fn counts(report: &Report) -> (u64, u64, u64, Vec<String>) {
    let failures = report.failures.iter().map(|it| format!("{}:{}", it.file, it.line));
    (report.created, report.changed, report.unchanged, failures.collect())
}

fn users(client: &Client) -> Vec<descope::User> {
    client.mgmt().user().iter(&UserSearch::default()).map(Result::unwrap).collect()
}

fn numbered() -> String {
    (0..250).fold("login_id\n".to_owned(), |file, n| file + &format!("user{n}\n"))
}

#[test]
fn files_are_applied_once_and_a_dry_run_changes_nothing() {
    let (project, folder) = (emulated(), Folder::sample("once"));
    let dry = Options { dry_run: true, ..Options::default() };
    let (report, outcome) = run_with(&project, &folder, dry.clone(), |_, _| {});
    assert_eq!((outcome, counts(&report)), (Ok(()), (8, 0, 0, vec![])));
    assert!(users(&project.1).is_empty() && project.0.requests(CREATE) == 0);

    assert_eq!(counts(&run(&project, &folder)), (8, 0, 0, vec![]));
    let ada = project.1.mgmt().user().load("ada@example.com").unwrap();
    assert_eq!((ada.name.as_deref(), ada.password), (Some("Ada Lovelace"), true));
    assert_eq!(ada.roles, ["Editor", "Reader"]);
    assert_eq!(
        (&*ada.user_tenants[0].tenant_id, &*ada.user_tenants[0].roles[0]),
        ("acme", "Owner")
    );

    let all = users(&project.1);
    assert_eq!(counts(&run(&project, &folder)), (0, 0, 8, vec![]));
    assert_eq!(users(&project.1), all, "nothing was written");
    let (report, _) = run_with(&project, &folder, dry, |_, _| {});
    assert_eq!(counts(&report), (0, 0, 8, vec![]));
}

#[test]
fn what_differs_is_changed_and_empty_fields_leave_things_alone() {
    let (project, folder) = (emulated(), Folder::sample("differs"));
    run(&project, &folder);
    let files = [
        ("tenants.csv", "id,name,domains\nacme,Acme,\nbletchley,Bletchley Park,park.example.com\n"),
        ("roles.csv", "name,tenant,description\nEditor,,Edits\nReader,,\n"),
        (
            "users.csv",
            "login_id,name,roles,tenants\nada@example.com,Ada,,\nalan,,,acme\ngrace@example.com,,Reader,\n",
        ),
    ];
    let folder = Folder::of("differs-2", &files);
    assert_eq!(counts(&run(&project, &folder)), (0, 5, 2, vec![]));
    assert_eq!(counts(&run(&project, &folder)), (0, 0, 7, vec![]));
    let mgmt = project.1.mgmt();
    let acme = mgmt.tenant().load("acme").unwrap();
    assert_eq!(
        (&*acme.name, &*acme.self_provisioning_domains),
        ("Acme", &["acme.example.com".to_owned()][..])
    );
    let reader = &mgmt.role().search(&RoleSearch::default().names(["Reader"])).unwrap()[0];
    assert_eq!(reader.description, "May read articles");
    let ada = mgmt.user().load("ada@example.com").unwrap();
    assert_eq!(
        (ada.name.as_deref(), &*ada.roles),
        (Some("Ada"), &["Editor".to_owned(), "Reader".to_owned()][..])
    );
    assert_eq!(mgmt.user().load("alan").unwrap().user_tenants.len(), 1);
}

#[test]
fn bad_lines_are_reported_and_the_others_go_on() {
    let (project, folder) = (emulated(), Folder::sample("bad"));
    folder.add("users.csv", ",nobody@example.com,,Nobody,,,\njoan,,,Joan Clarke,Codebreaker,,\n");
    folder.add(
        "users.csv",
        "grace@example.com,,,Grace again,,,\ndot,too,few\n\"al\nan\",,,Alan,,,\n",
    );
    folder.add("tenants.csv", ",Nameless,\nempty,,\n");
    let report = run(&project, &folder);
    let failed = [
        "tenants.csv:4",
        "tenants.csv:5",
        "users.csv:5",
        "users.csv:6",
        "users.csv:7",
        "users.csv:8",
        "users.csv:9",
    ];
    assert_eq!(counts(&report), (8, 0, 0, failed.map(str::to_owned).to_vec()), "{report:#?}");
    assert!(report.failures[3].reason.contains("Codebreaker"), "{report:?}");
    assert!(report.failures[6].reason.contains("control characters"), "{report:?}");

    let none = Folder::of("none", &[("other.csv", "login_id\nada\n")]);
    let (_, outcome) = run_with(&project, &none, Options::default(), |_, _| {});
    assert!(outcome.unwrap_err().contains("none of tenants.csv"));
}

#[test]
fn a_long_file_goes_in_batches_and_waits_for_the_rate_limit() {
    let (project, folder) = (emulated(), Folder::of("long", &[("users.csv", &numbered())]));
    project.0.fault(Fault::status(429).header("Retry-After", "30").at(CREATE).times(2));
    let before = project.0.clock().unix().as_seconds();
    let mut parts = Vec::new();
    let (report, _) = run_with(&project, &folder, Options::default(), |_, done| parts.push(done));
    assert_eq!((report.created, users(&project.1).len()), (250, 250));
    assert_eq!(project.0.requests(CREATE), 3 + 2);
    let waited = project.0.clock().unix().as_seconds() - before;
    assert!((59..70).contains(&waited), "{waited}");
    assert!(parts.is_sorted() && parts.last() == Some(&100), "{parts:?}");
}

#[test]
fn calls_keep_to_a_rate() {
    let limits = RateLimits::default().total(RateLimit::per_minute(2));
    let project = limited(limits);
    let folder = Folder::of("rate", &[("users.csv", &numbered())]);
    let before = project.0.clock().unix().as_seconds();
    assert_eq!(run(&project, &folder).created, 250);
    // Three searches and three calls that create, two a minute: the first two at once.
    let took = project.0.clock().unix().as_seconds() - before;
    assert!((119..130).contains(&took), "{took}");
}

/// Whatever a run leaves behind when it is killed, the next one continues, and only from there.
#[test]
fn it_continues_after_a_kill() {
    let folder = Folder::of("kill", &[("users.csv", &numbered())]);
    let journal = folder.0.join("journal");
    let options = || Options { journal: Some(journal.clone()), ..Options::default() };
    for batches in 0..3_usize {
        let project = emulated();
        let mut left = batches;
        let stop = project.0.clone();
        let lose = || Fault::lose_answer().at(CREATE).times(1);
        if batches == 0 {
            stop.fault(lose());
        }
        let (_, outcome) = run_with(&project, &folder, options(), |_, _| {
            left -= 1;
            if left == 0 {
                stop.fault(lose());
            }
        });
        assert!(outcome.is_err(), "the answer was lost, though the call was not");
        assert_eq!(users(&project.1).len(), (100 * (batches + 1)).min(250));
        project.0.clear_faults();
        let before = project.0.requests(CREATE);
        let (report, outcome) = run_with(&project, &folder, options(), |_, _| {});
        // Those whose answer was lost are there already.
        let lost = if batches == 2 { 50 } else { 100 };
        assert_eq!((outcome, counts(&report)), (Ok(()), (250 - lost, 0, lost, vec![])));
        assert_eq!(project.0.requests(CREATE) - before, 2 - batches as u64);
        assert_eq!(users(&project.1).len(), 250);
        assert!(!journal.exists(), "all is done");
    }
}

#[test]
fn a_journal_of_other_files_does_not_count() {
    let folder = Folder::of("other", &[("users.csv", &numbered())]);
    let journal = folder.0.join("journal");
    let options = || Options { journal: Some(journal.clone()), ..Options::default() };
    let project = emulated();
    let stop = project.0.clone();
    let (_, outcome) = run_with(&project, &folder, options(), |_, _| {
        stop.fault(Fault::status(403).at("/v2/mgmt/user/search"));
    });
    assert!(outcome.is_err() && journal.exists());
    project.0.clear_faults();
    folder.add("users.csv", "one more\n");
    let (report, _) = run_with(&project, &folder, options(), |_, _| {});
    assert_eq!(counts(&report), (151, 0, 100, vec![]), "from the start");

    fs::write(&journal, "a letter to a friend").unwrap();
    let (_, outcome) = run_with(&project, &folder, options(), |_, _| {});
    assert!(outcome.is_err(), "not a journal");
    assert_eq!(fs::read_to_string(&journal).unwrap(), "a letter to a friend");
}

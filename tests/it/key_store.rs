//! Key sets in and out of a client, and stores that processes share.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{env, fs, process};

use descope::clock::Clock;
use descope::emulator::{Emulator, Fault};
use descope::keys::{FileKeyStore, KeySet, KeyStore};
use descope::observe::Event;
use descope::transport::Request;
use descope::{Client, ClientBuilder, Error, StoreError, StoreErrorKind, TokenError, UnixTime};
use serde_json::{Value, json};

use crate::keys::{
    Answer, COOLDOWN, MAX_AGE, MAX_STALE, Server, Time, UNKNOWN, forge, keys, outcome, pending,
    token, unavailable,
};

/// A folder that is deleted in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("descope-it-{name}-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        }
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("keys.json")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A store in memory, which says what it was asked.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<(Option<String>, Vec<&'static str>)>>);

impl Memory {
    fn text(&self) -> Option<String> {
        self.0.lock().unwrap().0.clone()
    }

    fn put(&self, text: impl Into<String>) {
        self.0.lock().unwrap().0 = Some(text.into());
    }

    fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap().1)
    }
}

impl KeyStore for Memory {
    fn load(&self) -> Result<Option<KeySet>, StoreError> {
        let mut inner = self.0.lock().unwrap();
        inner.1.push("load");
        inner.0.as_deref().map(KeySet::from_json).transpose()
    }
    fn save(&self, keys: &KeySet) -> Result<(), StoreError> {
        let mut inner = self.0.lock().unwrap();
        inner.1.push("save");
        inner.0 = Some(keys.to_json());
        Ok(())
    }
}

/// Processes of one machine: clients that share a clock, a server and a store.
#[derive(Clone)]
struct Machine {
    time: Time,
    server: Server,
    store: Memory,
    told: Arc<Mutex<Vec<String>>>,
}

impl Machine {
    fn new(answer: Answer) -> Self {
        let (time, server) = (Time::default(), Server::new(answer));
        time.pass(5);
        Self { time, server, store: Memory::default(), told: Arc::default() }
    }

    fn builder(&self) -> ClientBuilder {
        let (responder, clock, told) = (self.server.clone(), self.time.clone(), self.told.clone());
        Client::builder()
            .ignore_env()
            .project_id("P2keys")
            .clock(self.time.clone())
            .transport(move |_: Request| responder.respond(clock.monotonic().as_secs()))
            .observer(move |event| {
                if let Event::KeyStoreFailed { error, .. } = event {
                    told.lock().unwrap().push(error.to_string());
                }
            })
    }

    /// A process that has just begun.
    fn process(&self) -> Client {
        self.builder().key_store(self.store.clone()).build().unwrap()
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

#[test]
fn processes_share_a_fetch_until_the_keys_are_due_and_across_a_rotation() {
    let machine = Machine::new(keys(&["k1"]));
    for _ in 0..3 {
        assert_eq!(outcome(&machine.process(), &token("k1")), Ok(()));
    }
    assert_eq!(machine.server.fetches(), 1);
    assert_eq!(machine.store.asked(), ["load", "load", "save", "load", "load"]);
    machine.server.answers(keys(&["k1", "k2"]));
    let older = machine.process();
    assert_eq!(outcome(&older, &token("k1")), Ok(()));
    for _ in 0..3 {
        machine.time.pass(1);
        assert_eq!(outcome(&machine.process(), &token("k2")), Ok(()));
        assert_eq!(outcome(&machine.process(), &token("k1")), Ok(()));
    }
    // One that has run for long takes what another has fetched.
    assert_eq!(outcome(&older, &token("k2")), Ok(()));
    assert_eq!(machine.server.fetches(), 2);
    machine.time.pass(MAX_AGE);
    for _ in 0..3 {
        assert_eq!(outcome(&machine.process(), &token("k2")), Ok(()));
    }
    assert_eq!(outcome(&older, &token("k1")), Ok(()));
    assert_eq!(machine.server.fetches(), 3);
    assert_eq!(machine.told(), [""; 0]);
}

#[test]
fn a_removed_key_dies_by_its_age_since_the_fetch_and_not_since_the_load() {
    let machine = Machine::new(keys(&["k1"]));
    machine.process().warm_up().unwrap();
    machine.server.answers(keys(&["k2"]));
    machine.time.pass(MAX_AGE - 1);
    let late = machine.process();
    assert_eq!(outcome(&late, &token("k1")), Ok(()));
    machine.time.pass(1);
    assert_eq!(outcome(&late, &token("k1")), UNKNOWN);
    assert_eq!(machine.server.fetches(), 2);
}

#[test]
fn forged_key_ids_cost_two_fetches_per_cooldown_in_all_processes_together() {
    let machine = Machine::new(keys(&["k1"]));
    machine.process().warm_up().unwrap();
    machine.time.pass(COOLDOWN);
    for round in 1..3 {
        for _ in 0..10 {
            forge(&machine.process(), 1, 3);
        }
        assert_eq!(machine.server.fetches(), 1 + 2 * round);
        pending(&machine.process(), &token("k9"), Duration::from_secs(COOLDOWN));
        machine.time.pass(COOLDOWN);
    }
    // Also where each of them fails.
    machine.server.answers(Answer::Status(503));
    let before = machine.server.fetches();
    for _ in 0..10 {
        forge(&machine.process(), 1, 1);
    }
    assert_eq!(machine.server.fetches(), before + 2);
    assert_eq!(outcome(&machine.process(), &token("k1")), Ok(()), "of a key that is at hand");
}

/// Services, each of which has fetched before, so that each has an allowance of its own in memory.
#[test]
fn forged_key_ids_cost_two_fetches_per_cooldown_in_all_services_together() {
    let (machine, folder) = (Machine::new(keys(&["k1"])), Folder::new("services"));
    let services: Vec<_> = (0..4)
        .map(|_| {
            let store = FileKeyStore::new(folder.file()).unwrap();
            let client = machine.builder().key_store(store).build().unwrap();
            client.refresh_keys().unwrap();
            machine.time.pass(COOLDOWN);
            client
        })
        .collect();
    assert_eq!(machine.server.fetches(), 4);
    for (round, answer) in
        [keys(&["k1"]), keys(&["k1"]), Answer::Status(503)].into_iter().enumerate()
    {
        machine.server.answers(answer);
        let before = machine.server.fetches();
        if round == 1 {
            // All at once.
            std::thread::scope(|scope| {
                for client in &services {
                    scope.spawn(|| forge(client, 4, 20));
                }
            });
        }
        for client in &services {
            forge(client, 2, 20);
        }
        assert_eq!(machine.server.fetches() - before, 2, "round {round}");
        for client in &services {
            assert_eq!(outcome(client, &token("k1")), Ok(()));
        }
        machine.time.pass(COOLDOWN);
    }
    assert_eq!(machine.told(), [""; 0]);
    // One of the two is left for a rotation.
    machine.server.answers(keys(&["k1", "k2"]));
    let before = machine.server.fetches();
    machine.time.pass(COOLDOWN);
    for client in services.iter().rev() {
        assert_eq!(outcome(client, &token("k2")), Ok(()));
    }
    assert_eq!(machine.server.fetches() - before, 1);
}

/// A store into which another process saves a set while this one waits for the lock.
#[derive(Clone)]
struct Overtaken(Memory, Arc<Mutex<Option<String>>>);

impl KeyStore for Overtaken {
    fn load(&self) -> Result<Option<KeySet>, StoreError> {
        self.0.load()
    }
    fn save(&self, keys: &KeySet) -> Result<(), StoreError> {
        self.0.save(keys)
    }
    fn lock(&self, _: Duration) -> Result<descope::keys::StoreLock, StoreError> {
        if let Some(text) = self.1.lock().unwrap().take() {
            self.0.put(text);
        }
        Ok(descope::keys::StoreLock::new(()))
    }
}

#[test]
fn a_failed_fetch_saves_no_set_that_is_older_than_the_stored_one() {
    for at_the_lock in [true, false] {
        let machine = Machine::new(keys(&["k1"]));
        let newer = Arc::new(Mutex::new(None));
        let store = Overtaken(machine.store.clone(), newer.clone());
        let client = machine.builder().key_store(store);
        // Another process saves during the fetch, as it can where a store does not lock.
        let (late, server) = (Arc::new(Mutex::new(None::<String>)), machine.server.clone());
        let (saved, memory) = (late.clone(), machine.store.clone());
        let client = client
            .transport(move |_: Request| {
                saved.lock().unwrap().take().into_iter().for_each(|text| memory.put(text));
                server.respond(0)
            })
            .build()
            .unwrap();
        client.warm_up().unwrap();
        let older = machine.store.text().unwrap();
        machine.time.pass(COOLDOWN);
        // Another process fetches after a rotation.
        machine.server.answers(keys(&["k1", "k2"]));
        assert_eq!(outcome(&machine.process(), &token("k2")), Ok(()));
        let text = machine.store.text().unwrap();
        machine.store.put(older);
        *if at_the_lock { newer.lock() } else { late.lock() }.unwrap() = Some(text.clone());
        machine.time.pass(1);
        machine.server.answers(Answer::Status(503));
        let before = machine.server.fetches();
        unavailable(&client, &token("k9"));
        assert_eq!(machine.server.fetches(), before + 1);
        let fetched_at = |text: &str| KeySet::from_json(text).unwrap().fetched_at();
        let saved = machine.store.text().unwrap();
        assert!(saved.contains("k2"), "{saved}");
        assert_eq!(fetched_at(&saved), fetched_at(&text));
        assert_ne!(saved, text, "with the time of the fetch that failed");
        // The newer set is also the one at hand.
        assert_eq!(outcome(&client, &token("k2")), Ok(()));
        assert_eq!(machine.server.fetches(), before + 1);
    }
}

#[test]
fn a_stored_set_bridges_an_outage_until_it_is_too_stale() {
    let machine = Machine::new(keys(&["k1"]));
    machine.process().warm_up().unwrap();
    machine.server.answers(Answer::Status(503));
    machine.time.pass(MAX_STALE - 1);
    let (one, other) = (machine.process(), machine.process());
    assert_eq!(outcome(&one, &token("k1")), Ok(()));
    machine.time.pass(1);
    unavailable(&one, &token("k1"));
    unavailable(&other, &token("k1"));
    unavailable(&machine.process(), &token("k1"));
    assert_eq!(machine.told(), [""; 0], "a set that is too old is no fault");
}

#[test]
fn what_a_store_holds_is_not_trusted_blindly() {
    let machine = Machine::new(keys(&["k1"]));
    machine.process().warm_up().unwrap();
    let good = machine.store.text().unwrap();
    assert!(good.contains(r#""project_id":"P2keys""#) && good.contains("1700000005"), "{good}");
    let mut fetches = 1;
    for bad in [
        String::new(),
        "{}".to_owned(),
        good[..good.len() / 2].to_owned(),
        good.replace("P2keys", "P2other"),
        good.replace("https://api.descope.com", "https://evil.example.com"),
        good.replace("1700000005", "1700000006"),
        good.replace("1700000005", "9223372036854775807"),
        good.replace(r#""version":1"#, r#""version":2"#),
        good.replace(r#""kty":"EC""#, r#""kty":"oct""#),
        KeySet::new(r#"{"keys":[]}"#, UnixTime::from_seconds(1_700_000_005)).to_json(),
    ] {
        assert_ne!(bad, good);
        machine.store.put(bad.clone());
        assert_eq!(outcome(&machine.process(), &token("k1")), Ok(()), "{bad}");
        fetches += 1;
        assert_eq!(machine.server.fetches(), fetches, "{bad}");
        assert!(!machine.told().is_empty(), "{bad}");
        assert_eq!(machine.store.text().unwrap(), good, "a good set takes its place");
    }
}

#[test]
fn a_store_that_fails_fails_no_call() {
    struct Broken;
    impl KeyStore for Broken {
        fn load(&self) -> Result<Option<KeySet>, StoreError> {
            Err(StoreError::new(StoreErrorKind::Failed, "no load, as planned"))
        }
        fn save(&self, _: &KeySet) -> Result<(), StoreError> {
            Err(StoreError::new(StoreErrorKind::Failed, "no save, as planned"))
        }
        fn lock(&self, _: Duration) -> Result<descope::keys::StoreLock, StoreError> {
            Err(StoreError::new(StoreErrorKind::Failed, "no lock, as planned"))
        }
    }
    let machine = Machine::new(keys(&["k1"]));
    let client = machine.builder().key_store(Broken).build().unwrap();
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    assert_eq!(machine.server.fetches(), 1);
    let told = machine.told();
    let planned = ["load", "lock", "load", "save"].map(|what| format!("no {what}, as planned"));
    assert_eq!(told, planned);
}

#[test]
fn keys_that_are_refreshed_ahead_are_never_waited_for() {
    let machine = Machine::new(keys(&["k1"]));
    let client = machine.builder().build().unwrap();
    for _ in 0..5 {
        client.refresh_keys().unwrap();
        client.refresh_keys().unwrap();
        let fetches = machine.server.fetches();
        machine.time.pass(MAX_AGE / 2);
        assert_eq!(outcome(&client, &token("k1")), Ok(()));
        assert_eq!(machine.server.fetches(), fetches);
    }
    assert_eq!(machine.server.fetches(), 5);
    machine.server.answers(Answer::Status(503));
    let error = client.refresh_keys().unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    assert!(client.refresh_keys().is_err());
    assert_eq!(machine.server.fetches(), 6, "not again within the cooldown");
    assert_eq!(outcome(&client, &token("k1")), Ok(()), "the keys stay");
    // What another process has fetched a moment ago is taken.
    machine.server.answers(keys(&["k1", "k2"]));
    let (one, other) = (machine.process(), machine.process());
    one.refresh_keys().unwrap();
    other.refresh_keys().unwrap();
    assert_eq!(outcome(&other, &token("k2")), Ok(()));
    assert_eq!(machine.server.fetches(), 7);
}

#[test]
fn a_set_goes_out_of_one_client_and_into_another() {
    let machine = Machine::new(keys(&["k1"]));
    let keys = machine.builder().build().unwrap().key_set().unwrap();
    assert_eq!(keys.fetched_at().as_seconds(), 1_700_000_005);
    let published: Value = serde_json::from_str(keys.jwks()).unwrap();
    assert_eq!(published["keys"][0]["kid"], "k1");
    let copy = KeySet::from_json(&keys.to_json()).unwrap();
    assert_eq!(copy, keys);
    machine.time.pass(MAX_AGE - 1);
    let with = |set: &KeySet| machine.builder().key_set(set.clone()).build().unwrap();
    let client = with(&copy);
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    assert_eq!((machine.server.fetches(), client.key_set().unwrap()), (1, keys.clone()));
    machine.time.pass(1);
    assert_eq!(outcome(&client, &token("k1")), Ok(()));
    assert_eq!(machine.server.fetches(), 2, "due");
    // An age in the future counts for nothing, and neither does one that is too great.
    let now = machine.time.unix().as_seconds();
    for at in [now + 1, i64::MAX, now - i64::try_from(MAX_STALE).unwrap(), i64::MIN] {
        let fetches = machine.server.fetches();
        let client = with(&KeySet::new(keys.jwks(), UnixTime::from_seconds(at)));
        assert_eq!(outcome(&client, &token("k1")), Ok(()));
        assert_eq!(machine.server.fetches(), fetches + 1, "{at}");
    }
}

#[test]
fn sets_that_cannot_be_meant_are_refused() {
    let machine = Machine::new(keys(&["k1"]));
    let keys = machine.builder().build().unwrap().key_set().unwrap();
    let refused = |builder: ClientBuilder| {
        matches!(builder.build(), Err(Error::Argument { name: "key_set", .. }))
    };
    let empty = KeySet::new(r#"{"keys":[]}"#, keys.fetched_at());
    assert!(refused(machine.builder().key_set(empty)));
    assert!(refused(machine.builder().project_id("P2other").key_set(keys.clone())));
    assert!(refused(machine.builder().base_url("https://x.example.com").key_set(keys.clone())));
    let jwk = serde_json::from_str::<Value>(keys.jwks()).unwrap()["keys"][0].to_string();
    let pinned = machine.builder().public_key(jwk).key_set(keys).key_store(machine.store.clone());
    let pinned = pinned.build().unwrap();
    assert!(matches!(pinned.key_set(), Err(Error::Config(_))));
    pinned.refresh_keys().unwrap();
    assert_eq!(outcome(&pinned, &token("k1")), Ok(()));
    assert_eq!((machine.store.asked().len(), machine.server.fetches()), (0, 1));
}

#[test]
fn with_keys_from_elsewhere_an_unknown_key_is_looked_for() {
    let machine = Machine::new(keys(&["k1"]));
    let set = machine.builder().build().unwrap().key_set().unwrap();
    machine.server.answers(keys(&["k1", "k2"]));
    let client = machine.builder().key_set(set).build().unwrap();
    assert_eq!(outcome(&client, &token("k2")), Ok(()));
    assert_eq!(outcome(&client, &token("k3")), UNKNOWN);
    assert_eq!(machine.server.fetches(), 3);
}

const FILE: &str = "DESCOPE_KEYS_FILE";
const URL: &str = "DESCOPE_KEYS_URL";
const TOKEN: &str = "DESCOPE_KEYS_TOKEN";
const PROJECT: &str = "DESCOPE_KEYS_PROJECT";

/// A program that checks one token and ends.
#[test]
#[ignore = "run by the tests of the processes"]
fn process_of_one_token() {
    let var = |name| env::var(name).unwrap();
    let client = Client::builder()
        .ignore_env()
        .project_id(var(PROJECT))
        .base_url(var(URL))
        .key_store(FileKeyStore::new(var(FILE)).unwrap())
        .observer(|event| {
            if let Event::KeyStoreFailed { error, .. } = event {
                println!("told: {error}");
            }
        });
    match client.build().unwrap().auth().session().validate(&var(TOKEN)) {
        Ok(claims) => println!("valid: {}", claims.user_id()),
        Err(Error::Token(TokenError::UnknownKey)) => println!("unknown key"),
        Err(error) => println!("failed: {error}"),
    }
}

fn start(file: &Path, url: &str, project: &str, token: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "key_store::process_of_one_token", "--ignored", "--nocapture"])
        .envs([(URL, url), (PROJECT, project), (TOKEN, token)])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What it printed, less the lines of the harness.
fn end(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let own = ["told: ", "valid: ", "unknown key", "failed: "];
    let lines =
        text.lines().filter_map(|line| own.iter().find_map(|of| Some(&line[line.find(of)?..])));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn real_processes_share_one_fetch_and_a_rotation_costs_one_more() {
    let (emulator, folder) = (Emulator::new(), Folder::new("processes"));
    let server = emulator.serve().unwrap();
    let issue = || emulator.issue_token(json!({ "sub": "U2ada", "drn": "DS" })).unwrap();
    let run = |token: &str| start(&folder.file(), &server.base_url(), emulator.project_id(), token);
    let fetches = || emulator.requests("/v2/keys");
    let before = issue();
    for _ in 0..3 {
        assert_eq!(end(run(&before)), "valid: U2ada");
    }
    assert_eq!((fetches(), emulator.requests("/")), (1, 1));
    emulator.rotate_keys_keeping(Duration::from_secs(3600)).unwrap();
    let after = issue();
    // All at once: one fetches, and takes its time, and the others wait for it.
    emulator.fault(Fault::delay(Duration::from_millis(700)).at("/v2/keys"));
    let children: Vec<_> = (0..5).map(|_| run(&after)).collect();
    for child in children {
        assert_eq!(end(child), "valid: U2ada");
    }
    for token in [&before, &after] {
        assert_eq!(end(run(token)), "valid: U2ada");
    }
    assert_eq!((fetches(), emulator.requests("/")), (2, 2));
    // A broken file is a miss, and is replaced.
    emulator.clear_faults();
    fs::write(folder.file(), "{").unwrap();
    let told = end(run(&after));
    assert!(told.starts_with("told: ") && told.ends_with("valid: U2ada"), "{told}");
    assert_eq!(end(run(&after)), "valid: U2ada");
    assert_eq!(fetches(), 3);
}

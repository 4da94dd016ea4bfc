//! Two processes with eight threads each share a file of tokens that the server refuses after a moment, and are
//! killed at any moment. `.ci/tokens` does so at full length.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, process, thread};

use descope::tokens::{FileStore, StoredTokens, TokenSource, TokenStore};
use descope::transport::http::Method;
use descope::{Client, Credential, Error, Result, RetryPolicy, Secret, UnixTime};
use serde_json::{Value, json};

use crate::server::{Random, Server};

const FILE: &str = "DESCOPE_STRESS_FILE";
const URL: &str = "DESCOPE_STRESS_URL";
const THREADS: usize = 8;

fn client(url: &str) -> Client {
    Client::builder()
        .ignore_env()
        .project_id("P2abc")
        .base_url(url)
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

fn source(client: &Client, file: &Path) -> TokenSource {
    let own = client.clone();
    let refresh = move |token: &Secret| {
        let body = json!({ "refresh_token": token.expose(), "pid": process::id() });
        let answer = own.call(Method::POST, "/token", Credential::Project, &body)?;
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        let now = UnixTime::from(SystemTime::now()).as_seconds();
        let end = now + answer["expires_in"].as_i64().unwrap_or_default();
        Ok(StoredTokens::new(text("access_token"))
            .refresh_token(text("refresh_token"))
            .expires_at(UnixTime::from_seconds(end)))
    };
    TokenSource::refreshing(client, FileStore::new(file).unwrap(), "default", refresh)
}

/// Uses a token, and gets another one if the server does not take it.
fn work(client: &Client, source: &TokenSource) -> Result<()> {
    let send = |token: &Secret| {
        let body = json!({ "access_token": token.expose() });
        client.call(Method::POST, "/use", Credential::Project, &body)
    };
    let token = source.token()?;
    match send(&token) {
        Err(error) if error.is_unauthorized() => {
            source.renew(&token)?;
            Ok(())
        }
        outcome => outcome.map(drop),
    }
}

/// What each of the processes does until it is killed, or told to end by the end of its input.
#[test]
#[ignore = "run by the test of the processes"]
fn process() {
    let (Ok(file), Ok(url)) = (env::var(FILE), env::var(URL)) else { return };
    let client = client(&url);
    let source = source(&client, Path::new(&file));
    for _ in 0..THREADS {
        let (client, source) = (client.clone(), source.clone());
        thread::spawn(move || {
            loop {
                if let Err(error) = work(&client, &source) {
                    let signed_out = matches!(&error, Error::Api(_)) || error.is_sign_in_required();
                    eprintln!("process {}, signed out: {signed_out}: {error}", process::id());
                    process::exit(3);
                }
                thread::sleep(Duration::from_millis(10));
            }
        });
    }
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    // With all their threads where they are: this is one more kill, but a polite one.
    process::exit(0);
}

fn start(file: &Path, url: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["stress::process", "--exact", "--ignored", "--nocapture", "--quiet"])
        .env(FILE, file)
        .env(URL, url)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Only the owner can read the file and its next version, which is often gone before it can be looked at.
#[cfg(unix)]
fn assert_private(file: &Path) {
    use std::os::unix::fs::MetadataExt;
    let next = PathBuf::from(format!("{}.new", file.display()));
    for path in [file, &next] {
        if let Ok(found) = fs::symlink_metadata(path) {
            assert_eq!(found.mode() & 0o777, 0o600, "{}", path.display());
        }
    }
}

#[cfg(not(unix))]
fn assert_private(_: &Path) {}

#[test]
fn processes_that_are_killed_never_lose_the_session() {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse().ok());
    let kills = number("DESCOPE_KILLS").unwrap_or(12);
    let least = Duration::from_secs(number("DESCOPE_SECONDS").unwrap_or_default());
    let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
    let mut random = Random(u64::try_from(seed).unwrap());
    println!("seed {seed}");

    let folder = env::temp_dir().join(format!("descope-stress-{}", process::id()));
    let file = folder.join("tokens.json");
    let server = Server::new(true);
    let client = client(&server.url());
    let first = StoredTokens::new("a0").refresh_token("r1").expires_at(UnixTime::default());
    source(&client, &file).sign_in(first).unwrap();
    let store = FileStore::new(&file).unwrap();

    let begin = Instant::now();
    let mut processes = [start(&file, &server.url()), start(&file, &server.url())];
    let (mut killed, mut looks) = (HashSet::new(), 0);
    while killed.len() < usize::try_from(kills).unwrap() || begin.elapsed() < least {
        let next =
            Instant::now() + Duration::from_millis(20) + random.within(Duration::from_millis(380));
        while Instant::now() < next {
            // Never lost, never half, whatever happens.
            let tokens = store.load("default").unwrap().expect("tokens");
            assert!(tokens.refresh_token.is_some());
            assert_private(&file);
            looks += 1;
            thread::sleep(Duration::from_millis(1));
        }
        let victim = &mut processes[usize::from(random.next().is_multiple_of(2))];
        assert_eq!(victim.try_wait().unwrap(), None, "a process ended by itself");
        victim.kill().unwrap();
        victim.wait().unwrap();
        killed.insert(u64::from(victim.id()));
        *victim = start(&file, &server.url());
    }
    for process in &mut processes {
        drop(process.stdin.take());
        assert!(process.wait().unwrap().success(), "a process was signed out");
        killed.insert(u64::from(process.id()));
    }

    let (renewals, uses, again, faults) = server
        .state(|state| (state.renewals, state.uses, state.again.clone(), state.faults.clone()));
    println!(
        "{:.0?}: {} kills, {renewals} renewals, {uses} uses, {looks} looks at the file, {} refresh tokens used again \
         after a kill between the server's answer and the file",
        begin.elapsed(),
        killed.len() - 2,
        again.len()
    );
    assert_eq!(faults, [""; 0]);
    for (before, now) in &again {
        assert!(
            before.iter().all(|pid| killed.contains(pid)),
            "{now} used the token of a living process"
        );
    }
    assert!(renewals > killed.len(), "{renewals} renewals");

    // Who comes last finds good tokens, and nothing that a killed process has left.
    let source = source(&client, &file);
    let token = source.token().unwrap();
    source.renew(&token).unwrap();
    let stored = store.load("default").unwrap().unwrap();
    assert_eq!(stored.refresh_token.unwrap().expose(), server.refresh_token());
    let left: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
    fs::remove_dir_all(folder).unwrap();
}

/// A server without a grace period takes the second use for a theft. No client can help that.
#[test]
fn a_kill_before_the_save_asks_for_a_sign_in_if_the_server_has_no_grace() {
    let folder = env::temp_dir().join(format!("descope-strict-{}", process::id()));
    let server = Server::new(false);
    let client = client(&server.url());
    let source = source(&client, &folder.join("tokens.json"));
    source
        .sign_in(StoredTokens::new("a0").refresh_token("r1").expires_at(UnixTime::default()))
        .unwrap();

    // What a process did that was killed then.
    let body = json!({ "refresh_token": "r1", "pid": 1 });
    let lost: Value = client.call(Method::POST, "/token", Credential::Project, &body).unwrap();
    assert_eq!(lost["refresh_token"], "r2");

    for _ in 0..3 {
        let error = source.token().unwrap_err();
        assert!(error.is_sign_in_required(), "{error}");
    }
    assert_eq!(server.state(|state| state.again.len()), 1, "the refusal is remembered");
    assert_eq!(source.peek().unwrap().unwrap().refresh_token.unwrap().expose(), "r1");
    fs::remove_dir_all(folder).unwrap();
}

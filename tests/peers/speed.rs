//! How long this crate, Descope's own SDKs and the libraries below take to validate the same session token. For
//! `.ci/speed`.
//!
//!     speed tests/fixtures/tokens.json [NAME COMMAND]...
//!
//! A command is asked how long it takes; see `speed.py`. All take turns, so that whatever else the machine does
//! meets all of them, and medians are compared. Exits with 1 if a bar does not hold.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::signature as aws;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use descope::transport::{Request, Response};
use descope::{Client, ClientBuilder, CryptoLibrary, Scope};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use ring::signature as ring;
use serde_json::Value;

const PROJECT: &str = "P2dummyproject0000000000000000";
/// How often each has its turn. Often enough for Node's compiler, which takes some hundred validations to be at its
/// best.
const ROUNDS: usize = 101;
/// How long a turn takes, about.
const TURN: Duration = Duration::from_millis(20);

/// One of those that are compared. `time` does the work as often as it is told.
struct Side<'s> {
    name: String,
    time: Box<dyn FnMut(u32) -> Duration + 's>,
    /// How often in a turn.
    count: u32,
    /// Nanoseconds for once, of each turn.
    times: Vec<f64>,
}

impl<'s> Side<'s> {
    fn new(name: &str, time: impl FnMut(u32) -> Duration + 's) -> Self {
        Self { name: name.to_owned(), time: Box::new(time), count: 1, times: Vec::new() }
    }

    /// Work in this process.
    fn of(name: &str, work: impl Fn() + 's) -> Self {
        Self::new(name, move |count| {
            let start = Instant::now();
            (0..count).for_each(|_| work());
            start.elapsed()
        })
    }

    /// Work in another.
    fn asked(name: &str, command: &str) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", &format!("exec {command}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a command that runs");
        let mut answers = BufReader::new(child.stdout.take().expect("its output"));
        let mut child = Ending(child);
        let own = name.to_owned();
        Self::new(name, move |count| {
            let input = child.0.stdin.as_mut().expect("its input");
            writeln!(input, "{count}").expect("that it reads");
            let mut line = String::new();
            answers.read_line(&mut line).expect("that it answers");
            Duration::from_nanos(line.trim().parse().unwrap_or_else(|_| panic!("{own} failed")))
        })
    }

    fn prepare(&mut self) {
        (self.time)(20);
        let once = (self.time)(20).max(Duration::from_nanos(20)) / 20;
        let count = TURN.as_nanos() / once.as_nanos().max(1);
        self.count = u32::try_from(count).unwrap_or(u32::MAX).max(5);
    }

    fn turn(&mut self) {
        let time = (self.time)(self.count);
        self.times.push(time.as_secs_f64() * 1e9 / f64::from(self.count));
    }
}

/// Ends a process with its owner.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The recorded token and its key.
struct Recorded {
    token: String,
    jwks: Value,
}

impl Recorded {
    fn client(&self, configure: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
        let keys = self.jwks.to_string().into_bytes();
        let builder = Client::builder()
            .ignore_env()
            .project_id(PROJECT)
            .transport(move |_: Request| Ok(Response::new(keys.clone())));
        let client = configure(builder).build().expect("a client");
        client.warm_up().expect("keys");
        client
    }

    fn number(&self, name: &str) -> Vec<u8> {
        decode(self.jwks["keys"][0][name].as_str().expect("a number"))
    }
}

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

fn validate(client: &Client, token: &str) {
    black_box(client.auth().session().validate(token).expect("a good token"));
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let text = std::fs::read_to_string(&args[0]).expect("the recorded tokens");
    let json: Value = serde_json::from_str(&text).expect("JSON");
    let token = json["tokens"]["session"].as_str().expect("a token").to_owned();
    let recorded = Recorded { token, jwks: json["jwks"].clone() };
    let token = &*recorded.token;

    let (n, e) = (recorded.number("n"), recorded.number("e"));
    let (message, signature) = token.rsplit_once('.').expect("a token");
    let signature = decode(signature);
    let by_ring = || {
        let key = ring::RsaPublicKeyComponents { n: &n, e: &e };
        key.verify(&ring::RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature)
            .expect("good");
    };
    let key = aws::RsaPublicKeyComponents { n: &n, e: &e };
    let key = key.to_parsed_public_key(&aws::RSA_PKCS1_2048_8192_SHA256).expect("a key");
    let by_aws_lc = || key.verify_sig(message.as_bytes(), &signature).expect("good");
    let jwk = serde_json::from_value(recorded.jwks["keys"][0].clone()).expect("a JWK");
    let jwk = DecodingKey::from_jwk(&jwk).expect("a key");
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_issuer(&[PROJECT]);

    let plain = recorded.client(|builder| builder);
    let aws_lc = recorded.client(|builder| builder.crypto(CryptoLibrary::AwsLc));
    let remembers = recorded.client(|builder| builder.remember_verified_tokens(1000));
    let mut sides = vec![
        Side::of("descope", || validate(&plain, token)),
        Side::of("descope, and a role", || {
            let claims = plain.auth().session().validate(token).expect("a good token");
            assert!(claims.has_roles(Scope::Project, ["role-1"]));
        }),
        Side::of("descope with AWS-LC", || validate(&aws_lc, token)),
        Side::of("descope, a remembered token", || validate(&remembers, token)),
        Side::of("jsonwebtoken (AWS-LC)", || {
            black_box(jsonwebtoken::decode::<Value>(token, &jwk, &rules).expect("a good token"));
        }),
        Side::of("*ring*, the signature alone", by_ring),
        Side::of("AWS-LC, the signature alone", by_aws_lc),
    ];
    sides.extend(args[1..].chunks_exact(2).map(|pair| Side::asked(&pair[0], &pair[1])));
    sides.iter_mut().for_each(Side::prepare);
    for round in 0..ROUNDS {
        for at in 0..sides.len() {
            let at = (at + round) % sides.len();
            sides[at].turn();
        }
    }
    print_table(&sides);
    let held = [bars(&sides), threads("descope", &|| validate(&plain, token)), {
        threads("descope, a remembered token", &|| validate(&remembers, token))
    }];
    if held.contains(&false) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// In Markdown.
fn print_table(sides: &[Side<'_>]) {
    println!("| validating the same token with | µs | compared |");
    println!("|---|---|---|");
    for side in sides {
        let (time, ratio) = (median(&side.times) / 1000.0, ratio(sides, &side.name, "descope"));
        println!("| {} | {time:.2} | {ratio:.2} |", side.name);
    }
}

fn bars(sides: &[Side<'_>]) -> bool {
    let at_most = [
        ("descope", "*ring*, the signature alone", 1.08),
        ("descope, and a role", "*ring*, the signature alone", 1.12),
        ("descope with AWS-LC", "AWS-LC, the signature alone", 1.15),
        ("descope with AWS-LC", "descope", 0.85),
        ("descope, a remembered token", "*ring*, the signature alone", 1.0 / 15.0),
    ];
    let faster = [
        ("Descope's Python SDK 1.7.1", 5.0),
        ("Descope's Python SDK 2.16.1", 6.5),
        ("Descope's Node SDK 2.13.0", 3.5),
    ];
    let mut held = true;
    for (side, than, bar) in at_most {
        let ratio = ratio(sides, side, than);
        held &= verdict(&format!("{side} / {than}"), ratio, "at most", bar, ratio <= bar);
    }
    for (than, bar) in faster {
        // Not each is installed everywhere.
        if sides.iter().any(|side| side.name == than) {
            let ratio = ratio(sides, than, "descope");
            held &= verdict(&format!("{than} / descope"), ratio, "at least", bar, ratio >= bar);
        }
    }
    let remembered = sides.iter().find(|side| side.name == "descope, a remembered token");
    let time = remembered.map_or(f64::MAX, |side| median(&side.times) / 1000.0);
    held & verdict("a remembered token, µs", time, "at most", 1.0, time <= 1.0)
}

/// The median of one's times through the other's, each in the same round.
fn ratio(sides: &[Side<'_>], one: &str, other: &str) -> f64 {
    let times = |name| &sides.iter().find(|side| side.name == name).expect("a side").times;
    let ratios: Vec<f64> = times(one).iter().zip(times(other)).map(|(a, b)| a / b).collect();
    median(&ratios)
}

/// What 64 threads get out of the cores, compared with what one gets out of one.
fn threads(name: &str, work: &(dyn Fn() + Sync)) -> bool {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let rounds: Vec<f64> = (0..15)
        .map(|_| {
            let one = rate(1, work);
            rate(64, work) / one
        })
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let share = median(&rounds) / cores as f64;
    verdict(
        &format!("{name}: 64 threads on {cores} cores / {cores} times one thread"),
        share,
        "at least",
        0.9,
        share >= 0.9,
    )
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn rate(threads: usize, work: &(dyn Fn() + Sync)) -> f64 {
    let (over, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut own = 0;
                while !over.load(Ordering::Relaxed) {
                    work();
                    own += 1;
                }
                done.fetch_add(own, Ordering::Relaxed);
            });
        }
        thread::sleep(Duration::from_millis(200));
        over.store(true, Ordering::Relaxed);
    });
    done.into_inner() as f64 / start.elapsed().as_secs_f64()
}

fn median(samples: &[f64]) -> f64 {
    let mut samples = samples.to_vec();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn verdict(what: &str, value: f64, relation: &str, bar: f64, holds: bool) -> bool {
    let verdict = if holds { "holds" } else { "MISSED" };
    println!("{what}: {value:.3} ({relation} {bar:.3}: {verdict})");
    holds
}

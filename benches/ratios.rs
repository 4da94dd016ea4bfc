//! What this crate adds to the work below it: `cargo bench --bench ratios`.
//!
//! The two sides of a ratio are measured in turns, so that whatever else the machine does meets both,
//! and their medians are compared. Exits with 1 if a bar does not hold.
#![allow(missing_docs, reason = "benchmarks have no documentation")]

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use setup::{Call, Validation};

mod setup;

fn main() -> ExitCode {
    let validation = Validation::new();
    let call = Call::new();
    let mut held = true;

    let [ring, descope] =
        in_turns(400, 25, [&|| validation.ring(), &|| drop(black_box(validation.descope()))]);
    println!("validation: ring alone {ring:.2} µs, descope {descope:.2} µs");
    held &= at_most("validation / ring alone", descope / ring, 1.15);
    let [ring, descope] =
        in_turns(400, 25, [&|| validation.ring(), &|| drop(black_box(validation.with_a_role()))]);
    println!("  with a role asked for, for which all claims are read: {:.3}", descope / ring);

    let [ureq, descope] =
        in_turns(400, 25, [&|| drop(black_box(call.ureq())), &|| drop(black_box(call.descope()))]);
    println!("call: ureq alone {ureq:.2} µs, descope {descope:.2} µs");
    held &= at_most("call / ureq alone", descope / ureq, 1.05);

    // Without a network, which would hide a difference that is so small.
    let [bare, observed] = setup::without_and_with_an_observer();
    let [without, with] =
        [&bare, &observed].map(|client| || drop(black_box(setup::sign_in(client))));
    let [bare, observed] = in_turns(400, 100, [&without, &with]);
    let adds = observed - bare;
    println!("observer: adds {adds:.2} µs to a call");
    held &= at_most("what an observer adds / call", adds / descope, 0.01);

    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!("threads: {cores} cores");
    let [descope, ring] =
        throughput([&|| drop(black_box(validation.descope())), &|| validation.ring()]);
    for (name, rounds) in [("descope", &descope), ("ring alone", &ring)] {
        let [one, two, many] = [0, 1, 2].map(|of| median(rounds.iter().map(|r| r[of] / 1000.0)));
        println!(
            "{name}: {one:.1} / {two:.1} / {many:.1} thousand per second with 1 / 2 / 64 threads"
        );
    }
    // The ratio within each round, since the machine may change from one round to the next.
    let ratio =
        |rounds: &[[f64; 3]], of: usize, to: usize| median(rounds.iter().map(|r| r[of] / r[to]));
    let machine = ratio(&ring, 1, 0);
    println!("ring alone scales to 2 threads by {machine:.2}: what the machine can give");
    held &= at_least("2 threads / 1", ratio(&descope, 1, 0), 1.9);
    held &= at_least("64 threads / 2", ratio(&descope, 2, 1), 0.95);
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The median time of each in microseconds.
fn in_turns(samples: usize, each: u32, sides: [&dyn Fn(); 2]) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for sample in 0..samples {
        for turn in [sample % 2, (sample + 1) % 2] {
            let start = Instant::now();
            for _ in 0..each {
                sides[turn]();
            }
            times[turn].push(start.elapsed().as_secs_f64() * 1e6 / f64::from(each));
        }
    }
    times.map(median)
}

/// The rates per second of each with 1, 2 and 64 threads, in each of several rounds.
fn throughput(sides: [&(dyn Fn() + Sync); 2]) -> [Vec<[f64; 3]>; 2] {
    let mut rounds = [Vec::new(), Vec::new()];
    for _ in 0..31 {
        for (rounds, side) in rounds.iter_mut().zip(sides) {
            rounds.push([1, 2, 64].map(|threads| rate(threads, side)));
        }
    }
    rounds
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
        thread::sleep(Duration::from_millis(100));
        over.store(true, Ordering::Relaxed);
    });
    done.into_inner() as f64 / start.elapsed().as_secs_f64()
}

fn median(samples: impl IntoIterator<Item = f64>) -> f64 {
    let mut samples: Vec<_> = samples.into_iter().collect();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn at_most(what: &str, ratio: f64, bar: f64) -> bool {
    verdict(what, ratio, "at most", bar, ratio <= bar)
}

fn at_least(what: &str, ratio: f64, bar: f64) -> bool {
    verdict(what, ratio, "at least", bar, ratio >= bar)
}

fn verdict(what: &str, ratio: f64, relation: &str, bar: f64, holds: bool) -> bool {
    let verdict = if holds { "holds" } else { "MISSED" };
    println!("  {what}: {ratio:.3} ({relation} {bar}: {verdict})");
    holds
}

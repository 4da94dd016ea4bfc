//! Facts of the emulator that can be asked of Descope itself.
//!
//! `cargo test --all-features --test live` checks them on the emulator. When `DESCOPE_PROJECT_ID` and
//! `DESCOPE_MANAGEMENT_KEY` are set, it checks them against Descope, or whatever `DESCOPE_BASE_URI` names, and says
//! which facts the service contradicts. What a fact creates has a name that begins with `rust-live-`, and is removed
//! whatever happens. `-- --dry-run` runs on the emulator and lists what would be created and removed. A word that is
//! no option chooses the facts whose name contains it.

mod access;
mod hashes;
mod links;
mod project;
mod sso;
mod users;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use descope::Client;
use descope::emulator::Emulator;

use world::{Fact, Outcome, World};

fn facts() -> impl Iterator<Item = &'static Fact> {
    [users::FACTS, links::FACTS, hashes::FACTS, access::FACTS, project::FACTS, sso::FACTS]
        .into_iter()
        .flatten()
}

/// Where the facts are checked.
enum Place {
    Emulator,
    Service,
}

impl Place {
    /// An emulator per fact, as in any test. The service is one.
    fn client(&self) -> descope::Result<Client> {
        match self {
            Self::Emulator => Client::builder().ignore_env().emulator(&Emulator::new()).build(),
            Self::Service => Client::from_env(),
        }
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| args.iter().any(|arg| arg == name);
    let asked: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let chosen = facts()
        .filter(|fact| asked.is_empty() || asked.iter().any(|word| fact.name.contains(&***word)));
    if has("--list") {
        chosen.for_each(|fact| println!("{}: test", fact.name));
        return ExitCode::SUCCESS;
    }
    // `cargo test -- --ignored` wants others.
    if has("--ignored") {
        return ExitCode::SUCCESS;
    }
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dry = has("--dry-run");
    let at_service = !dry && set("DESCOPE_PROJECT_ID") && set("DESCOPE_MANAGEMENT_KEY");
    let place = if at_service { Place::Service } else { Place::Emulator };
    let (mut held, mut wrong) = (0, Vec::new());
    for fact in chosen {
        let (outcome, ledger) = check(fact, &place);
        if dry {
            println!("{}: would create, and then remove,", fact.name);
            ledger.iter().for_each(|entry| println!("    {entry}"));
        }
        match outcome {
            Ok(()) => held += 1,
            Err(why) => wrong.push(format!("{}: {why}", fact.name)),
        }
    }
    let place = if at_service { "the service" } else { "the emulator" };
    println!("{held} facts hold at {place}, {} do not", wrong.len());
    wrong.iter().for_each(|line| println!("  {line}"));
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Checks one fact and removes what it created. Also returns what that was.
fn check(fact: &Fact, place: &Place) -> (Outcome, Vec<String>) {
    let client = match place.client() {
        Ok(client) => client,
        Err(error) => return (Err(format!("no client: {error}")), Vec::new()),
    };
    let world = World::new(client);
    let checked = catch_unwind(AssertUnwindSafe(|| (fact.check)(&world)));
    let outcome = checked.unwrap_or_else(|_| Err("it panicked".to_owned()));
    let (ledger, left) = world.remove_all();
    match (outcome, left.is_empty()) {
        (outcome, true) => (outcome, ledger),
        (Ok(()), false) => (Err(format!("not removed: {}", left.join("; "))), ledger),
        (Err(why), false) => (Err(format!("{why}; and not removed: {}", left.join("; "))), ledger),
    }
}

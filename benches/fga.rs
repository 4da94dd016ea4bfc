//! How long the emulator takes to answer about graphs of 10,000 relations, some of them cyclic:
//! `cargo bench --bench fga --features full,emulator`.
//!
//! Prints the time of a check, by the client and with its JSON, the shortest of 31, and fails if that is
//! over 100 milliseconds.

use std::process::ExitCode;
use std::time::Instant;

use descope::emulator::Emulator;
use descope::mgmt::fga::Relation;
use descope::{Client, Error};

const RELATIONS: usize = 10_000;
const LIMIT: f64 = 100.0;

const SCHEMA: &str = "model AuthZ 1.0

type user

type team
  relation member: user | team#member

type folder
  relation parent: folder
  relation owner: user | team#member
  relation banned: user
  permission can_view: owner | parent.can_view
  permission can_edit: can_view - banned
  permission can_both: can_view & parent.can_edit
";

fn parent(of: usize, is: usize) -> Relation {
    Relation::new("folder", format!("f{of}"), "parent", "folder", format!("f{is}"))
}

fn member_team(of: usize, is: usize) -> Relation {
    Relation::new("team", format!("t{of}"), "member", "team#member", format!("t{is}"))
}

fn to_ada(of: &str, id: &str, relation: &str) -> Relation {
    Relation::new(of, id, relation, "user", "ada")
}

/// What is asked of a graph, and the answers.
struct Case {
    name: &'static str,
    relations: Vec<Relation>,
    asked: Vec<(Relation, bool)>,
}

fn cases() -> Vec<Case> {
    let last = RELATIONS - 1;
    let chain = (1..RELATIONS).map(|of| parent(of, of - 1));
    let ring = (0..RELATIONS).map(|of| parent(of, (of + 1) % RELATIONS));
    let hundred = || (0..100).flat_map(|of| (0..100).map(move |is| (of, is)));
    let bottom = format!("f{last}");
    vec![
        Case {
            name: "a chain of folders, the owner at its end",
            relations: chain.chain([to_ada("folder", "f0", "owner")]).collect(),
            asked: ["can_view", "can_edit", "can_both"]
                .map(|of| (to_ada("folder", &bottom, of), true))
                .into(),
        },
        Case {
            name: "a ring of folders, and nobody owns one",
            relations: ring.clone().collect(),
            asked: vec![
                (to_ada("folder", "f5", "can_view"), false),
                (to_ada("folder", "f5", "can_both"), false),
            ],
        },
        Case {
            name: "a ring of folders, the owner half-way round and banned from one",
            relations: ring
                .chain([to_ada("folder", "f5000", "owner"), to_ada("folder", "f6", "banned")])
                .collect(),
            asked: vec![
                (to_ada("folder", "f5", "can_edit"), true),
                (to_ada("folder", "f6", "can_edit"), false),
                (to_ada("folder", "f5", "can_both"), false),
            ],
        },
        Case {
            name: "a hundred teams, each of which is part of every one",
            relations: hundred()
                .map(|(of, is)| member_team(of, is))
                .chain([to_ada("team", "t99", "member")])
                .chain([Relation::new("folder", "f0", "owner", "team#member", "t0")])
                .collect(),
            asked: vec![
                (to_ada("folder", "f0", "can_edit"), true),
                (Relation::new("folder", "f0", "can_edit", "user", "eve"), false),
            ],
        },
        Case {
            name: "a team of ten thousand",
            relations: (0..RELATIONS)
                .map(|n| Relation::new("team", "t0", "member", "user", format!("u{n}")))
                .chain([Relation::new("folder", "f0", "owner", "team#member", "t0")])
                .collect(),
            asked: vec![
                (Relation::new("folder", "f0", "can_edit", "user", "u9999"), true),
                (to_ada("folder", "f0", "can_edit"), false),
            ],
        },
    ]
}

/// The time in milliseconds of each question.
fn measure(case: &Case) -> Result<Vec<f64>, Error> {
    let emulator = Emulator::new();
    let client = Client::builder().ignore_env().emulator(&emulator).build()?;
    let fga = client.mgmt().fga();
    fga.save_schema(SCHEMA)?;
    for some in case.relations.chunks(1000) {
        fga.create_relations(some)?;
    }
    let time = |(asked, expected): &(Relation, bool)| {
        let mut shortest = f64::INFINITY;
        for _ in 0..31 {
            let start = Instant::now();
            let allowed = fga.is_allowed(asked)?;
            shortest = shortest.min(start.elapsed().as_secs_f64() * 1000.0);
            assert_eq!(allowed, *expected, "{}: {asked:?}", case.name);
        }
        Ok(shortest)
    };
    case.asked.iter().map(time).collect()
}

fn main() -> ExitCode {
    let mut held = true;
    for case in cases() {
        let relations = case.relations.len();
        match measure(&case) {
            Ok(times) => {
                let shown: Vec<_> = times.iter().map(|time| format!("{time:.2}")).collect();
                println!("{relations} relations, {}: {} ms", case.name, shown.join(", "));
                held &= times.iter().all(|time| *time <= LIMIT);
            }
            Err(error) => {
                eprintln!("{}: {error}", case.name);
                held = false;
            }
        }
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

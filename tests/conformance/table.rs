//! The figures of a replay, by area.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value, json};

use super::case::{Case, Sent};

/// How a case came out.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// As recorded.
    Equal,
    /// As recorded, once it is corrected to the form of the Go SDK.
    Canonical,
    /// Otherwise, with a reason.
    Listed,
    /// Not replayed: it gives an argument that Rust's types do not have.
    Unsayable,
    /// Not replayed: the crate has no such method.
    Absent,
}

/// Counts by version of Python's SDK and by area, and the operations that the calls of each area send.
#[derive(Default)]
pub(crate) struct Table {
    counts: BTreeMap<&'static str, BTreeMap<String, [usize; 5]>>,
    operations: BTreeMap<String, BTreeSet<String>>,
}

/// After all areas.
const TOTAL: &str = "~total";

impl Table {
    pub(crate) fn add(&mut self, case: &Case, kind: Kind, sent: &[Sent]) {
        let areas = self.counts.entry(case.version).or_default();
        for area in [case.area(), TOTAL] {
            areas.entry(area.to_owned()).or_default()[kind as usize] += 1;
            let operations = self.operations.entry(area.to_owned()).or_default();
            operations.extend(sent.iter().map(|sent| operation(&sent.line)));
        }
    }

    /// The figures of all versions together, for the guide's page on conformance.
    pub(crate) fn figures(&self) -> Value {
        let mut figures = Map::new();
        for (area, operations) in &self.operations {
            let of_area = self.counts.values().filter_map(|areas| areas.get(area));
            let sums = of_area.fold([0; 5], |mut sums, counts| {
                sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
                sums
            });
            let [equal, canonical, listed, ..] = sums;
            if equal + canonical + listed > 0 {
                let name = if area == TOTAL { "total" } else { area };
                let of_area = json!({
                    "operations": operations.len(), "replayed": equal + canonical + listed,
                    "equal": equal, "as_go": canonical, "listed": listed,
                    "deviations": canonical + listed,
                });
                figures.insert(name.to_owned(), of_area);
            }
        }
        figures.into()
    }

    /// How many of a thousand replayed cases are as recorded, and as they are in Go.
    fn shares(&self, version: &str) -> (usize, usize) {
        let [equal, canonical, listed, ..] = self.counts[version][TOTAL];
        let replayed = (equal + canonical + listed).max(1);
        (1000 * equal / replayed, 1000 * (equal + canonical) / replayed)
    }

    /// The least share of cases, in thousandths, that are equal under the rules of any version.
    pub(crate) fn least_share(&self) -> usize {
        self.counts.keys().map(|version| self.shares(version).1).min().unwrap_or_default()
    }
}

/// A request's line without what differs from call to call.
fn operation(line: &str) -> String {
    match line.rsplit_once('/') {
        Some((start, "email" | "sms" | "voice" | "whatsapp")) if start.contains("/auth/") => {
            format!("{start}/{{method}}")
        }
        Some((start @ "GET /v2/keys", _)) => format!("{start}/{{project}}"),
        _ => line.to_owned(),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (version, areas) in &self.counts {
            writeln!(
                f,
                "| Python {version} | replayed | equal | as Go | listed | no such argument | no such method |"
            )?;
            writeln!(f, "|---|---|---|---|---|---|---|")?;
            for (area, [equal, canonical, listed, unsayable, absent]) in areas {
                let (area, replayed) = (area.trim_start_matches('~'), equal + canonical + listed);
                let counts = [replayed, *equal, *canonical, *listed, *unsayable, *absent];
                let counts = counts.map(|count| count.to_string());
                writeln!(f, "| {area} | {} |", counts.join(" | "))?;
            }
            let (equal, canonical) = self.shares(version);
            let percent = |share: usize| format!("{}.{} %", share / 10, share % 10);
            writeln!(
                f,
                "\n{} as recorded, {} with those that are as in Go.\n",
                percent(equal),
                percent(canonical)
            )?;
        }
        Ok(())
    }
}

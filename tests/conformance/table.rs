//! The figures of a replay, by area.

use std::collections::BTreeMap;
use std::fmt;

use super::case::Case;

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

/// Counts by area and version of Python's SDK.
#[derive(Default)]
pub(crate) struct Table(BTreeMap<&'static str, BTreeMap<String, [usize; 5]>>);

/// After all areas.
const TOTAL: &str = "~total";

impl Table {
    pub(crate) fn add(&mut self, case: &Case, kind: Kind) {
        let areas = self.0.entry(case.version).or_default();
        for area in [case.area(), TOTAL] {
            areas.entry(area.to_owned()).or_default()[kind as usize] += 1;
        }
    }

    /// How many of a thousand replayed cases are as recorded, and as they are in Go.
    fn shares(&self, version: &str) -> (usize, usize) {
        let [equal, canonical, listed, ..] = self.0[version][TOTAL];
        let replayed = (equal + canonical + listed).max(1);
        (1000 * equal / replayed, 1000 * (equal + canonical) / replayed)
    }

    /// The least share of cases, in thousandths, that are equal under the rules of any version.
    pub(crate) fn least_share(&self) -> usize {
        self.0.keys().map(|version| self.shares(version).1).min().unwrap_or_default()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (version, areas) in &self.0 {
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

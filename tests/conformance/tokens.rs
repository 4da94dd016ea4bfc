//! Tokens and key sets on which the official SDKs were asked for their verdict.
//!
//! `verdicts.txt` holds those of Python 1.7.1, Python 2.16.1 and Node, in this order, as `A` for accept
//! and `R` for refuse. Where ours is another than any of theirs, `differences.txt` has the reason, and
//! the RFC it rests on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use descope::transport::{Request, Response};
use descope::{Client, CryptoLibrary, Error};
use serde::Deserialize;
use serde_json::Value;

use crate::{covers, listed};

const CORPUS: &str = include_str!("../fixtures/conformance/corpus.json");
const VERDICTS: &str = include_str!("../fixtures/conformance/verdicts.txt");
const DIFFERENCES: &str = include_str!("differences.txt");
const PAGE: &str = include_str!("../../src/guide/conformance.md");

#[derive(Deserialize)]
struct Corpus {
    project: String,
    sets: BTreeMap<String, Value>,
    tokens: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    token: String,
    keys: String,
}

#[test]
fn every_difference_to_the_official_sdks_is_explained() {
    let corpus: Corpus = serde_json::from_str(CORPUS).unwrap();
    let verdicts: BTreeMap<&str, &str> =
        VERDICTS.lines().filter_map(|line| line.split_once(' ')).map(|(v, n)| (n, v)).collect();
    let reasons = listed(DIFFERENCES);
    let (mut report, mut used) = (String::new(), BTreeSet::new());
    let (mut differences, mut bolder) = (0, Vec::new());
    for entry in &corpus.tokens {
        let keys = corpus.sets[&entry.keys].to_string();
        let [ours, by_aws_lc] = [CryptoLibrary::Ring, CryptoLibrary::AwsLc].map(|library| {
            let keys = keys.clone();
            let client = Client::builder()
                .ignore_env()
                .project_id(&corpus.project)
                .crypto(library)
                .transport(move |_: Request| Ok(Response::new(keys.clone().into_bytes())))
                .build()
                .unwrap();
            client.auth().session().validate(&entry.token)
        });
        let text = |error: Error| error.to_string();
        assert_eq!(by_aws_lc.map_err(text), ours.clone().map_err(text), "{}", entry.name);
        let theirs = verdicts.get(&*entry.name).unwrap_or_else(|| panic!("{}", entry.name));
        let mine = if ours.is_ok() { 'A' } else { 'R' };
        if theirs.chars().all(|verdict| verdict == mine) {
            continue;
        }
        differences += 1;
        if mine == 'A' {
            bolder.push(&*entry.name);
        }
        let reason = reasons.iter().find(|(pattern, _)| covers(pattern, &entry.name));
        // What is accepted is written out in full: no pattern lets a token in.
        let reason = reason.filter(|(pattern, _)| mine == 'R' || *pattern == entry.name);
        if let Some((pattern, _)) = reason {
            used.insert(*pattern);
        } else {
            let why = ours.err().map(|error| error.to_string()).unwrap_or_default();
            writeln!(report, "{theirs} {mine} {}: {why}", entry.name).unwrap();
        }
    }
    println!("accepted here and refused by an SDK: {}", bolder.join(", "));
    let figures = format!(
        "Verdicts differ on {differences} of the {} tokens and key sets. In {} of these cases, this \
         crate accepts",
        corpus.tokens.len(),
        bolder.len()
    );
    println!("{figures}");
    if !PAGE.split_whitespace().collect::<Vec<_>>().join(" ").contains(&figures) {
        writeln!(report, "the guide's page on conformance says otherwise than: {figures}").unwrap();
    }
    for (stale, _) in reasons.iter().filter(|(pattern, _)| !used.contains(pattern)) {
        writeln!(report, "{stale} is listed but does not differ").unwrap();
    }
    assert!(report.is_empty(), "{} lines\n{report}", report.lines().count());
}

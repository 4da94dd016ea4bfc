//! The client and the emulator are held together by the wire alone: a mistake in one must not be one
//! in the other.

use std::fs;
use std::path::{Path, PathBuf};

/// What the emulator shares: the time, escapes, and the form in which requests and answers travel.
const SHARED: [&str; 4] = ["emulator", "clock", "html", "transport"];

/// Where the client takes an emulator in place of Descope.
const DOOR: &str = "src/client/builder.rs";

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The modules of the crate's root that this text names, by `crate::` or from inside braces after it.
fn named(text: &str) -> Vec<&str> {
    let is_end = |c: char| !(c.is_alphanumeric() || c == '_');
    let word = |text: &'_ str| text.split(is_end).next().map(str::len).unwrap_or_default();
    let mut found = Vec::new();
    for (at, path) in text.match_indices("crate::") {
        if at > 0 && !text[..at].ends_with(is_end) {
            continue;
        }
        let rest = &text[at + path.len()..];
        match rest.strip_prefix('{') {
            None => found.push(&rest[..word(rest)]),
            Some(several) => {
                let mut depth = 0;
                let mut start = true;
                for (at, c) in several.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        _ if start && !is_end(c) => {
                            found.push(&several[at..at + word(&several[at..])]);
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

#[test]
fn the_modules_named() {
    let text = "use crate::auth::{a, b}; use crate::{mgmt::{x, y}, Error}; mycrate::no; crate::html::escape()";
    assert_eq!(named(text), ["auth", "mgmt", "Error", "html"]);
}

#[test]
fn the_emulator_has_nothing_of_the_clients_types() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src/emulator"), &mut files);
    assert!(files.len() > 40, "{}", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for name in named(&text) {
            assert!(SHARED.contains(&name), "{}: crate::{name}", file.display());
        }
        // As many as the module is deep lead to the crate's root.
        let inside = file.strip_prefix(root.join("src")).unwrap();
        let depth = inside.components().count() - usize::from(file.ends_with("mod.rs"));
        let out = "super::".repeat(depth);
        let own = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        assert!(!own.contains(&out), "{}: {out}", file.display());
    }
}

#[test]
fn the_client_has_nothing_of_the_emulator() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    assert!(files.len() > 100, "{}", files.len());
    for file in files {
        let inside = file.strip_prefix(root).unwrap();
        if inside.starts_with("src/emulator") || inside == Path::new(DOOR) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code: Vec<_> = code.collect();
        assert!(!named(&code.join("\n")).contains(&"emulator"), "{}", file.display());
    }
}

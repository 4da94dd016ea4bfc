//! The client and the emulator are held together by the wire alone: a mistake in one must not be one
//! in the other.

use crate::files::sources;

/// What the emulator shares: the time, escapes, and the form in which requests and answers travel.
const SHARED: [&str; 5] = ["emulator", "clock", "html", "transport", "UnixTime"];

/// Where the client takes an emulator in place of Descope.
const DOOR: &str = "src/builder.rs";

/// What this text names of the crate's root; of an import in braces, all that is in them.
fn named(text: &str) -> Vec<&str> {
    let paths = text.split("crate::").skip(1);
    let names = paths.flat_map(|path| {
        let several = path.starts_with('{');
        let path = path.split(';').next().unwrap_or_default();
        let words = path.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.filter(|word| !word.is_empty()).take(if several { usize::MAX } else { 1 })
    });
    names.collect()
}

#[test]
fn the_names_in_a_text() {
    let text = "use crate::auth::{a, b}; use crate::{mgmt::{x, y}, Error}; crate::html::escape(a)";
    assert_eq!(named(text), ["auth", "mgmt", "x", "y", "Error", "html"]);
}

#[test]
fn the_emulator_has_nothing_of_the_clients_types() {
    let files = sources("src/emulator");
    assert!(files.len() > 40, "{}", files.len());
    for (file, text) in files {
        for name in named(&text) {
            assert!(SHARED.contains(&name), "{file}: crate::{name}");
        }
        // As many as the module is deep lead to the crate's root.
        let depth = file.split('/').count() - 1 - usize::from(file.ends_with("/mod.rs"));
        let out = "super::".repeat(depth);
        let own = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        assert!(!own.contains(&out), "{file}: {out}");
    }
}

#[test]
fn the_client_has_nothing_of_the_emulator() {
    let files = sources("src");
    assert!(files.len() > 100, "{}", files.len());
    for (file, text) in files {
        if file.starts_with("src/emulator/") || file == DOOR {
            continue;
        }
        let code: Vec<_> =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        assert!(!named(&code.join("\n")).contains(&"emulator"), "{file}");
    }
}

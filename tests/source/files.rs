//! The project's files.

use std::fs;
use std::path::{Path, PathBuf};

/// Where a file of the project is.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub(crate) fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Names and texts of the Rust files in a folder and below.
pub(crate) fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path(folder)).unwrap_or_else(|error| panic!("{folder}: {error}")) {
        let entry = entry.unwrap().path();
        let name = format!("{folder}/{}", entry.file_name().unwrap().to_str().unwrap());
        if entry.is_dir() {
            found.extend(sources(&name));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let text = read(&name);
            found.push((name, text));
        }
    }
    found
}

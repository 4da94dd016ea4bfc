//! Every operation of the API, covered or not, with the names of its fields.

use std::sync::LazyLock;

use super::path;

/// A line has the method, the path, and the fields of the body and of the query string, by commas.
const LIST: &str = include_str!("../operations.txt");

pub(in crate::emulator) struct Operation {
    pub(in crate::emulator) method: &'static str,
    /// Segments in braces are parameters.
    pub(in crate::emulator) path: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "routes list their own; tests compare them"))]
    pub(in crate::emulator) body: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "routes list their own; tests compare them"))]
    pub(in crate::emulator) query: &'static str,
}

pub(in crate::emulator) fn all() -> impl Iterator<Item = &'static Operation> + Clone {
    static PARSED: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        let column = |line: &'static str, at| line.split(' ').nth(at).unwrap_or_default();
        let operation = |line| Operation {
            method: column(line, 0),
            path: column(line, 1),
            body: column(line, 2),
            query: column(line, 3),
        };
        LIST.lines().map(operation).collect()
    });
    PARSED.iter()
}

/// The operations that a path names, each with another method.
pub(in crate::emulator) fn at(path: &str) -> impl Iterator<Item = &'static Operation> + Clone {
    all().filter(move |operation| path::params(operation.path, path).is_some())
}

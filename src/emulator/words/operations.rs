//! The operations of the Descope API, whether they are emulated or not: the list in `src/operations.txt`,
//! whose head says how to read it. This is the only place of the emulator that reads it.

use std::sync::LazyLock;

use super::path;

const LIST: &str = include_str!("../../operations.txt");

pub(in crate::emulator) struct Operation {
    pub(in crate::emulator) method: &'static str,
    /// Segments in braces are parameters.
    pub(in crate::emulator) path: &'static str,
    /// Whether the list says that the emulator has it.
    #[cfg(test)]
    pub(in crate::emulator) emulated: bool,
    /// The names of its fields in the body and in the query, sorted, with commas between; `-` for none.
    #[cfg(test)]
    pub(in crate::emulator) fields: [String; 2],
}

/// All of them, read when first asked for.
pub(in crate::emulator) fn all() -> impl Iterator<Item = &'static Operation> + Clone {
    static ALL: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        let begins = |line: &str| line.starts_with(|c: char| c.is_ascii_uppercase());
        LIST.lines()
            .filter(|line| begins(line))
            .map(|line| {
                let mut columns = line.split(' ');
                let mut column = || columns.next().unwrap_or_default();
                let (method, path) = (column(), column());
                Operation {
                    method,
                    path,
                    #[cfg(test)]
                    emulated: line
                        .split(' ')
                        .nth(3)
                        .is_some_and(|marks| marks.contains("emulator")),
                    #[cfg(test)]
                    fields: tests::fields(line),
                }
            })
            .collect()
    });
    ALL.iter()
}

/// The operations that a path names, each with another method.
pub(in crate::emulator) fn at(path: &str) -> impl Iterator<Item = &'static Operation> + Clone {
    all().filter(move |operation| path::params(operation.path, path).is_some())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{LIST, all};

    /// The names of an operation's fields in the body and in the query.
    pub(super) fn fields(operation: &str) -> [String; 2] {
        let (_, after) = LIST.split_once(&format!("\n{operation}\n")).expect("its first line");
        let parts = after.lines().map_while(|line| line.strip_prefix("  "));
        let (mut body, mut query) = (BTreeSet::new(), BTreeSet::new());
        for (word, part) in parts.filter_map(|part| part.split_once(' ')) {
            match word {
                "body" => body.extend(names(part)),
                "query" => query.extend(names(part)),
                // A field of the query has a question mark.
                "also" | "taken" => {
                    for name in part.split(" -- ").take(1).flat_map(names) {
                        match name.strip_prefix('?') {
                            Some(name) => query.insert(name),
                            None => body.insert(name),
                        };
                    }
                }
                _ => {}
            }
        }
        [body, query].map(|names| match &*names.into_iter().collect::<Vec<_>>().join(",") {
            "" => "-".to_owned(),
            names => names.to_owned(),
        })
    }

    /// The outermost names of a line; of a dotted one, what it is within.
    fn names(line: &str) -> impl Iterator<Item = &str> {
        let mut depth = 0;
        let parts = line.split(move |c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == ' ' && depth == 0
        });
        parts.filter(|part| !part.is_empty()).map(|part| match part.split_once(':') {
            Some((name, _)) => name.split(['.', '!', '>']).next().unwrap_or_default(),
            None => "<body>",
        })
    }

    #[test]
    fn every_operation_is_read_with_its_fields() {
        let find = |method: &str, path: &str| {
            all().find(|known| (known.method, known.path) == (method, path)).expect(path)
        };
        assert_eq!(find("POST", "/v1/mgmt/user/history").fields, ["<body>", "-"]);
        assert_eq!(
            find("GET", "/v1/mgmt/fga/mappable/schema").fields,
            ["-", "resourcesLimit,tenantId"]
        );
        let sign_up = find("POST", "/v1/auth/magiclink/signup/{method}");
        let fields = "URI,email,loginId,loginOptions,phone,providerId,user,voice,whatsapp";
        assert_eq!(sign_up.fields, [fields, "-"]);
        assert!(all().count() > 500);
    }
}

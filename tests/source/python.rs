//! The page of the newer Python methods. It is written here: rows that it has stay as they are, so that they can be
//! corrected by hand, and rows of new functions are added.

use std::collections::BTreeMap;
use std::fs;

use crate::files::{path, read, sources};

const PAGE: &str = "src/guide/python_newer.md";

/// Each newer method, with the operation that it calls: `mgmt.role.create_batch POST /v1/mgmt/role/create/batch`.
pub(crate) fn methods() -> Vec<(String, String)> {
    let text = read("tests/fixtures/python_methods_2.16.1.txt");
    let mut all: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(method, operation)| (method.to_owned(), operation.to_owned()))
        .collect();
    all.sort();
    all
}

/// A public function, and where it is.
struct Function {
    accessor: String,
    target: String,
    body: String,
}

/// The functions of the areas' handles.
fn functions() -> Vec<Function> {
    let mut all = Vec::new();
    for (file, text) in [sources("src/auth"), sources("src/mgmt")].concat() {
        // `src/mgmt/user/change.rs` belongs to the area `user`.
        let mut parts = file.split('/').skip(1);
        let (side, area) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let area = area.trim_end_matches(".rs");
        let mut handle = "";
        for part in text.split("\nimpl").skip(1) {
            let Some((head, functions)) = part.split_once("{\n") else { continue };
            handle = head
                .split(['<', ' '])
                .rfind(|name| name.starts_with(char::is_uppercase))
                .unwrap_or(handle);
            for function in functions.split("\n    pub fn ").skip(1) {
                let name = function.split(['(', '<']).next().unwrap_or_default();
                all.push(Function {
                    accessor: format!("{side}().{area}().{name}"),
                    target: format!("crate::{side}::{area}::{handle}::{name}"),
                    body: function.split("\n    }\n").next().unwrap_or_default().to_owned(),
                });
            }
        }
    }
    all
}

/// Whether a function sends an operation.
fn sends(body: &str, operation: &str) -> bool {
    let (method, path) = operation.split_once(' ').expect(operation);
    let begins = format!("\"{}", path.split('{').next().unwrap_or_default());
    let ends = if path.contains('{') { "" } else { "\"" };
    let short = format!(".{}({begins}{ends}", method.to_lowercase());
    let long = format!("Method::{method}, {begins}{ends}");
    body.contains(&short) || body.contains(&long)
}

/// The page as it should be, from the page as it is.
fn up_to_date(page: &str, methods: &[(String, String)], functions: &[Function]) -> String {
    let known: BTreeMap<_, _> = page
        .lines()
        .filter_map(|row| Some((row.strip_prefix("| `")?.split('`').next()?, row)))
        // One that names a function which is there no more is written anew.
        .filter(|(_, row)| {
            functions.iter().any(|function| row.contains(&format!("({})", function.target)))
        })
        .collect();
    let (mut here, mut not_here) = (String::new(), String::new());
    for (method, operation) in methods {
        let row = match functions.iter().find(|function| sends(&function.body, operation)) {
            _ if known.contains_key(&**method) => known[&**method].to_owned(),
            Some(Function { accessor, target, .. }) => {
                format!("| `{method}` | [`{accessor}`]({target}) |  |")
            }
            None => {
                not_here.extend(["| `", method, "` | `", operation, "` |\n"]);
                continue;
            }
        };
        here.extend([&*row, "\n"]);
    }
    if !not_here.is_empty() {
        not_here = format!(
            "\n[Without a function](#operations-without-a-function) are:\n\n| Python 2.16.1 | operation |\n|---|---|\n{not_here}"
        );
    }
    format!(
        "\n# Newer methods\n\nVersion 2.16.1 of the Python SDK has {} methods that 1.7.1 lacks. These are here:\n\n\
         | Python 2.16.1 | Rust | |\n|---|---|---|\n{here}{not_here}",
        methods.len()
    )
}

#[test]
fn the_page_of_newer_methods_is_up_to_date() {
    let (methods, functions) = (methods(), functions());
    assert!(methods.len() == 169 && functions.len() > 300, "{}", functions.len());
    let page = read(PAGE);
    let wanted = up_to_date(&page, &methods, &functions);
    if page != wanted {
        fs::write(path(PAGE), wanted).expect(PAGE);
        panic!(
            "{PAGE} was out of date, and is now written anew: look at what changed, and commit it"
        );
    }
}

#[test]
fn a_new_function_gets_its_row_and_the_rows_there_stay() {
    let methods =
        ["mgmt.a.x POST /v1/mgmt/a", "mgmt.a.y POST /v1/mgmt/b", "mgmt.a.z PUT /v1/mgmt/a"];
    let methods = methods.map(|line| {
        let (method, operation) = line.split_once(' ').unwrap();
        (method.to_owned(), operation.to_owned())
    });
    let function = |name: &str, body: &str| Function {
        accessor: format!("mgmt().a().{name}"),
        target: format!("crate::mgmt::a::As::{name}"),
        body: body.to_owned(),
    };
    let put = || function("put", "self.0.send()");
    let page = up_to_date(
        "| `mgmt.a.z` | [`mgmt().a().put`](crate::mgmt::a::As::put) | a note |",
        &methods,
        &[put()],
    );
    assert!(page.contains("| `mgmt.a.x` | `POST /v1/mgmt/a` |\n| `mgmt.a.y` | `POST"), "{page}");
    let added = || function("new", "self.0.post(\"/v1/mgmt/a\").send_unit()");
    let page = up_to_date(&page, &methods, &[added(), put()]);
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(
        rows,
        [
            "| `mgmt.a.x` | [`mgmt().a().new`](crate::mgmt::a::As::new) |  |",
            "| `mgmt.a.z` | [`mgmt().a().put`](crate::mgmt::a::As::put) | a note |",
            "| `mgmt.a.y` | `POST /v1/mgmt/b` |",
        ]
    );
    // A function that has another name by now loses its row to the one that sends the operation.
    let page = up_to_date(&page, &methods, &[function("make", &added().body), put()]);
    assert!(page.contains("crate::mgmt::a::As::make") && !page.contains("As::new"), "{page}");
}

//! The pages that say what each method of an official SDK is called here. They are written here: rows that they have
//! stay as they are, so that they can be corrected by hand, and rows of new functions are added.

use std::collections::BTreeMap;
use std::fs;

use crate::files::{path, read, sources};

/// A page, or the part of one that is written here.
pub(crate) struct Page {
    pub(crate) file: &'static str,
    /// The list of the SDK's methods in `tests/fixtures`.
    list: &'static str,
    /// The head of the first column.
    pub(crate) sdk: &'static str,
    heading: &'static str,
    /// What the page says before the table.
    begins: &'static str,
}

pub(crate) const PAGES: [Page; 3] = [
    Page {
        file: "src/guide/python_newer.md",
        list: "python_methods_2.16.1.txt",
        sdk: "Python 2.16.1",
        heading: "Newer methods",
        begins: "Version 2.16.1 of the Python SDK has 169 methods that 1.7.1 lacks. These are here:",
    },
    Page {
        file: "src/guide/go_methods.md",
        list: "go_methods.txt",
        sdk: "Go 1.30.0",
        heading: "Methods that call Descope",
        begins: "Version 1.30.0 of the Go SDK has 349 methods that call Descope's API. These are here:",
    },
    Page {
        file: "src/guide/node_methods.md",
        list: "node_methods.txt",
        sdk: "Node 2.14.0",
        heading: "Methods that call Descope",
        begins: "Version 2.14.0 of the Node SDK has 335 methods that call Descope's API. These are here:",
    },
];

/// The methods in a list, with the operation that each calls, if any:
/// `mgmt.role.create_batch POST /v1/mgmt/role/create/batch`.
pub(crate) fn methods(list: &str) -> Vec<(String, Option<String>)> {
    let text = read(&format!("tests/fixtures/{list}"));
    let lines = text.lines().map(|line| match line.split_once(' ') {
        Some((method, operation)) => (method.to_owned(), Some(operation.to_owned())),
        None => (line.to_owned(), None),
    });
    lines.collect()
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
    let (path, segment) = path.split_once("/{").map_or((path, false), |(path, _)| (path, true));
    let path = format!("\"{path}\"");
    body.match_indices(&path).any(|(at, _)| {
        let before = body[..at].trim_end();
        let after = body[at + path.len()..].trim_start_matches([')', ' ', '\n']);
        let by = |method: &str| {
            before.ends_with(&format!(".{}(", method.to_lowercase()))
                || before.ends_with(&format!("Method::{method},"))
        };
        // A path that goes to a helper's function goes by the method of the helper.
        let mut others = ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter();
        after.starts_with(".segment(") == segment
            && others.all(|other| other == method || !by(other))
    })
}

/// The last part of a method's name, in one spelling: `otp.signIn.{method}` and `sign_in` are `signin`.
fn plain(method: &str) -> String {
    let name = method.trim_end_matches(".{method}").rsplit('.').next().unwrap_or_default();
    name.replace('_', "").to_lowercase()
}

/// The function that sends an operation; of several, the one with the method's name.
fn sender<'f>(functions: &'f [Function], method: &str, operation: &str) -> Option<&'f Function> {
    let all: Vec<_> =
        functions.iter().filter(|function| sends(&function.body, operation)).collect();
    let named = all.iter().find(|function| plain(&function.accessor) == plain(method));
    named.or(all.first()).copied()
}

/// Whether all functions that a row names are there.
fn is_true(row: &str, functions: &[Function]) -> bool {
    let cell = row.split(" | ").nth(1).unwrap_or_default();
    let mut targets = cell.split("](").skip(1).filter_map(|rest| rest.split(')').next()).peekable();
    targets.peek().is_some()
        && targets.all(|target| functions.iter().any(|function| function.target == target))
}

/// The page as it should be, from the text as it is.
fn up_to_date(
    page: &Page,
    text: &str,
    methods: &[(String, Option<String>)],
    functions: &[Function],
) -> String {
    let known: BTreeMap<_, _> = text
        .lines()
        .filter_map(|row| Some((row.strip_prefix("| `")?.split('`').next()?, row)))
        // One that names a function which is there no more is written anew.
        .filter(|(_, row)| is_true(row, functions))
        .collect();
    let (mut here, mut not_here) = (String::new(), String::new());
    for (method, operation) in methods {
        let Some(operation) = operation else { continue };
        let row = match sender(functions, method, operation) {
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
    let Page { sdk, heading, begins, .. } = page;
    if !not_here.is_empty() {
        not_here = format!(
            "\nThese have no function. [`Client::call`](crate::Client::call) reaches them, as in \
             [this example](crate::guide::python#operations-without-a-function):\n\n\
             | {sdk} | operation |\n|---|---|\n{not_here}"
        );
    }
    format!("\n# {heading}\n\n{begins}\n\n| {sdk} | Rust | |\n|---|---|---|\n{here}{not_here}")
}

#[test]
fn the_pages_of_methods_are_up_to_date() {
    let functions = functions();
    assert!(functions.len() > 300, "{}", functions.len());
    let mut written = Vec::new();
    for page in &PAGES {
        let methods = methods(page.list);
        let calls = methods.iter().filter(|(_, operation)| operation.is_some()).count();
        assert!(page.begins.contains(&format!(" {calls} methods ")), "{}: {calls}", page.list);
        let text = fs::read_to_string(path(page.file)).unwrap_or_default();
        let wanted = up_to_date(page, &text, &methods, &functions);
        if text != wanted {
            fs::write(path(page.file), wanted).expect(page.file);
            written.push(page.file);
        }
    }
    assert!(
        written.is_empty(),
        "{written:?} are now written anew: look at what changed, and commit it"
    );
}

#[test]
fn a_new_function_gets_its_row_and_the_rows_there_stay() {
    let methods =
        ["mgmt.a.x POST /v1/mgmt/a", "mgmt.a.y POST /v1/mgmt/b", "mgmt.a.z PUT /v1/mgmt/a"];
    let methods = methods.map(|line| {
        let (method, operation) = line.split_once(' ').unwrap();
        (method.to_owned(), Some(operation.to_owned()))
    });
    let function = |name: &str, body: &str| Function {
        accessor: format!("mgmt().a().{name}"),
        target: format!("crate::mgmt::a::As::{name}"),
        body: body.to_owned(),
    };
    let written =
        |text: &str, functions: &[Function]| up_to_date(&PAGES[0], text, &methods, functions);
    let put = || function("put", "self.0.send()");
    let page =
        written("| `mgmt.a.z` | [`mgmt().a().put`](crate::mgmt::a::As::put) | a note |", &[put()]);
    assert!(page.contains("| `mgmt.a.x` | `POST /v1/mgmt/a` |\n| `mgmt.a.y` | `POST"), "{page}");
    let added = || function("new", "self.0.post(\"/v1/mgmt/a\").send_unit()");
    let page = written(&page, &[added(), put()]);
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
    let page = written(&page, &[function("make", &added().body), put()]);
    assert!(page.contains("crate::mgmt::a::As::make") && !page.contains("As::new"), "{page}");
}

#[test]
fn an_operation_is_found_in_the_function_that_sends_it() {
    let body = "self.0\n.get(\"/v1/mgmt/list\")\n.segment(\"id\", id).send()";
    assert!(sends(body, "GET /v1/mgmt/list/{id}"));
    assert!(!sends(body, "GET /v1/mgmt/list") && !sends(body, "POST /v1/mgmt/list/{id}"));
    let body = "self.change(\"/v1/mgmt/user/update/status\", id).send()";
    assert!(sends(body, "POST /v1/mgmt/user/update/status"));

    let function = |name: &str| Function {
        accessor: format!("mgmt().user().{name}"),
        target: name.to_owned(),
        body: body.to_owned(),
    };
    let functions = [function("activate"), function("update_status")];
    for (method, name) in [("Management.User().UpdateStatus", 1), ("management.user.lock", 0)] {
        let found = sender(&functions, method, "POST /v1/mgmt/user/update/status").unwrap();
        assert_eq!(found.target, functions[name].target);
    }
}

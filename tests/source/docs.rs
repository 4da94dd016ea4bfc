//! The documentation is complete: what it promises a list of is all there.

use std::collections::BTreeSet;
use std::fs;

use crate::files::{path, read, sources};
use crate::methods::{PAGES, methods};

/// The cells of the tables with this head.
fn rows<'t>(page: &'t str, head: &str) -> Vec<Vec<&'t str>> {
    let mut rows = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        inside = line == head || inside && line.starts_with('|');
        if inside && line != head && !line.starts_with("|---") {
            rows.push(line.trim_matches('|').split(" | ").map(str::trim).collect());
        }
    }
    rows
}

/// What is in the first pair of backquotes.
fn code(cell: &str) -> &str {
    cell.split('`').nth(1).unwrap_or_else(|| panic!("no code in {cell}"))
}

/// Text and target of each link.
fn links(cell: &str) -> Vec<(&str, &str)> {
    let links = cell.split("[`").skip(1);
    links
        .map(|link| {
            let (text, rest) = link.split_once("`](").expect("a link");
            (text, rest.split_once(')').expect("the end of a link").0)
        })
        .collect()
}

#[test]
fn every_method_of_the_python_sdk_has_its_place() {
    let page = read("src/guide/python.md");
    let rows = rows(&page, "| Python | Rust | |");
    let listed: Vec<_> = rows.iter().map(|cells| code(cells[0]).to_owned()).collect();
    let unique: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), unique.len(), "a method stands twice");
    let methods = read("tests/fixtures/python_methods.txt");
    let methods: BTreeSet<_> = methods.lines().map(str::to_owned).collect();
    assert_eq!(methods.len(), 182);
    assert_eq!(unique, methods);

    are_linked(&rows);
}

/// The targets exist, as rustdoc checks. Here: the texts say the same.
fn are_linked(rows: &[Vec<&str>]) {
    for cells in rows {
        let links = links(cells[1]);
        assert!(!links.is_empty(), "{}", cells[0]);
        for (text, target) in links {
            assert!(target.starts_with("crate::"), "{target}");
            let (said, meant) = (text.rsplit('.').next(), target.rsplit("::").next());
            assert_eq!(said, meant, "{text}");
        }
    }
}

#[test]
fn the_methods_of_the_official_sdks_are_linked() {
    for page in &PAGES {
        are_linked(&rows(&read(page.file), &format!("| {} | Rust | |", page.sdk)));
    }
}

#[test]
fn every_method_that_calls_nothing_has_its_row() {
    for (page, head) in [("go", "| Go | Rust | |"), ("node", "| Node | Rust | |")] {
        let text = read(&format!("src/guide/{page}.md"));
        let rows = rows(&text, head);
        let listed: Vec<_> = rows.iter().map(|cells| code(cells[0]).to_owned()).collect();
        let unique: BTreeSet<_> = listed.iter().cloned().collect();
        assert_eq!(listed.len(), unique.len(), "{page}.md has a method twice");
        let methods = methods(&format!("{page}_methods.txt")).into_iter();
        let helpers = methods.filter(|(_, operation)| operation.is_none());
        let helpers: BTreeSet<_> = helpers.map(|(method, _)| method).collect();
        assert_eq!(unique, helpers, "{page}.md");
        are_linked(&rows);
    }
}

/// Headings of a page, with the number of examples that run below each.
fn examples(page: &str) -> Vec<(&str, usize)> {
    let mut headings: Vec<(&str, usize)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if let Some(language) = line.strip_prefix("```") {
            if !inside && language.is_empty() {
                headings.last_mut().expect("an example below a heading").1 += 1;
            }
            inside = !inside;
        } else if let Some(heading) = line.strip_prefix("# ").filter(|_| !inside) {
            headings.push((heading, 0));
        }
    }
    headings
}

/// Lines of the fixture: heading in the Python SDK's README, its examples, page, heading there.
#[test]
fn every_example_of_the_python_readme_has_its_twin() {
    let map = read("tests/fixtures/python_readme.txt");
    let mut mapped = 0;
    for line in map.lines().filter(|line| !line.starts_with('#')) {
        let [section, count, page, heading]: [&str; 4] =
            line.split(" | ").collect::<Vec<_>>().try_into().expect(line);
        let count: usize = count.parse().expect(line);
        let page = read(&format!("src/guide/{page}.md"));
        let found = examples(&page).into_iter().find(|(name, _)| *name == heading);
        let (_, twins) = found.unwrap_or_else(|| panic!("{section} has no heading {heading}"));
        assert!(twins >= count, "{section}: {twins} of {count}");
        mapped += count;
    }
    assert_eq!(mapped, 51, "56 blocks, less five for a shell");
}

/// The lines of `[features]`: name, and whether it is a group.
fn features() -> BTreeSet<String> {
    let manifest = read("Cargo.toml");
    let (_, features) = manifest.split_once("\n[features]\n").expect("features");
    let (features, _) = features.split_once("\n[").expect("an end of the features");
    let names = features.lines().filter(|line| !line.starts_with([' ', '#', ']']));
    names.filter_map(|line| line.split_once(" = [")).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_feature_is_in_the_readme() {
    let readme = read("README.md");
    let rows = rows(&readme, "| feature | module | what for | use adds |");
    let listed: Vec<_> = rows.iter().map(|cells| code(cells[0]).to_owned()).collect();
    let unique: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), unique.len(), "a feature stands twice");
    let (features, manifest) = (features(), read("Cargo.toml"));
    let (_, mgmt) = manifest.split_once("\nmgmt = [").expect("the group mgmt");
    let (mgmt, _) = mgmt.split_once(']').expect("its end");
    for feature in &features {
        // Rows of management's areas have a figure that `.ci/sizes` measures before a release.
        let area = mgmt.contains(&format!("\"{feature}\""));
        assert!(
            area || unique.contains(feature),
            "README.md: add a row for `{feature}` to the table of features"
        );
    }
    for row in &unique {
        assert!(features.contains(row), "README.md: there is no feature `{row}`");
    }
}

/// The areas that a `mod.rs` switches on: the feature, and the name of module and accessor.
fn areas(text: &str) -> Vec<(&str, &str)> {
    let lines: Vec<_> = text.lines().collect();
    lines
        .windows(2)
        .filter_map(|pair| {
            let feature = pair[0].strip_prefix("#[cfg(feature = \"")?.strip_suffix("\")]")?;
            Some((feature, pair[1].strip_prefix("pub mod ")?.strip_suffix(';')?))
        })
        .collect()
}

#[test]
fn every_area_whose_feature_is_off_is_named_by_the_compiler() {
    let mut lines = 0;
    for (folder, handle) in [("auth", "Auth"), ("mgmt", "Mgmt")] {
        let text = read(&format!("src/{folder}/mod.rs"));
        let (_, list) = text.split_once(&format!("missing! {{ {handle}<'_> {{\n")).unwrap();
        let (list, _) = list.split_once("\n}").unwrap();
        for (feature, area) in areas(&text) {
            let line = format!(
                "    {area} \"{feature}\" \"enable the feature `{feature}` of `descope`\","
            );
            assert!(
                list.lines().any(|hint| hint == line),
                "add to `missing!` in src/{folder}/mod.rs:\n{line}"
            );
            lines += 1;
        }
        assert_eq!(list.lines().count(), areas(&text).len(), "{folder} has hints for no area");
    }
    assert!(lines >= 27);
}

/// What the documentation of a module begins with, up to its first empty line.
fn first_paragraph(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//! "));
    lines.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_area_begins_with_the_feature_it_needs() {
    let alone = [("oidc", "oidc"), ("token-store", "tokens"), ("web", "web")];
    let mut modules = alone.map(|(name, module)| (name.to_owned(), module.to_owned())).to_vec();
    for folder in ["auth", "mgmt"] {
        let text = read(&format!("src/{folder}/mod.rs"));
        let areas = areas(&text).into_iter();
        modules
            .extend(areas.map(|(feature, area)| (feature.to_owned(), format!("{folder}/{area}"))));
    }
    assert!(modules.len() > 35, "{}", modules.len());
    for (feature, module) in modules {
        let files = [format!("src/{module}.rs"), format!("src/{module}/mod.rs")];
        let file = files.iter().find(|file| path(file).exists()).expect("the file of the module");
        let paragraph = first_paragraph(&read(file));
        let end = format!(". Feature `{feature}`.");
        assert!(paragraph.ends_with(&end), "{file}: the first paragraph must end with \"{end}\"");
    }
}

/// Types that are read and have no `extra`, with the reason.
const WITHOUT_EXTRA: [(&str, &str); 9] = [
    ("AttributeOption", "a text on the wire, or two"),
    ("ExportCheckpoint", "written by this crate"),
    ("InboundAppSettings", "part of `InboundApp`, which has it"),
    ("JwtTemplate", "part of an answer, which has it"),
    ("LibraryTemplate", "part of an answer, which has it"),
    ("OutboundAppSettings", "part of `OutboundApp`, which has it"),
    ("Relation", "in `fga`, five texts that are compared and hashed"),
    ("RelationQuery", "a question"),
    ("UrlParam", "a name and a value"),
];

#[test]
fn answers_of_management_keep_what_is_newer_than_their_types() {
    let mut found = 0;
    for (file, text) in sources("src/mgmt") {
        for (at, _) in text.match_indices("pub struct ") {
            let attributes = text[..at].rsplit("\n\n").next().expect("what is before it");
            let (name, rest) =
                text[at + "pub struct ".len()..].split_once([' ', '<', '(']).unwrap();
            let body = rest.split("\n}").next().unwrap();
            if !attributes.contains("Deserialize") {
                continue;
            }
            found += 1;
            let excepted = WITHOUT_EXTRA.iter().any(|(excepted, _)| *excepted == name);
            let has = body.contains("pub extra: Extra");
            assert!(has || excepted, "{file}: {name} has no `extra`");
        }
    }
    assert!(found > 80, "{found}");
}

fn has_test(file: &str, function: &str) -> bool {
    let text = fs::read_to_string(path(file)).unwrap_or_default();
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let head = format!("fn {function}() {{");
    lines.windows(2).any(|pair| pair[0] == "#[test]" && pair[1] == head)
}

#[test]
fn every_code_is_on_the_page_of_errors() {
    let page = read("src/guide/errors.md");
    let source = read("src/error/codes.rs");
    let codes: Vec<_> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub const "))
        .filter_map(|line| line.split_once(": &str"))
        .collect();
    assert!(codes.len() >= 15);
    for (code, _) in codes {
        assert!(page.contains(&format!("(crate::codes::{code})")), "{code}");
    }
}

/// The last column of these tables: tests as `file::function`.
#[test]
fn the_pages_name_tests_that_exist() {
    for (page, head, least) in [
        ("security", "| rule | source | tests |", 25),
        ("keys", "| case | tests |", 9),
        ("speed", "| rule | tests |", 7),
    ] {
        let page = read(&format!("src/guide/{page}.md"));
        let rows = rows(&page, head);
        assert!(rows.len() >= least, "{head}");
        for cells in rows {
            let cell = cells.last().expect("a last cell");
            let tests: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
            assert!(!tests.is_empty(), "{cells:?}");
            for test in tests {
                let (file, function) = test.split_once("::").expect(test);
                let places = [
                    format!("tests/it/{file}.rs"),
                    format!("tests/{file}.rs"),
                    format!("tests/{file}/main.rs"),
                    format!("src/jwt/{file}.rs"),
                ];
                assert!(places.iter().any(|place| has_test(place, function)), "{test}");
            }
        }
    }
}

/// The public functions that make a call: file and name, with the documentation of each.
fn operations() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (file, text) in [sources("src/auth"), sources("src/mgmt")].concat() {
        for (at, _) in text.match_indices("pub fn ") {
            let (signature, _) = text[at..].split_once('{').expect("a body");
            let returns = ["-> Result<", "-> PageIter<"];
            if !returns.iter().any(|returned| signature.contains(returned)) {
                continue;
            }
            let name = signature["pub fn ".len()..].split(['(', '<']).next().expect("a name");
            // What is right before it: comments and attributes.
            let lines = text[..at].trim_end().rsplit('\n').map(str::trim);
            let docs = lines.take_while(|line| line.starts_with("//") || line.starts_with("#["));
            found.push((format!("{file}: {name}"), docs.collect()));
        }
    }
    found
}

/// Whether their errors are documented, the lint `missing_errors_doc` says.
#[test]
fn every_operation_has_an_example() {
    let operations = operations();
    assert!(operations.len() > 200, "{}", operations.len());
    let lacking = operations.iter().filter(|(_, docs)| !docs.contains("```"));
    let lacking: Vec<_> = lacking.map(|(name, _)| &**name).collect();
    assert_eq!(lacking, [""; 0], "these have no example in their documentation");
}

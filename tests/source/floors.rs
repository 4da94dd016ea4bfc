//! Parts of the crate stand on floors: files import from their own floor and from those below.

use crate::arrows::Arrows;
use crate::files::sources;

/// A part of the crate.
struct House {
    folder: &'static str,
    /// Folders in it, the lowest first. The files beside them are above them all.
    floors: &'static [&'static str],
    /// Circles that may be, each with the reason.
    circles: &'static [(&'static [&'static str], &'static str)],
}

const HOUSES: &[House] =
    &[House { folder: "src/emulator", floors: &["words", "state", "api", "http"], circles: &[] }];

impl House {
    /// The floor of a file, counted from the lowest.
    fn floor(&self, file: &str) -> Option<usize> {
        let place = file.strip_prefix(self.folder)?.strip_prefix('/')?;
        let folder = place.split_once('/').map(|(folder, _)| folder);
        let floor = folder.and_then(|folder| self.floors.iter().position(|name| *name == folder));
        Some(floor.unwrap_or(self.floors.len()))
    }

    /// What is wrong with these files, each with its text.
    fn faults(&self, files: &[(String, String)]) -> Vec<String> {
        let mut arrows = Arrows::of(files);
        arrows.0.retain(|(from, to)| self.floor(from).is_some() && self.floor(to).is_some());
        let upward = arrows.0.iter().filter(|(from, to)| self.floor(from) < self.floor(to));
        let mut faults: Vec<String> =
            upward.map(|(from, to)| format!("{from} imports {to}, which is above it")).collect();
        let allowed = |circle: &[String]| {
            let same = |(known, _): &&(&[&str], &str)| circle.iter().eq(known.iter());
            self.circles.iter().any(|known| same(&known))
        };
        let circles = arrows.circles().into_iter().filter(|circle| !allowed(circle));
        faults.extend(circles.map(|circle| format!("a circle: {}", circle.join(", "))));
        faults
    }
}

#[test]
fn arrows_lead_down() {
    let files = sources("src");
    for house in HOUSES {
        let count = files.iter().filter(|(file, _)| house.floor(file).is_some()).count();
        assert!(count > 40, "{}: {count} files", house.folder);
        let arrows = Arrows::of(&files).0.len();
        assert!(arrows > 300, "only {arrows} arrows are seen");
        let faults = house.faults(&files);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

/// What is said of a house of two floors and a face.
fn faults(files: &[(&str, &str)]) -> Vec<String> {
    let house = House { folder: "src/a", floors: &["low", "high"], circles: &[] };
    let mods = [
        ("src/lib.rs", "mod a;"),
        ("src/a/mod.rs", "mod low; mod high; pub use low::x::X;"),
        ("src/a/low/mod.rs", "pub mod x; pub mod y;"),
        ("src/a/high/mod.rs", "pub mod z;"),
    ];
    let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    house.faults(&mods.iter().chain(files).map(owned).collect::<Vec<_>>())
}

#[test]
fn an_upward_import_is_found_however_it_is_written() {
    let z = (
        "src/a/high/z.rs",
        "use crate::a::low::x::X; pub struct Z; pub use super::super::low::y::Y;",
    );
    let y = ("src/a/low/y.rs", "pub struct Y;");
    assert_eq!(faults(&[z, y, ("src/a/low/x.rs", "pub struct X;")]), [""; 0]);
    for upward in [
        "use crate::a::high::z::Z;",
        "use crate::a::{high::z::{self, Z as W}};",
        "use super::super::high::z;",
        "fn f() -> crate::a::high::z::Z { todo!() }",
        "fn f() { super::super::high::z::Z; }",
        "pub(in crate::a) fn f<'a>(c: &'a char) { let _ = ('\"', \"//\"); crate::a::high::z::Z }",
    ] {
        let found = faults(&[z, y, ("src/a/low/x.rs", &format!("pub struct X; {upward}"))]);
        let wanted = "src/a/low/x.rs imports src/a/high/z.rs, which is above it";
        assert!(found.iter().any(|fault| fault == wanted), "{upward}: {found:?}");
    }
    for fine in [
        "// use crate::a::high::z::Z;\n",
        "const TEXT: &str = \"crate::a::high::z::Z\";",
        "const TEXT: &str = r#\"use \"crate::a::high::z::Z;\"#;",
        "#[cfg(test)] mod tests { use crate::a::high::z::Z; }",
        "pub(in crate::a) struct W;",
        // Through the higher floor, but defined below.
        "use crate::a::X as W;",
    ] {
        let found = faults(&[z, y, ("src/a/low/x.rs", &format!("pub struct X; {fine}"))]);
        assert_eq!(found, [""; 0], "{fine}");
    }
}

#[test]
fn a_circle_on_one_floor_is_found() {
    let x = ("src/a/low/x.rs", "use super::y::Y; pub struct X;");
    let y = ("src/a/low/y.rs", "use crate::a::X; pub struct Y;");
    let z = ("src/a/high/z.rs", "use crate::a::low::{x::X, y::Y};");
    assert_eq!(faults(&[x, y, z]), ["a circle: src/a/low/x.rs, src/a/low/y.rs"]);
}

//! Parts of the crate stand on floors: files import from their own floor and from those below.

use crate::arrows::Arrows;
use crate::files::sources;

/// A part of the crate.
struct House {
    folder: &'static str,
    /// What in it is another house.
    except: &'static [&'static str],
    /// The lowest first; see [`Floor`].
    floors: &'static [Floor],
}

/// Modules with all that is in them, or single files such as `mod.rs`, by their paths in the folder. Of a
/// module and a place within it, the latter counts for what is there.
type Floor = &'static [&'static str];

const HOUSES: &[House] = &[
    House {
        folder: "src",
        except: &["emulator", "bin"],
        floors: &[
            // These know nothing but Rust and texts.
            &[
                "crypto", "digest", "escape", "flight", "html", "lock", "missing", "names",
                "options", "recent", "secret",
            ],
            // What travels: JSON, requests and answers, times.
            &["clock", "extra", "json", "time", "transport/mod.rs"],
            &["error"],
            &[
                "answer", "check", "disk", "keys", "models", "observe", "pace", "page", "retry",
                "scrub",
            ],
            // What a client is made of. None of it makes a call.
            &["checks", "jwt", "license", "refreshes", "servers", "transport"],
            &["core"],
            &["call"],
            &["client"],
            &["bulk", "pending"],
            &["builder"],
            // The areas of the API, which see clients and calls.
            &["auth", "mgmt", "oidc"],
            &["tokens", "web"],
            &["guide", "lib.rs"],
        ],
    },
    House {
        folder: "src/emulator",
        except: &[],
        floors: &[
            &["words"],
            &["state"],
            &["api"],
            &["http"],
            &["builder", "inbox", "mod.rs", "oidc", "testing"],
        ],
    },
];

/// Whether a file is of this place: that file itself, or that module's.
fn is_of(file: &str, place: &str) -> bool {
    let rest = file.strip_prefix(place);
    rest.is_some_and(|rest| rest.is_empty() || rest == ".rs" || rest.starts_with('/'))
}

impl House {
    /// A file's path in the folder, if it is in this house.
    fn path<'f>(&self, file: &'f str) -> Option<&'f str> {
        let path = file.strip_prefix(self.folder)?.strip_prefix('/')?;
        (!self.except.iter().any(|place| is_of(path, place))).then_some(path)
    }

    /// The floor of a file, counted from the lowest.
    fn floor(&self, file: &str) -> Option<usize> {
        let path = self.path(file)?;
        let floors = self.floors.iter().enumerate();
        let places = floors.flat_map(|(floor, places)| places.iter().map(move |at| (floor, *at)));
        let place = places.filter(|(_, place)| is_of(path, place)).max_by_key(|(_, at)| at.len());
        place.map(|(floor, _)| floor)
    }

    /// What is wrong with these files, each with its text.
    fn faults(&self, files: &[(String, String)]) -> Vec<String> {
        let names = || files.iter().map(|(file, _)| &**file);
        let homeless =
            names().filter(|file| self.path(file).is_some() && self.floor(file).is_none());
        let mut faults: Vec<String> = homeless
            .map(|file| format!("{file} is on no floor: give it one in tests/source/floors.rs"))
            .collect();
        let empty = self.floors.iter().copied().flatten().filter(|place| {
            !names().filter_map(|file| self.path(file)).any(|path| is_of(path, place))
        });
        faults.extend(
            empty.map(|place| format!("{}/{place} is on a floor, but is not there", self.folder)),
        );
        let mut arrows = Arrows::of(files);
        arrows.0.retain(|(from, to)| self.floor(from).is_some() && self.floor(to).is_some());
        let upward = arrows.0.iter().filter(|(from, to)| self.floor(from) < self.floor(to));
        faults.extend(upward.map(|(from, to)| format!("{from} imports {to}, which is above it")));
        let circles = arrows.circles().into_iter();
        faults.extend(circles.map(|circle| format!("a circle: {}", circle.join(", "))));
        faults
    }
}

#[test]
fn arrows_lead_down() {
    let files = sources("src");
    assert!(Arrows::of(&files).0.len() > 600, "only a few arrows are seen");
    for house in HOUSES {
        let count = files.iter().filter(|(file, _)| house.floor(file).is_some()).count();
        assert!(count > 40, "{}: {count} files", house.folder);
        let faults = house.faults(&files);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

/// What is said of a house of two floors and a face.
fn faults(files: &[(&str, &str)]) -> Vec<String> {
    let floors: &[Floor] = &[&["low"], &["high"], &["mod.rs"]];
    let house = House { folder: "src/a", except: &["other"], floors };
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
fn every_file_has_a_floor_and_every_floor_has_its_files() {
    let found = faults(&[("src/a/new.rs", ""), ("src/a/other.rs", ""), ("src/a/other/x.rs", "")]);
    assert_eq!(found, ["src/a/new.rs is on no floor: give it one in tests/source/floors.rs"]);
    let floors: &[Floor] = &[&["low", "gone"], &["low/x"]];
    let house = House { folder: "src", except: &[], floors };
    let files = ["src/low.rs", "src/low/x.rs", "src/low/xy.rs", "src/lower.rs"];
    let files = files.map(|file| (file.to_owned(), String::new()));
    let floors = files.each_ref().map(|(file, _)| house.floor(file));
    assert_eq!(floors, [Some(0), Some(1), Some(0), None]);
    assert_eq!(
        house.faults(&files),
        [
            "src/lower.rs is on no floor: give it one in tests/source/floors.rs",
            "src/gone is on a floor, but is not there",
        ]
    );
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

#[test]
fn a_circle_of_a_module_and_one_in_it_is_found() {
    let inner = ("src/a/high/z/inner.rs", "use super::Z; pub struct Inner;");
    let passed_on = "mod inner; pub use self::inner::Inner; pub struct Z;";
    let used = "mod inner; use self::inner::Inner; pub struct Z(Inner);";
    let x = ("src/a/low/x.rs", "pub struct X;");
    assert_eq!(faults(&[x, inner, ("src/a/high/z.rs", passed_on)]), [""; 0]);
    let found = faults(&[x, inner, ("src/a/high/z.rs", used)]);
    assert_eq!(found, ["a circle: src/a/high/z.rs, src/a/high/z/inner.rs"]);
}

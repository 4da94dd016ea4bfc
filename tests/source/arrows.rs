//! Which file imports which: an arrow for each, to the file that defines what is named.
//!
//! Read from the text, without a compiler: paths in `use` and in code that start with `crate`, `super`
//! or `self`, followed through re-exports. What is for tests only does not count, nor does a `pub use`, which
//! passes on what it names.

use std::collections::{BTreeMap, BTreeSet};

type Module = Vec<String>;

/// What one file says.
#[derive(Default)]
struct Source {
    name: String,
    /// Items by name.
    defined: BTreeSet<String>,
    /// Imports: the path, under which name, and whether others can use it.
    imports: Vec<(Vec<String>, String, bool)>,
    /// Paths in code.
    paths: Vec<Vec<String>>,
    /// Modules below it that are for tests only.
    tests: Vec<String>,
}

pub(crate) struct Arrows(pub(crate) BTreeSet<(String, String)>);

/// The module that a file is, from the crate's root.
fn module(file: &str) -> Module {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    let mut parts: Module = path.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

/// Words and signs of Rust, without comments and literals.
fn tokens(text: &str) -> Vec<&str> {
    let (mut tokens, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = literal(rest) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let end = end.unwrap_or(rest.len());
            tokens.push(&rest[..end]);
            end
        } else {
            let end = if rest.starts_with("::") { 2 } else { first.len_utf8() };
            if !first.is_whitespace() {
                tokens.push(&rest[..end]);
            }
            end
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of the string or character at the start, if there is one.
fn literal(text: &str) -> Option<usize> {
    let marked = text.trim_start_matches(['b', 'c', 'r']);
    let hashes = marked.len() - marked.trim_start_matches('#').len();
    let opening = text.len() - marked.len() + hashes;
    if opening <= 2 + hashes && text[opening..].starts_with('"') {
        let raw = text[..opening].contains('r');
        let end = format!("\"{}", "#".repeat(hashes));
        let mut at = opening + 1;
        while !text[at..].starts_with(&end) {
            let escaped = !raw && text[at..].starts_with('\\');
            at += usize::from(escaped);
            at += text[at..].chars().next()?.len_utf8();
        }
        return Some(at + end.len());
    }
    let quoted = text.strip_prefix('\'')?;
    let skipped = usize::from(quoted.starts_with('\\'));
    let first = quoted[skipped..].chars().next()?.len_utf8();
    if skipped > 0 {
        return quoted[skipped + first..].find('\'').map(|end| skipped + first + end + 2);
    }
    // Otherwise a lifetime.
    quoted[first..].starts_with('\'').then_some(first + 2)
}

/// The end of the item or of the brackets that start here.
fn end_of(tokens: &[&str], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(token) = tokens.get(at) {
        match *token {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                let closed = depth == 0 && *token == "}";
                if closed || (depth == 0 && tokens.get(at + 1).is_none()) {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
        at += 1;
    }
    at
}

/// Adds what the tree of an import names, up to its end, and returns where that is.
fn expand(
    tokens: &[&str],
    mut at: usize,
    head: &[String],
    public: bool,
    imports: &mut Vec<(Vec<String>, String, bool)>,
) -> usize {
    let mut path = head.to_vec();
    loop {
        match tokens.get(at) {
            Some(&"::") => at += 1,
            Some(&"{") => {
                at += 1;
                while tokens.get(at).is_some_and(|token| !["}", ";"].contains(token)) {
                    at = expand(tokens, at, &path, public, imports);
                    at += usize::from(tokens.get(at) == Some(&","));
                }
                return at + 1;
            }
            Some(&"as") => {
                imports.push((path, tokens[at + 1].to_owned(), public));
                return at + 2;
            }
            Some(&("," | "}" | ";")) | None => {
                if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
                    path.pop();
                }
                let name = path.last().cloned().unwrap_or_default();
                imports.push((path, name, public));
                return at;
            }
            Some(word) => {
                path.push((*word).to_owned());
                at += 1;
            }
        }
    }
}

fn read(name: &str, text: &str) -> Source {
    const ITEMS: [&str; 9] =
        ["fn", "struct", "enum", "trait", "type", "const", "static", "union", "macro_rules"];
    let tokens = tokens(text);
    let mut source = Source { name: name.to_owned(), ..Source::default() };
    let (mut at, mut public) = (0, false);
    while let Some(token) = tokens.get(at) {
        let next = tokens.get(at + 1).copied().unwrap_or_default();
        if tokens[at..].starts_with(&["#", "[", "cfg", "(", "test", ")", "]"]) {
            let item = &tokens[at + 7..];
            if let Some(of) = item.iter().position(|token| *token == "mod").filter(|of| *of < 6) {
                source.tests.push(item[of + 1].to_owned());
            }
            at = end_of(&tokens, at + 7);
            continue;
        }
        match *token {
            "pub" => {
                public = true;
                at += 1;
                if next == "(" {
                    at += tokens[at..].iter().position(|token| *token == ")").unwrap_or(0) + 1;
                }
                continue;
            }
            // Not what a type captures: `use<'a>`.
            "use" if next != "<" => at = expand(&tokens, at + 1, &[], public, &mut source.imports),
            "crate" | "super" | "self" if next == "::" => {
                let mut path = vec![(*token).to_owned()];
                while tokens.get(at + 1) == Some(&"::") {
                    let Some(word) = tokens.get(at + 2).filter(|word| is_word(word)) else { break };
                    path.push((*word).to_owned());
                    at += 2;
                }
                source.paths.push(path);
            }
            item if ITEMS.contains(&item) => {
                let named = if next == "!" { tokens.get(at + 2) } else { tokens.get(at + 1) };
                source.defined.extend(named.map(|name| (*name).to_owned()));
            }
            _ => {}
        }
        public = false;
        at += 1;
    }
    source
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// A path as seen from the crate's root, if it leads to a module of it.
fn absolute(at: &[String], path: &[String]) -> Option<Module> {
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([at, &path[1..]].concat()),
        "super" => {
            let up = path.iter().take_while(|part| *part == "super").count();
            let base = at.get(..at.len().checked_sub(up)?)?;
            Some([base, &path[up..]].concat())
        }
        _ => None,
    }
}

struct Sources(BTreeMap<Module, Source>);

impl Sources {
    /// The module that defines what a path names.
    fn definer(&self, path: &[String], seen: &mut Vec<Module>) -> Option<Module> {
        if self.0.contains_key(path) {
            return Some(path.to_vec());
        }
        if seen.iter().any(|known| known == path) {
            return None;
        }
        seen.push(path.to_vec());
        let at = (0..path.len()).rev().find(|length| self.0.contains_key(&path[..*length]))?;
        let (module, rest) = path.split_at(at);
        let source = &self.0[module];
        if source.defined.contains(&rest[0]) {
            return Some(module.to_vec());
        }
        for (import, name, _) in &source.imports {
            let mut target = match (name == &rest[0], name == "*") {
                (true, _) => self.resolve(module, import),
                (_, true) => {
                    let all = [&import[..import.len() - 1], &rest[..1]].concat();
                    self.resolve(module, &all)
                }
                _ => None,
            }?;
            target.extend_from_slice(&rest[1..]);
            if let Some(found) = self.definer(&target, seen) {
                return Some(found);
            }
        }
        Some(module.to_vec())
    }

    /// Also finds what starts with the name of a module below.
    fn resolve(&self, at: &[String], path: &[String]) -> Option<Module> {
        let below = [at, &path[..1]].concat();
        let relative = self.0.contains_key(&below).then(|| [at, path].concat());
        absolute(at, path).or(relative)
    }
}

impl Arrows {
    /// The arrows between these files, each with its text.
    pub(crate) fn of(files: &[(String, String)]) -> Self {
        let read = files.iter().map(|(name, text)| (module(name), read(name, text)));
        let mut sources = Sources(read.collect());
        let tests: Vec<Module> = sources
            .0
            .iter()
            .flat_map(|(at, source)| {
                source
                    .tests
                    .iter()
                    .map(move |name| [at.as_slice(), std::slice::from_ref(name)].concat())
            })
            .collect();
        sources.0.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
        let mut arrows = BTreeSet::new();
        for (at, source) in &sources.0 {
            let private = source.imports.iter().filter(|(.., public)| !public);
            let named = private.map(|(path, ..)| path).chain(&source.paths);
            for path in named {
                let target = sources.resolve(at, path);
                let found = target.and_then(|target| sources.definer(&target, &mut Vec::new()));
                if let Some(found) = found.filter(|found| found != at) {
                    arrows.insert((source.name.clone(), sources.0[&found].name.clone()));
                }
            }
        }
        Self(arrows)
    }

    /// The files from which arrows lead back to themselves, each with all it is in a circle with.
    pub(crate) fn circles(&self) -> BTreeSet<Vec<String>> {
        let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (from, to) in &self.0 {
            next.entry(from).or_default().push(to);
        }
        let reached = |from: &str| {
            let (mut open, mut seen) = (vec![from.to_owned()], BTreeSet::new());
            while let Some(at) = open.pop() {
                for to in next.get(&*at).into_iter().flatten() {
                    if seen.insert((*to).to_owned()) {
                        open.push((*to).to_owned());
                    }
                }
            }
            seen
        };
        let from: BTreeMap<&str, _> = next.keys().map(|file| (*file, reached(file))).collect();
        let leads = |one: &str, other: &str| from.get(one).is_some_and(|seen| seen.contains(other));
        let circles = from.iter().map(|(file, seen)| {
            seen.iter().filter(|other| leads(other, file)).cloned().collect::<Vec<_>>()
        });
        circles.filter(|circle| circle.len() > 1).collect()
    }
}

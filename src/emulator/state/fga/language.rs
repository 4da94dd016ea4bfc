//! Reads schemas in Descope's language.
//!
//! ```text
//! schema     = "model" "AuthZ" "1.0" type*
//! type       = "type" name (relation | permission)*
//! relation   = "relation" name ":" expression
//! permission = "permission" name ":" expression
//! expression = term ("|" term | "&" term)* | term ("-" term)*
//! term       = "(" expression ")" | name | name "#" name | name "." name
//! ```
//!
//! Line breaks are spaces like any other, and "but not" can be written for "-". `&` binds tighter
//! than `|`, as in the example of Descope's documentation. What `-` means beside another operator is
//! not documented, so that parentheses are required there.
//!
//! In a relation, `user` stands for things of a type, and `org#member` for all who have a relation to
//! one. `owner` stands for all who have another relation or permission of the same resource, and
//! `parent.owner` for all who have one of a resource for which the relation `parent` was created.
//!
//! The language of Descope also has conditions, which the emulator does not cover.

use std::collections::HashMap;

use super::model::{Allowed, Definition, Expression, Model, Node, Type};
use super::name::Name;
use crate::emulator::words::refusal::{Refusal, Result};

/// How deep parentheses can be nested.
const MAX_DEPTH: usize = 64;

/// Reads a schema.
pub(in crate::emulator) fn parse(text: &str) -> Result<Model> {
    let mut reader = Reader { tokens: tokens(text)?, at: 0 };
    for word in ["model", "AuthZ", "1.0"] {
        let line = reader.line();
        if !reader.take(word) {
            return Err(fault(line, "a schema starts with `model AuthZ 1.0`"));
        }
    }
    let (mut sources, mut names): (Vec<Source>, _) = (Vec::new(), HashMap::new());
    while let Some(token) = reader.next() {
        match token.text {
            "type" => {
                let name = reader.name("a type")?;
                if names.insert(name.text, sources.len()).is_some() {
                    return Err(fault(
                        name.line,
                        format!("the type `{}` appears twice", name.text),
                    ));
                }
                sources.push(Source { name: name.text, rules: Vec::new() });
            }
            "relation" | "permission" => {
                let Some(source) = sources.last_mut() else {
                    return Err(fault(token.line, format!("a {} belongs to a type", token.text)));
                };
                let rule = reader.rule(token.text == "permission")?;
                if source.rules.iter().any(|known| known.name == rule.name) {
                    let (name, of) = (rule.name, source.name);
                    return Err(fault(rule.line, format!("`{name}` appears twice in `{of}`")));
                }
                source.rules.push(rule);
            }
            "condition" | "constraint" | "with" => {
                return Err(Refusal::uncovered_field(token.text));
            }
            other => {
                let message = format!("`{other}` is neither `type`, `relation` nor `permission`");
                return Err(fault(token.line, message));
            }
        }
    }
    let resolver = Resolver { sources: &sources, names: &names };
    let mut model = Model { text: text.to_owned(), ..Model::default() };
    for source in &sources {
        let definitions = source.rules.iter().map(|rule| resolver.definition(source, rule));
        let definitions = definitions.collect::<Result<_>>()?;
        model.types.push(Type { name: source.name.to_owned(), definitions });
    }
    Ok(model)
}

fn fault(line: usize, message: impl std::fmt::Display) -> Refusal {
    Refusal::argument(format!("Line {line}: {message}"))
}

#[derive(Clone, Copy)]
struct Token<'t> {
    text: &'t str,
    line: usize,
}

const KEYWORDS: [&str; 7] =
    ["model", "type", "relation", "permission", "condition", "constraint", "with"];

impl Token<'_> {
    fn is_name(&self) -> bool {
        let first = self.text.chars().next();
        first.is_some_and(|c| c.is_alphabetic() || c == '_') && !KEYWORDS.contains(&self.text)
    }
}

/// Words, numbers, and signs of one character.
fn tokens(text: &str) -> Result<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    for (line, mut rest) in (1..).zip(text.lines()) {
        loop {
            rest = rest.trim_start();
            let Some(first) = rest.chars().next() else { break };
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let end = match first {
                _ if first.is_numeric() => rest.find(|c| !(word(c) || c == '.')),
                _ if word(first) => rest.find(|c| !word(c)),
                ':' | '|' | '&' | '-' | '(' | ')' | '#' | '.' => Some(1),
                // A condition has signs of its own.
                '{' | '}' | ',' | '!' | '"' => {
                    return Err(Refusal::uncovered_field("condition"));
                }
                '/' => return Err(fault(line, "the language has no comments")),
                other => return Err(fault(line, format!("`{other}` means nothing"))),
            };
            let (text, after) = rest.split_at(end.unwrap_or(rest.len()));
            tokens.push(Token { text, line });
            rest = after;
        }
    }
    Ok(tokens)
}

/// A type as it is written.
struct Source<'t> {
    name: &'t str,
    rules: Vec<Rule<'t>>,
}

/// A relation or permission as it is written.
struct Rule<'t> {
    name: &'t str,
    line: usize,
    permission: bool,
    tree: Tree<'t>,
}

enum Tree<'t> {
    Term(Term<'t>),
    Union(Vec<Tree<'t>>),
    Intersect(Vec<Tree<'t>>),
    Sub(Vec<Tree<'t>>),
}

#[derive(Clone, Copy)]
struct Term<'t> {
    name: &'t str,
    /// The sign after the name, and the name after that.
    then: Option<(Sign, &'t str)>,
    line: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// `org#member`
    Set,
    /// `parent.owner`
    Arrow,
}

struct Reader<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Option<Token<'t>> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    fn take(&mut self, text: &str) -> bool {
        let there = self.peek().is_some_and(|token| token.text == text);
        self.at += usize::from(there);
        there
    }

    /// The line of the next token, or of the last.
    fn line(&self) -> usize {
        let token = self.peek().or_else(|| self.tokens.last().copied());
        token.map_or(1, |token| token.line)
    }

    fn name(&mut self, what: &str) -> Result<Token<'t>> {
        let line = self.line();
        match self.next() {
            Some(token) if token.is_name() => Ok(token),
            Some(token) => Err(fault(line, format!("`{}` cannot name {what}", token.text))),
            None => Err(fault(line, format!("the name of {what} is missing"))),
        }
    }

    fn rule(&mut self, permission: bool) -> Result<Rule<'t>> {
        let what = if permission { "a permission" } else { "a relation" };
        let name = self.name(what)?;
        if !self.take(":") {
            return Err(fault(self.line(), format!("a colon is missing after `{}`", name.text)));
        }
        let tree = self.expression(0)?;
        Ok(Rule { name: name.text, line: name.line, permission, tree })
    }

    fn expression(&mut self, depth: usize) -> Result<Tree<'t>> {
        let first = self.term(depth)?;
        let mut terms = vec![(None, first)];
        while let Some(operator) = self.operator() {
            terms.push((Some(operator), self.term(depth)?));
        }
        let line = self.line();
        let has = |operator| terms.iter().any(|(of, _)| *of == Some(operator));
        match (has('|'), has('&'), has('-')) {
            (true, _, true) | (_, true, true) => {
                Err(fault(line, "`-` beside another operator needs parentheses"))
            }
            (_, _, true) => Ok(Tree::Sub(terms.into_iter().map(|(_, tree)| tree).collect())),
            _ => {
                let mut union: Vec<Vec<Tree<'_>>> = Vec::new();
                for (operator, tree) in terms {
                    match union.last_mut() {
                        Some(last) if operator == Some('&') => last.push(tree),
                        _ => union.push(vec![tree]),
                    }
                }
                let intersections = union.into_iter().map(|trees| joined(trees, Tree::Intersect));
                Ok(joined(intersections.collect(), Tree::Union))
            }
        }
    }

    fn operator(&mut self) -> Option<char> {
        for (text, operator) in [("|", '|'), ("&", '&'), ("-", '-')] {
            if self.take(text) {
                return Some(operator);
            }
        }
        let not = self.tokens.get(self.at + 1).is_some_and(|token| token.text == "not");
        let but_not = self.peek().is_some_and(|token| token.text == "but") && not;
        self.at += if but_not { 2 } else { 0 };
        but_not.then_some('-')
    }

    fn term(&mut self, depth: usize) -> Result<Tree<'t>> {
        let line = self.line();
        if depth >= MAX_DEPTH {
            return Err(fault(line, "parentheses are nested too deep"));
        }
        if self.take("(") {
            let tree = self.expression(depth + 1)?;
            if !self.take(")") {
                return Err(fault(self.line(), "a `)` is missing"));
            }
            return Ok(tree);
        }
        let name = self.name("what follows an operator")?;
        let sign = if self.take("#") {
            Some(Sign::Set)
        } else if self.take(".") {
            Some(Sign::Arrow)
        } else {
            None
        };
        let then = match sign {
            Some(sign) => Some((sign, self.name("a relation")?.text)),
            None => None,
        };
        Ok(Tree::Term(Term { name: name.text, then, line: name.line }))
    }
}

/// One tree as it is, several joined.
fn joined<'t>(mut trees: Vec<Tree<'t>>, join: fn(Vec<Tree<'t>>) -> Tree<'t>) -> Tree<'t> {
    match trees.pop() {
        Some(tree) if trees.is_empty() => tree,
        Some(tree) => {
            trees.push(tree);
            join(trees)
        }
        None => join(trees),
    }
}

/// Finds what names mean.
struct Resolver<'r, 't> {
    sources: &'r [Source<'t>],
    /// The places of the sources.
    names: &'r HashMap<&'t str, usize>,
}

impl<'r, 't> Resolver<'r, 't> {
    fn source(&self, name: &str) -> Option<&'r Source<'t>> {
        self.sources.get(*self.names.get(name)?)
    }

    fn rule(&self, of: &str, name: &str) -> Option<&'r Rule<'t>> {
        self.source(of)?.rules.iter().find(|rule| rule.name == name)
    }

    fn definition(&self, source: &Source<'t>, rule: &Rule<'t>) -> Result<Definition> {
        let name = rule.name.to_owned();
        if rule.permission {
            let node = self.node(source, &rule.tree)?;
            return Ok(Definition { name, node: Some(node), targets: Some(Vec::new()) });
        }
        let trees = match &rule.tree {
            Tree::Union(trees) => trees.iter().collect(),
            tree => vec![tree],
        };
        let (mut targets, mut nodes) = (Vec::new(), Vec::new());
        for tree in trees {
            match tree {
                Tree::Term(term) => match self.target(source, *term)? {
                    Some(target) => targets.push(target),
                    None => nodes.push(self.node(source, tree)?),
                },
                tree => nodes.push(self.node(source, tree)?),
            }
        }
        let node = match (targets.is_empty(), nodes.len()) {
            (false, 0) => None,
            (true, 1) => nodes.pop(),
            (direct, _) => {
                if !direct {
                    nodes.insert(0, Node::Child(Expression::Own));
                }
                Some(Node::Union(nodes))
            }
        };
        Ok(Definition { name, node, targets: Some(targets) })
    }

    /// What a relation can be created for, if the term says that.
    fn target(&self, source: &Source<'t>, term: Term<'t>) -> Result<Option<Allowed>> {
        match term.then {
            None if self.source(term.name).is_some() => {
                Ok(Some(Allowed::Type(term.name.to_owned())))
            }
            None if self.rule(source.name, term.name).is_none() => {
                Err(fault(term.line, format!("there is no type `{}`", term.name)))
            }
            Some((Sign::Set, name)) => {
                if self.source(term.name).is_none() {
                    return Err(fault(term.line, format!("there is no type `{}`", term.name)));
                }
                if self.rule(term.name, name).is_none() {
                    let of = term.name;
                    return Err(fault(term.line, format!("the type `{of}` has no `{name}`")));
                }
                Ok(Some(Allowed::Set(Name::new(term.name, name))))
            }
            _ => Ok(None),
        }
    }

    fn node(&self, source: &Source<'t>, tree: &Tree<'t>) -> Result<Node> {
        let nodes = |trees: &[Tree<'t>]| -> Result<Vec<Node>> {
            trees.iter().map(|tree| self.node(source, tree)).collect()
        };
        Ok(match tree {
            Tree::Term(term) => return self.derived(source, *term),
            Tree::Union(trees) => Node::Union(nodes(trees)?),
            Tree::Intersect(trees) => Node::Intersect(nodes(trees)?),
            Tree::Sub(trees) => Node::Sub(nodes(trees)?),
        })
    }

    /// What a term means where it does not say what a relation can be created for.
    fn derived(&self, source: &Source<'t>, term: Term<'t>) -> Result<Node> {
        let (of, Term { name, line, .. }) = (source.name, term);
        match term.then {
            Some((Sign::Set, _)) => Err(fault(
                line,
                format!("`{name}#` can only stand alone or with `|` in a relation"),
            )),
            None if self.rule(of, name).is_some() => {
                Ok(Node::Child(Expression::Same(Name::new(of, name))))
            }
            None if self.source(name).is_some() => Err(fault(
                line,
                format!("the type `{name}` can only stand alone or with `|` in a relation"),
            )),
            None => Err(fault(line, format!("the type `{of}` has no `{name}`"))),
            Some((Sign::Arrow, then)) => self.arrow(source, name, then, line),
        }
    }

    /// The targets of `follow` are resources, and those that have the relation `then` count.
    fn arrow(&self, source: &Source<'t>, follow: &str, then: &str, line: usize) -> Result<Node> {
        let of = source.name;
        let rule = self
            .rule(of, follow)
            .ok_or_else(|| fault(line, format!("the type `{of}` has no `{follow}`")))?;
        if rule.permission {
            let message = format!("`{follow}` is a permission: only relations can be followed");
            return Err(fault(line, message));
        }
        let mut targets = Vec::new();
        direct_types(&rule.tree, &mut targets);
        let mut nodes: Vec<_> = targets
            .into_iter()
            .filter(|target| self.rule(target, then).is_some())
            .map(|target| {
                let (follow, then) = (Name::new(of, follow), Name::new(target, then));
                Node::Child(Expression::Right { follow, then })
            })
            .collect();
        match nodes.pop() {
            None => Err(fault(line, format!("nothing that `{follow}` leads to has `{then}`"))),
            Some(node) if nodes.is_empty() => Ok(node),
            Some(node) => {
                nodes.push(node);
                Ok(Node::Union(nodes))
            }
        }
    }
}

/// The names that stand for things of a type, if they are types.
fn direct_types<'t>(tree: &Tree<'t>, names: &mut Vec<&'t str>) {
    match tree {
        Tree::Term(Term { name, then: None, .. }) => names.push(name),
        Tree::Union(trees) => trees.iter().for_each(|tree| direct_types(tree, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;

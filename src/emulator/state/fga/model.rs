//! Schemas, whichever way they came in.

use std::collections::{HashMap, HashSet};

use super::name::Name;
use super::relations::{Relation, Target};

/// A schema.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::emulator) struct Model {
    pub(in crate::emulator) name: Option<String>,
    /// The text it was made of, unless it was not made of one.
    pub(in crate::emulator) text: String,
    pub(in crate::emulator) types: Vec<Type>,
}

/// A type of resource, or namespace.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::emulator) struct Type {
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) definitions: Vec<Definition>,
}

/// A relation or permission.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::emulator) struct Definition {
    pub(in crate::emulator) name: String,
    /// How it follows from other relations; without, it holds where it was created.
    pub(in crate::emulator) node: Option<Node>,
    /// For what it can be created. Without, for anything.
    pub(in crate::emulator) targets: Option<Vec<Allowed>>,
}

/// What a relation can be created for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum Allowed {
    /// Things of a type.
    Type(String),
    /// All that have a relation to something.
    Set(Name),
}

impl Allowed {
    fn show(&self) -> String {
        match self {
            Self::Type(name) => name.clone(),
            Self::Set(set) => format!("{}#{}", set.of, set.name),
        }
    }
}

/// A set of targets.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::emulator) enum Node {
    Child(Expression),
    Union(Vec<Node>),
    Intersect(Vec<Node>),
    /// The first without the others.
    Sub(Vec<Node>),
}

impl Node {
    pub(in crate::emulator) fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::Child(expression) => vec![expression],
            Self::Union(nodes) | Self::Intersect(nodes) | Self::Sub(nodes) => {
                nodes.iter().flat_map(Self::expressions).collect()
            }
        }
    }
}

impl Node {
    fn rename(&mut self, new: impl Fn(&Name) -> Name + Copy) {
        match self {
            Self::Child(Expression::Own) => {}
            Self::Child(Expression::Same(name)) => *name = new(name),
            Self::Child(Expression::Right { follow, then } | Expression::Left { follow, then }) => {
                *follow = new(follow);
                *then = new(then);
            }
            Self::Union(nodes) | Self::Intersect(nodes) | Self::Sub(nodes) => {
                for node in nodes {
                    node.rename(new);
                }
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::emulator) enum Expression {
    /// Those for which the relation was created.
    Own,
    /// Those that have another relation to the same resource.
    Same(Name),
    /// Those that have `then` to a target for which `follow` was created: the right side of it.
    Right { follow: Name, then: Name },
    /// Those that have `then` to a resource of which this is the target by `follow`: its left side.
    Left { follow: Name, then: Name },
}

impl Expression {
    /// The relations it mentions.
    pub(in crate::emulator) fn names(&self) -> Vec<&Name> {
        match self {
            Self::Own => Vec::new(),
            Self::Same(name) => vec![name],
            Self::Right { follow, then } | Self::Left { follow, then } => vec![follow, then],
        }
    }
}

impl Model {
    pub(in crate::emulator) fn find(&self, name: &str) -> Option<&Type> {
        self.types.iter().find(|known| known.name == name)
    }

    pub(in crate::emulator) fn definition(&self, of: &str, name: &str) -> Option<&Definition> {
        self.find(of)?.definitions.iter().find(|definition| definition.name == name)
    }

    /// The type, made if it is not there.
    pub(in crate::emulator) fn type_mut(&mut self, name: &str) -> &mut Type {
        let at = self.types.iter().position(|known| known.name == name).unwrap_or_else(|| {
            self.types.push(Type { name: name.to_owned(), ..Type::default() });
            self.types.len() - 1
        });
        &mut self.types[at]
    }

    /// Renames types or relations wherever definitions mention them.
    pub(in crate::emulator) fn rename(&mut self, new: impl Fn(&Name) -> Name + Copy) {
        for definition in self.types.iter_mut().flat_map(|known| &mut known.definitions) {
            if let Some(node) = &mut definition.node {
                node.rename(new);
            }
            for target in definition.targets.iter_mut().flatten() {
                match target {
                    Allowed::Type(of) => *of = new(&Name::new(of, "")).of,
                    Allowed::Set(name) => *name = new(name),
                }
            }
        }
    }

    /// Whether the schema was written in the language, which names all types there are, and this is
    /// none of them.
    pub(in crate::emulator) fn text_has_no_type(&self, name: &str) -> bool {
        !self.text.is_empty() && self.find(name).is_none()
    }

    /// Says why there can be no such relation.
    pub(in crate::emulator) fn accepts(&self, relation: &Relation) -> Result<(), String> {
        let Name { of, name } = &relation.name;
        if self.find(of).is_none() {
            return Err(format!("There is no type {of:?} in the schema"));
        }
        let definition = self
            .definition(of, name)
            .ok_or_else(|| format!("The type {of:?} has no relation {name:?}"))?;
        if let Target::Set { name: set, .. } = &relation.target
            && self.definition(&set.of, &set.name).is_none()
        {
            return Err(format!("There is no {}#{} in the schema", set.of, set.name));
        }
        if let Target::One { of, .. } = &relation.target
            && !of.is_empty()
            && self.text_has_no_type(of)
        {
            return Err(format!("There is no type {of:?} in the schema"));
        }
        let Some(allowed) = &definition.targets else { return Ok(()) };
        if allowed.is_empty() {
            return Err(format!("{of}#{name} follows from relations and cannot be created"));
        }
        let fits = allowed.iter().any(|allowed| match (allowed, &relation.target) {
            (Allowed::Type(of), Target::One { of: given, .. }) => given.is_empty() || of == given,
            (Allowed::Type(_), Target::Query(_)) => true,
            (Allowed::Set(set), Target::Set { name, .. }) => set == name,
            _ => false,
        });
        if fits {
            return Ok(());
        }
        let allowed: Vec<_> = allowed.iter().map(Allowed::show).collect();
        Err(format!("{of}#{name} takes {}", allowed.join(" or ")))
    }

    /// The relations and types whose data a change to another schema would delete.
    pub(in crate::emulator) fn lost_in(&self, new: &Self) -> (Vec<String>, Vec<String>) {
        let (mut relations, mut types) = (Vec::new(), Vec::new());
        for of in &self.types {
            if new.find(&of.name).is_none() {
                types.push(of.name.clone());
            }
            for definition in &of.definitions {
                let kept = new.definition(&of.name, &definition.name);
                let creatable = definition.targets.as_ref().is_none_or(|of| !of.is_empty());
                if creatable && kept.is_none_or(|kept| kept.targets != definition.targets) {
                    relations.push(format!("{}#{}", of.name, definition.name));
                }
            }
        }
        (relations, types)
    }

    /// Whether, by the schema alone, each relation that can decide this one has its resource or its
    /// target: that is so where no chain of relations is longer than two.
    pub(in crate::emulator) fn is_direct(&self, name: &Name) -> bool {
        let mut definitions = HashMap::new();
        for of in &self.types {
            definitions.extend(of.definitions.iter().map(|is| ((&*of.name, &*is.name), is)));
        }
        // Relations at the end of a chain, with its length.
        let mut open = vec![(name, 1_u8)];
        let mut seen = HashSet::new();
        while let Some((name, length)) = open.pop() {
            if length > 2 {
                return false;
            }
            let Some(definition) = definitions.get(&(&*name.of, &*name.name)) else { continue };
            if !seen.insert((name, length)) {
                continue;
            }
            let expressions =
                definition.node.as_ref().map_or(vec![&Expression::Own], Node::expressions);
            for expression in expressions {
                match expression {
                    Expression::Own => match &definition.targets {
                        // For anything, and so for sets of any relation.
                        None => return false,
                        Some(targets) => open.extend(targets.iter().filter_map(|of| match of {
                            Allowed::Type(_) => None,
                            Allowed::Set(set) => Some((set, length + 1)),
                        })),
                    },
                    Expression::Same(name) => open.push((name, length)),
                    Expression::Right { then, .. } | Expression::Left { then, .. } => {
                        open.push((then, length + 1));
                    }
                }
            }
        }
        true
    }
}

//! Answers questions about relations.
//!
//! A question is turned into a network of gates: one for each relation of each resource that can
//! have a say, with the relations that were created at its leaves. The network is then evaluated
//! for up to 64 targets at once, a bit each.
//!
//! The network may have cycles, and exclusions on them. What is true is defined by the well-founded
//! semantics (Van Gelder, Ross and Schlipf, "The well-founded semantics for general logic
//! programs", JACM 38(3), 1991):
//!
//! - what supports only itself is false: folders that are each other's parents have no owners but
//!   those they were given;
//! - what would be true exactly if it were false is neither. Such a relation does not hold, and
//!   nothing holds that needs it or needs its absence.
//!
//! Nothing here recurses over data. Only trees of nodes are recursed over, and their depth is
//! limited where they come in. The time is linear in the relations that can have a say, as a rule.

use std::collections::{BTreeSet, HashMap};

use super::Found;
use super::model::{Expression, Model, Node};
use super::name::Name;
use super::relations::{Relations, Target, compatible};

/// Everything that answers depend on.
#[derive(Clone, Copy)]
pub(in crate::emulator) struct World<'a> {
    pub(in crate::emulator) model: &'a Model,
    pub(in crate::emulator) relations: &'a Relations,
    pub(in crate::emulator) found: &'a Found,
}

/// A question: whether a target has a relation to a resource.
#[derive(Clone, Debug)]
pub(in crate::emulator) struct Question {
    pub(in crate::emulator) name: Name,
    pub(in crate::emulator) resource: String,
    pub(in crate::emulator) target: Target,
}

/// Targets that are asked about at once.
const WIDTH: usize = 64;

impl<'a> World<'a> {
    /// Answers each question.
    pub(in crate::emulator) fn check(self, questions: &'a [Question]) -> Vec<bool> {
        let mut network = Network::new(self);
        let gates: Vec<_> = questions
            .iter()
            .map(|question| network.relation(&question.name, &question.resource))
            .collect();
        network.complete();
        let mut answers = vec![false; questions.len()];
        let mut targets: Vec<&Target> = questions.iter().map(|question| &question.target).collect();
        targets.sort_unstable();
        targets.dedup();
        for targets in targets.chunks(WIDTH) {
            let holds = network.evaluate(targets);
            for ((question, gate), answer) in questions.iter().zip(&gates).zip(&mut answers) {
                if let Ok(bit) = targets.binary_search(&&question.target) {
                    *answer = holds[*gate] >> bit & 1 == 1;
                }
            }
        }
        answers
    }

    /// The IDs of all targets that have a relation to a resource.
    pub(in crate::emulator) fn who(self, name: &'a Name, resource: &'a str) -> BTreeSet<String> {
        let mut network = Network::new(self);
        let gate = network.relation(name, resource);
        network.complete();
        let candidates: BTreeSet<Target> = network.candidates();
        let candidates: Vec<&Target> = candidates.iter().collect();
        let mut who = BTreeSet::new();
        for targets in candidates.chunks(WIDTH) {
            let holds = network.evaluate(targets)[gate];
            let holding = targets.iter().enumerate().filter(|(bit, _)| holds >> bit & 1 == 1);
            who.extend(holding.filter_map(|(_, target)| target.id()).map(str::to_owned));
        }
        who
    }

    /// All relations that a target has, or those of one name.
    pub(in crate::emulator) fn what(
        self,
        target: &Target,
        only: Option<&Name>,
    ) -> Vec<(Name, String)> {
        let mut names: Vec<Name> = Vec::new();
        for of in &self.model.types {
            names.extend(of.definitions.iter().map(|is| Name::new(&of.name, &is.name)));
        }
        names.retain(|name| only.is_none_or(|only| only == name));
        let mut asked = Vec::new();
        for (of, id) in self.things() {
            let fitting = names.iter().filter(|name| compatible(of, &name.of));
            asked.extend(fitting.map(|name| (name.clone(), id)));
        }
        asked.sort_unstable();
        asked.dedup();
        let mut network = Network::new(self);
        let gates: Vec<_> = asked.iter().map(|(name, id)| network.relation(name, id)).collect();
        network.complete();
        let holds = network.evaluate(&[target]);
        let asked = asked.into_iter().zip(gates).filter(|(_, gate)| holds[*gate] != 0);
        asked.map(|((name, id), _)| (name, id.to_owned())).collect()
    }

    /// The types and IDs of everything that relations mention. The type may be unknown.
    fn things(self) -> BTreeSet<(&'a str, &'a str)> {
        let mut things = BTreeSet::new();
        for relation in self.relations.iter() {
            things.insert((&*relation.name.of, &*relation.resource));
            match &relation.target {
                Target::One { of, id } => things.insert((of, id)),
                Target::Set { name, resource } => things.insert((&name.of, resource)),
                Target::Query(_) => false,
            };
        }
        things
    }
}

/// The place of a gate.
pub(super) type Gate = usize;

/// How the value of a gate follows from those of others.
pub(super) enum Kind<'a> {
    /// True for the targets listed, and where any of the gates is.
    Any(Vec<&'a Target>, Vec<Gate>),
    /// Where all of the gates are true.
    All(Vec<Gate>),
    /// Where the first gate is true and none of the others.
    Without(Gate, Vec<Gate>),
}

impl Kind<'_> {
    /// The gates that the value follows from.
    fn needs(&self) -> impl Iterator<Item = &Gate> {
        let (first, others) = match self {
            Kind::Any(_, gates) | Kind::All(gates) => (None, gates),
            Kind::Without(first, others) => (Some(first), others),
        };
        first.into_iter().chain(others)
    }
}

pub(super) struct Network<'a> {
    pub(super) world: World<'a>,
    pub(super) kinds: Vec<Kind<'a>>,
    /// The gate of each relation of each resource.
    pub(super) known: HashMap<&'a Name, HashMap<&'a str, Gate>>,
    /// Gates of relations that are not made yet.
    open: Vec<(Gate, &'a Name, &'a str)>,
    /// The gates that depend on a gate, those of all gates in one list, and where in it those of each
    /// begin and end. Filled in when all are made.
    dependents: Vec<Gate>,
    ends: Vec<usize>,
}

impl<'a> Network<'a> {
    pub(super) fn new(world: World<'a>) -> Self {
        let (known, open) = (HashMap::new(), Vec::new());
        let (dependents, ends) = (Vec::new(), Vec::new());
        Self { world, kinds: Vec::new(), known, open, dependents, ends }
    }

    fn add(&mut self, kind: Kind<'a>) -> Gate {
        self.kinds.push(kind);
        self.kinds.len() - 1
    }

    /// The gate of a relation of a resource.
    pub(super) fn relation(&mut self, name: &'a Name, resource: &'a str) -> Gate {
        if let Some(gate) = self.known.get(name).and_then(|known| known.get(resource)) {
            return *gate;
        }
        let gate = self.add(Kind::Any(Vec::new(), Vec::new()));
        self.known.entry(name).or_default().insert(resource, gate);
        self.open.push((gate, name, resource));
        gate
    }

    /// Makes all gates that those asked for depend on.
    pub(super) fn complete(&mut self) {
        while let Some((gate, name, resource)) = self.open.pop() {
            // What the schema does not have holds for nobody.
            let model: &'a Model = self.world.model;
            let Some(definition) = model.definition(&name.of, &name.name) else {
                continue;
            };
            self.kinds[gate] = match &definition.node {
                Some(node) => self.node(node, name, resource),
                None => self.expression(&Expression::Own, name, resource),
            };
        }
        // Of each gate a count, from that where its dependents begin, and in the end where they end.
        let mut ends = vec![0; self.kinds.len()];
        self.kinds.iter().flat_map(Kind::needs).for_each(|on| ends[*on] += 1);
        let mut begin = 0;
        for end in &mut ends {
            begin += std::mem::replace(end, begin);
        }
        let mut dependents = vec![0; begin];
        for (gate, kind) in self.kinds.iter().enumerate() {
            for on in kind.needs() {
                dependents[ends[*on]] = gate;
                ends[*on] += 1;
            }
        }
        (self.dependents, self.ends) = (dependents, ends);
    }

    pub(super) fn dependents(&self, gate: Gate) -> &[Gate] {
        let begin = gate.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.dependents[begin..self.ends[gate]]
    }

    fn node(&mut self, node: &'a Node, name: &'a Name, resource: &'a str) -> Kind<'a> {
        let mut gates = |nodes: &'a [Node]| -> Vec<Gate> {
            let gate = |node| {
                let kind = self.node(node, name, resource);
                self.add(kind)
            };
            nodes.iter().map(gate).collect()
        };
        match node {
            Node::Child(expression) => self.expression(expression, name, resource),
            Node::Union(nodes) => Kind::Any(Vec::new(), gates(nodes)),
            Node::Intersect(nodes) => Kind::All(gates(nodes)),
            Node::Sub(nodes) => {
                let gates = gates(nodes);
                match gates.split_first() {
                    Some((first, others)) => Kind::Without(*first, others.to_vec()),
                    None => Kind::Any(Vec::new(), Vec::new()),
                }
            }
        }
    }

    fn expression(
        &mut self,
        expression: &'a Expression,
        name: &'a Name,
        resource: &'a str,
    ) -> Kind<'a> {
        let relations = self.world.relations;
        let (mut targets, mut gates) = (Vec::new(), Vec::new());
        match expression {
            Expression::Own => {
                for target in relations.targets(name, resource) {
                    targets.push(target);
                    if let Target::Set { name, resource } = target {
                        gates.push(self.relation(name, resource));
                    }
                }
            }
            Expression::Same(other) => gates.push(self.relation(other, resource)),
            Expression::Right { follow, then } => {
                for target in relations.targets(follow, resource) {
                    if let Target::One { of, id } = target
                        && compatible(of, &then.of)
                    {
                        gates.push(self.relation(then, id));
                    }
                }
            }
            Expression::Left { follow, then } => {
                for left in relations.resources(follow, &name.of, resource) {
                    gates.push(self.relation(then, left));
                }
            }
        }
        Kind::Any(targets, gates)
    }

    /// Everyone for whom some relation was created that has a say.
    fn candidates(&self) -> BTreeSet<Target> {
        let mut candidates = BTreeSet::new();
        for kind in &self.kinds {
            let Kind::Any(targets, _) = kind else { continue };
            for target in targets {
                match target {
                    Target::One { .. } => drop(candidates.insert((*target).clone())),
                    Target::Set { .. } => {}
                    Target::Query(query) => {
                        let users = self.world.found.get(query).into_iter().flatten();
                        candidates.extend(users.map(|id| user(id)));
                    }
                }
            }
        }
        candidates
    }

    /// The value of each gate, a bit for each of the targets.
    pub(super) fn evaluate(&self, targets: &[&Target]) -> Vec<u64> {
        let mut values = Values::new(self, targets);
        loop {
            values.propagate();
            if !values.drop_unsupported() {
                return values.surely;
            }
        }
    }
}

fn user(id: &str) -> Target {
    Target::One { of: String::new(), id: id.to_owned() }
}

/// What is known of each gate: the bits that are surely true, and those that are not surely false.
struct Values<'n, 'a> {
    network: &'n Network<'a>,
    /// For which of the targets a relation of the gate was created.
    created: Vec<u64>,
    surely: Vec<u64>,
    maybe: Vec<u64>,
    changed: Vec<Gate>,
}

impl<'n, 'a> Values<'n, 'a> {
    fn new(network: &'n Network<'a>, targets: &[&Target]) -> Self {
        let bits = Bits::new(network.world, targets);
        let created = network.kinds.iter().map(|kind| match kind {
            Kind::Any(targets, _) => targets.iter().fold(0, |all, target| all | bits.of(target)),
            Kind::All(_) | Kind::Without(..) => 0,
        });
        let count = network.kinds.len();
        let (surely, maybe) = (vec![0; count], vec![u64::MAX; count]);
        Self { network, created: created.collect(), surely, maybe, changed: (0..count).collect() }
    }

    /// The value of a gate, where `value` is that of gates it needs and `other` that of gates whose
    /// absence it needs.
    fn value(&self, gate: Gate, value: &[u64], other: &[u64]) -> u64 {
        match &self.network.kinds[gate] {
            Kind::Any(_, gates) => {
                gates.iter().fold(self.created[gate], |any, gate| any | value[*gate])
            }
            Kind::All(gates) => gates.iter().fold(u64::MAX, |all, gate| all & value[*gate]),
            Kind::Without(first, others) => {
                others.iter().fold(value[*first], |rest, gate| rest & !other[*gate])
            }
        }
    }

    /// Draws all conclusions from what is known, gate by gate.
    fn propagate(&mut self) {
        let mut work = Work::new(self.surely.len(), &std::mem::take(&mut self.changed));
        while let Some(gate) = work.next() {
            let surely = self.value(gate, &self.surely, &self.maybe);
            let maybe = self.value(gate, &self.maybe, &self.surely);
            if (surely, maybe) != (self.surely[gate], self.maybe[gate]) {
                (self.surely[gate], self.maybe[gate]) = (surely, maybe);
                work.add(self.network.dependents(gate));
            }
        }
    }

    /// Makes false what is only true if it is true. Returns whether there was such a thing.
    fn drop_unsupported(&mut self) -> bool {
        let count = self.maybe.len();
        let mut supported = vec![0; count];
        let mut work = Work::new(count, &(0..count).collect::<Vec<_>>());
        while let Some(gate) = work.next() {
            let value = self.value(gate, &supported, &self.surely) & self.maybe[gate];
            if value != supported[gate] {
                supported[gate] = value;
                work.add(self.network.dependents(gate));
            }
        }
        for (gate, supported) in supported.into_iter().enumerate() {
            if self.maybe[gate] != supported {
                self.maybe[gate] = supported;
                self.changed.extend(self.network.dependents(gate));
            }
        }
        !self.changed.is_empty()
    }
}

/// Gates to look at, each once at a time.
struct Work {
    waiting: Vec<bool>,
    now: Vec<Gate>,
    later: Vec<Gate>,
}

impl Work {
    fn new(count: usize, gates: &[Gate]) -> Self {
        let mut work = Self { waiting: vec![false; count], now: Vec::new(), later: Vec::new() };
        work.add(gates);
        work
    }

    fn add(&mut self, gates: &[Gate]) {
        for gate in gates {
            if !std::mem::replace(&mut self.waiting[*gate], true) {
                self.later.push(*gate);
            }
        }
    }

    /// In rounds, and in each the gates that were made last first: those are nearest to the leaves.
    fn next(&mut self) -> Option<Gate> {
        if self.now.is_empty() {
            std::mem::swap(&mut self.now, &mut self.later);
            self.now.sort_unstable();
        }
        let gate = self.now.pop()?;
        self.waiting[gate] = false;
        Some(gate)
    }
}

/// Which bits a target stands for.
pub(super) struct Bits<'t> {
    found: &'t Found,
    by_id: HashMap<&'t str, Vec<(u64, &'t Target)>>,
}

impl<'t> Bits<'t> {
    pub(super) fn new(world: World<'t>, targets: &[&'t Target]) -> Self {
        let mut by_id: HashMap<_, Vec<_>> = HashMap::new();
        for (bit, target) in targets.iter().enumerate() {
            if let Some(id) = target.id() {
                by_id.entry(id).or_default().push((1 << bit, *target));
            }
        }
        Self { found: world.found, by_id }
    }

    pub(super) fn of(&self, target: &Target) -> u64 {
        let matching = |id: &str, target: &Target| {
            let asked = self.by_id.get(id).into_iter().flatten();
            let asked = asked.filter(|(_, asked)| asked.matches(target));
            asked.fold(0, |all, (bit, _)| all | bit)
        };
        match target {
            Target::Query(query) => {
                let users = self.found.get(query).into_iter().flatten();
                users.fold(0, |all, id| all | matching(id, &user(id)))
            }
            one => one.id().map_or(0, |id| matching(id, one)),
        }
    }
}

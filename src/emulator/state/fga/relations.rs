//! The relations that were created.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::name::Name;

/// A relation between a resource and a target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::emulator) struct Relation {
    pub(in crate::emulator) name: Name,
    pub(in crate::emulator) resource: String,
    pub(in crate::emulator) target: Target,
}

/// What relations are sorted by, so that they can be looked up by parts that are only lent.
trait Key {
    /// Without a target, what comes before all of the same name and resource.
    fn key(&self) -> (&Name, &str, Option<&Target>);
}

impl Key for Relation {
    fn key(&self) -> (&Name, &str, Option<&Target>) {
        (&self.name, &self.resource, Some(&self.target))
    }
}

impl Key for (&Name, &str) {
    fn key(&self) -> (&Name, &str, Option<&Target>) {
        (self.0, self.1, None)
    }
}

impl<'a> Borrow<dyn Key + 'a> for Relation {
    fn borrow(&self) -> &(dyn Key + 'a) {
        self
    }
}

impl Ord for dyn Key + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for dyn Key + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for dyn Key + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for dyn Key + '_ {}

/// Who or what has a relation to a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::emulator) enum Target {
    /// One thing. Its type is empty where it was not said; it can be of any type then.
    One { of: String, id: String },
    /// All that have a relation to a resource.
    Set { name: Name, resource: String },
    /// All users that a query finds, by its text.
    Query(String),
}

impl Target {
    /// Whether both may mean the same.
    pub(in crate::emulator) fn matches(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One { of, id }, Self::One { of: other_of, id: other_id }) => {
                id == other_id && compatible(of, other_of)
            }
            _ => self == other,
        }
    }

    /// The ID of the target, or of the resource of a target set.
    pub(in crate::emulator) fn id(&self) -> Option<&str> {
        match self {
            Self::One { id, .. } => Some(id),
            Self::Set { resource, .. } => Some(resource),
            Self::Query(_) => None,
        }
    }
}

/// Whether two types can be the same, given that the empty one can be any.
pub(in crate::emulator) fn compatible(one: &str, other: &str) -> bool {
    one == other || one.is_empty() || other.is_empty()
}

/// The relations there are, and when which IDs were last part of a change.
#[derive(Default)]
pub(in crate::emulator) struct Relations {
    all: BTreeSet<Relation>,
    /// Those with one target, to be found by it.
    by_target: BTreeSet<(String, Name, String, String)>,
    changed_resources: BTreeMap<String, i64>,
    changed_targets: BTreeMap<String, i64>,
}

impl Relations {
    pub(in crate::emulator) fn iter(&self) -> impl Iterator<Item = &Relation> {
        self.all.iter()
    }

    /// The targets for which a relation to a resource was created.
    pub(in crate::emulator) fn targets<'a>(
        &'a self,
        name: &'a Name,
        resource: &'a str,
    ) -> impl Iterator<Item = &'a Target> {
        let before: &dyn Key = &(name, resource);
        self.all
            .range::<dyn Key + '_, _>((Bound::Included(before), Bound::Unbounded))
            .take_while(move |relation| relation.name == *name && relation.resource == *resource)
            .map(|relation| &relation.target)
    }

    /// The resources that have a target of this type and ID, by a relation.
    pub(in crate::emulator) fn resources<'a>(
        &'a self,
        name: &Name,
        target_type: &str,
        target: &str,
    ) -> impl Iterator<Item = &'a str> + use<'a> {
        let first = (target.to_owned(), name.clone(), String::new(), String::new());
        let target_type = target_type.to_owned();
        self.by_target
            .range(first.clone()..)
            .take_while(move |known| known.0 == first.0 && known.1 == first.1)
            .filter(move |known| compatible(&known.3, &target_type))
            .map(|known| &*known.2)
    }

    pub(in crate::emulator) fn insert(&mut self, relation: Relation, now: i64) {
        let there = self
            .targets(&relation.name, &relation.resource)
            .any(|known| known.matches(&relation.target));
        if there {
            return;
        }
        self.note(&relation, now);
        if let Target::One { of, id } = &relation.target {
            let Relation { name, resource, .. } = &relation;
            self.by_target.insert((id.clone(), name.clone(), resource.clone(), of.clone()));
        }
        self.all.insert(relation);
    }

    pub(in crate::emulator) fn remove(&mut self, relation: &Relation, now: i64) {
        let Relation { name, resource, target } = relation;
        let gone: Vec<Relation> = self
            .targets(name, resource)
            .filter(|known| known.matches(target))
            .map(|known| Relation { target: known.clone(), ..relation.clone() })
            .collect();
        for relation in &gone {
            self.drop_exactly(relation, now);
        }
    }

    pub(in crate::emulator) fn retain(&mut self, now: i64, keep: impl Fn(&Relation) -> bool) {
        let gone: Vec<Relation> =
            self.all.iter().filter(|relation| !keep(relation)).cloned().collect();
        for relation in &gone {
            self.drop_exactly(relation, now);
        }
    }

    /// Renames types or relations wherever they occur.
    pub(in crate::emulator) fn rename(&mut self, now: i64, new: impl Fn(&Name) -> Name) {
        for mut relation in self.all.clone() {
            self.drop_exactly(&relation, now);
            relation.name = new(&relation.name);
            match &mut relation.target {
                Target::One { of, .. } => *of = new(&Name::new(of, "")).of,
                Target::Set { name, .. } => *name = new(name),
                Target::Query(_) => {}
            }
            self.insert(relation, now);
        }
    }

    fn drop_exactly(&mut self, relation: &Relation, now: i64) {
        self.all.remove(relation);
        if let Target::One { of, id } = &relation.target {
            let Relation { name, resource, .. } = relation;
            self.by_target.remove(&(id.clone(), name.clone(), resource.clone(), of.clone()));
        }
        self.note(relation, now);
    }

    fn note(&mut self, relation: &Relation, now: i64) {
        self.changed_resources.insert(relation.resource.clone(), now);
        if let Some(id) = relation.target.id() {
            self.changed_targets.insert(id.to_owned(), now);
        }
    }

    /// The resources and the targets that were part of a change since then.
    pub(in crate::emulator) fn changed(&self, since: i64) -> (Vec<&str>, Vec<&str>) {
        (newer_than(&self.changed_resources, since), newer_than(&self.changed_targets, since))
    }
}

fn newer_than(changed: &BTreeMap<String, i64>, since: i64) -> Vec<&str> {
    changed.iter().filter(|(_, at)| **at >= since).map(|(id, _)| &**id).collect()
}

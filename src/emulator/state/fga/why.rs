//! Says why a relation holds: which relations lead from the target to the resource.

use std::collections::{HashMap, VecDeque};

use super::evaluate::{Bits, Gate, Kind, Network, Question, World};
use super::model::Expression;
use super::name::Name;
use super::relations::{Relation, Target, compatible};

/// How deep paths are within paths, and how many there are. What goes beyond is left out.
const DEEPEST: usize = 16;
const MOST: usize = 1000;

/// Relations of which each follows from the next, and the last was created, or follows from all of the paths
/// in it.
pub(in crate::emulator) struct Path {
    pub(in crate::emulator) steps: Vec<Step>,
}

pub(in crate::emulator) struct Step {
    pub(in crate::emulator) relation: Relation,
    /// Whether the schema lets it follow from others.
    pub(in crate::emulator) derived: bool,
    pub(in crate::emulator) paths: Vec<Path>,
}

impl<'a> World<'a> {
    /// Why the target has the relation; `None` if it has not.
    pub(in crate::emulator) fn why(self, question: &'a Question) -> Option<Path> {
        let mut network = Network::new(self);
        let gate = network.relation(&question.name, &question.resource);
        network.complete();
        let reasons = reasons(&network, &question.target);
        let named = network.known.iter().flat_map(|(name, gates)| {
            gates.iter().map(|(resource, gate)| (*gate, (*name, *resource)))
        });
        let (named, target) = (named.collect(), &question.target);
        let mut why = Why { world: self, reasons, named, target, paths: 0 };
        why.reasons[gate].is_some().then(|| why.path(gate, 0))
    }
}

/// For each gate that is true, those that make it true, of which none needs the gate itself. They are found
/// in the order of their distance from what was created, so that paths are short.
fn reasons(network: &Network<'_>, target: &Target) -> Vec<Option<Vec<Gate>>> {
    let holds = network.evaluate(&[target]);
    let bits = Bits::new(network.world, &[target]);
    let mut reasons: Vec<Option<Vec<Gate>>> = vec![None; holds.len()];
    let mut found = VecDeque::new();
    for (gate, kind) in network.kinds.iter().enumerate() {
        let at_once = match kind {
            Kind::Any(created, _) => created.iter().any(|known| bits.of(known) != 0),
            Kind::All(gates) => gates.is_empty(),
            Kind::Without(..) => false,
        };
        if at_once {
            reasons[gate] = Some(Vec::new());
            found.push_back(gate);
        }
    }
    while let Some(gate) = found.pop_front() {
        for dependent in network.dependents(gate) {
            if reasons[*dependent].is_some() || holds[*dependent] & 1 == 0 {
                continue;
            }
            let known = |gate: &&Gate| reasons[**gate].is_some();
            let reason = match &network.kinds[*dependent] {
                Kind::Any(_, gates) => gates.iter().find(known).map(|gate| vec![*gate]),
                Kind::All(gates) => gates.iter().all(|gate| known(&gate)).then(|| gates.clone()),
                Kind::Without(first, _) => Some(first).filter(known).map(|gate| vec![*gate]),
            };
            if reason.is_some() {
                reasons[*dependent] = reason;
                found.push_back(*dependent);
            }
        }
    }
    reasons
}

struct Why<'a> {
    world: World<'a>,
    reasons: Vec<Option<Vec<Gate>>>,
    /// The relations that gates are of. Others are parts of a definition.
    named: HashMap<Gate, (&'a Name, &'a str)>,
    target: &'a Target,
    /// Paths that were made.
    paths: usize,
}

impl Why<'_> {
    fn path(&mut self, gate: Gate, depth: usize) -> Path {
        self.paths += 1;
        let mut steps: Vec<Step> = Vec::new();
        let (mut at, mut above): (Gate, Option<(&Name, &str)>) = (gate, None);
        loop {
            if let Some(here) = self.named.get(&at) {
                let created = above.and_then(|above| self.between(above, *here));
                steps.extend(created.map(|relation| self.step(relation)));
                let target = self.target.clone();
                let relation =
                    Relation { name: here.0.clone(), resource: here.1.to_owned(), target };
                steps.push(self.step(relation));
                above = Some(*here);
            }
            match self.reasons[at].clone().unwrap_or_default()[..] {
                [] => break,
                [only] => at = only,
                ref several => {
                    let room = depth < DEEPEST && self.paths < MOST;
                    if let Some(last) = steps.last_mut().filter(|_| room) {
                        last.paths =
                            several.iter().map(|gate| self.path(*gate, depth + 1)).collect();
                    }
                    break;
                }
            }
        }
        Path { steps }
    }

    fn step(&self, relation: Relation) -> Step {
        let Name { of, name } = &relation.name;
        let definition = self.world.model.definition(of, name);
        let expressions = definition.and_then(|definition| definition.node.as_ref());
        let expressions = expressions.iter().flat_map(|node| node.expressions());
        let derived = expressions.into_iter().any(|expression| *expression != Expression::Own);
        Step { relation, derived, paths: Vec::new() }
    }

    /// The relation that was created between what follows and what it follows from, if they are of two
    /// things.
    fn between(&self, above: (&Name, &str), below: (&Name, &str)) -> Option<Relation> {
        let ((name, resource), (other, thing)) = (above, below);
        let created = |name: &Name, resource: &str, wanted: &dyn Fn(&Target) -> bool| {
            let mut targets = self.world.relations.targets(name, resource);
            let target = targets.find(|target| wanted(target))?.clone();
            Some(Relation { name: name.clone(), resource: resource.to_owned(), target })
        };
        let is_set = |target: &Target| matches!(target, Target::Set { name, resource } if name == other && resource == thing);
        let is_one = |target: &Target, kind: &str, wanted: &str| matches!(target, Target::One { of, id } if compatible(of, kind) && id == wanted);
        let definition = self.world.model.definition(&name.of, &name.name)?;
        let expressions = definition.node.iter().flat_map(|node| node.expressions());
        let followed = expressions.filter_map(|expression| match expression {
            Expression::Right { follow, then } if then == other => {
                created(follow, resource, &|target| is_one(target, &then.of, thing))
            }
            Expression::Left { follow, then } if then == other => {
                created(follow, thing, &|target| is_one(target, &name.of, resource))
            }
            _ => None,
        });
        followed.into_iter().next().or_else(|| created(name, resource, &is_set))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::emulator::Emulator;

    /// An emulator with a schema and relations, each in words: `doc plan viewer user ada`.
    fn world(dsl: &str, relations: &[&str]) -> Emulator {
        let emulator = Emulator::new();
        emulator.manage("/v1/mgmt/fga/schema", &json!({ "dsl": dsl }));
        let tuples: Vec<_> = relations.iter().map(|relation| tuple(relation)).collect();
        emulator.manage("/v1/mgmt/fga/relations", &json!({ "tuples": tuples }));
        emulator
    }

    fn tuple(words: &str) -> Value {
        let words: Vec<_> = words.split(' ').collect();
        let [resource_type, resource, relation, target_type, target] = words[..] else {
            panic!("{words:?}")
        };
        json!({
            "resourceType": resource_type, "resource": resource, "relation": relation,
            "targetType": target_type, "target": target,
        })
    }

    /// The relations of a path, with those of the paths within in brackets.
    fn words(path: &Value) -> String {
        let steps = path["steps"].as_array().into_iter().flatten().map(|step| {
            let of = &step["tuple"];
            let names = ["resourceType", "resource", "relation", "targetType", "target"];
            let texts = names.map(|name| of[name].as_str().unwrap_or_default());
            let within = step["subPaths"].as_array().into_iter().flatten();
            let within: Vec<_> = within.map(|path| format!(" [{}]", words(path))).collect();
            texts.join(" ") + &within.concat()
        });
        steps.collect::<Vec<_>>().join(", ")
    }

    fn why(emulator: &Emulator, question: &str) -> Value {
        let body = json!({ "tuples": [tuple(question)], "computePaths": true });
        emulator.manage("/v1/mgmt/fga/check", &body)["tuples"][0].clone()
    }

    const DSL: &str = "model AuthZ 1.0\n\
        type user\n\
        type org\n  relation member: user\n\
        type folder\n  relation parent: folder\n  relation owner: user | org#member\n\
          permission can_edit: owner | parent.can_edit\n\
        type doc\n  relation parent: folder\n  relation signed: user\n  relation banned: user\n\
          permission can_edit: parent.can_edit\n\
          permission can_publish: can_edit & signed\n\
          permission can_read: can_edit - banned\n";

    #[test]
    fn a_path_leads_through_what_was_created() {
        let emulator = world(
            DSL,
            &[
                "org acme member user ada",
                "folder top owner org#member acme",
                "folder sub parent folder top",
                "doc plan parent folder sub",
                "doc plan signed user ada",
            ],
        );
        let of_edit = "doc plan can_edit user ada, doc plan parent folder sub, \
            folder sub can_edit user ada, folder sub parent folder top, folder top can_edit user ada, \
            folder top owner user ada, folder top owner org#member acme, org acme member user ada";
        let found = why(&emulator, "doc plan can_edit user ada");
        assert_eq!(words(&found["info"]["path"]), of_edit);
        let steps = &found["info"]["path"]["steps"];
        assert_eq!(
            (&steps[0]["permission"], steps[1].get("permission")),
            (&json!("can_edit"), None)
        );
        assert_eq!(
            words(&why(&emulator, "doc plan can_publish user ada")["info"]["path"]),
            format!("doc plan can_publish user ada [{of_edit}] [doc plan signed user ada]")
        );
        assert_eq!(
            words(&why(&emulator, "doc plan can_read user ada")["info"]["path"]),
            format!("doc plan can_read user ada, {of_edit}")
        );
        let direct = why(&emulator, "org acme member user ada");
        assert_eq!(words(&direct["info"]["path"]), "org acme member user ada");
    }

    #[test]
    fn what_does_not_hold_has_no_path_and_nobody_gets_one_unasked() {
        let emulator = world(DSL, &["doc plan signed user ada"]);
        let refused = why(&emulator, "doc plan can_publish user ada");
        assert_eq!((&refused["allowed"], refused["info"].get("path")), (&json!(false), None));
        let body = json!({ "tuples": [tuple("doc plan signed user ada")] });
        let unasked = emulator.manage("/v1/mgmt/fga/check", &body)["tuples"][0].clone();
        assert_eq!((&unasked["allowed"], unasked["info"].get("path")), (&json!(true), None));
    }

    #[test]
    fn cycles_are_left_by_the_shortest_way_and_depth_is_limited() {
        let mut relations = vec!["folder a parent folder b", "folder b parent folder a"];
        relations.push("folder b owner user ada");
        let emulator = world(DSL, &relations);
        assert_eq!(
            words(&why(&emulator, "folder a can_edit user ada")["info"]["path"]),
            "folder a can_edit user ada, folder a parent folder b, folder b can_edit user ada, \
             folder b owner user ada"
        );
        // Each folder's permission is an intersection, so that paths would be as deep as the folders.
        let dsl = "model AuthZ 1.0\ntype user\ntype folder\n  relation parent: folder\n  relation owner: user\n  \
            permission deep: (owner & parent.deep) | (owner - parent.deep)\n";
        let chain: Vec<String> = (0..200)
            .flat_map(|n| {
                let parent = format!("folder f{n} parent folder f{}", n + 1);
                [parent, format!("folder f{n} owner user ada")]
            })
            .chain(["folder f200 owner user ada".to_owned()])
            .collect();
        let chain: Vec<&str> = chain.iter().map(|relation| &**relation).collect();
        let emulator = world(dsl, &chain);
        let found = why(&emulator, "folder f0 deep user ada");
        assert_eq!(found["allowed"], true);
        let path = words(&found["info"]["path"]);
        assert!(path.contains("f16 deep") && !path.contains("f17 deep"), "{path}");
    }
}

//! The emulator's evaluation against another: a fixpoint over all tuples, in the most naive way.
//!
//! Schemas and relations are made at random, from fixed seeds. Exclusion is stratified: what is
//! excluded is of a lower level than what it is excluded from, so that the fixpoint is defined.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

use descope::Client;
use descope::emulator::Emulator;
use descope::mgmt::fga::Relation;

const TYPES: usize = 3;
const OBJECTS: usize = 3;
const USERS: usize = 4;
const SCHEMAS: u64 = 2000;

/// xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap() % end
    }
}

#[derive(Debug)]
enum Expression {
    /// A relation or a permission of the same type.
    Own(String),
    /// `relation.name`: what `name` is at the objects of the relation.
    Arrow(String, String),
    Any(Vec<Expression>),
    All(Vec<Expression>),
    Without(Box<Expression>, Box<Expression>),
}

/// What a relation may point at.
#[derive(Clone, Debug, PartialEq)]
enum Allowed {
    Users,
    /// Those who have a relation to objects of a type.
    Set(usize, String),
    Objects(usize),
}

struct Schema {
    /// By type: relations, and permissions with their level.
    relations: Vec<Vec<(String, Vec<Allowed>)>>,
    permissions: Vec<Vec<(String, usize, Expression)>>,
}

impl Schema {
    fn new(random: &mut Random) -> Self {
        let relations: Vec<Vec<_>> = (0..TYPES)
            .map(|_| {
                let set = |random: &mut Random| {
                    Allowed::Set(random.below(TYPES), format!("r{}", random.below(2)))
                };
                vec![
                    ("r0".to_owned(), vec![Allowed::Users]),
                    ("r1".to_owned(), vec![Allowed::Users, set(random)]),
                    ("up".to_owned(), vec![Allowed::Objects(random.below(TYPES))]),
                ]
            })
            .collect();
        let mut schema = Self { relations, permissions: (0..TYPES).map(|_| Vec::new()).collect() };
        for level in 0..TYPES * 2 {
            let of = level % TYPES;
            let name = format!("p{}", level / TYPES);
            let expression = schema.expression(random, of, level, 2, &name);
            schema.permissions[of].push((name, level, expression));
        }
        schema
    }

    /// Uses what is of this level or below, or below it for what is excluded.
    fn expression(
        &self,
        random: &mut Random,
        of: usize,
        level: usize,
        depth: usize,
        own: &str,
    ) -> Expression {
        let kind = if depth == 0 { random.below(2) } else { random.below(5) };
        let mut inner = || self.expression(random, of, level, depth - 1, own);
        match kind {
            2 => Expression::Any(vec![inner(), inner()]),
            3 => Expression::All(vec![inner(), inner()]),
            4 => {
                let first = inner();
                let lower = Expression::Own(format!("r{}", random.below(2)));
                let lower = match self.permissions[of].last() {
                    Some((name, below, _)) if *below < level && random.below(2) == 0 => {
                        Expression::Own(name.clone())
                    }
                    _ => lower,
                };
                Expression::Without(Box::new(first), Box::new(lower))
            }
            1 => {
                let Allowed::Objects(above) = self.relations[of][2].1[0] else { unreachable!() };
                let mut names = vec!["r0".to_owned(), "r1".to_owned()];
                names.extend(self.permissions[above].iter().map(|(name, ..)| name.clone()));
                if above == of {
                    names.push(own.to_owned());
                }
                Expression::Arrow("up".to_owned(), names.swap_remove(random.below(names.len())))
            }
            _ => {
                let mut names = vec!["r0".to_owned(), "r1".to_owned()];
                names.extend(self.permissions[of].iter().map(|(name, ..)| name.clone()));
                Expression::Own(names.swap_remove(random.below(names.len())))
            }
        }
    }

    fn text(&self) -> String {
        let mut text = "model AuthZ 1.0\n\ntype user\n".to_owned();
        for of in 0..TYPES {
            writeln!(text, "\ntype t{of}").unwrap();
            for (name, allowed) in &self.relations[of] {
                let allowed: Vec<_> = allowed
                    .iter()
                    .map(|allowed| match allowed {
                        Allowed::Users => "user".to_owned(),
                        Allowed::Set(of, relation) => format!("t{of}#{relation}"),
                        Allowed::Objects(of) => format!("t{of}"),
                    })
                    .collect();
                writeln!(text, "  relation {name}: {}", allowed.join(" | ")).unwrap();
            }
            for (name, _, expression) in &self.permissions[of] {
                writeln!(text, "  permission {name}: {}", show(expression)).unwrap();
            }
        }
        text
    }
}

/// Counts what schemas are made of.
fn count(expression: &Expression, counts: &mut BTreeMap<&'static str, usize>) {
    let (what, parts): (_, Vec<&Expression>) = match expression {
        Expression::Own(_) => return,
        Expression::Arrow(..) => ("arrows", Vec::new()),
        Expression::Any(parts) => ("unions", parts.iter().collect()),
        Expression::All(parts) => ("intersections", parts.iter().collect()),
        Expression::Without(first, rest) => ("exclusions", vec![first, rest]),
    };
    *counts.entry(what).or_default() += 1;
    for part in parts {
        count(part, counts);
    }
}

/// Whether relations lead from an object back to it.
fn has_cycle(tuples: &[(Object, String, Target)]) -> bool {
    let next = |from: &Object| -> HashSet<Object> {
        let of = tuples.iter().filter(|(object, ..)| object == from);
        of.filter_map(|(_, _, target)| match target {
            Target::User(_) => None,
            Target::Set(object, _) | Target::Object(object) => Some(*object),
        })
        .collect()
    };
    tuples.iter().any(|(start, ..)| {
        let (mut reached, mut left) = (HashSet::new(), next(start));
        while let Some(object) = left.iter().next().copied() {
            left.remove(&object);
            if reached.insert(object) {
                left.extend(next(&object).difference(&reached));
            }
        }
        reached.contains(start)
    })
}

fn show(expression: &Expression) -> String {
    let join = |parts: &[Expression], by: &str| {
        let parts: Vec<_> = parts.iter().map(show).collect();
        format!("({})", parts.join(by))
    };
    match expression {
        Expression::Own(name) => name.clone(),
        Expression::Arrow(relation, name) => format!("{relation}.{name}"),
        Expression::Any(parts) => join(parts, " | "),
        Expression::All(parts) => join(parts, " & "),
        Expression::Without(first, rest) => format!("({} - {})", show(first), show(rest)),
    }
}

/// An object: its type and number.
type Object = (usize, usize);

/// A relation that was made: object, name, and what it points at.
#[derive(Debug)]
enum Target {
    User(usize),
    Set(Object, String),
    Object(Object),
}

fn tuples(random: &mut Random, schema: &Schema) -> Vec<(Object, String, Target)> {
    (0..random.below(40))
        .map(|_| {
            let object = (random.below(TYPES), random.below(OBJECTS));
            let relations = &schema.relations[object.0];
            let (name, allowed) = &relations[random.below(relations.len())];
            let target = match &allowed[random.below(allowed.len())] {
                Allowed::Users => Target::User(random.below(USERS)),
                Allowed::Set(of, relation) => {
                    Target::Set((*of, random.below(OBJECTS)), relation.clone())
                }
                Allowed::Objects(of) => Target::Object((*of, random.below(OBJECTS))),
            };
            (object, name.clone(), target)
        })
        .collect()
}

fn relation((object, name, target): &(Object, String, Target)) -> Relation {
    let (of, id) = (format!("t{}", object.0), format!("o{}", object.1));
    match target {
        Target::User(user) => Relation::new(of, id, name, "user", format!("u{user}")),
        Target::Set(set, relation) => {
            Relation::new(of, id, name, format!("t{}#{relation}", set.0), format!("o{}", set.1))
        }
        Target::Object(other) => {
            Relation::new(of, id, name, format!("t{}", other.0), format!("o{}", other.1))
        }
    }
}

type Facts<'s> = HashSet<(Object, &'s str, usize)>;

/// All that holds of users.
fn reference<'s>(schema: &'s Schema, tuples: &'s [(Object, String, Target)]) -> Facts<'s> {
    let mut facts = Facts::new();
    loop {
        let before = facts.len();
        for (object, name, target) in tuples {
            for user in 0..USERS {
                let holds = match target {
                    Target::User(one) => *one == user,
                    Target::Set(set, relation) => facts.contains(&(*set, &**relation, user)),
                    Target::Object(_) => false,
                };
                if holds {
                    facts.insert((*object, &**name, user));
                }
            }
        }
        if facts.len() == before {
            break;
        }
    }
    for level in 0..TYPES * 2 {
        let (of, (name, _, expression)) = schema
            .permissions
            .iter()
            .enumerate()
            .flat_map(|(of, permissions)| {
                permissions.iter().map(move |permission| (of, permission))
            })
            .find(|(_, (_, of, _))| *of == level)
            .unwrap();
        loop {
            let mut new = Vec::new();
            for object in 0..OBJECTS {
                for user in 0..USERS {
                    if holds(expression, (of, object), user, tuples, &facts) {
                        new.push(((of, object), &**name, user));
                    }
                }
            }
            let before = facts.len();
            facts.extend(new);
            if facts.len() == before {
                break;
            }
        }
    }
    facts
}

fn holds(
    expression: &Expression,
    object: Object,
    user: usize,
    tuples: &[(Object, String, Target)],
    facts: &Facts<'_>,
) -> bool {
    let of = |expression: &Expression| holds(expression, object, user, tuples, facts);
    match expression {
        Expression::Own(name) => facts.contains(&(object, &**name, user)),
        Expression::Arrow(relation, name) => {
            tuples.iter().any(|(at, through, target)| match target {
                Target::Object(next) if *at == object && through == relation => {
                    facts.contains(&(*next, &**name, user))
                }
                _ => false,
            })
        }
        Expression::Any(parts) => parts.iter().any(of),
        Expression::All(parts) => parts.iter().all(of),
        Expression::Without(first, rest) => of(first) && !of(rest),
    }
}

#[test]
fn evaluation_agrees_with_a_fixpoint_over_all_tuples() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let fga = client.mgmt().fga();
    let (mut asked, mut held) = (0, 0);
    let mut counts = BTreeMap::new();
    for seed in 1..=SCHEMAS {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let schema = Schema::new(&mut random);
        let tuples = tuples(&mut random, &schema);
        let facts = reference(&schema, &tuples);
        let expressions = schema.permissions.iter().flatten();
        expressions.for_each(|(_, _, expression)| count(expression, &mut counts));
        *counts.entry("relations").or_default() += tuples.len();
        let sets = tuples.iter().filter(|(_, _, target)| matches!(target, Target::Set(..)));
        *counts.entry("usersets").or_default() += sets.count();
        *counts.entry("cyclic graphs").or_default() += usize::from(has_cycle(&tuples));
        let text = schema.text();
        fga.delete_all_relations().unwrap();
        fga.save_schema(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        fga.create_relations(&tuples.iter().map(relation).collect::<Vec<_>>())
            .unwrap_or_else(|error| panic!("{error}\n{text}"));
        let (mut questions, mut expected) = (Vec::new(), Vec::new());
        for of in 0..TYPES {
            let names = ["r1", "p0", "p1"];
            for (object, name, user) in (0..OBJECTS * names.len() * USERS)
                .map(|at| (at / names.len() / USERS, names[at / USERS % names.len()], at % USERS))
            {
                let (kind, id, user_id) =
                    (format!("t{of}"), format!("o{object}"), format!("u{user}"));
                questions.push(Relation::new(kind, id, name, "user", user_id));
                expected.push(facts.contains(&((of, object), name, user)));
            }
        }
        let answers = fga.check(&questions).unwrap();
        for ((answer, expected), question) in answers.iter().zip(&expected).zip(&questions) {
            assert_eq!(answer.allowed, *expected, "seed {seed}: {question:?}\n{text}\n{tuples:#?}");
        }
        asked += questions.len();
        held += expected.iter().filter(|held| **held).count();
    }
    println!("{SCHEMAS} schemas, {asked} questions, {held} of them answered yes; {counts:?}");
    assert!(held > asked / 20, "{held} of {asked}");
    assert!(counts.len() == 7 && counts.values().all(|count| *count > 500), "{counts:?}");
}

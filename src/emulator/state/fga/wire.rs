//! Schemas and relations as the API writes them.

use serde_json::{Map, Value, json};

use super::model::{Allowed, Definition, Expression, Model, Node, Type};
use super::name::Name;
use super::query_text;
use super::relations::{Relation, Target};
use super::why::Path;
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::refusal::{Refusal, Result};

static EXPRESSION: [Field; 5] = [
    required("neType", Kind::Text),
    optional("relationDefinition", Kind::Text),
    optional("relationDefinitionNamespace", Kind::Text),
    optional("targetRelationDefinition", Kind::Text),
    optional("targetRelationDefinitionNamespace", Kind::Text),
];
static NODE: [Field; 3] = [
    required("nType", Kind::Text),
    optional("children", Kind::Objects(&NODE)),
    optional("expression", Kind::Object(&EXPRESSION)),
];
/// The wire type `AuthzRelationDefinition`.
pub(in crate::emulator) static DEFINITION: [Field; 2] =
    [required("name", Kind::Text), optional("complexDefinition", Kind::Object(&NODE))];
/// The wire type `AuthzNamespace`.
pub(in crate::emulator) static NAMESPACE: [Field; 2] =
    [required("name", Kind::Text), required("relationDefinitions", Kind::Objects(&DEFINITION))];
/// The wire type `AuthzSchema`.
pub(in crate::emulator) static SCHEMA: [Field; 2] =
    [optional("name", Kind::Text), required("namespaces", Kind::Objects(&NAMESPACE))];
static USER_QUERY: [Field; 8] = [
    optional("tenants", Kind::Texts),
    optional("roles", Kind::Texts),
    optional("text", Kind::Text),
    optional("userStatus", Kind::Texts),
    optional("statuses", Kind::Texts),
    optional("ssoOnly", Kind::Bool),
    optional("withTestUser", Kind::Bool),
    optional("customAttributes", Kind::Map),
];
/// The wire type `AuthzRelation`.
pub(in crate::emulator) static RELATION: [Field; 9] = [
    required("resource", Kind::Text),
    required("relationDefinition", Kind::Text),
    required("namespace", Kind::Text),
    optional("target", Kind::Text),
    optional("targetNamespace", Kind::Text),
    optional("targetSetResource", Kind::Text),
    optional("targetSetRelationDefinition", Kind::Text),
    optional("targetSetRelationDefinitionNamespace", Kind::Text),
    optional("query", Kind::Object(&USER_QUERY)),
];
/// The wire type `FGARelation`.
pub(in crate::emulator) static TUPLE: [Field; 5] = [
    required("resource", Kind::Text),
    required("resourceType", Kind::Text),
    required("relation", Kind::Text),
    required("target", Kind::Text),
    required("targetType", Kind::Text),
];

pub(in crate::emulator) fn read_namespace(fields: Fields<'_>) -> Result<Type> {
    let definitions = fields.objects("relationDefinitions").map(read_definition);
    let definitions: Vec<Definition> = definitions.collect::<Result<_>>()?;
    for (at, definition) in definitions.iter().enumerate() {
        if definitions.iter().take(at).any(|other| other.name == definition.name) {
            let message = format!("The relation definition {:?} appears twice", definition.name);
            return Err(Refusal::argument(message));
        }
    }
    Ok(Type { name: fields.text("name").to_owned(), definitions })
}

pub(in crate::emulator) fn read_definition(fields: Fields<'_>) -> Result<Definition> {
    let node = match fields.map("complexDefinition") {
        Some(node) => Some(read_node(Fields::new(node))?),
        None => None,
    };
    Ok(Definition { name: fields.text("name").to_owned(), node, targets: None })
}

/// The depth of the tree is limited by that of JSON that is read at all.
fn read_node(fields: Fields<'_>) -> Result<Node> {
    let kind = fields.text("nType");
    let join = match kind {
        "child" => {
            let expression = fields
                .map("expression")
                .ok_or_else(|| Refusal::argument("A child has an expression"))?;
            return read_expression(Fields::new(expression)).map(Node::Child);
        }
        "union" => Node::Union,
        "intersect" => Node::Intersect,
        "sub" => Node::Sub,
        _ => return Err(Refusal::argument(format!("There is no nType {kind:?}"))),
    };
    let nodes: Vec<Node> = fields.objects("children").map(read_node).collect::<Result<_>>()?;
    if nodes.is_empty() {
        return Err(Refusal::argument(format!("A node of the nType {kind:?} has children")));
    }
    Ok(join(nodes))
}

fn read_expression(fields: Fields<'_>) -> Result<Expression> {
    let name = |of: &str, name: &str| match (fields.some_text(of), fields.some_text(name)) {
        (Some(of), Some(name)) => Ok(Name::new(of, name)),
        _ => Err(Refusal::argument(format!("The expression needs {of} and {name}"))),
    };
    let follow = || name("relationDefinitionNamespace", "relationDefinition");
    let then = || name("targetRelationDefinitionNamespace", "targetRelationDefinition");
    match fields.text("neType") {
        "self" => Ok(Expression::Own),
        "targetSet" => Ok(Expression::Same(then()?)),
        "relationLeft" => Ok(Expression::Left { follow: follow()?, then: then()? }),
        "relationRight" => Ok(Expression::Right { follow: follow()?, then: then()? }),
        other => Err(Refusal::argument(format!("There is no neType {other:?}"))),
    }
}

pub(in crate::emulator) fn show_schema(model: &Model) -> Value {
    let namespaces = model.types.iter().map(|of| {
        let definitions = of.definitions.iter().map(show_definition).collect::<Vec<_>>();
        json!({ "name": of.name, "relationDefinitions": definitions })
    });
    let namespaces: Vec<_> = namespaces.collect();
    match &model.name {
        Some(name) => json!({ "name": name, "namespaces": namespaces }),
        None => json!({ "namespaces": namespaces }),
    }
}

fn show_definition(definition: &Definition) -> Value {
    match &definition.node {
        Some(node) => json!({ "name": definition.name, "complexDefinition": show_node(node) }),
        None => json!({ "name": definition.name }),
    }
}

fn show_node(node: &Node) -> Value {
    let (kind, nodes) = match node {
        Node::Child(expression) => {
            return json!({ "nType": "child", "expression": show_expression(expression) });
        }
        Node::Union(nodes) => ("union", nodes),
        Node::Intersect(nodes) => ("intersect", nodes),
        Node::Sub(nodes) => ("sub", nodes),
    };
    json!({ "nType": kind, "children": nodes.iter().map(show_node).collect::<Vec<_>>() })
}

fn show_expression(expression: &Expression) -> Value {
    let (kind, follow, then) = match expression {
        Expression::Own => ("self", None, None),
        Expression::Same(then) => ("targetSet", None, Some(then)),
        Expression::Left { follow, then } => ("relationLeft", Some(follow), Some(then)),
        Expression::Right { follow, then } => ("relationRight", Some(follow), Some(then)),
    };
    let mut shown = Map::from_iter([("neType".to_owned(), json!(kind))]);
    for (name, member) in [(follow, "relationDefinition"), (then, "targetRelationDefinition")] {
        if let Some(name) = name {
            shown.insert(member.to_owned(), json!(name.name));
            shown.insert(format!("{member}Namespace"), json!(name.of));
        }
    }
    Value::Object(shown)
}

pub(in crate::emulator) fn read_relation(fields: Fields<'_>) -> Result<Relation> {
    let set = (
        fields.some_text("targetSetResource"),
        fields.some_text("targetSetRelationDefinition"),
        fields.some_text("targetSetRelationDefinitionNamespace"),
    );
    let target = match (fields.some_text("target"), set, fields.map("query")) {
        (Some(id), (None, None, None), None) => {
            let of = fields.text("targetNamespace").to_owned();
            Target::One { of, id: id.to_owned() }
        }
        (None, (Some(resource), Some(name), Some(of)), None) => {
            Target::Set { name: Name::new(of, name), resource: resource.to_owned() }
        }
        (None, (None, None, None), Some(query)) => Target::Query(query_text(query)),
        _ => {
            let message = "A relation has one of a target, a whole target set and a query";
            return Err(Refusal::argument(message));
        }
    };
    Ok(Relation {
        name: Name::new(fields.text("namespace"), fields.text("relationDefinition")),
        resource: fields.text("resource").to_owned(),
        target,
    })
}

pub(in crate::emulator) fn show_relation(relation: &Relation) -> Value {
    let mut shown = json!({
        "resource": relation.resource,
        "relationDefinition": relation.name.name,
        "namespace": relation.name.of,
    });
    match &relation.target {
        Target::One { of, id } => {
            shown["target"] = json!(id);
            if !of.is_empty() {
                shown["targetNamespace"] = json!(of);
            }
        }
        Target::Set { name, resource } => {
            shown["targetSetResource"] = json!(resource);
            shown["targetSetRelationDefinition"] = json!(name.name);
            shown["targetSetRelationDefinitionNamespace"] = json!(name.of);
        }
        Target::Query(query) => {
            shown["query"] = serde_json::from_str(query).unwrap_or_default();
        }
    }
    shown
}

pub(in crate::emulator) fn read_tuple(fields: Fields<'_>) -> Relation {
    let id = fields.text("target").to_owned();
    let target = match fields.text("targetType").split_once('#') {
        Some((of, name)) => Target::Set { name: Name::new(of, name), resource: id },
        None => Target::One { of: fields.text("targetType").to_owned(), id },
    };
    Relation {
        name: Name::new(fields.text("resourceType"), fields.text("relation")),
        resource: fields.text("resource").to_owned(),
        target,
    }
}

/// A relation to a target of a known type, which only a tuple can name.
pub(in crate::emulator) fn show_tuple(relation: &Relation) -> Option<Value> {
    let Relation { name, resource, target } = relation;
    match target {
        Target::One { of, id } if !of.is_empty() => Some(json!({
            "resourceType": name.of,
            "resource": resource,
            "relation": name.name,
            "targetType": of,
            "target": id,
        })),
        _ => None,
    }
}

/// Why a relation holds: the wire type `CheckPath`. What kind of step each is, Descope has numbers for that are
/// not described.
pub(in crate::emulator) fn show_path(path: &Path) -> Value {
    let steps = path.steps.iter().map(|step| {
        let Relation { name, resource, target } = &step.relation;
        let (of, id) = match target {
            Target::One { of, id } => (of.clone(), &**id),
            Target::Set { name, resource } => (format!("{}#{}", name.of, name.name), &**resource),
            Target::Query(query) => (String::new(), &**query),
        };
        let mut shown = json!({ "tuple": {
            "resourceType": name.of,
            "resource": resource,
            "relation": name.name,
            "targetType": of,
            "target": id,
        } });
        if step.derived {
            shown["permission"] = json!(name.name);
        }
        if !step.paths.is_empty() {
            shown["subPaths"] = step.paths.iter().map(show_path).collect();
        }
        shown
    });
    json!({ "steps": steps.collect::<Vec<_>>() })
}

/// What a definition can be created for: what the language says and namespaces cannot.
pub(in crate::emulator) static TARGETS: [Field; 3] = [
    required("namespace", Kind::Text),
    required("relationDefinition", Kind::Text),
    required(
        "targets",
        Kind::Objects(&[required("type", Kind::Text), optional("relation", Kind::Text)]),
    ),
];

/// The [`TARGETS`] of all definitions of a schema that have some.
pub(in crate::emulator) fn show_targets(model: &Model) -> Vec<Value> {
    let definitions =
        model.types.iter().flat_map(|of| of.definitions.iter().map(move |is| (of, is)));
    let limited = definitions.filter_map(|(of, is)| Some((of, is, is.targets.as_ref()?)));
    limited
        .map(|(of, is, targets)| {
            let targets = targets.iter().map(|target| match target {
                Allowed::Type(of) => json!({ "type": of }),
                Allowed::Set(set) => json!({ "type": set.of, "relation": set.name }),
            });
            json!({
                "namespace": of.name,
                "relationDefinition": is.name,
                "targets": targets.collect::<Vec<_>>(),
            })
        })
        .collect()
}

/// Gives a definition its [`TARGETS`].
pub(in crate::emulator) fn restore_targets(model: &mut Model, fields: Fields<'_>) {
    let (of, name) = (fields.text("namespace"), fields.text("relationDefinition"));
    let target = |target: Fields<'_>| match target.some_text("relation") {
        Some(name) => Allowed::Set(Name::new(target.text("type"), name)),
        None => Allowed::Type(target.text("type").to_owned()),
    };
    let definitions = model.types.iter_mut().filter(|known| known.name == of);
    for definition in definitions.flat_map(|of| &mut of.definitions).filter(|is| is.name == name) {
        definition.targets = Some(fields.objects("targets").map(target).collect());
    }
}

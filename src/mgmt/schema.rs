//! Authorization schemas, as the areas `authz` and `fga` exchange them. No feature is needed.

use serde::{Deserialize, Serialize};

use crate::extra::Extra;
use crate::names::names;

/// What a project's resources are, and how targets may be related to them.
///
/// The following is the language of [`Fga::save_schema`](crate::mgmt::fga::Fga::save_schema) for
/// comparison: `type folder`, with `relation owner: user` and
/// `permission can_view: owner | parent.can_view`.
///
/// ```
/// use descope::mgmt::schema::{Expression, Namespace, Node, RelationDefinition, Schema};
///
/// let parents = Expression::relation_right(("folder", "parent"), ("folder", "can_view"));
/// let can_view = Node::union([Node::child(Expression::target_set("folder", "owner")), Node::child(parents)]);
/// let schema = Schema::new([Namespace::new(
///     "folder",
///     [
///         RelationDefinition::new("parent"),
///         RelationDefinition::new("owner"),
///         RelationDefinition::new("can_view").complex(can_view),
///     ],
/// )])
/// .name("files");
/// ```
///
/// Members that this version does not know are kept in `extra` at every level, so that a schema which
/// is loaded, changed and saved loses nothing.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Schema {
    /// A name, which can be used to keep track of versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The types of resource.
    pub namespaces: Vec<Namespace>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Schema {
    /// A schema of these types.
    pub fn new(namespaces: impl IntoIterator<Item = Namespace>) -> Self {
        Self { namespaces: namespaces.into_iter().collect(), ..Self::default() }
    }

    /// Sets [`name`](field@Self::name).
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// A type of resource, such as `doc`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// How targets may be related to resources of this type.
    pub relation_definitions: Vec<RelationDefinition>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Namespace {
    /// A type of resource with these relations.
    pub fn new(
        name: impl Into<String>,
        relation_definitions: impl IntoIterator<Item = RelationDefinition>,
    ) -> Self {
        Self {
            name: name.into(),
            relation_definitions: relation_definitions.into_iter().collect(),
            ..Self::default()
        }
    }
}

/// A way in which targets are related to resources, such as `owner`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct RelationDefinition {
    /// Its name.
    pub name: String,
    /// How it follows from other relations. Without, it holds only where it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complex_definition: Option<Node>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl RelationDefinition {
    /// A relation that holds where it was created.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Sets [`complex_definition`](field@Self::complex_definition).
    #[must_use]
    pub fn complex(mut self, definition: Node) -> Self {
        self.complex_definition = Some(definition);
        self
    }
}

/// A set of targets, in terms of other relations.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Node {
    /// How the set is made.
    #[serde(rename = "nType")]
    pub kind: NodeKind,
    /// The sets it is made of, unless it is a child.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Node>,
    /// What a child stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<Expression>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Node {
    /// The targets of one expression.
    pub fn child(expression: Expression) -> Self {
        Self { kind: NodeKind::Child, expression: Some(expression), ..Self::default() }
    }

    /// Those who are in any of these.
    pub fn union(children: impl IntoIterator<Item = Self>) -> Self {
        Self { kind: NodeKind::Union, children: children.into_iter().collect(), ..Self::default() }
    }

    /// Those who are in all of these.
    pub fn intersect(children: impl IntoIterator<Item = Self>) -> Self {
        let children = children.into_iter().collect();
        Self { kind: NodeKind::Intersect, children, ..Self::default() }
    }

    /// Those who are in the first and in none of the others.
    pub fn sub(children: impl IntoIterator<Item = Self>) -> Self {
        Self { kind: NodeKind::Sub, children: children.into_iter().collect(), ..Self::default() }
    }
}

/// How a [`Node`] is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeKind {
    /// From one expression.
    #[default]
    Child,
    /// Those in any of the children.
    Union,
    /// Those in all of the children.
    Intersect,
    /// Those in the first child and in none of the others.
    Sub,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(NodeKind { Child = "child", Union = "union", Intersect = "intersect", Sub = "sub" });

/// What a [`Node`] of the kind [`Child`](NodeKind::Child) stands for.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Expression {
    /// How the targets are found.
    #[serde(rename = "neType")]
    pub kind: ExpressionKind,
    /// The relation to follow first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation_definition: Option<String>,
    /// The namespace of `relation_definition`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation_definition_namespace: Option<String>,
    /// The relation whose targets count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_relation_definition: Option<String>,
    /// The namespace of `target_relation_definition`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_relation_definition_namespace: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Expression {
    /// The targets for which this very relation was created.
    pub fn own() -> Self {
        Self::default()
    }

    /// The targets of another relation of the same resource.
    pub fn target_set(namespace: impl Into<String>, relation: impl Into<String>) -> Self {
        Self {
            kind: ExpressionKind::TargetSet,
            target_relation_definition: Some(relation.into()),
            target_relation_definition_namespace: Some(namespace.into()),
            ..Self::default()
        }
    }

    /// The targets that have a relation to a resource which is itself a target of this one: the
    /// owners of the parent folder. Relations are pairs of namespace and name.
    pub fn relation_right(follow: (&str, &str), then: (&str, &str)) -> Self {
        Self { kind: ExpressionKind::RelationRight, ..Self::default() }.follow(follow, then)
    }

    /// The targets that have a relation to a resource of which this one is a target: the members of
    /// the organizations below. Relations are pairs of namespace and name.
    pub fn relation_left(follow: (&str, &str), then: (&str, &str)) -> Self {
        Self { kind: ExpressionKind::RelationLeft, ..Self::default() }.follow(follow, then)
    }

    fn follow(mut self, follow: (&str, &str), then: (&str, &str)) -> Self {
        self.relation_definition_namespace = Some(follow.0.to_owned());
        self.relation_definition = Some(follow.1.to_owned());
        self.target_relation_definition_namespace = Some(then.0.to_owned());
        self.target_relation_definition = Some(then.1.to_owned());
        self
    }
}

/// How the targets of an [`Expression`] are found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpressionKind {
    /// They are those for which the relation was created; `self` in the API.
    #[default]
    Own,
    /// By another relation of the same resource.
    TargetSet,
    /// By relations in which the resource is the target.
    RelationLeft,
    /// By relations in which the resource is the resource.
    RelationRight,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(ExpressionKind { Own = "self", TargetSet = "targetSet", RelationLeft = "relationLeft", RelationRight = "relationRight" });

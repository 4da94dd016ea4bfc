//! Relations, the questions about them, and the options of both.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Result;
use crate::extra::Extra;
use crate::options::setters;
use crate::{UnixMillis, UserStatus, check};

/// A relation between a resource and a target, as it was created or is to be.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(from = "WireRelation", into = "WireRelation")]
#[non_exhaustive]
pub struct Relation {
    /// The relation's namespace, such as `doc`.
    pub namespace: String,
    /// ID of the resource.
    pub resource: String,
    /// Name of the relation, such as `owner`.
    pub relation_definition: String,
    /// Who or what has the relation to the resource.
    pub target: Target,
    /// The namespace of a target that is a resource. Defaults to none, as for users.
    pub target_namespace: Option<String>,
    /// What a newer Descope says beyond the above.
    pub extra: Extra,
}

/// Who or what has a [`Relation`] to a resource.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Target {
    /// The one with this ID: a user, or another resource. It is empty if an answer names no target.
    Id(String),
    /// All who have a relation to another resource, such as the members of a group.
    Set(TargetSet),
    /// All users that this query finds.
    Users(UserQuery),
}

impl Default for Target {
    fn default() -> Self {
        Self::Id(String::new())
    }
}

/// All who have a relation to a resource, as the [`Target`] of another relation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetSet {
    /// The namespace of the relation.
    pub namespace: String,
    /// ID of the resource, such as a group.
    pub resource: String,
    /// Name of the relation to the resource, such as `member`.
    pub relation_definition: String,
}

impl TargetSet {
    /// All who have this relation to a resource: "of the `org` `acme` each `member`".
    pub fn new(
        namespace: impl Into<String>,
        resource: impl Into<String>,
        relation_definition: impl Into<String>,
    ) -> Self {
        Self {
            namespace: namespace.into(),
            resource: resource.into(),
            relation_definition: relation_definition.into(),
        }
    }
}

impl Relation {
    /// A relation to one target, in reading order: "`doc` `roadmap` has as `owner` `ada`".
    pub fn new(
        namespace: impl Into<String>,
        resource: impl Into<String>,
        relation_definition: impl Into<String>,
        target: impl Into<String>,
    ) -> Self {
        Self::to(namespace, resource, relation_definition, Target::Id(target.into()))
    }

    /// A relation to all who have a relation to another resource.
    ///
    /// ```
    /// use descope::mgmt::authz::{Relation, TargetSet};
    ///
    /// let members = TargetSet::new("org", "acme", "member");
    /// let viewers = Relation::to_target_set("doc", "roadmap", "viewer", members);
    /// assert_eq!(viewers.resource, "roadmap");
    /// ```
    pub fn to_target_set(
        namespace: impl Into<String>,
        resource: impl Into<String>,
        relation_definition: impl Into<String>,
        set: TargetSet,
    ) -> Self {
        Self::to(namespace, resource, relation_definition, Target::Set(set))
    }

    /// A relation to all users that a query finds.
    pub fn to_users(
        namespace: impl Into<String>,
        resource: impl Into<String>,
        relation_definition: impl Into<String>,
        query: UserQuery,
    ) -> Self {
        Self::to(namespace, resource, relation_definition, Target::Users(query))
    }

    fn to(
        namespace: impl Into<String>,
        resource: impl Into<String>,
        relation_definition: impl Into<String>,
        target: Target,
    ) -> Self {
        Self {
            namespace: namespace.into(),
            resource: resource.into(),
            relation_definition: relation_definition.into(),
            target,
            target_namespace: None,
            extra: Extra::default(),
        }
    }

    /// Sets [`target_namespace`](field@Self::target_namespace).
    #[must_use]
    pub fn target_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.target_namespace = Some(namespace.into());
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        check::id("resource", &self.resource)?;
        check::id("relation_definition", &self.relation_definition)?;
        check::id("namespace", &self.namespace)?;
        if let Some(namespace) = &self.target_namespace {
            check::id("target_namespace", namespace)?;
        }
        match &self.target {
            Target::Id(target) => check::id("target", target),
            Target::Set(set) => {
                let mut parts =
                    [&set.resource, &set.relation_definition, &set.namespace].into_iter();
                parts.try_for_each(|part| check::id("target_set", part))
            }
            Target::Users(_) => Ok(()),
        }
    }
}

/// A relation on the wire, which has one of `target`, the target set, and `query`.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct WireRelation {
    resource: String,
    relation_definition: String,
    namespace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_set_resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_set_relation_definition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_set_relation_definition_namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<UserQuery>,
    #[serde(flatten)]
    extra: Extra,
}

impl From<WireRelation> for Relation {
    fn from(wire: WireRelation) -> Self {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let target = match (filled(wire.target), filled(wire.target_set_resource), wire.query) {
            (None, Some(resource), _) => Target::Set(TargetSet {
                namespace: wire.target_set_relation_definition_namespace.unwrap_or_default(),
                resource,
                relation_definition: wire.target_set_relation_definition.unwrap_or_default(),
            }),
            (None, None, Some(query)) => Target::Users(query),
            (target, ..) => Target::Id(target.unwrap_or_default()),
        };
        Self {
            namespace: wire.namespace,
            resource: wire.resource,
            relation_definition: wire.relation_definition,
            target,
            target_namespace: filled(wire.target_namespace),
            extra: wire.extra,
        }
    }
}

impl From<Relation> for WireRelation {
    fn from(relation: Relation) -> Self {
        let mut wire = Self {
            resource: relation.resource,
            relation_definition: relation.relation_definition,
            namespace: relation.namespace,
            target_namespace: relation.target_namespace,
            extra: relation.extra,
            ..Self::default()
        };
        match relation.target {
            Target::Id(target) => wire.target = Some(target),
            Target::Set(set) => {
                wire.target_set_resource = Some(set.resource);
                wire.target_set_relation_definition = Some(set.relation_definition);
                wire.target_set_relation_definition_namespace = Some(set.namespace);
            }
            Target::Users(query) => wire.query = Some(query),
        }
        wire
    }
}

/// Users as the targets of a relation. What is not set lets everyone through.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserQuery {
    /// Users in any of these tenants, by ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Vec<String>>,
    /// Users with any of these roles, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Users with this text in a name, e-mail address, phone number or login ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Users of any of these statuses.
    #[serde(rename = "userStatus", alias = "statuses", skip_serializing_if = "Option::is_none")]
    pub statuses: Option<Vec<UserStatus>>,
    /// Only users who have signed in by single sign-on. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_only: Option<bool>,
    /// Includes test users. Defaults to `false`.
    #[serde(rename = "withTestUser", skip_serializing_if = "Option::is_none")]
    pub with_test_users: Option<bool>,
    /// Users with all of these custom attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

setters!(UserQuery {
    tenants: opt_list<String>, roles: opt_list<String>, text: opt<String>,
    statuses: opt_list<UserStatus>, sso_only: opt<bool>, with_test_users: opt<bool>,
    custom_attributes: opt_map<Value>,
});

/// A question to [`Authz::has_relations`](super::Authz::has_relations).
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct RelationQuery {
    /// ID of the resource.
    pub resource: String,
    /// Name of the relation, such as `viewer`.
    pub relation_definition: String,
    /// The relation's namespace, such as `doc`.
    pub namespace: String,
    /// ID of the target.
    pub target: String,
}

impl RelationQuery {
    /// In reading order: "has `doc` `roadmap` as `viewer` `ada`?"
    pub fn new(
        namespace: impl Into<String>,
        resource: impl Into<String>,
        relation_definition: impl Into<String>,
        target: impl Into<String>,
    ) -> Self {
        Self {
            namespace: namespace.into(),
            resource: resource.into(),
            relation_definition: relation_definition.into(),
            target: target.into(),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        check::id("resource", &self.resource)?;
        check::id("relation_definition", &self.relation_definition)?;
        check::id("namespace", &self.namespace)?;
        check::id("target", &self.target)
    }
}

/// An answer of [`Authz::has_relations`](super::Authz::has_relations).
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct RelationAnswer {
    /// ID of the resource.
    pub resource: String,
    /// Name of the relation, such as `viewer`.
    pub relation_definition: String,
    /// The relation's namespace, such as `doc`.
    pub namespace: String,
    /// ID of the target.
    pub target: String,
    /// Whether the target has the relation. False where the answer does not say.
    #[serde(deserialize_with = "crate::json::only_true")]
    pub has_relation: bool,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Options of [`Authz::save_namespace`](super::Authz::save_namespace) and [`Authz::save_relation_definition`](super::Authz::save_relation_definition).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SaveOptions {
    /// The name so far, where it is to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_name: Option<String>,
    /// A new name of the schema, to keep track of versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_name: Option<String>,
}

setters!(SaveOptions { old_name: opt<String>, schema_name: opt<String> });

/// Options of [`Authz::delete_namespace`](super::Authz::delete_namespace) and [`Authz::delete_relation_definition`](super::Authz::delete_relation_definition).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeleteOptions {
    /// A new name of the schema, to keep track of versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_name: Option<String>,
}

setters!(DeleteOptions { schema_name: opt<String> });

/// Options of [`Authz::who_can_access`](super::Authz::who_can_access) and [`Authz::what_can_target_access`](super::Authz::what_can_target_access).
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct AccessOptions {
    /// What the schema's conditions need to know, such as the address a request came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Map<String, Value>>,
}

setters!(AccessOptions { context: opt_map<Value> });

/// Options of [`Authz::load_resource_relations`](super::Authz::load_resource_relations).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ResourceRelations {
    /// Leaves out relations to target sets. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_target_set_relations: Option<bool>,
}

setters!(ResourceRelations { ignore_target_set_relations: opt<bool> });

/// Options of [`Authz::load_targets_relations`](super::Authz::load_targets_relations).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TargetsRelations {
    /// Includes relations to target sets of these targets. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_target_set_relations: Option<bool>,
}

setters!(TargetsRelations { include_target_set_relations: opt<bool> });

/// Options of [`Authz::load_modified`](super::Authz::load_modified).
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct ModifiedOptions {
    /// Nothing that changed earlier, in milliseconds. Defaults to 24 hours ago, the earliest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<UnixMillis>,
}

setters!(ModifiedOptions { since: opt<UnixMillis> });

/// What has changed; the answer of [`Authz::load_modified`](super::Authz::load_modified).
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Modified {
    /// IDs of the resources whose relations were created or deleted.
    pub resources: Vec<String>,
    /// IDs of the targets whose relations were created or deleted.
    pub targets: Vec<String>,
    /// Whether the schema has changed, so that any answer may.
    pub schema_changed: bool,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

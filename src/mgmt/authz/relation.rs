//! Relations, the questions about them, and the options of both.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::extra::Extra;
use crate::options::setters;
use crate::{UserStatus, check};

/// A relation between a resource and a target, as it was created or is to be.
///
/// It has exactly one of `target`, a target set, and `query`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Relation {
    /// ID of the resource.
    pub resource: String,
    /// Name of the relation, such as `owner`.
    pub relation_definition: String,
    /// The relation's namespace, such as `doc`.
    pub namespace: String,
    /// ID of the target: a user, or another resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The targets are all those who have a relation to this resource, such as a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_set_resource: Option<String>,
    /// The relation to `target_set_resource`, such as `member`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_set_relation_definition: Option<String>,
    /// The namespace of `target_set_relation_definition`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_set_relation_definition_namespace: Option<String>,
    /// The targets are all users that this finds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<UserQuery>,
}

impl Relation {
    /// A relation to one target, in reading order: "`doc` `roadmap` has as `owner` `ada`".
    pub fn new(
        namespace: impl Into<String>,
        resource: impl Into<String>,
        relation_definition: impl Into<String>,
        target: impl Into<String>,
    ) -> Self {
        Self {
            target: Some(target.into()),
            ..Self::to_none(namespace, resource, relation_definition)
        }
    }

    /// A relation to all who have a relation to another resource: namespace, resource, relation.
    ///
    /// ```
    /// use descope::mgmt::authz::Relation;
    ///
    /// let acme = Relation::to_target_set("doc", "roadmap", "owner", ("org", "acme", "member"));
    /// assert_eq!(acme.target_set_resource.as_deref(), Some("acme"));
    /// ```
    pub fn to_target_set(
        namespace: impl Into<String>,
        resource: impl Into<String>,
        relation_definition: impl Into<String>,
        (set_namespace, set_resource, set_relation): (&str, &str, &str),
    ) -> Self {
        Self {
            target_set_resource: Some(set_resource.to_owned()),
            target_set_relation_definition: Some(set_relation.to_owned()),
            target_set_relation_definition_namespace: Some(set_namespace.to_owned()),
            ..Self::to_none(namespace, resource, relation_definition)
        }
    }

    /// A relation to all users that a query finds.
    pub fn to_users(
        namespace: impl Into<String>,
        resource: impl Into<String>,
        relation_definition: impl Into<String>,
        query: UserQuery,
    ) -> Self {
        Self { query: Some(query), ..Self::to_none(namespace, resource, relation_definition) }
    }

    fn to_none(
        namespace: impl Into<String>,
        resource: impl Into<String>,
        relation_definition: impl Into<String>,
    ) -> Self {
        Self {
            namespace: namespace.into(),
            resource: resource.into(),
            relation_definition: relation_definition.into(),
            ..Self::default()
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        check::id("resource", &self.resource)?;
        check::id("relation_definition", &self.relation_definition)?;
        check::id("namespace", &self.namespace)?;
        let set = [
            &self.target_set_resource,
            &self.target_set_relation_definition,
            &self.target_set_relation_definition_namespace,
        ];
        let kinds =
            [self.target.is_some(), set.into_iter().any(Option::is_some), self.query.is_some()];
        if kinds.into_iter().filter(|kind| *kind).count() != 1 {
            return Err(Error::argument("target", "must be one of target, target set and query"));
        }
        if kinds[1] && !set.into_iter().all(Option::is_some) {
            return Err(Error::argument("target_set", "must be complete"));
        }
        let named = [("target", &self.target), ("target_set", set[0])];
        named.into_iter().try_for_each(|(name, text)| {
            text.as_ref().map_or(Ok(()), |text| check::id(name, text))
        })?;
        set.into_iter().flatten().try_for_each(|text| check::id("target_set", text))
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
}

setters!(UserQuery {
    tenants: opt_list<String>, roles: opt_list<String>, text: opt<String>,
    statuses: opt_list<UserStatus>, sso_only: opt<bool>, with_test_users: opt<bool>,
    custom_attributes: opt_map<Value>,
});

/// A question to [`Authz::has_relations`](super::Authz::has_relations), and its answer.
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
    /// The answer. False in questions, and where the answer does not say.
    #[serde(skip_serializing, deserialize_with = "crate::json::only_true")]
    pub has_relation: bool,
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
            has_relation: false,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        check::id("resource", &self.resource)?;
        check::id("relation_definition", &self.relation_definition)?;
        check::id("namespace", &self.namespace)?;
        check::id("target", &self.target)
    }
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

/// Options of [`Authz::resource_relations`](super::Authz::resource_relations).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ResourceRelations {
    /// Leaves out relations to target sets. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_target_set_relations: Option<bool>,
}

setters!(ResourceRelations { ignore_target_set_relations: opt<bool> });

/// Options of [`Authz::targets_relations`](super::Authz::targets_relations).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TargetsRelations {
    /// Includes relations to target sets of these targets. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_target_set_relations: Option<bool>,
}

setters!(TargetsRelations { include_target_set_relations: opt<bool> });

/// What has changed; the answer of [`Authz::get_modified`](super::Authz::get_modified).
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

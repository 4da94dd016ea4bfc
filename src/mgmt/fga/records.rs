//! Relations, checks, schemas and resources, as they are sent and answered.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::mgmt::schema::Schema;
use crate::options::setters;

/// A target has a relation to a resource.
///
/// The order is that of reading: "`doc` `roadmap` has as `viewer` the `user` `ada`".
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Relation {
    /// Type of the resource.
    pub resource_type: String,
    /// ID of the resource.
    pub resource: String,
    /// Name of the relation or, in checks, of the permission.
    pub relation: String,
    /// Type of the target. `org#member` stands for all members of the organization `target`.
    pub target_type: String,
    /// ID of the target.
    pub target: String,
}

impl Relation {
    /// In reading order: resource, relation, target.
    ///
    /// ```
    /// use descope::mgmt::fga::Relation;
    ///
    /// let ada = Relation::new("doc", "roadmap", "viewer", "user", "ada");
    /// let everyone_in_acme = Relation::new("doc", "roadmap", "viewer", "org#member", "acme");
    /// ```
    pub fn new(
        resource_type: impl Into<String>,
        resource: impl Into<String>,
        relation: impl Into<String>,
        target_type: impl Into<String>,
        target: impl Into<String>,
    ) -> Self {
        Self {
            resource_type: resource_type.into(),
            resource: resource.into(),
            relation: relation.into(),
            target_type: target_type.into(),
            target: target.into(),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        check::id("resource_type", &self.resource_type)?;
        check::id("resource", &self.resource)?;
        check::id("relation", &self.relation)?;
        check::id("target_type", &self.target_type)?;
        check::id("target", &self.target)
    }
}

/// One answer of [`Fga::check`](super::Fga::check).
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct Check {
    /// Whether the relation holds. False where the answer does not say.
    #[serde(deserialize_with = "crate::json::only_true")]
    pub allowed: bool,
    /// What was asked.
    #[serde(rename = "tuple")]
    pub relation: Relation,
    /// How the answer came about.
    pub info: CheckInfo,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How the answer of a check came about.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct CheckInfo {
    /// By the schema, the answer can only change with relations of the resource or of the target.
    pub direct: bool,
    /// A condition of the schema was evaluated.
    pub conditional: bool,
    /// What conditions needed to know and were not told.
    pub missing_context: Vec<String>,
    /// Why a condition could not be evaluated; `allowed` is false then.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub conditional_err: Option<String>,
    /// A fact known to Descope decided.
    pub fact_used: bool,
    /// Why the relation holds, if [`CheckOptions::compute_paths`] asks for it and it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<CheckPath>,
    /// IDs of the conditions that were true, by [`Condition::id`].
    pub true_conditions: Vec<i32>,
    /// IDs of the conditions that were false, by [`Condition::id`].
    pub false_conditions: Vec<i32>,
    /// The [version](FgaSchema::version) of the schema; `None` if the answer does not say.
    #[serde(skip)]
    pub schema_version: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The relations that lead from the target of a check to its resource.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct CheckPath {
    /// What follows from what, in the order of the answer.
    pub steps: Vec<CheckStep>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A step of a [`CheckPath`].
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct CheckStep {
    /// What kind of step it is, by the name or number that Descope has for it.
    pub step_type: String,
    /// The relation that holds, be it created or derived.
    #[serde(rename = "tuple")]
    pub relation: Relation,
    /// The permission of the schema that it follows by; empty if none.
    pub permission: String,
    /// What the step itself follows from, where it takes several relations.
    pub sub_paths: Vec<CheckPath>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Options of [`Fga::check_with`](super::Fga::check_with).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CheckOptions {
    /// What the schema's conditions need to know, such as the address a request came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Map<String, Value>>,
    /// Asks for [`CheckInfo::true_conditions`] and [`CheckInfo::false_conditions`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_conditions: Option<bool>,
    /// Asks for [`CheckInfo::path`]: why a relation holds. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compute_paths: Option<bool>,
}

setters!(CheckOptions {
    context: opt_map<Value>, list_conditions: opt<bool>, compute_paths: opt<bool>,
});

/// The answer of [`Fga::load_schema`](super::Fga::load_schema).
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct FgaSchema {
    /// The schema as it was saved. Empty if there is none.
    pub dsl: String,
    /// What Descope makes of it.
    pub schema: ParsedSchema,
    /// The version, which changes with every save.
    pub version: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What Descope makes of a schema.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct ParsedSchema {
    /// Conditions under which relations and permissions hold.
    pub conditions: Vec<Condition>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A condition of a schema, in the Common Expression Language.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Condition {
    /// Its number in this version of the schema, from 1.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// What it needs to know.
    pub params: Vec<ConditionParam>,
    /// The condition itself.
    pub expression: String,
    /// The same, type-checked: a serialized `CheckedExpr` in base64.
    pub checked_expr: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A parameter of a [`Condition`].
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct ConditionParam {
    /// Its name.
    pub name: String,
    /// Its type, such as `string`.
    #[serde(rename = "type")]
    pub param_type: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The answer of [`Fga::dry_run_schema`](super::Fga::dry_run_schema).
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct SchemaDryRun {
    /// What saving the schema would delete.
    pub deletes_preview: DeletesPreview,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What saving a schema would delete.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeletesPreview {
    /// Whether it would delete anything.
    pub has_deletes: bool,
    /// The relations whose data would go, such as `doc#viewer`.
    pub relations: Vec<String>,
    /// The types that would go.
    pub types: Vec<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Names a resource.
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ResourceId {
    /// ID of the resource.
    pub resource_id: String,
    /// Type of the resource.
    pub resource_type: String,
}

impl ResourceId {
    /// A resource of this type.
    pub fn new(resource_type: impl Into<String>, resource_id: impl Into<String>) -> Self {
        Self { resource_id: resource_id.into(), resource_type: resource_type.into() }
    }

    pub(super) fn check(&self) -> Result<()> {
        check::id("resource_type", &self.resource_type)?;
        check::id("resource_id", &self.resource_id)
    }
}

/// What is known of a resource.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ResourceDetails {
    /// ID of the resource.
    pub resource_id: String,
    /// Type of the resource.
    pub resource_type: String,
    /// What it is called.
    pub display_name: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ResourceDetails {
    /// A resource of this type, and what it is called.
    pub fn new(
        resource_type: impl Into<String>,
        resource_id: impl Into<String>,
        display_name: impl Into<String>,
    ) -> Self {
        Self {
            resource_id: resource_id.into(),
            resource_type: resource_type.into(),
            display_name: display_name.into(),
            extra: Extra::default(),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        check::id("resource_type", &self.resource_type)?;
        check::id("resource_id", &self.resource_id)?;
        check::id("display_name", &self.display_name)
    }
}

/// Options of [`Fga::load_mappable_schema`](super::Fga::load_mappable_schema) and [`Fga::search_mappable_resources`](super::Fga::search_mappable_resources).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct MappableOptions {
    /// At most this many resources of each type. Defaults to what Descope chooses.
    pub resources_limit: Option<u32>,
}

setters!(MappableOptions { resources_limit: opt_number<u32> });

impl MappableOptions {
    /// The API takes the number as a string.
    pub(super) fn limit(&self) -> Option<String> {
        self.resources_limit.map(|limit| limit.to_string())
    }
}

/// Resources to search for, with [`Fga::search_mappable_resources`](super::Fga::search_mappable_resources).
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
#[non_exhaustive]
pub struct MappableQuery {
    /// Type of the resources.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// What to look for in their names.
    pub queries: Vec<String>,
}

impl MappableQuery {
    /// Resources of this type with any of these texts in their names.
    pub fn new(
        resource_type: impl Into<String>,
        queries: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            resource_type: resource_type.into(),
            queries: queries.into_iter().map(Into::into).collect(),
        }
    }
}

/// The answer of [`Fga::load_mappable_schema`](super::Fga::load_mappable_schema).
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct MappableSchema {
    /// The types and relations.
    pub schema: Schema,
    /// The resources, type by type.
    pub mappable_resources: Vec<MappableResources>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Resources of a type.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct MappableResources {
    /// The type.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// The resources.
    pub resources: Vec<MappableResource>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A resource that groups can be mapped to.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct MappableResource {
    /// ID of the resource.
    pub resource: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

//! Fine-grained authorization: a schema in a small language, relations, and checks.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Mgmt;
use super::schema::Schema;
use crate::check;
use crate::error::Result;
use crate::json::DecodeError;
use crate::options::setters;
use crate::transport::http::Method;

/// Fine-grained authorization; see [`Mgmt::fga`].
#[derive(Clone, Copy, Debug)]
pub struct Fga<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Fine-grained authorization: who may do what with which resource, by relations between them.
    ///
    /// A schema says which relations there are and which permissions follow from them. A file system:
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::fga::Relation;
    ///
    /// let schema = "
    ///     model AuthZ 1.0
    ///
    ///     type user
    ///
    ///     type org
    ///       relation member: user
    ///       relation parent: org
    ///
    ///     type folder
    ///       relation parent: folder
    ///       relation owner: user | org#member
    ///       relation editor: user
    ///       relation viewer: user
    ///
    ///       permission can_create: owner | parent.owner
    ///       permission can_edit: editor | can_create
    ///       permission can_view: viewer | can_edit
    ///
    ///     type doc
    ///       relation parent: folder
    ///       relation owner: user | org#member
    ///       relation editor: user
    ///       relation viewer: user
    ///
    ///       permission can_create: owner | parent.owner
    ///       permission can_edit: editor | can_create
    ///       permission can_view: viewer | can_edit
    /// ";
    /// let fga = client.mgmt().fga();
    /// fga.save_schema(schema)?;
    /// fga.create_relations(&[Relation::new("doc", "some-doc", "owner", "user", "u1")])?;
    ///
    /// // An owner can also view.
    /// assert!(fga.is_allowed(&Relation::new("doc", "some-doc", "can_view", "user", "u1"))?);
    /// assert!(!fga.is_allowed(&Relation::new("doc", "some-doc", "can_view", "user", "u2"))?);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// The questions "who can access this" and "what can they access" are answered by the area
    /// `authz`, of the same schema and relations.
    pub fn fga(self) -> Fga<'c> {
        Fga(self)
    }
}

impl Fga<'_> {
    /// Saves the schema, in place of the one there is.
    ///
    /// Relations of types and relations that are no longer in it, or whose targets differ, are
    /// deleted: see [`dry_run_schema`](Self::dry_run_schema).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let fga = client.mgmt().fga();
    /// fga.save_schema("model AuthZ 1.0 type user type doc relation viewer: user")?;
    /// let error = fga.save_schema("model AuthZ 1.0 type doc relation viewer: nobody").unwrap_err();
    /// assert_eq!(error.status(), Some(400));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with HTTP status 400 if it is no schema; the message says why.
    pub fn save_schema(&self, dsl: &str) -> Result<()> {
        self.0
            .post("/v1/mgmt/fga/schema")
            .fga_cache()
            .check(check::filled("dsl", dsl))
            .field("dsl", dsl)
            .send_unit()
    }

    /// Says what saving the schema would delete. Changes nothing.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let fga = client.mgmt().fga();
    /// fga.save_schema("model AuthZ 1.0 type user type doc relation owner: user relation viewer: user")?;
    /// let change = fga.dry_run_schema("model AuthZ 1.0 type user type doc relation owner: user")?;
    /// assert!(change.deletes_preview.has_deletes);
    /// assert_eq!(change.deletes_preview.relations, ["doc#viewer"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`save_schema`](Self::save_schema).
    pub fn dry_run_schema(&self, dsl: &str) -> Result<SchemaDryRun> {
        self.0
            .post("/v1/mgmt/fga/schema/dryrun")
            .safe()
            .check(check::filled("dsl", dsl))
            .field("dsl", dsl)
            .send()
    }

    /// The schema as it is.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::fga::Relation;
    /// # client.mgmt().fga().save_schema("model AuthZ 1.0 type user type doc relation viewer: user")?;
    /// let schema = client.mgmt().fga().load_schema()?;
    /// assert!(schema.dsl.starts_with("model AuthZ 1.0"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_schema(&self) -> Result<FgaSchema> {
        self.0.get("/v1/mgmt/fga/schema").send()
    }

    /// Creates relations. One that is there already stays as it is.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::fga::Relation;
    /// # client.mgmt().fga().save_schema("model AuthZ 1.0 type user type doc relation viewer: user")?;
    /// let shared = Relation::new("doc", "plan", "viewer", "user", "ada");
    /// client.mgmt().fga().create_relations(&[shared])?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with HTTP status 400 for relations that the schema does not
    /// have, in which case none is created.
    pub fn create_relations(&self, relations: &[Relation]) -> Result<()> {
        self.0
            .post("/v1/mgmt/fga/relations")
            .fga_cache()
            .check(check_all(relations))
            .field("tuples", relations)
            .send_unit()
    }

    /// Deletes relations. One that is not there does no harm.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::fga::Relation;
    ///
    /// let fga = client.mgmt().fga();
    /// fga.save_schema("model AuthZ 1.0 type user type doc relation viewer: user")?;
    /// let shared = Relation::new("doc", "plan", "viewer", "user", "ada");
    /// fga.create_relations(std::slice::from_ref(&shared))?;
    /// fga.delete_relations(std::slice::from_ref(&shared))?;
    /// assert!(!fga.is_allowed(&shared)?);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name or ID, and for no relation at all.
    pub fn delete_relations(&self, relations: &[Relation]) -> Result<()> {
        self.0
            .post("/v1/mgmt/fga/relations/delete")
            .fga_cache()
            .check(check::not_empty("relations", relations))
            .check(check_all(relations))
            .field("tuples", relations)
            .send_unit()
    }

    /// Deletes every relation of the project. The schema stays.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::fga::Relation;
    /// # client.mgmt().fga().save_schema("model AuthZ 1.0 type user type doc relation viewer: user")?;
    /// let shared = Relation::new("doc", "plan", "viewer", "user", "ada");
    /// let fga = client.mgmt().fga();
    /// fga.create_relations(std::slice::from_ref(&shared))?;
    /// fga.delete_all_relations()?;
    /// assert!(!fga.is_allowed(&shared)?);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn delete_all_relations(&self) -> Result<()> {
        self.0.call(Method::DELETE, "/v1/mgmt/fga/relations").send_unit()
    }

    /// Asks whether a relation holds, be it created or derived.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::fga::Relation;
    /// # client.mgmt().fga().save_schema("model AuthZ 1.0 type user type doc relation viewer: user")?;
    /// let question = Relation::new("doc", "plan", "viewer", "user", "ada");
    /// let fga = client.mgmt().fga();
    /// assert!(!fga.is_allowed(&question)?);
    /// fga.create_relations(std::slice::from_ref(&question))?;
    /// assert!(fga.is_allowed(&question)?);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check), and [`Error::Decode`](crate::Error::Decode) if Descope does not
    /// answer the question.
    pub fn is_allowed(&self, relation: &Relation) -> Result<bool> {
        match &*self.check(std::slice::from_ref(relation))? {
            [check] => Ok(check.allowed),
            _ => Err(DecodeError::new("not one answer to one question").into()),
        }
    }

    /// Asks which relations hold, be they created or derived.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::fga::Relation;
    ///
    /// let fga = client.mgmt().fga();
    /// fga.save_schema("model AuthZ 1.0 type user type doc relation owner: user relation viewer: user | owner")?;
    /// fga.create_relations(&[Relation::new("doc", "plan", "owner", "user", "ada")])?;
    /// let checks = fga.check(&[
    ///     Relation::new("doc", "plan", "viewer", "user", "ada"),
    ///     Relation::new("doc", "plan", "viewer", "user", "bob"),
    /// ])?;
    /// let allowed: Vec<_> = checks.iter().map(|check| (&*check.relation.target, check.allowed)).collect();
    /// assert_eq!(allowed, [("ada", true), ("bob", false)]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with HTTP status 400 for relations that the schema does not
    /// have.
    pub fn check(&self, relations: &[Relation]) -> Result<Vec<Check>> {
        self.check_with(relations, &CheckOptions::default())
    }

    /// Asks which relations hold, given what the schema's conditions need to know.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::fga::Relation;
    /// # client.mgmt().fga().save_schema("model AuthZ 1.0 type user type doc relation viewer: user")?;
    /// use descope::mgmt::fga::CheckOptions;
    ///
    /// let options = CheckOptions::default().context([("ip", "10.0.0.1")]);
    /// let question = Relation::new("doc", "plan", "viewer", "user", "ada");
    /// let checks = client.mgmt().fga().check_with(&[question], &options)?;
    /// assert!(!checks[0].allowed);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn check_with(&self, relations: &[Relation], options: &CheckOptions) -> Result<Vec<Check>> {
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        struct Answer {
            tuples: Vec<Check>,
            schema_version: String,
        }

        let mut answer: Answer = self
            .0
            .post("/v1/mgmt/fga/check")
            .safe()
            .fga_cache()
            .check(check_all(relations))
            .field("tuples", relations)
            .fields(options)
            .send()?;
        for check in &mut answer.tuples {
            check.info.schema_version.clone_from(&answer.schema_version);
        }
        Ok(answer.tuples)
    }

    /// What is known of resources beyond their IDs. Those of which nothing is known are left out.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::fga::{ResourceDetails, ResourceId};
    ///
    /// let fga = client.mgmt().fga();
    /// fga.save_resources_details(&[ResourceDetails::new("doc", "d1", "Quarterly plan")])?;
    /// let known = fga.load_resources_details(&[ResourceId::new("doc", "d1"), ResourceId::new("doc", "d2")])?;
    /// assert_eq!(known.len(), 1);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty type or ID.
    pub fn load_resources_details(&self, resources: &[ResourceId]) -> Result<Vec<ResourceDetails>> {
        let checked = resources.iter().try_for_each(ResourceId::check);
        self.0
            .post("/v1/mgmt/fga/resources/load")
            .safe()
            .check(checked)
            .field("resourceIdentifiers", resources)
            .send_list("resourcesDetails")
    }

    /// Says what resources are called, for people to read.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::fga::{ResourceDetails, ResourceId};
    ///
    /// let fga = client.mgmt().fga();
    /// fga.save_resources_details(&[ResourceDetails::new("doc", "d1", "Quarterly plan")])?;
    /// let known = fga.load_resources_details(&[ResourceId::new("doc", "d1")])?;
    /// assert_eq!(known[0].display_name, "Quarterly plan");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty type, ID or name.
    pub fn save_resources_details(&self, resources: &[ResourceDetails]) -> Result<()> {
        let checked = resources.iter().try_for_each(ResourceDetails::check);
        self.0
            .post("/v1/mgmt/fga/resources/save")
            .check(checked)
            .field("resourcesDetails", resources)
            .send_unit()
    }

    /// The schema and resources that a tenant's groups can be mapped to.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::fga::Relation;
    /// # client.mgmt().fga().save_schema("model AuthZ 1.0 type user type doc relation viewer: user")?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// let mappable = client.mgmt().fga().load_mappable_schema("acme", &Default::default())?;
    /// println!("{} types", mappable.schema.namespaces.len());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    pub fn load_mappable_schema(
        &self,
        tenant_id: &str,
        options: &MappableOptions,
    ) -> Result<MappableSchema> {
        self.0
            .get("/v1/mgmt/fga/mappable/schema")
            .check(check::id("tenant_id", tenant_id))
            .query("tenantId", tenant_id)
            .query("resourcesLimit", options.limit().as_deref())
            .send()
    }

    /// Searches the resources that a tenant's groups can be mapped to.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::fga::Relation;
    /// # client.mgmt().fga().save_schema("model AuthZ 1.0 type user type doc relation viewer: user")?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// use descope::mgmt::fga::MappableQuery;
    ///
    /// let queries = [MappableQuery::new("doc", ["plan"])];
    /// let fga = client.mgmt().fga();
    /// for found in fga.search_mappable_resources("acme", &queries, &Default::default())? {
    ///     println!("{}: {} found", found.resource_type, found.resources.len());
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    pub fn search_mappable_resources(
        &self,
        tenant_id: &str,
        queries: &[MappableQuery],
        options: &MappableOptions,
    ) -> Result<Vec<MappableResources>> {
        let checked = queries.iter().try_for_each(|query| check::id("type", &query.resource_type));
        self.0
            .post("/v1/mgmt/fga/mappable/resources")
            .safe()
            .check(check::id("tenant_id", tenant_id))
            .check(checked)
            .field("tenantId", tenant_id)
            .field("resourcesQueries", queries)
            .field("resourcesLimit", options.limit())
            .send_list("mappableResources")
    }
}

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

    fn check(&self) -> Result<()> {
        check::id("resource_type", &self.resource_type)?;
        check::id("resource", &self.resource)?;
        check::id("relation", &self.relation)?;
        check::id("target_type", &self.target_type)?;
        check::id("target", &self.target)
    }
}

fn check_all(relations: &[Relation]) -> Result<()> {
    relations.iter().try_for_each(Relation::check)
}

/// One answer of [`Fga::check`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct Check {
    /// Whether the relation holds. False where the answer does not say.
    pub allowed: bool,
    /// What was asked.
    #[serde(rename = "tuple")]
    pub relation: Relation,
    /// How the answer came about.
    pub info: CheckInfo,
}

/// How the answer of a check came about.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
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
    pub conditional_err: String,
    /// A fact known to Descope decided.
    pub fact_used: bool,
    /// IDs of the conditions that were true, by [`Condition::id`].
    pub true_conditions: Vec<i32>,
    /// IDs of the conditions that were false, by [`Condition::id`].
    pub false_conditions: Vec<i32>,
    /// The [version](FgaSchema::version) of the schema; empty if the answer does not say.
    #[serde(skip)]
    pub schema_version: String,
}

/// Options of [`Fga::check_with`].
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
}

setters!(CheckOptions { context: opt_map<Value>, list_conditions: opt<bool> });

/// The answer of [`Fga::load_schema`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct FgaSchema {
    /// The schema as it was saved. Empty if there is none.
    pub dsl: String,
    /// What Descope makes of it.
    pub schema: ParsedSchema,
    /// The version, which changes with every save.
    pub version: String,
}

/// What Descope makes of a schema.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct ParsedSchema {
    /// Conditions under which relations and permissions hold.
    pub conditions: Vec<Condition>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A condition of a schema, in the Common Expression Language.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
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
}

/// A parameter of a [`Condition`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct ConditionParam {
    /// Its name.
    pub name: String,
    /// Its type, such as `string`.
    #[serde(rename = "type")]
    pub param_type: String,
}

/// The answer of [`Fga::dry_run_schema`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct SchemaDryRun {
    /// What saving the schema would delete.
    pub deletes_preview: DeletesPreview,
}

/// What saving a schema would delete.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeletesPreview {
    /// Whether it would delete anything.
    pub has_deletes: bool,
    /// The relations whose data would go, such as `doc#viewer`.
    pub relations: Vec<String>,
    /// The types that would go.
    pub types: Vec<String>,
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

    fn check(&self) -> Result<()> {
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
        }
    }

    fn check(&self) -> Result<()> {
        check::id("resource_type", &self.resource_type)?;
        check::id("resource_id", &self.resource_id)?;
        check::id("display_name", &self.display_name)
    }
}

/// Options of [`Fga::load_mappable_schema`] and [`Fga::search_mappable_resources`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct MappableOptions {
    /// At most this many resources of each type. Defaults to what Descope chooses.
    pub resources_limit: Option<u32>,
}

setters!(MappableOptions { resources_limit: opt<u32> });

impl MappableOptions {
    /// The API takes the number as a string.
    fn limit(&self) -> Option<String> {
        self.resources_limit.map(|limit| limit.to_string())
    }
}

/// Resources to search for, with [`Fga::search_mappable_resources`].
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

/// The answer of [`Fga::load_mappable_schema`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct MappableSchema {
    /// The types and relations.
    pub schema: Schema,
    /// The resources, type by type.
    pub mappable_resources: Vec<MappableResources>,
}

/// Resources of a type.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct MappableResources {
    /// The type.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// The resources.
    pub resources: Vec<MappableResource>,
}

/// A resource that groups can be mapped to.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct MappableResource {
    /// ID of the resource.
    pub resource: String,
}

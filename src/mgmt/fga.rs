//! Fine-grained authorization: a schema in a small language, relations, and checks. Feature `fga`.

mod bulk;
mod records;
mod remembered;

use serde::Deserialize;

pub use self::records::{
    Check, CheckInfo, CheckOptions, Condition, ConditionParam, DeletesPreview, FgaSchema,
    MappableOptions, MappableQuery, MappableResource, MappableResources, MappableSchema,
    ParsedSchema, Relation, ResourceDetails, ResourceId, SchemaDryRun,
};
use super::Mgmt;
use crate::check;
use crate::checks::Asked;
pub use crate::checks::CheckCache;
use crate::error::Result;
use crate::json::DecodeError;
use crate::transport::http::Method;

/// Fine-grained authorization; see [`Mgmt::fga`].
#[derive(Clone, Copy, Debug)]
pub struct Fga<'c>(Mgmt<'c>, Remember);

/// Whether remembered answers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remember {
    Yes,
    No,
}

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
        Fga(self, Remember::Yes)
    }
}

/// # Schema
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
}

/// # Relations and checks
impl Fga<'_> {
    /// Creates relations. One that is there already stays as it is.
    ///
    /// Descope documents no largest number per call. Send some hundred at a time, or leave it to
    /// [`create_relations_in_bulk`](Self::create_relations_in_bulk).
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
    /// Descope documents no largest number per call. Send some hundred at a time, or leave it to
    /// [`delete_relations_in_bulk`](Self::delete_relations_in_bulk).
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

    /// The same, but each check asks Descope, whatever the client
    /// [remembers](crate::ClientBuilder::fga_check_cache). Use it where an answer must not be old, as before a payment.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::fga::Relation;
    /// # client.mgmt().fga().save_schema("model AuthZ 1.0 type user type doc relation viewer: user")?;
    /// let question = Relation::new("doc", "plan", "viewer", "user", "ada");
    /// assert!(!client.mgmt().fga().uncached().is_allowed(&question)?);
    /// # Ok::<(), descope::Error>(())
    /// ```
    #[must_use]
    pub fn uncached(self) -> Self {
        Self(self.0, Remember::No)
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

    /// Asks which relations hold, whether they were created or follow from others.
    ///
    /// Descope documents no largest number of questions per call. Ask some hundred at a time, so that the
    /// answer comes before the [deadline](crate::ClientBuilder::deadline).
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
        match &self.0.0.core().shared.checks {
            Some(checks) if self.1 == Remember::Yes && options.compute_paths != Some(true) => {
                self.check_remembered(checks, relations, options)
            }
            _ => self.ask(relations, options).map(|(answers, _)| answers),
        }
    }

    /// Asks Descope. Where the client remembers answers, the second value says when this was asked.
    fn ask(
        &self,
        relations: &[Relation],
        options: &CheckOptions,
    ) -> Result<(Vec<Check>, Option<Asked>)> {
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        struct Answer {
            #[serde(deserialize_with = "crate::json::required_list")]
            tuples: Vec<Check>,
            #[serde(deserialize_with = "crate::json::filled")]
            schema_version: Option<String>,
        }

        let checks = self.0.0.core().shared.checks.as_ref();
        let asked = checks.map(|checks| checks.asking(self.0.0.clock()));
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
        let schema = answer.schema_version.as_deref();
        let asked = checks.zip(asked).map(|(checks, asked)| checks.answered(schema, asked));
        Ok((answer.tuples, asked))
    }
}

/// # Names of resources
impl Fga<'_> {
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
}

/// # Resources that groups can be mapped to
impl Fga<'_> {
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

fn check_all(relations: &[Relation]) -> Result<()> {
    relations.iter().try_for_each(Relation::check)
}

//! Relationship-based access control (ReBAC): schema by namespaces, relations, and questions about
//! them. Feature `authz`.

mod relation;
mod schema;

use serde_json::json;

pub use self::relation::{
    AccessOptions, DeleteOptions, Modified, Relation, RelationQuery, ResourceRelations,
    SaveOptions, TargetsRelations, UserQuery,
};
use super::Mgmt;
use crate::call::Call;
use crate::error::Result;
use crate::{UnixMillis, check};

/// Relationship-based access control; see [`Mgmt::authz`].
#[derive(Clone, Copy, Debug)]
pub struct Authz<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Relationship-based access control: a [schema](super::schema::Schema), relations, and questions
    /// about them.
    ///
    /// The area `fga` works on the same schema and relations, with a schema in a small language, and
    /// answers checks for many relations at once. This one also lists who can access what.
    pub fn authz(self) -> Authz<'c> {
        Authz(self)
    }
}

impl Authz<'_> {
    /// Creates relations. One that is there already stays as it is.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::authz::Relation;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema, false)?;
    /// # client.mgmt().authz().create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// let shared = Relation::new("doc", "plan", "owner", "grace");
    /// client.mgmt().authz().create_relations(&[shared])?;
    /// # assert_eq!(client.mgmt().authz().resource_relations("plan", &Default::default())?.len(), 2);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for a relation without a target or with more than
    /// one kind of target, [`Error::Api`](crate::Error::Api) with HTTP status 400 for relations that
    /// the schema does not have.
    pub fn create_relations(&self, relations: &[Relation]) -> Result<()> {
        self.0
            .post("/v1/mgmt/authz/re/create")
            .check(relations.iter().try_for_each(Relation::check))
            .field("relations", relations)
            .send_unit()
    }

    /// Deletes relations. One that is not there does no harm.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::authz::Relation;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema, false)?;
    /// # client.mgmt().authz().create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// let owner = Relation::new("doc", "plan", "owner", "ada");
    /// client.mgmt().authz().delete_relations(&[owner])?;
    /// # assert!(client.mgmt().authz().resource_relations("plan", &Default::default())?.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for a relation without exactly one kind of target,
    /// and for none at all.
    pub fn delete_relations(&self, relations: &[Relation]) -> Result<()> {
        self.0
            .post("/v1/mgmt/authz/re/delete")
            .check(check::not_empty("relations", relations))
            .check(relations.iter().try_for_each(Relation::check))
            .field("relations", relations)
            .send_unit()
    }

    /// Deletes all relations in which these resources take part, on either side.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::authz::Relation;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema, false)?;
    /// # client.mgmt().authz().create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// let authz = client.mgmt().authz();
    /// authz.delete_relations_for_resources(&["plan"])?;
    /// assert!(authz.resource_relations("plan", &Default::default())?.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty ID, and for none at all.
    pub fn delete_relations_for_resources(&self, resources: &[&str]) -> Result<()> {
        self.0
            .post("/v1/mgmt/authz/re/deleteresources")
            .ids("resources", "resources", resources)
            .send_unit()
    }

    /// Deletes all relations in which these resources are the resource, and keeps those in which they
    /// are the target.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::authz::Relation;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema, false)?;
    /// # client.mgmt().authz().create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// let authz = client.mgmt().authz();
    /// authz.delete_resource_relations_for_resources(&["plan"])?;
    /// assert!(authz.resource_relations("plan", &Default::default())?.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty ID, and for none at all.
    pub fn delete_resource_relations_for_resources(&self, resources: &[&str]) -> Result<()> {
        self.0
            .post("/v1/mgmt/authz/re/deleteresourcesrelations")
            .ids("resources", "resources", resources)
            .send_unit()
    }

    /// Asks which relations hold, be they created or derived. The answers are the questions with
    /// [`has_relation`](RelationQuery::has_relation) filled in.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::authz::Relation;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema, false)?;
    /// # client.mgmt().authz().create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// use descope::mgmt::authz::RelationQuery;
    ///
    /// let queries = [RelationQuery::new("doc", "plan", "owner", "ada")];
    /// assert!(client.mgmt().authz().has_relations(&queries)?[0].has_relation);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such namespace or relation definition.
    pub fn has_relations(&self, queries: &[RelationQuery]) -> Result<Vec<RelationQuery>> {
        self.0
            .post("/v1/mgmt/authz/re/has")
            .safe()
            .check(queries.iter().try_for_each(RelationQuery::check))
            .field("relationQueries", queries)
            .send_list("relationQueries")
    }

    /// The targets, users as a rule, that have a relation to a resource, be it created or derived.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema, false)?;
    /// use descope::mgmt::authz::Relation;
    ///
    /// let authz = client.mgmt().authz();
    /// authz.create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// assert_eq!(authz.who_can_access("doc", "plan", "owner", &Default::default())?, ["ada"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such namespace or relation definition.
    pub fn who_can_access(
        &self,
        namespace: &str,
        resource: &str,
        relation_definition: &str,
        options: &AccessOptions,
    ) -> Result<Vec<String>> {
        self.0
            .post("/v1/mgmt/authz/re/who")
            .safe()
            .fga_cache()
            .id("resource", "resource", resource)
            .id("relation_definition", "relationDefinition", relation_definition)
            .id("namespace", "namespace", namespace)
            .fields(options)
            .send_list("targets")
    }

    /// The relations that were created for a resource. Those that follow from them are not listed.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::authz::Relation;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema, false)?;
    /// # client.mgmt().authz().create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// let relations = client.mgmt().authz().resource_relations("plan", &Default::default())?;
    /// assert_eq!(relations[0].target.as_deref(), Some("ada"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty ID.
    pub fn resource_relations(
        &self,
        resource: &str,
        options: &ResourceRelations,
    ) -> Result<Vec<Relation>> {
        self.0
            .post("/v1/mgmt/authz/re/resource")
            .safe()
            .id("resource", "resource", resource)
            .fields(options)
            .send_list("relations")
    }

    /// The relations that were created for these targets. Those that follow from them are not listed.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::authz::Relation;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema, false)?;
    /// # client.mgmt().authz().create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// let relations = client.mgmt().authz().targets_relations(&["ada"], &Default::default())?;
    /// assert_eq!(relations[0].resource, "plan");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty ID.
    pub fn targets_relations(
        &self,
        targets: &[&str],
        options: &TargetsRelations,
    ) -> Result<Vec<Relation>> {
        self.0
            .post("/v1/mgmt/authz/re/targets")
            .safe()
            .check(check::ids("targets", targets))
            .field("targets", targets)
            .fields(options)
            .send_list("relations")
    }

    /// All relations that a target has, be they created or derived.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::authz::Relation;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema, false)?;
    /// # client.mgmt().authz().create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// let relations = client.mgmt().authz().what_can_target_access("ada", &Default::default())?;
    /// assert_eq!(relations[0].resource, "plan");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty ID.
    pub fn what_can_target_access(
        &self,
        target: &str,
        options: &AccessOptions,
    ) -> Result<Vec<Relation>> {
        self.0
            .post("/v1/mgmt/authz/re/targetall")
            .safe()
            .fga_cache()
            .id("target", "target", target)
            .fields(options)
            .send_list("relations")
    }

    /// The resources to which a target has a relation, be it created or derived.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::authz::Relation;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema, false)?;
    /// # client.mgmt().authz().create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// let authz = client.mgmt().authz();
    /// let plans = authz.what_can_target_access_with_relation("ada", "doc", "owner")?;
    /// assert_eq!(plans, ["plan"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such namespace or relation definition.
    pub fn what_can_target_access_with_relation(
        &self,
        target: &str,
        namespace: &str,
        relation_definition: &str,
    ) -> Result<Vec<String>> {
        self.0
            .post("/v1/mgmt/authz/re/targetwithrelation")
            .safe()
            .id("target", "target", target)
            .id("relation_definition", "relationDefinition", relation_definition)
            .id("namespace", "namespace", namespace)
            .send_list("resources")
    }

    /// What has changed since a time, in the last 24 hours: to keep a cache of answers up to date.
    ///
    /// Without a time, all changes of the last 24 hours.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::authz::Relation;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema, false)?;
    /// # client.mgmt().authz().create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// let modified = client.mgmt().authz().get_modified(None)?;
    /// assert_eq!(modified.resources, ["plan"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with HTTP status 400 if the time lies further back, or ahead.
    pub fn get_modified(&self, since: Option<UnixMillis>) -> Result<Modified> {
        self.0
            .post("/v1/mgmt/authz/getmodified")
            .safe()
            .fields(&json!({}))
            .field("since", since)
            .send()
    }
}

impl Call<'_> {
    fn id(self, argument: &'static str, name: &'static str, text: &str) -> Self {
        self.check(check::id(argument, text)).field(name, text)
    }
}

//! Changing the schema.

use super::{Authz, DeleteOptions, SaveOptions};
use crate::check;
use crate::error::Result;
use crate::mgmt::schema::{Namespace, RelationDefinition, Schema};

/// # Schema
impl Authz<'_> {
    /// Creates the schema, or adds to it.
    ///
    /// Namespaces and relation definitions that are not mentioned stay as they are. To delete them, use
    /// [`replace_schema`](Self::replace_schema).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::authz::{Relation, RelationQuery};
    /// use descope::mgmt::schema::{Expression, Namespace, Node, RelationDefinition, Schema};
    ///
    /// // Owners can also view.
    /// let viewers = Node::union([
    ///     Node::child(Expression::own()),
    ///     Node::child(Expression::target_set("doc", "owner")),
    /// ]);
    /// let schema = Schema::new([Namespace::new(
    ///     "doc",
    ///     [RelationDefinition::new("owner"), RelationDefinition::new("viewer").complex(viewers)],
    /// )]);
    /// let authz = client.mgmt().authz();
    /// authz.replace_schema(&schema)?;
    /// assert_eq!(authz.load_schema()?, schema);
    ///
    /// authz.create_relations(&[Relation::new("doc", "some-doc", "owner", "u1")])?;
    /// let answers = authz.has_relations(&[RelationQuery::new("doc", "some-doc", "viewer", "u1")])?;
    /// assert!(answers[0].has_relation);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with HTTP status 400 if it is no schema.
    pub fn save_schema(&self, schema: &Schema) -> Result<()> {
        self.store_schema(schema, false)
    }

    /// Replaces the schema: namespaces and relation definitions that are not mentioned are **deleted**
    /// with their relations.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    ///
    /// let namespace = |name| Namespace::new(name, [RelationDefinition::new("owner")]);
    /// let authz = client.mgmt().authz();
    /// authz.save_schema(&Schema::new([namespace("doc")]))?;
    /// authz.replace_schema(&Schema::new([namespace("folder")]))?;
    /// assert_eq!(authz.load_schema()?.namespaces.len(), 1);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`save_schema`](Self::save_schema).
    pub fn replace_schema(&self, schema: &Schema) -> Result<()> {
        self.store_schema(schema, true)
    }

    fn store_schema(self, schema: &Schema, upgrade: bool) -> Result<()> {
        self.0
            .post("/v1/mgmt/authz/schema/save")
            .check(schema.namespaces.iter().try_for_each(check_namespace))
            .field("schema", schema)
            .field("upgrade", upgrade)
            .send_unit()
    }

    /// Deletes the schema and all relations.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::authz::Relation;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema)?;
    /// # client.mgmt().authz().create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// let authz = client.mgmt().authz();
    /// authz.delete_schema()?;
    /// assert!(authz.load_schema()?.namespaces.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn delete_schema(&self) -> Result<()> {
        self.0.post("/v1/mgmt/authz/schema/delete").send_unit()
    }

    /// The schema as it is.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::authz::Relation;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema)?;
    /// # client.mgmt().authz().create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// let schema = client.mgmt().authz().load_schema()?;
    /// assert_eq!(schema.namespaces[0].name, "doc");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_schema(&self) -> Result<Schema> {
        self.0.post("/v1/mgmt/authz/schema/load").safe().send_field("schema")
    }

    /// Creates a namespace, or adds to it. Relation definitions that are not mentioned stay as they
    /// are.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::schema::{Namespace, RelationDefinition};
    ///
    /// let folder = Namespace::new("folder", [RelationDefinition::new("owner")]);
    /// client.mgmt().authz().save_namespace(&folder, &Default::default())?;
    /// # assert_eq!(client.mgmt().authz().load_schema()?.namespaces, [folder]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with HTTP status 400 if it does not fit into the schema.
    pub fn save_namespace(&self, namespace: &Namespace, options: &SaveOptions) -> Result<()> {
        self.0
            .post("/v1/mgmt/authz/ns/save")
            .check(check_namespace(namespace))
            .field("namespace", namespace)
            .fields(options)
            .send_unit()
    }

    /// Deletes a namespace with its relations.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::authz::Relation;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema)?;
    /// # client.mgmt().authz().create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// client.mgmt().authz().delete_namespace("doc", &Default::default())?;
    /// # assert!(client.mgmt().authz().load_schema()?.namespaces.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such namespace.
    pub fn delete_namespace(&self, name: &str, options: &DeleteOptions) -> Result<()> {
        self.0.post("/v1/mgmt/authz/ns/delete").id("name", "name", name).fields(options).send_unit()
    }

    /// Creates a relation definition, or replaces it. The others of the namespace stay as they are.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::authz::Relation;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema)?;
    /// # client.mgmt().authz().create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// let viewer = RelationDefinition::new("viewer");
    /// client.mgmt().authz().save_relation_definition("doc", &viewer, &Default::default())?;
    /// # assert_eq!(client.mgmt().authz().load_schema()?.namespaces[0].relation_definitions.len(), 2);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such namespace.
    pub fn save_relation_definition(
        &self,
        namespace: &str,
        relation_definition: &RelationDefinition,
        options: &SaveOptions,
    ) -> Result<()> {
        self.0
            .post("/v1/mgmt/authz/rd/save")
            .id("namespace", "namespace", namespace)
            .check(check::id("relation_definition", &relation_definition.name))
            .field("relationDefinition", relation_definition)
            .fields(options)
            .send_unit()
    }

    /// Deletes a relation definition with its relations.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::authz::Relation;
    /// # use descope::mgmt::schema::{Namespace, RelationDefinition, Schema};
    /// # let schema = Schema::new([Namespace::new("doc", [RelationDefinition::new("owner")])]);
    /// # client.mgmt().authz().save_schema(&schema)?;
    /// # client.mgmt().authz().create_relations(&[Relation::new("doc", "plan", "owner", "ada")])?;
    /// client.mgmt().authz().delete_relation_definition("doc", "owner", &Default::default())?;
    /// # assert!(client.mgmt().authz().load_schema()?.namespaces[0].relation_definitions.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such namespace or relation definition.
    pub fn delete_relation_definition(
        &self,
        namespace: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<()> {
        self.0
            .post("/v1/mgmt/authz/rd/delete")
            .id("name", "name", name)
            .id("namespace", "namespace", namespace)
            .fields(options)
            .send_unit()
    }
}

fn check_namespace(namespace: &Namespace) -> Result<()> {
    check::id("namespace", &namespace.name)?;
    let mut definitions = namespace.relation_definitions.iter();
    definitions.try_for_each(|definition| check::id("relation_definition", &definition.name))
}

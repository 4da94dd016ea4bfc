//! Roles: named sets of permissions, of the project or of one tenant. Feature `mgmt-role`.

use serde::{Deserialize, Serialize};

use super::Mgmt;
use crate::call::Call;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::jwt::Scope;
use crate::options::setters;
use crate::page::Sort;
use crate::time::UnixTime;

/// Roles; see [`Mgmt::role`].
///
/// A role belongs to the project, and is there for all its tenants, or to one tenant. Either may have a
/// role of the same name, so that a name alone does not say which is meant: a [`Scope`] goes with it.
#[derive(Clone, Copy, Debug)]
pub struct Roles<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Roles: named sets of permissions.
    pub fn role(self) -> Roles<'c> {
        Roles(self)
    }
}

/// # Creating, changing, loading and deleting
impl Roles<'_> {
    /// Creates a role.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().permission().create("My Updated Permission", &Default::default())?;
    /// use descope::Scope;
    /// use descope::mgmt::role::RoleDetails;
    ///
    /// let details = RoleDetails::default()
    ///     .description("What this role allows.")
    ///     .permissions(["My Updated Permission"]);
    /// client.mgmt().role().create(Scope::Project, "My Role", &details)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is a role of that name in the scope, or no such
    /// tenant or permission.
    pub fn create(&self, scope: Scope<'_>, name: &str, details: &RoleDetails) -> Result<()> {
        self.0
            .post("/v1/mgmt/role/create")
            .check(check::id("name", name))
            .field("name", name)
            .scope(scope)
            .fields(details)
            .send_unit()
    }

    /// Creates several roles, and returns them.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::role::NewRole;
    ///
    /// let made = client.mgmt().role().create_batch(&[NewRole::new("Reader"), NewRole::new("Writer")])?;
    /// assert_eq!(made.len(), 2);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list or name,
    /// [`Error::Api`](crate::Error::Api) if there is a role of one of the names.
    pub fn create_batch(&self, roles: &[NewRole]) -> Result<Vec<Role>> {
        self.0
            .post("/v1/mgmt/role/create/batch")
            .check(check::not_empty("roles", roles))
            .check(roles.iter().try_for_each(|new| check::id("name", &new.name)))
            .field("roles", roles)
            .send_list("roles")
    }

    /// Renames a role, and replaces its details: what they leave unset is cleared. To keep the name,
    /// give it again.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().permission().create("My Updated Permission", &Default::default())?;
    /// # client.mgmt().permission().create("Another Permission", &Default::default())?;
    /// # client.mgmt().role().create(descope::Scope::Project, "My Role", &Default::default())?;
    /// use descope::Scope;
    /// use descope::mgmt::role::RoleDetails;
    ///
    /// let details = RoleDetails::default()
    ///     .description("A revised description")
    ///     .permissions(["My Updated Permission", "Another Permission"]);
    /// client.mgmt().role().update(Scope::Project, "My Role", "My Updated Role", &details)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such role, or another of the new name.
    pub fn update(
        &self,
        scope: Scope<'_>,
        name: &str,
        new_name: &str,
        details: &RoleDetails,
    ) -> Result<()> {
        self.0
            .post("/v1/mgmt/role/update")
            .check(check::id("name", name))
            .field("name", name)
            .scope(scope)
            .check(check::id("new_name", new_name))
            .field("newName", new_name)
            .fields(details)
            .send_unit()
    }

    /// Renames the role with this ID, and replaces its details; see [`update`](Self::update).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().role().create(descope::Scope::Project, "Reader", &Default::default())?;
    /// # let id = client.mgmt().role().search(&descope::mgmt::role::RoleSearch::default().names(["Reader"]))?[0].id.clone();
    /// use descope::Scope;
    ///
    /// client.mgmt().role().update_by_id(Scope::Project, &id, "Guest", &Default::default())?;
    /// # assert!(client.mgmt().role().search(&descope::mgmt::role::RoleSearch::default().names(["Reader"]))?.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such role, or another of the new name.
    pub fn update_by_id(
        &self,
        scope: Scope<'_>,
        id: &str,
        new_name: &str,
        details: &RoleDetails,
    ) -> Result<()> {
        self.0
            .post("/v1/mgmt/role/update")
            .check(check::id("id", id))
            .field("id", id)
            .scope(scope)
            .check(check::id("new_name", new_name))
            .field("newName", new_name)
            .fields(details)
            .send_unit()
    }

    /// Changes several roles, and returns them.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().role().create(descope::Scope::Project, "Reader", &Default::default())?;
    /// use descope::mgmt::role::RoleChange;
    ///
    /// let changed = client.mgmt().role().update_batch(&[RoleChange::of("Reader", "Guest")])?;
    /// assert_eq!(changed[0].name, "Guest");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list or new name,
    /// [`Error::Api`](crate::Error::Api) if there is no such role.
    pub fn update_batch(&self, changes: &[RoleChange]) -> Result<Vec<Role>> {
        self.0
            .post("/v1/mgmt/role/update/batch")
            .check(check::not_empty("roles", changes))
            .check(changes.iter().try_for_each(|change| check::id("new_name", &change.new_name)))
            .field("roles", changes)
            .send_list("roles")
    }

    /// Deletes a role, and takes it from all users and access keys. There is no way back.
    ///
    /// ```
    /// # use descope::mgmt::tenant::NewTenant;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().tenant().create("Acme", &NewTenant::default().id("acme"))?;
    /// use descope::Scope;
    ///
    /// let (roles, acme) = (client.mgmt().role(), Scope::Tenant("acme"));
    /// roles.create(acme, "My Updated Role", &Default::default())?;
    /// assert!(roles.delete(Scope::Project, "My Updated Role").unwrap_err().is_not_found());
    /// roles.delete(acme, "My Updated Role")?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such role.
    pub fn delete(&self, scope: Scope<'_>, name: &str) -> Result<()> {
        self.0
            .post("/v1/mgmt/role/delete")
            .check(check::id("name", name))
            .field("name", name)
            .scope(scope)
            .send_unit()
    }

    /// Deletes the role with this ID; see [`delete`](Self::delete).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().role().create(descope::Scope::Project, "Reader", &Default::default())?;
    /// # let id = client.mgmt().role().search(&descope::mgmt::role::RoleSearch::default().names(["Reader"]))?[0].id.clone();
    /// client.mgmt().role().delete_by_id(descope::Scope::Project, &id)?;
    /// # assert!(client.mgmt().role().search(&descope::mgmt::role::RoleSearch::default().names(["Reader"]))?.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such role.
    pub fn delete_by_id(&self, scope: Scope<'_>, id: &str) -> Result<()> {
        self.0
            .post("/v1/mgmt/role/delete")
            .check(check::id("id", id))
            .field("id", id)
            .scope(scope)
            .send_unit()
    }

    /// Deletes several roles. There is no way back.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().role().create(descope::Scope::Project, "Reader", &Default::default())?;
    /// client.mgmt().role().delete_batch(descope::Scope::Project, &["Reader"])?;
    /// # assert!(client.mgmt().role().search(&descope::mgmt::role::RoleSearch::default().names(["Reader"]))?.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list, by which Descope would delete
    /// every role there is.
    pub fn delete_batch(&self, scope: Scope<'_>, names: &[&str]) -> Result<()> {
        self.0
            .post("/v1/mgmt/role/delete/batch")
            .ids("names", "roleNames", names)
            .scope(scope)
            .send_unit()
    }

    /// Deletes the roles with these IDs. There is no way back.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().role().create(descope::Scope::Project, "Reader", &Default::default())?;
    /// # let id = client.mgmt().role().search(&descope::mgmt::role::RoleSearch::default().names(["Reader"]))?[0].id.clone();
    /// client.mgmt().role().delete_batch_by_ids(descope::Scope::Project, &[&id])?;
    /// # assert!(client.mgmt().role().search(&descope::mgmt::role::RoleSearch::default().names(["Reader"]))?.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`delete_batch`](Self::delete_batch).
    pub fn delete_batch_by_ids(&self, scope: Scope<'_>, ids: &[&str]) -> Result<()> {
        self.0
            .post("/v1/mgmt/role/delete/batch")
            .ids("ids", "roleIds", ids)
            .scope(scope)
            .send_unit()
    }

    /// Loads all roles, those of the project and those of tenants.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for role in client.mgmt().role().load_all()? {
    ///     println!("{}: {:?}", role.name, role.permissions);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_all(&self) -> Result<Vec<Role>> {
        self.0.get("/v1/mgmt/role/all").send_list("roles")
    }

    /// Finds the roles that meet every condition of a search.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::role::RoleSearch;
    ///
    /// let search = RoleSearch::default().tenant_ids(["t1", "t2"]).names(["r1", "r2"]);
    /// assert!(client.mgmt().role().search(&search)?.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn search(&self, search: &RoleSearch) -> Result<Vec<Role>> {
        self.0.post("/v1/mgmt/role/search").safe().fields(search).send_list("roles")
    }
}

impl Call<'_> {
    /// The tenant that a role belongs to, if it is one.
    fn scope(self, scope: Scope<'_>) -> Self {
        match scope {
            Scope::Project => self,
            Scope::Tenant(id) => self.check(check::id("tenant_id", id)).field("tenantId", id),
        }
    }
}

/// A role.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Role {
    /// The role's ID.
    pub id: String,
    /// The role's name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Names of the permissions it holds.
    #[serde(rename = "permissionNames")]
    pub permissions: Vec<String>,
    /// When it was created, in seconds.
    #[serde(deserialize_with = "crate::time::or_never", skip_serializing_if = "Option::is_none")]
    pub created_time: Option<UnixTime>,
    /// The ID of the tenant it belongs to; empty for a role of the project.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Whether new users get it.
    pub default: bool,
    /// Whether it is hidden from the administrators of tenants.
    pub private: bool,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What there is to a role beside its name.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RoleDetails {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Names of the permissions it holds.
    #[serde(rename = "permissionNames", skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// Whether new users get it. Defaults to `false`.
    #[serde(rename = "default", skip_serializing_if = "Option::is_none")]
    pub default_role: Option<bool>,
    /// Whether it is hidden from the administrators of tenants. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
}

setters!(RoleDetails {
    description: opt<String>, permissions: opt_list<String>, default_role: opt<bool>,
    private: opt<bool>,
});

/// A role for [`Roles::create_batch`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewRole {
    /// The role's name.
    pub name: String,
    /// The tenant it is to belong to. Defaults to none: a role of the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub details: RoleDetails,
}

impl NewRole {
    /// A role of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), tenant_id: None, details: RoleDetails::default() }
    }
}

setters!(NewRole { details: nested<RoleDetails>, tenant_id: opt<String> });

/// A change for [`Roles::update_batch`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RoleChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The new name.
    pub new_name: String,
    /// The tenant it belongs to. Defaults to none: a role of the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub details: RoleDetails,
}

impl RoleChange {
    /// A change of the role of this name. To keep the name, give it again.
    pub fn of(name: impl Into<String>, new_name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::to(new_name.into()) }
    }

    /// A change of the role with this ID.
    pub fn of_id(id: impl Into<String>, new_name: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..Self::to(new_name.into()) }
    }

    fn to(new_name: String) -> Self {
        let details = RoleDetails::default();
        Self { name: None, id: None, new_name, tenant_id: None, details }
    }
}

setters!(RoleChange { details: nested<RoleDetails>, tenant_id: opt<String> });

/// The conditions of [`Roles::search`]. Without any, all roles are found.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RoleSearch {
    /// Only roles of these tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_ids: Option<Vec<String>>,
    /// With `tenant_ids`, of the project too. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_project_roles: Option<bool>,
    /// One of these names.
    #[serde(rename = "roleNames", skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// One of these IDs.
    #[serde(rename = "roleIds", skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
    /// This text in the name.
    #[serde(rename = "roleNameLike", skip_serializing_if = "Option::is_none")]
    pub name_like: Option<String>,
    /// One of these permissions.
    #[serde(rename = "permissionNames", skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// This text in the name or the description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The order of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<Vec<Sort>>,
}

setters!(RoleSearch {
    tenant_ids: opt_list<String>, include_project_roles: opt<bool>, names: opt_list<String>,
    ids: opt_list<String>, name_like: opt<String>, permissions: opt_list<String>,
    text: opt<String>, sort: opt_list<Sort>,
});

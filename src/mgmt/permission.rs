//! Permissions: what roles allow. Feature `mgmt-permission`.

use serde::{Deserialize, Serialize};

use super::Mgmt;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::options::setters;

/// Permissions; see [`Mgmt::permission`].
#[derive(Clone, Copy, Debug)]
pub struct Permissions<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Permissions: what roles allow.
    pub fn permission(self) -> Permissions<'c> {
        Permissions(self)
    }
}

impl Permissions<'_> {
    /// Creates a permission.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::permission::PermissionDetails;
    ///
    /// let details = PermissionDetails::default().description("What this permission allows.");
    /// client.mgmt().permission().create("My Permission", &details)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is a permission of that name.
    pub fn create(&self, name: &str, details: &PermissionDetails) -> Result<()> {
        self.0
            .post("/v1/mgmt/permission/create")
            .check(check::id("name", name))
            .field("name", name)
            .fields(details)
            .send_unit()
    }

    /// Creates several permissions.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::permission::NewPermission;
    ///
    /// let new = [NewPermission::new("Read"), NewPermission::new("Write").description("And read")];
    /// client.mgmt().permission().create_batch(&new)?;
    /// # assert!(client.mgmt().permission().load_all()?.iter().any(|permission| permission.name == "Write"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list or name,
    /// [`Error::Api`](crate::Error::Api) if there is a permission of one of the names.
    pub fn create_batch(&self, permissions: &[NewPermission]) -> Result<()> {
        self.0
            .post("/v1/mgmt/permission/create/batch")
            .check(check::not_empty("permissions", permissions))
            .check(permissions.iter().try_for_each(|new| check::id("name", &new.name)))
            .field("permissions", permissions)
            .send_unit()
    }

    /// Renames a permission, and replaces its details: what they leave unset is cleared. To keep the
    /// name, give it again.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::permission::PermissionDetails;
    ///
    /// # client.mgmt().permission().create("My Permission", &Default::default())?;
    /// let details = PermissionDetails::default().description("A revised description");
    /// client.mgmt().permission().update("My Permission", "My Updated Permission", &details)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such permission, or another of the new name.
    pub fn update(&self, name: &str, new_name: &str, details: &PermissionDetails) -> Result<()> {
        self.0
            .post("/v1/mgmt/permission/update")
            .check(check::id("name", name))
            .field("name", name)
            .check(check::id("new_name", new_name))
            .field("newName", new_name)
            .fields(details)
            .send_unit()
    }

    /// Renames the permission with this ID, and replaces its details; see [`update`](Self::update).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().permission().create("Read", &Default::default())?;
    /// # let all = client.mgmt().permission().load_all()?;
    /// # let id = &all.iter().find(|permission| permission.name == "Read").unwrap().id;
    /// client.mgmt().permission().update_by_id(id, "Look", &Default::default())?;
    /// # assert!(client.mgmt().permission().load_all()?.iter().any(|permission| permission.name == "Look"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such permission, or another of the new
    /// name.
    pub fn update_by_id(
        &self,
        id: &str,
        new_name: &str,
        details: &PermissionDetails,
    ) -> Result<()> {
        self.0
            .post("/v1/mgmt/permission/update")
            .check(check::id("id", id))
            .field("id", id)
            .check(check::id("new_name", new_name))
            .field("newName", new_name)
            .fields(details)
            .send_unit()
    }

    /// Changes several permissions.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().permission().create("Read", &Default::default())?;
    /// use descope::mgmt::permission::PermissionChange;
    ///
    /// let changes = [PermissionChange::of("Read", "Look").description("From afar")];
    /// client.mgmt().permission().update_batch(&changes)?;
    /// # assert!(client.mgmt().permission().load_all()?.iter().any(|permission| permission.name == "Look"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list or new name,
    /// [`Error::Api`](crate::Error::Api) if there is no such permission.
    pub fn update_batch(&self, changes: &[PermissionChange]) -> Result<()> {
        self.0
            .post("/v1/mgmt/permission/update/batch")
            .check(check::not_empty("permissions", changes))
            .check(changes.iter().try_for_each(|change| check::id("new_name", &change.new_name)))
            .field("permissions", changes)
            .send_unit()
    }

    /// Deletes a permission, and takes it from all roles. There is no way back.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().permission().create("My Updated Permission", &Default::default())?;
    /// client.mgmt().permission().delete("My Updated Permission")?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such permission.
    pub fn delete(&self, name: &str) -> Result<()> {
        self.0
            .post("/v1/mgmt/permission/delete")
            .check(check::id("name", name))
            .field("name", name)
            .send_unit()
    }

    /// Deletes the permission with this ID; see [`delete`](Self::delete).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().permission().create("Read", &Default::default())?;
    /// # let all = client.mgmt().permission().load_all()?;
    /// # let id = &all.iter().find(|permission| permission.name == "Read").unwrap().id;
    /// client.mgmt().permission().delete_by_id(id)?;
    /// # assert!(client.mgmt().permission().load_all()?.iter().all(|permission| permission.name != "Read"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such permission.
    pub fn delete_by_id(&self, id: &str) -> Result<()> {
        self.0
            .post("/v1/mgmt/permission/delete")
            .check(check::id("id", id))
            .field("id", id)
            .send_unit()
    }

    /// Deletes several permissions. There is no way back.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().permission().create("Read", &Default::default())?;
    /// client.mgmt().permission().delete_batch(&["Read"])?;
    /// # assert!(client.mgmt().permission().load_all()?.iter().all(|permission| permission.name != "Read"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list.
    pub fn delete_batch(&self, names: &[&str]) -> Result<()> {
        self.0.post("/v1/mgmt/permission/delete/batch").ids("names", "names", names).send_unit()
    }

    /// Deletes the permissions with these IDs. There is no way back.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().permission().create("Read", &Default::default())?;
    /// # let all = client.mgmt().permission().load_all()?;
    /// # let id = &all.iter().find(|permission| permission.name == "Read").unwrap().id;
    /// client.mgmt().permission().delete_batch_by_ids(&[id])?;
    /// # assert!(client.mgmt().permission().load_all()?.iter().all(|permission| permission.name != "Read"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list.
    pub fn delete_batch_by_ids(&self, ids: &[&str]) -> Result<()> {
        self.0.post("/v1/mgmt/permission/delete/batch").ids("ids", "ids", ids).send_unit()
    }

    /// Loads all permissions.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for permission in client.mgmt().permission().load_all()? {
    ///     println!("{}: {}", permission.name, permission.description);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_all(&self) -> Result<Vec<Permission>> {
        self.0.get("/v1/mgmt/permission/all").send_list("permissions")
    }
}

/// A permission.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Permission {
    /// The permission's ID.
    pub id: String,
    /// The permission's name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether it is Descope's own, as found in every project.
    pub system_default: bool,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What there is to a permission beside its name.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct PermissionDetails {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

setters!(PermissionDetails { description: opt<String> });

/// A permission for [`Permissions::create_batch`].
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct NewPermission {
    /// The permission's name.
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl NewPermission {
    /// A permission of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), description: None }
    }
}

setters!(NewPermission { description: opt<String> });

/// A change for [`Permissions::update_batch`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PermissionChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The new name.
    pub new_name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl PermissionChange {
    /// A change of the permission of this name. To keep the name, give it again.
    pub fn of(name: impl Into<String>, new_name: impl Into<String>) -> Self {
        let (name, new_name) = (Some(name.into()), new_name.into());
        Self { name, id: None, new_name, description: None }
    }

    /// A change of the permission with this ID.
    pub fn of_id(id: impl Into<String>, new_name: impl Into<String>) -> Self {
        let (id, new_name) = (Some(id.into()), new_name.into());
        Self { name: None, id, new_name, description: None }
    }
}

setters!(PermissionChange { description: opt<String> });

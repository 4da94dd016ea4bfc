//! Management keys: how programs use the management API. Feature `mgmt-management-key`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Mgmt;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::names::names;
use crate::options::setters;
use crate::secret::Secret;
use crate::time::UnixTime;
use crate::transport::http::Method;

/// Management keys; see [`Mgmt::management_key`].
#[derive(Clone, Copy, Debug)]
pub struct ManagementKeys<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Management keys: how programs use the management API. They belong to the company, not to one
    /// project, and the key that makes these calls must be allowed to manage others.
    pub fn management_key(self) -> ManagementKeys<'c> {
        ManagementKeys(self)
    }
}

impl ManagementKeys<'_> {
    /// Creates a management key.
    ///
    /// The cleartext comes in this answer and never again: keep it safe.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use std::time::Duration;
    ///
    /// use descope::mgmt::management_key::{KeyAccess, NewManagementKey, ProjectRoles};
    ///
    /// let roles = ProjectRoles::new([client.project_id()], ["project-user-read-only"]);
    /// let access = KeyAccess::default().project_roles([roles]);
    /// let new = NewManagementKey::default()
    ///     .description("for the nightly build")
    ///     .expires_in(Duration::from_secs(90 * 24 * 60 * 60));
    /// let created = client.mgmt().management_key().create("ci", &access, &new)?;
    ///
    /// println!("{} has a cleartext of {} bytes", created.key.id, created.cleartext.expose().len());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name or a lifetime of zero,
    /// [`Error::Api`](crate::Error::Api) if there is no such role or project.
    pub fn create(
        &self,
        name: &str,
        access: &KeyAccess,
        options: &NewManagementKey,
    ) -> Result<CreatedManagementKey> {
        self.0
            .call(Method::PUT, "/v1/mgmt/managementkey")
            .check(check::id("name", name))
            .check(check::span("expires_in", options.expires_in))
            .field("name", name)
            .field("reBac", access)
            .fields(options)
            .send()
    }

    /// Loads a management key.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let id = client.mgmt().management_key().create("ci", &Default::default(), &Default::default())?.key.id;
    /// let key = client.mgmt().management_key().load(&id)?;
    /// assert_eq!((&*key.name, key.expire_time), ("ci", None));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no management key has the ID.
    pub fn load(&self, id: &str) -> Result<ManagementKey> {
        self.0
            .get("/v1/mgmt/managementkey")
            .check(check::id("id", id))
            .query("id", id)
            .send_field("key")
    }

    /// Loads all management keys.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for key in client.mgmt().management_key().load_all()? {
    ///     println!("{}: {:?}", key.name, key.status);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_all(&self) -> Result<Vec<ManagementKey>> {
        self.0.get("/v1/mgmt/managementkey/search").send_list("keys")
    }

    /// Replaces the name, the status, the description and the permitted addresses of a management
    /// key: what the update leaves unset is cleared. Its roles and its expiry cannot be changed.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let id = client.mgmt().management_key().create("ci", &Default::default(), &Default::default())?.key.id;
    /// use descope::mgmt::management_key::{ManagementKeyStatus, ManagementKeyUpdate};
    ///
    /// let update = ManagementKeyUpdate::default().permitted_ips(["10.0.0.0/8"]);
    /// let keys = client.mgmt().management_key();
    /// let key = keys.update(&id, "ci", &ManagementKeyStatus::Inactive, &update)?;
    /// assert_eq!(key.status, Some(ManagementKeyStatus::Inactive));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no management key has the ID.
    pub fn update(
        &self,
        id: &str,
        name: &str,
        status: &ManagementKeyStatus,
        update: &ManagementKeyUpdate,
    ) -> Result<ManagementKey> {
        self.0
            .call(Method::PATCH, "/v1/mgmt/managementkey")
            .check(check::id("id", id))
            .check(check::id("name", name))
            .field("id", id)
            .field("name", name)
            .field("status", status)
            .fields(update)
            .send_field("key")
    }

    /// Deletes management keys, and returns how many there were, if the answer says so. This cannot
    /// be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let id = client.mgmt().management_key().create("ci", &Default::default(), &Default::default())?.key.id;
    /// assert_eq!(client.mgmt().management_key().delete_batch(&[&id])?, Some(1));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list.
    pub fn delete_batch(&self, ids: &[&str]) -> Result<Option<u64>> {
        #[derive(Deserialize)]
        struct Deleted {
            total: Option<u64>,
        }

        let call = self.0.post("/v1/mgmt/managementkey/delete").ids("ids", "ids", ids);
        call.send::<Deleted>().map(|deleted| deleted.total)
    }
}

/// Options of [`ManagementKeys::create`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewManagementKey {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How long it is valid, in whole seconds on the wire. Defaults to forever.
    #[serde(serialize_with = "crate::time::span", skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<Duration>,
    /// The IP addresses, and ranges in CIDR notation, that it may be used from. Defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permitted_ips: Option<Vec<String>>,
}

setters!(NewManagementKey {
    description: opt<String>, expires_in: opt<Duration>, permitted_ips: opt_list<String>,
});

/// Options of [`ManagementKeys::update`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ManagementKeyUpdate {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The IP addresses, and ranges in CIDR notation, that it may be used from. Defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permitted_ips: Option<Vec<String>>,
}

setters!(ManagementKeyUpdate { description: opt<String>, permitted_ips: opt_list<String> });

/// What a management key may do: the roles it holds in the company and in projects.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct KeyAccess {
    /// Names of the roles it holds in the company, and so in all projects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub company_roles: Vec<String>,
    /// The roles it holds in single projects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub project_roles: Vec<ProjectRoles>,
    /// The roles it holds in the projects that have certain tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag_roles: Vec<TagRoles>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

setters!(KeyAccess {
    company_roles: list<String>, project_roles: list<ProjectRoles>, tag_roles: list<TagRoles>,
});

/// Roles in single projects.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ProjectRoles {
    /// IDs of the projects.
    pub project_ids: Vec<String>,
    /// Names of the roles.
    pub roles: Vec<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ProjectRoles {
    /// These roles in these projects.
    pub fn new(
        project_ids: impl IntoIterator<Item = impl Into<String>>,
        roles: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            project_ids: project_ids.into_iter().map(Into::into).collect(),
            roles: roles.into_iter().map(Into::into).collect(),
            extra: Extra::default(),
        }
    }
}

/// Roles in the projects that have certain tags.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct TagRoles {
    /// The tags.
    pub tags: Vec<String>,
    /// Names of the roles.
    pub roles: Vec<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl TagRoles {
    /// These roles in the projects with these tags.
    pub fn new(
        tags: impl IntoIterator<Item = impl Into<String>>,
        roles: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            tags: tags.into_iter().map(Into::into).collect(),
            roles: roles.into_iter().map(Into::into).collect(),
            extra: Extra::default(),
        }
    }
}

/// A management key that was just created.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct CreatedManagementKey {
    /// The management key.
    #[serde(default)]
    pub key: ManagementKey,
    /// Its cleartext, which comes only once.
    pub cleartext: Secret,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A management key, without its cleartext.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ManagementKey {
    /// The key's ID.
    pub id: String,
    /// The key's name.
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ManagementKeyStatus>,
    /// When it was created, in seconds.
    #[serde(deserialize_with = "crate::time::or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_time: Option<UnixTime>,
    /// When it expires, in seconds; `None` for never.
    #[serde(deserialize_with = "crate::time::or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_time: Option<UnixTime>,
    /// The IP addresses and ranges that it may be used from; empty for all.
    pub permitted_ips: Vec<String>,
    /// What it may do.
    #[serde(rename = "reBac")]
    pub access: KeyAccess,
    /// How often the key was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// How often its roles were changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authz_version: Option<i64>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Whether a management key is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManagementKeyStatus {
    /// It is.
    Active,
    /// It is not.
    Inactive,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(ManagementKeyStatus { Active = "active", Inactive = "inactive" });

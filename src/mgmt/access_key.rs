//! Access keys: how machines sign in. Feature `mgmt-access-key`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Mgmt;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::models::{TenantRoles, UserTenant};
use crate::names::names;
use crate::options::setters;
use crate::page::Sort;
use crate::secret::Secret;
use crate::time::UnixTime;

/// Access keys; see [`Mgmt::access_key`].
#[derive(Clone, Copy, Debug)]
pub struct AccessKeys<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Access keys: how machines sign in.
    pub fn access_key(self) -> AccessKeys<'c> {
        AccessKeys(self)
    }
}

impl AccessKeys<'_> {
    /// Creates an access key. It never expires, unless [`expires`](field@NewAccessKey::expires) is set.
    ///
    /// The cleartext is in this answer and in no other: keep it safe.
    ///
    /// ```
    /// # use descope::mgmt::tenant::NewTenant;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().tenant().create("A", &NewTenant::default().id("my-tenant-id"))?;
    /// # client.mgmt().role().create(descope::Scope::Project, "role-name1", &Default::default())?;
    /// use std::time::{Duration, SystemTime};
    ///
    /// use descope::TenantRoles;
    /// use descope::mgmt::access_key::NewAccessKey;
    ///
    /// let in_a_day = SystemTime::now() + Duration::from_secs(24 * 60 * 60);
    /// let new = NewAccessKey::default()
    ///     .tenants([TenantRoles::new("my-tenant-id").roles(["role-name1"])])
    ///     .description("this is my access key")
    ///     .permitted_ips(["10.0.0.1", "192.168.1.0/24"])
    ///     .expires(in_a_day);
    /// let made = client.mgmt().access_key().create("name", &new)?;
    ///
    /// let session =
    ///     client.auth().access_key().exchange(made.cleartext.expose(), &Default::default())?;
    /// assert_eq!(session.key_id, made.key.id);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an expiry before 1970, [`Error::Api`](crate::Error::Api) if there is no such role, tenant
    /// or user.
    pub fn create(&self, name: &str, key: &NewAccessKey) -> Result<CreatedAccessKey> {
        self.0
            .post("/v1/mgmt/accesskey/create")
            .check(check::id("name", name))
            .check(check::expiry("expires", key.expires))
            .field("name", name)
            .field("expireTime", key.expires.unwrap_or_default())
            .fields(key)
            .send()
    }

    /// Loads an access key.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let id = client.mgmt().access_key().create("name", &Default::default())?.key.id;
    /// let key = client.mgmt().access_key().load(&id)?;
    /// assert_eq!(key.name, "name");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no access key has the ID.
    pub fn load(&self, id: &str) -> Result<AccessKey> {
        self.0
            .get("/v1/mgmt/accesskey")
            .check(check::id("id", id))
            .query("id", id)
            .send_field("key")
    }

    /// Finds the access keys that meet every condition of a search.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::access_key::AccessKeySearch;
    ///
    /// let search = AccessKeySearch::default().tenant_ids(["my-tenant-id"]);
    /// for key in client.mgmt().access_key().search(&search)? {
    ///     println!("{}: {:?}", key.name, key.status);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn search(&self, search: &AccessKeySearch) -> Result<Vec<AccessKey>> {
        self.0.post("/v1/mgmt/accesskey/search").safe().fields(search).send_list("keys")
    }

    /// Renames an access key, and changes what the update sets; the rest stays. To keep the name, give
    /// it again.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::access_key::AccessKeyUpdate;
    ///
    /// let keys = client.mgmt().access_key();
    /// let id = keys.create("name", &Default::default())?.key.id;
    /// let update = AccessKeyUpdate::default().description("for the nightly build");
    /// assert_eq!(keys.update(&id, "new name", &update)?.name, "new name");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no access key has the ID.
    pub fn update(&self, id: &str, name: &str, update: &AccessKeyUpdate) -> Result<AccessKey> {
        let answer: Answer = self
            .0
            .post("/v1/mgmt/accesskey/update")
            .check(check::id("id", id))
            .check(check::id("name", name))
            .field("id", id)
            .field("name", name)
            .fields(update)
            .send()?;
        Ok(answer.key)
    }

    /// Gives an access key a new cleartext. The old one is good no more.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let keys = client.mgmt().access_key();
    /// let old = keys.create("name", &Default::default())?;
    /// let new = keys.rotate(&old.key.id)?;
    /// let exchange = |key: &str| client.auth().access_key().exchange(key, &Default::default());
    /// assert!(exchange(old.cleartext.expose()).unwrap_err().is_unauthorized());
    /// assert_eq!(exchange(new.cleartext.expose())?.key_id, old.key.id);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no access key has the ID.
    pub fn rotate(&self, id: &str) -> Result<CreatedAccessKey> {
        self.0.post("/v1/mgmt/accesskey/rotate").check(check::id("id", id)).field("id", id).send()
    }

    /// Makes a deactivated access key good again.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let id = client.mgmt().access_key().create("name", &Default::default())?.key.id;
    /// let keys = client.mgmt().access_key();
    /// keys.deactivate(&id)?;
    /// keys.activate(&id)?;
    /// # assert_eq!(keys.load(&id)?.status, Some(descope::mgmt::access_key::AccessKeyStatus::Active));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no access key has the ID.
    pub fn activate(&self, id: &str) -> Result<()> {
        self.one("/v1/mgmt/accesskey/activate", id)
    }

    /// Makes several deactivated access keys good again.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let id = client.mgmt().access_key().create("name", &Default::default())?.key.id;
    /// client.mgmt().access_key().activate_batch(&[&id])?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list.
    pub fn activate_batch(&self, ids: &[&str]) -> Result<()> {
        self.0.post("/v1/mgmt/accesskey/activate/batch").ids("ids", "ids", ids).send_unit()
    }

    /// Makes an access key useless until it is activated again.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::access_key::AccessKeyStatus;
    ///
    /// let keys = client.mgmt().access_key();
    /// let id = keys.create("name", &Default::default())?.key.id;
    /// keys.deactivate(&id)?;
    /// assert_eq!(keys.load(&id)?.status, Some(AccessKeyStatus::Inactive));
    /// keys.activate(&id)?;
    /// keys.delete(&id)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no access key has the ID.
    pub fn deactivate(&self, id: &str) -> Result<()> {
        self.one("/v1/mgmt/accesskey/deactivate", id)
    }

    /// Makes several access keys useless until they are activated again.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let id = client.mgmt().access_key().create("name", &Default::default())?.key.id;
    /// client.mgmt().access_key().deactivate_batch(&[&id])?;
    /// # let key = client.mgmt().access_key().load(&id)?;
    /// # assert_eq!(key.status, Some(descope::mgmt::access_key::AccessKeyStatus::Inactive));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list.
    pub fn deactivate_batch(&self, ids: &[&str]) -> Result<()> {
        self.0.post("/v1/mgmt/accesskey/deactivate/batch").ids("ids", "ids", ids).send_unit()
    }

    /// Deletes an access key. There is no way back.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let id = client.mgmt().access_key().create("name", &Default::default())?.key.id;
    /// let keys = client.mgmt().access_key();
    /// keys.delete(&id)?;
    /// assert!(keys.load(&id).is_err());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no access key has the ID.
    pub fn delete(&self, id: &str) -> Result<()> {
        self.one("/v1/mgmt/accesskey/delete", id)
    }

    /// Deletes several access keys. There is no way back.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let id = client.mgmt().access_key().create("name", &Default::default())?.key.id;
    /// client.mgmt().access_key().delete_batch(&[&id])?;
    /// # assert!(client.mgmt().access_key().load(&id).is_err());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list.
    pub fn delete_batch(&self, ids: &[&str]) -> Result<()> {
        self.0.post("/v1/mgmt/accesskey/delete/batch").ids("ids", "ids", ids).send_unit()
    }

    fn one(self, path: &'static str, id: &str) -> Result<()> {
        self.0.post(path).check(check::id("id", id)).field("id", id).send_unit()
    }
}

/// What [`AccessKeys::create`] may be told of an access key beside its name and expiry.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewAccessKey {
    /// When it expires, in seconds. Defaults to never.
    #[serde(skip)]
    pub expires: Option<UnixTime>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Names of the roles it holds in the project.
    #[serde(rename = "roleNames", skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// The tenants it belongs to, and the roles it holds there.
    #[serde(rename = "keyTenants", skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Vec<TenantRoles>>,
    /// The user it acts for: it has the roles and tenants of this user in place of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Claims to put into its session tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// Attributes defined by the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// The IP addresses, and ranges in CIDR notation, it may be used from. Defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permitted_ips: Option<Vec<String>>,
}

setters!(NewAccessKey {
    expires: opt<UnixTime>, description: opt<String>, roles: opt_list<String>,
    tenants: opt_list<TenantRoles>, user_id: opt<String>, custom_claims: opt_map<Value>,
    custom_attributes: opt_map<Value>, permitted_ips: opt_list<String>,
});

/// What [`AccessKeys::update`] changes. An empty list is one that is set.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccessKeyUpdate {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Names of the roles it holds in the project.
    #[serde(rename = "roleNames", skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// The tenants it belongs to, and the roles it holds there.
    #[serde(rename = "keyTenants", skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Vec<TenantRoles>>,
    /// Claims to put into its session tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// Attributes defined by the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// The IP addresses, and ranges in CIDR notation, it may be used from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permitted_ips: Option<Vec<String>>,
}

setters!(AccessKeyUpdate {
    description: opt<String>, roles: opt_list<String>, tenants: opt_list<TenantRoles>,
    custom_claims: opt_map<Value>, custom_attributes: opt_map<Value>,
    permitted_ips: opt_list<String>,
});

/// The conditions of [`AccessKeys::search`]. Without any, all access keys are found.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccessKeySearch {
    /// In one of these tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_ids: Option<Vec<String>>,
    /// Acting for the user with this ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound_user_id: Option<String>,
    /// Created by this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creating_user: Option<String>,
    /// All of these attributes, with these values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// The order of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<Vec<Sort>>,
    /// This text in the name, the description or the ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

setters!(AccessKeySearch {
    tenant_ids: opt_list<String>, bound_user_id: opt<String>, creating_user: opt<String>,
    custom_attributes: opt_map<Value>, sort: opt_list<Sort>, text: opt<String>,
});

/// An access key whose cleartext was just made.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct CreatedAccessKey {
    /// The access key.
    #[serde(default)]
    pub key: AccessKey,
    /// Its cleartext, which cannot be had again.
    pub cleartext: Secret,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    key: AccessKey,
}

/// An access key, less its cleartext.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccessKey {
    /// The access key's ID.
    pub id: String,
    /// The access key's name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether it is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<AccessKeyStatus>,
    /// Names of the roles it holds in the project.
    #[serde(rename = "roleNames")]
    pub roles: Vec<String>,
    /// The tenants it belongs to, and the roles it holds there.
    pub key_tenants: Vec<UserTenant>,
    /// When it was created, in seconds.
    #[serde(deserialize_with = "crate::time::or_never", skip_serializing_if = "Option::is_none")]
    pub created_time: Option<UnixTime>,
    /// When it expires, in seconds; `None` for never.
    #[serde(deserialize_with = "crate::time::or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_time: Option<UnixTime>,
    /// Who created it.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Its client ID, for OAuth.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The ID of the user it acts for; empty if there is none.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub bound_user_id: Option<String>,
    /// Claims in its session tokens.
    pub custom_claims: Map<String, Value>,
    /// Attributes defined by the project.
    pub custom_attributes: Map<String, Value>,
    /// The IP addresses and ranges it may be used from; empty for all.
    pub permitted_ips: Vec<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Whether an access key is good.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessKeyStatus {
    /// Yes.
    Active,
    /// No: it was deactivated.
    Inactive,
    /// No: it has expired.
    Expired,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(AccessKeyStatus { Active = "active", Inactive = "inactive", Expired = "expired" });

//! Groups of users, as the identity providers of tenants tell of them. Feature `mgmt-group`.

use serde::{Deserialize, Serialize};

use super::Mgmt;
use crate::call::Call;
use crate::check;
use crate::error::{Error, Result};
use crate::extra::Extra;
use crate::names::names;
use crate::options::setters;

/// Groups; see [`Mgmt::group`].
///
/// Descope knows the groups of a tenant from SCIM and from SSO sign-ins. A tenant with several SSO
/// configurations has groups of each: `sso_id` names one, and `None` the tenant's default one.
#[derive(Clone, Copy, Debug)]
pub struct Groups<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Groups of users, as the identity providers of tenants tell of them.
    pub fn group(self) -> Groups<'c> {
        Groups(self)
    }
}

impl Groups<'_> {
    /// Loads all groups of a tenant.
    ///
    /// ```
    /// # use descope::mgmt::tenant::NewTenant;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().tenant().create("A", &NewTenant::default().id("tenant-id"))?;
    /// for group in client.mgmt().group().load_all("tenant-id", None)? {
    ///     println!("{}: {} members", group.display, group.members.len());
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if no tenant has the ID.
    pub fn load_all(&self, tenant_id: &str, sso_id: Option<&str>) -> Result<Vec<Group>> {
        self.0
            .post("/v1/mgmt/group/all")
            .groups_of(tenant_id, sso_id)
            .send::<Option<_>>()
            .map(Option::unwrap_or_default)
    }

    /// Loads the groups of a tenant that one of these users is in.
    ///
    /// ```
    /// # use serde_json::{Map, Value, json};
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&json!({
    /// #     "tenants": [{ "id": "tenant-id", "name": "A" }],
    /// #     "users": [{ "loginId": "login-id-1" }, { "loginId": "login-id-2" }],
    /// #     "groups": [{ "id": "g1", "tenantId": "tenant-id", "loginIds": ["login-id-2"] }],
    /// # })).unwrap();
    /// use descope::mgmt::group::Members;
    ///
    /// let by_login_id = Members::default().login_ids(["login-id-1", "login-id-2"]);
    /// let found = client.mgmt().group().load_all_for_members("tenant-id", &by_login_id, None)?;
    /// let by_user_id = Members::default().user_ids([&*found[0].members[0].user_id]);
    /// let same = client.mgmt().group().load_all_for_members("tenant-id", &by_user_id, None)?;
    /// assert_eq!(found, same);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] if there is no ID at all.
    pub fn load_all_for_members(
        &self,
        tenant_id: &str,
        members: &Members,
        sso_id: Option<&str>,
    ) -> Result<Vec<Group>> {
        self.0
            .post("/v1/mgmt/group/member/all")
            .groups_of(tenant_id, sso_id)
            .check(members.check())
            .fields(members)
            .send::<Option<_>>()
            .map(Option::unwrap_or_default)
    }

    /// Loads a group with its members.
    ///
    /// ```
    /// # use serde_json::json;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&json!({
    /// #     "tenants": [{ "id": "tenant-id", "name": "A" }],
    /// #     "groups": [{ "id": "group-id", "tenantId": "tenant-id" }],
    /// # })).unwrap();
    /// for group in client.mgmt().group().load_members("tenant-id", "group-id", None)? {
    ///     for member in group.members {
    ///         println!("{}", member.login_id);
    ///     }
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if no tenant has the ID. An unknown group has no members.
    pub fn load_members(
        &self,
        tenant_id: &str,
        group_id: &str,
        sso_id: Option<&str>,
    ) -> Result<Vec<Group>> {
        self.0
            .post("/v1/mgmt/group/members")
            .groups_of(tenant_id, sso_id)
            .check(check::id("group_id", group_id))
            .field("groupId", group_id)
            .send::<Option<_>>()
            .map(Option::unwrap_or_default)
    }
}

impl Call<'_> {
    /// A look at a tenant's groups.
    fn groups_of(self, tenant_id: &str, sso_id: Option<&str>) -> Self {
        self.safe()
            .check(check::id("tenant_id", tenant_id))
            .field("tenantId", tenant_id)
            .field("ssoId", sso_id)
    }
}

/// The users for [`Groups::load_all_for_members`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Members {
    /// Those with these IDs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_ids: Option<Vec<String>>,
    /// Those with these login IDs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_ids: Option<Vec<String>>,
}

setters!(Members { user_ids: opt_list<String>, login_ids: opt_list<String> });

impl Members {
    fn check(&self) -> Result<()> {
        let mut lists = [&self.user_ids, &self.login_ids].into_iter().flatten();
        if lists.all(Vec::is_empty) {
            return Err(Error::argument("members", "must not be empty"));
        }
        Ok(())
    }
}

/// A group.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Group {
    /// The group's ID.
    pub id: String,
    /// What it is called.
    pub display: String,
    /// Who is in it.
    pub members: Vec<GroupMember>,
    /// How Descope knows of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<GroupSource>,
    /// The SSO configuration it comes from; `default_ssoid` for the tenant's default one.
    pub sso_id: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A user in a [`Group`].
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct GroupMember {
    /// What the user signs in with.
    #[serde(alias = "loginID")]
    pub login_id: String,
    /// The user's ID.
    pub user_id: String,
    /// What the user is called.
    pub display: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How Descope knows of a [`Group`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupSource {
    /// From SCIM.
    Scim,
    /// From a sign-in by SSO.
    Jit,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(GroupSource { Scim = "scim", Jit = "jit" });

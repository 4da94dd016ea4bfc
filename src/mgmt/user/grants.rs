//! What users have: roles, tenants, SSO applications, families.

use super::{FamilyAssociation, Users};
use crate::check;
use crate::error::Result;
use crate::models::User;

/// # Roles, tenants, SSO applications and families
impl Users<'_> {
    /// Gives a user more roles in the project.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "roles": [{ "name": "Editor" }, { "name": "Reader" }],
    /// #     "users": [{ "loginId": "ada", "roleNames": ["Reader"],
    /// #         "userTenants": [{ "tenantId": "acme", "roleNames": ["Reader"] }] }] })).unwrap();
    /// let ada = client.mgmt().user().add_roles("ada", &["Editor"])?;
    /// assert_eq!(ada.roles.len(), 2);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the login
    /// ID, [`Error::Api`](crate::Error::Api) if there is no such role.
    pub fn add_roles(&self, login_id: &str, roles: &[&str]) -> Result<User> {
        self.of_login("/v2/mgmt/user/update/role/add", login_id)
            .check(check::ids("roles", roles))
            .field("roleNames", roles)
            .send_field("user")
    }

    /// Gives a user these roles in the project, in place of those held.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "roles": [{ "name": "Editor" }, { "name": "Reader" }],
    /// #     "users": [{ "loginId": "ada", "roleNames": ["Reader"],
    /// #         "userTenants": [{ "tenantId": "acme", "roleNames": ["Reader"] }] }] })).unwrap();
    /// let ada = client.mgmt().user().set_roles("ada", &["Editor"])?;
    /// assert_eq!(ada.roles, ["Editor"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the login
    /// ID, [`Error::Api`](crate::Error::Api) if there is no such role.
    pub fn set_roles(&self, login_id: &str, roles: &[&str]) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/role/set", login_id)
            .check(check::ids("roles", roles))
            .field("roleNames", roles)
            .send_field("user")
    }

    /// Takes roles in the project from a user.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "roles": [{ "name": "Editor" }, { "name": "Reader" }],
    /// #     "users": [{ "loginId": "ada", "roleNames": ["Reader"],
    /// #         "userTenants": [{ "tenantId": "acme", "roleNames": ["Reader"] }] }] })).unwrap();
    /// let ada = client.mgmt().user().remove_roles("ada", &["Reader"])?;
    /// assert!(ada.roles.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the login
    /// ID, [`Error::Api`](crate::Error::Api) if there is no such role.
    pub fn remove_roles(&self, login_id: &str, roles: &[&str]) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/role/remove", login_id)
            .check(check::ids("roles", roles))
            .field("roleNames", roles)
            .send_field("user")
    }

    /// Gives a user more roles in a tenant they belong to.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "tenants": [{ "id": "acme", "name": "Acme" }], "roles": [{ "name": "Editor" }]
    /// # })).unwrap();
    /// let users = client.mgmt().user();
    /// users.add_tenant("ada", "acme")?;
    /// let ada = users.add_tenant_roles("ada", "acme", &["Editor"])?;
    /// assert_eq!(ada.user_tenants[0].roles, ["Editor"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the login
    /// ID, [`Error::Api`](crate::Error::Api) if there is no such role, or
    /// they are not in the tenant.
    pub fn add_tenant_roles(
        &self,
        login_id: &str,
        tenant_id: &str,
        roles: &[&str],
    ) -> Result<User> {
        self.of_login("/v2/mgmt/user/update/role/add", login_id)
            .check(check::id("tenant_id", tenant_id))
            .check(check::ids("roles", roles))
            .field("tenantId", tenant_id)
            .field("roleNames", roles)
            .send_field("user")
    }

    /// Gives a user these roles in a tenant they belong to, in place of those held there.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "roles": [{ "name": "Editor" }, { "name": "Reader" }],
    /// #     "users": [{ "loginId": "ada", "roleNames": ["Reader"],
    /// #         "userTenants": [{ "tenantId": "acme", "roleNames": ["Reader"] }] }] })).unwrap();
    /// let ada = client.mgmt().user().set_tenant_roles("ada", "acme", &["Editor"])?;
    /// assert_eq!(ada.user_tenants[0].roles, ["Editor"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the login
    /// ID, [`Error::Api`](crate::Error::Api) if there is no such role, or
    /// they are not in the tenant.
    pub fn set_tenant_roles(
        &self,
        login_id: &str,
        tenant_id: &str,
        roles: &[&str],
    ) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/role/set", login_id)
            .check(check::id("tenant_id", tenant_id))
            .check(check::ids("roles", roles))
            .field("tenantId", tenant_id)
            .field("roleNames", roles)
            .send_field("user")
    }

    /// Takes roles in a tenant from a user.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "roles": [{ "name": "Editor" }, { "name": "Reader" }],
    /// #     "users": [{ "loginId": "ada", "roleNames": ["Reader"],
    /// #         "userTenants": [{ "tenantId": "acme", "roleNames": ["Reader"] }] }] })).unwrap();
    /// let ada = client.mgmt().user().remove_tenant_roles("ada", "acme", &["Reader"])?;
    /// assert!(ada.user_tenants[0].roles.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the login
    /// ID, [`Error::Api`](crate::Error::Api) if there is no such role, or
    /// they are not in the tenant.
    pub fn remove_tenant_roles(
        &self,
        login_id: &str,
        tenant_id: &str,
        roles: &[&str],
    ) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/role/remove", login_id)
            .check(check::id("tenant_id", tenant_id))
            .check(check::ids("roles", roles))
            .field("tenantId", tenant_id)
            .field("roleNames", roles)
            .send_field("user")
    }

    /// Makes a user a member of a tenant.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// let ada = client.mgmt().user().add_tenant("ada", "acme")?;
    /// assert_eq!(ada.user_tenants[0].tenant_name, "Acme");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the login
    /// ID, [`Error::Api`](crate::Error::Api) if there is no such tenant.
    pub fn add_tenant(&self, login_id: &str, tenant_id: &str) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/tenant/add", login_id)
            .check(check::id("tenant_id", tenant_id))
            .field("tenantId", tenant_id)
            .send_field("user")
    }

    /// Ends a user's membership of a tenant, with the roles held there.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "roles": [{ "name": "Editor" }, { "name": "Reader" }],
    /// #     "users": [{ "loginId": "ada", "roleNames": ["Reader"],
    /// #         "userTenants": [{ "tenantId": "acme", "roleNames": ["Reader"] }] }] })).unwrap();
    /// let ada = client.mgmt().user().remove_tenant("ada", "acme")?;
    /// assert!(ada.user_tenants.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn remove_tenant(&self, login_id: &str, tenant_id: &str) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/tenant/remove", login_id)
            .check(check::id("tenant_id", tenant_id))
            .field("tenantId", tenant_id)
            .send_field("user")
    }

    /// Lets a user use more SSO applications.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }], "oidcApps": [
    /// #     { "id": "app1", "name": "A" }, { "id": "app2", "name": "B" }] })).unwrap();
    /// let ada = client.mgmt().user().add_sso_apps("ada", &["app1", "app2"])?;
    /// assert_eq!(ada.sso_app_ids, ["app1", "app2"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the login
    /// ID.
    pub fn add_sso_apps(&self, login_id: &str, app_ids: &[&str]) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/ssoapp/add", login_id)
            .check(check::ids("app_ids", app_ids))
            .field("ssoAppIds", app_ids)
            .send_field("user")
    }

    /// Lets a user use these SSO applications, in place of those there are.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }], "oidcApps": [
    /// #     { "id": "app1", "name": "A" }, { "id": "app2", "name": "B" }] })).unwrap();
    /// let ada = client.mgmt().user().set_sso_apps("ada", &["app2"])?;
    /// assert_eq!(ada.sso_app_ids, ["app2"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the login
    /// ID.
    pub fn set_sso_apps(&self, login_id: &str, app_ids: &[&str]) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/ssoapp/set", login_id)
            .check(check::ids("app_ids", app_ids))
            .field("ssoAppIds", app_ids)
            .send_field("user")
    }

    /// Keeps a user from using SSO applications.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }], "oidcApps": [
    /// #     { "id": "app1", "name": "A" }, { "id": "app2", "name": "B" }] })).unwrap();
    /// let users = client.mgmt().user();
    /// users.set_sso_apps("ada", &["app1", "app2"])?;
    /// assert_eq!(users.remove_sso_apps("ada", &["app1"])?.sso_app_ids, ["app2"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn remove_sso_apps(&self, login_id: &str, app_ids: &[&str]) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/ssoapp/remove", login_id)
            .check(check::ids("app_ids", app_ids))
            .field("ssoAppIds", app_ids)
            .send_field("user")
    }

    /// Makes a user a member of more families.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "families": [{ "name": "The Byrons", "familyId": "byron" }],
    /// #     "users": [{ "loginId": "ada" }],
    /// # })).unwrap();
    /// use descope::mgmt::user::FamilyAssociation;
    ///
    /// let parent = FamilyAssociation::new("byron").roles(["Family Admin"]);
    /// client.mgmt().user().add_families("ada", &[parent])?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such user, family or role.
    pub fn add_families(&self, login_id: &str, families: &[FamilyAssociation]) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/family/add", login_id)
            .check(families.iter().try_for_each(|to| check::id("family_id", &to.family_id)))
            .field("familyAssociations", families)
            .send_field("user")
    }

    /// Ends a user's membership of families.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// client.mgmt().user().remove_families("ada", &["byron"])?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn remove_families(&self, login_id: &str, family_ids: &[&str]) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/family/remove", login_id)
            .check(check::ids("family_ids", family_ids))
            .field("familyIds", family_ids)
            .send_field("user")
    }
}

//! Tenants: the organisations that users belong to. Feature `mgmt-tenant`.

mod links;
mod settings;

use serde::Serialize;
use serde_json::{Map, Value};

pub use self::links::{SsoLink, SsoLinkRevocation};
pub use self::settings::{DisabledFeatures, SsoSetupSuite, TenantSettings, TimeUnit};
use super::Mgmt;
use crate::check;
use crate::error::Result;
use crate::models::{AuthType, RoleInheritance, Tenant};
use crate::options::setters;
use crate::secret::Secret;
use crate::transport::http::Method;

/// Tenants; see [`Mgmt::tenant`].
#[derive(Clone, Copy, Debug)]
pub struct Tenants<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Tenants: the organisations that users belong to.
    pub fn tenant(self) -> Tenants<'c> {
        Tenants(self)
    }
}

/// # Creating, loading, changing and deleting
impl Tenants<'_> {
    /// Creates a tenant, and returns its ID.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::tenant::{NewTenant, TenantDetails};
    ///
    /// let details = TenantDetails::default()
    ///     .self_provisioning_domains(["domain.com"])
    ///     .custom_attributes([("attribute-name", "value")]);
    /// let new = NewTenant::default().id("my-custom-id").details(details);
    /// let id = client.mgmt().tenant().create("My First Tenant", &new)?;
    /// assert_eq!(id, "my-custom-id");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if a tenant has the ID already.
    pub fn create(&self, name: &str, tenant: &NewTenant) -> Result<String> {
        self.0
            .post("/v1/mgmt/tenant/create")
            .check(check::id("name", name))
            .field("name", name)
            .fields(tenant)
            .send_field("id")
    }

    /// Replaces all there is to a tenant: what the details leave unset is cleared. See
    /// [`patch`](Self::patch) to change single things.
    ///
    /// ```
    /// # use descope::mgmt::tenant::NewTenant;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().tenant().create("A", &NewTenant::default().id("my-custom-id"))?;
    /// use descope::mgmt::tenant::TenantDetails;
    ///
    /// let details = TenantDetails::default()
    ///     .self_provisioning_domains(["domain.com", "another-domain.com"])
    ///     .custom_attributes([("attribute-name", "value")]);
    /// client.mgmt().tenant().update("my-custom-id", "My First Tenant", &details)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    pub fn update(&self, id: &str, name: &str, details: &TenantDetails) -> Result<()> {
        self.0
            .post("/v1/mgmt/tenant/update")
            .check(check::id("id", id))
            .check(check::id("name", name))
            .field("id", id)
            .field("name", name)
            .fields(details)
            .send_unit()
    }

    /// Changes what the patch sets, and leaves the rest as it is.
    ///
    /// ```
    /// # use descope::mgmt::tenant::NewTenant;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let tenants = client.mgmt().tenant();
    /// # tenants.create("Acme", &NewTenant::default().id("acme"))?;
    /// use descope::mgmt::tenant::{TenantDetails, TenantPatch};
    ///
    /// let closed = TenantPatch::default().details(TenantDetails::default().disabled(true));
    /// tenants.patch("acme", &closed)?;
    /// let acme = tenants.load("acme")?;
    /// assert_eq!((&*acme.name, acme.disabled), ("Acme", true));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    pub fn patch(&self, id: &str, patch: &TenantPatch) -> Result<()> {
        self.0
            .call(Method::PATCH, "/v1/mgmt/tenant/patch")
            .check(check::id("id", id))
            .field("id", id)
            .fields(patch)
            .send_unit()
    }

    /// Deletes a tenant. Its users and access keys stay, without it.
    ///
    /// There is no way back.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// let tenants = client.mgmt().tenant();
    /// tenants.delete("acme")?;
    /// assert!(tenants.load("acme").unwrap_err().is_not_found());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    pub fn delete(&self, id: &str) -> Result<()> {
        self.remove(id, false)
    }

    /// Deletes a tenant, and with it all users and access keys that belong to this tenant alone.
    /// There is no way back.
    ///
    /// ```
    /// # use descope::mgmt::tenant::NewTenant;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let tenants = client.mgmt().tenant();
    /// # tenants.create("A", &NewTenant::default().id("my-custom-id"))?;
    /// tenants.delete_with_members("my-custom-id")?;
    /// assert!(tenants.load("my-custom-id").unwrap_err().is_not_found());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    pub fn delete_with_members(&self, id: &str) -> Result<()> {
        self.remove(id, true)
    }

    fn remove(self, id: &str, cascade: bool) -> Result<()> {
        self.0
            .post("/v1/mgmt/tenant/delete")
            .check(check::id("id", id))
            .field("id", id)
            .field("cascade", cascade)
            .send_unit()
    }

    /// Loads a tenant.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// let acme = client.mgmt().tenant().load("acme")?;
    /// assert_eq!(acme.name, "Acme");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    pub fn load(&self, id: &str) -> Result<Tenant> {
        self.0.get("/v1/mgmt/tenant").check(check::id("id", id)).query("id", id).send()
    }

    /// Loads all tenants.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for tenant in client.mgmt().tenant().load_all()? {
    ///     println!("{}: {}", tenant.id, tenant.name);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_all(&self) -> Result<Vec<Tenant>> {
        self.0.get("/v1/mgmt/tenant/all").send_list("tenants")
    }

    /// Finds the tenants that meet every condition of a search.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::tenant::TenantSearch;
    ///
    /// let search = TenantSearch::default()
    ///     .ids(["id1"])
    ///     .names(["name1"])
    ///     .custom_attributes([("k1", "v1")])
    ///     .self_provisioning_domains(["spd1"]);
    /// assert!(client.mgmt().tenant().search(&search)?.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn search(&self, search: &TenantSearch) -> Result<Vec<Tenant>> {
        self.0.post("/v1/mgmt/tenant/search").safe().fields(search).send_list("tenants")
    }
}

/// # Settings and default roles
impl Tenants<'_> {
    /// Loads the rules of a tenant's sessions.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// let settings = client.mgmt().tenant().load_settings("acme")?;
    /// println!("{:?} {:?}", settings.session_token_expiration, settings.session_token_expiration_unit);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    pub fn load_settings(&self, id: &str) -> Result<TenantSettings> {
        self.0.get("/v1/mgmt/tenant/settings").check(check::id("id", id)).query("id", id).send()
    }

    /// Sets the rules of a tenant's sessions.
    ///
    /// Descope's SDKs send all of them at once: load them, change them, and send them back.
    ///
    /// ```
    /// # use descope::mgmt::tenant::NewTenant;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let tenants = client.mgmt().tenant();
    /// # tenants.create("Acme", &NewTenant::default().id("acme"))?;
    /// use descope::mgmt::tenant::TimeUnit;
    ///
    /// let settings = tenants
    ///     .load_settings("acme")?
    ///     .enabled(true)
    ///     .session_token_expiration(10, TimeUnit::Minutes)
    ///     .refresh_token_expiration(4, TimeUnit::Weeks);
    /// tenants.configure_settings("acme", &settings)?;
    /// assert_eq!(tenants.load_settings("acme")?, settings);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    pub fn configure_settings(&self, id: &str, settings: &TenantSettings) -> Result<()> {
        self.0
            .post("/v1/mgmt/tenant/settings")
            .check(check::id("id", id))
            // The settings may be another tenant's.
            .fields(settings)
            .field("tenantId", id)
            .send_unit()
    }

    /// Sets the roles that new users of a tenant get. An empty list is for none.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// # client.mgmt().role().create(descope::Scope::Project, "Reader", &Default::default())?;
    /// client.mgmt().tenant().update_default_roles("acme", &["Reader"])?;
    /// # assert_eq!(client.mgmt().tenant().load("acme")?.default_roles, ["Reader"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant or role.
    pub fn update_default_roles(&self, id: &str, roles: &[&str]) -> Result<()> {
        self.0
            .post("/v1/mgmt/tenant/updateDefaultRoles")
            .check(check::id("id", id))
            .check(check::ids("roles", roles))
            .field("id", id)
            .field("defaultRoles", roles)
            .send_unit()
    }
}

/// # Links for the setup of SSO
impl Tenants<'_> {
    /// Makes a link by which an administrator of the tenant can set up its SSO. Whoever has the link
    /// can.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// use std::time::Duration;
    /// use descope::mgmt::tenant::SsoLink;
    ///
    /// let options = SsoLink::default().expires_in(Duration::from_secs(24 * 60 * 60));
    /// let link = client.mgmt().tenant().generate_sso_configuration_link("acme", &options)?;
    /// assert!(link.expose().starts_with("http"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    pub fn generate_sso_configuration_link(&self, id: &str, options: &SsoLink) -> Result<Secret> {
        self.0
            .post("/v2/mgmt/tenant/adminlinks/sso/generate")
            .check(check::id("id", id))
            .field("tenantId", id)
            .fields(options)
            .send_field("adminSSOConfigurationLink")
    }

    /// Makes the links from
    /// [`generate_sso_configuration_link`](Self::generate_sso_configuration_link) invalid, for the
    /// tenant's default SSO configuration unless the options name another.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// let tenants = client.mgmt().tenant();
    /// tenants.generate_sso_configuration_link("acme", &Default::default())?;
    /// tenants.revoke_sso_configuration_link("acme", &Default::default())?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    pub fn revoke_sso_configuration_link(
        &self,
        id: &str,
        options: &SsoLinkRevocation,
    ) -> Result<()> {
        self.0
            .post("/v1/mgmt/tenant/adminlinks/sso/revoke")
            .check(check::id("id", id))
            .field("tenantId", id)
            .fields(options)
            .send_unit()
    }
}

/// What [`Tenants::create`] may be told of a tenant beside its name.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewTenant {
    /// The tenant's ID. Defaults to one that Descope makes up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The ID of the tenant above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub details: TenantDetails,
}

setters!(NewTenant {
    details: nested<TenantDetails>,
    id: opt<String>, parent: opt<String>,
});

/// What there is to a tenant beside its name.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TenantDetails {
    /// Users with an e-mail address in these domains join the tenant when they sign up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_provisioning_domains: Option<Vec<String>>,
    /// Attributes defined by the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// Whether its users must sign in by SSO. Defaults to `false`.
    #[serde(rename = "enforceSSO", skip_serializing_if = "Option::is_none")]
    pub enforce_sso: Option<bool>,
    /// Users who need not sign in by SSO all the same.
    #[serde(rename = "enforceSSOExclusions", skip_serializing_if = "Option::is_none")]
    pub enforce_sso_exclusions: Option<Vec<String>>,
    /// SSO applications its users may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub federated_app_ids: Option<Vec<String>>,
    /// Whether its users may not sign in to it. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Which of its parent's roles its users have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_inheritance: Option<RoleInheritance>,
}

setters!(TenantDetails {
    self_provisioning_domains: opt_list<String>, custom_attributes: opt_map<Value>,
    enforce_sso: opt<bool>, enforce_sso_exclusions: opt_list<String>,
    federated_app_ids: opt_list<String>, disabled: opt<bool>, role_inheritance: opt<RoleInheritance>,
});

/// What [`Tenants::patch`] changes. An empty list is one that is set.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct TenantPatch {
    /// A new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub details: TenantDetails,
}

setters!(TenantPatch {
    details: nested<TenantDetails>,
    name: opt<String>,
});

/// The conditions of [`Tenants::search`]. Without any, all tenants are found.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TenantSearch {
    /// One of these IDs.
    #[serde(rename = "tenantIds", skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
    /// One of these names.
    #[serde(rename = "tenantNames", skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// One of these domains for self-provisioning.
    #[serde(rename = "tenantSelfProvisioningDomains", skip_serializing_if = "Option::is_none")]
    pub self_provisioning_domains: Option<Vec<String>>,
    /// All of these attributes, with these values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// This kind of SSO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<AuthType>,
    /// This tenant above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_tenant_id: Option<String>,
    /// One of these domains for SSO.
    #[serde(rename = "tenantSSODomains", skip_serializing_if = "Option::is_none")]
    pub sso_domains: Option<Vec<String>>,
    /// Whether only tenants pass that have none above them. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_level_only: Option<bool>,
}

setters!(TenantSearch {
    ids: opt_list<String>, names: opt_list<String>, self_provisioning_domains: opt_list<String>,
    custom_attributes: opt_map<Value>, auth_type: opt<AuthType>, parent_tenant_id: opt<String>,
    sso_domains: opt_list<String>, top_level_only: opt<bool>,
});

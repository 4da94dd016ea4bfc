//! The older calls for SSO by SAML, kept for programs that are moved from another SDK.

use serde::{Deserialize, Serialize};

use super::{AttributeMapping, GroupsMapping, RoleMapping, SsoConfigurations};
use crate::call::Call;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::options::setters;

/// # Older calls for SAML
impl SsoConfigurations<'_> {
    /// Loads the SAML configuration of a tenant.
    ///
    /// ```
    /// # #![allow(deprecated)]
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// let settings = client.mgmt().sso().load_legacy("acme")?;
    /// println!("{}", settings.idp_sso_url);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    #[deprecated = "use `load`"]
    pub fn load_legacy(&self, tenant_id: &str) -> Result<LegacySettings> {
        self.0
            .get("/v1/mgmt/sso/settings")
            .check(check::id("tenant_id", tenant_id))
            .query("tenantId", tenant_id)
            .send()
    }

    /// Sets up SSO by SAML, with what the identity provider says of itself.
    ///
    /// ```
    /// # #![allow(deprecated)]
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// use descope::mgmt::sso::LegacyOptions;
    ///
    /// let options = LegacyOptions::default().domains(["acme.com"]);
    /// let (url, certificate) = ("https://idp.com", "my certificate");
    /// client.mgmt().sso().configure("acme", url, "my-entity-id", certificate, &options)?;
    /// # assert_eq!(client.mgmt().sso().load_legacy("acme")?.idp_sso_url, url);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty URL, entity ID or certificate,
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    #[deprecated = "use `configure_saml`"]
    pub fn configure(
        &self,
        tenant_id: &str,
        idp_url: &str,
        entity_id: &str,
        idp_certificate: &str,
        options: &LegacyOptions,
    ) -> Result<()> {
        self.0
            .post("/v1/mgmt/sso/settings")
            .check(check::id("tenant_id", tenant_id))
            .check(check::id("idp_url", idp_url))
            .check(check::id("entity_id", entity_id))
            .check(check::filled("idp_certificate", idp_certificate))
            .field("tenantId", tenant_id)
            .field("idpURL", idp_url)
            .field("entityId", entity_id)
            .field("idpCert", idp_certificate)
            .fields(options)
            .send_unit()
    }

    /// Sets up SSO by SAML, with the metadata that the identity provider publishes.
    ///
    /// ```
    /// # #![allow(deprecated)]
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// let url = "https://idp.com/metadata";
    /// client.mgmt().sso().configure_via_metadata("acme", url, &Default::default())?;
    /// # assert_eq!(client.mgmt().sso().load_legacy("acme")?.idp_metadata_url, url);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty URL,
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    #[deprecated = "use `configure_saml_by_metadata`"]
    pub fn configure_via_metadata(
        &self,
        tenant_id: &str,
        idp_metadata_url: &str,
        options: &LegacyOptions,
    ) -> Result<()> {
        self.0
            .post("/v1/mgmt/sso/metadata")
            .check(check::id("tenant_id", tenant_id))
            .check(check::id("idp_metadata_url", idp_metadata_url))
            .field("tenantId", tenant_id)
            .field("idpMetadataURL", idp_metadata_url)
            .fields(options)
            .send_unit()
    }

    /// Sets which groups of the identity provider get which role, and which of its attributes go
    /// where. Replaces what was set before, also with nothing.
    ///
    /// ```
    /// # #![allow(deprecated)]
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// # client.mgmt().role().create(descope::Scope::Project, "Reader", &Default::default())?;
    /// use descope::mgmt::sso::{AttributeMapping, RoleMapping};
    ///
    /// let attributes = AttributeMapping::default().name("IDP_NAME");
    /// let roles = [RoleMapping::new("Reader", ["readers"])];
    /// client.mgmt().sso().mapping("acme", &roles, &attributes)?;
    /// # assert_eq!(client.mgmt().sso().load_legacy("acme")?.user_mapping.name, "IDP_NAME");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant or role.
    #[deprecated = "use `configure_saml` or `configure_saml_by_metadata`"]
    pub fn mapping(
        &self,
        tenant_id: &str,
        role_mappings: &[RoleMapping],
        attribute_mapping: &AttributeMapping,
    ) -> Result<()> {
        self.map(tenant_id, role_mappings, attribute_mapping).send_unit()
    }

    /// Sets the same as [`mapping`](Self::mapping), and the roles of users whose groups give them none.
    ///
    /// ```
    /// # #![allow(deprecated)]
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// # client.mgmt().role().create(descope::Scope::Project, "Reader", &Default::default())?;
    /// use descope::mgmt::sso::AttributeMapping;
    ///
    /// let attributes = AttributeMapping::default().name("IDP_NAME");
    /// client.mgmt().sso().mapping_with_default_roles("acme", &[], &attributes, &["Reader"])?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`mapping`](Self::mapping).
    #[deprecated = "use `configure_saml` or `configure_saml_by_metadata`"]
    pub fn mapping_with_default_roles(
        &self,
        tenant_id: &str,
        role_mappings: &[RoleMapping],
        attribute_mapping: &AttributeMapping,
        default_roles: &[&str],
    ) -> Result<()> {
        self.map(tenant_id, role_mappings, attribute_mapping)
            .field("defaultSSORoles", default_roles)
            .send_unit()
    }

    fn map(
        &self,
        tenant_id: &str,
        role_mappings: &[RoleMapping],
        attribute_mapping: &AttributeMapping,
    ) -> Call<'_> {
        self.0
            .post("/v1/mgmt/sso/mapping")
            .check(check::id("tenant_id", tenant_id))
            .field("tenantId", tenant_id)
            .field("roleMappings", role_mappings)
            .field("attributeMapping", attribute_mapping)
    }
}

/// Options of the older calls for SSO.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct LegacyOptions {
    /// Where users go after signing in.
    #[serde(rename = "redirectURL", skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// Users with an e-mail address in these domains are sent to the tenant's SSO. Unset, there are
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domains: Option<Vec<String>>,
}

setters!(LegacyOptions { redirect_url: opt<String>, domains: opt_list<String> });

/// The SAML configuration of a tenant, in its older form.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct LegacySettings {
    /// The tenant's ID.
    pub tenant_id: String,
    /// The identity provider's entity ID.
    pub idp_entity_id: String,
    /// Where the identity provider signs users in.
    #[serde(rename = "idpSSOUrl")]
    pub idp_sso_url: String,
    /// The certificate it signs with.
    pub idp_certificate: String,
    /// Where it publishes its metadata.
    pub idp_metadata_url: String,
    /// Descope's entity ID, to tell the identity provider.
    pub sp_entity_id: String,
    /// Where the identity provider sends its answers, to tell it.
    #[serde(rename = "spACSUrl")]
    pub sp_acs_url: String,
    /// The certificate Descope signs with, to tell the identity provider.
    pub sp_certificate: String,
    /// Which of its attributes go where.
    pub user_mapping: UserMapping,
    /// Which of its groups get which role.
    pub groups_mapping: Vec<GroupsMapping>,
    /// Where users go after signing in.
    pub redirect_url: String,
    /// Users with an e-mail address in these domains are sent to the tenant's SSO.
    pub domains: Vec<String>,
    /// One of `domains`.
    pub domain: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Which attribute of the identity provider goes where: the names are the provider's.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserMapping {
    /// The full name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// The user name.
    pub username: String,
    /// The phone number.
    pub phone_number: String,
    /// The groups.
    pub group: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

//! Cross-app access: which other applications a tenant trusts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    AttributeMapping, ConfigurationOptions, FgaMapping, GroupsMapping, RoleMapping,
    SsoConfigurations,
};
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::options::setters;
use crate::transport::http::Method;

/// # Cross-app access
impl SsoConfigurations<'_> {
    /// Loads the cross-app access of a tenant: which issuers' assertions it takes for its users, so
    /// that other applications can act for them (identity assertion authorization grant, ID-JAG).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "tenants": [{ "id": "acme", "name": "Acme" }],
    /// # })).unwrap();
    /// let access = client.mgmt().sso().load_cross_app_access("acme", &Default::default())?;
    /// for (issuer, settings) in &access.trust.issuers {
    ///     println!("{issuer}: {:?}", settings.jwks_uri);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant or configuration.
    pub fn load_cross_app_access(
        &self,
        tenant_id: &str,
        options: &ConfigurationOptions,
    ) -> Result<CrossAppAccess> {
        self.0
            .get("/v1/mgmt/sso/xaa/settings")
            .check(check::id("tenant_id", tenant_id))
            .query("tenantId", tenant_id)
            .query("ssoId", options.sso_id.as_deref())
            .send()
    }

    /// Loads the cross-app access of a tenant in all its SSO configurations.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "tenants": [{ "id": "acme", "name": "Acme" }],
    /// # })).unwrap();
    /// for access in client.mgmt().sso().load_all_cross_app_access("acme")? {
    ///     println!("{:?}: {:?}", access.sso_id, access.enabled);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    pub fn load_all_cross_app_access(&self, tenant_id: &str) -> Result<Vec<CrossAppAccess>> {
        self.0
            .get("/v1/mgmt/sso/xaa/settings/all")
            .check(check::id("tenant_id", tenant_id))
            .query("tenantId", tenant_id)
            .send_list("XAASettings")
    }

    /// Replaces the cross-app access of a tenant: what the update leaves unset is cleared.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "tenants": [{ "id": "acme", "name": "Acme" }],
    /// # })).unwrap();
    /// use descope::mgmt::sso::{CrossAppUpdate, TrustedIssuer, TrustedIssuers};
    ///
    /// let issuer = TrustedIssuer::default().jwks_uri("https://idp.example.com/keys");
    /// let trust = TrustedIssuers::default().issuers([("https://idp.example.com", issuer)]);
    /// let update = CrossAppUpdate::default().enabled(true).trust(trust);
    /// client.mgmt().sso().update_cross_app_access("acme", &update)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant, configuration or role.
    pub fn update_cross_app_access(&self, tenant_id: &str, update: &CrossAppUpdate) -> Result<()> {
        self.0
            .post("/v1/mgmt/sso/xaa/settings")
            .check(check::id("tenant_id", tenant_id))
            .field("tenantId", tenant_id)
            .fields(update)
            .send_unit()
    }

    /// Deletes the cross-app access of a tenant: it trusts nobody any more. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "tenants": [{ "id": "acme", "name": "Acme" }],
    /// # })).unwrap();
    /// client.mgmt().sso().delete_cross_app_access("acme", &Default::default())?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant or configuration.
    pub fn delete_cross_app_access(
        &self,
        tenant_id: &str,
        options: &ConfigurationOptions,
    ) -> Result<()> {
        self.0
            .call(Method::DELETE, "/v1/mgmt/sso/xaa/settings")
            .check(check::id("tenant_id", tenant_id))
            .query("tenantId", tenant_id)
            .query("ssoId", options.sso_id.as_deref())
            .send_unit()
    }
}

/// What [`SsoConfigurations::update_cross_app_access`] sets.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CrossAppUpdate {
    /// Which of the tenant's SSO configurations. Defaults to its default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_id: Option<String>,
    /// Whether assertions are taken at all. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whose assertions are taken.
    #[serde(rename = "settings", skip_serializing_if = "Option::is_none")]
    pub trust: Option<TrustedIssuers>,
    /// Groups, and the roles that their members get.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_mappings: Option<Vec<RoleMapping>>,
    /// Names of the roles that every user gets.
    #[serde(rename = "defaultSSORoles", skip_serializing_if = "Option::is_none")]
    pub default_roles: Option<Vec<String>>,
    /// The relations that members of groups get, by the groups' names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fga_mappings: Option<BTreeMap<String, FgaMapping>>,
    /// Names of the groups, the most important first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups_priority: Option<Vec<String>>,
    /// Whether only the most important group of a user counts. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_priority_enabled: Option<bool>,
    /// Whether roles that were given to a user otherwise are replaced. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_override_roles: Option<bool>,
    /// The template of the identity provider, for the console to show.
    #[serde(rename = "providerID", skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
}

setters!(CrossAppUpdate {
    sso_id: opt<String>, enabled: opt<bool>, trust: opt<TrustedIssuers>,
    role_mappings: opt_list<RoleMapping>, default_roles: opt_list<String>,
    fga_mappings: opt_map<FgaMapping>, groups_priority: opt_list<String>,
    group_priority_enabled: opt<bool>, allow_override_roles: opt<bool>, provider_id: opt<String>,
});

/// Whose assertions are taken, and for what. What is `None` is unknown in an answer, and not set in a
/// request.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct TrustedIssuers {
    /// The issuers, by their `iss`.
    pub issuers: BTreeMap<String, TrustedIssuer>,
    /// Which audience the tokens get. Descope decides if it is empty or not set.
    #[serde(rename = "jwtBearerGrantTypeAudienceToUse", skip_serializing_if = "Option::is_none")]
    pub audience_to_use: Option<String>,
    /// Which scopes the tokens get. Descope decides if it is empty or not set.
    #[serde(rename = "jwtBearerGrantTypeScopeToUse", skip_serializing_if = "Option::is_none")]
    pub scope_to_use: Option<String>,
    /// Which custom claims the tokens get. Descope decides if it is empty or not set.
    #[serde(
        rename = "jwtBearerGrantTypeCustomClaimsToUse",
        skip_serializing_if = "Option::is_none"
    )]
    pub custom_claims_to_use: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

setters!(TrustedIssuers {
    issuers: map<TrustedIssuer>, audience_to_use: opt<String>, scope_to_use: opt<String>,
    custom_claims_to_use: opt<String>,
});

/// An issuer of assertions. What is `None` is unknown in an answer, and not set in a request.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct TrustedIssuer {
    /// Where it publishes its keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// The algorithm it signs with, such as `RS256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_algorithm: Option<String>,
    /// Its user info endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_info_uri: Option<String>,
    /// The claim that identifies the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id_field_name: Option<String>,
    /// Whether a user who is new is refused instead of created. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jit_disabled: Option<bool>,
    /// Which claim of the assertion goes where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute_mapping: Option<AttributeMapping>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

setters!(TrustedIssuer {
    jwks_uri: opt<String>, sign_algorithm: opt<String>, user_info_uri: opt<String>,
    external_id_field_name: opt<String>, jit_disabled: opt<bool>,
    attribute_mapping: opt<AttributeMapping>,
});

/// The cross-app access of a tenant in one of its SSO configurations.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct CrossAppAccess {
    /// The SSO configuration's ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_id: Option<String>,
    /// Whether assertions are taken at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whose assertions are taken.
    #[serde(rename = "settings")]
    pub trust: TrustedIssuers,
    /// Groups, and the roles that their members get.
    pub groups_mapping: Vec<GroupsMapping>,
    /// Names of the roles that every user gets.
    #[serde(rename = "defaultSSORoles")]
    pub default_roles: Vec<String>,
    /// The relations that members of groups get, by the groups' names.
    pub fga_mappings: BTreeMap<String, FgaMapping>,
    /// Names of the groups, the most important first.
    pub groups_priority: Vec<String>,
    /// Whether only the most important group of a user counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_priority_enabled: Option<bool>,
    /// Whether roles that were given to a user otherwise are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_override_roles: Option<bool>,
    /// The template of the identity provider, for the console to show.
    #[serde(rename = "providerID")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

//! What an SSO configuration consists of.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::mapping::{
    AttributeMapping, FgaMapping, GroupsMapping, OidcAttributeMapping, RoleMapping,
};
use crate::extra::Extra;
use crate::models::Tenant;
use crate::options::setters;
use crate::secret::{self, Secret};
use crate::time::UnixTime;

/// An SSO configuration.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct SsoSettings {
    /// The tenant it belongs to.
    pub tenant: Tenant,
    /// What is set up for SAML.
    pub saml: SamlSettings,
    /// What is set up for OpenID Connect.
    pub oidc: OidcSettings,
    /// Its ID; `None` or `default_ssoid` for the tenant's default one.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub sso_id: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is set up for SAML.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct SamlSettings {
    /// The identity provider's entity ID.
    pub idp_entity_id: String,
    /// Where the identity provider signs users in.
    #[serde(rename = "idpSSOUrl")]
    pub idp_sso_url: String,
    /// The certificate it signs with.
    pub idp_certificate: String,
    /// Other certificates it signs with.
    pub idp_additional_certificates: Vec<String>,
    /// Where it publishes its metadata.
    pub idp_metadata_url: String,
    /// Descope's entity ID, to tell the identity provider.
    pub sp_entity_id: String,
    /// Where the identity provider sends its answers, to tell it.
    #[serde(rename = "spACSUrl")]
    pub sp_acs_url: String,
    /// The certificate Descope signs with, to tell the identity provider.
    pub sp_certificate: String,
    /// The certificate of [`SamlOptions::sp_sign_key`].
    pub sp_sign_certificate: String,
    /// The format in which the identity provider names the user.
    pub subject_name_id_format: String,
    /// Which of its attributes go where.
    pub attribute_mapping: AttributeMapping,
    /// Which of its groups get which role.
    pub groups_mapping: Vec<GroupsMapping>,
    /// Names of the roles every user gets.
    #[serde(rename = "defaultSSORoles")]
    pub default_roles: Vec<String>,
    /// Groups by their priority, highest first.
    pub groups_priority: Vec<String>,
    /// Which of its groups get which relations.
    pub fga_mappings: BTreeMap<String, FgaMapping>,
    /// What stands before a tenant's ID in the resources of `fga_mappings`.
    #[serde(rename = "configFGATenantIDResourcePrefix")]
    pub fga_tenant_id_prefix: String,
    /// What stands behind a tenant's ID in the resources of `fga_mappings`.
    #[serde(rename = "configFGATenantIDResourceSuffix")]
    pub fga_tenant_id_suffix: String,
    /// Where users go after signing in.
    pub redirect_url: String,
    /// When a test sign-in last succeeded, in seconds; `None` for never.
    #[serde(deserialize_with = "crate::time::or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success_test_time: Option<UnixTime>,
    /// The ID of the identity provider.
    #[serde(rename = "providerID")]
    pub provider_id: String,
    /// The ID of the provider that users are provisioned from by SCIM.
    #[serde(rename = "scimProviderID")]
    pub scim_provider_id: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is set up for OpenID Connect.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct OidcSettings {
    /// What the identity provider is called.
    pub name: String,
    /// The client ID that it knows Descope by.
    pub client_id: String,
    /// Where users go after signing in.
    pub redirect_url: String,
    /// Its authorization endpoint.
    pub auth_url: String,
    /// Its token endpoint.
    pub token_url: String,
    /// Its user info endpoint.
    pub user_data_url: String,
    /// Where it publishes its keys.
    #[serde(rename = "JWKsUrl")]
    pub jwks_url: String,
    /// The scopes to ask for.
    pub scope: Vec<String>,
    /// Which of its claims go where.
    #[serde(rename = "userAttrMapping")]
    pub attribute_mapping: OidcAttributeMapping,
    /// Whether Descope keeps its tokens, to hand out later.
    pub manage_provider_tokens: bool,
    /// The domain that it sends users back to.
    pub callback_domain: String,
    /// What it is to ask the user.
    pub prompt: Vec<String>,
    /// The OAuth grant.
    pub grant_type: String,
    /// Its issuer.
    pub issuer: String,
    /// Which of its groups get which role.
    pub groups_mapping: Vec<GroupsMapping>,
    /// Names of the roles every user gets.
    #[serde(rename = "defaultSSORoles")]
    pub default_roles: Vec<String>,
    /// Groups by their priority, highest first.
    pub groups_priority: Vec<String>,
    /// Which of its groups get which relations.
    pub fga_mappings: BTreeMap<String, FgaMapping>,
    /// When a test sign-in last succeeded, in seconds; `None` for never.
    #[serde(deserialize_with = "crate::time::or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success_test_time: Option<UnixTime>,
    /// Whether PKCE (RFC 7636) is used; unset if the answer does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_pkce: Option<bool>,
    /// Which of its groups get which role, by name.
    pub role_mappings: Vec<RoleMapping>,
    /// The ID of the identity provider.
    #[serde(rename = "providerID")]
    pub provider_id: String,
    /// The ID of the provider that users are provisioned from by SCIM.
    #[serde(rename = "scimProviderID")]
    pub scim_provider_id: String,
    /// Answers leave it empty. Were it not, it should not show among `extra`.
    #[serde(skip_serializing)]
    client_secret: IgnoredAny,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What an identity provider that speaks SAML says of itself.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SamlProvider {
    /// Where it signs users in.
    pub idp_url: String,
    /// Its entity ID.
    pub entity_id: String,
    /// The certificate it signs with, in PEM.
    #[serde(rename = "idpCert")]
    pub certificate: String,
    /// More certificates it may sign with.
    #[serde(rename = "idpAdditionalCerts", skip_serializing_if = "Option::is_none")]
    pub additional_certificates: Option<Vec<String>>,
}

impl SamlProvider {
    /// An identity provider with this URL, entity ID and certificate.
    pub fn new(
        idp_url: impl Into<String>,
        entity_id: impl Into<String>,
        certificate: impl Into<String>,
    ) -> Self {
        Self {
            idp_url: idp_url.into(),
            entity_id: entity_id.into(),
            certificate: certificate.into(),
            additional_certificates: None,
        }
    }
}

setters!(SamlProvider { additional_certificates: opt_list<String> });

/// Where an identity provider that speaks SAML publishes its metadata.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SamlMetadata {
    /// The URL of the metadata.
    pub idp_metadata_url: String,
    /// Its entity ID, so that a sign-in which starts there finds the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<String>,
}

impl SamlMetadata {
    /// Metadata at this URL.
    pub fn new(idp_metadata_url: impl Into<String>) -> Self {
        Self { idp_metadata_url: idp_metadata_url.into(), entity_id: None }
    }
}

setters!(SamlMetadata { entity_id: opt<String> });

/// Options of [`SsoConfigurations::configure_saml`](super::SsoConfigurations::configure_saml) and
/// [`SsoConfigurations::configure_saml_by_metadata`](super::SsoConfigurations::configure_saml_by_metadata).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SamlOptions {
    /// Which of the identity provider's attributes go where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute_mapping: Option<AttributeMapping>,
    /// Which of its groups get which role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_mappings: Option<Vec<RoleMapping>>,
    /// Names of the roles every user gets.
    #[serde(rename = "defaultSSORoles", skip_serializing_if = "Option::is_none")]
    pub default_roles: Option<Vec<String>>,
    /// Groups by their priority, highest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups_priority: Option<Vec<String>>,
    /// Which of its groups get which relations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fga_mappings: Option<BTreeMap<String, FgaMapping>>,
    /// What stands before a tenant's ID in the resources of `fga_mappings`.
    #[serde(rename = "configFGATenantIDResourcePrefix", skip_serializing_if = "Option::is_none")]
    pub fga_tenant_id_prefix: Option<String>,
    /// What stands behind a tenant's ID in the resources of `fga_mappings`.
    #[serde(rename = "configFGATenantIDResourceSuffix", skip_serializing_if = "Option::is_none")]
    pub fga_tenant_id_suffix: Option<String>,
    /// Another URL for the identity provider's answers. For moving from elsewhere; leave it alone
    /// otherwise.
    #[serde(rename = "spACSUrl", skip_serializing_if = "Option::is_none")]
    pub sp_acs_url: Option<String>,
    /// Another entity ID for Descope. For moving from elsewhere; leave it alone otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sp_entity_id: Option<String>,
    /// Whether Descope's requests are not signed. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_sign_request: Option<bool>,
    /// The private key that Descope's requests are signed with, in PEM. For moving from elsewhere. The
    /// emulator takes none.
    #[serde(serialize_with = "secret::expose", skip_serializing_if = "Option::is_none")]
    pub sp_sign_key: Option<Secret>,
    /// The private key that the identity provider's answers are encrypted for, in PEM. For moving from
    /// elsewhere. The emulator takes none.
    #[serde(serialize_with = "secret::expose", skip_serializing_if = "Option::is_none")]
    pub sp_encryption_key: Option<Secret>,
    /// The format in which the identity provider is to name the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_name_id_format: Option<String>,
    /// Where users go after signing in.
    #[serde(skip)]
    pub redirect_url: Option<String>,
    /// Users with an e-mail address in these domains are sent to the tenant's SSO.
    #[serde(skip)]
    pub domains: Option<Vec<String>>,
    /// Which SSO configuration this is. Defaults to the tenant's default one.
    #[serde(skip)]
    pub sso_id: Option<String>,
}

setters!(SamlOptions {
    attribute_mapping: opt<AttributeMapping>, role_mappings: opt_list<RoleMapping>,
    default_roles: opt_list<String>, groups_priority: opt_list<String>,
    fga_mappings: opt_map<FgaMapping>, fga_tenant_id_prefix: opt<String>,
    fga_tenant_id_suffix: opt<String>, sp_acs_url: opt<String>, sp_entity_id: opt<String>,
    disable_sign_request: opt<bool>, redirect_url: opt<String>, domains: opt_list<String>,
    sso_id: opt<String>, sp_sign_key: opt<Secret>, sp_encryption_key: opt<Secret>,
    subject_name_id_format: opt<String>,
});

/// An identity provider that speaks OpenID Connect, for
/// [`SsoConfigurations::configure_oidc`](super::SsoConfigurations::configure_oidc).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OidcProvider {
    /// What it is called.
    pub name: String,
    /// The client ID that it knows Descope by.
    pub client_id: String,
    /// The client secret that goes with it.
    #[serde(serialize_with = "secret::expose", skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// Where users go after signing in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// Its authorization endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_url: Option<String>,
    /// Its token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    /// Its user info endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_data_url: Option<String>,
    /// Where it publishes its keys.
    #[serde(rename = "JWKsUrl", skip_serializing_if = "Option::is_none")]
    pub jwks_url: Option<String>,
    /// The scopes to ask for, such as `openid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Vec<String>>,
    /// Which of its claims go where.
    #[serde(rename = "userAttrMapping", skip_serializing_if = "Option::is_none")]
    pub attribute_mapping: Option<OidcAttributeMapping>,
    /// Whether Descope keeps its tokens, to hand out later. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manage_provider_tokens: Option<bool>,
    /// The domain that it sends users back to, in place of Descope's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_domain: Option<String>,
    /// What it is to ask the user, such as `consent` (OpenID Connect Core, section 3.1.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Vec<String>>,
    /// The OAuth grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_type: Option<String>,
    /// Its issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Whether to use PKCE (RFC 7636). Unset, it stays as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_pkce: Option<bool>,
    /// Which of its groups get which role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups_mapping: Option<Vec<GroupsMapping>>,
    /// Names of the roles every user gets.
    #[serde(rename = "defaultSSORoles", skip_serializing_if = "Option::is_none")]
    pub default_roles: Option<Vec<String>>,
    /// Groups by their priority, highest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups_priority: Option<Vec<String>>,
    /// Which of its groups get which relations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fga_mappings: Option<BTreeMap<String, FgaMapping>>,
    /// The ID of the identity provider.
    #[serde(rename = "providerID", skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// The ID of the provider that users are provisioned from by SCIM.
    #[serde(rename = "scimProviderID", skip_serializing_if = "Option::is_none")]
    pub scim_provider_id: Option<String>,
    /// Users with an e-mail address in these domains are sent to the tenant's SSO.
    #[serde(skip)]
    pub domains: Option<Vec<String>>,
    /// Which SSO configuration this is. Defaults to the tenant's default one.
    #[serde(skip)]
    pub sso_id: Option<String>,
}

impl OidcProvider {
    /// An identity provider of this name, which knows Descope by this client ID.
    pub fn new(name: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            client_id: client_id.into(),
            client_secret: None,
            redirect_url: None,
            auth_url: None,
            token_url: None,
            user_data_url: None,
            jwks_url: None,
            scope: None,
            attribute_mapping: None,
            manage_provider_tokens: None,
            callback_domain: None,
            prompt: None,
            grant_type: None,
            issuer: None,
            use_pkce: None,
            groups_mapping: None,
            default_roles: None,
            groups_priority: None,
            fga_mappings: None,
            provider_id: None,
            scim_provider_id: None,
            domains: None,
            sso_id: None,
        }
    }
}

setters!(OidcProvider {
    client_secret: opt<Secret>, redirect_url: opt<String>, auth_url: opt<String>,
    token_url: opt<String>, user_data_url: opt<String>, jwks_url: opt<String>,
    scope: opt_list<String>, attribute_mapping: opt<OidcAttributeMapping>,
    manage_provider_tokens: opt<bool>, callback_domain: opt<String>, prompt: opt_list<String>,
    grant_type: opt<String>, issuer: opt<String>, use_pkce: opt<bool>,
    groups_mapping: opt_list<GroupsMapping>, default_roles: opt_list<String>,
    groups_priority: opt_list<String>, fga_mappings: opt_map<FgaMapping>,
    provider_id: opt<String>, scim_provider_id: opt<String>, domains: opt_list<String>,
    sso_id: opt<String>,
});

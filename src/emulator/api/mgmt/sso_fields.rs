//! The fields of SSO configurations.

use serde_json::{Value, json};

use crate::emulator::words::fields::{Field, Kind, concat, optional, required};

/// The wire type `AttributeMapping`, of SAML.
pub(in crate::emulator) const ATTRIBUTES: &[Field] = &[
    optional("name", Kind::Text),
    optional("givenName", Kind::Text),
    optional("middleName", Kind::Text),
    optional("familyName", Kind::Text),
    optional("picture", Kind::Text),
    optional("email", Kind::Text),
    optional("phoneNumber", Kind::Text),
    optional("group", Kind::Text),
    optional("username", Kind::Text),
    optional("verifiedEmail", Kind::Text),
    optional("verifiedPhone", Kind::Text),
    optional("customAttributes", Kind::TextMap),
];

/// The wire type `OIDCAttributeMapping`.
const CLAIMS: &[Field] = &[
    optional("loginId", Kind::Text),
    optional("name", Kind::Text),
    optional("givenName", Kind::Text),
    optional("middleName", Kind::Text),
    optional("familyName", Kind::Text),
    optional("email", Kind::Text),
    optional("verifiedEmail", Kind::Text),
    optional("username", Kind::Text),
    optional("phoneNumber", Kind::Text),
    optional("verifiedPhone", Kind::Text),
    optional("picture", Kind::Text),
    optional("group", Kind::Text),
    optional("customAttributes", Kind::TextMap),
];

/// The wire type `RoleMapping`.
pub(in crate::emulator) const ROLE_MAPPING: &[Field] =
    &[optional("groups", Kind::Texts), required("roleName", Kind::Text)];

/// The wire type `GroupsMapping`.
const GROUPS_MAPPING: &[Field] = &[
    optional("role", Kind::Object(&[optional("id", Kind::Text), optional("name", Kind::Text)])),
    optional("groups", Kind::Texts),
];

/// What the two ways to set up SAML have in common.
const SAML: [Field; 14] = [
    optional("attributeMapping", Kind::Object(ATTRIBUTES)),
    optional("roleMappings", Kind::Objects(ROLE_MAPPING)),
    optional("defaultSSORoles", Kind::Texts),
    optional("replaceDefaultSSORoles", Kind::Bool),
    optional("groupsPriority", Kind::Texts),
    optional("fgaMappings", Kind::Map),
    optional("configFGATenantIDResourcePrefix", Kind::Text),
    optional("configFGATenantIDResourceSuffix", Kind::Text),
    optional("spACSUrl", Kind::Text),
    optional("spEntityId", Kind::Text),
    optional("disableSignRequest", Kind::Bool),
    optional("spSignKey", Kind::Text),
    optional("spEncryptionKey", Kind::Text),
    optional("subjectNameIdFormat", Kind::Text),
];

/// The wire type `SSOSAMLSettings`.
const SAML_SETTINGS: [Field; 18] = concat(
    SAML,
    [
        required("idpUrl", Kind::Text),
        required("entityId", Kind::Text),
        required("idpCert", Kind::Text),
        optional("idpAdditionalCerts", Kind::Texts),
    ],
);

/// The wire type `SSOSAMLSettingsByMetadata`.
const SAML_BY_METADATA_SETTINGS: [Field; 16] =
    concat(SAML, [required("idpMetadataUrl", Kind::Text), optional("entityId", Kind::Text)]);

/// The wire type `SSOOIDCSettings`.
const OIDC_SETTINGS: &[Field] = &[
    required("name", Kind::Text),
    required("clientId", Kind::Text),
    optional("clientSecret", Kind::Text),
    optional("redirectUrl", Kind::Text),
    optional("authUrl", Kind::Text),
    optional("tokenUrl", Kind::Text),
    optional("userDataUrl", Kind::Text),
    optional("scope", Kind::Texts),
    optional("JWKsUrl", Kind::Text),
    optional("userAttrMapping", Kind::Object(CLAIMS)),
    optional("manageProviderTokens", Kind::Bool),
    optional("callbackDomain", Kind::Text),
    optional("prompt", Kind::Texts),
    optional("grantType", Kind::Text),
    optional("issuer", Kind::Text),
    optional("groupsMapping", Kind::Objects(GROUPS_MAPPING)),
    optional("roleMappings", Kind::Objects(ROLE_MAPPING)),
    optional("defaultSSORoles", Kind::Texts),
    optional("groupsPriority", Kind::Texts),
    optional("fgaMappings", Kind::Map),
    optional("lastSuccessTestTime", Kind::Int),
    optional("usePkce", Kind::Bool),
    optional("providerID", Kind::Text),
    optional("scimProviderID", Kind::Text),
];

const fn configure(settings: &'static [Field]) -> [Field; 5] {
    [
        required("tenantId", Kind::Text),
        required("settings", Kind::Object(settings)),
        optional("redirectUrl", Kind::Text),
        optional("domains", Kind::Texts),
        optional("ssoId", Kind::Text),
    ]
}

pub(in crate::emulator) const CONFIGURE_SAML: &[Field] = &configure(&SAML_SETTINGS);
pub(in crate::emulator) const CONFIGURE_SAML_BY_METADATA: &[Field] =
    &configure(&SAML_BY_METADATA_SETTINGS);
pub(in crate::emulator) const CONFIGURE_OIDC: &[Field] = &[
    required("tenantId", Kind::Text),
    required("settings", Kind::Object(OIDC_SETTINGS)),
    optional("domains", Kind::Texts),
    optional("ssoId", Kind::Text),
];

pub(in crate::emulator) const TENANT: &[Field] =
    &[required("tenantId", Kind::Text), optional("ssoId", Kind::Text)];
pub(in crate::emulator) const TENANT_ALONE: &[Field] = &[required("tenantId", Kind::Text)];
pub(in crate::emulator) const NEW: &[Field] = &[
    required("tenantId", Kind::Text),
    required("displayName", Kind::Text),
    optional("ssoId", Kind::Text),
];
pub(in crate::emulator) const REDIRECT: &[Field] = &[
    required("tenantId", Kind::Text),
    optional("ssoId", Kind::Text),
    optional("samlRedirectUrl", Kind::Text),
    optional("oauthRedirectUrl", Kind::Text),
];
pub(in crate::emulator) const AUTH_TYPE: &[Field] = &[
    required("tenantId", Kind::Text),
    required("authType", Kind::Text),
    optional("ssoId", Kind::Text),
];

pub(in crate::emulator) const LEGACY: &[Field] = &[
    required("tenantId", Kind::Text),
    required("idpURL", Kind::Text),
    required("entityId", Kind::Text),
    required("idpCert", Kind::Text),
    optional("redirectURL", Kind::Text),
    optional("domains", Kind::Texts),
];
pub(in crate::emulator) const LEGACY_METADATA: &[Field] = &[
    required("tenantId", Kind::Text),
    required("idpMetadataURL", Kind::Text),
    optional("redirectURL", Kind::Text),
    optional("domains", Kind::Texts),
];
pub(in crate::emulator) const LEGACY_MAPPING: &[Field] = &[
    required("tenantId", Kind::Text),
    optional("attributeMapping", Kind::Object(ATTRIBUTES)),
    optional("roleMappings", Kind::Objects(ROLE_MAPPING)),
    optional("defaultSSORoles", Kind::Texts),
];

/// The fields of the list `sso` of seeds.
pub(in crate::emulator) const MAKE_FIELDS: &[Field] = &[
    required("tenantId", Kind::Text),
    optional("ssoId", Kind::Text),
    optional("displayName", Kind::Text),
    optional("type", Kind::Text),
    optional("domains", Kind::Texts),
    optional("redirectUrl", Kind::Text),
    optional("defaultRoleNames", Kind::Texts),
];
pub(in crate::emulator) const STATE: &[Field] = &[
    optional("saml", Kind::Object(PROVIDER)),
    optional("oidc", Kind::Object(PROVIDER)),
    optional("crossApp", Kind::Object(PROVIDER)),
];
const PROVIDER: &[Field] = &[
    optional("settings", Kind::Map),
    optional(
        "mappings",
        Kind::Objects(&[required("roleId", Kind::Text), optional("groups", Kind::Texts)]),
    ),
    optional("defaultRoleIds", Kind::Texts),
];

/// Which attribute of an assertion becomes what of the user: as it was set, or as Descope has it for a new tenant.
pub(in crate::emulator) fn user_mapping(set: Option<&Value>) -> Value {
    let new = json!({ "name": "name", "email": "email", "phoneNumber": "phone" });
    let given = |name: &str| set.unwrap_or(&new).get(name).cloned();
    let names = ATTRIBUTES.iter().map(|field| (field.name, field.kind));
    let attribute = |(name, kind): (&str, Kind)| {
        let unset = if matches!(kind, Kind::TextMap) { json!({}) } else { json!("") };
        (name.to_owned(), given(name).unwrap_or(unset))
    };
    Value::Object(names.map(attribute).collect())
}

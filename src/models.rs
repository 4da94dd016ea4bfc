//! Types that several areas share.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::extra::Extra;
use crate::names::names;
use crate::options::setters;
use crate::time::UnixTime;

/// A user.
///
/// Unknown texts are empty.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct User {
    /// Descope's own ID of the user, which never changes.
    pub user_id: String,
    /// The names that the user can sign in with: e-mail addresses, phone numbers, user
    /// names.
    pub login_ids: Vec<String>,
    /// Full name.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Given name.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// Middle name.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// Family name.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// E-mail address.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the e-mail address has been verified.
    #[serde(deserialize_with = "crate::json::only_true")]
    pub verified_email: bool,
    /// Phone number.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Whether the phone number has been verified.
    #[serde(deserialize_with = "crate::json::only_true")]
    pub verified_phone: bool,
    /// The e-mail address by which the user gets back in without the others.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub recovery_email: Option<String>,
    /// Whether the user has shown that the recovery e-mail address is theirs.
    #[serde(deserialize_with = "crate::json::only_true")]
    pub verified_recovery_email: bool,
    /// The phone number by which the user gets back in without the others.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub recovery_phone: Option<String>,
    /// Whether the user has shown that the recovery phone number is theirs.
    #[serde(deserialize_with = "crate::json::only_true")]
    pub verified_recovery_phone: bool,
    /// The URL of a picture.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Whether the user may sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<UserStatus>,
    /// Names of the user's roles in the project.
    #[serde(rename = "roleNames")]
    pub roles: Vec<String>,
    /// The tenants the user belongs to.
    pub user_tenants: Vec<UserTenant>,
    /// IDs of the SSO applications that the user may use.
    pub sso_app_ids: Vec<String>,
    /// Attributes defined by the project.
    pub custom_attributes: Map<String, Value>,
    /// Whether this is a test user.
    pub test: bool,
    /// When the user was created, in seconds.
    #[serde(deserialize_with = "crate::time::or_never", skip_serializing_if = "Option::is_none")]
    pub created_time: Option<UnixTime>,
    /// When the user was last changed, in seconds.
    #[serde(deserialize_with = "crate::time::or_never", skip_serializing_if = "Option::is_none")]
    pub modified_time: Option<UnixTime>,
    /// Whether an authenticator app is set up.
    #[serde(alias = "TOTP")]
    pub totp: bool,
    /// Whether a passkey is set up.
    pub webauthn: bool,
    /// Whether a password is set.
    pub password: bool,
    /// Whether the user has signed in with SAML.
    #[serde(alias = "SAML")]
    pub saml: bool,
    /// Whether the user is provisioned with SCIM.
    #[serde(alias = "SCIM")]
    pub scim: bool,
    /// Whether the user has signed in by the OpenID Connect of a tenant.
    #[serde(alias = "OIDC")]
    pub oidc: bool,
    /// Whether the user confirms sign-ins on a phone.
    pub push: bool,
    /// Whether the management key of this client may change the user. `None` if the answer does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub editable: Option<bool>,
    /// Until when others may act as the user by their consent, in seconds; `None` without one.
    #[serde(deserialize_with = "crate::time::or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent_expiration: Option<UnixTime>,
    /// The social providers the user has signed in with.
    #[serde(alias = "OAuth")]
    pub oauth: BTreeMap<String, bool>,
    /// When a temporary lock of the user ends, in seconds; `None` if the user is not locked.
    #[serde(deserialize_with = "crate::time::or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temp_lock_expiration: Option<UnixTime>,
    /// All other fields, such as those that a newer Descope adds.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A user's membership of a tenant.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserTenant {
    /// The tenant's ID.
    pub tenant_id: String,
    /// The tenant's name.
    pub tenant_name: String,
    /// Names of the user's roles in the tenant.
    #[serde(rename = "roleNames")]
    pub roles: Vec<String>,
    /// Names of the permissions that these roles give.
    pub permissions: Vec<String>,
    /// All other fields, such as those that a newer Descope adds.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A tenant.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Tenant {
    /// The tenant's ID.
    pub id: String,
    /// The tenant's name.
    pub name: String,
    /// Users with an e-mail address in these domains join the tenant when they sign up.
    pub self_provisioning_domains: Vec<String>,
    /// Attributes defined by the project.
    pub custom_attributes: Map<String, Value>,
    /// How its users sign in with SSO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<AuthType>,
    /// Users with an e-mail address in these domains sign in with the tenant's SSO.
    pub domains: Vec<String>,
    /// When the tenant was created, in seconds.
    #[serde(deserialize_with = "crate::time::or_never", skip_serializing_if = "Option::is_none")]
    pub created_time: Option<UnixTime>,
    /// Whether its users must sign in with SSO.
    #[serde(rename = "enforceSSO")]
    pub enforce_sso: bool,
    /// Users who may sign in without SSO even so.
    #[serde(rename = "enforceSSOExclusions")]
    pub enforce_sso_exclusions: Vec<String>,
    /// IDs of the SSO applications that its users may use.
    pub federated_app_ids: Vec<String>,
    /// Whether sign-ins to the tenant are disabled.
    pub disabled: bool,
    /// Which roles its users inherit from the parent tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_inheritance: Option<RoleInheritance>,
    /// Names of the roles its new users get.
    pub default_roles: Vec<String>,
    /// The ID of its parent tenant; empty if there is none.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// IDs of its child tenants.
    pub successors: Vec<String>,
    /// All other fields, such as those that a newer Descope adds.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How users of a tenant sign in with SSO.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthType {
    /// They do not use SSO.
    None,
    /// With SAML.
    Saml,
    /// With OpenID Connect.
    Oidc,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(AuthType { None = "none", Saml = "saml", Oidc = "oidc" });

/// Which roles the users of a tenant inherit from its parent tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoleInheritance {
    /// The project's setting applies.
    Unset,
    /// No roles.
    None,
    /// Only the user's own roles.
    UserOnly,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(RoleInheritance { Unset = "", None = "none", UserOnly = "userOnly" });

/// A tenant for a user or an access key to belong to, and their roles in it.
///
/// ```
/// use descope::TenantRoles;
///
/// let acme = TenantRoles::new("acme").roles(["Editor"]);
/// ```
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TenantRoles {
    /// The tenant's ID.
    pub tenant_id: String,
    /// Names of the roles in the tenant.
    #[serde(rename = "roleNames")]
    pub roles: Vec<String>,
}

impl TenantRoles {
    /// Membership of a tenant, without roles.
    pub fn new(tenant_id: impl Into<String>) -> Self {
        Self { tenant_id: tenant_id.into(), roles: Vec::new() }
    }
}

setters!(TenantRoles { roles: list<String> });

/// Whether a user may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserStatus {
    /// The user may sign in.
    Enabled,
    /// The user may not sign in.
    Disabled,
    /// The user has been created and has not signed in yet. They may.
    Invited,
    /// The account has expired, so the user may not sign in.
    Expired,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(UserStatus { Enabled = "enabled", Disabled = "disabled", Invited = "invited", Expired = "expired" });

/// When and from where a user signed in.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignInRecord {
    /// The user's ID.
    pub user_id: String,
    /// When the user signed in, in seconds.
    #[serde(deserialize_with = "crate::time::or_never", skip_serializing_if = "Option::is_none")]
    pub login_time: Option<UnixTime>,
    /// The city of the IP address.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// The country of the IP address, as two letters.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The IP address that the user came from.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The tenant that the user had selected.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub selected_tenant: Option<String>,
    /// All other fields, such as those that a newer Descope adds.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Details of a user who signs up.
///
/// ```
/// use descope::UserDetails;
///
/// let ada = UserDetails::default().name("Ada Lovelace").phone("+12025550101");
/// ```
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserDetails {
    /// Full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// Middle name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The e-mail address by which the user gets back in without the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_email: Option<String>,
    /// The phone number by which the user gets back in without the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_phone: Option<String>,
    /// User name. Only a sign-up by OTP takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The icon of the user. Only a sign-up by OTP takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
}

setters!(UserDetails {
    name: opt<String>, given_name: opt<String>, middle_name: opt<String>, family_name: opt<String>,
    email: opt<String>, phone: opt<String>, recovery_email: opt<String>,
    recovery_phone: opt<String>, username: opt<String>, icon: opt<String>,
});

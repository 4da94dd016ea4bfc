//! Types that several areas share.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::UnixTime;
use crate::extra::Extra;
use crate::names::names;
use crate::options::setters;

/// A user, as Descope knows them.
///
/// Texts that are not known are empty.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct User {
    /// Descope's own ID of the user, which never changes.
    pub user_id: String,
    /// What the user signs in with: e-mail addresses, phone numbers, user names.
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
    /// Whether the user has shown that the e-mail address is theirs.
    #[serde(deserialize_with = "crate::json::only_true")]
    pub verified_email: bool,
    /// Phone number.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Whether the user has shown that the phone number is theirs.
    #[serde(deserialize_with = "crate::json::only_true")]
    pub verified_phone: bool,
    /// The URL of a picture.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Whether the user may sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<UserStatus>,
    /// Names of the roles held in the project.
    #[serde(rename = "roleNames")]
    pub roles: Vec<String>,
    /// The tenants the user belongs to.
    pub user_tenants: Vec<UserTenant>,
    /// SSO applications the user may use.
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
    /// Whether the user has signed in by SAML.
    #[serde(alias = "SAML")]
    pub saml: bool,
    /// Whether the user is provisioned by SCIM.
    #[serde(alias = "SCIM")]
    pub scim: bool,
    /// The social providers the user has signed in with.
    #[serde(alias = "OAuth")]
    pub oauth: BTreeMap<String, bool>,
    /// Until when the user is locked out for a while, in seconds; `None` if they are not.
    #[serde(deserialize_with = "crate::time::or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temp_lock_expiration: Option<UnixTime>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A user's place in a tenant.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserTenant {
    /// The tenant's ID.
    pub tenant_id: String,
    /// The tenant's name.
    pub tenant_name: String,
    /// Names of the roles held there.
    #[serde(rename = "roleNames")]
    pub roles: Vec<String>,
    /// Names of what these roles permit there.
    pub permissions: Vec<String>,
    /// What a newer Descope says beyond the above.
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
    /// How its users sign in by SSO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<AuthType>,
    /// Users with an e-mail address in these domains are sent to the tenant's SSO.
    pub domains: Vec<String>,
    /// When the tenant was created, in seconds.
    #[serde(deserialize_with = "crate::time::or_never", skip_serializing_if = "Option::is_none")]
    pub created_time: Option<UnixTime>,
    /// Whether its users must sign in by SSO.
    #[serde(rename = "enforceSSO")]
    pub enforce_sso: bool,
    /// Users who need not sign in by SSO all the same.
    #[serde(rename = "enforceSSOExclusions")]
    pub enforce_sso_exclusions: Vec<String>,
    /// SSO applications its users may use.
    pub federated_app_ids: Vec<String>,
    /// Whether its users may not sign in to it.
    pub disabled: bool,
    /// Which of its parent's roles its users have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_inheritance: Option<RoleInheritance>,
    /// Names of the roles its new users get.
    pub default_roles: Vec<String>,
    /// The ID of the tenant above it; empty if there is none.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How users of a tenant sign in by SSO.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthType {
    /// Not at all.
    None,
    /// By SAML.
    Saml,
    /// By OpenID Connect.
    Oidc,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(AuthType { None = "none", Saml = "saml", Oidc = "oidc" });

/// Which roles the users of a tenant have from its parent tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoleInheritance {
    /// What the project says.
    Unset,
    /// None.
    None,
    /// Those of the user alone.
    UserOnly,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(RoleInheritance { Unset = "", None = "none", UserOnly = "userOnly" });

/// A tenant that a user or an access key is to belong to, and the roles they get there.
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
    /// Names of the roles to hold there.
    #[serde(rename = "roleNames")]
    pub roles: Vec<String>,
}

impl TenantRoles {
    /// Membership of a tenant, with no role.
    pub fn new(tenant_id: impl Into<String>) -> Self {
        Self { tenant_id: tenant_id.into(), roles: Vec::new() }
    }
}

setters!(TenantRoles { roles: list<String> });

/// Whether a user may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserStatus {
    /// Yes.
    Enabled,
    /// No.
    Disabled,
    /// Once they have accepted their invitation.
    Invited,
    /// No: the account has expired.
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
    /// When, in seconds.
    #[serde(deserialize_with = "crate::time::or_never", skip_serializing_if = "Option::is_none")]
    pub login_time: Option<UnixTime>,
    /// The city the address is registered in.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// The country the address is registered in, as two letters.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The address the user came from.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The tenant that was selected.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub selected_tenant: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is known of a user who signs up.
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
}

setters!(UserDetails {
    name: opt<String>, given_name: opt<String>, middle_name: opt<String>, family_name: opt<String>,
    email: opt<String>, phone: opt<String>,
});

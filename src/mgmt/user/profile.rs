//! What a user is given: when they are created or invited, and later.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::InitialPassword;
use super::hashed::password_setters;
use crate::models::{TenantRoles, UserStatus};
use crate::options::setters;
use crate::secret::Secret;

/// All that a user can be given at any time, for [`update`](super::Users::update), which replaces all of
/// it, and as a part of [`NewUser`] and [`BatchUser`](super::BatchUser).
///
/// Roles are set either for the project or, in [`tenants`](Self::tenants), for each tenant.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserProfile {
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Full name.
    #[serde(rename = "displayName", skip_serializing_if = "Option::is_none")]
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
    /// The URL of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Whether the e-mail address counts as verified. A new address does by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_email: Option<bool>,
    /// Whether the phone number counts as verified. A new number does by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_phone: Option<bool>,
    /// The e-mail address by which the user gets back in without the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_email: Option<String>,
    /// The phone number by which the user gets back in without the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_phone: Option<String>,
    /// Whether the recovery e-mail address counts as verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_recovery_email: Option<bool>,
    /// Whether the recovery phone number counts as verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_recovery_phone: Option<bool>,
    /// Names of roles in the project.
    #[serde(rename = "roleNames", skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// The tenants to belong to, each with its roles.
    #[serde(rename = "userTenants", skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Vec<TenantRoles>>,
    /// Attributes defined by the project, of any JSON type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// What the user can sign in with beside the login ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_login_ids: Option<Vec<String>>,
    /// IDs of the SSO applications the user may use.
    #[serde(rename = "ssoAppIDs", skip_serializing_if = "Option::is_none")]
    pub sso_app_ids: Option<Vec<String>>,
    /// The families to belong to.
    #[serde(rename = "familyAssociations", skip_serializing_if = "Option::is_none")]
    pub families: Option<Vec<FamilyAssociation>>,
    /// Whether the user may sign in. A new user is [`Invited`](UserStatus::Invited) by default, and becomes
    /// [`Enabled`](UserStatus::Enabled) with the first sign-in. An update that does not set it leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<UserStatus>,
    /// Whether this is a test user; see [`Users::create_test_user`](super::Users::create_test_user).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<bool>,
}

setters!(UserProfile {
    email: opt<String>, phone: opt<String>, name: opt<String>, given_name: opt<String>,
    middle_name: opt<String>, family_name: opt<String>, picture: opt<String>,
    verified_email: opt<bool>, verified_phone: opt<bool>, recovery_email: opt<String>,
    recovery_phone: opt<String>, verified_recovery_email: opt<bool>,
    verified_recovery_phone: opt<bool>, roles: opt_list<String>,
    tenants: opt_list<TenantRoles>, custom_attributes: opt_map<Value>,
    additional_login_ids: opt_list<String>, sso_app_ids: opt_list<String>,
    families: opt_list<FamilyAssociation>, status: opt<UserStatus>, test: opt<bool>,
});

/// A new user, for [`create`](super::Users::create) and [`invite`](super::Users::invite).
///
/// It has the setters of [`UserProfile`], and can be made from one.
///
/// ```
/// use descope::mgmt::user::NewUser;
///
/// let ada = NewUser::default().name("Ada Lovelace").email("ada@example.com");
/// assert_eq!(ada.profile.name.as_deref(), Some("Ada Lovelace"));
/// ```
///
/// With a password that another system has stored:
///
/// ```
/// # let emulator = descope::emulator::Emulator::new();
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// use descope::mgmt::user::{HashedPassword, NewUser};
///
/// // "password"
/// let hash = "5f4dcc3b5aa765d61d8327deb882cf99".to_owned();
/// let ada = NewUser::default().hashed_password(HashedPassword::Md5 { hash });
/// client.mgmt().user().create("ada", &ada)?;
/// client.auth().password().sign_in("ada", "password", &Default::default())?;
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewUser {
    /// What can be changed later, too.
    #[serde(flatten)]
    pub profile: UserProfile,
    /// The password. Defaults to none.
    #[serde(flatten)]
    pub password: Option<InitialPassword>,
    /// Where an invitation leads. Defaults to what the project has configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_url: Option<String>,
}

setters!(NewUser { profile: nested<UserProfile>, invite_url: opt<String> });
password_setters!(NewUser);

impl NewUser {
    /// The texts that must not show in any error.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        self.password.as_ref().map(InitialPassword::secrets).unwrap_or_default()
    }
}

/// Writes those setters of [`NewUser`] that [`UserProfile`] has too.
macro_rules! profile_setters {
    ($([$($setter:ident),*] $value:ident: $type:ty;)*) => {
        impl NewUser {
            $($(
                #[doc = concat!(
                    "Sets [`", stringify!($setter), "`](field@UserProfile::", stringify!($setter), ")."
                )]
                #[must_use]
                pub fn $setter(mut self, $value: $type) -> Self {
                    self.profile = self.profile.$setter($value);
                    self
                }
            )*)*
        }
    };
}

profile_setters! {
    [
        email, phone, name, given_name, middle_name, family_name, picture, recovery_email,
        recovery_phone
    ] value: impl Into<String>;
    [
        verified_email, verified_phone, verified_recovery_email, verified_recovery_phone, test
    ] value: impl Into<bool>;
    [status] value: impl Into<UserStatus>;
    [roles, additional_login_ids, sso_app_ids] values: impl IntoIterator<Item = impl Into<String>>;
    [tenants] values: impl IntoIterator<Item = impl Into<TenantRoles>>;
    [families] values: impl IntoIterator<Item = impl Into<FamilyAssociation>>;
    [custom_attributes] entries: impl IntoIterator<Item = (impl Into<String>, impl Into<Value>)>;
}

impl From<UserProfile> for NewUser {
    fn from(profile: UserProfile) -> Self {
        Self { profile, ..Self::default() }
    }
}

/// What to change of a user, for [`Users::patch`](super::Users::patch).
///
/// What is not set stays as it is. An empty string or list clears:
///
/// ```
/// use descope::mgmt::user::UserPatch;
///
/// let patch = UserPatch::default().picture("").roles([""; 0]);
/// # assert_eq!(patch.roles, Some(vec![]));
/// ```
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserPatch {
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Full name.
    #[serde(rename = "displayName", skip_serializing_if = "Option::is_none")]
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
    /// The URL of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Whether the e-mail address counts as verified. A new address does by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_email: Option<bool>,
    /// Whether the phone number counts as verified. A new number does by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_phone: Option<bool>,
    /// The e-mail address by which the user gets back in without the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_email: Option<String>,
    /// The phone number by which the user gets back in without the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_phone: Option<String>,
    /// Whether the recovery e-mail address counts as verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_recovery_email: Option<bool>,
    /// Whether the recovery phone number counts as verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_recovery_phone: Option<bool>,
    /// Names of roles in the project, in place of those held.
    #[serde(rename = "roleNames", skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// The tenants to belong to, in place of those joined.
    #[serde(rename = "userTenants", skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Vec<TenantRoles>>,
    /// Attributes defined by the project, of any JSON type. Those not named here stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// What the user can sign in with beside the login ID, in place of what there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_login_ids: Option<Vec<String>>,
    /// IDs of the SSO applications the user may use, in place of those there are.
    #[serde(rename = "ssoAppIds", skip_serializing_if = "Option::is_none")]
    pub sso_app_ids: Option<Vec<String>>,
    /// The families to belong to, in place of those there are.
    #[serde(rename = "familyAssociations", skip_serializing_if = "Option::is_none")]
    pub families: Option<Vec<FamilyAssociation>>,
    /// Whether the user is provisioned by SCIM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scim: Option<bool>,
    /// Whether the user may sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<UserStatus>,
    /// Whether this is a test user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<bool>,
}

setters!(UserPatch {
    email: opt<String>, phone: opt<String>, name: opt<String>, given_name: opt<String>,
    middle_name: opt<String>, family_name: opt<String>, picture: opt<String>,
    verified_email: opt<bool>, verified_phone: opt<bool>, recovery_email: opt<String>,
    recovery_phone: opt<String>, verified_recovery_email: opt<bool>,
    verified_recovery_phone: opt<bool>, roles: opt_list<String>,
    tenants: opt_list<TenantRoles>, custom_attributes: opt_map<Value>,
    additional_login_ids: opt_list<String>, sso_app_ids: opt_list<String>,
    families: opt_list<FamilyAssociation>, scim: opt<bool>, status: opt<UserStatus>,
    test: opt<bool>,
});

/// How users are invited, by [`invite`](super::Users::invite) and
/// [`invite_batch`](super::Users::invite_batch).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Invitation {
    /// Where the invitation leads. Defaults to what the project has configured.
    #[serde(rename = "inviteUrl", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether to send an e-mail. Defaults to what the project has configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_mail: Option<bool>,
    /// Whether to send a text message. Defaults to what the project has configured.
    #[serde(rename = "sendSMS", skip_serializing_if = "Option::is_none")]
    pub send_sms: Option<bool>,
    /// Another message template than the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Values to put into the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_options: Option<BTreeMap<String, String>>,
    /// The language of the message, such as `pt-BR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

setters!(Invitation {
    url: opt<String>, send_mail: opt<bool>, send_sms: opt<bool>, template_id: opt<String>,
    template_options: opt_map<String>, locale: opt<String>,
});

/// A family that a user belongs to, and what they are in it.
#[derive(Clone, Debug, Default, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FamilyAssociation {
    /// The family's ID.
    pub family_id: String,
    /// Names of the roles to hold there.
    #[serde(rename = "roleNames", skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Attributes that the user has in this family alone.
    #[serde(rename = "familyScopedAttributes", skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Map<String, Value>>,
}

impl FamilyAssociation {
    /// Membership of a family, with no role.
    pub fn new(family_id: impl Into<String>) -> Self {
        Self { family_id: family_id.into(), ..Self::default() }
    }
}

setters!(FamilyAssociation { roles: opt_list<String>, attributes: opt_map<Value> });

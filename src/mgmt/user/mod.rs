//! Managing users: create, invite, load, search, change and delete them, and let them sign in.
//!
//! Most calls name a user by a *login ID*: an e-mail address, a phone number or a name that they sign
//! in with, and of which they may have several. The others take Descope's own *user ID*, which never
//! changes and is the `sub` of the user's tokens; their names or parameters say so.
//!
//! | to | call |
//! | --- | --- |
//! | replace all of a user's data, clearing what is not set | [`update`](Users::update) |
//! | change what is set, and leave the rest | [`patch`](Users::patch) |
//! | change one thing | [`update_email`](Users::update_email), [`add_roles`](Users::add_roles) and others |
//! | go through many users | [`iter`](Users::iter), one page at a time |
//! | create or change many users | [`create_batch`](Users::create_batch), [`patch_batch`](Users::patch_batch) |
//! | sign in within a test | [`create_test_user`](Users::create_test_user) |
//!
//! Calls about a user that does not exist fail with
//! [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND).

use serde::Serialize;
use serde_json::{Map, Value};

use super::Mgmt;
use crate::call::Call;
use crate::check;
use crate::error::{Error, Result};
use crate::models::{TenantRoles, User, UserStatus};
use crate::options::setters;
use crate::transport::http::Method;

mod attributes;
mod auth;
mod batch;
mod change;
mod grants;
mod hashed;
mod search;
mod test_user;

pub use self::attributes::{AttributeKind, AttributeOption, CustomAttribute};
pub use self::auth::{
    EmbeddedLinkOptions, LogoutOptions, Passkey, ProviderToken, ProviderTokenOptions,
    SignUpEmbeddedLinkOptions, TrustedDevice,
};
pub use self::batch::{
    BatchFailure, BatchOutcome, BatchUser, ImportFailure, ImportOutcome, UserImport,
};
pub use self::change::{AddressUpdate, NamesUpdate};
pub use self::hashed::{HashFunction, HashedPassword};
pub use self::search::{RoleFilter, UserSearch};
pub use self::test_user::{TestEnchantedLink, TestMagicLink, TestMethod, TestOtp};

/// Managing users; see [`Mgmt::user`].
#[derive(Clone, Copy, Debug)]
pub struct Users<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Managing users: create, change, load, search and delete them, and let them sign in.
    pub fn user(self) -> Users<'c> {
        Users(self)
    }
}

impl<'c> Users<'c> {
    /// Creates a user.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// use descope::TenantRoles;
    /// use descope::mgmt::user::NewUser;
    ///
    /// let ada = NewUser::default()
    ///     .name("Ada Lovelace")
    ///     .email("ada@example.com")
    ///     .verified_email(true)
    ///     .tenants([TenantRoles::new("acme")])
    ///     .custom_attributes([("engine", "analytical")]);
    /// let user = client.mgmt().user().create("ada@example.com", &ada)?;
    /// assert_eq!(user.user_tenants[0].tenant_name, "Acme");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`USER_ALREADY_EXISTS`](crate::codes::USER_ALREADY_EXISTS) if a login ID is taken,
    /// [`Error::Api`] for an unknown role or tenant: then no user is created.
    pub fn create(&self, login_id: &str, user: &NewUser) -> Result<User> {
        self.of_login("/v1/mgmt/user/create", login_id)
            .field("invite", false)
            .fields(user)
            .send_field("user")
    }

    /// Creates a user and invites them, by e-mail unless the invitation says otherwise. They are
    /// [`Invited`](UserStatus::Invited) until they sign in.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::UserStatus;
    /// use descope::mgmt::user::{Invitation, NewUser};
    ///
    /// let ada = NewUser::default().email("ada@example.com");
    /// let invitation = Invitation::default().url("https://example.com/welcome");
    /// let user = client.mgmt().user().invite("ada@example.com", &ada, &invitation)?;
    /// assert_eq!(user.status, Some(UserStatus::Invited));
    /// # assert!(emulator.inbox().last_to("ada@example.com").is_some());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`create`](Self::create).
    pub fn invite(&self, login_id: &str, user: &NewUser, invitation: &Invitation) -> Result<User> {
        self.of_login("/v1/mgmt/user/create", login_id)
            .fields(user)
            .fields(invitation)
            .field("invite", true)
            .send_field("user")
    }

    /// Loads the user with a login ID.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada@example.com", &Default::default())?;
    /// let users = client.mgmt().user();
    /// let ada = users.load("ada@example.com")?;
    /// assert_eq!(users.load_by_user_id(&ada.user_id)?, ada);
    /// assert!(users.load("nobody@example.com").unwrap_err().is_not_found());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if there is none.
    pub fn load(&self, login_id: &str) -> Result<User> {
        self.0
            .get("/v1/mgmt/user")
            .check(check::id("login_id", login_id))
            .query("loginId", login_id)
            .send_field("user")
    }

    /// Loads the user with Descope's own ID, the `sub` of their tokens.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// let users = client.mgmt().user();
    /// let ada = users.load("ada")?;
    /// assert_eq!(users.load_by_user_id(&ada.user_id)?, ada);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if there is none.
    pub fn load_by_user_id(&self, user_id: &str) -> Result<User> {
        self.0
            .get("/v1/mgmt/user")
            .check(check::id("user_id", user_id))
            .query("userId", user_id)
            .send_field("user")
    }

    /// Loads several users by Descope's own IDs.
    ///
    /// Of IDs that no user has, nothing comes back, unless `include_invalid` is true: then a user
    /// with the ID alone does. With `None`, Descope decides.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// let users = client.mgmt().user();
    /// let ada = users.load("ada")?;
    /// assert_eq!(users.load_many(&[&ada.user_id, "U2nobody"], false)?, [ada]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for an empty list or ID.
    pub fn load_many(
        &self,
        user_ids: &[&str],
        include_invalid: impl Into<Option<bool>>,
    ) -> Result<Vec<User>> {
        self.0
            .post("/v1/mgmt/users/load")
            .safe()
            .check(check::not_empty("user_ids", user_ids))
            .check(check::ids("user_ids", user_ids))
            .field("userIds", user_ids)
            .field("includeInvalidUsers", include_invalid.into())
            .send_list("users")
    }

    /// Replaces all of a user's data: **what is not set here is cleared**. To change some of it, use
    /// [`patch`](Self::patch).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::user::NewUser;
    ///
    /// let users = client.mgmt().user();
    /// users.create("ada", &NewUser::default().name("Ada").phone("+12025550101"))?;
    /// let ada = users.update("ada", &NewUser::default().name("Countess Lovelace"))?;
    /// assert_eq!((&*ada.name, &*ada.phone), ("Countess Lovelace", ""));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID. [`Error::Argument`] if the user's [`status`](NewUser::status) or
    /// [`invite_url`](NewUser::invite_url) is set, which this call does not take.
    pub fn update(&self, login_id: &str, user: &NewUser) -> Result<User> {
        self.of_login("/v1/mgmt/user/update", login_id)
            .check(user.check_replacement())
            .fields(user)
            .send_field("user")
    }

    /// Changes those of a user's data that are set, and leaves the others as they are. To replace all,
    /// use [`update`](Self::update).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::user::{NewUser, UserPatch};
    ///
    /// let users = client.mgmt().user();
    /// users.create("ada", &NewUser::default().name("Ada").phone("+12025550101"))?;
    /// let ada = users.patch("ada", &UserPatch::default().name("Countess Lovelace"))?;
    /// assert_eq!((&*ada.name, &*ada.phone), ("Countess Lovelace", "+12025550101"));
    ///
    /// let ada = users.patch("ada", &UserPatch::default().phone(""))?;
    /// assert_eq!((&*ada.name, &*ada.phone), ("Countess Lovelace", ""));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn patch(&self, login_id: &str, patch: &UserPatch) -> Result<User> {
        self.0
            .call(Method::PATCH, "/v1/mgmt/user/patch")
            .check(check::id("login_id", login_id))
            .field("loginId", login_id)
            .fields(patch)
            .send_field("user")
    }

    /// Deletes a user. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// let users = client.mgmt().user();
    /// users.delete("ada")?;
    /// assert!(users.load("ada").unwrap_err().is_not_found());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn delete(&self, login_id: &str) -> Result<()> {
        self.of_login("/v1/mgmt/user/delete", login_id).send_unit()
    }

    /// Deletes a user by Descope's own ID. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// let users = client.mgmt().user();
    /// let ada = users.load("ada")?;
    /// users.delete_by_user_id(&ada.user_id)?;
    /// assert!(users.load("ada").unwrap_err().is_not_found());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// ID.
    pub fn delete_by_user_id(&self, user_id: &str) -> Result<()> {
        self.of_user("/v1/mgmt/user/delete", user_id).send_unit()
    }

    /// Deletes several users by Descope's own IDs. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// let users = client.mgmt().user();
    /// let ada = users.load("ada")?;
    /// users.delete_batch(&[&ada.user_id])?;
    /// assert!(users.load("ada").unwrap_err().is_not_found());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for an empty ID.
    pub fn delete_batch(&self, user_ids: &[&str]) -> Result<()> {
        self.0
            .post("/v1/mgmt/user/delete/batch")
            .check(check::not_empty("user_ids", user_ids))
            .check(check::ids("user_ids", user_ids))
            .field("userIds", user_ids)
            .send_unit()
    }

    /// A call about the user with a login ID.
    fn of_login(self, path: &'static str, login_id: &str) -> Call<'c> {
        self.0.post(path).check(check::id("login_id", login_id)).field("loginId", login_id)
    }

    /// A call about the user with Descope's own ID.
    fn of_user(self, path: &'static str, user_id: &str) -> Call<'c> {
        self.0.post(path).check(check::id("user_id", user_id)).field("userId", user_id)
    }
}

/// All that a user can be given, for [`Users::create`], [`invite`](Users::invite) and
/// [`update`](Users::update), which replaces all of it.
///
/// Roles are set either for the project or, in [`tenants`](Self::tenants), for each tenant.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewUser {
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
    /// Whether the e-mail address counts as verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_email: Option<bool>,
    /// Whether the phone number counts as verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_phone: Option<bool>,
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
    /// Whether this is a test user; see [`Users::create_test_user`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<bool>,
    /// Whether the user may sign in. Defaults to enabled, or to invited for [`Users::invite`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<UserStatus>,
    /// Where an invitation leads. Defaults to what the project has configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_url: Option<String>,
}

setters!(NewUser {
    email: opt<String>, phone: opt<String>, name: opt<String>, given_name: opt<String>,
    middle_name: opt<String>, family_name: opt<String>, picture: opt<String>,
    verified_email: opt<bool>, verified_phone: opt<bool>, roles: opt_list<String>,
    tenants: opt_list<TenantRoles>, custom_attributes: opt_map<Value>,
    additional_login_ids: opt_list<String>, sso_app_ids: opt_list<String>,
    families: opt_list<FamilyAssociation>, test: opt<bool>, status: opt<UserStatus>,
    invite_url: opt<String>,
});

impl NewUser {
    /// Refuses what can be given to a new user only.
    fn check_replacement(&self) -> Result<()> {
        match (&self.status, &self.invite_url) {
            (Some(_), _) => Err(Error::argument("status", "is changed by `activate` and others")),
            (_, Some(_)) => Err(Error::argument("invite_url", "is for new users")),
            _ => Ok(()),
        }
    }
}

/// What to change of a user, for [`Users::patch`].
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
    /// Whether the e-mail address counts as verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_email: Option<bool>,
    /// Whether the phone number counts as verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_phone: Option<bool>,
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
    verified_email: opt<bool>, verified_phone: opt<bool>, roles: opt_list<String>,
    tenants: opt_list<TenantRoles>, custom_attributes: opt_map<Value>,
    additional_login_ids: opt_list<String>, sso_app_ids: opt_list<String>,
    families: opt_list<FamilyAssociation>, scim: opt<bool>, status: opt<UserStatus>,
    test: opt<bool>,
});

/// How users are invited, by [`Users::invite`] and [`Users::invite_batch`].
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
    pub template_options: Option<std::collections::BTreeMap<String, String>>,
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

//! From the creation of a user to the deletion.

use serde::Serialize;

use super::{Invitation, NewUser, UserPatch, UserProfile, Users};
use crate::check;
use crate::error::Result;
use crate::models::User;
use crate::options::setters;
use crate::transport::http::Method;

/// # Creating, loading, changing and deleting a user
impl Users<'_> {
    /// Creates a user. They are [`Invited`](crate::UserStatus::Invited) until they sign in, unless
    /// [`status`](super::UserProfile::status) says otherwise.
    ///
    /// A login ID that is an e-mail address or a phone number is also where the user is reached, unless you give
    /// another address. Descope keeps phone numbers in the form of E.164, such as `+12025550101`.
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
    /// [`Error::Api`](crate::Error::Api) for an unknown role or tenant: then no user is created.
    pub fn create(&self, login_id: &str, user: &NewUser) -> Result<User> {
        self.of_login("/v1/mgmt/user/create", login_id)
            .hide(&user.secrets())
            .field("invite", false)
            .fields(user)
            .send_field("user")
    }

    /// Creates a user and sends them an invitation, by e-mail unless the invitation says otherwise.
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
            .hide(&user.secrets())
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
    /// IDs that no user has are left out, unless the options ask for them.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// let users = client.mgmt().user();
    /// let ada = users.load("ada")?;
    /// assert_eq!(users.load_batch(&[&ada.user_id, "U2nobody"], &Default::default())?, [ada]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list or ID.
    pub fn load_batch(&self, user_ids: &[&str], options: &LoadOptions) -> Result<Vec<User>> {
        self.0
            .post("/v1/mgmt/users/load")
            .safe()
            .ids("user_ids", "userIds", user_ids)
            .fields(options)
            .send_list("users")
    }

    /// Replaces all of a user's data: **what is not set here is cleared**. To change some of it, use
    /// [`patch`](Self::patch).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::user::{NewUser, UserProfile};
    ///
    /// let users = client.mgmt().user();
    /// users.create("ada", &NewUser::default().name("Ada").phone("+12025550101"))?;
    /// let ada = users.update("ada", &UserProfile::default().name("Countess Lovelace"))?;
    /// assert_eq!(ada.name.as_deref(), Some("Countess Lovelace"));
    /// assert_eq!(ada.phone, None);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn update(&self, login_id: &str, profile: &UserProfile) -> Result<User> {
        self.of_login("/v1/mgmt/user/update", login_id).fields(profile).send_field("user")
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
    /// assert_eq!(ada.name.as_deref(), Some("Countess Lovelace"));
    /// assert_eq!(ada.phone.as_deref(), Some("+12025550101"));
    ///
    /// let ada = users.patch("ada", &UserPatch::default().phone(""))?;
    /// assert_eq!(ada.name.as_deref(), Some("Countess Lovelace"));
    /// assert_eq!(ada.phone, None);
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
    /// [`Error::Argument`](crate::Error::Argument) for an empty ID.
    pub fn delete_batch(&self, user_ids: &[&str]) -> Result<()> {
        self.0.post("/v1/mgmt/user/delete/batch").ids("user_ids", "userIds", user_ids).send_unit()
    }
}

/// Options of [`Users::load_batch`].
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct LoadOptions {
    /// Whether an ID that no user has comes back as a user with that ID alone. Descope decides if it is
    /// not set.
    #[serde(rename = "includeInvalidUsers", skip_serializing_if = "Option::is_none")]
    pub include_invalid: Option<bool>,
}

setters!(LoadOptions { include_invalid: opt<bool> });

//! Changes of one thing of a user each.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Users;
use crate::check;
use crate::error::Result;
use crate::models::User;
use crate::options::setters;

/// # Changing one thing
impl Users<'_> {
    /// Lets a user sign in.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// let ada = client.mgmt().user().activate("ada")?;
    /// assert_eq!(ada.status, Some(descope::UserStatus::Enabled));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn activate(&self, login_id: &str) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/status", login_id)
            .field("status", "enabled")
            .send_field("user")
    }

    /// Keeps a user from signing in. Session tokens stay good until they expire; their refresh is
    /// refused. To deactivate all users of a search, read their [`ids`](crate::PageIter::ids) first.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// use descope::UserStatus;
    ///
    /// let users = client.mgmt().user();
    /// assert_eq!(users.deactivate("ada")?.status, Some(UserStatus::Disabled));
    /// assert_eq!(users.activate("ada")?.status, Some(UserStatus::Enabled));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn deactivate(&self, login_id: &str) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/status", login_id)
            .field("status", "disabled")
            .send_field("user")
    }

    /// Replaces a login ID by another.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// let ada = client.mgmt().user().update_login_id("ada", "countess")?;
    /// assert_eq!(ada.login_ids, ["countess"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`USER_ALREADY_EXISTS`](crate::codes::USER_ALREADY_EXISTS) if the new one is taken.
    pub fn update_login_id(&self, login_id: &str, new_login_id: &str) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/loginid", login_id)
            .check(check::id("new_login_id", new_login_id))
            .field("newLoginId", new_login_id)
            .send_field("user")
    }

    /// Removes a login ID, which must not be the user's last.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::user::NewUser;
    ///
    /// let users = client.mgmt().user();
    /// users.create("ada", &NewUser::default().additional_login_ids(["countess"]))?;
    /// assert_eq!(users.remove_login_id("ada")?.login_ids, ["countess"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the login
    /// ID, [`Error::Api`](crate::Error::Api) if it is their last.
    pub fn remove_login_id(&self, login_id: &str) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/loginid", login_id)
            .field("newLoginId", "")
            .send_field("user")
    }

    /// Changes a user's e-mail address. An empty one removes it.
    ///
    /// The address becomes unverified unless the options say otherwise.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// use descope::mgmt::user::AddressUpdate;
    ///
    /// let verified = AddressUpdate::default().verified(true);
    /// let ada = client.mgmt().user().update_email("ada", "ada@example.com", &verified)?;
    /// assert!(ada.verified_email);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn update_email(
        &self,
        login_id: &str,
        email: &str,
        options: &AddressUpdate,
    ) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/email", login_id)
            .field("email", email)
            .fields(options)
            .send_field("user")
    }

    /// Changes a user's phone number. An empty one removes it.
    ///
    /// The number becomes unverified unless the options say otherwise.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// use descope::mgmt::user::AddressUpdate;
    ///
    /// let verified = AddressUpdate::default().verified(true);
    /// let ada = client.mgmt().user().update_phone("ada", "+12025550101", &verified)?;
    /// assert!(ada.verified_phone);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn update_phone(
        &self,
        login_id: &str,
        phone: &str,
        options: &AddressUpdate,
    ) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/phone", login_id)
            .field("phone", phone)
            .fields(options)
            .send_field("user")
    }

    /// Changes the e-mail address by which a user can recover their account.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// use descope::mgmt::user::RecoveryUpdate;
    ///
    /// let users = client.mgmt().user();
    /// let verified = RecoveryUpdate::default().verified(true);
    /// let ada = users.update_recovery_email("ada", "ada@example.org", &verified)?;
    /// assert_eq!(ada.recovery_email.as_deref(), Some("ada@example.org"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn update_recovery_email(
        &self,
        login_id: &str,
        email: &str,
        options: &RecoveryUpdate,
    ) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/recovery/email", login_id)
            .field("recoveryEmail", email)
            .field("verified", false)
            .fields(options)
            .send_field("user")
    }

    /// Changes the phone number by which a user can recover their account.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// use descope::mgmt::user::RecoveryUpdate;
    ///
    /// let users = client.mgmt().user();
    /// let verified = RecoveryUpdate::default().verified(true);
    /// let ada = users.update_recovery_phone("ada", "+12025550101", &verified)?;
    /// assert_eq!(ada.recovery_phone.as_deref(), Some("+12025550101"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn update_recovery_phone(
        &self,
        login_id: &str,
        phone: &str,
        options: &RecoveryUpdate,
    ) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/recovery/phone", login_id)
            .field("recoveryPhone", phone)
            .field("verified", false)
            .fields(options)
            .send_field("user")
    }

    /// Changes those of a user's names that are set.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// use descope::mgmt::user::NamesUpdate;
    ///
    /// let names = NamesUpdate::default().name("Ada Lovelace").given_name("Ada");
    /// let ada = client.mgmt().user().update_names("ada", &names)?;
    /// assert_eq!(ada.name.as_deref(), Some("Ada Lovelace"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn update_names(&self, login_id: &str, names: &NamesUpdate) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/name", login_id).fields(names).send_field("user")
    }

    /// Changes the URL of a user's picture. An empty one removes it.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// let ada = client.mgmt().user().update_picture("ada", "https://example.com/ada.png")?;
    /// assert_eq!(ada.picture.as_deref(), Some("https://example.com/ada.png"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn update_picture(&self, login_id: &str, picture: &str) -> Result<User> {
        self.of_login("/v1/mgmt/user/update/picture", login_id)
            .field("picture", picture)
            .send_field("user")
    }

    /// Sets one attribute that the project defines.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// let ada = client.mgmt().user().update_custom_attribute("ada", "engines", 2)?;
    /// assert_eq!(ada.custom_attributes["engines"], 2);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn update_custom_attribute(
        &self,
        login_id: &str,
        key: &str,
        value: impl Into<Value>,
    ) -> Result<User> {
        // Not a `field`, which would leave a null out.
        let value = Map::from_iter([("attributeValue".to_owned(), value.into())]);
        self.of_login("/v1/mgmt/user/update/customAttribute", login_id)
            .check(check::id("key", key))
            .field("attributeKey", key)
            .fields(&value)
            .send_field("user")
    }
}

/// Options of [`Users::update_email`] and [`Users::update_phone`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AddressUpdate {
    /// Whether the new address counts as verified. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// Refuses an address that is another user's login ID. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_on_conflict: Option<bool>,
}

setters!(AddressUpdate { verified: opt<bool>, fail_on_conflict: opt<bool> });

/// Options of [`Users::update_recovery_email`] and [`Users::update_recovery_phone`].
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct RecoveryUpdate {
    /// Whether the new address counts as verified. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
}

setters!(RecoveryUpdate { verified: opt<bool> });

/// The names to change, for [`Users::update_names`]. An empty one is removed.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NamesUpdate {
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
}

setters!(NamesUpdate {
    name: opt<String>, given_name: opt<String>, middle_name: opt<String>, family_name: opt<String>,
});

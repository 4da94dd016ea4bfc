//! What users sign in with: passwords, passkeys, authenticator apps, trusted devices.

use serde::{Deserialize, Serialize};

use super::Users;
use crate::UnixTime;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;

/// # Passwords, passkeys and other credentials
impl Users<'_> {
    /// Gives a user a password that they must replace at the next sign-in.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// use descope::auth::password::Replacement;
    ///
    /// let password = client.auth().password();
    /// client.mgmt().user().set_temporary_password("ada", "Temp0rary")?;
    /// let error = password.sign_in("ada", "Temp0rary", &Default::default()).unwrap_err();
    /// assert_eq!(error.code(), Some(descope::codes::PASSWORD_EXPIRED));
    /// let passwords = Replacement { old: "Temp0rary", new: "N0t-temporary" };
    /// password.replace("ada", passwords)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn set_temporary_password(&self, login_id: &str, password: &str) -> Result<()> {
        self.of_login("/v1/mgmt/user/password/set/temporary", login_id)
            .check(check::secret("password", password))
            .secret("password", password)
            .field("setActive", false)
            .send_unit()
    }

    /// Gives a user a password that they can sign in with from now on.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// client.mgmt().user().set_active_password("ada", "s0me-Password")?;
    /// client.auth().password().sign_in("ada", "s0me-Password", &Default::default())?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn set_active_password(&self, login_id: &str, password: &str) -> Result<()> {
        self.of_login("/v1/mgmt/user/password/set/active", login_id)
            .check(check::secret("password", password))
            .secret("password", password)
            .field("setActive", true)
            .send_unit()
    }

    /// Gives a user a password that is temporary or active.
    ///
    /// An older form of [`set_temporary_password`](Self::set_temporary_password) and
    /// [`set_active_password`](Self::set_active_password), which Descope prefers.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// use descope::mgmt::user::PasswordState;
    ///
    /// client.mgmt().user().set_password("ada", "s0me-Password", PasswordState::Active)?;
    /// client.auth().password().sign_in("ada", "s0me-Password", &Default::default())?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn set_password(&self, login_id: &str, password: &str, state: PasswordState) -> Result<()> {
        self.of_login("/v1/mgmt/user/password/set", login_id)
            .check(check::secret("password", password))
            .secret("password", password)
            .field("setActive", state == PasswordState::Active)
            .send_unit()
    }

    /// Has a user replace their password at the next sign-in.
    ///
    /// Signing in with it fails with [`PASSWORD_EXPIRED`](crate::codes::PASSWORD_EXPIRED) from now on.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// let users = client.mgmt().user();
    /// users.set_active_password("ada", "s0me-Password")?;
    /// users.expire_password("ada")?;
    /// let error = client.auth().password().sign_in("ada", "s0me-Password", &Default::default());
    /// assert_eq!(error.unwrap_err().code(), Some(descope::codes::PASSWORD_EXPIRED));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn expire_password(&self, login_id: &str) -> Result<()> {
        self.of_login("/v1/mgmt/user/password/expire", login_id).send_unit()
    }

    /// Removes all passkeys of a user. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// client.mgmt().user().remove_all_passkeys("ada")?;
    /// # assert!(!client.mgmt().user().load("ada")?.webauthn);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn remove_all_passkeys(&self, login_id: &str) -> Result<()> {
        self.of_login("/v1/mgmt/user/passkeys/delete", login_id).send_unit()
    }

    /// Lists the passkeys of a user.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// for passkey in client.mgmt().user().load_passkeys("ada")? {
    ///     println!("{} for {}", passkey.display_name, passkey.rp_id);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn load_passkeys(&self, login_id: &str) -> Result<Vec<Passkey>> {
        self.of_login("/v1/mgmt/user/passkeys/list", login_id).safe().send_list("passkeys")
    }

    /// Removes one passkey of a user, by its [`id`](Passkey::id). This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// let users = client.mgmt().user();
    /// for passkey in users.load_passkeys("ada")? {
    ///     users.remove_passkey("ada", &passkey.id)?;
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such user or passkey.
    pub fn remove_passkey(&self, login_id: &str, credential_id: &str) -> Result<()> {
        self.of_login("/v1/mgmt/user/passkey/delete", login_id)
            .check(check::id("credential_id", credential_id))
            .field("credentialId", credential_id)
            .send_unit()
    }

    /// Removes a user's authenticator app: its codes are refused from now on.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// client.mgmt().user().remove_totp_seed("ada")?;
    /// # assert!(!client.mgmt().user().load("ada")?.totp);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn remove_totp_seed(&self, login_id: &str) -> Result<()> {
        self.of_login("/v1/mgmt/user/totp/delete", login_id).send_unit()
    }

    /// Removes a user's recovery codes.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// client.mgmt().user().remove_recovery_codes("ada")?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND) if no user has the
    /// login ID.
    pub fn remove_recovery_codes(&self, login_id: &str) -> Result<()> {
        self.of_login("/v1/mgmt/user/recovery-codes/delete", login_id).send_unit()
    }

    /// Lists the devices that users have chosen to trust. Users are named by login ID or user ID.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let device = serde_json::json!({ "id": "D1", "name": "Mac", "deviceType": "desktop" });
    /// # let state = serde_json::json!({ "trustedDevices": [device] });
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada", "state": state }] })).unwrap();
    /// for device in client.mgmt().user().load_trusted_devices(&["ada"])? {
    ///     println!("{}: {:?}", device.name, device.last_location);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty ID.
    pub fn load_trusted_devices(&self, identifiers: &[&str]) -> Result<Vec<TrustedDevice>> {
        self.0
            .post("/v1/mgmt/user/trusteddevices/list")
            .safe()
            .check(check::ids("identifiers", identifiers))
            .field("identifiers", identifiers)
            .send_list("devices")
    }

    /// Ends the trust in devices of a user, who is named by login ID or user ID.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let device = serde_json::json!({ "id": "D1", "name": "Mac", "deviceType": "desktop" });
    /// # let state = serde_json::json!({ "trustedDevices": [device] });
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada", "state": state }] })).unwrap();
    /// let users = client.mgmt().user();
    /// for device in users.load_trusted_devices(&["ada"])? {
    ///     users.remove_trusted_devices("ada", &[&device.id])?;
    /// }
    /// # assert_eq!(users.load_trusted_devices(&["ada"])?, []);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such user.
    /// [`Error::Argument`](crate::Error::Argument) for no device at all.
    pub fn remove_trusted_devices(&self, identifier: &str, device_ids: &[&str]) -> Result<()> {
        self.0
            .post("/v1/mgmt/user/trusteddevices/remove")
            .check(check::id("identifier", identifier))
            .check(check::not_empty("device_ids", device_ids))
            .check(check::ids("device_ids", device_ids))
            .field("identifier", identifier)
            .field("deviceIds", device_ids)
            .send_unit()
    }
}

/// What a password from [`Users::set_password`] is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PasswordState {
    /// The user must replace it at the next sign-in.
    Temporary,
    /// The user can sign in with it from now on.
    Active,
}

/// A passkey of a user.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Passkey {
    /// The credential's ID.
    pub id: String,
    /// The relying party it is for: a domain.
    pub rp_id: String,
    /// What kind of authenticator holds it.
    pub kind: String,
    /// What it is called.
    pub display_name: String,
    /// When it was made, in seconds.
    #[serde(deserialize_with = "crate::time::or_never", skip_serializing_if = "Option::is_none")]
    pub created_time: Option<UnixTime>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A device that a user has chosen to trust.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct TrustedDevice {
    /// The device's ID.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What kind of device it is.
    pub device_type: String,
    /// When the user last signed in on it, in seconds.
    #[serde(deserialize_with = "crate::time::or_never", skip_serializing_if = "Option::is_none")]
    pub last_login_time: Option<UnixTime>,
    /// When the trust ends, in seconds.
    #[serde(deserialize_with = "crate::time::or_never", skip_serializing_if = "Option::is_none")]
    pub expiration_time: Option<UnixTime>,
    /// Where the user last signed in on it.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub last_location: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

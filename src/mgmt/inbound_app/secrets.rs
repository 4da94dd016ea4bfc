//! The client secrets of inbound applications.

use super::{AddSecretOptions, InboundApps, NewSecret, SecretInfo, SecretOptions};
use crate::check;
use crate::error::Result;
use crate::secret::Secret;

/// # Client secrets
impl InboundApps<'_> {
    /// Shows a client secret of an inbound application: its only one, or the one that the options
    /// name.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "inboundApps": [{ "id": "TPA1", "name": "A" }],
    /// # })).unwrap();
    /// let secret = client.mgmt().inbound_app().load_secret("TPA1", &Default::default())?;
    /// println!("the secret has {} characters", secret.expose().len());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such application or secret.
    pub fn load_secret(&self, id: &str, options: &SecretOptions) -> Result<Secret> {
        self.0
            .get("/v1/mgmt/thirdparty/app/secret")
            .check(check::id("id", id))
            .query("id", id)
            .query("secretName", options.name.as_deref())
            .send_field("cleartext")
    }

    /// Gives an inbound application a new client secret, and returns it. The old one is no longer
    /// valid.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "inboundApps": [{ "id": "TPA1", "name": "A" }],
    /// # })).unwrap();
    /// let secret = client.mgmt().inbound_app().rotate_secret("TPA1")?;
    /// println!("the secret has {} characters", secret.expose().len());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no application has the ID.
    pub fn rotate_secret(&self, id: &str) -> Result<Secret> {
        self.0
            .post("/v1/mgmt/thirdparty/app/rotate")
            .check(check::id("id", id))
            .field("id", id)
            .send_field("cleartext")
    }

    /// Gives an inbound application one more client secret, so that a new one can be rolled out while
    /// the old one is still valid.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "inboundApps": [{ "id": "TPA1", "name": "A" }],
    /// # })).unwrap();
    /// use std::time::{Duration, SystemTime};
    ///
    /// use descope::mgmt::inbound_app::AddSecretOptions;
    ///
    /// let in_a_day = SystemTime::now() + Duration::from_secs(24 * 60 * 60);
    /// let options = AddSecretOptions::default().expires(in_a_day);
    /// let added = client.mgmt().inbound_app().add_secret("TPA1", "next", &options)?;
    /// assert_eq!(added.meta.name, "next");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an expiry before 1970,
    /// [`Error::Api`](crate::Error::Api) if no application has the ID.
    pub fn add_secret(
        &self,
        id: &str,
        secret_name: &str,
        options: &AddSecretOptions,
    ) -> Result<NewSecret> {
        self.0
            .post("/v1/mgmt/thirdparty/app/secret/add")
            .check(check::id("id", id))
            .check(check::id("secret_name", secret_name))
            .check(check::expiry("expires", options.expires))
            .field("id", id)
            .field("name", secret_name)
            .field("expireTime", options.expires)
            .send()
    }

    /// Revokes a client secret of an inbound application, and returns what is known of those that are
    /// left.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "inboundApps": [{ "id": "TPA1", "name": "A", "state": { "secrets": [
    /// #         { "id": "CS1", "name": "next", "cleartext": "s" }] } }],
    /// # })).unwrap();
    /// let left = client.mgmt().inbound_app().revoke_secret("TPA1", "next")?;
    /// assert!(left.iter().all(|secret| secret.name != "next"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such application or secret.
    pub fn revoke_secret(&self, id: &str, secret_name: &str) -> Result<Vec<SecretInfo>> {
        self.0
            .post("/v1/mgmt/thirdparty/app/secret/revoke")
            .check(check::id("id", id))
            .check(check::id("secret_name", secret_name))
            .field("id", id)
            .field("name", secret_name)
            .send_list("secrets")
    }
}

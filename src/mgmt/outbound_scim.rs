//! Provisioning users to other applications by SCIM. Feature `mgmt-outbound-scim`.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Mgmt;
use crate::call::Call;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::options::setters;

/// Configurations of outbound SCIM; see [`Mgmt::outbound_scim`].
///
/// Every application has at most one configuration, named by the application's ID.
#[derive(Clone, Copy, Debug)]
pub struct OutboundScim<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Provisioning users to other applications by SCIM.
    pub fn outbound_scim(self) -> OutboundScim<'c> {
        OutboundScim(self)
    }
}

impl OutboundScim<'_> {
    /// Creates the configuration of an application.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "oidcApps": [{ "name": "My app", "id": "my-app" }] })).unwrap();
    /// use descope::mgmt::outbound_scim::ScimOptions;
    ///
    /// let options = ScimOptions::default().configuration([("baseUrl", "https://scim.example.com")]);
    /// let created = client.mgmt().outbound_scim().create("my-app", &options)?;
    /// assert_eq!(created.version, Some(1));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such application, or it has a configuration
    /// already.
    pub fn create(&self, app_id: &str, options: &ScimOptions) -> Result<ScimConfiguration> {
        let body = options.body(json!({ "appId": app_id }));
        self.0
            .post("/v1/mgmt/outbound/scim/create")
            .check(check::id("app_id", app_id))
            .whole_body("configuration", &body)
            .send_field("configuration")
    }

    /// Loads the configuration of an application.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "oidcApps": [{ "name": "My app", "id": "my-app" }] })).unwrap();
    /// # client.mgmt().outbound_scim().create("my-app", &Default::default())?;
    /// let scim = client.mgmt().outbound_scim().load("my-app")?;
    /// println!("enabled: {:?}, failures: {:?}", scim.enabled, scim.failures);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the application has no configuration.
    pub fn load(&self, app_id: &str) -> Result<ScimConfiguration> {
        self.0.get("/v1/mgmt/outbound/scim").segment("app_id", app_id).send_field("configuration")
    }

    /// Replaces the configuration of an application, if it still has the version that you have seen:
    /// otherwise somebody else has changed it, and you should load it again.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "oidcApps": [{ "name": "My app", "id": "my-app" }] })).unwrap();
    /// # client.mgmt().outbound_scim().create("my-app", &Default::default())?;
    /// use descope::mgmt::outbound_scim::ScimOptions;
    ///
    /// let scim = client.mgmt().outbound_scim();
    /// let seen = scim.load("my-app")?.version.unwrap_or_default();
    /// let options = ScimOptions::default().configuration([("baseUrl", "https://scim.example.com")]);
    /// scim.update("my-app", seen, &options)?;
    /// assert!(scim.update("my-app", seen, &options).is_err(), "it has another version by now");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the configuration has another version, or there is none.
    pub fn update(
        &self,
        app_id: &str,
        version: i64,
        options: &ScimOptions,
    ) -> Result<ScimConfiguration> {
        let body = options.body(json!({ "appId": app_id, "version": version }));
        self.0
            .post("/v1/mgmt/outbound/scim/update")
            .check(check::id("app_id", app_id))
            .whole_body("configuration", &body)
            .send_field("configuration")
    }

    /// Switches the provisioning of an application on.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "oidcApps": [{ "name": "My app", "id": "my-app" }] })).unwrap();
    /// # client.mgmt().outbound_scim().create("my-app", &Default::default())?;
    /// assert_eq!(client.mgmt().outbound_scim().enable("my-app")?.enabled, Some(true));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the application has no configuration.
    pub fn enable(&self, app_id: &str) -> Result<ScimConfiguration> {
        self.switch(app_id).field("enabled", true).send_field("configuration")
    }

    /// Switches the provisioning of an application off. Its configuration stays.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "oidcApps": [{ "name": "My app", "id": "my-app" }] })).unwrap();
    /// # client.mgmt().outbound_scim().create("my-app", &Default::default())?;
    /// assert_eq!(client.mgmt().outbound_scim().disable("my-app")?.enabled, Some(false));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the application has no configuration.
    pub fn disable(&self, app_id: &str) -> Result<ScimConfiguration> {
        self.switch(app_id).field("enabled", false).send_field("configuration")
    }

    fn switch(&self, app_id: &str) -> Call<'_> {
        self.0
            .post("/v1/mgmt/outbound/scim/enabled/set")
            .check(check::id("app_id", app_id))
            .field("appId", app_id)
    }

    /// Deletes the configuration of an application. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "oidcApps": [{ "name": "My app", "id": "my-app" }] })).unwrap();
    /// # client.mgmt().outbound_scim().create("my-app", &Default::default())?;
    /// client.mgmt().outbound_scim().delete("my-app")?;
    /// assert!(client.mgmt().outbound_scim().load("my-app").unwrap_err().is_not_found());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the application has no configuration.
    pub fn delete(&self, app_id: &str) -> Result<()> {
        self.0
            .post("/v1/mgmt/outbound/scim/delete")
            .check(check::id("app_id", app_id))
            .field("appId", app_id)
            .send_unit()
    }
}

/// Options of [`OutboundScim::create`] and [`OutboundScim::update`].
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ScimOptions {
    /// How to reach the application, in members that Descope defines for each kind. Texts in it are
    /// treated as secrets.
    pub configuration: Option<Map<String, Value>>,
}

setters!(ScimOptions { configuration: opt_map<Value> });

impl ScimOptions {
    fn body(&self, mut body: Value) -> Value {
        if let Some(configuration) = &self.configuration {
            body["configuration"] = configuration.clone().into();
        }
        body
    }
}

impl fmt::Debug for ScimOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScimOptions").finish_non_exhaustive()
    }
}

/// The configuration of outbound SCIM for an application.
#[derive(Clone, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ScimConfiguration {
    /// The application's ID.
    pub app_id: String,
    /// How to reach the application. It may hold secrets, and so is not part of `Debug`.
    pub configuration: Map<String, Value>,
    /// Whether users are provisioned.
    pub enabled: Option<bool>,
    /// When users were last exported, in a unit that Descope does not document.
    pub last_export_time: Option<i64>,
    /// When the export was last processed, in a unit that Descope does not document.
    pub last_processing_time: Option<i64>,
    /// How many times it failed.
    pub failures: Option<i64>,
    /// The version, for [`OutboundScim::update`].
    pub version: Option<i64>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl fmt::Debug for ScimConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScimConfiguration")
            .field("app_id", &self.app_id)
            .field("enabled", &self.enabled)
            .field("last_export_time", &self.last_export_time)
            .field("last_processing_time", &self.last_processing_time)
            .field("failures", &self.failures)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

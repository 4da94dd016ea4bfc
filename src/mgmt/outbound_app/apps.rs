//! Outbound applications themselves.

use super::{
    InTenant, NewOutboundApp, OutboundApp, OutboundAppUpdate, OutboundApps, TemplatedOutboundApp,
};
use crate::check;
use crate::error::Result;

/// # Applications
impl OutboundApps<'_> {
    /// Creates an outbound application.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::outbound_app::{NewOutboundApp, OutboundAppSettings};
    ///
    /// let settings = OutboundAppSettings::default()
    ///     .discovery_url("https://accounts.example.com/.well-known/openid-configuration")
    ///     .default_scopes(["calendar.read"]);
    /// let new = NewOutboundApp::default()
    ///     .id("calendar")
    ///     .client_id("my-client-id")
    ///     .client_secret("my-client-secret")
    ///     .settings(settings);
    /// let app = client.mgmt().outbound_app().create("Calendar", &new)?;
    /// assert_eq!(app.id, "calendar");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name,
    /// [`Error::Api`](crate::Error::Api) if an application has the ID already.
    pub fn create(&self, name: &str, new: &NewOutboundApp) -> Result<OutboundApp> {
        self.0
            .post("/v1/mgmt/outbound/app/create")
            .check(check::id("name", name))
            .hide(&new.client_secret)
            .field("name", name)
            .fields(new)
            .send_field("app")
    }

    /// Creates an outbound application from one of Descope's templates.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::outbound_app::TemplatedOutboundApp;
    ///
    /// let new = TemplatedOutboundApp::default()
    ///     .client_id("my-client-id")
    ///     .client_secret("my-client-secret");
    /// let app = client.mgmt().outbound_app().create_from_template("google-calendar", &new)?;
    /// println!("{} has the ID {}", app.name, app.id);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such template, or an application has the ID
    /// already.
    pub fn create_from_template(
        &self,
        template_id: &str,
        new: &TemplatedOutboundApp,
    ) -> Result<OutboundApp> {
        self.0
            .post("/v1/mgmt/outbound/app/create/bytemplate")
            .check(check::id("template_id", template_id))
            .hide(&new.client_secret)
            .field("templateId", template_id)
            .fields(new)
            .send_field("app")
    }

    /// Loads an outbound application.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "outboundApps": [{ "id": "calendar", "name": "Calendar" }],
    /// # })).unwrap();
    /// let app = client.mgmt().outbound_app().load("calendar")?;
    /// println!("{}: {:?}", app.name, app.settings.default_scopes);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no application has the ID.
    pub fn load(&self, id: &str) -> Result<OutboundApp> {
        self.0.get("/v1/mgmt/outbound/app").segment("id", id).send_field("app")
    }

    /// Loads all outbound applications.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for app in client.mgmt().outbound_app().load_all()? {
    ///     println!("{}: {}", app.id, app.name);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_all(&self) -> Result<Vec<OutboundApp>> {
        self.0.get("/v1/mgmt/outbound/apps").send_list("apps")
    }

    /// Replaces an outbound application: what the update leaves unset is cleared, except for the
    /// client secret, which stays unless a new one is given.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "outboundApps": [{ "id": "calendar", "name": "Calendar" }],
    /// # })).unwrap();
    /// use descope::mgmt::outbound_app::OutboundAppUpdate;
    ///
    /// let apps = client.mgmt().outbound_app();
    /// let update = OutboundAppUpdate::from(apps.load("calendar")?).client_id("my-new-client-id");
    /// apps.update("calendar", "Calendar", &update)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no application has the ID.
    pub fn update(&self, id: &str, name: &str, update: &OutboundAppUpdate) -> Result<OutboundApp> {
        self.0
            .post("/v1/mgmt/outbound/app/update")
            .check(check::id("id", id))
            .check(check::id("name", name))
            .hide(&update.client_secret)
            .field("app", update.with_names(id, name))
            .send_field("app")
    }

    /// Deletes an outbound application with all its tokens. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "outboundApps": [{ "id": "calendar", "name": "Calendar" }],
    /// # })).unwrap();
    /// client.mgmt().outbound_app().delete("calendar")?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no application has the ID.
    pub fn delete(&self, id: &str) -> Result<()> {
        self.0
            .post("/v1/mgmt/outbound/app/delete")
            .check(check::id("id", id))
            .field("id", id)
            .send_unit()
    }

    /// Lists the IDs of the applications that a user has a token of.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "users": [{ "loginId": "ada", "state": { "userId": "U2abc" } }],
    /// # })).unwrap();
    /// let apps = client.mgmt().outbound_app();
    /// for app_id in apps.load_connected("U2abc", &Default::default())? {
    ///     println!("{app_id}");
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty user ID.
    pub fn load_connected(&self, user_id: &str, options: &InTenant) -> Result<Vec<String>> {
        self.0
            .get("/v1/mgmt/outbound/apps-with-user-token")
            .check(check::id("user_id", user_id))
            .query("userId", user_id)
            .query("tenantId", options.tenant_id.as_deref())
            .send_list("appIds")
    }
}

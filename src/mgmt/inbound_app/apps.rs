//! Inbound applications themselves.

use serde::Deserialize;

use super::{
    CreatedInboundApp, InboundApp, InboundAppPatch, InboundAppSearch, InboundAppSettings,
    InboundApps, NewInboundApp,
};
use crate::check;
use crate::error::Result;
use crate::page::{Page, PageIter};

/// # Applications
impl<'c> InboundApps<'c> {
    /// Creates an inbound application.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::inbound_app::{AppScope, InboundAppSettings, NewInboundApp};
    ///
    /// let settings = InboundAppSettings::default()
    ///     .login_page_url("https://app.example.com/login")
    ///     .approved_callback_urls(["https://partner.example.com/callback"])
    ///     .permissions_scopes([AppScope::new("calendar.read", ["Calendar Reader"])]);
    /// let new = NewInboundApp::default().settings(settings);
    /// let created = client.mgmt().inbound_app().create("Partner", &new)?;
    /// println!("{} has a secret: {}", created.id, created.cleartext.is_some());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name,
    /// [`Error::Api`](crate::Error::Api) if an application has the ID or name already.
    pub fn create(&self, name: &str, new: &NewInboundApp) -> Result<CreatedInboundApp> {
        self.0
            .post("/v2/mgmt/thirdparty/app/create")
            .check(check::id("name", name))
            .field("name", name)
            .fields(new)
            .send()
    }

    /// Loads an inbound application.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "inboundApps": [{ "id": "TPA1", "name": "A" }],
    /// # })).unwrap();
    /// let app = client.mgmt().inbound_app().load("TPA1")?;
    /// println!("{} has the client ID {:?}", app.name, app.client_id);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no application has the ID.
    pub fn load(&self, id: &str) -> Result<InboundApp> {
        #[derive(Deserialize)]
        struct Wrapped {
            app: Option<InboundApp>,
        }

        let call = self.0.get("/v2/mgmt/thirdparty/app/load");
        let answer = call.check(check::id("id", id)).query("id", id).execute()?;
        // The first version of the call wraps its answer.
        match answer.body().read::<Wrapped>()?.app {
            Some(app) => Ok(app),
            None => Ok(answer.body().read()?),
        }
    }

    /// Loads one page of all inbound applications.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::inbound_app::InboundAppSearch;
    ///
    /// let page = client.mgmt().inbound_app().search(&InboundAppSearch::default().limit(20))?;
    /// for app in &page.items {
    ///     println!("{}: {}", app.id, app.name);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn search(&self, search: &InboundAppSearch) -> Result<Page<InboundApp>> {
        self.0.post("/v2/mgmt/thirdparty/apps/load").safe().fields(search).send_page("apps")
    }

    /// Goes through all inbound applications, page by page, beginning with the search's page.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for app in client.mgmt().inbound_app().iter(&Default::default()) {
    ///     println!("{}", app?.name);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Items may be those of [`search`](Self::search).
    pub fn iter(&self, search: &InboundAppSearch) -> PageIter<'c, InboundApp> {
        let (apps, mut search) = (*self, search.clone());
        PageIter::new(
            search.page.unwrap_or_default(),
            |app| &app.id,
            move |page| {
                search.page = Some(page);
                apps.search(&search)
            },
        )
    }

    /// Replaces an inbound application: what the settings leave unset is cleared. Loaded settings lack what this
    /// version of the crate has no field for ([`InboundApp::extra`]), so that is cleared too. See
    /// [`patch`](Self::patch) to change single things.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "inboundApps": [{ "id": "TPA1", "name": "A" }],
    /// # })).unwrap();
    /// let apps = client.mgmt().inbound_app();
    /// let settings = apps.load("TPA1")?.settings.description("Our first partner");
    /// apps.update("TPA1", "Partner", &settings)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no application has the ID.
    pub fn update(&self, id: &str, name: &str, settings: &InboundAppSettings) -> Result<()> {
        self.0
            .post("/v2/mgmt/thirdparty/app/update")
            .check(check::id("id", id))
            .check(check::id("name", name))
            // The settings may be another application's.
            .fields(settings)
            .field("id", id)
            .field("name", name)
            .send_unit()
    }

    /// Changes what the patch sets, and leaves the rest as it is.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "inboundApps": [{ "id": "TPA1", "name": "A" }],
    /// # })).unwrap();
    /// use descope::mgmt::inbound_app::InboundAppPatch;
    ///
    /// let patch = InboundAppPatch::default().name("Our partner");
    /// client.mgmt().inbound_app().patch("TPA1", &patch)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no application has the ID.
    pub fn patch(&self, id: &str, patch: &InboundAppPatch) -> Result<()> {
        self.0
            .post("/v2/mgmt/thirdparty/app/patch")
            .check(check::id("id", id))
            .fields(patch)
            .field("id", id)
            .send_unit()
    }

    /// Deletes an inbound application. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "inboundApps": [{ "id": "TPA1", "name": "A" }],
    /// # })).unwrap();
    /// client.mgmt().inbound_app().delete("TPA1")?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no application has the ID.
    pub fn delete(&self, id: &str) -> Result<()> {
        self.0
            .post("/v1/mgmt/thirdparty/app/delete")
            .check(check::id("id", id))
            .field("id", id)
            .send_unit()
    }

    /// Deletes several inbound applications. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "inboundApps": [{ "id": "TPA1", "name": "A" }, { "id": "TPA2", "name": "B" }],
    /// # })).unwrap();
    /// client.mgmt().inbound_app().delete_batch(&["TPA1", "TPA2"])?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list.
    pub fn delete_batch(&self, ids: &[&str]) -> Result<()> {
        self.0.post("/v1/mgmt/thirdparty/app/delete/batch").ids("ids", "ids", ids).send_unit()
    }
}

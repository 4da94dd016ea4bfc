//! Inbound applications: OAuth clients of this project, such as partners, machines and MCP clients.
//! Feature `mgmt-inbound-app`.
//!
//! Descope also calls them third-party applications. Their users consent to what they may do.

mod consents;
mod secrets;
mod settings;

use serde::Deserialize;

pub use self::consents::{Consent, ConsentFilter, ConsentSearch, TenantConsentFilter};
pub use self::secrets::{AddSecretOptions, SecretOptions};
pub use self::settings::{
    AppScope, AppScopeClaims, CreatedInboundApp, DefaultAudience, InboundApp, InboundAppPatch,
    InboundAppSearch, InboundAppSettings, NewInboundApp,
};
use super::Mgmt;
pub use super::application::{
    IssuerSettings, JwtBearerSettings, NewSecret, SecretInfo, SecretStatus,
};
use crate::check;
use crate::error::Result;
use crate::page::{Page, PageIter};

/// Inbound applications; see [`Mgmt::inbound_app`].
#[derive(Clone, Copy, Debug)]
pub struct InboundApps<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Inbound applications: OAuth clients of this project, such as partners, machines and MCP
    /// clients.
    pub fn inbound_app(self) -> InboundApps<'c> {
        InboundApps(self)
    }
}

impl<'c> InboundApps<'c> {
    /// Creates an inbound application.
    ///
    /// ```no_run
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
    /// ```no_run
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
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
    /// ```no_run
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
    /// ```no_run
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

    /// Replaces an inbound application: what the settings leave unset is cleared. See
    /// [`patch`](Self::patch) to change single things.
    ///
    /// ```no_run
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
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
            .field("id", id)
            .field("name", name)
            .fields(settings)
            .send_unit()
    }

    /// Changes what the patch sets, and leaves the rest as it is.
    ///
    /// ```no_run
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
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
            .field("id", id)
            .fields(patch)
            .send_unit()
    }

    /// Deletes an inbound application. This cannot be undone.
    ///
    /// ```no_run
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
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
    /// ```no_run
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
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

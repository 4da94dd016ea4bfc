//! Creating, loading, updating and deleting applications, and their client secrets.

use super::{
    AddSecretOptions, NewOidcApplication, NewSamlApplication, NewSecret, NewWsFedApplication,
    OidcApplication, SamlApplication, SecretInfo, SecretOptions, SsoApplication, SsoApplications,
    WsFedApplication,
};
use crate::call::Call;
use crate::check;
use crate::error::Result;
use crate::secret::Secret;

/// # Applications
impl SsoApplications<'_> {
    /// Creates an application that speaks OpenID Connect, and returns its ID: the one given, or one
    /// that Descope makes up.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::sso_application::{NewOidcApplication, OidcApplication};
    ///
    /// let apps = client.mgmt().sso_application();
    /// let settings = OidcApplication::default().login_page_url("http://dummy.com");
    /// let new = NewOidcApplication::new(settings).id("my-custom-id");
    /// let id = apps.create_oidc("My First sso app", &new)?;
    /// assert_eq!(id, "my-custom-id");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if an application has the ID already.
    pub fn create_oidc(&self, name: &str, application: &NewOidcApplication) -> Result<String> {
        self.0
            .post("/v1/mgmt/sso/idp/app/oidc/create")
            .application(name, application.id.as_deref())
            .hide(application.client_secret.as_ref())
            .fields(application)
            .send_field("id")
    }

    /// Replaces an application that speaks OpenID Connect.
    ///
    /// ```
    /// # use descope::mgmt::sso_application::NewOidcApplication;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::sso_application::OidcApplication;
    ///
    /// let apps = client.mgmt().sso_application();
    /// # apps.create_oidc("A", &NewOidcApplication::default().id("my-custom-id"))?;
    /// let settings = OidcApplication::default().login_page_url("http://dummy.com");
    /// apps.update_oidc("my-custom-id", "My First sso app", &settings)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no application has the ID.
    pub fn update_oidc(&self, id: &str, name: &str, settings: &OidcApplication) -> Result<()> {
        self.0
            .post("/v1/mgmt/sso/idp/app/oidc/update")
            .application(name, Some(id))
            .fields(settings)
            .send_unit()
    }

    /// Creates an application that speaks SAML, and returns its ID: the one given, or one that Descope
    /// makes up.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::sso_application::{NewSamlApplication, SamlApplication};
    ///
    /// let settings = SamlApplication::by_metadata("http://dummy.com/metadata")
    ///     .login_page_url("http://dummy.com")
    ///     .default_relay_state("relayState")
    ///     .force_authentication(false)
    ///     .logout_redirect_url("http://dummy.com/logout");
    /// let apps = client.mgmt().sso_application();
    /// let new = NewSamlApplication::new(settings).id("my-custom-id");
    /// apps.create_saml("My First sso app", &new)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`create_oidc`](Self::create_oidc).
    pub fn create_saml(&self, name: &str, application: &NewSamlApplication) -> Result<String> {
        self.0
            .post("/v1/mgmt/sso/idp/app/saml/create")
            .application(name, application.id.as_deref())
            .check(application.settings.check())
            .fields(application)
            .send_field("id")
    }

    /// Replaces an application that speaks SAML.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::sso_application::SamlApplication;
    ///
    /// # use descope::mgmt::sso_application::NewSamlApplication;
    /// # let new = NewSamlApplication::new(SamlApplication::by_metadata("http://dummy.com/metadata"));
    /// # client.mgmt().sso_application().create_saml("A", &new.id("my-custom-id"))?;
    /// let settings = SamlApplication::new("ent1234", "http://dummy.com/acs", "my cert")
    ///     .login_page_url("http://dummy.com");
    /// client.mgmt().sso_application().update_saml("my-custom-id", "My First sso app", &settings)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no application has the ID.
    pub fn update_saml(&self, id: &str, name: &str, settings: &SamlApplication) -> Result<()> {
        self.0
            .post("/v1/mgmt/sso/idp/app/saml/update")
            .application(name, Some(id))
            .check(settings.check())
            .fields(settings)
            .send_unit()
    }

    /// Creates an application that speaks WS-Federation, and returns its ID: the one given, or one that
    /// Descope makes up.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::sso_application::{NewWsFedApplication, WsFedApplication};
    ///
    /// let settings = WsFedApplication::default().realm("urn:app").reply_url("https://app.example.com");
    /// let new = NewWsFedApplication::new(settings).id("app");
    /// let id = client.mgmt().sso_application().create_wsfed("My app", &new)?;
    /// assert_eq!(id, "app");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`create_oidc`](Self::create_oidc).
    pub fn create_wsfed(&self, name: &str, application: &NewWsFedApplication) -> Result<String> {
        self.0
            .post("/v1/mgmt/sso/idp/app/wsfed/create")
            .application(name, application.id.as_deref())
            .fields(application)
            .send_field("id")
    }

    /// Replaces an application that speaks WS-Federation.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::sso_application::{NewWsFedApplication, WsFedApplication};
    ///
    /// let apps = client.mgmt().sso_application();
    /// let settings = WsFedApplication::default().realm("urn:app").reply_url("https://app.example.com");
    /// apps.create_wsfed("My app", &NewWsFedApplication::new(settings.clone()).id("app"))?;
    /// apps.update_wsfed("app", "My other app", &settings)?;
    /// assert_eq!(apps.load("app")?.name, "My other app");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no application has the ID.
    pub fn update_wsfed(&self, id: &str, name: &str, settings: &WsFedApplication) -> Result<()> {
        self.0
            .post("/v1/mgmt/sso/idp/app/wsfed/update")
            .application(name, Some(id))
            .fields(settings)
            .send_unit()
    }

    /// Deletes an application. There is no way back.
    ///
    /// ```
    /// # use descope::mgmt::sso_application::NewOidcApplication;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let apps = client.mgmt().sso_application();
    /// # apps.create_oidc("A", &NewOidcApplication::default().id("my-custom-id"))?;
    /// apps.delete("my-custom-id")?;
    /// assert!(apps.load("my-custom-id").unwrap_err().is_not_found());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no application has the ID.
    pub fn delete(&self, id: &str) -> Result<()> {
        self.0
            .post("/v1/mgmt/sso/idp/app/delete")
            .check(check::id("id", id))
            .field("id", id)
            .send_unit()
    }

    /// Loads an application.
    ///
    /// ```
    /// # use descope::mgmt::sso_application::NewOidcApplication;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().sso_application().create_oidc("A", &NewOidcApplication::default().id("app"))?;
    /// let app = client.mgmt().sso_application().load("app")?;
    /// println!("{}: {:?}", app.name, app.app_type);
    /// # assert_eq!(app.name, "A");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no application has the ID.
    pub fn load(&self, id: &str) -> Result<SsoApplication> {
        self.0.get("/v1/mgmt/sso/idp/app/load").check(check::id("id", id)).query("id", id).send()
    }

    /// Loads all applications.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for app in client.mgmt().sso_application().load_all()? {
    ///     println!("{}: {:?}", app.name, app.app_type);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_all(&self) -> Result<Vec<SsoApplication>> {
        self.0.get("/v1/mgmt/sso/idp/apps/load").send_list("apps")
    }
}

/// # Client secrets
impl SsoApplications<'_> {
    /// Loads the client secret of an application that speaks OpenID Connect: its only one, unless the
    /// options name another.
    ///
    /// ```
    /// # use descope::mgmt::sso_application::NewOidcApplication;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().sso_application().create_oidc("A", &NewOidcApplication::default().id("app"))?;
    /// let secret = client.mgmt().sso_application().load_secret("app", &Default::default())?;
    /// assert!(!secret.expose().is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such application or secret.
    pub fn load_secret(&self, id: &str, options: &SecretOptions) -> Result<Secret> {
        self.0
            .get("/v1/mgmt/sso/idp/app/secret")
            .check(check::id("id", id))
            .query("id", id)
            .query("secretName", options.name.as_deref())
            .send_field("cleartext")
    }

    /// Gives an application a new client secret. The old one is good no more.
    ///
    /// ```
    /// # use descope::mgmt::sso_application::NewOidcApplication;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().sso_application().create_oidc("A", &NewOidcApplication::default().id("app"))?;
    /// let apps = client.mgmt().sso_application();
    /// let old = apps.load_secret("app", &Default::default())?;
    /// let new = apps.rotate_secret("app")?;
    /// assert_ne!(old.expose(), new.expose());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no application has the ID.
    pub fn rotate_secret(&self, id: &str) -> Result<Secret> {
        self.0
            .post("/v1/mgmt/sso/idp/app/rotate")
            .check(check::id("id", id))
            .field("id", id)
            .send_field("cleartext")
    }

    /// Gives an application one more client secret. It never expires, unless the options say otherwise.
    ///
    /// ```
    /// # use descope::mgmt::sso_application::NewOidcApplication;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().sso_application().create_oidc("A", &NewOidcApplication::default().id("app"))?;
    /// let added = client.mgmt().sso_application().add_secret("app", "nightly", &Default::default())?;
    /// assert_eq!(added.meta.name, "nightly");
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
            .post("/v1/mgmt/sso/idp/app/secret/add")
            .check(check::id("id", id))
            .check(check::id("secret_name", secret_name))
            .check(check::expiry("expires", options.expires))
            .field("appId", id)
            .field("name", secret_name)
            .field("expireTime", options.expires.unwrap_or_default())
            .send()
    }

    /// Makes one of an application's client secrets useless, and returns those that are left.
    ///
    /// ```
    /// # use descope::mgmt::sso_application::NewOidcApplication;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().sso_application().create_oidc("A", &NewOidcApplication::default().id("app"))?;
    /// let apps = client.mgmt().sso_application();
    /// apps.add_secret("app", "nightly", &Default::default())?;
    /// let left = apps.revoke_secret("app", "nightly")?;
    /// assert!(left.iter().all(|secret| secret.name != "nightly"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such application or secret.
    pub fn revoke_secret(&self, id: &str, secret_name: &str) -> Result<Vec<SecretInfo>> {
        self.0
            .post("/v1/mgmt/sso/idp/app/secret/revoke")
            .check(check::id("id", id))
            .check(check::id("secret_name", secret_name))
            .field("appId", id)
            .field("name", secret_name)
            .send_list("secrets")
    }
}

impl Call<'_> {
    /// What all kinds of application start with.
    fn application(self, name: &str, id: Option<&str>) -> Self {
        self.check(check::id("name", name))
            .check(id.map_or(Ok(()), |id| check::id("id", id)))
            .field("name", name)
            .field("id", id)
            .field("forceAuthentication", false)
    }
}

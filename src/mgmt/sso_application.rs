//! SSO applications: programs that sign their users in through this project. Feature `mgmt-sso-app`.

mod attributes;
mod details;
mod settings;

pub use self::details::{AppType, OidcDetails, SamlDetails, SsoApplication, WsFedDetails};
pub use self::settings::{
    OidcApplication, SamlApplication, SamlAttribute, SamlGroups, SamlRole, WsFedApplication,
};
use super::Mgmt;
pub use super::application::{
    IssuerSettings, JwtBearerSettings, NewSecret, SecretInfo, SecretStatus,
};
pub use super::attribute::{AttributeKind, AttributeOption, CustomAttribute};
use crate::call::Call;
use crate::check;
use crate::error::Result;
use crate::secret::Secret;
use crate::time::UnixTime;

/// SSO applications; see [`Mgmt::sso_application`].
///
/// Here Descope is the identity provider, and the application its client. The other way round, where
/// the users of a tenant come from an identity provider elsewhere, is the area `sso`.
///
/// Updates replace: what is left unset is cleared, and the application enabled.
#[derive(Clone, Copy, Debug)]
pub struct SsoApplications<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// SSO applications: programs that sign their users in through this project.
    pub fn sso_application(self) -> SsoApplications<'c> {
        SsoApplications(self)
    }
}

impl SsoApplications<'_> {
    /// Creates an application that speaks OpenID Connect, and returns its ID: the one given, or one
    /// that Descope makes up.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::sso_application::OidcApplication;
    ///
    /// let apps = client.mgmt().sso_application();
    /// let settings = OidcApplication::default().login_page_url("http://dummy.com");
    /// let id = apps.create_oidc("My First sso app", Some("my-custom-id"), &settings)?;
    /// assert_eq!(id, "my-custom-id");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if an application has the ID already.
    pub fn create_oidc(
        &self,
        name: &str,
        id: Option<&str>,
        settings: &OidcApplication,
    ) -> Result<String> {
        self.0
            .post("/v1/mgmt/sso/idp/app/oidc/create")
            .application(name, id)
            .hide(settings.client_secret.as_ref())
            .fields(settings)
            .send_field("id")
    }

    /// Replaces an application that speaks OpenID Connect.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::sso_application::OidcApplication;
    ///
    /// let apps = client.mgmt().sso_application();
    /// # apps.create_oidc("A", Some("my-custom-id"), &Default::default())?;
    /// let settings = OidcApplication::default().login_page_url("http://dummy.com");
    /// apps.update_oidc("my-custom-id", "My First sso app", &settings)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for a client ID or secret, which only a new
    /// application takes; [`Error::Api`](crate::Error::Api) if there is no such application.
    pub fn update_oidc(&self, id: &str, name: &str, settings: &OidcApplication) -> Result<()> {
        self.0
            .post("/v1/mgmt/sso/idp/app/oidc/update")
            .check(settings.check_update())
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
    /// use descope::mgmt::sso_application::SamlApplication;
    ///
    /// let settings = SamlApplication::by_metadata("http://dummy.com/metadata")
    ///     .login_page_url("http://dummy.com")
    ///     .default_relay_state("relayState")
    ///     .force_authentication(false)
    ///     .logout_redirect_url("http://dummy.com/logout");
    /// let apps = client.mgmt().sso_application();
    /// apps.create_saml("My First sso app", Some("my-custom-id"), &settings)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`create_oidc`](Self::create_oidc).
    pub fn create_saml(
        &self,
        name: &str,
        id: Option<&str>,
        settings: &SamlApplication,
    ) -> Result<String> {
        self.0
            .post("/v1/mgmt/sso/idp/app/saml/create")
            .application(name, id)
            .check(settings.check())
            .fields(settings)
            .send_field("id")
    }

    /// Replaces an application that speaks SAML.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::sso_application::SamlApplication;
    ///
    /// # let metadata = SamlApplication::by_metadata("http://dummy.com/metadata");
    /// # client.mgmt().sso_application().create_saml("A", Some("my-custom-id"), &metadata)?;
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
    /// use descope::mgmt::sso_application::WsFedApplication;
    ///
    /// let settings = WsFedApplication::default().realm("urn:app").reply_url("https://app.example.com");
    /// let id = client.mgmt().sso_application().create_wsfed("My app", Some("app"), &settings)?;
    /// assert_eq!(id, "app");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`create_oidc`](Self::create_oidc).
    pub fn create_wsfed(
        &self,
        name: &str,
        id: Option<&str>,
        settings: &WsFedApplication,
    ) -> Result<String> {
        self.0
            .post("/v1/mgmt/sso/idp/app/wsfed/create")
            .application(name, id)
            .fields(settings)
            .send_field("id")
    }

    /// Replaces an application that speaks WS-Federation.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::sso_application::WsFedApplication;
    ///
    /// let apps = client.mgmt().sso_application();
    /// let settings = WsFedApplication::default().realm("urn:app").reply_url("https://app.example.com");
    /// apps.create_wsfed("My app", Some("app"), &settings)?;
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
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let apps = client.mgmt().sso_application();
    /// # apps.create_oidc("A", Some("my-custom-id"), &Default::default())?;
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
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().sso_application().create_oidc("A", Some("app"), &Default::default())?;
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

    /// Shows the client secret of an application that speaks OpenID Connect: its only one, or the one
    /// of this name.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().sso_application().create_oidc("A", Some("app"), &Default::default())?;
    /// let secret = client.mgmt().sso_application().secret("app", None)?;
    /// assert!(!secret.expose().is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such application or secret.
    pub fn secret(&self, id: &str, secret_name: Option<&str>) -> Result<Secret> {
        self.0
            .get("/v1/mgmt/sso/idp/app/secret")
            .check(check::id("id", id))
            .query("id", id)
            .query("secretName", secret_name)
            .send_field("cleartext")
    }

    /// Gives an application a new client secret. The old one is good no more.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().sso_application().create_oidc("A", Some("app"), &Default::default())?;
    /// let apps = client.mgmt().sso_application();
    /// let old = apps.secret("app", None)?;
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

    /// Gives an application one more client secret, good until a moment, or for ever with `None`.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().sso_application().create_oidc("A", Some("app"), &Default::default())?;
    /// let added = client.mgmt().sso_application().add_secret("app", "nightly", None)?;
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
        expires: Option<UnixTime>,
    ) -> Result<NewSecret> {
        self.0
            .post("/v1/mgmt/sso/idp/app/secret/add")
            .check(check::id("id", id))
            .check(check::id("secret_name", secret_name))
            .check(check::expiry("expires", expires))
            .field("appId", id)
            .field("name", secret_name)
            .field("expireTime", expires.unwrap_or_default())
            .send()
    }

    /// Makes one of an application's client secrets useless, and returns those that are left.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().sso_application().create_oidc("A", Some("app"), &Default::default())?;
    /// let apps = client.mgmt().sso_application();
    /// apps.add_secret("app", "nightly", None)?;
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

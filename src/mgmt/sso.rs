//! How the users of a tenant sign in by SSO: its identity providers. Feature `mgmt-sso`.

mod cross_app;
mod legacy;
mod mapping;
mod settings;

use serde::Serialize;

pub use self::cross_app::{
    CrossAppAccess, CrossAppOptions, CrossAppUpdate, TrustedIssuer, TrustedIssuers,
};
pub use self::legacy::{LegacyOptions, LegacySettings, UserMapping};
pub use self::mapping::{
    AttributeMapping, FgaMapping, FgaRelation, GroupsMapping, OidcAttributeMapping, RoleItem,
    RoleMapping,
};
pub use self::settings::{
    OidcProvider, OidcSettings, SamlMetadata, SamlOptions, SamlProvider, SamlSettings, SsoSettings,
};
use super::Mgmt;
use crate::call::Call;
use crate::check;
use crate::error::Result;
use crate::models::AuthType;
use crate::options::setters;
use crate::transport::http::Method;

/// SSO configurations; see [`Mgmt::sso`].
///
/// A tenant has a default configuration, and may have more, told apart by an `sso_id`: `None` is for
/// the default one. Configuring replaces: what is left unset is cleared.
#[derive(Clone, Copy, Debug)]
pub struct Sso<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// How the users of a tenant sign in by SSO: its identity providers.
    pub fn sso(self) -> Sso<'c> {
        Sso(self)
    }
}

impl Sso<'_> {
    /// Loads an SSO configuration.
    ///
    /// ```
    /// # use descope::mgmt::tenant::NewTenant;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().tenant().create("A", &NewTenant::default().id("tenant-id"))?;
    /// let settings = client.mgmt().sso().load("tenant-id", None)?;
    /// println!("{:?}: {}", settings.tenant.auth_type, settings.saml.idp_sso_url);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant or configuration.
    pub fn load(&self, tenant_id: &str, sso_id: Option<&str>) -> Result<SsoSettings> {
        self.0
            .get("/v2/mgmt/sso/settings")
            .check(check::id("tenant_id", tenant_id))
            .query("tenantId", tenant_id)
            .query("ssoId", sso_id)
            .send()
    }

    /// Loads all SSO configurations of a tenant.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// for settings in client.mgmt().sso().load_all("acme")? {
    ///     println!("{:?}: {:?}", settings.sso_id, settings.tenant.auth_type);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    pub fn load_all(&self, tenant_id: &str) -> Result<Vec<SsoSettings>> {
        self.0
            .get("/v2/mgmt/sso/settings/all")
            .check(check::id("tenant_id", tenant_id))
            .query("tenantId", tenant_id)
            .send_list("SSOSettings")
    }

    /// Adds an SSO configuration to a tenant, beside its default one. Without an ID, Descope makes one
    /// up.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// let made = client.mgmt().sso().new_settings("acme", "Subsidiary", Some("subsidiary"))?;
    /// assert_eq!(made.sso_id, "subsidiary");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant, or it has a configuration of
    /// that ID.
    pub fn new_settings(
        &self,
        tenant_id: &str,
        display_name: &str,
        sso_id: Option<&str>,
    ) -> Result<SsoSettings> {
        self.0
            .post("/v1/mgmt/sso/settings/new")
            .sso(tenant_id, sso_id)
            .check(check::id("display_name", display_name))
            .field("displayName", display_name)
            .send()
    }

    /// Deletes an SSO configuration. There is no way back.
    ///
    /// ```
    /// # use descope::mgmt::tenant::NewTenant;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().tenant().create("A", &NewTenant::default().id("tenant-id"))?;
    /// client.mgmt().sso().delete("tenant-id", None)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant or configuration.
    pub fn delete(&self, tenant_id: &str, sso_id: Option<&str>) -> Result<()> {
        self.0
            .call(Method::DELETE, "/v1/mgmt/sso/settings")
            .check(check::id("tenant_id", tenant_id))
            .query("tenantId", tenant_id)
            .query("ssoId", sso_id)
            .send_unit()
    }

    /// Sets up SSO by OpenID Connect.
    ///
    /// ```
    /// # use descope::mgmt::tenant::NewTenant;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().tenant().create("A", &NewTenant::default().id("tenant-id"))?;
    /// use descope::mgmt::sso::{OidcAttributeMapping, OidcProvider};
    ///
    /// let mapping = OidcAttributeMapping::default()
    ///     .login_id("subject")
    ///     .name("name")
    ///     .given_name("givenName")
    ///     .middle_name("middleName")
    ///     .family_name("familyName")
    ///     .email("email")
    ///     .verified_email("verifiedEmail")
    ///     .username("username")
    ///     .phone_number("phoneNumber")
    ///     .verified_phone("verifiedPhone")
    ///     .picture("picture");
    /// let provider = OidcProvider::new("myProvider", "myId")
    ///     .client_secret("secret")
    ///     .redirect_url("https://your.domain.com")
    ///     .auth_url("https://dummy.com/auth")
    ///     .token_url("https://dummy.com/token")
    ///     .user_data_url("https://dummy.com/userInfo")
    ///     .scope(["openid", "profile", "email"])
    ///     .attribute_mapping(mapping)
    ///     // users with these e-mail domains are sent to this tenant's SSO
    ///     .domains(["tenant-users.com"]);
    /// client.mgmt().sso().configure_oidc("tenant-id", &provider)?;
    ///
    /// let settings = client.mgmt().sso().load("tenant-id", None)?;
    /// assert_eq!(settings.oidc.client_id, "myId");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name or client ID,
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant or configuration.
    pub fn configure_oidc(&self, tenant_id: &str, provider: &OidcProvider) -> Result<()> {
        self.0
            .post("/v1/mgmt/sso/oidc")
            .sso(tenant_id, provider.sso_id.as_deref())
            .check(check::id("name", &provider.name))
            .check(check::id("client_id", &provider.client_id))
            .hide(provider.client_secret.as_ref())
            .field("settings", provider)
            .field("domains", &provider.domains)
            .send_unit()
    }

    /// Sets up SSO by SAML, with what the identity provider says of itself.
    ///
    /// ```
    /// # use descope::mgmt::tenant::NewTenant;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().tenant().create("A", &NewTenant::default().id("tenant-id"))?;
    /// # client.mgmt().role().create("rl1", descope::Scope::Project, &Default::default())?;
    /// use descope::mgmt::sso::{AttributeMapping, RoleMapping, SamlOptions, SamlProvider};
    ///
    /// let provider =
    ///     SamlProvider::new("https://dummy.com/saml", "entity1234", "my certificate");
    /// let mapping = AttributeMapping::default()
    ///     .name("name")
    ///     .given_name("givenName")
    ///     .middle_name("middleName")
    ///     .family_name("familyName")
    ///     .picture("picture")
    ///     .email("email")
    ///     .phone_number("phoneNumber")
    ///     .group("groups");
    /// let options = SamlOptions::default()
    ///     .attribute_mapping(mapping)
    ///     .role_mappings([RoleMapping::new("rl1", ["grp1"])])
    ///     // where to go after signing in
    ///     .redirect_url("https://your.domain.com")
    ///     // users with these e-mail domains are sent to this tenant's SSO
    ///     .domains(["tenant-users.com"]);
    /// client.mgmt().sso().configure_saml("tenant-id", &provider, &options)?;
    ///
    /// let settings = client.mgmt().sso().load("tenant-id", None)?;
    /// assert_eq!(settings.saml.groups_mapping[0].role.name, "rl1");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// Certificates are in PEM: `-----BEGIN CERTIFICATE-----` and so on.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty URL, entity ID or certificate,
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant, configuration or role.
    pub fn configure_saml(
        &self,
        tenant_id: &str,
        provider: &SamlProvider,
        options: &SamlOptions,
    ) -> Result<()> {
        self.0.post("/v1/mgmt/sso/saml").saml(tenant_id, provider, options).send_unit()
    }

    /// Sets up SSO by SAML, with the metadata that the identity provider publishes.
    ///
    /// ```
    /// # use descope::mgmt::tenant::NewTenant;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().tenant().create("A", &NewTenant::default().id("tenant-id"))?;
    /// # client.mgmt().role().create("rl1", descope::Scope::Project, &Default::default())?;
    /// use descope::mgmt::sso::{AttributeMapping, RoleMapping, SamlMetadata, SamlOptions};
    ///
    /// let metadata = SamlMetadata::new("https://dummy.com/metadata");
    /// let options = SamlOptions::default()
    ///     .attribute_mapping(AttributeMapping::default().name("myName").group("groups"))
    ///     .role_mappings([RoleMapping::new("rl1", ["grp1"])])
    ///     .redirect_url("https://your.domain.com")
    ///     .domains(["tenant-users.com"]);
    /// client.mgmt().sso().configure_saml_by_metadata("tenant-id", &metadata, &options)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty URL,
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant, configuration or role.
    pub fn configure_saml_by_metadata(
        &self,
        tenant_id: &str,
        metadata: &SamlMetadata,
        options: &SamlOptions,
    ) -> Result<()> {
        self.0.post("/v1/mgmt/sso/saml/metadata").saml(tenant_id, metadata, options).send_unit()
    }

    /// Sets where users go after signing in. A URL that is not set stays, an empty one is cleared.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// use descope::mgmt::sso::RedirectUrls;
    ///
    /// let urls = RedirectUrls::default().saml("https://app.example.com/callback");
    /// client.mgmt().sso().configure_redirect_urls("acme", &urls, None)?;
    /// # let settings = client.mgmt().sso().load("acme", None)?;
    /// # assert_eq!(settings.saml.redirect_url, "https://app.example.com/callback");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant or configuration.
    pub fn configure_redirect_urls(
        &self,
        tenant_id: &str,
        urls: &RedirectUrls,
        sso_id: Option<&str>,
    ) -> Result<()> {
        self.0.post("/v1/mgmt/sso/redirect").sso(tenant_id, sso_id).fields(urls).send_unit()
    }

    /// Switches between SAML, OpenID Connect and no SSO. What was set up for the others stays.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// client.mgmt().sso().configure_auth_type("acme", &descope::AuthType::None, None)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant or configuration.
    pub fn configure_auth_type(
        &self,
        tenant_id: &str,
        auth_type: &AuthType,
        sso_id: Option<&str>,
    ) -> Result<()> {
        self.0
            .post("/v1/mgmt/sso/settings/authtype")
            .sso(tenant_id, sso_id)
            .field("authType", auth_type)
            .send_unit()
    }

    /// Works out the roles of the tenant's users anew, from their groups.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    /// client.mgmt().sso().recalculate_mappings("acme", None)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant or configuration.
    pub fn recalculate_mappings(&self, tenant_id: &str, sso_id: Option<&str>) -> Result<()> {
        self.0.post("/v1/mgmt/sso/recalculate-mappings").sso(tenant_id, sso_id).send_unit()
    }
}

impl Call<'_> {
    /// The tenant, and which of its SSO configurations.
    fn sso(self, tenant_id: &str, sso_id: Option<&str>) -> Self {
        self.check(check::id("tenant_id", tenant_id))
            .field("tenantId", tenant_id)
            .field("ssoId", sso_id)
    }

    /// What the two ways to set up SAML have in common.
    fn saml(self, tenant_id: &str, provider: &impl SamlSource, options: &SamlOptions) -> Self {
        let replaces = options.default_roles.as_ref().is_some_and(Vec::is_empty);
        let settings = Settings { provider, options, replaces };
        self.sso(tenant_id, options.sso_id.as_deref())
            .check(provider.check())
            .field("settings", settings)
            .field("redirectUrl", &options.redirect_url)
            .field("domains", &options.domains)
    }
}

/// What the `settings` of SAML start with.
trait SamlSource: Serialize {
    fn check(&self) -> Result<()>;
}

impl SamlSource for SamlProvider {
    fn check(&self) -> Result<()> {
        check::id("idp_url", &self.idp_url)?;
        check::id("entity_id", &self.entity_id)?;
        check::filled("certificate", &self.certificate)
    }
}

impl SamlSource for SamlMetadata {
    fn check(&self) -> Result<()> {
        check::id("idp_metadata_url", &self.idp_metadata_url)
    }
}

#[derive(Serialize)]
struct Settings<'a, P> {
    #[serde(flatten)]
    provider: &'a P,
    #[serde(flatten)]
    options: &'a SamlOptions,
    /// Descope takes an empty list of default roles for one that is not set, unless told.
    #[serde(rename = "replaceDefaultSSORoles", skip_serializing_if = "std::ops::Not::not")]
    replaces: bool,
}

/// The URLs of [`Sso::configure_redirect_urls`].
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct RedirectUrls {
    /// After signing in by SAML.
    #[serde(rename = "samlRedirectUrl", skip_serializing_if = "Option::is_none")]
    pub saml: Option<String>,
    /// After signing in by OpenID Connect.
    #[serde(rename = "oauthRedirectUrl", skip_serializing_if = "Option::is_none")]
    pub oauth: Option<String>,
}

setters!(RedirectUrls { saml: opt<String>, oauth: opt<String> });

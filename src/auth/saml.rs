//! SAML: the older form of single sign-on, which [`sso`](Auth::sso) replaces. Feature `saml`.

use super::{Auth, AuthInfo, LoginOptions};
use crate::check;
use crate::client::Client;
use crate::error::Result;
use crate::options::setters;

/// SAML; see [`Auth::saml`].
#[derive(Clone, Copy, Debug)]
pub struct Saml<'c>(&'c Client);

impl<'c> Auth<'c> {
    /// SAML: the older form of single sign-on.
    #[deprecated(note = "use `Auth::sso`, which serves SAML and OpenID Connect")]
    pub fn saml(self) -> Saml<'c> {
        Saml(self.0)
    }
}

impl Saml<'_> {
    /// Begins a sign-in, and returns the URL to send the user's browser to.
    ///
    /// `tenant` is the tenant's ID, or the user's e-mail address, whose domain then names the tenant.
    /// The browser comes back to the redirect URL with the query parameter `code`, for
    /// [`exchange`](Self::exchange), or with `err` if there is no sign-in.
    ///
    /// ```
    /// # #![allow(deprecated)]
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "sso": [{ "tenantId": "acme", "type": "saml" }] })).unwrap();
    /// use descope::auth::saml::SamlOptions;
    ///
    /// let options = SamlOptions::default().redirect_url("https://app.example.com/callback");
    /// let url = client.auth().saml().start("acme", &options)?;
    /// println!("redirect the browser to {url}");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant, or it has no single sign-on.
    pub fn start(&self, tenant: &str, options: &SamlOptions) -> Result<String> {
        let redirect_url = options.redirect_url.as_deref();
        self.0
            .post("/v1/auth/saml/authorize")
            .check(check::id("tenant", tenant))
            .check(redirect_url.map_or(Ok(()), |url| check::filled("redirect_url", url)))
            .query("tenant", tenant)
            .redirect(redirect_url)
            .query("ssoId", options.sso_id.as_deref())
            .query_flag("forceAuthn", options.force_authn)
            .query("loginHint", options.login_hint.as_deref())
            .query("initiatedEmail", options.initiated_email.as_deref())
            .fields(&options.login)
            .raising(&options.login.session)
            .send_url()
    }

    /// Trades the `code` that came to the redirect URL for the user's session.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "sso": [{ "tenantId": "acme", "type": "saml" }] })).unwrap();
    /// # let options = descope::auth::saml::SamlOptions::default().redirect_url("https://app.example.com/callback");
    /// # #[allow(deprecated)]
    /// # let url = client.auth().saml().start("acme", &options)?;
    /// # let callback = emulator.idp_sign_in(&url, "ada@example.com").unwrap();
    /// # let code = callback.split_once("?code=").unwrap().1;
    /// # #[allow(deprecated)]
    /// let signed_in = client.auth().saml().exchange(code)?;
    /// assert!(signed_in.claims().is_in_tenant("acme"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the code is wrong, spent or too old.
    pub fn exchange(&self, code: &str) -> Result<AuthInfo> {
        self.0.post("/v1/auth/saml/exchange").send_exchange(code)
    }
}

/// Options of [`Saml::start`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SamlOptions {
    /// Where the browser comes back to. Defaults to the redirect URL of the tenant's configuration.
    pub redirect_url: Option<String>,
    /// Which configuration, for a tenant that has several. Defaults to the tenant's first.
    pub sso_id: Option<String>,
    /// Whether the identity provider must ask the user again although they are signed in there (SAML
    /// Core 2.0 section 3.4.1, `ForceAuthn`). Defaults to `false`.
    pub force_authn: Option<bool>,
    /// Who is expected to sign in, such as an e-mail address, for the identity provider to fill in.
    pub login_hint: Option<String>,
    /// The e-mail address that the user typed to begin with.
    pub initiated_email: Option<String>,
    /// What the session is to be like.
    pub login: LoginOptions,
}

setters!(SamlOptions {
    redirect_url: opt<String>, sso_id: opt<String>, force_authn: opt<bool>, login_hint: opt<String>,
    initiated_email: opt<String>, login: nested<LoginOptions>,
});

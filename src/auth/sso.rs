//! Single sign-on: users sign in at their company's identity provider, by SAML or OpenID Connect.
//! Feature `sso`.

use super::{Auth, AuthInfo, LoginOptions};
use crate::check;
use crate::client::Client;
use crate::error::Result;
use crate::options::setters;

/// Single sign-on; see [`Auth::sso`].
#[derive(Clone, Copy, Debug)]
pub struct Sso<'c>(&'c Client);

impl<'c> Auth<'c> {
    /// Single sign-on, by SAML or OpenID Connect as the tenant has configured it.
    pub fn sso(self) -> Sso<'c> {
        Sso(self.0)
    }
}

impl Sso<'_> {
    /// Begins a sign-in, and returns the URL to send the user's browser to.
    ///
    /// `tenant` is the tenant's ID, or the user's e-mail address, whose domain then names the tenant.
    /// The browser comes back to the redirect URL with the query parameter `code`, for
    /// [`exchange`](Self::exchange), or with `err` if there is no sign-in.
    ///
    /// ```
    /// # use serde_json::json;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # emulator.seed(&json!({ "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "sso": [{ "tenantId": "acme", "type": "saml" }] })).unwrap();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::sso::SsoOptions;
    ///
    /// let sso = client.auth().sso();
    /// let options = SsoOptions::default().redirect_url("https://app.example.com/callback");
    /// let url = sso.start("acme", &options)?;
    /// // Answer the browser with a redirect to `url`. Later, it asks for the callback:
    /// # let callback = emulator.idp_sign_in(&url, "ada@example.com").unwrap();
    /// # let code = callback.strip_prefix("https://app.example.com/callback?code=").unwrap();
    /// let signed_in = sso.exchange(code)?;
    /// assert!(signed_in.claims().is_in_tenant("acme"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such tenant, or it has no single sign-on.
    pub fn start(&self, tenant: &str, options: &SsoOptions) -> Result<String> {
        self.0
            .post("/v1/auth/sso/authorize")
            .check(check::id("tenant", tenant))
            .query("tenant", tenant)
            .redirect(options.redirect_url.as_deref())
            .query("prompt", options.prompt.as_deref())
            .query("ssoId", options.sso_id.as_deref())
            .query("loginHint", options.login_hint.as_deref())
            .query_flag("forceAuthn", options.force_authn)
            .fields(&options.login)
            .raising(&options.login.session)
            .send_url()
    }

    /// Trades the `code` that came to the redirect URL for the user's session.
    ///
    /// [`AuthInfo::idp_response`] holds what the identity provider said of the user, and
    /// [`AuthInfo::tenant_sso_id`] which of the tenant's configurations it was.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let unknown = client.auth().sso().exchange("a-code-of-another-day");
    /// assert!(unknown.is_err());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the code is wrong, spent or too old.
    pub fn exchange(&self, code: &str) -> Result<AuthInfo> {
        self.0.post("/v1/auth/sso/exchange").send_exchange(code)
    }
}

/// Options of [`Sso::start`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SsoOptions {
    /// Where the browser comes back to. Defaults to the redirect URL of the tenant's configuration,
    /// also if it is empty.
    pub redirect_url: Option<String>,
    /// What the identity provider is to ask even of a user it knows, for OpenID Connect: `none`,
    /// `login`, `consent` or `select_account` (OpenID Connect Core 1.0 section 3.1.2.1).
    pub prompt: Option<String>,
    /// Which configuration, for a tenant that has several. Defaults to the tenant's first.
    pub sso_id: Option<String>,
    /// Who is expected to sign in, such as an e-mail address, for the identity provider to fill in.
    pub login_hint: Option<String>,
    /// Whether the identity provider must ask the user again although they are signed in there, for
    /// SAML (SAML Core 2.0 section 3.4.1, `ForceAuthn`). Defaults to `false`.
    pub force_authn: Option<bool>,
    /// What the session is to be like.
    pub login: LoginOptions,
}

setters!(SsoOptions {
    redirect_url: opt<String>, prompt: opt<String>, sso_id: opt<String>, login_hint: opt<String>,
    force_authn: opt<bool>, login: nested<LoginOptions>,
});

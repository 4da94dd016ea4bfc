//! The token endpoint.

use std::collections::BTreeMap;

use super::Oidc;
use super::tokens::{self, Tokens};
use super::wire::{Form, Wire};
use crate::check;
use crate::error::{Error, Result};
use crate::options::setters;

impl Oidc<'_> {
    /// Gets new tokens with a refresh token.
    ///
    /// Many servers replace the refresh token each time, and end the session if an old one comes again. Keep the
    /// one of the answer, and let no two threads or processes use the same one at once.
    /// The request is not repeated where the server may have seen it.
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// # let kept = "";
    /// use descope::oidc::App;
    ///
    /// let app = App::inbound("client-id");
    /// let tokens = client.oidc(&app).refresh(kept, &Default::default())?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with the code [`INVALID_GRANT`](crate::codes::INVALID_GRANT) if the
    /// session has ended: [`is_sign_in_required`](crate::Error::is_sign_in_required) is true.
    pub fn refresh(&self, refresh_token: &str, options: &TokenOptions) -> Result<Tokens> {
        check::secret("refresh_token", refresh_token)?;
        let mut form = Form::default();
        form.text("grant_type", "refresh_token");
        form.secret("refresh_token", refresh_token);
        let mut tokens = self.tokens(form, options, false)?;
        tokens.refresh_token.get_or_insert_with(|| refresh_token.into());
        Ok(tokens)
    }

    /// Gets a token for the program itself, without a user (RFC 6749 section 4.4).
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) if the app has neither a secret nor a key;
    /// [`Error::Api`](crate::Error::Api) with the code [`INVALID_CLIENT`](crate::codes::INVALID_CLIENT) if the
    /// server does not accept them.
    pub fn client_credentials(&self, options: &TokenOptions) -> Result<Tokens> {
        if !self.app.is_confidential() {
            return Err(Error::Config("the app has no secret or key: see `App::secret`"));
        }
        let mut form = Form::default();
        form.text("grant_type", "client_credentials");
        self.tokens(form, options, true)
    }

    /// Asks the token endpoint.
    pub(super) fn tokens(
        &self,
        form: Form<'_>,
        options: &TokenOptions,
        safe: bool,
    ) -> Result<Tokens> {
        options.check()?;
        let mut form = form;
        options.add_to(&mut form, &self.app.resources);
        let server = self.discover()?;
        let url = endpoint(server.token_endpoint.as_deref(), "token_endpoint")?;
        let wire = Wire::token(*self, url, &server);
        let call = wire.post(form);
        let answer = if safe { call.safe() } else { call }.execute()?;
        tokens::read(answer.body(), &options.scopes, self.client.clock().unix())
    }
}

/// An endpoint that a call needs.
pub(super) fn endpoint<'e>(url: Option<&'e str>, name: &'static str) -> Result<&'e str> {
    url.ok_or(Error::Config(match name {
        "token_endpoint" => "the server has no `token_endpoint`",
        "authorization_endpoint" => "the server has no `authorization_endpoint`",
        "revocation_endpoint" => "the server has no `revocation_endpoint`: it cannot revoke tokens",
        "userinfo_endpoint" => "the server has no `userinfo_endpoint`",
        "end_session_endpoint" => "the server has no `end_session_endpoint`",
        "jwks_uri" => "the server has no `jwks_uri`, so its tokens cannot be checked",
        "device_authorization_endpoint" => {
            "the server has no `device_authorization_endpoint`: it has no sign-in with device codes"
        }
        _ => "the server has no such endpoint",
    }))
}

/// What to ask for, beyond what the grant says.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TokenOptions {
    /// The scopes to ask for. Defaults to those that were granted before, or that the server chooses.
    pub scopes: Vec<String>,
    /// Services that the token is for, beside those of [`App::resource`](super::App::resource) (RFC 8707).
    pub resources: Vec<String>,
    /// Services that the token is for, by names of the server's own.
    pub audiences: Vec<String>,
    /// Other members of the request, such as Descope's `tenantId`. They must not be secrets.
    pub parameters: BTreeMap<String, String>,
}

setters!(TokenOptions {
    scopes: list<String>,
    resources: list<String>,
    audiences: list<String>,
    parameters: map<String>,
});

impl TokenOptions {
    pub(super) fn check(&self) -> Result<()> {
        scopes(&self.scopes)?;
        self.resources.iter().try_for_each(|resource| super::url::resource(resource))?;
        self.audiences.iter().try_for_each(|audience| check::id("audiences", audience))
    }

    pub(super) fn add_to<'f>(&'f self, form: &mut Form<'f>, resources: &'f [String]) {
        form.scopes(&self.scopes);
        for resource in resources.iter().chain(&self.resources) {
            form.text("resource", resource);
        }
        for audience in &self.audiences {
            form.text("audience", audience);
        }
        for (name, value) in &self.parameters {
            form.text(name, value);
        }
    }
}

/// RFC 6749 section 3.3.
pub(super) fn scopes(scopes: &[String]) -> Result<()> {
    let is_scope = |scope: &String| {
        !scope.is_empty()
            && scope.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'))
    };
    if scopes.iter().all(is_scope) {
        return Ok(());
    }
    Err(Error::argument("scopes", "must be visible ASCII without spaces, quotes and backslashes"))
}

//! The token endpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tokens::{self, Expected, Tokens};
use super::wire::{Form, Wire};
use super::{BackchannelRequest, DeviceAuthorization, Oidc};
use crate::check;
use crate::error::{Error, Result};
use crate::json::DecodeError;
use crate::options::setters;
use crate::secret::Secret;
use crate::servers::ServerMetadata;

impl Oidc<'_> {
    /// Gets new tokens with a refresh token.
    ///
    /// Many servers replace the refresh token each time, and end the session if an old one comes again. Keep the
    /// one of the answer, and let no two threads or processes use the same one at once.
    /// The request is not repeated where the server may have seen it.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # emulator.seed(&serde_json::json!({
    /// #     "users": [{ "loginId": "ada@example.com" }],
    /// #     "inboundApps": [{ "name": "App", "state": { "clientId": "client-id", "nonConfidentialClient": true } }],
    /// # })).unwrap();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::oidc::App;
    ///
    /// let app = App::inbound("client-id");
    /// let oidc = client.oidc(&app);
    /// # let options = descope::oidc::TokenOptions::default().scopes(["openid", "offline_access"]);
    /// # let device = oidc.start_device(&options)?;
    /// # emulator.oidc().approve_device(&device.user_code, "ada@example.com").unwrap();
    /// # let tokens = oidc.wait_for_device(&device, &Default::default(), || true)?.unwrap();
    /// # let kept = tokens.refresh_token.unwrap();
    /// let tokens = oidc.refresh(kept.expose(), &Default::default())?;
    /// # assert!(oidc.refresh(kept.expose(), &Default::default()).unwrap_err().is_sign_in_required());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with the code [`INVALID_GRANT`](crate::codes::INVALID_GRANT) if the
    /// session has ended: [`is_sign_in_required`](crate::Error::is_sign_in_required) is true.
    pub fn refresh(&self, refresh_token: &str, options: &TokenOptions) -> Result<Tokens> {
        self.refresh_of(refresh_token, None, options)
    }

    /// Likewise, and the ID token must be this user's.
    pub(crate) fn refresh_of(
        &self,
        refresh_token: &str,
        subject: Option<&str>,
        options: &TokenOptions,
    ) -> Result<Tokens> {
        check::secret("refresh_token", refresh_token)?;
        let mut form = Form::default();
        form.text("grant_type", "refresh_token");
        form.secret("refresh_token", refresh_token);
        let expected = Expected { subject, ..Expected::default() };
        let mut tokens = self.tokens(form, expected, options, false)?;
        tokens.refresh_token.get_or_insert_with(|| refresh_token.into());
        Ok(tokens)
    }

    /// Gets a token for the program itself, without a user (RFC 6749 section 4.4).
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the app has neither a secret nor a key;
    /// [`Error::Api`] with the code [`INVALID_CLIENT`](crate::codes::INVALID_CLIENT) if the
    /// server does not accept them.
    pub fn client_credentials(&self, options: &TokenOptions) -> Result<Tokens> {
        if !self.app.is_confidential() {
            return Err(Error::Config("the app has no secret or key: see `App::secret`"));
        }
        let mut form = Form::default();
        form.text("grant_type", "client_credentials");
        self.tokens(form, Expected::default(), options, true)
    }

    /// Trades a statement that somebody trusted has signed for tokens (RFC 7523 section 2.1).
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with the code [`INVALID_GRANT`](crate::codes::INVALID_GRANT) if the server does
    /// not accept it.
    pub fn jwt_bearer(&self, assertion: &str, options: &TokenOptions) -> Result<Tokens> {
        check::secret("assertion", assertion)?;
        let mut form = Form::default();
        form.text("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
        form.secret("assertion", assertion);
        self.tokens(form, Expected::default(), options, false)
    }

    /// Trades a token for another one, for another service or in somebody's place (RFC 8693).
    ///
    /// `kind` says what `token` is; see [`token_types`].
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # emulator.seed(&serde_json::json!({
    /// #     "users": [{ "loginId": "ada@example.com" }],
    /// #     "inboundApps": [{
    /// #         "name": "App",
    /// #         "state": {
    /// #             "clientId": "client-id", "secrets": [{ "id": "1", "cleartext": "s3cret" }],
    /// #             "skipConsentScreen": true,
    /// #         },
    /// #     }],
    /// # })).unwrap();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let link = client.mgmt().user().generate_embedded_link("ada@example.com", &Default::default())?;
    /// # let signed_in = client.auth().embedded_link().verify(link.expose())?;
    /// # let access_token = signed_in.session_token();
    /// use descope::oidc::{App, TokenOptions, token_types};
    ///
    /// let app = App::inbound("client-id").secret("s3cret");
    /// let options = TokenOptions::default().resources(["https://billing.example.com"]).into();
    /// let tokens =
    ///     client.oidc(&app).exchange_token(access_token, token_types::ACCESS_TOKEN, &options)?;
    /// println!("got a {:?}", tokens.issued_token_type);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with the code [`INVALID_TARGET`](crate::codes::INVALID_TARGET) if the server
    /// makes no tokens for this service.
    pub fn exchange_token(
        &self,
        token: &str,
        kind: &str,
        options: &ExchangeOptions,
    ) -> Result<Tokens> {
        check::secret("token", token)?;
        check::id("kind", kind)?;
        if options.actor_token.is_some() != options.actor_token_type.is_some() {
            let reason = "must be set if and only if `actor_token` is set";
            return Err(Error::argument("actor_token_type", reason));
        }
        let mut form = Form::default();
        form.text("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
        form.secret("subject_token", token);
        form.text("subject_token_type", kind);
        if let Some(token) = &options.actor_token {
            form.secret("actor_token", token.expose());
        }
        form.maybe("actor_token_type", options.actor_token_type.as_deref());
        form.maybe("requested_token_type", options.requested_token_type.as_deref());
        self.tokens(form, Expected::default(), &options.token, false)
    }

    /// Asks once for the tokens of a sign-in on another device (RFC 8628 section 3.4).
    pub(super) fn device_tokens(&self, device: &DeviceAuthorization) -> Result<Answered> {
        check::secret("device_code", device.device_code.expose())?;
        let mut form = Form::default();
        form.text("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
        form.secret("device_code", device.device_code.expose());
        form.list("resource", &device.resources);
        self.poll(form, &device.scopes)
    }

    /// Asks once for the tokens of a sign-in that the user confirms elsewhere (OpenID Connect CIBA section 10.1).
    pub(super) fn backchannel_tokens(&self, request: &BackchannelRequest) -> Result<Answered> {
        check::secret("auth_req_id", request.auth_req_id.expose())?;
        let mut form = Form::default();
        form.text("grant_type", "urn:openid:params:grant-type:ciba");
        form.secret("auth_req_id", request.auth_req_id.expose());
        self.poll(form, &request.scopes)
    }

    fn poll(&self, form: Form<'_>, requested: &[String]) -> Result<Answered> {
        let expected = Expected { signs_in: true, ..Expected::default() };
        self.answered(form, &Asked { expected, requested, safe: false })
    }

    /// Asks the token endpoint with what the options say.
    pub(super) fn tokens(
        &self,
        form: Form<'_>,
        expected: Expected<'_>,
        options: &TokenOptions,
        safe: bool,
    ) -> Result<Tokens> {
        options.check()?;
        let mut form = form;
        options.add_to(&mut form);
        self.ask(form, &Asked { expected, requested: &options.scopes, safe })
    }

    /// Asks the token endpoint, and checks the ID token of its answer.
    pub(super) fn ask(&self, form: Form<'_>, asked: &Asked<'_>) -> Result<Tokens> {
        let Answered { server, mut tokens } = self.answered(form, asked)?;
        self.check_answer(&server, &mut tokens, &asked.expected)?;
        Ok(tokens)
    }

    /// Asks the token endpoint.
    fn answered(&self, form: Form<'_>, asked: &Asked<'_>) -> Result<Answered> {
        let mut form = form;
        form.list("resource", &self.app.resources);
        let server = self.discover()?;
        let openid = |scopes: &[String]| scopes.iter().any(|scope| scope == "openid");
        let signs_in = asked.expected.signs_in && openid(asked.requested);
        if signs_in {
            self.warm_up(&server)?;
        }
        let url = endpoint(server.token_endpoint.as_deref(), "token_endpoint")?;
        let wire = Wire::token(*self, url, &server);
        let call = wire.post(form);
        let answer = if asked.safe { call.safe() } else { call.once() }.execute()?;
        let now = self.client.clock().unix();
        let tokens = tokens::read(answer.body(), asked.requested, now)?;
        if tokens.id_token.is_none() && signs_in && openid(&tokens.scopes) {
            return Err(DecodeError::new("expected an ID token at `id_token`").into());
        }
        Ok(Answered { server, tokens })
    }
}

/// What a request for tokens has beside its form, and what its answer must say.
pub(super) struct Asked<'a> {
    pub(super) expected: Expected<'a>,
    pub(super) requested: &'a [String],
    pub(super) safe: bool,
}

/// Tokens whose ID token is still to be checked. What was paid for them is spent.
pub(super) struct Answered {
    pub(super) server: Arc<ServerMetadata>,
    pub(super) tokens: Tokens,
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
        "backchannel_authentication_endpoint" => {
            "the server has no `backchannel_authentication_endpoint`: it asks nobody elsewhere (CIBA)"
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
    /// Other members of the request, such as Descope's `tenantId`. They must not be secrets, nor those that this crate
    /// sets.
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
        audiences(&self.audiences)?;
        parameters(&self.parameters, &OWN)
    }

    pub(super) fn add_to<'f>(&'f self, form: &mut Form<'f>) {
        form.scopes(&self.scopes);
        form.list("resource", &self.resources);
        form.list("audience", &self.audiences);
        for (name, value) in &self.parameters {
            form.text(name, value);
        }
    }
}

/// Options of [`Oidc::exchange_token`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ExchangeOptions {
    /// What the new token is for.
    pub token: TokenOptions,
    /// The token of whoever is to act in the place of the first token's subject.
    pub actor_token: Option<Secret>,
    /// What `actor_token` is; see [`token_types`].
    pub actor_token_type: Option<String>,
    /// What kind of token to get; see [`token_types`]. Defaults to what the server deems right.
    pub requested_token_type: Option<String>,
}

setters!(ExchangeOptions {
    token: nested<TokenOptions>,
    actor_token: opt<Secret>,
    actor_token_type: opt<String>,
    requested_token_type: opt<String>,
});

impl From<TokenOptions> for ExchangeOptions {
    fn from(token: TokenOptions) -> Self {
        Self { token, ..Self::default() }
    }
}

/// Kinds of tokens (RFC 8693 section 3).
pub mod token_types {
    /// An OAuth access token.
    pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
    /// An OAuth refresh token.
    pub const REFRESH_TOKEN: &str = "urn:ietf:params:oauth:token-type:refresh_token";
    /// An ID token.
    pub const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
    /// A JWT, of whatever kind.
    pub const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
    /// A SAML 2.0 assertion, in base64url.
    pub const SAML2: &str = "urn:ietf:params:oauth:token-type:saml2";
}

/// The scopes to ask for: an ID token if nothing else.
pub(super) fn or_openid(scopes: &[String]) -> Vec<String> {
    if scopes.is_empty() { vec!["openid".to_owned()] } else { scopes.to_vec() }
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

pub(super) fn audiences(audiences: &[String]) -> Result<()> {
    audiences.iter().try_for_each(|audience| check::id("audiences", audience))
}

/// What this crate sets in the requests of clients. None may appear twice (RFC 6749 section 3.2).
pub(super) const OWN: [&str; 19] = [
    "grant_type",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "scope",
    "dpop_jkt",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "assertion",
    "subject_token",
    "subject_token_type",
    "actor_token",
    "actor_token_type",
    "requested_token_type",
    "device_code",
    "auth_req_id",
];

/// Parameters of the caller's own.
pub(super) fn parameters(parameters: &BTreeMap<String, String>, own: &[&str]) -> Result<()> {
    if parameters.keys().any(|name| own.contains(&&**name)) {
        return Err(Error::argument("parameters", "must not be those that this crate sets"));
    }
    parameters.keys().try_for_each(|name| check::filled("parameters", name))
}

//! What follows a sign-in: the user's claims, and the end of it.

use serde_json::{Map, Value};

use super::Oidc;
use super::grants::endpoint;
use super::tokens::Tokens;
use super::url::with_query;
use super::wire::{Form, Wire};
use crate::check;
use crate::error::{Error, Result};
use crate::extra::Extra;
use crate::json::DecodeError;
use crate::options::setters;
use crate::secret::Secret;

impl Oidc<'_> {
    /// Loads the user's claims (OpenID Connect Core section 5.3).
    ///
    /// If the tokens have the claims of an ID token, an answer about another user is refused.
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
    /// # let device = oidc.start_device(&Default::default())?;
    /// # emulator.oidc().approve_device(&device.user_code, "ada@example.com").unwrap();
    /// # let tokens = oidc.wait_for_device(&device, &Default::default(), || true)?.unwrap();
    /// let user = oidc.user_info(&tokens)?;
    /// println!("{}: {:?}", user.subject, user.claims.get("email"));
    /// # assert_eq!(user.subject, tokens.claims.unwrap().user_id());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with the code [`INVALID_TOKEN`](crate::codes::INVALID_TOKEN) if the token has
    /// expired or is revoked, or [`INSUFFICIENT_SCOPE`](crate::codes::INSUFFICIENT_SCOPE);
    /// [`Error::Decode`] if the answer is about another user.
    pub fn user_info(&self, tokens: &Tokens) -> Result<UserInfo> {
        check::secret("access_token", tokens.access_token.expose())?;
        let server = self.discover()?;
        let url = endpoint(server.userinfo_endpoint.as_deref(), "userinfo_endpoint")?;
        let answer = Wire::user(*self, url, tokens).get().execute()?;
        let mut claims: Map<String, Value> = answer.body().read()?;
        // Descope's description of its API has the claims in a member.
        if let Some(Value::Object(inner)) = claims.get_mut("userInfoClaims") {
            claims = std::mem::take(inner);
        }
        let Some(Value::String(found)) = claims.get("sub") else {
            return Err(DecodeError::new("expected a text at `sub`").into());
        };
        if tokens.claims.as_ref().is_some_and(|claims| claims.subject() != found) {
            return Err(DecodeError::new("the answer is about another user").into());
        }
        Ok(UserInfo { subject: found.clone(), claims: Extra(claims) })
    }

    /// Revokes a refresh token or access token (RFC 7009). With a refresh token, the session at the server ends.
    ///
    /// It is no error if the server does not know the token (any more).
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the server cannot revoke tokens.
    pub fn revoke(&self, token: &str) -> Result<()> {
        check::secret("token", token)?;
        let server = self.discover()?;
        let url = endpoint(server.revocation_endpoint.as_deref(), "revocation_endpoint")?;
        let mut form = Form::default();
        form.secret("token", token);
        // Once more does no harm.
        Wire::client(*self, url, &server).post(form).safe().execute().map(drop)
    }

    /// The URL at which the user's browser ends the session at the server (OpenID Connect RP-Initiated Logout).
    ///
    /// It contains the ID token, if the options have it: do not log it.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the server has no such page.
    pub fn end_session_url(&self, options: &EndSessionOptions) -> Result<String> {
        let server = self.discover()?;
        let url = endpoint(server.end_session_endpoint.as_deref(), "end_session_endpoint")?;
        let mut query = vec![("client_id", &*self.app.client_id)];
        if let Some(token) = &options.id_token {
            query.push(("id_token_hint", token.expose()));
        }
        for (name, value) in [
            ("post_logout_redirect_uri", &options.redirect_uri),
            ("state", &options.state),
            ("logout_hint", &options.logout_hint),
        ] {
            if let Some(value) = value {
                query.push((name, value));
            }
        }
        if options.redirect_uri.as_ref().is_some_and(|url| !url.contains(':')) {
            return Err(Error::argument("redirect_uri", "must be an absolute URL"));
        }
        Ok(with_query(url, &query))
    }
}

/// What the server says of a user; see [`Oidc::user_info`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserInfo {
    /// The user's ID at the server: the claim `sub`.
    pub subject: String,
    /// All claims, `sub` too. Which, depends on the scopes that were granted.
    pub claims: Extra,
}

/// Options of [`Oidc::end_session_url`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EndSessionOptions {
    /// The user's ID token, by which the server knows whom to sign out without asking. It may have expired.
    pub id_token: Option<Secret>,
    /// Where the browser goes then. It must be registered at the server.
    pub redirect_uri: Option<String>,
    /// What the browser brings along there.
    pub state: Option<String>,
    /// Who is to be signed out, in words that the server understands.
    pub logout_hint: Option<String>,
}

setters!(EndSessionOptions {
    id_token: opt<Secret>,
    redirect_uri: opt<String>,
    state: opt<String>,
    logout_hint: opt<String>,
});

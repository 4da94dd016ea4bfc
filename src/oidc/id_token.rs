//! Checking ID tokens.

use std::time::Duration;

use super::Oidc;
use super::grants::endpoint;
use super::tokens::{Expected, Tokens};
use crate::error::{Error, Result, TokenError};
use crate::json::DecodeError;
use crate::jwt::{Claims, IdTokenRules, Origin};
use crate::options::setters;
use crate::secret::Secret;
use crate::servers::ServerMetadata;

impl Oidc<'_> {
    /// Checks an ID token (OpenID Connect Core section 3.1.3.7), and returns its claims.
    ///
    /// The functions that get tokens do this themselves: see [`Tokens::claims`]. Use this one for an ID token
    /// from elsewhere, such as a store. The signature is checked with the project's keys, which the client
    /// caches, or for [`App::issuer`](super::App::issuer) with the server's, cached in the same way.
    ///
    /// `iss`, `aud`, `azp`, `exp`, `iat`, `nbf`, `sub` and `at_hash` are always checked, `at_hash` if there is one and
    /// the options have the access token. The others are checked if the options have them.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::builder().project_id("P2abc").build();
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada@example.com" }] })).unwrap();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::oidc::{App, IdTokenOptions};
    ///
    /// let app = App::project("P2abc");
    /// let oidc = client.oidc(&app);
    /// # let request = oidc.authorization_request("http://127.0.0.1/callback", &Default::default())?;
    /// # let back = emulator.oidc().authorize(&request.url, "ada@example.com").unwrap();
    /// # let tokens = oidc.exchange_callback(&request, &back)?;
    /// # let (id_token, nonce) = (tokens.id_token.unwrap(), request.nonce.unwrap());
    /// let options = IdTokenOptions::default().nonce(nonce);
    /// let claims = oidc.verify_id_token(id_token.expose(), &options)?;
    /// println!("signed in as {}", claims.user_id());
    /// # let other = IdTokenOptions::default().nonce("another");
    /// # assert!(oidc.verify_id_token(id_token.expose(), &other).is_err());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Token`] if the token is refused, or cannot be checked now.
    pub fn verify_id_token(&self, id_token: &str, options: &IdTokenOptions) -> Result<Claims> {
        let server = self.discover()?;
        self.check_id_token(&server, id_token, options, Origin::Caller)
    }

    pub(super) fn check_id_token(
        &self,
        server: &ServerMetadata,
        id_token: &str,
        options: &IdTokenOptions,
        origin: Origin,
    ) -> Result<Claims> {
        let rules = IdTokenRules {
            issuer: &server.issuer,
            client_id: &self.app.client_id,
            nonce: options.nonce.as_ref().map(Secret::expose),
            access_token: options.access_token.as_ref().map(Secret::expose),
            max_age: options.max_age,
        };
        let keys = self.keys_url(server)?;
        Ok(self.client.verify_id_token(id_token, origin, keys, &rules)?)
    }

    /// Checks the ID token of an answer, if it has one.
    ///
    /// What was paid for the answer is spent. Where the user has signed in before, the tokens are worth
    /// keeping even if the ID token cannot be checked now. It is then left out.
    pub(super) fn check_answer(
        &self,
        server: &ServerMetadata,
        tokens: &mut Tokens,
        expected: &Expected<'_>,
    ) -> Result<()> {
        let Some(id_token) = &tokens.id_token else { return Ok(()) };
        let options = IdTokenOptions {
            nonce: expected.nonce.cloned(),
            access_token: Some(tokens.access_token.clone()),
            max_age: expected.max_age,
        };
        match self.check_id_token(server, id_token.expose(), &options, Origin::Answer) {
            // OpenID Connect Core section 12.2.
            Ok(claims) if expected.subject.is_some_and(|subject| claims.user_id() != subject) => {
                return Err(DecodeError::new("the ID token is of another user").into());
            }
            Ok(claims) => tokens.claims = Some(claims),
            Err(error) if !expected.signs_in && says_nothing(&error) => tokens.id_token = None,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Fetches the keys for an ID token before something is spent on it.
    pub(super) fn warm_up(&self, server: &ServerMetadata) -> Result<()> {
        self.client.warm_up_keys(self.keys_url(server)?)
    }

    /// Where the server's keys are; `None` for the project's.
    fn keys_url<'s>(&self, server: &'s ServerMetadata) -> Result<Option<&'s str>> {
        if !self.app.is_elsewhere() {
            return Ok(None);
        }
        endpoint(server.jwks_uri.as_deref(), "jwks_uri").map(Some)
    }
}

/// Whether a check that failed says nothing of the ID token itself: its key cannot be had, or not yet, or a clock
/// is wrong.
fn says_nothing(error: &Error) -> bool {
    matches!(
        error,
        Error::Config(_)
            | Error::Token(
                TokenError::KeysUnavailable(_)
                    | TokenError::KeyPending { .. }
                    | TokenError::UnknownKey
                    | TokenError::NotYetValid { .. }
                    | TokenError::Expired { .. }
            )
    )
}

/// What else an ID token is held against.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct IdTokenOptions {
    /// What the request had as its nonce. If set, the token must have it too.
    pub nonce: Option<Secret>,
    /// The access token that came with the ID token, for `at_hash`.
    pub access_token: Option<Secret>,
    /// How long ago the user may have signed in at the server (`auth_time`, in whole seconds). If set, the token
    /// must have an `auth_time`.
    pub max_age: Option<Duration>,
}

setters!(IdTokenOptions {
    nonce: opt<Secret>,
    access_token: opt<Secret>,
    max_age: opt<Duration>,
});

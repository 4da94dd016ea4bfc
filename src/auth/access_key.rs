//! Access keys: how machines sign in. Feature `access-key`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Auth, Token, looks_like_token, without_secrets};
use crate::UnixTime;
use crate::client::Client;
use crate::error::Result;
use crate::extra::Extra;
use crate::json::DecodeError;
use crate::jwt::{Kind, Origin};
use crate::options::setters;
use crate::secret::Secret;

/// Access keys; see [`Auth::access_key`].
#[derive(Clone, Copy, Debug)]
pub struct AccessKeys<'c>(&'c Client);

impl<'c> Auth<'c> {
    /// Access keys: how machines sign in.
    pub fn access_key(self) -> AccessKeys<'c> {
        AccessKeys(self.0)
    }
}

impl AccessKeys<'_> {
    /// Exchanges an access key for a session token. There is no refresh token: exchange the key
    /// again.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let made = client.mgmt().access_key().create("nightly", &Default::default())?;
    /// # let access_key = made.cleartext.expose();
    /// use descope::auth::access_key::AccessKeyOptions;
    ///
    /// let options = AccessKeyOptions::default().custom_claims([("job", "nightly")]);
    /// let session = client.auth().access_key().exchange(access_key, &options)?;
    /// println!("signed in as {}", session.key_id);
    /// # assert_eq!(session.key_id, made.key.id);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with HTTP status 401 if the key is unknown, expired or
    /// deactivated.
    pub fn exchange(&self, access_key: &str, options: &AccessKeyOptions) -> Result<KeySession> {
        let answer: Answer = self
            .0
            .post("/v1/auth/accesskey/exchange")
            .bearer("access_key", access_key)
            .fields(&json!({}))
            .options("loginOptions", options)
            .with_keys()?
            .send()?;
        if !looks_like_token(&answer.session_jwt) {
            return Err(DecodeError::new("expected a token at `sessionJwt`").into());
        }
        let session = Token::read(self.0, answer.session_jwt, Kind::Session, Origin::Answer)?;
        let (extra, extra_secrets) = without_secrets(answer.extra);
        let key_id = Some(answer.key_id).filter(|id| !id.is_empty());
        Ok(KeySession {
            key_id: key_id.unwrap_or_else(|| session.claims.user_id().to_owned()),
            session,
            expiration: answer.expiration,
            extra,
            extra_secrets,
        })
    }
}

/// Options of [`AccessKeys::exchange`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccessKeyOptions {
    /// Claims to put into the session token: in its claim `nsec`, apart from those that the project vouches for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// The tenant to select, as the claim `dct`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected_tenant: Option<String>,
}

setters!(AccessKeyOptions { custom_claims: opt_map<Value>, selected_tenant: opt<String> });

/// The session of an access key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeySession {
    /// The session token.
    pub session: Token,
    /// The access key's ID.
    pub key_id: String,
    /// When the session token expires; `None` if the answer does not say. The token's own claim says
    /// so too.
    pub expiration: Option<UnixTime>,
    /// All other fields, such as those that a newer Descope adds, except secrets.
    pub extra: Extra,
    /// All other fields with the name or value of a token, key, code or other secret.
    pub extra_secrets: BTreeMap<String, Secret>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    session_jwt: Secret,
    #[serde(default)]
    key_id: String,
    #[serde(default, deserialize_with = "crate::time::or_never")]
    expiration: Option<UnixTime>,
    #[serde(default, rename = "$unknown")]
    extra: Extra,
}

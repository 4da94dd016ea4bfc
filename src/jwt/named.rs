//! What a token says of itself, before it is checked.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::Claims;
use crate::error::TokenError;

/// Whom a token names, and what it calls itself. Nothing of this is checked here.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Named {
    sub: Option<String>,
    dsub: Option<String>,
    #[cfg(feature = "web")]
    drn: Option<String>,
}

/// The payload of a JWT, unchecked.
pub(crate) fn payload(token: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()
}

impl Named {
    pub(crate) fn read(token: &str) -> Option<Self> {
        let named: Self = serde_json::from_slice(&payload(token)?).ok()?;
        (!named.user_id().is_empty()).then_some(named)
    }

    /// As [`Claims::user_id`] has it.
    pub(crate) fn user_id(&self) -> &str {
        let given = |id: &'_ Option<String>| id.as_deref().is_some_and(|id| !id.is_empty());
        let id = if given(&self.dsub) { &self.dsub } else { &self.sub };
        id.as_deref().unwrap_or_default()
    }

    /// What the token says it is, such as `DS`.
    #[cfg(feature = "web")]
    pub(crate) fn kind(&self) -> Option<&str> {
        self.drn.as_deref()
    }

    /// Refuses the refresh token of another user.
    pub(crate) fn check_user(&self, refresh: &Claims) -> Result<(), TokenError> {
        let same = self.user_id() == refresh.user_id();
        if same { Ok(()) } else { Err(TokenError::OtherUser) }
    }
}

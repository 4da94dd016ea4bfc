use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroize;

/// A credential: a token, a code, a password, a key.
///
/// It prints as `[redacted]`, and its memory is wiped when it is dropped. It has neither `Display` nor
/// `Serialize`; [`expose`](Self::expose) returns the text. Structs that are sent to Descope do serialize
/// the secrets in them, so do not serialize those structs yourself.
///
/// ```
/// let key = descope::Secret::from("K2abc");
/// assert_eq!(format!("{key:?}"), "Secret([redacted])");
/// assert_eq!(key.expose(), "K2abc");
/// ```
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself. Do not log it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Writes the secret of a struct of options. [`Call::hide`](crate::call::Call::hide) goes with it.
#[allow(clippy::ref_option, reason = "as serde calls it")]
pub(crate) fn expose<S: Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

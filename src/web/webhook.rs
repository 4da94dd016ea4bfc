//! Requests from Descope's connectors: whether they are from Descope.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::transport::http::HeaderMap;

/// Checks the signatures of requests that a connector of Descope sends to your service, such as the stream of
/// the audit trail ([`create_webhook`](crate::mgmt::audit::Audit::create_webhook)).
///
/// The signature is in the header `x-descope-webhook-s256`: HMAC-SHA256 of the body with the connector's
/// secret. Check it before you read the body, and read no more of a body than you expect.
///
/// A request that was sent before passes again, as nothing in the signature says when it was made. If that
/// matters, look at the times and IDs of the events in it.
///
/// Descope documents neither how the signature is written nor how the JSON text that it covers relates to the
/// body, and nobody has checked it with the service. So the signature may be hexadecimal, or base64 with
/// padding. It may cover the body as it came, or without the white space between the parts of the JSON text.
/// Whoever can make any of these has the secret.
///
/// ```
/// # let (signature, body) = (
/// #     "94499a6e3e6a5d98dac1d56f522d50bd8f342b584dfcec2b95db822c769c171d", br#"{"action":"UserCreated"}"#);
/// use descope::transport::http::Request;
/// use descope::web::{Webhook, WebhookError};
///
/// // The newer one first while you change the connector's secret.
/// let webhook = Webhook::new(["the new secret", "the old secret"])?;
///
/// let request = Request::post("/events").header("x-descope-webhook-s256", signature).body(body.to_vec())?;
/// # assert!(webhook.verify(request.headers(), request.body()).is_ok());
/// match webhook.verify(request.headers(), request.body()) {
///     Ok(()) => println!("from Descope"),
///     Err(WebhookError::Wrong) => println!("answer 401"),
///     Err(error) => println!("{error}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Webhook(Vec<hmac::Key>);

/// Why a request is not taken for one of Descope's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebhookError {
    /// The request has no header `x-descope-webhook-s256`. Does the connector have a secret?
    Missing,
    /// The request has several such headers, or one that is no HMAC-SHA256.
    Malformed,
    /// The signature is not of this body, or by another secret.
    Wrong,
}

const HEADER: &str = "x-descope-webhook-s256";

impl Webhook {
    /// Takes signatures by any of these secrets.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] if there is no secret, or an empty one, by which anyone could sign.
    pub fn new(secrets: impl IntoIterator<Item = impl Into<Secret>>) -> Result<Self> {
        let secrets: Vec<Secret> = secrets.into_iter().map(Into::into).collect();
        if secrets.is_empty() || secrets.iter().any(|secret| secret.expose().is_empty()) {
            return Err(Error::argument("secrets", "must not be empty"));
        }
        let key = |secret: Secret| hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        Ok(Self(secrets.into_iter().map(key).collect()))
    }

    /// Checks a request.
    ///
    /// # Errors
    ///
    /// [`WebhookError`]; answer 401.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), WebhookError> {
        let mut signatures = headers.get_all(HEADER).iter();
        let signature = signatures.next().ok_or(WebhookError::Missing)?;
        if signatures.next().is_some() {
            return Err(WebhookError::Malformed);
        }
        self.verify_signature(signature.as_bytes(), body)
    }

    /// Checks a body with the value of the header, for servers whose headers are of another type.
    ///
    /// # Errors
    ///
    /// [`WebhookError`]; answer 401.
    pub fn verify_signature(
        &self,
        signature: impl AsRef<[u8]>,
        body: &[u8],
    ) -> Result<(), WebhookError> {
        let tag = decode(signature.as_ref()).ok_or(WebhookError::Malformed)?;
        let signs = |text: &[u8]| self.0.iter().any(|key| hmac::verify(key, text, &tag).is_ok());
        if signs(body) || compact(body).is_some_and(|compact| signs(&compact)) {
            return Ok(());
        }
        Err(WebhookError::Wrong)
    }
}

/// Bytes of an HMAC-SHA256.
const TAG: usize = 32;

/// The bytes of a signature: 64 hexadecimal digits, or base64 with padding.
fn decode(signature: &[u8]) -> Option<Vec<u8>> {
    let tag = if signature.len() == 2 * TAG {
        let text = std::str::from_utf8(signature).ok()?;
        if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let octet = |at| u8::from_str_radix(&text[at..at + 2], 16).ok();
        (0..TAG).map(|index| octet(2 * index)).collect::<Option<Vec<u8>>>()?
    } else {
        STANDARD.decode(signature).ok()?
    };
    (tag.len() == TAG).then_some(tag)
}

/// A JSON text without the white space between its parts; `None` if it has none.
fn compact(body: &[u8]) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(body.len());
    let (mut quoted, mut escaped) = (false, false);
    for byte in body.iter().copied() {
        if !quoted && matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            continue;
        }
        kept.push(byte);
        if escaped {
            escaped = false;
        } else if quoted && byte == b'\\' {
            escaped = true;
        } else if byte == b'"' {
            quoted = !quoted;
        }
    }
    (kept.len() < body.len()).then_some(kept)
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("secrets", &self.0.len()).finish()
    }
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the request has no header `x-descope-webhook-s256`",
            Self::Malformed => "the request does not have one signature by HMAC-SHA256",
            Self::Wrong => "the signature is not of this body, or by another secret",
        })
    }
}

impl std::error::Error for WebhookError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_between_parts_is_left_out() {
        for (text, short) in [
            ("{ \"a\" : [ 1 ,\n\t\"b c\" ] }\r\n", Some("{\"a\":[1,\"b c\"]}")),
            (r#"{"a":"\" \\"}"#, None),
            (r#"{"a":"\" \\" }"#, Some(r#"{"a":"\" \\"}"#)),
            ("", None),
        ] {
            assert_eq!(compact(text.as_bytes()).as_deref(), short.map(str::as_bytes), "{text}");
        }
    }
}

//! SHA-256, and how its digests are written.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A SHA-256 digest, which stands for a text that is not kept.
pub(crate) type Digest = [u8; 32];

pub(crate) fn digest(text: &str) -> Digest {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

/// The digest of a text in base64url, as PKCE, thumbprints of keys and `DPoP` proofs have it.
pub(crate) fn base64url(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(text))
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

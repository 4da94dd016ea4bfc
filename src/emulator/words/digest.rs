//! The form in which secrets are remembered.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::refusal::{Refusal, Result};

pub(in crate::emulator) type Digest = [u8; 32];

/// The digest under which a secret is remembered.
pub(in crate::emulator) fn digest(secret: &str) -> Digest {
    let mut bytes = [0; 32];
    let digest = digest::digest(&digest::SHA256, secret.as_bytes());
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, from)| *byte = *from);
    bytes
}

/// A digest that was saved in base 64.
pub(in crate::emulator) fn saved_digest(text: &str) -> Result<Digest> {
    let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| Refusal::invalid("A digest must be 32 bytes in base 64"))
}

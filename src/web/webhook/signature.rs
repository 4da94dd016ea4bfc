//! How the signature of a webhook is written, and what it covers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// Bytes of an HMAC-SHA256.
const TAG: usize = 32;

/// The bytes of a signature: 64 hexadecimal digits, or base64 with padding.
pub(super) fn decode(signature: &[u8]) -> Option<Vec<u8>> {
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

/// Whether one of the keys signs the body, as it came or compacted.
pub(super) fn is_by(keys: &[hmac::Key], tag: &[u8], body: &[u8]) -> bool {
    let signs = |text: &[u8]| keys.iter().any(|key| hmac::verify(key, text, tag).is_ok());
    signs(body) || compact(body).is_some_and(|compact| signs(&compact))
}

/// A JSON text without the white space between its parts; `None` if it has none.
pub(super) fn compact(body: &[u8]) -> Option<Vec<u8>> {
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

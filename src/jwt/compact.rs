//! A token as it comes: three parts, of which the first says how it was signed.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::value::RawValue;

use crate::check;
use crate::error::TokenError;
use crate::json;

/// A compact JWS (RFC 7515 section 7.1).
pub(super) struct Parts<'t> {
    pub(super) header: &'t str,
    pub(super) payload: &'t str,
    pub(super) signature: &'t str,
    /// What is signed: header and payload with the dot between them.
    pub(super) message: &'t str,
}

impl<'t> Parts<'t> {
    pub(super) fn split(token: &'t str) -> Option<Self> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let parts = !payload.contains('.') && !header.is_empty() && !signature.is_empty();
        (parts && !check::has_bearer_prefix(token)).then_some(Self {
            header,
            payload,
            signature,
            message,
        })
    }
}

/// Why a text without the form of a token is refused. The two common mistakes of programs have names.
#[cold]
pub(super) fn misused(text: &str) -> TokenError {
    if check::has_bearer_prefix(text) {
        return TokenError::BearerPrefix;
    }
    // Descope's access keys and management keys: one word that begins with a K.
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if text.len() >= 20 && text.starts_with('K') && text.bytes().all(word) {
        return TokenError::AccessKey;
    }
    TokenError::Malformed
}

/// What of the header counts. `jwk`, `jku`, `x5u` and `x5c` do not: a token never brings its key.
pub(super) struct Header<'h> {
    pub(super) alg: Cow<'h, str>,
    pub(super) kid: Option<Cow<'h, str>>,
    /// Whether it says of itself that it is an access token (RFC 9068 section 2.1).
    pub(super) is_access_token: bool,
}

/// A key's name is a few dozen characters. Anyone can send a longer one, and it would be looked for.
const MAX_KID: usize = 256;

impl<'h> Header<'h> {
    pub(super) fn read(json: &'h [u8]) -> Result<Self, TokenError> {
        let json = std::str::from_utf8(json).map_err(|_| TokenError::Malformed)?;
        let members = members(json).ok_or(TokenError::Malformed)?;
        if members.iter().any(|(name, _)| name == "crit" || name == "b64") {
            return Err(TokenError::Critical);
        }
        // A member, and the text that it is if it is one.
        let member = |name| {
            let found = members.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| json::string(value))
        };
        // RFC 8725 section 3.11: a token of another kind, such as a DPoP proof, is not a session.
        let is_access_token = match member("typ") {
            None => false,
            Some(Some(typ)) if is_type(&typ, "JWT") => false,
            Some(Some(typ)) if is_type(&typ, "at+jwt") => true,
            Some(_) => return Err(TokenError::Malformed),
        };
        let alg = member("alg").flatten().ok_or(TokenError::Algorithm)?;
        let kid = match member("kid") {
            None => None,
            Some(Some(kid)) if kid.len() <= MAX_KID => Some(kid),
            Some(_) => return Err(TokenError::Malformed),
        };
        Ok(Self { alg, kid, is_access_token })
    }
}

fn is_type(typ: &str, known: &str) -> bool {
    let typ = match typ.get(..12) {
        Some(prefix) if prefix.eq_ignore_ascii_case("application/") => &typ[12..],
        _ => typ,
    };
    typ.eq_ignore_ascii_case(known)
}

/// Strict base64url: no padding, no characters beside, no bits left over.
pub(super) fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}

/// The members of a JSON object, none of which appears twice.
pub(super) fn members(json: &str) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    let members = json::members(json)?;
    all_differ(members.iter().map(|(name, _)| &**name).collect()).then_some(members)
}

/// Whether no name appears twice (RFC 7515 section 4, RFC 7519 section 4): of two members, one
/// reader may see the first and another the last.
pub(super) fn all_differ(mut names: Vec<impl Ord>) -> bool {
    // A few names mostly differ in length, and comparing lengths is quicker than sorting.
    if names.len() <= 16 {
        return names.iter().enumerate().all(|(at, name)| !names[..at].contains(name));
    }
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_three_parts_and_only_its_payload_may_be_empty() {
        let split = |token| {
            Parts::split(token).map(|parts: Parts<'static>| {
                [parts.header, parts.payload, parts.signature, parts.message]
            })
        };
        assert_eq!(split("h.p.s"), Some(["h", "p", "s", "h.p"]));
        assert_eq!(split("h..s"), Some(["h", "", "s", "h."]));
        for text in ["", "h", "h.p", "h.p.", ".p.s", ".p.", "..", "h.p.q.s", ".p.q.s", "h.p.q."] {
            assert_eq!(split(text), None, "{text}");
        }
        assert_eq!(split("Bearer h.p.s"), None);
    }

    #[test]
    fn what_is_no_token_is_named() {
        let key = "K2sixteen-letters_1";
        assert_eq!((key.len(), misused(key)), (19, TokenError::Malformed));
        assert_eq!(misused(&format!("{key}2")), TokenError::AccessKey);
        assert_eq!(misused(&format!("{key}.")), TokenError::Malformed);
        assert_eq!(misused(&format!("P{key}")), TokenError::Malformed);
        assert_eq!(misused("Bearer h.p.s"), TokenError::BearerPrefix);
    }

    #[test]
    fn names_that_appear_twice_are_found_among_few_and_many() {
        for count in [0, 1, 2, 15, 16, 17, 18, 100] {
            let names: Vec<String> = (0..count).map(|name| name.to_string()).collect();
            assert!(all_differ(names.clone()), "{count}");
            for name in &names {
                assert!(
                    !all_differ([names.clone(), vec![name.clone()]].concat()),
                    "{count} {name}"
                );
            }
        }
    }

    #[test]
    fn the_header_of_a_token() {
        let read = |json: &str| -> Result<_, TokenError> {
            let header = Header::read(json.as_bytes())?;
            Ok((header.alg.into_owned(), header.kid.map(Cow::into_owned)))
        };
        let kid = |length| "k".repeat(length);
        for typ in ["JWT", "jwt", "at+jwt", "application/jwt", "APPLICATION/AT+JWT"] {
            let json = format!(r#"{{"alg":"ES256","typ":"{typ}","kid":"k1"}}"#);
            assert_eq!(read(&json), Ok(("ES256".to_owned(), Some("k1".to_owned()))), "{typ}");
        }
        let longest = format!(r#"{{"alg":"a","kid":"{}"}}"#, kid(MAX_KID));
        assert_eq!(read(&longest), Ok(("a".to_owned(), Some(kid(MAX_KID)))));
        assert_eq!(read(r#"{"alg":"a"}"#), Ok(("a".to_owned(), None)));
        let longer = format!(r#"{{"alg":"a","kid":"{}"}}"#, kid(MAX_KID + 1));
        for (json, error) in [
            (&*longer, TokenError::Malformed),
            (r#"{"alg":"a","kid":1}"#, TokenError::Malformed),
            (r#"{"alg":"a","alg":"a"}"#, TokenError::Malformed),
            (r#"{"alg":"a","typ":"dpop+jwt"}"#, TokenError::Malformed),
            (r#"{"alg":"a","typ":"text/jwt"}"#, TokenError::Malformed),
            (r#"{"alg":"a","typ":null}"#, TokenError::Malformed),
            ("[]", TokenError::Malformed),
            ("{}", TokenError::Algorithm),
            (r#"{"alg":null}"#, TokenError::Algorithm),
            (r#"{"alg":"a","crit":[]}"#, TokenError::Critical),
            (r#"{"alg":"a","b64":true}"#, TokenError::Critical),
        ] {
            assert_eq!(read(json), Err(error), "{json}");
        }
    }
}

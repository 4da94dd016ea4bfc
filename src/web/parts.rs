//! Splits a token that is too large for one cookie over several, and puts it together again.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::digest::digest;

/// Bytes that browsers keep of one cookie, its name and value together (RFC 6265bis section 5.7).
pub(super) const MAX_COOKIE: usize = 4096;

/// Cookies over which a token is split at the most: their number has one digit.
pub(super) const MAX_PARTS: usize = 9;

/// The name of the cookie with a further part of a token.
pub(super) fn part_name(name: &str, index: usize) -> String {
    format!("{name}-{index}")
}

/// Whether this is the name of a cookie with a further part of a token, of which that cookie has the first.
pub(super) fn is_part(part: &str, name: &str) -> bool {
    (1..MAX_PARTS).any(|index| part == part_name(name, index))
}

/// What comes before each part of a token: `~`, their number, and the beginning of the token's digest, so
/// that parts of different tokens never mix. No token begins with `~`.
fn part_head(token: &str, count: usize) -> String {
    let tag = URL_SAFE_NO_PAD.encode(&digest(token)[..6]);
    format!("~{count}~{tag}~")
}

/// Bytes of that.
const HEAD: usize = 12;

/// Names and values of the cookies that hold a token: one, or several if browsers would drop that. `None`
/// if they would have more than `limit` bytes.
pub(super) fn split(name: &str, token: &str, limit: usize) -> Option<Vec<(String, String)>> {
    if name.len() + token.len() <= MAX_COOKIE {
        return Some(vec![(name.to_owned(), token.to_owned())]);
    }
    let room = MAX_COOKIE.checked_sub(part_name(name, 1).len() + HEAD).filter(|room| *room > 0)?;
    let count = token.len().div_ceil(room);
    if count > MAX_PARTS {
        return None;
    }
    let head = part_head(token, count);
    let parts = token.as_bytes().chunks(room).enumerate().map(|(index, part)| {
        let name = if index == 0 { name.to_owned() } else { part_name(name, index) };
        Some((name, format!("{head}{}", std::str::from_utf8(part).ok()?)))
    });
    let parts = parts.collect::<Option<Vec<_>>>()?;
    let bytes: usize = parts.iter().map(|(name, value)| name.len() + value.len()).sum();
    (bytes <= limit).then_some(parts)
}

/// Whether a cookie's value looks like the first part of a token.
pub(super) fn is_first_part(value: &[u8]) -> bool {
    value.first() == Some(&b'~')
}

/// The token of which this cookie has the first part, if the others are there.
pub(super) fn joined(name: &str, first: &[u8], cookies: &[(&[u8], &[u8])]) -> Option<Vec<u8>> {
    let (head, part) = first.split_at_checked(HEAD)?;
    let count = match head {
        [b'~', count @ b'2'..=b'9', b'~', .., b'~'] => usize::from(count - b'0'),
        _ => return None,
    };
    let mut token = part.to_vec();
    for index in 1..count {
        let name = part_name(name, index);
        let mut named = cookies.iter().filter(|(known, _)| *known == name.as_bytes());
        token.extend_from_slice(named.find_map(|(_, value)| value.strip_prefix(head))?);
    }
    Some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_nine_parts_at_most() {
        let room = MAX_COOKIE - "DS-1".len() - HEAD;
        let parts = |size| split("DS", &"e".repeat(size), usize::MAX).map(|parts| parts.len());
        for (size, count) in [
            (MAX_COOKIE - 2, Some(1)),
            (MAX_COOKIE - 1, Some(2)),
            (2 * room, Some(2)),
            (2 * room + 1, Some(3)),
            (9 * room, Some(9)),
            (9 * room + 1, None),
        ] {
            assert_eq!(parts(size), count, "{size}");
        }
    }

    #[test]
    fn a_name_that_leaves_no_room_is_no_reason_to_panic() {
        let split = |name: usize, size: usize| {
            split(&"n".repeat(name), &"e".repeat(size), usize::MAX).map(|parts| parts.len())
        };
        // The name with its number and the head leave 1 of 4096 bytes, and then 0.
        assert_eq!((split(4081, 15), split(4081, 16)), (Some(1), None));
        assert_eq!((split(4080, 16), split(4080, 17)), (Some(1), Some(9)));
        for name in [4082, 4083, 4095, 4096, 4097, 9000] {
            assert_eq!(split(name, 5000), None, "{name}");
        }
    }

    #[test]
    fn parts_are_joined_by_their_head() {
        let token = "e".repeat(10_000);
        let parts = split("DS", &token, usize::MAX).unwrap();
        let cookies: Vec<_> =
            parts.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        assert!(parts.iter().all(|(_, value)| value.starts_with(&part_head(&token, 3))));
        assert_eq!(part_head(&token, 3).len(), HEAD);
        assert_eq!(joined("DS", cookies[0].1, &cookies).unwrap(), token.as_bytes());
        assert!(joined("DS", cookies[0].1, &cookies[..2]).is_none());
        assert!(joined("DSR", cookies[0].1, &cookies).is_none());
    }
}

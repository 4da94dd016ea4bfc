//! Refuses arguments that cannot be right before anything is sent. Every check is linear in time.

mod urls;

pub(crate) use self::urls::{is_loopback, path, request_id, segment};
use crate::error::{Error, Result};
use crate::time::UnixTime;
use crate::transport::http::HeaderValue;
use crate::transport::http::uri::Authority;

/// Bytes of an ID, login ID or name.
const MAX_ID: usize = 2048;
/// Bytes of a token or access key: what servers accept in a header, as a rule.
pub(crate) const MAX_TOKEN: usize = 16 * 1024;

/// An ID: not empty, of a sensible length, without control characters.
pub(crate) fn id(name: &'static str, text: &str) -> Result<()> {
    let refuse = |reason| Err(Error::argument(name, reason));
    if text.trim().is_empty() {
        return refuse(EMPTY);
    }
    if text.len() > MAX_ID {
        return refuse("must not be longer than 2048 bytes");
    }
    if text.chars().any(char::is_control) {
        return refuse("must not hold control characters");
    }
    Ok(())
}

/// A text that is not empty.
#[allow(dead_code, reason = "used by areas that may all be off")]
pub(crate) fn filled(name: &'static str, text: &str) -> Result<()> {
    if text.trim().is_empty() { Err(Error::argument(name, EMPTY)) } else { Ok(()) }
}

/// A document of any content, as long as it is a JSON object.
#[allow(dead_code, reason = "used by areas that may all be off")]
pub(crate) fn object(name: &'static str, value: &serde_json::Value) -> Result<()> {
    if value.is_object() { Ok(()) } else { Err(Error::argument(name, "must be a JSON object")) }
}

/// The expiry of a key. On the wire 0 is never, which is not to happen by mistake.
#[allow(dead_code, reason = "as above")]
pub(crate) fn expiry(name: &'static str, time: Option<UnixTime>) -> Result<()> {
    match time {
        Some(time) if time.as_seconds() <= 0 => {
            Err(Error::argument(name, "must be after 1970; `None` is never"))
        }
        _ => Ok(()),
    }
}

/// Each an ID. The list may be empty.
#[allow(dead_code, reason = "each area of management uses it, and all may be off")]
pub(crate) fn ids(name: &'static str, texts: &[&str]) -> Result<()> {
    texts.iter().try_for_each(|text| id(name, text))
}

/// At least one.
#[allow(dead_code, reason = "as above")]
pub(crate) fn not_empty<T>(name: &'static str, list: &[T]) -> Result<()> {
    if list.is_empty() { Err(Error::argument(name, EMPTY)) } else { Ok(()) }
}

/// A token, access key or management key: what may stand between colons in a bearer.
pub(crate) fn token(name: &'static str, text: &str) -> Result<()> {
    token_size(name, text)?;
    if !text.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
        return Err(Error::argument(name, NOT_A_BEARER));
    }
    Ok(())
}

const EMPTY: &str = "must not be empty";
const TOO_LARGE: &str = "must not be longer than 16 KiB";
const NOT_A_BEARER: &str = "must be visible ASCII without spaces and colons";

/// Whether an argument was refused for what is no token, rather than for being there, or not.
pub(crate) fn is_no_token(reason: &str) -> bool {
    [EMPTY, TOO_LARGE, NOT_A_BEARER].contains(&reason)
}

/// The size alone, for a token that is validated next.
pub(crate) fn token_size(name: &'static str, text: &str) -> Result<()> {
    match text.len() {
        0 => Err(Error::argument(name, EMPTY)),
        1..=MAX_TOKEN => Ok(()),
        _ => Err(Error::argument(name, TOO_LARGE)),
    }
}

/// A project ID.
pub(crate) fn project_id(text: &str) -> Result<()> {
    let refuse = |reason| Err(Error::argument("project_id", reason));
    if text.is_empty() {
        return refuse(EMPTY);
    }
    if text.len() > 128 {
        return refuse("must not be longer than 128 characters");
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        return refuse("must be letters, digits, `-` and `_`");
    }
    Ok(())
}

/// A header's value.
pub(crate) fn header(name: &'static str, text: &str) -> Result<HeaderValue> {
    let visible = text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    match HeaderValue::from_str(text) {
        Ok(value) if visible => Ok(value),
        _ => Err(Error::argument(name, "must be visible ASCII")),
    }
}

/// A cookie's name (RFC 6265 section 4.1.1).
pub(crate) fn cookie_name(name: &'static str, text: &str) -> Result<()> {
    let separator = |b| b"()<>@,;:\\\"/[]?={}".contains(&b);
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic() && !separator(b)) {
        return Err(Error::argument(name, "is not a cookie's name"));
    }
    Ok(())
}

/// Whether the port after a host, if there is one, is a port.
pub(crate) fn has_good_port(authority: &Authority) -> bool {
    authority.as_str().ends_with(authority.host()) || authority.port_u16().is_some()
}

/// An e-mail address that mail can be sent to: a dot-atom of RFC 5322 with letters of any language
/// (RFC 6531), and a domain of two labels or more that is not reserved (RFC 6761). As in Descope's
/// Python SDK, quoted local parts and address literals are refused.
pub(crate) fn email(name: &'static str, text: &str) -> Result<()> {
    let refuse = |reason| Err(Error::argument(name, reason));
    if text.len() > 254 {
        return refuse("an e-mail address is at most 254 bytes long");
    }
    let Some((local, domain)) = text.split_once('@') else {
        return refuse("an e-mail address has an `@`");
    };
    let atom = |c: char| match c {
        _ if c.is_ascii() => c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c),
        _ => international(c),
    };
    if !local.split('.').all(|part| !part.is_empty() && part.chars().all(atom)) {
        return refuse("not a local part of an e-mail address");
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || international(c))
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    if !(domain.contains('.') && domain.split('.').all(label) && top.ends_with(char::is_alphabetic))
    {
        return refuse("not a domain of an e-mail address");
    }
    let reserved = ["arpa", "invalid", "local", "localhost", "onion", "test"];
    if reserved.iter().any(|name| top.eq_ignore_ascii_case(name)) {
        return refuse("the e-mail address is in a reserved domain");
    }
    Ok(())
}

/// A letter, mark or digit beyond ASCII; not a space, a control, an invisible character, a symbol or
/// a wide form, some of which pass for the `@` and dots of an address.
fn international(c: char) -> bool {
    let other = matches!(c, '\u{ad}' | '\u{180e}' | '\u{2000}'..='\u{2bff}' | '\u{3000}'..='\u{3004}'
        | '\u{e000}'..='\u{f8ff}' | '\u{fb00}'..='\u{fb4f}' | '\u{fe00}'..='\u{fe6f}' | '\u{feff}'
        | '\u{ff00}'..='\u{ffff}' | '\u{1f000}'..='\u{1faff}' | '\u{e0000}'..);
    !c.is_ascii() && !c.is_control() && !c.is_whitespace() && !other
}

/// A phone number as people write it: 6 to 15 digits (ITU-T E.164) with a country code after `+`, in
/// groups with one space, dot, dash or slash between them, each perhaps in parentheses; and an
/// extension after `x`, `#` or `ext`. Nothing passes that Descope's Python SDK refuses.
pub(crate) fn phone(name: &'static str, text: &str) -> Result<()> {
    let refuse = |reason| Err(Error::argument(name, reason));
    if text.len() > 40 {
        return refuse("a phone number is at most 40 characters long");
    }
    let (number, extension) = match text.find(['x', '#', 'e']) {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    };
    let number = match extension {
        Some(_) => number.strip_suffix(SEPARATORS).unwrap_or(number),
        None => number,
    };
    if !is_grouped(number) {
        return refuse("a phone number is groups of digits, such as +1 (202) 555-0101");
    }
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    if !(6..=15).contains(&digits) {
        return refuse("a phone number has 6 to 15 digits");
    }
    if !extension.is_none_or(is_extension) {
        return refuse("an extension is 1 to 9 digits");
    }
    Ok(())
}

const SEPARATORS: [char; 5] = [' ', '.', '-', '/', '\\'];

/// Whether a phone number without its extension is well formed.
fn is_grouped(number: &str) -> bool {
    let (mut open, mut last) = (false, None);
    for c in number.chars() {
        let fits = match c {
            '+' => last.is_none() || last == Some('(') && number.starts_with("(+"),
            '0' => last != Some('+'),
            '1'..='9' => true,
            '(' => !open && last.is_none_or(|last| last != '+'),
            ')' => open && last.is_some_and(|last| last.is_ascii_digit()),
            _ => {
                SEPARATORS.contains(&c)
                    && !open
                    && last.is_some_and(|last| last == ')' || last.is_ascii_digit())
            }
        };
        if !fits {
            return false;
        }
        open = (open || c == '(') && c != ')';
        last = Some(c);
    }
    !open && last.is_some_and(|last| last == ')' || last.is_ascii_digit())
}

fn is_extension(text: &str) -> bool {
    let mark = ["extension", "ext.", "ext", "x", "#"].into_iter().find(|m| text.starts_with(m));
    let digits = mark.map(|mark| &text[mark.len()..]).unwrap_or_default();
    let digits = digits.strip_prefix(SEPARATORS).unwrap_or(digits);
    (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails() {
        for good in [
            "alice@example.com",
            "a@b.co",
            "a@b.c",
            "alice+tag@example.com",
            "o'neil.j_r-x@sub.example.co.uk",
            "älice@example.com",
            "alice@exämple.com",
            "用户@例子.广告",
            &format!("{}@example.com", "a".repeat(65)),
        ] {
            assert!(email("e", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "@",
            "alice",
            "a@",
            "@b.co",
            "a@b",
            "a@b@c.com",
            "a b@example.com",
            "alice@exa mple.com",
            "alice@-example.com",
            "alice@example-.com",
            "alice@.com",
            "alice@example..com",
            "alice@example.com.",
            ".alice@example.com",
            "alice.@example.com",
            "al..ice@example.com",
            "\"alice\"@example.com",
            "alice@example.com ",
            " alice@example.com",
            "alice@example.com\n",
            "alice\r\nBcc: x@example.com",
            "alice@1.2.3.4",
            "alice@[1.2.3.4]",
            "alice@localhost",
            "alice@example.test",
            "alice@example.LOCAL",
            "alice@example.invalid",
            "al\u{202e}ice@example.com",
            "alice@example.com\u{ff20}example.org",
            "alice@example\u{3002}com",
            "alice@example.com\u{2024}example.org",
            "al\0ice@example.com",
            &format!("{}@example.com", "a".repeat(300)),
            &format!("a@{}.com", "b".repeat(64)),
        ] {
            assert!(email("e", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn phones() {
        for good in [
            "+12025550101",
            "2025550101",
            "212-555-1234",
            "(202) 555-0101",
            "202.555.0101",
            "+12025550101#77",
            "+1 202 555 0101 x5",
            "00972541234567",
            "+999999999999999",
            "123456",
            "(+1) 202/555-0101",
            "212-555-1234 ext. 12",
            "212-555-1234 extension 12",
        ] {
            assert!(phone("p", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "+",
            "-",
            " ",
            "1",
            "12345",
            "()",
            "++12025550101",
            "+12025550101 ",
            " +12025550101",
            "+12025550101\n",
            "+1202555010a",
            "joe@example.com",
            "1234567890123456",
            "123456789012345678901234567890",
            "x5",
            "+12025550101x",
            "+12025550101xx5",
            "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
            "-123456",
            "))123456((",
            "()123456",
            "(123456",
            "123--456",
            "+0123456",
            "+(1)202555010",
            "12+3456789",
            "+12025550101X5",
            "+12025550101 ext",
            "+12025550101 e5",
            &"1".repeat(100_000),
        ] {
            assert!(phone("p", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn ids_tokens_and_project_ids() {
        for bad in ["", "  ", "a\nb", "a\0b", &"x".repeat(2049)] {
            assert!(id("i", bad).is_err());
        }
        assert!(id("i", "ada@example.com").is_ok() && id("i", "日本").is_ok());
        for bad in ["", "a b", "a:b", "a\r\nb", "é", &"x".repeat(MAX_TOKEN + 1)] {
            assert!(token("t", bad).is_err());
        }
        assert!(token("t", "eyJ.e30.x-_").is_ok());
        for bad in ["", "P 1", "P:1", "P/1", "P\n", "..", "Pé", &"P".repeat(129)] {
            assert!(project_id(bad).is_err());
        }
        assert!(project_id("P2abc-_9").is_ok());
    }
}

//! E-mail addresses and phone numbers. Descope decides which of them it takes; what is refused here
//! cannot be right, or could be taken for something else.

use super::EMPTY;
use crate::error::{Error, Result};

/// Bytes of an e-mail address: a path of SMTP has 256, with its angle brackets (RFC 5321 section
/// 4.5.3.1.3).
const MAX_EMAIL: usize = 254;
/// Characters of a phone number with its extension, however it is written.
const MAX_PHONE: usize = 64;

/// An e-mail address: one `@` with text on both sides, in any language (RFC 6531), without spaces,
/// control characters, invisible ones and those that separate addresses in a list.
///
/// A local part in quotes may hold an `@` and spaces (RFC 5321 section 4.1.2). A domain is fully qualified (RFC
/// 5321 section 2.3.5), so that it has a dot. Whether it exists or is reserved is for Descope to say: test
/// set-ups use `.test`, `.local` and `localhost`.
pub(crate) fn email(name: &'static str, text: &str) -> Result<()> {
    let refuse = |reason| Err(Error::argument(name, reason));
    if text.is_empty() {
        return refuse(EMPTY);
    }
    if text.len() > MAX_EMAIL {
        return refuse("is not an e-mail address: it has more than 254 bytes");
    }
    if text.chars().any(char::is_control) {
        return refuse("must not contain control characters");
    }
    if hides_something(text) {
        return refuse("must not contain invisible characters");
    }
    let quoted =
        text.rsplit_once("\"@").filter(|(local, _)| local.len() > 1 && local.starts_with('"'));
    let Some((local, domain)) = quoted.or_else(|| text.split_once('@')) else {
        return refuse("is not an e-mail address: it has no `@`");
    };
    if local.is_empty() || domain.is_empty() {
        return refuse("is not an e-mail address: it needs text on both sides of the `@`");
    }
    // Wide and small forms of `@` are read as one (Unicode NFKC, which IDNA applies).
    let at = |c| matches!(c, '@' | '\u{fe6b}' | '\u{ff20}');
    if domain.contains(at) || quoted.is_none() && local.contains(at) {
        return refuse("is not an e-mail address: it has more than one `@`");
    }
    // The dots of IDNA (RFC 3490 section 3.1) are dots as well.
    let dot = |c| matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
    let literal = domain.starts_with('[');
    if !(literal || domain.contains(dot) || domain.eq_ignore_ascii_case("localhost")) {
        return refuse("is not an e-mail address: its domain has no dot");
    }
    let special = |c: char| c.is_whitespace() || "()<>,;\\\"".contains(c);
    let bracket = |c| matches!(c, '[' | ']' | ':');
    if domain.contains(special) || quoted.is_none() && local.contains(|c| special(c) || bracket(c))
    {
        return refuse("must be one e-mail address, without spaces, quotes, commas or brackets");
    }
    Ok(())
}

/// Whether a text holds a character that nobody sees. Joiners and variation selectors may follow a
/// character beyond ASCII: Persian and Indic words need them (RFC 5892 appendix A), and emoji.
fn hides_something(text: &str) -> bool {
    let mut before = 'a';
    text.chars().any(|c| {
        let joins = matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}');
        let hidden = is_invisible(c) && (!joins || before.is_ascii());
        before = c;
        hidden
    })
}

/// Characters that are not shown (Unicode's `Default_Ignorable_Code_Point`), among them those that turn
/// the direction of writing, and some that are blank.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A phone number as people write it: 4 to 20 digits, perhaps after a `+`, with spaces, dots, dashes,
/// slashes and parentheses between them, and perhaps an extension after `x`, `#` or `ext`.
///
/// The shortest subscriber numbers have 4 digits. The longest have 15 (ITU-T E.164), after a prefix of
/// up to 5 for calling abroad. What Descope's Python SDK 1.7.1 refuses is refused here too.
pub(crate) fn phone(name: &'static str, text: &str) -> Result<()> {
    let refuse = |reason| Err(Error::argument(name, reason));
    if text.is_empty() {
        return refuse(EMPTY);
    }
    if text.len() > 4 * MAX_PHONE || text.chars().count() > MAX_PHONE {
        return refuse("is not a phone number: it has more than 64 characters");
    }
    if text.chars().any(char::is_control) {
        return refuse("must not contain control characters");
    }
    let mark = |c: char| c == '#' || c.is_ascii_alphabetic();
    let (number, extension) = match text.find(mark) {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    };
    if !is_number(number) {
        return refuse("is not a phone number: write groups of digits, such as +1 (202) 555-0101");
    }
    if !(4..=20).contains(&number.chars().filter(|c| is_digit(*c)).count()) {
        return refuse("is not a phone number: it must have 4 to 20 digits");
    }
    if !extension.is_none_or(is_extension) {
        return refuse(
            "is not a phone number: an extension must be digits after `x`, `#` or `ext`",
        );
    }
    Ok(())
}

/// A digit of any script.
fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || !c.is_ascii() && c.is_numeric()
}

/// What may stand between digits, as in texts that were copied: spaces and dashes of every width too.
fn is_separator(c: char) -> bool {
    " .-/\\".contains(c)
        || matches!(c, '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
            | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' | '\u{ff0e}' | '\u{b7}')
}

/// Whether a phone number without its extension starts like one, and holds nothing strange.
fn is_number(number: &str) -> bool {
    let mut digits = 0;
    let mut plus = false;
    number.chars().enumerate().all(|(at, c)| match c {
        '+' | '\u{ff0b}' => !std::mem::replace(&mut plus, true) && digits == 0,
        // No country's code starts with a zero.
        '0' if plus && digits == 0 => false,
        '(' | ')' | '\u{ff08}' | '\u{ff09}' => at > 0 || c == '(' || c == '\u{ff08}',
        _ if is_digit(c) => {
            digits += 1;
            true
        }
        _ => at > 0 && is_separator(c),
    })
}

fn is_extension(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mark = ["extension", "ext.", "ext", "x", "#"].into_iter().find(|m| text.starts_with(m));
    let digits = mark.map(|mark| text[mark.len()..].trim_matches(is_separator)).unwrap_or_default();
    !digits.is_empty() && digits.chars().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_descope_may_take_pass() {
        for good in [
            "alice@example.com",
            "a@b.co",
            "alice+tag@example.com",
            "o'neil.j_r-x@sub.example.co.uk",
            "!#$%&'*+-/=?^_`{|}~@example.com",
            // Hosts of test set-ups, and what only Descope can judge.
            "alice@example.test",
            "alice@mail.local",
            "alice@example.invalid",
            "alice@localhost",
            "alice@1.2.3.4",
            "alice@[192.0.2.1]",
            "alice@[IPv6:2001:db8::1]",
            // Dots that phone companies handed out.
            "alice.@example.ne.jp",
            "al..ice@example.ne.jp",
            // Other scripts, in both parts; the last characters are marks, joiners and emoji.
            "älice@exämple.com",
            "a@x.சிங்கப்பூர்",
            "a@x.இலங்கை",
            "a@x.भारत",
            "उपयोगकर्ता@उदाहरण.संगठन",
            "a@x.ලංකා",
            "a@x.বাংলা",
            "a@x.ไทย",
            "ผู้ใช้@ตัวอย่าง.ไทย",
            "用户@例子.广告",
            "ユーザー@例え。テスト",
            "사용자@예시.테스트",
            "מישהו@דוגמה.קום",
            "مستخدم@مثال.إختبار",
            "نامه\u{200c}ای@مثال.ایران",
            "ශ්\u{200d}රී@x.ලංකා",
            "a@i❤\u{fe0f}.ws",
            "👩\u{200d}🚀@example.com",
            "a@x.xn--clchc0ea0b2g2a9gcd",
            // Quoted local parts.
            "\"alice\"@example.com",
            "\"a@b\"@example.com",
            "\"a b\"@example.com",
            "\"a\\\"@b\"@example.com",
            &format!("{}@example.com", "a".repeat(65)),
            &format!("{}@{}.com", "a".repeat(64), "b".repeat(185)),
        ] {
            assert!(email("e", good).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_is_not_one_address_is_refused() {
        for bad in [
            "",
            " ",
            "@",
            "alice",
            "a@",
            "@b.co",
            "a@b",
            "alice@mailhost",
            "a@b@c.com",
            "a@@c.com",
            "\"a@b.com",
            "\"@b.com",
            "\"\"@",
            "\"a\"@b@c.com",
            "a\"b@example.com",
            "a b@example.com",
            "alice@exa mple.com",
            "alice@example.com ",
            " alice@example.com",
            "alice@example\u{a0}.com",
            "alice@example\u{3000}.com",
            "alice@example.com\n",
            "alice\r\nBcc: x@example.com",
            "\"a\r\nb\"@example.com",
            "al\0ice@example.com",
            "alice@example.com\u{85}",
            "<alice@example.com>",
            "Alice <alice@example.com>",
            "alice@example.com,bob",
            "alice,bob@example.com",
            "alice@example.com;bob",
            "mailto:alice@example.com",
            "al\u{202e}ice@example.com",
            "al\u{200b}ice@example.com",
            "al\u{200d}ice@example.com",
            "al\u{ad}ice@example.com",
            "alice@example.com\u{2066}",
            "\u{feff}alice@example.com",
            "alice@example.com\u{ff20}example.org",
            "alice\u{fe6b}example.org@example.com",
            "alice@\u{e0061}example.com",
            &format!("{}@example.com", "a".repeat(243)),
        ] {
            assert!(email("e", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn numbers_as_people_write_them_pass() {
        for good in [
            "+12025550101",
            "2025550101",
            "(202) 555-0101",
            "202.555.0101",
            "(+1) 202/555-0101",
            "+(1) 202 555 0101",
            "+49 (0) 30 123456",
            "+49 (0)30 - 12 34 56",
            "+33 1 23 45 67 89",
            "+33\u{a0}1\u{a0}23\u{202f}45",
            "202\u{2013}555\u{2013}0101",
            "0541234567",
            "00972541234567",
            "011 44 20 7946 0958",
            "+999999999999999",
            "0011999999999999999",
            "1-2-3-4-5-6",
            "1234",
            "+683 4000",
            "+12025550101 ",
            "(202 555-0101",
            "+12025550101#77",
            "+1 202 555 0101 x5",
            "+1 202 555 0101 X5",
            "212-555-1234 ext. 12",
            "212-555-1234 Ext 1234567890",
            "212-555-1234 extension 12",
            "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
            "\u{ff0b}\u{ff18}\u{ff11}\u{ff0d}\u{ff13}\u{ff11}\u{ff12}\u{ff13}",
        ] {
            assert!(phone("p", good).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for bad in [
            "",
            "+",
            "-",
            " ",
            "()",
            "1",
            "123",
            "+1",
            "++12025550101",
            "1+2025550101",
            " +12025550101",
            "-12025550101",
            ")12025550101",
            "+012345678",
            "+12025550101\n",
            "+12025550101\r\n",
            "+1202555\x00101",
            "\u{202a}+12025550101\u{202c}",
            "+1202555010a",
            "abc",
            "joe@example.com",
            "tel:+12025550101",
            "+12025550101,+12025550102",
            "x5",
            "#5",
            "+12025550101x",
            "+12025550101xx5",
            "+12025550101 ext",
            "+12025550101 e5",
            "+12025550101 x5 x6",
            "123456789012345678901",
            &"1".repeat(100_000),
            &"1 ".repeat(60),
        ] {
            assert!(phone("p", bad).is_err(), "{bad:?}");
        }
    }
}

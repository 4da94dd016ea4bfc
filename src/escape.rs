//! How texts are written where they must not be taken for something else: those from outside in errors, log
//! lines and `Debug`, and those of callers in URLs.

use std::fmt::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is encoded in a URL: everything but the `unreserved` characters of RFC 3986.
pub(crate) const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Appends a name and a value to a query or a form. What separates it from the one before is up to the caller.
pub(crate) fn add_pair(text: &mut String, name: &str, value: &str) {
    text.extend(utf8_percent_encode(name, ESCAPED));
    text.push('=');
    text.extend(utf8_percent_encode(value, ESCAPED));
}

/// Characters of one text that are shown.
const SHOWN: usize = 1024;

/// Writes a text so that it can neither end a line, move a terminal's cursor, nor hide or reorder what is
/// beside it: what cannot be seen is written as an escape, and what is too long is cut.
pub(crate) struct Escaped<'t>(pub(crate) &'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, c) in self.0.chars().enumerate() {
            if at == SHOWN {
                return f.write_str("[...]");
            }
            if is_hidden(c) { write!(f, "{}", c.escape_default()) } else { f.write_char(c) }?;
        }
        Ok(())
    }
}

/// As [`Display`](fmt::Display), in quotes.
impl fmt::Debug for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_string();
        write!(f, "\"{}\"", text.replace('"', "\\\""))
    }
}

/// Whether a character cannot be seen, or changes how others are seen: controls, line separators,
/// formatting such as the marks of writing direction, and what Unicode calls default ignorable.
fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_control();
    }
    let ignorable = matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
        | '\u{e0000}'..='\u{e0fff}');
    let ends_line = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    // The standard library knows the rest. It escapes a combining mark only at the beginning.
    let mut pair = [0; 5];
    pair[0] = b'a';
    let end = 1 + c.encode_utf8(&mut pair[1..]).len();
    let pair = std::str::from_utf8(&pair[..end]).unwrap_or_default();
    let unprintable = pair.escape_debug().nth(1) == Some('\\') && !c.is_whitespace();
    ignorable || ends_line || unprintable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_seen_stays_as_it_is() {
        for text in [
            "",
            "Invalid \"code\" \\ '7'",
            "naïve — 日本語 सं தமிழ் עברית العربية 😀",
            "a\u{a0}b",
            "e\u{301}",
        ] {
            assert_eq!(Escaped(text).to_string(), text);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        for (text, shown) in [
            ("a\nb\r\n\tc", r"a\nb\r\n\tc"),
            ("\u{1b}[31mred\u{7}", r"\u{1b}[31mred\u{7}"),
            ("\u{9b}2J\u{7f}\0", r"\u{9b}2J\u{7f}\u{0}"),
            ("\u{202e}gnp.exe\u{2066}", r"\u{202e}gnp.exe\u{2066}"),
            ("a\u{200b}b\u{200d}\u{feff}\u{ad}", r"a\u{200b}b\u{200d}\u{feff}\u{ad}"),
            ("\u{2028}\u{2029}\u{85}", r"\u{2028}\u{2029}\u{85}"),
            ("\u{fe0f}\u{3164}\u{e0041}\u{e0100}", r"\u{fe0f}\u{3164}\u{e0041}\u{e0100}"),
            ("\u{e000}\u{10ffff}", r"\u{e000}\u{10ffff}"),
        ] {
            assert_eq!(Escaped(text).to_string(), shown, "{shown}");
            assert_eq!(Escaped(shown).to_string(), shown, "once is enough");
        }
        assert_eq!(format!("{:?}", Escaped("say \"hi\"\n")), r#""say \"hi\"\n""#);
    }

    #[test]
    fn what_is_too_long_is_cut() {
        let text = "ö".repeat(SHOWN);
        assert_eq!(Escaped(&text).to_string(), text);
        assert_eq!(Escaped(&format!("{text}x")).to_string(), format!("{text}[...]"));
    }
}

//! Splits JSON text into its values, without copying any.

use std::borrow::Cow;
use std::ops::Range;

use super::text::Text;

/// Walks over JSON text that `serde_json` has found to be valid.
pub(super) struct Split<'de> {
    text: &'de str,
    at: usize,
}

impl<'de> Split<'de> {
    pub(super) fn new(text: &'de str) -> Self {
        Self { text, at: 0 }
    }

    /// The text of a list or an object, past its bracket.
    pub(super) fn within(text: &'de str) -> Self {
        Self { text, at: 1 }
    }

    /// The first byte of what comes next. Since the text is valid, what separates values says nothing.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let between = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':');
        let skipped = rest.iter().position(|byte| !between(byte))?;
        self.at += skipped;
        rest.get(skipped).copied()
    }

    /// Moves past a bracket.
    pub(super) fn bracket(&mut self) {
        self.at += 1;
    }

    /// The text of the next value or name; `None` past the last one of the list or object.
    pub(super) fn next(&mut self) -> Option<&'de str> {
        self.place().and_then(|place| self.text.get(place))
    }

    /// Where it is.
    pub(super) fn place(&mut self) -> Option<Range<usize>> {
        match self.peek() {
            None => None,
            Some(b']' | b'}') => {
                self.bracket();
                None
            }
            Some(first) => {
                let start = self.at;
                self.at = end(self.text.as_bytes(), start, first);
                Some(start..self.at)
            }
        }
    }

    /// The name of the next member.
    pub(super) fn name(&mut self) -> Option<Cow<'de, str>> {
        self.next().map(string)
    }
}

/// What a string says. One with half a surrogate pair says what is written.
pub(crate) fn string(quoted: &str) -> Cow<'_, str> {
    let plain = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let plain = plain.unwrap_or(quoted);
    if plain.as_bytes().contains(&b'\\') {
        serde_json::from_str::<Text<'_>>(quoted).map_or(Cow::Borrowed(plain), |text| text.0)
    } else {
        Cow::Borrowed(plain)
    }
}

/// Where the value ends that starts here with this byte.
fn end(text: &[u8], start: usize, first: u8) -> usize {
    match first {
        b'"' => string_end(text, start),
        b'{' | b'[' => {
            let (mut at, mut open) = (start, 0_usize);
            while let Some(byte) = text.get(at) {
                match byte {
                    b'"' => {
                        at = string_end(text, at);
                        continue;
                    }
                    b'{' | b'[' => open += 1,
                    b'}' | b']' => open -= 1,
                    _ => {}
                }
                at += 1;
                if open == 0 {
                    break;
                }
            }
            at
        }
        _ => {
            let ends =
                |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
            let rest = text.get(start..).unwrap_or_default();
            start + rest.iter().position(ends).unwrap_or(rest.len())
        }
    }
}

fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        match rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
            Some(found) if rest.get(found) == Some(&b'\\') => at += found + 2,
            Some(found) => return at + found + 1,
            None => return text.len(),
        }
    }
}

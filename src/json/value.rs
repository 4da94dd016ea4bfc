//! The text of a value, and what it says.

use std::borrow::Cow;

use super::error::DecodeError;
use super::split::{self, Split};
use super::state::{MAX_DEPTH, State};
use super::text::float;

/// The text of one JSON value.
#[derive(Clone, Copy)]
pub(super) struct Value<'de> {
    pub(super) text: &'de str,
    pub(super) depth: u8,
    pub(super) state: &'de State<'de>,
}

impl<'de> Value<'de> {
    pub(super) fn new(text: &'de str, state: &'de State<'de>) -> Self {
        Self { text, depth: 0, state }
    }

    /// Whether it counts as absent: it is null, or turned out to be nothing of what was expected.
    pub(super) fn is_absent(self) -> bool {
        self.is_null() || self.state.unreadable(self.text).is_some()
    }

    pub(super) fn is_null(self) -> bool {
        self.text == "null"
    }

    pub(super) fn first(self) -> Option<u8> {
        self.text.as_bytes().first().copied()
    }

    pub(super) fn inner(self, text: &'de str) -> Self {
        Self { text, depth: self.depth + 1, state: self.state }
    }

    /// Why this is not what was expected.
    pub(super) fn problem(self, expected: &str) -> DecodeError {
        let found = match self.first() {
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        };
        DecodeError::new(format!("expected {expected}, found {found}"))
    }

    /// Notes that this is not what was expected, nor can be converted to it. It counts as absent when
    /// the answer is read once more; until then something empty stands for it.
    pub(super) fn give_up(self, expected: &'static str) -> Result<(), DecodeError> {
        if self.state.strict.get() {
            return Err(self.problem(expected));
        }
        self.state.give_up(self.text, expected)
    }

    /// What is inside an object or a list.
    pub(super) fn split(self) -> Result<Split<'de>, DecodeError> {
        if self.depth >= MAX_DEPTH {
            return Err(DecodeError::new("nested too deeply"));
        }
        self.state.work(self.text.len())?;
        Ok(Split::within(self.text))
    }

    pub(super) fn boolean(self) -> Option<bool> {
        let text = self.unquoted()?;
        match &*text {
            "1" => Some(true),
            "0" => Some(false),
            text if text.eq_ignore_ascii_case("true") => Some(true),
            text if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// The text of a string, number or boolean.
    pub(super) fn unquoted(self) -> Option<Cow<'de, str>> {
        match self.first() {
            Some(b'"') => Some(split::string(self.text)),
            Some(b'{' | b'[' | b'n') => None,
            _ => Some(Cow::Borrowed(self.text)),
        }
    }

    /// A whole number, however it is written.
    pub(super) fn whole(self) -> Option<i128> {
        let text = self.unquoted()?;
        let text = text.trim();
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        let whole = |n: f64| (n.fract() == 0.0 && n.abs() < 9e15).then_some(n as i128);
        text.parse().ok().or_else(|| whole(float(text)?))
    }

    pub(super) fn float(self) -> Option<f64> {
        float(self.unquoted()?.trim())
    }
}

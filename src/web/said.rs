//! What a header says that has one word in it, and is there once.

use crate::check;
use crate::transport::http::uri::Authority;

/// What headers of one name say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Said {
    #[default]
    Nothing,
    Once(String),
    /// Several headers, of which a proxy may have looked at either, or something that is not a word.
    Unclear,
}

impl Said {
    pub(super) fn of<I>(values: I) -> Self
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        let mut values = values.into_iter();
        let Some(first) = values.next() else { return Self::Nothing };
        let word = std::str::from_utf8(first.as_ref()).unwrap_or_default();
        let word = word.trim_matches([' ', '\t']);
        let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic());
        if is_word && values.next().is_none() { Self::Once(word.to_owned()) } else { Self::Unclear }
    }

    pub(super) fn once(&self) -> Option<&str> {
        match self {
            Self::Once(text) => Some(text),
            Self::Nothing | Self::Unclear => None,
        }
    }
}

/// Whether a text is a host, perhaps with a port (RFC 9110 section 7.2).
pub(super) fn is_host(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else { return false };
    // A comma comes from two headers that a proxy has joined.
    !text.contains(['@', ',']) && !authority.host().is_empty() && check::has_good_port(&authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_one_word_or_nothing_that_counts() {
        let of = |values: &[&[u8]]| Said::of(values.iter().copied());
        assert_eq!(of(&[]), Said::Nothing);
        for (value, said) in [
            (&b"same-origin"[..], Some("same-origin")),
            (b" \tnone ", Some("none")),
            (b"", None),
            (b" ", None),
            (b"a b", None),
            (b"a\xff", None),
            (b"\xc3\xa9", None),
        ] {
            assert_eq!(of(&[value]).once(), said, "{value:?}");
            assert_eq!(of(&[value, value]), Said::Unclear);
        }
    }

    #[test]
    fn hosts() {
        for good in ["a", "app.example.com", "a:8080", "127.0.0.1:1", "[::1]", "[::1]:80"] {
            assert!(is_host(good), "{good}");
        }
        for bad in [
            "",
            "a/b",
            "a@b",
            "u:p@a",
            "a b",
            ":80",
            "a:99999",
            "a:b",
            "b:b",
            "a:+80",
            "a:",
            "a:80:a",
            "http://a",
            "a?b",
            "::1",
            "a,b",
            "[::1]:[::1]",
        ] {
            assert!(!is_host(bad), "{bad}");
        }
    }
}

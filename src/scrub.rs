//! Takes secrets out of texts that come from outside, before they are put into an error.

use std::borrow::Cow;
use std::cmp::Reverse;

use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use crate::call::ESCAPED;
use crate::html;

/// Bytes of a text that are looked at.
const MOST: usize = 64 * 1024;
/// Characters of it that are kept.
const KEPT: usize = 4096;
/// Characters of a preview.
const PREVIEW: usize = 200;

/// What must not show.
pub(crate) struct Scrubber<'s>(Vec<Cow<'s, str>>);

impl<'s> Scrubber<'s> {
    pub(crate) fn new(secrets: impl Iterator<Item = &'s str>) -> Self {
        // What is shorter would take the text apart, and is in no list of passwords.
        let secrets = secrets.filter(|secret| secret.len() >= 4);
        let mut texts: Vec<_> = secrets
            .flat_map(|secret| {
                std::iter::once(Cow::Borrowed(secret)).chain(spellings(secret).map(Cow::Owned))
            })
            .collect();
        // One may be the beginning of another.
        texts.sort_unstable_by_key(|text| Reverse(text.len()));
        Self(texts)
    }

    /// A text without the secrets, and without anything that looks like a token.
    pub(crate) fn text(&self, text: &str) -> String {
        let cut = beginning(text, MOST);
        let mut clean = cut.to_owned();
        for secret in &self.0 {
            clean = clean.replace(&**secret, "[redacted]");
        }
        if cut.len() < text.len() {
            // Where the text was cut, a secret may have begun.
            let longest = self.0.first().map_or(0, |secret| secret.len());
            clean.truncate(beginning(&clean, clean.len().saturating_sub(longest)).len());
        }
        without_tokens(&clean).chars().take(KEPT).collect()
    }

    /// The beginning of a body of any kind.
    ///
    /// There is none where a secret has characters that JSON, HTML and URLs each write in ways of their
    /// own: a body of any kind could have it in any of them, or in one within another.
    pub(crate) fn preview(&self, body: &[u8]) -> Option<String> {
        if self.0.iter().any(|text| matches!(text, Cow::Owned(_))) {
            return None;
        }
        let text = self.text(&String::from_utf8_lossy(&body[..body.len().min(2 * MOST)]));
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(words.chars().take(PREVIEW).collect()).filter(|preview: &String| !preview.is_empty())
    }
}

/// How else a server that quotes what it was sent may spell it: as JSON, also with the escapes that Go
/// adds for HTML, as HTML, and as a part of a URL, which leaves the fewest characters as they are.
fn spellings(secret: &str) -> impl Iterator<Item = String> {
    let quoted = Value::from(secret).to_string();
    let json = quoted[1..quoted.len() - 1].to_owned();
    let go = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let html = html::escape(secret);
    let numbers = html.replace("&quot;", "&#34;");
    let url = utf8_percent_encode(secret, ESCAPED).to_string();
    let all = [json, go, html, numbers, url].into_iter();
    all.filter(move |spelling| spelling != secret)
}

/// As many bytes of a text, or a few less, so as not to cut a character.
fn beginning(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn without_tokens(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let (mut clean, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(start) = rest.find("eyJ") {
        clean.push_str(&rest[..start]);
        clean.push_str("[redacted]");
        rest = rest[start..].trim_start_matches(is_part);
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_secret_goes_first() {
        let scrubber = Scrubber::new(["hunter2", "hunter2-2026", "ab"].into_iter());
        assert_eq!(scrubber.text("hunter2-2026 hunter2 ab"), "[redacted] [redacted] ab");
    }

    #[test]
    fn what_looks_like_a_token_goes_too() {
        let scrubber = Scrubber::new([].into_iter());
        assert_eq!(scrubber.text("a eyJh.b-c_d e, eyJ"), "a [redacted] e, [redacted]");
        assert!(scrubber.text(&"eyJ ".repeat(100_000)).len() <= 4 * KEPT);
    }

    #[test]
    fn no_secret_is_cut_in_two() {
        let secret = "s".repeat(100);
        let scrubber = Scrubber::new([&*secret].into_iter());
        for before in [MOST - 150, MOST - 50, MOST - 1] {
            let text = format!("{}{secret}", "a".repeat(before));
            assert!(!scrubber.text(&text).contains("ss"), "{before}");
            // Much that is taken out moves the cut to the front.
            let text = format!("{} {secret}", secret.repeat(before / secret.len()));
            assert!(!scrubber.text(&text).contains("ss"), "{before}");
        }
    }

    #[test]
    fn a_secret_goes_however_it_is_spelled() {
        let scrubber = Scrubber::new(["pa\"ss<w & \\\""].into_iter());
        for text in [
            r#"pa"ss<w & \""#,
            r#"pa\"ss<w & \\\""#,
            r#"pa\"ss\u003cw \u0026 \\\""#,
            r"pa&quot;ss&lt;w &amp; \&quot;",
            r"pa&#34;ss&lt;w &amp; \&#34;",
            "pa%22ss%3Cw%20%26%20%5C%22",
        ] {
            assert_eq!(scrubber.text(&format!("not {text}!")), "not [redacted]!", "{text}");
        }
    }

    #[test]
    fn previews_are_of_plain_secrets_only() {
        let body = br#"{"error":"pa\"ss\u003cw is  wrong"}"#;
        assert_eq!(Scrubber::new(["pa\"ss<w"].into_iter()).preview(body), None);
        assert_eq!(
            Scrubber::new(["wrong"].into_iter()).preview(body).unwrap(),
            r#"{"error":"pa\"ss\u003cw is [redacted]"}"#
        );
        assert_eq!(Scrubber::new([].into_iter()).preview(b" \n"), None);
    }
}

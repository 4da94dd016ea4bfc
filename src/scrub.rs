//! Takes secrets out of texts that come from outside, before they are put into an error.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use crate::escape::ESCAPED;
use crate::html;

/// Bytes of a text that are looked at.
const MOST: usize = 64 * 1024;
/// Characters of it that are kept.
const KEPT: usize = 4096;
/// Characters of a preview.
const PREVIEW: usize = 200;

/// What must not show.
pub(crate) struct Scrubber<'s> {
    /// In order, so that those with a common beginning stand together.
    texts: Vec<Cow<'s, str>>,
    /// Where those that begin with these bytes stand.
    by_beginning: HashMap<[u8; SHORTEST], Range<usize>>,
    longest: usize,
}

/// Bytes of a secret that are looked for. Where they are found, the rest of the text goes too.
const LONG: usize = KEPT;
/// Bytes of the shortest secret that is looked for. What is shorter would take the text apart, and is in no
/// list of passwords.
pub(crate) const SHORTEST: usize = 4;

impl<'s> Scrubber<'s> {
    pub(crate) fn new(secrets: impl Iterator<Item = &'s str>) -> Self {
        let mut texts: Vec<_> = secrets
            .filter(|secret| secret.len() >= SHORTEST)
            .flat_map(|secret| {
                let secret = beginning(secret, LONG);
                std::iter::once(Cow::Borrowed(secret)).chain(spellings(secret).map(Cow::Owned))
            })
            .collect();
        texts.sort_unstable();
        texts.dedup();
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or_default();
        let mut by_beginning: HashMap<_, Range<usize>> = HashMap::new();
        for (at, text) in texts.iter().enumerate() {
            if let Some(beginning) = text.as_bytes().first_chunk() {
                by_beginning.entry(*beginning).or_insert(at..at).end = at + 1;
            }
        }
        Self { texts, by_beginning, longest }
    }

    /// A text without the secrets, and without anything that looks like a token.
    pub(crate) fn text(&self, text: &str) -> String {
        let cut = beginning(text, MOST);
        let mut clean = self.without_secrets(cut);
        if cut.len() < text.len() {
            // Where the text was cut, a secret may have begun.
            clean.truncate(beginning(&clean, clean.len().saturating_sub(self.longest)).len());
        }
        without_tokens(&clean).chars().take(KEPT).collect()
    }

    /// Looks at each place of a text once. Secrets that overlap go together.
    fn without_secrets(&self, text: &str) -> String {
        let (mut clean, mut hidden, mut kept) = (String::with_capacity(text.len()), 0..0, 0);
        for (at, _) in text.char_indices() {
            let Some(length) = self.longest_at(&text.as_bytes()[at..]) else { continue };
            if at > hidden.end || hidden.is_empty() {
                clean.push_str(&text[kept..at]);
                clean.push_str("[redacted]");
                hidden.start = at;
            }
            hidden.end = hidden.end.max(at + length);
            kept = hidden.end;
            if length + 3 >= LONG {
                return clean;
            }
        }
        clean.push_str(&text[kept..]);
        clean
    }

    /// The length of the longest secret that a text begins with.
    fn longest_at(&self, text: &[u8]) -> Option<usize> {
        let places = self.by_beginning.get(text.first_chunk()?)?;
        let mut candidates = &self.texts[places.clone()];
        // Of all that begin alike, the last that is not after the text shares most with it; if it is not
        // the beginning of the text, then what both share may have a shorter one.
        let mut text = text;
        loop {
            let after = candidates.partition_point(|candidate| candidate.as_bytes() <= text);
            let nearest = candidates[..after].last()?.as_bytes();
            if text.starts_with(nearest) {
                return Some(nearest.len());
            }
            let common = text.iter().zip(nearest).take_while(|(a, b)| a == b).count();
            (text, candidates) = (&text[..common], &candidates[..after]);
        }
    }

    /// The beginning of a body of any kind.
    ///
    /// There is none where a secret has characters that JSON, HTML and URLs each write in ways of their
    /// own: a body of any kind could have it in any of them, or in one within another.
    pub(crate) fn preview(&self, body: &[u8]) -> Option<String> {
        if self.texts.iter().any(|text| matches!(text, Cow::Owned(_))) {
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
        let scrubber = Scrubber::new(["hunter2", "hunter2-2026", "hunter2-2", "ab"].into_iter());
        for (text, clean) in [
            ("hunter2-2026 hunter2 ab", "[redacted] [redacted] ab"),
            ("hunter2-2027 hunter2-3", "[redacted]027 [redacted]-3"),
            ("hunter2hunter2", "[redacted]"),
            ("hunter hunterr2 hunte", "hunter hunterr2 hunte"),
            ("", ""),
        ] {
            assert_eq!(scrubber.text(text), clean);
        }
    }

    #[test]
    fn secrets_that_overlap_go_together() {
        let scrubber = Scrubber::new(["abcdef", "defghijk", "öabc"].into_iter());
        assert_eq!(scrubber.text("xabcdefghijky"), "x[redacted]y");
        assert_eq!(scrubber.text("abcdefabcdef-defghijkabcdef"), "[redacted]-[redacted]");
        assert_eq!(scrubber.text("öabcdef ö"), "[redacted] ö");
    }

    /// What the plain way makes of it: each secret at each place.
    #[test]
    fn one_pass_finds_what_many_find() {
        let mut random = 7u32;
        let mut next = |most: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 16) % most
        };
        for _ in 0..300 {
            let mut word = |length: u32| -> String {
                (0..length).map(|_| if next(3) == 0 { 'b' } else { 'a' }).collect()
            };
            let secrets: Vec<_> = (4..12).map(&mut word).collect();
            let text = word(60);
            let mut hidden = [false; 60];
            for secret in &secrets {
                for (at, _) in
                    text.char_indices().filter(|(at, _)| text[*at..].starts_with(&**secret))
                {
                    hidden[at..at + secret.len()].fill(true);
                }
            }
            let plain: String =
                text.chars().zip(hidden).map(|(c, hidden)| if hidden { '.' } else { c }).collect();
            let shown =
                plain.split('.').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
            let clean = Scrubber::new(secrets.iter().map(String::as_str)).text(&text);
            let clean = clean.replace("[redacted]", " ");
            assert_eq!(
                clean.split_whitespace().collect::<Vec<_>>().join(" "),
                shown,
                "{secrets:?} {text}"
            );
        }
    }

    /// Each place of a text is compared with a few secrets, however many there are.
    #[test]
    fn many_secrets_cost_no_more_than_one() {
        let secrets: Vec<_> = (0..100_000).map(|n| format!("canary-{n:06}")).collect();
        let scrubber = Scrubber::new(secrets.iter().map(String::as_str));
        let text = secrets[..2000].join("x canary-z ");
        let clean = scrubber.text(&text);
        assert!(clean.starts_with("[redacted]x canary-z [redacted]x canary-z "), "{clean}");
        assert!(!clean.contains("canary-0"));
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

    /// As a file of users: of which no more than the beginning is looked for, and nothing shown.
    #[test]
    fn a_long_secret_goes_with_all_that_follows() {
        for letter in ["s", "ö", "\"", "日"] {
            let secret = letter.repeat(LONG);
            let scrubber = Scrubber::new(["hunter2", &*secret].into_iter());
            assert_eq!(
                scrubber.text(&format!("a hunter2 b {secret}")),
                "a [redacted] b [redacted]"
            );
            let text = format!("b {}", &secret[..letter.len() * (LONG / 2)]);
            assert!(scrubber.text(&text).len() <= text.len());
        }
        let huge = "x".repeat(32 << 20);
        assert_eq!(Scrubber::new([&*huge].into_iter()).text(&huge), "");
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

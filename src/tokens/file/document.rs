//! What is in the file: `{"version":1,"tokens":{NAME:{...}}}`. What this version does not know is kept as it is.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::super::StoredTokens;
use super::super::stored::unreadable;
use crate::error::{StoreError, StoreErrorKind};

/// A newer one may have a form that would be destroyed here. Members that are only added do not need one.
const VERSION: u64 = 1;

type Members = BTreeMap<String, Box<RawValue>>;

#[derive(Default)]
pub(super) struct Document {
    tokens: Members,
    /// All other members.
    rest: Members,
}

impl Document {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        if bytes.iter().all(|byte| matches!(byte, 0 | b' ' | b'\n')) {
            return Err(damaged("it is empty"));
        }
        let mut rest: Members = serde_json::from_slice(bytes).map_err(unreadable)?;
        let version = rest.remove("version").and_then(|raw| raw.get().parse::<u64>().ok());
        match version {
            Some(VERSION) => {}
            Some(newer) if newer > VERSION => {
                let text = format!(
                    "a newer version of the program has written it (format {newer}, and this one reads \
                     {VERSION}): use the newer program, or another file"
                );
                return Err(StoreError::new(StoreErrorKind::TooNew, text));
            }
            _ => return Err(damaged("it has no version")),
        }
        let tokens = match rest.remove("tokens") {
            Some(raw) => serde_json::from_str(raw.get()).map_err(unreadable)?,
            None => Members::new(),
        };
        Ok(Self { tokens, rest })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{{\n\"version\":{VERSION},\n\"tokens\":{{");
        append(&mut text, &self.tokens, false);
        text.push_str("\n}");
        append(&mut text, &self.rest, true);
        text.push_str("\n}\n");
        text.into_bytes()
    }

    pub(super) fn get(&self, name: &str) -> Option<Result<StoredTokens, StoreError>> {
        self.tokens.get(name).map(|raw| StoredTokens::from_json(raw.get()))
    }

    /// Tokens as [`set`](Self::set) takes them.
    pub(super) fn entry(tokens: &StoredTokens) -> Result<Box<RawValue>, StoreError> {
        RawValue::from_string(tokens.to_json().expose().to_owned()).map_err(unreadable)
    }

    pub(super) fn set(&mut self, name: &str, entry: Box<RawValue>) {
        self.tokens.insert(name.to_owned(), entry);
    }

    /// Whether there was such an entry.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        self.tokens.remove(name).is_some()
    }
}

/// Writes the members of an object.
fn append(text: &mut String, members: &Members, follow: bool) {
    for (at, (name, raw)) in members.iter().enumerate() {
        text.push_str(if follow || at > 0 { ",\n" } else { "\n" });
        text.push_str(&serde_json::Value::from(&**name).to_string());
        text.push(':');
        text.push_str(raw.get());
    }
}

fn damaged(what: &str) -> StoreError {
    let text = format!("the file cannot be read: {what}; delete it, and sign in again");
    StoreError::new(StoreErrorKind::Damaged, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_stays_as_it_is_and_keeps_what_it_does_not_know() {
        let mut document = Document::default();
        assert_eq!(document.to_bytes(), b"{\n\"version\":1,\n\"tokens\":{\n}\n}\n");
        document.set("a\"da", Document::entry(&StoredTokens::new("A1")).unwrap());
        let bytes = document.to_bytes();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let entry = r#""a\"da":{"access_token":"A1"}"#;
        assert_eq!(text, format!("{{\n\"version\":1,\n\"tokens\":{{\n{entry}\n}}\n}}\n"));
        assert_eq!(Document::read(&bytes).unwrap().to_bytes(), bytes);

        let newer = r#"{"z":123456789012345678901234567890,"version":1,"tokens":{"b":{"x":1.50}}}"#;
        let mut document = Document::read(newer.as_bytes()).unwrap();
        document.set("c", Document::entry(&StoredTokens::new("C1")).unwrap());
        let text = String::from_utf8(document.to_bytes()).unwrap();
        assert!(text.contains("\"z\":123456789012345678901234567890"), "{text}");
        assert!(text.contains("\"b\":{\"x\":1.50}"), "{text}");
        assert!(document.get("b").unwrap().is_err(), "a damaged entry does not harm another");
        assert!(document.get("c").unwrap().is_ok() && document.get("d").is_none());
        assert!(document.remove("c") && !document.remove("c"));
    }

    #[test]
    fn every_cut_and_every_other_form_is_damage() {
        let mut document = Document::default();
        document.set("ada", Document::entry(&StoredTokens::new("s3cret")).unwrap());
        let bytes = document.to_bytes();
        let whole = bytes.trim_ascii_end().len();
        let mut texts: Vec<Vec<u8>> = (0..whole).map(|end| bytes[..end].to_vec()).collect();
        texts.extend([vec![0; 100], b"\xff\xfe".to_vec(), bytes.repeat(2)]);
        let odd =
            ["null", "[]", "{}", r#"{"version":"1"}"#, r#"{"version":0}"#, r#"{"version":-1}"#];
        texts.extend(odd.map(|text| text.as_bytes().to_vec()));
        texts.push(br#"{"version":1,"tokens":["s3cret"]}"#.to_vec());
        for text in texts {
            let error = Document::read(&text).err().expect("an error");
            assert_eq!(error.kind(), StoreErrorKind::Damaged);
            assert!(!format!("{error} {error:?}").contains("s3cret"));
        }
    }

    #[test]
    fn a_newer_form_is_refused() {
        let error = Document::read(br#"{"version":2,"tokens":[]}"#).err().expect("an error");
        assert_eq!(error.kind(), StoreErrorKind::TooNew);
    }
}

//! The claims of a payload, each read when somebody asks for it.

use std::ops::Range;
use std::sync::OnceLock;

use serde_json::Value;

use crate::json;

/// Where the claims are, once somebody has asked for one. The payload they belong to is sound.
#[derive(Clone, Default)]
pub(super) struct Members(OnceLock<Vec<Member>>);

#[derive(Clone)]
struct Member {
    /// With its quotation marks.
    name: Range<usize>,
    text: Range<usize>,
    value: OnceLock<Value>,
}

impl Members {
    /// The claim of this name.
    pub(super) fn get(&self, payload: &str, name: &str) -> Option<&Value> {
        let at = |place: &Range<usize>| payload.get(place.clone()).unwrap_or_default();
        let members = self.0.get_or_init(|| {
            let places = json::places(payload);
            places.map(|(name, text)| Member { name, text, value: OnceLock::new() }).collect()
        });
        let member = members.iter().find(|member| json::unquoted(at(&member.name)) == name)?;
        // Does not fail, since the whole has been read.
        let read = || serde_json::from_str(at(&member.text)).unwrap_or_default();
        Some(member.value.get_or_init(read))
    }

    #[cfg(test)]
    pub(super) fn is_unread(&self) -> bool {
        self.0.get().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_what_the_tree_has() {
        let payload = r#" { "a" : [ 1 , {"b":"\u0063}"} ] ,"\u0062":null, "":"", "c d":-1.5e3,
            "e":{"e":{}} , "\ud83d\ude00" : true,"q\"":"\"" } "#;
        let tree: serde_json::Map<String, Value> = serde_json::from_str(payload).unwrap();
        let members = Members::default();
        assert!(members.is_unread());
        for _ in 0..2 {
            for (name, value) in &tree {
                assert_eq!(members.get(payload, name), Some(value), "{name}");
            }
            for name in ["x", "a ", "b\"", "\\u0062", "A"] {
                assert_eq!(members.get(payload, name), None, "{name}");
            }
        }
        assert_eq!(tree.len(), 7);
        assert_eq!(Members::default().get(" {} ", "a"), None);
    }
}

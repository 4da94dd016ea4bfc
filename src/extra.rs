//! What answers say beyond their types.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The members of an answer that this version of the crate has no field for, by their names.
///
/// You can read it like a [`Map`]. `Debug` shows only the names, because an unknown member may be a
/// secret.
///
/// ```
/// # let emulator = descope::emulator::Emulator::new();
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// # client.mgmt().user().create("ada", &Default::default())?;
/// let user = client.mgmt().user().load("ada")?;
/// let newer = user.extra.get("newerThanThisCrate").and_then(|value| value.as_bool());
/// assert_eq!(newer, None);
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Extra(pub(crate) Map<String, Value>);

impl Extra {
    /// Takes a text out, for a model around the one that has the rest.
    ///
    /// Serde reads a model that is flattened from a buffer, and so by rules that are less lenient than
    /// those of [`crate::json`]. A model that has another's members is therefore made from the other,
    /// and takes what is its own from the other's rest.
    pub(crate) fn take_text(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name)? {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// Takes a boolean out, likewise.
    pub(crate) fn take_flag(&mut self, name: &str) -> Option<bool> {
        self.0.remove(name)?.as_bool()
    }
}

impl Deref for Extra {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<Extra> for Map<String, Value> {
    fn from(extra: Extra) -> Self {
        extra.0
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_out_what_can_be_read() {
        let mut extra: Extra =
            serde_json::from_str(r#"{"a":"x","b":5,"c":true,"d":{},"e":true,"f":"x","g":1}"#)
                .unwrap();
        let texts = ["a", "b", "c", "d", "missing"].map(|name| extra.take_text(name));
        let expected = [Some("x"), Some("5"), Some("true"), None, None];
        assert_eq!(texts, expected.map(|text| text.map(str::to_owned)));
        assert_eq!(["e", "f", "e"].map(|name| extra.take_flag(name)), [Some(true), None, None]);
        assert_eq!(extra.keys().collect::<Vec<_>>(), ["g"]);
    }

    #[test]
    fn debug_shows_names_alone() {
        let extra: Extra = serde_json::from_str(r#"{"newer":"s3cret"}"#).unwrap();
        assert_eq!(format!("{extra:?}"), r#"["newer"]"#);
        assert_eq!((extra.len(), &extra["newer"]), (1, &Value::from("s3cret")));
        assert_eq!(Map::from(extra.clone()).len(), 1);
        assert_eq!(serde_json::to_string(&extra).unwrap(), r#"{"newer":"s3cret"}"#);
    }
}

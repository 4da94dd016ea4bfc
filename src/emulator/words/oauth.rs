//! What the endpoints of OAuth 2 read, and how they refuse.

use std::borrow::Cow;
use std::collections::HashSet;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::refusal::{Error, Refusal};
use crate::transport::http::StatusCode;

/// A refusal of RFC 6749 section 5.2.
#[derive(Debug)]
pub(in crate::emulator) struct Denial {
    pub(in crate::emulator) status: StatusCode,
    pub(in crate::emulator) error: &'static str,
    pub(in crate::emulator) description: String,
    /// The value of `WWW-Authenticate`.
    pub(in crate::emulator) challenge: Option<String>,
    /// The value of `DPoP-Nonce`.
    pub(in crate::emulator) nonce: Option<String>,
}

impl Denial {
    pub(in crate::emulator) fn new(error: &'static str, description: impl Into<String>) -> Self {
        // RFC 6749 sections 4.1.2.1 and 5.2: neither quotes nor backslashes, and nothing but ASCII.
        let spell = |found| match found {
            '"' | '\\' => '\'',
            ' '..='~' => found,
            _ => '?',
        };
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            description: description.into().chars().map(spell).collect(),
            challenge: None,
            nonce: None,
        }
    }

    pub(in crate::emulator) fn request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    /// A code, an assertion or a token that is wrong, used, over or of another client.
    pub(in crate::emulator) fn grant(description: impl Into<String>) -> Self {
        Self::new("invalid_grant", description)
    }

    pub(in crate::emulator) fn scope(description: impl Into<String>) -> Self {
        Self::new("invalid_scope", description)
    }

    /// A client that is unknown, or did not prove who it is.
    pub(in crate::emulator) fn client(description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            challenge: Some("Basic realm=\"descope\"".to_owned()),
            ..Self::new("invalid_client", description)
        }
    }

    /// An access token that a resource does not take (RFC 6750 section 3.1).
    pub(in crate::emulator) fn token(scheme: &str, description: &str) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            challenge: Some(format!(
                "{scheme} error=\"invalid_token\", error_description=\"{description}\""
            )),
            ..Self::new("invalid_token", description)
        }
    }

    pub(in crate::emulator) fn missing(description: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::request(description) }
    }

    pub(in crate::emulator) fn body(&self) -> Value {
        json!({ "error": self.error, "error_description": self.description })
    }
}

/// The machine failed; what users and tokens may be refused for, is asked before.
impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        let description = refusal.body()["errorMessage"].as_str().unwrap_or_default().to_owned();
        if refusal.status.is_server_error() {
            Self { status: refusal.status, ..Self::new("server_error", description) }
        } else {
            Self::grant(description)
        }
    }
}

impl From<Denial> for Error {
    fn from(denial: Denial) -> Self {
        let Denial { error, description, .. } = denial;
        Self::new(error, format!("{error}: {description}"))
    }
}

/// The most parameters of a request: all that are known are some fifty.
const MOST: usize = 1000;

/// The parameters that may be given several times (RFC 8707 section 2, RFC 8693 section 2.1).
const REPEATED: [&str; 2] = ["resource", "audience"];

/// The parameters of a request. An empty one counts as left out (RFC 6749 section 3.1).
#[derive(Debug, Default)]
pub(in crate::emulator) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query string or a form.
    pub(in crate::emulator) fn form(text: &str) -> Result<Self, Denial> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        Self::checked(pairs.collect::<Result<_, Denial>>()?)
    }

    /// Reads a JSON object. A list of texts is a parameter that is given several times.
    pub(in crate::emulator) fn json(bytes: &[u8]) -> Result<Self, Denial> {
        let read = serde_json::from_slice::<Value>(bytes);
        let Ok(Value::Object(members)) = read else {
            return Err(Denial::request("The body is not a JSON object"));
        };
        let mut pairs = Vec::new();
        for (name, value) in members {
            let values = if let Value::Array(values) = value { values } else { vec![value] };
            for value in values {
                match value {
                    Value::Null => {}
                    Value::String(text) => pairs.push((name.clone(), text)),
                    Value::Bool(_) | Value::Number(_) => {
                        pairs.push((name.clone(), value.to_string()));
                    }
                    _ => return Err(Denial::request(format!("{name} is not a text"))),
                }
            }
        }
        Self::checked(pairs)
    }

    fn checked(mut pairs: Vec<(String, String)>) -> Result<Self, Denial> {
        if pairs.len() > MOST {
            return Err(Denial::request("There are too many parameters"));
        }
        pairs.retain(|(_, value)| !value.is_empty());
        let mut names = HashSet::new();
        for (name, _) in &pairs {
            if !names.insert(name) && !REPEATED.contains(&&**name) {
                return Err(Denial::request(format!("{name} appears twice")));
            }
        }
        Ok(Self(pairs))
    }

    pub(in crate::emulator) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub(in crate::emulator) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(of, _)| of == name).map(|(_, value)| &**value)
    }

    pub(in crate::emulator) fn required(&self, name: &str) -> Result<&str, Denial> {
        self.get(name).ok_or_else(|| Denial::request(format!("{name} is missing")))
    }

    pub(in crate::emulator) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The words of a parameter that is a list with spaces between, each once.
    pub(in crate::emulator) fn words(&self, name: &str) -> Vec<String> {
        let mut known = HashSet::new();
        let words = self.get(name).unwrap_or_default().split_ascii_whitespace();
        words.filter(|word| known.insert(*word)).map(str::to_owned).collect()
    }
}

/// A text as forms encode it.
pub(in crate::emulator) fn decode(text: &str) -> Result<String, Denial> {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| Denial::request("The parameters are not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_from_forms_and_from_json() {
        let form = Params::form("a=1+2&b=%C3%A9&c=&resource=x&resource=y&d").unwrap();
        assert_eq!((form.get("a"), form.get("b")), (Some("1 2"), Some("é")));
        assert!(!form.has("c") && !form.has("d"));
        assert_eq!(form.all("resource").collect::<Vec<_>>(), ["x", "y"]);
        let body = br#"{"a":"1","n":7,"resource":["x","y"],"z":null}"#;
        let json = Params::json(body).unwrap();
        assert_eq!((json.get("a"), json.get("n"), json.get("z")), (Some("1"), Some("7"), None));
        assert_eq!(json.all("resource").count(), 2);
        for form in ["a=1&a=2", "a=%ff"] {
            assert_eq!(Params::form(form).unwrap_err().error, "invalid_request", "{form}");
        }
        for body in [&b"[]"[..], b"{", br#"{"a":{}}"#, br#"{"a":["1","2"]}"#] {
            assert_eq!(Params::json(body).unwrap_err().error, "invalid_request");
        }
        assert_eq!(Params::form("scope=a++b+a").unwrap().words("scope"), ["a", "b"]);
    }
}

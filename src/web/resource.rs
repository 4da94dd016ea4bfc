//! A service as a protected resource: what applications find out about it.

use serde_json::{Map, Value, json};

use super::{Guard, htu};
use crate::error::{Error, Result};
use crate::jwt::proof_algorithms;
use crate::options::setters;

/// A service as a protected resource (RFC 9728): its identifier, and where applications get access tokens for
/// it.
///
/// An application that is turned away finds the document's URL in the challenge, reads there who issues tokens,
/// and signs its user in. So MCP clients find their way to Descope.
///
/// ```
/// # let emulator = descope::emulator::Emulator::new();
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// use descope::transport::http::HeaderMap;
/// use descope::web::{Access, Guard, GuardOptions, Resource};
///
/// let resource = Resource::new("https://api.example.com/mcp")?
///     .authorization_servers(["https://api.descope.com/v1/apps/agentic/P2abc/M2abc"])
///     .scopes(["tools"]);
/// let guard = Guard::with_options(&client, GuardOptions::default().resource(resource))?;
///
/// // Answer requests to this path with this document, as `application/json`.
/// let path = "/.well-known/oauth-protected-resource/mcp";
/// let document = guard.resource_metadata(path).expect("the document");
/// assert_eq!(document["scopes_supported"], serde_json::json!(["tools"]));
///
/// let tools = Access::default().scopes(["tools"]).sessions(false);
/// let denied = guard.validate(&guard.tokens(&HeaderMap::new()), &tools).unwrap_err();
/// assert_eq!(
///     guard.challenges(&denied, &tools)[0],
///     "Bearer scope=\"tools\", \
///      resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource/mcp\"",
/// );
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resource {
    id: String,
    /// The issuers of access tokens for it. An application and an MCP server of Descope have one each; the
    /// [client of OAuth](crate::oidc) has functions that name them.
    pub authorization_servers: Vec<String>,
    /// The scopes that applications may ask for.
    pub scopes: Vec<String>,
    /// Its name for people.
    pub name: Option<String>,
    /// A page about it for developers.
    pub documentation: Option<String>,
}

setters!(Resource {
    authorization_servers: list<String>, scopes: list<String>, name: opt<String>,
    documentation: opt<String>,
});

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

impl Resource {
    /// A resource with this identifier, which is the URL that applications use (RFC 9728 section 1.2). Access
    /// tokens name it in their claim `aud`, so it must be written as it is there.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] if it is not an `http` or `https` URL, or has a query or a fragment.
    pub fn new(id: &str) -> Result<Self> {
        let quotable = id.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'));
        if !quotable || htu::normalized(id).is_none() || id.contains(['?', '#']) {
            let reason = "must be an `http` or `https` URL without query";
            return Err(Error::argument("resource", reason));
        }
        Ok(Self {
            id: id.to_owned(),
            authorization_servers: Vec::new(),
            scopes: Vec::new(),
            name: None,
            documentation: None,
        })
    }

    /// The identifier.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The path of its document, at the host of the identifier (RFC 9728 section 3.1); see
    /// [`Guard::resource_metadata`](super::Guard::resource_metadata).
    pub fn metadata_path(&self) -> String {
        format!("{WELL_KNOWN}{}", self.path().trim_end_matches('/'))
    }

    fn metadata(&self, takes_proofs: bool) -> Value {
        let mut document = Map::new();
        document.insert("resource".into(), json!(self.id));
        document.insert("bearer_methods_supported".into(), json!(["header"]));
        for (name, values) in [
            ("authorization_servers", &self.authorization_servers),
            ("scopes_supported", &self.scopes),
        ] {
            // RFC 9728 section 2: parameters without values are left out.
            if !values.is_empty() {
                document.insert(name.into(), json!(values));
            }
        }
        for (name, value) in
            [("resource_name", &self.name), ("resource_documentation", &self.documentation)]
        {
            if let Some(value) = value {
                document.insert(name.into(), json!(value));
            }
        }
        if takes_proofs {
            let algorithms: Vec<_> = proof_algorithms!().split(' ').collect();
            document.insert("dpop_signing_alg_values_supported".into(), json!(algorithms));
        }
        document.into()
    }

    pub(super) fn metadata_url(&self) -> String {
        let origin = &self.id[..self.id.len() - self.path().len()];
        format!("{origin}{}", self.metadata_path())
    }

    /// What follows the host in the identifier.
    fn path(&self) -> &str {
        let host = self.id.find("://").map_or(0, |at| at + 3);
        self.id[host..].find('/').map_or("", |at| &self.id[host + at..])
    }
}

impl Guard {
    /// The document by which applications find out about this service (RFC 9728 section 2), if the path of a
    /// request asks for it. Answer a `GET` with it, as `application/json`. `None` for any other path, and if the
    /// guard has no [`resource`](super::GuardOptions::resource).
    ///
    /// It says that proofs are taken (`DPoP`) if the guard has [`proofs`](super::GuardOptions::proofs).
    pub fn resource_metadata(&self, path: &str) -> Option<Value> {
        let resource = self.settings.resource.as_ref();
        let resource = resource.filter(|resource| resource.metadata_path() == path)?;
        Some(resource.metadata(self.settings.proofs.is_some()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_document_is() {
        // The examples of RFC 9728 section 3.1, and one with a slash at the end.
        for (id, path, url) in [
            (
                "https://resource.example.com",
                "/.well-known/oauth-protected-resource",
                "https://resource.example.com/.well-known/oauth-protected-resource",
            ),
            (
                "https://resource.example.com/resource1",
                "/.well-known/oauth-protected-resource/resource1",
                "https://resource.example.com/.well-known/oauth-protected-resource/resource1",
            ),
            (
                "http://127.0.0.1:8000/a/mcp/",
                "/.well-known/oauth-protected-resource/a/mcp",
                "http://127.0.0.1:8000/.well-known/oauth-protected-resource/a/mcp",
            ),
        ] {
            let resource = Resource::new(id).unwrap();
            assert_eq!(
                (resource.metadata_path(), resource.metadata_url()),
                (path.into(), url.into())
            );
        }
        for bad in [
            "",
            "mcp",
            "urn:x",
            "https://a/?b",
            "https://a/#b",
            "https://u@a/",
            "https://a/\"",
            "https://a/é",
        ] {
            assert!(Resource::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_what_is_set_is_in_the_document() {
        let resource = Resource::new("https://a/mcp").unwrap();
        assert_eq!(
            resource.metadata(false),
            json!({ "resource": "https://a/mcp", "bearer_methods_supported": ["header"] })
        );
        let resource = resource
            .authorization_servers(["https://as"])
            .scopes(["a", "b"])
            .name("Tools")
            .documentation("https://docs");
        assert_eq!(
            resource.metadata(true),
            json!({
                "resource": "https://a/mcp", "authorization_servers": ["https://as"],
                "scopes_supported": ["a", "b"], "resource_name": "Tools",
                "resource_documentation": "https://docs", "bearer_methods_supported": ["header"],
                "dpop_signing_alg_values_supported":
                    ["ES256", "ES384", "EdDSA", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
            })
        );
    }
}

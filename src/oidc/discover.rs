//! Finding out what a server offers, and where.

use std::sync::Arc;

use super::Oidc;
use super::app::Place;
use super::url;
use percent_encoding::utf8_percent_encode;

use crate::call::{Call, Plain};
use crate::check;
use crate::error::{Error, Result};
use crate::escape::{ESCAPED, Escaped};
use crate::json::DecodeError;
use crate::servers::{Age, ServerMetadata};
use crate::transport::http::Method;
use crate::transport::{TransportError, TransportErrorKind};

/// Bytes of a document.
const LARGEST: u64 = 256 * 1024;

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

impl Oidc<'_> {
    /// Loads what the server says of itself, or takes it from the cache. All clones of a client share the
    /// cache. A document counts for an hour, and for a day while the server cannot be reached.
    ///
    /// The other functions call this one themselves. Call it to learn early whether the app is set up
    /// rightly, or to read what the server offers.
    ///
    /// The document of [`App::issuer`](super::App::issuer) is the one of OpenID Connect Discovery, or else
    /// that of RFC 8414.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if the document is that of another issuer (RFC 8414 section
    /// 3.3), or names an endpoint without `https://` that is on another machine.
    pub fn discover(&self) -> Result<Arc<ServerMetadata>> {
        self.app.check()?;
        let (servers, clock) = (self.client.servers(), self.client.clock());
        let expected = self.expected_issuer()?;
        // What is checked less strictly is kept apart.
        let strict = matches!(self.app.place, Place::Issuer(_));
        let key = if strict { expected.clone() } else { format!("descope {expected}") };
        let known = |age| servers.document(&key, age, clock.monotonic());
        if let Some(known) = known(Age::Fresh) {
            return Ok(known);
        }
        let fetch = || {
            // Perhaps another thread has just brought it.
            if let Some(known) = known(Age::Fresh) {
                return Ok(known);
            }
            let document = Arc::new(self.fetch(&expected)?);
            servers.remember(&key, &document, clock.monotonic());
            Ok(document)
        };
        let fetched = servers.under_way.run(key.clone(), self.client.deadline(), fetch);
        let outcome = fetched.unwrap_or_else(|| {
            let cause = "another thread's discovery takes too long";
            Err(TransportError::new(TransportErrorKind::Timeout, cause).into())
        });
        match outcome {
            Err(error) if error.is_unavailable() => known(Age::Usable).ok_or(error),
            outcome => outcome,
        }
    }

    /// The issuer that the document must name.
    fn expected_issuer(&self) -> Result<String> {
        let (base, project) = (self.client.base_url(), self.client.project_id());
        let id = |name, id: &str| {
            check::segment(name, id).map(|()| utf8_percent_encode(id, ESCAPED).to_string())
        };
        Ok(match &self.app.place {
            Place::Project => format!("{base}/{project}"),
            Place::Federated(app) => format!("{base}/{project}/{}", id("sso_app_id", app)?),
            Place::Inbound => format!("{base}/v1/apps/{project}"),
            Place::McpServer(server) => {
                format!("{base}/v1/apps/agentic/{project}/{}", id("server_id", server)?)
            }
            Place::Issuer(issuer) => {
                if !url::is_safe(issuer, base) || issuer.contains('?') {
                    let reason =
                        "must be a URL that begins with `https://`, without query and fragment";
                    return Err(Error::argument("issuer", reason));
                }
                issuer.clone()
            }
        })
    }

    /// Asks for the document, and checks it.
    fn fetch(&self, expected: &str) -> Result<ServerMetadata> {
        let document = match self.load(&openid_url(expected)) {
            Err(error) if error.is_not_found() && matches!(self.app.place, Place::Issuer(_)) => {
                self.load(&oauth_url(expected))?
            }
            document => document?,
        };
        if !self.is_issuer(&document.issuer, expected) {
            return Err(DecodeError::new(format!(
                "the document of the issuer {expected} names another issuer: {:?}",
                Escaped(&document.issuer)
            ))
            .into());
        }
        for (name, endpoint) in endpoints(&document) {
            if endpoint.as_ref().is_some_and(|url| !url::is_safe(url, self.client.base_url())) {
                let problem = format!("expected a URL that begins with `https://` at `{name}`");
                return Err(DecodeError::new(problem).into());
            }
        }
        Ok(document)
    }

    fn load(&self, url: &str) -> Result<ServerMetadata> {
        Call::to_url(self.client.core(), Method::GET, url, &Plain).largest(LARGEST).send()
    }

    /// Whether the document is the one that was asked for. Descope's own may be named after the project in
    /// several ways, all below its own address.
    fn is_issuer(&self, issuer: &str, expected: &str) -> bool {
        if issuer == expected {
            return true;
        }
        if matches!(self.app.place, Place::Issuer(_)) {
            return false;
        }
        let project = self.client.project_id();
        let named = issuer.rsplit('/').take(2).any(|segment| segment == project);
        named && check::origin(issuer).is_some_and(|at| Some(at) == check::origin(expected))
    }
}

fn openid_url(issuer: &str) -> String {
    format!("{}{OPENID}", issuer.trim_end_matches('/'))
}

/// RFC 8414 section 3.1: before the path.
fn oauth_url(issuer: &str) -> String {
    let issuer = issuer.trim_end_matches('/');
    let host = issuer.find("://").map_or(0, |at| at + 3);
    let path = issuer[host..].find('/').map_or(issuer.len(), |at| host + at);
    format!("{}{OAUTH}{}", &issuer[..path], &issuer[path..])
}

fn endpoints(document: &ServerMetadata) -> [(&'static str, &Option<String>); 9] {
    [
        ("authorization_endpoint", &document.authorization_endpoint),
        ("token_endpoint", &document.token_endpoint),
        ("device_authorization_endpoint", &document.device_authorization_endpoint),
        ("backchannel_authentication_endpoint", &document.backchannel_authentication_endpoint),
        ("revocation_endpoint", &document.revocation_endpoint),
        ("userinfo_endpoint", &document.userinfo_endpoint),
        ("end_session_endpoint", &document.end_session_endpoint),
        ("registration_endpoint", &document.registration_endpoint),
        ("jwks_uri", &document.jwks_uri),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_below_the_issuer_or_before_its_path() {
        for (issuer, openid, oauth) in [
            (
                "https://a.example",
                "https://a.example/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server",
            ),
            (
                "https://a.example/",
                "https://a.example/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server",
            ),
            (
                "https://a.example:8443/x/y",
                "https://a.example:8443/x/y/.well-known/openid-configuration",
                "https://a.example:8443/.well-known/oauth-authorization-server/x/y",
            ),
        ] {
            assert_eq!((&*openid_url(issuer), &*oauth_url(issuer)), (openid, oauth));
        }
    }
}

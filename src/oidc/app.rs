//! The application that a program is: which server knows it, and how it proves that.

use std::fmt;
use std::sync::Arc;

use super::dpop::DpopKey;
use super::sign::PrivateKey;
use crate::check;
use crate::error::Result;
use crate::secret::Secret;

/// An application that is registered at an authorization server: what RFC 6749 calls a client.
///
/// Without a secret or key it is a public client, as a program on the user's machine is.
///
/// ```
/// use descope::oidc::App;
///
/// // An inbound application of the project, as Descope's console shows it.
/// let app = App::inbound("UDJhYmM").secret("s3cret").resource("https://api.example.com");
/// ```
#[derive(Clone)]
#[must_use]
pub struct App {
    pub(super) place: Place,
    pub(super) client_id: String,
    pub(super) proof: Proof,
    pub(super) resources: Vec<String>,
    pub(super) dpop: Option<DpopKey>,
}

/// Which server an application is registered at.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Project,
    Federated(String),
    Inbound,
    McpServer(String),
    Issuer(String),
}

/// How a client authenticates itself (RFC 6749 section 2.3, OpenID Connect Core section 9).
#[derive(Clone)]
pub(super) enum Proof {
    /// Not at all.
    None,
    /// `client_secret_basic`
    Header(Secret),
    /// `client_secret_post`
    Body(Secret),
    /// `private_key_jwt`
    Key(Arc<PrivateKey>),
}

impl App {
    fn new(place: Place, client_id: impl Into<String>) -> Self {
        Self {
            place,
            client_id: client_id.into(),
            proof: Proof::None,
            resources: Vec::new(),
            dpop: None,
        }
    }

    /// The project itself, as an OpenID Connect provider. Its client ID is the project ID.
    pub fn project(client_id: impl Into<String>) -> Self {
        Self::new(Place::Project, client_id)
    }

    /// A federated (OpenID Connect) application of the project.
    pub fn federated(sso_app_id: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self::new(Place::Federated(sso_app_id.into()), client_id)
    }

    /// An inbound application of the project.
    pub fn inbound(client_id: impl Into<String>) -> Self {
        Self::new(Place::Inbound, client_id)
    }

    /// A client of an MCP server of the project.
    pub fn mcp_server(server_id: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self::new(Place::McpServer(server_id.into()), client_id)
    }

    /// A client of any authorization server that publishes a document about itself. `issuer` is its URL, as
    /// in that document.
    pub fn issuer(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self::new(Place::Issuer(issuer.into()), client_id)
    }

    /// The client secret, sent in the header `Authorization` (`client_secret_basic`), which every server
    /// must support.
    pub fn secret(mut self, secret: impl Into<Secret>) -> Self {
        self.proof = Proof::Header(secret.into());
        self
    }

    /// The client secret, sent in the body (`client_secret_post`), for servers that do not take it in the
    /// header.
    pub fn secret_in_body(mut self, secret: impl Into<Secret>) -> Self {
        self.proof = Proof::Body(secret.into());
        self
    }

    /// The key that signs for the client (`private_key_jwt`, RFC 7523). The key itself is never sent.
    pub fn private_key(mut self, key: PrivateKey) -> Self {
        self.proof = Proof::Key(Arc::new(key));
        self
    }

    /// Adds a service that the access tokens are for (RFC 8707). It goes with every request for tokens.
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// The key that tokens are bound to (`DPoP`, RFC 9449). It goes with every request for tokens.
    pub fn dpop(mut self, key: DpopKey) -> Self {
        self.dpop = Some(key);
        self
    }

    /// The client ID.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// What tokens of this app are bound to, in a form that must not change: tokens are stored with it.
    pub(crate) fn identity(&self) -> String {
        let (kind, id) = match &self.place {
            Place::Project => ("project", ""),
            Place::Federated(id) => ("federated", &**id),
            Place::Inbound => ("inbound", ""),
            Place::McpServer(id) => ("mcp-server", &**id),
            Place::Issuer(url) => ("issuer", &**url),
        };
        let key = self.dpop.as_ref().map_or("", DpopKey::thumbprint);
        [kind, id, &self.client_id, key, &self.resources.join(" ")].join("\n")
    }

    pub(super) fn is_confidential(&self) -> bool {
        !matches!(self.proof, Proof::None)
    }

    /// Whether it is at a server other than Descope's for the project.
    pub(super) fn is_elsewhere(&self) -> bool {
        matches!(self.place, Place::Issuer(_))
    }

    /// Refuses what cannot be right before anything is sent.
    pub(super) fn check(&self) -> Result<()> {
        check::id("client_id", &self.client_id)?;
        match &self.proof {
            Proof::Header(secret) | Proof::Body(secret) => {
                check::secret("secret", secret.expose())?;
            }
            Proof::None | Proof::Key(_) => {}
        }
        self.resources.iter().try_for_each(|resource| super::url::resource(resource))
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("place", &self.place)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

//! The clients of the authorization server: the project itself, and applications of all kinds.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::client_secret::ClientSecret;
use super::inbound_app::InboundApp;
use super::oauth::ClientKey;
use super::sso_application::{Protocol, SsoApplication};
use super::store::Store;
use super::table::By;
use crate::emulator::words::context::Context;
use crate::emulator::words::digest::digest;
use crate::emulator::words::fields::{Fields, Object};

pub(in crate::emulator) const CODE: &str = "authorization_code";
pub(in crate::emulator) const REFRESH: &str = "refresh_token";
pub(in crate::emulator) const CREDENTIALS: &str = "client_credentials";
pub(in crate::emulator) const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub(in crate::emulator) const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
pub(in crate::emulator) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(in crate::emulator) const BACKCHANNEL: &str = "urn:openid:params:grant-type:ciba";

/// The scope that gives roles, permissions and tenants; and the one that gives the claims of a template.
pub(in crate::emulator) const DESCOPE_CLAIMS: &str = "descope.claims";
pub(in crate::emulator) const CUSTOM_CLAIMS: &str = "descope.custom_claims";
pub(in crate::emulator) const OPENID: &str = "openid";
pub(in crate::emulator) const OFFLINE: &str = "offline_access";

/// The scopes of the project and of federated applications.
const STANDARD: [(&str, &str); 7] = [
    (OPENID, "Know who you are"),
    ("profile", "Read your name and picture"),
    ("email", "Read your e-mail address"),
    ("phone", "Read your phone number"),
    (OFFLINE, "Stay signed in"),
    (DESCOPE_CLAIMS, "Read your roles, permissions and tenants"),
    (CUSTOM_CLAIMS, "Read what the project says of you"),
];

/// Which of the issuers is asked. Each has endpoints of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum Door {
    /// That of the project, or of a federated application with this ID.
    Project(Option<String>),
    Inbound,
    /// That of an MCP server, by ID.
    Mcp(String),
}

impl Door {
    pub(in crate::emulator) fn issuer(&self, context: &Context<'_>) -> String {
        let (origin, project) = (&context.origin, &context.settings.project_id);
        match self {
            Self::Project(None) => format!("{origin}/{project}"),
            Self::Project(Some(app)) => format!("{origin}/{project}/{app}"),
            Self::Inbound => format!("{origin}/v1/apps/{project}"),
            Self::Mcp(server) => format!("{origin}/v1/apps/agentic/{project}/{server}"),
        }
    }
}

#[derive(Clone)]
pub(in crate::emulator) struct Scope {
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) description: String,
    /// Whether users may refuse it alone.
    pub(in crate::emulator) optional: bool,
}

/// A client, as the settings of its application make it.
pub(in crate::emulator) struct Client {
    pub(in crate::emulator) key: ClientKey,
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) redirects: Vec<String>,
    /// Whether it can keep a secret, and has to prove who it is.
    pub(in crate::emulator) confidential: bool,
    pub(in crate::emulator) force_pkce: bool,
    /// The grant types that are switched off.
    pub(in crate::emulator) off: Vec<&'static str>,
    /// Whether it gets refresh tokens although it does not ask for the scope `offline_access`.
    pub(in crate::emulator) refreshes: bool,
    pub(in crate::emulator) default_audience: String,
    /// The only audiences that may be asked for, if there are any.
    pub(in crate::emulator) audiences: Vec<String>,
    /// Whether users are asked for their consent.
    pub(in crate::emulator) asks: bool,
    pub(in crate::emulator) scopes: Vec<Scope>,
    /// The keys that it signs with.
    pub(in crate::emulator) keys: Value,
    /// Whose assertions it may bring, by issuer.
    pub(in crate::emulator) issuers: Object,
}

/// The client with this ID at a door.
pub(in crate::emulator) fn find(
    context: &Context<'_>,
    store: &Store,
    door: &Door,
    id: &str,
) -> Option<Client> {
    match door {
        Door::Project(None) if id == context.settings.project_id => Some(Client::of_project(id)),
        Door::Project(app) => {
            let apps = store.sso_apps.iter().filter(|known| {
                known.protocol == Protocol::Oidc
                    && known.enabled
                    && app.as_ref().is_none_or(|app| known.id == *app)
            });
            apps.filter(|known| known.client_id == id).map(Client::of_federated).next()
        }
        Door::Inbound => store.applications.inbound.get(By::Client, id).map(Client::of_inbound),
        Door::Mcp(server) => {
            let client = store.applications.mcp_clients.get(By::Client, id)?;
            let server = store.applications.mcp_servers.get(By::Id, server)?;
            (client.settings().text("mcpServerId") == server.id)
                .then(|| Client::of_mcp(client, server.settings()))
        }
    }
}

/// The client with this key, unless it is gone.
pub(in crate::emulator) fn by_key(
    context: &Context<'_>,
    store: &Store,
    key: &ClientKey,
) -> Option<Client> {
    match key {
        ClientKey::Project => Some(Client::of_project(&context.settings.project_id)),
        ClientKey::Federated(id) => {
            let app = store.sso_apps.iter().find(|app| app.id == *id && app.enabled);
            app.map(Client::of_federated)
        }
        ClientKey::Inbound(id) => {
            store.applications.inbound.get(By::Id, id).map(Client::of_inbound)
        }
        ClientKey::Mcp(id) => {
            let client = store.applications.mcp_clients.get(By::Id, id)?;
            let server = client.settings().text("mcpServerId");
            let server = store.applications.mcp_servers.get(By::Id, server)?;
            Some(Client::of_mcp(client, server.settings()))
        }
    }
}

fn standard_scopes() -> Vec<Scope> {
    let scopes = STANDARD.iter().map(|(name, description)| Scope {
        name: (*name).to_owned(),
        description: (*description).to_owned(),
        optional: false,
    });
    scopes.collect()
}

/// The scopes that settings give, and the two that are always there.
pub(in crate::emulator) fn scopes_of(settings: Fields<'_>) -> Vec<Scope> {
    let mut scopes: Vec<Scope> =
        standard_scopes().into_iter().filter(|s| [OPENID, OFFLINE].contains(&&*s.name)).collect();
    let of_claims = settings.objects("scopeClaimMapping").map(|scope| (scope, "scope", false));
    let named = ["permissionsScopes", "attributesScopes"].into_iter().flat_map(|list| {
        settings.objects(list).map(|scope| (scope, "name", scope.flag("optional")))
    });
    for (scope, name, optional) in named.chain(of_claims) {
        let name = scope.text(name);
        if scopes.iter().all(|known| known.name != name) {
            let description = scope.some_text("description").unwrap_or(name).to_owned();
            scopes.push(Scope { name: name.to_owned(), description, optional });
        }
    }
    scopes
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

impl Client {
    /// The project is a public client, or one whose secrets are its access keys. Its users are asked for
    /// nothing, since it is theirs already.
    fn of_project(id: &str) -> Self {
        Self {
            key: ClientKey::Project,
            id: id.to_owned(),
            name: "this project".to_owned(),
            redirects: Vec::new(),
            confidential: false,
            force_pkce: true,
            off: Vec::new(),
            refreshes: false,
            default_audience: String::new(),
            audiences: Vec::new(),
            asks: false,
            scopes: standard_scopes(),
            keys: Value::Null,
            issuers: Object::new(),
        }
    }

    fn of_federated(app: &SsoApplication) -> Self {
        let settings = Fields::new(&app.settings);
        let switches = [
            ("authorizationCodeDisabled", CODE),
            ("clientCredentialsDisabled", CREDENTIALS),
            ("deviceCodeDisabled", DEVICE),
            ("jwtBearerDisabled", BEARER),
            ("refreshTokenDisabled", REFRESH),
        ];
        let off = switches.into_iter().filter(|(name, _)| settings.flag(name));
        Self {
            key: ClientKey::Federated(app.id.clone()),
            id: app.client_id.clone(),
            name: app.name.clone(),
            redirects: owned(settings.texts("approvedRedirectUrls")),
            confidential: settings.text("clientType") != "public",
            force_pkce: settings.flag("forcePkce"),
            off: off.map(|(_, grant)| grant).collect(),
            refreshes: false,
            default_audience: settings.text("defaultAudience").to_owned(),
            audiences: Vec::new(),
            asks: false,
            scopes: standard_scopes(),
            keys: Value::Null,
            issuers: issuers(settings),
        }
    }

    fn of_inbound(app: &InboundApp) -> Self {
        let settings = app.settings();
        let keys = settings.get("jwks").cloned().unwrap_or_default();
        let proves = !app.secrets.is_empty() || !keys.is_null();
        Self {
            key: ClientKey::Inbound(app.id.clone()),
            id: app.client_id.clone(),
            name: app.name.clone(),
            redirects: owned(settings.texts("approvedCallbackUrls")),
            confidential: proves && !settings.flag("nonConfidentialClient"),
            force_pkce: settings.flag("forcePkce"),
            off: if settings.flag("dynamic") { not_registered(settings) } else { Vec::new() },
            refreshes: settings.texts("grantTypes").contains(&REFRESH),
            default_audience: settings.text("defaultAudience").to_owned(),
            audiences: owned(settings.texts("audienceWhitelist")),
            asks: !settings.flag("skipConsentScreen"),
            scopes: scopes_of(settings),
            keys,
            issuers: issuers(settings),
        }
    }

    /// The client of a server: what it may ask for is the server's.
    fn of_mcp(client: &InboundApp, server: Fields<'_>) -> Self {
        let mut scopes = scopes_of(server);
        let own = client.settings().texts("scopes");
        if !own.is_empty() {
            let always = [OPENID, OFFLINE];
            scopes.retain(|s| own.contains(&&*s.name) || always.contains(&&*s.name));
        }
        Self {
            key: ClientKey::Mcp(client.id.clone()),
            scopes,
            audiences: owned(server.texts("audienceWhitelist")),
            asks: !server.flag("skipConsentScreen"),
            ..Self::of_inbound(client)
        }
    }

    pub(in crate::emulator) fn allows(&self, grant: &str) -> bool {
        !self.off.contains(&grant)
    }

    /// The names of the scopes that stand for something of its own, beside the two that are always there.
    pub(in crate::emulator) fn own_scopes(&self) -> Vec<String> {
        let names = self.scopes.iter().map(|scope| &scope.name);
        names.filter(|name| ![OPENID, OFFLINE].contains(&&***name)).cloned().collect()
    }

    pub(in crate::emulator) fn scope(&self, name: &str) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.name == name)
    }

    /// The ID of its application, as consents have it.
    pub(in crate::emulator) fn app(&self) -> Option<&str> {
        match &self.key {
            ClientKey::Inbound(id) | ClientKey::Mcp(id) => Some(id),
            ClientKey::Project | ClientKey::Federated(_) => None,
        }
    }

    /// Whether this is one of its secrets.
    pub(in crate::emulator) fn has_secret(&self, store: &Store, secret: &str, now: i64) -> bool {
        let good = |secrets: &[ClientSecret]| {
            secrets.iter().any(|known| {
                let expired = known.expires != 0 && known.expires <= now;
                !expired && digest(&known.cleartext) == digest(secret)
            })
        };
        match &self.key {
            ClientKey::Project => {
                let key = store.access_keys.get(By::Secret, digest(secret));
                key.is_some_and(|key| key.active && !key.expired(now))
            }
            ClientKey::Federated(id) => {
                store.sso_apps.iter().any(|app| app.id == *id && good(&app.secrets))
            }
            ClientKey::Inbound(id) => {
                let app = store.applications.inbound.get(By::Id, id);
                app.is_some_and(|app| good(&app.secrets))
            }
            ClientKey::Mcp(id) => {
                let client = store.applications.mcp_clients.get(By::Id, id);
                client.is_some_and(|client| good(&client.secrets))
            }
        }
    }

    /// Whether the browser may be sent there: to an address that is registered, letter for letter. Only
    /// the port of a loopback address is the client's to choose (RFC 8252 section 7.3); and the project,
    /// which registers none, may use any path there.
    pub(in crate::emulator) fn may_redirect_to(&self, url: &str) -> bool {
        let given = loopback(url);
        match self.key {
            ClientKey::Project => given.is_some(),
            _ => self.redirects.iter().any(|known| {
                !known.contains('#')
                    && (known == url || (given.is_some() && loopback(known) == given))
            }),
        }
    }

    /// What `aud` is unless a resource is asked for.
    pub(in crate::emulator) fn audience(&self, context: &Context<'_>) -> Value {
        let project = &context.settings.project_id;
        match &*self.default_audience {
            "projectId" => json!(project),
            "clientId" => json!(self.id),
            _ if self.id == *project => json!(project),
            _ => json!([project, self.id]),
        }
    }
}

/// Whose assertions are taken, by issuer.
fn issuers(settings: Fields<'_>) -> Object {
    settings.object("jwtBearerSettings").map("issuers").cloned().unwrap_or_default()
}

/// Whether this is an address of the same machine.
pub(in crate::emulator) fn is_loopback(url: &str) -> bool {
    loopback(url).is_some()
}

/// The host of a loopback address, and what follows its port.
fn loopback(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://").filter(|rest| !rest.contains(['#', '@', '\\']))?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, "80"),
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_loopback =
        host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    (is_loopback && port.parse::<u16>().is_ok_and(|port| port != 0)).then_some((host, path))
}

/// The grants that a client which registered itself did not name. It acts for users alone. Whether it gets refresh
/// tokens is another question.
fn not_registered(settings: Fields<'_>) -> Vec<&'static str> {
    let named = settings.texts("grantTypes");
    let off = |grant: &&str| *grant == CREDENTIALS || !named.is_empty() && !named.contains(grant);
    [CODE, CREDENTIALS, DEVICE, BEARER, EXCHANGE, BACKCHANNEL].into_iter().filter(off).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_addresses_are_compared_letter_for_letter_but_for_loopback_ports() {
        let registered =
            ["https://app.example/cb", "http://127.0.0.1/cb", "app:/cb", "http://[::1]:1/"];
        let client = Client {
            key: ClientKey::Inbound("A".to_owned()),
            redirects: registered.map(str::to_owned).to_vec(),
            ..Client::of_project("P2x")
        };
        for good in [
            "https://app.example/cb",
            "http://127.0.0.1/cb",
            "http://127.0.0.1:49152/cb",
            "app:/cb",
            "http://[::1]:7/",
        ] {
            assert!(client.may_redirect_to(good), "{good}");
        }
        for bad in [
            "https://app.example/cb/",
            "https://app.example/CB",
            "https://app.example/cb?x=1",
            "https://app.example/cb#x",
            "https://app.example:443/cb",
            "https://app.example.evil/cb",
            "https://app.example@evil/cb",
            "http://app.example/cb",
            "http://127.0.0.1:1/other",
            "http://127.0.0.2:1/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:x@evil/cb",
            "https://127.0.0.1/cb",
            "http://localhost/cb",
            "app:/cb/x",
            "",
        ] {
            assert!(!client.may_redirect_to(bad), "{bad}");
        }
        let project = Client::of_project("P2x");
        assert!(project.may_redirect_to("http://localhost:3000/any?x"));
        assert!(!project.may_redirect_to("http://localhost.evil:3000/any"));
    }
}

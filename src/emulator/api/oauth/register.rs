//! Dynamic client registration (RFC 7591).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::asked::{Answer, Asked};
use crate::emulator::api::idp::is_absolute;
use crate::emulator::state::client_secret::ClientSecret;
use crate::emulator::state::inbound_app::InboundApp;
use crate::emulator::state::oauth_client::{
    self, BACKCHANNEL, BEARER, CODE, CREDENTIALS, DEVICE, Door, EXCHANGE, REFRESH,
};
use crate::emulator::state::oauth_grant;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::fields::{Fields, Object};
use crate::emulator::words::oauth::Denial;
use crate::emulator::words::random;

const NONE: &str = "none";
const PRIVATE_KEY: &str = "private_key_jwt";
const METHODS: [&str; 4] = ["client_secret_basic", "client_secret_post", PRIVATE_KEY, NONE];
/// The schemes that no app has to itself.
const NETWORK: &[&str] = &["http", "https", "ftp", "ws", "wss"];
/// The scopes that any client may ask for, with the attributes that each stands for.
const SCOPES: [&str; 3] = ["profile", "email", "phone"];

fn wrong(description: impl Into<String>) -> Denial {
    Denial::new("invalid_client_metadata", description)
}

pub(in crate::emulator) fn register(
    asked: &Asked<'_>,
    store: &mut Store,
) -> Result<Answer, Denial> {
    let server = match &asked.door {
        Door::Mcp(id) => Some(open_server(store, id)?),
        _ => None,
    };
    let metadata: Object =
        serde_json::from_slice(asked.body).map_err(|_| wrong("The body is not a JSON object"))?;
    let given = Fields::new(&metadata);
    let method = given.some_text("token_endpoint_auth_method").unwrap_or(METHODS[0]);
    if !METHODS.contains(&method) {
        return Err(wrong("The token_endpoint_auth_method is not known"));
    }
    let keys = given.get("jwks").filter(|keys| keys["keys"].is_array());
    if (method == PRIVATE_KEY) != keys.is_some() {
        return Err(wrong("private_key_jwt needs jwks, and nothing else does"));
    }
    let redirects = redirects(given)?;
    let grants = grants(given)?;
    let id = random::id(if server.is_some() { "MC" } else { "TPA" });
    let client_id = STANDARD.encode(format!("{}:{id}", asked.context.settings.project_id));
    let with_secret = ![NONE, PRIVATE_KEY].contains(&method);
    let secret = with_secret.then(|| random::text(40));
    let app = InboundApp {
        id,
        name: given.some_text("client_name").unwrap_or(&client_id).to_owned(),
        client_id: client_id.clone(),
        settings: settings(given, server, method)?,
        secrets: secret.iter().map(|cleartext| new_secret(asked, cleartext)).collect(),
    };
    let (name, settings) = (app.name.clone(), app.settings.clone());
    let apps = &mut store.applications;
    let table = if asked.door == Door::Inbound { &mut apps.inbound } else { &mut apps.mcp_clients };
    table.push(app);
    let client = oauth_client::find(&asked.context, store, &asked.door, &client_id);
    let client = client.ok_or_else(|| wrong("The client could not be made"))?;
    oauth_grant::record(&asked.context, store, "ThirdPartyApplicationCreated", None, &client);
    let scopes: Vec<_> = client.scopes.iter().map(|scope| &*scope.name).collect();
    let mut answer = json!({
        "client_id": client_id,
        "client_name": name,
        "client_id_issued_at": asked.context.now,
        "redirect_uris": redirects,
        "grant_types": grants,
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
        "scope": scopes.join(" "),
    });
    if let Some(secret) = secret {
        answer["client_secret"] = json!(secret);
        answer["client_secret_expires_at"] = json!(0);
    }
    if let Some(keys) = settings.get("jwks") {
        answer["jwks"] = keys.clone();
    }
    Ok(Answer::Made(answer))
}

/// The ID of a server, if strangers may register with it.
fn open_server<'d>(store: &Store, id: &'d str) -> Result<&'d str, Denial> {
    let server = store.applications.mcp_servers.get(By::Id, id);
    let server = server.ok_or_else(|| Denial::missing("There is no such MCP server"))?;
    if !server.settings().flag("dynamicRegistration") {
        return Err(Denial::new("access_denied", "The MCP server takes no registrations"));
    }
    Ok(id)
}

fn new_secret(asked: &Asked<'_>, cleartext: &str) -> ClientSecret {
    ClientSecret {
        id: random::id("CS"),
        name: String::new(),
        cleartext: cleartext.to_owned(),
        created: asked.context.now,
        expires: 0,
    }
}

/// The addresses to which browsers are sent. Anybody on the way reads what goes to one without TLS, unless
/// it is on the same machine; and some schemes run what they are given.
fn redirects(given: Fields<'_>) -> Result<Vec<&str>, Denial> {
    let redirects = given.texts("redirect_uris");
    let wrong = |description: &str| Denial::new("invalid_redirect_uri", description);
    if redirects.is_empty() {
        return Err(wrong("redirect_uris is missing"));
    }
    for url in &redirects {
        let scheme = url.split(':').next().unwrap_or_default();
        let is_one_of =
            |known: &[&str]| known.iter().any(|known| scheme.eq_ignore_ascii_case(known));
        let runs = is_one_of(&["javascript", "data", "vbscript", "file", "blob", "about"]);
        let local = oauth_client::is_loopback(url);
        // The schemes of mobile apps may have a single slash (RFC 8252 section 7.1). Some MCP clients have one
        // without a dot, such as `cursor://`.
        let dotted = scheme.contains('.') && url.contains(":/");
        let of_app = dotted || (!is_one_of(NETWORK) && is_absolute(url));
        if runs || url.contains('#') || !(url.starts_with("https://") || local || of_app) {
            return Err(wrong(
                "Each of the redirect_uris must have https, be a loopback address, or \
                have the scheme of an app",
            ));
        }
        if !of_app && !is_absolute(url) {
            return Err(wrong("Each of the redirect_uris must be absolute"));
        }
    }
    Ok(redirects)
}

fn grants(given: Fields<'_>) -> Result<Vec<&str>, Denial> {
    const KNOWN: [&str; 7] = [CODE, REFRESH, CREDENTIALS, DEVICE, BEARER, EXCHANGE, BACKCHANNEL];
    let grants = given.texts("grant_types");
    if grants.iter().any(|grant| !KNOWN.contains(grant)) {
        return Err(wrong("One of the grant_types is not known"));
    }
    if given.texts("response_types").iter().any(|kind| *kind != "code") {
        return Err(wrong("The only response type is code"));
    }
    if grants.is_empty() {
        return Ok(vec![CODE]);
    }
    // Whoever registers itself acts for users alone, and is told so (RFC 7591 section 3.2.1).
    let grants: Vec<_> = grants.into_iter().filter(|grant| *grant != CREDENTIALS).collect();
    if grants.is_empty() {
        return Err(wrong("A client that registers itself acts for users, not for itself"));
    }
    Ok(grants)
}

/// The settings of the new application. What it may be permitted, strangers do not say: of the scopes that
/// they name, they get those that tell of a user's profile.
fn settings(given: Fields<'_>, server: Option<&str>, method: &str) -> Result<Object, Denial> {
    let named = given.text("scope").split_ascii_whitespace();
    let scopes: Vec<Value> = named
        .filter(|scope| SCOPES.contains(scope))
        .map(|scope| json!({ "name": scope, "description": format!("Read your {scope}") }))
        .collect();
    let mut settings = json!({
        "approvedCallbackUrls": redirects(given)?,
        "attributesScopes": scopes,
        "description": given.text("description"),
        "logo": given.text("logo_uri"),
        "nonConfidentialClient": method == NONE,
        "dynamic": true,
        "grantTypes": grants(given)?,
    });
    if let Some(keys) = given.get("jwks") {
        settings["jwks"] = keys.clone();
    }
    if let Some(server) = server {
        settings["mcpServerId"] = json!(server);
    }
    Ok(if let Value::Object(settings) = settings { settings } else { Object::new() })
}

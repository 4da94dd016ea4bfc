//! MCP servers and their clients. Descope has them managed; here only seeds and registrations make them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client_secret;
use super::inbound_app::{CLIENT_ID, KEPT, SCOPE};
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::Unrecorded;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, last_row};
use crate::emulator::state::client_secret::ClientSecret;
use crate::emulator::state::inbound_app::{InboundApp, McpServer};
use crate::emulator::state::table::By;
use crate::emulator::words::fields::{Field, Kind, Object, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::Refusal;

const SERVER: &[Field] = &[
    optional("id", Kind::Text),
    required("name", Kind::Text),
    optional("permissionsScopes", Kind::Objects(SCOPE)),
    optional("attributesScopes", Kind::Objects(SCOPE)),
    optional("audienceWhitelist", Kind::Texts),
    optional("skipConsentScreen", Kind::Bool),
    // Whether strangers may register clients.
    optional("dynamicRegistration", Kind::Bool),
];
const CLIENT: &[Field] = &[
    optional("id", Kind::Text),
    required("name", Kind::Text),
    required("mcpServerId", Kind::Text),
    optional("approvedCallbackUrls", Kind::Texts),
    optional("scopes", Kind::Texts),
    optional("attributesScopes", Kind::Objects(SCOPE)),
    optional("description", Kind::Text),
    optional("logo", Kind::Text),
];

pub(in crate::emulator) const AREA: Area =
    Area::new(&[]).inside(&[MAKE_SERVER, MAKE_CLIENT]).seeds(&[&SERVERS, &CLIENTS]);

const MAKE_SERVER: Route = Route::post(
    "/_emulator/seed/mcp-server",
    Management,
    Unrecorded("a seed"),
    SERVER,
    |call, store| {
        let id = call.body().some_text("id").map_or_else(|| random::id("MS"), str::to_owned);
        if store.applications.mcp_servers.get(By::Id, &id).is_some() {
            return Err(Refusal::taken("MCP server"));
        }
        let settings = given(call, SERVER);
        store.applications.mcp_servers.push(McpServer { id: id.clone(), settings });
        Ok(json!({ "id": id }).into())
    },
);

const MAKE_CLIENT: Route = Route::post(
    "/_emulator/seed/mcp-client",
    Management,
    Unrecorded("a seed"),
    CLIENT,
    |call, store| {
        let body = call.body();
        let servers = &store.applications.mcp_servers;
        if servers.get(By::Id, body.text("mcpServerId")).is_none() {
            return Err(Refusal::missing("MCP server"));
        }
        let id = body.some_text("id").map_or_else(|| random::id("MC"), str::to_owned);
        if store.applications.mcp_clients.get(By::Id, &id).is_some() {
            return Err(Refusal::taken("client of an MCP server"));
        }
        let cleartext = random::text(40);
        let client_id = STANDARD.encode(format!("{}:{id}", call.settings.project_id));
        store.applications.mcp_clients.push(InboundApp {
            name: body.text("name").to_owned(),
            client_id: client_id.clone(),
            settings: given(call, CLIENT),
            secrets: vec![ClientSecret::new("", cleartext.clone(), call, 0)],
            id: id.clone(),
        });
        Ok(json!({ "id": id, "clientId": client_id, "cleartext": cleartext }).into())
    },
);

/// The settings of a body: what it has beside ID and name.
fn given(call: &Call<'_>, fields: &[Field]) -> Object {
    let fields = fields.iter().filter(|field| field.name != "id");
    let fields = fields.filter_map(|field| Some((field, call.body().get(field.name)?)));
    fields.map(|(field, value)| (field.name.to_owned(), value.clone())).collect()
}

const SERVERS: List = List::plain("mcpServers", "/_emulator/seed/mcp-server", |store| {
    let servers = store.applications.mcp_servers.iter().map(|server| {
        let mut saved = server.settings.clone();
        saved.insert("id".to_owned(), json!(server.id));
        Value::Object(saved)
    });
    servers.collect()
});

const CLIENTS: List = List {
    name: "mcpClients",
    path: "/_emulator/seed/mcp-client",
    state: &[client_secret::STATE, CLIENT_ID, KEPT[0], KEPT[1], KEPT[2], KEPT[3], KEPT[4], KEPT[5]],
    restore: |store, state| {
        let mut client = last_row(&mut store.applications.mcp_clients)?;
        client.restore(state);
        Ok(())
    },
    save: |store| store.applications.mcp_clients.iter().map(save).collect(),
};

fn save(client: &InboundApp) -> Value {
    let mut saved = client.settings.clone();
    let secrets: Value = client.secrets.iter().map(ClientSecret::save).collect();
    let mut state = json!({ "secrets": secrets, CLIENT_ID.name: client.client_id });
    for Field { name, .. } in &KEPT {
        if let Some(value) = saved.remove(*name) {
            state[*name] = value;
        }
    }
    for (name, value) in [("id", json!(client.id)), ("name", json!(client.name)), ("state", state)]
    {
        saved.insert(name.to_owned(), value);
    }
    Value::Object(saved)
}

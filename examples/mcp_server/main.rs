//! An MCP server whose tools act for the user who has signed in, on a small blocking HTTP server.
//!
//! ```text
//! cargo run --example mcp_server --features web,oidc,emulator -- [--check]
//! ```
//!
//! Give an MCP client the URL that it prints: <http://localhost:3000/mcp>, or the port in the variable `PORT`. The
//! client is told where users sign in, registers itself there, and asks for the scopes that it needs: `notes.read`
//! to list the user's notes, and `notes.write` to add one.
//!
//! It runs offline against the emulator, whose page lets you choose a user. With `DESCOPE_PROJECT_ID` set it
//! serves that project: `MCP_SERVER_ID` is then the ID of an MCP server of the project that has both scopes, and
//! `MCP_URL` the public URL of this program. With `--check` it uses itself as a client would, and ends.
//!
//! It speaks the transport "Streamable HTTP" without streams and sessions: each message is a `POST`, and is
//! answered with JSON.

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use descope::emulator::Emulator;
use descope::web::{Access, Denied, Guard, GuardOptions, Proofs, RequestTokens, Resource};
use descope::{Claims, Client};
use serde_json::{Value, json};
use tiny_http::{Method, Request, Server};

use self::rpc::{Answer, Message, header};

mod check;
mod rpc;

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// The versions of the protocol that it speaks, with the preferred one first.
const VERSIONS: [&str; 2] = ["2025-11-25", "2025-06-18"];
/// Requests that are answered at the same time.
const THREADS: usize = 8;

/// What all threads share.
pub struct App {
    guard: Guard,
    /// The scheme and host of its URL, and the path.
    origin: String,
    path: String,
    /// What a message needs that calls no tool.
    access: Access,
    tools: [Tool; 2],
    /// By user ID, until the program ends.
    notes: Mutex<HashMap<String, Vec<String>>>,
}

/// A tool: what clients are told of it, what it needs, and what it does with the user's notes.
struct Tool {
    about: Value,
    access: Access,
    run: fn(&mut Vec<String>, &Value) -> Result<String, &'static str>,
}

impl App {
    /// The service at this URL. The issuer of its access tokens is that of an MCP server of the client's project.
    pub(crate) fn new(client: &Client, url: &str, issuer: String) -> Result<Self> {
        let resource = Resource::new(url)?
            .name("Notes")
            .authorization_servers([issuer])
            .scopes(["notes.read", "notes.write"]);
        let host = url.find("://").map_or(0, |at| at + 3);
        let (origin, path) = url.split_at(url[host..].find('/').map_or(url.len(), |at| host + at));
        // Clients may bind their tokens to a key, and prove that they have it.
        let options = GuardOptions::default().proofs(Proofs::new(origin)?);
        let guard = Guard::with_options(client, options.resource(resource))?;
        // The user's own sessions are for browsers. They stay out.
        let readers = Access::default().scopes(["notes.read"]).sessions(false);
        // A client asks for just the scopes that a refusal names: name those too that it has had before.
        let writers = Access::default().scopes(["notes.read", "notes.write"]).sessions(false);
        let tools = [
            Tool { about: about_list(), access: readers.clone(), run: |notes, _| Ok(list(notes)) },
            Tool { about: about_add(), access: writers, run: add },
        ];
        let (origin, path) = (origin.to_owned(), path.to_owned());
        Ok(Self { guard, origin, path, access: readers, tools, notes: Mutex::default() })
    }

    /// Answers requests until the process ends.
    pub fn serve(self, server: Server) {
        let (app, server) = (Arc::new(self), Arc::new(server));
        for _ in 0..THREADS {
            let (app, server) = (Arc::clone(&app), Arc::clone(&server));
            thread::spawn(move || {
                while let Ok(mut request) = server.recv() {
                    let answer = app.answer(&mut request);
                    // Where the client has gone away, nobody waits for the answer.
                    let _ = request.respond(answer.into_response());
                }
            });
        }
    }

    fn answer(&self, request: &mut Request) -> Answer {
        let path = request.url().split('?').next().unwrap_or_default();
        if let Some(document) = self.guard.resource_metadata(path) {
            return match request.method() {
                Method::Get => Answer::json(200, document),
                _ => Answer::empty(405).header("Allow", "GET"),
            };
        }
        if path != self.path {
            return Answer::empty(404);
        }
        // A page of another site could have its host name point to this machine (DNS rebinding).
        if header(request, "Origin").is_some_and(|origin| origin != self.origin) {
            return Answer::empty(403);
        }
        // Nothing is streamed, and no session is to be ended.
        if *request.method() != Method::Post {
            return Answer::empty(405).header("Allow", "POST");
        }
        // What to do for a stranger is read, but not done.
        let message = Message::read(request);
        let tool = message.as_ref().ok().and_then(|message| self.tool(message));
        let access = tool.map_or(&self.access, |tool| &tool.access);
        let user = match self.guard.validate(&self.tokens(request), access) {
            Ok(visitor) => visitor.claims,
            Err(denied) => return self.refuse(&denied, access),
        };
        let version = header(request, "MCP-Protocol-Version").unwrap_or(VERSIONS[0]);
        if !VERSIONS.contains(&version) {
            let why = "this version of the protocol is not known";
            return Answer::error(400, &Value::Null, rpc::INVALID_REQUEST, why);
        }
        message.map_or_else(|refusal| refusal, |message| self.reply(&message, tool, &user))
    }

    /// This server has a header type of its own.
    fn tokens(&self, request: &Request) -> RequestTokens {
        let tokens = self.guard.tokens_from(|name| {
            let headers = request.headers().iter();
            headers
                .filter(move |header| header.field.equiv(name))
                .map(|header| header.value.as_str())
        });
        tokens.of_request(request.method().as_str(), request.url())
    }

    /// The challenges say where the client gets a token, and which scopes it needs.
    fn refuse(&self, denied: &Denied, access: &Access) -> Answer {
        let body = json!({ "error": denied.reason().as_str() });
        let mut answer = Answer::json(denied.status().as_u16(), body);
        for challenge in self.guard.challenges(denied, access) {
            answer = answer.header("WWW-Authenticate", challenge.to_str().unwrap_or_default());
        }
        match denied.retry_after() {
            Some(wait) => answer.header("Retry-After", wait.as_secs().to_string()),
            None => answer,
        }
    }

    /// The tool that a message calls.
    fn tool(&self, message: &Message) -> Option<&Tool> {
        let mut tools = self.tools.iter().filter(|_| message.method == "tools/call");
        tools.find(|tool| tool.about["name"] == message.params["name"])
    }

    fn reply(&self, message: &Message, tool: Option<&Tool>, user: &Claims) -> Answer {
        let Some(id) = &message.id else { return Answer::empty(202) };
        let result = match (&*message.method, tool) {
            ("initialize", _) => {
                let asked = message.params["protocolVersion"].as_str();
                let known = asked.filter(|version| VERSIONS.contains(version));
                json!({
                    "protocolVersion": known.unwrap_or(VERSIONS[0]),
                    "capabilities": { "tools": {} },
                    "serverInfo": { "name": "notes", "version": env!("CARGO_PKG_VERSION") },
                })
            }
            ("ping", _) => json!({}),
            ("tools/list", _) => json!({ "tools": self.tools.each_ref().map(|tool| &tool.about) }),
            ("tools/call", Some(tool)) => {
                let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
                let notes = notes.entry(user.user_id().to_owned()).or_default();
                let done = (tool.run)(notes, &message.params["arguments"]);
                // The model reads what went wrong, and may try again.
                let (text, is_error) =
                    done.map_or_else(|why| (why.to_owned(), true), |text| (text, false));
                json!({ "content": [{ "type": "text", "text": text }], "isError": is_error })
            }
            ("tools/call", None) => {
                return Answer::error(200, id, rpc::INVALID_PARAMS, "there is no such tool");
            }
            _ => return Answer::error(200, id, rpc::METHOD_NOT_FOUND, "there is no such method"),
        };
        Answer::result(id, &result)
    }
}

fn about_list() -> Value {
    json!({
        "name": "list_notes",
        "description": "Lists the user's notes.",
        "inputSchema": { "type": "object", "additionalProperties": false },
        "annotations": { "readOnlyHint": true },
    })
}

fn list(notes: &[String]) -> String {
    if notes.is_empty() { "There are no notes.".to_owned() } else { notes.join("\n") }
}

fn about_add() -> Value {
    json!({
        "name": "add_note",
        "description": "Adds a note to those of the user.",
        "inputSchema": {
            "type": "object",
            "properties": { "text": { "type": "string", "description": "The note" } },
            "required": ["text"],
            "additionalProperties": false,
        },
        "annotations": { "readOnlyHint": false, "destructiveHint": false },
    })
}

fn add(notes: &mut Vec<String>, arguments: &Value) -> Result<String, &'static str> {
    let text = arguments["text"].as_str().map(str::trim).filter(|text| !text.is_empty());
    notes.push(text.ok_or("`text` must be a string that is not empty")?.to_owned());
    Ok(format!("This is note {}.", notes.len()))
}

/// An emulator with a user, and an MCP server at which any client may register.
pub(crate) fn emulator() -> Result<Emulator> {
    let emulator = Emulator::new();
    let ada = json!({ "loginId": "ada@example.com", "displayName": "Ada Lovelace" });
    let notes = json!({
        "id": "notes", "name": "Notes", "dynamicRegistration": true,
        "permissionsScopes": [
            { "name": "notes.read", "description": "Read your notes" },
            { "name": "notes.write", "description": "Add notes to yours" },
        ],
    });
    emulator.seed(&json!({ "users": [ada], "mcpServers": [notes] }))?;
    Ok(emulator)
}

/// The issuer of the access tokens for an MCP server.
pub(crate) fn issuer(base_url: &str, project_id: &str, server_id: &str) -> String {
    format!("{base_url}/v1/apps/agentic/{project_id}/{server_id}")
}

fn main() -> Result<()> {
    let check = env::args().any(|argument| argument == "--check");
    let offline = check || env::var_os("DESCOPE_PROJECT_ID").is_none_or(|id| id.is_empty());
    let port = match env::var("PORT") {
        _ if check => 0,
        Ok(port) => port.parse()?,
        Err(_) => 3000,
    };
    let server = Server::http(("127.0.0.1", port))?;
    let port = server.server_addr().to_ip().map_or(port, |address| address.port());
    let url = env::var("MCP_URL").ok().filter(|_| !check);
    let url = url.unwrap_or_else(|| format!("http://localhost:{port}/mcp"));
    println!("Listening on {url}");
    if !offline {
        let client = Client::from_env()?;
        let server_id = env::var("MCP_SERVER_ID").map_err(|_| "MCP_SERVER_ID is not set")?;
        let issuer = issuer(client.base_url(), client.project_id(), &server_id);
        App::new(&client, &url, issuer)?.serve(server);
        loop {
            thread::park();
        }
    }
    let emulator = emulator()?;
    let descope = emulator.serve()?;
    let base_url = descope.base_url();
    let client = Client::builder().emulator(&emulator).build()?;
    let issuer = issuer(&base_url, client.project_id(), "notes");
    App::new(&client, &url, issuer)?.serve(server);
    if check {
        return check::run(&url, &emulator, &base_url);
    }
    loop {
        thread::park();
    }
}

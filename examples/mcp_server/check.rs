//! The server, used as an MCP client would, and as nobody should.

use std::time::Duration;

use descope::Client;
use descope::emulator::Emulator;
use descope::oidc::{App, AuthorizeOptions, Tokens};
use serde_json::{Value, json};

use super::Result;

const ADA: &str = "ada@example.com";
const CALLBACK: &str = "http://127.0.0.1:8000/callback";

/// Sends messages to the server.
struct Caller {
    agent: ureq::Agent,
    url: String,
}

pub(super) fn run(url: &str, emulator: &Emulator, base_url: &str) -> Result<()> {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build();
    let caller = Caller { agent: agent.into(), url: url.to_owned() };

    println!("-- nobody");
    let challenge = caller.refused("", &ping(), 401, "")?;
    let resource = caller.get(parameter(&challenge, "resource_metadata")?)?;
    let issuer = resource["authorization_servers"][0].as_str().ok_or("no authorization server")?;
    let scope = parameter(&challenge, "scope")?;

    println!("-- a client that registers at {issuer}");
    let descope = Client::builder()
        .ignore_env()
        .project_id(emulator.project_id())
        .base_url(base_url)
        .clock(emulator.clock())
        .build()?;
    let client_id = caller.register(&descope, issuer)?;
    let app = App::issuer(issuer, client_id);
    let sign_in = |scope: &str, resource: &str| -> Result<Tokens> {
        let options = AuthorizeOptions::default();
        let options = options.scopes(scope.split(' ')).resources([resource]);
        let request = descope.oidc(&app).authorization_request(CALLBACK, &options)?;
        // What a user does in the browser.
        let back = emulator.oidc().authorize(&request.url, ADA)?;
        Ok(descope.oidc(&app).exchange_callback(&request, &back)?)
    };
    let tokens = sign_in(scope, url)?;
    let token = tokens.access_token.expose();
    let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {} });
    caller.accepted(token, &request("initialize", &hello))?;
    caller.accepted(token, &request("tools/list", &json!({})))?;
    caller.accepted(token, &call("list_notes", &json!({})))?;
    let add = call("add_note", &json!({ "text": "Buy milk" }));
    let challenge = caller.refused(token, &add, 403, "insufficient_scope")?;

    println!("-- the same client, with the scopes that were missing");
    let tokens = sign_in(parameter(&challenge, "scope")?, url)?;
    let token = tokens.access_token.expose();
    caller.accepted(token, &add)?;
    let notes = caller.accepted(token, &call("list_notes", &json!({})))?;
    if notes["content"][0]["text"] != "Buy milk" {
        return Err(format!("the note is not there: {notes}").into());
    }

    println!("-- a token for another service, and an old one");
    let other = sign_in(scope, "https://other.example.com/mcp")?;
    caller.refused(other.access_token.expose(), &ping(), 401, "invalid_token")?;
    emulator.advance(Duration::from_secs(60 * 60));
    caller.refused(token, &ping(), 401, "invalid_token")?;
    Ok(())
}

fn request(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

fn ping() -> Value {
    request("ping", &json!({}))
}

fn call(tool: &str, arguments: &Value) -> Value {
    request("tools/call", &json!({ "name": tool, "arguments": arguments }))
}

/// A parameter of a challenge.
fn parameter<'c>(challenge: &'c str, name: &str) -> Result<&'c str> {
    let after = challenge.split(&format!("{name}=\"")).nth(1);
    let value = after.and_then(|after| after.split('"').next());
    value.ok_or_else(|| format!("no {name} in {challenge}").into())
}

impl Caller {
    fn get(&self, url: &str) -> Result<Value> {
        let mut answer = self.agent.get(url).call()?;
        println!("   GET {url}: {}", answer.status().as_u16());
        Ok(serde_json::from_str(&answer.body_mut().read_to_string()?)?)
    }

    /// Registers a public client (RFC 7591), and returns its ID.
    fn register(&self, descope: &Client, issuer: &str) -> Result<String> {
        let metadata = json!({
            "client_name": "Check", "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
        });
        let server = descope.oidc(&App::issuer(issuer, "a stranger")).discover()?;
        let url = server.registration_endpoint.as_deref().ok_or("no registration")?;
        let request = self.agent.post(url).header("content-type", "application/json");
        let mut answer = request.send(metadata.to_string())?;
        println!("   POST {url}: {}", answer.status().as_u16());
        let client: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
        Ok(client["client_id"].as_str().ok_or("no client ID")?.to_owned())
    }

    /// Sends a message, which is answered with this status. Returns the challenges and the body.
    fn send(&self, token: &str, message: &Value, expected: u16) -> Result<(String, Value)> {
        let request = self.agent.post(&self.url).header("content-type", "application/json");
        let request = match token {
            "" => request,
            token => request.header("authorization", format!("Bearer {token}")),
        };
        let mut answer = request.send(message.to_string())?;
        let status = answer.status().as_u16();
        println!("   {}: {status}", message["method"]);
        if status != expected {
            return Err(format!("expected {expected}").into());
        }
        let challenges = answer.headers().get_all("www-authenticate").iter();
        let challenges = challenges.filter_map(|value| value.to_str().ok());
        let challenges = challenges.collect::<Vec<_>>().join(", ");
        Ok((challenges, serde_json::from_str(&answer.body_mut().read_to_string()?)?))
    }

    fn accepted(&self, token: &str, message: &Value) -> Result<Value> {
        let (_, mut body) = self.send(token, message, 200)?;
        match body["result"].take() {
            Value::Null => Err(format!("not a result: {body}").into()),
            result => Ok(result),
        }
    }

    /// Returns the challenge, which must have this error, if any.
    fn refused(&self, token: &str, message: &Value, status: u16, error: &str) -> Result<String> {
        let (challenge, _) = self.send(token, message, status)?;
        println!("      {challenge}");
        let found = parameter(&challenge, "error").unwrap_or_default();
        if found == error { Ok(challenge) } else { Err(format!("expected {error:?}").into()) }
    }
}

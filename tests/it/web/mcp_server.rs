//! The example `mcp_server`: what it does with messages that are odd, and whom it lets in.

use descope::Client;
use descope::emulator::Emulator;
use serde_json::{Value, json};
use tiny_http::Server;

#[allow(dead_code, unreachable_pub, reason = "the example is a program of its own")]
#[path = "../../../examples/mcp_server/main.rs"]
mod example;

/// The example, with an agent that sends messages to it.
struct Service {
    emulator: Emulator,
    agent: ureq::Agent,
    url: String,
}

/// A status, headers and a body.
struct Answer(ureq::http::Response<ureq::Body>);

impl Answer {
    fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    fn header(&self, name: &str) -> &str {
        self.0.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    fn json(mut self) -> Value {
        let text = self.0.body_mut().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text:?}"))
    }
}

impl Service {
    fn start() -> Self {
        let emulator = example::emulator().unwrap();
        let server = Server::http(("127.0.0.1", 0)).unwrap();
        let port = server.server_addr().to_ip().unwrap().port();
        let url = format!("http://127.0.0.1:{port}/mcp");
        let client = Client::builder().emulator(&emulator).build().unwrap();
        let issuer = example::issuer("http://localhost", client.project_id(), "notes");
        example::App::new(&client, &url, issuer).unwrap().serve(server);
        let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build();
        Self { emulator, agent: agent.into(), url }
    }

    /// A token of this user for the service, with these scopes.
    fn token(&self, user: &str, scope: &str) -> String {
        let claims = json!({ "sub": user, "aud": self.url, "scope": scope });
        self.emulator.issue_token(claims).unwrap()
    }

    fn send(&self, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
        let request = self.agent.post(&self.url).header("content-type", "application/json");
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Answer(request.send(body.as_ref()).unwrap())
    }

    fn post(&self, token: &str, message: &Value) -> Answer {
        self.send(&[("authorization", &format!("Bearer {token}"))], message.to_string())
    }

    #[track_caller]
    fn result(&self, token: &str, method: &str, params: &Value) -> Value {
        let answer = self.post(token, &request(method, params));
        assert_eq!(answer.status(), 200);
        let mut body = answer.json();
        assert_eq!((&body["jsonrpc"], &body["id"]), (&json!("2.0"), &json!("i7")), "{body}");
        body["result"].take()
    }

    /// The text of a tool's answer, and whether it is an error.
    #[track_caller]
    fn call(&self, token: &str, tool: &str, arguments: &Value) -> (String, bool) {
        let params = json!({ "name": tool, "arguments": arguments });
        let result = self.result(token, "tools/call", &params);
        assert_eq!(result["content"][0]["type"], "text", "{result}");
        let text = result["content"][0]["text"].as_str().unwrap().to_owned();
        (text, result["isError"].as_bool().unwrap())
    }
}

fn request(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": "i7", "method": method, "params": params })
}

#[test]
fn each_user_has_notes_of_their_own() {
    let service = Service::start();
    let (ada, grace) = ("notes.read notes.write", "notes.write openid notes.read");
    let (ada, grace) = (service.token("U2ada", ada), service.token("U2grace", grace));
    let none = ("There are no notes.".to_owned(), false);
    assert_eq!(service.call(&ada, "list_notes", &json!({})), none);
    assert!(!service.call(&ada, "add_note", &json!({ "text": " Buy milk\n" })).1);
    assert!(!service.call(&ada, "add_note", &json!({ "text": "Call Grace" })).1);
    let two = ("Buy milk\nCall Grace".to_owned(), false);
    assert_eq!(service.call(&ada, "list_notes", &Value::Null), two);
    assert_eq!(service.call(&grace, "list_notes", &json!({})), none);
    for wrong in [json!({}), json!({ "text": " " }), json!({ "text": 7 }), json!([1]), Value::Null]
    {
        assert!(service.call(&grace, "add_note", &wrong).1);
    }
    assert_eq!(service.call(&grace, "list_notes", &json!({})), none);
}

#[test]
fn a_tool_needs_its_scopes_and_the_challenge_names_them() {
    let service = Service::start();
    let metadata = service.url.replace("/mcp", "/.well-known/oauth-protected-resource/mcp");
    let add = request("tools/call", &json!({ "name": "add_note", "arguments": { "text": "x" } }));
    let list = request("tools/call", &json!({ "name": "list_notes" }));
    let both = "notes.read notes.write";
    #[rustfmt::skip]
    let table = [
        ("notes.read", &list, 200, ""),
        ("notes.read", &add, 403, both),
        ("notes.write", &add, 403, both),
        ("notes.write", &list, 403, "notes.read"),
        ("", &list, 403, "notes.read"),
        ("notes.reader", &list, 403, "notes.read"),
        ("", &request("initialize", &json!({})), 403, "notes.read"),
    ];
    for (scope, message, status, needed) in table {
        let answer = service.post(&service.token("U2ada", scope), message);
        assert_eq!(answer.status(), status, "{scope} {message}");
        if status == 403 {
            let challenge = format!(
                "Bearer error=\"insufficient_scope\", scope=\"{needed}\", resource_metadata=\"{metadata}\""
            );
            assert_eq!(answer.header("www-authenticate"), challenge);
            assert_eq!(answer.json()["error"], "missing_scope");
        }
    }
    // Nothing was added.
    assert_eq!(
        service.call(&service.token("U2ada", both), "list_notes", &json!({})).0,
        "There are no notes."
    );
}

#[test]
fn only_tokens_of_applications_for_this_service_are_let_in() {
    let service = Service::start();
    let issue = |claims: Value| service.emulator.issue_token(claims).unwrap();
    let scope = "notes.read notes.write";
    let other = issue(json!({ "sub": "U2a", "aud": "https://other.example/mcp", "scope": scope }));
    let nowhere = issue(json!({ "sub": "U2a", "scope": scope }));
    let session = issue(json!({ "sub": "U2a", "drn": "DS" }));
    let id_token = issue(json!({ "sub": "U2a", "aud": service.url, "scope": scope, "nonce": "n" }));
    let bound =
        issue(json!({ "sub": "U2a", "aud": service.url, "scope": scope, "cnf": { "jkt": "k" } }));
    let ping = request("ping", &json!({}));
    for token in [&other, &nowhere, &session, &id_token, &bound, "e30.e30.e30"] {
        let answer = service.post(token, &ping);
        assert_eq!(answer.status(), 401, "{token}");
        assert!(answer.header("www-authenticate").contains("resource_metadata=\""));
    }
    let good = service.token("U2a", scope);
    assert_eq!(service.result(&good, "ping", &json!({})), json!({}));
    service.emulator.advance(std::time::Duration::from_secs(60 * 60));
    assert_eq!(service.post(&good, &ping).status(), 401);
    // Whoever has no token learns nothing of how messages are read.
    let nobody = service.send(&[], "{");
    assert_eq!((nobody.status(), nobody.json()), (401, json!({ "error": "no_token" })));
}

#[test]
fn messages_that_are_odd_are_refused() {
    let service = Service::start();
    let bearer = format!("Bearer {}", service.token("U2ada", "notes.read"));
    let send = |body: &[u8]| service.send(&[("authorization", &bearer)], body);
    let long = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "x": "x".repeat(64 * 1024) });
    let long = long.to_string();
    #[rustfmt::skip]
    let table: [(&[u8], u16, i64); 13] = [
        (b"", 400, -32700),
        (b"{", 400, -32700),
        (b"\xff", 400, -32700),
        (b"[]", 400, -32700),
        (br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, 400, -32700),
        (b"{}", 400, -32600),
        (br#"{"id":1,"method":"ping"}"#, 400, -32600),
        (br#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, 400, -32600),
        (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, 400, -32600),
        (br#"{"jsonrpc":"2.0","id":1,"result":{}}"#, 400, -32600),
        (long.as_bytes(), 413, -32600),
        (br#"{"jsonrpc":"2.0","id":1,"method":"resources/list"}"#, 200, -32601),
        (br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}"#, 200, -32602),
    ];
    for (body, status, code) in table {
        let answer = send(body);
        let found = (answer.status(), answer.json()["error"]["code"].as_i64());
        assert_eq!(
            found,
            (status, Some(code)),
            "{}",
            String::from_utf8_lossy(&body[..body.len().min(80)])
        );
    }
    // A notification is not answered, whatever it is.
    for method in ["notifications/initialized", "ping", "tools/call"] {
        let mut answer = send(json!({ "jsonrpc": "2.0", "method": method }).to_string().as_bytes());
        assert_eq!(
            (answer.status(), answer.0.body_mut().read_to_string().unwrap()),
            (202, String::new())
        );
    }
}

#[test]
fn versions_origins_methods_and_paths() {
    let service = Service::start();
    let token = service.token("U2ada", "notes.read");
    for (asked, spoken) in [
        (json!("2025-11-25"), "2025-11-25"),
        (json!("2025-06-18"), "2025-06-18"),
        (json!("2024-11-05"), "2025-11-25"),
        (json!("2099-01-01"), "2025-11-25"),
        (json!(7), "2025-11-25"),
        (Value::Null, "2025-11-25"),
    ] {
        let result = service.result(&token, "initialize", &json!({ "protocolVersion": asked }));
        assert_eq!(result["protocolVersion"], spoken, "{asked}");
        assert_eq!(result["capabilities"], json!({ "tools": {} }));
    }
    let tools = service.result(&token, "tools/list", &Value::Null);
    for tool in tools["tools"].as_array().unwrap() {
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
    }
    let bearer = format!("Bearer {token}");
    let origin = service.url.trim_end_matches("/mcp");
    let ping = request("ping", &json!({})).to_string();
    #[rustfmt::skip]
    let table = [
        (("mcp-protocol-version", "2025-06-18"), 200),
        (("mcp-protocol-version", "2024-11-05"), 400),
        (("mcp-protocol-version", ""), 400),
        (("origin", origin), 200),
        (("origin", "http://evil.example"), 403),
        (("origin", "null"), 403),
        (("origin", "http://127.0.0.1"), 403),
    ];
    for (header, status) in table {
        let answer = service.send(&[("authorization", &bearer), header], &ping);
        assert_eq!(answer.status(), status, "{header:?}");
    }
    let at = |path: &str| service.url.replace("/mcp", path);
    let document = "/.well-known/oauth-protected-resource/mcp";
    for (method, path, status, allow) in [
        ("GET", "/mcp", 405, "POST"),
        ("DELETE", "/mcp", 405, "POST"),
        ("GET", document, 200, ""),
        ("GET", &format!("{document}?x"), 200, ""),
        ("DELETE", document, 405, "GET"),
        ("GET", "/", 404, ""),
        ("GET", "/mcp/", 404, ""),
    ] {
        let url = at(path);
        let request =
            if method == "GET" { service.agent.get(url) } else { service.agent.delete(url) };
        let answer = Answer(request.call().unwrap());
        assert_eq!((answer.status(), answer.header("allow")), (status, allow), "{method} {path}");
    }
    let found = Answer(service.agent.get(at(document)).call().unwrap());
    assert_eq!(found.header("content-type"), "application/json");
    let found = found.json();
    assert_eq!(found["resource"], service.url);
    assert_eq!(found["scopes_supported"], json!(["notes.read", "notes.write"]));
    let issuer =
        format!("http://localhost/v1/apps/agentic/{}/notes", service.emulator.project_id());
    assert_eq!(found["authorization_servers"], json!([issuer]));
}

//! What MCP clients send that find a server for the first time, and come back to it.

use super::*;

const ISSUER: &str = "/v1/apps/agentic/P2project/notes";
const DOOR: &str = "/oauth2/v1/apps/agentic/P2project/notes";
const RESOURCE: &str = "http://localhost:3000/mcp";

/// An emulator with an MCP server at which clients register.
fn server() -> Server {
    let server = Server::start();
    let notes = json!({
        "id": "notes", "name": "Notes", "dynamicRegistration": true,
        "permissionsScopes": [{ "name": "notes.read" }, { "name": "notes.write", "optional": true }],
    });
    server.0.seed(&json!({ "mcpServers": [notes] })).unwrap();
    server
}

/// Registers a client as the official SDKs do, with these changes. Returns its ID.
fn register(server: &Server, changes: &Value) -> String {
    let found = server.get(&format!("/.well-known/oauth-authorization-server{ISSUER}")).ok();
    let path = found.text("registration_endpoint").strip_prefix("http://localhost").unwrap();
    let mut metadata = json!({
        "client_name": "Inspector", "client_uri": "https://inspector.example", "scope": "notes.read",
        "redirect_uris": [LOOPBACK], "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"], "token_endpoint_auth_method": "none",
        "application_type": "native", "software_id": "s", "software_version": "1",
    });
    for (name, value) in changes.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    let kind = [("content-type", "application/json"), ("mcp-protocol-version", "2025-11-25")];
    let made = server.send("POST", path, &kind, &metadata.to_string()).ok();
    assert_eq!((made.status, made.text("client_name")), (201, "Inspector"));
    made.text("client_id").to_owned()
}

/// The tokens that a client gets for a code which it asks for so.
fn tokens(server: &Server, client: &str, scope: &str) -> Response {
    let changes = [("client_id", client), ("scope", scope), ("nonce", ""), ("resource", RESOURCE)];
    let back = server.0.oidc().authorize(&server.url(DOOR, &changes), ADA).unwrap();
    let code = parameter(&back, "code").unwrap_or_else(|| panic!("{back}"));
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", LOOPBACK),
        ("client_id", client),
        ("resource", RESOURCE),
    ];
    server.post(&format!("{DOOR}/token"), &pairs).ok()
}

fn refresh(server: &Server, client: &str, token: &str, resource: &str) -> Response {
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("client_id", client),
        ("resource", resource),
    ];
    server.post(&format!("{DOOR}/token"), &pairs)
}

#[test]
fn a_client_that_registers_for_refresh_tokens_gets_them_unasked() {
    let server = server();
    let client = register(&server, &json!({}));
    let first = tokens(&server, &client, "notes.read");
    assert_eq!(first.text("scope"), "notes.read");
    let second = refresh(&server, &client, first.text("refresh_token"), RESOURCE).ok();
    let access = claims(second.text("access_token"));
    assert_eq!(
        (&access["aud"], &access["scope"], &access["iss"]),
        (&json!(RESOURCE), &json!("notes.read"), &json!(format!("http://localhost{ISSUER}")))
    );
    // For this service alone; a copy of the emulator knows the client just so.
    let other = "https://other.example/mcp";
    let next = second.text("refresh_token");
    refresh(&server, &client, next, other).refused(400, "invalid_target");
    let copy = Emulator::builder().project_id("P2project").build();
    copy.seed(&server.0.export()).unwrap();
    assert_eq!(copy.export(), server.0.export());
    assert!(tokens(&Server(copy), &client, "notes.read").json.get("refresh_token").is_some());
}

#[test]
fn a_client_that_does_not_register_for_refresh_tokens_has_to_ask() {
    let server = server();
    for grants in [json!(["authorization_code"]), json!(null)] {
        let client = register(&server, &json!({ "grant_types": grants }));
        let without = tokens(&server, &client, "notes.read");
        assert!(without.json.get("refresh_token").is_none(), "{grants}");
        let with = tokens(&server, &client, "notes.read offline_access");
        refresh(&server, &client, with.text("refresh_token"), RESOURCE).ok();
    }
}

#[test]
fn inbound_applications_register_for_refresh_tokens_too() {
    let server = Server::start();
    for (grants, refreshes) in
        [(json!(["authorization_code", "refresh_token"]), true), (json!([]), false)]
    {
        let metadata = json!({
            "redirect_uris": [LOOPBACK], "token_endpoint_auth_method": "none", "scope": "email",
            "grant_types": grants,
        });
        let kind = [("content-type", "application/json")];
        let path = "/v1/mgmt/inboundapp/app/P2project/register";
        let made = server.send("POST", path, &kind, &metadata.to_string()).ok();
        let client = made.text("client_id");
        let code = server.code(&[("client_id", client), ("scope", "email")]);
        let tokens = server.redeem(&code, &[("client_id", client)]).ok();
        assert_eq!(tokens.json.get("refresh_token").is_some(), refreshes);
    }
    // One that was set up by hand still has to ask.
    let tokens = server.redeem(&server.code(&[("scope", "docs")]), &[]).ok();
    assert!(tokens.json.get("refresh_token").is_none());
}

#[test]
fn a_client_that_registers_itself_gets_the_grants_that_it_named() {
    let server = Server::start();
    let register = |grants: Value, method: &str| {
        let metadata = json!({
            "redirect_uris": [LOOPBACK], "token_endpoint_auth_method": method, "scope": "email",
            "grant_types": grants,
        });
        let kind = [("content-type", "application/json")];
        let path = "/v1/mgmt/inboundapp/app/P2project/register";
        server.send("POST", path, &kind, &metadata.to_string())
    };
    let device = |client: &str| {
        server.post(&format!("{INBOUND}/device"), &[("client_id", client), ("scope", "email")])
    };
    let plain = register(json!(["authorization_code"]), "none").ok();
    device(plain.text("client_id")).refused(400, "unauthorized_client");
    let named = register(json!(["authorization_code", DEVICE]), "none").ok();
    device(named.text("client_id")).ok();
    let secret = register(json!(["authorization_code"]), "client_secret_post").ok();
    let (id, cleartext) = (secret.text("client_id"), secret.text("client_secret"));
    let pairs =
        [("client_id", id), ("client_secret", cleartext), ("login_hint", ADA), ("scope", "openid")];
    server.post(&format!("{INBOUND}/bc-authorize"), &pairs).refused(400, "unauthorized_client");
    // A stranger acts for users alone, and is told so.
    let both = register(json!(["authorization_code", "client_credentials"]), "none").ok();
    assert_eq!(both.json["grant_types"], json!(["authorization_code"]));
    register(json!(["client_credentials"]), "none").refused(400, "invalid_client_metadata");
}

#[test]
fn a_client_that_names_no_scope_gets_those_of_the_server() {
    let server = server();
    let client = register(&server, &json!({}));
    assert_eq!(tokens(&server, &client, "").text("scope"), "notes.read notes.write");
    assert_eq!(tokens(&server, &client, "notes.read").text("scope"), "notes.read");
    // Elsewhere nothing is granted that was not asked for.
    let tokens = server.redeem(&server.code(&[("scope", "")]), &[]).ok();
    assert_eq!(tokens.text("scope"), "");
}

#[test]
fn each_client_comes_back_in_its_own_way() {
    let server = server();
    for callback in [
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "vscode://vendor.extension/did-authenticate",
        "https://vscode.dev/redirect",
        "http://127.0.0.1:33418/",
        "http://localhost:8787/callback",
        "com.example.app:/callback",
    ] {
        let client = register(&server, &json!({ "redirect_uris": [callback] }));
        let changes =
            [("client_id", &*client), ("redirect_uri", callback), ("scope", "notes.read")];
        let back = server.0.oidc().authorize(&server.url(DOOR, &changes), ADA).unwrap();
        assert!(back.starts_with(callback) && parameter(&back, "code").is_some(), "{back}");
        // Letter for letter.
        let other = [changes[0], ("redirect_uri", &*format!("{callback}x")), changes[2]];
        assert!(server.0.oidc().authorize(&server.url(DOOR, &other), ADA).is_err());
    }
    for callback in [
        "http://app.example/cb",
        "HTTP://app.example/cb",
        "ws://app.example/cb",
        "FTP://app.example/cb",
        "file:///etc/passwd",
        "JavaScript://x/%0aalert(1)",
        "data://text/html,x",
        "cursor:",
        "cursor://",
        "cursor:/callback",
        "://x/cb",
        "cursor://x/cb#f",
        "a b://x/cb",
    ] {
        let path = "/v1/mgmt/mcp/client/P2project/notes/register";
        let metadata = json!({ "redirect_uris": [LOOPBACK, callback] }).to_string();
        let answer = server.send("POST", path, &[("content-type", "application/json")], &metadata);
        answer.refused(400, "invalid_redirect_uri");
    }
}

#[test]
fn browsers_of_this_machine_may_read_what_clients_in_them_need() {
    let server = server();
    let served = server.0.serve().unwrap();
    let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
    let origin = "http://localhost:6274";
    let send = |method: &str, path: &str, header: (&str, &str)| {
        let request = ureq::http::Request::builder().method(method);
        let request = request.uri(format!("{}{path}", served.base_url()));
        let request = request.header("origin", origin).header(header.0, header.1);
        let request = request.header("access-control-request-method", "GET");
        agent.run(request.body(()).unwrap()).unwrap()
    };
    for path in [
        &*format!("/.well-known/oauth-authorization-server{ISSUER}"),
        &*format!("/.well-known/openid-configuration{ISSUER}"),
        &*format!("{ISSUER}/.well-known/openid-configuration"),
    ] {
        let found = send("GET", path, ("mcp-protocol-version", "2025-11-25"));
        assert_eq!(found.headers()["access-control-allow-origin"], origin, "{path}");
        // RFC 9449 section 8: scripts read the nonce there.
        let exposed = found.headers()["access-control-expose-headers"].to_str().unwrap();
        assert!(exposed.contains("dpop-nonce"), "{exposed}");
        let asked = ("access-control-request-headers", "mcp-protocol-version");
        let allowed = send("OPTIONS", path, asked);
        assert_eq!(allowed.headers()["access-control-allow-headers"], asked.1, "{path}");
    }
}

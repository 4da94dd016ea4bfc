//! A service for applications whose access tokens are bound to a key (`DPoP`, RFC 9449): who steals a token cannot
//! use it.
//!
//! ```text
//! cargo run --example bound_tokens --features web,oidc,emulator
//! ```
//!
//! It listens on port 4100 of this machine, or the one in the variable `PORT`, and answers `GET /docs` to
//! applications with the scope `docs`, and to users. The variable `PUBLIC_URL` says by which URL clients know it, if
//! it stands behind a proxy.
//!
//! It serves the project named by `DESCOPE_PROJECT_ID`. Without one it runs offline against the emulator: an
//! application gets a token that is bound to its key, uses it, and fails in the ways of a thief. Then it ends.

use std::env;
use std::error::Error;
use std::thread;

use descope::emulator::Emulator;
use descope::oidc::{App, DpopKey, TokenOptions};
use descope::ureq::Agent;
use descope::web::{Access, Guard, GuardOptions, Proofs, Resource};
use descope::{Client, Secret};
use serde_json::json;
use tiny_http::{Header, Method, Request, Response, Server};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;
type Answer = Response<std::io::Cursor<Vec<u8>>>;

/// Answers requests until the process ends.
fn serve(server: &Server, guard: &Guard) {
    let access = Access::default().scopes(["docs"]);
    while let Ok(request) = server.recv() {
        let answer = answer(&request, guard, &access);
        // Where the client has gone away, nobody waits for the answer.
        let _ = request.respond(answer);
    }
}

fn answer(request: &Request, guard: &Guard, access: &Access) -> Answer {
    let path = request.url().split('?').next().unwrap_or_default();
    if (request.method(), path) != (&Method::Get, "/docs") {
        return Response::from_string("").with_status_code(404);
    }
    let tokens = guard.tokens_from(|name| {
        let headers = request.headers().iter().filter(move |header| header.field.equiv(name));
        headers.map(|header| header.value.as_str())
    });
    // A proof is for one method and URL.
    match guard.validate(&tokens.of_request(request.method().as_str(), path), access) {
        Ok(visitor) => Response::from_string(format!("hello, {}", visitor.claims.user_id())),
        Err(denied) => {
            let challenges = guard.challenges(&denied, access);
            let header = |value: &[u8]| Header::from_bytes("WWW-Authenticate", value).ok();
            let answer = Response::from_string(denied.to_string());
            let headers = challenges.iter().filter_map(|value| header(value.as_bytes()));
            headers.fold(answer, Response::with_header).with_status_code(denied.status().as_u16())
        }
    }
}

fn main() -> Result<()> {
    let offline = env::var_os("DESCOPE_PROJECT_ID").is_none_or(|id| id.is_empty());
    let emulator = offline.then(Emulator::new);
    let client = match &emulator {
        Some(emulator) => Client::builder().emulator(emulator).build()?,
        None => Client::from_env()?,
    };
    let port = if offline { 0 } else { env::var("PORT").map_or(Ok(4100), |port| port.parse())? };
    let server = Server::http(("127.0.0.1", port))?;
    let here = format!("http://{}", server.server_addr());
    let url = env::var("PUBLIC_URL").unwrap_or_else(|_| here.clone());
    // No header of a request says what the service's URL is: anyone can send any.
    let options = GuardOptions::default().proofs(Proofs::new(&url)?).resource(Resource::new(&url)?);
    let guard = Guard::with_options(&client, options)?;
    println!("Listening on {here}");
    let Some(emulator) = emulator else {
        serve(&server, &guard);
        return Ok(());
    };
    thread::spawn(move || serve(&server, &guard));
    use_it(&emulator, &client, &url)
}

/// What an application does, and what somebody who has stolen from it tries.
fn use_it(emulator: &Emulator, client: &Client, service: &str) -> Result<()> {
    emulator.seed(&json!({ "inboundApps": [{
        "id": "reader", "name": "Reader", "permissionsScopes": [{ "name": "docs" }],
        "state": { "clientId": "reader", "secrets": [{ "id": "s1", "cleartext": "a secret" }] },
    }] }))?;
    let app =
        App::inbound("reader").secret("a secret").resource(service).dpop(DpopKey::generate()?);
    let application = client.oidc(&app);
    let token = application.client_credentials(&TokenOptions::default().scopes(["docs"]))?;
    let token = token.access_token.expose();

    let url = &*format!("{service}/docs");
    let agent: Agent =
        Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let send = |scheme: &str, proof: Option<&str>| -> Result<u16> {
        let mut request = agent.get(url).header("Authorization", format!("{scheme} {token}"));
        if let Some(proof) = proof {
            request = request.header("DPoP", proof);
        }
        Ok(request.call()?.status().as_u16())
    };
    let proof = application.dpop_proof("GET", url, token)?;
    let elsewhere = application.dpop_proof("GET", "https://other.example.com/docs", token)?;
    for (case, scheme, proof, expected) in [
        ("the token with a proof", "DPoP", Some(&proof), 200),
        ("the same proof again", "DPoP", Some(&proof), 401),
        ("a proof for another service", "DPoP", Some(&elsewhere), 401),
        ("the token alone", "DPoP", None, 401),
        ("the token as a bearer token", "Bearer", None, 401),
    ] {
        let status = send(scheme, proof.map(Secret::expose))?;
        println!("{status} {case}");
        if status != expected {
            return Err(format!("{case}: {status} instead of {expected}").into());
        }
    }
    Ok(())
}

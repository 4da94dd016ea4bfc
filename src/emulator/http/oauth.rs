//! Requests to the authorization server, and its answers.

use super::dispatch::origin;
use super::engine::Engine;
use super::oauth_page;
use super::origin::Encrypted;
use super::reply::{insert, json, no_store, redirect};
use crate::emulator::api::oauth::asked::{Answer, Asked};
use crate::emulator::api::oauth::client;
use crate::emulator::api::oauth::place::{Place, find};
use crate::emulator::state::jose::Jws;
use crate::emulator::state::store::Store;
use crate::emulator::words::context::Context;
use crate::emulator::words::oauth::{Denial, Params};
use crate::transport::http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use crate::transport::http::{self, HeaderName, Method, StatusCode};
use crate::transport::{Request, Response};

const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Answers a request to the authorization server, if it is one.
pub(super) fn serve(engine: &Engine, request: &Request, real: Option<i64>) -> Option<Response> {
    let path = request.uri().path();
    let place = find(path)?;
    // With a bearer, the key set is an operation of the API, which checks it.
    if path.starts_with("/v2/keys/")
        && (!place.methods.contains(&method(request))
            || request.headers().contains_key(AUTHORIZATION))
    {
        return None;
    }
    let context = Context { origin: origin(request), real, ..engine.context() };
    Some(respond(request, &context, &mut engine.store(), &place))
}

fn respond(request: &Request, context: &Context<'_>, store: &mut Store, place: &Place) -> Response {
    let methods = place.methods;
    let is_page = request.uri().path().ends_with("/authorize");
    let answer = asked(request, context, place).and_then(|asked| (place.handler)(&asked, store));
    match answer {
        Ok(answer) => answered(request, answer),
        Err(denial) if is_page || request.uri().path().ends_with("/logout") => {
            oauth_page::refused(&denial)
        }
        Err(denial) => {
            let mut response = refused(&denial);
            if denial.status == StatusCode::METHOD_NOT_ALLOWED {
                insert(&mut response, ALLOW, &methods.join(", "));
            }
            response
        }
    }
}

/// What a user answers at the URL of an authorization endpoint, in place of a browser: allows all as this
/// user, or refuses. Returns where the browser goes.
pub(in crate::emulator) fn authorize(
    engine: &Engine,
    url: &str,
    login_id: Option<&str>,
) -> Result<String, Denial> {
    let missing = || Denial::missing("This is not the URL of an authorization endpoint");
    let mut request = http::Request::get(url).body(Vec::new()).map_err(|_| missing())?;
    if url.starts_with("https://") {
        request.extensions_mut().insert(Encrypted);
    }
    let path = request.uri().path();
    let place = find(path).filter(|_| path.ends_with("/authorize")).ok_or_else(missing)?;
    let context = Context { origin: origin(&request), ..engine.context() };
    let asked = asked(&request, &context, &place)?;
    let answer = (place.handler)(&asked, &mut engine.store())?;
    match answer {
        Answer::Redirect(url) => Ok(url),
        Answer::Ask(id) => engine.answer(&id, login_id)?.ok_or_else(missing),
        _ => Err(missing()),
    }
}

/// `HEAD` is `GET` without the body, which the server leaves out.
fn method(request: &Request) -> &str {
    if request.method() == Method::HEAD { "GET" } else { request.method().as_str() }
}

fn asked<'a>(
    request: &'a Request,
    context: &Context<'a>,
    place: &Place,
) -> Result<Asked<'a>, Denial> {
    let (method, path) = (method(request), request.uri().path());
    if !place.methods.contains(&method) {
        let denial = Denial::request(format!("{path} does not take {method}"));
        return Err(Denial { status: StatusCode::METHOD_NOT_ALLOWED, ..denial });
    }
    if place.project.as_ref().is_some_and(|id| *id != context.settings.project_id) {
        return Err(Denial::missing("There is no such project"));
    }
    let params = params(request, place)?;
    let Context { settings, now, real, .. } = *context;
    let context = Context { origin: context.origin.clone(), real, ..Context::new(settings, now) };
    Ok(Asked {
        url: format!("{}{path}", context.origin),
        context,
        door: place.door.clone(),
        params,
        headers: request.headers(),
        method,
        body: request.body(),
    })
}

/// Who may be the client of a request, by ID; or the project of its token, by the ID in the issuer. None of
/// this is verified.
pub(super) fn clients(request: &Request, place: &Place) -> Vec<String> {
    let params = params(request, place).unwrap_or_default();
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, credentials) = header.and_then(|h| h.split_once(' ')).unwrap_or_default();
    let mut clients: Vec<String> = params.get("client_id").map(str::to_owned).into_iter().collect();
    if scheme.eq_ignore_ascii_case("basic") {
        clients.extend(client::basic_ids(credentials));
    }
    let given = ["client_assertion", "id_token_hint", "token"].map(|name| params.get(name));
    for token in given.into_iter().flatten().chain([credentials]) {
        let claims = Jws::read(token);
        let issuer = claims.as_ref().map_or("", |claims| claims.text("iss"));
        clients.extend(issuer.split('/').rev().filter(|part| !part.is_empty()).map(str::to_owned));
    }
    clients
}

/// The parameters of a request to this endpoint.
pub(super) fn params(request: &Request, place: &Place) -> Result<Params, Denial> {
    match method(request) {
        "GET" => Params::form(request.uri().query().unwrap_or_default()),
        _ => body(request, place.json),
    }
}

/// The parameters of a body. Descope's description of its API says JSON, and RFC 6749 forms.
fn body(request: &Request, only_json: bool) -> Result<Params, Denial> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let is = |wanted: &str| kind.eq_ignore_ascii_case(wanted);
    if is("application/json") {
        // What more a registration has than parameters, its endpoint reads.
        return if only_json { Ok(Params::default()) } else { Params::json(request.body()) };
    }
    if !only_json && (is("application/x-www-form-urlencoded") || request.body().is_empty()) {
        let text = std::str::from_utf8(request.body());
        return Params::form(text.map_err(|_| Denial::request("The form is not UTF-8"))?);
    }
    let denial = Denial::request("The Content-Type is not one that this endpoint reads");
    Err(Denial { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, ..denial })
}

fn answered(request: &Request, answer: Answer) -> Response {
    match answer {
        Answer::Json(body) | Answer::Made(body) if body.get("keys").is_some() => {
            json(StatusCode::OK, body.to_string())
        }
        Answer::Json(body) => no_store(json(StatusCode::OK, body.to_string())),
        Answer::Made(body) => no_store(json(StatusCode::CREATED, body.to_string())),
        Answer::Done => no_store(Response::new(Vec::new())),
        Answer::Redirect(url) => redirect(&url),
        Answer::Ask(id) => oauth_page::begin(request, &id),
        Answer::SignedOut => oauth_page::signed_out(),
    }
}

fn refused(denial: &Denial) -> Response {
    let mut response = no_store(json(denial.status, denial.body().to_string()));
    if let Some(challenge) = &denial.challenge {
        insert(&mut response, WWW_AUTHENTICATE, challenge);
    }
    if let Some(nonce) = &denial.nonce {
        insert(&mut response, DPOP_NONCE, nonce);
    }
    response
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use serde_json::{Value, json};

    use crate::emulator::Emulator;
    use crate::emulator::testing::Random;
    use crate::transport::http::Request;

    const PATHS: [&str; 16] = [
        "/oauth2/v1/authorize",
        "/oauth2/v1/token",
        "/oauth2/v1/device",
        "/oauth2/v1/userinfo",
        "/oauth2/v1/revoke",
        "/oauth2/v1/logout",
        "/oauth2/v1/apps/authorize",
        "/oauth2/v1/apps/token",
        "/oauth2/v1/apps/device",
        "/oauth2/v1/apps/bc-authorize",
        "/oauth2/v1/apps/agentic/P2x/MS1/token",
        "/v1/mgmt/inboundapp/app/P2x/register",
        "/v1/mgmt/mcp/client/P2x/MS1/register",
        "/P2x/.well-known/openid-configuration",
        "/_emulator/consent",
        "/_emulator/device",
    ];
    const NAMES: [&str; 26] = [
        "grant_type",
        "code",
        "client_id",
        "client_secret",
        "redirect_uri",
        "code_verifier",
        "scope",
        "refresh_token",
        "device_code",
        "auth_req_id",
        "assertion",
        "client_assertion",
        "client_assertion_type",
        "subject_token",
        "subject_token_type",
        "resource",
        "audience",
        "login_hint",
        "response_type",
        "code_challenge",
        "code_challenge_method",
        "token",
        "user_code",
        "ask",
        "proof",
        "loginId",
    ];
    const VALUES: [&str; 23] = [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "P2x",
        "cli",
        "secret",
        "code",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:openid:params:grant-type:ciba",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "urn:ietf:params:oauth:token-type:access_token",
        "openid offline_access",
        "openid",
        "S256",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "http://127.0.0.1:7/cb",
        "ada",
        "%00%F0%9F%A6%80",
        "e30.e30.e30",
        "",
    ];

    /// Takes up what an answer holds, so that later requests get further.
    fn learn(known: &mut Vec<String>, answer: &Value) {
        for value in answer.as_object().into_iter().flat_map(|members| members.values()) {
            if let Some(text) = value.as_str().filter(|text| text.len() < 2000) {
                known.push(text.replace('+', "%2B"));
            }
        }
        let excess = known.len().saturating_sub(60);
        known.drain(..excess);
    }

    /// A request of which some parts make sense.
    fn some_request(random: &mut Random, known: &[String]) -> Option<Request<Vec<u8>>> {
        let path = *random.one_of(&PATHS);
        let mut pairs = Vec::new();
        for name in NAMES {
            let wanted = path.contains("token") && ["grant_type", "client_id"].contains(&name);
            if random.percent(if wanted { 95 } else { 12 }) {
                let value: &str = match name {
                    "client_id" if random.percent(70) => "cli",
                    "grant_type" if random.percent(70) => VALUES[random.below(3)],
                    _ if !known.is_empty() && random.percent(30) => {
                        &known[random.below(known.len())]
                    }
                    _ => VALUES[random.below(VALUES.len())],
                };
                pairs.push(format!("{name}={value}"));
            }
        }
        let form = pairs.join("&");
        let (get, json) = (random.percent(30), random.percent(10));
        let uri = if get { format!("{path}?{form}") } else { path.to_owned() };
        let kind = if json { "application/json" } else { "application/x-www-form-urlencoded" };
        let body = match (get, json) {
            (true, _) => String::new(),
            (_, true) => {
                let urls = json!(["http://127.0.0.1/"]);
                json!({ "client_id": "cli", "redirect_uris": urls, "grant_type": form }).to_string()
            }
            _ => form,
        };
        let request = Request::builder().method(if get { "GET" } else { "POST" }).uri(&uri);
        let request = request.header("content-type", kind).header("host", "localhost");
        request.body(body.into_bytes()).ok()
    }

    /// The answer to a code that a user allowed.
    fn some_tokens(emulator: &Emulator) -> Value {
        let url = "http://localhost/oauth2/v1/apps/authorize?response_type=code&client_id=cli\
                   &redirect_uri=http://127.0.0.1:7/cb&scope=openid%20offline_access\
                   &code_challenge_method=S256\
                   &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let back = emulator.oidc().authorize(url, "ada").unwrap();
        let code = back.split_once("code=").unwrap().1.split('&').next().unwrap();
        let form = format!(
            "grant_type=authorization_code&client_id=cli&code={code}&redirect_uri=http://127.0.0.1:7/cb\
             &code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        );
        let request = Request::post("/oauth2/v1/apps/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.into_bytes());
        serde_json::from_slice(emulator.handle(request.unwrap()).body()).unwrap()
    }

    fn seeded() -> Emulator {
        let emulator = Emulator::builder().project_id("P2x").build();
        let state = json!({ "clientId": "cli", "nonConfidentialClient": true, "secrets": [] });
        let urls = ["http://127.0.0.1/cb"];
        let app = json!({ "id": "cli", "name": "C", "approvedCallbackUrls": urls, "state": state });
        let server = json!({ "id": "MS1", "name": "M", "dynamicRegistration": true });
        let users = json!([{ "loginId": "ada" }]);
        let seed = json!({ "users": users, "inboundApps": [app], "mcpServers": [server] });
        emulator.seed(&seed).unwrap();
        emulator
    }

    #[test]
    fn no_request_breaks_the_authorization_server() {
        let (emulator, mut random) = (seeded(), Random(5));
        let (mut known, mut succeeded): (Vec<String>, _) = (Vec::new(), 0);
        for step in 0..3_000 {
            let Some(request) = some_request(&mut random, &known) else { continue };
            let line = format!("{} {}", request.uri(), String::from_utf8_lossy(request.body()));
            let response = catch_unwind(AssertUnwindSafe(|| emulator.handle(request)));
            let response = response.unwrap_or_else(|_| panic!("it panicked: {line}"));
            let status = response.status().as_u16();
            assert!(matches!(status, 200..=499), "{status} {line}");
            let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
            succeeded += usize::from(status < 400);
            learn(&mut known, &answer);
            if let Some(code) = answer["user_code"].as_str().filter(|_| step % 3 == 0) {
                emulator.oidc().approve_device(code, "ada").unwrap();
            }
            if step % 20 == 0 {
                learn(&mut known, &some_tokens(&emulator));
            }
            if step % 500 == 0 {
                emulator.store().check_indexes();
                assert!(emulator.export().is_object());
                emulator.advance(std::time::Duration::from_secs(30));
            }
        }
        assert!(succeeded > 200, "almost all that was tried was refused: {succeeded}");
    }
}

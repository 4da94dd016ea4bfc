//! Requests to the authorization server, and its answers.

use super::dispatch::origin;
use super::engine::Engine;
use super::oauth_page;
use crate::emulator::api::oauth::place::{Answer, Asked, Place, find};
use crate::emulator::state::store::Store;
use crate::emulator::words::context::Context;
use crate::emulator::words::oauth::{Denial, Params};
use crate::transport::http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION, WWW_AUTHENTICATE,
};
use crate::transport::http::{HeaderName, Method, StatusCode};
use crate::transport::{Request, Response};

const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Answers a request to the authorization server, if it is one.
pub(super) fn serve(engine: &Engine, request: &Request) -> Option<Response> {
    let path = request.uri().path();
    let place = find(path)?;
    // With a bearer, the key set is an operation of the API, which checks it.
    if path.starts_with("/v2/keys/")
        && (!place.methods.contains(&method(request))
            || request.headers().contains_key(AUTHORIZATION))
    {
        return None;
    }
    let context = Context { origin: origin(request), ..engine.context() };
    Some(respond(request, &context, &mut engine.store(), place))
}

fn respond(request: &Request, context: &Context<'_>, store: &mut Store, place: Place) -> Response {
    let methods = place.methods;
    let is_page = request.uri().path().ends_with("/authorize");
    let answer = asked(request, context, &place).and_then(|asked| (place.handler)(&asked, store));
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

/// Answers a request in the process, in place of a browser.
pub(in crate::emulator) fn ask(engine: &Engine, request: &Request) -> Result<Answer, Denial> {
    let missing = || Denial::missing("This is not the URL of an authorization endpoint");
    let path = request.uri().path();
    let place = find(path).filter(|_| path.ends_with("/authorize")).ok_or_else(missing)?;
    let context = Context { origin: origin(request), ..engine.context() };
    let asked = asked(request, &context, &place)?;
    (place.handler)(&asked, &mut engine.store())
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
    let params = match method {
        "GET" => Params::form(request.uri().query().unwrap_or_default())?,
        _ => body(request, place.json)?,
    };
    let context =
        Context { origin: context.origin.clone(), ..Context::new(context.settings, context.now) };
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

pub(super) fn redirect(url: &str) -> Response {
    let mut response = no_store(Response::new(Vec::new()));
    *response.status_mut() = StatusCode::SEE_OTHER;
    insert(&mut response, LOCATION, url);
    response
}

fn json(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(body.into_bytes());
    *response.status_mut() = status;
    insert(&mut response, CONTENT_TYPE, "application/json");
    response
}

pub(super) fn no_store(mut response: Response) -> Response {
    insert(&mut response, CACHE_CONTROL, "no-store");
    response
}

/// A value that cannot be in a header is left out.
pub(super) fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

//! The identity provider's page, for browsers.

use std::fmt::Write;

use super::{
    CHOICE, Emulator, Fields, Object, Provider, Refusal, Shape, Store, Visit, choose, parse, query,
};
use crate::emulator::error::Answer;
use crate::transport::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use crate::transport::http::{Method, StatusCode};
use crate::transport::{Request, Response};

/// Answers a request for one of the identity provider's pages.
pub(in crate::emulator) fn serve(emulator: &Emulator, request: &Request) -> Option<Response> {
    let answer = match request.uri().path() {
        "/_emulator/idp" => visit(emulator, request),
        "/_emulator/idp/done" => done(request),
        _ => return None,
    };
    Some(answer.unwrap_or_else(|refusal| {
        let message = refusal.body()["errorMessage"].as_str().unwrap_or_default().to_owned();
        let mut response = html("This did not work", &format!("<p>{}</p>", escape(&message)));
        *response.status_mut() = refusal.status;
        response
    }))
}

/// The page to choose a user from; or, once one is chosen, the way back.
fn visit(emulator: &Emulator, request: &Request) -> Answer<Response> {
    let choice = read(request)?;
    let (choice, now) = (Fields::new(&choice), emulator.now());
    let mut store = emulator.store();
    if choice.some_text("loginId").is_some() || choice.some_text("err").is_some() {
        return redirect(&choose(emulator.settings(), now, &mut store, choice)?);
    }
    let state = choice.text("state");
    let visit = store.idp.visits.iter().find(|of| of.state == state && now < of.expires);
    Ok(visit.ok_or_else(Refusal::visit_over)?.page(&store))
}

fn read(request: &Request) -> Answer<Object> {
    let form = request
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    match *request.method() {
        Method::GET | Method::HEAD => query(CHOICE, request.uri().query().unwrap_or_default()),
        Method::POST if form => {
            let text = std::str::from_utf8(request.body());
            query(CHOICE, text.map_err(|_| Refusal::malformed("The form is not UTF-8"))?)
        }
        Method::POST => parse(Shape::Object(CHOICE), request.body()),
        _ => Err(Refusal::wrong_method(request.method().as_str(), request.uri().path())),
    }
}

/// Where a sign-in without a redirect URL ends.
fn done(request: &Request) -> Answer<Response> {
    const FIELDS: &[super::Field] =
        &[super::optional("code", super::Kind::Text), super::optional("err", super::Kind::Text)];
    let fields = query(FIELDS, request.uri().query().unwrap_or_default())?;
    let fields = Fields::new(&fields);
    Ok(match (fields.some_text("code"), fields.some_text("err")) {
        (Some(code), _) => {
            html("You are back", &format!("<p>Code: <code id=code>{}</code></p>", escape(code)))
        }
        (None, error) => {
            let error = escape(error.unwrap_or("no code"));
            html("You are back", &format!("<p>Error: <code id=err>{error}</code></p>"))
        }
    })
}

fn redirect(url: &str) -> Answer<Response> {
    let location = HeaderValue::try_from(url);
    let location = location.map_err(|_| Refusal::argument("The redirectURL is no URL"))?;
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, location);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

impl Visit {
    fn page(&self, store: &Store) -> Response {
        let state = format!("<input type=hidden name=state value=\"{}\">", escape(&self.state));
        let mut page = String::from("<ul>");
        for user in &store.users {
            for login_id in &user.login_ids {
                let id = escape(login_id);
                let name = escape(&user.profile.name);
                // Writing to a string cannot fail.
                let _ = write!(
                    page,
                    "<li><form method=post>{state}<button name=loginId value=\"{id}\">{id}</button> \
                     {name}</form></li>"
                );
            }
        }
        let hint = escape(&self.login_hint);
        let _ = write!(
            page,
            "</ul><form method=post id=new>{state}\
             <p><label>Login ID <input name=loginId value=\"{hint}\" required></label>\
             <label>Name <input name=name></label>\
             <label>Groups <input name=groups placeholder=\"a, b\"></label>\
             <button>Sign in</button></p></form>\
             <form method=post>{state}<p><button name=err value=access_denied>Cancel</button></p>\
             </form>"
        );
        html(&self.title(store), &page)
    }

    fn title(&self, store: &Store) -> String {
        match &self.provider {
            Provider::OAuth(name) => format!("Sign in with {name}"),
            Provider::Sso { tenant, .. } => {
                let name = self.connection(store).map(|of| &*of.name).unwrap_or_default();
                let tenant = store.tenant(tenant).map_or(&**tenant, |tenant| &*tenant.name);
                format!("Sign in to {tenant} {name}").trim_end().to_owned()
            }
        }
    }
}

fn html(title: &str, body: &str) -> Response {
    let title = escape(title);
    let page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>\
         <meta name=viewport content=\"width=device-width\">\
         <style>body{{font:1rem system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}}\
         label{{display:block}}ul{{list-style:none;padding:0}}</style>\
         <h1>{title}</h1>{body}<p><small>This is the Descope emulator.</small></p></html>"
    );
    let mut response = Response::new(page.into_bytes());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

//! The identity provider's page, for browsers.

use std::fmt::Write;

use super::engine::Engine;
use super::parts::{self, Width, alert};
use crate::emulator::api::idp::{CHOICE, choose};
use crate::emulator::state::idp::{Provider, Visit};
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::fields::{Field, Fields, Kind, Object, Shape, optional, parse, query};
use crate::emulator::words::refusal::{Refusal, Result};
use crate::html::escape;
use crate::transport::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use crate::transport::http::{Method, StatusCode};
use crate::transport::{Request, Response};

const IDP: &str = "/_emulator/idp";
const DONE: &str = "/_emulator/idp/done";
/// Where the pages are.
pub(super) const PATHS: [&str; 2] = [IDP, DONE];

/// Answers a request for one of the identity provider's pages.
pub(in crate::emulator) fn serve(engine: &Engine, request: &Request) -> Option<Response> {
    let answer = match request.uri().path() {
        IDP => visit(engine, request),
        DONE => done(request),
        _ => return None,
    };
    Some(answer.unwrap_or_else(|refusal| {
        let message = refusal.body()["errorMessage"].as_str().unwrap_or_default().to_owned();
        parts::refused(refusal.status, &message)
    }))
}

/// The page to choose a user from; or, once one is chosen, the way back.
fn visit(engine: &Engine, request: &Request) -> Result<Response> {
    let choice = read(request)?;
    let (fields, context) = (Fields::new(&choice), engine.context());
    let mut store = engine.store();
    if fields.some_text("loginId").is_some() || fields.some_text("err").is_some() {
        return redirect(&choose(&context, &mut store, &choice)?);
    }
    let state = fields.text("state");
    if let Some(connecting) = store.applications.connecting(&context, state) {
        let app = store.applications.outbound.get(By::Id, &connecting.token.app);
        let title = format!("Connect with {}", app.map_or("", |app| &app.name));
        return Ok(page(&title, state, &connecting.login_hint, &store));
    }
    let visit = store.idp.visit(&context, state)?;
    Ok(page(&visit.title(&store), state, &visit.login_hint, &store))
}

/// The state of the visit that a request is for.
pub(super) fn state(request: &Request) -> Option<String> {
    let choice = read(request).ok()?;
    Fields::new(&choice).some_text("state").map(str::to_owned)
}

fn read(request: &Request) -> Result<Object> {
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
fn done(request: &Request) -> Result<Response> {
    const FIELDS: &[Field] =
        &[optional("app", Kind::Text), optional("code", Kind::Text), optional("err", Kind::Text)];
    let fields = query(FIELDS, request.uri().query().unwrap_or_default())?;
    let fields = Fields::new(&fields);
    Ok(match (fields.some_text("code"), fields.some_text("err")) {
        (Some(code), _) => html(
            "You are back",
            &format!(
                "<p>The sign-in worked, and named no page to return to. Your application exchanges this code:</p><p><code id=code>{}</code></p>",
                escape(code)
            ),
        ),
        (None, None) if fields.has("app") => html(
            "You are back",
            &format!(
                "<p>Connected: {}</p><p>You can close this window.</p>",
                escape(fields.text("app"))
            ),
        ),
        (None, error) => {
            let error = escape(error.unwrap_or("no code"));
            let failed = alert("The sign-in failed.");
            html("You are back", &format!("{failed}<p>Error: <code id=err>{error}</code></p>"))
        }
    })
}

fn redirect(url: &str) -> Result<Response> {
    let location = HeaderValue::try_from(url);
    let location = location.map_err(|_| Refusal::argument("The redirectURL is not a URL"))?;
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, location);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A page on which the user says who they are.
fn page(title: &str, state: &str, hint: &str, store: &Store) -> Response {
    let state = format!("<input type=hidden name=state value=\"{}\">", escape(state));
    let mut page = String::from(if store.users.iter().next().is_some() {
        "<p>Choose who signs in. Nothing is sent, and nobody needs a password here.</p><ul class=choices>"
    } else {
        "<p>There are no users yet. Enter whoever is to sign in: the account is created.</p><ul>"
    });
    for user in store.users.iter() {
        for login_id in &user.login_ids {
            let id = escape(login_id);
            let shown = match escape(&user.profile.name) {
                name if name.is_empty() => id.clone(),
                name => format!("{name} <small>{id}</small>"),
            };
            // Writing to a string cannot fail.
            let _ = write!(
                page,
                "<li><form method=post>{state}<button name=loginId value=\"{id}\">{shown}</button>\
                 </form></li>"
            );
        }
    }
    let hint = escape(hint);
    let _ = write!(
        page,
        "</ul><h2>Somebody else</h2><form method=post id=new>{state}\
         <label>Login ID, such as an e-mail address \
         <input name=loginId value=\"{hint}\" required></label>\
         <label>Name (optional) <input name=name></label>\
         <label>Groups (optional, with commas) <input name=groups placeholder=\"a, b\"></label>\
         <button class=main>Sign in</button></form>\
         <form method=post>{state}<button name=err value=access_denied>Cancel</button></form>"
    );
    html(title, &page)
}

impl Visit {
    fn title(&self, store: &Store) -> String {
        match &self.provider {
            Provider::OAuth(name) => format!("Sign in with {name}"),
            Provider::Sso { tenant, .. } => {
                let settings = self.provider.settings(store).ok().flatten();
                let name = settings.map(|settings| &*settings.display_name).unwrap_or_default();
                let tenant = store.tenant(tenant).map_or(&**tenant, |tenant| &*tenant.name);
                format!("Sign in to {tenant} {name}").trim_end().to_owned()
            }
        }
    }
}

fn html(title: &str, body: &str) -> Response {
    parts::html(StatusCode::OK, title, Width::Card, body)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::emulator::Emulator;
    use crate::transport::http::Request;
    use crate::transport::http::request::Builder;

    const START: &str = "/v1/auth/oauth/authorize?provider=google&redirectURL=https://app.example";

    fn url(emulator: &Emulator, query: &str) -> String {
        let started = emulator.post(&format!("{START}{query}"), &json!({}));
        started.1["url"].as_str().unwrap_or_else(|| panic!("{started:?}")).to_owned()
    }

    fn send(emulator: &Emulator, request: Builder, body: &str) -> (u16, String, String) {
        let response = emulator.handle(request.body(body.as_bytes().to_vec()).unwrap());
        let location = response.headers().get(LOCATION);
        let location = location.map_or("", |location| location.to_str().unwrap()).to_owned();
        let body = String::from_utf8(response.body().clone()).unwrap();
        (response.status().as_u16(), location, body)
    }

    #[test]
    fn the_page_lists_the_users_and_writes_nothing_raw() {
        let emulator = Emulator::new();
        let user = json!({ "loginId": "a\"><script>", "displayName": "<b>Ada's & co</b>" });
        emulator.seed(&json!({ "users": [user, { "loginId": "al" }] })).unwrap();
        let url = url(&emulator, "&loginHint=%3Ci%3E");
        let (status, _, page) = send(&emulator, Request::get(&url), "");
        assert_eq!(status, 200);
        assert!(page.contains("<title>Sign in with google</title>"));
        assert!(page.contains("value=\"a&quot;&gt;&lt;script&gt;\""));
        assert!(page.contains("&lt;b&gt;Ada&#39;s &amp; co&lt;/b&gt;"));
        assert!(page.contains("value=\"al\"") && page.contains("value=\"&lt;i&gt;\""));
        for raw in ["<script", "<b>", "<i>"] {
            assert!(!page.contains(raw), "{raw}");
        }
        assert_eq!(send(&emulator, Request::get(&url), "").0, 200, "it can be loaded again");
    }

    #[test]
    fn a_choice_comes_by_link_by_form_and_as_json() {
        let emulator = Emulator::new();
        let state = |url: &str| url.split_once("state=").unwrap().1.to_owned();
        let goes_back = |(status, location, _): (u16, String, String)| {
            assert_eq!(status, 302);
            let code = location.strip_prefix("https://app.example?code=").unwrap().to_owned();
            emulator.post("/v1/auth/oauth/exchange", &json!({ "code": code })).1
        };
        let link = format!("{}&loginId=ada%40example.com", url(&emulator, ""));
        let session = goes_back(send(&emulator, Request::get(&link), ""));
        assert_eq!(session["user"]["email"], "ada@example.com");

        let form = Request::post("/_emulator/idp")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        let body = format!(
            "state={}&loginId=al%40example.com&name=Al+Khwarizmi&groups=a%2C+b%2C",
            state(&url(&emulator, ""))
        );
        let session = goes_back(send(&emulator, form, &body));
        assert_eq!(session["user"]["name"], "Al Khwarizmi");
        assert_eq!(session["idpResponse"]["idpGroups"], json!(["a", "b"]));
        let claims = json!({ "sub": "al@example.com", "email": "al@example.com",
            "name": "Al Khwarizmi" });
        assert_eq!(session["idpResponse"]["idpOIDCClaims"], claims);

        let body = json!({ "state": state(&url(&emulator, "")), "loginId": "ada@example.com" });
        let session =
            goes_back(send(&emulator, Request::post("/_emulator/idp"), &body.to_string()));
        assert_eq!(session["firstSeen"], false);
    }

    #[test]
    fn the_page_of_a_service_connects_an_account_once() {
        let emulator = Emulator::new();
        let app = json!({ "id": "a/b", "name": "<Calendar>" });
        emulator.seed(&json!({ "users": [{ "loginId": "ada" }], "outboundApps": [app] })).unwrap();
        let session = emulator.sign_in("ada").unwrap();
        let token = session["refreshJwt"].as_str().unwrap();
        let body = json!({ "appId": "a/b", "options": { "loginHint": "<hint>" } });
        let (_, answer) = emulator.send("POST", "/v1/outbound/oauth/connect", token, &body);
        let url = answer["url"].as_str().unwrap();
        let (status, _, page) = send(&emulator, Request::get(url), "");
        assert_eq!(status, 200);
        assert!(page.contains("<title>Connect with &lt;Calendar&gt;</title>"), "{page}");
        assert!(page.contains("value=\"&lt;hint&gt;\"") && !page.contains("<hint>"));
        let link = format!("{url}&loginId=account");
        let (status, location, _) = send(&emulator, Request::get(&link), "");
        assert_eq!(status, 302);
        assert!(location.ends_with("/_emulator/idp/done?app=a%2Fb"), "{location}");
        let (_, _, page) = send(&emulator, Request::get(&location), "");
        assert!(page.contains("Connected: a/b"), "{page}");
        assert_eq!(send(&emulator, Request::get(&link), "").0, 400, "the visit has ended");
    }

    #[test]
    fn what_makes_no_sense_is_said_on_a_page() {
        let emulator = Emulator::new();
        let url = url(&emulator, "");
        let cancelled = send(&emulator, Request::get(format!("{url}&err=access_denied")), "");
        assert_eq!(cancelled.1, "https://app.example?err=access_denied");
        for (request, status) in [
            (Request::get(&url), 400),
            (Request::get("/_emulator/idp?state=x"), 400),
            (Request::get("/_emulator/idp"), 400),
            (Request::get("/_emulator/idp?state=x&colour=red"), 400),
            (Request::delete("/_emulator/idp?state=x"), 405),
        ] {
            let (found, _, page) = send(&emulator, request, "");
            assert_eq!(found, status, "{page}");
            assert!(page.starts_with("<!doctype html>"), "{page}");
        }
        let done = |query: &str| {
            send(&emulator, Request::get(format!("/_emulator/idp/done?{query}")), "").2
        };
        assert!(done("code=%3Cc%3E").contains("<code id=code>&lt;c&gt;</code>"));
        assert!(done("err=no").contains("<code id=err>no</code>"));
    }
}

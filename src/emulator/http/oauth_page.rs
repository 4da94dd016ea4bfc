//! The pages on which users answer the clients of the authorization server. They have no scripts.
//!
//! A page belongs to the browser that it was first shown in: its cookie is not sent with forms of other
//! sites, and their value in each form is one that only a page of this emulator can know.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::engine::Engine;
use super::origin::is_same_origin;
use super::parts::{self, Width, alert, button, field, hidden, main_button};
use super::reply::{insert, redirect};
use crate::emulator::api::oauth::decide;
use crate::emulator::api::oauth::{backchannel, device};
use crate::emulator::state::oauth::{Ask, shown_code, user_code};
use crate::emulator::state::oauth_client::Client;
use crate::emulator::state::oauth_grant;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::context::Context;
use crate::emulator::words::digest::digest;
use crate::emulator::words::oauth::{Denial, Params};
use crate::emulator::words::random;
use crate::html::escape;
use crate::transport::http::header::{COOKIE, SET_COOKIE};
use crate::transport::http::{Method, StatusCode};
use crate::transport::{Request, Response};

/// Where users enter the code of a device, and where they answer.
pub(super) const PATHS: [&str; 2] = [device::PAGE, backchannel::PAGE];
const COOKIE_NAME: &str = "descope-emulator-consent";

/// Answers a request for one of these pages.
pub(super) fn serve(engine: &Engine, request: &Request) -> Option<Response> {
    let path = request.uri().path();
    if !PATHS.contains(&path) {
        return None;
    }
    let answer = Visit::read(request).and_then(|visit| {
        let (context, mut store) = (engine.context(), engine.store());
        match (path == device::PAGE, visit.posted) {
            (true, false) => Ok(visit.enter_code(None)),
            (true, true) => visit.code_entered(&context, &mut store),
            (false, false) => visit.show(&context, &mut store, None),
            (false, true) => visit.decide(&context, &mut store),
        }
    });
    Some(answer.unwrap_or_else(|denial| refused(&denial)))
}

/// Whether a request for a page is about something that a client asked this project.
pub(super) fn is_about(store: &Store, request: &Request) -> bool {
    let asks = &store.applications.oauth.asks;
    let body = std::str::from_utf8(request.body()).unwrap_or_default();
    let params = [request.uri().query().unwrap_or_default(), body].map(Params::form);
    let mut params = params.into_iter().flatten();
    params.any(|params| {
        params.get("ask").is_some_and(|id| asks.get(By::Id, id).is_some())
            || params.get("user_code").is_some_and(|c| asks.get(By::Name, user_code(c)).is_some())
    })
}

/// Sends a browser to the page of a new request.
pub(super) fn begin(request: &Request, id: &str) -> Response {
    let mut response = redirect(&format!("{}?ask={id}", backchannel::PAGE));
    if browser(request).is_none() {
        set_cookie(&mut response, &random::token());
    }
    response
}

/// What users are told of a request that cannot be answered.
pub(super) fn refused(denial: &Denial) -> Response {
    parts::refused(denial.status, &denial.description)
}

pub(super) fn signed_out() -> Response {
    html(StatusCode::OK, "You are signed out", "<p>You can close this window.</p>")
}

fn set_cookie(response: &mut Response, value: &str) {
    // The requests begin outside of the pages, and must find the cookie too: a second one would else replace it.
    let cookie = format!("{COOKIE_NAME}={value}; Path=/; HttpOnly; SameSite=Lax");
    insert(response, SET_COOKIE, &cookie);
}

/// The value of the browser's cookie.
fn browser(request: &Request) -> Option<String> {
    let cookies = request.headers().get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';'));
    pairs.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE_NAME && value.len() >= 32).then(|| value.to_owned())
    })
}

/// A browser at a page.
struct Visit {
    /// Its cookie; a new one if it brought none.
    browser: String,
    is_new: bool,
    posted: bool,
    params: Params,
}

impl Visit {
    fn read(request: &Request) -> Result<Self, Denial> {
        let posted = match *request.method() {
            Method::GET | Method::HEAD => false,
            Method::POST => true,
            _ => {
                let denial = Denial::request("This page takes GET and POST");
                return Err(Denial { status: StatusCode::METHOD_NOT_ALLOWED, ..denial });
            }
        };
        let known = browser(request);
        let text = if posted {
            std::str::from_utf8(request.body()).unwrap_or_default()
        } else {
            request.uri().query().unwrap_or_default()
        };
        let visit = Self {
            is_new: known.is_none(),
            browser: known.unwrap_or_else(random::token),
            posted,
            params: Params::form(text)?,
        };
        if posted && (visit.is_new || !is_same_origin(request) || !visit.has_proof()) {
            let denial = Denial::request("The form does not come from a page of this browser");
            return Err(Denial { status: StatusCode::FORBIDDEN, ..denial });
        }
        Ok(visit)
    }

    /// What only a page in this browser holds.
    fn proof(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&format!("form {}", self.browser)))
    }

    fn has_proof(&self) -> bool {
        let given = self.params.get("proof").unwrap_or_default();
        digest(given) == digest(&self.proof())
    }

    fn page(&self, title: &str, body: &str) -> Response {
        let mut response = html(StatusCode::OK, title, body);
        if self.is_new {
            set_cookie(&mut response, &self.browser);
        }
        response
    }

    fn form(&self, path: &str, ask: Option<&str>, inner: &str) -> String {
        let ask = ask.map(|id| hidden("ask", id)).unwrap_or_default();
        let proof = hidden("proof", &self.proof());
        format!("<form method=post action=\"{path}\">{proof}{ask}{inner}</form>")
    }

    fn enter_code(&self, wrong: Option<&str>) -> Response {
        let given = self.params.get("user_code").unwrap_or_default();
        let code = field("user_code", "Code", given, "autocomplete=off autocapitalize=characters");
        let inner = format!("{code}{}", main_button("", "", "Continue"));
        let form = self.form(device::PAGE, None, &inner);
        let wrong = wrong.map(alert).unwrap_or_default();
        self.page(
            "Connect a device",
            &format!("{wrong}<p>Enter the code that your device shows.</p>{form}"),
        )
    }

    fn code_entered(&self, context: &Context<'_>, store: &mut Store) -> Result<Response, Denial> {
        if !store.applications.oauth.may_guess(context.now) {
            let denial = Denial::request("Too many wrong codes: wait a minute");
            return Err(Denial { status: StatusCode::TOO_MANY_REQUESTS, ..denial });
        }
        let code = self.params.get("user_code").unwrap_or_default();
        match decide::by_user_code(context, store, code).map(|ask| ask.id.clone()) {
            Ok(id) => {
                self.bind(store, &id);
                Ok(redirect(&format!("{}?ask={id}", backchannel::PAGE)))
            }
            Err(denial) => {
                store.applications.oauth.guessed_wrong(context.now);
                Ok(self.enter_code(Some(&denial.description)))
            }
        }
    }

    fn bind(&self, store: &mut Store, id: &str) {
        if let Some(mut ask) = store.applications.oauth.asks.edit(By::Id, id) {
            ask.browser = Some(digest(&self.browser));
        }
    }

    /// The request that this browser is about. Another browser's is not shown.
    fn ask(&self, context: &Context<'_>, store: &mut Store) -> Result<Ask, Denial> {
        let id = self.params.required("ask")?;
        let ask = decide::find(context, store, id)?;
        match ask.browser {
            Some(browser) if browser != digest(&self.browser) => {
                let denial = Denial::request("This was begun in another browser");
                Err(Denial { status: StatusCode::FORBIDDEN, ..denial })
            }
            Some(_) => Ok(ask.clone()),
            None => {
                let ask = ask.clone();
                self.bind(store, id);
                Ok(ask)
            }
        }
    }

    /// The page to say who one is; or, once that is said, the one to allow or refuse.
    fn show(
        &self,
        context: &Context<'_>,
        store: &mut Store,
        wrong: Option<&str>,
    ) -> Result<Response, Denial> {
        let ask = self.ask(context, store)?;
        let client = oauth_grant::client(context, store, &ask.wish)?;
        let wrong = wrong.map(alert).unwrap_or_default();
        let Some(user) = ask.user.as_deref().and_then(|user| store.user(user)) else {
            let title = format!("Sign in to {}", client.name);
            return Ok(self.page(&title, &format!("{wrong}{}", self.users(store, &ask))));
        };
        let who = user.login_ids.first().map_or("", |login_id| login_id);
        let title = format!("Allow {}?", client.name);
        Ok(self.page(&title, &format!("{wrong}{}", self.consent(&ask, &client, who))))
    }

    fn users(&self, store: &Store, ask: &Ask) -> String {
        let users = store.users.iter().filter(|user| user.may_sign_in().is_ok()).take(50);
        let buttons: String = users
            .filter_map(|user| {
                let id = user.login_ids.first()?;
                let name = if user.profile.name.is_empty() { id } else { &user.profile.name };
                let small = if name == id {
                    String::new()
                } else {
                    format!(" <small>{}</small>", escape(id))
                };
                Some(format!(
                    "<li>{}</li>",
                    button("loginId", id, &format!("{}{small}", escape(name)))
                ))
            })
            .collect();
        let list = if buttons.is_empty() {
            "<p>There are no users yet. Sign up in your application, or seed a user; then load this \
             page again.</p>"
                .to_owned()
        } else {
            format!(
                "<p>Choose who signs in. No password is needed here.</p><ul class=choices>{buttons}</ul>"
            )
        };
        let login_id = field("loginId", "Login ID", &ask.login_hint, "autocomplete=username");
        let by_id = format!("<h2>Somebody else</h2>{login_id}{}", main_button("", "", "Sign in"));
        let cancel = button("deny", "1", "Cancel");
        [list, by_id, cancel]
            .map(|inner| self.form(backchannel::PAGE, Some(&ask.id), &inner))
            .concat()
    }

    fn consent(&self, ask: &Ask, client: &Client, who: &str) -> String {
        let (name, who) = (escape(&client.name), escape(who));
        let mut body = format!("<p><b>{name}</b> wants to act for <b>{who}</b>.</p>");
        if let Some(poll) = ask.poll() {
            if let Some(code) = &poll.user_code {
                body += "<p>Go on only if your device shows this code: <code id=code class=big>";
                body += &shown_code(code);
                body += "</code></p>";
            }
            if !poll.message.is_empty() {
                body += "<p id=message>";
                body += &escape(&poll.message);
                body += "</p>";
            }
        }
        let scopes: String = ask.wish.scopes.iter().map(|scope| {
            let known = client.scope(scope);
            let text = escape(known.map_or(scope, |known| &known.description));
            let scope = escape(scope);
            if known.is_some_and(|known| known.optional) {
                format!("<li><label class=choice><input type=checkbox name=\"scope {scope}\" value=1 checked> \
                    {text}</label></li>")
            } else {
                format!("<li>{text}</li>")
            }
        }).collect();
        if !scopes.is_empty() {
            body += "<p>It may then:</p>";
        }
        let buttons =
            format!("{}{}", main_button("allow", "1", "Allow"), button("deny", "1", "Deny"));
        let inner = format!("<ul class=scopes>{scopes}</ul>{buttons}");
        body + &self.form(backchannel::PAGE, Some(&ask.id), &inner)
    }

    fn decide(&self, context: &Context<'_>, store: &mut Store) -> Result<Response, Denial> {
        let ask = self.ask(context, store)?;
        if let Some(login_id) = self.params.get("loginId") {
            if let Err(denial) = decide::choose(context, store, &ask.id, login_id) {
                return self.show(context, store, Some(&denial.description));
            }
            let chosen = decide::find(context, store, &ask.id)?;
            if !decide::is_granted(context, store, chosen) {
                return Ok(redirect(&format!("{}?ask={}", backchannel::PAGE, ask.id)));
            }
            return self.end(decide::allow(context, store, &ask.id, |_| false)?, "Allowed");
        }
        if self.params.has("deny") {
            return self.end(decide::deny(context, store, &ask.id)?, "Denied");
        }
        if !self.params.has("allow") {
            return self.show(context, store, Some("Allow or deny"));
        }
        let unchecked = |scope: &crate::emulator::state::oauth_client::Scope| {
            !self.params.has(&format!("scope {}", scope.name))
        };
        self.end(decide::allow(context, store, &ask.id, unchecked)?, "Allowed")
    }

    /// Sends the browser back, or tells the user to go back to the device.
    fn end(&self, url: Option<String>, title: &str) -> Result<Response, Denial> {
        let done = "<p>Go back to where you came from. You can close this window.</p>";
        Ok(url.map_or_else(|| self.page(title, done), |url| redirect(&url)))
    }
}

fn html(status: StatusCode, title: &str, body: &str) -> Response {
    parts::html(status, title, Width::Card, body)
}

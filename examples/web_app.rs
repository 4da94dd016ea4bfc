//! A web service with a login, on a small blocking HTTP server.
//!
//! ```text
//! cargo run --example web_app --features web,emulator -- [--check]
//! ```
//!
//! Open <http://localhost:3000>, or the port in the variable `PORT`. Users sign in by a code that comes
//! by e-mail; one page is for everyone who has signed in, and one for those with the role `Editor`.
//!
//! It serves the project named by `DESCOPE_PROJECT_ID`. Without one it runs offline against the
//! emulator and shows the codes on the page: `grace@example.com` is an editor there, anyone else is
//! not. With `--check` it uses itself as a browser would, and ends.

use std::error::Error;
use std::io::Read;
use std::sync::Arc;
use std::thread;

use descope::auth::DeliveryMethod::Email;
use descope::emulator::Emulator;
use descope::transport::http::HeaderValue;
use descope::web::{self, Access, Denied, Guard, RequestTokens};
use descope::{Claims, Client, Scope};
use percent_encoding::percent_decode_str;
use serde_json::json;
use tiny_http::{Header, Method, Request, Response, Server};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// Requests that are answered at the same time.
const THREADS: usize = 8;
/// Bytes of a form that are read.
const FORM_LIMIT: u64 = 8 * 1024;

/// What all threads share.
pub struct App {
    client: Client,
    guard: Guard,
    editors: Access,
    /// Where the codes go offline.
    emulator: Option<Emulator>,
}

/// An answer in the making.
struct Page {
    status: u16,
    html: String,
    cookies: Vec<HeaderValue>,
    headers: Vec<(&'static str, String)>,
}

impl App {
    /// The service, of the project in the environment or of an emulator.
    pub(crate) fn new(emulator: Option<Emulator>) -> Result<Self> {
        let client = match &emulator {
            Some(emulator) => Client::builder().emulator(emulator).build()?,
            None => Client::from_env()?,
        };
        let guard = Guard::new(&client);
        Ok(Self { client, guard, editors: Access::default().roles(["Editor"]), emulator })
    }

    /// Answers requests until the process ends.
    pub fn serve(self, server: Server) {
        let (app, server) = (Arc::new(self), Arc::new(server));
        for _ in 0..THREADS {
            let (app, server) = (Arc::clone(&app), Arc::clone(&server));
            thread::spawn(move || {
                while let Ok(mut request) = server.recv() {
                    let page = app.answer(&mut request);
                    // Where the browser has gone away, nobody waits for the answer.
                    let _ = request.respond(page.into_response());
                }
            });
        }
    }

    fn answer(&self, request: &mut Request) -> Page {
        let path = request.url().split('?').next().unwrap_or_default().to_owned();
        match (request.method(), &*path) {
            (Method::Get, "/") => self.guarded(request, &Access::default(), home),
            (Method::Get, "/reports") => self.guarded(request, &self.editors, reports),
            (Method::Get, "/login") => Page::new(200, LOGIN),
            // Cookies come along with the requests of other sites too, and so could a code.
            (Method::Post, _) if !is_from_here(request) => Page::new(403, "<h1>Not from here</h1>"),
            (Method::Post, "/login") => self.send_code(&read_form(request)),
            (Method::Post, "/verify") => self.verify(&read_form(request)),
            (Method::Post, "/logout") => self.logout(request),
            _ => Page::new(404, "<h1>There is no such page</h1>"),
        }
    }

    /// A page for those who may see it.
    fn guarded(&self, request: &Request, access: &Access, show: fn(&Claims) -> String) -> Page {
        match self.guard.validate_and_refresh(&self.tokens(request), access) {
            Ok(visitor) => Page::new(200, show(&visitor.claims)).cookies(visitor.set_cookies),
            Err(denied) => {
                let html = match denied.status().as_u16() {
                    401 => LOGIN,
                    403 => NOT_FOR_YOU,
                    _ => "<h1>Please try again in a moment</h1>",
                };
                Page::denied(&denied, html)
            }
        }
    }

    /// This server has a header type of its own.
    fn tokens(&self, request: &Request) -> RequestTokens {
        self.guard.tokens_from(|name| {
            let headers = request.headers().iter();
            headers
                .filter(move |header| header.field.equiv(name))
                .map(|header| header.value.as_str())
        })
    }

    fn send_code(&self, form: &str) -> Page {
        let email = field(form, "email");
        match self.client.auth().otp().sign_up_or_in(Email, &email, &Default::default()) {
            Ok(sent_to) => Page::new(200, self.ask_for_code(&email, &format!("to {sent_to}"))),
            Err(error) => Page::failed(&error, "This is no e-mail address we can write to."),
        }
    }

    fn ask_for_code(&self, email: &str, sent: &str) -> String {
        let message = self.emulator.as_ref().and_then(|emulator| emulator.inbox().last_to(email));
        let offline = message.and_then(|message| message.code).map_or(String::new(), |code| {
            format!("<p>Offline, no mail is sent: the code is <b id=code>{code}</b>.</p>")
        });
        format!(
            "<h1>Your code</h1><p>We have sent a code {sent}.</p>{offline}\
             <form method=post action=/verify><input type=hidden name=email value=\"{email}\">\
             <label>Code <input name=code inputmode=numeric autocomplete=one-time-code required autofocus>\
             </label><button class=main>Sign in</button></form>",
            sent = escape(sent),
            email = escape(email),
        )
    }

    fn verify(&self, form: &str) -> Page {
        let (email, code) = (field(form, "email"), field(form, "code"));
        let verified = self.client.auth().otp().verify(Email, &email, &code);
        match verified.and_then(|signed_in| self.guard.set_cookies(&signed_in)) {
            Ok(cookies) => Page::redirect("/").cookies(cookies),
            Err(error) => Page::failed(&error, "This is not the code, or no longer."),
        }
    }

    fn logout(&self, request: &Request) -> Page {
        match self.guard.logout(&self.tokens(request)) {
            Ok(cookies) => Page::redirect("/").cookies(cookies),
            // The browser forgets the session, but whoever has a copy of it can go on: say so.
            Err(denied) => Page::denied(&denied, LOGGED_OUT_HERE),
        }
    }
}

/// The look of the emulator's own pages: light and dark, from the width of a phone on.
const STYLE: &str = include_str!("../src/style.css");

const LOGIN: &str = "<h1>Please sign in</h1><p>You get a code by e-mail, and need no password.</p>\
    <form method=post action=/login><label>Your e-mail address \
    <input type=email name=email placeholder=you@example.com autocomplete=email required autofocus>\
    </label><button class=main>Send me a code</button></form>";

const NOT_FOR_YOU: &str = "<h1>This is not for you</h1><p>Only editors may read it.</p>\
    <p><a href='/'>Back</a></p>";

const LOGGED_OUT_HERE: &str = "<h1>You are logged out of this browser</h1>\
    <p>The session itself could not be ended now. It will end when it expires.</p>\
    <p><a href='/'>Back</a></p>";

fn home(claims: &Claims) -> String {
    format!(
        "<h1>Welcome</h1><p>You are <b id=user>{}</b>, {}.</p><p><a href=/reports>Reports</a></p>\
         <form method=post action=/logout><button>Log out</button></form>",
        escape(claims.user_id()),
        if claims.has_roles(Scope::Project, ["Editor"]) { "an editor" } else { "a reader" },
    )
}

fn reports(_: &Claims) -> String {
    "<h1>Reports</h1><p>For the eyes of editors only.</p>".to_owned()
}

impl Page {
    fn new(status: u16, html: impl Into<String>) -> Self {
        Self { status, html: html.into(), cookies: Vec::new(), headers: Vec::new() }
    }

    /// After a `POST`, so that going back does not repeat it.
    fn redirect(path: &str) -> Self {
        Self::new(303, "").header("Location", Some(path))
    }

    /// With everything that goes with the refusal: new cookies, or those that clear them, and headers.
    fn denied(denied: &Denied, html: &str) -> Self {
        let wait = denied.retry_after().map(|wait| wait.as_secs().to_string());
        Self::new(denied.status().as_u16(), html)
            .cookies(denied.set_cookies().to_vec())
            .header("WWW-Authenticate", denied.challenge())
            .header("Retry-After", wait)
    }

    fn failed(error: &descope::Error, what: &str) -> Self {
        let status = web::status(error).as_u16();
        let what = match status {
            429 => "There were too many tries. Please wait a little.",
            500.. => "Please try again in a moment.",
            _ => what,
        };
        Self::new(status, format!("<h1>Sorry</h1><p>{what}</p><p><a href=/login>Back</a></p>"))
    }

    fn header(mut self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        self.headers.extend(value.map(|value| (name, value.into())));
        self
    }

    fn cookies(mut self, cookies: Vec<HeaderValue>) -> Self {
        self.cookies.extend(cookies);
        self
    }

    fn into_response(self) -> Response<impl Read> {
        let html = format!(
            "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Reports</title>\
             <meta name=viewport content=\"width=device-width,initial-scale=1\">\
             <style>{STYLE}</style><body class=card><main>{}</main>",
            self.html
        );
        let fixed = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Cache-Control", "no-store"),
            (
                "Content-Security-Policy",
                "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
            ),
        ];
        let fixed = fixed.iter().map(|(name, value)| Header::from_bytes(*name, *value));
        let own =
            self.headers.iter().map(|(name, value)| Header::from_bytes(*name, value.as_bytes()));
        let cookies =
            self.cookies.iter().map(|cookie| Header::from_bytes("Set-Cookie", cookie.as_bytes()));
        fixed
            .chain(own)
            .chain(cookies)
            .flatten()
            .fold(Response::from_string(html), Response::with_header)
            .with_status_code(self.status)
    }
}

/// Whether a form of this site sent the request. Browsers say so in `Origin`, and pages of other sites
/// cannot change it.
fn is_from_here(request: &Request) -> bool {
    let header = |name| request.headers().iter().find(|header| header.field.equiv(name));
    match (header("Origin"), header("Host")) {
        (Some(origin), Some(host)) => {
            let origin = origin.value.as_str().split_once("://");
            origin.is_some_and(|(_, origin)| origin == host.value.as_str())
        }
        _ => false,
    }
}

/// A form, as far as it is not too long.
fn read_form(request: &mut Request) -> String {
    let mut form = String::new();
    let read = request.as_reader().take(FORM_LIMIT).read_to_string(&mut form);
    read.map_or(String::new(), |_| form)
}

/// A field of a form; empty if it is not there.
fn field(form: &str, name: &str) -> String {
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.filter(|(found, _)| *found == name).map(|(_, value)| value).next();
    let spaced = value.unwrap_or_default().replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().trim().to_owned()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// An emulator with an editor.
pub(crate) fn emulator() -> Result<Emulator> {
    let emulator = Emulator::new();
    let grace = json!({
        "loginId": "grace@example.com", "email": "grace@example.com", "roleNames": ["Editor"],
    });
    emulator.seed(&json!({ "roles": [{ "name": "Editor" }], "users": [grace] }))?;
    Ok(emulator)
}

fn main() -> Result<()> {
    let check = std::env::args().any(|argument| argument == "--check");
    let offline = check || std::env::var_os("DESCOPE_PROJECT_ID").is_none_or(|id| id.is_empty());
    let emulator = offline.then(emulator).transpose()?;
    let app = App::new(emulator.clone())?;
    let port = match std::env::var("PORT") {
        _ if check => 0,
        Ok(port) => port.parse()?,
        Err(_) => 3000,
    };
    let server = Server::http(("127.0.0.1", port))?;
    let port = server.server_addr().to_ip().map_or(port, |address| address.port());
    println!("Listening on http://localhost:{port}");
    app.serve(server);
    match emulator {
        Some(emulator) if check => check::run(port, &emulator),
        _ => loop {
            thread::park();
        },
    }
}

/// The service, used as a browser would.
mod check {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use descope::emulator::{Emulator, Fault};

    use super::Result;

    struct Browser {
        agent: ureq::Agent,
        origin: String,
        cookies: BTreeMap<String, String>,
    }

    pub(super) fn run(port: u16, emulator: &Emulator) -> Result<()> {
        for (login_id, reports) in [("ada@example.com", 403), ("grace@example.com", 200)] {
            let agent = ureq::Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .proxy(None)
                .build()
                .into();
            let origin = format!("http://127.0.0.1:{port}");
            let mut browser = Browser { agent, origin, cookies: BTreeMap::new() };
            println!("-- {login_id}");
            browser.get("/", 401)?;
            browser.post("/login", &format!("email={login_id}"), 200)?;
            browser.post("/verify", &format!("email={login_id}&code=wrong"), 401)?;
            let message = emulator.inbox().last_to(login_id).and_then(|message| message.code);
            let code = message.ok_or("no code was sent")?;
            browser.post("/verify", &format!("email={login_id}&code={code}"), 303)?;
            browser.get("/", 200)?;
            browser.get("/reports", reports)?;
            emulator.advance(Duration::from_secs(60 * 60));
            println!("   an hour later");
            let old = browser.cookies.get("DS").cloned();
            browser.get("/", 200)?;
            if browser.cookies.get("DS").cloned() == old {
                return Err("the session was not refreshed".into());
            }
            emulator.advance(Duration::from_secs(60 * 60));
            emulator.fault(Fault::status(500).at("/v1/auth/refresh"));
            println!("   an hour later, in an outage");
            browser.get("/", 503)?;
            emulator.fault(Fault::html(403).at("/v1/auth/logout"));
            let kept = browser.cookies.clone();
            browser.post("/logout", "", 503)?;
            browser.get("/", 401)?;
            emulator.clear_faults();
            println!("   the same session, later");
            browser.cookies = kept;
            browser.get("/", 200)?;
            browser.post("/logout", "", 303)?;
            browser.get("/", 401)?;
        }
        Ok(())
    }

    impl Browser {
        fn get(&mut self, path: &str, expected: u16) -> Result<()> {
            let request = self.agent.get(format!("{}{path}", self.origin));
            let answer = request.header("cookie", self.cookie_header()).call()?;
            self.note(&format!("GET {path}"), &answer, expected)
        }

        fn post(&mut self, path: &str, form: &str, expected: u16) -> Result<()> {
            let request = self.agent.post(format!("{}{path}", self.origin));
            let request = request.header("cookie", self.cookie_header());
            let answer = request.header("origin", &self.origin).send(form)?;
            self.note(&format!("POST {path}"), &answer, expected)
        }

        fn cookie_header(&self) -> String {
            let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            pairs.collect::<Vec<_>>().join("; ")
        }

        fn note<B>(
            &mut self,
            what: &str,
            answer: &ureq::http::Response<B>,
            expected: u16,
        ) -> Result<()> {
            let status = answer.status().as_u16();
            println!("   {what}: {status}");
            for cookie in answer.headers().get_all("set-cookie") {
                let pair = cookie.to_str()?.split(';').next().and_then(|pair| pair.split_once('='));
                match pair {
                    Some((name, "")) => drop(self.cookies.remove(name)),
                    Some((name, value)) => {
                        self.cookies.insert(name.to_owned(), value.to_owned());
                    }
                    None => return Err("a cookie without a name".into()),
                }
            }
            if status == expected { Ok(()) } else { Err(format!("expected {expected}").into()) }
        }
    }
}

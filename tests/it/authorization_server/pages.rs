//! The pages, in a browser without scripts.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::TcpStream;

use super::*;

/// Follows redirects within the emulator, and keeps its cookie.
pub(super) struct Browser<'a> {
    server: &'a Server,
    cookie: RefCell<String>,
}

impl<'a> Browser<'a> {
    pub(super) fn new(server: &'a Server) -> Self {
        Self { server, cookie: RefCell::default() }
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let cookie = self.cookie.borrow().clone();
        let kind = [("content-type", "application/x-www-form-urlencoded"), ("cookie", &*cookie)];
        let headers: Vec<_> = headers.iter().copied().chain(kind).collect();
        let answer = self.server.send(method, path, &headers, body);
        let set = answer.header("set-cookie");
        if !set.is_empty() {
            assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{set}");
            set.split(';').next().unwrap().clone_into(&mut self.cookie.borrow_mut());
        }
        match answer.header("location") {
            next if next.starts_with('/') => self.send("GET", next, &[], ""),
            _ => answer,
        }
    }

    pub(super) fn open(&self, url: &str) -> Response {
        self.send("GET", url.strip_prefix("http://localhost").unwrap_or(url), &[], "")
    }

    /// Sends the form of a page, with these fields beside the hidden ones.
    pub(super) fn submit(&self, page: &Response, fields: &[(&str, &str)]) -> Response {
        let (path, body) = filled(page, fields);
        self.send("POST", &path, &[], &body)
    }
}

/// Where the form of a page goes, and what it sends.
fn filled(page: &Response, fields: &[(&str, &str)]) -> (String, String) {
    let after = |from: &str| {
        let at = page.text.find(from).map(|at| at + from.len());
        at.map(|at| page.text[at..].split('"').next().unwrap().to_owned())
    };
    let hidden = ["proof", "ask"].map(|name| (name, after(&format!("name={name} value=\""))));
    let hidden = hidden.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
    let all: Vec<_> = hidden.chain(fields.iter().copied()).collect();
    (after("action=\"").unwrap_or_else(|| panic!("{}", page.text)), form(&all))
}

fn device(server: &Server) -> Response {
    let pairs = [("client_id", "cli"), ("scope", "openid docs extra")];
    server.post(&format!("{INBOUND}/device"), &pairs).ok()
}

pub(super) fn device_of(server: &Server, client: &str) -> Response {
    let pairs = [("client_id", client), ("scope", "openid docs")];
    server.post(&format!("{INBOUND}/device"), &pairs).ok()
}

fn poll(server: &Server, started: &Response) -> Response {
    let code = ("device_code", started.text("device_code"));
    server.token(&[("grant_type", DEVICE), code, ("client_id", "cli")])
}

#[test]
fn a_user_signs_in_sees_the_scopes_and_allows_some() {
    let server = Server::start();
    let browser = Browser::new(&server);
    let url = server.url(INBOUND, &[("scope", "openid docs extra")]);
    let page = browser.open(&url);
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Sign in to The cli") && page.text.contains(ADA));
    let wrong = browser.submit(&page, &[("loginId", "nobody")]);
    assert!(wrong.text.contains("role=alert") && wrong.text.contains("No user has this login ID"));
    let consent = browser.submit(&page, &[("loginId", ADA)]);
    assert!(consent.text.contains("Allow The cli?"), "{}", consent.text);
    assert!(consent.text.contains("Read your documents") && consent.text.contains("type=checkbox"));
    // The optional scope is not checked.
    let back = browser.submit(&consent, &[("allow", "1")]);
    assert_eq!(back.status, 303);
    let code = parameter(back.header("location"), "code").unwrap();
    assert_eq!(server.redeem(&code, &[]).ok().text("scope"), "openid docs");

    // What was allowed before is not asked again; what is more, is; and all where the client wants it so.
    let signed_in = |changes: &[(&str, &str)]| {
        let page = browser.open(&server.url(INBOUND, changes));
        browser.submit(&page, &[("loginId", ADA)])
    };
    assert_eq!(signed_in(&[("scope", "openid docs")]).status, 303);
    assert_eq!(signed_in(&[("scope", "openid docs extra")]).status, 200);
    assert_eq!(signed_in(&[("scope", "openid docs"), ("prompt", "consent")]).status, 200);
    let page = browser.open(&url);
    let denied = browser.submit(&page, &[("deny", "1")]);
    assert_eq!(parameter(denied.header("location"), "error").unwrap(), "access_denied");
    assert_eq!(browser.submit(&page, &[("allow", "1")]).status, 400, "it has been answered");
}

#[test]
fn a_device_code_is_entered_confirmed_and_answered() {
    let server = Server::start();
    let browser = Browser::new(&server);
    let started = device(&server);
    let page = browser.open(started.text("verification_uri_complete"));
    assert!(page.text.contains(&format!("value=\"{}\"", started.text("user_code"))));
    let wrong = browser.submit(&page, &[("user_code", "BCDF-BCDF")]);
    assert!(wrong.text.contains("No device shows this code"), "{}", wrong.text);
    let users = browser.submit(&page, &[("user_code", started.text("user_code"))]);
    poll(&server, &started).refused(400, "authorization_pending");
    let consent = browser.submit(&users, &[("loginId", ADA)]);
    // A link alone allows nothing, and the code is shown to be compared.
    let code = format!("<code id=code class=big>{}</code>", started.text("user_code"));
    assert!(consent.text.contains(&code), "{}", consent.text);
    let done = browser.submit(&consent, &[("allow", "1"), ("scope extra", "1")]);
    assert!(done.text.contains("You can close this window"), "{}", done.text);
    server.wait(5);
    assert_eq!(poll(&server, &started).ok().text("scope"), "openid docs extra");

    // Though all was allowed before, the next device is asked about.
    let next = device(&server);
    let page = browser.open(next.text("verification_uri"));
    let users = browser.submit(&page, &[("user_code", next.text("user_code"))]);
    let consent = browser.submit(&users, &[("loginId", ADA)]);
    assert!(consent.text.contains(">Deny</button>"), "{}", consent.text);
    browser.submit(&consent, &[("deny", "1")]);
    poll(&server, &next).refused(400, "access_denied");
}

#[test]
fn user_codes_are_not_guessed() {
    let server = Server::start();
    let browser = Browser::new(&server);
    let started = device(&server);
    let page = browser.open(started.text("verification_uri"));
    let statuses: Vec<u16> =
        (0..30).map(|_| browser.submit(&page, &[("user_code", "BCDF-BCDF")]).status).collect();
    assert!(statuses.iter().filter(|status| **status == 200).count() <= 20, "{statuses:?}");
    let right = [("user_code", started.text("user_code"))];
    assert_eq!(browser.submit(&page, &right).status, 429);
    server.wait(61);
    assert_eq!(browser.submit(&page, &right).status, 200);
}

#[test]
fn the_user_who_was_asked_by_the_backchannel_answers() {
    let server = Server::start();
    let browser = Browser::new(&server);
    let own = [("client_id", "partner"), ("client_secret", "partner secret:+%")];
    let ask = [("scope", "openid"), ("login_hint", ADA), ("binding_message", "<b>7 EUR</b>")];
    let pairs: Vec<_> = own.into_iter().chain(ask).collect();
    let asked = server.post(&format!("{INBOUND}/bc-authorize"), &pairs).ok();
    let link = server.0.inbox().last_to(ADA).unwrap().link.unwrap();
    let page = browser.open(&link);
    assert!(page.text.contains("&lt;b&gt;7 EUR&lt;/b&gt;") && page.text.contains(ADA));
    let other = browser.submit(&page, &[("loginId", "al")]);
    assert!(other.text.contains("Another user is asked"), "{}", other.text);
    browser.submit(&page, &[("allow", "1")]);
    let id = ("auth_req_id", asked.text("auth_req_id"));
    let pairs: Vec<_> = own.into_iter().chain([("grant_type", CIBA), id]).collect();
    server.token(&pairs).ok();
}

#[test]
fn pages_are_not_framed_run_no_scripts_and_escape_all_texts() {
    let server = Server::start();
    server.0.seed(&json!({
        "users": [{ "loginId": "<script>", "displayName": "\"><img src=x>" }],
        "inboundApps": [{
            "id": "x", "name": "<script>alert(1)</script>", "approvedCallbackUrls": [CALLBACK],
            "permissionsScopes": [{ "name": "docs", "description": "<i>all</i>", "optional": true }],
            "state": { "clientId": "x", "secrets": [] },
        }],
    })).unwrap();
    let browser = Browser::new(&server);
    let hint = [("login_hint", "\"><script>")];
    let own = [("client_id", "x"), ("redirect_uri", CALLBACK), ("scope", "docs")];
    let changes: Vec<_> = own.into_iter().chain(hint).collect();
    let users = browser.open(&server.url(INBOUND, &changes));
    let consent = browser.submit(&users, &[("loginId", "<script>")]);
    let device = browser.open("/_emulator/device?user_code=%22%3E%3Cscript%3E");
    let refused = browser.open("/_emulator/consent?ask=%3Cscript%3E");
    for (page, status) in [(users, 200), (consent, 200), (device, 200), (refused, 400)] {
        assert_eq!(page.status, status);
        for raw in ["<script", "<img", "<i>", "onclick"] {
            assert!(!page.text.contains(raw), "{raw}: {}", page.text);
        }
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("referrer-policy"), "same-origin");
        let (_, body) = page.text.split_once("</style>").unwrap();
        let labelled = body.matches("<label").count();
        let inputs = body.matches("<input").count() - body.matches("type=hidden").count();
        assert_eq!(labelled, inputs, "{}", page.text);
    }
}

#[test]
fn a_form_comes_from_a_page_of_the_same_browser() {
    let server = Server::start();
    let browser = Browser::new(&server);
    let page = browser.open(&server.url(INBOUND, &[]));
    let (path, body) = filled(&page, &[("loginId", ADA)]);
    let without_proof = body.replace("proof=", "other=");
    for (what, headers, body) in [
        ("another origin", &[("origin", "https://evil.example")][..], &body),
        ("no origin of its own", &[("origin", "null")], &body),
        ("cross-site", &[("sec-fetch-site", "cross-site")], &body),
        ("without the proof of the page", &[], &without_proof),
    ] {
        let answer = browser.send("POST", &path, headers, body);
        assert_eq!(answer.status, 403, "{what}: {}", answer.text);
    }
    // Another browser, as one that a stranger lures to the page that they began.
    let other = Browser::new(&server);
    assert_eq!(other.send("POST", &path, &[], &body).status, 403);
    let ask = body.split("ask=").nth(1).unwrap().split('&').next().unwrap();
    let opened = other.open(&format!("/_emulator/consent?ask={ask}"));
    assert_eq!(opened.status, 403, "{}", opened.text);
}

/// Status and body of a request on a socket.
fn on_a_port(address: std::net::SocketAddr, head: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{head}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer[9..12].parse().unwrap(), answer)
}

#[test]
fn on_a_port_only_this_machine_answers() {
    let server = Server::start();
    let port = server.0.serve().unwrap();
    let address = port.address();
    let get = |host: &str| {
        on_a_port(address, &format!("GET /_emulator/device HTTP/1.1\r\nhost: {host}")).0
    };
    assert_eq!((get("localhost"), get("emulator.test")), (200, 200));
    let post = |path: &str, host: &str, more: &str| {
        let head = format!("POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0{more}");
        on_a_port(address, &head).0
    };
    for path in ["/_emulator/device", "/_emulator/consent", "/_emulator/oidc/device"] {
        assert_eq!(post(path, "evil.example", ""), 403, "{path}");
        assert_eq!(post(path, "localhost", "\r\norigin: https://evil.example"), 403, "{path}");
    }
    // The endpoints are for programs of any host.
    assert_eq!(post("/oauth2/v1/token", "emulator.test", ""), 400);
    let head = "HEAD /v2/keys/P2project HTTP/1.1\r\nhost: localhost";
    let (status, answer) = on_a_port(address, head);
    assert_eq!((status, answer.ends_with("\r\n\r\n")), (200, true), "{answer}");
}

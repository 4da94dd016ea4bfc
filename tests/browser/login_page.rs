//! The login page with Descope's component, in whose place the test has one that signs in at once.

use std::io::Read;

use descope::emulator::Emulator;
use descope::transport::http::HeaderValue;
use descope::web::{Access, Guard, GuardOptions, LoginPage};
use descope::{AuthInfo, Client};
use tiny_http::{Header, Method, Request, Response, Server};

use crate::webdriver::Browser;

const TITLE: &str = "A </title><script>document.title = 'gone'</script> \"&amp;' title";
const FAILURE: &str = "Sorry <b>&";

/// A site with this login page, for as long as the process runs.
fn serve(guard: Guard, component: String) -> String {
    let server = Server::http(("127.0.0.1", 0)).unwrap();
    let port = server.server_addr().to_ip().unwrap().port();
    std::thread::spawn(move || {
        for mut request in server.incoming_requests() {
            let (status, kind, body, cookies) = answer(&guard, &component, &mut request);
            // Nothing but what the page itself needs.
            let policy = "default-src 'none'; script-src 'nonce-r4nd0m'; connect-src 'self'";
            let fixed = [("Content-Type", kind), ("Content-Security-Policy", policy)];
            let fixed = fixed.map(|(name, value)| Header::from_bytes(name, value).unwrap());
            let cookies = cookies.iter().map(HeaderValue::as_bytes);
            let cookies = cookies.map(|value| Header::from_bytes("Set-Cookie", value).unwrap());
            let response = Response::from_string(body).with_status_code(status);
            let response = fixed.into_iter().chain(cookies).fold(response, Response::with_header);
            let _ = request.respond(response);
        }
    });
    format!("http://localhost:{port}")
}

fn answer(
    guard: &Guard,
    component: &str,
    request: &mut Request,
) -> (u16, &'static str, String, Vec<HeaderValue>) {
    let html = "text/html; charset=utf-8";
    let credentials = guard.tokens_from(|name| {
        let headers = request.headers().iter();
        headers.filter(move |header| header.field.equiv(name)).map(|header| header.value.as_str())
    });
    match (request.method(), request.url()) {
        (Method::Get, "/login") => {
            let page = LoginPage::new("sign-up-or-in", "/session")
                .then("/home?from=\"login\"".replace('"', "%22"))
                .title(TITLE)
                .failure(FAILURE)
                .nonce("r4nd0m")
                .component("/wc.js");
            (200, html, guard.login_page(&page).unwrap(), Vec::new())
        }
        (Method::Get, "/wc.js") => (200, "text/javascript", component.to_owned(), Vec::new()),
        (Method::Post, "/session") => {
            let mut body = String::new();
            request.as_reader().take(8192).read_to_string(&mut body).unwrap();
            match guard.accept_login(&credentials, &body) {
                Ok(visitor) => (204, html, String::new(), visitor.set_cookies),
                Err(denied) => (denied.status().as_u16(), html, denied.to_string(), Vec::new()),
            }
        }
        _ => match guard.validate_and_refresh(&credentials, &Access::default()) {
            Ok(visitor) => {
                let user = visitor.claims.user_id().to_owned();
                (200, html, format!("<title>{user}</title>"), visitor.set_cookies)
            }
            Err(denied) => (denied.status().as_u16(), html, denied.to_string(), Vec::new()),
        },
    }
}

/// A component that signs in with these tokens as soon as it is there, before the rest of its page is.
fn component(session: &str, refresh: &str) -> String {
    format!(
        "customElements.define('descope-wc', class extends HTMLElement {{
            connectedCallback() {{
                this.dispatchEvent(new CustomEvent('success', {{
                    detail: {{ sessionJwt: '{session}', refreshJwt: '{refresh}' }},
                }}));
            }}
        }});"
    )
}

fn world() -> (Emulator, Guard, AuthInfo) {
    world_with(GuardOptions::default())
}

fn world_with(options: GuardOptions) -> (Emulator, Guard, AuthInfo) {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let (otp, email) = (client.auth().otp(), descope::auth::DeliveryMethod::Email);
    otp.sign_up_or_in(email, "ada@example.com", &Default::default()).unwrap();
    let code = emulator.inbox().last_to("ada@example.com").unwrap().code.unwrap();
    let info = otp.verify(email, "ada@example.com", &code).unwrap();
    (emulator, Guard::with_options(&client, options).unwrap(), info)
}

#[test]
#[ignore = "needs chromedriver"]
fn the_tokens_end_up_in_cookies_that_scripts_cannot_read() {
    let (_emulator, guard, info) = world();
    let component = component(info.session_token(), info.refresh_token().unwrap());
    let (origin, browser) = (serve(guard, component), Browser::start());
    browser.open(&format!("{origin}/login"));
    let url = browser.wait_for("/home?");
    assert!(url.ends_with("/home?from=%22login%22"), "{url}");
    browser.has_title(&info.user.user_id);
    let cookies = browser.send("/cookie", None);
    assert_eq!(cookies.as_array().unwrap().len(), 2);
    for cookie in cookies.as_array().unwrap() {
        assert!(cookie["httpOnly"] == true && cookie["secure"] == true, "{cookie}");
        assert_eq!(cookie["sameSite"], "Strict");
    }
    assert_eq!(browser.run("return document.cookie", &[]), "");
}

#[test]
#[ignore = "needs chromedriver"]
fn the_browser_keeps_names_with_a_prefix() {
    let options = GuardOptions::default()
        .session_cookies(["__Host-DS"])
        .refresh_cookies(["__Host-DSR"])
        .domain("example.com");
    let (_emulator, guard, info) = world_with(options);
    let component = component(info.session_token(), info.refresh_token().unwrap());
    let (origin, browser) = (serve(guard, component), Browser::start());
    browser.open(&format!("{origin}/login"));
    browser.wait_for("/home?");
    browser.has_title(&info.user.user_id);
}

#[test]
#[ignore = "needs chromedriver"]
fn tokens_that_are_refused_leave_a_message_and_no_cookie() {
    let (_emulator, guard, info) = world();
    let forged = info.session_token().replace("eyJ", "eyK");
    let (origin, browser) = (serve(guard, component(&forged, "")), Browser::start());
    browser.open(&format!("{origin}/login"));
    browser.text("[role=alert]:not([hidden])");
    assert_eq!(browser.text("[role=alert]"), FAILURE);
    browser.has_title(TITLE);
    assert!(browser.url().ends_with("/login"));
    assert_eq!(browser.send("/cookie", None), serde_json::json!([]));
}

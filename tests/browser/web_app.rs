//! The example `web_app`, used in a browser: what it shows, and the cookies as the browser keeps them.

use std::time::Duration;

use descope::emulator::Emulator;
use serde_json::{Value, json};
use tiny_http::Server;

use crate::app;
use crate::webdriver::Browser;

#[allow(dead_code, unreachable_pub, reason = "written as a program of its own")]
#[path = "../../examples/web_app.rs"]
mod example;

const ADA: &str = "ada@example.com";
const HOUR: Duration = Duration::from_secs(3600);

/// Starts the example, and returns its origin.
fn serve(emulator: &Emulator) -> String {
    let server = Server::http(("127.0.0.1", 0)).unwrap();
    let port = server.server_addr().to_ip().unwrap().port();
    example::App::new(Some(emulator.clone())).unwrap().serve(server);
    // Cookies with `Secure` are for HTTPS, and for this name.
    format!("http://localhost:{port}")
}

fn sign_in(browser: &Browser, origin: &str, login_id: &str) {
    browser.open(&format!("{origin}/login"));
    browser.type_in("[name=email]", login_id);
    browser.click("button");
    let code = browser.text("#code");
    browser.type_in("[name=code]", &code);
    browser.click("button");
    browser.text("#user");
}

/// The status of the page that is shown.
#[track_caller]
fn status(browser: &Browser) -> u64 {
    let script = "return performance.getEntriesByType('navigation')[0].responseStatus";
    browser.run(script, &[]).as_u64().unwrap()
}

#[track_caller]
fn shows(browser: &Browser, url: &str, expected: u64, heading: &str) {
    browser.open(url);
    browser.has_heading(heading);
    assert_eq!(status(browser), expected);
}

/// The cookies that the browser keeps for the page.
fn cookies(browser: &Browser) -> [Value; 2] {
    let all = browser.send("/cookie", None);
    let named = |name: &str| all.as_array().unwrap().iter().find(|of| of["name"] == name);
    assert_eq!(all.as_array().unwrap().len(), 2, "{all}");
    ["DS", "DSR"].map(|name| named(name).unwrap_or_else(|| panic!("{all}")).clone())
}

#[test]
#[ignore = "needs chromedriver"]
fn sign_in_see_lack_a_role_stay_and_log_out() {
    let emulator = example::emulator().unwrap();
    let (origin, browser) = (serve(&emulator), Browser::start());
    let (home, reports) = (format!("{origin}/"), format!("{origin}/reports"));
    shows(&browser, &home, 401, "Please sign in");

    sign_in(&browser, &origin, ADA);
    assert_eq!((browser.url(), status(&browser)), (home.clone(), 200));
    let user = emulator.export()["users"].as_array().unwrap().len();
    assert_eq!(user, 2, "Grace was there, and Ada has signed up");
    shows(&browser, &reports, 403, "This is not for you");

    // What the browser has kept is what was asked for.
    let before = cookies(&browser);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for cookie in &before {
        for (attribute, expected) in [
            ("secure", json!(true)),
            ("httpOnly", json!(true)),
            ("sameSite", json!("Strict")),
            ("path", json!("/")),
            ("domain", json!("localhost")),
        ] {
            assert_eq!(cookie[attribute], expected, "{attribute}");
        }
        let days = (cookie["expiry"].as_u64().unwrap() - now) / (24 * 3600);
        assert!((27..=28).contains(&days), "{days}");
    }
    assert_eq!(browser.run("return document.cookie", &[]), "");

    // An hour later the session has expired, and is refreshed.
    emulator.advance(HOUR);
    shows(&browser, &home, 200, "Welcome");
    let after = cookies(&browser);
    assert_ne!(after[0]["value"], before[0]["value"]);
    assert_eq!(after[1]["value"], before[1]["value"]);
    for attribute in ["secure", "httpOnly", "sameSite", "path", "domain"] {
        assert_eq!(after[0][attribute], before[0][attribute]);
    }

    browser.click("button");
    browser.has_heading("Please sign in");
    assert_eq!((browser.url(), status(&browser)), (home.clone(), 401));
    assert_eq!(browser.send("/cookie", None), json!([]));

    sign_in(&browser, &origin, "grace@example.com");
    shows(&browser, &reports, 200, "Reports");
}

#[test]
#[ignore = "needs chromedriver"]
fn rotated_refresh_tokens_stay_in_their_cookie() {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).build();
    let (origin, browser) = (serve(&emulator), Browser::start());
    sign_in(&browser, &origin, ADA);
    for path in ["/", "/", "/reports", "/"] {
        let before = cookies(&browser);
        emulator.advance(HOUR);
        browser.open(&format!("{origin}{path}"));
        // A page that is refused brings the new cookies too.
        assert_eq!(status(&browser), if path == "/" { 200 } else { 403 });
        let after = cookies(&browser);
        assert!((0..2).all(|cookie| after[cookie]["value"] != before[cookie]["value"]));
    }
}

#[test]
#[ignore = "needs chromedriver"]
fn another_site_can_neither_act_nor_see() {
    let emulator = example::emulator().unwrap();
    let (origin, browser) = (serve(&emulator), Browser::start());
    sign_in(&browser, &origin, ADA);
    let elsewhere = app::serve().replace("localhost", "127.0.0.1");
    let submit = "
        const form = document.createElement('form');
        Object.assign(form, { method: 'post', action: given[0] });
        document.documentElement.append(form);
        form.submit();";
    for path in ["/logout", "/login", "/verify"] {
        browser.open(&elsewhere);
        browser.run(submit, &[&format!("{origin}{path}")]);
        browser.wait_for(path);
        browser.has_heading("Not from here");
        assert_eq!(status(&browser), 403);
    }
    // Nor does a link from there bring the cookies along.
    browser.open(&elsewhere);
    browser.run("location.assign(given[0])", &[&origin]);
    browser.wait_for(&origin);
    browser.has_heading("Please sign in");
    assert_eq!(status(&browser), 401);
    shows(&browser, &origin, 200, "Welcome");
}

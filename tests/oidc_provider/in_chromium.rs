//! A sign-in through a real browser, which clicks on the provider's pages: on another device, and on this one.

use std::thread;
use std::time::Duration;

use descope::oidc::{AuthorizeOptions, LoopbackOptions, TokenOptions, Tokens, WaitOptions};
use descope::{Result, codes};

use super::webdriver::Browser;
use super::{refused, setup};

const SCOPES: [&str; 3] = ["openid", "email", "offline_access"];

/// Does what a person does on the provider's pages, until there is nothing left to click.
fn click_through(browser: &Browser, user_code: &str) {
    for _ in 0..10 {
        let what = browser.run(
            "const is = (css) => document.querySelector(css);
             return is('input[name=login]') ? 'login' : is('input[name=user_code][type=text]') ? 'code'
               : is('button[type=submit]') ? 'button' : 'end';",
            &[],
        );
        match what.as_str().unwrap() {
            "login" => {
                browser.type_in("input[name=login]", "ada");
                browser.type_in("input[name=password]", "x");
            }
            "code" => browser.type_in("input[name=user_code]", user_code),
            "button" => {}
            _ => return,
        }
        browser.click("button[type=submit]");
    }
    panic!("the provider does not come to an end: {}", browser.url());
}

#[test]
#[ignore = "run by .ci/oidc"]
fn a_sign_in_on_another_device() {
    let (_provider, client, app) = setup("cli");
    let oidc = client.oidc(&app);
    let options = TokenOptions::default().scopes(SCOPES);
    let device = oidc.start_device(&options).unwrap();
    assert_eq!(device.interval, Duration::from_secs(5));
    assert!(device.verification_uri_complete.is_some());
    // Nobody has come yet: one request, and then it is given up.
    let mut looks = 0;
    let early = oidc.wait_for_device(&device, &WaitOptions::default(), || {
        looks += 1;
        looks < 2
    });
    assert!(early.unwrap().is_none());
    let browser = Browser::start();
    browser.open(&device.verification_uri);
    click_through(&browser, &device.user_code);
    let tokens = oidc.wait_for_device(&device, &WaitOptions::default(), || true);
    let tokens = tokens.unwrap().unwrap();
    assert_eq!(tokens.claims.as_ref().unwrap().subject(), "ada");
    assert_eq!(oidc.user_info(&tokens).unwrap().subject, "ada");
    assert!(tokens.refresh_token.is_some());
    // The code is good once.
    let again = oidc.wait_for_device(&device, &WaitOptions::default(), || true);
    refused(again, codes::INVALID_GRANT);

    let device = oidc.start_device(&options).unwrap();
    browser.open(device.verification_uri_complete.as_ref().unwrap());
    browser.click("button[name=abort]");
    let outcome = oidc.wait_for_device(&device, &WaitOptions::default(), || true);
    assert!(refused(outcome, codes::ACCESS_DENIED).is_access_denied());
}

/// A sign-in through the listener, and what the browser shows in the end.
fn through_the_listener(
    client_id: &str,
    person: impl FnOnce(&Browser) + Send,
) -> (Result<Option<Tokens>>, String) {
    let (_provider, client, app) = setup(client_id);
    let authorize = AuthorizeOptions::default().scopes(SCOPES).prompt("consent");
    let options = LoopbackOptions::default().path("/cb").authorize(authorize);
    let loopback = client.oidc(&app).loopback(&options).unwrap();
    let url = loopback.url().to_owned();
    thread::scope(|scope| {
        let browser = scope.spawn(move || {
            let browser = Browser::start();
            browser.open(&url);
            person(&browser);
            browser.wait_for("/cb?");
            browser.text("h1")
        });
        let options = WaitOptions::default().deadline(Duration::from_secs(120));
        let outcome = loopback.wait(&options, || !browser.is_finished());
        (outcome, browser.join().unwrap())
    })
}

#[test]
#[ignore = "run by .ci/oidc"]
fn a_sign_in_on_this_machine() {
    let (tokens, shown) = through_the_listener("cli", |browser| click_through(browser, ""));
    let tokens = tokens.unwrap().unwrap();
    assert_eq!(tokens.claims.unwrap().subject(), "ada");
    assert!(tokens.refresh_token.is_some());
    assert_eq!(shown, "You are signed in");

    let refuse = |browser: &Browser| browser.click("a[href$='/abort']");
    let (outcome, shown) = through_the_listener("cli", refuse);
    assert!(refused(outcome, codes::ACCESS_DENIED).is_access_denied());
    assert_eq!(shown, "The sign-in failed");
}

//! The emulator's own page, as people use it.

use descope::auth::DeliveryMethod::Email;
use descope::auth::LinkSignUpOrInOptions;
use descope::clock::Clock;

use crate::webdriver::Browser;
use crate::{ADA, app, check_session, emulator};

#[test]
#[ignore = "needs chromedriver"]
fn a_link_in_the_inbox_signs_in_and_the_clock_and_faults_are_steered() {
    let (emulator, server, client) = emulator();
    let (app, browser) = (app::serve(), Browser::start());
    browser.open(&server.base_url());
    browser.has_title("Descope emulator");
    assert!(browser.text("pre").contains(emulator.project_id()), "it says how to begin");

    let links = client.auth().magic_link();
    let options = LinkSignUpOrInOptions::default().redirect_url(format!("{app}/callback"));
    links.sign_up_or_in(Email, ADA, &options).unwrap();
    browser.open(&server.base_url());
    browser.click("#inbox ~ .scroll a");
    let url = browser.wait_for("/callback?");
    let token = url.split_once("?t=").unwrap_or_else(|| panic!("{url}")).1;
    check_session(&client, &links.verify(token).unwrap());

    browser.open(&server.base_url());
    assert!(browser.text("#users ~ .scroll").contains(ADA));
    let before = emulator.clock().unix();
    browser.fill("[name=seconds]", "3600");
    browser.click("button[value=move]");
    browser.wait_for("#clock");
    let passed = emulator.clock().unix().as_seconds() - before.as_seconds();
    assert!((3_600..3_700).contains(&passed), "{passed}");

    browser.fill("[name=path]", "/v1/auth/magiclink");
    browser.click("button[value=fault]");
    browser.wait_for("#faults");
    assert!(browser.text("#faults ~ .scroll").contains("/v1/auth/magiclink"));
    assert!(links.sign_up_or_in(Email, ADA, &Default::default()).unwrap_err().is_unavailable());
    browser.click("button[value=reset]");
    browser.wait_for("#top");
    assert!(emulator.export().get("users").is_none());
}

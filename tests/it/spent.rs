//! What can be spent once is sent once, although the program lets calls be repeated while Descope is unavailable.

use descope::auth::DeliveryMethod;
use descope::emulator::{Emulator, Fault};
use descope::{Client, Error, RetryPolicy};
use serde_json::json;

const ADA: &str = "ada@example.com";

#[test]
fn a_refresh_token_is_sent_once_even_if_calls_may_be_repeated() {
    let emulator = Emulator::new();
    emulator.seed(&json!({ "users": [{ "loginId": ADA, "email": ADA }] })).unwrap();
    let eager = RetryPolicy::default().retry_unavailable(true);
    let client = Client::builder().emulator(&emulator).retry(eager).build().unwrap();
    let info = client.mgmt().jwt().sign_in(ADA, &Default::default()).unwrap();
    emulator.fault(Fault::status(503).at("/v1/auth/refresh"));
    let error = client.auth().session().refresh(info.refresh_token().unwrap()).unwrap_err();
    assert!(error.is_unavailable());
    assert_eq!(emulator.requests("/v1/auth/refresh"), 1);
}

/// Calls that spend something, and where they go.
type Spend = (&'static str, fn(&Client) -> Result<(), Error>);

#[test]
fn codes_and_links_are_sent_once_even_if_calls_may_be_repeated() {
    let spends: [Spend; 8] = [
        ("/v1/auth/otp/verify/email", |client| {
            client.auth().otp().verify(DeliveryMethod::Email, ADA, "123456").map(drop)
        }),
        ("/v1/auth/totp/verify", |client| {
            client.auth().totp().verify(ADA, "123456", &Default::default()).map(drop)
        }),
        ("/v1/auth/magiclink/verify", |client| client.auth().magic_link().verify("t").map(drop)),
        ("/v1/auth/enchantedlink/verify", |client| client.auth().enchanted_link().verify("t")),
        ("/v1/auth/enchantedlink/pending-session", |client| {
            client.auth().enchanted_link().session("ref").map(drop)
        }),
        ("/v1/auth/oauth/exchange", |client| client.auth().oauth().exchange("c").map(drop)),
        ("/v1/auth/sso/exchange", |client| client.auth().sso().exchange("c").map(drop)),
        ("/v1/auth/webauthn/signin/finish", |client| {
            client.auth().webauthn().sign_in_finish("t", "{}").map(drop)
        }),
    ];
    for (path, spend) in spends {
        let emulator = Emulator::new();
        let eager = RetryPolicy::default().retry_unavailable(true);
        let client = Client::builder().emulator(&emulator).retry(eager).build().unwrap();
        emulator.fault(Fault::status(503).at(path));
        assert!(spend(&client).unwrap_err().is_unavailable(), "{path}");
        assert_eq!(emulator.requests(path), 1, "{path}");
    }
}

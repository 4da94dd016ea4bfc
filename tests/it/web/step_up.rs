//! When and how the user must have signed in (RFC 9470).

use std::time::Duration;

use descope::auth::DeliveryMethod::Email;
use descope::auth::MessageLoginOptions;
use descope::emulator::Emulator;
use descope::web::{Access, Guard, GuardOptions, Proofs, Reason, RequestTokens, Resource};
use serde_json::{Value, json};

use super::{ADA, anyone, cookie_header, denied, sign_in};
use crate::signer::P256;
use crate::tokens::{NOW, claims, client};

/// A token of U1 with these claims besides.
fn token(extra: &Value) -> RequestTokens {
    let mut claims = claims();
    claims.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    RequestTokens::default().session_token(P256.token("k1", "ES256", &claims))
}

fn guard() -> Guard {
    Guard::new(&client(&[P256.jwk("k1", "ES256")]))
}

#[test]
fn a_sign_in_may_be_as_old_as_the_access_says() {
    let guard = guard();
    let access = |seconds| Access::default().max_age(Duration::from_secs(seconds));
    for (at, age, enough) in [
        (json!(NOW), 0, true),
        (json!(NOW - 1), 0, false),
        (json!(NOW - 300), 300, true),
        (json!(NOW - 301), 300, false),
        (json!(1_699_999_699.5), 300, false),
        (json!(NOW - 300), u64::MAX, true),
        (json!(0), 300, false),
        (json!(-1), u64::MAX, true),
        // Nobody signs in after the token was issued.
        (json!(NOW + 1), 300, false),
        (json!(i64::MAX), u64::MAX, false),
        (json!(f64::MAX), u64::MAX, false),
        (json!(NOW.to_string()), 300, false),
        (json!(null), 300, false),
        (json!([NOW]), 300, false),
        (json!(true), 300, false),
    ] {
        let sent = token(&json!({ "auth_time": at }));
        let result = guard.validate(&sent, &access(age));
        assert_eq!(result.is_ok(), enough, "{at} {age}");
        if !enough {
            denied(result, 401, Reason::SignInTooOld);
        }
        assert!(guard.validate(&sent, &anyone()).is_ok());
    }
    // A new token does not make the sign-in new.
    denied(guard.validate(&token(&json!({})), &access(u64::MAX)), 401, Reason::SignInTooOld);
    let early = token(&json!({ "iat": NOW - 100, "auth_time": NOW - 99 }));
    denied(guard.validate(&early, &access(300)), 401, Reason::SignInTooOld);
    let bare = token(&json!({ "iat": null, "auth_time": NOW }));
    assert!(guard.validate(&bare, &access(300)).is_err());
}

#[test]
fn a_step_up_session_says_so() {
    let guard = guard();
    let access = Access::default().step_up(true);
    for (su, enough) in [
        (json!(true), true),
        (json!(false), false),
        (json!("true"), false),
        (json!(1), false),
        (json!(null), false),
        (json!([true]), false),
    ] {
        let result = guard.validate(&token(&json!({ "su": su })), &access);
        assert_eq!(result.is_ok(), enough, "{su}");
        if !enough {
            denied(result, 401, Reason::MissingStepUp);
        }
    }
    denied(guard.validate(&token(&json!({})), &access), 401, Reason::MissingStepUp);
    assert_eq!(Reason::MissingStepUp.as_str(), "missing_step_up");
}

#[test]
fn a_token_names_one_of_the_ways_of_signing_in() {
    let guard = guard();
    let access = Access::default().acr_values(["gold", "silver"]);
    for (acr, enough) in [
        (json!("gold"), true),
        (json!("silver"), true),
        (json!("Gold"), false),
        (json!("gold silver"), false),
        (json!(""), false),
        (json!(["gold"]), false),
        (json!(null), false),
    ] {
        let result = guard.validate(&token(&json!({ "acr": acr })), &access);
        assert_eq!(result.is_ok(), enough, "{acr}");
        if !enough {
            denied(result, 401, Reason::MissingAcr);
        }
    }
    denied(guard.validate(&token(&json!({})), &access), 401, Reason::MissingAcr);
}

#[test]
fn a_challenge_says_what_the_next_sign_in_has_to_be() {
    let client = client(&[P256.jwk("k1", "ES256")]);
    let plain = Guard::new(&client);
    let error = "error=\"insufficient_user_authentication\"";
    let age = Duration::from_millis(5900);
    #[rustfmt::skip]
    let table = [
        (Access::default().step_up(true), String::new()),
        (Access::default().multi_factor(true), String::new()),
        (Access::default().max_age(age), ", max_age=\"5\"".to_owned()),
        (Access::default().acr_values(["myACR"]), ", acr_values=\"myACR\"".to_owned()),
        (Access::default().acr_values(["a", "b\"c", "d"]).max_age(age).scopes(["x"]), ", acr_values=\"a d\", max_age=\"5\"".to_owned()),
    ];
    for (access, more) in table {
        let denied = plain.validate(&token(&json!({})), &access).unwrap_err();
        assert_eq!(denied.challenge(), Some(&*format!("Bearer {error}")));
        assert_eq!(plain.challenges(&denied, &access), [format!("Bearer {error}{more}")]);
    }
    // Who has no token at all is asked for one.
    let access = Access::default().max_age(age).step_up(true);
    let nobody = plain.validate(&RequestTokens::default(), &access).unwrap_err();
    assert_eq!(plain.challenges(&nobody, &access), ["Bearer"]);
    let options = GuardOptions::default()
        .resource(Resource::new("https://api.example.com").unwrap())
        .proofs(Proofs::new("https://api.example.com").unwrap());
    let guard = Guard::with_options(&client, options).unwrap();
    let denied = guard.validate(&token(&json!({})), &access).unwrap_err();
    let challenges = guard.challenges(&denied, &access);
    assert_eq!(challenges.len(), 2);
    assert!(challenges.iter().all(|one| one.to_str().unwrap().contains("max_age=\"5\"")));
}

#[test]
fn a_refresh_neither_steps_up_nor_makes_a_sign_in_fresh() {
    let emulator = Emulator::new();
    let client = crate::support::client(&emulator);
    let guard = Guard::new(&client);
    let (payments, recent) =
        (Access::default().step_up(true), Access::default().max_age(Duration::MAX));
    let first = sign_in(&emulator, &client);
    let browser = guard.tokens(&cookie_header(&guard.set_cookies(&first).unwrap()));
    denied(guard.validate_and_refresh(&browser, &payments), 401, Reason::MissingStepUp);

    let otp = client.auth().otp();
    let options = MessageLoginOptions::default().step_up(first.refresh_token().unwrap());
    otp.sign_in(Email, ADA, &options).unwrap();
    let code = emulator.inbox().last_to(ADA).unwrap().code.unwrap();
    let raised = otp.verify(Email, ADA, &code).unwrap();
    let browser = guard.tokens(&cookie_header(&guard.set_cookies(&raised).unwrap()));
    guard.validate_and_refresh(&browser, &payments).unwrap();
    denied(guard.validate_and_refresh(&browser, &recent), 401, Reason::SignInTooOld);
    assert_eq!(emulator.requests("/v1/auth/refresh"), 0, "no refresh helps");

    emulator.advance(Duration::from_secs(3600));
    let refused =
        denied(guard.validate_and_refresh(&browser, &payments), 401, Reason::MissingStepUp);
    assert_eq!(refused.set_cookies().len(), 1, "the session goes on");
    let refused = denied(guard.validate_and_refresh(&browser, &recent), 401, Reason::SignInTooOld);
    assert_eq!(refused.set_cookies().len(), 1);
    guard.validate_and_refresh(&browser, &anyone()).unwrap();
}

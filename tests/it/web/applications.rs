//! Access tokens of applications at the guard, and what applications are told.

use descope::transport::http::HeaderMap;
use descope::web::{Access, Guard, GuardOptions, Proofs, Reason, RequestTokens, Resource};
use serde_json::{Value, json};

use super::{anyone, denied, headers};
use crate::signer::P256;
use crate::tokens::{claims, client, client_with};

const MCP: &str = "https://api.example.com/mcp";

/// A token of U1 with these claims besides.
fn token(extra: &Value) -> RequestTokens {
    let mut claims = claims();
    for (name, value) in extra.as_object().unwrap() {
        claims[name] = value.clone();
    }
    RequestTokens::default().session_token(P256.token("k1", "ES256", &claims))
}

fn guard(options: GuardOptions) -> Guard {
    Guard::with_options(&client(&[P256.jwk("k1", "ES256")]), options).unwrap()
}

fn tools() -> Access {
    Access::default().scopes(["tools"])
}

#[test]
fn each_access_lets_its_kinds_of_token_in() {
    let guard = guard(GuardOptions::default());
    let session = json!({});
    let scoped = json!({ "scope": "openid tools" });
    let other = json!({ "scope": "openid" });
    let listed = json!({ "scp": ["tools"] });
    let client = json!({ "client_id": "c" });
    let of_nobody = json!({ "azp": "c" });
    let id_token = json!({ "nonce": "n", "scope": "tools" });
    let applications = Access::default().access_tokens(true);
    let only = || tools().sessions(false);
    #[rustfmt::skip]
    let table = [
        (&session, anyone(), None),
        (&session, tools(), None),
        (&session, only(), Some(Reason::NotAnAccessToken)),
        (&scoped, anyone(), Some(Reason::ScopedToken)),
        (&scoped, tools(), None),
        (&scoped, only(), None),
        (&scoped, tools().scopes(["openid"]), None),
        (&scoped, tools().scopes(["more"]), Some(Reason::MissingScope)),
        (&scoped, tools().access_tokens(false), Some(Reason::ScopedToken)),
        (&scoped, applications.clone(), None),
        (&scoped, tools().roles(["admin"]), Some(Reason::MissingRole)),
        (&other, tools(), Some(Reason::MissingScope)),
        (&listed, tools(), None),
        (&client, tools(), Some(Reason::MissingScope)),
        (&client, applications.clone(), None),
        (&of_nobody, applications.clone(), Some(Reason::ScopedToken)),
        (&id_token, applications, Some(Reason::NotASession)),
        (&id_token, tools(), Some(Reason::NotASession)),
    ];
    for (claims, access, expected) in table {
        let reason = guard.validate(&token(claims), &access).err().map(|denied| denied.reason());
        assert_eq!(reason, expected, "{claims} {access:?}");
        let reason = guard.validate_and_refresh(&token(claims), &access).err();
        assert_eq!(reason.map(|denied| denied.reason()), expected, "{claims} {access:?}");
    }
}

#[test]
fn scopes_are_words_and_not_parts_of_them() {
    let guard = guard(GuardOptions::default());
    for (scope, holds) in [
        ("tools", true),
        ("a  tools\tb", true),
        ("tool", false),
        ("tools.read", false),
        ("TOOLS", false),
        ("atools", false),
        ("", false),
    ] {
        let tokens = token(&json!({ "scope": scope }));
        assert_eq!(guard.validate(&tokens, &tools()).is_ok(), holds, "{scope:?}");
    }
    for scope in [json!(7), json!(null), json!({ "tools": true }), json!([["tools"]])] {
        let tokens = token(&json!({ "scope": scope }));
        denied(guard.validate(&tokens, &tools()), 403, Reason::MissingScope);
    }
}

#[test]
fn access_tokens_are_for_this_resource_alone() {
    let resource = Resource::new(MCP).unwrap();
    let guard = guard(GuardOptions::default().resource(resource));
    for (aud, passes) in [
        (json!(MCP), true),
        (json!([MCP, "https://other.example.com"]), true),
        (json!("https://api.example.com"), false),
        (json!("https://api.example.com/mcp/"), false),
        (json!("https://api.example.com/MCP"), false),
        (json!("P2tokens"), false),
        (json!(["P2tokens", MCP]), true),
        (json!([]), false),
    ] {
        let tokens = token(&json!({ "aud": aud, "scope": "tools" }));
        let result = guard.validate(&tokens, &tools());
        assert_eq!(result.is_ok(), passes, "{aud}");
        if !passes {
            denied(result, 401, Reason::TokenInvalid);
        }
    }
    denied(
        guard.validate(&token(&json!({ "scope": "tools" })), &tools()),
        401,
        Reason::TokenInvalid,
    );
    // A session is for the audiences of the client, whatever the resource.
    assert!(guard.validate(&token(&json!({})), &tools()).is_ok());
    assert!(guard.validate(&token(&json!({ "aud": "P2tokens" })), &tools()).is_ok());
    denied(guard.validate(&token(&json!({ "aud": MCP })), &tools()), 401, Reason::TokenInvalid);
    // An expired token for it is an expired one.
    let old = token(&json!({ "aud": MCP, "scope": "tools", "exp": 1 }));
    denied(guard.validate(&old, &tools()), 401, Reason::TokenExpired);
}

#[test]
fn a_second_factor_can_be_asked_for() {
    let guard = guard(GuardOptions::default());
    let both = Access::default().multi_factor(true);
    for (amr, enough) in [
        (json!(["email", "totp"]), true),
        (json!(["email"]), false),
        (json!(["email", "email"]), false),
        (json!("email totp"), false),
        (json!([]), false),
    ] {
        let tokens = token(&json!({ "amr": amr }));
        assert_eq!(guard.validate(&tokens, &both).is_ok(), enough, "{amr}");
        assert!(guard.validate(&tokens, &anyone()).is_ok());
    }
    let refused = denied(guard.validate(&token(&json!({})), &both), 401, Reason::MissingFactor);
    assert_eq!(refused.challenge(), Some(r#"Bearer error="insufficient_user_authentication""#));
}

#[test]
fn challenges_say_where_a_better_token_comes_from() {
    let metadata = "resource_metadata=\
                    \"https://api.example.com/.well-known/oauth-protected-resource/mcp\"";
    let plain = guard(GuardOptions::default());
    let resource = || Resource::new(MCP).unwrap();
    let protected = guard(GuardOptions::default().resource(resource()));
    let proofs = Proofs::new("https://api.example.com").unwrap();
    let bound = guard(GuardOptions::default().resource(resource()).proofs(proofs));
    let nobody = RequestTokens::default();
    let wrong = RequestTokens::default().session_token("e.e.e");
    let poor = token(&json!({ "scope": "x", "aud": ["P2tokens", MCP] }));
    let algs = "algs=\"ES256 ES384 EdDSA RS256 RS384 RS512 PS256 PS384 PS512\"";
    let lacking = format!("error=\"insufficient_scope\", scope=\"tools\", {metadata}");
    #[rustfmt::skip]
    let table = [
        (&plain, &nobody, vec!["Bearer scope=\"tools\"".to_owned()]),
        (&plain, &wrong, vec!["Bearer error=\"invalid_token\"".to_owned()]),
        (&plain, &poor, vec!["Bearer error=\"insufficient_scope\", scope=\"tools\"".to_owned()]),
        (&protected, &nobody, vec![format!("Bearer scope=\"tools\", {metadata}")]),
        (&protected, &wrong, vec![format!("Bearer error=\"invalid_token\", {metadata}")]),
        (&protected, &poor, vec![format!("Bearer {lacking}")]),
        (&bound, &nobody, vec![format!("Bearer scope=\"tools\", {metadata}"), format!("DPoP {algs}, scope=\"tools\", {metadata}")]),
    ];
    // Where the challenges lead to.
    let path = "/.well-known/oauth-protected-resource/mcp";
    let algorithms = |guard: &Guard| {
        let document = guard.resource_metadata(path)?;
        assert_eq!(document["resource"], MCP);
        Some(document.get("dpop_signing_alg_values_supported").map(ToString::to_string))
    };
    assert_eq!(algorithms(&plain), None);
    assert_eq!(algorithms(&protected), Some(None), "it takes no proofs");
    assert!(algorithms(&bound).flatten().is_some_and(|names| names.contains("ES256")));
    for other in [
        "",
        "/mcp",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp/",
    ] {
        assert_eq!(bound.resource_metadata(other), None, "{other}");
    }
    for (guard, tokens, expected) in table {
        let denied = guard.validate(tokens, &tools()).unwrap_err();
        assert_eq!(guard.challenges(&denied, &tools()), expected);
    }
    // What cannot be written in a header is left out.
    let odd = Access::default().scopes(["a\"b", "", "ok", "c d", "e\r\nf"]);
    let denied = plain.validate(&nobody, &odd).unwrap_err();
    assert_eq!(plain.challenges(&denied, &odd), ["Bearer scope=\"ok\""]);
}

#[test]
fn an_outage_is_no_challenge() {
    let (client, _) = client_with(&[], |builder| builder);
    let guard = Guard::new(&client);
    let denied = guard.validate(&token(&json!({})), &tools()).unwrap_err();
    assert!(denied.status().is_server_error());
    assert!(guard.challenges(&denied, &tools()).is_empty());
}

#[test]
fn a_session_is_not_refreshed_where_only_applications_are_let_in() {
    let emulator = descope::emulator::Emulator::new();
    let client = descope::Client::builder().emulator(&emulator).build().unwrap();
    let guard = Guard::new(&client);
    let info = super::sign_in(&emulator, &client);
    let line = format!("DSR={}", info.refresh_token().unwrap());
    let tokens = guard.tokens(&headers(&[("cookie", line.as_bytes())]));
    let only = tools().sessions(false);
    denied(guard.validate_and_refresh(&tokens, &only), 401, Reason::NoToken);
    assert_eq!(emulator.requests("/v1/auth/refresh"), 0);
    assert!(guard.validate_and_refresh(&tokens, &tools()).is_ok());
    let nobody = guard.tokens(&HeaderMap::new());
    denied(guard.validate(&nobody, &only), 401, Reason::NoToken);
}

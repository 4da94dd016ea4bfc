//! Attacks on the authorization server, and mistakes of its clients: what becomes of each.

use super::*;

/// What is tried, and how it is refused.
pub(super) type Row = (&'static str, fn(&Server) -> Response, u16, &'static str);

/// Each row starts with a server of its own.
#[track_caller]
pub(super) fn refuses_all(rows: &[Row]) {
    for (what, attempt, status, error) in rows {
        let answer = attempt(&Server::start());
        let found = (answer.status, answer.json["error"].as_str().unwrap_or_default());
        assert_eq!(found, (*status, *error), "{what}: {answer:?}");
        assert!(answer.json["error_description"].is_string(), "{what}: {answer:?}");
        assert!(answer.json.get("access_token").is_none(), "{what}");
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    }
}

pub(super) const SECRET: (&str, &str) = ("client_secret", "partner secret:+%");

/// A code of the client with a secret, and its redemption.
pub(super) fn partner_code(server: &Server, changes: &[(&str, &str)]) -> String {
    let own = [("client_id", "partner"), ("redirect_uri", CALLBACK)];
    let changes: Vec<_> = own.into_iter().chain(changes.iter().copied()).collect();
    server.code(&changes)
}

const CODES: &[Row] = &[
    (
        "a code is used twice",
        |server| {
            let code = server.code(&[]);
            server.redeem(&code, &[]).ok();
            server.redeem(&code, &[])
        },
        400,
        "invalid_grant",
    ),
    ("a code is guessed", |server| server.redeem(&"x".repeat(43), &[]), 400, "invalid_grant"),
    ("a code is left out", |server| server.redeem("", &[]), 400, "invalid_request"),
    (
        "another client has the code",
        |server| {
            let code = server.code(&[]);
            server.redeem(&code, &[("client_id", "rival"), ("client_secret", "rival secret")])
        },
        400,
        "invalid_grant",
    ),
    (
        "another client's code is injected",
        |server| {
            let code = partner_code(server, &[]);
            server.redeem(&code, &[("redirect_uri", CALLBACK)])
        },
        400,
        "invalid_grant",
    ),
    (
        "the code goes to another address of the client",
        |server| {
            let code = server.code(&[]);
            server.redeem(&code, &[("redirect_uri", CALLBACK)])
        },
        400,
        "invalid_grant",
    ),
    (
        "another loopback port than before",
        |server| {
            let code = server.code(&[]);
            server.redeem(&code, &[("redirect_uri", "http://127.0.0.1:1/callback")])
        },
        400,
        "invalid_grant",
    ),
    (
        "the redirect_uri is left out",
        |server| {
            let code = server.code(&[]);
            server.redeem(&code, &[("redirect_uri", "")])
        },
        400,
        "invalid_grant",
    ),
    (
        "the code has expired",
        |server| {
            let code = server.code(&[]);
            server.wait(61);
            server.redeem(&code, &[])
        },
        400,
        "invalid_grant",
    ),
    (
        "a thief has no verifier",
        |server| {
            let code = server.code(&[]);
            server.redeem(&code, &[("code_verifier", "")])
        },
        400,
        "invalid_grant",
    ),
    (
        "a thief guesses the verifier",
        |server| {
            let code = server.code(&[]);
            server.redeem(&code, &[("code_verifier", &"a".repeat(43))])
        },
        400,
        "invalid_grant",
    ),
    (
        "a thief sends the challenge as the verifier",
        |server| {
            let code = server.code(&[]);
            server.redeem(&code, &[("code_verifier", &s256(VERIFIER))])
        },
        400,
        "invalid_grant",
    ),
    (
        "the verifier is too short",
        |server| {
            let challenge = s256("short");
            let code = server.code(&[("code_challenge", &challenge)]);
            server.redeem(&code, &[("code_verifier", "short")])
        },
        400,
        "invalid_grant",
    ),
    (
        "the challenge was taken out of the request",
        |server| {
            let none = [("code_challenge", ""), ("code_challenge_method", "")];
            let code = partner_code(server, &none);
            let own = [("client_id", "partner"), ("redirect_uri", CALLBACK), SECRET];
            server.redeem(&code, &own)
        },
        400,
        "invalid_grant",
    ),
    (
        "the code is that of a key, and comes without it",
        |server| {
            let code = server.code(&[("dpop_jkt", "x")]);
            server.redeem(&code, &[])
        },
        400,
        "invalid_grant",
    ),
    (
        "a code is sent as a refresh token",
        |server| server.refresh(&server.code(&[])),
        400,
        "invalid_grant",
    ),
    (
        "the user is deleted before",
        |server| {
            let code = server.code(&[]);
            let body = json!({ "loginId": ADA });
            crate::emulated::manage(&server.0, "/v1/mgmt/user/delete", &body);
            server.redeem(&code, &[])
        },
        400,
        "invalid_grant",
    ),
];

#[test]
fn a_flood_of_parameters_is_refused_and_holds_nobody_up() {
    let server = Server::start();
    let many: Vec<String> = (0..300_000).map(|number| format!("a{number}")).collect();
    let pairs: Vec<_> = many.iter().map(|name| (&**name, "1")).collect();
    server.token(&pairs).refused(400, "invalid_request");
    let words = many.join(" ");
    let asked = [("client_id", "cli"), ("scope", &*words)];
    server.post(&format!("{INBOUND}/device"), &asked).refused(400, "invalid_scope");
}

#[test]
fn what_a_client_said_comes_back_as_rfc_6749_lets_it() {
    let server = Server::start();
    let asked = [("client_id", "cli"), ("scope", "b\"o\\g\u{fc}s")];
    let refused = server.post(&format!("{INBOUND}/device"), &asked);
    refused.refused(400, "invalid_scope");
    let text = refused.json["error_description"].as_str().unwrap();
    let is_said = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(text.bytes().all(is_said), "{text}");
}

#[test]
fn codes_are_single_and_bound_to_client_address_and_challenge() {
    refuses_all(CODES);
}

#[test]
fn tokens_end_with_a_reuse() {
    let server = Server::start();
    let code = server.code(&[]);
    let tokens = server.redeem(&code, &[]).ok();
    server.userinfo(tokens.text("access_token")).ok();
    server.redeem(&code, &[]).refused(400, "invalid_grant");
    server.userinfo(tokens.text("access_token")).refused(401, "invalid_token");
    server.refresh(tokens.text("refresh_token")).refused(400, "invalid_grant");

    let first = server.tokens();
    let second = server.refresh(first.text("refresh_token")).ok();
    server.refresh(first.text("refresh_token")).refused(400, "invalid_grant");
    for token in [&first, &second] {
        server.userinfo(token.text("access_token")).refused(401, "invalid_token");
    }
    server.refresh(second.text("refresh_token")).refused(400, "invalid_grant");
    let found = crate::emulated::manage(
        &server.0,
        "/v1/mgmt/audit/search",
        &json!({
            "actions": ["TokenReuseDetected"],
        }),
    );
    assert_eq!(found["audits"].as_array().unwrap().len(), 2, "{found}");
    // A wrong attempt ends nothing.
    let third = server.tokens();
    let wrong = [
        ("grant_type", "refresh_token"),
        ("refresh_token", third.text("refresh_token")),
        ("client_id", "rival"),
        ("client_secret", "rival secret"),
    ];
    server.token(&wrong).refused(400, "invalid_grant");
    server.refresh(third.text("refresh_token")).ok();
}

#[test]
fn an_unknown_client_or_address_never_gets_the_browser() {
    let server = Server::start();
    for changes in [
        &[("client_id", "nobody")][..],
        &[("client_id", "")],
        &[("client_id", "web")],
        &[("redirect_uri", "")],
        &[("redirect_uri", "https://evil.example/cb")],
        &[("redirect_uri", "https://partner.example/cb?x=1")],
        &[("redirect_uri", "https://partner.example/cb#x")],
        &[("redirect_uri", "https://partner.example/cb/../x")],
        &[("redirect_uri", "https://partner.example@evil.example/cb")],
        &[("redirect_uri", "http://partner.example/cb")],
        &[("redirect_uri", "http://localhost:49152/callback")],
        &[("redirect_uri", "http://127.0.0.1:49152/")],
        &[("redirect_uri", "javascript:alert(1)")],
    ] {
        let url = server.url(INBOUND, changes);
        let answer = server.get(url.strip_prefix("http://localhost").unwrap());
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{changes:?}");
        assert!(answer.text.starts_with("<!doctype html>") && !answer.text.contains("<script"));
        assert!(server.0.oidc().authorize(&url, ADA).is_err(), "{changes:?}");
    }
    let twice = server.url(INBOUND, &[]) + "&client_id=partner";
    assert_eq!(server.get(twice.strip_prefix("http://localhost").unwrap()).status, 400);
}

#[test]
fn other_mistakes_are_told_to_the_client() {
    let server = Server::start();
    for (changes, error) in [
        (&[("response_type", "token")][..], "unsupported_response_type"),
        (&[("response_type", "")], "invalid_request"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "plain"), ("code_challenge", VERIFIER)], "invalid_request"),
        (&[("code_challenge_method", ""), ("code_challenge", VERIFIER)], "invalid_request"),
        (&[("code_challenge", "short")], "invalid_request"),
        (&[("scope", "openid admin")], "invalid_scope"),
        (&[("resource", "not a URL")], "invalid_target"),
        (&[("prompt", "none")], "login_required"),
        (&[("request", "e30.e30.")], "request_not_supported"),
        (&[("request_uri", "https://evil.example")], "request_uri_not_supported"),
        (&[("tenant", "t9")], "invalid_request"),
    ] {
        let url = server.allowed(changes);
        assert_eq!(parameter(&url, "error").as_deref(), Some(error), "{changes:?} {url}");
        assert_eq!(parameter(&url, "state").as_deref(), Some("s t/a"), "{url}");
        assert_eq!(parameter(&url, "iss").as_deref(), Some("http://localhost/v1/apps/P2project"));
        assert_eq!(parameter(&url, "code"), None);
    }
    let refused = server.0.oidc().refuse(&server.url(INBOUND, &[])).unwrap();
    assert_eq!(parameter(&refused, "error").as_deref(), Some("access_denied"));
    // A user who may not sign in, or is not in the tenant.
    let url = server.url(INBOUND, &[("tenant", "t1")]);
    let back = server.0.oidc().authorize(&url, ADA).unwrap();
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"), "{back}");
    let nobody = server.0.oidc().authorize(&server.url(INBOUND, &[]), "nobody").unwrap_err();
    assert_eq!(nobody.code(), "E062108");
}

#[test]
fn a_token_is_not_good_for_something_else() {
    let server = Server::start();
    let tokens = server.tokens();
    for other in ["id_token", "refresh_token"] {
        server.userinfo(tokens.text(other)).refused(401, "invalid_token");
    }
    let session = server.0.sign_in(ADA).unwrap();
    for name in ["sessionJwt", "refreshJwt"] {
        server.userinfo(session[name].as_str().unwrap()).refused(401, "invalid_token");
    }
    // Neither is it a session of Descope's own.
    for token in ["access_token", "id_token", "refresh_token"] {
        let bearer = format!("Bearer P2project:{}", tokens.text(token));
        let answer = server.send("POST", "/v1/auth/refresh", &[("authorization", &bearer)], "");
        assert_eq!(answer.status, 401, "{token}");
    }
    // An access token does not end a session, nor does the token of another project.
    for hint in [tokens.text("access_token"), "x.y.z"] {
        let answer = server.get(&format!("{PROJECT}/logout?id_token_hint={hint}"));
        assert_eq!(answer.status, 400);
    }
    let query =
        form(&[("client_id", "P2project"), ("post_logout_redirect_uri", "https://evil.example/")]);
    assert_eq!(server.get(&format!("{PROJECT}/logout?{query}")).status, 400);
    server.userinfo(tokens.text("access_token")).ok();
    server.wait(601);
    server.userinfo(tokens.text("access_token")).refused(401, "invalid_token");
}

//! Clients at the token endpoint who are not who they say, or want too much.

use super::attacks::{Row, SECRET, partner_code, refuses_all};
use super::*;

const CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");
const TOKENS: &[Row] = &[
    ("no client", |server| server.token(&[CREDENTIALS]), 401, "invalid_client"),
    (
        "an unknown client",
        |server| server.token(&[CREDENTIALS, ("client_id", "nobody"), SECRET]),
        401,
        "invalid_client",
    ),
    (
        "a wrong secret",
        |server| server.token(&[CREDENTIALS, ("client_id", "partner"), ("client_secret", "x")]),
        401,
        "invalid_client",
    ),
    (
        "another client's secret",
        |server| {
            let pairs = [CREDENTIALS, ("client_id", "partner"), ("client_secret", "rival secret")];
            server.token(&pairs)
        },
        401,
        "invalid_client",
    ),
    (
        "no secret where there is one",
        |server| {
            let code = partner_code(server, &[]);
            server.redeem(&code, &[("client_id", "partner"), ("redirect_uri", CALLBACK)])
        },
        401,
        "invalid_client",
    ),
    (
        "a public client acts for itself",
        |server| server.token(&[CREDENTIALS, ("client_id", "cli")]),
        401,
        "invalid_client",
    ),
    (
        "a malformed header",
        |server| {
            let path = format!("{INBOUND}/token");
            server.post_with(&path, &[("authorization", "Basic !")], &[CREDENTIALS])
        },
        401,
        "invalid_client",
    ),
    (
        "header and body name different clients",
        |server| {
            let header = basic("partner", SECRET.1);
            let path = format!("{INBOUND}/token");
            let pairs = [CREDENTIALS, ("client_id", "rival")];
            server.post_with(&path, &[("authorization", &header)], &pairs)
        },
        401,
        "invalid_client",
    ),
    (
        "the client of another issuer",
        |server| {
            server
                .post(&format!("{PROJECT}/token"), &[CREDENTIALS, ("client_id", "partner"), SECRET])
        },
        401,
        "invalid_client",
    ),
    (
        "a scope that the application has not",
        |server| {
            let pairs = [CREDENTIALS, ("client_id", "partner"), SECRET, ("scope", "docs admin")];
            server.token(&pairs)
        },
        400,
        "invalid_scope",
    ),
    (
        "a user's scope without a user",
        |server| {
            let pairs = [CREDENTIALS, ("client_id", "partner"), SECRET, ("scope", "openid")];
            server.token(&pairs)
        },
        400,
        "invalid_scope",
    ),
    (
        "a refresh asks for more",
        |server| {
            let tokens = server.tokens();
            server.token(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", tokens.text("refresh_token")),
                ("client_id", "cli"),
                ("scope", "docs extra"),
            ])
        },
        400,
        "invalid_scope",
    ),
    (
        "a resource that was not granted",
        |server| {
            let code = server.code(&[("resource", "https://api.example/a")]);
            server.redeem(&code, &[("resource", "https://api.example/b")])
        },
        400,
        "invalid_target",
    ),
    (
        "a resource with a fragment",
        |server| {
            let pairs =
                [CREDENTIALS, ("client_id", "partner"), SECRET, ("resource", "https://a/#b")];
            server.token(&pairs)
        },
        400,
        "invalid_target",
    ),
    ("no grant_type", |server| server.token(&[("client_id", "cli")]), 400, "invalid_request"),
    (
        "the password of a user",
        |server| {
            server.token(&[("grant_type", "password"), ("username", ADA), ("client_id", "cli")])
        },
        400,
        "unsupported_grant_type",
    ),
    (
        "a parameter appears twice",
        |server| {
            let code = server.code(&[]);
            let body =
                form(&[("grant_type", "authorization_code"), ("code", &code), ("code", &code)]);
            let kind = [("content-type", "application/x-www-form-urlencoded")];
            server.send("POST", &format!("{INBOUND}/token"), &kind, &body)
        },
        400,
        "invalid_request",
    ),
    (
        "a form as text",
        |server| {
            let kind = [("content-type", "text/plain")];
            server.send("POST", &format!("{INBOUND}/token"), &kind, "grant_type=refresh_token")
        },
        415,
        "invalid_request",
    ),
    (
        "parameters in the URL",
        |server| {
            let code = server.code(&[]);
            let query = form(&[("grant_type", "authorization_code"), ("code", &code)]);
            server.send("POST", &format!("{INBOUND}/token?{query}"), &[], "")
        },
        400,
        "invalid_request",
    ),
    ("GET", |server| server.get(&format!("{INBOUND}/token")), 405, "invalid_request"),
    (
        "another project",
        |server| server.post(&format!("{INBOUND}/P2other/token"), &[CREDENTIALS]),
        404,
        "invalid_request",
    ),
    (
        "a refresh token of another client",
        |server| {
            let tokens = server.tokens();
            server.token(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", tokens.text("refresh_token")),
                ("client_id", "partner"),
                SECRET,
            ])
        },
        400,
        "invalid_grant",
    ),
    (
        "an access token as a refresh token",
        |server| {
            let tokens = server.tokens();
            server.refresh(tokens.text("access_token"))
        },
        400,
        "invalid_grant",
    ),
    (
        "the revocation of another client's token",
        |server| {
            let tokens = server.tokens();
            let pairs = [("token", tokens.text("refresh_token")), ("client_id", "partner"), SECRET];
            server.post(&format!("{INBOUND}/revoke"), &pairs)
        },
        400,
        "invalid_grant",
    ),
];

#[test]
fn the_token_endpoint_refuses_who_is_not_who_they_say_or_wants_too_much() {
    refuses_all(TOKENS);
}

fn device(server: &Server) -> String {
    let pairs = [("client_id", "cli"), ("scope", "openid")];
    let started = server.post(&format!("{INBOUND}/device"), &pairs).ok();
    server.0.oidc().approve_device(started.text("user_code"), ADA).unwrap();
    started.text("device_code").to_owned()
}
fn poll(server: &Server, grant: &str, name: &str, code: &str, client: &str) -> Response {
    let secret = [("client_secret", format!("{client} secret"))];
    let secret = secret.iter().filter(|_| client != "cli").map(|(n, v)| (*n, &**v));
    let pairs = [("grant_type", grant), (name, code), ("client_id", client)];
    server.token(&pairs.into_iter().chain(secret).collect::<Vec<_>>())
}
const DEVICES: &[Row] = &[
    (
        "a device code is guessed",
        |server| poll(server, DEVICE, "device_code", &"x".repeat(43), "cli"),
        400,
        "invalid_grant",
    ),
    (
        "another client has the device code",
        |server| poll(server, DEVICE, "device_code", &device(server), "rival"),
        400,
        "invalid_grant",
    ),
    (
        "a device code as a backchannel request",
        |server| poll(server, CIBA, "auth_req_id", &device(server), "cli"),
        400,
        "invalid_grant",
    ),
    (
        "a device asks too often, though it is allowed",
        |server| {
            let pairs = [("client_id", "cli"), ("scope", "openid")];
            let started = server.post(&format!("{INBOUND}/device"), &pairs).ok();
            let code = started.text("device_code");
            poll(server, DEVICE, "device_code", code, "cli").refused(400, "authorization_pending");
            server.0.oidc().approve_device(started.text("user_code"), ADA).unwrap();
            poll(server, DEVICE, "device_code", code, "cli")
        },
        400,
        "slow_down",
    ),
    (
        "a user who is disabled allows it",
        |server| {
            let pairs = [("client_id", "cli")];
            let started = server.post(&format!("{INBOUND}/device"), &pairs).ok();
            let body = json!({ "loginId": "al", "status": "disabled" });
            crate::emulated::manage(&server.0, "/v1/mgmt/user/update/status", &body);
            server.0.oidc().approve_device(started.text("user_code"), "al").unwrap_err();
            poll(server, DEVICE, "device_code", started.text("device_code"), "cli")
        },
        400,
        "access_denied",
    ),
    (
        "a public client asks by the backchannel",
        |server| {
            server.post(
                &format!("{INBOUND}/bc-authorize"),
                &[("client_id", "cli"), ("login_hint", ADA)],
            )
        },
        401,
        "invalid_client",
    ),
    (
        "a user whom nobody knows",
        |server| {
            let pairs = [("client_id", "partner"), SECRET, ("login_hint", "nobody")];
            server.post(&format!("{INBOUND}/bc-authorize"), &pairs)
        },
        400,
        "unknown_user_id",
    ),
    (
        "a device asks for a scope that there is not",
        |server| {
            server.post(&format!("{INBOUND}/device"), &[("client_id", "cli"), ("scope", "admin")])
        },
        400,
        "invalid_scope",
    ),
];

#[test]
fn devices_and_backchannel_requests_are_their_clients_own() {
    refuses_all(DEVICES);
}

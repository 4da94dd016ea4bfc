//! Bound tokens from the emulator, the proofs of our own client, and the guard: all three together.

use std::time::Duration;

use descope::Client;
use descope::emulator::Emulator;
use descope::oidc::{App, AuthorizeOptions, DpopKey, TokenOptions, Tokens};
use descope::transport::http::{HeaderMap, Request};
use descope::web::{Access, Denied, Guard, GuardOptions, ProofError, Proofs, Resource, Visitor};
use serde_json::{Value, json};

use super::{ADA, headers, sign_in};

const SERVICE: &str = "https://api.example.com";
const ORDERS: &str = "https://api.example.com/orders";
const CALLBACK: &str = "http://127.0.0.1:49152/callback";

struct World {
    emulator: Emulator,
    client: Client,
    guard: Guard,
    key: DpopKey,
}

impl World {
    fn new() -> Self {
        let emulator = Emulator::new();
        let scopes = json!([{ "name": "orders" }]);
        let app = |id: &str, state: Value| {
            json!({
                "id": id, "name": id, "permissionsScopes": scopes, "state": state,
                "approvedCallbackUrls": ["http://127.0.0.1/callback"],
            })
        };
        let apps = [
            app(
                "service",
                json!({ "clientId": "service", "secrets": [{ "id": "s", "cleartext": "secret" }] }),
            ),
            app(
                "public",
                json!({ "clientId": "public", "nonConfidentialClient": true, "secrets": [] }),
            ),
        ];
        let users = json!([{ "loginId": ADA, "email": ADA }]);
        emulator.seed(&json!({ "users": users, "inboundApps": apps })).unwrap();
        let client = crate::support::client(&emulator);
        let options = GuardOptions::default()
            .proofs(Proofs::new(SERVICE).unwrap())
            .resource(Resource::new(SERVICE).unwrap());
        let guard = Guard::with_options(&client, options).unwrap();
        Self { emulator, client, guard, key: DpopKey::generate().unwrap() }
    }

    fn app(&self, id: &str) -> App {
        App::inbound(id).resource(SERVICE).dpop(self.key.clone())
    }

    /// What the guard says to `GET /orders` with these headers.
    fn orders(&self, headers: &HeaderMap) -> Result<Visitor, Denied> {
        let tokens = self.guard.tokens(headers).of_request("GET", "/orders");
        self.guard.validate(&tokens, &Access::default().scopes(["orders"]))
    }

    /// Asserts that the token is good with a proof, once, and in no other way.
    #[track_caller]
    fn is_bound(&self, token: &str, user: &str) {
        let by = |key: &DpopKey, url: &str| {
            let app = App::inbound("any").dpop(key.clone());
            let proof = self.client.oidc(&app).dpop_proof("GET", url, token).unwrap();
            proof.expose().to_owned()
        };
        let sent = |scheme: &str, proof: Option<&str>| {
            let mut lines = vec![("authorization", format!("{scheme} {token}").into_bytes())];
            lines.extend(proof.map(|proof| ("dpop", proof.as_bytes().to_vec())));
            let lines: Vec<_> = lines.iter().map(|(name, value)| (*name, &**value)).collect();
            self.orders(&headers(&lines))
        };
        // Nor does a refresh token that came in the body make the header another one.
        let lines = [
            ("authorization", format!("Bearer {token}").into_bytes()),
            ("dpop", by(&self.key, ORDERS).into_bytes()),
        ];
        let lines = lines.each_ref().map(|(name, value)| (*name, &**value));
        let tokens = self.guard.tokens(&headers(&lines)).of_request("GET", "/orders");
        let tokens = tokens.refresh_token("e.e.e");
        let denied = self.guard.validate(&tokens, &Access::default().scopes(["orders"]));
        assert_eq!(denied.unwrap_err().proof_error(), Some(ProofError::Bearer));
        let proof = by(&self.key, ORDERS);
        assert_eq!(sent("DPoP", Some(&proof)).unwrap().claims.user_id(), user);
        for (scheme, proof, expected) in [
            ("DPoP", Some(&*proof), ProofError::Replayed),
            ("DPoP", None, ProofError::Missing),
            ("Bearer", None, ProofError::Bearer),
            ("Bearer", Some(&*by(&self.key, ORDERS)), ProofError::Bearer),
            ("DPoP", Some(&*by(&self.key, "https://api.example.com/other")), ProofError::Url),
            ("DPoP", Some(&*by(&self.key, "https://example.com/orders")), ProofError::Url),
            ("DPoP", Some(&*by(&DpopKey::generate().unwrap(), ORDERS)), ProofError::OtherKey),
        ] {
            let denied = sent(scheme, proof).unwrap_err();
            assert_eq!((denied.status().as_u16(), denied.proof_error()), (401, Some(expected)));
        }
    }
}

/// The thumbprint of the key that a token is bound to.
fn thumbprint(token: &str) -> Value {
    crate::oidc::claims_of(token).1["cnf"]["jkt"].clone()
}

#[test]
fn a_bound_access_token_of_an_application_is_good_with_its_key_alone() {
    let world = World::new();
    let app = world.app("service").secret("secret");
    let options = TokenOptions::default().scopes(["orders"]);
    let tokens = world.client.oidc(&app).client_credentials(&options).unwrap();
    assert!(tokens.is_dpop());
    assert_eq!(thumbprint(tokens.access_token.expose()), world.key.thumbprint());
    world.is_bound(tokens.access_token.expose(), "service");
}

#[test]
fn a_users_bound_token_stays_bound_when_it_is_refreshed() {
    let world = World::new();
    let app = world.app("public");
    let oidc = world.client.oidc(&app);
    let options = AuthorizeOptions::default().scopes(["openid", "offline_access", "orders"]);
    let request = oidc.authorization_request(CALLBACK, &options).unwrap();
    let callback = world.emulator.oidc().authorize(&request.url, ADA).unwrap();
    let tokens = oidc.exchange_callback(&request, &callback).unwrap();
    let user = tokens.claims.as_ref().unwrap().user_id().to_owned();
    world.is_bound(tokens.access_token.expose(), &user);

    world.emulator.advance(Duration::from_secs(3600));
    let kept = tokens.refresh_token.unwrap();
    // Who has the refresh token without the key gets nothing.
    let thief = App::inbound("public").resource(SERVICE).dpop(DpopKey::generate().unwrap());
    let stolen = world.client.oidc(&thief).refresh(kept.expose(), &Default::default());
    assert!(stolen.is_err());
    let renewed: Tokens = oidc.refresh(kept.expose(), &Default::default()).unwrap();
    world.is_bound(renewed.access_token.expose(), &user);
}

/// Descope binds no sessions: it has proofs at the token endpoint of applications alone. A test makes a bound session
/// from claims.
#[test]
fn a_test_binds_a_session_by_its_claims() {
    let world = World::new();
    let bound =
        |user: &str| json!({ "sub": user, "drn": "DS", "cnf": { "jkt": world.key.thumbprint() } });
    let token = world.emulator.issue_token(bound("U2ada")).unwrap();
    world.is_bound(&token, "U2ada");
    // Likewise from another process.
    let body = json!({ "claims": bound("U2bo") }).to_string().into_bytes();
    let request = Request::post("/_emulator/token").body(body).unwrap();
    let answer: Value = serde_json::from_slice(world.emulator.handle(request).body()).unwrap();
    world.is_bound(answer["jwt"].as_str().unwrap(), "U2bo");
}

#[test]
fn a_sign_in_with_a_proof_is_not_bound_as_in_descope() {
    let world = World::new();
    let info = sign_in(&world.emulator, &world.client);
    let app = world.app("public");
    let oidc = world.client.oidc(&app);
    let refresh = info.refresh_token().unwrap();
    let url = "http://localhost/v1/auth/refresh";
    let request = Request::post("/v1/auth/refresh")
        .header("authorization", format!("Bearer {}:{refresh}", world.client.project_id()))
        .header("dpop", oidc.dpop_proof("POST", url, refresh).unwrap().expose())
        .body(b"{}".to_vec())
        .unwrap();
    let answer: Value = serde_json::from_slice(world.emulator.handle(request).body()).unwrap();
    assert_eq!(thumbprint(answer["sessionJwt"].as_str().unwrap()), Value::Null);
}

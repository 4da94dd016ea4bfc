//! The emulator as an authorization server.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use descope::clock::Clock;
use descope::emulator::Emulator;
use descope::transport::http::Request;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

mod applications;
mod attacks;
mod attacks_of_clients;
mod flows;
mod keys;
mod mcp;
mod pages;
mod projects;

const ADA: &str = "ada@example.com";
const INBOUND: &str = "/oauth2/v1/apps";
const PROJECT: &str = "/oauth2/v1";
const CALLBACK: &str = "https://partner.example/cb";
const LOOPBACK: &str = "http://127.0.0.1:49152/callback";
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mBz2GmOZ9B3Yz7wv8GhSDK4kPgPfQe";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const CIBA: &str = "urn:openid:params:grant-type:ciba";

struct Server(Emulator);

/// A response, with the body as text and as JSON.
#[derive(Debug)]
struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    text: String,
    json: Value,
}

impl Response {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    fn text(&self, member: &str) -> &str {
        self.json[member].as_str().unwrap_or_else(|| panic!("{member} in {self:?}"))
    }

    #[track_caller]
    fn ok(self) -> Self {
        assert!(matches!(self.status, 200 | 201), "{self:?}");
        self
    }

    /// Asserts that this is a refusal as RFC 6749 section 5.2 has it.
    #[track_caller]
    fn refused(&self, status: u16, error: &str) {
        assert_eq!((self.status, &self.json["error"]), (status, &json!(error)), "{self:?}");
        assert!(self.json["error_description"].as_str().is_some_and(|text| text.len() > 5));
        assert_eq!(self.json.as_object().unwrap().len(), 2, "{self:?}");
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// A parameter of a URL.
fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.into_iter().find(|(known, _)| *known == name)?.1;
    Some(percent_decode_str(value).decode_utf8().unwrap().into_owned())
}

fn s256(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// The claims of a token, not verified.
fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}

impl Server {
    /// Two inbound applications with secrets, a public one and a federated one.
    fn start() -> Self {
        let emulator = Emulator::builder().project_id("P2project").build();
        let app = |id: &str, mut state: Value| {
            state["clientId"] = json!(id);
            state["attributesScopes"] = json!([
                { "name": "plan", "values": ["plan"] },
                { "name": "email" },
            ]);
            json!({
                "id": id, "name": format!("The {id}"),
                "approvedCallbackUrls": [CALLBACK, "http://127.0.0.1/callback"],
                "permissionsScopes": [
                    { "name": "docs", "description": "Read your documents", "values": ["read"] },
                    { "name": "extra", "values": ["write"], "optional": true },
                ],
                "state": state,
            })
        };
        let secret = |text: &str| json!({ "secrets": [{ "id": "CS1", "cleartext": text }] });
        let seed = json!({
            "permissions": [{ "name": "read" }, { "name": "write" }],
            "tenants": [{ "id": "t1", "name": "One" }],
            "roles": [{ "name": "Reader", "permissionNames": ["read"] }],
            "users": [
                {
                    "loginId": ADA, "email": ADA, "verifiedEmail": true, "displayName": "Ada",
                    "roleNames": ["Reader"],
                },
                { "loginId": "al" },
            ],
            "inboundApps": [
                app("partner", secret("partner secret:+%")),
                app("rival", secret("rival secret")),
                app("cli", json!({ "nonConfidentialClient": true, "secrets": [] })),
            ],
            "oidcApps": [{
                "id": "SAweb", "name": "Web", "enabled": true, "clientId": "web",
                "clientSecret": "web secret", "approvedRedirectUrls": [CALLBACK],
            }],
        });
        emulator.seed(&seed).unwrap();
        Self(emulator)
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let mut request = Request::builder().method(method).uri(format!("http://localhost{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.0.handle(request.body(body.as_bytes().to_vec()).unwrap());
        let headers = response.headers().iter();
        Response {
            status: response.status().as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            text: String::from_utf8(response.body().clone()).unwrap(),
            json: serde_json::from_slice(response.body()).unwrap_or_default(),
        }
    }

    fn get(&self, path: &str) -> Response {
        self.send("GET", path, &[], "")
    }

    fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Response {
        self.post_with(path, &[], pairs)
    }

    fn post_with(&self, path: &str, headers: &[(&str, &str)], pairs: &[(&str, &str)]) -> Response {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let headers: Vec<_> = headers.iter().copied().chain([kind]).collect();
        self.send("POST", path, &headers, &form(pairs))
    }

    fn token(&self, pairs: &[(&str, &str)]) -> Response {
        self.post(&format!("{INBOUND}/token"), pairs)
    }

    fn now(&self) -> i64 {
        self.0.clock().unix().as_seconds()
    }

    fn wait(&self, seconds: u64) {
        self.0.advance(std::time::Duration::from_secs(seconds));
    }

    /// The URL of an authorization request of the public client, changed by these parameters. An empty one
    /// is left out.
    #[allow(clippy::unused_self, reason = "it reads like what the server gives")]
    fn url(&self, door: &str, changes: &[(&str, &str)]) -> String {
        let challenge = s256(VERIFIER);
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", "cli"),
            ("redirect_uri", LOOPBACK),
            ("scope", "openid docs offline_access"),
            ("state", "s t/a"),
            ("nonce", "n1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            pairs.retain(|(known, _)| known != name);
            if !value.is_empty() {
                pairs.push((name, value));
            }
        }
        format!("http://localhost{door}/authorize?{}", form(&pairs))
    }

    /// Ada allows it. Returns where the browser goes.
    fn allowed(&self, changes: &[(&str, &str)]) -> String {
        self.0.oidc().authorize(&self.url(INBOUND, changes), ADA).unwrap()
    }

    /// A code that Ada allowed.
    fn code(&self, changes: &[(&str, &str)]) -> String {
        let url = self.allowed(changes);
        parameter(&url, "code").unwrap_or_else(|| panic!("{url}"))
    }

    /// The public client's tokens for a code.
    fn redeem(&self, code: &str, changes: &[(&str, &str)]) -> Response {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", "cli"),
            ("redirect_uri", LOOPBACK),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in changes {
            pairs.retain(|(known, _)| known != name);
            if !value.is_empty() {
                pairs.push((name, value));
            }
        }
        self.token(&pairs)
    }

    /// Tokens of the public client.
    fn tokens(&self) -> Response {
        self.redeem(&self.code(&[]), &[]).ok()
    }

    fn refresh(&self, token: &str) -> Response {
        let pairs =
            [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "cli")];
        self.token(&pairs)
    }

    fn userinfo(&self, token: &str) -> Response {
        let bearer = format!("Bearer {token}");
        let path = format!("{INBOUND}/userinfo");
        self.send("GET", &path, &[("authorization", &bearer)], "")
    }
}

/// A key of a client.
struct Key(EcdsaKeyPair);

impl Key {
    fn new() -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap())
    }

    fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
        json!({ "kty": "EC", "crv": "P-256", "x": part(1..33), "y": part(33..65) })
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A proof of possession, changed by these claims; `null` leaves one out.
    fn proof(&self, server: &Server, method: &str, url: &str, changes: &Value) -> String {
        let mut claims = json!({
            "jti": URL_SAFE_NO_PAD.encode(self.0.sign(&SystemRandom::new(), b"").unwrap()),
            "htm": method, "htu": url, "iat": server.now(),
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        self.sign(&json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk() }), &claims)
    }
}

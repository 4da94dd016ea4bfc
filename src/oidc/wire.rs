//! One request to an authorization server: client authentication, proofs, and nonces.

use std::borrow::Cow;
use std::cell::Cell;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use super::Oidc;
use super::app::Proof as ClientProof;
use super::dpop::{Proof, is_nonce};
use super::tokens::Tokens;
use crate::call::{Call, Protocol, challenge_parameter};
use crate::check;
use crate::codes;
use crate::error::{Error, Result};
use crate::escape::ESCAPED;
use crate::secret::Secret;
use crate::servers::ServerMetadata;
use crate::transport::Response;
use crate::transport::http::{HeaderValue, Method, Request, header};

/// Bytes of an answer.
const LARGEST: u64 = 1024 * 1024;

/// What a request carries beside its form.
pub(super) struct Wire<'w> {
    oidc: Oidc<'w>,
    url: &'w str,
    /// The server's name, where the client is to authenticate itself.
    authenticates_to: Option<&'w str>,
    /// Whether the secret goes into the header.
    basic: bool,
    proves: bool,
    access_token: Option<&'w str>,
    repeated: Cell<bool>,
}

impl<'w> Wire<'w> {
    fn new(oidc: Oidc<'w>, url: &'w str) -> Self {
        Self {
            oidc,
            url,
            authenticates_to: None,
            basic: false,
            proves: false,
            access_token: None,
            repeated: Cell::new(false),
        }
    }

    /// The client's authentication.
    pub(super) fn client(oidc: Oidc<'w>, url: &'w str, server: &'w ServerMetadata) -> Self {
        // Every server takes a secret in the header, unless it says otherwise (RFC 6749 section 2.3.1).
        let methods = &server.token_endpoint_auth_methods_supported;
        let listed = |method| methods.iter().any(|listed| listed == method);
        let basic = listed("client_secret_basic") || !listed("client_secret_post");
        Self { authenticates_to: Some(&server.issuer), basic, ..Self::new(oidc, url) }
    }

    /// The client's authentication, and a proof of the app's key if it has one.
    pub(super) fn token(oidc: Oidc<'w>, url: &'w str, server: &'w ServerMetadata) -> Self {
        Self { proves: true, ..Self::client(oidc, url, server) }
    }

    /// An access token, with a proof of the app's key if it is bound to it.
    pub(super) fn user(oidc: Oidc<'w>, url: &'w str, tokens: &'w Tokens) -> Self {
        let access_token = Some(tokens.access_token.expose());
        let proves = tokens.is_dpop() && oidc.app.dpop.is_some();
        Self { proves, access_token, ..Self::new(oidc, url) }
    }

    /// A request for what the access token opens.
    pub(super) fn get(&'w self) -> Call<'w> {
        let secret = self.access_token.map(Secret::from);
        let call = Call::to_url(self.oidc.client.core(), Method::GET, self.url, self);
        call.hide(&secret).largest(LARGEST)
    }

    /// A request with a form, to which the client's ID and secret are added as far as they belong there.
    pub(super) fn post(&'w self, form: Form<'_>) -> Call<'w> {
        let mut form = form;
        let mut hidden = Vec::new();
        if self.authenticates_to.is_some() {
            let app = self.oidc.app;
            match &app.proof {
                ClientProof::Header(secret) if self.basic => {
                    hidden.extend([secret.clone(), self.credentials(secret).into()]);
                }
                ClientProof::Header(secret) | ClientProof::Body(secret) => {
                    form.text("client_id", &app.client_id);
                    form.secret("client_secret", secret.expose());
                }
                ClientProof::None | ClientProof::Key(_) => form.text("client_id", &app.client_id),
            }
        }
        let call = Call::to_url(self.oidc.client.core(), Method::POST, self.url, self);
        let call = call.hide(&hidden).largest(LARGEST);
        form.0.iter().fold(call.form(&[], false), |call, member| {
            call.form(&[(&member.name, &member.value)], member.secret)
        })
    }

    fn authorization(&self) -> Option<String> {
        if let Some(token) = self.access_token {
            let scheme = if self.proves { "DPoP" } else { "Bearer" };
            return Some(format!("{scheme} {token}"));
        }
        let app = self.oidc.app;
        match &app.proof {
            ClientProof::Header(secret) if self.authenticates_to.is_some() && self.basic => {
                Some(format!("Basic {}", self.credentials(secret)))
            }
            _ => None,
        }
    }

    /// ID and secret for the header. Both are encoded before they are joined (RFC 6749 section 2.3.1).
    fn credentials(&self, secret: &Secret) -> String {
        let id = utf8_percent_encode(&self.oidc.app.client_id, ESCAPED);
        let secret = utf8_percent_encode(secret.expose(), ESCAPED);
        STANDARD.encode(format!("{id}:{secret}"))
    }

    fn has_new_nonce(&self, response: &Response) -> bool {
        let nonce = response.headers().get("dpop-nonce").and_then(|value| value.to_str().ok());
        let Some(nonce) = nonce.filter(|nonce| is_nonce(nonce)) else { return false };
        if let Some(origin) = check::origin(self.url) {
            self.oidc.client.servers().remember_nonce(&origin, nonce);
        }
        true
    }
}

impl Protocol for Wire<'_> {
    fn complete(&self, request: &mut Request<Vec<u8>>) -> Result<()> {
        let app = self.oidc.app;
        let now = self.oidc.client.clock().unix().as_seconds();
        if let Some(authorization) = self.authorization() {
            let mut value = check::header("access_token", &authorization)?;
            value.set_sensitive(true);
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        if let (ClientProof::Key(key), Some(issuer)) = (&app.proof, self.authenticates_to) {
            let assertion = key.assertion(&app.client_id, issuer, now)?;
            let kind = utf8_percent_encode(JWT_BEARER, ESCAPED);
            let more = format!("&client_assertion_type={kind}&client_assertion={assertion}");
            request.body_mut().extend(more.into_bytes());
        }
        if let Some(key) = app.dpop.as_ref().filter(|_| self.proves) {
            let origin = check::origin(self.url).unwrap_or_default();
            let nonce = self.oidc.client.servers().nonce(&origin);
            let proof = Proof {
                method: request.method().as_str(),
                url: self.url,
                access_token: self.access_token,
                nonce: nonce.as_deref(),
                now,
            };
            let proof = HeaderValue::from_str(&key.proof(&proof)?);
            let mut proof = proof.map_err(|_| Error::Config("the proof is not a header"))?;
            proof.set_sensitive(true);
            request.headers_mut().insert("dpop", proof);
        }
        Ok(())
    }

    /// Once, with the nonce that the server asks for (RFC 9449 sections 8 and 9).
    fn repeat(&self, response: &Response) -> bool {
        if !self.proves || self.oidc.app.dpop.is_none() || !self.has_new_nonce(response) {
            return false;
        }
        asks_for_nonce(response) && !self.repeated.replace(true)
    }
}

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn asks_for_nonce(response: &Response) -> bool {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Refusal<'r> {
        error: Cow<'r, str>,
    }

    if !matches!(response.status().as_u16(), 400 | 401) {
        return false;
    }
    let body = serde_json::from_slice::<Refusal<'_>>(response.body()).unwrap_or_default();
    let challenges = response.headers().get_all(header::WWW_AUTHENTICATE);
    let mut challenges = challenges.iter().filter_map(|value| value.to_str().ok());
    body.error == codes::USE_DPOP_NONCE
        || challenges.any(|value| {
            challenge_parameter(value, "error").as_deref() == Some(codes::USE_DPOP_NONCE)
        })
}

/// The members of a request's form.
#[derive(Default)]
pub(super) struct Form<'f>(Vec<Member<'f>>);

struct Member<'f> {
    name: Cow<'f, str>,
    value: Cow<'f, str>,
    secret: bool,
}

impl<'f> Form<'f> {
    /// A member that may show in an error.
    pub(super) fn text(&mut self, name: &'f str, value: impl Into<Cow<'f, str>>) {
        self.0.push(Member { name: name.into(), value: value.into(), secret: false });
    }

    /// One that may not.
    pub(super) fn secret(&mut self, name: &'f str, value: impl Into<Cow<'f, str>>) {
        self.0.push(Member { name: name.into(), value: value.into(), secret: true });
    }

    /// One that is left out if it is not set.
    pub(super) fn maybe(&mut self, name: &'f str, value: Option<&'f str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// One that appears as often as it has values.
    pub(super) fn list(&mut self, name: &'f str, values: &'f [String]) {
        for value in values {
            self.text(name, value);
        }
    }

    /// Scopes, separated by spaces; left out if there are none.
    pub(super) fn scopes(&mut self, scopes: &[String]) {
        if !scopes.is_empty() {
            self.text("scope", scopes.join(" "));
        }
    }
}

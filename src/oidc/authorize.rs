//! Signing a user in through the browser, with PKCE (RFC 6749 section 4.1, RFC 7636).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::Oidc;
use super::grants::{Asked, endpoint, or_openid, parameters, scopes};
use super::sign::random;
use super::tokens::{Expected, Tokens};
use super::url::{resource, with_query};
use super::wire::Form;
use crate::check;
use crate::digest::base64url;
use crate::error::{ApiError, Error, Result};
use crate::options::setters;
use crate::scrub::Scrubber;
use crate::secret::Secret;

impl Oidc<'_> {
    /// Makes the request that the user's browser is sent to, with a new state, nonce and PKCE verifier.
    ///
    /// `redirect_uri` is where the browser comes back to. It must be registered at the server, character by
    /// character; only the port of `http://127.0.0.1` and `http://[::1]` may differ (RFC 8252 section 7.3).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # emulator.seed(&serde_json::json!({
    /// #     "users": [{ "loginId": "ada@example.com" }],
    /// #     "oidcApps": [{
    /// #         "id": "SA2abc", "name": "App", "enabled": true, "clientId": "client-id",
    /// #         "clientType": "public", "approvedRedirectUrls": ["https://app.example.com/callback"],
    /// #     }],
    /// # })).unwrap();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::oidc::{App, AuthorizeOptions};
    ///
    /// let app = App::federated("SA2abc", "client-id");
    /// let oidc = client.oidc(&app);
    /// let options = AuthorizeOptions::default().scopes(["openid", "email"]);
    /// let request = oidc.authorization_request("https://app.example.com/callback", &options)?;
    /// println!("send the browser to {}", request.url);
    /// // Keep the request in the visitor's session. When the browser comes back with the URL `callback`:
    /// # let callback = emulator.oidc().authorize(&request.url, "ada@example.com").unwrap();
    /// let tokens = oidc.exchange_callback(&request, &callback)?;
    /// println!("{:?} has signed in", tokens.claims.map(|claims| claims.subject().to_owned()));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the server has no such page.
    pub fn authorization_request(
        &self,
        redirect_uri: &str,
        options: &AuthorizeOptions,
    ) -> Result<AuthorizationRequest> {
        redirect(redirect_uri)?;
        options.check()?;
        let server = self.discover()?;
        let at = endpoint(server.authorization_endpoint.as_deref(), "authorization_endpoint")?;
        let mut request = AuthorizationRequest::new(redirect_uri, random(16)?, random(32)?);
        request.scopes = or_openid(&options.scopes);
        request.resources.clone_from(&options.resources);
        request.max_age = options.max_age;
        if request.scopes.iter().any(|scope| scope == "openid") {
            request.nonce = Some(random(16)?.into());
        }
        request.url = with_query(at, &self.query(&request, options));
        Ok(request)
    }

    fn query<'q>(
        &'q self,
        request: &'q AuthorizationRequest,
        options: &'q AuthorizeOptions,
    ) -> Vec<(&'q str, Cow<'q, str>)> {
        let mut query: Vec<(&str, Cow<'_, str>)> = vec![
            ("response_type", "code".into()),
            ("client_id", (&*self.app.client_id).into()),
            ("redirect_uri", (&*request.redirect_uri).into()),
            ("scope", request.scopes.join(" ").into()),
            ("state", request.state.expose().into()),
            ("code_challenge", base64url(request.verifier.expose()).into()),
            ("code_challenge_method", "S256".into()),
        ];
        let mut add = |name, value: Option<Cow<'q, str>>| {
            query.extend(value.map(|value| (name, value)));
        };
        add("nonce", request.nonce.as_ref().map(|nonce| nonce.expose().into()));
        add("dpop_jkt", self.thumbprint().map(Cow::from));
        add("prompt", options.prompt.as_deref().map(Cow::from));
        add("login_hint", options.login_hint.as_deref().map(Cow::from));
        if !self.app.is_elsewhere() {
            // The name in Descope's description of its API.
            add("loginHint", options.login_hint.as_deref().map(Cow::from));
        }
        add("tenant", options.tenant.as_deref().map(Cow::from));
        add("acr_values", options.acr_values.as_deref().map(Cow::from));
        add("ui_locales", options.ui_locales.as_deref().map(Cow::from));
        add("max_age", options.max_age.map(|age| age.as_secs().to_string().into()));
        for resource in self.app.resources.iter().chain(&request.resources) {
            add("resource", Some(resource.into()));
        }
        for (name, value) in &options.parameters {
            add(name, Some(value.into()));
        }
        query
    }

    /// Takes the code out of the URL with which the browser came back, and nothing else: the URL must belong to this
    /// request (`state`) and come from this server (`iss`, RFC 9207).
    ///
    /// `callback` is the whole URL, or its path and query, or the query alone.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] if the URL belongs to another sign-in, comes from another server, or
    /// is no answer. [`Error::Api`], without a status, if the server refused: its code is
    /// [`ACCESS_DENIED`](crate::codes::ACCESS_DENIED) if the user did.
    pub fn check_callback(&self, request: &AuthorizationRequest, callback: &str) -> Result<Secret> {
        let refuse = |reason| Err(Error::argument("callback", reason));
        let answer = Callback::read(callback)?;
        if !answer.has_state(&request.state) {
            return refuse("does not belong to this sign-in: its `state` is missing or another");
        }
        let server = self.discover()?;
        match &answer.issuer {
            Some(issuer) if *issuer != server.issuer => {
                return refuse("comes from another server: its `iss` is another");
            }
            None if server.authorization_response_iss_parameter_supported => {
                return refuse("comes from another server: it has no `iss`");
            }
            _ => {}
        }
        if let Some(code) = answer.error {
            let secrets = [Some(&request.state), request.nonce.as_ref(), Some(&request.verifier)];
            let scrubber = Scrubber::new(secrets.into_iter().flatten().map(Secret::expose));
            let description = scrubber.text(&answer.description.unwrap_or_default());
            let code = scrubber.text(&code);
            let at = check::origin(&server.issuer).filter(|_| self.app.is_elsewhere());
            return Err(Error::Api(Box::new(ApiError {
                code,
                description,
                server: at.map(|origin| check::authority(&origin).to_owned()),
                ..ApiError::default()
            })));
        }
        match answer.code {
            Some(code) if !code.is_empty() => Ok(code.into()),
            _ => refuse("has neither a `code` nor an `error`"),
        }
    }

    /// Trades the code of a callback for tokens: [`check_callback`](Self::check_callback), then
    /// [`exchange_code`](Self::exchange_code).
    ///
    /// # Errors
    ///
    /// Those of both.
    pub fn exchange_callback(
        &self,
        request: &AuthorizationRequest,
        callback: &str,
    ) -> Result<Tokens> {
        let code = self.check_callback(request, callback)?;
        self.exchange_code(request, code.expose())
    }

    /// Trades a code for tokens (RFC 6749 section 4.1.3). The ID token is checked against the request.
    ///
    /// The request is not repeated where the server may have seen it: a code is good for one use. If the ID token's
    /// keys cannot be had, the code is not sent.
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with the code [`INVALID_GRANT`](crate::codes::INVALID_GRANT) if the code is
    /// wrong, spent, too old, or of another request; [`Error::Token`] if the ID token is refused.
    pub fn exchange_code(&self, request: &AuthorizationRequest, code: &str) -> Result<Tokens> {
        check::secret("code", code)?;
        let mut form = Form::default();
        form.text("grant_type", "authorization_code");
        form.secret("code", code);
        form.text("redirect_uri", &*request.redirect_uri);
        form.secret("code_verifier", request.verifier.expose());
        form.list("resource", &request.resources);
        let asked = Asked {
            expected: Expected {
                nonce: request.nonce.as_ref(),
                max_age: request.max_age,
                signs_in: true,
                subject: None,
            },
            requested: &request.scopes,
            safe: false,
        };
        self.ask(form, &asked)
    }
}

/// A sign-in that has begun in the user's browser; see [`Oidc::authorization_request`].
///
/// `Debug` shows neither the secrets nor the URL.
#[derive(Clone)]
#[non_exhaustive]
pub struct AuthorizationRequest {
    /// Where to send the browser. Empty for a request that was [`resumed`](Self::resume).
    pub url: String,
    /// Where the browser comes back to.
    pub redirect_uri: String,
    /// What the answer must bring back, so that it is one to this request.
    pub state: Secret,
    /// What the ID token must have, so that it is one for this request. `None` without the scope `openid`.
    pub nonce: Option<Secret>,
    /// What proves that the code is spent by whoever began (PKCE). It never goes through the browser.
    pub verifier: Secret,
    /// The scopes that were asked for.
    pub scopes: Vec<String>,
    /// Services that the tokens are for, beside those of [`App::resource`](super::App::resource).
    pub resources: Vec<String>,
    /// How long ago the user may have signed in at the server.
    pub max_age: Option<Duration>,
}

impl AuthorizationRequest {
    fn new(redirect_uri: &str, state: impl Into<Secret>, verifier: impl Into<Secret>) -> Self {
        Self {
            url: String::new(),
            redirect_uri: redirect_uri.to_owned(),
            state: state.into(),
            nonce: None,
            verifier: verifier.into(),
            scopes: Vec::new(),
            resources: Vec::new(),
            max_age: None,
        }
    }

    /// A request that was kept between the two visits of the browser, as in a session at the server. If you had
    /// set scopes, resources or a `max_age`, set these fields too.
    pub fn resume(
        redirect_uri: &str,
        state: impl Into<Secret>,
        nonce: Option<Secret>,
        verifier: impl Into<Secret>,
    ) -> Self {
        let scopes = nonce.iter().map(|_| "openid".to_owned()).collect();
        Self { nonce, scopes, ..Self::new(redirect_uri, state, verifier) }
    }

    /// Whether a URL with which a browser came is an answer to this request, by its `state`.
    pub fn is_answered_by(&self, callback: &str) -> bool {
        Callback::read(callback).is_ok_and(|answer| answer.has_state(&self.state))
    }
}

impl std::fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthorizationRequest")
            .field("redirect_uri", &self.redirect_uri)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// The query with which a browser came back.
#[derive(Default)]
struct Callback {
    state: Option<String>,
    issuer: Option<String>,
    code: Option<String>,
    error: Option<String>,
    description: Option<String>,
}

impl Callback {
    fn read(callback: &str) -> Result<Self> {
        let url = callback.split('#').next().unwrap_or_default();
        let query = url.split_once('?').map_or(url, |(_, query)| query);
        let mut read = Self::default();
        for (name, value) in query.split('&').filter_map(|member| member.split_once('=')) {
            let place = match name {
                "state" => &mut read.state,
                "iss" => &mut read.issuer,
                "code" => &mut read.code,
                "error" => &mut read.error,
                "error_description" => &mut read.description,
                _ => continue,
            };
            let value = value.replace('+', " ");
            let value = percent_decode_str(&value).decode_utf8_lossy().into_owned();
            // RFC 6749 section 3.1: of two, one reader may see the first and another the last.
            if place.replace(value).is_some() {
                return Err(Error::argument("callback", "has a parameter twice"));
            }
        }
        Ok(read)
    }

    /// Without telling by the time it takes how much of the state was right.
    fn has_state(&self, expected: &Secret) -> bool {
        let (found, expected) = (self.state.as_deref().unwrap_or_default(), expected.expose());
        let differ = found.bytes().zip(expected.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
        !expected.is_empty() && found.len() == expected.len() && differ == 0
    }
}

/// Options of [`Oidc::authorization_request`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AuthorizeOptions {
    /// The scopes to ask for. With `openid` there is an ID token. Defaults to `openid` alone.
    pub scopes: Vec<String>,
    /// What the user must do even if they are signed in at the server: `login`, `consent`, `select_account`, or `none`
    /// for nothing at all. Defaults to what the server deems right.
    pub prompt: Option<String>,
    /// The user's login ID, if you know it.
    pub login_hint: Option<String>,
    /// The ID of the tenant to sign in to, at Descope.
    pub tenant: Option<String>,
    /// How long ago the user may have signed in at the server, in whole seconds. If set, the ID token must say when they
    /// did.
    pub max_age: Option<Duration>,
    /// How the user is to be authenticated, in words of the server's (`acr_values`).
    pub acr_values: Option<String>,
    /// The languages for the server's pages, separated by spaces, the preferred one first.
    pub ui_locales: Option<String>,
    /// Services that the tokens are for, beside those of [`App::resource`](super::App::resource) (RFC 8707).
    pub resources: Vec<String>,
    /// Other parameters, such as Descope's `flow` and `style`. They must not be those that this crate sets.
    pub parameters: BTreeMap<String, String>,
}

setters!(AuthorizeOptions {
    scopes: list<String>,
    prompt: opt<String>,
    login_hint: opt<String>,
    tenant: opt<String>,
    max_age: opt<Duration>,
    acr_values: opt<String>,
    ui_locales: opt<String>,
    resources: list<String>,
    parameters: map<String>,
});

/// What the sign-in rests on.
const OWN: [&str; 9] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
];

impl AuthorizeOptions {
    fn check(&self) -> Result<()> {
        scopes(&self.scopes)?;
        parameters(&self.parameters, &OWN)?;
        self.resources.iter().try_for_each(|uri| resource(uri))
    }
}

/// An absolute URI without a fragment (RFC 6749 section 3.1.2), also with a scheme of the program's own.
fn redirect(uri: &str) -> Result<()> {
    let reason = "must be an absolute URI without a fragment";
    resource(uri).map_err(|_| Error::argument("redirect_uri", reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_in_every_form_and_only_once() {
        for callback in [
            "https://app.example.com/callback?code=a%2Bb&state=s+t&iss=https%3A%2F%2Fi",
            "/callback?code=a%2Bb&state=s+t&iss=https%3A%2F%2Fi#x",
            "code=a%2Bb&state=s+t&iss=https%3A%2F%2Fi&other=1&other=2",
        ] {
            let read = Callback::read(callback).unwrap();
            assert_eq!(read.code.as_deref(), Some("a+b"), "{callback}");
            assert_eq!(read.state.as_deref(), Some("s t"));
            assert_eq!(read.issuer.as_deref(), Some("https://i"));
        }
        for twice in ["code=a&code=a", "state=a&state=b", "iss=a&iss=b", "error=a&error=b"] {
            assert!(Callback::read(twice).is_err(), "{twice}");
        }
    }

    #[test]
    fn only_the_same_state_is_of_the_request() {
        let request = AuthorizationRequest::resume("https://a/b", "s1", None, "v");
        assert!(request.is_answered_by("?state=s1"));
        for other in
            ["", "?", "?state=", "?state=s", "?state=s12", "?state=S1", "?state=s1&state=s1"]
        {
            assert!(!request.is_answered_by(other), "{other}");
        }
        let without = AuthorizationRequest::resume("https://a/b", "", None, "v");
        assert!(!without.is_answered_by("?state=") && !without.is_answered_by("?code=c"));
    }
}

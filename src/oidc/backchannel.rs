//! Signing a user in who confirms it elsewhere, as on their phone (OpenID Connect CIBA).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::device::Pending;
use super::grants::{endpoint, or_openid};
use super::tokens::Tokens;
use super::wire::{Form, Wire};
use super::{Oidc, WaitOptions, grants};
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::json::DecodeError;
use crate::options::setters;
use crate::secret::Secret;
use crate::time::UnixTime;

impl Oidc<'_> {
    /// Asks a user, by a message of the server, to confirm a sign-in. `login_hint` says who it is, such as a login
    /// ID. Then wait with [`wait_for_backchannel`](Self::wait_for_backchannel).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # emulator.seed(&serde_json::json!({
    /// #     "users": [{ "loginId": "ada@example.com" }],
    /// #     "inboundApps": [{
    /// #         "name": "App",
    /// #         "state": { "clientId": "client-id", "secrets": [{ "id": "1", "cleartext": "s3cret" }] },
    /// #     }],
    /// # })).unwrap();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::oidc::{App, BackchannelOptions, WaitOptions};
    ///
    /// let app = App::inbound("client-id").secret("s3cret");
    /// let oidc = client.oidc(&app);
    /// let options = BackchannelOptions::default().binding_message("Transfer 4711");
    /// let asked = oidc.start_backchannel("ada@example.com", &options)?;
    /// # emulator.oidc().approve_backchannel(asked.auth_req_id.expose()).unwrap();
    /// match oidc.wait_for_backchannel(&asked, &WaitOptions::default(), || true)? {
    ///     Some(tokens) => println!("confirmed: {:?}", tokens.claims),
    ///     None => println!("given up"),
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) if the server has no such endpoint; [`Error::Api`](crate::Error::Api)
    /// with the code `unknown_user_id` if it does not know the user.
    pub fn start_backchannel(
        &self,
        login_hint: &str,
        options: &BackchannelOptions,
    ) -> Result<BackchannelRequest> {
        check::id("login_hint", login_hint)?;
        options.check()?;
        let server = self.discover()?;
        let at = server.backchannel_authentication_endpoint.as_deref();
        let at = endpoint(at, "backchannel_authentication_endpoint")?;
        let asked = or_openid(&options.scopes);
        let mut form = Form::default();
        form.scopes(&asked);
        form.text("login_hint", login_hint);
        form.maybe("binding_message", options.binding_message.as_deref());
        if let Some(expiry) = options.requested_expiry {
            form.text("requested_expiry", expiry.as_secs().max(1).to_string());
        }
        form.maybe("acr_values", options.acr_values.as_deref());
        form.list("audience", &options.audiences);
        form.list("resource", &self.app.resources);
        form.maybe("dpop_jkt", self.thumbprint());
        for (name, value) in &options.parameters {
            form.text(name, value);
        }
        let answer: Answer = Wire::client(*self, at, &server).post(form).send()?;
        answer.read(self.client.clock().unix(), asked)
    }

    /// Asks for the tokens repeatedly, until the user has confirmed. Returns `None` if that did not happen before the
    /// deadline of the options, or if `keep_waiting` returned `false`.
    ///
    /// It waits as [`wait_for_device`](Self::wait_for_device) does.
    ///
    /// # Errors
    ///
    /// As for [`wait_for_device`](Self::wait_for_device), and [`Error::Api`](crate::Error::Api) with the code
    /// [`TRANSACTION_FAILED`](crate::codes::TRANSACTION_FAILED) if the server could not ask the user.
    pub fn wait_for_backchannel(
        &self,
        request: &BackchannelRequest,
        options: &WaitOptions,
        keep_waiting: impl FnMut() -> bool,
    ) -> Result<Option<Tokens>> {
        let pending = Pending { interval: request.interval, expires_at: request.expires_at };
        self.wait_for(&pending, options, keep_waiting, |oidc| oidc.backchannel_tokens(request))
    }
}

/// Options of [`Oidc::start_backchannel`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BackchannelOptions {
    /// The scopes to ask for. Defaults to `openid` alone, which CIBA requires.
    pub scopes: Vec<String>,
    /// A text that the user sees here and there, so that they know what they confirm. Keep it short.
    pub binding_message: Option<String>,
    /// How long the user may take, in whole seconds, at least 1. Defaults to what the server deems right.
    pub requested_expiry: Option<Duration>,
    /// How the user is to be authenticated, in words of the server's (`acr_values`).
    pub acr_values: Option<String>,
    /// Services that the token is for, by names of the server's own.
    pub audiences: Vec<String>,
    /// Other members of the request. They must not be secrets, nor those that this crate sets.
    pub parameters: BTreeMap<String, String>,
}

setters!(BackchannelOptions {
    scopes: list<String>,
    binding_message: opt<String>,
    requested_expiry: opt<Duration>,
    acr_values: opt<String>,
    audiences: list<String>,
    parameters: map<String>,
});

/// What this call sets, beside what every request has.
const OWN: [&str; 4] = ["login_hint", "binding_message", "requested_expiry", "acr_values"];

impl BackchannelOptions {
    fn check(&self) -> Result<()> {
        grants::scopes(&self.scopes)?;
        grants::audiences(&self.audiences)?;
        let filled =
            |name, text: &Option<String>| text.iter().try_for_each(|text| check::id(name, text));
        filled("binding_message", &self.binding_message)?;
        filled("acr_values", &self.acr_values)?;
        check::span("requested_expiry", self.requested_expiry)?;
        grants::parameters(&self.parameters, &[&OWN[..], &grants::OWN].concat())
    }
}

/// A user who was asked to confirm; see [`Oidc::start_backchannel`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BackchannelRequest {
    /// What the tokens are asked for with. Whoever has it may get them, so keep it secret.
    pub auth_req_id: Secret,
    /// When the request expires, by the client's clock when the answer came.
    pub expires_at: UnixTime,
    /// The pause that the server wants between two requests. 5 seconds if it names none.
    pub interval: Duration,
    /// The scopes that were asked for.
    pub scopes: Vec<String>,
    /// All other members.
    pub extra: Extra,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    auth_req_id: Option<Secret>,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    interval: Option<u64>,
    #[serde(flatten)]
    extra: Extra,
}

impl Answer {
    fn read(self, now: UnixTime, scopes: Vec<String>) -> Result<BackchannelRequest> {
        let Some(auth_req_id) = self.auth_req_id.filter(|id| !id.expose().is_empty()) else {
            return Err(DecodeError::new("expected an ID at `auth_req_id`").into());
        };
        let Pending { interval, expires_at } = Pending::new(self.expires_in, self.interval, now);
        Ok(BackchannelRequest { auth_req_id, expires_at, interval, scopes, extra: self.extra })
    }
}

//! Signing a user in on another device, by a code that this one shows (RFC 8628).

use std::time::Duration;

use serde::Deserialize;

use super::grants::{Answered, TokenOptions, endpoint, or_openid};
use super::tokens::{Expected, Tokens};
use super::wire::{Form, Wire};
use super::{Oidc, WaitOptions};
use crate::client::Client;
use crate::error::{ApiError, Error, Result, codes};
use crate::extra::Extra;
use crate::json::DecodeError;
use crate::pending::{self, Ended, Look, Pace};
use crate::secret::Secret;
use crate::time::UnixTime;

impl Oidc<'_> {
    /// Begins a sign-in that the user finishes in the browser of any device.
    ///
    /// Show the user [`user_code`](DeviceAuthorization::user_code) and
    /// [`verification_uri`](DeviceAuthorization::verification_uri), and wait with
    /// [`wait_for_device`](Self::wait_for_device). Without scopes in the options, `openid` is asked for.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # emulator.seed(&serde_json::json!({
    /// #     "users": [{ "loginId": "ada@example.com" }],
    /// #     "inboundApps": [{ "name": "App", "state": { "clientId": "client-id", "nonConfidentialClient": true } }],
    /// # })).unwrap();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::oidc::{App, WaitOptions};
    ///
    /// let app = App::inbound("client-id");
    /// let oidc = client.oidc(&app);
    /// let device = oidc.start_device(&Default::default())?;
    /// println!("Go to {} and enter {}", device.verification_uri, device.user_code);
    /// # emulator.oidc().approve_device(&device.user_code, "ada@example.com").unwrap();
    /// match oidc.wait_for_device(&device, &WaitOptions::default(), || true) {
    ///     Ok(Some(tokens)) => println!("signed in: {:?}", tokens.claims),
    ///     Ok(None) => println!("given up"),
    ///     Err(error) if error.is_access_denied() => println!("You have refused"),
    ///     Err(error) if error.is_sign_in_expired() => println!("The code has expired"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the server has no sign-in with device codes.
    /// [`Error::Decode`] if its answer has no code, or an address or code that must not be
    /// shown to a user: an address that is not of `http` or `https`, or text with control characters.
    pub fn start_device(&self, options: &TokenOptions) -> Result<DeviceAuthorization> {
        options.check()?;
        let options = TokenOptions { scopes: or_openid(&options.scopes), ..options.clone() };
        let server = self.discover()?;
        let at = server.device_authorization_endpoint.as_deref();
        let at = endpoint(at, "device_authorization_endpoint")?;
        let mut form = Form::default();
        form.list("resource", &self.app.resources);
        options.add_to(&mut form);
        form.maybe("dpop_jkt", self.thumbprint());
        let answer: DeviceAnswer = Wire::client(*self, at, &server).post(form).send()?;
        answer.read(self.client.clock().unix(), options)
    }

    /// Asks for the tokens repeatedly, until the user has signed in on the other device. Returns `None` if that did
    /// not happen before the deadline of the options, or if `keep_waiting` returned `false`.
    ///
    /// The pause between two requests is the [interval](DeviceAuthorization::interval) of the server, or that of the
    /// options if it is longer. Each time the server says
    /// [`SLOW_DOWN`](crate::codes::SLOW_DOWN), all further pauses are 5 seconds longer. While the server
    /// cannot answer ([`is_unavailable`](crate::Error::is_unavailable)), the pause doubles with each failure up to a
    /// minute, or is as long as `Retry-After` says.
    ///
    /// `keep_waiting` is called before every request, and ten times a second in between: to cancel, return `false`.
    /// A request under way is not cancelled, but ends within
    /// [`ClientBuilder::try_timeout`](crate::ClientBuilder::try_timeout).
    ///
    /// # Errors
    ///
    /// | what happened | ask |
    /// |---|---|
    /// | the user has refused | [`is_access_denied`](crate::Error::is_access_denied) |
    /// | the code has expired, here or at the server | [`is_sign_in_expired`](crate::Error::is_sign_in_expired) |
    /// | the server still could not answer at the end | [`is_unavailable`](crate::Error::is_unavailable) |
    ///
    /// Other errors are those of [`exchange_code`](Self::exchange_code), at once.
    pub fn wait_for_device(
        &self,
        device: &DeviceAuthorization,
        options: &WaitOptions,
        keep_waiting: impl FnMut() -> bool,
    ) -> Result<Option<Tokens>> {
        let pending = Pending { interval: device.interval, expires_at: device.expires_at };
        self.wait_for(&pending, options, keep_waiting, |oidc| oidc.device_tokens(device))
    }

    /// The name of the key that the tokens are to be bound to.
    pub(super) fn thumbprint(&self) -> Option<&str> {
        self.app.dpop.as_ref().map(super::DpopKey::thumbprint)
    }

    /// Asks at the pace of the server until there are tokens, or there will be none.
    pub(super) fn wait_for(
        &self,
        pending: &Pending,
        options: &WaitOptions,
        mut keep_waiting: impl FnMut() -> bool,
        ask: impl Fn(&Oidc<'_>) -> Result<Answered>,
    ) -> Result<Option<Tokens>> {
        let now = self.client.clock().unix().as_seconds();
        let left = pending.expires_at.as_seconds().saturating_sub(now);
        let left = Duration::from_secs(u64::try_from(left).unwrap_or_default());
        let pace = options.pace_of(self.client, pending.interval, left);
        let look = |client: &Client| match ask(&Oidc { client, app: self.app }) {
            Err(error) if error.code() == Some(codes::SLOW_DOWN) => Ok(Look::SlowDown),
            Err(error) if error.is_authorization_pending() => Ok(Look::Pending),
            answer => answer.map(Look::Done),
        };
        match pending::wait(self.client, &pace, &mut keep_waiting, look)? {
            Ended::Done(answer) => self.check_signed_in(answer, &pace, keep_waiting),
            Ended::Cancelled | Ended::OutOfTime => Ok(None),
            Ended::Expired => Err(Error::Api(Box::new(ApiError {
                code: codes::EXPIRED_TOKEN.to_owned(),
                description: "the time for the sign-in has run out".to_owned(),
                ..ApiError::default()
            }))),
        }
    }

    /// Checks the ID token of a sign-in. The code is spent, so if the keys cannot be had, they are asked for again
    /// and the tokens are not.
    fn check_signed_in(
        &self,
        answer: Answered,
        pace: &Pace,
        keep_waiting: impl FnMut() -> bool,
    ) -> Result<Option<Tokens>> {
        let Answered { server, tokens } = answer;
        let expected = Expected { signs_in: true, ..Expected::default() };
        let checked = |client: &Client| -> Result<Tokens> {
            let mut tokens = tokens.clone();
            Oidc { client, app: self.app }.check_answer(&server, &mut tokens, &expected)?;
            Ok(tokens)
        };
        // Nobody has to wait for tokens that can be checked.
        let failed = match checked(self.client) {
            Err(error) if error.is_unavailable() => error,
            outcome => return outcome.map(Some),
        };
        let look = |client: &Client| checked(client).map(Look::Done);
        match pending::wait(self.client, pace, keep_waiting, look)? {
            Ended::Done(tokens) => Ok(Some(tokens)),
            Ended::Cancelled => Ok(None),
            Ended::OutOfTime | Ended::Expired => Err(failed),
        }
    }
}

/// What the server says about when to ask.
pub(super) struct Pending {
    pub(super) interval: Duration,
    pub(super) expires_at: UnixTime,
}

/// The pause between two requests if the server names none (RFC 8628 section 3.2).
const INTERVAL: u64 = 5;
/// How long a sign-in is waited for if the server does not say, which it must.
const LIFETIME: u64 = 10 * 60;

impl Pending {
    /// From the members of an answer that came now.
    pub(super) fn new(expires_in: Option<u64>, interval: Option<u64>, now: UnixTime) -> Self {
        // A server that names no pause at all may still not be asked without one.
        let interval = Duration::from_secs(interval.unwrap_or(INTERVAL).max(1));
        let lifetime = i64::try_from(expires_in.unwrap_or(LIFETIME)).unwrap_or(i64::MAX);
        let expires_at = UnixTime::from_seconds(now.as_seconds().saturating_add(lifetime));
        Self { interval, expires_at }
    }
}

/// A sign-in that has begun on this device, and that the user finishes on another; see
/// [`Oidc::start_device`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeviceAuthorization {
    /// What the tokens are asked for with. Never show it.
    pub device_code: Secret,
    /// What the user enters at [`verification_uri`](Self::verification_uri). Users compare it with what the
    /// other device shows, so show it also beside a QR code.
    pub user_code: String,
    /// Where the user enters the code: an address short enough to be typed.
    pub verification_uri: String,
    /// The same address with the code in it, for a QR code or a click, if the server has one.
    pub verification_uri_complete: Option<String>,
    /// When both codes expire, by the client's clock when the answer came.
    pub expires_at: UnixTime,
    /// The pause that the server wants between two requests. 5 seconds if it names none.
    pub interval: Duration,
    /// The scopes that were asked for.
    pub scopes: Vec<String>,
    /// Services that the tokens are for, beside those of [`App::resource`](super::App::resource).
    pub resources: Vec<String>,
    /// All other members.
    pub extra: Extra,
}

#[derive(Deserialize)]
struct DeviceAnswer {
    #[serde(default)]
    device_code: Option<Secret>,
    #[serde(default)]
    user_code: String,
    /// Some servers have the name of a draft.
    #[serde(default, alias = "verification_url")]
    verification_uri: String,
    #[serde(default, alias = "verification_url_complete")]
    verification_uri_complete: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    interval: Option<u64>,
    #[serde(flatten)]
    extra: Extra,
}

impl DeviceAnswer {
    fn read(self, now: UnixTime, asked: TokenOptions) -> Result<DeviceAuthorization> {
        let missing = |what: &str| Err(DecodeError::new(what).into());
        let Some(device_code) = self.device_code.filter(|code| !code.expose().is_empty()) else {
            return missing("expected a code at `device_code`");
        };
        if self.user_code.trim().is_empty() || self.user_code.chars().any(char::is_control) {
            return missing("expected a code that can be shown at `user_code`");
        }
        if !is_page(&self.verification_uri) {
            return missing("expected a URL of http or https at `verification_uri`");
        }
        let Pending { interval, expires_at } = Pending::new(self.expires_in, self.interval, now);
        Ok(DeviceAuthorization {
            device_code,
            user_code: self.user_code,
            verification_uri: self.verification_uri,
            verification_uri_complete: self.verification_uri_complete.filter(|uri| is_page(uri)),
            expires_at,
            interval,
            scopes: asked.scopes,
            resources: asked.resources,
            extra: self.extra,
        })
    }
}

/// Whether a program may show this address to a user, print it to a terminal, and open it in a browser.
fn is_page(uri: &str) -> bool {
    let is = |scheme: &str| uri.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme));
    (is("https://") || is("http://")) && uri.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: &str) -> Result<DeviceAuthorization> {
        let answer: DeviceAnswer = serde_json::from_str(answer).unwrap();
        answer.read(UnixTime::from_seconds(100), TokenOptions::default())
    }

    #[test]
    fn what_is_missing_has_the_value_of_the_rfc() {
        let least = r#"{"device_code":"d","user_code":"U","verification_url":"https://x/d"}"#;
        let device = read(least).unwrap();
        assert_eq!(device.interval, Duration::from_secs(5));
        assert_eq!(device.expires_at, UnixTime::from_seconds(700));
        assert_eq!(device.verification_uri, "https://x/d");
        let odd = r#"{"device_code":"d","user_code":"U","verification_uri":"https://x/d",
            "verification_uri_complete":"javascript:alert(1)","expires_in":18446744073709551615,
            "interval":0,"newer":1}"#;
        let device = read(odd).unwrap();
        assert_eq!((device.interval, device.extra.len()), (Duration::from_secs(1), 1));
        assert_eq!(device.verification_uri_complete, None);
        assert!(device.expires_at > UnixTime::from_seconds(1 << 60));
    }

    #[test]
    fn nothing_is_shown_that_harms_a_terminal_or_a_browser() {
        for (user_code, uri) in [
            ("", "https://x"),
            ("A\\u001b[2J", "https://x"),
            ("A", ""),
            ("A", "file:///etc/passwd"),
            ("A", "javascript:alert(1)"),
            ("A", "https://x/\\u001b[2J"),
            ("A", "https://x/ y"),
            ("A", "httpsé"),
        ] {
            let answer = format!(
                r#"{{"device_code":"d","user_code":"{user_code}","verification_uri":"{uri}"}}"#
            );
            assert!(matches!(read(&answer), Err(Error::Decode(_))), "{answer}");
        }
    }
}

//! The one request builder: every operation of every area is a chain of it.

use std::fmt;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::check;
use crate::client::Client;
use crate::error::{ApiError, Error, Result};
use crate::json::{decode, decode_field, decode_list};
use crate::scrub::Scrubber;
use crate::secret::Secret;
use crate::transport::http::{HeaderMap, Method, Request, StatusCode, header};
use crate::transport::{Limits, Response, TransportError, TransportErrorKind};

/// A request in the making. A fault on the way is kept, and returned by the `send` functions, so
/// that an operation reads as one chain and nothing half-made is ever sent.
#[must_use]
pub(crate) struct Call<'c> {
    client: &'c Client,
    method: Method,
    path: String,
    body: Option<Map<String, Value>>,
    /// A body that is a list, in place of one with members.
    list: Option<Value>,
    credential: Credential<'c>,
    /// Texts that must not come back in an error.
    secrets: Vec<Secret>,
    safe: bool,
    fga_cache: bool,
    /// HTTP status 307 is a success too.
    redirects: bool,
    limits: Option<Limits>,
    failed: Option<Error>,
}

/// What a call proves itself with, after the project's ID; see [`Client::call`].
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Credential<'t> {
    /// Nothing.
    Project,
    /// A refresh token or an access key.
    Token(&'t str),
    /// The client's management key.
    ManagementKey,
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Project => "Project",
            Self::Token(_) => "Token([redacted])",
            Self::ManagementKey => "ManagementKey",
        })
    }
}

#[allow(dead_code, reason = "each area uses some of it, and any of them may be off")]
impl<'c> Call<'c> {
    pub(crate) fn new(client: &'c Client, method: Method, path: impl Into<String>) -> Self {
        Self {
            client,
            safe: method == Method::GET,
            method,
            path: path.into(),
            body: None,
            list: None,
            credential: Credential::Project,
            secrets: Vec::new(),
            fga_cache: false,
            redirects: false,
            limits: None,
            failed: None,
        }
    }

    /// Signs with the management key, without which the call fails before anything is sent.
    pub(crate) fn management(mut self) -> Self {
        self.credential = Credential::ManagementKey;
        if self.client.shared.management_key.is_none() {
            return self.fail(Error::Config(
                "this call needs a management key: see `ClientBuilder::management_key`",
            ));
        }
        self
    }

    /// Appends a path segment, encoded (all but the `unreserved` of RFC 3986).
    pub(crate) fn segment(mut self, name: &'static str, text: &str) -> Self {
        if matches!(text, "." | "..") {
            return self.fail(Error::argument(name, "must not be dots"));
        }
        self = self.check(check::id(name, text));
        self.path.push('/');
        self.path.extend(utf8_percent_encode(text, ESCAPED));
        self
    }

    /// Appends a query parameter, encoded like a segment; `None` leaves it out.
    pub(crate) fn query<'a>(
        mut self,
        name: &'static str,
        value: impl Into<Option<&'a str>>,
    ) -> Self {
        if let Some(value) = value.into() {
            self.path.push(if self.path.contains('?') { '&' } else { '?' });
            self.path.push_str(name);
            self.path.push('=');
            self.path.extend(utf8_percent_encode(value, ESCAPED));
        }
        self
    }

    /// Appends `true` or `false` as a query parameter; `None` leaves it out.
    pub(crate) fn query_flag(self, name: &'static str, value: Option<bool>) -> Self {
        self.query(name, value.map(|value| if value { "true" } else { "false" }))
    }

    /// Puts a token or access key in the bearer, after the project ID.
    pub(crate) fn bearer(mut self, name: &'static str, token: &'c str) -> Self {
        self.credential = Credential::Token(token);
        self.secrets.push(token.into());
        self.check(check::token(name, token))
    }

    pub(crate) fn credential(self, credential: Credential<'c>) -> Self {
        match credential {
            Credential::Project => self,
            Credential::Token(token) => self.bearer("token", token),
            Credential::ManagementKey => self.management(),
        }
    }

    /// Sets a body member; `None` leaves it out.
    pub(crate) fn field(self, name: &'static str, value: impl Serialize) -> Self {
        self.put(name, serde_json::to_value(value))
    }

    fn put(mut self, name: &'static str, value: serde_json::Result<Value>) -> Self {
        let body = self.body.get_or_insert_default();
        match value {
            Ok(Value::Null) => self,
            Ok(value) => {
                body.insert(name.to_owned(), value);
                self
            }
            Err(_) => self.fail(Error::argument(name, "cannot be written as JSON")),
        }
    }

    /// Sets a body member that must not show in any error.
    pub(crate) fn secret(mut self, name: &'static str, value: &str) -> Self {
        self.secrets.push(value.into());
        self.field(name, value)
    }

    /// Sets a body member to a list of IDs or names, of which there must be one.
    pub(crate) fn ids(self, name: &'static str, ids: &[&str]) -> Self {
        self.check(check::not_empty(name, ids)).check(check::ids(name, ids)).field(name, ids)
    }

    /// Notes texts inside the body that must not show in any error.
    pub(crate) fn hide<'s>(mut self, secrets: impl IntoIterator<Item = &'s Secret>) -> Self {
        self.secrets.extend(secrets.into_iter().cloned());
        self
    }

    /// Likewise; `None` leaves it out.
    pub(crate) fn maybe_secret(self, name: &'static str, value: Option<&Secret>) -> Self {
        match value {
            Some(value) => self.secret(name, value.expose()),
            None => self,
        }
    }

    /// Sets a body member to a struct of options, or leaves it out if none is set.
    pub(crate) fn options(self, name: &'static str, options: &impl Serialize) -> Self {
        match serde_json::to_value(options) {
            Ok(Value::Object(members)) if members.is_empty() => self,
            options => self.put(name, options),
        }
    }

    /// Merges a struct of options into the body.
    pub(crate) fn fields(mut self, options: &impl Serialize) -> Self {
        let body = self.body.get_or_insert_default();
        match serde_json::to_value(options) {
            Ok(Value::Object(members)) => {
                body.extend(members);
                self
            }
            _ => self.fail(Error::argument("options", "cannot be written as a JSON object")),
        }
    }

    /// Sets the body to a list.
    pub(crate) fn list(mut self, items: &[impl Serialize]) -> Self {
        match serde_json::to_value(items) {
            Ok(items) => {
                self.list = Some(items);
                self
            }
            Err(_) => self.fail(Error::argument("items", "cannot be written as JSON")),
        }
    }

    /// Sets the body, none of whose texts may show in any error.
    pub(crate) fn whole_body(mut self, name: &'static str, body: &impl Serialize) -> Self {
        match serde_json::to_value(body) {
            Ok(Value::Null) => self,
            Ok(Value::Object(_)) if self.method == Method::GET => {
                self.fail(Error::argument(name, "a GET has none"))
            }
            Ok(Value::Object(members)) => {
                members.values().for_each(|value| hide(&mut self.secrets, value));
                self.body = Some(members);
                self
            }
            _ => self.fail(Error::argument(name, "is not a JSON object")),
        }
    }

    /// Notes the outcome of checking an argument. The first fault counts.
    pub(crate) fn check(self, checked: Result<()>) -> Self {
        match checked {
            Ok(()) => self,
            Err(error) => self.fail(error),
        }
    }

    /// The call changes nothing, so that repeating it does no harm.
    pub(crate) fn safe(mut self) -> Self {
        self.safe = true;
        self
    }

    /// The call may change something though it is a `GET`.
    pub(crate) fn changes(mut self, changes: bool) -> Self {
        self.safe &= !changes;
        self
    }

    /// Goes to the FGA cache, where one is configured.
    pub(crate) fn fga_cache(mut self) -> Self {
        self.fga_cache = true;
        self
    }

    /// A call of the client's own, in the service of all its clones: tried once, within these limits,
    /// whatever a clone has set.
    pub(crate) fn internal(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// The first fault so far, so that nothing else is done for a call that cannot be sent.
    pub(crate) fn ready(self) -> Result<Self> {
        match self.failed {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    pub(crate) fn client(&self) -> &'c Client {
        self.client
    }

    fn fail(mut self, error: Error) -> Self {
        if self.failed.is_none() {
            log_refusal(&self, &error);
            self.failed = Some(error);
        }
        self
    }

    /// Sends, and reads the response as `T`.
    pub(crate) fn send<T: DeserializeOwned>(self) -> Result<T> {
        Ok(decode(self.execute()?.body())?)
    }

    /// Sends, and reads one member of the response as `T`.
    pub(crate) fn send_field<T: DeserializeOwned>(self, name: &str) -> Result<T> {
        Ok(decode_field(self.execute()?.body(), name)?)
    }

    /// Sends, and reads a list that is a member of the response, and may be missing if it is empty.
    pub(crate) fn send_list<T: DeserializeOwned>(self, name: &str) -> Result<Vec<T>> {
        Ok(decode_list(self.execute()?.body(), name)?)
    }

    /// Sends, and reads the response as JSON of any form; null if there is none.
    pub(crate) fn send_value(self) -> Result<Value> {
        match self.execute()?.body().trim_ascii() {
            [] => Ok(Value::Null),
            body => Ok(decode(body)?),
        }
    }

    /// Sends, and returns the URL that the response names.
    ///
    /// It may come with status 307, whose `Location` is not followed: it is for the user's browser.
    pub(crate) fn send_url(mut self) -> Result<String> {
        self.redirects = true;
        self.send_field("url")
    }

    /// Sends, and drops the response's body.
    pub(crate) fn send_unit(self) -> Result<()> {
        self.execute().map(drop)
    }

    /// Sends, and returns the response of a success.
    pub(crate) fn execute(mut self) -> Result<Response> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let client = self.client;
        let body = match (&self.list, &self.body) {
            (Some(items), _) => serde_json::to_vec(items).map_err(|_| unwritable())?,
            (None, Some(members)) => serde_json::to_vec(members).map_err(|_| unwritable())?,
            (None, None) => Vec::new(),
        };
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        let cache = client.shared.fga_cache_url.as_ref().filter(|_| self.fga_cache);
        let url = format!("{}{}", cache.unwrap_or(&client.shared.base_url), self.path);
        *request.uri_mut() = url.parse().map_err(|_| unwritable())?;
        let clock = &*client.shared.clock;
        let deadline = clock.monotonic().saturating_add(client.settings.deadline);
        *request.headers_mut() = self.headers()?;
        let mut tries = 0;
        loop {
            let left = deadline.saturating_sub(clock.monotonic());
            let limits = self.limits.unwrap_or(Limits {
                timeout: client.settings.try_timeout.min(left),
                ..Limits::DEFAULT
            });
            request.extensions_mut().insert(limits);
            tries += 1;
            let outcome = self.attempt(request.clone(), limits, tries);
            let wait = match self.limits {
                Some(_) => None,
                None => client.settings.retry.next(tries, self.safe, &outcome),
            };
            let left = deadline.saturating_sub(clock.monotonic());
            match wait {
                Some(wait) if wait < left => clock.sleep(wait),
                _ => return outcome,
            }
        }
    }

    fn attempt(&self, request: Request<Vec<u8>>, limits: Limits, tries: u32) -> Result<Response> {
        if limits.timeout.is_zero() {
            let error = TransportError::new(TransportErrorKind::Timeout, "no time left");
            return Err(error.into());
        }
        let sent = self.client.shared.transport.send(request);
        log_attempt(self, &sent, tries);
        let response = sent?;
        if response.body().len() as u64 > limits.body {
            return Err(TransportError::new(TransportErrorKind::Body, "too large").into());
        }
        let status = response.status();
        if status.is_success() || (self.redirects && status == StatusCode::TEMPORARY_REDIRECT) {
            Ok(response)
        } else {
            Err(Error::Api(Box::new(self.refusal(&response))))
        }
    }

    /// The client's headers, and those that differ from call to call.
    fn headers(&self) -> Result<HeaderMap> {
        let shared = &*self.client.shared;
        let mut headers = shared.headers.clone();
        let make_id = || shared.request_id.as_ref().and_then(|make| make());
        let id = self.client.settings.request_id.clone();
        if self.limits.is_none()
            && let Some(id) = id.or_else(make_id)
        {
            headers.insert("x-external-rid", check::header("request_id", &id)?);
        }
        let mut bearer = format!("Bearer {}", shared.project_id);
        let (user, key) = match self.credential {
            Credential::Project => (None, &shared.auth_management_key),
            Credential::Token(token) => (Some(token), &shared.auth_management_key),
            Credential::ManagementKey => (None, &shared.management_key),
        };
        for part in user.into_iter().chain(key.as_ref().map(Secret::expose)) {
            bearer.push(':');
            bearer.push_str(part);
        }
        let mut bearer = check::header("token", &bearer)?;
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
        if matches!(self.credential, Credential::ManagementKey)
            && let Some(license) = &shared.license
            && let Some(tier) = license.header(self.client)
        {
            headers.insert("x-descope-license", tier);
        }
        Ok(headers)
    }

    /// Everything the answer says about why it is not a success, less what is secret.
    #[cold]
    fn refusal(&self, response: &Response) -> ApiError {
        let (headers, scrubber) = (response.headers(), self.scrubber());
        let text =
            |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(|v| scrubber.text(v));
        let mut error = ApiError {
            status: response.status().as_u16(),
            request_id: text("x-request-id"),
            cf_ray: text("cf-ray"),
            retry_after: retry_after(headers, self.client.shared.clock.unix()),
            ..ApiError::default()
        };
        if let Ok(Value::Object(mut members)) = serde_json::from_slice(response.body()) {
            let mut take = |name| match members.remove(name) {
                Some(Value::String(text)) => scrubber.text(&text),
                _ => String::new(),
            };
            error.code = take("errorCode");
            error.description = take("errorDescription");
            error.message = take("errorMessage");
        }
        if error.code.is_empty() && error.description.is_empty() && error.message.is_empty() {
            error.body_preview = scrubber.preview(response.body());
        }
        error
    }

    /// Knows this call's own secrets.
    fn scrubber(&self) -> Scrubber<'_> {
        let shared = &*self.client.shared;
        let keys = [&shared.management_key, &shared.auth_management_key];
        Scrubber::new(self.secrets.iter().chain(keys.into_iter().flatten()).map(Secret::expose))
    }
}

/// Takes every text in a value for a secret.
fn hide(secrets: &mut Vec<Secret>, value: &Value) {
    match value {
        Value::String(text) => secrets.push(text.as_str().into()),
        Value::Array(values) => values.iter().for_each(|value| hide(secrets, value)),
        Value::Object(members) => members.values().for_each(|value| hide(secrets, value)),
        _ => {}
    }
}

fn unwritable() -> Error {
    Error::argument("request", "cannot be written as HTTP")
}

/// Seconds or a date (RFC 9110 section 10.2.3), the first readable of several, at most a day.
fn retry_after(headers: &HeaderMap, now: i64) -> Option<Duration> {
    const DAY: u64 = 24 * 60 * 60;
    let seconds = |text: &str| {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return Some(text.parse().unwrap_or(DAY));
        }
        let date = crate::UnixTime::from(httpdate::parse_http_date(text).ok()?).as_seconds();
        Some(u64::try_from(date.saturating_sub(now)).unwrap_or(0))
    };
    headers
        .get_all(header::RETRY_AFTER)
        .iter()
        .find_map(|value| seconds(value.to_str().ok()?.trim()))
        .map(|seconds| Duration::from_secs(seconds.min(DAY)))
}

#[cfg(feature = "log")]
fn log_attempt(call: &Call<'_>, sent: &Result<Response, TransportError>, tries: u32) {
    let path = call.path.split('?').next().unwrap_or_default();
    match sent {
        Ok(response) => {
            log::debug!("{} {path}, try {tries}: {}", call.method, response.status().as_u16());
        }
        Err(error) => log::debug!("{} {path}, try {tries}: {:?}", call.method, error.kind()),
    }
}

#[cfg(feature = "log")]
fn log_refusal(call: &Call<'_>, error: &Error) {
    let path = call.path.split('?').next().unwrap_or_default();
    log::debug!("{} {}, not sent: {error}", call.method, path.escape_debug());
}

#[cfg(not(feature = "log"))]
fn log_attempt(_: &Call<'_>, _: &Result<Response, TransportError>, _: u32) {}

#[cfg(not(feature = "log"))]
fn log_refusal(_: &Call<'_>, _: &Error) {}

/// Everything but the `unreserved` characters of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http::HeaderValue;

    #[test]
    fn reads_every_form_of_retry_after() {
        let now = 784_111_777; // Sun, 06 Nov 1994 08:49:37 GMT
        let day = 24 * 60 * 60;
        for (values, expected) in [
            (&["120"][..], Some(120)),
            (&[" 7 "], Some(7)),
            (&["0"], Some(0)),
            (&["99999999999999999999999"], Some(day)),
            (&["Sun, 06 Nov 1994 08:50:37 GMT"], Some(60)),
            (&["Sun, 06 Nov 1994 08:40:00 GMT"], Some(0)),
            (&["Fri, 31 Dec 9999 23:59:59 GMT"], Some(day)),
            (&["-5"], None),
            (&["1.5"], None),
            (&["soon"], None),
            (&[""], None),
            (&[], None),
            (&["soon", "3"], Some(3)),
            (&["5", "9"], Some(5)),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::RETRY_AFTER, HeaderValue::from_static(value));
            }
            assert_eq!(retry_after(&headers, now), expected.map(Duration::from_secs), "{values:?}");
        }
    }
}

//! Sends a call: its tries within one deadline, and what becomes of the answer.

use std::time::Duration;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_json::value::RawValue;

use super::challenge::parameter;
use super::{Call, Credential};
use crate::answer::Answer;
use crate::check;
use crate::error::{ApiError, Error, Result};
use crate::escape::Escaped;
use crate::json::{self, DecodeError};
use crate::license;
use crate::page::Page;
use crate::retry;
use crate::scrub::Scrubber;
use crate::secret::Secret;
use crate::time::UnixTime;
use crate::transport::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use crate::transport::{Limits, Response, TransportError, TransportErrorKind};

impl Call<'_> {
    /// Sends, and reads the response as `T`.
    pub(crate) fn send<T: DeserializeOwned>(self) -> Result<T> {
        Ok(self.execute()?.body().read()?)
    }

    /// Sends, and reads one member of the response as `T`.
    pub(crate) fn send_field<T: DeserializeOwned>(self, name: &str) -> Result<T> {
        Ok(self.execute()?.body().field(name)?)
    }

    /// Sends, and reads a list that is a member of the response, and may be missing if it is empty.
    pub(crate) fn send_list<T: DeserializeOwned>(self, name: &str) -> Result<Vec<T>> {
        Ok(self.execute()?.body().list(name)?)
    }

    /// Sends, and reads a list that is all of the response, or in another form of it a member. It may be null
    /// if it is empty.
    pub(crate) fn send_bare_list<T: DeserializeOwned>(self, name: &str) -> Result<Vec<T>> {
        let answer = self.execute()?;
        match answer.response.body().trim_ascii_start().first() {
            Some(b'{') => Ok(answer.body().list(name)?),
            _ => Ok(answer.body().read::<Option<_>>()?.unwrap_or_default()),
        }
    }

    /// Sends, and reads one page of a list that is a member of the response.
    pub(crate) fn send_page<T: DeserializeOwned>(self, name: &str) -> Result<Page<T>> {
        let answer = self.execute()?;
        Ok(Page { items: answer.body().list(name)?, total: answer.body().count("total") })
    }

    /// Sends, and reads the response as JSON of any form; null if there is none.
    pub(crate) fn send_value(self) -> Result<Value> {
        let answer = self.execute()?;
        if answer.is_empty() { Ok(Value::Null) } else { Ok(answer.body().read()?) }
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

    /// Sends, and returns the answer of a success.
    pub(crate) fn execute(mut self) -> Result<Answer> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let core = self.core;
        let mut request = Request::new(self.written()?);
        *request.method_mut() = self.method.clone();
        let cache = core.shared.fga_cache_url.as_ref().filter(|_| self.fga_cache);
        let server = self.server.as_ref().or(cache).unwrap_or(&core.shared.base_url);
        *request.uri_mut() = format!("{server}{}", self.path).parse().map_err(|_| unwritable())?;
        *request.headers_mut() = self.headers()?;
        let clock = &*core.shared.clock;
        let mut times = self.times();
        let careful = self.once.then(|| core.settings.retry.clone().retry_unavailable(false));
        let retry = careful.as_ref().unwrap_or(&core.settings.retry);
        let (mut tries, mut refusals) = (0, 0);
        loop {
            let turn = self.turn(&mut times)?;
            let left = times.deadline.saturating_sub(clock.monotonic());
            let limits = self.limits.unwrap_or(Limits {
                timeout: core.settings.try_timeout.min(left),
                body: self.largest,
            });
            request.extensions_mut().insert(limits);
            tries += 1;
            let mut attempt = request.clone();
            self.protocol.map_or(Ok(()), |protocol| protocol.complete(&mut attempt))?;
            let outcome = match self.attempt(attempt, limits, tries) {
                Ok(response) => match self.protocol {
                    Some(protocol) if protocol.repeat(&response) => continue,
                    _ => self.judge(response),
                },
                Err(error) => Err(error),
            };
            if self.ends(turn, &outcome, &times) {
                refusals += 1;
                continue;
            }
            let wait = match self.limits {
                Some(_) => None,
                None => retry.next(tries - refusals, self.is_safe(), &outcome, retry::random),
            };
            let left = times.deadline.saturating_sub(clock.monotonic());
            match wait {
                Some(wait) if wait < left => clock.sleep(wait),
                _ => return outcome.map(|response| Answer::new(response, left)),
            }
        }
    }

    /// The body.
    fn written(&self) -> Result<Vec<u8>> {
        match (&self.form, &self.list, &self.body) {
            (Some(form), _, _) => Ok(form.clone().into_bytes()),
            (None, Some(items), _) => serde_json::to_vec(items).map_err(|_| unwritable()),
            (None, None, Some(members)) => serde_json::to_vec(members).map_err(|_| unwritable()),
            (None, None, None) => Ok(Vec::new()),
        }
    }

    fn attempt(&self, request: Request<Vec<u8>>, limits: Limits, tries: u32) -> Result<Response> {
        if limits.timeout.is_zero() {
            return Err(TransportError::no_time().into());
        }
        let place = request.uri().authority().cloned();
        let sent = self.core.shared.transport.send(request);
        log_attempt(self, &sent, tries);
        let response = sent.map_err(|error| {
            let error = place.iter().fold(error, |error, place| error.to(place.as_str()));
            let scrubber = self.scrubber();
            error.scrubbed(|text| scrubber.text(text))
        })?;
        if response.body().len() as u64 > limits.body {
            return Err(TransportError::new(TransportErrorKind::Body, "too large").into());
        }
        Ok(response)
    }

    /// Tells a success from a refusal.
    fn judge(&self, response: Response) -> Result<Response> {
        let status = response.status();
        if self.protocol.is_some() && is_hidden_refusal(response.body()) {
            Err(Error::Api(Box::new(self.refusal(&response))))
        } else if status.is_success()
            || (self.redirects && status == StatusCode::TEMPORARY_REDIRECT)
        {
            if is_descopes(&response) { Ok(response) } else { Err(self.not_descopes(&response)) }
        } else {
            Err(Error::Api(Box::new(self.refusal(&response))))
        }
    }

    /// The client's headers, and those that differ from call to call.
    fn headers(&self) -> Result<HeaderMap> {
        if self.protocol.is_some() {
            return Ok(self.headers_of_a_protocol());
        }
        let shared = &*self.core.shared;
        let mut headers = shared.headers.clone();
        let make_id = || shared.request_id.as_ref().and_then(|make| make());
        let id = self.core.settings.request_id.clone();
        if self.limits.is_none()
            && let Some(id) = id.or_else(make_id)
            && let Some(id) = check::request_id(&id)
        {
            headers.insert("x-external-rid", id);
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
        // Not with the question for the tier, nor with others of the client's own.
        if matches!(self.credential, Credential::ManagementKey)
            && self.limits.is_none()
            && let Some(license) = &shared.license
            && let Some(tier) = license.header(|| self.license_tier())
        {
            headers.insert("x-descope-license", tier);
        }
        Ok(headers)
    }

    /// The headers of a call in another protocol. The program's own are meant for Descope, or for what is on
    /// the way there, and may be secrets: another server does not get them.
    fn headers_of_a_protocol(&self) -> HeaderMap {
        let shared = &*self.core.shared;
        let is_at_home = self.server == check::origin(&shared.base_url);
        let mut headers = if is_at_home { shared.headers.clone() } else { HeaderMap::new() };
        headers.remove(header::AUTHORIZATION);
        headers.remove(header::CONTENT_TYPE);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if self.form.is_some() {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(header::CONTENT_TYPE, form);
        }
        headers
    }

    /// Asks for the project's licence tier.
    fn license_tier(&self) -> Result<HeaderValue> {
        let call = Call::new(self.core, Method::GET, "/v1/mgmt/license").management();
        let tier: String = call.internal(license::LIMITS).send_field("rateLimitTier")?;
        check::id("rateLimitTier", &tier)?;
        check::header("rateLimitTier", &tier)
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
            retry_after: retry_after(headers, self.core.shared.clock.unix().as_seconds()),
            ..ApiError::default()
        };
        let body = response.body().trim_ascii_start();
        // Serde would also read a list, by position.
        if body.starts_with(b"{")
            && let Ok(refusal) = serde_json::from_slice::<Refusal<'_>>(body)
        {
            let text = |member: Option<&RawValue>| {
                member.and_then(json::string).map(|text| scrubber.text(&text)).unwrap_or_default()
            };
            error.code = text(refusal.code);
            error.description = text(refusal.description);
            error.message = text(refusal.message);
            if self.protocol.is_some() && refusal.error.and_then(json::string).is_some() {
                error.code = text(refusal.error);
                let description = refusal.error_description.or(refusal.description);
                error.description = text(description.or(refusal.oauth_description));
            }
        }
        if self.protocol.is_some() && error.code.is_empty() {
            challenge(headers, &mut error, |text| scrubber.text(text));
        }
        if error.code.is_empty() && error.description.is_empty() && error.message.is_empty() {
            error.body_preview = scrubber.preview(response.body());
        }
        error
    }

    /// The error for a success that something on the way made up. It does not quote JSON.
    #[cold]
    fn not_descopes(&self, response: &Response) -> Error {
        let body = response.body().trim_ascii_start();
        let is_json = matches!(body.first(), Some(b'{' | b'[' | b'"'));
        let preview = if is_json { None } else { self.scrubber().preview(body) };
        let preview = preview.map(|text| format!(": {:?}", Escaped(&text))).unwrap_or_default();
        let unknown = if self.safe { "" } else { "; the call may still have taken effect" };
        let problem =
            format!("not Descope's answer, but perhaps a page of a proxy{preview}{unknown}");
        DecodeError::new(problem).into()
    }

    /// Knows this call's own secrets, and the program's headers, which may be such.
    fn scrubber(&self) -> Scrubber<'_> {
        let shared = &*self.core.shared;
        let keys = [&shared.management_key, &shared.auth_management_key];
        let keys = self.secrets.iter().chain(keys.into_iter().flatten()).map(Secret::expose);
        let headers = shared.headers.values().filter(|value| value.is_sensitive());
        Scrubber::new(keys.chain(headers.filter_map(|value| value.to_str().ok())))
    }
}

/// What Descope says of a refusal; of a body that may be anyone's, and of any size, no more is kept.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal<'b> {
    #[serde(rename = "errorCode", borrow)]
    code: Option<&'b RawValue>,
    #[serde(rename = "errorDescription")]
    description: Option<&'b RawValue>,
    #[serde(rename = "errorMessage")]
    message: Option<&'b RawValue>,
    /// RFC 6749 section 5.2.
    error: Option<&'b RawValue>,
    error_description: Option<&'b RawValue>,
    /// In Descope's description of its API.
    #[serde(rename = "description")]
    oauth_description: Option<&'b RawValue>,
    access_token: Option<&'b RawValue>,
}

/// Whether an answer names an error in place of a token, whatever its status: Descope's answer has members for
/// both.
fn is_hidden_refusal(body: &[u8]) -> bool {
    let Ok(answer) = serde_json::from_slice::<Refusal<'_>>(body) else { return false };
    let filled = |member: Option<&RawValue>| {
        member.and_then(json::string).is_some_and(|text| !text.is_empty())
    };
    body.trim_ascii_start().starts_with(b"{")
        && filled(answer.error)
        && !filled(answer.access_token)
}

/// What a header `WWW-Authenticate` says of a refusal (RFC 6750 section 3, RFC 9449 section 7.1).
fn challenge(headers: &HeaderMap, error: &mut ApiError, scrub: impl Fn(&str) -> String) {
    let values = headers.get_all(header::WWW_AUTHENTICATE).iter();
    for value in values.filter_map(|value| value.to_str().ok()) {
        if let Some(code) = parameter(value, "error") {
            error.code = scrub(&code);
            error.description =
                parameter(value, "error_description").map(|text| scrub(&text)).unwrap_or_default();
            return;
        }
    }
}

/// Whether a success can be Descope's, which answers with a JSON object or list, or with nothing at all;
/// what reads the answer judges the rest. Whatever calls itself HTML must be a whole object.
fn is_descopes(response: &Response) -> bool {
    let is_html = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.as_bytes().to_ascii_lowercase();
        kind.starts_with(b"text/html") || kind.starts_with(b"application/xhtml")
    });
    let is_whole = |body| serde_json::from_slice::<IgnoredAny>(body).is_ok();
    let has_no_body =
        matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT);
    match response.body().trim_ascii() {
        [] => has_no_body || !is_html,
        body @ [b'{', ..] => !is_html || is_whole(body),
        body @ [b'[', ..] => !is_html && is_whole(body),
        body => !is_html && body == b"null",
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
        let date = UnixTime::from(httpdate::parse_http_date(text).ok()?).as_seconds();
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
            let status = response.status().as_u16();
            log::debug!("{} {}, try {tries}: {status}", call.method, Escaped(path));
        }
        Err(error) => {
            log::debug!("{} {}, try {tries}: {:?}", call.method, Escaped(path), error.kind());
        }
    }
}

#[cfg(not(feature = "log"))]
fn log_attempt(_: &Call<'_>, _: &Result<Response, TransportError>, _: u32) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_can_be_descopes() {
        let json = "application/json; charset=utf-8";
        for (status, kind, body, ours) in [
            (200, "", "", true),
            (200, "", " \r\n", true),
            (204, "text/html", "", true),
            (205, "", "", true),
            (202, json, "{}", true),
            (200, "text/plain", r#" {"ok":true}"#, true),
            (200, json, "{not json", true),
            (200, "", "[]", true),
            (200, "", r#"[{"a":1}]"#, true),
            (200, "", "null", true),
            (200, "text/html", r#"{"sessionJwt":"x"}"#, true),
            (200, "text/html", "", false),
            (200, "text/html; charset=utf-8", "{{ maintenance }}", false),
            (200, "Text/HTML", "[]", false),
            (200, "application/xhtml+xml", "null", false),
            (200, "", "<!DOCTYPE html><html></html>", false),
            (200, json, "<html>", false),
            (200, "", "<?xml version=\"1.0\"?><x/>", false),
            (200, "", "OK", false),
            (202, "", "ok\n", false),
            (200, "", "\"OK\"", false),
            (200, "", "true", false),
            (200, "", "1", false),
            (200, "", "[Squid] access denied", false),
            (200, "", "nullify", false),
            (200, "", "\u{feff}{}", false),
        ] {
            let mut response = Response::new(body.into());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            if !kind.is_empty() {
                let kind = HeaderValue::from_static(kind);
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
            }
            assert_eq!(is_descopes(&response), ours, "{status} {kind} {body}");
        }
    }

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

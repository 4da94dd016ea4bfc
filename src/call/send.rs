//! Sends a call: its tries within one deadline, and what becomes of the answer.

use std::time::Duration;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_json::value::RawValue;

use super::challenge::parameter;
use super::tell::Which;
use super::{Call, Credential};
use crate::answer::Answer;
use crate::check;
use crate::checks::Checks;
use crate::error::{ApiError, Error, Result};
use crate::escape::Escaped;
use crate::json::{self, DecodeError};
use crate::license;
use crate::observe::RetryReason;
use crate::page::Page;
use crate::retry;
use crate::scrub::Scrubber;
use crate::secret::Secret;
use crate::transport::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
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
        let _changing = self.changes_checks().map(Checks::changing);
        let mut request = Request::new(self.written()?);
        *request.method_mut() = self.method.clone();
        let api = self.server.as_deref().unwrap_or(&core.shared.base_url);
        let cache = core.shared.fga_cache_url.as_deref().filter(|_| self.fga_cache);
        let mut which = Which { server: cache.unwrap_or(api), number: 0 };
        *request.uri_mut() = self.uri(which.server)?;
        // What to ask once the cache does not answer.
        let mut instead = cache.map(|_| api);
        *request.headers_mut() = self.headers()?;
        let clock = &*core.shared.clock;
        let mut times = self.times();
        let careful = self.once.then(|| core.settings.retry.clone().retry_unavailable(false));
        let retry = careful.as_ref().unwrap_or(&core.settings.retry);
        let (mut tries, mut refusals) = (0, 0);
        loop {
            // A cache of the program's own has no limits of Descope's, unless it passes the call on.
            let turn = if instead.is_some() && self.safe { None } else { self.turn(&mut times)? };
            let left = times.deadline.saturating_sub(clock.monotonic());
            // The other half is for whom there is to ask instead.
            let limits = self.limits(if instead.is_some() { left / 2 } else { left });
            request.extensions_mut().insert(limits);
            tries += 1;
            which.number += 1;
            let mut attempt = request.clone();
            self.protocol.map_or(Ok(()), |protocol| protocol.complete(&mut attempt))?;
            let Some(outcome) = self.attempt(attempt, limits, which) else { continue };
            if let Some(api) = instead.filter(|_| self.falls_back(&outcome)) {
                self.tell_retry(which, Duration::ZERO, RetryReason::of(&outcome));
                *request.uri_mut() = self.uri(api)?;
                (instead, which.server, tries, refusals) = (None, api, 0, 0);
                continue;
            }
            let again = self.ends(turn, &outcome, &times);
            if instead.is_some() {
                // The cache is asked once: what does not fall back counts.
                let left = times.deadline.saturating_sub(clock.monotonic());
                return outcome.map(|response| Answer::new(response, left));
            }
            if let Some(wait) = again {
                self.tell_retry(which, wait, RetryReason::of(&outcome));
                refusals += 1;
                continue;
            }
            let wait = match self.limits {
                Some(_) => None,
                None => retry.next(tries - refusals, self.is_safe(), &outcome, retry::random),
            };
            let left = times.deadline.saturating_sub(clock.monotonic());
            match wait {
                Some(wait) if wait < left => {
                    self.tell_retry(which, wait, RetryReason::of(&outcome));
                    clock.sleep(wait);
                }
                _ => return outcome.map(|response| Answer::new(response, left)),
            }
        }
    }

    /// The limits of one try, which may take this long.
    fn limits(&self, most: Duration) -> Limits {
        let timeout = self.core.settings.try_timeout.min(most);
        self.limits.unwrap_or(Limits { timeout, body: self.largest })
    }

    fn uri(&self, server: &str) -> Result<Uri> {
        format!("{server}{}", self.path).parse().map_err(|_| unwritable())
    }

    /// Whether the FGA cache is down, and can no longer act on what it was asked: see
    /// [`ClientBuilder::fga_cache_url`](crate::ClientBuilder::fga_cache_url).
    fn falls_back(&self, outcome: &Result<Response>) -> bool {
        match outcome {
            Err(Error::Transport(error)) => self.safe || !error.maybe_processed(),
            Err(Error::Api(error)) => {
                error.status >= 500 && (self.safe || !matches!(error.status, 504 | 520 | 524))
            }
            Err(Error::Decode(_)) => self.safe,
            _ => false,
        }
    }

    /// The remembered answers, if the call may change what they were made of.
    fn changes_checks(&self) -> Option<&Checks> {
        const AREAS: [&str; 3] = ["/v1/mgmt/fga/", "/v1/mgmt/authz/", "/v1/mgmt/project/"];
        let checks = self.core.shared.checks.as_ref()?;
        let changes = !self.safe && AREAS.iter().any(|area| self.path.starts_with(area));
        changes.then_some(checks)
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

    /// What becomes of one try; `None` if the request is to be sent again at once.
    fn attempt(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
        which: Which<'_>,
    ) -> Option<Result<Response>> {
        if limits.timeout.is_zero() {
            return Some(Err(TransportError::no_time().into()));
        }
        let place = request.uri().authority().cloned();
        let begun = self.tell_sending(which);
        let response = match self.core.shared.transport.send(request) {
            Ok(response) if response.body().len() as u64 > limits.body => {
                Err(TransportError::new(TransportErrorKind::Body, "too large"))
            }
            Ok(response) => Ok(response),
            Err(error) => {
                let error = place.iter().fold(error, |error, place| error.to(place.as_str()));
                let scrubber = self.scrubber();
                Err(error.scrubbed(|text| scrubber.text(text)))
            }
        };
        let response = match response {
            Ok(response) => response,
            Err(error) => {
                self.tell_unanswered(which, begun, &error);
                return Some(Err(error.into()));
            }
        };
        let fault = self.fault(&response);
        self.tell_answered(which, begun, &response, fault.as_ref());
        if self.protocol.is_some_and(|protocol| protocol.repeat(&response)) {
            self.tell_retry(which, Duration::ZERO, RetryReason::Nonce);
            return None;
        }
        Some(fault.map_or(Ok(response), Err))
    }

    /// What keeps an answer from being a success.
    fn fault(&self, response: &Response) -> Option<Error> {
        let status = response.status();
        let hidden = self.protocol.is_some() && is_hidden_refusal(response.body());
        let redirect = self.redirects && status == StatusCode::TEMPORARY_REDIRECT;
        if hidden || !(status.is_success() || redirect) {
            return Some(Error::Api(Box::new(self.refusal(response))));
        }
        (!is_descopes(response)).then(|| self.not_descopes(response))
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
        let is_at_home = self.foreign_server().is_none();
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

    /// Host and port of the server, if it is not Descope's.
    fn foreign_server(&self) -> Option<&str> {
        let server = self.server.as_deref()?;
        let is_at_home = check::origin(&self.core.shared.base_url).is_some_and(|at| at == server);
        if is_at_home { None } else { Some(check::authority(server)) }
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
            retry_after: retry::after(headers, self.core.shared.clock.unix().as_seconds()),
            server: self.foreign_server().map(str::to_owned),
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
        let answer = match self.foreign_server() {
            Some(server) => format!("the server's answer ({server})"),
            None => "Descope's answer".to_owned(),
        };
        let problem = format!("not {answer}, but perhaps a page of a proxy{preview}{unknown}");
        DecodeError::new(problem).into()
    }

    /// Knows this call's own secrets, and the program's headers, which may be such.
    pub(super) fn scrubber(&self) -> Scrubber<'_> {
        Scrubber::new(self.hidden())
    }

    /// What no text that comes from outside may show.
    pub(super) fn hidden(&self) -> impl Iterator<Item = &str> {
        let shared = &*self.core.shared;
        let keys = [&shared.management_key, &shared.auth_management_key];
        let keys = self.secrets.iter().chain(keys.into_iter().flatten()).map(Secret::expose);
        let headers = shared.headers.values().filter(|value| value.is_sensitive());
        keys.chain(headers.filter_map(|value| value.to_str().ok()))
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
}

//! The one request builder: every operation of every area is a chain of it.

mod challenge;
mod send;
mod tell;
mod turn;

pub(crate) use self::challenge::parameter as challenge_parameter;

use std::fmt;
use std::ops::Range;

use percent_encoding::utf8_percent_encode;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::check;
use crate::core::Core;
use crate::error::{Error, Result};
use crate::escape::{ESCAPED, add_pair};
use crate::secret::Secret;
use crate::transport::http::{Method, Request, Uri};
use crate::transport::{Limits, Response};

/// A request in the making. A fault on the way is kept, and returned by the `send` functions, so
/// that an operation reads as one chain and nothing half-made is ever sent.
#[must_use]
pub(crate) struct Call<'c> {
    core: &'c Core,
    method: Method,
    path: String,
    /// Where the path has IDs, and what they are. `None` for a path that is not the crate's own.
    ids: Option<Vec<(&'static str, Range<usize>)>>,
    body: Option<Map<String, Value>>,
    /// A body that is a list, in place of one with members.
    list: Option<Value>,
    /// A body that is a form, in place of JSON.
    form: Option<String>,
    /// Scheme and authority of the server, where that is not the one of the base URL or may not be.
    server: Option<String>,
    protocol: Option<&'c dyn Protocol>,
    credential: Credential<'c>,
    /// Texts that must not come back in an error.
    secrets: Vec<Secret>,
    safe: bool,
    /// What it spends must not be sent again, whatever the program's policy.
    once: bool,
    fga_cache: bool,
    /// HTTP status 307 is a success too.
    redirects: bool,
    limits: Option<Limits>,
    /// The largest answer, in bytes.
    largest: u64,
    failed: Option<Error>,
}

/// What another protocol than Descope's own adds to each try of a call, and reads from each answer. Such a
/// call names neither the project nor a key, and its refusals are those of OAuth.
pub(crate) trait Protocol {
    /// Adds what is to be made anew for each try, such as a proof that may be used once.
    fn complete(&self, request: &mut Request<Vec<u8>>) -> Result<()>;

    /// Looks at an answer of any status, and says whether to send the request again at once.
    fn repeat(&self, response: &Response) -> bool;
}

/// A protocol without anything of its own, for what is public.
pub(crate) struct Plain;

impl Protocol for Plain {
    fn complete(&self, _: &mut Request<Vec<u8>>) -> Result<()> {
        Ok(())
    }
    fn repeat(&self, _: &Response) -> bool {
        false
    }
}

/// The credential of a call, besides the project ID; see [`Client::call`](crate::Client::call).
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Credential<'t> {
    /// Only the project ID.
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

impl<'c> Call<'c> {
    pub(crate) fn new(core: &'c Core, method: Method, path: &'static str) -> Self {
        Self { ids: Some(Vec::new()), ..Self::to_path(core, method, path) }
    }

    /// A call to a path that the program has made up.
    pub(crate) fn to_path(core: &'c Core, method: Method, path: &str) -> Self {
        Self {
            core,
            safe: method == Method::GET,
            method,
            path: path.to_owned(),
            ids: None,
            body: None,
            list: None,
            form: None,
            server: None,
            protocol: None,
            credential: Credential::Project,
            secrets: Vec::new(),
            once: false,
            fga_cache: false,
            redirects: false,
            limits: None,
            largest: Limits::DEFAULT.body,
            failed: None,
        }
    }

    /// A call to a URL that need not be one of Descope's, in another protocol.
    pub(crate) fn to_url(
        core: &'c Core,
        method: Method,
        url: &str,
        protocol: &'c dyn Protocol,
    ) -> Self {
        let mut call = Self::to_path(core, method, "");
        call.protocol = Some(protocol);
        match check::origin(url) {
            Some(server) => {
                let uri = url.parse::<Uri>().unwrap_or_default();
                call.path = uri.path_and_query().map_or_else(String::new, ToString::to_string);
                call.server = Some(server);
                call
            }
            None => call.fail(Error::argument("url", "is not an absolute URL")),
        }
    }

    /// Adds members to a form. Secret ones must not show in any error.
    pub(crate) fn form(mut self, members: &[(&str, &str)], secret: bool) -> Self {
        let form = self.form.get_or_insert_default();
        for (name, value) in members {
            if secret {
                self.secrets.push((*value).into());
            }
            if !form.is_empty() {
                form.push('&');
            }
            add_pair(form, name, value);
        }
        self
    }

    /// Reads no answer that is larger.
    pub(crate) fn largest(mut self, bytes: u64) -> Self {
        self.largest = bytes;
        self
    }

    /// Signs with the management key, without which the call fails before anything is sent.
    pub(crate) fn management(mut self) -> Self {
        self.credential = Credential::ManagementKey;
        if self.core.shared.management_key.is_none() {
            return self.fail(Error::Config(
                "this call needs a management key: see `ClientBuilder::management_key`, or set \
                 `DESCOPE_MANAGEMENT_KEY`",
            ));
        }
        self
    }

    /// Appends a path segment, encoded (all but the `unreserved` of RFC 3986).
    pub(crate) fn segment(mut self, name: &'static str, text: &str) -> Self {
        self = self.check(check::segment(name, text));
        self.path.push('/');
        let start = self.path.len();
        self.path.extend(utf8_percent_encode(text, ESCAPED));
        if let Some(ids) = &mut self.ids {
            ids.push((name, start..self.path.len()));
        }
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
            add_pair(&mut self.path, name, value);
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
        self.token(name, token)
    }

    /// Checks a token or access key to be sent, which must not show in any error.
    pub(crate) fn token(mut self, name: &'static str, token: &str) -> Self {
        self.secrets.push(token.into());
        let limit = self.core.shared.verifier.max_token_size();
        self.check(check::token(name, token, limit).map_err(Error::Token))
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
    pub(crate) fn ids(self, argument: &'static str, name: &'static str, ids: &[&str]) -> Self {
        let checked = check::not_empty(argument, ids).and_then(|()| check::ids(argument, ids));
        self.check(checked).field(name, ids)
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
                self.fail(Error::argument(name, "must be `&()`: a GET request has no body"))
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

    /// The call spends something that the server takes once, and is not sent again where the server may have
    /// seen it, even if the program lets calls that are not safe be repeated.
    pub(crate) fn once(mut self) -> Self {
        (self.safe, self.once) = (false, true);
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

    pub(crate) fn core(&self) -> &'c Core {
        self.core
    }

    fn fail(mut self, error: Error) -> Self {
        if self.failed.is_none() {
            self.tell_refused(&error);
            self.failed = Some(error);
        }
        self
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

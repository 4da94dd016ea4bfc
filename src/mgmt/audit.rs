//! The audit trail: what happened in the project. Feature `audit`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::Mgmt;
use crate::UnixMillis;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::names::names;
use crate::options::setters;
use crate::page::Page;
use crate::secret::{self, Secret};

/// The audit trail; see [`Mgmt::audit`].
#[derive(Clone, Copy, Debug)]
pub struct Audit<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// The audit trail: what happened in the project, for 30 days.
    pub fn audit(self) -> Audit<'c> {
        Audit(self)
    }
}

impl Audit<'_> {
    /// Searches the audit trail of the last 30 days.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada@example.com" }] }))?;
    /// # emulator.sign_in("ada@example.com")?;
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use std::time::{Duration, SystemTime};
    ///
    /// use descope::mgmt::audit::AuditSearch;
    ///
    /// let audit = client.mgmt().audit();
    /// // Full text search on the last 10 days.
    /// let ten_days_ago = SystemTime::now() - Duration::from_secs(10 * 24 * 60 * 60);
    /// let found = audit.search(&AuditSearch::default().text("ada@example.com").from(ten_days_ago))?;
    /// # assert!(!found.items.is_empty());
    ///
    /// // Successful logins in the last 30 days.
    /// let logins = audit.search(&AuditSearch::default().actions(["LoginSucceed"]))?;
    /// for login in &logins.items {
    ///     println!("{:?} signed in by {}", login.login_ids, login.method);
    /// }
    /// # assert_eq!(logins.items.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn search(&self, search: &AuditSearch) -> Result<Page<AuditRecord>> {
        let call = self.0.post("/v1/mgmt/audit/search").safe();
        call.field("noTenants", false).fields(search).send_page("audits")
    }

    /// Adds an event of the application's own to the audit trail.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::audit::{AuditEvent, AuditType};
    ///
    /// let event = AuditEvent::new("pencil.created", AuditType::Info, "UXXX", "tenant-id")
    ///     .data([("some", "data")]);
    /// client.mgmt().audit().create_event(&event)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) if the action, actor or tenant is empty.
    pub fn create_event(&self, event: &AuditEvent) -> Result<()> {
        self.0
            .post("/v1/mgmt/audit/event")
            .check(check::id("action", &event.action))
            .check(check::id("actor_id", &event.actor_id))
            .check(check::id("tenant_id", &event.tenant_id))
            .fields(event)
            .send_unit()
    }

    /// Creates a connector that sends the audit trail to a URL as it grows.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::audit::{AuditFilter, AuditFilterType, AuditWebhook, WebhookAuthentication};
    ///
    /// let webhook = AuditWebhook::default()
    ///     .url("https://siem.example.com/descope")
    ///     .authentication(WebhookAuthentication::Bearer("a token of yours".into()))
    ///     .hmac_secret("a secret of yours")
    ///     .filters([AuditFilter::includes(AuditFilterType::Actions, ["LoginSucceed", "LoginFailed"])]);
    /// client.mgmt().audit().create_webhook("sign-ins", &webhook)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name, URL or secret, and for a filter that
    /// lacks values; [`Error::Api`](crate::Error::Api) if another connector has the name.
    pub fn create_webhook(&self, name: &str, webhook: &AuditWebhook) -> Result<()> {
        self.0
            .post("/v2/mgmt/connector/audit/web/set")
            .check(check::id("name", name))
            .check(webhook.check())
            .hide(webhook.secrets())
            .field("name", name)
            .fields(webhook)
            .send_unit()
    }
}

/// What to search the audit trail for. What is not set lets everything through.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditSearch {
    /// IDs of users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_ids: Option<Vec<String>>,
    /// Actions, such as `LoginSucceed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<String>>,
    /// Actions to leave out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excluded_actions: Option<Vec<String>>,
    /// Kinds of device: `Bot`, `Mobile`, `Desktop`, `Tablet`, `Unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<Vec<String>>,
    /// Ways to sign in, such as `otp`, `totp`, `magiclink`, `oauth`, `saml`, `password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
    /// Countries, as two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geos: Option<Vec<String>>,
    /// Addresses the requests came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_addresses: Option<Vec<String>>,
    /// Login IDs.
    #[serde(rename = "externalIds", skip_serializing_if = "Option::is_none")]
    pub login_ids: Option<Vec<String>>,
    /// IDs of tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Vec<String>>,
    /// Includes what belongs to no tenant, beside `tenants`. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_tenants: Option<bool>,
    /// A text to look for in all fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Nothing earlier than this. At most 30 days ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<UnixMillis>,
    /// Nothing later than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<UnixMillis>,
    /// Which page, from 0. Defaults to the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Records on a page, at most 1000. Defaults to 1000.
    #[serde(rename = "size", skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

setters!(AuditSearch {
    user_ids: opt_list<String>, actions: opt_list<String>, excluded_actions: opt_list<String>,
    devices: opt_list<String>, methods: opt_list<String>, geos: opt_list<String>,
    remote_addresses: opt_list<String>, login_ids: opt_list<String>, tenants: opt_list<String>,
    no_tenants: opt<bool>, text: opt<String>, from: opt<UnixMillis>, to: opt<UnixMillis>,
    page: opt_number<u32>, limit: opt_number<u32>,
});

/// Something that happened.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditRecord {
    /// The project it happened in.
    pub project_id: String,
    /// The user it happened to.
    pub user_id: String,
    /// What happened, such as `LoginSucceed`.
    pub action: String,
    /// How serious it is.
    #[serde(rename = "type")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_type: Option<AuditType>,
    /// Who did it: a user, a management key, someone in the console.
    pub actor_id: String,
    /// When, in milliseconds.
    pub occurred: UnixMillis,
    /// The kind of device it was done with.
    pub device: String,
    /// The way the user signed in.
    pub method: String,
    /// The country the request came from, as two letters.
    pub geo: String,
    /// The address the request came from.
    pub remote_address: String,
    /// The user's login IDs.
    #[serde(rename = "externalIds")]
    pub login_ids: Vec<String>,
    /// The tenants it belongs to.
    pub tenants: Vec<String>,
    /// More about it.
    pub data: Map<String, Value>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How serious something is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditType {
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warn,
    /// A failure.
    Error,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(AuditType { Info = "info", Warn = "warn", Error = "error" });

/// An event to add with [`Audit::create_event`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditEvent {
    /// What happened, such as `pencil.created`.
    pub action: String,
    /// How serious it is.
    #[serde(rename = "type")]
    pub audit_type: AuditType,
    /// Who did it.
    pub actor_id: String,
    /// The tenant it belongs to.
    pub tenant_id: String,
    /// The user it happened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
}

impl AuditEvent {
    /// Something that an actor did in a tenant.
    pub fn new(
        action: impl Into<String>,
        audit_type: AuditType,
        actor_id: impl Into<String>,
        tenant_id: impl Into<String>,
    ) -> Self {
        Self {
            action: action.into(),
            audit_type,
            actor_id: actor_id.into(),
            tenant_id: tenant_id.into(),
            user_id: None,
            data: None,
        }
    }
}

setters!(AuditEvent { user_id: opt<String>, data: opt_map<Value> });

/// Where the audit trail is sent, and which part of it; see [`Audit::create_webhook`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditWebhook {
    /// What the connector is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where the events are sent. Descope asks for a name alone, but without a URL nothing can be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What the connector identifies itself with. Defaults to nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<WebhookAuthentication>,
    /// More headers to send, by name.
    #[serde(serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, Secret>>,
    /// Signs the body of each request (HMAC), so that the receiver can tell where it is from. Defaults to
    /// no signature.
    #[serde(serialize_with = "secret::expose", skip_serializing_if = "Option::is_none")]
    pub hmac_secret: Option<Secret>,
    /// Trusts any certificate: for tests only. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insecure: Option<bool>,
    /// Which events are sent. Defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filters: Option<Vec<AuditFilter>>,
}

setters!(AuditWebhook {
    description: opt<String>, url: opt<String>, authentication: opt<WebhookAuthentication>,
    headers: opt_map<Secret>, hmac_secret: opt<Secret>, insecure: opt<bool>,
    filters: opt_list<AuditFilter>,
});

impl AuditWebhook {
    fn check(&self) -> Result<()> {
        if let Some(url) = &self.url {
            check::filled("url", url)?;
        }
        if let Some(authentication) = &self.authentication {
            check::secret("authentication", authentication.secret().expose())?;
        }
        if let Some(secret) = &self.hmac_secret {
            check::secret("hmac_secret", secret.expose())?;
        }
        let mut filters = self.filters.iter().flatten();
        filters.try_for_each(|filter| match filter.operator {
            Some(_) => check::not_empty("filters", &filter.values),
            None => Ok(()),
        })
    }

    fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let headers = self.headers.iter().flat_map(BTreeMap::values);
        let authentication = self.authentication.iter().map(WebhookAuthentication::secret);
        headers.chain(authentication).chain(&self.hmac_secret)
    }
}

#[allow(clippy::ref_option, reason = "as serde calls it")]
fn exposed<S: Serializer>(
    headers: &Option<BTreeMap<String, Secret>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(headers.iter().flatten().map(|(name, value)| (name, value.expose())))
}

/// What a webhook identifies itself with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum WebhookAuthentication {
    /// A token after `Bearer` in the header `Authorization` (RFC 6750).
    Bearer(Secret),
    /// A username and a password in the header `Authorization` (RFC 7617).
    Basic {
        /// The username.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A key in a header of its own.
    ApiKey {
        /// The name of the header.
        key: String,
        /// Its value.
        token: Secret,
    },
}

impl WebhookAuthentication {
    fn secret(&self) -> &Secret {
        match self {
            Self::Bearer(secret)
            | Self::Basic { password: secret, .. }
            | Self::ApiKey { token: secret, .. } => secret,
        }
    }
}

impl Serialize for WebhookAuthentication {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = match self {
            Self::Bearer(token) => json!({ "bearerToken": token.expose() }),
            Self::Basic { username, password } => {
                json!({ "basic": { "username": username, "password": password.expose() } })
            }
            Self::ApiKey { key, token } => {
                json!({ "apiKey": { "key": key, "token": token.expose() } })
            }
        };
        members.serialize(serializer)
    }
}

/// Which events a webhook sends. With several filters, an event has to pass each.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditFilter {
    /// What of an event is looked at.
    pub filter_type: AuditFilterType,
    /// Whether one of the values, or none of them, lets an event through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<AuditFilterOperator>,
    /// Actions, or IDs of tenants.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

impl AuditFilter {
    /// Every event.
    pub fn all() -> Self {
        Self { filter_type: AuditFilterType::All, operator: None, values: Vec::new() }
    }

    /// Events that have one of these values.
    pub fn includes(
        filter_type: AuditFilterType,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        Self { filter_type, operator: Some(AuditFilterOperator::Includes), values }
    }

    /// Events that have none of these values.
    pub fn excludes(
        filter_type: AuditFilterType,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let operator = Some(AuditFilterOperator::Excludes);
        Self { operator, ..Self::includes(filter_type, values) }
    }
}

/// What of an event a filter looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditFilterType {
    /// Nothing: it takes every event.
    All,
    /// The action, such as `LoginSucceed`.
    Actions,
    /// The IDs of the event's tenants.
    Tenants,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(AuditFilterType { All = "all", Actions = "actions", Tenants = "tenants" });

/// How a filter takes its values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditFilterOperator {
    /// One of the values lets an event through.
    Includes,
    /// None of the values does.
    Excludes,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(AuditFilterOperator { Includes = "includes", Excludes = "excludes" });

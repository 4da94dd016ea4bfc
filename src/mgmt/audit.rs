//! The audit trail: what happened in the project. Feature `audit`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Mgmt;
use crate::UnixMillis;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::names::names;
use crate::options::setters;
use crate::page::{Page, PageIter};

mod export;
mod streamed;
mod webhook;

pub use self::export::{ExportCheckpoint, ExportOptions, ExportReport};
pub use self::webhook::{
    AuditFilter, AuditFilterOperator, AuditFilterType, AuditWebhook, WebhookAuthentication,
};

/// The audit trail; see [`Mgmt::audit`].
#[derive(Clone, Copy, Debug)]
pub struct Audit<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// The audit trail: what happened in the project, for 30 days.
    pub fn audit(self) -> Audit<'c> {
        Audit(self)
    }
}

impl<'c> Audit<'c> {
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
    ///     println!("{:?} signed in by {:?}", login.login_ids, login.method);
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

    /// Searches the audit trail, page by page as the iterator moves on, from the search's
    /// [`page`](AuditSearch::page) and with its [`limit`](AuditSearch::limit) as the size of a page.
    ///
    /// Only one page is in memory at a time. The trail grows meanwhile, and the newest records come first:
    /// what is added moves older records to later pages, so that some of them appear twice. To avoid that,
    /// end the search at a time that has passed. To write all records to a file, use [`export`](Self::export).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada@example.com" }] }))?;
    /// # emulator.sign_in("ada@example.com")?;
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use std::time::SystemTime;
    ///
    /// use descope::mgmt::audit::AuditSearch;
    ///
    /// let until_now = AuditSearch::default().to(SystemTime::now());
    /// for record in client.mgmt().audit().iter(&until_now) {
    ///     println!("{}", record?.action);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Each item is a [`Result`]: the first failure ends the iteration. A page that repeats is one.
    pub fn iter(&self, search: &AuditSearch) -> PageIter<'c, AuditRecord> {
        let (audit, mut search) = (*self, search.clone());
        let first = search.page.unwrap_or_default();
        let fetch = move |page| {
            search.page = Some(page);
            audit.search(&search)
        };
        PageIter::new(first, |record| &record.id, fetch)
            .print(|record| serde_json::to_string(record).unwrap_or_default())
    }

    /// Adds an event of the application's own to the audit trail.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::audit::{AuditEvent, AuditType};
    ///
    /// let event = AuditEvent::new("tenant-id", "UXXX", "pencil.created", AuditType::Info)
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
    /// [`Webhook::events`](crate::web::Webhook::events) (feature `web`) checks and reads what it sends, and
    /// `examples/audit_stream.rs` keeps it. The stream is for what has to be known at once; [`export`](Self::export)
    /// has all of the last 30 days.
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
    /// IDs of those who did it: users, access keys, management keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_ids: Option<Vec<String>>,
    /// How serious it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_types: Option<Vec<AuditType>>,
    /// Levels. The emulator does not know them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<Vec<String>>,
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
    /// Login IDs to leave out.
    #[serde(rename = "excludedExternalIds", skip_serializing_if = "Option::is_none")]
    pub excluded_login_ids: Option<Vec<String>>,
    /// Parts of login IDs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_ids_contain: Option<Vec<String>>,
    /// Parts of login IDs to leave out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_ids_not_contain: Option<Vec<String>>,
    /// IDs of tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Vec<String>>,
    /// Includes what belongs to no tenant, beside `tenants`. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_tenants: Option<bool>,
    /// A text to look for in all fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Values that single fields have. The emulator does not look at them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_fields: Option<Vec<AuditFieldSearch>>,
    /// Nothing earlier than this. At most 30 days ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<UnixMillis>,
    /// Nothing later than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<UnixMillis>,
    /// Whether what happened first comes first. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_first: Option<bool>,
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
    page: opt_number<u32>, limit: opt_number<u32>, actor_ids: opt_list<String>,
    audit_types: opt_list<AuditType>, levels: opt_list<String>,
    excluded_login_ids: opt_list<String>, login_ids_contain: opt_list<String>,
    login_ids_not_contain: opt_list<String>, search_fields: opt_list<AuditFieldSearch>,
    oldest_first: opt<bool>,
});

/// What a field of a record has to hold, for [`AuditSearch::search_fields`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditFieldSearch {
    /// The name of the field.
    pub field: String,
    /// Lets those records through that do not have the value. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative: Option<bool>,
    /// The type of the value, as Descope names it. Defaults to a text.
    #[serde(rename = "valType", skip_serializing_if = "Option::is_none")]
    pub value_type: Option<String>,
    /// The value.
    #[serde(rename = "valStr", skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Several values, of which one is enough.
    #[serde(rename = "valArr", skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
}

impl AuditFieldSearch {
    /// A field that is still to be given a value, or several.
    pub fn new(field: impl Into<String>) -> Self {
        Self { field: field.into(), ..Self::default() }
    }
}

setters!(AuditFieldSearch {
    negative: opt<bool>, value_type: opt<String>, value: opt<String>, values: opt_list<String>,
});

/// Something that happened.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditRecord {
    /// The ID of the record.
    #[serde(rename = "ID")]
    pub id: String,
    /// The project it happened in.
    pub project_id: String,
    /// The user it happened to.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// What happened, such as `LoginSucceed`.
    pub action: String,
    /// How serious it is.
    #[serde(rename = "type")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_type: Option<AuditType>,
    /// Who did it: a user, a management key, someone in the console.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<String>,
    /// When, in milliseconds.
    #[serde(
        deserialize_with = "crate::time::millis_or_never",
        skip_serializing_if = "Option::is_none"
    )]
    pub occurred: Option<UnixMillis>,
    /// The kind of device it was done with.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The way the user signed in.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The country the request came from, as two letters.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub geo: Option<String>,
    /// The address the request came from.
    #[serde(deserialize_with = "crate::json::filled", skip_serializing_if = "Option::is_none")]
    pub remote_address: Option<String>,
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
        tenant_id: impl Into<String>,
        actor_id: impl Into<String>,
        action: impl Into<String>,
        audit_type: AuditType,
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

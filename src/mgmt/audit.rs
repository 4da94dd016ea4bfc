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
use crate::page::Page;

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

//! Webhooks of the audit trail.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::json;

use crate::check;
use crate::error::Result;
use crate::names::names;
use crate::options::setters;
use crate::secret::{self, Secret};

/// Where the audit trail is sent, and which part of it; see [`Audit::create_webhook`](super::Audit::create_webhook).
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
    pub(super) fn check(&self) -> Result<()> {
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

    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
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

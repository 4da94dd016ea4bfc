//! What an inbound application is created with, and how it comes back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::JwtBearerSettings;
use crate::extra::Extra;
use crate::names::names;
use crate::options::setters;
use crate::secret::Secret;

/// Options of [`InboundApps::create`](super::InboundApps::create).
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct NewInboundApp {
    /// The application's ID. Defaults to one that Descope makes up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it may do, and how.
    #[serde(flatten)]
    pub settings: InboundAppSettings,
}

setters!(NewInboundApp { id: opt<String>, settings: nested<InboundAppSettings> });

/// What [`InboundApps::patch`](super::InboundApps::patch) changes.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct InboundAppPatch {
    /// The application's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it may do, and how.
    #[serde(flatten)]
    pub settings: InboundAppSettings,
}

setters!(InboundAppPatch { name: opt<String>, settings: nested<InboundAppSettings> });

/// What an inbound application may do, and how. What is `None` is unknown in an answer, and not set in
/// a request.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct InboundAppSettings {
    /// What the application is for. Users see it when they are asked for their consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A picture. Users see it when they are asked for their consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// The page with the sign-in and consent flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_page_url: Option<String>,
    /// Where users may be sent back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_callback_urls: Option<Vec<String>>,
    /// The scopes that give permissions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_scopes: Option<Vec<AppScope>>,
    /// The scopes that give claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_claim_mapping: Option<Vec<AppScopeClaims>>,
    /// Whose tokens the JWT bearer grant (RFC 7523) takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt_bearer_settings: Option<JwtBearerSettings>,
    /// Attributes of the application, defined by the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// Whether PKCE (RFC 7636) is required beside the client secret. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_pkce: Option<bool>,
    /// The `aud` of its tokens. Defaults to [`DefaultAudience::Both`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_audience: Option<DefaultAudience>,
    /// What the application around it has beside.
    #[serde(flatten)]
    rest: Extra,
}

setters!(InboundAppSettings {
    description: opt<String>, logo: opt<String>, login_page_url: opt<String>,
    approved_callback_urls: opt_list<String>, permissions_scopes: opt_list<AppScope>,
    scope_claim_mapping: opt_list<AppScopeClaims>, jwt_bearer_settings: opt<JwtBearerSettings>,
    custom_attributes: opt_map<Value>, force_pkce: opt<bool>,
    default_audience: opt<DefaultAudience>,
});

/// A scope that gives permissions.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct AppScope {
    /// The scope's name.
    pub name: String,
    /// What it is for. Users see it when they are asked for their consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Names of the roles or permissions that it gives.
    pub values: Vec<String>,
    /// Whether users may refuse it. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl AppScope {
    /// A scope that gives these roles or permissions.
    pub fn new(
        name: impl Into<String>,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        Self { name: name.into(), values, ..Self::default() }
    }
}

setters!(AppScope { description: opt<String>, optional: opt<bool> });

/// A scope that gives claims: its own, or those that the project gives for it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct AppScopeClaims {
    /// The scope's name.
    pub scope: String,
    /// The claims' values by their names: a text, or a template such as `{{user.name}}` that is filled
    /// in when the token is made. They count only without
    /// [`use_project_mapping`](Self::use_project_mapping).
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Value>,
    /// Whether it gives the claims that the project gives for this scope.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub use_project_mapping: bool,
    /// What it is for. Users see it when they are asked for their consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it is always given, and users cannot refuse it. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mandatory: Option<bool>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl AppScopeClaims {
    /// A scope that gives these claims.
    pub fn new(
        scope: impl Into<String>,
        claims: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        let texts = claims.into_iter();
        let claims =
            texts.map(|(name, value)| (name.into(), Value::String(value.into()))).collect();
        Self { scope: scope.into(), claims, ..Self::default() }
    }

    /// A scope that gives the claims that the project gives for it.
    pub fn of_project(scope: impl Into<String>) -> Self {
        Self { scope: scope.into(), use_project_mapping: true, ..Self::default() }
    }
}

setters!(AppScopeClaims { description: opt<String>, mandatory: opt<bool> });

/// The `aud` of the tokens of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DefaultAudience {
    /// The project's ID.
    ProjectId,
    /// The application's client ID.
    ClientId,
    /// Both.
    Both,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(DefaultAudience { ProjectId = "projectId", ClientId = "clientId", Both = "" });

/// Options of [`InboundApps::search`](super::InboundApps::search) and
/// [`InboundApps::iter`](super::InboundApps::iter).
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct InboundAppSearch {
    /// How many a page holds at most. Descope decides if it is 0 or not set, and may send fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The number of the page. Defaults to 0, the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
}

setters!(InboundAppSearch { limit: opt_number<u32>, page: opt_number<u32> });

/// An inbound application that was just created.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedInboundApp {
    /// The application's ID.
    pub id: String,
    /// Its client ID, if the answer has it; [`load`](super::InboundApps::load) always shows it.
    pub client_id: Option<String>,
    /// Its client secret. [`load_secret`](super::InboundApps::load_secret) shows it again.
    pub cleartext: Option<Secret>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An inbound application.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(from = "InboundAppSettings", rename_all = "camelCase")]
#[non_exhaustive]
pub struct InboundApp {
    /// The application's ID.
    pub id: String,
    /// The application's name.
    pub name: String,
    /// Its client ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What it may do, and how.
    #[serde(flatten)]
    pub settings: InboundAppSettings,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl From<InboundAppSettings> for InboundApp {
    fn from(mut settings: InboundAppSettings) -> Self {
        let mut extra = std::mem::take(&mut settings.rest);
        Self {
            id: extra.take_text("id").unwrap_or_default(),
            name: extra.take_text("name").unwrap_or_default(),
            client_id: extra.take_text("clientId"),
            settings,
            extra,
        }
    }
}

//! What an outbound application is created with, and how it comes back.

use serde::{Deserialize, Serialize};

use crate::extra::Extra;
use crate::names::names;
use crate::options::setters;
use crate::secret::{self, Secret};

/// Options of [`OutboundApps::create`](super::OutboundApps::create).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewOutboundApp {
    /// The application's ID. Defaults to one that Descope makes up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The client ID that the service knows the project by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The client secret that goes with it.
    #[serde(serialize_with = "secret::expose", skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// The template that the application is made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// How the service is used, such as `apikey`. Defaults to OAuth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_type: Option<String>,
    /// The only tenant whose users may connect. Defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// How to reach the service.
    #[serde(flatten)]
    pub settings: OutboundAppSettings,
}

setters!(NewOutboundApp {
    id: opt<String>, client_id: opt<String>, client_secret: opt<Secret>, template_id: opt<String>,
    app_type: opt<String>, tenant_id: opt<String>, settings: nested<OutboundAppSettings>,
});

/// Options of [`OutboundApps::update`](super::OutboundApps::update).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OutboundAppUpdate {
    /// The client ID that the service knows the project by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// A new client secret. Without one, the old one stays.
    #[serde(serialize_with = "secret::expose", skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// The template that the application is made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// How the service is used, such as `apikey`. Defaults to OAuth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_type: Option<String>,
    /// The only tenant whose users may connect. Defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// How to reach the service.
    #[serde(flatten)]
    pub settings: OutboundAppSettings,
}

setters!(OutboundAppUpdate {
    client_id: opt<String>, client_secret: opt<Secret>, template_id: opt<String>,
    app_type: opt<String>, tenant_id: opt<String>, settings: nested<OutboundAppSettings>,
});

impl OutboundAppUpdate {
    pub(super) fn with_names<'a>(&'a self, id: &'a str, name: &'a str) -> impl Serialize + 'a {
        #[derive(Serialize)]
        struct Named<'a> {
            // It comes first, as it may be another application's: of two members with one name, the last counts.
            #[serde(flatten)]
            update: &'a OutboundAppUpdate,
            id: &'a str,
            name: &'a str,
        }

        Named { update: self, id, name }
    }
}

impl From<OutboundApp> for OutboundAppUpdate {
    /// All there is to an application, for an update that changes a part of it. Its client secret
    /// stays.
    fn from(app: OutboundApp) -> Self {
        let OutboundApp { client_id, template_id, app_type, tenant_id, settings, .. } = app;
        Self { client_id, client_secret: None, template_id, app_type, tenant_id, settings }
    }
}

/// Options of [`OutboundApps::create_from_template`](super::OutboundApps::create_from_template).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TemplatedOutboundApp {
    /// The application's ID. Defaults to one that Descope makes up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The client ID that the service knows the project by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The client secret that goes with it.
    #[serde(serialize_with = "secret::expose", skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// The only tenant whose users may connect. Defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// What differs from the template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overrides: Option<TemplateOverrides>,
}

setters!(TemplatedOutboundApp {
    id: opt<String>, client_id: opt<String>, client_secret: opt<Secret>, tenant_id: opt<String>,
    overrides: opt<TemplateOverrides>,
});

/// What differs from a template.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct TemplateOverrides {
    /// The application's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How to reach the service.
    #[serde(flatten)]
    pub settings: OutboundAppSettings,
}

setters!(TemplateOverrides { name: opt<String>, settings: nested<OutboundAppSettings> });

/// How to reach a service. What is `None` is unknown in an answer, and not set in a request.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct OutboundAppSettings {
    /// What the application is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A picture, as a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Where the service publishes its endpoints (OpenID Connect Discovery).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discovery_url: Option<String>,
    /// The service's authorization endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_url: Option<String>,
    /// Parameters to add to the authorization URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_url_params: Option<Vec<UrlParam>>,
    /// The service's token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    /// Parameters to add to the token URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_url_params: Option<Vec<UrlParam>>,
    /// The service's revocation endpoint (RFC 7009).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_url: Option<String>,
    /// The scopes that are asked for where a connection names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_scopes: Option<Vec<String>>,
    /// Where users return to where a connection does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_redirect_url: Option<String>,
    /// The domain of the callback that the service sends its code to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_domain: Option<String>,
    /// Whether PKCE (RFC 7636) is used. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pkce: Option<bool>,
    /// Whether the service gives a refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_type: Option<AccessType>,
    /// What the service asks its user for (OpenID Connect Core section 3.1.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Vec<Prompt>>,
    /// Whether the client is registered with the service dynamically (RFC 7591). Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_dcr: Option<bool>,
    /// The service's registration endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dcr_url: Option<String>,
    /// What the application around it has beside.
    #[serde(flatten)]
    rest: Extra,
}

setters!(OutboundAppSettings {
    description: opt<String>, logo: opt<String>, discovery_url: opt<String>,
    authorization_url: opt<String>, authorization_url_params: opt_list<UrlParam>,
    token_url: opt<String>, token_url_params: opt_list<UrlParam>, revocation_url: opt<String>,
    default_scopes: opt_list<String>, default_redirect_url: opt<String>,
    callback_domain: opt<String>, pkce: opt<bool>, access_type: opt<AccessType>,
    prompt: opt_list<Prompt>, use_dcr: opt<bool>, dcr_url: opt<String>,
});

/// A parameter of a URL.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(from = "NamedParam")]
#[non_exhaustive]
pub struct UrlParam {
    /// The parameter's name.
    pub key: String,
    /// The parameter's value.
    pub value: String,
}

/// A parameter whose name may be in either of two members.
#[derive(Deserialize)]
struct NamedParam {
    key: Option<String>,
    name: Option<String>,
    #[serde(default)]
    value: String,
}

impl From<NamedParam> for UrlParam {
    fn from(param: NamedParam) -> Self {
        Self { key: param.key.or(param.name).unwrap_or_default(), value: param.value }
    }
}

impl UrlParam {
    /// A parameter with this name and value.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

/// Whether a service gives a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessType {
    /// It does.
    Offline,
    /// It does not.
    Online,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(AccessType { Offline = "offline", Online = "online" });

/// What a service asks its user for (OpenID Connect Core section 3.1.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Prompt {
    /// Nothing.
    None,
    /// To sign in again.
    Login,
    /// To consent again.
    Consent,
    /// Which account to use.
    SelectAccount,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(Prompt { None = "none", Login = "login", Consent = "consent", SelectAccount = "select_account" });

/// An outbound application.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "OutboundAppSettings")]
#[non_exhaustive]
pub struct OutboundApp {
    /// The application's ID.
    pub id: String,
    /// The application's name.
    pub name: String,
    /// The client ID that the service knows the project by.
    pub client_id: Option<String>,
    /// The client secret that goes with it, if Descope shows it.
    pub client_secret: Option<Secret>,
    /// The template that it was made from.
    pub template_id: Option<String>,
    /// How the service is used, such as `apikey`.
    pub app_type: Option<String>,
    /// The only tenant whose users may connect.
    pub tenant_id: Option<String>,
    /// How to reach the service.
    pub settings: OutboundAppSettings,
    /// What a newer Descope says beyond the above.
    pub extra: Extra,
}

impl From<OutboundAppSettings> for OutboundApp {
    fn from(mut settings: OutboundAppSettings) -> Self {
        let mut extra = std::mem::take(&mut settings.rest);
        let mut text = |name| extra.take_text(name);
        Self {
            id: text("id").unwrap_or_default(),
            name: text("name").unwrap_or_default(),
            client_id: text("clientId"),
            client_secret: text("clientSecret").map(Secret::from),
            template_id: text("templateId"),
            app_type: text("appType"),
            tenant_id: text("tenantId"),
            settings,
            extra,
        }
    }
}

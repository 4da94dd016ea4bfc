//! The rules of a tenant.

use serde::{Deserialize, Serialize};

use crate::extra::Extra;
use crate::models::AuthType;
use crate::names::names;
use crate::options::setters;

/// The rules of a tenant's sessions, and its domains.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct TenantSettings {
    /// Users with an e-mail address in these domains join the tenant when they sign up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_provisioning_domains: Option<Vec<String>>,
    /// Users with an e-mail address in these domains are sent to the tenant's SSO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domains: Option<Vec<String>>,
    /// How its users sign in by SSO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<AuthType>,
    /// Whether the times below count, in place of the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// How long refresh tokens are good, in the unit that follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_expiration: Option<u32>,
    /// The unit of `refresh_token_expiration`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_expiration_unit: Option<TimeUnit>,
    /// How long session tokens are good, in the unit that follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_token_expiration: Option<u32>,
    /// The unit of `session_token_expiration`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_token_expiration_unit: Option<TimeUnit>,
    /// How long step-up sessions are good, in the unit that follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stepup_token_expiration: Option<u32>,
    /// The unit of `stepup_token_expiration`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stepup_token_expiration_unit: Option<TimeUnit>,
    /// Whether sessions end when they are not used for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_inactivity: Option<bool>,
    /// That while, in the unit that follows.
    #[serde(skip_serializing_if = "Option::is_none", alias = "InactivityTime")]
    pub inactivity_time: Option<u32>,
    /// The unit of `inactivity_time`.
    #[serde(skip_serializing_if = "Option::is_none", alias = "InactivityTimeUnit")]
    pub inactivity_time_unit: Option<TimeUnit>,
    /// Whether SSO signs in known users alone, and registers nobody.
    #[serde(rename = "JITDisabled", skip_serializing_if = "Option::is_none")]
    pub jit_disabled: Option<bool>,
    /// The pages on which administrators of the tenant set up its SSO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_setup_suite_settings: Option<SsoSetupSuite>,
    /// Whether its users must sign in by SSO.
    #[serde(rename = "enforceSSO", skip_serializing_if = "Option::is_none")]
    pub enforce_sso: Option<bool>,
    /// Users who need not sign in by SSO all the same.
    #[serde(rename = "enforceSSOExclusions", skip_serializing_if = "Option::is_none")]
    pub enforce_sso_exclusions: Option<Vec<String>>,
    /// SSO applications its users may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub federated_app_ids: Option<Vec<String>>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

setters!(TenantSettings {
    self_provisioning_domains: opt_list<String>, domains: opt_list<String>, auth_type: opt<AuthType>,
    enabled: opt<bool>, enable_inactivity: opt<bool>, jit_disabled: opt<bool>,
    sso_setup_suite_settings: opt<SsoSetupSuite>, enforce_sso: opt<bool>,
    enforce_sso_exclusions: opt_list<String>, federated_app_ids: opt_list<String>,
});

impl TenantSettings {
    /// How long refresh tokens are good.
    #[must_use]
    pub fn refresh_token_expiration(mut self, time: u32, unit: TimeUnit) -> Self {
        self.refresh_token_expiration = Some(time);
        self.refresh_token_expiration_unit = Some(unit);
        self
    }

    /// How long session tokens are good.
    #[must_use]
    pub fn session_token_expiration(mut self, time: u32, unit: TimeUnit) -> Self {
        self.session_token_expiration = Some(time);
        self.session_token_expiration_unit = Some(unit);
        self
    }

    /// How long step-up sessions are good.
    #[must_use]
    pub fn stepup_token_expiration(mut self, time: u32, unit: TimeUnit) -> Self {
        self.stepup_token_expiration = Some(time);
        self.stepup_token_expiration_unit = Some(unit);
        self
    }

    /// How long a session may be left unused, if
    /// [`enable_inactivity`](field@Self::enable_inactivity) is set.
    #[must_use]
    pub fn inactivity_time(mut self, time: u32, unit: TimeUnit) -> Self {
        self.inactivity_time = Some(time);
        self.inactivity_time_unit = Some(unit);
        self
    }
}

/// What the times of [`TenantSettings`] are counted in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeUnit {
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days.
    Days,
    /// Weeks.
    Weeks,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(TimeUnit { Minutes = "minutes", Hours = "hours", Days = "days", Weeks = "weeks" });

/// The pages on which administrators of a tenant set up its SSO.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct SsoSetupSuite {
    /// Whether there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The style they are shown in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style_id: Option<String>,
    /// What cannot be set up on them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_features: Option<DisabledFeatures>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

setters!(SsoSetupSuite {
    enabled: opt<bool>, style_id: opt<String>, disabled_features: opt<DisabledFeatures>,
});

/// What cannot be set up on the pages of [`SsoSetupSuite`].
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct DisabledFeatures {
    /// SAML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saml: Option<bool>,
    /// OpenID Connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<bool>,
    /// SCIM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scim: Option<bool>,
    /// The domains that are sent to SSO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_domains: Option<bool>,
    /// The roles that groups of the identity provider get.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_mapping: Option<bool>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

setters!(DisabledFeatures {
    saml: opt<bool>, oidc: opt<bool>, scim: opt<bool>, sso_domains: opt<bool>,
    group_mapping: opt<bool>,
});

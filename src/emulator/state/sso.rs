//! How the users of a tenant sign in by SSO.

use super::grants::merge;
use crate::emulator::words::fields::Object;
use crate::emulator::words::refusal::{Refusal, Result};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::emulator) enum AuthType {
    #[default]
    None,
    Saml,
    Oidc,
}

impl AuthType {
    pub(in crate::emulator) fn parse(text: &str) -> Result<Self> {
        let mut all = [Self::None, Self::Saml, Self::Oidc].into_iter();
        let found = all.find(|auth_type| auth_type.as_str() == text);
        found.ok_or_else(|| Refusal::argument(format!("There is no SSO by {text:?}")))
    }

    pub(in crate::emulator) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Saml => "saml",
            Self::Oidc => "oidc",
        }
    }
}

/// One SSO configuration of a tenant.
#[derive(Default)]
pub(in crate::emulator) struct SsoSettings {
    pub(in crate::emulator) tenant: String,
    /// `None` is the tenant's default configuration.
    pub(in crate::emulator) id: Option<String>,
    pub(in crate::emulator) display_name: String,
    pub(in crate::emulator) auth_type: AuthType,
    pub(in crate::emulator) domains: Vec<String>,
    pub(in crate::emulator) saml: Option<Provider>,
    pub(in crate::emulator) oidc: Option<Provider>,
    /// Whose assertions are taken, and what roles that gives.
    pub(in crate::emulator) cross_app: Option<Provider>,
}

/// What is set up for SAML, for OpenID Connect, or for cross-app access.
#[derive(Default)]
pub(in crate::emulator) struct Provider {
    /// As answers show it, less the roles.
    pub(in crate::emulator) settings: Object,
    /// Names of groups, and the ID of the role that their members get.
    pub(in crate::emulator) mappings: Vec<(Vec<String>, String)>,
    /// IDs of the roles that every user gets.
    pub(in crate::emulator) default_roles: Vec<String>,
}

impl SsoSettings {
    /// The identity provider that is in use.
    pub(in crate::emulator) fn provider(&self) -> Option<&Provider> {
        match self.auth_type {
            AuthType::None => None,
            AuthType::Saml => self.saml.as_ref(),
            AuthType::Oidc => self.oidc.as_ref(),
        }
    }

    /// Where the browser goes back to, unless a sign-in asks for another place.
    pub(in crate::emulator) fn redirect_url(&self) -> Option<&str> {
        let url = self.provider()?.settings.get("redirectUrl")?.as_str();
        url.filter(|url| !url.is_empty())
    }

    /// IDs of the roles that a user in these groups gets.
    pub(in crate::emulator) fn roles(&self, groups: &[&str]) -> Vec<String> {
        let Some(provider) = self.provider() else { return Vec::new() };
        let mut roles = provider.default_roles.clone();
        let earned = provider
            .mappings
            .iter()
            .filter(|(names, _)| names.iter().any(|name| groups.contains(&name.as_str())));
        merge(&mut roles, earned.map(|(_, role)| role.clone()));
        roles
    }

    pub(in crate::emulator) fn forget_role(&mut self, role: &str) {
        for provider in self.saml.iter_mut().chain(&mut self.oidc).chain(&mut self.cross_app) {
            provider.mappings.retain(|(_, id)| id != role);
            provider.default_roles.retain(|id| id != role);
        }
    }
}

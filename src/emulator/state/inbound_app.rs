//! Inbound applications, and what users and tenants have allowed them to do.

use std::borrow::Cow;

use super::client_secret::ClientSecret;
use super::grants::merge;
use super::table::{By, Row, key};
use crate::emulator::words::fields::{Fields, Object};

pub(in crate::emulator) struct InboundApp {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) client_id: String,
    /// As answers show them.
    pub(in crate::emulator) settings: Object,
    pub(in crate::emulator) secrets: Vec<ClientSecret>,
}

impl InboundApp {
    pub(in crate::emulator) fn settings(&self) -> Fields<'_> {
        Fields::new(&self.settings)
    }

    /// Whether it can ask for a scope. Two of OpenID Connect's and OAuth's own are always there.
    pub(in crate::emulator) fn has_scope(&self, scope: &str) -> bool {
        let settings = self.settings();
        ["openid", "offline_access"].contains(&scope)
            || settings.objects("permissionsScopes").any(|known| known.text("name") == scope)
            || settings.objects("attributesScopes").any(|known| known.text("name") == scope)
            || settings.objects("scopeClaimMapping").any(|known| known.text("scope") == scope)
    }
}

/// An MCP server, whose clients are applications too. The emulator knows it from seeds alone.
pub(in crate::emulator) struct McpServer {
    pub(in crate::emulator) id: String,
    /// As the seed has them.
    pub(in crate::emulator) settings: Object,
}

impl McpServer {
    pub(in crate::emulator) fn settings(&self) -> Fields<'_> {
        Fields::new(&self.settings)
    }
}

impl Row for McpServer {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![key(By::Id, &self.id)]
    }
}

impl Row for InboundApp {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![key(By::Id, &self.id), key(By::Client, &self.client_id)]
    }
}

/// What a user, or a tenant as a whole, has allowed an application to do. Times are in milliseconds.
pub(in crate::emulator) struct Consent {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) app: String,
    pub(in crate::emulator) user: Option<String>,
    pub(in crate::emulator) tenant: Option<String>,
    pub(in crate::emulator) scopes: Vec<String>,
    pub(in crate::emulator) granted_by: String,
    pub(in crate::emulator) created: i64,
    pub(in crate::emulator) modified: i64,
    /// 0 is never.
    pub(in crate::emulator) expires: i64,
}

impl Consent {
    /// `now` is in seconds.
    pub(in crate::emulator) fn expired(&self, now: i64) -> bool {
        self.expires != 0 && self.expires <= now.saturating_mul(1000)
    }

    /// Whether it was given to the same application by the same user or tenant.
    pub(in crate::emulator) fn is_of(
        &self,
        app: &str,
        user: Option<&str>,
        tenant: Option<&str>,
    ) -> bool {
        self.app == app && self.user.as_deref() == user && self.tenant.as_deref() == tenant
    }

    /// Takes over a newer one, which it stands for from now on.
    pub(in crate::emulator) fn extend(&mut self, other: Self) {
        merge(&mut self.scopes, other.scopes);
        self.modified = self.modified.max(other.modified);
        self.expires = other.expires;
    }
}

impl Row for Consent {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        let user = self.user.as_deref().map(|user| key(By::User, user));
        let tenant = self.tenant.as_deref().map(|tenant| key(By::Tenant, tenant));
        let own = [key(By::Id, &self.id), key(By::App, &self.app)];
        own.into_iter().chain(user).chain(tenant).collect()
    }
}

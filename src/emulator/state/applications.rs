//! Applications on either side of the project, and what ties users and tenants to them.

use super::inbound_app::{Consent, InboundApp, McpServer};
use super::oauth::{ClientKey, OAuth};
use super::outbound_app::{Connecting, OutboundApp, OutboundToken};
use super::table::{By, Table};
use crate::emulator::words::context::Context;
use crate::emulator::words::refusal::{Refusal, Result};

#[derive(Default)]
pub(in crate::emulator) struct Applications {
    pub(in crate::emulator) inbound: Table<InboundApp>,
    pub(in crate::emulator) mcp_servers: Table<McpServer>,
    pub(in crate::emulator) mcp_clients: Table<InboundApp>,
    pub(in crate::emulator) consents: Table<Consent>,
    /// What applications ask of users, and were given.
    pub(in crate::emulator) oauth: OAuth,
    pub(in crate::emulator) outbound: Table<OutboundApp>,
    pub(in crate::emulator) tokens: Table<OutboundToken>,
    /// The users who are at a service just now.
    pub(in crate::emulator) connecting: Table<Connecting>,
}

impl Applications {
    /// Keeps a consent, which adds to the one of the same user or tenant. Returns its ID.
    pub(in crate::emulator) fn consent(&mut self, consent: Consent) -> String {
        let (user, tenant) = (consent.user.as_deref(), consent.tenant.as_deref());
        let known = {
            let mut given = self.consents.all(By::App, &consent.app);
            let known = given.find(|known| known.is_of(&consent.app, user, tenant));
            known.map(|known| known.id.clone())
        };
        let Some(id) = known else {
            let id = consent.id.clone();
            self.consents.push(consent);
            return id;
        };
        if let Some(mut known) = self.consents.edit(By::Id, &id) {
            known.extend(consent);
        }
        id
    }

    /// Takes from the consents for an application the scopes that it has no more.
    pub(in crate::emulator) fn drop_lost_scopes(&mut self, app: &str) {
        let Some(known) = self.inbound.get(By::Id, app) else { return };
        self.consents.edit_all(By::App, app, |consent| {
            consent.scopes.retain(|scope| known.has_scope(scope));
        });
    }

    pub(in crate::emulator) fn remove_inbound(&mut self, id: &str) {
        self.inbound.remove(By::Id, id);
        self.oauth.end_client(&ClientKey::Inbound(id.to_owned()));
        self.consents.remove(By::App, id);
    }

    pub(in crate::emulator) fn remove_outbound(&mut self, id: &str) {
        self.outbound.remove(By::Id, id);
        self.tokens.remove(By::App, id);
        self.connecting.retain(|connecting| connecting.token.app != id);
    }

    /// Keeps a token, in place of the one for the same account and scopes.
    pub(in crate::emulator) fn keep(&mut self, token: OutboundToken) {
        let app = token.app.clone();
        self.tokens.remove_all(By::App, app, |known| token.replaces(known));
        self.tokens.push(token);
    }

    /// Forgets what is a user's.
    pub(in crate::emulator) fn forget_user(&mut self, user: &str) {
        self.consents.remove(By::User, user);
        self.tokens.remove(By::User, user);
        self.connecting.retain(|connecting| connecting.token.owner.user.as_deref() != Some(user));
    }

    /// Forgets what is a tenant's, or was given in it.
    pub(in crate::emulator) fn forget_tenant(&mut self, tenant: &str) {
        let own = self.outbound.iter().filter(|app| app.tenant() == Some(tenant));
        for app in own.map(|app| app.id.clone()).collect::<Vec<_>>() {
            self.remove_outbound(&app);
        }
        self.consents.remove(By::Tenant, tenant);
        self.tokens.remove(By::Tenant, tenant);
        self.connecting
            .retain(|connecting| connecting.token.owner.tenant.as_deref() != Some(tenant));
    }

    /// Gives what is one user's to another, as when users are merged. What both have, the other keeps.
    pub(in crate::emulator) fn hand_over(&mut self, from: &str, to: &str) {
        self.oauth.hand_over(from, to);
        while let Some(mut consent) = self.consents.take(By::User, from) {
            consent.user = Some(to.to_owned());
            if consent.granted_by == from {
                to.clone_into(&mut consent.granted_by);
            }
            self.consent(consent);
        }
        while let Some(mut token) = self.tokens.take(By::User, from) {
            token.owner.user = Some(to.to_owned());
            if !self.tokens.all(By::User, to).any(|known| token.replaces(known)) {
                self.tokens.push(token);
            }
        }
        self.connecting.edit_each(|connecting| {
            let user = &mut connecting.token.owner.user;
            if user.as_deref() == Some(from) {
                *user = Some(to.to_owned());
            }
        });
    }

    /// The user who is at a service under this state.
    pub(in crate::emulator) fn connecting(
        &self,
        context: &Context<'_>,
        state: &str,
    ) -> Option<&Connecting> {
        let connecting = self.connecting.get(By::Id, state);
        connecting.filter(|connecting| context.now < connecting.expires)
    }

    /// Ends a visit at a service: the user is back.
    pub(in crate::emulator) fn leave(
        &mut self,
        context: &Context<'_>,
        state: &str,
    ) -> Result<Connecting> {
        let connecting = self.connecting.take(By::Id, state);
        connecting
            .filter(|connecting| context.now < connecting.expires)
            .ok_or_else(Refusal::visit_over)
    }

    #[cfg(test)]
    pub(in crate::emulator) fn check_indexes(&self) {
        self.inbound.check("inbound applications");
        self.mcp_servers.check("MCP servers");
        self.mcp_clients.check("clients of MCP servers");
        self.consents.check("consents");
        self.oauth.check_indexes();
        self.outbound.check("outbound applications");
        self.tokens.check("outbound tokens");
        self.connecting.check("connections");
    }
}

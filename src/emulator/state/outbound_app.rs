//! Outbound applications: other services, and the tokens of users and tenants for them.

use std::borrow::Cow;

use super::table::{By, Row, key};
use crate::emulator::words::fields::{Fields, Object};
use crate::emulator::words::random;

/// Seconds for which an access token is good that the service gives.
pub(in crate::emulator) const SERVICE_LIFETIME: i64 = 60 * 60;
/// The service refuses refresh tokens that begin so: a test can upload one.
const REVOKED: &str = "revoked";

pub(in crate::emulator) struct OutboundApp {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    /// As answers show them.
    pub(in crate::emulator) settings: Object,
    /// No answer shows it.
    pub(in crate::emulator) client_secret: String,
}

impl OutboundApp {
    pub(in crate::emulator) fn settings(&self) -> Fields<'_> {
        Fields::new(&self.settings)
    }

    pub(in crate::emulator) fn takes_api_keys(&self) -> bool {
        self.settings().text("appType") == "apikey"
    }

    /// The only tenant whose users may connect.
    pub(in crate::emulator) fn tenant(&self) -> Option<&str> {
        self.settings().some_text("tenantId")
    }
}

impl Row for OutboundApp {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![key(By::Id, &self.id)]
    }
}

/// Whose a token is: a user's, perhaps as a member of a tenant, or that of a tenant as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emulator) struct Owner {
    pub(in crate::emulator) user: Option<String>,
    pub(in crate::emulator) tenant: Option<String>,
}

#[derive(Clone)]
pub(in crate::emulator) struct OutboundToken {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) app: String,
    pub(in crate::emulator) owner: Owner,
    /// The account at the service.
    pub(in crate::emulator) subject: String,
    /// Empty until the first refresh, where only a refresh token was uploaded.
    pub(in crate::emulator) access_token: String,
    pub(in crate::emulator) kind: String,
    /// In seconds; 0 is never.
    pub(in crate::emulator) expires: i64,
    pub(in crate::emulator) refresh_token: String,
    pub(in crate::emulator) id_token: String,
    pub(in crate::emulator) scopes: Vec<String>,
    pub(in crate::emulator) external: String,
    pub(in crate::emulator) granted_by: String,
    pub(in crate::emulator) refreshed: i64,
    pub(in crate::emulator) refresh_error: String,
}

impl OutboundToken {
    /// A token of this owner that does not say anything yet.
    pub(in crate::emulator) fn new(app: &str, owner: Owner) -> Self {
        Self {
            id: random::id("OTK"),
            app: app.to_owned(),
            owner,
            subject: String::new(),
            access_token: String::new(),
            kind: "bearer".to_owned(),
            expires: 0,
            refresh_token: String::new(),
            id_token: String::new(),
            scopes: Vec::new(),
            external: String::new(),
            granted_by: String::new(),
            refreshed: 0,
            refresh_error: String::new(),
        }
    }

    pub(in crate::emulator) fn good(&self, now: i64) -> bool {
        !self.access_token.is_empty() && (self.expires == 0 || now < self.expires)
    }

    /// Has the service give a new access token, or says why it does not.
    pub(in crate::emulator) fn refresh(&mut self, now: i64) -> Result<(), &'static str> {
        let outcome = match &*self.refresh_token {
            "" => Err("There is no refresh token: the account has to be connected again"),
            token if token.starts_with(REVOKED) => Err("The service refuses the refresh token"),
            _ => Ok(()),
        };
        match outcome {
            Ok(()) => {
                self.access_token = random::text(40);
                self.expires = now.saturating_add(SERVICE_LIFETIME);
                self.refreshed = now;
                self.refresh_error.clear();
            }
            Err(error) => error.clone_into(&mut self.refresh_error),
        }
        outcome
    }

    /// Whether it takes the place of another one: it is for the same account and the same scopes.
    pub(in crate::emulator) fn replaces(&self, other: &Self) -> bool {
        let has_all = |these: &[String], those: &[String]| those.iter().all(|s| these.contains(s));
        self.app == other.app
            && self.owner == other.owner
            && self.external == other.external
            && has_all(&self.scopes, &other.scopes)
            && has_all(&other.scopes, &self.scopes)
    }
}

impl Row for OutboundToken {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        let user = self.owner.user.as_deref().map(|user| key(By::User, user));
        let tenant = self.owner.tenant.as_deref().map(|tenant| key(By::Tenant, tenant));
        let own = [key(By::Id, &self.id), key(By::App, &self.app)];
        own.into_iter().chain(user).chain(tenant).collect()
    }
}

/// A user who is at the service, to connect an account there.
pub(in crate::emulator) struct Connecting {
    pub(in crate::emulator) state: String,
    pub(in crate::emulator) token: OutboundToken,
    pub(in crate::emulator) redirect_url: String,
    pub(in crate::emulator) login_hint: String,
    pub(in crate::emulator) expires: i64,
}

impl Row for Connecting {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![key(By::Id, &self.state)]
    }
}

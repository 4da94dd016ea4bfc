//! Users, as the API shows them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::family::FamilyMembership;
use super::grants::{Grants, merge};
use super::password::Password;
use super::table::{By, Row, key};
use super::totp::Authenticator;
use crate::emulator::words::fields::{Fields, Object};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Result};

/// How many sign-ins of a user are remembered.
const LONGEST_HISTORY: usize = 1000;

#[derive(Clone)]
pub(in crate::emulator) struct User {
    /// The `sub` of their tokens; never changes.
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) login_ids: Vec<String>,
    pub(in crate::emulator) profile: Profile,
    pub(in crate::emulator) verified_email: bool,
    pub(in crate::emulator) verified_phone: bool,
    pub(in crate::emulator) verified_recovery_email: bool,
    pub(in crate::emulator) verified_recovery_phone: bool,
    pub(in crate::emulator) status: Status,
    pub(in crate::emulator) test: bool,
    pub(in crate::emulator) grants: Grants,
    pub(in crate::emulator) families: Vec<FamilyMembership>,
    /// A member of a family for whom others act.
    pub(in crate::emulator) dependent: bool,
    pub(in crate::emulator) attributes: Object,
    pub(in crate::emulator) sso_apps: Vec<String>,
    pub(in crate::emulator) password: Option<Password>,
    pub(in crate::emulator) authenticator: Option<Authenticator>,
    pub(in crate::emulator) factors: BTreeSet<Factor>,
    /// Social providers, and whether each is connected.
    pub(in crate::emulator) oauth: BTreeMap<String, bool>,
    /// What these providers gave.
    pub(in crate::emulator) provider_tokens: BTreeMap<String, ProviderToken>,
    pub(in crate::emulator) trusted_devices: Vec<TrustedDevice>,
    pub(in crate::emulator) recovery_codes: Vec<String>,
    pub(in crate::emulator) created: i64,
    pub(in crate::emulator) modified: i64,
    pub(in crate::emulator) logins: Vec<Login>,
}

/// What a user is called and where they are reached. Empty when not known.
#[derive(Clone, Default)]
pub(in crate::emulator) struct Profile {
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) given_name: String,
    pub(in crate::emulator) middle_name: String,
    pub(in crate::emulator) family_name: String,
    pub(in crate::emulator) email: String,
    pub(in crate::emulator) phone: String,
    pub(in crate::emulator) picture: String,
    pub(in crate::emulator) recovery_email: String,
    pub(in crate::emulator) recovery_phone: String,
}

impl Profile {
    /// Reads the `user` of a sign-up.
    pub(in crate::emulator) fn read(user: Fields<'_>) -> Self {
        let text = |name| user.text(name).to_owned();
        Self {
            name: text("name"),
            given_name: text("givenName"),
            middle_name: text("middleName"),
            family_name: text("familyName"),
            email: text("email"),
            phone: text("phone"),
            picture: String::new(),
            recovery_email: text("recoveryEmail"),
            recovery_phone: text("recoveryPhone"),
        }
    }

    fn merge(&mut self, other: Self) {
        for (ours, theirs) in [
            (&mut self.name, other.name),
            (&mut self.given_name, other.given_name),
            (&mut self.middle_name, other.middle_name),
            (&mut self.family_name, other.family_name),
            (&mut self.email, other.email),
            (&mut self.phone, other.phone),
            (&mut self.picture, other.picture),
            (&mut self.recovery_email, other.recovery_email),
            (&mut self.recovery_phone, other.recovery_phone),
        ] {
            if ours.is_empty() {
                *ours = theirs;
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum Status {
    Disabled,
    Enabled,
    Expired,
    Invited,
}

impl Status {
    pub(in crate::emulator) fn parse(text: &str) -> Option<Self> {
        [Self::Disabled, Self::Enabled, Self::Expired, Self::Invited]
            .into_iter()
            .find(|status| status.as_str() == text)
    }

    pub(in crate::emulator) fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Expired => "expired",
            Self::Invited => "invited",
        }
    }
}

/// Further ways to sign in that a user has set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::emulator) enum Factor {
    Saml,
    Scim,
    WebAuthn,
}

/// A user's token of a social provider.
#[derive(Clone)]
pub(in crate::emulator) struct ProviderToken {
    /// The user's ID there.
    pub(in crate::emulator) subject: String,
    pub(in crate::emulator) access: String,
    pub(in crate::emulator) refresh: String,
    pub(in crate::emulator) expires: i64,
}

/// A device that a user has chosen to trust.
#[derive(Clone)]
pub(in crate::emulator) struct TrustedDevice {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) kind: String,
    pub(in crate::emulator) last_login: i64,
    /// 0 if it is trusted for good.
    pub(in crate::emulator) expires: i64,
    pub(in crate::emulator) location: String,
}

/// One line of a user's history.
#[derive(Clone)]
pub(in crate::emulator) struct Login {
    pub(in crate::emulator) time: i64,
    pub(in crate::emulator) tenant: String,
}

impl Row for User {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        let login_ids = self.login_ids.iter().map(|login_id| key(By::LoginId, login_id));
        let families = self.families.iter().map(|of| key(By::Family, &of.family));
        [key(By::Id, &self.id)].into_iter().chain(login_ids).chain(families).collect()
    }
}

impl User {
    pub(in crate::emulator) fn new(login_id: &str, now: i64) -> Self {
        Self {
            id: random::id("U"),
            login_ids: vec![login_id.to_owned()],
            profile: Profile::default(),
            verified_email: false,
            verified_phone: false,
            verified_recovery_email: false,
            verified_recovery_phone: false,
            status: Status::Enabled,
            test: false,
            grants: Grants::default(),
            families: Vec::new(),
            dependent: false,
            attributes: Object::new(),
            sso_apps: Vec::new(),
            password: None,
            authenticator: None,
            factors: BTreeSet::new(),
            oauth: BTreeMap::new(),
            provider_tokens: BTreeMap::new(),
            trusted_devices: Vec::new(),
            recovery_codes: Vec::new(),
            created: now,
            modified: now,
            logins: Vec::new(),
        }
    }

    pub(in crate::emulator) fn has_login(&self, login_id: &str) -> bool {
        self.login_ids.iter().any(|known| known == login_id)
    }

    /// Takes over what another user has; where both have a value, ours stays.
    pub(in crate::emulator) fn merge(&mut self, other: Self) {
        if self.profile.email.is_empty() {
            self.verified_email = other.verified_email;
        }
        if self.profile.phone.is_empty() {
            self.verified_phone = other.verified_phone;
        }
        if self.profile.recovery_email.is_empty() {
            self.verified_recovery_email = other.verified_recovery_email;
        }
        if self.profile.recovery_phone.is_empty() {
            self.verified_recovery_phone = other.verified_recovery_phone;
        }
        merge(&mut self.login_ids, other.login_ids);
        merge(&mut self.sso_apps, other.sso_apps);
        self.profile.merge(other.profile);
        self.grants.merge(other.grants);
        self.dependent |= other.dependent;
        for theirs in other.families {
            if self.families.iter().all(|ours| ours.family != theirs.family) {
                self.families.push(theirs);
            }
        }
        self.factors.extend(other.factors);
        self.password = self.password.take().or(other.password);
        self.authenticator = self.authenticator.take().or(other.authenticator);
        for (key, value) in other.attributes {
            self.attributes.entry(key).or_insert(value);
        }
        for (provider, connected) in other.oauth {
            self.oauth.entry(provider).or_insert(connected);
        }
        for (provider, token) in other.provider_tokens {
            self.provider_tokens.entry(provider).or_insert(token);
        }
        self.trusted_devices.extend(other.trusted_devices);
        self.recovery_codes.extend(other.recovery_codes);
        self.logins.extend(other.logins);
        self.logins.sort_by_key(|login| login.time);
        self.add_logins([]);
    }

    /// Refuses users who were kept out.
    pub(in crate::emulator) fn may_sign_in(&self) -> Result<()> {
        match self.status {
            Status::Enabled | Status::Invited => Ok(()),
            Status::Disabled | Status::Expired => {
                Err(Refusal::forbidden(format!("The user is {}", self.status.as_str())))
            }
        }
    }

    /// Adds to the history, and drops the oldest lines that it has no room for.
    pub(in crate::emulator) fn add_logins(&mut self, more: impl IntoIterator<Item = Login>) {
        self.logins.extend(more);
        let excess = self.logins.len().saturating_sub(LONGEST_HISTORY);
        self.logins.drain(..excess);
    }

    /// The lines of the wire type `UserHistoryResponse`, newest first.
    pub(in crate::emulator) fn history(&self) -> impl Iterator<Item = Value> {
        self.logins.iter().rev().map(|login| {
            json!({
                "userId": self.id,
                "loginTime": login.time,
                "city": "",
                "country": "",
                "ip": "127.0.0.1",
                "selectedTenant": login.tenant,
            })
        })
    }
}
